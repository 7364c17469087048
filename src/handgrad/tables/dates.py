"""Dates and times: which columns hold them, and the moments that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError
from handgrad.tables.frames import polars
from handgrad.tables.values import as_numbers, as_text, is_text, is_time

if TYPE_CHECKING:
    import polars as pl

DAY = 86_400.0
"""Seconds of a day."""
LEAST_DAYS = 5
"""Whole numbers of at least so many different values, all of them valid as yyyymmdd, are dates."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = (
    r"(?P<name>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?))\.?"
)
_ZONE = r"(?: ?(?:Z|z|UTC|GMT|(?P<zone>[+-]\d{2})(?::?(?P<zone_minute>\d{2}))?))?"
_TIME = rf"(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::(?P<second>\d{{2}}(?:[.,]\d+)?))?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?{_ZONE}"
_AT = rf"(?:[T ,]+{_TIME})?"
_YEAR = r"(?P<year>\d{4}|\d{2})"
_OF_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_WEEKDAY = r"(?:[A-Za-z]{3,9}\.?,? )?"
_COMPACT = (
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})"
    rf"(?:T?(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}})?{_ZONE})?"
)
_FORMS = (
    rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_AT}",
    rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.{_YEAR}{_AT}",
    _COMPACT,
    rf"{_WEEKDAY}{_OF_DAY}[-/. ]*{_NAME},?[-/. ]*{_YEAR}{_AT}",
    rf"{_WEEKDAY}{_NAME}[- ]{_OF_DAY},? (?P<year>\d{{4}}){_AT}",
    rf"{_NAME}[-/ ]?(?P<year>(?:19|20)\d{{2}})",
    r"(?P<year>(?:19|20)\d{2})[-/](?P<month>\d{2})",
    r"(?P<month>\d{1,2})/(?P<year>(?:19|20)\d{2})",
    r"(?P<year>(?:19|20)\d{2})-?W(?P<week>\d{2})(?:-?(?P<weekday>[1-7]))?",
)
_ORDERS = {
    "day/month/year": rf"(?P<day>\d{{1,2}})[-/](?P<month>\d{{1,2}})[-/]{_YEAR}{_AT}",
    "month/day/year": rf"(?P<month>\d{{1,2}})[-/](?P<day>\d{{1,2}})[-/]{_YEAR}{_AT}",
    "year-month-day": rf"(?P<year>\d{{2}})-(?P<month>\d{{1,2}})-(?P<day>\d{{2}}){_AT}",
}
"""Forms of which only the whole column can tell which it is."""


def looks_like_dates(text: pl.Series) -> bool:
    """Whether at least nine in ten of the different texts are dates or times, of the first 1,000."""
    some = text.drop_nulls().unique(maintain_order=True).head(1000)
    if not len(some):
        return False
    readable = ~np.isnan(list(_readings(some).values())).all(axis=0)
    return int(readable.sum()) >= 0.9 * len(some)


def are_written_dates(numbers: pl.Series) -> bool:
    """Whether all of the numbers are days of 1900 to 2100 as 20240131 (and 5 differ), or moments as 20240131123000."""
    values = numbers.drop_nulls().to_numpy()
    if not len(values) or not np.isfinite(values).all() or (values % 1 != 0).any():
        return False
    clock = np.zeros_like(values)
    if values.min() >= 1e13:
        values, clock = np.divmod(values, 1e6)
    elif len(np.unique(values)) < LEAST_DAYS:
        return False
    years = values // 10_000
    hours, minutes = clock // 10_000, clock // 100 % 100
    moments = _days(years, values // 100 % 100, values % 100) + hours + minutes + clock % 100
    in_range = (years >= 1900) & (years <= 2100) & (hours < 24) & (minutes < 60) & (clock % 100 < 60)
    return bool((in_range & ~np.isnan(moments)).all())


def has_times(column: pl.Series, words: Sequence[str] = ()) -> bool:
    """Whether `times_of` can read the column."""
    try:
        times_of(column, column.name, "", words)
    except DataError:
        return False
    return True


def times_of(column: pl.Series, name: str, where: str, words: Sequence[str] = ()) -> Array:
    """The moments of a column as float64, NaN where missing: numbers as they are; dates and times in seconds since 1970, in UTC.

    Texts are numbers, or dates such as 2024-01-31, 2024-01-31T12:30:15.5+02:00, 31.01.2024, 31 Jan 2024, Jan 31, 2024, 01/31/2024
    (where only one order of day and month fits all values), 2024-01, 2024-W05, or times as 12:30 alone. Without a zone, a time is
    in UTC; years of two digits are of 1969 to 2068. `words` mean missing beside the usual ones.
    Raises DataError, with row and value, for other texts, and for an order of day and month that is not clear.
    """
    place = f"{where}: column {name!r}"
    if is_time(column):
        return _typed(column)
    numbers, wrong = as_numbers(column, words)
    values = numbers.to_numpy(writable=True)
    if not wrong.any() and not np.isinf(values).any():
        return np.asarray(values)
    if not is_text(column):
        raise _no_time(column, np.isinf(values), place)
    text = as_text(column, words)
    different = text.drop_nulls().unique(maintain_order=True)
    readings = _readings(different)
    fitting = {order: found for order, found in readings.items() if not np.isnan(found).any()}
    if not fitting:
        nearest = min(readings.values(), key=lambda found: np.isnan(found).sum())
        raise _no_time(column, text.is_in(different.filter(np.isnan(nearest))).fill_null(value=False).to_numpy(), place)
    (order, moments), *others = fitting.items()
    for other, reading in others:
        if (moments != reading).any():
            example = different[int((moments != reading).argmax())]
            raise DataError(
                f"{place} has dates whose order is ambiguous, as {example!r}: {order} and {other} fit all of them; "
                "write them as 2024-01-31 (year, month, day)"
            )
    found = text.replace_strict(different, moments, default=None, return_dtype=polars().Float64)
    return np.asarray(found.fill_null(np.nan).to_numpy())


def _typed(column: pl.Series) -> Array:
    """Seconds of a column of type Date, Datetime, Time or Duration."""
    pl = polars()
    if column.dtype == pl.Time:
        seconds = column.to_physical() / 1e9
    elif column.dtype == pl.Duration:
        seconds = column.dt.total_microseconds() / 1e6
    else:
        seconds = column.dt.timestamp("us") / 1e6
    return np.asarray(seconds.fill_null(np.nan).to_numpy())


def _no_time(column: pl.Series, wrong: Array, place: str) -> DataError:
    row = int(wrong.argmax())
    told = f"{place}, row {row + 1:,}: {column[row]!r:.80} is no time, or not one like the others"
    return DataError(f"{told}; times are numbers, or written as 2024-01-31 or 2024-01-31 12:30:00")


def _readings(text: pl.Series) -> dict[str, Array]:
    """Seconds since 1970 of texts without missing ones, by the order of day, month and year; NaN for what is no date."""
    known = np.full(len(text), np.nan)
    for form in _FORMS:
        _fill(known, text, form)
    readings = {order: known.copy() for order in _ORDERS}
    for order, found in readings.items():
        _fill(found, text, _ORDERS[order])
    if np.isnan(list(readings.values())).all():  # times of a day, which have no place among dates
        _fill(known, text, _TIME)
        return dict.fromkeys(_ORDERS, known)
    return readings


def _fill(found: Array, text: pl.Series, form: str) -> None:
    """Put the moments of those texts that are not read yet, and have this form, in their places."""
    places = np.flatnonzero(np.isnan(found))
    if len(places):
        places = places[text.gather(places).str.contains(f"^(?:{form})$").to_numpy()]
    if len(places):
        parts = text.gather(places).str.extract_groups(f"^(?:{form})$").struct.unnest()
        found[places] = _seconds({name: parts[name] for name in parts.columns})


def _seconds(parts: dict[str, pl.Series]) -> Array:
    """Seconds since 1970 of the parts of dates and times, texts; NaN where a part is out of range."""
    pl = polars()

    def part(name: str, default: float) -> Array:
        if name not in parts:
            return np.full(len(next(iter(parts.values()))), default)
        column = parts[name].str.replace(",", ".", literal=True).cast(pl.Float64)
        return np.asarray(column.fill_null(default).to_numpy())

    if "name" in parts:
        number = {month: str(place) for place, month in enumerate(_MONTHS, 1)}
        parts["month"] = parts["name"].str.slice(0, 3).str.to_lowercase().replace(number)
    year, hour, minute, second = part("year", 1970), part("hour", 0), part("minute", 0), part("second", 0)
    if "year" in parts:
        short = (parts["year"].str.len_chars() == 2).to_numpy()
        year = year + short * np.where(year < 69, 2000, 1900)
    days = _weeks(year, part("week", 1), part("weekday", 1)) if "week" in parts else _days(year, part("month", 1), part("day", 1))
    seconds = days * DAY
    if "half" in parts:
        half = parts["half"].str.to_lowercase().fill_null("").to_numpy()
        wrong = (half != "") & ((hour < 1) | (hour > 12))
        hour = np.where(half == "", hour, hour % 12 + 12 * (half == "p"))
        seconds[wrong] = np.nan
    seconds[(hour > 23) | (minute > 59) | (second >= 61)] = np.nan
    seconds += hour * 3600 + minute * 60 + second
    if "zone" in parts:
        east = np.where(parts["zone"].str.starts_with("-").fill_null(value=False).to_numpy(), -1, 1)
        seconds -= east * (np.abs(part("zone", 0)) * 3600 + part("zone_minute", 0) * 60)
    return seconds


def _days(year: Array, month: Array, day: Array) -> Array:
    """Days since 1970-01-01 of dates of the Gregorian calendar, whole numbers; NaN where there is no such day."""
    valid = (month >= 1) & (month <= 12) & (year >= 0) & (year <= 9999)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype(np.int64)
    first = months.astype("M8[M]").astype("M8[D]").astype(np.int64)
    after = (months + 1).astype("M8[M]").astype("M8[D]").astype(np.int64)
    return np.where(valid & (day >= 1) & (day <= after - first), first + day - 1, np.nan)


def _weeks(year: Array, week: Array, weekday: Array) -> Array:
    """Days since 1970-01-01 of ISO 8601 weeks and their days, Monday being 1: week 1 has the year's 4th of January."""
    fourth = _days(year, np.ones_like(year), np.full_like(year, 4))
    monday = fourth - (fourth + 3) % 7  # 1970-01-01 was a Thursday
    return np.where((week >= 1) & (week <= 53), monday + 7 * (week - 1) + weekday - 1, np.nan)
