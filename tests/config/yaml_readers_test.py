#!/usr/bin/env python3
"""What pcnn writes as YAML is read by PyYAML, a reader of YAML 1.1, as the same values, and fits configs/schema.json.

usage: yaml_readers_test.py PROGRAMS    (the folder of pcnn-run); exit code 77: a module is missing
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"skipped: {error}; Debian has python3-yaml and python3-jsonschema")
    sys.exit(77)

PROGRAMS = pathlib.Path(sys.argv[1])
CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "configs"
SCHEMA = jsonschema.Draft7Validator(json.loads((CONFIGS / "schema.json").read_text()))
LOADERS = [yaml.SafeLoader] + ([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])

# Each is text to us and something else, or nothing at all, to a reader that meets it without quotes.
NAMES = [
    "on", "Off", "yes", "NO", "y", "N", "true", "False", "null", "Null", "~", "1e5", "1.0e+5", "1.5", "+1", "-1", ".5",
    "5.", ".inf", "-.INF", ".nan", "010", "0o10", "0x1F", "0b11", "1_000", "1:30", "190:20:30.15", "2001-12-14",
    "2001-12-14t21:59:43.10-05:00", "=", "<<", "-", "- x", "?", "a: b", "a #b", "#", "'q'", "\"d\"", "a\\b", "[a]", "{a}",
    "a,b", "&x", "*x", "!x", "%x", "@x", "`x", "|", ">", " x", "x ", "tab\tx", "caf\u00e9", "\u0085x", "\u2028x",
    "\ufeffx", "\u0091", "\U0001F600", "plain-name_1",
]


def load_all(text):
    """The values as every loader reads them; these must agree."""
    values = [yaml.load(text, Loader=loader) for loader in LOADERS]
    for value in values[1:]:
        assert value == values[0], text
    return values[0]


def write_images(path, count, on):
    pixels = bytes(on if (i * 7 + i // 30 * 3) % 5 < 2 else 0 for i in range(count * 30))
    path.write_bytes(struct.pack(">IIII", 0x0803, count, 6, 5) + pixels)


class YamlReaders(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        write_images(self.root / "train-images-idx3-ubyte", 20, 255)
        write_images(self.root / "t10k-images-idx3-ubyte", 4, 254)
        self.config = self.root / "tiny.yaml"
        self.config.write_text(
            f"data: {{dataset: idx, directory: {self.root}, validation_images: 4}}\n"
            f"output: {self.root}/runs\n"
            "model: {input: {kernel: 3, filters: 2}, output: {filters: 2}}\n"
            "train: {epochs: 1, learning_rate: 1e-5, clip_norm: 1e15, seconds: 1e9}\nsample: {count: 0}\n")

    def run_program(self, program, *arguments):
        done = subprocess.run([PROGRAMS / program, self.config, "-q", *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def check_schema(self, value, name):
        errors = [f"{list(error.absolute_path)}: {error.message}" for error in SCHEMA.iter_errors(value)]
        self.assertEqual(errors, [], name)

    def test_configs_fit_the_schema(self):
        configs = sorted(CONFIGS.glob("*.yaml"))
        self.assertGreater(len(configs), 8)
        for path in configs:
            self.check_schema(load_all(path.read_text()), path)
        self.assertEqual(load_all((CONFIGS / "reference.yaml").read_text())["train"]["epsilon"], 1e-7)

    def test_numbers_are_numbers(self):
        self.run_program("pcnn-run", "name=run")
        config = load_all((self.root / "runs/run/config.yaml").read_text())
        self.check_schema(config, "config.yaml")
        train = config["train"]
        for key, value in {"learning_rate": 1e-5, "epsilon": 1e-7, "clip_norm": 1e15, "seconds": 1e9, "rho": 0.9}.items():
            self.assertNotIsInstance(train[key], str, key)
            self.assertEqual(train[key], value, key)

    def test_sweeps_write_numbers_too(self):
        self.run_program("pcnn-sweep", "train.learning_rate=1e-5,1e-6", "train.epsilon=1e-9", "name=sweep")
        best = load_all((self.root / "runs/sweep/best.yaml").read_text())
        self.check_schema(best, "best.yaml")
        self.assertIn(best["train"]["learning_rate"], (1e-5, 1e-6))
        self.assertEqual(best["train"]["epsilon"], 1e-9)
        self.assertEqual(best["name"], "sweep_best")

    def test_texts_stay_texts(self):
        for name in NAMES:
            with self.subTest(name=name):
                self.run_program("pcnn-run", "name=" + json.dumps(name, ensure_ascii=max(name) <= "\uffff"))
                config = load_all((self.root / "runs" / name / "config.yaml").read_text(encoding="utf-8"))
                self.assertEqual(config["name"], name)
                self.check_schema(config, name)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
