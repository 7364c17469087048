"""Which columns matter, which predict the target by themselves, and which classes are rare."""

import numpy as np
import polars as pl
import pytest

from handgrad.assessment import importance as module
from handgrad.assessment.alone import alone, imbalance
from handgrad.assessment.importance import heaviest, importances
from handgrad.assessment.rows import Rows
from handgrad.model import Model, Scaling
from handgrad.network import Network, Parameters
from handgrad.tables.encoding import TableEncoding


def linear(weights, classes=None):
    """A model that adds its inputs by these weights; for classes, the sigmoid of that."""
    network = Network(f"{len(weights)}-1" + ("" if classes is None else ":sigmoid"))
    parameters = Parameters.given(network, [np.array([weights], float)])
    return Model(network, parameters, Scaling.none(len(weights)), classes=classes)


def singles(count):
    return {f"x{n}": slice(n, n + 1) for n in range(count)}


def by_name(found):
    return {one.column: one for one in found}


def test_of_a_linear_model_the_fall_of_r2_is_twice_the_share_of_the_variance():
    """Shuffled, a column with the share s of the variance makes the mean squared error 2 s var(y)."""
    weights = [3.0, 0.0, -1.0]
    X = np.random.default_rng(0).normal(size=(2000, 3))
    found = by_name(importances(linear(weights), Rows(X, X @ weights), singles(3)))
    assert found["x0"].drop == pytest.approx(2 * 9 / 10, rel=0.1)
    assert found["x2"].drop == pytest.approx(2 * 1 / 10, rel=0.1)
    assert found["x1"].drop == pytest.approx(0, abs=1e-6)
    assert 0 < found["x0"].error < 0.1


def test_the_largest_come_first_and_the_rows_are_left_as_they_were():
    X = np.random.default_rng(0).normal(size=(300, 3))
    rows = Rows(X.copy(), (X[:, 1] + X[:, 0] / 8 > 0).astype(int))
    found = importances(linear([0.5, 4.0, 0.0], ("no", "yes")), rows, singles(3))
    assert [one.column for one in found] == ["x1", "x0", "x2"]
    assert found == importances(linear([0.5, 4.0, 0.0], ("no", "yes")), rows, singles(3))
    assert found != importances(linear([0.5, 4.0, 0.0], ("no", "yes")), rows, singles(3), seed=1)
    assert (rows.X == X).all()


def test_the_inputs_of_a_column_are_shuffled_together():
    """The two inputs of a block cancel in every row, so that shuffling them together changes nothing."""
    x = np.random.default_rng(0).normal(size=(200, 1))
    rows = Rows(np.hstack([x, x]), np.ones(200) * x[:, 0])
    model = linear([5.0, -5.0])
    together = importances(model, Rows(rows.X, np.random.default_rng(1).normal(size=200)), {"both": slice(0, 2)})
    assert together[0].drop == pytest.approx(0, abs=1e-6)
    apart = importances(model, Rows(rows.X, np.random.default_rng(1).normal(size=200)), singles(2))
    assert min(one.drop for one in apart) > 1


def test_rows_of_weight_0_do_not_count():
    X = np.random.default_rng(0).normal(size=(400, 2))
    y = np.where(np.arange(400) < 200, X[:, 0], 1000 * X[:, 1])
    weights = np.where(np.arange(400) < 200, 1.0, 0.0)
    found = by_name(importances(linear([1.0, 0.0]), Rows(X, y, weights), singles(2)))
    assert found["x0"].drop > 1
    assert found["x1"].drop == pytest.approx(0, abs=1e-6)


def test_of_many_columns_those_that_reach_the_first_layer_most_are_looked_at():
    count = module.MOST_COLUMNS + 50
    weights = np.linspace(0, 1, count)
    X = np.random.default_rng(0).normal(size=(60, count))
    X /= X.std(axis=0)
    X[:, -1] = 2  # a constant reaches nothing
    rows = Rows(X, X @ weights)
    kept = heaviest(linear(weights), X, singles(count), module.MOST_COLUMNS)
    assert kept == [f"x{n}" for n in range(49, count - 1)]
    assert {one.column for one in importances(linear(weights), rows, singles(count))} == set(kept)


def test_the_work_is_bounded(monkeypatch):
    """However many columns and rows: never more inputs in all than the bound, but for the fewest rows and repeats."""
    seen = []
    true = module._pass

    def counted(model):
        answers = true(model)
        return lambda inputs: (seen.append(len(inputs)), answers(inputs))[1]

    monkeypatch.setattr(module, "_pass", counted)
    X = np.random.default_rng(0).normal(size=(3000, 4))
    model = linear([1.0, 2, 3, 4])
    importances(model, Rows(X, X[:, 0]), singles(4))
    assert seen == [2000, *[10_000] * 4]
    seen.clear()
    monkeypatch.setattr(module, "PRODUCTS", 5 * 4 * 2400)
    importances(model, Rows(X, X[:, 0]), singles(4))
    assert seen == [800, *[2400] * 4]
    seen.clear()
    monkeypatch.setattr(module, "PRODUCTS", 1)
    importances(model, Rows(X, X[:, 0]), singles(4))
    assert seen == [100, *[300] * 4]


def test_of_a_single_row_there_is_nothing_to_shuffle():
    assert importances(linear([1.0]), Rows(np.ones((1, 1)), np.ones(1)), singles(1)) == []


def table(n=400, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    number = y + rng.uniform(-0.4, 0.4, n)
    frame = pl.DataFrame(
        {
            "noise": rng.normal(size=n),
            "number": number,
            "code": [("red", "green", "blue")[c] for c in y],
            "half": np.where(rng.random(n) < 0.5, y, rng.integers(0, 3, n)).astype(str),
            "holes": [None if c == 0 else float(c) for c in y],
        }
    )
    return frame, y


def test_columns_that_tell_the_class_are_named_and_no_others():
    frame, y = table()
    encoding = TableEncoding.fit(frame)
    found = alone(Rows(encoding.encode(frame).X, y), encoding, ("a", "b", "c"))
    assert {one.column for one in found} == {"number", "code", "holes"}  # where a value is missing tells too
    assert all(0.99 <= one.score <= 1 for one in found)


def test_columns_that_tell_the_number_are_named():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 3))
    y = 2.54 * X[:, 1]
    assert [one.column for one in alone(Rows(X, y), None, None)] == ["x1"]
    assert [one.column for one in alone(Rows(X, y + rng.normal(size=1000)), None, None)] == []


def test_a_column_of_different_values_tells_nothing_of_rows_to_come():
    rng = np.random.default_rng(0)
    X = rng.permutation(500).astype(float)[:, None]  # a tree could learn each of them by heart
    assert alone(Rows(X, rng.integers(0, 2, 500)), None, ("no", "yes")) == []


def test_always_answering_the_frequent_class_is_not_telling():
    rng = np.random.default_rng(0)
    y = (rng.random(2000) < 0.004).astype(int)
    assert alone(Rows(rng.normal(size=(2000, 2)), y), None, ("no", "yes")) == []


def test_of_few_rows_nothing_is_said():
    y = np.arange(30) % 2
    assert alone(Rows(y[:, None].astype(float), y), None, ("no", "yes")) == []
    assert [one.score for one in alone(Rows(np.tile(y, 2)[:, None].astype(float), np.tile(y, 2)), None, ("no", "yes"))] == [1]


@pytest.mark.parametrize(
    ("counts", "told"),
    [([90, 10], False), ([95, 5], True), ([50, 50, 4], True), ([50, 50, 40], False), ([50, 0, 45], False), ([100], False)],
)
def test_unequal_classes_are_told_with_their_numbers(counts, told):
    names = ("a", "b", "c")[: len(counts)]
    found = imbalance(names, np.repeat(np.arange(len(counts)), counts))
    assert (found is not None) == told
    if found:
        assert f"({max(counts)})" in found
        assert f"({min(counts)})" in found
        assert "--class-weight balanced" in found


def test_numbers_have_no_classes_to_be_unequal():
    assert imbalance(None, np.arange(5.0)) is None
