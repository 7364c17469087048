"""What is written, with what the page has numbers of marked by its key and its axes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import Call, Derivative, Expression, Reduction, Symbol, key_of
from handgrad.calculus.index_form import IndexForm, Letters
from handgrad.calculus.indices import EXAMPLE, Axis
from handgrad.calculus.matrix_form import MatrixForm, Orientation
from handgrad.calculus.means import normalised
from handgrad.calculus.writer import NoMatrixFormError, letters_of
from handgrad.calculus.written import Equals, Name, Written
from handgrad.explain.entries import EntryForm

VARIABLE = 0xE000
"""The first of the private characters that stand for variables."""
COMMA, COMMA_OF_LONG = "\ue200", "\ue201"
"""Between two indices: a comma where one of them takes more than a character; the second, wherever numbers stand."""


@dataclass(frozen=True)
class Known(Written):
    """What has numbers, with its key: in index form the variables of its axes, else what runs down and across."""

    key: str
    at: tuple[int, ...]
    shown: Written
    matrix: bool = False


@dataclass(frozen=True)
class Summed(Written):
    """A sum or maximum over variables, all at once."""

    kind: str
    over: tuple[tuple[str, Axis], ...]
    body: Written


@dataclass(frozen=True)
class IndexTrees(IndexForm):
    """Index form with a variable, a private character, for each axis in scope, and which letter is written for it.

    `entries` have the sizes and the numbers that there are; a formula of the catalogue has none. `known` are the letters of all
    axes together.
    """

    entries: EntryForm | None = None
    known: Letters = field(default_factory=dict)
    axes: list[Axis] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)

    def bound(self, axis: Axis, letter: str) -> str:
        """A new variable."""
        self.axes.append(axis)
        self.letters.append(letter)
        return chr(VARIABLE + len(self.axes) - 1)

    def scope(self, over: tuple[Axis, ...], letters: Letters, used: set[Axis]) -> Letters:
        """New variables for the axes of a sum, with the letters that index form gives them."""
        written = {**self.known, **{axis: self.letters[ord(at) - VARIABLE] for axis, at in letters.items()}}
        inner = super().scope(over, written, used)
        return {**letters, **{axis: self.bound(axis, inner[axis]) for axis in over}}

    def name(self, quantity: Symbol, **marks: Any) -> Name:
        """A quantity keeps its name in the update."""
        return super().name(quantity.now, **marks)

    def marked(self, quantity: Symbol, letters: Letters) -> Name:
        """The places of commas are holes, too."""
        name = super().marked(quantity, letters)
        sizes = self.entries.sizes if self.entries else {}
        many = any(sizes.get(axis, 0) > 9 for axis in quantity.axes if axis != EXAMPLE)
        comma = COMMA_OF_LONG if many else COMMA
        parted = tuple(part for index in name.indices for part in (comma, index))[1:]
        return replace(name, indices=parted)

    def write(self, e: Expression, letters: Letters, used: frozenset[Axis] | None = None) -> Written:
        """What has numbers is marked with its key and its variables."""
        written = super().write(e, letters, used)
        if isinstance(e, Symbol | Derivative) or (isinstance(e, Call) and self.entries and e.key in self.entries.values):
            axes = (e.on or ()) if isinstance(e, Symbol) else e.axes
            return Known(e.key, tuple(ord(letters[axis]) - VARIABLE for axis in axes), written)
        return written

    def reduction(self, e: Reduction, letters: Letters, used: frozenset[Axis]) -> Written:
        """All axes of a sum at once, as its terms are ranked."""
        inner = self.scope(e.over, letters, set(used))
        body = self.write(e.body, inner, used | frozenset(e.over))
        over = tuple((inner[axis], axis) for axis in self.visible(e.over))  # the only example's index is 1 by itself
        return Summed(e.kind, over, body) if over else body


@dataclass(frozen=True)
class MatrixTrees(MatrixForm):
    """Matrix form in which what has numbers is marked with its key and its orientation."""

    keys: frozenset[str] = frozenset()

    def name(self, quantity: Symbol, **marks: Any) -> Name:
        """A quantity keeps its name in the update."""
        return super().name(quantity.now, **marks)

    def lay(self, e: Expression, target: Orientation) -> Written:
        """What has numbers with the places, among its axes, of the target's rows and columns."""
        laid = super().lay(e, target)
        if isinstance(e, Symbol | Derivative) or (isinstance(e, Call) and e.key in self.keys):
            own = (e.on or ()) if isinstance(e, Symbol) else e.axes
            shown = self.visible(own)
            at = tuple(own.index(axis) if axis in shown else -1 for axis in target)
            return Known(key_of(e), at, laid, matrix=True)
        return laid


def indexed(equation: Equation, entries: EntryForm) -> tuple[Equals, IndexTrees]:
    """An equation in index form over variables, and these."""
    left, right = equation.left, normalised(equation.right, entries.notation)
    form = IndexTrees(entries.notation, entries=entries, known=letters_of([left, right], entries.notation))
    letters = {axis: form.bound(axis, form.known[axis]) for axis in left.axes}
    scope = frozenset(left.axes)
    return Equals(form.write(left, letters, scope), form.write(right, letters, scope), equation.update), form


def laid_out(equation: Equation, form: MatrixTrees) -> Equals | None:
    """An equation in matrix form, if it has one."""
    named = replace(form, named_examples=int(EXAMPLE in equation.left.axes))
    right = normalised(equation.right, form.notation)
    try:
        target = form.orientation(equation.left.axes)
        return Equals(named.lay(equation.left, target), named.lay(right, target), equation.update)
    except NoMatrixFormError:
        return None
