"""The picture of a training: what is drawn is what happened."""

import sys

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from handgrad import MLPClassifier, MLPRegressor
from handgrad.errors import HandgradError, MissingExtraError

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(3)
X = RNG.standard_normal((50, 3))
NUMBERS = X @ RNG.standard_normal(3)


@pytest.fixture(autouse=True)
def _close():
    yield
    matplotlib.pyplot.close("all")


def fitted(cls=MLPRegressor, y=NUMBERS, **more):
    return cls(**{"hidden_layer_sizes": (4,), "max_iter": 6, "random_state": 0, **more}).fit(X, y)


def curves(axes):
    return {line.get_label(): np.asarray(line.get_xydata()) for line in axes.get_lines() if not line.get_label().startswith("_")}


def test_the_loss_by_epoch():
    estimator = fitted()
    axes = estimator.plot()
    drawn = curves(axes)
    assert list(drawn) == ["training loss"]
    np.testing.assert_array_equal(drawn["training loss"], np.column_stack([np.arange(1, 7), estimator.loss_curve_]))
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_legend()) == ("epoch", "training loss", None)


NAMES = [
    (MLPClassifier, NUMBERS > 0, None, "validation accuracy"),
    (MLPRegressor, NUMBERS, None, "validation R²"),
    (MLPRegressor, NUMBERS, "neg_mean_absolute_error", "validation neg_mean_absolute_error"),
    (MLPRegressor, NUMBERS, lambda *_: 1.0, "validation score"),
    (MLPRegressor, NUMBERS, "loss", "validation score (−loss)"),
]


@pytest.mark.parametrize(("cls", "y", "scoring", "name"), NAMES)
def test_scores_have_an_axis_of_their_own_and_the_best_epoch_a_mark(cls, y, scoring, name):
    estimator = fitted(cls, y, early_stopping=True, scoring=scoring)
    axes = estimator.plot()
    right = next(other for other in axes.figure.axes if other is not axes)
    (label, scores), (best, mark) = curves(right).items()
    assert (label, right.get_ylabel()) == (name, name)
    np.testing.assert_array_equal(scores[:, 1], estimator.validation_scores_)
    epoch = estimator.best_iteration_
    np.testing.assert_array_equal(mark, [[epoch, estimator.validation_scores_[epoch - 1]]])
    assert best.startswith(f"best epoch: {epoch} (")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training loss", name, best]


@pytest.mark.parametrize(("width", "columns"), [(8, 3), (3.5, 1)])
def test_the_legend_stands_above_the_curves_and_fits(width, columns):
    figure = matplotlib.pyplot.figure(figsize=(width, 4), layout="constrained")
    mine = figure.add_subplot()
    axes = fitted(early_stopping=True).plot(ax=mine)
    assert axes is mine
    figure.canvas.draw()
    legend, box = axes.get_legend(), axes.get_window_extent()
    assert legend.get_window_extent().y0 >= box.y1 - 1
    assert legend._ncols == columns
    assert box.width > 0.4 * figure.bbox.width  # the curves keep their room


def test_a_run_that_was_gone_on_with_is_drawn_as_a_whole():
    estimator = fitted(warm_start=True, early_stopping=True)
    estimator.fit(X, NUMBERS)
    axes = estimator.plot()
    assert len(curves(axes)["training loss"]) == len(estimator.score_history_["loss"])


def test_one_epoch_is_a_point():
    (line,) = fitted(max_iter=1).plot().get_lines()
    assert line.get_marker() == "o"


def test_lbfgs_has_iterations():
    assert fitted(solver="lbfgs").plot().get_xlabel() == "iteration"


def test_what_cannot_be_drawn(monkeypatch):
    with pytest.raises(NotFittedError):
        MLPClassifier().plot()
    estimator = fitted()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'handgrad\[plot\]'"):
        estimator.plot()
    estimator.score_history_ = {"loss": []}
    with pytest.raises(HandgradError, match="no epoch was finished"):
        estimator.plot()
