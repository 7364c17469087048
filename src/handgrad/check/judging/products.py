"""Products as people write them: matrix products and products entry by entry, told apart by the axes of the factors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from handgrad.check.judging.lexicon import UnknownError
from handgrad.check.judging.limits import MOST_FACTORS, TOO_LONG, late
from handgrad.check.judging.values import MisfitError, Value, elementwise, matrix_product, together
from handgrad.check.judging.world import ONE

MOST = 8
ELEMENTWISE = frozenset({"odot", "circ", ".*"})
MATRIX = frozenset({"@"})
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def multiplied(factors: Sequence[list[Value]], signs: Sequence[str], target: Value | None) -> list[Value]:
    """All values of a product, over its bracketings.

    With a `target`, order and transposes are left aside: axes of the same name meet. Raises MisfitError where nothing fits, and
    UnknownError where there are too many bracketings to try.
    """
    if target is not None:
        return [named(values, target) for values in _first(factors)]
    if all(len(values) == 1 and values[0].scalar for values in factors):  # the bracketing of numbers does not matter
        return [elementwise([value for (value,) in factors], lambda *arrays: np.asarray(reduce(np.multiply, arrays)))]
    if len(factors) > MOST_FACTORS:
        raise UnknownError(None, f"a product of more than {MOST_FACTORS} factors is not worked out")
    table: dict[tuple[int, int], list[Value]] = {(k, k): values for k, values in enumerate(factors)}
    first: MisfitError | None = None
    for length in range(1, len(factors)):
        for start in range(len(factors) - length):
            end = start + length
            if late():
                raise UnknownError(None, TOO_LONG)
            found: list[Value] = []
            for split in range(end - 1, start - 1, -1):
                for a in table[start, split]:
                    for b in table[split + 1, end]:
                        try:
                            pairs = pair(a, b, signs[split])
                        except MisfitError as error:
                            first = first or error
                            continue
                        for value in pairs:
                            if len(found) < MOST and not any(_same(value, old) for old in found):
                                found.append(value)
            table[start, end] = found
    result = table[0, len(factors) - 1]
    if not result:
        raise first or MisfitError("the factors do not fit")
    return result


def _same(a: Value, b: Value) -> bool:
    return a.matrix == b.matrix and a.letters == b.letters and a.data.shape == b.data.shape and bool(np.allclose(a.data, b.data))


def _first(factors: Sequence[list[Value]]) -> list[list[Value]]:
    return [[values[0] for values in factors]]


def pair(a: Value, b: Value, sign: str) -> list[Value]:
    """What the product of two values may be, with the sign between them. Raises MisfitError where it can be nothing."""
    if a.scalar or b.scalar:
        return [elementwise([a, b], np.multiply)]
    found: list[Value] = []
    first: MisfitError | None = None
    if sign not in ELEMENTWISE:
        try:
            found.append(matrix_product(a, b))
        except MisfitError as error:
            first = error
        if sign in {"cdot", "bullet", "@", "."} and a.matrix == b.matrix and ONE in (a.matrix or ()):
            found.append(elementwise([_inner(a, b)], np.asarray))
    if sign == "otimes" and ONE in (a.matrix or ()) and ONE in (b.matrix or ()):
        found.append(outer(a, b))
    if sign not in MATRIX:
        try:
            found.append(elementwise([a, b], np.multiply))
        except MisfitError as error:
            first = first or error
    if not found:
        assert first is not None
        raise first
    return found


def _inner(a: Value, b: Value) -> Value:
    column = elementwise([a, b], np.multiply)
    return Value(column.data.sum(axis=(-1, -2), keepdims=True), column.letters, (ONE, ONE))


def outer(a: Value, b: Value) -> Value:
    """A bᵀ of two columns or rows."""
    assert a.matrix is not None
    assert b.matrix is not None
    left = a if a.matrix[1] == ONE else a.T
    right = b if b.matrix[0] == ONE else b.T
    return matrix_product(left, right)


def diagonal(value: Value) -> Value:
    """diag(v) of a column or row."""
    if value.matrix is None or value.letters or value.matrix.count(ONE) != 1:
        raise MisfitError("diag is of a column")
    axis = next(a for a in value.matrix if a != ONE)
    return Value(np.diag(value.data.ravel()), (), (axis, axis))


def named(values: Sequence[Value], target: Value) -> Value:
    """The product in which axes of the same name meet, and are summed over where two factors have them and the target does not."""
    arrays, letters = together(values)
    wanted = [axis for axis in (target.matrix or ()) if axis != ONE]
    axes = [[axis for axis in (value.matrix or ()) if axis != ONE] for value in values]
    every = list(dict.fromkeys(axis for part in axes for axis in part))
    kept = [axis for axis in every if axis in wanted or sum(axis in part for part in axes) < 2]
    if any(len(set(part)) < len(part) for part in axes) or set(kept) - set(wanted):
        raise MisfitError("the factors do not meet")
    code = {axis: LETTERS[k] for k, axis in enumerate(every)}
    operands, subscripts = [], []
    for array, value, part in zip(arrays, values, axes, strict=True):
        shape = array.shape[: len(letters)] + tuple(
            size for size, axis in zip(array.shape[len(letters) :], value.matrix or (), strict=False) if axis != ONE
        )
        operands.append(array.reshape(shape))
        subscripts.append("..." + "".join(code[axis] for axis in part))
    result = np.einsum(",".join(subscripts) + "->..." + "".join(code[axis] for axis in kept), *operands)
    if target.matrix is None or not kept:
        return Value(result, letters) if not kept else Value(result[..., None], letters, (kept[0], ONE))
    rows, columns = target.matrix
    order = [kept.index(axis) for axis in (rows, columns) if axis in kept]
    base = result.ndim - len(kept)
    moved = result.transpose(*range(base), *(base + k for k in order))
    for place, axis in enumerate((rows, columns)):
        if axis not in kept:
            moved = np.expand_dims(moved, base + place)
    return Value(moved, letters, (rows if rows in kept else ONE, columns if columns in kept else ONE))
