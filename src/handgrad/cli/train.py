"""handgrad train: from a data set or a file to a model file, with the gradient checked first."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from handgrad.cli.console import Terminal, emit
from handgrad.cli.output import require_apart, require_writable
from handgrad.cli.tables import Decimal, Delimiter, Encoding, Header, Reading, is_dataset
from handgrad.cli.train_table import TableJob, show_network, train_table
from handgrad.cli.training_report import tell
from handgrad.datasets import DATASETS, read_dataset
from handgrad.engine.job import Run
from handgrad.engine.runs.metrics import LABELS, NAMED
from handgrad.engine.runs.progress import Progress
from handgrad.engine.runs.states import DivergenceError
from handgrad.errors import DataError, TrainingError, did_you_mean
from handgrad.tables.encoding import EncodingOptions
from handgrad.tables.file_kinds import ARE_READ

INTERRUPTED = 130
"""The exit code after Ctrl-C, as of a command that the signal ends."""
DTYPES = ("float32", "float64")
ROWS, COLUMNS, TRAINING, RESULT = "Rows of a table", "Columns of a table", "Training", "What comes out"
"""The panels of --help."""
OF_TABLES = (
    "target", "task", "drop", "keep", "categorical", "missing", "scaling", "max_categories", "test", "group", "time_column",
    "weight", "delimiter", "header", "encoding", "decimal", "hidden", "time_limit", "report", "baselines",
)  # fmt: skip
"""Options that a bundled data set does not take."""


def train(
    context: typer.Context,
    data: Annotated[
        str,
        typer.Argument(help=f"A table ({ARE_READ.removesuffix(' are read')}), or a bundled data set: {', '.join(DATASETS)}."),
    ],
    target: Annotated[
        str | None, typer.Option(help="The column to learn; of IDX images, the file of their labels.", rich_help_panel=COLUMNS)
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="classification or regression. By default what the target's values look like.", rich_help_panel=COLUMNS),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Leave this column out; can be given again.", rich_help_panel=COLUMNS)
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Take this column as an input though it would be left out.", rich_help_panel=COLUMNS),
    ] = None,
    categorical: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Take this column's numbers as names of categories.", rich_help_panel=COLUMNS),
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="A value that means missing, as -999, beside NA, ?, null …", rich_help_panel=COLUMNS),
    ] = None,
    scaling: Annotated[
        str,
        typer.Option(
            help="Numbers: robust (median, quartiles, smooth clip) or standard (mean, deviation).", rich_help_panel=COLUMNS
        ),
    ] = "robust",
    max_categories: Annotated[
        int, typer.Option(min=1, help="So many values of a column get inputs of their own.", rich_help_panel=COLUMNS)
    ] = 50,
    test: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Hold out the rows of this file, and train on all others.", rich_help_panel=ROWS),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Hold out whole groups, as all rows of a patient; no input.", rich_help_panel=ROWS),
    ] = None,
    time_column: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Hold out the latest rows by this column; no input.", rich_help_panel=ROWS)
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The rows' weights, in training and in scores; no input.", rich_help_panel=ROWS),
    ] = None,
    delimiter: Delimiter = None,
    header: Header = None,
    encoding: Encoding = None,
    decimal: Decimal = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="Widths and activations, as 64-128-10 or 4-8:tanh-3. By default one hidden layer; three of 256 for a table.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    hidden: Annotated[str | None, typer.Option(help="The hidden layers alone, as 128:gelu-64.", rich_help_panel=TRAINING)] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            help="A loss, as cross_entropy or huber(delta=2). By default the one the outputs go with.", rich_help_panel=TRAINING
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Passes over the examples. By default 100; 60 for more than 1000 rows, 10 for many; 256 for a table.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    time_limit: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Train no longer than this (90s, 5m, 1h): for as many epochs as fit; comparing comes on top.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1, help="Examples in a step. By default 32, or 128 for many rows; 256 for a table.", rich_help_panel=TRAINING
        ),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="The step size α. By default what suits data and rule.", rich_help_panel=TRAINING)
    ] = None,
    optimiser: Annotated[
        str | None,
        typer.Option(
            help="The update rule, as momentum(beta=0.8), or lbfgs. By default adam with a cosine schedule; coslog4 for a table.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            help="How the learning rate changes, as constant, step(0.5, every=20) or cosine(warmup=0.1).", rich_help_panel=TRAINING
        ),
    ] = None,
    l2: Annotated[float, typer.Option(help="λ of the penalty λ/2 ΣW² in the loss.", rich_help_panel=TRAINING)] = 0.0,
    weight_decay: Annotated[
        float | None, typer.Option(help="Decay of the weights beside the gradient, times α.", rich_help_panel=TRAINING)
    ] = None,
    dropout: Annotated[
        float | None, typer.Option(help="Share of the hidden units that a step leaves out.", rich_help_panel=TRAINING)
    ] = None,
    clip: Annotated[float | None, typer.Option(help="Largest norm of the whole gradient.", rich_help_panel=TRAINING)] = None,
    label_smoothing: Annotated[
        float | None,
        typer.Option(
            help="ε of the smoothed targets (1-ε) y + ε/K of cross_entropy. By default 0; 0.1 for a table.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    class_weight: Annotated[
        str | None, typer.Option(help="balanced: rare classes count as much as frequent ones.", rich_help_panel=TRAINING)
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Stop after so many epochs without a better loss (for a table: score) on 15 % of the training examples; keep the "
            "best. By default all epochs; 100 for a table.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help=f"The score of every epoch: {', '.join(NAMED)}. Else accuracy or r2, and loss with --patience; of a table r2, "
            "accuracy_then_loss, or loss where few rows validate.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="How many threads train. By default what the network needs.", rich_help_panel=TRAINING)
    ] = None,
    dtype: Annotated[str, typer.Option(help="The precision: float32 or float64.", rich_help_panel=TRAINING)] = "float32",
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Keep the run in this folder, so that it can go on after a kill.", rich_help_panel=TRAINING
        ),
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Epochs from one checkpoint to the next.", rich_help_panel=TRAINING)] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the folder's last checkpoint, if there is one.", rich_help_panel=TRAINING)
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, help="Seeds the split, the first weights, the shuffling and dropout.", rich_help_panel=TRAINING)
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Where the model goes. By default NAME.safetensors here.", rich_help_panel=RESULT)
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the report with pictures too: .html is one file, nothing is fetched.",
            rich_help_panel=RESULT,
        ),
    ] = None,
    baselines: Annotated[
        bool,
        typer.Option(
            "--baselines/--no-baselines", help="Compare with simpler models and gradient boosting.", rich_help_panel=RESULT
        ),
    ] = True,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one line of JSON instead, with the rest on the error stream.", rich_help_panel=RESULT),
    ] = False,
) -> None:
    """Train a network on a table or a bundled data set, after checking its gradient, and keep the model.

    handgrad train people.csv --target income

    Of a table, kinds of columns and the task are found and shown, a quarter of
    the rows is held out and scored beside baselines, and the model file keeps
    how rows become inputs. Of a bundled data set, a quarter of the examples is
    held out (of each class alike) and scored; inputs are standardised.

    Ctrl-C ends the run, keeps what it has reached, and exits with 130; a
    second one ends at once. A run that diverges exits with 2 and keeps its
    last finite parameters beside the model, as NAME.diverged.safetensors.
    """
    console = Terminal(stderr=as_json, highlight=False)
    bundled = is_dataset(data)
    path = out or Path(f"{data if bundled else _stem(data)}.safetensors")
    if resume and checkpoint is None:
        raise TrainingError("--resume goes on from a folder of checkpoints: give --checkpoint DIR too")
    if dtype not in DTYPES:
        raise TrainingError(f"there is no precision {dtype!r}. {did_you_mean(dtype, DTYPES)}")
    if class_weight not in (None, "balanced"):
        raise TrainingError(f"--class-weight is balanced or left out, but {class_weight!r} was given")
    options: dict[str, Any] = {
        "l2": l2, "label_smoothing": label_smoothing, "seed": seed, "dtype": dtype, "epochs": epochs, "batch_size": batch_size,
        "learning_rate": learning_rate, "optimiser": optimiser, "schedule": schedule, "weight_decay": weight_decay,
        "dropout": dropout, "clip": clip, "class_weight": class_weight, "patience": patience, "metric": metric,
        "n_threads": threads,
    }  # fmt: skip
    kept = {"checkpoint": checkpoint, "every": every, "resume": resume}
    for place, what in ((path, "the model"), (report, "the report")):
        require_apart(place, what, data, test, others=[path] if place is report else [])
        require_writable(place, what)
    if bundled:
        sources = {name: context.get_parameter_source(name) for name in OF_TABLES}
        given = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
        if given:
            option = f"--{given[0].replace('_', '-')}"
            raise DataError(f"{data} is a bundled data set, which has its own target and columns; {option} is for tables in files")
        interrupted = _train_bundled(console, data, network, loss, options, kept, path, as_json=as_json)
    else:
        reading = Reading(delimiter, header, encoding, decimal)
        encoding_options = EncodingOptions(
            scaling=scaling, max_categories=max_categories, categorical=tuple(categorical or ()), keep=tuple(keep or ()),
            drop=tuple(drop or ()), missing=tuple(missing or ()),
        )  # fmt: skip
        job = TableJob(
            data=data, reading=reading, path=path, target=target, task=task, test=test, group=group, time_column=time_column,
            weight=weight, encoding=encoding_options, network=network, hidden=hidden, loss=loss, time_limit=time_limit,
            report=report, baselines=baselines, options=options, kept=kept,
        )  # fmt: skip
        interrupted = train_table(console, job, _train, as_json=as_json)
    if interrupted:
        raise typer.Exit(INTERRUPTED)


def _stem(data: str) -> str:
    """The name of a file without its endings: people.csv.gz is called people."""
    name = Path(data).name
    return name.removesuffix(".gz").rpartition(".")[0] or name


def _train_bundled(  # what train() was given
    console: Console, data: str, network: str | None, loss: str | None, options: dict[str, Any], kept: dict[str, Any], path: Path,
    *, as_json: bool,
) -> bool:  # fmt: skip
    """Train on a bundled data set, and keep and show what came of it; whether it was interrupted."""
    examples = read_dataset(data)
    run = Run(examples, network, loss, **{**options, "label_smoothing": options["label_smoothing"] or 0.0})
    aside = f", {len(run.validated)} to stop by" if run.stops_early else ""
    console.print(f"[bold]{data}[/]: {len(run.split.train)} examples to train on{aside}, {len(run.split.held_out)} held out")
    show_network(console, run)
    _train(console, run, path, **kept)
    assert run.fit is not None
    assert run.gradient_check is not None
    run.model().save(path)
    tell(console, run, path)
    if as_json:
        report = {
            "score": run.score(), "metric": run.metric, "loss": run.fit.losses[-1] if run.fit.losses else None,
            "epochs": len(run.fit.losses), "best_epoch": run.fit.best_epoch, "stopped": run.fit.stopped,
            "gradient_check": run.gradient_check.worst[1], "seconds": round(run.fit.seconds, 3), "model": str(path),
        }  # fmt: skip
        emit(json.dumps(report) + "\n")
    return run.fit.stopped == "interrupted"


def _train(console: Console, run: Run, path: Path, *, estimates: bool = False, **kept: Any) -> None:
    """Train behind a bar or plain lines. What a run that diverges has reached is kept beside the model's place."""
    judged = "validation" if run.stops_early else "hold-out"
    name = LABELS.get(str(run.options.metric), str(run.options.metric))
    try:
        run.train(Progress(console, run.options.epochs, f"{judged} {name}", estimates=estimates), **kept)
    except DivergenceError as error:
        if not error.fit.history:
            raise
        beside = run.model().save(path.with_name(f"{path.stem}.diverged{path.suffix}"))
        raise TrainingError(f"{error}. The last finite parameters are in {beside}") from None
