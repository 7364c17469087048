"""Changing what is meant: put numbers in for letters, rename axes, put expressions in for symbols."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from handgrad.calculus.expressions import Call, Expression, Symbol, meant
from handgrad.calculus.functions import Formula
from handgrad.calculus.indices import Affine, Axis
from handgrad.errors import FormulaError

LARGEST = 20_000
Node = TypeVar("Node", bound=Expression)


def instantiate(expression: Node, **numbers: int) -> Node:
    """Put numbers in for letters everywhere: Z[l] at l=2 is Z[2], over unit[2]."""

    def change(part: Any) -> Any:
        return part.at(numbers) if isinstance(part, Affine | Axis) else part.map(change)

    return expression.map(change)


def rename_axes(expression: Node, names: Mapping[Axis, Axis]) -> Node:
    """Rename axes, free and bound alike."""

    def change(part: Any) -> Any:
        if isinstance(part, Axis):
            return names.get(part, part)
        return part.map(change) if isinstance(part, Expression) else part

    return expression.map(change)


def substitute(expression: Expression, replacements: Mapping[str, Expression], layer: Affine | None = None) -> Expression:
    """Put expressions in for symbols, named by their keys; the bare axis `unit` of a rowwise formula becomes unit[layer].

    An occurrence on another copy of the axis, as a{unit'}, gets the replacement on that copy.
    """

    def placed(axis: Axis) -> Axis:
        return replace(axis, layer=layer) if layer is not None and axis.name == "unit" and axis.layer is None else axis

    def change(part: Any) -> Any:
        if isinstance(part, Axis):
            return placed(part)
        if isinstance(part, Symbol) and part.key in replacements:
            copies = {placed(replace(axis, copy=0)): placed(axis) for axis in part.axes if axis.copy}
            return rename_axes(replacements[part.key], copies) if copies else replacements[part.key]
        return part.map(change) if isinstance(part, Expression) else part

    result = change(expression)
    assert isinstance(result, Expression)
    return result


def inline(expression: Expression, formulas: Mapping[str, Formula]) -> Expression:
    """Put the bodies of pointwise formulas in for calls of them, inner calls first.

    Raises FormulaError where the result would have more than LARGEST nodes: each call may repeat its argument.
    """

    def change(part: Any) -> Any:
        part = part.map(change) if isinstance(part, Expression) else part
        if isinstance(part, Call) and part.name in formulas:
            formula = formulas[part.name]
            own = [meant(formula.defaults[name]) for name in formula.parameters[len(part.arguments) :]]
            if part.size * formula.body.size > LARGEST:
                raise FormulaError(f"the formula grows beyond {LARGEST} parts when those that it calls are put in")
            return substitute(formula.body, dict(zip(formula.parameters, (*part.arguments, *own), strict=True)))
        return part

    result = change(expression)
    assert isinstance(result, Expression)
    return result
