"""What a training step costs, side by side with the peers: python -m benchmarks.steps [--quick] [--rows 2-3-2] [--peers jax_scan].

For every row (a network, a batch, a dtype) each peer runs in a fresh process on the same processors, one after the other, round by
round: same rows in the same order, same first weights, same update rule. What each has learned is compared by its loss. The
ceiling is what the matrix products of the step take by themselves. See peers/job.py for what is timed.
"""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.common import CEILING, NAMES, OURS, RULES, MissingError
from benchmarks.steps_report import draw, drawn, show

TOLERANCE = 0.01
"""How far, relative to ours, the loss after the run may be before it is marked: float32 is not the same to the last digit."""


@dataclass(frozen=True)
class Row:
    """A network to measure, the steps of its epoch, and with whom; `group` is the table that it stands in."""

    group: str
    network: str
    batch: int
    steps: int
    dtype: str = "float32"
    peers: tuple[str, ...] = tuple(NAMES)
    rules: tuple[str, ...] = RULES

    @property
    def widths(self) -> list[int]:
        """The widths; 128×10 in the spelling is ten layers of 128."""
        parts = (part.split("×") for part in self.network.split("-"))
        return [int(width) for width, *times in parts for _ in range(int(times[0]) if times else 1)]


SEVEN = (
    Row("seven", "2-3-2", 1, 4000),
    Row("seven", "64-32-10", 32, 300),
    Row("seven", "784-128-10", 64, 100),
    Row("seven", "784-100-10", 200, 50),
    Row("seven", "50-256-256-256-10", 256, 30),
    Row("seven", "784-512-512-10", 128, 24),
    Row("seven", "1024-2048-2048-1000", 256, 4),
)
DEEP = Row("deep", "64-128×10-10", 128, 40)
BATCHES = ("batches", "batches64")
SWEEP = tuple(
    Row(group, "784-128-10", batch, max(4, min(512, 8192 // batch)), dtype, peers, ("gradient_descent",))
    for group, dtype, peers in (
        (BATCHES[0], "float32", (OURS, "scikit_learn", "pytorch_eager", "jax_scan")),
        (BATCHES[1], "float64", (OURS, "scikit_learn")),
    )
    for batch in (4**power for power in range(7))
)
ROWS = (*SEVEN, DEEP, *SWEEP)


def chosen(names: Sequence[str] | None) -> list[Row]:
    """The rows of these groups or networks (the batches go by their groups' names); all of them for None."""
    return [row for row in ROWS if names is None or row.group in names or (row.network in names and row not in SWEEP)]


def measured(row: Row, rounds: int, folder: Path, about: dict[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
    """Run a row: what each peer found over the rounds, or why it is missing, and the ratios between them."""
    common.write_job(folder, row.widths, row.batch, row.steps, dtype=row.dtype, rules=row.rules, **about)
    runs: dict[str, list[Any]] = {peer: [] for peer in (CEILING, *row.peers)}
    missing: dict[str, str] = {}
    for number in range(rounds):
        order = list(runs)
        first = number % len(order)  # nobody always runs first
        for peer in order[first:] + order[:first]:
            if peer in missing:
                continue
            tell(f"{row.network}, {row.batch}, {row.dtype}, round {number + 1}: {NAMES.get(peer, 'the ceiling')}")
            try:
                found = ceiling_of(folder) if peer == CEILING else common.peer(peer, folder)
            except MissingError as error:
                missing[peer] = str(error)
            else:
                runs[peer].append(found)
    there = [peer for peer in row.peers if runs[peer]]
    ceiling: dict[str, float] = {}
    for way, seconds in (item for run in runs[CEILING] for item in run.items()):
        ceiling[way] = min(seconds, ceiling.get(way, math.inf))
    rules = {rule: {peer: summary([run["rules"][rule] for run in runs[peer]], row.steps) for peer in there} for rule in row.rules}
    for peers in rules.values():
        add_ratios(peers, common.flops(row.widths, row.batch), min(ceiling.values(), default=math.nan))
    return {
        "group": row.group,
        "network": row.network,
        "batch": row.batch,
        "dtype": row.dtype,
        "flops": common.flops(row.widths, row.batch),
        "ceiling": ceiling,
        "rules": rules,
        "memory": {peer: {key: max(run["memory"][key] for run in runs[peer]) for key in runs[peer][0]["memory"]} for peer in there},
        "missing": missing,
    }


def ceiling_of(folder: Path) -> dict[str, float]:
    """Seconds of a step's products in every way, with each of the kernels that OpenBLAS may have for the processor."""
    found: dict[str, float] = {}
    why = MissingError("no kernels")
    for kernels in common.blas_kernels():
        try:
            ways = common.peer(CEILING, folder, {"OPENBLAS_CORETYPE": kernels} if kernels else {})
        except MissingError as error:
            why = error
        else:
            found |= {f"{way}, {kernels}" if kernels else way: seconds for way, seconds in ways.items()}
    if not found:
        raise why
    return found


def summary(runs: list[dict[str, Any]], steps: int) -> dict[str, Any]:
    """Seconds per step of a peer: the best of all epochs, their median, the best of each round; and the loss after them."""
    rounds = [[seconds / steps for seconds in run["seconds"]] for run in runs]
    every = [seconds for found in rounds for seconds in found]
    return {"best": min(every), "median": statistics.median(every), "rounds": list(map(min, rounds)), "loss": runs[0]["loss"]}


def add_ratios(peers: dict[str, dict[str, Any]], flops: int, ceiling: float) -> None:
    """Write beside each peer its rate, its share of the ceiling, how many times ours it takes, and whether it learned the same."""
    ours = peers.get(OURS)
    for cost in peers.values():
        cost["gflops"], cost["of_ceiling"] = flops / cost["best"] / 1e9, ceiling / cost["best"]
        if ours:
            cost["ratio"] = cost["best"] / ours["best"]
            cost["same_loss"] = math.isclose(cost["loss"], ours["loss"], rel_tol=TOLERANCE)


def geometric_mean(rows: list[dict[str, Any]], rule: str) -> float | None:
    """How many times ours the best peer of each of the seven rows takes; None where a row or ours is missing."""
    best = []
    for row in rows:
        ratios = [cost["ratio"] for peer, cost in row["rules"].get(rule, {}).items() if peer != OURS and "ratio" in cost]
        if row["group"] == "seven" and ratios:
            best.append(min(ratios))
    return statistics.geometric_mean(best) if len(best) == len(SEVEN) else None


def main() -> None:
    """Measure what is asked for, print it, and keep it."""
    parser = common.arguments(__doc__, "steps.json")
    parser.add_argument("--rows", nargs="+", help="only these networks, as 2-3-2, or groups: seven, deep, batches, batches64")
    parser.add_argument("--peers", nargs="+", choices=tuple(NAMES), default=tuple(NAMES), help="only these")
    parser.add_argument("--rules", nargs="+", choices=RULES, default=RULES, help="only these")
    parser.add_argument("--rounds", type=int, default=3, help="how often each peer runs; once for the batches")
    args = parser.parse_args()
    rounds = 1 if args.quick else args.rounds
    about: dict[str, Any] = {
        "threads": common.pin(args.cpus),
        "repeats": 1 if args.quick else 2,
        "seconds": 0.02 if args.quick else 0.3,
    }
    console = common.console()
    results: dict[str, Any] = {"machine": common.machine(about["threads"]), "rounds": rounds, "quick": args.quick, "rows": []}
    started = time.perf_counter()
    with common.scratch() as scratch, console.status("") as status:
        for number, row in enumerate(chosen(args.rows)):
            peers = tuple(peer for peer in row.peers if peer in args.peers)
            rules = tuple(rule for rule in row.rules if rule in args.rules)
            steps = max(2, row.steps // 10) if args.quick else row.steps
            folder = scratch / str(number)
            folder.mkdir()
            if rules:
                row = replace(row, peers=peers, rules=rules, steps=steps)  # noqa: PLW2901  # as it is measured
                results["rows"].append(measured(row, 1 if row.group in BATCHES else rounds, folder, about, status.update))
    results["geometric_means"] = {rule: geometric_mean(results["rows"], rule) for rule in args.rules}
    results["seconds"] = round(time.perf_counter() - started)
    show(console, results)
    common.save(args.results, results, console, draw if drawn(results) else None)


if __name__ == "__main__":
    main()
