"""What a record is: text of the language, and what the rest of the package reads from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import Call, Expression, Symbol
from handgrad.calculus.functions import Array, Formula, Function
from handgrad.calculus.indices import Axis, unit
from handgrad.calculus.parser import parse
from handgrad.calculus.rewriting import substitute
from handgrad.catalogue.base import CLOSED_UNIT, NOT_NEGATIVE, OPEN_UNIT, POSITIVE, REAL, Interval, Record, number
from handgrad.catalogue.rules import Optimiser, Schedule

__all__ = [
    "CLOSED_UNIT", "NOT_NEGATIVE", "OPEN_UNIT", "POSITIVE", "REAL", "Activation", "Fused", "Initialiser", "Interval", "Loss",
    "Optimiser", "Record", "Schedule", "number",
]  # fmt: skip

ROW: dict[str, tuple[Axis, ...]] = {"z": (unit(),), "a": (unit(),), "da": (unit(),), "y": (unit(),)}


@dataclass(frozen=True)
class Activation(Record):
    """An activation function a = g(z): pointwise with a slope, or rowwise (softmax) with a vector-Jacobian product.

    `value` is the formula as books write it, in z; `stable` one that equals it and neither overflows nor loses digits,
    where another is needed. `slope` is g'(z), in z, a or both. A rowwise record has `vjp` instead, the gradient by z from the
    gradient `da` by a, and its `jacobian` ∂a_unit/∂z_unit', to which `jacobian_steps` lead, formulas with
    reasons. `kinks` maps each point where the slope jumps or bends to the value taken there. `range` is the interval of a, and
    `low` a formula for its lower end where that depends on parameters. `symbol` is its LaTeX name, `initialiser` the one that
    suits it as a hidden layer.
    A user's own may be a pair of callables, `opaque`, in place of formulas: value(z) and slope(z, a).
    """

    value: str = field(default="", kw_only=True)
    slope: str = field(default="", kw_only=True)
    stable: str = field(default="", kw_only=True)
    vjp: str = field(default="", kw_only=True)
    jacobian: str = field(default="", kw_only=True)
    jacobian_steps: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    range: Interval = field(default=REAL, kw_only=True)
    low: str = field(default="", kw_only=True)
    simplex: bool = field(default=False, kw_only=True)
    symbol: str = field(default="", kw_only=True)
    initialiser: str = field(default="glorot_uniform", kw_only=True)
    opaque: tuple[Callable[[Array], Array], Callable[[Array, Array], Array]] | None = field(default=None, kw_only=True)

    @property
    def rowwise(self) -> bool:
        """Whether each output depends on all units of its layer, as with softmax."""
        return bool(self.vjp)

    @property
    def _axes(self) -> Mapping[str, tuple[Axis, ...]] | None:
        return ROW if self.rowwise else None

    @cached_property
    def value_expression(self) -> Expression:
        """g(z), as books write it."""
        return self.meant(self.value, self._axes)

    @cached_property
    def stable_expression(self) -> Expression:
        """g(z), in the form that is evaluated."""
        return self.meant(self.stable or self.value, self._axes)

    @cached_property
    def slope_expression(self) -> Expression:
        """g'(z) in z and a; for a rowwise record, its vector-Jacobian product in a and da."""
        return self.meant(self.vjp or self.slope, self._axes)

    @cached_property
    def jacobian_expression(self) -> Expression:
        """∂a_unit/∂z_unit' of a rowwise record."""
        return self.meant(self.jacobian, self._axes)

    @cached_property
    def slope_reads(self) -> frozenset[str]:
        """What must be kept from the forward pass: z, a, both, or nothing."""
        if self.opaque:
            return frozenset("za")
        return frozenset(_names(self.slope_expression) & {"z", "a"})

    def functions(self) -> dict[str, Function]:
        """What evaluation needs to know: the function and its slope, by the names that calls use."""
        if self.opaque:
            value, slope = self.opaque
            return {self.name: value, f"{self.name}'": lambda z: slope(z, value(z))}
        found: dict[str, Function] = {self.name: self.formulas[0]}
        return found if self.rowwise else {**found, f"{self.name}'": self.formulas[1]}

    @cached_property
    def formulas(self) -> tuple[Formula, ...]:
        """The function as it is evaluated and, of a pointwise record, its slope, in z and the parameters.

        Every record of one name has the same ones: a call that names no parameters takes the catalogue's.
        """
        takes, defaults = ("z", *self.parameters), (Activation.usual(self.name) or self).parameters
        value = Formula(takes, self.read(self.stable or self.value, self._axes), defaults)
        if self.rowwise:
            return (value,)
        own = Call(self.name, tuple(map(Symbol, takes)))
        return value, Formula(takes, substitute(self.read(self.slope), {"a": own}), defaults)

    @cached_property
    def jumps(self) -> dict[float, float]:
        """Those of the kinks where the slope itself jumps with the record's parameters, as elu's does unless alpha is 1."""
        if self.opaque or self.rowwise:
            return self.kink_points
        from handgrad.catalogue.lookup import functions  # which knows all records

        slope, known = self.formulas[1].body, functions(self)

        def at(z: float) -> float:
            return float(evaluate(substitute(slope, {name: number(v) for name, v in self.parameters.items()}), {"z": z}, known))

        return {point: value for point, value in self.kink_points.items() if abs(at(point + 1e-6) - at(point - 1e-6)) > 1e-3}

    def call(self, argument: Expression, primes: int = 0) -> Call:
        """g(argument) as an equation writes it: parameters are named where they are not the usual ones."""
        usual = Activation.usual(self.name)
        same = not self.own and usual is not None and usual.parameters == self.parameters
        own = () if same else map(number, self.parameters.values())
        return Call(self.name, (argument, *own), None, primes)

    @cached_property
    def interval(self) -> Interval:
        """The interval of a, with the record's parameters."""
        return replace(self.range, low=self.number(self.low)) if self.low else self.range

    __hash__ = Record.__hash__

    @classmethod
    def usual(cls, name: str) -> Self | None:
        """The record of this name in the catalogue."""
        from handgrad.catalogue.activations import ACTIVATIONS  # the records are made of this class

        return ACTIVATIONS.get(name)  # type: ignore[return-value]  # the catalogue holds no subclasses


@dataclass(frozen=True)
class Fused:
    """What a loss and the output activation before it simplify to together.

    `value` is the loss of one output in z (the pre-activation) and y; `delta` its gradient by z, in a and y, and `why` it
    is that. `steps` lead there from the chain rule: formulas in a and y, each with its reason.
    """

    value: str
    delta: str
    why: str = ""
    steps: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Loss(Record):
    """A loss of one output a with the target y; an example's loss is the sum over the outputs.

    `value` and its `gradient` by a are formulas in a and y, `stable` and `stable_gradient`
    forms that neither overflow nor divide 0 by 0. `kinks` are
    values of a - y at which the gradient jumps or bends, and what it is there. `outputs` and `targets` are the intervals in which
    a and y must lie; `simplex` asks for outputs and targets that are not negative and sum to 1. `fused` has, by output
    activation, what the two simplify to. `output` is the activation that it goes with. `labels` is the value for whole-number
    labels. A user's own may be a pair of callables, `opaque`: value(a, y) and gradient(a, y), elementwise.
    """

    value: str = field(default="", kw_only=True)
    gradient: str = field(default="", kw_only=True)
    stable: str = field(default="", kw_only=True)
    stable_gradient: str = field(default="", kw_only=True)
    outputs: Interval = field(default=REAL, kw_only=True)
    targets: Interval = field(default=REAL, kw_only=True)
    simplex: bool = field(default=False, kw_only=True)
    fused: Mapping[str, Fused] = field(default_factory=dict, kw_only=True)
    output: str = field(default="identity", kw_only=True)
    labels: str = field(default="", kw_only=True)
    opaque: tuple[Callable[[Array, Array], Array], Callable[[Array, Array], Array]] | None = field(default=None, kw_only=True)

    @property
    def words(self) -> str:
        """The spelling in a sentence: squared error, huber loss."""
        words = self.spelling.replace("_", " ")
        return words if self.name.endswith(("error", "entropy", "deviance", "loss")) else f"{words} loss"

    @cached_property
    def value_expression(self) -> Expression:
        """The loss of one output, in a and y."""
        return self.meant(self.value) if not self.opaque else Call(self.name, (Symbol("a"), Symbol("y")))

    @cached_property
    def stable_expression(self) -> Expression:
        """The loss of one output in the form that is evaluated."""
        return self.meant(self.stable) if self.stable else self.value_expression

    @cached_property
    def gradient_expression(self) -> Expression:
        """The gradient by a."""
        return self.meant(self.gradient) if not self.opaque else Call(self.name, (Symbol("a"), Symbol("y")), None, 1)

    @cached_property
    def stable_gradient_expression(self) -> Expression:
        """The gradient by a in the form that is evaluated."""
        return self.meant(self.stable_gradient) if self.stable_gradient else self.gradient_expression

    def simplification(self, activation: Activation) -> tuple[tuple[Expression, str], ...]:
        """The steps from the chain rule to the delta of this loss with this output, formulas in a and y with their reasons."""
        pair = self.fused.get(activation.name)
        if pair is None:
            return ()
        axes = ROW if activation.rowwise else None
        return (*((self.meant(formula, axes), why) for formula, why in pair.steps), (self.meant(pair.delta, axes), pair.why))

    def fused_with(self, activation: Activation) -> tuple[Expression, Expression] | None:
        """(value in z or a and y, delta in a and y) where this loss simplifies with this output."""
        pair = self.fused.get(activation.name)
        if pair is None:  # the identity has the slope 1, so that the gradient by a is the one by z
            return (self.stable_expression, self.gradient_expression) if activation.name == "identity" else None
        axes = ROW if activation.rowwise else None
        return self.meant(pair.value, axes), self.meant(pair.delta, axes)

    def functions(self) -> dict[str, Function]:
        """What evaluation needs to know of an opaque loss."""
        return {self.name: self.opaque[0], f"{self.name}'": self.opaque[1]} if self.opaque else {}

    __hash__ = Record.__hash__

    @classmethod
    def usual(cls, name: str) -> Self | None:
        """The record of this name in the catalogue."""
        from handgrad.catalogue.losses import LOSSES  # the records are made of this class
        from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_LOSSES

        return LOSSES.get(name) or SCIKIT_LEARN_LOSSES.get(name)  # type: ignore[return-value]  # the catalogue holds no subclasses


@dataclass(frozen=True)
class Initialiser:
    """First weights: draws of a distribution whose `scale` is a formula in fan_in and fan_out; biases are zero.

    `scale` is the half width of a "uniform" distribution around zero, the standard deviation of a "normal" one.
    """

    name: str
    distribution: str
    scale: str
    source: str

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        """An array of the shape (fan_out, fan_in), float64."""
        scale = float(evaluate(parse(self.scale), {"fan_in": float(fan_in), "fan_out": float(fan_out)}))
        if self.distribution == "uniform":
            return rng.uniform(-scale, scale, (fan_out, fan_in))
        return rng.standard_normal((fan_out, fan_in)) * scale


def _names(expression: Expression) -> set[str]:
    if isinstance(expression, Symbol):
        return {expression.name}
    return {name for part in expression.parts for name in _names(part)}
