"""handgrad predict: read a model file back and predict."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from handgrad.calculus.functions import Array
from handgrad.cli.console import emit, note
from handgrad.cli.output import require_apart, require_writable
from handgrad.cli.predictions import Predictions, to_file, to_screen
from handgrad.cli.tables import DATA, Batch, Decimal, Delimiter, Encoding, Given, Header, Reading, given_rows
from handgrad.cli.train import INTERRUPTED
from handgrad.model import Model

PATIENCE = 2.0
"""Seconds without progress that nobody minds."""


def predict(
    model: Annotated[Path, typer.Argument(help="A model file that handgrad train wrote.")],
    data: Annotated[str, typer.Argument(help=DATA)],
    out: Annotated[
        Path | None, typer.Option(help="Write to this file: a table if it ends in .csv or .parquet, else one prediction a line.")
    ] = None,
    probabilities: Annotated[bool, typer.Option("--proba", help="The probability of each class beside the prediction.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON: the predictions and, where known, the score.")
    ] = False,
    delimiter: Delimiter = None,
    header: Header = None,
    encoding: Encoding = None,
    decimal: Decimal = None,
) -> None:
    """Predict with a trained model: one class or number a line, in the order of the rows.

    Columns are found by their names, in any order; others are ignored. CSV,
    Parquet, Arrow and NPY files may be larger than the memory; NPZ and IDX
    files are read whole. Of an NPZ with rows to test with (x_test), these are
    predicted. For a bundled data set the score over all of its rows goes to
    the error stream.
    """
    reading = Reading(delimiter, header, encoding, decimal)
    reading.require_file(data)
    require_apart(out, "the predictions", model, data)
    require_writable(out, "the predictions")
    loaded = Model.load(model)
    predictions = Predictions(loaded, probabilities=probabilities)
    given = given_rows(loaded, data, reading)
    batches, which = given.new()
    if which:
        note(which)
    kept: list[Array] = []  # where they are wanted once more
    keeps = as_json or given.y is not None
    try:
        if out is not None:
            with to_file(predictions, out) as take:
                for batch in _told(batches, aloud=True):
                    take(outputs := loaded.forward(batch.inputs))
                    kept += [outputs] if keeps else []
        else:
            show = None if as_json else to_screen(predictions)
            for batch in _told(batches, aloud=as_json or not sys.stdout.isatty()):
                outputs = loaded.forward(batch.inputs)
                kept += [outputs] if keeps else []
                if show is not None:
                    show(outputs)
    except KeyboardInterrupt:
        note("handgrad: interrupted" + ("" if out is None else f"; {out} was not written"))
        raise typer.Exit(INTERRUPTED) from None
    score = None if given.y is None else loaded.score_of(loaded.chosen(np.concatenate(kept)), given.y)
    if as_json:
        emit(json.dumps(_as_json(predictions, kept, given, score)) + "\n")
    thousands = [found for found in (given.table.told if given.table else ()) if "between thousands" in found]
    for sentence in (
        *(f"{data}: {found} (--decimal . reads it otherwise)" for found in thousands if decimal is None),
        *given.told(),
    ):
        note(sentence)
    if score is not None and not as_json:
        rows = 0 if given.whole is None else len(given.whole)
        note(f"{loaded.metric} over all {rows} rows of {data}, those trained on included: {score:.4f}")


def _as_json(predictions: Predictions, shown: list[Array], given: Given, score: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {"predictions": [value for outputs in shown for value in predictions.values(outputs)]}
    if predictions.with_probabilities:
        shares = [row for outputs in shown for row in predictions.model.probabilities(outputs).tolist()]
        found |= {"classes": predictions.kinds, "probabilities": shares}
    found |= {} if predictions.model.table is None else {"unknown": dict(given.unknown), "filled": dict(given.filled)}
    return found | ({} if score is None else {"score": score})


def _told(batches: Iterator[Batch], *, aloud: bool) -> Iterator[Batch]:
    """The batches; while they take long, how many rows are done goes to the error stream: one line of a terminal, or some lines."""
    live, began, rows = sys.stderr.isatty(), time.monotonic(), 0
    last = began
    for batch in batches:
        yield batch
        rows += len(batch.inputs)
        now = time.monotonic()
        if aloud and now - last > (PATIENCE if live else 15 * PATIENCE):
            last = now
            sys.stderr.write(f"\r{rows:,} rows" if live else f"{rows:,} rows after {now - began:.0f} s\n")
            sys.stderr.flush()
    if live and last > began:
        sys.stderr.write("\r\x1b[K")
