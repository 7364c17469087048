"""Activations, losses, class weights, dropout and first weights of the estimators."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from fitted import X2, X3, XL, XR, YL, YR, same, small, y2, y3

import handgrad
from handgrad import MLPRegressor
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.losses import LOSSES
from handgrad.errors import HandgradError
from handgrad.network import Parameters

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
POINTWISE = [name for name, record in ACTIVATIONS.items() if not record.rowwise and not record.own]


@pytest.mark.parametrize("activation", POINTWISE)
def test_every_activation_trains_and_predicts_what_its_derivation_says(activation):
    fitted = small(activation=activation, max_iter=3).fit(X3, y3)
    wanted = fitted.derivation_.output(fitted._parameters(), X3)
    np.testing.assert_allclose(fitted.predict_proba(X3), wanted, rtol=1e-12, atol=1e-15)
    assert np.diff(fitted.loss_curve_).max() < 0


def test_activations_by_layer():
    fitted = small(hidden_layer_sizes=(5, 4), activation=["tanh", "leaky_relu(0.2)"]).fit(X3, y3)
    assert str(fitted.network_) == "4-5:tanh-4:leaky_relu(alpha=0.2)-3:softmax"
    fitted = small(MLPRegressor, hidden_layer_sizes=(5,), activation=["gelu", "softplus"], loss="poisson").fit(XR, np.abs(YR))
    assert fitted.out_activation_ == "softplus"
    assert fitted.predict(XR).min() > 0


def gradient_step(estimator, X, Y, rate):
    """What one step of plain gradient descent makes of the first parameters, by the derivation."""
    network, start = estimator.network_, estimator._parameters()
    gradient = handgrad.derive(network).gradients(start, X, Y)
    return Parameters(network, start.buffer - rate * gradient.buffer)


@pytest.mark.parametrize("loss", [name for name, record in LOSSES.items() if not record.own and not record.simplex])
def test_every_loss_takes_the_step_of_its_gradient(loss):
    interval = LOSSES[loss].targets
    y = YR if np.isneginf(interval.low) else np.clip(np.abs(YR), 0.1, 0.9)
    options = {"loss": loss, "solver": "sgd", "momentum": 0, "alpha": 0, "shuffle": False, "batch_size": 80, "max_iter": 1}
    before = small(MLPRegressor, **options, learning_rate_init=1e-300).fit(XR, y)
    after = small(MLPRegressor, **options, learning_rate_init=0.1).fit(XR, y)
    np.testing.assert_allclose(after._parameters().buffer, gradient_step(before, XR, y, 0.1).buffer, rtol=1e-9, atol=1e-12)
    assert after.loss_ == pytest.approx(handgrad.derive(before.network_).loss(before._parameters(), XR, y))


@pytest.mark.parametrize("loss", ["log_loss", *(name for name, record in LOSSES.items() if not record.own)])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_every_loss_trains_a_classifier_by_its_gradient(loss, kind):
    X, y = {"binary": (X2, y2), "multiclass": (X3, y3), "multilabel": (XL, YL)}[kind]
    options = {"loss": loss, "solver": "sgd", "momentum": 0, "alpha": 0, "shuffle": False, "batch_size": len(X), "max_iter": 1}
    before = small(**options, learning_rate_init=1e-300).fit(X, y)
    after = small(**options, learning_rate_init=0.1).fit(X, y)
    Y = before._targets.encode(y).astype(float)
    np.testing.assert_allclose(after._parameters().buffer, gradient_step(before, X, Y, 0.1).buffer, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "loss",
    [
        ("(a - y)^4", "4 * (a - y)^3"),
        (lambda a, y: (a - y) ** 4, lambda a, y: 4 * (a - y) ** 3),
        {"value": "(a - y)^4", "gradient": "4 * (a - y)^3"},
    ],
    ids=["formulas", "callables", "mapping"],
)
def test_a_loss_of_ones_own(loss):
    fitted = small(MLPRegressor, loss=loss, solver="lbfgs", max_iter=20).fit(XR, YR)
    assert fitted.loss_ < np.mean(YR**4) / 2
    found = ((fitted.predict(XR) - YR) ** 4).mean() + fitted.alpha / 2 * sum((W**2).sum() for W in fitted.coefs_) / len(XR)
    assert fitted.loss_ == pytest.approx(found, rel=1e-6)


FOCAL = (
    "-(y * (1 - a)^2 * log(a) + (1 - y) * a^2 * log(1 - a))",
    "y * (2 * (1 - a) * log(a) - (1 - a)^2 / a) + (1 - y) * (a^2 / (1 - a) - 2 * a * log(1 - a))",
)


def test_a_classifiers_own_loss_is_verified_for_probabilities():
    fitted = small(loss=FOCAL, max_iter=100, learning_rate_init=0.02).fit(X2, y2)
    assert fitted.score(X2, y2) > 0.8
    with pytest.raises(ValueError, match="central difference"):
        small(loss=(FOCAL[0], FOCAL[0])).fit(X2, y2)
    positive = small(MLPRegressor, activation=["tanh", "exp"], loss=("a - y * log(a)", "1 - y / a")).fit(XR, np.abs(YR))
    assert positive.predict(XR).min() > 0


@dataclass
class Value:
    """A callable that cannot be hashed."""

    power: int = 2

    def __call__(self, a, y):
        return (a - y) ** self.power


@dataclass
class Gradient(Value):
    """The gradient of such a one."""

    def __call__(self, a, y):
        return self.power * (a - y) ** (self.power - 1)


def test_callables_that_cannot_be_hashed_are_a_loss():
    assert small(MLPRegressor, loss=(Value(), Gradient()), max_iter=2).fit(XR, YR).n_iter_ == 2


def test_the_intervals_of_a_loss_may_be_pairs_and_are_kept(tmp_path):
    own = {
        "value": FOCAL[0],
        "gradient": FOCAL[1],
        "outputs": (0, 1),
        "targets": handgrad.Interval(0, 1, low_closed=True, high_closed=True),
    }
    fitted = small(loss=own).fit(X2, y2)
    kept = type(fitted).load(fitted.save(tmp_path / "m.safetensors"))
    assert kept.loss == own
    assert same(kept.partial_fit(X2, y2), fitted.partial_fit(X2, y2))


def test_an_activation_of_ones_own_goes_along_in_a_pickle():
    handgrad.add_activation("cube_of_test", "z^3 / 9", "z^2 / 3")
    try:
        kept = pickle.dumps(small(activation="cube_of_test").fit(X2, y2))
    finally:
        ACTIVATIONS.pop("cube_of_test")
    try:
        assert pickle.loads(kept).fit(X2, y2).out_activation_ == "logistic"
    finally:
        ACTIVATIONS.pop("cube_of_test", None)


@pytest.mark.parametrize("loss", ["(a - y)^2", lambda a, y: (a - y) ** 2], ids=["formula", "callable"])
def test_a_value_without_its_gradient_is_told_what_is_missing(loss):
    with pytest.raises(ValueError, match=r"a pair \(value, gradient\)"):
        small(MLPRegressor, loss=loss).fit(XR, YR)


def test_a_loss_of_ones_own_with_a_wrong_gradient_is_refused():
    with pytest.raises(ValueError, match=r"loss.*central difference"):
        small(MLPRegressor, loss=("(a - y)^4", "3 * (a - y)^3")).fit(XR, YR)


def test_a_classifier_with_another_loss():
    fitted = small(loss="squared_error", max_iter=300).fit(X3, y3)
    assert fitted.score(X3, y3) > 0.8
    np.testing.assert_allclose(fitted.predict_proba(X3).sum(axis=1), 1)
    fitted = small(loss="binary_cross_entropy").fit(X3, y3)
    assert fitted.out_activation_ == "logistic"
    np.testing.assert_allclose(fitted.predict_proba(X3).sum(axis=1), 1)
    with pytest.raises(HandgradError, match="probabilities"):
        small(activation=["relu", "identity"], loss="squared_error").fit(X3, y3)


def test_poisson_refuses_targets_below_zero():
    with pytest.raises(HandgradError, match=r"half_poisson_deviance takes targets in \[0, ∞\), but row 3"):
        small(MLPRegressor, loss="poisson").fit(XR[:4], [1.0, 2.0, -3.0, 4.0])


@pytest.mark.parametrize("y", [y2, np.where(y2, "yes", "no")], ids=["numbers", "text"])
def test_class_weights_are_sample_weights(y):
    classes = np.unique(y)
    weighted = small(class_weight={classes[1]: 3.0}).fit(X2, y)
    assert same(weighted, small().fit(X2, y, np.where(y == classes[1], 3.0, 1.0)))
    balanced = small(class_weight="balanced").fit(X2[20:], y[20:])
    counts = {label: (y[20:] == label).sum() for label in classes}
    by_hand = np.array([len(y[20:]) / (2 * counts[label]) for label in y[20:]])
    assert same(balanced, small().fit(X2[20:], y[20:], by_hand))
    both = small(class_weight={classes[1]: 3.0}).fit(X2, y, np.full(len(y), 2.0))
    assert same(both, small().fit(X2, y, np.where(y == classes[1], 6.0, 2.0)))


def test_class_weights_of_several_columns():
    weights = [{1: 2.0}, {1: 3.0}, {0: 0.5}]
    by_hand = np.where(YL[:, 0], 2.0, 1.0) * np.where(YL[:, 1], 3.0, 1.0) * np.where(YL[:, 2], 1.0, 0.5)
    assert same(small(class_weight=weights).fit(XL, YL), small().fit(XL, YL, by_hand))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ({0: 1.0, 7: 2.0}, "names the class 7"),
        ({0: -1.0}, "the class 0 has -1.0"),
        ({0: np.nan}, "the class 0 has nan"),
        ("even", "'balanced'"),
        ([{0: 1.0}, {1: 1.0}], "a mapping for each column"),
    ],
)
def test_class_weights_that_cannot_be(weight, message):
    with pytest.raises(ValueError, match=message):
        small(class_weight=weight).fit(X2, y2)


def test_dropout_leaves_out_in_training_alone():
    dropped, whole = small(dropout=0.5).fit(X2, y2), small().fit(X2, y2)
    assert not same(dropped, whole)
    assert same(dropped, small(dropout=[0.5]).fit(X2, y2))
    np.testing.assert_array_equal(dropped.predict_proba(X2), dropped.predict_proba(X2))
    with pytest.raises(HandgradError, match="dropout"):
        small(solver="lbfgs", dropout=0.5).fit(X2, y2)


def test_first_weights_as_they_are_given():
    drawn = small(learning_rate_init=1e-300, max_iter=1).fit(X2, y2)
    given = small(coefs_init=drawn.coefs_, intercepts_init=drawn.intercepts_, random_state=7, shuffle=False).fit(X2, y2)
    assert same(given, small(shuffle=False).fit(X2, y2))
    with pytest.raises(HandgradError, match=r"coefs_init.*shapes \[\(5, 6\), \(6, 1\)\]"):
        small(coefs_init=[W.T for W in drawn.coefs_]).fit(X2, y2)
    with pytest.raises(HandgradError, match="finite"):
        small(intercepts_init=[np.full(6, np.nan), np.zeros(1)]).fit(X2, y2)
