"""Sums over an index, matrices, cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from handgrad.check.parsing.items import Block, Item
from handgrad.check.parsing.tokens import Token
from handgrad.check.parsing.vocabulary import OTHERWISE
from handgrad.check.tree import BigSum, Cases, Group, Matrix, Name, Node, Number, Span, Unreadable, Words

if TYPE_CHECKING:
    from handgrad.check.parsing.expressions import Parser

Limits = tuple[Sequence[Item], Sequence[Item]]
CONDITIONS = {"if", "for", "when", "falls", "wenn", "where", "si", "若", "当", "and"}


def split(items: Sequence[Item], kind: str = "comma") -> list[list[Item]]:
    """The items between commas (or other tokens of one kind) of this level."""
    found: list[list[Item]] = [[]]
    for item in items:
        if isinstance(item, Token) and (item.kind == kind or (kind == "comma" and item.text == ";")):
            found.append([])
        else:
            found[-1].append(item)
    return found


def _rows(block: Block) -> list[list[Item]]:
    rows = split([item for item in block.items if item.kind != "gap"], "row")
    return [row for row in rows if row]


def matrix(parser: Parser, block: Block) -> Node:
    """Entries between ampersands, in rows."""
    rows = []
    for row in _rows(block):
        cells = [cell for cell in split(row, "amp") if cell]
        rows.append(tuple(_entry(parser, cell) for cell in cells))
    rows = [row for row in rows if row]
    if len(rows) == 1 and len(rows[0]) == 1 and not isinstance(rows[0][0], Number):
        return Group(block.span, rows[0][0])  # large brackets
    if not rows:
        return Unreadable(block.span, "a matrix without entries")
    return Matrix(block.span, tuple(rows))


def listed(parser: Parser, block: Block, rows: list[list[Item]]) -> Node:
    """Entries between commas, rows between semicolons or in brackets of their own: (n, m), [1; 2], [[1, 2], [3, 4]]."""
    found = tuple(tuple(parser.of(part).condition() for part in split(row) if part) for row in rows if row)
    if len(found) == 1 and block.open == "[" and all(isinstance(entry, Matrix) and len(entry.rows) == 1 for entry in found[0]):
        found = tuple(entry.rows[0] for entry in found[0] if isinstance(entry, Matrix))
    elif len(found) == 1 and block.open == "[" and all(isinstance(entry, Group) and entry.open == "[" for entry in found[0]):
        found = tuple((entry.body,) for entry in found[0] if isinstance(entry, Group))
    if not any(found):
        return Unreadable(block.span, "a list without entries")
    return Matrix(block.span, found)


def _entry(parser: Parser, cell: list[Item]) -> Node:
    while cell and isinstance(cell[-1], Token) and (cell[-1].kind == "comma" or cell[-1].text == "."):
        cell = cell[:-1]
    return parser.of(cell).condition()


def cases(parser: Parser, block: Block) -> Node:
    """Values with their conditions."""
    rows: list[tuple[Node, Node | None]] = []
    for row in _rows(block):
        cells = split(row, "amp")
        value = cells[0]
        rest = [item for cell in cells[1:] for item in cell]
        if not any(not _filler(item) for item in rest):
            value, rest = _cut(row)
        value = [item for item in value if not (isinstance(item, Token) and item.kind in {"comma", "text", "amp"})]
        if not value:
            continue
        otherwise = any(isinstance(item, Token) and item.text.lower() in OTHERWISE for item in rest) or _spelt(rest) in OTHERWISE
        condition = [item for item in rest if not _filler(item)]
        rows.append((parser.of(value).condition(), None if otherwise or not condition else _condition(parser, condition, rest)))
    if not rows:
        return Unreadable(block.span, "cases without a case")
    return Cases(block.span, tuple(rows))


def _condition(parser: Parser, items: list[Item], whole: list[Item]) -> Node:
    """A comparison, or the words where there is none: j is an output unit."""
    words = [item.text for item in whole if isinstance(item, Token) and item.kind in {"text", "letter", "word"}]
    if not any(item.kind == "relation" for item in items) and any(item.kind == "text" for item in whole):
        return Words((items[0].start, items[-1].end), " ".join(words))
    return parser.of(items).condition()


def _spelt(items: Sequence[Item]) -> str:
    return "".join(item.text for item in items if isinstance(item, Token) and item.kind in {"letter", "text", "word"}).lower()


def _filler(item: Item) -> bool:
    if not isinstance(item, Token):
        return False
    return (
        item.kind in {"comma", "text", "gap", "amp", "joiner"}
        or item.text in CONDITIONS
        or (item.kind == "sign" and item.text == ".")
    )


def _cut(row: list[Item]) -> tuple[list[Item], list[Item]]:
    """A row without &: the value ends at the first comma or word."""
    for place, item in enumerate(row):
        if (
            place
            and isinstance(item, Token)
            and (item.kind in {"comma", "text", "amp"} or item.text in CONDITIONS or item.text in OTHERWISE)
        ):
            return row[:place], row[place:]
    return row, []


def sums(parser: Parser) -> bool:
    """Whether a capital Σ or Π is a sum or a product: something to add follows it."""
    item = parser.peek()
    if item is None:
        return False
    if isinstance(item, Block):
        return True
    if item.kind == "script":
        inner = parser.peek(1)
        text = "".join(part.text for part in inner.items) if isinstance(inner, Block) else inner.text if inner else ""
        return text not in {"T", "-1", "top", "-1/2", "2"}
    return item.kind in {"letter", "word", "command", "number"}


def big(parser: Parser, kind: str, token: Token) -> Node:
    """Σ with its limits and what it is of: all factors up to the next + or -."""
    lower: Sequence[Item] = ()
    upper: Sequence[Item] = ()
    while (mark := parser.token()) is not None and mark.kind == "script":
        parser.at += 1
        found = _limit(parser)
        if mark.text == "_":
            lower = found
        else:
            upper = found
    body = parser.product()
    end = body.span[1] if body.span else token.end
    return _sum(parser, kind, (token.start, end), (lower, upper), body)


def summed(parser: Parser, token: Token, kind: str, index: str) -> Node:
    """sum_j of plain text, with its index in the word."""
    parser.at += 1
    cut = token.end - len(index)
    lower = [Token("word" if len(index) > 1 else "letter", index, cut, token.end)]
    body = parser.product()
    return _sum(parser, kind.lower(), (token.start, body.span[1] if body.span else token.end), (lower, ()), body)


def _limit(parser: Parser) -> Sequence[Item]:
    from handgrad.check.parsing.names import argument
    from handgrad.check.parsing.vocabulary import FACES

    item = parser.peek()
    if isinstance(item, Token) and item.kind == "command" and item.text in FACES:
        parser.at += 2
        return tuple(parser.items[parser.at - 2 : parser.at])
    if isinstance(item, Block) and item.items and item.items[0].kind == "command" and item.items[0].text == "forall":
        parser.at += 1
        return item.items[1:]
    if isinstance(item, Token) and item.kind == "number":
        parser.at += 1
        return (item,)
    return argument(parser)


def _sum(parser: Parser, kind: str, span: Span, limits: Limits, body: Node) -> Node:
    from handgrad.check.parsing.scripts import parts

    lower, upper = limits
    top = parser.of(upper).condition() if upper else None
    if not lower:
        return BigSum(span, None, None, top, body, kind)
    place = next((n for n, item in enumerate(lower) if isinstance(item, Token) and item.kind == "relation"), None)
    if place and isinstance(lower[place], Token) and lower[place].text in {"=", "in", "approx", ":="} and place + 1 < len(lower):
        index = parts(parser.of(lower[:place]))[0]
        pieces = split(lower[place + 1 :])
        under: Node | None = parser.of(pieces[0]).condition()
        for piece in reversed(pieces[1:]):  # i=1, j=1
            if piece:
                body = replace(_sum(parser, kind, span, (piece, upper), body), span=None)
    elif place is not None:
        index, under = (parser.of(lower).condition(),), None
    else:
        index, under = parts(parser.of(lower))[0], None
    if not index:
        return BigSum(span, None, under, top, body, kind)
    for one in reversed(index[1:]):  # Σ over i and j: the inner sum has no place of its own
        body = BigSum(None, one, under, top, body, kind)
    return BigSum(span, index[0], under, top, body, kind)


def expectation(parser: Parser, name: Name) -> Node:
    """𝔼[…], with an index a mean over it."""
    assert name.span is not None
    mark = parser.token()
    lower: Sequence[Item] = ()
    if mark is not None and mark.kind == "script" and mark.text == "_":
        parser.at += 1
        lower = _limit(parser)
    group = parser.group("([{")
    if group is None:
        if not lower:
            return name
        body = parser.product()
    elif not lower:
        from handgrad.check.parsing.calls import called

        return called(parser, name, group)
    else:
        body = parser.factor()
    return _sum(parser, "mean", (name.span[0], body.span[1] if body.span else name.span[1]), (lower, ()), body)
