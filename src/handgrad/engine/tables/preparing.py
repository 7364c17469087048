"""A table made ready for training: its answers, its rows divided, and its columns encoded as the training rows have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.data import as_weights
from handgrad.datasets import Dataset
from handgrad.engine.tables.dividing import Rows, divide, times_of
from handgrad.errors import DataError, did_you_mean
from handgrad.tables.encoding import EncodingOptions, TableEncoding
from handgrad.tables.frames import canonical
from handgrad.tables.kinds import class_labels, class_numbers, finite_numbers, number_targets, task_of
from handgrad.training import Split

if TYPE_CHECKING:
    import polars as pl

TASKS = ("classification", "regression")
MOST_CLASSES = 1000
LEAST_ROWS = 10


@dataclass(frozen=True)
class TableOptions:
    """What a table is learnt for and how it is divided; the columns are named as in the table.

    `task` is "classification" or "regression", None for what the target looks like. Rows of one `group` are all trained on or all
    held out; with a `time_column` the latest are held out. `weight` is a column of sample weights. None of these is an input,
    unless `encoding.keep` names it.
    """

    target: str
    task: str | None = None
    group: str | None = None
    time_column: str | None = None
    weight: str | None = None
    encoding: EncodingOptions = EncodingOptions()  # noqa: RUF009  # it is frozen

    def __post_init__(self) -> None:
        if self.task is not None and self.task not in TASKS:
            raise DataError(f"there is no task {self.task!r}. {did_you_mean(self.task, TASKS)}")
        if self.group is not None and self.time_column is not None:
            raise DataError("rows are divided by group or by time, but both a group and a time column were named")

    @property
    def roles(self) -> dict[str, str]:
        """Columns that are no inputs, by what they are."""
        named = {"target": self.target, "group": self.group, "time column": self.time_column, "weight": self.weight}
        return {role: name for role, name in named.items() if name is not None}

    def require_columns(self, frame: pl.DataFrame, where: str) -> None:
        """Raise DataError for a column that is not there, and for one with two roles."""
        for role, name in self.roles.items():
            if name not in frame.columns:
                raise DataError(f"{where} has no column {name!r}, which is to be the {role}. {did_you_mean(name, frame.columns)}")
        twice = [name for name, count in Counter(self.roles.values()).items() if count > 1]
        if twice:
            raise DataError(
                f"the column {twice[0]!r} is named for two things: {', '.join(k for k, v in self.roles.items() if v == twice[0])}"
            )


@dataclass(frozen=True)
class TableData:
    """A table ready for training: `data` has all rows, encoded, those of a test file last.

    `split` and `validated` are numbers of rows that have an answer. `unknown` and `filled` are what encoding the held-out
    rows met (see `Encoded`); `notes` are sentences for the reader.
    """

    data: Dataset
    encoding: TableEncoding
    options: TableOptions
    task: str
    split: Split
    validated: Array
    weights: Array | None = None
    notes: tuple[str, ...] = ()
    unknown: Mapping[str, int] = field(default_factory=dict)
    filled: Mapping[str, int] = field(default_factory=dict)


def prepare(
    frame: pl.DataFrame,
    options: TableOptions,
    *,
    name: str,
    test: pl.DataFrame | None = None,
    test_name: str = "",
    seed: int = 0,
    dtype: type[np.floating] = np.float32,
) -> TableData:
    """Divide the rows of a table, fit the encoding to those that train, and encode all. `test` has the rows to hold out, if given.

    Raises DataError for a target, columns or rows that cannot be used.
    """
    options.require_columns(frame, name)
    parts = [Part(frame, name)]
    if test is not None:
        replace(options, group=None, time_column=None).require_columns(test, test_name)
        parts.append(Part(test, test_name))
    task, reason = task_of(frame[options.target])
    told = [] if options.task else [f"{options.target}: {reason}, so this is a {task} (--task says otherwise)"]
    task = options.task or task
    y, classes = _answers(parts, options.target, task)
    answered = ~np.isnan(y) if classes is None else y >= 0
    known = np.flatnonzero(answered[: frame.height])
    if len(known) < LEAST_ROWS:
        raise DataError(f"{name} has {len(known)} rows with a value of {options.target!r}; at least {LEAST_ROWS} are needed")
    if not answered.all():
        told.append(f"{int((~answered).sum()):,} rows have no {options.target} and are left out")
    weights = None if options.weight is None else _weights(parts, options.weight, answered)
    rng = np.random.default_rng(seed)
    tested = frame.height + np.flatnonzero(answered[frame.height :])
    if test is not None and not len(tested):
        raise DataError(f"{test_name} has no row with a value of {options.target!r}")
    split, validated = divide(_divided_by(parts[0], options, known, y, classes), tested, rng)
    learnt = np.sort(split.train)
    encoding = TableEncoding.fit(_inputs(frame, options)[learnt], options.encoding, first_row=learnt + 1, where=name)
    X = np.concatenate([encoding.encode(part.frame, where=part.name).X.astype(dtype) for part in parts])
    met = encoding.encode(frame[split.held_out] if test is None else test, where=test_name or name)
    return TableData(
        Dataset(name, X, y, encoding.labels, classes),
        encoding,
        options,
        task,
        split,
        validated,
        weights,
        (*told, *encoding.notes),
        met.unknown,
        met.filled,
    )


@dataclass(frozen=True)
class Part:
    """A frame, and what errors call it."""

    frame: pl.DataFrame
    name: str


def _inputs(frame: pl.DataFrame, options: TableOptions) -> pl.DataFrame:
    kept = {options.group, options.time_column} & set(options.encoding.keep)
    return frame.drop([column for column in options.roles.values() if column not in kept])


def _answers(parts: Sequence[Part], target: str, task: str) -> tuple[Array, tuple[str, ...] | None]:
    """Class numbers and classes, or numbers and None, of the rows of all parts; -1, or NaN, where there is no answer."""
    first, *others = parts
    if task == "regression":
        y = np.concatenate([number_targets(part.frame[target], target, part.name) for part in parts])
        if np.nanmin(y, initial=np.inf) == np.nanmax(y, initial=-np.inf):
            raise DataError(
                f"{first.name}: the target {target!r} is {np.nanmax(y):g} in all rows, so that there is nothing to learn"
            )
        return y, None
    classes, y = class_labels(first.frame[target])
    if len(classes) < 2:
        only = f"is {classes[0]!r} in all rows" if classes else "has no values"
        raise DataError(f"{first.name}: the target {target!r} {only}; a classification needs two classes or more")
    if len(classes) > min(MOST_CLASSES, len(y) // 2):
        raise DataError(
            f"{first.name}: the target {target!r} has {len(classes):,} different values in {len(y):,} rows, which are too many "
            f"classes (at most {MOST_CLASSES:,}, of two rows or more on average); name another --target, or give --task regression "
            "for numbers"
        )
    for part in others:
        more = class_numbers(part.frame[target], classes)
        if (more < -1).any():
            row = int((more < -1).argmax())
            raise DataError(
                f"{part.name}: row {row + 1:,}: {part.frame[target][row]!r} is none of the classes of {first.name}: "
                f"{', '.join(classes[:20])}"
            )
        y = np.concatenate([y, more])
    return y, classes


def _divided_by(part: Part, options: TableOptions, known: Array, y: Array, classes: tuple[str, ...] | None) -> Rows:
    """The rows that have an answer, with their groups or times."""
    frame, name = part.frame, part.name
    groups = times = None
    if options.group is not None:
        column = canonical(frame[options.group])
        missing = np.intersect1d(np.flatnonzero(column.is_null().to_numpy()), known)
        if len(missing):
            raise DataError(f"{name}: column {options.group!r}, row {missing[0] + 1:,} names no group")
        groups = column.rank("dense").fill_null(0).to_numpy()[known]
    if options.time_column is not None:
        times = times_of(frame[options.time_column], options.time_column, name)[known]
        if np.isnan(times).any():
            row = known[int(np.isnan(times).argmax())]
            raise DataError(f"{name}: column {options.time_column!r}, row {row + 1:,} has no time")
    return Rows(name, known, y[known], classes, groups, times)


def _weights(parts: Sequence[Part], weight: str, answered: Array) -> Array | None:
    found = np.concatenate([finite_numbers(part.frame[weight], weight, part.name) for part in parts])
    lost = np.isnan(found) & answered
    if lost.any():
        row, first = int(lost.argmax()), parts[0].frame.height
        where = parts[0].name if row < first else parts[-1].name
        raise DataError(f"{where}: column {weight!r}, row {(row if row < first else row - first) + 1:,} has no weight")
    return as_weights(np.nan_to_num(found), len(found))
