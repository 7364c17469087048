"""What charts say: on their axes, at their marks, and to those who do not see them."""

from __future__ import annotations

import math
import re

from handgrad.document.blocks import BarChart, Chart, Curve, LineChart, PointChart
from handgrad.document.charts.scales import Scale, alike, number, tame

NOTHING = "no numbers to draw"
READ = 20
"""Bars that are read out at most."""


def axis_words(name: str, scale: Scale) -> str:
    """The name of an axis; a logarithmic one says so."""
    return f"{name} (log scale)".lstrip() if scale.log else name


def mark_words(chart: LineChart) -> str:
    """What the mark of a line chart is, with its place."""
    if not chart.mark_words:
        return f"{chart.across} {chart.mark}".lstrip()
    named = re.search(rf"(?<!\d){chart.mark}(?!\d)", chart.mark_words)
    return chart.mark_words if named else f"{chart.mark_words} ({chart.mark})"


def pairs(chart: PointChart) -> list[tuple[float, float]]:
    """The points that can be drawn."""
    return [(tame(x), tame(y)) for x, y in chart.points if math.isfinite(x) and math.isfinite(y)]


def curve_words(curve: Curve, across: str) -> str:
    """Where a curve begins and ends, and its lowest and highest value."""
    points = [(curve.first + n, value) for n, value in enumerate(curve.values) if math.isfinite(value)]
    if not points:
        return f"{curve.name}: {NOTHING}"
    told = [("from", points[0]), ("to", points[-1])]
    least, greatest = min(points, key=lambda one: one[1]), max(points, key=lambda one: one[1])
    told += [(kind, one) for kind, one in (("lowest", least), ("highest", greatest)) if one[1] not in {p[1] for _, p in told}]
    return f"{curve.name}: " + ", ".join(f"{kind} {number(value, 4)} at {across} {at}" for kind, (at, value) in told)


def described(chart: Chart) -> str:
    """What a chart shows, in a sentence or a few."""
    match chart:
        case LineChart():
            said = [
                f"Line chart of {chart.up or 'values'} by {chart.across}",
                *(curve_words(one, chart.across) for one in chart.curves),
            ]
            return ". ".join([*said, mark_words(chart)] if chart.mark is not None else said)
        case BarChart(bars, _, across):
            more = [f"and {len(bars) - READ} more"] if len(bars) > READ else []
            return ". ".join(
                [
                    f"Bar chart of {across or 'values'}",
                    "; ".join([*(f"{bar.name} {value_words(bar.value, bar.error)}" for bar in bars[:READ]), *more]),
                ]
            )
        case PointChart(_, _, across, up, diagonal):
            points = pairs(chart)
            said = [f"Scatter chart of {len(points)} points, {up or 'y'} by {across or 'x'}"]
            for name, axis in ((across or "x", 0), (up or "y", 1)) if points else ():
                values = [point[axis] for point in points]
                said.append(f"{name} from {number(min(values))} to {number(max(values))}")
            return "; ".join([*said, "with the line where both are equal"] if diagonal else said)


def value_words(value: float, error: float = 0.0) -> str:
    """A value with its error."""
    return f"{number(value)} ± {number(error, 2)}" if error > 0 else number(value)


def bar_words(chart: BarChart) -> list[tuple[str, str]]:
    """The values of bars as they stand under each other, and their errors; "" where there is none."""
    values = [bar.value for bar in chart.bars]
    errors = alike([*values, *(bar.error for bar in chart.bars)])[len(values) :]
    return [(value, error if bar.error > 0 else "") for bar, value, error in zip(chart.bars, alike(values), errors, strict=True)]
