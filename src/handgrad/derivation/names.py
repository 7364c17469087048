"""A reader's own names, held to those that a derivation has: none for what is not there, no two things by one name."""

from __future__ import annotations

from handgrad.calculus.expressions import symbols
from handgrad.calculus.functions import PRIMITIVES
from handgrad.calculus.notation import Notation
from handgrad.calculus.unicode import Unicode
from handgrad.calculus.written import Name
from handgrad.derivation.derivation import Derivation, called
from handgrad.errors import HandgradError, did_you_mean

ALWAYS = ("X", "Y", "W", "b", "Z", "A", "J", "ell", "m", "n", "theta", "alpha", "sum", "max", "delta", "w")


def require_names(derivation: Derivation, notation: Notation) -> None:
    """Refuse a notation that names what the derivation does not have, or two of its quantities alike. Raises HandgradError."""
    sides = (side for step in (*derivation.rule, *derivation.steps) for side in (step.left, step.right))
    known_symbols = dict.fromkeys((*ALWAYS, *(symbol.name for side in sides for symbol in symbols(side))))
    functions = {name for step in derivation.steps for name in called(step.right)} | {"g"}
    functions |= {g.name for g in derivation.defined}
    layers = range(derivation.network.L + 1) if derivation.layers == "numbered" else ()
    known = {*known_symbols, *functions, *(f"d{name}" for name in known_symbols)}
    known |= {f"{name}[{l}]" for name in known for l in layers} if layers else set()
    for name in (*notation.names, *notation.latex):
        if name not in known and (layers or "[" not in name):
            plain = [one for one in known - set(PRIMITIVES) if "[" not in one]
            raise HandgradError(f"there is nothing called {name!r} in this derivation to rename. {did_you_mean(name, plain)}")
    shown: dict[str, str] = {}
    for name in known_symbols:
        if name in {"sum", "max", "theta"} or (name == "w" and not notation.weighted):
            continue
        for indices in ((), ("j",)):  # entries may have small letters
            text = Unicode(notation).base(Name(name, indices=indices))
            other = shown.setdefault(text, name)
            if other != name and {name, other} & {*notation.names}:
                raise HandgradError(f"{text!r} would name both {other} and {name}; give one of them another name")
