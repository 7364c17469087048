"""The four networks that the project grew from, and their first iteration worked by hand.

Weights are round numbers; a bias such as log(4) - 1 makes the last score log(4), so that a sigmoid or softmax of it is a fraction
and every number below can be followed on paper. As in the derivations, the columns of X, Y, Z, A and dZ are the examples.
"""

from itertools import pairwise
from math import exp, log

import numpy as np
import pytest

from handgrad.calculus.evaluation import evaluate
from handgrad.datasets import read_dataset
from handgrad.derivation import derive
from handgrad.gradcheck import gradcheck
from handgrad.network import Network, Parameters
from handgrad.training import stratified_split, train


def worked(network, W, b, X, Y, *, alpha=0.5, **options):
    """Every quantity of one iteration, as the package computes it; X and Y are given with examples as columns."""
    derivation = derive(network, **options)
    values = derivation.values(Parameters.given(network, W, b), np.array(X).T, np.array(Y).T)
    return derivation.evaluate({**values, "alpha": alpha})


def assert_numbers(found, expected):
    for name, value in expected.items():
        assert np.shape(found[name]) == np.shape(value), name
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-12, err_msg=name)


# Two inputs, three ReLUs, two ReLUs, and two examples: the hidden layers of (a) and (c).

X = [[1, 2], [4, -2]]
W1, b1 = [[1, 0.25], [-1, 0.5], [0.5, -0.5]], [0.5, -0.5, 0.5]
W2, b2 = [[1, -1, 0.5], [-0.5, 2, 1]], [-1, -0.25]
HIDDEN = {
    "Z[1]": [
        [1 * 1 + 0.25 * 4 + 0.5, 1 * 2 + 0.25 * -2 + 0.5],  # 2.5, 2
        [-1 * 1 + 0.5 * 4 - 0.5, -1 * 2 + 0.5 * -2 - 0.5],  # 0.5, -3.5
        [0.5 * 1 + -0.5 * 4 + 0.5, 0.5 * 2 + -0.5 * -2 + 0.5],  # -1, 2.5
    ],
    "A[1]": [[2.5, 2], [0.5, 0], [0, 2.5]],
    "relu'(Z[1])": [[1, 1], [1, 0], [0, 1]],
    "Z[2]": [
        [1 * 2.5 + -1 * 0.5 + 0.5 * 0 - 1, 1 * 2 + -1 * 0 + 0.5 * 2.5 - 1],  # 1, 2.25
        [-0.5 * 2.5 + 2 * 0.5 + 1 * 0 - 0.25, -0.5 * 2 + 2 * 0 + 1 * 2.5 - 0.25],  # -0.5, 1.25
    ],
    "A[2]": [[1, 2.25], [0, 1.25]],
    "relu'(Z[2])": [[1, 1], [0, 1]],
}

# (a) relu, relu, sigmoid with binary cross-entropy

RELU_RELU_SIGMOID = Network("2-3:relu-2:relu-1:sigmoid", loss="binary_cross_entropy")


def test_relu_relu_sigmoid_by_hand():
    found = worked(RELU_RELU_SIGMOID, [W1, W2, [[1, -1]]], [b1, b2, [log(4) - 1]], X, [[1, 0]])
    expected = HIDDEN | {
        "Z[3]": [[log(4), log(4)]],  # 1*1 - 1*0 + log 4 - 1 and 1*2.25 - 1*1.25 + log 4 - 1
        "A[3]": [[0.8, 0.8]],  # 1 / (1 + 1/4)
        "ell": [-log(0.8), -log(1 - 0.8)],
        "J": (0.22314355131420976 + 1.6094379124341003) / 2,
        "dA[3]": [[-1 / 0.8, 1 / (1 - 0.8)]],
        "sigmoid'(Z[3])": [[0.8 * 0.2, 0.8 * 0.2]],
        "dZ[3]": [[-0.2, 0.8]],  # A[3] - Y
        "dW[3]": [[(-0.2 * 1 + 0.8 * 2.25) / 2, (-0.2 * 0 + 0.8 * 1.25) / 2]],  # 0.8, 0.5
        "db[3]": [0.3],
        "dA[2]": [[1 * -0.2, 1 * 0.8], [-1 * -0.2, -1 * 0.8]],
        "dZ[2]": [[-0.2, 0.8], [0, -0.8]],  # the second unit was off for the first example
        "dW[2]": [[(-0.2 * 2.5 + 0.8 * 2) / 2, -0.2 * 0.5 / 2, 0.8 * 2.5 / 2], [-0.8 * 2 / 2, 0, -0.8 * 2.5 / 2]],
        "db[2]": [0.3, -0.4],
        "dA[1]": [[1 * -0.2, 1 * 0.8 + -0.5 * -0.8], [-1 * -0.2, -1 * 0.8 + 2 * -0.8], [0.5 * -0.2, 0.5 * 0.8 + 1 * -0.8]],
        "dZ[1]": [[-0.2, 1.2], [0.2, 0], [0, -0.4]],
        "dW[1]": [[(-0.2 * 1 + 1.2 * 2) / 2, (-0.2 * 4 + 1.2 * -2) / 2], [0.2 * 1 / 2, 0.2 * 4 / 2], [-0.4 * 2 / 2, -0.4 * -2 / 2]],
        "db[1]": [0.5, 0.1, -0.2],
        "dA[0]": [[1 * -0.2 + -1 * 0.2, 1 * 1.2 + 0.5 * -0.4], [0.25 * -0.2 + 0.5 * 0.2, 0.25 * 1.2 + -0.5 * -0.4]],
        "derivative(J, X)": [[-0.4 / 2, 1 / 2], [0.05 / 2, 0.5 / 2]],
        "W[3, t+1]": [[1 - 0.5 * 0.8, -1 - 0.5 * 0.5]],
        "b[3, t+1]": [log(4) - 1 - 0.5 * 0.3],
        "W[2, t+1]": [[1 - 0.5 * 0.55, -1 + 0.5 * 0.05, 0.5 - 0.5 * 1], [-0.5 + 0.5 * 0.8, 2, 1 + 0.5 * 1]],
        "b[2, t+1]": [-1 - 0.5 * 0.3, -0.25 + 0.5 * 0.4],
        "W[1, t+1]": [[1 - 0.5 * 1.1, 0.25 + 0.5 * 1.6], [-1 - 0.5 * 0.1, 0.5 - 0.5 * 0.4], [0.5 + 0.5 * 0.4, -0.5 - 0.5 * 0.4]],
        "b[1, t+1]": [0.5 - 0.5 * 0.5, -0.5 - 0.5 * 0.1, 0.5 + 0.5 * 0.2],
    }
    assert_numbers(found, expected)
    by_chain_rule = evaluate(derive(RELU_RELU_SIGMOID)["dZ3_chain"].right, found)
    np.testing.assert_allclose(by_chain_rule, [[-1.25 * 0.16, 5 * 0.16]], rtol=0, atol=1e-12)
    assert {equation.left.key for equation in derive(RELU_RELU_SIGMOID)} == {"A[0]", *expected}  # nothing is left out


# (b) 2-3-2, sigmoid everywhere, squared error without 1/2, in index form

V1, c1 = [[1, -1], [0.5, 1], [-2, 1]], [log(3) - 1, -2, 3 - log(3)]
V2, c2 = [[2, -1, 4], [-4, 2, 1]], [log(4) - 2, 1.75 - log(3)]
SIGMOIDS = Network("2-3:sigmoid-2:sigmoid", loss="squared_error")
POINTS, TARGETS = [[2, 1], [-1, 0.5], [0, -2]], [[1, 0], [0, 1], [0.25, 0.75]]  # here each row is an example


def test_sigmoid_squared_error_of_one_example_by_hand():
    found = worked(SIGMOIDS, [V1, V2], [c1, c2], [[2], [1]], [[1], [0]])
    expected = {
        "Z[1]": [[log(3)], [0], [-log(3)]],  # 2 - 1 + log 3 - 1, 1 + 1 - 2, -4 + 1 + 3 - log 3
        "A[1]": [[0.75], [0.5], [0.25]],
        "Z[2]": [[log(4)], [-log(3)]],  # 1.5 - 0.5 + 1 + log 4 - 2, -3 + 1 + 0.25 + 1.75 - log 3
        "A[2]": [[0.8], [0.25]],
        "J": (0.8 - 1) ** 2 + (0.25 - 0) ** 2,  # 0.1025
        "dA[2]": [[2 * (0.8 - 1)], [2 * (0.25 - 0)]],
        "sigmoid'(Z[2])": [[0.8 * 0.2], [0.25 * 0.75]],
        "dZ[2]": [[-0.4 * 0.16], [0.5 * 0.1875]],  # -0.064, 0.09375
        "dW[2]": [[-0.064 * 0.75, -0.064 * 0.5, -0.064 * 0.25], [0.09375 * 0.75, 0.09375 * 0.5, 0.09375 * 0.25]],
        "db[2]": [-0.064, 0.09375],
        "dA[1]": [[2 * -0.064 - 4 * 0.09375], [-1 * -0.064 + 2 * 0.09375], [4 * -0.064 + 1 * 0.09375]],
        "sigmoid'(Z[1])": [[0.75 * 0.25], [0.5 * 0.5], [0.25 * 0.75]],
        "dZ[1]": [[-0.503 * 0.1875], [0.2515 * 0.25], [-0.16225 * 0.1875]],
        "dW[1]": [[-0.0943125 * 2, -0.0943125], [0.062875 * 2, 0.062875], [-0.030421875 * 2, -0.030421875]],
        "db[1]": [-0.0943125, 0.062875, -0.030421875],
        "W[2, t+1]": [[2.024, -0.984, 4.008], [-4.03515625, 1.9765625, 0.98828125]],
        "b[2, t+1]": [log(4) - 2 + 0.032, 1.75 - log(3) - 0.046875],
        "W[1, t+1]": [[1.0943125, -0.95284375], [0.437125, 0.9685625], [-1.969578125, 1.0152109375]],
        "b[1, t+1]": [log(3) - 1 + 0.04715625, -2 - 0.0314375, 3 - log(3) + 0.0152109375],
    }
    assert_numbers(found, expected)


def index_form(theta, x, y):
    """C, dC/dw[1], dC/db[1], dC/dw[2], dC/db[2] of one example, weight by weight."""
    (w1, b1, w2, b2), J, K, L = theta, range(2), range(3), range(2)
    a1 = [1 / (1 + exp(-(sum(w1[k][l] * x[l] for l in L) + b1[k]))) for k in K]
    a2 = [1 / (1 + exp(-(sum(w2[j][k] * a1[k] for k in K) + b2[j]))) for j in J]
    delta2 = [2 * (a2[j] - y[j]) * a2[j] * (1 - a2[j]) for j in J]
    delta1 = [sum(delta2[j] * w2[j][k] for j in J) * a1[k] * (1 - a1[k]) for k in K]
    dw2 = [[2 * (a2[j] - y[j]) * a2[j] * (1 - a2[j]) * a1[k] for k in K] for j in J]
    return sum((a2[j] - y[j]) ** 2 for j in J), [[delta1[k] * x[l] for l in L] for k in K], delta1, dw2, delta2


@pytest.mark.parametrize("rows", [[0], [1], [2], [0, 1], [0, 1, 2]])
def test_gradient_of_the_mean_is_the_mean_of_the_index_forms(rows):
    found = worked(SIGMOIDS, [V1, V2], [c1, c2], np.array(POINTS)[rows].T, np.array(TARGETS)[rows].T)
    each = [index_form((V1, c1, V2, c2), POINTS[i], TARGETS[i]) for i in rows]
    for name, parts in zip(("J", "dW[1]", "db[1]", "dW[2]", "db[2]"), zip(*each, strict=True), strict=True):
        assert_numbers(found, {name: sum(map(np.array, parts)) / len(rows)})


@pytest.mark.parametrize("rows", [[1], [0, 1, 2]])
def test_training_steps_are_the_index_forms_steps(rows):
    theta, costs = [np.array(part, float) for part in (V1, c1, V2, c2)], []
    for _ in range(3):
        each = [index_form(theta, POINTS[i], TARGETS[i]) for i in rows]
        costs.append(sum(one[0] for one in each) / len(rows))
        theta = [part - 0.5 * sum(np.array(one[n]) for one in each) / len(rows) for n, part in enumerate(theta, 1)]
    parameters = Parameters.given(SIGMOIDS, [V1, V2], [c1, c2])
    data = np.array(POINTS)[rows], np.array(TARGETS)[rows]
    epochs = train(SIGMOIDS, parameters, *data, epochs=3, batch_size=len(rows), learning_rate=0.5)
    np.testing.assert_allclose([epoch.loss for epoch in epochs], costs, rtol=0, atol=1e-12)
    assert_numbers(parameters.arrays(), dict(zip(("W[1]", "b[1]", "W[2]", "b[2]"), theta, strict=True)))


# (c) ReLU layers with softmax and cross-entropy, or with identity and squared error, at any depth

W3, b3 = [[1, 0], [-1, 2], [0.5, 0.5]], [log(1) - 1, log(2) + 1, log(5) - 0.5]
CLASSES = [[0, 1], [0, 0], [1, 0]]  # the first example is of the last class, the second of the first
SOFTMAX = {
    "Z[3]": [[0, 1.25], [log(2), log(2) + 1.25], [log(5), log(5) + 1.25]],  # W3 A[2] is 1, -1, 0.5 and 2.25, 0.25, 1.75
    "A[3]": [[0.125, 0.125], [0.25, 0.25], [0.625, 0.625]],  # 1/8, 2/8 and 5/8; adding 1.25 to all changes nothing
    "J": -(log(0.625) + log(0.125)) / 2,
    "dW[3]": [
        [(0.125 * 1 - 0.875 * 2.25) / 2, -0.875 * 1.25 / 2],
        [(0.25 * 1 + 0.25 * 2.25) / 2, 0.25 * 1.25 / 2],
        [(-0.375 * 1 + 0.625 * 2.25) / 2, 0.625 * 1.25 / 2],
    ],
    "db[3]": [-0.375, 0.25, 0.125],
    "dW[2]": [[(-0.3125 * 2.5 - 0.8125 * 2) / 2, -0.3125 * 0.5 / 2, -0.8125 * 2.5 / 2], [0.8125 * 2 / 2, 0, 0.8125 * 2.5 / 2]],
    "db[2]": [-0.5625, 0.40625],
    "dW[1]": [[(-0.3125 - 1.21875 * 2) / 2, (-0.3125 * 4 + 1.21875 * 2) / 2], [0.15625, 0.625], [0.40625, -0.40625]],
    "db[1]": [-0.765625, 0.15625, 0.203125],
    "W[3, t+1]": [[1.4609375, 0.2734375], [-1.203125, 1.921875], [0.2421875, 0.3046875]],  # W3 - 0.5 dW[3]
}
SOFTMAX_ERRORS = {  # dA[3] and dZ[3] are of each example's own loss
    "dA[3]": [[0, -8], [0, 0], [-1.6, 0]],  # -Y / A
    "dZ[3]": [[0.125, -0.875], [0.25, 0.25], [-0.375, 0.625]],
    "dA[2]": [[0.125 - 0.25 - 0.1875, -0.875 - 0.25 + 0.3125], [2 * 0.25 - 0.1875, 2 * 0.25 + 0.3125]],
    "dZ[2]": [[-0.3125, -0.8125], [0, 0.8125]],
    "dA[1]": [[-0.3125, -0.8125 - 0.40625], [0.3125, 0.8125 + 1.625], [-0.15625, -0.40625 + 0.8125]],
    "dZ[1]": [[-0.3125, -1.21875], [0.3125, 0], [0, 0.40625]],
}


@pytest.mark.parametrize(("one_over_m", "share"), [("dW", 1), ("dZ", 1 / 2)])
def test_softmax_cross_entropy_by_hand(one_over_m, share):
    found = worked(Network("2-3-2-3"), [W1, W2, W3], [b1, b2, b3], X, CLASSES, one_over_m=one_over_m)
    written = "d{}" if one_over_m == "dW" else "derivative(J, {})"
    errors = {written.format(name[1:]): share * np.array(value) for name, value in SOFTMAX_ERRORS.items()}
    assert_numbers(found, HIDDEN | SOFTMAX | errors)


def test_softmax_jacobian_entry_by_entry_gives_the_simplified_error():
    found = worked(Network("2-3-2-3"), [W1, W2, W3], [b1, b2, b3], X, CLASSES)
    a, dA = [0.125, 0.25, 0.625], SOFTMAX_ERRORS["dA[3]"]
    by_entries = [[sum(dA[i][n] * a[i] * ((i == j) - a[j]) for i in range(3)) for n in range(2)] for j in range(3)]
    chain = evaluate(derive(Network("2-3-2-3"))["dZ3_chain"].right, found)
    np.testing.assert_allclose(chain, by_entries, rtol=0, atol=1e-12)
    np.testing.assert_allclose(by_entries, SOFTMAX_ERRORS["dZ[3]"], rtol=0, atol=1e-12)


def test_identity_squared_error_by_hand():
    network = Network("2-3-2-3", loss="squared_error")
    found = worked(network, [W1, W2, W3], [b1, b2, [-1, 1, 0.5]], X, [[1, 1], [0, 1], [0.5, 2.5]])
    expected = {
        "A[3]": [[0, 1.25], [0, 1.25], [1, 2.25]],
        "J": (1**2 + 0**2 + 0.5**2 + 3 * 0.25**2) / 2,  # 0.71875
        "dZ[3]": [[2 * (0 - 1), 2 * (1.25 - 1)], [0, 2 * (1.25 - 1)], [2 * (1 - 0.5), 2 * (2.25 - 2.5)]],
        "dW[3]": [[(-2 + 1.125) / 2, 0.625 / 2], [1.125 / 2, 0.625 / 2], [(1 - 1.125) / 2, -0.625 / 2]],  # 0.5 * 2.25, 0.5 * 1.25
        "db[3]": [-0.75, 0.25, 0.25],
        "dZ[2]": [[-2 + 0.5 * 1, 0.5 - 0.5 - 0.5 * 0.5], [0, 2 * 0.5 - 0.5 * 0.5]],  # -1.5, -0.25; off, 0.75
        "dW[2]": [[(-1.5 * 2.5 - 0.25 * 2) / 2, -1.5 * 0.5 / 2, -0.25 * 2.5 / 2], [0.75 * 2 / 2, 0, 0.75 * 2.5 / 2]],
        "dZ[1]": [[-1.5, -0.25 - 0.5 * 0.75], [1.5, 0], [0, -0.5 * 0.25 + 0.75]],  # -0.625 and 0.625
        "dW[1]": [[(-1.5 - 0.625 * 2) / 2, (-1.5 * 4 + 0.625 * 2) / 2], [1.5 / 2, 1.5 * 4 / 2], [0.625, -0.625]],
        "db[1]": [-1.0625, 0.75, 0.3125],
    }
    assert_numbers(found, HIDDEN | expected)


def plain_numpy(W, b, X, Y, *, softmax):
    """J and all gradients of ReLU layers with softmax and cross-entropy, or identity and squared error; examples are columns."""
    A, m = [X], X.shape[1]
    for weights, bias in zip(W, b, strict=True):
        A.append(np.maximum(0, weights @ A[-1] + bias[:, None]))
    output = W[-1] @ A[-2] + b[-1][:, None]
    if softmax:
        output = np.exp(output) / np.exp(output).sum(axis=0)
    found = {"J": (-(Y * np.log(output)).sum() if softmax else ((output - Y) ** 2).sum()) / m}
    delta = (output - Y if softmax else 2 * (output - Y)) / m
    for l in range(len(W), 0, -1):
        found |= {f"dW[{l}]": delta @ A[l - 1].T, f"db[{l}]": delta.sum(axis=1)}
        delta = W[l - 1].T @ delta * (A[l - 1] > 0 if l > 1 else 1)
    return found | {"derivative(J, X)": delta}


@pytest.mark.parametrize("widths", [[3, 2], [3, 7, 5, 2], [3, 7, 5, 11, 13, 2]])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_any_depth_agrees_with_plain_numpy(widths, loss):
    network, rng, softmax = Network(widths, loss=loss), np.random.default_rng(5), loss == "cross_entropy"
    W = [rng.standard_normal((n, before)) / np.sqrt(before) for before, n in pairwise(widths)]
    b = [0.5 * rng.standard_normal(n) for n in widths[1:]]
    X = rng.standard_normal((3, 17))
    Y = np.eye(2)[rng.integers(2, size=17)].T if softmax else rng.standard_normal((2, 17))
    expected = plain_numpy(W, b, X, Y, softmax=softmax)
    assert all(np.abs(value).max() > 1e-3 for value in expected.values())  # no layer is dead
    assert_numbers(worked(network, W, b, X, Y), expected)
    assert gradcheck(network, Parameters.given(network, W, b), X.T, Y.T).worst[1] < 1e-7


# (d) the digit classifier, 64-…-10

DIGITS = read_dataset("digits")


def test_first_step_on_the_first_ten_digits_by_hand():
    """One hidden unit sees ink in the middle, the other its absence; the last layer is all zeros and knows nothing yet."""
    W1 = np.zeros((2, 64))
    W1[:, 8 * 4 + 4] = [1, -1]
    W, b, X, Y = [W1, np.zeros((10, 2))], [[-8, 8], np.zeros(10)], DIGITS.X[:10].T, np.eye(10)  # these ten are 0, 1, …, 9
    found = worked(Network("64-2-10"), W, b, X, Y, alpha=2)
    expected = {  # that pixel of the ten is 0, 16, 15, 12, 0, 7, 7, 15, 16, 9
        "Z[1]": [[-8, 8, 7, 4, -8, -1, -1, 7, 8, 1], [8, -8, -7, -4, 8, 1, 1, -7, -8, -1]],
        "A[1]": [[0, 8, 7, 4, 0, 0, 0, 7, 8, 1], [8, 0, 0, 0, 8, 1, 1, 0, 0, 0]],  # the rows sum to 35 and 18
        "A[2]": [[0.1] * 10] * 10,
        "J": log(10),
        "dZ[2]": [[0.1 - (row == column) for column in range(10)] for row in range(10)],
        "dW[2]": [  # (0.1 * 35 - A[1]) / 10 and (0.1 * 18 - A[1]) / 10
            [0.35, -0.62], [-0.45, 0.18], [-0.35, 0.18], [-0.05, 0.18], [0.35, -0.62],
            [0.35, 0.08], [0.35, 0.08], [-0.35, 0.18], [-0.45, 0.18], [0.25, 0.18],
        ],
        "db[2]": [0] * 10,  # each digit is there once: (9 * 0.1 - 0.9) / 10
        "dW[1]": np.zeros((2, 64)),  # nothing comes back through weights of 0
    }  # fmt: skip
    assert_numbers(found, expected | {"W[2, t+1]": -2 * np.array(expected["dW[2]"])})


def test_mini_batch_of_digits_agrees_with_plain_numpy():
    network, X, Y = Network("64-32-16-10"), DIGITS.X[100:132].T / 16, np.eye(10)[DIGITS.y[100:132]].T
    parameters = Parameters.draw(network, 0)
    parameters.buffer += 0.01  # biases that are not zero
    W, b = list(parameters.W.values()), list(parameters.b.values())
    assert_numbers(worked(network, W, b, X, Y), plain_numpy(W, b, X, Y, softmax=True))


def test_digits_are_learned_and_unseen_ones_are_read():
    network, split = Network("64-32-10"), stratified_split(DIGITS, np.random.default_rng(0))
    parameters, X, y = Parameters.draw(network, 0), DIGITS.X / 16, DIGITS.y
    losses = [epoch.loss for epoch in train(network, parameters, X[split.train], y[split.train], epochs=8, learning_rate=0.3)]
    assert losses[-1] < 0.2 * losses[0]
    right = derive(network).output(parameters, X).argmax(axis=1) == y
    assert right[split.train].mean() > 0.95
    assert right[split.held_out].mean() > 0.9
