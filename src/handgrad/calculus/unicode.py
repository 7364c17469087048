"""What is written as plain text with the letters of mathematics."""

from __future__ import annotations

from handgrad.calculus.indices import Affine
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

SUPERSCRIPT = str.maketrans("0123456789+-()lLijkmnT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ˡᴸⁱʲᵏᵐⁿᵀ")
SUBSCRIPT = str.maketrans("0123456789+-()lijkmn", "₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₗᵢⱼₖₘₙ")


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
        indices = self.indices(name)
        text += ("" if name.time is None else f"⟨{name.time}⟩") + (f"_{indices}" if indices else "")
        marked = name.example if self.notation.example_mark == "(i)" else ""
        text += f"({marked})".translate(SUPERSCRIPT) if marked else ""
        raised = bool(marked) or (name.layer is not None and self.notation.layer in {"(l)", "^l"})
        if name.transposed:
            return f"({text})ᵀ" if raised else f"{text}ᵀ", POWER
        return text, POWER if raised else ATOM

    def partial(self, partial: Partial) -> tuple[str, int]:
        sign = self.notation.partial
        if self.notation.partials == "operator" and not partial.transposed:
            return f"{sign}/{sign}{self.name(partial.by)[0]} {self.name(partial.of)[0]}", REDUCED
        text = f"{sign}{self.name(partial.of)[0]}/{sign}{self.name(partial.by)[0]}"
        return (f"({text})ᵀ", POWER) if partial.transposed else (text, POWER)

    def transposed(self, body: Written) -> str:
        return f"{self.text(body, ATOM)}ᵀ"

    def fraction(self, numerator: Written, denominator: Written) -> tuple[str, int]:
        above, below = self.text(numerator, TIMES), self.text(denominator, TIMES + 1)
        return f"{above}/{below}" if len(above) + len(below) <= 3 else f"{above} / {below}", TIMES

    def raised(self, base: Written, exponent: Written) -> str:
        shown = self.text(exponent, ATOM)
        return self.text(base, ATOM) + (shown.translate(SUPERSCRIPT) if shown.lstrip("-").isdigit() else f"^{shown}")

    def sign_of(self, kind: str) -> str:
        return "Σ" if kind == "sum" else kind

    def over(self, reduced: Reduced) -> str:
        if reduced.letter and reduced.bounds:
            low, high = (self.text(end).replace(" ", "") for end in reduced.bounds)
            return f"_{{{reduced.letter}={low}..{high}}}"
        return f"_{reduced.letter or words_of(reduced)}"

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
        if self.notation.gradient == "delta":  # δ is the error there
            return f"1[{kronecker.indices[0]} = {kronecker.indices[1] or self.text(kronecker.label or WrittenNumber(0))}]"
        return f"δ_{kronecker.indices[0]},{kronecker.indices[1] or self.text(kronecker.label or WrittenNumber(0))}"

    def relation(self, relation: str) -> str:
        return {">=": "≥", "<=": "≤", "!=": "≠", "==": "="}.get(relation, relation)
