"""A program of numbers: names that are defined by formulas of other names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from handgrad.check.judging.evaluating import PLAIN_FUNCTIONS, UnknownError, slope_of
from handgrad.check.judging.program_names import INDICES, MarkError, Names, Spelled, is_loss, names_of
from handgrad.check.tree import BigSum, Name, Node, walk
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, usual_role

MEMBERS = 12
EVIDENT = frozenset({"W", "b", "X", "Y", "rate", "penalty", "m"})
"""Roles of names that need no definition."""


@dataclass(eq=False)
class Graph:
    """What a document defines. `loss` is the key that gradients without a numerator are of, `known` are all keys that occur in it,
    `activations` what its letters for activation functions are, `uncertain` the keys without definition that may depend on others.
    """

    names: Names
    defined: dict[str, Node] = field(default_factory=dict)
    functions: dict[str, tuple[tuple[str, ...], Node]] = field(default_factory=dict)
    activations: dict[str, str] = field(default_factory=dict)
    known: dict[str, Name] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)
    loss: str | None = None

    def but(self, key: str, node: Node) -> Graph:
        """The graph with another definition of a name."""
        return replace(self, defined={**self.defined, key: node})

    def is_function(self, name: Name) -> bool:
        """Whether a name is used as a function, not as a factor before brackets."""
        word = name.name
        return (
            word in self.functions
            or word in ACTIVATIONS
            or word in PLAIN_FUNCTIONS
            or word in GENERIC
            or slope_of(word) is not None
        )

    def sure(self, key: str) -> bool:
        """Whether it is certain what a name is: it is defined, or definitions are made of it."""
        name = self.known.get(key)
        return key in self.defined or key in self.used or (name is not None and usual_role(name) in {"rate", "penalty", "m"})

    @cached_property
    def used(self) -> frozenset[str]:
        """The names that definitions are made of."""
        names = (
            name for body in [*self.defined.values(), *(body for _, body in self.functions.values())] for name in names_of(body)
        )
        found = {marks.key for name in names if (marks := marks_of(self.names, name)) is not None}
        sums = {
            key for body in self.defined.values() for part in walk(body) if isinstance(part, BigSum) for key in self.family_of(part)
        }
        return frozenset(found | sums)

    def family_of(self, node: BigSum) -> Iterable[str]:
        """The names that a sum is of beyond those that it has."""
        from handgrad.check.judging.program_point import Point

        point = Point(self)
        try:
            point.big_sum(node, {})
        except (UnknownError, MarkError):
            return ()
        return point.seen

    def is_the_loss(self, key: str, name: Name) -> bool:
        """Whether a name is one more for the loss: E, C_0, J beside L; but not E_{o2}, which is a part of it."""
        suffix = self.names.spelled(name).suffix
        return is_loss(name) and key not in self.defined and (not any(c.isdigit() for c in suffix) or suffix == "0")

    def members(self, names: Iterable[Name], letter: str) -> list[str]:
        """What an index letter may be replaced by so that all names that have it are known: 1, 2, … or o1, o2, …"""
        found: list[str] | None = None
        for name in names:
            spelled = marks_of(self.names, name)
            if spelled is None or letter not in (*spelled.letters, spelled.suffix):
                if spelled is None or not any(isinstance(p, Name) and p.name == letter for s in name.scripts for p in s.body):
                    continue
            have = [text for text in self.labels(letter) if self.names.key(name, {letter: text}) in self.known]
            found = have if found is None else [text for text in found if text in have]
        return (found or [])[:MEMBERS]

    def labels(self, letter: str) -> list[str]:
        """All texts that may stand for an index letter."""
        marks = {key: marks_of(self.names, name) for key, name in self.known.items()}
        suffixes = {s.suffix for s in marks.values() if s is not None and s.suffix and not s.letters}
        units = [s for s in suffixes if s.startswith(letter) or (letter in INDICES and s[:1].isalpha())]
        return [*map(str, range(MEMBERS)), *sorted(u for u in units if u != letter)]


def marks_of(names: Names, name: Name) -> Spelled | None:
    """How a name is spelled, or None where its marks are not those of a number's name."""
    try:
        return names.spelled(name)
    except MarkError:
        return None


@dataclass
class Links:
    """A program as far as a document gives it. `places` are the relations that define, by place; `choices` are other definitions that a
    name might have; `presumed` are names with a definition that the document does not give, `twice` functions with two definitions,
    `letters` functions without any, and `units` names that are presumed but what they are made of is sure, as units have such names.
    """

    graph: Graph
    places: dict[int, str] = field(default_factory=dict)
    choices: dict[str, list[Node]] = field(default_factory=dict)
    presumed: set[str] = field(default_factory=set)
    units: set[str] = field(default_factory=set)
    twice: set[str] = field(default_factory=set)
    letters: set[str] = field(default_factory=set)
