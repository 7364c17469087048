"""The links that everyone leaves out of a program of numbers: out_{h2} after out_{h1}, a_1 = σ(z_1), the loss."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from handgrad.check.judging.program_graph import EVIDENT, Graph, Links, marks_of
from handgrad.check.judging.program_names import MarkError, has_gradients, inside, is_loss, names_of
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
    rebuilt,
    walk,
)
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import usual_role

HIDDEN = ("sigmoid", "relu", "tanh", "identity")
ROUNDS = 60
LETTERED = re.compile(r"([A-Za-z]+)([0-9]+)")


def complete(links: Links, relations: Sequence[Relation]) -> None:
    """Give names without definition what they must be, as far as that can be told."""
    from handgrad.check.judging.program_units import by_units

    _wanted(links, relations)
    _finish(links)
    _without_unknown_sums(links)
    by_units(links, relations)
    _finish(links)
    _loss(links, relations)


def _finish(links: Links) -> None:
    for _ in range(ROUNDS):
        if not _completed(links):
            break


def note(graph: Graph, side: Node) -> None:
    """Note the names of a side as known."""
    functions = {id(part.function) for part in walk(side) if isinstance(part, Call)}
    for name in names_of(side):
        if id(name) not in functions or is_loss(name):
            _known(graph, name)


def _known(graph: Graph, name: Name) -> None:
    try:
        spelled = graph.names.spelled(name)
    except MarkError:
        return
    if not spelled.letters and name.name != "e" and not ("'" in spelled.suffix and graph.is_function(name)):
        graph.known.setdefault(spelled.key, name)


def _wanted(links: Links, relations: Iterable[Relation]) -> None:
    """Names without definition that a network computes: units, sums, losses, and whatever a derivative is taken of."""
    graph = links.graph
    for relation in relations:
        for side in (relation.left, relation.right):
            for part in walk(side):
                if isinstance(part, Derivative) and isinstance(of := inside(part.of), Name):
                    _uncertain(graph, of)
        if isinstance(left := inside(relation.left), Name) and not _plain_number(relation.right):
            _uncertain(graph, left)
    sums = {graph.names.spelled(name).suffix for name in graph.known.values() if usual_role(name) == "Z"}
    for name in list(graph.known.values()):
        role = usual_role(name)
        if role in {"Z", "output", "delta", "loss"} or (role == "A" and graph.names.spelled(name).suffix in sums):
            _uncertain(graph, name)


def _uncertain(graph: Graph, name: Name) -> None:
    try:
        spelled = graph.names.spelled(name)
    except MarkError:
        return
    first = spelled.suffix in {"0", "^0", "^[0]", "[0]"}
    if (
        spelled.key not in graph.defined
        and usual_role(name) not in EVIDENT
        and not first
        and not spelled.updated
        and not spelled.letters
    ):
        graph.uncertain.add(spelled.key)
        graph.known.setdefault(spelled.key, name)


def _plain_number(node: Node) -> bool:
    return not any(isinstance(part, Name | Derivative | Differential) for part in walk(node))


def _completed(links: Links) -> bool:
    """Give one more name what it must be; False where nothing is left to give."""
    graph = links.graph
    for key in [key for key in graph.known if key not in graph.defined and key not in graph.names.alias]:
        if (same := _unit(graph, key)) is not None:
            graph.names.alias[key] = same
            graph.uncertain.discard(key)
            return True
    for key in sorted(graph.uncertain - set(graph.defined) - set(graph.names.alias)):
        found = _sibling(links, key) or _activation(links, key)
        if found is not None:
            graph.defined[key] = found
            note(graph, found)
            for name in names_of(found):
                if usual_role(name) in {"A", "Z", "output"}:
                    _uncertain(graph, name)
            return True
    return False


def _unit(graph: Graph, key: str) -> str | None:
    """h1 for out_{h1}: a unit's name for its output."""
    spelled = marks_of(graph.names, graph.known[key])
    if spelled is None:
        return None
    output = f"{spelled.stem}o{spelled.suffix}"  # out_1 for out_{o1}
    if spelled.suffix.isdigit() and output in graph.known and usual_role(graph.known[key]) in {"A", "Y"}:
        return output
    if not LETTERED.fullmatch(key):
        return None
    outputs = [
        k
        for k, name in graph.known.items()
        if k.endswith(key) and k != key and usual_role(name) == "A" and graph.names.spelled(name).suffix == key
    ]
    return outputs[0] if len(outputs) == 1 else None


def with_suffix(name: Name, suffix: str) -> Name:
    part: Node = Number(None, float(suffix), suffix) if suffix.isdigit() else Name(None, suffix)
    return replace(name, span=None, scripts=(Script(None, "sub", (part,)),))


def renamed(node: Node, pairs: Iterable[tuple[Name, Name]]) -> Node:
    for old, new in pairs:
        node = rebuilt(node, old, new)
    return node


def _sibling(links: Links, key: str) -> Node | None:
    """What the name of another unit is, with this unit in its place: out_{o2} as out_{o1}, net_{o2} as net_{o1} with the next weights."""
    graph = links.graph
    own = graph.names.spelled(graph.known[key])
    unit = LETTERED.fullmatch(own.suffix)
    for other, body in list(graph.defined.items()):
        if other not in graph.known or has_gradients(body) or any(isinstance(part, BigSum) for part in walk(body)):
            continue
        its = graph.names.spelled(graph.known[other])
        that = LETTERED.fullmatch(its.suffix)
        if its.stem != own.stem or its.suffix == own.suffix or not own.suffix:
            continue
        names = [name for name in names_of(body) if not graph.is_function(name) and name.name != "e"]
        marks = [graph.names.spelled(name) for name in names]
        if names and all(m.suffix == its.suffix for m in marks):
            if not (unit and that):
                continue  # a_1 from a_2: the output's function may be another one
            return renamed(body, [(name, with_suffix(name, own.suffix)) for name in names])
        if unit and that and unit[1] == that[1] and usual_role(graph.known[key]) == "Z" and its.suffix != own.suffix:
            links.presumed.add(key)
            return _next_weights(body, names, [m.suffix for m in marks], (its.suffix, own.suffix), int(unit[2]) - int(that[2]))
    return None


def _next_weights(body: Node, names: Sequence[Name], suffixes: Sequence[str], units: tuple[str, str], step: int) -> Node:
    """A sum with the weights of another unit: w7, w8 after w5, w6; w_{21}, w_{22} after w_{11}, w_{12}."""
    weights = [(name, suffix) for name, suffix in zip(names, suffixes, strict=True) if usual_role(name) == "W"]
    pairs = []
    numbers = sorted({int(s) for _, s in weights if s.isdigit()})
    old, new = (re.sub(r"\D", "", unit) for unit in units)
    double = [p for p in range(2) if all(len(s) == 2 and s.isdigit() and s[p] == old for _, s in weights)]
    for name, suffix in weights:
        if units[0] in suffix:
            pairs.append((name, with_suffix(name, suffix.replace(units[0], units[1]))))
        elif double:
            pairs.append((name, with_suffix(name, "".join(new if p == double[0] else d for p, d in enumerate(suffix)))))
        elif suffix.isdigit() and len(numbers) == numbers[-1] - numbers[0] + 1:
            pairs.append((name, with_suffix(name, str(int(suffix) + step * len(numbers)))))
        else:
            pairs.append((name, with_suffix(name, f"{suffix}of{units[1]}")))
    pairs += [(name, with_suffix(name, units[1])) for name, suffix in zip(names, suffixes, strict=True) if suffix == units[0]]
    return renamed(body, pairs)


def _activation(links: Links, key: str) -> Node | None:
    """The output of a unit whose sum is known: the function that other units have, else one that is tried."""
    graph = links.graph
    name = graph.known[key]
    role = usual_role(name)
    if role not in {"A", "output"}:
        return None
    suffix = graph.names.spelled(name).suffix
    used = {graph.names.key(n) for body in graph.defined.values() for n in names_of(body) if not n.scripts or _plain(graph, n)}
    sums = [k for k in graph.defined if k in graph.known and usual_role(graph.known[k]) == "Z"]
    own = [k for k in sums if graph.names.spelled(graph.known[k]).suffix == suffix]
    if not own and role == "output":
        own = [k for k in sums if k not in used]
    if len(own) != 1:
        return None
    stated = list(dict.fromkeys(links.graph.activations.values()))
    kinds = stated or list(HIDDEN)
    bodies: list[Node] = [Call(None, Name(None, kind), (graph.known[own[0]],)) for kind in kinds]
    if len(bodies) > 1:
        links.choices[key] = bodies
    links.presumed.add(key)
    return bodies[0]


def _plain(graph: Graph, name: Name) -> bool:
    try:
        return bool(graph.names.key(name))
    except MarkError:
        return False


def _without_unknown_sums(links: Links) -> None:
    """Take back losses that are sums over what the document never names one by one, and what is made of these."""
    from handgrad.check.judging.evaluating import UnknownError
    from handgrad.check.judging.program_point import Point

    graph = links.graph
    sums = [key for key, body in graph.defined.items() if is_loss(graph.known[key]) and any(isinstance(part, BigSum) for part in walk(body))]
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
        _uncertain(graph, graph.known[key])


def _loss(links: Links, relations: Iterable[Relation]) -> None:
    """Which loss gradients are of: the one that no other loss is made of; one that is tried where none is defined."""
    graph = links.graph
    used = {graph.names.key(n) for body in graph.defined.values() for n in names_of(body) if _plain(graph, n)}
    losses = [key for key in graph.defined if key in graph.known and is_loss(graph.known[key])]
    tops = [key for key in losses if key not in used] or losses
    if not tops:
        tops = [
            key
            for key in graph.defined
            if key not in used
            and any(_is_target(graph, n) for n in names_of(graph.defined[key]))
            and not has_gradients(graph.defined[key])
        ]
        tops = [key for key in tops if usual_role(graph.known[key]) not in {"delta", "Z", "A", "output"}]
    if tops:
        graph.loss = next((key for key in tops if "tot" in key.lower()), tops[0])
        return
    asked = any(
        isinstance(p, Differential) or (isinstance(p, Derivative) and isinstance(inside(p.of), Name) and is_loss(inside(p.of)))
        for r in relations
        for s in (r.left, r.right)
        for p in walk(s)
    )  # type: ignore[arg-type]
    outputs = [
        key for key, name in graph.known.items() if key in graph.defined and usual_role(name) in {"A", "output"} and key not in used
    ]
    targets = [key for key, name in graph.known.items() if usual_role(name) == "Y" and key not in graph.defined]
    if not asked or len(outputs) != 1 or len(targets) != 1:
        return
    a, y = graph.known[outputs[0]], graph.known[targets[0]]
    bodies = losses(a, y)
    graph.loss = "loss?"
    graph.known["loss?"] = Name(None, "loss?")
    graph.defined["loss?"] = bodies[0]
    links.choices["loss?"] = bodies
    links.presumed.add("loss?")


def _is_target(graph: Graph, name: Name) -> bool:
    return usual_role(name) == "Y" and _plain(graph, name)


def losses(a: Node, y: Node) -> list[Node]:
    """Half the squared error, the squared error, and cross-entropy for yes and no."""

    def rest(node: Node) -> Node:
        return Group(None, Sum(None, (Number(None, 1.0, "1"), node), ("+", "-")))

    def log(node: Node) -> Node:
        return Call(None, Name(None, "log"), (node,))

    square = Scripted(None, Group(None, Sum(None, (a, y), ("+", "-"))), (Script(None, "sup", (Number(None, 2.0, "2"),)),))
    entropy = Sum(None, (Product(None, (y, log(a)), ("",)), Product(None, (rest(y), log(rest(a))), ("",))), ("-", "-"))
    return [Product(None, (Number(None, 0.5, "0.5"), square), ("",)), square, entropy]
