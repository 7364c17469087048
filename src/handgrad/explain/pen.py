"""Writes the equations of a pass with their numbers: symbols = numbers put in = result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handgrad.calculus.equation import Equation
from handgrad.calculus.evaluation import Value, evaluate
from handgrad.calculus.expressions import Call, Derivative, Expression, Symbol, symbol
from handgrad.calculus.functions import CONSTANTS, Array
from handgrad.calculus.indices import EXAMPLE, Axis, unit
from handgrad.calculus.layout import lay_out
from handgrad.calculus.notation import Notation
from handgrad.calculus.unicode import Unicode
from handgrad.calculus.written import Approximately, Belongs, Equals, Grid, Written, WrittenNumber
from handgrad.derivation import Derivation
from handgrad.document.blocks import Block, Formula, Line, Paragraph, Words
from handgrad.document.parts import extent
from handgrad.explain.entries import EntryForm, Place, sum_words
from handgrad.explain.matrices import NumberForm, Summary, axis_names, fits, grid, heat_map

LINE = 64
"""Symbols, numbers and result stand on one line where they take at most so many characters."""
MANY = 4
"""In index form, a quantity of at most so many entries for an example is worked through entry by entry; of others, two are."""

OTHER_FORM = "written so, these numbers overflow or divide by zero; what is computed is an equal form that does not"


@dataclass(frozen=True)
class Pen:
    """Writes equations of a derivation with the numbers of one pass, in a notation."""

    derivation: Derivation
    values: Mapping[str, Value]
    notation: Notation
    digits: int

    @cached_property
    def sizes(self) -> dict[Axis, int]:
        """How many units each layer has, and how many examples there are."""
        widths = {unit(layer): width for layer, width in enumerate(self.derivation.network.widths)}
        return {**widths, EXAMPLE: np.shape(self.values["X"])[-1]}

    @cached_property
    def given(self) -> dict[str, Value]:
        """The numbers, m and π."""
        return {"m": float(self.sizes[EXAMPLE]), **CONSTANTS, **self.values}

    @cached_property
    def matrices(self) -> NumberForm:
        """Matrices of numbers in this notation."""
        return NumberForm(self.notation.but(form="matrix"), values=self.given, digits=self.digits)

    @cached_property
    def entries(self) -> EntryForm:
        """Entries in this notation; a single example is not named."""
        one = self.sizes[EXAMPLE] == 1
        examples = "single" if one else "rows" if self.notation.examples == "rows" else "columns"
        notation = self.notation.but(form="index", examples=examples)
        return EntryForm(notation, self.sizes, values=self.given, functions=self.derivation.functions, digits=self.digits)

    def has(self, name: str) -> bool:
        """Whether the derivation has an equation of this id."""
        return any(equation.id == name for equation in self.derivation)

    def array(self, e: Expression) -> Array:
        """The numbers of the left side of an equation as the notation stores it."""
        assert isinstance(e, Symbol | Derivative | Call)
        return self.matrices.stored_array(e)

    def named(self, quantity: str, layer: int | None = None, *indices: int) -> Written:
        """A quantity's name: of a whole matrix or, with indices from 1, of an entry."""
        found = symbol(quantity, layer)
        if not indices:
            form = self.entries if self.notation.form == "index" else self.matrices
            return form.name(found)
        return self.entries.symbol_of(found, dict(zip(found.axes, indices, strict=False)))

    def number(self, value: float) -> Approximately:
        """A number for the page."""
        return Approximately(float(value) + 0.0, self.digits)

    def blocks(self, key: str, *, shades: bool = False) -> Iterator[Block]:
        """All equations of a quantity, its numbers put in, and the result; a large result is summed up, with `shades` in a map."""
        group = [equation for equation in self.derivation if equation.key == key]
        last, array = group[-1], self.array(group[-1].left)
        written = [lay_out(equation, self.notation) for equation in group]
        left = next(w.left for w in written if isinstance(w, Equals))
        lines = [
            Line(w.right, (e.reason,), ":=" if w.update else "=", e.id)
            for w, e in zip(written, group, strict=True)
            if isinstance(w, Equals)
        ]
        index = self.notation.form == "index"
        numbers = None if index else self.matrices.equation(last)
        if numbers is not None and _alike(numbers, grid(array, self.digits), self.notation):
            numbers = None  # a mean over one example says nothing new
        if numbers is not None:
            joined = self.fits(array) and extent(numbers, self.notation) + extent(grid(array, self.digits), self.notation) <= LINE
            put_in = Equals(numbers, grid(array, self.digits)) if joined else numbers
            lines.append(Line(put_in, _shapes(numbers, array if joined else None)))
        if not index and self.fits(array) and not (numbers is not None and joined):
            lines.append(Line(grid(array, self.digits), (_shape(array),)))
        yield Formula(left, tuple(lines))
        if index:
            yield from self.some_entries(last)
        if array.ndim and (not self.fits(array) or (index and not self.few(last))):
            yield from self.summed_up(last.left, left, array, shades=shades)
        yield from self.other_form(last)

    def fits(self, array: Array) -> bool:
        """Whether a matrix is written out with these digits."""
        return fits(array, self.digits)

    def few(self, equation: Equation) -> bool:
        """Whether all entries are worked through one by one."""
        count = np.prod([self.sizes[axis] for axis in equation.left.axes], dtype=int)
        return bool(count <= MANY and (EXAMPLE not in equation.left.axes or self.sizes[EXAMPLE] == 1))

    def some_entries(self, equation: Equation) -> Iterator[Block]:
        """In index form: every entry of an example where there are few, else the first two."""
        axes = equation.left.axes
        free = [axis for axis in axes if axis != EXAMPLE]
        count = int(np.prod([self.sizes[axis] for axis in free], dtype=int))
        for flat in range(count if count <= MANY else 2):
            at = np.unravel_index(flat, [self.sizes[axis] for axis in free]) if free else ()
            place = {axis: int(index) + 1 for axis, index in zip(free, at, strict=True)}
            yield self.entry_of(equation, {**place, EXAMPLE: 1} if EXAMPLE in axes else place)

    def summed_up(self, left: Expression, name: Written, array: Array, *, shades: bool) -> Iterator[Block]:
        """The whole result in index form, and a large one in words and shades."""
        rows, columns = axis_names(self.matrices.orientation(left.axes))
        if self.fits(array):
            if array.size > 1:
                what = (
                    f"all entries: {' and '.join(f'{name}s {way}' for name, way in ((rows, 'down'), (columns, 'across')) if name)}"
                )
                yield Formula(None, (Line(grid(array, self.digits), (what,), ""),))
            return
        one = self.sizes[EXAMPLE] == 1  # which is not counted
        shown = tuple(name for name in (rows, columns) if name and not (one and name == "example"))
        summary = Summary(array if len(shown) == 2 else array.reshape(-1))
        shape = Belongs(name, tuple(WrittenNumber(size) for size in array.shape))
        yield Paragraph((shape, f": {summary.words(shown, self.digits)}"))
        if shades and min(array.shape) > 1:
            yield heat_map(array, f"{rows}s", f"{columns}s")

    def other_form(self, equation: Equation) -> Iterator[Block]:
        """A word where the formula as books write it fails on these numbers and another form of it is computed."""
        if equation.stable is None:
            return
        written = evaluate(equation.right, self.values, self.derivation.functions, equation.left.axes)
        if np.isfinite(np.asarray(self.values[equation.key])).all() and not np.isfinite(written).all():
            yield Paragraph((f"({OTHER_FORM})",))

    def entry(self, name: str, because: str = "", **place: int) -> Formula:
        """An entry of the equation of this id at j (the unit), k (the unit of the layer before) and example."""
        equation = self.derivation[name]
        return self.entry_of(equation, self.place(name, **place), because)

    def place(self, name: str, **place: int) -> Place:
        """The indices j, k and example by the axes of the equation of this id."""
        units = iter([place[letter] for letter in ("j", "k") if letter in place])
        return {axis: place["example"] if axis == EXAMPLE else next(units) for axis in self.derivation[name].left.axes}

    def entry_of(self, equation: Equation, place: Place, because: str = "") -> Formula:
        """An equation at one place: symbols, numbers and result, on one line where they fit."""
        left, found = self.entries.equation(equation, place)
        computed = self.entries.value_of(equation.left, place) if isinstance(equation.left, Symbol | Derivative | Call) else None
        other = computed is not None and np.isfinite(computed) and not np.isfinite(found.value)
        symbols, numbers, value = (
            found.symbols,
            found.numbers,
            self.number(computed if computed is not None and other else found.value),
        )
        sign, notation = ":=" if equation.update else "=", self.entries.notation
        why: Words = (because,) if because else ()
        missing = sum_words(found.left_out, self.digits) or ((OTHER_FORM,) if other else ())
        both: Words = (*why, *(("; ",) if why and missing else ()), *missing)
        wide = extent(symbols, notation) + extent(numbers, notation) + extent(value, notation) + 6
        if _alike(numbers, value, notation):
            return Formula(left, (Line(Equals(symbols, value), both, sign),))
        if wide <= LINE:
            return Formula(left, (Line(Equals(Equals(symbols, numbers), value), both, sign),))
        if extent(numbers, notation) + extent(value, notation) + 3 <= LINE:
            return Formula(left, (Line(symbols, why, sign), Line(Equals(numbers, value), missing)))
        return Formula(left, (Line(symbols, why, sign), Line(numbers, missing), Line(value)))

    def result(self, name: str, **place: int) -> float:
        """The number of an entry."""
        at = tuple(index - 1 for index in self.place(name, **place).values())
        return float(np.asarray(self.values[self.derivation[name].key])[at])


def _alike(numbers: Written, result: Written, notation: Notation) -> bool:
    """Whether the numbers put in already are the result, as they stand on the page."""
    unicode = Unicode(notation)
    return unicode.text(numbers) == unicode.text(result)


def _shape(array: Array) -> str:
    """Such as 3 × 2; nothing for a number."""
    return " × ".join(map(str, array.shape))


def _shapes(numbers: Written, result: Array | None) -> Words:
    """The shapes of the matrices put in, in order, and of the result."""
    into = list(_grids(numbers))
    if not into:
        return ()
    gives = "" if result is None else _shape(result) or "a number"
    if set(into) == {gives}:
        return (gives if len(into) == 1 else f"all {gives}",)
    if not gives and len(set(into)) == 1 < len(into):
        return (f"each {into[0]}",)
    words = into[0] if len(into) == 1 else f"{', '.join(into[:-1])} and {into[-1]}"
    return (f"{words} {'gives' if len(into) == 1 else 'give'} {gives}" if gives else words,)


def _grids(written: Written) -> Iterator[str]:
    """The shapes of the matrices in what is written, from left to right."""
    if isinstance(written, Grid):
        yield f"{len(written.rows)} × {len(written.rows[0])}"
        return
    for value in vars(written).values():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Written):
                yield from _grids(part)
