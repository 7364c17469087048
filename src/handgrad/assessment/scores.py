"""How good predictions are: scores, what they are by class or by size of the error, who is taken for whom, calibration.

Outputs are probabilities, n × K, where `classes` names K classes, else n (or n × 1) predicted numbers. Scores count weights where
they are given; counts are of rows.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError
from handgrad.model import Model, metric_of

SMALLER_IS_BETTER = ("log loss", "RMSE", "MAE")
"""The scores that are errors."""
SHARES = (50, 90, 95, 99, 100)
"""The shares of the rows, in percent, for which the size of the error is told."""
Classes = tuple[str, ...] | None


@dataclass(frozen=True)
class ClassScore:
    """What becomes of a class.

    `precision` is the share of the rows taken for it that are of it (NaN where none is), `recall` the share of its rows that are
    taken for it, `f1` their harmonic mean; `count` is how many rows are of it.
    """

    name: str
    precision: float
    recall: float
    f1: float
    count: int


@dataclass(frozen=True)
class CalibrationBin:
    """Rows of like probability: the mean of what was said, and the share in which it came true."""

    said: float
    true: float
    count: int


def outputs_of(model: Model, inputs: Array) -> Array:
    """What is scored: probabilities n × K, or predicted numbers (n,), for the network's inputs."""
    return scored(model, model.forward(inputs))


def scored(model: Model, outputs: Array) -> Array:
    """What is scored of the outputs of `Model.forward`. Raises DataError where they are several numbers for a row."""
    if model.classes is None and outputs.shape[1] != 1:
        raise DataError(f"the model predicts {outputs.shape[1]} numbers for a row, but only a single one can be assessed")
    return outputs[:, 0] if model.classes is None else model.probabilities(outputs)


def predicted(classes: Classes, outputs: Array) -> Array:
    """The class number of the largest probability, (n,), or the predicted numbers as (n,)."""
    outputs = np.asarray(outputs)
    return outputs.reshape(len(outputs)) if classes is None else outputs.argmax(axis=1)


def first_score(classes: Classes, outputs: Array, y: Array, weights: Array | None = None) -> float:
    """The score by which models are compared: accuracy; R² = 1 - Σ w (y - a)² / Σ w (y - mean y)², NaN where all y are alike."""
    found = predicted(classes, outputs)
    if classes is not None:
        return float(np.average(found == y, weights=weights))
    wrong, spread = _squares(found, y, weights)
    total = float(np.average(spread, weights=weights))
    return 1 - float(np.average(wrong, weights=weights)) / total if total > 0 else float("nan")


def standard_error(classes: Classes, outputs: Array, y: Array, weights: Array | None = None) -> float:
    """The standard error of `first_score`, of rows drawn at random: both scores are means or ratios of means over the rows.

    For a mean with weights w it is √(Σ w² (x - mean x)²) / Σ w; for the ratio of two it is that of the linearised ratio (the delta
    method; Cochran, Sampling Techniques, 1977, section 6.3). NaN for a single row or where the score is NaN.
    """
    w = np.ones(len(y)) if weights is None else np.asarray(weights, np.float64)
    found = predicted(classes, outputs)
    if len(y) < 2:
        return float("nan")
    if classes is not None:
        right = (found == y).astype(np.float64)
        off = right - np.average(right, weights=w)
    else:
        wrong, spread = _squares(found, y, weights)
        total = float(np.average(spread, weights=w))
        if not total > 0:
            return float("nan")
        off = (wrong - np.average(wrong, weights=w) / total * spread) / total
    return float(np.sqrt(((w * off) ** 2).sum()) / w.sum())


def scores(classes: Classes, outputs: Array, y: Array, weights: Array | None = None) -> dict[str, float]:
    """Scores by name; the first is `first_score`.

    For classes: accuracy, balanced accuracy (the mean recall of the classes that are there), log loss (natural logarithm), and the
    area under the ROC curve, for more than two classes the mean of one against the rest; it is left out where a class has no rows.
    For numbers: R², RMSE and MAE (root of the mean squared, and mean absolute error). Raises DataError for outputs that are not
    finite, and where there is no row.
    """
    from sklearn import metrics

    if not len(y):
        raise DataError("there is no row to score")
    outputs = np.asarray(outputs, np.float64)
    broken = len(outputs) - int(np.isfinite(outputs).reshape(len(outputs), -1).all(axis=1).sum())
    if broken:
        raise DataError(
            f"for {broken} of {len(outputs)} rows the model's outputs are not finite numbers, so that there is no score"
        )
    first = {metric_of(classes): first_score(classes, outputs, y, weights)}
    found = predicted(classes, outputs)
    if classes is None:
        with np.errstate(over="ignore"):  # infinite then, which tells enough
            rmse = float(np.sqrt(np.average((y - found) ** 2, weights=weights)))
        return first | {"RMSE": rmse, "MAE": float(metrics.mean_absolute_error(y, found, sample_weight=weights))}
    with warnings.catch_warnings():  # of classes that are predicted and not there
        warnings.simplefilter("ignore")
        recalls = metrics.recall_score(y, found, labels=np.unique(y), average=None, sample_weight=weights, zero_division=np.nan)
        numbers = np.arange(len(classes))
        shares = _shares(outputs)
        result = first | {
            "balanced accuracy": float(np.nanmean(recalls)),
            "log loss": float(metrics.log_loss(y, shares, labels=numbers, sample_weight=weights)),
        }
        there = np.bincount(y, weights, minlength=len(classes)) > 0
        if there.all():
            area = metrics.roc_auc_score
            if len(classes) == 2:
                result["ROC AUC"] = float(area(y, shares[:, 1], sample_weight=weights))
            else:
                result["ROC AUC"] = float(area(y, shares, labels=numbers, multi_class="ovr", sample_weight=weights))
    return result


def per_class(classes: tuple[str, ...], found: Array, y: Array, weights: Array | None = None) -> list[ClassScore]:
    """Precision, recall and F1 of every class, in the order of the classes; `found` are predicted class numbers."""
    from sklearn.metrics import precision_recall_fscore_support

    precision, recall, f1, _ = precision_recall_fscore_support(
        y, found, labels=np.arange(len(classes)), sample_weight=weights, zero_division=np.nan
    )
    counts = np.bincount(y, minlength=len(classes))
    columns = zip(classes, precision.tolist(), recall.tolist(), f1.tolist(), counts.tolist(), strict=True)
    return [ClassScore(*row) for row in columns]


def error_quantiles(found: Array, y: Array, weights: Array | None = None) -> dict[int, float]:
    """The sizes of error |y - a| that so many percent of the rows do not exceed, in the target's units."""
    errors, shares = np.abs(np.asarray(found) - y), np.array(SHARES) / 100
    how: dict[str, Any] = {} if weights is None else {"weights": weights, "method": "inverted_cdf"}
    sizes = np.quantile(errors, shares, **how)
    return dict(zip(SHARES, sizes.tolist(), strict=True))


def confusion(classes: tuple[str, ...], found: Array, y: Array) -> Array:
    """How many rows of each class (down) are taken for each class (across), K × K."""
    table = np.zeros((len(classes), len(classes)), int)
    np.add.at(table, (y, found), 1)
    return table


def calibration(
    classes: tuple[str, ...], outputs: Array, y: Array, weights: Array | None = None, bins: int = 10
) -> list[CalibrationBin]:
    """Whether probabilities come true, in at most so many bins of (nearly) equally many rows.

    For two classes the probability of the second; for more, that of the class which is predicted.
    """
    two = len(classes) == 2
    said = outputs[:, 1] if two else outputs.max(axis=1)
    true = y == 1 if two else outputs.argmax(axis=1) == y
    w = np.ones(len(y)) if weights is None else weights
    order = np.argsort(said, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if w[part].any()]
    return [
        CalibrationBin(float(np.average(said[p], weights=w[p])), float(np.average(true[p], weights=w[p])), len(p)) for p in parts
    ]


def _shares(outputs: Array) -> Array:
    """Rows that sum to 1, as those of a network whose outputs are no probabilities need not; alike where none is above 0."""
    above = np.clip(outputs, 0, None)
    total = above.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, above, 1) / np.where(total > 0, total, outputs.shape[1]))


def _squares(found: Array, y: Array, weights: Array | None) -> tuple[Array, Array]:
    """The squared errors, and the squared distances from the mean; in units in which neither overflows."""
    unit = float(np.abs(y).max(initial=0.0)) or 1.0
    a, y = np.asarray(found, np.float64) / unit, np.asarray(y, np.float64) / unit
    with np.errstate(over="ignore"):
        return (y - a) ** 2, (y - np.average(y, weights=weights)) ** 2
