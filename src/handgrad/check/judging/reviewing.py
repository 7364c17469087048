"""What is said of the relations that fail: the smallest correction and a witness, or that the line may be misread."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from handgrad.check.findings import Witness
from handgrad.check.judging.comparing import Outcome, is_loss
from handgrad.check.judging.correcting import Correction, Corrector
from handgrad.check.judging.evaluating import spelled
from handgrad.check.judging.judged import Judged, is_numeric
from handgrad.check.judging.judging import LEAST_SHARE, Judge
from handgrad.check.judging.scales import family
from handgrad.check.judging.updates import mended, step_of
from handgrad.check.judging.witness import Reading, step_witness, witness
from handgrad.check.parsing import write
from handgrad.check.parsing.ranges import same
from handgrad.check.reading import Macro
from handgrad.check.tree import Call, Derivative, Differential, Name, Number, Operator, Product, walk
from handgrad.check.understanding.names import named
from handgrad.check.understanding.relations import Relation

WELL_READ = 0.75
"""How much must hold for a line that only an uncommon slip explains."""
LOSS_SLIPS = frozenset({"HG003", "HG015", "HG016", "HG022"})
"""Slips that a loss as it is written can be told: sums and names are often left to the reader there."""
WEAK = {"HG009": 4, "HG022": 3, "HG099": 4, "HG017": 4, "HG013": 4, "HG024": 3}
"""Slips that could as well be a misreading, and in how many lines that hold each of the names must stand."""
VAGUE = frozenset({"factor too many", "factor missing", "term too many", "term missing"})


class Reviewer:
    """Reviews what one document's judge calls wrong.

    What no mistake that people make explains is not held against the text, since it may be misread.
    """

    def __init__(self, judge: Judge, source: str, macros: Mapping[str, Macro]) -> None:
        self.judge, self.source, self.macros = judge, source, macros
        self.u, self.habit = judge.u, judge.habit

    def review(self, found: Sequence[Judged]) -> None:
        """Look for the smallest correction of each wrong relation, and for a witness."""
        self.rows = any(self.by_rows(judged) for judged in found)
        corrector = Corrector(self.judge, self.judge.relations, self.source, found=found, macros=self.macros)
        for judged in found:
            if judged.verdict != "wrong" or judged.code in {"HG012", "HG020"} or (judged.code == "HG013" and self.mend(judged)):
                continue
            correction = corrector.correct(judged) if time.process_time() < self.judge.deadline else None
            if correction is not None and self.convincing(judged, correction):
                judged.code, judged.message, judged.correction = correction.code, correction.message, correction.text
                judged.marked = correction.marked
                judged.witness = self.witness(judged, correction)
            elif not (judged.by_program and self.said_elsewhere(judged, found)):
                judged.verdict, judged.code = "unread", None
                judged.message = f"it does not hold as it is read here, and no usual slip explains it ({judged.message})"
        self.follow(found)

    def by_rows(self, judged: Judged) -> bool:
        """Whether a gradient ∂J/∂z is right but for being laid as a row, as texts on matrix calculus lay it."""
        by = getattr(judged.relation.subject, "by", None)
        units = isinstance(by, Name) and self.habit.role(by) in {"Z", "A", "X", "output"}
        return units and judged.verdict != "right" and judged.tried is not None and judged.tried.outcome.misfit == "transpose"

    def witness(self, judged: Judged, correction: Correction) -> Witness | None:
        """A small example in which the formula fails."""
        if judged.tried is None or judged.by_program:
            return None
        return witness(judged.relation.subject, judged.relation.right, correction.right, self.reading(judged))

    def reading(self, judged: Judged) -> Reading:
        """How a witness reads a relation."""
        assert judged.tried is not None
        return Reading(judged.tried.setting, self.u.lexicon, source=self.source, scales=self.judge.scales)

    def convincing(self, judged: Judged, correction: Correction) -> bool:
        """Whether a correction shows a slip, not a misreading: a plain slip does, others only in a text that is read well."""
        if judged.by_program:
            return True
        if self.easily_misread(judged, correction) or self.restated(judged.relation, correction):
            return False
        sure, code, steps = self.judge.sure, correction.code, len(correction.mistakes)
        if judged.note == "adds":
            return code in {"HG013", "HG003"}
        if is_loss(judged.relation.subject, self.u.lexicon):
            return code in LOSS_SLIPS and steps == 1 and sure >= WELL_READ
        subject = judged.relation.subject
        if isinstance(subject, Name) and self.habit.role(subject) == "accumulated" and steps == 1:
            return sure >= WELL_READ
        outcome = judged.tried.outcome if judged.tried is not None else Outcome("differs")
        index = outcome.misfit in {"index", "batch"} or "on the right side only" in outcome.why
        seen = min((self.judge.trusted[name] for name in self.judge.symbols(judged.relation)), default=0)
        if code == "HG022" and steps == 1 and correction.mistakes[0].name not in VAGUE:  # brackets, or the 1 of 1 - a, left out
            return sure >= WELL_READ
        if code == "HG009" and index:
            return False
        if code in WEAK or steps > 1 or (index and code == "HG010"):
            least = WELL_READ if code == "HG017" else 0.95 if index else 0.85
            return sure >= least and seen >= WEAK.get(code, 3)
        return sure >= (0.7 if index else LEAST_SHARE)

    def easily_misread(self, judged: Judged, correction: Correction) -> bool:
        """Whether a relation is of a kind that is easily misread, so that nothing is said against it."""
        relation, marker = judged.relation, self.u.lexicon.marker
        why = judged.tried.outcome.why if judged.tried is not None else ""
        subject = relation.subject
        if "the example" in why or not isinstance(subject, Name | Differential | Derivative | Call | Product | Number):
            return True
        if (self.rows and correction.code == "HG002") or (self.judge.implied and correction.code != "HG003"):
            return True  # gradients are laid as rows here, or sums are left unwritten
        if self.differential(relation) or (
            correction.code in WEAK and self.u.base.L > 1 and self.judge.readings.unmarked(relation)
        ):
            return True  # forwards, or about some layer of which nothing is said
        operated = isinstance(subject, Product) and any(isinstance(item, Operator) for item in subject.items)
        if isinstance(subject, Product) and not operated and family(subject, self.habit) is None:
            return True  # an expression stands on the left: nothing says what it should be
        names = relation.names
        pairs = [n for n in names if self.habit.role(n) in {"A", "Z", "output", "Y"} and len(marker.marks(n).indices) > 1]
        if pairs and correction.code != "HG003":
            return True  # a letter for the unit and one for the example, in an order that nobody tells
        start = relation.left.span[0] if relation.left.span is not None else -1
        if relation.statement.continues and relation.step == 0 and start < relation.passage.start:
            return True  # it goes on from another display
        if not why.endswith("right side only"):
            return False
        alone = why.removeprefix("the index ").split(" ", 1)[0]
        having = [n for n in names if any(isinstance(i, Name) and i.name == alone for i in marker.marks(n).indices)]
        return all(self.habit.role(n) in {"X", "Y"} for n in having)  # y_n: the target of example n

    def differential(self, relation: Relation) -> bool:
        """Whether d… may be a differential, as in dA = σ'(Z) ⊙ dZ, which says how changes hang together forwards."""
        if not isinstance(relation.subject, Differential) or not isinstance(relation.subject.of, Name):
            return False
        role = self.habit.role(relation.subject.of)
        inner = {self.habit.role(n.of) for n in walk(relation.right) if isinstance(n, Differential) and isinstance(n.of, Name)}
        weights = any(self.habit.role(n) == "W" for n in named(relation.right))
        return (role == "A" and inner == {"Z"} and not weights) or (
            role == "Z" and bool(inner) and inner <= {"W", "A", "X", "b"} and inner != {"A"}
        )

    def restated(self, relation: Relation, correction: Correction) -> bool:
        """Whether a correction only says again what stands there."""
        sides = [relation.right, *((relation.left,) if relation.step else ())]
        plain = {_bare(self.judge.text_of(side)) for side in sides}
        again = _bare(correction.text.partition("=")[2]) in plain or any(same(correction.right, side) for side in sides)
        return again and spelled(correction.left) == spelled(relation.subject)

    def said_elsewhere(self, judged: Judged, found: Sequence[Judged]) -> bool:
        """Take the correction from another line that says the same thing rightly; whether there is one."""
        subject = spelled(judged.relation.subject)
        for other in found:
            relation = other.relation
            if other.verdict != "right" or relation.place == judged.relation.place or is_numeric(relation.right):
                continue
            if spelled(relation.subject) == subject:
                line = relation.passage.source.place(relation.span[0]).line
                judged.code, judged.message = "HG018", f"Line {line} says something else of the same quantity, and that is right."
                judged.correction = f"{self.judge.text_of(relation.subject)} = {self.judge.text_of(relation.right)}"
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

    def mend(self, judged: Judged) -> bool:
        """Correct an update of which only the sign or the parameter is wrong; whether that was it."""
        relation = judged.relation
        step = step_of(relation, self.u.trier.marker)
        right = mended(relation, *step, self.habit) if step is not None else None
        if step is None or right is None or self.judge.sure < LEAST_SHARE:
            return False
        again = self.judge.one(replace(relation, right=right, subject=relation.left, op="=", step=0))
        if again.verdict != "right" or again.note == "adds":
            return False
        op = relation.op if relation.op in {"=", ":="} else "="
        judged.correction = f"{self.judge.text_of(relation.left)} {op} {write(right, self.source)}"
        if judged.note != "adds":
            judged.message = "What is subtracted is not the gradient by this parameter."
        if judged.tried is not None:
            judged.witness = step_witness(*step, self.reading(judged))
        return True


def _bare(text: str) -> str:
    """A formula's text without spaces and braces, by which two ways of typing it are the same."""
    return re.sub(r"[\s{}&]|\\cdot|\\qquad.*", "", text)
