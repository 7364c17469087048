"""A person's formula as it stands: nodes with the place in the document that each was read from.

Nothing is decided here that the text leaves open: whether a product is a matrix product or elementwise, whether a superscript is a
layer, a power or a transpose. What it means is found by `handgrad.check.understanding`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

Span: TypeAlias = tuple[int, int]
"""Offsets of the first character and of the one after the last in the document's text; of a macro's call for what it stands for."""


@dataclass(frozen=True, slots=True)
class Node:
    """Part of a formula. `span` is None for what was not in the document, as parts of a correction."""

    span: Span | None


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number as it is written, as 0.5, 1e-3 or π."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Script(Node):
    """A mark at a name: its parts side by side, as ([l], T) of W^{[l]T}.

    `kind` is one of sup, sub, digits (the 2 of W2), bracket (W[2]), prime (body is empty; `count` primes), transpose (.T, ᵀ).
    """

    kind: str
    body: tuple[Node, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True)
class Bracketed(Node):
    """A part of a script in brackets of its own, as [l] or (i). `open` is "[" or "(" or "{" or "<"."""

    open: str
    body: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A letter or a word with its marks.

    `name` is without backslash, typeface or accent: W, delta, sigma, relu, net, WeightOutput. Greek letters have their English
    names, also where they stood as Unicode, and mathematical alphabets are plain letters. `faces` are its typefaces and accents
    (bf, cal, bb, hat, bar, tilde, vec, dot, check); script letters such as ℓ are ("l", {"ell"}).
    """

    name: str
    scripts: tuple[Script, ...] = ()
    faces: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scripted(Node):
    """Marks at something that is no name, as (…)^T, (a - y)^2, ‖a‖², relu'(z) where the prime follows the brackets."""

    base: Node
    scripts: tuple[Script, ...]


@dataclass(frozen=True, slots=True)
class Group(Node):
    """Brackets. `open` is one of ( [ { |, or "norm" for ‖…‖."""

    body: Node
    open: str = "("


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function and what it is of: σ(z), np.sum(dZ, axis=1). `keywords` are in order; values are nodes or words."""

    function: Name
    arguments: tuple[Node, ...]
    keywords: tuple[tuple[str, Node], ...] = ()


@dataclass(frozen=True, slots=True)
class Differential(Node):
    """dW, ∂Z^{[3]}, ∇_W J (with `by`), that is, a gradient written as one symbol. `mark` is d, partial, delta, Delta or nabla."""

    of: Node
    mark: str
    by: Node | None = None


@dataclass(frozen=True, slots=True)
class Derivative(Node):
    """∂J/∂W: `of` by `by`. `mark` as in Differential; `order` is 1 unless it is ∂²."""

    of: Node
    by: Node
    mark: str
    order: int = 1


@dataclass(frozen=True, slots=True)
class Operator(Node):
    """∂/∂x as a factor of a product: it is of the factors to its right."""

    by: Node
    mark: str


@dataclass(frozen=True, slots=True)
class Product(Node):
    """Two or more factors with the signs between them as written.

    A sign is one of "" (nothing), "cdot", "times", "odot", "circ", "otimes", "bullet", "ast" (LaTeX's and Unicode's), "*", ".",
    ".*", "@" (plain text's and NumPy's).
    """

    items: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sum(Node):
    """Terms with a sign before each: "+", "-", "pm". A first "+" is not written. One term only with a "-" (or "pm") before it."""

    terms: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fraction(Node):
    r"""A quotient. `mark` is "frac" (\frac, \over and the like) or "/"."""

    over: Node
    under: Node
    mark: str = "frac"


@dataclass(frozen=True, slots=True)
class Root(Node):
    """A square root."""

    body: Node


@dataclass(frozen=True, slots=True)
class BigSum(Node):
    r"""Σ with what it says below and above: `kind` is sum, prod or mean (the letters E or mean with an index).

    `index` is a Name, or None for a bare Σ; `lower` is what stands after its = or ∈; both are None where nothing stands there.
    """

    index: Node | None
    lower: Node | None
    upper: Node | None
    body: Node
    kind: str = "sum"


@dataclass(frozen=True, slots=True)
class Cases(Node):
    """Values with their conditions; a condition is None for "otherwise"."""

    rows: tuple[tuple[Node, Node | None], ...]


@dataclass(frozen=True, slots=True)
class Matrix(Node):
    """Entries written out, row by row."""

    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """left op right, where it is a condition: op is one of > >= < <= == !=."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Words(Node):
    r"""Prose inside a formula, as \text{ where }."""

    text: str


@dataclass(frozen=True, slots=True)
class Dots(Node):
    """What is left out: dots in a row, low or centred."""


@dataclass(frozen=True, slots=True)
class Unreadable(Node):
    """What could not be read, with the reason."""

    reason: str


RELATIONS = ("=", ":=", "<-", "approx", "propto", "in", "equiv", "+=", "-=", "<", ">", "<=", ">=", "!=", "->")


@dataclass(frozen=True, slots=True)
class Statement:
    r"""A chain of relations: sides[0] ops[0] sides[1] ops[1] … One side and no op is a formula alone.

    `spans` are those of the relations, one for each op: from the sign of relation (from the beginning of the chain for the first)
    to the end of its right side. `continues` says that the first side is None, as in a row "&= …": it goes on from the row, or the
    formula, before. What \Rightarrow, \implies, commas, "and" or rows join are statements of their own.
    """

    sides: tuple[Node | None, ...]
    ops: tuple[str, ...]
    spans: tuple[Span, ...]
    span: Span
    continues: bool = False


_PLAIN = frozenset({"span", "kind", "count", "open", "name", "faces", "value", "text", "mark", "signs", "op", "reason", "order"})
"""The fields that hold no nodes."""
_PARTS: dict[type[Node], tuple[str, ...]] = {}
"""The fields of each kind of node that may hold nodes, once they are asked for."""


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below, in order."""
    kind = type(node)
    if kind not in _PARTS:
        _PARTS[kind] = tuple(field.name for field in fields(kind) if field.name not in _PLAIN)
    for name in _PARTS[kind]:
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from _nodes(value)


def _nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _nodes(part)


def bare(node: Node) -> Node:
    """A node without brackets around it that change nothing; the bars of absolute values and norms stay."""
    while isinstance(node, Group) and node.open in {"(", "[", "{"}:
        node = node.body
    return node


def within(node: Node) -> Node:
    """What stands within brackets of any kind, those of absolute values and norms too, where only that is looked for."""
    while isinstance(node, Group):
        node = node.body
    return node


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, those above before those below."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(list(children(top))))


def rebuilt(node: Node, old: Node, new: Node) -> Node:
    """The tree with `new` in the place of `old` (that very object); what holds it loses its span, so that it is written anew."""
    if node is old:
        return new
    changed = {}
    for field in fields(node):
        value = getattr(node, field.name)
        other = _replaced(value, old, new)
        if other is not value:
            changed[field.name] = other
    return replace(node, span=None, **changed) if changed else node


def _replaced(value: Any, old: Node, new: Node) -> Any:
    if isinstance(value, Node):
        return rebuilt(value, old, new)
    if isinstance(value, tuple):
        parts = tuple(_replaced(part, old, new) for part in value)
        return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
    return value
