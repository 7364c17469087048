"""The reasoning between the equations that a pass computes: the chain rule written out, and each of its factors.

Every step has the left side of the equation that it leads to, or is a factor of the chain, and holds by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import ELL, Derivative, Expression, J, Number, Rate, Reduction, Symbol, symbol
from handgrad.calculus.indices import EXAMPLE, Affine, unit
from handgrad.calculus.parser import parse
from handgrad.calculus.rewriting import rename_axes, substitute
from handgrad.catalogue.losses import L2_GRADIENT
from handgrad.catalogue.records import Activation
from handgrad.derivation.quantities import Layer, Quantities, product


def proof(name: str, left: Expression, right: Expression, reason: str) -> Equation:
    """A step of the reasoning."""
    return Equation(name, left, right, reason, proof=True)


@dataclass(frozen=True)
class Proofs:
    """Writes the reasoning of one network's layers."""

    q: Quantities

    def named(self, layer: Layer) -> Iterator[Equation]:
        """A rowwise activation by its name."""
        reason = f"the activation of layer {layer.index} is {layer.words}, over all of its units"
        yield proof(f"A{layer.index}_name", symbol("A", layer.index), layer.applied(), reason)

    def nested(self, layer: Layer, Z: Expression) -> Iterator[Equation]:
        """A with Z put in."""
        inside = layer.applied()
        if layer.pointwise and layer.spelling != "identity":
            right = replace(inside, arguments=(Z, *inside.arguments[1:]))
            yield proof(f"A{layer.index}_written", symbol("A", layer.index), right, "with Z put in")

    def loss(self) -> Iterator[Equation]:
        """J with the examples' loss put in."""
        q = self.q
        per_output = q.at_output(q.network.loss.value_expression)
        total = Reduction("mean", (EXAMPLE,), Reduction("sum", (unit(q.last),), per_output))
        if not q.network.l2:
            yield proof("J_written", J, total, "with the loss of an example put in")

    def by_output(self) -> Iterator[Equation]:
        """Up to the derivative of the loss by the outputs."""
        q, A = self.q, symbol("A", self.q.last)
        point = q.at_output(q.network.loss.value_expression)
        left, name = Derivative(ELL, A), f"dA{q.last}"
        yield proof(f"{name}_rate", left, Rate(Reduction("sum", (unit(q.last),), point), A), "the definition of the loss put in")
        if not isinstance(point, Symbol):
            reason = "of the sum over the outputs, only the unit's own term depends on it"
            yield proof(f"{name}_term", left, Rate(point, A), reason)
        if q.early_mean:
            right = q.at_output(q.network.loss.gradient_expression)
            yield proof(f"{name}_example", left, right, f"the derivative of {q.network.loss.words}")
            shared = symbol("share") * left
            yield proof(f"{name}_share", q.d(A), shared, "J holds the mean of the examples' losses, in which each has its share")

    def slope(self, layer: Layer) -> Iterator[Equation]:
        """∂A/∂Z of a layer."""
        l, g = layer.index, layer.activation
        A, Z, name = symbol("A", l), symbol("Z", l), f"dA{l}_dZ{l}"
        if g is not None and g.rowwise:
            yield from self.jacobian(layer, g)
            return
        left = Derivative(A, Z)
        if g is not None and g.name == "identity":
            yield proof(name, left, Number(1), "the activation is Z itself")
            return
        written = layer.slope()
        if g is not None and written is not None:
            value = substitute(g.value_expression, {"z": Z})
            if not isinstance(value, Symbol):
                yield proof(f"{name}_rate", left, Rate(value, Z), f"{g.words} acts on each unit alone")
            kinks = "".join(f"; at its kink {point:g} it is taken to be {slope:g}" for point, slope in g.jumps.items())
            yield proof(name, left, written, f"the slope of {g.words}{kinks}")
        called = f"{g.name}'" if g is not None and not g.opaque else "g'"
        yield proof(f"{name}_name", left, layer.applied(1), f"which is written {called} for short")

    def jacobian(self, layer: Layer, g: Activation) -> Iterator[Equation]:
        """∂A_i/∂Z_j of a rowwise activation: i is the copy of the units' axis."""
        l = layer.index
        here, copy = unit(l), unit(l, 1)
        swap = {here: copy, copy: here}
        Z = symbol("Z", l)
        meaning = {"z": Z, "a": symbol("A", l)}
        left = Derivative(Symbol("A", l, None, (copy, EXAMPLE)), Z)

        def at(formula: Expression) -> Expression:
            return rename_axes(substitute(formula, meaning, l), swap)

        name = f"dA{l}_dZ{l}"
        reason = f"every output of {g.name} depends on every unit, so two indices are needed"
        yield proof(f"{name}_rate", left, Rate(at(g.value_expression), Z), reason)
        for number, (formula, why) in enumerate(g.jacobian_steps, 1):
            yield proof(f"{name}_step{number}", left, at(g.meant(formula, {"z": (unit(),), "a": (unit(),)})), why)
        yield proof(name, left, at(g.jacobian_expression), f"both quotients are outputs of {g.name} again")

    def through(self, layer: Layer) -> Iterator[Equation]:
        """The chain rule through the activation, up to where the slope is put in."""
        q, l = self.q, layer.index
        A, dZ, name = symbol("A", l), q.d(symbol("Z", l)), f"dZ{l}"
        through = "its own activation alone" if layer.pointwise else "every output, so that their shares add up"
        yield proof(f"{name}_factors", dZ, self.error(layer), f"the chain rule: a unit's z reaches the loss through {through}")
        if layer.activation is not None and layer.activation.rowwise:
            here, copy = unit(l), unit(l, 1)
            there = Symbol("A", l, None, (copy, EXAMPLE))
            jacobian = substitute(layer.activation.jacobian_expression, {"a": A}, l)
            put_in = q.d(there) * rename_axes(jacobian, {here: copy, copy: here})
            yield proof(f"{name}_jacobian", dZ, Reduction("sum", (copy,), put_in), "with the Jacobian put in")

    def error(self, layer: Layer) -> Expression:
        """The gradient by Z as the chain rule has it: ∂/∂A ∂A/∂Z, summed over the outputs of a rowwise activation."""
        l = layer.index
        if layer.pointwise:
            A = symbol("A", l)
            return self.q.d(A) * Derivative(A, symbol("Z", l))
        there = Symbol("A", l, None, (unit(l, 1), EXAMPLE))
        return Reduction("sum", (unit(l, 1),), self.q.d(there) * Derivative(there, symbol("Z", l)))

    def output_written(self, layer: Layer) -> Iterator[Equation]:
        """The error of the output with the loss, and then the slope, put in."""
        q, l, slope = self.q, layer.index, layer.slope()
        if not layer.pointwise:
            return
        dZ, factor = q.d(symbol("Z", l)), Derivative(symbol("A", l), symbol("Z", l))
        yield proof(f"dZ{l}_loss", dZ, q.by_output() * factor, "with the derivative of the loss put in")
        if slope is not None and layer.spelling != "identity":
            yield proof(f"dZ{l}_written", dZ, q.by_output() * slope, f"and the slope of {layer.words}")

    def simplified(self, layer: Layer) -> Iterator[Equation]:
        """From the chain rule to the delta of a loss with its output, but for the last step."""
        q = self.q
        if layer.activation is None:
            return
        for number, (formula, why) in enumerate(q.network.loss.simplification(layer.activation)[:-1], 1):
            yield proof(f"dZ{layer.index}_step{number}", q.d(symbol("Z", layer.index)), q.shared(q.at_output(formula)), why)

    def back(self, layer: Layer) -> Iterator[Equation]:
        """The sum over the units of a layer that makes the gradient of the layer before."""
        q, l = self.q, layer.index
        Z, A = symbol("Z", l), symbol("A", layer.before)
        factor = Derivative(Z, A)
        yield from self.linear(l, A, symbol("W", l), "only its own weight stands with the unit's activation in the weighted sum")
        chain = Reduction("sum", (unit(l),), q.d(Z) * factor)
        reason = f"the chain rule: a unit of layer {layer.before} reaches the loss through every unit of layer {l}"
        yield proof(f"dA{layer.before}_factors", q.d(A), chain, reason)

    def linear(self, l: Affine, by: Symbol, result: Expression, reason: str) -> Iterator[Equation]:
        """∂Z/∂W, ∂Z/∂b or ∂Z/∂A: the derivative of a weighted sum."""
        Z, name = symbol("Z", l), f"dZ{l}_d{by.name}{by.layer}"
        weighted = Reduction("sum", (unit(l - 1),), symbol("W", l) * symbol("A", l - 1)) + symbol("b", l)
        yield proof(f"{name}_rate", Derivative(Z, by), Rate(weighted, by), "the weighted sum put in")
        yield proof(name, Derivative(Z, by), result, reason)

    def hidden(self, layer: Layer, after: Layer) -> Iterator[Equation]:
        """The error of a hidden layer with the gradient by its activations put in."""
        q, l = self.q, layer.index
        Z, slope = symbol("Z", l), layer.slope()
        factor = Derivative(symbol("A", l), Z)
        back = self.errors(after)
        dZ, name = q.d(Z), f"dZ{l}"
        yield proof(f"{name}_back", dZ, back * factor, f"with the errors of layer {after.index} sent back")
        if layer.spelling == "identity":
            yield proof(f"{name}_slope", dZ, back, "the identity has the slope 1")
            return
        yield proof(f"{name}_slope", dZ, back * layer.applied(1), f"the slope of {layer.words}")
        if slope is not None:
            yield proof(f"{name}_written", dZ, product(back, slope), "that slope written out")

    def errors(self, after: Layer) -> Expression:
        """Σ over the units of a layer of its errors, weighted: what comes back to the layer before."""
        return Reduction("sum", (unit(after.index),), self.q.d(symbol("Z", after.index)) * symbol("W", after.index))

    def parameter(self, layer: Layer, of: Symbol, after: Layer | None) -> Iterator[Equation]:
        """Up to the gradient by the weights or the biases of a layer."""
        q, l = self.q, layer.index
        Z = symbol("Z", l)
        factor = Derivative(Z, of)
        weights = of.name == "W"
        result: Expression = symbol("A", layer.before) if weights else Number(1)
        why = "the weight stands with one activation in the sum of its unit" if weights else "the bias stands alone"
        yield from self.linear(l, of, result, why)
        left, name = Derivative(q.loss, of), f"d{of.name}{l}"
        penalty = substitute(parse(L2_GRADIENT), {"W": of}) if q.network.l2 and weights else None
        adds = "; the penalty adds its own derivative, λ times the weight" if penalty else ""
        if q.network.l2 and not weights:
            adds = "; the penalty does not depend on the biases"

        def over(expression: Expression) -> Expression:
            if not q.early_mean:
                return expression
            total = Reduction("sum", (EXAMPLE,), expression)
            return total + penalty if penalty else total

        reason = "the chain rule from the loss to the parameter"
        reason += f", summed over the examples, on each of which it acts{adds}" if q.early_mean else ""
        yield proof(f"{name}_chain", left, over(self.error(layer) * factor), reason)
        if after is not None:
            yield from self.whole_chain(layer, of, after, over)
        yield proof(f"{name}_factors", left, over(q.d(Z) * factor), f"the error of layer {l} named")
        put_in = "the last factor is the activation that the weight stands with" if weights else "the last factor is 1"
        if not q.early_mean:
            yield proof(f"{name}_example", left, product(q.d(Z), result), put_in)
            if layer.output and layer.pointwise and weights and (slope := layer.slope()) is not None:
                everything = product(q.by_output(), slope, result)
                yield proof(f"{name}_written", left, everything, "with the error of the output written out")
            mean: Expression = Reduction("mean", (EXAMPLE,), left)
            reason = "J holds the mean of the examples' losses, and the derivative of a mean is the mean of the derivatives"
            yield proof(f"{name}_mean", q.d(of), mean + penalty if penalty else mean, reason + adds)

    def whole_chain(self, layer: Layer, of: Symbol, after: Layer, over: Callable[[Expression], Expression]) -> Iterator[Equation]:
        """From the loss through all units of the layer after to one parameter of this one."""
        q, l, n = self.q, layer.index, after.index
        Z, A, Zn = symbol("Z", l), symbol("A", l), symbol("Z", n)
        tail = Derivative(A, Z) * Derivative(Z, of)
        left, name = Derivative(q.loss, of), f"d{of.name}{l}"
        step = Derivative(Zn, A)
        whole = Reduction("sum", (unit(n),), self.error(after) * step)
        reason = f"a unit of layer {l} reaches the loss through every unit of layer {n}"
        yield proof(f"{name}_whole", left, over(whole * tail), reason)
        inside = q.d(Zn) * step
        yield proof(f"{name}_errors", left, over(Reduction("sum", (unit(n),), inside) * tail), f"the errors of layer {n} named")
        if of.name == "W":
            A_before = symbol("A", layer.before)
            middle = Reduction("sum", (unit(n),), inside) * Derivative(A, Z) * A_before
            yield proof(f"{name}_input", left, over(middle), "the last factor is the activation that the weight stands with")
            yield proof(
                f"{name}_weights",
                left,
                over(self.errors(after) * Derivative(A, Z) * A_before),
                "and in the sum, the last factor is a weight of the layer after",
            )
