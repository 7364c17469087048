"""A model of a table: raw data frames in, labels or numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError, ModelFileError
from handgrad.model import Model
from handgrad.tables.encoding import TableEncoding
from handgrad.tables.frames import as_frame
from handgrad.tables.kinds import class_numbers, number_targets


@dataclass(frozen=True)
class TableModel:
    """A trained model that takes a table as it stands: a data frame of pandas or polars, a mapping of columns, rows of values.

    Columns are found by name, in any order; others are left aside. Missing values and unknown categories are taken as the
    encoding says. The same rows give the same bits, whatever rows stand beside them.
    """

    model: Model

    def __post_init__(self) -> None:
        if self.model.table is None:
            raise ModelFileError("the model is not one of a table; its inputs are arrays of numbers, which handgrad.Model takes")

    @property
    def table(self) -> TableEncoding:
        """How the columns become inputs."""
        assert self.model.table is not None
        return self.model.table

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that a table has to have."""
        return self.table.inputs

    @property
    def target(self) -> str:
        """The column that was learnt."""
        return self.model.target

    @property
    def classes_(self) -> Array | None:
        """The labels: whole numbers, numbers, truth values or text, as they stand in the target; None for a regression."""
        return None if self.model.classes is None else labels_of(self.model.classes)

    def predict(self, X: Any) -> Array:
        """The label of each row, or the number of a regression, (n_samples,). Raises DataError for a table that does not fit."""
        return self.labels(self.model.outputs(X))

    def labels(self, outputs: Array) -> Array:
        """The labels, or numbers, of outputs n_samples × n_L."""
        chosen = self.model.chosen(outputs)
        return chosen if self.classes_ is None else self.classes_[chosen]

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class in the order of `classes_`, n_samples × n_classes. Raises DataError for a regression."""
        if self.model.classes is None:
            raise DataError("a regression predicts numbers and no probabilities")
        return self.model.probabilities(self.model.outputs(X))

    def score(self, X: Any, y: Any = None) -> float:
        """Accuracy, or R² of a regression, over the rows that have an answer.

        Without y, the answers are in the table's column of the target. Raises DataError for one that is no class of the model.
        """
        frame = as_frame(X, self.columns)
        answers = frame if y is None else as_frame({self.target: y})
        if self.target not in answers.columns:
            raise DataError(f"the table has no column {self.target!r}, which the score needs; give y")
        column, classes = answers[self.target], self.model.classes
        if len(column) != len(frame):
            raise DataError(f"the table has {len(frame)} rows, but y has {len(column)}")
        if classes is None:
            numbers = number_targets(column, self.target, words=self.table.missing)
            return self.model.score(frame.filter(~np.isnan(numbers)), numbers[~np.isnan(numbers)])
        found = class_numbers(column, classes, words=self.table.missing)
        if (found < -1).any():
            row = int((found < -1).argmax())
            raise DataError(
                f"row {row + 1:,}: {self.target} is {column[row]!r}, which is none of the classes: {', '.join(classes[:20])}"
            )
        return self.model.score(frame.filter(found >= 0), found[found >= 0])

    def save(self, path: str | Path) -> Path:
        """Write the model file. Raises ModelFileError where that cannot be done."""
        return self.model.save(path)

    @classmethod
    def load(cls, path: str | Path) -> TableModel:
        """Read a model file back. Raises ModelFileError for one that is damaged, not handgrad's, or not of a table."""
        return cls(Model.load(path))


def load(path: str | Path) -> TableModel | Model:
    """Read any model file: a `TableModel`, which takes raw data frames, where it was trained on a table, else a `Model`.

    Nothing in the file is executed. Raises ModelFileError for one that is missing, damaged or not handgrad's.
    """
    model = Model.load(path)
    return model if model.table is None else TableModel(model)


def labels_of(classes: Sequence[str]) -> Array:
    """Labels as an array of the kind that their texts are of."""
    if set(classes) <= {"false", "true"}:
        return np.array([name == "true" for name in classes])
    for kind in (int, float):
        try:
            found = [kind(name) for name in classes]
        except (ValueError, OverflowError):
            continue
        if [str(value) for value in found] == list(classes) and np.array(found).dtype != object:
            return np.array(found)
    return np.array(classes, dtype=object)
