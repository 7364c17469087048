"""How equations are written: the choices that authors make differently."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from handgrad.calculus.quantities import QUANTITIES
from handgrad.errors import HandgradError, did_you_mean

CHOICES: dict[str, tuple[str, ...]] = {
    "form": ("matrix", "index"),
    "examples": ("columns", "rows", "single"),
    "weights": ("out_in", "in_out"),
    "layer": ("[l]", "(l)", "^l", "_l"),
    "gradient": ("dZ", "partial", "delta"),
    "elementwise": ("⊙", "*", "∘"),
    "lower": ("entries", "all", "none"),
}


@dataclass(frozen=True)
class Notation:
    """A way of writing equations.

    `form` is matrices or indices. `examples` stand as columns (Z is n_l × m) or rows (m × n_l), or there is a single one. `weights`
    are out_in (W is n_l × n_{l-1}) or in_out, its transpose. `layer` is the mark of a layer: W^{[l]}, W^{(l)}, W^l or W_l.
    `gradient` writes dZ, ∂J/∂Z, or δ for the gradient by Z. `elementwise` is the sign of the elementwise product.
    `weighted` writes means with the examples' weights, Σ w_i x_i / Σ w_i, in place of 1/m Σ x_i. `letters` are the indices of
    units in their order of appearance, `example` that of the examples. `lower` writes w_jk for entries of W, or small letters
    for all. `names` gives other names to quantities and functions ({"J": "C"}), as LaTeX where `latex` has them.

    Raises HandgradError for a choice that does not exist.
    """

    form: Literal["matrix", "index"] = "matrix"
    examples: Literal["columns", "rows", "single"] = "columns"
    weights: Literal["out_in", "in_out"] = "out_in"
    layer: Literal["[l]", "(l)", "^l", "_l"] = "[l]"
    gradient: Literal["dZ", "partial", "delta"] = "dZ"
    elementwise: Literal["⊙", "*", "∘"] = "⊙"
    weighted: bool = False
    letters: str = "jkpqrsuv"
    example: str = "i"
    lower: Literal["entries", "all", "none"] = "entries"
    names: Mapping[str, str] = field(default_factory=dict)
    latex: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.letters or not self.example:
            raise HandgradError("letters and example name at least one index each, but an empty text was given")
        for names in (self.names, self.latex):
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
    if name not in NOTATIONS:
        raise HandgradError(f"there is no notation {name!r}. {did_you_mean(name, NOTATIONS)}")
    return NOTATIONS[name]
