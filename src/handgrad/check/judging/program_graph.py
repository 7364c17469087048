"""A program of numbers: names that are defined by formulas of other names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from handgrad.check.judging.evaluating import PLAIN_FUNCTIONS, slope_of
from handgrad.check.judging.program_names import MarkError, Names, Spelled, is_loss, names_of
from handgrad.check.tree import BigSum, Name, Node, walk
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, usual_role

EVIDENT = frozenset({"W", "b", "X", "Y", "rate", "penalty", "m"})
"""Roles of names that need no definition."""


@dataclass(eq=False)
class Graph:
    """What a document defines.

    `loss` is the key that gradients without a numerator are of, `known` are all keys that occur in it, `activations` what its
    letters for functions are, `uncertain` the keys without definition that may depend on others; `work` counts what is worked out.
    """

    names: Names
    defined: dict[str, Node] = field(default_factory=dict)
    functions: dict[str, tuple[tuple[str, ...], Node]] = field(default_factory=dict)
    activations: dict[str, str] = field(default_factory=dict)
    known: dict[str, Name] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)
    loss: str | None = None
    work: list[int] = field(default_factory=lambda: [0])

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
        from handgrad.check.judging.program_sums import named_in_sum

        names = (
            name for body in [*self.defined.values(), *(body for _, body in self.functions.values())] for name in names_of(body)
        )
        found = {marks.key for name in names if (marks := marks_of(self.names, name)) is not None}
        sums = [part for body in self.defined.values() for part in walk(body) if isinstance(part, BigSum)]
        return frozenset(found.union(*(named_in_sum(self, part) for part in sums)))

    def is_the_loss(self, key: str, name: Name) -> bool:
        """Whether a name is one more for the loss: E, C_0, J beside L; but not E_{o2}, which is a part of it."""
        suffix = self.names.spelled(name).suffix
        return is_loss(name) and key not in self.defined and (not any(c.isdigit() for c in suffix) or suffix == "0")


def marks_of(names: Names, name: Name) -> Spelled | None:
    """How a name is spelled, or None where its marks are not those of a number's name."""
    try:
        return names.spelled(name)
    except MarkError:
        return None


@dataclass
class Links:
    """A program as far as a document gives it.

    `places` are the relations that define, by place; `choices` are other definitions that a name might have; `presumed` are names
    with a definition that the document does not give, `units` those of them that are made of what their names say; `twice` are
    functions with two definitions, `letters` functions without any.
    """

    graph: Graph
    places: dict[int, str] = field(default_factory=dict)
    choices: dict[str, list[Node]] = field(default_factory=dict)
    presumed: set[str] = field(default_factory=set)
    units: set[str] = field(default_factory=set)
    twice: set[str] = field(default_factory=set)
    letters: set[str] = field(default_factory=set)
