"""The mistakes that people make in derivations, each as changes of a formula: to correct a wrong one, or to spoil a right one."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.check.mistakes import constants, layout, quantities, slopes, structure, sums
from handgrad.check.mistakes.context import Context
from handgrad.check.mistakes.records import Mistake, Rewrite
from handgrad.check.tree import Node

CATALOGUE: tuple[Mistake, ...] = (
    *layout.MISTAKES, *constants.MISTAKES, *slopes.MISTAKES, *quantities.MISTAKES, *sums.MISTAKES, *structure.MISTAKES,
)  # fmt: skip
"""All mistakes."""


def inject(right: Node, context: Context) -> Iterator[tuple[Node, Mistake]]:
    """A right side with each mistake of the catalogue put into it; `context` is at the relation."""
    for mistake in CATALOGUE:
        if not mistake.left:
            for rewrite in mistake.makes(right, context):
                yield rewrite.tree, mistake


__all__ = ["CATALOGUE", "Context", "Mistake", "Rewrite", "inject"]
