"""health: each illness is found when it is made on purpose, and healthy networks are left alone."""

import numpy as np
import pytest

from handgrad.derivation import derive
from handgrad.explain import explain, health
from handgrad.explain.matrices import plain
from handgrad.network import Network, Parameters

HEALTHY = [
    "4-8-3", "4-16:tanh-3", "4-8:sigmoid-3", "10-16-16-4", "3-6:tanh-6:tanh-1:sigmoid", "8-12:gelu-2", "8-12:leaky_relu-2:sigmoid",
    "6-10:silu-10:silu-5", "5-1:sigmoid", "5-3", "12-20:elu-20:elu-20:elu-3", "6-8:softplus-2:sigmoid", "20-30:selu-30:selu-10",
    "6-8:mish-3", "6-8:hard_sigmoid-3", "6-" + "12:tanh-" * 9 + "3",
]  # fmt: skip
"""Classifiers; the deepest has ten layers."""


def data(network, seed, samples):
    rng = np.random.default_rng([seed, samples])
    X = rng.standard_normal((samples, network.widths[0]))
    if network.loss.simplex:
        return X, rng.integers(0, network.widths[-1], samples)
    return X, rng.integers(0, 2, (samples, network.widths[-1])).astype(float)


def found(network, parameters, X, Y, **options):
    return {finding.kind: finding for finding in explain(network, parameters, X, Y, **options).health}


def kinds_of(spelling, X, Y, scale=1.0, loss=None, **options):
    network = Network(spelling, loss=loss)
    parameters = Parameters.draw(network, 0)
    for layer in parameters.W:
        parameters.W[layer] *= scale
    return found(network, parameters, X, Y, **options)


def regression(samples=20, inputs=4):
    rng = np.random.default_rng(0)
    return rng.normal(size=(samples, inputs)), rng.normal(size=(samples, 1))


def drawn(spelling, seed=0, samples=20, loss=None, **options):
    network = Network(spelling, loss=loss)
    return found(network, Parameters.draw(network, seed), *data(network, seed, samples), **options)


@pytest.mark.parametrize("spelling", HEALTHY)
@pytest.mark.parametrize("samples", [1, 3, 24])
def test_healthy_networks_have_no_warnings(spelling, samples):
    for seed in range(4):
        for optimiser, rate in (("gradient_descent", 0.01), ("adam", 0.001)):
            kinds = drawn(spelling, seed, samples, learning_rate=rate, optimiser=optimiser)
            assert [f.sentence for f in kinds.values() if f.level == "warning"] == []


@pytest.mark.parametrize("loss", ["squared_error", "half_squared_error", "absolute_error", "huber", "log_cosh"])
def test_healthy_regressions_have_no_warnings(loss):
    for seed in range(5):
        network = Network("5-12:tanh-12-2", loss=loss)
        rng = np.random.default_rng(seed)
        kinds = found(
            network, Parameters.draw(network, rng), rng.normal(size=(16, 5)), rng.normal(size=(16, 2)), learning_rate=0.01
        )
        assert [f.sentence for f in kinds.values() if f.level == "warning"] == []


def test_what_is_well_is_said_with_numbers():
    kinds = drawn("4-8:tanh-3", learning_rate=0.01)
    assert {kind for kind, finding in kinds.items() if finding.level == "good"} == {
        "loss_falls",
        "loss_plausible",
        "gradients_flow",
    }
    assert "log 3 = 1.099" in kinds["loss_plausible"].sentence
    assert kinds["gradients_flow"].data["ratio"] == pytest.approx(kinds["gradients_flow"].data["per_layer"])


def test_dead_relus():
    network = Network("3-6-2")
    parameters = Parameters.draw(network, 1)
    parameters.b[1][[1, 4]] = -100
    X, Y = data(network, 0, 25)
    dead = found(network, parameters, X, Y)["dead_units"]
    assert (dead.layer, dead.data["units"], dead.level) == (1, [2, 5], "note")
    assert dead.sentence.startswith("Units 2 and 5 of layer 1 (2 of 6 ReLUs) are inactive on all 25 examples")
    parameters.b[1][:3] = -100
    assert found(network, parameters, X, Y)["dead_units"].level == "warning"
    parameters.b[1][5] = 100
    few = found(network, parameters, X[:1], Y[:1])["dead_units"]
    assert few.level == "note"
    assert "on the one example given" in few.sentence
    assert "on so few examples that is common" in few.sentence
    parameters.b[1][...] = -100
    kinds = found(network, parameters, X, Y)
    assert "nothing below learns" in kinds["dead_units"].sentence
    assert {"zero_gradient", "constant_output"} <= set(kinds)
    assert kinds["zero_gradient"].level == kinds["constant_output"].level == "warning"


@pytest.mark.parametrize(("activation", "scale"), [("sigmoid", 100), ("tanh", 50), ("hard_sigmoid", 50)])
def test_saturated_units(activation, scale):
    network = Network(f"4-10:{activation}-2")
    parameters = Parameters.draw(network, 0)
    assert "saturated" not in found(network, parameters, *data(network, 0, 20))
    parameters.W[1] *= scale
    saturated = found(network, parameters, *data(network, 0, 20))["saturated"]
    assert (saturated.layer, saturated.level) == (1, "warning")
    assert saturated.data["share"] > 0.7
    largest = {"sigmoid": 0.25, "tanh": 1, "hard_sigmoid": 1 / 6}[activation]
    assert saturated.data["largest_slope"] == pytest.approx(largest, rel=1e-6)


def test_an_output_that_is_certain_of_a_wrong_answer():
    X, Y = [[1.0], [-1.0]], [0, 1]
    for loss, level in (("squared_error", "warning"), ("binary_cross_entropy", "note")):
        network = Network("1-1:sigmoid", loss=loss)
        kinds = found(network, Parameters.given(network, [[[12.0]]]), X, Y)
        assert kinds["certain_and_wrong"].level == level
        right = found(network, Parameters.given(network, [[[-12.0]]]), X, Y)
        assert "certain_and_wrong" not in right


def test_vanishing_and_exploding_gradients():
    deep = drawn("4-" + "6:sigmoid-" * 12 + "2", learning_rate=0.01)
    assert deep["vanishing_gradients"].level == "warning"
    assert 0 < deep["vanishing_gradients"].data["per_layer"] < 0.5
    network = Network("4-" + "6:identity-" * 9 + "2", loss="squared_error")
    parameters = Parameters.draw(network, 0)
    for layer in parameters.W:
        parameters.W[layer][...] *= 4
    rng = np.random.default_rng(0)
    kinds = found(network, parameters, rng.normal(size=(8, 4)), rng.normal(size=(8, 2)), learning_rate=1e-12)
    assert kinds["exploding_gradients"].level == "warning"
    sizes = kinds["exploding_gradients"].data["dZ"]
    assert sizes[0] > 1e4 * sizes[-1]


@pytest.mark.parametrize(
    ("rate", "kind", "level"), [(1e-9, "small", "warning"), (1e-5, "small", "note"), (3, "large", "note"), (90, "large", "warning")]
)
def test_updates_too_small_and_too_large(rate, kind, level):
    step = drawn("4-8:tanh-3", learning_rate=rate)[f"update_too_{kind}"]
    assert step.level == level
    assert f"is {kind}" in step.sentence


def test_updates_of_a_usual_size_are_not_mentioned():
    assert not {"update_too_small", "update_too_large"} & set(drawn("4-8:tanh-3", learning_rate=0.01))


def test_a_loss_far_above_guessing():
    network = Network("4-3")
    parameters = Parameters.draw(network, 0)
    parameters.W[1] *= 40
    X, Y = data(network, 0, 30)
    high = found(network, parameters, X, Y)["loss_too_high"]
    assert high.level == "warning"
    assert "guessing all 3 classes alike would give log 3 = 1.099" in high.sentence
    assert high.data["loss"] == pytest.approx(derive(network).loss(parameters, X, Y))
    penalised = Network("4-3", l2=100)  # the penalty is no part of it
    assert "loss_too_high" not in found(penalised, Parameters.draw(penalised, 0), X, Y)
    network = Network("4-2:sigmoid")
    parameters = Parameters.draw(network, 0)
    parameters.W[1] *= 60
    high = found(network, parameters, X, np.tile([0.0, 1.0], (30, 1)))["loss_too_high"]
    assert "guessing ½ would give 2 log 2 = 1.386" in high.sentence


def test_a_loss_that_rises_and_one_that_is_lost():
    network = Network("3-1", loss="squared_error")
    X, Y = [[1.0, 2, 3], [2, 1, 0]], [1.0, 2]
    parameters = Parameters.draw(network, 0)
    rises = found(network, parameters, X, Y, learning_rate=1)["loss_rises"]
    assert (rises.level, rises.data["iteration"]) == ("warning", 1)
    lost = found(network, parameters, X, Y, learning_rate=1e200, iterations=3)["loss_not_finite"]
    assert lost.level == "warning"
    assert "after iteration 1" in lost.sentence


def test_symmetric_weights():
    network = Network("3-4:tanh-2")
    X, Y = data(network, 0, 10)
    zeros = found(network, Parameters(network), X, Y)["symmetric_units"]
    assert (zeros.layer, zeros.data["units"], zeros.level) == (1, [1, 2, 3, 4], "warning")
    assert "all weights are 0" in zeros.sentence
    parameters = Parameters.draw(network, 0)
    parameters.W[1][3] = parameters.W[1][0]
    assert "symmetric_units" not in found(network, parameters, X, Y)  # what they feed into tells them apart
    parameters.W[2][:, 3] = parameters.W[2][:, 0]
    alike = found(network, parameters, X, Y)["symmetric_units"]
    assert alike.data["units"] == [1, 4]
    after = explain(network, parameters, X, Y, iterations=20).after
    assert np.array_equal(after.W[1][3], after.W[1][0])
    parameters.b[1][3] = 0.1
    assert "symmetric_units" not in found(network, parameters, X, Y)


def test_zero_gradients_and_why():
    network = Network("3-4:tanh-2")
    X, Y = data(network, 0, 10)
    parameters = Parameters.draw(network, 0)
    parameters.W[2] *= 0
    zero = found(network, parameters, X, Y)["zero_gradient"]
    assert zero.layer == 1
    assert "since W of layer 2 is 0" in zero.sentence
    network = Network("2-1", loss="squared_error")
    learnt = found(network, Parameters.given(network, [[[1.0, 1.0]]]), [[1, 2], [3, 4]], [3, 7])
    assert learnt["nothing_to_learn"].level == "note"
    assert "zero_gradient" not in learnt


def test_inputs_that_are_not_scaled():
    network = Network("2-3:tanh-1:sigmoid")
    kinds = [found(network, Parameters.draw(network, 0), [[1, 2], [size, 0]], [0, 1]) for size in (3, 30, -300)]
    assert "large_inputs" not in kinds[0]
    assert kinds[1]["large_inputs"].level == "note"
    assert kinds[2]["large_inputs"].level == "warning"
    assert "Input 1 of example 2 is -300" in kinds[2]["large_inputs"].sentence


def test_warnings_come_first_and_findings_are_plain_data():
    import json

    from handgrad.explain.data import finding_data

    network = Network("3-4-2")
    findings = explain(network, Parameters(network), [[1000.0, 2, 3], [1, 2, 3]], [0, 1]).health
    levels = [finding.level for finding in findings]
    assert levels == sorted(levels, key=("warning", "note", "good").index)
    assert json.loads(json.dumps([finding_data(finding) for finding in findings]))


def test_health_takes_the_values_of_passes_alone():
    network = Network("4-6:tanh-3")
    derivation = derive(network)
    values = derivation.evaluate({**derivation.values(Parameters.draw(network, 0), *data(network, 0, 8)), "alpha": 0.01})
    assert {finding.kind for finding in health(derivation, [values])} == {"loss_plausible", "gradients_flow"}


@pytest.mark.parametrize("one_over_m", ["dW", "dZ"])
def test_where_the_mean_stands_changes_no_verdict(one_over_m):
    usual = drawn("4-8:tanh-3", learning_rate=0.01)
    assert set(drawn("4-8:tanh-3", learning_rate=0.01, one_over_m=one_over_m)) == set(usual)


# ── good is not said of what is ill ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("iterations", [1, 2, 3])
@pytest.mark.parametrize("spelling", ["4-8-1", "4-8:tanh-8-1"])
def test_a_run_that_explodes_has_no_good_gradients(spelling, iterations):
    kinds = kinds_of(spelling, *regression(), learning_rate=100, iterations=iterations)
    assert kinds["loss_rises"].level == "warning"
    assert [finding.sentence for finding in kinds.values() if finding.level == "good"] == []


def test_gradients_that_are_large_in_every_layer():
    network = "4-16:relu-16:relu-16:relu-16:relu-1"
    kinds = kinds_of(network, *regression(), scale=5, learning_rate=1e-9)
    assert kinds["exploding_gradients"].data["per_layer"] > 3  # although the whole factor is below 100
    assert kinds["exploding_gradients"].data["ratio"] < 100
    assert kinds["large_gradients"].level == "warning"
    assert kinds["large_gradients"].data["ratio"] > 1000
    assert "gradients_flow" not in kinds
    calm = kinds_of(network, *regression(), learning_rate=0.01)
    assert not {"exploding_gradients", "large_gradients"} & set(calm)


def test_a_factor_of_a_layer_that_is_not_good_is_a_note():
    kinds = drawn("4-8:sigmoid-1:sigmoid", learning_rate=0.01)
    assert kinds["gradients_flow"].level == "note"
    assert "over ten layers" in kinds["gradients_flow"].sentence


# ── no false alarms ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("iterations", [60, 300, 900, 1300, 2000])
def test_a_run_that_learns_a_line_has_no_alarms(iterations):
    kinds = kinds_of("1-1", [[1], [2], [3]], [2, 4, 6], iterations=iterations)
    assert not {"loss_rises", "loss_grows", "update_too_small", "step_lost"} & set(kinds)
    assert kinds["loss_falls"].level == "good"
    assert "The loss falls from 10.86 to" in kinds["loss_falls"].sentence


def test_a_run_that_has_converged_on_noise_says_so():
    X, Y = regression()
    Y += X @ [[1], [-2], [0.5], [3]]
    kinds = kinds_of("4-1", X, Y, learning_rate=0.1, iterations=400)
    assert set(kinds) == {"loss_falls", "converged"}
    assert kinds["converged"].data["gradient"] < 1e-10
    assert "converged" not in kinds_of("4-1", X, Y, learning_rate=0.1, iterations=3)
    assert "update_too_small" in kinds_of("4-1", X, Y, learning_rate=1e-9)


def test_outputs_that_are_stuck_have_not_converged():
    kinds = kinds_of(
        "1-1:sigmoid", [[40.0]], [0 if Parameters.draw(Network("1-1"), 0).W[1] > 0 else 1], scale=5, loss="squared_error"
    )
    assert "converged" not in kinds
    assert "certain_and_wrong" in kinds


@pytest.mark.parametrize(("rate", "iterations"), [(0.01, 1), (0.01, 5), (1e-6, 5), (1.0, 1), (1.0, 3)])
def test_how_the_loss_went_is_always_said(rate, iterations):
    network = Network("4-1")
    explanation = explain(network, Parameters.draw(network, 0), *regression(), learning_rate=rate, iterations=iterations)
    ends = [explanation.loss, explanation.loss_after]
    sentences = [finding.sentence for finding in explanation.health if finding.kind.startswith("loss_")]
    assert any(all(any(plain(end, digits) in sentence for digits in range(4, 17)) for end in ends) for sentence in sentences)


# ── nothing passes in silence ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("output", "target", "says"),
    [
        ("sigmoid", 7, "sigmoid gives 0 to 1, but the target of example 2 is 7"),
        ("tanh", -1.5, "tanh gives -1 to 1, but the target of example 2 is -1.5"),
        ("relu", -3, "relu gives nothing below 0, but the target of example 2 is -3"),
    ],
)
def test_targets_out_of_reach(output, target, says):
    finding = kinds_of(f"2-1:{output}", [[1, 2], [2, 1], [0, 1]], [0.5, target, target], loss="squared_error")["unreachable_target"]
    assert (finding.level, finding.data["examples"]) == ("warning", [2, 3])
    assert says in finding.sentence
    assert "1 more is out of its reach" in finding.sentence
    ends = [1.0, 0.0, 1.0] if output != "tanh" else [1.0, -1.0, 0.0]  # the ends are neared, if not reached
    assert "unreachable_target" not in kinds_of(f"2-1:{output}", [[1, 2], [2, 1], [0, 1]], ends, loss="squared_error")
    assert "unreachable_target" not in kinds_of("2-1", [[1, 2], [2, 1], [0, 1]], [0.5, target, target])


def test_a_step_that_is_lost_in_rounding():
    kinds = kinds_of("4-1", *regression(), learning_rate=1e-20)
    assert kinds["step_lost"].level == "warning"
    assert "α = 10⁻²⁰" in kinds["step_lost"].sentence
    assert "The loss stays at" in kinds["loss_stays"].sentence


def test_units_that_the_last_step_kills():
    X, Y = np.abs(regression()[0]), np.full((20, 1), -1.0)
    network = Network("4-6-1")
    parameters = Parameters.draw(network, 0)
    np.abs(parameters.buffer, out=parameters.buffer)
    assert "dead_units" not in found(network, parameters, X, Y, learning_rate=1e-3)
    dead = found(network, parameters, X, Y, learning_rate=3)["dead_units"]
    assert dead.sentence.startswith("After the last step, units 1, 2, 3, 4, 5 and 6 of layer 1")
    assert dead.level == "warning"


@pytest.mark.parametrize(
    ("spelling", "rate", "kind"), [("4-6:tanh-1", 100, "saturated"), ("4-1:sigmoid", 1000, "certain_and_wrong")]
)
def test_what_the_last_step_saturates(spelling, rate, kind):
    X, Y = regression()
    Y = (Y > 0).astype(float)
    assert kind not in kinds_of(spelling, X, Y, learning_rate=1e-3)
    assert kinds_of(spelling, X, Y, learning_rate=rate)[kind].sentence.startswith("After the last step, ")
    twice = explain((network := Network(spelling)), Parameters.draw(network, 0), X, Y, learning_rate=rate, iterations=2).health
    assert [finding.kind for finding in twice].count(kind) == 1  # not once more of the state after it


def test_the_flow_of_gradients_names_its_iteration():
    network = Network("2-3:tanh-2:softmax")
    given = ([[0.5, -1], [2, 0.3], [-0.7, 1.5]], [1, 0, 1])
    for iterations, when in ((1, "(root mean square of dZ)"), (3, "(root mean square of dZ in iteration 3)")):
        found = explain(network, Parameters.draw(network, 3), *given, iterations=iterations, optimiser="adam")
        flow = next(finding for finding in found.health if finding.kind == "gradients_flow")
        last = found.iterations[-1].values
        assert when in flow.sentence
        assert flow.data["dZ"] == [np.sqrt(np.mean(np.square(last[f"dZ[{l}]"]))) for l in (1, 2)]
