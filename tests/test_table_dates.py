"""Dates and times in tables: what is taken for one, and the moments that columns of numbers, dates and texts name."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad.errors import DataError
from handgrad.tables import dates

MOMENTS = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2068, 12, 31)).map(lambda moment: moment.replace(microsecond=0))  # noqa: DTZ001
EAST = dt.timezone(dt.timedelta(hours=-3, minutes=-30))
FORMS = {
    "%Y-%m-%d %H:%M:%S": dt.timedelta(seconds=1),
    "%Y-%m-%dT%H:%M:%SZ": dt.timedelta(seconds=1),
    "%Y-%m-%dT%H:%M:%S.000+00:00": dt.timedelta(seconds=1),
    "%Y-%m-%d %H:%M": dt.timedelta(minutes=1),
    "%d/%b/%Y %I:%M:%S %p": dt.timedelta(seconds=1),
    "%Y/%m/%d": dt.timedelta(days=1),
    "%d.%m.%Y": dt.timedelta(days=1),
    "%d.%m.%y": dt.timedelta(days=1),
    "%d %b %Y": dt.timedelta(days=1),
    "%A, %d %B %Y": dt.timedelta(days=1),
    "%d-%b-%y": dt.timedelta(days=1),
    "%b %d, %Y": dt.timedelta(days=1),
    "%G-W%V-%u": dt.timedelta(days=1),
}


def times(*values, words=()):
    return dates.times_of(pl.Series("at", list(values)), "at", "log.csv", words)


def seconds(*moment):
    return dt.datetime(*moment, tzinfo=dt.UTC).timestamp()


@settings(max_examples=40)
@given(st.lists(MOMENTS | st.none(), min_size=1, max_size=9), st.sampled_from(sorted(FORMS)))
def test_written_moments_are_read_back(moments, form):
    column = pl.Series("at", [None if moment is None else moment.strftime(form) for moment in moments], pl.String)
    step = FORMS[form].total_seconds()
    expected = [np.nan if moment is None else moment.replace(tzinfo=dt.UTC).timestamp() // step * step for moment in moments]
    np.testing.assert_array_equal(dates.times_of(column, "at", "log.csv"), expected)
    assert dates.looks_like_dates(column) is any(moment is not None for moment in moments)


@settings(max_examples=40)
@given(st.lists(MOMENTS, min_size=1, max_size=9))
def test_types_zones_and_texts_name_the_same_moments(moments):
    expected = [moment.replace(tzinfo=dt.UTC).timestamp() for moment in moments]
    zoned = [moment.replace(tzinfo=dt.UTC).astimezone(EAST) for moment in moments]
    for column in (
        pl.Series(moments),
        pl.Series(moments).dt.cast_time_unit("ms"),
        pl.Series(zoned, dtype=pl.Datetime("us", "UTC")),
        pl.Series([moment.isoformat() for moment in zoned]),
        pl.Series([moment.strftime("%Y-%m-%d %H:%M:%S%z") for moment in zoned]),
    ):
        assert dates.times_of(column, "at", "log.csv").tolist() == expected
    days = [moment.date() for moment in moments]
    assert dates.times_of(pl.Series(days), "at", "").tolist() == times(*map(str, days)).tolist()


@settings(max_examples=40)
@given(
    st.lists(st.dates(dt.date(1970, 1, 1), dt.date(2060, 1, 1)), min_size=1, max_size=9), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"])
)
def test_day_and_month_are_told_apart_or_refused(days, form):
    texts = [day.strftime(form) for day in days]
    if all(day.day <= 12 for day in days) and any(day.day != day.month for day in days):
        with pytest.raises(DataError, match="ambiguous"):
            times(*texts)
    else:
        assert times(*texts).tolist() == times(*map(str, days)).tolist()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["20240131", "2024-02-01"], [seconds(2024, 1, 31), seconds(2024, 2, 1)]),
        (["2024-01-31 12:30:15.5", "2024-01-31T12:30:15,25Z"], [seconds(2024, 1, 31, 12, 30, 15) + 0.5, 1706704215.25]),
        (["20240131T123015Z", "x"], None),
        (["12:30", "12:30:15", "5:30 pm", "12:00 AM"], [45000, 45015, 63000, 0]),
        (["12:30", "2024-01-01"], None),
        (["Jan 2024", "02/2024", "2024-03", "Sept. 1, 2024"], [seconds(2024, month, 1) for month in (1, 2, 3, 9)]),
        (["2020-W53", "2021-W01-7"], [seconds(2020, 12, 28), seconds(2021, 1, 10)]),
        (["31-01-99"], [seconds(1999, 1, 31)]),
        (["24-01-31"], None),
        (["2023-02-29"], None),
        (["13/02/2024", "02/13/2024"], None),
        (["3", "NA", " 1.5"], [3, np.nan, 1.5]),
        ([3, None, 1], [3, np.nan, 1]),
        (["1", "inf"], None),
        ([dt.time(12, 30), None], [45000, np.nan]),
        ([dt.timedelta(seconds=3)], [3]),
        ([None, None], [np.nan, np.nan]),
    ],
)
def test_times_of_a_column(values, expected):
    column = pl.Series("at", values)
    assert dates.has_times(column) is (expected is not None)
    if expected is None:
        with pytest.raises(DataError, match=r"log\.csv: column 'at'"):
            times(*values)
    else:
        np.testing.assert_array_equal(times(*values), expected)


def test_messages_name_row_and_value():
    with pytest.raises(DataError, match=r"log\.csv: column 'at', row 3: 'soon' is no time.*2024-01-31"):
        times("2024-01-31", None, "soon")
    with pytest.raises(DataError, match=r"ambiguous, as '02/03/2024': day/month/year and month/day/year fit all.*2024-01-31"):
        times("01/01/2024", "02/03/2024")
    assert times("2024-01-31", "soon", words=["soon"]).tolist()[0] == seconds(2024, 1, 31)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([20240126 + day for day in range(5)], True),
        ([20240126 + day for day in range(6)], True),
        ([20240126 + day for day in range(7)], False),  # there is no 32nd of January
        ([20240126, 20240127, None], False),
        ([*(18990126 + day for day in range(5))], False),
        ([20240131123000, None], True),
        ([20240131126000], False),
        ([20240126.5 + day for day in range(5)], False),
        ([1.5, 2.0], False),
        ([None], False),
    ],
)
def test_numbers_that_are_dates(values, expected):
    assert dates.are_written_dates(pl.Series("x", values, pl.Float64)) is expected
