"""pcnn-convert makes models of networks trained elsewhere, and refuses what pcnn computes differently.

convert_test.py BIN PACKAGE    see support.py; what needs torch, h5py or Keras is skipped where they are missing
"""

import contextlib
import importlib.util
import io
import json
import unittest
import zipfile

import made_model
import numpy as np
import pcnn
import support
from pcnn import convert, matching, tensor_file


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
        self.assertIn("zeroed: 19 weights behind masks that were not 0, in input.weight (18), blocks.2.conv.weight (1)", printed)
        self.same_parameters(self.scratch / "out.safetensors", made.tensors)


SIMPLE = "{input: {kernel: 5, filters: 6}, blocks: {kind: masked_conv, repeat: 2, kernel: 3, filters: 6}, output: {filters: []}%s}"


def simple_state(rng, levels=1, bias=True):
    """Convolutions in a row, called after their numbers, as torch.nn.Sequential does."""
    shapes = [(6, 1, 5, 5), (6, 6, 3, 3), (6, 6, 3, 3), (levels, 6, 1, 1)]
    state = {}
    for number, shape in enumerate(shapes):
        state[f"net.{2 * number}.weight"] = rng.normal(0.0, 0.3, shape).astype(np.float32)
        if bias:
            state[f"net.{2 * number}.bias"] = rng.normal(0.0, 0.3, shape[0]).astype(np.float32)
    return state


class Foreign(Converting):
    def setUp(self):
        super().setUp()
        self.rng = np.random.default_rng(1)

    def options(self, source, config, *more, kind="torch"):
        return ("--from", kind, source, "--config", config, "--image", "1x6x5", "--output", self.scratch / "out", *more)


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
        self.refuses("no layer can be logits (4x6x1x1), accepted: a config of the network in it; its layers are net.0 (6x1x5x5), "
                     "net.2 (6x6x3x3), net.4 (6x6x3x3), net.6 (1x6x1x1)",
                     *self.options(source, self.config(SIMPLE % ", head: softmax, levels: 4")))
        self.refuses("4 layers are left for 3 of the config's network", *self.options(source, self.config(
            SIMPLE.replace("repeat: 2", "repeat: 1") % "")))

    def test_are_never_written_over_anything(self):
        (self.scratch / "out").mkdir()
        self.refuses("out: exists already", *self.options(self.file(simple_state(self.rng)), self.config(SIMPLE % "")))

    def test_are_refused_where_their_own_masks_let_more_through(self):
        state = simple_state(self.rng)
        state["net.2.mask"] = np.ones((6, 6, 3, 3), np.float32)
        self.refuses("net.2: its own mask lets 144 weights through that pcnn's mask B of 1 channel groups hides (blocks.0.conv)",
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
        printed = self.converts(*options, self.scratch / "out", "--check", images, outputs,
                                self.saved("classes.npy", made.told["classes"]))
        self.assertIn("verified: logits of 4 images differ by at most", printed)
        self.refuses("--check: found 1 files", *options, self.scratch / "other", "--check", images)
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


@needs_torch
class NetworksOfPyTorch(Foreign):
    """Networks written as tutorials write them, with nothing of pcnn in them."""

    def test_with_batch_normalisations_give_the_same_logits(self):
        import torch
        from torch import nn

        class Masked(nn.Conv2d):
            def __init__(self, kind, *arguments, **settings):
                super().__init__(*arguments, **settings)
                self.register_buffer("mask", torch.ones_like(self.weight))
                middle = self.kernel_size[0] // 2
                self.mask[:, :, middle, middle + (kind == "B"):] = 0
                self.mask[:, :, middle + 1:] = 0

            def forward(self, x):
                self.weight.data *= self.mask
                return super().forward(x)

        torch.manual_seed(1)
        layers = [Masked("A", 1, 6, 5, 1, 2, bias=False), nn.BatchNorm2d(6), nn.ReLU()]
        for _ in range(2):
            layers += [Masked("B", 6, 6, 3, 1, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU()]
        net = nn.Sequential(*layers, nn.Conv2d(6, 8, 1))
        x = torch.randint(0, 8, (64, 1, 6, 5))
        for _ in range(3):  # statistics to normalise by
            net(x / 7.0)
        outputs = net.eval()(x / 7.0).detach().numpy()
        torch.save(net.state_dict(), self.scratch / "state.pt")
        printed = self.converts(*self.options(
            self.scratch / "state.pt", self.config(SIMPLE % ", head: softmax, levels: 8"), "model.input.embedding=1", "--values",
            "0,1", "--check", self.saved("x.npy", x.numpy()), self.saved("y.npy", outputs)))
        self.assertIn("3 batch normalisations are part of the convolutions before them now", printed)
        self.assertIn("3 masks of the file's own hide what pcnn's do", printed)
        self.assertIn("verified: logits of 64 images differ by at most", printed)

    def gated(self):
        """The gated network of UvA's tutorial: its names, its arithmetic."""
        import torch
        from torch import nn

        class Stack(nn.Module):
            def __init__(self, maps, filters, mask, dilation=1):
                super().__init__()
                self.register_buffer("mask", mask[None, None])
                self.conv = nn.Conv2d(maps, filters, mask.shape, dilation=dilation,
                                      padding=[dilation * (side // 2) for side in mask.shape])

            def forward(self, x):
                return nn.functional.conv2d(x, self.conv.weight * self.mask, self.conv.bias, padding=self.conv.padding,
                                            dilation=self.conv.dilation)

        def vertical(centre):
            mask = torch.ones(3, 3)
            mask[2:] = 0
            mask[1] = centre
            return mask

        def horizontal(centre):
            return torch.tensor([[1.0, centre, 0.0]])

        def gate(x):
            a, b = x.chunk(2, dim=1)
            return torch.tanh(a) * torch.sigmoid(b)

        class Gated(nn.Module):
            def __init__(self, maps, dilation):
                super().__init__()
                self.conv_vert = Stack(maps, 2 * maps, vertical(1.0), dilation)
                self.conv_horiz = Stack(maps, 2 * maps, horizontal(1.0), dilation)
                self.conv_vert_to_horiz = nn.Conv2d(2 * maps, 2 * maps, 1)
                self.conv_horiz_1x1 = nn.Conv2d(maps, maps, 1)

            def forward(self, v, h):
                above = self.conv_vert(v)
                row = gate(self.conv_horiz(h) + self.conv_vert_to_horiz(above))
                return gate(above), h + self.conv_horiz_1x1(row)

        class Net(nn.Module):
            def __init__(self, maps=6, levels=8):
                super().__init__()
                self.levels = levels
                self.conv_vstack, self.conv_hstack = Stack(1, maps, vertical(0.0)), Stack(1, maps, horizontal(0.0))
                self.conv_layers = nn.ModuleList([Gated(maps, 1), Gated(maps, 2)])
                self.conv_out = nn.Conv2d(maps, levels, 1)

            def forward(self, levels):
                x = levels.float() / (self.levels - 1) * 2 - 1
                v, h = self.conv_vstack(x), self.conv_hstack(x)
                for layer in self.conv_layers:
                    v, h = layer(v, h)
                out = self.conv_out(nn.functional.elu(h))
                return out.reshape(len(out), self.levels, 1, *out.shape[2:])

        torch.manual_seed(1)
        net = Net()
        x = torch.randint(0, 8, (5, 1, 6, 5))
        torch.save({"state_dict": net.state_dict()}, self.scratch / "gated.ckpt")
        return self.scratch / "gated.ckpt", x.numpy(), net(x).detach().numpy()

    GATED = ("{activation: elu, input: {kernel: 3, filters: 6, activation: %s}, blocks: [{kind: gated, filters: 6}, {kind: gated, "
             "filters: 6, dilation: 2}], output: {filters: []}, head: softmax, levels: 8}")

    def test_gated_as_uva_has_them_give_the_same_logits(self):
        source, x, outputs = self.gated()
        printed = self.converts(*self.options(source, self.config(self.GATED % "false"), "--check", self.saved("x.npy", x),
                                              self.saved("y.npy", outputs)))
        self.assertIn("by the names of UvA's gated PixelCNN", printed)
        self.assertIn("input: kernels of 1x3 lie in the middle of ones of 3x3", printed)
        self.assertIn("verified: logits of 5 images differ by at most", printed)

    def test_gated_are_refused_where_the_config_has_other_arithmetic(self):
        source, _, _ = self.gated()
        config = self.config(self.GATED % "true")
        self.refuses("reads the input's convolutions without an activation, accepted: model.input.activation=false",
                     *self.options(source, config))
        self.refuses("accepted: model.activation=elu model.output.filters=[]",
                     *self.options(source, config, "model.input.activation=false", "model.activation=relu"))

    def test_in_a_pickle_of_more_than_tensors_are_refused(self):
        import torch
        torch.save({"model": print}, self.scratch / "whole.pt")
        self.refuses("whole.pt: cannot be read, accepted: what torch.save(model.state_dict(), ...) writes",
                     *self.options(self.scratch / "whole.pt", self.config(SIMPLE % "")))


TUTORIAL = ("{input: {kernel: 7, filters: 8}, blocks: {repeat: 2, filters: 4, reduce: 8}, output: {filters: [8, 8]}}")


def conv(x, kernel, bias):
    """Keras' Conv2D with padding "same": x and the result [image][row][column][map], kernel rows x columns x in x out."""
    rows, columns = kernel.shape[:2]
    padded = np.pad(x, [(0, 0), (rows // 2,) * 2, (columns // 2,) * 2, (0, 0)])
    return bias + sum(padded[:, r:r + x.shape[1], c:c + x.shape[2]] @ kernel[r, c] for r in range(rows) for c in range(columns))


@unittest.skipUnless(has("h5py"), "python3 has no h5py")
class NetworksOfKeras(Foreign):
    """Files in the layout of Keras 3, and the tutorial's network computed in NumPy as Keras computes it."""

    def tutorial(self, activation="relu"):
        import h5py

        arrays, places = {}, []

        def layer(place, kernel, maps, filters, kind=None):
            values = self.rng.normal(0.0, 0.4, (kernel, kernel, maps, filters)).astype(np.float32)
            if kind:
                values[kernel // 2, kernel // 2 + (kind == "B"):] = 0.0
                values[kernel // 2 + 1:] = 0.0
            arrays[place] = values, self.rng.normal(0.0, 0.2, filters).astype(np.float32)
            places.append(place)
            return lambda x: conv(x, *arrays[place])

        x = self.rng.integers(0, 2, (4, 6, 5, 1))
        h = np.maximum(layer("pixel_conv_layer/conv", 7, 1, 8, "A")(x.astype(np.float32)), 0.0)
        for block in ("residual_block", "residual_block_1"):
            a = np.maximum(layer(f"{block}/conv1", 1, 8, 8)(h), 0.0)
            a = np.maximum(layer(f"{block}/pixel_conv/conv", 3, 8, 4, "B")(a), 0.0)
            h = h + np.maximum(layer(f"{block}/conv2", 1, 4, 8)(a), 0.0)
        for number in (1, 2):
            h = np.maximum(layer(f"pixel_conv_layer_{number}/conv", 1, 8, 8, "B")(h), 0.0)
        outputs = 1.0 / (1.0 + np.exp(-layer("conv2d", 1, 8, 1)(h)))

        weights = io.BytesIO()
        with h5py.File(weights, "w") as file:
            for place in sorted(places):
                for number, values in enumerate(arrays[place]):
                    file[f"layers/{place}/vars/{number}"] = values
        layers = [{"class_name": "PixelConvLayer", "config": {"name": "pixel_conv_layer", "kernel_size": 7, "padding": "same",
                                                              "activation": activation}},
                  {"class_name": "Conv2D", "config": {"name": "conv2d", "kernel_size": [1, 1], "strides": [1, 1],
                                                      "padding": "valid", "activation": "sigmoid"}}]
        path = self.scratch / "tutorial.keras"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", json.dumps({"class_name": "Functional", "config": {"layers": layers}}))
            archive.writestr("model.weights.h5", weights.getvalue())
        return path, x.transpose(0, 3, 1, 2), outputs

    def test_of_the_tutorial_give_the_same_probabilities(self):
        source, x, outputs = self.tutorial()
        printed = self.converts(*self.options(source, self.config(TUTORIAL), "--check", self.saved("x.npy", x),
                                              self.saved("y.npy", outputs), kind="keras"))
        self.assertIn("kernels are turned from rows x columns x in x out", printed)
        self.assertIn("verified: probabilities of 4 images differ by at most", printed)
        self.assertNotIn("zeroed", printed)

    def test_are_refused_where_activations_differ(self):
        source, _, _ = self.tutorial("tanh")
        self.refuses("its activations are tanh, accepted: model.activation: relu of the config alone",
                     *self.options(source, self.config(TUTORIAL), kind="keras"))

    def test_are_refused_where_it_is_no_model(self):
        (self.scratch / "none.keras").write_bytes(b"PK nothing")
        self.refuses("none.keras: no model of Keras 3 (.keras, .weights.h5)",
                     *self.options(self.scratch / "none.keras", self.config(TUTORIAL), kind="keras"))


class Matching(unittest.TestCase):
    def test_takes_a_kernel_as_the_middle_of_a_larger_one(self):
        self.assertTrue(matching.fits((6, 1, 1, 3), (6, 1, 3, 3)))
        for shape in ((6, 1, 3, 5), (5, 1, 3, 3), (6, 1, 2, 2), (6, 3)):
            self.assertFalse(matching.fits(shape, (6, 1, 3, 3)), shape)


if __name__ == "__main__":
    support.main()
