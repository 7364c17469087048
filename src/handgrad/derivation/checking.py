"""Every step of a derivation held to numbers: central differences for what is a derivative, the pass for what is a value.

A step is about widths of any size, so that it is checked on a small network of the same layers, whose widths are different
primes, with weighted examples. Truth is decided there; the words are for people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import cycle, islice, pairwise

import numpy as np

from handgrad.calculus.equation import Equation
from handgrad.calculus.evaluation import Value, evaluate_checked
from handgrad.calculus.expressions import Call, Derivative, Expression, Rate, Symbol, key_of
from handgrad.calculus.functions import Array, Function
from handgrad.calculus.indices import Axis
from handgrad.calculus.rewriting import instantiate
from handgrad.catalogue.records import Activation
from handgrad.derivation.derivation import Derivation
from handgrad.errors import HandgradError
from handgrad.network import Network, Parameters

WIDTHS, EXAMPLES, STEP, TOLERANCE = (3, 5, 2, 7), 4, 1e-4, 1e-6
DEEPEST = 6
"""Deeper networks repeat their steps: the check keeps the first and the last layers, and one of each pair of neighbours."""
DRAWS, MARGIN, LARGE = 200, 0.01, 30
RUN = {"alpha0": 0.1, "T": 7.0, "epoch": 12.0, "stalls": 2.0}
"""Of a run with a schedule: the learning rate that was given, the number of steps, where the run is."""


def check_steps(derivation: Derivation) -> dict[str, float]:
    """The error of each step by id: the largest difference of its two sides, against the largest number in them or 1.

    Raises HandgradError where a step does not hold, which is a mistake in a record or in this package.
    """
    small = _instance(derivation)
    numbers = _Numbers(small, _values(small))
    errors: dict[str, float] = {}
    for step in small.steps:
        errors[step.id] = max(numbers.error(placed) for placed in _instances(step, small.network.L))
        if not errors[step.id] < TOLERANCE:
            raise HandgradError(f"the step {step.id} does not hold: {step}; its sides differ by {errors[step.id]:.1e}")
    by_kind: dict[str, float] = {}
    for name, error in errors.items():
        by_kind[_kind(name)] = max(error, by_kind.get(_kind(name), 0.0))
    return {step.id: errors.get(step.id, by_kind[_kind(step.id)]) for step in derivation.steps}


def _kind(name: str) -> str:
    """A step's name without its layers, which a deep network repeats."""
    return re.sub(r"\d+", "", name)


def _instance(derivation: Derivation) -> Derivation:
    """The derivation of a small network with the same layers, in the same style."""
    network = derivation.network
    kept = _distinct(network)
    widths = [*islice(cycle(WIDTHS), len(kept)), min(network.widths[-1], 3)]
    small = Network(widths, kept, network.loss, l2=network.l2, label_smoothing=network.label_smoothing)
    return derivation.of(small).as_written()


def _distinct(network: Network) -> list[Activation]:
    """The activations of the layers to check: all of them, or of a deep network each that follows another for the first time."""
    activations = list(network.activations)
    if len(activations) <= DEEPEST:
        return activations
    kept, seen = activations[:1], set[tuple[str, str]]()
    for before, here in pairwise(activations[:-1]):
        if (before.spelling, here.spelling) not in seen:
            seen.add((before.spelling, here.spelling))
            kept.append(here)
    return [*kept, activations[-1]]


def _values(derivation: Derivation) -> dict[str, Value]:
    """A pass with everything computed, away from kinks: parameters, data, and targets that the loss takes."""
    network = derivation.network
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        parameters = Parameters.draw(network, rng)
        parameters.buffer += 0.3 * rng.standard_normal(network.size)
        parameters.buffer *= 0.95**seed  # exponentials of exponentials need small numbers
        X = rng.standard_normal((EXAMPLES, network.widths[0]))
        Y = _targets(network, rng)
        given = derivation.values(parameters, X, Y, rng.uniform(0.5, 2, EXAMPLES))
        rate = {"alpha": 0.1} if derivation.schedule is None else RUN
        found = derivation.evaluate({**given, **rate, **_state(derivation, parameters, rng)})
        if all(np.isfinite(value).all() for value in found.values()) and _smooth(network, found):
            return found
    raise HandgradError(f"no numbers were found on which the steps of {network} could be checked")


def _targets(network: Network, rng: np.random.Generator) -> Array:
    loss, shape = network.loss, (EXAMPLES, network.widths[-1])
    if loss.simplex:
        drawn = rng.uniform(0.1, 1, shape)
        return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))
    low, high = float(loss.targets.low), float(loss.targets.high)
    if np.isfinite(low) and np.isfinite(high):
        return low + (high - low) * rng.uniform(0.1, 0.9, shape)
    return low + rng.uniform(0.2, 3, shape) if np.isfinite(low) else 2 * rng.standard_normal(shape)


def _state(derivation: Derivation, parameters: Parameters, rng: np.random.Generator) -> dict[str, Value]:
    drawn = {key: rng.uniform(0.1, 1, np.shape(value)) for key, value in derivation.first_state(parameters).items()}
    return {**drawn, "t": 3.0}


def _smooth(network: Network, found: Mapping[str, Value]) -> bool:
    """Whether differences of this size cross no kink and leave no interval, and all numbers are of a size to compare."""
    outputs, loss = np.asarray(found[f"A[{network.L}]"]), network.loss
    room = (outputs > loss.outputs.low + MARGIN) & (outputs < loss.outputs.high - MARGIN) & (np.abs(outputs) < LARGE)
    if not room.all():
        return False
    distances = [found[f"Z[{l}]"] - kink for l, g in enumerate(network.activations, 1) for kink in g.kink_points]
    distances += [outputs - found["Y"] - kink for kink in loss.kink_points]
    return all(np.all(np.abs(distance) > MARGIN) for distance in distances)


def _instances(step: Equation, L: int) -> Iterator[Equation]:
    """The step with numbers for its layers; one of any hidden layer l for each that there is."""
    hidden = any(axis.layer is not None and "l" in dict(axis.layer.terms) for axis in step.left.axes) or "[l" in str(step)
    for l in range(1, L) if hidden else [0]:
        left, right = (instantiate(side, L=L, l=l) for side in (step.left, step.right))
        yield Equation(step.id, left, right, step.reason)


class _Numbers:
    """Values of one pass, and derivatives of any quantity in it by any other."""

    def __init__(self, derivation: Derivation, found: dict[str, Value]) -> None:
        W = [value for key, value in found.items() if key.startswith("W[") and "," not in key]
        penalty = derivation.network.l2 / 2 * sum(float(np.sum(np.square(weights))) for weights in W)
        self.derivation, self.found = derivation, {**found, "R": penalty}
        self.slopes: dict[Derivative, Array] = {}
        self.given = {key: value for key, value in found.items() if key not in derivation.computed_keys}

    @cached_property
    def functions(self) -> Mapping[str, Function]:
        functions = dict(self.derivation.functions)
        for l, activation in enumerate(self.derivation.network.activations, 1):  # g[l] of a derivation for any layer
            for primes in range(2 if not activation.rowwise else 1):
                name = activation.name + "'" * primes
                functions.setdefault("g" + "'" * primes + f"[{l}]", functions[name])
        return functions

    def error(self, step: Equation) -> float:
        """How far the sides of a step are apart."""
        left, right = self.value(step.left, step.left.axes), self.value(step.right, step.left.axes)
        return float(np.max(np.abs(left - right)) / max(1.0, np.max(np.abs(left))))

    def value(self, e: Expression, axes: tuple[Axis, ...]) -> Array:
        if isinstance(e, Rate):
            return _aligned(*self.rate(e), axes)
        if isinstance(e, Symbol) and e.time is not None:
            return np.asarray(self.found[key_of(e)])
        values = dict(self.found)
        for part in _derivatives(e):
            if part.key not in self.found or _sided(part):
                values[part.key] = self.derivative(part)
        if isinstance(e, Derivative):
            return _aligned(np.asarray(self.derivative(e)), e.axes, axes)
        return evaluate_checked(e, values, self.functions, axes)

    def derivative(self, quantity: Derivative) -> Array:
        """∂of/∂by with the derivative's axes, in their order."""
        if quantity in self.slopes:
            return self.slopes[quantity]
        of = quantity.of

        def moved(values: Mapping[str, Value]) -> Array:
            found = self.derivation.evaluate(values, [of.key]) if of.key not in self.given else values
            return np.asarray(found[of.key])

        value, axes = self.differences(quantity.by, moved, of.axes)
        self.slopes[quantity] = _aligned(value, axes, quantity.axes)
        return self.slopes[quantity]

    def rate(self, rate: Rate) -> tuple[Array, tuple[Axis, ...]]:
        def moved(values: Mapping[str, Value]) -> Array:
            return evaluate_checked(rate.body, {**self.found, **values}, self.functions, rate.body.axes)

        return self.differences(rate.by, moved, rate.body.axes)

    def differences(
        self, by: Symbol, value_at: Callable[[Mapping[str, Value]], Array], axes: tuple[Axis, ...]
    ) -> tuple[Array, tuple[Axis, ...]]:
        """Central differences of fourth order by every entry of a quantity; axes that both have are one index."""
        base = np.asarray(self.found[by.key], float)
        unit_moves = np.eye(base.size).reshape(base.size, *base.shape)
        offsets = (STEP * np.array([1, -1, 2, -2])).reshape(4, 1, *[1] * base.ndim)
        stack = (base + offsets * unit_moves).reshape(-1, *base.shape)
        found = value_at({**self.given, by.key: stack})
        size = found.shape[found.ndim - len(axes) :]
        f = np.broadcast_to(found, (len(stack), *size)).reshape(4, *base.shape, *size)
        slopes = (8 * (f[0] - f[1]) - (f[2] - f[3])) / (12 * STEP)
        every = dict.fromkeys((*by.axes, *axes))
        letters = dict(zip(every, "abcdefgh", strict=False))
        subscripts = "".join(letters[axis] for axis in (*by.axes, *axes))
        return np.einsum(f"{subscripts}->{''.join(letters.values())}", slopes), tuple(every)


def _aligned(value: Array, have: tuple[Axis, ...], want: tuple[Axis, ...]) -> Array:
    return value.transpose([have.index(axis) for axis in want]) if have != want else value


def _sided(quantity: Derivative) -> bool:
    """Whether a gradient is one that no pass computes."""
    return quantity.of.name not in {"J", "ell"} or quantity.by.name in {"W", "b"}


def _derivatives(expression: Expression) -> Iterator[Derivative]:
    if isinstance(expression, Derivative):
        yield expression
    for part in expression.parts if not isinstance(expression, Derivative | Call) else ():
        yield from _derivatives(part)
