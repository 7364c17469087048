"""The one spelling of networks, their defaults, their parameters, and every way in which they cannot be."""

import numpy as np
import pytest
from draws import HIDDEN, pairs
from hypothesis import given
from hypothesis import strategies as st

from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.records import Activation
from handgrad.errors import CatalogueError, HandgradError, NetworkError
from handgrad.network import Network, Parameters

numbers = st.floats(0.01, 100, allow_nan=False) | st.integers(1, 9)
hidden = st.sampled_from(HIDDEN) | numbers.map("leaky_relu({})".format) | numbers.map("elu({})".format)


@st.composite
def networks(draw):
    widths = draw(st.lists(st.integers(1, 999), min_size=2, max_size=6))
    output, loss = draw(st.sampled_from(list(pairs(widths[-1]))))
    activations = [*draw(st.lists(hidden, min_size=len(widths) - 2, max_size=len(widths) - 2)), output]
    more = {
        "l2": draw(st.sampled_from([0, 0.1, 1e-4])),
        "label_smoothing": draw(st.sampled_from([0, 0.1])) if loss == "cross_entropy" else 0,
    }
    return Network(widths, activations, {"huber": f"huber({draw(numbers)})"}.get(loss, loss), **more)


@given(networks())
def test_a_network_is_made_again_from_its_spelling(network):
    assert Network(str(network), loss=network.loss, l2=network.l2, label_smoothing=network.label_smoothing) == network


@given(networks())
def test_a_network_is_made_again_from_its_repr(network):
    again = eval(repr(network), {"Network": Network})
    assert again == network
    assert hash(again) == hash(network)


@given(networks())
def test_the_size_is_the_number_of_parameters(network):
    assert network.size == sum(array.size for array in Parameters(network).arrays().values())


@pytest.mark.parametrize(
    ("given", "loss", "spelling", "goes_with"),
    [
        ("64-32-10", None, "64-32:relu-10:softmax", "cross_entropy"),
        ("3-1", None, "3-1:identity", "squared_error"),
        ("3-4-1", None, "3-4:relu-1:identity", "squared_error"),
        ("3-2", None, "3-2:softmax", "cross_entropy"),
        ("3-1:sigmoid", None, "3-1:sigmoid", "binary_cross_entropy"),
        ("3-2:exp", None, "3-2:exp", "poisson"),
        ("3-2:tanh", None, "3-2:tanh", "squared_error"),
        ("3-2", "squared_error", "3-2:identity", "squared_error"),
        ("3-1", "binary_cross_entropy", "3-1:sigmoid", "binary_cross_entropy"),
        ("3-1", "poisson", "3-1:exp", "poisson"),
        ("3-2:tanh-1", "huber(2)", "3-2:tanh-1:identity", "huber(delta=2)"),
        ("3-2:leaky_relu(0.2)-1", None, "3-2:leaky_relu(alpha=0.2)-1:identity", "squared_error"),
        ("3-2:elu(-0.5)-1", None, "3-2:elu(alpha=-0.5)-1:identity", "squared_error"),
        (" 4 - 3 : tanh - 1 : sigmoid ", None, "4-3:tanh-1:sigmoid", "binary_cross_entropy"),
        ([4, 3, 2, 1], None, "4-3:relu-2:relu-1:identity", "squared_error"),
        ((np.int64(4), 3), None, "4-3:softmax", "cross_entropy"),
    ],
)
def test_what_is_left_out(given, loss, spelling, goes_with):
    network = Network(given, loss=loss)
    assert str(network) == spelling
    assert network.loss.spelling == goes_with
    assert network == Network(spelling, loss=goes_with)


def test_activations_are_one_name_or_one_for_each_layer():
    assert Network([4, 3, 2, 1], "tanh") == Network("4-3:tanh-2:tanh-1")
    assert Network([4, 3, 2, 1], ["tanh", "gelu"]) == Network("4-3:tanh-2:gelu-1")
    assert Network([4, 3, 2, 1], ["tanh", "gelu", "sigmoid"]) == Network("4-3:tanh-2:gelu-1:sigmoid")
    assert Network([4, 2], ACTIVATIONS["tanh"]) == Network("4-2")
    assert Network([4, 2], [], LOSSES["huber"]) == Network("4-2", loss="huber")


def test_a_network_knows_its_layers():
    network = Network("4-3:tanh-2")
    assert (network.L, network.size, network.widths) == (2, 4 * 3 + 3 + 3 * 2 + 2, (4, 3, 2))
    assert (network.activation(1).name, network.activation(2).name) == ("tanh", "softmax")
    with pytest.raises(AttributeError):
        network.widths = (1, 2)


@pytest.mark.parametrize(
    ("widths", "options", "message"),
    [
        ("4-0-1", {}, r"a width is a whole number from 1 to \d+, but '0' was given in '4-0-1'"),
        ("4-x-1", {}, "but 'x' was given in '4-x-1'"),
        ("4--1", {}, "but '' was given"),
        ("4-1.5", {}, "but '1.5' was given"),
        ("٣-1", {}, "a width is a whole number"),
        ("99999999999-1", {}, "a width is a whole number"),
        ("", {}, "a width is a whole number"),
        ("4", {}, "a network has inputs and outputs, as in 4-1, but '4' was given"),
        ([4], {}, r"but \[4\] was given"),
        ([], {}, r"but \[\] was given"),
        ([4, 0], {}, r"but 0 was given in \[4, 0\]"),
        ([4, -1], {}, "but -1 was given"),
        ([4, 2.0], {}, "but 2.0 was given"),
        ([4, True], {}, "but True was given"),
        ([4, None], {}, "but None was given"),
        ("4:relu-1", {}, "the inputs have no activation, but '4:relu' was given"),
        ("4-3:softmax-1", {}, "softmax is an output activation, but layer 1 of 2 has it"),
        ("4-1:softmax", {}, "softmax needs two or more outputs, but 1 was given; for one output take sigmoid"),
        ("4-1", {"loss": "cross_entropy"}, "softmax needs two or more outputs"),
        (
            "4-2:sigmoid",
            {"loss": "cross_entropy"},
            r"cross_entropy needs outputs that sum to 1 \(softmax\), but the output activation is sigmoid",
        ),
        ("4-2:tanh", {"loss": "binary_cross_entropy"}, r"binary_cross_entropy needs outputs in \(0, 1\), but tanh gives \(-1, 1\)"),
        ("4-2:relu", {"loss": "poisson"}, r"poisson needs outputs in \(0, ∞\), but relu gives \[0, ∞\)"),
        ("4-3-1", {"activations": "relu"}, "activations are part of the spelling"),
        ([4, 3, 1], {"activations": ["relu"] * 3}, "2 layers take 2 activations, or 1 for the hidden ones, but 3 were given"),
        ([4, 3, 2, 1], {"activations": ["relu"]}, "3 layers take 3 activations"),
        ("4-1", {"l2": -1}, "l2 is a finite number, 0 or more, but -1 was given"),
        ("4-1", {"l2": float("nan")}, "l2 is a finite number"),
        ("4-2", {"label_smoothing": 1}, "label_smoothing is 0 or more and below 1, but 1 was given"),
        ("4-1", {"label_smoothing": 0.1}, "label_smoothing goes with cross_entropy, not with squared_error"),
        ("9999999-9999999", {}, "has more than 2147483648 parameters"),
        ("4-3:-1", {}, "an activation's name follows the colon, but '3:' was given"),
        (5, {}, "widths are a spelling such as 4-3-1 or a list of whole numbers, but 5 was given"),
    ],
)
def test_what_cannot_be_a_network(widths, options, message):
    with pytest.raises(NetworkError, match=message):
        Network(widths, **options)


@pytest.mark.parametrize(
    ("widths", "loss", "message"),
    [
        ("4-3:rleu-1", None, "there is no activation 'rleu'. did you mean 'relu'"),
        ("4-3-1", "mse", "there is no loss 'mse'. Known: absolute_error"),
        ("4-3:elu(x)-1", None, "a parameter is a number, but 'x' was given"),
        ("4-3-1", "quantile(1)", r"quantile needs a q in \(0, 1\), but 1 was given"),
    ],
)
def test_names_that_the_catalogue_does_not_have(widths, loss, message):
    with pytest.raises(CatalogueError, match=message):
        Network(widths, loss=loss)


@given(st.text(max_size=30) | st.text("0123456789-:()., relu", max_size=30))
def test_junk_is_no_network(text):
    try:
        network = Network(text)
    except HandgradError:
        return
    assert Network(str(network)) == network


def test_two_activations_of_one_name_need_one_formula():
    one, other = Activation("mine", value="2 * z", slope="2"), Activation("mine", value="3 * z", slope="3")
    with pytest.raises(NetworkError, match="two activations of the network are named mine"):
        Network([2, 3, 1], [one, other])
    assert Network([2, 3, 1], [one, one]).activation(2) is one
