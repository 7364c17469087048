"""Values that hold under a condition in brackets: f(x) = 0 (x < 0), f(x) = x (x > 0)."""

from __future__ import annotations

from dataclasses import fields, replace

from handgrad.check.parsing.items import Block, Item
from handgrad.check.parsing.tokens import Token
from handgrad.check.parsing.vocabulary import FUNCTIONS, INDICATORS
from handgrad.check.tree import Call, Cases, Node, Number, Statement

COMPARISONS = {"<", ">", "<=", ">=", "!="}


def condition_after(items: list[Item]) -> list[Item]:
    """The items of a statement without gaps, and with a value and the condition behind it as cases."""
    last = items[-1] if items else None
    if isinstance(last, Block) and last.kind == "group" and last.open == "(" and _compares(last):
        start = next((n + 1 for n in range(len(items) - 1, -1, -1) if _relation(items[n])), 0)
        value = [item for item in items[start:-1] if item.kind != "gap"]
        wide = items[-2].kind == "gap" if len(items) > 1 else False
        if start and value and (wide or _plain_value(value, last)):
            amp = Token("amp", "&", last.start, last.start)
            block = Block("cases", (*value, amp, *last.items), value[0].start, last.end, space=value[0].space)
            items = [*items[:start], block]
    return [item for item in items if item.kind != "gap"]


def _relation(item: Item) -> bool:
    return isinstance(item, Token) and item.kind == "relation"


def _compares(block: Block) -> bool:
    return any(isinstance(item, Token) and item.kind == "relation" and item.text in COMPARISONS for item in block.items)


def _plain_value(value: list[Item], condition: Block) -> bool:
    """Whether it is a number or the letter that the condition is about, so that the brackets are no factor."""
    if len(value) != 1 or not isinstance(value[0], Token):
        return False
    only = value[0]
    if only.text in INDICATORS or only.text in FUNCTIONS:
        return only.text == "1" and condition.space
    return only.kind == "number" or only.text == condition.items[0].text


def together(before: Statement | None, statement: Statement) -> Statement | None:
    """Two statements of one left side, each for its condition, as one; None for any others."""
    if before is None or len(before.ops) != 1 or before.ops != statement.ops:
        return None
    one, two = _case(before.sides[1]), _case(statement.sides[1])
    if not (isinstance(one, Cases) and isinstance(two, Cases) and len(two.rows) == 1) or any(when is None for _, when in one.rows):
        return None
    left, other = before.sides[0], statement.sides[0]
    if left is None or other is None or not same(left, other) or one.span is None or two.span is None:
        return None
    end = statement.span[1]
    cases = Cases((one.span[0], two.span[1]), (*one.rows, *two.rows))
    return replace(before, sides=(left, cases), spans=((before.spans[0][0], end),), span=(before.span[0], end))


def _case(side: Node | None) -> Node | None:
    """A case; 1(x > 0) is the value 1 for that condition."""
    if isinstance(side, Call) and side.function.name == "1" and not side.function.faces and len(side.arguments) == 1:
        return Cases(side.span, ((Number(side.function.span, 1.0, "1"), side.arguments[0]),))
    return side


def same(one: object, two: object) -> bool:
    """Whether two trees are the same apart from where they stand."""
    if isinstance(one, Node) and isinstance(two, Node):
        names = [field.name for field in fields(one) if field.name != "span"]
        return type(one) is type(two) and all(same(getattr(one, name), getattr(two, name)) for name in names)
    if isinstance(one, tuple) and isinstance(two, tuple):
        return len(one) == len(two) and all(same(a, b) for a, b in zip(one, two, strict=True))
    return one == two
