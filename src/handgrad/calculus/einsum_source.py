"""NumPy source of an index form: einsum over letters, for arrays whose dimensions are their axes as meant."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_letters
from typing import NamedTuple

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
    union,
)
from handgrad.calculus.functions import PRIMITIVES
from handgrad.calculus.indices import Axis
from handgrad.calculus.means import normalised
from handgrad.calculus.notation import Notation
from handgrad.calculus.numpy_source import NumpySource, power
from handgrad.calculus.typeset import ATOM, MINUS, PLUS, POWER, RELATED, TIMES
from handgrad.calculus.writer import Writer, letters_of
from handgrad.calculus.written import Name

Axes = tuple[Axis, ...]


class Code(NamedTuple):
    """Source of an array with these axes, and how tightly its outermost sign binds."""

    text: str
    axes: Axes = ()
    binding: int = ATOM

    def within(self, around: int) -> str:
        """The source, in parentheses where what is around it binds more tightly."""
        return f"({self.text})" if self.binding < around else self.text


class EinsumSource:
    """Writes code whose array has the axes that are returned with it. `letters` are those of the equation as it is written."""

    def __init__(self, notation: Notation, letters: Mapping[Axis, str] | None = None, names: NumpySource | None = None) -> None:
        self.names, self.writer, self.letters = names or NumpySource(notation), Writer(notation), letters
        self.wanted: Axes = ()

    def ordered(self, e: Expression, axes: Axes) -> str:
        """Code whose dimensions are `axes`, of size 1 where the value does not depend on one."""
        self.wanted = self.writer.visible(axes)
        return self.aligned(self.code(e), self.wanted).text

    def aligned(self, code: Code, want: Axes) -> Code:
        if code.axes in (want, ()):
            return code
        axes = tuple(axis for axis in want if axis in code.axes)
        order = tuple(code.axes.index(axis) for axis in axes)
        if order == (1, 0):
            code = Code(f"{code.within(ATOM)}.T", axes)
        elif order != tuple(sorted(order)):
            code = Code(f"np.transpose({code.text}, {order})", axes)
        if len(axes) < len(want):
            code = Code(f"{code.within(ATOM)}[{', '.join(':' if axis in code.axes else 'None' for axis in want)}]", want)
        return code

    def together(self, parts: tuple[Expression, ...]) -> tuple[list[Code], Axes]:
        coded = [self.code(part) for part in parts]
        axes = union(code.axes for code in coded)
        return [self.aligned(code, axes) for code in coded], axes

    def code(self, e: Expression) -> Code:
        match e:
            case Number(value):
                return Code(repr(value))
            case Symbol() | Derivative():
                return Code(self.quantity(e), self.writer.visible(e.axes))
            case Negative(term):
                code = self.code(term)
                return Code(f"-{code.within(MINUS + 1)}", code.axes, MINUS)
            case Add(terms):
                return self.sum(terms)
            case Multiply(factors):
                return self.product(factors)
            case Quotient():
                (left, right), axes = self.together(e.parts)
                return Code(f"{left.within(TIMES)} / {right.within(TIMES + 1)}", axes, TIMES)
            case Power():
                (left, right), axes = self.together(e.parts)
                return Code(power(left.within(ATOM), right.within(ATOM)), axes, POWER)
            case Compare(relation):
                (left, right), axes = self.together(e.parts)
                return Code(f"{left.within(PLUS)} {relation} {right.within(PLUS)}", axes, RELATED)
            case Call(function, arguments):
                parts, axes = self.together(arguments)
                primitive = PRIMITIVES.get(function) if not e.primes else None
                if primitive:
                    return Code(primitive.numpy.format(*(part.text for part in parts)), axes)
                return Code(f"{self.names.function(function, e.primes, e.layer)}({', '.join(part.text for part in parts)})", axes)
            case Reduction():
                return self.reduction(e)
            case Delta(axis, Axis() as other):
                return Code(f"np.eye(n{axis.layer})", (axis, other))
            case Delta(axis, Symbol() as label):
                equal = f"(np.arange(n{axis.layer})[:, None] == {self.quantity(label)}).astype(float)"
                return Code(equal, (axis, *self.writer.visible(label.axes)))
            case _:
                raise TypeError(f"{type(e).__name__} has no NumPy source")

    def sum(self, terms: tuple[Expression, ...]) -> Code:
        signs = [isinstance(term, Negative) for term in terms]
        bare = tuple(term.term if isinstance(term, Negative) else term for term in terms)
        parts, axes = self.together(bare)
        text = f"-{parts[0].within(MINUS + 1)}" if signs[0] else parts[0].within(PLUS)
        for minus, part in zip(signs[1:], parts[1:], strict=True):
            text += f" {'-' if minus else '+'} {part.within(MINUS + 1)}"
        return Code(text, axes, PLUS)

    def product(self, factors: tuple[Expression, ...]) -> Code:
        """An elementwise product; as an einsum where no factor has all axes, as in δ_j a_k."""
        coded = [self.code(factor) for factor in factors]
        axes = union(code.axes for code in coded)
        arrays = [code for code in coded if code.axes]
        if len(arrays) > 1 and all(len(code.axes) < len(axes) for code in arrays):
            outer = self.einsum(arrays, axes, factors)
            coded, axes = [*(code for code in coded if not code.axes), outer], outer.axes
        shown = [self.aligned(code, axes).within(TIMES + bool(place)) for place, code in enumerate(coded)]
        return Code(" * ".join(shown), axes, TIMES if len(shown) > 1 else ATOM)

    def quantity(self, e: Symbol | Derivative) -> str:
        if isinstance(e, Symbol):
            return self.names.name(Name(e.name, e.layer))[0]
        return self.names.text(self.writer.gradient(e, Name(e.of.name, e.of.layer), Name(e.by.name, e.by.layer)))

    def reduction(self, e: Reduction) -> Code:
        over = self.writer.visible(e.over)
        if not over:
            return self.code(e.body)
        if e.kind == "sum" and isinstance(e.body, Multiply):
            coded = [self.code(factor) for factor in e.body.factors]
            numbers, arrays = [c for c in coded if not c.axes], [c for c in coded if c.axes]
            result = tuple(axis for axis in union(code.axes for code in arrays) if axis not in over)
            total = self.einsum(arrays, result, (e,)) if len(arrays) > 1 else self.along("sum", arrays[0], over)
            shown = [code.within(TIMES + bool(place)) for place, code in enumerate([*numbers, total])]
            return Code(" * ".join(shown), total.axes, TIMES if numbers else ATOM)
        return self.along(e.kind, self.code(e.body), over)

    def along(self, kind: str, code: Code, over: Axes) -> Code:
        """A reduction of one array over some of its axes."""
        left = tuple(axis for axis in code.axes if axis not in over)
        places = tuple(code.axes.index(axis) for axis in over)
        where = f", axis={places if len(places) > 1 else places[0]}" if left else ""
        return Code(f"np.{kind}({code.text}{where})", left)

    def einsum(self, arrays: list[Code], result: Axes, where: tuple[Expression, ...]) -> Code:
        """An einsum over the letters that the axes have on the page, in the order of the whole if it has the same axes."""
        letters = _single(self.letters or letters_of(where, self.names.notation), union(code.axes for code in arrays))
        result = self.wanted if set(result) == set(self.wanted) else result
        subscripts = ",".join("".join(letters[axis] for axis in code.axes) for code in arrays)
        target = "".join(letters[axis] for axis in result)
        return Code(f'np.einsum("{subscripts}->{target}", {", ".join(code.text for code in arrays)})', result)


def _single(letters: Mapping[Axis, str], axes: Axes) -> dict[Axis, str]:
    """Letters that einsum takes, one for each axis: those of the page where they are such."""
    found: dict[Axis, str] = {}
    for axis in axes:
        own = letters.get(axis, "")
        free = own and own in ascii_letters and len(own) == 1 and own not in found.values()
        found[axis] = own if free else next(c for c in ascii_letters if c not in {*found.values(), *letters.values()})
    return found


def einsum_equation(
    equation: Equation, notation: Notation, letters: Mapping[Axis, str] | None = None, names: NumpySource | None = None
) -> str:
    """An assignment to a quantity; the right side has the left side's axes, in their order."""
    right = normalised(equation.right, notation)
    source = EinsumSource(notation, letters or letters_of([equation.left, right], notation), names)
    assert isinstance(equation.left, Symbol | Derivative)
    return f"{source.quantity(equation.left)} = {source.ordered(right, equation.left.axes)}"
