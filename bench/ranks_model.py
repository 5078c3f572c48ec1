#!/usr/bin/env python3
"""How long a training step takes on several machines, by arithmetic: what docs/machines.md says it is made of.

  bench/ranks_model.py                                     the tables of docs/machines.md
  bench/ranks_model.py --images-per-second 126 --parameters 389249 --batch 64 --ranks 8
"""

import argparse
from math import ceil

NETWORKS = {"reference, 0.39 million parameters": (389_249, 126.0), "50 million parameters": (50_000_000, 126.0 * 389_249 / 50_000_000)}
LINKS = {"1 Gbit/s, 1 ms": (117e6, 1e-3), "25 Gbit/s, 20 us": (2.9e9, 20e-6)}
BATCHES = (64, 512, 4096)


def nodes_of(begin, end, own):
    """How many nodes of the tree over [begin, end) lie within `own` and in no larger one that does."""
    if end <= own[0] or own[1] <= begin:
        return 0
    if own[0] <= begin and end <= own[1]:
        return 1
    middle = begin + (end - begin) // 2
    return nodes_of(begin, middle, own) + nodes_of(middle, end, own)


def step_seconds(ranks, batch, shard, parameters, images_per_second, image_values, bandwidth, latency, update_ns):
    """Parts of the time of a step: computing, handing out images, adding gradients, waiting for messages, updating."""
    shards = ceil(batch / shard)
    shares = [(-(-shards * rank // ranks), -(-shards * (rank + 1) // ranks)) for rank in range(ranks)]
    most = max(end - begin for begin, end in shares)
    others = (ranks - 1) / ranks
    nodes = max(nodes_of(0, shards, share) for share in shares)
    return {"compute": most * shard / images_per_second,
            "hand out": image_values * batch * others / bandwidth,
            "add": 4 * parameters * others * (nodes + 1) / bandwidth,
            "latency": 4 * latency if ranks > 1 else 0.0,
            "update": parameters * update_ns * 1e-9}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--ranks", type=int)
    options.add_argument("--batch", type=int, default=64)
    options.add_argument("--shard", type=int, default=4, help="images of a shard")
    options.add_argument("--parameters", type=int, default=389_249)
    options.add_argument("--images-per-second", type=float, default=126.0, help="training on one machine")
    options.add_argument("--image-values", type=int, default=784, help="channels x rows x columns")
    options.add_argument("--bandwidth", type=float, default=117e6, help="bytes per second")
    options.add_argument("--latency", type=float, default=1e-3, help="seconds, one way")
    options.add_argument("--update-ns", type=float, default=2.0, help="nanoseconds of a machine for one parameter")
    given = options.parse_args()
    if given.ranks:
        parts = step_seconds(given.ranks, given.batch, given.shard, given.parameters, given.images_per_second,
                             given.image_values, given.bandwidth, given.latency, given.update_ns)
        for name, seconds in parts.items():
            print(f"{name:9} {1e3 * seconds:9.2f} ms")
        print(f"{'step':9} {1e3 * sum(parts.values()):9.2f} ms, {given.batch / sum(parts.values()):.1f} images/s")
        return

    def efficiency(ranks, batch, network, link, speedup):
        parameters, speed = NETWORKS[network]
        bandwidth, latency = LINKS[link]

        def seconds(count):
            return sum(step_seconds(count, batch, given.shard, parameters, speed * speedup, given.image_values, bandwidth, latency,
                                    given.update_ns / speedup).values())

        return seconds(1) / (ranks * seconds(ranks))

    print("machines at which half of their time is still of use (and the speed beside one machine)\n")
    print("| network | machine | network link | " + " | ".join(f"batch {batch}" for batch in BATCHES) + " |")
    print("|---|---|---|" + "---|" * len(BATCHES))
    for network in NETWORKS:
        for speedup, machine in ((1, "2 cores"), (16, "32 cores")):
            for link in LINKS:
                cells = []
                for batch in BATCHES:
                    most = 1
                    for ranks in range(2, ceil(batch / given.shard) + 1):
                        if efficiency(ranks, batch, network, link, speedup) >= 0.5:
                            most = ranks
                    cells.append(f"{most} ({most * efficiency(most, batch, network, link, speedup):.0f} x)" if most > 1 else "1")
                print(f"| {network} | {machine} | {link} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
