"""Trained models: scores, samples and completions."""

from __future__ import annotations

import json
import os
from typing import Any, Literal, NoReturn, Union, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _pcnn, arguments

Levels = Union[NDArray[np.uint8], NDArray[np.uint16]]
Drawn = Union[Levels, tuple[Levels, NDArray[np.float32]]]

_MOST_THREADS = 1024


class Model:
    """A trained model in memory.

    Images are arrays (images, channels, rows, columns) of levels, integers below `levels`; a model of binary
    images has 0 and 1. Of images of one channel the axis of channels may be left out, and so may that of the
    images where there is a single one; results always have the axis of images. Any type of integers and bool is
    taken. uint16 in C order is not copied on its way in; other types are, once. Images may be of another size
    than those the model was trained on.

    classes: of a model that is told the class, one for each image, or a single one for all.
    condition: of a model that is told numbers or maps, an array (images, *condition_shape), or condition_shape
        for all images. Maps are as large as the images.

    Methods compute on all threads by themselves, without Python's global lock: other Python threads go on
    meanwhile. Calls to one model from several threads wait for each other. What is wrong is a pcnn.InputError.
    """

    def __init__(self, path: str | os.PathLike[str], threads: int | None = None) -> None:
        """As load()."""
        self._model = _pcnn.Model(
            arguments.path_text("path", path), arguments.optional_integer("threads", threads, _MOST_THREADS)
        )

    @property
    def path(self) -> str:
        """Of the checkpoint."""
        return self._model.path

    @property
    def config(self) -> str:
        """Of the run, as YAML: every key of it."""
        return self._model.config

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, rows, columns) of the images it was trained on."""
        return self._model.shape

    @property
    def levels(self) -> int:
        """How many values a pixel's channel can have; 2 for binary images."""
        return self._model.levels

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the images it draws: uint8, or uint16 where there are more than 256 levels."""
        return np.dtype(np.uint8 if self.levels <= 256 else np.uint16)

    @property
    def classes(self) -> int:
        """How many classes it knows; 0 where it is told none."""
        return self._model.classes

    @property
    def condition_shape(self) -> tuple[int, ...]:
        """Of what it is told of each image: (numbers,), or (maps, rows, columns); () for nothing."""
        return self._model.condition_shape

    @overload
    def sample(self, count: int = ..., *, seed: int = ..., classes: ArrayLike | None = ...,
               condition: ArrayLike | None = ..., temperature: float = ..., height: int | None = ...,
               width: int | None = ..., probabilities: Literal[False] = ...) -> Levels: ...

    @overload
    def sample(self, count: int = ..., *, seed: int = ..., classes: ArrayLike | None = ...,
               condition: ArrayLike | None = ..., temperature: float = ..., height: int | None = ...,
               width: int | None = ..., probabilities: Literal[True]) -> tuple[Levels, NDArray[np.float32]]: ...

    def sample(self, count: int = 25, *, seed: int = 1, classes: ArrayLike | None = None,
               condition: ArrayLike | None = None, temperature: float = 1.0, height: int | None = None,
               width: int | None = None, probabilities: bool = False) -> Drawn:
        """Draws so many images, those of pcnn-sample: (count, channels, rows, columns), of `dtype`.

        temperature: probabilities are raised to the power 1 / temperature; at 0 every pixel takes its most
            probable level.
        classes: None draws all classes in turn, as evenly as it goes.
        height, width: of the images; None: as trained.
        probabilities: also returns those that every value was drawn with, float32: of a 1, like the images, for
            a model with a Bernoulli head, else (count, channels, rows, columns, levels).
        """
        count = arguments.integer("count", count, 1, arguments.INT_MAX)
        rows = arguments.optional_integer("height", height)
        columns = arguments.optional_integer("width", width)
        size = rows or self.shape[1], columns or self.shape[2]
        levels, values = self._model.sample(
            count=count,
            seed=_seed(seed),
            temperature=arguments.temperature_of(temperature),
            height=rows,
            width=columns,
            classes=arguments.classes_of_images(classes, count),
            numbers=arguments.numbers_of_images(self._model, condition, count, size),
            with_probabilities=bool(probabilities),
        )
        return self._drawn(levels, values)

    @overload
    def complete(self, x: ArrayLike, mask: ArrayLike, count: int = ..., *, seed: int = ...,
                 classes: ArrayLike | None = ..., condition: ArrayLike | None = ..., temperature: float = ...,
                 probabilities: Literal[False] = ...) -> Levels: ...

    @overload
    def complete(self, x: ArrayLike, mask: ArrayLike, count: int = ..., *, seed: int = ...,
                 classes: ArrayLike | None = ..., condition: ArrayLike | None = ..., temperature: float = ...,
                 probabilities: Literal[True]) -> tuple[Levels, NDArray[np.float32]]: ...

    def complete(self, x: ArrayLike, mask: ArrayLike, count: int = 1, *, seed: int = 1,
                 classes: ArrayLike | None = None, condition: ArrayLike | None = None, temperature: float = 1.0,
                 probabilities: bool = False) -> Drawn:
        """Keeps the known pixels of images and draws the others, as pcnn-sample --complete does.

        mask: (rows, columns) for all images or (images, rows, columns), booleans or integers: True or not 0
            where a pixel is known.
        count: completions of each image.
        Returns (images * count, channels, rows, columns): all completions of the first image, then those of the
        second. y.reshape(len(x), count, *y.shape[1:]) has an axis for each. classes and condition are those of
        the images; the others are as in sample().
        """
        images = arguments.images(self._model, x)
        count = arguments.integer("count", count, 1, arguments.INT_MAX)
        levels, values = self._model.complete(
            images,
            arguments.known_pixels(mask, images),
            count=count,
            seed=_seed(seed),
            temperature=arguments.temperature_of(temperature),
            classes=arguments.classes_of_images(classes, len(images)),
            numbers=arguments.numbers_of_images(self._model, condition, len(images), images.shape[2:]),
            with_probabilities=bool(probabilities),
        )
        return self._drawn(levels, values)

    @overload
    def nll(self, x: ArrayLike, *, per_pixel: Literal[False] = ..., classes: ArrayLike | None = ...,
            condition: ArrayLike | None = ...) -> NDArray[np.float64]: ...

    @overload
    def nll(self, x: ArrayLike, *, per_pixel: Literal[True], classes: ArrayLike | None = ...,
            condition: ArrayLike | None = ...) -> NDArray[np.float32]: ...

    def nll(self, x: ArrayLike, *, per_pixel: bool = False, classes: ArrayLike | None = None,
            condition: ArrayLike | None = None) -> NDArray[Any]:
        """Negative log-likelihoods in nats, the scores of pcnn-eval: (images,), float64.

        A model of classes that is told none scores under all of them, each as likely beforehand.
        per_pixel: by pixel, summed over channels: (images, rows, columns), float32. A model with a condition has
            to be told it then.
        """
        images = arguments.images(self._model, x)
        told = self._told(images, classes, condition)
        if per_pixel:
            return self._model.pixel_nats(images, *told)
        return self._model.nats(images, *told)

    def logits(self, x: ArrayLike, *, classes: ArrayLike | None = None,
               condition: ArrayLike | None = None) -> NDArray[np.float32]:
        """What the distributions of pixels are made of: (images, logits, rows, columns). docs/models.md says of
        each head what they mean."""
        images = arguments.images(self._model, x)
        return self._model.logits(images, *self._told(images, classes, condition))

    def parameters(self) -> dict[str, NDArray[np.float32]]:
        """By name, those that images are scored and drawn with; kernels are (out, in, rows, columns). The arrays are
        views, read only, and keep the model in memory."""
        return self._model.parameters()

    def graph(self) -> dict[str, Any]:
        """The network: its nodes in order, and the names, shapes and masks of its parameters. docs/interchange.md says
        what the members mean."""
        network: dict[str, Any] = json.loads(self._model.graph())
        return network

    def receptive_field(self) -> NDArray[np.int64]:
        """(pixels, 2): (rows down, columns right) of the earlier pixels that a pixel's distribution depends on."""
        return self._model.receptive_field()

    def _told(self, images: NDArray[np.uint16], classes: ArrayLike | None, condition: ArrayLike | None
              ) -> tuple[NDArray[np.int32] | None, NDArray[np.float32] | None]:
        count, size = len(images), images.shape[2:]
        return (arguments.classes_of_images(classes, count),
                arguments.numbers_of_images(self._model, condition, count, size))

    def _drawn(self, levels: NDArray[np.uint16], probabilities: NDArray[np.float32] | None) -> Drawn:
        images = levels.astype(self.dtype, copy=False)
        return images if probabilities is None else (images, probabilities)

    def __repr__(self) -> str:
        channels, rows, columns = self.shape
        told = f", {self.classes} classes" if self.classes else ""
        if self.condition_shape:
            told = ", told " + "x".join(map(str, self.condition_shape)) + " numbers"
        return f"<pcnn.Model {self.path!r}: {channels}x{rows}x{columns} images, {self.levels} levels{told}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"a pcnn.Model is not pickled or copied: hand on its path, and pcnn.load({self.path!r})")


def load(path: str | os.PathLike[str], threads: int | None = None) -> Model:
    """Loads a trained model.

    path: a run directory, whose best parameters are taken, or a checkpoint (.safetensors).
    threads: to compute on; None: all cores that the process may use. Results do not depend on it.
    """
    return Model(path, threads)


def _seed(seed: Any) -> int:
    return arguments.integer("seed", seed, 0, (1 << 63) - 1, "an integer in 0 to 2**63 - 1")
