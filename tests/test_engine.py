"""The compiled engine is held to the evaluated derivation: loss, gradients, and the parameters after ten steps."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from handgrad import ACTIVATIONS, OPTIMISERS, Loss, Network, Parameters, add_activation, outputs_for
from handgrad.catalogue.lookup import every_loss, every_rule, find_optimiser
from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_RULES
from handgrad.engine import dropout
from handgrad.engine.compiled import layout, steps, team
from handgrad.engine.engine import Engine
from handgrad.engine.reference import ReferenceEngine
from handgrad.errors import TrainingError

pytestmark = pytest.mark.xdist_group("engine")  # so that one process compiles what all tests use


@pytest.fixture(autouse=True)
def _processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many threads as a test asks for, whatever the machine."""
    monkeypatch.setattr(team, "usable_cpus", lambda: 8)


CLOSE = {np.float64: 1e-9, np.float32: 3e-3}
STEPS = 10


def batchwise(network: Network, batch_size: int, dtype: Any, m: int) -> tuple[Any, ...]:
    """Parameters, examples, targets, weights, an order of rows and a rate for each step; the last batch is smaller."""
    rng = np.random.default_rng(len(str(network)) + batch_size)
    k = network.widths[-1]
    X = (0.7 * rng.standard_normal((m, network.widths[0]))).astype(dtype)
    if network.loss.simplex:
        Y = np.eye(k)[rng.integers(0, k, m)]
    else:
        Y = np.abs(rng.standard_normal((m, k))) % (1 if np.isfinite(float(network.loss.targets.high)) else 9)
    parameters = Parameters.draw(network, 1, dtype=dtype)
    for b in parameters.b.values():
        b[...] = 0.1 * rng.standard_normal(b.shape)
    order = np.concatenate([rng.permutation(m) for _ in range(STEPS * batch_size // m + 1)])
    order = order[: STEPS * batch_size - min(2, batch_size - 1)]
    return parameters, X, Y.astype(dtype), rng.uniform(0.5, 2, m).astype(dtype), order, np.linspace(0.05, 0.01, STEPS)


def off(found: Any, wanted: Any) -> float:
    """How far apart two arrays are, relative to the larger numbers in them."""
    return float(np.abs(found - wanted).max() / max(1e-3, np.abs(wanted).max()))


def agree(
    spelling: str, *, loss: str | Loss | None = None, dtype: Any = np.float64, batch_size: int = 7, m: int = 30, **more: Any
) -> None:
    """Compare everything that the two engines compute."""
    kinds = {name: more.pop(name) for name in ("l2", "label_smoothing") if name in more}
    weighted, n_threads = more.pop("weighted", False), more.pop("n_threads", 1)
    network = Network(spelling, loss=loss, **kinds)
    parameters, X, Y, w, order, alphas = batchwise(network, batch_size, dtype, m)
    weights = (w, float(w.mean())) if weighted else ()
    compiled = Engine(network, parameters, batch_size=batch_size, n_threads=n_threads, **more)
    reference = ReferenceEngine(network, parameters, batch_size=batch_size, **more)
    (J, gradient), (wanted_J, wanted) = (e.loss_and_gradient(X, Y, *weights[:1]) for e in (compiled, reference))
    assert compiled.n_threads == n_threads
    close = CLOSE[dtype]
    assert abs(J - wanted_J) <= close * max(1, abs(wanted_J))
    assert off(gradient.buffer, wanted.buffer) < close
    done, wanted_done = (e.steps(X, Y, order, alphas, *weights) for e in (compiled, reference))
    assert done.done == wanted_done.done == STEPS
    assert done.finite
    assert done.weight == pytest.approx(wanted_done.weight, rel=1e-6)
    assert abs(done.loss - wanted_done.loss) <= close * max(1, abs(wanted_done.loss))
    assert off(compiled.read().buffer, reference.read().buffer) < close
    assert off(compiled.outputs(X), reference.outputs(X)) < close
    assert compiled.t == reference.t == STEPS


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("g", [name for name, record in ACTIVATIONS.items() if not record.rowwise])
def test_every_activation(g: str, n_threads: int, dtype: Any) -> None:
    agree(f"5-19:{g}-33:tanh-3", n_threads=n_threads, dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("loss", "output"), [(loss, output) for loss, of in every_loss().items() for output in outputs_for(of)])
def test_every_output_with_every_loss(loss: str, output: str, dtype: Any) -> None:
    agree(f"5-8:tanh-3:{output}", loss=every_loss()[loss], dtype=dtype, weighted=True)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("rule", [*OPTIMISERS, *SCIKIT_LEARN_RULES])
def test_every_rule(rule: str, n_threads: int, dtype: Any) -> None:
    agree("5-19:sigmoid-3", optimiser=every_rule()[rule], l2=0.01, n_threads=n_threads, dtype=dtype)


OPTIONS: dict[str, dict[str, Any]] = {
    "sample weights": {"weighted": True},
    "L2 in plain steps": {"l2": 0.01},
    "weight decay in plain steps": {"weight_decay": 0.1, "rate_factors": {"W[1]": 0.5, "b[2]": 2.0}},
    "weight decay beside a rule": {"weight_decay": 0.1, "optimiser": "adam"},
    "clipping": {"clip": 0.05, "optimiser": "momentum", "l2": 0.01},
    "clipping in plain steps": {"clip": 0.05},
    "factors": {"rate_factors": {"W[1]": 0.5, "b[1]": 2.0, "W[2]": 0.0}, "optimiser": "adam"},
    "hyperparameters": {"optimiser": "adam", "hyperparameters": {"beta1": 0.5, "beta2": 0.9}},
    "label smoothing": {"label_smoothing": 0.1},
    "dropout": {"dropout": 0.3},
    "decay in the rule's spelling": {"optimiser": "momentum(weight_decay=0.1)"},
    "a rule of one's own": {"optimiser": replace(find_optimiser("momentum"), update="theta - alpha * sign(v[t+1])")},
    "plain steps of one's own": {"optimiser": replace(find_optimiser("gradient_descent"), update="theta - alpha * sign(dtheta)")},
    "decay in two ways": {"optimiser": "adamw", "weight_decay": 0.2},
    "one example": {"batch_size": 1},
    "one example, a rule": {"batch_size": 1, "optimiser": "adam"},
    "more examples than there are": {"batch_size": 64, "m": 20},
}


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("name", OPTIONS)
def test_every_option(name: str, n_threads: int) -> None:
    agree("5-19:tanh-7:relu-3", n_threads=n_threads, **OPTIONS[name])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rule", ["gradient_descent", "adam"])
@pytest.mark.parametrize(
    ("spelling", "loss"), [("5-9:tanh-4-3", None), ("2-3-1", "squared_error"), ("4-3:elu-2:sigmoid", "huber"), ("3-2", None)]
)
def test_small_networks_one_example_at_a_time(spelling: str, loss: str | None, rule: str, dtype: Any) -> None:
    agree(spelling, loss=loss, batch_size=1, optimiser=rule, dtype=dtype)


BATCHES: dict[str, dict[str, Any]] = {
    "plain steps": {},
    "L2 in plain steps": {"l2": 0.5},
    "L2 beside a rule": {"l2": 0.5, "optimiser": "adam"},
    "decay and factors": {"l2": 0.5, "weight_decay": 0.1, "rate_factors": {"W[1]": 0.5, "b[2]": 2.0}},
    "clipping": {"l2": 0.5, "clip": 0.05},
    "dropout": {"l2": 0.5, "dropout": 0.3},
    "one example": {"l2": 0.5, "batch_size": 1},
    "one example, no penalty": {"batch_size": 1},
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", BATCHES)
def test_batches_that_stand_for_themselves(name: str, weighted: bool, n_threads: int, dtype: Any) -> None:  # noqa: FBT001
    agree("5-19:tanh-7:relu-3", n_threads=n_threads, weighted=weighted, dtype=dtype, per_batch=True, **BATCHES[name])


SHARED = {
    "hidden layers": "20-64:tanh-128:relu-5",
    "all layers": "20-64:tanh-60-64:softmax",
    "one between others": "20-19:tanh-64-19:tanh-3",
    "not the first": "3-5:tanh-64:tanh-128-7",
}


@pytest.mark.parametrize("more", [{}, {"optimiser": "adam", "l2": 0.01}, {"clip": 0.05, "dropout": 0.2}])
@pytest.mark.parametrize("spelling", SHARED.values(), ids=SHARED)
def test_layers_whose_units_the_threads_share(spelling: str, more: dict[str, Any]) -> None:
    assert any(layout.shared_units(n, 2) for n in Network(spelling).widths[1:])
    for n_threads in (2, 4):
        agree(spelling, n_threads=n_threads, batch_size=13, **more)


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_large_layers(n_threads: int, dtype: Any) -> None:
    agree("300-1100:tanh-600:relu-20:sigmoid", dtype=dtype, batch_size=12, m=40, n_threads=n_threads, dropout=0.2)
    agree("9000-33:tanh-3", dtype=dtype, batch_size=12, m=40, n_threads=n_threads)


@pytest.mark.parametrize("spelling", ["1-1", "1-2", "17-16-15", "31-32-33-2", "64-48-47-10", "3-1-1-1"])
@pytest.mark.parametrize("batch_size", [1, 3, 8, 13, 32])
def test_widths_and_batches_around_a_tile(spelling: str, batch_size: int) -> None:
    loss = "squared_error" if spelling.endswith("-1") else None
    agree(spelling, loss=loss, batch_size=batch_size, m=40, n_threads=2)


def test_own_activation_given_as_text() -> None:
    add_activation("own_engine", value="z / (1 + abs(z)) + exp(-z^2) / 4", slope="1 / (1 + abs(z))^2 - z * exp(-z^2) / 2")
    try:
        agree("5-8:own_engine-3", dtype=np.float32)
    finally:
        del ACTIVATIONS["own_engine"]


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.float64, bool])
@pytest.mark.parametrize("order", ["C", "F"])
def test_inputs_of_any_kind_and_order(kind: Any, order: Any) -> None:
    network = Network("6-5-3")
    parameters, X, Y, _, rows, alphas = batchwise(network, 4, np.float64, 20)
    X = np.abs(X * 20).astype(kind)
    results = []
    for given in (np.asarray(X, order=order), np.repeat(X, 2, axis=1)[:, ::2], X[::-1][::-1], X.astype(np.float64)):
        engine = Engine(network, parameters, batch_size=4, n_threads=1)
        engine.steps(given, np.asarray(Y, order=order), rows, alphas * 1e-3)
        results.append(engine.read().buffer)
    for result in results[:-1]:
        np.testing.assert_array_equal(result, results[-1])


@pytest.mark.parametrize("n_threads", [1, 2])
def test_same_seed_same_bits_also_after_a_restore(n_threads: int) -> None:
    network = Network("20-40-30-5")
    parameters, X, Y, _, order, alphas = batchwise(network, 16, np.float32, 100)

    def engine() -> Engine:
        return Engine(network, parameters, batch_size=16, optimiser="adam", dropout=0.2, n_threads=n_threads, seed=3)

    whole, again, halves = engine(), engine(), engine()
    for each in (whole, again):
        each.steps(X, Y, order, alphas)
    halves.steps(X, Y, order[: 5 * 16], alphas[:5])
    resumed = engine()
    resumed.restore(halves.read(), halves.state())
    resumed.steps(X, Y, order[5 * 16 :], alphas[5:])
    assert whole.read().buffer.tobytes() == again.read().buffer.tobytes() == resumed.read().buffer.tobytes()
    assert all(whole.state()[name].tobytes() == resumed.state()[name].tobytes() for name in whole.state())


def test_a_loss_that_is_not_finite_ends_the_steps() -> None:
    network = Network("2-3-1", loss="squared_error")
    X, Y = np.ones((40, 2)), np.ones((40, 1))
    X[25] = 1e300
    for n_threads in (1, 2):
        engine = Engine(network, Parameters.draw(network, 0), batch_size=4, n_threads=n_threads)
        found = engine.steps(X, Y, np.arange(40), np.full(10, 0.01))
        assert (found.done, found.finite, engine.t) == (6, False, 6)
        assert np.isfinite(engine.read().buffer).all()
        engine.write(Parameters.draw(network, 0))
        assert engine.steps(X[:20], Y[:20], np.arange(20), np.full(5, 0.01)).finite


def test_threads_of_the_caller_wait_for_each_other() -> None:
    network = Network("20-40-5")
    parameters, X, Y, _, order, alphas = batchwise(network, 16, np.float64, 100)
    results: list[bytes] = []

    def work() -> None:
        engine = Engine(network, parameters, batch_size=16, n_threads=2)
        for _ in range(5):
            engine.steps(X, Y, order, alphas)
        results.append(engine.read().buffer.tobytes())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert len(set(results)) == 1


def test_dropout_draws_the_same_units_compiled_or_not() -> None:
    kept = dropout.kept(5, 7, 2, 9, 33, 0.3)
    bits = np.array([[steps.bits(5, 7, 2, row, unit) for unit in range(33)] for row in range(9)])
    np.testing.assert_array_equal(kept, bits >= dropout.threshold(0.3))
    many = dropout.kept(1, 1, 1, 1000, 500, 0.3)
    assert abs(many.mean() - 0.7) < 0.003
    assert np.abs(np.corrcoef(many[:, :50].T) - np.eye(50)).max() < 0.2
    assert 0.4 < (many == dropout.kept(1, 2, 1, 1000, 500, 0.3)).mean() < 0.65


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_threads": 0}, "n_threads is a whole number, 1 or more, but 0 was given"),
        ({"dropout": 1.0}, "dropout is a share from 0 to below 1"),
        ({"dropout": [0.1, 0.2]}, "or 1 of them"),
        ({"optimiser": "lbfgs"}, "no steps of mini-batches"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], said: str) -> None:
    network = Network("2-3-2")
    with pytest.raises(TrainingError, match=said):
        Engine(network, Parameters.draw(network, 0), **options)


def test_rows_that_are_not_there() -> None:
    network = Network("2-3-2")
    engine = Engine(network, Parameters.draw(network, 0), batch_size=4)
    X, Y = np.ones((8, 2)), np.eye(2)[[0, 1] * 4]
    with pytest.raises(TrainingError, match="rows from 0 to 7, but 0 to 8 were given"):
        engine.steps(X, Y, np.array([0, 8]), np.array([0.1]))
    with pytest.raises(TrainingError, match="2 steps of 4 examples need more than 4 rows"):
        engine.steps(X, Y, np.arange(4), np.full(2, 0.1))


FORKED = """
import os, sys
import numpy as np
from handgrad import Network, Parameters
from handgrad.engine.engine import Engine

network = Network("20-64:tanh-5")
rng = np.random.default_rng(0)
X, Y = rng.standard_normal((96, 20)), np.eye(5)[rng.integers(0, 5, 96)]
engine = Engine(network, Parameters.draw(network, 0), batch_size=32, n_threads=2)
def train():
    engine.steps(X, Y, np.arange(96), np.full(3, 0.1))
    return engine.read().buffer.tobytes()
train()
child = os.fork()
bits = train()
if not child:
    os.write(1, bits)
    os._exit(0)
_, status = os.waitpid(child, 0)
assert status == 0
sys.stdout.flush()
os.write(2, bits)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_after_training_goes_on_training() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", FORKED], capture_output=True, check=True, timeout=60)
    assert done.stdout == done.stderr
    assert len(done.stdout) == 8 * Network("20-64:tanh-5").size


def test_the_number_of_threads_follows_limits_and_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team, "usable_cpus", lambda: 4)
    monkeypatch.setattr(
        team, "threadpool_info", lambda: [{"user_api": "blas", "num_threads": 3}, {"user_api": "openmp", "num_threads": 1}]
    )
    assert team.threads_for(256, 1_000_000, None) == 3
    assert team.threads_for(256, 1_000_000, 2) == 2
    assert team.threads_for(256, 1_000_000, 9) == 4
    assert team.threads_for(32, 100, None) == 1
    monkeypatch.setattr(team.multiprocessing, "parent_process", object)
    assert team.threads_for(256, 1_000_000, None) == 1


def test_examples_without_weight_count_as_steps_and_move_nothing() -> None:
    network = Network("4-5:tanh-3")
    parameters, X, Y, _, _, alphas = batchwise(network, 4, np.float64, 40)
    w = np.repeat([1.0, 0.0, 2.0, 0.0, 1.0], 8)
    engines = [kind(network, parameters, optimiser="adam", batch_size=4, dropout=0.2) for kind in (Engine, ReferenceEngine)]
    found = [engine.steps(X, Y, np.arange(40), alphas, w, float(w.mean())) for engine in engines]
    assert [engine.t for engine in engines] == [step.done for step in found] == [10, 10]
    np.testing.assert_allclose(engines[0].read().buffer, engines[1].read().buffer, rtol=1e-9)


def test_one_engine_in_several_threads_of_the_caller() -> None:
    network = Network("20-40:tanh-5")
    parameters, X, _, _, _, _ = batchwise(network, 16, np.float64, 200)
    for n_threads in (1, 2):
        engine = Engine(network, parameters, batch_size=16, n_threads=n_threads)
        wanted = [engine.outputs(part) for part in (X[:100], X[100:])]
        wrong: list[int] = []

        def work(number: int, engine: Engine = engine, wanted: list[Any] = wanted, wrong: list[int] = wrong) -> None:
            part = (X[:100], X[100:])[number]
            wrong.extend(number for _ in range(50) if not np.array_equal(engine.outputs(part), wanted[number]))

        threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


def test_nothing_of_a_run_that_overflowed_stays() -> None:
    network = Network("5-64:relu-64:relu-3", l2=0.01)
    parameters, X, Y, _, order, alphas = batchwise(network, 8, np.float64, 40)
    for rule in ("gradient_descent", "adam"):
        engine = Engine(network, parameters, batch_size=8, optimiser=rule)
        fresh = engine.state()
        engine.steps(X, Y, order[:16], np.array([np.inf, 1.0]))
        engine.restore(parameters, fresh)
        assert engine.steps(X, Y, order, alphas).done == STEPS
        other = Engine(network, parameters, batch_size=8, optimiser=rule)
        other.steps(X, Y, order, alphas)
        assert engine.read().buffer.tobytes() == other.read().buffer.tobytes()


@pytest.mark.parametrize("batch_size", [1, 4])
def test_bits_do_not_depend_on_how_arrays_lie(batch_size: int) -> None:
    network = Network("3-6:tanh-1", loss="squared_error")
    parameters, X, Y, _, order, alphas = batchwise(network, batch_size, np.float64, 20)
    results = set()
    for given, targets in (
        (X, Y),
        (np.asfortranarray(X), Y),
        (X[::-1][::-1], np.repeat(Y, 2, axis=1)[:, ::2]),
        (X, Y[:, 0][:, None]),
    ):
        engine = Engine(network, parameters, batch_size=batch_size, n_threads=1)
        engine.steps(given, targets, order, alphas)
        results.add(engine.read().buffer.tobytes())
    assert len(results) == 1


def test_arrays_that_do_not_fit() -> None:
    network = Network("2-3-2")
    engine = Engine(network, Parameters.draw(network, 0), batch_size=4)
    X, Y, order, alphas = np.ones((8, 2)), np.eye(2)[[0, 1] * 4], np.arange(8), np.full(2, 0.1)
    with pytest.raises(TrainingError, match=r"X is 8 × 2 for 2-3:relu-2:softmax, but \(8, 3\) was given"):
        engine.steps(np.ones((8, 3)), Y, order, alphas)
    with pytest.raises(TrainingError, match="Y is 8 × 2"):
        engine.steps(X, Y[:4], order, alphas)
    with pytest.raises(TrainingError, match="sample weights are 8 numbers"):
        engine.steps(X, Y, order, alphas, np.ones(4))
    with pytest.raises(TrainingError, match="none with a weight"):
        engine.loss_and_gradient(X, Y, np.zeros(8))
