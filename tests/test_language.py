"""The language's own text: canonical text is read back, junk is refused, and errors show the place."""

import time

import numpy as np
import pytest
from expressions import affines, expressions
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import (
    ELL,
    Add,
    Call,
    Compare,
    Delta,
    Derivative,
    J,
    Lookup,
    Multiply,
    Negative,
    Number,
    Power,
    Quotient,
    Reduction,
    Symbol,
    gradient,
    symbol,
)
from handgrad.calculus.indices import EXAMPLE, Affine, unit
from handgrad.calculus.parser import parse
from handgrad.calculus.text import to_text
from handgrad.errors import AxisError, FormulaError, HandgradError

W2, A0, A1, b2, Z2 = symbol("W", 2), symbol("A", 0), symbol("A", 1), symbol("b", 2), symbol("Z", 2)
x, y, z = map(symbol, "xyz")


@settings(max_examples=400)
@given(expressions)
def test_canonical_text_is_read_back(expression):
    assert parse(to_text(expression)) == expression


@settings(max_examples=300)
@given(expressions)
def test_the_text_of_what_was_read_is_canonical(expression):
    text = str(expression)
    assert str(parse(text)) == text
    assert parse(text).axes == expression.axes


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("a + b + c", Add(tuple(map(symbol, "abc")))),
        ("x - y - z", Add((x, Negative(y), Negative(z)))),
        ("x - (y - z)", Add((x, Negative(Add((y, Negative(z))))))),
        ("-x * y", Negative(Multiply((x, y)))),
        ("(-x) * y", Multiply((Negative(x), y))),
        ("-x^2", Negative(Power(x, Number(2)))),
        ("(-x)^2", Power(Negative(x), Number(2))),
        ("x^y^z", Power(x, Power(y, z))),
        ("x / y / z", Quotient(Quotient(x, y), z)),
        ("x / y * z", Multiply((Quotient(x, y), z))),
        ("x / (y * z)", Quotient(x, Multiply((y, z)))),
        ("x > y", Compare(">", x, y)),
        ("g'[2](Z[2])", Call("g", (Z2,), Affine.of(2), 1)),
        ("dZ[2]", gradient(Z2)),
        ("dW[2]", Derivative(J, W2)),
        ("derivative(ell, x)", Derivative(ELL, x)),
        ("delta(unit[2], unit[2]')", Delta(unit(2), unit(2, 1))),
        ("delta(unit[2], label)", Delta(unit(2), symbol("label"))),
        ("lookup(unit[2]: Z[2], label)", Lookup(unit(2), Z2, symbol("label"))),
        ("mean(example: ell)", Reduction("mean", (EXAMPLE,), ELL)),
        ("max(unit[2], example: Z[2])", Reduction("max", (unit(2), EXAMPLE), Z2)),
        ("v[t-1]", Symbol("v", None, Affine.of("t") - 1)),
        ("W[2, t+1]", Symbol("W", Affine.of(2), Affine.of("t") + 1)),
        ("A[2]{unit[2]', example}", Symbol("A", Affine.of(2), None, (unit(2, 1), EXAMPLE))),
        ("1e-08", Number(1e-08)),
    ],
)
def test_how_canonical_text_looks(text, expression):
    assert to_text(expression) == text
    assert parse(text) == expression


@pytest.mark.parametrize(
    ("short", "canonical"),
    [
        ("W[l] @ A[l-1] + b[l]", "sum(unit[l-1]: W[l] * A[l-1]) + b[l]"),
        ("2z", "2 * z"),
        ("2 (z + 1)", "2 * (z + 1)"),
        ("x y z", "x * y * z"),
        ("x z^2", "x * z^2"),
        (" ( ( x ) ) ", "x"),
        ("1 - -x", "1 - (-x)"),
        ("W[1+1]", "W[2]"),
        ("W[2*l-l]", "W[l]"),
    ],
)
def test_what_a_person_may_write_as_well(short, canonical):
    assert to_text(parse(short)) == canonical


def test_python_operators_mean_what_they_say():
    assert W2 @ A1 + b2 == parse("W[2] @ A[1] + b[2]")
    assert 2 * x - 1 / y == parse("2 * x - 1 / y")
    assert -(x**2) * -3 == parse("(-x^2) * (-3)")
    assert 1 - x + 2 == parse("1 - x + 2")


@pytest.mark.parametrize("text", ["W[2] @ A[0]", "W[2] * A[0]", "W[2] A[0]", "1 + 2 * (W[2] A[0])"])
def test_axes_that_do_not_fit_name_both_sides_and_the_place(text):
    with pytest.raises(AxisError) as refused:
        parse(text)
    message = str(refused.value)
    assert "W[2] with axes (unit[2], unit[1])" in message
    assert "A[0] with axes (unit[0], example)" in message
    sentence, shown, pointer = message.split("\n")
    assert sentence.endswith(f"at character {pointer.index('^') - 3}")
    assert shown.strip() == text
    assert text[pointer.index("^") - 4] in "@*A"


def test_python_refuses_the_same_products():
    for make in (lambda: W2 @ A0, lambda: W2 * A0, lambda: Multiply((W2, A0))):
        with pytest.raises(
            AxisError, match=r"W\[2\] with axes \(unit\[2\], unit\[1\]\) and A\[0\] with axes \(unit\[0\], example\)"
        ):
            make()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("b[2] + Z[1]", "cannot add b[2] with axes (unit[2]) and Z[1] with axes (unit[1], example)"),
        ("Z[1] - b[2]", "cannot add Z[1] with axes"),
        ("W[2] + Z[2]", "cannot add"),
        ("Z[2] / Z[1]", "cannot divide Z[2] with axes (unit[2], example) by Z[1]"),
        ("Z[2]^b[1]", "cannot raise Z[2] with axes (unit[2], example) to b[1]"),
        ("max(Z[2], b[1])", "cannot apply max to Z[2]"),
        ("Z[2] > b[1]", "cannot compare Z[2]"),
        ("sum(unit[1]: Z[2])", "cannot take the sum over unit[1]: Z[2] with axes (unit[2], example) does not have that axis"),
        ("lookup(unit[1]: Z[2], label)", "cannot look up along unit[1]: Z[2]"),
        ("Z[l] + Z[l-1]", "cannot add"),
    ],
)
def test_every_kind_of_node_checks_its_axes(text, words):
    with pytest.raises(AxisError) as refused:
        parse(text)
    assert words in str(refused.value)
    assert text in str(refused.value)


def test_a_longer_product_may_be_connected_by_a_later_factor():
    outer = Multiply((symbol("b", 2), symbol("b", 1), W2))
    assert set(outer.axes) == {unit(2), unit(1)}
    assert parse(to_text(outer)) == outer


def test_a_longer_sum_may_have_its_widest_term_last():
    total = Add((b2, symbol("share"), Z2))
    assert parse(to_text(total)) == total


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("x +", 4),
        ("x ) y", 3),
        ("(x", 3),
        ("W[", 3),
        ("W[2*", 5),
        ("W[2*]", 5),
        ("W[2*+]", 5),
        ("W[2*3]", 5),
        ("W[x1]", 3),
        ("unit[2]", 1),
        ("x $ y", 3),
        ("exp(x, y)", 1),
        ("where(x)", 1),
        ("g'", 1),
        ("sum(unit[2] Z[2])", 13),
        ("delta(x, y)", 7),
        ("lookup(unit[2]: Z[2], 3)", 23),
        ("derivative(x, 1)", 15),
        ("1e999", 1),
        ("", 1),
        ("W[1, 2]", 6),
        ("W[2]{unit[2]}", 1),
        ("lookup(unit[2], example: Z[2], label)", 15),
    ],
)
def test_what_is_not_a_formula_says_where(text, place):
    with pytest.raises(FormulaError) as refused:
        parse(text)
    assert refused.value.position == place - 1
    if text:
        assert f"at character {place}\n    {text}\n    {' ' * (place - 1)}^" in str(refused.value)


def reads_or_refuses(text):
    try:
        str(parse(text))
    except HandgradError:
        return


@settings(max_examples=400)
@given(st.text(max_size=80))
def test_junk_is_refused_or_read(text):
    reads_or_refuses(text)


WORDS = [
    "W", "A", "Z", "dZ", "x", "label", "sum", "mean", "max", "delta", "lookup", "derivative", "exp", "g'", "unit", "example",
    "unit'", "[", "]", "(", ")", "{", "}", ",", ":", "'", "+", "-", "*", "/", "@", "^", "<", "==", "1", "2", "0", "1.5",
    "l", "t", "L", "[2]", "[l-1]", "[t:1]", "(unit[2]:", " ",
]  # fmt: skip


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(WORDS), max_size=14).map("".join))
@example("W[2*")
@example("x[0*")
@example("dZ[2]{unit[2], example}")
def test_words_of_the_language_in_any_order_are_refused_or_read(text):
    reads_or_refuses(text)


@settings(max_examples=300)
@given(expressions, st.data())
def test_canonical_text_with_a_piece_cut_out_is_refused_or_read(expression, data):
    text = to_text(expression)
    start = data.draw(st.integers(0, len(text)))
    reads_or_refuses(text[:start] + text[data.draw(st.integers(start, len(text))) :])


@pytest.mark.parametrize(
    "text",
    [
        "(" * 3000,
        "-" * 3000 + "x",
        "exp(" * 900 + "x" + ")" * 900,
        "x^" * 1900 + "x",
        "W[" * 1000,
        "x[" + "1+" * 1900 + "1]",
        "1" * 4000,
        "unit" + "'" * 3000,
    ],
)
def test_deep_or_odd_input_is_refused_or_read_at_once(text):
    start = time.perf_counter()
    reads_or_refuses(text)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("sign", [" + ", " * ", " / ", " @ ", " < ", " "])
def test_long_input_is_refused_or_read_at_once(sign):
    start = time.perf_counter()
    reads_or_refuses(sign.join(["x"] * 900))
    reads_or_refuses(sign.join(["b[1]"] * 500) + " + b[2]")
    assert time.perf_counter() - start < 4


def test_more_than_the_longest_is_refused():
    with pytest.raises(FormulaError, match="at most 4000 characters, but 4001 were given"):
        parse("x" * 4001)


@given(affines, affines, affines)
def test_affine_indices_are_a_group(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Affine() == a
    assert a + -a == -a + a == Affine()
    assert (a + b) - b == a


@given(affines, affines, st.dictionaries(st.sampled_from("lkLij"), st.integers(-50, 50)))
def test_putting_numbers_in_keeps_sums(a, b, numbers):
    assert (a + b).at(numbers) == a.at(numbers) + b.at(numbers)
    assert (-a).at(numbers) == -(a.at(numbers))
    everywhere = dict.fromkeys("lkLij", 3) | numbers
    assert a.at(everywhere).number == sum(c * everywhere[letter] for letter, c in a.terms) + a.offset


@given(affines)
def test_an_affine_index_is_read_back_from_its_text(index):
    assert parse(f"v[{index}]") == Symbol("v", index)


SIGNS = [" + ", " - ", " * ", " / ", " ^ ", "^-", " * -", " / -", " - -"]
ARITHMETIC = st.recursive(
    st.sampled_from(["x", "y", "2", "0.5", "3"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from([" + ", " - ", " * ", " / ", " ^ ", "^-", " * -", " / -", " - -"]), inner).map("".join)
        | inner.map("({})".format)
        | inner.map("-{}".format)
    ),
    max_leaves=8,
)


@given(ARITHMETIC)
@settings(max_examples=500)
def test_signs_bind_as_in_python(text):
    x, y = 1.3, 0.7
    try:
        expected = eval(text.replace("^", "**"), {"x": x, "y": y})  # text that we made ourselves
    except (OverflowError, ZeroDivisionError):
        return
    if not isinstance(expected, complex) and np.isfinite(expected):
        np.testing.assert_allclose(evaluate(parse(text), {"x": x, "y": y}), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "0 < z < 1", "(z > 0) + 1", "-(z > 0)", "where(z, 1, 0)", "1 < (z > 0)", "1.5.3", "1_000", "1 000", "0x10", "1e-400",
        "log z", "1/2 m", "a / b c", "W[l, m]", "A[0]{unit[1], example}", "sum(example, example: A[1])", "delta(unit[1], unit[1])",
        "z" + " / 1" * 300,
    ],
)  # fmt: skip
def test_what_could_be_misread_is_refused(text):
    with pytest.raises((FormulaError, AxisError)):
        parse(text)
