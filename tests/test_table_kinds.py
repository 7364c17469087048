"""What the values of a column are: missing words, numbers, truth values, dates; and what a target asks for."""

import datetime as dt
import math
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgrad.errors import DataError
from handgrad.tables import dates, kinds


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), min_size=1))
def test_numbers_as_text_are_the_same_bits(values):
    typed = pl.Series("x", values, pl.Float64)
    text = pl.Series("x", [None if value is None else repr(value) for value in values], pl.String)
    for series in (typed, text):
        numbers, wrong = kinds.as_numbers(series)
        assert not wrong.any()
        assert [None if value is None else value.hex() for value in numbers] == [
            None if value is None else value.hex() for value in values
        ]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_whole_numbers_become_the_nearest_float64(values):
    for series in (pl.Series("x", values, pl.Int64), pl.Series("x", list(map(str, values)))):
        assert kinds.as_numbers(series)[0].to_list() == list(map(float, values))


def test_decimals_are_read_exactly():
    assert kinds.as_numbers(pl.Series("x", [Decimal("0.10"), Decimal("2.35")]))[0].to_list() == [0.1, 2.35]


@pytest.mark.parametrize("word", ["", " ", "NA", " N/A ", "NaN", "nan", "-nan", "null", "None", "?", "-", ".", "#N/A", "<NA>"])
def test_words_that_mean_missing(word):
    series = pl.Series("x", ["1", word])
    assert kinds.as_text(series).to_list() == ["1", None]
    numbers, wrong = kinds.as_numbers(series)
    assert numbers.to_list() == [1.0, None]
    assert not wrong.any()


@pytest.mark.parametrize("word", ["none", "Na", "no", "0", "nil"])
def test_words_that_are_values(word):
    assert kinds.as_text(pl.Series("x", [word])).to_list() == [word]


def test_further_words_for_missing_in_any_case_and_spelling():
    words = ("Unknown", "-999")
    text = pl.Series("x", ["unknown", "UNKNOWN", "-999", "-999.0", "7"])
    assert kinds.as_text(text, words).to_list() == [None, None, None, None, "7"]
    for series in (text, pl.Series("x", [None, None, -999.0, -999.0, 7.0])):
        numbers, wrong = kinds.as_numbers(series, words)
        assert numbers.to_list() == [None, None, None, None, 7.0]
        assert not wrong.any()
    assert kinds.as_text(pl.Series("x", [-999, 7]), words).to_list() == [None, "7"]


def test_texts_that_are_no_numbers_are_marked():
    numbers, wrong = kinds.as_numbers(pl.Series("x", ["1", "1_000", "0x1F", "NA", "1,5", " 2 ", "true"]))
    assert numbers.to_list() == [1.0, None, None, None, None, 2.0, None]
    assert wrong.to_list() == [False, True, True, False, True, False, True]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["yes", "no"], True),
        (["Y", "n", "Yes", "NO"], True),
        (["t", "f"], True),
        (["True", "FALSE", "f"], True),
        (["yes", "y"], False),
        (["f", "n"], False),
        (["t", "n"], False),
        (["yes", "no", "maybe"], False),
        (["m", "f"], False),
        (["true"], False),
    ],
)
def test_words_for_true_and_false(values, expected):
    assert kinds.boolean_words(values) is expected


def test_boolean_text():
    given_ = pl.Series("x", ["YES", "n", "tRuE", None, "perhaps"])
    assert kinds.as_boolean_text(given_).to_list() == ["true", "false", "true", None, "perhaps"]


@pytest.mark.parametrize(
    "example",
    [
        *("2024-01-31", "2024-1-3", "2024/01/31", "2024-01-31 12:30", "2024-01-31T12:30:15.250Z", "2024-01-31T12:30:15+02:00"),
        *("31/01/2024", "1/31/2024", "31.1.2024", "31.01.24", "1/31/24 5:30 PM", "31 Jan 2024", "31-Jan-24", "3rd March 2024"),
        *(
            "January 31, 2024",
            "Jan 31 2024",
            "Wed, 31 Jan 2024 12:00:00 GMT",
            "Jan 2024",
            "2024-01",
            "01/2024",
            "2024-W05",
            "2024-01-31T12:30Z",
            "2024-01-31T12:30:15+0200",
            "12:30",
            "12:30:15",
            "5:30 pm",
        ),
    ],
)
def test_dates(example):
    assert dates.looks_like_dates(pl.Series("x", [example, None]))


@pytest.mark.parametrize(
    "example",
    [
        "2024",
        "1.5",
        "1-2",
        "A-12-2024",
        "marble",
        "mayor 12",
        "12 monkeys",
        "192.168.0.1",
        "1:2",
        "45/13/2024",
        "2023-02-29",
        "mayor 1912",
        "2020-W60",
    ],
)
def test_no_dates(example):
    assert not dates.looks_like_dates(pl.Series("x", [example]))


@pytest.mark.parametrize(
    ("example", "expected"),
    [("$1,200.50", True), ("45 %", True), ("1'000", True), ("€ 5", True), ("1.234,5 €", True), ("5 kg", False), ("a", False)],
)
def test_numbers_with_signs(example, expected):
    assert kinds.looks_like_dressed_numbers(pl.Series("x", [example])) is expected


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b", "c"] * 5, "classification"),
        ([True, False, True], "classification"),
        ([0, 1] * 3, "classification"),
        ([1.5, 2.5] * 3, "classification"),
        (["1", "2", "3"] * 4, "classification"),
        (["3.0", "4.0", "5.0", None] * 4, "classification"),
        (list(range(10)) * 30, "classification"),
        (list(range(30)) * 30, "regression"),
        ([1, 2, 3, 4, 5], "regression"),
        ([0.5, 1.5, 2.5] * 9, "regression"),
        (["0.5", "1.5", "NA", "2.5"] * 9, "regression"),
        ([*map(str, range(50)), "many"], "regression"),
        (["1", "2", "3+"] * 9, "classification"),
    ],
)
def test_task_of_a_target(values, task):
    found, reason = kinds.task_of(pl.Series("y", values))
    assert found == task
    assert reason


@pytest.mark.parametrize("values", [[dt.date(2024, 1, 31)], [[1, 2]], [b"a"]])
def test_no_task_for_other_types(values):
    with pytest.raises(DataError, match="the target is of type"):
        kinds.task_of(pl.Series("y", values))


@pytest.mark.parametrize("values", [["2024-01-31", "2024-02-01", "NA"], ["1/31/2024"], [20240100 + day for day in range(1, 9)]])
def test_a_target_of_dates_is_refused(values):
    with pytest.raises(DataError, match=r"the target holds dates or times, as '.*make numbers of it"):
        kinds.task_of(pl.Series("y", values))


@pytest.mark.parametrize(
    ("values", "classes", "numbers"),
    [
        (["b", "a", None, "b"], ("a", "b"), [1, 0, -1, 1]),
        ([10, 9, 10], ("9", "10"), [1, 0, 1]),
        (["10", "9.0", "NA"], ("9", "10"), [1, 0, -1]),
        ([2.0, 1.5], ("1.5", "2"), [1, 0]),
        ([True, False, None], ("false", "true"), [1, 0, -1]),
        (["True", "False"], ("false", "true"), [1, 0]),
        (["no", "yes"], ("no", "yes"), [0, 1]),
        ([None, None], (), [-1, -1]),
    ],
)
def test_class_labels(values, classes, numbers):
    series = pl.Series("y", values)
    found, positions = kinds.class_labels(series)
    assert (found, positions.tolist()) == (classes, numbers)
    assert positions.dtype == np.int64
    assert kinds.class_numbers(series, found).tolist() == numbers


@pytest.mark.parametrize(
    ("values", "words", "classes"),
    [
        (["None", "Mild", "NONE", ""], (), ["Mild", "NONE", "None"]),
        (["None", "Mild", "3", "NA"], (), ["3", "Mild", "None"]),
        (["None", "1", "2.0", "NONE"], (), ["1", "2"]),
        (["None", "NA"], (), []),
        (["None", "Mild", "Bad"], ("none",), ["Bad", "Mild"]),
        (["x", "a", "X", "b"], ("x",), ["a", "b"]),
        (["-9", "-9.0", "1", "2"], ("-9",), ["1", "2"]),
        ([-9, 1, 2], ("-9",), ["1", "2"]),
    ],
)
def test_words_for_missing_and_the_class_none_of_a_target(values, words, classes):
    series = pl.Series("y", values)
    found, numbers = kinds.class_labels(series, words)
    assert list(found) == classes
    assert kinds.class_numbers(series, found, words).tolist() == numbers.tolist()
    assert sorted(set(numbers.tolist()) - {-1}) == list(range(len(classes)))
    assert f"{len(classes)} different" in kinds.task_of(series, words)[1]


def test_none_is_missing_beside_known_classes_that_are_numbers():
    assert kinds.class_numbers(pl.Series(["None", "1"]), ["1", "2"]).tolist() == [-1, 0]
    assert kinds.class_numbers(pl.Series(["None", "b"]), ["b", "c"]).tolist() == [-2, 0]


def test_words_for_missing_numbers_of_a_target():
    found = kinds.number_targets(pl.Series("y", ["1", "-999.0", "none left"]), "y", words=["-999", "none left"])
    assert found[0] == 1
    assert np.isnan(found[1:]).all()
    assert kinds.task_of(pl.Series("y", ["0.5", "1.5", "x", "2.5"]), words=["x"])[0] == "regression"


def test_classes_that_are_not_known():
    assert kinds.class_numbers(pl.Series("y", ["b", "z", None]), ("a", "b")).tolist() == [1, -2, -1]


@given(st.lists(st.sampled_from(["a", "b", "1", "1.0", "2", "yes", "", "NA"]) | st.text(max_size=3), min_size=1))
def test_class_numbers_are_places_among_the_classes(values):
    series = pl.Series("y", values, pl.String)
    classes, numbers = kinds.class_labels(series)
    assert len(set(classes)) == len(classes)
    assert [None if number < 0 else classes[number] for number in numbers] == kinds.as_text(series).to_list()


def test_number_targets():
    found = kinds.number_targets(pl.Series("y", ["1.5", "NA", " 2"]), "price", "houses.csv")
    assert found.dtype == np.float64
    assert found[0] == 1.5
    assert math.isnan(found[1])
    assert found[2] == 2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["1", "2", "lots", "more"], ["houses.csv: target 'price', row 13: 'lots' is not a number", "1 more like it"]),
        (["1", "inf"], ["row 12: 'inf' is not a finite number"]),
        ([1.0, -math.inf], ["row 12: -inf is not a finite number"]),
        ([dt.date(2024, 1, 31)], ["'price' is of type Date"]),
    ],
)
def test_targets_that_are_no_numbers(values, words):
    with pytest.raises(DataError) as caught:
        kinds.number_targets(pl.Series("y", values), "price", "houses.csv", first_row=11)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    "values", [[True, False, None], ["yes", "no", ""], ["TRUE", "f", None], [1, 0, None], ["1.0", "0.0", "NA"]]
)
def test_classes_that_are_true_and_false_may_be_written_in_any_words(values):
    assert kinds.class_numbers(pl.Series("y", values), ("false", "true")).tolist() == [1, 0, -1]
