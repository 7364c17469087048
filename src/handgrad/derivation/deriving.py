"""derive(network): forward pass, loss, backward pass and update as equations; evaluating them is the reference pass."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import Expression
from handgrad.calculus.indices import Affine, Axis
from handgrad.catalogue.lookup import find_optimiser, find_schedule
from handgrad.catalogue.rules import Optimiser, Schedule
from handgrad.derivation.derivation import Derivation
from handgrad.derivation.equations import EquationWriter
from handgrad.derivation.quantities import Layer, Quantities, Section
from handgrad.errors import HandgradError, did_you_mean
from handgrad.network import Network

CHOICES = {"one_over_m": ("dW", "dZ"), "layers": ("numbered", "general", "from_output")}
NAMES = {"one_over_m": "place for 1/m", "layers": "way to count layers"}
Rules = tuple[Optimiser, Schedule | None]


def derive(
    network: Network | str,
    *,
    one_over_m: str = "dW",
    optimiser: str | Optimiser = "gradient_descent",
    schedule: str | Schedule | None = None,
    layers: str = "numbered",
) -> Derivation:
    """Write out forward pass, loss, backward pass down to the input, and update, as equations with reasons.

    `one_over_m` says where the mean over the examples stands: "dW" takes dZ[l] as the gradient of each example's own loss and the
    mean in dW[l] and db[l]; "dZ" takes gradients of J throughout, with 1/m in dA[L] and plain sums in dW[l] and db[l].
    `layers` are numbered (1, 2, 3), written for any one of them (l and L, "general"), or counted "from_output" (L, L-1, L-2).
    `optimiser` is the spelling of an update rule, as "adam(beta1=0.95)" or "momentum(weight_decay=0.01)". With a `schedule`, as
    "cosine(warmup=0.05)", the learning rate alpha of a step has an equation of its own; without one it is given.

    A spelling may stand for the network that has it. Raises HandgradError for a choice that does not exist.
    """
    for name, choice in (("one_over_m", one_over_m), ("layers", layers)):
        if not isinstance(choice, str) or choice not in CHOICES[name]:
            hint = did_you_mean(choice, CHOICES[name]) if isinstance(choice, str) else f"Known: {', '.join(CHOICES[name])}"
            raise HandgradError(f"there is no {NAMES[name]} {choice!r}. {hint}")
    rules = find_optimiser(optimiser), None if schedule is None else find_schedule(schedule)
    return _derived(network if isinstance(network, Network) else Network(network), one_over_m, rules, layers)


@lru_cache(maxsize=256)
def _derived(network: Network, one_over_m: str, rules: Rules, style: str) -> Derivation:
    if network.L == 1 and style == "general":
        style = "numbered"  # there is no other layer to speak of
    computed = _numbered(network, one_over_m, rules, reasons=False).sections()
    equations = tuple(step for section in computed for step in section.steps)
    write_sections = partial(_sections, network, one_over_m, rules, style)
    return Derivation(network, rules[0], equations, write_sections, one_over_m, style, rules[1])


def _sections(network: Network, one_over_m: str, rules: Rules, style: str) -> tuple[Section, ...]:
    """All steps, with the reasoning, in a style of counting layers."""
    if style == "general":
        quantities = Quantities(network, Affine.of("L"), one_over_m == "dZ")
        return tuple(EquationWriter(quantities, _any_layers(network), *rules).sections())
    found = _numbered(network, one_over_m, rules, reasons=True).sections()
    return tuple(_from_output(section, network.L) if style == "from_output" else section for section in found)


def _numbered(network: Network, one_over_m: str, rules: Rules, *, reasons: bool) -> EquationWriter:
    layers = tuple(Layer(Affine.of(n), g, n == network.L) for n, g in enumerate(network.activations, 1))
    quantities = Quantities(network, Affine.of(network.L), one_over_m == "dZ")
    return EquationWriter(quantities, layers, *rules, reasons)


def _any_layers(network: Network) -> tuple[Layer, ...]:
    """The hidden layer l, with the activation that all hidden layers share if they do, and the output layer L."""
    *hidden, output = network.activations
    shared = hidden[0] if hidden and all(g == hidden[0] for g in hidden) else None
    return (*([Layer(Affine.of("l"), shared)] if hidden else []), Layer(Affine.of("L"), output, output=True))


def _from_output(section: Section, L: int) -> Section:
    """Equations with their layers counted from the output: layer 2 of 3 is L-1."""

    def change(part: Any) -> Any:
        if isinstance(part, Affine):
            return Affine.of("L") + (part.offset - L) if not part.terms else part
        if isinstance(part, Axis):
            return part if part.layer is None else replace(part, layer=change(part.layer))
        return part.map(change) if isinstance(part, Expression) else part

    def moved(step: Equation) -> Equation:
        reason = re.sub(r"layer (\d+)", lambda found: f"layer {change(Affine.of(int(found[1])))}", step.reason)
        return replace(step, left=step.left.map(change), right=step.right.map(change), reason=reason, stable=None)

    layer = section.layer and replace(section.layer, index=change(section.layer.index), number=section.layer.index.offset)
    return Section(section.about, layer, tuple(map(moved, section.steps)))
