"""The variables of a NumPy program: the reader's own names, none of them twice."""

from __future__ import annotations

import builtins

from handgrad.calculus.indices import Affine
from handgrad.calculus.notation import Notation
from handgrad.calculus.numpy_source import NumpySource, function_source, identifier
from handgrad.calculus.written import Name

OWN_NAMES = """
    np math QUIET erf erfc draw forward loss loss_of_outputs backward backward_of_example sides gradient_check first_state step
    train parameters gradients state name array rng epochs batch_size order start batch entries h here place up down above below
    moved exact numeric error rounding errors size found part total share trained teacher before after example lost best waited
"""
"""The names that the program itself uses."""


class ProgramSource(NumpySource):
    """NumPy source in which no two things have one name: the later one gets an underscore."""

    def __init__(self, notation: Notation) -> None:
        super().__init__(notation)
        self.owners: dict[str, object] = dict.fromkeys([*OWN_NAMES.split(), *dir(builtins)])
        if notation.examples == "single":
            self.owners |= {"X": None, "Y": None}

    def variable(self, name: str, what: object) -> str:
        """The name if it is free, else with underscores."""
        while self.owners.setdefault(name, what) != what:
            name += "_"
        return name

    def stem(self, name: Name) -> str:
        """One example is x and y, where many are X and Y."""
        stem = super().stem(name)
        return stem.lower() if stem == name.base and stem[0] in "XY" and self.notation.examples == "single" else stem

    def function(self, name: str, primes: int, layer: Affine | None = None) -> str:
        """What the program calls a function: the reader's own name for it, if there is one."""
        own = identifier(self.own(name)) or identifier(name)
        return self.variable(function_source(own, primes, layer), ("function", name, primes, layer))
