"""What the forward equations of a document say about its names: which are weights, sums and activations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from handgrad.check.tree import Bracketed, Call, Group, Name, Node, Number, Scripted, Sum, walk
from handgrad.check.understanding.equations import FORWARD_OPS, Base, Found, base, is_act, taken_apart, untransposed
from handgrad.check.understanding.names import Habit, Marker, is_counter, named
from handgrad.check.understanding.numbering import name_letters, number_layers, tell_activations
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import LAYERED, is_hat


def understand_forward(relations: Iterable[Relation], habit: Habit) -> Found:
    """All that the forward equations say, by majority where they disagree."""
    found = Found()
    votes: dict[Base, Counter[str]] = {}

    def vote(name: Name | None, role: str) -> None:
        if name is not None:
            votes.setdefault(base(name), Counter())[role] += 1

    pairs = [r.sides for r in relations if r.op in FORWARD_OPS]
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
    number_layers(found, own)
    marker = Marker(own)
    marked = {base(n) for pair in pairs for side in pair for n in named(side) if marker.marks(n).layer is not None}
    found.fixed = {
        key: layer for key, layer in found.fixed.items() if key not in marked and (key[0].swapcase(), key[1]) not in marked
    }
    if not marked and len(set(found.fixed.values())) < 2 and not found.labels:
        found.fixed = {}  # one layer only: names without marks are those of a network of one layer
    name_letters(found, own, pairs)
    tell_activations(found, own, pairs)
    return found


def _vote_loss(found: Found, left: Node, right: Node, habit: Habit) -> None:
    """A name without a usual role that is computed from targets and outputs is a loss: c = Σ (a - y)², l(a, y)."""
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
    return isinstance(node, Scripted) and any(
        s.kind == "sup" and any(isinstance(p, Number) and p.value == 2 for p in s.body) for s in node.scripts
    )


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
    computed = [
        (out.name, untransposed(right))
        for left, right in pairs
        if isinstance(out := untransposed(left), Name) and any(name.name == "Delta" for name in named(right))
    ]
    added = any(name == "Delta" and isinstance(right, Sum) for name, right in computed)
    if any(name == "D" for name, _ in computed):
        found.roles.setdefault(("D", False), "mean gradient")
    elif not added:
        found.roles.setdefault(("Delta", False), "delta")


def _other_target(found: Found, key: Base) -> bool:
    """Whether y is computed by the network, so that it is no target."""
    return any(base(e.out) == key and (e.act is not None or e.weights is not None) for e in found.equations)
