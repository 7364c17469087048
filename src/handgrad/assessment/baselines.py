"""What simple and strong methods reach on the same rows, which says what a network's scores are worth."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.assessment.rows import Rows
from handgrad.assessment.scores import Classes, scores
from handgrad.calculus.functions import Array
from handgrad.tables.encoding import TableEncoding

LINEAR_CELLS, BOOSTING_CELLS = 200_000_000, 40_000_000
"""A method learns from so many numbers at most, rows × columns × outputs; of more rows it sees a part, and that is told."""
ALL_ROUNDS, FEWEST_ROUNDS, MOST_TREES = 100, 20, 2000
"""Rounds of boosting, of which there are fewer where a tree for each class in each round made too many trees."""
ROUNDS = 10
"""Where there is a time limit, the clock is looked at after so many rounds of boosting."""
MOST_CATEGORIES = 255
"""scikit-learn's boosting takes no more categories than this; of a column with more, the codes are taken as numbers."""
AT_ONCE = 10_000
"""Boosting keeps a tenth of the rows to stop by where there are more than this, as scikit-learn has it."""

Predict = Callable[[Array], Array]


@dataclass(frozen=True)
class Baseline:
    """A method's scores on the rows held out, and how long fitting took.

    `told` says what is unlike the network's training, as rows that were left out; `failed` says why there are no scores.
    """

    name: str
    scores: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    told: str = ""
    failed: str = ""


def baselines(
    train: Rows,
    held: Rows,
    classes: Classes,
    encoding: TableEncoding | None = None,
    *,
    seed: int = 0,
    time_limit: float | None = None,
) -> list[Baseline]:
    """Fit and score the majority class (or the mean), a linear model, and boosted trees.

    The linear model is scikit-learn's LogisticRegression or Ridge, on the network's inputs; the trees are its HistGradientBoosting,
    on one column for each column of the table where its `encoding` is given. After `time_limit` seconds no further one is begun,
    and boosting ends. One that cannot be fitted is there with the reason. Their warnings are not shown.
    """
    began = time.perf_counter()

    def left() -> float:
        return float("inf") if time_limit is None else time_limit - (time.perf_counter() - began)

    simple, linear = ("mean", "linear model") if classes is None else ("majority class", "linear model")
    methods: dict[str, Callable[[], tuple[Predict, str]]] = {
        simple: lambda: (_simple(train, classes), ""),
        linear: lambda: _linear(train, classes, seed),
        "HistGradientBoosting": lambda: _boosting(train, classes, encoding, seed, left),
    }
    return [_tried(name, fit, held, classes, left) for name, fit in methods.items()]


def _tried(
    name: str,
    fit: Callable[[], tuple[Predict, str]],
    held: Rows,
    classes: Classes,
    left: Callable[[], float],
) -> Baseline:
    if left() <= 0:
        return Baseline(name, failed="not tried, since the time limit is over")
    start = time.perf_counter()
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            predict, told = fit()
            seconds = time.perf_counter() - start
            return Baseline(name, scores(classes, predict(held.X), held.y, held.weights), seconds, told)
    except (ValueError, ArithmeticError, MemoryError, np.linalg.LinAlgError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
        return Baseline(name, seconds=time.perf_counter() - start, failed=reason)


def _simple(train: Rows, classes: Classes) -> Predict:
    """The shares of the classes, or the mean, whatever the row."""
    if classes is None:
        answer = np.array([np.average(train.y, weights=train.weights)])
    else:
        counts = np.bincount(train.y, train.weights, minlength=len(classes))
        answer = counts / counts.sum()
    return lambda X: np.tile(answer, (len(X), 1))


def _linear(train: Rows, classes: Classes, seed: int) -> tuple[Predict, str]:
    from sklearn.linear_model import LogisticRegression, Ridge

    part, told = _bounded(train, classes, LINEAR_CELLS // train.X.shape[1], seed)
    if classes is None:
        return Ridge().fit(part.X, part.y, sample_weight=part.weights).predict, told
    found = LogisticRegression(max_iter=200).fit(part.X, part.y, sample_weight=part.weights)
    return _all_classes(found, classes), told


def _boosting(
    train: Rows, classes: Classes, encoding: TableEncoding | None, seed: int, left: Callable[[], float]
) -> tuple[Predict, str]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    def columns(X: Array) -> Array:
        return X if encoding is None else encoding.ordinal(X)[0]

    width = train.X.shape[1] if encoding is None else len(encoding.columns)
    part, told = _bounded(train, classes, BOOSTING_CELLS // width, seed)
    X = columns(part.X)
    categorical = None
    if encoding is not None:
        few = np.array([len(np.unique(column[~np.isnan(column)])) <= MOST_CATEGORIES for column in X.T])
        categorical = encoding.ordinal(part.X[:1])[1] & few
    rounds = ALL_ROUNDS if classes is None else max(FEWEST_ROUNDS, min(ALL_ROUNDS, MOST_TREES // len(classes)))
    told = _joined(told, f"{rounds} rounds of boosting instead of {ALL_ROUNDS}" if rounds < ALL_ROUNDS else "")
    enough = classes is None or _stops(part.y, len(classes))
    kind = HistGradientBoostingRegressor if classes is None else HistGradientBoostingClassifier
    settings: dict[str, Any] = {
        "random_state": seed,
        "early_stopping": len(part) > AT_ONCE and enough,
        "categorical_features": categorical,
    }
    if left() == float("inf"):
        found = kind(max_iter=rounds, **settings).fit(X, part.y, sample_weight=part.weights)
    else:
        found = kind(max_iter=0, warm_start=True, **settings)
        for most in [*range(ROUNDS, rounds, ROUNDS), rounds]:
            found.set_params(max_iter=most).fit(X, part.y, sample_weight=part.weights)
            if found.n_iter_ < most:  # it has stopped early
                break
            if left() <= 0 and most < rounds:
                told = _joined(told, f"{most} of {rounds} rounds in the time there was")
                break
    if classes is None:
        return lambda rows: np.asarray(found.predict(columns(rows))), told
    probabilities = _all_classes(found, classes)
    return lambda rows: probabilities(columns(rows)), told


def _joined(*told: str) -> str:
    return "; ".join(filter(None, told))


def _stops(y: Array, count: int) -> bool:
    """Whether each class that is there has the rows that a stratified part of a tenth takes."""
    counts = np.bincount(y, minlength=count)
    return bool(counts[counts > 0].min() >= 2) and len(y) // 10 >= count


def _bounded(train: Rows, classes: Classes, most: int, seed: int) -> tuple[Rows, str]:
    """The rows that a method learns from, at most so many for one output, and what is to be told of it."""
    outputs = 1 if classes is None or len(classes) == 2 else len(classes)
    part = train.some(max(1000, most // outputs), np.random.default_rng(seed))
    return part, "" if len(part) == len(train) else f"learned from {len(part):,} of the {len(train):,} rows"


def _all_classes(found: Any, classes: tuple[str, ...]) -> Predict:
    """Probabilities of all classes, also of those that no row to learn from was of."""

    def probabilities(X: Array) -> Array:
        result = np.zeros((len(X), len(classes)))
        result[:, found.classes_] = found.predict_proba(X)
        return result

    return probabilities
