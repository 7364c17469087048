"""Which numbering, layouts and networks most relations of a document support: each is tried on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product as combinations
from typing import TYPE_CHECKING

from handgrad.check.judging.trying import Tried, Trier
from handgrad.check.tree import Derivative, Name, Number
from handgrad.check.understanding.candidates import Layout, Net
from handgrad.check.understanding.names import Habit, Marker, named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import LAYERED, UNITS
from handgrad.check.understanding.setting import Setting

if TYPE_CHECKING:
    from handgrad.check.understanding.inferring import Understanding


def attempt(trier: Trier, relation: Relation, settings: Iterable[Setting]) -> Tried | None:
    """The first setting under which a relation holds, between the subject of its chain and its right side, or its own two sides."""
    first: Tried | None = None
    dead: set[tuple[object, ...]] = set()
    lefts = [relation.subject, relation.left] if relation.step and relation.left is not relation.subject else [relation.left]
    for setting in settings:
        layout = (setting.examples, setting.weights, setting.L, setting.units, setting.sums)
        if layout in dead:
            continue
        for left in lefts:
            tried = trier.under(left, relation.right, setting)
            if tried.holds:
                return replace(tried, left=left)
        if first is None or _rank(tried) > _rank(first):
            first = tried
        if tried.outcome.kind in {"misfit", "unknown"} and "softmax" not in tried.outcome.why:
            dead.add(layout)  # what does not fit, or is not known, does so whatever the activations are
    return first


def _rank(tried: Tried) -> int:
    """How much an outcome tells: two values that differ more than values that do not fit, and those more than what is not known."""
    if tried.outcome.kind == "misfit":
        return 0 if tried.outcome.misfit == "batch" else 2
    return 3 if tried.outcome.kind == "differs" else 1


def _holds(u: Understanding, relation: Relation, *, nets: Sequence[Net], layouts: Sequence[Layout] | None = None) -> bool:
    """Whether a relation holds under one of the settings with these networks and layouts."""
    tried = attempt(u.trier, relation, u.settings(relation, layouts=layouts, nets=nets))
    return tried is not None and tried.holds


def settle(u: Understanding, relations: Sequence[Relation]) -> None:
    """Choose the numbering, the layouts and the networks that most relations support."""
    net = u.nets[:1]
    _settle_numbering(u, relations, net)
    held: dict[Layout, set[int]] = {}
    for layout in u.layouts:
        held[layout] = {r.place for r in relations if _holds(u, r, layouts=[layout], nets=u.nets[:6])}
    u.layouts = _supported_layouts(u, relations, held)
    _settle_others(u, relations)


def _settle_others(u: Understanding, relations: Sequence[Relation]) -> None:
    """Another numbering of layers that part of a text keeps to: it must explain two kinds of relations that the first does not."""
    nets = u.nets[:3]
    left = [r for r in relations if not _holds(u, r, nets=nets)]
    if len(left) < 2:
        return
    first = u.base
    tops = dict.fromkeys((first.L, *(k for k in _tops(left, u.lexicon.habit) if 1 <= k <= 5)))
    found = []
    for other in (first.but(L=L, units=shift, sums=shift, deltas=shift) for L in tops for shift in (0, -1)):
        if other == first:
            continue
        u.base = other
        held = [r for r in left if _holds(u, r, nets=nets)]
        if len(held) > 2 and len({_kind(r, u.lexicon.habit) for r in held}) > 1:
            found.append((len(held), other))
    u.base = first
    u.others = [max(found, key=lambda item: item[0])[1]] if found else []


def _tops(relations: Sequence[Relation], habit: Habit) -> list[int]:
    """The highest numbers of layers, for what is written on weights and on units."""
    marker = Marker(habit)
    names = (n for r in relations for n in r.names if habit.role(n) in LAYERED)
    marks = [marker.marks(n).layer for n in names]
    numbers = [int(m.value) for m in marks if isinstance(m, Number)]
    return [max(numbers)] if numbers else []


def _settle_numbering(u: Understanding, relations: Sequence[Relation], net: Sequence[Net]) -> None:
    """Try other numberings of layers and of indices where forward equations do not hold as they are read."""

    def score(base: Setting, some: Sequence[Relation]) -> int:
        old, u.base = u.base, base
        count = sum(_holds(u, r, nets=net) for r in some)
        u.base = old
        return count

    forward = [r for r in relations if _is_forward(r, u.lexicon.habit)][:8]
    if forward:
        best, most = u.base, score(u.base, forward)
        if most < len(forward):
            for units, sums, weights, order in combinations((0, -1), (0, -1), (0, 1), ("", "out-in", "in-out")):
                other = u.base.but(units=units, sums=sums, deltas=sums, weights_from=weights, indices=order)
                if other != u.base and (count := score(other, forward)) > most:
                    best, most = other, count
        u.base = best
    back = [r for r in relations if any(u.lexicon.habit.role(n) == "delta" for n in r.names)][:8]
    if back:
        options = dict.fromkeys((u.base.deltas, 0, u.base.units, u.base.sums, -1))
        defined = [r for r in back if isinstance(r.left, Name) and isinstance(r.right, Derivative)]
        u.base = max((u.base.but(deltas=d) for d in options), key=lambda base: score(base, back) + 4 * score(base, defined))


def _is_forward(relation: Relation, habit: Habit) -> bool:
    left = relation.left
    return isinstance(left, Name) and habit.role(left) in {"Z", "A", "output"}


def _supported_layouts(u: Understanding, relations: Sequence[Relation], held: dict[Layout, set[int]]) -> list[Layout]:
    """The layout that explains most relations, and others that alone explain a forward equation or two kinds of relations."""
    forward = {r.place for r in relations if _is_forward(r, u.lexicon.habit)}
    order = sorted(u.layouts, key=lambda layout: (-len(held[layout]), u.layouts.index(layout)))
    best = order[0]
    chosen = [best]
    covered = set(held[best])
    kinds = {r.place: _kind(r, u.lexicon.habit) for r in relations}
    for layout in order[1:]:
        alone = held[layout] - covered
        alike = held[layout] == held[best] and len(held[best]) < 6
        if alike or alone & forward or len({kinds[place] for place in alone}) > 1:
            chosen.append(layout)
            covered |= alone
    return chosen


def _kind(relation: Relation, habit: Habit) -> str:
    """What a relation is about: the gradient of weights, of units or of something else."""
    for name in named(relation.subject):
        role = habit.role(name)
        if role == "W":
            return "W"
        if role in UNITS:
            return "units"
    return "other"
