"""Which loss the gradients of a program of numbers are of, and which one is meant where none is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from handgrad.check.judging.evaluating import UnknownError
from handgrad.check.judging.program_graph import Graph, Links, marks_of
from handgrad.check.judging.program_missing import open_name
from handgrad.check.judging.program_names import MarkError, has_gradients, is_loss, variables
from handgrad.check.judging.program_point import Point
from handgrad.check.tree import (
    BigSum,
    Call,
    Derivative,
    Differential,
    Group,
    Name,
    Node,
    Number,
    Product,
    Script,
    Scripted,
    Sum,
    bare,
    walk,
)
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import usual_role

PRESUMED = "loss?"
"""The key of a loss that the document does not write."""


def drop_unknown_sums(links: Links) -> None:
    """Take back losses that are sums over what the document never names one by one, and what is made of these."""
    graph = links.graph
    sums = [k for k, body in graph.defined.items() if is_loss(graph.known[k]) and any(isinstance(p, BigSum) for p in walk(body))]
    back: set[str] = set()
    for key in [*sums, *sums]:
        point = Point(replace(graph))
        try:
            point.at(key, graph.known[key])
        except (UnknownError, MarkError):
            back.add(key)
        if point.seen & back:
            back.add(key)
    for key in back:
        del graph.defined[key]
        open_name(graph, graph.known[key])


def find_loss(links: Links, relations: Iterable[Relation]) -> None:
    """Find the loss that no other loss is made of; where none is defined, try the usual ones of the only output and target."""
    graph = links.graph
    used = {marks.key for body in graph.defined.values() for name in variables(body) if (marks := marks_of(graph.names, name))}
    losses = [key for key in graph.defined if is_loss(graph.known[key])]
    tops = (
        [key for key in losses if key not in used]
        or losses
        or [key for key in graph.defined if key not in used and _ends(graph, key)]
    )
    tops = [key for key in tops if key not in links.presumed] or tops
    if tops:
        graph.loss = next((key for key in tops if "tot" in key.lower()), tops[0])
        return
    asked = any(_asks(part) for relation in relations for part in relation.parts())
    outputs = [
        name
        for key, name in graph.known.items()
        if key in graph.defined and key not in used and usual_role(name) in {"A", "output"}
    ]
    targets = [name for key, name in graph.known.items() if key not in graph.defined and usual_role(name) == "Y"]
    if asked and len(outputs) == len(targets) == 1:
        bodies = usual_losses(outputs[0], targets[0])
        graph.loss = PRESUMED
        graph.known[PRESUMED], graph.defined[PRESUMED], links.choices[PRESUMED] = Name(None, PRESUMED), bodies[0], bodies
        links.presumed.add(PRESUMED)


def _ends(graph: Graph, key: str) -> bool:
    """Whether a name that nothing is made of is a loss by what it is made of: a target."""
    body = graph.defined[key]
    other = usual_role(graph.known[key]) in {"delta", "Z", "A", "output"}
    return not other and not has_gradients(body) and any(usual_role(name) == "Y" for name in variables(body))


def _asks(node: Node) -> bool:
    """Whether it is a gradient of a loss."""
    if isinstance(node, Derivative):
        of = bare(node.of)
        return isinstance(of, Name) and is_loss(of)
    return isinstance(node, Differential)


def usual_losses(a: Node, y: Node) -> list[Node]:
    """Half the squared error, the squared error, and cross-entropy for yes and no."""

    def rest(node: Node) -> Node:
        return Group(None, Sum(None, (Number(None, 1.0, "1"), node), ("+", "-")))

    def log(node: Node) -> Node:
        return Call(None, Name(None, "log"), (node,))

    square = Scripted(None, Group(None, Sum(None, (a, y), ("+", "-"))), (Script(None, "sup", (Number(None, 2.0, "2"),)),))
    entropy = Sum(None, (Product(None, (y, log(a)), ("",)), Product(None, (rest(y), log(rest(a))), ("",))), ("-", "-"))
    return [Product(None, (Number(None, 0.5, "0.5"), square), ("",)), square, entropy]
