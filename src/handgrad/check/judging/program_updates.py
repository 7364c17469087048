"""Updates of single weights: w_5 ← w_5 - η ∂E/∂w_5, in all the ways that people mark the new value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from handgrad.check.judging.comparing import Outcome
from handgrad.check.judging.evaluating import UnknownError
from handgrad.check.judging.program_compare import scale_between
from handgrad.check.judging.program_graph import Graph, Links, marks_of
from handgrad.check.judging.program_names import has_gradients, names_of
from handgrad.check.judging.program_point import DRAWS, Point
from handgrad.check.tree import Differential, Name, Node, Number, Sum, bare, walk
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import usual_role


def is_update(graph: Graph, relation: Relation) -> bool:
    """Whether a relation changes what stands on its left."""
    left = bare(relation.left)
    if relation.op in {"-=", "+="} or (isinstance(left, Differential) and left.mark == "Delta"):
        return True
    if not isinstance(left, Name) or relation.step:
        return False
    right = bare(relation.right)
    first = bare(right.terms[0]) if isinstance(right, Sum) else None
    if not isinstance(first, Name) or first.name != left.name:
        return False
    old, new = marks_of(graph.names, first), marks_of(graph.names, left)
    steps = has_gradients(relation.right) or any(usual_role(name) == "rate" for name in names_of(relation.right))
    return old is not None and new is not None and old.key == new.key and steps


def updated(links: Links, relation: Relation, by: Name, bound: Mapping[str, str]) -> Outcome:
    """Whether a relation takes a rate times the gradient by a name off that name."""
    graph = links.graph
    point = Point(graph)
    try:
        old = _before(by, graph)
        value = point.value(old, bound)
        right = point.value(relation.right, bound)
        loss = graph.known[graph.loss] if graph.loss else None
        if loss is None:
            return Outcome("unknown", why="no loss is defined that this could lower")
        slope = point.derived(loss, old, bound)
        change = right - value if isinstance(bare(relation.left), Name) and relation.op not in {"-=", "+="} else right
        change = -change if relation.op == "-=" else change
        names = [point.value(rate, bound) for rate in _rates(relation.right)]
        rates = [
            *names,
            *([np.prod(names, axis=0)] if len(names) > 1 else []),
            *(np.full(DRAWS, n) for n in _numbers(relation.right)),
        ]
    except UnknownError as error:
        return Outcome("unknown", why=error.why, node=error.node)
    if not np.abs(slope).max() > 1e-9:
        return Outcome("unknown", why=f"nothing says how the loss depends on {by.name}", node=by)
    for rate in [*rates, np.ones(DRAWS)]:
        scale = scale_between(change, -rate * slope, point)
        if scale is not None:
            return Outcome("holds", scale)
    if point.seen & (graph.uncertain | links.presumed) or not rates:
        return Outcome("unknown", why="the gradient that it uses is not known")
    return Outcome("differs", why="what is subtracted is not a rate times the gradient")


def _before(name: Name, graph: Graph) -> Name:
    """A name without what marks it as the value after an update."""
    spelled = graph.names.spelled(name)
    if not spelled.updated:
        known = graph.known.get(spelled.key)
        return known if known is not None and not spelled.letters else name
    kept = tuple(s for s in name.scripts if not _marks_time(graph, replace(name, scripts=(s,))))
    return replace(name, scripts=kept)


def _marks_time(graph: Graph, name: Name) -> bool:
    spelled = graph.names.spelled(name)
    return spelled.updated and not spelled.suffix


def _rates(node: Node) -> list[Name]:
    found = [n for n in names_of(node) if usual_role(n) in {"rate", None} and not n.scripts]
    return sorted(found, key=lambda n: usual_role(n) is None)


def _numbers(node: Node) -> list[float]:
    return [p.value for p in walk(node) if isinstance(p, Number) and p.value > 0]
