"""What strikes in a document beyond its relations: prose that contradicts the layout, places that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from handgrad.check.findings import Remark
from handgrad.check.judging.claims import sizes
from handgrad.check.judging.evaluating import UnknownError, slope_of, spelled
from handgrad.check.judging.judged import EQUALS, Judged, is_numeric
from handgrad.check.judging.leaves import unmarked
from handgrad.check.judging.updates import step_of
from handgrad.check.parsing.writing import write
from handgrad.check.reading import Read, Source
from handgrad.check.tree import Call, Derivative, Differential, Name, Node, within
from handgrad.check.understanding.inferring import Understanding
from handgrad.check.understanding.names import named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, LAYERED, PLAIN, usual_role

_EXAMPLE = r"(?:example|sample|observation|instance|data[ -]?point|record)s?\b"
_ARTICLE = r"(?:is|are|as) (?:an?|one|the) (?:single )?(?:training )?"
_WEIGHTS = r"(?! of (?:the )?(?:\$?\\?W|weight))"
_SAYS = {
    way: re.compile(
        rf"\b(?:each|every|one) {way}\b{_WEIGHTS}[^.;:,\n]{{0,40}}?\b{_EXAMPLE}"
        rf"|\b{_EXAMPLE}[^.;:,\n]{{0,20}}?\b(?:are|as|in) (?:the )?{way}s\b"
        rf"|\b{way}s? {_ARTICLE}{_EXAMPLE}",
        re.IGNORECASE,
    )
    for way in ("row", "column")
}
"""Sentences that say which way examples lie."""
_TURNED = re.compile(
    r"transpos|instead|rather than|\bnot\b|convention|\bor\b|other (?:text|book|author|framework|librar)", re.IGNORECASE
)
"""What a sentence says that turns the layout over, or tells of another one."""
_INDICES = frozenset("ijklmnpqrstuv")
"""Letters that count something more often than they stand for a quantity."""
MOST_PAIRS = 60
"""The most pairs of formulas that are compared."""


def remarks(
    read: Read, relations: Sequence[Relation], understanding: Understanding, judged: Sequence[Judged] = ()
) -> tuple[Remark, ...]:
    """All remarks on a document, in the order of the text: what could not be read first, then what contradicts something else."""
    found = [_at(problem.source, problem.start, None, problem.message) for problem in read.problems]
    found += _prose(read, understanding, judged)
    found += _undefined(read, understanding, judged)
    found += _contradictions(understanding, judged)
    for relation, here, there, first in sizes(relations, understanding):
        message = f"the number of units is {here} here, but {there} in line {_line(first)}"
        found.append(_at(relation.passage.source, relation.span[0], "HG018", message))
    return tuple(sorted(found, key=lambda remark: (remark.cell or 0, remark.line, remark.column)))


def _at(source: Source, offset: int, code: str | None, message: str) -> Remark:
    place = source.place(offset)
    return Remark(place.line, place.column, code, message, place.cell)


def _line(relation: Relation) -> int:
    return relation.passage.source.place(relation.span[0]).line


def _prose(read: Read, understanding: Understanding, judged: Sequence[Judged]) -> Iterator[Remark]:
    """Sentences that say that examples are rows where the equations need columns, or the reverse."""
    ways = {examples for examples, _ in understanding.layouts}
    if len(ways) != 1 or not ways <= {"rows", "columns"} or not _uses_batch(understanding, judged):
        return
    needed = "row" if ways == {"rows"} else "column"
    other = "column" if needed == "row" else "row"
    for prose in read.prose:
        text = prose.source.text[prose.start : prose.end]
        match = _SAYS[other].search(text)
        if match is None or _TURNED.search(text[max(match.start() - 100, 0) : match.end() + 100]):
            continue
        message = f"this says that each {other} is an example, but the equations need each {needed} to be one"
        yield _at(prose.source, prose.start + match.start(), "HG021", message)


def _uses_batch(understanding: Understanding, judged: Sequence[Judged]) -> bool:
    """Whether an equation that holds is about a matrix of examples, by the capital letter of what comes in or out of a layer."""
    habit = understanding.lexicon.habit
    held = [j for j in judged if j.verdict in {"right", "convention"} and j.tried is not None and j.tried.setting.batch]
    names = (name for j in held for name in named(j.relation.right))
    return any(name.name.isupper() and habit.role(name) in {"X", "A", "Z"} for name in names)


def _undefined(read: Read, understanding: Understanding, judged: Sequence[Judged]) -> Iterator[Remark]:
    """Names in formulas that are understood but for them, which nothing defines and which have no usual meaning."""
    defined = {name.name for j in judged for name in _lefts(j.relation)}
    told = {word for prose in read.prose for word in re.findall(r"[A-Za-z]+", prose.text)}
    for j in judged:
        node = j.tried.outcome.node if j.verdict == "unread" and j.tried is not None and j.tried.outcome.kind == "unknown" else None
        if (
            not isinstance(node, Name)
            or not node.name.isalpha()
            or node.name in defined | told | _INDICES
            or _usual(node, understanding)
        ):
            continue
        others = [name for name in j.relation.names if name.name != node.name]
        if sum(understanding.lexicon.habit.role(name) in LAYERED for name in others) < 2:
            continue  # it may be about something else altogether
        if others and all(_usual(name, understanding) for name in others):
            defined.add(node.name)
            text = write(node, j.relation.passage.source.text)
            start = node.span[0] if node.span is not None else j.relation.span[0]
            yield _at(j.relation.passage.source, start, "HG019", f"nothing says what {text} is")


def _lefts(relation: Relation) -> Iterator[Name]:
    """The names that a relation may define."""
    for side in (relation.left, relation.subject):
        yield from named(side)
    if relation.op == "in":
        yield from named(relation.right)


def _usual(name: Name, understanding: Understanding) -> bool:
    known = name.name in ACTIVATIONS or name.name in GENERIC or name.name in PLAIN or name.name in understanding.lexicon.functions
    return (
        known
        or understanding.lexicon.habit.role(name) is not None
        or usual_role(name) is not None
        or slope_of(name.name) is not None
    )


def _contradictions(understanding: Understanding, judged: Sequence[Judged]) -> Iterator[Remark]:
    """Second formulas for a quantity that differ from the first one, where at least one of the two is wrong."""
    first: dict[str, Judged] = {}
    reported: set[str] = set()
    pairs = 0
    for j in judged:
        key = _key(j, understanding)
        if key is None or key in reported:
            continue
        before = first.setdefault(key, j)
        if before is j or "wrong" not in {before.verdict, j.verdict} or j.follows is not None or pairs >= MOST_PAIRS:
            continue
        pairs += 1
        if _line(before.relation) != _line(j.relation) and _differ(before.relation.right, j.relation.right, understanding):
            reported.add(key)
            what = " ".join(write(j.relation.subject, j.relation.passage.source.text).split())
            message = f"this contradicts line {_line(before.relation)}, where {what} is given another value"
            yield _at(j.relation.passage.source, j.relation.span[0], "HG018", message)


def _key(j: Judged, understanding: Understanding) -> str | None:
    """What a formula gives a value, so that ∂J/∂A and dA are one; None for updates, numbers and what was not read."""
    relation = j.relation
    if j.verdict not in {"right", "convention", "wrong"} or relation.op not in EQUALS or is_numeric(relation.right):
        return None
    marker, habit = understanding.trier.marker, understanding.lexicon.habit
    if step_of(relation, marker) is not None:
        return None
    left = within(relation.subject)
    by: Node | None = None
    if isinstance(left, Differential):
        by = left.by if left.by is not None else left.of
    elif isinstance(left, Derivative) and isinstance(of := within(left.of), Name | Call):
        loss = of.function if isinstance(of, Call) else of
        by = left.by if habit.role(loss) == "loss" else None
    elif isinstance(left, Name) and habit.role(left) not in {None, "loss"}:
        return spelled(left)
    by = within(by) if by is not None else None
    return f"gradient by {spelled(unmarked(by, marker))}" if isinstance(by, Name) else None


def _differ(one: Node, other: Node, understanding: Understanding) -> bool:
    """Whether two formulas differ by more than a constant, in every setting in which both have a value."""
    seen = False
    for k, setting in enumerate(understanding.settings()):
        if k >= 12:
            break
        try:
            outcome = understanding.trier.under(one, other, setting).outcome
        except UnknownError:
            return False
        if outcome.holds:
            return False
        seen = seen or outcome.kind == "differs"
    return seen
