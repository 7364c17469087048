"""Charts in characters: for terminals, for Markdown and, in ASCII, for LaTeX."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from handgrad.calculus.boxes import columns
from handgrad.document.blocks import BarChart, Chart, LineChart, PointChart
from handgrad.document.charts.canvas import COLOURS, Canvas
from handgrad.document.charts.scales import Scale, counting, finite, linear, shortened, thinned, upright
from handgrad.document.charts.words import NOTHING, axis_words, bar_words, mark_words, pairs
from handgrad.document.parts import Pieces

WIDEST = 72
"""Columns of a chart at most: a curve that is stretched further is no clearer."""
NARROWEST = 18
CURVES, POINTS = 10, 15
"""About how many rows a line chart and a point chart are high."""
EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True)
class Signs:
    """The characters that charts are framed with."""

    up: str = "│"
    tick: str = "┤"
    corner: str = "└"
    along: str = "─"
    below: str = "┬"
    mark: str = "▲"
    marked: str = "┊"
    diagonal: str = "·"
    error: str = "±"
    ellipsis: str = "…"
    infinite: str = "∞"


UNICODE = Signs()
ASCII = Signs("|", "+", "+", "-", "+", "^", ":", "/", "+-", "...", "inf")


def drawn(chart: Chart, width: int, *, ascii_only: bool = False) -> Iterator[Pieces]:
    """A chart without its caption in lines of at most `width` columns, and at least 18."""
    signs, width = ASCII if ascii_only else UNICODE, max(min(width, WIDEST), NARROWEST)
    match chart:
        case LineChart():
            return _lines(chart, width, signs)
        case BarChart():
            return _bars(chart, width, signs)
        case PointChart():
            return _points(chart, width, signs)


def as_text(chart: Chart, width: int = WIDEST, *, ascii_only: bool = False) -> str:
    """A chart without its caption as plain text."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in drawn(chart, width, ascii_only=ascii_only))


def _lines(chart: LineChart, width: int, signs: Signs) -> Iterator[Pieces]:
    curves = [(number, curve) for number, curve in enumerate(chart.curves) if finite(curve.values)]
    if not curves:
        yield [(NOTHING, "dim")]
        return
    up = upright(value for _, curve in curves for value in curve.values)
    along = counting(
        min(curve.first for _, curve in curves), max(curve.first + len(curve.values) - 1 for _, curve in curves), width // 10
    )
    canvas = Canvas(width - _margin(up), _height(up, CURVES), ascii_only=signs is ASCII)
    for number, curve in curves:
        for run in thinned(curve.values, canvas.wide * canvas.across):
            canvas.line([(along.place(curve.first + n), up.place(value)) for n, value in run], number)
    name = axis_words(chart.up or (curves[0][1].name if len(curves) == 1 else ""), up)
    yield from _header(name, width, signs)
    if len(curves) > 1:
        entries = (
            [canvas.sample(number), (f" {shortened(curve.name, width - 5, signs.ellipsis)}", "")] for number, curve in curves
        )
        yield from _legend(entries, width)
    marked = canvas.column(along.place(chart.mark)) if chart.mark is not None and along.low <= chart.mark <= along.high else None
    under = {} if marked is None else {(marked, row): signs.marked for row in range(canvas.high)}
    yield from _framed(canvas, along, up, under, signs, marked=marked)
    yield from _footer(chart.across, f"{signs.mark} {mark_words(chart)}" if marked is not None else "", width, signs)


def _points(chart: PointChart, width: int, signs: Signs) -> Iterator[Pieces]:
    points = pairs(chart)
    if not points:
        yield [(NOTHING, "dim")]
        return
    xs, ys = [x for x, _ in points], [y for _, y in points]
    along, up = (linear(xs + ys),) * 2 if chart.diagonal else (linear(xs), linear(ys))
    canvas = Canvas(min(width, 60) - _margin(up), _height(up, POINTS), ascii_only=signs is ASCII)
    for x, y in points:
        canvas.dot(*canvas.at(along.place(x), up.place(y)))
    ends = canvas.wide - 1
    under = {(n, canvas.row(n / ends)): signs.diagonal for n in range(canvas.wide)} if chart.diagonal else {}
    yield from _header(axis_words(chart.up, up), width, signs)
    yield from _framed(canvas, along, up, under, signs, counted=True)
    equal = f"{signs.diagonal * 3} where both are equal" if chart.diagonal else ""
    yield from _footer(chart.across, equal, width, signs)


def _height(up: Scale, rows: int) -> int:
    """About so many rows, with every tick in the middle of one where the ticks divide the axis evenly."""
    count = len(up.ticks) - 1
    even = (up.ticks[0][0], up.ticks[-1][0]) == (up.low, up.high)
    return max(round((rows - 1) / count), 1) * count + 1 if even else rows


def _margin(up: Scale) -> int:
    """The columns left of a chart: its axis and labels."""
    return max(columns(label) for _, label in up.ticks) + 2


def _framed(
    canvas: Canvas,
    along: Scale,
    up: Scale,
    under: dict[tuple[int, int], str],
    signs: Signs,
    *,
    marked: int | None = None,
    counted: bool = False,
) -> Iterator[Pieces]:
    """What is drawn, with its axes; `under` are characters by column and row that stand where nothing is drawn."""
    margin = _margin(up)
    labels = {canvas.row(up.place(tick)): label for tick, label in up.ticks}
    for row in range(canvas.high):
        label = labels.get(row, "")
        axis = f"{label:>{margin - 2}} {signs.tick if label else signs.up}"
        here = {column: sign for (column, level), sign in under.items() if level == row}
        yield [(axis, "dim"), *canvas.pieces(row, here, counted=counted)]
    axis_row, names = [signs.along] * canvas.wide, [" "] * (margin + canvas.wide)
    free = 0
    for tick, label in along.ticks:
        column = canvas.column(along.place(tick))
        start = min(max(margin + column - len(label) // 2, 0), len(names) - len(label))
        if start >= free:
            axis_row[column] = signs.below
            names[start : start + len(label)] = label
            free = start + len(label) + 1
    if marked is not None:
        axis_row[marked] = signs.mark
    yield [(" " * (margin - 1) + signs.corner + "".join(axis_row), "dim")]
    yield [("".join(names), "dim")]


def _header(name: str, width: int, signs: Signs) -> Iterator[Pieces]:
    if name:
        yield [(shortened(name, width, signs.ellipsis), "dim")]


def _footer(across: str, remark: str, width: int, signs: Signs) -> Iterator[Pieces]:
    """The name of the axis below and, at its right or on a line of its own, a remark."""
    name, remark = (shortened(text, width, signs.ellipsis) for text in (across, remark))
    gap = width - columns(name) - columns(remark)
    if gap >= 3 and name and remark:
        yield [(name, "dim"), (" " * 3, ""), (remark, "")]
    else:
        yield from ([(text, style)] for text, style in ((name, "dim"), (remark, "")) if text)


def _legend(entries: Iterable[Pieces], width: int) -> Iterator[Pieces]:
    """Entries beside each other, in as many lines as they need."""
    line: Pieces = []
    used = 0
    for entry in entries:
        size = sum(columns(text) for text, _ in entry)
        if line and used + 3 + size > width:
            yield line
            line, used = [], 0
        line += [("   ", ""), *entry] if line else entry
        used += size + (3 if used else 0)
    yield line


def _bars(chart: BarChart, width: int, signs: Signs) -> Iterator[Pieces]:
    if not chart.bars:
        yield [(NOTHING, "dim")]
        return
    yield from _header(chart.across, width, signs)
    texts = [(value.replace("∞", signs.infinite), error.replace("∞", signs.infinite)) for value, error in bar_words(chart)]
    wide = max(len(value) for value, _ in texts)
    told = [f"{value:>{wide}}" + (f" {signs.error}{error}" if error else "") for value, error in texts]
    if max(map(len, told)) + 12 > width:  # no room for the errors
        told = [text[:wide] for text in told]
    wide = max(map(len, told))
    names = [shortened(bar.name, max(min(width // 3, width - wide - 8), 3), signs.ellipsis) for bar in chart.bars]
    room = max(map(columns, names))
    bar_room = max(width - room - wide - 4, 0)
    drawable = finite(bar.value for bar in chart.bars)
    low, high = min([0.0, *drawable]), max([0.0, *drawable])
    left = round(bar_room * (-low / 2) / ((high / 2 - low / 2) or 1))
    below, above = any(bar.value < 0 for bar in chart.bars), any(bar.value > 0 for bar in chart.bars)  # the tiniest is seen, too
    left = max(min(max(left, int(below)), bar_room - int(above)), 0)
    unit = max(high / max(bar_room - left, 1), -low / max(left, 1)) or 1.0
    for bar, name, text in zip(chart.bars, names, told, strict=True):
        padded = f"{name}{' ' * (room - columns(name))}  {text:<{wide}}"
        yield [(f"{padded}  ", ""), *_bar(bar.value, unit, left, bar_room, signs)] if bar_room else [(padded, "")]


def _bar(value: float, unit: float, left: int, room: int, signs: Signs) -> Pieces:
    """A bar from 0, which is `left` characters from the left; a value that is not 0 is seen."""
    most = room - left if value > 0 else left
    if math.isnan(value) or value == 0 or most < 1:  # what is too small, or infinite, has no room where no other is on its side
        return []
    size = min(abs(value) / unit, most)
    if signs is ASCII:
        full = "#" * max(round(size), 1)
        return [(" " * left + full, "") if value > 0 else (" " * (left - len(full)) + full, "")]
    if value > 0:
        eighths = max(round(size * 8), 1)
        return [(" " * left, ""), ("█" * (eighths // 8) + EIGHTHS[eighths % 8].strip(), COLOURS[0])]
    halves = max(round(size * 2), 1)
    text = ("▐" if halves % 2 else "") + "█" * (halves // 2)
    return [(" " * (left - len(text)), ""), (text, COLOURS[1])]
