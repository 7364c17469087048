"""handgrad's estimators and scikit-learn's of the same names, side by side: small tasks, what a call gives, what is compared."""

import copy
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn import neural_network

import handgrad

THEIRS = {"MLPClassifier": neural_network.MLPClassifier, "MLPRegressor": neural_network.MLPRegressor}
OURS = {name: getattr(handgrad, name) for name in THEIRS}
KINDS = ("binary", "multiclass", "multilabel", "regression", "poisson")
NOT_ALWAYS = ("loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_", "classes_", "feature_names_in_")


def task(kind, examples=40, features=4, seed=0, dtype=np.float64):
    """The name of the class, the parameters that the kind asks for, inputs, and targets that they nearly tell."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((examples, features))
    signal = X @ rng.standard_normal((features, 3)) + 0.3 * rng.standard_normal((examples, 3))
    learner = "MLPRegressor" if kind in {"regression", "outputs", "poisson"} else "MLPClassifier"
    y = {
        "binary": np.array(["no", "yes"])[(signal[:, 0] > 0).astype(int)],
        "multiclass": signal.argmax(axis=1) * 10,
        "multilabel": (signal > 0).astype(int),
        "regression": signal[:, 0],
        "outputs": signal,
        "poisson": rng.poisson(np.exp(signal[:, 0] / 3)).astype(float),
    }[kind]
    return learner, {"loss": "poisson"} if kind == "poisson" else {}, X.astype(dtype), y


def weights(n, seed=1):
    """Weights of which the mean is not 1, and one of which is 0."""
    found = np.random.default_rng(seed).uniform(0.2, 4, n)
    found[2] = 0.0
    return found


@dataclass(frozen=True)
class Outcome:
    """What a call gave: a value or an error, and its warnings but for NumPy's own of overflow and the like."""

    value: object
    error: Exception | None
    warnings: list


def outcome(call):
    """Call, and keep all that comes of it."""
    value = error = None
    with warnings.catch_warnings(record=True) as seen, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            value = call()
        except Exception as raised:  # noqa: BLE001  # whatever it is, it is compared
            error = raised
    told = [(given.category, str(given.message)) for given in seen if given.category is not RuntimeWarning]
    return Outcome(value, error, told)


def quietly(call):
    """What a call returns, its warnings aside; its error is raised."""
    found = outcome(call)
    if found.error is not None:
        raise found.error
    return found.value


def both(learner, settings, run):
    """Run the same with an estimator of each package; both estimators, after the same warnings. Errors are raised.

    Where ours diverges it stops, and says so, while scikit-learn's goes on.
    """
    made, told = [], []
    for classes in (OURS, THEIRS):
        estimator = classes[learner](**copy.deepcopy(settings))
        found = outcome(lambda estimator=estimator: run(estimator))
        if found.error is not None:
            raise found.error
        made.append(estimator)
        told.append(found.warnings)
    assert told[0] == told[1] or made[0].stopped_ == "diverged"
    return made


def assert_alike(ours, theirs, X=None, y=None, *, rtol=1e-8, atol=1e-10):
    """Every attribute that scikit-learn's estimator has after its fit is there and agrees; so do the predictions on X."""
    names = sorted(name for name in vars(theirs) if name.endswith("_") and not name.startswith("_"))
    for name in names:
        assert hasattr(ours, name), name
        _assert_close(getattr(ours, name), getattr(theirs, name), name, rtol, atol)
    for name in NOT_ALWAYS:
        assert hasattr(ours, name) == hasattr(theirs, name), name
    if X is not None:
        for method in ("predict", "predict_proba", "predict_log_proba"):
            assert hasattr(ours, method) == hasattr(theirs, method)
            if hasattr(theirs, method):
                _assert_close(getattr(ours, method)(X), getattr(theirs, method)(X), method, rtol, atol)
    if y is not None:
        _assert_close(ours.score(X, y), theirs.score(X, y), "score", rtol, atol)


def _assert_close(ours, theirs, name, rtol, atol):
    if isinstance(theirs, list | tuple):
        assert type(ours) is type(theirs), name
        assert len(ours) == len(theirs), name
        for mine, yours in zip(ours, theirs, strict=True):
            _assert_close(mine, yours, name, rtol, atol)
    elif theirs is None or isinstance(theirs, str):
        assert ours == theirs, name
    elif np.issubdtype(np.asarray(theirs).dtype, np.floating):
        assert np.asarray(ours).dtype.kind == "f", name
        if isinstance(theirs, np.ndarray):
            assert ours.dtype == theirs.dtype, name
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, err_msg=name)
    else:
        np.testing.assert_array_equal(ours, theirs, err_msg=name, strict=isinstance(theirs, np.ndarray))
