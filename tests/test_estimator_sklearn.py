"""The estimators inside scikit-learn: its own checks of an estimator, and the tools that people put around one."""

import copy
import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
from estimators import OURS, THEIRS, task
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, BaggingRegressor, StackingRegressor, VotingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    validation_curve,
)  # fmt: skip
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from handgrad import MLPClassifier, MLPRegressor

FEW = {"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 0, "learning_rate_init": 0.02}
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::sklearn.exceptions.SkipTestWarning"
)
TASKS = {
    learner: task(kind, examples=60)[2:] for learner, kind in (("MLPClassifier", "multiclass"), ("MLPRegressor", "regression"))
}
BOTH = pytest.mark.parametrize("learner", OURS)


def made(learner, classes=OURS, **more):
    return classes[learner](**FEW | more)


@parametrize_with_checks([MLPClassifier(max_iter=100), MLPRegressor(max_iter=100)])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [
        MLPClassifier((8,), solver="lbfgs", max_iter=60),
        MLPRegressor(  # from some first weights these steps are too long, for scikit-learn's estimator as well
            "squared_error", (8,), solver="sgd", learning_rate_init=0.01, learning_rate="adaptive", max_iter=60, random_state=0
        ),
    ]
)
def test_its_checks_of_other_settings(estimator, check):
    check(estimator)


@BOTH
def test_what_kind_it_is(learner):
    estimator = made(learner)
    assert is_classifier(estimator) == (learner == "MLPClassifier") != is_regressor(estimator)
    ours, theirs = (classes[learner]().__sklearn_tags__() for classes in (OURS, THEIRS))
    assert (ours.estimator_type, ours.input_tags) == (theirs.estimator_type, theirs.input_tags)
    assert ours.target_tags.multi_output  # which theirs is able to do, and does not say
    assert (ours.classifier_tags, ours.regressor_tags) == (theirs.classifier_tags, theirs.regressor_tags)


@BOTH
def test_parameters_are_got_set_and_shown(learner):
    estimator = made(learner, dropout=0.25)
    same = clone(estimator)
    assert same.get_params() == estimator.get_params()
    assert same.set_params(alpha=0.5).alpha == 0.5 != estimator.alpha
    assert repr(estimator).startswith(f"{learner}(")
    assert "dropout=0.25" in repr(estimator)
    assert "alpha" not in repr(estimator)
    assert learner in estimator._repr_html_()
    X, y = TASKS[learner]
    assert learner in estimator.fit(X, y)._repr_html_()


@BOTH
def test_fitting_does_not_change_the_parameters(learner):
    X, y = TASKS[learner]
    settings = {"hidden_layer_sizes": [4, 3], "random_state": 1}
    estimator = made(learner, **settings)
    before = copy.deepcopy(estimator.get_params())
    estimator.fit(X, y)
    assert estimator.get_params() == before


@BOTH
@pytest.mark.parametrize("warm_start", [False, True])
def test_a_copy_predicts_and_learns_on(learner, warm_start):
    X, y = TASKS[learner]
    estimator = made(learner, warm_start=warm_start).fit(X, y)
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    expected = estimator.predict(X)
    copies = [copy.deepcopy(estimator), copy.copy(estimator), pickle.loads(pickle.dumps(estimator)), joblib.load(file)]
    for same in copies:
        np.testing.assert_array_equal(same.predict(X), expected)
    later = estimator.partial_fit(X, y).coefs_[0].copy()
    for same in (copies[0], *copies[2:]):
        np.testing.assert_array_equal(same.partial_fit(X, y).coefs_[0], later)


@BOTH
def test_a_copy_of_one_that_is_not_fitted(learner):
    X, y = TASKS[learner]
    estimator = made(learner)
    expected = clone(estimator).fit(X, y).predict(X)
    for same in (copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator))):
        np.testing.assert_array_equal(same.fit(X, y).predict(X), expected)


@BOTH
def test_a_pipeline_and_its_search(learner):
    X, y = TASKS[learner]
    grid = {f"{learner.lower()}__alpha": [1e-4, 1.0], f"{learner.lower()}__hidden_layer_sizes": [(3,), (4, 3)]}
    found = [GridSearchCV(make_pipeline(StandardScaler(), made(learner, c)), grid, cv=3).fit(X, y) for c in (OURS, THEIRS)]
    np.testing.assert_allclose(found[0].cv_results_["mean_test_score"], found[1].cv_results_["mean_test_score"], rtol=1e-6)
    assert found[0].best_params_ == found[1].best_params_
    np.testing.assert_array_equal(found[0].predict(X).shape, y.shape)


@BOTH
def test_a_search_over_what_scikit_learn_has_not(learner):
    X, y = TASKS[learner]
    choices = {"activation": ["gelu", ["tanh", "relu"]], "dropout": [0.0, 0.2], "hidden_layer_sizes": [(4, 3)]}
    found = RandomizedSearchCV(made(learner), choices, n_iter=3, cv=2, random_state=0, error_score="raise").fit(X, y)
    assert np.isfinite(found.best_score_)


@BOTH
def test_cross_validation(learner):
    X, y = TASKS[learner]
    ours, theirs = (cross_val_score(made(learner, classes), X, y, cv=3) for classes in (OURS, THEIRS))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert cross_validate(made(learner), X, y, cv=2, return_train_score=True, return_estimator=True)["estimator"][1].n_iter_ > 0
    assert len(cross_val_predict(made(learner), X, y, cv=3)) == len(y)


@pytest.mark.xdist_group("processes")
def test_cross_validation_by_several_processes():
    X, y = TASKS["MLPClassifier"]
    # its workers do not inherit which warnings are ignored
    estimator = made("MLPClassifier", tol=10.0, n_iter_no_change=2)
    alone, together = (cross_val_score(estimator, X, y, cv=4, n_jobs=n_jobs) for n_jobs in (1, 2))
    np.testing.assert_allclose(alone, together)


@BOTH
def test_cross_validation_by_several_threads(learner):
    X, y = TASKS[learner]
    alone = cross_val_score(made(learner), X, y, cv=4)
    with joblib.parallel_backend("threading", n_jobs=2):
        np.testing.assert_allclose(cross_val_score(made(learner), X, y, cv=4), alone)


@BOTH
def test_curves(learner):
    X, y = TASKS[learner]
    sizes, train, test = learning_curve(made(learner), X, y, train_sizes=[0.5, 1.0], cv=2, shuffle=True, random_state=0)
    assert train.shape == test.shape == (len(sizes), 2)
    train, test = validation_curve(made(learner), X, y, param_name="alpha", param_range=[0.1, 1], cv=2)
    assert np.isfinite(train).all()
    assert np.isfinite(test).all()
    _, train, _ = learning_curve(
        made(learner), X, y, train_sizes=[0.5, 1.0], cv=2, exploit_incremental_learning=True, shuffle=True, random_state=0
    )
    assert np.isfinite(train).all()


@BOTH
def test_inspection(learner):
    X, y = TASKS[learner]
    fitted = made(learner, max_iter=60).fit(X, y)
    assert permutation_importance(fitted, X, y, n_repeats=2, random_state=0).importances_mean.max() > 0.05
    assert np.isfinite(partial_dependence(fitted, X, [0], grid_resolution=5)["average"]).all()


ABOUT_CLASSIFIERS = {
    "bagging": lambda e: BaggingClassifier(e, n_estimators=3, max_samples=0.8, random_state=0),
    "boosting": lambda e: AdaBoostClassifier(e, n_estimators=3, random_state=0),
    "voting": lambda e: VotingClassifier([("a", e), ("b", LogisticRegression())], voting="soft"),
    "calibration": lambda e: CalibratedClassifierCV(e, cv=2),
    "one against the rest": OneVsRestClassifier,
    "selection": lambda e: make_pipeline(SequentialFeatureSelector(e, n_features_to_select=1, cv=2), e),
}


@pytest.mark.parametrize("name", ABOUT_CLASSIFIERS)
def test_what_is_made_of_classifiers(name):
    X, y = TASKS["MLPClassifier"]
    ours, theirs = (ABOUT_CLASSIFIERS[name](made("MLPClassifier", c, max_iter=15)).fit(X, y) for c in (OURS, THEIRS))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-5, atol=1e-7)


ABOUT_REGRESSORS = {
    "bagging": lambda e: BaggingRegressor(e, n_estimators=3, random_state=0),
    "stacking": lambda e: StackingRegressor([("a", e), ("b", Ridge())], cv=2),
    "scaled targets": lambda e: TransformedTargetRegressor(e, transformer=StandardScaler()),
}


@pytest.mark.parametrize("name", ABOUT_REGRESSORS)
def test_what_is_made_of_regressors(name):
    X, y = TASKS["MLPRegressor"]
    ours, theirs = (ABOUT_REGRESSORS[name](made("MLPRegressor", c, max_iter=15)).fit(X, y) for c in (OURS, THEIRS))
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("around", [MultiOutputClassifier, ClassifierChain])
def test_several_outputs_by_several_classifiers(around):
    _, _, X, Y = task("multilabel")
    ours, theirs = (around(made("MLPClassifier", c)).fit(X, Y).predict(X) for c in (OURS, THEIRS))
    np.testing.assert_array_equal(ours, theirs)


def test_several_outputs_by_several_regressors():
    _, _, X, Y = task("outputs")
    ours, theirs = (MultiOutputRegressor(made("MLPRegressor", c)).fit(X, Y).predict(X) for c in (OURS, THEIRS))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def searched(estimator, X, y, w):
    """The scores of a search through a pipeline that takes weights for the fit and for the score."""
    weighted = estimator.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), weighted)
    grid = {f"{type(estimator).__name__.lower()}__alpha": [1e-4, 1.0]}
    return GridSearchCV(pipeline, grid, cv=2).fit(X, y, sample_weight=w).cv_results_["mean_test_score"]


@BOTH
def test_weights_are_routed(learner):
    X, y = TASKS[learner]
    w = np.random.default_rng(0).uniform(0.1, 3, len(y))
    with config_context(enable_metadata_routing=True):
        weighted = made(learner).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), weighted)
        X_scaled = StandardScaler().fit_transform(X)
        alone = made(learner).fit(X_scaled, y, sample_weight=w)
        routed = pipeline.fit(X, y, sample_weight=w)
        np.testing.assert_array_equal(routed.predict(X), alone.predict(X_scaled))
        assert routed.score(X, y, sample_weight=w) == alone.score(X_scaled, y, sample_weight=w)
        found = [searched(made(learner, classes), X, y, v) for classes, v in ((OURS, w), (THEIRS, w), (OURS, np.ones(len(y))))]
        np.testing.assert_allclose(found[0], found[1], rtol=1e-6)
        assert not np.allclose(found[0], found[2])
        if learner == "MLPClassifier":
            requested = made(learner).set_partial_fit_request(classes=True, sample_weight=True)
            requests = requested.get_metadata_routing().partial_fit.requests
            assert requests.items() >= {"classes": True, "sample_weight": True}.items()


@pytest.mark.parametrize("library", ["pandas", "polars"])
@BOTH
def test_frames_with_names(learner, library):
    frames = pytest.importorskip(library)
    X, y = TASKS[learner]
    names = ["width", "height", "depth", "weight"]
    frame = frames.DataFrame(dict(zip(names, X.T, strict=True)))
    target = frames.Series(y)
    fitted = made(learner).fit(frame, target)
    assert list(fitted.feature_names_in_) == names
    assert fitted.feature_names_in_.dtype == object
    np.testing.assert_array_equal(fitted.predict(frame), made(learner).fit(X, y).predict(X))
    assert not hasattr(fitted.fit(X, y), "feature_names_in_")
    table = ColumnTransformer([("scaled", StandardScaler(), ["width", "depth"])], remainder="passthrough")
    pipeline = make_pipeline(table, made(learner)).set_output(transform=library)
    assert pipeline.fit(frame, target)[-1].feature_names_in_[0] == "scaled__width"
    assert pipeline.predict(frame).shape == y.shape


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_classes_that_are_words_in_a_frame(library):
    frames = pytest.importorskip(library)
    _, _, X, y = task("binary")
    frame = frames.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y.tolist()})
    fitted = made("MLPClassifier").fit(frame[["a", "b"]], frame["y"])
    assert list(fitted.classes_) == ["no", "yes"]
    assert set(fitted.predict(frame[["a", "b"]])) <= {"no", "yes"}


@BOTH
def test_it_says_when_it_has_not_converged(learner):
    X, y = TASKS[learner]
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        made(learner, max_iter=1).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made(learner, max_iter=50, tol=10.0, n_iter_no_change=2).fit(X, y)
