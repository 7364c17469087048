"""Where a command's text goes: to the terminal as wide as it is, to a pipe, or to a file beside which it is written first."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from handgrad.cli.console import Terminal, emit, note
from handgrad.document.blocks import Document
from handgrad.document.formats import write
from handgrad.document.terminal import print_to
from handgrad.errors import DataError, HandgradError, did_you_mean
from handgrad.model_file import write_beside


def format_of(name: str | None, out: Path | None, suffixes: Mapping[str, str]) -> str:
    """The format that is named, or that of a file's ending; text where neither says. Raises HandgradError for unknown ones."""
    if name is not None:
        if name not in suffixes:
            raise HandgradError(f"there is no format {name!r}. {did_you_mean(name, suffixes)}")
        return name
    if out is None:
        return "text"
    by_suffix = {suffix: known for known, suffix in suffixes.items()}
    if out.suffix not in by_suffix:
        raise HandgradError(f"the ending of {out} names no format; it is one of {', '.join(by_suffix)}, or give --format")
    return by_suffix[out.suffix]


def deliver(what: Document | str, out: Path | None, format_name: str = "text") -> None:
    """Show a document or a text, or write it to a file. Raises DataError where the file cannot be written."""
    if out is None and isinstance(what, Document) and format_name == "text" and sys.stdout.isatty():
        print_to(what, Terminal())
        return
    text = what if isinstance(what, str) else write(what, format_name)
    if out is None:
        emit(text if text.endswith("\n") else text + "\n")
        return
    try:
        write_beside(out, text.encode())
    except OSError as error:
        raise DataError(f"cannot write to {out}: {error.strerror or error}") from None
    note(f"written to {out}")
