"""What a reader has to know of how rows were divided, and divisions from which nothing can be learnt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.datasets import Dataset
from handgrad.engine.tables.answers import Part
from handgrad.errors import DataError
from handgrad.tables.frames import canonical
from handgrad.tables.kinds import differ_in_case
from handgrad.training import Split

if TYPE_CHECKING:
    import polars as pl

LEAST_TRAINED = 5
FAR_OFF = (0.1, 0.45)
"""Shares held out outside of these are remarked on."""


def require_learnable(data: Dataset, split: Split, validated: Array, w: Array | None) -> None:
    """Raise DataError where too few rows, a single class or no weight is left to train on, to stop by or to be scored on."""
    name, y, classes = data.name, data.y, data.classes
    parts = {"to train on": split.train, "to stop by": validated, "held out": split.held_out}
    if len(split.train) < LEAST_TRAINED:
        counts = ", ".join(f"{len(rows):,} {what}" for what, rows in parts.items())
        raise DataError(f"{name}: of its rows there are {counts}: too few are left to train on")
    if classes is not None and len(np.unique(y[split.train])) < 2:
        raise DataError(f"{name}: the rows to train on are all of the class {classes[y[split.train[0]]]!r}; divide them otherwise")
    for what, rows in parts.items():
        if w is not None and not w[rows].any():
            raise DataError(f"{name}: the rows {what} all have the weight 0")


def remarks(data: Dataset, split: Split, validated: Array) -> Iterator[str]:
    """Sentences on classes that nothing was learnt of, and on a share held out that is far from a quarter."""
    y, classes = data.y, data.classes
    alike = differ_in_case(classes or ())
    if alike:
        yield f"the classes {', '.join(map(repr, alike))} differ only in case, and are taken as different ones"
    learnt = len(split.train) + len(validated)
    share = len(split.held_out) / (learnt + len(split.held_out))
    if not FAR_OFF[0] <= share <= FAR_OFF[1]:
        yield f"{share:.0%} of the rows are held out, as groups, moments or files do not divide more evenly"
    for number, name in enumerate(classes or ()):
        if not (y[split.train] == number).any():
            count = int((y[split.held_out] == number).sum())
            yield f"no row to train on is of the class {name!r}, which is never predicted therefore; {count:,} rows held out are"


def moments(column: pl.Series, validated: int, held_out: int) -> str:
    """The sentence that says from which moments on rows validate and are held out; of each the first row is given."""
    return (
        f"rows whose {column.name} is {column[held_out]} or later are held out, and those from {column[validated]} on stop training"
    )


def of_test_file(train: Part, test: Part, group: str | None, inputs: list[str]) -> Iterator[str]:
    """Sentences on rows that a test file shares with the table. Raises DataError for groups that it shares."""
    if group is not None and group in test.frame.columns:
        shared = sorted(set(canonical(train.frame[group]).drop_nulls()) & set(canonical(test.frame[group]).drop_nulls()))
        if shared:
            raise DataError(f"{test.name} and {train.name} share {len(shared):,} of the groups {group!r}, such as {shared[0]!r}")
    there = [name for name in inputs if name in test.frame.columns]
    hashes = [part.frame.select(canonical(part.frame[name]) for name in there).hash_rows() for part in (train, test)]
    count = int(np.isin(hashes[1].to_numpy(), hashes[0].to_numpy()).sum()) if there else 0
    if count:
        yield (
            f"{count:,} of the {test.frame.height:,} rows of {test.name} are, in all columns, also rows of {train.name}; if they "
            "are the same cases, they test nothing"
        )
