"""Which rows of a table train, validate and are held out: by class, by group, by time, or as a test file has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.datasets import Dataset
from handgrad.engine.job import VALIDATED
from handgrad.errors import DataError, MissingExtraError
from handgrad.training import HELD_OUT, Split, stratified_split


@dataclass(frozen=True)
class Divisible:
    """What rows are divided by: their numbers in a table, answers y, class names or None, and one of groups or times, each (n,)."""

    name: str
    numbers: Array
    y: Array
    classes: tuple[str, ...] | None
    groups: Array | None = None
    times: Array | None = None

    def take(self, rows: Array) -> Divisible:
        """These rows alone."""
        groups, times = (None if each is None else each[rows] for each in (self.groups, self.times))
        return Divisible(self.name, self.numbers[rows], self.y[rows], self.classes, groups, times)

    def divided(self, share: float, rng: np.random.Generator) -> Split:
        """Hold out about this share: whole groups, the latest times, or of every class alike; by place. Raises DataError."""
        if self.times is not None:
            return self._by_time(share)
        if self.groups is not None:
            return self._by_group(share, rng)
        return stratified_split(Dataset(self.name, np.empty((len(self.y), 0)), self.y, (), self.classes), rng, share)

    def _by_time(self, share: float) -> Split:
        assert self.times is not None
        moments = np.sort(self.times)
        cut = moments[min(len(moments) - 1, int(len(moments) * (1 - share)))]
        later = self.times >= cut if cut > moments[0] else self.times > cut  # rows of one moment stay together
        if later.all() or not later.any():
            raise DataError(f"{self.name}: rows to train on, to stop by and to hold out need three different times at least")
        return Split(np.flatnonzero(~later), np.flatnonzero(later))

    def _by_group(self, share: float, rng: np.random.Generator) -> Split:
        try:
            from sklearn.model_selection import GroupKFold, StratifiedGroupKFold
        except ImportError:
            raise MissingExtraError("splits by group need scikit-learn: pip install 'handgrad[train]'") from None
        assert self.groups is not None
        count, folds = len(np.unique(self.groups)), round(1 / share)
        if count < 2:
            raise DataError(f"{self.name}: rows to train on, to stop by and to hold out need three different groups at least")
        folds, seed = min(folds, count), int(rng.integers(2**31))
        everything = np.zeros((len(self.y), 1))
        if self.classes is None:
            parts = GroupKFold(folds, shuffle=True, random_state=seed).split(everything, self.y, self.groups)
        else:  # labels that are rarer than folds are no fault here, so only the common ones stratify
            counts = np.bincount(self.y, minlength=len(self.classes))
            common = np.where(counts[self.y] >= folds, self.y, counts.argmax())
            parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(everything, common, self.groups)
        chosen = min(
            ((train, held) for train, held in parts if len(train) and len(held)),
            key=lambda part: abs(len(part[1]) - share * len(self.y)),
        )
        return Split(*chosen)


def divide(rows: Divisible, tested: Array, rng: np.random.Generator) -> tuple[Split, Array]:
    """Numbers of the rows to train on and held out, and of those that validate; `tested` are a test file's, if any.

    Raises DataError where they cannot be divided.
    """
    if len(tested):
        outer, held = rows, tested
    else:
        split = rows.divided(HELD_OUT, rng)
        outer, held = rows.take(split.train), rows.numbers[split.held_out]
    inner = outer.divided(VALIDATED, rng)
    return Split(outer.numbers[inner.train], held), outer.numbers[inner.held_out]
