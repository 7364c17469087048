"""Numbers worked out in a text."""

import math
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handgrad.check.judging.arithmetic import NotNumbers, Right, Wrong, worked_out
from handgrad.check.parsing.numpy_code import parse_numpy
from handgrad.check.tree import Call, Fraction, Group, Matrix, Name, Number, Product, Root, Script, Scripted, Sum


def formula(text):
    """A formula in Python's signs; e ** x is e to a power."""
    (statement,) = parse_numpy("x = " + text)
    return statement.sides[1]


def judged(left, op, right, **settings):
    return worked_out(formula(left), formula(right), op, **settings)


RIGHT = [
    ("1 / (1 + e ** -0.25)", "approx", "0.562"),
    ("0.562 * 0.438", "approx", "0.246"),
    ("0.5 - 0.1 * 0.069", "=", "0.4931"),
    ("1.0 * 0.5", "=", "0.5"),
    ("0.15 * 0.05 + 0.2 * 0.1 + 0.35 * 1", "=", "0.3775"),
    ("1 / (1 + e ** -0.3775)", "=", "0.593269992"),
    ("1 / 2 * (0.01 - 0.75136507) ** 2", "=", "0.274811083"),
    ("0.7413650695 * 0.186815602", "=", "0.138498562"),
    ("-log(0.80)", "approx", "0.223"),
    ("-log(0.80)", "=", "0.22"),
    ("log10(0.001)", "=", "-3"),
    ("tanh(0.5)", "approx", "0.46"),
    ("sigma(0.25) * (1 - sigma(0.25))", "approx", "0.246"),
    ("sqrt(2)", "approx", "1.41"),
    ("sqrt(2)", "approx", "1.42"),  # a unit of the last place is never an accusation
    ("max(0, -0.3)", "=", "0"),
    ("relu(0.4) * 2", "=", "0.8"),
    ("0.562", "approx", "0.56"),
    ("1 / 3", "=", "0.333"),
    ("2 / 3", "approx", "0.66"),
    ("0.2 + 0.3", "=", "1 / 2"),
    ("0.75", "=", "3 / 4"),
    ("3 * 33", "approx", "100"),
    ("0.3 * 0.4", "<", "0.5"),
    ("2 ** 3", "=", "8"),
    ("abs(0.2 - 0.5)", "=", "0.3"),
]
WRONG = [
    ("-log(0.80)", "approx", "0.097", "0.223", "the base-10 logarithm was taken"),
    ("log10(0.8)", "approx", "-0.2231", "-0.0969", "the natural logarithm was taken"),
    ("0.562 * 0.438", "approx", "-0.246", "0.246", "the sign is wrong"),
    ("1 / (1 + e ** -0.25)", "approx", "0.438", "0.562", "the exponent was taken with the other sign"),
    ("0.562 * 0.438", "approx", "0.492", "0.246", "a factor of 2 too much"),
    ("0.562 * 0.438", "approx", "0.123", "0.246", "a factor of 2 is missing"),
    ("0.562 * 0.438", "approx", "2.462", "0.246", "the decimal point is in the wrong place"),
    ("0.562 * 0.438", "approx", "0.562", "0.246", "a factor was left out"),
    ("0.562 * 0.438", "approx", "1.000", "0.246", "the numbers were added, not multiplied"),
    ("(0.274 - 0.751) ** 2", "=", "-0.477", "0.228", "the power was left out"),
    ("0.5 - 0.1 * 0.0692", "=", "0.50692", "0.49308", "a term was taken with the wrong sign"),
    ("0.562 * 0.4381 + 0.2513", "=", "0.2513", "0.4975", "a term was left out"),
    ("0.25612 * 0.5234", "=", "0.13417", "0.13405", "a digit is off"),
    ("2 * 3", "=", "7", "6", None),
    ("1 / 3", "=", "0.336", "0.333", "a digit is off"),
    ("2 * 0.3", "<", "0.1", "0.6", None),
]


@pytest.mark.parametrize(("left", "op", "right"), RIGHT)
def test_right_numbers(left, op, right):
    assert judged(left, op, right) == Right()
    if op in {"=", "approx"}:
        assert judged(right, op, left) == Right()


@pytest.mark.parametrize(("left", "op", "right", "expected", "guess"), WRONG)
def test_wrong_numbers(left, op, right, expected, guess):
    assert judged(left, op, right) == Wrong(expected, guess)


@pytest.mark.parametrize(
    ("left", "op", "right"),
    [
        ("w", "=", "0.5 * 0.2"),
        ("x * 2", "=", "0.4"),
        ("a + b", "=", "c"),
        ("sum(0.1)", "=", "0.1"),
        ("1 / 0", "=", "3"),
        ("log(0)", "=", "1"),
        ("(0 - 2) ** 0.5", "=", "1"),
        ("1 / (0.1 - 0.1)", "=", "3"),
        ("e ** 5000", "=", "3"),
        ("5", "=", "7"),
        ("0.5", "in", "0.7"),
        ("f(0.5)", "=", "0.7"),
    ],
)
def test_what_is_no_arithmetic(left, op, right):
    assert judged(left, op, right) == NotNumbers()


def test_names_have_the_document_s_values():
    values = {"a": Number(None, 0.562, "0.562"), "y": Number(None, 0.0, "0")}

    def value_of(node):
        return values.get(node.name) if isinstance(node, Name) else None

    assert judged("a - y", "=", "0.562", value_of=value_of) == Right()
    assert judged("a * (1 - a)", "=", "0.246", value_of=value_of) == Right()
    assert judged("a * (1 - a)", "=", "0.316", value_of=value_of) == Wrong("0.246")
    assert judged("f(0.25)", "=", "0.562", functions={"f": "sigmoid"}) == Right()
    assert judged("sigma(0.25)", "=", "0.245", functions={"sigma": "tanh"}) == Right()


def test_functions_by_their_marks():
    def number(text):
        return Number(None, float(text), text)

    sigma = Name(None, "sigma", (Script(None, "prime"),))
    assert worked_out(Call(None, sigma, (number("0.25"),)), number("0.246"), "approx") == Right()
    assert worked_out(Product(None, (Name(None, "ln"), number("0.8")), ("",)), number("-0.223"), "approx") == Right()
    log = Name(None, "log", (Script(None, "sub", (number("2"),)),))
    assert worked_out(Call(None, log, (number("8"),)), number("3"), "=") == Right()
    assert worked_out(Root(None, number("16")), number("4"), "=") == Right()
    small = Product(None, (number("2.46"), Scripted(None, number("10"), (Script(None, "sup", (number("-1"),)),))), ("cdot",))
    assert worked_out(formula("0.562 * 0.438"), small, "=") == Right()
    assert worked_out(formula("0.562 * 0.538"), small, "=") == Wrong("0.302")
    assert worked_out(Matrix(None, ((number("1"),),)), number("1"), "=") == NotNumbers()
    assert worked_out(Group(None, formula("0.2 - 0.5"), "|"), number("0.3"), "=") == Right()


# Laws: whatever is worked out exactly and then rounded or cut is right, and what is off by more than that is not.


@st.composite
def calculations(draw, depth=3):
    """A formula whose numbers are exact, with its value; `cut` writes its numbers with fewer digits."""
    kind = draw(st.sampled_from(["number"] * (depth == 0) or ["number", "+", "-", "*", "/", "sigmoid", "exp", "log", "square"]))
    if kind == "number":
        value = draw(st.integers(1, 9_999_999).map(lambda k: Decimal(k) / 1_000_000))
        return (lambda cut: Number(None, float(cut(value)), str(cut(value)))), float(value)
    (left, a), (right, b) = draw(calculations(depth - 1)), draw(calculations(depth - 1))
    match kind:
        case "+" | "-":
            return (lambda cut: Sum(None, (left(cut), right(cut)), ("+", kind))), a + b if kind == "+" else a - b
        case "*":
            return (lambda cut: Product(None, (left(cut), right(cut)), ("cdot",))), a * b
        case "/":
            assume(abs(b) > 0.1)
            return (lambda cut: Fraction(None, left(cut), right(cut))), a / b
        case "sigmoid":
            return (lambda cut: Call(None, Name(None, "sigma"), (left(cut),))), 1 / (1 + math.exp(-max(min(a, 500), -500)))
        case "exp":
            assume(abs(a) < 5)
            return (lambda cut: Name(None, "e", (Script(None, "sup", (left(cut),)),))), math.exp(a)
        case "log":
            assume(a > 0.1)
            return (lambda cut: Call(None, Name(None, "log"), (left(cut),))), math.log(a)
        case "square":
            power = Number(None, 2.0, "2")
            return (lambda cut: Scripted(None, Group(None, left(cut)), (Script(None, "sup", (power,)),))), a**2


def cutter(digits, rounding):
    return lambda value: value.quantize(Decimal(1).scaleb(-digits), rounding=rounding)


@given(calculations(), st.integers(1, 6), st.sampled_from([ROUND_HALF_UP, ROUND_DOWN]), st.sampled_from(["=", "approx"]))
def test_what_is_rounded_is_never_called_wrong(calculation, digits, rounding, op):
    build, value = calculation
    assume(abs(value) < 1e4)
    inputs = cutter(digits, ROUND_HALF_UP if digits == 1 else rounding)
    result = cutter(digits, rounding)(Decimal(value))
    written = Number(None, float(result), str(result))
    assert not isinstance(worked_out(build(inputs), written, op), Wrong)


@given(calculations(), st.integers(2, 6), st.floats(1.5, 1000), st.booleans())
def test_what_is_off_by_more_is_refused(calculation, digits, units, up):
    """With inputs written in full, three units of their sixth place make up what a result of fewer digits may be off."""
    build, value = calculation
    assume(abs(value) < 100)
    exact = build(cutter(6, ROUND_HALF_UP))
    assume(not isinstance(exact, Number))
    result = cutter(digits, ROUND_HALF_UP)(Decimal(value + (1 if up else -1) * (units * 10**-digits + 2e-2 * abs(value) + 1e-2)))
    verdict = worked_out(exact, Number(None, float(result), str(result)), "=")
    spread = worked_out(exact, exact, "=")
    assert isinstance(verdict, Wrong | NotNumbers) or sensitive(exact, value)
    assert spread in {Right(), NotNumbers()}


def sensitive(exact, value):
    """Whether what the sixth place of the inputs leaves open is more than a hundredth."""
    from handgrad.check.judging.arithmetic import FUNCTIONS, _Evaluator

    bounds = _Evaluator(lambda _: None, FUNCTIONS).interval(exact)
    return bounds.high - bounds.low > 1e-2 * (1 + abs(value))
