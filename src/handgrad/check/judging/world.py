"""Numbers for one network at a random point: what is true there, by central differences that know values and no slopes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.functions import Array, Formula, Function
from handgrad.catalogue.lookup import find_activation, find_loss, functions

Key: TypeAlias = tuple[str, int]
"""A quantity and its layer: ("W", 2), ("Y", 0), ("J", 0)."""

ONE, EXAMPLE = "1", "example"
STEP = 1e-5
MARGIN = 0.03
"""How far from a kink every unit stays."""


def units(layer: int) -> str:
    """The name of the axis of a layer's units."""
    return f"units of layer {layer}"


def nudges(value: Array) -> Array:
    """By how much each entry is moved: less where it is small, as near 0 the loss bends (-y/a has its pole there)."""
    return np.asarray(STEP * np.clip(np.abs(value), 1e-3, 1))


@cache
def _formulas() -> dict[str, Function]:
    return functions()


def activate(name: str, z: Array) -> Array:
    """An activation of the catalogue along the first axis of z, which holds the units."""
    record = find_activation(name)
    if record.rowwise:  # its formula has the units last
        return np.moveaxis(_at(record.formulas[0], np.moveaxis(z, 0, -1)), -1, 0)
    return _at(record.formulas[0], z)


def slope(name: str, z: Array) -> Array:
    """The slope of a pointwise activation of the catalogue; raises KeyError for softmax, which has none."""
    record = find_activation(name)
    if record.rowwise:
        raise KeyError(name)
    return _at(record.formulas[1], z)


def _at(formula: Formula, z: Array) -> Array:
    values: dict[str, Array | float] = {"z": z, **formula.defaults}
    return np.broadcast_to(evaluate(formula.body, values, _formulas()), z.shape)


def stored_slope(name: str) -> Callable[[Array], Array] | None:
    """The slope of an activation as a function of its value, as a ⊙ (1 - a); None where the catalogue does not write it so."""
    record = find_activation(name)
    if record.rowwise or record.slope_reads != {"a"}:
        return None
    return lambda a: evaluate(record.slope_expression, {"a": a})


@dataclass(frozen=True)
class Shape:
    """What a world is drawn for: the widths n_0 … n_L, an activation for each layer, the loss, how many examples."""

    widths: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    examples: int
    targets: str = "free"
    """free, or zero, one or one-hot, for formulas that hold for such targets only."""
    bias: bool = True


@dataclass
class World:
    """The values of all quantities at one point, with those in `moved` held at other values and what depends on them computed anew.

    W[l] is n_l × n_{l-1}, b[l] has n_l entries, Z[l], A[l] and Y are n × m; ℓ has an entry for each example and J is its sum.
    """

    shape: Shape
    drawn: Mapping[Key, Array]
    moved: Mapping[Key, Array] = field(default_factory=dict)
    _known: dict[Key, Array] = field(default_factory=dict)
    _slopes: dict[Key, Array] = field(default_factory=dict)
    memory: dict[Any, Any] = field(default_factory=dict)

    @property
    def L(self) -> int:
        """The number of layers."""
        return len(self.shape.activations)

    @property
    def m(self) -> int:
        """The number of examples."""
        return self.shape.examples

    def axes(self, key: Key) -> tuple[str, ...]:
        """The names of a quantity's axes, in the order of its array."""
        kind, layer = key
        if kind == "W":
            return units(layer), units(layer - 1)
        if kind == "b":
            return (units(layer),)
        if kind in {"Z", "A", "Y"}:
            return units(self.L if kind == "Y" else layer), EXAMPLE
        return (EXAMPLE,) if kind == "ell" else ()

    def __getitem__(self, key: Key) -> Array:
        """The value of a quantity. Raises KeyError for what the network does not have, as W[L+1]."""
        if key in self.moved:
            return self.moved[key]
        if key in self.drawn:
            return self.drawn[key]
        if key not in self._known:
            self._known[key] = self._computed(*key)
        return self._known[key]

    def __contains__(self, key: Key) -> bool:
        kind, layer = key
        if kind in {"W", "b", "Z"}:
            return 1 <= layer <= self.L
        return 0 <= layer <= self.L if kind == "A" else kind in {"Y", "J", "ell"}

    def _computed(self, kind: str, layer: int) -> Array:
        if (kind, layer) not in self:
            raise KeyError((kind, layer))
        if kind == "Z":
            return np.asarray(self["W", layer] @ self["A", layer - 1] + self["b", layer][:, None])
        if kind == "A":
            return activate(self.shape.activations[layer - 1], self["Z", layer])
        if kind == "ell":
            return self._loss()
        return np.asarray(self["ell", 0].sum())

    def _loss(self) -> Array:
        record = find_loss(self.shape.loss)
        values: dict[str, Array | float] = {"a": self["A", self.L], "y": self["Y", 0], **record.parameters}
        return np.asarray(evaluate(record.read(record.stable or record.value), values).sum(axis=0))

    def at(self, key: Key, array: Array) -> World:
        """The world in which a quantity has another value."""
        return World(self.shape, self.drawn, {**self.moved, key: array})

    def gradient(self, key: Key) -> Array:
        """∂J/∂key by central differences, in the shape of the quantity."""
        if key not in self._slopes:
            self._slopes[key] = self._measured(key)
        return self._slopes[key]

    def _measured(self, key: Key) -> Array:
        value = np.array(self[key], dtype=float)
        found = np.empty_like(value)
        by_example = key[0] in {"Z", "A", "Y"}  # examples do not meet before J, so that all move at once
        steps = nudges(value)
        for place in np.ndindex(value.shape[:1] if by_example else value.shape):
            sides = []
            for sign in (1, -1):
                nudged = value.copy()
                nudged[place] += sign * steps[place]
                sides.append(self.at(key, nudged)["ell" if by_example else "J", 0])
            with np.errstate(all="ignore"):  # a loss may be infinite where a setting that is tried does not fit
                found[place] = (sides[0] - sides[1]) / (2 * steps[place])
        return found


@cache
def draw(shape: Shape, seed: int = 0) -> World:
    """A world at a random point: nothing is zero, and no unit is near a kink."""
    rng = np.random.default_rng([seed, shape.examples, *shape.widths])
    world = _drawn(shape, rng)
    for _ in range(200):
        if _clear(world):
            break
        world = _drawn(shape, rng)
    return world


def _drawn(shape: Shape, rng: np.random.Generator) -> World:
    n, m = shape.widths, shape.examples

    def some(*size: int) -> Array:
        return np.asarray(rng.uniform(0.3, 1.1, size) * rng.choice([-1.0, 1.0], size))

    drawn: dict[Key, Array] = {("A", 0): some(n[0], m)}
    for layer in range(1, len(n)):
        drawn["W", layer] = some(n[layer], n[layer - 1])
        drawn["b", layer] = some(n[layer]) * shape.bias
    drawn["Y", 0] = _targets(shape, rng)
    return World(shape, drawn)


def _targets(shape: Shape, rng: np.random.Generator) -> Array:
    size = (shape.widths[-1], shape.examples)
    record = find_loss(shape.loss)
    if shape.targets in {"zero", "one"}:
        return np.full(size, float(shape.targets == "one"))
    if shape.targets == "one-hot":
        hot = np.zeros(size)
        hot[rng.integers(size[0], size=size[1]), np.arange(size[1])] = 1
        return hot
    free = rng.uniform(0.1, 0.9, size)
    if record.simplex and size[0] > 1:
        return np.asarray(free / free.sum(axis=0))
    return free if np.isfinite(record.targets.low) else free * rng.choice([-1.0, 1.0], size)


def _clear(world: World) -> bool:
    for layer in range(1, world.L + 1):
        points = find_activation(world.shape.activations[layer - 1]).kink_points
        z = world["Z", layer]
        if any(np.abs(z - point).min() < MARGIN for point in points) or np.abs(z).max() > 12:
            return False
    kinks = find_loss(world.shape.loss).kink_points
    apart = world["A", world.L] - world["Y", 0]
    if any(np.abs(apart - kink).min() < MARGIN for kink in kinks):
        return False
    relu_dead = [np.abs(world["A", layer]).max() < 0.01 for layer in range(1, world.L + 1)]
    return not any(relu_dead) and bool(np.isfinite(world["J", 0]))
