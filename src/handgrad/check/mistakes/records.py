"""What a mistake is: changes of a formula that undo it, and changes that make it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from handgrad.check.mistakes.context import Context
from handgrad.check.tree import Node


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A changed formula. `marked` is the part of the formula as it was that is wrong, `say` what is to be done about it.

    `cost` is how unlikely the change is beside others of its kind; `code` is given where it is another than its mistake's.
    """

    tree: Node
    marked: Node
    say: str
    cost: float = 0.0
    code: str | None = None


Rewrites: TypeAlias = Callable[[Node, Context], Iterable[Rewrite]]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A kind of slip: `undo` yields the changes that may correct it, `make` those that commit it (None: the same ones).

    `group` is layout, constant, slope, quantity, sum or structure: what kind of failure it can explain. `cost` is how unusual it
    is.
    `left` says that it is the left side that is changed.
    """

    code: str
    name: str
    group: str
    cost: float
    undo: Rewrites
    make: Rewrites | None = None
    left: bool = False

    def rewrites(self, tree: Node, context: Context) -> Iterable[Rewrite]:
        """The changes that may undo the mistake."""
        return self.undo(tree, context)

    def makes(self, tree: Node, context: Context) -> Iterable[Rewrite]:
        """The changes that commit the mistake."""
        return (self.make or self.undo)(tree, context)
