"""A grid of characters with dots and lines in it: braille, eight dots to a character, or ASCII, one."""

from __future__ import annotations

from itertools import pairwise

from handgrad.document.parts import Piece, Pieces

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of braille, from the top down, left and right."""
COLOURS = ("cyan", "yellow", "magenta", "green")
"""The curves' colours, by rich's names; a terminal's blue and red are hard to read on black."""
DASHES = ("1", "111100", "10", "11111010")
"""Which dots along a curve are drawn, so that curves differ without colour."""
LETTERS = "*o+x"
"""The curves in ASCII."""


class Canvas:
    """Dots in `wide` × `high` characters, put by places between 0 and 1 from the left and from the bottom.

    The ends of both axes are the middles of the outer characters, so that a tick's character is where its number is.
    """

    def __init__(self, wide: int, high: int, *, ascii_only: bool = False) -> None:
        self.wide, self.high, self.ascii_only = wide, high, ascii_only
        self.across, self.down = (1, 1) if ascii_only else (2, 4)
        self.cells: dict[tuple[int, int], tuple[int, int]] = {}
        """The bits (in ASCII, the number of points) of each character with a dot in it, and the curve that was there last."""

    def column(self, place: float) -> int:
        """The character across where a place is."""
        return round(place * (self.wide - 1))

    def row(self, place: float) -> int:
        """The character down where a place is."""
        return round((1 - place) * (self.high - 1))

    def dot(self, x: int, y: int, curve: int = 0) -> None:
        """Draw the dot that is the x-th from the left and the y-th from the top."""
        cell = (x // self.across, y // self.down)
        bits = self.cells.get(cell, (0, 0))[0]
        self.cells[cell] = (bits + 1 if self.ascii_only else bits | DOTS[y % self.down][x % self.across], curve)

    def at(self, x: float, y: float) -> tuple[int, int]:
        """The dot at two places."""
        if self.ascii_only:
            return self.column(x), self.row(y)
        return int((x * (self.wide - 1) + 0.5) * self.across), int(((1 - y) * (self.high - 1) + 0.5) * self.down)

    def line(self, points: list[tuple[float, float]], curve: int = 0) -> None:
        """Draw a line through points, in the curve's own dashes."""
        dashes, count = "1" if self.ascii_only else DASHES[curve % len(DASHES)], 0
        dots = [self.at(x, y) for x, y in points]
        self.dot(*dots[0], curve)
        for (x, y), (x_end, y_end) in pairwise(dots):
            steps = max(abs(x_end - x), abs(y_end - y))
            for step in range(1, steps + 1):
                count += 1
                if dashes[count % len(dashes)] == "1":
                    self.dot(x + round(step * (x_end - x) / steps), y + round(step * (y_end - y) / steps), curve)

    def sample(self, curve: int) -> Piece:
        """A bit of a curve for the legend."""
        if self.ascii_only:
            return LETTERS[curve % len(LETTERS)], ""
        small = Canvas(4, 1)
        small.line([(-0.1, 0.5), (1.1, 0.5)], curve)
        return "".join(text for text, _ in small.pieces(0)), COLOURS[curve % len(COLOURS)]

    def pieces(self, row: int, under: dict[int, str] | None = None, *, counted: bool = False) -> Pieces:
        """A row of characters; `under` are those that stand where no dot is.

        In ASCII, dots are the letters of their curves or, where they are `counted`, as dark as they are many.
        """
        found: Pieces = []
        for column in range(self.wide):
            bits, curve = self.cells.get((column, row), (0, 0))
            if not bits:
                found.append(((under or {}).get(column, " "), "dim"))
            elif self.ascii_only:
                found.append(("o*%#"[min(bits.bit_length(), 4) - 1] if counted else LETTERS[curve % len(LETTERS)], ""))
            else:
                found.append((chr(0x2800 + bits), COLOURS[curve % len(COLOURS)]))
        return found
