"""The blocks of Markdown, MyST, reStructuredText and plain text, line by line: no more than decides where formulas may stand.

A parser of Markdown is not asked: documents put `$$` into sentences, items and cells of tables, where plugins do not look for it.
"""

from __future__ import annotations

import re

from handgrad.check.reading.collecting import HARD, SOFT, WALL, Sheet

ITEM = re.compile(r"[ \t]*(?:[-*+•‣–]|\d{1,9}[.)]|\(?[a-zA-Z0-9]{1,3}\))(?=[ \t\r]|$)")
_QUOTE = re.compile(r"[ \t]*>")
_FENCE = re.compile(r"[ \t]*(?P<fence>`{3,20}|~{3,20}|:{3,20})(?![`~:])[ \t]*(?P<info>[^`\n]*)$")
_DIRECTIVE = re.compile(r"(?P<indent>[ \t]*)\.\.[ \t]+(?P<name>[A-Za-z-]+)::[ \t]*")
_HEADING = re.compile(
    r"[ \t]*(?:#{1,6}(?:[ \t]|$)|<h[1-6][ >]|\*\*[^*]+\*\*[ \t]*:?[ \t\r]*$|__[^_]+__[ \t]*:?[ \t\r]*$)", re.IGNORECASE
)
_UNDERLINE = re.compile(r"[ \t]*([=\-~^\"'`#*+])\1{2,}[ \t\r]*$")
_TABLE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t\r]*$")
_FRONT = re.compile(r"\ufeff?---[ \t\r]*\n")
_FRONT_END = re.compile(r"^(?:---|\.\.\.)[ \t\r]*$", re.MULTILINE)
_PAIR = re.compile(r"([A-Za-z][\w -]{0,40}?)[ \t]*:[ \t]*(.*?)[ \t\r]*$")
_DEEPEST = 100


class Blocks:
    """The lines of a text as they are: `mask` has spaces for quotes' marks and rules, and marks at the ends of blocks.

    `stretches` are the places of running text, `fences` those of the others with their language, `lines` the lines of running text,
    `tables` the offsets of lines that are rows of a table.
    """

    def __init__(self, sheet: Sheet, parts: list[tuple[str, int, int]], *, front_matter: bool) -> None:
        self._sheet, self._text = sheet, sheet.mask
        self._parts: list[str] = []
        self.stretches: list[tuple[int, int]] = []
        self.fences: list[tuple[str, int, int]] = []
        self.lines: list[tuple[int, int]] = []
        self.tables: set[int] = set()
        self._begin = self._at = 0
        self._unclosed: dict[str, int] = {}
        for language, start, end in parts:
            self._parts.append(self._text[self._at : start])
            self._begin, self._at, self._end = start, start, end
            if language != "markdown":
                self._fence(language, start, start, end, end)
                continue
            self._quoted = self._inside = False
            self._previous = -1
            if front_matter:
                self._front_matter()
            while self._at < end:
                self._line()
            self._stretch(end)
        self._parts.append(self._text[self._at :])

    @property
    def mask(self) -> str:
        """The text as the scanner is to see it."""
        return "".join(self._parts)

    def _put(self, start: int, end: int, content: str | None = None, mark: str = "\n") -> None:
        """Write a line, or some, and the newline at its end as `mark`."""
        self._parts.append(self._text[start:end] if content is None else content)
        self._at = end
        if end < self._end and self._text[end] == "\n":
            self._parts.append(mark)
            self._at += 1

    def _mark(self, mark: str) -> None:
        """Say that the newline before this line ends a block."""
        if self._parts and self._parts[-1] in ("\n", SOFT, HARD) and (self._parts[-1] != HARD or mark == WALL):
            self._parts[-1] = mark

    def _line_end(self, at: int) -> int:
        newline = self._text.find("\n", at, self._end)
        return newline if newline >= 0 else self._end

    def _stretch(self, end: int) -> None:
        if self._begin < end:
            self.stretches.append((self._begin, end))

    def _fence(self, language: str, start: int, begin: int, stop: int, last: int) -> None:
        """Note a block that is no running text: it begins at `start`, holds begin:stop, and ends at `last`."""
        self._stretch(start)
        self.fences.append((language, begin, stop))
        content = self._text[start:last]
        if self._quoted_fence(start):
            content = re.sub(r"^(?:[ \t]*>)+", lambda found: " " * len(found.group()), content, flags=re.MULTILINE)
        self._put(start, last, content)
        self._begin = min(self._at, self._end)
        self._previous = -1

    def _quoted_fence(self, start: int) -> bool:
        return _QUOTE.match(self._text, start, self._end) is not None

    def _front_matter(self) -> None:
        """Lines `key: value` between two lines of three hyphens at the beginning."""
        found = _FRONT.match(self._text, self._at, self._end)
        close = _FRONT_END.search(self._text, found.end(), min(self._end, found.end() + 20_000)) if found else None
        pairs = [_PAIR.match(line) for line in self._text[found.end() : close.start()].split("\n")] if found and close else []
        if close is None or not any(pairs):
            return
        for pair in filter(None, pairs):
            self._sheet.into.front_matter[pair.group(1).strip().lower()] = pair.group(2).strip("\"'")
        self._put(self._at, self._line_end(close.start()))
        self._begin = min(self._at, self._end)

    def _line(self) -> None:
        at, end = self._at, self._line_end(self._at)
        content, quoted = self._text[at:end], False
        if not self._inside or self._quoted:
            content, quoted = self._unquoted(content)
        previous, self._previous = self._previous, -1
        if not content.strip():
            self._mark(HARD)
            self._quoted = self._inside = False
            self._put(at, end, content, HARD)
        elif self._inside or not self._block(at, end, content, previous, quoted=quoted):
            self._toggle(content)
            self._previous = -1 if self._inside else at
            self.lines.append((at, end))
            self._quoted = quoted
            self._put(at, end, content, SOFT if at in self.tables else "\n")

    def _block(self, at: int, end: int, content: str, previous: int, *, quoted: bool) -> bool:
        """Read a line that is not running text; False for any other."""
        item = content
        while (marker := ITEM.match(item)) and len(content) - len(item) < _DEEPEST:
            item = item[marker.end() :]
        fence, directive = _FENCE.match(item), _DIRECTIVE.match(content)
        if fence and self._open_fence(at, end, fence):
            return True
        if directive:
            self._open_directive(at, end, directive)
        elif _HEADING.match(item):
            self._mark(WALL)
            self._sheet.headings.append(at)
            self.lines.append((at, end))
            self._put(at, end, content, WALL)
        elif _UNDERLINE.match(content):  # of the heading before it, or a rule
            if previous >= 0:
                self._sheet.headings.append(previous)
            self._mark(WALL)
            self._put(at, end, " " * len(content), WALL)
        elif "|" in content and _TABLE.match(content):
            self.tables |= {at, max(previous, 0)}
            self._mark(SOFT)
            self._put(at, end, " " * len(content), SOFT)
            self._previous = at
        else:
            if "|" in content and (previous in self.tables or content.lstrip()[0] == "|"):
                self.tables.add(at)
            if item is not content or quoted != self._quoted or at in self.tables:
                self._mark(SOFT)
            return False
        return True

    def _unquoted(self, line: str) -> tuple[str, bool]:
        at = depth = 0
        while depth < _DEEPEST and (found := _QUOTE.match(line, at)):
            at, depth = found.end(), depth + 1
        return " " * at + line[at:], at > 0

    def _toggle(self, content: str) -> None:
        """Whether the next line stands within a display that this one, or one before, has opened."""
        if content.count("$$") % 2:
            self._inside = not self._inside
        elif "$$" not in content:
            opened = max(content.rfind("\\["), content.rfind("\\begin{"))
            closed = max(content.rfind("\\]"), content.rfind("\\end{"))
            if opened != closed:
                self._inside = opened > closed or (self._inside and content.rfind("\\end{") == closed)

    def _open_fence(self, at: int, end: int, fence: re.Match[str]) -> bool:
        mark, info = fence.group("fence"), fence.group("info").strip()
        if mark[0] == ":" and "math" not in info:  # a container of MyST or Pandoc: its content is running text
            self._mark(WALL)
            self._put(at, end, " " * (end - at), WALL)
            return True
        if "$" in info:
            return False
        found = None
        if self._unclosed.get(mark[0], 99) > len(mark):
            close = re.compile(rf"^[ \t>]*{mark[0]}{{{len(mark)},}}[ \t\r]*$", re.MULTILINE)
            found = close.search(self._text, min(end + 1, self._end), self._end)
        if found is None:
            self._unclosed[mark[0]] = min(len(mark), self._unclosed.get(mark[0], 99))
            self._sheet.problem(at, f"{mark} is not closed; what follows is read as text")
            self._mark(WALL)
            self._put(at, end, " " * (end - at), WALL)
        else:
            self._fence(info, at, min(end + 1, found.start()), found.start(), found.end())
        return True

    def _open_directive(self, at: int, end: int, directive: re.Match[str]) -> None:
        """A directive of reStructuredText: its argument and the lines that are indented more."""
        name, margin, stop = directive.group("name"), len(directive.group("indent")), end
        if name not in ("math", "code", "code-block", "sourcecode"):  # notes and the like hold running text
            self._mark(WALL)
            self._put(at, end, " " * directive.end() + self._text[at + directive.end() : end], WALL)
            return
        while stop < self._end:
            line_end = self._line_end(stop + 1)
            line = self._text[stop + 1 : line_end]
            if line.strip() and len(line) - len(line.lstrip()) <= margin:
                break
            stop = line_end
        begin = at + directive.end()
        language = self._text[begin:end].strip()
        self._fence("math" if name == "math" else language, at, begin if name == "math" else min(end + 1, stop), stop, stop)
