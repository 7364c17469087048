"""Constants kept throughout: 1/m in dZ or in dW, ½ in the loss or not.

There is one scale for each family of symbols, and there are the lines that break it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product as combinations

from handgrad.check.judging.comparing import Scale
from handgrad.check.tree import Call, Derivative, Differential, Name, Node, Operator, Script, children, within
from handgrad.check.understanding.names import Habit
from handgrad.check.understanding.roles import is_hat

PARTS = ("sign", "twos", "examples", "outputs")
LOSS, UNITS, PARAMETERS, FIXED = "loss", "units", "parameters", "fixed"
TIES = {"sign": 2.5, "twos": 0.9, "examples": 0.45, "outputs": 0.45}
"""What it costs, in lines, that gradients of parameters have another constant than the loss as it is written."""
EASY = {"sign": 1.6, "twos": 0.15, "examples": 0.05, "outputs": 0.05}
"""The same for gradients of units, where 1/m is often left for later."""


@dataclass(frozen=True)
class Edge:
    """A line that ties two families: scale[left] · constant = scale[right], where either may be fixed (1).

    A line that is about one example (`batch` is false) says nothing of powers of m; one that only gives a second name
    (`definition`) is never to blame.
    """

    place: int
    left: str
    right: str
    constant: Scale
    batch: bool = True
    definition: bool = False


def family(node: Node, habit: Habit) -> str | None:
    """The family of a symbol whose constant is a convention: a loss by its name, gradients by what they are of; None for others."""
    node = within(node)
    if isinstance(node, Call) and habit.role(node.function) == "loss":
        node = node.function
    if isinstance(node, Name):
        role = habit.role(node)
        if role == "loss":
            return f"{LOSS} {_loss_name(node)}"
        if role == "delta":
            return f"{UNITS} {node.name}"
        if role in {"accumulated", "mean gradient"}:
            return f"{PARAMETERS} {node.name}"
        return None
    if isinstance(node, Differential):
        return _gradient(node.by or node.of, habit, "" if node.mark != "Delta" else " step")
    if isinstance(node, Derivative):
        of: Node = within(node.of)
        if isinstance(of, Call):
            of = of.function
        if isinstance(of, Name) and habit.role(of) == "loss":
            return _gradient(node.by, habit, f" of {_loss_name(of)}")
    return None


def _loss_name(name: Name) -> str:
    """A loss's name with its marks, apart from the letter of an example."""
    from handgrad.check.judging.evaluating import spelled

    return spelled(name)


def _gradient(by: Node, habit: Habit, more: str) -> str | None:
    by = within(by)
    if not isinstance(by, Name):
        return None
    role = habit.role(by)
    if role in {"W", "b"}:
        return PARAMETERS + more
    if role == "X":
        return f"{UNITS} X{more}"  # what comes last may be of the mean, where all before it is of one example
    if role in {"Z", "A", "output", "delta"} or is_hat(by):
        return UNITS + (" each" if by.name.islower() and not more else "") + more
    return None


def families_in(node: Node, habit: Habit) -> set[str]:
    """The families that occur in a formula."""
    found: set[str] = set()
    stack = [node]
    while stack:
        top = stack.pop()
        own = family(top, habit)
        if own is not None:
            found.add(own)
            continue
        if isinstance(top, Script | Operator):
            continue
        stack.extend(children(top))
    return found


def edge_of(place: int, left: Node, right: Node, scale: Scale, habit: Habit, *, batch: bool) -> Edge | None:
    """The tie that a line makes, or None where it makes none or more than one."""
    lefts, rights = families_in(left, habit), families_in(right, habit)
    if len(lefts) > 1 or len(rights) > 1 or _differentiated(right) or _differentiated(left):
        return None
    return Edge(
        place,
        next(iter(lefts)) if lefts else FIXED,
        next(iter(rights)) if rights else FIXED,
        scale,
        batch,
        definition=family(right, habit) is not None or _chain(right, habit),
    )


def _chain(node: Node, habit: Habit) -> bool:
    """Whether a side is a chain with a derivative of the loss, which only says how things hang together."""
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, Derivative) and family(top, habit) is not None:
            return True
        stack.extend(children(top))
    return False


def _differentiated(node: Node) -> bool:
    """Whether ∂/∂x of a formula stands in it, whose constant is that of the formula."""
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, Operator):
            return True
        stack.extend(children(top))
    return False


def broken(edges: Sequence[Edge], stated: Mapping[str, Scale], *, adds: bool = False) -> tuple[set[int], dict[str, Scale]]:
    """The places of the lines that break the document's constants, and the scale of each family.

    Each part of a scale is solved for itself: the values of the families that break the fewest lines and the cheapest ties.
    """
    if not edges:
        return set(), {}
    stated = _carried(edges, stated)
    nodes = sorted({e.left for e in edges} | {e.right for e in edges} | set(stated))
    bad: set[int] = set()
    values: dict[str, dict[str, int]] = {}
    for part in PARTS:
        found, best = _solve(part, edges, nodes, stated, adds=adds)
        if 2 * len(found) > len({e.place for e in edges}) - len(found):
            found = set()  # half of the text against the other half: nobody can say which is meant
        bad |= found
        values[part] = best
    scales = {node: Scale(values["sign"].get(node, 1), *(values[part].get(node, 0) for part in PARTS[1:])) for node in nodes}
    return bad, scales


def _carried(edges: Sequence[Edge], stated: Mapping[str, Scale]) -> dict[str, Scale]:
    """The constants of losses that are written out, and of those that are said by them: J = 1/m Σ ℓ."""
    found = dict(stated)
    for edge in edges:
        if edge.left.startswith(LOSS) and edge.left not in found and edge.right in found and edge.batch:
            found[edge.left] = found[edge.right] / edge.constant
    return found


def _number(scale: Scale, part: str) -> int:
    value = int(getattr(scale, part))
    return (0 if value > 0 else 1) if part == "sign" else value


def _solve(
    part: str, edges: Sequence[Edge], nodes: Sequence[str], stated: Mapping[str, Scale], *, adds: bool
) -> tuple[set[int], dict[str, int]]:
    """The places of the lines that break one part of the constants, and its value for each family."""
    signs = part == "sign"
    if part == "examples":
        edges = [edge for edge in edges if edge.batch]

    def same(a: int, b: int) -> bool:
        return (a - b) % 2 == 0 if signs else a == b

    offsets = {_number(e.constant, part) for e in edges} | {_number(s, part) for s in stated.values()} | {0}
    reach = sorted({a - b for a in offsets for b in offsets} | offsets) if not signs else [0, 1]
    free = [n for n in nodes if n != FIXED]
    losses = {n: _number(stated[n], part) for n in stated}
    allowed = set(losses.values())
    unknown = [n for n in free if n not in losses]
    if len(reach) ** len(unknown) > 60_000:
        reach = sorted(offsets, key=abs)[:3]
    if len(reach) ** len(unknown) > 60_000:
        return set(), {}
    best: list[tuple[float, set[int], dict[str, int]]] = []
    for combination in combinations(reach, repeat=len(unknown)):
        values = {FIXED: 0, **losses, **dict(zip(unknown, combination, strict=True))}
        broken_places = {
            e.place for e in edges if not same(values[e.left] + _number(e.constant, part), values[e.right])
            and not (len(allowed) > 1 and part != "sign" and _excused(e, values, allowed, part))
        }  # fmt: skip
        soft = {e.place for e in edges if e.definition}
        cost = (
            float(len(broken_places - soft))
            + 0.6 * len(broken_places & soft)
            + sum(_tie(node, values, losses, part, adds=adds) for node in unknown)
        )
        best.append((cost, broken_places - soft, values))
    best.sort(key=lambda item: item[0])
    lowest = best[0][0]
    by_hand = 0.9 if part in {"examples", "outputs"} else 0.04  # where 1/m belongs is a habit, which blames nobody by itself
    rivals = [
        places for cost, places, _ in best if cost < lowest + 0.04 or (len(places) == len(best[0][1]) and cost < lowest + by_hand)
    ]
    places = set.intersection(*rivals)  # where it is unclear which lines break it, those that all of the best agree on
    named = {n: (1 if v % 2 == 0 else -1) if signs else v for n, v in best[0][2].items()}
    return places, named


def _excused(edge: Edge, values: Mapping[str, int], allowed: Iterable[int], part: str) -> bool:
    """With several losses in one text, a line may go with any of them."""
    have = values[edge.left] + _number(edge.constant, part) - values[edge.right]
    return any(have == a - b for a in allowed for b in allowed)


def _tie(node: str, values: Mapping[str, int], losses: Mapping[str, int], part: str, *, adds: bool) -> float:
    """What a family's value costs."""
    value = values[node]
    if node.startswith(LOSS):
        return 0.02 * abs(value)
    if part == "sign":
        if value % 2 == 0:
            return 0.0
        return 0.3 if adds or node.endswith("step") else (EASY if node.startswith(UNITS) else TIES)[part]
    own = node.split(" of ", 1)
    home = losses.get(f"{LOSS} {own[1]}") if len(own) == 2 else None
    homes = [home] if home is not None else list(losses.values()) or ([0] if part in {"twos", "outputs"} else [0, -1])
    away = min(abs(value - h) for h in homes)
    weight = (EASY if node.startswith(UNITS) else TIES)[part]
    if not losses and part == "twos":
        weight = 0.1
    if away and node.startswith(UNITS) and part == "examples" and len(own) == 2:
        weight = 0.3
    small = 0.01 * abs(value)
    return (weight + 0.02 * (away - 1) if away else 0.0) + small
