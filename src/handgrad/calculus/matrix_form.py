"""Matrix form: names are matrices with an order of axes; the one place that decides on transposes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

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
from handgrad.calculus.quantities import default_axes
from handgrad.calculus.writer import NoMatrixFormError, Writer, pool
from handgrad.calculus.written import (
    Applied,
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

Orientation = tuple[Axis | None, Axis | None]
"""The axes along the rows and along the columns of a matrix."""


@dataclass(frozen=True)
class MatrixForm(Writer):
    """Matrix form. Laid out at (r, c), an expression has axis r along its rows and c along its columns; it may lack either."""

    named_examples: int = 0

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

    def of_name(self, name: Name) -> Orientation:
        """How the quantity of a name is stored; δ is shaped as Z is."""
        return self.orientation(default_axes("Z" if name.base == "delta" else name.base, name.layer))

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
                return self.stored(self.named(e), e.axes, target)
            case Derivative(of, by):
                if of.name not in {"J", "ell"}:
                    raise NoMatrixFormError(f"{e} is a factor of a chain, which is written with indices")
                return self.stored(self.gradient(e, self.named(of), self.named(by)), e.axes, target)
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
                raise NoMatrixFormError(f"{e} is written with indices")

    def visible(self, axes: Iterable[Axis]) -> tuple[Axis, ...]:
        """The axes along rows and columns: where each example is named by its index, it is no axis of a matrix."""
        return tuple(axis for axis in axes if axis != EXAMPLE or self.notation.examples in {"columns", "rows"})

    def named(self, quantity: Symbol) -> Name:
        one_of_many = self.notation.examples == "indexed" and EXAMPLE in quantity.axes
        return self.name(quantity, example=self.example if one_of_many else "")

    @property
    def example(self) -> str:
        """The letter of the example at hand; a sum inside a sum has another."""
        return next(islice(pool(self.notation.example), max(self.named_examples - 1, 0), None))

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
        if EXAMPLE in e.over and self.notation.examples == "indexed":
            within = Reduction(e.kind, over, body) if over else body
            deeper = replace(self, named_examples=self.named_examples + 1)
            return Reduced(e.kind, deeper.example, deeper.lay(within, target), (EXAMPLE,), bounds=self.bounds(EXAMPLE))
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
