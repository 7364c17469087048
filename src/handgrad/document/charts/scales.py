"""The axes of charts: round ticks, places between 0 and 1, and numbers as people write them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handgrad.calculus.boxes import columns

TINY, HUGE = 1e-300, 1e300
"""Numbers are drawn between these sizes, so that their differences neither vanish nor overflow."""
LEVEL = 1e-7
"""Numbers that differ by a smaller share than this are drawn as equal."""
STEPS = (10, 20, 25, 50)
"""What the ticks of an axis are apart, in tenths of a power of ten."""
WIDE = 100.0
"""Positive numbers stand on a logarithmic axis where the largest is more than so many times the smallest."""
EMPTY = 1.5
"""A logarithmic axis is at most so many times as long as what it holds."""
POWERS = 300
"""Ends of a logarithmic axis lie between 10^-POWERS and 10^POWERS."""
SIZES = tuple(int(f"{digit}{'0' * power}") for power in range(20) for digit in (1, 2, 5))
"""What whole numbers on an axis are apart."""


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high` with labelled ticks."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def place(self, value: float) -> float:
        """Where a finite number stands: 0 at `low`, 1 at `high`; what lies outside stands at the nearer end.

        >>> linear([0.0, 4.0]).place(1), logarithmic([1.0, 1e4]).place(100)
        (0.25, 0.5)
        """
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = math.log10(low), math.log10(high), math.log10(at)
        return (at - low) / (high - low) if high > low else 0.5


def tame(value: float) -> float:
    """A finite number that can be drawn: 0 for a tiny one, and no larger than HUGE."""
    return 0.0 if abs(value) < TINY else min(max(value, -HUGE), HUGE)


def finite(values: Iterable[float]) -> list[float]:
    """The numbers that can be drawn."""
    return [tame(value) for value in values if math.isfinite(value)]


def upright(values: Iterable[float]) -> Scale:
    """The axis for numbers of one sign or both: logarithmic where they are positive and far apart, else linear."""
    found = finite(values)
    far = bool(found) and min(found) > 0 and max(found) / WIDE > min(found)
    return logarithmic(found) if far else linear(found)


def linear(values: Sequence[float]) -> Scale:
    """The shortest axis with ends at round numbers, and 3 to 6 ticks, that holds the numbers.

    >>> linear([0.31, 0.693])
    Scale(low=0.3, high=0.7, ticks=((0.3, '0.3'), (0.4, '0.4'), (0.5, '0.5'), (0.6, '0.6'), (0.7, '0.7')), log=False)
    """
    low, high = min(values, default=0.0), max(values, default=1.0)
    size = max(abs(low), abs(high))
    if high - low <= LEVEL * size:  # also where both are 0
        pad = size / 10 or 1.0
        low, high = low - pad, high + pad
    power = math.floor(math.log10(high - low))
    found = []
    for exponent in (power - 2, power - 1):
        for step in STEPS:
            width = float(f"{step}e{exponent}")
            first, last = math.floor(low / width + 1e-6), math.ceil(high / width - 1e-6)
            if 2 <= last - first <= 5:
                found.append((float(f"{(last - first) * width:.9g}"), first - last, step, exponent, first))
    _, count, step, exponent, first = min(found)  # of equally long ones that with the most ticks
    ticks = [float(f"{(first + number) * step}e{exponent}") for number in range(1 - count)]
    return Scale(ticks[0], ticks[-1], tuple(zip(ticks, _labels(ticks, exponent + (step != 25)), strict=True)))


def logarithmic(values: Sequence[float]) -> Scale:
    """A logarithmic axis that holds the positive numbers, with at most 6 powers of ten as ticks.

    Its ends are ticks too or, where that would leave much of it empty, at 1, 2 or 5 times a power of ten.
    """
    bottom, top = math.log10(min(values)), math.log10(max(values))
    step = _stride(math.floor(bottom), math.ceil(top))
    first, last = math.floor(bottom / step) * step, math.ceil(top / step) * step
    if last - first > EMPTY * (top - bottom) or first < -POWERS or last > POWERS:
        low = max(end for end in _rounds(bottom) if end <= min(values))
        high = min(end for end in _rounds(top) if end >= max(values))
        # up to the ticks inside
        step = _stride(first := math.ceil(math.log10(low) - 1e-9), last := math.floor(math.log10(high) + 1e-9))
        first, last = math.ceil(first / step) * step, last // step * step
    else:
        low, high = float(f"1e{first}"), float(f"1e{last}")
    ticks = [float(f"1e{power}") for power in range(first, last + 1, step)]
    return Scale(low, high, tuple((tick, number(tick)) for tick in ticks), log=True)


def _stride(first: int, last: int) -> int:
    """The least round step between powers of which at most 6 stand from `first` to `last`, which are made multiples of it."""
    return next(step for step in SIZES if -(-last // step) - first // step <= 5)


def _rounds(power: float) -> list[float]:
    return [float(f"{digit}e{math.floor(power) + more}") for more in (-1, 0, 1) for digit in (1, 2, 5)]


def counting(first: int, last: int, most: int = 6) -> Scale:
    """An axis of whole numbers from `first` to `last` exactly, with about `most` ticks, the first number among them.

    >>> [label for _, label in counting(1, 40).ticks]
    ['1', '10', '20', '30', '40']
    """
    step = next(size for size in SIZES if (last - first) // size <= most - 1)
    ticks = list(range(first + -first % step, last + 1, step))
    if not ticks or ticks[0] - first >= step / 2:
        ticks.insert(0, first)
    return Scale(first, last, tuple((float(tick), str(tick)) for tick in ticks))


def _labels(ticks: Sequence[float], exponent: int) -> list[str]:
    """Ticks that are multiples of 10^exponent, all with the same digits."""
    size = max(map(abs, ticks))
    if exponent >= -5 and size < 1e6:
        return [f"{tick:.{max(-exponent, 0)}f}" for tick in ticks]
    digits = max(math.floor(math.log10(size)) - exponent, 0)
    return [_tidied(f"{tick:.{digits}e}") if tick else "0" for tick in ticks]


def _tidied(text: str) -> str:
    return re.sub(r"e\+?(-?)0*(?=\d)", r"e\1", text)


def number(value: float, digits: int = 3) -> str:
    """A number to so many significant digits, as briefly as it can be written.

    >>> number(0.12345), number(1e-7), number(123456.0, 4), number(float("-inf"))
    ('0.123', '1e-7', '123456', '-∞')
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    text = f"{value:.{digits}g}"
    return str(round(value)) if "e" in text and 1 <= abs(value) < 1e6 and value == round(value) else _tidied(text)


def alike(values: Sequence[float]) -> list[str]:
    """Numbers that stand under each other: with the decimals that show three digits of the largest.

    >>> alike([0.1234, -0.01, 0.0])
    ['0.123', '-0.010', '0.000']
    """
    size = max(map(abs, finite(values)), default=0.0)
    if size and not 1e-4 <= size < 1e6:
        return [number(value) for value in values]
    decimals = max(2 - math.floor(math.log10(size)), 0) if size else 0
    return [f"{value:z.{decimals}f}" if math.isfinite(value) else number(value) for value in values]


def thinned(values: Sequence[float], most: int) -> list[list[tuple[int, float]]]:
    """The runs between the gaps of a curve, as (index, value).

    Of more than `most` values, each of `most` equal stretches keeps its first, least, greatest and last (a curve's outline is
    then the same); only a stretch without a finite number is a gap.
    """
    stretches = max(min(most, len(values)), 1)
    runs: list[list[tuple[int, float]]] = [[]]
    for part in range(stretches):
        span = range(part * len(values) // stretches, (part + 1) * len(values) // stretches)
        found = [(n, tame(values[n])) for n in span if math.isfinite(values[n])]
        if found:
            kept = {found[0], found[-1], min(found, key=lambda one: one[1]), max(found, key=lambda one: one[1])}
            runs[-1] += sorted(kept)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def shortened(name: str, room: int, ellipsis: str = "…") -> str:
    """A name on one line of at most `room` columns of a terminal.

    A longer one is cut in its middle, since names often share their beginning.

    >>> shortened("mean radius of the cell", 12)
    'mean rad…ell'
    """
    name = " ".join(name.split())
    if columns(name) <= room:
        return name
    left = max(room - columns(ellipsis), 0)
    head = _fitting(name, left - left // 3)
    tail = _fitting(name[::-1], left - columns(head))[::-1] if left >= 6 else ""
    # what joins the letter before it may not stand alone
    return head + ellipsis + tail.lstrip("".join(c for c in tail if not columns(c)) or " ")


def _fitting(text: str, room: int) -> str:
    """As many characters as stand in so many columns."""
    for length, c in enumerate(text):
        room -= columns(c)
        if room < 0:
            return text[:length]
    return text
