"""Charts: every number that is drawn stands where its axis says, in every format, whatever the numbers and names are."""

import io
import math
import re
import shutil
import subprocess
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from handgrad.calculus.boxes import columns
from handgrad.calculus.notation import Notation
from handgrad.document.blocks import Bar, BarChart, Curve, Document, LineChart, PointChart
from handgrad.document.charts.canvas import DOTS, Canvas
from handgrad.document.charts.drawn import as_text, drawn
from handgrad.document.charts.scales import alike, counting, linear, logarithmic, number, shortened, thinned, upright
from handgrad.document.charts.svg import POINTS, WIDE, to_svg
from handgrad.document.charts.words import described
from handgrad.document.formats import write
from handgrad.document.terminal import print_to, to_text

NUMBERS = st.floats() | st.sampled_from([0.0, -0.0, 1e-300, 1e300, -1e300, 5e-324, 1.7e308, math.nan, math.inf, -math.inf, 1.0])
POSITIVE = st.floats(1e-300, 1e300)
NAMES = st.text(max_size=60) | st.sampled_from(
    ["日本語の名前" * 9, "e\u0301" * 40, "<b>&\"'`|$\\_{}%", "", "a" * 300, "x\ty\nz", "\x1b[31m"]
)


def charts(names):
    curves = st.builds(Curve, names, st.lists(NUMBERS, max_size=40).map(tuple), st.integers(0, 10**6))
    bars = st.builds(Bar, names, NUMBERS, NUMBERS)
    points = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=40).map(tuple)
    mark = st.none() | st.integers(-3, 10**6)
    return st.one_of(
        st.builds(LineChart, st.lists(curves, max_size=5).map(tuple), st.just(("c",)), names, names, mark, names),
        st.builds(BarChart, st.lists(bars, max_size=12).map(tuple), st.just(()), names),
        st.builds(PointChart, points, st.just(()), names, names, st.booleans()),
    )


CHARTS = charts(NAMES)
LOSSES = tuple(0.1 + 0.6 * 0.9**n for n in range(60))
LEARNING = LineChart(
    (Curve("training", LOSSES), Curve("validation", tuple(x + 0.1 for x in LOSSES))), ("c",), "epoch", "loss", 42, "best epoch"
)
COLUMNS = BarChart(
    (Bar("age", 0.05, 0.01), Bar("capital & gain", 0.1), Bar("fnlwgt", -0.02, 0.005)), ("How much",), "drop in accuracy"
)
PREDICTED = PointChart(((0.0, 0.0), (1.0, 1.0), (4.0, 2.0)), (), "true", "predicted", diagonal=True)
EXAMPLES = {"lines": LEARNING, "bars": COLUMNS, "points": PREDICTED}


def document(*charts):
    return Document(("T",), charts, Notation())


def svg(chart):
    return ET.fromstring(to_svg(chart))


def of_class(tree, name):
    return [element for element in tree.iter() if name in element.get("class", "").split()]


# --- axes


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=9))
@example([0.0])
@example([1e300, -1e300])
@example([1e-300, 1.1e-300])
@example([1.0, math.nextafter(1.0, 2.0)])
@example([0.1 + 0.2, 0.3])
def test_a_linear_axis_holds_its_numbers_between_round_ticks(values):
    scale = upright(values) if min(values) <= 0 else linear(values)
    ticks = [tick for tick, _ in scale.ticks]
    assert 3 <= len(ticks) <= 6
    assert ticks == sorted(set(ticks))
    assert (ticks[0], ticks[-1]) == (scale.low, scale.high)
    slack = 1e-5 * (scale.high - scale.low)
    assert all(abs(value) < 1e-300 or scale.low - slack <= value <= scale.high + slack for value in values)
    size = max(map(abs, ticks))
    for tick, label in scale.ticks:
        assert float(label) == pytest.approx(tick, rel=1e-6, abs=1e-9 * size)
        assert len(re.sub(r"e.*|\D", "", label).strip("0")) <= 9
    assert len({label for _, label in scale.ticks}) == len(ticks)


@given(POSITIVE, POSITIVE)
def test_a_logarithmic_axis_holds_its_numbers_with_powers_of_ten_as_ticks(one, other):
    least, greatest = min(one, other), max(one, other)
    scale = upright([one, other])
    assert scale.log == (greatest / least > 100)
    if scale.log:
        assert scale.low <= least
        assert greatest <= scale.high
        assert 2 <= len(scale.ticks) <= 6
        low, high, least, greatest = map(math.log10, (scale.low, scale.high, least, greatest))
        assert high - low <= max(1.5 * (greatest - least), greatest - least + 0.81)
        for tick, label in scale.ticks:
            assert float(label) == tick
            assert re.fullmatch(r"10*|0\.0*1|1e-?\d+", label)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_counting_axis_has_whole_ticks_from_its_first_number(first, more):
    scale = counting(first, first + more)
    ticks = [tick for tick, _ in scale.ticks]
    assert 1 <= len(ticks) <= 7
    assert ticks == sorted(set(ticks))
    assert all(first <= tick <= first + more and label == str(int(tick)) for tick, label in scale.ticks)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=9))
def test_places_keep_the_order_of_numbers(values):
    scale = linear(values)
    places = [scale.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert 0 <= places[0] <= places[-1] <= 1
    assert (scale.place(scale.low), scale.place(scale.high)) == (0, 1)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.31, 0.693], ["0.3", "0.4", "0.5", "0.6", "0.7"]),
        ([0, 1], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([3.0], ["2.6", "2.8", "3.0", "3.2", "3.4"]),
        ([1200000, 2900000], ["1.0e6", "1.5e6", "2.0e6", "2.5e6", "3.0e6"]),
        ([-2e-9, 1e-9], ["-2e-9", "-1e-9", "0", "1e-9"]),
    ],
)
def test_ticks(values, labels):
    assert [label for _, label in linear(values).ticks] == labels


def test_ticks_of_logarithms():
    assert [label for _, label in logarithmic([0.002, 150]).ticks] == ["0.01", "0.1", "1", "10", "100"]
    assert [label for _, label in logarithmic([0.9, 99]).ticks] == ["0.1", "1", "10", "100"]
    assert [label for _, label in logarithmic([1e-300, 1e300]).ticks] == ["1e-200", "1", "1e200"]


@given(st.lists(NUMBERS, min_size=1, max_size=6))
def test_numbers_under_each_other_are_what_they_are(values):
    size = max((abs(value) for value in values if math.isfinite(value)), default=0)
    for value, text in zip(values, alike(values), strict=True):
        if math.isfinite(value) and abs(value) < 1e308 and (value == 0 or abs(value) >= 1e-300):
            assert float(text) == pytest.approx(value, rel=0.006, abs=size / 150)
        elif not math.isfinite(value):
            assert text == number(value)


@given(st.lists(NUMBERS, max_size=300), st.integers(1, 50))
def test_a_thinned_curve_keeps_its_outline(values, most):
    runs = thinned(values, most)
    points = [point for run in runs for point in run]
    finite = [value for value in values if math.isfinite(value)]
    assert len(points) <= 4 * most
    assert points == sorted(points)
    assert bool(points) == bool(finite)
    if finite and max(map(abs, finite)) < 1e300:
        drawn_values = [value for _, value in points]
        for pick in (min, max):
            assert pick(drawn_values) == pytest.approx(pick(finite), abs=1e-300)
    if len(values) <= most:
        assert [n for n, _ in points] == [n for n, value in enumerate(values) if math.isfinite(value)]
        assert all(b - a == 1 for run in runs for (a, _), (b, _) in pairwise(run))


@given(NAMES, st.integers(1, 40))
def test_a_name_is_cut_to_its_room(name, room):
    short = shortened(name, room)
    whole = " ".join(name.split())
    assert columns(short) <= room
    if columns(whole) <= room:
        assert short == whole
    elif "…" not in whole:
        head, tail = short.split("…")
        assert whole.startswith(head)
        assert whole.endswith(tail)


# --- in characters


@given(CHARTS, st.integers(20, 130))
@settings(max_examples=150, deadline=None)
@example(BarChart((Bar("", 5e-324), Bar("", -1.0))), 20)
def test_every_chart_fits_every_terminal(chart, width):
    for line in to_text(document(chart), width).splitlines():
        assert columns(line) <= width
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", line)


@given(charts(st.text(st.characters(max_codepoint=126, exclude_categories=["C"]), max_size=90)))
@settings(max_examples=60, deadline=None)
def test_the_ascii_form_is_ascii(chart):
    assert as_text(chart, ascii_only=True).isascii()


def dots_of(chart, width=80):
    """The rows of braille inside a chart, from the top."""
    return [line.split("┤")[-1].split("│")[-1] for line in as_text(chart, width).splitlines() if re.search("[┤│]", line)]


def test_a_line_chart_as_it_stands():
    chart = LineChart((Curve("loss", (4.0, 3.0, 2.0, 1.0, 0.0)),), (), "epoch", "loss", 3, "best")
    assert (
        "\n" + as_text(chart, 30)
        == """
loss
4 ┤⠠⣀           ┊
  │  ⠉⠢⢄        ┊
3 ┤     ⠉⠒⢄⡀    ┊
  │        ⠈⠑⠤⡀ ┊
2 ┤           ⠈⠑⠢⣀
  │             ┊ ⠉⠢⢄
1 ┤             ┊    ⠉⠒⢄⡀
  │             ┊       ⠈⠑⠤⡀
0 ┤             ┊          ⠈⠑⠢
  └┬─────┬──────▲──────┬──────
   1     2             4
epoch   ▲ best (3)"""
    )


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_the_highest_and_the_lowest_value_are_in_the_rows_that_the_axis_says(values):
    chart = LineChart((Curve("x", tuple(values)),))
    rows, scale = dots_of(chart), upright(values)
    filled = [n for n, row in enumerate(rows) if re.search("[\u2801-\u28ff]", row)]
    for row, value in ((filled[0], max(values)), (filled[-1], min(values))):
        assert abs(row - (1 - scale.place(value)) * (len(rows) - 1)) <= 0.76


def test_ticks_stand_in_the_row_of_their_number():
    scale = upright(LOSSES)
    lines = as_text(LineChart((Curve("x", LOSSES),))).splitlines()[1:]
    labelled = {float(line.split("┤")[0]): n for n, line in enumerate(lines) if "┤" in line}
    rows = sum(bool(re.search("[┤│]", line)) for line in lines)
    assert labelled == {tick: round((1 - scale.place(tick)) * (rows - 1), 6) for tick, _ in scale.ticks}


def test_the_best_epoch_is_marked_in_its_column():
    lines = as_text(LEARNING, 70).splitlines()
    assert lines[0] == "loss"
    assert "training" in lines[1]
    assert "validation" in lines[1]
    assert lines[-1] == "epoch   ▲ best epoch (42)"
    axis = next(line for line in lines if "└" in line)
    inside = axis[axis.index("└") + 1 :]
    assert inside.index("▲") == round(41 / 59 * (len(inside) - 1))
    assert any(line[axis.index("▲")] == "┊" for line in lines if len(line) > axis.index("▲"))
    assert len(lines) <= 16
    assert max(map(columns, lines)) <= 72


@pytest.mark.parametrize("mark", [None, 0, 61])
def test_a_mark_outside_is_not_drawn(mark):
    assert not re.search("[▲┊]", as_text(LineChart((Curve("x", LOSSES),), mark=mark)))
    assert not of_class(svg(LineChart((Curve("x", LOSSES),), mark=mark)), "mark")


def test_curves_differ_without_colour():
    flat = [(0.0, 0.5), (1.0, 0.5)]
    shown = set()
    for curve in range(4):
        canvas = Canvas(20, 1)
        canvas.line(flat, curve)
        shown.add("".join(text for text, _ in canvas.pieces(0)))
    assert len(shown) == 4
    assert len({style for line in drawn(LEARNING, 80) for text, style in line if re.search("[\u2801-\u28ff]", text)}) == 2


def test_a_line_crosses_every_column_between_its_ends():
    canvas = Canvas(30, 8)
    canvas.line([(0.0, 0.0), (1.0, 1.0)])
    assert {column for column, _ in canvas.cells} == set(range(30))
    assert {row for _, row in canvas.cells} == set(range(8))
    assert sum(bit for row in DOTS for bit in row) == 255


def test_a_gap_is_not_bridged():
    values = (1.0, 2.0, math.nan, math.inf, 1.0, 2.0)
    assert len(thinned(values, 100)) == 2
    assert len(of_class(svg(LineChart((Curve("x", values),))), "curve")) == 2
    row = "".join(text for line in drawn(LineChart((Curve("x", (1.0, 1.0, math.nan, 1.0, 1.0)),)), 62) for text, _ in line)
    assert re.search(r"[\u2801-\u28ff]+ {20,}[\u2801-\u28ff]+", row)


def test_a_logarithmic_axis_says_so():
    assert as_text(LineChart((Curve("x", (1.0, 1e-3)),), up="loss")).splitlines()[0] == "loss (log scale)"
    assert as_text(LineChart((Curve("x", (1.0, 1e-3)), Curve("y", (1.0,))))).splitlines()[0] == "(log scale)"
    assert "log scale" not in as_text(LineChart((Curve("x", (1.0, -1e-3)),), up="loss"))


@pytest.mark.parametrize(
    "chart",
    [
        LineChart(()),
        LineChart((Curve("x", ()), Curve("y", (math.nan,)))),
        BarChart(()),
        PointChart(()),
        PointChart(((math.inf, 1.0),)),
    ],
)
def test_nothing_to_draw_is_said(chart):
    assert as_text(chart) == "no numbers to draw"
    assert "".join(svg(chart).itertext()).strip() == "no numbers to draw"


def lengths(chart, width=60):
    """How long the bars are, in characters."""
    return [len(re.sub("[^█▏▎▍▌▋▊▉▐]", "", line)) for line in as_text(chart, width).splitlines()]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=10))
@settings(max_examples=60, deadline=None)
def test_bars_are_as_long_as_their_values(values):
    found = lengths(BarChart(tuple(Bar(f"b{n}", value) for n, value in enumerate(values))))
    order = sorted(range(len(values)), key=lambda n: abs(values[n]))
    assert all(found[a] <= found[b] for a, b in pairwise(order))
    assert all(bool(size) == (value != 0) for size, value in zip(found, values, strict=True))


def test_a_bar_chart_as_it_stands():
    assert (
        "\n" + as_text(COLUMNS, 48)
        == """
drop in accuracy
age              0.050 ±0.010     ███████
capital & gain   0.100            ██████████████
fnlwgt          -0.020 ±0.005  ███"""
    )
    assert (
        "\n" + as_text(COLUMNS, 48, ascii_only=True)
        == """
drop in accuracy
age              0.050 +-0.010     ######
capital & gain   0.100             #############
fnlwgt          -0.020 +-0.005  ###"""
    )


def test_a_console_shows_charts_in_colours():
    out = io.StringIO()
    shown = document(*EXAMPLES.values())
    print_to(shown, Console(file=out, width=70, force_terminal=True, color_system="truecolor"))
    bare = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue())
    assert [line.rstrip() for line in bare.splitlines()] == to_text(shown, 70).splitlines()
    assert "\x1b[36m" in out.getvalue()


# --- on a page


@given(CHARTS)
@settings(max_examples=150, deadline=None)
def test_every_chart_is_an_element_that_stays_inside_its_frame(chart):
    page = write(document(chart), "html")
    assert not re.search('[\x00-\x08\x0b-\x1f\x7f-\x9f]|\\bnan\\b[^<]*" (x|y|d|cx)=|<script|<img', page)
    tree = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    _, _, wide, high = map(float, tree.get("viewBox").split())
    assert tree.get("role") == "img"
    assert tree.get("aria-label")
    for element in tree.iter():
        for name, limit in (
            ("x", wide),
            ("x1", wide),
            ("x2", wide),
            ("cx", wide),
            ("y", high),
            ("y1", high),
            ("y2", high),
            ("cy", high),
        ):
            assert -0.01 <= float(element.get(name, 0)) <= limit + 0.01
        for pair in element.get("points", "").split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= wide
            assert 0 <= y <= high
        for number_ in re.findall(r"[-\w.]+", re.sub("[MHVv]", " ", element.get("d", ""))):
            assert math.isfinite(float(number_))
        assert float(element.get("width", 1)) >= 0


def test_points_of_a_curve_are_where_the_ticks_say():
    tree = svg(LineChart((Curve("x", (0.0, 1.0, 3.0, 4.0)),)))
    heights = {text.text: float(text.get("y")) - 4.5 for text in tree.iter("text") if text.get("text-anchor") == "end"}
    drawn_heights = [float(pair.split(",")[1]) for pair in of_class(tree, "curve")[0].get("points").split()]
    assert drawn_heights == pytest.approx([heights[label] for label in "0134"], abs=0.1)


def test_a_pointer_and_a_screen_reader_are_told_the_numbers():
    tree = svg(LEARNING)
    titles = [title.text for title in tree.iter("title")]
    assert len(titles) == 60
    assert titles[41] == f"epoch 42\ntraining: {LOSSES[41]:.4g}\nvalidation: {LOSSES[41] + 0.1:.4g}"
    assert described(LEARNING) == (
        f"Line chart of loss by epoch. training: from 0.7 at epoch 1, to {LOSSES[-1]:.4g} at epoch 60. "
        f"validation: from 0.8 at epoch 1, to {LOSSES[-1] + 0.1:.4g} at epoch 60. best epoch (42)"
    )
    assert "fnlwgt: -0.02 ± 0.005" in [title.text for title in svg(COLUMNS).iter("title")]
    assert "capital & gain 0.1" in svg(COLUMNS).get("aria-label")
    assert "3 points, predicted by true" in svg(PREDICTED).get("aria-label")


def test_a_long_training_and_many_points_stay_small():
    values = tuple(math.sin(n / 500) + (n % 7) / 10 for n in range(100_000))
    chart = LineChart((Curve("x", values),), mark=77_777)
    assert len(to_svg(chart)) < 60_000
    assert as_text(chart)
    points = PointChart(tuple((n % 173 / 7.0, n % 211 / 3.0) for n in range(20_000)))
    circles = list(svg(points).iter("circle"))
    assert 500 < len(circles) <= POINTS
    counts = [int(title.text.split()[0]) for title in svg(points).iter("title")]
    assert sum(counts) == 20_000
    few = PointChart(points.points[:POINTS])
    assert len(list(svg(few).iter("circle"))) == POINTS


def test_bars_in_svg_keep_their_proportions_and_show_their_errors():
    bars = of_class(svg(COLUMNS), "bar")
    widths = [float(bar.get("width")) for bar in bars]
    assert widths == pytest.approx([widths[1] * share for share in (0.5, 1, 0.2)], abs=0.1)
    assert len(of_class(svg(COLUMNS), "error")) == 2
    zero = float(of_class(svg(COLUMNS), "axis")[0].get("x1"))
    assert [float(bar.get("x")) for bar in bars[:2]] == [zero, zero]
    assert float(bars[2].get("x")) + widths[2] == pytest.approx(zero, abs=0.02)
    assert zero < WIDE


# --- Markdown and LaTeX


@given(CHARTS)
@settings(max_examples=60, deadline=None)
def test_in_markdown_a_chart_is_a_block_of_code(chart):
    tokens = MarkdownIt("commonmark").parse(write(document(chart), "markdown"))
    fences = [token for token in tokens if token.type == "fence"]
    assert [token.info for token in fences] == ["text"]
    assert tokens[-1] is fences[0]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_article_with_charts_compiles_and_nothing_sticks_out(tmp_path):
    hostile = r"{a} $5 & #1 a_b % ~ ^ \frac <b> é Σ -- " + "w" * 40
    charts = (
        *EXAMPLES.values(),
        LineChart((Curve(hostile, LOSSES), Curve(hostile, LOSSES[::-1])), ("{a} $5",), hostile, hostile, 3, hostile),
        BarChart((Bar(hostile, 1.0, 0.1), Bar("日本語", -1e-9), Bar("n", math.nan), Bar("i", math.inf)), (), hostile),
        PointChart(tuple((n / 7, math.sin(n)) for n in range(300)), ("c_d",), hostile, hostile),
        LineChart(()),
    )
    (tmp_path / "article.tex").write_text(write(document(*charts), "latex"), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "article.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=100)
    log = (tmp_path / "article.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-2000:]
    assert not re.search(r"Missing character|LaTeX Warning|invalid in math mode", log)
    assert not [size for size in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", log) if float(size) > 5]
