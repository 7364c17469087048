"""Two-dimensional Unicode: the same text as on one line, in boxes that fit together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad.calculus.boxes import TALL, Boxes, box, broken, columns
from handgrad.calculus.layout import lay_out
from handgrad.calculus.notation import NOTATIONS, Notation
from handgrad.calculus.unicode import Unicode
from handgrad.calculus.written import (
    Applied,
    Approximately,
    Dots,
    Fraction,
    Grid,
    Minus,
    Name,
    Plus,
    Raised,
    Related,
    Times,
    Transposed,
    Written,
    WrittenNumber,
)
from handgrad.derivation import derive

NG = Notation()
DERIVATIONS = [derive("3-4:mish-5:gelu-3:softmax", optimiser="adam"), derive("4-3:selu-2:sigmoid")]


def grid(array, digits=4):
    return Grid(tuple(tuple(Approximately(float(x), digits) for x in row) for row in np.atleast_2d(array)))


def shown(what: Written) -> str:
    return str(box(what, NG))


@pytest.mark.parametrize("notation", NOTATIONS)
def test_a_tree_without_matrices_is_the_line_that_unicode_gives(notation):
    for derivation in DERIVATIONS:
        for equation in (*derivation.definitions, *derivation):
            written = lay_out(equation, derivation.named(notation))
            assert box(written, NOTATIONS[notation]).lines == (Unicode(NOTATIONS[notation]).text(written),)


@pytest.mark.parametrize("room", [12, 30, 61])
@pytest.mark.parametrize("notation", NOTATIONS)
def test_broken_lines_fit_and_say_the_same(notation, room):
    for derivation in DERIVATIONS:
        for equation in derivation:
            right = lay_out(equation, derivation.named(notation)).right
            whole = Unicode(NOTATIONS[notation]).text(right)
            lines = [str(part) for part in broken(right, NOTATIONS[notation], room)]
            assert " ".join(lines) == whole
            assert all(columns(line) <= room or " " not in line for line in lines)


numbers = st.floats(-1e6, 1e6).map(lambda value: Approximately(value, 3)) | st.floats().map(WrittenNumber)
grids = (
    st.integers(1, 4)
    .flatmap(
        lambda width: st.lists(
            st.lists(numbers | st.builds(Dots), min_size=width, max_size=width).map(tuple), min_size=1, max_size=5
        )
    )
    .map(lambda rows: Grid(tuple(rows)))
)
trees = st.recursive(
    grids | st.just(Name("A")),
    lambda inner: st.one_of(
        st.builds(lambda a, b: Plus((a, Minus(b))), inner, inner),
        st.builds(lambda a, b: Times("elementwise", (a, b)), inner, inner),
        st.builds(lambda a, b: Times("matrix", (a, b)), inner, inner),
        st.builds(lambda a: Applied("relu", (a,)), inner),
        st.builds(lambda a: Applied("abs", (a,)), inner),
        st.builds(lambda a: Raised(a, WrittenNumber(2)), inner),
        st.builds(Transposed, inner),
        st.builds(Fraction, inner, inner),
    ),
    max_leaves=5,
)


@settings(max_examples=60)
@given(trees)
def test_boxes_are_rectangles_and_every_bracket_that_opens_closes(tree):
    found = box(tree, NG)
    assert {columns(line) for line in found.lines} == {found.width}
    assert 0 <= found.baseline < found.height
    text = "".join(found.lines)
    for opening, closing in ("()", "[]"):
        assert text.count(opening) == text.count(closing)
        for one, other in zip(TALL[opening], TALL[closing], strict=True):
            assert text.count(one) == text.count(other)


@settings(max_examples=60)
@given(trees, st.integers(10, 60))
def test_broken_boxes_are_as_narrow_as_they_can_be(tree, room):
    boxes = Boxes(NG)
    line = boxes.text(tree)
    parts = broken(tree, NG, room)
    assert all(part.width <= max(room, *map(boxes.width, line.split(" "))) for part in parts)
    assert (len(parts) == 1) == (boxes.width(line) <= room or " " not in line)


def test_numbers_stand_with_their_points_under_each_other():
    assert shown(grid([[1.5, -2], [10, 0.25], [-0.125, 3]])) == (
        "⎡ 1.5    -2   ⎤\n"
        "⎢10       0.25⎥\n"
        "⎣-0.125   3   ⎦"
    )  # fmt: skip


def test_matrices_stand_on_one_baseline_and_parentheses_grow():
    left, right = grid([[1, 2], [3, 4], [5, 6]]), grid([[0.5], [-1]])
    assert shown(Plus((Times("matrix", (left, right)), Minus(Applied("relu", (Plus((left, Name("b"))),)))))) == (
        "⎡1  2⎤              ⎛⎡1  2⎤    ⎞\n"
        "⎢3  4⎥ ⎡ 0.5⎤ - relu⎜⎢3  4⎥ + b⎟\n"
        "⎣5  6⎦ ⎣-1  ⎦       ⎝⎣5  6⎦    ⎠"
    )  # fmt: skip


def test_transposes_and_powers_stand_at_the_top():
    assert shown(Transposed(grid([[1], [2]]))) == "⎡1⎤ᵀ\n⎣2⎦"
    assert shown(Raised(grid([[1], [2]]), WrittenNumber(2))) == "⎡1⎤²\n⎣2⎦"
    assert shown(Transposed(Plus((grid([[1], [2]]), Name("b"))))) == "⎛⎡1⎤ + b⎞ᵀ\n⎝⎣2⎦    ⎠"


def test_fractions_are_stacked_only_where_a_part_is_tall():
    assert shown(Fraction(Name("Y"), grid([[1], [2]]))) == "  Y\n─────\n ⎡1⎤\n ⎣2⎦"
    assert shown(Plus((Fraction(Name("Y"), Name("A")), grid([[1], [2]])))) == "Y/A + ⎡1⎤\n      ⎣2⎦"


def test_dots_stand_in_the_middle_of_their_column_and_cases_have_a_waist():
    entries = ((Approximately(-1.25), Dots()), (Dots("down"), Dots("diagonal")))
    assert shown(Grid(entries)) == "⎡-1.25  ⋯⎤\n⎣  ⋮    ⋱⎦"
    tall = grid([[1], [2], [3]])
    assert shown(Applied("where", (Related(">", tall, WrittenNumber(0)), tall, WrittenNumber(0)))) == (
        "⎧⎡1⎤    ⎡1⎤            ⎫\n"
        "⎨⎢2⎥ if ⎢2⎥ > 0, else 0⎬\n"
        "⎩⎣3⎦    ⎣3⎦            ⎭"
    )  # fmt: skip


def test_terms_that_are_too_wide_together_stand_under_each_other():
    wide = grid(np.arange(8).reshape(2, 4))
    assert [str(part) for part in broken(Plus((wide, Minus(wide))), NG, 15)] == [
        "⎡0  1  2  3⎤\n⎣4  5  6  7⎦",
        "- ⎡0  1  2  3⎤\n  ⎣4  5  6  7⎦",
    ]


def test_a_line_breaks_at_its_sum_before_it_breaks_inside_parentheses():
    A = Name("A")
    parts = Plus((Times("matrix", (A, A, A, A)), Times("scalar", (Name("b"), Plus((A, A, A))))))
    assert [str(part) for part in broken(parts, NG, 17)] == ["A A A A", "+ b (A + A + A)"]
    assert [str(part) for part in broken(parts, NG, 11)] == ["A A A A", "+ b (A + A", "+ A)"]


def test_columns_of_a_terminal():
    assert columns("Ỹ⁽²⁾_j") == 6
    assert columns("Y\u0303") == 1
    assert columns("日本") == 4
