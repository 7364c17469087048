"""The verdict on every relation of a document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from handgrad.check.findings import Verdict
from handgrad.check.judging.arithmetic import Wrong, worked_out
from handgrad.check.judging.comparing import Scale, is_loss
from handgrad.check.judging.evaluating import NO_LAYER, spelled
from handgrad.check.judging.scales import LOSS, Edge, broken, edge_of, family
from handgrad.check.judging.trying import Tried, specialised
from handgrad.check.judging.updates import by_name, judge_step, step_of
from handgrad.check.tree import Call, Derivative, Differential, Name, Node, Number, Operator, walk
from handgrad.check.understanding.inferring import Understanding, attempt
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import LAYERED
from handgrad.check.understanding.setting import Setting

EQUALS = frozenset({"=", ":=", "<-", "equiv", "approx", "propto", "+=", "-=", "->"})


@dataclass
class Judged:
    """A relation with its verdict; `tried` is how it came out, `code` and `message` say what is wrong or by which convention it is right."""

    relation: Relation
    verdict: Verdict = "unread"
    tried: Tried | None = None
    code: str | None = None
    message: str = ""
    correction: str | None = None
    edges: list[Edge] = field(default_factory=list)
    follows: int | None = None
    note: str = ""


def is_numeric(node: Node) -> bool:
    """Whether a side is made of numbers only."""
    found = False
    for part in walk(node):
        if isinstance(part, Differential | Derivative | Operator):
            return False
        if isinstance(part, Number):
            found = True
        elif isinstance(part, Name) and part.name not in {"e", "pi", "log", "ln", "exp", "tanh", "sigmoid", "sigma", "max", "sqrt", "log10"}:
            return False
    return found


class Judge:
    """Judges the relations of one document."""

    def __init__(self, understanding: Understanding, relations: Sequence[Relation]) -> None:
        self.u = understanding
        self.relations = relations
        self.habit = understanding.lexicon.habit
        self.transposes = self._writes_transposes()
        self.adds = False
        self.scales: dict[str, Scale] = {"fixed": Scale()}

    def _writes_transposes(self) -> bool:
        marker = self.u.trier.marker
        for relation in self.relations:
            for side in (relation.left, relation.right):
                for node in walk(side):
                    scripts = getattr(node, "scripts", None)
                    if scripts and marker.marks(node if isinstance(node, Name) else Name(None, "?", scripts)).transpose:
                        return True
        return False

    def all(self) -> list[Judged]:
        """The verdicts, in the order of the relations."""
        found = [self.one(relation) for relation in self.relations]
        self.constants(found)
        return found

    def one(self, relation: Relation) -> Judged:
        """The verdict on one relation, constants aside."""
        judged = Judged(relation)
        reason = relation.unreadable()
        if reason is not None:
            judged.message = reason
            return judged
        if relation.op not in EQUALS:
            return self.claim(judged)
        if self.numbers(judged):
            return judged
        step = step_of(relation, self.u.trier.marker)
        if step is not None:
            return self.update(judged, *step)
        tried = attempt(self.u.trier, relation, self.u.settings(relation))
        if tried is None:
            return judged
        if not tried.holds:
            tried = self.another_way(relation, tried)
        judged.tried = tried
        if tried.holds:
            judged.verdict = "right"
            self.tie(judged, tried.left or relation.left, relation.right, tried)
            return judged
        if tried.outcome.kind == "unknown":
            judged.message = tried.outcome.why
            return judged
        judged.verdict = "wrong"
        judged.message = tried.outcome.why or "the two sides differ"
        return judged

    def numbers(self, judged: Judged) -> bool:
        """Judge a relation with numbers worked out; whether it is one."""
        relation = judged.relation
        left, right = is_numeric(relation.left), is_numeric(relation.right)
        if not right or (isinstance(relation.right, Number) and relation.right.value in {0, 1}):
            return False
        judged.verdict = "right"
        if left:
            found = worked_out(relation.left, relation.right, relation.op if relation.op == "approx" else "=")
            if isinstance(found, Wrong):
                judged.verdict, judged.code = "wrong", "HG012"
                judged.message = f"it comes to {found.expected}" + (f"; {found.guess}" if found.guess else "")
                judged.correction = found.expected
        return True

    def another_way(self, relation: Relation, tried: Tried) -> Tried:
        """Readings that are tried last: letters at their written numbers, one unit, order and transposes left aside where none is written."""
        for left in specialised(relation.left, relation.right):
            again = self.u.trier.first(left, relation.right, self.u.settings())
            if again is not None:
                return again
        if NO_LAYER in tried.outcome.why:
            again = self.u.trier.first(relation.left, relation.right, (s.but(top=True) for s in self.u.settings(relation)))
            if again is not None:
                return again
        if is_loss(relation.left, self.u.lexicon):
            for targets in ("zero", "one", "one-hot"):
                again = self.u.trier.first(relation.left, relation.right, (s.but(targets=targets) for s in self.u.settings(relation)))
                if again is not None:
                    return again
        if self.unmarked(relation) or self.u.stated.one_output:
            for change in ({"one_output": True}, {"output": self.u.base.hidden[0], "loss": "half_squared_error"}):
                again = self.u.trier.first(relation.left, relation.right, (s.but(**change) for s in self.u.settings(relation)))
                if again is not None:
                    return again
        if not self.transposes:
            again = self.u.trier.first(relation.left, relation.right, self.u.settings(), loose=True)
            if again is not None:
                return again
        return tried

    def unmarked(self, relation: Relation) -> bool:
        """Whether no name says of which layer it is, as where one layer is all there is."""
        return self.u.trier.fitted(self.u.base, (relation.left, relation.right)).L == 1

    def claim(self, judged: Judged) -> Judged:
        judged.verdict = "other"
        return judged

    def tie(self, judged: Judged, left: Node, right: Node, tried: Tried) -> None:
        edge = edge_of(judged.relation.place, left, right, tried.scale, self.habit, batch=tried.setting.batch)
        if edge is not None:
            judged.edges.append(edge)

    def update(self, judged: Judged, parameter: Node, step: Node, sign: str) -> Judged:
        """The verdict on an update."""
        tried = judge_step(parameter, step, list(self.u.settings()), self.u.trier)
        named = by_name(parameter, step, self.u.trier.marker)
        if (tried is None or not tried.holds) and named is None:
            judged.message = tried.outcome.why if tried is not None else "this step is not understood"
            judged.tried = tried
            if tried is not None and tried.outcome.kind in {"differs", "misfit"}:
                judged.verdict, judged.code = "wrong", "HG013"
            return judged
        if (tried is None or not tried.holds) and not named:
            judged.verdict, judged.code = "wrong", "HG013"
            judged.message = "what is subtracted is not the gradient by this parameter"
            return judged
        judged.verdict, judged.tried = "right", tried
        if sign == "+":
            judged.code = "HG013"
            judged.note = "adds"
        return judged

    def accepts(self, left: Node, right: Node, settings: Iterable[Setting] | None = None, *, seed: int = 0) -> bool:
        """Whether a relation is right: it holds under a setting that the text supports, with the constants that the text keeps to."""
        for setting in self.u.settings() if settings is None else settings:
            tried = self.u.trier.under(left, right, setting, seed=seed)
            if tried.holds and self.keeps(left, right, tried):
                return True
        return False

    def keeps(self, left: Node, right: Node, tried: Tried) -> bool:
        """Whether a relation that holds up to a constant has the constant that the text keeps to."""
        edge = edge_of(-1, left, right, tried.scale, self.habit, batch=tried.setting.batch)
        if edge is None:
            return True
        have, want = self.scales.get(edge.left, Scale()) * edge.constant, self.scales.get(edge.right, Scale())
        if not edge.batch:
            have, want = replace(have, examples=0), replace(want, examples=0)
        return have == want

    def constants(self, found: list[Judged]) -> None:
        """Find the lines that break the constants which the document keeps."""
        stated: dict[str, Scale] = {}
        edges = []
        for judged in found:
            for edge in judged.edges:
                if edge.left.startswith(LOSS) and edge.right == "fixed":
                    stated.setdefault(edge.left, Scale(1, -edge.constant.twos, -edge.constant.examples if edge.batch else 0, -edge.constant.outputs))
                else:
                    edges.append(edge)
        bad, scales, clear = broken(edges, stated, adds=any(j.note == "adds" for j in found))
        self.scales = {"fixed": Scale(), **scales}
        for judged in found:
            if judged.relation.place in bad:
                judged.verdict = "wrong"
                judged.code = "HG004"
                judged.message = "a constant differs from what the rest of the text keeps to"


__all__ = ["LAYERED", "Call", "Differential", "Iterable", "Judge", "Judged", "family", "replace", "spelled", "worked_out"]
