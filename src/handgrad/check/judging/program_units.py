"""What names of units tell by themselves: net_{o1}, out_{o1}, E_{o1}, target_{o1} are those of the first output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product as combinations

from handgrad.check.judging.program_graph import Links, marks_of
from handgrad.check.judging.program_loss import usual_losses
from handgrad.check.judging.program_missing import LETTERED, note, renamed, with_suffix
from handgrad.check.judging.program_names import is_loss, names_of
from handgrad.check.judging.program_sums import family
from handgrad.check.tree import BigSum, Call, Derivative, Name, Node, Product, Script, Sum, walk
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import usual_role

ROLES = {"Z": "net", "A": "out", "loss": "E", "Y": "target"}
FEWEST_INPUTS, MOST = 2, 6
ACTIVATION = "activation"
"""What the function of units is called whose function the document does not give."""


@dataclass
class _Units:
    """The units by their letter, the names of what they have, the weights that are numbered through and the inputs."""

    numbers: dict[str, set[int]] = field(default_factory=dict)
    names: dict[str, Name] = field(default_factory=dict)
    weight: Name | None = None
    input: Name | None = None
    inputs: int = FEWEST_INPUTS


def by_units(links: Links, relations: Iterable[Relation]) -> None:
    """Define what is still open for units that the document names h1, h2, …, o1, o2, …: sums, outputs, errors and their total."""
    graph = links.graph
    open_ = [key for key in graph.uncertain if LETTERED.fullmatch(_suffix(links, key))]
    if not any(usual_role(graph.known[key]) in {"Z", "A", "loss"} for key in open_):
        return
    units = _found(links)
    outputs = sorted(units.numbers.get("o", ()))
    if not outputs or not units.numbers.get("h") or set(units.numbers) - {"o", "h"}:
        return
    inputs, hidden = _widths(links, units, relations)
    for number in range(1, hidden + 1):
        below = [with_suffix(units.input or Name(None, "i"), str(k + 1)) for k in range(inputs)]
        _unit(links, units, ("h", number), below, 1 + (number - 1) * inputs)
    for number in outputs:
        below = [with_suffix(units.names["A"], f"h{k + 1}") for k in range(hidden)]
        _unit(links, units, ("o", number), below, 1 + hidden * inputs + (number - 1) * hidden)
    errors = [with_suffix(units.names["loss"], f"o{number}") for number in outputs]
    asked = any(graph.names.key(error) in graph.known for error in errors) or not any(
        is_loss(graph.known[key]) for key in graph.defined
    )
    for number, error in zip(outputs, errors, strict=True) if asked else ():
        out, target = (with_suffix(units.names[role], f"o{number}") for role in ("A", "Y"))
        _presume(links, error, _part(links, f"o{number}") or usual_losses(out, target)[0])
    totals = (name for key, name in graph.known.items() if key in graph.uncertain and "tot" in key and usual_role(name) == "loss")
    if (total := next(totals, None)) is not None:
        _presume(links, total, Sum(None, tuple(errors), ("+",) * len(errors)) if len(errors) > 1 else errors[0])


def _part(links: Links, unit: str) -> Node | None:
    """What a sum over the outputs, as Σ ½ (target - output)², has for one of them."""
    graph = links.graph
    for body in graph.defined.values():
        sums = [part for part in walk(body) if isinstance(part, BigSum)]
        for bound in family(graph, sums[0]) if sums else []:
            if all(_suffix(links, key) == unit for key in bound.values()):
                names = [(name, bound.get("=" + graph.names.key(name))) for name in names_of(sums[0].body)]
                return renamed(sums[0].body, [(name, graph.known[key]) for name, key in names if key])
    return None


def _widths(links: Links, units: _Units, relations: Iterable[Relation]) -> tuple[int, int]:
    """How many inputs and hidden units there are: the fewest with which the numbered weights belong to the right sums."""
    pairs = []
    for part in (part for relation in relations for part in relation.parts()):
        if isinstance(part, Derivative) and isinstance(part.of, Name) and isinstance(part.by, Name) and usual_role(part.of) == "Z":
            of, by = (marks_of(links.graph.names, name) for name in (part.of, part.by))
            unit = LETTERED.fullmatch(of.suffix) if of is not None else None
            if unit and by is not None and usual_role(part.by) == "W" and by.suffix.isdigit():
                pairs.append((unit[1], int(unit[2]), int(by.suffix)))
    fewest = max(units.numbers["h"])
    for inputs, hidden in sorted(combinations(range(units.inputs, MOST), range(fewest, MOST)), key=sum):
        if all(weight in _weights(letter, number, inputs, hidden) for letter, number, weight in pairs):
            return inputs, hidden
    return units.inputs, fewest


def _weights(letter: str, number: int, inputs: int, hidden: int) -> range:
    if letter == "h":
        return range(1 + (number - 1) * inputs, 1 + number * inputs)
    return range(1 + inputs * hidden + (number - 1) * hidden, 1 + inputs * hidden + number * hidden)


def _suffix(links: Links, key: str) -> str:
    marks = marks_of(links.graph.names, links.graph.known[key])
    return marks.suffix if marks is not None else ""


def _found(links: Links) -> _Units:
    units = _Units()
    for key, name in links.graph.known.items():
        role, suffix = usual_role(name), _suffix(links, key)
        lettered = LETTERED.fullmatch(suffix)
        if lettered and role in ROLES:
            units.numbers.setdefault(lettered[1], set()).add(int(lettered[2]))
            units.names.setdefault(role, name)
        elif role == "W" and suffix.isdigit() and len(suffix) == 1:
            units.weight = units.weight or name
        elif suffix.isdigit() and len(suffix) == 1 and (role == "X" or name.name == "i"):
            units.input, units.inputs = name, max(units.inputs, int(suffix))
    for role, word in ROLES.items():
        units.names.setdefault(role, Name(None, word))
    return units


def _unit(links: Links, units: _Units, unit: tuple[str, int], below: Sequence[Node], first: int) -> None:
    """The sum and the output of one unit; its weights are numbered on from `first` as everyone does."""
    letter, number = unit
    suffix = f"{letter}{number}"
    net, out = with_suffix(units.names["Z"], suffix), with_suffix(units.names["A"], suffix)
    stem = units.weight or Name(None, "w", (Script(None, "sub", (Name(None, "unnamed"),)),))
    weights = [with_suffix(stem, str(first + k) if units.weight is not None else f"of{suffix}from{k}") for k in range(len(below))]
    bias = with_suffix(Name(None, "b"), "1" if letter == "h" else "2")
    terms = (*(Product(None, (w, x), ("",)) for w, x in zip(weights, below, strict=True)), bias)
    _presume(links, net, Sum(None, terms, ("+",) * len(terms)))
    _presume(links, out, Call(None, Name(None, ACTIVATION), (net,)))
    links.letters.add(ACTIVATION)


def _presume(links: Links, name: Name, body: Node) -> None:
    graph = links.graph
    key = graph.names.key(name)
    if key in graph.defined:
        return
    graph.known.setdefault(key, name)
    graph.defined[key] = body
    note(graph, body)
    links.presumed.add(key)
    links.units.add(key)
