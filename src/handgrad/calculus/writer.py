"""What matrix and index form share in writing down what is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from handgrad.calculus.expressions import Derivative, Expression, Rate, Reduction, Symbol
from handgrad.calculus.indices import Affine, Axis
from handgrad.calculus.notation import Notation
from handgrad.calculus.written import Minus, Name, Partial, Plus, Written, WrittenNumber
from handgrad.errors import HandgradError


class NoMatrixFormError(HandgradError):
    """The expression has more axes than a matrix, such as a Jacobian of a batch; it has an index form."""


@dataclass(frozen=True)
class Writer:
    """Gradients, names and the bounds of sums, by the notation's choices. `sizes` are the widths that are known."""

    notation: Notation
    sizes: Mapping[Axis, int] = field(default_factory=dict)

    def visible(self, axes: Iterable[Axis]) -> tuple[Axis, ...]:
        """The axes that are written: a single example has no axis of examples."""
        return tuple(axis for axis in axes if axis.name != "example" or self.notation.examples != "single")

    def gradient(self, quantity: Derivative, of: Name, by: Name) -> Written:
        style = self.notation.gradient
        loss = quantity.of.name in {"J", "ell"}
        if loss and style == "dZ" and not (quantity.of.name == "ell" and by.base in {"W", "b"}):
            return replace(by, prefix="d")
        if loss and style == "delta" and quantity.by.name == "Z":
            return replace(by, base="delta")
        return Partial(replace(of, transposed=False), replace(by, transposed=False), by.transposed)

    def name(self, quantity: Symbol, **marks: Any) -> Name:
        return Name(quantity.name, quantity.layer, quantity.time, **marks)

    def bounds(self, axis: Axis) -> tuple[Written, Written] | None:
        """The first and the last index along an axis, where the notation writes them."""
        style = self.notation.sums
        given = self.notation.bounds.get(str(replace(axis, copy=0)))
        if given:
            low, high = (WrittenNumber(int(end)) if end.isdigit() else Name(end) for end in given)
            return low, high
        if style not in {"from_0", "from_1"}:
            return None
        size = Name("m") if axis.name == "example" else Name("n", axis.layer)
        first = int(style == "from_1")
        return WrittenNumber(first), size if first else Plus((size, Minus(WrittenNumber(1))))


def ranked(axes: Iterable[Axis]) -> list[Axis]:
    """Axes in the order in which they take letters: the output's units first, copies after all others."""

    def rank(axis: Axis) -> tuple[Any, ...]:
        layer = axis.layer or Affine()
        terms = dict(layer.terms)
        return (axis.copy, -terms.get("L", 0), -sum(terms.values()), -layer.offset)

    return sorted(dict.fromkeys(axes), key=rank)


def all_axes(expression: Expression) -> Iterator[Axis]:
    """Every axis that occurs in an expression, free or summed over."""
    yield from expression.axes
    if isinstance(expression, Reduction):
        yield from expression.over
    for part in expression.parts:
        yield from all_axes(part)


def pool(letters: str) -> Iterator[str]:
    """The letters in order, then the same with primes."""
    for primes in count():
        yield from (letter + "'" * primes for letter in letters)


def letters_of(expressions: Iterable[Expression], notation: Notation) -> dict[Axis, str]:
    """A letter for each axis that occurs, one for all expressions together."""
    return letters_for((axis for expression in expressions for axis in all_axes(expression)), notation)


def letters_for(axes: Iterable[Axis], notation: Notation) -> dict[Axis, str]:
    """A letter for each axis: j for the units of the last layer, k before it.

    Where layers are counted from the output, the letter says how far from it they are.
    """
    found: dict[Axis, str] = {}
    every = ranked(axes)
    for axis in every:
        letters = notation.example if axis.name == "example" else notation.letters
        depth = _depth(axis)
        if depth is not None and depth < len(letters) and letters[depth] not in found.values():
            found[axis] = letters[depth]
            continue
        same = [other for other in every if other.name == axis.name]
        reserved = {letters[d] for other in same if (d := _depth(other)) is not None and d < len(letters)}
        taken = {*found.values(), *reserved}
        found[axis] = next(letter for letter in pool(letters) if letter not in taken)
    return found


def _depth(axis: Axis) -> int | None:
    """How many layers before the output, of an axis of units that is counted from there."""
    if axis.copy or axis.layer is None or axis.layer.terms != (("L", 1),) or axis.layer.offset > 0:
        return None
    return -axis.layer.offset


def local(expression: Expression) -> bool:
    """Whether factors of a chain occur, such as ∂Z/∂W, or a derivative that is not worked out: these are written with indices."""
    if isinstance(expression, Rate) or (isinstance(expression, Derivative) and expression.of.name not in {"J", "ell"}):
        return True
    return any(map(local, expression.parts))
