"""Training from a config."""

from __future__ import annotations

import os
import pathlib
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Union

import numpy as np

from . import _pcnn
from .arguments import path_text
from .errors import InputError, shorten
from .events import Epoch, Step
from .model import Model
from .overrides import Overrides, override_list

Callback = Callable[[Union[Epoch, Step]], Any]


@dataclass(frozen=True, repr=False)
class Run:
    """A run that has ended. It stands for its directory where a path is asked for: load(run), train(resume=run)."""

    directory: pathlib.Path
    completed: bool
    """False: a callback stopped it, or a signal did; train(resume=run) goes on with it."""
    epochs: tuple[Epoch, ...]
    """Those that this call trained."""
    test_nats_per_dim: float | None
    """Of the test split, with the best parameters; None where the run is not completed."""

    def model(self, threads: int | None = None) -> Model:
        """The trained model, with the parameters of the best epoch."""
        return Model(self.directory, threads)

    def __fspath__(self) -> str:
        return str(self.directory)

    def __repr__(self) -> str:
        ended = f"{self.test_nats_per_dim:.4f} nats/dim on the test split" if self.completed else "not completed"
        return f"<pcnn.Run {str(self.directory)!r}: {ended}>"


def train(config: str | os.PathLike[str] | None = None, overrides: Overrides | None = None, *,
          callback: Callback | None = None, every_step: bool = False,
          resume: str | os.PathLike[str] | None = None, quiet: bool = True) -> Run:
    """Trains the network of a config, as pcnn-run does and to the same bits, and returns the run.

    config: the path of a YAML file.
    overrides: {"train.epochs": 1, "name": "small"}, values as Python has them, where a text stays a text; or
        ["train.epochs=1", "name=small"], as pcnn-run takes them. {"threads": 2} trains on two threads.
    callback: called with an Epoch after each epoch, and where every_step is true with a Step after each step.
        Where it returns False the run ends, its state saved; so it does where it raises, and the exception
        comes out of train().
    resume: the directory of a run to go on with, in place of a config.
    quiet: whether warnings alone are printed; else what pcnn-run prints.

    Other Python threads go on meanwhile. Ctrl-C ends the run after the step, saves its state and raises
    KeyboardInterrupt, in the main thread as ever; train() in another thread returns the run. SIGTERM and SIGHUP
    do what they do without pcnn, once the state is saved. A second Ctrl-C or SIGTERM before ends the process at
    once. One training runs in a process at a time.
    """
    if callback is not None and not callable(callback):
        raise InputError(f"callback: found {shorten(callback)}, accepted: a function of one argument, or None")
    epochs: list[Epoch] = []

    def goes_on(event: Epoch | Step) -> bool:
        answer = callback(event) if callback is not None else None
        return not (isinstance(answer, (bool, np.bool_)) and not answer)

    def on_step(*values: Any) -> bool:
        return goes_on(Step(*values))

    def on_epoch(*values: Any) -> bool:
        epochs.append(Epoch(*values))
        return goes_on(epochs[-1])

    directory, completed, signal_number, test_nats_per_dim = _pcnn.train(
        config="" if config is None else path_text("config", config),
        resume="" if resume is None else path_text("resume", resume),
        overrides=override_list(overrides),
        quiet=bool(quiet),
        on_step=on_step if every_step and callback is not None else None,
        on_epoch=on_epoch,
    )
    if signal_number != 0:
        _pass_on(signal_number, directory)
    return Run(pathlib.Path(directory), completed, tuple(epochs), test_nats_per_dim if completed else None)


def _pass_on(signal_number: int, directory: str) -> None:
    """Gives a signal that ended the run to whoever handles it without one."""
    try:
        signal.raise_signal(signal_number)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"the run is saved, pcnn.train(resume={directory!r}) goes on with it"
        ) from None
