"""Forward equations taken apart: which name is computed from which weights, input and bias, by which activation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from handgrad.check.tree import BigSum, Call, Name, Node, Product, Scripted, Sum, bare
from handgrad.check.understanding.names import Habit
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, is_hat

Base = tuple[str, bool]
"""A name without its marks, and whether it wears a hat."""
FORWARD_OPS = frozenset({"=", ":=", "<-", "equiv"})


@dataclass
class Forward:
    """One forward equation taken apart: out = act(weights · input + bias), of which parts may be missing."""

    out: Name
    weights: Name | None
    input: Name | None
    bias: Name | None
    act: Name | None
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


def untransposed(node: Node) -> Node:
    """A node without brackets around it; of a name in brackets, also without their transpose or power."""
    node = bare(node)
    if isinstance(node, Scripted) and all(s.kind in {"transpose", "sup"} for s in node.scripts):
        inner = untransposed(node.base)
        return inner if isinstance(inner, Name) else node
    return node


def taken_apart(left: Node, right: Node, habit: Habit) -> Forward | None:
    """A forward equation with its parts, or None where the relation is none."""
    out = untransposed(left)
    if not isinstance(out, Name) or habit.role(out) in {"loss", "delta"}:
        return None
    act = None
    inner = untransposed(right)
    called = isinstance(inner, Call) and len(inner.arguments) == 1
    if isinstance(inner, Call) and called and (is_act(inner.function) or habit.role(inner.function) == "function"):
        act, inner = inner.function, untransposed(inner.arguments[0])
        if isinstance(inner, Name):
            return Forward(out, None, None, None, act, of=inner)
    terms = inner.terms if isinstance(inner, Sum) and all(s == "+" for s in inner.signs) else (inner,)
    weights = entry = bias = None
    for term in terms:
        pair = _pair(term, habit)
        if pair is not None and weights is None:
            weights, entry = pair
        elif pair is not None:
            continue  # written out, w_1 x_1 + w_2 x_2: the first term tells
        else:
            name = untransposed(term)
            if not isinstance(name, Name) or bias is not None:
                return None
            bias = name
    return None if weights is None or entry is None else Forward(out, weights, entry, bias, act)


def _pair(term: Node, habit: Habit) -> tuple[Name, Name] | None:
    """The weights and the input of a product of the two, which may be summed over."""
    term = untransposed(term)
    if isinstance(term, BigSum):
        term = untransposed(term.body)
    if isinstance(term, Call) and term.function.name == "dot" and len(term.arguments) == 2:
        names: Sequence[Node] = [untransposed(a) for a in term.arguments]
    elif isinstance(term, Product) and len(term.items) == 2:
        names = [untransposed(item) for item in term.items]
    else:
        return None
    if not all(isinstance(n, Name) for n in names):
        return None
    a, b = (n for n in names if isinstance(n, Name))
    roles = habit.role(a), habit.role(b)
    units, others = {"A", "X", "Z", "output"}, {"W", "m", "rate", "penalty", "loss"}
    if roles[0] == "W" and roles[1] not in others:
        return a, b
    if roles[1] == "W" and roles[0] not in others:
        return b, a
    if roles[1] in units and roles[0] is None:
        return a, b
    if roles[0] in units and roles[1] is None:
        return b, a
    return None
