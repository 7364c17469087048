"""What a command hands over, read: numbers as text, weights as JSON, and rows of tables, raw or for a trained model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.datasets import read_dataset
from handgrad.errors import DataError, HandgradError, NetworkError, did_you_mean
from handgrad.explain.explanation import Explanation, explain
from handgrad.model import Model, Scaling, class_targets
from handgrad.network import Network, Parameters
from handgrad.table_model import TableModel
from handgrad.tables.frames import as_frame
from handgrad.tables.kinds import as_text
from handgrad.tables.reading import TableFile
from handgrad.tables.rows import all_numbers, frame_numbers, input_columns, pick_rows, present_values, require_columns, require_rows

LARGEST_FILE = 200_000_000
NAMED = 30
"""So many inputs that are made of a table's columns are named."""


def parse_examples(text: str, name: str) -> Array:
    """Examples such as "0.5,-1; 2,0.3" as an array of n_samples × numbers. Raises DataError."""
    parts = [part for part in text.split(";") if part.strip()]
    if not parts:
        raise DataError(f'{name} is examples separated by ; and their numbers by , as in "0.5,-1; 2,0.3", but {text!r} was given')
    rows = [[_number(word, f"{name}: example {place}") for word in part.split(",")] for place, part in enumerate(parts, 1)]
    for place, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise DataError(f"{name}: example 1 has {len(rows[0])} numbers, but example {place} has {len(row)}")
    return np.array(rows, np.float64)


def _number(word: str, where: str) -> float:
    if not _is_number(word):
        raise DataError(f"{where} has {word.strip()!r}, which is not a number")
    return float(word)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def parse_targets(text: str, network: Network) -> Array:
    """Targets such as "1; 0": n_samples × n_L, or one whole-number label for each example where the loss is over classes."""
    return labelled(parse_examples(text, "y"), network)


def labelled(rows: Array, network: Network) -> Array:
    """Rows of a single whole number as labels, where the loss is over classes; others as they are."""
    one = network.loss.simplex and rows.ndim == 2 and rows.shape[1] == 1
    return rows[:, 0].astype(int) if one and (rows == np.floor(rows)).all() and (np.abs(rows) < 1e9).all() else rows


def read_parameters(path: Path, network: Network) -> Parameters:
    """Weights from JSON, {"W": [W1, W2, …], "b": [b1, b2, …]}: W of a layer is rows, n_l × n_{l-1}; without "b" biases are zero.

    Raises NetworkError for a file that is not there, holds something else, or does not fit the network.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise NetworkError(f"{path} is larger than {LARGEST_FILE // 10**6} MB")
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise NetworkError(f"cannot read the weights from {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, HandgradError):
            raise
        raise NetworkError(f"{path} is not JSON: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("W"), list) or not isinstance(found.get("b", []), list):
        raise NetworkError(f'{path} holds weights as {{"W": [W1, W2, …], "b": [b1, b2, …]}}, a list of arrays by layer each')
    unknown = sorted(set(found) - {"W", "b"})
    if unknown:
        raise NetworkError(f"{path} has {unknown[0]!r}, which is neither W nor b")
    return Parameters.given(network, found["W"], found.get("b"))


@dataclass(frozen=True)
class Table:
    """Rows of a table: raw inputs and, where they are known, targets as they stand there: numbers, or names of classes.

    X is an array of n_samples × n_features, or a data frame for a model that encodes its columns.
    """

    name: str
    X: Any
    y: Sequence[Any] | None
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = None

    def rows(self, places: Sequence[int]) -> Table:
        """These rows, counted from 0, in this order. Raises DataError for one that is not there."""
        require_rows(places, len(self.X), self.name)
        return replace(self, X=self.X[places], y=None if self.y is None else [self.y[place] for place in places])


def parse_rows(text: str) -> list[int]:
    """Rows such as "0,5,7", counted from 0. Raises DataError."""
    for word in text.split(","):
        if not word.strip().isdecimal():
            raise DataError(f"rows are whole numbers from 0 separated by commas, as in 0,5,7, but {word.strip()!r} was given")
    return [int(word) for word in text.split(",")]


def data_set(name: str) -> Table:
    """A data set by its name. Raises DataError for another name."""
    found = read_dataset(name)
    y = found.y.tolist() if found.classes is None else [found.classes[c] for c in found.y]
    return Table(name, found.X, y, found.features, found.classes)


def whole_table(file: TableFile, target: str | None) -> Table:
    """All rows of a file: the column `target`, and all others as inputs. Raises DataError for inputs that are no numbers."""
    X, y = all_numbers(file, (), target)
    return Table(file.path.name, X, y, input_columns(file, (), target))


def rows_for(model: Model, file: TableFile, places: Sequence[int], target: str | None) -> Table:
    """Rows of a file, counted from 0, as a trained model takes them: by the names of its columns, raw where it encodes them.

    Raises DataError for rows and columns that are not there and, with row and column, for values that the model cannot take.
    """
    columns = input_columns(file, model.features, target) if model.table is None else ()
    if target is not None:
        elsewhere = ", which the model learnt; name the targets' column (--target) or give them (--y)"
        require_columns(file.columns, (target,), str(file.path), elsewhere if target == model.target else "")
    frame, y, parts = pick_rows(file, places), list[Any](), []
    for place, one in zip(places, frame.iter_slices(1), strict=True):  # one by one, so that an error names the row in the file
        at: Any = {"first_row": place + 1, "where": f"{file.path} (--rows {place})"}
        if model.table is None:
            parts.append(frame_numbers(one, columns, **at))
        else:
            model.table.encode(one, **at)
        y += [] if target is None else present_values(one, target, **at)
    X = frame if model.table is not None else np.concatenate(parts)
    return Table(file.path.name, X, None if target is None else y, model.features)


def untrained(network: Network, parameters: Parameters, table: Table, *, scaled: bool) -> Model:
    """A network over a table as a model: inputs, and targets that can be any number, standardised over the table where `scaled`.

    Targets that are text are classes where outputs are probabilities; a single output is that of the second of two.
    """
    X = table.X
    if X.ndim != 2 or X.shape[1] != network.widths[0]:
        raise DataError(f"the network {network} has {network.widths[0]} inputs, but {table.name} has rows of {X.shape[-1]} numbers")
    classes = table.classes
    names = {str(value).strip() for value in table.y or ()}
    output = network.activation(network.L).interval
    probability = output.low >= 0 and output.high <= 1
    if classes is None and names and (network.loss.simplex or (probability and not any(map(_is_number, names)))):
        classes = tuple(sorted(names))
    if classes is not None and len(classes) != max(network.widths[-1], 2):
        outputs = f"{len(classes)} outputs" + (" or 1" if len(classes) == 2 else "")
        raise DataError(f"{table.name} has {len(classes)} classes, which take {outputs}, but {network} has {network.widths[-1]}")
    with np.errstate(all="ignore"):  # a deviation may be too large to be held
        standard = Scaling.standard(X)
    inputs = standard if scaled else Scaling.none(X.shape[1])
    targets = None
    if scaled and classes is None and table.y is not None and network.widths[-1] == 1:
        y = np.array([[_number(str(value), f"{table.name}: a target")] for value in table.y])
        targets = Scaling.of_targets(network, y)
    return Model(network, parameters, inputs, targets, classes, table.features)


def targets_of(model: Model, y: Sequence[Any]) -> Array:
    """Targets as the model's network takes them: one-hot or 0 and 1 for names of classes, scaled numbers for a regression.

    The targets of a table may be spelled as its file could have them: 1.0 is the class 1. Raises DataError for a class that the
    model does not know, for a target of a table that is missing, and for text where numbers are asked for.
    """
    if model.table is not None:
        y = as_text(as_frame({model.target: list(y)})[model.target]).to_list()
        if None in y:
            raise DataError(f"example {y.index(None) + 1} has no target: its {model.target!r} is missing")
    if model.classes is None:
        rows = np.array([[_number(str(v), f"example {i}") for v in np.atleast_1d(value)] for i, value in enumerate(y, 1)])
        return labelled(rows, model.network) if model.targets is None else model.targets.apply(rows)
    labels = np.array([_label(str(value).strip(), model.classes) for value in y])
    return class_targets(labels, model.network.widths[-1])


def _label(name: str, classes: Sequence[str]) -> int:
    """The number of a class, from its name or, where no name is a number, from the number itself."""
    if name in classes:
        return classes.index(name)
    if name.isdecimal() and int(name) < len(classes) and not any(map(_is_number, classes)):
        return int(name)
    raise DataError(f"there is no class {name!r}. {did_you_mean(name, classes)}")


def explain_model(
    model: Model | TableModel,
    X: Any,
    y: Sequence[Any],
    *,
    labels: Sequence[str] = (),
    remarks: Sequence[str] = (),
    **options: Any,
) -> Explanation:
    """Explain iterations of a model on raw rows: scaled as the model does, with classes by name and targets in their own units.

    X is an array of n_samples × n_0 or, for the model of a table, a data frame with its columns, which become the network's inputs;
    the model that the explanation has then names these as its `features`. `y` are names of classes, or numbers; `labels` name the
    rows, `remarks` are said at the top; options are those of `explain`.
    Raises HandgradError as `explain` does, DataError for rows that do not fit.
    """
    model = model.model if isinstance(model, TableModel) else model
    scaled = model.scaled(X)  # refuses what the model cannot take, in terms of the raw rows
    if model.table is not None:
        model = replace(model, features=model.table.labels)
        remarks = [*remarks, _encoded(model.features)]
    found = explain(model.network, model.parameters, scaled.astype(np.float64), targets_of(model, y), **options)
    return replace(found, model=model, labels=tuple(labels), remarks=tuple(remarks))


def _encoded(labels: Sequence[str]) -> str:
    """What the inputs of a table's model are."""
    shown = labels if len(labels) <= NAMED else labels[: NAMED - 1]
    named = ", ".join(f"{place} {label}" for place, label in enumerate(shown, 1))
    rest = "" if len(shown) == len(labels) else f", …, {len(labels)} {labels[-1]}"
    return f"The {len(labels)} inputs are made of the table's columns: {named}{rest}."
