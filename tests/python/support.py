"""What the tests of the Python package share: the package out of the build folder, the programs, made-up data sets, and runs
of small networks on them.

A test is called as NAME_test.py BIN PACKAGE: the folder of the programs, and the folder that holds the package, or nothing
where it was not built, and the test is skipped.
"""

import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

try:
    import numpy as np
except ImportError:
    print("skipped: python3 has no numpy (Debian: python3-numpy)")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(sys.argv[1]).resolve()
if len(sys.argv) < 3 or not sys.argv[2]:
    print("skipped: the Python package was not built (Debian: pybind11-dev python3-dev)")
    sys.exit(77)
PACKAGE = pathlib.Path(sys.argv[2]).resolve()
sys.path.insert(0, str(PACKAGE))

import pcnn  # noqa: E402

MNIST_SMALL = ROOT / "configs" / "trained" / "mnist_small"
ROWS, COLUMNS = 6, 5
NETWORK = "{input: {kernel: 3, filters: 12}, blocks: {repeat: 1, filters: 6}, output: {filters: 6}%s}"
CONFIGS = {
    "binary": ("data: {dataset: idx, directory: data/idx, validation_images: 11}\n", ""),
    "classes": ("data: {dataset: idx, directory: data/idx, validation_images: 11, labels: true}\n",
                ", condition: {classes: 3}"),
    "colour": ("data: {dataset: npy, directory: data/colour, layout: nchw, validation_images: 8}\n",
               ", head: softmax, levels: 8"),
    "codes": ("data: {dataset: npy, directory: data/codes, quantised: true, validation_images: 8}\n",
              ", head: softmax, levels: 512"),
    "vector": ("data: {dataset: npy, directory: data/codes, quantised: true, condition: true, validation_images: 8}\n",
               ", head: softmax, levels: 512, condition: {vector: 3}"),
    "maps": ("data: {dataset: npy, directory: data/maps, condition: true, validation_images: 8}\n",
             ", head: softmax, levels: 4, condition: {map: {channels: 2}}"),
}


def longest_pause_of_another_thread(work):
    """While `work` is done on this thread: seconds for which the other one did not get on, at most, and of all of it."""
    ticks, ended = [], threading.Event()

    def tick():
        while not ended.wait(0.001):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        start = time.monotonic()
        work()
        end = time.monotonic()
    finally:
        ended.set()
        thread.join()
    return max(np.diff([start, *[tick for tick in ticks if start < tick < end], end])), end - start


def strokes(rng, count, channels=1, most=255):
    """Images of bars, (images, channels, rows, columns), no two equal."""
    images = rng.integers(0, most // 16 + 1, (count, channels, ROWS, COLUMNS))
    for image in images:
        image[:, rng.integers(ROWS)] = most
        image[:, :, rng.integers(COLUMNS)] = most
    return images.astype(np.uint16 if most > 255 else np.uint8)


def write_idx(path, images):
    kind = 0x0803 if images.ndim == 3 else 0x0801
    path.write_bytes(np.array([kind, *images.shape], ">u4").tobytes() + images.astype(np.uint8).tobytes())


def make_data(folder):
    rng = np.random.default_rng(1)
    for name in ("idx", "colour", "codes", "maps"):
        (folder / "data" / name).mkdir(parents=True)
    for part, count in (("train", 50), ("t10k", 9)):
        write_idx(folder / f"data/idx/{part}-images-idx3-ubyte", strokes(rng, count)[:, 0])
        write_idx(folder / f"data/idx/{part}-labels-idx1-ubyte", np.arange(count) % 3)
    for part, count in (("train", 40), ("test", 6)):
        np.save(folder / f"data/colour/{part}.npy", strokes(rng, count, 3))
        np.save(folder / f"data/codes/{part}.npy", strokes(rng, count, most=511)[:, 0])
        np.save(folder / f"data/codes/{part}_condition.npy", rng.normal(size=(count, 3)))
        np.save(folder / f"data/maps/{part}.npy", strokes(rng, count)[:, 0])
        np.save(folder / f"data/maps/{part}_condition.npy", rng.normal(size=(count, 2, ROWS, COLUMNS)))


def write_config(folder, name):
    data, network = CONFIGS[name]
    text = (f"name: {name}\noutput: runs\nthreads: 2\n{data}model: {NETWORK % network}\n"
            "train: {optimiser: adam, batch: 8, epochs: 3, average: {decay: 0.5}}\nsample: {count: 2, scale: 1}\n")
    (folder / f"{name}.yaml").write_text(text)


def program(name, *arguments, folder=None):
    """What the program prints; it must end well."""
    done = subprocess.run([str(PROGRAMS / f"pcnn-{name}"), *map(str, arguments)], cwd=folder, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def drawn_by_program(model, *arguments):
    """The array that pcnn-sample writes."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "drawn.npy"
        program("sample", model, *arguments, "--output", file, "--quiet")
        return np.load(file)


def scored_by_program(model, x, *arguments):
    """The nats of pcnn-eval --images --scores."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        np.save(folder / "x.npy", x)
        program("eval", model, "--images", folder / "x.npy", "--scores", folder / "scores.csv", *arguments)
        with open(folder / "scores.csv", newline="") as file:
            return np.array([float(row["nats"]) for row in csv.DictReader(file)])


def tensors(path):
    """The tensors of a .safetensors file, as bytes by name."""
    data = pathlib.Path(path).read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    return {name: (entry["dtype"], entry["shape"], data[8 + size:][slice(*entry["data_offsets"])])
            for name, entry in header.items() if name != "__metadata__"}


class Workplace(unittest.TestCase):
    """A folder of the test's own, with data sets and configs, which is the current one; runs/NAME where a class names them
    in `trained`."""

    trained = ()

    @classmethod
    def setUpClass(cls):
        cls.before = os.getcwd()
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        make_data(cls.folder)
        for name in CONFIGS:
            write_config(cls.folder, name)
        for name in cls.trained:
            program("run", f"{name}.yaml", "train.epochs=1", "--quiet", folder=cls.folder)
        os.chdir(cls.folder)

    @classmethod
    def tearDownClass(cls):
        os.chdir(cls.before)
        cls.scratch.cleanup()

    def refuses(self, part, call, *arguments, **named):
        """call(...) is refused in one line that has `part` in it."""
        with self.assertRaises(pcnn.InputError) as caught:
            call(*arguments, **named)
        self.assertIn(part, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))
        self.assertIsInstance(caught.exception, (pcnn.Error, RuntimeError, ValueError))

    def same(self, left, right):
        self.assertEqual(left.dtype, right.dtype)
        np.testing.assert_array_equal(left, right)


def main():
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
