"""Every step of every derivation holds, whatever the network and the style, and can be written in every notation."""

import dataclasses

import latex2mathml.converter
import numpy as np
import pytest
from draws import HIDDEN, pairs, problem

from handgrad.calculus.expressions import Number, Rate
from handgrad.calculus.notation import NOTATIONS, Notation
from handgrad.catalogue.optimisers import OPTIMISERS
from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_LOSSES, SCIKIT_LEARN_RULES
from handgrad.derivation import derive
from handgrad.derivation.checking import check_steps
from handgrad.errors import HandgradError
from handgrad.network import Network, Parameters

RULES = {**OPTIMISERS, **SCIKIT_LEARN_RULES}
STYLES = (("dW", "numbered"), ("dZ", "general"), ("dW", "from_output"))
MOST = 1e-7
DERIVED = [
    derive("4-3:relu-2:relu-1:sigmoid"),
    derive(Network("2-3:sigmoid-2:sigmoid", loss="squared_error"), layers="from_output"),
    derive(Network("4-3:relu-2:softmax", l2=0.1, label_smoothing=0.1), one_over_m="dZ", optimiser="adam"),
    derive(Network("3-4:elu(alpha=0.5)-2:softplus", loss="poisson"), layers="general"),
    derive(Network("3-4:tanh-5:gelu-2:softmax", loss="squared_error"), optimiser="nesterov"),
    derive("3-2"),
]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_steps_hold_through_every_activation(hidden):
    for one_over_m, layers in STYLES:
        assert max(check_steps(derive(f"3-4:{hidden}-2:softmax", one_over_m=one_over_m, layers=layers)).values()) < MOST


@pytest.mark.parametrize(("output", "loss"), list(pairs(3)))
def test_steps_hold_for_every_output_and_loss(output, loss):
    for one_over_m, layers in STYLES:
        derivation = derive(Network(f"2-3:tanh-3:{output}", loss=loss, l2=0.1), one_over_m=one_over_m, layers=layers)
        assert max(check_steps(derivation).values()) < MOST


@pytest.mark.parametrize("loss", SCIKIT_LEARN_LOSSES.values(), ids=lambda loss: loss.name)
def test_steps_hold_for_the_forms_of_scikit_learn(loss):
    for one_over_m, layers in STYLES:
        derivation = derive(Network([2, 3, 3], ["tanh"], loss, l2=0.1), one_over_m=one_over_m, layers=layers)
        assert max(check_steps(derivation).values()) < MOST


@pytest.mark.parametrize(
    "spelling", ["3-1", "3-5:softmax", "2-3-3-3-1", "7" + "-3:tanh" * 9 + "-2", "4-3:relu-2:tanh-3:relu-2:gelu-1"]
)
def test_steps_hold_at_any_depth(spelling):
    for one_over_m, layers in STYLES:
        derivation = derive(Network(spelling, l2=0.01), one_over_m=one_over_m, layers=layers)
        assert max(check_steps(derivation).values()) < MOST


@pytest.mark.parametrize("optimiser", RULES)
def test_steps_hold_for_every_update_rule(optimiser):
    assert max(check_steps(derive("3-4-2", optimiser=RULES[optimiser])).values()) < MOST


@pytest.mark.parametrize("derivation", DERIVED[1:4], ids=lambda d: f"{d.network}-{d.layers}")
def test_a_wrong_step_is_found(derivation, monkeypatch):
    """Whichever step is made wrong, the check names it."""
    right = type(derivation).of
    for place, section in enumerate(derivation.sections):
        for number, step in enumerate(section.steps):

            def spoiled(self, network, place=place, number=number):
                made = right(self, network)
                sections, steps = list(made.sections), list(made.sections[place].steps)
                steps[number] = dataclasses.replace(steps[number], right=off(steps[number].right))
                sections[place] = dataclasses.replace(sections[place], steps=tuple(steps))
                return dataclasses.replace(made, write_sections=lambda: tuple(sections))

            monkeypatch.setattr(type(derivation), "of", spoiled)
            with pytest.raises(HandgradError, match=f"the step {step.id} does not hold"):
                check_steps(derivation)


def off(right):
    """A right side that is a little wrong."""
    return Rate(right.body * Number(1.01), right.by) if isinstance(right, Rate) else right * Number(1.01) + Number(0.01)


@pytest.mark.parametrize("derivation", DERIVED, ids=lambda d: f"{d.network}-{d.layers}")
@pytest.mark.parametrize("notation", [*NOTATIONS, Notation(sums="from_1", bound="same"), Notation(form="factors")], ids=str)
def test_every_step_can_be_written(derivation, notation):
    for step in derivation.steps:
        shown = derivation.render(step.id, notation)
        assert "=" in shown
        assert shown.count("(") == shown.count(")")
        latex = derivation.render(step.id, notation, "latex")
        assert latex.count("{") == latex.count("}")
        assert "<math" in latex2mathml.converter.convert(latex)


@pytest.mark.parametrize("optimiser", RULES)
def test_an_update_is_what_plain_numpy_makes_of_the_rule(optimiser):
    """Two steps of each rule, written down again by hand."""
    network = Network("3-4:tanh-2")
    found, derivation, alpha = problem(network, 3), derive(network, optimiser=RULES[optimiser]), 0.05
    state, parameters = derivation.first_state(found.parameters), found.parameters.copy()
    theta, kept = parameters.buffer.copy(), {}
    for t in (1, 2):
        values = {**derivation.values(parameters, found.X, found.Y), **state, "alpha": alpha, "t": float(t)}
        after = derivation.evaluate(values)
        if optimiser == "adamw":  # weights decay first, biases do not
            for W in Parameters(network, theta).W.values():
                np.multiply(W, 1 - alpha * 0.01, out=W)
        theta = theta + by_hand(optimiser, derivation.gradients(parameters, found.X, found.Y).buffer, kept, t, alpha)
        for name, view in parameters.arrays().items():
            view[...] = after[f"{name[:-1]}, t+1]"]
        state = {key: after[f"{key[:-1]}, t+1]"] for key in derivation.state}
        np.testing.assert_allclose(parameters.buffer, theta, rtol=1e-12, atol=1e-14)


def by_hand(optimiser, g, kept, t, alpha):
    """The change of the parameters, with what is kept from step to step."""
    match optimiser:
        case "gradient_descent":
            return -alpha * g
        case "momentum" | "nesterov":
            v = kept["v"] = 0.9 * kept.get("v", 0) + g
            return -alpha * v if optimiser == "momentum" else -alpha * (g + 0.9 * v)
        case "classical_momentum" | "accelerated_gradient":
            v = kept["v"] = 0.9 * kept.get("v", 0) - alpha * g
            return v if optimiser == "classical_momentum" else 0.9 * v - alpha * g
        case "rmsprop":
            s = kept["s"] = 0.9 * kept.get("s", 0) + 0.1 * g * g
            return -alpha * g / (np.sqrt(s) + 1e-8)
        case "adagrad":
            s = kept["s"] = kept.get("s", 0) + g * g
            return -alpha * g / (np.sqrt(s) + 1e-10)
        case "adam" | "adamw" | "adam_epsilon_hat":
            v = kept["v"] = 0.9 * kept.get("v", 0) + 0.1 * g
            s = kept["s"] = 0.999 * kept.get("s", 0) + 0.001 * g * g
            if optimiser == "adam_epsilon_hat":
                return -alpha * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * v / (np.sqrt(s) + 1e-8)
            return -alpha * (v / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    raise AssertionError(f"write {optimiser} down by hand")
