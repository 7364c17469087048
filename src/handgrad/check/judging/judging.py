"""The verdict on every relation of a document."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from handgrad.check.judging.arithmetic import Wrong, worked_out
from handgrad.check.judging.comparing import Scale
from handgrad.check.judging.conventions import name_conventions
from handgrad.check.judging.judged import EQUALS, Judged, is_numeric
from handgrad.check.judging.limits import TOO_LONG, late, until
from handgrad.check.judging.program import Program
from handgrad.check.judging.readings import Readings
from handgrad.check.judging.scales import LOSS, broken, edge_of, families_in
from handgrad.check.judging.trying import Tried
from handgrad.check.judging.updates import by_name, judge_step, step_of
from handgrad.check.parsing import write
from handgrad.check.tree import Call, Derivative, Differential, Name, Node, Number, Operator, Sum, walk
from handgrad.check.understanding.equations import taken_apart
from handgrad.check.understanding.inferring import Understanding
from handgrad.check.understanding.names import named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import LAYERED
from handgrad.check.understanding.settling import attempt

MOST_SECONDS = 2.0
"""How long one relation may be judged."""
LEAST_SHARE = 0.45
"""How much of a text must hold as it is read for a line that does not to be called wrong."""


class Judge:
    """Judges the relations of one document."""

    def __init__(self, understanding: Understanding, relations: Sequence[Relation], *, deadline: float = math.inf) -> None:
        self.u = understanding
        self.deadline = deadline
        self.relations = relations
        self.habit = understanding.lexicon.habit
        self.readings = Readings(understanding, relations)
        self.scales: dict[str, Scale] = {"fixed": Scale()}
        self.sure = 0.0
        self.implied = False
        self.trusted: Counter[str] = Counter()
        self.program = Program.of(relations)

    def all(self) -> list[Judged]:
        """The verdicts, in the order of the relations."""
        found = [self.in_time(relation) for relation in self.relations]
        self.implied_sums(found)
        self.doubt(found)
        self.constants(found)
        self.claims(found)
        return found

    def implied_sums(self, found: Sequence[Judged]) -> None:
        """Sums over repeated letters that are left unwritten: two lines that hold so make it the convention of the text."""
        held = []
        for judged in found:
            if judged.verdict != "wrong" or judged.tried is None or not judged.tried.outcome.why.endswith("right side only"):
                continue
            settings = (s.but(implied=True) for s in self.u.settings(judged.relation))
            tried = self.u.trier.first(judged.tried.left or judged.relation.left, judged.relation.right, settings)
            if tried is not None:
                held.append((judged, tried))
        self.implied = len(held) >= 2
        if self.implied:
            for judged, tried in held:
                judged.verdict, judged.tried, judged.message = "convention", tried, "sums over repeated indices are left unwritten"

    def doubt(self, found: Sequence[Judged]) -> None:
        """Take back verdicts that rest on an unsure reading.

        That is one of a text of which little holds as it is read, or of names that stand in no line that holds.
        """
        known = [j for j in found if j.tried is not None and j.verdict in {"right", "wrong"} and j.code != "HG012"]
        right = [j for j in known if j.verdict == "right"]
        share = len(right) / max(len(known), 1)
        self.trusted = Counter(name for j in right for name in self.symbols(j.relation))
        self.trust(known, share)
        for judged in known:
            if judged.verdict != "wrong" or judged.code == "HG013" or judged.by_program:
                continue
            strange = sorted(name for name in self.symbols(judged.relation) if not self.trusted[name])
            if self.sure < LEAST_SHARE:
                judged.verdict = "unread"
                judged.message = "too little of this text holds as it is read here, so that this line is not judged"
            elif strange:
                judged.verdict = "unread"
                judged.message = f"it does not hold as it is read, but {strange[0]} stands in no line that does"

    def trust(self, known: Sequence[Judged], share: float) -> None:
        """How much of a text holds as it is read; where the forward equations do, they count for more."""
        forward = [j for j in known if taken_apart(j.relation.left, j.relation.right, self.habit) is not None]
        held = sum(j.verdict == "right" for j in forward)
        self.sure = max(share, held / len(forward)) if len(forward) > 2 else share

    def symbols(self, relation: Relation) -> set[str]:
        """The names in a relation whose reading matters, as letters."""
        roles = {*LAYERED, "X", "Y", "output"}
        sides = (relation.subject, *relation.sides)
        names = (n for side in sides for n in named(side) if self.habit.role(n) in roles)
        return {(n.name[0] if len(n.name) == 2 and n.name[1] == "L" else n.name).lower() for n in names}

    def in_time(self, relation: Relation) -> Judged:
        """The verdict on one relation, as long as there is time."""
        if time.process_time() > self.deadline:
            return Judged(relation, message="this document takes too long to be judged in full")
        with until(time.process_time() + MOST_SECONDS):
            judged = self.one(relation)
            if self.program is not None and judged.verdict in {"wrong", "unread"} and judged.code != "HG012":
                self.as_program(judged, self.program)
            if late() and judged.verdict != "right":  # a reading that makes it right may be one that was not tried
                return Judged(relation, message=TOO_LONG)
        return judged

    def as_program(self, judged: Judged, program: Program) -> None:
        """The verdict where names are numbers: single neurons, worked examples."""
        relation = judged.relation
        if relation.unreadable() is not None or relation.op not in EQUALS:
            return
        outcome = program.judge(relation)
        if outcome.holds:
            judged.verdict, judged.code, judged.message, judged.by_program = "right", None, "", True
            if outcome.scale is not None and not outcome.scale.one:
                self.off(judged, outcome.scale, program)
        elif program.owns:
            judged.by_program = True
            judged.verdict = "wrong" if outcome.kind == "differs" else "unread"
            judged.message, judged.code = outcome.why or "the two sides differ", None

    def off(self, judged: Judged, scale: Scale, program: Program) -> None:
        """A relation of numbers that is right but for a sign or a factor is wrong where the program is the reading."""
        if program.owns:
            judged.verdict = "wrong"
            judged.code = "HG003" if scale == Scale(-1) else "HG004"
            judged.message = "the sign is the other one" if scale == Scale(-1) else "a constant factor differs"

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
        if self.second_name(relation):
            judged.verdict = "right"
            return judged
        given = isinstance(relation.left, Name) and not relation.step and self.habit.role(relation.left) in {"X", "Y"}
        if given and not self.plain_input(relation):
            judged.verdict, judged.message = "other", "what is given is not computed by the network"
            return judged
        tried = attempt(self.u.trier, relation, self.u.settings(relation))
        if tried is None:
            return judged
        if not tried.holds:
            tried = self.readings.penalised(relation) or self.readings.another_way(relation, tried)
        judged.tried = tried
        if tried.holds:
            judged.verdict = "right"
            self.tie(judged, tried.left or relation.left, relation.right, tried)
            return judged
        if tried.outcome.kind == "unknown":
            judged.message = tried.outcome.why
            if not self.concerns_network(relation):
                judged.verdict = "other"
                judged.message = f"not about a dense network as far as it can be read ({tried.outcome.why})"
            return judged
        judged.verdict = "wrong"
        judged.message = tried.outcome.why or "the two sides differ"
        return judged

    def second_name(self, relation: Relation) -> bool:
        """Whether a relation only gives a quantity a second name: a_1^{(3)} = h, H1 = transpose(h1)."""
        left, right = (
            side.function if isinstance(side, Call) and side.function.name in {"h", "f"} else side for side in relation.sides
        )
        if isinstance(right, Call) and right.function.name == "transpose" and len(right.arguments) == 1:
            right = right.arguments[0]
        if not isinstance(left, Name) or not isinstance(right, Name):
            return False
        if left.name == right.name:
            return False
        return left.name.lower() == right.name.lower() or {self.habit.role(left), self.habit.role(right)} <= {"A", "output"}

    def text_of(self, node: Node) -> str:
        """A part of a formula as it stands in the document."""
        source = self.relations[0].passage.source.text
        return source[slice(*node.span)].strip() if node.span is not None else write(node, source)

    def plain_input(self, relation: Relation) -> bool:
        """Whether a relation gives the input or the targets a second name, as X = A[0]."""
        return isinstance(relation.right, Name) and self.habit.role(relation.right) in {"A", "X", "Y", "output"}

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
                judged.message = f"It comes to {found.expected}" + (f": {found.guess}." if found.guess else ".")
                about = r"\approx" if relation.passage.kind == "tex" else "≈"
                op = about if relation.op == "approx" else "="
                judged.correction = f"{self.text_of(relation.left)} {op} {found.expected}"
        return True

    def concerns_network(self, relation: Relation) -> bool:
        """Whether a quantity of a network, a loss or a gradient stands in a relation."""
        sides = (relation.subject, *relation.sides)
        if any(isinstance(node, Differential | Derivative | Operator) for side in sides for node in walk(side)):
            return True
        return any(self.habit.role(n) in {*LAYERED, "loss", "output", "X", "Y"} for side in sides for n in named(side))

    def claim(self, judged: Judged) -> Judged:
        """The verdict on W ∈ R^{n × m}, on inequalities and the like; shapes are judged when the layout is known."""
        judged.verdict = "other"
        return judged

    def claims(self, found: Sequence[Judged]) -> None:
        """Judge the shapes that are claimed."""
        from handgrad.check.judging.claims import claim_of, judge_claim

        for judged in found:
            undecided = judged.verdict in {"other", "unread", "wrong"} and judged.relation.unreadable() is None
            if undecided and claim_of(judged.relation) is not None:
                judged.verdict, judged.code, judged.message, judged.correction = judge_claim(judged.relation, self.u, found)

    def tie(self, judged: Judged, left: Node, right: Node, tried: Tried) -> None:
        """Note which families of constants a relation that holds ties to each other."""
        edge = edge_of(judged.relation.place, left, right, tried.scale, self.habit, batch=tried.setting.batch)
        if edge is not None:
            judged.edges.append(edge)

    def update(self, judged: Judged, parameter: Node, step: Node, sign: str) -> Judged:
        """The verdict on an update."""
        if isinstance(parameter, Name) and self.habit.role(parameter) in {"accumulated", "mean gradient"}:
            return self.accumulates(judged, parameter, step, sign)
        tried = judge_step(parameter, step, list(self.u.settings()), self.u.trier)
        named = by_name(parameter, step, self.habit)
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
        turned = -1 if isinstance(step, Sum) and step.signs == ("-",) else 1
        if tried is not None and tried.holds:
            turned = tried.scale.sign
        if (sign == "+") == (turned == 1):
            judged.note = "adds"
        return judged

    def accumulates(self, judged: Judged, total: Node, step: Node, sign: str) -> Judged:
        """The verdict on Δ := Δ + …: what is added is the gradient by the weights of one example."""
        judged.tried = tried = self.u.trier.first(total, step, self.u.settings(judged.relation))
        if tried is not None and sign == "+":
            judged.verdict = "right"
        elif tried is None:
            added = replace(judged.relation, left=total, right=step, subject=total, step=0)
            judged.tried = attempt(self.u.trier, added, self.u.settings(judged.relation))
            known = judged.tried is not None and judged.tried.outcome.kind in {"differs", "misfit"}
            judged.verdict, judged.code = ("wrong", "HG009") if known else ("unread", None)
            judged.message = judged.tried.outcome.why if judged.tried is not None else ""
        return judged

    def keeps(self, left: Node, right: Node, tried: Tried) -> bool:
        """Whether a relation that holds up to a constant has the constant that the text keeps to."""
        edge = edge_of(-1, left, right, tried.scale, self.habit, batch=tried.setting.batch)
        if edge is None:
            return True
        have, want = self.scales.get(edge.left, Scale()) * edge.constant, self.scales.get(edge.right, Scale())
        if not edge.batch:
            have, want = replace(have, examples=0), replace(want, examples=0)
        return have == want

    def added(self, judged: Judged) -> None:
        """An update that adds is right where the text's gradients have the other sign, as with t - o, and climbs otherwise."""
        step = step_of(judged.relation, self.u.trier.marker)
        assert step is not None
        families = families_in(step[1], self.habit)
        signs = {self.scales[name].sign for name in families if name in self.scales}
        if signs == {-1} or not families or (not signs and not any(" of " in name for name in families)):
            return
        judged.verdict, judged.code = "wrong", "HG013"
        judged.message = "The gradient is added, so that the loss grows: a step goes against the gradient."

    def constants(self, found: list[Judged]) -> None:
        """Find the lines that break the constants which the document keeps."""
        stated: dict[str, Scale] = {}
        edges = []
        for judged in found:
            for edge in judged.edges:
                if edge.left.startswith(LOSS) and edge.right == "fixed":
                    own = edge.constant
                    stated.setdefault(edge.left, Scale(1, -own.twos, -own.examples if edge.batch else 0, -own.outputs))
                else:
                    edges.append(edge)
        bad, scales = broken(edges, stated, adds=any(j.note == "adds" for j in found))
        self.scales = {"fixed": Scale(), **scales}
        for judged in found:
            if judged.note == "adds":
                self.added(judged)
            if judged.relation.place in bad:
                judged.verdict = "wrong"
                judged.code = "HG004"
                judged.message = "a constant differs from what the rest of the text keeps to"
        name_conventions(found, self.scales)
