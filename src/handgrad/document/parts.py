"""What the formats share: words as plain text, formulas as rows of LaTeX that fit a line, and the colours of a heat map."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from handgrad.calculus.boxes import box
from handgrad.calculus.latex import Latex
from handgrad.calculus.notation import Notation
from handgrad.calculus.unicode import Unicode
from handgrad.calculus.written import Plus, Written, WrittenNumber
from handgrad.document.blocks import Code, Document, Formula, Line, Strong, Words

SIGNS = {"≈": r"\approx", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "→": r"\to", "←": r"\leftarrow", "∈": r"\in"}
"""Signs of lines in LaTeX, where they differ."""

ASIDES = {"note": "Note", "warning": "Warning", "good": "Good"}
"""What stands before an aside of a kind."""


Piece = tuple[str, str]
"""Text, and its style by rich's name."""
Pieces = list[Piece]
"""A line of output on a terminal."""


def cleaned(document: Document) -> Document:
    """The document with � for every control character in its text, which could steer a terminal and which no page may hold."""
    return replace(document, title=_clean(document.title), blocks=_clean(document.blocks))


def _clean(part: Any) -> Any:
    if isinstance(part, str):
        return "".join("\ufffd" if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" else c for c in part)
    if isinstance(part, tuple):
        return tuple(map(_clean, part))
    if is_dataclass(part) and not isinstance(part, Written | type):
        return replace(part, **{field.name: _clean(getattr(part, field.name)) for field in fields(part)})
    return part


def plain(words: Words, notation: Notation) -> str:
    """Words as one line of plain Unicode."""
    return " ".join("".join(_plain(part, notation) for part in words).split())


def _plain(part: str | Written | Code | Strong, notation: Notation) -> str:
    match part:
        case str():
            return part
        case Code(source):
            return source
        case Strong(text):
            return text
        case _:
            return Unicode(notation).text(part)


def extent(written: Written | None, notation: Notation) -> int:
    """About how many characters of print wide a formula is; a matrix is wider there than on a terminal."""
    if written is None:
        return 0
    found = box(written, notation)
    return found.width if found.height == 1 else 6 * found.width // 5


@dataclass(frozen=True)
class Row:
    """A row of a formula in LaTeX. `line` is the line that starts here; what goes on from the row above has none."""

    left: str
    sign: str
    right: str
    line: Line | None


def rows(formula: Formula, notation: Notation, limit: int) -> Iterator[Row]:
    """A formula in rows; a right side of more than about `limit` characters is broken between the terms of its sum."""
    latex = Latex(notation)
    left = "" if formula.left is None else latex.text(formula.left)
    for number, line in enumerate(formula.lines):
        first, *others = _broken(line.right, latex, limit)
        yield Row("" if number else left, SIGNS.get(line.sign, line.sign), first, line)
        for part in others:
            yield Row("", "", part, None)


def _broken(right: Written, latex: Latex, limit: int) -> list[str]:
    if not isinstance(right, Plus) or extent(right, latex.notation) <= limit:
        return [latex.text(right)]
    groups: list[list[Written]] = [[]]
    for term in right.terms:
        if groups[-1] and extent(Plus((*groups[-1], term)), latex.notation) > limit:
            groups.append([])
        groups[-1].append(term)
    return [latex.text(_summed(groups[0])), *(_continued(group, latex) for group in groups[1:])]


def _summed(terms: list[Written]) -> Written:
    return terms[0] if len(terms) == 1 else Plus(tuple(terms))


def _continued(terms: list[Written], latex: Latex) -> str:
    """Terms that go on a sum of the row above; the empty group makes TeX space their sign as one between two terms."""
    return "{}" + latex.text(Plus((WrittenNumber(0), *terms))).removeprefix("0")


def measured(formula: Formula, notation: Notation, limit: int) -> int:
    """About how wide a formula is when its long lines are broken."""
    widest = max((min(extent(line.right, notation), limit) for line in formula.lines), default=0)
    return extent(formula.left, notation) + 3 + widest


def largest(values: Iterable[Iterable[float]]) -> float:
    """The largest size of a finite number; 1 where all are 0."""
    return max((abs(value) for row in values for value in row if math.isfinite(value)), default=0.0) or 1.0


def colour(value: float, scale: float) -> tuple[int, int, int]:
    """Red, green and blue from 0 to 255 of a number between -scale and scale: white is 0, blue below, red above; NaN is grey.

    >>> colour(0, 2), colour(2, 2), colour(-2, 2)
    ((255, 255, 255), (192, 32, 32), (32, 80, 192))
    """
    if math.isnan(value):
        return (160, 160, 160)
    share = min(abs(value) / scale, 1)
    full = (192, 32, 32) if value > 0 else (32, 80, 192)
    red, green, blue = (round(255 + share * (part - 255)) for part in full)
    return (red, green, blue)


def shaded(value: float, scale: float) -> str:
    """Two characters for a number between -scale and scale: a minus where it is negative, and a shade for its size."""
    if math.isnan(value):
        return " ?"
    share = min(abs(value) / scale, 1)
    return ("-" if value < 0 and share >= 0.1 else " ") + "·░▒▓█"[min(int(share * 5), 4) if share >= 0.1 else 0]
