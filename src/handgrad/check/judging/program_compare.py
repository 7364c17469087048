"""Whether two formulas of numbers are the same at random points, up to a constant ±2^a m^b."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.check.judging.comparing import Outcome, Scale
from handgrad.check.judging.evaluating import UnknownError
from handgrad.check.judging.program_graph import Graph
from handgrad.check.judging.program_names import MarkError, is_loss, names_of
from handgrad.check.judging.program_point import DRAWS, Point
from handgrad.check.tree import Compare, Derivative, Differential, Matrix, Name, Node, Number, Product, Script, bare, walk
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import usual_role

TOLERANCE = 1e-5
TINY = 1e-8
FEWEST = 4
"""In how many draws both sides must have a value."""
NO_NUMBERS = frozenset({"odot", "otimes", "@", ".*", "circ"})


def compared(
    graph: Graph, left: Node, right: Node, bound: Mapping[str, str], fixed: Mapping[str, float] | None = None, *, wide: bool = False
) -> Outcome:
    """How two sides come out: with `fixed` values of some names, with operators ∂/∂ of all that follows where `wide`."""
    point = Point(graph, fixed)
    point.wide = wide
    try:
        x, y = point.value(left, bound), point.value(right, bound)
    except (UnknownError, MarkError) as error:
        return Outcome("unknown", why=str(error), node=getattr(error, "node", None))
    if (np.isfinite(x) & np.isfinite(y) & point.clear).sum() < FEWEST:
        return Outcome("unknown", why="it has no value at most points")
    nothing = not (np.any(np.abs(x) > TINY) or np.any(np.abs(y) > TINY))
    if nothing and not any(isinstance(bare(side), Number) for side in (left, right)):
        return Outcome("unknown", why="it is zero everywhere")
    scale = scale_between(x, y, point)
    if scale is None:
        return Outcome("differs", upside_down=point.upside_down)
    return Outcome("holds", scale, upside_down=point.upside_down)


def scale_between(x: Array, y: Array, point: Point) -> Scale | None:
    """The constant ±2^a m^b with x = constant · y in all draws, or None."""
    sure = np.isfinite(x) & np.isfinite(y) & point.clear
    x, y = x[sure], y[sure]
    size = float(np.abs(x).max(initial=0.0))
    if size < TINY and float(np.abs(y).max(initial=0.0)) < TINY:
        return Scale()
    counts = np.arange(3.0, 3.0 + DRAWS)[sure]
    for examples in (0, 1, -1, 2, -2):
        z = y * counts**examples
        under = float(np.vdot(z, z))
        constant = float(np.vdot(z, x)) / under if under > 1e-18 else 0.0
        if constant == 0 or not np.isfinite(constant) or float(np.abs(x - constant * z).max()) > TOLERANCE * max(size, 1e-2):
            continue
        twos = np.log2(abs(constant))
        if abs(twos - round(twos)) < 1e-4 and abs(twos) < 3.5:
            return Scale(1 if constant > 0 else -1, round(twos), examples)
    return None


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """One outcome for all that an index may stand for."""
    for kind in ("differs", "unknown"):
        for outcome in outcomes:
            if outcome.kind == kind:
                return outcome
    if len({outcome.scale for outcome in outcomes}) > 1:
        return Outcome("differs", why="the constant is not the same for all")
    return outcomes[0]


def of_units(left: Node, right: Node) -> bool:
    """Whether a relation is of derivatives alone, by and of sums, outputs and errors, so that no weight's name matters."""
    names = [name for side in (left, right) for name in names_of(side)]
    parts = [part for side in (left, right) for part in walk(side)]
    return any(isinstance(part, Derivative) for part in parts) and all(
        usual_role(name) in {"Z", "A", "loss"} for name in names if name.scripts
    )


def conditional(node: Node) -> bool:
    """0 (x <= 0): a value and, in brackets, when it is so."""
    node = bare(node)
    return isinstance(node, Product) and isinstance(bare(node.items[-1]), Compare)


def of_matrices(relation: Relation) -> bool:
    """Whether a relation has what numbers do not have: matrices, transposes, elementwise products."""
    for part in relation.parts():
        if isinstance(part, Matrix) or (isinstance(part, Script) and part.kind == "transpose"):
            return True
        if isinstance(part, Product) and NO_NUMBERS & set(part.signs):
            return True
        if isinstance(part, Name) and part.name in {"W", "Z", "A"} and len(part.scripts) < 2:
            return True
        if (
            isinstance(part, Script)
            and part.kind == "sup"
            and any(isinstance(b, Name) and b.name in {"T", "top"} for b in part.body)
        ):
            return True
    return False


def of_loss(left: Node) -> bool:
    """Whether a side is a gradient of the loss, or an error signal, whose constant is a matter of convention."""
    left = bare(left)
    if isinstance(left, Name):
        return usual_role(left) in {"delta", None} and not is_loss(left)
    return any(_gradient(part) for part in walk(left))


def _gradient(node: Node) -> bool:
    of = bare(node.of) if isinstance(node, Derivative) else None
    return isinstance(node, Differential) or (isinstance(of, Name) and is_loss(of))
