"""What the peers share: options, data, masks, and the loop that times one round per line of stdin."""

import argparse
import os
import random
import sys
import time
from pathlib import Path

SIDE = 28
BATCH = 64
CHAINS = 25  # images per sampling pass
BLOCKS = 7
PARAMETERS = 389_249
IMAGES = 16 * BATCH
DATA = Path(__file__).resolve().parents[2] / "data" / "mnist" / "train-images-idx3-ubyte"
NOT_INSTALLED = 3


def usable_cores():
    return len(os.sched_getaffinity(0))


def positive(kind):
    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not value > 0:
            raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0 of type {kind.__name__}")
        return value

    return parse


def parser(description, tasks=("train", "score", "sample")):
    options = argparse.ArgumentParser(
        description=description,
        epilog="Without --rounds: prints a line 'ready ...' after warm-up, then times one round for each "
        "line read from stdin and answers with its images per second, until stdin ends.",
    )
    options.add_argument("--task", choices=tasks, default=tasks[0])
    options.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    options.add_argument("--threads", type=positive(int), default=usable_cores(),
                         help="default: usable cores")
    options.add_argument("--rounds", type=positive(int),
                         help="time this many rounds and exit; reads no stdin")
    options.add_argument("--seconds", type=positive(float), default=4.0,
                         help="a round, but of sample, repeats whole steps for at least this long (4)")
    options.add_argument("--pixels", type=positive(int), default=16,
                         help="sample: passes timed per round, of 784, to which they are scaled (16)")
    options.add_argument("--version", action="store_true", help="print the framework's version, exit")
    return options


def quit_not_installed(script, framework, error):
    print(f"{script}: {framework} is not installed ({error})", file=sys.stderr)
    sys.exit(NOT_INSTALLED)


def check_parameters(count, expected=PARAMETERS):
    if count != expected:
        sys.exit(f"the network has {count:,} parameters, not {expected:,}")


def images():
    """1,024 binarised images as bytes of 0 and 1, and where they are from."""
    size = IMAGES * SIDE * SIDE
    threshold = bytes(value / 255 >= 0.5 for value in range(256))
    if DATA.is_file():
        with DATA.open("rb") as file:
            magic, pixels = file.read(16)[:4], file.read(size)
        if magic != b"\0\0\x08\x03" or len(pixels) != size:
            sys.exit(f"{DATA}: not the images of MNIST's training split")
        return pixels.translate(threshold), "binarised MNIST"
    return random.Random(1).randbytes(size).translate(threshold), "random bits (no MNIST found)"


def mask(kind, size):
    """Rows of 0 and 1: above the centre and left of it live; the centre itself live in mask B only."""
    centre = size // 2
    last = centre if kind == "B" else centre - 1
    return [[float(row < centre or (row == centre and column <= last)) for column in range(size)]
            for row in range(size)]


def spread_pixels(count):
    """`count` (row, column) places at equal distances in raster order."""
    if count > SIDE * SIDE:
        sys.exit(f"--pixels: at most {SIDE * SIDE}")
    return [divmod((2 * k + 1) * SIDE * SIDE // (2 * count), SIDE) for k in range(count)]


def time_steps(step, images_per_step, seconds):
    step()  # untimed: caches and threads have been idle since the last round
    start, steps = time.perf_counter(), 0
    while True:
        step()
        steps += 1
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return steps * images_per_step / elapsed


def time_pixels(draw, pixels):
    """`draw(row, column)` is one pass over the canvas; an image takes 784 of them."""
    draw(0, 0)  # untimed, as above
    start = time.perf_counter()
    for row, column in pixels:
        draw(row, column)
    elapsed = time.perf_counter() - start
    return CHAINS / (elapsed / len(pixels) * SIDE * SIDE)


def serve(options, description, step, images_per_step):
    """Warms up, then times rounds. `step` is one step, or for the sample task draw(row, column)."""
    if options.task == "sample":
        pixels = spread_pixels(options.pixels)
        for _ in range(2):
            step(0, 0)
        description += f"; {len(pixels)} of {SIDE * SIDE} pixels timed and scaled"
    else:
        for _ in range(2):
            step()

    def timed_round():
        if options.task == "sample":
            return time_pixels(step, pixels)
        return time_steps(step, images_per_step, options.seconds)

    print(f"ready {description}", flush=True)
    for _ in range(options.rounds) if options.rounds else iter(sys.stdin.readline, ""):
        print(f"{timed_round():.6g}", flush=True)
