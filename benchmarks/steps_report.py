"""The tables and the plot of steps.py, from its results."""

import math
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import common
from benchmarks.common import NAMES, OURS, RULES

Found = dict[str, Any]


def microseconds(seconds: float) -> str:
    """Microseconds: four digits, or all before the point."""
    value = seconds * 1e6
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def cell(cost: Found | None, *, best: bool) -> str:
    """A peer's microseconds, and how many times ours that is; ≠ where it learned something else."""
    if cost is None:
        return "–"
    text = microseconds(cost["best"])
    if "ratio" in cost:
        text += f" ({cost['ratio']:.3g}×)" + ("" if cost["same_loss"] else " ≠")
    return f"[bold]{text}[/]" if best else text


def name_of(row: Found) -> str:
    """A row's name."""
    return f"{row['network']}, {row['batch']}" + ("" if row["dtype"] == "float32" else f", {row['dtype']}")


def times(rows: list[Found], rule: str) -> Table:
    """Ours, the ceiling, and the peers, row by row."""
    peers = [peer for peer in NAMES if peer != OURS and any(peer in row["rules"][rule] for row in rows)]
    made = Table(
        title=f"{rule.replace('_', ' ')}: microseconds per step, the best of all epochs (times ours)", title_justify="left"
    )
    made.add_column("network, batch", overflow="fold")
    for name in ("handgrad", "median", "GFLOP/s", "ceiling", "of it", *(NAMES[peer] for peer in peers)):
        made.add_column(name, justify="right")
    for row in rows:
        costs, rate = row["rules"][rule], row["flops"] / min(row["ceiling"].values(), default=math.nan) / 1e9
        about = ["–", "–", "–", f"{rate:.3g}", "–"]
        if ours := costs.get(OURS):
            figures = (microseconds(ours["best"]), microseconds(ours["median"]), f"{ours['gflops']:.3g}")
            about = [*figures, f"{rate:.3g}", f"{ours['of_ceiling']:.0%}"]
        fastest = min((costs[peer]["best"] for peer in peers if peer in costs), default=0)
        cells = (cell(costs.get(peer), best=peer in costs and costs[peer]["best"] == fastest) for peer in peers)
        made.add_row(name_of(row), *about, *cells)
    return made


def memory(rows: list[Found]) -> Table:
    """The memory of each peer's process, both update rules one after the other."""
    peers = [peer for peer in NAMES if any(row["memory"].get(peer) for row in rows)]
    made = Table(title="memory: MiB at the peak (of them added to the imports and the data)", title_justify="left")
    made.add_column("network, batch", overflow="fold")
    for peer in peers:
        made.add_column(NAMES[peer], justify="right")
    for row in rows:
        held = (row["memory"].get(peer) for peer in peers)
        made.add_row(name_of(row), *(f"{found['peak']:.0f} ({found['added']:.0f})" if found else "–" for found in held))
    return made


def show(console: Console, results: Found) -> None:
    """Print every table, the means, and what is missing."""
    rows = results["rows"]
    for group in dict.fromkeys(row["group"] for row in rows):
        for rule in RULES:
            if chosen := [row for row in rows if row["group"] == group and rule in row["rules"]]:
                console.print(times(chosen, rule))
    if any(found for row in rows for found in row["memory"].values()):
        console.print(memory(rows))
    for rule, mean in results["geometric_means"].items():
        said = "(needs ours and a peer in all of them)" if mean is None else f"{mean:.2f}"
        console.print(f"{rule}: the best peer of each of the seven rows takes, times ours, in the geometric mean: {said}")
    skipped: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for peer, why in row["missing"].items():
            skipped.setdefault((NAMES.get(peer, "the ceiling"), why), []).append(name_of(row))
    for (peer, why), names in skipped.items():
        console.print(f"skipped: {peer} ({why}) in {'; '.join(names)}", markup=False)
    console.print(
        f"Bold is the fastest peer; ≠ means another loss after the run. {common.described(results['machine'])}", markup=False
    )


def drawn(results: Found, rule: str = "gradient_descent") -> list[Found]:
    """The rows that are drawn."""
    return [row for row in results["rows"] if row["group"] in {"seven", "deep"} and OURS in row["rules"].get(rule, {})]


def draw(axis: Any, results: Found, rule: str = "gradient_descent") -> None:
    """Each peer's time per step over ours in the first rows, and that of the products alone."""
    rows = drawn(results, rule)
    axis.figure.set_size_inches(7.5, 0.4 * len(rows) + 1)
    for peer, marker in zip((peer for peer in NAMES if peer != OURS), "osD^v", strict=True):
        there = [(row["rules"][rule][peer]["ratio"], place) for place, row in enumerate(rows) if peer in row["rules"][rule]]
        axis.plot([ratio for ratio, _ in there], [place for _, place in there], marker, label=NAMES[peer], alpha=0.8)
    axis.plot(
        [row["rules"][rule][OURS]["of_ceiling"] for row in rows], range(len(rows)), "k|", markersize=12, label="products alone"
    )
    axis.axvline(1, color="black", linewidth=1)
    axis.set_xscale("log")
    axis.set_yticks(range(len(rows)), [name_of(row) for row in rows])
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlabel(f"time of a step of {rule.replace('_', ' ')}, handgrad = 1 (left is faster)")
    axis.figure.legend(loc="outside right upper", frameon=False)
