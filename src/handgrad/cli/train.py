"""handgrad train: from a data set to a model file, with the gradient checked first."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from handgrad.cli.console import Terminal, emit
from handgrad.cli.training_report import tell
from handgrad.datasets import DATASETS, read_dataset
from handgrad.engine.job import Run
from handgrad.engine.runs.metrics import NAMED
from handgrad.engine.runs.progress import Progress
from handgrad.engine.runs.states import DivergenceError
from handgrad.errors import ModelFileError, TrainingError, did_you_mean

INTERRUPTED = 130
"""The exit code after Ctrl-C, as of a command that the signal ends."""
DTYPES = ("float32", "float64")


def train(
    data: Annotated[str, typer.Argument(help=f"A data set: {', '.join(DATASETS)}.")],
    network: Annotated[
        str | None, typer.Option(help="Widths and activations, as 64-128-10 or 4-8:tanh-3. By default one hidden layer.")
    ] = None,
    loss: Annotated[
        str | None, typer.Option(help="A loss, as cross_entropy or huber(delta=2). By default the one the outputs go with.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the examples. By default 100; 60 for more than 1000 rows, 10 for many.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Examples in a step. By default 32, or 128 for many rows.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The step size α. By default what suits data and rule.")] = None,
    optimiser: Annotated[
        str | None, typer.Option(help="The update rule, as momentum(beta=0.8), or lbfgs. By default adam with a cosine schedule.")
    ] = None,
    schedule: Annotated[
        str | None, typer.Option(help="How the learning rate changes, as constant, step(0.5, every=20) or cosine(warmup=0.1).")
    ] = None,
    l2: Annotated[float, typer.Option(help="λ of the penalty λ/2 ΣW² in the loss.")] = 0.0,
    weight_decay: Annotated[float | None, typer.Option(help="Decay of the weights beside the gradient, times α.")] = None,
    dropout: Annotated[float | None, typer.Option(help="Share of the hidden units that a step leaves out.")] = None,
    clip: Annotated[float | None, typer.Option(help="Largest norm of the whole gradient.")] = None,
    label_smoothing: Annotated[float, typer.Option(help="ε of the smoothed targets (1-ε) y + ε/K of cross_entropy.")] = 0.0,
    class_weight: Annotated[str | None, typer.Option(help="balanced: rare classes count as much as frequent ones.")] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            min=1, help="Stop after so many epochs without a better loss on 15 % of the training examples; keep the best."
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(help=f"The score of every epoch: {', '.join(NAMED)}. Else accuracy or r2; loss with --patience."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="How many threads train. By default what the network needs.")] = None,
    dtype: Annotated[str, typer.Option(help="The precision: float32 or float64.")] = "float32",
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the run in this folder, so that it can go on after a kill.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Epochs from one checkpoint to the next.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the folder's last checkpoint, if there is one.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seeds the split, the first weights, the shuffling and dropout.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Where the model goes. By default DATA.safetensors here.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON instead, with the rest on the error stream.")
    ] = False,
) -> None:
    """Train a network on real data, after checking its gradient, and keep the model.

    A quarter of the examples is held out (of each class alike) and scored;
    inputs are standardised.

    Ctrl-C ends the run, keeps what it has reached, and exits with 130; a
    second one ends at once. A run that diverges exits with 2 and keeps its
    last finite parameters beside the model, as NAME.diverged.safetensors.
    """
    console = Terminal(stderr=as_json, highlight=False)
    examples = read_dataset(data)
    path = out or Path(f"{data}.safetensors")
    _require_writable(path)
    if resume and checkpoint is None:
        raise TrainingError("--resume goes on from a folder of checkpoints: give --checkpoint DIR too")
    if dtype not in DTYPES:
        raise TrainingError(f"there is no precision {dtype!r}. {did_you_mean(dtype, DTYPES)}")
    run = Run(
        examples, network, loss, l2=l2, label_smoothing=label_smoothing, seed=seed, dtype=dtype, epochs=epochs,
        batch_size=batch_size, learning_rate=learning_rate, optimiser=optimiser, schedule=schedule, weight_decay=weight_decay,
        dropout=dropout, clip=clip, class_weight=class_weight, patience=patience, metric=metric, n_threads=threads,
    )  # fmt: skip
    aside = f", {len(run.validated)} to stop by" if run.stops_early else ""
    console.print(f"[bold]{data}[/]: {len(run.split.train)} examples to train on{aside}, {len(run.split.held_out)} held out")
    console.print(f"network {run.network}, {run.network.loss.spelling}, {run.network.size} parameters", markup=False)
    check = run.check()
    console.print(f"gradient check: {check}", markup=False)
    _train(console, run, path, checkpoint=checkpoint, every=every, resume=resume)
    assert run.fit is not None
    run.model().save(path)
    tell(console, run, path)
    if as_json:
        report = {
            "score": run.score(), "metric": run.metric, "loss": run.fit.losses[-1] if run.fit.losses else None,
            "epochs": len(run.fit.losses), "best_epoch": run.fit.best_epoch, "stopped": run.fit.stopped,
            "gradient_check": check.worst[1], "seconds": round(run.fit.seconds, 3), "model": str(path),
        }  # fmt: skip
        emit(json.dumps(report) + "\n")
    if run.fit.stopped == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _train(console: Console, run: Run, path: Path, **kept: Any) -> None:
    """Train behind a bar or plain lines. What a run that diverges has reached is kept beside the model's place."""
    judged = "validation" if run.stops_early else "hold-out"
    name = {"r2": "R²"}.get(str(run.options.metric), str(run.options.metric))
    try:
        run.train(Progress(console, run.options.epochs, f"{judged} {name}"), **kept)
    except DivergenceError as error:
        if not error.fit.history:
            raise
        beside = run.model().save(path.with_name(f"{path.stem}.diverged{path.suffix}"))
        raise TrainingError(f"{error}. The last finite parameters are in {beside}") from None


def _require_writable(path: Path) -> None:
    """Refuse a place that no model can be written to before anything is trained."""
    folder = path.parent
    why = "it is a folder" if path.is_dir() else f"there is no folder {folder}" if not folder.is_dir() else ""
    if why or not os.access(folder, os.W_OK):
        raise ModelFileError(f"cannot write the model to {path}: {why or f'the folder {folder} cannot be written to'}")
