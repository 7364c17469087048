"""How a step is written: as matrices where it is about whole layers, with indices where it is a chain of factors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import Expression, Reduction, Symbol
from handgrad.calculus.indices import EXAMPLE, Axis
from handgrad.calculus.layout import lay_out, lay_out_matrix
from handgrad.calculus.notation import Notation
from handgrad.calculus.writer import NoMatrixFormError, letters_for, letters_of
from handgrad.calculus.written import Equals

if TYPE_CHECKING:
    from handgrad.derivation.derivation import Derivation
    from handgrad.derivation.quantities import Section


def write_step(derivation: Derivation, step: Equation, notation: Notation, section: Section | None = None) -> Equals:
    """A step as its section writes it: the letters of its indices are those of the whole section.

    In a matrix notation, reasoning about factors is written with indices, for one example where nothing runs over the examples.
    """
    if not fits_matrices(step, notation):
        if step.proof and notation.gradient == "dZ":
            notation = notation.but(gradient="partial")  # a chain of factors is written with its strokes
        if notation.form == "matrix":
            notation = in_indices(derivation, step, notation)
    letters = letters_for(section.axes, notation) if section else letters_of((step.left, step.right), notation)
    widths = derivation.network.widths
    numbers = {axis: axis.layer.at({"L": len(widths) - 1}).number for axis in letters if axis.layer}
    sizes: Mapping[Axis, int] = {axis: widths[number] for axis, number in numbers.items() if number is not None}
    written = lay_out(step, notation, letters=letters, sizes=sizes)
    assert isinstance(written, Equals)
    return written


def in_indices(derivation: Derivation, step: Equation, notation: Notation) -> Notation:
    """Index form in place of matrices: for one example, unless the step runs over them or gradients are those of all."""
    alone = derivation.one_over_m == "dW" and not over_examples(step)
    single = alone and notation.examples in {"columns", "rows"}
    return notation.but(form="index", examples="single" if single else notation.examples)


def said(step: Equation, notation: Notation) -> str:
    """A step's reason, without what it says of many examples where the notation has a single one."""
    if notation.examples != "single":
        return step.reason
    if step.id == "J":
        return "the batch is the one example"
    return re.sub(r"(; the (mean|sum) over the examples|, each with its example's share in the mean)$", "", step.reason)


def fits_matrices(step: Equation, notation: Notation) -> bool:
    """Whether a step has a matrix form."""
    try:
        lay_out_matrix(step, notation)
    except NoMatrixFormError:
        return False
    return True


def over_examples(step: Equation) -> bool:
    """Whether a step sums over the examples, or names an example's share in the mean."""
    return any(_over_examples(side) for side in (step.left, step.right))


def _over_examples(e: Expression) -> bool:
    if isinstance(e, Reduction) and EXAMPLE in e.over:
        return True
    return (isinstance(e, Symbol) and e.name == "share") or any(map(_over_examples, e.parts))
