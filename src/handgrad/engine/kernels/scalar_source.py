"""Source of formulas over single numbers, for compiled loops: common parts once, and what a loop does not change before it."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import IntEnum

from handgrad.calculus.einsum_source import Code
from handgrad.calculus.expressions import (
    Add,
    Call,
    Compare,
    Expression,
    Multiply,
    Negative,
    Number,
    Power,
    Quotient,
    Reduction,
    Symbol,
)
from handgrad.calculus.functions import CONSTANTS, PRIMITIVES
from handgrad.calculus.numpy_source import power
from handgrad.calculus.typeset import ATOM, MINUS, PLUS, POWER, RELATED, TIMES

CONDITIONAL = 0
LONGEST = 72
"""A part whose source is longer gets a line of its own."""
WIDEST = 108
"""A term by which the source of a sum would grow longer gets a line of its own."""


class Scope(IntEnum):
    """How often a number changes: never in a call of the kernel, with each row, with each entry."""

    FIXED, ROW, ENTRY = range(3)


class ScalarSource:
    """Writes statements for formulas; `lines` has them by the scope in which they stand.

    `bits` is the precision, 32 or 64; what is fixed is computed in float64 and rounded once. `roots` are the formulas to come:
    what they have in common gets a name. `fixed` has the names of numbers that never change in a call, `row` of
    those of a row, `entries` those of the others with the source that loads them.
    """

    def __init__(
        self,
        bits: int,
        roots: Iterable[Expression],
        fixed: Mapping[str, str],
        row: Mapping[str, str],
        entries: Mapping[str, tuple[str, str]],
    ) -> None:
        self.bits = bits
        self.fixed, self.row = fixed, row
        self.loads: dict[Expression | str, tuple[str, str]] = dict(entries.items())  # and of what is kept on the way
        self.names: dict[Expression, tuple[str, Scope]] = {}
        self.lines: dict[Scope, list[str]] = {scope: [] for scope in Scope}
        self.numbered = Counter[str]()
        self.uses = Counter[Expression]()
        for root in roots:
            self._count(root)

    def _count(self, e: Expression) -> None:
        self.uses[e] += 1
        if self.uses[e] == 1:
            for part in e.parts:
                self._count(part)

    def scope(self, e: Expression) -> Scope:
        """How often the value of a formula changes."""
        if e in self.names:
            return self.names[e][1]
        if e in self.loads or isinstance(e, Reduction):
            return Scope.ENTRY if e in self.loads else Scope.ROW
        if isinstance(e, Symbol):
            return Scope.FIXED if e.key in self.fixed or e.key in CONSTANTS else Scope.ROW if e.key in self.row else Scope.ENTRY
        return max((self.scope(part) for part in e.parts), default=Scope.FIXED)

    def real(self, value: float, scope: Scope = Scope.ENTRY) -> str:
        """A number as source, in the precision of its scope."""
        return self.cast(repr(float(value)), scope)

    def cast(self, text: str, scope: Scope = Scope.ENTRY) -> str:
        """Source in the precision of a scope."""
        return f"f4({text})" if self.bits == 32 and scope else text

    def name(self, e: Expression, name: str, scope: Scope) -> None:
        """Say that a formula has its value in a variable."""
        self.names[e] = name, scope

    def next_entry(self) -> tuple[list[str], list[str]]:
        """End a loop over entries: the lines to stand before it, and those in it, whose names are forgotten."""
        self.names = {e: found for e, found in self.names.items() if found[1] < Scope.ENTRY}
        row, entry = self.lines[Scope.ROW], self.lines[Scope.ENTRY]
        self.lines[Scope.ROW], self.lines[Scope.ENTRY] = [], []
        return row, entry

    def atom(self, e: Expression, name: str = "t") -> str:
        """A name or number that has the value of a formula, as it is at an entry."""
        code = self.code(e)
        return code.text if _is_atom(code.text) else self._named(e, code.text, self.scope(e), name)

    def _named(self, e: Expression, text: str, scope: Scope, name: str = "t") -> str:
        name = {Scope.FIXED: "c", Scope.ROW: "r", Scope.ENTRY: name}[scope]
        self.numbered[name] += 1
        name = f"{name}{self.numbered[name]}" if len(name) == 1 else name
        self.lines[scope].append(f"{name} = {self.cast(text) if scope == Scope.FIXED else text}")
        self.name(e, name, scope)
        return name

    def code(self, e: Expression, around: Scope = Scope.ENTRY) -> Code:
        """The source of a formula inside one that changes as often as `around`."""
        value = e.term if isinstance(e, Negative) else e
        if isinstance(value, Number):
            return Code(self.real(value.value if e is value else -value.value, around))
        if e in self.names and around:
            return Code(self.names[e][0])
        scope = self.scope(e)
        if isinstance(e, Symbol) or e in self.loads:
            return self.leaf(e, scope, around)
        code = self.node(e, scope)
        shared = self.uses[e] > 1 or (scope == Scope.ENTRY and len(code.text) > LONGEST)
        return Code(self._named(e, code.text, scope)) if scope < around or (scope and shared) else code

    def leaf(self, e: Expression, scope: Scope, around: Scope) -> Code:
        """A quantity, loaded where it is first read."""
        key = e.key if isinstance(e, Symbol) else ""
        if scope == Scope.FIXED:
            text = f"math.{key}" if key in CONSTANTS else self.fixed[key]
            return Code(text if self.bits == 64 or around == Scope.FIXED else self._named(e, text, scope))
        if scope == Scope.ROW:
            return Code(self.row[key])
        name, text = self.loads[e if e in self.loads else key]
        self.lines[scope].append(f"{name} = {text}")
        self.name(e, name, scope)
        return Code(name)

    def node(self, e: Expression, scope: Scope) -> Code:
        """A formula without a name."""
        code = functools.partial(self.code, around=scope)
        match e:
            case Negative(term):
                return Code(f"-{code(term).within(MINUS + 1)}", (), MINUS)
            case Add(terms):
                return self.sum(terms, scope)
            case Multiply(factors):
                parts = [code(factor) for factor in self.gathered(factors, scope)]
                return Code(" * ".join(part.within(TIMES + bool(place)) for place, part in enumerate(parts)), (), TIMES)
            case Quotient(numerator, denominator) if numerator != Number(1) and self.scope(denominator) < scope:
                inverse = Quotient(Number(1), denominator)  # one division for all entries
                return Code(f"{code(numerator).within(TIMES)} * {code(inverse).within(TIMES + 1)}", (), TIMES)
            case Quotient(numerator, denominator):
                return Code(f"{code(numerator).within(TIMES)} / {code(denominator).within(TIMES + 1)}", (), TIMES)
            case Power(base, Number(value)) if scope and value in range(2, 65):
                return self.squared(base, int(value), scope)
            case Power(base, exponent):
                return Code(power(code(base).within(ATOM), code(exponent).within(ATOM)), (), POWER)
            case Compare(relation, left, right):
                return Code(f"{code(left).within(PLUS)} {relation} {code(right).within(PLUS)}", (), RELATED)
            case Call(function, arguments):
                return self.call(function, arguments, scope)
            case _:
                raise TypeError(f"{type(e).__name__} has no source over single numbers")

    def sum(self, terms: tuple[Expression, ...], scope: Scope) -> Code:
        """Terms with their signs."""
        text = ""
        for term in terms:
            minus = isinstance(term, Negative) and term not in self.names
            amount = term.term if minus and isinstance(term, Negative) else term
            part = self.code(amount, scope)
            shown = part.within(MINUS + 1 if text or minus else PLUS)
            if scope == Scope.ENTRY and len(text) + len(shown) > WIDEST:
                shown = self._named(amount, part.text, self.scope(amount))
            text += (f" {'-' if minus else '+'} " if text else "-" * minus) + shown
        return Code(text, (), PLUS)

    def gathered(self, factors: tuple[Expression, ...], scope: Scope) -> list[Expression]:
        """The factors, with those that the loop does not change as one, in front."""
        still = tuple(factor for factor in factors if self.scope(factor) < scope)
        if len(still) < 2:
            return list(factors)
        return [Multiply(still), *(factor for factor in factors if factor not in still)]

    def squared(self, base: Expression, exponent: int, scope: Scope) -> Code:
        """A whole power by squaring."""
        if exponent == 1:
            return self.code(base, scope)
        half = self.place(base if exponent < 4 else Power(base, Number(exponent // 2)), scope)
        odd = f" * {self.place(base, scope)}" if exponent % 2 else ""
        return Code(f"{half} * {half}{odd}", (), TIMES)

    def place(self, e: Expression, scope: Scope) -> str:
        """A name or number for an operand that is read more than once."""
        code = self.code(e, scope)
        return code.text if _is_atom(code.text) or not scope else self._named(e, code.text, self.scope(e))

    def call(self, function: str, arguments: tuple[Expression, ...], scope: Scope) -> Code:
        """A function by its template, or that of vector_math."""
        template = PRIMITIVES[function].kernel
        if not template:
            alone = scope < Scope.ENTRY and hasattr(math, function)  # where nothing is vectorised, the C library is faster
            name = f"math.{function}" if alone else f"{function}_{self.bits if scope else 64}"
            return Code(f"{name}({', '.join(self.code(argument, scope).text for argument in arguments)})")
        if function in {"max", "min"}:  # what is tested for NaN is what may be it
            arguments = tuple(sorted(arguments, key=self.scope, reverse=True))
        parts: list[str] = []
        for number, argument in enumerate(arguments):
            # both branches of a condition are computed, so that the loop stays without branches
            once = template.count(f"{{{number}}}") == 1 and (isinstance(argument, Compare) or not _calls(argument))
            parts.append(self.code(argument, scope).within(RELATED) if once or not scope else self.place(argument, scope))
        text = template.format(*parts, one=self.real(1, scope), zero=self.real(0, scope))
        return Code(text, (), CONDITIONAL if " if " in template else ATOM)


def _calls(e: Expression) -> bool:
    return isinstance(e, Call) or any(map(_calls, e.parts))


def _is_atom(text: str) -> bool:
    return re.fullmatch(r"(f4\()?-?[\w.+-]+\)?", text) is not None
