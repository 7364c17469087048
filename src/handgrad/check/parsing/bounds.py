"""Formulas that are too large to be judged, which all that comes after parsing need not care about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from handgrad.check.tree import Node, Number, Statement, Unreadable, children

LARGEST = 600
"""So many parts a side of a relation has at most; the longest that people write have about 200."""
DEEPEST = 80
"""So many levels it has at most."""


def bounded(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """The statements with an `Unreadable` in place of each side that is too large, nested too deeply, or has too large a number."""
    return tuple(
        replace(statement, sides=tuple(side if side is None else _bounded(side) for side in statement.sides))
        for statement in statements
    )


def _bounded(side: Node) -> Node:
    level, parts = [side], 0
    for _ in range(DEEPEST):
        parts += len(level)
        if parts > LARGEST:
            return Unreadable(side.span, f"a formula of more than {LARGEST} parts is not read")
        if any(isinstance(node, Number) and not math.isfinite(node.value) for node in level):
            return Unreadable(side.span, "a number that is too large")
        level = [child for node in level for child in children(node)]
        if not level:
            return side
    return Unreadable(side.span, "nested too deeply")
