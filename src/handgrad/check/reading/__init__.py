"""From a document to the formulas that stand in it, each with its place."""

from __future__ import annotations

from pathlib import Path

from handgrad.check.reading.collecting import Collector, Sheet
from handgrad.check.reading.files import MOST_BYTES, decoded
from handgrad.check.reading.latex import read_latex
from handgrad.check.reading.markdown import read_markdown
from handgrad.check.reading.notebook import read_notebook
from handgrad.check.reading.python import read_python
from handgrad.check.reading.source import Macro, Passage, Place, Problem, Prose, Read, Source
from handgrad.errors import DataError

__all__ = ["KINDS", "Macro", "Passage", "Place", "Problem", "Prose", "Read", "Source", "read", "read_file"]

KINDS = ("markdown", "latex", "rst", "notebook", "python")
_ENDINGS = {".tex": "latex", ".ltx": "latex", ".rst": "rst", ".ipynb": "notebook", ".py": "python"}


def read(text: str, name: str = "<text>", kind: str | None = None) -> Read:
    """Return the formulas of a document, its prose and what could not be read.

    `kind` is one of KINDS, or None: by the ending of the name, else Markdown. Nothing is looked up outside the text: files that a
    LaTeX document includes are read by `read_file` only.

    Raises
    ------
    DataError
        For a text of more than 5 million characters, a notebook that is none, and an unknown kind.

    """
    if len(text) > MOST_BYTES:
        raise DataError(f"{name} has more than {MOST_BYTES} characters, the most that are read")
    return _read(text, name, kind, None, "")


def read_file(path: Path) -> Read:
    """Return what `read` does for a file of at most 5 MB, with the files that a LaTeX document includes from its folder or below.

    Raises
    ------
    DataError
        For a file that cannot be read, is too large or is no text, and for a notebook that is none.

    """
    text, remark = decoded(path)
    return _read(text, str(path), None, path, remark)


def _read(text: str, name: str, kind: str | None, path: Path | None, remark: str) -> Read:
    kind = kind or _ENDINGS.get(Path(name).suffix.lower(), "markdown")
    into, source = Collector(), Source(text, name)
    if remark:
        into.problems.append(Problem(source, 0, remark))
    if kind == "latex":
        read_latex(into, text, name, path)
    elif kind == "notebook":
        read_notebook(into, text, name)
    elif kind == "python":
        sheet = Sheet(into, source)
        read_python(sheet, 0, len(text))
        sheet.close()
    elif kind in KINDS:
        read_markdown(into, source)
    else:
        raise DataError(f"{kind} is no kind of document; known: {', '.join(KINDS)}")
    return into.read()
