"""Calls of fit, partial_fit and set_params in any order: the estimators come to where scikit-learn's do."""

import numpy as np
from estimators import KINDS, OURS, assert_alike, both, outcome, task, weights
from hypothesis import given, settings
from hypothesis import strategies as st

FIT = st.tuples(st.just("fit"), st.booleans())
PART = st.tuples(st.just("partial_fit"), st.booleans(), st.integers(0, 10), st.integers(20, 30))
CHANGE = st.tuples(
    st.just("set_params"),
    st.sampled_from(
        [
            {"warm_start": True},
            {"warm_start": False},
            {"max_iter": 2},
            {"alpha": 0.5},
            {"tol": 0.01},
            {"batch_size": 7},
            {"shuffle": False},
        ]
    ),
)
STARTS = st.fixed_dictionaries(
    {
        "solver": st.sampled_from(["adam", "sgd"]),
        "learning_rate": st.sampled_from(["constant", "invscaling", "adaptive"]),
        "tol": st.sampled_from([0.0, 1e-3, 0.3]),
        "n_iter_no_change": st.sampled_from([1, 2, np.inf]),
        "batch_size": st.sampled_from(["auto", 5]),
        "random_state": st.sampled_from([3, np.random.RandomState(3)]),
        "warm_start": st.booleans(),
    }
)
FIXED = {"hidden_layer_sizes": (4,), "max_iter": 4, "learning_rate_init": 0.02, "validation_fraction": 0.2}


def perform(estimator, calls, kind, X, y, *, w):
    """Make the calls; the first one of partial_fit is told the classes."""
    classes = {"multilabel": np.arange(3), "binary": np.unique(y), "multiclass": np.unique(y)}.get(kind)
    for name, *about in calls:
        if name == "set_params":
            estimator.set_params(**about[0])
            continue
        rows = slice(*about[1:]) if name == "partial_fit" else slice(None)
        first = {"classes": classes} if name == "partial_fit" and classes is not None and not hasattr(estimator, "classes_") else {}
        getattr(estimator, name)(X[rows], y[rows], sample_weight=w[rows] if about[0] else None, **first)


@settings(max_examples=40)
@given(kind=st.sampled_from(KINDS), start=STARTS, calls=st.lists(st.one_of(FIT, PART, CHANGE), min_size=2, max_size=5))
def test_any_order_of_calls(kind, start, calls):
    learner, more, X, y = task(kind, examples=30)
    w = weights(len(y))
    calls = [*calls, ("fit", False)]
    ours, theirs = both(learner, FIXED | more | start, lambda estimator: perform(estimator, calls, kind, X, y, w=w))
    assert_alike(ours, theirs, X, y, rtol=1e-6, atol=1e-8)


@settings(max_examples=25)
@given(
    kind=st.sampled_from(KINDS),
    start=STARTS,
    calls=st.lists(st.one_of(FIT, CHANGE), min_size=1, max_size=4),
)
def test_any_order_of_calls_with_early_stopping(kind, start, calls):
    learner, more, X, y = task(kind, examples=30)
    w = weights(len(y))
    calls = [*calls, ("fit", False)]
    ours, theirs = both(
        learner, FIXED | more | start | {"early_stopping": True}, lambda estimator: perform(estimator, calls, kind, X, y, w=w)
    )
    assert_alike(ours, theirs, X, y, rtol=1e-6, atol=1e-8)


@settings(max_examples=20)
@given(kind=st.sampled_from(KINDS), calls=st.lists(PART, min_size=1, max_size=6), seed=st.integers(0, 99))
def test_parts_with_early_stopping_learn_until_they_have_stopped(kind, calls, seed):
    """Which scikit-learn refuses: every call is an epoch with a score of its own, until n_iter_no_change is over."""
    learner, more, X, y = task(kind, examples=30)
    start = FIXED | more | {"early_stopping": True, "n_iter_no_change": np.inf, "random_state": seed}
    ours = OURS[learner](**start)
    found = outcome(lambda: perform(ours, calls, kind, X, y, w=np.ones(len(y))))
    assert found.error is None
    assert len(ours.validation_scores_) == len(ours.loss_curve_) == len(calls)
    assert ours.best_validation_score_ == max(ours.validation_scores_)
