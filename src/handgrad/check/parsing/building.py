"""Nodes put together: what every reader of code does with brackets, signs and marks."""

from __future__ import annotations

from dataclasses import replace

from handgrad.check.tree import (
    Compare,
    Derivative,
    Differential,
    Fraction,
    Group,
    Name,
    Node,
    Number,
    Product,
    Script,
    Scripted,
    Span,
    Sum,
    bare,
)


def is_one(node: Node) -> bool:
    """Whether it is the number 1."""
    return isinstance(node, Number) and node.value == 1


def is_condition(node: Node) -> bool:
    """Whether it is a comparison, in brackets or not."""
    return isinstance(bare(node), Compare)


def term(node: Node) -> Node:
    """In brackets where it is a sum; they have no place as they do not stand there."""
    return Group(None, node) if isinstance(node, Sum | Compare) else node


def grouped(node: Node) -> Node:
    """In brackets where something stands close to it: np.dot(a, b).T, np.square(a * b)."""
    return Group(None, node) if isinstance(node, Sum | Compare | Product | Fraction) else node


def negative(node: Node) -> Node:
    """A number with its minus, as one number."""
    if isinstance(node, Sum) and node.signs == ("-",) and isinstance(node.terms[0], Number):
        return Number(node.span, -node.terms[0].value, "-" + node.terms[0].text)
    return node


def summed(span: Span, parts: list[tuple[str, Node]]) -> Sum:
    """A sum whose first part may be a sum itself."""
    terms: list[Node] = []
    signs: list[str] = []
    for sign, part in parts:
        if not terms and isinstance(part, Sum):
            terms, signs = list(part.terms), list(part.signs)
        else:
            terms.append(term(part))
            signs.append(sign)
    return Sum(span, tuple(terms), tuple(signs))


def multiplied(span: Span, left: Node, right: Node, sign: str, *, call: bool = False) -> Product:
    """Two factors and the sign between them; a product with the same sign on its left goes on."""
    if isinstance(left, Product) and set(left.signs) == {sign} and not call:
        return Product(span, (*left.items, term(right)), (*left.signs, sign))
    return Product(span, (term(left), term(right)), (sign,))


def marked(node: Node, script: Script, span: Span) -> Node:
    """With one more mark."""
    if isinstance(node, Name | Scripted):
        return replace(node, span=span, scripts=(*node.scripts, script))
    return Scripted(span, grouped(node), (script,))


def indexed(word: Node, script: Script) -> Node:
    """With a mark at the name that a gradient is of."""
    if isinstance(word, Differential):
        return replace(word, of=indexed(word.of, script))
    if isinstance(word, Derivative):
        return replace(word, by=indexed(word.by, script))
    return replace(word, scripts=(*word.scripts, script)) if isinstance(word, Name) else word
