"""How the cost of training grows with the examples and with the parameters: python -m benchmarks.scaling [--quick].

Over two decades of each: seconds per epoch against the examples of one network, and seconds per step against the parameters of
networks of three layers of one width, in fresh processes on the same processors. The slope is that of a straight line through the
logarithms, by least squares: 1 is linear growth.
"""

from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks import common
from benchmarks.common import OURS, MissingError
from handgrad.network import Network

BATCH, STEPS = 128, 16
EXAMPLES = tuple(BATCH * steps for steps in (8, 16, 32, 64, 128, 256, 512, 800))
NETWORK = (256, 128, 128, 10)
WIDTHS = (64, 96, 128, 192, 256, 384, 512, 704)


def cost(widths: tuple[int, ...], steps: int, folder: Path, about: dict[str, Any]) -> dict[str, float]:
    """The best seconds of an epoch by update rule. Raises MissingError."""
    folder.mkdir()
    common.write_job(folder, widths, BATCH, steps, dtype="float32", rules=common.RULES, **about)
    found = common.peer(OURS, folder)
    return {rule: min(figures["seconds"]) for rule, figures in found["rules"].items()}


def slope(x: list[float], y: list[float]) -> float:
    """The slope of the straight line through the logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def draw(axis: Any, results: dict[str, Any]) -> None:
    """Both series, in logarithms, each over its smallest."""
    for name, series in results["series"].items():
        for rule, marker in zip(common.RULES, "os", strict=True):
            x, y = np.array(series["x"]), np.array(series[rule]) / series[rule][0]
            axis.loglog(x / x[0], y, f"{marker}-", label=f"{name}, {rule.replace('_', ' ')}: slope {series['slopes'][rule]:.2f}")
    axis.loglog([1, 100], [1, 100], "k:", linewidth=1, label="linear")
    axis.set_xlabel("examples, or parameters, times the fewest")
    axis.set_ylabel("time, times the least")
    axis.legend(frameon=False)


def main() -> None:
    """Measure both series, print them with their slopes, and keep them."""
    args = common.arguments(__doc__, "scaling.json").parse_args()
    about: dict[str, Any] = {
        "threads": common.pin(args.cpus),
        "repeats": 1 if args.quick else 3,
        "seconds": 0.02 if args.quick else 0.5,
    }
    console, every = common.console(), 3 if args.quick else 1
    plan = {
        "examples": [(examples, NETWORK, examples // BATCH) for examples in EXAMPLES[::every]],
        "parameters": [
            (Network(widths).size, widths, STEPS) for widths in ((width, width, width, width) for width in WIDTHS[::every])
        ],
    }
    results: dict[str, Any] = {"machine": common.machine(about["threads"]), "quick": args.quick, "batch": BATCH, "series": {}}
    with common.scratch() as scratch, console.status("") as status:
        for name, points in plan.items():
            series: dict[str, Any] = {"x": [x for x, _, _ in points], **{rule: [] for rule in common.RULES}}
            for x, widths, steps in points:
                status.update(f"{name}: {x}")
                try:
                    taken = cost(widths, steps, scratch / f"{name}-{x}", about)
                except MissingError as error:
                    raise SystemExit(f"handgrad's engine could not be measured: {error}") from None
                for rule, seconds in taken.items():
                    series[rule].append(seconds if name == "examples" else seconds / steps)
            series["slopes"] = {rule: slope(series["x"], series[rule]) for rule in common.RULES}
            results["series"][name] = series
    for name, series in results["series"].items():
        table = Table(title=f"milliseconds per {'epoch' if name == 'examples' else 'step'} by {name}", title_justify="left")
        for heading in (name, *(rule.replace("_", " ") for rule in common.RULES)):
            table.add_column(heading, justify="right")
        for place, x in enumerate(series["x"]):
            table.add_row(f"{x:,}", *(f"{series[rule][place] * 1e3:.4g}" for rule in common.RULES))
        table.add_row("slope", *(f"{series['slopes'][rule]:.3f}" for rule in common.RULES))
        console.print(table)
    console.print(common.described(results["machine"]), markup=False)
    common.save(args.results, results, console, draw)


if __name__ == "__main__":
    main()
