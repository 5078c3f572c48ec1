"""pcnn-export writes ONNX models that onnxruntime computes the engine's logits with.

export_test.py BIN PACKAGE    see support.py
"""

import contextlib
import io
import sys

import made_model
import numpy as np
import support

try:
    import onnx
    import onnxruntime
except ImportError as error:
    print(f"skipped: {error} (PyPI: onnx, onnxruntime)")
    sys.exit(77)

from pcnn import export  # noqa: E402


def call(*arguments):
    """(exit code, what was printed) of pcnn-export."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = export.main([str(argument) for argument in arguments])
    return code, printed.getvalue()


@made_model.for_every_case
class Export(made_model.Making):
    def check(self, name):
        made = self.made(name)
        file = made.folder / "made.onnx"
        code, printed = call(made.path, file)
        self.assertEqual(code, 0, printed)
        model = onnx.load(file)
        onnx.checker.check_model(model, full_check=True)
        self.assertEqual([(o.domain, o.version) for o in model.opset_import], [("", 17)])
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        expected = made.engine()[1]
        for images in (slice(0, 4), slice(1, 2)):  # as many images as one likes
            told = {key: value[images] for key, value in made.told.items()}
            found, = session.run(["logits"], {"levels": made.levels[images], **told})
            self.assertLess(made_model.largest_difference(found, expected[images]), 1e-5, name)
    def test_writes_over_nothing(self):
        made = self.made("bernoulli_grey")
        file = made.folder / "there.onnx"
        file.write_bytes(b"mine")
        self.assertEqual(call(made.path, file), (2, f"pcnn-export: {file}: exists already; choose another name, or --overwrite\n"))
        self.assertEqual(file.read_bytes(), b"mine")
        self.assertEqual(call(made.path, file, "--overwrite")[0], 0)

    def test_says_what_is_wrong_in_one_line(self):
        made = self.made("bernoulli_grey")
        self.assertEqual(call(made.path, made.folder / "made.pt"),
                         (2, f"pcnn-export: {made.folder / 'made.pt'}: accepted: a name in .onnx\n"))
        code, printed = call(made.folder / "none.safetensors", made.folder / "made.onnx")
        self.assertEqual((code, printed.count("\n")), (2, 1))
        self.assertIn("none.safetensors: not found", printed)
        self.assertFalse((made.folder / "made.onnx").exists())

    def test_masks_are_folded_into_the_weights(self):
        made = self.made("gated_colour")
        spoilt = {name: np.where(np.asarray(value) == 0.0, np.float32(5.0), value) for name, value in made.tensors.items()}
        self.assertEqual(export.to_onnx(made.graph, spoilt).SerializeToString(),
                         export.to_onnx(made.graph, made.tensors).SerializeToString())


if __name__ == "__main__":
    support.main()
