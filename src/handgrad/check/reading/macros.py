r"""An author's own commands: \newcommand, \renewcommand, \providecommand, \DeclareMathOperator and simple \def."""

from __future__ import annotations

import re

from handgrad.check.reading.source import Macro

_MOST = 500
_BODY = 2_000
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_DEFINES = re.compile(
    r"""\\(?:
        (?P<new>(?:re)?newcommand|providecommand)\s{0,9}\*?\s{0,9}(?:\{\s{0,9}\\(?P<a>[A-Za-z]+)\s{0,9}\}|\\(?P<b>[A-Za-z]+))
            \s{0,9}(?:\[(?P<count>\d)\])?\s{0,9}(?:\[(?P<default>[^\[\]{}\n]{0,200})\])?
      | (?P<operator>DeclareMathOperator)\*?\s{0,9}(?:\{\s{0,9}\\(?P<c>[A-Za-z]+)\s{0,9}\}|\\(?P<d>[A-Za-z]+))
      | (?P<def>def)\s{0,9}\\(?P<e>[A-Za-z]+)(?P<parameters>(?:\#\d){0,9})
    )\s{0,9}(?=\{)""",
    re.VERBOSE,
)


def definitions(text: str) -> tuple[dict[str, Macro], list[tuple[int, int]]]:
    """Return the macros that a text defines, and the places of their definitions. At most 500 are read."""
    macros: dict[str, Macro] = {}
    places: list[tuple[int, int]] = []
    at = tried = 0
    while tried < _MOST and (found := _DEFINES.search(text, at)):
        at, tried = found.end(), tried + 1
        stop = closing(text, found.end(), min(len(text), found.end() + _BODY))
        if stop < 0:
            continue
        body = text[found.end() + 1 : stop]
        name = next(found.group(key) for key in "abcde" if found.group(key))
        if found.group("operator"):
            macros[name] = Macro(0, None, f"\\operatorname{{{body}}}")
        elif found.group("def"):
            macros[name] = Macro(len(found.group("parameters")) // 2, None, body)
        else:
            macros[name] = Macro(int(found.group("count") or 0), found.group("default"), body)
        places.append((found.start(), stop + 1))
        at = stop + 1
    return macros, places


def closing(text: str, start: int, end: int) -> int:
    """Return where the brace that stands at `start` is closed, or -1."""
    depth = 0
    for found in _BRACE.finditer(text, start, end):
        depth += {"{": 1, "}": -1}.get(found.group(), 0)
        if depth == 0:
            return found.start()
    return -1


def blanked(text: str, places: list[tuple[int, int]]) -> str:
    """Return the text with spaces in these places (in order); newlines stay."""
    parts, at = [], 0
    for start, end in places:
        parts += [text[at:start], re.sub(r"[^\n]", " ", text[start:end])]
        at = end
    return "".join([*parts, text[at:]])
