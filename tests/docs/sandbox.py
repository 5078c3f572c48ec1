"""A folder that looks like the project to a reader who follows the pages: programs in build/bin/, configs, scripts,
and made-up data under the names that the pages use.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
from PIL import Image

from markdown import ROOT

PROGRAMS = ("run", "sample", "eval", "inspect", "sweep")


def strokes(rng, count, rows, columns, channels=1):
    """Images of bright bars on black, (images, channels, rows, columns), no two of them equal."""
    images = np.zeros((count, channels, rows, columns), np.uint8)
    for image in images:
        for _ in range(3):
            top, left = rng.integers(0, rows - 2), rng.integers(0, columns - 2)
            height, width = rng.integers(2, rows // 2 + 1), rng.integers(2, columns // 2 + 1)
            image[:, top:top + height, left:left + width] = rng.integers(60, 256, (channels, 1, 1))
    return images


def write_idx(path, images):
    header = np.array([0x0803, len(images), *images.shape[2:]], ">u4")
    path.write_bytes(header.tobytes() + images.tobytes())


def write_labels(path, labels):
    path.write_bytes(np.array([0x0801, len(labels)], ">u4").tobytes() + labels.astype(np.uint8).tobytes())


def write_png(path, image):
    """image: (channels, rows, columns)"""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(path)


class Sandbox:
    def __init__(self, folder, programs):
        self.folder = pathlib.Path(folder)
        self.package = programs.parent / "python"  # where the Python package lies, if it was built
        self.environment = {**os.environ, "PCNN_PROGRAMS": str(programs), "NO_COLOR": "1",
                            "PYTHONPATH": str(self.package),
                            "PATH": f"{self.folder}/build/bin:{os.environ['PATH']}"}
        self.make_project()
        rng = np.random.default_rng(1)
        self.make_mnist(rng)
        self.make_own_data(rng)

    def make_project(self):
        shutil.copytree(ROOT / "configs", self.folder / "configs")
        (self.folder / "scripts").symlink_to(ROOT / "scripts")
        bin_folder = self.folder / "build" / "bin"
        bin_folder.mkdir(parents=True)
        stand_in = (ROOT / "tests" / "docs" / "program.py").read_text()
        for program in PROGRAMS:
            path = bin_folder / f"pcnn-{program}"
            path.write_text(f"#!{sys.executable}\n{stand_in}")
            path.chmod(0o755)
        if self.package.exists():
            (bin_folder.parent / "python").symlink_to(self.package)
        (bin_folder / "python3").symlink_to(sys.executable)  # has what this test has, for scripts

    def make_mnist(self, rng):
        mnist = self.folder / "data" / "mnist"
        mnist.mkdir(parents=True)
        # More than the 5,000 that configs/trained/ hold out for validation.
        train, test = strokes(rng, 5040, 28, 28), strokes(rng, 16, 28, 28)
        write_idx(mnist / "train-images-idx3-ubyte", train)
        write_idx(mnist / "t10k-images-idx3-ubyte", test)
        write_labels(mnist / "train-labels-idx1-ubyte", np.arange(len(train)) % 10)
        write_labels(mnist / "t10k-labels-idx1-ubyte", np.arange(len(test)) % 10)
        (self.folder / "elsewhere").symlink_to("data")
        np.save(self.folder / "mine.npy", test[:4, 0])
        for i, image in enumerate(test[:4]):
            write_png(self.folder / "folder" / "of" / "pngs" / f"{i}.png", image)
        for i, image in enumerate(test[4:8]):
            write_png(self.folder / "drawings" / f"{i + 1}.png", image)
        write_png(self.folder / "partial.png", test[0])
        known = np.full((1, 28, 28), 255, np.uint8)
        known[0, 14:] = 0
        write_png(self.folder / "known.png", known)

    def make_own_data(self, rng):
        for part, count in (("train", 24), ("test", 4)):
            self.save(f"data/codes/{part}.npy", rng.integers(0, 512, (count, 6 * 5)))
            pictures = strokes(rng, count, 12, 10, channels=3)
            self.save(f"data/floats/{part}.npy", (pictures.transpose(0, 2, 3, 1) / 255).astype(np.float32))
            self.save(f"data/faces/{part}.npy", pictures[:, 0])
            self.save(f"data/faces/{part}_condition.npy", rng.normal(0.0, 1.0, (count, 40)))
            for i, image in enumerate(pictures):
                write_png(self.folder / "data" / "photos" / part / f"{i}.png", image)
        for i, image in enumerate(strokes(rng, 40, 12, 10)):
            write_png(self.folder / "data" / "scans" / ("cats" if i % 2 else "dogs") / f"{i}.png", image)

        for i, image in enumerate(strokes(rng, 40, 24, 20, channels=3)):
            path = self.folder / "pictures" / ("birds" if i % 2 else "boats") / f"{i}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image.transpose(1, 2, 0)).resize((20 + i % 5, 24)).save(path)

    def save(self, name, array):
        (self.folder / name).parent.mkdir(exist_ok=True)
        np.save(self.folder / name, array)

    def run(self, command):
        """A finished process with its exit code, and with standard output and error together as text."""
        return subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)

    def train_missing_runs(self, command):
        """Trains the runs that a command names and that no command before it has made."""
        for name in re.findall(r"\bruns/([\w.-]+)", command):
            config = f"configs/{name}.yaml"
            if (self.folder / "runs" / name).exists() or not (self.folder / config).exists():
                continue
            result = self.run(f"build/bin/pcnn-run {config}")
            assert result.returncode == 0, result.stdout
