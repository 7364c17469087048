"""scikit-learn's pace: its shuffling, its learning rates, and its counting of epochs without improvement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.engine.runs.checkpoints import plain
from handgrad.engine.runs.pace import Kept

TOO_SMALL, DIVISOR = 1e-6, 5.0
"""An adaptive learning rate is divided until it is this small; then the run ends."""


class CountingPace:
    """Counts the epochs in a row that were no better than the best one by `tol`, and stops after more than n_iter_no_change.

    With `by_score` it watches the validation score, else the training loss. `kind` is the learning rate's: "constant",
    "invscaling" (the first one over (t + 1)^power_t, where t counts the examples seen, at the end of each epoch) or "adaptive"
    (divided by 5 in place of stopping). Shuffles as scikit-learn does: each epoch shuffles the order of the one before.
    """

    stops_explosions = False

    def __init__(
        self,
        random: np.random.RandomState,
        *,
        kind: str,
        rate: float,
        first_rate: float,
        power_t: float,
        tol: float,
        n_iter_no_change: float,
        by_score: bool,
        shuffled: bool,
        t: int = 0,
        waited: int = 0,
        best_loss: float = math.inf,
        best_score: float = -math.inf,
    ) -> None:
        self.random, self.kind, self.rate, self.first_rate, self.power_t = random, kind, rate, first_rate, power_t
        self.tol, self.n_iter_no_change, self.by_score, self.shuffled = tol, n_iter_no_change, by_score, shuffled
        self.t, self.waited, self.best_loss, self.best_score = t, waited, best_loss, best_score
        self.best_epoch, self.said = 0, list[str]()
        self._order = np.zeros(0, np.int64)

    def identity(self) -> dict[str, Any]:
        """What makes two paces the same, as JSON."""
        return {
            "learning rate": self.kind, "power_t": float(self.power_t), "tol": float(self.tol),
            "n_iter_no_change": str(self.n_iter_no_change), "early stopping": self.by_score, "shuffling": self.shuffled,
        }  # fmt: skip

    def order(self, count: int) -> Array:
        """The order of the epoch before, shuffled once more."""
        if len(self._order) != count:
            self._order = np.arange(count, dtype=np.int64)
        if self.shuffled:
            moved = np.arange(count)
            self.random.shuffle(moved)
            self._order = self._order[moved]
        return self._order

    def rates(self, epoch: int, per_epoch: int) -> Array:  # noqa: ARG002  # it changes after epochs, by their results
        """The same one for all steps of an epoch."""
        return np.full(per_epoch, self.rate)

    def after(self, epoch: int, loss: float, score: float | None) -> tuple[bool, str]:
        """Count the epoch, and change the learning rate or end the run where it is time."""
        self.t += len(self._order)
        best = score is not None and score > self.best_score
        if self.by_score:
            better = score is not None and score >= self.best_score + self.tol
        else:
            better = not loss > self.best_loss - self.tol
        self.waited = 0 if better else self.waited + 1
        if best and score is not None:
            self.best_score, self.best_epoch = score, epoch
        self.best_loss = min(self.best_loss, loss)
        if self.kind == "invscaling":
            self.rate = self.first_rate / (self.t + 1) ** self.power_t
        return best, self._stopping() if self.waited > self.n_iter_no_change else ""

    def _stopping(self) -> str:
        what = "Validation score" if self.by_score else "Training loss"
        told = f"{what} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs."
        if self.kind != "adaptive" or self.rate <= TOO_SMALL:
            self.said.append(told + (" Learning rate too small." if self.kind == "adaptive" else "") + " Stopping.")
            return "early stopping"
        self.rate /= DIVISOR
        self.waited = 0
        self.said.append(f"{told} Setting learning rate to {self.rate:f}")
        return ""

    def state(self) -> Kept:
        """Its numbers, its order and its random numbers' state."""
        numbers = {name: float(getattr(self, name)) for name in ("rate", "t", "waited", "best_loss", "best_score", "best_epoch")}
        return {**numbers, "random": plain(self.random.get_state(legacy=False))}, {"order": self._order}

    def restore(self, about: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Go back to a kept state."""
        for name in ("rate", "best_loss", "best_score"):
            setattr(self, name, float(about[name]))
        self.t, self.waited, self.best_epoch = (int(about[name]) for name in ("t", "waited", "best_epoch"))
        self._order = arrays["order"]
        kept = dict(about["random"])
        words = {name: np.asarray(value, np.uint64) if isinstance(value, list) else value for name, value in kept["state"].items()}
        self.random.set_state({**kept, "state": words})
