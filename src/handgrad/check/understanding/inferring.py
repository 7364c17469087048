"""The setting of a document: what its formulas say by their form, what its words say, and what is left open."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product as combinations

from handgrad.catalogue.lookup import find_activation, find_loss
from handgrad.check.judging.evaluating import Lexicon, slope_of
from handgrad.check.judging.trying import Tried, Trier, single
from handgrad.check.options import Options
from handgrad.check.tree import Call, Cases, Derivative, Group, Name, Node, Number, Sum, walk
from handgrad.check.understanding.forward import FORWARD_OPS, Found, understand_forward
from handgrad.check.understanding.names import Habit, Marker, habit_of, named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, LAYERED, UNITS
from handgrad.check.understanding.setting import Frozen, Setting
from handgrad.check.understanding.stated import Stated

Net = tuple[tuple[str, ...], str, str]
"""Hidden activations, output activation, loss."""
LAYOUTS = (("columns", "out-in"), ("rows", "in-out"), ("rows", "out-in"), ("columns", "in-out"))
GOES_WITH = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax", "half_squared_error": "identity", "poisson": "exp"}


@dataclass
class Understanding:
    """How a document is read: names, a base setting, and the layouts and networks that it supports, the likeliest first."""

    lexicon: Lexicon
    base: Setting
    layouts: list[tuple[str, str]]
    nets: list[Net]
    trier: Trier
    found: Found
    stated: Stated
    others: list[Setting] = field(default_factory=list)
    both_cases: bool = False

    def settings(
        self, relation: Relation | None = None, *, layouts: Sequence[tuple[str, str]] | None = None, nets: Sequence[Net] | None = None
    ) -> Iterator[Setting]:
        """All settings that are supported, the likeliest first: for a batch, then for one example.

        Where a text writes a batch with capitals and one example with small letters, a relation in small letters is about one example.
        """
        small = relation is not None and self.both_cases and self.is_small(relation)
        for base in (self.base, *self.others):
            for hidden, output, loss in nets or self.nets:
                for examples, weights in layouts or self.layouts:
                    setting = base.but(hidden=hidden, output=output, loss=loss, examples=examples, weights=weights)
                    batch = [setting] if examples in {"columns", "rows"} else []
                    yield from (single(setting), *batch) if small else (*batch, single(setting))

    def is_small(self, relation: Relation) -> bool:
        """Whether all quantities of units in a relation are written with small letters."""
        counted = any(self.lexicon.habit.role(n) == "m" for side in (relation.left, relation.right) for n in named(side))
        return not counted and cases((relation,), self.lexicon.habit) == {False}


def understand(
    relations: Sequence[Relation], stated: Stated, options: Options, functions: Iterable[str], *, deadline: float = math.inf
) -> Understanding:
    """Infer the setting of a document from its relations, its words and what the caller states."""
    statements = list({id(r.statement): r.statement for r in relations}.values())
    habit = habit_of(statements)
    found = understand_forward(relations, habit)
    habit = habit_of(statements, found.roles)
    lexicon = Lexicon(habit, found.fixed, {}, frozenset(functions), _generic_sigma(relations, stated), _loose_sigma(stated))
    stated = _with_options(stated, options)
    base = Setting(
        L=_layers(relations, habit, found, stated),
        indices=found.indices or "",
        letters=Frozen(found.letters),
        labels=Frozen(found.labels),
        one_output=stated.one_output,
        first=_first(relations),
        bias=any(habit.role(n) == "b" for r in relations for side in (r.left, r.right) for n in named(side)),
        **found.shifts,  # type: ignore[arg-type]
    )
    base = base.but(deltas=base.sums)
    layouts = _layouts(stated, options)
    nets = _nets(relations, _with_sigma(found, lexicon), stated, base.L, habit)
    understanding = Understanding(lexicon, base, layouts, nets, Trier(lexicon, deadline), found, stated)
    understanding.both_cases = len(cases(relations, habit)) == 2
    _settle(understanding, [r for r in relations if r.op in FORWARD_OPS | {"approx", "propto"} and r.unreadable() is None])
    return understanding


def cases(relations: Iterable[Relation], habit: Habit) -> set[bool]:
    """Whether quantities of units are written with capitals (true), with small letters (false), or both."""
    return {
        name.name[0].isupper()
        for r in relations for side in (r.left, r.right) for name in named(side)
        if habit.role(name) in {"Z", "A", "X"} and len(name.name) == 1
    }  # fmt: skip


def _with_options(stated: Stated, options: Options) -> Stated:
    if options.network is not None:
        from handgrad.network import Network

        network = Network(options.network, loss=options.loss)
        names = [activation.name for activation in network.activations]
        stated = replace(
            stated, layers=network.L, hidden=tuple(names[:-1]), outputs=(names[-1],), losses=(network.loss.name,),
            firm=stated.firm | {"layers", "hidden", "output", "loss"}, one_output=network.widths[-1] == 1,
        )  # fmt: skip
    elif options.loss is not None:
        stated = replace(stated, losses=(find_loss(options.loss).name,), firm=stated.firm | {"loss"})
    return stated


def _generic_sigma(relations: Sequence[Relation], stated: Stated) -> bool:
    """Whether σ is the activation of whatever layer: where another one is named and σ stands for hidden and output layers alike."""
    called = {n.function.name for r in relations for side in (r.left, r.right) for n in walk(side) if isinstance(n, Call)}
    hidden = set(stated.hidden) - {"sigmoid"}
    return bool(hidden) and not (called & (set(ACTIVATIONS) - {"sigmoid", "softmax"})) and "sigmoid" not in stated.outputs and not (
        called & {"g", "f", "phi"}
    )


def _loose_sigma(stated: Stated) -> bool:
    """Whether σ may be any layer's activation: where others are named and the sigmoid is not."""
    named_ = {*stated.hidden, *stated.outputs}
    return bool(named_) and "sigmoid" not in named_


def _with_sigma(found: Found, lexicon: Lexicon) -> Found:
    """What forward equations say, where σ is the sigmoid unless it may be another activation."""
    loose = lexicon.generic_sigma or lexicon.loose_sigma
    own = {layer: name if name != "sigma" else "sigmoid" for layer, name in found.activations.items() if name != "sigma" or not loose}
    return replace(found, activations=own)


def _first(relations: Sequence[Relation]) -> int:
    """The number of the first unit: 0 where an index or a lower end of a sum is 0."""
    for relation in relations:
        for side in (relation.left, relation.right):
            for node in walk(side):
                lower = getattr(node, "lower", None)
                if isinstance(lower, Number) and lower.value == 0:
                    return 0
    return 1


def _layers(relations: Sequence[Relation], habit: Habit, found: Found, stated: Stated) -> int:
    """How many layers the network has; 3 where the text leaves it open."""
    marker = Marker(habit)
    top, back, counted, units_top = 0, 0, False, 0
    for relation in relations:
        for side in (relation.left, relation.right):
            for name in named(side):
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
                    back = max(back, *(int(t.value) for t in mark.terms if isinstance(t, Number)), 0) if isinstance(mark, Sum) else back
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


def _layouts(stated: Stated, options: Options) -> list[tuple[str, str]]:
    order = list(LAYOUTS)
    if "layout" in stated.firm or stated.examples:
        order.sort(key=lambda layout: layout[0] not in stated.examples)
    if options.layout is not None:
        way = "columns" if options.layout == "single" else options.layout
        order = [layout for layout in order if layout[0] == way]
    if options.weights is not None:
        order = [layout for layout in order if layout[1] == options.weights]
    return order


def _nets(relations: Sequence[Relation], found: Found, stated: Stated, layers: int, habit: Habit) -> list[Net]:
    """The networks that the text may be about: those it states, or all that its functions allow."""
    called: dict[str, None] = {}
    for relation in relations:
        for side in (relation.left, relation.right):
            for node in walk(side):
                if isinstance(node, Call):
                    base = slope_of(node.function.name) or node.function.name
                    words = [base, *(n.name for s in node.function.scripts for n in walk(s) if isinstance(n, Name))]
                    called.update((ACTIVATIONS[w], None) for w in words if w in ACTIVATIONS)
                    if base == "sigma":
                        called.setdefault("sigmoid")
    seen = [name for name in called if name != "softmax"]
    hidden = [h for h in (*stated.hidden, *seen) if not find_activation(h).rowwise] if not ("hidden" in stated.firm and stated.hidden) else list(stated.hidden)
    hidden = list(dict.fromkeys([*hidden, *(() if hidden else ("sigmoid", "tanh", "relu"))]))
    outputs = list(stated.outputs) if stated.outputs and "output" in stated.firm else list(
        dict.fromkeys([*stated.outputs, *(("softmax",) if "softmax" in called else ()), *seen, "sigmoid", "softmax", "identity"])
    )
    written = _written_losses(relations, habit)
    losses = list(stated.losses) if stated.losses and "loss" in stated.firm else []
    losses = list(dict.fromkeys([*losses, *written, *(() if losses or written else (*stated.losses, "binary_cross_entropy", "cross_entropy", "half_squared_error"))]))
    if written and not ("loss" in stated.firm):
        losses = list(dict.fromkeys([*written, *stated.losses]))
    per_layer = tuple(found.activations.get(layer, hidden[0]) for layer in range(1, layers))
    choices: list[tuple[str, ...]] = list(dict.fromkeys([per_layer or (hidden[0],), *((h,) for h in hidden)]))
    if len(hidden) == layers - 1 > 1 and stated.hidden:
        choices.insert(0, tuple(hidden))
    last = found.activations.get(layers, found.activations.get("L"))
    if last is not None:
        outputs = list(dict.fromkeys([last, *outputs]))
    nets = list(_pairs(choices, outputs, losses))[:24]
    if "half_squared_error" in losses and any(isinstance(n, Call) and n.function.name in GENERIC for r in relations for n in walk(r.right)):
        nets.append((choices[0], choices[0][0], "half_squared_error"))  # g may be any function of each unit alone
    return list(dict.fromkeys(nets))


def _pairs(choices: Sequence[tuple[str, ...]], outputs: Sequence[str], losses: Sequence[str]) -> Iterator[Net]:
    pairs = [(o, loss) for loss, o in combinations(losses, outputs) if _allowed(o, loss)]
    if not pairs:
        pairs = [(GOES_WITH.get(loss, "identity"), loss) for loss in losses]
    pairs.sort(key=lambda pair: GOES_WITH.get(pair[1]) != pair[0] and pair[0] != outputs[0])
    for output, loss in pairs:
        for hidden in choices:
            yield hidden, output, loss


def _allowed(output: str, loss: str) -> bool:
    """Whether a loss can be taken of these outputs."""
    record, activation = find_loss(loss), find_activation(output)
    if record.simplex:
        return activation.simplex
    return activation.interval in record.outputs


def _written_losses(relations: Sequence[Relation], habit: Habit) -> list[str]:
    """The kinds of losses that are written out."""
    from handgrad.check.understanding.roles import usual_role

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
    scripts = getattr(node, "scripts", ())
    return any(s.kind == "sup" and any(isinstance(p, Number) and p.value == 2 for p in s.body) for s in scripts) and not isinstance(node, Name)


def _largest(node: Node) -> bool:
    return isinstance(node, Call) and node.function.name in {"max", "maximum"} and not any(isinstance(a, Number) for a in node.arguments)


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


def _settle(u: Understanding, relations: Sequence[Relation]) -> None:
    """Choose the numbering, the layouts and the networks that most relations support."""
    net = u.nets[:1]
    _settle_numbering(u, relations, net)
    held: dict[tuple[str, str], set[int]] = {}
    for layout in u.layouts:
        held[layout] = {r.place for r in relations if (t := attempt(u.trier, r, u.settings(r, layouts=[layout], nets=u.nets[:6]))) and t.holds}
    u.layouts = supported_layouts(u, relations, held)
    _settle_others(u, relations)


def _settle_others(u: Understanding, relations: Sequence[Relation]) -> None:
    """Other numberings of layers that part of the text keeps to: each must explain relations of two kinds that the first one does not."""
    nets = u.nets[:3]
    left = [r for r in relations if not ((t := attempt(u.trier, r, u.settings(r, nets=nets))) and t.holds)]
    if len(left) < 2:
        return
    first = u.base
    tops = dict.fromkeys((first.L, *(k for k in _tops(left, u.lexicon.habit) if 1 <= k <= 5)))
    found = []
    for other in (first.but(L=L, units=shift, sums=shift, deltas=shift) for L in tops for shift in (0, -1)):
        if other == first:
            continue
        u.base = other
        held = [r for r in left if (t := attempt(u.trier, r, u.settings(r, nets=nets))) and t.holds]
        if len(held) > 2 and len({_kind(r, u.lexicon.habit) for r in held}) > 1:
            found.append((len(held), other))
    u.base = first
    u.others = [max(found, key=lambda item: item[0])[1]] if found else []


def _tops(relations: Sequence[Relation], habit: Habit) -> list[int]:
    """The highest numbers of layers, for what is written on weights and on units."""
    marker = Marker(habit)
    marks = [marker.marks(n).layer for r in relations for side in (r.left, r.right) for n in named(side) if habit.role(n) in LAYERED]
    numbers = [int(m.value) for m in marks if isinstance(m, Number)]
    return [max(numbers)] if numbers else []


def _settle_numbering(u: Understanding, relations: Sequence[Relation], net: Sequence[Net]) -> None:
    """Try other numberings of layers and of indices where forward equations do not hold as they are read."""

    def score(base: Setting, some: Sequence[Relation]) -> int:
        old, u.base = u.base, base
        count = sum(bool((t := attempt(u.trier, r, u.settings(r, nets=net))) and t.holds) for r in some)
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
    back = [r for r in relations if any(u.lexicon.habit.role(n) == "delta" for side in (r.left, r.right) for n in named(side))][:8]
    if back:
        options = dict.fromkeys((u.base.deltas, 0, u.base.units, u.base.sums, -1))
        defined = [r for r in back if isinstance(r.left, Name) and isinstance(r.right, Derivative)]
        u.base = max((u.base.but(deltas=d) for d in options), key=lambda base: score(base, back) + 4 * score(base, defined))


def _is_forward(relation: Relation, habit: Habit) -> bool:
    left = relation.left
    return isinstance(left, Name) and habit.role(left) in {"Z", "A", "output"}


def supported_layouts(u: Understanding, relations: Sequence[Relation], held: dict[tuple[str, str], set[int]]) -> list[tuple[str, str]]:
    """The layouts that the text supports: the one that explains most, and others that alone explain a forward equation or two kinds of others."""
    forward = {r.place for r in relations if _is_forward(r, u.lexicon.habit)}
    order = sorted(u.layouts, key=lambda layout: (-len(held[layout]), u.layouts.index(layout)))
    best = order[0]
    chosen = [best]
    covered = set(held[best])
    kinds = {r.place: _kind(r, u.lexicon.habit) for r in relations}
    for layout in order[1:]:
        alone = held[layout] - covered
        if alone & forward or len({kinds[place] for place in alone}) > 1 or (held[layout] == held[best] and len(held[best]) < 6):
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
