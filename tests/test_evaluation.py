"""The value of every kind of node against plain NumPy; stacks, precision, and errors that name both sides."""

import math

import numpy as np
import pytest
from draws import HIDDEN, pairs, problem
from scipy import special

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import symbol
from handgrad.calculus.functions import Formula, erf, erfc
from handgrad.calculus.indices import EXAMPLE, unit
from handgrad.calculus.parser import parse
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.lookup import functions
from handgrad.catalogue.losses import LOSSES
from handgrad.derivation import derive
from handgrad.errors import AxisError, HandgradError
from handgrad.network import Network, Parameters

rng = np.random.default_rng(0)
W, A, b, Z = rng.standard_normal((3, 2)), rng.standard_normal((2, 5)), rng.standard_normal(3), rng.standard_normal((3, 5))
w, x = rng.uniform(0.1, 2, 5), 1.7
label = np.array([2, 0, 1, 1, 2])
VALUES = {"W[2]": W, "A[1]": A, "b[2]": b, "Z[2]": Z, "x": x, "label": label, "v[t-1]": 0.25, "dZ[2]": Z**2, "g'(Z[2])": Z**3}
softmax = np.exp(Z) / np.exp(Z).sum(axis=0)

CASES = {
    "3": 3.0,
    "x": x,
    "v[t-1]": 0.25,
    "pi": math.pi,
    "m": 5.0,
    "-x": -x,
    "Z[2] + b[2]": Z + b[:, None],
    "b[2] + Z[2] - 1": Z + b[:, None] - 1,
    "Z[2] * b[2] * x": Z * b[:, None] * x,
    "W[2] @ A[1] + b[2]": W @ A + b[:, None],
    "sum(unit[1]: W[2] * A[1] * x)": W @ A * x,
    "mean(unit[1]: W[2] * A[1])": W @ A / 2,
    "mean(example: dZ[2] * A[1])": Z**2 @ A.T / 5,
    "sum(unit[2]: W[2] * Z[2])": W.T @ Z,
    "sum(unit[2], example: Z[2])": Z.sum(),
    "sum(unit[2], example: Z[2] * Z[2])": (Z * Z).sum(),
    "sum(unit[2]: b[2] * 2 * W[2])": 2 * b @ W,
    "mean(unit[2], example: Z[2])": Z.mean(),
    "mean(unit[2], example: 3 * Z[2])": 3 * Z.mean(),
    "max(unit[2]: Z[2])": Z.max(axis=0),
    "max(unit[2]: Z[2] * b[2])": (Z * b[:, None]).max(axis=0),
    "max(example: Z[2])": Z.max(axis=1),
    "Z[2] / x": Z / x,
    "x / Z[2]": x / Z,
    "Z[2]^2": Z**2,
    "abs(Z[2])^x": np.abs(Z) ** x,
    "2^Z[2]": 2**Z,
    "where(Z[2] > 0, Z[2], -1)": np.where(Z > 0, Z, -1),
    "where(Z[2] > 0, 1, 0)": np.where(Z > 0, 1.0, 0.0),
    "indicator(Z[2] >= b[2])": (b[:, None] <= Z) * 1.0,
    "indicator(x != x)": 0.0,
    "indicator(x == x)": 1.0,
    "clip(Z[2], -1, 0.5)": np.clip(Z, -1, 0.5),
    "max(Z[2], 0)": np.maximum(Z, 0),
    "min(Z[2], b[2])": np.minimum(Z, b[:, None]),
    "exp(Z[2])": np.exp(Z),
    "expm1(Z[2])": np.expm1(Z),
    "log(abs(Z[2]))": np.log(np.abs(Z)),
    "log1p(abs(Z[2]))": np.log1p(np.abs(Z)),
    "sqrt(abs(Z[2]))": np.sqrt(np.abs(Z)),
    "erf(Z[2])": special.erf(Z),
    "erfc(Z[2])": special.erfc(Z),
    "tanh(Z[2])": np.tanh(Z),
    "cosh(Z[2])": np.cosh(Z),
    "sign(Z[2])": np.sign(Z),
    "sigmoid(Z[2])": special.expit(Z),
    "softmax(Z[2])": softmax,
    "g'(Z[2])": Z**3,
    "x * g'(Z[2])": x * Z**3,
    "lookup(unit[2]: Z[2], label)": Z[label, np.arange(5)],
    "-log(lookup(unit[2]: softmax(Z[2]), label))": -np.log(softmax[label, np.arange(5)]),
    "lookup(unit[2]: b[2], label)": b[label],
    "delta(unit[2], unit[2]') * b[2]": np.diag(b),
    "delta(unit[2], label)": np.eye(3)[label].T,
    "delta(unit[2], label) - Z[2]": np.eye(3)[label].T - Z,
    "sum(unit[2]': (delta(unit[2], unit[2]') - Z[2]) * Z[2]{unit[2]', example})": Z - Z * Z.sum(axis=0),
}


@pytest.mark.parametrize("text", CASES)
def test_the_value_is_numpys(text):
    found = evaluate(parse(text), VALUES, functions())
    assert found.shape == np.shape(CASES[text])
    np.testing.assert_allclose(found, CASES[text], rtol=1e-12, atol=1e-14)


def test_every_kind_of_node_is_among_the_cases():
    def kinds(expression):
        return {type(expression).__name__}.union(*map(kinds, expression.parts))

    found = set().union(*(kinds(parse(text)) for text in CASES))
    assert found == {
        "Number", "Symbol", "Derivative", "Negative", "Add", "Multiply", "Quotient", "Power", "Reduction", "Call", "Compare",
        "Delta", "Lookup",
    }  # fmt: skip


def test_the_axes_come_in_the_order_that_is_asked_for():
    np.testing.assert_array_equal(evaluate(parse("Z[2]"), VALUES, axes=(EXAMPLE, unit(2))), Z.T)
    np.testing.assert_array_equal(evaluate(parse("b[2]"), VALUES, axes=(EXAMPLE, unit(2))), b[None, :])


def test_the_same_axis_twice_is_the_diagonal():
    square = rng.standard_normal((4, 4))
    np.testing.assert_array_equal(evaluate(symbol("Q", on=(unit(1), unit(1))), {"Q": square}), np.diag(square))


def test_weights_make_every_mean_over_examples_a_weighted_one():
    values = VALUES | {"w": w}
    np.testing.assert_allclose(evaluate(parse("mean(example: Z[2])"), values), Z @ w / w.sum(), rtol=1e-13)
    np.testing.assert_allclose(evaluate(parse("mean(example: dZ[2] * A[1])"), values), Z**2 * w @ A.T / w.sum(), rtol=1e-13)
    np.testing.assert_allclose(evaluate(parse("mean(unit[2], example: Z[2])"), values), (Z @ w / w.sum()).mean(), rtol=1e-13)
    np.testing.assert_allclose(evaluate(parse("mean(unit[2]: Z[2])"), values), Z.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(evaluate(parse("share"), values), w / w.sum(), rtol=1e-15)
    np.testing.assert_allclose(evaluate(parse("sum(example: share * Z[2])"), VALUES), Z.mean(axis=1), rtol=1e-13)
    np.testing.assert_array_equal(evaluate(parse("share"), VALUES), np.full(5, 0.2))


@pytest.mark.parametrize(
    "text", ["lookup(unit[2]: Z[2], label)", "lookup(unit[2]: Z[2] * b[2], label)", "lookup(unit[2]: b[2], label)"]
)
def test_a_look_up_is_a_sum_with_kroneckers_delta(text):
    body = text.removeprefix("lookup(unit[2]: ").removesuffix(", label)")
    np.testing.assert_allclose(
        evaluate(parse(text), VALUES), evaluate(parse(f"sum(unit[2]: delta(unit[2], label) * {body})"), VALUES), rtol=1e-15
    )


@pytest.mark.parametrize(
    "text", ["max(0, x)", "where(x > 0, 2, 3)", "exp(x) / (1 + exp(x))", "clip(x, 0, 1)", "x^2 - 3", "indicator(x > 9)"]
)
def test_plain_numbers_give_a_plain_number(text):
    found = evaluate(parse(text), {"x": 1.5})
    assert found.shape == ()
    assert found.dtype == np.float64


def narrow(values):
    return {
        name: np.asarray(value, np.float32) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
        for name, value in values.items()
    }


@pytest.mark.parametrize("text", [text for text in CASES if np.ndim(CASES[text])])
def test_float32_stays_float32(text):
    assert evaluate(parse(text), narrow(VALUES), functions()).dtype == np.float32


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_float32_stays_float32_through_a_whole_pass(name):
    record = ACTIVATIONS[name]
    for loss in [loss for output, loss in pairs(2) if output == name]:
        found = problem(Network([3, 4, 2], ["tanh" if record.rowwise else name, name], loss, l2=0.1), 0)
        derivation = derive(found.network)
        parameters = Parameters(found.network, found.parameters.buffer.astype(np.float32))
        values = derivation.values(parameters, found.X, found.Y, found.weights)
        computed = derivation.evaluate(values | {"alpha": 0.1})
        for key, value in computed.items():
            if isinstance(value, np.ndarray):
                assert value.dtype == np.float32, f"{key} with {loss}"
        wide = derivation.gradients(found.parameters, found.X, found.Y, found.weights).buffer
        np.testing.assert_allclose(
            derivation.gradients(parameters, found.X, found.Y, found.weights).buffer, wide, rtol=2e-3, atol=2e-5
        )


@pytest.mark.parametrize("hidden", [*HIDDEN, "softmax"])
def test_a_stack_of_parameters_is_evaluated_as_one_by_one(hidden):
    for loss in LOSSES:
        output = LOSSES[loss].output
        if hidden == "softmax" and loss != "squared_error":
            continue
        network = Network([3, 4, 2], ["relu", "softmax"] if hidden == "softmax" else [hidden, output], loss, l2=0.1)
        found = problem(network, 1)
        stack = found.parameters.buffer + 0.1 * np.random.default_rng(1).standard_normal((6, network.size))
        derivation = derive(network)
        wanted = ["J", "A[2]", "dW[1]", "db[2]", "derivative(J, X)"]

        def computed(buffer, network=network, found=found, derivation=derivation, wanted=wanted):
            return derivation.evaluate(derivation.values(Parameters(network, buffer), found.X, found.Y, found.weights), wanted)

        at_once = computed(stack)
        for place, buffer in enumerate(stack):
            for key, value in computed(buffer).items():
                if key in wanted:
                    np.testing.assert_allclose(
                        np.asarray(at_once[key])[place], value, rtol=1e-11, atol=1e-14, err_msg=f"{network} {loss} {key}"
                    )


def test_a_stack_of_one_array_alone_broadcasts():
    stack = np.stack([b, 2 * b, 3 * b])
    found = evaluate(parse("Z[2] + b[2]"), VALUES | {"b[2]": stack})
    np.testing.assert_allclose(found, Z + stack[:, :, None])


def test_sizes_that_contradict_each_other_name_the_axis_and_both_quantities():
    short = {"W[2]": W, "A[1]": A[:1].repeat(3, axis=0), "Z[2]": Z, "b[2]": np.ones(4)}
    with pytest.raises(AxisError, match=r"unit\[1\] has 2 entries in W\[2\], but 3 in A\[1\]"):
        evaluate(parse("W[2] @ A[1]"), short)
    with pytest.raises(AxisError, match=r"unit\[2\] has 3 entries in Z\[2\], but 4 in b\[2\]"):
        evaluate(parse("Z[2] + b[2]"), {name: short[name] for name in ("Z[2]", "b[2]")})
    with pytest.raises(AxisError, match=r"unit\[2\] has 4 entries in b\[2\], but 3 in Z\[2\]"):
        evaluate(parse("exp(b[2]) * Z[2]"), {name: short[name] for name in ("b[2]", "Z[2]")})


def test_a_size_of_1_is_a_size_like_any_other():
    with pytest.raises(AxisError, match=r"unit\[2\] has 3 entries in Z\[2\], but 1 in b\[2\]"):
        evaluate(parse("Z[2] + b[2]"), {"Z[2]": Z, "b[2]": np.ones(1)})
    with pytest.raises(AxisError, match=r"unit\[1\] has 2 entries in W\[2\], but 1 in A\[1\]"):
        evaluate(parse("W[2] @ A[1]"), {"W[2]": W, "A[1]": np.ones((1, 5))})


def test_too_few_dimensions_name_the_axes():
    with pytest.raises(AxisError, match=r"Z\[2\] has the axes \(unit\[2\], example\), but its array has the shape \(3,\)"):
        evaluate(parse("Z[2]"), {"Z[2]": b})


def test_what_is_unknown_names_the_nearest():
    with pytest.raises(HandgradError, match=r"W\[3\] has no value. did you mean 'W\[2\]'\?"):
        evaluate(parse("W[3] @ A[2]"), VALUES)
    with pytest.raises(HandgradError, match=r"the function sigmiod is not known. did you mean 'sigmoid'\?"):
        evaluate(parse("sigmiod(Z[2])"), VALUES, functions())
    with pytest.raises(HandgradError, match=r"x has no value. no values were given"):
        evaluate(parse("x"), {})
    with pytest.raises(HandgradError, match="the size of example is not known"):
        evaluate(parse("x / m"), {"x": 1.0})


def test_functions_are_formulas_or_callables_with_or_without_a_layer():
    double = Formula(("z", "factor"), parse("factor * z"), {"factor": 2})
    np.testing.assert_array_equal(evaluate(parse("g[2](Z[2])"), VALUES, {"g[2]": double}), 2 * Z)
    np.testing.assert_array_equal(evaluate(parse("g[2](Z[2], x)"), VALUES, {"g": double}), x * Z)
    np.testing.assert_array_equal(evaluate(parse("h(Z[2])"), VALUES, {"h": np.floor}), np.floor(Z))
    np.testing.assert_array_equal(evaluate(parse("h''(Z[2])"), VALUES, {"h''": np.ceil}), np.ceil(Z))
    with pytest.raises(HandgradError, match=r"g takes z, factor, but 3 were given"):
        evaluate(parse("g(Z[2], 1, 2)"), VALUES, {"g": double})


def test_a_formulas_parameters_do_not_leak_into_the_formulas_that_it_calls():
    inner = Formula(("z",), parse("z + alpha"))
    outer = Formula(("z", "alpha"), parse("inner(2 * z)"))
    assert evaluate(parse("outer(x, 100)"), {"x": 1.0, "alpha": 7.0}, {"inner": inner, "outer": outer}) == 9


def test_infinities_are_values_and_warn_of_nothing():
    values = {"Z[1]": np.array([[-1e4, 0.0, 1e4]])}
    np.testing.assert_array_equal(evaluate(parse("exp(Z[1])"), values), [[0, 1, np.inf]])
    np.testing.assert_array_equal(evaluate(parse("log(max(Z[1], 0))"), values)[0, :2], [-np.inf, -np.inf])
    assert evaluate(parse("1 / x"), {"x": 0.0}) == np.inf
    assert evaluate(parse("exp(1000)"), {}) == np.inf
    assert np.isnan(evaluate(parse("0 / 0"), {}))


@pytest.mark.parametrize("x", [np.linspace(-6, 6, 40_001), np.logspace(-300, -1, 200)], ids=["wide", "tiny"])
def test_the_error_function(x):
    assert np.abs(erf(x) - special.erf(x)).max() <= 1e-15
    assert np.abs(erf(x) - np.array([math.erf(v) for v in x])).max() <= 1e-15
    np.testing.assert_allclose(erf(x), special.erf(x), rtol=1e-14)


def test_the_complementary_error_function():
    x = np.linspace(-6, 26, 40_001)
    np.testing.assert_allclose(erfc(x), [math.erfc(v) for v in x], rtol=1e-13)
    np.testing.assert_allclose(erfc(x), special.erfc(x), rtol=1e-13)
    np.testing.assert_array_equal(evaluate(parse("erfc(v)"), {"v": np.array([40.0, 1e300])}), 0)


def test_the_error_functions_far_out_and_at_no_number():
    ends = np.array([-np.inf, -1e4, 0.0, 1e4, np.inf])
    np.testing.assert_array_equal(evaluate(parse("erf(v)"), {"v": ends}), [-1, -1, 0, 1, 1])
    np.testing.assert_array_equal(evaluate(parse("erfc(v)"), {"v": ends}), [2, 2, 1, 0, 0])
    assert np.isnan(evaluate(parse("erf(v)"), {"v": np.array([np.nan])})).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_error_functions_keep_their_precision(dtype):
    x = np.linspace(-5, 5, 101).astype(dtype)
    assert erf(x).dtype == erfc(x).dtype == dtype
    np.testing.assert_allclose(erf(x), special.erf(x), rtol=4 * np.finfo(dtype).eps + 1e-14)
