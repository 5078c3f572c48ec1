"""What a callback of pcnn.train() is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """After a step of training."""

    step: int  # from 1
    epoch: int  # from 1
    images: int  # seen so far
    train_nats_per_dim: float  # mean of the epoch so far
    images_per_second: float
    learning_rate: float

    def __str__(self) -> str:
        return (f"step {self.step}  epoch {self.epoch}  {self.images_per_second:.0f} images/s  "
                f"train {self.train_nats_per_dim:.4f} nats/dim")


@dataclass(frozen=True)
class Epoch:
    """After an epoch of training."""

    epoch: int  # from 1
    step: int  # so many taken
    train_nats_per_dim: float
    validation_nats_per_dim: float
    images_per_second: float
    seconds: float  # spent in steps, ever

    def __str__(self) -> str:
        return (f"epoch {self.epoch}  {self.images_per_second:.0f} images/s  train {self.train_nats_per_dim:.4f}  "
                f"validation {self.validation_nats_per_dim:.4f} nats/dim")
