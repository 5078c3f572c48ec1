"""Networks written as tutorials write them, with nothing of pcnn in them, compute the same once pcnn-convert has made models
of them.

foreign_networks_test.py BIN PACKAGE    see support.py; what needs PyTorch or h5py is skipped where they are missing
"""

import io
import json
import unittest
import zipfile

import numpy as np
import support
from converting import SIMPLE, Foreign, has, needs_torch


@needs_torch
class NetworksOfPyTorch(Foreign):
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


if __name__ == "__main__":
    support.main()
