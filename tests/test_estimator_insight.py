"""What a fitted estimator says about itself is what it does: gradients by the inputs, and a step worked through."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from handgrad import MLPClassifier, MLPRegressor
from handgrad.errors import HandgradError
from handgrad.estimators import insight

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(2)
X = RNG.standard_normal((12, 4))
SIGNAL = X @ RNG.standard_normal((4, 3))
WEIGHTS = RNG.uniform(0.5, 2, 12)
TASKS = {
    "binary": (MLPClassifier, np.where(SIGNAL[:, 0] > 0, "yes", "no"), {}),
    "multiclass": (MLPClassifier, SIGNAL.argmax(axis=1) * 10, {"activation": "gelu"}),
    "one against the rest": (MLPClassifier, SIGNAL.argmax(axis=1), {"loss": "binary_cross_entropy", "activation": "logistic"}),
    "squares": (MLPClassifier, SIGNAL.argmax(axis=1), {"loss": "squared_error", "activation": "tanh"}),
    "labels": (MLPClassifier, (SIGNAL > 0).astype(int), {"activation": "tanh"}),
    "columns": (MLPClassifier, np.stack([SIGNAL.argmax(axis=1), SIGNAL[:, 0] > 0], axis=1), {"activation": ["elu", "tanh"]}),
    "regression": (MLPRegressor, SIGNAL[:, 0], {"activation": "silu"}),
    "outputs": (MLPRegressor, SIGNAL, {"activation": "softplus"}),
    "poisson": (MLPRegressor, np.exp(SIGNAL[:, 0] / 4), {"loss": "poisson", "activation": "tanh"}),
    "own loss": (MLPRegressor, SIGNAL, {"loss": ("(a - y)^4", "4 * (a - y)^3"), "activation": "tanh"}),
    "Python's": (
        MLPRegressor,
        SIGNAL[:, 0],
        {"loss": (lambda a, y: (a - y) ** 4, lambda a, y: 4 * (a - y) ** 3), "activation": "tanh"},
    ),
}


def fitted(task, inputs=X, **more):
    cls, y, own = TASKS[task]
    hidden = {"hidden_layer_sizes": (5, 3), "max_iter": 2, "random_state": 0}
    return cls(**{**hidden, **own, **more}).fit(inputs, y)


def differences(compute, step=1e-5):
    """By the inputs: of values n_samples or n_samples × outputs, by central differences; the inputs' axis is the last one."""
    return np.stack([(compute(X + step * e) - compute(X - step * e)) / (2 * step) for e in np.eye(X.shape[1])], axis=-1)


def own_losses(estimator, inputs, y):
    """The loss of each example alone, as the derivation has it."""
    if estimator._targets is not None:
        y = estimator._targets.encode(y)
    parameters = estimator._parameters()
    return np.array([estimator.derivation_.loss(parameters, inputs[i : i + 1], y[i : i + 1]) for i in range(len(inputs))])


@pytest.mark.parametrize("task", TASKS)
def test_the_gradient_of_each_examples_loss(task):
    estimator, y = fitted(task), TASKS[task][1]
    found = estimator.input_gradient(X, y)
    assert found.shape == X.shape
    np.testing.assert_allclose(found, differences(lambda inputs: own_losses(estimator, inputs, y)), atol=1e-7)
    np.testing.assert_allclose(estimator.input_gradient(X, y, sample_weight=WEIGHTS), found * WEIGHTS[:, None])
    np.testing.assert_allclose(estimator.input_gradient(X[3:5], y[3:5]), found[3:5])  # whatever stands beside


@pytest.mark.parametrize("task", TASKS)
def test_the_gradient_of_the_outputs(task):
    estimator = fitted(task)
    found, outputs = estimator.input_gradient(X), estimator.n_outputs_
    assert found.shape == ((12, 4) if outputs == 1 else (12, outputs, 4))
    wanted = differences(estimator._outputs)
    np.testing.assert_allclose(found, wanted[:, 0] if outputs == 1 else wanted, atol=1e-8)
    last = estimator.input_gradient(X, output=outputs - 1) if task not in {"binary", "one against the rest", "squares"} else None
    if last is not None:
        np.testing.assert_allclose(last, wanted[:, -1], atol=1e-8)


@pytest.mark.parametrize("task", ["binary", "multiclass", "squares"])
def test_an_output_by_its_class(task):
    estimator = fitted(task)
    for place, label in enumerate(estimator.classes_):
        wanted = differences(lambda inputs, place=place: estimator.predict_proba(inputs)[:, place])
        for name in (label, label.item()):
            np.testing.assert_allclose(estimator.input_gradient(X, output=name), wanted, atol=1e-8)


def test_labels_that_are_truth_values():
    estimator = MLPClassifier((3,), max_iter=2, random_state=0).fit(X, SIGNAL[:, 0] > 0)
    found = estimator.input_gradient(X, output=True)
    np.testing.assert_array_equal(found, estimator.input_gradient(X))
    np.testing.assert_array_equal(found, -estimator.input_gradient(X, output=False))


@pytest.mark.parametrize("task", ["multiclass", "outputs", "regression"])
def test_rows_in_pieces_and_sparse_rows_are_the_same(task, monkeypatch):
    estimator, y = fitted(task), TASKS[task][1]
    by_loss, by_outputs = estimator.input_gradient(X, y, sample_weight=WEIGHTS), estimator.input_gradient(X)
    monkeypatch.setattr(insight, "NUMBERS_AT_ONCE", 17)
    for inputs in (X, sparse.csr_matrix(X), sparse.csc_array(X)):
        found = estimator.input_gradient(inputs, y, sample_weight=WEIGHTS)
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(found, by_loss, rtol=1e-12)
        np.testing.assert_allclose(estimator.input_gradient(inputs), by_outputs, rtol=1e-12)


@pytest.mark.parametrize("fit_as", [np.float32, np.float64])
@pytest.mark.parametrize("ask_as", [np.float32, np.float64])
def test_float32_stays_float32(fit_as, ask_as):
    estimator, y = fitted("multiclass", X.astype(fit_as)), TASKS["multiclass"][1]
    wanted = np.result_type(fit_as, ask_as)
    assert estimator.predict_proba(X.astype(ask_as)).dtype == wanted
    for found in (estimator.input_gradient(X.astype(ask_as), y), estimator.input_gradient(X.astype(ask_as))):
        assert found.dtype == wanted
    exact = fitted("multiclass").input_gradient(X)
    np.testing.assert_allclose(estimator.input_gradient(X.astype(ask_as)), exact, atol=1e-5)


REFUSED = {
    "no such number": ({"output": 3}, "there is no output 3: outputs are counted from 0 to 2"),
    "below 0": ({"output": -1}, "there is no output -1"),
    "no class": ({"output": "rot"}, "or named by their class"),
    "both": ({"y": TASKS["multiclass"][1], "output": 1}, "not that of an output, but output=1 was given"),
    "weights without y": ({"sample_weight": WEIGHTS}, "sample_weight goes with the loss"),
    "weights of another length": ({"y": TASKS["multiclass"][1], "sample_weight": WEIGHTS[:3]}, "sample_weight"),
    "a class that is not there": ({"y": np.full(12, 5)}, "row 1 of y is"),
    "targets of another length": ({"y": [0, 10]}, "inconsistent numbers of samples"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case):
    asked, text = REFUSED[case]
    with pytest.raises(ValueError, match=text):
        fitted("multiclass").input_gradient(X, **asked)


def test_inputs_are_checked_as_in_predict():
    estimator, y = fitted("multiclass"), TASKS["multiclass"][1]
    for ask in (
        estimator.input_gradient,
        lambda inputs: estimator.input_gradient(inputs, y),
        lambda rows: estimator.explain(rows, y),
    ):
        with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4 features"):
            ask(X[:, :3])
    for ask in (
        MLPClassifier().input_gradient,
        lambda rows: MLPClassifier().explain(rows, y),
        lambda _: MLPClassifier().derivation_,
    ):
        with pytest.raises(NotFittedError):
            ask(X)


def test_the_derivation_is_that_of_the_network():
    estimator = fitted("multiclass")
    assert estimator.derivation_.network == estimator.network_
    np.testing.assert_allclose(estimator.derivation_.output(estimator._parameters(), X), estimator.predict_proba(X))


RULES = [
    {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.05},
    {"solver": "sgd", "momentum": 0.8, "nesterovs_momentum": False, "learning_rate_init": 0.05},
    {"solver": "sgd", "learning_rate_init": 0.05},
    {"solver": "adam", "epsilon": 1e-3, "beta_1": 0.8, "learning_rate_init": 0.02},
]


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("task", ["binary", "multiclass", "labels", "outputs", "poisson"])
def test_explain_takes_the_step_that_training_takes(task, rule, weights):
    cls, y, own = TASKS[task]
    before = fitted(task, alpha=0.7)
    more = {"class_weight": {"no": 2.0, "yes": 0.5}} if task == "binary" else {}
    settings = {**own, **rule, **more, "hidden_layer_sizes": (5, 3), "alpha": 0.7, "shuffle": False}
    one = cls(**settings, coefs_init=before.coefs_, intercepts_init=before.intercepts_)
    classes = {"classes": np.unique(y)} if task in {"binary", "multiclass"} else {}
    one.partial_fit(X, y, sample_weight=weights, **classes)
    found = before.set_params(**rule, **more).explain(X, y, sample_weight=weights)
    assert found.loss == pytest.approx(one.loss_curve_[-1], rel=1e-12)
    for layer, W in enumerate(one.coefs_, 1):
        np.testing.assert_allclose(found.after.W[layer].T, W, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.after.b[layer], one.intercepts_[layer - 1], rtol=1e-9, atol=1e-12)


def test_explain_takes_its_options_and_writes_its_formats():
    estimator, y = fitted("binary"), TASKS["binary"][1]
    found = estimator.explain(X[:2], y[:2], iterations=2, learning_rate=0.5, notation="nielsen", optimiser="gradient_descent")
    assert len(found.iterations) == 2
    assert found.learning_rate == 0.5
    assert found.derivation.optimiser.name == "gradient_descent"
    assert "δ" in found.to_text()
    assert estimator.explain(sparse.csr_matrix(X), y.tolist()).loss == estimator.explain(X, y).loss
    assert estimator.set_params(solver="lbfgs").explain(X, y).derivation.optimiser.name == "gradient_descent"
    with pytest.raises(HandgradError, match="iterations is a whole number"):
        estimator.explain(X, y, iterations=0)
    with pytest.raises(ValueError, match="at least one non-zero"):
        estimator.explain(X, y, sample_weight=np.zeros(12))
