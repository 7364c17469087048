"""The assessment of a trained model: what `handgrad train` ends with, and what `handgrad evaluate` shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from handgrad.assessment.alone import Alone, alone, imbalance
from handgrad.assessment.baselines import Baseline, baselines
from handgrad.assessment.importance import Importance, importances
from handgrad.assessment.rows import Rows
from handgrad.assessment.scores import (
    CalibrationBin,
    Classes,
    ClassScore,
    calibration,
    confusion,
    error_quantiles,
    outputs_of,
    per_class,
    predicted,
    scores,
    standard_error,
)
from handgrad.assessment.verdict import verdict
from handgrad.calculus.functions import Array
from handgrad.document.blocks import Document
from handgrad.model import Model
from handgrad.tables.encoding import TableEncoding

if TYPE_CHECKING:
    from handgrad.engine.runs.states import Fit


@dataclass(frozen=True)
class Course:
    """How training went: loss and validation score by epoch, what the score is, the epoch that was kept, and why it ended."""

    losses: tuple[float, ...]
    scores: tuple[float, ...]
    metric: str
    best_epoch: int
    stopped: str
    seconds: float

    @classmethod
    def of(cls, fit: Fit) -> Course:
        """What a fit tells of itself."""
        return cls(tuple(fit.losses), tuple(fit.scores), fit.metric, fit.best_epoch, fit.stopped, fit.seconds)


@dataclass(frozen=True)
class Assessment:
    """A model's worth on rows that it was not trained on; `assess` and `evaluate` make it.

    `outputs` are probabilities n × K, or predicted numbers (n,), for the rows `held`. `scores` are by name, the first with its
    standard `error`. What was not asked for, or does not go with the task, is empty or None. `unknown` and `filled` count, by
    column, values of categories that training did not see, and missing values where training saw none. `held_out` says that the
    rows were held out of the model's own table, rather than given later.
    """

    model: Model
    held: Rows
    outputs: Array
    scores: Mapping[str, float]
    error: float
    encoding: TableEncoding | None = None
    classes: tuple[ClassScore, ...] = ()
    confusion: Array | None = None
    calibration: tuple[CalibrationBin, ...] = ()
    error_quantiles: Mapping[int, float] = field(default_factory=dict)
    baselines: tuple[Baseline, ...] = ()
    importances: tuple[Importance, ...] = ()
    alone: tuple[Alone, ...] = ()
    imbalance: str | None = None
    course: Course | None = None
    notes: tuple[str, ...] = ()
    unknown: Mapping[str, int] = field(default_factory=dict)
    filled: Mapping[str, int] = field(default_factory=dict)
    held_out: bool = True

    @property
    def verdict(self) -> str:
        """The first line: the network's score on so many rows, beside that of the best baseline where there are any."""
        where = "held out" if self.held_out else ""
        return verdict(self.scores, self.error, self.baselines, len(self.held), where)

    def document(self, *, full: bool = False) -> Document:
        """The report; with `full` all classes and columns, more pictures, the equations of the network, and its provenance."""
        from handgrad.assessment.pages import document  # which reads assessments

        return document(self, full=full)

    def data(self) -> dict[str, Any]:
        """The same as plain data for JSON; numbers that are not finite are None."""
        model, table = self.model, self.confusion
        found = {
            "verdict": self.verdict,
            "task": "regression" if model.classes is None else "classification",
            "target": model.target or None,
            "rows": len(self.held),
            "metric": model.metric,
            "scores": dict(self.scores),
            "standard_error": self.error,
            "baselines": [asdict(one) for one in self.baselines],
            "classes": [asdict(one) for one in self.classes],
            "confusion": None if table is None else table.tolist(),
            "calibration": [asdict(one) for one in self.calibration],
            "error_quantiles": {str(share): value for share, value in self.error_quantiles.items()},
            "importances": [asdict(one) for one in self.importances],
            "predict_alone": [asdict(one) for one in self.alone],
            "imbalance": self.imbalance,
            "course": None if self.course is None else asdict(self.course),
            "notes": list(self.notes),
            "unknown": dict(self.unknown),
            "filled": dict(self.filled),
        }
        plain: dict[str, Any] = _finite(found)
        return plain


def assess(
    model: Model,
    held: Rows,
    *,
    train: Rows | None = None,
    encoding: TableEncoding | None = None,
    fit: Fit | None = None,
    seed: int = 0,
    time_limit: float | None = None,
    compare: bool = True,
    notes: Iterable[str] | None = None,
    unknown: Mapping[str, int] | None = None,
    filled: Mapping[str, int] | None = None,
) -> Assessment:
    """Score a model on the rows held out, beside baselines that learn from `train`, and say which columns matter.

    `encoding` is by default the model's; without one the network's inputs are the columns. `fit` has the learning curve. Baselines
    get `time_limit` seconds in all; without `compare` there are none. `notes` are sentences for the reader, by default those of
    the encoding, with the columns that it leaves out. `seed` seeds the baselines and what is drawn. Raises DataError where there is
    no row, or where the model's outputs are not finite.
    """
    encoding = model.table if encoding is None else encoding
    names = model.features or tuple(f"x{n}" for n in range(model.network.widths[0]))
    blocks = {name: slice(n, n + 1) for n, name in enumerate(names)} if encoding is None else encoding.blocks
    classes = model.classes
    if notes is None:
        notes = () if encoding is None else _notes_of(encoding)
    fitted = baselines(train, held, classes, encoding, seed=seed, time_limit=time_limit) if train is not None and compare else ()
    return _assessed(
        model,
        held,
        encoding,
        unknown,
        filled,
        notes=tuple(notes),
        baselines=tuple(fitted),
        importances=tuple(importances(model, held, blocks, seed=seed)),
        alone=() if train is None else tuple(alone(train, encoding, classes, seed=seed)),
        imbalance=None if train is None else imbalance(classes, train.y),
        course=None if fit is None else Course.of(fit),
    )


def _notes_of(encoding: TableEncoding) -> list[str]:
    return [*(f"{one.name} is left out: {one.reason}" for one in encoding.left_out), *encoding.notes]


def evaluate(
    model: Model,
    held: Rows,
    *,
    notes: Iterable[str] = (),
    unknown: Mapping[str, int] | None = None,
    filled: Mapping[str, int] | None = None,
) -> Assessment:
    """Score a model on rows of a file: scores, classes or errors, who is taken for whom; beside its scores when it was trained."""
    return _assessed(model, held, model.table, unknown, filled, notes=tuple(notes), held_out=False)


def _assessed(
    model: Model,
    held: Rows,
    encoding: TableEncoding | None,
    unknown: Mapping[str, int] | None,
    filled: Mapping[str, int] | None,
    **more: Any,
) -> Assessment:
    classes: Classes = model.classes
    outputs = outputs_of(model, held.X)
    answers = predicted(classes, outputs)
    found = scores(classes, outputs, held.y, held.weights)
    if classes is None:
        more["error_quantiles"] = error_quantiles(answers, held.y, held.weights)
    else:
        more["classes"] = tuple(per_class(classes, answers, held.y, held.weights))
        more["confusion"] = confusion(classes, answers, held.y)
        more["calibration"] = tuple(calibration(classes, outputs, held.y, held.weights))
    error = standard_error(classes, outputs, held.y, held.weights)
    return Assessment(model, held, outputs, found, error, encoding, unknown=unknown or {}, filled=filled or {}, **more)


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
    return value
