#!/usr/bin/env python3
"""Trains a network, draws from it, completes and scores images, and plots all of it with matplotlib into digits.png.

    python3 python/examples/digits.py
    python3 python/examples/digits.py configs/mnist_class.yaml train.epochs=1

The cells (# %%) are those of a notebook: editors run them one by one.
"""

import sys

import matplotlib
import numpy as np

import pcnn

matplotlib.use("Agg")  # into a file; left out in a notebook
import matplotlib.pyplot as plt  # noqa: E402

config, *overrides = sys.argv[1:] or ["configs/mnist_quick.yaml"]

# %% Train. After each epoch a line is printed; the steps' losses are kept for the plot.
steps = []


def note(event):
    if isinstance(event, pcnn.Step):
        steps.append((event.step, event.train_nats_per_dim))
    else:
        print(event)


run = pcnn.train(config, overrides, callback=note, every_step=True)
print(f"{run.directory}: {run.test_nats_per_dim:.4f} nats/dim on the test split")

# %% Draw images, and complete the upper half of the first four, three times each.
model = run.model()
rows, columns = model.shape[1:]
classes = np.arange(16) % model.classes if model.classes else None  # where it is told the class of an image
drawn = model.sample(16, seed=1, classes=classes)
upper = np.zeros((rows, columns), bool)
upper[: rows // 2] = True
completed = model.complete(drawn[:4], upper, count=3, seed=2, classes=None if classes is None else classes[:4])

# %% Score: nats of each image, and where in an image they come from.
nats = model.nll(drawn, classes=classes)
maps = model.nll(drawn, per_pixel=True, classes=classes)


# %% Plot.
def grid(images, across):
    """(n, rows, columns) as one picture, so many images in a row."""
    down = len(images) // across
    lines = images.reshape(down, across, rows, columns).swapaxes(1, 2)
    return lines.reshape(down * rows, across * columns)


figure, axes = plt.subplots(2, 3, figsize=(10, 6.5), layout="constrained")
axes[0, 0].plot(*np.transpose(steps), label="train, mean of the epoch so far")
axes[0, 0].plot([epoch.step for epoch in run.epochs], [epoch.validation_nats_per_dim for epoch in run.epochs], "o",
                label="validation")
axes[0, 0].set(title="training", xlabel="step", ylabel="nats per dimension")
axes[0, 0].legend()
axes[0, 1].imshow(grid(drawn[:, 0], 4), cmap="gray")
axes[0, 1].set(title="drawn")
halves = np.where(upper, drawn[:4, np.newaxis, 0], 0)  # then its completions
halves = np.concatenate([halves, completed[:, 0].reshape(4, 3, rows, columns)], axis=1)
axes[0, 2].imshow(grid(halves.reshape(16, rows, columns), 4), cmap="gray")
axes[0, 2].set(title="upper halves, completed")
axes[1, 0].hist(nats, bins=8)
axes[1, 0].set(title="scores of what was drawn", xlabel="nats per image", ylabel="images")
axes[1, 1].imshow(grid(maps, 4), cmap="magma")
axes[1, 1].set(title="nats per pixel")
field = model.receptive_field()
reach = max(1, int(np.abs(field).max()))
seen = np.zeros((2 * reach + 1, 2 * reach + 1))
seen[field[:, 0] + reach, field[:, 1] + reach] = 1
seen[reach, reach] = 0.5
axes[1, 2].imshow(seen, cmap="gray", extent=(-reach - 0.5, reach + 0.5, reach + 0.5, -reach - 0.5))
axes[1, 2].set(title="what a pixel (grey) sees", xlabel="columns", ylabel="rows")
for axis in axes.flat[[1, 2, 4]]:
    axis.set_axis_off()
figure.savefig("digits.png", dpi=120)
print("digits.png")
