"""What is found about a run, and what every check of its health looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from handgrad.calculus.evaluation import Value
from handgrad.calculus.functions import Array
from handgrad.derivation import Derivation

FEW_EXAMPLES = 10
"""Fewer examples than this say little about all others: a unit that is inactive on them may well be active elsewhere."""
CONVERGED, NEARLY, NOTHING = 1e-7, 1e-3, 1e-12
"""A run has converged, or nearly so, where its gradient is below this share of that at the start; below the last it is rounding."""
FLAT = 1e-3
"""Outputs whose gradient by Z is below this share of that by A stand where their activation is flat."""
LEVELS = ("warning", "note", "good")

Level = Literal["warning", "note", "good"]


@dataclass(frozen=True)
class Finding:
    """One thing found: its kind ("dead_units"), its layer, how grave it is, a sentence, and the numbers behind it."""

    kind: str
    level: Level
    sentence: str
    layer: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def gradient_by(values: Mapping[str, Value], name: str, layer: int) -> Array:
    """The gradient by a quantity, of an example's loss or of the batch's."""
    key = f"d{name}[{layer}]"
    return np.asarray(values[key] if key in values else values[f"derivative(J, {name}[{layer}])"], np.float64)


def rms(array: Value) -> float:
    """The root of the mean square."""
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.mean(np.square(np.asarray(array, np.float64)))))


def numbered(units: Array) -> str:
    """Units by number, from 1, the first few of them: unit 2; units 1, 4 and 5."""
    shown = [str(int(unit) + 1) for unit in units[:6]]
    if len(units) > 6:
        return f"units {', '.join(shown)} and {len(units) - 6} more"
    return f"unit {shown[0]}" if len(shown) == 1 else f"units {', '.join(shown[:-1])} and {shown[-1]}"


@dataclass(frozen=True)
class Examined:
    """The first and the last pass of a run, by key as `Derivation.evaluate` returns them; `when` is the last in words, of many."""

    derivation: Derivation
    first: Mapping[str, Value]
    last: Mapping[str, Value]
    when: str = ""

    @property
    def examples(self) -> str:
        """Such as "the one example given", "all 20 examples given"."""
        m = self.m
        return "the one example given" if m == 1 else "both examples given" if m == 2 else f"all {m} examples given"

    @property
    def m(self) -> int:
        """How many examples there are."""
        return int(np.shape(self.last["X"])[-1])

    @property
    def layers(self) -> range:
        """The layers by number."""
        return range(1, self.derivation.network.L + 1)

    @cached_property
    def first_length(self) -> float:
        """The length of the gradient by all parameters together in the first pass."""
        return self._length(self.first)

    @cached_property
    def gradient_length(self) -> float:
        """The same in the last pass."""
        return self._length(self.last)

    def _length(self, values: Mapping[str, Value]) -> float:
        with np.errstate(all="ignore"):  # of a run that diverges
            return float(np.sqrt(sum(np.sum(gradient_by(values, name, l) ** 2) for l in self.layers for name in "Wb")))

    def settled(self, share: float) -> bool:
        """Whether the gradient of the last pass is below this share of the first one's, or nothing but rounding.

        Not so where the outputs are stuck on a flat part of their activation.
        """
        if not 0 < self.gradient_length <= max(share * self.first_length, NOTHING):
            return False
        network, L = self.derivation.network, self.derivation.network.L
        if network.loss.fused_with(network.activation(L)) is not None:
            return True  # the flat ends of the activation cancel
        before, now = (rms(gradient_by(values, "A", L)) for values in (self.first, self.last))
        return rms(gradient_by(self.last, "Z", L)) > FLAT * now or now < FLAT * before
