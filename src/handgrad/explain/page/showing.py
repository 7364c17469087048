"""Shows the page: in a notebook in place, elsewhere in a browser."""

from __future__ import annotations

import sys
import tempfile
import webbrowser
from html import escape
from pathlib import Path

FRAME = (
    '<iframe title="{title}" srcdoc="{page}" sandbox="allow-scripts allow-modals" '
    'style="width: 100%; height: {height}px; border: 0"></iframe>'
)
"""A page inside a notebook: it runs its script, and touches nothing around it."""


def show(page: str, title: str, height: int) -> Path | None:
    """Show a page in the notebook that runs, `height` pixels high, or else in a browser; where its file is, if it has one."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if ipython is not None and hasattr(shell, "kernel"):
        frame = FRAME.format(title=escape(title), page=escape(page), height=height)
        ipython.display.display({"text/html": frame, "text/plain": title}, raw=True)
        return None
    folder = Path(tempfile.mkdtemp(prefix="handgrad-"))  # stays, for the browser reads it later
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    webbrowser.open(file.as_uri())
    return file
