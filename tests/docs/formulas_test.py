"""Trains tiny networks with every head, block and activation on images of one and three channels, with classes and
without, and compares what pcnn-eval says of each test image with the formulas of docs/models.md.

formulas_test.py BIN    BIN: the folder of pcnn-run and pcnn-eval
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
except ImportError:
    print("skipped: python3 has no numpy (Debian: python3-numpy)")
    sys.exit(77)

import reference_model
from networks import CASES, COLUMNS, LABELS, ROWS

BIN = pathlib.Path(sys.argv.pop() if len(sys.argv) > 1 else "build/bin").resolve()


def images(rng, count, channels, values):
    """Blocks of light on a dark ground, with noise: the lowest and the highest value both occur."""
    pixels = rng.integers(0, values // 4, (count, channels, ROWS, COLUMNS))
    for image in pixels:
        row, column = rng.integers(0, ROWS - 2), rng.integers(0, COLUMNS - 2)
        image[:, row:row + 3, column:column + 3] += rng.integers(values // 2, 3 * values // 4, (channels, 1, 1))
    pixels.flat[::17], pixels.flat[5::19] = 0, values - 1
    return pixels.astype(np.uint8 if values == 256 else np.uint16)


class Formulas(unittest.TestCase):
    def run_program(self, *arguments):
        result = subprocess.run([str(BIN / arguments[0]), *map(str, arguments[1:])], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr + result.stdout)

    def check(self, name):
        channels, section = CASES[name]
        quantised = section.get("levels", 2) > 256  # more levels than 8-bit pixels have: stored as such
        values = section["levels"] if quantised else 256
        rng = np.random.default_rng(len(name))
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            test = images(rng, 4, channels, values)
            np.save(folder / "train.npy", images(rng, 40, channels, values))
            np.save(folder / "test.npy", test)
            np.save(folder / "train_labels.npy", np.arange(40) * 7 % 3)
            np.save(folder / "test_labels.npy", LABELS)
            told = section.get("condition", {})
            shape = (told["map"]["channels"], ROWS, COLUMNS) if "map" in told else (told.get("vector", 1),)
            numbers = rng.normal(0.0, 1.0, (44, *shape)).astype(np.float32)
            np.save(folder / "train_condition.npy", numbers[:40])
            np.save(folder / "test_condition.npy", numbers[40:])
            given = LABELS if "classes" in told or not told else numbers[40:].astype(np.float64)
            config = {
                "name": "tiny",
                "output": str(folder),
                "data": {"dataset": "npy", "directory": str(folder), "validation_images": 8,
                         "quantised": quantised, "labels": "classes" in told, "condition": "vector" in told or "map" in told},
                "model": section,
                "train": {"optimiser": "adam", "learning_rate": 0.02, "batch": 8, "epochs": 3,
                          "average": {"decay": 0.5}},
                "sample": {"count": 0},
            }
            (folder / "tiny.yaml").write_text(json.dumps(config))  # JSON is YAML
            self.run_program("pcnn-run", folder / "tiny.yaml")
            metadata, parameters = reference_model.read_safetensors(folder / "tiny" / "best.safetensors")
            self.assertEqual(metadata["image"], f"{channels}x{ROWS}x{COLUMNS}")
            self.check_masks(name, parameters)
            self.check_scores(name, folder / "tiny", parameters, test, values, given)

            # Parameters made elsewhere, larger than training makes them: format "pcnn 1" has no checksum.
            for tensor in parameters:
                parameters[tensor] = parameters[tensor] * rng.uniform(0.5, 2.0)
            parameters["logits.bias"] += rng.normal(0.0, 1.0, parameters["logits.bias"].shape)
            self.check_made(name, folder / "made.safetensors", metadata, parameters, test, values, given)
            if section["head"] == "logistic_mixture":  # log scales below the lowest that count
                mixtures = section["mixtures"]
                parameters["logits.bias"][2 * mixtures:3 * mixtures] -= 12.0
                self.check_made(name, folder / "narrow.safetensors", metadata, parameters, test, values, given)

    def check_made(self, name, path, metadata, parameters, test, values, given):
        metadata = {key: value for key, value in metadata.items() if key != "checksum"}
        parameters = {key: tensor.astype(np.float32).astype(np.float64) for key, tensor in parameters.items()}
        reference_model.write_safetensors(path, {**metadata, "format": "pcnn 1"}, parameters)
        self.check_scores(name, path, parameters, test, values, given)

    def check_scores(self, name, model, parameters, test, values, given):
        scores = model.parent / f"{model.stem}.csv"
        self.run_program("pcnn-eval", model, "--scores", scores)
        with open(scores, newline="") as file:
            nats = [float(row["nats"]) for row in csv.DictReader(file)]
        self.assertEqual(len(nats), len(test))
        for image, of_image, score in zip(test, given, nats):
            expected = reference_model.nats(CASES[name][1], parameters, image, values, of_image)
            self.assertLess(abs(score - expected), 1e-5 * expected, f"{name}: {score}, {expected}")

    def check_masks(self, name, parameters):
        channels, section = CASES[name]
        groups = 1 if section["head"] == "logistic_mixture" else channels
        for tensor, weight in parameters.items():
            if tensor.endswith(".weight") and not tensor.endswith(("embedding.weight", "condition.weight")):
                kinds = {"input": "A", "forecast": "A", "input_above": "VA"}
                stacked = tensor.split(".")[-2] in ("vertical", "join")
                kind = kinds.get(tensor.removesuffix(".weight"), "VB" if stacked else "B")
                if tensor.split(".")[-2] in ("state", "state_back"):
                    kind = "none"
                live = reference_model.mask(kind, groups, weight.shape)
                self.assertTrue(np.all(weight[live == 0] == 0.0), f"{name}: {tensor} has weights at dead taps")
                self.assertTrue(np.all(weight[live == 1] != 0.0), f"{name}: {tensor} has live taps that are 0")


for case in CASES:
    setattr(Formulas, f"test_{case}", lambda self, name=case: self.check(name))

if __name__ == "__main__":
    unittest.main()
