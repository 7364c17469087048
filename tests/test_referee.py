"""The gradient checker must be able to fail, and must not cry wolf."""

from importlib import import_module

import numpy as np
import pytest
from draws import problem

from handgrad.catalogue.records import Activation, Fused, Loss
from handgrad.errors import HandgradError
from handgrad.gradcheck import GradientCheck, gradcheck
from handgrad.network import Network, Parameters

module = import_module("handgrad.gradcheck")  # the package has the function by this name

TIGHT = 1e-7
WRONG = Activation("wrong", value="z * sigmoid(z)", slope="sigmoid(z) * (1 - sigmoid(z))")


def checked(network, seed=0, **options):
    found = problem(network, seed)
    return gradcheck(network, found.parameters, found.X, found.Y, found.weights, rng=seed, **options)


@pytest.mark.parametrize("directions", [None, 3])
def test_a_wrong_slope_is_found_below_its_layer_and_nowhere_else(directions):
    check = checked(Network([3, 4, 4, 2], ["tanh", WRONG, "identity"], "squared_error"), directions=directions)
    off = {name for name, error in check.errors.items() if error > 1e-2}
    assert off == {"W[1]", "b[1]", "W[2]", "b[2]", "X"}
    assert max(check.errors["W[3]"], check.errors["b[3]"]) < TIGHT
    assert check.worst[0] in off
    assert check.worst[0] in str(check)


def test_a_slope_that_is_slightly_wrong_is_found():
    slightly = Activation("slightly", value="tanh(z)", slope="1.00001 * (1 - a^2)")
    check = checked(Network([3, 4, 1], [slightly, "identity"], "squared_error"))
    assert check.errors["W[1]"] > 5e-6


@pytest.mark.parametrize(
    "loss",
    [
        Loss("wrong", value="(a - y)^2", gradient="a - y"),
        Loss("wrong", value="(a - y)^2", gradient="2 * (a - y)", fused={"identity": Fused("(z - y)^2", "a - y")}),
        Loss("wrong", value="(a - y)^2", gradient="2 * (y - a)"),
    ],
    ids=["factor", "fused", "sign"],
)
def test_a_wrong_gradient_of_the_loss_is_found_in_every_array(loss):
    check = checked(Network([3, 4, 1], ["tanh", "identity"], loss))
    assert min(check.errors.values()) > 0.1


def test_a_wrong_vector_jacobian_product_is_found():
    wrong = Activation(
        "wrong", value="exp(z) / sum(unit: exp(z))", vjp="a * (1 - a) * da", jacobian="a * (delta(unit, unit') - a{unit'})"
    )
    assert min(checked(Network([3, 4], [wrong], "squared_error")).errors.values()) > 0.1


@pytest.mark.parametrize("spelling", ["2-3:relu-1", "2-3:leaky_relu-2:relu-1", "2-3:elu-1:relu", "2-3:selu-3:hard_sigmoid-1"])
def test_units_exactly_on_a_kink_are_no_false_alarm(spelling):
    network = Network(spelling, loss="squared_error")
    parameters = Parameters.draw(network, 0)  # zero biases
    X = np.array([[0.0, 0.0], [1.0, -1.0], [0.5, 2.0]])
    before = parameters.buffer.copy()
    check = gradcheck(network, parameters, X, [1.0, -2.0, 0.5])
    assert check.moved
    assert check.worst[1] < TIGHT
    np.testing.assert_array_equal(parameters.buffer, before)


def test_hard_sigmoid_at_both_its_kinks():
    network = Network("1-1:hard_sigmoid", loss="squared_error")
    check = gradcheck(network, Parameters.given(network, [[[3.0]]]), [[1.0], [-1.0], [0.3]], [0.2, 0.7, 0.1])
    assert check.moved
    assert check.worst[1] < TIGHT


@pytest.mark.parametrize("loss", ["absolute_error", "quantile(0.3)", "huber"])
def test_an_output_exactly_on_the_kink_of_its_loss(loss):
    network = Network("2-1:identity", loss=loss)
    parameters = Parameters.given(network, [[[1.0, 2.0]]])
    X = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 3.0]])
    check = gradcheck(network, parameters, X, [1.0, 1.0, 5.0])  # a - y is 0, 1 and 1
    assert check.moved
    assert check.worst[1] < TIGHT


def test_dead_units_are_no_false_alarm():
    network = Network("3-4:relu-2:identity", loss="squared_error")
    found = problem(network, 1)
    found.parameters.b[1][:2] = -50
    check = gradcheck(network, found.parameters, found.X, found.Y)
    assert check.worst[1] < TIGHT
    assert not check.moved


def test_a_network_of_dead_units_has_no_gradient_and_no_alarm():
    network = Network("3-4:relu-2:relu", loss="squared_error")
    found = problem(network, 1)
    for layer in (1, 2):
        found.parameters.b[layer][...] = -50
    assert gradcheck(network, found.parameters, found.X, found.Y).worst[1] < TIGHT


@pytest.mark.parametrize("size", [1e-4, 1e-6, 1e-8, 1e-12])
def test_tiny_gradients_are_no_false_alarm(size):
    network = Network("3-4:tanh-2:identity", loss="squared_error")
    found = problem(network, 2)
    found.parameters.W[2][...] *= size
    assert gradcheck(network, found.parameters, found.X, found.Y).worst[1] < TIGHT


def test_saturated_units_are_no_false_alarm():
    network = Network("3-4:sigmoid-2:sigmoid")
    found = problem(network, 2)
    found.parameters.b[1][...] = [40, -40, 20, -20]
    assert gradcheck(network, found.parameters, found.X, found.Y).worst[1] < TIGHT


def test_a_wrong_slope_is_found_where_gradients_are_small():
    network = Network([3, 4, 1], [WRONG, "identity"], "squared_error")
    found = problem(network, 2)
    found.parameters.W[2][...] *= 1e-3
    check = gradcheck(network, found.parameters, found.X, found.Y)
    assert check.errors["W[1]"] > 1e-2


def test_an_overflow_is_called_by_its_name_and_warns_of_nothing():
    network = Network("1-1:exp-1:exp-1", loss="squared_error")
    with pytest.raises(HandgradError, match=r"finite|overflow"):
        gradcheck(network, Parameters.given(network, [[[8.0]], [[1.0]], [[1.0]]]), [[1.0]], [1.0])


def test_a_large_network_is_measured_in_blocks_with_the_same_result(monkeypatch):
    network = Network("3-4:relu-2")
    at_once = checked(network)
    monkeypatch.setattr(module, "STACK", 4 * network.size * 5)
    in_blocks = checked(network)
    assert (in_blocks.compared, in_blocks.skipped) == (at_once.compared, at_once.skipped)
    assert in_blocks.worst[1] < TIGHT


def test_float32_parameters_are_checked_in_float64():
    found = problem(Network("3-4:tanh-2"), 0)
    narrow = Parameters(found.network, found.parameters.buffer.astype(np.float32))
    assert gradcheck(found.network, narrow, found.X, found.Y).worst[1] < TIGHT
    assert narrow.buffer.dtype == np.float32


def test_the_same_seed_gives_the_same_check():
    network = Network("3-4:silu-2")
    assert checked(network, 5, directions=3) == checked(network, 5, directions=3)


def test_inputs_can_be_left_out():
    assert set(checked(Network("3-2"), inputs=False).errors) == {"W[1]", "b[1]"}


def test_an_error_that_is_no_number_is_the_worst():
    assert GradientCheck({"W[1]": 1e-12, "b[1]": float("nan"), "X": 1e-9}, 3, 0, moved=False).worst[0] == "b[1]"


def test_a_check_of_nothing_is_refused():
    with pytest.raises(HandgradError, match="directions is 1 or more"):
        checked(Network("3-2"), directions=0)


def test_many_directions_are_measured_in_blocks(monkeypatch):
    monkeypatch.setattr(module, "STACK", 100)
    assert checked(Network("3-4:tanh-2"), directions=7).compared == 7 * 5
