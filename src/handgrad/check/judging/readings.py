"""Readings that are tried last: those that only some formulas of a text are meant in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from handgrad.check.judging.comparing import is_loss
from handgrad.check.judging.evaluating import NO_LAYER
from handgrad.check.judging.scales import family
from handgrad.check.judging.trying import Tried, specialised
from handgrad.check.tree import Derivative, Name, Node, Number, Product, within
from handgrad.check.understanding.inferring import Understanding
from handgrad.check.understanding.names import named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import LAYERED


class Readings:
    """The less usual readings of one document's relations."""

    def __init__(self, understanding: Understanding, relations: Sequence[Relation]) -> None:
        self.u, self.relations = understanding, relations
        self.habit = understanding.lexicon.habit

    def another_way(self, relation: Relation, tried: Tried) -> Tried:
        """What comes out under the readings that are tried last, or as it was where none holds.

        Those are letters at their written numbers, one unit, and order and transposes left aside where none is written.
        """
        return next((again for again in self.ways(relation, tried) if again is not None), tried)

    def ways(self, relation: Relation, tried: Tried) -> Iterator[Tried | None]:
        """What comes out under one reading after the other, None where it does not hold."""
        first, settings, nets = self.u.trier.first, self.u.settings, self.u.nets
        for some in specialised(*relation.sides):
            yield first(*some, settings(nets=nets[:1], layouts=self.u.layouts[:1]))
        if NO_LAYER in tried.outcome.why:
            yield first(*relation.sides, (s.but(top=True) for s in settings(relation)))
        if is_loss(relation.left, self.u.lexicon):
            for targets in ("zero", "one", "one-hot"):
                yield first(*relation.sides, (s.but(targets=targets) for s in settings(relation)))
        for change in self.last_resorts(relation):
            yield first(*relation.sides, (s.but(**change) for s in settings(relation, nets=nets[:3])))
        unmarked = self.unmarked(relation)
        if unmarked or self.u.stated.one_output:  # the only output of a softmax would always be 1
            one = (s.but(one_output=True) for s in settings(relation))
            yield first(*relation.sides, (s for s in one if s.output != "softmax"))
        if unmarked:
            yield first(*relation.sides, (s.but(output=nets[0][0][0], loss="half_squared_error") for s in settings(relation)))
        if not self.writes_transposes or self.chain(relation.right):
            yield first(*relation.sides, settings(), loose=True)

    def chain(self, right: Node) -> bool:
        """Whether a side is a chain of derivatives, whose factors stand in the order of the chain."""
        right = within(right)
        if not isinstance(right, Product):
            return False
        inner = [isinstance(item, Derivative) and family(item, self.habit) is None for item in right.items]
        return any(inner) and all(
            one or family(item, self.habit) is not None or isinstance(item, Number)
            for one, item in zip(inner, right.items, strict=True)
        )

    def penalised(self, relation: Relation) -> Tried | None:
        """A loss with an L2 penalty, or the gradient of one: it holds where λ is 0."""
        if not any(self.habit.role(n) == "penalty" for n in named(relation.right)):
            return None
        return self.u.trier.first(relation.left, relation.right, (s.but(penalty=False) for s in self.u.settings(relation)))

    def last_resorts(self, relation: Relation) -> Iterator[dict[str, bool]]:
        """Settings of which only some formulas are: biases folded into the weights, one unit in each layer."""
        weights = self.weights(relation)
        if weights and not weights & self.biased:
            yield {"bias": False}
        names = relation.names
        marks = [(n, self.u.lexicon.marker.marks(n)) for n in names if self.habit.role(n) in {*LAYERED, "X", "output"}]
        small = all(n.name[0].islower() and not m.indices and not m.transpose for n, m in marks)
        products = (p for p in relation.parts() if isinstance(p, Product))
        of_arrays = any(set(p.signs) & {"odot", "circ", ".*", "@"} for p in products)
        if small and marks and not of_arrays and not weights & self.lexical(relation):
            yield {"scalar": True}

    def weights(self, relation: Relation) -> set[str]:
        """The names of weights in a relation."""
        return {n.name for n in relation.names if self.habit.role(n) == "W"}

    @cached_property
    def biased(self) -> set[str]:
        """Names of weights that stand in one formula with a bias."""
        found: set[str] = set()
        for relation in self.relations:
            if any(self.habit.role(n) == "b" for n in relation.names):
                found |= self.weights(relation)
        return found

    def lexical(self, relation: Relation) -> set[str]:
        """Names of weights that were written as matrices or with indices before a relation."""
        found: set[str] = set()
        for other in self.relations:
            if other.place >= relation.place or other.passage.section != relation.passage.section:
                continue
            names = [n for n in other.names if self.habit.role(n) == "W"]
            if any(self.u.lexicon.marker.marks(n).transpose or self.u.lexicon.marker.marks(n).indices for n in names):
                found |= {n.name for n in names}
        return found

    def unmarked(self, relation: Relation) -> bool:
        """Whether no name says of which layer it is, as where one layer is all there is."""
        return self.u.trier.fitted(self.u.base, relation.sides).L == 1

    @cached_property
    def writes_transposes(self) -> bool:
        """Whether the text writes a transpose anywhere."""
        marker = self.u.trier.marker
        for relation in self.relations:
            for node in relation.parts():
                scripts = getattr(node, "scripts", None)
                if scripts and marker.marks(node if isinstance(node, Name) else Name(None, "?", scripts)).transpose:
                    return True
        return False
