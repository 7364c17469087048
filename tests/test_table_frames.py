import datetime as dt
import io

import numpy as np
import palmerpenguins
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris

from handgrad.errors import DataError, MissingExtraError
from handgrad.tables.frames import as_frame, canonical, names_of, opened, polars

numbers = st.floats() | st.integers(-(2**53), 2**53).map(float)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["x", None, "y"], ["x", None, "y"]),
        (pd.Categorical(["u", None, "v"]), ["u", None, "v"]),
        (pd.Categorical([3, 1, None]), [3, 1, None]),
        ([True, None, False], [True, None, False]),
        (pd.array([1, None, 2], dtype="Int64"), [1, None, 2]),
        (pd.array([True, None, False], dtype="boolean"), [True, None, False]),
        (pd.array(["a", pd.NA, "b"], dtype="string"), ["a", None, "b"]),
        ([1.5, np.nan, np.inf], [1.5, None, np.inf]),
        ([1, "a", 2.5], ["1", "a", "2.5"]),
        ([None, None, None], [None, None, None]),
        ([2**70, 1, None], [2.0**70, 1.0, None]),
        (pd.array([1.0, 2.0, 3.0], dtype=pd.SparseDtype("float")), [1.0, 2.0, 3.0]),
        (pd.to_datetime(["2024-01-01", None, "2024-01-03"]), [dt.datetime(2024, 1, 1), None, dt.datetime(2024, 1, 3)]),  # noqa: DTZ001
    ],
)
def test_columns_of_a_pandas_frame(column, expected):
    assert as_frame(pd.DataFrame({"a": column, 7: 1})).to_dict(as_series=False) == {"a": expected, "7": [1, 1, 1]}


def test_a_table_is_the_same_in_every_form():
    iris = load_iris(as_frame=True).frame
    expected = as_frame(iris)
    names = list(iris.columns)
    assert expected.columns == names
    for other in (
        expected,
        expected.lazy(),
        {name: iris[name] for name in names},
        iris.to_dict("list"),
        iris.to_records(index=False),
    ):
        assert as_frame(other).equals(expected)
    assert as_frame(iris.to_numpy(), names).equals(expected.cast(pl.Float64))
    assert as_frame(iris.to_numpy().tolist(), names).equals(expected.cast(pl.Float64))
    assert as_frame(np.zeros((2, 3), np.float16)).columns == ["x0", "x1", "x2"]
    assert as_frame([[1, "a"], [2.5, None]]).rows() == [(1.0, "a"), (2.5, None)]
    assert as_frame(np.ma.masked_equal([[1, 2], [3, 4]], 3)).rows() == [(1, 2), (None, 4)]
    assert as_frame({"a": np.array(["2024-01-01"], "M8[h]")}).rows() == [(dt.datetime(2024, 1, 1),)]  # noqa: DTZ001


def test_only_some_columns_are_looked_at():
    table = {"a": [1, 2], "list": [[1], [2]], "b": ["x", None], "bytes": [b"x", b"y"]}
    expected = as_frame({"a": [1, 2], "b": ["x", None]})
    polars_frame, pandas_frame = pl.DataFrame(table), pd.DataFrame(table)
    for form in (table, polars_frame, polars_frame.lazy(), pandas_frame):
        assert as_frame(form, only=["b", "nobody", "a"]).equals(expected)
        assert names_of(form) == list(table)
    stream = Stream(polars_frame)
    assert as_frame(stream, only=["a", "b"]).equals(expected)
    assert names_of(opened(stream)) == list(table)
    assert names_of(np.zeros((1, 2))) is None
    assert as_frame(np.eye(2), only=["x1"]).rows() == [(0.0,), (1.0,)]


class Stream:
    """Columns by Arrow's interface, and by no other."""

    def __init__(self, frame):
        self.frame = frame

    def __arrow_c_stream__(self, schema=None):
        return self.frame.__arrow_c_stream__(schema)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([1, 2], "shape"),
        ([[1], [1, 2]], "rows"),
        (np.zeros((2, 2, 2)), "shape"),
        (np.zeros((3, 0)), "no columns"),
        ({"a": [1, 2], "b": [1]}, "'b' has 1"),
        ({"a": 3}, "'a'"),
        ({"a": [[1], [2]]}, "list in row 1"),
        ({"a": ["x", b"x"]}, "bytes in row 2"),
        ({"a": ["\ud800"]}, "'a'"),
        ({"a": np.zeros(2, complex)}, "complex"),
        ({"1": [1], 1: [2]}, "two columns"),
        ({(1, 2): [1]}, "rename"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns"),
        (pl.DataFrame({"s": [{"a": 1}]}), "Struct"),
        (pl.DataFrame({"s": [b"x"]}), "Binary"),
        (3, "int"),
        (None, "NoneType"),
        ("a,b", "str"),
    ],
)
def test_what_is_no_table(table, expected):
    with pytest.raises(DataError, match=expected):
        as_frame(table)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["1.0", "1.50", " True", "FALSE", "007", "1e5", "", " ", "1e400", "-0.0", "v1.0", "1.2.0"],
         ["1", "1.5", "true", "false", "007", "100000", None, None, "1e400", "0", "v1.0", "1.2.0"]),
        ([1.0, 1.5, None, float("nan"), float("-inf"), -0.0], ["1", "1.5", None, None, "-inf", "0"]),
        ([True, None], ["true", None]),
        ([2**62, -1], [str(2**62), "-1"]),
        ([dt.date(2024, 1, 2)], ["2024-01-02"]),
    ],
)  # fmt: skip
def test_canonical_text(given, expected):
    assert canonical(pl.Series("a", given)).to_list() == expected


@given(st.lists(numbers | st.none(), min_size=1, max_size=5))
def test_a_number_means_the_same_from_text(values):
    column = canonical(as_frame({"a": values})["a"].cast(pl.Float64))
    frame = pl.DataFrame({"a": values}, schema={"a": pl.Float64}).fill_nan(None)
    text = pl.read_csv(io.StringIO(frame.write_csv()), infer_schema=False)["a"] if frame["a"].is_not_null().all() else column
    assert canonical(text).to_list() == column.to_list()
    assert canonical(column).to_list() == column.to_list()
    assert [None if word is None else float(word) for word in column] == frame["a"].to_list()


def test_real_frames_have_one_meaning():
    penguins = palmerpenguins.load_penguins()
    from_text = pl.read_csv(io.StringIO(penguins.to_csv(index=False)), infer_schema=False)
    for column in as_frame(penguins):
        assert canonical(column).equals(canonical(from_text[column.name]))


def test_without_polars(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        polars()
