"""What the names of a formula mean in one world: the layer of a name, its quantity, the activation of a function."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product as combinations
from typing import Self

from handgrad.calculus.functions import Array
from handgrad.check.judging.lexicon import NO_LAYER, Lexicon, Meaning, UnknownError, shown_name, slope_of, spelled
from handgrad.check.judging.limits import TOO_LONG, late
from handgrad.check.judging.values import MisfitError, Value
from handgrad.check.judging.world import EXAMPLE, ONE, World, units
from handgrad.check.tree import Name, Node, Number, Sum
from handgrad.check.understanding.names import Marker, Marks, named
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, LAYERED, is_hat
from handgrad.check.understanding.setting import Setting

MOST = 12
SHIFTS = {
    "W": "weights_from",
    "b": "weights_from",
    "accumulated": "weights_from",
    "mean gradient": "weights_from",
    "delta": "deltas",
    "Z": "sums",
}
"""By the role of a name, the part of a setting that says from where its marks of layers count; units otherwise."""
GRADIENTS = {"delta": "Z", "accumulated": "W", "mean gradient": "W"}
"""By the role of a name that is a gradient, the quantity that it is by."""


class Reader(ABC):
    """What names mean in one world.

    `env` has the layers that counters stand for, `locals` the values of names that a formula defines, `summed` the indices of the
    sums around a part. `target` is the value of a relation's left side, by which what its right side leaves open is settled; with
    `loose`, the order of factors and their transposes are left aside. `upside_down` is set where a derivative was read with its
    two parts exchanged.
    """

    def __init__(self, world: World, setting: Setting, lexicon: Lexicon, env: Mapping[str, int] | None = None) -> None:
        self.world, self.setting, self.lexicon = world, setting, lexicon
        self.env = dict(env or {})
        self.marker = lexicon.marker
        self.locals: dict[str, list[Value]] = {}
        self.target: Value | None = None
        self.loose = False
        self.summed: tuple[str, ...] = ()
        self.upside_down = False

    @abstractmethod
    def values(self, node: Node) -> list[Value]:
        """All values that a formula may have. Raises UnknownError and MisfitError."""

    def attempt(self, compute: Callable[[], list[Value]]) -> list[Value]:
        """The values, or none where they do not fit."""
        try:
            return compute()
        except MisfitError:
            return []

    def each(self, nodes: Sequence[Node], compute: Callable[..., Value]) -> list[Value]:
        """Compute for all readings of the parts. Raises the first misfit where none fits."""
        found, first = [], None
        for values in combinations(*(self.values(node) for node in nodes)):
            if late():
                raise UnknownError(None, TOO_LONG)
            try:
                found.append(compute(*values))
            except MisfitError as error:
                first = first or error
            if len(found) >= MOST:
                break
        if not found:
            raise first or MisfitError("nothing fits")
        return found

    def elsewhere(self, world: World) -> Self:
        """The same evaluator in another world."""
        other = type(self)(world, self.setting, self.lexicon, self.env)
        other.locals = self.locals
        other.target = self.target
        return other

    def layer_number(self, node: Node) -> int:
        """The number that a mark of a layer comes to, as it is written."""
        if isinstance(node, Number) and float(node.value).is_integer():
            return int(node.value)
        if isinstance(node, Name) and not node.scripts:
            if node.name in self.env:
                return self.env[node.name]
            if node.name == "L":
                return self.setting.L - self.setting.units
        if isinstance(node, Sum):
            return sum(
                (-1 if sign == "-" else 1) * self.layer_number(term) for term, sign in zip(node.terms, node.signs, strict=True)
            )
        raise UnknownError(node, "this mark is not understood as a layer")

    def layer(self, name: Name, marks: Marks, role: str) -> int:
        """The layer of a name, counted as the network does."""
        setting = self.setting
        if marks.layer is not None:
            if isinstance(marks.layer, Name) and marks.layer.name == "L" and "L" not in self.env:
                return setting.L
            return self.layer_number(marks.layer) + int(getattr(setting, SHIFTS.get(role, "units")))
        for word in marks.words:
            if word in setting.labels:
                return setting.labels[word]
            if word in {"output", "out", "o", "last"}:
                return setting.L
            if word in {"hidden", "hid", "h"} and setting.L == 2:
                return 1
        if setting.letters and marks.indices:
            letters = [i.name for i in marks.indices if isinstance(i, Name)]
            if role in {"W", "accumulated", "mean gradient"} and len(letters) == 2:
                letters = letters[:1] if setting.order == "out-in" else letters[1:]
            if letters and letters[0] in setting.letters:
                return setting.letters[letters[0]]
            if letters and role not in {"W", "accumulated", "mean gradient"}:
                return setting.L
        fixed = self.lexicon.fixed.get((name.name, is_hat(name)))
        if fixed is not None:
            return fixed
        if setting.L == 1:
            return 1
        if setting.top:
            return setting.L
        raise UnknownError(name, f"{NO_LAYER} {name.name} is")

    def of_loss(self, name: Name) -> Meaning | None:
        """The quantity by which the loss is differentiated; without a mark of a layer, A and Z are those of the last one."""
        try:
            return self.meaning(name)
        except UnknownError:
            role = self.lexicon.habit.role(name)
            if role not in {"A", "Z"}:
                raise
            return Meaning((role, self.world.L), gradient=False, marks=self.marker.marks(name))

    def meaning(self, name: Name) -> Meaning | None:
        """The quantity that a name stands for, if it is one of a network."""
        role = self.lexicon.habit.role(name)
        marks = self.marker.marks(name)
        if role == "X":
            return Meaning(("A", 0), gradient=False, marks=marks)
        if role == "Y":
            return Meaning(("Y", 0), gradient=False, marks=marks)
        if role == "output":
            return Meaning(("A", self.world.L), gradient=False, marks=marks)
        if role == "loss":
            return Meaning(("J", 0), gradient=False, marks=marks)
        if role in LAYERED:
            return Meaning((GRADIENTS.get(role, role), self.layer(name, marks, role)), role in GRADIENTS, marks)
        return None

    def axis(self, name: str) -> str:
        """An axis by the name that it has here: one row or column where it has one entry by the setting."""
        if name == EXAMPLE:
            return EXAMPLE if self.setting.batch else ONE
        if self.setting.scalar or (self.setting.one_output and name == units(self.world.L)):
            return ONE
        return name

    def size(self, axis: str) -> int:
        """How long an axis is."""
        return self.world.m if axis == EXAMPLE else self.world.shape.widths[int(axis.rsplit(" ", 1)[1])]

    def array(self, meaning: Meaning) -> Array:
        """The numbers of a quantity or of its gradient."""
        try:
            return self.world.gradient(meaning.key) if meaning.gradient else self.world[meaning.key]
        except KeyError:
            kind, layer = meaning.key
            raise MisfitError(f"there is no {kind} of layer {layer}", "layer") from None

    def is_function(self, name: Name) -> bool:
        """Whether a name is that of an activation function or of one that the document defines."""
        return (
            name.name in ACTIVATIONS
            or name.name in GENERIC
            or name.name in self.lexicon.functions
            or slope_of(name.name) is not None
        )

    def kinds(self, name: Name, argument: Node | None, value: Value | None) -> list[str]:
        """The activations that a call may mean: σ is the sigmoid, or that of the layer."""
        found = [self.activation(name, argument, value)]
        if name.name == "sigma" and self.lexicon.loose_sigma:
            with suppress(UnknownError):
                found.append(self.world.shape.activations[self.function_layer(name, argument, value) - 1])
        return list(dict.fromkeys(found))

    def activation(self, name: Name, argument: Node | None, value: Value | None) -> str:
        """The catalogue's name of the activation that is called."""
        words = self.marker.marks(name).words
        for word in (name.name, *words):
            if word in ACTIVATIONS:
                return ACTIVATIONS[word]
        if name.name == "sigma" and not self.lexicon.generic_sigma:
            return "sigmoid"
        return self.world.shape.activations[self.function_layer(name, argument, value) - 1]

    def function_layer(self, name: Name, argument: Node | None, value: Value | None) -> int:
        """The layer whose activation is meant: by its mark, or by what it is of."""
        marks = Marker(
            replace(self.lexicon.habit, roles={**self.lexicon.habit.roles, (name.name, is_hat(name)): "function"})
        ).marks(name)
        if marks.layer is not None:
            try:
                layer = self.layer(name, marks, "A")
            except UnknownError:
                layer = 0
            if 1 <= layer <= self.world.L:
                return layer
        if self.setting.letters and marks.indices and spelled(marks.indices[0]) in self.setting.letters:
            return self.setting.letters[spelled(marks.indices[0])]
        if value is not None:
            for axis in (*(axis for _, axis in value.letters), *(value.matrix or ())):
                if axis.startswith("units") and not axis.endswith(" 0"):
                    return int(axis.rsplit(" ", 1)[1])
        for part in named(argument) if argument is not None else ():
            found = None
            try:
                found = self.meaning(part)
            except UnknownError:
                continue
            if found is not None and found.key[0] in {"Z", "A", "W", "b"} and found.key[1] >= 1:
                return found.key[1]
        if len(set(self.world.shape.activations)) == 1 or self.world.L == 1:
            return 1
        raise UnknownError(name, f"it is not said of which layer {shown_name(name)} is")
