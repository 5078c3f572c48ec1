#!/usr/bin/env python3
"""model.sample() and model.nll() of the Python package beside pcnn-sample and pcnn-eval, in turns on this machine: images per
second, medians of rounds with their spread, as a Markdown table. The programs' rates are those that they print, so neither
side has the time in which a process starts and a model loads.

    PYTHONPATH=build/python python3 bench/python_calls.py
    PYTHONPATH=build/python python3 bench/python_calls.py --model runs/mnist --count 500 --rounds 5
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

import numpy as np

import pcnn

ROOT = pathlib.Path(__file__).resolve().parents[1]


def rate_of_program(program, *arguments):
    """The images per second that it prints."""
    done = subprocess.run([str(ROOT / "build" / "bin" / program), *map(str, arguments)], capture_output=True, text=True,
                          check=True)
    return float(re.search(r"([\d.,]+) images/s", done.stdout)[1].replace(",", ""))


def rate_of_call(count, call):
    start = time.perf_counter()
    call()
    return count / (time.perf_counter() - start)


def shown(rates):
    return f"{statistics.median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f})"


def measure(task, rounds, by_program, by_call):
    """A row; who goes first changes from round to round."""
    programs, calls = [], []
    for number in range(rounds + 1):
        pair = [(programs, by_program), (calls, by_call)]
        for rates, rate in pair if number % 2 else reversed(pair):
            rates.append(rate())
    programs, calls = programs[1:], calls[1:]  # the first warms up
    ratio = statistics.median(call / program for call, program in zip(calls, programs))
    print(f"| {task} | {shown(programs)} | {shown(calls)} | {ratio:.3f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=ROOT / "configs" / "trained" / "mnist_small", help="a run or a checkpoint")
    parser.add_argument("--count", type=int, default=2000, help="images drawn, and scored, in a round (2000)")
    parser.add_argument("--rounds", type=int, default=9, help="rounds, after one that is left out (9)")
    parser.add_argument("--threads", type=int, help="threads of both (all cores)")
    options = parser.parse_args()
    threads = ["--threads", options.threads] if options.threads else []
    model = pcnn.load(options.model, options.threads)
    images = model.sample(options.count, seed=2)
    print("| task | program, images/s | Python, images/s | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        drawn, given = f"{folder}/drawn.npy", f"{folder}/images.npy"
        np.save(given, images)
        measure(f"draw {options.count}", options.rounds,
                lambda: rate_of_program("pcnn-sample", options.model, "--count", options.count, "--seed", 1, "--output",
                                        drawn, "--overwrite", *threads),
                lambda: rate_of_call(options.count, lambda: model.sample(options.count, seed=1)))
        measure(f"score {options.count}", options.rounds,
                lambda: rate_of_program("pcnn-eval", options.model, "--images", given, *threads),
                lambda: rate_of_call(options.count, lambda: model.nll(images)))


if __name__ == "__main__":
    main()
