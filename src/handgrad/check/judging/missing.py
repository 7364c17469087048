"""What a document never states: the loss, a layer's gradients, gradients that are used but not derived, the updates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from handgrad.check.judging.evaluating import Evaluator, UnknownError
from handgrad.check.judging.judged import EQUALS, Judged
from handgrad.check.judging.leaves import parts, unmarked
from handgrad.check.judging.updates import step_of
from handgrad.check.parsing.writing import PLAIN, TEX, write
from handgrad.check.tree import Call, Derivative, Differential, Name, Node, Number, rebuilt, walk, within
from handgrad.check.understanding.inferring import Understanding
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import LAYERED

GRADIENTS = {"delta": "Z", "accumulated": "W", "mean gradient": "W"}
"""Names of gradients, with what they are the gradients by."""
FEWEST = 2
"""A document with fewer formulas of gradients has no backward pass."""


@dataclass(frozen=True)
class Symbol:
    """A quantity that a formula names: W of layers {2}, or of any layer (None), as it is spelled; or the gradient by it.

    `letter` is the name without its marks, `numbered` says that its layer is a number.
    """

    kind: str
    layers: frozenset[int] | None
    gradient: bool
    text: str
    letter: str
    numbered: bool = False


@dataclass
class Stated:
    """What a document states, and what it uses."""

    gradients: list[Symbol] = field(default_factory=list)
    used: list[tuple[Symbol, str]] = field(default_factory=list)
    updates: list[Symbol] = field(default_factory=list)
    named: list[Symbol] = field(default_factory=list)
    any_update: bool = False
    loss: bool = False
    delta: str = ""

    def covers(self, found: Iterable[Symbol], kind: str, layer: int | None) -> bool:
        """Whether one of these is about a kind of quantity in a layer; None is any layer."""
        return any(s.kind == kind and (s.layers is None or layer is None or layer in s.layers) for s in found)


def missing(judged: Sequence[Judged], understanding: Understanding) -> tuple[str, ...]:
    """What a derivation with a backward pass leaves out, in short sentences with its own names; never a word of what is wrong.

    A formula in l is about all layers, and a chain of factors states a gradient as well as its result.
    """
    reader = _Reader(understanding)
    relations = [j.relation for j in judged if j.relation.op in EQUALS]
    stated = reader.all(relations)
    if len(stated.gradients) < FEWEST:
        return ()
    found = []
    if not (stated.loss or understanding.stated.losses):
        found.append(f"the loss: which one is it that {stated.delta} belongs to?" if stated.delta else "the loss")
    found += _undefined(stated)
    for kind in ("W", "b"):
        names = list(_lacking(stated, stated.gradients, kind))
        if names:
            found.append(f"the gradient{'s' if len(names) > 1 else ''} of {_listed(names)}")
    steps = _without_update(stated)
    if steps:
        found.append(f"the update{'s' if len(steps) > 1 else ''} of {_listed(steps)}")
    return tuple(found)


def _undefined(stated: Stated) -> Iterator[str]:
    """Gradients by units that are used, and for which there is no formula."""
    seen: dict[tuple[str, frozenset[int]], tuple[str, str]] = {}
    for symbol, where in stated.used:
        if symbol.kind not in {"Z", "A"} or symbol.layers is None:
            continue
        if not any(stated.covers(stated.gradients, symbol.kind, layer) for layer in symbol.layers):
            seen.setdefault((symbol.kind, symbol.layers), (symbol.text, where))
    for text, where in seen.values():
        yield f"{text}, which {where} uses"


def _lacking(stated: Stated, found: Sequence[Symbol], kind: str) -> Iterator[str]:
    """The parameters of this kind that are not among those found, by their names: layer by layer where layers have numbers."""
    named = [s for s in stated.named if s.kind == kind and not s.gradient]
    parameters = [s for s in stated.named if s.kind in {"W", "b"}]
    layers = sorted({layer for s in parameters if s.numbered and s.layers is not None for layer in s.layers})
    if not named:
        return
    if not layers or (len(layers) < 2 and not all(s.numbered for s in parameters)):  # layers are l and L, or have no marks
        if not any(s.kind == kind for s in found):
            yield named[0].text
        return
    for layer in layers:
        if not stated.covers(found, kind, layer):
            yield _spelled(named, layer)


def _without_update(stated: Stated) -> list[str]:
    """The parameters that have no update; all of them by their letters, where there is no update at all."""
    if not stated.any_update:
        return list(dict.fromkeys(s.letter for s in _first_of_each(stated)))
    if any(s.letter not in {other.letter for other in stated.named} for s in stated.updates) or not stated.updates:
        return []  # an update of any parameter, as θ
    return [name for kind in ("W", "b") for name in _lacking(stated, stated.updates, kind)]


def _first_of_each(stated: Stated) -> Iterator[Symbol]:
    for kind in ("W", "b"):
        yield from [s for s in stated.named if s.kind == kind and not s.gradient][:1]


def _spelled(named: Sequence[Symbol], layer: int) -> str:
    """A parameter of a layer as this document would write it."""
    for symbol in named:
        if symbol.layers == frozenset({layer}):
            return symbol.text
    first = named[0]
    if first.layers is not None and len(first.layers) == 1:
        number = str(min(first.layers))
        digits = [k for k in range(len(first.text)) if first.text.startswith(number, k)]
        if len(digits) == 1:
            return first.text[: digits[0]] + str(layer) + first.text[digits[0] + len(number) :]
    return f"{first.letter} of layer {layer}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


class _Reader:
    """Reads what relations state."""

    def __init__(self, understanding: Understanding) -> None:
        self.u, self.habit, self.marker = understanding, understanding.lexicon.habit, understanding.trier.marker
        self.style = TEX
        self.probe = Evaluator(understanding.base.world(0), understanding.base, understanding.lexicon)

    def all(self, relations: Iterable[Relation]) -> Stated:
        """What all the relations state together."""
        stated = Stated()
        for relation in relations:
            self.read(stated, relation)
        return stated

    def read(self, stated: Stated, relation: Relation) -> None:
        left, right = within(relation.left), within(relation.right)
        source = relation.passage.source.text
        self.style = TEX if relation.passage.kind == "tex" else PLAIN
        step = step_of(relation, self.marker)
        for side in (left, right) if step is None else ():
            stated.named += [
                s for part in parts(side) for s in (self.symbol(part, source), self.inside(part, source)) if s is not None
            ]
        change = left.of if isinstance(left, Differential) and left.mark == "Delta" else None
        parameter = step[0] if step is not None and self.is_update(*step[:2], source) else change
        if parameter is not None:
            stated.any_update = True
            symbol = self.symbol(parameter, source)
            stated.updates += [symbol] if symbol is not None else []
            return
        if relation.unreadable() is not None:
            return
        if self.is_loss(left) and not isinstance(right, Number | Name):
            stated.loss = True
        goal = self.symbol(within(relation.subject), source) or self.symbol(left, source)
        other = self.symbol(right, source)
        defines = other is not None and goal is not None and (other.kind, other.layers) == (goal.kind, goal.layers)
        if goal is not None and goal.gradient and not defines:
            stated.gradients.append(goal)
            self.note_delta(stated, goal, relation)
        if other is not None and other.gradient and not defines:
            stated.gradients.append(other)
            return
        for part in parts(right):
            used = self.symbol(part, source)
            if used is not None and used.gradient and isinstance(part, Differential | Name):
                stated.used.append((used, goal.text if goal is not None else relation.text))

    def note_delta(self, stated: Stated, goal: Symbol, relation: Relation) -> None:
        """Remember the shortest formula that starts the way back, in which no other gradient stands."""
        text = " ".join(relation.text.split())
        if goal.kind not in {"Z", "A"} or (stated.delta and len(stated.delta) <= len(text)):
            return
        roles = {self.habit.role(n) for n in walk(relation.right) if isinstance(n, Name)}
        if {"Y"} <= roles and not any(isinstance(n, Derivative | Differential) for n in walk(relation.right)):
            stated.delta = text

    def is_update(self, parameter: Node, step: Node, source: str) -> bool:
        """Whether a step is one of a parameter: by its name, or by the gradient in it."""
        role = self.habit.role(parameter) if isinstance(parameter, Name) else None
        if role in GRADIENTS:  # a sum that grows from example to example
            return False
        steps = [s for part in parts(step) if (s := self.symbol(part, source)) is not None and s.gradient]
        every = isinstance(parameter, Name) and parameter.name in {"theta", "Theta"}  # all parameters at once
        return every or role in {"W", "b"} or any(s.kind in {"W", "b"} for s in steps)

    def is_loss(self, node: Node) -> bool:
        name = node.function if isinstance(node, Call) else node
        return isinstance(name, Name) and self.habit.role(name) == "loss"

    def symbol(self, node: Node, source: str) -> Symbol | None:
        """A name of a quantity, or a gradient written as one; None for what is neither."""
        if isinstance(node, Name):
            role = self.habit.role(node)
            if role not in LAYERED:
                return None
            return self.of(node, node, source, GRADIENTS.get(role, role), gradient=role in GRADIENTS)
        if isinstance(node, Differential):
            by: Node = node.by if node.by is not None else node.of
        elif isinstance(node, Derivative) and self.is_loss(within(node.of)):
            by = node.by
        elif isinstance(node, Derivative) and self.is_loss(within(node.by)):  # upside down
            by = node.of
        else:
            return None
        by = within(by)
        role = self.habit.role(by) if isinstance(by, Name) else None
        if not isinstance(by, Name) or role is None or (role not in LAYERED and role != "output") or role in GRADIENTS:
            return None
        return self.of(node, by, source, "A" if role == "output" else role, gradient=True)

    def inside(self, node: Node, source: str) -> Symbol | None:
        """The quantity that a gradient is by."""
        by = node.by if isinstance(node, Derivative) else (node.by or node.of) if isinstance(node, Differential) else None
        return self.symbol(within(by), source) if by is not None else None

    def of(self, node: Node, by: Name, source: str, kind: str, *, gradient: bool) -> Symbol:
        plain = unmarked(by, self.marker)
        text = " ".join(write(rebuilt(node, by, plain), source, self.style).split())
        letter = write(replace(plain, span=None, scripts=()), None, self.style)
        layer = self.marker.marks(by).layer
        return Symbol(kind, self.layers(by), gradient, text, letter, isinstance(layer, Number))

    def layers(self, name: Name) -> frozenset[int] | None:
        """The layer that a name is of; None where it may be any."""
        marks = self.marker.marks(name)
        if self.u.base.letters or self.u.base.labels:  # letters and words stand for layers as the author likes
            return None
        if marks.layer is not None and any(isinstance(n, Name) and n.name != "L" for n in walk(marks.layer)):
            return None
        role = self.habit.role(name) or ""
        if role == "output":
            return frozenset({self.u.base.L})
        try:
            return frozenset({self.probe.layer(name, marks, role)})
        except UnknownError:
            return None
