"""One entry of an equation worked through: the same tree with symbols and with numbers in their place, and what it comes to.

An index such as j becomes the number of a unit, a sum over it is written out term by term, and a long sum keeps its largest terms.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from handgrad.calculus.equation import Equation
from handgrad.calculus.evaluation import ARRAY_OPERATORS, Value, evaluate
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
    key_of,
)
from handgrad.calculus.functions import PRIMITIVES, Array, Function
from handgrad.calculus.index_form import IndexForm, Letters
from handgrad.calculus.indices import EXAMPLE, Axis
from handgrad.calculus.means import normalised
from handgrad.calculus.written import (
    Applied,
    Approximately,
    Dots,
    Fraction,
    Kronecker,
    Minus,
    Name,
    Plus,
    Raised,
    Related,
    Times,
    Written,
    WrittenNumber,
)

Place = dict[Axis, int]
"""Which entry: the index along each axis, counted from 1."""


@dataclass(frozen=True)
class LeftOut:
    """How many terms of a sum are not written, and what they come to together."""

    count: int
    total: float


@dataclass(frozen=True)
class Entry:
    """An expression at one place: with symbols, with numbers, its value, and what long sums leave out."""

    symbols: Written
    numbers: Written
    value: float
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class EntryForm(IndexForm):
    """Writes entries. `values` are a pass's numbers by key, `sizes` the widths and the number of examples by axis.

    A sum keeps its `terms` largest; None keeps all. Numbers are written with `digits` significant digits and computed with all.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    terms: int | None = 6
    digits: int = 4

    def equation(self, equation: Equation, place: Place) -> tuple[Written, Entry]:
        """Both sides of an equation at a place: the left one as a symbol."""
        with np.errstate(all="ignore"):  # infinities and NaN are values here
            found = self.entry(normalised(equation.right, self.notation), place)
            zero = isinstance(found.numbers, Minus) and found.value == 0 and isinstance(found.numbers.term, Approximately)
            if zero:  # nobody writes -0 by itself
                found = replace(found, numbers=self.leaf(0.0))
            return self.symbol_of(equation.left, place), found

    def symbol_of(self, e: Expression, place: Place) -> Written:
        """An entry's symbol, such as w_21."""
        return self.write(e, {axis: str(index) for axis, index in place.items()})

    def name(self, quantity: Symbol, **marks: object) -> Name:
        """A quantity keeps its name in the update."""
        return super().name(quantity.now, **marks)

    def marked(self, quantity: Symbol, letters: Letters) -> Name:
        """A comma parts the indices where any could have two digits."""
        name = super().marked(quantity, letters)
        many = any(self.sizes.get(axis, 0) > 9 for axis in quantity.axes if axis != EXAMPLE)
        return replace(name, indices=(",".join(name.indices),)) if many and name.indices else name

    def value_of(self, quantity: Symbol | Derivative | Call, place: Place) -> float | None:
        """The number of an entry, where the quantity has one."""
        if quantity.key not in self.values:
            return None
        axes = (quantity.on or ()) if isinstance(quantity, Symbol) else quantity.axes
        return float(np.asarray(self.values[quantity.key])[tuple(place[axis] - 1 for axis in axes)])

    def leaf(self, value: float) -> Written:
        """A number put in; one below zero is minus its size, so that it reads well among others."""
        return Minus(Approximately(-value, self.digits)) if value < 0 else Approximately(value + 0.0, self.digits)

    def entry(self, e: Expression, place: Place) -> Entry:
        """An expression at a place. Raises KeyError for a quantity without a value."""
        match e:
            case Number(value):
                return Entry(WrittenNumber(value), WrittenNumber(value), float(value))
            case Symbol() | Derivative():
                known = self.value_of(e, place)
                if known is None:
                    raise KeyError(f"{key_of(e)} has no value")
                whole = isinstance(e, Symbol) and e.key in {"m", "t"}
                return Entry(self.symbol_of(e, place), WrittenNumber(int(known)) if whole else self.leaf(known), known)
            case Negative(term):
                return self.joined((term,), place, lambda parts: Minus(parts[0]), operator.neg)
            case Add(terms):
                return self.joined(terms, place, _plus, lambda *values: functools.reduce(operator.add, values))
            case Multiply(factors):
                return self.joined(factors, place, _times, lambda *values: functools.reduce(operator.mul, values))
            case Quotient(numerator, denominator):
                return self.joined((numerator, denominator), place, lambda parts: Fraction(*parts), np.divide)
            case Power(base, exponent):
                return self.joined((base, exponent), place, lambda parts: Raised(*parts), np.power)
            case Compare(relation, left, right):
                compare = ARRAY_OPERATORS[relation]
                return self.joined((left, right), place, lambda parts: Related(relation, *parts), compare)
            case Call():
                return self.call(e, place)
            case Reduction():
                return self.sum(e, place)
            case Delta(axis, other) if isinstance(other, Axis):
                same = int(place[axis] == place[other])
                return Entry(Kronecker(axis, (str(place[axis]), str(place[other]))), WrittenNumber(same), float(same))
            case _:
                raise TypeError(f"{type(e).__name__} has no entries")

    def joined(
        self,
        parts: tuple[Expression, ...],
        place: Place,
        write: Callable[[tuple[Written, ...]], Written],
        compute: Callable[..., object],
    ) -> Entry:
        """The parts' entries under one node."""
        return _join(tuple(self.entry(part, place) for part in parts), write, compute)

    def call(self, e: Call, place: Place) -> Entry:
        """A function of numbers; a slope that the pass has worked out is put in as its number."""
        known = self.value_of(e, place)
        arguments = tuple(self.entry(argument, place) for argument in e.arguments)
        found = _join(arguments, lambda parts: Applied(e.function, parts, e.layer, e.primes), functools.partial(self.apply, e))
        return found if known is None else Entry(found.symbols, self.leaf(known), known)

    def apply(self, e: Call, *arguments: float) -> float:
        """The value of a function at numbers."""
        if e.function in PRIMITIVES and not e.primes:
            return float(PRIMITIVES[e.function].compute(*arguments))
        names = tuple(Symbol(f"argument{place}") for place in range(len(arguments)))
        own = {name.key: value for name, value in zip(names, arguments, strict=True)}
        return float(evaluate(replace(e, arguments=names), own, self.functions))

    def terms_of(self, e: Reduction, place: Place, sizes: tuple[int, ...]) -> Array:
        """The values of all terms of a sum or maximum, the last axis running fastest."""
        given: dict[str, Value] = {}
        body = self.placed(e.body, {axis: at for axis, at in place.items() if axis not in e.over}, given)
        return np.broadcast_to(evaluate(body, given, self.functions, e.over), sizes).ravel()

    def placed(self, e: Expression, place: Place, given: dict[str, Value]) -> Expression:
        """An expression over the axes that have no place yet; `given` takes up the numbers of its quantities there."""
        if isinstance(e, Symbol | Derivative | Call) and e.key in self.values:
            axes = (e.on or ()) if isinstance(e, Symbol) else e.axes
            array = np.asarray(self.values[e.key], np.float64)
        elif isinstance(e, Delta) and isinstance(e.other, Axis):
            axes, array = (e.axis, e.other), np.eye(self.sizes[replace(e.axis, copy=0)])
        else:
            inner = {axis: at for axis, at in place.items() if not isinstance(e, Reduction) or axis not in e.over}
            return e.map(lambda part: self.placed(part, inner, given) if isinstance(part, Expression) else part)
        array = np.asarray(array[tuple(place[axis] - 1 if axis in place else slice(None) for axis in axes)])
        part = Symbol(f"part{len(given)}", on=tuple(axis for axis in axes if axis not in place))
        given[part.key] = array if array.ndim else float(array)
        return part

    def sum(self, e: Reduction, place: Place) -> Entry:
        """A sum written out, its largest terms where it is long; a maximum is that of all its terms."""
        sizes = tuple(self.sizes[replace(axis, copy=0)] for axis in e.over)
        values = self.terms_of(e, place, sizes)  # of all terms, of which only those that are shown are written
        if e.kind == "max":
            picked, total = np.array([np.argmax(values)]), float(np.max(values))
        else:
            picked, total = np.sort(np.argsort(-np.abs(values), kind="stable")[: self.terms]), float(np.sum(values))
        places = zip(*np.unravel_index(picked, sizes), strict=True)
        shown = [self.entry(e.body, place | {axis: int(i) + 1 for axis, i in zip(e.over, at, strict=True)}) for at in places]
        if len(shown) == len(values):
            return shown[0] if len(shown) == 1 else replace(_join(tuple(shown), _plus, lambda *_: total), value=total)
        missing = LeftOut(len(values) - len(shown), total - sum(term.value for term in shown))
        dots = Entry(Dots(), Dots(), missing.total, (missing,))
        if e.kind == "max":
            return _join((*shown, dots), lambda parts: Applied("max", parts), lambda *_: total)
        return _join((*shown, dots), _plus, lambda *_: total)


def _join(parts: tuple[Entry, ...], write: Callable[[tuple[Written, ...]], Written], compute: Callable[..., object]) -> Entry:
    value = compute(*(np.float64(part.value) for part in parts))
    return Entry(
        write(tuple(part.symbols for part in parts)),
        write(tuple(part.numbers for part in parts)),
        float(value),  # type: ignore[arg-type]  # a number, or the truth of a comparison
        tuple(missing for part in parts for missing in part.left_out),
    )


def _plus(terms: tuple[Written, ...]) -> Written:
    """A sum, sums inside it flattened."""
    return Plus(tuple(inner for term in terms for inner in (term.terms if isinstance(term, Plus) else (term,))))


def _times(factors: tuple[Written, ...]) -> Written:
    """A product, with the sign of its first factor in front."""
    if isinstance(factors[0], Minus):
        return Minus(Times("scalar", (factors[0].term, *factors[1:])))
    return Times("scalar", factors)


def sum_words(left_out: tuple[LeftOut, ...], digits: int) -> tuple[str | Written, ...]:
    """What a sum leaves out, in words; empty where it is whole."""
    words: list[str | Written] = []
    for missing in left_out:
        words += [
            f"{'; ' if words else ''}⋯ stands for {missing.count} more terms, together ",
            Approximately(missing.total, digits),
        ]
    return tuple(words)
