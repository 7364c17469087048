"""A small example in which a formula fails: few, round numbers, by which a reader can check the mistake with a pencil."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product as combinations

import numpy as np

from handgrad.check.findings import NUDGED, Witness
from handgrad.check.judging.author import RATE, Author, clash, size
from handgrad.check.judging.comparing import Scale, counters_in
from handgrad.check.judging.evaluating import Evaluator, Lexicon, UnknownError
from handgrad.check.judging.leaves import Leaf, Leaves
from handgrad.check.judging.sides import CLEAR, alike, differing, entry, factor, first_pair, in_full, pairs, rounded, shown
from handgrad.check.judging.small_worlds import Held, Plan, rank, shapes, small_world, uneven
from handgrad.check.judging.trying import single
from handgrad.check.judging.values import MisfitError, Value, elementwise
from handgrad.check.judging.world import Shape, World
from handgrad.check.parsing.writing import TEX, Style, write
from handgrad.check.tree import Derivative, Differential, Name, Node, Sum, within
from handgrad.check.understanding.setting import Setting

MOST_SETTINGS = 8
"""How many settings are tried."""
TURNS = 24
"""How many sets of numbers are tried for each shape."""
LARGEST = 12
"""The most entries that an input has."""
Locals = Callable[[World, Evaluator], Mapping[str, list[Value]]]


@dataclass(frozen=True)
class Reading:
    """How formulas are read and written.

    `setting` is one under which the relation was tried (`Tried.setting`), `env` gives the layers of its counters (None: all are
    tried), `source` is the document's text, from which names are taken as they stand, `style` how its author writes. `scales` are
    the constants of families of gradients that the document keeps to: its dW is scale · ∂J/∂W, where J is the sum over the
    examples. `others` are settings that are tried after `setting`, where the correction may hold.
    """

    setting: Setting
    lexicon: Lexicon
    env: Mapping[str, int] | None = None
    source: str | None = None
    style: Style = TEX
    scales: Mapping[str, Scale] = field(default_factory=dict)
    locals_: Locals | None = None
    others: Sequence[Setting] = ()

    def spelled(self, node: Node) -> str:
        """A part of a formula on one line, in the document's notation."""
        return " ".join(write(node, self.source, self.style).split())

    def author(self, world: World, env: Mapping[str, int]) -> Author:
        """What evaluates formulas as the author counts."""
        found = Author(world, self.setting, self.lexicon, env)
        found.scales = self.scales
        if self.locals_ is not None:
            found.locals.update(self.locals_(world, found))
        return found

    def layers(self, nodes: Sequence[Node]) -> Iterator[Mapping[str, int]]:
        """The layers that the counters of these formulas may stand for."""
        if self.env is not None:
            yield self.env
            return
        counters = sorted(counters_in(nodes, self.lexicon) - set(self.lexicon.fixed))[:2]
        for numbers in combinations(range(self.setting.L + 1), repeat=len(counters)):
            yield dict(zip(counters, numbers, strict=True))


def witness(left: Node, right: Node, corrected: Node | None, reading: Reading) -> Witness | None:
    """A small world in which `left = right` fails and `left = corrected` holds; None where none is found.

    Where a gradient stands on the left, what is measured is found by nudging; else the left side's value is what is true.
    """
    return _first((left, right, corrected), reading)


def step_witness(parameter: Node, step: Node, sign: str, reading: Reading) -> Witness | None:
    """A witness of a wrong update `parameter := parameter sign step`: the parameter after this step and after a right one."""
    right = Sum(None, (parameter, step), ("+", sign))
    found = _first((parameter, right, None), reading, step=Differential(None, parameter, "d"))
    if found is None:
        return None
    return replace(found, quantity=f"{found.quantity} after the step", how="after a step against the gradient")


def _first(formula: tuple[Node, Node, Node | None], reading: Reading, step: Node | None = None) -> Witness | None:
    """The first witness: under the setting, or under another one where the correction holds."""
    nodes = [node for node in formula if node is not None]
    for setting in list(dict.fromkeys(_settings(reading, sure=formula[2] is None)))[:MOST_SETTINGS]:
        here = replace(reading, setting=setting)
        for env in here.layers(nodes):
            try:
                with np.errstate(all="ignore"):
                    found = _Search(formula, here, env, step).first()
            except (UnknownError, MisfitError, KeyError):  # a layer that the network does not have
                continue
            if found is not None:
                return found
    return None


def _settings(reading: Reading, *, sure: bool) -> Iterator[Setting]:
    """The settings in which to look; only the given one where no correction tells which is right."""
    own = reading.setting
    yield own
    if not sure:
        yield single(own)
        yield own.but(top=True)
        yield from (own.but(hidden=(name,)) for name in own.hidden)
        yield from reading.others


class _Search:
    """The search for a world in which a relation fails. With `step`, left is a parameter, and a step against this is true."""

    def __init__(
        self, formula: tuple[Node, Node, Node | None], reading: Reading, env: Mapping[str, int], step: Node | None = None
    ) -> None:
        left, right, corrected = formula
        self.left, self.right, self.corrected, self.step = left, right, corrected, step
        self.reading, self.env = reading, env
        self.finder = leaves = Leaves(reading.author(reading.setting.world(0), env), reading.spelled)
        goal = leaves.one(within(step or left))
        own = next(iter(goal.keys)) if goal is not None and len(goal.keys) == 1 else None
        self.gradient = isinstance(within(step or left), Derivative | Differential) or (goal is not None and goal.gradient)
        sides = [right] if corrected is None else [right, corrected]
        if goal is None or step is not None:
            sides.append(step or left)
        shown = {leaf.text: leaf for side in reversed(sides) for leaf in reversed(leaves.of(side))}
        self.leaves = [
            leaf
            for leaf in reversed(shown.values())
            if step is not None or goal is None or (leaf.keys, leaf.gradient) != (goal.keys, goal.gradient)
        ]
        self.plan = self._plan(own)

    def _plan(self, own: tuple[str, int] | None) -> Plan:
        keys = frozenset(key for leaf in self.leaves if not leaf.gradient for key in leaf.keys)
        slopes = {key for leaf in self.leaves if leaf.gradient for key in leaf.keys}
        steps = {
            key for leaf in self.leaves if leaf.gradient and leaf.node is not self.step for key in leaf.keys if key[0] in {"W", "b"}
        }
        given = {key for key in slopes if key[0] in {"W", "b"}} if steps and (self.step is not None or not self.gradient) else set()
        units = sorted((key for key in slopes if key[0] in {"Z", "A"}), key=rank)
        truth = self.corrected if self.corrected is not None else self.right
        by_target = any(
            kind == "Y" for leaf in self.finder.of(truth) for kind, _ in leaf.keys
        )  # a gradient that is found from Y is that of the loss itself
        if units and not by_target and (not self.gradient or own is None or rank(units[-1]) > rank(own)):
            given.add(units[-1])
        return Plan(keys, frozenset(given), own, self.gradient)

    def first(self) -> Witness | None:
        """The first small world in which the formula fails; None for penalties, which no loss here has."""
        if any(self.reading.lexicon.habit.role(leaf.node) == "penalty" for leaf in self.leaves if isinstance(leaf.node, Name)):
            return None
        everything = {key for leaf in self.leaves for key in leaf.keys} | ({self.plan.asked} if self.plan.asked else set())
        layers = {layer for _, layer in everything} | {layer - 1 for kind, layer in everything if kind == "W"}
        for shape in dict.fromkeys(shapes(self.reading.setting)):
            try:
                found = self._of(shape)
            except MisfitError as error:
                if error.kind in {"index", "correction"}:  # such as a unit by a number that this shape does not have
                    continue
                break
            if found is not None:
                return found
        return next((found for shape in uneven(self.reading.setting, layers) if (found := self._large(shape))), None)

    def _of(self, shape: Shape) -> Witness | None:
        """The first witness in worlds of this shape, best one whose numbers are written in full."""
        rough = None
        for turn in range(TURNS):
            world = small_world(shape, self.plan, turn)
            if world is None:
                continue
            found, exact = self._compared(world)
            if found is not None and exact:
                return found
            rough = rough or found
        return rough

    def _large(self, shape: Shape) -> Witness | None:
        """In a shape whose dimensions differ: the formula has no value there, or one of another shape."""
        for turn in range(TURNS):
            world = small_world(shape, self.plan, turn)
            if world is None:
                continue
            author, truth = self._author(world)
            try:
                rights = author.values(self.right)
            except MisfitError as error:
                why = error.why if error.kind in {"index", "sum"} else clash(self.right, author)
            else:
                try:
                    first_pair(truth, rights)
                except MisfitError as error:
                    why = _unlike(truth[0], rights[0]) if truth[0].matrix and not truth[0].letters else error.why
                else:
                    return self._compared(world)[0]
            found = self._witness(author, truth, None, f"no value: {why}") if why is not None else None
            if found is not None:
                return found
        return None

    def _author(self, world: Held) -> tuple[Author, list[Value]]:
        """What evaluates in a world, and what is true of the left side there."""
        found = self.reading.author(world, self.env)
        found.target = found.values(self.left)[0]
        truth = self._truth(found)
        return found, truth

    def _truth(self, author: Author) -> list[Value]:
        """What is true of the left side: its value, or that of the parameter after a step down.

        A correction is right with the document's constants, so that a gradient is taken with the constant that it has. Raises
        MisfitError where the correction does not hold.
        """
        if self.step is not None:
            return author.each([self.left, self.step], lambda p, g: elementwise([p, g], lambda a, b: a - RATE * b))
        truth = author.values(self.left)
        if self.corrected is None:
            return truth
        constant = factor(truth, author.values(self.corrected), author.world.m)
        if constant is None or (constant != 1 and not self.gradient):
            raise MisfitError("the correction does not hold here", "correction")
        return [elementwise([value], lambda a: a * constant) for value in truth] if constant != 1 else truth

    def _compared(self, world: Held) -> tuple[Witness | None, bool]:
        """A witness where the formula fails here, and whether its numbers are written in full. Raises MisfitError."""
        author, truth = self._author(world)
        rights = author.values(self.right)
        x, y, form = first_pair(truth, rights)
        if author.upside_down and x.size == 1 and alike(x, y) and abs(x.flat[0]) > CLEAR:
            x = 1 / x  # both sides are ∂J/∂A, and ∂A/∂J is written
        elif any(alike(a, b) for a, b, _ in pairs(truth, rights)):
            return None, False
        place = differing(x, y)
        if place is None:
            return None, False
        found = self._witness(author, truth, (x[place], entry(form, x.shape, place)), rounded(y[place]))
        return found, found is not None and in_full(x[place]) and all(_full(leaf, author) for leaf in self.leaves)

    def _witness(self, author: Author, truth: list[Value], at: tuple[float, str] | None, wrong: str) -> Witness | None:
        """The witness with what is true at an entry, the first one that shows it where none is given."""
        if at is None:
            x, _, form = first_pair(truth, truth)
            place = differing(x, 0 * x)
            if place is None:  # nothing but zeros shows little
                return None
            at = float(x[place]), entry(form, x.shape, place)
        true = rounded(at[0])
        values = [(leaf, author.values(leaf.node)[0]) for leaf in self.leaves]
        if wrong == true or any(value.data.size > LARGEST for _, value in values):
            return None
        inputs = {(leaf.keys or leaf.text, leaf.gradient, shown(value)): leaf.text for leaf, value in reversed(values)}
        fixed = None if self.corrected is None or author.upside_down else true
        how = NUDGED if self.gradient else "true"
        return Witness(
            tuple((text, numbers) for (*_, numbers), text in reversed(inputs.items())),
            self.reading.spelled(self.left),
            wrong,
            true,
            fixed,
            at[1],
            how,
        )


def _full(leaf: Leaf, author: Author) -> bool:
    """Whether an input's numbers are written with all their digits."""
    return all(in_full(float(number)) for number in author.values(leaf.node)[0].data.flat)


def _unlike(left: Value, right: Value) -> str | None:
    """What the shape of the right side is, and what it has to be; None where they are the same."""
    return None if size(left) == size(right) else f"it is {size(right)}, where {size(left)} is needed"
