"""What `handgrad train` tells at the end: a table, curves in a line of characters, and who was taken for whom."""

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from handgrad.calculus.functions import Array
from handgrad.engine.job import Run

BARS = "▁▂▃▄▅▆▇█"


def tell(console: Console, run: Run, path: Path) -> None:
    """Print how the run went, and what its model makes of the examples held out."""
    fit = run.fit
    assert fit is not None
    aside = f" + {len(run.validated)} to stop by" if run.stops_early else ""
    rows = {
        "network": str(run.network),
        "parameters": str(run.network.size),
        "examples": f"{len(run.split.train)}{aside} + {len(run.split.held_out)} held out",
        "time": f"{fit.seconds:.2f} s for {len(fit.history)} epochs",
    }
    if fit.history:
        rows["loss"] = f"{fit.losses[-1]:.4f}  {curve(fit.losses)}"
    if run.stops_early and fit.history:
        rows[f"validation {fit.metric}"] = (
            f"{fit.scores[fit.best_epoch - 1]:.4f}  {curve(fit.scores)}  best in epoch {fit.best_epoch}"
        )
    score = run.score()
    parts = [f"{score:.4f}", "" if run.stops_early or fit.metric == "loss" else curve(fit.scores)]
    parts.append("" if run.data.classes is None else f"({score:.1%})")
    rows[f"hold-out {run.metric}"] = "  ".join(filter(None, parts))
    rows["model"] = str(path)
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, Text(value))
    console.print()
    if fit.stopped in ENDS:
        console.print(ENDS[fit.stopped].format(epoch=len(fit.history), best=fit.best_epoch), markup=False)
    console.print(table)
    if run.data.classes is not None:
        console.print("\nhold-out examples, true class down, predicted across")
        console.print(_confusion_table(run.confusion(), run.data.classes, console.width))


ENDS = {
    "interrupted": "interrupted after {epoch} whole epochs: the best parameters so far are kept",
    "early stopping": "stopped after epoch {epoch}: the parameters of epoch {best}, the best, are kept",
    "converged": "converged after {epoch} iterations",
}
"""What is said of a run that did not go through all its epochs."""


def curve(values: list[float], width: int = 24) -> str:
    """A chart of the values in one line of block characters, from the lowest to the highest."""
    if not values:
        return ""
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
