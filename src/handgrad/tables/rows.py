"""Rows of a table in a file: all of them as numbers, for a model that takes nothing else, or some of them as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError, did_you_mean
from handgrad.tables.frames import as_frame, polars
from handgrad.tables.reading import TableFile, open_table
from handgrad.tables.values import as_numbers, is_time

if TYPE_CHECKING:
    import polars as pl

NAMED = 10
"""So many missing columns are named in a message."""
KNOWN = 100
"""Of a table with at most so many columns, a message names them all."""


def read_numbers(path: str | Path, features: Sequence[str] = (), **reading: Any) -> Array:
    """Read rows of inputs from any file that `open_table` reads, float64, n_samples × n_features, all finite.

    Columns are those that `features` names, wherever they stand, or all of them; an array (.npy) has no names, so that all of its
    columns are taken as they are. `reading` is what `open_table` takes.
    Raises DataError for a file that is no table, columns that are not there, and, with row and column, for what is no number.
    """
    return all_numbers(open_table(path, **reading), features)[0]


def all_numbers(table: TableFile, features: Sequence[str] = (), target: str | None = None) -> tuple[Array, list[Any] | None]:
    """All rows of a table as inputs, as `read_numbers` has them, and the values of the column `target` as they stand there.

    Inputs are the columns of `features`, or all but the target. Raises DataError as `read_numbers` does, also for a target that is
    missing in a row.
    """
    columns, where = input_columns(table, features, target), str(table.path)
    parts, y, first_row = [], list[Any](), 1
    for frame in table.batches():
        parts.append(frame_numbers(frame, columns, first_row=first_row, where=where))
        y += [] if target is None else present_values(frame, target, first_row=first_row, where=where)
        first_row += frame.height
    return np.concatenate(parts), None if target is None else y


def input_columns(table: TableFile, features: Sequence[str] = (), target: str | None = None) -> tuple[str, ...]:
    """The columns of a file that are a model's inputs: those of `features`, or all but the target.

    The columns of an array (.npy) have no names of their own: they are taken as they stand. Raises DataError for columns, `target`
    among them, that are not there.
    """
    unnamed = table.kind == "npy" and table.columns == tuple(f"x{place}" for place in range(len(table.columns)))
    require_columns(table.columns, () if target is None else (target,), str(table.path))
    columns = tuple(features) if features and not unnamed else tuple(name for name in table.columns if name != target)
    require_columns(table.columns, columns, str(table.path), ", which the model needs")
    if not columns:
        raise DataError(f"{table.path} has no column but {target!r}, so that nothing is left as inputs")
    return columns


def pick_rows(table: TableFile, rows: Sequence[int]) -> pl.DataFrame:
    """The rows of these numbers, counted from 0, in this order, with all columns as they stand. Reads no further than the last.

    Raises DataError for a row that is not there.
    """
    wanted = sorted(set(rows))
    parts, height = [], 0
    for frame in table.batches():
        here = [row - height for row in wanted if height <= row < height + frame.height]
        parts += [frame[here]] if here else []
        height += frame.height
        if height > wanted[-1]:
            break
    require_rows(rows, height, table.path.name)
    found: pl.DataFrame = polars().concat(parts)[[wanted.index(row) for row in rows]]
    return found


def require_rows(rows: Sequence[int], height: int, name: str) -> None:
    """Raise DataError for a row, counted from 0, that a table of so many rows does not have."""
    beyond = next((row for row in rows if row >= height), None)
    if beyond is not None:
        raise DataError(f"there is no row {beyond}: {name} has the rows 0 to {height - 1}")


def require_columns(columns: Sequence[str], names: Sequence[str], where: str, need: str = "") -> None:
    """Raise DataError for `names` that are no columns, with what they are needed for and the nearest name."""
    there = set(columns)
    absent = [name for name in names if name not in there]
    if absent:
        more = f" and {len(absent) - NAMED:,} more" if len(absent) > NAMED else ""
        told = f"{where} has no column {' or '.join(map(repr, absent[:NAMED]))}{more}{need}"
        known = did_you_mean(absent[0], columns) if len(columns) <= KNOWN else f"It has {len(columns):,} columns"
        raise DataError(f"{told}. {known}")


def frame_numbers(frame: pl.DataFrame, columns: Sequence[str], *, first_row: int = 1, where: str = "the table") -> Array:
    """These columns of a frame as float64, n_samples × n_columns, all finite; `first_row` is the number of its first row.

    Raises DataError, with row, column and value, for what is missing and what is no finite number.
    """
    frame = as_frame(frame.select(columns))
    found = np.empty((frame.height, len(columns)))
    for place, name in enumerate(columns):
        series = frame[name]
        if is_time(series):
            raise DataError(f"{where}: column {name!r} is of type {series.dtype}, but inputs are numbers")
        values, wrong = as_numbers(series)
        found[:, place] = values.to_numpy()  # NaN where missing
        lost = ~np.isfinite(found[:, place])
        if not lost.any():
            continue
        at = int(lost.argmax())
        row, value = first_row + at, series[at]
        if wrong[at] or values[at] is not None:
            kind = "numbers" if wrong[at] else "finite numbers"
            raise DataError(f"{where}: row {row:,}, column {name!r} is {value!r:.80}, but inputs are {kind}")
        word = "" if value is None else f": {value!r} says that it is missing"
        raise DataError(f"{where}: row {row:,} has no value in column {name!r}{word}")
    return found


def present_values(frame: pl.DataFrame, name: str, *, first_row: int = 1, where: str = "the table") -> list[Any]:
    """The values of a column, texts without the spaces around them. Raises DataError, with the row, for one that is missing."""
    values = [value.strip() if isinstance(value, str) else value for value in frame[name].to_list()]
    empty = next((row for row, value in enumerate(values, first_row) if value is None or value == ""), None)
    if empty is not None:
        raise DataError(f"{where}: row {empty:,} has no value in column {name!r}")
    return values


def named_numbers(X: Any, features: Sequence[str], where: str = "the data frame") -> Array:
    """The columns `features` of a data frame as `frame_numbers` has them; by place where the frame has no names but numbers.

    Raises DataError for columns that are not there and for what is no finite number.
    """
    frame = as_frame(X)
    if frame.columns == [str(place) for place in range(len(features))]:
        return frame_numbers(frame, frame.columns, where=where)
    require_columns(frame.columns, features, where, ", which the model needs")
    return frame_numbers(frame, features, where=where)
