"""Checking a document: its text is read, parsed, understood and judged, relation by relation."""

from __future__ import annotations

from pathlib import Path

from handgrad.check.findings import Checked
from handgrad.check.options import Options


def check_text(text: str, name: str, options: Options) -> Checked:
    """Check a document that is given as text; `name` is the name it is reported by."""
    raise NotImplementedError


def check_file(path: Path, options: Options) -> Checked:
    """Check a file. Raises HandgradError where it cannot be read."""
    raise NotImplementedError
