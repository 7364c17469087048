"""A relation with its verdict."""

from __future__ import annotations

from dataclasses import dataclass, field

from handgrad.check.findings import Verdict, Witness
from handgrad.check.judging.scales import Edge
from handgrad.check.judging.trying import Tried
from handgrad.check.tree import Derivative, Differential, Name, Node, Number, Operator, Span, walk
from handgrad.check.understanding.relations import Relation

EQUALS = frozenset({"=", ":=", "<-", "equiv", "approx", "propto", "+=", "-=", "->"})
NUMERIC = frozenset({"e", "pi", "log", "ln", "exp", "tanh", "sigmoid", "sigma", "max", "sqrt", "log10"})
"""Names that stand in formulas that are made of numbers only."""


@dataclass
class Judged:
    """A relation with its verdict.

    `tried` is how it came out; `code` and `message` say what is wrong, or by which convention it is right.
    """

    relation: Relation
    verdict: Verdict = "unread"
    tried: Tried | None = None
    code: str | None = None
    message: str = ""
    correction: str | None = None
    edges: list[Edge] = field(default_factory=list)
    follows: int | None = None
    note: str = ""
    marked: Span | None = None
    witness: Witness | None = None
    by_program: bool = False


def is_numeric(node: Node) -> bool:
    """Whether a side is made of numbers only."""
    found = False
    for part in walk(node):
        if isinstance(part, Differential | Derivative | Operator):
            return False
        if isinstance(part, Number):
            found = True
        elif isinstance(part, Name) and part.name not in NUMERIC:
            return False
    return found
