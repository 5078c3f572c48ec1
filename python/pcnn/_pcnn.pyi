from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_Classes = NDArray[np.int32] | None
_Numbers = NDArray[np.float32] | None

def version() -> str: ...
def train(
    config: str,
    resume: str,
    overrides: list[str],
    quiet: bool,
    on_step: Callable[[int, int, int, float, float, float], bool] | None,
    on_epoch: Callable[[int, int, float, float, float, float], bool],
) -> tuple[str, bool, int, float]: ...

def network_graph(config: str, overrides: list[str], image: tuple[int, int, int] | None) -> str: ...
def write_model(
    path: str,
    config: str,
    overrides: list[str],
    image: tuple[int, int, int] | None,
    parameters: list[tuple[str, NDArray[np.float32]]],
) -> tuple[str, list[tuple[str, int]]]: ...

class Model:
    def __init__(self, path: str, threads: int) -> None: ...
    @property
    def path(self) -> str: ...
    @property
    def config(self) -> str: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...
    @property
    def levels(self) -> int: ...
    @property
    def classes(self) -> int: ...
    @property
    def condition_shape(self) -> tuple[int, ...]: ...
    @property
    def logit_channels(self) -> int: ...
    def graph(self) -> str: ...
    def parameters(self) -> dict[str, NDArray[np.float32]]: ...
    def receptive_field(self) -> NDArray[np.int64]: ...
    def nats(self, levels: NDArray[np.uint16], classes: _Classes, numbers: _Numbers) -> NDArray[np.float64]: ...
    def pixel_nats(self, levels: NDArray[np.uint16], classes: _Classes, numbers: _Numbers) -> NDArray[np.float32]: ...
    def logits(self, levels: NDArray[np.uint16], classes: _Classes, numbers: _Numbers) -> NDArray[np.float32]: ...
    def sample(
        self,
        count: int,
        seed: int,
        temperature: float,
        height: int,
        width: int,
        classes: _Classes,
        numbers: _Numbers,
        with_probabilities: bool,
    ) -> tuple[NDArray[np.uint16], NDArray[np.float32] | None]: ...
    def complete(
        self,
        levels: NDArray[np.uint16],
        known: NDArray[np.uint8],
        count: int,
        seed: int,
        temperature: float,
        classes: _Classes,
        numbers: _Numbers,
        with_probabilities: bool,
    ) -> tuple[NDArray[np.uint16], NDArray[np.float32] | None]: ...
