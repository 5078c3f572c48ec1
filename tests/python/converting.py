"""What the tests of pcnn-convert share."""

import contextlib
import importlib.util
import io
import unittest

import made_model
import numpy as np
import pcnn
from pcnn import convert, tensor_file


def has(module):
    return importlib.util.find_spec(module) is not None


needs_torch = unittest.skipUnless(has("torch"), "python3 has no torch")


def call(*arguments):
    """(exit code, what was printed) of pcnn-convert."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = convert.main([str(argument) for argument in arguments])
    return code, printed.getvalue()


class Converting(made_model.Making):
    def setUp(self):
        self.scratch = self.folder()

    def config(self, model, name="made"):
        path = self.scratch / f"{name}.yaml"
        path.write_text(f"name: {name}\nmodel: {model}\n")
        return path

    def file(self, tensors, name="state.safetensors"):
        tensor_file.write(self.scratch / name, tensors)
        return self.scratch / name

    def saved(self, name, array):
        np.save(self.scratch / name, array)
        return self.scratch / name

    def converts(self, *arguments):
        code, printed = call(*arguments)
        self.assertEqual(code, 0, printed)
        return printed

    def refuses(self, part, *arguments):
        code, printed = call(*arguments)
        self.assertEqual(code, 2, printed)
        self.assertEqual(printed.count("\n"), 1, printed)
        self.assertIn(part, printed)

    def same_parameters(self, path, tensors):
        found = pcnn.load(path).parameters()
        self.assertEqual(set(found), set(tensors))
        for name, values in tensors.items():
            np.testing.assert_array_equal(found[name], values, name)


class Foreign(Converting):
    def setUp(self):
        super().setUp()
        self.rng = np.random.default_rng(1)

    def options(self, source, config, *more, kind="torch"):
        return ("--from", kind, source, "--config", config, "--image", "1x6x5", "--output", self.scratch / "out", *more)


# Two convolutions behind the input; %s: more keys.
SIMPLE = ("{input: {kernel: 5, filters: 6}, blocks: {kind: masked_conv, repeat: 2, kernel: 3, filters: 6}, "
          "output: {filters: []}%s}")
