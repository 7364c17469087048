"""The setting that formulas are about, as far as a checker has to know it: one choice for everything that a text may leave open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from handgrad.check.judging.world import Shape, World, draw


class Frozen(dict[Any, Any]):
    """A dict that is not changed once it is made, so that settings can be told apart by what they hold."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


NOTHING = Frozen()
WIDTHS = (4, 3, 5, 2, 6, 4, 3, 5)
OUTPUTS = (3, 5)
EXAMPLES = (5, 7)
"""Widths of the last layer and numbers of examples in the two worlds, which tell a constant's powers of 2, m and n_L apart."""


@dataclass(frozen=True)
class Setting:
    """A way to read formulas.

    `examples` is columns, rows, single (one example as a column) or row (one as a row); `weights` and `indices` are "out-in" or
    "in-out", the order of W's axes and of w_{jk}'s letters (that of W's axes where it is empty); `scalar` has one unit in every
    layer, `one_output` one in the last. `units`, `sums`, `deltas` and `weights_from` are added to the numbers that layers have at
    A, at Z, at δ and at W to get the layer, where W[1] leads to layer 1 and A[0] is the input. `letters` gives layers for index
    letters that name them; `labels` for words. `widths` fixes layers that are written out, `first` is the number of the first unit;
    `bias` is false where biases are folded into the weights, and `top` reads what has no mark of a layer as the last layer's;
    `implied` sums over letters that are on the right side only; without `penalty` λ is 0.
    """

    L: int = 3
    hidden: tuple[str, ...] = ("sigmoid",)
    output: str = "sigmoid"
    loss: str = "half_squared_error"
    examples: str = "columns"
    weights: str = "out-in"
    indices: str = ""
    scalar: bool = False
    one_output: bool = False
    units: int = 0
    sums: int = 0
    deltas: int = 0
    weights_from: int = 0
    letters: Mapping[str, int] = NOTHING
    labels: Mapping[str, int] = NOTHING
    widths: Mapping[int, int] = NOTHING
    first: int = 1
    targets: str = "free"
    bias: bool = True
    top: bool = False
    implied: bool = False
    penalty: bool = True

    def but(self, **changes: Any) -> Setting:
        """The setting with some choices changed."""
        frozen: dict[str, Any] = {k: Frozen(v) if isinstance(v, dict) else v for k, v in changes.items()}
        return replace(self, **frozen)

    @property
    def order(self) -> str:
        """The order of the letters at weights."""
        return self.indices or self.weights

    @property
    def batch(self) -> bool:
        """Whether there is more than one example."""
        return self.examples in {"columns", "rows"}

    @property
    def activations(self) -> tuple[str, ...]:
        """The activation of each layer."""
        hidden = tuple(self.hidden[min(k, len(self.hidden) - 1)] for k in range(self.L - 1))
        return (*hidden, self.output)

    def world(self, number: int, seed: int = 0) -> World:
        """The first (0) or second (1) of two worlds that differ in the examples and outputs, at a random point."""
        if self.scalar:
            widths = [1] * (self.L + 1)
        else:
            widths = [*WIDTHS[: self.L], 1 if self.one_output else OUTPUTS[number]]
            if widths[self.L - 1] == widths[self.L]:
                widths[self.L - 1] += 3
            for layer, width in self.widths.items():
                if 0 <= layer <= self.L:
                    widths[layer] = width
        shape = Shape(tuple(widths), self.activations, self.loss, EXAMPLES[number] if self.batch else 1, self.targets, self.bias)
        return draw(shape, seed + 10 * number)
