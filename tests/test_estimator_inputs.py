"""What the estimators are given: several columns of classes, sparse inputs, what they refuse; and what they give back."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from fitted import X2, X3, XL, XR, YL, YR, same, small, y2, y3
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from handgrad import MLPClassifier, MLPRegressor
from handgrad.errors import HandgradError
from handgrad.network import Network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_what_a_user_gives_stays_as_it_is():
    drawn = small(max_iter=1).fit(X2, y2)
    given = [X2, y2, np.linspace(1, 2, len(X2)), *drawn.coefs_, *drawn.intercepts_]
    before = [array.copy() for array in given]
    small(coefs_init=drawn.coefs_, intercepts_init=drawn.intercepts_).fit(X2, y2, given[2])
    assert all(map(np.array_equal, given, before))


REFUSED = {
    "weights": ({}, {"sample_weight": np.ones(3)}),
    "eval_set": ({}, {"eval_set": (X2[:, :2], y2)}),
    "coefs_init": ({"coefs_init": [np.zeros((2, 2))]}, {}),
    "dropout": ({"dropout": [0.1, 0.1]}, {}),
    "class_weight": ({"class_weight": {9: 1.0}}, {}),
    "scoring": ({"scoring": lambda *_: "high", "early_stopping": True}, {}),
    "validation": ({"early_stopping": True, "validation_fraction": 0.005}, {}),
    "resume": ({"resume": True}, {}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_fit_that_is_refused_changes_nothing(name):
    settings, given = REFUSED[name]
    fresh = small(**settings)
    with pytest.raises(ValueError):
        fresh.fit(X2, y2, **given)
    with pytest.raises(NotFittedError):
        fresh.predict(X2)
    fitted = small().fit(X3, y3)
    before = {key: copy.deepcopy(value) for key, value in vars(fitted).items() if key.endswith("_")}
    for warm in (False, "optimizer"):
        with pytest.raises(ValueError):
            fitted.set_params(**settings, warm_start=warm).fit(X2, y2, **given)
        assert list(before) == [key for key in vars(fitted) if key.endswith("_")]
        assert same(fitted, small().fit(X3, y3))
        np.testing.assert_array_equal(fitted.predict(X3), small().fit(X3, y3).predict(X3))


def test_a_warning_points_at_the_line_of_the_user():
    with pytest.warns(ConvergenceWarning) as seen:
        small(max_iter=1).fit(X2, y2)
    assert seen[0].filename == __file__


def test_partial_fit_of_several_labels_needs_no_classes():
    estimator = small().partial_fit(XL[:30], YL[:30]).partial_fit(XL[30:], YL[30:])
    assert estimator.predict(XL).shape == YL.shape
    with pytest.raises(HandgradError, match="columns of labels"):
        estimator.partial_fit(XL, YL[:, :2])


def test_several_columns_of_classes():
    Y = np.stack([y3, np.where(X3[:, 0] > 0, 5, 2), np.digitize(X3[:, 1], [-0.5, 0.5]) * 10], axis=1)
    fitted = small(hidden_layer_sizes=(20,), max_iter=300, learning_rate_init=0.01).fit(X3, Y)
    assert [classes.tolist() for classes in fitted.classes_] == [[0, 1, 2], [2, 5], [0, 10, 20]]
    assert fitted.n_outputs_ == 7
    predicted, shares = fitted.predict(X3), fitted.predict_proba(X3)
    assert predicted.shape == Y.shape
    assert [part.shape[1] for part in shares] == [3, 2, 3]
    for part in shares:
        np.testing.assert_allclose(part.sum(axis=1), 1)
    for column, (classes, part) in enumerate(zip(fitted.classes_, shares, strict=True)):
        np.testing.assert_array_equal(classes[part.argmax(axis=1)], predicted[:, column])
    assert (predicted == Y).mean() > 0.95
    assert fitted.score(X3, Y) == (predicted == Y).all(axis=1).mean() > 0.85
    text = Y.astype(str)
    assert set(np.unique(small().fit(X3, text).predict(X3))) <= set(np.unique(text))


def test_columns_of_classes_may_be_of_different_kinds():
    Y = np.stack([y3.astype(object), np.where(X3[:, 0] > 0, "long", "short").astype(object)], axis=1)
    fitted = small(max_iter=200, learning_rate_init=0.02).fit(X3, Y)
    assert [classes.dtype.kind for classes in fitted.classes_] == ["i", "U"]
    assert {type(label) for label in fitted.predict(X3)[0]} == {int, str}
    assert fitted.score(X3, Y) > 0.7
    assert fitted.score(X3, Y.tolist()) == fitted.score(X3, Y)
    assert same(small().fit(X3, Y.tolist()), small().fit(X3, Y))


@pytest.mark.parametrize("pair", [(1, 2), (-1, 1), (0, 5)])
def test_columns_of_two_numbers_are_classes_unless_they_are_0_and_1(pair):
    Y = np.array(pair)[YL]
    fitted = small().fit(XL, Y)
    assert [classes.tolist() for classes in fitted.classes_] == [list(pair)] * 3
    assert set(np.unique(fitted.predict(XL))) <= set(pair)


def test_a_list_of_classes_for_each_column_decides_what_partial_fit_learns():
    Y = np.stack([y3, y3 > 0], axis=1).astype(int)
    estimator = small().partial_fit(X3[:4], np.array([[0, 1], [1, 0], [1, 1], [0, 0]]), classes=[[0, 1, 2], [0, 1]])
    assert estimator.partial_fit(X3, Y, classes=[[0, 1, 2], [0, 1]]).predict(X3).shape == Y.shape
    with pytest.raises(ValueError, match="not the same as on last call"):
        estimator.partial_fit(X3, Y, classes=[[0, 1, 3], [0, 1]])


def test_losses_are_numpys_numbers_as_scikit_learns_are():
    fitted = small().fit(X2, y2)
    assert {type(value) for value in (fitted.loss_, fitted.best_loss_, *fitted.loss_curve_)} == {np.float64}


def test_transform_gives_the_activations_of_a_layer():
    fitted = small(hidden_layer_sizes=(7, 4), activation="tanh").fit(X3, y3)
    values = fitted.derivation_.forward(fitted._parameters(), X3)
    for layer, name in ((1, "A[1]"), (2, "A[2]"), (-1, "A[2]"), (-2, "A[1]"), (3, "A[3]")):
        np.testing.assert_allclose(fitted.transform(X3, layer=layer), values[name].T, rtol=1e-12)
    np.testing.assert_array_equal(fitted.transform(X3), fitted.transform(X3, layer=2))
    assert list(fitted.get_feature_names_out()) == [f"mlpclassifier{k}" for k in range(4)]
    for layer in (0, 4, -3):
        with pytest.raises(HandgradError, match="2 hidden layer"):
            fitted.transform(X3, layer=layer)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output_names_the_columns_of_any_layer(container):
    pytest.importorskip(container)
    fitted = small(hidden_layer_sizes=(7, 4)).fit(X3, y3).set_output(transform=container)
    for layer, width in ((1, 7), (2, 4)):
        found = fitted.transform(X3, layer=layer)
        assert list(found.columns) == [f"mlpclassifier{k}" for k in range(width)]


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_float32_stays_float32(cls):
    X, y = (X3, y3) if cls is MLPClassifier else (XR, YR)
    fitted = small(cls).fit(X.astype(np.float32), y)
    assert {array.dtype for array in fitted.coefs_ + fitted.intercepts_} == {np.dtype(np.float32)}
    outputs = fitted.predict_proba if cls is MLPClassifier else fitted.predict
    assert outputs(X.astype(np.float32)).dtype == fitted.transform(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(
        outputs(X.astype(np.float32)),
        (small(cls).fit(X, y).predict_proba if cls is MLPClassifier else small(cls).fit(X, y).predict)(X),
        rtol=2e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("options", [{}, {"early_stopping": True, "scoring": "loss"}, {"solver": "lbfgs"}])
def test_sparse_inputs_are_dense_ones(form, options):
    X = np.where(np.abs(X2) > 0.7, X2, 0.0)
    a, b = small(**options).fit(form(X), y2), small(**options).fit(X, y2)
    np.testing.assert_allclose(a._parameters().buffer, b._parameters().buffer, rtol=1e-6, atol=1e-9)  # sums in another order
    np.testing.assert_allclose(a.predict_proba(form(X)), b.predict_proba(X), rtol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_named_with_its_place(value):
    X = X2.copy()
    X[6, 2] = value
    with pytest.raises(ValueError, match=rf"{value} in row 7, column 3 of X"):
        small().fit(X, y2)
    fitted = small().fit(X2, y2)
    with pytest.raises(ValueError, match=r"row 7, column 3 of X"):
        fitted.predict(X)
    with pytest.raises(ValueError, match=r"row 7, column 3 of X"):
        fitted.predict(sparse.csr_matrix(X))
    y = YR.copy()
    y[4] = value
    with pytest.raises(ValueError, match=r"row 5 of y"):
        small(MLPRegressor).fit(XR, y)


def test_a_frame_names_the_column_that_is_not_finite():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X2.copy(), columns=list("abcde"))
    frame.loc[6, "c"] = np.nan
    with pytest.raises(ValueError, match=r"row 7, column 3 \('c'\) of X"):
        small().fit(frame, y2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "rel"}, "'activation'.*did you mean 'relu'"),
        ({"activation": ["relu", "tanh", "tanh"]}, "one for each of the 1 hidden layers"),
        ({"loss": "cross_entrop"}, "'loss'.*did you mean 'cross_entropy'"),
        ({"loss": ("a",)}, "'loss'"),
        ({"dropout": 1.0}, "'dropout'"),
        ({"dropout": [0.1, 0.2]}, "dropout has a share for each hidden layer"),
        ({"scoring": "accurac"}, "'scoring'"),
        ({"n_threads": 0}, "'n_threads'"),
        ({"checkpoint_every": 0}, "'checkpoint_every'"),
        ({"callbacks": 3}, "'callbacks'"),
        ({"warm_start": "yes"}, "'warm_start'"),
    ],
)
def test_parameters_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        small(**options).fit(X2, y2)


def test_predicting_compiles_nothing():
    fitted = small().fit(X2, y2)
    script = (
        "import pickle, sys, numpy as np; e = pickle.load(sys.stdin.buffer); e.predict_proba(np.zeros((2, 5))); "
        "e.transform(np.zeros((2, 5))); assert 'numba' not in sys.modules, 'numba'"
    )
    subprocess.run([sys.executable, "-c", script], input=pickle.dumps(fitted), check=True)


def test_weights_that_a_user_sets_are_what_predicts():
    fitted = small().fit(X3, y3)
    fitted.coefs_ = [np.zeros_like(W) for W in fitted.coefs_]
    fitted.intercepts_[-1][...] = [0.0, 9.0, 0.0]
    assert set(fitted.predict(X3)) == {1}
    assert Network(str(fitted.network_), loss="cross_entropy") == fitted.network_


def test_widths_in_the_place_of_the_loss_are_told_of():
    with pytest.raises(ValueError, match=r"\(30, 20\) looks like hidden_layer_sizes"):
        MLPRegressor((30, 20)).fit(XR, YR)


def test_a_class_of_one_example_cannot_be_held_out_of():
    with pytest.raises(ValueError, match=r"only 1 member.*\['True'\]"):
        small(early_stopping=True).fit([[1, 2], [2, 3], [3, 4], [4, 5]], [0, 0, 0, 1])
