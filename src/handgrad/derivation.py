"""derive(network): forward pass, loss, backward pass and update as equations; evaluating them is the reference pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np

from handgrad.calculus.equation import Equation
from handgrad.calculus.evaluation import Value, evaluate_checked, require_sizes
from handgrad.calculus.expressions import ELL, Call, Derivative, Expression, J, Multiply, Reduction, Symbol, symbol
from handgrad.calculus.functions import PRIMITIVES, Array, Function
from handgrad.calculus.indices import EXAMPLE, Affine, Axis, unit
from handgrad.calculus.notation import Notation, find_notation
from handgrad.calculus.parser import parse
from handgrad.calculus.rendering import render
from handgrad.calculus.rewriting import substitute
from handgrad.catalogue.lookup import functions
from handgrad.catalogue.losses import L2, L2_GRADIENT, SMOOTHED_TARGETS
from handgrad.catalogue.optimisers import OPTIMISERS
from handgrad.data import as_inputs, as_targets, as_weights
from handgrad.errors import HandgradError, NetworkError, did_you_mean
from handgrad.network import Network, Parameters


@dataclass(frozen=True)
class Derivation:
    """The equations of a network in the order of computation, each with an id such as "dZ2" and its reason.

    Where two equations have the same left side, as dZ[L] by the chain rule and simplified, the later one is computed.
    """

    network: Network
    equations: tuple[Equation, ...]

    @cached_property
    def _by_id(self) -> dict[str, Equation]:
        return {equation.id: equation for equation in self.equations}

    @cached_property
    def _computed(self) -> dict[str, tuple[Equation, frozenset[str]]]:
        """By quantity: the equation that computes it and all that it reads."""
        return {equation.key: (equation, frozenset(_reads(equation.computed))) for equation in self.equations}

    @cached_property
    def functions(self) -> dict[str, Function]:
        """The functions that the equations call."""
        found = functions(*self.network.activations, self.network.loss)
        for layer, activation in enumerate(self.network.activations, 1):
            if activation.opaque:  # a Python function has no formula: its equations say g
                found |= {f"g[{layer}]": found[activation.name], f"g'[{layer}]": found[f"{activation.name}'"]}
        return found

    @cached_property
    def constants(self) -> dict[str, Value]:
        """The values of the network's own constants: lambda, epsilon and the number of classes K."""
        network = self.network
        return {"lambda": network.l2, "epsilon": network.label_smoothing, "K": float(network.widths[-1])}

    def __getitem__(self, name: str) -> Equation:
        if name not in self._by_id:
            raise HandgradError(f"there is no equation {name!r}. {did_you_mean(name, self._by_id)}")
        return self._by_id[name]

    def __iter__(self) -> Iterator[Equation]:
        return iter(self.equations)

    def __len__(self) -> int:
        return len(self.equations)

    def render(self, name: str, notation: Notation | str = "ng", form: Literal["unicode", "latex", "numpy"] = "unicode") -> str:
        """Write the equation of this id in a notation, as Unicode, LaTeX or NumPy source.

        >>> derive(Network("4-3:relu-1:sigmoid")).render("dZ1")
        "dZ[1] = dA[1] ⊙ relu'(Z[1])"
        """
        return render(self[name], self.named(notation), form)

    def named(self, notation: Notation | str) -> Notation:
        """A notation that knows the symbols of the network's activations, where it has no names of its own for them."""
        notation = find_notation(notation)
        symbols = {a.name: a.symbol for a in self.network.activations if a.symbol and a.name not in {*PRIMITIVES, *notation.names}}
        return notation.but(latex={**symbols, **notation.latex})

    @cached_property
    def definitions(self) -> tuple[Equation, ...]:
        """What each activation of the network is, as relu(z) = max(0, z); tanh, exp and Python functions have no formula."""
        found = {}
        for activation in self.network.activations:
            if not activation.opaque and activation.name not in PRIMITIVES and activation.spelling not in found:
                z = symbol("z", on=(unit(),) if activation.rowwise else ())
                why = f"the definition of {activation.spelling}"
                found[activation.spelling] = Equation(activation.spelling, activation.call(z), activation.value_expression, why)
        return tuple(found.values())

    def evaluate(self, values: Mapping[str, Value], wanted: Sequence[str] | None = None) -> dict[str, Value]:
        """Compute the wanted quantities, by key ("dW[2]", "J"), and all they need; without `wanted`, everything.

        `values` gives W[l], b[l], X (n_0 × m) and, beyond the forward pass, Y (n_L × m); w, the examples' weights, where they
        differ; alpha, the learning rate, for the updates. Returns the values given and all that were computed.
        """
        computed = self._computed
        needed = set(computed if wanted is None else wanted)
        for name in needed - set(computed) - set(values):
            raise HandgradError(f"there is no quantity {name!r} in this derivation. {did_you_mean(name, computed)}")
        require_sizes(values)
        found: dict[str, Value] = {**self.constants, **values}
        needed -= set(values)
        steps = []
        for key in reversed(computed):
            if key in needed:
                equation, reads = computed[key]
                steps.append((key, equation))
                needed |= reads - set(values)
        for key, equation in reversed(steps):
            axes = equation.left.axes
            value = evaluate_checked(equation.computed, found, self.functions, axes)
            found[key] = self._filled(value, axes, values)
        return found

    def _filled(self, value: Array, axes: tuple[Axis, ...], values: Mapping[str, Value]) -> Array:
        """A value at its full size: the gradient of a loss may be one number for all outputs and examples."""
        if not axes or (value.ndim >= len(axes) and 1 not in value.shape[value.ndim - len(axes) :]):
            return value
        examples = np.shape(values["X"])[-1]
        sizes = (examples if axis.layer is None else self.network.widths[axis.layer.offset] for axis in axes)
        return np.broadcast_to(value, (*value.shape[: max(0, value.ndim - len(axes))], *sizes))

    def forward(self, parameters: Parameters, X: Any) -> dict[str, Value]:
        """All Z[l] and A[l], each n_l × m as the derivation writes them, for X of n_samples × n_0."""
        values = self._inputs(parameters, X)
        return self.evaluate(values, [f"A[{self.network.L}]"])

    def output(self, parameters: Parameters, X: Any) -> Array:
        """The network's output, n_samples × n_L."""
        return np.asarray(self.forward(parameters, X)[f"A[{self.network.L}]"]).swapaxes(-1, -2)

    def loss(self, parameters: Parameters, X: Any, Y: Any, sample_weight: Any = None) -> float:
        """J: the weighted mean over the examples of the sum over the outputs, with the L2 term."""
        return float(np.asarray(self.evaluate(self.values(parameters, X, Y, sample_weight), ["J"])["J"]))

    def gradients(self, parameters: Parameters, X: Any, Y: Any, sample_weight: Any = None) -> Parameters:
        """The gradient of `loss` by every parameter, in the form of the parameters."""
        found = Parameters(self.network, np.empty_like(parameters.buffer))
        values = self.evaluate(self.values(parameters, X, Y, sample_weight), [f"d{name}" for name in found.arrays()])
        for name, view in found.arrays().items():
            view[...] = values[f"d{name}"]
        return found

    def input_gradients(self, parameters: Parameters, X: Any, Y: Any, sample_weight: Any = None) -> Array:
        """The gradient of `loss` by the inputs, n_samples × n_0."""
        key = "derivative(J, X)"
        return np.asarray(self.evaluate(self.values(parameters, X, Y, sample_weight), [key])[key]).swapaxes(-1, -2)

    def step(self, parameters: Parameters, X: Any, Y: Any, learning_rate: float, sample_weight: Any = None) -> Parameters:
        """The parameters after one update with all examples as the batch."""
        values = {**self.values(parameters, X, Y, sample_weight), "alpha": float(learning_rate)}
        moved = parameters.copy()
        updates = {following(name): view for name, view in moved.arrays().items()}
        found = self.evaluate(values, list(updates))
        for name, view in updates.items():
            view[...] = found[name]
        return moved

    def values(self, parameters: Parameters, X: Any, Y: Any, sample_weight: Any = None) -> dict[str, Value]:
        """What a pass starts from, checked: the parameters, X and Y as the derivation's n_0 × m and n_L × m, weights."""
        values = self._inputs(parameters, X)
        samples, dtype = values["X"].shape[-1], parameters.buffer.dtype  # type: ignore[union-attr]  # X is an array
        values["Y"] = as_targets(Y, self.network, samples, dtype).T
        weights = as_weights(sample_weight, samples, dtype)
        return values if weights is None else {**values, "w": weights}

    def _inputs(self, parameters: Parameters, X: Any) -> dict[str, Value]:
        if parameters.network.widths != self.network.widths:
            raise NetworkError(f"the parameters are those of {parameters.network}, not of {self.network}")
        return {**parameters.arrays(), "X": as_inputs(X, self.network, parameters.buffer.dtype).T}


def following(name: str) -> str:
    """The key of a parameter after the update: "W[1]" becomes "W[1, t+1]"."""
    return f"{name[:-1]}, t+1]"


def derive(network: Network | str, *, one_over_m: str = "dW", optimiser: str = "gradient_descent") -> Derivation:
    """Write out forward pass, loss, backward pass down to the input, and update, as equations with reasons.

    `one_over_m` says where the mean over the examples stands: "dW" takes dZ[l] as the gradient of each example's own loss and the
    mean in dW[l] and db[l]; "dZ" takes gradients of J throughout, with 1/m in dA[L] and plain sums in dW[l] and db[l].

    A spelling may stand for the network that has it. Raises HandgradError for a choice that does not exist.
    """
    return _derived(network if isinstance(network, Network) else Network(network), one_over_m, optimiser)


@lru_cache(maxsize=256)
def _derived(network: Network, one_over_m: str, optimiser: str) -> Derivation:
    if one_over_m not in {"dW", "dZ"}:
        raise HandgradError(f'one_over_m is "dW" or "dZ", but {one_over_m!r} was given')
    if optimiser not in OPTIMISERS:
        raise HandgradError(f"there is no optimiser {optimiser!r}. {did_you_mean(optimiser, OPTIMISERS)}")
    writer = _Writer(network, early_mean=one_over_m == "dZ", rule=OPTIMISERS[optimiser].update)
    return Derivation(network, (*writer.forward(), *writer.loss(), *writer.backward(), *writer.update()))


class _Writer:
    """Writes the equations of one network, top to bottom."""

    def __init__(self, network: Network, *, early_mean: bool, rule: str) -> None:
        self.network, self.early_mean, self.rule = network, early_mean, rule
        L = network.L
        self.W = [symbol("W", l) for l in range(L + 1)]
        self.b = [symbol("b", l) for l in range(L + 1)]
        self.Z = [symbol("Z", l) for l in range(L + 1)]
        self.A = [symbol("A", l) for l in range(L + 1)]
        outputs = (unit(L), EXAMPLE)
        self.Y = symbol("Y_smooth" if network.label_smoothing else "Y", on=outputs)
        self.meaning = {"a": self.A[L], "z": self.Z[L], "y": self.Y, "da": self.d(self.A[L])}

    def d(self, quantity: Symbol) -> Derivative:
        """The gradient of an example's loss or, where the mean is taken first, of the batch's."""
        return Derivative(J if self.early_mean or quantity.name in {"W", "b", "X"} else ELL, quantity)

    def at_output(self, formula: Expression) -> Expression:
        return substitute(formula, self.meaning, Affine.of(self.network.L))

    def applied(self, l: int, primes: int = 0) -> Call:
        """The activation of layer l, or its slope, of Z[l]; a Python function is written g[l]."""
        activation = self.network.activation(l)
        return Call("g", (self.Z[l],), Affine.of(l), primes) if activation.opaque else activation.call(self.Z[l], primes)

    def forward(self) -> Iterator[Equation]:
        yield Equation("A0", self.A[0], symbol("X"), "the inputs are the activations of layer 0")
        for l in range(1, self.network.L + 1):
            activation = self.network.activation(l)
            weighted = Reduction("sum", (unit(l - 1),), Multiply((self.W[l], self.A[l - 1])))
            yield Equation(
                f"Z{l}",
                self.Z[l],
                weighted + self.b[l],
                f"each unit of layer {l} weighs the units of layer {l - 1} and adds its bias",
            )
            value: Expression = self.applied(l)
            right = self.Z[l] if activation.name == "identity" else value
            if activation.rowwise:  # an entry of it depends on all units, which a call would not show in index form
                right = substitute(activation.value_expression, {"z": self.Z[l]}, Affine.of(l))
            yield Equation(f"A{l}", self.A[l], right, f"the activation of layer {l} is {activation.spelling}", value)

    def loss(self) -> Iterator[Equation]:
        network, L = self.network, self.network.L
        if network.label_smoothing:
            smoothed = substitute(parse(SMOOTHED_TARGETS), {"y": symbol("Y", on=self.Y.on)})
            yield Equation("Y_smooth", self.Y, smoothed, "label smoothing moves a share ε of each target to all classes alike")
        record = network.loss
        fused = record.fused_with(network.activation(L))

        def summed(point: Expression) -> Reduction:
            return Reduction("sum", (unit(L),), self.at_output(point))

        stable = fused[0] if fused else record.stable_expression
        yield Equation(
            "ell",
            ELL,
            summed(record.value_expression),
            f"the {record.spelling} of an example, summed over its outputs",
            summed(stable),
        )
        total: Expression = Reduction("mean", (EXAMPLE,), ELL)
        reason = "the loss of the batch is the mean over its examples"
        if network.l2:
            for l in range(1, L + 1):
                total += Reduction("sum", self.W[l].axes, substitute(parse(L2), {"W": self.W[l]}))
            reason += ", plus the L2 penalty of the weights"
        yield Equation("J", J, total, reason)

    def backward(self) -> Iterator[Equation]:
        network, L = self.network, self.network.L
        by_output = self.at_output(network.loss.gradient_expression)
        stable = self.at_output(network.loss.stable_gradient_expression)
        share = symbol("share")
        reason = f"the derivative of {network.loss.spelling} by the outputs"
        if self.early_mean:
            by_output, stable = share * by_output, share * stable
            reason += ", each with its example's share in the mean"
        yield Equation(f"dA{L}", self.d(self.A[L]), by_output, reason, stable)
        for l in range(L, 0, -1):
            yield from self.through_activation(l)
            yield from self.to_parameters(l)
            back = Reduction("sum", (unit(l),), Multiply((self.W[l], self.d(self.Z[l]))))
            yield Equation(
                f"dA{l - 1}",
                self.d(self.A[l - 1]),
                back,
                f"a unit of layer {l - 1} reaches the loss through every unit of layer {l}",
            )
        by_input = self.d(self.A[0]) if self.early_mean else share * self.d(self.A[0])
        yield Equation(
            "dX", Derivative(J, symbol("X")), by_input, "the gradient by the inputs: each example has its share in the mean"
        )

    def through_activation(self, l: int) -> Iterator[Equation]:
        activation, dA, dZ = self.network.activation(l), self.d(self.A[l]), self.d(self.Z[l])
        fused = self.network.loss.fused_with(activation) if l == self.network.L else None
        name, chain = f"dZ{l}", f"dZ{l}_chain" if fused else f"dZ{l}"
        here: dict[str, Expression] = {"z": self.Z[l], "a": self.A[l], "da": dA}
        if activation.rowwise:
            right = substitute(activation.slope_expression, here, Affine.of(l))
            yield Equation(
                chain,
                dZ,
                right,
                f"every output of {activation.name} depends on every unit: the sum over its Jacobian a_i (δ_ij - a_j)",
            )
        elif activation.name == "identity":
            yield Equation(chain, dZ, dA, "the identity has the slope 1")
        else:
            slope = self.applied(l, primes=1)
            if activation.opaque is None:
                written = substitute(activation.slope_expression, here)
                yield Equation(f"slope{l}", slope, written, f"the slope of {activation.spelling}")
            yield Equation(chain, dZ, Multiply((dA, slope)), f"the chain rule through the activation of layer {l}")
        if fused:
            delta = self.at_output(fused[1])
            right = symbol("share") * delta if self.early_mean else delta
            why = "which is the derivative by the outputs" if activation.name == "identity" else "and never divides by zero"
            yield Equation(name, dZ, right, f"{activation.name} with {self.network.loss.name} simplifies, {why}")

    def to_parameters(self, l: int) -> Iterator[Equation]:
        kind, words = ("sum", "the sum over") if self.early_mean else ("mean", "the mean over")
        dZ, W, b = self.d(self.Z[l]), self.W[l], self.b[l]
        dW: Expression = Reduction(kind, (EXAMPLE,), Multiply((dZ, self.A[l - 1])))
        if self.network.l2:
            dW += substitute(parse(L2_GRADIENT), {"W": W})
        yield Equation(f"dW{l}", self.d(W), dW, f"a weight acts on each example through its input; {words} the examples")
        yield Equation(
            f"db{l}", self.d(b), Reduction(kind, (EXAMPLE,), dZ), f"a bias acts on each example directly; {words} the examples"
        )

    def update(self) -> Iterator[Equation]:
        rule = parse(self.rule)
        for l in range(1, self.network.L + 1):
            for quantity in (self.W[l], self.b[l]):
                following = Symbol(quantity.name, quantity.layer, Affine.of("t") + 1, quantity.on)
                right = substitute(rule, {"theta": quantity, "dtheta": self.d(quantity)})
                yield Equation(f"update_{quantity.name}{l}", following, right, "a step against the gradient, α long")


def _reads(expression: Expression) -> Iterator[str]:
    """The keys of all quantities that an expression reads."""
    if isinstance(expression, Symbol | Derivative):
        yield expression.key
        return
    if isinstance(expression, Call):
        yield expression.key
    for part in expression.parts:
        yield from _reads(part)
