"""explain: why a parameter moved is said of the steps that were made, with products that come out."""

import json

import numpy as np
import pytest
from draws import problem
from explained import explained

from handgrad.catalogue.optimisers import OPTIMISERS
from handgrad.derivation import following
from handgrad.document.terminal import to_text
from handgrad.explain import explain
from handgrad.explain.matrices import plain
from handgrad.network import Network, Parameters


def run_of(optimiser, iterations):
    network = Network("1-1")
    start = Parameters.given(network, [[[0.4744]]])
    return explain(network, start, [[1], [2]], [2, 1], optimiser=optimiser, iterations=iterations, learning_rate=0.2)


def test_several_iterations_are_not_explained_by_the_first_gradient():
    found = run_of("momentum", 8)
    assert found.after.W[1][0, 0] < found.before.W[1][0, 0]  # against the first gradient, which is below 0
    document = found.weight(1, 1, 1)
    text = " ".join(to_text(document).split())
    first, last = found.iterations[0].gradients.W[1][0, 0], found.iterations[-1].gradients.W[1][0, 0]
    assert f"8 steps of momentum come to {plain(found.after.W[1][0, 0] - 0.4744)}" in text
    assert f"its gradient went from {plain(first)} to {plain(last)}" in text
    assert "its v went from" in text
    assert "because" not in text.partition("═")[0]
    assert "should go up" not in text
    assert "After all 8 steps of momentum it went down" in text
    assert "Its gradient in iteration 1" in text
    assert len(document.data["gradients"]) == 8
    assert [row["gradient"] for row in document.data["iterations"]] == document.data["gradients"]
    assert all("went from" in moved.why and " 8 steps" in f" {moved.why}" for moved in found.moved)
    assert json.loads(found.to_json())["moved"][0]["gradients"] == list(found.moved[0].gradients)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("iterations", [1, 4])
def test_update_rules_with_a_state_give_their_step_as_the_reason(optimiser, iterations):
    found = run_of(optimiser, iterations)
    (why,) = (moved.why for moved in found.moved if moved.name == "W")
    state = found.derivation.optimiser.state
    assert (f"of {optimiser}" in why) == bool(state)
    for name in state:
        kept = float(found.iterations[-1].state[f"{name}_W[1]"][0, 0])
        assert name in why
        assert plain(kept) in why
    text = " ".join(to_text(found.weight(1, 1, 1)).split())
    assert ("should go" in text) == (iterations == 1 and not state)


def test_gradients_of_iterations_are_the_derivations():
    found = explained(Network("3-4:tanh-2"), iterations=3, optimiser="adam")
    for iteration in found.iterations:
        for key, gradient in iteration.gradients.arrays().items():
            assert np.array_equal(gradient, iteration.values[f"d{key}"])
        for key, kept in iteration.state.items():
            assert np.array_equal(kept, iteration.values[following(key)])


@pytest.mark.parametrize("one_over_m", ["dW", "dZ"])
@pytest.mark.parametrize("weights", [None, [3, 1, 6]])
@pytest.mark.parametrize("samples", [1, 3])
def test_the_product_that_is_shown_is_the_part(one_over_m, weights, samples):
    drawn = problem(Network("3-4:tanh-2"), 1, samples)
    weights = weights and weights[:samples]
    found = explain(drawn.network, drawn.parameters, drawn.X, drawn.Y, one_over_m=one_over_m, sample_weight=weights, digits=9)
    for moved in found.moved:
        left, *middle, right = moved.why.rpartition(": ")[2].removeprefix("its gradient is ").split(" = ")
        for numbers in middle:
            factors = [factor.strip("()") for factor in numbers.split(" · ")]
            product = np.prod([float(a) / float(b or 1) for a, _, b in (factor.partition("/") for factor in factors)])
            assert product == pytest.approx(float(right), rel=1e-6)
            assert len(factors) == left.count("·") + 1
        shown = samples > 1 and one_over_m == "dW"
        assert left.startswith("ω/Σω" if shown and weights else "1/m" if shown else "δ")


def test_the_part_of_an_example_has_its_share():
    network = Network("1-1", loss="squared_error")
    found = explain(network, Parameters.given(network, [[[0.0]]]), [[1.0]] * 20, [1.82] + [0.0] * 19)
    (why,) = (moved.why for moved in found.moved if moved.name == "W")
    assert why.endswith("from example 1: 1/m · δ · a = 1/20 · (-3.64) · 1 = -0.182")
