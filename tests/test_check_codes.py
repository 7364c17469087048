"""The kinds of mistakes: their numbers are recomputed here, from the example formulas and by nudging."""

import ast
import re
from types import SimpleNamespace

import numpy as np
import pytest

from handgrad.check.codes import KINDS, find_kind
from handgrad.errors import HandgradError

CODES = [f"HG{number:03}" for number in (*range(1, 25), 99)]
WITHOUT_NUMBERS = {"HG019"}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def relu(z):
    return np.maximum(z, 0)


def softmax(z):
    return np.exp(z) / np.exp(z).sum()


def nudged(function, at):
    """The derivative of a scalar function of an array, entry by entry."""
    at = np.asarray(at, float)
    slopes = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[place] = 1e-6
        slopes[place] = (function(at + step) - function(at - step)) / 2e-6
    return slopes


def cross_entropy(a, y):
    return -(y * np.log(a) + (1 - y) * np.log(1 - a))


# For each kind: what the wrong formula gives, what the right one gives, and what is so, each from the inputs of the witness alone.
# Where a gradient comes in from above, the loss is that gradient times what it is the gradient by.
WORKED = {
    "HG001": (
        lambda v: v.W2.T * v.dZ2,
        lambda v: v.W2.T @ v.dZ2,
        lambda v: nudged(lambda A: np.sum(v.dZ2 * (v.W2 @ A)), [[1, 2], [3, 5]]),
    ),
    "HG002": (
        lambda v: v.dZ2 @ v.A1 / v.m,
        lambda v: v.dZ2 @ v.A1.T / v.m,
        lambda v: nudged(lambda W: np.mean(v.dZ2 * (W @ v.A1), axis=1).sum(), [[1, 2]]),
    ),
    "HG003": (lambda v: v.Y - v.A, lambda v: v.A - v.Y, lambda v: nudged(lambda A: (A - v.Y) ** 2 / 2, v.A)),
    "HG004": (
        lambda v: v.dZ @ v.X.T,
        lambda v: v.dZ @ v.X.T / v.m,
        lambda v: nudged(lambda W: np.mean(v.dZ * (W @ v.X)), [[3]]),
    ),
    "HG005": (
        lambda v: sigmoid(v.Z) - v.Y,
        lambda v: (sigmoid(v.Z) - v.Y) * sigmoid(v.Z) * (1 - sigmoid(v.Z)),
        lambda v: nudged(lambda Z: (sigmoid(Z) - v.Y) ** 2 / 2, v.Z),
    ),
    "HG006": (
        lambda v: v.dA * (1 - v.Z**2),
        lambda v: v.dA * (1 - np.tanh(v.Z) ** 2),
        lambda v: nudged(lambda Z: v.dA * np.tanh(Z), v.Z),
    ),
    "HG007": (lambda v: relu(v.dA), lambda v: v.dA * (v.Z > 0), lambda v: nudged(lambda Z: v.dA * relu(Z), v.Z)),
    "HG008": (lambda v: v.dZ2 * v.A2, lambda v: v.dZ2 * v.A1, lambda v: nudged(lambda W: v.dZ2 * W * v.A1, 7)),
    "HG009": (lambda v: v.dZ2 * v.dA1, lambda v: v.dZ2 * v.A1, lambda v: nudged(lambda W: v.dZ2 * W * v.A1, 7)),
    "HG010": (
        lambda v: v.w_11 * v.δ_1,
        lambda v: v.w_11 * v.δ_1 + v.w_21 * v.δ_2,
        lambda v: nudged(lambda a: v.δ_1 * v.w_11 * a + v.δ_2 * v.w_21 * a, 3),
    ),
    "HG011": (
        lambda v: v.a_1 * (0 - v.a_1),
        lambda v: v.a_1 * (0 - v.a_2),
        lambda v: nudged(lambda z: softmax(z)[0], np.log([v.a_1, v.a_2]))[1],
    ),
    "HG012": (lambda v: -np.log10(v.a), lambda v: -np.log(v.a), lambda v: np.log1p((1 - v.a) / v.a)),
    "HG013": (
        lambda v: (v.W + v.α * v.W) ** 2 / 2,
        lambda v: (v.W - v.α * v.W) ** 2 / 2,
        lambda v: (v.W - v.α * nudged(lambda W: W**2 / 2, v.W)) ** 2 / 2,
    ),
    "HG014": (
        lambda v: v.dA * v.A * (1 - v.A),
        lambda v: v.A * (v.dA - np.sum(v.dA * v.A)),
        lambda v: nudged(lambda z: np.sum(v.dA * softmax(z)), np.log(v.A)),
    ),
    "HG015": (
        lambda v: v.dZ * v.X - v.λ * v.W,
        lambda v: v.dZ * v.X + v.λ * v.W,
        lambda v: nudged(lambda W: v.dZ * W * v.X + v.λ / 2 * W**2, v.W),
    ),
    "HG016": (
        lambda v: v.A - v.Y,
        lambda v: 1 / (v.A - v.Y),
        lambda v: nudged(lambda J: v.Y + np.sqrt(2 * J), (v.A - v.Y) ** 2 / 2),
    ),
    "HG017": (
        lambda v: (v.w * v.x - v.y) ** 2 / 2,
        lambda v: (v.w * v.x - v.y) * v.x,
        lambda v: nudged(lambda w: (w * v.x - v.y) ** 2 / 2, v.w),
    ),
    "HG018": (
        lambda v: (v.W * v.X - v.Y) / v.m @ v.X.T / v.m,
        lambda v: (v.W * v.X - v.Y) / v.m @ v.X.T,
        lambda v: nudged(lambda W: np.sum((W * v.X - v.Y) ** 2) / (2 * v.m), v.W),
    ),
    "HG020": (lambda v: (v.n_0, v.n_1), lambda v: (v.n_1, v.n_0), lambda v: (v.n_1, np.zeros((v.n_0, 7)).shape[0])),
    "HG021": (
        lambda v: (v.examples, v.inputs),
        lambda v: (v.inputs, v.examples),
        lambda v: (np.zeros((v.units, v.inputs)).shape[1], v.examples),
    ),
    "HG022": (
        lambda v: -(v.Y / v.A - (1 - v.Y) / v.A),
        lambda v: -(v.Y / v.A - (1 - v.Y) / (1 - v.A)),
        lambda v: nudged(lambda A: cross_entropy(A, v.Y), v.A),
    ),
    "HG023": (
        lambda v: (sigmoid(v.Z) - v.Y) * sigmoid(v.Z) * (1 - sigmoid(v.Z)),
        lambda v: sigmoid(v.Z) - v.Y,
        lambda v: nudged(lambda Z: cross_entropy(sigmoid(Z), v.Y), v.Z),
    ),
    "HG024": (lambda v: v.Z1, lambda v: relu(v.Z1), lambda v: max(v.Z1, 0)),
    "HG099": (
        lambda v: v.W1 * v.X,
        lambda v: v.dA1 * (v.W1 * v.X > 0),
        lambda v: nudged(lambda Z: v.dA1 * relu(Z), v.W1 * v.X),
    ),
}


def test_the_kinds_are_those_that_there_are():
    assert list(KINDS) == CODES
    assert all(code == kind.code for code, kind in KINDS.items())
    assert len({kind.name for kind in KINDS.values()}) == len(CODES)
    assert {code for code, kind in KINDS.items() if kind.witness is None} == WITHOUT_NUMBERS
    assert set(WORKED) == set(CODES) - WITHOUT_NUMBERS


@pytest.mark.parametrize("code", CODES)
def test_a_kind_says_what_it_is(code):
    kind = KINDS[code]
    assert kind.what.endswith(".")
    assert kind.names.endswith(".")
    assert kind.what.count(". ") <= 1
    assert kind.wrong != kind.right


@pytest.mark.parametrize("code", WORKED)
def test_a_witness_is_what_its_numbers_give(code):
    witness = KINDS[code].witness
    values = {re.sub(r"\W", "", name): np.array(ast.literal_eval(value))[()] for name, value in witness.inputs}
    entry = tuple(int(number) - 1 for number in re.findall(r"\d+", witness.entry))
    wrong, right, truth = (np.asarray(work(SimpleNamespace(**values))) for work in WORKED[code])
    for found, shown in ((wrong, witness.author), (right, witness.measured), (truth, witness.measured)):
        numbers = [float(number) for number in shown.split(" × ")]
        digits = max(len(number.partition(".")[2]) for number in shown.split(" × "))
        np.testing.assert_allclose(found[entry].ravel(), numbers, atol=0.5 * 10.0**-digits + 1e-7)
    assert witness.author != witness.measured


@pytest.mark.parametrize("code", WORKED)
def test_every_input_of_a_witness_is_named_in_its_example(code):
    kind = KINDS[code]
    words = f"{kind.wrong} {kind.right} {kind.names}"
    if code == "HG010":  # the sum is over entries
        words = words.replace("w_jk", "w_11 w_21").replace("δ_j", "δ_1 δ_2")
    if code == "HG011":
        words += "a_1 a_2"
    if code == "HG012":
        words += " a"
    assert all(name.rstrip("s") in words for name, _ in kind.witness.inputs)


@pytest.mark.parametrize("name", ["HG003", "hg003", " HG3 ", "hg03", "sign", "Sign"])
def test_a_kind_is_found_by_code_or_name(name):
    assert find_kind(name) is KINDS["HG003"]


@pytest.mark.parametrize("kind", KINDS.values())
def test_every_kind_is_found_by_its_name(kind):
    assert find_kind(kind.name) is kind


@pytest.mark.parametrize(
    ("name", "says"),
    [("HG098", "Known: HG001, HG002"), ("sgn", "did you mean 'sign'?"), ("", "Known: "), ("HG" + "0" * 99, "Known: HG001")],
)
def test_what_there_is_not_is_said_with_what_there_is(name, says):
    with pytest.raises(HandgradError, match=re.escape(says)):
        find_kind(name)
