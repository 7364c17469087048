"""JSON: the plain data of a document."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from handgrad.document.blocks import Document


def to_json(document: Document) -> str:
    """The document's data as JSON, which ends in a line break.

    Numbers are written so that reading them gives the same float64. JSON has no NaN and no infinities: they are the texts "NaN",
    "Infinity" and "-Infinity". Raises TypeError for what JSON cannot hold.
    """
    return _text(document.data, "") + "\n"


def _text(value: Any, indent: str) -> str:
    """Mappings and lists over several lines, but a list of plain values, such as a row of a matrix, on one."""
    deeper = indent + "  "
    match value:
        case np.ndarray() | np.generic():
            return _text(value.tolist(), indent)
        case Mapping() if value:
            items = [f"{_scalar(str(key))}: {_text(inner, deeper)}" for key, inner in value.items()]
            return f"{{\n{deeper}" + f",\n{deeper}".join(items) + f"\n{indent}}}"
        case Mapping():
            return "{}"
        case list() | tuple():
            if not any(isinstance(inner, Mapping | list | tuple | np.ndarray) for inner in value):
                return "[" + ", ".join(_text(inner, deeper) for inner in value) + "]"
            return f"[\n{deeper}" + f",\n{deeper}".join(_text(inner, deeper) for inner in value) + f"\n{indent}]"
        case _:
            return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        value = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
