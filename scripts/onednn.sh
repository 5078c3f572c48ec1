# Which oneDNN setup.sh builds with, and version 3 from PyPI. Sourced, in the repository's root.

onednn3_folder=build/onednn-3.2

# What is to be had without a word of the user: 3, debian, try-3 (3 if it can be fetched), or as-it-is, which CMake knows.
# $1: the build folder; $2: a file like /proc/cpuinfo. On AMX oneDNN 3 is about twice as fast as 2.6.
default_onednn() {
  if [ -f "$1/CMakeCache.txt" ]; then
    if grep -q '^PCNN_ONEDNN:[A-Z]*=3$' "$1/CMakeCache.txt"; then echo 3; else echo as-it-is; fi
  elif grep -qw amx_tile "$2" && grep -qw amx_bf16 "$2"; then
    echo try-3
  else
    echo debian
  fi
}

# The first Python that has pip.
python_with_pip() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -m pip --version >/dev/null 2>&1; then echo "$python"; return; fi
  done
  return 1
}

# Puts oneDNN 3 into the folder $1, whole or not at all. On failure one line says why.
fetch_onednn3() {
  [ ! -f "$1/lib/cmake/dnnl/dnnl-config.cmake" ] || return 0
  local python said part="$1.part"
  python=$(python_with_pip) || { echo "python3 has no pip (Debian: apt-get install python3-pip)"; return 1; }
  rm -rf "$part" "$1"
  if said=$("$python" -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
      --dest "$part" -r scripts/onednn3.txt 2>&1 && "$python" - "$part" 2>&1 <<'UNPACK'
import pathlib, shutil, sys, zipfile
folder = pathlib.Path(sys.argv[1])
for wheel in folder.glob("*.whl"):
    zipfile.ZipFile(wheel).extractall(folder)
    wheel.unlink()
for data in folder.glob("*.data/data"):
    shutil.copytree(data, folder, dirs_exist_ok=True)
    shutil.rmtree(data.parent)
library = max((folder / "lib").glob("libdnnl.so.*"), key=lambda path: len(path.name))
for name in ("libdnnl.so", "libdnnl.so.3"):  # a wheel has no links, so that the library is in it three times
    (folder / "lib" / name).unlink()
    (folder / "lib" / name).symlink_to(library.name)
UNPACK
  ); then mv "$part" "$1"; return; fi
  rm -rf "$part"
  grep . <<<"$said" | tail -n 1
  return 1
}
