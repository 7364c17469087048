"""Writing out what one symbol stands for: means, shares in them, and look-ups, as a notation has them."""

from __future__ import annotations

from typing import Any

from handgrad.calculus.expressions import (
    Delta,
    Derivative,
    Expression,
    Lookup,
    Multiply,
    Negative,
    Number,
    Rate,
    Reduction,
    Symbol,
)
from handgrad.calculus.indices import EXAMPLE, Axis
from handgrad.calculus.notation import Notation


def normalised(expression: Expression, notation: Notation) -> Expression:
    """Write means and look-ups out: 1/m Σ x for equal weights, Σ w x / Σ w with weights, x alone for a single example."""
    one: Expression = Number(1)
    share: Expression = one / Symbol("m")
    if notation.examples == "single":
        share = one
    elif notation.weighted:
        share = Symbol("w") / Reduction("sum", (EXAMPLE,), Symbol("w"))

    def change(part: Any) -> Any:
        if not isinstance(part, Expression):
            return part
        if isinstance(part, Lookup):
            return change(Reduction("sum", (part.axis,), Multiply((part.body, Delta(part.axis, part.label)))))
        if isinstance(part, Reduction):
            return reduced(part.kind, part.over, change(part.body))
        part = part.map(change)
        if isinstance(part, Symbol) and part.key == "share":
            return share
        if isinstance(part, Rate) and isinstance(part.body, Negative):
            return Negative(rate(part.body.term, part.by))
        if isinstance(part, Multiply):
            return product(part.factors)
        return part

    def rate(body: Expression, by: Symbol) -> Expression:
        return Derivative(body, by) if isinstance(body, Symbol) else Rate(body, by)

    def product(factors: tuple[Expression, ...]) -> Expression:
        """A product without factors of 1, its sign in front."""
        minus = sum(isinstance(factor, Negative) for factor in factors) % 2
        bare = (factor.term if isinstance(factor, Negative) else factor for factor in factors)
        kept = tuple(factor for factor in bare if factor != one) or (one,)
        result = kept[0] if len(kept) == 1 else Multiply(kept)
        return Negative(result) if minus else result

    def reduced(kind: str, over: tuple[Axis, ...], body: Expression) -> Expression:
        """A reduction whose body may have lost the examples' axis with its share."""
        if kind == "sum" and isinstance(body, Negative):
            return Negative(reduced(kind, over, body.term))
        gone = tuple(axis for axis in over if axis not in body.axes)
        over = tuple(axis for axis in over if axis not in gone)
        if kind == "mean":
            for axis in over:
                weighted = axis == EXAMPLE and notation.weighted and notation.examples != "single"
                scale = share if axis == EXAMPLE else one / Symbol("n", axis.layer)
                total = reduced("sum", (axis,), body * share if weighted else body)
                body = total if weighted else product((scale, total))
            return body
        result = Reduction(kind, over, body) if over else body
        return Symbol("m") * result if kind == "sum" and gone and notation.examples != "single" else result

    result = change(expression)
    assert isinstance(result, Expression)
    return result
