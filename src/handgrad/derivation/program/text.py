"""Lines of Python: templates that are filled in, comments, and statements that are broken where they are too long."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from string import Template

WIDTH = 100
"""Comments and statements are at most so long, with the indent of a function's body, where they can be broken."""
INDENT = "    "


def indented(lines: Iterable[str]) -> list[str]:
    """Lines one level further in."""
    return [INDENT + line if line else "" for line in lines]


def commented(text: str, more: str = "") -> list[str]:
    """A comment on as many lines as it takes; `more` follows on the first if there is room for all of it."""
    line = f"# {text}: {more}" if more else f"# {text}"
    if len(line) <= WIDTH - 4:
        return [" ".join(line.split())]
    return [*_wrapped(text, "# "), *_wrapped(more, "#     ")]


def _wrapped(text: str, first: str) -> list[str]:
    return textwrap.wrap(text, WIDTH - 4, initial_indent=first, subsequent_indent="#     ", break_long_words=False)


def assigned(target: str, code: str, sign: str = " =") -> list[str]:
    """An assignment or a return; where it is too long, broken before the signs of its outermost sum, or product, or in its call."""
    line = f"{target}{sign} {code}"
    if len(line) <= WIDTH - 4:
        return [line]
    for signs in (("+", "-"), ("*", "/", "@")):
        terms = _split(code, signs)
        if len(terms) > 1:
            return [f"{target}{sign} (", *indented(terms), ")"]
    function, _, inside = code.partition("(")
    arguments = [argument.removeprefix(", ") for argument in _split(inside[:-1], ",")]
    if not inside.endswith(")") or len(arguments) < 2:
        return [line]
    return [
        f"{target}{sign} {function}(",
        *indented(f"{argument.removeprefix(', ')}," for argument in _split(inside[:-1], ",")),
        ")",
    ]


def _split(code: str, signs: Collection[str]) -> list[str]:
    """The parts of an expression between signs that stand outside of all brackets and strings; each sign starts its part."""
    parts, depth, start, quoted = list[str](), 0, 0, False
    for place, character in enumerate(code):
        depth += (character in "([{") - (character in ")]}")
        quoted ^= character == '"'
        binary = character == "," or code[place - 1 : place + 2] == f" {character} "
        if character in signs and not depth and not quoted and binary:
            parts.append(code[start:place].rstrip())
            start = place
    return [*parts, code[start:]]


def filled(template: str, **parts: str | Sequence[str]) -> list[str]:
    r"""The lines of a template in which $name stands for a text or, on a line of its own, for any number of lines.

    >>> filled("def f():\n    $body\n    return $x", body=["x = 1", "x += 1"], x="x")
    ['def f():', '    x = 1', '    x += 1', '    return x']
    """
    lines = list[str]()
    for line in textwrap.dedent(template).strip().split("\n"):
        name = line.strip().removeprefix("$")
        part = parts.get(name, "") if line.strip().startswith("$") else ""
        if isinstance(part, str):
            lines.append(Template(line).substitute(parts))
        else:
            lines += [line[: line.index("$")] + inner if inner else "" for inner in part]
    return lines


def shaped(sizes: Sequence[str]) -> str:
    """A shape as Python's tuple, or its one number."""
    return f"({', '.join(sizes)})" if len(sizes) > 1 else sizes[0]


def number(value: float) -> str:
    """A number as a person types it."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def listed(before: str, items: Sequence[str], after: str = "") -> list[str]:
    """Items between commas: on one line, or one a line in the bracket that `before` ends with, or else filled in parentheses."""
    line = f"{before}{', '.join(items)}{after}"
    if len(line) <= WIDTH - 4:
        return [line]
    if before[-1:] in {"{", "["}:
        return [before, *indented(f"{item}," for item in items), after]
    return [f"{before}(", *indented(textwrap.wrap(", ".join(items) + ",", WIDTH - 8)), f"){after}  # fmt: skip"]
