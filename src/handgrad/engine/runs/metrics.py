"""What a validation set is scored by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.functions import Array
from handgrad.derivation import derive
from handgrad.engine.interface import Trainer
from handgrad.engine.sparse import Inputs
from handgrad.errors import TrainingError, did_you_mean
from handgrad.network import Network, Parameters

Metric = str | Callable[[Array, Array], float]


class Scores(Protocol):
    """What scores a run after each epoch, and what the score is called."""

    name: str

    def __call__(self, engine: Trainer) -> float:
        """The score of the parameters as they are."""


class Scorer:
    """Scores an engine's outputs on validation examples.

    `metric` is "loss" (the weighted mean over the examples of the plain loss, without penalty or smoothing), "accuracy",
    "accuracy_then_loss" (of epochs with the same accuracy the one with the smaller loss is better), "r2", or a
    callable of (A, Y), both n_samples × n_L, that returns a number; then `larger_is_better` says which way it goes. The callable
    does not see sample weights; the others count them. Raises TrainingError for a metric that does not exist or does not fit.
    """

    def __init__(
        self, network: Network, X: Inputs, Y: Array, weights: Array | None, metric: Metric, *, larger_is_better: bool | None
    ) -> None:
        self.X, self.Y, self.weights = X, Y, np.ones(len(X)) if weights is None else weights.astype(np.float64)
        self.name, self.larger_is_better = named(metric, larger_is_better=larger_is_better)
        self._plain = Network(network.widths, network.activations, network.loss)
        self._given_weights = weights
        by_name: dict[str, Callable[[Array, Array], float]] = {
            "loss": self._loss, "accuracy": self._accuracy, "r2": self._r2, "accuracy_then_loss": self._accuracy_then_loss,
        }  # fmt: skip
        self._score = by_name[metric] if isinstance(metric, str) else metric

    def __call__(self, engine: Trainer) -> float:
        """The score of the parameters as they are. Raises TrainingError where a metric of the user's returns no number."""
        A = engine.outputs(self.X)
        try:
            score = float(self._score(A, self.Y))
        except (TypeError, ValueError) as error:
            if self.name in NAMED:
                raise
            told = f"the metric {self.name} is to return a number for outputs and targets, but: {error}"
            raise TrainingError(told) from error
        if self.name == "loss" and not np.isfinite(score):  # a probability rounded to 0: the derivation takes logarithms of sums
            plain = Parameters(self._plain, engine.read().buffer)
            score = derive(self._plain).loss(plain, self.X, self.Y, self._given_weights)
        return score

    def _loss(self, A: Array, Y: Array) -> float:
        record = self._plain.loss
        losses = evaluate(record.stable_expression, {"a": A, "y": Y}, record.functions())
        return float(np.average(np.broadcast_to(losses, A.shape).sum(axis=1, dtype=np.float64), weights=self.weights))

    def _accuracy(self, A: Array, Y: Array) -> float:
        """The share of examples that are right: the largest output where one class is, else every output on its side of ½."""
        one_class = A.shape[1] > 1 and bool((Y.sum(axis=1) == 1).all())
        right = A.argmax(axis=1) == Y.argmax(axis=1) if one_class else ((A > 0.5) == (Y > 0.5)).all(axis=1)
        return float(np.average(right, weights=self.weights))

    def _accuracy_then_loss(self, A: Array, Y: Array) -> float:
        """The accuracy and, where that is the same, the smaller loss: by far less than an example counts."""
        return self._accuracy(A, Y) - LOSS_BESIDE * float(np.fmin(self._loss(A, Y), LARGEST_LOSS))

    def _r2(self, A: Array, Y: Array) -> float:
        """1 - Σ (y - a)² / Σ (y - mean y)², over all outputs; NaN for targets that are all alike."""
        w, Y = self.weights[:, None], Y.astype(np.float64)
        spread = float((w * (Y - np.average(Y, axis=0, weights=self.weights)) ** 2).sum())
        return 1 - float((w * (Y - A) ** 2).sum()) / spread if spread else float("nan")


LOSS_BESIDE, LARGEST_LOSS = 1e-7, 100.0
NAMED = {"loss": False, "accuracy": True, "accuracy_then_loss": True, "r2": True}
"""The metrics that have a name, and whether a larger one is better."""
LABELS = {"r2": "R²", "accuracy_then_loss": "accuracy"}
"""What a reader is told where that is not the name."""


def named(metric: Any, *, larger_is_better: bool | None) -> tuple[str, bool]:
    """A metric's name, and whether larger is better. Raises TrainingError."""
    if callable(metric):
        if larger_is_better is None:
            raise TrainingError("a metric of your own needs larger_is_better=True or False beside it")
        return str(getattr(metric, "__qualname__", type(metric).__qualname__)), bool(larger_is_better)
    if not isinstance(metric, str) or metric not in NAMED:
        raise TrainingError(
            f"there is no metric {metric!r}. {did_you_mean(str(metric), NAMED)}, or a callable of outputs and targets"
        )
    if larger_is_better not in (None, NAMED[metric]):
        raise TrainingError(f"{metric} is better when it is {'larger' if NAMED[metric] else 'smaller'}; leave larger_is_better out")
    return metric, NAMED[metric]
