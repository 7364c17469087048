"""The whole grid of the catalogue against the referee, and the referee itself."""

import numpy as np
import pytest
from draws import ALLOWED, HIDDEN, gradients, pairs, problem

from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.records import Loss
from handgrad.derivation import derive
from handgrad.errors import NetworkError
from handgrad.gradcheck import gradcheck
from handgrad.network import Network

OUTPUTS = (1, 2, 5)
TIGHT = 1e-7


def checked(network, seed, **options):
    found = problem(network, seed)
    return gradcheck(network, found.parameters, found.X, found.Y, found.weights, rng=seed, **options)


def wrong_in_the_grid(layers, hidden):
    """The combinations of output, loss and number of outputs whose gradient does not agree, in words."""
    count = 0
    for n in OUTPUTS:
        for output, loss in pairs(n):
            network = Network([3, *[4] * (layers - 1), n], [*[hidden] * (layers - 1), output], loss)
            count += 1
            check = checked(network, count, directions=2)
            assert set(check.errors) == {"X", *(f"{name}[{layer}]" for layer in range(1, layers + 1) for name in "Wb")}
            if check.worst[1] > TIGHT:
                yield f"{network!r}: {check}"
    assert count >= 82 + 91 + 91


def test_the_grid_without_hidden_layers():
    assert list(wrong_in_the_grid(1, "relu")) == []


@pytest.mark.parametrize("layers", [2, 4])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_the_grid(hidden, layers):
    assert list(wrong_in_the_grid(layers, hidden)) == []


@pytest.mark.parametrize("one_over_m", ["dW", "dZ"])
@pytest.mark.parametrize("n", OUTPUTS)
def test_entry_by_entry_every_allowed_pair_and_every_hidden_activation(n, one_over_m):
    every = list(pairs(n))
    for seed, (output, loss) in enumerate(every):
        smoothing = 0.1 * LOSSES[loss].simplex
        hidden = HIDDEN[seed % len(HIDDEN)]
        network = Network([3, 4, n], [hidden, output], loss, l2=0.03, label_smoothing=smoothing)
        check = checked(network, seed, one_over_m=one_over_m)
        assert check.compared + check.skipped == network.size + 3 * 4
        assert check.worst[1] < TIGHT, f"{network!r}: {check}"
    assert len(every) >= len(HIDDEN)


@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        ("leaky_relu(0.3)", "huber(0.4)"),
        ("elu(0.5)", "quantile(0.9)"),
        ("elu(2)", "huber(delta=3)"),
        ("leaky_relu(alpha=2)", "quantile(q=0.1)"),
    ],
)
def test_entry_by_entry_with_other_parameters(activation, loss):
    for n in OUTPUTS:
        assert checked(Network([3, 4, n], [activation, activation], loss), 7).worst[1] < TIGHT


@pytest.mark.parametrize("loss", LOSSES)
def test_where_the_mean_is_taken_changes_no_gradient(loss):
    for seed, output in enumerate(sorted(ALLOWED[loss])):
        found = problem(Network([3, 4, 3, 5], ["tanh", "softplus", output], loss, l2=0.2), seed)
        early = gradients(found, "dZ")
        for name, late in gradients(found, "dW").items():
            np.testing.assert_allclose(early[name], late, rtol=1e-11, atol=1e-14, err_msg=f"{output} {loss} {name}")


def test_equal_weights_are_no_weights():
    found = problem(Network("3-4:gelu-2:softmax"), 0)
    derivation = derive(found.network)
    plain = derivation.gradients(found.parameters, found.X, found.Y).buffer
    for weight in (1, 3.5):
        weighted = derivation.gradients(found.parameters, found.X, found.Y, np.full(4, weight)).buffer
        np.testing.assert_allclose(weighted, plain, rtol=1e-12, atol=1e-15)


def test_a_weight_of_2_is_an_example_given_twice():
    found = problem(Network("3-4:tanh-2:softmax"), 3)
    twice = [0, 0, 1, 2, 3]
    weighted = type(found)(found.network, found.parameters, found.X, found.Y, np.array([2.0, 1, 1, 1]))
    repeated = type(found)(found.network, found.parameters, found.X[twice], found.Y[twice], np.ones(5))
    for name in found.parameters.arrays():
        np.testing.assert_allclose(gradients(weighted)[name], gradients(repeated)[name], rtol=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("output", ACTIVATIONS)
def test_which_output_goes_with_which_loss(output, loss):
    if output in ALLOWED[loss]:
        assert Network([3, 2], [output], loss).loss.name == loss
    else:
        with pytest.raises(NetworkError, match=f"{loss} needs outputs .*{output}"):
            Network([3, 2], [output], loss)


def test_every_record_is_in_the_grid():
    assert set(ALLOWED) == set(LOSSES)
    assert {output for output, _ in pairs(2)} == set(ACTIVATIONS)
    assert {*HIDDEN, "softmax"} == set(ACTIVATIONS)


@pytest.mark.parametrize("twice", [["leaky_relu", "leaky_relu(0.2)"], ["leaky_relu(0.2)", "leaky_relu"], ["elu(2)", "elu"]])
def test_one_activation_with_different_parameters_in_one_network(twice):
    assert checked(Network([2, 3, 3, 1], [*twice, "identity"], "squared_error"), 3).worst[1] < TIGHT


@pytest.mark.parametrize("one_over_m", ["dW", "dZ"])
def test_a_loss_whose_gradient_is_one_number_for_all(one_over_m):
    linear = Loss("linear", value="3 * (a - y)", gradient="3")
    assert checked(Network([2, 3, 2], ["tanh", "identity"], linear), 3, one_over_m=one_over_m).worst[1] < TIGHT


@pytest.mark.parametrize(("output", "loss"), [(output, loss) for n in (2,) for output, loss in pairs(n)])
@pytest.mark.parametrize("size", [30.0, 1e3])
def test_far_out_a_finite_loss_has_finite_gradients(output, loss, size):
    found = problem(Network([1, 2], [output], loss), 0)
    found.parameters.W[1][...] = [[size], [-size]]
    for X in ([[1.0]], [[-1.0]]):
        Y = np.array([[1.0, 0.0]])
        if np.isfinite(derive(found.network).loss(found.parameters, X, Y)):
            assert np.isfinite(derive(found.network).gradients(found.parameters, X, Y).buffer).all()
