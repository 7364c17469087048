"""The options of a run: checked once, and told to the engine, the checkpoints and the reader alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from handgrad.catalogue.base import NOT_NEGATIVE, POSITIVE, Interval
from handgrad.catalogue.lookup import find_optimiser, find_schedule
from handgrad.catalogue.rules import Optimiser, Schedule
from handgrad.engine.runs.metrics import Metric, named
from handgrad.engine.runs.weighting import ClassWeight
from handgrad.errors import TrainingError, did_you_mean
from handgrad.network import Network, Parameters
from handgrad.training import check_options

BELOW_ONE = Interval(0, 1, low_closed=True)


@dataclass(frozen=True)
class Options:
    """What `fit` was told, in its words. Raises TrainingError, or CatalogueError for a rule or schedule that does not exist."""

    network: Network
    epochs: int
    batch_size: int = 32
    learning_rate: float | None = None
    optimiser: str | Optimiser = "adam"
    hyperparameters: Mapping[str, float] | None = None
    schedule: str | Schedule = "constant"
    shuffle: bool = True
    metric: Metric = "loss"
    larger_is_better: bool | None = None
    patience: int | None = None
    min_delta: float = 0.0
    restore_best: bool = True
    weight_decay: float | None = None
    dropout: float | Sequence[float] = 0.0
    clip: float | None = None
    rate_factors: Mapping[str, float] | None = None
    class_weight: ClassWeight = field(default=None)
    n_threads: int | None = None
    every: int = 1

    def __post_init__(self) -> None:
        check_options(self.epochs, self.batch_size, self.alpha if self.learning_rate is None else self.learning_rate)
        for name in ("patience", "n_threads", "every"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1):
                raise TrainingError(f"{name} is a whole number, 1 or more, but {value!r} was given")
        _require("min_delta", self.min_delta, NOT_NEGATIVE)
        if self.clip is not None:
            _require("clip", self.clip, POSITIVE)
        for share in self.shares:
            _require("dropout", share, BELOW_ONE)
        named(self.metric, larger_is_better=self.larger_is_better)
        known = Parameters(self.network).arrays() if self.rate_factors else {}
        for name, factor in (self.rate_factors or {}).items():
            if name not in known:
                raise TrainingError(f"rate_factors names parameter arrays, but {name!r} is none. {did_you_mean(str(name), known)}")
            _require(f"the rate factor of {name}", factor, NOT_NEGATIVE)
        if not self.rule.update:
            self._require_no_steps()

    @cached_property
    def rule(self) -> Optimiser:
        """The update rule with its hyperparameters."""
        given = dict(self.hyperparameters or {})
        if self.learning_rate is not None:
            given["learning_rate"] = self.learning_rate
        rule = find_optimiser(self.optimiser)
        if not rule.update:
            return rule.with_parameters(self.hyperparameters or {})
        if self.weight_decay is not None:
            given["weight_decay"] = self.weight_decay
        return rule.with_parameters(given)

    @cached_property
    def timing(self) -> Schedule:
        """The schedule of the learning rate."""
        return find_schedule(self.schedule)

    @property
    def alpha(self) -> float:
        """The learning rate; 1 for lbfgs, which has none."""
        return float(self.learning_rate if self.learning_rate is not None else self.rule.parameters.get("alpha", 1.0))

    @property
    def shares(self) -> list[float]:
        """The share of units that each hidden layer leaves out."""
        hidden = self.network.L - 1
        if not isinstance(self.dropout, Sequence | np.ndarray):
            if self.dropout and not hidden:
                raise TrainingError(f"dropout leaves out hidden units, but the network {self.network} has none")
            return [self.dropout] * hidden
        if len(self.dropout) != hidden:
            raise TrainingError(f"dropout has a share for each hidden layer, {hidden} here, but {len(self.dropout)} were given")
        return [float(share) for share in self.dropout]

    def _require_no_steps(self) -> None:
        """Lbfgs takes all examples at once and searches for its own steps: options of single steps have no meaning there."""
        meant = {
            "learning_rate": self.learning_rate is not None, "schedule": self.timing.name != "constant",
            "weight_decay": bool(self.weight_decay), "dropout": any(self.shares), "clip": self.clip is not None,
            "rate_factors": bool(self.rate_factors),
        }  # fmt: skip
        for name, given in meant.items():
            if given:
                raise TrainingError(f"{self.rule.name} searches for its own steps over all examples at once, so it takes no {name}")

    def for_engine(self) -> dict[str, Any]:
        """What an engine is told beside the network and its parameters."""
        if not self.rule.update:
            return {"n_threads": self.n_threads}
        return {
            "optimiser": self.rule,
            "batch_size": int(self.batch_size),
            "n_threads": self.n_threads,
            "dropout": self.shares if any(self.shares) else 0.0,
            "clip": self.clip,
            "rate_factors": self.rate_factors,
        }

    def identity(self) -> dict[str, Any]:
        """What two runs that end with the same bits have in common, as JSON, beside the number of epochs."""
        metric, larger = named(self.metric, larger_is_better=self.larger_is_better)
        return {
            "batch_size": int(self.batch_size),
            "optimiser": self.rule.label,
            "learning_rate": self.alpha,
            "schedule": self.timing.spelling,
            "shuffle": bool(self.shuffle),
            "metric": metric,
            "larger_is_better": larger,
            "patience": self.patience,
            "min_delta": float(self.min_delta),
            "restore_best": bool(self.restore_best),
            "dropout": [float(share) for share in self.shares],
            "clip": self.clip,
            "rate_factors": {k: float(v) for k, v in (self.rate_factors or {}).items() if v != 1},
            "class_weight": {str(k): float(v) for k, v in self.class_weight.items()}
            if isinstance(self.class_weight, Mapping)
            else self.class_weight,
        }


def _require(name: str, value: Any, interval: Interval) -> None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and bool(interval.holds(np.asarray(number)))):
        raise TrainingError(f"{name} is a number in {interval}, but {value!r} was given")
