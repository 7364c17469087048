"""The formats by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from handgrad.document.blocks import Document
from handgrad.document.data import to_json
from handgrad.document.html import to_html
from handgrad.document.latex import to_latex
from handgrad.document.markdown import to_markdown
from handgrad.document.terminal import to_text
from handgrad.errors import HandgradError, did_you_mean


@dataclass(frozen=True)
class Format:
    """A format: what writes a document in it, and how the names of its files end."""

    write: Callable[[Document], str]
    suffix: str


FORMATS = {
    "text": Format(to_text, ".txt"),
    "markdown": Format(to_markdown, ".md"),
    "latex": Format(to_latex, ".tex"),
    "html": Format(to_html, ".html"),
    "json": Format(to_json, ".json"),
}


def write(document: Document, format_name: str) -> str:
    """The whole file of a document in the format of this name. Raises HandgradError for one that does not exist."""
    if format_name not in FORMATS:
        raise HandgradError(f"there is no format {format_name!r}. {did_you_mean(format_name, FORMATS)}")
    return FORMATS[format_name].write(document)
