"""The numbers of layers in forward equations: shifts between marks, layers of names and of letters that have no number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from handgrad.check.tree import Call, Name, Node, Number, Sum
from handgrad.check.understanding.equations import Forward, Found, base, untransposed
from handgrad.check.understanding.names import Habit, Marker, Marks, named
from handgrad.check.understanding.roles import ACTIVATIONS

PROBE = {"l": 10.0, "L": 20.0, "k": 10.0, "i": 10.0, "n": 10.0, "h": 10.0, "j": 10.0}


def number_layers(found: Found, habit: Habit) -> None:
    """Numbers of layers: shifts between marks, and layers of names that have no mark."""
    marker = Marker(habit)
    ins: Counter[int] = Counter()
    outs: Counter[tuple[str, int]] = Counter()
    firsts: Counter[int] = Counter()
    for e in found.equations:
        if e.weights is None or e.input is None:
            if e.of is not None and e.act is not None:
                _carry(found, habit, marker, e)
            continue
        w, a, z = (_label(marker.marks(n)) for n in (e.weights, e.input, e.out))
        role_in, role_out = habit.role(e.input), habit.role(e.out)
        if w is not None and a is not None and role_in != "X":
            ins[round(a - w)] += 1
        if w is not None and z is not None:
            outs[role_out or "Z", round(z - w)] += 1
        if w is not None and role_in == "X" and w < 5:
            firsts[round(w)] += 1
        _carry(found, habit, marker, e)
    start = 1 - firsts.most_common(1)[0][0] if firsts else 0
    if start and start != 1:
        start = 0
    shifts = {"weights_from": start}
    if ins:
        shifts["units"] = start - 1 - ins.most_common(1)[0][0]
    for role, key in (("Z", "sums"), ("A", "units")):
        seen = Counter({d: n for (r, d), n in outs.items() if r == role})
        if seen and (key == "sums" or not ins):
            shifts[key] = start - seen.most_common(1)[0][0]
    if "units" in shifts and "sums" not in shifts:
        shifts["sums"] = shifts["units"]
    if "sums" in shifts and "units" not in shifts:
        shifts["units"] = shifts["sums"]
    found.shifts = {k: v for k, v in shifts.items() if abs(v) <= 2}


def _carry(found: Found, habit: Habit, marker: Marker, e: Forward) -> None:
    """Follow names without numbers from the input on: h = σ(W x + b), y = V h + c."""
    source = e.of if e.of is not None else e.input
    if source is None:
        return

    def plain(name: Name) -> bool:
        marks = marker.marks(name)
        return marks.layer is None and not (marks.indices and habit.role(name) != "W" and not marks.words)

    below = 0 if habit.role(source) == "X" else _known(found, marker, source)
    if below is None:
        return
    layer = below if e.of is not None else below + 1
    for name in (e.out, e.weights, e.bias):
        if name is None or not plain(name):
            continue
        words = marker.marks(name).words
        if words:
            found.labels.setdefault(words[0], layer)
        elif habit.role(name) != "output":
            found.fixed.setdefault(base(name), layer)
    if e.act is not None and e.act.name in ACTIVATIONS:
        found.activations.setdefault(layer, ACTIVATIONS[e.act.name])


def _known(found: Found, marker: Marker, name: Name) -> int | None:
    marks = marker.marks(name)
    if marks.words and marks.words[0] in found.labels:
        return found.labels[marks.words[0]]
    if isinstance(marks.layer, Number):
        return int(marks.layer.value) + found.shifts.get("sums", 0)
    return found.fixed.get(base(name)) if marks.layer is None else None


def _label(marks: Marks) -> float | None:
    """A mark of a layer as a number, with l as 10 and L as 20, by which marks are compared."""

    def value(node: Node) -> float | None:
        if isinstance(node, Number):
            return float(node.value)
        if isinstance(node, Name) and not node.scripts:
            return PROBE.get(node.name)
        if isinstance(node, Sum):
            parts = [value(term) for term in node.terms]
            if any(part is None for part in parts):
                return None
            return sum((-1 if s == "-" else 1) * (p or 0.0) for s, p in zip(node.signs, parts, strict=True))
        return None

    return None if marks.layer is None else value(marks.layer)


def name_letters(found: Found, habit: Habit, pairs: Sequence[tuple[Node, Node]]) -> None:
    """Index letters of weights: which one is summed over, and whether letters name layers."""
    marker = Marker(habit)
    order: Counter[str] = Counter()
    edges: Counter[tuple[str, str]] = Counter()
    marked = 0
    for e in found.equations:
        if e.weights is None or e.input is None:
            continue
        indices = [i.name for i in marker.marks(e.weights).indices if isinstance(i, Name)]
        inner = [i.name for i in marker.marks(e.input).indices if isinstance(i, Name)]
        if len(indices) == 2 and inner and inner[-1] in indices and indices[0] != indices[1]:
            order["in-out" if inner[-1] == indices[0] else "out-in"] += 1
    if order:
        found.indices = order.most_common(1)[0][0]
    for side in (side for pair in pairs for side in pair):
        for name in named(side):
            if habit.role(name) != "W":
                continue
            marks = marker.marks(name)
            indices = [i.name for i in marks.indices if isinstance(i, Name)]
            if marks.layer is not None or marks.words:
                marked += 1
            elif len(indices) == 2:
                edges[indices[0], indices[1]] += 1
    if marked or not edges:
        return
    if len({frozenset(edge) for edge in edges}) < 2:
        (a, b), _ = edges.most_common(1)[0]
        units = [n for pair in pairs for side in pair for n in named(side) if habit.role(n) in {"A", "output"}]
        all_marks = [marker.marks(n) for n in units]
        both = [{i.name for i in marks.indices if isinstance(i, Name)} for marks in all_marks if marks.layer is None]
        if {a} in both and {b} in both:  # o_i below and o_j above: the letters tell the layers
            order_of = found.indices or ("in-out" if a < b else "out-in")
            below, above = (a, b) if order_of == "in-out" else (b, a)
            found.letters, found.indices = {below: 0, above: 1}, order_of
        return
    found.letters, told = _chain(edges, found.indices)
    found.indices = found.indices or told


def _chain(edges: Counter[tuple[str, str]], order: str | None) -> tuple[dict[str, int], str | None]:
    """Layers of letters from pairs such as ij and jk; the order of a pair is told by the alphabet where no sum tells it."""
    if order is None:
        rising = sum(n for (a, b), n in edges.items() if a < b)
        order = "in-out" if rising * 2 >= sum(edges.values()) else "out-in"
    steps = {(a, b) if order == "in-out" else (b, a) for a, b in edges}
    below = {b: a for a, b in steps}
    starts = {a for a, _ in steps} - set(below)
    if len(starts) != 1 or len(below) != len(steps):
        return {}, None
    layers = {next(iter(starts)): 0}
    while True:
        new = {b: layers[a] + 1 for b, a in below.items() if a in layers and b not in layers}
        if not new:
            return layers, order
        layers.update(new)


def tell_activations(found: Found, habit: Habit, pairs: Sequence[tuple[Node, Node]]) -> None:
    """The activations of layers that have a number, or are the last: A^{[1]} = relu(Z^{[1]}), A^{[2]} = Z^{[2]}."""
    marker = Marker(habit)
    for left, right in pairs:
        out, act = untransposed(left), _activation(untransposed(right), habit)
        if not isinstance(out, Name) or habit.role(out) != "A" or act is None:
            continue
        mark = marker.marks(out).layer
        if isinstance(mark, Number):
            found.activations.setdefault(int(mark.value) + found.shifts.get("units", 0), act)
        elif isinstance(mark, Name) and mark.name == "L":
            found.activations.setdefault("L", act)


def _activation(node: Node, habit: Habit) -> str | None:
    """The activation that computes this: its name in the catalogue, "sigma" for the letter; None where nothing is told."""
    if isinstance(node, Name) and habit.role(node) == "Z":
        return "identity"
    if isinstance(node, Name) and node.name == "e" and [s.kind for s in node.scripts] == ["sup"]:
        inner: tuple[Node, ...] = node.scripts[0].body
    elif isinstance(node, Call) and not node.function.scripts:
        inner = node.arguments
    else:
        return None
    word = node.name if isinstance(node, Name) else node.function.name
    if len(inner) != 1 or not isinstance(untransposed(inner[0]), Name) or habit.role(untransposed(inner[0])) != "Z":  # type: ignore[arg-type]
        return None
    return "exp" if word in {"e", "exp"} else word if word == "sigma" else ACTIVATIONS.get(word)
