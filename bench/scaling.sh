#!/usr/bin/env bash
# Training, scoring and sampling on 1, 2, 4, ... and all cores, in alternating rounds: one Markdown table. Options: --help.
#   PCNN_BENCH  another pcnn-bench than build/bin's
exec python3 "$(dirname "$0")/scaling.py" "$@"
