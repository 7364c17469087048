"""Fitting an encoding: what each column of a table is, and what is kept of it."""

from __future__ import annotations

import operator
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError, did_you_mean
from handgrad.tables import dates, kinds
from handgrad.tables.columns import LONGEST, CategoryColumn, Column, LeftOut, NumberColumn
from handgrad.tables.csv_files import DECIMAL_COMMA
from handgrad.tables.frames import polars

if TYPE_CHECKING:
    import polars as pl

COUNTING_ROWS = 20
"""A column of whole numbers that counts the rows is left out from so many rows on."""
_LISTED = {"missing": "words", **dict.fromkeys(("categorical", "keep", "drop"), "names of columns")}
LEAST_REPEATED = 0.05
"""The share of rows whose value reaches min_count, below which a column of texts is left out."""


@dataclass(frozen=True)
class EncodingOptions:
    """How columns are to be encoded.

    `scaling` is `robust` (median and quartiles, with a smooth clip) or `standard` (mean and deviation, no clip). A category has
    at most `max_categories` values of its own, each of which occurs at least `min_count` times (None: from 1 time in fewer than
    50 rows to 10 times in 5,000 or more); the others are pooled. `categorical` names columns whose numbers are categories; `keep`
    those that are not to be left out; `drop` those that are; `missing` further words that mean a missing value.
    Raises DataError for anything else.
    """

    scaling: str = "robust"
    max_categories: int = 50
    min_count: int | None = None
    categorical: Sequence[str] = ()
    keep: Sequence[str] = ()
    drop: Sequence[str] = ()
    missing: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.scaling not in ("robust", "standard"):
            raise DataError(f"scaling is {self.scaling!r}. {did_you_mean(str(self.scaling), ('robust', 'standard'))}")
        for name in ("max_categories", "min_count"):
            given = getattr(self, name)
            if given is None and name == "min_count":
                continue
            try:
                number = operator.index(given)
            except TypeError:
                raise DataError(f"{name} is {given!r}; a whole number of at least 1 is expected") from None
            if number < 1 or isinstance(given, bool):
                raise DataError(f"{name} is {given!r}; a whole number of at least 1 is expected")
            object.__setattr__(self, name, number)
        for name in ("categorical", "keep", "drop", "missing"):
            given = getattr(self, name)
            if isinstance(given, str) or not all(isinstance(word, str) for word in given):
                raise DataError(f"{name} is {given!r}; a list of {_LISTED[name]} is expected")
            object.__setattr__(self, name, tuple(given))
        both = [name for name in self.drop if name in (*self.keep, *self.categorical)]
        if both:
            raise DataError(f"the column {both[0]!r} is to be dropped and to be kept; take one of the two back")

    def least(self, rows: int) -> int:
        """How often a value must occur in a column of so many rows to have a column of its own."""
        if self.min_count is not None:
            return self.min_count
        return 1 if rows < 50 else min(10, max(2, rows // 500))


@dataclass
class Fitted:
    """What was found in a table, in the order of its columns."""

    columns: list[Column] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def fit_columns(frame: pl.DataFrame, names: Sequence[str], options: EncodingOptions, where: str, first_row: int | Array) -> Fitted:
    """Find what each column is. `names` are those of the table; the frame need not have the ones to be dropped.

    Raises DataError where a column cannot be used as it stands.
    """
    _require_known(names, options, where)
    if frame.width and not frame.height:
        raise DataError(f"{where} has no rows; at least one is needed to see what its columns are")
    found = Fitted()
    of_dates: list[pl.Series] = []
    for name in names:
        if name in options.drop:
            found.left_out.append(LeftOut(name, "dropped, as asked"))
            continue
        column = _fit(frame[name], options, where, first_row, found.notes)
        if column is None:
            of_dates.append(frame[name])
        elif isinstance(column, LeftOut):
            found.left_out.append(column)
        else:
            found.columns.append(column)
    if of_dates:
        raise _dates_error(of_dates, options, where)
    if not found.columns:
        reasons = "; ".join(f"{gone.name}: {gone.reason}" for gone in found.left_out[:5])
        rows = " in 1 sample" if frame.height == 1 else ""
        raise DataError(f"{where} has no column to learn from{rows}{f' ({reasons})' * bool(reasons)}")
    return found


def _require_known(columns: Sequence[str], options: EncodingOptions, where: str) -> None:
    for option in ("categorical", "keep", "drop"):
        for name in getattr(options, option):
            if name not in columns:
                hint = f". {did_you_mean(name, columns)}" if columns else ""
                raise DataError(f"{where} has no column {name!r}, which {option} names{hint}")


def _dates_error(columns: Sequence[pl.Series], options: EncodingOptions, where: str) -> DataError:
    name, value = columns[0].name, columns[0].drop_nulls()[0]
    more = f" (so do {', '.join(repr(other.name) for other in columns[1:6])})" if len(columns) > 1 else ""
    ways = [
        "make numbers of them (year, month, days since …)",
        f"leave them out ({' '.join(f'--drop {shlex.quote(other.name)}' for other in columns)})",
    ]
    ways += (
        [f"take the numbers as they are (--keep {shlex.quote(name)})"]
        if not kinds.is_time(columns[0]) and not kinds.as_numbers(columns[0], options.missing)[1].any()
        else []
    )
    timed = next((column.name for column in columns if dates.has_times(column, options.missing)), None)
    ways += [f"split by time (--time-column {shlex.quote(timed)})"] if timed is not None else []
    told = f"{where}: column {name!r} holds dates or times, as {str(value)!r}{more}"
    return DataError(f"{told}; {', '.join(ways[:-1])}, or {ways[-1]}")


def _fit(
    series: pl.Series, options: EncodingOptions, where: str, first_row: int | Array, notes: list[str]
) -> Column | LeftOut | None:
    """The column as it is to be encoded, why it is left out, or None for dates."""
    name = series.name
    if series.null_count() == len(series):
        return LeftOut(name, "it is empty")
    if kinds.is_time(series):
        return None
    if series.dtype == polars().Boolean or name in options.categorical:
        return _category(name, kinds.as_text(series, options.missing), options, notes)
    place = f"{where}: column {name!r}"
    numbers, wrong = kinds.as_numbers(series, options.missing)
    present, odd = len(numbers) - numbers.null_count(), int(wrong.sum())
    if not present + odd:
        return LeftOut(name, "it is empty")
    if not odd:
        if name not in options.keep and dates.are_written_dates(numbers):
            return None
        if kinds.is_text(series) and series.str.contains(r"^\s*-?0\d").any():
            notes.append(
                f"{name}: codes with leading zeros are taken as numbers; --categorical {shlex.quote(name)} takes them as such"
            )
        return _number(name, kinds.finite(series, numbers, place, first_row), options)
    text = kinds.as_text(series, options.missing)
    if kinds.looks_like_dressed_numbers(text.filter(wrong)):
        raise _dressed_error(series, wrong, place, first_row)
    if present >= odd:
        odd_one = shlex.quote(str(series[kinds.first_of(wrong)])[:40])
        hint = (
            f"; {present:,} of {present + odd:,} values are numbers. Mend the file, or say --missing {odd_one} if that means a "
            f"missing value, or --categorical {shlex.quote(name)} if the values are categories"
        )
        kinds.require_numbers(series, wrong, place, first_row, hint)
    if dates.looks_like_dates(text):
        return None
    return _category(name, text, options, notes)


def _dressed_error(series: pl.Series, wrong: pl.Series, place: str, first_row: int | Array) -> DataError:
    """The error for numbers with signs or separators, which would be categories otherwise."""
    dressed = series.str.strip_chars()
    row = kinds.first_of(wrong & dressed.str.contains(kinds.DRESSED).fill_null(value=False))
    name = shlex.quote(series.name)
    told = f"{place}, row {kinds.row_number(first_row, row):,}: {series[row]!r:.80} is a number with a sign or separators"
    commas = dressed.filter(wrong).str.contains(DECIMAL_COMMA).all()
    decimal = ", say --decimal , if the comma stands before decimals" if commas else ""
    return DataError(
        f"{told}; write such values as plain numbers{decimal}, take them as categories (--categorical {name}), "
        f"or leave them out (--drop {name})"
    )


def _kept_by(name: str, reason: str) -> LeftOut:
    """A column that is left out unless it is asked for."""
    return LeftOut(name, f"{reason}; --keep {shlex.quote(name)} keeps it")


def _number(name: str, values: Array, options: EncodingOptions) -> NumberColumn | LeftOut:
    """Centre and scale of finite numbers, NaN where missing."""
    present = values[~np.isnan(values)]
    missing = len(present) < len(values)
    low, high = float(present.min()), float(present.max())
    if name not in options.keep:
        if low == high and not missing:
            return _kept_by(name, f"all values are {low:.6g}")
        if not missing and _counts_rows(values):
            return _kept_by(name, "it counts the rows")
    # in units of a power of two, so that nothing overflows
    exponent = int(np.frexp(max(-low, high, np.finfo(float).tiny))[1]) - 1
    units = np.ldexp(present, -exponent)
    clip = options.scaling == "robust"
    if low == high:
        center, spread = low, 1.0
    elif clip:
        below, middle, above = np.quantile(units, [0.25, 0.5, 0.75])
        spread = above - below or (units.max() - units.min()) / 2
        center, spread = _in_range(np.ldexp(middle, exponent)), _in_range(_ldexp(spread, exponent))
    else:
        center, spread = _in_range(np.ldexp(units.mean(), exponent)), _in_range(_ldexp(units.std(), exponent))
    return NumberColumn(name, float(center), max(float(spread), float(np.finfo(float).tiny)), clip, missing)


def _ldexp(value: float, exponent: int) -> float:
    with np.errstate(over="ignore"):
        return float(np.ldexp(value, exponent))


def _in_range(value: float) -> float:
    most = float(np.finfo(float).max)
    return min(max(float(value), -most), most)


def _counts_rows(values: Array) -> bool:
    """Whether the values count rows: whole numbers from 0 or 1 on that only grow, dense enough to be some of a table's rows."""
    n = len(values)
    if n < COUNTING_ROWS or values[0] < 0 or values[-1] >= 2 * n:
        return False
    return bool((np.diff(values) >= 1).all() and (values % 1 == 0).all())


def _category(name: str, text: pl.Series, options: EncodingOptions, notes: list[str]) -> CategoryColumn | LeftOut:
    """The values of a category that are frequent enough, of canonical texts, null where missing."""
    keep, asked, rows = name in options.keep, name in options.categorical, len(text)
    missing = text.null_count() > 0
    values, counts = _counted(text)
    if not values:
        return LeftOut(name, "it is empty")
    if max(map(len, values)) > LONGEST:
        raise DataError(
            f"column {name!r} has texts of more than {LONGEST:,} characters, which are no categories; leave it out by --drop"
        )
    boolean = kinds.boolean_words(values)
    alike = [] if boolean else kinds.differ_in_case(values)
    if alike:
        notes.append(f"{name}: {', '.join(map(repr, alike))} differ only in case, and are taken as different values")
    if boolean:
        values, counts = _counted(kinds.as_boolean_text(text))
    present = rows - text.null_count()
    if not keep:
        if len(values) == 1 and not missing:
            return _kept_by(name, f"all values are {values[0]!r:.80}")
        if len(values) == present and present > 1 and not asked:
            return _kept_by(name, f"all {present:,} values differ, so that it identifies rows")
    least = 1 if len(values) <= 2 else options.least(rows)
    frequent = int((counts >= least).sum())
    if not (keep or asked) and counts[:frequent].sum() < LEAST_REPEATED * present:
        return _kept_by(name, f"hardly any of its {len(values):,} values occurs {least} times")
    own = (
        max(2, options.max_categories) if len(values) <= 2 else min(options.max_categories, (not keep and frequent) or len(values))
    )
    rare = len(values) - own
    if rare > 0:
        share = counts[own:].sum() / present
        words = f"{rare:,} rare value{'s' * (rare > 1)} ({share:.1%} of the rows)"
        notes.append(f"{name}: {words} and unknown ones are taken together")
    return CategoryColumn(name, tuple(kinds.in_order(values[:own])), rare > 0, missing, boolean)


def _counted(text: pl.Series) -> tuple[list[str], Array]:
    """The different values, the most frequent first and then by the alphabet, and how often each occurs."""
    counted = text.drop_nulls().rename("value").value_counts(name="count").sort(["count", "value"], descending=[True, False])
    return counted["value"].to_list(), counted["count"].to_numpy()
