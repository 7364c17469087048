"""What scikit-learn's estimators refuse, ours refuse: with an exception that is caught where theirs is, and that says something."""

import copy
import warnings

import numpy as np
import pytest
from estimators import OURS, THEIRS, outcome, task
from scipy import sparse

CLASSIFIER, REGRESSOR = ("MLPClassifier",), ("MLPRegressor",)
EITHER = CLASSIFIER + REGRESSOR
FEW = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}
BAD_PARAMETERS = {
    "hidden_layer_sizes": [0, -1, (3, 0), (3, -2), 2.5, (2.5,), "ten", None],
    "activation": ["ghost", 1, None, 0.5],
    "solver": ["hadoken", "ADAM", None, 1],
    "alpha": [-1e-9, "0.1", None, np.nan],
    "batch_size": [0, -1, 2.5, "all", None],
    "learning_rate": ["ghost", None, 0.1],
    "learning_rate_init": [0, -0.001, np.nan, "0.1", None],
    "power_t": [-1, "0.5", None],
    "max_iter": [0, -1, 2.5, None, np.inf],
    "shuffle": ["true", 2, None, 0.5],
    "random_state": [-1, "seed", 0.5, 2**32],
    "tol": [-1e-9, "small", None],
    "verbose": ["loud", -1, None],
    "warm_start": ["true", 2, None],
    "momentum": [-0.1, 1.1, "heavy", None],
    "nesterovs_momentum": ["true", 3, None],
    "early_stopping": ["true", 3, None],
    "validation_fraction": [-0.1, 1, 1.5, "some", None],
    "beta_1": [-0.1, 1, 1.5, None],
    "beta_2": [-0.1, 1, 1.5, None],
    "epsilon": [0, -1, None, "tiny"],
    "n_iter_no_change": [0, -1, 2.5, None, -np.inf],
    "max_fun": [0, -1, 2.5, None],
    "loss": ["ghost", 1, None],
}


def data(learner):
    """Inputs and targets."""
    _, _, X, y = task("binary" if learner in CLASSIFIER else "regression", examples=24)
    return X, y


def refused(learner, settings, run):
    """Both refuse, and ours is of their kind; ours is returned."""
    theirs, ours = (outcome(lambda c=c: run(c[learner](**copy.deepcopy(settings)))).error for c in (THEIRS, OURS))
    assert theirs is not None
    assert ours is not None, f"scikit-learn raises {type(theirs).__name__}: {theirs}"
    kinds = [kind for kind in type(theirs).__mro__ if kind.__module__ == "builtins" and kind is not object]
    assert isinstance(ours, type(theirs)) or all(isinstance(ours, kind) for kind in kinds), repr(ours)
    assert len(str(ours)) > 15
    return ours


@pytest.mark.parametrize("learner", EITHER)
def test_every_parameter_has_bad_values(learner):
    assert set(THEIRS[learner]().get_params()) | {"loss"} == set(BAD_PARAMETERS)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("learner", "name", "value"),
    [
        (learner, name, value)
        for learner in EITHER
        for name, values in BAD_PARAMETERS.items()
        for value in values
        if name != "loss" or learner in REGRESSOR
    ],
)
def test_a_bad_parameter(learner, name, value, method):
    X, y = data(learner)

    def run(estimator):
        more = {"classes": np.unique(y)} if method == "partial_fit" and learner in CLASSIFIER else {}
        getattr(estimator, method)(X, y, **more)

    if method == "partial_fit" and name == "solver":
        with pytest.raises((ValueError, AttributeError)):
            run(OURS[learner](**FEW | {name: value}))
        return
    assert name in str(refused(learner, FEW | {name: value}, run))


def spoiled(X, value, row=5, column=2):
    """A copy with one bad value in it."""
    made = X.astype(np.result_type(X.dtype, type(value)) if not isinstance(value, str) else object)
    made[row, column] = value
    return made


BAD_DATA = {
    "one dimension": (EITHER, lambda m, X, y: m.fit(X[:, 0], y)),
    "three dimensions": (EITHER, lambda m, X, y: m.fit(X[None], y)),
    "a number": (EITHER, lambda m, _, y: m.fit(3.0, y)),
    "no rows": (EITHER, lambda m, X, y: m.fit(X[:0], y[:0])),
    "no columns": (EITHER, lambda m, X, y: m.fit(X[:, :0], y)),
    "fewer targets": (EITHER, lambda m, X, y: m.fit(X, y[:-1])),
    "more targets": (EITHER, lambda m, X, y: m.fit(X[:-1], y)),
    "no targets": (EITHER, lambda m, X, _: m.fit(X, None)),
    "NaN": (EITHER, lambda m, X, y: m.fit(spoiled(X, np.nan), y)),
    "infinity": (EITHER, lambda m, X, y: m.fit(spoiled(X, np.inf), y)),
    "a word": (EITHER, lambda m, X, y: m.fit(spoiled(X, "many"), y)),
    "complex numbers": (EITHER, lambda m, X, y: m.fit(X + 1j, y)),
    "NaN in a sparse matrix": (EITHER, lambda m, X, y: m.fit(sparse.csr_matrix(spoiled(X, np.nan)), y)),
    "a number beyond float64": (EITHER, lambda m, X, y: m.fit(spoiled(X, "1e999"), y)),
    "other columns, sparse": (EITHER, lambda m, X, y: m.fit(sparse.csr_matrix(X), y).predict(sparse.csr_matrix(X)[:, :2])),
    "None among the targets": (EITHER, lambda m, X, y: m.fit(X, [*y[:-1], None])),
    "NaN in the targets": (REGRESSOR, lambda m, X, y: m.fit(X, np.where(np.arange(len(y)) == 4, np.nan, y))),
    "infinite targets": (REGRESSOR, lambda m, X, y: m.fit(X, np.where(np.arange(len(y)) == 4, np.inf, y))),
    "targets of three dimensions": (EITHER, lambda m, X, y: m.fit(X, y[:, None, None])),
    "continuous classes": (CLASSIFIER, lambda m, X, _: m.fit(X, X[:, 0])),
    "NaN among the classes": (CLASSIFIER, lambda m, X, y: m.fit(X, np.where(y == "yes", np.nan, 1.0))),
    "Poisson beyond all numbers": (
        REGRESSOR, lambda m, X, y: m.set_params(loss="poisson", learning_rate_init=1e9).fit(X * 1e9, np.abs(y)),
    ),
    "weights of another length": (EITHER, lambda m, X, y: m.fit(X, y, sample_weight=np.ones(len(y) - 1))),
    "weights of two dimensions": (EITHER, lambda m, X, y: m.fit(X, y, sample_weight=np.ones((len(y), 2)))),
    "NaN among the weights": (EITHER, lambda m, X, y: m.fit(X, y, sample_weight=np.where(np.arange(len(y)) == 3, np.nan, 1.0))),
    "weights that are words": (EITHER, lambda m, X, y: m.fit(X, y, sample_weight=["heavy"] * len(y))),
    "too few to validate": (EITHER, lambda m, X, y: m.set_params(early_stopping=True, validation_fraction=0.01).fit(X, y)),
    "one row to validate": (EITHER, lambda m, X, y: m.set_params(early_stopping=True, validation_fraction=0.04).fit(X, y)),
    "none to validate": (EITHER, lambda m, X, y: m.set_params(early_stopping=True, validation_fraction=0.0).fit(X, y)),
    "a class of one to validate": (CLASSIFIER, lambda m, X, y: m.set_params(early_stopping=True).fit(X, np.arange(len(y)) == 4)),
    "predict before fit": (EITHER, lambda m, X, _: m.predict(X)),
    "score before fit": (EITHER, lambda m, X, y: m.score(X, y)),
    "predict_proba before fit": (CLASSIFIER, lambda m, X, _: m.predict_proba(X)),
    "other columns": (EITHER, lambda m, X, y: m.fit(X, y).predict(X[:, :-1])),
    "NaN to predict": (EITHER, lambda m, X, y: m.fit(X, y).predict(spoiled(X, np.nan))),
    "one dimension to predict": (EITHER, lambda m, X, y: m.fit(X, y).predict(X[0])),
    "nothing to predict": (EITHER, lambda m, X, y: m.fit(X, y).predict(X[:0])),
    "no classes at first": (CLASSIFIER, lambda m, X, y: m.partial_fit(X, y)),
    "unseen classes at first": (CLASSIFIER, lambda m, X, y: m.partial_fit(X, y, classes=["no", "perhaps"])),
    "unseen classes later": (
        CLASSIFIER,
        lambda m, X, y: m.partial_fit(X, y, classes=["no", "yes"]).partial_fit(X, np.full(len(y), "perhaps")),
    ),
    "other classes later": (
        CLASSIFIER, lambda m, X, y: m.partial_fit(X, y, classes=["no", "yes"]).partial_fit(X, y, classes=["a", "b"]),
    ),
    "other columns later": (EITHER, lambda m, X, y: m.fit(X, y).partial_fit(X[:, :-1], y)),
    "parts by lbfgs": (CLASSIFIER, lambda m, X, y: m.set_params(solver="lbfgs").partial_fit(X, y, classes=["no", "yes"])),
    "a warm start with other classes": (
        CLASSIFIER, lambda m, X, y: m.set_params(warm_start=True).fit(X, y).fit(X, np.full(len(y), "no")),
    ),
    "a warm start with other columns": (EITHER, lambda m, X, y: m.set_params(warm_start=True).fit(X, y).fit(X[:, :-1], y)),
    "weights that blow up": (
        REGRESSOR, lambda m, X, y: m.set_params(solver="sgd", learning_rate_init=1e6, max_iter=50).fit(X, y * 1e100),
    ),
    "an unknown parameter": (EITHER, lambda m, *_: m.set_params(sigma=3)),
    "an unknown argument": (EITHER, lambda m, X, y: m.fit(X, y, weights=y)),
}  # fmt: skip


@pytest.mark.parametrize(("name", "learner"), [(name, learner) for name, (learners, _) in BAD_DATA.items() for learner in learners])
def test_bad_data(name, learner):
    X, y = data(learner)
    refused(learner, FEW, lambda estimator: BAD_DATA[name][1](estimator, X, y))


@pytest.mark.parametrize(
    ("learner", "y"),
    [
        ("MLPRegressor", np.array(["a"] * 24)),
        ("MLPClassifier", np.array([1, "a"] * 12, object)),
        ("MLPClassifier", np.ones(24, object)),
    ],
)
def test_targets_on_which_scikit_learn_stumbles(learner, y):
    """It raises whatever its arithmetic meets there, of several types; ours says what is wrong."""
    X, _ = data(learner)
    with pytest.raises(ValueError, match=r"number|label"):
        OURS[learner](**FEW).fit(X, y)


@pytest.mark.parametrize("learner", EITHER)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_no_number_is_named_by_row_and_column(learner, value):
    X, y = data(learner)
    with pytest.raises(ValueError, match="row 6, column 3"):
        OURS[learner](**FEW).fit(spoiled(X, value), y)


@pytest.mark.parametrize("learner", EITHER)
def test_other_feature_names(learner):
    pl = pytest.importorskip("polars")
    X, y = data(learner)
    frame = pl.DataFrame(X, schema=["a", "b", "c", "d"])
    refused(learner, FEW, lambda m: m.fit(frame, y).predict(frame.rename({"a": "e"})))
    refused(learner, FEW, lambda m: m.fit(frame, y).predict(frame.select("d", "c", "b", "a")))
    refused(learner, FEW, lambda m: m.partial_fit(frame, y, **({"classes": ["no", "yes"]} if learner in CLASSIFIER else {}))
            .partial_fit(frame.rename({"a": "e"}), y))  # fmt: skip
    for first, then in ((frame, X), (X, frame)):
        told = [outcome(lambda c=c, a=first, b=then: c[learner](**FEW).fit(a, y).predict(b)) for c in (OURS, THEIRS)]
        assert told[0].error is None
        assert told[0].warnings == told[1].warnings


@pytest.mark.parametrize("learner", EITHER)
def test_a_refusal_leaves_what_was_fitted(learner):
    X, y = data(learner)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = OURS[learner](**FEW).fit(X, y)
    before = fitted.predict(X)
    for bad in (X[:, :2], spoiled(X, np.nan)):
        with pytest.raises(ValueError):
            fitted.predict(bad)
    with pytest.raises(ValueError):
        fitted.partial_fit(spoiled(X, np.nan), y)
    np.testing.assert_array_equal(fitted.predict(X), before)
