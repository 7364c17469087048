"""Parameters in one flat buffer: views that write through, stacks, first draws, given arrays."""

import copy
import pickle

import numpy as np
import pytest

from handgrad.errors import NetworkError
from handgrad.network import Network, Parameters


def test_the_views_write_to_the_buffer_and_read_from_it():
    parameters = Parameters(Network("2-3-1"))
    parameters.W[1][...] = [[1, 2], [3, 4], [5, 6]]
    parameters.b[1][...] = [7, 8, 9]
    parameters.W[2][0, 1] = 10
    parameters.b[2] += 11
    np.testing.assert_array_equal(parameters.buffer, [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 10, 0, 11])
    parameters.buffer[0] = -1
    assert parameters.W[1][0, 0] == -1
    assert list(parameters.arrays()) == ["W[1]", "b[1]", "W[2]", "b[2]"]
    assert all(np.shares_memory(array, parameters.buffer) for array in parameters.arrays().values())


def test_layers_are_counted_from_1():
    W = Parameters(Network("2-3-1")).W
    assert (list(W), len(W), W[2].shape) == ([1, 2], 2, (1, 3))
    for layer in (0, 3, -1):
        with pytest.raises(KeyError, match=f"layers are counted from 1 to 2, but {layer} was given"):
            W[layer]


def test_a_stack_of_parameters_has_views_with_the_stack_in_front():
    network = Network("2-3-1")
    stack = np.arange(4 * 5 * network.size, dtype=float).reshape(4, 5, network.size)
    parameters = Parameters(network, stack)
    assert {name: array.shape for name, array in parameters.arrays().items()} == {
        "W[1]": (4, 5, 3, 2), "b[1]": (4, 5, 3), "W[2]": (4, 5, 1, 3), "b[2]": (4, 5, 1),
    }  # fmt: skip
    np.testing.assert_array_equal(parameters.W[2][1, 2], Parameters(network, stack[1, 2]).W[2])
    parameters.b[2][...] = 0
    assert not stack[..., -1].any()


def test_a_copy_has_a_buffer_of_its_own():
    first = Parameters.draw(Network("2-3-1"), 0)
    second = first.copy()
    second.W[1][...] = 0
    assert first.W[1].all()


def test_drawing_is_seeded_and_takes_what_suits_each_layer():
    network = Network("500-400:relu-400:tanh-400:selu-2")
    drawn = Parameters.draw(network, 5)
    np.testing.assert_array_equal(drawn.buffer, Parameters.draw(network, np.random.default_rng(5)).buffer)
    assert not np.array_equal(drawn.buffer, Parameters.draw(network, 6).buffer)
    expected = [np.sqrt(2 / 500), np.sqrt(2 / 800), np.sqrt(1 / 400)]
    assert [drawn.W[layer].std() for layer in (1, 2, 3)] == pytest.approx(expected, rel=0.02)
    assert not any(b.any() for b in drawn.b.values())
    assert Parameters.draw(network, 5, dtype=np.float32).buffer.dtype == np.float32


def test_an_unknown_initialiser_names_the_nearest():
    with pytest.raises(
        NetworkError, match=r"there is no initialiser 'glorot'. did you mean 'glorot_normal'|did you mean 'glorot_uniform'"
    ):
        Parameters.draw(Network("2-1"), 0, "glorot")


def test_given_arrays():
    network = Network("2-2-1")
    parameters = Parameters.given(network, [[[1, 2], [3, 4]], [[5, 6]]], [[7, 8], [9]])
    np.testing.assert_array_equal(parameters.buffer, [1, 2, 3, 4, 7, 8, 5, 6, 9])
    assert parameters.buffer.dtype == np.float64
    assert not Parameters.given(network, [np.ones((2, 2)), np.ones((1, 2))]).b[1].any()
    singles = [np.ones((2, 2), np.float32), np.ones((1, 2), np.float32)]
    assert Parameters.given(network, singles).buffer.dtype == np.float32


@pytest.mark.parametrize(
    ("W", "b", "message"),
    [
        ([np.ones((2, 2))], None, "has 2 layers, but 1 arrays were given for W"),
        ([np.ones((2, 2)), np.ones((2, 1))], None, r"W\[2\] has the shape \(1, 2\), but \(2, 1\) was given"),
        ([np.ones((2, 2)), np.ones((1, 2))], [np.ones(2), np.ones(2)], r"b\[2\] has the shape \(1,\), but \(2,\) was given"),
        ([np.ones((2, 2)), np.ones((1, 2))], [np.ones((2, 1)), np.ones(1)], r"b\[1\] has the shape \(2,\), but \(2, 1\) was given"),
        ([np.full((2, 2), np.nan), np.ones((1, 2))], None, "weights and biases are finite numbers, but NaN or infinity was given"),
        ([np.full((2, 2), np.inf), np.ones((1, 2))], None, "finite"),
        ([[["a", "b"], ["c", "d"]], np.ones((1, 2))], None, "number"),
        ([np.full((2, 2), 1j), np.ones((1, 2))], None, "number"),
    ],
)
def test_arrays_that_are_not_parameters(W, b, message):
    with pytest.raises(NetworkError, match=message):
        Parameters.given(Network("2-2-1"), W, b)


def test_a_buffer_of_another_size():
    with pytest.raises(NetworkError, match=r"has 4 parameters, but a buffer of the shape \(5,\) was given"):
        Parameters(Network("3-1"), np.zeros(5))


@pytest.mark.parametrize("again", [lambda p: pickle.loads(pickle.dumps(p)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_a_copy_has_views_over_its_own_buffer(again):
    parameters = Parameters.draw(Network("2-3-1"), 0)
    other = again(parameters)
    np.testing.assert_array_equal(other.buffer, parameters.buffer)
    other.W[1] += 1
    assert other.buffer[0] == parameters.buffer[0] + 1
