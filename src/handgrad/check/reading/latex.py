r"""LaTeX files, with those that they \input."""

from __future__ import annotations

import re
from pathlib import Path

from handgrad.check.reading.collecting import BREAKS, HARD, SOFT, WALL, Collector, Sheet
from handgrad.check.reading.delimiters import scan
from handgrad.check.reading.files import decoded
from handgrad.check.reading.macros import blanked, definitions
from handgrad.check.reading.markdown import read_fence
from handgrad.check.reading.prose import tell
from handgrad.check.reading.source import Problem, Source
from handgrad.errors import DataError

DEEPEST = 5
MOST_CHARACTERS = 5_000_000
MOST_INCLUSIONS = 200
_COMMENT = re.compile(r"\\.|(%[^\n]*)", re.DOTALL)
_CODE = re.compile(r"\\begin\{(verbatim|Verbatim|lstlisting|minted|python|pycode)\*?\}")
_LANGUAGE = re.compile(r"language\s{0,9}=\s{0,9}\{?(\w+)|\{(\w+)\}")
_INPUT = re.compile(r"\\(?:input|include|subfile)\s{0,9}\{([^{}\n]{1,300})\}|\\input\s{1,9}([\w./-]{1,300})")
_DOCUMENT = re.compile(r"\\begin\{document\}")
_PROGRAM = "\0"
_SECTION = re.compile(r"\\(?:part|chapter|(?:sub){0,2}section|paragraph)\*?\s{0,9}(?=[\[{])")
_LINES = re.compile(
    r"\n(?:(?P<empty>[ \t\r]*(?=\n))|[ \t]*\\(?:(?P<section>part|chapter|(?:sub){0,2}section|paragraph)|(?P<item>item))\b)"
)
_MARKS = {"empty": HARD, "section": WALL, "item": SOFT}


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


def read_latex(into: Collector, source: Source, path: Path | None = None) -> None:
    r"""Read a LaTeX document, and the files that it includes where they are included. `path` is None for text without a folder."""
    _read(into, source, _Inclusions(path), 0)


def _read(into: Collector, source: Source, files: _Inclusions, depth: int) -> None:
    files.characters += len(source.text)
    text = BREAKS.sub(" ", source.text)
    code = _code(text)
    text = _uncommented(text, [(start, end) for _, start, end in code])
    macros, places = definitions(text)
    into.macros.update(macros)
    text = blanked(text, places)
    opened = _DOCUMENT.search(text)
    ended = text.find("\\end{document}", opened.end() if opened else 0)
    body = opened.end() if opened else 0, ended if ended >= 0 else len(text)
    stops = [(found.start(), found.end(), found.group(1) or found.group(2)) for found in _INPUT.finditer(text, 0, body[1])]
    stops += [(begin, stop, f"{_PROGRAM}{language}") for language, begin, stop in code if body[0] <= begin < body[1]]
    at = body[0]
    for begin, stop, name in sorted(stops):
        _stretch(into, source, text, at, begin)
        at = max(at, stop)
        if name.startswith(_PROGRAM):
            sheet = Sheet(into, source)
            inner = source.text.index("}", begin) + 1
            read_fence(sheet, name[len(_PROGRAM) :], inner, max(inner, source.text.rindex("\\end", begin, stop)))
            sheet.close()
        else:
            _include(into, source, files, depth, (name.strip(), begin))
    _stretch(into, source, text, at, body[1])


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
    if start >= end:
        return
    sheet = Sheet(into, source)
    sheet.mask = mask
    sheet.headings = [found.start() for found in _SECTION.finditer(mask, start, end)]
    found = [item for item in scan(sheet, start, end) if item.what == "math"]
    for item in found:
        sheet.formula(*item.inner, display=item.display)
    tell(sheet, found, start, end)
    sheet.close()


def _include(into: Collector, source: Source, files: _Inclusions, depth: int, call: tuple[str, int]) -> None:
    name, at = call
    files.tried += 1
    if files.tried > MOST_INCLUSIONS:
        if files.tried == MOST_INCLUSIONS + 1:
            into.problems.append(
                Problem(source, at, f"{MOST_INCLUSIONS} inclusions are followed at most; those from here on are not")
            )
        return
    path = files.find(name, depth + 1)
    if isinstance(path, str):
        into.problems.append(Problem(source, at, f"{name} is not read: {path}"))
        return
    shown = str(files.shown / path.relative_to(files.folder or path.parent))
    try:
        text, remark = decoded(path)
    except DataError as error:
        into.problems.append(Problem(source, at, str(error)))
        return
    inner = Source(text, shown, file=shown)
    if remark:
        into.problems.append(Problem(inner, 0, remark))
    _read(into, inner, files, depth + 1)
