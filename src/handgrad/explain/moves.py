"""Which weights and biases moved most, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.explain.iterations import Iteration
from handgrad.explain.matrices import plain

MOST = 5


@dataclass(frozen=True)
class Moved:
    """A weight W[layer] of unit j for the unit k before it, or a bias b[layer] of unit j (k is None): from, to, and why."""

    name: str
    layer: int
    j: int
    k: int | None
    before: float
    after: float
    gradient: float
    why: str

    @property
    def change(self) -> float:
        """How far it moved."""
        return self.after - self.before


@dataclass(frozen=True)
class Share:
    """What an example gives to a gradient: the gradient δ of the unit, the activation a that it meets, and the example's share."""

    example: int
    delta: float
    activation: float
    contribution: float


def moves(iterations: Sequence[Iteration], digits: int = 4, most: int = MOST) -> tuple[Moved, ...]:
    """The parameters that moved most over all iterations, the first the most."""
    first, last = iterations[0], iterations[-1]
    before, after = first.before.arrays(), last.after.arrays()
    places: list[tuple[float, str, tuple[int, ...]]] = []
    for key, array in before.items():
        change = np.abs(after[key] - array)
        for flat in np.argsort(-change, axis=None, kind="stable")[:most]:
            at = tuple(int(i) for i in np.unravel_index(flat, array.shape))
            places.append((float(change[at]), key, at))
    places.sort(key=lambda place: -place[0])
    return tuple(moved(iterations, key, at, digits) for change, key, at in places[:most] if change)


def moved(iterations: Sequence[Iteration], key: str, at: tuple[int, ...], digits: int = 4) -> Moved:
    """How the parameter at a place of W[l] or b[l], counted from 0, moved."""
    first, name, layer = iterations[0], key[0], int(key[2:-1])
    j, k = at[0] + 1, at[1] + 1 if name == "W" else None
    gradient = float(np.asarray(first.values[f"d{key}"])[at])
    before, after = (float(parameters.arrays()[key][at]) for parameters in (first.before, iterations[-1].after))
    found = Moved(name, layer, j, k, before, after, gradient, "")
    return replace(found, why=_why(first, found, digits))


def shares(iteration: Iteration, layer: int, j: int, k: int | None) -> list[Share]:
    """What each example gives to the gradient of a weight or, without k, of a bias; their sum is the gradient without penalty."""
    values = iteration.values
    early = f"dZ[{layer}]" not in values  # gradients of J carry the examples' shares already
    delta = np.asarray(values[f"derivative(J, Z[{layer}])" if early else f"dZ[{layer}]"])[j - 1]
    meets: Array = np.ones_like(delta) if k is None else np.asarray(values[f"A[{layer - 1}]"])[k - 1]
    weights = np.asarray(values.get("w", np.ones_like(delta)))
    part = delta * meets * (1 if early else weights / weights.sum())
    return [Share(i + 1, float(delta[i]), float(meets[i]), float(part[i])) for i in range(len(delta))]


def _why(iteration: Iteration, moved: Moved, digits: int) -> str:
    layer, j, k, gradient = moved.layer, moved.j, moved.k, moved.gradient
    if not gradient:
        return "its gradient is 0"
    parts = shares(iteration, layer, j, k)
    most = max(parts, key=lambda part: part.contribution * np.sign(gradient))  # of those that pull its way
    factors = f"δ = {plain(most.delta, digits)}"
    if k is not None:
        factors = f"δ · a = {plain(most.delta, digits)} · {_bracketed(most.activation, digits)}"
    penalty = 0.0 if k is None else iteration.derivation.network.l2 * float(iteration.before.W[layer][j - 1, k - 1])
    whole = plain(gradient, digits)
    if (penalty - most.contribution) * np.sign(gradient) > 0:
        return f"its gradient is {whole}, the largest part of it from the L2 penalty, λ w = {plain(penalty, digits)}"
    if len(parts) > 1 or penalty:
        return f"its gradient is {whole}, the largest part of it from example {most.example}: {factors}"
    return f"its gradient is {factors}" + (f" = {whole}" if k is not None else "")


def _bracketed(value: float, digits: int) -> str:
    return f"({plain(value, digits)})" if value < 0 else plain(value, digits)
