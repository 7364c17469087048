"""to_sklearn: scikit-learn's own MLP with equal predictions, or an error that names all that it cannot express."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn.neural_network
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from handgrad import MLPClassifier, MLPRegressor
from handgrad.errors import NetworkError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(1)
X = RNG.standard_normal((70, 4))
SIGNAL = X @ RNG.standard_normal((4, 3))
TASKS = {
    "binary": (MLPClassifier, np.array(["no", "yes"])[(SIGNAL[:, 0] > 0).astype(int)]),
    "truth": (MLPClassifier, SIGNAL[:, 0] > 0),
    "multiclass": (MLPClassifier, SIGNAL.argmax(axis=1) * 3),
    "one class": (MLPClassifier, np.full(70, 7)),
    "labels": (MLPClassifier, (SIGNAL > 0).astype(int)),
    "sparse labels": (MLPClassifier, sparse.csr_matrix((SIGNAL > 0).astype(int))),
    "regression": (MLPRegressor, SIGNAL[:, 0]),
    "several outputs": (MLPRegressor, SIGNAL),
}
ATTRIBUTES = (
    "n_features_in_", "n_layers_", "n_outputs_", "out_activation_", "n_iter_", "t_", "loss_", "loss_curve_", "best_loss_",
    "validation_scores_", "best_validation_score_",
)  # fmt: skip
VARIANTS = [
    {},
    {"activation": "logistic", "hidden_layer_sizes": (4, 3), "early_stopping": True},
    {"activation": "tanh", "solver": "lbfgs"},
    {"activation": "identity", "solver": "sgd", "learning_rate": "adaptive"},
    {"hidden_layer_sizes": ()},
]


def fitted(task, inputs=X, **more):
    cls, y = TASKS[task]
    return cls(**{"hidden_layer_sizes": (6,), "max_iter": 4, "random_state": 0, **more}).fit(inputs, y)


def assert_same(found, wanted, rtol=1e-12):
    if sparse.issparse(wanted):
        assert sparse.issparse(found)
        found, wanted = found.toarray(), wanted.toarray()
    assert found.dtype == wanted.dtype
    if wanted.dtype.kind == "f":
        np.testing.assert_allclose(found, wanted, rtol=rtol)
    else:
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("task", TASKS)
def test_predictions_curves_and_parameters_are_equal(task, variant):
    ours = fitted(task, **variant)
    theirs = ours.to_sklearn()
    assert type(theirs) is getattr(sklearn.neural_network, type(ours).__name__)
    assert_same(theirs.predict(X), ours.predict(X))
    if hasattr(ours, "predict_proba"):
        assert_same(theirs.predict_proba(X), ours.predict_proba(X))
        assert_same(theirs.classes_, ours.classes_)
    assert theirs.score(X, TASKS[task][1]) == pytest.approx(ours.score(X, TASKS[task][1]))
    for name in ATTRIBUTES:
        assert hasattr(theirs, name) == hasattr(ours, name), name
        assert getattr(theirs, name, None) == getattr(ours, name, None), name
    for name, value in theirs.get_params().items():
        assert value == ours.get_params()[name], name


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_float32_and_sparse_inputs(task):
    narrow = X.astype(np.float32)
    ours = fitted(task, narrow)
    theirs = ours.to_sklearn()
    assert {array.dtype for array in theirs.coefs_} == {np.dtype(np.float32)}
    assert_same(theirs.predict(narrow), ours.predict(narrow), rtol=1e-4)
    assert_same(theirs.predict(sparse.csr_matrix(X)), ours.predict(sparse.csr_matrix(X)), rtol=1e-5)


@pytest.mark.parametrize("task", [task for task in TASKS if task != "sparse labels"])
def test_it_is_an_estimator_like_any_other(task):
    ours = fitted(task)
    theirs, y = ours.to_sklearn(), TASKS[task][1]
    assert_same(pickle.loads(pickle.dumps(theirs)).predict(X), ours.predict(X))
    again, fresh = clone(theirs).fit(X, y), getattr(sklearn.neural_network, type(ours).__name__)(**theirs.get_params())
    assert_same(again.predict(X), fresh.fit(X, y).predict(X))
    before = [array.copy() for array in ours.coefs_]
    theirs.partial_fit(X, y)
    assert theirs.loss_curve_[:-1] == ours.loss_curve_
    theirs.set_params(warm_start=True, early_stopping=False).fit(X, y)
    for array, kept in zip(ours.coefs_, before, strict=True):
        np.testing.assert_array_equal(array, kept)  # they share no arrays


def test_random_numbers_are_not_shared():
    random = np.random.RandomState(0)
    ours = fitted("binary", random_state=random)
    state = random.get_state()[1].copy()
    ours.to_sklearn().fit(X, TASKS["binary"][1])
    np.testing.assert_array_equal(random.get_state()[1], state)


def test_names_of_features_are_kept():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(X, schema=["a", "b", "c", "d"])
    theirs = fitted("binary", frame).to_sklearn()
    assert theirs.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    theirs.predict(frame)


def test_other_losses_predict_the_same_and_are_named():
    poisson = MLPRegressor(hidden_layer_sizes=(5,), loss="poisson", max_iter=3, random_state=0).fit(X, np.exp(SIGNAL[:, 0]))
    theirs = poisson.to_sklearn()
    assert (theirs.loss, theirs.out_activation_) == ("poisson", "exp")
    assert_same(theirs.predict(X), poisson.predict(X))
    ours = fitted("regression", loss="huber(2)", dropout=[0.2], warm_start="optimizer", scoring="r2", n_threads=1)
    with pytest.warns(UserWarning, match=r"trained further it would do without dropout, loss, scoring, warm_start$") as seen:
        theirs = ours.to_sklearn()
    assert len(seen) == 1
    assert seen[0].filename == __file__
    assert (theirs.loss, theirs.warm_start) == ("squared_error", True)
    assert_same(theirs.predict(X), ours.predict(X))


def test_a_classifiers_weights_of_classes_are_named():
    ours = fitted("binary", class_weight="balanced")
    with pytest.warns(UserWarning, match="would do without class_weight"):
        assert_same(ours.to_sklearn().predict(X), ours.predict(X))


def test_the_catalogues_names_of_what_scikit_learn_has():
    ours = fitted("multiclass", activation=["sigmoid"])
    assert ours.to_sklearn().activation == "logistic"
    assert_same(ours.to_sklearn().predict(X), ours.predict(X))


CANNOT = {
    "gelu": ("binary", {"activation": "gelu"}, ["layer 1 has gelu"]),
    "all at once": (
        "regression",
        {"hidden_layer_sizes": (3, 2), "activation": ["gelu", "elu(0.5)", "tanh"]},
        ["layer 1 has gelu; layer 2 has elu(alpha=0.5); the output has tanh"],
    ),
    "different ones": (
        "binary",
        {"hidden_layer_sizes": (3, 2), "activation": ["relu", "tanh"]},
        ["share one activation, but these have relu, tanh"],
    ),
    "shares": ("multiclass", {"loss": "binary_cross_entropy"}, ["sigmoid outputs for several classes are brought to a sum of 1"]),
}


@pytest.mark.parametrize("case", CANNOT)
def test_what_cannot_be_expressed_is_named_all_at_once(case):
    task, more, texts = CANNOT[case]
    ours = fitted(task, **more)
    for text in texts:
        with pytest.raises(NetworkError) as seen:
            ours.to_sklearn()
        assert text in str(seen.value)


def test_several_columns_of_classes_cannot_be_expressed():
    y = np.stack([SIGNAL.argmax(axis=1), SIGNAL.argmin(axis=1) + 5], axis=1)
    ours = MLPClassifier((3,), max_iter=2).fit(X, y)
    with pytest.raises(NetworkError, match="there are 2 columns of classes"):
        ours.to_sklearn()


def test_only_what_is_fitted():
    with pytest.raises(NotFittedError):
        MLPClassifier().to_sklearn()
    assert issubclass(ConvergenceWarning, UserWarning)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted("binary").to_sklearn()  # and says nothing where there is nothing to say
