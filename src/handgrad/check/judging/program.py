"""Documents that are no network of matrices but a program of numbers: worked examples, one neuron, nested expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product as combinations

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.check.judging.comparing import Outcome, Scale
from handgrad.check.judging.evaluating import UnknownError
from handgrad.check.judging.program_graph import Graph, Links, marks_of
from handgrad.check.judging.program_links import kind_of, links_of
from handgrad.check.judging.program_missing import HIDDEN
from handgrad.check.judging.program_names import MarkError, has_gradients, inside, is_loss, names_of, tidied, variables
from handgrad.check.judging.program_numbers import HOLDS, Numbers
from handgrad.check.judging.program_point import DRAWS, Point
from handgrad.check.judging.program_units import ACTIVATION
from handgrad.check.tree import (
    BigSum,
    Call,
    Compare,
    Derivative,
    Differential,
    Matrix,
    Name,
    Node,
    Number,
    Product,
    Script,
    Sum,
    walk,
)
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import usual_role

TOLERANCE = 1e-5
TINY = 1e-8
FEWEST = 4
"""In how many draws both sides must have a value."""
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

        `activations` says which functions of the catalogue letters stand for, as {"f": "tanh"}, as far as that is known from elsewhere.
        """
        originals = {r.place: r for r in relations if r.unreadable() is None}
        readable = [_tidied(r) for r in originals.values()]
        matrices = sum(1 for r in readable if _of_matrices(r))
        if not readable or 3 * matrices > len(readable):
            return None
        links = links_of(readable, activations or {})
        if not links.places:
            return None
        program = cls(links, readable, Numbers(links.graph), _originals=originals)
        program._settle()
        for relation in readable:
            program.numbers.learn(relation)
        outcomes = [program.judge(r) for r in originals.values()]
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
        """Whether a relation is right: "holds" with the constant scale (left = scale · right), "differs", or "unknown" with the reason."""
        if (why := relation.unreadable()) is not None:
            return Outcome("unknown", why=why)
        own = self._originals.get(relation.place)
        if own is None or own.left is not relation.left or own.right is not relation.right:
            return self._judged(_tidied(relation), own=False)
        if relation.place not in self._known:
            self._known[relation.place] = self._judged(_tidied(relation), own=True)
        return self._known[relation.place]

    @np.errstate(all="ignore")
    def judge_update(self, relation: Relation) -> Outcome:
        """Whether an update subtracts a rate times the gradient by the very name that it changes; scale -1 where it adds it."""
        relation = _tidied(relation)
        left = inside(relation.left)
        by = inside(left.of) if isinstance(left, Differential) else left
        if not isinstance(by, Name):
            return Outcome("unknown", why="what is updated is no name", node=relation.left)
        outcomes = [self._updated(relation, by, bound) for bound in self._instances((relation.left, relation.right))]
        return _together(outcomes) if outcomes else Outcome("unknown", why="what its index stands for is not known", node=by)

    def is_update(self, relation: Relation) -> bool:
        """Whether a relation changes what stands on its left."""
        left = inside(relation.left)
        if relation.op in {"-=", "+="} or (isinstance(left, Differential) and left.mark == "Delta"):
            return True
        if not isinstance(left, Name) or relation.step:
            return False
        right = inside(relation.right)
        first = inside(right.terms[0]) if isinstance(right, Sum) else None
        if not isinstance(first, Name) or first.name != left.name:
            return False
        a, b = self._base(left), self._base(first)
        return (
            a is not None
            and a == b
            and has_gradients(relation.right) | any(usual_role(n) == "rate" for n in names_of(relation.right))
        )

    # which definitions are meant

    def _settle(self) -> None:
        """Of several definitions of a name take the one with which most of the relations hold; the first one where they say nothing."""
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
            if not isinstance(inside(relation.left), Name):
                point.value(relation.left)
        except (UnknownError, MarkError):
            pass
        return key in point.seen

    def _support(self, graph: Graph, relations: Iterable[Relation]) -> int:
        return sum(_symbolic(graph, r.left, r.right, {}).scale == Scale() for r in relations)

    # judging

    def _judged(self, relation: Relation, *, own: bool) -> Outcome:
        if self.is_update(relation):
            return self.judge_update(relation)
        if own and relation.place in self.links.places:
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
        if outcome.kind == "differs" and _conditional(relation.right):
            return Outcome("unknown", why="it is said for one case only")
        return outcome

    def _relied_on(self, relation: Relation) -> bool:
        """Whether a relation is right, and all that its chain says before."""
        before = self._originals.get(relation.place - 1) if relation.step else None
        outcome = self.judge(self._originals[relation.place])
        return outcome.kind == "holds" and outcome.scale == Scale() and (before is None or self._relied_on(before))

    def _symbolic(self, relation: Relation) -> Outcome:
        left, right = relation.left, relation.right
        instances = self._instances((left, right))
        if not instances:
            return Outcome("unknown", why="what its index stands for is not known", node=left)
        outcome = _together([_symbolic(self.graph, left, right, bound) for bound in instances])
        if outcome.kind == "holds" and (outcome.scale == Scale() or self._of_loss(left)):
            return outcome
        for fixed in self._given():
            other = _together([_symbolic(self.graph, left, right, bound, fixed) for bound in instances])
            if other.kind == "holds" and other.scale == Scale():
                return other
        wide = _together([_symbolic(self.graph, left, right, bound, wide=True) for bound in instances])
        if wide.kind == "holds" and wide.scale == Scale():
            return wide
        if outcome.kind == "holds":
            outcome = Outcome("differs", outcome.scale, why="it is off by a constant")
        if outcome.kind == "differs" and (doubt := self._doubt(left, right, instances[0])):
            return Outcome("unknown", why=f"it is not said what {doubt} is")
        return outcome

    def _of_loss(self, left: Node) -> bool:
        """Whether a side is a gradient of the loss, or an error signal, whose constant is a matter of convention."""
        left = inside(left)
        if isinstance(left, Differential):
            return True
        if isinstance(left, Name):
            return usual_role(left) in {"delta", None} and not is_loss(left)
        return any(
            isinstance(p, Differential) or (isinstance(p, Derivative) and isinstance(o := inside(p.of), Name) and is_loss(o))
            for p in walk(left)
        )

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
            self.graph.uncertain | (self.links.presumed - (self.links.units if _of_units(left, right) else set()))
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
        texts = [self.graph.members(names, letter) for letter in letters]
        if len(letters) > 2:
            return []
        return [dict(zip(letters, picked, strict=True)) for picked in combinations(*texts)]

    # updates

    def _base(self, name: Name) -> str | None:
        try:
            return self.graph.names.key(name)
        except MarkError:
            return None

    def _updated(self, relation: Relation, by: Name, bound: Mapping[str, str]) -> Outcome:
        graph = self.graph
        point = Point(graph)
        try:
            old = _before(by, graph)
            value = point.value(old, bound)
            right = point.value(relation.right, bound)
            loss = graph.known[graph.loss] if graph.loss else None
            if loss is None:
                return Outcome("unknown", why="no loss is defined that this could lower")
            slope = point.derived(loss, old, bound)
            change = right - value if isinstance(inside(relation.left), Name) and relation.op not in {"-=", "+="} else right
            change = -change if relation.op == "-=" else change
            names = [point.value(rate, bound) for rate in _rates(relation.right)]
            rates = [
                *names,
                *([np.prod(names, axis=0)] if len(names) > 1 else []),
                *(np.full(DRAWS, n) for n in _numbers(relation.right)),
            ]
        except UnknownError as error:
            return Outcome("unknown", why=error.why, node=error.node)
        if not np.abs(slope).max() > 1e-9:
            return Outcome("unknown", why=f"nothing says how the loss depends on {by.name}", node=by)
        for rate in [*rates, np.ones(DRAWS)]:
            scale = scale_between(change, -rate * slope, point)
            if scale is not None:
                return Outcome("holds", scale)
        if point.seen & (graph.uncertain | self.links.presumed) or not rates:
            return Outcome("unknown", why="the gradient that it uses is not known")
        return Outcome("differs", why="what is subtracted is not a rate times the gradient")


def _tidied(relation: Relation) -> Relation:
    return replace(relation, left=tidied(relation.left), right=tidied(relation.right), subject=tidied(relation.subject))


def _before(name: Name, graph: Graph) -> Name:
    """A name without what marks it as the value after an update."""
    spelled = graph.names.spelled(name)
    if not spelled.updated:
        known = graph.known.get(spelled.key)
        return known if known is not None and not spelled.letters else name
    kept = tuple(s for s in name.scripts if not _marks_time(graph, replace(name, scripts=(s,))))
    return replace(name, scripts=kept)


def _marks_time(graph: Graph, name: Name) -> bool:
    spelled = graph.names.spelled(name)
    return spelled.updated and not spelled.suffix


def _rates(node: Node) -> list[Name]:
    found = [n for n in names_of(node) if usual_role(n) in {"rate", None} and not n.scripts]
    return sorted(found, key=lambda n: usual_role(n) is None)


def _numbers(node: Node) -> list[float]:
    return [p.value for p in walk(node) if isinstance(p, Number) and p.value > 0]


def _symbolic(
    graph: Graph, left: Node, right: Node, bound: Mapping[str, str], fixed: Mapping[str, float] | None = None, *, wide: bool = False
) -> Outcome:
    point = Point(graph, fixed)
    point.wide = wide
    try:
        x, y = point.value(left, bound), point.value(right, bound)
    except (UnknownError, MarkError) as error:
        return Outcome("unknown", why=str(error), node=getattr(error, "node", None))
    if (np.isfinite(x) & np.isfinite(y) & point.clear).sum() < FEWEST:
        return Outcome("unknown", why="it has no value at most points")
    nothing = not (np.any(np.abs(x) > TINY) or np.any(np.abs(y) > TINY))
    if nothing and not any(isinstance(inside(side), Number) for side in (left, right)):
        return Outcome("unknown", why="it is zero everywhere")
    scale = scale_between(x, y, point)
    if scale is None:
        return Outcome("differs", upside_down=point.upside_down)
    return Outcome("holds", scale, upside_down=point.upside_down)


def scale_between(x: Array, y: Array, point: Point) -> Scale | None:
    """The constant ±2^a m^b with x = constant · y in all draws, or None."""
    sure = np.isfinite(x) & np.isfinite(y) & point.clear
    x, y = x[sure], y[sure]
    size = float(np.abs(x).max(initial=0.0))
    if size < TINY and float(np.abs(y).max(initial=0.0)) < TINY:
        return Scale()
    counts = np.arange(3.0, 3.0 + DRAWS)[sure]
    for examples in (0, 1, -1, 2, -2):
        z = y * counts**examples
        under = float(np.vdot(z, z))
        constant = float(np.vdot(z, x)) / under if under > 1e-18 else 0.0
        if constant == 0 or float(np.abs(x - constant * z).max()) > TOLERANCE * max(size, 1e-2):
            continue
        twos = np.log2(abs(constant))
        if abs(twos - round(twos)) < 1e-4 and abs(twos) < 3.5:
            return Scale(1 if constant > 0 else -1, round(twos), examples)
    return None


def _of_units(left: Node, right: Node) -> bool:
    """Whether a relation is of derivatives alone, by and of sums, outputs and errors, so that no weight's name matters."""
    names = [name for side in (left, right) for name in names_of(side)]
    parts = [part for side in (left, right) for part in walk(side)]
    return any(isinstance(part, Derivative) for part in parts) and all(
        usual_role(name) in {"Z", "A", "loss"} for name in names if name.scripts
    )


def _keys(graph: Graph, body: Node) -> list[str]:
    """The names that a formula is made of, without functions."""
    found = []
    for name in variables(body):
        marks = marks_of(graph.names, name)
        if marks is not None and marks.key in graph.known:
            found.append(marks.key)
    return list(dict.fromkeys(found))


def _conditional(node: Node) -> bool:
    """0 (x <= 0): a value and, in brackets, when it is so."""
    node = inside(node)
    return isinstance(node, Product) and isinstance(inside(node.items[-1]), Compare)


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    """One outcome for all that an index may stand for."""
    for kind in ("differs", "unknown"):
        for outcome in outcomes:
            if outcome.kind == kind:
                return outcome
    if len({outcome.scale for outcome in outcomes}) > 1:
        return Outcome("differs", why="the constant is not the same for all")
    return outcomes[0]


def _of_matrices(relation: Relation) -> bool:
    """Whether a relation has what numbers do not have: matrices, transposes, elementwise products."""
    for side in (relation.left, relation.right):
        for part in walk(side):
            if isinstance(part, Matrix) or (isinstance(part, Script) and part.kind == "transpose"):
                return True
            if isinstance(part, Product) and NO_NUMBERS & set(part.signs):
                return True
            if isinstance(part, Name) and part.name in {"W", "Z", "A"} and len(part.scripts) < 2:
                return True
            if (
                isinstance(part, Script)
                and part.kind == "sup"
                and any(isinstance(b, Name) and b.name in {"T", "top"} for b in part.body)
            ):
                return True
    return False


__all__ = ["Program"]
