"""handgrad train FILE: from a table to a model, and the report that says what it is worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from handgrad.calculus.functions import Array
from handgrad.calculus.notation import find_notation
from handgrad.cli.console import emit
from handgrad.cli.output import SUFFIXES, deliver, format_of
from handgrad.cli.tables import Reading, known, with_labels
from handgrad.document.blocks import Code, Document, Table
from handgrad.document.terminal import print_to, to_text
from handgrad.errors import DataError
from handgrad.tables.encoding import EncodingOptions
from handgrad.tables.reading import TableFile, open_table

if TYPE_CHECKING:
    import polars as pl

    from handgrad.assessment import Assessment
    from handgrad.engine.job import Run
    from handgrad.engine.tables.preparing import TableData
    from handgrad.engine.tables.run import TableRun
    from handgrad.model import Model

MOST_SHOWN = 30
"""So many columns are shown before training; the report has all."""


@dataclass(frozen=True)
class TableJob:
    """What the command was given."""

    data: str
    reading: Reading
    path: Path
    target: str | None
    task: str | None
    test: str | None
    group: str | None
    time_column: str | None
    weight: str | None
    encoding: EncodingOptions
    network: str | None
    hidden: str | None
    loss: str | None
    time_limit: str | None
    report: Path | None
    baselines: bool
    options: dict[str, Any]
    kept: dict[str, Any]


def train_table(console: Console, job: TableJob, train: Callable[..., None], *, as_json: bool) -> bool:
    """Train on the table, keep the model, and show what it is worth; whether the run was interrupted."""
    import numpy as np

    from handgrad.engine.tables.run import TableRun, seconds_of

    form = format_of(None, job.report, SUFFIXES)
    time_limit = None if job.time_limit is None else seconds_of(job.time_limit)
    table, file = _prepared(console, job, np.float64 if job.options["dtype"] == "float64" else np.float32)
    run = TableRun(table, job.network, job.loss, hidden=job.hidden, **job.options)
    _show_columns(console, table)
    rows = f"{len(run.split.train):,} rows to train on, {len(run.validated):,} to stop by, {len(run.split.held_out):,} held out"
    console.print(rows, markup=False)
    show_network(console, run)
    limit = {} if time_limit is None else {"time_limit": time_limit}
    train(console, run, job.path, estimates=time_limit is None, **limit, **job.kept)
    assert run.fit is not None
    model = run.model()
    test = {"test": Path(job.test).name} if job.test else {}
    model = replace(model, provenance={**model.provenance, "reading": file.options, **test})
    model.save(job.path)  # at once: what follows takes time, and may be interrupted
    compared = job.baselines and run.fit.stopped != "interrupted"
    if compared:
        console.print("comparing with simpler models and gradient boosting")
    try:
        assessment = _assessed(run, model, baselines=compared, time_limit=time_limit)
    except KeyboardInterrupt:
        console.print(f"interrupted: the model is kept in {job.path}, but was not assessed", markup=False)
        return True
    assessment.model.save(job.path)
    console.print()
    shown = replace(assessment, notes=()).document()  # the notes stand above
    _print(console, shown)
    if job.report is not None:
        deliver(assessment.document(full=True), job.report, form)
    console.print(f"\nmodel: {job.path}", markup=False, soft_wrap=True)
    if as_json:
        emit(json.dumps({**assessment.data(), "model": str(job.path)}) + "\n")
    return run.fit.stopped == "interrupted"


def _prepared(console: Console, job: TableJob, dtype: Any) -> tuple[TableData, TableFile]:
    """The table read and ready for training; what was found in the file is said."""
    from handgrad.engine.tables.preparing import TableOptions, prepare

    with known(job.data):
        file = open_table(job.data, **job.reading.given)
    target = job.target or ("y" if file.kind == "npz" and "y" in file.columns else None)  # as NPZ files with x_train name it
    if target is None:
        raise DataError(f"name the column to learn with --target; {file.path.name} has the columns {_listed(file.columns)}")
    file, named = with_labels(file, target)
    frame, test_frame, target = file.read(), file.test(), named or target
    test_name = f"the test rows of {file.path.name}"
    if job.test is not None:
        test_frame, test_name = _test_rows(job, job.test, file), Path(job.test).name
    found = "; ".join((f"{frame.height:,} rows, {len(frame.columns):,} column{'s' * (len(frame.columns) != 1)}", *file.told))
    console.print(f"[bold]{escape(file.path.name)}[/]: {escape(found)}")
    options = TableOptions(target, job.task, job.group, job.time_column, job.weight, job.encoding)
    table = prepare(
        frame, options, name=file.path.name, test=test_frame, test_name=test_name, seed=job.options["seed"], dtype=dtype
    )
    return table, file


def _test_rows(job: TableJob, test: str, file: TableFile) -> pl.DataFrame:
    """The rows of a test file, read as the table was; images come with the labels beside them."""
    path = Path(test)
    if path.exists() and path.samefile(job.data):
        raise DataError(f"--test {test} is the file to train on; without --test, a quarter of its rows is held out")
    before = Reading(**file.options) if file.kind == "csv" else Reading()
    opened = job.reading.open(path, before, file.columns)
    if file.kind != "idx" or job.target in file.columns:
        return opened.read()
    labels = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if labels == path or not labels.is_file():
        raise DataError(f"the labels of the images {test} should stand beside them, as {labels.name}, but there is no such file")
    return with_labels(opened, str(labels))[0].read()


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:MOST_SHOWN]) + (f" and {len(names) - MOST_SHOWN:,} more" if len(names) > MOST_SHOWN else "")


def _show_columns(console: Console, table: TableData) -> None:
    """What the columns were taken for, and what else was found."""
    described = table.encoding.describe()
    rows = tuple(((Code(name),), (kind,), (detail,)) for name, kind, detail in described[:MOST_SHOWN])
    more = len(described) - MOST_SHOWN
    last = ((((f"and {more:,} more columns"),), ("",), ("",)),) if more > 0 else ()
    shown = Table((("column",), ("taken as",), ("",)), (*rows, *last))
    columns, inputs = (
        f"{n:,} {what}{'s' * (n != 1)}" for n, what in ((len(table.encoding.columns), "column"), (table.encoding.width, "input"))
    )
    title = f"{table.options.target} from {columns}, {inputs}"
    document = Document((title,), (shown,), find_notation("ng"))
    _print(console, document)
    for sentence in table.notes:
        console.print(f"note: {sentence}", markup=False, soft_wrap=not console.is_terminal)


def _print(console: Console, document: Document) -> None:
    """Show a document: in colours on a terminal, else as plain text."""
    if console.is_terminal:
        print_to(document, console)
    else:
        console.print(to_text(document, console.width), markup=False, highlight=False, soft_wrap=True, end="")


def show_network(console: Console, run: Run) -> None:
    """What is trained, and how exact its gradient is."""
    console.print(f"network {run.network}, {run.network.loss.spelling}, {run.network.size:,} parameters", markup=False)
    console.print(f"gradient check: {run.check()}", markup=False)


def _assessed(run: TableRun, model: Model, *, baselines: bool, time_limit: float | None) -> Assessment:
    """What the model is worth, with the scores in its provenance."""
    import numpy as np

    from handgrad.assessment import Rows, assess

    table = run.table

    def rows(numbers: Array) -> Rows:
        return Rows(table.data.X[numbers], table.data.y[numbers], None if table.weights is None else table.weights[numbers])

    assessment = assess(
        model, rows(run.split.held_out), train=rows(np.sort(np.concatenate([run.split.train, run.validated]))), fit=run.fit,
        seed=run.seed, compare=baselines, time_limit=time_limit, notes=table.notes, unknown=table.unknown, filled=table.filled,
    )  # fmt: skip
    baseline_scores = {one.name: dict(one.scores) for one in assessment.baselines if one.scores}
    provenance = {**model.provenance, "hold_out": dict(assessment.scores), "baselines": baseline_scores}
    return replace(assessment, model=replace(model, provenance=provenance))
