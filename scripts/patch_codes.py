#!/usr/bin/env python3
"""Makes maps of code indices of MNIST, for a prior over codes: train.npy and test.npy for `data.dataset: npy`.

Each patch of 4x4 pixels becomes the index of the nearest of 512 patches, a codebook found by k-means on the training
images; so a digit of 28x28 pixels is a map of 7x7 codes. The codebook is written beside them (codebook.npy, [code][4][4],
0 to 255): codebook[map] is the picture again. Labels go along as train_labels.npy and test_labels.npy.

  scripts/patch_codes.py data/mnist data/codes
  build/bin/pcnn-run configs/codes_gated.yaml
"""

import argparse
import os
import sys
import tempfile

NAME = "patch_codes.py"

try:
    import numpy as np

    MISSING = None
except ImportError as error:
    MISSING = error


class Failure(Exception):
    """The user's mistake: one line, exit code 2."""


def read_idx(path, magic):
    """The array of an uncompressed IDX file of bytes."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}; scripts/fetch_data.sh mnist fetches it") from None
    if len(data) < 4 + 4 * (magic & 255) or int.from_bytes(data[:4], "big") != magic:
        raise Failure(f"{path}: no IDX file of {'images' if magic & 255 == 3 else 'labels'}")
    shape = tuple(int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(magic & 255))
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape))
    if values.size != np.prod(shape, dtype=np.int64):
        raise Failure(f"{path}: {values.size} values, its header says {'x'.join(map(str, shape))}")
    return values.reshape(shape)


def patches_of(images, side):
    """[image][row][column][side * side], of images whose sides are multiples of `side`."""
    count, rows, columns = images.shape
    if rows % side or columns % side:
        raise Failure(f"images of {rows}x{columns} cannot be cut into patches of {side}x{side}")
    cut = images.reshape(count, rows // side, side, columns // side, side)
    return cut.transpose(0, 1, 3, 2, 4).reshape(count, rows // side, columns // side, side * side)


def nearest(patches, codebook):
    """The index of the codebook's nearest patch, and the squared distance, of each patch of [patch][pixel]."""
    norms = (codebook * codebook).sum(1)
    codes, distances = [], []
    for begin in range(0, len(patches), 16384):
        some = patches[begin:begin + 16384]
        scores = norms - 2.0 * some @ codebook.T
        best = scores.argmin(1)
        codes.append(best)
        distances.append(scores[np.arange(len(some)), best] + (some * some).sum(1))
    return np.concatenate(codes), np.concatenate(distances)


def find_codebook(patches, codes, rounds, seed):
    """k-means by Lloyd's rounds on at most 100,000 patches; codes that nothing is near move to the patch furthest off."""
    rng = np.random.default_rng(seed)
    distinct = np.unique(patches, axis=0)
    if len(distinct) <= codes:
        return distinct
    if len(patches) > 100000:
        patches = patches[rng.choice(len(patches), 100000, replace=False)]
    codebook = distinct[rng.choice(len(distinct), codes, replace=False)].copy()
    for _ in range(rounds):
        index, distance = nearest(patches, codebook)
        counts = np.bincount(index, minlength=codes)
        sums = np.stack([np.bincount(index, weights=patches[:, i], minlength=codes) for i in range(patches.shape[1])], 1)
        used = counts > 0
        codebook[used] = sums[used] / counts[used, None]
        furthest = np.argsort(distance)[::-1]
        for place, code in enumerate(np.flatnonzero(~used)):
            codebook[code] = patches[furthest[place]]
    return codebook


def write(path, array):
    """Whole or not at all."""
    handle, part = tempfile.mkstemp(dir=os.path.dirname(path), suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, array)
        os.chmod(part, 0o644)
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


def main():
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__.splitlines()[0])
    parser.add_argument("mnist", help="the folder of MNIST's four IDX files, unpacked")
    parser.add_argument("output", help="a folder for the .npy files, made where there is none")
    parser.add_argument("--codes", type=int, default=512, help="in the codebook, 2 to 65536 (512)")
    parser.add_argument("--side", type=int, default=4, help="of a patch, in pixels (4)")
    parser.add_argument("--rounds", type=int, default=20, help="of k-means (20)")
    parser.add_argument("--seed", type=int, default=1, help="of k-means (1)")
    parser.add_argument("--overwrite", action="store_true", help="replace files of an earlier call")
    options = parser.parse_args()
    if MISSING:
        raise Failure(f"needs NumPy (Debian: python3-numpy): {MISSING}")
    for name, value, least, most in (("--codes", options.codes, 2, 65536), ("--side", options.side, 1, 64),
                                     ("--rounds", options.rounds, 1, 1000), ("--seed", options.seed, 0, 2**63 - 1)):
        if not least <= value <= most:
            raise Failure(f"{name}: found {value}, accepted: {least} to {most}")
    names = ["codebook", "train", "test", "train_labels", "test_labels"]
    outputs = {name: os.path.join(options.output, name + ".npy") for name in names}
    for path in outputs.values():
        if os.path.lexists(path) and not options.overwrite:
            raise Failure(f"{path} exists already; --overwrite replaces it")

    parts = {part: (read_idx(os.path.join(options.mnist, f"{prefix}-images-idx3-ubyte"), 0x803),
                    read_idx(os.path.join(options.mnist, f"{prefix}-labels-idx1-ubyte"), 0x801))
             for part, prefix in (("train", "train"), ("test", "t10k"))}
    cut = {part: patches_of(images, options.side) for part, (images, _) in parts.items()}
    flat = {part: patches.reshape(-1, options.side**2).astype(np.float32) for part, patches in cut.items()}
    codebook = find_codebook(flat["train"], options.codes, options.rounds, options.seed)
    os.makedirs(options.output, exist_ok=True)
    write(outputs["codebook"], np.rint(codebook).astype(np.uint8).reshape(-1, options.side, options.side))
    errors = {}
    for part, patches in cut.items():
        codes, distance = nearest(flat[part], codebook)
        errors[part] = float(np.sqrt(distance.mean() / options.side**2))
        write(outputs[part], codes.astype(np.uint16).reshape(patches.shape[:3]))
        write(outputs[part + "_labels"], parts[part][1])
    shape = "x".join(map(str, cut["train"].shape[1:3]))
    print(f"{options.output}: {len(parts['train'][0]):,} train and {len(parts['test'][0]):,} test maps of {shape} codes "
          f"below {len(codebook)}; a pixel is off by {errors['train']:.1f} and {errors['test']:.1f} of 255 "
          "(root mean square)")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(f"{NAME}: {failure}", file=sys.stderr)
        sys.exit(2)
    except OSError as failure:
        print(f"{NAME}: {failure.filename}: {failure.strerror}", file=sys.stderr)
        sys.exit(2)
