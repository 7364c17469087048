"""Index form: every axis in scope has a letter, or a number where one entry is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    Rate,
    Reduction,
    Symbol,
)
from handgrad.calculus.indices import Axis
from handgrad.calculus.writer import Writer, pool
from handgrad.calculus.written import (
    Applied,
    Dots,
    Fraction,
    Kronecker,
    Minus,
    Name,
    Plus,
    Raised,
    Reduced,
    Related,
    Times,
    Written,
    WrittenNumber,
)
from handgrad.calculus.written import (
    Rate as WrittenRate,
)

Letters = dict[Axis, str]
LONGEST = 6
"""Of more terms than these, a sum written term by term shows the first three and the last."""


@dataclass(frozen=True)
class IndexForm(Writer):
    """Writes with indices. The examples' index stands in the superscript."""

    def scope(self, over: tuple[Axis, ...], letters: Letters, used: set[Axis]) -> Letters:
        """Letters inside a sum: its own, or a fresh one where its letter is in use outside."""
        inner = dict(letters)
        for axis in over:
            if (axis in used and self.notation.bound == "fresh") or axis not in inner:
                inner[axis] = self.fresh(axis, inner, used)
        return inner

    def fresh(self, axis: Axis, letters: Letters, used: set[Axis]) -> str:
        """A letter for an axis whose own is in use: that of a copy of it which is not, so that a sum keeps its letter."""
        copies = (other for other in letters if other not in used and replace(other, copy=0) == replace(axis, copy=0))
        for other in sorted(copies, key=lambda other: other.copy):
            if other.copy > axis.copy:
                return letters[other]
        there = self.notation.example if axis.name == "example" else self.notation.letters
        return next(letter for letter in pool(there) if letter not in letters.values())

    def marked(self, quantity: Symbol, letters: Letters) -> Name:
        on = quantity.on or ()
        units = tuple(letters[axis] for axis in on if axis.name != "example")
        if quantity.name.rpartition("_")[2] == "W" and self.notation.weights == "in_out":
            units = units[::-1]
        example = next((letters[axis] for axis in self.visible(on) if axis.name == "example"), "")
        return self.name(quantity, indices=units, example=example)

    def write(self, e: Expression, letters: Letters, used: frozenset[Axis] | None = None) -> Written:
        """Write an expression in which the axes `used` are free or summed over outside; by default its own free axes are."""
        scope = frozenset(e.axes) if used is None else used

        def inner(part: Expression) -> Written:
            return self.write(part, letters, scope)

        match e:
            case Number(value):
                return WrittenNumber(value)
            case Symbol():
                return self.marked(e, letters)
            case Derivative(of, by):
                return self.gradient(e, self.marked(of, letters), self.marked(by, letters))
            case Rate(body, by):
                return WrittenRate(self.marked(by, letters), self.write(body, letters, scope | frozenset(by.axes)))
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
            case Reduction():
                return self.reduction(e, letters, scope)
            case Delta(axis, other):
                if isinstance(other, Axis):
                    return Kronecker(axis, (letters[axis], letters[other]))
                return Kronecker(axis, (letters[axis], ""), inner(other))
            case _:
                raise TypeError(f"{type(e).__name__} has no written form")

    def reduction(self, e: Reduction, letters: Letters, used: frozenset[Axis]) -> Written:
        over = self.visible(e.over)
        if self.notation.sums == "expanded" and e.kind == "sum" and all(axis in self.sizes for axis in over):
            return self.expanded(e.body, over, letters, used)
        scope = self.scope(over, letters, set(used))
        written = self.write(e.body, scope, used | frozenset(e.over))
        for axis in reversed(over):
            written = Reduced(e.kind, scope[axis], written, (axis,), bounds=self.bounds(axis))
        return written

    def expanded(self, body: Expression, over: tuple[Axis, ...], letters: Letters, used: frozenset[Axis]) -> Written:
        """A sum term by term, with numbers for the indices of the axis."""
        if not over:
            return self.write(body, letters, used)
        first, size = self.notation.first_index, self.sizes[over[0]]
        shown = range(size) if size <= LONGEST else (0, 1, 2, size - 1)
        terms: list[Written] = [
            self.expanded(body, over[1:], {**letters, over[0]: str(first + number)}, used | {over[0]}) for number in shown
        ]
        if size > LONGEST:
            terms.insert(3, Dots())
        return terms[0] if len(terms) == 1 else Plus(tuple(terms))
