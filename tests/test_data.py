"""The arrays that people hand over: what is taken, and what is refused with its row and column."""

import numpy as np
import pytest
from draws import ALLOWED, problem

from handgrad.catalogue.losses import LOSSES
from handgrad.derivation import derive
from handgrad.errors import DataError, NetworkError
from handgrad.network import Network, Parameters


def test_which_loss_takes_which_targets():
    intervals = {name: (loss.targets.low, loss.targets.high) for name, loss in LOSSES.items() if np.isfinite(loss.targets.low)}
    assert intervals == {"poisson": (0, np.inf), "binary_cross_entropy": (0, 1), "cross_entropy": (0, 1)}
    assert set(intervals) <= set(ALLOWED)


X2 = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("spelling", "X", "Y", "weights", "message"),
    [
        ("2-1", [[1, np.nan], [3, 4]], [0, 1], None, "X holds finite numbers, but row 1, column 2 is nan"),
        ("2-1", [[1, 2], [-np.inf, 4]], [0, 1], None, "X holds finite numbers, but row 2, column 1 is -inf"),
        ("2-1", X2, [0, np.nan], None, "Y holds finite numbers, but row 2, column 1 is nan"),
        ("2-1", X2, [0, 1, 2], None, "X has 2 examples, but Y has 3"),
        ("2-1", X2, 1.0, None, "X has 2 examples, but Y has a single number"),
        ("2-1", X2, [[0, 1], [1, 0]], None, r"Y has the shape \(2, 1\) for the network 2-1:identity, but \(2, 2\) was given"),
        ("2-3", X2, [0.5, 1.5], None, r"Y has the shape \(2, 3\) \(or whole-number labels\)"),
        ("2-1", [1, 2], [0, 1], None, r"X has the shape \(n_samples, 2\), but \(2,\) was given"),
        ("2-1", [[1], [2]], [0, 1], None, "has 2 inputs, but X has 1 columns"),
        ("2-1", np.zeros((0, 2)), [], None, "X has no rows"),
        ("2-1", [["a", "b"], ["c", "d"]], [0, 1], None, "X holds numbers, but an array of <U1 was given"),
        ("2-1", np.array([[None, 1], [2, 3]]), [0, 1], None, "X holds numbers, but an array of object was given"),
        ("2-1", [[1, 2], [3]], [0, 1], None, "X"),
        ("2-1", X2, [[0], [1, 2]], None, "Y"),
        ("2-3", X2, [0, 3], None, "labels are whole numbers from 0 to 2, but row 2 of Y is 3"),
        ("2-3", X2, [-1, 2], None, "labels are whole numbers from 0 to 2, but row 1 of Y is -1"),
        ("2-2", X2, [[0.5, 0.5], [0.5, 0.6]], None, r"cross_entropy takes targets that sum to 1, but row 2 of Y sums to 1.1"),
        ("2-2", X2, [[0.5, 0.5], [-0.5, 1.5]], None, r"cross_entropy takes targets in \[0, 1\], but row 2, column 1 of Y is -0.5"),
        ("2-1:sigmoid", X2, [0, 2], None, r"binary_cross_entropy takes targets in \[0, 1\], but row 2, column 1 of Y is 2"),
        ("2-1:exp", X2, [3, -1], None, r"poisson takes targets in \[0, ∞\), but row 2, column 1 of Y is -1"),
        ("2-1", X2, [0, 1], [0, 0], "sample weights sum to 0"),
        ("2-1", X2, [0, 1], [2, -1], "sample weights are not negative, but row 2 is -1"),
        ("2-1", X2, [0, 1], [1, 1, 1], "X has 2 examples, but sample_weight has 3"),
        ("2-1", X2, [0, 1], [[1, 1]], r"sample_weight has the shape \(2,\), but \(1, 2\) was given"),
        ("2-1", X2, [0, 1], [1, np.inf], "sample_weight holds finite numbers, but row 2"),
        ("2-1", X2, [0, 1], ["a", "b"], "sample_weight holds numbers"),
    ],
)
def test_data_that_cannot_be_used(spelling, X, Y, weights, message):
    network = Network(spelling)
    with pytest.raises(DataError, match=message):
        derive(network).gradients(Parameters(network), X, Y, weights)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64, np.float16, np.float32, bool])
def test_numbers_of_any_kind_are_taken(kind):
    found = problem(Network("2-3:tanh-2"), 0)
    X = np.array([[1, 0], [0, 1]])
    assert derive(found.network).loss(found.parameters, X.astype(kind), [0, 1]) == derive(found.network).loss(
        found.parameters, X * 1.0, [0, 1]
    )


def test_lists_and_memory_orders_are_all_the_same():
    found = problem(Network("2-3:tanh-2"), 0)
    expected = derive(found.network).gradients(found.parameters, found.X, found.Y).buffer
    for X in (found.X.tolist(), np.asfortranarray(found.X), np.repeat(found.X, 2, axis=0)[::2]):
        np.testing.assert_allclose(derive(found.network).gradients(found.parameters, X, found.Y).buffer, expected, rtol=1e-14)


def test_only_the_ratios_of_weights_count_however_large_they_are():
    network = Network("2-1")
    parameters = Parameters.draw(network, 0)
    found = [derive(network).gradients(parameters, X2, [0, 1], scale * np.array([1, 3])).buffer for scale in (1e-300, 1, 5e307)]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-14)
    np.testing.assert_allclose(found[2], found[1], rtol=1e-14)


def test_numbers_that_the_precision_cannot_hold_are_refused():
    network = Network("2-1")
    narrow = Parameters(network, np.zeros(3, np.float32))
    with pytest.raises(DataError, match=r"X holds 1e\+300 in row 2, which float32 cannot hold"):
        derive(network).gradients(narrow, [[1.0, 2.0], [1e300, 1.0]], [0, 1])


def test_masked_entries_are_refused():
    with pytest.raises(DataError, match="masked"):
        derive(Network("2-1")).forward(Parameters(Network("2-1")), np.ma.masked_less(np.array(X2), 2))


def test_parameters_of_another_network_are_refused():
    with pytest.raises(NetworkError, match="the parameters are those of 2-4"):
        derive(Network("2-3-1")).loss(Parameters(Network("2-4-1")), X2, [0, 1])
