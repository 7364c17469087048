"""Names as values: the arrays of quantities shown with their indices, constants, slopes at a layer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.catalogue.lookup import find_activation
from handgrad.check.judging.lexicon import Meaning, UnknownError, shown_name, spelled
from handgrad.check.judging.reader import Reader
from handgrad.check.judging.values import MisfitError, Value, elementwise, number
from handgrad.check.judging.world import EXAMPLE, ONE, slope, units
from handgrad.check.tree import Fraction, Group, Name, Node, Number, Product, Sum, Words
from handgrad.check.understanding.names import Marks, is_name
from handgrad.check.understanding.roles import LAYERED

EXAMPLE_INDICES = frozenset({"i", "n", "m", "p", "s", "t", "r", "x", "mu", "examples", "samples", "batch", "data", "training"})
"""What sums over the examples run over, also where it is not written at what is summed."""
CONSTANTS = {"rate": 1.0, "penalty": 0.23, "e": math.e, "pi": math.pi}


class Quantities(Reader):
    """Evaluates names."""

    def name(self, node: Name) -> list[Value]:
        """The values of a name."""
        key = spelled(node)
        if key in self.locals:
            return self.locals[key]
        if node.name == "e" and node.scripts and node.scripts[0].kind == "sup":
            body = node.scripts[0].body
            exponent: Node = body[0] if len(body) == 1 else Product(None, body, ("",) * (len(body) - 1))
            return self.each([exponent], lambda v: elementwise([v], np.exp))
        role = self.lexicon.habit.role(node)
        if node.name in {"delta", "Delta"} and (kronecker := self.kronecker(node)) is not None:
            return [kronecker]
        if self.is_function(node) and role not in LAYERED and (self.marker.marks(node).primes or "bb" in node.faces):
            return self.bare_slope(node)
        meaning = self.meaning(node)
        if meaning is not None:
            return self.quantity(meaning, node)
        return self.constant(node, role)

    def constant(self, node: Name, role: str | None) -> list[Value]:
        """Numbers: m, α, λ, e, π and the widths."""
        power = self.marker.marks(node).power
        if role == "m":
            candidates = [float(self.world.m if self.setting.batch else 7 + 2 * self.world.m)]
            if node.name in {"n", "N", "M"}:
                candidates.append(float(self.world.shape.widths[-1]))
            found = [number(v) for v in dict.fromkeys(candidates)]
        elif role == "penalty" and not self.setting.penalty:
            found = [number(0.0)]
        elif role in CONSTANTS or node.name in CONSTANTS:
            found = [number(CONSTANTS.get(node.name, CONSTANTS.get(role or "", 1.0)))]
        elif node.name in {"n", "K", "c", "k", "C", "d", "D", "o"} and not any(s.kind == "prime" for s in node.scripts):
            found = [number(float(self.world.shape.widths[-1]))]
        else:
            raise UnknownError(node, f"{shown_name(node)} is not known")
        return self.powered(found, power)

    def quantity(self, meaning: Meaning, node: Name) -> list[Value]:
        """A quantity as its marks show it: a matrix, a column or an element."""
        marks = meaning.marks
        if meaning.key[0] == "J":
            return self.powered(self.loss_value(marks), marks.power)
        array, axes = self.array(meaning), self.world.axes(meaning.key)
        found = self.shown(array, axes, marks, meaning.key[0])
        if marks.primes and meaning.key[0] != "Y" and self.lexicon.habit.role(node) != "output":
            raise UnknownError(node, "it is not said what the prime means here")
        if marks.transpose:
            found = [value.T for value in found]
        return self.powered(found, marks.power)

    def loss_value(self, marks: Marks) -> list[Value]:
        """The loss of all examples, or of the example that an index names."""
        whole = Value(self.world["J", 0])
        letter = marks.example or (marks.indices[0] if marks.indices else None)
        if letter is None and self.setting.batch:
            each = [Value(self.world["ell", 0], ((index, EXAMPLE),)) for index in self.summed if index in EXAMPLE_INDICES]
            return [*each, whole]  # Σ_i L: each L is that of one example
        if isinstance(letter, Name) and len(letter.name) == 1:
            if self.setting.batch:
                return [Value(self.world["ell", 0], ((letter.name, EXAMPLE),))]
            return [Value(self.world["ell", 0], ((letter.name, EXAMPLE),)), whole]
        return [whole]

    def powered(self, found: list[Value], power: Node | None) -> list[Value]:
        """The values to a power that a mark gives."""
        if power is None:
            return found
        if is_name(power, {"2"}) or isinstance(power, Number | Name | Sum | Fraction | Group):
            exponents = self.values(power)
            return [elementwise([v, p], np.power) for v in found for p in exponents]
        raise UnknownError(power, "this superscript is not understood")

    def shown(self, array: Array, axes: tuple[str, ...], marks: Marks, kind: str) -> list[Value]:
        """An array with the indices that are written."""
        if kind == "W":
            return self.shown_weights(array, axes, marks)
        if kind == "b":
            return self.picked(array[:, None], (*axes, EXAMPLE), marks.indices, None, bias=True)
        indices = marks.indices
        found: list[Value] = []
        if len(indices) == 2:
            for unit, example in (indices, indices[::-1]):
                found += self.attempt(lambda u=unit, e=example: self.picked(array, axes, (u,), e))  # type: ignore[misc]
            return found
        whole = len(indices) == 1 and marks.example is None and self.setting.batch and not self.setting.letters
        if whole and is_name(indices[0], EXAMPLE_INDICES):
            return self.picked(array, axes, (), indices[0])  # Z_i of a batch: all units of example i
        return self.picked(array, axes, indices, marks.example)

    def shown_weights(self, array: Array, axes: tuple[str, ...], marks: Marks) -> list[Value]:
        """Weights as a matrix or as elements."""
        indices = marks.indices
        if len(indices) >= 2:
            pair = indices[:2] if self.setting.order == "out-in" else indices[1::-1]
            return [self.element(array, axes, pair)]
        if self.setting.weights == "in-out":
            array, axes = array.T, axes[::-1]
        if len(indices) == 1:  # one index: a row or a column, or the only one that there is
            one = [k for k in range(2) if self.axis(axes[k]) == ONE]
            if one:
                return [self.element(array.take(0, axis=one[0]), (axes[1 - one[0]],), indices)]
            raise MisfitError("one index at a matrix of weights")
        return [Value(array, (), (self.axis(axes[0]), self.axis(axes[1])))]

    def picked(
        self, array: Array, axes: tuple[str, ...], indices: Sequence[Node], example: Node | None, *, bias: bool = False
    ) -> list[Value]:
        """A unit quantity (n × m) with its unit index and its example index, each of which may be missing."""
        if len(indices) > 1:
            raise UnknownError(indices[1], "more indices than the quantity has axes")
        rows = self.axis(axes[0])
        letters: list[tuple[str, str]] = []
        data = array
        if indices:
            data, letters = self.take(data, 0, indices[0], axes[0], letters)
        if example is not None:
            data, letters = self.take(data, data.ndim - 1, example, EXAMPLE, letters, last=True)
        elif not bias and indices and self.setting.batch:
            raise MisfitError("one example is meant here", "batch")
        if indices:
            spare = data if example is not None else data[..., 0]
            return [Value(spare, tuple(letters))]
        if example is not None:
            column = np.moveaxis(data, -1, 0)[..., None] if letters else data[:, None]
            return [self.laid(column, tuple(letters), (rows, ONE))]
        return [self.laid(data, (), (rows, ONE if bias else self.axis(EXAMPLE)))]

    def laid(self, data: Array, letters: tuple[tuple[str, str], ...], matrix: tuple[str, str]) -> Value:
        """A column or an n × m matrix as the setting lays examples."""
        value = Value(data, letters, matrix)
        return value.T if self.setting.examples in {"rows", "row"} else value

    def take(
        self, data: Array, place: int, index: Node, axis: str, letters: list[tuple[str, str]], *, last: bool = False
    ) -> tuple[Array, list[tuple[str, str]]]:
        """Pick along an axis: a number picks one entry, a letter stands for all."""
        if isinstance(index, Number):
            k = int(index.value) - (1 if axis == EXAMPLE else self.setting.first)
            if not 0 <= k < data.shape[place]:
                k = min(max(k, 0), data.shape[place] - 1) if axis == EXAMPLE else k
            if not 0 <= k < data.shape[place]:
                raise MisfitError(f"there is no entry {index.text}", "index")
            return data.take(k, axis=place), letters
        if isinstance(index, Name):
            letter = spelled(index)
            if any(old == letter for old, _ in letters):  # twice the same letter: the diagonal
                raise MisfitError(f"the index {letter} stands for two things at once", "index")
            del last
            return data, [*letters, (letter, axis)]
        raise UnknownError(index, "this index is not understood")

    def element(self, array: Array, axes: Sequence[str], indices: Sequence[Node]) -> Value:
        """An entry by letters and numbers, one for each axis."""
        letters: list[tuple[str, str]] = []
        place, data = 0, array
        for axis, index in zip(axes, indices, strict=True):
            before = len(letters)
            data, letters = self.take(data, place, index, axis, letters)
            place += len(letters) - before
        return Value(data, tuple(letters))

    def kronecker(self, node: Name) -> Value | None:
        """δ_ij, which is 1 where two indices are the same."""
        marks = self.marker.marks(node)
        names = [spelled(i) for i in marks.indices if isinstance(i, Name)]
        if len(names) != 2 or marks.layer is not None or names[0] == names[1]:
            return None
        axis = next((a for a, letter in self.letter_axes().items() if letter in names), None)
        axis = axis or units(self.world.L)
        return Value(np.eye(self.size(axis)), ((names[0], axis), (names[1], axis)))

    def letter_axes(self) -> dict[str, str]:
        """Axes by the letters of what is on the left."""
        return {axis: letter for letter, axis in (self.target.letters if self.target is not None else ())}

    def slope_values(self, layer: int, marks: Marks) -> list[Value]:
        """g'(Z[l]) entry by entry, or the Jacobian of a rowwise activation for one example."""
        if not 1 <= layer <= self.world.L:
            raise MisfitError(f"there is no activation of layer {layer}", "layer")
        name = self.world.shape.activations[layer - 1]
        z = self.world["Z", layer]
        if find_activation(name).rowwise:
            if self.setting.batch:
                raise UnknownError(Words(None, ""), "the Jacobian of softmax for many examples at once")
            a = self.world["A", layer][:, 0]
            axis = self.axis(units(layer))
            return [Value(np.diag(a) - np.outer(a, a), (), (axis, axis))]
        return self.shown(slope(name, z), self.world.axes(("Z", layer)), marks, "Z")

    def bare_slope(self, name: Name) -> list[Value]:
        """σ'^{(l)} without brackets: the slope at the layer's z."""
        layer = self.function_layer(name, None, None)
        marks = self.marker.marks(name)
        return self.slope_values(layer, Marks(indices=marks.indices, example=marks.example))
