"""The values of a column as text or as numbers, null where a word says that there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from handgrad.tables.frames import canonical, polars

if TYPE_CHECKING:
    import polars as pl

MISSING_WORDS = (
    *("", "?", "-", "--", ".", "NA", "na", "N/A", "n/a", "#N/A", "#NA", "#N/A N/A", "<NA>", "NaN", "nan", "NAN", "-nan", "-NaN"),
    *("NaT", "null", "NULL", "Null", "<null>", "<NULL>", "None", "NONE"),
)
"""Texts that mean a missing value. Not `none` and `Na`, which tables use for "nothing" and for sodium."""


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
    return [*MISSING_WORDS, *forms_of(words)]


def forms_of(words: Sequence[str]) -> list[str]:
    """A user's words for a missing value in the cases in which they may be written."""
    return [form for word in words for form in (word, word.lower(), word.upper(), word.title())]


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
