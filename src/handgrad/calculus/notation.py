"""How equations are written: the choices that authors make differently."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from handgrad.calculus.quantities import QUANTITIES
from handgrad.errors import HandgradError, did_you_mean

CHOICES: dict[str, tuple[str, ...]] = {
    "form": ("matrix", "entries", "index", "factors"),
    "examples": ("columns", "rows", "single", "indexed"),
    "weights": ("out_in", "in_out"),
    "layer": ("[l]", "(l)", "^l", "_l"),
    "gradient": ("dZ", "partial", "delta"),
    "elementwise": ("⊙", "*", "∘", ".*"),
    "product": ("", ".", "·", "@"),
    "times": ("", "*", "·"),
    "fractions": ("stacked", "inline"),
    "partials": ("fraction", "operator"),
    "assign": (":=", "=", "←"),
    "d": ("d", "∂", "δ", "∇"),
    "partial": ("∂", "δ", "d"),
    "example_mark": ("(i)", "_i"),
    "sums": ("plain", "bare", "applied", "from_0", "from_1", "expanded"),
    "bound": ("fresh", "same"),
    "lower": ("entries", "all", "none"),
}


@dataclass(frozen=True)
class Notation:
    """A way of writing equations.

    `form`: matrices, these written out entry by entry ("entries"), indices, or the bare factors of a chain, ∂J/∂A ∂A/∂Z.
    `examples` stand as columns (Z is n_l × m) or rows (m × n_l), or there is a single one, or each has its index, z^{(i)}.
    `weights` are out_in (W is n_l × n_{l-1}) or in_out, its transpose. `layer` is the mark of a layer: W^{[l]}, W^{(l)}, W^l, W_l.
    `gradient` writes dZ, whose letter is `d`; ∂J/∂Z, whose sign is `partial`, as a fraction or an operator before J (`partials`);
    or δ for the gradient by Z. `elementwise`, `product` and `times` are the signs of the elementwise product, the matrix product
    and between plain numbers, `assign` that of an update; a matrix product beside an elementwise one stands in parentheses unless
    the `matrix_first` rule is kept. `fractions` stand stacked, or 1/m inline. `weighted` writes means with the examples'
    weights, Σ w_i x_i / Σ w_i, in place of 1/m Σ x_i.

    `letters` are the indices of units, the last layer's first; `example` that of the examples, whose `example_mark` is a^{(i)} or
    a_i. `sums` name what they run over (Σ_j), or are "bare" (Σ x) or "applied" (Σ(x)) in matrix form; or they show from where to
    where (from_0, from_1, with other `bounds` by axis, {"unit[2]": ("0", "c")}); or they are written term by term ("expanded"),
    counted from `first_index`. Their `bound` letter is a fresh one, or the same that stands outside.

    `lower` writes w_jk for entries of W, or small letters for all. `names` gives other names to quantities, also of one layer, and
    to functions ({"J": "C", "A[2]": "Ŷ", "relu": "f", "sum": "S"}); `latex` has them as LaTeX.

    Raises HandgradError for a choice that does not exist.
    """

    form: Literal["matrix", "entries", "index", "factors"] = "matrix"
    examples: Literal["columns", "rows", "single", "indexed"] = "columns"
    weights: Literal["out_in", "in_out"] = "out_in"
    layer: Literal["[l]", "(l)", "^l", "_l"] = "[l]"
    gradient: Literal["dZ", "partial", "delta"] = "dZ"
    elementwise: Literal["⊙", "*", "∘", ".*"] = "⊙"
    product: Literal["", ".", "·", "@"] = ""
    times: Literal["", "*", "·"] = ""
    matrix_first: bool = False
    fractions: Literal["stacked", "inline"] = "stacked"
    partials: Literal["fraction", "operator"] = "fraction"
    assign: Literal[":=", "=", "←"] = ":="
    d: Literal["d", "∂", "δ", "∇"] = "d"
    partial: Literal["∂", "δ", "d"] = "∂"
    example_mark: Literal["(i)", "_i"] = "(i)"
    sums: Literal["plain", "bare", "applied", "from_0", "from_1", "expanded"] = "plain"
    bounds: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    bound: Literal["fresh", "same"] = "fresh"
    first_index: int = 1
    weighted: bool = False
    letters: str = "jkpqrsuv"
    example: str = "i"
    lower: Literal["entries", "all", "none"] = "entries"
    names: Mapping[str, str] = field(default_factory=dict)
    latex: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.letters or not self.example:
            raise HandgradError("letters and example name at least one index each, but an empty text was given")
        if len({*self.letters}) < len(self.letters):
            raise HandgradError(f"letters are different from each other, but {self.letters!r} was given")
        for name, shown in self.latex.items():
            if not _balanced(shown):
                raise HandgradError(f"{shown!r} is no LaTeX for {name}: its braces do not match, or a %, #, $ or & is bare")
        for given in (self.names, self.latex):
            names = {name: shown for name, shown in given.items() if "[" not in name}  # A[0] may well be called X
            if self.examples == "indexed" and names.get("ell") == names.get("J"):
                names.pop("ell", None)  # C_i and their mean C
            taken = {**{name: name for name in QUANTITIES}, **names}
            twice = [name for name in names if list(taken.values()).count(names[name]) > 1]
            if twice:
                raise HandgradError(f"{names[twice[0]]!r} would name two quantities; give {twice[0]} another name")
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise HandgradError(f"{name} is one of {', '.join(known)}, but {getattr(self, name)!r} was given")

    def but(self, **changes: Any) -> "Notation":
        """The same notation with some choices made differently."""
        unknown = set(changes) - set(self.__dataclass_fields__)
        if unknown:
            raise HandgradError(f"a notation has no {min(unknown)!r}. {did_you_mean(min(unknown), self.__dataclass_fields__)}")
        return replace(self, **changes)

    def choose(self, choices: Iterable[str]) -> "Notation":
        r"""The same notation with choices given as text: "gradient=delta", "weighted=true", "names.J=C", "latex.W=\theta"."""
        changed: dict[str, Any] = {}
        for choice in choices:
            name, equals, value = choice.partition("=")
            name, dot, key = name.strip().partition(".")
            if not equals or not value:
                raise HandgradError(f"a choice of the notation is name=value, as gradient=delta, but {choice!r} was given")
            kind = type(getattr(self, name, None))
            if dot:
                if name not in {"names", "latex"}:
                    raise HandgradError(f"names.J=C gives a name and latex.J=C its LaTeX, but {choice!r} was given")
                changed[name] = {**changed.get(name, getattr(self, name)), key: value}
            elif kind is bool and value in {"true", "false"}:
                changed[name] = value == "true"
            elif kind is int and value.isdigit():
                changed[name] = int(value)
            elif kind is str or name not in self.__dataclass_fields__:
                changed[name] = value
            else:
                raise HandgradError(f"{value!r} is no value for {name}, in {choice!r}")
        return self.but(**changed)


def _balanced(latex: str) -> bool:
    """Whether TeX can read on after a piece of LaTeX: braces match, and no character of TeX's own stands alone."""
    depth = 0
    for sign in re.findall(r"\\.|.", latex, re.DOTALL):
        depth += (sign == "{") - (sign == "}")
        if depth < 0 or sign in {"%", "#", "&", "$", "\\"}:
            return False
    return depth == 0


NOTATIONS: dict[str, Notation] = {
    "ng": Notation(),
    "nielsen": Notation(examples="single", layer="^l", gradient="delta", lower="all"),
    "index": Notation(form="index", examples="single", layer="(l)", gradient="delta"),
    "rows": Notation(examples="rows", weights="in_out", layer="_l"),
}
"""The notations by name: Ng's course, Nielsen's book, index form, and rows as in CS231n and PyTorch."""


def find_notation(name: str | Notation) -> Notation:
    """The notation of this name. Raises HandgradError."""
    if isinstance(name, Notation):
        return name
    if not isinstance(name, str):
        raise HandgradError(f"a notation is a Notation or the name of one, but {name!r} was given")
    if name not in NOTATIONS:
        raise HandgradError(f"there is no notation {name!r}. {did_you_mean(name, NOTATIONS)}")
    return NOTATIONS[name]
