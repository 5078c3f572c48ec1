#!/usr/bin/env bash
# pcnn beside other frameworks on this machine: one Markdown table. Options: --help; more in README.md.
#   PYTHON      the interpreter that has the frameworks (default: python3)
#   ROUNDS      rounds per row where --rounds is not given (default: 5)
#   PCNN_BENCH  another pcnn-bench than build/bin's
set -euo pipefail
python="${PYTHON:-python3}"
command -v "$python" >/dev/null || { echo "compare.sh: no interpreter '$python' (set PYTHON)" >&2; exit 1; }
exec "$python" "$(dirname "$0")/compare.py" "$@"
