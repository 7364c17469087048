"""The author's own commands, put in place: bounded, so that a macro that calls itself ends in a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from handgrad.check.parsing.tokens import Token, tokens
from handgrad.check.tree import Span

DEEPEST = 20
MOST = 10_000


class Macro(Protocol):
    """An author's own command: how many arguments it takes, the default of the first if it has one, and what it stands for."""

    @property
    def arguments(self) -> int:
        """How many arguments it takes."""

    @property
    def default(self) -> str | None:
        """What the first argument is where it is left out."""

    @property
    def body(self) -> str:
        """What it stands for."""


class ExpansionError(Exception):
    """Macros that stand for more than can be read, and where they are called."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


def expand(found: list[Token], macros: Mapping[str, Macro]) -> list[Token]:
    """The tokens with the macros replaced by what they stand for; those have the place of the call.

    Raises:
        ExpansionError: Macros call each other more than 20 deep, or stand for more than 10,000 tokens in all.

    """
    known = {name.lstrip("\\"): macro for name, macro in macros.items()}
    done: list[Token] = []
    rest = [(token, 0) for token in reversed(found)]
    made = 0
    while rest:
        token, depth = rest.pop()
        macro = known.get(token.text) if token.kind == "command" else None
        if macro is None:
            done.append(token)
            continue
        if depth >= DEEPEST:
            raise ExpansionError("macros stand for macros more than 20 deep", token.span)
        end, arguments = _arguments(rest, macro, token)
        span = (token.start, max(token.end, end))
        body = _filled(macro, arguments, token)
        made += len(body)
        if made > MOST:
            raise ExpansionError("macros stand for more than 10,000 tokens", span)
        rest.extend((replace(part, start=span[0], end=span[1]), depth + 1) for part in reversed(body))
    return done


def _arguments(rest: list[tuple[Token, int]], macro: Macro, call: Token) -> tuple[int, list[list[Token]]]:
    """Take the arguments off the end of `rest`; also where they end."""
    found: list[list[Token]] = []
    end = call.end
    for number in range(macro.arguments):
        optional = number == 0 and macro.default is not None
        if optional and not (rest and rest[-1][0].text == "["):
            found.append(list(tokens(macro.default or "", 0, "tex")))
            continue
        argument, last = _argument(rest, "]" if optional else "}")
        found.append(argument)
        end = max(end, last)
    return end, found


def _argument(rest: list[tuple[Token, int]], close: str) -> tuple[list[Token], int]:
    if not rest:
        return [], 0
    first, _ = rest.pop()
    if first.text not in {"{", "["} or (first.text == "[" and close == "}") or first.kind == "command":
        return [first], first.end
    opens, closes = first.text, close
    depth, inside = 1, list[Token]()
    end = first.end
    while rest:
        token, _ = rest.pop()
        end = token.end
        depth += (token.text == opens) - (token.text == closes)
        if depth == 0:
            break
        inside.append(token)
    return inside, end


def _filled(macro: Macro, arguments: list[list[Token]], call: Token) -> list[Token]:
    """The body with the arguments in place of #1, #2 and so on."""
    body: list[Token] = []
    mark = False
    for token in tokens(macro.body, 0, "tex"):
        if mark and token.kind == "number" and 0 < int(float(token.text[0])) <= len(arguments):
            body.extend(arguments[int(token.text[0]) - 1])
            if len(token.text) > 1:  # #12 is the first argument and a 2
                body.append(replace(token, text=token.text[1:]))
            mark = False
            continue
        mark = token.kind == "?" and token.text == "#"
        if not mark:
            body.append(token)
    return [replace(body[0], space=call.space), *body[1:]] if body else []
