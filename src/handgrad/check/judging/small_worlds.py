"""Worlds with few, round numbers: what a formula is about is held at them, and gradients that it starts from are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.catalogue.lookup import find_activation, find_loss
from handgrad.check.judging.world import Key, Shape, World
from handgrad.check.understanding.setting import Setting

ROUND = (1.0, 2.0, 0.5, -1.0, 3.0, -2.0, 0.25, -0.5)
BELOW_ONE = (0.5, 0.25, 0.8, 0.2, 0.75)
PARTS = ((1.0,), (0.25, 0.75), (0.25, 0.5, 0.25), (0.1, 0.2, 0.3, 0.4), (0.1, 0.2, 0.2, 0.2, 0.3))
"""Outputs of a softmax, by how many there are."""
OUTPUTS: Mapping[str, Sequence[float]] = {
    "sigmoid": BELOW_ONE,
    "tanh": (0.5, -0.5, 0.25, 0.8, -0.2),
    "relu": (1.0, 2.0, 0.0, 0.5, 3.0),
    "identity": ROUND,
}
SUMS: Mapping[str, Sequence[float]] = dict.fromkeys(("sigmoid", "tanh"), (0.0, 1.0, -1.0, 2.0, 0.5, -2.0, 3.0, -0.5))
"""Sums before an activation that has round values or slopes at them; ROUND for others."""
INVERSES: Mapping[str, Callable[[Array], Array]] = {
    "sigmoid": lambda a: np.log(a / (1 - a)),
    "tanh": np.arctanh,
    "relu": lambda a: np.where(a > 0, a, -1.0),
    "identity": lambda a: a,
    "softmax": np.log,
}
"""What gives an output, so that outputs can be round."""
NEAR = 1e-3
"""Nearer to a kink than this, nothing is shown."""


@dataclass
class Held(World):
    """A world in which the gradients by some quantities are given: J is their product, which has just these gradients."""

    given: Mapping[Key, Array] = field(default_factory=dict)

    def at(self, key: Key, array: Array) -> World:
        """The world in which a quantity has another value."""
        return Held(self.shape, self.drawn, {**self.moved, key: array}, given=self.given)

    def _loss(self) -> Array:
        if not self.given:
            return super()._loss()
        total = np.zeros(self.m)
        for key, slope in self.given.items():
            part = slope * self[key]
            total += part.sum(axis=0) if key[0] in {"Z", "A"} else part.sum() / self.m
        return total


def rank(key: Key) -> float:
    """Where a quantity stands on the way from the input to the loss."""
    kind, layer = key
    return {"W": 3 * layer - 2, "b": 3 * layer - 2, "Z": 3 * layer - 1, "A": 3 * layer}.get(kind, float("inf"))


@dataclass(frozen=True)
class Plan:
    """What a small world is for: the quantities that are shown, the gradients that are given, and what is asked for.

    `asked` is the quantity on the left, `gradient` whether its gradient stands there; what it changes on the way to the loss is
    computed.
    """

    keys: frozenset[Key]
    given: frozenset[Key]
    asked: Key | None
    gradient: bool

    def on_path(self, key: Key) -> bool:
        """Whether what is asked for changes this quantity, and the loss through it."""
        if self.asked is None or key[0] not in {"Z", "A"}:
            return False
        if not self.gradient:
            return key == self.asked
        top = max((rank(k) for k in self.given if k[0] in {"Z", "A"}), default=float("inf"))
        return rank(self.asked) < rank(key) <= top

    def computed(self, key: Key) -> bool:
        """Whether other quantities that are shown say what this one is."""
        kind, layer = key
        return (kind == "A" and ("Z", layer) in self.keys) or (
            kind == "Z" and ("W", layer) in self.keys and ("A", layer - 1) in self.keys
        )


class Values:
    """Round numbers in a fixed order, which differs with `turn`."""

    def __init__(self, turn: int) -> None:
        self.turn, self.slot = turn, 0

    def take(self, choices: Sequence[float], *size: int) -> Array:
        """An array of the next numbers."""
        count = int(np.prod(size))
        start = self.slot + self.turn * (1 + self.slot % 2 * 2) + self.turn // 8 * self.slot  # 1 and 3 divide no list's length
        self.slot += 1
        return np.array([choices[(start + k) % len(choices)] for k in range(count)], dtype=float).reshape(size)

    def outputs(self, name: str, n: int, m: int) -> Array:
        """Outputs of an activation."""
        if name != "softmax":
            return self.take(OUTPUTS[name], n, m)
        self.slot += 1
        parts = PARTS[n - 1] if n <= len(PARTS) else (1 / n,) * n
        return np.array([np.roll(parts, self.turn + k) for k in range(m)]).T


def shapes(setting: Setting) -> Iterator[Shape]:
    """Shapes from the smallest on, of one width each."""
    for width in (1, 2):
        for m in (1, 2) if setting.batch else (1,):
            yield _shape(setting, [width] * (setting.L + 1), m)


def uneven(setting: Setting, layers: set[int]) -> Iterator[Shape]:
    """Shapes from the smallest on, in which the layers that matter differ."""
    order = sorted(layers)
    for least in (1, 2):
        widths = [least + order.index(k) if k in layers else 1 for k in range(setting.L + 1)]
        for m in (1, max(widths) + 1) if setting.batch else (1,):
            yield _shape(setting, list(widths), m)


def _shape(setting: Setting, widths: list[int], m: int) -> Shape:
    if setting.scalar:
        widths = [1] * len(widths)
    if setting.one_output:
        widths[-1] = 1
    elif setting.output == "softmax" or find_loss(setting.loss).simplex:
        widths[-1] = max(widths[-1], 2)
    for layer, width in setting.widths.items():
        if layer < len(widths):
            widths[layer] = width
    return Shape(tuple(widths), setting.activations, setting.loss, m, setting.targets)


def small_world(shape: Shape, plan: Plan, turn: int) -> Held | None:
    """The world of this shape with the numbers of this turn; None where a unit is at a kink, or a value is none."""
    values, n, m = Values(turn), shape.widths, shape.examples
    drawn: dict[Key, Array] = {("A", 0): values.take(ROUND, n[0], m)}
    for layer in range(1, len(n)):
        drawn["W", layer] = values.take(ROUND, n[layer], n[layer - 1])
        drawn["b", layer] = values.take(ROUND if ("b", layer) in plan.keys else (0.0,), n[layer])
    drawn["Y", 0] = _targets(shape, turn)
    given = {
        k: values.take(ROUND, *((n[k[1]], n[k[1] - 1]) if k[0] == "W" else (n[k[1]],) if k[0] == "b" else (n[k[1]], m)))
        for k in sorted(plan.given)
    }
    world = Held(shape, drawn, {}, given=given)
    with np.errstate(all="ignore"):
        for layer in range(1, len(n)):
            world = _placed(world, plan, values, layer)
        return world if _clear(world, plan) else None


def _placed(world: Held, plan: Plan, values: Values, layer: int) -> Held:
    """The world with round numbers for the sums and outputs of a layer that are shown, as far as these may be chosen."""
    name = world.shape.activations[layer - 1]
    z, a, size = ("Z", layer), ("A", layer), (world.shape.widths[layer], world.m)
    if a in plan.keys and not plan.on_path(a) and not plan.computed(a):
        known = name in INVERSES
        return _moved(world, a, values.outputs(name, *size) if known else values.take(ROUND, *size))
    if z in plan.keys and not plan.computed(z):
        return _summed(world, plan, layer, values.take(SUMS.get(name, ROUND), *size))
    if a in plan.keys and z not in plan.keys and name in INVERSES:
        return _summed(world, plan, layer, INVERSES[name](values.outputs(name, *size)))
    return world


def _summed(world: Held, plan: Plan, layer: int, wanted: Array) -> Held:
    """The world with these sums: held there, or by its bias, where what is below them is nudged and the bias is not shown."""
    if not plan.on_path(("Z", layer)):
        return _moved(world, ("Z", layer), wanted)
    if ("b", layer) in plan.keys or world.m > 1 or plan.computed(("Z", layer)):
        return world
    bias = (wanted - world["W", layer] @ world["A", layer - 1])[:, 0]
    return Held(world.shape, {**world.drawn, ("b", layer): bias}, world.moved, given=world.given)


def _moved(world: Held, key: Key, array: Array) -> Held:
    return Held(world.shape, world.drawn, {**world.moved, key: array}, given=world.given)


def _targets(shape: Shape, turn: int) -> Array:
    n, m = shape.widths[-1], shape.examples
    if shape.targets in {"zero", "one"}:
        return np.full((n, m), float(shape.targets == "one"))
    hot = np.zeros((n, m))
    if n > 1 and (find_loss(shape.loss).simplex or shape.activations[-1] == "softmax" or shape.targets == "one-hot"):
        hot[(np.arange(m) + turn) % n, np.arange(m)] = 1
        return hot
    if np.isfinite(find_loss(shape.loss).targets.low) or shape.activations[-1] == "sigmoid":
        return (np.arange(n * m).reshape(n, m) + turn + 1) % 2 * 1.0
    return np.array([ROUND[(turn + 4 + 3 * k) % len(ROUND)] for k in range(n * m)]).reshape(n, m)


def _clear(world: Held, plan: Plan) -> bool:
    """Whether no unit that matters is at a kink, and all values are numbers."""
    for kind, layer in plan.keys:
        if layer < 1 or kind not in {"Z", "A"} or (kind == "A" and (kind, layer) in world.moved):
            continue
        z = world["Z", layer]
        kinks = find_activation(world.shape.activations[layer - 1]).kink_points
        if not np.isfinite(z).all() or any(np.abs(z - point).min() < NEAR for point in kinks):
            return False
    if world.given or not plan.gradient:
        return True
    apart = world["A", world.L] - world["Y", 0]
    return not any(np.abs(apart - kink).min() < NEAR for kink in find_loss(world.shape.loss).kink_points)
