r"""LaTeX files, with those that they \input."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, NamedTuple

from handgrad.check.reading.collecting import BREAKS, Collector, Sheet
from handgrad.check.reading.delimiters import scan
from handgrad.check.reading.files import decoded
from handgrad.check.reading.macros import blanked, definitions
from handgrad.check.reading.markdown import read_fence
from handgrad.check.reading.prose import tell
from handgrad.check.reading.source import Macro, Part, Place, Problem, Source
from handgrad.errors import DataError

DEEPEST = 5
MOST_CHARACTERS = 5_000_000
MOST_INCLUSIONS = 200
_COMMENT = re.compile(r"\\.|(%[^\n]*)", re.DOTALL)
_CODE = re.compile(r"\\begin\{(verbatim|Verbatim|lstlisting|minted|python|pycode)\*?\}")
_LANGUAGE = re.compile(r"language\s{0,9}=\s{0,9}\{?(\w+)|\{(\w+)\}")
_INPUT = re.compile(r"\\(?:input|include|subfile)\s{0,9}\{([^{}\n]{1,300})\}|\\input\s{1,9}([\w./-]{1,300})")
_DOCUMENT = re.compile(r"\\begin\{document\}")
_SECTION = re.compile(r"\\(?:part|chapter|(?:sub){0,2}section|paragraph)\*?\s{0,9}(?=[\[{])")


class _Included(NamedTuple):
    """A file that is included: its text, the name it is shown by, and what is to be said of it."""

    text: str
    shown: str
    remark: str


class _Inclusions:
    """What has been read: each file once, all in the folder of the first, so many files and characters at most."""

    def __init__(self, path: Path | None) -> None:
        self.folder = None if path is None else path.resolve().parent
        self.shown = Path() if path is None else path.parent
        self.seen = set() if path is None else {path.resolve()}
        self.characters = 0
        self.tried = 0

    def find(self, name: str, depth: int) -> Path | str:
        """The file, or why it is not read."""
        if self.folder is None:
            return "the text has no folder in which to look for it"
        if depth >= DEEPEST:
            return f"files are read {DEEPEST} deep at most"
        if Path(name).is_absolute() or ".." in Path(name).parts or "\\" in name or "\0" in name:
            return "only files in the folder of the document, or below, are read"
        path = (self.folder / name).resolve()
        if not path.suffix or not path.is_file():
            path = path.with_name(f"{path.name}.tex")
        if not path.resolve().is_relative_to(self.folder):
            return "only files in the folder of the document, or below, are read"
        if path in self.seen:
            return "it is read already"
        if not path.is_file():
            return "there is no such file"
        if self.characters + path.stat().st_size > MOST_CHARACTERS:
            return f"{MOST_CHARACTERS} characters are read at most"
        self.seen.add(path)
        return path

    def text_of(self, name: str, depth: int) -> _Included | str | None:
        """What a file holds, or why it is not read; None where that was said before."""
        self.tried += 1
        if self.tried > MOST_INCLUSIONS:
            too_many = f"{MOST_INCLUSIONS} inclusions are followed at most; those from here on are not"
            return too_many if self.tried == MOST_INCLUSIONS + 1 else None
        path = self.find(name, depth)
        if isinstance(path, str):
            return f"{name} is not read: {path}"
        try:
            text, remark = decoded(path)
        except DataError as error:
            return str(error)
        return _Included(text, str(self.shown / path.relative_to(self.folder or path.parent)), remark)


def read_latex(into: Collector, text: str, name: str, path: Path | None = None) -> None:
    r"""Read a LaTeX document, and the files that it includes where they are included. `path` is None for text without a folder.

    All files are one source, in the order in which they are read, so that what a formula takes from another file has its text too.
    """
    joined = _Joined(into.macros, _Inclusions(path))
    joined.file(text, None)
    source, mask = Source("".join(joined.texts), name, tuple(joined.parts)), "".join(joined.masks)
    for step in joined.steps:
        if step.what == "formulas":
            _stretch(into, source, mask, step.start, step.end)
        elif step.what == "program":
            _program(into, source, step)
        else:
            into.problems.append(Problem(source, step.start, step.says))


class _Step(NamedTuple):
    """What is to be read of the joined text: formulas, a program in the language that it `says`, or a problem."""

    what: Literal["formulas", "program", "problem"]
    start: int
    end: int
    says: str = ""


class _Joined:
    """The texts of a document's files, each behind the command that includes it, and what is to be read of them, in order."""

    def __init__(self, macros: dict[str, Macro], files: _Inclusions) -> None:
        self.macros, self.files = macros, files
        self.texts: list[str] = []
        self.masks: list[str] = []
        self.parts: list[Part] = []
        self.steps: list[_Step] = []
        self.length = 0

    def file(self, text: str, shown: str | None, depth: int = 0) -> None:
        """Add a file, which is `shown` under that name, with all that it includes."""
        self.files.characters += len(text)
        mask, code = self.masked(text)
        opened = _DOCUMENT.search(mask)
        ended = mask.find("\\end{document}", opened.end() if opened else 0)
        body = opened.end() if opened else 0, ended if ended >= 0 else len(mask)
        stops = [(found.start(), found.end(), "", found.group(1) or found.group(2)) for found in _INPUT.finditer(mask, 0, body[1])]
        stops += [(begin, stop, "program", language) for language, begin, stop in code if body[0] <= begin < body[1]]
        own = Source(text)
        at, added = body[0], 0  # what is read, and what is added, up to here
        before = self.length  # how long all was before what is added next
        for begin, stop, what, says in sorted(stops):
            self.step("formulas", before + at - added, before + begin - added)
            at = max(at, stop)
            if what:
                self.step("program", before + begin - added, before + stop - added, says)
                continue
            found = self.files.text_of(says.strip(), depth + 1)
            if isinstance(found, str):
                self.step("problem", before + begin - added, before + stop - added, found)
            elif found is not None:
                self.add(text[added:stop], mask[added:stop], own.place(added), shown)
                if found.remark:
                    self.step("problem", self.length, self.length, found.remark)
                self.file(found.text, found.shown, depth + 1)
                before, added = self.length, stop
        self.step("formulas", before + at - added, before + body[1] - added)
        end = "" if shown is None else "\n"  # the end of a file is not yet what goes on after it
        self.add(text[added:] + end, mask[added:] + end, own.place(added), shown)

    def masked(self, text: str) -> tuple[str, list[tuple[str, int, int]]]:
        """A file's text with spaces for comments, code and the definitions of macros, which are noted; and where its code is."""
        mask = BREAKS.sub(" ", text)
        code = _code(mask)
        mask = _uncommented(mask, [(start, end) for _, start, end in code])
        macros, places = definitions(mask)
        self.macros.update(macros)
        return blanked(mask, places), code

    def add(self, text: str, mask: str, place: Place, shown: str | None) -> None:
        """Add part of a file's text, which begins at a place of it."""
        self.parts.append(Part(self.length, place.line, place.column, file=shown))
        self.texts.append(text)
        self.masks.append(mask)
        self.length += len(text)

    def step(self, what: Literal["formulas", "program", "problem"], start: int, end: int, says: str = "") -> None:
        """Put down what is to be read next."""
        if start < end or what == "problem":
            self.steps.append(_Step(what, start, end, says))


def _code(text: str) -> list[tuple[str, int, int]]:
    """The places of program text, with its language."""
    places, at = [], 0
    while found := _CODE.search(text, at):
        at = found.end()
        close = f"\\end{{{found.group(1)}"
        end = text.find(close, at)
        if end < 0:
            break
        options = _LANGUAGE.search(text[at : text.find("\n", at) if "\n" in text[at:end] else end])
        language = (options.group(1) or options.group(2)) if options else "python" if found.group(1).startswith("py") else ""
        at = text.index("}", end) + 1
        places.append((language, found.start(), at))
    return places


def _uncommented(text: str, code: list[tuple[int, int]]) -> str:
    """The text with spaces for comments, which program text has none of."""
    parts, at = [], 0
    for start, end in [*code, (len(text), len(text))]:
        parts.append(_COMMENT.sub(lambda found: " " * len(found.group()) if found.group(1) else found.group(), text[at:start]))
        parts.append(re.sub(r"[^\n]", " ", text[start:end]))
        at = end
    return "".join(parts)


def _stretch(into: Collector, source: Source, mask: str, start: int, end: int) -> None:
    """Read the formulas and the prose between two inclusions."""
    sheet = Sheet(into, source)
    sheet.mask = mask
    sheet.headings = [found.start() for found in _SECTION.finditer(mask, start, end)]
    found = [item for item in scan(sheet, start, end) if item.what == "math"]
    for item in found:
        sheet.formula(*item.inner, display=item.display)
    tell(sheet, found, start, end)
    sheet.close()


def _program(into: Collector, source: Source, step: _Step) -> None:
    """Read program text, without the commands around it."""
    sheet = Sheet(into, source)
    inner = source.text.index("}", step.start) + 1
    read_fence(sheet, step.says, inner, max(inner, source.text.rindex("\\end", step.start, step.end)))
    sheet.close()
