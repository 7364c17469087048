"""Layer and time indices that are affine in letters (l, l-1, L-k, 3), and the named axes that they number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Affine:
    """A whole number such as 2, l, l-1 or L-k: a sum of letters with whole coefficients, plus an offset.

    `terms` is sorted by letter and holds no zero coefficient, so equal indices are equal objects.
    """

    terms: tuple[tuple[str, int], ...] = ()
    offset: int = 0

    @staticmethod
    def of(index: int | str | Affine) -> Affine:
        """Turn 3, "l" or an Affine into an Affine."""
        if isinstance(index, Affine):
            return index
        if isinstance(index, int):
            return Affine(offset=index)
        return Affine(terms=((index, 1),))

    def __add__(self, other: int | Affine) -> Affine:
        other = Affine.of(other)
        total = dict(self.terms)
        for letter, coefficient in other.terms:
            total[letter] = total.get(letter, 0) + coefficient
        return Affine(tuple(sorted((k, c) for k, c in total.items() if c)), self.offset + other.offset)

    def __neg__(self) -> Affine:
        return Affine(tuple((letter, -coefficient) for letter, coefficient in self.terms), -self.offset)

    def __sub__(self, other: int | Affine) -> Affine:
        return self + -Affine.of(other)

    def at(self, numbers: Mapping[str, int]) -> Affine:
        """Put numbers in for letters: (l-1).at({"l": 3}) is 2. Letters without a number stay."""
        result = Affine(offset=self.offset)
        for letter, coefficient in self.terms:
            known = numbers.get(letter)
            result += Affine(((letter, coefficient),)) if known is None else coefficient * known
        return result

    @property
    def number(self) -> int | None:
        """The index as a plain number, or None while it has letters."""
        return None if self.terms else self.offset

    def __str__(self) -> str:
        text = ""
        for letter, coefficient in sorted(self.terms, key=lambda term: -term[1]):
            size = "" if abs(coefficient) == 1 else f"{abs(coefficient)}*"
            text += ("-" if coefficient < 0 else "+" if text else "") + size + letter
        if self.offset or not text:
            text += f"{self.offset:+d}" if text else str(self.offset)
        return text


@dataclass(frozen=True, slots=True)
class Axis:
    """A named axis: the units of a layer, or the examples of a batch.

    `copy` tells apart several indices over the same axis, as i and j in ∂A_i/∂Z_j: unit[L] and unit[L]'.
    """

    name: str
    layer: Affine | None = None
    copy: int = 0

    def at(self, numbers: Mapping[str, int]) -> Axis:
        """Put numbers in for the letters of the layer index."""
        return self if self.layer is None else replace(self, layer=self.layer.at(numbers))

    def __str__(self) -> str:
        layer = "" if self.layer is None else f"[{self.layer}]"
        return self.name + layer + "'" * self.copy


NEXT = Affine.of("t") + 1
"""The time after the step at hand."""
EXAMPLE = Axis("example")
AXIS_NAMES = ("unit", "example")


def unit(layer: int | str | Affine | None = None, copy: int = 0) -> Axis:
    """The axis of the units of a layer; without a layer, that of a rowwise formula such as softmax's."""
    return Axis("unit", None if layer is None else Affine.of(layer), copy)


def listed(axes: tuple[Axis, ...]) -> str:
    """Write axes for a message: (unit[2], example)."""
    return f"({', '.join(map(str, axes))})"
