"""From what is written to a string: the walk that LaTeX, Unicode and source code share."""

from __future__ import annotations

import math
import re

from handgrad.calculus.functions import PRIMITIVES, Primitive
from handgrad.calculus.indices import EXAMPLE
from handgrad.calculus.notation import Notation
from handgrad.calculus.written import (
    Applied,
    Approximately,
    Belongs,
    Dots,
    Equals,
    Fraction,
    Grid,
    Kronecker,
    Minus,
    Name,
    Partial,
    Plus,
    Raised,
    Rate,
    Reduced,
    Related,
    Times,
    Transposed,
    Written,
    WrittenNumber,
)

RELATED, PLUS, MINUS, REDUCED, TIMES, POWER, ATOM = 5, 10, 20, 25, 30, 50, 60

NUMBER = re.compile(r"\d|\(-[\d.]+\)")
LOWERED = {"W", "Z", "A", "X", "Y", "Y_smooth"}
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "lambda": "λ", "mu": "μ",
    "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "omega": "ω",
}  # fmt: skip


class Typesetter:
    """The shared walk: each node by its own method, in parentheses where it binds less tightly than what is around it."""

    between_numbers = " · "

    def __init__(self, notation: Notation) -> None:
        self.notation = notation

    def text(self, written: Written, around: int = 0) -> str:
        text, binding = self.node(written)
        return self.parenthesised(text) if binding < around else text

    def parenthesised(self, text: str) -> str:
        return f"({text})"

    def node(self, written: Written) -> tuple[str, int]:
        match written:
            case WrittenNumber(value):
                return self.number(value)
            case Name():
                return self.name(written)
            case Partial():
                return self.partial(written)
            case Transposed(body):
                return self.transposed(body), POWER
            case Times():
                return self.times(written)
            case Plus(terms):
                text = self.text(terms[0], PLUS)
                for term in terms[1:]:
                    sign, body = ("-", term.term) if isinstance(term, Minus) else ("+", term)
                    text += f" {sign} {self.text(body, MINUS + 1)}"
                return text, PLUS
            case Minus(term):
                return f"-{self.text(term, MINUS + 1)}", MINUS
            case Fraction(numerator, denominator):
                return self.fraction(numerator, denominator)
            case Raised(base, exponent):
                return self.raised(base, exponent), POWER
            case Reduced():
                return self.reduced(written)
            case Applied():
                # e^z carries a superscript already, and cases have no end that one could raise
                return self.applied(written), POWER if written.function in {"exp", "where"} else ATOM
            case Related(relation, left, right):
                return f"{self.text(left, PLUS)} {self.relation(relation)} {self.text(right, PLUS)}", RELATED
            case Kronecker():
                return self.kronecker(written), ATOM
            case Rate(by, body):
                return self.rate(by, body), REDUCED
            case Grid(rows):
                return self.grid(tuple(tuple(self.text(entry) for entry in row) for row in rows)), ATOM
            case Dots(kind):
                return self.dots(kind), ATOM
            case Approximately(value, digits):
                return self.rounded(value, digits)
            case Belongs(name, shape):
                return self.belongs(self.text(name), [self.text(size) for size in shape]), RELATED
            case Equals(left, right, update):
                return f"{self.text(left)} {self.equals(update=update)} {self.text(right)}", 0
            case _:
                raise TypeError(f"{type(written).__name__} cannot be typeset")

    def number(self, value: float) -> tuple[str, int]:
        """A number as people write it: 1e-07 as a power of ten."""
        mantissa, _, exponent = repr(value).partition("e")
        if not exponent:
            return mantissa, ATOM
        power = self.raised(WrittenNumber(10), WrittenNumber(int(exponent)))
        return (power, POWER) if mantissa == "1" else (f"{mantissa}{self.between_numbers}{power}", TIMES)

    def rounded(self, value: float, digits: int) -> tuple[str, int]:
        """A number to so many significant digits; a minus binds as one."""
        if not math.isfinite(value):
            return self.endless(value), ATOM
        text, binding = self.number(float(f"{abs(value):.{digits}g}"))
        text = text.removesuffix(".0")
        return (f"-{text}", MINUS) if value < 0 else (text, binding)

    def endless(self, value: float) -> str:
        return "NaN" if math.isnan(value) else "-∞" if value < 0 else "∞"

    def rate(self, by: Name, body: Written) -> str:
        raise NotImplementedError

    def grid(self, rows: tuple[tuple[str, ...], ...]) -> str:
        raise NotImplementedError

    def dots(self, kind: str) -> str:
        raise NotImplementedError

    def belongs(self, name: str, shape: list[str]) -> str:
        raise NotImplementedError

    def alias(self, name: Name) -> str:
        """The reader's name for this very quantity, such as Ŷ for A[2]."""
        return self.own(f"{name.prefix}{name.base}[{name.layer}]") if name.layer is not None else ""

    def base(self, name: Name) -> str:
        """The letter of a name, small for entries of matrices where the notation has it so; the reader's own name as it is."""
        whole = self.own(name.prefix + name.base) if name.prefix else ""
        return whole or self.prefix(name.prefix) + self.stem(name)

    def prefix(self, prefix: str) -> str:
        """The d of dZ, as the notation has it."""
        return self.notation.d if prefix else ""

    def stem(self, name: Name) -> str:
        """The name without its prefix."""
        if name.base == "w" and self.notation.lower != "none":
            return self.own("w") or self.letter("omega")  # small letters make w_jk of a layer's weights
        lower = self.notation.lower == "all" or (self.notation.lower == "entries" and name.indices)
        small = name.base.lower() if lower and name.base in LOWERED else name.base
        return self.own(small) or self.own(name.base) or self.letter(small)

    def own(self, name: str) -> str:
        """The name that the notation gives in place of one of the field's."""
        return self.notation.names.get(name, "")

    def letter(self, name: str) -> str:
        raise NotImplementedError

    def name(self, name: Name) -> tuple[str, int]:
        raise NotImplementedError

    def partial(self, partial: Partial) -> tuple[str, int]:
        raise NotImplementedError

    def transposed(self, body: Written) -> str:
        raise NotImplementedError

    def loose(self, fraction: str) -> bool:
        """Whether a fraction so written could be taken to go on under its stroke."""
        return "/" in fraction and not fraction[0].isdigit()

    def times(self, times: Times) -> tuple[str, int]:
        notation = self.notation
        if times.kind == "elementwise":
            ambiguous = ("scalar",) if notation.matrix_first else ("matrix", "scalar")
            return self.factors(times, self.between(notation.elementwise), ambiguous), TIMES
        given = notation.product if times.kind == "matrix" else notation.times
        ambiguous = ("elementwise", "matrix") if times.kind == "scalar" and given else ("elementwise",)
        return self.factors(times, self.between(given), ambiguous), TIMES

    def between(self, sign: str) -> str:
        """The sign of a product with the room around it; without a sign, a space."""
        return f" {sign} " if sign else " "

    def indices(self, name: Name) -> str:
        """The indices of a name, and the example's where it stands with them; commas where one has two letters."""
        indices = ("," if any(len(i) > 1 for i in name.indices) else "").join(name.indices)
        below = name.example if self.notation.example_mark == "_i" else ""
        return ",".join(part for part in (indices, below) if part)

    def fraction(self, numerator: Written, denominator: Written) -> tuple[str, int]:
        return f"{self.text(numerator, TIMES)} / {self.text(denominator, TIMES + 1)}", TIMES

    def raised(self, base: Written, exponent: Written) -> str:
        raise NotImplementedError

    def reduced(self, reduced: Reduced) -> tuple[str, int]:
        """A sum or maximum over what its sign names; in matrix form it may name nothing."""
        sign, style = self.own(reduced.kind) or self.sign_of(reduced.kind), self.notation.sums
        if style == "applied" and not reduced.letter:
            return f"{sign}({self.text(reduced.body)})", REDUCED
        body = self.text(reduced.body, REDUCED)
        if style == "bare" and not reduced.letter:
            return f"{sign} {body}", REDUCED
        return f"{sign}{self.over(reduced)} {body}", REDUCED

    def sign_of(self, kind: str) -> str:
        """The sign of a sum, and the name of a maximum."""
        raise NotImplementedError

    def over(self, reduced: Reduced) -> str:
        """What a sum runs over, and from where to where if that is written."""
        raise NotImplementedError

    def applied(self, applied: Applied) -> str:
        raise NotImplementedError

    def kronecker(self, kronecker: Kronecker) -> str:
        raise NotImplementedError

    def relation(self, relation: str) -> str:
        return relation

    def equals(self, *, update: bool) -> str:
        return self.notation.assign if update else "="

    def template(self, applied: Applied) -> Primitive | None:
        plain = not applied.primes and applied.layer is None and not self.own(applied.function)
        return PRIMITIVES.get(applied.function) if plain else None

    def factors(self, times: Times, join: str, ambiguous: tuple[str, ...]) -> str:
        """Factors joined, in parentheses where a factor is a product of a kind that could be misread beside this one."""
        shown = []
        for place, factor in enumerate(times.factors):
            last = place == len(times.factors) - 1
            tight = TIMES if place == 0 else TIMES + 1
            if isinstance(factor, Times):
                tight = TIMES + 1 if factor.kind in ambiguous else TIMES
            elif last and times.kind == "scalar" and isinstance(factor, Reduced | Rate | Partial):
                tight = REDUCED  # a sum may go on to the end
            shown.append(self.text(factor, tight))
            if isinstance(factor, Fraction) and not last and times.kind != "matrix" and self.loose(shown[-1]):
                shown[-1] = self.parenthesised(shown[-1])  # a / b c can be read in two ways
        line = shown[0]
        for text in shown[1:]:  # two numbers side by side would be one
            line += (self.between_numbers if NUMBER.match(text) and join == " " else join) + text
        return line


def words_of(reduced: Reduced) -> str:
    """What a sum in matrix form runs over, in a word."""
    return "examples" if reduced.over == (EXAMPLE,) else "units" if len(reduced.over) == 1 else "entries"
