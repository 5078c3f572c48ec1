#!/usr/bin/env bash
# Builds the Python package's wheel into build/wheels, linked with the engine of build/, and imports it in a fresh
# environment, where it loads a model, draws and scores, and where the tests of ONNX and Keras run, which need packages from
# there. Skipped where no package index can be reached.
#   PYTHON=python3   what the wheel is for
set -euo pipefail
cd "$(dirname "$0")/.."

python="${PYTHON:-python3}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
if ! "$python" -m venv "$work/venv" >"$work/log" 2>&1; then
  echo "== wheel: skipped, $python makes no environments (Debian: apt-get install python3-venv)"
  exit 0
fi
pip="$work/venv/bin/pip"
# What the build needs is asked for first: without a network nothing of it is had.
if ! "$pip" download -q --no-deps --dest "$work/index" "$(sed -n 's/^requires = \["\([^"]*\)".*/\1/p' pyproject.toml)" >"$work/log" 2>&1; then
  echo "== wheel: skipped, no package index can be reached: $(tail -n 1 "$work/log")"
  exit 0
fi
cmake --install build --prefix "$work/installed" >/dev/null
rm -rf build/wheels
CMAKE_PREFIX_PATH="$work/installed" "$pip" wheel -q . --no-deps --wheel-dir build/wheels --config-settings cmake.source-dir=python
"$pip" install -q build/wheels/pcnn-*.whl
(cd "$work" && venv/bin/python - "$OLDPWD/configs/trained/mnist_small" <<'SCRIPT'
import sys
import pcnn
model = pcnn.load(sys.argv[1])
images = model.sample(4)
print(f"== wheel: pcnn {pcnn.__version__} of {pcnn.__file__} draws {images.shape}, {model.nll(images).mean():.2f} nats/image")
SCRIPT
)
"$pip" install -q onnx==1.23.2 onnxruntime==1.32.0 h5py==3.16.0
for topic in export convert; do
  PYTHONDONTWRITEBYTECODE=1 "$work/venv/bin/python" "tests/python/${topic}_test.py" build/bin "$("$work/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')"
done
