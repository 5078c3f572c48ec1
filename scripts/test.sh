#!/usr/bin/env bash
# Sets up what is missing, builds, and runs every test with CTest. Needs no data set.
set -euo pipefail
cd "$(dirname "$0")/.."

./scripts/setup.sh --no-data
echo "== tests"
ctest --test-dir build --output-on-failure --parallel "$(nproc)"
