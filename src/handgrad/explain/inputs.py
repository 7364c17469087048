"""What a command hands over, read: numbers as text, weights as JSON, and rows of tables, raw or for a trained model."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.datasets import READERS, read_dataset, read_inputs
from handgrad.errors import DataError, HandgradError, NetworkError, did_you_mean
from handgrad.explain.explanation import Explanation, explain
from handgrad.model import Model, Scaling, class_targets
from handgrad.network import Network, Parameters

LARGEST_FILE = 200_000_000


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
    """Rows of a table: raw inputs and, where they are known, targets as they stand there: numbers, or names of classes."""

    name: str
    X: Array
    y: Sequence[Any] | None
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = None


def read_table(data: str, features: tuple[str, ...] = (), target: str | None = None) -> Table:
    """A bundled data set, or a .csv or .npy file; of a CSV file, `target` names the column of targets. Raises DataError.

    Columns of inputs are those of `features`, or all but the target.
    """
    path, file = Path(data), os.path.isfile(data)  # noqa: PTH113  # a name may be too long for a path
    if not file and data in READERS:
        if target is not None:
            raise DataError(f"{data} has its own targets; --target is for the column of a CSV file, but {target!r} was given")
        found = read_dataset(data)
        y = found.y.tolist() if found.classes is None else [found.classes[c] for c in found.y]
        return Table(data, found.X, y, found.features, found.classes)
    if not file or (target is None and (features or path.suffix != ".csv")):
        return Table(path.name, np.atleast_2d(read_inputs(path, features)), None, features)
    header, rows = _read_csv(path)
    y = None if target is None else _column(path, header, rows, target)
    columns = features or tuple(name for name in header if name != target)
    X = read_inputs(path, columns)
    if y is not None and len(X) != len(y):
        raise DataError(f"{path} has {len(X)} rows, but {len(y)} targets in the column {target!r}")
    return Table(path.name, X, y, columns)


def _read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    """A CSV file's header, and its rows as text."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except (UnicodeError, csv.Error) as error:
        raise DataError(f"cannot read {path} as CSV: {error}") from None
    return (rows[0], rows[1:]) if rows else ([], [])


def _column(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]], name: str) -> list[str]:
    """One of the columns as text."""
    if name not in header:
        raise DataError(f"{path} has no column {name!r}. {did_you_mean(name, header)}")
    place = header.index(name)
    short = next((number for number, row in enumerate(rows, 1) if len(row) <= place), None)
    if short is not None:
        raise DataError(f"{path}: row {short} has no value in column {name!r}")
    return [row[place] for row in rows]


def parse_rows(text: str, table: Table) -> list[int]:
    """Rows such as "0,5,7", counted from 0. Raises DataError for one that is not there."""
    rows = []
    for word in text.split(","):
        if not word.strip().isdecimal():
            raise DataError(f"rows are whole numbers from 0 separated by commas, as in 0,5,7, but {word.strip()!r} was given")
        row = int(word)
        if row >= len(table.X):
            raise DataError(f"there is no row {row}: {table.name} has the rows 0 to {len(table.X) - 1}")
        rows.append(row)
    return rows


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
    inputs = standard if scaled else Scaling(np.zeros(X.shape[1]), np.ones(X.shape[1]))
    # scaled targets are out of the reach of a bounded output
    any_number = not np.isfinite([end for i in (network.loss.targets, output) for end in (i.low, i.high)]).any()
    targets = None
    if scaled and classes is None and table.y is not None and any_number:
        y = np.array([[_number(str(value), f"{table.name}: a target")] for value in table.y])
        targets = Scaling.standard(y) if network.widths[-1] == 1 else None
    return Model(network, parameters, inputs, targets, classes, table.features)


def targets_of(model: Model, y: Sequence[Any]) -> Array:
    """Targets as the model's network takes them: one-hot or 0 and 1 for names of classes, scaled numbers for a regression.

    Raises DataError for a class that the model does not know, and for text where numbers are asked for.
    """
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
    model: Model, X: Any, y: Sequence[Any], *, labels: Sequence[str] = (), remarks: Sequence[str] = (), **options: Any
) -> Explanation:
    """Explain iterations of a model on raw rows: scaled as the model does, with classes by name and targets in their own units.

    `y` are names of classes, or numbers; `labels` name the rows, `remarks` are said at the top; options are those of `explain`.
    Raises HandgradError as `explain` does, DataError for rows that do not fit.
    """
    with np.errstate(all="ignore"):  # large inputs may overflow on the way, which the explanation tells
        model.outputs(X)  # refuses what the model cannot take, in terms of the raw rows
    scaled = model.inputs.apply(np.asarray(X, np.float64))
    found = explain(model.network, model.parameters, scaled, targets_of(model, y), **options)
    return replace(found, model=model, labels=tuple(labels), remarks=tuple(remarks))
