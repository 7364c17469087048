"""Data frames of any maker as polars frames, and their values as text that means the same whatever file they came from."""

import datetime as dt
import decimal
import importlib
import math
import numbers
import shlex
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.datasets import INSTALL
from handgrad.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    import polars as pl

FLAT = "a table's columns hold numbers, texts, truth values or dates"
DECIMAL_TEXT = r"^[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)$"
"""A number that is written with a point or an exponent; whole numbers are left alone, as 007 is the name of someone."""
EXACT = 2.0**53
"""Up to here a float64 holds every whole number."""
NESTED = (Mapping, Sequence, AbstractSet, np.ndarray, bytes, bytearray, complex)


def polars() -> ModuleType:
    """Return polars. Raises MissingExtraError where it is not installed."""
    try:
        return importlib.import_module("polars")
    except ImportError:
        raise MissingExtraError(f"tables need polars, which is not installed: {INSTALL}") from None


def as_frame(X: Any, names: Sequence[str] = (), *, only: Sequence[str] | None = None) -> "pl.DataFrame":
    """Return a table as a polars frame, with null wherever a value is missing (None, NaN, NA, NaT, masked).

    X is a polars frame, a pandas frame (pyarrow is not needed), whatever else gives its columns by Arrow's `__arrow_c_stream__`,
    a mapping of names to columns, or rows × columns of values as an array or as lists; the columns of the last two are called
    `names`, or x0, x1, … as scikit-learn calls them. Names that are whole numbers become text.
    With `only`, the columns of these names that are there are taken and nothing is asked of the others.
    Categorical columns become text (or what their categories are), decimals float64, durations float64 in seconds.

    Raises DataError for names that are no text or occur twice, columns of unequal lengths, values that are no single values
    (lists, structs, bytes), and anything that is no table.
    """
    pl = polars()
    wanted = None if only is None else set(only)

    def is_wanted(name: Any) -> bool:
        return wanted is None or str(name) in wanted

    X = opened(X)
    if isinstance(X, pl.LazyFrame):
        X = X.select(list(filter(is_wanted, X.collect_schema().names()))).collect()
    if isinstance(X, pl.DataFrame):
        return _flat(X.select(list(filter(is_wanted, X.columns))))
    if _is_pandas(X):
        columns = [(name, _pandas_column(X.iloc[:, place])) for place, name in enumerate(X.columns) if is_wanted(name)]
        return _joined(columns, height=len(X))
    if isinstance(X, Mapping):
        return _joined([(name, values) for name, values in X.items() if is_wanted(name)])
    if isinstance(X, np.ndarray) and X.dtype.names:
        return _joined([(name, X[name]) for name in X.dtype.names if is_wanted(name)])
    frame = _from_rows(X, names)
    return frame.select(list(filter(is_wanted, frame.columns)))


def opened(X: Any) -> Any:
    """Return what gives its columns by Arrow's interface, perhaps only once, as a polars frame; every other table as it is."""
    pl = polars()
    if isinstance(X, pl.DataFrame) or _is_pandas(X) or not hasattr(X, "__arrow_c_stream__"):
        return X
    try:
        return pl.DataFrame(X)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise DataError(f"the {type(X).__name__} cannot be read as a table: {first_line(error)}") from None


def names_of(X: Any) -> list[str] | None:
    """Return the names of the columns of a table, as `as_frame` gives them; None for rows and what is not `opened`."""
    pl = polars()
    if isinstance(X, pl.LazyFrame):
        return list(X.collect_schema().names())
    if isinstance(X, pl.DataFrame) or _is_pandas(X):
        return list(map(str, X.columns))
    if isinstance(X, Mapping):
        return list(map(str, X))
    return list(X.dtype.names) if isinstance(X, np.ndarray) and X.dtype.names else None


def _is_pandas(X: Any) -> bool:
    return type(X).__module__.partition(".")[0] == "pandas" and hasattr(X, "columns")


def canonical(series: "pl.Series") -> "pl.Series":
    """Return the values as text, null where missing, such that the same value has the same text from every kind of file.

    Text is stripped; truth values, and the words True and False in any case, are "true" and "false"; whole numbers are written
    without a point, also where a file writes 1.0; other numbers by the fewest digits that tell them apart.
    Whole numbers in text stay as they are ("007").
    """
    pl = polars()
    if series.dtype.is_float():
        whole = (series == series.round(0)) & (series.abs() < EXACT)
        integers = series.set(~whole.fill_null(value=False), 0.0).cast(pl.Int64).cast(pl.String)
        written = series.fill_nan(None).cast(pl.String)
        return integers.zip_with(whole.fill_null(value=False), written).alias(series.name)
    if series.dtype.is_decimal():
        return canonical(series.cast(pl.Float64))
    text = series.cast(pl.String).str.strip_chars()
    words = text.str.to_lowercase()
    text = words.zip_with(words.is_in(["true", "false"]).fill_null(value=False), text)
    number = text.str.contains(DECIMAL_TEXT).fill_null(value=False)
    if number.any():
        rewritten = canonical(text.set(~number, None).cast(pl.Float64, strict=False))
        finite = number & (rewritten != "inf").fill_null(value=False) & (rewritten != "-inf").fill_null(value=False)
        text = rewritten.zip_with(finite, text)
    return text.set(text == "", None).alias(series.name)


def _flat(frame: "pl.DataFrame") -> "pl.DataFrame":
    """The frame with null for NaN and with plain types."""
    pl = polars()
    changed = []
    for column in frame:
        kind = column.dtype
        if kind.is_nested() or kind in (pl.Binary, pl.Object):
            raise DataError(f"column {column.name!r} is of type {kind}, but {FLAT}; {_apart(column.name)}")
        if kind.is_float():
            changed.append((column if kind in (pl.Float32, pl.Float64) else column.cast(pl.Float32)).fill_nan(None))
        elif kind.is_decimal():
            changed.append(column.cast(pl.Float64))
        elif kind == pl.Duration:
            changed.append(column.dt.total_microseconds() / 1e6)
        elif kind in (pl.Categorical, pl.Enum, pl.Null):
            changed.append(column.cast(pl.String))
    return frame.with_columns(changed) if changed else frame


def _apart(name: str) -> str:
    return f"take it apart, or leave it out (--drop {shlex.quote(name)})"


def _from_rows(X: Any, names: Sequence[str]) -> "pl.DataFrame":
    """Rows × columns of values, as an array or as lists."""
    if not isinstance(X, np.ndarray):
        if isinstance(X, (str, bytes)) or not (hasattr(X, "__array__") or isinstance(X, Sequence)):
            raise DataError(f"a table is a data frame, a mapping of columns or an array of rows, but got {type(X).__name__}")
        try:  # as objects, because text would swallow the numbers beside it
            X = np.asarray(X) if hasattr(X, "__array__") else np.array(X, dtype=object)
        except (ValueError, TypeError) as error:
            raise DataError(f"the rows are no table: {first_line(error)}; all must have the same number of values") from None
    if X.ndim != 2:
        rows = " (or its rows have different lengths)" if X.dtype == object and X.ndim == 1 else ""
        raise DataError(f"a table has rows and columns, but an array of shape {X.shape} was given{rows}")
    names = list(names)
    if names and len(names) != X.shape[1]:
        raise DataError(f"the array has {X.shape[1]} columns, but {len(names)} names were given")
    names = names or [f"x{column}" for column in range(X.shape[1])]
    by_column = X.T if isinstance(X, np.ma.MaskedArray) else np.ascontiguousarray(X.T)
    return _joined(list(zip(names, by_column, strict=True)), height=len(X))


def _joined(columns: Sequence[tuple[Any, Any]], height: int | None = None) -> "pl.DataFrame":
    pl = polars()
    names = column_names([name for name, _ in columns])
    series = [_column(name, values) for name, (_, values) in zip(names, columns, strict=True)]
    if not series and height:
        raise DataError(f"there are {height} rows, but no columns")
    for column in series:
        if len(column) != len(series[0]):
            told = f"column {column.name!r} has {len(column)} values, but {series[0].name!r} has {len(series[0])}"
            raise DataError(f"{told}; all must have the same number")
    return _flat(pl.DataFrame(series))


def column_names(given: Iterable[Any]) -> list[str]:
    """Return names of columns as text.

    Raises DataError for one that is neither text nor a whole number, and for one that is there twice.
    """
    names: dict[str, None] = {}
    for place, name in enumerate(given, 1):
        if isinstance(name, bool) or not isinstance(name, (str, numbers.Integral)):
            raise DataError(f"column {place} is called {name!r}, but names of columns are text; rename it")
        if str(name) in names:
            raise DataError(f"two columns are called {str(name)!r}; rename one of them")
        names[str(name)] = None
    return list(names)


def _column(name: str, values: Any) -> "pl.Series":
    pl = polars()
    if isinstance(values, pl.Series):
        return _series(name, values)
    if type(values).__module__.partition(".")[0] == "pandas" and hasattr(values, "isna"):
        return _column(name, _pandas_column(values))
    if isinstance(values, np.ma.MaskedArray):
        data, hidden = np.ma.getdata(values).tolist(), np.ma.getmaskarray(values).tolist()
        values = [None if is_hidden else value for value, is_hidden in zip(data, hidden, strict=True)]
    if not isinstance(values, np.ndarray):
        if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
            raise DataError(f"column {name!r} is {values!r}, but a list or an array of values was expected")
        values = _objects(list(values))
    if values.ndim != 1:
        raise DataError(f"column {name!r} has the shape {values.shape}, but a column has one dimension; take it apart")
    if values.dtype == object or values.dtype.kind in "US":
        return _from_objects(name, values.tolist())
    if values.dtype.kind not in "fiubmM":
        raise DataError(f"column {name!r} is of type {values.dtype}, but {FLAT}")
    if values.dtype.kind == "f":
        values = values.astype(np.float32 if values.itemsize <= 4 else np.float64, copy=False)
    if values.dtype.kind in "mM" and np.datetime_data(values.dtype)[0] not in ("D", "ms", "us", "ns"):  # all that polars knows
        values = values.astype(f"{values.dtype.kind}8[ms]")
    return _series(name, np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="), copy=False)))


def _series(name: str, values: Any, kind: Any = None) -> "pl.Series":
    library = polars()
    try:
        series: pl.Series = library.Series(name, values, kind)
    except (library.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"column {name!r} cannot be read: {first_line(error)}") from None
    return series


def _objects(values: list[Any]) -> Array:
    """The values as an array of objects with one dimension, whatever they are."""
    array = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        array[place] = value
    return array


def _from_objects(name: str, values: list[Any]) -> "pl.Series":
    """A column of Python's values: one type if they have one, else text."""
    pl = polars()
    values = [None if _is_missing(value) else value for value in values]
    kinds = {type(value) for value in values} - {type(None)}
    nested = tuple(kind for kind in kinds if issubclass(kind, NESTED) and not issubclass(kind, str))
    if nested:
        row, value = next((row, value) for row, value in enumerate(values, 1) if isinstance(value, nested))
        raise DataError(f"column {name!r} holds a {type(value).__name__} in row {row}, but {FLAT}; {_apart(name)}")

    def all_are(*families: type) -> bool:
        return bool(kinds) and all(issubclass(kind, families) for kind in kinds)

    if all_are(bool, np.bool_):
        return _series(name, [None if value is None else bool(value) for value in values], pl.Boolean)
    if bool not in kinds and all_are(numbers.Integral) and all(value is None or -(2**63) <= value < 2**63 for value in values):
        return _series(name, [None if value is None else int(value) for value in values], pl.Int64)
    if bool not in kinds and all_are(numbers.Real, decimal.Decimal):
        return _series(name, [_float(value) for value in values], pl.Float64)
    if all_are(dt.datetime) or all_are(dt.time) or (all_are(dt.date) and dt.datetime not in kinds):
        return _series(name, values)
    return _series(name, [None if value is None else str(value) for value in values], pl.String)


def _float(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def _is_missing(value: Any) -> bool:
    """None, NaN, NaT and pandas' NA, which alone does not equal itself and says neither yes nor no."""
    if value is None or type(value).__name__ == "NAType":
        return True
    if isinstance(value, (float, np.floating, np.datetime64, np.timedelta64, dt.datetime, decimal.Decimal)):
        return bool(value != value)  # noqa: PLR0124  # only what is no number differs from itself
    return type(value).__name__ == "NaTType"


def _pandas_column(column: Any) -> Any:
    """A pandas series as a polars series, an array or a list of values; pandas itself is not imported."""
    kind = column.dtype
    if isinstance(kind, np.dtype):
        return column.to_numpy()
    if str(kind) == "category":
        codes = column.cat.codes.to_numpy()
        categories = _column("", _pandas_column(column.cat.categories.to_series()))
        return categories.gather(_series("", [None if code < 0 else code for code in codes.tolist()], polars().Int64))
    if getattr(kind, "tz", None) is not None:
        return column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return column.astype(object).tolist()


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, at most 300 characters, or its name where it says nothing."""
    lines = str(error).splitlines()
    return lines[0][:300] if lines else type(error).__name__
