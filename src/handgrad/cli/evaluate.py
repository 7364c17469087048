"""handgrad evaluate: how good a trained model is on rows whose answers are known."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from handgrad.calculus.functions import Array
from handgrad.cli.console import emit
from handgrad.cli.output import SUFFIXES, deliver, format_of, require_apart, require_writable
from handgrad.cli.tables import DATA, Batch, Decimal, Delimiter, Encoding, Given, Header, Reading, given_file, is_dataset
from handgrad.datasets import read_dataset
from handgrad.errors import DataError
from handgrad.model import Model
from handgrad.tables.columns import UNKNOWN
from handgrad.tables.frames import as_frame, canonical, polars
from handgrad.tables.kinds import class_numbers, number_targets, row_weights
from handgrad.tables.rows import require_columns

if TYPE_CHECKING:
    from handgrad.assessment import Assessment, Rows

NAMED = 20
"""So many classes are named in a message."""


def evaluate(
    model: Annotated[Path, typer.Argument(help="A model file that handgrad train wrote.")],
    data: Annotated[str, typer.Argument(help=DATA)],
    target: Annotated[
        str | None, typer.Option(help="The column of the answers, or an IDX file of labels. By default the one that was learnt.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="A column of weights of the rows. By default that of the training, if it is there.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the whole report to this file: .html, .md, .tex, .txt or .json.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    delimiter: Delimiter = None,
    header: Header = None,
    encoding: Encoding = None,
    decimal: Decimal = None,
) -> None:
    """Score a trained model on rows whose answers are known, beside what it scored when it was trained.

    Of an NPZ with rows to test with (x_test, y_test), these are scored.
    """
    form = format_of(None, report, SUFFIXES)
    reading = Reading(delimiter, header, encoding, decimal)
    reading.require_file(data, target=target, weight=weight)
    require_apart(report, "the report", model, data, target)
    require_writable(report, "the report")
    loaded = Model.load(model)
    found = of_dataset(loaded, data) if is_dataset(data) else of_file(loaded, data, target, weight, reading)
    if as_json:
        emit(json.dumps(found.data()) + "\n")
    else:
        deliver(found.document(), None)
    if report is not None:
        deliver(found.document(full=True), report, form)


def of_dataset(model: Model, name: str) -> Assessment:
    """The assessment on a bundled data set; on the rows that its makers hold out, where they do. Raises DataError."""
    from handgrad.assessment import Rows
    from handgrad.assessment import evaluate as assessed

    examples = read_dataset(name)
    counted = model.classes == tuple(map(str, range(len(examples.classes or ()))))  # an estimator's that learnt class numbers
    if examples.classes != model.classes and not counted:
        both = (examples.classes, model.classes)
        kinds = [f"the classes {', '.join(given)}" if given else "numbers to predict" for given in both]
        raise DataError(f"{name} has {kinds[0]}, but the model was trained on {kinds[1]}")
    held = slice(-examples.held_out, None) if examples.held_out else slice(None)
    X = examples.X[held]
    inputs = model.scaled(X if model.table is None else as_frame(X, examples.features))
    notes = [f"These are the {len(X):,} rows of {name} that its makers hold out."] if examples.held_out else []
    if not examples.held_out and model.provenance.get("data") == name:
        notes.append(f"Most of the rows of {name} are those that the model was trained on, so that this is no score of new ones.")
    return assessed(model, Rows(inputs, examples.y[held]), notes=notes)


def of_file(model: Model, data: str, target: str | None, weight: str | None, reading: Reading) -> Assessment:
    """The assessment on the rows of a file that have an answer. Raises DataError."""
    from handgrad.assessment import evaluate as assessed

    column = target or model.target
    if not column:
        raise DataError("name the column of the true answers with --target; the model file does not")
    given = given_file(model, data, reading, column)
    assert given.answers is not None
    batches, which = given.new()
    notes = [which] if which else []
    weights = _weight_column(given, model, weight, notes)
    rows = _rows(given, batches, given.answers, weights, notes)
    return assessed(model, rows, notes=notes, unknown=given.unknown, filled=given.filled)


def _weight_column(given: Given, model: Model, weight: str | None, notes: list[str]) -> str | None:
    """The column of weights: the one that is named, or that of the training where the file has it."""
    assert given.table is not None
    columns = given.table.columns
    require_columns(columns, () if weight is None else (weight,), given.name, " of weights")
    before = model.provenance.get("weight")
    if weight is None and isinstance(before, str):
        if before in columns:
            notes.append(f"Rows are weighted by {before}, as in training.")
            return before
        notes.append(f"Training weighted rows by {before}, which {given.name} has not: here they count alike.")
    return weight


def _rows(given: Given, batches: Iterable[Batch], column: str, weight: str | None, notes: list[str]) -> Rows:
    """The rows that have an answer, with weights where there are any."""
    from handgrad.assessment import Rows

    inputs: list[Array] = []
    answers: list[Array] = []
    weights: list[Array] = []
    left = 0
    for batch in batches:
        assert batch.frame is not None
        y, there = _answers(given, batch, column)
        left += int(np.count_nonzero(~there))
        inputs.append(batch.inputs[there])
        answers.append(y[there])
        if weight is not None:
            weights.append(_weights(given, batch, weight, there))
    if not sum(map(len, answers)):
        raise DataError(f"no row of {given.name} has a value of {column!r}")
    if left:
        notes.append(f"{left:,} rows have no {column} and are left out.")
    try:
        return Rows(np.concatenate(inputs), np.concatenate(answers), np.concatenate(weights) if weight is not None else None)
    except DataError as error:
        raise DataError(f"{given.name}: column {weight!r}: {error}") from None


def _answers(given: Given, batch: Batch, column: str) -> tuple[Array, Array]:
    """Class numbers or numbers, and a mask of the rows that have one."""
    frame, classes = batch.frame, given.model.classes
    assert frame is not None
    require_columns(frame.columns, (column,), given.name, " of true answers; --target names another")
    if classes is None:
        numbers = number_targets(frame[column], column, given.name, first_row=batch.first, words=given.words)
        return numbers, ~np.isnan(numbers)
    found = class_numbers(frame[column], _canonical(classes), given.words)
    strange = np.flatnonzero(found == UNKNOWN)
    if len(strange):
        _refuse(given, batch, column, int(strange[0]))
    return found, found >= 0


def _weights(given: Given, batch: Batch, column: str, there: Array) -> Array:
    """The weights of the rows that have an answer."""
    assert batch.frame is not None
    found = row_weights(batch.frame[column], column, given.name, there, first_row=batch.first, words=given.words)
    return np.asarray(found[there])


def _canonical(classes: tuple[str, ...]) -> list[str]:
    """Names of classes as texts of a table are read, so that True and 1.0 of a model without a table are found."""
    found: list[str] = canonical(polars().Series(list(classes))).to_list()
    return found if len(set(found)) == len(classes) else list(classes)


def _refuse(given: Given, batch: Batch, column: str, place: int) -> None:
    assert batch.frame is not None
    assert given.model.classes is not None
    known = given.model.classes
    more = f" and {len(known) - NAMED:,} more" if len(known) > NAMED else ""
    value = batch.frame[column][place]
    told = f"{given.name}: row {batch.first + place:,}, column {column!r}: the answer {value!r:.80} is none of the model's classes"
    raise DataError(f"{told}: {', '.join(known[:NAMED])}{more}")
