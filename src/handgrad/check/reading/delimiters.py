r"""Where formulas stand in running text: between $, $$, \( \), \[ \], in environments and in $`…`$; and where code spans stand.

The text is a mask (see `collecting`). Documents keep few rules, so a formula is what lies between two delimiters and looks like
one; what is not closed ends where prose begins again.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from handgrad.check.reading.collecting import HARD, SOFT, WALL, Sheet
from handgrad.check.reading.vocabulary import ENVIRONMENTS, STOPS, TEXT_COMMANDS, WRAPPINGS

_TOKEN = re.compile(
    rf"""(?P<stop>[{HARD}{SOFT}{WALL}]) | \\(?P<wrap>\\?[()\[\]]) | \\(?P<mark>begin|end)\s*\{{\s*(?P<name>[A-Za-z]+)\*?\s*\}}
    | \\(?P<command>[A-Za-z]+) | \\[^{HARD}{SOFT}{WALL}] | (?P<dollar>\$) | (?P<ticks>`+) | (?P<brace>[{{}}])""",
    re.VERBOSE,
)
_TWO_ARGUMENTS = frozenset(("colorbox", "fcolorbox", "parbox"))
_NOT_WORDS = re.compile(
    r"\\(?:text\w*|mbox|hbox|math\w+|operatorname|label|tag|begin|end|color\w*|ref|eqref)\*?\s*\{[^{}]*\}|\\[A-Za-z]+"
)
_WORD = re.compile(r"(?<![A-Za-z0-9_^{\\.])[A-Za-z]{2,}(?![A-Za-z0-9_^}({\[])")
_LINE_END = re.compile(f"[\n{HARD}{SOFT}{WALL}]")
_LONE_DOLLAR = re.compile(r"(?<![{\\])\$(?!\})")
_STRONG = re.compile(r"[\\^_=+*<>|{}/]")


class Found(NamedTuple):
    """A formula ("math") or a code span ("code"): its place with delimiters, and without."""

    what: str
    start: int
    end: int
    inner: tuple[int, int]
    display: bool = False


def is_prose(text: str) -> bool:
    """Whether a stretch of LaTeX reads as a sentence rather than a formula."""
    words = _WORD.findall(_NOT_WORDS.sub(" ", text))
    return (len(words) >= 6 and len(set(words)) >= 4) or (len(words) >= 3 and any(word.lower() in STOPS for word in words))


def _is_escaped(text: str) -> bool:
    """Whether brackets with backslashes are those of Markdown, around words."""
    return is_prose(text) or (re.search("[a-z]{3}", text) is not None and not _STRONG.search(text))


@dataclass(slots=True)
class _Tokens:
    """The delimiters of a stretch, and where their partners may be; every look-up is O(log n)."""

    items: list[re.Match[str]]
    stops: list[int] = field(default_factory=list)
    hard: list[int] = field(default_factory=list)
    walls: list[int] = field(default_factory=list)
    doubles: list[int] = field(default_factory=list)
    wraps: dict[str, list[int]] = field(default_factory=dict)
    ticks: dict[int, list[int]] = field(default_factory=dict)
    closing: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        opened: dict[str, list[int]] = {}
        before = -2
        for found in self.items:
            start, kind = found.start(), found.lastgroup
            if kind == "dollar":
                if start == before + 1:
                    self.doubles.append(before)
                before = start
            elif kind == "stop":
                self.stops.append(start)
                if found.group() != SOFT:
                    self.hard.append(start)
                if found.group() == WALL:
                    self.walls.append(start)
            elif kind == "wrap":
                self.wraps.setdefault(found.group(), []).append(start)
            elif kind == "ticks":
                self.ticks.setdefault(len(found.group()), []).append(start)
            elif kind == "name":
                if found.group("mark") == "begin":
                    opened.setdefault(found.group("name"), []).append(start)
                elif opened.get(found.group("name")):
                    self.closing[opened[found.group("name")].pop()] = found.end()


def _next(places: list[int], at: int, otherwise: int) -> int:
    index = bisect_left(places, at)
    return places[index] if index < len(places) else otherwise


class Scanner:
    """One pass over a stretch of a sheet."""

    def __init__(self, sheet: Sheet, start: int, end: int) -> None:
        self.sheet, self.text, self.end = sheet, sheet.mask, end
        self.tokens = _Tokens(list(_TOKEN.finditer(sheet.mask, start, end)))
        self.found: list[Found] = []
        self._hopeless: dict[str, int] = {}

    def scan(self) -> list[Found]:
        """Return what was found, in order."""
        at = -1
        for index, token in enumerate(self.tokens.items):
            if token.start() >= at:
                at = max(at, self._one(index, token))
        return self.found

    def _one(self, index: int, token: re.Match[str]) -> int:
        """Read what begins at a token; the place to go on from."""
        start, kind = token.start(), token.lastgroup
        if kind == "dollar":
            if self.text.startswith("$$", start):
                return self._display(start, start + 2, _next(self.tokens.doubles, start + 2, -1), 2)
            return self._ticked(start) or self._inline(index, start)
        if kind == "ticks":
            return self._code(start, len(token.group()))
        if kind == "wrap" and token.group()[-1] in "([":
            closer = token.group()[:-1] + (")" if token.group()[-1] == "(" else "]")
            stop = _next(self.tokens.wraps.get(closer, []), token.end(), -1)
            if closer[-1] == "]":
                return self._display(start, token.end(), stop, len(closer))
            if 0 <= stop < _next(self.tokens.stops, start, self.end) and not _is_escaped(self.text[token.end() : stop]):
                return self._add(start, stop + len(closer), (token.end(), stop))
        if kind == "name" and token.group("mark") == "begin" and token.group("name") in ENVIRONMENTS:
            return self._environment(token)
        return token.end()

    def _add(self, start: int, end: int, inner: tuple[int, int], *, display: bool = False) -> int:
        content = self.text[inner[0] : inner[1]]
        if content.count("$") == 2 and content.strip()[0] == content.strip()[-1] == "$":  # "\\( $x$ \\)"
            inner = inner[0] + content.index("$") + 1, inner[0] + content.rindex("$")
        if content.strip():
            self.found.append(Found("math", start, end, inner, display))
        return end

    def _display(self, start: int, begin: int, stop: int, width: int) -> int:
        if stop >= 0 and self.text[start] == "\\" and _is_escaped(self.text[begin : min(stop, self._line_end(begin))]):
            return begin
        if stop >= 0 and self._closes(start, begin, stop):
            return self._add(start, stop + width, (begin, stop), display=True)
        opener = self.text[start:begin]
        if opener != "$$" and not _STRONG.search(self._line(begin)):
            return begin  # an escaped bracket of Markdown
        return self._unclosed(start, begin, opener)

    def _line(self, at: int) -> str:
        return self.text[at : self._line_end(at)]

    def _line_end(self, at: int) -> int:
        newline = _LINE_END.search(self.text, at, self.end)
        return newline.start() if newline else self.end

    def _closes(self, start: int, begin: int, stop: int) -> bool:
        """Whether the delimiter at `stop` is the partner of that before `begin`."""
        if _next(self.tokens.walls, start, self.end) < stop:
            return False
        content = self.text[begin:stop]
        newline = max(map(content.rfind, ("\n", HARD, SOFT)))
        if newline < 0:
            return True
        if self._line(begin).strip() and not content[newline + 1 :].strip(" \t>-*+0123456789."):
            # "$$ x" … "$$ y $$": a line that begins a display of its own says that the one before was left open
            line_end = self._line_end(stop)
            if self.text[stop + 2 : line_end].strip() and stop + 2 <= _next(self.tokens.doubles, stop + 2, -1) < line_end:
                return False
            if self.text[stop + 2 : line_end].strip(" .,;)") and _next(self.tokens.stops, start, self.end) < stop:
                return False
        if _next(self.tokens.hard, start, self.end) > stop:
            return not is_prose(content) or "\\text" in content or content.count("\n") < 2
        if _LONE_DOLLAR.search(content):
            return False
        return not any(is_prose(line) for line in re.split(f"[\n{HARD}{SOFT}]", content))

    def _unclosed(self, start: int, begin: int, opener: str) -> int:
        """Read a display without an end: its lines up to the first that is empty, prose or has a delimiter of its own."""
        self.sheet.problem(start, f"{opener} is not closed; it is read to the end of its lines")
        at, end = begin, begin
        while at < self.end:
            line_end = self._line_end(at)
            line = self.text[at:line_end]
            dollar = line.find("$")
            if dollar >= 0 and end == begin and line[:dollar].strip():
                end = at + dollar  # closed with one dollar, or a formula of its own follows
                break
            if dollar >= 0 or is_prose(line) or (end > begin and not _STRONG.search(line)):
                break
            end = line_end if line.strip() else end
            if line_end >= self.end or self.text[line_end] != "\n":
                break
            at = line_end + 1
        if end > begin:
            self._add(start, end, (begin, end), display=True)
        return (
            end + 1 if self.text.startswith("$", end) and not self.text.startswith("$$", end) and end > begin else max(end, begin)
        )

    def _environment(self, token: re.Match[str]) -> int:
        start, stop = token.start(), self.tokens.closing.get(token.start(), -1)
        if stop < 0 or _next(self.tokens.walls, start, self.end) < stop:
            return self._unclosed(start, token.end(), token.group())
        if token.group("name") not in WRAPPINGS:
            return self._add(start, stop, (start, stop), display=True)
        return self._add(start, stop, (token.end(), self.text.rindex("\\end", start, stop)), display=token.group("name") != "math")

    def _ticked(self, start: int) -> int:
        """GitHub's $`…`$."""
        stop = _next(self.tokens.stops, start, self.end)
        if not self.text.startswith("$`", start) or self._hopeless.get("$`") == stop:
            return 0
        close = self.text.find("`$", start + 2, stop)
        if close < 0:
            self._hopeless["$`"] = stop
            return 0
        return self._add(start, close + 2, (start + 2, close))

    def _code(self, start: int, width: int) -> int:
        close = _next(self.tokens.ticks[width], start + width, -1)
        if not 0 <= close < _next(self.tokens.stops, start, self.end):
            return start + width
        if self.text.endswith((":math:", "{math}"), max(0, start - 6), start):  # the role of rst and of MyST
            return self._add(start - 6, close + width, (start + width, close))
        self.found.append(Found("code", start, close + width, (start + width, close)))
        return close + width

    def _inline(self, index: int, start: int) -> int:
        stop = _next(self.tokens.stops, start, self.end)
        close = self._close(index, stop)
        if close < 0:
            if re.match(r"\$\s*\\[A-Za-z]+[^$]", self.text[start : start + 40]):
                self.sheet.problem(start, "$ is not closed in its paragraph")
            return start + 1
        content = self.text[start + 1 : close]
        if self.text.startswith("$$", close) and self.text.find("$", close + 2, stop) in self._double_set(close + 2, stop):
            return start + 1  # a lone dollar before a display
        if not self._formula(content, self.text[close + 1 : close + 2]):
            return start + 1
        return self._add(start, close + 1, (start + 1, close))

    def _double_set(self, at: int, stop: int) -> tuple[int, ...]:
        double = _next(self.tokens.doubles, at, stop)
        return (double,) if double < stop else ()

    def _formula(self, content: str, after: str) -> bool:
        """Whether what lies between two dollars is a formula, rather than prose between two prices."""
        stripped = content.strip()
        if not stripped or (stripped[0].isdigit() and after.isdigit()):
            return False
        words = [word.lower() for word in _WORD.findall(_NOT_WORDS.sub(" ", content))]
        if stripped[0].isdigit() and content[-1].isspace() and words:
            return False
        if _STRONG.search(content):
            return not (len(words) >= 4 and sum(word in STOPS for word in words) >= 2)
        return not (len(words) >= 2 or (words and (content[-1].isspace() or content[0].isspace())))

    def _close(self, index: int, stop: int) -> int:
        r"""The dollar that closes the one at a token: not one within \text{…$…$}, unless braces do not match."""
        nested: list[str] = []
        previous: re.Match[str] | None = None
        closed = ""
        first = -1
        for at in range(index + 1, len(self.tokens.items)):
            token = self.tokens.items[at]
            if token.start() >= stop:
                break
            value = token.group()
            if token.lastgroup == "dollar":
                first = token.start() if first < 0 else first
                if self._hopeless.get("$") == stop or not nested or nested[-1] not in ("$", *TEXT_COMMANDS):
                    return token.start()
                if nested[-1] == "$":
                    nested.pop()
                else:
                    nested.append("$")
            elif value == "{":
                near = previous is not None and previous.end() == token.start()
                command = previous.group("command") if near and previous is not None else None
                nested.append(command if command in TEXT_COMMANDS else closed if near and closed in _TWO_ARGUMENTS else "{")
            elif value == "}" and nested and nested[-1] != "$":
                closed = nested.pop()
            previous = token
        self._hopeless["$"] = stop
        return first


def scan(sheet: Sheet, start: int, end: int) -> list[Found]:
    """Return the formulas and code spans of a stretch of the sheet, in order; what is not closed becomes a problem of the sheet."""
    return Scanner(sheet, start, end).scan()


def outside(found: list[Found], start: int, end: int) -> list[tuple[int, int]]:
    """Return the stretches between start and end that lie in none of what was found."""
    pieces = []
    at = bisect_right(found, start, key=lambda item: item.end)
    while at < len(found) and found[at].start < end:
        if found[at].start > start:
            pieces.append((start, found[at].start))
        start = max(start, found[at].end)
        at += 1
    return [*pieces, (start, end)] if start < end else pieces
