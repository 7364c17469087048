"""What the rows of a table answer, and how much each counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.data import as_weights
from handgrad.errors import DataError
from handgrad.tables.kinds import class_labels, class_numbers, number_targets, row_weights

if TYPE_CHECKING:
    import polars as pl

MOST_CLASSES = 1000
LARGEST = 1e100
"""Numbers beyond this cannot be squared and summed."""


@dataclass(frozen=True)
class Part:
    """A frame, and what errors call it."""

    frame: pl.DataFrame
    name: str


def answers(parts: Sequence[Part], target: str, task: str, missing: Sequence[str]) -> tuple[Array, tuple[str, ...] | None]:
    """Class numbers and classes, or numbers and None, of the rows of all parts; -1, or NaN, where there is no answer.

    Raises DataError for a target of which there is nothing to learn, and with the row for what is no answer.
    """
    if task == "regression":
        return _numbers(parts, target, missing), None
    return _classes(parts, target, missing)


def _numbers(parts: Sequence[Part], target: str, missing: Sequence[str]) -> Array:
    found = []
    for part in parts:
        y = number_targets(part.frame[target], target, part.name, words=missing)
        large = np.flatnonzero(np.abs(y) > LARGEST)
        if len(large):
            raise DataError(
                f"{part.name}: row {large[0] + 1:,}: {target!r} is {y[large[0]]:g}, but targets beyond ±{LARGEST:g} are not learnt"
            )
        found.append(y)
    whole = np.concatenate(found)
    there = whole[~np.isnan(whole)]
    if len(there) and there.min() == there.max():
        raise DataError(f"{parts[0].name}: the target {target!r} is {there[0]:g} in all rows, so that there is nothing to learn")
    return whole


def _classes(parts: Sequence[Part], target: str, missing: Sequence[str]) -> tuple[Array, tuple[str, ...]]:
    first, *others = parts
    classes, y = class_labels(first.frame[target], words=missing)
    if len(classes) < 2:
        only = f"is {classes[0]!r} in all rows" if classes else "has no values"
        raise DataError(f"{first.name}: the target {target!r} {only}; a classification needs two classes or more")
    if len(classes) > min(MOST_CLASSES, len(y) // 2):
        raise DataError(
            f"{first.name}: the target {target!r} has {len(classes):,} different values in {len(y):,} rows, which are too many "
            f"classes (at most {MOST_CLASSES:,}, of two rows or more on average); name another --target or, where these are plain "
            "numbers, give --task regression"
        )
    for part in others:
        more = class_numbers(part.frame[target], classes, words=missing)
        if (more < -1).any():
            row = int((more < -1).argmax())
            known = ", ".join(classes[:20])
            raise DataError(
                f"{part.name}: row {row + 1:,}: {part.frame[target][row]!r} is none of the classes of {first.name}: {known}"
            )
        y = np.concatenate([y, more])
    return y, classes


def weights(parts: Sequence[Part], weight: str, answered: Array, missing: Sequence[str]) -> Array:
    """The rows' weights, at most 1; those without an answer have any. Raises DataError with the row for what is no weight."""
    found, first = [], 0
    for part in parts:
        w = row_weights(part.frame[weight], weight, part.name, answered[first : first + part.frame.height], words=missing)
        found.append(np.where(w >= 0, w, 0.0))
        first += len(w)
    whole = np.concatenate(found)
    if not whole[answered].any():
        raise DataError(f"{parts[0].name}: all weights of column {weight!r} are 0")
    checked = as_weights(whole, len(whole))
    assert checked is not None
    return checked
