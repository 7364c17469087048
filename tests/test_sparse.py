"""Sparse inputs are the array that they stand for: on both engines, with every option, to float rounding."""

from typing import Any

import numpy as np
import pytest
from engines import BOTH
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse

from handgrad import OPTIMISERS, Network, Parameters, fit
from handgrad.catalogue.lookup import every_rule
from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_RULES
from handgrad.engine.compiled import team
from handgrad.engine.engine import Engine
from handgrad.engine.reference import ReferenceEngine
from handgrad.engine.sparse import SparseInputs, written_out
from handgrad.errors import DataError, TrainingError

pytestmark = pytest.mark.xdist_group("engine")  # so that one process compiles what all tests use


@pytest.fixture(autouse=True)
def _processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many threads as a test asks for, whatever the machine."""
    monkeypatch.setattr(team, "usable_cpus", lambda: 8)


CLOSE = {np.float64: 1e-10, np.float32: 3e-4}
STEPS = 10


def drawn(m: int, n: int, density: float, seed: int = 0, dtype: Any = np.float64) -> sparse.csr_array:
    """Examples of which some have no non-zero, and some columns none either."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, n)) * (rng.random((m, n)) < density)
    X[rng.random(m) < 0.2] = 0
    X[:, rng.random(n) < 0.2] = 0
    return sparse.csr_array(X.astype(dtype))


def off(found: Any, wanted: Any) -> float:
    """How far apart two arrays are, relative to the larger numbers in them."""
    return float(np.abs(found - wanted).max(initial=0) / max(1e-3, np.abs(wanted).max(initial=0)))


def agree(
    spelling: str, *, dtype: Any = np.float64, batch_size: int = 7, m: int = 30, density: float = 0.2, seed: int = 0, **more: Any
) -> None:
    """Compare all that an engine computes of sparse inputs with what it computes of the same array."""
    l2, weighted = more.pop("l2", 0.0), more.pop("weighted", False)
    network, rng = Network(spelling, l2=l2), np.random.default_rng(seed)
    X, k = drawn(m, network.widths[0], density, seed, dtype), network.widths[-1]
    Y = np.eye(k, dtype=dtype)[rng.integers(0, k, m)] if k > 1 else rng.integers(0, 2, (m, 1)).astype(dtype)
    w = rng.uniform(0.5, 2, m).astype(dtype)
    parameters = Parameters.draw(network, 1, dtype=dtype)
    parameters.buffer[...] += rng.uniform(-0.1, 0.1, parameters.buffer.shape)
    order = np.concatenate([rng.permutation(m) for _ in range(STEPS * batch_size // m + 1)])
    order, alphas = order[: STEPS * batch_size - min(2, batch_size - 1)], np.linspace(0.05, 0.01, STEPS)
    one, other = (Engine(network, parameters, batch_size=batch_size, **more) for _ in range(2))
    weights, close = (w, float(w.mean())) if weighted else (), CLOSE[dtype]
    (J, gradient), (wanted_J, wanted) = (
        one.loss_and_gradient(X, Y, *weights[:1]), other.loss_and_gradient(X.toarray(), Y, *weights[:1]),
    )  # fmt: skip
    assert abs(J - wanted_J) <= close * max(1, abs(wanted_J))
    assert off(gradient.buffer, wanted.buffer) < close
    done, wanted_done = one.steps(X, Y, order, alphas, *weights), other.steps(X.toarray(), Y, order, alphas, *weights)
    assert done.done == wanted_done.done == STEPS
    assert done.weight == pytest.approx(wanted_done.weight, rel=1e-6)
    assert abs(done.loss - wanted_done.loss) <= close * max(1, abs(wanted_done.loss))
    assert off(one.read().buffer, other.read().buffer) < close
    assert off(one.outputs(X), other.outputs(X.toarray())) < close
    for name, held in one.state().items():
        assert off(held, other.state()[name]) < close


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("rule", [*OPTIMISERS, *SCIKIT_LEARN_RULES])
def test_every_rule(rule: str, n_threads: int, dtype: Any) -> None:
    agree("40-19:sigmoid-3", optimiser=every_rule()[rule], n_threads=n_threads, dtype=dtype)


OPTIONS: dict[str, dict[str, Any]] = {
    "sample weights": {"weighted": True},
    "L2 in plain steps": {"l2": 0.01},
    "L2 beside a rule": {"l2": 0.01, "optimiser": "adam"},
    "weight decay in plain steps": {"weight_decay": 0.1, "rate_factors": {"W[1]": 0.5, "b[1]": 2.0}},
    "weight decay beside a rule": {"weight_decay": 0.1, "optimiser": "adam"},
    "clipping": {"clip": 0.05, "optimiser": "momentum", "l2": 0.01},
    "clipping in plain steps": {"clip": 0.05},
    "factors": {"rate_factors": {"W[1]": 0.5, "b[1]": 2.0}, "optimiser": "adam"},
    "dropout": {"dropout": 0.3, "optimiser": "adam"},
    "one example": {"batch_size": 1},
    "one example, a rule": {"batch_size": 1, "optimiser": "adam"},
    "more examples than there are": {"batch_size": 64, "m": 20},
    "batches for themselves": {"per_batch": True, "l2": 0.5, "weighted": True},
    "batches for themselves, a rule": {"per_batch": True, "l2": 0.5, "optimiser": "adam"},
}


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("name", OPTIONS)
def test_every_option(name: str, n_threads: int) -> None:
    agree("50-19:tanh-7:relu-3", n_threads=n_threads, **OPTIONS[name])


NETWORKS = {
    "no hidden layer": "40-3",
    "one output": "40-1:sigmoid",
    "shared units": "40-64:tanh-128:relu-5",
    "shared outputs": "40-64:softmax",
    "narrow": "40-9:tanh-4-3",
    "one column": "1-5:tanh-2",
    "large": "9000-33:tanh-3",
    "large and shared": "1500-256:relu-3",
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("more", [{}, {"optimiser": "adam", "l2": 0.01}, {"clip": 0.05}], ids=str)
@pytest.mark.parametrize("spelling", NETWORKS.values(), ids=NETWORKS)
def test_layers_of_every_kind(spelling: str, more: dict[str, Any], dtype: Any) -> None:
    for n_threads in (1, 2):
        agree(spelling, n_threads=n_threads, batch_size=13, dtype=dtype, density=0.02 if "00" in spelling else 0.2, **more)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 200), st.integers(1, 40), st.integers(1, 3), st.floats(0, 1), st.integers(1, 40), st.integers(1, 4),
    st.sampled_from(["gradient_descent", "momentum", "adam"]), st.sampled_from([0.0, 0.1]), st.integers(0, 99),
)  # fmt: skip
@example(5, 3, 2, 0.0, 4, 2, "adam", 0.0, 0)
@example(5, 3, 2, 1.0, 4, 2, "gradient_descent", 0.1, 0)
def test_any_density_and_shape(  # noqa: PLR0917  # as drawn
    inputs: int, hidden: int, outputs: int, density: float, batch_size: int, n_threads: int, rule: str, l2: float, seed: int
) -> None:
    spelling = f"{inputs}-{hidden}:tanh-{outputs}{':sigmoid' if outputs == 1 else ''}"
    agree(spelling, density=density, batch_size=batch_size, n_threads=n_threads, optimiser=rule, l2=l2, seed=seed)


def test_a_gradient_in_small_pieces() -> None:
    """The rule goes over rows of the first layer in many pieces, each of which takes up where the one before has ended."""
    agree("3000-70:tanh-3", optimiser="adam", density=0.03, n_threads=2)


def test_plain_descent_moves_no_rows_that_do_not_occur() -> None:
    network = Network("20-5:tanh-3")
    X = sparse.csr_array(([1.0, 2.0, 3.0], ([0, 0, 2], [3, 17, 3])), shape=(4, 20))
    parameters = Parameters.draw(network, 0)
    engine = Engine(network, parameters, batch_size=2)
    engine.steps(X, np.eye(3)[[0, 1, 2, 0]], np.arange(4), np.full(2, 0.1))
    moved = (engine.read().W[1] != parameters.W[1]).any(axis=0)
    assert moved.nonzero()[0].tolist() == [3, 17]


@BOTH
@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
def test_every_form_and_type(engine: Any, form: Any) -> None:
    network = Network("6-5:tanh-3")
    X, Y = np.abs(drawn(12, 6, 0.5).toarray() * 5).round(), np.eye(3)[np.arange(12) % 3]
    made = engine(network, Parameters.draw(network, 0))
    J, gradient = made.loss_and_gradient(X, Y)
    for dtype in (np.float64, np.float32, np.uint8, np.int64, bool):
        given_X = form(X.astype(dtype))
        found_J, found = made.loss_and_gradient(given_X, Y)
        if dtype is not bool:
            assert found_J == pytest.approx(J, rel=1e-12)
            np.testing.assert_allclose(found.buffer, gradient.buffer, rtol=1e-9, atol=1e-12)
        again = SparseInputs.of(given_X, np.float64)
        np.testing.assert_array_equal(np.asarray(again), X.astype(dtype))
        np.testing.assert_array_equal(made.outputs(again), made.outputs(given_X))


def test_both_engines_take_the_same_steps() -> None:
    network, X = Network("30-9:tanh-3", l2=0.01), drawn(25, 30, 0.2)
    Y = np.eye(3)[np.arange(25) % 3]
    engines = [kind(network, Parameters.draw(network, 0), optimiser="adam", batch_size=6) for kind in (Engine, ReferenceEngine)]
    for engine in engines:
        engine.steps(X, Y, np.arange(25), np.full(5, 0.05))
    np.testing.assert_allclose(engines[0].read().buffer, engines[1].read().buffer, rtol=1e-9, atol=1e-12)


def test_columns_in_any_order_and_twice() -> None:
    shuffled = sparse.csr_array((np.array([1.0, 2.0, 3.0, 4.0, 5.0]), [4, 0, 4, 3, 1], [0, 3, 3, 5]), shape=(3, 5))
    shuffled.has_sorted_indices = shuffled.has_canonical_format = True  # which is not so
    before = shuffled.data.copy(), shuffled.indices.copy()
    found = SparseInputs.of(shuffled, np.float64)
    assert found.indices.tolist() == [0, 4, 1, 3]
    np.testing.assert_array_equal(np.asarray(found), [[2, 0, 0, 0, 4], [0] * 5, [0, 5, 0, 4, 0]])
    np.testing.assert_array_equal(before, (shuffled.data, shuffled.indices))
    np.testing.assert_array_equal(written_out(found, np.array([2, 0, 2])), np.asarray(found)[[2, 0, 2]])


def test_what_is_as_it_should_be_is_not_copied() -> None:
    X = drawn(9, 5, 0.5)
    found = SparseInputs.of(X, np.float64)
    assert np.shares_memory(found.data, X.data)
    assert SparseInputs.of(found, np.float64) is found
    assert SparseInputs.of(found, np.float32).data.dtype == np.float32
    with pytest.raises(ValueError, match="takes a copy"):
        np.asarray(found, copy=False)


SPOILED = {
    "a column above": ("indices", [0, 9], "columns 0 to 4, but its indices are 0 to 9"),
    "a column below": ("indices", [-1, 2], "indices are -1 to 2"),
    "places that fall": ("indptr", [0, 2, 1, 2], "does not rise from 0 in 4 numbers"),
    "places that begin late": ("indptr", [1, 1, 2, 2], "does not rise from 0"),
    "too few places": ("indptr", [0, 1, 2], "in 4 numbers"),
    "places behind the end": ("indptr", [0, 1, 2, 3], "has 2 non-zeros, but its indptr counts 3"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_places_that_are_not_there(name: str) -> None:
    field, numbers, said = SPOILED[name]
    X = sparse.csr_array(([1.0, 2.0], [0, 2], [0, 1, 2, 2]), shape=(3, 5))
    setattr(X, field, np.array(numbers, np.int32))
    network = Network("5-4-2")
    with pytest.raises(DataError, match=said):
        Engine(network, Parameters.draw(network, 0)).outputs(X)


def test_inputs_that_do_not_fit() -> None:
    network, X = Network("5-4-2"), drawn(8, 6, 0.5)
    engine = Engine(network, Parameters.draw(network, 0))
    with pytest.raises(TrainingError, match=r"X is 8 × 5 for 5-4:relu-2:softmax, but \(8, 6\) was given"):
        engine.outputs(X)
    with pytest.raises(TrainingError, match="rows from 0 to 7"):
        engine.steps(X[:, :5], np.eye(2)[[0, 1] * 4], np.array([8]), np.array([0.1]))
    with pytest.raises(DataError, match="complex"):
        engine.outputs(X[:, :5].astype(complex))


def test_dense_and_sparse_inputs_one_after_the_other() -> None:
    """An engine that has seen the one forgets nothing and keeps nothing when it meets the other."""
    network, X, Y = Network("7-6:tanh-3"), drawn(20, 7, 0.4), np.eye(3)[np.arange(20) % 3]
    for batch_size in (1, 4):
        mixed, plain = (Engine(network, Parameters.draw(network, 0), batch_size=batch_size, optimiser="adam") for _ in range(2))
        for turn in range(6):
            for engine, given_X in ((mixed, X if turn % 2 else X.toarray()), (plain, X.toarray())):
                engine.steps(given_X, Y, np.arange(20), np.full(20 // batch_size, 0.05))
        np.testing.assert_allclose(mixed.read().buffer, plain.read().buffer, rtol=1e-9, atol=1e-12)


def test_a_loss_that_is_not_finite_ends_the_steps() -> None:
    network = Network("2-3-1", loss="squared_error")
    X, Y = sparse.csr_array(np.ones((40, 2))), np.ones((40, 1))
    X.data[50] = 1e300
    for n_threads in (1, 2):
        engine = Engine(network, Parameters.draw(network, 0), batch_size=4, n_threads=n_threads)
        found = engine.steps(X, Y, np.arange(40), np.full(10, 0.01))
        assert (found.done, found.finite, engine.t) == (6, False, 6)
        assert np.isfinite(engine.read().buffer).all()


def test_the_same_bits_every_time() -> None:
    network, X, Y = Network("200-64:tanh-3"), drawn(60, 200, 0.1), np.eye(3)[np.arange(60) % 3]
    for n_threads in (1, 2):
        engines = [Engine(network, Parameters.draw(network, 0), optimiser="adam", n_threads=n_threads) for _ in range(2)]
        for engine, given_X in zip(engines, (X, SparseInputs.of(X, np.float64)), strict=True):
            engine.steps(given_X, Y, np.arange(60), np.full(2, 0.1))
        assert engines[0].read().buffer.tobytes() == engines[1].read().buffer.tobytes()


@BOTH
@pytest.mark.parametrize("optimiser", ["adam", "gradient_descent", "lbfgs"])
def test_fit_takes_them_and_validates_by_them(engine: Any, optimiser: str) -> None:
    network, X = Network("30-5:tanh-3"), drawn(24, 30, 0.3)
    y = np.arange(24) % 3
    dense, found = (
        fit(
            network, Parameters.draw(network, 0), given_X, y, epochs=4, batch_size=5, optimiser=optimiser, engine=engine,
            validation=(given_X[:9], y[:9]), restore_best=False,
        )
        for given_X in (X.toarray(), X)
    )  # fmt: skip
    np.testing.assert_allclose(found.losses, dense.losses, rtol=1e-8)
    np.testing.assert_allclose(found.scores, dense.scores, rtol=1e-8)
    np.testing.assert_allclose(found.parameters.buffer, dense.parameters.buffer, rtol=1e-6, atol=1e-8)


def test_a_pass_over_all_rows_is_the_same_in_few_batches_and_in_many() -> None:
    """Of sparse inputs lbfgs takes as many rows at once as have activations no larger than the weights, here 28 of 90."""
    network, X, Y = Network("30-25:tanh-25:tanh-3"), drawn(90, 30, 0.3), np.eye(3)[np.arange(90) % 3]
    made = []

    class Watched(Engine):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            made.append(self.batch_size)

    found = [
        fit(network, Parameters.draw(network, 0), given_X, given_Y, epochs=3, batch_size=4, optimiser="lbfgs", engine=Watched)
        for given_X, given_Y in ((X, Y), (X.toarray(), Y), (X[:9], Y[:9]))
    ]
    assert made == [network.size // (25 + 25 + 3), 4, 9]
    np.testing.assert_allclose(found[0].losses, found[1].losses, rtol=1e-8)


def test_fit_refuses_what_is_not_finite() -> None:
    network, y = Network("6-5-2"), np.arange(8) % 2
    X = sparse.csr_array(([1.0, 2.0, np.nan], ([0, 3, 3], [1, 0, 4])), shape=(8, 6))
    with pytest.raises(DataError, match="row 4, column 5 is nan"):
        fit(network, Parameters.draw(network, 0), X, y, epochs=1)
    X.data[2] = 1e300
    with pytest.raises(DataError, match=r"1e\+300 in row 4, column 5, which float32 cannot hold"):
        fit(network, Parameters.draw(network, 0, dtype=np.float32), X, y, epochs=1)
    X.data[2] = 1
    with pytest.raises(DataError, match="6 inputs, but X has 5 columns"):
        fit(network, Parameters.draw(network, 0), X[:, :5], y, epochs=1)
    with pytest.raises(DataError, match="no rows"):
        fit(network, Parameters.draw(network, 0), X[:0], y[:0], epochs=1)
    with pytest.raises(DataError, match="in the validation examples, the network"):
        fit(network, Parameters.draw(network, 0), X, y, epochs=1, validation=(X[:, :5], y))


def test_checkpoints_tell_sparse_inputs_apart(tmp_path: Any) -> None:
    network, X, y = Network("6-5-2"), drawn(8, 6, 0.5), np.arange(8) % 2
    start = Parameters.draw(network, 0)
    whole = fit(network, start, X, y, epochs=4, batch_size=3)
    fit(network, start, X, y, epochs=2, batch_size=3, checkpoint=tmp_path)
    resumed = fit(network, start, X, y, epochs=4, batch_size=3, checkpoint=tmp_path, resume=True)
    assert resumed.parameters.buffer.tobytes() == whole.parameters.buffer.tobytes()
    other = X.copy()
    other.indices[0] = 5 - other.indices[0]
    other.sum_duplicates()
    with pytest.raises(TrainingError, match="the training data differ"):
        fit(network, start, other, y, epochs=4, batch_size=3, checkpoint=tmp_path, resume=True)
