"""Networks that other programs have trained: layers with their weights, read from the files of PyTorch and Keras."""

from __future__ import annotations

import dataclasses
import io
import json
import pathlib
import re
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import tensor_file
from .errors import InputError

Array = NDArray[Any]
Arrays = dict[str, Array]


@dataclasses.dataclass
class Layer:
    name: str
    weight: Array  # of a convolution (out, in, rows, columns); or a table (rows, maps)
    bias: Array | None = None
    mask: Array | None = None  # of its own, in the weight's shape: True where it is live


@dataclasses.dataclass
class Source:
    path: str
    layers: dict[str, Layer]  # by name, in the file's order
    notes: list[str] = dataclasses.field(default_factory=list)  # what was done to them, a line each
    activations: set[str] | None = None  # between layers, in pcnn's words, where the file says them
    gives_probabilities: bool = False  # an activation behind the last layer makes probabilities of logits


def read(kind: str, path: str) -> Source:
    """kind: "torch" or "keras"."""
    if not pathlib.Path(path).is_file():
        raise InputError(f"{path}: not found, accepted: a file")
    return read_torch(path) if kind == "torch" else read_keras(path)


# PyTorch


def read_torch(path: str) -> Source:
    """A state dict, as torch.save() or safetensors has it: layers are `NAME.weight` with `NAME.bias` and `NAME.mask`."""
    if str(path).endswith(".safetensors"):
        try:
            tensors = tensor_file.read(path)[1]
        except ValueError as error:
            raise InputError(str(error)) from None
    else:
        tensors = _load_pickled(path)
    return Source(str(path), *_layers_of(path, tensors))


def _load_pickled(path: str) -> Arrays:
    try:
        import torch
    except ImportError:
        raise InputError(f"{path}: to read it python3 needs torch, which it has not, accepted: pip install torch, or a "
                         ".safetensors file") from None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged pickle throws
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: cannot be read, accepted: what torch.save(model.state_dict(), ...) writes: {first}") from None
    for key in ("state_dict", "model_state_dict"):
        state = state.get(key, state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise InputError(f"{path}: holds more than tensors by name, accepted: what torch.save(model.state_dict(), ...) writes")
    return {name: value.detach().cpu().to(torch.float32 if value.is_floating_point() else value.dtype).numpy()
            for name, value in state.items()}


def _layers_of(path: str, tensors: Arrays) -> tuple[dict[str, Layer], list[str]]:
    """(layers, notes)"""
    layers, notes, folded, rest = {}, [], 0, dict(tensors)
    last = None
    for name in tensors:
        prefix, _, leaf = name.rpartition(".")
        if leaf != "weight" or name not in rest:
            continue
        weight = rest.pop(name)
        bias = rest.pop(f"{prefix}.bias", None)
        if f"{prefix}.running_mean" in rest:
            mean, variance = (rest.pop(f"{prefix}.running_{of}") for of in ("mean", "var"))
            rest.pop(f"{prefix}.num_batches_tracked", None)
            if last is None or len(layers[last].weight) != len(weight):
                raise InputError(f"{path}: {prefix} is a batch normalisation, accepted: directly behind a convolution of as "
                                 "many filters, which it then becomes a part of")
            _fold(layers[last], weight, bias, mean, variance)
            folded += 1
            last = None
            continue
        if weight.ndim not in (2, 4):
            raise InputError(f"{path}: {name} is {_text(weight.shape)}, accepted: convolutions, out x in x rows x columns, and "
                             "tables, rows x maps")
        layers[prefix] = Layer(prefix, weight.astype(np.float32), bias)
        last = prefix
    for name, layer in layers.items():
        for owner in (name, name.rpartition(".")[0]):
            mask = rest.get(f"{owner}.mask")
            if mask is not None and layer.mask is None and layer.weight.ndim == 4:
                layer.mask = _mask(path, owner, mask, layer)
    spare = sorted(name for name in rest if not name.endswith(".mask"))
    if spare:
        raise InputError(f"{path}: {spare[0]} is no weight, bias or mask of a layer"
                         + (f", nor are {len(spare) - 1} more" if len(spare) > 1 else "")
                         + ", accepted: NAME.weight, NAME.bias, NAME.mask, and batch normalisations")
    if folded:
        notes.append(f"{folded} batch normalisations are part of the convolutions before them now, with an epsilon of 1e-05")
    return layers, notes


def _fold(layer: Layer, scale: Array, shift: Array | None, mean: Array, variance: Array, epsilon: float = 1e-5) -> None:
    """What the layer and the normalisation behind it compute, as one convolution."""
    factor = scale.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
    bias = (0.0 if layer.bias is None else layer.bias) - mean.astype(np.float64)
    layer.weight = (layer.weight * factor[:, None, None, None]).astype(np.float32)
    layer.bias = ((0.0 if shift is None else shift) + bias * factor).astype(np.float32)


def _mask(path: str, owner: str, mask: Array, layer: Layer) -> Array:
    try:
        return np.broadcast_to(mask != 0, layer.weight.shape)
    except ValueError:
        raise InputError(f"{path}: {owner}.mask is {_text(mask.shape)}, {layer.name}.weight "
                         f"{_text(layer.weight.shape)}") from None


# Keras


_ACTIVATIONS = {"relu": "relu", "elu": "elu", "tanh": "tanh", "sigmoid": "sigmoid", "leaky_relu": "leaky_relu"}


def read_keras(path: str) -> Source:
    """A model in the .keras format of Keras 3, or its weights alone (.weights.h5).

    Layers are called after their class and number, and after the attribute of a layer of your own: `conv2d.0`,
    `residual_block.1.pixel_conv.conv`. Kernels (rows, columns, in, out) are turned into (out, in, rows, columns).
    """
    try:
        import h5py
    except ImportError:
        raise InputError(f"{path}: to read it python3 needs h5py, which it has not, accepted: pip install h5py") from None
    config = None
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                config = json.loads(archive.read("config.json"))
                weights: Any = io.BytesIO(archive.read("model.weights.h5"))
        else:
            weights = path
        with h5py.File(weights, "r") as file:
            arrays = _arrays_of(file["layers"] if "layers" in file else file)
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: no model of Keras 3 (.keras, .weights.h5): {error}") from None
    layers = {}
    for name, values in arrays.items():
        if values[0].ndim not in (2, 4) or len(values) > 2:
            raise InputError(f"{path}: {name} has {len(values)} arrays, the first of {_text(values[0].shape)}, accepted: "
                             "convolutions and tables")
        weight = values[0].transpose(3, 2, 0, 1) if values[0].ndim == 4 else values[0]
        layers[name] = Layer(name, np.ascontiguousarray(weight, np.float32), values[1] if len(values) > 1 else None)
    source = Source(str(path), layers)
    if any(layer.weight.ndim == 4 for layer in layers.values()):
        source.notes.append("kernels are turned from rows x columns x in x out into out x in x rows x columns")
    if config is not None:
        _check_keras(source, config)
    return source


def _arrays_of(group: Any, prefix: str = "") -> dict[str, list[Array]]:
    """{name of a layer: [its arrays]}"""
    found = {}
    for key in group:
        if key == "vars":
            values = [np.asarray(group[key][number], np.float32) for number in sorted(group[key], key=int)]
            if values:
                found[prefix] = values
        elif hasattr(group[key], "keys"):
            name = key if prefix else _numbered(key)
            found.update(_arrays_of(group[key], f"{prefix}.{name}" if prefix else name))
    return found


def _numbered(name: str) -> str:
    """`conv2d_1` -> `conv2d.1`, `conv2d` -> `conv2d.0`"""
    match = re.fullmatch(r"(.*?)_(\d+)", name)
    return f"{match[1]}.{match[2]}" if match else f"{name}.0"


def _check_keras(source: Source, config: dict[str, Any]) -> None:
    """What config.json says of the layers, as far as it says it: nothing that pcnn does not have."""
    source.activations, last = set(), None
    for layer in config.get("config", {}).get("layers", []):
        kind, settings = layer.get("class_name", ""), layer.get("config", {})
        name = settings.get("name", kind)
        if "Normalization" in kind:
            raise InputError(f"{source.path}: {name} is a {kind}, accepted: none; pcnn's networks do not normalise")
        if np.any(np.asarray(settings.get("strides", 1)) != 1):
            raise InputError(f"{source.path}: {name} has strides of {settings['strides']}, accepted: 1")
        kernel = np.asarray(settings.get("kernel_size", 1))
        if settings.get("padding", "same") != "same" and np.any(kernel != 1):
            raise InputError(f"{source.path}: {name} has padding '{settings['padding']}', accepted: 'same'")
        if kind in ("ReLU", "LeakyReLU", "ELU"):
            source.activations.add({"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu"}[kind])
        activation = settings.get("activation")
        if isinstance(activation, str):
            if last is not None:
                source.activations.add(last)
            last = activation
    source.gives_probabilities = last in ("sigmoid", "softmax")
    source.activations.discard("linear")
    for activation in source.activations:
        if activation not in _ACTIVATIONS:
            raise InputError(f"{source.path}: has the activation {activation}, accepted: {', '.join(_ACTIVATIONS)}")


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
