"""Every notation evaluates, as NumPy source, to what is meant; and a reader sees what a reader of the field expects."""

import itertools

import latex2mathml.converter
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad.calculus.equation import Equation
from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import Call, Derivative, Expression, Reduction, key_of, symbol
from handgrad.calculus.functions import erf, erfc
from handgrad.calculus.indices import EXAMPLE, unit
from handgrad.calculus.notation import CHOICES, NOTATIONS, Notation, find_notation
from handgrad.calculus.parser import parse
from handgrad.calculus.rendering import render
from handgrad.calculus.writer import NoMatrixFormError
from handgrad.derivation import derive
from handgrad.errors import AxisError, HandgradError
from handgrad.network import Network, Parameters

NETWORKS = (
    Network("3-5:relu-2:sigmoid", l2=0.1),
    Network("3-4:elu(alpha=0.5)-5:gelu-2", label_smoothing=0.1),
    Network("3-4:tanh-2:softmax", loss="squared_error"),
    Network("3-4:mish-5:hard_sigmoid-2:softplus", loss="poisson"),
    Network("3-2", loss="huber(delta=0.5)"),
)
ALL = [
    Notation(form=form, examples=examples, weights=weights, gradient=gradient)
    for form, examples, weights, gradient in itertools.product(
        ("matrix", "index"), ("columns", "rows", "single", "indexed"), CHOICES["weights"], CHOICES["gradient"]
    )
]


def stored(array, axes, notation):
    """The array of a quantity as a program in this notation holds it."""
    array = np.asarray(array, float)
    if notation.form == "index":
        return array[..., 0] if notation.examples == "single" and EXAMPLE in axes else array
    if len(axes) == 2 and EXAMPLE not in axes:
        return array if notation.weights == "out_in" else array.T
    if len(axes) == 1:
        array = array[None, :] if axes[0] == EXAMPLE else array[:, None]
    return array.T if axes and notation.examples == "rows" else array


def namespace(values, functions, notation):
    """Everything that a program in this notation needs, under the names that it gives them."""
    found = {"np": np, "erf": erf, "erfc": erfc, "m": 1.0 if notation.examples == "single" else 4.0}
    for name in functions:
        found[name.replace("'", "_prime")] = lambda *z, name=name: evaluate(
            Call(name.rstrip("'"), tuple(map(symbol, "zpq"[: len(z)])), None, name.count("'")),
            dict(zip("zpq", z, strict=False)),
            functions,
        )
    for key, value in values.items():
        if ", t" in key or ("(" in key and not key.startswith("derivative")):
            continue
        quantity = parse(key)
        if isinstance(quantity, Derivative | type(symbol("m"))):
            axes = quantity.axes or (() if np.ndim(value) == 0 else (unit(0), EXAMPLE))
            found[render(quantity, notation, "numpy")] = stored(value, axes, notation)
    return found


def values_of(network, examples):
    rng = np.random.default_rng(3)
    parameters = Parameters(network, rng.standard_normal(network.size))
    X, Y = rng.standard_normal((examples, network.widths[0])), rng.uniform(0.1, 0.9, (examples, network.widths[-1]))
    values = derive(network).values(parameters, X, Y / Y.sum(axis=1, keepdims=True))
    return derive(network).evaluate({**values, "alpha": 0.1})


@pytest.mark.parametrize("notation", ALL, ids=lambda n: f"{n.form}-{n.examples}-{n.weights}-{n.gradient}")
@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_every_equation_evaluates_as_source_to_what_is_meant(network, notation):
    derivation = derive(network)
    values = values_of(network, 1 if notation.examples == "single" else 4)
    names = namespace(values, derivation.functions, notation)
    for equation in derivation:
        target, _, source = derivation.render(equation.id, notation, "numpy").partition(" = ")
        found = eval(source, names)  # source that we made ourselves
        expected = values[key_of(equation.left)] if not isinstance(equation.left, Call) else values[equation.left.key]
        expected = stored(expected, equation.left.axes, notation)
        assert np.allclose(found, expected, rtol=1e-10, atol=1e-12), f"{equation.id}: {target} = {source}"


STYLES = [Notation(layer=layer, elementwise=sign, weighted=True) for layer in CHOICES["layer"] for sign in CHOICES["elementwise"]]


@st.composite
def meant(draw, depth=3):
    """An expression over two layers of different widths, in which products are sometimes summed."""
    leaves = ["W[1]", "W[2]", "b[1]", "b[2]", "Z[1]", "Z[2]", "A[0]", "A[1]", "dZ[2]", "dA[1]", "alpha", "m", "2", "share"]
    if depth == 0:
        return parse(draw(st.sampled_from(leaves)))
    left, right = draw(meant(depth=depth - 1)), draw(meant(depth=draw(st.integers(0, depth - 1))))
    build = draw(st.sampled_from(["+", "-", "*", "@", "sum", "mean", "neg", "abs", "leaf", "square"]))
    try:
        match build:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "@":
                return left @ right
            case "neg":
                return -left
            case "abs":
                return Call("abs", (left,))
            case "square":
                return left**2
            case "leaf":
                return right
            case kind:
                return Reduction(kind, (draw(st.sampled_from(left.axes)),), left) if left.axes else left
    except AxisError:
        return left


VALUES = {
    name: np.random.default_rng(sum(map(ord, name))).uniform(-2, 2, shape)
    for name, shape in {
        "W[1]": (3, 2), "W[2]": (4, 3), "b[1]": 3, "b[2]": 4, "Z[1]": (3, 5), "Z[2]": (4, 5), "A[0]": (2, 5), "A[1]": (3, 5),
        "dZ[2]": (4, 5), "dA[1]": (3, 5), "alpha": (),
    }.items()
}  # fmt: skip


@given(meant(), st.sampled_from([n for n in ALL if n.examples != "single"]))
@settings(max_examples=300, deadline=None)
def test_any_expression_evaluates_as_source_to_what_is_meant(expression: Expression, notation: Notation):
    equation = Equation("any", symbol("R", on=expression.axes), expression, "")
    try:
        source = render(equation, notation, "numpy").partition(" = ")[2]
    except NoMatrixFormError:
        assert notation.form == "matrix"
        return
    names = namespace(VALUES, {}, notation) | {"m": 5.0, "n0": 2.0, "n1": 3.0, "n2": 4.0}
    found = eval(source, names)  # source that we made ourselves
    expected = evaluate(expression, VALUES, axes=expression.axes)
    expected = np.broadcast_to(expected, np.broadcast_shapes(expected.shape, (1,) * len(expression.axes)))
    if notation.form == "matrix" and len(expression.axes) == 2 and EXAMPLE not in expression.axes:
        first, second = expression.axes  # a matrix over two layers stands as W does
        ahead = first.layer.number > second.layer.number
        expected = expected if ahead == (notation.weights == "out_in") else expected.T
    elif notation.form == "matrix":
        order = expression.axes
        expected = expected.T if order[:1] == (EXAMPLE,) and len(order) == 2 else expected
        expected = stored(expected, order[::-1] if order[:1] == (EXAMPLE,) and len(order) == 2 else order, notation)
    assert np.allclose(
        np.broadcast_to(found, np.broadcast_shapes(np.shape(found), expected.shape)), expected, rtol=1e-9, atol=1e-9
    ), source


@given(meant(), st.sampled_from([*NOTATIONS.values(), *STYLES]))
@settings(max_examples=200, deadline=None)
def test_whatever_is_meant_can_be_written(expression, notation):
    assert render(expression, notation).count("(") == render(expression, notation).count(")")
    latex = render(expression, notation, "latex")
    assert scripts_stand_once(latex), latex
    assert "<math" in latex2mathml.converter.convert(latex)


def scripts_stand_once(latex):
    """Whether no base has two superscripts or two subscripts, which TeX refuses."""
    seen, position = [set()], 0
    while position < len(latex):
        sign = latex[position]
        if sign in "^_" and latex[position - 1 : position] != "\\":
            if sign in seen[-1]:
                return False
            seen[-1].add(sign)
            position += 1
            if latex[position] == "{":  # the script itself, with scripts of its own
                seen.append(set())
        elif sign == "{":
            seen.append(set())
            seen[-2].clear()
        elif sign == "}":
            seen.pop()
        else:
            seen[-1].clear()
        position += 1
    return True


@pytest.mark.parametrize(
    ("latex", "once"), [("a^{b}^{c}", False), ("a_{j}^{b_{i}}", True), ("a^{b} c^{d}", True), ("{a^{b}}^{c}", True)]
)
def test_the_check_of_scripts_can_fail(latex, once):
    assert scripts_stand_once(latex) == once


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_every_equation_is_latex_that_can_be_read(network, notation):
    derivation = derive(network)
    for equation in derivation:
        latex = derivation.render(equation.id, notation, "latex")
        assert scripts_stand_once(latex), latex
        assert "<math" in latex2mathml.converter.convert(latex)


@pytest.mark.parametrize(
    ("meaning", "notation", "form", "expected"),
    [
        ("sum(unit[l-1]: W[l] * A[l-1]) + b[l]", "ng", "latex", "W^{[l]} A^{[l-1]} + b^{[l]}"),
        ("mean(example: dZ[l] * A[l-1])", "ng", "latex", r"\frac{1}{m} dZ^{[l]} A^{[l-1]T}"),
        ("mean(example: dZ[l] * A[l-1])", "rows", "latex", r"\frac{1}{m} A_{l-1}^{T} dZ_{l}"),
        ("mean(example: dZ[l] * A[l-1])", "nielsen", "unicode", "δˡ (aˡ⁻¹)ᵀ"),
        ("mean(example: dZ[l] * A[l-1])", "index", "latex", r"\delta_{j}^{(l)} a_{k}^{(l-1)}"),
        ("sum(unit[L]: W[L] * dZ[L]) * g'[L-1](Z[L-1])", "ng", "unicode", "(W[L]ᵀ dZ[L]) ⊙ g'[L-1](Z[L-1])"),
        (
            "sum(unit[L]: W[L] * dZ[L]) * g'[L-1](Z[L-1])",
            "index",
            "latex",
            r"\left(\sum_{j} w_{jk}^{(L)} \delta_{j}^{(L)}\right) g^{(L-1)\prime}(z_{k}^{(L-1)})",
        ),
        ("A[L] * (delta(unit[L], unit[L]') - A[L]{unit[L]', example})", "index", "unicode", "a⁽ᴸ⁾_j (1[j = k] - a⁽ᴸ⁾_k)"),
        ("exp(z)^2", "ng", "latex", "(e^{z})^{2}"),
        ("mean(example: ell)", Notation(weighted=True), "unicode", "Σ_examples ℓ ⊙ (ω / (Σ_examples ω))"),
        ("(Z[1] + A[1])^2 / 2", "ng", "unicode", "(Z[1] + A[1])² / 2"),
        ("where(z >= 0, z, alpha * z)", "ng", "unicode", "{z if z ≥ 0, else α z}"),
        ("mean(example: dZ[2])", "rows", "numpy", "1 / m * np.sum(dZ2, axis=0, keepdims=True)"),
        ("sum(unit[1]: W[2] * A[1])", Notation(form="index"), "numpy", 'np.einsum("jk,ki->ji", W2, A1)'),
    ],
)  # fmt: skip
def test_equations_look_as_the_field_writes_them(meaning, notation, form, expected):
    assert render(parse(meaning), notation, form) == expected


def test_a_derivation_writes_activations_by_their_symbols():
    derivation = derive(Network("4-3:relu-1:sigmoid"))
    assert derivation.render("A2", "ng", "latex") == r"A^{[2]} = \sigma(Z^{[2]})"
    assert derivation.render("dW1") == "dW[1] = 1/m dZ[1] A[0]ᵀ"
    assert derivation.render("update_b2", "ng", "latex") == r"b^{[2]} := b^{[2]} - \alpha db^{[2]}"


def test_unknown_notations_and_choices_are_named():
    with pytest.raises(HandgradError, match="did you mean 'nielsen'"):
        find_notation("nielson")
    with pytest.raises(HandgradError, match="columns, rows, single"):
        Notation(examples="diagonal")
    with pytest.raises(HandgradError, match="did you mean 'layer'"):
        Notation().but(layers="(l)")
    with pytest.raises(HandgradError, match="did you mean 'latex'"):
        render(parse("z"), "ng", "latx")
    with pytest.raises(HandgradError, match="numbered layers"):
        render(parse("W[l]"), "ng", "numpy")


def test_definitions_say_what_each_activation_is():
    derivation = derive(Network("2-2:leaky_relu(0.2)-2:leaky_relu(0.3)-2:tanh-2:relu-1"))
    shown = [render(definition) for definition in derivation.definitions]
    assert shown == [
        "leaky_relu(z, 0.2) = {z if z > 0, else 0.2 z}",
        "leaky_relu(z, 0.3) = {z if z > 0, else 0.3 z}",
        "relu(z) = max(0, z)",
        "identity(z) = z",
    ]


def test_numpy_source_of_slopes_and_definitions_is_python():
    derivation = derive(Network("2-2:relu-1:sigmoid"))
    assert derivation.render("slope1", "rows", "numpy") == "slope1 = np.where(Z1 > 0, 1, 0)"
    assert [render(d, "ng", "numpy") for d in derivation.definitions] == [
        "def relu(z): return np.maximum(0, z)",
        "def sigmoid(z): return 1 / (1 + np.exp(-z))",
    ]


@pytest.mark.parametrize(
    ("meaning", "unicode", "latex"),
    [
        ("2 * 3 * Z[1]", "2 · 3 Z[1]", r"2 \cdot 3 Z^{[1]}"),
        ("1e-5 * z", "10⁻⁵ z", "10^{-5} z"),
        ("1.5e-7^2", "(1.5 · 10⁻⁷)²", r"(1.5 \cdot 10^{-7})^{2}"),
        ("(a / (b + c)) * d", "(a / (b + c)) d", r"\frac{a}{b + c} d"),
        (
            "where(z > 0, 1, 0)^2",
            "({1 if z > 0, else 0})²",
            r"\left(\begin{cases} 1 & \text{if } z > 0 \\ 0 & \text{otherwise} \end{cases}\right)^{2}",
        ),
    ],
)
def test_nothing_written_can_be_read_in_two_ways(meaning, unicode, latex):
    assert (render(parse(meaning)), render(parse(meaning), "ng", "latex")) == (unicode, latex)


def test_a_readers_own_names_come_first():
    assert render(parse("W[1] @ A[0]"), NOTATIONS["index"].but(names={"W": "θ"})) == "Σ_k θ⁽¹⁾_jk a⁽⁰⁾_k"
    assert derive(Network("2-1:tanh")).render("A1", Notation(names={"tanh": "f"}), "latex") == "A^{[1]} = f(Z^{[1]})"
    assert render(parse("W[1] @ A[0]"), Notation(latex={"W": "W^h"}), "latex") == "{W^h}^{[1]} A^{[0]}"
    with pytest.raises(HandgradError, match="would name two quantities"):
        Notation(names={"W": "A"})
