#!/usr/bin/env python3
"""Trains with a bar of tqdm in place of pcnn's own lines.

    python3 python/examples/progress.py configs/mnist_quick.yaml 500
"""

import sys

from tqdm import tqdm

import pcnn

config, steps = (sys.argv[1:] + ["configs/mnist_quick.yaml", "500"][len(sys.argv) - 1:])[:2]

with tqdm(total=int(steps), unit="step") as bar:

    def show(event):
        if isinstance(event, pcnn.Step):
            bar.update(event.step - bar.n)
            bar.set_postfix(nats_per_dim=f"{event.train_nats_per_dim:.4f}", images_per_s=f"{event.images_per_second:.0f}",
                            refresh=False)
        else:
            bar.write(str(event))

    run = pcnn.train(config, {"train.steps": int(steps), "name": "progress"}, callback=show, every_step=True)

print(f"{run.directory}: {run.test_nats_per_dim:.4f} nats/dim on the test split")
