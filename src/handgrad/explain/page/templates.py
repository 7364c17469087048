"""Equations as trees for the page's script, made of what the text formats typeset.

Names, constants, functions and the signs of sums are MathML in which private characters are holes, so that the script knows
nothing of how things are named: what it fills in is numbers or letters for indices, and arguments of functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any
from xml.etree.ElementTree import fromstring, tostring

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import Call, Derivative, Expression, Symbol
from handgrad.calculus.functions import PRIMITIVES, Formula
from handgrad.calculus.index_form import IndexForm
from handgrad.calculus.indices import Axis
from handgrad.calculus.latex import Latex
from handgrad.calculus.matrix_form import MatrixForm
from handgrad.calculus.means import normalised
from handgrad.calculus.notation import Notation
from handgrad.calculus.unicode import Unicode
from handgrad.calculus.written import (
    Applied,
    Equals,
    Fraction,
    Kronecker,
    Minus,
    Name,
    Partial,
    Plus,
    Raised,
    Reduced,
    Related,
    Times,
    Transposed,
    Written,
    WrittenNumber,
)
from handgrad.derivation import Derivation
from handgrad.document.mathml import to_mathml
from handgrad.explain.page.marked import VARIABLE, IndexTrees, Known, MatrixTrees, Summed, indexed, laid_out
from handgrad.explain.pen import Pen

Node = list[Any]
ARGUMENT = 0xE100
"""The first of the private characters for a function's arguments."""
UNFIT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot have, and a reader's own name may."""


class Tables:
    """What trees share, each once: `strings` of MathML and whole `trees`."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self.trees: list[Any] = []
        self._found: dict[str, int] = {}

    def html(self, mathml: str) -> int:
        """The place of a string."""
        return self._interned(self.strings, f"html {mathml}", mathml)

    def tree(self, node: Node) -> int:
        """The place of a tree."""
        return self._interned(self.trees, f"tree {node}", node)

    def latex(self, source: str) -> int:
        """The place of what LaTeX comes to."""
        return self.html(mathml_of(source))

    def _interned(self, kept: list[Any], name: str, what: Any) -> int:
        if name not in self._found:
            self._found[name] = len(kept)
            kept.append(what)
        return self._found[name]


@cache
def mathml_of(latex: str) -> str:
    """The inside of <math>, in a row of its own where it has several parts; what cannot be read is shown as it is."""
    found = fromstring(UNFIT.sub("\N{REPLACEMENT CHARACTER}", to_mathml(latex)))  # noqa: S314  # made just now
    if found.tag != "math":
        found.tag = "mtext"
        return tostring(found, encoding="unicode")
    row = found[0]
    inside = row[0] if len(row) == 1 else row
    return tostring(inside, encoding="unicode", short_empty_elements=False)


@dataclass(frozen=True)
class TreeMaker:
    """Makes trees of what is written in a notation."""

    notation: Notation
    tables: Tables

    @cached_property
    def latex(self) -> Latex:
        """What typesets names."""
        return Latex(self.notation)

    def html(self, written: Written) -> tuple[int, int]:
        """The place of a string of MathML, and how tightly it binds."""
        text, binding = self.latex.node(written)
        return self.tables.latex(text), binding

    def tree(self, written: Written) -> Node:
        """What is written, node by node."""
        match written:
            case WrittenNumber(value):
                return ["number", *self.html(written), value]
            case Name() | Partial():
                return ["name", *self.html(written)]
            case Known(key, at, shown, matrix):
                return ["matrix", key, *at, self.tree(shown)] if matrix else ["entry", key, list(at), self.tree(shown)]
            case Plus(terms):
                return ["plus", self.trees(terms)]
            case Minus(term):
                return ["minus", self.tree(term)]
            case Times(kind, factors):
                return ["times", kind, self.trees(factors)]
            case Fraction(above, below):
                return ["fraction", self.tree(above), self.tree(below)]
            case Raised(base, exponent):
                return ["raised", self.tree(base), self.tree(exponent)]
            case Summed(kind, over, body):
                signs = [self.sign(kind, letter, axis) for letter, axis in over]
                return ["reduced", kind, [ord(letter) - VARIABLE for letter, _ in over], signs, self.tree(body)]
            case Reduced(kind, letter, body):
                applied = self.notation.sums == "applied" and not letter
                bare = self.notation.sums == "bare" and not letter
                under = "" if applied or bare else self.latex.over(written)
                return ["reduced", kind, [], [self.tables.latex(self.sign_of(kind) + under)], self.tree(body)]
            case Applied(function, arguments, _, primes):
                holes = tuple(Name(chr(ARGUMENT + place)) for place in range(len(arguments)))
                name = function + "'" * primes + ("" if written.layer is None else f"[{written.layer}]")
                return ["function", name, *self.html(replace(written, arguments=holes)), self.trees(arguments)]
            case Related(relation, left, right):
                return ["related", relation, self.tables.latex(self.latex.relation(relation)), self.tree(left), self.tree(right)]
            case Kronecker(_, (first, second)) if first and second:
                return ["identity", ord(first) - VARIABLE, ord(second) - VARIABLE, *self.html(written)]
            case Transposed(body):
                return ["transposed", self.tree(body)]
            case Equals(left, right, update):
                sign = self.tables.latex(self.latex.equals(update=update))
                return ["equals", sign, self.tree(left), self.tree(right)]
            case _:
                raise TypeError(f"{type(written).__name__} has no tree")

    def trees(self, parts: Iterable[Written]) -> list[Node]:
        """Each part."""
        return [self.tree(part) for part in parts]

    def sign_of(self, kind: str) -> str:
        """The sign of a sum, as the notation has it."""
        return self.latex.own(kind) or self.latex.sign_of(kind)

    def sign(self, kind: str, letter: str, axis: Axis) -> int:
        """The sign of a sum over a variable."""
        bounds = IndexForm(self.notation).bounds(axis)
        return self.tables.latex(self.sign_of(kind) + self.latex.over(Reduced(kind, letter, Name(""), (axis,), bounds=bounds)))

    def style(self) -> dict[str, Any]:
        """What stands between the parts of a formula."""
        notation = self.notation
        signs = {name: getattr(notation, name) for name in ("elementwise", "product", "times")}
        of_two = Applied("max", (Name(chr(ARGUMENT)), Name(chr(ARGUMENT + 1))))
        return {
            **{name: mathml_of(self.latex.between(sign).strip()) if sign else "" for name, sign in signs.items()},
            "matrix_first": notation.matrix_first,
            "inline_fractions": notation.fractions == "inline",
            "applied_sums": notation.sums == "applied",
            "largest": self.html(of_two)[0],
        }


def layout_data(equations: Sequence[Equation], pen: Pen, tables: Tables) -> dict[str, Any]:
    """LayoutData of a notation and a layout: these equations of the pen's derivation, and the names of all quantities in them."""
    entries = pen.entries
    index = TreeMaker(entries.notation, tables)
    matrix = TreeMaker(pen.notation.but(form="matrix"), tables)
    keys = frozenset(pen.given)
    form = MatrixTrees(matrix.notation, keys=keys)
    found = {}
    for equation in equations:
        written, variables = indexed(equation, entries)
        laid = laid_out(equation, form)
        found[equation.id] = {
            "matrix": None if laid is None else tables.tree(matrix.tree(laid)),
            "index": tables.tree(index.tree(written)),
            "free": len(equation.left.axes),
            "variables": [str(replace(axis, copy=0)) for axis in variables.axes],
            "letters": variables.letters,
        }
    names = {}
    for part in _named(equations, pen):
        name = MatrixForm(matrix.notation).natural(part.now if isinstance(part, Symbol) else part)
        names[part.key] = [Unicode(matrix.notation).text(name), matrix.html(name)[0]]
    return {"style": index.style(), "names": names, "equations": found}


def _named(equations: Sequence[Equation], pen: Pen) -> list[Symbol | Derivative | Call]:
    """Every quantity of the equations once, the examples' weights included."""
    found: dict[str, Symbol | Derivative | Call] = {}
    for equation in equations:
        right = normalised(equation.right, pen.notation)
        for part in (equation.left, *_quantities(right, pen.derivation.computed_keys)):
            assert isinstance(part, Symbol | Derivative | Call)
            found.setdefault(part.key, part)
    return list(found.values())


def _quantities(e: Expression, keys: frozenset[str]) -> Iterator[Symbol | Derivative | Call]:
    if isinstance(e, Symbol | Derivative) or (isinstance(e, Call) and e.key in keys):
        yield e
    if not isinstance(e, Symbol | Derivative):
        for part in e.parts:
            yield from _quantities(part, keys)


def functions_data(derivation: Derivation, tables: Tables) -> dict[str, Any]:
    """The formulas of the functions that equations call, and of those that these call, as trees over their parameters."""
    found: dict[str, Any] = {}

    def add(e: Expression) -> None:
        if isinstance(e, Call):
            plain = e.function + "'" * e.primes
            formula = derivation.functions.get(e.name) or derivation.functions.get(plain)
            known = (e.function in PRIMITIVES and not e.primes) or e.name in found
            if not known and isinstance(formula, Formula) and not formula.rowwise:
                maker = TreeMaker(Notation(form="index"), tables)
                body = maker.tree(IndexTrees(maker.notation).write(formula.body, {}))
                found[e.name] = {"parameters": list(formula.parameters), "defaults": dict(formula.defaults), "body": body}
                add(formula.body)
        for part in e.parts:
            add(part)

    for equation in derivation:
        add(equation.right)
    return found
