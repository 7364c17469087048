"""From the relations of a document to a program of numbers: what they define."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from handgrad.check.judging.evaluating import UnknownError
from handgrad.check.judging.program_graph import Graph, Links
from handgrad.check.judging.program_missing import HIDDEN, complete, note
from handgrad.check.judging.program_names import MarkError, Names, has_gradients, is_loss, names_of, variables
from handgrad.check.judging.program_point import Point
from handgrad.check.judging.world import activate
from handgrad.check.tree import Call, Fraction, Name, Node, Number, bare, walk
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, LAYERED, usual_role

DEFINES = frozenset({"=", ":=", "<-", "equiv"})


def links_of(relations: Sequence[Relation], activations: Mapping[str, str]) -> Links:
    """What the relations define, completed."""
    names = Names(_raised(relations))
    links = Links(Graph(names, activations=dict(activations)))
    for relation in relations:
        if relation.op in DEFINES and relation.unreadable() is None:
            _function(links, relation)
    for relation in relations:
        for side in relation.sides:
            note(links.graph, side)
    for call in (part for r in relations for part in r.parts() if isinstance(part, Call)):
        word = call.function.name
        if word in GENERIC and not (word == "sigma" or word in links.graph.functions or word in links.graph.activations):
            links.letters.add(word)
    for gradients in (False, True):
        for relation in relations:
            if relation.op in DEFINES and relation.unreadable() is None and has_gradients(relation.right) == gradients:
                _define(links, relation)
    links.graph.known = {names.final(key): name for key, name in links.graph.known.items()}
    complete(links, relations)
    graph = links.graph
    graph.uncertain = {
        k for k in graph.uncertain if k not in graph.defined and not (graph.loss and graph.is_the_loss(k, graph.known[k]))
    }
    links.graph = replace(graph)  # as it is now, with nothing remembered
    return links


def _raised(relations: Iterable[Relation]) -> frozenset[str]:
    """Names of layers with plain numbers above that are no powers, where a left side shows that there are such."""

    def above(name: Name) -> str | None:
        body = next((s.body for s in name.scripts if s.kind == "sup"), ())
        return f"{name.name}^{body[0].text}" if len(body) == 1 and isinstance(body[0], Number) else None

    lefts = [left for r in relations if isinstance(left := bare(r.left), Name) and usual_role(left) in LAYERED and above(left)]
    if not lefts:
        return frozenset()
    found = (above(name) for r in relations for side in r.sides for name in names_of(side) if usual_role(name) in LAYERED)
    return frozenset(mark for mark in found if mark)


def _function(links: Links, relation: Relation) -> None:
    """s(x) = …: a function of the document's own; also f(net) = 1/(1 + e^{-net}) further on in a chain."""
    left = bare(relation.left)
    if not isinstance(left, Call) or is_loss(left.function) or left.function.scripts or has_gradients(relation.right):
        return
    word, graph = left.function.name, links.graph
    if word in ACTIVATIONS or any(isinstance(part, Call) and part.function.name == word for part in walk(relation.right)):
        return
    try:
        keys = tuple(graph.names.key(p) if isinstance(p := bare(argument), Name) else "" for argument in left.arguments)
        used = {graph.names.key(name) for name in variables(relation.right)}
    except MarkError:
        return
    if "" in keys or not used & set(keys) or (relation.step and used != set(keys)):
        return
    if word in graph.functions:
        links.twice.add(word)
        return
    kind = kind_of(graph, keys, relation.right) if len(keys) == 1 else None
    if kind is not None:
        graph.activations[word] = kind.removeprefix("flipped ")
        if kind.startswith("flipped"):  # a minus is missing: everyone means the sigmoid
            return
    graph.functions[word] = (keys, relation.right)
    links.places[relation.place] = word


def kind_of(graph: Graph, keys: tuple[str, ...], body: Node) -> str | None:
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
    graph, left, right = links.graph, bare(relation.left), relation.right
    if isinstance(left, Call) and is_loss(left.function):
        left = left.function
    if not isinstance(left, Name):
        return
    try:
        spelled = graph.names.spelled(left)
        used = {graph.names.key(name) for name in variables(right)}
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
    body = bare(right)
    if isinstance(body, Name):
        if usual_role(left) in {"W", "b", "X", "rate", "penalty"}:
            return  # w_1 = w_2 = 0.5 gives both a value
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
    names = variables(right)
    if len(names) != 1 or usual_role(names[0]) != "Z" or not isinstance(bare(right), Fraction):
        return None
    try:
        probe = Point(replace(graph, defined={}))
        value, z = probe.value(right), probe.value(names[0])
    except (UnknownError, MarkError):
        return None
    return Call(None, Name(None, "sigmoid"), (names[0],)) if np.allclose(value, 1 / (1 + np.exp(z))) else None
