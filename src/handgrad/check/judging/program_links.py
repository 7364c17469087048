"""From the relations of a document to a program of numbers: what they define, and the links that everyone leaves out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from handgrad.check.judging.evaluating import UnknownError
from handgrad.check.judging.program_graph import DRAWS, EVIDENT, Graph, Point
from handgrad.check.judging.program_names import MarkError, Names, as_derivative, factors, has_gradients, inside, is_loss, names_of
from handgrad.check.judging.world import activate
from handgrad.check.tree import BigSum, Call, Derivative, Differential, Fraction, Group, Name, Node, Number, Product, Script, Scripted, Sum, rebuilt, walk
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, LAYERED, usual_role

DEFINES = frozenset({"=", ":=", "<-", "equiv"})
HIDDEN = ("sigmoid", "relu", "tanh", "identity")
ROUNDS = 6
LETTERED = re.compile(r"([A-Za-z]+)([0-9]+)")


@dataclass
class Links:
    """A program as far as a document gives it. `places` are the relations that define, by place; `choices` are other definitions that a
    name might have; `presumed` are names with a definition that the document does not give, `twice` functions with two definitions,
    `letters` functions without any.
    """

    graph: Graph
    places: dict[int, str] = field(default_factory=dict)
    choices: dict[str, list[Node]] = field(default_factory=dict)
    presumed: set[str] = field(default_factory=set)
    twice: set[str] = field(default_factory=set)
    letters: set[str] = field(default_factory=set)


def links_of(relations: Sequence[Relation], activations: Mapping[str, str]) -> Links:
    """What the relations define, completed."""
    names = Names(_raised(relations))
    links = Links(Graph(names, activations=dict(activations)))
    for relation in relations:
        if relation.op in DEFINES and relation.unreadable() is None:
            _function(links, relation)
    for relation in relations:
        for side in (relation.left, relation.right):
            _note(links.graph, side)
    for call in (part for r in relations for side in (r.left, r.right) for part in walk(side) if isinstance(part, Call)):
        word = call.function.name
        if word in GENERIC and not (word == "sigma" or word in links.graph.functions or word in links.graph.activations):
            links.letters.add(word)
    for gradients in (False, True):
        for relation in relations:
            if relation.op in DEFINES and relation.unreadable() is None and has_gradients(relation.right) == gradients:
                _define(links, relation)
    links.graph.known = {names.final(key): name for key, name in links.graph.known.items()}
    _wanted(links, relations)
    for _ in range(ROUNDS):
        if not _completed(links):
            break
    _loss(links, relations)
    graph = links.graph
    graph.uncertain = {k for k in graph.uncertain if k not in graph.defined and not (graph.loss and graph.is_the_loss(k, graph.known[k]))}
    links.graph = replace(graph)  # as it is now, with nothing remembered
    return links


def _raised(relations: Iterable[Relation]) -> frozenset[str]:
    """Names of layers with plain numbers above that are no powers, where a left side shows that there are such."""

    def above(name: Name) -> str | None:
        body = next((s.body for s in name.scripts if s.kind == "sup"), ())
        return f"{name.name}^{body[0].text}" if len(body) == 1 and isinstance(body[0], Number) else None

    lefts = [left for r in relations if isinstance(left := inside(r.left), Name) and usual_role(left) in LAYERED and above(left)]
    if not lefts:
        return frozenset()
    found = (above(name) for r in relations for side in (r.left, r.right) for name in names_of(side) if usual_role(name) in LAYERED)
    return frozenset(mark for mark in found if mark)


def _note(graph: Graph, side: Node) -> None:
    """Note the names of a side as known."""
    functions = {id(part.function) for part in walk(side) if isinstance(part, Call)}
    for part in walk(side):
        if isinstance(part, Product):
            for item in factors(part):
                if isinstance(item, Name):
                    _known(graph, item)
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


def _function(links: Links, relation: Relation) -> None:
    """s(x) = …: a function of the document's own; also f(net) = 1/(1 + e^{-net}) further on in a chain."""
    left = inside(relation.left)
    if not isinstance(left, Call) or is_loss(left.function) or left.function.scripts or has_gradients(relation.right):
        return
    word, graph = left.function.name, links.graph
    if word in ACTIVATIONS or any(isinstance(part, Call) and part.function.name == word for part in walk(relation.right)):
        return
    try:
        keys = tuple(graph.names.key(p) if isinstance(p := inside(argument), Name) else "" for argument in left.arguments)
        used = {graph.names.key(name) for name in names_of(relation.right) if name.name != "e" and not graph.is_function(name)}
    except MarkError:
        return
    if "" in keys or not used & set(keys) or (relation.step and used != set(keys)):
        return
    if word in graph.functions:
        links.twice.add(word)
        return
    kind = _kind(graph, keys, relation.right) if len(keys) == 1 else None
    if kind is not None:
        graph.activations[word] = kind.removeprefix("flipped ")
        if kind.startswith("flipped"):  # a minus is missing: everyone means the sigmoid
            return
    graph.functions[word] = (keys, relation.right)
    links.places[relation.place] = word


def _kind(graph: Graph, keys: tuple[str, ...], body: Node) -> str | None:
    """The function of the catalogue that a formula of one name is, if it is one."""
    probe = Point(replace(graph, defined={}))
    try:
        value, z = probe.value(body), probe.at(keys[0], Name(None, keys[0]))
        if np.allclose(value, 1 / (1 + np.exp(z))):
            return "flipped sigmoid"
        return next((kind for kind in HIDDEN if np.allclose(value, activate(kind, z))), None)
    except (UnknownError, MarkError):
        return None


def _define(links: Links, relation: Relation) -> None:
    """A left side that is a name without definition is defined by the right side."""
    graph, left, right = links.graph, inside(relation.left), relation.right
    if isinstance(left, Call) and is_loss(left.function):
        left = left.function
    if not isinstance(left, Name):
        return
    try:
        spelled = graph.names.spelled(left)
        used = {graph.names.key(name) for name in names_of(right) if not graph.is_function(name)}
    except MarkError:
        return
    key = spelled.key
    if spelled.letters or spelled.power is not None or spelled.updated or not used or key in used:
        return
    if is_loss(left) and has_gradients(right):
        return
    if key in graph.defined or key in graph.names.alias:
        if key in graph.defined and not has_gradients(right) and right not in links.choices.setdefault(key, [graph.defined[key]]):
            links.choices[key].append(right)
        return
    body = inside(right)
    if isinstance(body, Name) and not graph.is_function(body):
        other = graph.names.spelled(body)
        if not (other.letters or other.power or other.updated) and other.key != key:
            graph.names.alias[key] = other.key
            links.places[relation.place] = key
        return
    if _reaches(graph, used, key):
        return
    graph.defined[key] = right
    links.places[relation.place] = key
    if (flipped := _flipped(graph, right)) is not None:
        links.choices.setdefault(key, [right]).append(flipped)


def _reaches(graph: Graph, used: Iterable[str], key: str) -> bool:
    """Whether a name would be defined by itself."""
    stack, seen = list(used), set()
    while stack:
        top = stack.pop()
        if top == key:
            return True
        if top in seen or top not in graph.defined:
            continue
        seen.add(top)
        for name in names_of(graph.defined[top]):
            try:
                stack.append(graph.names.key(name))
            except MarkError:
                continue
    return False


def _flipped(graph: Graph, right: Node) -> Node | None:
    """1/(1 + e^{net}), in which a minus was left out, with it."""
    variables = [name for name in names_of(right) if name.name != "e" and not graph.is_function(name)]
    if len(variables) != 1 or usual_role(variables[0]) != "Z" or not isinstance(inside(right), Fraction):
        return None
    try:
        probe = Point(replace(graph, defined={}))
        value, z = probe.value(right), probe.value(variables[0])
    except (UnknownError, MarkError):
        return None
    return Call(None, Name(None, "sigmoid"), (variables[0],)) if np.allclose(value, 1 / (1 + np.exp(z))) else None


# links that are left out


def _wanted(links: Links, relations: Iterable[Relation]) -> None:
    """Names without definition that a network computes: units, sums, losses, and whatever a derivative is taken of."""
    graph = links.graph
    for relation in relations:
        for side in (relation.left, relation.right):
            for part in walk(side):
                meant = part if isinstance(part, Derivative) else as_derivative(part)
                if meant is not None and isinstance(of := inside(meant.of), Name):
                    _uncertain(graph, of)
        if isinstance(left := inside(relation.left), Name) and not _plain_number(relation.right):
            _uncertain(graph, left)
    for name in list(graph.known.values()):
        if usual_role(name) in {"A", "Z", "output", "delta", "loss"} and not name.name.startswith("in"):
            _uncertain(graph, name)


def _uncertain(graph: Graph, name: Name) -> None:
    try:
        spelled = graph.names.spelled(name)
    except MarkError:
        return
    first = spelled.suffix in {"0", "^0", "^[0]", "[0]"}
    if spelled.key not in graph.defined and usual_role(name) not in EVIDENT and not first and not spelled.updated and not spelled.letters:
        graph.uncertain.add(spelled.key)
        graph.known.setdefault(spelled.key, name)


def _plain_number(node: Node) -> bool:
    return not any(isinstance(part, Name | Derivative | Differential) for part in walk(node))


def _completed(links: Links) -> bool:
    """Give one more name what it must be; False where nothing is left to give."""
    graph = links.graph
    for key in sorted(graph.uncertain - set(graph.defined)):
        if key in graph.names.alias:
            continue
        if (same := _unit(graph, key)) is not None:
            graph.names.alias[key] = same
            graph.uncertain.discard(key)
            graph.known.setdefault(same, graph.known[key])
            return True
        found = _sibling(links, key) or _activation(links, key)
        if found is not None:
            graph.defined[key] = found
            _note(graph, found)
            for name in names_of(found):
                if usual_role(name) in {"A", "Z", "output"}:
                    _uncertain(graph, name)
            return True
    return False


def _unit(graph: Graph, key: str) -> str | None:
    """h1 for out_{h1}: a unit's name for its output."""
    if not LETTERED.fullmatch(key):
        return None
    outputs = [k for k, name in graph.known.items() if k.endswith(key) and k != key and usual_role(name) == "A" and graph.names.spelled(name).suffix == key]
    return outputs[0] if len(outputs) == 1 else None


def _with_suffix(name: Name, suffix: str) -> Name:
    part: Node = Number(None, float(suffix), suffix) if suffix.isdigit() else Name(None, suffix)
    return replace(name, span=None, scripts=(Script(None, "sub", (part,)),))


def _renamed(node: Node, pairs: Iterable[tuple[Name, Name]]) -> Node:
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
            return _renamed(body, [(name, _with_suffix(name, own.suffix)) for name in names])
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
            pairs.append((name, _with_suffix(name, suffix.replace(units[0], units[1]))))
        elif double:
            pairs.append((name, _with_suffix(name, "".join(new if p == double[0] else d for p, d in enumerate(suffix)))))
        elif suffix.isdigit() and len(numbers) == numbers[-1] - numbers[0] + 1:
            pairs.append((name, _with_suffix(name, str(int(suffix) + step * len(numbers)))))
        else:
            pairs.append((name, _with_suffix(name, f"{suffix}of{units[1]}")))
    pairs += [(name, _with_suffix(name, units[1])) for name, suffix in zip(names, suffixes, strict=True) if suffix == units[0]]
    return _renamed(body, pairs)


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


def _loss(links: Links, relations: Iterable[Relation]) -> None:
    """Which loss gradients are of: the one that no other loss is made of; one that is tried where none is defined."""
    graph = links.graph
    used = {graph.names.key(n) for body in graph.defined.values() for n in names_of(body) if _plain(graph, n)}
    losses = [key for key in graph.defined if key in graph.known and is_loss(graph.known[key])]
    tops = [key for key in losses if key not in used] or losses
    if not tops:
        tops = [key for key in graph.defined if key not in used and any(_is_target(graph, n) for n in names_of(graph.defined[key])) and not has_gradients(graph.defined[key])]
        tops = [key for key in tops if usual_role(graph.known[key]) not in {"delta", "Z", "A", "output"}]
    if tops:
        graph.loss = next((key for key in tops if "tot" in key.lower()), tops[0])
        return
    asked = any(isinstance(p, Differential) or (isinstance(p, Derivative) and isinstance(inside(p.of), Name) and is_loss(inside(p.of))) for r in relations for s in (r.left, r.right) for p in walk(s))  # type: ignore[arg-type]
    outputs = [key for key, name in graph.known.items() if key in graph.defined and usual_role(name) in {"A", "output"} and key not in used]
    targets = [key for key, name in graph.known.items() if usual_role(name) == "Y" and key not in graph.defined]
    if not asked or len(outputs) != 1 or len(targets) != 1:
        return
    a, y = graph.known[outputs[0]], graph.known[targets[0]]
    bodies = _losses(a, y)
    graph.loss = "loss?"
    graph.known["loss?"] = Name(None, "loss?")
    graph.defined["loss?"] = bodies[0]
    links.choices["loss?"] = bodies
    links.presumed.add("loss?")


def _is_target(graph: Graph, name: Name) -> bool:
    return usual_role(name) == "Y" and _plain(graph, name)


def _losses(a: Node, y: Node) -> list[Node]:
    """Half the squared error, the squared error, and cross-entropy for yes and no."""

    def rest(node: Node) -> Node:
        return Group(None, Sum(None, (Number(None, 1.0, "1"), node), ("+", "-")))

    def log(node: Node) -> Node:
        return Call(None, Name(None, "log"), (node,))

    square = Scripted(None, Group(None, Sum(None, (a, y), ("+", "-"))), (Script(None, "sup", (Number(None, 2.0, "2"),)),))
    entropy = Sum(None, (Product(None, (y, log(a)), ("",)), Product(None, (rest(y), log(rest(a))), ("",))), ("-", "-"))
    return [Product(None, (Number(None, 0.5, "0.5"), square), ("",)), square, entropy]


__all__ = ["DRAWS", "Links", "links_of"]
