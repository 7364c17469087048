"""The plain loop: what a step is, and what a run refuses."""

import numpy as np
import pytest
from draws import problem

from handgrad.datasets import read_dataset
from handgrad.derivation import derive
from handgrad.errors import TrainingError
from handgrad.network import Network, Parameters
from handgrad.training import Split, stratified_split, train

NETWORK = Network("3-4:tanh-2:softmax", l2=0.01)


def trained(parameters, X, Y, weights=None, **options):
    parameters = parameters.copy()
    for _ in train(parameters.network, parameters, X, Y, weights, **options):
        pass
    return parameters.buffer


def test_one_batch_of_all_is_one_step_of_the_derivation():
    found = problem(NETWORK, 0)
    batch = {"epochs": 1, "batch_size": len(found.X), "learning_rate": 0.3}
    step = derive(NETWORK).step(found.parameters, found.X, found.Y, 0.3, found.weights)
    np.testing.assert_allclose(trained(found.parameters, found.X, found.Y, found.weights, **batch), step.buffer, rtol=1e-13)


def test_equal_weights_change_nothing():
    found = problem(NETWORK, 0)
    options = {"epochs": 3, "batch_size": 2, "learning_rate": 0.1}
    plain = trained(found.parameters, found.X, found.Y, **options)
    np.testing.assert_allclose(
        trained(found.parameters, found.X, found.Y, np.full(len(found.X), 7.0), **options), plain, rtol=1e-12
    )


def test_weights_count_also_where_a_batch_holds_one_example():
    network = Network("1-1", loss="half_squared_error")
    X, Y, rate = np.array([[1.0], [1.0]]), np.array([0.0, 4.0]), 4e-3
    for weights in ([1.0, 3.0], [1.0, 0.0]):
        parameters = Parameters(network)
        for _ in train(network, parameters, X, Y, weights, epochs=800, batch_size=1, learning_rate=rate):
            pass
        expected = np.average(Y, weights=weights)  # the weighted mean minimises the weighted squared error
        assert float(derive(network).output(parameters, [[1.0]])[0, 0]) == pytest.approx(expected, abs=0.03)


def test_the_same_seed_gives_the_same_bits():
    found = problem(NETWORK, 0)
    options = {"epochs": 2, "batch_size": 2, "learning_rate": 0.1}
    once, again, other = (trained(found.parameters, found.X, found.Y, rng=seed, **options) for seed in (5, 5, 6))
    assert once.tobytes() == again.tobytes() != other.tobytes()


def test_a_run_that_diverges_keeps_the_last_finite_parameters():
    network = Network("1-1", loss="squared_error")
    parameters = Parameters(network)
    with pytest.raises(TrainingError, match=r"the loss is (inf|nan) in epoch \d+ at the learning rate 1e\+10.*ten times smaller"):
        for _ in train(network, parameters, [[1.0], [2.0]], [1.0, 2.0], epochs=100, learning_rate=1e10):
            pass
    assert np.isfinite(parameters.buffer).all()


WRONG = [
    {"epochs": 0},
    {"epochs": 1.5},
    {"batch_size": 0},
    {"learning_rate": 0},
    {"learning_rate": np.nan},
    {"learning_rate": "0.1"},
]


@pytest.mark.parametrize("option", WRONG, ids=str)
def test_options_that_no_run_can_have(option):
    with pytest.raises(TrainingError, match=f"{next(iter(option))} is a"):
        train(NETWORK, Parameters(NETWORK), np.zeros((2, 3)), [0, 1], **{"epochs": 1, **option})


def test_every_class_is_held_out_in_proportion():
    data = read_dataset("wine")
    split = stratified_split(data, np.random.default_rng(0))
    assert isinstance(split, Split)
    assert sorted([*split.train, *split.held_out]) == list(range(178))
    shares = np.bincount(data.y[split.held_out]) / np.bincount(data.y)
    np.testing.assert_allclose(shares, 0.25, atol=0.01)
