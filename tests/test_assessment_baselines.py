"""Baselines: what is known of them in cases that can be worked out, and what happens where one cannot be fitted."""

import numpy as np
import polars as pl
import pytest

from handgrad.assessment import baselines as module
from handgrad.assessment.baselines import baselines
from handgrad.assessment.rows import Rows
from handgrad.tables.encoding import EncodingOptions, TableEncoding

TWO = ("no", "yes")


def rows(n=200, classes=TWO, seed=0, weights=None):
    """The target depends on the first of three columns, and on nothing else."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    y = (
        X[:, 0] * 3 + 1
        if classes is None
        else np.digitize(X[:, 0], np.linspace(-1, 1, len(classes) - 1) if len(classes) > 2 else [0])
    )
    return Rows(X, y, weights)


def by_name(found):
    return {one.name: one for one in found}


def test_of_a_line_the_linear_model_is_nearly_perfect_and_the_mean_explains_nothing():
    train = rows(classes=None)
    held = Rows(train.X[:50], train.y[:50])
    found = by_name(baselines(Rows(train.X[50:], train.y[50:]), held, None))
    assert list(found) == ["mean", "linear model", "HistGradientBoosting"]
    assert found["linear model"].scores["R²"] > 0.999
    assert found["mean"].scores["R²"] <= 0
    assert found["mean"].scores["R²"] < found["HistGradientBoosting"].scores["R²"] < found["linear model"].scores["R²"]
    assert all(one.seconds >= 0 and not one.failed for one in found.values())


@pytest.mark.parametrize("classes", [TWO, ("a", "b", "c", "d")])
def test_the_majority_class_has_the_share_of_its_class_and_the_loss_of_the_shares(classes):
    train, held = rows(classes=classes), rows(classes=classes, seed=1)
    found = by_name(baselines(train, held, classes))
    shares = np.bincount(train.y) / len(train)
    simple = found["majority class"].scores
    assert simple["accuracy"] == np.mean(held.y == shares.argmax())
    assert simple["log loss"] == pytest.approx(-np.log(shares[held.y]).mean())
    assert simple["balanced accuracy"] == pytest.approx(1 / len(classes))
    assert found["HistGradientBoosting"].scores["accuracy"] > 0.9
    assert found["linear model"].scores["accuracy"] > simple["accuracy"]


@pytest.mark.parametrize("classes", [None, TWO])
def test_weights_count_in_learning_as_rows_that_are_repeated(classes):
    weights = np.random.default_rng(2).integers(1, 4, 200)
    train, held = rows(classes=classes), rows(classes=classes, seed=1)
    noisy = train.y + np.random.default_rng(3).normal(size=200) if classes is None else train.y
    weighted = by_name(baselines(Rows(train.X, noisy, weights.astype(float)), held, classes))
    repeated = by_name(baselines(Rows(np.repeat(train.X, weights, axis=0), np.repeat(noisy, weights)), held, classes))
    for name in list(weighted)[:2]:
        assert list(weighted[name].scores.values()) == pytest.approx(list(repeated[name].scores.values()), abs=1e-3)


def test_the_same_seed_gives_the_same_scores():
    train, held = rows(12_000), rows(seed=1)  # so many that boosting keeps a part to stop by
    first, second = (baselines(train, held, TWO, seed=4) for _ in range(2))
    assert [one.scores for one in first] == [one.scores for one in second]


def test_boosting_sees_the_columns_of_the_table():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 12, (400, 2))
    frame = pl.DataFrame({"first": [f"v{code}" for code in codes[:, 0]], "second": [f"w{code}" for code in codes[:, 1]]})
    encoding = TableEncoding.fit(frame)
    y = (codes.sum(axis=1) % 2).astype(int)  # which no linear model of the categories can tell
    X = encoding.encode(frame).X
    found = by_name(baselines(Rows(X[:300], y[:300]), Rows(X[300:], y[300:]), TWO, encoding))
    assert found["HistGradientBoosting"].scores["accuracy"] > found["linear model"].scores["accuracy"] + 0.1


def test_a_column_of_more_categories_than_boosting_takes_is_no_failure():
    names = [f"v{n % 300}" for n in range(900)]
    encoding = TableEncoding.fit(pl.DataFrame({"name": names}), EncodingOptions(max_categories=400, min_count=1))
    X, y = encoding.encode(pl.DataFrame({"name": names})).X, np.arange(900) % 300 // 150
    assert X.shape[1] >= 300
    found = by_name(baselines(Rows(X[:600], y[:600]), Rows(X[600:], y[600:]), TWO, encoding))
    assert found["HistGradientBoosting"].scores["accuracy"] > 0.9


def test_one_class_to_learn_from_is_named_as_the_reason():
    train = Rows(np.random.default_rng(0).normal(size=(30, 2)), np.zeros(30, int))
    found = by_name(baselines(train, Rows(train.X, np.arange(30) % 2), TWO))
    assert found["majority class"].scores["accuracy"] == 0.5
    assert found["linear model"].scores == {}
    assert "class" in found["linear model"].failed


def test_a_class_that_no_row_to_learn_from_is_of_is_never_answered():
    """The class in the middle, so that the others keep their places; 5 of 200 rows held out are of it."""
    train, held = rows(), rows(seed=1)
    held = Rows(held.X, np.where(np.arange(200) < 5, 1, 2 * held.y))
    found = by_name(baselines(Rows(train.X, 2 * train.y), held, ("no", "maybe", "yes")))
    assert all(one.scores["accuracy"] <= 195 / 200 for one in found.values())
    assert min(found[name].scores["accuracy"] for name in ("linear model", "HistGradientBoosting")) > 0.9


def test_a_class_of_one_row_does_not_keep_boosting_from_a_large_table():
    train = rows(10_500)
    y = train.y.copy()
    y[0] = 2
    found = by_name(baselines(Rows(train.X, y), rows(), (*TWO, "maybe")))
    assert found["HistGradientBoosting"].scores["accuracy"] > 0.9


def test_after_the_time_limit_no_further_one_is_begun():
    for one in baselines(rows(), rows(seed=1), TWO, time_limit=0):
        assert one.scores == {}
        assert "time limit" in one.failed


@pytest.mark.parametrize("classes", [None, TWO])
def test_with_time_enough_boosting_in_parts_is_as_good(classes):
    train, held = rows(classes=classes), rows(classes=classes, seed=1)
    limited, free = (by_name(baselines(train, held, classes, time_limit=limit))["HistGradientBoosting"] for limit in (1e6, None))
    assert limited.scores == pytest.approx(free.scores)
    assert limited.told == ""


def test_boosting_ends_when_the_time_is_over():
    clock = iter([1.0, 1.0, -1.0, -1.0])
    fitted, told = module._boosting(rows(), TWO, None, 0, lambda: next(clock))
    assert "20 of 100 rounds" in told
    assert fitted(rows(seed=1).X).shape == (200, 2)


def test_what_is_left_out_of_a_large_table_is_told(monkeypatch):
    monkeypatch.setattr(module, "BOOSTING_CELLS", 3000)
    found = by_name(baselines(rows(2000), rows(seed=1), TWO))
    assert found["HistGradientBoosting"].told == "learned from 1,000 of the 2,000 rows"
    assert found["linear model"].told == ""


def test_of_many_classes_there_are_fewer_rounds_and_that_is_told(monkeypatch):
    monkeypatch.setattr(module, "MOST_TREES", 80)
    monkeypatch.setattr(module, "FEWEST_ROUNDS", 5)
    found = by_name(baselines(rows(classes=("a", "b", "c", "d")), rows(classes=("a", "b", "c", "d")), ("a", "b", "c", "d")))
    assert found["HistGradientBoosting"].told == "20 rounds of boosting instead of 100"
