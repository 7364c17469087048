"""Wall time to a given accuracy on held-out data, imports and compilation included: python -m benchmarks.to_accuracy [--quick].

Each contender runs in a fresh process on the same processors; the clock starts before the process does and is read when it has
written the line of the first epoch at the accuracy that is asked for. All learn with the same rule, batches, order and first
weights (see learn.py), and handgrad a second time as its command does by itself: own network, scaling, schedule and gradient
check, from the files of the data set. Cold is with nothing compiled kept, warm with what the cold run of the round left.
"""

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import common
from benchmarks.common import NAMES, MissingError
from handgrad.datasets import Dataset, read_dataset
from handgrad.errors import HandgradError
from handgrad.training import stratified_split

COMMAND = "handgrad_command"
CONTENDERS = {COMMAND: "handgrad train, its defaults", **NAMES}
LINE = re.compile(r"epoch (?P<epoch>\d+).*accuracy (?P<accuracy>[01]\.\d+)")
MOST_SECONDS = 300


@dataclass(frozen=True)
class Task:
    """A data set, the network and batch of the peers, the accuracy to reach, and the epochs after which a peer gives up."""

    data: str
    hidden: tuple[int, ...]
    batch: int
    target: float
    epochs: int
    largest: float
    """What the inputs are divided by."""


TASKS = (Task("digits", (128,), 32, 0.97, 60, 16.0), Task("fashion_mnist", (256, 128), 128, 0.88, 20, 255.0))


def write_data(task: Task, data: Dataset, folder: Path, threads: int) -> None:
    """Write what learn.py reads: the same examples held out as by the command."""
    if data.held_out:
        train, test = np.arange(len(data.y))[: -data.held_out], np.arange(len(data.y))[-data.held_out :]
    else:
        split = stratified_split(data, np.random.default_rng(0))
        train, test = split.train, split.held_out
    widths = [data.X.shape[1], *task.hidden, len(data.classes or ())]
    about = {"dtype": "float32", "rules": ["adam"], "repeats": 0, "seconds": 0.0, "threads": threads}
    common.write_job(folder, widths, task.batch, 1, **about)
    for rows, ending in ((train, ""), (test, "_test")):
        np.save(folder / f"X{ending}.npy", (data.X[rows] / np.float32(task.largest)).astype(np.float32))
        np.save(folder / f"labels{ending}.npy", data.y[rows])


def run(command: Sequence[str], target: float, environment: dict[str, str], *, to_end: bool) -> dict[str, Any]:
    """Seconds and epochs to the target, and every accuracy on the way; None where it was not reached. Raises MissingError."""
    start, reached, accuracies, lines = time.perf_counter(), None, [], []
    with subprocess.Popen(
        command, cwd=common.ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            now = time.perf_counter() - start
            lines.append(line.strip())
            if match := LINE.search(line):
                accuracies.append((int(match["epoch"]), float(match["accuracy"]), round(now, 3)))
                if reached is None and accuracies[-1][1] >= target:
                    reached = accuracies[-1]
            if now > MOST_SECONDS or (reached and not to_end):
                process.kill()
    if not accuracies:
        raise MissingError(next((line for line in reversed(lines) if line), f"ended with {process.returncode}"))
    found = {"seconds": reached[2] if reached else None, "epochs": reached[0] if reached else None, "accuracies": accuracies}
    return found | ({"whole": round(time.perf_counter() - start, 3)} if to_end else {})


def command_of(contender: str, task: Task, folder: Path, epochs: int) -> list[str]:
    """What is run."""
    if contender == COMMAND:
        program = str(Path(sys.executable).with_name("handgrad"))
        return [program, "train", task.data, "--out", str(folder / "model.safetensors")]
    return common.python("learn", contender, str(folder), str(epochs))


def measured(
    task: Task, contenders: Sequence[str], rounds: int, scratch: Path, threads: int, *, quick: bool, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Run a task round by round, cold and then warm. Raises HandgradError where the data are not there."""
    folder = scratch / task.data
    folder.mkdir()
    write_data(task, read_dataset(task.data), folder, threads)
    epochs = 1 if quick else task.epochs
    found: dict[str, Any] = {contender: {"cold": [], "warm": []} for contender in contenders}
    missing: dict[str, str] = {}
    for number in range(rounds):
        for state in ("cold", "warm"):
            for contender in [name for name in contenders if name not in missing]:
                tell(f"{task.data}, round {number + 1}, {state}: {CONTENDERS[contender]}")
                kept = common.caches(scratch / f"caches-{task.data}-{number}-{contender}")
                environment = {**common.environment(kept), "PYTHONUNBUFFERED": "1", "COLUMNS": "120"}
                try:
                    made = run(command_of(contender, task, folder, epochs), task.target, environment, to_end=contender == COMMAND)
                except MissingError as error:
                    missing[contender] = str(error)
                else:
                    found[contender][state].append(made)
    runs = {name: states for name, states in found.items() if name not in missing}
    return {"data": task.data, "target": task.target, "hidden": task.hidden, "batch": task.batch, "runs": runs, "missing": missing}


def seconds(runs: list[dict[str, Any]]) -> str:
    """The median of the runs that reached the target, and the least and the most."""
    reached = [run["seconds"] for run in runs if run["seconds"] is not None]
    if len(reached) < len(runs) or not runs:
        return "not reached"
    return f"{statistics.median(reached):.2f} ({min(reached):.2f}–{max(reached):.2f})"


def show(console: Console, results: dict[str, Any]) -> None:
    """Print a table for every task, and what is missing."""
    for task in results["tasks"]:
        network = "-".join(map(str, task["hidden"]))
        about = f"hidden layers {network}, batch {task['batch']}, Adam"
        table = Table(
            title=f"{task['data']}: seconds to {task['target']:.0%} of the test set, median (range); {about}", title_justify="left"
        )
        table.add_column("")
        for name in ("warm", "cold", "epochs", "highest accuracy", "whole run"):
            table.add_column(name, justify="right")
        for contender, states in task["runs"].items():
            both = states["warm"] + states["cold"]
            epochs = sorted({run["epochs"] for run in both if run["epochs"]})
            highest = max(accuracy for run in both for _, accuracy, _ in run["accuracies"])
            whole = [run["whole"] for run in states["warm"] if "whole" in run]
            last = f"{statistics.median(whole):.2f} ({both[0]['accuracies'][-1][1]:.2%} at its end)" if whole else "–"
            shown = ("–" if not epochs else "–".join(map(str, dict.fromkeys((epochs[0], epochs[-1])))), f"{highest:.2%}", last)
            table.add_row(CONTENDERS[contender], seconds(states["warm"]), seconds(states["cold"]), *shown)
        console.print(table)
        for contender, why in task["missing"].items():
            console.print(f"skipped: {CONTENDERS[contender]} ({why})", markup=False)
    for name, why in results["missing"].items():
        console.print(f"skipped: {name} ({why})", markup=False)
    console.print(common.described(results["machine"]), markup=False)


def draw(axis: Any, results: dict[str, Any]) -> None:
    """Accuracy against wall time in the first warm round of the last task."""
    for task in results["tasks"][-1:]:
        for contender, states in task["runs"].items():
            if states["warm"]:
                _, accuracies, times = zip(*states["warm"][0]["accuracies"], strict=True)
                axis.plot(times, accuracies, "o-", markersize=3, label=CONTENDERS[contender])
        axis.axhline(task["target"], color="black", linewidth=0.5)
        axis.set_ylabel(f"accuracy on the test set of {task['data']}")
    axis.set_xlim(left=0)
    axis.set_xlabel("seconds since the start of the process")
    axis.legend(frameon=False)


def main() -> None:
    """Measure what is asked for, print it, and keep it."""
    parser = common.arguments(__doc__, "to_accuracy.json")
    parser.add_argument("--data", nargs="+", choices=[task.data for task in TASKS], help="only these")
    parser.add_argument("--peers", nargs="+", choices=tuple(CONTENDERS), default=tuple(CONTENDERS), help="only these")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    threads, console = common.pin(args.cpus), common.console()
    results: dict[str, Any] = {"machine": common.machine(threads), "quick": args.quick, "tasks": [], "missing": {}}
    with common.scratch() as scratch, console.status("") as status:
        for task in TASKS:
            if args.data and task.data not in args.data:
                continue
            rounds = 1 if args.quick else args.rounds
            try:
                made = measured(task, args.peers, rounds, scratch, threads, quick=args.quick, tell=status.update)
            except HandgradError as error:
                results["missing"][task.data] = str(error)
            else:
                results["tasks"].append(made)
    show(console, results)
    common.save(args.results, results, console, draw if results["tasks"] and results["tasks"][-1]["runs"] else None)


if __name__ == "__main__":
    main()
