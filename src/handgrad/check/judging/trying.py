"""A relation under a setting: for every layer that its counters may stand for, for a batch and for one example."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product as combinations

from handgrad.check.judging.comparing import Outcome, Scale, compare, counters_in
from handgrad.check.judging.evaluating import Lexicon, spelled
from handgrad.check.judging.limits import MOST_UNITS
from handgrad.check.tree import Name, Node, Number, Script, rebuilt, walk
from handgrad.check.understanding.names import named
from handgrad.check.understanding.roles import LAYERED, UNITS
from handgrad.check.understanding.setting import Setting

FRESH = (1, 2)
SINGLE = {"columns": "single", "rows": "row", "single": "single", "row": "row"}


@dataclass(frozen=True)
class Tried:
    """How a relation came out under a setting, and for which layers.

    `only` names layers where it holds for some only; `left` is the side that the right side was compared with.
    """

    outcome: Outcome
    setting: Setting
    only: str = ""
    left: Node | None = None

    @property
    def holds(self) -> bool:
        """Whether it holds up to a constant."""
        return self.outcome.holds

    @property
    def scale(self) -> Scale:
        """The constant."""
        return self.outcome.scale or Scale()


class Trier:
    """Tries relations under settings, and remembers what came out."""

    def __init__(self, lexicon: Lexicon, deadline: float = math.inf) -> None:
        self.lexicon = lexicon
        self.deadline = deadline
        self.marker = lexicon.marker
        self._names: dict[int, tuple[Node, tuple[Name, ...]]] = {}
        self._known: dict[tuple[int, int, Setting, bool], Tried] = {}
        self._nodes: dict[int, Node] = {}
        self.count = 0
        self._counters: dict[tuple[int, int], tuple[Node, Node, list[str]]] = {}

    def names(self, node: Node) -> tuple[Name, ...]:
        """The names in a formula, which is looked through once."""
        known = self._names.get(id(node))
        if known is None or known[0] is not node:
            known = self._names[id(node)] = (node, tuple(named(node)))
        return known[1]

    def fitted(self, setting: Setting, nodes: Sequence[Node]) -> Setting:
        """The setting with one layer where no name has a mark of a layer, and with the widths that are written out."""
        marked = shared = False
        for node in nodes:
            for name in self.names(node):
                role = self.lexicon.habit.role(name)
                if role in LAYERED and (name.name, bool(name.faces & {"hat", "tilde"})) not in self.lexicon.fixed:
                    marks = self.marker.marks(name)
                    shared = True
                    marked = marked or marks.layer is not None or bool(marks.words) or bool(setting.letters and marks.indices)
                elif role in LAYERED:
                    marked = True
        if shared and not marked:
            setting = setting.but(L=1)
        if setting.letters:
            setting = setting.but(letters={**setting.letters, **self.paired(setting, nodes)})
        widths, first = self.explicit(setting, nodes)
        if widths:
            setting = setting.but(widths=widths, first=first)
        return setting

    def paired(self, setting: Setting, nodes: Sequence[Node]) -> dict[str, int]:
        """Layers of letters that only this formula has, from the other letter at their weights, as p and q of w_{pq}."""
        found: dict[str, int] = {}
        for name in (n for node in nodes for n in self.names(node) if self.lexicon.habit.role(n) == "W"):
            letters = [i.name for i in self.marker.marks(name).indices if isinstance(i, Name)]
            if len(letters) != 2:
                continue
            below, above = letters if setting.order == "in-out" else letters[::-1]
            known = {**found, **setting.letters}
            if above in known and below not in known:
                found[below] = known[above] - 1
            elif below in known and above not in known:
                found[above] = known[below] + 1
            elif below not in known and above not in known:
                found[below], found[above] = setting.L - 1, setting.L
        return {letter: layer for letter, layer in found.items() if 0 <= layer <= setting.L}

    def explicit(self, setting: Setting, nodes: Sequence[Node]) -> tuple[dict[int, int], int]:
        """Widths of layers whose units are written out by number, and the number of the first unit."""
        seen: dict[int, set[int]] = {}
        for node in nodes:
            for name in self.names(node):
                role = self.lexicon.habit.role(name)
                marks = self.marker.marks(name)
                if role not in {*UNITS, "W", "b", "X", "Y", "output"} or not any(isinstance(i, Number) for i in marks.indices):
                    continue
                layer = self._layer(name, role or "", setting)
                if layer is None:
                    continue
                layers = [layer, layer - 1] if role == "W" else [layer]
                if role == "W" and setting.order == "in-out":
                    layers.reverse()
                for index, of in zip(marks.indices, layers, strict=False):
                    if isinstance(index, Number) and abs(index.value) <= MOST_UNITS:
                        seen.setdefault(of, set()).add(int(index.value))
        numbers = {k for ks in seen.values() for k in ks}
        first = 0 if 0 in numbers or setting.first == 0 else 1
        return {layer: max(ks) - first + 1 for layer, ks in seen.items() if len(ks) > 1}, first

    def _layer(self, name: Name, role: str, setting: Setting) -> int | None:
        from handgrad.check.judging.evaluating import Evaluator, UnknownError

        if role == "X":
            return 0
        if role in {"Y", "output"}:
            return setting.L
        probe = Evaluator(setting.world(0), setting, self.lexicon, {"l": setting.L})
        try:
            return probe.layer(name, self.marker.marks(name), role)
        except UnknownError:
            return None

    def under(self, left: Node, right: Node, setting: Setting, *, loose: bool = False, seed: int = 0) -> Tried:
        """Try a relation under one setting, as it is: for a batch or for one example."""
        key = (id(left), id(right), setting, loose)
        if time.process_time() > self.deadline:
            return Tried(Outcome("unknown", why="this document takes too long to be judged in full"), setting)
        if key not in self._known or seed:
            self._nodes[id(left)], self._nodes[id(right)] = left, right
            tried = self._tried(left, right, setting, loose=loose, seed=seed)
            if seed:
                return tried
            for fresh in FRESH if tried.holds else ():  # at other points too, since one may agree by chance
                again = self._tried(left, right, setting, loose=loose, seed=fresh)
                if again.outcome.scale != tried.outcome.scale or not again.holds:
                    tried = replace(tried, outcome=Outcome("differs"))
                    break
            self._known[key] = tried
        return self._known[key]

    def _tried(self, left: Node, right: Node, setting: Setting, *, loose: bool, seed: int) -> Tried:
        self.count += 1
        fitted = self.fitted(setting, (left, right))
        counters = self.counters(left, right)
        if not counters:
            return Tried(compare(left, right, fitted, self.lexicon, {}, loose=loose, seed=seed), fitted)
        reach = range(-1, fitted.L + 2)
        outcomes: list[tuple[tuple[int, ...], Outcome]] = []
        for numbers in combinations(reach, repeat=min(len(counters), 2)):
            env = dict(zip(counters, numbers, strict=False))
            outcome = compare(left, right, fitted, self.lexicon, env, loose=loose, seed=seed)
            if not (outcome.kind == "misfit" and outcome.misfit == "layer"):
                outcomes.append((numbers, outcome))
        return _together(outcomes, fitted)

    def counters(self, left: Node, right: Node) -> list[str]:
        """The letters that count layers in a relation, in order."""
        key = (id(left), id(right))
        known = self._counters.get(key)
        if known is None or known[0] is not left or known[1] is not right:
            known = self._counters[key] = (left, right, sorted(counters_in((left, right), self.lexicon)))
        return known[2]

    def first(self, left: Node, right: Node, settings: Iterable[Setting], *, loose: bool = False) -> Tried | None:
        """The first setting under which a relation holds; None where there is none."""
        for setting in settings:
            tried = self.under(left, right, setting, loose=loose)
            if tried.holds:
                return replace(tried, left=left)
        return None


def _together(outcomes: list[tuple[tuple[int, ...], Outcome]], setting: Setting) -> Tried:
    """One outcome for all layers: it holds where it holds for all hidden ones, or for the last one."""
    if not outcomes:
        return Tried(Outcome("misfit", why="there is no layer for which this could be", misfit="layer"), setting)
    holding = [(numbers, outcome) for numbers, outcome in outcomes if outcome.holds]
    failing = [(numbers, outcome) for numbers, outcome in outcomes if not outcome.holds and outcome.kind != "unknown"]
    if not holding:
        return Tried((failing or outcomes)[0][1], setting)
    scales = {outcome.scale for _, outcome in holding}
    if len(scales) > 1:
        return Tried(Outcome("differs", why="the constant differs from layer to layer"), setting)
    if not failing:
        return Tried(holding[0][1], setting)
    top = max(numbers for numbers, _ in outcomes)
    if [numbers for numbers, _ in holding] == [top]:
        return Tried(holding[0][1], setting, only="the last layer")
    if [numbers for numbers, _ in failing] == [top] and len(holding) > 1:
        return Tried(holding[0][1], setting, only="the hidden layers")
    return Tried(failing[0][1], setting)


def single(setting: Setting) -> Setting:
    """The setting for one example."""
    return setting.but(examples=SINGLE[setting.examples])


def specialised(left: Node, right: Node) -> Iterator[tuple[Node, Node]]:
    """A relation with an index letter of its left side replaced by each number that is written as an index on its right side."""
    numbers = dict.fromkeys(part.text for sub in _subscripts(right) for part in walk(sub) if isinstance(part, Number))
    letters = dict.fromkeys(part.name for sub in _subscripts(left) for part in walk(sub) if isinstance(part, Name))
    lefts = {spelled(name) for name in named(left)}
    free = {
        part.name
        for name in named(right)
        if spelled(name) not in lefts
        for s in name.scripts
        for part in walk(s)
        if isinstance(part, Name)
    }
    for letter in letters:
        for text in list(numbers)[:4] if letter not in free else ():
            yield _indexed(left, letter, text), _indexed(right, letter, text)


def _subscripts(node: Node) -> list[Script]:
    return [script for name in named(node) for script in name.scripts if script.kind == "sub"]


def _indexed(node: Node, letter: str, text: str) -> Node:
    """A formula with a number in place of an index letter."""
    for old in [part for sub in _subscripts(node) for part in walk(sub) if isinstance(part, Name) and part.name == letter]:
        node = rebuilt(node, old, Number(None, float(text), text))
    return node
