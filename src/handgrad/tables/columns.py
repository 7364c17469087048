"""Columns of a table as an encoding knows them: what is kept of each in fitting, and how its values become numbers."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError

MISSING, UNKNOWN = -1, -2
"""Codes of a category column for a value that is missing, and for one without a column of its own."""
FAR = 1e150
"""Scaled numbers are cut here, where their squares are still finite."""
CLIP = 3.0
"""The smooth clip's bound (Holzmüller, Grinsztajn and Steinwart, 2024: "Better by default")."""
TRUE, FALSE = "true", "false"
MOST_COLUMNS = 100_000
"""The most raw columns that an encoding has, and the most columns that one category becomes."""
LONGEST = 100_000
"""The longest name or value, in characters."""


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers: z = (x - center)/scale, and with `clip` z/√(1 + (z/3)²), which stays within ±3.

    Missing values become 0, the centre; with `missing`, a second column is 1 where the value is missing, else 0.
    Raises DataError for numbers that are not finite and a scale that is not above 0.
    """

    name: str
    center: float
    scale: float
    clip: bool
    missing: bool

    def __post_init__(self) -> None:
        _require_text("name", self.name)
        for what, value in (("center", self.center), ("scale", self.scale)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
                raise DataError(f"the column {self.name!r} of an encoding has {what} {value!r:.80}; a finite number is expected")
        if self.scale <= 0:
            raise DataError(f"the column {self.name!r} of an encoding has scale {self.scale!r}; it must be above 0")
        _require_flags(self)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the encoded columns."""
        return (self.name, f"{self.name} is missing") if self.missing else (self.name,)

    @property
    def width(self) -> int:
        """How many encoded columns there are."""
        return 1 + self.missing

    def write(self, values: Array, block: Array) -> None:
        """Encode float64 values, NaN where missing and none infinite, into a block of zeros, n × width."""
        missing = np.isnan(values)
        with np.errstate(over="ignore"):  # what overflows is cut in the next line
            z = (values - self.center) / self.scale
        np.clip(z, -FAR, FAR, out=z)
        if self.clip:
            z /= np.sqrt(1 + (z / CLIP) ** 2)
            np.clip(z, -CLIP, CLIP, out=z)  # rounding may step over
        z[missing] = 0
        block[:, 0] = z
        if self.missing:
            block[:, 1] = missing

    def ordinal(self, block: Array) -> Array:
        """The encoded numbers, NaN where the indicator says missing."""
        return np.where(block[:, 1] == 1, np.nan, block[:, 0]) if self.missing else block[:, 0]

    def describe(self) -> tuple[str, str, str]:
        """Name, kind, and the rest in words."""
        center, spread = ("median", "spread") if self.clip else ("mean", "deviation")
        words = f"{center} {self.center:.6g}, {spread} {self.scale:.6g}"
        return self.name, "number", words + ("; missing → indicator" if self.missing else "")


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories: a column of 0 and 1 for each of `values`.

    With `pooled`, one more column stands for the values that were too rare in fitting, and unknown ones share it; else unknown
    values are zeros throughout. Two values that are not pooled are one column: -1 for the first, 1 for the second, 0 for neither.
    With `missing`, a last column is 1 where the value is missing. With `boolean`, words as yes, T and False, and 1 and 0,
    are read as `true` and `false`. Raises DataError for values that are no texts, or not different.
    """

    name: str
    values: tuple[str, ...]
    pooled: bool
    missing: bool
    boolean: bool

    def __post_init__(self) -> None:
        _require_text("name", self.name)
        _require_flags(self)
        if not isinstance(self.values, tuple) or not len(self.values) + self.pooled or len(self.values) > MOST_COLUMNS:
            raise DataError(f"the column {self.name!r} of an encoding needs from 1 to {MOST_COLUMNS:,} values")
        for value in self.values:
            _require_text(f"value of the column {self.name!r}", value)
        if len(set(self.values)) < len(self.values):
            raise DataError(f"the column {self.name!r} of an encoding has a value twice")

    @property
    def binary(self) -> bool:
        """Whether two values share one column of -1 and 1."""
        return len(self.values) == 2 and not self.pooled

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the encoded columns."""
        own = self.values[1:] if self.binary else self.values
        labels = [f"{self.name}={value}" for value in own]
        if self.pooled:
            labels.append(f"{self.name}=(other)")
        if self.missing:
            labels.append(f"{self.name} is missing")
        return tuple(labels)

    @property
    def width(self) -> int:
        """How many encoded columns there are."""
        return (1 if self.binary else len(self.values) + self.pooled) + self.missing

    def write(self, codes: Array, block: Array) -> None:
        """Encode codes (positions in `values`, MISSING or UNKNOWN) into a block of zeros, n × width."""
        if self.binary:
            block[:, 0] = np.where(codes == 1, 1.0, np.where(codes == 0, -1.0, 0.0))
        else:
            places = np.where(codes == UNKNOWN, len(self.values), codes) if self.pooled else codes
            rows = np.flatnonzero(places >= 0)
            block[rows, places[rows]] = 1
        if self.missing:
            block[:, -1] = codes == MISSING

    def ordinal(self, block: Array) -> Array:
        """Codes 0, 1, …, the pooled values' last; NaN where the value is missing or unknown."""
        if self.binary:
            return np.where(block[:, 0] == 0, np.nan, (block[:, 0] + 1) / 2)
        own = block[:, : len(self.values) + self.pooled]
        return np.where(own.any(axis=1), own.argmax(axis=1), np.nan)

    def describe(self) -> tuple[str, str, str]:
        """Name, kind, and the rest in words."""
        few = len(self.values) <= 4
        words = ", ".join(self.values) if few else f"{len(self.values)} values"
        words = words if len(words) <= 60 else f"{len(self.values)} values"
        if self.pooled:
            words += "; rare and unknown ones together"
        return self.name, "yes or no" if self.boolean else "categories", words + ("; missing → indicator" if self.missing else "")


@dataclass(frozen=True)
class LeftOut:
    """A column of the table that is not encoded, and why."""

    name: str
    reason: str

    def __post_init__(self) -> None:
        _require_text("name", self.name)
        _require_text("reason", self.reason)


Column = NumberColumn | CategoryColumn


def column_to_json(column: Column) -> dict[str, Any]:
    """A column as plain JSON: its kind and its fields."""
    found = asdict(column)
    if isinstance(column, CategoryColumn):
        found["values"] = list(column.values)
    return {"kind": "number" if isinstance(column, NumberColumn) else "category", **found}


def column_from_json(data: Any) -> Column:
    """The column that `column_to_json` wrote. Raises DataError for anything else."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind not in ("number", "category"):
        raise DataError("a column of an encoding is an object whose kind is number or category")
    make = NumberColumn if kind == "number" else CategoryColumn
    given = fields_of(data, ("kind", *(field.name for field in fields(make))), "a column of an encoding")
    del given["kind"]
    if kind == "number":
        for what in ("center", "scale"):
            if isinstance(given[what], int) and not isinstance(given[what], bool) and _is_finite(given[what]):
                given[what] = float(given[what])
    else:
        given["values"] = texts(given["values"], "values of a column", MOST_COLUMNS)
    return make(**given)


def fields_of(data: Any, names: tuple[str, ...], what: str) -> dict[str, Any]:
    """A copy of a JSON object that has exactly these fields. Raises DataError for anything else."""
    if not isinstance(data, dict) or set(data) != set(names):
        raise DataError(f"{what} is an object of {', '.join(names)}")
    return dict(data)


def texts(data: Any, what: str, most: int) -> tuple[str, ...]:
    """A JSON list of texts as a tuple. Raises DataError for anything else, and for more than `most` of them."""
    if not isinstance(data, list) or len(data) > most:
        raise DataError(f"{what} are a list of at most {most:,} texts")
    for text in data:
        _require_text(what, text)
    return tuple(data)


def on_one_line(text: str) -> str:
    """The text with line breaks and control characters escaped, as `repr` shows them."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def _require_text(what: str, value: Any) -> None:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise DataError(f"{what} is {value!r:.80}; a text of at most {LONGEST:,} characters is expected")
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can spell and no table can hold
        raise DataError(f"{what} is {value!r:.80}, which is no valid Unicode") from None


def _require_flags(column: Column) -> None:
    flags = ("clip", "missing") if isinstance(column, NumberColumn) else ("pooled", "missing", "boolean")
    for flag in flags:
        given = getattr(column, flag)
        if not isinstance(given, bool):
            raise DataError(f"the column {column.name!r} of an encoding has {flag} {given!r:.80}; true or false is expected")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond float64
        return False
