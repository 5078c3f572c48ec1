"""pcnn-convert makes models of networks trained elsewhere, and refuses what pcnn computes differently.

convert_test.py BIN PACKAGE    see support.py; what needs PyTorch is skipped where it is missing
"""

import unittest

import support
from converting import SIMPLE, Converting, Foreign, call, needs_torch

import numpy as np
import pcnn
from pcnn import matching


class FilesOfPcnn(Converting):
    """What pcnn.torch_model saves."""

    def check(self, name, save):
        made = self.made(name)
        output = self.scratch / "run"
        printed = self.converts("--from", "torch", save(made), "--config", made.config, "--output", output,
                                "--image", "x".join(map(str, made.image)))
        self.assertIn("layers were found by their names, which are pcnn's", printed)
        self.assertNotIn("zeroed", printed)
        self.same_parameters(output, made.tensors)
        np.testing.assert_array_equal(made.engine(output)[1], made.engine()[1])

    def test_come_back_with_the_same_bits(self):
        for name in ("recurrent_colour", "attention_classes", "forecast_embedded", "gated_maps", "linear_input_colour"):
            with self.subTest(name):
                self.scratch = self.folder()
                self.check(name, lambda made: self.file(made.tensors))

    @needs_torch
    def test_come_back_from_pytorch_with_the_same_bits(self):
        import torch
        from pcnn import torch_model

        def save(made):
            torch.save(torch_model.load(made.path).state_dict(), self.scratch / "state.pt")
            return self.scratch / "state.pt"

        for name in ("recurrent_grey", "attention_colour", "gated_vectors"):
            with self.subTest(name):
                self.scratch = self.folder()
                self.check(name, save)

    def test_have_what_masks_hide_zeroed_and_counted(self):
        made = self.made("bernoulli_grey")
        spoilt = {name: value.copy() for name, value in made.tensors.items()}
        spoilt["input.weight"][:, :, -1] = 3.0  # 6 kernels, 3 taps below the centre
        spoilt["blocks.2.conv.weight"][0, 0, 1, 2] = 1.0
        printed = self.converts("--from", "torch", self.file(spoilt), "--config", made.config, "--image", "1x6x5", "--output",
                                self.scratch / "out.safetensors")
        self.assertIn("zeroed: 19 weights behind masks that were not 0, in input.weight (18), blocks.2.conv.weight (1)\n",
                      printed)
        self.same_parameters(self.scratch / "out.safetensors", made.tensors)


def simple_state(rng, levels=1, bias=True):
    """Convolutions in a row, called after their numbers, as torch.nn.Sequential does."""
    shapes = [(6, 1, 5, 5), (6, 6, 3, 3), (6, 6, 3, 3), (levels, 6, 1, 1)]
    state = {}
    for number, shape in enumerate(shapes):
        state[f"net.{2 * number}.weight"] = rng.normal(0.0, 0.3, shape).astype(np.float32)
        if bias:
            state[f"net.{2 * number}.bias"] = rng.normal(0.0, 0.3, shape[0]).astype(np.float32)
    return state


class FilesOfOthers(Foreign):
    def test_are_found_by_shapes_and_numbers(self):
        state = simple_state(self.rng)
        printed = self.converts(*self.options(self.file(state), self.config(SIMPLE % "")))
        self.assertIn("layers were found by their shapes, several of one shape in the order of their numbers", printed)
        self.assertIn("zeroed: ", printed)
        self.assertIn("not verified: activations", printed)
        found = pcnn.load(self.scratch / "out").parameters()
        np.testing.assert_array_equal(found["blocks.1.conv.weight"][:, :, 0], state["net.4.weight"][:, :, 0])
        np.testing.assert_array_equal(found["blocks.0.conv.bias"], state["net.2.bias"])

    def test_are_asked_for_names_where_several_layers_fit(self):
        state = simple_state(self.rng)
        renamed = {name.replace("net.2.", "one.").replace("net.4.", "two."): value for name, value in state.items()}
        source, config = self.file(renamed), self.config(SIMPLE % "")
        self.refuses("blocks.0.conv can be one or two, and 1 other layers can be several too; say which with --names FILE",
                     *self.options(source, config))
        names = self.scratch / "names.yaml"
        self.converts(*self.options(source, config, "--write-names", names))
        self.assertIn("blocks.0.conv:  # 6x6x3x3: one, two\n", names.read_text())
        self.assertFalse((self.scratch / "out").exists())
        self.refuses("names.yaml: exists already", *self.options(source, config, "--write-names", names))
        names.write_text("# swapped\nblocks.0.conv: two\n'blocks.1.conv': one  # and this\n")
        printed = self.converts(*self.options(source, config, "--names", names))
        self.assertIn("layers were found by the names given, the others by their shapes", printed)
        np.testing.assert_array_equal(pcnn.load(self.scratch / "out").parameters()["blocks.0.conv.bias"], state["net.4.bias"])

    def test_are_refused_with_the_names_that_are_wrong(self):
        source, config = self.file(simple_state(self.rng)), self.config(SIMPLE % "")
        for text, part in (("input net.0", "names.yaml:1: found 'input net.0', accepted: ours: theirs"),
                           ("inputs: net.0", "the network has no layer inputs, accepted: input, "),
                           ("input: net.1", "input: net.1: there is no such layer, accepted: net.0"),
                           ("input: net.2", "input: net.2 is 6x6x3x3, the network needs 6x1x5x5")):
            (self.scratch / "names.yaml").write_text(text)
            self.refuses(part, *self.options(source, config, "--names", self.scratch / "names.yaml"))

    def test_are_refused_where_the_config_is_of_another_network(self):
        source = self.file(simple_state(self.rng))
        self.refuses("no layer can be logits (4x6x1x1), accepted: a config of the network in it; its layers are "
                     "net.0 (6x1x5x5), net.2 (6x6x3x3), net.4 (6x6x3x3), net.6 (1x6x1x1)",
                     *self.options(source, self.config(SIMPLE % ", head: softmax, levels: 4")))
        self.refuses("4 layers are left for 3 of the config's network", *self.options(source, self.config(
            SIMPLE.replace("repeat: 2", "repeat: 1") % "")))

    def test_are_never_written_over_anything(self):
        (self.scratch / "out").mkdir()
        self.refuses("out: exists already", *self.options(self.file(simple_state(self.rng)), self.config(SIMPLE % "")))

    def test_are_refused_where_their_own_masks_let_more_through(self):
        state = simple_state(self.rng)
        state["net.2.mask"] = np.ones((6, 6, 3, 3), np.float32)
        self.refuses("net.2: its own mask lets 144 weights through that pcnn's mask B hides (blocks.0.conv)",
                     *self.options(self.file(state), self.config(SIMPLE % "")))

    def test_are_masked_by_their_own_masks(self):
        state = simple_state(self.rng)
        state["net.2.mask"] = np.zeros((1, 1, 3, 3), np.float32)
        state["net.2.mask"][:, :, 0] = 1.0
        self.converts(*self.options(self.file(state), self.config(SIMPLE % "")))
        weight = pcnn.load(self.scratch / "out").parameters()["blocks.0.conv.weight"]
        np.testing.assert_array_equal(weight[:, :, 0], state["net.2.weight"][:, :, 0])
        self.assertEqual(float(np.abs(weight[:, :, 1:]).max()), 0.0)

    def test_are_refused_where_a_tensor_is_of_no_layer(self):
        state = simple_state(self.rng)
        state["scale"] = np.ones(3, np.float32)
        self.refuses("scale is no weight, bias or mask of a layer", *self.options(self.file(state), self.config(SIMPLE % "")))

    def test_are_compared_with_what_comes_out_of_them(self):
        source, config = self.file(simple_state(self.rng)), self.config(SIMPLE % "")
        self.converts(*self.options(source, config))
        x = self.rng.integers(0, 2, (3, 1, 6, 5))
        logits = pcnn.load(self.scratch / "out").logits(x)
        images = self.saved("x.npy", x)
        for outputs in (logits, logits.transpose(0, 2, 3, 1), 1.0 / (1.0 + np.exp(-logits))):
            self.scratch = self.folder()
            printed = self.converts(*self.options(source, config, "--check", images, self.saved("y.npy", outputs)))
            self.assertIn(" of 3 images differ by at most ", printed)
        self.scratch = self.folder()
        code, printed = call(*self.options(source, config, "--check", images, self.saved("y.npy", logits + 1.0)))
        self.assertEqual(code, 1)
        self.assertIn(" of 3 images differ by up to ", printed)
        self.assertFalse((self.scratch / "out").exists())

    def test_are_compared_under_their_condition(self):
        made = self.made("gated_classes")
        images, outputs = self.saved("x.npy", made.levels), self.saved("y.npy", made.engine()[1])
        options = ("--from", "torch", self.file(made.tensors), "--config", made.config, "--image", "1x6x5", "--output")
        told = self.saved("classes.npy", made.told["classes"])
        printed = self.converts(*options, self.scratch / "out", "--check", images, outputs, "--told", told)
        self.assertIn("verified: logits of 4 images differ by at most", printed)
        self.refuses("--told: accepted: with --check alone", *options, self.scratch / "other", "--told", told)
        self.refuses("is told the class of an image", *options, self.scratch / "other", "--check", images, outputs)

    def test_say_what_else_they_read(self):
        """Values of 0 to 1, where pcnn reads -1 to 1, through an embedding."""
        source = self.file(simple_state(self.rng, levels=4))
        config = self.config(SIMPLE % ", head: softmax, levels: 4")
        self.refuses("the network reads 0 to 1, pcnn -1 to 1, accepted: model.input.embedding=1",
                     *self.options(source, config, "--values", "0,1"))
        self.converts(*self.options(source, config, "--values", "0,1", "model.input.embedding=1"))
        table = pcnn.load(self.scratch / "out").parameters()["input.embedding.weight"]
        np.testing.assert_allclose(table[:, 0], [0.0, 1 / 3, 2 / 3, 1.0], rtol=1e-6)


class Matching(unittest.TestCase):
    def test_takes_a_kernel_as_the_middle_of_a_larger_one(self):
        self.assertTrue(matching.fits((6, 1, 1, 3), (6, 1, 3, 3)))
        for shape in ((6, 1, 3, 5), (5, 1, 3, 3), (6, 1, 2, 2), (6, 3)):
            self.assertFalse(matching.fits(shape, (6, 1, 3, 3)), shape)


if __name__ == "__main__":
    support.main()
