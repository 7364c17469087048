"""How something is written: a tree of names, products and sums as they stand on the page, apart from their typography.

In matrix form, names are matrices with an order of axes, and products are matrix or elementwise; in index form, names carry
letters. `layout` makes these trees from what is meant; `typeset` turns them into LaTeX, Unicode or NumPy source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from handgrad.calculus.indices import Affine, Axis


@dataclass(frozen=True)
class Written:
    """A node of what is written."""


def mapped(written: Written, change: Callable[[Written], Written | None]) -> Written:
    """Rebuild a tree with `change` applied to its nodes from the top; where it gives None, to what is inside them."""
    changed = change(written)
    if changed is not None:
        return changed

    def inside(value: Any) -> Any:
        if isinstance(value, Written):
            return mapped(value, change)
        return tuple(map(inside, value)) if isinstance(value, tuple) else value

    new = {entry.name: inside(getattr(written, entry.name)) for entry in fields(written)}
    return replace(written, **new)


@dataclass(frozen=True)
class WrittenNumber(Written):
    """A number as it is."""

    value: float


@dataclass(frozen=True)
class Name(Written):
    """A named quantity with its marks: `prefix` is the d of dZ; `indices` and `example` are letters of index form."""

    base: str
    layer: Affine | None = None
    time: Affine | None = None
    indices: tuple[str, ...] = ()
    example: str = ""
    transposed: bool = False
    prefix: str = ""


@dataclass(frozen=True)
class Partial(Written):
    """∂of/∂by."""

    of: Name
    by: Name
    transposed: bool = False


@dataclass(frozen=True)
class Rate(Written):
    """∂/∂by applied to something: ∂/∂a_j (a_j - y_j)²."""

    by: Name
    body: Written


@dataclass(frozen=True)
class Transposed(Written):
    """The transpose of something that is not a bare name."""

    body: Written


@dataclass(frozen=True)
class Times(Written):
    """A product: of matrices, elementwise, or with plain numbers (also every product of index form)."""

    kind: Literal["matrix", "elementwise", "scalar"]
    factors: tuple[Written, ...]


@dataclass(frozen=True)
class Plus(Written):
    """A sum of terms, each of which may be a Minus."""

    terms: tuple[Written, ...]


@dataclass(frozen=True)
class Minus(Written):
    """Minus a term."""

    term: Written


@dataclass(frozen=True)
class Fraction(Written):
    """A quotient, elementwise in matrix form."""

    numerator: Written
    denominator: Written


@dataclass(frozen=True)
class Raised(Written):
    """A power, elementwise in matrix form."""

    base: Written
    exponent: Written


@dataclass(frozen=True)
class Reduced(Written):
    """A sum or maximum: over a letter in index form; in matrix form over rows (0), columns (1) or everything (None).

    `bounds` are the first and the last value of the letter, where they are written.
    """

    kind: str
    letter: str
    body: Written
    over: tuple[Axis, ...]
    along: int | None = None
    bounds: tuple[Written, Written] | None = None


@dataclass(frozen=True)
class Applied(Written):
    """A function of arguments."""

    function: str
    arguments: tuple[Written, ...]
    layer: Affine | None = None
    primes: int = 0


@dataclass(frozen=True)
class Related(Written):
    """A comparison, as inside cases."""

    relation: str
    left: Written
    right: Written


@dataclass(frozen=True)
class Kronecker(Written):
    """δ_ij, or the identity matrix over `axis`, or one-hot columns where `label` names whole numbers."""

    axis: Axis
    indices: tuple[str, str] = ("", "")
    label: Written | None = None


@dataclass(frozen=True)
class Equals(Written):
    """left = right; an update is an assignment, left := right."""

    left: Written
    right: Written
    update: bool = False


@dataclass(frozen=True)
class Grid(Written):
    """A matrix written out entry by entry, row by row."""

    rows: tuple[tuple[Written, ...], ...]


@dataclass(frozen=True)
class Dots(Written):
    """What is left out: ⋯ inside a long sum, ⋮ and ⋱ inside a large matrix."""

    kind: Literal["across", "down", "diagonal"] = "across"


@dataclass(frozen=True)
class Approximately(Written):
    """A number rounded to so many significant digits for the page."""

    value: float
    digits: int = 4


@dataclass(frozen=True)
class Belongs(Written):
    """name ∈ ℝ^{rows × columns}: what shape a matrix has."""

    name: Written
    shape: tuple[Written, ...]
