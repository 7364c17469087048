"""Where a command's text goes: to the terminal as wide as it is, to a pipe, or to a file beside which it is written first."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from handgrad.cli.console import Terminal, emit, note
from handgrad.document.blocks import Document
from handgrad.document.formats import FORMATS, write
from handgrad.document.terminal import print_to, to_text
from handgrad.errors import DataError, HandgradError, did_you_mean
from handgrad.model_file import write_beside

PIPED = 100
"""How wide text is that no terminal shows."""

SUFFIXES = {name: known.suffix for name, known in FORMATS.items()}
SET = "Change a piece of the notation, as gradient=delta, examples=rows or names.J=C; can be given again."


def is_model(network: str, given: Mapping[str, object]) -> bool:
    """Whether a model file is named; it has what the options in `given` would say. Raises HandgradError where they are given."""
    if not (network.endswith(".safetensors") or os.path.isfile(network)):  # noqa: PTH113  # a spelling may be too long for a path
        return False
    extra = [name for name, value in given.items() if value is not None]
    if extra:
        raise HandgradError(f"a model file has its own weights and loss, so that {extra[0]} does not go with it")
    return True


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


def require_writable(path: Path | None, what: str) -> None:
    """Refuse a place that nothing can be written to, before anything is computed for it. Raises DataError.

    What is there stays as it is. None is standard output.
    """
    if path is None:
        return
    folder = os.path.dirname(os.path.realpath(path))  # noqa: PTH120  # a link stays, and what it points to is written
    why = ""
    if os.path.isdir(path):  # noqa: PTH112  # a name may be too long for a path
        why = "it is a folder"
    elif os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113  # a pipe or a device
        why = "" if os.access(path, os.W_OK) else "it cannot be written to"
    elif not os.path.isdir(folder):  # noqa: PTH112
        why = f"there is no folder {path.parent}"
    else:
        try:
            with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{path.name}."):  # as open_beside writes, which alone tells
                pass
        except OSError as error:
            why = f"{error.strerror or error}"
    if why:
        raise DataError(f"cannot write {what} to {path}: {why}")


def require_apart(out: Path | None, what: str, *read: Path | str | None, others: Sequence[Path | None] = ()) -> None:
    """Refuse to write `what` over a file that the command reads, or to the place of the `others` that it writes.

    `read` may be names of data sets or networks, which are no files. Raises DataError.
    """
    if out is None:
        return
    place = os.path.realpath(out)
    for name in read:
        there = name is not None and os.path.isfile(name) and os.path.isfile(place)  # noqa: PTH113  # or too long for a path
        if name is not None and there and os.path.samefile(name, place):  # noqa: PTH121
            raise DataError(f"{what} would write over {out}, which is read; name another file")
    if any(other is not None and os.path.realpath(other) == place for other in others):
        raise DataError(f"{what} would write over what else is written to {out}; name another file")


def deliver(what: Document | str, out: Path | None, format_name: str = "text") -> None:
    """Show a document or a text, or write it to a file. Raises DataError where the file cannot be written."""
    if out is None and isinstance(what, Document) and format_name == "text":
        console = Terminal(highlight=False)
        if console.is_terminal:
            print_to(what, console)
        else:
            emit(to_text(what, console.width if "COLUMNS" in os.environ else PIPED))
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
