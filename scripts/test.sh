#!/usr/bin/env bash
# Sets up what is missing, builds tests and benchmarks too, and runs every test with CTest. Needs no data set.
set -euo pipefail
cd "$(dirname "$0")/.."

# Of the tests in Python, which are skipped without them, or do a part less.
packages=(python3-numpy python3-pil python3-yaml python3-jsonschema pkg-config dpkg-dev
  pybind11-dev python3-dev python3-matplotlib python3-tqdm mypy)
./scripts/setup.sh --no-data "${packages[@]/#/--also=}"
echo "== building tests and benchmarks"
cmake --build --preset release --parallel
echo "== tests"
ctest --test-dir build --output-on-failure --parallel "$(nproc)"
