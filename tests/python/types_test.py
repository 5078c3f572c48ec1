"""The package is typed and documented: every public name has a docstring and annotations, the stub of the extension has what
the extension has, and mypy agrees where it is installed.
"""

import ast
import importlib.util
import inspect
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from support import PACKAGE, ROOT, main, pcnn

SOURCES = ROOT / "python" / "pcnn"


def public_functions():
    for name in pcnn.__all__:
        item = getattr(pcnn, name)
        if inspect.isfunction(item):
            yield name, item
        elif inspect.isclass(item):
            for member, value in vars(item).items():
                value = value.fget if isinstance(value, property) else value
                if inspect.isfunction(value) and not member.startswith("_"):
                    yield f"{name}.{member}", value


class Types(unittest.TestCase):
    def test_every_public_name_is_documented_and_annotated(self):
        self.assertEqual(sorted(set(pcnn.__all__) - {"__version__"}), sorted(
            name for name, item in vars(pcnn).items() if getattr(item, "__module__", None) == "pcnn"
            or inspect.isfunction(item)))
        for name in set(pcnn.__all__) - {"__version__"}:
            self.assertTrue(getattr(pcnn, name).__doc__, name)
        found = dict(public_functions())
        self.assertIn("Model.sample", found)
        for name, function in found.items():
            self.assertTrue(function.__doc__, name)
            signature = inspect.signature(function)
            self.assertIsNot(signature.return_annotation, signature.empty, name)
            for parameter in signature.parameters.values():
                if parameter.name != "self":
                    self.assertIsNot(parameter.annotation, parameter.empty, f"{name}: {parameter.name}")

    def test_the_stub_has_what_the_extension_has(self):
        stub = ast.parse((SOURCES / "_pcnn.pyi").read_text())

        def names(body):
            return {node.name for node in body
                    if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")}

        def public(item):
            return {name for name in vars(item) if not name.startswith("_")}

        self.assertEqual(names(stub.body), public(pcnn._pcnn))
        for node in stub.body:
            if isinstance(node, ast.ClassDef):
                self.assertEqual(names(node.body), public(getattr(pcnn._pcnn, node.name)))

    def test_the_version_is_the_project_s(self):
        self.assertIn(f"project(pcnn VERSION {pcnn.__version__} ", (ROOT / "CMakeLists.txt").read_text())

    @unittest.skipUnless(importlib.util.find_spec("mypy"), "python3 has no mypy (Debian: mypy)")
    def test_mypy_agrees(self):
        with tempfile.TemporaryDirectory() as cache:
            done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", cache,
                                   str(SOURCES / "__init__.py")],  # and what it imports
                                  capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_an_extension_that_was_not_built_for_this_python_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "pcnn"
            shutil.copytree(PACKAGE / "pcnn", copy)
            (extension,) = copy.glob("_pcnn.*.so")
            extension.rename(copy / "_pcnn.cpython-27-x86_64-linux-gnu.so")
            done = subprocess.run([sys.executable, "-c", "import pcnn"], env={"PYTHONPATH": folder}, capture_output=True,
                                  text=True)
        self.assertEqual(done.stderr.splitlines()[-1],
                         f"ImportError: pcnn: found _pcnn.cpython-27-x86_64-linux-gnu.so, and this Python loads "
                         f"{extension.name}: pip install builds it")


if __name__ == "__main__":
    main()
