"""The relations of a document: each = of a chain with its two sides, its place, and what the chain is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from handgrad.check.reading import Passage
from handgrad.check.tree import Name, Node, Span, Statement, Unreadable, walk
from handgrad.check.understanding.names import named


@dataclass(frozen=True)
class Relation:
    """One relation. `subject` is the first side of its chain, `place` its number in the document."""

    left: Node
    right: Node
    op: str
    span: Span
    subject: Node
    passage: Passage
    place: int
    step: int
    statement: Statement

    @property
    def sides(self) -> tuple[Node, Node]:
        """The left and the right side."""
        return self.left, self.right

    @cached_property
    def names(self) -> tuple[Name, ...]:
        """The names on both sides that stand for something, without those in scripts."""
        return tuple(name for side in self.sides for name in named(side))

    def parts(self) -> Iterator[Node]:
        """Every node of both sides."""
        return chain.from_iterable(map(walk, self.sides))

    @property
    def text(self) -> str:
        """The formula as it stands."""
        start = max(self.span[0] - self.passage.start, 0)
        return self.passage.text[start : self.span[1] - self.passage.start].strip()

    def unreadable(self) -> str | None:
        """Why a side cannot be read, if so."""
        return next((part.reason for part in self.parts() if isinstance(part, Unreadable)), None)


def relations_of(read: Iterable[tuple[Passage, Sequence[Statement]]]) -> list[Relation]:
    """All relations in their order. A row that goes on takes its left side from the row, or the formula, before it."""
    found: list[Relation] = []
    last: Node | None = None
    subject: Node | None = None
    section = -1
    for passage, statements in read:
        if passage.section != section:
            section, last, subject = passage.section, None, None
        for statement in statements:
            sides = list(statement.sides)
            if statement.continues or sides[0] is None:
                sides[0] = last
            else:
                subject = sides[0]
            for k, op in enumerate(statement.ops):
                left, right = sides[k], sides[k + 1]
                if left is None or right is None:
                    reason = "there is nothing on the left of this relation" if left is None else "there is nothing on its right"
                    left, right = left or Unreadable(None, reason), right or Unreadable(None, reason)
                first = subject if subject is not None else left
                found.append(Relation(left, right, op, statement.spans[k], first, passage, len(found), k, statement))
            pairs = zip(sides[1:], statement.ops, strict=True)
            values = [side for side, op in pairs if op != "in"]  # not the set that it belongs to
            if statement.ops and (values or sides[0]) is not None:
                last = values[-1] if values and values[-1] is not None else sides[0]
            elif statement.sides[0] is not None:
                last = subject = statement.sides[0]
    return found
