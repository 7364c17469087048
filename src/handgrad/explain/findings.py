"""What is found about a run, and what every check of its health looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from handgrad.calculus.evaluation import Value
from handgrad.calculus.functions import Array
from handgrad.derivation import Derivation

FEW_EXAMPLES = 10
"""Fewer examples than this say little about all others: a unit that is inactive on them may well be active elsewhere."""
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


def numbered(units: Array) -> str:
    """Units by number, from 1, the first few of them: unit 2; units 1, 4 and 5."""
    shown = [str(int(unit) + 1) for unit in units[:6]]
    if len(units) > 6:
        return f"units {', '.join(shown)} and {len(units) - 6} more"
    return f"unit {shown[0]}" if len(shown) == 1 else f"units {', '.join(shown[:-1])} and {shown[-1]}"


@dataclass(frozen=True)
class Examined:
    """The first and the last pass of a run, by key as `Derivation.evaluate` returns them."""

    derivation: Derivation
    first: Mapping[str, Value]
    last: Mapping[str, Value]

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
