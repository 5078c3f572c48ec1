"""Models of the networks in tests/docs/networks.py with random parameters, made without training, and what the engine
computes of images of theirs.
"""

import json
import pathlib
import sys
import tempfile

import numpy as np
import support

sys.path.append(str(support.ROOT / "tests" / "docs"))

from networks import CASES, COLUMNS, LABELS, ROWS  # noqa: E402

import pcnn  # noqa: E402
from pcnn import _pcnn  # noqa: E402
from pcnn import graph as graphs  # noqa: E402


class MadeModel:
    """path: of its checkpoint; config: of its config; graph, tensors; levels of four images, [image][channel][row][column];
    told: what they are told, as keywords of torch_model."""

    def __init__(self, folder, name):
        self.folder, self.name = pathlib.Path(folder), name
        self.channels, self.section = CASES[name]
        rng = np.random.default_rng(len(name))
        count = self.section.get("levels", 2)
        self.levels = rng.integers(0, count, (len(LABELS), self.channels, ROWS, COLUMNS))
        self.levels.flat[::7], self.levels.flat[3::11] = 0, count - 1
        condition = self.section.get("condition", {})
        self.told = {}
        if "classes" in condition:
            self.told = {"classes": LABELS}
        elif condition:
            shape = (condition["map"]["channels"], ROWS, COLUMNS) if "map" in condition else (condition["vector"],)
            numbers = rng.normal(0.0, 1.0, (len(LABELS), *shape)).astype(np.float32)
            self.told = {"maps" if "map" in condition else "vector": numbers}
        self.config = self.folder / f"{name}.yaml"
        self.config.write_text(json.dumps({  # JSON is YAML
            "name": name, "model": self.section,
            "data": {"dataset": "npy", "directory": "nowhere", "quantised": count > 256, "labels": "classes" in condition,
                     "condition": "vector" in condition or "map" in condition}}))
        self.graph = graphs.of_config(self.config, image=self.image)
        self.tensors = {p["name"]: random_values(rng, p) for p in self.graph["parameters"]}
        self.path = self.folder / f"{name}.safetensors"
        _, zeroed = _pcnn.write_model(str(self.path), str(self.config), [], self.image, list(self.tensors.items()))
        assert not zeroed

    @property
    def image(self):
        return self.channels, ROWS, COLUMNS

    def engine(self, path=None):
        """(nats, logits) of the images."""
        model = pcnn.load(path or self.path, threads=2)
        told = {"condition" if name != "classes" else name: value for name, value in self.told.items()}
        return model.nll(self.levels, **told), model.logits(self.levels, **told)


class Making(support.unittest.TestCase):
    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def made(self, name):
        return MadeModel(self.folder(), name)


def random_values(rng, parameter):
    """Larger than a network begins with, so that every part of it shows in the logits; 0 where the mask hides them."""
    shape = parameter["shape"]
    if len(shape) < 4:
        return rng.normal(0.0, 0.5, shape).astype(np.float32)
    mask = graphs.live(parameter)
    live = np.ones(shape, bool) if mask is None else mask
    return np.where(live, rng.normal(0.0, 1.5 / np.sqrt(max(1.0, live[0].sum())), shape), 0.0).astype(np.float32)


def largest_difference(found, expected):
    """Of logits, as a share of the largest one."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def for_every_case(test_case):
    """A test_NAME of the class for each network, which calls check(NAME)."""
    for name in CASES:
        setattr(test_case, f"test_{name}", lambda self, name=name: self.check(name))
    return test_case
