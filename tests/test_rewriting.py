"""Putting numbers in for letters and expressions in for symbols; and what an Equation refuses."""

import numpy as np
import pytest
from expressions import expressions
from hypothesis import given
from hypothesis import strategies as st

from handgrad.calculus.equation import Equation
from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import Symbol, symbol
from handgrad.calculus.indices import EXAMPLE, Affine, unit
from handgrad.calculus.parser import parse
from handgrad.calculus.rewriting import instantiate, rename_axes, substitute
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.errors import AxisError

SOFTMAX = ACTIVATIONS["softmax"]


@pytest.mark.parametrize("l", [1, 2, 7])
@pytest.mark.parametrize(
    "text",
    [
        "sum(unit[{l}-1]: W[{l}] * A[{l}-1]) + b[{l}]",
        "mean(example: dZ[{l}] * A[{l}-1])",
        "dA[{l}] * g'[{l}](Z[{l}])",
        "delta(unit[{l}], unit[{l}]') - A[{l}]{{unit[{l}]', example}}",
        "lookup(unit[{l}]: A[{l}], label)",
        "W[{l}, t] - alpha * derivative(J, W[{l}, t])",
        "where(Z[{l}] > 0, 1, 0)",
    ],
)
def test_a_number_for_a_letter_is_as_if_it_had_been_written(text, l):
    assert instantiate(parse(text.format(l="l")), l=l) == parse(text.format(l=l))


def test_a_coefficient_of_a_letter_is_multiplied():
    assert instantiate(parse("max(unit[2*l-1]: Z[2*l-1])"), l=3) == parse("max(unit[5]: Z[5])")


@given(expressions, st.integers(0, 9))
def test_putting_in_numbers_goes_through_every_node_and_is_done_once(expression, number):
    everywhere = dict.fromkeys("lkLijt", number)
    result = instantiate(expression, **everywhere)
    assert all(axis.layer is None or axis.layer.number is not None for axis in result.axes)
    assert instantiate(result, **everywhere) == result


@given(expressions)
def test_letters_without_a_number_stay(expression):
    assert instantiate(expression, q=3) == expression


def test_renamed_axes_are_renamed_free_and_bound():
    renamed = rename_axes(parse("sum(unit[1]: W[2] * A[1]) + b[2]"), {unit(1): unit(1, 1), unit(2): unit(2, 1)})
    assert renamed == parse("sum(unit[1]': W[2]{unit[2]', unit[1]'} * A[1]{unit[1]', example}) + b[2]{unit[2]'}")


@given(expressions)
def test_substituting_nothing_or_itself_changes_nothing(expression):
    assert substitute(expression, {}) == expression
    if "alpha{" not in str(expression):  # elsewhere alpha stands on axes, which the replacement does not
        assert substitute(expression, {"alpha": parse("alpha")}) == expression


def test_a_formula_gets_its_arguments():
    assert substitute(parse("z * sigmoid(z)"), {"z": parse("Z[1]")}) == parse("Z[1] * sigmoid(Z[1])")
    assert substitute(parse("theta - alpha * dtheta"), {"theta": parse("W[1]"), "dtheta": parse("dW[1]")}) == parse(
        "W[1] - alpha * dW[1]"
    )


def test_what_is_put_in_is_not_searched_again():
    assert substitute(parse("x + y"), {"x": parse("y"), "y": parse("x")}) == parse("y + x")


def test_the_axes_of_what_is_put_in_are_checked():
    with pytest.raises(AxisError, match="cannot add"):
        substitute(parse("x + y"), {"x": parse("b[1]"), "y": parse("b[2]")})


def test_the_jacobian_of_softmax_gets_its_second_index():
    placed = substitute(SOFTMAX.jacobian_expression, {"a": symbol("A", "L")}, Affine.of("L"))
    assert placed == parse("A[L] * (delta(unit[L], unit[L]') - A[L]{unit[L]', example})")
    assert set(placed.axes) == {unit("L"), unit("L", 1), EXAMPLE}


def test_the_value_of_softmax_is_summed_over_the_units_of_its_layer():
    placed = substitute(SOFTMAX.value_expression, {"z": symbol("Z", 3)}, Affine.of(3))
    assert placed == parse("exp(Z[3]) / sum(unit[3]: exp(Z[3]))")


def test_an_expression_on_another_copy_of_its_axis():
    whole = parse("exp(Z[2]) / sum(unit[2]: exp(Z[2]))")
    placed = substitute(SOFTMAX.jacobian_expression, {"a": whole}, Affine.of(2))
    z = np.random.default_rng(0).standard_normal((3, 4))
    a = np.exp(z) / np.exp(z).sum(axis=0)
    found = evaluate(placed, {"Z[2]": z}, axes=(unit(2), unit(2, 1), EXAMPLE))
    np.testing.assert_allclose(found, np.einsum("ie,ij->ije", a, np.eye(3)) - np.einsum("ie,je->ije", a, a), atol=1e-15)


def test_substituting_is_evaluating_with_the_value():
    rng = np.random.default_rng(0)
    values = {"A[1]": rng.standard_normal((3, 5)), "W[2]": rng.standard_normal((2, 3)), "b[2]": rng.standard_normal(2)}
    inner, outer = parse("W[2] @ A[1] + b[2]"), parse("sum(unit[2]: Z[2]^2) / m + max(unit[2]: Z[2])")
    direct = evaluate(substitute(outer, {"Z[2]": inner}), values)
    np.testing.assert_allclose(direct, evaluate(outer, values | {"Z[2]": evaluate(inner, values)}), rtol=1e-13)


def test_an_equation_refuses_axes_that_its_left_side_lacks():
    with pytest.raises(
        AxisError,
        match=r"equation db2: dZ\[2\] with axes .* has the axis example, which db\[2\] with axes \(unit\[2\]\) lacks",
    ):
        Equation("db2", parse("db[2]"), parse("dZ[2]"), "no mean")


def test_an_equation_may_repeat_its_right_side_along_an_axis():
    equation = Equation("A1", symbol("A", 1), symbol("b", 1), "repeated along the examples")
    assert str(equation) == "A[1] = b[1]"
    assert equation.computed == symbol("b", 1)


def test_an_equation_computes_its_stable_form():
    equation = Equation("y", Symbol("y"), parse("log(1 + exp(x))"), "", parse("max(x, 0) + log1p(exp(-abs(x)))"))
    assert evaluate(equation.computed, {"x": 1e4}) == 1e4
    assert equation == Equation("y", Symbol("y"), parse("log(1 + exp(x))"), "")
