"""What every peer is told and what it tells: `python -m benchmarks.peers.NAME FOLDER` reads a job and prints a line of JSON.

FOLDER holds job.json (widths, batch, dtype, rules, learning_rates, repeats, seconds, threads) and X.npy (rows × n_0), labels.npy,
W1.npy … (n_l × n_{l-1}), b1.npy …, orders.npy (epochs × steps × batch, row numbers). A peer brings `prepare(job, rule)`, which
makes the data its own and returns two functions: `epoch(order)`, that takes the steps of one epoch, gathers each shuffled
mini-batch itself, and comes back when they are done; and `read()`, that returns the weights and biases in the form of the job.

The first epoch (compilation) is not counted. After `repeats` more, the parameters are read, and the loss is computed here, in
float64, over all rows, so that nobody wins by computing something else. Then epochs go on until `seconds` are used up.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Epoch = Callable[[Array], None]
Read = Callable[[], tuple[list[Array], list[Array]]]
MOST_EPOCHS = 200


@dataclass(frozen=True)
class Job:
    """A network with its first parameters, rows in the orders of the epochs, and how long to run."""

    widths: list[int]
    batch: int
    dtype: str
    rules: list[str]
    learning_rates: dict[str, float]
    repeats: int
    seconds: float
    threads: int
    X: Array
    labels: Array
    W: list[Array]
    b: list[Array]
    orders: Array

    @cached_property
    def Y(self) -> Array:
        """The labels as rows of 0 and 1."""
        return np.eye(self.widths[-1], dtype=self.dtype)[self.labels]


def read_job(folder: Path) -> Job:
    """Read a job as steps.py wrote it."""
    about = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    layers = range(1, len(about["widths"]))
    arrays: dict[str, Any] = {name: np.load(folder / f"{name}.npy") for name in ("X", "labels", "orders")}
    parameters: dict[str, Any] = {name: [np.load(folder / f"{name}{layer}.npy") for layer in layers] for name in ("W", "b")}
    return Job(**about, **arrays, **parameters)


def loss(job: Job, W: list[Array], b: list[Array]) -> float:
    """The cross-entropy over all rows, in float64."""
    A = job.X.astype(np.float64)
    for layer, (weights, bias) in enumerate(zip(W, b, strict=True), 1):
        A = A @ weights.astype(np.float64).T + bias
        if layer < len(W):
            A = np.maximum(A, 0)
    top = A.max(axis=1)
    logs = np.log(np.exp(A - top[:, None]).sum(axis=1)) + top
    return float((logs - A[np.arange(len(A)), job.labels]).mean())


def memory() -> dict[str, float]:
    """MiB that this process holds, and the most that it ever held; empty where the system does not tell."""
    status = Path("/proc/self/status")  # getrusage would count the process that started this one
    if not status.exists():
        return {}
    lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    return {"now": int(lines["VmRSS"].split()[0]) / 1024, "peak": int(lines["VmHWM"].split()[0]) / 1024}


def fastest_threads(job: Job, run: Callable[[], None], limit: Callable[[int], Any]) -> None:
    """Limit a peer to one thread or all of them, whichever `run` is faster with; its parameters are to be set anew after this."""
    taken = {}
    for threads in {1, job.threads}:
        limit(threads)
        run()
        start = time.perf_counter()
        run()
        taken[threads] = time.perf_counter() - start
    limit(min(taken, key=lambda threads: taken[threads]))


def timed(job: Job, rule: str, prepare: Callable[[Job, str], tuple[Epoch, Read]]) -> dict[str, Any]:
    """Run one update rule: the seconds of each epoch, and the loss after the run."""
    epoch, read = prepare(job, rule)
    seconds: list[float] = []
    found = float("nan")
    number = 0
    while number <= job.repeats or (sum(seconds) < job.seconds and number < MOST_EPOCHS):
        order = job.orders[number % len(job.orders)]
        start = time.perf_counter()
        epoch(order)
        taken = time.perf_counter() - start
        if number:
            seconds.append(taken)
        if number == job.repeats:
            found = loss(job, *read())
        number += 1
    return {"seconds": seconds, "loss": found}


def main(prepare: Callable[[Job, str], tuple[Epoch, Read]]) -> None:
    """Be a peer: run the job that is named; print the figures of each rule, and MiB at the peak and beyond imports and data."""
    job = read_job(Path(sys.argv[1]))
    before = memory()
    rules = {rule: timed(job, rule, prepare) for rule in job.rules}
    after = memory()
    held = {"peak": after["peak"], "added": after["peak"] - before["now"]} if after else {}
    print(json.dumps({"rules": rules, "memory": held}))
