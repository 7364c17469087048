"""NumPy source of a matrix form, typeset from what is written."""

from __future__ import annotations

import keyword
import re
import unicodedata
from dataclasses import replace

from handgrad.calculus.functions import CONSTANTS, PRIMITIVES, Primitive
from handgrad.calculus.indices import Affine
from handgrad.calculus.typeset import ATOM, GREEK, TIMES, Typesetter
from handgrad.calculus.written import Applied, Kronecker, Name, Partial, Reduced, Times, Written
from handgrad.errors import HandgradError

SPELLED = {letter: name for name, letter in reversed(GREEK.items())}
"""The Greek letters as programs spell them."""


def function_source(name: str, primes: int, layer: Affine | None = None) -> str:
    """What a program calls a function that the language does not know itself: relu_prime, g2."""
    return name + "_prime" * primes + ("" if layer is None else str(layer))


def identifier(text: str) -> str:
    """A Python name from a reader's, with Greek letters spelled out; empty where none can be made of it.

    >>> identifier("θ"), identifier("lambda"), identifier("W^h")
    ('theta', 'lambda_', '')
    """
    name = "".join(SPELLED.get(letter, letter) for letter in unicodedata.normalize("NFKC", text))
    return f"{name}_" if keyword.iskeyword(name) else name if name.isidentifier() else ""


def power(base: str, exponent: str) -> str:
    """A power as Python's formatters set it: W1**2, but (A1 - Y) ** 2."""
    return f"{base}**{exponent}" if re.fullmatch(r"[\w.]+", base + exponent) else f"{base} ** {exponent}"


class NumpySource(Typesetter):
    """NumPy source of a matrix form; every array has two dimensions, in the notation's order of axes."""

    def name(self, name: Name) -> tuple[str, int]:
        layer = "" if name.layer is None else name.layer.number
        if layer is None:
            raise HandgradError(f"NumPy source needs numbered layers, but {name.base}[{name.layer}] was given")
        if name.base in CONSTANTS:
            return f"np.{name.base}", ATOM
        usual = f"{name.prefix}{name.base}{layer}"
        found = identifier(self.alias(name)) or identifier(f"{self.base(name)}{layer}") or identifier(usual)
        return self.variable(found, replace(name, time=None, transposed=False)) + (".T" if name.transposed else ""), ATOM

    def variable(self, name: str, what: Name | Partial) -> str:  # noqa: ARG002  # a program may have the name for something else
        """The variable that holds a quantity whose name as Python is `name`."""
        return name

    def prefix(self, prefix: str) -> str:
        return prefix

    def letter(self, name: str) -> str:
        return name

    def number(self, value: float) -> tuple[str, int]:
        return repr(value), ATOM

    def template(self, applied: Applied) -> Primitive | None:
        return PRIMITIVES.get(applied.function) if not applied.primes and applied.layer is None else None

    def partial(self, partial: Partial) -> tuple[str, int]:
        of, by = (self.name(replace(part, transposed=False))[0] for part in (partial.of, partial.by))
        return self.variable(f"d{of}_d{by}", replace(partial, transposed=False)) + (".T" if partial.transposed else ""), ATOM

    def transposed(self, body: Written) -> str:
        return f"{self.text(body, ATOM)}.T"

    def times(self, times: Times) -> tuple[str, int]:
        if times.kind == "matrix":
            return " @ ".join(self.text(factor, TIMES + 1) for factor in times.factors), TIMES
        first, *others = times.factors
        return " * ".join([self.text(first, TIMES), *(self.text(factor, TIMES + 1) for factor in others)]), TIMES

    def raised(self, base: Written, exponent: Written) -> str:
        return power(self.text(base, ATOM), self.text(exponent, ATOM))

    def reduced(self, reduced: Reduced) -> tuple[str, int]:
        where = "" if reduced.along is None else f", axis={reduced.along}, keepdims=True"
        return f"np.{reduced.kind}({self.text(reduced.body)}{where})", ATOM

    def applied(self, applied: Applied) -> str:
        primitive = self.template(applied)
        arguments = [self.text(argument) for argument in applied.arguments]
        if primitive is not None:
            return primitive.numpy.format(*arguments)
        return f"{self.function(applied.function, applied.primes, applied.layer)}({', '.join(arguments)})"

    def function(self, name: str, primes: int, layer: Affine | None = None) -> str:
        """What the program calls a function."""
        return function_source(name, primes, layer)

    def kronecker(self, kronecker: Kronecker) -> str:
        size = f"n{kronecker.axis.layer}"
        if kronecker.label is None:
            return f"np.eye({size})"
        label = self.text(kronecker.label, ATOM)
        return f"(np.arange({size})[:, None] == {label}.reshape(1, -1)).astype(float)"

    def equals(self, *, update: bool) -> str:  # noqa: ARG002  # Python assigns in both cases
        return "="
