"""The referee: gradients against central differences of the loss, which know values and no slopes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.calculus.evaluation import Value
from handgrad.calculus.functions import Array
from handgrad.derivation import Derivation, derive
from handgrad.errors import HandgradError
from handgrad.network import Network, Parameters

STEPS = (3e-4, 2e-5, 2e-6)
"""The steps tried in turn: a smaller one where a larger one would cross a kink."""
FLOOR = 2e-5
"""Gradients smaller than this times 1 + |J| are compared absolutely: differences of a loss in float64 resolve no more."""
STACK = 4_000_000
"""How many numbers one stack of moved parameters may hold."""
MARGIN, NUDGES = 1e-7, 5


@dataclass(frozen=True)
class GradientCheck:
    """What a check found: by array, ‖a - n‖ / max(‖a‖, ‖n‖, floor) between the analytic and the numeric gradient.

    `skipped` counts entries or directions that could not be measured because every step crossed a kink. `moved` says that
    the parameters were nudged first, since a unit stood exactly on one.
    """

    errors: dict[str, float]
    compared: int
    skipped: int
    moved: bool

    @property
    def worst(self) -> tuple[str, float]:
        """The array with the largest relative error, and that error."""
        return max(self.errors.items(), key=lambda item: np.inf if np.isnan(item[1]) else item[1])

    def __str__(self) -> str:
        name, error = self.worst
        skipped = f", {self.skipped} too close to a kink" if self.skipped else ""
        return f"worst relative error {error:.1e} in {name} ({self.compared} compared{skipped})"


def gradcheck(
    network: Network,
    parameters: Parameters,
    X: Any,
    Y: Any,
    sample_weight: Any = None,
    *,
    directions: int | None = None,
    inputs: bool = True,
    rng: np.random.Generator | int = 0,
    one_over_m: str = "dW",
) -> GradientCheck:
    """Compare the derivation's gradients with central differences of the loss, in float64.

    Every entry of every array is compared, or that many random directions in each array with `directions`, which is enough
    for large networks. `inputs` includes the gradient by X. Differences are of fourth order,
    (8 (J(h) - J(-h)) - (J(2h) - J(-2h))) / 12h, and keep off kinks: all units must be on the same side of every
    kink at all four points. Returns a GradientCheck; the arrays that were given are not changed. Raises HandgradError where
    the loss is not finite.
    """
    if directions is not None and directions < 1:
        raise HandgradError(f"directions is 1 or more, or None for every entry, but {directions} was given")
    rng = np.random.default_rng(rng)
    derivation = derive(network, one_over_m=one_over_m)
    start = Parameters(network, parameters.buffer.astype(np.float64))
    values = derivation.values(start, X, Y, sample_weight)
    found = derivation.evaluate(values, ["J"])
    loss = float(np.asarray(found["J"]))
    if not np.isfinite(loss):
        raise HandgradError(f"the loss is {loss} at these parameters, which is not a finite number; its gradient cannot be checked")
    moved, floor = False, FLOOR * (1 + abs(loss))
    for _ in range(NUDGES):  # a difference that stays on its kink, as a dead ReLU's output on its target 0, cannot be helped
        if not _on_kink(derivation, found):
            break
        moved = True
        start.buffer += 1e-3 * rng.standard_normal(network.size)
        values.update(start.arrays())
        found = derivation.evaluate(values, ["J"])
    analytic = _analytic(derivation, values, inputs=inputs)
    base = _sides(derivation, found)
    errors, compared, skipped = dict[str, float](), 0, 0
    for name, gradient in analytic.items():
        measured, expected = [], []
        for block in _directions(gradient, directions, rng, network.size):
            numeric = _numeric(derivation, values, base, name, block)
            crossed = np.isnan(numeric)
            measured.append(numeric[~crossed])
            expected.append((block * gradient).reshape(len(block), -1).sum(axis=1)[~crossed])
            skipped += int(crossed.sum())
        a, n = np.concatenate(expected), np.concatenate(measured)
        compared += len(a)
        if len(a):
            with np.errstate(all="ignore"):  # numbers too large to compare are an error that is no number
                errors[name] = float(np.linalg.norm(a - n) / np.max([np.linalg.norm(a), np.linalg.norm(n), floor]))
    if not errors:
        raise HandgradError("gradcheck could compare nothing: every step crosses a kink")
    return GradientCheck(errors, compared, skipped, moved)


def _analytic(derivation: Derivation, values: dict[str, Value], *, inputs: bool) -> dict[str, Array]:
    names = [name for name in values if name[0] in "Wb" and "[" in name]
    keys = {name: f"d{name}" for name in names} | ({"X": "derivative(J, X)"} if inputs else {})
    found = derivation.evaluate(values, list(keys.values()))
    return {name: np.broadcast_to(np.asarray(found[key]), np.shape(values[name])) for name, key in keys.items()}


def _directions(gradient: Array, count: int | None, rng: np.random.Generator, size: int) -> Iterator[Array]:
    """Blocks of directions in which to move one array: each entry on its own, or random ones of length 1."""
    most = max(1, STACK // (4 * max(size, gradient.size)))
    if count is not None:
        for start in range(0, count, most):
            block = rng.standard_normal((min(most, count - start), *gradient.shape))
            yield block / np.sqrt((block**2).reshape(len(block), -1).sum(axis=1)).reshape(-1, *[1] * gradient.ndim)
        return
    for start in range(0, gradient.size, most):
        rows = np.arange(start, min(start + most, gradient.size))
        block = np.zeros((len(rows), gradient.size))
        block[np.arange(len(rows)), rows] = 1
        yield block.reshape(len(rows), *gradient.shape)


def _numeric(derivation: Derivation, values: dict[str, Value], base: dict[str, Array], name: str, block: Array) -> Array:
    """The derivative of J along each direction of the block, all at once; NaN where every step crosses a kink."""
    result = np.full(len(block), np.nan)
    for step in STEPS:
        left = np.flatnonzero(np.isnan(result))
        if not left.size:
            break
        offsets = np.array([1, -1, 2, -2]) * step
        moves = offsets.reshape(4, 1, *[1] * (block.ndim - 1)) * block[left]
        stacked = (np.asarray(values[name]) + moves).reshape(-1, *block.shape[1:])
        found = derivation.evaluate({**values, name: stacked}, ["J"])
        J = np.broadcast_to(np.asarray(found["J"]), (len(stacked),)).reshape(4, -1)
        same = np.ones(len(stacked), bool)
        for key, sides in _sides(derivation, found).items():
            same &= np.all(
                np.broadcast_to(sides == base[key], (len(stacked), *base[key].shape)), axis=tuple(range(1, 1 + base[key].ndim))
            )
        with np.errstate(all="ignore"):  # a loss that overflows beside these parameters shows as an error that is no number
            slope = (8 * (J[0] - J[1]) - (J[2] - J[3])) / (12 * step)
        result[left] = np.where(same.reshape(4, -1).all(axis=0), slope, np.nan)
    return result


def _distances(derivation: Derivation, found: dict[str, Value]) -> Iterator[tuple[str, Array]]:
    """For each kink, how far the quantity that has it is from it."""
    network = derivation.network
    for layer, activation in enumerate(network.activations, 1):
        for kink in activation.kink_points:
            yield f"Z[{layer}] {kink}", np.asarray(found[f"Z[{layer}]"]) - kink
    for kink in network.loss.kink_points:
        yield f"loss {kink}", np.asarray(found[f"A[{network.L}]"]) - found["Y"] - kink


def _sides(derivation: Derivation, found: dict[str, Value]) -> dict[str, Array]:
    return {name: np.sign(distance) for name, distance in _distances(derivation, found)}


def _on_kink(derivation: Derivation, found: dict[str, Value]) -> bool:
    return any(np.any(np.abs(distance) < MARGIN) for _, distance in _distances(derivation, found))
