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

BIN = pathlib.Path(sys.argv.pop() if len(sys.argv) > 1 else "build/bin").resolve()
ROWS, COLUMNS = 6, 5
LABELS = np.array([2, 0, 1, 2])  # of the test images


def model(head, channels, activation, slope=None, **more):
    filters = 6
    section = {
        "activation": activation,
        "input": {"kernel": [5, 3], "filters": filters},
        "blocks": [
            {"kind": "residual", "repeat": 2, "kernel": [3, 5], "filters": 3},
            {"kind": "masked_conv", "repeat": 1, "kernel": 3, "filters": 9},
        ],
        "output": {"filters": [6, 3]},
        "head": head,
        **more,
    }
    if slope is not None:
        section["slope"] = slope
    return channels, section


GATED = [
    {"kind": "gated", "repeat": 2, "kernel": 3, "filters": 6, "skip": True},
    {"kind": "masked_conv", "repeat": 1, "kernel": 3, "filters": 6, "dilation": 2},
    {"kind": "gated", "repeat": 1, "kernel": [5, 3], "filters": 9, "dilation": [1, 2]},
]

ATTENTION = [
    {"kind": "attention", "repeat": 1, "heads": 3, "key": 2, "value": 5},
    {"kind": "gated", "repeat": 1, "kernel": 3, "filters": 6},
    {"kind": "attention", "repeat": 2, "heads": 6, "key": 4, "value": 1},
]

RECURRENT = [
    {"kind": "row_lstm", "repeat": 1, "kernel": 5, "filters": 6},
    {"kind": "gated", "repeat": 1, "kernel": 3, "filters": 6},
    {"kind": "diagonal_lstm", "repeat": 2, "filters": 3},
]

CASES = {
    "bernoulli_grey": model("bernoulli", 1, "relu"),
    "bernoulli_colour": model("bernoulli", 3, "leaky_relu", 0.2),
    "bernoulli_classes": model("bernoulli", 1, "elu", 0.5, condition={"classes": 3}),
    "gated_classes": model("bernoulli", 1, "relu", condition={"classes": 4}, blocks=GATED),
    "softmax_classes": model("softmax", 3, "leaky_relu", 0.1, levels=8, condition={"classes": 5}),
    "bernoulli_vectors": model("bernoulli", 1, "elu", 0.5, condition={"vector": 3}),
    "gated_vectors": model("softmax", 3, "relu", levels=4, condition={"vector": 2}, blocks=GATED),
    "bernoulli_maps": model("bernoulli", 1, "elu", 0.5, condition={"map": {"channels": 2, "kernel": 3}}),
    "gated_maps": model("softmax", 3, "relu", levels=4, condition={"map": {"channels": 1, "kernel": [3, 5]}}, blocks=GATED),
    "softmax_grey": model("softmax", 1, "elu", 0.7, levels=256),
    "softmax_colour": model("softmax", 3, "tanh", levels=8),
    "mixture_grey": model("logistic_mixture", 1, "sigmoid", levels=256, mixtures=3),
    "mixture_colour": model("logistic_mixture", 3, "relu", levels=256, mixtures=4),
    "forecast_grey": model("logistic_mixture", 1, "elu", 1.0, levels=256, mixtures=3, forecast={"kernel": 5}),
    "forecast_colour": model("logistic_mixture", 3, "relu", levels=256, mixtures=2, forecast={"kernel": [3, 5]}),
    "forecast_embedded": model("logistic_mixture", 2, "tanh", levels=16, mixtures=2, forecast={"kernel": 3},
                               blocks=GATED[:1], input={"kernel": 3, "filters": 6, "embedding": 3}),
    "gated_grey": model("bernoulli", 1, "elu", 1.0, blocks=GATED),
    "gated_colour": model("softmax", 3, "relu", levels=4, blocks=GATED),
    "recurrent_grey": model("bernoulli", 1, "relu", condition={"classes": 3}, blocks=RECURRENT),
    "recurrent_colour": model("softmax", 3, "elu", 1.0, levels=4, condition={"vector": 2}, blocks=RECURRENT),
    "recurrent_mixture": model("logistic_mixture", 3, "tanh", levels=256, mixtures=2, blocks=RECURRENT),
    "gated_mixture": model("logistic_mixture", 3, "tanh", levels=256, mixtures=2, blocks=GATED[:1]),
    "embedded_grey": model("softmax", 1, "relu", levels=16, input={"kernel": 3, "filters": 6, "embedding": 5}),
    "embedded_colour": model("softmax", 3, "elu", 1.0, levels=4, blocks=GATED,
                             input={"kernel": 3, "filters": 6, "embedding": 2}),
    "attention_grey": model("bernoulli", 1, "elu", 1.0, blocks=ATTENTION),
    "attention_colour": model("softmax", 3, "relu", levels=4, blocks=ATTENTION),
    "attention_classes": model("softmax", 1, "tanh", levels=16, condition={"classes": 3}, blocks=ATTENTION,
                               input={"kernel": 3, "filters": 6, "embedding": 4}),
    "attention_maps": model("logistic_mixture", 3, "relu", levels=256, mixtures=2,
                            condition={"map": {"channels": 1, "kernel": 3}}, blocks=ATTENTION),
    "mixture_fine": model("logistic_mixture", 1, "elu", 1.0, levels=1000, mixtures=2),
}


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
