"""The records of update: numbers by hand, spellings and limits, weight decay, and what derive and explain make of them."""

import json

import numpy as np
import pytest
import typer
from draws import problem
from explained import explained
from typer.testing import CliRunner

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import quantities
from handgrad.calculus.notation import NOTATIONS
from handgrad.calculus.parser import parse
from handgrad.catalogue.lookup import every_rule, find_optimiser
from handgrad.catalogue.optimisers import LBFGS, OPTIMISERS, RULES
from handgrad.catalogue.rules import CLIPPED_GRADIENT, DROPPED_OUT, RATE_OF_ARRAY, WEIGHT_DECAY
from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_RULES
from handgrad.cli.derive import derive as cli_derive
from handgrad.cli.explain import explain as cli_explain
from handgrad.derivation import derive, following
from handgrad.derivation.checking import check_steps
from handgrad.derivation.program import program
from handgrad.errors import CatalogueError, HandgradError
from handgrad.network import Network

NETWORK = Network("3-4:tanh-2", l2=0.1)
STEPPING = [*OPTIMISERS, *SCIKIT_LEARN_RULES]


def trained(rule, steps=5, alpha=0.05):
    """The parameters after some steps by the derivation's equations, and the gradients on the way."""
    found, derivation = problem(NETWORK, 2), derive(NETWORK, optimiser=rule)
    parameters, state, gradients = found.parameters.copy(), derivation.first_state(found.parameters), []
    for t in range(1, steps + 1):
        gradients.append(derivation.gradients(parameters, found.X, found.Y).arrays())
        start = derivation.values(parameters, found.X, found.Y)
        after = derivation.evaluate({**start, **state, "alpha": alpha, "t": float(t)})
        for name, view in parameters.arrays().items():
            view[...] = after[following(name)]
        state = {key: after[following(key)] for key in derivation.state}
    return parameters.arrays(), gradients, found.parameters.arrays()


def test_adamw_is_a_loop_in_numpy():
    alpha, beta1, beta2, decay = 0.05, 0.8, 0.99, 0.2
    after, gradients, start = trained(f"adamw(beta1={beta1}, beta2={beta2}, weight_decay={decay})", alpha=alpha)
    for name, first in start.items():
        theta, v, s = first.copy(), 0.0, 0.0
        for t, gradient in enumerate(gradients, 1):
            g = gradient[name]
            v, s = beta1 * v + (1 - beta1) * g, beta2 * s + (1 - beta2) * g**2
            if name[0] == "W":
                np.subtract(theta, alpha * decay * theta, out=theta)
            np.subtract(theta, alpha * v / (1 - beta1**t) / (np.sqrt(s / (1 - beta2**t)) + 1e-8), out=theta)
        np.testing.assert_allclose(after[name], theta, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", STEPPING)
def test_without_decay_nothing_decays(name):
    plain = "adam" if name == "adamw" else name
    rules = every_rule()
    ours, theirs = trained(rules[name].with_parameters({"weight_decay": 0}))[0], trained(rules[plain])[0]
    assert all(np.array_equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize("name", STEPPING)
def test_decay_shrinks_weights_before_the_step_and_leaves_biases(name):
    alpha, decay = 0.05, 0.3
    plain = "adam" if name == "adamw" else name
    decaying = every_rule()[name].with_parameters({"weight_decay": decay})
    ours, _, start = trained(decaying, steps=1, alpha=alpha)
    theirs = trained(every_rule()[plain], steps=1, alpha=alpha)[0]
    for key in ours:
        lost = evaluate(parse(WEIGHT_DECAY), {"theta": start[key], "alpha": alpha, "lambda0": decay}) - start[key]
        expected = theirs[key] + (lost if key[0] == "W" else 0)
        np.testing.assert_allclose(ours[key], expected, rtol=1e-12, atol=1e-14)
    derivation = derive(NETWORK, optimiser=decaying)
    assert "λ₀" in derivation.render("update_W1")
    assert "λ₀" not in derivation.render("update_b1")
    assert max(check_steps(derivation).values()) < 1e-7


def test_adamw_is_adam_with_decay():
    adamw = OPTIMISERS["adamw"]
    assert (adamw.bias_update, adamw.state) == (OPTIMISERS["adam"].update, OPTIMISERS["adam"].state)
    assert adamw.update == find_optimiser("adam(weight_decay=0.01)").update
    assert list(adamw.hyperparameters)[-1] == "lambda0"


@pytest.mark.parametrize("name", STEPPING)
def test_a_rule_says_what_it_reads(name):
    """Every formula reads theta, its gradient, its own state, t and the hyperparameters, all of which are read."""
    rule = every_rule()[name]
    read = {quantity.key for text in (rule.update, *rule.state.values()) for quantity in quantities(parse(text))}
    known = {"theta", "dtheta", "t", *rule.state, *(f"{key}[t+1]" for key in rule.state), *rule.hyperparameters}
    assert read <= known
    assert set(rule.hyperparameters) <= read
    assert next(iter(rule.hyperparameters)) == "alpha"
    assert rule.source
    assert {*rule.state, "theta"} <= set(rule.reasons)


@pytest.mark.parametrize(
    ("spelling", "canonical", "changed"),
    [
        ("adam", "adam", {}),
        ("adam(beta1=0.95)", "adam(beta1=0.95)", {"beta1": 0.95}),
        ("adam(0.01)", "adam(learning_rate=0.01)", {"alpha": 0.01}),
        (" adam ( learning_rate = 0.01 , epsilon0 = 1e-6 ) ", "adam(learning_rate=0.01, epsilon0=1e-06)", {"epsilon0": 1e-6}),
        ("adam(alpha=0.01)", "adam(learning_rate=0.01)", {"alpha": 0.01}),
        ("adamw(weight_decay=0.1)", "adamw(weight_decay=0.1)", {"lambda0": 0.1}),
        ("adamw(lambda0=0.01)", "adamw", {"lambda0": 0.01}),
        ("momentum(weight_decay=0.01)", "momentum(weight_decay=0.01)", {"lambda0": 0.01}),
        ("lbfgs(memory=5)", "lbfgs(memory=5)", {"memory": 5}),
    ],
)
def test_spellings(spelling, canonical, changed):
    rule = find_optimiser(spelling)
    assert rule.spelling == canonical
    assert find_optimiser(canonical) == rule
    assert changed.items() <= dict(rule.hyperparameters).items()
    assert "learning_rate" not in rule.label


@pytest.mark.parametrize(
    ("spelling", "says"),
    [
        ("adm", "there is no optimiser 'adm'. did you mean 'adam'"),
        (3, "there is no optimiser 3"),
        ("adam(beta=0.9)", "adam has the parameters alpha, beta1, beta2, epsilon0, but 'beta' was given"),
        ("adam(beta1=1)", r"adam needs a beta1 in \[0, 1\), but 1 was given"),
        ("adam(learning_rate=0)", r"adam needs a alpha in \(0, ∞\), but 0 was given"),
        ("adam(learning_rate=0.1, alpha=0.2)", "learning_rate of adam is given twice"),
        ("adam(beta1=0.9, beta1=0.8)", "beta1 is given twice"),
        ("momentum(weight_decay=-1)", "lambda0 in"),
        ("adam(beta1=nan)", "needs a finite beta1"),
        ("adam(beta1=high)", "a parameter is a number, but 'high' was given"),
        ("gradient_descent(0.1, 0.2)", "gives more"),
        ("adam(0.1", "there is no optimiser"),
        ("lbfgs(weight_decay=0.1)", "lbfgs has the parameters memory"),
    ],
)
def test_what_no_rule_is(spelling, says):
    with pytest.raises(CatalogueError, match=says):
        find_optimiser(spelling)


@pytest.mark.parametrize(
    ("formula", "values", "expected"),
    [
        (CLIPPED_GRADIENT, {"dtheta": np.array([3.0, -4.0]), "norm": 5.0, "c": 1.0}, [0.6, -0.8]),
        (CLIPPED_GRADIENT, {"dtheta": np.array([0.3, -0.4]), "norm": 0.5, "c": 1.0}, [0.3, -0.4]),
        (CLIPPED_GRADIENT, {"dtheta": np.array([0.0, 0.0]), "norm": 0.0, "c": 1.0}, [0.0, 0.0]),
        (RATE_OF_ARRAY, {"factor": 2.0, "alpha": 0.1}, 0.2),
        (WEIGHT_DECAY, {"theta": np.array([1.0, -2.0]), "alpha": 0.1, "lambda0": 0.5}, [0.95, -1.9]),
        (DROPPED_OUT, {"a": np.array([1.0, 2.0]), "mask": np.array([0.0, 1.0]), "keep": 0.8}, [0.0, 2.5]),
    ],
)
def test_formulas_that_go_with_any_rule(formula, values, expected):
    np.testing.assert_allclose(evaluate(parse(formula), values), expected, rtol=1e-15)


LAMBDA0 = {
    "text": "λ₀",
    "markdown": r"\lambda_{0}",
    "latex": r"\lambda_{0}",
    "html": "<msub><mi>λ</mi><mrow><mn>0</mn></mrow></msub>",
}


@pytest.mark.parametrize("notation", NOTATIONS)
def test_decay_is_shown_in_every_notation_and_format(notation):
    document = derive("2-1:sigmoid", optimiser="adamw").document(notation, reasons=False)
    for format_name, decay in LAMBDA0.items():
        assert decay in document.to(format_name)


def test_the_program_decays_weights_alone():
    derivation = derive(NETWORK, optimiser="momentum(weight_decay=0.3)")
    names = {"__name__": "program"}
    source = program(derivation)
    exec(compile(source, "<program>", "exec"), names)
    assert 'if name in {"W1", "W2"}:' in source
    for equation in (*derivation.rule, derivation.bias_rule):
        assert equation.id in {"rule_v", "rule_theta", "rule_bias"}
    parameters = names["draw"](np.random.default_rng(0))
    parameters = {name: array + 1 for name, array in parameters.items()}
    nothing, state = {name: np.zeros_like(array) for name, array in parameters.items()}, names["first_state"](parameters)
    after = dict(parameters)
    names["step"](after, nothing, state, 0.5)
    for name, array in parameters.items():
        np.testing.assert_allclose(after[name], array * (0.85 if name[0] == "W" else 1), rtol=1e-15)


def test_lbfgs_is_told_in_words():
    assert set(RULES) - set(OPTIMISERS) == {"lbfgs"}
    derivation = derive(NETWORK, optimiser="lbfgs")
    assert not derivation.rule
    text = " ".join(derivation.to_text().split())
    assert " ".join(LBFGS.about.split()) in text
    assert LBFGS.source in text
    assert json.loads(derivation.to_json())["optimiser"] == "lbfgs"
    with pytest.raises(HandgradError, match="lbfgs has none"):
        derivation.to_numpy()
    with pytest.raises(HandgradError, match="L-BFGS goes against the gradient"):
        explained(NETWORK, optimiser="lbfgs")


def test_explain_works_decay_through():
    found = explained(NETWORK, optimiser="gradient_descent(weight_decay=0.3)", learning_rate=0.2)
    iteration = found.iterations[0]
    for key, array in iteration.before.arrays().items():
        kept = 1 - 0.2 * 0.3 if key[0] == "W" else 1
        expected = kept * array - 0.2 * iteration.gradients.arrays()[key]
        np.testing.assert_allclose(iteration.after.arrays()[key], expected, rtol=1e-12, atol=1e-15)
    text = found.to_text()
    assert "gradient_descent(weight_decay=0.3) with α = 0.2" in text
    assert "(1 - 0.2 · 0.3)" in text
    whys = [moved.why for moved in found.moved]
    assert all(why.startswith("the step of gradient_descent(weight_decay=0.3) is ") for why in whys)
    (data,) = {json.loads(found.to_json())["optimiser"]}
    assert data == "gradient_descent(weight_decay=0.3)"


@pytest.mark.parametrize(("command", "examples"), [(cli_derive, ()), (cli_explain, ("--x", "0.5,-1", "--y", "1"))])
def test_the_commands_take_spellings(command, examples):
    app = typer.Typer()
    app.command()(command)
    rules = ("--optimiser", "adam(beta1=0.95, weight_decay=0.5)", "--schedule", "cosine(warmup=0)")
    done = CliRunner().invoke(app, ["2-1:sigmoid", *examples, *rules])
    assert done.exit_code == 0, done.output
    for shown in ("0.95", "λ₀", "cos(π"):
        assert shown in done.stdout
