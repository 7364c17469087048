"""What every part of a derivation's article writes with: steps in the notation, and formulas of several lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import Expression
from handgrad.calculus.notation import Notation
from handgrad.calculus.written import Equals, Written
from handgrad.derivation.derivation import Derivation
from handgrad.derivation.quantities import Section
from handgrad.derivation.words import why_transposed
from handgrad.derivation.writing import in_indices, said, write_step
from handgrad.document.blocks import Formula, Line, Words

Row = tuple[Equation, Equals, Words]
"""A step, how it is written, and the words beside it."""


@dataclass(frozen=True)
class Page:
    """A derivation, the notation that it is written in, and whether the reasons stand beside the formulas."""

    derivation: Derivation
    notation: Notation
    reasons: bool

    @property
    def single(self) -> bool:
        """Whether the formulas are about a single example."""
        return self.notation.examples == "single"

    @property
    def matrices(self) -> bool:
        """Whether whole layers are written as matrices."""
        return self.notation.form != "index"

    def sections(self, *about: str) -> Iterator[Section]:
        """The sections about these things, in order."""
        return (section for section in self.derivation.sections if section.about in about)

    def row(self, step: Equation, section: Section | None, why: str | None = None) -> Row:
        """A step as its section writes it, with its own reason or another; a transposed factor has its reason too."""
        written = write_step(self.derivation, step, self.notation, section)
        transposes = why_transposed(written.right, self.notation) if self.matrices else ()
        words: Words = (said(step, self.notation) if why is None else why,)
        if transposes:
            words = (why, "; ", *transposes) if why else transposes
        return step, written, words

    def indexed(self, step: Equation, section: Section, why: str | None = None) -> Row:
        """A step with indices, for one example where nothing runs over the examples."""
        notation = in_indices(self.derivation, step, self.notation)
        if notation.gradient == "dZ":
            notation = notation.but(gradient="partial")
        written = write_step(self.derivation, step, notation, section)
        return step, written, (said(step, self.notation) if why is None else why,)

    def formulas(self, rows: Iterable[Row]) -> Iterator[Formula]:
        """Steps with one left side as one formula; a line that says the same as the one before is left out."""
        groups: dict[tuple[Expression, Written], list[Row]] = {}
        for row in rows:
            groups.setdefault((row[0].left, row[1].left), []).append(row)
        for (_, left), group in groups.items():
            lines: list[Line] = []
            for step, written, words in group:
                if not lines or lines[-1].right != written.right:
                    sign = self.notation.assign if written.update else "="
                    lines.append(Line(written.right, words if self.reasons else (), sign, step.id))
            yield Formula(left, tuple(lines))
