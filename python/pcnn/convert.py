"""pcnn-convert: networks trained in PyTorch or Keras, as models that every program of pcnn reads.

A config says what the network is; the file has its weights. docs/interchange.md tells which networks can be converted.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from . import _pcnn, foreign, graph as graphs, matching
from .errors import Error, InputError
from .model import load

TOLERANCE = 1e-4  # of outputs that are compared, as a share of the largest


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_intermixed_args(argv)
    try:
        for line in convert(arguments):
            print(line)
        return 0
    except (InputError, OSError) as error:
        print(f"pcnn-convert: {error}", file=sys.stderr)
        return 2
    except Error as error:
        print(f"pcnn-convert: {error}", file=sys.stderr)
        return 1


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:  # in one line
        self.exit(2, f"{self.prog}: {message}; --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pcnn-convert", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Makes a model for pcnn's programs of a network that was trained in PyTorch or Keras.",
        epilog="examples:\n"
               "  pcnn-convert --from torch state.pt --config configs/mnist.yaml --output runs/converted\n"
               "  pcnn-convert --from keras model.keras --config tutorial.yaml --output tutorial.safetensors \\\n"
               "    --check images.npy outputs.npy")
    add = parser.add_argument
    add("--from", dest="kind", required=True, choices=("torch", "keras"), help="what has written the file")
    add("source", help="torch: a state dict (.pt, .pth, .ckpt) or .safetensors; keras: .keras or .weights.h5")
    add("overrides", nargs="*", metavar="key.path=value", help="of the config")
    add("--config", required=True, help="the network as pcnn's config")
    add("--output", help="a run directory to make, or a file in .safetensors; neither may exist")
    add("--names", help="a file of lines `ours: theirs`, names of layers; without it names, shapes and order are compared")
    add("--write-names", metavar="FILE", help="write such a file, with what is known in it, and convert nothing")
    add("--image", metavar="CxRxK", help="channels x rows x columns of images (those of the config's data set)")
    add("--values", metavar="LOW,HIGH", help="what the network reads at the first and the last level, where that is not what "
                                             "pcnn reads; the config then has model.input.embedding: 1")
    add("--check", nargs="+", metavar=("IMAGES OUTPUTS", "TOLD"),
        help="two .npy files, levels of images and what the network makes of them: logits, or probabilities where its last "
             "layer makes those; compared with what pcnn computes. Where it has a condition a third one: the classes, or the "
             "numbers or maps, of the images")
    return parser


def convert(arguments: argparse.Namespace) -> Iterator[str]:
    """Lines that say what was done. Raises InputError; nothing is written then."""
    image = _image_of(arguments.image)
    _check_arguments(arguments)
    graph = graphs.of_config(arguments.config, arguments.overrides, image)
    source = foreign.read(arguments.kind, arguments.source)
    ours = matching.layers_of(graph)
    names = matching.read_names(arguments.names) if arguments.names else {}
    made = _coded_table(graph, ours, arguments.values)
    if arguments.write_names:
        _write_new(arguments.write_names, matching.template(ours, source, names, made))
        yield f"{arguments.write_names} has the layers of both networks; hand it on with --names once it is filled in"
        return
    _check_arithmetic(graph, source)
    pairs, how = matching.match(ours, source, names, made)
    spare = [name for name in source.layers if name not in pairs.values()]
    if spare:
        raise InputError(f"{source.path}: its layer {spare[0]}" + (f" and {len(spare) - 1} more" if len(spare) > 1 else "")
                         + " would be left out, accepted: a config of the whole network")
    arrays = dict(made)
    said: list[str] = []
    for name, theirs in pairs.items():
        arrays.update(_arrays(ours[name], source.layers[theirs], graph, said))
    arrays = {parameter["name"]: np.ascontiguousarray(arrays[parameter["name"]], np.float32) for parameter in graph["parameters"]}

    def write(path):
        return _pcnn.write_model(str(path), arguments.config, arguments.overrides, image, list(arrays.items()))[1]

    with tempfile.TemporaryDirectory() as scratch:  # what is wrong never gets the name
        path = os.path.join(scratch, "model.safetensors")
        zeroed, verified = write(path), list(_verify(graph, source, arrays, path, arguments))
    write(arguments.output)
    yield f"layers were found {how}"
    yield from source.notes
    yield from said
    if zeroed:
        yield (f"zeroed: {sum(count for _, count in zeroed):,} weights behind masks that were not 0, in "
               + ", ".join(f"{name} ({count:,})" for name, count in zeroed))
    yield from verified
    yield f"the model is in {arguments.output}"


def _image_of(text: str | None) -> tuple[int, int, int] | None:
    if text is None:
        return None
    sides = text.split("x")
    if len(sides) != 3 or not all(side.isdigit() and int(side) > 0 for side in sides):
        raise InputError(f"--image: found {text}, accepted: channels x rows x columns, as in 1x28x28")
    channels, rows, columns = (int(side) for side in sides)
    return channels, rows, columns


def _check_arguments(arguments: argparse.Namespace) -> None:
    if arguments.check is not None and len(arguments.check) not in (2, 3):
        raise InputError(f"--check: found {len(arguments.check)} files, accepted: IMAGES OUTPUTS, and TOLD of a network with a condition")
    for override in arguments.overrides:
        if "=" not in override:
            raise InputError(f"{override}: accepted: overrides of the config, key.path=value")
    if arguments.output is None and arguments.write_names is None:
        raise InputError("no --output given, accepted: a run directory to make, or a file in .safetensors")
    if arguments.output is not None and os.path.exists(arguments.output):
        raise InputError(f"{arguments.output}: exists already; choose another name")


def _write_new(path: str, text: str) -> None:
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path}: exists already; choose another name") from None


def _coded_table(graph: graphs.Graph, ours: dict[str, matching.OurLayer], values: str | None) -> dict[str, Any]:
    """{} where the network reads what pcnn reads; else the embedding that says what it reads at each level."""
    if values is None:
        return {}
    try:
        low, high = (float(value) for value in values.split(","))
    except ValueError:
        raise InputError(f"--values: found {values}, accepted: two numbers, as in 0,1") from None
    head, channels = graph["head"], graph["image"]["channels"]
    if (low, high) == (head["first_value"], head["last_value"]):
        return {}
    layer = ours.get("input.embedding")
    if layer is None or layer.shape != (head["levels"], channels):
        raise InputError(f"--values: the network reads {low:g} to {high:g}, pcnn {head['first_value']:g} to "
                         f"{head['last_value']:g}, accepted: model.input.embedding=1, whose table then has these values")
    table = low + (high - low) * np.arange(head["levels"]) / (head["levels"] - 1)
    return {"input.embedding": None, "input.embedding.weight": np.repeat(table[:, None], channels, 1)}


def _check_arithmetic(graph: graphs.Graph, source: foreign.Source) -> None:
    """What the file says of its arithmetic, against the config's."""
    nodes = {node["name"]: node for node in graph["nodes"]}
    functions = {node["function"] for node in nodes.values() if node["kind"] == "activation"}
    if source.activations and functions and source.activations != functions:
        raise InputError(f"{source.path}: its activations are {', '.join(sorted(source.activations))}, accepted: "
                         f"model.activation: {functions.pop()} of the config alone")
    if matching.is_uva(source.layers):
        if "input.activation" in nodes:
            raise InputError(f"{source.path}: UvA's gated PixelCNN reads the input's convolutions without an activation, accepted: "
                             "model.input.activation=false")
        if any(name.startswith("output.") for name in nodes) or functions != {"elu"}:
            raise InputError(f"{source.path}: UvA's gated PixelCNN has an elu before its logits and no other layer, accepted: "
                             "model.activation=elu model.output.filters=[]")
        if graph["groups"] > 1:
            raise InputError(f"{source.path}: UvA's gated PixelCNN predicts all channels of a pixel at once, pcnn one after the "
                             "other, accepted: images of one channel")


def _arrays(ours: matching.OurLayer, theirs: foreign.Layer, graph: graphs.Graph, said: list[str]) -> dict[str, Any]:
    """The parameters of one layer."""
    weight = theirs.weight
    live = graphs.live(ours.weight)
    if theirs.mask is not None and live is not None:
        shown = _filled(theirs.mask, ours.shape) & ~live & (_filled(weight, ours.shape) != 0.0)
        if shown.any():
            raise InputError(f"{theirs.name}: its own mask lets {int(shown.sum()):,} weights through that pcnn's mask "
                             f"{ours.weight['mask']['kind']} of {graph['groups']} channel groups hides ({ours.name}), accepted: a "
                             "network that sees what a config's network sees")
        weight = np.where(theirs.mask, weight, np.float32(0.0))
    if weight.shape != ours.shape:
        said.append(f"{ours.name}: kernels of {_sides(weight.shape)} lie in the middle of ones of {_sides(ours.shape)}")
        weight = _filled(weight, ours.shape)
    arrays = {ours.weight["name"]: weight}
    if ours.bias is not None:
        arrays[ours.bias["name"]] = np.zeros(ours.bias["shape"]) if theirs.bias is None else theirs.bias
    elif theirs.bias is not None and np.any(theirs.bias):
        raise InputError(f"{theirs.name}: has a bias, accepted: none, as {ours.name}")
    return arrays


def _filled(weight: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """A kernel as the middle of a larger one."""
    if weight.shape == tuple(shape):
        return weight
    pads = [(0, 0)] * 2 + [((big - small) // 2,) * 2 for big, small in zip(shape[2:], weight.shape[2:])]
    return np.pad(weight, pads)


def _sides(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape[2:]))


def _verify(graph: graphs.Graph, source: foreign.Source, arrays: dict[str, NDArray[np.float32]], path: str,
            arguments: argparse.Namespace) -> Iterator[str]:
    """What the programs read, bit for bit; and what they compute, where there is something to compare it with."""
    model = load(path)  # on its way to its place
    for parameter in graph["parameters"]:
        live = graphs.live(parameter)
        expected = arrays[parameter["name"]]
        expected = expected if live is None else np.where(live, expected, np.float32(0.0))
        if not np.array_equal(model.parameters()[parameter["name"]] + np.float32(0.0), expected + np.float32(0.0)):
            raise Error(f"{arguments.output}: {parameter['name']} is not what was written")
    masks = sum(layer.mask is not None for layer in source.layers.values())
    yield (f"verified: the programs read {sum(array.size for array in arrays.values()):,} values in {len(arrays)} parameters, "
           "every one as it was" + (f"; {masks} masks of the file's own hide what pcnn's do" if masks else ""))
    if arguments.check is None:
        yield ("not verified: activations, and the order in which layers are computed; --check IMAGES OUTPUTS compares what comes "
               "out")
        return
    levels, outputs, *told = (_load_array(file) for file in arguments.check)
    of_images = {"classes" if model.classes else "condition": told[0]} if told else {}
    found = model.logits(levels, **of_images)
    expected = _as_logits(outputs, found.shape, graph["head"])
    differences = {"logits": _difference(found, expected)}
    if graph["head"]["kind"] != "logistic_mixture" and 0.0 <= expected.min() and expected.max() <= 1.0:
        differences["probabilities"] = _difference(_probabilities(found, graph), expected)
    what = "probabilities" if source.gives_probabilities else min(differences, key=lambda name: differences[name])
    difference = differences.get(what, np.inf)
    if not difference <= TOLERANCE:
        raise Error(f"{what} of {len(found)} images differ by up to {difference:.2g} of the largest, accepted: {TOLERANCE:g}; the "
                    f"network of {arguments.config} is another one than that of {source.path}, and nothing is written")
    yield f"verified: {what} of {len(found)} images differ by at most {difference:.2g} of the largest"


def _difference(found: NDArray[Any], expected: NDArray[Any]) -> float:
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30))


def _load_array(path: str) -> NDArray[Any]:
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InputError(f"{path}: no array in the .npy format: {error}") from None


def _as_logits(outputs: NDArray[Any], shape: tuple[int, ...], head: dict[str, Any]) -> NDArray[Any]:
    """[image][logit][row][column], of outputs that may have logits last, or (UvA's) [image][level][channel][row][column]."""
    outputs = np.asarray(outputs, np.float64)
    if outputs.ndim == 5 and outputs.shape[1] == head["levels"]:
        outputs = outputs.swapaxes(1, 2).reshape(len(outputs), -1, *outputs.shape[3:])
    elif outputs.ndim == 4 and outputs.shape != shape:
        outputs = outputs.transpose(0, 3, 1, 2)
    if outputs.shape != shape:
        raise InputError(f"--check: outputs of {outputs.shape}, accepted: {shape}, or with the logits last")
    return outputs


def _probabilities(logits: NDArray[np.float32], graph: graphs.Graph) -> NDArray[Any]:
    if graph["head"]["kind"] == "bernoulli":
        return 1.0 / (1.0 + np.exp(-logits.astype(np.float64)))
    z = logits.reshape(len(logits), graph["image"]["channels"], -1, *logits.shape[2:]).astype(np.float64)
    z = np.exp(z - z.max(axis=2, keepdims=True))
    return (z / z.sum(axis=2, keepdims=True)).reshape(logits.shape)


if __name__ == "__main__":
    sys.exit(main())
