"""A document's text with its places, and what a reader finds in it: passages of formulas, prose, problems."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{\s*([A-Za-z]+\*?)\s*\}")


@dataclass(frozen=True, slots=True)
class Place:
    """A place for people, counted from 1. In a notebook `line` is that within the cell."""

    line: int
    column: int
    cell: int | None = None
    file: str | None = None


class Part(NamedTuple):
    """A cell of a notebook, or a stretch of a file: the offset at which it begins, and the line and the column of it there."""

    start: int
    line: int = 1
    column: int = 1
    cell: int | None = None
    file: str | None = None


@dataclass(frozen=True)
class Source:
    """The text of one document; that of a notebook's cells, or of a LaTeX document's files, is in `parts` that stand in order."""

    text: str
    name: str = "<text>"
    parts: tuple[Part, ...] = (Part(0),)
    _lines: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lines", (0, *(found.end() for found in re.finditer("\n", self.text))))

    def place(self, offset: int) -> Place:
        """Return the place of a character; one beyond the text is the end of the text."""
        offset = max(0, min(offset, len(self.text)))
        part = self.parts[bisect_right(self.parts, offset, key=lambda part: part.start) - 1]
        line = bisect_right(self._lines, offset)
        below = line - bisect_right(self._lines, part.start)
        column = offset - self._lines[line - 1] + 1 if below else offset - part.start + part.column
        return Place(part.line + below, column, part.cell, part.file)


@dataclass(frozen=True, slots=True)
class Passage:
    r"""Formulas that belong together: one display, one inline formula, one statement of code, one plain equation.

    `start` and `end` are offsets in the source's text, without delimiters such as $$. `text` has exactly `end - start`
    characters: the source's, with spaces for what is no formula (the ">" of a quote). `kind` is tex, plain (ASCII or Unicode
    without LaTeX) or numpy. `environment` is its name where the whole text is one `\begin{…} … \end{…}`, which stays part of
    the text; the mere wrappings equation, displaymath and math are delimiters and are left out.
    """

    source: Source
    start: int
    end: int
    text: str
    kind: str
    display: bool
    section: int
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Prose:
    """A sentence, a heading or a cell between the formulas. Inline formulas stand in it as written; displays are left out."""

    source: Source
    start: int
    end: int
    text: str
    section: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read, and where."""

    source: Source
    start: int
    message: str


@dataclass(frozen=True, slots=True)
class Macro:
    """An author's own command: how many arguments it takes, the default of the first if it has one, and what it stands for."""

    arguments: int
    default: str | None
    body: str


@dataclass(frozen=True)
class Read:
    """All that was found in a document, in its order. `skipped` is code that is not read; a problem gives the reason of each."""

    passages: tuple[Passage, ...]
    prose: tuple[Prose, ...]
    problems: tuple[Problem, ...]
    macros: dict[str, Macro]
    front_matter: dict[str, str]
    skipped: tuple[Passage, ...] = ()


def environment_of(text: str) -> str | None:
    r"""Return the name of the environment that the text is as a whole, apart from labels and spaces around it."""
    first = _ENVIRONMENT.match(text.lstrip())
    if first is None or first.group(1) != "begin":
        return None
    depth = 0
    for found in _ENVIRONMENT.finditer(text):
        depth += 1 if found.group(1) == "begin" else -1
        if depth == 0:
            rest = re.sub(r"\\(?:label|tag)\s*\{[^{}]*\}|[\s.,;]", "", text[found.end() :])
            return None if rest else first.group(2)
    return None
