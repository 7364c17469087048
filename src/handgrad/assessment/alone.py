"""What makes a score easy or misleading: columns that alone predict the target, and classes that are far from equally frequent."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from handgrad.assessment.rows import Rows
from handgrad.assessment.scores import Classes, first_score
from handgrad.calculus.functions import Array
from handgrad.tables.encoding import TableEncoding

ENOUGH = 0.99
"""The score from which on a column is said to predict the target by itself."""
LEAVES = 256
FEWEST_ROWS = 40
"""Of fewer rows nothing is said: a column of few values may be right in all of them by chance."""
MOST_ROWS, CELLS = 10_000, 2_000_000
"""Bounds on the rows that are looked at: in all, and times the columns."""
RARE = 10
"""Classes are said to be unequal where the most frequent one has so many times the rows of the rarest."""


@dataclass(frozen=True)
class Alone:
    """A column and what it reaches by itself on rows that were not learned from: balanced accuracy, or R²."""

    column: str
    score: float


def alone(train: Rows, encoding: TableEncoding | None, classes: Classes, *, seed: int = 0) -> list[Alone]:
    """The columns that by themselves predict the target, best first.

    A decision tree of at most 256 leaves learns from one half of the rows and is scored on the other, by balanced accuracy for
    classes and R² for numbers; 0.99 and above counts. Such a column may hold the answer in other words (a leak), in which case the
    score says nothing of rows to come. Without an encoding, the columns are named x0, x1, … Nothing of fewer than 40 rows.
    """
    if len(train) < FEWEST_ROWS:
        return []
    columns, names = train.X.shape[1], [f"x{n}" for n in range(train.X.shape[1])]
    if encoding is not None:
        columns, names = len(encoding.columns), list(encoding.inputs)
    rng = np.random.default_rng(seed)
    rows = train.some(max(1000, min(MOST_ROWS, CELLS // max(columns, 1))), rng)
    X = rows.X if encoding is None else encoding.ordinal(rows.X)[0]
    order = rng.permutation(len(rows))
    halves = order[::2], order[1::2]
    found = [Alone(name, _by_tree(X[:, [n]], rows, halves, classes, seed)) for n, name in enumerate(names)]
    return sorted((one for one in found if one.score >= ENOUGH), key=lambda one: -one.score)


def _by_tree(column: Array, rows: Rows, halves: tuple[Array, Array], classes: Classes, seed: int) -> float:
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    learned, judged = halves
    kind = DecisionTreeRegressor if classes is None else DecisionTreeClassifier
    part, rest = rows.take(learned), rows.take(judged)
    tree = kind(max_leaf_nodes=LEAVES, random_state=seed).fit(column[learned], part.y, sample_weight=part.weights)
    answers = tree.predict(column[judged])
    if classes is None:
        return first_score(None, answers, rest.y, rest.weights)
    if len(np.unique(rest.y)) < 2:
        return float("nan")
    with warnings.catch_warnings():  # of classes that only one half has
        warnings.simplefilter("ignore")
        return float(balanced_accuracy_score(rest.y, answers, sample_weight=rest.weights))


def imbalance(classes: Classes, y: Array) -> str | None:
    """Say with numbers that classes are far from equally frequent, and what can be done; None where they are not."""
    if classes is None or not len(y):
        return None
    counts = np.bincount(y, minlength=len(classes))
    most, least = int(counts.argmax()), int(np.where(counts > 0, counts, counts.max() + 1).argmin())
    if counts[most] < RARE * counts[least]:
        return None
    share = counts / counts.sum()
    often, rarely = (
        f"{classes[n]!r} {'has ' if n == most else ''}{share[n]:.1%} of the {len(y):,} rows to learn from ({counts[n]:,})"
        for n in (most, least)
    )
    return (
        f"The classes are far from equally frequent: {often}, {rarely}. Always answering {classes[most]!r} is right that often, "
        "so look at recall and balanced accuracy rather than accuracy; --class-weight balanced makes rare classes count as much "
        "as frequent ones."
    )
