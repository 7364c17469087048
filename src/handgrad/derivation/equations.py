"""The equations of one network, written in the order of computation, with the reasoning that leads to each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import ELL, Derivative, Expression, J, Multiply, Reduction, Symbol, symbol
from handgrad.calculus.indices import EXAMPLE, NEXT, unit
from handgrad.calculus.parser import parse
from handgrad.calculus.rewriting import substitute
from handgrad.catalogue.losses import L2, L2_GRADIENT, SMOOTHED_TARGETS
from handgrad.catalogue.rules import Optimiser, Schedule
from handgrad.derivation.proofs import Proofs
from handgrad.derivation.quantities import Layer, Quantities, Section

Steps = Iterator[Equation]


@dataclass(frozen=True)
class EquationWriter:
    """Writes forward pass, loss, backward pass and update over the given layers, the last of which is the output."""

    q: Quantities
    layers: tuple[Layer, ...]
    optimiser: Optimiser
    schedule: Schedule | None = None
    reasons: bool = True

    def because(self, steps: Steps) -> Steps:
        """Steps of the reasoning, where it is asked for; nothing is written of those that nobody reads."""
        return steps if self.reasons else iter(())

    @property
    def proofs(self) -> Proofs:
        """The writer of the reasoning."""
        return Proofs(self.q)

    def sections(self) -> Iterator[Section]:
        """All equations in order, by what they are about."""
        first = Equation("A0", symbol("A", 0), symbol("X"), "the inputs are the activations of layer 0")
        yield Section("inputs", None, (first,))
        for layer in self.layers:
            yield Section("forward", layer, tuple(self.forward(layer)))
        yield Section("loss", None, tuple(self.loss()))
        for layer, after in zip(reversed(self.layers), (None, *reversed(self.layers[1:])), strict=True):
            following = after and replace(after, index=layer.index + 1)  # of any layer l it is l+1, which can be the output L
            by_output = tuple(self.by_output()) if layer.output else ()
            yield Section("error", layer, (*by_output, *self.through_activation(layer, following)))
            yield Section("weights", layer, tuple(self.to_weights(layer, following)))
            yield Section("biases", layer, tuple(self.to_biases(layer, following)))
            yield Section("back", layer, tuple(self.back(layer)))
        yield Section("input gradients", None, tuple(self.to_inputs()))
        if self.schedule is not None:
            yield Section("learning rate", None, (learning_rate(self.schedule),))
        for layer in self.layers:
            thetas = (symbol("W", layer.index), symbol("b", layer.index))
            yield Section("update", layer, tuple(step for theta in thetas for step in self.update(theta)))

    def forward(self, layer: Layer) -> Steps:
        """Z and A of a layer."""
        l, g = layer.index, layer.activation
        Z, A = symbol("Z", l), symbol("A", l)
        weighted = Reduction("sum", (unit(layer.before),), symbol("W", l) * symbol("A", layer.before))
        reason = f"each unit of layer {l} weighs the units of layer {layer.before} and adds its bias"
        yield Equation(f"Z{l}", Z, weighted + symbol("b", l), reason)
        value: Expression = layer.applied()
        right = value
        if g is not None and g.name == "identity":
            right = Z
        elif g is not None and g.rowwise:  # an entry of it depends on all units, which a call would not show in index form
            right = substitute(g.value_expression, {"z": Z}, l)
            yield from self.because(self.proofs.named(layer))
        is_called = "" if g is None else f" is {g.words}"
        yield Equation(f"A{l}", A, right, f"the activation of layer {l}{is_called}", value)
        yield from self.because(self.proofs.nested(layer, weighted + symbol("b", l)))

    def loss(self) -> Steps:
        """The loss of an example, and of the batch."""
        q, network = self.q, self.q.network
        if network.label_smoothing:
            smoothed = substitute(parse(SMOOTHED_TARGETS), {"y": symbol("Y", on=q.Y.on)})
            yield Equation("Y_smooth", q.Y, smoothed, "label smoothing moves a share ε of each target to all classes alike")
        record = network.loss
        fused = record.fused_with(network.activations[-1])

        def summed(point: Expression) -> Reduction:
            return Reduction("sum", (unit(q.last),), q.at_output(point))

        stable = fused[0] if fused else record.stable_expression
        reason = f"the {record.words} of an example, summed over its outputs"
        yield Equation("ell", ELL, summed(record.value_expression), reason, summed(stable))
        total: Expression = Reduction("mean", (EXAMPLE,), ELL)
        reason = "the loss of the batch is the mean over its examples"
        if network.l2 and q.last.terms and len(self.layers) > 1:
            total += symbol("R")
            reason += ", plus the L2 penalty R, which is λ/2 times the sum of all squared weights of all layers"
        elif network.l2:
            for layer in self.layers:
                W = symbol("W", layer.index)
                total += Reduction("sum", W.axes, substitute(parse(L2), {"W": W}))
            reason += ", plus the L2 penalty of the weights"
        yield Equation("J", J, total, reason)
        yield from self.because(self.proofs.loss())

    def by_output(self) -> Steps:
        """The gradient by the outputs."""
        q = self.q
        yield from self.because(self.proofs.by_output())
        reason = f"the derivative of {q.network.loss.words} by the outputs"
        if q.early_mean:
            reason += ", each with its example's share in the mean"
        yield Equation(f"dA{q.last}", q.d(symbol("A", q.last)), q.by_output(), reason, q.by_output(stable=True))

    def through_activation(self, layer: Layer, after: Layer | None) -> Steps:
        """The gradient by Z, the error of a layer."""
        q, l, g = self.q, layer.index, layer.activation
        Z, A = symbol("Z", l), symbol("A", l)
        dA, dZ = q.d(A), q.d(Z)
        fused = q.network.loss.fused_with(g) if layer.output and g is not None else None
        chain = f"dZ{l}_chain" if fused else f"dZ{l}"
        yield from self.because(self.proofs.slope(layer))
        yield from self.because(self.proofs.through(layer))
        if g is not None and g.rowwise:
            right = substitute(g.slope_expression, {"z": Z, "a": A, "da": dA}, l)
            reason = f"every output of {g.words} depends on every unit: the sum over its Jacobian"
            yield Equation(chain, dZ, right, reason)
        elif g is not None and g.name == "identity":
            yield Equation(chain, dZ, dA, "the identity has the slope 1")
        else:
            written = layer.slope()
            if written is not None:
                yield Equation(f"slope{l}", layer.applied(1), written, f"the slope of {layer.words}")
            yield Equation(chain, dZ, Multiply((dA, layer.applied(1))), f"the chain rule through the activation of layer {l}")
        if after is None:
            yield from self.because(self.proofs.output_written(layer))
        else:
            yield from self.because(self.proofs.hidden(layer, after))
        if fused and g is not None:
            yield from self.because(self.proofs.simplified(layer))
            simplification = q.network.loss.simplification(g)
            why = simplification[-1][1] if simplification else "the slope 1 leaves the derivative by the outputs"
            reason = f"{g.words} with {q.network.loss.words} simplifies: {why}"
            yield Equation(f"dZ{l}", dZ, q.shared(q.at_output(fused[1])), reason)

    def over_examples(self, each: Expression) -> tuple[Expression, str]:
        """The mean over the examples, or their sum where the mean was taken before, and what it is called."""
        kind = "sum" if self.q.early_mean else "mean"
        return Reduction(kind, (EXAMPLE,), each), f"the {kind} over the examples"

    def to_weights(self, layer: Layer, after: Layer | None) -> Steps:
        """The gradient by the weights of a layer."""
        q, l = self.q, layer.index
        W = symbol("W", l)
        dW, words = self.over_examples(q.d(symbol("Z", l)) * symbol("A", layer.before))
        if q.network.l2:
            dW += substitute(parse(L2_GRADIENT), {"W": W})
        yield from self.because(self.proofs.parameter(layer, W, after))
        yield Equation(f"dW{l}", q.d(W), dW, f"a weight acts on each example through its input; {words}")

    def to_biases(self, layer: Layer, after: Layer | None) -> Steps:
        """The gradient by the biases of a layer."""
        l, b = layer.index, symbol("b", layer.index)
        right, words = self.over_examples(self.q.d(symbol("Z", l)))
        yield from self.because(self.proofs.parameter(layer, b, after))
        yield Equation(f"db{l}", self.q.d(b), right, f"a bias acts on each example directly; {words}")

    def back(self, layer: Layer) -> Steps:
        """The gradient by the activations of the layer before."""
        l, A = layer.index, symbol("A", layer.before)
        yield from self.because(self.proofs.back(layer))
        reason = f"a unit of layer {layer.before} reaches the loss through every unit of layer {l}"
        yield Equation(f"dA{layer.before}", self.q.d(A), self.proofs.errors(layer), reason)

    def to_inputs(self) -> Steps:
        """The gradient by the inputs."""
        inputs = self.q.d(symbol("A", 0))
        right = inputs if self.q.early_mean else symbol("share") * inputs
        reason = "the gradient by the inputs: each example has its share in the mean"
        yield Equation("dX", Derivative(J, symbol("X")), right, reason)

    def update(self, theta: Symbol) -> Steps:
        """The recurrences of one parameter."""
        rule = self.optimiser
        roles = {**{role: Symbol(f"{role}_{theta.name}", theta.layer) for role in rule.state}, "theta": theta}
        for role, left, right in recurrences(rule, roles, self.q.d(theta)):
            yield Equation(f"update_{roles[role].name}{theta.layer}", left, right, rule.reason(role, theta.name))


def learning_rate(schedule: Schedule) -> Equation:
    """The learning rate of a step."""
    return Equation("alpha", symbol("alpha"), schedule.expression, schedule.reason)


def recurrences(rule: Optimiser, roles: Mapping[str, Symbol], gradient: Expression) -> Iterator[tuple[str, Symbol, Expression]]:
    """What an update rule keeps, and then theta, as they become in a step: role, left and right; `roles` are their quantities."""
    following = {role: replace(quantity, time=NEXT) for role, quantity in roles.items()}
    meant: dict[str, Expression] = {**roles, "dtheta": gradient}
    meant |= {f"{role}[t+1]": quantity for role, quantity in following.items()}
    if not rule.update:
        return
    for role, formula in {**rule.state, "theta": rule.update_of(roles["theta"].name)}.items():
        yield role, following[role], substitute(parse(formula), meant)
