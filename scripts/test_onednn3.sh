#!/usr/bin/env bash
# Builds build/ with oneDNN 3 from PyPI and runs the tests of the rooms that compute with it, then goes back to the oneDNN that
# was there. Skipped where PyPI cannot be reached, or where build/ has oneDNN 3 anyway.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/onednn.sh
if [ "$(default_onednn build /proc/cpuinfo)" = 3 ]; then echo "== oneDNN 3: build/ has it, and test.sh tests it"; exit 0; fi
mkdir -p build
if ! reason=$(fetch_onednn3 "$onednn3_folder"); then echo "== oneDNN 3: skipped, it cannot be had: $reason"; exit 0; fi

cached() { sed -n "s/^$1:[A-Z]*=//p" build/CMakeCache.txt; }
before=("-Ddnnl_DIR=$(cached dnnl_DIR)" "-DPCNN_ONEDNN=$(cached PCNN_ONEDNN)")
trap 'cmake --preset release "${before[@]}" >/dev/null' EXIT
./scripts/setup.sh --onednn 3 --no-data
cmake --build --preset release --parallel --target pcnn-tests
build/bin/pcnn-run --version | grep "^oneDNN 3" || { echo "test_onednn3.sh: the programs do not run with oneDNN 3" >&2; exit 1; }
suites=$(cd tests && grep -rohE '^TEST(_[FP])?\(\w+' compile train sample run api core/parallel_test.cpp | sed 's/.*(//' | sort -u | paste -sd'|')
# What learns for minutes learns the same with either.
ctest --test-dir build --output-on-failure --parallel "$(nproc)" -R "(^|/)($suites)[.]" -E "KnownEntropy|EntropyOfClasses|EveryHead"
