"""A document: headings, paragraphs, formulas, tables and code, apart from any format.

Formulas are written trees, so that every format typesets the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from handgrad.calculus.notation import Notation
from handgrad.calculus.written import Written


@dataclass(frozen=True)
class Code:
    """A word of a program or a command inside a line of text."""

    source: str


@dataclass(frozen=True)
class Strong:
    """Words that stand out."""

    words: str


Words = tuple[str | Written | Code | Strong, ...]
"""A line of text: words, formulas and code."""


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 (a section) to 3."""

    words: Words
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    words: Words


@dataclass(frozen=True)
class Bullets:
    """Items of a list, each a line of text."""

    items: tuple[Words, ...]


@dataclass(frozen=True)
class Line:
    """One `= right` of a formula, and why it holds. `sign` is "=", ":=", "≈" or "" for a formula that relates nothing."""

    right: Written
    reason: Words = ()
    sign: str = "="
    label: str = ""


@dataclass(frozen=True)
class Formula:
    """left = right = right …, one line each, aligned at their signs; `left` is None for a formula that stands alone.

    `label` of a line is the id of its equation, such as "dZ2", which formats show small and link to.
    """

    left: Written | None
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Table:
    """A table; columns are aligned "l" (left) or "r" (right)."""

    header: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]
    align: str = ""


@dataclass(frozen=True)
class Program:
    """Source code of its own."""

    source: str
    language: str = "python"


@dataclass(frozen=True)
class HeatMap:
    """Numbers as colours or shades, row by row, with what the rows and the columns are; white is 0, blue below, red above."""

    values: tuple[tuple[float, ...], ...]
    caption: Words = ()


@dataclass(frozen=True)
class Curve:
    """A curve of a line chart: its name, and its values at `first`, `first` + 1, …; NaN and ±inf are gaps."""

    name: str
    values: tuple[float, ...]
    first: int = 1


@dataclass(frozen=True)
class LineChart:
    """Curves over whole numbers such as epochs. `across` and `up` name the axes.

    The upper axis is logarithmic, and says so, where every value is positive and the largest is more than 100 times the
    smallest. `mark` is a place on the axis `across` that is marked, as the best epoch is; `mark_words` say what it is.
    """

    curves: tuple[Curve, ...]
    caption: Words = ()
    across: str = "epoch"
    up: str = ""
    mark: int | None = None
    mark_words: str = ""


@dataclass(frozen=True)
class Bar:
    """A bar: its name, its value, and the error of the value, which is shown as ± where it is above 0."""

    name: str
    value: float
    error: float = 0.0


@dataclass(frozen=True)
class BarChart:
    """Bars under each other, from 0 to the right where their values are positive, else to the left; `across` says what they are."""

    bars: tuple[Bar, ...]
    caption: Words = ()
    across: str = ""


@dataclass(frozen=True)
class PointChart:
    """Points (x, y), with `across` and `up` naming the axes; those with a NaN or ±inf are left out.

    `diagonal` draws the line y = x, and both axes are then the same.
    """

    points: tuple[tuple[float, float], ...]
    caption: Words = ()
    across: str = ""
    up: str = ""
    diagonal: bool = False


Chart = LineChart | BarChart | PointChart


@dataclass(frozen=True)
class Aside:
    """A remark set apart: `kind` is "note", "warning" or "good"."""

    kind: str
    words: Words


Block = Heading | Paragraph | Bullets | Formula | Table | Program | HeatMap | LineChart | BarChart | PointChart | Aside


NOTEBOOK = 100
"""About how many characters of a formula stand on a line of a notebook."""


@dataclass(frozen=True)
class Document:
    """A title, blocks in order, the notation of their formulas, and what describes the same content as plain data."""

    title: Words
    blocks: tuple[Block, ...]
    notation: Notation
    describe: Callable[[], Mapping[str, Any]] = dict

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """The same content as plain data, put together when it is asked for."""
        return self.describe()

    def to(self, format_name: str) -> str:
        """The whole file in the format of this name: text, markdown, latex, html or json. Raises HandgradError."""
        from handgrad.document.formats import write  # which reads documents

        return write(self, format_name)

    def __str__(self) -> str:
        return self.to("text")

    def _repr_html_(self) -> str:
        from handgrad.document.html import to_html_fragment  # which reads documents

        return to_html_fragment(self)

    def _repr_latex_(self) -> str:
        """The formulas alone; what is said about them is in the other formats."""
        from handgrad.document.parts import rows  # loads what typesets

        formulas = (block for block in self.blocks if isinstance(block, Formula))
        lines = [f"{row.left} &{row.sign} {row.right}" for formula in formulas for row in rows(formula, self.notation, NOTEBOOK)]
        return "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$"
