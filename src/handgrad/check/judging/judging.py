"""The verdict on every relation of a document."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from handgrad.check.findings import Verdict, Witness
from handgrad.check.judging.arithmetic import Wrong, worked_out
from handgrad.check.judging.comparing import Outcome, Scale, is_loss
from handgrad.check.judging.evaluating import NO_LAYER, spelled
from handgrad.check.judging.program import Program
from handgrad.check.judging.scales import LOSS, Edge, broken, edge_of, families_in, family
from handgrad.check.judging.trying import Tried, specialised
from handgrad.check.judging.updates import by_name, judge_step, mended, step_of
from handgrad.check.parsing import write
from handgrad.check.reading import Macro
from handgrad.check.tree import Call, Derivative, Differential, Group, Name, Node, Number, Operator, Product, Span, Sum, walk
from handgrad.check.understanding.forward import taken_apart
from handgrad.check.understanding.inferring import Understanding, attempt
from handgrad.check.understanding.names import named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import LAYERED, UNITS
from handgrad.check.understanding.setting import Setting

if TYPE_CHECKING:
    from handgrad.check.judging.correcting import Correction

EQUALS = frozenset({"=", ":=", "<-", "equiv", "approx", "propto", "+=", "-=", "->"})

LEAST_SHARE = 0.45
"""How much of a text must hold as it is read for a line that does not to be called wrong."""
WELL_READ = 0.75
"""How much must hold for a line that only an uncommon slip explains."""
LOSS_SLIPS = frozenset({"HG003", "HG015", "HG016", "HG022"})
"""Slips that a loss as it is written can be told: sums and names are often left to the reader there."""
WEAK = {"HG009": 4, "HG022": 3, "HG099": 4, "HG017": 4, "HG013": 4, "HG024": 3}
"""Slips that could as well be a misreading (another quantity, a factor more or less, another right side), and in how many lines that hold
each of the names must stand.
"""
VAGUE = frozenset({"factor too many", "factor missing", "term too many", "term missing"})


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
    marked: Span | None = None
    witness: Witness | None = None
    by_program: bool = False


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


def _bare_text(text: str) -> str:
    """A formula's text without spaces and braces, by which two ways of typing it are the same."""
    return re.sub(r"[\s{}&]|\\cdot|\\qquad.*", "", text)


class Judge:
    """Judges the relations of one document."""

    def __init__(self, understanding: Understanding, relations: Sequence[Relation], *, deadline: float = math.inf) -> None:
        self.u = understanding
        self.deadline = deadline
        self.relations = relations
        self.habit = understanding.lexicon.habit
        self.transposes = self._writes_transposes()
        self.adds = False
        self.scales: dict[str, Scale] = {"fixed": Scale()}
        self.sure = 0.0
        self.trusted: Counter[str] = Counter()
        self.program = Program.of(relations)

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
        found = [self.in_time(relation) for relation in self.relations]
        self.implied_sums(found)
        self.doubt(found)
        self.constants(found)
        self.claims(found)
        return found

    def implied_sums(self, found: Sequence[Judged]) -> None:
        """A text that sums over repeated letters without saying so does it throughout: three lines that hold so make it its convention."""
        held = []
        for judged in found:
            if judged.verdict != "wrong" or judged.tried is None or not judged.tried.outcome.why.endswith("right side only"):
                continue
            settings = (s.but(implied=True) for s in self.u.settings(judged.relation))
            tried = self.u.trier.first(judged.tried.left or judged.relation.left, judged.relation.right, settings)
            if tried is not None:
                held.append((judged, tried))
        if len(held) >= 2:
            for judged, tried in held:
                judged.verdict, judged.tried, judged.message = "convention", tried, "sums over repeated indices are left unwritten"

    def doubt(self, found: Sequence[Judged]) -> None:
        """Take back verdicts that rest on an unsure reading: of a text of which little holds as it is read, or of names seen nowhere else."""
        known = [j for j in found if j.tried is not None and j.verdict in {"right", "wrong"} and j.code != "HG012"]
        right = [j for j in known if j.verdict == "right"]
        share = len(right) / max(len(known), 1)
        self.trusted = Counter(name for j in right for name in self.symbols(j.relation))
        self.trust(known, share)
        for judged in known:
            if judged.verdict != "wrong" or judged.code == "HG013" or judged.by_program:
                continue
            strange = [name for name in self.symbols(judged.relation) if not self.trusted[name]]
            if self.sure < LEAST_SHARE:
                judged.verdict, judged.message = "unread", "too little of this text holds as it is read here, so that this line is not judged"
            elif strange:
                judged.verdict, judged.message = "unread", f"it does not hold as it is read, but {strange[0]} stands in no line that does"

    def trust(self, known: Sequence[Judged], share: float) -> None:
        """How much of a text holds as it is read; where the forward equations do, they count for more."""
        forward = [j for j in known if taken_apart(j.relation.left, j.relation.right, self.habit) is not None]
        held = sum(j.verdict == "right" for j in forward)
        self.sure = max(share, held / len(forward)) if len(forward) > 2 else share

    def symbols(self, relation: Relation) -> set[str]:
        """The names in a relation whose reading matters, as letters."""
        roles = {*LAYERED, "X", "Y", "output"}
        names = (n for side in (relation.subject, relation.left, relation.right) for n in named(side) if self.habit.role(n) in roles)
        return {(n.name[0] if len(n.name) == 2 and n.name[1] == "L" else n.name).lower() for n in names}

    def in_time(self, relation: Relation) -> Judged:
        """The verdict on one relation, as long as there is time."""
        if time.monotonic() > self.deadline:
            return Judged(relation, message="this document takes too long to be judged in full")
        judged = self.one(relation)
        if self.program is not None and judged.verdict in {"wrong", "unread"} and judged.code != "HG012":
            self.as_program(judged, self.program)
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
        """A relation of numbers that is right but for a constant: a sign or a factor is wrong there, where the program is the reading."""
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
        if isinstance(relation.left, Name) and not relation.step and self.habit.role(relation.left) in {"X", "Y"} and not self.plain_input(relation):
            judged.verdict, judged.message = "other", "what is given is not computed by the network"
            return judged
        tried = attempt(self.u.trier, relation, self.u.settings(relation))
        if tried is None:
            return judged
        if not tried.holds:
            tried = self.penalised(relation) or self.another_way(relation, tried)
        judged.tried = tried
        if tried.holds:
            judged.verdict = "right"
            self.tie(judged, tried.left or relation.left, relation.right, tried)
            return judged
        if tried.outcome.kind == "unknown":
            judged.message = tried.outcome.why
            if not self.concerns_network(relation):
                judged.verdict, judged.message = "other", f"not about a dense network as far as it can be read ({tried.outcome.why})"
            return judged
        judged.verdict = "wrong"
        judged.message = tried.outcome.why or "the two sides differ"
        return judged

    def second_name(self, relation: Relation) -> bool:
        """Whether a relation only gives a quantity a second name: a_1^{(3)} = h, H1 = transpose(h1)."""
        left, right = (side.function if isinstance(side, Call) and side.function.name in {"h", "f"} else side for side in (relation.left, relation.right))
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
                judged.message = f"it comes to {found.expected}" + (f"; {found.guess}" if found.guess else "")
                judged.correction = f"{self.text_of(relation.left)} {'≈' if relation.op == 'approx' and relation.passage.kind != 'tex' else chr(92) + 'approx' if relation.op == 'approx' else '='} {found.expected}"
        return True

    def concerns_network(self, relation: Relation) -> bool:
        """Whether a quantity of a network, a loss or a gradient stands in a relation."""
        sides = (relation.subject, relation.left, relation.right)
        if any(isinstance(node, Differential | Derivative | Operator) for side in sides for node in walk(side)):
            return True
        return any(self.habit.role(n) in {*LAYERED, "loss", "output", "X", "Y"} for side in sides for n in named(side))

    def another_way(self, relation: Relation, tried: Tried) -> Tried:
        """Readings that are tried last: letters at their written numbers, one unit, order and transposes left aside where none is written."""
        for left, right in specialised(relation.left, relation.right):
            again = self.u.trier.first(left, right, self.u.settings(nets=self.u.nets[:1], layouts=self.u.layouts[:1]))
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
        for change in self.last_resorts(relation):
            again = self.u.trier.first(relation.left, relation.right, (s.but(**change) for s in self.u.settings(relation, nets=self.u.nets[:3])))
            if again is not None:
                return again
        if self.unmarked(relation) or self.u.stated.one_output:
            other = {"output": self.u.base.hidden[0], "loss": "half_squared_error"}
            for change in ({"one_output": True}, *((other,) if self.unmarked(relation) else ())):
                again = self.u.trier.first(relation.left, relation.right, (s.but(**change) for s in self.u.settings(relation)))
                if again is not None:
                    return again
        if not self.transposes or self.chain(relation.right):
            again = self.u.trier.first(relation.left, relation.right, self.u.settings(), loose=True)
            if again is not None:
                return again
        return tried

    def chain(self, right: Node) -> bool:
        """Whether a side is a chain of derivatives, whose factors stand in the order of the chain."""
        while isinstance(right, Group):
            right = right.body
        if not isinstance(right, Product):
            return False
        inner = [isinstance(item, Derivative) and family(item, self.habit) is None for item in right.items]
        return any(inner) and all(one or family(item, self.habit) is not None or isinstance(item, Number) for one, item in zip(inner, right.items, strict=True))

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
        names = [n for side in (relation.left, relation.right) for n in named(side)]
        marks = [(n, self.u.lexicon.marker.marks(n)) for n in names if self.habit.role(n) in {*LAYERED, "X", "output"}]
        small = all(n.name[0].islower() and not m.indices and not m.transpose for n, m in marks)
        if small and marks and not weights & self.lexical(relation) and not any(
            isinstance(p, Product) and set(p.signs) & {"odot", "circ", ".*", "@"} for side in (relation.left, relation.right) for p in walk(side)
        ):
            yield {"scalar": True}

    def weights(self, relation: Relation) -> set[str]:
        """The names of weights in a relation."""
        return {n.name for side in (relation.left, relation.right) for n in named(side) if self.habit.role(n) == "W"}

    @cached_property
    def biased(self) -> set[str]:
        """Names of weights that stand in one formula with a bias."""
        found: set[str] = set()
        for relation in self.relations:
            if any(self.habit.role(n) == "b" for side in (relation.left, relation.right) for n in named(side)):
                found |= self.weights(relation)
        return found

    def lexical(self, relation: Relation) -> set[str]:
        """Names of weights that were written as matrices or with indices before a relation."""
        found: set[str] = set()
        for other in self.relations:
            if other.place >= relation.place or other.passage.section != relation.passage.section:
                continue
            names = [n for side in (other.left, other.right) for n in named(side) if self.habit.role(n) == "W"]
            if any(self.u.lexicon.marker.marks(n).transpose or self.u.lexicon.marker.marks(n).indices for n in names):
                found |= {n.name for n in names}
        return found

    def unmarked(self, relation: Relation) -> bool:
        """Whether no name says of which layer it is, as where one layer is all there is."""
        return self.u.trier.fitted(self.u.base, (relation.left, relation.right)).L == 1

    def claim(self, judged: Judged) -> Judged:
        """The verdict on W ∈ R^{n × m}, on inequalities and the like; shapes are judged when the layout is known."""
        judged.verdict = "other"
        return judged

    def claims(self, found: Sequence[Judged]) -> None:
        """Judge the shapes that are claimed."""
        from handgrad.check.judging.claims import claim_of, judge_claim

        for judged in found:
            if judged.relation.unreadable() is None and claim_of(judged.relation) is not None and judged.verdict in {"other", "unread", "wrong"}:
                judged.verdict, judged.code, judged.message, judged.correction = judge_claim(judged.relation, self.u, found)

    def tie(self, judged: Judged, left: Node, right: Node, tried: Tried) -> None:
        edge = edge_of(judged.relation.place, left, right, tried.scale, self.habit, batch=tried.setting.batch)
        if edge is not None:
            judged.edges.append(edge)

    def update(self, judged: Judged, parameter: Node, step: Node, sign: str) -> Judged:
        """The verdict on an update."""
        if isinstance(parameter, Name) and self.habit.role(parameter) in {"accumulated", "mean gradient"}:
            return self.accumulates(judged, parameter, step, sign)
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
        turned = tried.scale.sign if tried is not None and tried.holds else -1 if isinstance(step, Sum) and step.signs == ("-",) else 1
        if (sign == "+") == (turned == 1):
            judged.note = "adds"
        return judged

    def accumulates(self, judged: Judged, total: Node, step: Node, sign: str) -> Judged:
        """The verdict on Δ := Δ + …: what is added is the gradient by the weights of one example."""
        judged.tried = tried = self.u.trier.first(total, step, self.u.settings(judged.relation))
        if tried is not None and sign == "+":
            judged.verdict = "right"
        elif tried is None:
            judged.tried = attempt(self.u.trier, replace(judged.relation, left=total, right=step, subject=total, step=0), self.u.settings(judged.relation))
            known = judged.tried is not None and judged.tried.outcome.kind in {"differs", "misfit"}
            judged.verdict, judged.code = ("wrong", "HG009") if known else ("unread", None)
            judged.message = judged.tried.outcome.why if judged.tried is not None else ""
        return judged

    def accepts(self, left: Node, right: Node, settings: Iterable[Setting] | None = None, *, seed: int = 0) -> bool:
        """Whether a relation is right: it holds under a setting that the text supports, with the constants that the text keeps to."""
        if self.program is not None and self.program.owns and self.relations:
            outcome = self.program.judge(replace(self.relations[0], left=left, right=right, subject=left, op="=", place=-1, step=0))
            if outcome.kind != "unknown":
                return outcome.holds and (outcome.scale is None or outcome.scale.one)
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

    def correct(self, found: list[Judged], source: str, macros: Mapping[str, Macro]) -> None:
        """Look for the smallest correction of each wrong relation, and a witness; what can be brought right by no mistake that people make is not
        held against the text, since it may be misread.
        """
        from handgrad.check.judging.correcting import Corrector
        from handgrad.check.judging.witness import Reading, witness

        corrector = Corrector(self, self.relations, source, found=found, macros=macros)
        for judged in found:
            if judged.verdict != "wrong" or judged.code in {"HG012", "HG020"}:
                continue
            if judged.code == "HG013" and self.mend(judged, source):
                continue
            correction = corrector.correct(judged) if time.monotonic() < self.deadline else None
            if correction is None or not self.convincing(judged, correction):
                if not self.elsewhere(judged, found):
                    self.uncorrected(judged)
                continue
            judged.code, judged.message, judged.correction = correction.code, correction.message, correction.text
            judged.marked = correction.marked
            if judged.tried is not None and not judged.by_program:
                reading = Reading(judged.tried.setting, self.u.lexicon, source=source, scales=self.scales)
                judged.witness = witness(judged.relation.subject, judged.relation.right, correction.right, reading)
        self.follow(found)

    def convincing(self, judged: Judged, correction: Correction) -> bool:
        """Whether a correction shows a slip rather than a misreading: a plain slip does, others only in a text that is read well."""
        if judged.by_program:
            return True
        if self.uncertain(judged, correction):
            return False
        code, steps = correction.code, len(correction.mistakes)
        names = {mistake.name for mistake in correction.mistakes}
        if judged.note == "adds":
            return code in {"HG013", "HG003"}
        if is_loss(judged.relation.subject, self.u.lexicon):
            return code in LOSS_SLIPS and steps == 1 and self.sure >= WELL_READ
        outcome = judged.tried.outcome if judged.tried is not None else Outcome("differs")
        index = outcome.misfit in {"index", "batch"} or "on the right side only" in outcome.why
        seen = min((self.trusted[name] for name in self.symbols(judged.relation)), default=0)
        if code == "HG022" and not names & VAGUE and steps == 1:  # brackets and 1 - a left out
            return self.sure >= WELL_READ
        if code == "HG009" and index:
            return False
        if code in WEAK or steps > 1 or (index and code == "HG010"):
            least = WELL_READ if code == "HG017" else 0.85 if not index else 0.95
            return self.sure >= least and seen >= WEAK.get(code, 3)
        return self.sure >= (0.7 if index else LEAST_SHARE)

    def uncertain(self, judged: Judged, correction: Correction) -> bool:
        """Whether a relation is of a kind that is easily misread, so that nothing is said against it."""
        relation, marker = judged.relation, self.u.lexicon.marker
        outcome = judged.tried.outcome if judged.tried is not None else Outcome("differs")
        if "the example" in outcome.why or not isinstance(relation.subject, Name | Differential | Derivative | Call | Product | Number):
            return True
        if isinstance(relation.subject, Product) and family(relation.subject, self.habit) is None and not any(
            isinstance(item, Operator) for item in relation.subject.items
        ):
            return True  # an expression stands on the left: nothing says what it should be
        names = [n for side in (relation.left, relation.right) for n in named(side)]
        pairs = [n for n in names if self.habit.role(n) in {"A", "Z", "output", "Y"} and len(marker.marks(n).indices) > 1]
        if pairs and correction.code != "HG003":
            return True  # a letter for the unit and one for the example, in an order that nobody tells
        if relation.statement.continues and relation.step == 0 and not relation.statement.span[0] <= (relation.left.span or (-1, -1))[0] and (
            relation.left.span is None or relation.left.span[0] < relation.passage.start
        ):
            return True  # it goes on from another display
        alone = outcome.why.removeprefix("the index ").split(" ", 1)[0] if outcome.why.endswith("right side only") else None
        if alone is not None and all(
            self.habit.role(n) in {"X", "Y"} for n in names if any(isinstance(i, Name) and i.name == alone for i in marker.marks(n).indices)
        ):
            return True  # y_n: the target of example n
        same = {spelled(relation.right), *((spelled(relation.left),) if relation.step else ())}
        plain = {_bare_text(self.text_of(relation.right)), *((_bare_text(self.text_of(relation.left)),) if relation.step else ())}
        restated = _bare_text(correction.text.partition("=")[2]) in plain or spelled(correction.right) in same
        return restated and spelled(correction.left) == spelled(relation.subject)

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

    def elsewhere(self, judged: Judged, found: Sequence[Judged]) -> bool:
        """Take the correction from another line that says the same thing rightly; whether there is one."""
        if not judged.by_program:
            return False
        subject = spelled(judged.relation.subject)
        for other in found:
            relation = other.relation
            if other.verdict == "right" and relation.place != judged.relation.place and spelled(relation.subject) == subject and not is_numeric(relation.right):
                line = relation.passage.source.place(relation.span[0]).line
                judged.code, judged.message = "HG018", f"Line {line} says something else of the same quantity, and that is right."
                judged.correction = f"{self.text_of(relation.subject)} = {self.text_of(relation.right)}"
                return True
        return False

    def follow(self, found: Sequence[Judged]) -> None:
        """A step of a chain that equals the wrong step before it only repeats that mistake."""
        for before, judged in pairwise(found):
            relation = judged.relation
            same = relation.statement is before.relation.statement and relation.step == before.relation.step + 1
            if same and judged.verdict == before.verdict == "wrong" and judged.code != "HG012":
                alike = self.u.trier.first(relation.left, relation.right, self.u.settings(relation, nets=self.u.nets[:2]))
                if alike is not None and alike.scale.one:
                    judged.follows = before.follows or before.relation.passage.source.place(before.relation.span[0]).line

    def mend(self, judged: Judged, source: str) -> bool:
        """Correct an update of which only the sign or the parameter is wrong; whether that was it."""
        step = step_of(judged.relation, self.u.trier.marker)
        right = mended(judged.relation, *step) if step is not None else None
        if right is None or self.sure < LEAST_SHARE:
            return False
        again = self.one(replace(judged.relation, right=right, left=judged.relation.left, subject=judged.relation.left, op="=", step=0))
        if again.verdict != "right" or again.note == "adds":
            return False
        op = judged.relation.op if judged.relation.op in {"=", ":="} else "="
        judged.correction = f"{self.text_of(judged.relation.left)} {op} {write(right, source)}"
        if judged.note != "adds":
            judged.message = "What is subtracted is not the gradient by this parameter."
        return True

    def uncorrected(self, judged: Judged) -> None:
        """What is said of a relation that fails and for which no correction is found."""
        judged.verdict, judged.code = "unread", None
        judged.message = f"it does not hold as it is read here, and no usual slip explains it ({judged.message})"

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
            if judged.note == "adds":
                self.added(judged)
            if judged.relation.place in bad:
                judged.verdict = "wrong"
                judged.code = "HG004"
                judged.message = "a constant differs from what the rest of the text keeps to"


__all__ = ["LAYERED", "Call", "Differential", "Iterable", "Judge", "Judged", "family", "replace", "spelled", "worked_out"]
