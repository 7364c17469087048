"""Charts as SVG, drawn in the colour of the text around them; `page.css` has the curves' colours and the size of letters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from handgrad.calculus.boxes import columns
from handgrad.document.blocks import Bar, BarChart, Chart, Curve, LineChart, PointChart
from handgrad.document.charts.scales import Scale, counting, finite, linear, number, shortened, tame, thinned, upright
from handgrad.document.charts.words import NOTHING, axis_words, bar_words, described, mark_words, pairs, value_words

WIDE, SHOWN = 480, 576
"""The width in the drawing's own units, in which letters are 13 high, and in pixels where the page has room."""
LETTER = 8.0
"""Room for a letter."""
TALL = {LineChart: 190, PointChart: 260}
"""How high the inside of a chart is."""
ROW = 24
"""How high a bar's row or a line of the legend is."""
STRIPS = 120
"""Stretches of a line chart that show their numbers to a pointer."""
KINDS = 4
"""Colours and dashes of curves."""
POINTS = 2000
"""Points that are drawn one by one; more are drawn by the cells of a grid."""
GRID = 44


def to_svg(chart: Chart) -> str:
    """A chart without its caption as an <svg> element, of which a screen reader reads what it shows."""
    match chart:
        case LineChart():
            height, parts = _lines(chart)
        case BarChart():
            height, parts = _bars(chart)
        case PointChart():
            height, parts = _points(chart)
    if not parts:
        height, parts = ROW, [_text(0, 17, NOTHING)]
    said = escape(described(chart))
    start = f'<svg class="chart" role="img" aria-label="{said}" width="{SHOWN}" viewBox="0 0 {WIDE} {height:g}">'
    return "\n".join([start, *parts, "</svg>"])


def _lines(chart: LineChart) -> tuple[float, list[str]]:
    curves = [(number, curve) for number, curve in enumerate(chart.curves) if finite(curve.values)]
    if not curves:
        return 0, []
    up = upright(value for _, curve in curves for value in curve.values)
    first, last = min(curve.first for _, curve in curves), max(curve.first + len(curve.values) - 1 for _, curve in curves)
    along = counting(first, last)
    marked = chart.mark is not None and first <= chart.mark <= last
    entries = [(f"c{n % KINDS}", curve.name) for n, curve in curves] + ([("mark", mark_words(chart))] if marked else [])
    single = len(curves) == 1
    title = axis_words(chart.up or (curves[0][1].name if single else ""), up)
    legend, top = _legend(entries[1:] if single else entries, ROW if title else 0)
    frame = _Frame(along, up, top + 8, TALL[LineChart])
    parts = [*_title(title), *legend, *frame.axes(chart.across)]
    if marked and chart.mark is not None:
        x = frame.x(chart.mark)
        parts.append(f'<line class="mark" x1="{x}" y1="{frame.top}" x2="{x}" y2="{frame.top + frame.high}"/>')
    for n, curve in curves:
        for run in thinned(curve.values, WIDE // 2):
            points = [(frame.x(curve.first + at), frame.y(value)) for at, value in run]
            parts.append(_line(points, f"c{n % KINDS}"))
        at = chart.mark - curve.first if marked and chart.mark is not None else -1
        if 0 <= at < len(curve.values) and math.isfinite(curve.values[at]):
            parts.append(_dot(frame.x(at + curve.first), frame.y(curve.values[at]), f"c{n % KINDS}", 3.5))
    parts += _strips(frame, [curve for _, curve in curves], chart.across, first, last)
    return frame.bottom(chart.across), parts


def _strips(frame: _Frame, curves: Sequence[Curve], across: str, first: int, last: int) -> Iterator[str]:
    """Invisible stretches over a line chart, with the numbers in the middle of each."""
    count = min(last - first + 1, STRIPS)
    width = frame.wide / max(count - 1, 1)
    for strip in range(count):
        at = first + round(strip * (last - first) / max(count - 1, 1))
        told = [f"{across} {at}".lstrip()]
        told += [f"{one.name}: {number(one.values[at - one.first], 4)}" for one in curves if 0 <= at - one.first < len(one.values)]
        x, right = (min(max(frame.x(at) + half, frame.left), frame.left + frame.wide) for half in (-width / 2, width / 2))
        yield (
            f'<rect class="strip" x="{x:.2f}" y="{frame.top}" width="{right - x:.2f}" height="{frame.high}">'
            f"<title>{escape(chr(10).join(told))}</title></rect>"
        )


def _points(chart: PointChart) -> tuple[float, list[str]]:
    points = pairs(chart)
    if not points:
        return 0, []
    xs, ys = [x for x, _ in points], [y for _, y in points]
    along, up = (linear(xs + ys),) * 2 if chart.diagonal else (linear(xs), linear(ys))
    frame = _Frame(along, up, (ROW if chart.up else 0) + 8, TALL[PointChart])
    parts = [*_title(chart.up), *frame.axes(chart.across)]
    if chart.diagonal:
        bottom, right = frame.top + frame.high, frame.left + frame.wide
        parts.append(f'<line class="mark" x1="{frame.left}" y1="{bottom}" x2="{right}" y2="{frame.top}"/>')
    if len(points) <= POINTS:
        for x, y in points:
            parts.append(_dot(frame.x(x), frame.y(y), "c0", 2.5, opacity=0.55, title=f"{number(x, 4)}, {number(y, 4)}"))
    else:
        parts += _cells(frame, points)
    return frame.bottom(chart.across), parts


def _cells(frame: _Frame, points: Iterable[tuple[float, float]]) -> Iterator[str]:
    """Many points by the cells of a grid: a dot in the mean of each cell's points, the darker the more they are."""
    cells: dict[tuple[float, ...], list[tuple[float, float]]] = {}
    placed = [(frame.x(x), frame.y(y)) for x, y in points]
    least, most = ([end(axis) for axis in zip(*placed, strict=True)] for end in (min, max))
    for point in placed:
        shares = ((at - low) / ((high - low) or 1.0) for at, low, high in zip(point, least, most, strict=True))
        cells.setdefault(tuple(min(int(share * GRID), GRID - 1) for share in shares), []).append(point)
    fullest = math.log(max(map(len, cells.values())) + 1)
    for _, inside in sorted(cells.items()):
        x, y = (sum(point[axis] for point in inside) / len(inside) for axis in (0, 1))
        share = math.log(len(inside) + 1) / fullest
        told = f"{len(inside)} points" if len(inside) > 1 else "1 point"
        yield _dot(x, y, "c0", 1.5 + 1.5 * share, opacity=0.25 + 0.7 * share, title=told)


def _bars(chart: BarChart) -> tuple[float, list[str]]:
    if not chart.bars:
        return 0, []
    count = len(chart.bars)
    values = [f"{value} ± {error}" if error else value for value, error in bar_words(chart)]
    names = [shortened(bar.name, 20) for bar in chart.bars]
    left, right = max(map(columns, names)) * LETTER + 12, WIDE - max(map(len, values)) * LETTER - 12
    ends = [end for bar in chart.bars for end in _ends(bar)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    scale = Scale(low, high if high > low else 1.0, ())

    def x(value: float) -> float:
        return round(left + scale.place(value) * (right - left), 2)

    parts, top = list(_title(chart.across)), ROW if chart.across else 0
    for place, (bar, name, value) in enumerate(zip(chart.bars, names, values, strict=True)):
        y = top + place * ROW
        parts.append(f"<g><title>{escape(f'{bar.name}: {value_words(bar.value, bar.error)}')}</title>")
        parts.append(f'<rect class="strip" x="0" y="{y}" width="{WIDE}" height="{ROW}"/>')
        parts += [_text(0, y + 17, name), _text(WIDE, y + 17, value, "end")]
        if not math.isnan(bar.value) and bar.value:
            start, end = sorted((x(0.0), x(bar.value)))
            kind = "c0" if bar.value > 0 else "c1"
            parts.append(
                f'<rect class="bar {kind}" x="{start}" y="{y + 5}" width="{max(end - start, 0.75):.2f}" height="{ROW - 10}"/>'
            )
        if bar.error > 0 and math.isfinite(bar.value):
            _, start, end = map(x, _ends(bar))
            parts.append(f'<path class="error" d="M{start} {y + 12}H{end}M{start} {y + 9}v6M{end} {y + 9}v6"/>')
        parts.append("</g>")
    parts.append(f'<line class="axis" x1="{x(0.0)}" y1="{top}" x2="{x(0.0)}" y2="{top + count * ROW}"/>')
    return top + count * ROW + 2, parts


def _ends(bar: Bar) -> list[float]:
    """A finite value, and the ends of its error."""
    error = bar.error if bar.error > 0 and math.isfinite(bar.error) else 0.0
    return [tame(end) for end in (bar.value, bar.value - error, bar.value + error)] if math.isfinite(bar.value) else []


class _Frame:
    """The inside of a chart, and the axes around it."""

    def __init__(self, across: Scale, up: Scale, top: float, high: float) -> None:
        self.across, self.up, self.top, self.high = across, up, top, high
        self.left = max(columns(label) for _, label in up.ticks) * LETTER + 8
        self.wide = WIDE - self.left - max(len(across.ticks[-1][1]) * LETTER / 2, 6)

    def x(self, value: float) -> float:
        return round(self.left + self.across.place(value) * self.wide, 1)

    def y(self, value: float) -> float:
        return round(self.top + (1 - self.up.place(value)) * self.high, 1)

    def bottom(self, name: str) -> float:
        """How high the chart is with the labels and the name below it."""
        return self.top + self.high + (44 if name else 24)

    def axes(self, name: str) -> Iterator[str]:
        right, bottom = self.left + self.wide, self.top + self.high
        for tick, label in self.up.ticks:
            y = self.y(tick)
            yield f'<line class="grid" x1="{self.left}" y1="{y}" x2="{right}" y2="{y}"/>'
            yield _text(self.left - 7, y + 4.5, label, "end")
        yield f'<path class="axis" d="M{self.left} {self.top}V{bottom}H{right}"/>'
        for tick, label in self.across.ticks:
            x = self.x(tick)
            yield f'<line class="axis" x1="{x}" y1="{bottom}" x2="{x}" y2="{bottom + 4}"/>'
            yield _text(x, bottom + 18, label, "middle")
        if name:
            yield _text(self.left + self.wide / 2, bottom + 38, shortened(name, int(self.wide / LETTER)), "middle")


def _title(words: str) -> Iterator[str]:
    if words:
        yield _text(0, 14, shortened(words, int(WIDE / LETTER)))


def _legend(entries: Iterable[tuple[str, str]], top: float) -> tuple[list[str], float]:
    """Samples of curves with their names, in as many lines as they need, and where they end."""
    parts: list[str] = []
    x = y = 0.0
    for kind, name in entries:
        text = shortened(name, int(WIDE / LETTER) - 5)
        width = 32 + columns(text) * LETTER
        if x and x + width > WIDE:
            x, y = 0.0, y + ROW
        level = top + y + 10
        ends = [(x + 12, level - 8), (x + 12, level + 8)] if kind == "mark" else [(x, level), (x + 24, level)]
        parts += [_line(ends, kind), _text(x + 30, level + 4.5, text)]
        x += width + 16
    return parts, top + (y + ROW if parts else 0.0)


def _line(points: Sequence[tuple[float, float]], kind: str) -> str:
    if len(points) == 1:
        return _dot(*points[0], kind, 2.5)
    return f'<polyline class="curve {kind}" points="{" ".join(f"{x:g},{y:g}" for x, y in points)}"/>'


def _dot(x: float, y: float, kind: str, radius: float, *, opacity: float = 1.0, title: str = "") -> str:
    faint = f' opacity="{opacity:.2f}"' if opacity < 1 else ""
    told = f"<title>{escape(title)}</title>" if title else ""
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"{faint}>{told}</circle>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'
