"""Scikit-learn's forms of rules, losses and batches: what NumPy makes of its formulas, in both engines and both precisions."""

import numpy as np
import pytest
from engines import BOTH
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad import LOSSES, OPTIMISERS, Network, Parameters, add_loss, derive
from handgrad.catalogue.lookup import every_loss, every_rule, find_loss, find_optimiser
from handgrad.catalogue.optimisers import RULES
from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_LOSSES, SCIKIT_LEARN_RULES
from handgrad.engine.engine import Engine
from handgrad.engine.kernels import compiling
from handgrad.engine.kernels.compiling import kernel, record_kernel
from handgrad.engine.reference import ReferenceEngine
from handgrad.errors import CatalogueError

pytestmark = pytest.mark.xdist_group("engine")

DTYPES = [np.float64, np.float32]
CLOSE = {np.float64: 1e-11, np.float32: 2e-4}
STEPPING = ["gradient_descent", *SCIKIT_LEARN_RULES]


def rule_named(name):
    return every_rule()[name]


def example(loss, *, l2=0.0, m=11, dtype=np.float64, seed=0):
    """A network with one hidden layer, parameters, and data that its loss takes."""
    record = every_loss()[loss]
    if "n" in record.parameters:
        record = record.with_parameters({"n": 2})
    network, rng = Network([3, 4, 2], ["tanh"], record, l2=l2), np.random.default_rng(seed)
    parameters = Parameters.draw(network, rng, dtype=dtype)
    parameters.buffer += 0.1 * rng.standard_normal(network.size).astype(dtype)
    Y = np.eye(2)[rng.integers(0, 2, m)] if np.isfinite(record.targets.high) else rng.poisson(2, (m, 2)).astype(float)
    return network, parameters, rng.standard_normal((m, 3)).astype(dtype), Y.astype(dtype), rng.uniform(0.3, 2, m).astype(dtype)


def value(loss, z, y):
    """Each example's loss as scikit-learn reports it, before the mean; and the outputs."""
    a = {
        "softmax": lambda: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
        "sigmoid": lambda: 1 / (1 + np.exp(-z)),
        "exp": lambda: np.exp(z),
    }
    a = a.get(every_loss()[loss].output, lambda: z)()
    p = np.clip(a, np.finfo(a.dtype).eps, 1 - np.finfo(a.dtype).eps)
    match loss:
        case "log_loss":
            each = -y * np.log(p)
        case "binary_log_loss":
            each = -y * np.log(p) - (1 - y) * np.log(1 - p)
        case "half_mean_squared_error":
            each = (a - y) ** 2 / (2 * y.shape[1])
        case "half_poisson_deviance":
            each = a - y + np.where(y == 0, 0, y * np.log(np.where(y == 0, 1, y) / a))
    return each.sum(axis=1), a


def gradients(loss, l2, theta, X, Y, w):  # noqa: PLR0917  # as in the formulas
    """J of one batch and its gradient: the penalty is divided by the batch's weight, as all else is."""
    W1, b1, W2, b2 = theta
    A1 = np.tanh(X @ W1.T + b1)
    each, a = value(loss, A1 @ W2.T + b2, Y)
    J = (w @ each + l2 / 2 * ((W1**2).sum() + (W2**2).sum())) / w.sum()
    d2 = (a - Y) * w[:, None] / (Y.shape[1] if loss == "half_mean_squared_error" else 1)
    d1 = d2 @ W2 * (1 - A1**2)
    return J, [each / w.sum() for each in (d1.T @ X + l2 * W1, d1.sum(axis=0), d2.T @ A1 + l2 * W2, d2.sum(axis=0))]


def change(rule, g, kept, t, alpha):
    """What a rule adds to a parameter."""
    match rule:
        case "gradient_descent":
            return -alpha * g
        case "adam_epsilon_hat":
            m = kept["m"] = 0.9 * kept.get("m", 0) + (1 - 0.9) * g
            v = kept["v"] = 0.999 * kept.get("v", 0) + (1 - 0.999) * g**2
            return -alpha * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-8)
        case "classical_momentum" | "accelerated_gradient":
            v = kept["v"] = 0.9 * kept.get("v", 0) - alpha * g
            return v if rule == "classical_momentum" else 0.9 * v - alpha * g


def run(rule, problem, batch, rates, *, weighted=False, decay=0.0, factors=None):
    """Steps over consecutive batches, in NumPy: the parameters after them, Σ rows · J and Σ rows."""
    network, parameters, X, Y, w = problem
    theta, kept = [array.copy() for array in parameters.arrays().values()], [{} for _ in range(4)]
    total = rows = 0
    for k, alpha in enumerate(rates):
        part = slice(k * batch, (k + 1) * batch)
        weights = w[part] if weighted else np.ones(len(X[part]), X.dtype)
        J, found = gradients(network.loss.name, network.l2, theta, X[part], Y[part], weights)
        for place, (name, g) in enumerate(zip(parameters.arrays(), found, strict=True)):
            rate = alpha * (factors or {}).get(name, 1)
            left = theta[place] * (1 - rate * decay * (name[0] == "W"))
            theta[place] = left + change(rule, g, kept[place], k + 1, rate)
        total, rows = total + len(weights) * J, rows + len(weights)
    return np.concatenate([array.ravel() for array in theta]), total, rows


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", STEPPING)
@pytest.mark.parametrize("loss", SCIKIT_LEARN_LOSSES)
@BOTH
@settings(max_examples=4)
@given(batch=st.integers(1, 12), l2=st.sampled_from([0.0, 0.3, 2.0]), weighted=st.booleans(), seed=st.integers(0, 99))
def test_batches_are_those_of_scikit_learn(engine, loss, rule, dtype, batch, l2, weighted, seed):  # noqa: PLR0917
    problem = example(loss, l2=l2, dtype=dtype, seed=seed)
    network, parameters, X, Y, w = problem
    rates = np.linspace(0.05, 0.01, -(-len(X) // batch))  # the last batch is smaller
    scikit = engine(network, parameters, optimiser=rule_named(rule), batch_size=batch, n_threads=1, per_batch=True)
    J, gradient = scikit.loss_and_gradient(X, Y, w if weighted else None)
    weights = w if weighted else np.ones(len(X), dtype)
    wanted, wanted_gradient = gradients(loss, l2, list(parameters.arrays().values()), X, Y, weights)
    assert pytest.approx(wanted, rel=CLOSE[dtype]) == J
    np.testing.assert_allclose(gradient.buffer, np.concatenate([g.ravel() for g in wanted_gradient]), rtol=1e-3, atol=CLOSE[dtype])
    found = scikit.steps(X, Y, np.arange(len(X)), rates, w if weighted else None, 1.7)
    theta, total, rows = run(rule, problem, batch, rates, weighted=weighted)
    assert (found.done, found.weight, found.finite) == (len(rates), rows, True)
    assert found.loss == pytest.approx(total, rel=CLOSE[dtype])
    # a tiny gradient's sign decides the first step of adam, so that rounding shows there
    np.testing.assert_allclose(scikit.read().buffer, theta, rtol=0, atol=CLOSE[dtype] * (50 if "adam" in rule else 1))


@pytest.mark.parametrize("rule", STEPPING)
@BOTH
def test_factors_and_decay_go_with_the_rules(engine, rule):
    problem = example("log_loss", l2=0.5)
    network, parameters, X, Y, w = problem
    factors, rates = {"W[1]": 0.5, "b[2]": 3.0, "W[2]": 0.0}, np.array([0.1, 0.1, 0.02])
    made = engine(
        network, parameters, optimiser=rule_named(rule), batch_size=4, weight_decay=0.3, rate_factors=factors, per_batch=True
    )
    made.steps(X, Y, np.arange(len(X)), rates, w)
    theta, *_ = run(rule, problem, 4, rates, weighted=True, decay=0.3, factors=factors)
    np.testing.assert_allclose(made.read().buffer, theta, rtol=1e-11, atol=1e-13)


def test_a_velocity_with_the_rate_in_it_is_another_where_the_rate_changes():
    network, parameters, X, Y, _ = example("log_loss")
    after = {}
    for rates in (np.full(3, 0.1), np.array([0.1, 0.1, 0.01])):
        for rule in ("momentum", "classical_momentum", "nesterov", "accelerated_gradient"):
            engine = ReferenceEngine(network, parameters, optimiser=rule_named(rule), batch_size=4)
            engine.steps(X, Y, np.arange(len(X)), rates)
            after[rule, rates[-1]] = engine.read().buffer
    for ours, theirs in (("momentum", "classical_momentum"), ("nesterov", "accelerated_gradient")):
        np.testing.assert_allclose(after[ours, 0.1], after[theirs, 0.1], rtol=1e-12, atol=1e-14)
        assert np.abs(after[ours, 0.01] - after[theirs, 0.01]).max() > 1e-3


@pytest.mark.parametrize("beta", [0.0, 1.0])
@pytest.mark.parametrize("rule", ["classical_momentum", "accelerated_gradient"])
@BOTH
def test_momentum_from_none_to_all(engine, rule, beta):
    network, parameters, X, Y, _ = example("log_loss")
    made = engine(network, parameters, optimiser=rule_named(rule), hyperparameters={"beta": beta}, batch_size=4)
    plain = engine(network, parameters, batch_size=4)
    for each in (made, plain):
        each.steps(X, Y, np.arange(8), np.full(2, 0.1))
    assert np.allclose(made.read().buffer, plain.read().buffer, rtol=1e-12, atol=1e-14) == (beta == 0)
    with pytest.raises(CatalogueError, match=r"needs a beta in \[0, 1\]"):
        rule_named(rule).with_parameters({"beta": 1.01})


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", STEPPING)
@BOTH
def test_a_restored_run_has_the_bits_of_one_that_was_never_left(engine, rule, dtype):
    network, parameters, X, Y, w = example("log_loss", l2=0.1, m=24, dtype=dtype)
    whole, first, later = (
        engine(network, parameters, optimiser=rule_named(rule), batch_size=4, dropout=0.2, seed=3, per_batch=True) for _ in range(3)
    )
    rates, order = np.linspace(0.1, 0.02, 6), np.arange(24)
    whole.steps(X, Y, order, rates, w)
    first.steps(X, Y, order[:12], rates[:3], w)
    state = first.state()
    assert set(state) - {"t"} if rule != "gradient_descent" else set(state) == {"t"}
    later.restore(first.read(), state)
    later.steps(X, Y, order[12:], rates[3:], w)
    assert later.read().buffer.tobytes() == whole.read().buffer.tobytes()
    assert later.read().buffer.dtype == dtype
    assert all(later.state()[key].tobytes() == array.tobytes() for key, array in whole.state().items())


@BOTH
def test_a_batch_without_weight_counts_its_rows_and_moves_nothing(engine):
    problem = example("log_loss", l2=0.5, m=12)
    network, parameters, X, Y, w = problem
    w[4:8] = 0
    made = engine(network, parameters, optimiser=rule_named("classical_momentum"), batch_size=4, per_batch=True)
    found = made.steps(X[:8], Y[:8], np.arange(8), np.full(2, 0.1), w[:8])
    theta, total, _ = run("classical_momentum", problem, 4, [0.1], weighted=True)
    assert (found.done, found.weight, made.t) == (2, 8, 2)
    assert found.loss == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(made.read().buffer, theta, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", ["log_loss", "binary_log_loss"])
@BOTH
def test_the_report_is_capped_and_the_gradient_is_not(engine, loss, dtype):
    """An output that is certain and wrong has the loss of a probability ε, and the gradient of its full error."""
    eps, record = float(np.finfo(dtype).eps), every_loss()[loss]
    record = record.with_parameters({"cap": -np.log(eps), "floor": -np.log1p(-eps)})
    network = Network([1, 2], [record.output], record)
    parameters = Parameters.given(network, [np.array([[1.0], [-1.0]], dtype)], [np.zeros(2, dtype)])
    X = np.array([[2.0], [-2.0], [9.0], [-9.0], [500.0], [-500.0]], dtype)
    for target in ([0.0, 1.0], [1.0, 0.0]):
        Y = np.tile(np.array(target, dtype), (len(X), 1))
        made = engine(network, parameters, batch_size=6)
        J, gradient = made.loss_and_gradient(X, Y)
        a = made.outputs(X).astype(np.float64)
        p = np.clip(a, eps, 1 - eps)
        each = -Y * np.log(p) - ((1 - Y) * np.log(1 - p) if loss == "binary_log_loss" else 0)
        assert pytest.approx(each.sum() / len(X), rel=1e-12 if dtype == np.float64 else 1e-3) == J
        np.testing.assert_allclose(gradient.W[1], (a - Y).T @ X / len(X), rtol=1e-5)
        assert np.abs(gradient.W[1]).min() > 80


@pytest.mark.parametrize(("loss", "usual"), [("log_loss", "cross_entropy"), ("binary_log_loss", "binary_cross_entropy")])
def test_below_the_cap_the_losses_are_the_catalogues(loss, usual):
    network, parameters, X, Y, w = example(loss)
    plain = Network([3, 4, 2], ["tanh"], usual)
    found, wanted = derive(network), derive(plain)
    assert found.loss(parameters, X, Y, w) == pytest.approx(wanted.loss(Parameters(plain, parameters.buffer), X, Y, w), rel=1e-14)
    theirs = wanted.gradients(Parameters(plain, parameters.buffer), X, Y, w).buffer
    np.testing.assert_array_equal(found.gradients(parameters, X, Y, w).buffer, theirs)


@pytest.mark.parametrize("dtype", DTYPES)
@BOTH
def test_the_poisson_deviance_is_0_at_the_target_and_takes_a_target_of_0(engine, dtype):
    network = Network([1, 1], ["exp"], every_loss()["half_poisson_deviance"])
    parameters = Parameters.given(network, [np.ones((1, 1), dtype)], [np.zeros(1, dtype)])
    made = engine(network, parameters, batch_size=4)
    counts = np.array([[1.0], [2.0], [30.0], [1000.0]], dtype)
    J, gradient = made.loss_and_gradient(np.log(counts), counts)
    assert abs(J) <= 1000 * 8 * np.finfo(dtype).eps
    assert np.abs(gradient.buffer).max() <= 1e5 * np.finfo(dtype).eps
    X = np.array([[0.5], [-3.0]], dtype)
    J, gradient = made.loss_and_gradient(X, np.zeros((2, 1), dtype))
    assert pytest.approx(np.exp(X).mean(), rel=1e-6) == J
    assert gradient.b[1][0] == pytest.approx(np.exp(X).mean(), rel=1e-6)


def test_they_are_none_of_the_names_that_a_person_chooses_by():
    assert not set(SCIKIT_LEARN_LOSSES) & set(LOSSES)
    assert not set(SCIKIT_LEARN_RULES) & (set(RULES) | set(OPTIMISERS))
    for name, record in SCIKIT_LEARN_LOSSES.items():
        with pytest.raises(CatalogueError, match="there is no loss"):
            find_loss(name)
        with pytest.raises(CatalogueError, match=f"'{name}' is taken"):
            add_loss(name, "(a - y)^4", "4 * (a - y)^3")
        assert every_loss()[name] is record
        assert record.spelling == name
    for name, rule in SCIKIT_LEARN_RULES.items():
        with pytest.raises(CatalogueError, match="there is no optimiser"):
            find_optimiser(name)
        assert every_rule()[name] is rule
        assert rule.with_parameters({"learning_rate": 0.5}).label == name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_their_kernels_come_with_the_package(dtype, tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "cache_folder", lambda: tmp_path / "cache")
    changed = {"n": 3.0, "cap": 15.9, "beta": 0.5, "beta1": 0.5}
    for record in (*SCIKIT_LEARN_LOSSES.values(), *SCIKIT_LEARN_RULES.values()):
        own = record.with_parameters({key: number for key, number in changed.items() if key in record.parameters})
        assert record_kernel(own, dtype) == kernel(record.name, dtype)
    decayed, _ = rule_named("classical_momentum").with_parameters({"weight_decay": 0.1}).without_decay()
    assert record_kernel(decayed, dtype) == kernel("classical_momentum", dtype)
    assert not (tmp_path / "cache").exists()


def test_the_compiled_engine_takes_small_steps_alike():
    """One example at a time has a way of its own; with a penalty that is the batch's, it gives the same."""
    for l2 in (0.0, 0.4):
        network, parameters, X, Y, _ = example("half_mean_squared_error", l2=l2)
        for rule in STEPPING:
            engines = [
                kind(network, parameters, optimiser=rule_named(rule), batch_size=1, n_threads=1, per_batch=per_batch)
                for kind in (Engine, ReferenceEngine)
                for per_batch in (True, False)
            ]
            found = [(e.steps(X, Y, np.arange(11), np.full(11, 0.05)), e.read().buffer) for e in engines]
            for steps, theta in found[1:]:
                np.testing.assert_allclose(theta, found[0][1], rtol=1e-9, atol=1e-12)
                assert (steps.loss, steps.weight) == pytest.approx((found[0][0].loss, 11), rel=1e-11)
