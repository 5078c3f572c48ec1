#!/usr/bin/env python3
"""A prior over codes, as a VQ-VAE has one: images become maps of code indices, pcnn learns how the indices lie, draws new
maps, and they become pictures again.

In place of a VQ-VAE's encoder and decoder stands the plainest vector quantiser there is: the codebook holds 64 patches of
4x4 pixels, found by k-means; a code is the patch nearest to the pixels, and the decoder puts the patch back. With codes of
your own, (n, rows, columns) of integers, begin at "Train".

    python3 python/examples/codes.py                 # of digits that configs/trained/mnist_small draws
    python3 python/examples/codes.py mine.npy        # (n, rows, columns), uint8
    python3 python/examples/codes.py mine.npy 200    # so many steps of training
"""

import pathlib
import sys
import time

import matplotlib.image
import numpy as np

import pcnn

SIDE, CODES = 4, 64
steps = int(sys.argv[2]) if len(sys.argv) > 2 else 600
if len(sys.argv) > 1:
    images = np.load(sys.argv[1])
else:
    images = 255 * pcnn.load("configs/trained/mnist_small").sample(5000, seed=1)[:, 0]


# %% The vector quantiser.
def patches_of(images):
    """(n, rows, columns) as (n, rows / 4, columns / 4, 16)"""
    n, rows, columns = images.shape
    cut = images.reshape(n, rows // SIDE, SIDE, columns // SIDE, SIDE).swapaxes(2, 3)
    return cut.reshape(n, rows // SIDE, columns // SIDE, SIDE * SIDE).astype(np.float32)


def encode(images, codebook):
    """(n, rows / 4, columns / 4), the index of the nearest patch of the codebook."""
    patches = patches_of(images)
    codes = [(np.square(codebook).sum(1) - 2 * patch @ codebook.T).argmin(-1) for patch in patches]
    return np.stack(codes).astype(np.uint8)


def decode(codes, codebook):
    patches = codebook[codes].reshape(*codes.shape, SIDE, SIDE).swapaxes(2, 3)
    return patches.reshape(len(codes), codes.shape[1] * SIDE, codes.shape[2] * SIDE)


def k_means(images, rounds=10):
    rng = np.random.default_rng(1)
    patches = patches_of(images[:2000])
    flat = patches.reshape(-1, SIDE * SIDE)
    distinct = np.unique(flat, axis=0)
    codebook = distinct[rng.choice(len(distinct), CODES, replace=len(distinct) < CODES)]
    for _ in range(rounds):
        codes = encode(images[:2000], codebook).ravel()
        for code in range(CODES):
            if (codes == code).any():
                codebook[code] = flat[codes == code].mean(0)
    return codebook


codebook = k_means(images)
codes = encode(images, codebook)

# %% Train. Codes are names and not amounts: the network reads a learnt vector for each of them (embedding), and predicts one
# of 64 (softmax). Two images may have the same map.
work = pathlib.Path("codes_example")
work.mkdir(exist_ok=True)
held_out = len(codes) // 10
np.save(work / "train.npy", codes[held_out:])
np.save(work / "test.npy", codes[:held_out])
(work / "prior.yaml").write_text(f"""
output: {work}
data: {{dataset: npy, directory: {work}, quantised: true, allow_test_in_train: true, validation_images: {held_out}}}
model:
  input: {{kernel: 3, filters: 48, embedding: 16}}
  blocks: {{kind: gated, repeat: 3, kernel: 3, filters: 24}}
  output: {{filters: [48]}}
  head: softmax
  levels: {CODES}
train: {{optimiser: adam, learning_rate: 0.002, batch: 64, steps: {steps}, average: {{decay: 0.99, warm_up: true}}}}
sample: {{every_epochs: 1000}}
""")
run = pcnn.train(work / "prior.yaml", {"name": time.strftime("prior_%Y%m%d_%H%M%S")}, callback=print)

# %% Draw codes, and decode them.
prior = run.model()
drawn = prior.sample(32, seed=1)
print(f"{drawn.shape[2]}x{drawn.shape[3]} codes per image, {prior.nll(codes[:held_out]).mean() / np.log(2):.1f} bits for "
      f"them, {prior.nll(drawn).mean() / np.log(2):.1f} bits for those drawn")


def row(some):
    """Sixteen pictures side by side."""
    return np.hstack(decode(some, codebook))


picture = np.vstack([np.hstack(images[:16]), row(codes[:16]), row(drawn[:16, 0]), row(drawn[16:, 0])])
matplotlib.image.imsave("codes.png", picture, cmap="gray", vmin=0, vmax=255)
print("codes.png: images, the same from their codes, and two rows from codes that were drawn")
