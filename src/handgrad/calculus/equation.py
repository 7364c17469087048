"""One step of a derivation: a quantity, what it equals, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

from handgrad.calculus.expressions import Expression, Symbol, described, key_of
from handgrad.errors import AxisError


@dataclass(frozen=True)
class Equation:
    """One step of a derivation: `left` is a quantity (Symbol, Derivative or Call), `right` what it equals, and why.

    `stable` is a form of the right side that equals it and does not overflow; it is what is evaluated where it is given.
    A `proof` is a step of the reasoning, which no pass computes.
    """

    id: str
    left: Expression
    right: Expression
    reason: str
    stable: Expression | None = field(default=None, compare=False)
    proof: bool = False

    def __post_init__(self) -> None:
        extra = [axis for axis in self.right.axes if axis not in self.left.axes]
        if extra:
            raise AxisError(
                f"equation {self.id}: {described(self.right)} has the axis {extra[0]}, which {described(self.left)} "
                "lacks; sum over it, or name it on the left"
            )

    @property
    def key(self) -> str:
        """The name among values of the quantity on the left: "dZ[2]", "relu'(Z[1])"."""
        return key_of(self.left)

    @property
    def update(self) -> bool:
        """Whether this is a step of an update rule, in which a name stands for its latest value: the left side has a time."""
        return isinstance(self.left, Symbol) and self.left.time is not None

    @property
    def computed(self) -> Expression:
        """What is evaluated: the stable form where there is one."""
        return self.right if self.stable is None else self.stable

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"
