"""Which names a document uses as functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from handgrad.check.parsing.vocabulary import QUANTITIES
from handgrad.check.tree import Call, Differential, Group, Matrix, Name, Node, Product, Script, Scripted, Statement, walk

_DEFINED = re.compile(
    r"(?:^|\\\\|[\n,;&]|\\quad)\s{0,9}&?\s{0,9}([A-Z]{2}|[A-Za-z]{3,8})(?:_(?:\w|\{\w{1,4}\}))?\s{0,9}&?\s{0,9}=(?!=)"
)
"""A word alone on the left side of an equation."""
LETTERS = {"theta", "Theta", "alpha", "eta"}
"""Greek letters that are quantities in most documents and functions in some, which define θ'(s)."""


def is_transposed(scripts: Sequence[Script]) -> bool:
    """Whether there is a transpose among the scripts."""
    names = {part.name for script in scripts if script.kind == "sup" for part in script.body if isinstance(part, Name)}
    return bool(names & {"T", "top", "intercal"}) or any(script.kind == "transpose" for script in scripts)


def on_the_left(node: Node) -> Call | None:
    """The call that a left side such as f(x) is, or None."""
    if (
        isinstance(node, Differential)
        and node.mark == "d"
        and isinstance(node.of, Group)
        and isinstance(node.of.body, Name)
        and node.span
    ):
        return Call(node.span, Name((node.span[0], node.span[0] + 1), "d"), (node.of.body,))
    if not isinstance(node, Product) or len(node.items) != 2 or node.signs != ("",):
        return None
    function, brackets = node.items
    if (
        not isinstance(function, Name)
        or not isinstance(brackets, Group)
        or brackets.open != "("
        or not _argument(brackets.body, function)
    ):
        return None
    return Call(node.span, function, (brackets.body,))


def _argument(body: Node, function: Name) -> bool:
    """Whether brackets hold one quantity other than the function itself."""
    return isinstance(body, Name) and body.name != function.name


def _pairs(node: Product) -> Iterable[tuple[Name, Group]]:
    for place, sign in enumerate(node.signs):
        first, second = node.items[place], node.items[place + 1]
        if isinstance(second, Scripted):
            if is_transposed(second.scripts):
                continue  # H (W)^T is a product
            second = second.base
        if not sign and isinstance(first, Name) and isinstance(second, Group) and second.open == "(":
            yield first, second


def known_functions(statements: Sequence[Statement]) -> frozenset[str]:
    """The functions that the statements themselves show: on the left of a relation, primed or layered letters before brackets."""
    found: set[str] = set()
    for statement in statements:
        left = statement.sides[0]
        if statement.ops and isinstance(left, Call) and len(left.arguments) > 0:
            primed = left.function.name in LETTERS and any(script.kind == "prime" for script in left.function.scripts)
            if primed or left.function.name not in QUANTITIES:
                found.add(left.function.name)
        for side in statement.sides:
            for node in walk(side) if side is not None else ():
                if isinstance(node, Product):
                    found.update(first.name for first, second in _pairs(node) if _used(first, second))
    return frozenset(found)


def _used(name: Name, brackets: Group) -> bool:
    """Whether a name before brackets is used as a function: it is no quantity, and a single quantity stands in them."""
    within = {part.name for part in walk(brackets.body) if isinstance(part, Name)}
    if name.name in QUANTITIES or name.name in within or not _single(brackets.body):
        return False
    return name.name in {"h", "s", "S", "H", "G", "F"} or any(
        script.kind == "prime" or (script.kind == "sup" and script.body) for script in name.scripts
    )


def _single(body: Node) -> bool:
    return isinstance(body, Name | Call | Matrix) or (isinstance(body, Scripted) and isinstance(body.base, Call))


def collect_names(passages: Iterable[tuple[str, str]]) -> frozenset[str]:
    r"""The names of several letters that a document's LaTeX defines, from its passages as (text, kind): FO = …, HI_1 = …, der = ….

    A product, as XW, is not given a value; a word of quantities that the parser knows anyway is left out.
    """
    found = {match[1] for text, kind in passages if kind == "tex" for match in _DEFINED.finditer(text)}
    products = QUANTITIES | {"X", "H", "V", "U", "d"}
    return frozenset(name for name in found if not set(name) <= products and not (name[0] == "d" and name[1:] in found))


def collect_functions(passages: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The names that a document uses as functions, from its passages as (text, kind): f(x) = …, g'(z), σ(z), g^{[1]}(…)."""
    from handgrad.check.parsing.statements import parse

    found: set[str] = set()
    defined: set[str] = set()
    for text, kind in passages:
        statements = parse(text, 0, kind)
        defined |= known_functions(statements)
        for statement in statements:
            for side in statement.sides:
                if side is not None:
                    found |= {node.function.name for node in walk(side) if isinstance(node, Call)}
    return frozenset((found - QUANTITIES) | defined)
