"""Scores keep the laws of weighted means, agree with scikit-learn, and survive what real columns hold."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from handgrad.assessment.numerals import score, size, told_apart
from handgrad.assessment.rows import Rows
from handgrad.assessment.scores import (
    SHARES,
    SMALLER_IS_BETTER,
    calibration,
    confusion,
    error_quantiles,
    first_score,
    per_class,
    predicted,
    scores,
    standard_error,
)
from handgrad.errors import DataError

NAMES = ("a", "b", "c", "d")


def drawn(classes, n, seed):
    """Outputs, true answers and whole weights, of which some are 0."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 4, n)
    weights[0] = 1
    if classes is None:
        y = rng.normal(5, 3, n)
        return y + rng.normal(0, 2, n), y, weights
    return rng.dirichlet(np.ones(len(classes)), n), rng.integers(0, len(classes), n), weights


tasks = st.sampled_from([None, NAMES[:2], NAMES])


@settings(deadline=None, max_examples=30)
@given(tasks, st.integers(2, 60), st.integers(0, 10**6))
def test_a_weight_of_three_is_a_row_three_times(classes, n, seed):
    outputs, y, weights = drawn(classes, n, seed)
    weighted = scores(classes, outputs, y, weights)
    repeated = scores(classes, np.repeat(outputs, weights, axis=0), np.repeat(y, weights))
    assert weighted.keys() == repeated.keys()
    # classes whose rows all have weight 0 are no class of balanced accuracy in either
    assert [weighted[name] for name in weighted] == pytest.approx([repeated[name] for name in weighted], nan_ok=True)
    if classes is not None:
        of_class = per_class(classes, predicted(classes, outputs), y, weights)
        again = per_class(classes, np.repeat(predicted(classes, outputs), weights), np.repeat(y, weights))
        for one, other in zip(of_class, again, strict=True):
            assert (one.precision, one.recall, one.f1) == pytest.approx((other.precision, other.recall, other.f1), nan_ok=True)


@settings(deadline=None, max_examples=20)
@given(tasks, st.integers(2, 60), st.integers(0, 10**6))
def test_the_order_of_rows_does_not_matter_and_equal_weights_are_none(classes, n, seed):
    outputs, y, _ = drawn(classes, n, seed)
    order = np.random.default_rng(seed).permutation(n)
    plain = scores(classes, outputs, y)
    for other in (scores(classes, outputs[order], y[order]), scores(classes, outputs, y, np.full(n, 2.5))):
        assert list(other) == list(plain)
        assert list(other.values()) == pytest.approx(list(plain.values()), nan_ok=True)
    assert standard_error(classes, outputs, y) == pytest.approx(standard_error(classes, outputs, y, np.full(n, 2.5)), nan_ok=True)


@pytest.mark.parametrize("classes", [None, NAMES[:2], NAMES])
def test_right_answers_have_the_best_scores(classes):
    _, y, _ = drawn(classes, 50, 1)
    outputs = y if classes is None else np.eye(len(classes))[y]
    for name, value in scores(classes, outputs, y).items():
        assert value == pytest.approx(0 if name in SMALLER_IS_BETTER else 1, abs=1e-12)
    assert standard_error(classes, outputs, y) == 0


def test_scores_are_those_of_scikit_learn():
    outputs, y, weights = drawn(NAMES, 200, 3)
    found, best = scores(NAMES, outputs, y, weights), outputs.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(y, best, sample_weight=weights))
    assert found["balanced accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, best, sample_weight=weights))
    assert found["log loss"] == pytest.approx(-np.average(np.log(outputs[np.arange(200), y]), weights=weights))
    outputs, y, weights = drawn(None, 200, 3)
    found = scores(None, outputs, y, weights)
    assert found["R²"] == pytest.approx(metrics.r2_score(y, outputs, sample_weight=weights))
    assert found["RMSE"] == pytest.approx(metrics.root_mean_squared_error(y, outputs, sample_weight=weights))
    assert next(iter(found)) == "R²"


def test_the_area_under_the_curve_is_the_share_of_pairs_in_order():
    outputs, y, _ = drawn(NAMES[:2], 80, 5)
    first, second = outputs[y == 0, 1], outputs[y == 1, 1]
    assert scores(NAMES[:2], outputs, y)["ROC AUC"] == pytest.approx(np.mean(first[:, None] < second[None, :]))
    there = y == 0
    assert "ROC AUC" not in scores(NAMES[:2], outputs[there], y[there])


def test_a_class_that_is_not_there_is_no_part_of_balanced_accuracy():
    outputs = np.eye(4)[[0, 0, 1, 3]]
    found = scores(NAMES, outputs, np.array([0, 0, 1, 1]))
    assert found["balanced accuracy"] == pytest.approx(0.75)
    assert "ROC AUC" not in found


def test_outputs_that_are_no_probabilities_have_scores_too():
    outputs = np.array([[0.0, 0.0], [2.0, 1.0], [-1.0, 3.0]])
    found = scores(NAMES[:2], outputs, np.array([0, 0, 1]))
    assert found["accuracy"] == 1
    assert math.isfinite(found["log loss"])


@pytest.mark.parametrize("n", [400])
@pytest.mark.parametrize("classes", [None, NAMES])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_standard_error_is_that_of_drawing_the_rows_again(classes, n, weighted):
    outputs, y, weights = drawn(classes, n, 11)
    weights = weights.astype(float) if weighted else None
    rng, again = np.random.default_rng(0), []
    for _ in range(400):
        rows = rng.integers(0, n, n)
        again.append(first_score(classes, outputs[rows], y[rows], None if weights is None else weights[rows]))
    assert standard_error(classes, outputs, y, weights) == pytest.approx(np.std(again), rel=0.15)


def test_the_standard_error_of_a_share():
    outputs = np.eye(2)[np.repeat([0, 1], [90, 10])]
    assert standard_error(NAMES[:2], outputs, np.zeros(100, int)) == pytest.approx(math.sqrt(0.9 * 0.1 / 100))
    assert math.isnan(standard_error(NAMES[:2], outputs[:1], np.zeros(1, int)))


def test_a_target_that_is_the_same_in_all_rows_has_no_r2():
    found = scores(None, np.array([1.0, 2.0]), np.array([3.0, 3.0]))
    assert math.isnan(found["R²"])
    assert found["MAE"] == 1.5
    assert math.isnan(standard_error(None, np.array([1.0, 2.0]), np.array([3.0, 3.0])))


@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_r2_does_not_depend_on_the_unit(unit):
    outputs, y, _ = drawn(None, 30, 2)
    assert first_score(None, outputs * unit, y * unit) == pytest.approx(first_score(None, outputs, y))
    assert not math.isnan(scores(None, outputs * unit, y * unit)["RMSE"])


@pytest.mark.parametrize("classes", [None, NAMES[:2]])
def test_outputs_that_are_not_finite_are_refused(classes):
    outputs, y, _ = drawn(classes, 5, 0)
    outputs[3] = math.nan
    with pytest.raises(DataError, match="1 of 5 rows"):
        scores(classes, outputs, y)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 60), st.integers(0, 10**6))
def test_classes_are_rows_and_columns_of_the_confusion(n, seed):
    outputs, y, _ = drawn(NAMES, n, seed)
    found = outputs.argmax(axis=1)
    table = confusion(NAMES, found, y)
    assert table.sum() == n
    for number, one in enumerate(per_class(NAMES, found, y)):
        taken, there, right = table[:, number].sum(), table[number].sum(), table[number, number]
        assert one.count == there
        assert one.precision == pytest.approx(right / taken if taken else math.nan, nan_ok=True)
        assert one.recall == pytest.approx(right / there if there else math.nan, nan_ok=True)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 80), st.integers(0, 10**6), st.booleans())
def test_so_many_rows_are_off_by_no_more(n, seed, weighted):
    outputs, y, weights = drawn(None, n, seed)
    w = weights.astype(float) if weighted else np.ones(n)
    found = error_quantiles(outputs, y, w if weighted else None)
    errors = np.abs(outputs - y)
    assert list(found) == list(SHARES)
    assert list(found.values()) == sorted(found.values())
    assert found[100] == errors[w > 0].max()
    if weighted:
        for share, limit in found.items():
            assert w[errors <= limit].sum() >= share / 100 * w.sum() * (1 - 1e-12)


def test_probabilities_that_were_drawn_from_come_true():
    rng = np.random.default_rng(0)
    for names in (NAMES[:2], NAMES):
        outputs = rng.dirichlet(np.ones(len(names)), 20_000)
        y = (rng.random((20_000, 1)) > outputs.cumsum(axis=1)).sum(axis=1)
        bins = calibration(names, outputs, y)
        assert sum(one.count for one in bins) == 20_000
        assert [one.said for one in bins] == sorted(one.said for one in bins)
        assert [one.true for one in bins] == pytest.approx([one.said for one in bins], abs=0.04)


def test_bins_are_no_more_than_rows_and_leave_out_rows_without_weight():
    outputs, y, _ = drawn(NAMES[:2], 3, 0)
    assert [one.count for one in calibration(NAMES[:2], outputs, y)] == [1, 1, 1]
    assert len(calibration(NAMES[:2], outputs, y, np.array([0.0, 1.0, 2.0]))) == 2


@pytest.mark.parametrize(
    ("X", "y", "weights"),
    [
        (np.zeros((3, 2)), np.zeros(2), None),
        (np.zeros(3), np.zeros(3), None),
        (np.zeros((3, 2)), np.zeros(3), np.ones(2)),
        (np.zeros((3, 2)), np.zeros(3), np.array([1.0, -1, 1])),
        (np.zeros((3, 2)), np.zeros(3), np.array([1.0, np.nan, 1])),
        (np.zeros((3, 2)), np.zeros(3), np.zeros(3)),
    ],
)
def test_rows_that_do_not_fit_together_are_refused(X, y, weights):
    with pytest.raises(DataError):
        Rows(X, y, weights)


def test_some_rows_are_drawn_without_replacement():
    rows = Rows(np.arange(10.0)[:, None], np.arange(10.0), np.array([1.0] + [0.0] * 9))
    some = rows.some(4, np.random.default_rng(0))
    assert len(some) == len(set(some.y)) == 4
    assert rows.some(10, np.random.default_rng(0)) is rows
    assert rows.take(np.array([1, 2])).weights is None  # which would otherwise be all 0


def test_numbers_are_shown_as_people_read_them():
    assert [score("accuracy", value) for value in (0.8, math.nan)] == ["0.800", "–"]
    assert [size(value) for value in (12345.6, 0.5, math.nan)] == ["12,346", "0.5", "–"]
    assert told_apart("accuracy", 0.8001, 0.8002) == ("0.8001", "0.8002")
    assert told_apart("accuracy", 0.8, 0.8) == ("0.800", "0.800")
