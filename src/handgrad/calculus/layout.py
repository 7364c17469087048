"""From what is meant to what is written: the one place that decides on orders of axes, transposes and index letters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import (
    Add,
    Call,
    Compare,
    Delta,
    Derivative,
    Expression,
    Multiply,
    Negative,
    Number,
    Power,
    Quotient,
    Reduction,
    Symbol,
)
from handgrad.calculus.indices import EXAMPLE, Axis
from handgrad.calculus.means import normalised
from handgrad.calculus.notation import Notation
from handgrad.calculus.written import (
    Applied,
    Equals,
    Fraction,
    Kronecker,
    Minus,
    Name,
    Partial,
    Plus,
    Raised,
    Reduced,
    Related,
    Times,
    Transposed,
    Written,
    WrittenNumber,
)
from handgrad.errors import HandgradError

Orientation = tuple[Axis | None, Axis | None]
"""The axes along the rows and along the columns of a matrix."""


class NoMatrixFormError(HandgradError):
    """The expression has more axes than a matrix, such as a Jacobian of a batch; it has an index form."""


def lay_out(what: Expression | Equation, notation: Notation) -> Written:
    """Write an expression or an equation in a notation. What no matrix can hold is written in index form."""
    if notation.form == "index":
        return _lay_out_index(what, notation)
    try:
        return lay_out_matrix(what, notation)
    except NoMatrixFormError:
        return _lay_out_index(what, notation)


def lay_out_matrix(what: Expression | Equation, notation: Notation) -> Written:
    """Write in matrix form. Raises NoMatrixFormError for more axes than a matrix has."""
    matrix = _Matrix(notation)
    if not isinstance(what, Equation):
        return matrix.natural(normalised(what, notation))
    left, right, update = _sides(what, notation)
    target = matrix.orientation(left.axes)
    return Equals(matrix.lay(left, target), matrix.lay(right, target), update)


def _lay_out_index(what: Expression | Equation, notation: Notation) -> Written:
    index = _Index(notation)
    if not isinstance(what, Equation):
        return index.free(normalised(what, notation))
    left, right, update = _sides(what, notation)
    letters = index.letters_for(left.axes, {})
    return Equals(index.write(left, letters), index.write(right, letters), update)


def _sides(equation: Equation, notation: Notation) -> tuple[Expression, Expression, bool]:
    """Both sides with means written out, and whether it is an update, whose left side names its time no more."""
    left = equation.left
    update = isinstance(left, Symbol) and left.time is not None
    if isinstance(left, Symbol):
        left = replace(left, time=None)
    return left, normalised(equation.right, notation), update


@dataclass(frozen=True)
class Writer:
    """What matrix and index form share: gradients and names by the notation's choices."""

    notation: Notation

    def visible(self, axes: Iterable[Axis]) -> tuple[Axis, ...]:
        """The axes that are written: a single example has no axis of examples."""
        return tuple(axis for axis in axes if axis != EXAMPLE or self.notation.examples != "single")

    def gradient(self, quantity: Derivative, of: Name, by: Name) -> Written:
        style = self.notation.gradient
        loss = quantity.of.name in {"J", "ell"}
        if loss and style == "dZ":
            return replace(by, prefix="d")
        if loss and style == "delta" and quantity.by.name == "Z":
            return replace(by, base="delta")
        return Partial(replace(of, transposed=False), replace(by, transposed=False), by.transposed)

    def name(self, quantity: Symbol, **marks: Any) -> Name:
        return Name(quantity.name, quantity.layer, quantity.time, **marks)


class _Matrix(Writer):
    """Matrix form. Laid out at (r, c), an expression has axis r along its rows and c along its columns; it may lack either."""

    def orientation(self, axes: Iterable[Axis]) -> Orientation:
        """How a quantity with these axes is stored."""
        shown = self.visible(axes)
        rows = self.notation.examples == "rows"
        if len(shown) > 2:
            raise NoMatrixFormError(f"{len(shown)} axes do not fit a matrix")
        if not shown:
            return (None, None)
        if len(shown) == 1:
            flat: Orientation = (shown[0], None)
            return flat if (shown[0] == EXAMPLE) == rows else flat[::-1]
        if EXAMPLE in shown:
            units = next(axis for axis in shown if axis != EXAMPLE)
            return (EXAMPLE, units) if rows else (units, EXAMPLE)
        first, second = shown
        ahead = (second.layer - first.layer).number if first.layer is not None and second.layer is not None else 0
        high_first = (second, first) if (ahead or 0) > 0 else (first, second)
        copies = first.layer == second.layer
        return high_first if copies or self.notation.weights == "out_in" else high_first[::-1]

    def natural(self, expression: Expression) -> Written:
        return self.lay(expression, self.orientation(expression.axes))

    def lay(self, e: Expression, target: Orientation) -> Written:
        axes = self.visible(e.axes)
        if not set(axes) <= set(target):
            raise NoMatrixFormError(f"{e} does not fit a matrix")
        match e:
            case Number(value):
                return WrittenNumber(value)
            case Symbol():
                return self.stored(self.name(e), e.axes, target)
            case Derivative(of, by):
                gradient = self.gradient(e, self.name(of), self.name(by))
                return self.stored(gradient, e.axes, target)
            case Negative(term):
                return Minus(self.lay(term, target))
            case Add(terms):
                return Plus(tuple(self.lay(term, target) for term in terms))
            case Multiply(factors):
                return self.product(factors, target)
            case Quotient(numerator, denominator):
                return Fraction(self.lay(numerator, target), self.lay(denominator, target))
            case Power(base, exponent):
                return Raised(self.lay(base, target), self.lay(exponent, target))
            case Compare(relation, left, right):
                return Related(relation, self.lay(left, target), self.lay(right, target))
            case Call(function, arguments):
                return Applied(function, tuple(self.lay(argument, target) for argument in arguments), e.layer, e.primes)
            case Reduction():
                return self.reduction(e, target)
            case Delta(axis, other):
                if isinstance(other, Axis):
                    raise NoMatrixFormError(f"{e} is written with indices")
                return self.turned(Kronecker(axis, label=self.natural(other)), (axis, EXAMPLE), target)
            case _:
                raise TypeError(f"{type(e).__name__} has no written form")

    def stored(self, written: Written, axes: Iterable[Axis], target: Orientation) -> Written:
        """A quantity at a target: as it is stored, or transposed."""
        return self.turned(written, self.orientation(axes), target)

    def turned(self, written: Written, own: Orientation, target: Orientation) -> Written:
        wanted = tuple(axis if axis in own else None for axis in target)
        if own in (wanted, (None, None)):
            return written
        if isinstance(written, Name | Partial):
            return replace(written, transposed=True)
        return Transposed(written)

    def product(self, factors: tuple[Expression, ...], target: Orientation) -> Written:
        """Numbers in front; then an outer product of a column and a row, or an elementwise product."""
        numbers = [self.lay(f, (None, None)) for f in factors if not self.visible(f.axes)]
        arrays = [f for f in factors if self.visible(f.axes)]
        rows, columns = target
        whole = [f for f in arrays if rows in f.axes and columns in f.axes]
        down = [f for f in arrays if rows in f.axes and columns not in f.axes]
        across = [f for f in arrays if columns in f.axes and rows not in f.axes]
        if down and across and not whole and rows is not None and columns is not None:
            parts = (self.product(tuple(down), (rows, None)), self.product(tuple(across), (None, columns)))
            return _scaled(numbers, Times("matrix", parts))
        laid = tuple(self.lay(f, target) for f in arrays)
        if not laid:
            return _scaled(numbers[:-1], numbers[-1])
        return _scaled(numbers, laid[0] if len(laid) == 1 else Times("elementwise", laid))

    def reduction(self, e: Reduction, target: Orientation) -> Written:
        over = self.visible(e.over)
        body = e.body
        if not over:
            return self.lay(body, target)
        if not self.visible(e.axes) and len(over) == 2:
            return Reduced(e.kind, "", self.lay(body, self.orientation(body.axes)), over)
        if len(over) > 1:
            body = Reduction(e.kind, over[1:], body)
        along = over[0]
        rows, columns = (axis if axis in e.axes and axis != along else None for axis in target)
        if e.kind == "sum":
            factors = body.factors if isinstance(body, Multiply) else (body,)
            outside = tuple(f for f in factors if along not in f.axes)
            inside = tuple(f for f in factors if along in f.axes)
            if outside:
                inner = Reduction("sum", (along,), inside[0] if len(inside) == 1 else Multiply(inside))
                return self.product((*outside, inner), target)
            left = tuple(f for f in inside if rows in f.axes) if rows is not None else ()
            right = tuple(f for f in inside if columns in f.axes) if columns is not None else ()
            if set(left) & set(right):
                raise NoMatrixFormError(f"{e} does not fit a matrix product")
            free = tuple(f for f in inside if f not in left and f not in right)
            if left and right:  # what has the summed axis alone scales along it
                left, free = (*left, *free), ()
            if bool(left or (free and rows is None)) and bool(right or (free and columns is None)) and (left or right):
                return Times("matrix", (self.product(left or free, (rows, along)), self.product(right or free, (along, columns))))
        if rows is not None and columns is not None:
            raise NoMatrixFormError(f"{e} sums over a third axis")
        if rows is None and columns is None:
            own = self.orientation((along,))
            return Reduced(e.kind, "", self.lay(body, own), (along,))
        inner_target: Orientation = (rows, along) if rows is not None else (along, columns)
        return Reduced(e.kind, "", self.lay(body, inner_target), (along,), along=1 if rows is not None else 0)


def _scaled(numbers: list[Written], body: Written) -> Written:
    parts = (*numbers, *(body.factors if isinstance(body, Times) and body.kind == "scalar" else (body,)))
    return parts[0] if len(parts) == 1 else Times("scalar", parts)


def _letters(pool: str) -> Iterator[str]:
    """The letters of a pool, then the same with primes."""
    for primes in count():
        yield from (letter + "'" * primes for letter in pool)


class _Index(Writer):
    """Index form: every axis in scope has a letter; the examples' index stands in the superscript."""

    def letters_for(self, axes: Iterable[Axis], known: dict[Axis, str], *, fresh: bool = False) -> dict[Axis, str]:
        """Give letters to axes that have none (all of them with `fresh`), none of which is used already."""
        letters = dict(known)
        for axis in axes:
            if axis in known and not fresh:
                continue
            pool = self.notation.example if axis == EXAMPLE else self.notation.letters
            taken = {*letters.values(), *known.values()}
            letters[axis] = next(letter for letter in _letters(pool) if letter not in taken)
        return letters

    def free(self, expression: Expression) -> Written:
        return self.write(expression, self.letters_for(expression.axes, {}))

    def marked(self, quantity: Symbol, letters: dict[Axis, str]) -> Name:
        on = quantity.on or ()
        units = tuple(letters[axis] for axis in on if axis != EXAMPLE)
        if quantity.name == "W" and self.notation.weights == "in_out":
            units = units[::-1]
        example = letters[EXAMPLE] if EXAMPLE in self.visible(on) else ""
        return self.name(quantity, indices=units, example=example)

    def write(self, e: Expression, letters: dict[Axis, str]) -> Written:
        def inner(part: Expression) -> Written:
            return self.write(part, letters)

        match e:
            case Number(value):
                return WrittenNumber(value)
            case Symbol():
                return self.marked(e, letters)
            case Derivative(of, by):
                return self.gradient(e, self.marked(of, letters), self.marked(by, letters))
            case Negative(term):
                return Minus(inner(term))
            case Add(terms):
                return Plus(tuple(map(inner, terms)))
            case Multiply(factors):
                return Times("scalar", tuple(map(inner, factors)))
            case Quotient(numerator, denominator):
                return Fraction(inner(numerator), inner(denominator))
            case Power(base, exponent):
                return Raised(inner(base), inner(exponent))
            case Compare(relation, left, right):
                return Related(relation, inner(left), inner(right))
            case Call(function, arguments):
                return Applied(function, tuple(map(inner, arguments)), e.layer, e.primes)
            case Reduction(kind, over, body):
                over = self.visible(over)
                scope = self.letters_for(over, letters, fresh=True)
                written = self.write(body, scope)
                for axis in reversed(over):
                    written = Reduced(kind, scope[axis], written, (axis,))
                return written
            case Delta(axis, other):
                if isinstance(other, Axis):
                    return Kronecker(axis, (letters[axis], letters[other]))
                return Kronecker(axis, (letters[axis], ""), inner(other))
            case _:
                raise TypeError(f"{type(e).__name__} has no written form")
