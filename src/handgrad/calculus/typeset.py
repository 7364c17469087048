"""From what is written to a string: LaTeX or Unicode."""

from __future__ import annotations

from handgrad.calculus.functions import PRIMITIVES, Primitive
from handgrad.calculus.indices import EXAMPLE, Affine
from handgrad.calculus.notation import Notation
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

RELATED, PLUS, MINUS, REDUCED, TIMES, POWER, ATOM = 5, 10, 20, 25, 30, 50, 60

LOWERED = {"W", "Z", "A", "X", "Y", "Y_smooth"}
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "lambda": "λ", "mu": "μ",
    "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
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

    def base(self, name: Name) -> str:
        """The letter of a name, small for entries of matrices where the notation has it so; the reader's own name as it is."""
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
        return ":=" if update else "="

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
            elif isinstance(factor, Reduced):
                tight = REDUCED if last and times.kind == "scalar" else TIMES + 1
            shown.append(self.text(factor, tight))
            if isinstance(factor, Fraction) and not last and times.kind == "scalar" and self.loose(shown[-1]):
                shown[-1] = self.parenthesised(shown[-1])  # a / b c can be read in two ways
        line = shown[0]
        for text in shown[1:]:  # two numbers side by side would be one
            line += (self.between_numbers if text[0].isdigit() and times.kind == "scalar" else join) + text
        return line


class Latex(Typesetter):
    """LaTeX mathematics, without delimiters."""

    between_numbers = r" \cdot "

    def own(self, name: str) -> str:
        given = self.notation.latex.get(name) or self.notation.names.get(name, "")
        return f"{{{given}}}" if "^" in given or "_" in given else given

    def parenthesised(self, text: str) -> str:
        return rf"\left({text}\right)" if r"\frac" in text or r"\sum" in text else f"({text})"

    def letter(self, name: str) -> str:
        if name in GREEK:
            return f"\\{name}"
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
        upper, below = self.marks(name.layer)
        lower = ("," if any(len(i) > 1 for i in name.indices) else "").join(name.indices)
        lower = f"{below},{lower}" if below and lower else below + lower
        if name.time is not None:
            upper += rf"\langle {name.time} \rangle"
        text = name.prefix + self.base(name) + (f"_{{{lower}}}" if lower else "")
        if name.example:
            upper += f"({name.example})"
        if name.transposed and upper and not upper.endswith(("]", ")")):
            return f"({text}^{{{upper}}})^{{T}}", POWER
        upper += "T" if name.transposed else ""
        return (f"{text}^{{{upper}}}", POWER) if upper else (text, ATOM)

    def partial(self, partial: Partial) -> tuple[str, int]:
        text = rf"\frac{{\partial {self.name(partial.of)[0]}}}{{\partial {self.name(partial.by)[0]}}}"
        return (rf"\left({text}\right)^{{T}}", POWER) if partial.transposed else (text, POWER)

    def transposed(self, body: Written) -> str:
        return f"{self.text(body, ATOM)}^{{T}}"

    def times(self, times: Times) -> tuple[str, int]:
        if times.kind == "elementwise":
            sign = {"⊙": r" \odot ", "*": " * ", "∘": r" \circ "}[self.notation.elementwise]
            return self.factors(times, sign, ("matrix", "scalar")), TIMES
        return self.factors(times, " ", ("elementwise",)), TIMES

    def fraction(self, numerator: Written, denominator: Written) -> tuple[str, int]:
        return rf"\frac{{{self.text(numerator)}}}{{{self.text(denominator)}}}", ATOM - 1

    def raised(self, base: Written, exponent: Written) -> str:
        return f"{self.text(base, ATOM)}^{{{self.text(exponent)}}}"

    def reduced(self, reduced: Reduced) -> tuple[str, int]:
        sign = r"\sum" if reduced.kind == "sum" else rf"\{reduced.kind}"
        body = self.text(reduced.body, REDUCED)
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
            return primitive.latex.format(*arguments)
        name = self.own(applied.function) or self.function(applied.function)
        upper, lower = self.marks(applied.layer)
        name += f"_{{{lower}}}" if lower else ""
        if upper and applied.primes and not upper.endswith(("]", ")")):
            name = f"({name}^{{{upper}}}){chr(39) * applied.primes}"
        elif upper:
            name += f"^{{{upper}{(chr(92) + 'prime') * applied.primes}}}"
        else:
            name += "'" * applied.primes
        return f"{name}({', '.join(arguments)})"

    def kronecker(self, kronecker: Kronecker) -> str:
        if not any(kronecker.indices):
            return "I" if kronecker.label is None else rf"\mathbb{{1}}[{self.text(kronecker.label)}]"
        other = kronecker.indices[1] or self.text(kronecker.label or WrittenNumber(0))
        return rf"\delta_{{{kronecker.indices[0]} {other}}}"

    def relation(self, relation: str) -> str:
        return {">=": r"\ge", "<=": r"\le", "!=": r"\ne", "==": "="}.get(relation, relation)


def _escaped(name: str) -> str:
    return name.replace("_", r"\_")


class Unicode(Typesetter):
    """Plain text for a terminal, with the letters that mathematics uses."""

    def letter(self, name: str) -> str:
        return GREEK.get(name) or {"ell": "ℓ", "Y_smooth": "Ỹ", "y_smooth": "ỹ"}.get(name, name)

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
        text = name.prefix + self.base(name) + ("" if name.layer is None else self.mark(name.layer))
        text += ("" if name.time is None else f"⟨{name.time}⟩") + (f"_{''.join(name.indices)}" if name.indices else "")
        text += f"({name.example})".translate(SUPERSCRIPT) if name.example else ""
        raised = bool(name.example) or (name.layer is not None and self.notation.layer in {"(l)", "^l"})
        if name.transposed:
            return f"({text})ᵀ" if raised else f"{text}ᵀ", POWER
        return text, POWER if raised else ATOM

    def partial(self, partial: Partial) -> tuple[str, int]:
        text = f"∂{self.name(partial.of)[0]}/∂{self.name(partial.by)[0]}"
        return (f"({text})ᵀ", POWER) if partial.transposed else (text, POWER)

    def transposed(self, body: Written) -> str:
        return f"{self.text(body, ATOM)}ᵀ"

    def times(self, times: Times) -> tuple[str, int]:
        if times.kind == "elementwise":
            return self.factors(times, f" {self.notation.elementwise} ", ("matrix", "scalar")), TIMES
        return self.factors(times, " ", ("elementwise",)), TIMES

    def fraction(self, numerator: Written, denominator: Written) -> tuple[str, int]:
        above, below = self.text(numerator, TIMES), self.text(denominator, TIMES + 1)
        return f"{above}/{below}" if len(above) + len(below) <= 3 else f"{above} / {below}", TIMES

    def raised(self, base: Written, exponent: Written) -> str:
        shown = self.text(exponent, ATOM)
        return self.text(base, ATOM) + (shown.translate(SUPERSCRIPT) if shown.lstrip("-").isdigit() else f"^{shown}")

    def reduced(self, reduced: Reduced) -> tuple[str, int]:
        words = "examples" if reduced.over == (EXAMPLE,) else "units" if len(reduced.over) == 1 else "entries"
        sign = "Σ" if reduced.kind == "sum" else reduced.kind
        return f"{sign}_{reduced.letter or words} {self.text(reduced.body, REDUCED)}", REDUCED

    def applied(self, applied: Applied) -> str:
        primitive = self.template(applied)
        arguments = [self.text(argument) for argument in applied.arguments]
        if primitive is not None and primitive.unicode is not None:
            return primitive.unicode.format(*arguments)
        name = self.own(applied.function) or applied.function
        layer = "" if applied.layer is None else self.mark(applied.layer)
        return f"{name}{chr(39) * applied.primes}{layer}({', '.join(arguments)})"

    def kronecker(self, kronecker: Kronecker) -> str:
        if not any(kronecker.indices):
            return "I" if kronecker.label is None else f"1[{self.text(kronecker.label)}]"
        return f"δ_{kronecker.indices[0]},{kronecker.indices[1] or self.text(kronecker.label or WrittenNumber(0))}"

    def relation(self, relation: str) -> str:
        return {">=": "≥", "<=": "≤", "!=": "≠", "==": "="}.get(relation, relation)
