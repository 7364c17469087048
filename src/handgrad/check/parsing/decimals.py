"""Numbers with a decimal comma: 0,5498."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from handgrad.check.parsing.tokens import Token
from handgrad.check.parsing.vocabulary import MATRICES


def decimals(tokens: list[Token]) -> list[Token]:
    """The tokens with 0,5498 as one number, where the text has no decimal point and the place is none of a list."""
    if not any(token.kind == "comma" for token in tokens) or any(token.kind == "number" and "." in token.text for token in tokens):
        return tokens
    found: list[Token] = []
    stack: list[str] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.kind in {"open", "{", "begin"}:
            script = token.kind == "{" and bool(found) and found[-1].kind == "script"
            stack.append("_" if script else token.text)
        elif token.kind in {"close", "}", "end"} and stack:
            stack.pop()
        where = next((kind for kind in reversed(stack[-20:]) if kind != "{"), "")
        if _decimal(tokens, place, where):
            after = tokens[place + 2]
            found.append(replace(token, text=f"{token.text}.{after.text}", end=after.end))
            place += 3
            continue
        found.append(token)
        place += 1
    return found


def _decimal(tokens: Sequence[Token], place: int, where: str) -> bool:
    """Whether a number, a comma and a number are one number: where = 0,35 or a cell of a matrix; not in [0,1], x_{1,2} or 1,2,3."""
    if place + 2 >= len(tokens) or tokens[place + 1].text != "," or where == "_":
        return False
    first, comma, second = tokens[place : place + 3]
    if not (first.kind == second.kind == "number") or first.end != comma.start or comma.end != second.start:
        return False
    if not (first.text.isdigit() and second.text.isdigit()) or _comma_near(tokens, place - 1) or _comma_near(tokens, place + 3):
        return False
    if where in MATRICES or where == "array":
        return True
    if where:
        return first.text == "0" and len(second.text) > 1
    behind = tokens[place - 1].kind if place else ""
    signs = sum(token.kind == "sign" or token.text == "=" for token in tokens[max(0, place - 40) : place])
    return behind in {"sign", "relation"} and (len(second.text) > 1 or (first.text == "0" and signs > 1))


def _comma_near(tokens: Sequence[Token], place: int) -> bool:
    return 0 <= place < len(tokens) and tokens[place].text == "," and not (place + 1 < len(tokens) and tokens[place + 1].space)
