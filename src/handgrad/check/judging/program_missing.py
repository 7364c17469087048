"""The links that everyone leaves out of a program of numbers: out_{h2} after out_{h1}, a_1 = σ(z_1), the loss."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from handgrad.check.judging.program_graph import EVIDENT, Graph, Links, marks_of
from handgrad.check.judging.program_names import MarkError, has_gradients, is_loss, names_of, variables
from handgrad.check.tree import (
    BigSum,
    Call,
    Derivative,
    Differential,
    Name,
    Node,
    Number,
    Script,
    bare,
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
    from handgrad.check.judging.program_loss import drop_unknown_sums, find_loss
    from handgrad.check.judging.program_units import by_units

    _wanted(links, relations)
    _finish(links)
    drop_unknown_sums(links)
    by_units(links, relations)
    _finish(links)
    find_loss(links, relations)


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
        for part in relation.parts():
            if isinstance(part, Derivative) and isinstance(of := bare(part.of), Name):
                open_name(graph, of)
        if isinstance(left := bare(relation.left), Name) and not _plain_number(relation.right):
            open_name(graph, left)
    sums = {graph.names.spelled(name).suffix for name in graph.known.values() if usual_role(name) == "Z"}
    for name in list(graph.known.values()):
        role = usual_role(name)
        if role in {"Z", "output", "delta", "loss"} or (role == "A" and graph.names.spelled(name).suffix in sums):
            open_name(graph, name)


def open_name(graph: Graph, name: Name) -> None:
    """Note a name as one that needs a definition."""
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
                    open_name(graph, name)
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
    """A name with another mark below."""
    part: Node = Number(None, float(suffix), suffix) if suffix.isdigit() else Name(None, suffix)
    return replace(name, span=None, scripts=(Script(None, "sub", (part,)),))


def renamed(node: Node, pairs: Iterable[tuple[Name, Name]]) -> Node:
    """The formula with other names in the places of some."""
    for old, new in pairs:
        node = rebuilt(node, old, new)
    return node


def _sibling(links: Links, key: str) -> Node | None:
    """What another unit's name is, with this unit in place: out_{o2} as out_{o1}, net_{o2} as net_{o1} with the next weights."""
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
        names = variables(body)
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
