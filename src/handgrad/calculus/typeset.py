"""From what is written to a string: LaTeX or Unicode."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from handgrad.calculus.functions import PRIMITIVES, Primitive
from handgrad.calculus.indices import EXAMPLE, Affine
from handgrad.calculus.notation import Notation
from handgrad.calculus.quantities import STATE
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
    "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varepsilon": "ε",
}  # fmt: skip
SUPERSCRIPT = str.maketrans("0123456789+-()lLijkmnT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ˡᴸⁱʲᵏᵐⁿᵀ")
SUBSCRIPT = str.maketrans("0123456789+-()lijkmn", "₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₗᵢⱼₖₘₙ")


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
        raise NotImplementedError

    def fraction(self, numerator: Written, denominator: Written) -> tuple[str, int]:
        return f"{self.text(numerator, TIMES)} / {self.text(denominator, TIMES + 1)}", TIMES

    def raised(self, base: Written, exponent: Written) -> str:
        raise NotImplementedError

    def reduced(self, reduced: Reduced) -> tuple[str, int]:
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

    @property
    def beside_elementwise(self) -> tuple[str, ...]:
        """The products that stand in parentheses beside an elementwise one."""
        return ("scalar",) if self.notation.matrix_first else ("matrix", "scalar")

    def factors(self, times: Times, join: str, ambiguous: tuple[str, ...]) -> str:
        """Factors joined, in parentheses where a factor is a product of a kind that could be misread beside this one."""
        shown = []
        for place, factor in enumerate(times.factors):
            last = place == len(times.factors) - 1
            tight = TIMES if place == 0 else TIMES + 1
            if isinstance(factor, Times):
                tight = TIMES + 1 if factor.kind in ambiguous else TIMES
            elif isinstance(factor, Reduced):
                tight = REDUCED if last and times.kind == "scalar" else TIMES + 1
            shown.append(self.text(factor, tight))
            if isinstance(factor, Fraction) and not last and times.kind == "scalar" and self.loose(shown[-1]):
                shown[-1] = self.parenthesised(shown[-1])  # a / b c can be read in two ways
        line = shown[0]
        for text in shown[1:]:  # two numbers side by side would be one
            line += (self.between_numbers if NUMBER.match(text) and join == " " else join) + text
        return line


class Latex(Typesetter):
    """LaTeX mathematics, without delimiters."""

    between_numbers = r" \cdot "

    def own(self, name: str) -> str:
        given = self.notation.latex.get(name) or self.notation.names.get(name, "")
        return f"{{{given}}}" if "^" in given or "_" in given else given

    def parenthesised(self, text: str) -> str:
        return rf"\left({text}\right)" if _tall(text) else f"({text})"

    def letter(self, name: str) -> str:
        stem = name.rstrip("0123456789")
        if stem in GREEK:
            return f"\\{stem}" + (f"_{{{name[len(stem) :]}}}" if stem != name else "")
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
        indices = ("," if any(len(i) > 1 for i in name.indices) else "").join(name.indices)
        if name.example and self.notation.example_mark == "_i":
            indices = f"{indices},{name.example}" if indices else name.example
        base, under = alias or self.base(name), ""
        if not alias and name.base.partition("_")[0] in STATE and "_" in name.base:
            base, under = name.base.split("_")
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
            return rf"\frac{{{sign}}}{{{sign} {self.unaliased(partial.by)}}} {self.name(partial.of)[0]}", POWER
        text = rf"\frac{{{sign} {self.name(partial.of)[0]}}}{{{sign} {self.unaliased(partial.by)}}}"
        return (rf"\left({text}\right)^{{T}}", POWER) if partial.transposed else (text, POWER)

    def transposed(self, body: Written) -> str:
        return f"{self.text(body, ATOM)}^{{T}}"

    def times(self, times: Times) -> tuple[str, int]:
        if times.kind == "elementwise":
            sign = {"⊙": r" \odot ", "*": " * ", "∘": r" \circ ", ".*": " .* "}[self.notation.elementwise]
            return self.factors(times, sign, self.beside_elementwise), TIMES
        given = self.notation.product if times.kind == "matrix" else self.notation.times
        join = {"": " ", "·": r" \cdot "}.get(given, f" {given} ")
        ambiguous = ("elementwise", "matrix") if times.kind == "scalar" and given else ("elementwise",)
        return self.factors(times, join, ambiguous), TIMES

    def fraction(self, numerator: Written, denominator: Written) -> tuple[str, int]:
        if self.notation.fractions == "inline" and isinstance(numerator, WrittenNumber) and isinstance(denominator, Name):
            return super().fraction(numerator, denominator)[0].replace(" / ", "/"), TIMES
        return rf"\frac{{{self.text(numerator)}}}{{{self.text(denominator)}}}", ATOM - 1

    def raised(self, base: Written, exponent: Written) -> str:
        return f"{self.text(base, ATOM)}^{{{self.text(exponent)}}}"

    def reduced(self, reduced: Reduced) -> tuple[str, int]:
        sign = self.own(reduced.kind) or (r"\sum" if reduced.kind == "sum" else rf"\{reduced.kind}")
        body = self.text(reduced.body, REDUCED)
        if reduced.letter and reduced.bounds:
            low, high = map(self.text, reduced.bounds)
            return rf"{sign}_{{{reduced.letter}={low}}}^{{{high}}} {body}", REDUCED
        if self.notation.sums in {"bare", "applied"} and not reduced.letter:
            return (f"{sign} {body}", REDUCED) if self.notation.sums == "bare" else (f"{sign}({self.text(reduced.body)})", REDUCED)
        if reduced.letter:
            return rf"{sign}_{{{reduced.letter}}} {body}", REDUCED
        words = (
            r"\text{examples}" if reduced.over == (EXAMPLE,) else r"\text{units}" if len(reduced.over) == 1 else r"\text{entries}"
        )
        return rf"{sign}_{{{words}}} {body}", REDUCED

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
        return rf"\delta_{{{kronecker.indices[0]} {other}}}"

    def relation(self, relation: str) -> str:
        return {">=": r"\ge", "<=": r"\le", "!=": r"\ne", "==": "="}.get(relation, relation)


def _tall(latex: str) -> bool:
    """Whether a formula is taller than a line, so that its parentheses grow."""
    return any(command in latex for command in (r"\frac", r"\sum", r"\begin"))


def _escaped(name: str) -> str:
    return name.replace("_", r"\_")


class Unicode(Typesetter):
    """Plain text for a terminal, with the letters that mathematics uses."""

    def letter(self, name: str) -> str:
        stem = name.rstrip("0123456789")
        if stem in GREEK:
            return GREEK[stem] + name[len(stem) :].translate(SUBSCRIPT)
        return {"ell": "ℓ", "Y_smooth": "Ỹ", "y_smooth": "ỹ"}.get(name, name)

    def mark(self, layer: Affine) -> str:
        match self.notation.layer:
            case "[l]":
                return f"[{layer}]"
            case "(l)":
                return f"({layer})".translate(SUPERSCRIPT)
            case "^l":
                return str(layer).translate(SUPERSCRIPT)
            case _:
                return "_L" + str(layer)[1:].translate(SUBSCRIPT) if str(layer).startswith("L") else str(layer).translate(SUBSCRIPT)

    def name(self, name: Name) -> tuple[str, int]:
        alias = self.alias(name)
        text = alias or self.base(name) + ("" if name.layer is None else self.mark(name.layer))
        indices = ("," if any(len(i) > 1 for i in name.indices) else "").join(name.indices)
        if name.example and self.notation.example_mark == "_i":
            indices = f"{indices},{name.example}" if indices else name.example
        text += ("" if name.time is None else f"⟨{name.time}⟩") + (f"_{indices}" if indices else "")
        marked = name.example if self.notation.example_mark == "(i)" else ""
        text += f"({marked})".translate(SUPERSCRIPT) if marked else ""
        raised = bool(marked) or (name.layer is not None and self.notation.layer in {"(l)", "^l"})
        if name.transposed:
            return f"({text})ᵀ" if raised else f"{text}ᵀ", POWER
        return text, POWER if raised else ATOM

    def partial(self, partial: Partial) -> tuple[str, int]:
        sign = self.notation.partial
        text = f"{sign}{self.name(partial.of)[0]}/{sign}{self.name(partial.by)[0]}"
        return (f"({text})ᵀ", POWER) if partial.transposed else (text, POWER)

    def transposed(self, body: Written) -> str:
        return f"{self.text(body, ATOM)}ᵀ"

    def times(self, times: Times) -> tuple[str, int]:
        if times.kind == "elementwise":
            return self.factors(times, f" {self.notation.elementwise} ", self.beside_elementwise), TIMES
        given = self.notation.product if times.kind == "matrix" else self.notation.times
        ambiguous = ("elementwise", "matrix") if times.kind == "scalar" and given else ("elementwise",)
        return self.factors(times, f" {given} " if given else " ", ambiguous), TIMES

    def fraction(self, numerator: Written, denominator: Written) -> tuple[str, int]:
        above, below = self.text(numerator, TIMES), self.text(denominator, TIMES + 1)
        return f"{above}/{below}" if len(above) + len(below) <= 3 else f"{above} / {below}", TIMES

    def raised(self, base: Written, exponent: Written) -> str:
        shown = self.text(exponent, ATOM)
        return self.text(base, ATOM) + (shown.translate(SUPERSCRIPT) if shown.lstrip("-").isdigit() else f"^{shown}")

    def reduced(self, reduced: Reduced) -> tuple[str, int]:
        words = "examples" if reduced.over == (EXAMPLE,) else "units" if len(reduced.over) == 1 else "entries"
        sign = self.own(reduced.kind) or ("Σ" if reduced.kind == "sum" else reduced.kind)
        if reduced.letter and reduced.bounds:
            low, high = (self.text(end).replace(" ", "") for end in reduced.bounds)
            return f"{sign}_{{{reduced.letter}={low}..{high}}} {self.text(reduced.body, REDUCED)}", REDUCED
        if self.notation.sums in {"bare", "applied"} and not reduced.letter:
            body = self.text(reduced.body, REDUCED)
            return (f"{sign} {body}", REDUCED) if self.notation.sums == "bare" else (f"{sign}({self.text(reduced.body)})", REDUCED)
        return f"{sign}_{reduced.letter or words} {self.text(reduced.body, REDUCED)}", REDUCED

    def applied(self, applied: Applied) -> str:
        primitive = self.template(applied)
        arguments = [self.text(argument) for argument in applied.arguments]
        if primitive is not None and primitive.unicode is not None:
            return primitive.unicode.format(*arguments)
        name = self.own(applied.function) or applied.function
        layer = "" if applied.layer is None else self.mark(applied.layer)
        return f"{name}{chr(39) * applied.primes}{layer}({', '.join(arguments)})"

    def rate(self, by: Name, body: Written) -> str:
        sign = self.notation.partial
        shown = self.text(body)
        if not isinstance(body, Reduced | Raised | Applied | Name):
            shown = f"({shown})"
        return f"{sign}/{sign}{self.name(by)[0]} {shown}"

    def grid(self, rows: tuple[tuple[str, ...], ...]) -> str:
        return "[" + "; ".join(" ".join(row) for row in rows) + "]"

    def dots(self, kind: str) -> str:
        return {"across": "⋯", "down": "⋮", "diagonal": "⋱"}[kind]

    def belongs(self, name: str, shape: list[str]) -> str:
        return f"{name} ∈ ℝ" + (f"^({' × '.join(shape)})" if shape else "")

    def kronecker(self, kronecker: Kronecker) -> str:
        if not any(kronecker.indices):
            return "I" if kronecker.label is None else f"1[{self.text(kronecker.label)}]"
        return f"δ_{kronecker.indices[0]},{kronecker.indices[1] or self.text(kronecker.label or WrittenNumber(0))}"

    def relation(self, relation: str) -> str:
        return {">=": "≥", "<=": "≤", "!=": "≠", "==": "="}.get(relation, relation)
