"""Whether a changed formula is right: where it counts as a correction, how nearly it does, and when it says nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from handgrad.check.judging.comparing import Outcome, compare, counters_in
from handgrad.check.judging.evaluating import spelled
from handgrad.check.judging.judged import Judged
from handgrad.check.judging.trying import Tried
from handgrad.check.judging.updates import step_of
from handgrad.check.mistakes import Mistake, Rewrite
from handgrad.check.mistakes.derived import meant
from handgrad.check.mistakes.trees import Shapes, parts
from handgrad.check.parsing import write
from handgrad.check.tree import Derivative, Node, bare
from handgrad.check.understanding.names import Marks, named
from handgrad.check.understanding.setting import Setting

if TYPE_CHECKING:
    from handgrad.check.judging.correcting import Corrector

FRESH = 7
"""The seed of the points at which a correction must hold as well."""
SOLUTIONS = 8
"""How often the constants of the document are solved anew for one formula."""
SECONDS = 1.5
"""How long one formula may take at most, on a machine that is slow; the budget ends the search before."""
LAST = "the last layer"


@dataclass(frozen=True)
class Candidate:
    """A changed formula with the changes that led to it."""

    left: Node
    right: Node
    steps: tuple[tuple[Mistake, Rewrite], ...]
    cost: float


class Trials:
    """Tries changed formulas in the place of one that is wrong."""

    def __init__(self, corrector: Corrector, judged: Judged, budget: int) -> None:
        self.corrector, self.judge, self.judged, self.budget, self.trials = corrector, corrector.judge, judged, budget, 0
        relation = judged.relation
        self.relation = relation
        self.update = step_of(relation, self.judge.u.trier.marker) is not None or self.moves()
        chained = relation.step > 0 and not self.update
        self.left = relation.subject if chained else relation.left
        self.right = relation.right
        self.context = corrector.context.at(self.left, self.right, relation.passage.kind, update=self.update)
        self.context.show = self.shown
        self.outcome = judged.tried.outcome if judged.tried is not None else Outcome("differs")
        self.shape = Shapes()
        self.solutions = SOLUTIONS
        self.deadline = time.process_time() + SECONDS
        self.original = self.restated(self.left, self.right)
        self.adds = any(other.note == "adds" for other in corrector.right if other.relation is not relation)

    def moves(self) -> bool:
        """Whether it is meant as an update, of which a parameter is on both sides."""
        name = self.corrector.context.name_of(self.relation.left)
        if name is None or name is not self.relation.left or self.judge.habit.role(name) not in {"W", "b"}:
            return False
        return any(spelled(other) == spelled(name) for other in named(self.relation.right))

    def shown(self, node: Node) -> str:
        """Part of the formula as its author writes it."""
        return write(node, self.corrector.source_text, self.context.style)

    def restated(self, left: Node, right: Node) -> frozenset[Any]:
        """Parts of a right side that are the left side's quantity under whatever name."""
        form = self.context.form(left)
        if form is None:
            return frozenset()
        marks = self.context.marks(left)
        same = set()
        for part in parts(right):
            other = self.context.form(part)
            if other is not None and meant(other) == meant(form):
                own = self.context.marks(part)
                if [self.shape(mark) for mark in _layer_and_indices(own)] == [
                    self.shape(mark) for mark in _layer_and_indices(marks)
                ]:
                    same.add(self.shape(self.context.turned(part, to=False)))
        return frozenset(same)

    def trivial(self, candidate: Candidate) -> bool:
        """Whether it only says of the left side that it is itself."""
        own, right = self.shape(candidate.left), bare(candidate.right)
        if self.shape(right) == own:
            return True
        if any(self.shape(part) == own for part in parts(candidate.right)) and not self.update:
            return not any(self.shape(part) == self.shape(self.left) for part in parts(self.right))
        forms = [self.context.form(side) for side in (candidate.left, right)]
        if forms[0] is not None and candidate.left is not self.left and forms[0].what in {"X", "Y"}:
            return True  # nothing defines the data
        if forms[0] and forms[1] and meant(forms[0]) == meant(forms[1]) and self.context.form(bare(self.right)) is None:
            return True
        return bool(self.restated(candidate.left, candidate.right) - self.original)

    def test(self, candidate: Candidate, settings: Sequence[Setting]) -> int:
        """0: it holds; 1: it does up to a constant; 2: it fits now, but differs; 3: it differs still; 4: it does not fit."""
        if self.update:
            self.trials += 3
            return 0 if self.steps_down(candidate) else 3
        best = 4
        for setting in settings:
            outcome = self.quick(candidate, setting)
            if outcome.holds:
                tried = self.judge.u.trier.under(candidate.left, candidate.right, setting)
                if tried.holds and tried.only != LAST:
                    return 0 if self.keeps(candidate, tried) else 1
                best = min(best, 3)
            elif outcome.kind == "differs":
                best = min(best, 2 if self.outcome.kind == "misfit" else 3)
        return best

    def keeps(self, candidate: Candidate, tried: Tried) -> bool:
        """Whether it has the constant that the text keeps to; a loss is what it is defined as, but for its sign."""
        name = self.context.name_of(candidate.left)
        if name is not None and self.judge.habit.role(name) == "loss" and not isinstance(candidate.left, Derivative):
            return tried.scale.sign > 0
        return self.judge.keeps(candidate.left, candidate.right, tried)

    def consistent(self, candidate: Candidate) -> bool:
        """Whether the constants of the whole document are kept with this formula in the place of the author's.

        The scales that were found with the wrong formula may hang on it.
        """
        if not self.solutions:
            return False
        self.solutions -= 1
        place, scales = self.relation.place, self.judge.scales
        found = [replace(other) for other in self.corrector.right if other.relation.place != place]
        found.append(
            self.judge.one(replace(self.relation, left=candidate.left, right=candidate.right, subject=candidate.left, step=0))
        )
        before = [other.verdict for other in found]
        try:
            self.judge.constants(found)
            return [other.verdict for other in found] == before and before[-1] in {"right", "convention"}
        finally:
            self.judge.scales = scales

    def steps_down(self, candidate: Candidate) -> bool:
        """Whether an update is right."""
        relation = replace(self.relation, left=candidate.left, right=candidate.right, subject=candidate.left, step=0)
        judged = self.judge.one(relation)
        return judged.verdict == "right" and (judged.note != "adds" or self.adds)

    def quick(self, candidate: Candidate, setting: Setting) -> Outcome:
        """How it comes out for one hidden layer, or for the last one."""
        trier = self.judge.u.trier
        fitted = trier.fitted(setting, (candidate.left, candidate.right))
        counters = sorted(counters_in((candidate.left, candidate.right), trier.lexicon) - set(trier.lexicon.fixed))
        first: Outcome | None = None
        for env in self.envs(counters, fitted):
            self.trials += 1
            outcome = compare(candidate.left, candidate.right, fitted, trier.lexicon, env)
            if outcome.holds:
                return outcome
            if first is None or first.kind in {"unknown", "misfit"}:
                first = outcome
        return first or Outcome("misfit")

    def envs(self, counters: Sequence[str], setting: Setting) -> Iterator[dict[str, int]]:
        """Layers for the counters: a hidden one, and the last one."""
        if len(counters) > 1:
            yield from ({counters[0]: a, counters[1]: b} for a in range(setting.L + 1) for b in range(setting.L + 1))
            return
        for layer in dict.fromkeys((max(setting.L - 1, 1), setting.L) if counters else (0,)):
            yield dict.fromkeys(counters, layer - setting.units)

    def holds(self, candidate: Candidate) -> bool:
        """Whether it is judged right in the place of the author's formula, and at fresh points."""
        relation = replace(self.relation, left=candidate.left, right=candidate.right, subject=candidate.left, step=0)
        judged = self.judge.one(relation)
        tried = judged.tried
        if judged.verdict not in {"right", "convention"} or tried is None:
            return False
        return self.judge.u.trier.under(candidate.left, candidate.right, tried.setting, seed=FRESH).holds


def _layer_and_indices(marks: Marks) -> list[Node]:
    return [mark for mark in (marks.layer, *marks.indices) if mark is not None]
