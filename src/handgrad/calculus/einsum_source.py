"""NumPy source of an index form: einsum over letters, for arrays whose dimensions are their axes as meant."""

from __future__ import annotations

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
from handgrad.calculus.layout import Writer
from handgrad.calculus.means import normalised
from handgrad.calculus.notation import Notation
from handgrad.calculus.numpy_source import NumpySource, function_source
from handgrad.calculus.written import Name

Code = tuple[str, tuple[Axis, ...]]


class EinsumSource:
    """Writes code whose array has the axes that are returned with it."""

    def __init__(self, notation: Notation) -> None:
        self.names, self.writer = NumpySource(notation), Writer(notation)

    def ordered(self, e: Expression, axes: tuple[Axis, ...]) -> str:
        """Code whose dimensions are `axes`, of size 1 where the value does not depend on one."""
        code, have = self.code(e)
        return self.aligned(code, have, self.writer.visible(axes))

    def aligned(self, code: str, have: tuple[Axis, ...], want: tuple[Axis, ...]) -> str:
        if have == want or not have:
            return code
        order = tuple(have.index(axis) for axis in want if axis in have)
        if order != tuple(sorted(order)):
            code = f"np.transpose({code}, {order})"
        if len(have) < len(want):
            code = f"({code})[{', '.join(':' if axis in have else 'None' for axis in want)}]"
        return code

    def together(self, parts: tuple[Expression, ...]) -> tuple[list[str], tuple[Axis, ...]]:
        coded = [self.code(part) for part in parts]
        axes = union(have for _, have in coded)
        return [self.aligned(code, have, axes) for code, have in coded], axes

    def code(self, e: Expression) -> Code:
        match e:
            case Number(value):
                return repr(value), ()
            case Symbol() | Derivative():
                return self.quantity(e), self.writer.visible(e.axes)
            case Negative(term):
                code, axes = self.code(term)
                return f"(-{code})", axes
            case Add(terms):
                parts, axes = self.together(terms)
                return f"({' + '.join(parts)})", axes
            case Multiply(factors):
                parts, axes = self.together(factors)
                return f"({' * '.join(parts)})", axes
            case Quotient() | Power():
                (left, right), axes = self.together(e.parts)
                return f"({left} {'/' if isinstance(e, Quotient) else '**'} {right})", axes
            case Compare(relation):
                (left, right), axes = self.together(e.parts)
                return f"({left} {relation} {right})", axes
            case Call(function, arguments):
                parts, axes = self.together(arguments)
                primitive = PRIMITIVES.get(function) if not e.primes else None
                if primitive:
                    return primitive.numpy.format(*parts), axes
                return f"{function_source(function, e.primes, e.layer)}({', '.join(parts)})", axes
            case Reduction():
                return self.reduction(e)
            case Delta(axis, other):
                if isinstance(other, Axis):
                    return f"np.eye(n{axis.layer})", (axis, other)
                return f"(np.arange(n{axis.layer})[:, None] == {other.name}).astype(float)", (
                    axis,
                    *self.writer.visible(other.axes),
                )
            case _:
                raise TypeError(f"{type(e).__name__} has no NumPy source")

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
            every = union(axes for _, axes in coded)
            letters = dict(zip(every, "jkiabcdefgh", strict=False))
            result = tuple(axis for axis in every if axis not in over)
            subscripts = ",".join("".join(letters[axis] for axis in axes) for _, axes in coded)
            return (
                f'np.einsum("{subscripts}->{"".join(letters[a] for a in result)}", {", ".join(code for code, _ in coded)})',
                result,
            )
        code, axes = self.code(e.body)
        places = tuple(axes.index(axis) for axis in over)
        return f"np.{e.kind}({code}, axis={places if len(places) > 1 else places[0]})", tuple(a for a in axes if a not in over)


def einsum_equation(equation: Equation, notation: Notation) -> str:
    """An assignment to a quantity; the right side has the left side's axes, in their order."""
    source = EinsumSource(notation)
    assert isinstance(equation.left, Symbol | Derivative)
    return f"{source.quantity(equation.left)} = {source.ordered(normalised(equation.right, notation), equation.left.axes)}"
