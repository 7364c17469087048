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
    """A weight W[layer] of unit j for the unit k before it, or a bias b[layer] of unit j (k is None): from, to, and why.

    `gradients` are those of each iteration. `why` explains the step of a single iteration; of several, it says what they come to.
    """

    name: str
    layer: int
    j: int
    k: int | None
    before: float
    after: float
    gradients: tuple[float, ...]
    why: str

    @property
    def change(self) -> float:
        """How far it moved."""
        return self.after - self.before

    @property
    def gradient(self) -> float:
        """The gradient in the first iteration."""
        return self.gradients[0]


@dataclass(frozen=True)
class Share:
    """What an example gives to a gradient: its share in the mean, the unit's δ, the activation a that it meets, and their product.

    `share` is None where there is none to show: of a single example, and where δ has it already.
    """

    example: int
    share: float | None
    delta: float
    activation: float
    contribution: float


def moves(iterations: Sequence[Iteration], digits: int = 4, most: int = MOST) -> tuple[Moved, ...]:
    """The parameters that moved most over all iterations, the first the most."""
    first, last = iterations[0], iterations[-1]
    before, after = first.before.arrays(), last.after.arrays()
    places: list[tuple[float, str, tuple[int, ...]]] = []
    for key, array in before.items():
        with np.errstate(all="ignore"):  # of a run that diverges
            change = np.abs(after[key] - array)
        for flat in np.argsort(-change, axis=None, kind="stable")[:most]:
            at = tuple(int(i) for i in np.unravel_index(flat, array.shape))
            places.append((float(change[at]), key, at))
    places.sort(key=lambda place: -place[0])
    return tuple(moved(iterations, key, at, digits) for change, key, at in places[:most] if change)


def moved(iterations: Sequence[Iteration], key: str, at: tuple[int, ...], digits: int = 4) -> Moved:
    """How the parameter at a place of W[l] or b[l], counted from 0, moved."""
    first, last, name, layer = iterations[0], iterations[-1], key[0], int(key[2:-1])
    j, k = at[0] + 1, at[1] + 1 if name == "W" else None
    gradients = tuple(float(iteration.gradients.arrays()[key][at]) for iteration in iterations)
    before, after = (float(parameters.arrays()[key][at]) for parameters in (first.before, last.after))
    found = Moved(name, layer, j, k, before, after, gradients, "")
    why = _of_step(first, found, key, at, digits) if len(iterations) == 1 else _of_run(iterations, found, key, at, digits)
    return replace(found, why=why)


def shares(iteration: Iteration, layer: int, j: int, k: int | None) -> list[Share]:
    """What each example gives to the gradient of a weight or, without k, of a bias; their sum is the gradient without penalty."""
    values = iteration.values
    early = f"dZ[{layer}]" not in values  # gradients of J carry the examples' shares already
    delta = np.asarray(values[f"derivative(J, Z[{layer}])" if early else f"dZ[{layer}]"])[j - 1]
    meets: Array = np.ones_like(delta) if k is None else np.asarray(values[f"A[{layer - 1}]"])[k - 1]
    weights = np.asarray(values.get("w", np.ones_like(delta)))
    part = np.ones_like(delta) if early else weights / weights.sum()
    shown = None if early or len(delta) == 1 else part
    with np.errstate(all="ignore"):  # infinities and NaN are values here
        given = part * delta * meets
    return [
        Share(i + 1, None if shown is None else float(shown[i]), float(delta[i]), float(meets[i]), float(given[i]))
        for i in range(len(delta))
    ]


def _of_run(iterations: Sequence[Iteration], moved: Moved, key: str, at: tuple[int, ...], digits: int) -> str:
    """What several iterations come to: no single gradient explains them."""
    ends = [("its gradient", moved.gradients[0], moved.gradients[-1])]
    first, last = iterations[0], iterations[-1]
    rule = first.derivation.optimiser
    for name in rule.state:
        start, end = (float(np.asarray(iteration.state[f"{name}_{key}"])[at]) for iteration in (first, last))
        ends.append((f"its {name}", start, end))
    went = " and ".join(f"{what} went from {plain(start, digits)} to {plain(end, digits)}" for what, start, end in ends)
    by = "" if rule.plain else f" of {rule.label}"
    return f"{len(iterations)} steps{by} come to {plain(moved.change, digits)}, while {went}"


def _of_step(iteration: Iteration, moved: Moved, key: str, at: tuple[int, ...], digits: int) -> str:
    """Why a single step went so: its gradient or, where the update rule keeps more than that, its own step."""
    why, rule = _of_gradient(iteration, moved, digits), iteration.derivation.optimiser
    if rule.plain:
        return why
    kept = " and ".join(f"{name} = {plain(float(np.asarray(iteration.state[f'{name}_{key}'])[at]), digits)}" for name in rule.state)
    return f"the step of {rule.label}{f' with {kept}' if kept else ''} is {plain(moved.change, digits)}; {why}"


def _of_gradient(iteration: Iteration, moved: Moved, digits: int) -> str:
    layer, j, k, gradient = moved.layer, moved.j, moved.k, moved.gradient
    if not gradient:
        return "its gradient is 0"
    parts = shares(iteration, layer, j, k)
    with np.errstate(all="ignore"):  # infinities and NaN are values here
        most = max(parts, key=lambda part: part.contribution * np.sign(gradient))  # of those that pull its way
        penalty = 0.0 if k is None else iteration.derivation.network.l2 * float(iteration.before.W[layer][j - 1, k - 1])
        by_penalty = (penalty - most.contribution) * np.sign(gradient) > 0
    whole = plain(gradient, digits)
    if by_penalty:
        return f"its gradient is {whole}, the largest part of it from the L2 penalty, λ w = {plain(penalty, digits)}"
    factors = _product(most, by_weight=k is not None, weighted="w" in iteration.values, digits=digits)
    if len(parts) > 1 or penalty:
        return f"its gradient is {whole}, the largest part of it from example {most.example}: {factors}"
    return f"its gradient is {factors}"


def _product(part: Share, *, by_weight: bool, weighted: bool, digits: int) -> str:
    """An example's part with its factors: 1/m · δ · a = 1/20 · (-3.64) · 1 = -0.182; the share and a where there are any."""
    symbols, numbers = ["δ"], [_bracketed(part.delta, digits)]
    if part.share is not None:
        symbols.insert(0, "ω/Σω" if weighted else "1/m")
        numbers.insert(0, plain(part.share, digits) if weighted else f"1/{round(1 / part.share)}")
    if by_weight:
        symbols.append("a")
        numbers.append(_bracketed(part.activation, digits))
    if len(numbers) == 1:
        return f"δ = {plain(part.delta, digits)}"
    if part.delta < 0 and part.share is None:
        numbers[0] = numbers[0].strip("()")  # a minus in front needs no brackets
    return f"{' · '.join(symbols)} = {' · '.join(numbers)} = {plain(part.contribution, digits)}"


def _bracketed(value: float, digits: int) -> str:
    return f"({plain(value, digits)})" if value < 0 else plain(value, digits)
