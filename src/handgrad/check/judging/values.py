"""Values with named axes: matrices whose rows and columns have names, and elements whose index letters have them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.check.judging.lexicon import UnknownError
from handgrad.check.judging.limits import MOST_ENTRIES, TOO_LARGE
from handgrad.check.judging.world import ONE


class MisfitError(Exception):
    """Values whose axes do not go together: `why` says which, in words."""

    def __init__(self, why: str, kind: str = "shape") -> None:
        super().__init__(why)
        self.why, self.kind = why, kind


@dataclass(frozen=True)
class Value:
    """An array with named axes.

    Its first dimensions belong to index letters, each with the axis that it runs over; the last two, where `matrix` is given, are
    the rows and columns, by the names of their axes.
    """

    data: Array
    letters: tuple[tuple[str, str], ...] = ()
    matrix: tuple[str, str] | None = None

    @property
    def scalar(self) -> bool:
        """Whether it is a number for each set of letters."""
        return self.matrix is None or self.matrix == (ONE, ONE)

    @property
    def T(self) -> Value:
        """Rows and columns exchanged."""
        return self if self.matrix is None else Value(np.swapaxes(self.data, -1, -2), self.letters, self.matrix[::-1])

    def words(self) -> str:
        """What it is, in words: the names of its axes."""
        if self.matrix is None:
            return "a number" if not self.letters else "an element"
        rows, columns = (
            ("one row" if self.matrix[0] == ONE else self.matrix[0]),
            ("one column" if self.matrix[1] == ONE else self.matrix[1]),
        )
        return "a number" if self.scalar else f"{rows} × {columns}"


def number(value: float) -> Value:
    """A plain number."""
    return Value(np.asarray(float(value)))


def together(values: Sequence[Value]) -> tuple[list[Array], tuple[tuple[str, str], ...]]:
    """The arrays with the same letters in the same order in front.

    Raises MisfitError where a letter has two axes, and UnknownError where what is computed would have too many entries.
    """
    letters: dict[str, str] = {}
    for value in values:
        for letter, axis in value.letters:
            if letters.setdefault(letter, axis) != axis:
                raise MisfitError(f"the index {letter} runs over the {letters[letter]} and over the {axis} at once", "index")
    order = list(letters)
    sizes = {letter: size for value in values for (letter, _), size in zip(value.letters, value.data.shape, strict=False)}
    entries = max((math.prod(value.data.shape[len(value.letters) :]) for value in values), default=1)
    if math.prod(sizes.values()) * entries > MOST_ENTRIES:
        raise UnknownError(None, TOO_LARGE)
    return [_spread(value, order) for value in values], tuple(letters.items())


def _spread(value: Value, order: list[str]) -> Array:
    own = [letter for letter, _ in value.letters]
    tail = value.data.ndim - len(own)
    data = value.data
    if own:
        ranks = sorted(range(len(own)), key=lambda k: order.index(own[k]))
        data = data.transpose(*ranks, *range(len(own), data.ndim))
    shape = iter(data.shape[: len(own)])
    front = [next(shape) if letter in own else 1 for letter in order]
    return data.reshape((*front, *data.shape[data.ndim - tail :]))


def elementwise(values: Sequence[Value], compute: Callable[..., Array]) -> Value:
    """Compute entry by entry; numbers and single rows or columns are spread. Raises MisfitError where matrices differ."""
    matrix: tuple[str, str] | None = None
    for value in values:
        if value.matrix is None:
            continue
        old = value.matrix if matrix is None else matrix
        matrix = (_joined(old[0], value.matrix[0], values), _joined(old[1], value.matrix[1], values))
    plain = [Value(v.data[..., None, None], v.letters, (ONE, ONE)) if matrix and v.matrix is None else v for v in values]
    arrays, letters = together(plain)
    with np.errstate(all="ignore"):
        return Value(np.asarray(compute(*arrays)), letters, matrix)


def _joined(a: str, b: str, values: Sequence[Value]) -> str:
    if b in {a, ONE}:
        return a
    if a == ONE:
        return b
    shapes = " and ".join(dict.fromkeys(v.words() for v in values if v.matrix and not v.scalar))
    raise MisfitError(f"{shapes} do not fit entry by entry")


def matrix_product(a: Value, b: Value) -> Value:
    """The product with a sum over a's columns and b's rows. Raises MisfitError where these are different axes."""
    assert a.matrix is not None
    assert b.matrix is not None
    if a.matrix[1] != b.matrix[0]:
        raise MisfitError(
            f"the columns of the left factor are {_named(a.matrix[1])}, the rows of the right one {_named(b.matrix[0])}"
        )
    (left, right), letters = together([a, b])
    return Value(left @ right, letters, (a.matrix[0], b.matrix[1]))


def _named(axis: str) -> str:
    return "one" if axis == ONE else f"the {axis}" if axis.startswith("units") else f"{axis}s"


def summed(value: Value, letter: str) -> Value:
    """The sum over an index letter that the value has."""
    place = [name for name, _ in value.letters].index(letter)
    return Value(value.data.sum(axis=place), tuple(item for item in value.letters if item[0] != letter), value.matrix)


def summed_axis(value: Value, axis: str) -> Value:
    """The sum over rows or columns by the name of their axis; one row or column is left."""
    assert value.matrix is not None
    place = value.matrix.index(axis)
    matrix = (ONE, value.matrix[1]) if place == 0 else (value.matrix[0], ONE)
    return Value(value.data.sum(axis=place - 2, keepdims=True), value.letters, matrix)


def lettered(value: Value, axes: Sequence[tuple[str, str]]) -> Value | None:
    """A matrix as elements with these letters, where its axes are just theirs, or elements as a matrix's; else None."""
    if value.matrix is None or value.letters:
        return None
    data, left = value.data, list(value.matrix)
    picked = []
    for letter, axis in axes:
        if axis not in left:
            return None
        place = left.index(axis)
        left[place] = "taken"
        picked.append((letter, axis, place))
    if any(axis not in {ONE, "taken"} for axis in left):
        return None
    order = [place for *_, place in picked]
    rest = [k for k in range(2) if k not in order]
    return Value(data.transpose(*order, *rest).reshape([data.shape[k] for k in order]), tuple((a, b) for a, b, _ in picked))
