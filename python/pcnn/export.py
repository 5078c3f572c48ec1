"""pcnn-export: a trained network as an ONNX model, from levels of images to logits.

The file needs opset 17 and no operators but ONNX's own. Weights behind masks are 0 in it, the coding of levels is inside,
the number of images is free; rows and columns are those of the run. LSTMs are Scans over rows or diagonals.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import Any

import numpy as np

from . import graph as graphs
from .errors import Error, InputError

OPSET = 17
IR_VERSION = 8  # that came with it


def to_onnx(graph: graphs.Graph, tensors: dict[str, Any]) -> Any:
    """An onnx.ModelProto of the graph with these parameters, checked by onnx.checker.

    Inputs: "levels", int64 [images][channels][rows][columns]; and where the network is told something "classes", int64
    [images], "vector", float [images][numbers], or "maps", float [images][maps][rows][columns]. Output: "logits", float
    [images][logits][rows][columns].
    """
    try:
        import onnx
    except ImportError:
        raise InputError("python3 has no onnx, accepted: pip install onnx") from None
    model = _Writer(onnx, graph, tensors).model()
    onnx.checker.check_model(model, full_check=True)
    return model


class _Body:
    """Nodes of an ONNX graph in the making; constants go to the outermost one."""

    def __init__(self, onnx, prefix, constants):
        self.onnx, self.prefix, self.constants, self.nodes = onnx, prefix, constants, []

    def op(self, kind, *inputs, outputs=1, **attributes):
        """The name of what the operator makes, or a list of names. Inputs are names or constants."""
        names = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        made = [f"{self.prefix}{kind}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(self.onnx.helper.make_node(kind, names, made, **attributes))
        return made if outputs > 1 else made[0]

    def constant(self, value):
        value = np.asarray(value)
        if value.dtype == np.float64:
            value = value.astype(np.float32)
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self.constants:
            self.constants[key] = self.onnx.numpy_helper.from_array(np.ascontiguousarray(value), f"constant_{len(self.constants)}")
        return self.constants[key].name

    def reshaped(self, x, *shape):
        """0 keeps an extent, -1 is what is left."""
        return self.op("Reshape", x, np.array(shape, np.int64))

    def part(self, x, axis, begin, end):
        return self.op("Slice", x, *(np.array([v], np.int64) for v in (begin, end, axis)))

    def padded(self, x, *pads):
        """pads: before each axis, then behind each."""
        return self.op("Pad", x, np.array(pads, np.int64), np.float32(0.0))


class _Writer:
    def __init__(self, onnx, graph, tensors):
        self.onnx, self.graph, self.constants = onnx, graph, {}
        self.body = _Body(onnx, "", self.constants)
        self.shape = tuple(graph["image"][side] for side in ("channels", "rows", "columns"))
        self.tensors = {}
        for parameter in graph["parameters"]:
            mask = graphs.live(parameter)
            values = np.asarray(tensors[parameter["name"]], np.float32).reshape(parameter["shape"])
            self.tensors[parameter["name"]] = values if mask is None else np.where(mask, values, np.float32(0.0))
        self.channels = {node["name"]: node["channels"] for node in graph["nodes"]}

    def model(self):
        maps = {}
        for node in graphs.needed(self.graph):
            maps[node["name"]] = getattr(self, "_" + node["kind"])(node, [maps[name] for name in node["inputs"]])
        self.body.nodes.append(self.onnx.helper.make_node("Identity", [maps[self.graph["logits"]]], ["logits"]))
        types, info = self.onnx.TensorProto, self.onnx.helper.make_tensor_value_info
        _, rows, columns = self.shape
        inputs = [info("levels", types.INT64, ["images", *self.shape])]
        condition = self.graph["condition"] or {}
        if "classes" in condition:
            inputs.append(info("classes", types.INT64, ["images"]))
        if "vector" in condition:
            inputs.append(info("vector", types.FLOAT, ["images", condition["vector"]]))
        if "maps" in condition:
            inputs.append(info("maps", types.FLOAT, ["images", condition["maps"], rows, columns]))
        output = info("logits", types.FLOAT, ["images", self.channels[self.graph["logits"]], rows, columns])
        graph = self.onnx.helper.make_graph(self.body.nodes, "pcnn", inputs, [output], list(self.constants.values()))
        model = self.onnx.helper.make_model(graph, producer_name="pcnn", ir_version=IR_VERSION,
                                            opset_imports=[self.onnx.helper.make_opsetid("", OPSET)])
        head = self.graph["head"]
        self.onnx.helper.set_model_props(model, {"head": head["kind"], "levels": str(head["levels"]),
                                                 "channels": str(self.shape[0])})
        return model

    # One method for each kind of node: (node, names of its inputs) -> the name of its maps.

    def _image(self, node, inputs):
        head = self.graph["head"]
        step = np.float32((head["last_value"] - head["first_value"]) / (head["levels"] - 1))
        levels = self.body.op("Cast", "levels", to=self.onnx.TensorProto.FLOAT)
        return self.body.op("Add", self.body.op("Mul", levels, step), np.float32(head["first_value"]))

    def _given_maps(self, node, inputs):
        return "maps"

    def _embedding(self, node, inputs):
        table, channels = self.tensors[node["table"]], self.shape[0]
        each, parts = node["channels"] // channels, []
        for c in range(channels):
            levels = self.body.op("Squeeze", self.body.part("levels", 1, c, c + 1), np.array([1], np.int64))
            found = self.body.op("Gather", table[:, c * each:(c + 1) * each], levels)
            parts.append(self.body.op("Transpose", found, perm=[0, 3, 1, 2]))
        return self.body.op("Concat", *parts, axis=1) if channels > 1 else parts[0]

    def _masked_conv(self, node, inputs):
        pads = [d * (k // 2) for d, k in zip(node["dilation"], node["kernel"])]
        return self.body.op("Conv", inputs[0], self.tensors[node["weight"]], self.tensors[node["bias"]],
                            kernel_shape=node["kernel"], dilations=node["dilation"], pads=pads + pads)

    def _activation(self, node, inputs):
        kind = {"relu": "Relu", "leaky_relu": "LeakyRelu", "elu": "Elu", "tanh": "Tanh", "sigmoid": "Sigmoid"}[node["function"]]
        return self.body.op(kind, inputs[0], **({"alpha": node["slope"]} if "slope" in node else {}))

    def _add(self, node, inputs):
        return self.body.op("Add", *inputs)

    def _dropout(self, node, inputs):
        return inputs[0]

    def _concatenation(self, node, inputs):
        groups, (_, rows, columns) = self.graph["groups"], self.shape
        split = [self.body.reshaped(x, 0, groups, -1, rows, columns) for x in inputs]
        return self.body.reshaped(self.body.op("Concat", *split, axis=2), 0, -1, rows, columns)

    def _gate(self, node, inputs):
        groups, (_, rows, columns) = self.graph["groups"], self.shape
        halves = self.body.reshaped(inputs[0], 0, groups, -1, rows, columns)
        a, b = self.body.op("Split", halves, outputs=2, axis=2)
        product = self.body.op("Mul", self.body.op("Tanh", a), self.body.op("Sigmoid", b))
        return self.body.reshaped(product, 0, -1, rows, columns)

    def _class_vector(self, node, inputs):
        vector = self.body.op("Gather", self.tensors[node["table"]], "classes")
        return self.body.op("Add", inputs[0], self.body.reshaped(vector, 0, 0, 1, 1))

    def _number_vector(self, node, inputs):
        vector = self.body.op("MatMul", "vector", self.tensors[node["table"]])
        return self.body.op("Add", inputs[0], self.body.reshaped(vector, 0, 0, 1, 1))

    def _positions(self, node, inputs):
        """For as many images as there are: the places times one, made of the levels."""
        _, rows, columns = self.shape

        def places(count):
            return np.arange(count, dtype=np.float32) / np.float32(count - 1) - np.float32(0.5) if count > 1 \
                else np.zeros(1, np.float32)

        pair = np.stack([np.repeat(places(rows)[:, None], columns, 1), np.repeat(places(columns)[None], rows, 0)])
        places_of_all = np.tile(pair, (self.graph["groups"], 1, 1))[None]
        images = self.body.op("Shape", "levels", start=0, end=1)
        shape = self.body.op("Concat", images, np.array(places_of_all.shape[1:], np.int64), axis=0)
        return self.body.op("Expand", places_of_all, shape)

    def _attention(self, node, inputs):
        heads, pixels = node["heads"], self.shape[1] * self.shape[2]
        query, key, value = (self.body.reshaped(x, 0, heads, -1, pixels) for x in inputs)
        scores = self.body.op("MatMul", self.body.op("Transpose", query, perm=[0, 1, 3, 2]), key)
        later = np.triu(np.full((pixels, pixels), -1e30, np.float32))  # and the pixel itself
        scores = self.body.op("Add", self.body.op("Mul", scores, np.float32(node["scale"])), later)
        weights = self.body.op("Transpose", self.body.op("Softmax", scores, axis=3), perm=[0, 1, 3, 2])
        found = self.body.op("Mul", self.body.op("MatMul", value, weights), (np.arange(pixels) > 0).astype(np.float32))
        return self.body.reshaped(found, 0, -1, *self.shape[1:])

    def _lstm(self, node, inputs):
        _, rows, columns = self.shape
        gates = inputs[0]
        if node["path"] == "rows":
            result = self._row_lstm(node, gates)
        elif node["path"] == "diagonal":
            result = self._diagonal_lstm(node, gates)
        else:
            result = self._flipped(self._diagonal_lstm(node, self._flipped(gates)))
        if node["down"]:
            result = self.body.part(self.body.padded(result, 0, 0, node["down"], 0, 0, 0, 0, 0), 2, 0, rows)
        return result

    def _flipped(self, x):
        last = np.iinfo(np.int64).min
        return self.body.op("Slice", x, *(np.array([v], np.int64) for v in (-1, last, 3, -1)))

    def _scan(self, node, gates, places, pads, weight, inside=None):
        """Steps through the last axis but two of gates, [step][image][4 maps][place], with one state for each place."""
        onnx, maps, groups = self.onnx, weight.shape[1], self.graph["groups"]
        types, info = onnx.TensorProto, onnx.helper.make_tensor_value_info
        name = node["name"]
        body = _Body(onnx, f"{name}/", self.constants)
        conv = body.op("Conv", f"{name}/state_in", weight, kernel_shape=[weight.shape[2]], pads=pads)
        a = body.reshaped(body.op("Add", f"{name}/gates", conv), 0, groups, 4, -1, places)
        i, f, g, o = (body.reshaped(part, 0, -1, places) for part in body.op("Split", a, outputs=4, axis=2))
        forget = body.op("Sigmoid", body.op("Add", f, np.float32(node["forget_offset"])))
        cell = body.op("Add", body.op("Mul", forget, f"{name}/cell_in"),
                       body.op("Mul", body.op("Sigmoid", i), body.op("Tanh", g)))
        state = body.op("Mul", body.op("Sigmoid", o), body.op("Tanh", cell))
        if inside is not None:
            state, cell = body.op("Mul", state, f"{name}/inside"), body.op("Mul", cell, f"{name}/inside")
        for made, wanted in ((state, "state_out"), (cell, "cell_out"), (state, "states")):
            body.nodes.append(onnx.helper.make_node("Identity", [made], [f"{name}/{wanted}"]))
        inputs = [info(f"{name}/{x}", types.FLOAT, ["images", maps, places]) for x in ("state_in", "cell_in")]
        inputs.append(info(f"{name}/gates", types.FLOAT, ["images", 4 * maps, places]))
        if inside is not None:
            inputs.append(info(f"{name}/inside", types.FLOAT, [1, 1, places]))
        outputs = [info(f"{name}/{x}", types.FLOAT, ["images", maps, places]) for x in ("state_out", "cell_out", "states")]
        images = self.body.op("Shape", "levels", start=0, end=1)
        shape = self.body.op("Concat", images, np.array([maps, places], np.int64), axis=0)
        zeros = self.body.op("ConstantOfShape", shape)
        scanned = [zeros, zeros, gates] + ([inside] if inside is not None else [])
        made = self.body.op("Scan", *scanned, outputs=3, num_scan_inputs=len(scanned) - 2,
                            body=onnx.helper.make_graph(body.nodes, name, inputs, outputs))
        return made[2]

    def _row_lstm(self, node, gates):
        weight = self.tensors[node["weight"]][:, :, 0]  # [4 maps][map][state]
        reach = weight.shape[2] // 2
        rows_first = self.body.op("Transpose", gates, perm=[2, 0, 1, 3])
        states = self._scan(node, rows_first, self.shape[2], [reach, reach], weight)
        return self.body.op("Transpose", states, perm=[1, 2, 0, 3])

    def _diagonal_lstm(self, node, gates):
        """Row r is moved r columns to the right, so that a column holds a diagonal: its states' are in the one before."""
        _, rows, columns = self.shape
        weight = self.tensors[node["weight"]][:, :, 0, ::-1]  # of the row above, of its own
        skewed = self.body.reshaped(self.body.padded(gates, *[0] * 7, rows), 0, 0, -1)
        skewed = self.body.part(skewed, 2, 0, rows * (columns + rows - 1))
        skewed = self.body.reshaped(skewed, 0, 0, rows, columns + rows - 1)
        inside = np.zeros((columns + rows - 1, 1, 1, rows), np.float32)
        for row in range(rows):
            inside[row:row + columns, 0, 0, row] = 1.0
        diagonals = self.body.op("Transpose", skewed, perm=[3, 0, 1, 2])
        states = self._scan(node, diagonals, rows, [1, 0], weight, inside)
        states = self.body.reshaped(self.body.op("Transpose", states, perm=[1, 2, 3, 0]), 0, 0, -1)
        states = self.body.reshaped(self.body.padded(states, 0, 0, 0, 0, 0, rows), 0, 0, rows, columns + rows)
        return self.body.part(states, 3, 0, columns)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="pcnn-export", description="Writes a trained network as an ONNX model, from levels of "
                                     "images to logits.", epilog="example: pcnn-export runs/mnist mnist.onnx")
    parser.add_argument("model", help="a run directory (its best parameters), or a checkpoint (.safetensors)")
    parser.add_argument("output", help="the file to write, .onnx")
    parser.add_argument("--overwrite", action="store_true", help="write over a file that exists")
    arguments = parser.parse_args(argv)
    try:
        return _export(arguments)
    except (Error, OSError) as error:
        print(f"pcnn-export: {error}", file=sys.stderr)
        return 2


def _export(arguments: argparse.Namespace) -> int:
    path = pathlib.Path(arguments.output)
    if path.suffix != ".onnx":
        raise InputError(f"{path}: accepted: a name in .onnx")
    if path.exists() and not arguments.overwrite:
        raise InputError(f"{path}: exists already; choose another name, or --overwrite")
    model = to_onnx(*graphs.load(arguments.model))
    part = path.with_name(path.name + ".part")
    part.write_bytes(model.SerializeToString())
    part.replace(path)
    print(f"the network of {arguments.model} is in {path}: from levels to logits, opset {OPSET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
