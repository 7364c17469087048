"""From what is meant to what is written, in a reader's notation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import Delta, Expression, Rate, Reduction, Symbol
from handgrad.calculus.index_form import IndexForm
from handgrad.calculus.indices import EXAMPLE, Axis
from handgrad.calculus.matrix_form import MatrixForm
from handgrad.calculus.means import normalised
from handgrad.calculus.notation import Notation
from handgrad.calculus.writer import NoMatrixFormError, letters_of, local
from handgrad.calculus.written import Dots, Equals, Grid, Name, Partial, Written, mapped

DOTS = "⋯"


def lay_out(
    what: Expression | Equation,
    notation: Notation,
    *,
    letters: Mapping[Axis, str] | None = None,
    sizes: Mapping[Axis, int] | None = None,
) -> Written:
    """Write an expression or an equation in a notation. What no matrix can hold is written in index form.

    `letters` are the indices of the axes, where several equations share them; `sizes` the widths, for sums term by term.
    """
    if notation.form == "factors":
        if isinstance(what, Equation) and _chain_of_factors(what):
            return _lay_out_factors(what, notation)
        notation = notation.but(form="matrix")
    if notation.form in {"matrix", "entries"}:
        try:
            written = lay_out_matrix(what, notation)
            return spelled_out(written, notation, sizes or {}) if notation.form == "entries" else written
        except NoMatrixFormError:
            pass
    index = IndexForm(notation, sizes or {})
    if not isinstance(what, Equation):
        right = normalised(what, notation)
        return index.write(right, dict(letters) if letters else letters_of([right], notation))
    left, right, update = sides(what, notation)
    known = dict(letters) if letters else letters_of([left, right], notation)
    scope = frozenset(left.axes)
    return Equals(index.write(left, known, scope), index.write(right, known, scope), update)


def lay_out_matrix(what: Expression | Equation, notation: Notation) -> Written:
    """Write in matrix form. Raises NoMatrixFormError for more axes than a matrix has, and for the factors of a chain."""
    matrix = MatrixForm(notation)
    if not isinstance(what, Equation):
        return matrix.natural(normalised(what, notation))
    left, right, update = sides(what, notation)
    if local(left):
        raise NoMatrixFormError(f"{left} is a factor of a chain, which is written with indices")
    if EXAMPLE in left.axes:
        matrix = replace(matrix, named_examples=1)
    target = matrix.orientation(left.axes)
    return Equals(matrix.lay(left, target), matrix.lay(right, target), update)


def _chain_of_factors(equation: Equation) -> bool:
    """Whether an equation is about factors of a chain, and can do without its indices: no δ_ij, nothing to work out."""

    def plain(e: Expression) -> bool:
        return not isinstance(e, Delta | Rate) and all(map(plain, e.parts))

    return (local(equation.left) or local(equation.right)) and plain(equation.right)


def _lay_out_factors(what: Expression | Equation, notation: Notation) -> Written:
    """The names alone, as a chain of factors is often written: no indices, no transposes and no sums over them."""
    single = notation.but(form="index", examples="single")
    index = _Factors(single)
    if not isinstance(what, Equation):
        return index.bare(normalised(what, notation))
    left, right, update = sides(what, notation)
    return Equals(index.bare(left), index.bare(right), update)


class _Factors(IndexForm):
    """Index form with the indices left out."""

    def bare(self, e: Expression) -> Written:
        letters = dict.fromkeys(letters_of([e], self.notation), "")
        return self.write(e, letters)

    def marked(self, quantity: Symbol, letters: Mapping[Axis, str]) -> Name:  # noqa: ARG002  # no index is written
        return self.name(quantity)

    def reduction(self, e: Reduction, letters: dict[Axis, str], used: frozenset[Axis]) -> Written:
        return self.write(e.body, {**dict.fromkeys(e.over, ""), **letters}, used)


LARGEST_SPELLED = 6
"""Of more rows or columns than these, the first ones and the last are spelled out."""


def spelled_out(written: Written, notation: Notation, sizes: Mapping[Axis, int]) -> Written:
    """Matrices written out entry by entry, counted from the notation's first index; those whose sizes are not known stay names."""
    form = MatrixForm(notation)

    def spelled(part: Written) -> Written | None:
        if not isinstance(part, Name | Partial):
            return None
        name = part.by if isinstance(part, Partial) else part
        stored = form.of_name(name)
        rows, columns = stored[::-1] if part.transposed else stored
        if (rows, columns) == (None, None) or any(axis is not None and axis not in sizes for axis in (rows, columns)):
            return part

        def entry(row: str, column: str) -> Written:
            dots = [index for index in (row, column) if index == DOTS]
            if dots:
                return Dots("diagonal" if len(dots) == 2 else "down" if row == DOTS else "across")
            pair = (column, row) if part.transposed else (row, column)
            indices = tuple(index for index in pair if index)
            if isinstance(part, Partial):
                return replace(part, transposed=False, by=replace(part.by, indices=indices))
            return replace(part, transposed=False, indices=indices)

        across, down = _numbers(columns, notation, sizes), _numbers(rows, notation, sizes)
        return Grid(tuple(tuple(entry(row, column) for column in across) for row in down))

    return mapped(written, spelled)


def _numbers(axis: Axis | None, notation: Notation, sizes: Mapping[Axis, int]) -> list[str]:
    """The indices along an axis as they are written, dots for those that are left out of many."""
    if axis is None:
        return [""]
    numbers = [str(notation.first_index + n) for n in range(sizes[axis])]
    return numbers if len(numbers) <= LARGEST_SPELLED else [*numbers[:2], DOTS, numbers[-1]]


def sides(equation: Equation, notation: Notation) -> tuple[Expression, Expression, bool]:
    """Both sides with means written out, and whether it is an update, in which a name stands for its latest value."""
    left, right = equation.left, equation.right
    if equation.update:
        left, right = _untimed(left), _untimed(right)
    return left, normalised(right, notation), equation.update


def _untimed(expression: Expression) -> Expression:
    def change(part: Any) -> Any:
        if isinstance(part, Symbol):
            return part.now
        return part.map(change) if isinstance(part, Expression) else part

    result = change(expression)
    assert isinstance(result, Expression)
    return result
