"""Composing text from trees, with brackets wherever the text would otherwise be read otherwise; what all kinds of text share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from handgrad.check.parsing.vocabulary import WORDS
from handgrad.check.tree import (
    BigSum,
    Bracketed,
    Call,
    Cases,
    Compare,
    Derivative,
    Differential,
    Dots,
    Fraction,
    Group,
    Matrix,
    Name,
    Node,
    Number,
    Operator,
    Product,
    Root,
    Script,
    Scripted,
    Sum,
    Unreadable,
    Words,
)

OPEN_ENDED = (BigSum,)


def simple(node: Node) -> bool:
    """Whether a node can carry scripts or stand under a / as it is."""
    return isinstance(
        node, Name | Number | Group | Call | Matrix | Root | Derivative | Scripted | Differential | Dots | Words | Cases
    )


class Writer:
    """What both kinds of text have in common: where brackets must stand."""

    SIGNS: ClassVar[dict[str, str]]
    OPS: ClassVar[dict[str, str]]

    def __init__(self, source: str | None) -> None:
        self.source = source

    def text(self, node: Node) -> str:
        """The text of a node: its own if it has one."""
        if self.source is not None and node.span is not None and node.span[0] < node.span[1]:
            return self.source[node.span[0] : node.span[1]]
        match node:
            case Number():
                return node.text
            case (
                Words() | Dots() | Unreadable() | Name() | Script() | Bracketed() | Matrix() | Cases() | Root() | Group() | BigSum()
            ):
                return self.piece(node)
            case Derivative() | Operator() | Differential():
                return self.gradient(node)
            case Scripted():
                base = self.text(node.base) if self.carries(node.base) else self.brackets(node.base)
                return self.with_scripts(base, node.scripts)
            case Call():
                return self.call(node)
            case Product():
                return self.product(node)
            case Sum():
                return self.sum(node)
            case Fraction():
                return self.fraction(node)
            case Compare():
                op = self.OPS.get(node.op, node.op)
                return f"{self.text(node.left)} {op} {self.text(node.right)}"
        return ""

    def carries(self, node: Node) -> bool:
        """Whether scripts can stand at a node without brackets."""
        return simple(node) or isinstance(node, Fraction)

    def brackets(self, node: Node) -> str:
        """The text in round brackets."""
        return f"({self.text(node)})"

    def product(self, node: Product) -> str:
        """Factors with their signs."""
        parts = []
        for place, item in enumerate(node.items):
            sign = node.signs[place - 1] if place else ""
            last = place == len(node.items) - 1
            if place:
                parts.append(self.SIGNS.get(sign, sign))
            parts.append(
                self.factor(item, first=place == 0, last=last, signed=bool(sign), following=None if last else node.items[place + 1])
            )
        return " ".join(part for part in parts if part)

    def factor(self, item: Node, *, first: bool, last: bool, signed: bool, following: Node | None) -> str:
        """A factor, in brackets where it would fall apart."""
        apart = isinstance(item, Product | Compare | Unreadable) or (isinstance(item, OPEN_ENDED) and not last)
        apart = apart or (isinstance(item, Sum) and (not signed or len(item.terms) > 1))
        apart = apart or (isinstance(item, Fraction) and item.mark == "/" and not first)
        text = self.brackets(item) if apart else self.text(item)
        return self.kept_apart(item, text, following)

    def kept_apart(self, item: Node, text: str, following: Node | None) -> str:
        """The text of a factor, marked where it would be read together with the next one."""
        del item, following
        return text

    def sum(self, node: Sum) -> str:
        """Terms with their signs."""
        text = ""
        for place, (term, sign) in enumerate(zip(node.terms, node.signs, strict=True)):
            apart = isinstance(term, Compare) or (isinstance(term, Sum) and len(term.terms) > 1)
            part = self.brackets(term) if apart else self.text(term)
            shown = self.SIGNS.get(sign, sign)
            if place:
                text += f" {shown} {part}"
            else:
                text = part if sign == "+" else f"{shown}{' ' if shown[-1].isalpha() else ''}{part}"
        return text

    def slash(self, node: Fraction) -> str:
        """A quotient with a slash."""
        over = self.brackets(node.over) if isinstance(node.over, Sum | Compare | BigSum) else self.text(node.over)
        under = node.under
        match under:
            case Product(items=(Number(), Name(name=name, scripts=(), faces=faces)), signs=("",)) if len(name) == 1 and not faces:
                return f"{over}/{''.join(map(self.text, under.items))}"
        return f"{over}/{self.text(under) if simple(under) else self.brackets(under)}"

    def parts(self, body: Sequence[Node], *, comma: bool) -> str:
        """What stands side by side in a script."""
        letters = [node.name if isinstance(node, Name) and not node.scripts and not node.faces else "" for node in body]
        run = "".join(letters)
        if (
            comma
            and len(body) > 1
            and all(len(letter) == 1 for letter in letters)
            and re.fullmatch("[i-n]+", run)
            and run not in WORDS
        ):
            return run
        if comma:
            return ", ".join(map(self.text, body))
        text = ""
        for node in body:
            part = self.text(node)
            text += f" {part}" if text and not (text[-1] in "])" and part[0].isalnum()) else part
        return text

    def call(self, node: Call) -> str:
        """A function and its arguments."""
        arguments = [self.text(argument) for argument in node.arguments]
        arguments += [f"{self.keyword(key)}={self.text(value)}" for key, value in node.keywords]
        return f"{self.function(node.function)}({', '.join(arguments)})"

    def function(self, name: Name) -> str:
        """The name of a function."""
        return self.text(name)

    def keyword(self, key: str) -> str:
        """The name of an argument."""
        return key

    def piece(self, node: Node) -> str:
        """A name, a script, brackets or a structure."""
        raise NotImplementedError

    def gradient(self, node: Derivative | Operator | Differential) -> str:
        """A derivative."""
        raise NotImplementedError

    def fraction(self, node: Fraction) -> str:
        """A quotient."""
        raise NotImplementedError

    def with_scripts(self, base: str, scripts: Sequence[Script]) -> str:
        """A base with its scripts."""
        for script in scripts:
            base += self.text(script)
        return base
