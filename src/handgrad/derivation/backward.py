"""The backward pass of an article: layer by layer, the reasoning first, then what is computed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import Derivative, J, symbol
from handgrad.calculus.layout import lay_out
from handgrad.derivation.page import Page
from handgrad.derivation.quantities import Layer, Section
from handgrad.derivation.writing import fits_matrices
from handgrad.document.blocks import Block, Heading, Paragraph, Words

SAID_OF_WEIGHTS = re.compile(r"db.*_(whole|errors)$")
"""Steps that say for the biases what was just said for the weights."""
BATCH = "with the gradient of each example put in"
NAMED = "what stands before it is the error of this layer, named"


@dataclass(frozen=True)
class Backward(Page):
    """Writes the sections from the loss back to the inputs."""

    def blocks(self) -> Iterator[Block]:
        """Every layer from the output back; the reasons of a layer once for all layers of its kind."""
        seen: dict[str, str] = {}
        full = False
        for section in self.sections("error", "weights", "biases", "back"):
            layer = section.layer
            assert layer is not None
            if section.about == "error":
                yield Heading((_title(layer),), 2)
                before = None if layer.output else seen.setdefault(layer.spelling, str(layer.index))
                full = self.reasons and before in {None, str(layer.index)}
                if self.reasons and not full:
                    yield Paragraph((f"The reasons are those of layer {before}.",))
            if full:
                yield Heading(self.heading(section, layer), 3)
                yield from self.reasoned(section, layer)
            else:
                yield from self.formulas(self.row(step, section) for step in section.steps if self.in_brief(step, layer))
        if not self.single:
            yield Heading(("The inputs",), 2)
            for section in self.sections("input gradients"):
                yield from self.formulas(self.row(step, section) for step in section.steps)

    def heading(self, section: Section, layer: Layer) -> Words:
        """What the equations of a part are about."""
        match section.about:
            case "error":
                return ("The error: how the loss changes with ", lay_out(symbol("Z", layer.index), self.notation))
            case "back":
                return (f"Back to layer {layer.before}",)
            case about:
                return (f"The {about}",)

    def reasoned(self, section: Section, layer: Layer) -> Iterator[Block]:
        """A section with its reasons; in a matrix notation with indices first, as matrices then."""
        chain = [step for step in section.steps if self.in_chain(step, section, layer)]
        if not self.matrices:
            yield from self.formulas(self.row(step, section, self.why(step, section, layer)) for step in chain)
            return
        if self.notation.form == "factors":
            yield from self.formulas(self.row(step, section) for step in section.steps if not SAID_OF_WEIGHTS.match(step.id))
            return
        led_to = {step.left for step in section.steps if step.proof}
        indexed = (step for step in chain if step.proof or step.left in led_to)
        yield from self.formulas(self.indexed(step, section, self.why(step, section, layer)) for step in indexed)
        all_at_once = self.notation.examples in {"columns", "rows"}
        yield Paragraph(("As matrices, for all examples at once:" if all_at_once else "As matrices:",))
        steps = (step for step in section.steps if self.in_matrices(step) and fits_matrices(step, self.notation))
        yield from self.formulas(self.row(step, section, self.why_in_matrices(step)) for step in steps)

    def in_chain(self, step: Equation, section: Section, layer: Layer) -> bool:
        """Whether a step is part of the reasoning, which goes forward only: what is put in is not taken out again."""
        if self.of_batch(step) or step.id.startswith("slope") or SAID_OF_WEIGHTS.match(step.id):
            return False
        names, l = {other.id for other in section.steps}, layer.label
        if layer.pointwise and not step.proof and step.id in {f"dZ{l}", f"dZ{l}_chain"}:
            if f"dZ{l}_chain" in names:
                return step.id == f"dZ{l}"
            return not {f"dZ{l}_slope", f"dZ{l}_written"} & names
        return not (step.id == f"dW{l}_factors" and f"dW{l}_whole" in names)

    def why(self, step: Equation, section: Section, layer: Layer) -> str | None:
        """Why a line follows from the one before it, where that is not what the step says by itself."""
        l, early = layer.label, self.derivation.one_over_m == "dZ"
        named = {f"dW{l}_example"} | ({f"dW{l}"} if early else set())
        if step.id in named and any(other.id == f"dW{l}_whole" for other in section.steps):
            return NAMED
        if step.id == f"dZ{l}_chain" and not layer.pointwise:
            return "of the first sum only the term where the indices agree remains, and a common factor stands outside"
        if step.proof or section.about == "error":
            return None
        if section.about == "back":
            return "with that factor put in"
        return "with the last factor put in" if early else BATCH

    def why_in_matrices(self, step: Equation) -> str | None:
        """The reason of a step among the matrices."""
        if step.id.endswith("_slope"):
            return "with the gradient by the activations put in"
        return None

    def in_matrices(self, step: Equation) -> bool:
        """Whether a step is written as matrices after the reasoning: what is computed, and for one example its gradients."""
        again = ("_slope", "_example") if self.single else ("_slope",)
        return (not step.proof or step.id.endswith(again)) and not self.of_batch(step)

    def in_brief(self, step: Equation, layer: Layer) -> bool:
        """Whether a step is shown where the reasons are not: with errors δ, δ from δ and the gradients from it."""
        l, name = layer.label, step.id
        if self.single and name in {f"dW{l}_example", f"db{l}_example"}:
            return True
        if self.notation.gradient != "delta":
            return not step.proof and not self.of_batch(step)
        if name == f"dZ{l}_slope":
            return True
        simplified = layer.output and f"dZ{l}_chain" in {other.id for other in self.derivation.steps}
        wanted = {f"slope{l}"} if not simplified else set()
        wanted |= {f"dZ{l}"} if layer.output else set()
        wanted |= {f"dA{l}"} if layer.output and not simplified else set()
        wanted |= set() if self.single else {f"dW{l}", f"db{l}"}
        first = self.derivation.sections[1].layer
        wanted |= {f"dA{layer.label_before}"} if not self.single and first is not None and layer.index == first.index else set()
        return name in wanted

    def of_batch(self, step: Equation) -> bool:
        """Whether a step is about the mean over the examples, of which a single example has none."""
        return self.single and isinstance(step.left, Derivative) and step.left.of == J


def _title(layer: Layer) -> str:
    if layer.output:
        return f"Layer {layer.index}, the output"
    return f"Any hidden layer {layer.index}" if str(layer.index) == "l" else f"Layer {layer.index}"
