"""The quantities of a network's layers, and its formulas written over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import ELL, Call, Derivative, Expression, J, Symbol, symbol
from handgrad.calculus.indices import EXAMPLE, Affine, Axis, unit
from handgrad.calculus.rewriting import substitute
from handgrad.calculus.writer import all_axes
from handgrad.catalogue.records import Activation
from handgrad.network import Network


@dataclass(frozen=True)
class Layer:
    """A layer of a derivation: its index, 2 or l or L; its activation, or None where it is any, written g[l]."""

    index: Affine
    activation: Activation | None
    output: bool = False
    number: int | None = None

    @property
    def label(self) -> str:
        """How the ids of its equations name the layer: by its number, where the index counts from the output."""
        return str(self.index if self.number is None else self.number)

    @property
    def label_before(self) -> str:
        """The same of the layer before."""
        return str(self.before if self.number is None else self.number - 1)

    @property
    def before(self) -> Affine:
        """The index of the layer before."""
        return self.index - 1

    @property
    def spelling(self) -> str:
        """What the activation is called in a sentence."""
        return f"g[{self.index}]" if self.activation is None else self.activation.spelling

    @property
    def words(self) -> str:
        """The activation in a sentence."""
        return "the layer's activation" if self.activation is None else self.activation.words

    @property
    def pointwise(self) -> bool:
        """Whether each unit's activation depends on that unit alone."""
        return self.activation is None or not self.activation.rowwise

    def applied(self, primes: int = 0) -> Call:
        """The activation of this layer, or its slope, of Z[l]; one without a formula is written g[l]."""
        Z = symbol("Z", self.index)
        if self.activation is None or self.activation.opaque:
            return Call("g", (Z,), self.index, primes)
        return self.activation.call(Z, primes)

    def slope(self) -> Expression | None:
        """g'(z) written from Z and A of this layer, where the activation has a formula for it."""
        if self.activation is None or self.activation.opaque or self.activation.rowwise:
            return None
        return substitute(self.activation.slope_expression, {"z": symbol("Z", self.index), "a": symbol("A", self.index)})


@dataclass(frozen=True)
class Section:
    """Equations about one thing: "inputs", "forward", "loss", "error", "weights", "biases", "back", "input gradients", "update"."""

    about: str
    layer: Layer | None
    steps: tuple[Equation, ...]

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """All axes that its steps name or sum over; they have the same letters in all of them."""
        sides = (side for step in self.steps for side in (step.left, step.right))
        return tuple(dict.fromkeys(axis for side in sides for axis in all_axes(side)))


@dataclass(frozen=True)
class Quantities:
    """What all equations of a network share: its last layer's index, its targets, and where the mean is taken."""

    network: Network
    last: Affine
    early_mean: bool

    @property
    def Y(self) -> Symbol:
        """The targets that the loss sees."""
        return symbol("Y_smooth" if self.network.label_smoothing else "Y", on=(unit(self.last), EXAMPLE))

    @property
    def loss(self) -> Symbol:
        """What gradients inside the pass are gradients of: an example's loss or, where the mean is taken first, the batch's."""
        return J if self.early_mean else ELL

    def d(self, quantity: Symbol) -> Derivative:
        """The gradient by a quantity: that of the batch's loss by parameters and inputs."""
        return Derivative(J if quantity.name in {"W", "b", "X"} else self.loss, quantity)

    def at_output(self, formula: Expression) -> Expression:
        """A formula in a, z, y and da, over the output layer."""
        A = symbol("A", self.last)
        meaning: dict[str, Expression] = {"a": A, "z": symbol("Z", self.last), "y": self.Y, "da": self.d(A)}
        return substitute(formula, meaning, self.last)

    def shared(self, expression: Expression) -> Expression:
        """An expression with its example's share in the mean, where the mean is taken first."""
        return symbol("share") * expression if self.early_mean else expression

    def by_output(self, *, stable: bool = False) -> Expression:
        """The gradient of the loss by the outputs, as a formula."""
        loss = self.network.loss
        return self.shared(self.at_output(loss.stable_gradient_expression if stable else loss.gradient_expression))


def product(*factors: Expression) -> Expression:
    """A product in which factors of 1 are left out."""
    result: Expression | None = None
    for factor in factors:
        if str(factor) != "1":
            result = factor if result is None else result * factor
    return factors[0] if result is None else result


__all__ = ["Layer", "Quantities", "Section", "product"]
