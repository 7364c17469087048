"""Formulas taken apart and put together: the parts that a slip can hit, and products, sums and terms with one part changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from handgrad.check.tree import (
    BigSum,
    Call,
    Derivative,
    Differential,
    Fraction,
    Group,
    Name,
    Node,
    Number,
    Operator,
    Product,
    Script,
    Scripted,
    Sum,
    children,
    rebuilt,
)

Some = TypeVar("Some", bound=Node)


def parts(tree: Node) -> Iterator[Node]:
    """What a formula is made of, those above first: without marks, and without what is inside a gradient or names a function."""
    stack = [tree]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(list(_below(top))))


def _below(node: Node) -> Iterator[Node]:
    match node:
        case Name() | Differential() | Derivative() | Operator():
            return
        case BigSum(body=body):
            yield body
        case Call(arguments=arguments):
            yield from arguments
        case Scripted(base=base):
            yield base
        case _:
            yield from (child for child in children(node) if not isinstance(child, Script))


def copied(node: Some) -> Some:
    """A copy of other objects, for what stands in one formula twice; places are kept, so that it is written as it was."""
    return replace(node, **{name: _copied(getattr(node, name)) for name in _names(node)})


def _copied(value: Any) -> Any:
    if isinstance(value, Node):
        return copied(value)
    return tuple(_copied(part) for part in value) if isinstance(value, tuple) else value


class Shapes:
    """Tells trees apart by what they are, not by where they stand: those that are written alike have the same number."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._known: dict[int, tuple[Node, int]] = {}

    def __call__(self, node: Node) -> int:
        """The number of a tree."""
        known = self._known.get(id(node))
        if known is not None:
            return known[1]
        key = (type(node), *(self._of(getattr(node, name)) for name in _names(node)))
        number = self._numbers.setdefault(key, len(self._numbers))
        self._known[id(node)] = node, number  # the node is kept, so that its id stays its own
        return number

    def _of(self, value: Any) -> Any:
        if isinstance(value, Node):
            return self(value)
        return tuple(self._of(part) for part in value) if isinstance(value, tuple) else value


_NAMES: dict[type, tuple[str, ...]] = {}


def _names(node: Node) -> tuple[str, ...]:
    """The fields of a node, but for its place."""
    kind = type(node)
    if kind not in _NAMES:
        _NAMES[kind] = tuple(field.name for field in fields(node) if field.name != "span")
    return _NAMES[kind]


def grouped(node: Node) -> Node:
    """A formula as a factor: a sum in brackets."""
    return Group(None, node) if isinstance(node, Sum) else node


def product(items: Sequence[Node], signs: Sequence[str]) -> Node:
    """A product of factors, or the only one."""
    return items[0] if len(items) == 1 else Product(None, tuple(grouped(item) for item in items), tuple(signs))


def negated(node: Node) -> Node:
    """The formula with the other sign in front."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        return node.terms[0] if node.signs == ("-",) else Sum(None, node.terms, ("-",))
    return Sum(None, (grouped(node),), ("-",))


def times(node: Node, factor: Node, sign: str, *, front: bool = False) -> Node:
    """The formula with one more factor, at its end or in front; a minus stays before all, and a mere 1 makes way."""
    if isinstance(node, Number) and node.value == 1:
        return factor
    if isinstance(node, Sum) and len(node.terms) == 1:
        return Sum(None, (times(node.terms[0], factor, sign, front=front),), node.signs)
    items, signs = (node.items, node.signs) if isinstance(node, Product) else ((grouped(node),), ())
    if front:
        return Product(None, (grouped(factor), *items), (sign, *signs))
    return Product(None, (*items, grouped(factor)), (*signs, sign))


def without(node: Product, place: int) -> Node:
    """A product without one factor; of the two signs beside it, the elementwise one stays."""
    return next(iter(all_without(node, place)))


def all_without(node: Product, place: int) -> list[Node]:
    """A product without one factor, with either of the two signs beside it."""
    items = node.items[:place] + node.items[place + 1 :]
    before, after = node.signs[: max(place - 1, 0)], node.signs[place + 1 :]
    if not 0 < place < len(node.items) - 1:
        return [product(items, (*before, *after))]
    beside = sorted(set(node.signs[place - 1 : place + 1]), key=lambda sign: (sign not in {"odot", "circ", ".*"}, -len(sign)))
    return [product(items, (*before, sign, *after)) for sign in beside]


def swapped(tree: Node, old: Node, new: Node) -> Node:
    """The tree with a part replaced; a sum that comes to stand in a product gets brackets."""
    if old is tree:
        return new
    inside = any(isinstance(part, Product) and any(item is old for item in part.items) for part in parts(tree))
    return rebuilt(tree, old, grouped(new) if inside else new)


def terms_of(tree: Node) -> Iterator[tuple[Sum, int]]:
    """Each term of each sum."""
    for part in parts(tree):
        if isinstance(part, Sum):
            yield from ((part, place) for place in range(len(part.terms)))


def with_term(node: Sum, place: int, term: Node) -> Sum:
    """A sum with one of its terms replaced."""
    return Sum(None, (*node.terms[:place], term, *node.terms[place + 1 :]), node.signs)


def without_term(node: Sum, place: int) -> Node:
    """A sum without one of its terms."""
    terms, signs = node.terms[:place] + node.terms[place + 1 :], node.signs[:place] + node.signs[place + 1 :]
    return terms[0] if signs == ("+",) else Sum(None, terms, signs)


def whole(value: float) -> Number:
    """A whole number."""
    return Number(None, float(value), str(int(value)))


def fraction(over: Node, under: Node, mark: str) -> Fraction:
    """A quotient; with a slash, what is more than a name gets brackets."""
    if mark == "/":
        over, under = (Group(None, part) if isinstance(part, Product | Sum) else part for part in (over, under))
    return Fraction(None, over, under, mark)


def slipped(tree: Node, old: Node, new: Node) -> Node:
    """As `swapped`, where the new part may be a product inside a product: its factors take the place of the old one."""
    if isinstance(new, Product):
        for part in parts(tree):
            if isinstance(part, Product):
                for place, item in enumerate(part.items):
                    if item is old:
                        items = (*part.items[:place], *new.items, *part.items[place + 1 :])
                        signs = (*part.signs[:place], *new.signs, *part.signs[place:])
                        return rebuilt(tree, part, Product(None, items, signs))
    return swapped(tree, old, new)
