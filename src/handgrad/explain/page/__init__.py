"""The page on which one steps through the iterations: one file with its data, style and script, which fetches nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from handgrad.explain.explanation import Explanation
from handgrad.explain.page.data import data, opening

STYLES = ("frame", "graph", "equation")
SCRIPTS = (
    "rounding", "mathml", "trees", "worked", "values", "graph_layout", "graph_shown", "graph_marks", "graph_choosing", "graph",
    "shapes", "shape_check", "boxes", "equation", "broken", "chosen", "curve", "steps", "link", "player", "paper", "state", "main",
)  # fmt: skip
"""The parts of the script in order, which share one scope."""
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
UNFIT = re.compile("[\ud800-\udfff]")
"""Half characters, as names of files and columns can have them: no UTF-8 has them."""


def to_page(
    explanation: Explanation,
    neuron: tuple[int, int] | None = None,
    weight: tuple[int, ...] | None = None,
    example: int = 1,
) -> str:
    """The page as HTML; it opens with a neuron (layer, unit), a weight (layer, unit, input) and an example chosen, from 1."""
    shown = data(explanation, opening(explanation, neuron, weight, example))
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {
        "<!--title-->": escape(shown["title"]),
        "<!--policy-->": escape(POLICY.format(digest=digest)),
        "/*style*/": "".join(_read(f"{name}.css") for name in STYLES),
        "/*data*/": _json(shown),
        "/*script*/": script,
    }
    places = "|".join(map(re.escape, parts))
    page = re.sub(places, lambda found: parts[found[0]], _read("page.html"))  # in one go: what is put in may hold such words
    return UNFIT.sub("\N{REPLACEMENT CHARACTER}", page)


def _json(shown: dict[str, Any]) -> str:
    """JSON that no HTML ends."""
    return json.dumps(shown, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def _script() -> str:
    parts = "\n".join(_read(f"script/{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def _read(name: str) -> str:
    return files("handgrad.explain.page").joinpath(name).read_text(encoding="utf-8")
