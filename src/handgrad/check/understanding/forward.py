"""What the forward equations of a document say about its names: which are weights, sums and activations, and how their layers are numbered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from handgrad.check.tree import BigSum, Bracketed, Call, Group, Name, Node, Number, Product, Scripted, Sum, walk
from handgrad.check.understanding.names import Habit, Marker, Marks, is_counter, named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, LAYERED, is_hat

Base = tuple[str, bool]
PROBE = {"l": 10.0, "L": 20.0, "k": 10.0, "i": 10.0, "n": 10.0, "h": 10.0, "j": 10.0}
FORWARD_OPS = frozenset({"=", ":=", "<-", "equiv"})


@dataclass
class Forward:
    """One forward equation taken apart: out = act(weights · input + bias), of which parts may be missing."""

    out: Name
    weights: Name | None
    input: Name | None
    bias: Name | None
    act: Name | None
    summed: str | None = None
    of: Name | None = None


@dataclass
class Found:
    """What forward equations say."""

    roles: dict[Base, str] = field(default_factory=dict)
    fixed: dict[Base, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    letters: dict[str, int] = field(default_factory=dict)
    shifts: dict[str, int] = field(default_factory=dict)
    indices: str | None = None
    activations: dict[int | str, str] = field(default_factory=dict)
    equations: list[Forward] = field(default_factory=list)


def base(name: Name) -> Base:
    """A name without its marks."""
    return name.name, is_hat(name)


def is_act(name: Name) -> bool:
    """Whether a name is usual for an activation function."""
    return name.name in ACTIVATIONS or name.name in GENERIC


def bare(node: Node) -> Node:
    """A node without brackets around it, and without a transpose of brackets."""
    while isinstance(node, Group) and node.open in "([{":
        node = node.body
    if isinstance(node, Scripted) and all(s.kind in {"transpose", "sup"} for s in node.scripts):
        inner = bare(node.base)
        return inner if isinstance(inner, Name) else node
    return node


def taken_apart(left: Node, right: Node, habit: Habit) -> Forward | None:
    """A forward equation with its parts, or None where the relation is none."""
    out = bare(left)
    if not isinstance(out, Name) or habit.role(out) in {"loss", "delta"}:
        return None
    act = None
    inner = bare(right)
    if isinstance(inner, Call) and len(inner.arguments) == 1 and (is_act(inner.function) or habit.role(inner.function) == "function"):
        act, inner = inner.function, bare(inner.arguments[0])
        if isinstance(inner, Name):
            return Forward(out, None, None, None, act, of=inner)
    terms = inner.terms if isinstance(inner, Sum) and all(s == "+" for s in inner.signs) else (inner,)
    weights = entry = bias = None
    summed = None
    for term in terms:
        pair, letter = _pair(term, habit)
        if pair is not None and weights is None:
            (weights, entry), summed = pair, letter
        elif pair is not None:
            continue  # written out, w_1 x_1 + w_2 x_2: the first term tells
        else:
            name = bare(term)
            if not isinstance(name, Name) or bias is not None:
                return None
            bias = name
    return None if weights is None or entry is None else Forward(out, weights, entry, bias, act, summed)


def _pair(term: Node, habit: Habit) -> tuple[tuple[Name, Name] | None, str | None]:
    """The weights and the input of a product of the two, and the letter that is summed over."""
    letter = None
    term = bare(term)
    if isinstance(term, BigSum):
        letter = term.index.name if isinstance(term.index, Name) else ""
        term = bare(term.body)
    if isinstance(term, Call) and term.function.name == "dot" and len(term.arguments) == 2:
        names: Sequence[Node] = [bare(a) for a in term.arguments]
    elif isinstance(term, Product) and len(term.items) == 2:
        names = [bare(item) for item in term.items]
    else:
        return None, None
    if not all(isinstance(n, Name) for n in names):
        return None, None
    a, b = (n for n in names if isinstance(n, Name))
    roles = habit.role(a), habit.role(b)
    unit_roles = {"A", "X", "Z", "output"}
    if roles[0] == "W" and roles[1] not in {"W", "m", "rate", "penalty", "loss"}:
        return (a, b), letter
    if roles[1] == "W" and roles[0] not in {"W", "m", "rate", "penalty", "loss"}:
        return (b, a), letter
    if roles[1] in unit_roles and roles[0] is None:
        return (a, b), letter
    if roles[0] in unit_roles and roles[1] is None:
        return (b, a), letter
    return None, None


def label(marks: Marks) -> float | None:
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


def understand_forward(relations: Iterable[Relation], habit: Habit) -> Found:
    """All that the forward equations say, by majority where they disagree."""
    found = Found()
    votes: dict[Base, Counter[str]] = {}

    def vote(name: Name | None, role: str) -> None:
        if name is not None:
            votes.setdefault(base(name), Counter())[role] += 1

    pairs = [(r.left, r.right) for r in relations if r.op in FORWARD_OPS]
    for left, right in pairs:
        _vote_loss(found, left, right, habit)
        equation = taken_apart(left, right, habit)
        if equation is None:
            continue
        found.equations.append(equation)
        if equation.act is not None:
            vote(equation.out, "A")
            vote(equation.of, "Z")
        else:
            vote(equation.out, "Z")
        vote(equation.weights, "W")
        vote(equation.bias, "b")
        if equation.input is not None and habit.role(equation.input) not in {"X", "Y", "output"}:
            vote(equation.input, "A")
    _roles(found, votes, habit)
    _functions(found, pairs, habit)
    _inputs(found, pairs, habit)
    _counterparts(found, pairs, habit)
    _deltas(found, pairs)
    _theta(found, pairs, habit)
    own = Habit(**{**vars(habit), "roles": {**habit.roles, **found.roles}})
    _layers(found, own)
    if len(set(found.fixed.values())) < 2 and not found.labels:
        found.fixed = {}  # one layer only: names without marks are those of a network of one layer
    _letters(found, own, pairs)
    _activations(found, own, pairs)
    return found


def _vote_loss(found: Found, left: Node, right: Node, habit: Habit) -> None:
    """A name without a usual role that is computed from targets and outputs is a loss: c = Σ (a - y)², l(a, y) = …"""
    name = left.function if isinstance(left, Call) else left
    if not isinstance(name, Name) or habit.role(name) not in {None, "constant"} or is_act(name):
        return
    if isinstance(left, Call) and all(habit.role(n) in {"W", "b"} for a in left.arguments for n in named(a)):
        found.roles.setdefault(base(name), "loss")
    roles = {habit.role(n) for n in named(right)}
    arguments = {habit.role(n) for a in left.arguments for n in named(a)} if isinstance(left, Call) else set()
    if ("Y" in roles and roles & {"A", "output"} and any(_measures(n) for n in walk(right))) or "Y" in arguments:
        found.roles.setdefault(base(name), "loss")


def _measures(node: Node) -> bool:
    """Whether a node is what losses are made of: a square, a norm, a logarithm."""
    if isinstance(node, Call):
        return node.function.name in {"log", "ln"}
    if isinstance(node, Group):
        return node.open in {"norm", "|"}
    return isinstance(node, Scripted) and any(s.kind == "sup" and any(isinstance(p, Number) and p.value == 2 for p in s.body) for s in node.scripts)


def _roles(found: Found, votes: dict[Base, Counter[str]], habit: Habit) -> None:
    for key, counted in votes.items():
        role, count = counted.most_common(1)[0]
        usual = habit.role(Name(None, key[0], (), frozenset({"hat"}) if key[1] else frozenset()))
        if usual in {"X", "output"} or usual == role:
            continue
        if usual == "Y":
            if role == "A" and _other_target(found, key):
                found.roles[key] = "output"
            continue
        if usual is None or (usual in LAYERED and count >= counted.get(usual, 0) + 1 and usual != "W"):
            found.roles[key] = role


def _functions(found: Found, pairs: Sequence[tuple[Node, Node]], habit: Habit) -> None:
    """Letters that stand for weights elsewhere but are only called here, as θ(s), are activation functions."""
    calls: Counter[Base] = Counter()
    uses: Counter[Base] = Counter()
    for side in (side for pair in pairs for side in pair):
        for node in walk(side):
            if isinstance(node, Call) and len(node.arguments) == 1 and habit.role(node.function) in {"W", "m", "penalty", "rate"}:
                calls[base(node.function)] += 1
        uses.update(base(name) for name in named(side))
    for key, count in calls.items():
        if count == uses[key] and count > 1:
            found.roles[key] = "function"


def _inputs(found: Found, pairs: Sequence[tuple[Node, Node]], habit: Habit) -> None:
    """x^{(l)} with a mark that counts layers is what a layer puts out, not the input alone."""
    for side in (side for pair in pairs for side in pair):
        for name in named(side):
            if habit.role(name) == "X" and any(
                is_counter(part.body[0] if isinstance(part, Bracketed) and part.body else part, habit.counters)
                for script in name.scripts if script.kind in {"sup", "bracket"} for part in script.body
            ):  # fmt: skip
                found.roles.setdefault(base(name), "A")


def _counterparts(found: Found, pairs: Sequence[tuple[Node, Node]], habit: Habit) -> None:
    """A capital stands for many examples of what its small letter is for one: U of u, H of h."""
    for name in (name for pair in pairs for side in pair for name in named(side)):
        key, other = base(name), (name.name.swapcase(), is_hat(name))
        if len(name.name) == 1 and key not in found.roles and habit.role(name) is None and found.roles.get(other) in {"Z", "A"}:
            found.roles[key] = found.roles[other]


def _theta(found: Found, pairs: Sequence[tuple[Node, Node]], habit: Habit) -> None:
    """θ without marks beside weights that are called W may be anything: all the parameters, or the logits."""
    names = [name for pair in pairs for side in pair for name in named(side) if habit.role(name) == "W"]
    if any(n.name in {"W", "w"} for n in names) and not any(_weighty(n, habit) for n in names if n.name == "theta"):
        found.roles.setdefault(("theta", False), "unknown")


def _weighty(name: Name, habit: Habit) -> bool:
    """Whether a name has the marks of a matrix of weights: a layer, or two indices."""
    marks = Marker(habit).marks(name)
    return marks.layer is not None or len(marks.indices) > 1


def _deltas(found: Found, pairs: Sequence[tuple[Node, Node]]) -> None:
    """Δ is what is added up over the examples where a text adds to it, and the errors of a layer elsewhere."""
    def spoken(node: Node) -> set[str]:
        return {name.name for name in named(node)}

    added = any(isinstance(bare(left), Name) and bare(left).name == "Delta" and "Delta" in spoken(right) and isinstance(bare(right), Sum)  # type: ignore[attr-defined]
                for left, right in pairs)  # fmt: skip
    averaged = any(isinstance(bare(left), Name) and bare(left).name == "D" and "Delta" in spoken(right) for left, right in pairs)  # type: ignore[attr-defined]
    if averaged:
        found.roles.setdefault(("D", False), "mean gradient")
    elif not added:
        found.roles.setdefault(("Delta", False), "delta")


def _other_target(found: Found, key: Base) -> bool:
    """Whether y is computed by the network, so that it is no target."""
    return any(base(e.out) == key and (e.act is not None or e.weights is not None) for e in found.equations)


def _layers(found: Found, habit: Habit) -> None:
    """Numbers of layers: shifts between marks, and layers of names that have no mark."""
    marker = Marker(habit)
    ins: Counter[int] = Counter()
    outs: Counter[tuple[str, int]] = Counter()
    firsts: Counter[int] = Counter()
    depth: dict[str, int] = {}
    for e in found.equations:
        if e.weights is None or e.input is None:
            if e.of is not None and e.act is not None:
                _carry(found, habit, marker, e, depth)
            continue
        w, a, z = (label(marker.marks(n)) for n in (e.weights, e.input, e.out))
        role_in, role_out = habit.role(e.input), habit.role(e.out)
        if w is not None and a is not None and role_in != "X":
            ins[round(a - w)] += 1
        if w is not None and z is not None:
            outs[role_out or "Z", round(z - w)] += 1
        if w is not None and role_in == "X" and w < 5:
            firsts[round(w)] += 1
        _carry(found, habit, marker, e, depth)
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


def _carry(found: Found, habit: Habit, marker: Marker, e: Forward, depth: dict[str, int]) -> None:
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


def _activations(found: Found, habit: Habit, pairs: Sequence[tuple[Node, Node]]) -> None:
    """The activations of layers that have a number, or are the last: A^{[1]} = relu(Z^{[1]}), A^{[2]} = Z^{[2]}."""
    marker = Marker(habit)
    for left, right in pairs:
        out, act = bare(left), _activation(bare(right), habit)
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
    if len(inner) != 1 or not isinstance(bare(inner[0]), Name) or habit.role(bare(inner[0])) != "Z":  # type: ignore[arg-type]
        return None
    return "exp" if word in {"e", "exp"} else word if word == "sigma" else ACTIVATIONS.get(word)


def _known(found: Found, marker: Marker, name: Name) -> int | None:
    marks = marker.marks(name)
    if marks.words and marks.words[0] in found.labels:
        return found.labels[marks.words[0]]
    return found.fixed.get(base(name)) if marks.layer is None else None


def _letters(found: Found, habit: Habit, pairs: Sequence[tuple[Node, Node]]) -> None:
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
        both = [{i.name for i in marker.marks(n).indices if isinstance(i, Name)} for pair in pairs for side in pair for n in named(side)
                if habit.role(n) in {"A", "output"} and marker.marks(n).layer is None]  # fmt: skip
        if {a} in both and {b} in both:  # o_i below and o_j above: the letters tell the layers
            order_of = found.indices or ("in-out" if a < b else "out-in")
            below, above = (a, b) if order_of == "in-out" else (b, a)
            found.letters, found.indices = {below: 0, above: 1}, order_of
        return
    found.letters, order_of = _chain(edges, found.indices)
    found.indices = found.indices or order_of


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
