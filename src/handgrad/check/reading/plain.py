"""Equations without delimiters, as `dW2 = 1/m * dZ2 . A1.T`, in a line that may hold prose as well.

A line is cut into tokens; words of prose, commas and the like break it into runs; a run with a relation and something to compute on
both sides of it is an equation. No dictionary is needed: a word is taken for prose where only a space parts it from another word.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from handgrad.check.reading.vocabulary import ACTIVATIONS, ADDING, COMPOUNDS, CONDITIONS, CONNECTORS, FUNCTIONS, KNOWN, STOPS

_RELATIONS = frozenset(("=", ":=", "==", "<-", "←", "≈", "≔", "∝", "+=", "-=", "*=", "∈", "≡", "≃", "≅", "≜", "＝"))
_MARKS = ("=", "<-", *sorted(mark for mark in _RELATIONS if "=" not in mark))
_COMPARISONS = frozenset(("<", ">", "<=", ">=", "≤", "≥", "!=", "≠"))
_BINARY = frozenset(
    [
        "+",
        "-",
        "*",
        "/",
        "^",
        ".",
        "·",
        "×",
        "⊙",
        "∘",
        "⊗",
        "∗",
        "•",
        "⋅",
        "∙",
        "−",
        "–",
        "->",
        "=>",
        "⇒",
        "→",
        ".*",
        "**",
        "@",
        "_",
    ]
)
_SIGNS = _BINARY | frozenset(
    [
        "'",
        "’",
        "′",
        "″",
        "|",
        "‖",
        "√",
        "∂",
        "∇",
        "∆",
        "Σ",
        "∑",
        "∏",
        "~",
        "∞",
        "⊤",
        "†",
        "!",
        "…",
        "⋯",
        "...",
        "∀",
        "⁽",
        "⁾",
        "₍",
        "₎",
    ]
)
_TOKEN = re.compile(
    r"""(?P<prose>[A-Za-z]{2,}['’](?:s|re|ll|ve)\b | [A-Za-z]{2,}n['’]t\b | [Ll]et['’]s\b
    | \b(?:i\.e|e\.g|w\.r\.t|etc|vs|resp)\b\.?)
    | (?P<rate>learning[ ]rate\b) | (?P<command>\\[A-Za-z]+|\\.)
    | (?P<word>[^\W\d_](?:[\w\u0300-\u036f])*)
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\w*)
    | (?P<sign>:=|<-(?=\s|[A-Za-z])|[<>!+\-*=]=|=>|->|\.\*|\*\*|\.\.\.|[^\s\w]|_)""",
    re.VERBOSE,
)
_COMPOUND = re.compile(r"[A-Za-z]{3,}(?:-[a-z]{2,})+")
_VOWEL = re.compile("[aeiouyAEIOUY]")
_OPEN, _CLOSE = "([{", ")]}"


class _Token(NamedTuple):
    """`kind` is name, word (a name or prose), prose, condition, number, relation, compare, sign, comma, open, close or end."""

    kind: str
    text: str
    start: int
    end: int


def equations(text: str, *, continued: bool = False) -> list[tuple[int, int]]:
    """Return the places of the equations in a line, as offsets in it; a `continued` one may begin with a relation."""
    if not any(mark in text for mark in _MARKS):
        return []
    tokens = _settled(_tokens(text), text)
    found = []
    run: list[_Token] = []
    before: _Token | None = None
    depth = 0
    for index, token in enumerate([*tokens, None]):
        if token is not None and _belongs(tokens, index, run, depth) and not _apart(run, token, text):
            run.append(token)
            depth = max(0, depth + (token.kind == "open") - (token.kind == "close"))
            continue
        place = _equation(run, before, token, text, continued=continued and before is None)
        if place is not None:
            found.append(place)
        before, run, depth = token, [], 0
        if token is not None and token.kind in ("name", "variable", "number"):  # after a gap
            run = [token]
    return found


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at = 0
    while found := _TOKEN.search(text, at):
        start, at, value, kind = found.start(), found.end(), found.group(), found.lastgroup or "sign"
        if kind == "word":
            kind = _word_kind(value)
            compound = _COMPOUND.match(text, start)
            if compound and kind in ("word", "prose") and (value.lower() in COMPOUNDS or not value.islower()):
                value, at, kind = compound.group(), compound.end(), "prose"
        elif kind == "sign":
            ends = value == "." and start > 0 and not text[start - 1].isspace() and (at >= len(text) or text[at].isspace())
            kind = "end" if ends else _sign_kind(value)
        elif kind in ("rate", "command"):
            kind = {"rate": "variable", "command": "name"}[kind]
        tokens.append(_Token(kind, value, start, at))
    return tokens


def _sign_kind(value: str) -> str:
    for kind, values in (("open", _OPEN), ("close", _CLOSE), ("relation", _RELATIONS), ("compare", _COMPARISONS), ("comma", ",")):
        if value in values:
            return kind
    if value in "↑↓↔—":
        return "end"
    return "sign" if value in _SIGNS or unicodedata.category(value[0]) in ("Sm", "Mn", "Lm", "No") else "end"


def _word_kind(word: str) -> str:
    """What a word may be by itself."""
    word = "".join(c for c in word if unicodedata.category(c) not in {"Lm", "No"}) or word  # dbₗ, aˡ: marks are no letters
    lower = word.lower()
    if any("\u2e80" <= letter <= "\ud7ff" or "\uf900" <= letter <= "\ufaff" for letter in word):
        return "prose"  # scripts that put no spaces between words
    if word in CONDITIONS:
        return "condition"
    if lower in STOPS or lower in CONNECTORS:
        return "prose"
    if len(word) <= 2 or lower in KNOWN or not word.isalpha() or any(map(str.isupper, word[1:])):
        return "name"
    if word.isascii():
        return "word" if _VOWEL.search(word) else "name"
    greek = len(word) <= 4 and any("\u0370" <= letter <= "\u03ff" for letter in unicodedata.normalize("NFKD", word))
    return "name" if greek or all(ord(letter) > 0x1D3FF for letter in word) else "word"  # mathematical italics


def _settled(tokens: list[_Token], text: str) -> list[_Token]:
    """Say of each word whether it is a variable or prose, by its neighbours."""
    settled = []
    for index, token in enumerate(tokens):
        kind = token.kind
        if kind == "word":
            before, after = (
                other[0] if (other := tokens[at : at + 1]) and other[0].text < "\u2e80" else None
                for at in (max(0, index - 1), index + 1)
            )
            before = before if index else None
            words = ("name", "word", "variable", "number", "prose")
            if text[token.end : token.end + 1] == "(" and text[token.end : token.end + 3] not in ("(s)", "(es"):  # loss(a, y)
                settled.append(token._replace(kind="name"))
                continue
            beside = before is not None and before.kind in (*words, "close") and text[before.end : token.start].isspace()
            beside = beside or (after is not None and after.kind in words and text[token.end : after.start].isspace())
            kind = "prose" if beside else "variable"
        settled.append(token._replace(kind=kind))
    return settled


def _belongs(tokens: list[_Token], index: int, run: list[_Token], depth: int) -> bool:
    """Whether a token goes on with the run before it."""
    kind = tokens[index].kind
    if kind == "comma" or tokens[index].text == ";":
        return depth > 0 and not (index + 1 < len(tokens) and tokens[index + 1].text == ";")
    if kind == "condition":
        return _goes_on(tokens, index, run)
    return kind not in ("prose", "end")


def _apart(run: list[_Token], token: _Token, text: str) -> bool:
    """Whether a wide gap parts an equation from the next one in the line."""
    if not run or run[-1].kind in ("relation", "compare", "open", "comma") or run[-1].text in _BINARY:
        return False
    gap = text[run[-1].end : token.start]
    if len(gap) <= 2 or not gap.isspace():
        return False
    both = run[-1].kind in ("name", "variable", "number", "close") and token.kind in ("name", "variable", "number")
    return both or token.text == "["  # a label in the margin


def _goes_on(tokens: list[_Token], index: int, run: list[_Token]) -> bool:
    """Whether a condition is part of the formula, as in `1 if z > 0 else 0`: a comparison comes before anything else."""
    if not any(token.kind == "relation" for token in run[:200]):
        return False
    if tokens[index].text in ("else", "otherwise", "elsewhere"):
        return any(token.kind == "compare" for token in run[-200:])
    for token in tokens[index + 1 : index + 12]:
        if token.kind in ("compare", "prose", "end", "comma", "relation", "condition"):
            return token.kind == "compare"
    return False


def _equation(
    run: list[_Token], before: _Token | None, after: _Token | None, text: str, *, continued: bool = False
) -> tuple[int, int] | None:
    """The place of the equation that a run of tokens is, if it is one."""
    if len(run) > 2 and run[0].text.lower() in ACTIVATIONS and run[1].kind in ("name", "variable") and run[1].start > run[0].end:
        run = run[1:]  # the activation is said before its formula: softmax a_j = …
    if after is not None and run and run[-1].text in ADDING and after.kind == "prose":
        return None  # "sum over the units"
    run = _balanced(run, text, remarks=after is not None and after.kind == "prose")
    begin, end = 0, len(run)
    while begin < end and run[begin].kind != "relation" and (run[begin].text in _BINARY or run[begin].text in ("'", "!")):
        begin += 1
    while begin < end and (run[end - 1].kind in ("relation", "compare", "condition") or run[end - 1].text in _BINARY):
        end -= 1
    if end < len(run) and after is not None and after.kind != "end":
        return None  # a side goes on with words: "dW = gradient of the loss"
    run = run[begin:end]
    run = _without_shape(run, text)
    sides = _sides(run)
    if continued and len(sides) > 1 and not sides[0] and run[0].text in _RELATIONS:
        said = len(sides[1]) > 1 and all(any(token.kind in ("name", "number") for token in side) for side in sides[1:])
        return (run[0].start, run[-1].end) if said else None
    if (
        len(sides) < 2
        or not sides[0]
        or not all(any(token.kind in ("name", "variable", "number") for token in side) for side in sides)
    ):
        return None
    if not any(token.kind in ("name", "variable") for token in sides[0]) or not _says_something(sides, before, after):
        return None
    return run[0].start, run[-1].end


def _sides(run: list[_Token]) -> list[list[_Token]]:
    depth = 0
    sides: list[list[_Token]] = [[]]
    for token in run:
        depth += (token.kind == "open") - (token.kind == "close")
        if token.kind == "relation" and depth == 0:
            sides.append([])
        else:
            sides[-1].append(token)
    return sides


def _says_something(sides: list[list[_Token]], before: _Token | None, after: _Token | None) -> bool:
    """Whether it is more than `X = input`, `epochs = 10` or `Z = linear function`, which merely have a sign of equality."""
    if len(sides) > 2 or len(sides[1]) > 1:
        return True
    left, right = sides
    if right[0].kind == "variable" or (right[0].kind == "number" and left[-1].kind == "variable"):
        return False
    if after is not None and (after.text in ("%", "?") or (after.kind == "prose" and after.text.lower() not in CONNECTORS)):
        return False
    return before is None or before.text != "%"


def _balanced(run: list[_Token], text: str, *, remarks: bool) -> list[_Token]:
    """The run without brackets at its ends whose partners lie outside of it, and without the remark "(n x m" before a word."""
    unmatched: list[int] = []
    for index, token in enumerate(run):
        if token.kind == "close" and unmatched and run[unmatched[-1]].kind == "open":
            unmatched.pop()
        elif token.kind in ("open", "close"):
            unmatched.append(index)
    begin, end = next((at for at, index in enumerate(unmatched) if index != at), len(unmatched)), len(run)
    unmatched = unmatched[begin:]
    while unmatched and unmatched[-1] == end - 1:
        end -= 1
        unmatched.pop()
    if remarks and unmatched and run[unmatched[0]].kind == "open" and text[run[unmatched[0]].start - 1].isspace():
        end = unmatched[0]
    return run[begin:end]


def _without_shape(run: list[_Token], text: str) -> list[_Token]:
    """The run without a shape at its end, as in `dZ2 = A2 - Y  (n2, m)`."""
    if not run or run[-1].kind != "close":
        return run
    begin = next((index for index in range(len(run) - 1, 0, -1) if run[index].kind == "open"), 0)
    inside = run[begin + 1 : -1]
    plain = any(token.kind == "comma" or token.text in ("x", "×") for token in inside)
    plain = plain and all(token.kind in ("name", "number", "variable", "comma") or token.text == "×" for token in inside)
    spaced = begin > 2 and text[run[begin].start - 1].isspace() and run[begin - 1].text.lower() not in FUNCTIONS
    if (
        not (plain and spaced)
        or run[begin - 2].kind == "relation"
        or run[begin - 1].kind not in ("name", "variable", "number", "close")
    ):
        return run
    return run[:begin]
