"""Names in a program of numbers: out_{o1}, w5 and w_5, y', each as one key, with what is no part of it told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from handgrad.check.tree import (
    Bracketed,
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
    Sum,
    Words,
    children,
    walk,
)
from handgrad.check.understanding.names import TIMES
from handgrad.check.understanding.roles import usual_role

INDICES = frozenset("ijklnpqrs")
"""Letters that stand for a number as an index; o and h are more often the name of a unit."""
FACES = frozenset({"hat", "tilde", "bar", "check"})
AFTER = frozenset({"new", "+", "next", "neu", "updated", "after", "prime"})
TRANSPOSED = frozenset({"T", "top", "intercal", "t"})
WHOLE = frozenset({"net", "out", "target", "output", "input"})
RUN_TOGETHER = re.compile(r"([wvW])([0-9]{1,2})([a-z])")
A_LOSS = re.compile(r"(?:E|L|J|C)_?(?:tot|total|Total|T)")


class MarkError(Exception):
    """A mark at a name that names of numbers do not have."""


@dataclass(frozen=True)
class Spelled:
    """A name as it stands: its key, its power, whether it is the value after an update, and the index letters that are open."""

    key: str
    stem: str
    suffix: str
    power: Node | None = None
    updated: bool = False
    letters: tuple[str, ...] = ()


@dataclass
class Names:
    """How a document writes its names: with numbers above that are no powers (`raised`), and several for one thing (`alias`)."""

    raised: frozenset[str] = frozenset()
    alias: dict[str, str] = field(default_factory=dict)
    _known: dict[int, tuple[Name, Spelled]] = field(default_factory=dict)

    def key(self, name: Name, bound: Mapping[str, str] | None = None) -> str:
        """The key of a name. Raises MarkError."""
        return self.spelled(name, bound).key

    def spelled(self, name: Name, bound: Mapping[str, str] | None = None) -> Spelled:
        """A name with `bound` in the place of index letters. Raises MarkError."""
        if not bound and id(name) in self._known:
            return self._final(self._known[id(name)][1])
        reader = _Reader(self, name, bound or {})
        for script in name.scripts:
            reader.script(script)
        stem = name.name + "".join(sorted(f"<{face}>" for face in name.faces & FACES))
        suffix = "".join(reader.suffix)
        found = Spelled(stem + suffix, stem, suffix, reader.power, reader.updated, tuple(dict.fromkeys(reader.letters)))
        if not bound:
            self._known[id(name)] = (name, found)
        return self._final(found)

    def _final(self, found: Spelled) -> Spelled:
        key = self.final(found.key)
        return found if key == found.key else replace(found, key=key)

    def final(self, key: str) -> str:
        """A key by the name that all of its names share."""
        for _ in range(8):
            if key not in self.alias:
                break
            key = self.alias[key]
        return key


class _Reader:
    def __init__(self, names: Names, name: Name, bound: Mapping[str, str]) -> None:
        self.names, self.name, self.bound = names, name, bound
        self.suffix: list[str] = []
        self.letters: list[str] = []
        self.power: Node | None = None
        self.updated = False

    def script(self, script: Script) -> None:
        match script.kind:
            case "prime":
                self.suffix.append("'" * script.count)
            case "transpose":
                raise MarkError("a transpose")
            case "sup":
                for part in parts_of(script):
                    self.above(part)
            case "bracket":
                self.suffix.append(f"[{self.texts(script.body)}]")
            case _:
                for part in parts_of(script):
                    self.below(part)

    def below(self, part: Node) -> None:
        word = part.name if isinstance(part, Name) else ""
        if word in TIMES - {"t", "tau"}:
            self.updated = self.updated or word in AFTER
            return
        self.suffix.append(self.text(part))

    def above(self, part: Node) -> None:
        if isinstance(part, Bracketed):
            inner = part.body[0] if len(part.body) == 1 else None
            if isinstance(inner, Name) and inner.name in INDICES | {"m", "t"} and not inner.scripts and part.open == "(":
                return  # the example, of which there is one
            self.suffix.append(f"^{self.texts(part.body)}")
        elif isinstance(part, Name) and part.name in TIMES and not part.scripts:
            self.updated = self.updated or part.name in AFTER
        elif isinstance(part, Name) and part.name == "prime":
            self.suffix.append("'")
        elif isinstance(part, Name) and part.name in TRANSPOSED:
            raise MarkError("a transpose")
        elif isinstance(part, Sum) and any(isinstance(t, Name) and t.name in {"t", "k", "n", "tau"} for t in part.terms):
            self.updated = self.updated or "+" in part.signs[1:]
        elif isinstance(part, Number) and f"{self.name.name}^{part.text}" in self.names.raised:
            self.suffix.append(f"^{part.text}")
        elif isinstance(part, Words) and part.text.strip() in TIMES:
            self.updated = self.updated or part.text.strip() in AFTER
        elif self.power is None and not (isinstance(part, Name) and part.name in {"*", "cdot", "star"}):
            self.power = part
        else:
            raise MarkError("a mark above")

    def text(self, part: Node) -> str:
        match part:
            case Number(text=text):
                return text
            case Words(text=text):
                return text.strip()
            case Name(name=word, scripts=scripts):
                if word in self.bound:
                    word = self.bound[word]
                elif word in INDICES and not scripts:
                    self.letters.append(word)
                return word + "".join(self.texts(script.body) for script in scripts)
            case Bracketed(body=body):
                return self.texts(body)
            case Group(body=body):
                return self.text(body)
            case Product(items=items):
                return self.texts(items)
            case Sum(terms=terms, signs=signs):
                return "".join(s + self.text(t) for s, t in zip(signs, terms, strict=True)).removeprefix("+")
        raise MarkError("a mark that is not understood")

    def texts(self, parts: tuple[Node, ...]) -> str:
        return "".join(self.text(part) for part in parts)


def parts_of(script: Script) -> Iterator[Node]:
    """The parts of a script, side by side; what stands side by side in a product is taken apart."""
    for node in script.body:
        if isinstance(node, Product) and not any(node.signs):
            yield from node.items
        else:
            yield node


def is_loss(name: Name) -> bool:
    """Whether a name is usual for a loss."""
    return usual_role(name) == "loss" or A_LOSS.fullmatch(name.name) is not None


def names_of(node: Node) -> Iterator[Name]:
    """The names in a formula that stand for something, those that derivatives are by or of as well, without marks."""
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, Name):
            yield top
            power = [s for s in top.scripts if s.kind == "sup"] if top.name == "e" else []
            stack.extend(part for script in power for part in script.body)
        elif not isinstance(top, Script):
            stack.extend(reversed(list(children(top))))


def variables(node: Node) -> list[Name]:
    """The names in a formula that stand for numbers: neither functions that are called nor e and π."""
    functions = {id(part.function) for part in walk(node) if isinstance(part, Call)}
    return [
        n
        for n in names_of(node)
        if (id(n) not in functions or is_loss(n)) and not (n.name in {"e", "pi"} and not n.scripts) and not _power_of_e(n)
    ]


def _power_of_e(name: Name) -> bool:
    return name.name == "e" and bool(name.scripts) and name.scripts[0].kind == "sup"


def has_gradients(node: Node) -> bool:
    """Whether a formula has a derivative in it."""
    return any(isinstance(part, Derivative | Differential | Operator) for part in walk(node))


def tidied(node: Node) -> Node:
    r"""The formula with what was torn apart or run together set right: \text{ou}t_{o1}, w1x; and a letter that is written for ∂."""
    changed = {f.name: _tidied(getattr(node, f.name)) for f in fields(node)}
    if any(value is not getattr(node, name) for name, value in changed.items()):
        node = replace(node, **changed)
    if isinstance(node, Product):
        return _mended(node)
    if isinstance(node, Fraction):
        return _as_derivative(node) or node
    if isinstance(node, Name) and not node.scripts and (joined := RUN_TOGETHER.fullmatch(node.name)):
        number = Number(node.span, float(joined[2]), joined[2])
        first = Name(node.span, joined[1], (Script(node.span, "digits", (number,)),), node.faces)
        return Product(node.span, (first, Name(node.span, joined[3])), ("",))
    return node


def _tidied(value: Any) -> Any:
    if isinstance(value, Node):
        return tidied(value)
    if isinstance(value, tuple):
        parts = tuple(_tidied(part) for part in value)
        return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
    return value


def _mended(node: Product) -> Node:
    items, signs = list(node.items), list(node.signs)
    k = 0
    while k + 1 < len(items):
        left, right = items[k], items[k + 1]
        if (
            isinstance(left, Name)
            and isinstance(right, Name)
            and not signs[k]
            and not left.scripts
            and left.name + right.name in WHOLE
        ):
            items[k : k + 2] = [replace(right, name=left.name + right.name)]
            del signs[k]
        else:
            k += 1
    if len(items) == len(node.items):
        return node
    return Product(node.span, tuple(items), tuple(signs)) if len(items) > 1 else items[0]


def _as_derivative(node: Node) -> Derivative | None:
    r"""A quotient of two products that begin with one and the same letter, as \alpha E / \alpha w: that letter stands for ∂."""
    if not isinstance(node, Fraction) or not isinstance(node.over, Product) or not isinstance(node.under, Product):
        return None
    (first, *over), (second, *under) = node.over.items, node.under.items
    same = (
        isinstance(first, Name) and isinstance(second, Name) and first.name == second.name and not (first.scripts or second.scripts)
    )
    if not same or len(over) != 1 or len(under) != 1 or node.over.signs != ("",) or node.under.signs != ("",):
        return None
    return Derivative(node.span, over[0], under[0], "partial")
