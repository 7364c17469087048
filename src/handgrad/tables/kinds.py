"""What the values of a column are: missing words, numbers, words for true and false, dates; and what a target asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError
from handgrad.tables.columns import FALSE, MISSING, TRUE, UNKNOWN
from handgrad.tables.frames import canonical, polars

if TYPE_CHECKING:
    import polars as pl

MISSING_WORDS = (
    *("", "?", "-", "--", ".", "NA", "na", "N/A", "n/a", "#N/A", "#NA", "#N/A N/A", "<NA>", "NaN", "nan", "NAN", "-nan", "-NaN"),
    *("NaT", "null", "NULL", "Null", "<null>", "<NULL>", "None", "NONE"),
)
"""Texts that mean a missing value. Not `none` and `Na`, which tables use for "nothing" and for sodium."""
BOOLEAN_WORDS = ({"true": TRUE, "t": TRUE, "false": FALSE, "f": FALSE}, {"yes": TRUE, "y": TRUE, "no": FALSE, "n": FALSE})
"""Pairs of words for true and false, in any case; a column uses one of the pairs."""
MOST_CLASSES = 20
"""Whole numbers of more different values than this are a regression's targets."""

_TIME = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp]\.?[Mm]\.?)?"
_AT = rf"([T ,]+{_TIME} ?(Z|UTC|GMT|[+-]\d{{2}}:?\d{{2}})?)?"
_DAY = r"(0?[1-9]|[12]\d|3[01])"
_MONTH = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATES = (
    rf"\d{{4}}[-/.](0?[1-9]|1[0-2])[-/.]{_DAY}{_AT}",
    rf"{_DAY}[-/.]{_DAY}[-/.](\d{{4}}|\d{{2}}){_AT}",
    rf"([A-Za-z]{{3,9}},? )?{_DAY}(st|nd|rd|th)?[-/. ]*{_MONTH},?[-/. ]*(\d{{4}}|\d{{2}}){_AT}",
    rf"([A-Za-z]{{3,9}},? )?{_MONTH}[- ]{_DAY}(st|nd|rd|th)?,? \d{{4}}{_AT}",
    rf"{_MONTH}[-/ ]?(19|20)\d{{2}}",
    r"(19|20)\d{2}[-/](0[1-9]|1[0-2])",
    _TIME,
)
DATE = f"^({'|'.join(_DATES)})$"
DRESSED = r"^[-+(]?\s*[$€£¥₹]?\s*[-+]?\d+([,' \u{a0}\u{202f}]\d{3})*([.,]\d+)?\s*([$€£¥₹%]|EUR|USD|GBP)?\)?$"
"""Numbers with a currency sign, a percent sign or thousands separators."""


def as_text(series: pl.Series, words: Sequence[str] = ()) -> pl.Series:
    """The values as canonical text, null where missing; `words` mean missing beside MISSING_WORDS, in any case."""
    text: pl.Series = canonical(series)
    if is_text(series) or words:
        text = _without(text, text.is_in(_forms(words)))
    numbers = _numbers_among(words)
    return _without(text, text.cast(polars().Float64, strict=False).is_in(numbers)) if numbers else text


def as_numbers(series: pl.Series, words: Sequence[str] = ()) -> tuple[pl.Series, pl.Series]:
    """The values as float64, null where missing or no number, and a mask of those that are there but are no numbers.

    A decimal fraction is read as the nearest float64, so that texts and typed columns give the same bits.
    """
    if is_text(series):
        given = series.str.strip_chars()
        numbers: pl.Series = given.cast(polars().Float64, strict=False)
        wrong: pl.Series = numbers.is_null() & given.is_not_null()
        if wrong.any():
            wrong &= ~given.is_in(_forms(words)).fill_null(value=False)
    else:
        exact = series.cast(polars().String) if series.dtype.is_decimal() else series
        numbers = exact.cast(polars().Float64)
        wrong = polars().Series(np.zeros(len(series), dtype=bool))
    numbers = numbers.fill_nan(None)
    known = _numbers_among(words)
    return (_without(numbers, numbers.is_in(known)) if known else numbers), wrong


def _forms(words: Sequence[str]) -> list[str]:
    return [*MISSING_WORDS, *(form for word in words for form in (word, word.lower(), word.upper(), word.title()))]


def _numbers_among(words: Sequence[str]) -> list[float]:
    """The words that are numbers, as -999: they mean missing however they are spelled, and in typed columns too."""
    found = []
    for word in words:
        try:
            found.append(float(word))
        except ValueError:
            continue
    return found


def _without(series: pl.Series, missing: pl.Series) -> pl.Series:
    """The values, null where `missing`."""
    found: pl.Series = series.zip_with(~missing.fill_null(value=False), polars().Series([None], dtype=series.dtype))
    return found


def is_text(series: pl.Series) -> bool:
    """Whether the values are texts, as are all in a CSV file."""
    return bool(series.dtype == polars().String)


def is_time(series: pl.Series) -> bool:
    """Whether the column's type is a date, a time or a length of time."""
    return bool(series.dtype.is_temporal())


def looks_like_dates(text: pl.Series) -> bool:
    """Whether at least nine in ten of the different texts are dates or times, of the first 1,000."""
    return _most_match(text, DATE, 0.9)


def looks_like_dressed_numbers(text: pl.Series) -> bool:
    """Whether at least nine in ten of the different texts are numbers with a currency sign, % or thousands separators."""
    return _most_match(text, DRESSED, 0.9)


def _most_match(text: pl.Series, pattern: str, share: float) -> bool:
    some = text.drop_nulls().unique(maintain_order=True).head(1000)
    return len(some) > 0 and int(some.str.contains(pattern).sum()) >= share * len(some)


def boolean_words(values: Sequence[str]) -> bool:
    """Whether the values are words for true and for false, both of them, of one pair: true/false, t/f; or yes/no, y/n."""
    lowered = [value.lower() for value in values]
    return any(set(lowered) <= set(pair) and len({pair[word] for word in lowered}) == 2 for pair in BOOLEAN_WORDS)


def as_boolean_text(text: pl.Series) -> pl.Series:
    """Words for true and false, in any case, and 1 and 0, as `true` and `false`; other texts as they are."""
    pairs = {**BOOLEAN_WORDS[0], **BOOLEAN_WORDS[1], "1": TRUE, "0": FALSE}
    lowered = text.str.to_lowercase()
    found: pl.Series = lowered.replace(pairs).zip_with(lowered.is_in(list(pairs)).fill_null(value=False), text)
    return found


def codes_of(text: pl.Series, values: Sequence[str]) -> Array:
    """The position of each text in `values`, int32; MISSING for null, UNKNOWN for one that is not there."""
    if not values:
        return np.where(text.is_null().to_numpy(), MISSING, UNKNOWN).astype(np.int32)
    places = list(range(len(values)))
    found = text.replace_strict(list(values), places, default=UNKNOWN, return_dtype=polars().Int32)
    codes = found.to_numpy(writable=True)
    codes[text.is_null().to_numpy()] = MISSING
    return np.asarray(codes)


def in_order(values: Sequence[str]) -> list[str]:
    """Texts sorted: as numbers if all are numbers, else as texts."""
    try:
        return sorted(values, key=lambda value: (float(value), value))
    except ValueError:
        return sorted(values)


def task_of(y: pl.Series) -> tuple[str, str]:
    """`classification` or `regression`, as a target asks for it, and the reason in words.

    Text, booleans, two different values, and whole numbers of few values (20 at most, each three times on average) are classes.
    Raises DataError for dates.
    """
    if is_time(y):
        raise DataError(f"the target is of type {y.dtype}; make numbers of it, or name another target")
    if y.dtype.is_nested() or y.dtype == polars().Binary:
        raise DataError(f"the target is of type {y.dtype}; numbers or texts are expected")
    text = as_text(y).drop_nulls()
    different = int(text.n_unique())
    numbers, wrong = as_numbers(y)
    if y.dtype == polars().Boolean:
        return "classification", "its values are true and false"
    if different <= 2:
        return "classification", f"it has {different} different value{'s' * (different != 1)}"
    if wrong.any():
        if 2 * int(wrong.sum()) < len(text) and different > MOST_CLASSES:
            return "regression", "most of its values are numbers"
        return "classification", f"its values are texts, {different:,} different ones"
    numbers = numbers.drop_nulls()
    if not (numbers == numbers.round()).all():
        return "regression", "its values are numbers, and not whole ones"
    if different <= min(MOST_CLASSES, len(numbers) // 3):
        return "classification", f"its values are whole numbers, {different} different ones"
    return "regression", f"its values are numbers, {different:,} different ones"


def class_labels(y: pl.Series) -> tuple[tuple[str, ...], Array]:
    """The classes of a target, sorted (as numbers if all are), and each row's class number, int64; -1 where it is missing."""
    text = as_text(y)
    classes = tuple(in_order(text.drop_nulls().unique().to_list()))
    return classes, codes_of(text, classes).astype(np.int64)


def class_numbers(y: pl.Series, classes: Sequence[str]) -> Array:
    """The class number of each row, int64, where the classes are known; -1 where it is missing, -2 where it is none of them."""
    return codes_of(as_text(y), classes).astype(np.int64)


def number_targets(y: pl.Series, name: str, where: str = "the table", *, first_row: int | Array = 1) -> Array:
    """Targets of a regression, float64, NaN where missing. Raises DataError, with row and value, for texts and infinities."""
    return finite_numbers(y, name, where, first_row=first_row, what="target")


def finite_numbers(
    series: pl.Series, name: str, where: str, *, first_row: int | Array = 1, words: Sequence[str] = (), what: str = "column"
) -> Array:
    """The values as float64, NaN where missing. Raises DataError, with row and value, for what is no finite number.

    `first_row` is the number of the first row, or an array of the numbers of all rows, where these are some of a table's.
    """
    place = f"{where}: {what} {name!r}"
    if not (is_text(series) or series.dtype.is_numeric() or series.dtype == polars().Boolean):
        raise DataError(f"{place} is of type {series.dtype}; numbers are expected")
    numbers, wrong = as_numbers(series, words)
    if wrong.any():
        require_numbers(series, wrong, place, first_row)
    return finite(series, numbers, place, first_row)


def finite(series: pl.Series, numbers: pl.Series, place: str, first_row: int | Array) -> Array:
    """The numbers of a series as an array, NaN where missing. Raises DataError, with row and value, for an infinite one."""
    values = numbers.to_numpy(writable=True)
    infinite = np.isinf(values)
    if infinite.any():
        row = int(infinite.argmax())
        told = f"{place}, row {row_number(first_row, row):,}: {series[row]!r:.80} is not a finite number"
        raise DataError(f"{told}; put a number there, or leave it empty")
    return np.asarray(values)


def row_number(first_row: int | Array, row: int) -> int:
    """The number of the row at a position, where the number of the first one, or an array of all numbers, is known."""
    return int(first_row[row]) if isinstance(first_row, np.ndarray) else first_row + row


def first_of(mask: pl.Series) -> int:
    """The position, from 0, of the first true value."""
    return int(mask.to_numpy().argmax())


def require_numbers(series: pl.Series, wrong: pl.Series, place: str, first_row: int | Array, hint: str = "") -> None:
    """Raise DataError for the first of the values that are no numbers."""
    row, count = first_of(wrong), int(wrong.sum())
    rest = f" (and {count - 1:,} more like it)" if count > 1 else ""
    raise DataError(f"{place}, row {row_number(first_row, row):,}: {series[row]!r:.80} is not a number{rest}{hint}")
