"""explain: documents about iterations, their parts and formats; and bad input, which is one clear error."""

import json
import re

import numpy as np
import pytest
from draws import HIDDEN, model_of, problem
from explained import explained, parts, pen_of

from handgrad.calculus.notation import NOTATIONS
from handgrad.calculus.unicode import Unicode
from handgrad.calculus.written import (
    Dots,
    Equals,
    Grid,
)
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.derivation import derive, following
from handgrad.document.blocks import Aside, Formula, HeatMap, Paragraph
from handgrad.document.terminal import to_text
from handgrad.errors import HandgradError
from handgrad.explain import explain
from handgrad.explain.inputs import explain_model
from handgrad.explain.matrices import Summary, grid, heat_map, plain
from handgrad.network import Network, Parameters

SMALL = Network("2-3:tanh-1:sigmoid")


def test_iterations_follow_the_update_rule_with_its_state():
    network = Network("3-4:tanh-2")
    drawn = problem(network, 3)
    found = explain(network, drawn.parameters, drawn.X, drawn.Y, optimiser="adam", iterations=3, learning_rate=0.01)
    derivation = derive(network, optimiser="adam")
    values = {**derivation.values(drawn.parameters, drawn.X, drawn.Y), **derivation.first_state(drawn.parameters), "alpha": 0.01}
    losses = []
    for t in range(1, 4):
        values = derivation.evaluate({**values, "t": float(t)})
        losses.append(float(values["J"]))
        kept = {"X", "Y", "alpha"}
        moved = {key: values[following(key)] for key in (*drawn.parameters.arrays(), *derivation.state)}
        values = {key: value for key, value in values.items() if key in kept} | moved
    assert [i.loss for i in found.iterations] == losses
    for key, array in found.after.arrays().items():
        assert np.array_equal(array, values[key])
    assert found.iterations[1].loss == found.iterations[0].loss_after
    assert np.array_equal(found.before.buffer, drawn.parameters.buffer)
    assert [step.iteration for step in found.steps] == [n for n in (1, 2, 3) for _ in derivation]


def test_steps_hold_shapes_operands_and_values():
    found = explained(SMALL)
    step = next(step for step in found.steps if step.equation.id == "Z1")
    assert step.shape == (3, 3)
    assert set(step.operands) == {"W[1]", "A[0]", "b[1]"}
    assert np.allclose(step.operands["W[1]"] @ step.operands["A[0]"] + step.operands["b[1]"][:, None], step.value)
    assert {step.value.dtype for step in found.steps} == {np.dtype(np.float64)}


def test_float32_parameters_are_computed_in_float64():
    parameters = Parameters.draw(SMALL, 0, dtype=np.float32)
    found = explain(SMALL, parameters, [[0.1, 0.2]], [1])
    assert {np.asarray(value).dtype for value in found.iterations[0].values.values()} == {np.dtype(np.float64)}


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_worked_neuron_by_hand():
    """z = 0.5·1 + 0.25·4 + 0.5 = 2, and back: δ = 2 (2 - 1) = 2, dw_1 = 2·1, w_1 := 0.5 - 0.1·2."""
    network = Network("2-1", loss="squared_error")
    found = explain(network, Parameters.given(network, [[[0.5, 0.25]]], [[0.5]]), [[1, 4]], [1])
    text = " ".join(to_text(found.neuron(1, 1)).split())
    assert "z[1]_1 = w[1]_11 a[0]_1 + w[1]_12 a[0]_2 + b[1]_1 = 0.5 · 1 + 0.25 · 4 + 0.5 = 2" in text
    text = to_text(found.weight(1, 1, 2))
    assert "dw[1]_12 = dz[1]_1 a[0]_2 = 2 · 4 = 8" in text
    assert "w[1]_12 := w[1]_12 - α dw[1]_12 = 0.25 - 0.1 · 8 = -0.55" in text
    assert re.search(r"w\[1\]_12 of layer 1: 0.25 → -0.55, because its gradient is δ · a = 2 · 4 = 8", text)
    text = to_text(found.bias(1, 1))
    assert "b[1]_1 := b[1]_1 - α db[1]_1 = 0.5 - 0.1 · 2 = 0.3" in text
    assert "J = ℓ" not in text


def test_a_matrix_line_by_hand():
    network = Network("2-2:relu-1", loss="squared_error")
    parameters = Parameters.given(network, [[[1, -1], [0.5, 2]], [[1, 0.5]]], [[0, 1], [0]])
    text = explain(network, parameters, [[2, 1]], [3]).to_text()
    assert "= ⎡1    -1⎤ ⎡2⎤ + ⎡0⎤ = ⎡1⎤      2 × 2, 2 × 1 and 2 × 1 give 2 × 1" in text
    assert "  ⎣0.5   2⎦ ⎣1⎦   ⎣1⎦   ⎣4⎦" in text


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -2.5, 0.1234567, -1234.567, 1e-17, -3.00004e-9, 6.02214e23, 0.99999999])
@pytest.mark.parametrize("digits", [1, 4, 9])
def test_numbers_on_the_page_are_correctly_rounded(value, digits):
    for shown in (plain(value, digits), Unicode(NOTATIONS["ng"]).text(grid(np.asarray(value), digits))):
        mantissa, _, power = shown.partition(" · 10")
        if shown.startswith("10") and not shown.isdigit():
            mantissa, power = "1", shown[2:]
        exponent = power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")) or "0"
        assert float(f"{mantissa}e{exponent}") == float(f"{value:.{digits}g}")
        assert (shown == "0") == (value == 0)


def test_a_long_sum_keeps_its_largest_terms_and_says_what_is_left_out():
    found = explained(Network("20-2:tanh-1"))
    entry = pen_of(found).entries.equation(found.derivation["Z1"], dict.fromkeys(found.derivation["Z1"].left.axes, 1))[1]
    (missing,) = entry.left_out
    assert missing.count == 14
    assert sum(isinstance(part, Dots) for part in parts(entry.numbers)) == 1
    terms = found.before.W[1][0] * np.asarray(found.iterations[0].start["X"])[:, 0]
    assert missing.total == pytest.approx(np.sort(np.abs(terms))[:14] @ np.sign(terms[np.argsort(np.abs(terms))[:14]]))
    assert "⋯ stands for 14 more terms, together" in " ".join(to_text(found.neuron(1, 1)).split())


def test_large_networks_are_summarised():
    network = Network("64-32-10")
    found = problem(network, 0, 3)
    document = explain(network, found.parameters, found.X, found.Y).document()
    assert any(isinstance(block, HeatMap) for block in document.blocks)
    lines = to_text(document, 100).splitlines()
    assert len(lines) < 260
    assert max(map(len, lines)) <= 100
    grids = [
        g for b in document.blocks if isinstance(b, Formula) for line in b.lines for g in parts(line.right) if isinstance(g, Grid)
    ]
    assert all(len(g.rows) <= 6 and len(g.rows[0]) <= 8 for g in grids)


@pytest.mark.parametrize("shape", [(3, 40), (40, 3), (30, 200), (1, 9), (9, 1)])
def test_summaries_and_heat_maps_hold_what_the_array_holds(shape):
    array = np.random.default_rng(0).standard_normal(shape)
    array[0, 0] = 0
    ((place, value),) = Summary(array).largest(1)
    assert array[tuple(i - 1 for i in place)] == value
    assert abs(value) == np.abs(array).max()
    shown = heat_map(array, "rows", "columns")
    assert len(shown.values) <= 16
    assert len(shown.values[0]) <= 48
    blocks = np.array(shown.values)
    if min(shape) <= 16 and max(shape) <= 48:
        assert np.array_equal(np.sort(blocks, axis=None), np.sort(array, axis=None))
    assert np.abs(blocks).max() <= np.abs(array).max()


def test_summaries_of_numbers_that_are_not_finite():
    words = Summary(np.array([np.nan, np.inf, 2.0] * 5)).words(("unit",), 4)
    assert words.startswith("10 of 15 entries are not finite; from 2 to 2")


def test_a_deep_network_shows_the_first_and_the_last_layers_and_all_with_full():
    network = Network("3-" + "4:tanh-" * 9 + "2:tanh", loss="squared_error")
    found = problem(network, 0, 2)
    explanation = explain(network, found.parameters, found.X, found.Y)
    labels = lambda document: {line.label for b in document.blocks if isinstance(b, Formula) for line in b.lines}  # noqa: E731
    short, whole = labels(explanation.document()), labels(explanation.document(full=True))
    assert {"Z1", "Z9", "Z10", "dW1"} <= short
    assert "Z5" not in short
    assert {f"Z{layer}" for layer in range(1, 11)} <= whole
    assert "Layers 2 to 8 work in the same way" in explanation.to_text()
    assert "Layer by layer" in explanation.to_text()


def test_every_iteration_is_in_the_table_or_in_full():
    found = explained(SMALL, iterations=3)
    text = found.to_text()
    assert "From iteration to iteration" in text
    assert "Forward pass of iteration 3" not in text
    assert "Forward pass of iteration 3" in to_text(found.document(full=True))
    for iteration in found.iterations:
        assert plain(iteration.loss) in text


def test_what_moved_most():
    found = explained(Network("3-4:relu-2"), iterations=2)
    change = {key: np.abs(found.after.arrays()[key] - array) for key, array in found.before.arrays().items()}
    assert len(found.moved) == 5
    assert abs(found.moved[0].change) == max(array.max() for array in change.values())
    sizes = [abs(moved.change) for moved in found.moved]
    assert sizes == sorted(sizes, reverse=True)
    for moved in found.moved:
        at = (moved.j - 1,) if moved.k is None else (moved.j - 1, moved.k - 1)
        assert found.before.arrays()[f"{moved.name}[{moved.layer}]"][at] == moved.before
        assert plain(moved.gradients[0]) in moved.why
        assert plain(moved.gradients[-1]) in moved.why


@pytest.mark.parametrize("one_over_m", ["dW", "dZ"])
@pytest.mark.parametrize("weights", [None, [1, 2, 0.5]])
def test_what_the_examples_give_to_a_gradient_is_the_gradient(one_over_m, weights):
    drawn = problem(Network("3-4:tanh-2"), 1, 3)
    found = explain(drawn.network, drawn.parameters, drawn.X, drawn.Y, one_over_m=one_over_m, sample_weight=weights)
    for layer, j, k in ((1, 2, 3), (2, 1, 4), (1, 4, None)):
        document = found.weight(layer, j, k) if k else found.bias(layer, j)
        given = sum(example["contribution"] for example in document.data["examples"])
        assert given == pytest.approx(document.data["gradients"][0], rel=1e-12)


@pytest.mark.parametrize("notation", NOTATIONS)
def test_an_example_alone(notation):
    for one_over_m in ("dW", "dZ"):
        found = explained(Network("3-4:relu-2"), notation=notation, one_over_m=one_over_m)
        text = to_text(found.example(2))
        assert plain(found.iterations[0].losses[1]) in text
        for value in np.asarray(found.iterations[0].values["Z[1]"])[:, 1]:
            assert plain(value) in text


def test_the_example_that_is_named_pulls_the_most_its_way():
    found = explained(Network("3-4:tanh-2"), samples=12)
    for moved in found.moved:
        document = found.bias(moved.layer, moved.j) if moved.k is None else found.weight(moved.layer, moved.j, moved.k)
        parts_of = [example["contribution"] * np.sign(moved.gradient) for example in document.data["examples"]]
        assert int(re.search(r"from example (\d+)", moved.why)[1]) == 1 + int(np.argmax(parts_of))


def test_l2_and_its_share_in_a_gradient():
    network = Network("2-2:tanh-1", l2=50)
    found = explain(network, Parameters.draw(network, 0), [[0.1, 0.2]], [0.3], learning_rate=0.001)
    assert any("L2 penalty" in moved.why for moved in found.moved)


def test_numbers_that_overflow_are_said_to_be_computed_otherwise():
    network = Network("1-1:sigmoid")
    found = explain(network, Parameters.given(network, [[[100.0]]]), [[10.0]], [1])
    assert found.loss == 0
    assert any("an equal form" in str(b.words) for b in found.document().blocks if isinstance(b, Paragraph))


def test_a_run_that_diverges_is_told_and_ends():
    network = Network("2-3:identity-1", loss="squared_error")
    found = explain(network, Parameters.draw(network, 0), [[50, 20], [3, 4]], [1, 2], learning_rate=10, iterations=60)
    assert len(found.iterations) < 60
    document = found.document(full=True)
    assert any(isinstance(block, Aside) and block.kind == "warning" for block in document.blocks)
    assert "NaN" in to_text(document) or "∞" in to_text(document)
    json.loads(found.to_json())


# ── formats ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_format_of_every_part():
    from handgrad.document.formats import FORMATS, write

    found = explained(Network("3-4:relu-2"), iterations=2, optimiser="momentum")
    for document in (found.document(), found.neuron(1, 2, 3), found.weight(1, 2, 3), found.bias(2, 1), found.example(3)):
        for name in FORMATS:
            assert len(write(document, name)) > 200
    assert found.to_markdown().startswith("# ")
    assert r"\documentclass" in found.to_latex()
    assert "<html" in found.to_html()
    assert found._repr_html_()
    assert found._repr_latex_().startswith("$$")


def test_json_is_the_numbers_to_the_last_bit():
    found = explained(SMALL, iterations=2)
    data = json.loads(found.to_json())
    steps = {step["quantity"]: step for step in data["iterations"][0]["steps"]}
    for key, value in found.iterations[0].values.items():
        if key in steps:
            assert np.array_equal(np.array(steps[key]["value"]), np.asarray(value)), key
    assert data["iterations"][1]["loss_after"] == found.loss_after
    assert data["after"]["W[1]"] == found.after.W[1].tolist()


# ── a trained model ──────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_of_a_model_are_scaled_and_answered_in_its_own_words():
    model = model_of(Network("3-4:tanh-3"))
    X = [[0.1, 2, 2.1], [1, -3, 2]]
    found = explain_model(model, X, ["class 0", "class 2"], labels=["row 4", "row 9"])
    assert np.allclose(found.predictions, model.outputs(X), rtol=1e-12)
    text = found.to_text()
    for label, predicted in zip(("row 4", "row 9"), model.predict(X), strict=True):
        line = next(line for line in text.splitlines() if label in line)
        assert f"class {predicted}" in line
    with pytest.raises(HandgradError, match="there is no class 'class 7'"):
        explain_model(model, X, ["class 0", "class 7"])
    with pytest.raises(HandgradError, match="3"):
        explain_model(model, [[1, 2]], ["class 0"])


def test_rows_of_a_regression_are_answered_in_its_own_units():
    model = model_of(Network("3-4:tanh-1", loss="squared_error"))
    X, y = [[0.1, 2, 2.1], [1, -3, 2]], [9.5, 1.25]
    found = explain_model(model, X, y)
    assert np.allclose(found.iterations[0].start["Y"], (np.array([y]) - 7) / 3)
    text = found.to_text()
    for raw in model.outputs(X)[:, 0]:
        assert plain(raw) in text
    assert "9.5" in text


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"learning_rate": 0}, "above 0, but 0"),
        ({"learning_rate": float("nan")}, "above 0, but nan"),
        ({"learning_rate": "fast"}, "above 0, but 'fast'"),
        ({"iterations": 0}, "1 or more, but 0"),
        ({"iterations": 1.5}, "1 or more, but 1.5"),
        ({"digits": 0}, "from 1 to 15, but 0"),
        ({"notation": "neilsen"}, "did you mean 'nielsen'"),
        ({"optimiser": "adan"}, "did you mean 'adam'"),
        ({"one_over_m": "dB"}, "dB"),
        ({"X": [[1, 2, 3]]}, "2 inputs"),
        ({"X": [[1, 2], [3]]}, "X is no array"),
        ({"X": [["a", "b"]]}, "X holds numbers"),
        ({"Y": [1, 2]}, "Y has 2"),
        ({"Y": [3]}, "targets in"),
        ({"sample_weight": [-1]}, "not negative"),
        ({"network": "2-4-1:sigmoid"}, "parameters are those of"),
        ({"network": "2-3:tnah-1"}, "did you mean 'tanh'"),
        ({"notation": 3}, "the name of one, but 3"),
        ({"optimiser": 3}, "there is no optimiser 3"),
        ({"parameters": {"W": 1}}, "but {'W': 1} was given"),
        ({"parameters": None}, "made by Parameters.draw(network, 0)"),
        ({"parameters": Parameters(SMALL, np.full(SMALL.size, np.nan))}, "but W[1] holds NaN or infinity"),
    ],
)
def test_bad_options_are_one_clear_error(change, says):
    given = {"network": SMALL, "parameters": Parameters.draw(SMALL, 0), "X": [[1, 2]], "Y": [1], **change}
    with pytest.raises(HandgradError, match=re.escape(says)):
        explain(given.pop("network"), given.pop("parameters"), given.pop("X"), given.pop("Y"), **given)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda e: e.neuron(3, 1), "layers are counted from 1 to 2, but layer 3"),
        (lambda e: e.neuron(1, 4), "units of layer 1 are counted from 1 to 3, but unit 4"),
        (lambda e: e.neuron(1, 0), "but unit 0"),
        (lambda e: e.neuron(1, 1, 4), "examples are counted from 1 to 3, but example 4"),
        (lambda e: e.weight(1, 1, 3), "inputs are counted from 1 to 2, but input 3"),
        (lambda e: e.weight(2, 1, 4), "units of layer 1 are counted from 1 to 3, but unit 4"),
        (lambda e: e.weight(2, 1.0, 1), "but unit 1.0"),
        (lambda e: e.bias(0, 1), "but layer 0"),
        (lambda e: e.example(-1), "but example -1"),
    ],
)
def test_parts_that_are_not_there(ask, says):
    with pytest.raises(HandgradError, match=re.escape(says)):
        ask(explained(SMALL))


@pytest.mark.parametrize("hidden", HIDDEN)
def test_every_hidden_activation_has_documents(hidden):
    found = explained(Network([2, 2, 2], [hidden, "softmax"]), samples=2)
    assert ACTIVATIONS[hidden].name in to_text(found.neuron(1, 1))
    assert len(found.document().blocks) > 20


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize(
    "network", [Network("2-1"), Network("3-2", loss="squared_error"), Network("2-3:softmax", loss="squared_error")]
)
def test_networks_of_one_layer_have_documents(network, notation):
    found = explained(network, notation=notation, samples=2)
    assert max(map(len, found.to_text(80).splitlines())) <= 80
    assert found.neuron(1, 1).blocks


def test_one_line_holds_symbols_numbers_and_result_where_they_fit():
    found = explained(Network("1-1:identity"), samples=1)
    block = pen_of(found).entry("Z1", j=1, example=1)
    (line,) = block.lines
    assert isinstance(line.right, Equals)
