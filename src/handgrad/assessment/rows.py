"""Rows of a table as a network takes them, with their true answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError


@dataclass(frozen=True)
class Rows:
    """Network inputs X, n × width, and y: class numbers (n,), or float64 (n,) for a regression; weights are (n,), None if equal.

    Raises DataError for arrays that do not fit together, and for weights that are negative, not finite or all 0.
    """

    X: Array
    y: Array
    weights: Array | None = None

    def __post_init__(self) -> None:
        if self.X.ndim != 2 or self.y.shape != (len(self.X),):
            raise DataError(f"X is n × width and y has n entries, but they are of the shapes {self.X.shape} and {self.y.shape}")
        w = self.weights
        if w is not None and w.shape != self.y.shape:
            raise DataError(f"there is a weight for each row, but {len(self.y)} rows have weights of the shape {w.shape}")
        if w is not None and not (np.isfinite(w).all() and (w >= 0).all() and (w > 0).any()):
            raise DataError("weights are finite numbers, 0 or more, and not all 0")

    def __len__(self) -> int:
        return len(self.y)

    def some(self, most: int, rng: np.random.Generator) -> Rows:
        """At most so many of the rows, drawn without replacement, in their order; all of them where there are no more."""
        if len(self) <= most:
            return self
        picked = np.sort(rng.choice(len(self), most, replace=False))
        return self.take(picked)

    def take(self, picked: Array) -> Rows:
        """The rows of these numbers; where all of their weights are 0, they count alike."""
        weights = None if self.weights is None else self.weights[picked]
        return Rows(self.X[picked], self.y[picked], weights if weights is not None and weights.any() else None)
