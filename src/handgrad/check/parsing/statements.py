"""From a passage to statements: rows, parts joined by words and arrows, chains of relations."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from handgrad.check.parsing.brackets import bracketed
from handgrad.check.parsing.decimals import decimals
from handgrad.check.parsing.expressions import Context, ParseError, Parser
from handgrad.check.parsing.functions import known_functions, on_the_left
from handgrad.check.parsing.items import Block, Item, braced, presented
from handgrad.check.parsing.macros import ExpansionError, Macro, expand
from handgrad.check.parsing.names import paired
from handgrad.check.parsing.ranges import condition_after, together
from handgrad.check.parsing.tokens import Token, tokens
from handgrad.check.tree import Call, Group, Name, Node, Product, Script, Scripted, Statement, Unreadable, Words

GAPS = {"gap", "amp", "comma", "text"}
STRENGTH = {"gap": 0, "amp": 0, "comma": 1, "text": 2, "joiner": 2}
"""What stands between statements; of several in a row the strongest counts."""


def parse(
    text: str,
    start: int = 0,
    kind: str = "tex",
    *,
    functions: Collection[str] = (),
    names: Collection[str] = (),
    macros: Mapping[str, Macro] | None = None,
) -> tuple[Statement, ...]:
    """Read a passage of formulas.

    Args:
        text: The passage, without delimiters.
        start: Its offset in the document; all spans are offsets in the document.
        kind: tex or plain; each may hold pieces of the other.
        functions: Names that are functions in this document, besides those that are everywhere.
        names: Names of several letters in this document, as ALayerOutput or dA-1.
        macros: The author's own commands.

    Returns:
        The statements in order. What cannot be read is an `Unreadable` side with its reason; nothing raises.

    """
    span = (start, start + len(text))
    kind = "tex" if kind == "tex" else "plain"
    try:
        found = decimals(list(tokens(text, start, kind)))
        items = bracketed(presented(braced(expand(found, macros) if macros else found), top=True), 0)
    except ExpansionError as error:
        return (Statement((Unreadable(error.span, str(error)),), (), (), error.span),)
    if not items:
        return ()
    known = frozenset(functions)
    statements = tuple(_statements(items, Context(known, frozenset(names), kind), span))
    more = known_functions(statements) - known
    if more:
        statements = tuple(_statements(items, Context(known | more, frozenset(names), kind), span))
    return statements


def _statements(items: Sequence[Item], context: Context, span: tuple[int, int]) -> Iterator[Statement]:
    before: Statement | None = None
    for row in _rows(items):
        read = paired(row) if context.kind == "plain" else row
        for part in _parts(_alternatives(_apart(read))):
            statement = _statement(part, context, span)
            if statement is None:
                continue
            joined = together(before, statement)
            if joined is None and before is not None:
                yield before
            before = joined or statement
    if before is not None:
        yield before


def _rows(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The rows of a display; one that only goes on with the expression before it is joined to it."""
    rows: list[list[Item]] = [[]]
    for item in items:
        if isinstance(item, Token) and item.kind == "row":
            rows.append([])
        else:
            rows[-1].append(item)
    done: list[list[Item]] = []
    for row in rows:
        content = [item for item in row if not _is(item, "gap", "amp")]
        if not content:
            continue
        if done and _goes_on(done[-1], content):
            done[-1] = [*done[-1], *content]
        else:
            done.append(row)
    yield from done


def _goes_on(before: list[Item], row: list[Item]) -> bool:
    first, last = row[0], next((item for item in reversed(before) if not _is(item, "gap", "amp")), before[-1])
    if (_is(last, "sign") and last.text != ".") or _is(last, "relation"):
        return not _is(first, "relation") or _is(last, "relation")
    if not _is(first, "sign"):
        return False
    return first.text != "-" or not any(_is(item, "relation") for item in row)


def _is(item: Item, *kinds: str) -> bool:
    return isinstance(item, Token) and item.kind in kinds


def _apart(row: list[Item]) -> list[Item]:
    """A row with the brackets of a remark behind a wide space opened: a = b   (where b = c), A = σ(Z)   (A ∈ R^{n})."""
    found: list[Item] = []
    for place, item in enumerate(row):
        if isinstance(item, Block) and item.kind == "group" and item.open == "(" and found and _remark(row, place):
            found += [Token("joiner", "(", item.start, item.start + 1), *item.items]
        else:
            found.append(item)
    return found


def _remark(row: list[Item], place: int) -> bool:
    block, before, after = row[place], row[place - 1], row[place + 1] if place + 1 < len(row) else None
    assert isinstance(block, Block)
    if len(block.items) < 2 or not any(_is(item, "relation") and item.text in {"=", "in"} for item in block.items):
        return False
    if not (after is None or _is(after, "comma", "row", "gap", "amp") or (_is(after, "sign") and after.text == ".")):
        return False
    if _is(before, "gap", "amp"):
        return True
    index, second = block.items[:2]
    return (
        block.space
        and not _is(before, "sign")
        and index.text in set("lkijnmt")
        and _is(second, "relation")
        and any(_is(item, "relation") for item in row[:place])
    )


def _parts(row: list[Item]) -> Iterator[list[Item]]:
    """A row cut where one statement ends and another begins."""
    pieces: list[tuple[Item | None, list[Item]]] = [(None, [])]
    between = _between(row)
    for place, item in enumerate(row):
        cut: Item | None = None
        if _is(item, "joiner") or (_is(item, *GAPS) and not _title(row, place) and not _frobenius(row, place)):
            cut = item
        elif _is(item, "relation") and item.text == "->" and between(place):
            cut = Token("joiner", "->", *item.span)
        if cut is None:
            pieces[-1][1].append(item)
        elif pieces[-1][1] or pieces[-1][0] is None or STRENGTH[cut.kind] > STRENGTH[pieces[-1][0].kind]:
            pieces = [*pieces, (cut, [])] if pieces[-1][1] else [*pieces[:-1], (cut, [])]
    part: list[Item] = []
    for cut, piece in pieces:
        if not piece:
            continue
        if cut is None or not _ends(part, cut, piece):
            kept = cut is not None and (cut.kind == "comma" or (cut.kind == "gap" and isinstance(piece[0], Block)))
            part = [*part, *([cut] if cut is not None and kept else []), *piece]
        else:
            yield part
            part = [] if _number(cut, piece) else piece
    yield part


def _alternatives(row: list[Item]) -> list[Item]:
    """A row with 1 if z > 0 else 0 as cases."""
    words = {item.text: place for place, item in enumerate(row) if _is(item, "text") and item.text in {"if", "else"}}
    if set(words) != {"if", "else"} or not words["if"] < words["else"] < len(row) - 1:
        return row
    start = next((place + 1 for place in range(words["if"] - 1, -1, -1) if _is(row[place], "relation")), 0)
    if start == words["if"]:
        return row
    amp, new = Token("amp", "&", *row[words["if"]].span), Token("row", "", *row[words["else"]].span)
    inside = (*row[start : words["if"]], amp, *row[words["if"] + 1 : words["else"]], new, *row[words["else"] + 1 :])
    return [*row[:start], Block("cases", inside, row[start].start, row[-1].end)]


def _title(row: list[Item], place: int) -> bool:
    """Whether words are the left side of a relation."""
    return _is(row[place], "text") and place + 1 < len(row) and _is(row[place + 1], "relation")


def _between(row: list[Item]) -> Callable[[int], bool]:
    """Whether an arrow at a place stands between equations: there is a relation before it, or after it in the same part."""
    relations = [place for place, item in enumerate(row) if _is(item, "relation") and item.text != "->"]
    ends = [place for place, item in enumerate(row) if _is(item, "comma", "gap", "joiner", "text")]

    def between(place: int) -> bool:
        following, end = bisect_right(relations, place), bisect_right(ends, place)
        return following > 0 or (following < len(relations) and (end == len(ends) or relations[following] < ends[end]))

    return between


def _frobenius(row: list[Item], place: int) -> bool:
    """Whether a colon is the product A:B, which has no space on either side."""
    if row[place].text != ":" or not 0 < place < len(row) - 1:
        return False
    before, after = row[place - 1], row[place + 1]
    near = not row[place].space and not after.space and row[place].start == before.end
    names = all(isinstance(item, Block) or item.kind in {"letter", "command"} for item in (before, after))
    word = all(_is(item, "letter") for item in row[max(0, place - 4) : place]) and place > 3
    return near and names and not word and not any(_is(item, "relation") and item.text == "->" for item in row[place : place + 9])


def _ends(part: list[Item], cut: Item, piece: list[Item]) -> bool:
    """Whether what stands before a cut is a statement of its own."""
    if not part:
        return False
    if _is(cut, "joiner", "text"):
        return True
    if cut.text == ":" or (_is(cut, "comma") and _shape(piece)):
        return True
    if _is(cut, "comma") and (_is(piece[0], "dots") or _is(part[-1], "dots") or _counted(part, piece)):
        return False
    complete = (
        any(_is(item, "relation") for item in part)
        and not _is(part[-1], "relation")
        and not (_is(part[-1], "sign") and part[-1].text != ".")
    )
    begins = not _is(piece[0], "relation", "sign")
    related = any(_is(item, "relation") for item in piece)
    if _is(cut, "comma"):
        return (complete and not _is(piece[0], "relation")) or (
            not related and not complete and not any(_is(item, "comma") for item in part)
        )
    return complete and begins and (related or _number(cut, piece))


def _counted(part: list[Item], piece: list[Item]) -> bool:
    """Whether another number of a list follows: k = 1, 2."""
    numbers = len(piece) == 1 and _is(piece[0], "number") and _is(part[-1], "number")
    return numbers and len(part) > 1 and _is(part[-2], "relation", "comma")


def _shape(piece: list[Item]) -> bool:
    r"""Whether it says of what shape its left side is: B ∈ R^{n}, which holds for what stands before the comma too."""
    first = next((item for item in piece if _is(item, "relation")), None)
    return first is not None and first.text == "in"


def _number(cut: Item, piece: list[Item]) -> bool:
    """Whether a piece after a space is the number of an equation: (1)."""
    if len(piece) != 1 or not _is(cut, "gap", "amp"):
        return False
    block = piece[0]
    return (
        isinstance(block, Block)
        and block.open == "("
        and all(_is(item, "number", "letter", "sign", "word") for item in block.items)
    )


def _statement(items: list[Item], context: Context, span: tuple[int, int]) -> Statement | None:
    items = condition_after([item for item in items if not _is(item, "amp")])
    while items and (_is(items[-1], "comma") or (_is(items[-1], "sign") and items[-1].text in {".", "cdot"})):
        items.pop()
    while items and _is(items[0], "comma"):
        items.pop(0)
    if not items:
        return None
    sides: list[list[Item]] = [[]]
    ops: list[Token] = []
    for item in items:
        if not _is(item, "relation"):
            sides[-1].append(item)
        elif not (ops and not sides[-1]):  # a sign typed twice counts once
            assert isinstance(item, Token)
            ops.append(item)
            sides.append([])
    if ops and not sides[-1]:
        ops.pop()
        sides.pop()
        if not ops and not sides[0]:
            return None
    continues = bool(ops) and not sides[0]
    nodes: list[Node | None] = [None if continues else _side(sides[0], context, span, left=bool(ops))]
    nodes += [_side(side, context, span, after=op.text) for op, side in zip(ops, sides[1:], strict=True)]
    begin = items[0].start
    spans: list[tuple[int, int]] = []
    for op, side in zip(ops, sides[1:], strict=True):
        first = begin if not spans else max(op.start, spans[-1][1])
        spans.append((first, max(first, side[-1].end)))
    end = spans[-1][1] if spans else items[-1].end
    return Statement(tuple(nodes), tuple(op.text for op in ops), tuple(spans), (begin, end), continues)


def _side(items: list[Item], context: Context, span: tuple[int, int], *, left: bool = False, after: str = "") -> Node:
    place = (items[0].start, items[-1].end)
    listed = any(_is(item, "comma") for item in items)
    if (
        after in {"=", "in"}
        and listed
        and (any(_is(item, "dots") for item in items) or all(_is(item, "number", "comma") for item in items))
    ):
        return Words(place, "".join("…" if _is(item, "dots") else item.text for item in items if isinstance(item, Token)))
    colons = [n for n, item in enumerate(items) if _is(item, "comma")]
    if len(colons) == 1 and context.kind == "tex" and _frobenius(items, colons[0]):
        return _trace(items[: colons[0]], items[colons[0] + 1 :], context, span)
    comma = next((item for item in items if _is(item, "comma")), None)
    if comma is not None:
        return Unreadable(place, "a list where one expression is expected")
    try:
        node = Parser(items, replace(context, depth=0), span).whole()
    except ParseError as error:
        return Unreadable(error.span if place[0] <= error.span[0] <= error.span[1] <= place[1] else place, error.reason)
    if left and (call := on_the_left(node)) is not None:
        return call
    if after == "in" and isinstance(node, Name) and node.name == "R":  # the set of numbers, in whatever typeface
        return replace(node, faces=frozenset({"bb"}))
    return node


def _trace(first: list[Item], second: list[Item], context: Context, span: tuple[int, int]) -> Node:
    """A:B as the trace of Aᵀ B, which it is."""
    one, two = (_side(items, context, span) for items in (first, second))
    unread = next((node for node in (one, two) if isinstance(node, Unreadable)), None)
    if unread is not None or one.span is None or two.span is None:
        return unread or one
    place = (one.span[0], two.span[1])
    turned = Scripted(one.span, one if isinstance(one, Name) else Group(one.span, one), (Script(None, "transpose"),))
    return Call(place, Name(place, "tr"), (Product(place, (turned, two), ("",)),))
