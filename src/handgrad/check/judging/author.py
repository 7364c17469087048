"""Formulas evaluated as their author counts, and where in a formula two shapes clash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np

from handgrad.check.judging import products
from handgrad.check.judging.comparing import Scale
from handgrad.check.judging.evaluating import Evaluator, UnknownError
from handgrad.check.judging.scales import family
from handgrad.check.judging.values import MisfitError, Value, elementwise, number
from handgrad.check.judging.world import World
from handgrad.check.tree import Call, Group, Name, Node, Product, Sum, children

RATE = 0.5
"""The learning rate, of which a text says nothing."""


class Author(Evaluator):
    """Evaluates gradients with the constants that the document keeps to (`scales`), as its dW = 1/m ∂J/∂W, J being a sum."""

    scales: Mapping[str, Scale] = {}
    scaling = True

    def values(self, node: Node) -> list[Value]:
        """All values that a formula may have, as its author counts."""
        kind = family(node, self.lexicon.habit) if self.scaling and not isinstance(node, Group) else None
        scale = self.scales.get(kind) if kind is not None else None
        if scale is None or scale.one:
            return super().values(node)
        self.scaling = False  # what a gradient is made of is not scaled once more
        try:
            found = super().values(node)
        finally:
            self.scaling = True
        factor = scale.sign * 2.0**scale.twos * float(self.world.shape.widths[-1]) ** scale.outputs
        factor *= float(self.world.m) ** scale.examples if self.setting.batch else 1.0
        return [elementwise([value], lambda a: a * factor) for value in found]

    def constant(self, node: Name, role: str | None) -> list[Value]:
        """Numbers, with a learning rate that is seen."""
        if role == "m" and not self.setting.batch and not node.scripts and node.name not in {"n", "N", "M"}:
            return [number(1)]  # one example
        return [number(RATE)] if role == "rate" else super().constant(node, role)

    def elsewhere(self, world: World) -> Self:
        """The same evaluator in another world."""
        found = super().elsewhere(world)
        found.scales, found.scaling = self.scales, self.scaling
        return found


def clash(node: Node, author: Evaluator) -> str | None:
    """What does not fit in a formula, in words with its sizes; None where that cannot be told."""
    for _ in range(60):
        below = next((child for child in _parts(node) if _misfits(child, author)), None)
        if below is None:
            break
        node = below
    if isinstance(node, Sum):
        return _apart([*node.terms], ["+"] * len(node.terms), author)
    if isinstance(node, Product):
        return _apart([*node.items], [*node.signs], author)
    if isinstance(node, Call) and len(node.arguments) == 2:
        return _apart([*node.arguments], ["@" if node.function.name in {"dot", "matmul"} else "odot"], author)
    return None


def _parts(node: Node) -> list[Node]:
    return list(node.arguments) if isinstance(node, Call) else [] if isinstance(node, Name) else list(children(node))


def _misfits(node: Node, author: Evaluator) -> bool:
    try:
        author.values(node)
    except MisfitError:
        return True
    except UnknownError:
        return False
    return False


def _apart(parts: list[Node], signs: list[str], author: Evaluator) -> str | None:
    """The first two of several parts that do not go together; None where only their names say so and their sizes fit."""
    together = author.values(parts[0])
    for part, sign in zip(parts[1:], signs, strict=False):
        other = author.values(part)
        entries = sign == "+" or sign in products.ELEMENTWISE
        try:
            if sign == "+":
                together = [elementwise([together[0], other[0]], np.add)]
            else:
                together = products.multiplied([together, other], [sign], None)
        except MisfitError as error:
            a, b = together[0], other[0]
            if a.matrix is None or b.matrix is None:
                return error.why
            one, two = a.data.shape[-2:], b.data.shape[-2:]
            if entries:
                fits = all(m == n or 1 in {m, n} for m, n in zip(one, two, strict=True))
                return None if fits else f"{size(a)} and {size(b)} do not fit entry by entry"
            return None if one[1] == two[0] else f"{size(a)} times {size(b)} does not fit"
    return None


def size(value: Value) -> str:
    """The rows and columns of a value."""
    return "a number" if value.scalar else f"{value.data.shape[-2]} × {value.data.shape[-1]}"
