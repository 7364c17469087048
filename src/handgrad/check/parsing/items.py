"""Tokens within brackets: a list of items, each a token or a block of items, with all that is only presentation left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from handgrad.check.parsing.tokens import Token
from handgrad.check.parsing.vocabulary import BRACES, CASES, CONTAINERS, DECLARATIONS, FACES, MATRICES, NOTHING, SKIPPED
from handgrad.check.tree import Span

DEEPEST = 60
"""Brackets, braces and environments may stand in each other so deep."""


@dataclass(frozen=True, slots=True)
class Block:
    """Items in brackets. `kind` is {, an environment's name, or group with `open` one of ( [ { < | norm."""

    kind: str
    items: tuple[Item, ...]
    start: int
    end: int
    open: str = "{"
    space: bool = False

    @property
    def span(self) -> Span:
        return self.start, self.end

    @property
    def text(self) -> str:
        return self.open


Item: TypeAlias = Token | Block
CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">", "|": "|", "norm": "norm"}


def is_block(item: Item | None, kind: str) -> bool:
    """Whether it is a block of that kind."""
    return isinstance(item, Block) and item.kind == kind


def nested(tokens: Iterable[Token]) -> list[Item]:
    """The items of a whole passage."""
    return bracketed(presented(_braced(tokens), top=True), 0)


def _braced(tokens: Iterable[Token]) -> list[Item]:
    """Braces and environments; what has no end ends with what it stands in, an end without beginning is left out."""
    stack: list[tuple[Token | None, list[Item]]] = [(None, [])]
    for token in tokens:
        if token.kind in {"{", "begin"}:
            stack.append((token, []))
        elif token.kind in {"}", "end"}:
            kind = "{" if token.kind == "}" else token.text
            kinds = ["{" if first.kind == "{" else first.text for first, _ in stack[1:] if first]
            if kind in kinds:
                while kinds.pop() != kind:
                    _close(stack, token.start)
                _close(stack, token.end)
        elif token.kind != "$":
            stack[-1][1].append(token)
    while len(stack) > 1:
        _close(stack, stack[-1][1][-1].end if stack[-1][1] else (stack[-1][0] or token).end)
    return stack[0][1]


def _close(stack: list[tuple[Token | None, list[Item]]], end: int) -> None:
    first, inside = stack.pop()
    assert first is not None
    if len(stack) > DEEPEST:
        inside = [Token("deep", "", first.start, end)]
    kind = "{" if first.kind == "{" else first.text
    stack[-1][1].append(Block(kind, tuple(inside), first.start, max(end, first.end), space=first.space))


def presented(items: Sequence[Item], *, top: bool = False) -> list[Item]:
    """The items without what only looks like something: sizes, colours, labels, alignment of delimiters."""
    done: list[Item] = []
    rest = list(reversed(items))
    space = False
    while rest:
        item = rest.pop()
        if isinstance(item, Block):
            done.extend(_block(item, done, rest, top=top))
        elif item.kind == "command":
            left = len(done)
            space = _command(item, done, rest) or space
            if len(done) == left and rest and is_block(rest[-1], "{") and item.text not in {"left", "right"}:
                rest[-1] = replace(rest[-1], start=item.start)  # its text is that of the command as well
            continue
        elif item.kind == "?":
            space = True
            continue
        else:
            done.append(item)
        if space and done and not done[-1].space:
            done[-1] = replace(done[-1], space=True)
        space = False
    return done


def _block(block: Block, done: list[Item], rest: list[Item], *, top: bool) -> list[Item]:
    if block.kind == "{":
        argument = bool(done) and (_takes(done[-1]) or (len(done) > 1 and is_block(done[-1], "{") and _takes_two(done[-2])))
        inside = presented(block.items, top=top and not argument)
        if not argument and inside and (_loose(inside, top=top) or (len(inside) == 1 and isinstance(inside[0], Token) and _bare(inside[0]))):
            return inside
        return [replace(block, items=tuple(inside))]
    items = list(block.items)
    if block.kind in {"array", "alignedat", "alignat", "IEEEeqnarray", "subarray", "tabular"} or block.kind in CONTAINERS:
        if items and isinstance(items[0], Token) and items[0].text == "[":  # \begin{aligned}[t]
            while items and items.pop(0).text != "]":
                pass
        if items and is_block(items[0], "{") and block.kind not in CONTAINERS - {"alignedat", "alignat", "IEEEeqnarray", "empheq"}:
            items.pop(0)
    kind = _environment(block, items, done, rest, top=top)
    inside = presented(items, top=top and kind == "container")
    if kind == "container":
        if not top:
            return [item for item in inside if item.text == "" or not (isinstance(item, Token) and item.kind in {"row", "amp"})]
        row = Token("row", "", block.start, block.start)
        apart = block.kind not in {"aligned", "split", "array", "gathered", "alignedat", "cases"} and done
        if done and isinstance(done[-1], Token) and done[-1].text == "{" and done[-1].kind == "open":
            done.pop()  # a brace before several equations
        return [row, *inside, replace(row, start=block.end, end=block.end)] if apart else inside
    return [Block(kind, tuple(inside), block.start, block.end, space=block.space)]


def _environment(block: Block, items: list[Item], done: list[Item], rest: list[Item], *, top: bool) -> str:
    """What an environment is: container of equations, matrix or cases."""
    name = block.kind
    if name in MATRICES:
        return "matrix"
    relations = any(isinstance(item, Token) and item.kind == "relation" and item.text in {"=", ":=", "<-"} for item in items)
    if name in CASES:
        return "container" if relations and top and not _content(done) else "cases"
    before = done[-1] if done else None
    if isinstance(before, Token) and before.text == "left" and len(done) > 1:
        before = done[-1]
    opened = isinstance(before, Token) and before.kind in {"open", "bar"}
    if opened and before is not None and before.text == "{" and not (relations and len(done) == 1):
        done.pop()
        if rest and isinstance(rest[-1], Token) and rest[-1].text == "right":
            rest.pop()
            if rest:
                rest.pop()
        return "cases"
    if name in {"array", "subarray", "tabular"} and not (relations and not opened):
        columns = any(isinstance(item, Token) and item.kind == "amp" for item in items)
        rows = any(isinstance(item, Token) and item.kind == "row" for item in items)
        return "matrix" if opened or ((columns or rows) and not relations and _content(done)) else "container"
    return "container"


def _content(items: Sequence[Item]) -> bool:
    return any(isinstance(item, Block) or item.kind not in {"row", "amp", "gap", "open"} for item in items)


def _takes(item: Item) -> bool:
    """Whether braces after it are its argument."""
    if isinstance(item, Block):
        return False
    return item.kind == "script" or (item.kind == "command" and item.text in TAKING)


def _takes_two(item: Item) -> bool:
    return isinstance(item, Token) and item.kind == "command" and item.text in TWO


TWO = {"frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac", "flatfrac", "binom"}
TAKING = (set(FACES) - DECLARATIONS) | TWO | {"sqrt", "pmod"}


def _loose(items: Sequence[Item], *, top: bool) -> bool:
    """Whether braces hold whole equations, or brackets of which only one stands within."""
    kinds = [item.kind for item in items]
    texts = [item.text for item in items if isinstance(item, Token) and item.kind in {"open", "close"}]
    opened = sum(1 for item in items if item.kind == "open") - sum(1 for item in items if item.kind == "close")
    return (top and bool({"relation", "row", "joiner"} & set(kinds))) or (opened != 0 and len(texts) == 1)


def _bare(token: Token) -> bool:
    return token.kind in {"sign", "relation", "open", "close", "bar", "joiner", "comma", "dots", "gap"}


def _command(token: Token, done: list[Item], rest: list[Item]) -> bool:
    """Put away a command and what belongs to it; whether it leaves a space."""
    name = token.text
    if name in {"left", "right", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr"}:
        _delimiter(done, rest, "open" if name in {"left"} or name.endswith("l") else "close")
    elif name in {"color", "bbox"} or name in SKIPPED:
        while rest and isinstance(rest[-1], Token) and rest[-1].text == "[":
            while rest and rest.pop().text != "]":
                pass
        for _ in range(SKIPPED[name]):
            if rest:
                _skip_argument(rest)
        return True
    elif name in BRACES:
        _without_annotation(done, rest)
    elif name in NOTHING:
        if name in {"hskip", "kern", "mkern", "mskip"}:
            while rest and isinstance(rest[-1], Token) and (rest[-1].kind == "number" or rest[-1].text in {"-", "p", "t", "m", "u", "e", "x"}):
                rest.pop()
        return True
    elif name in DECLARATIONS:
        if rest:
            inside = tuple(reversed(rest))
            rest[:] = [Block("{", inside, inside[0].start, inside[-1].end)]
        done.append(replace(token, text={"bf": "mathbf", "cal": "mathcal"}.get(name, "mathrm")))
    else:
        done.append(token)
    return False


def _delimiter(done: list[Item], rest: list[Item], kind: str) -> None:
    """The delimiter after \\left or \\right opens or closes, whatever it is; a dot is nothing."""
    if not rest or isinstance(rest[-1], Block):
        return
    item = rest.pop()
    if item.kind in {"open", "close", "bar"}:
        done.append(replace(item, kind=kind, text={v: k for k, v in CLOSING.items()}.get(item.text, item.text) if kind == "open" else item.text))
    elif item.kind == "relation" and item.text in {"<", ">"}:
        done.append(replace(item, kind=kind, text="<" if kind == "open" else ">"))
    elif item.kind == "sign" and item.text == "/":
        done.append(item)
    elif not (item.kind == "sign" and item.text == "."):
        rest.append(item)


def _skip_argument(rest: list[Item]) -> None:
    if isinstance(rest[-1], Token) and rest[-1].kind == "letter":
        rest.pop()
        while rest and isinstance(rest[-1], Token) and rest[-1].kind == "letter" and not rest[-1].space:
            rest.pop()
    else:
        rest.pop()


def _without_annotation(done: list[Item], rest: list[Item]) -> None:
    if not rest:
        return
    argument = rest.pop()
    end = argument.end
    while rest and isinstance(rest[-1], Token) and rest[-1].kind == "script":
        end = rest.pop().end
        if rest:
            end = rest.pop().end
    inside = argument.items if is_block(argument, "{") and isinstance(argument, Block) else (argument,)
    rest.append(Block("{", inside, argument.start, end, space=argument.space))


def bracketed(items: Sequence[Item], depth: int) -> list[Item]:
    """Brackets as blocks; an extra closing bracket is skipped, a missing one is closed where its side ends."""
    pairs = _pairs(items)
    stack: list[tuple[Token | None, list[Item]]] = [(None, [])]
    closing = Counter(pairs.values())
    endless = 0  # of those open, how many have no end; they are below all others
    for place, item in enumerate(items):
        if endless and len(stack) == endless + 1 and isinstance(item, Token) and (item.kind in {"row", "joiner"} or item.text in ENDING):
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
                    isinstance(previous, Block) or previous.kind in {"letter", "word", "number", "close", "prime", "transpose", "dots"}
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
