"""Markdown as GitHub renders it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from handgrad.calculus.latex import Latex
from handgrad.calculus.written import Written
from handgrad.document.blocks import (
    Aside,
    BarChart,
    Block,
    Bullets,
    Code,
    Document,
    Formula,
    Heading,
    HeatMap,
    LineChart,
    Paragraph,
    PointChart,
    Program,
    Strong,
    Table,
    Words,
)
from handgrad.document.charts.drawn import as_text
from handgrad.document.parts import cleaned, largest, rows, shaded

LIMIT = 100
"""Formulas of more characters than this are broken; GitHub's page is about as wide."""
ALERTS = {"note": "NOTE", "warning": "WARNING", "good": "TIP"}


def to_markdown(document: Document) -> str:
    """The document as Markdown for GitHub, which ends in a line break.

    Displayed formulas are ```math blocks and those in the text are $`…`$, so that Markdown leaves what is in them alone.
    """
    document = cleaned(document)
    writer = _Markdown(document)
    return "\n\n".join([f"# {writer.line(document.title)}", *map(writer.block, document.blocks)]) + "\n"


def for_github(latex: str) -> str:
    """LaTeX without what GitHub's renderer refuses (operatorname) or, as HTML, misreads (< and >)."""
    latex = latex.replace(r"\operatorname{", r"\mathrm{")
    return re.sub(r"\s*([<>])\s*", lambda sign: r" \lt " if sign[1] == "<" else r" \gt ", latex)


class _Markdown:
    def __init__(self, document: Document) -> None:
        self.notation, self.latex = document.notation, Latex(document.notation)

    def block(self, block: Block) -> str:
        match block:
            case Heading(words, level):
                return f"{'#' * (level + 1)} {self.line(words)}"
            case Paragraph(words):
                return self.line(words)
            case Bullets(items):
                return "\n".join(f"- {self.line(item)}" for item in items)
            case Formula():
                return self.formula(block)
            case Table():
                return "\n".join(self.table(block))
            case Program(source, language):
                return _fenced(source.rstrip("\n"), language)
            case HeatMap(values, caption):
                scale = largest(values)
                shades = "\n".join("".join(shaded(value, scale) for value in row) for row in values)
                return f"{self.line(caption)} (█ is ±{scale:.3g}, - marks what is below 0)\n\n{_fenced(shades, 'text')}"
            case LineChart() | BarChart() | PointChart():
                return f"{self.line(block.caption)}\n\n{_fenced(as_text(block), 'text')}".lstrip("\n")
            case Aside(kind, words):
                return f"> [!{ALERTS.get(kind, 'NOTE')}]\n> {self.line(words)}"

    def formula(self, formula: Formula) -> str:
        """The formula, and the reasons beneath it, numbered where there are several lines."""
        parts = list(rows(formula, self.notation, LIMIT))
        reasons = [(self.label(line.label) + self.line(line.reason)).strip() for line in formula.lines]
        if len(parts) == 1:
            mathematics = " ".join(filter(None, (parts[0].left, parts[0].sign, parts[0].right)))
            return _fenced(for_github(mathematics), "math") + (f"\n\n{reasons[0]}" if reasons[0] else "")
        numbered = [number for number, reason in enumerate(reasons) if reason] if len(reasons) > 1 else []
        lines, number = [], -1
        for part in parts:
            number += part.line is not None
            mark = rf" && ({numbered.index(number) + 1})" if part.line is not None and number in numbered else ""
            lines.append(f"{part.left} &{part.sign or ' '} {part.right}{mark}" if part.line else rf" & \quad {part.right}")
        mathematics = "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"
        below = [f"{place}. {reasons[n]}" for place, n in enumerate(numbered, 1)] if len(reasons) > 1 else reasons
        return "\n\n".join([_fenced(for_github(mathematics), "math"), "\n".join(below)]).rstrip()

    def label(self, label: str) -> str:
        return f"{_code(label)}: " if label else ""

    def table(self, table: Table) -> Iterator[str]:
        count = max(map(len, (table.header, *table.rows)))
        align = table.align.ljust(count, "l")
        for number, row in enumerate((table.header, *table.rows)):
            cells = [self.line(cell, in_table=True) for cell in row] + [""] * (count - len(row))
            yield f"| {' | '.join(cells)} |"
            if number == 0:
                yield "|" + "|".join(" ---: " if side == "r" else " --- " for side in align) + "|"

    def line(self, words: Words, *, in_table: bool = False) -> str:
        """Words as one line, which does not begin as a list would; in a table no bar may be left, in code and formulas neither."""
        line = ""
        for part in words:
            text = self.part(part, in_table=in_table)
            # GitHub sees no formula where a letter touches it
            opens, closes = isinstance(part, Written), line.endswith("`$")
            touches = re.search(r"[\w-]$", line) if opens else closes and re.match(r"\w", text)
            line += f" {text}" if touches else text
        return re.sub(r"^(\d+)(?=[.)](?:\s|$))|^(?=[-+=])", r"\1\\", " ".join(line.split()))

    def part(self, part: str | Written | Code | Strong, *, in_table: bool) -> str:
        match part:
            case str():
                return _escaped(part)
            case Strong(words):
                return f"**{_escaped(words.strip())}**"
            case Code(source):
                return _code(source.replace("|", r"\|") if in_table else source)
            case _:
                mathematics = for_github(self.latex.text(part)).replace("`", "'")
                return "$`" + (mathematics.replace("|", r"\vert ") if in_table else mathematics) + "`$"


def _escaped(text: str) -> str:
    """Text in which no character means anything to Markdown or GitHub's mathematics."""
    text = re.sub(r"[\\`*\[\]<>#|~]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", text.replace("&", "&amp;"))
    return text.replace("$", "<span>$</span>")


def _code(source: str) -> str:
    ticks = "`" * (_longest_ticks(source) + 1)
    space = " " if source[:1] == "`" or source[-1:] == "`" else ""
    return f"{ticks}{space}{source}{space}{ticks}"


def _fenced(source: str, language: str) -> str:
    ticks = "`" * max(_longest_ticks(source) + 1, 3)
    return f"{ticks}{language}\n{source}\n{ticks}"


def _longest_ticks(source: str) -> int:
    return max(map(len, re.findall("`+", source)), default=0)
