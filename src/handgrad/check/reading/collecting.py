"""What the readers of all formats put their findings into."""

from __future__ import annotations

import re
from bisect import bisect_right

from handgrad.check.reading.source import Macro, Passage, Problem, Prose, Read, Source, environment_of

LONGEST = 20_000
"""A passage of more characters is not read."""

MOST = 5_000
"""So many passages of a document are read."""

HARD, SOFT, WALL = "\x1e", "\x1f", "\x1d"
"""In a mask, a newline at which a paragraph ends; where an item of a list or a row of a table begins; that no formula crosses."""

BREAKS = re.compile(f"[{HARD}{SOFT}{WALL}]")
_NEWLINES = {ord(mark): "\n" for mark in (HARD, SOFT, WALL)}


class Collector:
    """Findings so far, over all sources of one document."""

    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self.skipped: list[Passage] = []
        self.prose: list[Prose] = []
        self.problems: list[Problem] = []
        self.macros: dict[str, Macro] = {}
        self.front_matter: dict[str, str] = {}
        self.section = 0
        self.full = False

    def read(self) -> Read:
        """Return what was found."""
        return Read(
            tuple(self.passages),
            tuple(self.prose),
            tuple(self.problems),
            dict(self.macros),
            dict(self.front_matter),
            tuple(self.skipped),
        )


class Sheet:
    """A source, or a stretch of it, that is being read. `mask` is the source's text with spaces for what is no text.

    A newline of the mask may be HARD, SOFT or WALL. `headings` are offsets. Findings come in any
    order; `close` puts them into theirs.
    """

    def __init__(self, into: Collector, source: Source) -> None:
        self.into, self.source = into, source
        self.mask = source.text
        self.headings: list[int] = []
        self._passages: list[Passage] = []
        self._skipped: list[Passage] = []
        self._prose: list[Prose] = []
        self._problems: list[Problem] = []

    def section(self, offset: int) -> int:
        """The number of the section of a place: how many headings stand before it."""
        return self.into.section + bisect_right(self.headings, offset)

    def shown(self, start: int, end: int) -> str:
        """The text of a stretch without what is no formula."""
        return self.mask[start:end].translate(_NEWLINES)

    def problem(self, start: int, message: str) -> None:
        """Record what could not be read."""
        self._problems.append(Problem(self.source, start, message))

    def formula(self, start: int, end: int, kind: str = "tex", *, display: bool, text: str | None = None) -> None:
        """Record a passage, without the spaces around it; nothing for an empty one. `text` is the mask's, unless it is given."""
        text = self.shown(start, end) if text is None else text
        if not text.strip():
            return
        if len(self.into.passages) + len(self._passages) >= MOST:
            if not self.into.full:
                self.into.full = True
                self.problem(start, f"{MOST} formulas are read at most; those from here on are not")
            return
        start, end = start + len(text) - len(text.lstrip()), end - (len(text) - len(text.rstrip()))
        text = text.strip()
        if end - start > LONGEST:
            self.problem(start, f"a formula of {end - start} characters is not read; {LONGEST} are the most")
            return
        environment = environment_of(text) if kind == "tex" else None
        self._passages.append(Passage(self.source, start, end, text, kind, display, self.section(start), environment))

    def skip(self, start: int, end: int, message: str, kind: str = "numpy") -> None:
        """Record code that is not read, with the reason."""
        text = self.source.text[start:end]
        self._skipped.append(Passage(self.source, start, end, text, kind, display=True, section=self.section(start)))
        self.problem(start, message)

    def say(self, start: int, end: int) -> None:
        """Record a sentence; nothing where there are no words."""
        text = " ".join(self.shown(start, end).split())
        if any(map(str.isalpha, text)):
            self._prose.append(Prose(self.source, start, end, text, self.section(start)))

    def close(self) -> None:
        """Hand the findings on in the order of the text."""
        self.into.passages += sorted(self._passages, key=lambda found: found.start)
        self.into.skipped += sorted(self._skipped, key=lambda found: found.start)
        self.into.prose += sorted(self._prose, key=lambda found: found.start)
        self.into.problems += sorted(self._problems, key=lambda found: found.start)
        self.into.section += len(self.headings)
