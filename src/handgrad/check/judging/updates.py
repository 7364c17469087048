"""Updates of parameters: what is subtracted must be the learning rate times the gradient by that very parameter."""

from __future__ import annotations

from dataclasses import replace

from handgrad.check.judging.evaluating import spelled
from handgrad.check.judging.trying import Tried, Trier
from handgrad.check.tree import Derivative, Differential, Group, Name, Node, Number, Operator, Sum, rebuilt, walk, within
from handgrad.check.understanding.names import TIMES, Habit, Marker, Marks, named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.setting import Setting


def without_time(node: Node) -> Node:
    """A name without marks of time, as w of w^{t+1}, w_{new}, w' or w^+."""
    if not isinstance(node, Name):
        return node
    kept = []
    for script in node.scripts:
        body = tuple(p for p in script.body if not _is_time(p))
        if script.kind == "prime" or (script.body and not body):
            continue
        kept.append(replace(script, body=body, span=None) if body != script.body else script)
    return replace(node, scripts=tuple(kept), span=None)


def _is_time(part: Node) -> bool:
    return (isinstance(part, Name) and part.name in TIMES) or (isinstance(part, Sum) and any(_is_time(t) for t in part.terms))


def same(a: Node, b: Node) -> bool:
    """Whether two names are written alike, wherever they stand."""
    return spelled(a) == spelled(b)


def step_of(relation: Relation, marker: Marker) -> tuple[Node, Node, str] | None:
    """The parameter, what is added to it and with which sign; None where the relation is no update."""
    left = within(relation.left)
    if isinstance(left, Differential) or not isinstance(left, Name):
        return None
    if relation.op in {"+=", "-="}:
        return left, relation.right, relation.op[0]
    right = within(relation.right)
    if not isinstance(right, Sum) or len(right.terms) < 2 or right.signs[0] != "+":
        return None
    first = right.terms[0]
    plain = without_time(left)
    if not isinstance(first, Name) or not (same(plain, without_time(first)) or _at_times(left, first, marker)):
        return None
    if len(right.terms) == 2:
        return plain, right.terms[1], right.signs[1]
    rest = Sum(None, right.terms[1:], tuple("+" if s == right.signs[1] else "-" for s in right.signs[1:]))
    return plain, Group(None, rest), right.signs[1]


def _at_times(left: Name, first: Name, marker: Marker) -> bool:
    """Whether two names are one parameter at two times, as W_{(i+1)}^l and W_{(i)}^l."""
    a, b = marker.marks(left), marker.marks(first)

    def place(marks: Marks) -> list[str]:
        return [spelled(node) for node in (marks.layer, *marks.indices) if node is not None]

    alike = left.name == first.name and left.faces == first.faces and marker.habit.role(left) in {"W", "b"}
    return alike and (
        place(a) == place(b) or (place(replace(a, layer=None)) == place(replace(b, layer=None)) and _next(a.layer, b.layer))
    )


def _next(later: Node | None, earlier: Node | None) -> bool:
    """Whether one mark is one more than the other."""
    if not isinstance(later, Sum) or earlier is None or len(later.terms) != 2:
        return False
    return spelled(later.terms[0]) == spelled(earlier) and isinstance(later.terms[1], Number) and later.terms[1].value == 1


def judge_step(parameter: Node, step: Node, settings: list[Setting], trier: Trier) -> Tried | None:
    """Whether a step is a multiple of the gradient by the parameter: by its value, or by name where the parameter is any (θ)."""
    gradient = Differential(None, parameter, "d")
    first: Tried | None = None
    for setting in settings:
        tried = trier.under(gradient, step, setting)
        if tried.holds:
            return tried
        first = first or tried
    if any(trier.lexicon.habit.role(name) == "penalty" for name in named(step)):  # the gradient of the penalty stands beside
        return trier.first(gradient, step, (setting.but(penalty=False) for setting in settings)) or first
    return first


def _by(node: Node) -> Node | None:
    """What a gradient is by; None for other nodes."""
    if isinstance(node, Differential):
        return node.by or node.of
    return node.by if isinstance(node, Derivative) else None


def mended(relation: Relation, parameter: Node, step: Node, sign: str, habit: Habit) -> Node | None:
    """The right side of an update as it should be, less the gradient by this very parameter; None where nothing is to change."""
    found = step
    for node in walk(step):
        by = _by(node)
        other = isinstance(by, Name) and habit.role(by) in {"W", "b", None}
        if isinstance(by, Name) and other and not same(by, parameter) and isinstance(parameter, Name):
            found = rebuilt(found, by, parameter)
    right = within(relation.right)
    if not isinstance(right, Sum) or (found is step and sign == "-"):
        return None
    return Sum(None, (right.terms[0], found), ("+", "-"))


def by_name(parameter: Node, step: Node, habit: Habit) -> bool | None:
    """Whether the gradient by a parameter in a step is by this one, as it is written; None where there is none in it."""
    found = None
    for node in walk(step):
        by = node.by if isinstance(node, Operator) else _by(node)
        if not isinstance(by, Name) or habit.role(by) in {"Z", "A", "X", "delta", "output"}:
            continue  # dW may be written out, as dZ A^T
        if same(without_time(by), parameter):
            return True
        if found is None and (by.scripts or not isinstance(parameter, Name) or by.name == parameter.name):
            found = False  # dW alone may be short for the gradient by whatever is updated
    return found
