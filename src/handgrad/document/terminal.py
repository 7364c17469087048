"""Plain Unicode text, and the same in colours on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from rich.console import Console
from rich.text import Text

from handgrad.calculus.boxes import Box, beside, box, broken, columns
from handgrad.calculus.unicode import Unicode
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
    Line,
    LineChart,
    Paragraph,
    PointChart,
    Program,
    Strong,
    Table,
    Words,
)
from handgrad.document.charts.drawn import drawn
from handgrad.document.parts import ASIDES, Piece, Pieces, cleaned, colour, largest, shaded

INDENT = "  "
REASONS = 44
"""The column at which reasons stand beside formulas that leave the room, so that they stand under each other."""
ROOM = 30
"""The least room for reasons beside a formula; else they stand beneath."""
KINDS = {"warning": "yellow", "good": "green", "note": "cyan"}


def to_text(document: Document, width: int = 100) -> str:
    """The document as plain text for a terminal of so many columns, which ends in a line break.

    Only what cannot be broken, such as a wide matrix or a line of source code, is ever wider.
    """
    lines = ("".join(text for text, _ in line).rstrip() for line in _Layout(cleaned(document), width).lines())
    return "\n".join(lines) + "\n"


def print_to(document: Document, console: Console) -> None:
    """Print the document in colours, as wide as the console is; the layout is that of `to_text`."""
    for line in _Layout(cleaned(document), console.width).lines():
        console.print(Text.assemble(*line), soft_wrap=True)


class _Layout:
    """A document as lines of styled text."""

    def __init__(self, document: Document, width: int) -> None:
        self.document, self.notation, self.width = document, document.notation, max(width, 20)

    def lines(self) -> Iterator[Pieces]:
        title = self.wrapped(self.document.title, self.width, "bold")
        yield from title
        yield [("═" * max(map(_width, title), default=0), "bold")]
        dense = False
        for block in self.document.blocks:
            lines = list(self.block(block))
            short = isinstance(block, Formula) and len(lines) == 1
            if not (dense and short):
                yield []
            yield from lines
            dense = short

    def block(self, block: Block) -> Iterator[Pieces]:
        match block:
            case Heading(words, level):
                lines = self.wrapped(words, self.width, "bold")
                yield from lines
                if level == 1:
                    yield [("─" * max(map(_width, lines), default=0), "bold")]
            case Paragraph(words):
                yield from self.wrapped(words, self.width)
            case Bullets(items):
                for item in items:
                    yield from self.hanging(item, f"{INDENT}• ")
            case Formula():
                yield from self.formula(block)
            case Table():
                yield from self.table(block)
            case Program(source):
                yield from ([(f"{INDENT}{INDENT}{line}", "")] for line in source.expandtabs().splitlines())
            case HeatMap():
                yield from self.heat_map(block)
            case LineChart() | BarChart() | PointChart():
                yield from self.wrapped(block.caption, self.width)
                yield from ([(INDENT, ""), *line] for line in drawn(block, self.width - len(INDENT)))
            case Aside(kind, words):
                yield from self.hanging(words, f"{ASIDES.get(kind, kind)}: ", KINDS.get(kind, ""))

    def hanging(self, words: Words, mark: str, style: str = "") -> Iterator[Pieces]:
        """Words beside a mark."""
        for number, line in enumerate(self.wrapped(words, self.width - columns(mark), style)):
            yield [(" " * columns(mark) if number else mark, style and f"bold {style}"), *line]

    def formula(self, formula: Formula) -> Iterator[Pieces]:
        left = Box(("",)) if formula.left is None else box(formula.left, self.notation)
        sign_width = max((columns(line.sign) for line in formula.lines), default=0)
        room = self.width - len(INDENT)
        if 2 * left.width > room:  # so long a left side stands on lines of its own
            yield from self.set(broken(formula.left, self.notation, room) if formula.left else ())
            left = Box((INDENT,))
        lead = left.width + (sign_width + 2 if sign_width else 0)
        rights = [broken(line.right, self.notation, room - lead, room - lead - len(INDENT)) for line in formula.lines]
        blocks = []
        for line, (first, *others) in zip(formula.lines, rights, strict=True):
            sign = Box((f" {line.sign:>{sign_width}} " if sign_width else "",))
            start = beside([left, sign, first])
            indented = [beside([Box((" " * (lead + len(INDENT)),)), other]) for other in others]
            blocks.append((list(self.set((start, *indented))), start.baseline))
            left = Box((" " * left.width,))
        column = self.column_of_reasons(formula, blocks)
        tall = any(part.height > 1 for parts in rights for part in parts)
        for number, (line, (lines, level)) in enumerate(zip(formula.lines, blocks, strict=True)):
            if tall and number:
                yield []
            yield from self.with_reason(line, lines, level, column, min(lead + 3 * len(INDENT), self.width // 3))

    def set(self, boxes: Iterable[Box]) -> Iterator[Pieces]:
        """Boxes under each other, indented."""
        return ([(INDENT + text.rstrip(), "")] for one in boxes for text in one.lines)

    def column_of_reasons(self, formula: Formula, blocks: list[tuple[list[Pieces], int]]) -> int:
        """Where the reasons stand beside a formula; 0 where they need more room than that leaves."""
        widest = max((_width(line) for lines, _ in blocks for line in lines), default=0)
        column = max(widest + 3, 2 * self.width // 5)
        for line, (lines, _) in zip(formula.lines, blocks, strict=True):
            room = self.room(line) - column
            if line.reason and (room < ROOM or len(self.wrapped(line.reason, room)) > max(3, len(lines))):
                return 0
        return column

    def room(self, line: Line) -> int:
        """The columns that the label of a line leaves."""
        return self.width - (columns(line.label) + 4 if line.label else 0)

    def with_reason(self, line: Line, lines: list[Pieces], level: int, column: int, indent: int) -> list[Pieces]:
        """The lines of a formula with its reason at a column or, where that is 0, beneath; the label is at the right end."""
        if column:
            reasons = self.wrapped(line.reason, self.room(line) - column, "dim")
            start = min(level, max(len(lines) - len(reasons), 0))
            lines += [[] for _ in range(start + len(reasons) - len(lines))]
            for number, reason in enumerate(reasons, start):
                lines[number] = [*_padded(lines[number], column), *reason]
        else:
            reasons = self.wrapped(line.reason, self.room(line) - indent, "dim")
            lines += [[(" " * indent, ""), *reason] for reason in reasons]
        if line.label:
            free = [number for number in range(level, len(lines)) if _width(lines[number]) <= self.room(line)]
            if not free:
                lines.append([])
            number = free[0] if free else -1
            lines[number] = [*_padded(lines[number], self.room(line) + 2), (f"[{line.label}]", "dim")]
        return lines

    def table(self, table: Table) -> Iterator[Pieces]:
        count = max(map(len, (table.header, *table.rows)))
        rows = [[self.tokens(cell) for cell in row] + [[]] * (count - len(row)) for row in (table.header, *table.rows)]
        widths = [max(max(map(_width, _folded(row[n], self.width)), default=0) for row in rows) for n in range(count)]
        while sum(widths) + len(INDENT) * count > self.width and max(widths) > 1:
            widths[widths.index(max(widths))] -= 1
        align = table.align.ljust(count, "l")
        for number, row in enumerate(rows):
            folded = [_folded(cell, width) for cell, width in zip(row, widths, strict=True)]
            for parts in zip_longest(*folded, fillvalue=[]):
                line: Pieces = []
                for part, width, side in zip(parts, widths, align, strict=False):
                    space = (" " * (width - _width(part)), "")
                    shown = [(text, style or "bold") for text, style in part] if number == 0 else part
                    line += [(INDENT, ""), *([space, *shown] if side == "r" else [*shown, space])]
                yield line
            if number == 0:
                yield [(INDENT + INDENT.join("─" * width for width in widths), "dim")]

    def heat_map(self, block: HeatMap) -> Iterator[Pieces]:
        scale = largest(block.values)
        across = max(len(row) for row in block.values) if block.values else 0
        band = max((self.width - 2 * len(INDENT)) // 2, 1)
        yield from self.wrapped(block.caption, self.width)
        for start in range(0, across, band):
            if across > band:
                yield [(f"{INDENT}columns {start + 1} to {min(start + band, across)}", "dim")]
            for row in block.values:
                shown = row[start : start + band]
                yield [(INDENT, ""), *((shaded(value, scale), "rgb({},{},{})".format(*colour(value, scale))) for value in shown)]
        yield from self.hanging((f"█ is ±{scale:.3g}, · is near 0, - marks what is below 0",), INDENT, "dim")

    def wrapped(self, words: Words, width: int, style: str = "") -> list[Pieces]:
        """Words in lines of so many columns."""
        lines = _folded(self.tokens(words), width)
        return [[(text, f"{style} {own}".strip()) for text, own in line] for line in lines]

    def tokens(self, words: Words) -> list[Pieces]:
        """What a line is not broken inside of, unless it is longer than the line: words and formulas."""
        found: list[Pieces] = [[]]
        for part in words:
            match part:
                case str() | Strong():
                    text, style = (part, "") if isinstance(part, str) else (part.words, "bold")
                    for blank, word in re.findall(r"(\s+)|(\S+)", text):
                        if blank:
                            found.append([])
                        else:
                            found[-1].append((word, style))
                case Code(source):
                    found[-1].append((source, "cyan"))
                case _:
                    found[-1].append((Unicode(self.notation).text(part), ""))
        return [token for token in found if token]


def _width(line: Iterable[Piece]) -> int:
    return sum(columns(text) for text, _ in line)


def _padded(line: Pieces, column: int) -> Pieces:
    return [*line, (" " * (column - _width(line)), "")]


def _folded(tokens: Iterable[Pieces], width: int) -> list[Pieces]:
    """Tokens in lines of at most `width` columns; a token that is longer is cut, at its blanks if it has any."""
    lines: list[Pieces] = []
    for token in tokens:
        if lines and _width(lines[-1]) + 1 + _width(token) <= width:
            lines[-1] += [(" ", ""), *token]
        elif _width(token) <= width:
            lines.append([*token])
        else:
            lines += _cut(token, width)
    return lines


def _cut(token: Pieces, width: int) -> list[Pieces]:
    """A token that is longer than a line."""
    lines: list[Pieces] = [[]]
    for text, style in token:
        for part in re.findall(r" *[^ ]+", text):
            word = part
            if lines[-1] and _width(lines[-1]) + columns(word) > width:
                lines.append([])
                word = word.lstrip(" ")
            while columns(word) > width:
                fitting = next(n for n in range(len(word), 0, -1) if columns(word[:n]) <= width or n == 1)
                lines[-1].append((word[:fitting], style))
                lines.append([])
                word = word[fitting:]
            lines[-1].append((word, style))
    return lines
