"""The pace of a run: the order in which its examples come, its learning rates, and when it is enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.catalogue.rules import Stalling
from handgrad.engine.runs.checkpoints import generator_state
from handgrad.engine.runs.options import Options
from handgrad.engine.runs.stopping import Watch

Kept = tuple[dict[str, Any], dict[str, Array]]
"""What a checkpoint keeps of a pace: JSON, and arrays."""


class Pace(Protocol):
    """What a run asks before an epoch and after it. `stops_explosions`: a finite loss that explodes ends the run as well."""

    stops_explosions: bool

    @property
    def best_epoch(self) -> int:
        """The number of the epoch with the best score or loss so far; 0 before the first."""

    def order(self, count: int) -> Array:
        """The order of the next epoch's examples, an int64 array of the numbers below `count`."""

    def rates(self, epoch: int, per_epoch: int) -> Array:
        """The learning rates of an epoch's steps; epochs count from 1."""

    def after(self, epoch: int, loss: float, score: float | None) -> tuple[bool, str]:
        """Take an epoch's mean loss and validation score: whether it is the best yet, and why the run ends, if it does."""

    def state(self) -> Kept:
        """What brings the pace back to where it stands."""

    def restore(self, about: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Go back to a kept state."""


class ScheduledPace:
    """The pace that the options of `fit` say: its schedule, its patience, and a new permutation for every epoch."""

    stops_explosions = True

    def __init__(self, options: Options, rng: np.random.Generator, *, larger_is_better: bool) -> None:
        self.options, self.rng = options, rng
        self.watch = Watch(larger_is_better, options.patience, options.min_delta)
        self.stalling: Stalling = options.timing.first_state()

    @property
    def best_epoch(self) -> int:
        """The epoch with the best score, or loss where there are no scores."""
        return self.watch.best_epoch

    def order(self, count: int) -> Array:
        """A permutation, or the numbers in their order."""
        return self.rng.permutation(count) if self.options.shuffle else np.arange(count)

    def rates(self, epoch: int, per_epoch: int) -> Array:
        """The schedule's."""
        total = per_epoch * self.options.epochs
        first = (epoch - 1) * per_epoch
        return self.options.timing.rates(self.options.alpha, first, per_epoch, total, per_epoch, self.stalling)

    def after(self, epoch: int, loss: float, score: float | None) -> tuple[bool, str]:
        """Patience watches the score, or the loss where there is none; an adaptive schedule watches the loss."""
        best = self.watch.see(epoch, loss if score is None else score)
        self.stalling = self.options.timing.after_epoch(self.stalling, loss)
        return best, "early stopping" if self.watch.exhausted else ""

    def state(self) -> Kept:
        """The generator's, the watch's and the schedule's."""
        return {"rng": generator_state(self.rng), "watch": self.watch.state(), "stalling": asdict(self.stalling)}, {}

    def restore(self, about: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:  # noqa: ARG002  # all of it is JSON
        """Go back to a kept state."""
        self.rng.bit_generator.state = about["rng"]
        self.watch.restore(about["watch"])
        self.stalling = Stalling(**about["stalling"])
