"""scripts/patch_codes.py cuts images into patches, finds a codebook, and writes maps that the codebook turns back into
the pictures; what it cannot read it refuses in one line and writes nothing.
"""

import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("skipped: python3 has no numpy (Debian: python3-numpy)")
    sys.exit(77)

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "patch_codes.py"


def write_idx(path, array):
    header = (0x800 + array.ndim).to_bytes(4, "big") + b"".join(extent.to_bytes(4, "big") for extent in array.shape)
    path.write_bytes(header + array.tobytes())


def made_up(folder, rows=8):
    """Images of four different patches of 4x4, so that four codes are enough."""
    rng = np.random.default_rng(3)
    patches = rng.integers(0, 256, (4, 4, 4)).astype(np.uint8)
    sets = {}
    for prefix, count in (("train", 30), ("t10k", 7)):
        maps = rng.integers(0, 4, (count, rows // 4, 3))
        images = patches[maps].transpose(0, 1, 3, 2, 4).reshape(count, rows, 12)
        labels = rng.integers(0, 10, count).astype(np.uint8)
        write_idx(folder / f"{prefix}-images-idx3-ubyte", images)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", labels)
        sets[prefix] = images, labels
    return sets


def run(*arguments):
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True)


def check(condition, what):
    if not condition:
        print("failed:", what)
        sys.exit(1)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        sets = made_up(folder)
        out = folder / "codes"
        done = run(folder, out, "--codes", 4)
        check(done.returncode == 0, done.stderr)
        codebook = np.load(out / "codebook.npy")
        for part, prefix in (("train", "train"), ("test", "t10k")):
            images, labels = sets[prefix]
            maps = np.load(out / f"{part}.npy")
            check(maps.dtype == np.uint16 and maps.shape == (len(images), 2, 3), f"{part}: {maps.dtype} {maps.shape}")
            pictures = codebook[maps].transpose(0, 1, 3, 2, 4).reshape(images.shape)
            check(np.array_equal(pictures, images), f"{part}: the codebook does not give the pictures back")
            check(np.array_equal(np.load(out / f"{part}_labels.npy"), labels), f"{part}: labels")

        again = run(folder, out, "--codes", 4)
        check(again.returncode == 2 and again.stderr.count("\n") == 1 and "--overwrite" in again.stderr, again.stderr)
        fewer = run(folder, out, "--codes", 2, "--overwrite")
        check(fewer.returncode == 0 and np.load(out / "train.npy").max() == 1, fewer.stderr)

        def refused(what, *arguments):
            result = run(*arguments)
            check(result.returncode == 2 and result.stderr.count("\n") == 1 and what in result.stderr, result.stderr)
            check(not (folder / "none").exists(), "it wrote something")

        refused("--codes: found 1", folder, folder / "none", "--codes", 1)
        refused("patches of 5x5", folder, folder / "none", "--side", 5)
        refused("No such file", folder / "nowhere", folder / "none")
        images = folder / "train-images-idx3-ubyte"
        images.write_bytes(images.read_bytes()[:-1])
        refused("its header says 30x8x12", folder, folder / "none")


if __name__ == "__main__":
    main()
