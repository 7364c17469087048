"""Marks of names taken apart and moved: layers, transposes, primes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.check.mistakes.trees import whole
from handgrad.check.tree import Name, Node, Number, Script, Sum, bare, rebuilt, walk
from handgrad.check.understanding.names import TRANSPOSES, named


def every_name(tree: Node) -> Iterator[Name]:
    """The names outside marks, those of functions and inside gradients too."""
    yield from named(tree)


def one_minus(node: Node) -> Node | None:
    """The a of 1 - a."""
    if isinstance(node, Sum) and node.signs == ("+", "-") and isinstance(node.terms[0], Number) and node.terms[0].value == 1:
        return bare(node.terms[1])
    return None


def moved(layer: Node, by: int) -> Node | None:
    """A layer mark moved, as l + 1 for l and 1 for 2."""
    if isinstance(layer, Number):
        return whole(layer.value + by) if layer.value + by >= 0 else None
    if isinstance(layer, Name):
        return _affine(layer, by)
    if isinstance(layer, Sum) and len(layer.terms) == 2 and isinstance(layer.terms[0], Name) and isinstance(layer.terms[1], Number):
        offset = int(layer.terms[1].value) * (-1 if layer.signs[1] == "-" else 1)
        return _affine(layer.terms[0], offset + by)
    return None


def _affine(letter: Name, offset: int) -> Node:
    if not offset:
        return replace(letter, span=None)
    return Sum(None, (replace(letter, span=None), whole(abs(offset))), ("+", "-" if offset < 0 else "+"))


def with_mark(name: Name, old: Node, new: Node) -> Name | None:
    """A name with one part of its marks replaced; the part may be a copy of that in the name, without marks of its own."""
    for script in name.scripts:
        for part in walk(script):
            if part is old:
                found = rebuilt(name, part, new)
                return found if isinstance(found, Name) else None
            alike = isinstance(part, Name) and isinstance(old, Name) and part.name == old.name and part.span == old.span
            if alike and isinstance(part, Name):
                if part.scripts:  # l^T in braces
                    if not isinstance(new, Name | Number):
                        body = tuple(s for s in (new, *(p for own in part.scripts for p in own.body)))
                        other = replace(
                            script, span=None, body=tuple(q for p in script.body for q in (body if p is part else (p,)))
                        )
                        found = rebuilt(name, script, other)
                        return found if isinstance(found, Name) else None
                    new = replace(new, scripts=part.scripts) if isinstance(new, Name) else new
                found = rebuilt(name, part, new)
                return found if isinstance(found, Name) else None
    return None


def prime_or_power(script: Script) -> bool:
    """Whether a mark at a function is a prime or a power, as in tanh²."""
    return script.kind == "prime" or (script.kind == "sup" and len(script.body) == 1 and isinstance(script.body[0], Number))


def untransposed(part: Node) -> Node:
    """A part of a mark without a transpose at it, as the l of l^T."""
    if isinstance(part, Name) and any(isinstance(p, Name) and p.name in TRANSPOSES for script in part.scripts for p in script.body):
        kept = tuple(s for s in part.scripts if not any(isinstance(p, Name) and p.name in TRANSPOSES for p in s.body))
        return replace(part, scripts=kept, span=None)
    return part
