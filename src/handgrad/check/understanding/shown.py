"""How a document and its formulas were understood, in words and in plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from handgrad.catalogue.lookup import find_loss
from handgrad.check.parsing import write
from handgrad.check.parsing.writing import PLAIN
from handgrad.check.understanding.inferring import Understanding

if TYPE_CHECKING:
    from handgrad.check.judging.judged import Judged

LAYOUTS = {
    "columns": "examples are columns",
    "rows": "examples are rows",
    "single": "one example, a column",
    "row": "one example, a row",
}
WEIGHTS = {"out-in": "W[l] is n_l × n_{l-1}", "in-out": "W[l] is n_{l-1} × n_l"}


def setting_lines(understanding: Understanding, judged: Sequence[Judged]) -> Iterator[tuple[str, str]]:
    """The setting as (what, value), from what holds under it."""
    used = [j.tried.setting for j in judged if j.verdict in {"right", "convention"} and j.tried is not None and not j.by_program]
    if any(j.by_program for j in judged) and not used:
        yield "reading", "a program of numbers: every name is one number, each formula defines or differentiates them"
        return
    if not used:
        return
    base = understanding.base
    yield "layers", f"{base.L}" + (", as many as the text needs" if base.L >= 3 else "")
    outputs = list(dict.fromkeys((s.output, s.loss) for s in used))
    hidden = list(dict.fromkeys(name for s in used for name in s.hidden)) if base.L > 1 else []
    if hidden:
        yield "hidden activations", " or ".join(_words(name) for name in hidden[:3])
    yield "output and loss", "; or ".join(f"{_words(o)} with {find_loss(loss).words}" for o, loss in outputs[:3])
    ways = list(dict.fromkeys(s.examples for s in used))
    yield "layout", "; ".join(LAYOUTS[way] for way in ways)
    yield "weights", "; ".join(dict.fromkeys(WEIGHTS[s.weights] for s in used))
    if base.units or base.sums or base.weights_from:
        yield "numbering", "the numbers of units and of weights are one off from each other"


def _words(name: str) -> str:
    return {"relu": "ReLU", "leaky_relu": "leaky ReLU"}.get(name, name.replace("_", " "))


def understood(judged: Judged) -> str:
    """A relation as it was read, in plain text, with the layout and the layers it was read in."""
    relation = judged.relation
    if relation.unreadable() is not None:
        return ""
    left = relation.subject if relation.step else relation.left
    text = f"{write(left, None, PLAIN)} {_OPS.get(relation.op, relation.op)} {write(relation.right, None, PLAIN)}"
    if judged.by_program:
        return f"{text}  [numbers]"
    if judged.tried is None:
        return text
    setting = judged.tried.setting
    notes = [LAYOUTS[setting.examples], WEIGHTS[setting.weights], *([judged.tried.only] if judged.tried.only else [])]
    return f"{text}  [{'; '.join(notes)}]"


_OPS = {"approx": "≈", "<-": ":=", "propto": "∝", "in": "∈", "equiv": "=", "->": ":="}
