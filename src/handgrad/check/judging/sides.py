"""The two sides of a formula as numbers, for people: where they differ, by which constant, and how their entries are written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product as combinations

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.check.judging.comparing import beside
from handgrad.check.judging.values import MisfitError, Value
from handgrad.check.judging.world import ONE

CLEAR = 0.04
"""By how much two numbers differ at least, as a share of the larger one."""
LARGE, TINY = 1000, 1e-9
"""Numbers are between 1 / LARGE and LARGE, or zero."""


def pairs(lefts: Sequence[Value], rights: Sequence[Value]) -> Iterator[tuple[Array, Array, Value]]:
    """The readings of both sides that have the same axes."""
    for a, b in combinations(lefts, rights):
        try:
            x, y = beside(a, b)
        except MisfitError:
            continue
        yield x, y, a


def factor(lefts: Sequence[Value], rights: Sequence[Value], m: int) -> float | None:
    """The constant 2^a m^b by which one side is the other; None where there is none."""
    for x, y, _ in pairs(lefts, rights):
        if alike(x, y):
            return 1.0
        size = float(np.vdot(x, x))
        ratio = float(np.vdot(x, y)) / size if size > TINY else 0.0
        if ratio > 0 and np.isfinite(ratio) and alike(ratio * x, y):
            powers = [math.log2(ratio * float(m) ** b) for b in range(-2, 3)]
            if any(abs(power - round(power)) < 1e-6 for power in powers):
                return ratio
    return None


def first_pair(lefts: Sequence[Value], rights: Sequence[Value]) -> tuple[Array, Array, Value]:
    """The first readings of both sides that have the same axes. Raises MisfitError where there are none."""
    found = next(pairs(lefts, rights), None)
    if found is None:
        beside(lefts[0], rights[0])
        raise MisfitError("the two sides do not fit")
    return found


def alike(x: Array, y: Array) -> bool:
    """Whether two arrays hold the same numbers."""
    return bool(np.allclose(x, y, rtol=1e-5, atol=1e-7))


def differing(x: Array, y: Array) -> tuple[int, ...] | None:
    """The first entry at which two arrays differ clearly, and both are easily written."""
    size = np.maximum(np.abs(x), np.abs(y))
    apart = np.isfinite(x) & np.isfinite(y) & (np.abs(x - y) > np.maximum(CLEAR * size, CLEAR / 2)) & (size < LARGE)
    for array in (x, y):
        apart &= (np.abs(array) > 1 / LARGE) | (np.abs(array) < TINY)
    return None if not apart.any() else tuple(int(k) for k in np.argwhere(apart)[0])


def entry(form: Value, shape: tuple[int, ...], place: tuple[int, ...]) -> str:
    """Which entry it is, in words: by its letters, and by row and column."""
    letters = [f"{letter} = {k + 1}" for (letter, _), k in zip(form.letters, place, strict=False)]
    rest = list(zip(shape, place, strict=True))[len(form.letters) :]
    numbers = [str(k + 1) for _, k in rest]
    if form.matrix is not None and ONE in form.matrix:
        numbers = [str(k + 1) for (_, k), axis in zip(rest, form.matrix, strict=False) if axis != ONE]
    if all(size == 1 for size, _ in rest):
        numbers = []
    here = [] if not numbers else [f"entry {numbers[0]}" if len(numbers) == 1 else f"entry ({', '.join(numbers)})"]
    return ", ".join(letters + here) if max(shape, default=1) > 1 else ""


def rounded(value: float) -> str:
    """A number for people: at most four significant digits, no zeros at the end."""
    return f"{round(float(value), 9) + 0.0:.4g}"


def shown(value: Value) -> str:
    """Numbers in rows, as [[1, 2], [3, 4]]; one alone without brackets."""

    def text(data: Array) -> str:
        return rounded(float(data)) if data.ndim == 0 else f"[{', '.join(text(part) for part in data)}]"

    data = np.asarray(value.data)
    return text(data.reshape(())) if data.size == 1 else text(data)


def in_full(value: float) -> bool:
    """Whether a number is written with all its digits."""
    return abs(float(rounded(value)) - value) < 1e-8
