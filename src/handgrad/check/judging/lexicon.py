"""What names of a document stand for: its lexicon, the words for slopes, names as strings by which they are told apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from handgrad.check.judging.world import Key
from handgrad.check.tree import Differential, Name, Node, Number, children
from handgrad.check.understanding.names import Habit, Marker, Marks
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC

NO_LAYER = "it is not said of which layer"
"""How a reason begins that a mark of a layer would settle."""


class UnknownError(Exception):
    """Part of a formula that is not understood, with the reason."""

    def __init__(self, node: Node | None, why: str) -> None:
        super().__init__(why)
        self.node, self.why = node, why


@dataclass(frozen=True)
class Lexicon:
    """What a document means by its names, beyond a setting: its habit, functions it defines, layers of names without marks."""

    habit: Habit = field(default_factory=Habit)
    fixed: Mapping[tuple[str, bool], int] = field(default_factory=dict)
    defined: Mapping[str, tuple[tuple[str, ...], Node]] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    generic_sigma: bool = False
    loose_sigma: bool = False

    @cached_property
    def marker(self) -> Marker:
        """Reads marks with the document's habit."""
        return Marker(self.habit)


@dataclass(frozen=True)
class Meaning:
    """A quantity of the network, or its gradient, that a name stands for."""

    key: Key
    gradient: bool
    marks: Marks


def slope_of(word: str) -> str | None:
    """The activation whose slope a word names: relu_prime, d_sigmoid, dLeakyRelu, tanh_derivative; None for other words."""
    lower = word
    for end in (
        "_prime",
        "Prime",
        "_derivative",
        "Derivative",
        "_deriv",
        "_grad",
        "_backward",
        "_d",
        "_der",
        "prime",
        "_slope",
        "_gradient",
    ):
        if lower.endswith(end) and lower[: -len(end)] in {*ACTIVATIONS, *GENERIC, "activation", "exp"}:
            return lower[: -len(end)]
    for start in ("d_", "d", "grad_", "deriv_", "derivative_", "der_"):
        rest = lower[len(start) :]
        if lower.startswith(start) and (
            rest in ACTIVATIONS or rest[:1].lower() + rest[1:] in ACTIVATIONS or rest in {"sigma", "phi", "activation"}
        ):
            return rest if rest in ACTIVATIONS or rest in GENERIC else rest[:1].lower() + rest[1:]
    return None


def spelled(node: Node) -> str:
    """A name with all its marks as one string, by which names are told apart."""
    if isinstance(node, Name):
        faces = "".join(sorted(node.faces & {"hat", "tilde", "bar", "cal"}))
        return (
            node.name
            + (f"<{faces}>" if faces else "")
            + "".join(f"{s.kind[:2]}{s.count if s.kind == 'prime' else ''}({','.join(map(spelled, s.body))})" for s in node.scripts)
        )
    if isinstance(node, Number):
        return node.text
    return f"{type(node).__name__}({','.join(spelled(child) for child in children(node))})"


def spelled_differential(node: Differential) -> str:
    """A differential as one string."""
    return f"{node.mark} {spelled(node.of)}" + (f" by {spelled(node.by)}" if node.by is not None else "")


def shown_name(node: Node) -> str:
    """What to call a node in a message."""
    if isinstance(node, Name):
        return node.name
    return type(node).__name__.lower()


def names_in(node: Node | None) -> Iterable[Name]:
    """The names in a mark or an index."""
    if isinstance(node, Name):
        yield node
    elif node is not None:
        for child in children(node):
            yield from names_in(child)
