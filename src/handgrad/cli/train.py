"""handgrad train: from a data set to a model file, with the gradient checked first."""

import json
import os
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from handgrad.calculus.functions import Array
from handgrad.cli.console import Terminal, emit
from handgrad.datasets import READERS, read_dataset
from handgrad.errors import ModelFileError
from handgrad.training import Epoch, Run, check_options, default_epochs, default_learning_rate

BARS = "▁▂▃▄▅▆▇█"


def train(
    data: Annotated[str, typer.Argument(help=f"A bundled data set: {', '.join(READERS)}.")],
    network: Annotated[
        str | None, typer.Option(help="Widths and activations, as 64-128-10 or 4-8:tanh-3. By default one hidden layer.")
    ] = None,
    loss: Annotated[
        str | None, typer.Option(help="A loss, as cross_entropy or huber(delta=2). By default the one the outputs go with.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the examples. By default 30, or 100 for 1000 rows or fewer.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Examples in a step.")] = 32,
    learning_rate: Annotated[float | None, typer.Option(help="The step size α. By default 0.1, or 0.01 for a regression.")] = None,
    l2: Annotated[float, typer.Option(help="λ of the penalty λ/2 ΣW² in the loss.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seeds the split, the first weights and the shuffling.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Where the model goes. By default DATA.safetensors here.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON instead, with the rest on the error stream.")
    ] = False,
) -> None:
    """Train a network on real data by gradient descent, after checking its gradient, and keep the model.

    A quarter of the examples is held out (of each class alike) and scored; inputs are standardised.
    """
    console = Terminal(stderr=as_json, highlight=False)
    examples = read_dataset(data)
    path = out or Path(f"{data}.safetensors")
    _require_writable(path)
    epochs = default_epochs(examples) if epochs is None else epochs
    learning_rate = default_learning_rate(examples) if learning_rate is None else learning_rate
    check_options(epochs, batch_size, learning_rate)
    run = Run(examples, network, loss, l2, seed)
    console.print(f"[bold]{data}[/]: {len(run.split.train)} examples to train on, {len(run.split.held_out)} held out")
    console.print(f"network {run.network}, {run.network.loss.spelling}, {run.network.size} parameters", markup=False)
    check = run.check()
    console.print(f"gradient check: {check}", markup=False)
    _with_progress(console, run, epochs, batch_size, learning_rate)
    run.model().save(path)
    _tell(console, run, path)
    if as_json:
        report = {
            "score": run.scores[-1], "metric": run.metric, "loss": run.losses[-1], "gradient_check": check.worst[1],
            "seconds": round(run.seconds, 3), "model": str(path),
        }  # fmt: skip
        emit(json.dumps(report) + "\n")


def _require_writable(path: Path) -> None:
    """Refuse a place that no model can be written to before anything is trained."""
    folder = path.parent
    why = "it is a folder" if path.is_dir() else f"there is no folder {folder}" if not folder.is_dir() else ""
    if why or not os.access(folder, os.W_OK):
        raise ModelFileError(f"cannot write the model to {path}: {why or f'the folder {folder} cannot be written to'}")


def _with_progress(console: Console, run: Run, epochs: int, batch_size: int, learning_rate: float) -> None:
    """A bar on a terminal, plain lines elsewhere: about ten in all."""
    if not console.is_terminal:
        every = max(1, epochs // 10)

        def tell(epoch: Epoch, score: float) -> None:
            if epoch.number % every == 0 or epoch.number == epochs:
                console.print(f"epoch {epoch.number}/{epochs}  loss {epoch.loss:.4f}  hold-out {run.metric} {score:.4f}")

        run.train(epochs, batch_size, learning_rate, tell)
        return
    columns = (TextColumn("epoch"), MofNCompleteColumn(), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=epochs)

        def advance(epoch: Epoch, score: float) -> None:
            progress.update(task, advance=1, description=f"loss {epoch.loss:.4f}  hold-out {run.metric} {score:.4f}")

        run.train(epochs, batch_size, learning_rate, advance)


def _tell(console: Console, run: Run, path: Path) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    rows = {
        "network": str(run.network),
        "parameters": str(run.network.size),
        "examples": f"{len(run.split.train)} + {len(run.split.held_out)} held out",
        "time": f"{run.seconds:.2f} s for {len(run.losses)} epochs",
        "loss": f"{run.losses[-1]:.4f}  {curve(run.losses)}",
        f"hold-out {run.metric}": f"{run.scores[-1]:.4f}  {curve(run.scores)}"
        + ("" if run.data.classes is None else f"  ({run.scores[-1]:.1%})"),
        "model": str(path),
    }
    for name, value in rows.items():
        table.add_row(name, Text(value))
    console.print()
    console.print(table)
    if run.data.classes is not None:
        console.print("\nhold-out examples, true class down, predicted across")
        console.print(_confusion_table(run.confusion(), run.data.classes, console.width))


def curve(values: list[float], width: int = 24) -> str:
    """A chart of the values in one line of block characters, from the lowest to the highest."""
    picked = np.interp(np.linspace(0, len(values) - 1, min(width, len(values))), np.arange(len(values)), values)
    low, high = float(picked.min()), float(picked.max())
    heights = np.zeros(len(picked)) if high == low else (picked - low) / (high - low) * (len(BARS) - 1)
    return "".join(BARS[round(float(height))] for height in heights)


def _confusion_table(table: Array, classes: tuple[str, ...], width: int) -> Table | str:
    """True classes down, predicted across; the worst pairs alone where a terminal is too narrow for all."""
    longest = max(len(name) for name in classes)
    cell = max(longest, len(str(table.max()))) + 2
    if longest + 8 + cell * len(classes) > width:
        wrong = [(int(table[t, p]), classes[t], classes[p]) for t, p in np.argwhere(table) if t != p]
        lines = [f"  {true} taken for {predicted}: {count}" for count, true, predicted in sorted(wrong, reverse=True)[:5]]
        return "\n".join(["  too wide for this terminal; the most confused:", *(lines or ["  none"])])
    shown = Table(box=None, pad_edge=False)
    shown.add_column("", style="bold")
    for name in classes:
        shown.add_column(name, justify="right")
    for row, name in enumerate(classes):
        shown.add_row(
            name, *(("[dim]·[/]" if not n else f"[green]{n}[/]" if row == c else f"[red]{n}[/]") for c, n in enumerate(table[row]))
        )
    return shown
