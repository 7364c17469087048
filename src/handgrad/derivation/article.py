"""The whole derivation as a document: what is what, forward pass, loss, backward pass with its reasons, and update."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import Derivative, Expression, J, symbol
from handgrad.calculus.layout import lay_out
from handgrad.calculus.notation import Notation, find_notation
from handgrad.calculus.written import Equals, Written
from handgrad.derivation.checking import check_steps
from handgrad.derivation.data import as_data
from handgrad.derivation.derivation import Derivation
from handgrad.derivation.quantities import Section
from handgrad.derivation.words import legend, why_transposed
from handgrad.derivation.writing import fits_matrices, over_examples, said, write_step
from handgrad.document.blocks import Block, Code, Document, Formula, Heading, Line, Paragraph, Table, Words

WRITTEN_TWICE = ("_slope",)
"""Steps of the reasoning that are about whole layers, and so are written as matrices too."""
LEFT_OUT = re.compile(r"db.*_(whole|errors)$")
"""Steps that say for the biases what was just said for the weights."""
IN_CHAIN = {
    "weights": "with the gradient of each example put in",
    "biases": "with the gradient of each example put in",
    "back": "with that factor put in",
}
"""Why the result of a chain follows from the line before it, by what the section is about."""


def article(derivation: Derivation, notation: Notation | str = "ng", *, reasons: bool = True, only: Sequence[str] = ()) -> Document:
    """The derivation as a document, every step of which has been held to numbers; without `reasons`, what is computed alone.

    `only` names the steps to show, without the text around them.
    """
    notation = derivation.named(find_notation(notation))
    errors = check_steps(derivation)
    made = _Article(derivation, notation, reasons)
    blocks = tuple(made.steps(only) if only else made.blocks(errors))
    title = ("Backpropagation through ", Code(str(derivation.network)))
    return Document(title, blocks, notation, as_data(derivation, notation, errors, only))


@dataclass(frozen=True)
class _Article:
    derivation: Derivation
    notation: Notation
    reasons: bool

    @property
    def single(self) -> bool:
        return self.notation.examples == "single"

    def blocks(self, errors: dict[str, float]) -> Iterator[Block]:
        yield Paragraph(self.opening())
        yield Heading(("What is what",))
        yield Table((("symbol",), ("meaning",)), tuple(legend(self.derivation, self.notation)))
        yield from self.conventions()
        yield Heading(("Forward pass",))
        for section in self.sections("inputs", "forward"):
            yield from self.plain(section)
        yield from self.definitions()
        yield Heading(("Loss",))
        for section in self.sections("loss"):
            yield from self.plain(section)
        yield Heading(("Backward pass",))
        yield Paragraph(self.plan())
        yield from self.backward()
        if self.single:
            yield from self.many_examples()
        yield Heading(("Update",))
        yield from self.update()
        yield Heading(("How this was checked",))
        worst = max(errors, key=lambda name: errors[name])
        checked = (
            f"Each of the {len(errors)} steps was evaluated on a small network with layers of the same kinds: derivatives against "
        )
        checked += "central differences, values against the pass. The two sides differ by at most "
        yield Paragraph((f"{checked}{errors[worst]:.0e} (in ", Code(worst), ")."))

    def steps(self, names: Sequence[str]) -> Iterator[Block]:
        """Single steps, by name."""
        for name in names:
            step = self.derivation[name]
            yield from self.chains([(step, self.derivation.written(name, self.notation))])

    def sections(self, *about: str) -> Iterator[Section]:
        return (section for section in self.derivation.sections if section.about in about)

    def opening(self) -> Words:
        network = self.derivation.network
        layers = ", ".join(f"{n} {g.words}" for n, g in zip(network.widths[1:], network.activations, strict=True))
        inputs, count = (counted(n, what) for n, what in ((network.widths[0], "input"), (network.L, "layer")))
        words = f"{inputs} and {count}, {layers}; the loss is {network.loss.words}"
        words += f", with the L2 penalty λ/2 ΣW², λ = {network.l2:g}" if network.l2 else ""
        words += f", with targets smoothed by ε = {network.label_smoothing:g}" if network.label_smoothing else ""
        return (f"{words}. Source of the loss: {network.loss.source}.",)

    def conventions(self) -> Iterator[Block]:
        n = self.notation
        if n.form in {"matrix", "entries"}:
            lie = {
                "columns": "Each column of a matrix of examples is an example.",
                "rows": "Each row of a matrix of examples is an example.",
                "single": "The formulas are about a single example; its vectors are columns.",
                "indexed": "The index in the superscript numbers the examples.",
            }[n.examples]
            product = "side by side" if not n.product else f"with {n.product} between them"
            words = f"{lie} {n.elementwise} multiplies entry by entry; two matrices {product} are a matrix product."
            if self.reasons:
                words += " Reasoning about single entries is written with indices, for one example where nothing runs over them."
        else:
            about = "The formulas are about a single example." if self.single else "The index in parentheses numbers the examples."
            words = f"Indices number units, the first one that of the unit itself. {about}"
        yield Paragraph((words,))
        keys = [f"{name}[{l}]" for l in range(1, self.derivation.network.L + 1) for name in "Wb"]
        if self.derivation.layers == "numbered" and len(keys) <= 8 and n.form != "index":
            shapes: list[str | Written] = ["Shapes: "]
            for key in keys:
                shapes += [self.derivation.shape(key, n), "." if key == keys[-1] else ", "]
            yield Paragraph(tuple(shapes))

    def plan(self) -> Words:
        J, W, b = (lay_out(s, self.notation) for s in (symbol("J"), symbol("W", "l"), symbol("b", "l")))
        words = ". The chain rule finds them from the output back, and what it finds for one layer is all that the layer before "
        return ("Wanted are the gradients of ", J, " by every ", W, " and ", b, f"{words}needs: nothing is computed twice.")

    def plain(self, section: Section) -> Iterator[Block]:
        """The computed equations of a section and, of its reasoning, what says more than they do."""
        steps = [step for step in section.steps if not step.proof or (self.reasons and step.id == "J_written")]
        if self.single and section.about == "loss":  # J is the loss of the one example there is
            steps = [step for step in steps if step.left != J]
        yield from self.chains([(step, self.write(step, section)) for step in steps])

    def definitions(self) -> Iterator[Block]:
        if any(g.name != "identity" for g in self.derivation.defined):
            yield Paragraph(("where",))
        for definition, g in zip(self.derivation.definitions, self.derivation.defined, strict=True):
            if g.name == "identity":
                continue
            written = lay_out(definition, self.notation.but(form="matrix", examples="single"))
            assert isinstance(written, Equals)
            yield Formula(written.left, (Line(written.right, (g.source,), label=definition.id),))

    def backward(self) -> Iterator[Block]:
        seen: dict[str, str] = {}
        shown: Section | None = None
        for section in self.sections("error", "weights", "biases", "back"):
            layer = section.layer
            assert layer is not None
            if section.about == "error":
                yield Heading((self.layer_title(section),), 2)
                before = seen.get(layer.spelling) if not layer.output else None
                if before is not None and self.reasons:
                    yield Paragraph((f"The reasons are those of layer {before}.",))
                seen.setdefault(layer.spelling, str(layer.index)) if not layer.output else None
                shown = None if before is not None else section
            full = shown is not None and self.reasons
            if full:
                yield Heading(self.section_title(section), 3)
            yield from self.reasoned(section, full=full)
        for section in self.sections("input gradients"):
            if not self.single:
                yield Heading(("The inputs",), 2)
                yield from self.reasoned(section, full=False)

    def layer_title(self, section: Section) -> str:
        layer = section.layer
        assert layer is not None
        if layer.output:
            return f"Layer {layer.index}, the output"
        return f"Any hidden layer {layer.index}" if str(layer.index) == "l" else f"Layer {layer.index}"

    def section_title(self, section: Section) -> Words:
        """What the equations of a part of the backward pass are about."""
        layer = section.layer
        assert layer is not None
        match section.about:
            case "error":
                return ("The error: how the loss changes with ", lay_out(symbol("Z", layer.index), self.notation))
            case "back":
                return (f"Back to layer {layer.before}",)
            case about:
                return (f"The {about}",)

    def reasoned(self, section: Section, *, full: bool) -> Iterator[Block]:
        """A section's factors, then its chains; in a matrix notation with indices first, as matrices then."""
        if full and self.notation.form == "matrix":
            indexed = [(step, self.with_indices(step, section)) for step in section.steps if self.in_reasoning(step, section)]
            yield from self.chains(indexed, section)
            yield Paragraph(("As matrices:",) if self.single else ("As matrices, for all examples at once:",))
            matrices = [step for step in section.steps if self.in_matrices(step)]
            yield from self.chains([(s, self.write(s, section)) for s in matrices if fits_matrices(s, self.notation)])
            return
        wanted = self.in_chain if full else self.in_brief
        steps = [step for step in section.steps if wanted(step)]
        yield from self.chains([(step, self.write(step, section)) for step in steps], section if full else None)

    def in_matrices(self, step: Equation) -> bool:
        """Whether a step is written as matrices after the reasoning: what is computed, and for one example its gradients."""
        again = (*WRITTEN_TWICE, "_example") if self.single else WRITTEN_TWICE
        return (not step.proof or step.id.endswith(again)) and not self.of_batch(step)

    def in_chain(self, step: Equation) -> bool:
        """Whether a step is part of the reasoning where all of it has one form."""
        return not self.of_batch(step) and not step.id.startswith("slope") and not LEFT_OUT.match(step.id)

    def in_brief(self, step: Equation) -> bool:
        """Whether a step is shown where the reasons are not: with errors δ, δ from δ and the gradients from it."""
        if self.of_batch(step):
            return False
        if step.proof or self.notation.gradient == "delta":
            from_delta = self.notation.gradient == "delta" and step.id.endswith("_slope")
            main = not step.proof and (step.id.startswith(("dW", "db")) or _is_output_error(step, self.derivation))
            return from_delta or main or (self.single and step.id.endswith("_example") and step.id.startswith(("dW", "db")))
        return True

    def in_reasoning(self, step: Equation, section: Section) -> bool:
        """Whether a step is written with indices: all of the reasoning, and the result that it leads to."""
        return self.in_chain(step) and (step.proof or any(other.proof and other.left == step.left for other in section.steps))

    def of_batch(self, step: Equation) -> bool:
        """Whether a step is about the mean over the examples, of which a single example has none."""
        early = self.derivation.one_over_m == "dZ"
        return self.single and not early and isinstance(step.left, Derivative) and step.left.of == J

    def with_indices(self, step: Equation, section: Section) -> Equals:
        notation = self.notation.but(form="index")
        if notation.gradient == "dZ":
            notation = notation.but(gradient="partial")
        if notation.examples in {"columns", "rows"} and not over_examples(step):
            notation = notation.but(examples="single")
        return write_step(self.derivation, step, notation, section)

    def write(self, step: Equation, section: Section) -> Equals:
        return write_step(self.derivation, step, self.notation, section)

    def chains(self, steps: list[tuple[Equation, Equals]], section: Section | None = None) -> Iterator[Formula]:
        """Equations with one left side as one formula; a line that says the same as the one before is left out.

        `section` is that of a chain of reasoning, whose last line follows from the one before.
        """
        groups: dict[tuple[Expression, Written], list[tuple[Equation, Equals]]] = {}
        for step, written in steps:
            groups.setdefault((step.left, written.left), []).append((step, written))
        for (_, left), group in groups.items():
            lines: list[Line] = []
            for step, written in group:
                if lines and lines[-1].right == written.right:
                    continue
                reason: Words = (said(step, self.notation),)
                if section is not None and not step.proof and lines:
                    reason = (IN_CHAIN.get(section.about, said(step, self.notation)),)
                elif section is None:
                    reason = why_transposed(written.right, self.notation) or reason
                reason = reason if self.reasons else ()
                sign = self.notation.assign if written.update else "="
                lines.append(Line(written.right, reason, sign, step.id))
            yield Formula(left, tuple(lines))

    def many_examples(self) -> Iterator[Block]:
        """What becomes of a single example's gradients in a batch."""
        batch = replace(self, notation=self.notation.but(examples="indexed", form="matrix"))
        yield Heading(("Many examples",))
        yield Paragraph(("A batch takes the mean over its examples, and the derivative of a mean is the mean of the derivatives:",))
        output = next(section for section in self.sections("weights"))
        steps = [step for section in self.sections("loss") for step in section.steps if step.id == "J"]
        steps += [step for step in output.steps if step.id.endswith("_mean")]
        steps += [step for section in self.sections("biases") for step in section.steps if step.id.endswith("_mean")][:1]
        yield from batch.chains([(step, batch.write(step, output)) for step in steps])

    def update(self) -> Iterator[Block]:
        rule = self.derivation.optimiser
        known = {name: value for name, value in rule.hyperparameters.items() if name != "alpha"}
        words: list[str | Written] = [f"{rule.name.replace('_', ' ').capitalize()} ({rule.source}), for any parameter "]
        words += [lay_out(symbol("theta"), self.notation), ":"]
        yield Paragraph(tuple(words))
        written = [(step, lay_out(step, self.notation.but(gradient="partial"))) for step in self.derivation.rule]
        yield from self.chains([(step, equals) for step, equals in written if isinstance(equals, Equals)])
        if known:
            values: list[str | Written] = ["with "]
            for name, value in known.items():
                values += [lay_out(symbol(name), self.notation), f" = {value:g}", ", "]
            start = "and all that is kept starting at zero." if rule.state else "."
            yield Paragraph((*values, start))
        yield Paragraph(("So, for every layer:",))
        for section in self.sections("update"):
            yield from replace(self, reasons=False).chains([(step, self.write(step, section)) for step in section.steps])


def _is_output_error(step: Equation, derivation: Derivation) -> bool:
    """Whether a step is the error of the output, simplified or not."""
    last = derivation.sections[-1].layer
    return last is not None and step.id in {f"dZ{last.index}", f"dZ{derivation.network.L}"}


def counted(number: int, what: str) -> str:
    """1 input, 2 inputs."""
    return f"{number} {what}{'s' * (number != 1)}"
