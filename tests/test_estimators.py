"""What the estimators do beyond scikit-learn's."""

import copy
import io
import pickle
import subprocess
import sys
import threading
import warnings
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_iris, make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.preprocessing import StandardScaler

import handgrad
from handgrad import MLPClassifier, MLPRegressor
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.losses import LOSSES
from handgrad.engine.runs.states import DivergenceError
from handgrad.errors import HandgradError
from handgrad.network import Network, Parameters

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X3, y3 = load_iris(return_X_y=True)
X3 = StandardScaler().fit_transform(X3)
X2, y2 = make_classification(120, 5, random_state=0)
XR, YR = make_regression(80, 4, noise=1.0, random_state=0)
YR = YR / YR.std()
XL, YL = make_multilabel_classification(90, 6, n_classes=3, random_state=0)
POINTWISE = [name for name, record in ACTIVATIONS.items() if not record.rowwise and not record.own]


def small(cls=MLPClassifier, **options):
    return cls(**{"hidden_layer_sizes": (6,), "max_iter": 12, "random_state": 0, **options})


def same(a, b):
    return all(np.array_equal(one, other) for one, other in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True))


@pytest.mark.parametrize("activation", POINTWISE)
def test_every_activation_trains_and_predicts_what_its_derivation_says(activation):
    fitted = small(activation=activation, max_iter=3).fit(X3, y3)
    wanted = fitted.derivation_.output(fitted._parameters(), X3)
    np.testing.assert_allclose(fitted.predict_proba(X3), wanted, rtol=1e-12, atol=1e-15)
    assert np.diff(fitted.loss_curve_).max() < 0


def test_activations_by_layer():
    fitted = small(hidden_layer_sizes=(5, 4), activation=["tanh", "leaky_relu(0.2)"]).fit(X3, y3)
    assert str(fitted.network_) == "4-5:tanh-4:leaky_relu(alpha=0.2)-3:softmax"
    fitted = small(MLPRegressor, hidden_layer_sizes=(5,), activation=["gelu", "softplus"], loss="poisson").fit(XR, np.abs(YR))
    assert fitted.out_activation_ == "softplus"
    assert fitted.predict(XR).min() > 0


def gradient_step(estimator, X, Y, rate):
    """What one step of plain gradient descent makes of the first parameters, by the derivation."""
    network, start = estimator.network_, estimator._parameters()
    gradient = handgrad.derive(network).gradients(start, X, Y)
    return Parameters(network, start.buffer - rate * gradient.buffer)


@pytest.mark.parametrize("loss", [name for name, record in LOSSES.items() if not record.own and not record.simplex])
def test_every_loss_takes_the_step_of_its_gradient(loss):
    interval = LOSSES[loss].targets
    y = YR if np.isneginf(interval.low) else np.clip(np.abs(YR), 0.1, 0.9)
    options = {"loss": loss, "solver": "sgd", "momentum": 0, "alpha": 0, "shuffle": False, "batch_size": 80, "max_iter": 1}
    before = small(MLPRegressor, **options, learning_rate_init=1e-300).fit(XR, y)
    after = small(MLPRegressor, **options, learning_rate_init=0.1).fit(XR, y)
    np.testing.assert_allclose(after._parameters().buffer, gradient_step(before, XR, y, 0.1).buffer, rtol=1e-9, atol=1e-12)
    assert after.loss_ == pytest.approx(handgrad.derive(before.network_).loss(before._parameters(), XR, y))


@pytest.mark.parametrize("loss", ["log_loss", *(name for name, record in LOSSES.items() if not record.own)])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_every_loss_trains_a_classifier_by_its_gradient(loss, kind):
    X, y = {"binary": (X2, y2), "multiclass": (X3, y3), "multilabel": (XL, YL)}[kind]
    options = {"loss": loss, "solver": "sgd", "momentum": 0, "alpha": 0, "shuffle": False, "batch_size": len(X), "max_iter": 1}
    before = small(**options, learning_rate_init=1e-300).fit(X, y)
    after = small(**options, learning_rate_init=0.1).fit(X, y)
    Y = before._targets.encode(y).astype(float)
    np.testing.assert_allclose(after._parameters().buffer, gradient_step(before, X, Y, 0.1).buffer, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "loss",
    [
        ("(a - y)^4", "4 * (a - y)^3"),
        (lambda a, y: (a - y) ** 4, lambda a, y: 4 * (a - y) ** 3),
        {"value": "(a - y)^4", "gradient": "4 * (a - y)^3"},
    ],
    ids=["formulas", "callables", "mapping"],
)
def test_a_loss_of_ones_own(loss):
    fitted = small(MLPRegressor, loss=loss, solver="lbfgs", max_iter=20).fit(XR, YR)
    assert fitted.loss_ < np.mean(YR**4) / 2
    found = ((fitted.predict(XR) - YR) ** 4).mean() + fitted.alpha / 2 * sum((W**2).sum() for W in fitted.coefs_) / len(XR)
    assert fitted.loss_ == pytest.approx(found, rel=1e-6)


def test_a_loss_of_ones_own_with_a_wrong_gradient_is_refused():
    with pytest.raises(ValueError, match=r"loss.*central difference"):
        small(MLPRegressor, loss=("(a - y)^4", "3 * (a - y)^3")).fit(XR, YR)


def test_a_classifier_with_another_loss():
    fitted = small(loss="squared_error", max_iter=300).fit(X3, y3)
    assert fitted.score(X3, y3) > 0.8
    np.testing.assert_allclose(fitted.predict_proba(X3).sum(axis=1), 1)
    fitted = small(loss="binary_cross_entropy").fit(X3, y3)
    assert fitted.out_activation_ == "logistic"
    np.testing.assert_allclose(fitted.predict_proba(X3).sum(axis=1), 1)
    with pytest.raises(HandgradError, match="probabilities"):
        small(activation=["relu", "identity"], loss="squared_error").fit(X3, y3)


def test_poisson_refuses_targets_below_zero():
    with pytest.raises(HandgradError, match=r"half_poisson_deviance takes targets in \[0, ∞\), but row 3"):
        small(MLPRegressor, loss="poisson").fit(XR[:4], [1.0, 2.0, -3.0, 4.0])


@pytest.mark.parametrize("y", [y2, np.where(y2, "yes", "no")], ids=["numbers", "text"])
def test_class_weights_are_sample_weights(y):
    classes = np.unique(y)
    weighted = small(class_weight={classes[1]: 3.0}).fit(X2, y)
    assert same(weighted, small().fit(X2, y, np.where(y == classes[1], 3.0, 1.0)))
    balanced = small(class_weight="balanced").fit(X2[20:], y[20:])
    counts = {label: (y[20:] == label).sum() for label in classes}
    by_hand = np.array([len(y[20:]) / (2 * counts[label]) for label in y[20:]])
    assert same(balanced, small().fit(X2[20:], y[20:], by_hand))
    both = small(class_weight={classes[1]: 3.0}).fit(X2, y, np.full(len(y), 2.0))
    assert same(both, small().fit(X2, y, np.where(y == classes[1], 6.0, 2.0)))


def test_class_weights_of_several_columns():
    weights = [{1: 2.0}, {1: 3.0}, {0: 0.5}]
    by_hand = np.where(YL[:, 0], 2.0, 1.0) * np.where(YL[:, 1], 3.0, 1.0) * np.where(YL[:, 2], 1.0, 0.5)
    assert same(small(class_weight=weights).fit(XL, YL), small().fit(XL, YL, by_hand))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ({0: 1.0, 7: 2.0}, "names the class 7"),
        ({0: -1.0}, "the class 0 has -1.0"),
        ({0: np.nan}, "the class 0 has nan"),
        ("even", "'balanced'"),
        ([{0: 1.0}, {1: 1.0}], "a mapping for each column"),
    ],
)
def test_class_weights_that_cannot_be(weight, message):
    with pytest.raises(ValueError, match=message):
        small(class_weight=weight).fit(X2, y2)


def test_dropout_leaves_out_in_training_alone():
    dropped, whole = small(dropout=0.5).fit(X2, y2), small().fit(X2, y2)
    assert not same(dropped, whole)
    assert same(dropped, small(dropout=[0.5]).fit(X2, y2))
    np.testing.assert_array_equal(dropped.predict_proba(X2), dropped.predict_proba(X2))
    with pytest.raises(HandgradError, match="dropout"):
        small(solver="lbfgs", dropout=0.5).fit(X2, y2)


def test_first_weights_as_they_are_given():
    drawn = small(learning_rate_init=1e-300, max_iter=1).fit(X2, y2)
    given = small(coefs_init=drawn.coefs_, intercepts_init=drawn.intercepts_, random_state=7, shuffle=False).fit(X2, y2)
    assert same(given, small(shuffle=False).fit(X2, y2))
    with pytest.raises(HandgradError, match=r"coefs_init.*shapes \[\(5, 6\), \(6, 1\)\]"):
        small(coefs_init=[W.T for W in drawn.coefs_]).fit(X2, y2)
    with pytest.raises(HandgradError, match="finite"):
        small(intercepts_init=[np.full(6, np.nan), np.zeros(1)]).fit(X2, y2)


def mean_error(estimator, X, y):
    return -float(np.mean(np.abs(estimator.predict(X) - y)))


@pytest.mark.parametrize("scoring", [None, "loss", "neg_mean_absolute_error", mean_error, make_scorer(mean_absolute_error)])
def test_an_eval_set_is_scored_after_each_epoch_and_the_best_epoch_comes_back(scoring):
    seen = []
    fitted = small(
        MLPRegressor, scoring=scoring, early_stopping=True, n_iter_no_change=3, max_iter=60, learning_rate_init=0.05,
        callbacks=lambda state: seen.append(state.parameters),
    ).fit(XR[:50], YR[:50], eval_set=(XR[50:], YR[50:]))  # fmt: skip
    scores = fitted.validation_scores_
    assert len(scores) == len(seen) == fitted.n_iter_ == len(fitted.score_history_["validation_score"])
    assert fitted.best_validation_score_ == max(scores)
    assert fitted.best_iteration_ == int(np.argmax(scores)) + 1
    np.testing.assert_array_equal(fitted._parameters().buffer, seen[fitted.best_iteration_ - 1].buffer)
    if scoring is None:
        assert fitted.score(XR[50:], YR[50:]) == pytest.approx(max(scores))


def test_an_eval_set_without_early_stopping_is_a_curve():
    fitted = small().fit(X2[:80], y2[:80], eval_set=(X2[80:], y2[80:]))
    assert len(fitted.validation_scores_) == 12
    assert fitted.score(X2[80:], y2[80:]) == fitted.validation_scores_[-1]
    assert same(fitted, small().fit(X2[:80], y2[:80]))
    weighted = small().fit(X2[:80], y2[:80], eval_set=[(X2[80:], y2[80:], np.arange(1.0, 41.0))])
    assert weighted.score(X2[80:], y2[80:], np.arange(1.0, 41.0)) == pytest.approx(weighted.validation_scores_[-1])


@pytest.mark.parametrize(
    ("eval_set", "message"),
    [
        ((X2[:, :4], y2), "in eval_set: X has 4 features"),
        ((X2[:5], y2[:6]), "in eval_set: "),
        ((X2, y2 + 1), "in eval_set: the classes are"),
        (X2, "eval_set is a tuple"),
        ([(X2, y2), (X2, y2)], "in eval_set|only one"),
        ((np.full((2, 5), np.nan), [0, 1]), "in eval_set: (.|\n)*row 1, column 1"),
    ],
)
def test_eval_sets_that_cannot_be(eval_set, message):
    with pytest.raises(ValueError, match=message):
        small().fit(X2, y2, eval_set=eval_set)


@pytest.mark.parametrize("scoring", ["neg_max_error", lambda *_: -1.0], ids=["name", "callable"])
def test_a_score_that_takes_no_weights_is_given_none(scoring):
    weights = np.linspace(1, 2, len(XR))
    fitted = small(MLPRegressor, scoring=scoring, early_stopping=True).fit(XR, YR, weights)
    assert fitted.validation_scores_


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(HandgradError, match="gave 'high'"):
        small(scoring=lambda *_: "high", early_stopping=True).fit(X2, y2)


def test_scoring_sees_no_names_and_warns_of_none():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X2, columns=list("abcde"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = small(scoring="roc_auc", early_stopping=True).fit(frame, y2)
    assert list(fitted.feature_names_in_) == list("abcde")


def test_callbacks_see_every_epoch_and_may_end_the_run():
    states = []

    def stop(state):
        states.append((state.epoch, state.loss, state.score))
        return state.epoch == 4

    fitted = small(callbacks=[stop]).fit(X2, y2)
    assert [epoch for epoch, *_ in states] == [1, 2, 3, 4]
    assert [loss for _, loss, _ in states] == fitted.loss_curve_
    assert (fitted.n_iter_, fitted.stopped_) == (4, "callback")


class RaisedError(Exception):
    """A callback's own."""


@pytest.mark.parametrize("error", [RaisedError("no"), KeyboardInterrupt()])
def test_a_callback_that_raises_leaves_the_model_so_far(error):
    def raising(state):
        if state.epoch == 3:
            raise error

    estimator = small(callbacks=raising)
    if isinstance(error, KeyboardInterrupt):
        with pytest.warns(UserWarning, match="interrupted"):
            estimator.fit(X2, y2)
    else:
        with pytest.raises(RaisedError, match="no"):
            estimator.fit(X2, y2)
    assert estimator.n_iter_ == 3
    assert same(estimator, small(max_iter=3).fit(X2, y2))
    estimator.set_params(callbacks=None).fit(X2, y2)
    assert same(estimator, small().fit(X2, y2))


def test_verbose_shows_lines_where_there_is_no_terminal(capsys):
    small(verbose=True, max_iter=2, early_stopping=True).fit(X2, y2)
    lines = capsys.readouterr().out.splitlines()
    told = [line.split(",")[0].split(":")[0] for line in lines]
    assert told == ["Iteration 1", "Validation score", "Iteration 2", "Validation score"]
    small(max_iter=2).fit(X2, y2)
    assert capsys.readouterr().out == ""


def test_verbose_shows_a_bar_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    shown = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stdout", shown)
    small(verbose=True).fit(X2, y2)
    assert "epoch" in shown.getvalue()
    assert "Iteration" not in shown.getvalue()


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


def test_copies_do_not_share_their_curves():
    fitted = small().fit(X2, y2)
    copy.copy(fitted).partial_fit(X2, y2)
    assert len(fitted.loss_curve_) == 12


def test_what_a_user_gives_stays_as_it_is():
    drawn = small(max_iter=1).fit(X2, y2)
    given = [X2, y2, np.linspace(1, 2, len(X2)), *drawn.coefs_, *drawn.intercepts_]
    before = [array.copy() for array in given]
    small(coefs_init=drawn.coefs_, intercepts_init=drawn.intercepts_).fit(X2, y2, given[2])
    assert all(map(np.array_equal, given, before))


def test_partial_fit_learns_after_a_fit_that_stopped_early():
    fitted = small(early_stopping=True, n_iter_no_change=1, tol=0.5, max_iter=50).fit(X2, y2)
    assert fitted.stopped_ == "early stopping"
    before = fitted._parameters().buffer.copy()
    fitted.partial_fit(X2, y2)
    assert not np.array_equal(fitted._parameters().buffer, before)


def test_partial_fit_has_no_checkpoints(tmp_path):
    with pytest.raises(HandgradError, match="checkpoints are those of fit"):
        small(checkpoint=tmp_path).partial_fit(X2, y2, classes=[0, 1])


REFUSED = {
    "weights": ({}, {"sample_weight": np.ones(3)}),
    "eval_set": ({}, {"eval_set": (X2[:, :2], y2)}),
    "coefs_init": ({"coefs_init": [np.zeros((2, 2))]}, {}),
    "dropout": ({"dropout": [0.1, 0.1]}, {}),
    "class_weight": ({"class_weight": {9: 1.0}}, {}),
    "scoring": ({"scoring": lambda *_: "high", "early_stopping": True}, {}),
    "validation": ({"early_stopping": True, "validation_fraction": 0.005}, {}),
    "resume": ({"resume": True}, {}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_fit_that_is_refused_changes_nothing(name):
    settings, given = REFUSED[name]
    fresh = small(**settings)
    with pytest.raises(ValueError):
        fresh.fit(X2, y2, **given)
    with pytest.raises(NotFittedError):
        fresh.predict(X2)
    fitted = small().fit(X3, y3)
    before = {key: copy.deepcopy(value) for key, value in vars(fitted).items() if key.endswith("_")}
    for warm in (False, "optimizer"):
        with pytest.raises(ValueError):
            fitted.set_params(**settings, warm_start=warm).fit(X2, y2, **given)
        assert list(before) == [key for key in vars(fitted) if key.endswith("_")]
        assert same(fitted, small().fit(X3, y3))
        np.testing.assert_array_equal(fitted.predict(X3), small().fit(X3, y3).predict(X3))


def test_a_warning_points_at_the_line_of_the_user():
    with pytest.warns(ConvergenceWarning) as seen:
        small(max_iter=1).fit(X2, y2)
    assert seen[0].filename == __file__


def test_a_run_that_diverges_in_a_worker_says_so():
    with pytest.raises(DivergenceError) as raised:
        small(MLPRegressor, solver="sgd", learning_rate_init=1e3, activation="identity").fit(XR * 100, YR)
    found = pickle.loads(pickle.dumps(raised.value))
    assert str(found) == str(raised.value)
    assert np.isfinite(found.fit.parameters.buffer).all()


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


def test_partial_fit_of_several_labels_needs_no_classes():
    estimator = small().partial_fit(XL[:30], YL[:30]).partial_fit(XL[30:], YL[30:])
    assert estimator.predict(XL).shape == YL.shape
    with pytest.raises(HandgradError, match="columns of labels"):
        estimator.partial_fit(XL, YL[:, :2])


def test_several_columns_of_classes():
    Y = np.stack([y3, np.where(X3[:, 0] > 0, 5, 2), np.digitize(X3[:, 1], [-0.5, 0.5]) * 10], axis=1)
    fitted = small(hidden_layer_sizes=(20,), max_iter=300, learning_rate_init=0.01).fit(X3, Y)
    assert [classes.tolist() for classes in fitted.classes_] == [[0, 1, 2], [2, 5], [0, 10, 20]]
    assert fitted.n_outputs_ == 7
    predicted, shares = fitted.predict(X3), fitted.predict_proba(X3)
    assert predicted.shape == Y.shape
    assert [part.shape[1] for part in shares] == [3, 2, 3]
    for part in shares:
        np.testing.assert_allclose(part.sum(axis=1), 1)
    for column, (classes, part) in enumerate(zip(fitted.classes_, shares, strict=True)):
        np.testing.assert_array_equal(classes[part.argmax(axis=1)], predicted[:, column])
    assert (predicted == Y).mean() > 0.95
    assert fitted.score(X3, Y) == (predicted == Y).all(axis=1).mean() > 0.85
    text = Y.astype(str)
    assert set(np.unique(small().fit(X3, text).predict(X3))) <= set(np.unique(text))


def test_transform_gives_the_activations_of_a_layer():
    fitted = small(hidden_layer_sizes=(7, 4), activation="tanh").fit(X3, y3)
    values = fitted.derivation_.forward(fitted._parameters(), X3)
    for layer, name in ((1, "A[1]"), (2, "A[2]"), (-1, "A[2]"), (-2, "A[1]"), (3, "A[3]")):
        np.testing.assert_allclose(fitted.transform(X3, layer=layer), values[name].T, rtol=1e-12)
    np.testing.assert_array_equal(fitted.transform(X3), fitted.transform(X3, layer=2))
    assert list(fitted.get_feature_names_out()) == [f"mlpclassifier{k}" for k in range(4)]
    for layer in (0, 4, -3):
        with pytest.raises(HandgradError, match="2 hidden layer"):
            fitted.transform(X3, layer=layer)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output_names_the_columns_of_any_layer(container):
    pytest.importorskip(container)
    fitted = small(hidden_layer_sizes=(7, 4)).fit(X3, y3).set_output(transform=container)
    for layer, width in ((1, 7), (2, 4)):
        found = fitted.transform(X3, layer=layer)
        assert list(found.columns) == [f"mlpclassifier{k}" for k in range(width)]


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_float32_stays_float32(cls):
    X, y = (X3, y3) if cls is MLPClassifier else (XR, YR)
    fitted = small(cls).fit(X.astype(np.float32), y)
    assert {array.dtype for array in fitted.coefs_ + fitted.intercepts_} == {np.dtype(np.float32)}
    outputs = fitted.predict_proba if cls is MLPClassifier else fitted.predict
    assert outputs(X.astype(np.float32)).dtype == fitted.transform(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(
        outputs(X.astype(np.float32)),
        (small(cls).fit(X, y).predict_proba if cls is MLPClassifier else small(cls).fit(X, y).predict)(X),
        rtol=2e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("options", [{}, {"early_stopping": True, "scoring": "loss"}, {"solver": "lbfgs"}])
def test_sparse_inputs_are_dense_ones(form, options):
    X = np.where(np.abs(X2) > 0.7, X2, 0.0)
    a, b = small(**options).fit(form(X), y2), small(**options).fit(X, y2)
    assert same(a, b)
    np.testing.assert_allclose(a.predict_proba(form(X)), b.predict_proba(X), rtol=1e-12)


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


def test_histories_are_equally_long_and_of_every_epoch():
    fitted = small(early_stopping=True, max_iter=5).fit(X2, y2)
    assert {name: len(column) for name, column in fitted.score_history_.items()} == dict.fromkeys(
        ("loss", "learning_rate", "seconds", "validation_score"), 5
    )
    assert all(before < after for before, after in pairwise(fitted.score_history_["seconds"]))
    assert len(small(solver="lbfgs", max_iter=5).fit(X2, y2).score_history_["loss"]) == 5


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


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_named_with_its_place(value):
    X = X2.copy()
    X[6, 2] = value
    with pytest.raises(ValueError, match=rf"{value} in row 7, column 3 of X"):
        small().fit(X, y2)
    fitted = small().fit(X2, y2)
    with pytest.raises(ValueError, match=r"row 7, column 3 of X"):
        fitted.predict(X)
    with pytest.raises(ValueError, match=r"row 7, column 3 of X"):
        fitted.predict(sparse.csr_matrix(X))
    y = YR.copy()
    y[4] = value
    with pytest.raises(ValueError, match=r"row 5 of y"):
        small(MLPRegressor).fit(XR, y)


def test_a_frame_names_the_column_that_is_not_finite():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X2, columns=list("abcde"))
    frame.loc[6, "c"] = np.nan
    with pytest.raises(ValueError, match=r"row 7, column 3 \('c'\) of X"):
        small().fit(frame, y2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "rel"}, "'activation'.*did you mean 'relu'"),
        ({"activation": ["relu", "tanh", "tanh"]}, "one for each of the 1 hidden layers"),
        ({"loss": "cross_entrop"}, "'loss'.*did you mean 'cross_entropy'"),
        ({"loss": ("a",)}, "'loss'"),
        ({"dropout": 1.0}, "'dropout'"),
        ({"dropout": [0.1, 0.2]}, "dropout has a share for each hidden layer"),
        ({"scoring": "accurac"}, "'scoring'"),
        ({"n_threads": 0}, "'n_threads'"),
        ({"checkpoint_every": 0}, "'checkpoint_every'"),
        ({"callbacks": 3}, "'callbacks'"),
        ({"warm_start": "yes"}, "'warm_start'"),
    ],
)
def test_parameters_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        small(**options).fit(X2, y2)


def test_predicting_compiles_nothing():
    fitted = small().fit(X2, y2)
    script = (
        "import pickle, sys, numpy as np; e = pickle.load(sys.stdin.buffer); e.predict_proba(np.zeros((2, 5))); "
        "e.transform(np.zeros((2, 5))); assert 'numba' not in sys.modules, 'numba'"
    )
    subprocess.run([sys.executable, "-c", script], input=pickle.dumps(fitted), check=True)


def test_weights_that_a_user_sets_are_what_predicts():
    fitted = small().fit(X3, y3)
    fitted.coefs_ = [np.zeros_like(W) for W in fitted.coefs_]
    fitted.intercepts_[-1][...] = [0.0, 9.0, 0.0]
    assert set(fitted.predict(X3)) == {1}
    assert Network(str(fitted.network_), loss="cross_entropy") == fitted.network_


def test_widths_in_the_place_of_the_loss_are_told_of():
    with pytest.raises(ValueError, match=r"\(30, 20\) looks like hidden_layer_sizes"):
        MLPRegressor((30, 20)).fit(XR, YR)
