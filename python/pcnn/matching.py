"""Which layer of another program's network is which of ours."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable
from typing import Any, Optional

from .errors import InputError
from .foreign import Layer, Source
from .graph import Graph


@dataclasses.dataclass
class OurLayer:
    name: str  # "blocks.0.reduce"
    weight: dict[str, Any]  # a parameter of the graph
    bias: dict[str, Any] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.weight["shape"])


Ours = dict[str, OurLayer]
Theirs = dict[str, Layer]
Names = dict[str, str]  # ours: theirs
Found = tuple[Optional[Names], str]  # and how
Shape = tuple[int, ...]
Row = tuple[str, Shape]
Rows = dict[Row, list[str]]


def layers_of(graph: Graph) -> dict[str, OurLayer]:
    """Ours, by name, in the order of their parameters."""
    layers = {}
    for parameter in graph["parameters"]:
        name, _, leaf = parameter["name"].rpartition(".")
        if leaf == "weight":
            layers[name] = OurLayer(name, parameter)
        else:
            layers[name].bias = parameter
    return layers


def fits(shape: Shape, ours: Shape) -> bool:
    """Whether a weight of this shape can be ours: as it is, or as the middle of a larger kernel."""
    shape, ours = tuple(shape), tuple(ours)
    if shape == ours:
        return True
    return len(shape) == len(ours) == 4 and shape[:2] == ours[:2] \
        and all(side % 2 == 1 and side <= of_ours for side, of_ours in zip(shape[2:], ours[2:]))


def match(ours: Ours, source: Source, names: Names, left_out: Collection[str] = ()) -> tuple[Names, str]:
    """({our layer: their layer}, how they were found). names: those the user gave, ours: theirs; they come first.

    left_out: ours that are found elsewhere. Raises InputError with the names that are needed.
    """
    theirs = source.layers
    pairs = _given(ours, theirs, names)
    wanted = [name for name in ours if name not in pairs and name not in left_out]
    how = "by the names given" if pairs else ""
    if not wanted:
        return pairs, how
    for found, said in (_same_names(wanted, theirs), _uva_names(wanted, theirs), _by_shapes(wanted, ours, theirs, pairs)):
        if found is not None:
            return {**pairs, **found}, f"{how}, the others {said}" if how else said
    raise InputError(_what_is_needed(wanted, ours, theirs, pairs, source.path))


def _given(ours: Ours, theirs: Theirs, names: Names) -> Names:
    for ours_name, theirs_name in names.items():
        if ours_name not in ours:
            raise InputError(f"--names: the network has no layer {ours_name}, accepted: {_some(ours)}")
        if theirs_name not in theirs:
            raise InputError(f"--names: {ours_name}: {theirs_name}: there is no such layer, accepted: {_some(theirs)}")
        if not fits(theirs[theirs_name].weight.shape, ours[ours_name].shape):
            raise InputError(f"--names: {ours_name}: {theirs_name} is {_text(theirs[theirs_name].weight.shape)}, the network "
                             f"needs {_text(ours[ours_name].shape)}")
    return dict(names)


def _same_names(wanted: list[str], theirs: Theirs) -> Found:
    if all(name in theirs for name in wanted):
        return {name: name for name in wanted}, "by their names, which are pcnn's"
    return None, ""


UVA = {"vertical": "conv_vert.conv", "horizontal": "conv_horiz.conv", "join": "conv_vert_to_horiz", "out": "conv_horiz_1x1"}


def _uva_names(wanted: list[str], theirs: Theirs) -> Found:
    """The gated PixelCNN of the University of Amsterdam's deep learning tutorials (number 12)."""
    found = {}
    for name in wanted:
        block = re.fullmatch(r"blocks\.(\d+)\.(\w+)", name)
        if block and block[2] in UVA:
            found[name] = f"conv_layers.{block[1]}.{UVA[block[2]]}"
        else:
            found[name] = {"input_above": "conv_vstack.conv", "input": "conv_hstack.conv", "logits": "conv_out"}.get(name, "")
    if all(name in theirs for name in found.values()) and is_uva(theirs):
        return found, "by the names of UvA's gated PixelCNN"
    return None, ""


def is_uva(theirs: Theirs) -> bool:
    return {"conv_vstack.conv", "conv_hstack.conv", "conv_out"} <= set(theirs)


def _pattern(name: str) -> tuple[str, tuple[int, ...]]:
    """`layers.3.conv` -> (`layers.#.conv`, (3,))"""
    parts = name.split(".")
    return ".".join("#" if part.isdigit() else part for part in parts), tuple(int(part) for part in parts if part.isdigit())


def _anchor(pattern: str) -> str:
    """What layers of one block share: `blocks.#` of `blocks.#.reduce`."""
    return pattern[:pattern.rfind("#") + 1]


def _rows(shapes: dict[str, Shape]) -> Rows:
    """{(pattern, shape): names that differ by numbers alone, in their order}, of shapes by name."""
    rows: Rows = {}
    for name, shape in shapes.items():
        rows.setdefault((_pattern(name)[0], shape), []).append(name)
    return {key: sorted(names, key=lambda name: _pattern(name)[1]) for key, names in rows.items()}


def _by_shapes(names: list[str], ours: Ours, theirs: Theirs, pairs: Names) -> Found:
    """Rows of layers go to rows of one shape and one length. Where several fit, one is taken that lies in the block in which
    others were found: blocks.#.reduce beside blocks.#.spatial."""
    free = {name: tuple(layer.weight.shape) for name, layer in theirs.items() if name not in pairs.values()}
    wanted = {name: ours[name].shape for name in names}
    if sorted(free.values()) != sorted(wanted.values()):
        return None, ""
    found: Names = {}
    anchors: Names = {}
    our_rows, their_rows = _rows(wanted), _rows(free)
    for shape in set(wanted.values()):  # one row of theirs is in the order of computation, whatever ours are called
        of_shape = [key for key in their_rows if key[1] == shape]
        if len(of_shape) == 1:
            found.update(zip([name for name in wanted if wanted[name] == shape], their_rows.pop(of_shape[0])))
            rows = [key for key in our_rows if key[1] == shape]
            if len(rows) == 1 and _anchor(rows[0][0]):
                anchors.setdefault(_anchor(rows[0][0]), _anchor(of_shape[0][0]))
            our_rows = {key: names for key, names in our_rows.items() if key not in rows}
    while our_rows:
        fitting = {key: [other for other in their_rows if _row_fits(key, our_rows, other, their_rows, anchors)] for key in our_rows}
        sure = [key for key, others in fitting.items() if len(others) == 1
                and sum(others[0] in more for more in fitting.values()) == 1]
        if not sure:
            return None, ""
        other, = fitting[sure[0]]
        found.update(zip(our_rows.pop(sure[0]), their_rows.pop(other)))
        if _anchor(sure[0][0]):
            anchors.setdefault(_anchor(sure[0][0]), _anchor(other[0]))
    return found, "by their shapes, several of one shape in the order of their numbers"


def _row_fits(key: Row, our_rows: Rows, other: Row, their_rows: Rows, anchors: Names) -> bool:
    (pattern, shape), (their_pattern, their_shape) = key, other
    if shape != their_shape or len(our_rows[key]) != len(their_rows[other]):
        return False
    ours, theirs = _anchor(pattern), _anchor(their_pattern)
    by_theirs = {value: name for name, value in anchors.items()}
    return anchors.get(ours, theirs) == theirs and (not ours or by_theirs.get(theirs, ours) == ours)


def _what_is_needed(wanted: list[str], ours: Ours, theirs: Theirs, pairs: Names, path: str) -> str:
    free = [name for name in theirs if name not in pairs.values()]
    open_names = {name: candidates(name, ours, {of: theirs[of] for of in free}) for name in wanted}
    without = [name for name, found in open_names.items() if not found]
    if without:
        name = without[0]
        return (f"{path}: no layer can be {name} ({_text(ours[name].shape)})"
                + (f", nor {len(without) - 1} more of the config's" if len(without) > 1 else "")
                + f", accepted: a config of the network in it; its layers are {_some(f'{n} ({_text(theirs[n].weight.shape)})' for n in free)}")
    if len(free) != len(wanted):
        return (f"{path}: {len(free)} layers are left for {len(wanted)} of the config's network, accepted: a config of the network "
                f"in it; they are {_some(f'{n} ({_text(theirs[n].weight.shape)})' for n in free)}")
    several = [name for name, found in open_names.items() if len(found) > 1]
    if not several:
        spare = set(free) - {of for found in open_names.values() for of in found}
        return f"{path}: {_some(sorted(spare))}: of no layer of the network, accepted: a config of the network in it"
    name = several[0]
    return (f"{path}: {name} can be {_some(open_names[name], ' or ')}"
            + (f", and {len(several) - 1} other layers can be several too" if len(several) > 1 else "")
            + "; say which with --names FILE, of lines `ours: theirs`, which --write-names FILE begins")


def candidates(name: str, ours: Ours, theirs: Theirs) -> list[str]:
    return [of for of, layer in theirs.items() if fits(layer.weight.shape, ours[name].shape)]


def template(ours: Ours, source: Source, names: Names, left_out: Collection[str] = ()) -> str:
    """A file of names to be filled in: what is known, and of the others those that fit."""
    try:
        pairs = match(ours, source, names, left_out)[0]
    except InputError:
        pairs = names
    lines = [f"# Layers of the network: those of {source.path}. Where none stands yet, one of those named behind it fits."]
    free = {name: layer for name, layer in source.layers.items() if name not in pairs.values()}
    for name, layer in ours.items():
        if name in left_out:
            continue
        known = pairs.get(name)
        fitting = ", ".join(candidates(name, ours, free)) or "none fits"
        lines.append(f"{name}: {known}" if known else f"{name}:  # {_text(layer.shape)}: {fitting}")
    return "\n".join(lines) + "\n"


def read_names(path: str) -> Names:
    """{ours: theirs} of a flat YAML file, `ours: theirs` on each line."""
    names = {}
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        text = re.sub(r"(^|\s)#.*$", "", line).strip()
        if not text:
            continue
        ours, colon, theirs = (part.strip().strip("'\"") for part in text.partition(":"))
        if not colon or not ours or not theirs:
            raise InputError(f"{path}:{number}: found '{text}', accepted: ours: theirs")
        if ours in names:
            raise InputError(f"{path}:{number}: {ours} stands there twice")
        names[ours] = theirs
    return names


def _some(names: Iterable[str], between: str = ", ") -> str:
    names = list(names)
    return between.join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape))
