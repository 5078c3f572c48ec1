"""A network of pcnn as a torch.nn.Module: the same parameters under the same names, the same logits.

    from pcnn import torch_model
    model = torch_model.load("runs/mnist")       # or a checkpoint, .safetensors
    z = model(levels)                            # integers [image][channel][row][column] -> logits
    nats = model.nats(levels)                    # of each image
    torch.save(model.state_dict(), "state.pt")   # pcnn-convert --from torch reads it back

Masks are applied to the weights in every forward pass, so that the network can be trained here and never sees what it is
to predict. Dropout is applied in training mode alone. Logits equal the engine's to 1e-5 of the largest one.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from . import graph as graphs
from .errors import InputError


def load(run_or_checkpoint: str | os.PathLike[str]) -> PixelCNN:
    """The model of a run directory, or of a checkpoint, in evaluation mode."""
    return build(*graphs.load(run_or_checkpoint)).eval()


def build(graph: graphs.Graph, tensors: dict[str, Any] | None = None) -> PixelCNN:
    """graph: as Model.graph() gives it. tensors: arrays by the names of parameters; None leaves all parameters 0."""
    return PixelCNN(graph, tensors)


class PixelCNN(torch.nn.Module):
    """Levels are integers below `levels`, [image][channel][row][column], of any height and width."""

    def __init__(self, graph: graphs.Graph, tensors: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.graph = graph
        self.levels = graph["head"]["levels"]
        self._nodes = graphs.needed(graph)
        for parameter in graph["parameters"]:
            values = torch.zeros(parameter["shape"])
            if tensors is not None:
                values = torch.from_numpy(np.array(tensors[parameter["name"]], np.float32)).reshape(parameter["shape"])
            path, leaf = parameter["name"].rsplit(".", 1)
            owner = self._module(path)
            owner.register_parameter(leaf, torch.nn.Parameter(values))
            mask = graphs.live(parameter)
            if mask is not None:
                owner.register_buffer(leaf + "_mask", torch.from_numpy(mask), persistent=False)

    def _module(self, path):
        """The submodule of this dotted name, made where it is not there."""
        module = self
        for name in path.split("."):
            if name not in module._modules:
                module.add_module(name, torch.nn.Module())
            module = module._modules[name]
        return module

    def parameter(self, name: str) -> torch.Tensor:
        """A parameter as the network computes with it: what its mask hides is 0."""
        path, leaf = name.rsplit(".", 1)
        owner = self.get_submodule(path)
        mask = getattr(owner, leaf + "_mask", None)
        return getattr(owner, leaf) if mask is None else getattr(owner, leaf) * mask

    def values(self, levels: torch.Tensor) -> torch.Tensor:
        """What the network reads at pixels of these levels."""
        head = self.graph["head"]
        step = (head["last_value"] - head["first_value"]) / (self.levels - 1)
        return head["first_value"] + step * levels.to(next(self.parameters()).dtype)

    def forward(self, levels: torch.Tensor, *, classes: torch.Tensor | None = None, vector: torch.Tensor | None = None,
                maps: torch.Tensor | None = None) -> torch.Tensor:
        """Logits, [image][logit][row][column]; docs/models.md says what they mean.

        Where the network has a condition it is told one of classes (integers [image]), vector (numbers [image][number])
        and maps (numbers [image][map][row][column]).
        """
        self._check(levels, classes=classes, vector=vector, maps=maps)
        given = {"levels": levels, "classes": classes, "vector": vector, "maps": maps}
        results = {}
        for node in self._nodes:
            compute = getattr(self, "_" + node["kind"])
            results[node["name"]] = compute(node, [results[name] for name in node["inputs"]], given)
        return results[self.graph["logits"]]

    def _check(self, levels, **given):
        channels = self.graph["image"]["channels"]
        if levels.is_floating_point() or levels.dim() != 4 or levels.shape[1] != channels:
            raise InputError(f"levels: found {levels.dtype} of {tuple(levels.shape)}, accepted: integers "
                               f"[image][{channels}][row][column]")
        if levels.numel() and not 0 <= int(levels.min()) <= int(levels.max()) < self.levels:
            raise InputError(f"levels: found {int(levels.min())} to {int(levels.max())}, accepted: 0 to {self.levels - 1}")
        wanted = {"classes": "classes", "vector": "vector", "maps": "maps"}.get(next(iter(self.graph["condition"] or {}), ""))
        for name, value in given.items():
            if (value is not None) != (name == wanted):
                raise InputError(f"{name}: " + (f"given, the network is told {wanted or 'nothing'}" if value is not None
                                                  else "not given, the network is told them"))

    # One method for each kind of node: (node, inputs, given) -> maps.

    def _image(self, node, inputs, given):
        return self.values(given["levels"])

    def _given_maps(self, node, inputs, given):
        return given["maps"]

    def _embedding(self, node, inputs, given):
        table = self.parameter(node["table"])  # [level][channel and map]
        each = node["channels"] // given["levels"].shape[1]
        parts = [F.embedding(given["levels"][:, c].long(), table[:, c * each:(c + 1) * each])
                 for c in range(given["levels"].shape[1])]
        return torch.cat(parts, dim=3).permute(0, 3, 1, 2)

    def _masked_conv(self, node, inputs, given):
        padding = [d * (k // 2) for d, k in zip(node["dilation"], node["kernel"])]
        return F.conv2d(inputs[0], self.parameter(node["weight"]), self.parameter(node["bias"]), padding=padding,
                        dilation=node["dilation"])

    def _activation(self, node, inputs, given):
        x, slope = inputs[0], node.get("slope")
        return {"relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "elu": lambda x: F.elu(x, slope),
                "leaky_relu": lambda x: F.leaky_relu(x, slope)}[node["function"]](x)

    def _add(self, node, inputs, given):
        return inputs[0] + inputs[1]

    def _dropout(self, node, inputs, given):
        return F.dropout(inputs[0], node["rate"], self.training)

    def _grouped(self, x, *parts):
        """[image][group][...parts][map][...]: the maps of each channel group on their own."""
        return x.unflatten(1, (self.graph["groups"], *parts, -1))

    def _concatenation(self, node, inputs, given):
        return torch.cat([self._grouped(x) for x in inputs], dim=2).flatten(1, 2)

    def _gate(self, node, inputs, given):
        a, b = self._grouped(inputs[0], 2).unbind(2)
        return (torch.tanh(a) * torch.sigmoid(b)).flatten(1, 2)

    def _class_vector(self, node, inputs, given):
        return inputs[0] + F.embedding(given["classes"].long(), self.parameter(node["table"]))[:, :, None, None]

    def _number_vector(self, node, inputs, given):
        return inputs[0] + (given["vector"] @ self.parameter(node["table"]))[:, :, None, None]

    def _positions(self, node, inputs, given):
        images, _, rows, columns = given["levels"].shape
        like = next(self.parameters())

        def places(count):
            return torch.linspace(-0.5, 0.5, count).to(like) if count > 1 else like.new_zeros(1)

        pair = torch.stack([places(rows)[:, None].expand(rows, columns), places(columns)[None, :].expand(rows, columns)])
        return pair.repeat(self.graph["groups"], 1, 1).expand(images, -1, -1, -1)

    def _attention(self, node, inputs, given):
        query, key, value = (x.flatten(2).unflatten(1, (node["heads"], -1)) for x in inputs)  # [image][head][map][pixel]
        pixels = query.shape[-1]
        earlier = torch.ones(pixels, pixels, dtype=torch.bool, device=query.device).tril(-1)
        earlier[0, 0] = True  # the first pixel has none before it: whatever it finds is made 0 below
        scores = (query.transpose(2, 3) @ key * node["scale"]).masked_fill(~earlier, -torch.inf)
        found = value @ torch.softmax(scores, dim=3).transpose(2, 3)
        found = found * (torch.arange(pixels, device=found.device) > 0)
        return found.flatten(1, 2).reshape(inputs[2].shape)

    def _lstm(self, node, inputs, given):
        states = {"rows": self._row_lstm, "diagonal": self._diagonal_lstm,
                  "diagonal_back": lambda node, x: self._diagonal_lstm(node, x.flip(3)).flip(3)}[node["path"]]
        result = states(node, inputs[0])
        down = node["down"]
        return F.pad(result, (0, 0, down, 0))[:, :, :result.shape[2]] if down else result

    def _cell(self, node, a, cell):
        """(result, cell) from the gates a, [image][4 maps][place], and the cell before."""
        i, f, g, o = (part.flatten(1, 2) for part in self._grouped(a, 4).unbind(2))
        cell = torch.sigmoid(f + node["forget_offset"]) * cell + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(cell), cell

    def _row_lstm(self, node, gates):
        weight = self.parameter(node["weight"])[:, :, 0]  # [4 maps][map][state]
        state = cell = gates.new_zeros(len(gates), weight.shape[1], gates.shape[3])
        rows = []
        for row in gates.unbind(2):
            state, cell = self._cell(node, row + F.conv1d(state, weight, padding=weight.shape[2] // 2), cell)
            rows.append(state)
        return torch.stack(rows, dim=2)

    def _diagonal_lstm(self, node, gates):
        images, _, rows, columns = gates.shape
        weight = self.parameter(node["weight"])[:, :, 0]  # of the states beside and above
        weight = weight.flip(2)  # of rows: the one above, its own
        skewed = _skewed(gates)
        inside = _skewed(gates.new_ones(1, 1, rows, columns))
        state = cell = gates.new_zeros(images, weight.shape[1], rows)
        diagonals = []
        for diagonal, is_inside in zip(skewed.unbind(3), inside.unbind(3)):
            a = diagonal + F.conv1d(F.pad(state, (1, 0)), weight)
            state, cell = self._cell(node, a, cell)
            state, cell = state * is_inside, cell * is_inside
            diagonals.append(state)
        return _straightened(torch.stack(diagonals, dim=3), columns)

    def nats(self, levels: torch.Tensor, **given: torch.Tensor) -> torch.Tensor:
        """Negative log-likelihood of each image, in nats, summed over its dimensions."""
        z = self(levels, **given)
        head = {"bernoulli": _bernoulli_nats, "softmax": _softmax_nats, "logistic_mixture": _mixture_nats}
        return head[self.graph["head"]["kind"]](self, z, levels).flatten(1).sum(1)


def _skewed(x):
    """Row r moved r columns to the right, [..][row][row + column]; 0 elsewhere."""
    rows, columns = x.shape[2:]
    return F.pad(x, (0, rows)).flatten(2)[..., :-rows].unflatten(2, (rows, columns + rows - 1))


def _straightened(x, columns):
    """What _skewed() has moved, back in its place."""
    rows = x.shape[2]
    return F.pad(x.flatten(2), (0, rows)).unflatten(2, (rows, columns + rows))[..., :columns]


def _bernoulli_nats(model, z, levels):
    return F.softplus(z) - z * levels


def _softmax_nats(model, z, levels):
    return F.cross_entropy(z.unflatten(1, (levels.shape[1], -1)).transpose(1, 2), levels.long(), reduction="none")


def _mixture_nats(model, z, levels):
    """The formulas of docs/models.md: lines of weights, of each channel means and log scales, then coefficients."""
    head, x, channels = model.graph["head"], model.values(levels), levels.shape[1]
    forecast = z[:, -channels:] if head["forecast"] else torch.zeros_like(x)
    lines = (z[:, :-channels] if head["forecast"] else z).unflatten(1, (-1, head["mixtures"]))
    half, rest = 1.0 / (head["levels"] - 1), x - forecast
    total = F.log_softmax(lines[:, 0], dim=1)
    for c in range(channels):
        mean, log_scale = lines[:, 1 + 2 * c] + forecast[:, c:c + 1], lines[:, 2 + 2 * c]
        for j in range(c):
            coefficient = torch.tanh(lines[:, 1 + 2 * channels + c * (c - 1) // 2 + j])
            mean = mean + coefficient * rest[:, j:j + 1]
        scale = log_scale.clamp(min=head["least_log_scale"]).exp()
        own, level = x[:, c:c + 1], levels[:, c:c + 1]
        below, above = F.logsigmoid((own + half - mean) / scale), F.logsigmoid((mean - own + half) / scale)
        between = torch.log(-torch.expm1(-2.0 * half / scale))
        total = total + torch.where(level == head["levels"] - 1, 0.0, below) + torch.where(level == 0, 0.0, above) \
            + torch.where((level == 0) | (level == head["levels"] - 1), 0.0, between)
    return -torch.logsumexp(total, dim=1)
