"""What is written as plain text with the letters of mathematics."""

from __future__ import annotations

from handgrad.calculus.indices import EXAMPLE, Affine
from handgrad.calculus.typeset import ATOM, GREEK, POWER, REDUCED, TIMES, Typesetter
from handgrad.calculus.written import (
    Applied,
    Kronecker,
    Name,
    Partial,
    Raised,
    Reduced,
    Times,
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
        if self.notation.partials == "operator" and not partial.transposed:
            return f"{sign}/{sign}{self.name(partial.by)[0]} {self.name(partial.of)[0]}", REDUCED
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
        if self.notation.gradient == "delta":  # δ is the error there
            return f"1[{kronecker.indices[0]} = {kronecker.indices[1] or self.text(kronecker.label or WrittenNumber(0))}]"
        return f"δ_{kronecker.indices[0]},{kronecker.indices[1] or self.text(kronecker.label or WrittenNumber(0))}"

    def relation(self, relation: str) -> str:
        return {">=": "≥", "<=": "≤", "!=": "≠", "==": "="}.get(relation, relation)
