"""Runs of the estimators that end early, go on, are refused or diverge; threads."""

import copy
import pickle
import threading

import numpy as np
import pytest
from fitted import X2, XR, YR, same, small, y2
from sklearn import neural_network
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from handgrad import MLPClassifier, MLPRegressor
from handgrad.engine.runs.states import DivergenceError
from handgrad.errors import HandgradError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class RaisedError(Exception):
    """A callback's own."""


@pytest.mark.parametrize(
    "options", [{}, {"early_stopping": True, "tol": 0.0}, {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1}]
)
def test_an_interrupted_run_goes_on_to_the_same_bits(tmp_path, options):
    options = {**options, "n_iter_no_change": 8, "max_iter": 25}

    def stop(state):
        if state.epoch == 7:
            raise RaisedError

    whole = small(**options).fit(X2, y2)
    with pytest.raises(RaisedError):
        small(**options, checkpoint=tmp_path, checkpoint_every=3, callbacks=stop).fit(X2, y2)
    resumed = small(**options, checkpoint=str(tmp_path), checkpoint_every=3, resume=True).fit(X2, y2)
    assert same(resumed, whole)
    assert resumed.loss_curve_ == whole.loss_curve_
    assert resumed.validation_scores_ == whole.validation_scores_
    assert (resumed.n_iter_, resumed.t_) == (whole.n_iter_, whole.t_)
    with pytest.raises(HandgradError, match=r"another run: .*tol"):
        small(**{**options, "tol": 0.3}, checkpoint=tmp_path, checkpoint_every=3, resume=True).fit(X2, y2)
    with pytest.raises(HandgradError, match="resume"):
        small(**options, checkpoint=tmp_path).fit(X2, y2)


def test_what_is_resumed_is_logged(tmp_path, caplog):
    options = {"checkpoint": tmp_path, "checkpoint_every": 5}
    small(**options).fit(X2, y2)
    assert not caplog.records
    assert same(small(**options, resume=True).fit(X2, y2), small().fit(X2, y2))
    assert "resumed after epoch 12" in caplog.text


def test_resume_needs_a_folder():
    with pytest.raises(HandgradError, match="checkpoint="):
        small(resume=True).fit(X2, y2)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_warm_start_may_keep_the_state_of_the_optimiser(solver):
    options = {"solver": solver, "shuffle": False, "n_iter_no_change": 100}
    whole = small(**options, max_iter=10).fit(X2, y2)
    halves = small(**options, max_iter=5, warm_start="optimizer").fit(X2, y2).fit(X2, y2)
    assert same(halves, whole)
    assert halves.loss_curve_ == whole.loss_curve_
    anew = small(**options, max_iter=5, warm_start=True).fit(X2, y2).fit(X2, y2)
    assert not same(anew, whole)
    assert [len(column) for column in halves.score_history_.values()] == [10] * len(halves.score_history_)


def test_a_warm_start_with_the_state_takes_a_new_learning_rate():
    options = {"shuffle": False, "max_iter": 5, "n_iter_no_change": 100, "warm_start": "optimizer"}
    slow = small(**options).fit(X2, y2).set_params(learning_rate_init=1e-300).fit(X2, y2)
    assert same(slow, small(**options).fit(X2, y2))


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_another_solver_may_go_on(solver):
    fitted = small(solver="lbfgs").fit(X2, y2)
    assert not hasattr(fitted, "loss_curve_")
    fitted.set_params(solver=solver, warm_start=True).fit(X2, y2)
    assert len(fitted.loss_curve_) == 12
    fitted.partial_fit(X2, y2)
    assert len(fitted.loss_curve_) == 13


def test_another_solver_may_go_on_and_be_saved(tmp_path):
    fitted = small(solver="lbfgs").fit(X2, y2).set_params(solver="adam").partial_fit(X2, y2)
    assert fitted.validation_scores_ is None
    kept = MLPClassifier.load(fitted.save(tmp_path / "m.safetensors"))
    assert same(kept.partial_fit(X2, y2), fitted.partial_fit(X2, y2))


def test_partial_fit_remembers_the_best_of_calls_whose_callback_raised():
    def raising(state):
        raise RuntimeError(state.epoch)

    estimator = small(early_stopping=True, n_iter_no_change=2, learning_rate_init=0.05)
    estimator.partial_fit(X2, y2, classes=[0, 1], eval_set=(X2, y2))
    estimator.callbacks = raising
    for _ in range(10):
        with pytest.raises(RuntimeError):
            estimator.partial_fit(X2, y2, eval_set=(X2, y2))
    estimator.callbacks = None
    while estimator.stopped_ != "early stopping":
        estimator.partial_fit(X2, 1 - y2, eval_set=(X2, y2))
    assert estimator.score(X2, y2) == estimator.best_validation_score_ == max(estimator.validation_scores_)


def test_copies_do_not_share_their_curves():
    fitted = small().fit(X2, y2)
    copy.copy(fitted).partial_fit(X2, y2)
    assert len(fitted.loss_curve_) == 12


def test_partial_fit_learns_after_a_fit_that_stopped_early():
    fitted = small(early_stopping=True, n_iter_no_change=1, tol=0.5, max_iter=50).fit(X2, y2)
    assert fitted.stopped_ == "early stopping"
    before = fitted._parameters().buffer.copy()
    fitted.partial_fit(X2, y2)
    assert not np.array_equal(fitted._parameters().buffer, before)


def test_partial_fit_has_no_checkpoints(tmp_path):
    with pytest.raises(HandgradError, match="checkpoints are those of fit"):
        small(checkpoint=tmp_path).partial_fit(X2, y2, classes=[0, 1])


def test_a_run_that_diverges_in_a_worker_says_so():
    with pytest.raises(DivergenceError) as raised:
        small(MLPRegressor, solver="sgd", learning_rate_init=1e3, activation="identity").fit(XR * 100, YR)
    found = pickle.loads(pickle.dumps(raised.value))
    assert str(found) == str(raised.value)
    assert np.isfinite(found.fit.parameters.buffer).all()


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_weights_below_zero_are_counted_as_they_are(solver):
    weights = np.where(np.arange(len(X2)) % 5, 1.0, -0.5)
    ours, theirs = (
        cls((6,), solver=solver, random_state=0, max_iter=8, batch_size=40).fit(X2, y2, weights)
        for cls in (MLPClassifier, neural_network.MLPClassifier)
    )
    for one, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-8)


def test_a_warm_start_with_other_widths_is_refused():
    fitted = small(warm_start=True).fit(X2, y2)
    with pytest.raises(HandgradError, match="5-6-1 since the first fit, but now 5-9-1"):
        fitted.set_params(hidden_layer_sizes=(9,)).fit(X2, y2)


def test_partial_fit_stops_early_and_brings_the_best_back():
    estimator = small(early_stopping=True, n_iter_no_change=2, learning_rate_init=0.5, tol=0.02)
    calls, parameters = 0, []
    while estimator.__dict__.get("stopped_") != "early stopping" and calls < 100:
        estimator.partial_fit(X2, y2, classes=[0, 1])
        parameters.append(estimator._parameters().buffer.copy())
        calls += 1
    assert calls < 100
    best = int(np.argmax(estimator.validation_scores_))
    assert len(estimator.validation_scores_) == calls
    np.testing.assert_array_equal(estimator._parameters().buffer, parameters[best])
    with pytest.warns(UserWarning, match="changes nothing"):
        estimator.partial_fit(X2, y2)
    np.testing.assert_array_equal(estimator._parameters().buffer, parameters[best])
    estimator.set_params(early_stopping=False).partial_fit(X2, y2)
    assert len(estimator.loss_curve_) == calls + 1


def test_partial_fit_with_an_eval_set_watches_it():
    estimator = small(early_stopping=True)
    for _ in range(3):
        estimator.partial_fit(X2[:80], y2[:80], classes=[0, 1], eval_set=(X2[80:], y2[80:]))
    plain = small()
    for _ in range(3):
        plain.partial_fit(X2[:80], y2[:80], classes=[0, 1])
    assert estimator.loss_curve_ == plain.loss_curve_
    assert len(estimator.validation_scores_) == 3


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_number_of_threads_gives_the_same_run_every_time(n_threads):
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    a, b = (small(hidden_layer_sizes=(200,), n_threads=n_threads, max_iter=3).fit(X, y) for _ in range(2))
    assert same(a, b)


def test_estimators_fit_side_by_side_in_threads():
    wanted, found = small().fit(X2, y2), [None] * 4

    def work(place):
        found[place] = small().fit(X2, y2)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(one, wanted) for one in found)


def test_a_run_that_diverges_says_so_and_keeps_finite_weights():
    estimator = small(MLPRegressor, solver="sgd", learning_rate_init=1.0, activation="identity")
    with pytest.raises(DivergenceError, match="Solver produced non-finite parameter weights"):
        estimator.fit(XR, YR)
    assert estimator.n_iter_ > 0
    assert all(np.isfinite(W).all() for W in estimator.coefs_)
    stopped = small(MLPRegressor, solver="sgd", learning_rate_init=1e3, activation="identity", early_stopping=True)
    with pytest.warns(ConvergenceWarning, match="best epoch"):
        stopped.fit(XR * 100, YR)
    assert np.isnan(stopped.validation_scores_[-1])
    assert np.isfinite(stopped.predict(XR)).all()
