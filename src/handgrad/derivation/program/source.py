"""The source of equations in a NumPy program: its steps, their variables, their code and their comments."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from handgrad.calculus.einsum_source import einsum_equation
from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import Call, Derivative, Expression, Reduction, Symbol, gradient, quantities, symbol
from handgrad.calculus.functions import Formula
from handgrad.calculus.indices import EXAMPLE, Affine, Axis, unit
from handgrad.calculus.layout import lay_out_matrix
from handgrad.calculus.matrix_form import MatrixForm
from handgrad.calculus.means import normalised
from handgrad.calculus.notation import Notation
from handgrad.calculus.parser import parse
from handgrad.calculus.rendering import render, typeset
from handgrad.calculus.writer import Writer, letters_for
from handgrad.calculus.written import Name, Partial
from handgrad.derivation.derivation import Derivation
from handgrad.derivation.program.names import ProgramSource
from handgrad.derivation.program.text import assigned, commented
from handgrad.derivation.writing import said, write_step

LONGEST_REASON = 130


@dataclass(frozen=True)
class Step:
    """An equation, the quantity that the program assigns, and the expression that computes it."""

    equation: Equation
    left: Symbol | Derivative
    computed: Expression

    @property
    def layer(self) -> Affine | None:
        """The layer that the quantity belongs to."""
        return self.left.by.layer if isinstance(self.left, Derivative) else self.left.layer

    @cached_property
    def reads(self) -> frozenset[str]:
        """The keys of what its code reads."""
        filled = {self.left.by.key} if isinstance(self.left, Derivative) and self.constant else set()
        return frozenset(filled | {quantity.key for quantity in quantities(self.computed)})

    @property
    def constant(self) -> bool:
        """Whether one number stands for all units, as the gradient of a loss may be."""
        left, computed = (any(axis.name == "unit" for axis in side.axes) for side in (self.left, self.computed))
        return left and not computed


class Scribe:
    """Writes the source of one derivation in a notation."""

    def __init__(self, derivation: Derivation, notation: Notation) -> None:
        self.derivation, self.page = derivation, derivation.named(notation)
        # arrays hold all examples, and products that are written without their sums are computed with them
        self.notation = notation.but(
            form="matrix" if notation.form == "factors" else notation.form,
            examples="columns" if notation.examples == "indexed" else notation.examples,
        )
        self.source = ProgramSource(self.notation)
        self.writer = Writer(self.notation)
        self.reasons_given: set[str] = set()

    @property
    def parameters(self) -> list[Symbol]:
        """W[1], b[1], W[2] and so on."""
        return [symbol(name, l) for l in range(1, self.derivation.network.L + 1) for name in "Wb"]

    @cached_property
    def computing(self) -> dict[str, Step]:
        """By quantity, the step that computes it; of two, the later."""
        found: dict[str, Step] = {}
        for equation in self.derivation.equations:
            if isinstance(equation.left, Symbol | Derivative):  # the slopes are functions of the program
                found.pop(equation.key, None)
                found[equation.key] = Step(equation, equation.left, normalised(self.plain(equation.computed), self.notation))
        return found

    def plain(self, expression: Expression) -> Expression:
        """Without a call of the identity."""
        functions = self.derivation.functions

        def change(part: object) -> object:
            part = part.map(change) if isinstance(part, Expression) else part
            formula = functions.get(part.name) if isinstance(part, Call) else None
            same = isinstance(formula, Formula) and formula.body == Symbol(formula.parameters[0])
            return part.arguments[0] if same and isinstance(part, Call) else part

        result = change(expression)
        assert isinstance(result, Expression)
        return result

    def steps(self, wanted: Iterable[str], given: Collection[str]) -> list[Step]:
        """What computes the wanted quantities from those that are given, in order."""
        needed, found = set(wanted), list[Step]()
        for key, step in reversed(self.computing.items()):
            if key in needed and key not in given:
                found.append(step)
                needed |= step.reads
        return found[::-1]

    @cached_property
    def read_by_rule(self) -> frozenset[str]:
        """The keys of what the update rule's formulas read."""
        rule = self.derivation.optimiser
        return frozenset(q.key for formula in (*rule.state.values(), rule.update) for q in quantities(parse(formula)))

    @cached_property
    def read_by_schedule(self) -> frozenset[str]:
        """The keys of what the schedule of the learning rate reads, all its parameters included; empty without one."""
        schedule = self.derivation.schedule
        return schedule.reads.union(schedule.parameters) if schedule else frozenset()

    def constants(self) -> dict[str, float]:
        """The constants that the program reads, by key."""
        read = self.read_by_rule.union(
            self.read_by_schedule,
            *(step.reads for step in self.steps(["J", *(gradient(theta).key for theta in self.parameters)], ())),
        )
        return {key: float(np.asarray(value)) for key, value in self.derivation.constants.items() if key in read}

    def name(self, quantity: Symbol | Derivative) -> str:
        """The variable of a quantity."""
        if isinstance(quantity, Symbol):
            return self.source.name(Name(quantity.name, quantity.layer))[0]
        of, by = (Name(symbol.name, symbol.layer) for symbol in (quantity.of, quantity.by))
        written = self.writer.gradient(quantity, of, by)
        assert isinstance(written, Name | Partial)
        return self.source.text(written)

    def code(self, left: Symbol | Derivative, right: Expression, letters: Mapping[Axis, str] | None = None) -> str:
        """The source of what is assigned to a quantity, in its order of axes; in index form with these letters."""
        equation = Equation("", left, right, "")
        if self.notation.form == "index":
            text = einsum_equation(equation, self.notation, letters, self.source)
        else:
            text = self.source.text(lay_out_matrix(equation, self.notation))
        return text.partition(" = ")[2]

    def assignment(self, step: Step) -> list[str]:
        """The lines that compute a step, its repeated parts first."""
        section = self.derivation.section_of(step.equation.id)
        letters = letters_for(section.axes, self.notation) if section else None
        lines, right = self.once(step.computed, letters)
        code = self.code(step.left, right, letters)
        if isinstance(step.left, Derivative) and step.constant:
            code = f"np.broadcast_to({code}, {self.name(step.left.by)}.shape)"
        return [*lines, *assigned(self.name(step.left), code)]

    def once(self, expression: Expression, letters: Mapping[Axis, str] | None = None) -> tuple[list[str], Expression]:
        """Lines that compute what an expression repeats, and the expression in which that has a name."""
        repeated = _repeated(expression)
        if repeated is None:
            return [], expression
        part = Symbol(_part_name(repeated), on=repeated.axes)
        return assigned(self.name(part), self.code(part, repeated, letters)), _replaced(expression, repeated, part)

    def comment(self, step: Step) -> list[str]:
        """The equation as the notation writes it, with its reason where that is short and not given before."""
        equation, reason = step.equation, said(step.equation, self.notation)
        kind = re.sub(r"\d+", "", reason)
        if len(reason) > LONGEST_REASON or kind in self.reasons_given:
            reason = ""
        self.reasons_given.add(kind)
        lines = commented(self.page_step(equation, equation), reason)
        stable = equation.stable
        if stable is not None and stable != equation.right and not _is_catalogued(stable):
            equal = self.page_step(equation, replace(equation, right=stable)).partition(" = ")[2]
            lines += commented(f"computed as {equal}", "which equals it and does not overflow")
        return lines

    def page_step(self, equation: Equation, form: Equation) -> str:
        """What stands on the page for one form of an equation, in Unicode, with the letters of its section."""
        return typeset(write_step(self.derivation, form, self.page, self.derivation.section_of(equation.id)), self.page, "unicode")

    def page_form(self, what: Expression | Equation) -> str:
        """What stands on the page for an expression or an equation by itself, in Unicode."""
        return render(what, self.page)

    def block(self, steps: Sequence[Step]) -> list[str]:
        """Comments and code of some steps, with an empty line between layers."""
        lines, before = list[str](), None
        for step in steps:
            layer = step.layer
            if lines and layer is not None and before is not None and layer != before:
                lines.append("")
            before = layer if layer is not None else before
            lines += [*self.comment(step), *self.assignment(step)]
        return lines

    def example_place(self, of: str = "X") -> int | None:
        """Which dimension of X, or of the weights w, counts the examples; None where X is a single one."""
        shape, m = self.shape(symbol(of)), self.name(Symbol("m"))
        return shape.index(m) if m in shape else None

    def size(self, axis: Axis | None) -> str:
        """How many entries an axis has, as a number; m for the examples."""
        if axis is None:
            return "1"
        if axis == EXAMPLE:
            return self.name(Symbol("m"))
        assert axis.layer is not None
        return str(self.derivation.network.widths[axis.layer.offset])

    def shape(self, quantity: Symbol) -> tuple[str, ...]:
        """The sizes of a quantity's array."""
        axes = (unit(self.derivation.network.L), EXAMPLE) if quantity.name == "Y" else quantity.axes
        if self.notation.form == "index":
            return tuple(map(self.size, self.writer.visible(axes)))
        return tuple(map(self.size, MatrixForm(self.notation).orientation(axes)))


def _is_catalogued(expression: Expression) -> bool:
    """Whether it is the call of an activation, whose own definition says how it is computed."""
    return isinstance(expression, Call) and expression.function not in {"where", "indicator"}


def _repeated(expression: Expression) -> Expression | None:
    """The largest part with a sum or a maximum in it that occurs more than once."""
    seen: dict[Expression, int] = {}

    def count(part: Expression) -> bool:
        inner = [count(inner) for inner in part.parts]
        reduces = any(inner) or isinstance(part, Reduction)
        seen[part] = seen.get(part, 0) + reduces
        return reduces

    count(expression)
    return max((part for part, times in seen.items() if times > 1), key=lambda part: part.size, default=None)


def _part_name(part: Expression) -> str:
    kind = part.kind if isinstance(part, Reduction) else part.function if isinstance(part, Call) else ""
    return {"max": "largest", "exp": "powers"}.get(kind, "part")


def _replaced(expression: Expression, part: Expression, by: Expression) -> Expression:
    def change(inner: object) -> object:
        return by if inner == part else inner.map(change) if isinstance(inner, Expression) else inner

    result = change(expression)
    assert isinstance(result, Expression)
    return result
