"""Checks arguments, and brings arrays into the form in which the engine takes them: uint16, int32 or float32, C-contiguous,
an axis for the images first. What has this form already is not copied."""

from __future__ import annotations

import math
import operator
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError, shorten

if TYPE_CHECKING:
    from . import _pcnn

MOST_LEVELS = 1 << 16
INT_MAX = (1 << 31) - 1


def path_text(name: str, path: str | os.PathLike[str]) -> str:
    try:
        return os.fsdecode(path)
    except TypeError:
        raise InputError(f"{name}: found {shorten(path)}, accepted: a path") from None


def integer(name: str, value: Any, least: int, most: int, accepted: str = "") -> int:
    accepted = accepted or f"an integer in {least} to {most}"
    try:
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{name}: found {shorten(value)}, accepted: {accepted}") from None
    if not least <= number <= most:
        raise InputError(f"{name}: found {number}, accepted: {accepted}")
    return number


def optional_integer(name: str, value: Any, most: int = INT_MAX, accepted: str = "") -> int:
    """0 for None."""
    return 0 if value is None else integer(name, value, 1, most, accepted or f"None, or an integer in 1 to {most}")


def temperature_of(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0.0 <= number <= 1000.0:
        raise InputError(f"temperature: found {shorten(value)}, accepted: a number in 0 to 1000")
    return number


def _array(name: str, values: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError:  # rows of several lengths
        raise InputError(f"{name}: found {shorten(values)}, of which NumPy makes no array") from None


def _integers(name: str, array: NDArray[Any], remedy: str) -> NDArray[Any]:
    if array.dtype.kind not in "biu":
        raise InputError(f"{name}: found values of type {array.dtype}, accepted: integers{remedy}")
    return array


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _found(array: NDArray[Any]) -> str:
    return f"found an array of {_size(array.shape)}" if array.ndim else "found a single value"


def images(model: _pcnn.Model, x: ArrayLike) -> NDArray[np.uint16]:
    """Levels, (images, channels, rows, columns)."""
    array = _array("x", x)
    channels, levels = model.shape[0], model.levels
    remedy = "(x >= 0.5)" if levels == 2 else f"(x * {levels - 1}).round().astype(int)"
    _integers("x", array, f", levels 0 to {levels - 1}; of numbers from 0 to 1 they would be {remedy}")
    array = _with_all_axes(array, channels)
    if array.dtype not in (np.bool_, np.uint8, np.uint16):
        _check_within_16_bits(array, levels)
    return np.ascontiguousarray(array, np.uint16)


def _with_all_axes(array: NDArray[Any], channels: int) -> NDArray[Any]:
    shape, found = array.shape, _found(array)
    if channels == 1 and array.ndim in (2, 3):
        array = array.reshape(-1 if array.size else 0, 1, *shape[-2:])
    elif array.ndim == 3:
        array = array[np.newaxis]
    if array.ndim != 4 or array.shape[1] != channels or array.size == 0:
        accepted = "images x 1 x rows x columns, the first two of which may be left out"
        if channels > 1:
            accepted = f"images x {channels} x rows x columns, or {channels} x rows x columns"
        last = len(shape) >= 3 and shape[-1] == channels and array.size > 0
        hint = "; where channels come last, np.moveaxis(x, -1, -3)" if last else ""
        raise InputError(f"x: {found}, accepted: {accepted}{hint}")
    return array


def _check_within_16_bits(array: NDArray[Any], levels: int) -> None:
    outside = (array < 0) | (array >= MOST_LEVELS)
    if outside.any():
        first = tuple(int(i) for i in np.argwhere(outside)[0])
        raise InputError(
            f"image {first[0]}: found the value {array[first]}, accepted: levels, 0 to {levels - 1}"
        )


def known_pixels(mask: ArrayLike, levels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """(images, rows, columns), 1 where a pixel is known."""
    array = _integers("mask", _array("mask", mask), " or booleans, 0 or False where a pixel is to be drawn")
    count, size = levels.shape[0], levels.shape[2:]
    found = _found(array)
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        array = array[np.newaxis]
    if array.ndim != 3 or array.shape[1:] != size or array.shape[0] not in (1, count):
        raise InputError(f"mask: {found}, accepted: one of {_size(size)} for all images, or "
                         f"{_size((count, *size))}")
    return np.ascontiguousarray(np.broadcast_to(array != 0, (count, *size))).view(np.uint8)


def classes_of_images(classes: ArrayLike | None, count: int) -> NDArray[np.int32] | None:
    """A class for each of so many images; of a single one, the same for all."""
    if classes is None:
        return None
    array = _integers("classes", _array("classes", classes), ", one for each image or one for all")
    if array.ndim == 0:
        array = np.full(count, array)
    if array.ndim != 1 or array.shape[0] != count:
        raise InputError(f"classes: {_found(array)}, accepted: one number for all images, or "
                         f"{count}, one for each")
    for number in array[(array < 0) | (array > INT_MAX)]:
        raise InputError(f"classes: found {number}, accepted: classes, from 0")
    return np.ascontiguousarray(array, np.int32)


def numbers_of_images(model: _pcnn.Model, condition: ArrayLike | None, count: int,
                      size: tuple[int, ...]) -> NDArray[np.float32] | None:
    """What each of so many images of this size is told; of numbers without an axis of images, the same for all."""
    if condition is None:
        return None
    array = _array("condition", condition)
    if array.dtype.kind not in "biuf":
        raise InputError(f"condition: found values of type {array.dtype}, accepted: numbers")
    shape = model.condition_shape
    if not shape:
        raise InputError(f"condition: numbers given, and {model.path} is told none")
    each = shape if len(shape) == 1 else (shape[0], *size)
    found = _found(array)
    if array.ndim == len(each):
        array = np.broadcast_to(array, (count, *array.shape))
    if array.shape != (count, *each):
        raise InputError(f"condition: {found}, accepted: {_size(each)} for all images, or "
                         f"{_size((count, *each))}")
    with np.errstate(over="ignore"):  # the engine refuses what is not finite
        return np.ascontiguousarray(array, np.float32)
