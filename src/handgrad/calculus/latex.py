"""What is written as LaTeX mathematics."""

from __future__ import annotations

import re
from dataclasses import replace

from handgrad.calculus.indices import Affine
from handgrad.calculus.quantities import STATE
from handgrad.calculus.typeset import ATOM, GREEK, POWER, REDUCED, TIMES, Typesetter, words_of
from handgrad.calculus.written import (
    Applied,
    Kronecker,
    Name,
    Partial,
    Raised,
    Reduced,
    Written,
    WrittenNumber,
)


class Latex(Typesetter):
    """LaTeX mathematics, without delimiters."""

    between_numbers = r" \cdot "

    def own(self, name: str) -> str:
        given = self.notation.latex.get(name) or _quoted(self.notation.names.get(name, ""))
        return f"{{{given}}}" if "^" in given or "_" in given else given

    def parenthesised(self, text: str) -> str:
        return rf"\left({text}\right)" if _tall(text) else f"({text})"

    def letter(self, name: str) -> str:
        stem = name.rstrip("0123456789")
        if stem in GREEK:
            return f"\\{'varepsilon' if stem == 'epsilon' else stem}" + (f"_{{{name[len(stem) :]}}}" if stem != name else "")
        if name == "ell":
            return r"\ell"
        stem, _, rest = name.partition("_")
        if rest == "smooth":
            return rf"\tilde{{{stem}}}"
        return name if len(name) == 1 else rf"\mathrm{{{_escaped(name)}}}"

    def function(self, name: str) -> str:
        if name in {"tanh", "exp", "log", "cosh"}:  # TeX has these
            return f"\\{name}"
        return name if len(name) == 1 else rf"\operatorname{{{_escaped(name)}}}"

    def marks(self, layer: Affine | None) -> tuple[str, str]:
        """What a layer puts into the superscript and the subscript."""
        if layer is None:
            return "", ""
        style = self.notation.layer
        return ("", str(layer)) if style == "_l" else ({"[l]": f"[{layer}]", "(l)": f"({layer})", "^l": str(layer)}[style], "")

    def name(self, name: Name) -> tuple[str, int]:
        alias = self.alias(name)
        upper, below = ("", "") if alias else self.marks(name.layer)
        indices = self.indices(name)
        base, under = alias or self.base(name), ""
        if not alias and name.base.partition("_")[0] in STATE and "_" in name.base:
            base, of = name.base.split("_")
            under = self.base(replace(name, base=of))
        lower = ",".join(part for part in (under, below, indices) if part)
        if name.time is not None:
            upper += rf"\langle {name.time} \rangle"
        text = base + (f"_{{{lower}}}" if lower else "")
        if name.example and self.notation.example_mark == "(i)":
            upper += f"({name.example})"
        if name.transposed and upper and not upper.endswith(("]", ")")):
            return f"({text}^{{{upper}}})^{{T}}", POWER
        upper += "T" if name.transposed else ""
        return (f"{text}^{{{upper}}}", POWER) if upper else (text, ATOM)

    def partial(self, partial: Partial) -> tuple[str, int]:
        sign = self.sign
        if self.notation.partials == "operator" and not partial.transposed:
            return rf"\frac{{{sign}}}{{{sign} {self.unaliased(partial.by)}}} {self.name(partial.of)[0]}", REDUCED
        text = rf"\frac{{{sign} {self.name(partial.of)[0]}}}{{{sign} {self.unaliased(partial.by)}}}"
        return (rf"\left({text}\right)^{{T}}", POWER) if partial.transposed else (text, POWER)

    def transposed(self, body: Written) -> str:
        return f"{self.text(body, ATOM)}^{{T}}"

    def between(self, sign: str) -> str:
        return super().between({"⊙": r"\odot", "∘": r"\circ", "·": r"\cdot"}.get(sign, sign))

    def fraction(self, numerator: Written, denominator: Written) -> tuple[str, int]:
        if self.notation.fractions == "inline" and isinstance(numerator, WrittenNumber) and isinstance(denominator, Name):
            return super().fraction(numerator, denominator)[0].replace(" / ", "/"), TIMES
        return rf"\frac{{{self.text(numerator)}}}{{{self.text(denominator)}}}", ATOM - 1

    def raised(self, base: Written, exponent: Written) -> str:
        return f"{self.text(base, ATOM)}^{{{self.text(exponent)}}}"

    def sign_of(self, kind: str) -> str:
        return rf"\{kind}"

    def over(self, reduced: Reduced) -> str:
        if reduced.letter and reduced.bounds:
            low, high = map(self.text, reduced.bounds)
            return f"_{{{reduced.letter}={low}}}^{{{high}}}"
        return f"_{{{reduced.letter}}}" if reduced.letter else rf"_{{\text{{{words_of(reduced)}}}}}"

    def applied(self, applied: Applied) -> str:
        primitive = self.template(applied)
        arguments = [self.text(argument) for argument in applied.arguments]
        if primitive is not None and primitive.latex is not None:
            template = primitive.latex
            if any(map(_tall, arguments)):
                template = template.replace("({", r"\left({").replace("})", r"}\right)")
            return template.format(*arguments)
        name = self.own(applied.function) or self.function(applied.function)
        upper, lower = self.marks(applied.layer)
        if raised := re.fullmatch(r"\{(\w+)\^\{(.*)\}\}", name):  # a reader's g^{[1]} takes its prime beside the mark
            name, upper = raised[1], raised[2]
        name += f"_{{{lower}}}" if lower else ""
        if upper and applied.primes and not upper.endswith(("]", ")")):
            name = f"({name}^{{{upper}}}){chr(39) * applied.primes}"
        elif upper:
            name += f"^{{{upper}{(chr(92) + 'prime') * applied.primes}}}"
        else:
            name += "'" * applied.primes
        return name + self.parenthesised(", ".join(arguments))

    @property
    def sign(self) -> str:
        """The sign of a partial derivative."""
        return {"∂": r"\partial", "δ": r"\delta", "d": "d"}[self.notation.partial]

    def prefix(self, prefix: str) -> str:
        return {"d": "d", "∂": r"\partial ", "δ": r"\delta ", "∇": r"\nabla "}[self.notation.d] if prefix else ""

    def unaliased(self, name: Name) -> str:
        """A name under a derivative's stroke, where it keeps its own."""
        plain = {key: value for key, value in self.notation.latex.items() if "[" not in key}
        names = {key: value for key, value in self.notation.names.items() if "[" not in key}
        return Latex(replace(self.notation, latex=plain, names=names)).name(name)[0]

    def rate(self, by: Name, body: Written) -> str:
        inside = self.text(body)
        shown = inside if isinstance(body, Reduced | Raised | Applied | Name) else rf"\left({inside}\right)"
        return rf"\frac{{{self.sign}}}{{{self.sign} {self.unaliased(by)}}} {shown}"

    def endless(self, value: float) -> str:
        return {"∞": r"\infty", "-∞": r"-\infty"}.get(super().endless(value), r"\text{NaN}")

    def grid(self, rows: tuple[tuple[str, ...], ...]) -> str:
        return r"\begin{bmatrix} " + r" \\ ".join(" & ".join(row) for row in rows) + r" \end{bmatrix}"

    def dots(self, kind: str) -> str:
        return {"across": r"\cdots", "down": r"\vdots", "diagonal": r"\ddots"}[kind]

    def belongs(self, name: str, shape: list[str]) -> str:
        sizes = r" \times ".join(shape)
        return rf"{name} \in \mathbb{{R}}" + (f"^{{{sizes}}}" if shape else "")

    def equals(self, *, update: bool) -> str:
        return {"←": r"\leftarrow"}.get(self.notation.assign, self.notation.assign) if update else "="

    def kronecker(self, kronecker: Kronecker) -> str:
        if not any(kronecker.indices):
            return "I" if kronecker.label is None else rf"\mathbf{{1}}[{self.text(kronecker.label)}]"
        other = kronecker.indices[1] or self.text(kronecker.label or WrittenNumber(0))
        if self.notation.gradient == "delta":  # δ is the error there
            return rf"\mathbf{{1}}[{kronecker.indices[0]} = {other}]"
        return rf"\delta_{{{kronecker.indices[0]} {other}}}"

    def relation(self, relation: str) -> str:
        return {">=": r"\ge", "<=": r"\le", "!=": r"\ne", "==": "="}.get(relation, relation)


def _quoted(name: str) -> str:
    """A reader's name with TeX's own characters as they are."""
    return "".join(rf"\{sign}" if sign in "%#&${}" else r"\backslash " if sign == "\\" else sign for sign in name)


def _tall(latex: str) -> bool:
    """Whether a formula is taller than a line, so that its parentheses grow."""
    return any(command in latex for command in (r"\frac", r"\sum", r"\begin"))


def _escaped(name: str) -> str:
    return name.replace("_", r"\_")
