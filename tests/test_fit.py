"""fit: what a step is, when a run ends and what it keeps, on both engines."""

import io
import signal
from itertools import pairwise

import numpy as np
import pytest
from engines import BOTH, task
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from handgrad import add_activation, fit
from handgrad.derivation import derive
from handgrad.engine.dropout import kept
from handgrad.engine.engine import Engine
from handgrad.engine.reference import ReferenceEngine
from handgrad.engine.runs.metrics import Scorer
from handgrad.engine.runs.states import DivergenceError
from handgrad.engine.runs.stopping import Interrupts, Watch, exploded
from handgrad.engine.runs.weighting import with_class_weights
from handgrad.errors import CatalogueError, DataError, HandgradError, TrainingError
from handgrad.network import Network, Parameters
from handgrad.training import train

FEW = {"epochs": 3, "batch_size": 8}


@BOTH
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_descent_is_the_plain_loop(engine, weighted):
    network, parameters, X, y, w = task(l2=0.01, label_smoothing=0.1)
    w = w if weighted else None
    expected = parameters.copy()
    losses = [epoch.loss for epoch in train(network, expected, X, y, w, learning_rate=0.1, rng=5, **FEW)]
    before = parameters.buffer.copy()
    found = fit(network, parameters, X, y, w, optimiser="gradient_descent", learning_rate=0.1, rng=5, engine=engine, **FEW)
    np.testing.assert_allclose(found.parameters.buffer, expected.buffer, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.losses, losses, rtol=1e-10)
    assert parameters.buffer.tobytes() == before.tobytes()
    assert found.parameters.buffer.tobytes() != before.tobytes()


TOGETHER = [
    {"optimiser": "momentum(beta=0.8)", "weight_decay": 0.05},
    {"optimiser": "nesterov", "clip": 0.2},
    {"optimiser": "rmsprop", "hyperparameters": {"rho": 0.8}, "rate_factors": {"W[1]": 0.5, "b[3]": 0.0}},
    {"optimiser": "adagrad", "schedule": "coslog4"},
    {"optimiser": "adam", "schedule": "cosine(warmup=0.2)", "weight_decay": 0.1, "rate_factors": {"W[2]": 2.0}},
    {"optimiser": "adamw(weight_decay=0.2)", "clip": 0.3, "dropout": 0.3},
    {"optimiser": "gradient_descent", "dropout": [0.5, 0.2]},
    {"optimiser": "gradient_descent", "clip": 0.1, "weight_decay": 0.1, "class_weight": {0: 2.0, 1: 0.5}},
    {"optimiser": "gradient_descent", "shuffle": False, "schedule": "step(0.5, every=2)", "rate_factors": {"W[1]": 0.1, "b[1]": 3}},
    {"optimiser": "lbfgs", "class_weight": "balanced"},
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", TOGETHER, ids="-".join)
def test_both_engines_take_the_same_steps(options, weighted):
    network, parameters, X, y, w = task(l2=0.02)
    held = {"validation": (X[:5], y[:5]), "restore_best": False}
    a, b = (
        fit(network, parameters, X, y, w if weighted else None, engine=engine, **FEW, **held, **options)
        for engine in (ReferenceEngine, Engine)
    )
    np.testing.assert_allclose(a.parameters.buffer, b.parameters.buffer, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(a.losses, b.losses, rtol=1e-8)
    np.testing.assert_allclose(a.scores, b.scores, rtol=1e-8)
    assert [s.learning_rate for s in a.history] == [s.learning_rate for s in b.history]


def test_one_step_of_the_reference_is_the_formulas_worked_out():
    network, parameters, X, y, _ = task()
    gradient = derive(network).gradients(parameters, X, y)
    norm, rate, clip, decay = np.linalg.norm(gradient.buffer), 0.2, 0.05, 0.3
    assert norm > clip
    found = fit(
        network, parameters, X, y, epochs=1, batch_size=100, learning_rate=rate, optimiser="gradient_descent", clip=clip,
        weight_decay=decay, rate_factors={"W[2]": 0.5}, engine=ReferenceEngine,
    )  # fmt: skip
    for name, before in parameters.arrays().items():
        alpha = rate * (0.5 if name == "W[2]" else 1)
        kept = 1 - alpha * decay if name.startswith("W") else 1
        expected = kept * before - alpha * clip / norm * gradient.arrays()[name]
        np.testing.assert_allclose(found.parameters.arrays()[name], expected, rtol=1e-12)


def test_the_references_dropout_steps_along_the_gradient_of_the_network_that_is_left():
    network, parameters, X, y, _ = task("3-6:tanh-5:sigmoid-2", examples=4)
    shares, rate = (0.5, 0.4), 1e-3
    engine = ReferenceEngine(network, parameters, batch_size=4, dropout=shares, seed=3)
    masks = [kept(3, 1, l, 4, n, share).T / (1 - share) for l, (n, share) in enumerate(zip((6, 5), shares, strict=True), 1)]

    def loss(buffer):
        p = Parameters(network, buffer)
        A = X.T
        for l, (g, mask) in enumerate(zip((np.tanh, lambda z: 1 / (1 + np.exp(-z))), masks, strict=True), 1):
            A = g(p.W[l] @ A + p.b[l][:, None]) * mask
        Z = p.W[3] @ A + p.b[3][:, None]
        return np.mean(np.log(np.exp(Z).sum(axis=0)) - Z[y, np.arange(4)])

    numeric = [(loss(parameters.buffer + e) - loss(parameters.buffer - e)) / 2e-6 for e in 1e-6 * np.eye(network.size)]
    done = engine.steps(X, np.eye(2)[y], np.arange(4), np.array([rate]))
    assert done.loss == pytest.approx(4 * loss(parameters.buffer))
    np.testing.assert_allclose((parameters.buffer - engine.read().buffer) / rate, numeric, atol=1e-8)


@BOTH
def test_dropout_trains_the_mean_network(engine):
    network, parameters, X, y, _ = task("3-64:relu-2", examples=200)
    found = fit(
        network, parameters, X, y, epochs=60, dropout=0.5, learning_rate=0.01, validation=(X, y), metric="accuracy", engine=engine
    )
    assert max(found.scores) > 0.85
    other = fit(network, parameters, X, y, epochs=1, dropout=0.5, rng=1, engine=engine)
    same = fit(network, parameters, X, y, epochs=1, dropout=[0.5], rng=1, engine=engine)
    none = fit(network, parameters, X, y, epochs=1, rng=1, engine=engine)
    assert other.losses == same.losses != none.losses


@BOTH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_seed_gives_the_same_bits(engine, dtype):
    network, parameters, X, y, w = task(dtype=dtype)
    options = {**FEW, "dropout": 0.2, "engine": engine}
    once, again, other = (fit(network, parameters, X, y, w, rng=seed, **options) for seed in (5, np.random.default_rng(5), 6))
    assert once.parameters.buffer.dtype == dtype
    assert once.parameters.buffer.tobytes() == again.parameters.buffer.tobytes() != other.parameters.buffer.tobytes()
    assert once.losses == again.losses


@BOTH
def test_whole_numbers_and_other_precisions_are_read_as_they_are(engine):
    network, parameters, X, y, _ = task()
    X = np.round(20 * X + 100).astype(np.uint8)
    expected = fit(network, parameters, X.astype(float), y, **FEW, engine=engine).parameters.buffer
    for form in (X, X.astype(np.int64), np.asfortranarray(X), X.astype(np.float32)[::1], np.repeat(X, 2, axis=0)[::2]):
        assert fit(network, parameters, form, y, **FEW, engine=engine).parameters.buffer.tobytes() == expected.tobytes()


def test_an_activation_that_is_a_python_function_trains_too():
    add_activation("bent", np.tanh, lambda _, a: 1 - a**2)
    _, _, X, y, _ = task()
    results = []
    for name in ("bent", "tanh"):
        network = Network(f"3-4:{name}-2")
        results.append(fit(network, Parameters.draw(network, 0, "glorot_uniform"), X, y, **FEW).losses)
    np.testing.assert_allclose(*results, rtol=1e-9)


def scripted(scores):
    """A metric that goes through these numbers, whatever the network does."""
    values = iter(scores)
    return lambda *_: next(values)


@BOTH
def test_patience_ends_a_run_and_the_best_epoch_comes_back(engine):
    network, parameters, X, y, _ = task()
    seen = {}
    found = fit(
        network, parameters, X, y, epochs=50, validation=(X, y), metric=scripted([1, 3, 2, 2.5, 3, 9]), larger_is_better=True,
        patience=3, callbacks=[lambda state: seen.update({state.epoch: state.parameters.buffer})], engine=engine,
    )  # fmt: skip
    assert (found.stopped, len(found.history), found.best_epoch) == ("early stopping", 5, 2)
    assert found.parameters.buffer.tobytes() == seen[2].tobytes() != seen[5].tobytes()
    assert [state.best for state in found.history] == [True, True, False, False, False]


def test_the_last_parameters_come_back_where_the_best_are_not_asked_for():
    network, parameters, X, y, _ = task()
    seen = []
    options = {"validation": (X, y), "metric": scripted([3, 1, 2]), "larger_is_better": True, "restore_best": False}
    found = fit(network, parameters, X, y, **FEW, **options, callbacks=[lambda state: seen.append(state.parameters.buffer)])
    assert found.best_epoch == 1
    assert found.parameters.buffer.tobytes() == seen[-1].tobytes()


def test_patience_without_validation_watches_the_training_loss():
    network, parameters, X, y, _ = task()
    found = fit(network, parameters, X, y, epochs=20, patience=2, min_delta=100.0)
    assert (found.stopped, len(found.history), found.scores) == ("early stopping", 3, [])


numbers = st.floats(-10, 10) | st.just(float("nan"))


@settings(max_examples=200, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=30), st.booleans(), st.integers(1, 5))
def test_the_watch_is_the_definition_of_the_best_and_of_patience(values, larger, patience):
    watch = Watch(larger, patience)
    for epoch, value in enumerate(values, 1):
        watch.see(epoch, value)
        other = Watch(larger, patience)
        other.restore(watch.state())
        assert other.state() == watch.state() or np.isnan(watch.best)
        real = [(v if larger else -v, -e) for e, v in enumerate(values[:epoch], 1) if not np.isnan(v)]
        best = -max(real)[1] if real else 1
        assert watch.best_epoch == best
        since = epoch - best if real else epoch
        assert watch.exhausted == (since >= patience)


def test_the_state_after_an_epoch_tells_what_there_is_to_tell():
    network, parameters, X, y, _ = task()
    states = []
    found = fit(network, parameters, X, y, **FEW, learning_rate=0.01, schedule="exponential(0.5)", callbacks=[states.append])
    assert [(s.epoch, s.epochs, s.loss, s.learning_rate) for s in states] == [
        (s.epoch, 3, s.loss, 0.01 * 0.5 ** (s.epoch - 1)) for s in found.history
    ]
    assert all(a.seconds <= b.seconds for a, b in pairwise(states))
    with pytest.raises(TrainingError, match="in a callback only"):
        _ = found.history[0].parameters


@pytest.mark.parametrize(("answer", "epochs"), [(True, 2), (np.True_, 2), (None, 3), (1, 3), ("stop", 3), (False, 3)])
def test_a_callback_ends_the_run_with_true_and_nothing_else(answer, epochs):
    network, parameters, X, y, _ = task()
    found = fit(network, parameters, X, y, **FEW, callbacks=[lambda state: answer if state.epoch == 2 else None])
    assert (len(found.history), found.stopped) == (epochs, "callback" if epochs == 2 else "finished")


@BOTH
def test_a_callback_that_raises_gives_the_model_so_far_with_its_error(engine):
    network, parameters, X, y, _ = task()

    def fails(state):
        if state.epoch == 2:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        fit(network, parameters, X, y, **FEW, callbacks=[fails], engine=engine)
    assert (caught.value.fit.stopped, len(caught.value.fit.history)) == ("error", 2)
    two = fit(network, parameters, X, y, epochs=2, batch_size=8, engine=engine)
    assert caught.value.fit.parameters.buffer.tobytes() == two.parameters.buffer.tobytes()


@BOTH
def test_control_c_ends_the_run_with_what_it_has(engine):
    network, parameters, X, y, _ = task()
    before = signal.getsignal(signal.SIGINT)
    held = {"validation": (X, y), "metric": scripted([1, 2, 0, 5]), "larger_is_better": True}
    callbacks = [lambda state: signal.raise_signal(signal.SIGINT) if state.epoch == 3 else None]
    found = fit(network, parameters, X, y, epochs=50, callbacks=callbacks, engine=engine, **held)
    assert (found.stopped, len(found.history), found.best_epoch) == ("interrupted", 3, 2)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_control_c_ends_at_once():
    network, parameters, X, y, _ = task()

    def twice(_):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit(network, parameters, X, y, **FEW, callbacks=[twice])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_programs_own_handler_of_control_c_stays():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (heard, interrupts.asked) == ([1], False)


@BOTH
@pytest.mark.parametrize("rate", [1e10, 1e200])
def test_a_loss_that_is_not_finite_ends_the_run_with_finite_parameters(engine, rate):
    network = Network("1-2:relu-1", loss="squared_error")
    parameters = Parameters.draw(network, 1)
    X, y = [[1.0], [2.0]], [1.0, 2.0]
    with pytest.raises(
        DivergenceError, match=r"the loss is .* in epoch \d+ at the learning rate 1e\+\d+: .*ten times smaller"
    ) as caught:
        fit(network, parameters, X, y, epochs=200, batch_size=1, optimiser="gradient_descent", learning_rate=rate, engine=engine)
    assert isinstance(caught.value, TrainingError)
    assert caught.value.fit.stopped == "diverged"
    assert np.isfinite(caught.value.fit.parameters.buffer).all()


@BOTH
def test_a_loss_that_explodes_ends_the_run_too(engine):
    network = Network("1-1", loss="squared_error")
    X, y = np.linspace(-1, 1, 10)[:, None], np.linspace(-1, 1, 10)
    with pytest.raises(DivergenceError, match=r"the loss is .*e\+\d+ in epoch \d\b") as caught:
        fit(network, Parameters(network), X, y, epochs=500, learning_rate=1e6, validation=(X, y), engine=engine)
    assert caught.value.fit.best_epoch == 1
    assert len(caught.value.fit.history) < 10


def test_what_is_no_explosion():
    assert not exploded([1e30], 1.0)  # the first epoch alone does not tell
    assert not exploded([1e30, 1e29], 1.0)  # it falls again
    assert not exploded([1e-12, 1e-4], 1e-12)  # small all the same
    assert not exploded([-3.0, -2.0], -5.0)
    assert not exploded([2e6, 3e6], 1e5)
    assert exploded([2e4, 3e4], 1.0)


@pytest.mark.parametrize("spelling", ["3-2", "3-1:sigmoid"])
def test_class_weights_are_weights_of_examples(spelling):
    network, parameters, X, y, w = task(spelling)
    counts = np.bincount(y.astype(int))
    balanced = (len(y) / (2 * counts))[y.astype(int)]
    for class_weight, expected in (("balanced", balanced), ({1: 3.0}, np.where(y == 1, 3.0, 1.0))):
        a = fit(network, parameters, X, y, w, class_weight=class_weight, **FEW)
        b = fit(network, parameters, X, y, w * expected, **FEW)
        np.testing.assert_allclose(a.parameters.buffer, b.parameters.buffer, rtol=1e-9)


@pytest.mark.parametrize("wrong", ["even", {2: 1.0}, {0: -1.0}, {0: 0, 1: 0}, {"a": 1}])
def test_class_weights_that_cannot_be(wrong):
    with pytest.raises(TrainingError, match="class"):
        with_class_weights(Network("3-2"), np.eye(2), None, wrong)
    with pytest.raises(TrainingError, match="targets that are classes"):
        with_class_weights(Network("3-1"), np.array([[0.5]]), None, "balanced")


@BOTH
def test_lbfgs_finds_the_least_squares(engine):
    network = Network("3-1", loss="half_squared_error")
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 3)), rng.standard_normal(40)
    found = fit(network, Parameters(network), X, y, epochs=100, optimiser="lbfgs", engine=engine)
    expected, *_ = np.linalg.lstsq(np.c_[X, np.ones(40)], y, rcond=None)
    assert found.stopped == "converged"
    assert found.history[0].learning_rate is None
    np.testing.assert_allclose(found.parameters.buffer, expected, atol=1e-4)
    assert all(after <= before for before, after in pairwise(found.losses))
    stopped = fit(
        network, Parameters(network), X, y, epochs=100, optimiser="lbfgs", engine=engine, callbacks=[lambda s: s.epoch == 2]
    )
    assert (stopped.stopped, len(stopped.history)) == ("callback", 2)


def test_the_named_metrics():
    network, parameters, X, y, w = task("3-4:tanh-2", l2=0.5, label_smoothing=0.2)
    engine, Y = ReferenceEngine(network, parameters), np.eye(2)[y]
    plain = Network("3-4:tanh-2")
    scores = {m: Scorer(network, X, Y, w, m, larger_is_better=None)(engine) for m in ("loss", "accuracy", "r2")}
    A = engine.outputs(X)
    assert scores["loss"] == pytest.approx(derive(plain).loss(Parameters(plain, parameters.buffer), X, y, w))
    assert scores["accuracy"] == pytest.approx(np.average(A.argmax(axis=1) == y, weights=w))
    mean = np.average(Y, axis=0, weights=w)
    assert scores["r2"] == pytest.approx(1 - (w[:, None] * (Y - A) ** 2).sum() / (w[:, None] * (Y - mean) ** 2).sum())
    one = Network("3-1:sigmoid")
    found = Scorer(one, X, y[:, None].astype(float), None, "accuracy", larger_is_better=None)(ReferenceEngine(one, Parameters(one)))
    assert found == np.mean(y == 0)  # every output is ½
    marks = Network("3-2:sigmoid", loss="binary_cross_entropy")
    several = Scorer(marks, X, np.ones((len(X), 2)), None, "accuracy", larger_is_better=None)
    assert several(ReferenceEngine(marks, Parameters.given(marks, [np.zeros((2, 3))], [[1.0, -1.0]]))) == 0


def test_a_probability_that_is_rounded_to_0_has_a_finite_loss():
    network = Network("1-2")
    engine = ReferenceEngine(network, Parameters.given(network, [[[0.0], [2000.0]]]))
    assert Scorer(network, np.ones((1, 1)), np.array([[1.0, 0.0]]), None, "loss", larger_is_better=None)(engine) == 2000


def test_an_adaptive_rate_falls_when_the_loss_no_longer_does():
    network, parameters, X, y, _ = task()
    found = fit(network, parameters, X, y, epochs=9, learning_rate=1e-9, schedule="adaptive(factor=10, patience=2, tolerance=0.01)")
    rates = [state.learning_rate for state in found.history]
    np.testing.assert_allclose(rates, [1e-9] * 3 + [1e-10] * 2 + [1e-11] * 2 + [1e-12] * 2)


@pytest.mark.parametrize("epochs", [3, 40])
def test_plain_lines_tell_of_a_run_where_no_terminal_is(epochs):
    network, parameters, X, y, _ = task()
    out = io.StringIO()
    found = fit(network, parameters, X, y, epochs=epochs, validation=(X, y), progress=Console(file=out, width=200))
    lines = out.getvalue().splitlines()
    assert len(lines) == min(epochs, 10)
    assert lines[-1] == f"epoch {epochs}/{epochs}  loss {found.losses[-1]:.4f}  validation loss {found.scores[-1]:.4f}"


def test_a_bar_tells_of_a_run_on_a_terminal():
    network, parameters, X, y, _ = task()
    out = io.StringIO()
    fit(network, parameters, X, y, **FEW, progress=Console(file=out, width=100, force_terminal=True))
    assert "3/3" in out.getvalue()
    assert "loss" in out.getvalue()


WRONG = [
    ({"epochs": 0}, "epochs is a whole number"),
    ({"batch_size": 2.5}, "batch_size is a whole number"),
    ({"learning_rate": -1}, "learning_rate is a finite number above 0"),
    ({"learning_rate": "fast"}, "learning_rate is a finite number above 0"),
    ({"optimiser": "adm"}, "did you mean 'adam'"),
    ({"hyperparameters": {"beta": 0.9}}, "adam has the parameters"),
    ({"schedule": "cosin"}, "did you mean 'cosine'"),
    ({"metric": "acc"}, "did you mean 'accuracy'"),
    ({"metric": "accuracy"}, "needs validation examples"),
    ({"metric": lambda *_: 0.0}, "needs larger_is_better"),
    ({"metric": "loss", "larger_is_better": True}, "loss is better when it is smaller"),
    ({"patience": 0}, "patience is a whole number"),
    ({"min_delta": -1}, r"min_delta is a number in \[0, ∞\)"),
    ({"weight_decay": -0.1}, "weight_decay|lambda0"),
    ({"dropout": 1}, r"dropout is a number in \[0, 1\)"),
    ({"dropout": [0.1]}, "a share for each hidden layer, 2 here"),
    ({"clip": 0}, r"clip is a number in \(0, ∞\)"),
    ({"rate_factors": {"W[9]": 1}}, "names parameter arrays"),
    ({"rate_factors": {"W[1]": -1}}, r"rate factor of W\[1\]"),
    ({"n_threads": 0}, "n_threads is a whole number"),
    ({"every": 0}, "every is a whole number"),
    ({"resume": True}, "resume needs the folder"),
    ({"validation": 3}, "validation is a tuple"),
    ({"validation": ([[1.0]], [0])}, "in the validation examples, the network"),
    ({"optimiser": "lbfgs", "learning_rate": 0.1}, "lbfgs searches for its own steps"),
    ({"optimiser": "lbfgs", "dropout": 0.1}, "takes no dropout"),
    ({"optimiser": "lbfgs", "schedule": "cosine"}, "takes no schedule"),
    ({"optimiser": "lbfgs", "checkpoint": "never_made"}, "it has no checkpoints"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"), WRONG, ids=[f"{number} {next(iter(options))}" for number, (options, _) in enumerate(WRONG)]
)
def test_options_that_no_run_can_have(options, message):
    network, parameters, X, y, _ = task()
    with pytest.raises(HandgradError, match=message) as caught:
        fit(network, parameters, X, y, **{"epochs": 2, **options})
    assert isinstance(caught.value, TrainingError | CatalogueError | DataError)
    assert "\n" not in str(caught.value)


def test_dropout_without_hidden_layers_and_parameters_of_another_network():
    with pytest.raises(TrainingError, match="has none"):
        fit(Network("3-2"), Parameters(Network("3-2")), np.zeros((2, 3)), [0, 1], epochs=1, dropout=0.5)
    with pytest.raises(TrainingError, match="the parameters are those of 3-2"):
        fit(Network("3-4-2"), Parameters(Network("3-2")), np.zeros((2, 3)), [0, 1], epochs=1)


def test_numbers_that_the_precision_cannot_hold_are_refused():
    network = Network("1-2")
    with pytest.raises(DataError, match="float32 cannot hold"):
        fit(network, Parameters(network, dtype=np.float32), [[1e300], [0.0]], [0, 1], epochs=1)


def test_a_metric_that_gives_no_number_is_named():
    network, parameters, X, y, _ = task()
    with pytest.raises(TrainingError, match="is to return a number"):
        fit(network, parameters, X, y, epochs=1, validation=(X, y), metric=lambda A, _: A, larger_is_better=True)
