"""Sums of a formula: Σ over units, examples or layers, with an index or without, and NumPy's sums over an axis."""

from __future__ import annotations

import numpy as np

from handgrad.check.judging.lexicon import UnknownError, names_in, spelled
from handgrad.check.judging.quantities import EXAMPLE_INDICES, Quantities
from handgrad.check.judging.reader import MOST
from handgrad.check.judging.values import MisfitError, Value, elementwise, summed, summed_axis
from handgrad.check.judging.world import EXAMPLE, ONE
from handgrad.check.tree import BigSum, Call, Number, Sum
from handgrad.check.understanding.names import is_counter, named

UNIT_WORDS = frozenset({"units", "outputs", "neurons", "classes", "nodes"})
ENTRY_WORDS = frozenset({"entries", "elements", "weights", "parameters", "all"})


class Sums(Quantities):
    """Evaluates sums."""

    def big_sum(self, node: BigSum) -> list[Value]:
        """Σ with or without an index."""
        if node.kind == "prod":
            raise UnknownError(node, "a product sign")
        letters = [spelled(n) for n in names_in(node.index)] if node.index is not None else []
        counter = node.index is not None and is_counter(node.index, self.lexicon.habit.counters) and letters[0] not in self.env
        if counter and any(
            self.marker.marks(n).layer is not None and letters[0] in {x.name for x in names_in(self.marker.marks(n).layer)}
            for n in named(node.body)
        ):
            return self.layers_sum(node, letters[0])
        around, self.summed = self.summed, (*self.summed, *letters)
        try:
            found = self.values(node.body)
        finally:
            self.summed = around
        if not letters:
            return [w for value in found for w in self.bare_sum(value)][:MOST]
        for letter in letters:
            found = [w for value in found for w in self.sum_over(value, letter, node)]
        if not found:
            raise MisfitError(f"the sum runs over {', '.join(letters)}, which does not occur in it", "sum")
        return found[:MOST]

    def layers_sum(self, node: BigSum, letter: str) -> list[Value]:
        """Σ_l over the layers, of all entries of what each has."""
        found: list[Value] = []
        for layer in range(1, self.world.L + 1):
            self.env[letter] = layer - self.setting.weights_from
            try:
                values = [total(v) for v in self.values(node.body)]
            finally:
                del self.env[letter]
            found = values if not found else [elementwise([a, b], np.add) for a, b in zip(found, values, strict=False)]
        return found

    def sum_over(self, value: Value, letter: str, node: BigSum) -> list[Value]:
        """The sum over an index, which need not be written at what is summed."""
        if letter in dict(value.letters):
            return [summed(value, letter)]
        units_axis = next((a for a in value.matrix or () if a.startswith("units")), None)
        if letter in UNIT_WORDS and units_axis is not None:
            return [summed_axis(value, units_axis)]
        if letter in ENTRY_WORDS:
            return [total(value)]
        by_examples = node.upper is None or any(self.lexicon.habit.role(n) == "m" for n in names_in(node.upper))
        if value.matrix is not None and EXAMPLE in value.matrix and by_examples:
            return [summed_axis(value, EXAMPLE)]
        if not self.setting.batch and by_examples and letter in EXAMPLE_INDICES:
            return [value]  # the sum over the only example
        if value.matrix is not None and value.matrix.count(ONE) == 1:
            axis = next(a for a in value.matrix if a != ONE)
            return [summed_axis(value, axis)]
        if self.setting.scalar:
            return [value]
        free = {name for name, _ in (self.target.letters if self.target is not None else ())}
        own = [name for name, _ in value.letters if name not in free]
        return [summed(value, own[0])] if len(own) == 1 else []  # Σ_n over what is written with another letter

    def bare_sum(self, value: Value) -> list[Value]:
        """All that a sum without an index may run over."""
        if value.matrix is None:
            found = [value] if not value.letters or self.setting.scalar else []
            own = [letter for letter, _ in value.letters]
            free = {letter for letter, _ in (self.target.letters if self.target is not None else ())}
            found.extend(summed(value, letter) for letter in own if letter not in free)
            return found
        found = []
        if EXAMPLE in value.matrix:
            found.append(summed_axis(value, EXAMPLE))
        elif not self.setting.batch:
            found.append(value)
        found.append(total(value))
        return found

    def totals(self, node: Call, *, mean: bool) -> list[Value]:
        """sum(…, axis=…) and mean(…)."""
        axis = next((v for k, v in node.keywords if k == "axis"), node.arguments[1] if len(node.arguments) == 2 else None)
        found = []
        for value in self.values(node.arguments[0]):
            if axis is None:
                sums = self.bare_sum(value)
            elif isinstance(axis, Number) and value.matrix is not None:
                sums = [summed_axis(value, value.matrix[int(axis.value) % 2])] if value.matrix[0] != value.matrix[1] else []
            elif isinstance(axis, Sum) and value.matrix is not None:  # axis=-1
                sums = [summed_axis(value, value.matrix[1])]
            else:
                sums = [value] if value.scalar else []
            if sums and axis is not None and not any(k == "keepdims" for k, _ in node.keywords):
                sums = [*sums, *(s.T for s in sums)]
            found += [self.averaged(value, s) if mean else s for s in sums]
        if not found:
            raise MisfitError("there is nothing to sum over", "sum")
        return found

    def averaged(self, value: Value, summed_up: Value) -> Value:
        """A sum divided by how many entries each of its entries is of."""
        return elementwise([summed_up], lambda a: a * (max(summed_up.data.size, 1) / max(value.data.size, 1)))


def total(value: Value) -> Value:
    """The sum of all entries of a matrix."""
    if value.matrix is None:
        return value
    return Value(value.data.sum(axis=(-1, -2), keepdims=True), value.letters, (ONE, ONE))
