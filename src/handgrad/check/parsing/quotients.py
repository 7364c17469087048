"""Fractions, derivatives and differentials."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from handgrad.check.parsing.items import Block, Item, is_block
from handgrad.check.parsing.tokens import Token
from handgrad.check.parsing.vocabulary import FACES, FUNCTIONS, GREEK, LETTERS
from handgrad.check.parsing.words import ORDINARY
from handgrad.check.tree import Derivative, Differential, Fraction, Name, Node, Number, Operator, Product, Script, Span

if TYPE_CHECKING:
    from handgrad.check.parsing.expressions import Parser

UPPER = {"W", "Z", "A", "b", "B"}


def fraction(parser: Parser, over: Sequence[Item], under: Sequence[Item], span: Span) -> Node:
    """A quotient, or a derivative where both parts begin with the same d, ∂ or δ."""
    if not over or not under:
        from handgrad.check.parsing.expressions import ParseError

        raise ParseError("a fraction with an empty part", span)
    marks = _marked(over), _marked(under)
    if marks[0] is not None and marks[1] is not None and marks[0][0] == marks[1][0]:
        mark, above, order = marks[0]
        below = marks[1][1]
        if below:
            by = _plain_power(parser.of(below).whole(), order)
            if not above:
                return Operator(span, by, mark) if order == 1 else Derivative(span, Name((span[0], span[0]), ""), by, mark, order)
            return Derivative(span, parser.of(above).whole(), by, mark, order)
    above_node, below_node = parser.of(over).condition(), parser.of(under).condition()
    whole = slashed(above_node, below_node)
    if isinstance(whole, Derivative | Operator):
        return replace(whole, span=span)
    return Fraction(span, above_node, below_node)


Marked = tuple[str, Sequence[Item], int]


def _marked(items: Sequence[Item]) -> Marked | None:
    """The mark that a part of a fraction begins with, what follows it and its order."""
    items = list(items)
    if len(items) == 1 and is_block(items[0], "{") and isinstance(items[0], Block):
        items = list(items[0].items)
    if not items:
        return None
    first, rest = items[0], items[1:]
    if rest and isinstance(rest[0], Block) and not rest[0].items:  # \partial{}
        rest = rest[1:]
    if isinstance(first, Block):
        return None
    if first.kind == "command" and first.text in {"mathrm", "rm", "operatorname", "text", "mathit", "mathbf"} and rest:
        letter = rest[0].items[0] if is_block(rest[0], "{") and isinstance(rest[0], Block) and len(rest[0].items) == 1 else rest[0]
        if not (isinstance(letter, Token) and letter.text == "d"):
            return None
        mark, rest = "d", rest[1:]
    elif first.kind == "command" and first.text in {"partial", "delta", "Delta"}:
        mark = first.text
    elif first.kind in {"letter", "word"} and first.text in {"d", "∂"}:
        mark = "d"
    else:
        return None
    order = 1
    if rest and isinstance(rest[0], Token) and rest[0].kind == "script":
        power = rest[1] if len(rest) > 1 else None
        power = power.items[0] if isinstance(power, Block) and len(power.items) == 1 else power
        if rest[0].text != "^" or not (isinstance(power, Token) and power.text.isdigit()):
            return None
        order, rest = int(power.text), rest[2:]
    if rest and isinstance(rest[0], Token) and rest[0].kind in {"sign", "prime", "comma", "relation", "transpose"}:
        return None
    if rest and mark in {"d", "delta"} and isinstance(rest[0], Token) and rest[0].kind == "number":
        return None
    return mark, rest, order


def _plain_power(node: Node, order: int) -> Node:
    """The w of ∂w²."""
    if order == 1 or not isinstance(node, Name) or not node.scripts:
        return node
    last = node.scripts[-1]
    power = last.kind == "sup" and len(last.body) == 1 and isinstance(last.body[0], Number) and last.body[0].value == order
    if not power or node.span is None:
        return node
    start = last.span[0] if last.span else node.span[1]
    return replace(node, span=(node.span[0], start), scripts=node.scripts[:-1])


def slashed(over: Node, under: Node) -> Node | None:
    """The derivative that dL / da, ∂ / ∂w or d(…) / dA is, or None."""
    under = _of_word(under) if isinstance(over, Differential) or _of_word(over) is not over else under
    if not isinstance(under, Differential) or over.span is None or under.span is None or under.by is not None:
        return None
    span = (over.span[0], under.span[1])
    if isinstance(over, Name) and over.name == under.mark and not over.scripts:
        return Operator(span, under.of, under.mark)
    if isinstance(over, Differential) and over.mark == under.mark and over.by is None:
        return Derivative(span, over.of, under.of, under.mark)
    if under.mark == "d" and isinstance(over, Name) and len(over.name) > 1 and over.name[0] == "d" and over.name.isalpha():  # dl/dz
        start = over.span[0] + 1 if over.span[1] - over.span[0] >= len(over.name) else over.span[0]
        return Derivative(span, replace(over, span=(start, over.span[1]), name=over.name[1:]), under.of, "d")
    return None


def _of_word(node: Node) -> Node:
    """The differential that a short word such as dg is below another one."""
    if not isinstance(node, Name) or not re.fullmatch("d[A-Za-z]{1,2}", node.name) or node.faces or node.span is None:
        return node
    if node.name in FUNCTIONS or node.name in ORDINARY:
        return node
    start = node.span[0] + 1
    return Differential(node.span, replace(node, span=(start, node.span[1]), name=node.name[1:]), "d")


def differential(parser: Parser, mark: str, token: Token, *, upright: bool = False) -> Node:
    """∂W, dW, ∇_W J or δW; the mark has been read. A mark with nothing to go with is a name."""
    name = Name(token.span, mark, (), token.faces if mark in {"delta", "Delta", "d"} else frozenset())
    if mark == "delta":
        return _of_delta(parser, name, token)
    by = _below(parser) if mark in {"partial", "nabla"} else None
    item = parser.peek()
    if item is None or not _begins(item, mark, upright=upright):
        from handgrad.check.parsing.names import letter

        if by is not None:
            script = Script(by.span, "sub", (by,))
            return replace(name, scripts=(script,), span=(token.start, by.span[1] if by.span else token.end))
        return letter(parser, mark, token) if mark == "Delta" else name
    of = parser.factor()
    end = of.span[1] if of.span else token.end
    return Differential((token.start, end), of, mark, by)


def _of_delta(parser: Parser, name: Name, token: Token) -> Node:
    """δW is the gradient; δ with a script, or before anything but a parameter, is a name."""
    from handgrad.check.parsing.names import letter

    item = parser.peek()
    found = item
    if isinstance(item, Token) and item.kind == "command" and item.text in {"mathbf", "boldsymbol", "bm"}:
        inner = parser.peek(1)
        found = inner.items[0] if isinstance(inner, Block) and len(inner.items) == 1 else inner
    if not (isinstance(found, Token) and found.kind == "letter" and found.text in UPPER):
        return letter(parser, "delta", token)
    start = parser.at
    of = parser.factor()
    if isinstance(of, Name) and not _transposed(of) and of.span:
        return Differential((token.start, of.span[1]), of, "delta")
    parser.at = start
    return name


def _transposed(name: Name) -> bool:
    return any(
        script.kind in {"transpose", "prime"}
        or (
            script.kind == "sup"
            and any(isinstance(part, Name) and part.name in {"T", "top", "intercal", "t"} for part in script.body)
        )
        for script in name.scripts
    )


def _below(parser: Parser) -> Node | None:
    """What stands below ∇ or ∂; what stands above is passed over."""
    from handgrad.check.parsing.scripts import raised

    by: Node | None = None
    while (mark := parser.token()) is not None and mark.kind == "script":
        parser.at += 1
        for script in raised(parser, mark):
            if script.kind == "sub" and script.body:
                body = script.body
                by = body[0] if len(body) == 1 else Product(script.span, body, ("",) * (len(body) - 1))
    return by


def _begins(item: Item, mark: str, *, upright: bool) -> bool:
    """Whether what follows is what the mark is of."""
    if isinstance(item, Block):
        if item.kind == "{":
            return bool(item.items)
        return item.kind == "group" and item.open in "([" if mark in {"d", "partial", "nabla"} else False
    if mark == "d" and not upright and item.kind == "letter":
        return not item.space
    if mark == "d" and not upright:
        return item.kind == "command" and (item.text in FACES or item.text in GREEK | LETTERS.keys()) and item.text != "int"
    if mark == "Delta":
        return item.kind in {"letter", "word"} or (item.kind == "command" and item.text not in {"over", "sum"})
    if item.kind == "command" and item.text in {"over", "atop"}:
        return False
    return item.kind in {"letter", "word", "command"}
