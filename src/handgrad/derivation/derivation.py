"""Derivation: the equations of a network in order, and their values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from handgrad.calculus.equation import Equation
from handgrad.calculus.evaluation import Value, evaluate_checked, require_sizes
from handgrad.calculus.expressions import ELL, Call, Derivative, Expression, J, Symbol, symbol
from handgrad.calculus.functions import PRIMITIVES, Array, Function
from handgrad.calculus.indices import EXAMPLE, Axis, unit
from handgrad.calculus.matrix_form import MatrixForm
from handgrad.calculus.notation import Notation, find_notation
from handgrad.calculus.parser import parse
from handgrad.calculus.rendering import render, typeset
from handgrad.calculus.written import Belongs, Equals, Name, WrittenNumber
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.lookup import functions
from handgrad.catalogue.records import Activation
from handgrad.catalogue.rules import Optimiser, Schedule
from handgrad.data import as_inputs, as_targets, as_weights
from handgrad.derivation.equations import recurrences
from handgrad.derivation.quantities import Section
from handgrad.derivation.writing import write_step
from handgrad.document.blocks import Document
from handgrad.errors import HandgradError, NetworkError, did_you_mean
from handgrad.network import Network, Parameters

THETA_GRADIENT = Derivative(J, Symbol("theta"))


@dataclass(frozen=True)
class Derivation:
    """The equations of a network in the order of computation, each with an id such as "dZ2" and its reason.

    `equations` have numbered layers and are what evaluating computes; where two have the same left side, as dZ[L] by the
    chain rule and simplified, the later one is computed. The `sections` have these and the reasoning between them, with
    layers as `layers` says: numbered, general or from_output.
    """

    network: Network
    optimiser: Optimiser
    equations: tuple[Equation, ...]
    write_sections: Callable[[], tuple[Section, ...]] = field(repr=False, compare=False)
    one_over_m: str = "dW"
    layers: str = "numbered"
    schedule: Schedule | None = None

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """All steps by what they are about, the reasoning included; written when they are asked for."""
        return self.write_sections()

    @cached_property
    def steps(self) -> tuple[Equation, ...]:
        """All steps in order, the reasoning included."""
        return tuple(step for section in self.sections for step in section.steps)

    @cached_property
    def computed_keys(self) -> frozenset[str]:
        """The keys of all that evaluating computes."""
        return frozenset(self._computed)

    def of(self, network: Network) -> Derivation:
        """The derivation of another network, written in the same way."""
        from handgrad.derivation.deriving import derive  # which makes derivations

        return derive(network, one_over_m=self.one_over_m, optimiser=self.optimiser, schedule=self.schedule, layers=self.layers)

    def averaged_late(self) -> Derivation:
        """The same derivation with the mean over the examples in dW[l] and db[l]."""
        return replace(self, one_over_m="dW").of(self.network)

    def as_written(self) -> Derivation:
        """The same derivation, evaluated in the forms that are shown, overflow or not."""
        return replace(self, equations=tuple(replace(equation, stable=None) for equation in self.equations))

    @cached_property
    def _by_id(self) -> dict[str, Equation]:
        """What is found without writing the reasoning; in other styles of layers, steps have the ids of the equations."""
        return {equation.id: equation for equation in self.equations} if self.layers == "numbered" else {}

    @cached_property
    def _all_by_id(self) -> dict[str, Equation]:
        rule = (*self.rule, *((self.bias_rule,) if self.bias_rule else ()))
        return {equation.id: equation for equation in (*rule, *self.equations, *self.steps)}

    @cached_property
    def _sections_by_id(self) -> dict[str, Section]:
        return {step.id: section for section in self.sections for step in section.steps}

    def section_of(self, name: str) -> Section | None:
        """The section that has the step of this id; None for the update rule of any parameter."""
        return self._sections_by_id.get(name)

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
        """The network's own constants, lambda, epsilon and the number of classes K, and the rule's and schedule's, but no alpha."""
        network = self.network
        own: dict[str, Value] = {"lambda": network.l2, "epsilon": network.label_smoothing, "K": float(network.widths[-1])}
        rules = {**self.optimiser.hyperparameters, **(self.schedule.parameters if self.schedule else {})}
        return own | {name: value for name, value in rules.items() if name != "alpha"}

    @cached_property
    def state(self) -> tuple[str, ...]:
        """The keys of what the update rule keeps from step to step, such as "v_W[1]"."""
        return tuple(f"{name}_{of}[{l}]" for l in range(1, self.network.L + 1) for of in "Wb" for name in self.optimiser.state)

    def first_state(self, parameters: Parameters) -> dict[str, Value]:
        """The update rule's state before the first step: zeros of the parameters' shapes, and t = 1."""
        arrays = parameters.arrays()
        return {"t": 1.0, **{key: np.zeros_like(arrays[key.partition("_")[2]]) for key in self.state}}

    def __getitem__(self, name: str) -> Equation:
        found = self._by_id.get(name) or self._all_by_id.get(name)
        if found is None:
            raise HandgradError(f"there is no equation {name!r}. {did_you_mean(name, self._all_by_id)}")
        return found

    def __iter__(self) -> Iterator[Equation]:
        return iter(self.equations)

    def __len__(self) -> int:
        return len(self.equations)

    def render(self, name: str, notation: Notation | str = "ng", form: Literal["unicode", "latex", "numpy"] = "unicode") -> str:
        """Write the equation of this id in a notation, as Unicode, LaTeX or NumPy source.

        >>> from handgrad import derive
        >>> derive("4-3:relu-1:sigmoid").render("dZ1")
        "dZ[1] = dA[1] ⊙ relu'(Z[1])"
        """
        notation = self.named(notation)
        if form == "numpy":
            return render(self[name], notation, form)
        return typeset(self.written(name, notation), notation, form)

    def written(self, name: str, notation: Notation | str = "ng") -> Equals:
        """The step of this id as its section writes it in a notation."""
        return write_step(self, self[name], self.named(notation), self.section_of(name))

    def named(self, notation: Notation | str) -> Notation:
        """A notation that knows the symbols of the network's activations, where it has no names of its own for them."""
        notation = find_notation(notation)
        symbols = {a.name: a.symbol for a in self.network.activations if a.symbol and a.name not in {*PRIMITIVES, *notation.names}}
        return notation.but(latex={**symbols, **notation.latex})

    @cached_property
    def rule(self) -> tuple[Equation, ...]:
        """The update rule for any parameter theta."""
        roles = {role: Symbol(role) for role in (*self.optimiser.state, "theta")}
        return tuple(
            Equation(f"rule_{role}", left, right, self.optimiser.reason(role, "theta"))
            for role, left, right in recurrences(self.optimiser, roles, THETA_GRADIENT)
        )

    @cached_property
    def bias_rule(self) -> Equation | None:
        """The next theta of a bias, where weights decay and biases do not."""
        rule = self.optimiser
        if not rule.decays:
            return None
        without = replace(rule, update=rule.bias_update)
        *_, (_, left, right) = recurrences(without, {role: Symbol(role) for role in (*rule.state, "theta")}, THETA_GRADIENT)
        return Equation("rule_bias", left, right, rule.reason("theta", "b"))

    def shape(self, key: str, notation: Notation | str = "ng") -> Belongs:
        """What shape a parameter or a quantity of the pass has: W[1] ∈ ℝ^{n[1] × n[0]}; `key` is such as "W[1]"."""
        notation = find_notation(notation)
        quantity = parse(key)
        if not isinstance(quantity, Symbol) or not quantity.axes:
            raise HandgradError(f"{key!r} is no quantity with a shape, such as W[1] or X")
        form = MatrixForm(notation.but(form="matrix"))
        name = form.natural(quantity)
        sizes = (
            WrittenNumber(1) if axis is None else Name("m" if axis == EXAMPLE else "n", axis.layer)
            for axis in form.orientation(quantity.axes)
        )
        return Belongs(name, tuple(sizes))

    def document(self, notation: Notation | str = "ng", *, reasons: bool = True, only: Sequence[str] = ()) -> Document:
        """The whole derivation as a document, with the reasoning or without, every step held to numbers on the way.

        `only` names single steps to show. Raises HandgradError for a notation or a step that does not exist, or where a step
        does not hold.
        """
        from handgrad.derivation.article import article  # which reads derivations

        return article(self, notation, reasons=reasons, only=only)

    def to(self, format_name: str, notation: Notation | str = "ng", *, reasons: bool = True) -> str:
        """The derivation as a whole file in the format of this name: text, markdown, latex, html or json."""
        return self.document(notation, reasons=reasons).to(format_name)

    def to_text(self, notation: Notation | str = "ng", *, reasons: bool = True) -> str:
        """The derivation as plain text, 100 columns wide."""
        return self.to("text", notation, reasons=reasons)

    def to_markdown(self, notation: Notation | str = "ng", *, reasons: bool = True) -> str:
        """The derivation as Markdown with mathematics, as GitHub renders it."""
        return self.to("markdown", notation, reasons=reasons)

    def to_latex(self, notation: Notation | str = "ng", *, reasons: bool = True) -> str:
        """The derivation as a LaTeX article, which pdflatex compiles as it is."""
        return self.to("latex", notation, reasons=reasons)

    def to_html(self, notation: Notation | str = "ng", *, reasons: bool = True) -> str:
        """The derivation as a web page of one file, with MathML and nothing to fetch."""
        return self.to("html", notation, reasons=reasons)

    def to_json(self, notation: Notation | str = "ng") -> str:
        """All steps as JSON: in the language's text, LaTeX and Unicode, with reasons and measured differences."""
        return self.to("json", notation)

    def to_numpy(self, notation: Notation | str = "ng") -> str:
        """A Python program for this network that needs nothing but NumPy."""
        from handgrad.derivation.program import program  # which reads derivations

        return program(self, notation)

    def _repr_html_(self) -> str:
        return self.document(reasons=False)._repr_html_()  # notebooks ask for it by this name

    def _repr_latex_(self) -> str:
        return self.document(reasons=False)._repr_latex_()

    @cached_property
    def defined(self) -> tuple[Activation, ...]:
        """The activations that have a formula of their own, and those that these call; tanh, exp and Python functions have none."""
        found: dict[str, Activation] = {}

        def add(g: Activation) -> None:
            if g.opaque or g.name in PRIMITIVES or g.spelling in found:
                return
            found[g.spelling] = g
            for formula in (g.value_expression, *([] if g.rowwise else [g.slope_expression])):
                for name in called(formula):
                    if name in ACTIVATIONS:
                        add(ACTIVATIONS[name])

        for g in self.network.activations:
            add(g)
        return tuple(found.values())

    @cached_property
    def definitions(self) -> tuple[Equation, ...]:
        """What each activation of the network is, as relu(z) = max(0, z)."""
        found = []
        for g in self.defined:
            z = symbol("z", on=(unit(),) if g.rowwise else ())
            found.append(Equation(g.spelling, g.call(z), g.value_expression, f"the definition of {g.spelling}"))
        return tuple(found)

    def evaluate(self, values: Mapping[str, Value], wanted: Sequence[str] | None = None) -> dict[str, Value]:
        """Compute the wanted quantities, by key ("dW[2]", "J"), and all they need; without `wanted`, everything.

        `values` gives W[l], b[l], X (n_0 × m) and, beyond the forward pass, Y (n_L × m); w, the examples' weights, where they
        differ; alpha, the learning rate, for the updates, with the update rule's state, or zeros and t = 1 for the first step. In
        place of alpha, a schedule takes alpha0, the learning rate that was given, and what its formula reads: T, epoch, stalls.
        Returns the values given and all that were computed.
        """
        computed = self._computed
        needed = set(computed if wanted is None else wanted)
        for name in needed - set(computed) - set(values):
            raise HandgradError(f"there is no quantity {name!r} in this derivation. {did_you_mean(name, computed)}")
        require_sizes(values)
        found: dict[str, Value] = {**self.constants, "t": 1.0, **values}
        needed -= set(values)
        steps = []
        for key in reversed(computed):
            if key in needed:
                equation, reads = computed[key]
                steps.append((key, equation))
                needed |= reads - set(values)
        for key in needed.intersection(self.state) - set(found):
            found[key] = np.zeros_like(found[key.partition("_")[2]])
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

    def input_gradients(
        self, parameters: Parameters, X: Any, Y: Any, sample_weight: Any = None, *, of_examples: bool = False
    ) -> Array:
        """The gradient of `loss` by the inputs, n_samples × n_0.

        With `of_examples` each row is the gradient of that example's own loss, without its share in the mean.
        """
        of, key = (self.averaged_late(), _by_inputs(ELL)) if of_examples else (self, "derivative(J, X)")
        return np.asarray(of.evaluate(self.values(parameters, X, Y, sample_weight), [key])[key]).swapaxes(-1, -2)

    def output_gradients(self, parameters: Parameters, X: Any, outputs: Sequence[int] | None = None) -> Array:
        """The gradient of each output by the inputs, n_samples × n_L × n_0; of those that `outputs` counts from 0, in their order.

        The backward pass with a unit vector in the place of dA[L], for all outputs at once.
        """
        L, n, own = self.network.L, self.network.widths[-1], range(self.network.widths[-1])
        wanted = list(own if outputs is None else outputs)
        if any(k not in own for k in wanted):
            raise HandgradError(f"the outputs of {self.network} are counted from 0 to {n - 1}, but {wanted} was given")
        values = self._inputs(parameters, X)
        unit_vectors = np.eye(n, dtype=parameters.buffer.dtype)[wanted]
        values[Derivative(ELL, symbol("A", L)).key] = np.repeat(unit_vectors[:, :, None], np.shape(values["X"])[-1], axis=2)
        late, key = self.averaged_late(), _by_inputs(ELL)
        chain = late[f"dZ{L}_chain" if late.network.loss.fused_with(self.network.activations[-1]) else f"dZ{L}"]
        by_chain = replace(late, equations=tuple(e for e in late.equations if e.left != chain.left or e is chain))
        return np.asarray(by_chain.evaluate(values, [key])[key]).transpose(2, 0, 1)

    def step(self, parameters: Parameters, X: Any, Y: Any, learning_rate: float, sample_weight: Any = None) -> Parameters:
        """The parameters after one update, the first, with all examples as the batch."""
        values = {**self.values(parameters, X, Y, sample_weight), **self.first_state(parameters), "alpha": float(learning_rate)}
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


def _by_inputs(loss: Symbol) -> str:
    """The key of the gradient of a loss by A[0], which no example's share in a mean is part of."""
    return Derivative(loss, symbol("A", 0)).key


def called(expression: Expression) -> Iterator[str]:
    """The names of the functions that an expression calls."""
    if isinstance(expression, Call):
        yield expression.function
    for part in expression.parts:
        yield from called(part)


def _reads(expression: Expression) -> Iterator[str]:
    """The keys of all quantities that an expression reads."""
    if isinstance(expression, Symbol | Derivative):
        yield expression.key
        return
    if isinstance(expression, Call):
        yield expression.key
    for part in expression.parts:
        yield from _reads(part)
