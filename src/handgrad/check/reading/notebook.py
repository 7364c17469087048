"""Notebooks: the cells' texts one after the other; text cells are Markdown, the others code."""

from __future__ import annotations

import json
from typing import Any

from handgrad.check.reading.collecting import Collector
from handgrad.check.reading.markdown import read_markdown
from handgrad.check.reading.source import Part, Source
from handgrad.errors import DataError

_HARMLESS = ("time", "timeit", "capture", "prun")


def read_notebook(into: Collector, text: str, name: str) -> None:
    """Read a notebook of any version.

    Raises
    ------
    DataError
        For text that is not a notebook.

    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{name} is not a notebook: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except (RecursionError, ValueError):
        raise DataError(f"{name} is not a notebook: it is nested too deeply, or holds too long a number") from None
    cells = _cells(content)
    if cells is None:
        raise DataError(f"{name} is not a notebook: it has no list of cells")
    language = _language(content)
    texts: list[str] = []
    parts: list[tuple[str, int, int]] = []
    starts: list[Part] = []
    at = 0
    for number, cell in enumerate(cells, 1):
        kind, source = _cell(cell)
        parts.append((_part(kind, source, language), at, at + len(source)))
        starts.append(Part(at, cell=number))
        texts.append(source)
        at += len(source) + 1
    joined = Source("\n".join(texts), name, tuple(starts) or (Part(0),))
    read_markdown(into, joined, [part for part in parts if part[0] and part[1] < part[2]], front_matter=False)


def _cells(content: Any) -> list[Any] | None:
    if not isinstance(content, dict):
        return None
    sheets = content.get("worksheets")  # before version 4
    if isinstance(sheets, list) and sheets and isinstance(sheets[0], dict):
        content = sheets[0]
    cells = content.get("cells")
    return cells if isinstance(cells, list) else None


def _language(content: dict[str, Any]) -> str:
    """The language of the code, Python where none is named."""
    try:
        return str(content["metadata"]["language_info"]["name"])
    except (KeyError, TypeError):
        return "python"


def _cell(cell: Any) -> tuple[str, str]:
    """What a cell is, and its text."""
    if not isinstance(cell, dict):
        return "", ""
    source = cell.get("source", cell.get("input", ""))
    lines = source if isinstance(source, list) else [source]
    return str(cell.get("cell_type", "")), "".join(line for line in lines if isinstance(line, str))


def _part(kind: str, source: str, language: str) -> str:
    if kind in ("markdown", "heading"):
        return "markdown"
    if kind != "code":
        return ""
    if source.startswith("%%") and not source.startswith(tuple(f"%%{name}" for name in _HARMLESS)):
        magic = source[2:40].split()
        return {"latex": "latex", "markdown": "text"}.get(magic[0] if magic else "", "bash")
    return language
