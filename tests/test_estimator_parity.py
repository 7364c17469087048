"""The estimators give scikit-learn's numbers: the same settings and seed, the same curves, parameters, predictions and warnings."""

import numpy as np
import pytest
from estimators import KINDS, OURS, THEIRS, assert_alike, both, outcome, quietly, task, weights
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_wine

from handgrad.engine.runs.states import DivergenceError

FEW = {"hidden_layer_sizes": (5,), "max_iter": 6, "random_state": 3}
SGD = {"solver": "sgd", "learning_rate_init": 0.05, "batch_size": 16}
STOPPING = {"early_stopping": True, "validation_fraction": 0.25, "max_iter": 12}
SETTINGS = {
    "adam": {},
    "adam, every constant": {"learning_rate_init": 0.03, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3, "batch_size": 8},
    "adam without averages": {"beta_1": 0.0, "beta_2": 0.0, "epsilon": 0.1, "batch_size": 16},
    "sgd": SGD | {"momentum": 0.0, "nesterovs_momentum": False},
    "sgd, nesterov without momentum": SGD | {"momentum": 0.0},
    "sgd, momentum": SGD | {"nesterovs_momentum": False},
    "sgd, nesterov": SGD,
    "sgd, momentum of 1": SGD | {"momentum": 1.0, "learning_rate_init": 0.001},
    "sgd, invscaling": SGD | {"learning_rate": "invscaling"},
    "sgd, invscaling slowly": SGD | {"learning_rate": "invscaling", "power_t": 0.1, "nesterovs_momentum": False},
    "sgd, adaptive": SGD | {"learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1, "max_iter": 15},
    "sgd, adaptive to its end": {
        "solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 3e-5, "n_iter_no_change": 1, "tol": 1.0, "max_iter": 15,
    },
    "lbfgs": {"solver": "lbfgs"},
    "lbfgs, few calls": {"solver": "lbfgs", "max_fun": 4, "alpha": 0.1},
    "lbfgs to its end": {"solver": "lbfgs", "tol": 0.05, "max_iter": 100},
    "lbfgs at its end": {"solver": "lbfgs", "tol": 100.0},
    "identity": {"activation": "identity"},
    "logistic": {"activation": "logistic", "batch_size": 9},
    "tanh": {"activation": "tanh"} | SGD,
    "logistic, lbfgs": {"activation": "logistic", "solver": "lbfgs"},
    "no penalty": {"alpha": 0.0, "batch_size": 16},
    "a strong penalty": {"alpha": 1.0, "batch_size": 16, "learning_rate_init": 0.02},
    "a strong penalty, lbfgs": {"alpha": 1.0, "solver": "lbfgs"},
    "batches of one": {"batch_size": 1, "max_iter": 3},
    "batches of seven": {"batch_size": 7} ,
    "more than the rows": {"batch_size": 41},
    "no shuffling": {"shuffle": False, "batch_size": 7},
    "one number of units": {"hidden_layer_sizes": 3},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "three layers": {"hidden_layer_sizes": [4, 1, 3], "activation": "tanh"},
    "sizes in an array": {"hidden_layer_sizes": np.array([4, 3])},
    "early stopping": STOPPING,
    "early stopping, soon": STOPPING | {"tol": 0.5, "n_iter_no_change": 2},
    "early stopping, adaptive": STOPPING | SGD | {"learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.1},
    "early stopping, no shuffling": STOPPING | {"shuffle": False, "batch_size": 7},
    "stops soon": {"tol": 0.5, "n_iter_no_change": 2, "max_iter": 10},
    "never stops": {"tol": 10.0, "n_iter_no_change": np.inf, "max_iter": 15},
    "an endless early stopping": STOPPING | {"n_iter_no_change": np.inf},
}  # fmt: skip
WEIGHTED = ("adam", "sgd, nesterov", "lbfgs", "a strong penalty", "batches of seven", "early stopping", "never stops")


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_fit_is_theirs(kind, name):
    learner, more, X, y = task(kind)
    ours, theirs = both(learner, FEW | more | SETTINGS[name], lambda estimator: estimator.fit(X, y))
    assert_alike(ours, theirs, X, y, rtol=1e-6 if "lbfgs" in name else 1e-8, atol=1e-8 if "lbfgs" in name else 1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WEIGHTED)
def test_a_weighted_fit_is_theirs(kind, name):
    learner, more, X, y = task(kind)
    w = weights(len(X))
    ours, theirs = both(learner, FEW | more | SETTINGS[name], lambda estimator: estimator.fit(X, y, sample_weight=w))
    assert_alike(ours, theirs, X, y, rtol=1e-6, atol=1e-8)
    assert not np.allclose(ours.coefs_[0], quietly(lambda: OURS[learner](**FEW | more | SETTINGS[name]).fit(X, y)).coefs_[0])


@settings(max_examples=25)
@given(
    kind=st.sampled_from(KINDS),
    chosen=st.fixed_dictionaries(
        {
            "activation": st.sampled_from(["identity", "logistic", "tanh", "relu"]),
            "solver": st.sampled_from(["adam", "sgd"]),
            "alpha": st.sampled_from([0.0, 1e-4, 1.0]),
            "batch_size": st.one_of(st.just("auto"), st.integers(1, 50)),
            "learning_rate": st.sampled_from(["constant", "invscaling", "adaptive"]),
            "shuffle": st.booleans(),
            "nesterovs_momentum": st.booleans(),
            "early_stopping": st.booleans(),
            "n_iter_no_change": st.integers(1, 3),
            "tol": st.sampled_from([0.0, 1e-3, 0.3]),
            "random_state": st.integers(0, 2**32 - 1),
        }
    ),
    weighted=st.booleans(),
)
def test_so_are_settings_together(kind, chosen, weighted):
    learner, more, X, y = task(kind)
    w = weights(len(X)) + 0.1 if weighted else None
    settings = {**FEW, **more, **chosen, "validation_fraction": 0.2, "max_iter": 4, "learning_rate_init": 0.01}
    try:
        ours, theirs = both(learner, settings, lambda estimator: estimator.fit(X, y, sample_weight=w))
    except DivergenceError:  # then scikit-learn's run ends in the same error, or goes on with what is not finite
        found = outcome(lambda: THEIRS[learner](**settings).fit(X, y, sample_weight=w))
        assert "non-finite" in str(found.error) if found.error else not np.isfinite(found.value.loss_curve_).all()
        return
    assume(ours.stopped_ != "diverged")
    assert_alike(ours, theirs, X, y, rtol=1e-6, atol=1e-8)


def test_both_end_in_an_error_where_a_run_diverges():
    settings = {"solver": "sgd", "activation": "identity", "batch_size": 1, "shuffle": False, "nesterovs_momentum": False}
    learner, more, X, y = task("poisson")
    for classes in (OURS, THEIRS):
        estimator = classes[learner](**FEW | more | settings | {"max_iter": 4, "learning_rate_init": 0.01, "random_state": 1})
        found = outcome(lambda estimator=estimator: estimator.fit(X, y))
        assert "Solver produced non-finite parameter weights" in str(found.error)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["adam", "sgd, nesterov", "lbfgs", "early stopping"])
def test_float32_stays_float32(kind, name):
    learner, more, X, y = task(kind, dtype=np.float32)
    ours, theirs = both(learner, FEW | more | SETTINGS[name] | {"max_iter": 4}, lambda estimator: estimator.fit(X, y))
    assert {array.dtype for array in (*ours.coefs_, *ours.intercepts_)} == {np.dtype(np.float32)}
    if name == "lbfgs":  # after which scikit-learn's are float64
        theirs.coefs_, theirs.intercepts_ = ([array.astype(np.float32) for array in a] for a in (theirs.coefs_, theirs.intercepts_))
    assert_alike(ours, theirs, X, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "container"),
    [
        ("adam", sparse.csr_matrix),
        ("batches of seven", sparse.csc_array),
        ("lbfgs", sparse.csc_matrix),
        ("early stopping", sparse.csr_array),
    ],
)
def test_sparse_inputs(kind, name, container):
    learner, more, X, y = task(kind)
    X = np.where(np.abs(X) < 0.4, 0.0, X)
    ours, theirs = both(learner, FEW | more | SETTINGS[name], lambda estimator: estimator.fit(container(X), y))
    assert_alike(ours, theirs, container(X), y, rtol=1e-6, atol=1e-8)
    assert ours.score(X, y) == pytest.approx(ours.score(container(X), y), rel=1e-12)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "poisson"])
@pytest.mark.parametrize("name", ["adam", "sgd, nesterov", "sgd, invscaling", "lbfgs", "early stopping", "stops soon"])
@pytest.mark.parametrize("seed", [5, np.random.RandomState(5)], ids=["number", "generator"])
def test_a_warm_start(kind, name, seed):
    learner, more, X, y = task(kind)

    def run(estimator):
        estimator.fit(X, y)
        estimator.fit(X, y)
        estimator.set_params(max_iter=2).fit(X[::-1], y[::-1])

    ours, theirs = both(learner, FEW | more | SETTINGS[name] | {"warm_start": True, "random_state": seed}, run)
    assert_alike(ours, theirs, X, y, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["adam", "sgd, nesterov", "sgd, invscaling", "sgd, adaptive", "stops soon"])
@pytest.mark.parametrize(("first", "weighted"), [("partial_fit", False), ("partial_fit", True), ("fit", True)])
def test_learning_in_parts(kind, name, first, weighted):
    learner, more, X, y = task(kind)
    w = weights(len(X)) if weighted else np.ones(len(X))
    chunks = [slice(0, 20), slice(20, 40), slice(5, 17), slice(0, 40)]

    def run(estimator):
        given = {"classes": np.unique(y)} if kind in {"binary", "multiclass"} and first == "partial_fit" else {}
        if kind == "multilabel" and first == "partial_fit":
            given = {"classes": np.arange(3)}
        if first == "fit":
            estimator.fit(X, y)
        for rows in chunks:
            estimator.partial_fit(X[rows], y[rows], **given, **({"sample_weight": w[rows]} if weighted else {}))
            given = {}

    settings = FEW | more | SETTINGS[name] | {"batch_size": 7}
    ours, theirs = both(learner, settings, run)
    assert_alike(ours, theirs, X, y, rtol=1e-7, atol=1e-9)


def test_a_part_need_not_have_every_class():
    learner, _, X, y = task("multiclass")
    rows = y != 10

    def run(estimator):
        estimator.partial_fit(X[rows], y[rows], classes=[0, 10, 20])
        estimator.partial_fit(X, y)

    ours, theirs = both(learner, FEW, run)
    assert_alike(ours, theirs, X, y)


def test_fitting_again_starts_anew():
    learner, _, X, y = task("multiclass")
    ours, theirs = both(learner, FEW, lambda estimator: quietly(lambda: estimator.fit(X[:, :2], y % 20)).fit(X, y))
    assert_alike(ours, theirs, X, y)


def test_the_global_generator_is_theirs():
    learner, _, X, y = task("multiclass")

    def run(estimator):
        np.random.seed(7)  # noqa: NPY002  # which is what random_state=None draws from
        estimator.fit(X, y)

    ours, theirs = both(learner, FEW | {"random_state": None, "batch_size": 7}, run)
    assert_alike(ours, theirs, X, y)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_every_kind_of_label(kind):
    learner, _, X, y = task(kind)
    codes = np.unique(y, return_inverse=True)[1]
    labels = [codes.astype(dtype) for dtype in ("U1", "f8", "i2")] + [codes.astype(str).astype(object)]
    if kind == "multilabel":
        labels = [y.astype(bool), y.astype(float)]
    if kind == "binary":
        labels += [y == "yes", y.reshape(-1, 1)]
    for said in labels:
        ours, theirs = both(learner, FEW | {"max_iter": 2}, lambda estimator, said=said: estimator.fit(X, said))
        assert_alike(ours, theirs, X, said if kind == "multilabel" else said.ravel())
        assert ours.predict(X).dtype == theirs.predict(X).dtype


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_saturated_outputs_are_reported_as_theirs(classes, dtype):
    """Inputs that nobody scaled: probabilities come to 0, of which scikit-learn reports the logarithm of the smallest step."""
    X, y = load_wine(return_X_y=True)
    X, y = X[y < classes].astype(dtype) * 10, y[y < classes]
    ours, theirs = both("MLPClassifier", {"random_state": 0, "max_iter": 8}, lambda estimator: estimator.fit(X, y))
    assert theirs.loss_curve_[0] > 1
    # near the cap scikit-learn takes the logarithm of 1 - p, of which rounding has left few digits
    rtol = 1e-4 if dtype == np.float64 else 0.05
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=rtol)
    assert np.mean(ours.predict(X) == theirs.predict(X)) > 0.98


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "scaled", [SGD, SGD | {"learning_rate": "invscaling", "momentum": 0.5}, SGD | {"nesterovs_momentum": False}]
)
def test_the_squared_error_of_several_outputs_by_sgd(scaled, weighted):
    """scikit-learn descends with n_outputs times the gradient of the loss that it reports: ours needs n times its learning rate."""
    learner, _, X, y = task("outputs")
    n, w = y.shape[1], weights(len(X)) if weighted else None
    rate = scaled["learning_rate_init"] / 10
    theirs = quietly(lambda: THEIRS[learner](**FEW | scaled | {"alpha": 0.0, "learning_rate_init": rate}).fit(X, y, w))
    ours = quietly(lambda: OURS[learner](**FEW | scaled | {"alpha": 0.0, "learning_rate_init": rate * n}).fit(X, y, w))
    assert_alike(ours, theirs, X, y, rtol=1e-7, atol=1e-9)
    # the penalty is not multiplied: alpha is to be divided, and only the reported loss still tells them apart
    theirs = quietly(lambda: THEIRS[learner](**FEW | scaled | {"alpha": 0.6, "learning_rate_init": rate}).fit(X, y, w))
    ours = quietly(lambda: OURS[learner](**FEW | scaled | {"alpha": 0.6 / n, "learning_rate_init": rate * n}).fit(X, y, w))
    for mine, yours in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, yours, rtol=1e-7, atol=1e-9)


def test_the_squared_error_of_several_outputs_by_adam():
    """Adam's step is the same for any multiple of the gradient, but for epsilon."""
    learner, _, X, y = task("outputs")
    theirs = quietly(lambda: THEIRS[learner](**FEW, alpha=0.0, epsilon=3e-3).fit(X, y))
    ours = quietly(lambda: OURS[learner](**FEW, alpha=0.0, epsilon=1e-3).fit(X, y))
    assert_alike(ours, theirs, X, y, rtol=1e-7, atol=1e-9)


def test_the_first_loss_of_several_outputs_is_theirs():
    learner, _, X, y = task("outputs")
    ours, theirs = (quietly(lambda c=c: c[learner](**FEW, alpha=0.7).fit(X, y)) for c in (OURS, THEIRS))
    assert ours.loss_curve_[0] == pytest.approx(theirs.loss_curve_[0], rel=1e-10)


def test_a_batch_without_weight_moves_nothing():
    """scikit-learn divides by zero there; ours leaves the batch out."""
    learner, _, X, y = task("regression")
    w = np.ones(len(X))
    w[:10] = 0
    fitted = quietly(lambda: OURS[learner](**FEW, batch_size=10, shuffle=False).fit(X, y, sample_weight=w))
    assert np.isfinite(fitted.coefs_[0]).all()
    assert np.isfinite(fitted.loss_curve_).all()


@pytest.mark.parametrize(("rate", "best"), [(0.005, 2), (0.02, 1), (5.0, None)])
def test_a_run_that_diverges_with_early_stopping_keeps_the_best_parameters(rate, best):
    """Those of the epoch with the best score; those from before the first epoch where not one score was a number."""
    learner, _, X, y = task("regression")
    settings = FEW | SGD | STOPPING | {"learning_rate_init": rate, "activation": "identity"}
    ours, theirs = (
        quietly(lambda c=c: c[learner](**settings | ({} if best else {"batch_size": 1})).fit(X * 10, y)) for c in (OURS, THEIRS)
    )
    for mine, yours in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(mine, yours, rtol=1e-6)
    np.testing.assert_allclose(ours.best_validation_score_, theirs.best_validation_score_, rtol=1e-6)
    assert ours.best_iteration_ == best


@pytest.mark.parametrize("learner", OURS)
def test_the_constructor_is_theirs(learner):
    ours, theirs = OURS[learner]().get_params(), THEIRS[learner]().get_params()
    assert {name: ours[name] for name in theirs} == theirs
    positional = {"MLPClassifier": (7, "tanh"), "MLPRegressor": ("poisson", 7, "tanh")}[learner]
    assert OURS[learner](*positional).get_params().items() >= THEIRS[learner](*positional).get_params().items()
    with pytest.raises(TypeError):
        OURS[learner](*positional, "adam")


@pytest.mark.parametrize("learner", OURS)
def test_every_public_name_of_theirs_is_there(learner):
    assert {name for name in dir(THEIRS[learner]) if not name.startswith("_")} <= set(dir(OURS[learner]))
    assert not hasattr(OURS[learner](solver="lbfgs"), "partial_fit")  # scikit-learn's regressor has it there by a slip
    assert hasattr(OURS[learner](), "partial_fit")
