"""Tokens within brackets: a list of items, each a token or a block of items, with all that is only presentation left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from handgrad.check.parsing.tokens import Token
from handgrad.check.parsing.vocabulary import (
    BRACED,
    BRACES,
    CASES,
    CONTAINERS,
    DECLARATIONS,
    FACES,
    MATRICES,
    NOTHING,
    SKIPPED,
    SPACES,
)
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
        """Where it stands."""
        return self.start, self.end

    @property
    def text(self) -> str:
        """How it opens; what a token's text is."""
        return self.open


Item: TypeAlias = Token | Block
CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">", "|": "|", "norm": "norm"}


def is_block(item: Item | None, kind: str) -> bool:
    """Whether it is a block of that kind."""
    return isinstance(item, Block) and item.kind == kind


def braced(tokens: Iterable[Token]) -> list[Item]:
    """Braces and environments; what has no end ends with what it stands in, an end without beginning is left out."""
    stack: list[tuple[Token | None, list[Item]]] = [(None, [])]
    for token in tokens:
        if token.kind in {"{", "begin"}:
            stack.append((token, []))
        elif token.kind in {"}", "end"}:
            kind = "{" if token.kind == "}" else token.text
            near = [_opens(first) for first, _ in stack[-30:]]
            if kind in near:
                while _opens(stack[-1][0]) != kind:
                    _close(stack, token.start)
                _close(stack, token.end)
        elif token.kind != "$":
            stack[-1][1].append(token)
    while len(stack) > 1:
        _close(stack, stack[-1][1][-1].end if stack[-1][1] else (stack[-1][0] or token).end)
    return stack[0][1]


def _opens(token: Token | None) -> str | None:
    return None if token is None else "{" if token.kind == "{" else token.text


def _close(stack: list[tuple[Token | None, list[Item]]], end: int) -> None:
    first, inside = stack.pop()
    assert first is not None
    if len(stack) > DEEPEST:
        inside = [Token("deep", "", first.start, end)]
    kind = _opens(first) or ""
    stack[-1][1].append(Block(kind, tuple(inside), first.start, max(end, first.end), space=first.space))


def presented(items: Sequence[Item], *, top: bool = False) -> list[Item]:
    """The items without what only looks like something: sizes, colours, labels, alignment of delimiters."""
    done: list[Item] = []
    rest = list(reversed(items))
    space = False
    blanks = 0
    while rest:
        item = rest.pop()
        blanks = blanks + 1 if item.kind == "command" and item.text in SPACES else 0
        if isinstance(item, Block):
            done.extend(_block(item, done, rest, top=top))
        elif item.kind == "command":
            if _with_braces(item, rest):
                continue
            if blanks == 3:  # as wide as \quad
                done.append(Token("gap", "", *item.span))
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


def _with_braces(token: Token, rest: list[Item]) -> bool:
    r"""Make an environment of \pmatrix{…}, and \mathbf{x}, \mathbf{y} of \mathbf{x, y}; False for other commands."""
    block = rest[-1] if rest else None
    if not (isinstance(block, Block) and block.kind == "{"):
        return False
    if token.text in BRACED:
        rest[-1] = replace(block, kind=BRACED[token.text], start=token.start, space=token.space)
        return True
    if token.text not in FACES or not any(isinstance(item, Token) and item.text == "," for item in block.items):
        return False
    spread: list[Item] = []
    for item in block.items:
        comma = isinstance(item, Token) and item.text == ","
        if comma or not spread or spread[-1].text == ",":
            spread += [item] if comma else [token, Block("{", (item,), item.start, item.end)]
        elif isinstance(last := spread[-1], Block):
            spread[-1] = replace(last, items=(*last.items, item), end=item.end)
    rest[-1:] = reversed(spread)
    return True


def _block(block: Block, done: list[Item], rest: list[Item], *, top: bool) -> list[Item]:
    if block.kind == "{":
        argument = bool(done) and (_takes(done[-1]) or (len(done) > 1 and is_block(done[-1], "{") and _takes_two(done[-2])))
        inside = presented(block.items, top=top and not argument)
        if (
            not argument
            and inside
            and (_loose(inside, top=top) or (len(inside) == 1 and isinstance(inside[0], Token) and _bare(inside[0])))
        ):
            return inside
        return [replace(block, items=tuple(inside))]
    items = list(block.items)
    if block.kind in {"array", "alignedat", "alignat", "IEEEeqnarray", "subarray", "tabular"} or block.kind in CONTAINERS:
        if items and isinstance(items[0], Token) and items[0].text == "[":  # \begin{aligned}[t]
            while items and items.pop(0).text != "]":
                pass
        if items and is_block(items[0], "{") and block.kind not in CONTAINERS - {"alignedat", "alignat", "IEEEeqnarray", "empheq"}:
            items.pop(0)
    brace = done[-1] if done and done[-1].kind == "open" and done[-1].text == "{" else None
    kind = _environment(block, items, done, top=top)
    inside = presented(items, top=top and kind == "container")
    if kind == "container":
        if not top:
            return [item for item in inside if item.kind not in {"row", "amp"}]
        row = Token("row", "", block.start, block.start)
        apart = block.kind not in {"aligned", "split", "array", "gathered", "alignedat", "cases"} and done
        if brace is not None:
            done.pop()  # a brace before several equations
        return [row, *inside, replace(row, start=block.end, end=block.end)] if apart else inside
    start, end = block.start, block.end
    if kind == "cases" and brace is not None:
        start = done.pop().start
        if rest and isinstance(rest[-1], Token) and rest[-1].text == "right":
            end = rest.pop().end
            end = rest.pop().end if rest else end
    return [Block(kind, tuple(inside), start, end, space=block.space)]


def _environment(block: Block, items: list[Item], done: list[Item], *, top: bool) -> str:
    """What an environment is: container of equations, matrix or cases."""
    name = block.kind
    if name in MATRICES:
        return "matrix"
    equations = any(_is_equality(item) for item in items)
    if name in CASES:
        return "container" if top and not _content(done) and _equality_first(items) else "cases"
    before = done[-1] if done else None
    opened = isinstance(before, Token) and before.kind in {"open", "bar"}
    if opened and before is not None and before.text == "{" and not (equations and len(done) == 1):
        return "cases"
    if name in {"array", "subarray", "tabular"}:
        several = any(isinstance(item, Token) and item.kind in {"amp", "row"} for item in items)
        return "matrix" if opened or (several and not equations and _content(done)) else "container"
    return "container"


def _is_equality(item: Item) -> bool:
    return isinstance(item, Token) and item.kind == "relation" and item.text in {"=", ":=", "<-"}


def _equality_first(items: Sequence[Item]) -> bool:
    """Whether what stands before the first & of some row is an equation."""
    column = 0
    for item in items:
        if item.kind in {"amp", "row"}:
            column = column + 1 if item.kind == "amp" else 0
        elif column == 0 and _is_equality(item):
            return True
    return False


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


LENGTHS = {"-", "p", "t", "m", "u", "e", "x"}
"""Letters of 3pt, 1em, 2mu."""


def _command(token: Token, done: list[Item], rest: list[Item]) -> bool:
    """Put away a command and what belongs to it; whether it leaves a space."""
    name = token.text
    if name in {"left", "right", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr"}:
        _delimiter(done, rest, token, "open" if name == "left" or name.endswith("l") else "close")
    elif name in {"color", "bbox"} or name in SKIPPED:
        while rest and isinstance(rest[-1], Token) and rest[-1].text == "[":
            while rest and rest.pop().text != "]":
                pass
        for _ in range(SKIPPED[name]):
            if rest:
                _skip_argument(rest)
        return True
    elif name in BRACES:
        _without_annotation(rest)
    elif name in NOTHING:
        if name in {"hskip", "kern", "mkern", "mskip"}:
            while rest and (rest[-1].kind == "number" or rest[-1].text in LENGTHS):
                rest.pop()
        return True
    elif name in DECLARATIONS:
        length = next(
            (n for n, item in enumerate(reversed(rest)) if item.kind == "command" and item.text in DECLARATIONS), len(rest)
        )
        if rest and is_block(rest[-1], "{"):
            length = 1  # written like \mathbf{…}
        elif length:
            inside = tuple(reversed(rest[-length:]))
            rest[-length:] = [Block("{", inside, inside[0].start, inside[-1].end)]
        done.append(replace(token, text={"bf": "mathbf", "cal": "mathcal"}.get(name, "mathrm")))
    else:
        done.append(token)
    return False


def _delimiter(done: list[Item], rest: list[Item], token: Token, kind: str) -> None:
    r"""The delimiter after \left or \right opens or closes, whatever it is; a dot is nothing."""
    if not rest or isinstance(rest[-1], Block):
        return
    item = rest.pop()
    assert isinstance(item, Token)
    if item.kind in {"open", "close", "bar"}:
        opened = {closing: opening for opening, closing in CLOSING.items()}.get(item.text, item.text)
        done.append(replace(item, kind=kind, text=opened if kind == "open" else item.text, start=token.start))
    elif item.kind == "relation" and item.text in {"<", ">"}:
        done.append(replace(item, kind=kind, text="<" if kind == "open" else ">", start=token.start))
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


def _without_annotation(rest: list[Item]) -> None:
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
