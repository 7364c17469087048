"""An encoding of a table: fitted to its rows once, it turns rows into float64 numbers, the same bits on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError, did_you_mean
from handgrad.tables import columns as of_columns
from handgrad.tables import kinds
from handgrad.tables.columns import MISSING, UNKNOWN, CategoryColumn, LeftOut, NumberColumn
from handgrad.tables.fitting import EncodingOptions, fit_columns
from handgrad.tables.frames import as_frame, names_of, opened

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Encoded", "EncodingOptions", "TableEncoding"]

ROWS = 4096
"""Rows that are written at a time, so that they stay in the processor's cache."""
WIDEST = 1_000_000
"""The most encoded columns."""
NAMED = 10
"""So many missing columns are named in a message."""


@dataclass(frozen=True)
class Encoded:
    """Encoded rows: X, float64, n × width, C order, all finite.

    `unknown` counts, by column, the values without a column of their own (in a pooled column these are the rare ones and the
    unknown ones); `filled` the missing values in columns in which fitting saw none. Columns without any are not there.
    """

    X: Array
    unknown: dict[str, int]
    filled: dict[str, int]


@dataclass(frozen=True)
class TableEncoding:
    """How the columns of a table become numbers: made by `fit`, kept as plain JSON.

    `missing` are words that mean a missing value beside the usual ones; `notes` are sentences on what fitting found.
    Raises DataError for names that occur twice, and for no column or too many.
    """

    columns: tuple[NumberColumn | CategoryColumn, ...]
    left_out: tuple[LeftOut, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.columns) <= of_columns.MOST_COLUMNS or self.width > WIDEST:
            raise DataError(f"an encoding has from 1 to {of_columns.MOST_COLUMNS:,} columns, and {WIDEST:,} when encoded")
        if len(set(self.inputs)) < len(self.columns):
            raise DataError("an encoding has the same column twice")

    @classmethod
    def fit(
        cls,
        frame: pl.DataFrame,
        options: EncodingOptions = EncodingOptions(),  # noqa: B008  # it is frozen
        *,
        first_row: int | Array = 1,
        where: str = "the table",
    ) -> TableEncoding:
        """Find what the columns of a table are, from all rows of the frame.

        `frame` is a polars frame, or what `as_frame` takes; its rows are best in the table's own order, so that columns that
        count rows are seen. `first_row` is the number of the first row in messages, or an array of the numbers of all rows,
        where they are some of a table's.
        Raises DataError, with row, column and value, where a column cannot be used as it stands: dates, numbers among which
        there are texts, infinities; and where no column is left.
        """
        frame = opened(frame)
        names = names_of(frame)
        used = None if names is None else [name for name in names if name not in options.drop]
        plain = _framed(frame, used, where)
        found = fit_columns(plain, plain.columns if names is None else names, options, where, first_row)
        return cls(tuple(found.columns), tuple(found.left_out), tuple(options.missing), tuple(found.notes))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the raw columns."""
        return tuple(column.name for column in self.columns)

    @property
    def width(self) -> int:
        """How many encoded columns there are."""
        return sum(column.width for column in self.columns)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the encoded columns, all different."""
        taken: dict[str, None] = {}
        for label in (label for column in self.columns for label in column.labels):
            name, number = label, 1
            while name in taken:  # as where a column is called "colour=red"
                number += 1
                name = f"{label} ({number})"
            taken[name] = None
        return tuple(taken)

    @cached_property
    def blocks(self) -> Mapping[str, slice]:
        """The encoded columns of each raw column."""
        ends = np.cumsum([column.width for column in self.columns]).tolist()
        starts = [0, *ends[:-1]]
        return {name: slice(*span) for name, *span in zip(self.inputs, starts, ends, strict=True)}

    def encode(self, frame: pl.DataFrame, *, first_row: int | Array = 1, where: str = "the table") -> Encoded:
        """Encode rows. Columns are found by name, in any order; others are ignored.

        `first_row` is for messages, as in `fit`. Each row is encoded by itself, so that parts of a table
        give the same bits as the whole. Raises DataError for columns that are not there, and with row, column and value for
        texts and infinities in columns of numbers.
        """
        frame = opened(frame)
        names = names_of(frame)
        if names is not None:
            self._require_columns(names, where)
        frame = _framed(frame, None if names is None else self.inputs, where)
        self._require_columns(frame.columns, where)
        read = [self._read(column, frame[column.name], first_row, where) for column in self.columns]
        X = np.zeros((len(frame), self.width))
        for start in range(0, len(frame), ROWS):
            rows = slice(start, start + ROWS)
            for column, values in zip(self.columns, read, strict=True):
                column.write(values[rows], X[rows, self.blocks[column.name]])
        unknown, filled = {}, {}
        for column, values in zip(self.columns, read, strict=True):
            number = isinstance(column, NumberColumn)
            unknown[column.name] = 0 if number else int(np.count_nonzero(values == UNKNOWN))
            absent = np.isnan(values) if number else values == MISSING
            filled[column.name] = 0 if column.missing else int(np.count_nonzero(absent))
        return Encoded(X, _there(unknown), _there(filled))

    def _require_columns(self, given: list[str], where: str) -> None:
        there = set(given)
        absent = [name for name in self.inputs if name not in there]
        if not absent:
            return
        named = ", ".join(map(repr, absent[:NAMED])) + (f" and {len(absent) - NAMED:,} more" if len(absent) > NAMED else "")
        spare = there.difference(self.inputs, (gone.name for gone in self.left_out))
        hint = f". {did_you_mean(absent[0], spare)}" if 0 < len(spare) <= 100 else ""
        raise DataError(f"{where} lacks {'a column' if len(absent) == 1 else 'columns'} that the encoding needs: {named}{hint}")

    def _read(self, column: NumberColumn | CategoryColumn, series: pl.Series, first_row: int | Array, where: str) -> Array:
        """Numbers, NaN where missing; or codes of categories."""
        if isinstance(column, NumberColumn):
            return kinds.finite_numbers(series, column.name, where, first_row=first_row, words=self.missing)
        text = kinds.as_text(series, self.missing)
        return kinds.codes_of(kinds.as_boolean_text(text) if column.boolean else text, column.values)

    def ordinal(self, X: Array) -> tuple[Array, Array]:
        """One column for each raw column, n × len(columns), as tree models like them, and which of them are categories.

        Numbers are as encoded, categories are codes 0, 1, …; both are NaN where the value is missing (and an indicator says so),
        categories also where it is unknown.
        """
        found = np.empty((len(X), len(self.columns)))
        for place, column in enumerate(self.columns):
            found[:, place] = column.ordinal(X[:, self.blocks[column.name]])
        return found, np.array([isinstance(column, CategoryColumn) for column in self.columns])

    def to_json(self) -> dict[str, Any]:
        """The encoding as plain JSON, which `from_json` reads."""
        return {
            "columns": [of_columns.column_to_json(column) for column in self.columns],
            "left_out": [asdict(column) for column in self.left_out],
            "missing": list(self.missing),
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, data: Any) -> TableEncoding:
        """The encoding that `to_json` wrote. Nothing is trusted: raises DataError for anything else."""
        given = of_columns.fields_of(data, ("columns", "left_out", "missing", "notes"), "an encoding of a table")
        for name in ("columns", "left_out"):
            if not isinstance(given[name], list) or len(given[name]) > of_columns.MOST_COLUMNS:
                raise DataError(f"{name} of an encoding is a list of at most {of_columns.MOST_COLUMNS:,} columns")
        return cls(
            tuple(of_columns.column_from_json(column) for column in given["columns"]),
            tuple(LeftOut(**of_columns.fields_of(gone, ("name", "reason"), "a column left out")) for gone in given["left_out"]),
            of_columns.texts(given["missing"], "words for a missing value", 1000),
            of_columns.texts(given["notes"], "notes", of_columns.MOST_COLUMNS),
        )

    def describe(self) -> list[tuple[str, str, str]]:
        """Name, kind and details of each column in words, those left out last."""
        rows = [column.describe() for column in self.columns] + [(gone.name, "left out", gone.reason) for gone in self.left_out]
        return [(of_columns.on_one_line(name), kind, of_columns.on_one_line(detail)) for name, kind, detail in rows]


def _framed(frame: Any, only: Sequence[str] | None, where: str) -> pl.DataFrame:
    """The frame that `as_frame` makes; its errors name the table."""
    try:
        return as_frame(frame, only=only)
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def _there(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
