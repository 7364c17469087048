"""The smallest correction of a wrong formula: a mistake of the catalogue undone, then two, else what the network gives."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from handgrad.check.judging.judged import Judged
from handgrad.check.judging.judging import Judge
from handgrad.check.judging.limits import late
from handgrad.check.judging.trials import Candidate, Trials
from handgrad.check.mistakes import CATALOGUE, Context, Mistake, Rewrite
from handgrad.check.mistakes.derived import Deriver, right_sides
from handgrad.check.parsing import Macro, Style, parse, write
from handgrad.check.tree import Group, Node, Span, Statement, bare
from handgrad.check.understanding.names import named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import ACTIVATIONS
from handgrad.check.understanding.setting import Setting

DERIVED = Mistake("HG099", "other", "derived", 5.0, lambda _tree, _context: ())
BASES = 24
"""How many half-corrected formulas are changed a second time."""
SETTINGS = 3
"""Under how many settings each change is tried."""


@dataclass(frozen=True)
class Correction:
    """A formula that is right, and the mistakes that lie between it and the author's.

    `marked` is the place in the document of what is wrong. `text` is the formula as the author would write it, without
    delimiters; of a step of a chain, it is the chain's subject and the corrected side.
    """

    left: Node
    right: Node
    mistakes: tuple[Mistake, ...]
    marked: Span | None
    message: str
    text: str
    code: str


@dataclass
class Corrector:
    """Finds corrections for the formulas of one document."""

    judge: Judge
    relations: Sequence[Relation]
    source_text: str
    style: Style | None = None
    found: Sequence[Judged] = ()
    macros: Mapping[str, Macro] = field(default_factory=dict)

    @cached_property
    def context(self) -> Context:
        """What the document offers."""
        context = Context(self.relations, self.judge.u.lexicon, self.style)
        context.show = self.shown
        return context

    @cached_property
    def right(self) -> list[Judged]:
        """The formulas that are right."""
        return [judged for judged in self.found or self.judge.all() if judged.verdict in {"right", "convention"}]

    @cached_property
    def settings(self) -> list[Setting]:
        """The settings that the text supports, those under which most formulas hold first."""
        count = Counter(_choices(judged.tried.setting) for judged in self.right if judged.tried is not None)
        return sorted(dict.fromkeys(self.judge.u.settings()), key=lambda setting: -count[_choices(setting)])

    @cached_property
    def single(self) -> bool:
        """Whether some formulas of the document hold for one example only."""
        return any(judged.tried is not None and not judged.tried.setting.batch for judged in self.right)

    def shown(self, node: Node) -> str:
        """Part of a formula as its author writes it."""
        return write(node, self.source_text, self.context.style if self.style is None else self.style)

    def correct(self, judged: Judged, *, budget: int = 800) -> Correction | None:
        """The smallest correction, found with at most so many trials; None where none is found."""
        if judged.relation.unreadable() is not None or judged.code == "HG012":  # a number has no smaller correction than itself
            return None
        return _Search(self, judged, budget).run()


class _Search(Trials):
    """The search for the correction of one formula."""

    # the search

    def run(self) -> Correction | None:
        """The first candidate that holds, those of one change before those of two."""
        settings = self.likely()
        firsts = sorted(self.once(self.left, self.right), key=lambda candidate: candidate.cost)
        tested: list[tuple[int, Candidate]] = []
        found = self.first(firsts, settings, self.budget, tested)
        found = found or self.first(self.from_others(), settings, self.budget // 4)
        tested.sort(key=lambda pair: (pair[0], pair[1].cost))
        found = found or self.first(self.twice([pair for pair in tested if pair[0] < 4][:BASES]), settings, self.budget // 2)
        found = found or self.first(self.derived(), settings, self.budget // 3)
        more = [setting for setting in self.corrector.settings if setting not in settings and setting.batch == settings[0].batch]
        return found or self.first(firsts, more[:4], self.budget // 4)

    def likely(self) -> list[Setting]:
        """The settings to begin with: those of most formulas, near ones first, one for each layout in which the left side can be.

        One example is meant only where other formulas are about one, or where the left side can be of one only.
        """
        near = Counter(
            _choices(other.tried.setting)
            for other in self.corrector.right
            if other.tried is not None and other.relation.passage.section == self.relation.passage.section
        )
        called = {ACTIVATIONS[name.name] for name in named(self.right) if name.name in ACTIVATIONS}
        order = sorted(
            self.corrector.settings[:48], key=lambda setting: (not called <= set(setting.activations), -near[_choices(setting)])
        )
        found: dict[tuple[str, str], Setting] = {}
        any_layout: dict[tuple[str, str], Setting] = {}
        for setting in order:
            layout = setting.examples, setting.weights
            any_layout.setdefault(layout, setting)
            if layout in found or (not setting.batch and found and not self.corrector.single):
                continue
            if self.quick(Candidate(self.left, self.left, (), 0.0), setting).holds:
                found[layout] = setting
            if len(found) == SETTINGS:
                break
        return list(found.values()) or list(any_layout.values())[: SETTINGS + 1]

    def first(
        self,
        candidates: Iterable[Candidate],
        settings: Sequence[Setting],
        budget: int,
        tested: list[tuple[int, Candidate]] | None = None,
    ) -> Correction | None:
        """The first candidate that holds, found with at most so many trials; how the others came out is put down in `tested`."""
        stop = self.trials + budget
        for candidate in candidates:
            if self.trials >= stop or not settings or time.process_time() > self.deadline or late():
                break
            if self.trivial(candidate):
                continue
            rank = self.test(candidate, settings)
            if rank == 0 or (rank == 1 and len(candidate.steps) == 1 and self.consistent(candidate)):
                done = self.finished(candidate)
                if done is not None:
                    return done
            if tested is not None:
                tested.append((max(rank, 1), candidate))
        return None

    def once(self, left: Node, right: Node, groups: frozenset[str] | None = None) -> list[Candidate]:
        """All changes by one mistake, without those that come out alike; with `groups`, of the right side and the usual ones."""
        found: dict[Any, Candidate] = {}
        context = self.corrector.context.at(left, right, self.relation.passage.kind, update=self.update)
        context.show = self.shown
        context.brief = groups is not None
        for mistake in CATALOGUE:
            if groups is not None and (mistake.left or mistake.group not in groups):
                continue
            for rewrite in mistake.rewrites(left if mistake.left else right, context):
                if late():
                    return []
                tree = rewrite.tree if isinstance(right, Group) else bare(rewrite.tree)
                pair = (tree, right) if mistake.left else (left, tree)
                key = self.shape(pair[0]), self.shape(pair[1])
                cost = mistake.cost + rewrite.cost + self.bias(mistake)
                if key not in found or found[key].cost > cost:
                    found[key] = Candidate(*pair, ((mistake, rewrite),), cost)
        found.pop((self.shape(left), self.shape(right)), None)
        return list(found.values())

    def bias(self, mistake: Mistake) -> float:
        """What a mistake costs more or less by the way in which the formula failed."""
        if self.outcome.holds:
            return -0.8 if mistake.group == "constant" else 1.0
        if self.outcome.kind == "misfit":
            extra = {"constant": 3.0, "layout": -0.3}.get(mistake.group, 0.0)
            return extra - (0.5 if mistake.group == "sum" and self.outcome.misfit == "sum" else 0.0)
        return {"layout": 0.6}.get(mistake.group, 0.0)

    def twice(self, bases: Sequence[tuple[int, Candidate]]) -> Iterator[Candidate]:
        """Changes of what one change has made better, the most promising pairs first."""
        pairs: dict[Any, Candidate] = {}
        half = (time.process_time() + self.deadline) / 2
        for rank, base in bases:
            if base.steps[0][0].left:
                continue
            if time.process_time() > half:
                break
            groups = {
                1: frozenset({"constant"}),
                2: frozenset({"constant", "layout", "slope", "quantity", "sum"}),
                3: frozenset({"layout", "constant", "quantity"}),
            }[rank]
            if rank == 3 and base.steps[0][0].group not in {"layout", "constant", "quantity", "slope"}:
                continue
            for second in self.once(base.left, base.right, groups):
                cost = base.cost + second.cost + 0.5 * rank
                key = self.shape(second.left), self.shape(second.right)
                if key not in pairs or pairs[key].cost > cost:
                    pairs[key] = Candidate(second.left, second.right, (*base.steps, *second.steps), cost)
        yield from sorted(pairs.values(), key=lambda candidate: candidate.cost)

    def from_others(self) -> Iterator[Candidate]:
        """Right sides of the same quantity elsewhere in the document."""
        others = [
            (other.relation.left, other.relation.right)
            for other in self.corrector.right
            if other.relation.place != self.relation.place
        ]
        yield from self.wholly(right_sides(self.context, others))

    def derived(self) -> Iterator[Candidate]:
        """Right sides built from the document's names."""
        if not self.update:
            yield from self.wholly(Deriver(self.context).sides())

    def wholly(self, sides: Iterable[Node]) -> Iterator[Candidate]:
        """Candidates with another right side."""
        for side in sides:
            rewrite = Rewrite(side, self.right, f"the network gives {self.shown(self.left)} = {self.shown(side)}")
            yield Candidate(self.left, side, ((DERIVED, rewrite),), 5.0)

    # what comes out

    def finished(self, candidate: Candidate) -> Correction | None:
        """The correction, where it holds at fresh points too and its text is read as it is meant."""
        text = self.text(candidate)
        if text is None:
            return None
        if not self.update and not self.holds(candidate):
            return None
        mistakes = tuple(mistake for mistake, _ in candidate.steps)
        first = candidate.steps[0][1]
        marked = first.marked.span or (self.relation.left.span if mistakes[0].left else self.relation.right.span)
        return Correction(candidate.left, candidate.right, mistakes, marked, self.message(candidate), text, self.code(candidate))

    def code(self, candidate: Candidate) -> str:
        """The kind of the first mistake, as far as the change or the formula does not make it a special one."""
        mistake, rewrite = candidate.steps[0]
        return "HG013" if self.update else rewrite.code or mistake.code

    def message(self, candidate: Candidate) -> str:
        """Why it is wrong, and what is to be done."""
        says = list(dict.fromkeys(rewrite.say for _, rewrite in candidate.steps))
        what = ", and ".join(says)
        if self.outcome.kind == "misfit" and self.outcome.why:
            return f"{_capital(self.outcome.why)}: {what}."
        return f"{_capital(what)}."

    def text(self, candidate: Candidate) -> str | None:
        """The formula as text, or None where it would be read as another one."""
        sign = _SIGNS[self.context.style.kind].get(self.relation.op, "=")
        text = f"{self.shown(candidate.left)} {sign} {self.shown(candidate.right)}"
        read = self.parsed(text)
        if len(read) != 1 or len(read[0].ops) != 1:
            return None
        left, right = read[0].sides
        if left is None or right is None:
            return None
        again = replace(candidate, left=left, right=right)
        if (self.shape(left), self.shape(right)) == (self.shape(candidate.left), self.shape(candidate.right)):
            return text
        return text if self.test(again, self.corrector.settings[:8]) == 0 else None

    def parsed(self, text: str) -> Sequence[Statement]:
        """The statements of a text of this document."""
        if self.relation.passage.kind == "numpy":
            from handgrad.check.parsing.numpy_code import parse_numpy

            return parse_numpy(text, 0)
        return parse(text, 0, self.relation.passage.kind, functions=self.judge.u.lexicon.functions, macros=self.corrector.macros)


_SIGNS = {
    "tex": {":=": ":=", "<-": r"\gets", "+=": "+=", "-=": "-=", "equiv": r"\equiv", "approx": r"\approx", "propto": r"\propto"},
    "plain": {":=": ":=", "<-": "<-", "+=": "+=", "-=": "-=", "approx": "≈", "propto": "∝"},
    "numpy": {"+=": "+=", "-=": "-="},
}


_WORDS = frozenset(["the", "it", "this", "here", "nothing", "an", "one", "there", "brackets"])


def _choices(setting: Setting) -> tuple[object, ...]:
    """What a document leaves open in its settings, without what is fitted to one formula."""
    return setting.hidden, setting.output, setting.loss, setting.examples, setting.weights


def _capital(text: str) -> str:
    """A sentence's first letter, where it is one of prose."""
    word = text.split(" ", 1)[0]
    return (
        text[:1].upper() + text[1:]
        if word in {"the", "it", "this", "here", "nothing", "an", "one", "there", "brackets", "units", "example"}
        else text
    )
