"""The whole derivation as a document: what is what, forward pass, loss, backward pass with its reasons, and update."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from handgrad.calculus.expressions import ELL, J, symbol
from handgrad.calculus.layout import lay_out
from handgrad.calculus.notation import Notation, find_notation
from handgrad.calculus.written import Equals, Written
from handgrad.derivation.backward import Backward
from handgrad.derivation.checking import check_steps
from handgrad.derivation.data import as_data
from handgrad.derivation.derivation import Derivation
from handgrad.derivation.legend import MOST_SHAPES, legend
from handgrad.derivation.page import Page
from handgrad.document.blocks import Block, Code, Document, Formula, Heading, Line, Paragraph, Table, Words

MOST_LAYERS = 4
"""Of more layers than these, the means over the examples are those of the last layer."""
LIE = {
    "columns": "Each column of a matrix of examples is an example.",
    "rows": "Each row of a matrix of examples is an example.",
    "single": "The formulas are about a single example.",
    "indexed": "The index in the superscript numbers the examples.",
}
NO_MATTER = "For one example it makes no difference where 1/m stands, so that its gradients are those of its own loss."
ERROR_FUNCTIONS = "erf is the error function, 2/√π times the integral of exp(-t²) from 0 to its argument; erfc(z) is 1 - erf(z)."


def article(derivation: Derivation, notation: Notation | str = "ng", *, reasons: bool = True, only: Sequence[str] = ()) -> Document:
    """The derivation as a document, every step of which has been held to numbers; without `reasons`, what is computed alone.

    `only` names the steps to show, without the text around them. For a single example it makes no difference where 1/m
    stands: its gradients are those of its own loss.
    """
    notation = derivation.named(find_notation(notation))
    notes: tuple[str, ...] = ()
    if notation.examples == "single" and not only and derivation.one_over_m == "dZ":
        derivation, notes = derivation.averaged_late(), (NO_MATTER,)
    errors = check_steps(derivation)
    made = _Article(derivation, notation, reasons, notes)
    blocks = tuple(made.steps((only,) if isinstance(only, str) else only) if only else made.blocks(errors))
    title = ("Backpropagation through ", Code(str(derivation.network)))
    return Document(title, blocks, notation, partial(as_data, derivation, notation, errors, only))


@dataclass(frozen=True)
class _Article(Page):
    notes: tuple[str, ...] = ()

    def blocks(self, errors: dict[str, float]) -> Iterator[Block]:
        yield Paragraph(self.opening())
        yield Heading(("What is what",))
        yield Table((("symbol",), ("meaning",)), tuple(legend(self.derivation, self.notation)))
        yield from self.conventions()
        yield Heading(("Forward pass",))
        for section in self.sections("inputs", "forward"):
            yield from self.formulas(self.row(step, section) for step in section.steps if not step.proof)
        yield from self.definitions()
        yield Heading(("Loss",))
        yield from self.loss()
        yield Heading(("Backward pass",))
        yield Paragraph(self.plan())
        yield from Backward(self.derivation, self.notation, self.reasons).blocks()
        if self.single:
            yield from self.many_examples()
        yield Heading(("Update",))
        yield from self.update()
        yield Heading(("How this was checked",))
        worst = max(errors, key=lambda name: errors[name])
        words = f"Each of the {len(errors)} steps of the derivation, also of those not shown, was evaluated on a small network "
        words += "with layers of the same kinds: derivatives against central differences, values against the pass. The two sides "
        words += "differ by at most "
        yield Paragraph((f"{words}{errors[worst]:.0e} (in ", Code(worst), ")."))

    def steps(self, names: Sequence[str]) -> Iterator[Block]:
        """Single steps, by name."""
        for name in names:
            yield from self.formulas([self.row(self.derivation[name], self.derivation.section_of(name))])

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
        words = [LIE[n.examples]]
        if self.matrices:
            product = "side by side" if not n.product else f"with {n.product} between them"
            words.append(f"{n.elementwise} multiplies entry by entry; two matrices {product} are a matrix product.")
            words.append("Functions, powers and quotients of matrices are taken entry by entry.")
            if n.form == "factors":
                words.append("In chains of factors, the indices, the sums over them and the transposes are left out.")
            elif self.reasons:
                alone = ", for one example where nothing runs over the examples" if self.derivation.one_over_m == "dW" else ""
                words.append(f"Reasoning about single entries is written with indices{alone}.")
        else:
            own = "second" if n.weights == "in_out" else "first"
            words.append(f"Indices number units; of those of a weight the {own} is that of the unit itself.")
        yield Paragraph((" ".join([*words, *self.notes]),))
        L = self.derivation.network.L
        if self.derivation.layers == "numbered" and L <= MOST_SHAPES and self.matrices:
            shapes: list[str | Written] = []
            for key in (f"{name}[{l}]" for l in range(1, L + 1) for name in "Wb"):
                shapes += [", " if shapes else "Shapes: ", self.derivation.shape(key, n)]
            yield Paragraph((*shapes, "."))

    def plan(self) -> Words:
        layer = self.derivation.sections[-1].layer
        index = "l" if self.derivation.network.L > 1 or layer is None else layer.index
        loss, W, b = (lay_out(s, self.notation) for s in (ELL if self.single else J, symbol("W", index), symbol("b", index)))
        words = ". The chain rule finds them from the output back, and what it finds for one layer is all that the layer before "
        return ("Wanted are the gradients of ", loss, " by every ", W, " and ", b, f"{words}needs: nothing is computed twice.")

    def loss(self) -> Iterator[Block]:
        for section in self.sections("loss"):
            steps = [step for step in section.steps if not step.proof or (self.reasons and step.id == "J_written")]
            yield from self.formulas(self.row(step, section) for step in steps if not (self.single and step.left == J))

    def definitions(self) -> Iterator[Block]:
        defined = [g for g in self.derivation.defined if g.name != "identity"]
        if defined:
            yield Paragraph(("where",))
        for g, definition in zip(self.derivation.defined, self.derivation.definitions, strict=True):
            if g in defined:
                written = lay_out(definition, self.notation.but(form="matrix", examples="single"))
                assert isinstance(written, Equals)
                yield Formula(written.left, (Line(written.right, (g.source,), label=definition.id),))
        if any("erf" in f"{g.value} {g.slope}" for g in defined):
            yield Paragraph((ERROR_FUNCTIONS,))

    def many_examples(self) -> Iterator[Block]:
        """What becomes of a single example's gradients in a batch."""
        form = "index" if self.notation.form == "index" else "matrix"
        batch = replace(self, notation=self.notation.but(examples="indexed", form=form))
        yield Heading(("Many examples",))
        m = lay_out(symbol("m"), self.notation)
        words = " examples, which the index in parentheses numbers, and the derivative of a mean is the mean of the derivatives:"
        yield Paragraph(("A batch takes the mean over its ", m, words))
        sections = list(self.sections("loss", "weights", "biases"))
        few = self.derivation.network.L <= MOST_LAYERS
        kept = [s for s in sections if few or s.layer is None or s.layer.output]
        steps = [(step, section) for section in kept for step in section.steps if step.id == "J" or step.id.endswith("_mean")]
        yield from batch.formulas(batch.row(step, section) for step, section in steps)
        if not few:
            yield Paragraph(("and so in every layer.",))

    def update(self) -> Iterator[Block]:
        rule = self.derivation.optimiser
        if not rule.update:
            yield Paragraph((f"{rule.about} ({rule.source}).",))
            return
        yield from self.learning_rate()
        known = {name: value for name, value in rule.hyperparameters.items() if name != "alpha"}
        name = rule.name.replace("_", " ").capitalize()
        yield Paragraph((f"{name} ({rule.source}), for any parameter ", lay_out(symbol("theta"), self.notation), ":"))
        partial = replace(self, notation=self.notation.but(gradient="partial"))
        yield from partial.formulas(partial.row(step, None) for step in self.derivation.rule)
        if known:
            values: list[str | Written] = []
            for name, value in known.items():
                values += [", " if values else "with ", lay_out(symbol(name), self.notation), f" = {value:g}"]
            kept = ", and all that is kept starting at zero" if rule.state else ""
            decay = (
                ("; ", lay_out(symbol("lambda0"), self.notation), " is that of weights, and 0 for biases") if rule.decays else ()
            )
            yield Paragraph((*values, kept, *decay, "."))
        yield Paragraph(("So, for every layer:",))
        bare = replace(self, reasons=False)
        for section in self.sections("update"):
            yield from bare.formulas(bare.row(step, section) for step in section.steps)

    def learning_rate(self) -> Iterator[Block]:
        schedule = self.derivation.schedule
        for section in self.sections("learning rate"):
            assert schedule is not None
            alpha, words = lay_out(symbol("alpha"), self.notation), f" follows the schedule {schedule.words} ({schedule.source}):"
            yield Paragraph(("The learning rate ", alpha, f" of a step{words}"))
            yield from self.formulas(self.row(step, section) for step in section.steps)
            values: list[str | Written] = []
            for name, value in schedule.parameters.items():
                values += [", " if values else "with ", lay_out(symbol(name), self.notation), f" = {value:g}"]
            if values:
                yield Paragraph((*values, "."))


def counted(number: int, what: str) -> str:
    """1 input, 2 inputs."""
    return f"{number} {what}{'s' * (number != 1)}"
