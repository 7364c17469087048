"""What records share: intervals of numbers, and a name with parameters, their limits and formulas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import Expression, meant
from handgrad.calculus.functions import Array
from handgrad.calculus.indices import Axis
from handgrad.calculus.parser import parse
from handgrad.calculus.rewriting import substitute
from handgrad.errors import CatalogueError

SCALAR = ("z", "a", "y")


@dataclass(frozen=True)
class Interval:
    """The numbers from low to high; each end belongs to it where it is closed."""

    low: float
    high: float
    low_closed: bool = False
    high_closed: bool = False

    def __contains__(self, other: Interval) -> bool:
        low = other.low > self.low or (other.low == self.low and self.low_closed >= other.low_closed)
        return low and (other.high < self.high or (other.high == self.high and self.high_closed >= other.high_closed))

    def holds(self, values: Array) -> Array:
        """Tell for each value whether it lies in the interval."""
        low = values >= self.low if self.low_closed else values > self.low
        return np.asarray(low & (values <= self.high if self.high_closed else values < self.high))

    def __str__(self) -> str:
        ends = ("−∞" if self.low == -np.inf else f"{self.low:g}", "∞" if self.high == np.inf else f"{self.high:g}")
        return f"{'[' if self.low_closed else '('}{ends[0]}, {ends[1]}{']' if self.high_closed else ')'}"


REAL = Interval(-np.inf, np.inf)
POSITIVE = Interval(0, np.inf)
NOT_NEGATIVE = Interval(0, np.inf, low_closed=True)
OPEN_UNIT = Interval(0, 1)
CLOSED_UNIT = Interval(0, 1, low_closed=True, high_closed=True)


@dataclass(frozen=True)
class Record:
    """What all records share: a name, parameters with their values and limits, formulas, and where they come from.

    `own` says that a user added it: it is written into model files, and its parameters are named in every call.
    """

    name: str
    parameters: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    limits: Mapping[str, Interval] = field(default_factory=dict, kw_only=True)
    kinks: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    source: str = field(default="", kw_only=True)
    own: bool = field(default=False, kw_only=True)

    def with_parameters(self, given: Mapping[str, float]) -> Self:
        """The same record with other parameters, as in huber(delta=2)."""
        unknown = [name for name in given if name not in self.parameters]
        if unknown:
            takes = f"has the parameters {', '.join(self.parameters)}" if self.parameters else "has no parameters"
            raise CatalogueError(f"{self.name} {takes}, but {unknown[0]!r} was given")
        bad = [name for name, value in given.items() if not np.isfinite(value)]
        if bad:
            raise CatalogueError(f"{self.name} needs a finite {bad[0]}, but {given[bad[0]]} was given")
        for key, value in given.items():
            if key in self.limits and not self.limits[key].holds(np.asarray(value)):
                raise CatalogueError(f"{self.name} needs a {key} in {self.limits[key]}, but {value:g} was given")
        return replace(self, parameters={**self.parameters, **given})

    @property
    def changed(self) -> dict[str, float]:
        """Those parameters that are not the usual ones."""
        usual = type(self).usual(self.name)
        return {k: v for k, v in self.parameters.items() if usual is None or usual.parameters.get(k) != v}

    @property
    def spelling(self) -> str:
        """The name with those parameters that are not the usual ones: huber(delta=2)."""
        given = ", ".join(f"{self.called(key)}={number(value)}" for key, value in self.changed.items())
        return f"{self.name}({given})" if given else self.name

    def called(self, parameter: str) -> str:
        """What a spelling calls a parameter."""
        return parameter

    @property
    def words(self) -> str:
        """The spelling in a sentence: squared error."""
        return self.spelling.replace("_", " ")

    @classmethod
    def usual(cls, name: str) -> Self | None:
        """The record of this name with its usual parameters, from the catalogue."""
        raise NotImplementedError

    def read(self, text: str, axes: Mapping[str, tuple[Axis, ...]] | None = None) -> Expression:
        """Read one of the record's formulas; its parameters stay symbols."""
        return parse(text, {**(axes or dict.fromkeys(SCALAR, ())), **dict.fromkeys(self.parameters, ())})

    def meant(self, text: str, axes: Mapping[str, tuple[Axis, ...]] | None = None) -> Expression:
        """Read one of the record's formulas, with its parameters put in as numbers."""
        return substitute(self.read(text, axes), {name: number(value) for name, value in self.parameters.items()})

    def number(self, text: str | float) -> float:
        """A constant of the record, which may depend on its parameters."""
        return float(evaluate(self.meant(str(text)), {}))

    @cached_property
    def jumps(self) -> dict[float, float]:
        """Those of the kinks where the slope itself jumps."""
        return self.kink_points

    @cached_property
    def kink_points(self) -> dict[float, float]:
        """Where the slope jumps, and the value taken there."""
        return {self.number(point): self.number(value) for point, value in self.kinks.items()}

    def __hash__(self) -> int:
        return hash(self.name)


def number(value: float) -> Expression:
    """A parameter as an expression: 1.0 as 1, so that formulas read well."""
    return meant(int(value) if float(value).is_integer() and abs(value) < 1e15 else float(value))
