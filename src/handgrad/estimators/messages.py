"""Warnings that point at the user's own line, and errors that say where in the user's arrays something is wrong."""

from __future__ import annotations

import inspect
import warnings
from types import FrameType
from typing import Any

import numpy as np
from scipy import sparse

MARKS = ("NaN", "infinity")
"""What scikit-learn's messages of numbers that are not finite have in common."""

OURS = ("handgrad", "sklearn", "joblib")
"""Packages whose lines a warning does not point at."""


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn of the first line outside handgrad and scikit-learn that led here."""
    frame: FrameType | None = inspect.currentframe()
    level = 0
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in OURS:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level + 1)


def placed(error: ValueError, X: Any, y: Any = None) -> ValueError:
    """The same error, saying where the first number that is not finite stands, if that is what it is about."""
    text = str(error)
    if not any(mark in text for mark in MARKS):
        return error
    name, values = ("y", y) if text.startswith("Input y") else ("X", X)
    found = _first(values)
    if found is None:
        return error
    row, column, value = found
    columns = getattr(values, "columns", None)
    what = "" if column is None else f", column {column + 1}" + ("" if columns is None else f" ({list(columns)[column]!r})")
    return type(error)(f"{text}\nThe first one is {value} in row {row + 1}{what} of {name} (counted from 1).")


def _first(values: Any) -> tuple[int, int | None, float] | None:
    """Row, column and value of the first number that is not finite."""
    if sparse.issparse(values):
        held = values.tocoo()
        wrong = np.flatnonzero(~np.isfinite(held.data))
        if not wrong.size:
            return None
        at = min(wrong, key=lambda k: (held.row[k], held.col[k]))
        return int(held.row[at]), int(held.col[at]), float(held.data[at])
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    places = np.argwhere(~np.isfinite(array))
    if not places.size or array.ndim not in (1, 2):
        return None
    first = places[0]
    return int(first[0]), int(first[1]) if array.ndim == 2 else None, float(array[tuple(first)])
