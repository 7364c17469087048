"""Validation examples, scores, callbacks and what is shown while the estimators are fitted."""

import io
import sys
import warnings
from itertools import pairwise

import numpy as np
import pytest
from fitted import X2, XR, YR, same, small, y2
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import make_scorer, mean_absolute_error

from handgrad import MLPRegressor
from handgrad.errors import HandgradError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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


def test_a_scorer_sees_the_frames_of_an_eval_set():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X2, columns=list("abcde"))
    seen = []

    def scoring(estimator, X, y):
        seen.append(X["a"].mean())
        return estimator.score(X, y)

    small(scoring=scoring, max_iter=3).fit(frame[:80], y2[:80], eval_set=(frame[80:], y2[80:]))
    assert seen == [frame[80:]["a"].mean()] * 3


def test_class_weights_do_not_weigh_the_score():
    for more in ({}, {"eval_set": (X2[80:], y2[80:])}):
        fitted = small(early_stopping=True, class_weight={0: 100.0}, max_iter=1).fit(X2[:80], y2[:80], **more)
        count = len(y2[80:]) if more else 8
        assert round(fitted.validation_scores_[0] * count, 9).is_integer()


def test_held_out_examples_need_a_weight():
    with pytest.raises(ValueError, match="held out"):
        small(early_stopping=True).fit(X2, y2, np.eye(1, len(X2))[0])


@pytest.mark.parametrize("error", [RaisedError("no"), KeyboardInterrupt(), SystemExit(3)])
def test_a_callback_that_raises_leaves_the_model_so_far(error):
    def raising(state):
        if state.epoch == 3:
            raise error

    estimator = small(callbacks=raising)
    if isinstance(error, KeyboardInterrupt):
        with pytest.warns(UserWarning, match="interrupted"):
            estimator.fit(X2, y2)
    else:
        with pytest.raises(type(error), match=str(error)):
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


def test_histories_are_equally_long_and_of_every_epoch():
    fitted = small(early_stopping=True, max_iter=5).fit(X2, y2)
    assert {name: len(column) for name, column in fitted.score_history_.items()} == dict.fromkeys(
        ("loss", "learning_rate", "seconds", "validation_score"), 5
    )
    assert all(before < after for before, after in pairwise(fitted.score_history_["seconds"]))
    assert len(small(solver="lbfgs", max_iter=5).fit(X2, y2).score_history_["loss"]) == 5
