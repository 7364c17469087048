"""What the values of a column are: words for true and false, numbers in dress, categories; and what a target asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError
from handgrad.tables import dates
from handgrad.tables.columns import FALSE, MISSING, TRUE, UNKNOWN
from handgrad.tables.frames import canonical, polars
from handgrad.tables.values import as_numbers, as_text, forms_of, is_text, is_time

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "BOOLEAN_WORDS",
    "DRESSED",
    "MOST_CLASSES",
    "NONE_WORDS",
    "as_boolean_text",
    "as_numbers",
    "as_text",
    "boolean_words",
    "class_labels",
    "class_numbers",
    "codes_of",
    "finite",
    "finite_numbers",
    "first_of",
    "in_order",
    "is_text",
    "is_time",
    "looks_like_dressed_numbers",
    "number_targets",
    "require_numbers",
    "row_number",
    "row_weights",
    "target_text",
    "task_of",
]

NONE_WORDS = ("None", "NONE")
"""Missing words that in a target of texts are the name of a class."""
BOOLEAN_WORDS = ({"true": TRUE, "t": TRUE, "false": FALSE, "f": FALSE}, {"yes": TRUE, "y": TRUE, "no": FALSE, "n": FALSE})
"""Pairs of words for true and false, in any case; a column uses one of the pairs."""
MOST_CLASSES = 20
"""Whole numbers of more different values than this are a regression's targets."""
DRESSED = (
    r"^[-+(]?\s*[$€£¥₹]?\s*[-+]?(\d+([,' \u{a0}\u{202f}]\d{3})*([.,]\d+)?|\d{1,3}(\.\d{3})+(,\d+)?)"
    r"\s*([$€£¥₹%]|EUR|USD|GBP)?\)?$"
)
"""Numbers with a currency sign, a percent sign or thousands separators."""


def target_text(y: pl.Series, words: Sequence[str] = (), classes: Sequence[str] | None = None) -> pl.Series:
    """A target as canonical text, null where missing. Beside other texts `None` is a class; beside numbers it is missing.

    The others are the target's own values, or the classes where these are known.
    """
    text = as_text(y, words)
    if not is_text(y):
        return text
    given = canonical(y)
    named = (given.is_in(NONE_WORDS) & ~given.is_in(forms_of(words))).fill_null(value=False)
    if not named.any():
        return text
    others = text.drop_nulls() if classes is None else polars().Series(list(classes), dtype=polars().String)
    if not others.cast(polars().Float64, strict=False).has_nulls():
        return text
    found: pl.Series = given.zip_with(named, text)
    return found


def looks_like_dressed_numbers(text: pl.Series) -> bool:
    """Whether at least nine in ten of the different texts are numbers with a currency sign, % or thousands separators."""
    some = text.drop_nulls().unique(maintain_order=True).head(1000)
    return len(some) > 0 and int(some.str.contains(DRESSED).sum()) >= 0.9 * len(some)


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


def task_of(y: pl.Series, words: Sequence[str] = ()) -> tuple[str, str]:
    """`classification` or `regression`, as a target asks for it, and the reason in words.

    Text, booleans, two different values, and whole numbers of few values (20 at most, each three times on average) are classes.
    `words` mean missing beside MISSING_WORDS. Raises DataError for dates.
    """
    if is_time(y):
        raise DataError(f"the target is of type {y.dtype}; make numbers of it (days since …), or name another target")
    if y.dtype.is_nested() or y.dtype == polars().Binary:
        raise DataError(f"the target is of type {y.dtype}; numbers or texts are expected")
    text = target_text(y, words).drop_nulls()
    different = int(text.n_unique())
    numbers, wrong = as_numbers(y, words)
    if dates.looks_like_dates(text) if wrong.any() else dates.are_written_dates(numbers):
        told = f"the target holds dates or times, as {text[0]!r:.80}"
        raise DataError(f"{told}; make numbers of it (days since …), or name another target")
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


def class_labels(y: pl.Series, words: Sequence[str] = ()) -> tuple[tuple[str, ...], Array]:
    """The classes of a target, sorted (as numbers if all are), and each row's class number, int64; -1 where it is missing.

    `words` mean missing beside MISSING_WORDS.
    """
    text = target_text(y, words)
    classes = tuple(in_order(text.drop_nulls().unique().to_list()))
    return classes, codes_of(text, classes).astype(np.int64)


def class_numbers(y: pl.Series, classes: Sequence[str], words: Sequence[str] = ()) -> Array:
    """The class number of each row, int64, where the classes are known; -1 where it is missing, -2 where it is none of them.

    `words` mean missing beside MISSING_WORDS. Classes true and false may be written in any words for them, and as 1 and 0.
    """
    text = target_text(y, words, classes)
    return codes_of(as_boolean_text(text) if set(classes) <= {TRUE, FALSE} else text, classes).astype(np.int64)


def number_targets(
    y: pl.Series, name: str, where: str = "the table", *, first_row: int | Array = 1, words: Sequence[str] = ()
) -> Array:
    """Targets of a regression, float64, NaN where missing. Raises DataError, with row and value, for texts and infinities."""
    return finite_numbers(y, name, where, first_row=first_row, words=words, what="target")


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


def row_weights(series: pl.Series, name: str, where: str, there: Array, *, first_row: int = 1, words: Sequence[str] = ()) -> Array:
    """Weights of rows as float64; what rows that are not `there` have is not looked at.

    Raises DataError, with the row, for one that has no weight, or one below 0.
    """
    found = finite_numbers(series, name, where, first_row=first_row, words=words)
    wrong = np.flatnonzero(there & ~(found >= 0))
    if len(wrong):
        told = "no weight" if np.isnan(found[wrong[0]]) else f"the weight {found[wrong[0]]:g}, which is below 0"
        raise DataError(f"{where}: column {name!r}, row {first_row + int(wrong[0]):,} has {told}")
    return found


def differ_in_case(values: Sequence[str]) -> list[str]:
    """The first texts that are the same but for capitals; none where there are no such."""
    by_lower: dict[str, list[str]] = {}
    for value in values:
        by_lower.setdefault(value.lower(), []).append(value)
    return next((sorted(same) for same in by_lower.values() if len(same) > 1), [])


def require_numbers(series: pl.Series, wrong: pl.Series, place: str, first_row: int | Array, hint: str = "") -> None:
    """Raise DataError for the first of the values that are no numbers."""
    row, count = first_of(wrong), int(wrong.sum())
    rest = f" (and {count - 1:,} more like it)" if count > 1 else ""
    if not hint and is_text(series) and series.slice(row, 1).str.strip_chars().str.contains(DRESSED).all():
        comma = ", or say --decimal , (of a data frame: read it so)" if "," in str(series[row]) else ""
        hint = f"; it has a sign or separators: write plain numbers, as 1234.5{comma}"
    raise DataError(f"{place}, row {row_number(first_row, row):,}: {series[row]!r:.80} is not a number{rest}{hint}")
