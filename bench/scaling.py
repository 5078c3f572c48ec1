"""Times pcnn on 1, 2, 4, ... and all cores and prints one Markdown table: run through scaling.sh.

A round measures every task on every number of threads, one after the other; every second round goes backwards. Speed-ups are over one
thread in the same round: median, lowest and highest."""

import argparse
import os
import re
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

import compare
import peer

# As people read them, as pcnn-bench names them.
TASKS = {"train, 16 shards of 4 images": ("train", "ScalingTrain/{}/shard:4"),
         "train, 64 shards of 1 image": ("train", "ScalingTrain/{}/shard:1"),
         "score, 64 images a thread": ("score", "ScalingScore/{}"),
         "sample, 64 images a thread": ("sample", "ScalingSample/{}")}
WORDS = ("train", "score", "sample")


def steps_up_to(most):
    """1, 2, 4, ..., and the largest."""
    counts = [1]
    while 2 * counts[-1] < most:
        counts.append(2 * counts[-1])
    return sorted({*counts, most})


def numa_nodes():
    return max(1, len(list(Path("/sys/devices/system/node").glob("node[0-9]*"))))


def backend():
    done = compare.run(compare.BENCH.with_name("pcnn-run"), "--version")
    return "; ".join(done.stdout.strip().split("\n"))


def row(label, precision, threads, rates, alone):
    ratios = [rate / one for rate, one in zip(rates, alone)]
    spread = "" if threads == 1 else f"{compare.short(min(ratios))}..{compare.short(max(ratios))}"
    return (f"| {label} | {precision} | {threads} | {compare.short(statistics.median(rates))} "
            f"| {compare.short(statistics.median(ratios))} | {spread} |")


def parse_options():
    parser = argparse.ArgumentParser(prog="scaling.sh", description="pcnn on 1, 2, 4, ... and all cores.")
    parser.add_argument("--tasks", type=compare.listed(WORDS), default=list(WORDS), help="default: train,score,sample")
    parser.add_argument("--precisions", type=compare.listed(compare.PRECISIONS), default=["f32"],
                        help="f32,bf16; default: f32")
    parser.add_argument("--most", type=peer.positive(int), default=None,
                        help="threads; default: all that pcnn finds cores and quota for")
    parser.add_argument("--rounds", type=peer.positive(int), default=5, help="default: 5")
    return parser.parse_args()


def main():
    options = parse_options()
    if not os.access(compare.BENCH, os.X_OK):
        sys.exit(f"scaling: no {os.path.relpath(compare.BENCH)}; build it with cmake --build build")
    known = compare.pcnn_names()
    usable = max((int(n) for n in re.findall(r"ScalingTrain/\S+/threads:(\d+)/", "\n".join(known))), default=0)
    if usable == 0:
        sys.exit("scaling: this pcnn-bench is too old, it has no ScalingTrain")
    counts = [n for n in steps_up_to(min(options.most or usable, usable))]
    wanted = [(label, precision, name.format(precision)) for label, (task, name) in TASKS.items()
              for precision in options.precisions if task in options.tasks]
    rates, skipped = {}, {}
    for index in range(options.rounds):
        places = [(label, precision, name, threads) for label, precision, name in wanted for threads in counts]
        for label, precision, name, threads in places if index % 2 == 0 else reversed(places):
            if (label, precision) in skipped:
                continue
            try:
                rate = compare.measure_pcnn(f"{name}/threads:{threads}/real_time")
            except compare.SkippedError as error:
                skipped[label, precision] = error
                continue
            rates.setdefault((label, precision, threads), []).append(rate)
            print(f"round {index + 1} of {options.rounds}: {label}, {precision}, {threads} threads: "
                  f"{compare.short(rate)} images/s", file=sys.stderr, flush=True)
    print(f"{compare.cpu_model()}; {usable} usable cores of {os.cpu_count()}, NUMA nodes: {numa_nodes()}")
    print(backend())
    print(f"Images per second, medians of {options.rounds} alternating rounds; speed-up over one thread of the same round.\n")
    print("| task | precision | threads | images/s | speed-up | lowest..highest |")
    print("|---|---|---|---|---|---|")
    for label, precision, _ in wanted:
        for threads in counts:
            if (label, precision, threads) in rates:
                print(row(label, precision, threads, rates[label, precision, threads], rates[label, precision, 1]))
    for (label, precision), reason in skipped.items():
        print(f"\nskipped {label}, {precision}: {reason}")
    return 0 if rates else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except compare.MeasurementError as error:
        sys.exit(f"scaling: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
