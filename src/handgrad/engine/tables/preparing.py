"""A table made ready for training: its answers, its rows divided, and its columns encoded as the training rows have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.datasets import Dataset
from handgrad.engine.tables.answers import Part, answers, weights
from handgrad.engine.tables.dividing import Divisible, divide
from handgrad.engine.tables.honesty import moments, of_test_file, remarks, require_learnable
from handgrad.errors import DataError, did_you_mean
from handgrad.tables.dates import times_of
from handgrad.tables.encoding import EncodingOptions, TableEncoding
from handgrad.tables.frames import canonical
from handgrad.tables.kinds import task_of
from handgrad.training import Split

if TYPE_CHECKING:
    import polars as pl

TASKS = ("classification", "regression")
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
        if self.target in self.encoding.drop:
            raise DataError(f"{self.target!r} is the target, which cannot be dropped")

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
    parts, words = [Part(frame, name)], options.encoding.missing
    if test is not None:
        replace(options, group=None, time_column=None).require_columns(test, test_name)
        parts.append(Part(test, test_name))
    task, told = options.task, list[str]()
    if task is None:
        task, reason = task_of(frame[options.target], words=words)
        told.append(f"{options.target}: {reason}, so this is a {task} (--task says otherwise)")
    y, classes = answers(parts, options.target, task, words)
    answered = ~np.isnan(y) if classes is None else y >= 0
    known = np.flatnonzero(answered[: frame.height])
    if len(known) < LEAST_ROWS:
        raise DataError(f"{name} has {len(known)} rows with a value of {options.target!r}; at least {LEAST_ROWS} are needed")
    if not answered.all():
        told.append(f"{int((~answered).sum()):,} rows have no {options.target} and are left out")
    w = None if options.weight is None else weights(parts, options.weight, answered, words)
    tested = frame.height + np.flatnonzero(answered[frame.height :])
    if test is not None and not len(tested):
        raise DataError(f"{test_name} has no row with a value of {options.target!r}")
    rows = _divided_by(parts[0], options, known, y, classes)
    split, validated = divide(rows, tested, np.random.default_rng(seed))
    data = Dataset(name, np.empty((len(y), 0)), y, (), classes)
    require_learnable(data, split, validated, w)
    told += remarks(data, split, validated)
    encoding = _fitted(parts[0], options, split.train)
    if test is not None:
        told += of_test_file(parts[0], parts[1], options.group, [*encoding.inputs, options.target])
    elif rows.groups is not None:
        of = dict(zip(rows.numbers, rows.groups, strict=True))
        held = len({of[row] for row in split.held_out})
        told.append(f"of {len(set(of.values())):,} groups by {options.group}, {held:,} are held out as a whole")
    elif rows.times is not None:
        assert options.time_column is not None
        first = (int(part[np.argmin(rows.times[np.searchsorted(known, part)])]) for part in (validated, split.held_out))
        told.append(moments(frame[options.time_column], *first))
    encoded = [encoding.encode(part.frame, where=part.name) for part in parts]
    X = np.concatenate([each.X.astype(dtype) for each in encoded])
    met = encoding.encode(frame[split.held_out], where=name) if test is None else encoded[-1]
    return TableData(
        replace(data, X=X, features=encoding.labels),
        encoding,
        options,
        task,
        split,
        validated,
        w,
        (*told, *encoding.notes),
        met.unknown,
        met.filled,
    )


def _fitted(part: Part, options: TableOptions, rows: Array) -> TableEncoding:
    """The encoding of the rows that train, without the columns that are left out for what they are in all rows."""
    frame = _inputs(part.frame, options)
    asked = replace(options.encoding, drop=tuple(name for name in options.encoding.drop if name not in options.roles.values()))
    whole = TableEncoding.fit(frame, asked, where=part.name)  # which names faults by the rows of the file, wherever they are
    left = {column.name: column for column in whole.left_out}
    learnt = np.sort(rows)
    categorical, keep = (tuple(name for name in names if name not in left) for names in (asked.categorical, asked.keep))
    rest = replace(asked, drop=tuple(left), categorical=categorical, keep=keep)
    found = TableEncoding.fit(frame[learnt], rest, first_row=learnt + 1, where=part.name)
    return replace(found, left_out=tuple(left.get(column.name, column) for column in found.left_out))


def _inputs(frame: pl.DataFrame, options: TableOptions) -> pl.DataFrame:
    kept = {options.group, options.time_column} & set(options.encoding.keep)
    return frame.drop([column for column in options.roles.values() if column not in kept])


def _divided_by(part: Part, options: TableOptions, known: Array, y: Array, classes: tuple[str, ...] | None) -> Divisible:
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
        times = times_of(frame[options.time_column], options.time_column, name, options.encoding.missing)[known]
        if np.isnan(times).any():
            row = known[int(np.isnan(times).argmax())]
            raise DataError(f"{name}: column {options.time_column!r}, row {row + 1:,} has no time")
    return Divisible(name, known, y[known], classes, groups, times)
