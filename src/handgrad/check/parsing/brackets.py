"""Round, square and other brackets in a list of items: which belongs to which, also where one is missing or too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from handgrad.check.parsing.items import CLOSING, DEEPEST, Block, Item
from handgrad.check.parsing.tokens import Token
from handgrad.check.parsing.vocabulary import FACES


def bracketed(items: Sequence[Item], depth: int) -> list[Item]:
    """Brackets as blocks; an extra closing bracket is skipped, a missing one is closed where its side ends."""
    pairs = _pairs(items)
    stack: list[tuple[Token | None, list[Item]]] = [(None, [])]
    closing = Counter(pairs.values())
    endless = 0  # of those open, how many have no end; they are below all others
    for place, item in enumerate(items):
        if (
            endless
            and len(stack) == endless + 1
            and isinstance(item, Token)
            and (item.kind in {"row", "joiner"} or item.text in ENDING)
        ):
            while len(stack) > 1:
                _group(stack, items[place - 1].end, depth)
            endless = 0
        if isinstance(item, Block):
            deep = depth + len(stack) > DEEPEST
            inside = (Token("deep", "", *item.span),) if deep else tuple(bracketed(item.items, depth + len(stack)))
            if item.kind == "{":
                inside = tuple(part for part in inside if part.kind not in {"row", "amp", "gap"})
            stack[-1][1].append(replace(item, items=inside))
        elif item.kind == "open":
            endless += place not in pairs
            stack.append((item, []))
        elif item.kind == "bar":
            if place in pairs:
                stack.append((item, []))
            elif place in closing:
                _group(stack, item.end, depth)
            else:
                stack[-1][1].append(Token("comma", "|", item.start, item.end, item.space))
        elif item.kind == "close":
            for _ in range(closing[place]):
                _group(stack, item.end, depth)
        elif len(stack) == 1 or item.kind not in {"row", "amp", "gap"}:
            stack[-1][1].append(item)
    while len(stack) > 1:
        _group(stack, items[-1].end, depth)
    return stack[0][1]


ENDING = {"=", ":=", "<-", "+=", "-="}


def _group(stack: list[tuple[Token | None, list[Item]]], end: int, depth: int) -> None:
    first, inside = stack.pop()
    assert first is not None
    if depth + len(stack) > DEEPEST:
        inside = [Token("deep", "", first.start, end)]
    stack[-1][1].append(Block("group", tuple(inside), first.start, end, first.text, first.space))


def _again(items: Sequence[Item], place: int) -> bool:
    """Whether a bar is followed by another one of its kind within the same brackets."""
    depth = 0
    for item in items[place + 1 : place + 200]:
        if isinstance(item, Token):
            depth += (item.kind == "open") - (item.kind == "close")
            if depth < 0 or (item.kind == "row" and not depth):
                return False
            if item.kind == "bar" and item.text == items[place].text and not depth:
                return True
    return False


def _pairs(items: Sequence[Item]) -> dict[int, int]:
    """Which opening bracket is closed where; one without an end is closed where its row ends."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    rows: list[int] = []
    previous: Item | None = None

    def close(at: int, kinds: set[str]) -> bool:
        for depth in range(len(opened) - 1, max(-1, len(opened) - 12), -1):
            if items[opened[depth]].text in kinds:
                while len(opened) > depth + 1:
                    pairs[opened.pop()] = at  # closed together with the one around it
                pairs[opened.pop()] = at
                return True
        return False

    for place, item in enumerate(items):
        if isinstance(item, Token):
            if item.kind == "open":
                opened.append(place)
            elif item.kind == "close":
                same = {opening for opening, closing in CLOSING.items() if closing == item.text}
                if not close(place, same) and opened and item.text in {")", "]"} and items[opened[-1]].text in {"(", "["}:
                    close(place, {"(", "["})
            elif item.kind == "bar":
                operand = previous is not None and (
                    isinstance(previous, Block)
                    or previous.kind in {"letter", "word", "number", "close", "prime", "transpose", "dots"}
                    or (previous.kind == "command" and previous.text not in FACES)
                )
                if operand and close(place, {item.text}):
                    previous = replace(item, kind="close")
                    continue
                if place + 1 < len(items) and (not operand or (item.space and not items[place + 1].space) or _again(items, place)):
                    opened.append(place)
            elif item.kind == "row":
                rows.append(place)
            elif item.kind == "relation" and rows and opened and opened[0] < rows[-1]:
                opened.clear()  # a new equation began in a later row: what was open in the earlier one stays so
        previous = item
    for place in opened:
        if items[place].kind == "bar":
            pairs.pop(place, None)
    return pairs
