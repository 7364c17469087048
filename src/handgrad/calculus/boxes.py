"""What is written, on several lines of Unicode: matrices of numbers with their brackets, and lines that are broken to a width.

A tree is first typeset on one line, as `Unicode` does it, so that parentheses are decided in one place; whatever is taller
than a line stands there as one character of a private range. The line is then broken where it is too long, and set.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from handgrad.calculus.notation import Notation
from handgrad.calculus.typeset import ATOM
from handgrad.calculus.unicode import SUPERSCRIPT, Unicode
from handgrad.calculus.written import Grid, Written

HELD = 0x100000
"""The first character that stands for a box; a private plane of Unicode, which no name has."""

TALL = {"(": "⎛⎜⎝", ")": "⎞⎟⎠", "[": "⎡⎢⎣", "]": "⎤⎥⎦", "{": "⎧⎪⎩", "}": "⎫⎪⎭", "|": "│││"}
WAISTS = {"{": "⎨", "}": "⎬"}
CLOSES = {")": "(", "]": "[", "}": "{"}
RAISED = frozenset(map(chr, SUPERSCRIPT.values())) | {"'"}
NUMBER = re.compile(r"-?\d+")


def columns(text: str) -> int:
    """How many columns of a terminal a text takes.

    >>> columns("Σ_j"), columns("日")
    (3, 2)
    """
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@dataclass(frozen=True)
class Box:
    """Lines of equal width, one of which, `baseline`, is level with the text around it."""

    lines: tuple[str, ...]
    baseline: int = 0

    @property
    def width(self) -> int:
        """Columns of a terminal."""
        return columns(self.lines[0])

    @property
    def height(self) -> int:
        """The number of lines."""
        return len(self.lines)

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)


def box(written: Written, notation: Notation) -> Box:
    """Set a tree. Without a Grid in it, this is the one line that `Unicode` gives.

    >>> from handgrad.calculus.written import Grid, Transposed, WrittenNumber
    >>> numbers = Grid(((WrittenNumber(1.5), WrittenNumber(-2)), (WrittenNumber(10), WrittenNumber(0.25))))
    >>> print(box(Transposed(numbers), Notation()))
    ⎡ 1.5  -2   ⎤ᵀ
    ⎣10     0.25⎦
    """
    boxes = Boxes(notation)
    return boxes.set(boxes.text(written))


def broken(written: Written, notation: Notation, first: int, rest: int | None = None) -> tuple[Box, ...]:
    """Set a tree on as many lines as it takes, the first of at most `first` columns and the others of `rest`.

    Lines are broken before the signs of the outermost sum if they can be. What no break makes narrow enough stays too wide.
    """
    boxes = Boxes(notation)
    line, room, found = boxes.text(written), first, []
    while boxes.width(line) > room and (place := boxes.place_to_break(line, room)):
        found.append(boxes.set(line[:place]))
        line, room = line[place + 1 :], first if rest is None else rest
    return (*found, boxes.set(line))


def beside(parts: Iterable[Box]) -> Box:
    """Boxes on one baseline."""
    parts = list(parts) or [Box(("",))]
    above = max(part.baseline for part in parts)
    below = max(part.height - part.baseline for part in parts)
    blank = [(" " * part.width,) for part in parts]
    padded = [
        space * (above - part.baseline) + part.lines + space * (below - part.height + part.baseline)
        for space, part in zip(blank, parts, strict=True)
    ]
    return Box(tuple(map("".join, zip(*padded, strict=True))), above)


class Boxes(Unicode):
    """One line of Unicode in which each character from HELD on stands for a box."""

    def __init__(self, notation: Notation) -> None:
        super().__init__(notation)
        self.held: list[Box] = []

    def fraction(self, numerator: Written, denominator: Written) -> tuple[str, int]:
        if not _holds_grid((numerator, denominator)):
            return super().fraction(numerator, denominator)
        return self.hold(stacked(self.set(self.text(numerator)), self.set(self.text(denominator)))), ATOM - 1

    def grid(self, rows: tuple[tuple[str, ...], ...]) -> str:
        entries = [[self.set(entry) for entry in row] for row in rows]
        aligned = [_aligned(column) for column in zip(*entries, strict=True)]
        lines: list[str] = []
        for row in zip(*aligned, strict=True):
            lines += beside([row[0], *(part for entry in row[1:] for part in (Box(("  ",)), entry))]).lines
        return self.hold(fenced("[", Box(tuple(lines), (len(lines) - 1) // 2), "]"))

    def hold(self, what: Box) -> str:
        """The character that stands for a box."""
        self.held.append(what)
        return chr(HELD + len(self.held) - 1)

    def width(self, line: str) -> int:
        return sum(self.held[ord(c) - HELD].width if ord(c) >= HELD else columns(c) for c in line)

    def set(self, line: str) -> Box:
        """Put the boxes in their places, and make the brackets around them as tall as they are."""
        groups: list[list[Box]] = [[]]
        open_brackets: list[str] = []
        for c in line:
            if ord(c) >= HELD:
                groups[-1].append(self.held[ord(c) - HELD])
            elif c in CLOSES.values():
                groups.append([])
                open_brackets.append(c)
            elif c in CLOSES:  # a line that was broken inside brackets lacks one of them
                inner = _joined(groups.pop())
                groups = groups or [[]]
                groups[-1].append(fenced(open_brackets.pop() if open_brackets else "", inner, c))
            elif c in RAISED and groups[-1] and groups[-1][-1].height > 1:
                tall = groups[-1][-1]
                groups[-1].append(Box((c, *" " * (tall.height - 1)), tall.baseline))
            else:
                groups[-1].append(Box((c,)))
        while open_brackets:
            inner = _joined(groups.pop())
            groups[-1].append(fenced(open_brackets.pop(), inner, ""))
        return _joined(groups[-1])

    def place_to_break(self, line: str, room: int) -> int:
        """The blank at which a line is best broken so that what is before it fits; 0 where there is none."""
        fitting = [(cost, -place) for place, width, cost in self.blanks(line, room) if width <= room]
        if fitting:
            return -min(fitting)[1]
        return min((place for place, _, _ in self.blanks(line, room)), default=0)

    def blanks(self, line: str, room: int) -> Iterator[tuple[int, int, float]]:
        """Each blank's place, the width before it, and how much a break there would cost a reader."""
        depth = width = 0
        for place, c in enumerate(line):
            if c == " " and place:
                before, after = line[:place].rpartition(" ")[2], line[place + 1 :].partition(" ")[0]
                # the sign of a sum, or one that waits for a number, belongs to what follows
                cost = 9.0 if before in _SIGNS or before.startswith(("Σ_", "max_", "mean_")) else _BEFORE.get(after, 2.0)
                yield place, width, cost + depth + (2 if 3 * width < room else 0)
            depth += (c in CLOSES.values()) - (c in CLOSES)
            width += self.width(c)


_SIGNS = {"+", "-", "=", ":=", "≈", "⊙", "∘", "*", "·", "/", "≤", "≥", "<", ">", "≠", "∈"}
_BEFORE = {**dict.fromkeys(_SIGNS, 0.5), "+": 0.0, "-": 0.0, "=": 0.0, ":=": 0.0, "≈": 0.0, "else": 0.5, "if": 0.7}


def fenced(opening: str, inner: Box, closing: str) -> Box:
    """A box in brackets of its height; either may be missing."""
    return beside([_bracket(opening, inner), inner, _bracket(closing, inner)])


def _bracket(bracket: str, inner: Box) -> Box:
    if not bracket or inner.height == 1:
        return Box((bracket,))
    top, middle, bottom = tuple(TALL[bracket])
    lines = [top, *middle * (inner.height - 2), bottom]
    if inner.height > 2 and bracket in WAISTS:
        lines[inner.height // 2] = WAISTS[bracket]
    return Box(tuple(lines), inner.baseline)


def stacked(above: Box, below: Box) -> Box:
    """A fraction with its stroke on the baseline."""
    width = max(above.width, below.width) + 2
    centred = [_widened(line, width, (width - columns(line)) // 2) for part in (above, below) for line in part.lines]
    return Box((*centred[: above.height], "─" * width, *centred[above.height :]), above.height)


def _joined(parts: list[Box]) -> Box:
    """Boxes side by side; bars |…| are as tall as what stands beside them."""
    tallest = max(parts, key=lambda part: part.height, default=Box(("",)))
    return beside(_bracket("|", tallest) if part.lines == ("|",) else part for part in parts)


def _aligned(entries: tuple[Box, ...]) -> list[Box]:
    """The entries of a column: numbers with their points under each other, anything else in the middle."""
    numbers = [NUMBER.match(entry.lines[0]) if entry.height == 1 else None for entry in entries]
    before = max((number.end() for number in numbers if number), default=0)
    shifted = [
        Box((" " * (before - number.end()) + entry.lines[0],)) if number else entry
        for entry, number in zip(entries, numbers, strict=True)
    ]
    width = max(entry.width for entry in shifted)
    return [
        Box(tuple(_widened(line, width, 0 if number else (width - entry.width) // 2) for line in entry.lines), entry.baseline)
        for entry, number in zip(shifted, numbers, strict=True)
    ]


def _widened(line: str, width: int, left: int) -> str:
    return " " * left + line + " " * (width - left - columns(line))


def _holds_grid(what: object) -> bool:
    if isinstance(what, tuple):
        return any(map(_holds_grid, what))
    return isinstance(what, Grid) or (isinstance(what, Written) and any(_holds_grid(getattr(what, f.name)) for f in fields(what)))
