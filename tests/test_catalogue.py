"""Finding records by their spelling, adding a person's own, and the initialisers."""

import math
from dataclasses import replace

import numpy as np
import pytest
from draws import HIDDEN, problem

from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.initialisers import INITIALISERS
from handgrad.catalogue.lookup import find_activation, find_loss
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.optimisers import OPTIMISERS
from handgrad.catalogue.own import add_activation, add_loss
from handgrad.catalogue.records import CLOSED_UNIT, NOT_NEGATIVE, OPEN_UNIT, POSITIVE, REAL, Interval
from handgrad.derivation import derive
from handgrad.errors import CatalogueError, HandgradError
from handgrad.gradcheck import gradcheck
from handgrad.network import Network, Parameters
from handgrad.training import train

SWISH = {"value": "z * sigmoid(2 * z)", "slope": "sigmoid(2*z) * (1 + 2*z*(1 - sigmoid(2*z)))"}


def test_parameters_by_place_and_by_name():
    assert find_activation("leaky_relu(0.2)") == find_activation(" leaky_relu ( alpha = 0.2 ) ")
    assert find_activation("leaky_relu(0.2)").parameters == {"alpha": 0.2}
    assert find_loss("huber(delta=2)").parameters == {"delta": 2}
    assert find_activation("elu()") == ACTIVATIONS["elu"]


@pytest.mark.parametrize(
    "spelling", ["leaky_relu(alpha=0.2)", "elu(alpha=-0.5)", "relu", "elu(alpha=1e-07)", "leaky_relu(alpha=3)"]
)
def test_a_spelling_is_found_again(spelling):
    assert find_activation(spelling).spelling == spelling


def test_a_spelling_keeps_every_digit():
    third = find_activation(f"leaky_relu({1 / 3!r})")
    assert find_activation(third.spelling) == third


def test_usual_parameters_are_not_spelled():
    assert find_loss("huber(1)").spelling == "huber"
    assert find_loss("quantile(q=0.5)").spelling == "quantile"


@pytest.mark.parametrize("spelling", ["huber(0)", "huber(-1)", "quantile(0)", "quantile(1)", "quantile(q=1.5)"])
def test_limits_of_parameters(spelling):
    name = spelling.split("(", maxsplit=1)[0]
    with pytest.raises(CatalogueError, match=rf"{name} needs a \w+ in \(0, [1∞]\), but .* was given"):
        find_loss(spelling)


@pytest.mark.parametrize(
    ("spelling", "message"),
    [
        ("leaky_relu(beta=1)", "leaky_relu has the parameters alpha, but 'beta' was given"),
        ("relu(1)", r"relu has 0 parameter\(s\)"),
        ("relu(x=1)", "relu has no parameters, but 'x' was given"),
        ("elu(1, 2)", r"elu has 1 parameter\(s\), but 'elu\(1, 2\)' gives more"),
        ("elu(two)", "a parameter is a number, but 'two' was given"),
        ("elu(nan)", "finite alpha"),
        ("elu(inf)", "finite alpha"),
        ("elu(alpha=)", "a parameter is a number"),
        ("rleu", "there is no activation 'rleu'. did you mean 'relu'"),
        ("Sigmoid", "did you mean 'sigmoid'"),
        ("gelu((1))", "there is no activation"),
        ("", "there is no activation ''"),
    ],
)
def test_what_cannot_be_found(spelling, message):
    with pytest.raises(CatalogueError, match=message):
        find_activation(spelling)


def test_an_unknown_loss_names_the_nearest():
    with pytest.raises(
        CatalogueError, match=r"there is no loss 'crossentropy'. did you mean 'cross_entropy'\? Known: .*squared_error"
    ):
        find_loss("crossentropy")


def test_a_parameter_is_given_once():
    with pytest.raises(CatalogueError):
        find_activation("elu(1, alpha=2)")


def test_an_activation_of_ones_own_is_in_the_catalogue_and_right():
    add_activation("swish2", **SWISH)
    found = problem(Network("3-4:swish2-2:swish2", loss="squared_error"), 0)
    assert gradcheck(found.network, found.parameters, found.X, found.Y).worst[1] < 1e-7
    assert "swish2'" in str(derive(found.network)["dZ1"])


def test_an_activation_with_parameters_and_a_kink():
    add_activation(
        "bent", "where(z > 1, z, beta * z + 1 - beta)", "where(z > 1, 1, beta)", parameters={"beta": 0.3}, kinks={"1": "beta"}
    )
    found = problem(Network("3-4:bent(0.7)-2", loss="squared_error"), 0)
    assert find_activation("bent(0.7)").kink_points == {1: 0.7}
    assert gradcheck(found.network, found.parameters, found.X, found.Y).worst[1] < 1e-7


@pytest.mark.parametrize("name", HIDDEN)
def test_every_built_in_could_have_been_added(name):
    record = ACTIVATIONS[name]
    added = add_activation(
        f"my_{name}", record.stable or record.value, record.slope, parameters=record.parameters, kinks=record.kinks
    )
    assert ACTIVATIONS[f"my_{name}"] is added


def test_a_slope_that_is_not_the_derivative_is_refused_with_both_numbers():
    with pytest.raises(
        CatalogueError, match=r"square: at z = (-?\d\.\d+) the slope that was given is (\S+), but .* rate (\S+) \(central"
    ) as refused:
        add_activation("square", "z^2", "3 * z")
    at, given, measured = (
        float(word.strip(",")) for word in str(refused.value).split() if word.strip(",").replace(".", "").replace("-", "").isdigit()
    )
    assert given == pytest.approx(3 * at, rel=1e-4)
    assert measured == pytest.approx(2 * at, rel=1e-4)
    assert "square" not in ACTIVATIONS


@pytest.mark.parametrize(
    ("value", "slope"),
    [
        ("z^2", "2 * z + 0.001"),
        ("abs(z)", "1"),
        ("exp(z)", "a + 1e-3"),
        ("z", "0"),
        ("log(z)", "1 / z"),
        ("max(0, z)", "where(z > 0.1, 1, 0)"),
    ],
)
def test_wrong_slopes_are_refused(value, slope):
    with pytest.raises(CatalogueError, match=r"mine: at z = .* the slope that was given is .*central difference"):
        add_activation("mine", value, slope)
    assert "mine" not in ACTIVATIONS


def test_a_wrong_declaration_of_a_kink_is_refused():
    with pytest.raises(CatalogueError, match="kinks says that the slope at z = 0 is 1, but the formula gives 0"):
        add_activation("mine", "max(0, z)", "where(z > 0, 1, 0)", kinks={"0": "1"})


@pytest.mark.parametrize(
    "name", ["relu", "softmax", "cross_entropy", "exp", "max", "where", "sum", "W", "A", "label", "pi", "z", "a", "unit", "delta"]
)
def test_taken_names_are_refused(name):
    with pytest.raises(CatalogueError, match=f"'{name}' is taken"):
        add_activation(name, **SWISH)
    with pytest.raises(CatalogueError, match=f"'{name}' is taken"):
        add_loss(name, "(a - y)^4", "4 * (a - y)^3")


@pytest.mark.parametrize("name", ["", "two words", "my-own", "relu(2)", "1st", "é", " mine", "mine'"])
def test_names_that_could_not_be_read_are_refused(name):
    with pytest.raises(CatalogueError, match="a name is made of"):
        add_activation(name, **SWISH)


def test_formulas_that_cannot_be_read_say_where():
    with pytest.raises(ValueError, match="at character 5"):
        add_activation("mine", "z * * z", "1")
    with pytest.raises(CatalogueError, match=r"mine: the function sigmoyd is not known. did you mean 'sigmoid'"):
        add_activation("mine", "sigmoyd(z)", "1")
    with pytest.raises(CatalogueError, match="mine: value reads q"):
        add_activation("mine", "q * z", "q")
    assert "mine" not in ACTIVATIONS


@pytest.mark.parametrize("value", ["sum(unit: z)", "W[1] * z", "delta(unit, unit') * z", "a * z", "y * z"])
def test_formulas_that_are_not_of_one_number_are_refused(value):
    with pytest.raises(HandgradError):
        add_activation("mine", value, "1")
    assert "mine" not in ACTIVATIONS


@pytest.mark.parametrize("word", ["z", "y", "exp", "pi", "W"])
def test_a_parameter_cannot_take_a_word_of_the_language(word):
    with pytest.raises(CatalogueError, match=f"'{word}' is taken"):
        add_activation("mine", "z", "1", parameters={word: 1.0})


def test_a_formula_and_a_callable_do_not_mix():
    with pytest.raises(CatalogueError, match="both formulas or both callables"):
        add_activation("mine", "z", lambda z, _: 1 + 0 * z)
    with pytest.raises(CatalogueError, match="both formulas or both callables"):
        add_loss("mine", lambda a, y: a - y, "1")


def test_callables_train():
    add_activation("sine", np.sin, lambda z, _: np.cos(z))
    add_loss("fourth", lambda a, y: (a - y) ** 4, lambda a, y: 4 * (a - y) ** 3)
    found = problem(Network("3-4:sine-2", loss="fourth"), 0)
    assert gradcheck(found.network, found.parameters, found.X, found.Y, found.weights).worst[1] < 1e-7
    losses = [epoch.loss for epoch in train(found.network, found.parameters, found.X, found.Y, epochs=20, learning_rate=0.01)]
    assert losses[-1] < 0.7 * losses[0]


def test_a_callable_with_a_wrong_slope_is_refused():
    with pytest.raises(CatalogueError, match="the slope that was given"):
        add_activation("sine", np.sin, lambda z, _: np.sin(z))
    with pytest.raises(CatalogueError, match="the gradient that was given"):
        add_loss("fourth", lambda a, y: (a - y) ** 4, lambda a, y: 3 * (a - y) ** 3)


def test_a_loss_of_ones_own_trains_and_is_right():
    add_loss("power", "abs(a - y)^p", "p * sign(a - y) * abs(a - y)^(p - 1)", parameters={"p": 4}, kinks={"0": "0"})
    found = problem(Network("3-4:tanh-2", loss="power(3)"), 0)
    assert gradcheck(found.network, found.parameters, found.X, found.Y, found.weights).worst[1] < 1e-7
    losses = [epoch.loss for epoch in train(found.network, found.parameters, found.X, found.Y, epochs=20, learning_rate=0.01)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("one_over_m", ["dW", "dZ"])
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("output", ["identity", "double", "softmax"])
def test_constant_slopes_and_gradients_are_right(output, n, one_over_m):
    add_activation("double", "2 * z", "2")
    add_loss("linear", "3 * a - y", "3")
    if output != "softmax" or n > 1:
        found = problem(Network([3, 4, n], ["double", output], "linear"), 0)
        check = gradcheck(found.network, found.parameters, found.X, found.Y, found.weights, one_over_m=one_over_m)
        assert check.worst[1] < 1e-7


def test_a_loss_with_intervals_is_held_inside_them_and_keeps_to_them():
    loss = add_loss(
        "itakura_saito", "y / a - log(y / a) - 1", "1 / a - y / a^2", outputs=POSITIVE, targets=POSITIVE, output="softplus"
    )
    assert Network("3-1", loss="itakura_saito").activation(1).name == "softplus"
    assert loss.output == "softplus"
    with pytest.raises(
        ValueError, match=r"itakura_saito needs outputs in \(0, ∞\), but tanh gives \(-1, 1\); .* goes with .*softplus"
    ):
        Network("3-1:tanh", loss="itakura_saito")


@pytest.mark.parametrize("gradient", ["3 * (a - y)^3", "4 * (y - a)^3", "4 * (a - y)^3 + 0.01", "0"])
def test_a_wrong_gradient_of_a_loss_is_refused(gradient):
    with pytest.raises(CatalogueError, match=r"fourth: at a = .* the gradient that was given is .*central difference"):
        add_loss("fourth", "(a - y)^4", gradient)
    assert "fourth" not in LOSSES


def test_intervals():
    assert OPEN_UNIT in CLOSED_UNIT
    assert CLOSED_UNIT not in OPEN_UNIT
    assert POSITIVE in NOT_NEGATIVE
    assert NOT_NEGATIVE not in POSITIVE
    assert all(
        interval in REAL and interval in replace(interval) for interval in (OPEN_UNIT, CLOSED_UNIT, POSITIVE, NOT_NEGATIVE, REAL)
    )
    assert str(Interval(-0.5, np.inf, low_closed=True)) == "[-0.5, ∞)"
    np.testing.assert_array_equal(CLOSED_UNIT.holds(np.array([-0.1, 0, 1, 1.1, np.nan])), [False, True, True, False, False])
    np.testing.assert_array_equal(OPEN_UNIT.holds(np.array([0, 0.5, 1])), [False, True, False])


SCALES = {
    "zeros": ("uniform", 0),
    "glorot_uniform": ("uniform", math.sqrt(6 / (400 + 300))),
    "glorot_normal": ("normal", math.sqrt(2 / (400 + 300))),
    "he_uniform": ("uniform", math.sqrt(6 / 400)),
    "he_normal": ("normal", math.sqrt(2 / 400)),
    "lecun_uniform": ("uniform", math.sqrt(3 / 400)),
    "lecun_normal": ("normal", math.sqrt(1 / 400)),
}


def test_the_initialisers_that_were_promised_are_complete():
    assert set(SCALES) <= set(INITIALISERS)
    assert all(len(record.source) > 10 and record.distribution in {"uniform", "normal"} for record in INITIALISERS.values())


@pytest.mark.parametrize("name", SCALES)
def test_the_measured_scale_of_an_initialiser(name):
    W = INITIALISERS[name].draw(np.random.default_rng(0), 400, 300)
    distribution, scale = SCALES[name]
    assert W.shape == (300, 400)
    assert abs(W.mean()) <= 5 * scale / math.sqrt(W.size)
    if distribution == "uniform":
        assert W.std() == pytest.approx(scale / math.sqrt(3), rel=0.01)
        assert np.abs(W).max() <= scale
        assert np.abs(W).max() == pytest.approx(scale, rel=1e-3)
    else:
        assert W.std() == pytest.approx(scale, rel=0.01)
        assert np.abs(W).max() > 4 * scale
        assert np.mean(np.abs(W) < scale) == pytest.approx(0.6827, abs=0.005)


@pytest.mark.parametrize("name", SCALES)
def test_a_network_is_drawn_with_any_initialiser(name):
    network = Network("400-300-3")
    drawn = Parameters.draw(network, 3, name)
    assert drawn.W[1].std() == pytest.approx(SCALES[name][1] / (math.sqrt(3) if SCALES[name][0] == "uniform" else 1), rel=0.01)
    assert not drawn.b[1].any()
    np.testing.assert_array_equal(drawn.buffer, Parameters.draw(network, 3, name).buffer)


def test_the_optimiser():
    assert set(OPTIMISERS) == {"gradient_descent", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw"}
    assert OPTIMISERS["gradient_descent"].source


def test_a_slope_is_held_at_other_parameters_and_far_out():
    with pytest.raises(CatalogueError, match="elu2"):
        add_activation("elu2", "where(z > 0, z, k * (exp(z) - 1))", "where(z > 0, 1, a + 1)", parameters={"k": 1}, kinks={"0": "1"})
    with pytest.raises(CatalogueError, match="scaled"):
        add_loss("scaled", "k * (a - y)^2", "2 * (a - y)", parameters={"k": 1})
    with pytest.raises(CatalogueError, match="far"):
        add_activation("far", "where(z > 10, 2 * z, z)", "1")


@pytest.mark.parametrize("parameters", [{"k": float("nan")}, {"k": "3"}, {"exp": 1.0}])
def test_parameters_are_finite_numbers_with_free_names(parameters):
    with pytest.raises(CatalogueError):
        add_activation("mine", "2 * z", "2", parameters=parameters)


def test_an_initialiser_that_is_not_there_is_refused_at_once():
    with pytest.raises(CatalogueError, match="did you mean 'he_normal'"):
        add_activation("mine", "2 * z", "2", initialiser="he_normall")


def test_an_own_activation_calls_no_other_unknown_one_nor_itself():
    with pytest.raises(CatalogueError, match="the function mine is not known"):
        add_activation("mine", "mine(z) * 2", "2")


def test_formulas_that_would_explode_when_put_in_are_refused_at_once():
    add_activation("sq", "z * z + 0 * z", "2 * z")
    with pytest.raises(CatalogueError, match="grows beyond"):
        add_activation("tower", "sq(" * 14 + "z" + ")" * 14, "1")


def test_a_long_formula_of_ones_own_is_kept_as_it_is():
    text = "+".join(["z"] * 1500)
    assert add_activation("long", text, "1500").value == text
