"""Documents that are no network of matrices but a program of numbers: worked examples, one neuron, nested expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product as combinations

import numpy as np

from handgrad.check.judging.comparing import Outcome, Scale
from handgrad.check.judging.evaluating import UnknownError
from handgrad.check.judging.program_compare import compared, conditional, of_loss, of_matrices, of_units, together
from handgrad.check.judging.program_graph import Graph, Links, marks_of
from handgrad.check.judging.program_links import kind_of, links_of
from handgrad.check.judging.program_missing import HIDDEN
from handgrad.check.judging.program_names import MarkError, Spelled, names_of, tidied, variables
from handgrad.check.judging.program_numbers import HOLDS, Numbers
from handgrad.check.judging.program_point import Point
from handgrad.check.judging.program_sums import members
from handgrad.check.judging.program_units import ACTIVATION
from handgrad.check.judging.program_updates import is_update, updated
from handgrad.check.tree import BigSum, Call, Derivative, Differential, Name, Node, bare, walk
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import usual_role

LARGEST = 400
"""How many relations a document has at most; no one works out more number by number."""
SUPPORT = 40
"""How many relations are asked which of several definitions is meant."""
NO_NUMBERS = frozenset({"odot", "otimes", "@", ".*", "circ"})


@dataclass
class Program:
    """A document as a program of numbers. `share` is how many of its relations hold in it, of those that can be read."""

    links: Links
    relations: Sequence[Relation]
    numbers: Numbers
    share: float = 0.0
    _originals: dict[int, Relation] = field(default_factory=dict)
    _known: dict[int, Outcome] = field(default_factory=dict)

    @classmethod
    @np.errstate(all="ignore")
    def of(cls, relations: Sequence[Relation], activations: Mapping[str, str] | None = None) -> Program | None:
        """The program that relations define, or None where they define none: no definitions, or mostly matrices.

        `activations` says which functions of the catalogue letters stand for, as {"f": "tanh"}, where that is known.
        """
        originals = {r.place: r for r in relations if r.unreadable() is None}
        readable = [_tidied(r) for r in originals.values()]
        matrices = sum(1 for r in readable if of_matrices(r))
        if not readable or len(readable) > LARGEST or 3 * matrices > len(readable):
            return None
        links = links_of(readable, activations or {})
        if not links.places:
            return None
        program = cls(links, readable, Numbers(links.graph), _originals=originals)
        program._settle()
        program._settle_signals()
        for relation in readable:
            program.numbers.learn(relation)
        outcomes = [program._outcome(r) for r in originals.values()]
        program.share = sum(o.kind == "holds" for o in outcomes) / len(outcomes)
        return program

    @property
    def graph(self) -> Graph:
        """What is defined."""
        return self.links.graph

    @property
    def owns(self) -> bool:
        """Whether most of the document is explained by it."""
        return self.share >= 0.6

    @np.errstate(all="ignore")
    def judge(self, relation: Relation) -> Outcome:
        """Whether a relation is right: it holds with a constant (left = scale · right), differs, or is unknown, with the reason."""
        self.graph.work[0] = 0
        return self._outcome(relation)

    def _outcome(self, relation: Relation) -> Outcome:
        if (why := relation.unreadable()) is not None:
            return Outcome("unknown", why=why)
        own = self._originals.get(relation.place)
        if own is None or own.left is not relation.left or own.right is not relation.right:
            return self._safely(_tidied(relation), own=False)
        if relation.place not in self._known:
            self._known[relation.place] = self._safely(_tidied(relation), own=True)
        return self._known[relation.place]

    @np.errstate(all="ignore")
    def judge_update(self, relation: Relation) -> Outcome:
        """Whether an update subtracts a rate times the gradient by the very name that it changes; scale -1 where it adds it."""
        relation = _tidied(relation)
        left = bare(relation.left)
        by = bare(left.of) if isinstance(left, Differential) else left
        if not isinstance(by, Name):
            return Outcome("unknown", why="what is updated is no name", node=relation.left)
        outcomes = [updated(self.links, relation, by, bound) for bound in self._instances(relation.sides)]
        return together(outcomes) if outcomes else Outcome("unknown", why="what its index stands for is not known", node=by)

    # which definitions are meant

    def _settle(self) -> None:
        """Of several definitions of a name take the one with which most relations hold; the first one where they say nothing."""
        for letter in sorted(self.links.letters)[:4]:
            concerned = [r for r in self.relations if self._needs(r, letter)][:SUPPORT]
            trials = [replace(self.graph, activations={**self.graph.activations, letter: kind}) for kind in HIDDEN]
            scores = [self._support(graph, concerned) for graph in trials]
            if max(scores) > 0:
                self._take(trials[int(np.argmax(scores))])
            elif letter == ACTIVATION:  # it matters nowhere, or units differ; what depends on it is not held against anyone
                self._take(trials[0])
        for key, bodies in list(self.links.choices.items())[:8]:
            concerned = [r for r in self.relations if self.links.places.get(r.place) != key and self._concerns(r, key)][:SUPPORT]
            scores = [self._support(self.graph.but(key, body), concerned) for body in bodies]
            if key not in self.links.presumed and self._sigmoids(key):
                scores = [score + isinstance(body, Call) for score, body in zip(scores, bodies, strict=True)]
            best = int(np.argmax(scores))
            self._take(self.graph.but(key, bodies[best]))
            if best and key not in self.links.presumed:
                self.links.places = {place: k for place, k in self.links.places.items() if k != key}
            if key in self.links.presumed and scores[best] > 1 and scores.count(scores[best]) == 1:
                self.links.presumed.discard(key)  # the document's own formulas say it

    def _settle_signals(self) -> None:
        """Error signals are gradients by sums where another one of the document is, or where more relations hold with that."""
        sums = {m.suffix: n for k, n in self.graph.known.items() if k in self.graph.defined and (m := self._sum(n)) is not None}
        others: list[tuple[str, Node]] = []
        agree = 0
        for key in [k for k in self.graph.defined if k in self.links.places.values()][:LARGEST]:
            name = self.graph.known[key]
            marks = marks_of(self.graph.names, name)
            if self.graph.loss is None or usual_role(name) != "delta" or marks is None or marks.suffix not in sums:
                continue
            meant = Derivative(None, self.graph.known[self.graph.loss], sums[marks.suffix], "partial")
            kind = compared(self.graph, self.graph.defined[key], meant, {}).kind
            agree += kind == "holds"
            if kind == "differs" and self._doubt(meant, self.graph.defined[key], {}) is None:
                others.append((key, meant))
        for key, gradient in others:
            concerned = [r for r in self.relations if self.links.places.get(r.place) != key and self._concerns(r, key)][:SUPPORT]
            graph = self.graph.but(key, gradient)
            if agree or self._support(graph, concerned) > self._support(self.graph, concerned):
                self._take(graph)
                self.links.places = {place: k for place, k in self.links.places.items() if k != key}

    def _sum(self, name: Name) -> Spelled | None:
        return marks_of(self.graph.names, name) if usual_role(name) == "Z" else None

    def _sigmoids(self, key: str) -> bool:
        """Whether other units have the sigmoid of their sums."""
        graph = self.graph
        others = [(k, body) for k, body in graph.defined.items() if k != key and k not in self.links.presumed]
        sums = [(body, tuple(k for k in _keys(graph, body))) for _, body in others]
        return any(
            len(keys) == 1 and usual_role(graph.known[keys[0]]) == "Z" and kind_of(graph, keys, body) == "sigmoid"
            for body, keys in sums
        )

    def _take(self, graph: Graph) -> None:
        self.links.graph = self.numbers.graph = graph

    def _needs(self, relation: Relation, letter: str) -> bool:
        """Whether it matters for a relation which function a letter is."""
        trials = [replace(self.graph, activations={**self.graph.activations, letter: kind}) for kind in ("sigmoid", "softplus")]
        values = []
        for graph in trials:
            point = Point(graph)
            try:
                values.append(point.value(relation.left) - point.value(relation.right))
            except (UnknownError, MarkError):
                return False
        return not np.allclose(values[0], values[1], equal_nan=True)

    def _concerns(self, relation: Relation, key: str) -> bool:
        """Whether a name is needed for a relation beyond being what stands on its left."""
        point = Point(self.graph)
        try:
            point.value(relation.right)
            if not isinstance(bare(relation.left), Name):
                point.value(relation.left)
        except (UnknownError, MarkError):
            pass
        return key in point.seen

    def _support(self, graph: Graph, relations: Iterable[Relation]) -> int:
        return sum(compared(graph, r.left, r.right, {}).scale == Scale() for r in relations)

    # judging

    def _safely(self, relation: Relation, *, own: bool) -> Outcome:
        try:
            return self._judged(relation, own=own)
        except RecursionError:
            return Outcome("unknown", why="nested too deeply")

    def _judged(self, relation: Relation, *, own: bool) -> Outcome:
        if is_update(self.graph, relation):
            return self.judge_update(relation)
        if own and relation.place in self.links.places and not of_matrices(relation):
            return HOLDS
        if relation.op not in {"=", ":=", "<-", "equiv", "approx"}:
            return Outcome("unknown", why="no equation")
        numeric = self.numbers.concerns(relation)
        if numeric and (found := self.numbers.judge(relation, self._relied_on)) is not None:
            far = relation.left.span is not None and relation.left.span[0] < relation.passage.start
            return Outcome("unknown", why="what this goes on from is not certain") if found.kind == "differs" and far else found
        outcome = self._symbolic(relation)
        if outcome.kind == "differs" and numeric:
            return Outcome("unknown", why="the numbers that it needs are not given")
        if outcome.kind == "differs" and conditional(relation.right):
            return Outcome("unknown", why="it is said for one case only")
        return outcome

    def _relied_on(self, relation: Relation) -> bool:
        """Whether a relation is right, and all that its chain says before."""
        places = range(relation.place - relation.step, relation.place + 1)
        outcomes = (self._outcome(self._originals[place]) for place in places if place in self._originals)
        return all(outcome.kind == "holds" and outcome.scale == Scale() for outcome in outcomes)

    def _symbolic(self, relation: Relation) -> Outcome:
        left, right = relation.left, relation.right
        instances = self._instances((left, right))
        if not instances:
            return Outcome("unknown", why="what its index stands for is not known", node=left)
        outcome = together([compared(self.graph, left, right, bound) for bound in instances])
        if outcome.kind == "holds" and (outcome.scale == Scale() or of_loss(left)):
            return outcome
        for fixed in self._given():
            other = together([compared(self.graph, left, right, bound, fixed) for bound in instances])
            if other.kind == "holds" and other.scale == Scale():
                return other
        wide = together([compared(self.graph, left, right, bound, wide=True) for bound in instances])
        if wide.kind == "holds" and wide.scale == Scale():
            return wide
        if outcome.kind == "holds":
            outcome = Outcome("differs", outcome.scale, why="it is off by a constant")
        if outcome.kind == "differs" and (doubt := self._doubt(left, right, instances[0])):
            return Outcome("unknown", why=f"it is not said what {doubt} is")
        return outcome

    def _given(self) -> list[dict[str, float]]:
        """Targets of 0 or 1 that the document gives, for formulas that hold for these only."""
        found: dict[str, float] = {}
        for key, values in self.numbers.values.items():
            name = self.graph.known.get(key)
            if name is not None and usual_role(name) == "Y" and values[0][1].value in {0.0, 1.0}:
                found[key] = values[0][1].value
        return [found] if found else []

    def _doubt(self, left: Node, right: Node, bound: Mapping[str, str]) -> str | None:
        """A name that matters here and of which it is not certain what it is."""
        point = Point(self.graph)
        try:
            point.value(left, bound)
            point.value(right, bound)
        except (UnknownError, MarkError):
            return "something"
        doubts = point.seen & (
            self.graph.uncertain | (self.links.presumed - (self.links.units if of_units(left, right) else set()))
        )
        doubts |= {key for key in point.seen if not self.graph.sure(key)}
        for side in (left, right):
            doubts |= {p.function.name for p in walk(side) if isinstance(p, Call) and p.function.name in self.links.twice}
        return min(doubts) if doubts else None

    def _instances(self, sides: Sequence[Node]) -> list[dict[str, str]]:
        """What index letters that no sum binds stand for, one after the other; one empty mapping where there are none."""
        summed = {
            n.name for side in sides for p in walk(side) if isinstance(p, BigSum) and p.index is not None for n in names_of(p.index)
        }
        names = [name for side in sides for name in names_of(side) if name.scripts]
        letters: list[str] = []
        for name in names:
            try:
                letters += self.graph.names.spelled(name).letters
            except MarkError:
                continue
        letters = [letter for letter in dict.fromkeys(letters) if letter not in summed]
        texts = [members(self.graph, names, letter) for letter in letters]
        if len(letters) > 2:
            return []
        return [dict(zip(letters, picked, strict=True)) for picked in combinations(*texts)]


def _tidied(relation: Relation) -> Relation:
    return replace(relation, left=tidied(relation.left), right=tidied(relation.right), subject=tidied(relation.subject))


def _keys(graph: Graph, body: Node) -> list[str]:
    """The names that a formula is made of, without functions."""
    found = []
    for name in variables(body):
        marks = marks_of(graph.names, name)
        if marks is not None and marks.key in graph.known:
            found.append(marks.key)
    return list(dict.fromkeys(found))
