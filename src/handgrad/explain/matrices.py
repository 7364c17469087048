"""Matrices with their numbers: written out where they are small, summed up in words and shades where they are large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from handgrad.calculus.boxes import box
from handgrad.calculus.equation import Equation
from handgrad.calculus.evaluation import Value
from handgrad.calculus.expressions import Call, Derivative, Expression, Symbol
from handgrad.calculus.functions import Array
from handgrad.calculus.indices import EXAMPLE, Axis
from handgrad.calculus.matrix_form import MatrixForm, Orientation
from handgrad.calculus.means import normalised
from handgrad.calculus.notation import Notation
from handgrad.calculus.unicode import Unicode
from handgrad.calculus.writer import NoMatrixFormError
from handgrad.calculus.written import Approximately, Fraction, Grid, Times, Written, WrittenNumber
from handgrad.document.blocks import HeatMap, Words

ROWS, COLUMNS = 6, 8
"""A matrix of at most so many rows and columns is written out."""
WIDEST, WIDE = 10, 64
"""All matrices of a line together have at most so many columns, and one of them takes at most so many characters."""
MAP_ROWS, MAP_COLUMNS = 16, 48
LARGEST = 3
MOST_APART = 16
"""So many digits tell any two numbers apart, or nearly so."""
NOISE = 1e-13
"""A mean smaller than this share of the largest entry is rounding."""


def plain(value: float, digits: int = 4) -> str:
    """A number as it stands in a line of text: -0.1235, 1.2 · 10⁻⁷."""
    return Unicode(Notation()).text(Approximately(float(value) + 0.0, digits))


def told_apart(first: float, second: float, digits: int = 4) -> tuple[str, str]:
    """Two numbers as they stand in a line of text, with as many digits more as tell them apart, if they differ."""
    shown = plain(first, digits), plain(second, digits)
    if shown[0] != shown[1] or first == second or digits > MOST_APART:
        return shown
    return told_apart(first, second, digits + 1)


def small(array: Array) -> bool:
    """Whether a matrix is written out."""
    rows, columns = np.atleast_2d(array).shape
    return bool(rows <= ROWS and columns <= COLUMNS)


def fits(array: Array, digits: int) -> bool:
    """Whether a matrix is written out: a small one, whose numbers fit a line."""
    return small(array) and (array.ndim < 2 or box(grid(array, digits), Notation()).width <= WIDE)


def grid(array: Array, digits: int) -> Written:
    """An array of two dimensions written out; one of a single entry, or a plain number, as a number."""
    if array.size == 1:
        return Approximately(array.item() + 0.0, digits)
    return Grid(tuple(tuple(Approximately(float(value) + 0.0, digits) for value in row) for row in array))


@dataclass(frozen=True)
class NumberForm(MatrixForm):
    """Matrix form with the numbers of a pass in place of the names."""

    values: Mapping[str, Value] = field(default_factory=dict)
    digits: int = 4

    def equation(self, equation: Equation) -> Written | None:
        """The right side with its numbers put in; None where that would be too wide, say nothing new, or has no matrix form."""
        right = normalised(equation.right, self.notation)
        shown = [self.stored_array(part) for part in _quantities(right, self.values)]
        plain_copy = isinstance(right, Symbol | Derivative)
        if plain_copy or _has_cases(right) or not all(fits(array, self.digits) for array in shown) or _columns(shown) > WIDEST:
            return None
        try:
            laid = self.lay(right, self.orientation(equation.left.axes))
        except NoMatrixFormError:
            return None
        return laid if _unbroken(laid) <= WIDE else None

    def lay(self, e: Expression, target: Orientation) -> Written:
        """Numbers for what has them, put as the target has its axes: what stands transposed is shown transposed."""
        if isinstance(e, Symbol) and e.key in {"m", "t"}:
            return WrittenNumber(int(np.asarray(self.values[e.key])))
        if isinstance(e, Symbol | Derivative | Call) and e.key in self.values:
            if not set(self.visible(e.axes)) <= set(target):
                raise NoMatrixFormError(f"{e} does not fit a matrix")
            return grid(self.turned_array(e, target), self.digits)
        laid = super().lay(e, target)
        if isinstance(laid, Times) and not any(map(_holds_grid, laid.factors)):  # numbers have but one product
            return Times("scalar", laid.factors)
        return laid

    def stored_array(self, e: Symbol | Derivative | Call) -> Array:
        """The numbers of a quantity as the notation stores it."""
        return self.turned_array(e, self.orientation(e.axes))

    def turned_array(self, e: Symbol | Derivative | Call, target: Orientation) -> Array:
        """The numbers of a quantity with these axes along rows and columns; a plain number stays one."""
        array = np.asarray(self.values[e.key], np.float64)
        if not self.visible(e.axes):
            return array.reshape(())
        own = list((e.on or ()) if isinstance(e, Symbol) else e.axes)
        if EXAMPLE in own and EXAMPLE not in self.visible(own):  # the single example is no axis
            array = np.take(array, 0, axis=own.index(EXAMPLE))
            own.remove(EXAMPLE)
        array = array.transpose([own.index(axis) for axis in target if axis in own])
        sizes = iter(array.shape)
        return array.reshape([next(sizes) if axis in own else 1 for axis in target])


def _holds_grid(written: Written) -> bool:
    return isinstance(written, Grid) or any(map(_holds_grid, _parts(written)))


def _unbroken(written: Written) -> int:
    """The characters that the widest part takes which no line break divides: a matrix, or a fraction with matrices in it."""
    if isinstance(written, Grid) or (isinstance(written, Fraction) and _holds_grid(written)):
        return box(written, Notation()).width
    return max(map(_unbroken, _parts(written)), default=0)


def _parts(written: Written) -> list[Written]:
    inner = (part for value in vars(written).values() for part in (value if isinstance(value, tuple) else (value,)))
    return [part for part in inner if isinstance(part, Written)]


def _quantities(e: Expression, values: Mapping[str, Value]) -> list[Symbol | Derivative | Call]:
    """What numbers are put in for, in order."""
    if isinstance(e, Symbol | Derivative | Call) and e.key in values:
        return [e]
    return [found for part in e.parts for found in _quantities(part, values)]


def operands(e: Expression, values: Mapping[str, Value]) -> dict[str, Value]:
    """The quantities that an expression reads, by key, with their numbers."""
    return {part.key: values[part.key] for part in _quantities(e, values)}


def _columns(shown: list[Array]) -> int:
    return sum(array.shape[1] for array in shown if array.ndim == 2)


def _has_cases(e: Expression) -> bool:
    """Whether an expression chooses, as by z > 0, which is written for one number and not for a matrix."""
    return (isinstance(e, Call) and e.function in {"where", "indicator"}) or any(map(_has_cases, e.parts))


@dataclass(frozen=True)
class Summary:
    """What a large array holds."""

    array: Array

    @cached_property
    def finite(self) -> Array:
        """The numbers that are finite."""
        return np.asarray(self.array[np.isfinite(self.array)])

    @property
    def shape(self) -> str:
        """Such as 32 × 64."""
        return " × ".join(map(str, self.array.shape))

    @property
    def zeros(self) -> float:
        """The share of entries that are exactly 0."""
        return float(np.mean(self.array == 0))

    def mean(self, digits: int) -> str:
        """The mean in words: one that is nothing but rounding is about 0."""
        mean, size = float(self.finite.mean()), float(np.abs(self.finite).max())
        return "about 0" if 0 < abs(mean) < NOISE * size else plain(mean, digits)

    def largest(self, count: int = LARGEST) -> list[tuple[tuple[int, ...], float]]:
        """The largest entries in size and where they are, counted from 1."""
        sizes = np.where(np.isfinite(self.array), np.abs(self.array), np.inf)
        order = np.argsort(-sizes, axis=None, kind="stable")[:count]
        places = [tuple(int(i) + 1 for i in np.unravel_index(place, self.array.shape)) for place in order]
        return [(place, float(self.array.flat[at])) for place, at in zip(places, order, strict=True)]

    def words(self, axes: tuple[str, ...], digits: int) -> str:
        """Range, mean, zeros and the largest entries, in one line; `axes` say what rows and columns are."""
        found = self.finite
        lost = self.array.size - found.size
        parts = [f"{lost} of {self.array.size} entries are not finite"] if lost else []
        if found.size:
            parts.append(f"from {plain(found.min(), digits)} to {plain(found.max(), digits)}, mean {self.mean(digits)}")
        if self.zeros:
            parts.append(f"{self.zeros:.0%} are 0" if self.zeros < 1 else "all are 0")
        sizes = np.abs(found)
        if found.size and np.sum(sizes == sizes.max()) == 1:  # many equal ones are nowhere in particular
            shown = [
                f"{plain(value, digits)} ({', '.join(f'{name} {i}' for name, i in zip(axes, place, strict=True))})"
                for place, value in self.largest()
                if value  # a 0 is nowhere near the largest
            ]
            parts += [f"largest {', '.join(shown)}"] if shown else []
        return "; ".join(parts)

    def data(self) -> dict[str, Any]:
        """The same for JSON."""
        found = self.finite
        ends = [float(found.min()), float(found.max()), float(found.mean())] if found.size else [None] * 3
        return {"shape": list(self.array.shape), "min": ends[0], "max": ends[1], "mean": ends[2], "zeros": self.zeros}


def axis_names(axes: Orientation) -> tuple[str, str]:
    """What is counted down and across: examples, units and, of two layers, the inputs of the later one."""
    layers = [axis.layer.offset for axis in axes if axis is not None and axis.layer is not None]

    def name(axis: Axis | None) -> str:
        if axis is None or axis == EXAMPLE:
            return "" if axis is None else "example"
        assert axis.layer is not None
        return "input" if axis.layer.offset == 0 or axis.layer.offset < max(layers) else "unit"

    return name(axes[0]), name(axes[1])


def heat_map(array: Array, rows: str, columns: str) -> HeatMap:
    """An array in shades, its longer side across; a large one by the means of blocks."""
    turned = array.shape[0] > array.shape[1]
    if turned:
        array, rows, columns = array.T, columns, rows
    high, wide = (-(-size // most) for size, most in zip(array.shape, (MAP_ROWS, MAP_COLUMNS), strict=True))
    cells = tuple(
        tuple(_mean(array[top : top + high, left : left + wide]) for left in range(0, array.shape[1], wide))
        for top in range(0, array.shape[0], high)
    )
    caption = f"{rows} down, {columns} across"
    caption += f"; a cell is the mean of {high} × {wide}" if high * wide > 1 else ""
    words: Words = (caption,)
    return HeatMap(cells, words)


def _mean(block: Array) -> float:
    found = block[np.isfinite(block)]
    return float(found.mean()) if found.size else 0.0
