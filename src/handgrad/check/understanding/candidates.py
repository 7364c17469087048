"""What a document leaves open: how many layers there may be, which layouts, and which networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product as combinations

from handgrad.catalogue.lookup import find_activation, find_loss
from handgrad.check.judging.evaluating import slope_of
from handgrad.check.options import Options
from handgrad.check.tree import Call, Cases, Group, Name, Node, Number, Scripted, Sum, walk
from handgrad.check.understanding.equations import Found
from handgrad.check.understanding.names import Habit, Marker, named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, LAYERED, usual_role
from handgrad.check.understanding.stated import Stated
from handgrad.network import outputs_for

Layout = tuple[str, str]
"""Which way examples lie, and the order of the axes of W."""
Net = tuple[tuple[str, ...], str, str]
"""Hidden activations, output activation, loss."""
LAYOUTS: tuple[Layout, ...] = (("columns", "out-in"), ("rows", "in-out"), ("rows", "out-in"), ("columns", "in-out"))


def count_layers(relations: Sequence[Relation], habit: Habit, found: Found, stated: Stated) -> int:
    """How many layers the network has; 3 where the text leaves it open."""
    marker = Marker(habit)
    top, back, counted, units_top = 0, 0, False, 0
    for relation in relations:
        for name in relation.names:
            role = habit.role(name)
            if role not in LAYERED:
                continue
            mark = marker.marks(name).layer
            shift = found.shifts.get("weights_from" if role in {"W", "b"} else "sums" if role == "Z" else "units", 0)
            if isinstance(mark, Number) and role in {"W", "b"}:
                top = max(top, int(mark.value) + shift)
            elif isinstance(mark, Number):
                units_top = max(units_top, int(mark.value) + shift) if role != "delta" else units_top
            elif mark is not None:
                counted = True
                if isinstance(mark, Sum):
                    back = max(back, *(int(t.value) for t in mark.terms if isinstance(t, Number)), 0)
    top = max([top or units_top, *found.labels.values(), *found.fixed.values(), *found.letters.values()])
    if top > 7:
        top = 0
    last = _last_number(relations, marker)
    if counted and top and last == top and last > back:
        return last
    if counted:
        return max(3, top, min(back + 1, 5))
    if top:
        return top
    return stated.layers if stated.layers is not None and stated.layers <= 6 else 3


def _last_number(relations: Sequence[Relation], marker: Marker) -> int:
    """The number of the layer that is compared with the targets, as 2 in A^{[2]} - Y; 0 where none is, or more than one."""
    found: set[int] = set()
    for relation in relations:
        names = [(marker.habit.role(name), marker.marks(name).layer) for name in named(relation.right)]
        if any(role == "Y" for role, _ in names):
            found |= {int(mark.value) for role, mark in names if role == "A" and isinstance(mark, Number)}
    return found.pop() if len(found) == 1 else 0


def possible_layouts(stated: Stated, options: Options) -> list[Layout]:
    """The layouts that the words and the options leave open, the likeliest first."""
    order = list(LAYOUTS)
    if "layout" in stated.firm or stated.examples:
        order.sort(key=lambda layout: layout[0] not in stated.examples)
    if options.layout is not None:
        way = "columns" if options.layout == "single" else options.layout
        order = [layout for layout in order if layout[0] == way]
    if options.weights is not None:
        order = [layout for layout in order if layout[1] == options.weights]
    return order


def possible_nets(relations: Sequence[Relation], found: Found, stated: Stated, layers: int, habit: Habit) -> list[Net]:
    """The networks that the text may be about: those it states, or all that its functions allow."""
    called = _called(relations)
    seen = [name for name in called if name != "softmax"]
    if "hidden" in stated.firm and stated.hidden:
        hidden = _once(stated.hidden)
    else:
        hidden = _once(h for h in (*stated.hidden, *seen) if not find_activation(h).rowwise)
    hidden = hidden or ["sigmoid", "tanh", "relu"]
    outputs = list(stated.outputs)
    if not outputs or "output" not in stated.firm:
        outputs += [*(["softmax"] if "softmax" in called else []), *seen, "sigmoid", "softmax", "identity"]
    last = found.activations.get(layers, found.activations.get("L"))
    outputs = _once(outputs if last is None else [last, *outputs])
    losses = _possible_losses(relations, stated, habit)
    per_layer = tuple(found.activations.get(layer, hidden[0]) for layer in range(1, layers))
    choices: list[tuple[str, ...]] = list(dict.fromkeys([per_layer or (hidden[0],), *((h,) for h in hidden)]))
    if len(hidden) == layers - 1 > 1 and stated.hidden:
        choices.insert(0, tuple(hidden))
    nets = list(_pairs(choices, outputs, losses))[:24]
    generic = any(isinstance(n, Call) and n.function.name in GENERIC for r in relations for n in walk(r.right))
    if "half_squared_error" in losses and generic:
        nets.append((choices[0], choices[0][0], "half_squared_error"))  # g may be any function of each unit alone
    return list(dict.fromkeys(nets))


def _once(names: Iterable[str]) -> list[str]:
    """Each name once, in their order."""
    return list(dict.fromkeys(names))


def _called(relations: Sequence[Relation]) -> list[str]:
    """The activations that are called, or named at what is called; σ may be the sigmoid."""
    found: dict[str, None] = {}
    for node in (node for r in relations for node in r.parts() if isinstance(node, Call)):
        base = slope_of(node.function.name) or node.function.name
        words = [base, *(n.name for s in node.function.scripts for n in walk(s) if isinstance(n, Name))]
        found.update((ACTIVATIONS[w], None) for w in words if w in ACTIVATIONS)
        if base == "sigma":
            found.setdefault("sigmoid")
    return list(found)


def _possible_losses(relations: Sequence[Relation], stated: Stated, habit: Habit) -> list[str]:
    """The losses that the text may be about: those that are stated, those that are written out, or the usual ones."""
    written = _written_losses(relations, habit)
    if "loss" in stated.firm and stated.losses:
        return _once([*stated.losses, *written])
    if written:
        return _once([*written, *stated.losses])
    return _once([*stated.losses, "binary_cross_entropy", "cross_entropy", "half_squared_error"])


def _pairs(choices: Sequence[tuple[str, ...]], outputs: Sequence[str], losses: Sequence[str]) -> Iterator[Net]:
    pairs = [(o, loss) for loss, o in combinations(losses, outputs) if find_activation(o).name in outputs_for(loss)]
    if not pairs:
        pairs = [(find_loss(loss).output, loss) for loss in losses]
    pairs.sort(key=lambda pair: pair[0] not in {find_loss(pair[1]).output, outputs[0]})
    for output, loss in pairs:
        for hidden in choices:
            yield hidden, output, loss


def _written_losses(relations: Sequence[Relation], habit: Habit) -> list[str]:
    """The kinds of losses that are written out."""
    found: dict[str, None] = {}
    for relation in relations:
        left = relation.subject.function if isinstance(relation.subject, Call) else relation.subject
        if not isinstance(left, Name) or usual_role(left) != "loss":
            continue
        logs = [n for n in walk(relation.right) if isinstance(n, Call) and n.function.name in {"log", "ln"}]
        if logs and not any(_cosh(n) for n in walk(relation.right)):
            both = any(isinstance(p, Sum) and isinstance(p.terms[0], Number) for n in logs for p in walk(n))
            alone = any(isinstance(p, Sum) and any(_is_output(t, habit) for t in p.terms) for p in walk(relation.right))
            found["binary_cross_entropy" if both else "poisson" if alone else "cross_entropy"] = None
        else:
            found.update((loss, None) for loss, written in _WRITTEN if any(written(node) for node in walk(relation.right)))
    return list(found)


def _is_output(node: Node, habit: Habit) -> bool:
    return isinstance(node, Name) and habit.role(node) in {"A", "output"}


def _squares(node: Node) -> bool:
    if not isinstance(node, Scripted):
        return False
    return any(s.kind == "sup" and any(isinstance(p, Number) and p.value == 2 for p in s.body) for s in node.scripts)


def _largest(node: Node) -> bool:
    if not isinstance(node, Call) or node.function.name not in {"max", "maximum"}:
        return False
    return not any(isinstance(a, Number) for a in node.arguments)


def _cosh(node: Node) -> bool:
    return isinstance(node, Call) and node.function.name == "cosh"


def _absolute(node: Node) -> bool:
    return (isinstance(node, Group) and node.open == "|") or (isinstance(node, Call) and node.function.name == "abs")


_WRITTEN: tuple[tuple[str, Callable[[Node], bool]], ...] = (
    ("huber", lambda node: isinstance(node, Cases) or (isinstance(node, Call) and node.function.name == "where")),
    ("log_cosh", _cosh),
    ("quantile", _largest),
    ("half_squared_error", _squares),
    ("absolute_error", _absolute),
)
"""Losses by what only they are written with."""
