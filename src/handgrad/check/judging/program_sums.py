"""What a sum in a program of numbers runs over: Σ_i w_i x_i, Σ_o E_o, Σ ½ (target - output)²."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from handgrad.check.judging.evaluating import UnknownError
from handgrad.check.judging.program_graph import Graph, marks_of
from handgrad.check.judging.program_names import INDICES, names_of
from handgrad.check.tree import BigSum, Name, Node, Number, walk
from handgrad.check.understanding.roles import usual_role

Bound: TypeAlias = Mapping[str, str]
"""What index letters stand for; and by "=" and a key, the name that is meant by another one."""
MEMBERS = 12
KINDS = {"Y": "target", "A": "output", "output": "output"}


def terms(graph: Graph, node: BigSum, letters: Sequence[str]) -> list[Bound]:
    """What the index of a sum stands for, one after the other; nothing where no name has it, so that there is one example only."""
    names = [name for name in names_of(node.body) if name.scripts]
    for letter in letters:
        if any(_has(name, letter) for name in names):
            found = [text for text in members(graph, names, letter) if _within(text, node.lower, node.upper)]
            if not found:
                raise UnknownError(node, f"what the index {letter} runs over is not known")
            return [{letter: text} for text in found]
    return []


def members(graph: Graph, names: Iterable[Name], letter: str) -> list[str]:
    """What an index letter may be replaced by so that all names that have it are known: 1, 2 and so on, or o1, o2."""
    found: list[str] | None = None
    for name in names:
        if marks_of(graph.names, name) is not None and _has(name, letter):
            have = [text for text in _labels(graph, letter) if graph.names.key(name, {letter: text}) in graph.known]
            found = have if found is None else [text for text in found if text in have]
    return (found or [])[:MEMBERS]


def _has(name: Name, letter: str) -> bool:
    return any(
        isinstance(part, Name) and part.name == letter for script in name.scripts for body in script.body for part in walk(body)
    )


def _labels(graph: Graph, letter: str) -> list[str]:
    """All texts that may stand for an index letter."""
    marks = [marks_of(graph.names, name) for name in graph.known.values()]
    suffixes = {mark.suffix for mark in marks if mark is not None and mark.suffix and not mark.letters}
    units = [suffix for suffix in suffixes if suffix.startswith(letter) or (letter in INDICES and suffix[:1].isalpha())]
    return [*map(str, range(MEMBERS)), *sorted(unit for unit in units if unit != letter)]


def _within(text: str, lower: Node | None, upper: Node | None) -> bool:
    """Whether a number lies between the limits of a sum, where these are numbers."""
    if not text.isdigit():
        return True
    low = isinstance(lower, Number) and int(text) < lower.value
    return not low and not (isinstance(upper, Number) and int(text) > upper.value)


def family(graph: Graph, node: BigSum) -> list[Bound]:
    """The names of each output in the place of names that no output has, as target and output."""
    general: dict[str, str] = {}
    units: dict[str, dict[str, str]] = {}
    for name in names_of(node.body):
        marks, kind = marks_of(graph.names, name), KINDS.get(usual_role(name) or "")
        if marks is not None and kind and not marks.suffix and marks.key not in graph.defined:
            general[marks.key] = kind
    if set(general.values()) != {"target", "output"}:
        return []
    for key, name in graph.known.items():
        marks, kind = marks_of(graph.names, name), KINDS.get(usual_role(name) or "")
        if marks is not None and kind and marks.suffix and not marks.letters:
            units.setdefault(marks.suffix, {}).setdefault(kind, key)
    whole = [names for _, names in sorted(units.items()) if len(names) > 1]
    return [{"=" + key: names[kind] for key, kind in general.items()} for names in whole]


def named_in_sum(graph: Graph, node: BigSum) -> set[str]:
    """The names that a sum is of beyond those that it has."""
    letters = [name.name for name in names_of(node.index)] if node.index is not None else []
    try:
        texts = terms(graph, node, letters) or family(graph, node)
    except UnknownError:
        return set()
    found = set()
    for bound in texts:
        for name in names_of(node.body):
            if marks_of(graph.names, name) is not None:
                key = graph.names.key(name, bound)
                found.add(bound.get("=" + key, key))
    return found
