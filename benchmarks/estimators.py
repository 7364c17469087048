"""The estimators beside scikit-learn's of the same names: python -m benchmarks.estimators [--quick].

MLPClassifier and MLPRegressor of both packages, with the same settings and the same random_state, behind a StandardScaler in a
Pipeline, on scikit-learn's small data sets: 5 folds (stratified for classes), shuffled anew in every repeat. What is measured is
the score on the held-out fold (accuracy, R²) and the seconds of the pipeline's fit. Both run in this process on the same
processors and take turns in going first. scikit-learn has one thread or all of them, whichever is faster for the row; handgrad
decides by itself. One fit of each is not counted, and is given beside: in a row that is the first of its kind in the process,
handgrad's compiles, or reads what it compiled before.

The standard error of a mean score is that of the folds, taken as independent of each other (their training sets overlap, so the
true one is larger: the comparison is strict). The difference of the means is told in standard errors of scikit-learn's.
"""

import math
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn import datasets, neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import handgrad
from benchmarks import common
from benchmarks.common import NAMES, OURS

THEIRS = "scikit_learn"
PACKAGES: dict[str, Any] = {OURS: handgrad, THEIRS: neural_network}
FOLDS = 5


@dataclass(frozen=True)
class Data:
    """A data set: its name, how it is read, the class that learns it, and settings without which both learn nothing from it."""

    name: str
    read: Callable[..., Any]
    learner: str = "MLPClassifier"
    settings: tuple[tuple[str, Any], ...] = ()

    def folds(self, X: Any, y: Any, seed: int) -> Iterator[tuple[Any, Any]]:
        """The numbers of the training and the test rows of each fold."""
        kind = StratifiedKFold if self.learner == "MLPClassifier" else KFold
        yield from kind(FOLDS, shuffle=True, random_state=seed).split(X, y)


DATA = (
    Data("iris", datasets.load_iris),
    Data("wine", datasets.load_wine),
    Data("breast_cancer", datasets.load_breast_cancer),
    Data("digits", datasets.load_digits),
    # its targets are about 150: after 200 iterations of the default learning rate R² is below 0
    Data("diabetes", datasets.load_diabetes, "MLPRegressor", (("max_iter", 500),)),
)
SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "early stopping": {"early_stopping": True},
    "two layers": {"hidden_layer_sizes": (256, 128)},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.01, "batch_size": 32},
    "lbfgs": {"solver": "lbfgs"},
}
UNSUITED = {("sgd", "diabetes")}
"""Rows left out: squared error on targets of that size diverges in both packages at that learning rate."""


@dataclass(frozen=True)
class Fold:
    """One fit: which estimator with which settings, and the rows."""

    learner: str
    settings: Mapping[str, Any]
    X: Any
    y: Any
    train: Any
    test: Any

    def run(self, package: str, threads: int) -> tuple[float, float, int]:
        """The score on the test rows, the seconds of the fit, and the number of iterations; BLAS has that many threads."""
        made = make_pipeline(StandardScaler(), getattr(PACKAGES[package], self.learner)(**self.settings))
        X, y = self.X[self.train], self.y[self.train]
        with warnings.catch_warnings(), threadpool_limits(threads):
            warnings.simplefilter("ignore", ConvergenceWarning)
            start = time.perf_counter()
            made.fit(X, y)
            seconds = time.perf_counter() - start
        return float(made.score(self.X[self.test], self.y[self.test])), seconds, int(made[-1].n_iter_)


def measured(data: Data, setting: str, repeats: int, threads: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Run both packages on all folds of a data set."""
    X, y = data.read(return_X_y=True)
    settings = {**SETTINGS[setting], **dict(data.settings)}
    folds = [
        Fold(data.learner, {**settings, "random_state": repeat * FOLDS + number}, X, y, train, test)
        for repeat in range(repeats)
        for number, (train, test) in enumerate(data.folds(X, y, repeat))
    ]
    tell(f"{data.name}, {setting}: the first fits")
    first = {OURS: folds[0].run(OURS, threads)[1], THEIRS: folds[0].run(THEIRS, 1)[1]}
    trials = {n: folds[0].run(THEIRS, n)[1] for n in {1, threads}}
    fastest = min(trials, key=lambda n: trials[n])
    runs: dict[str, list[tuple[float, float, int]]] = {package: [] for package in PACKAGES}
    for number, fold in enumerate(folds):
        tell(f"{data.name}, {setting}: fit {number + 1} of {len(folds)}")
        for package in list(PACKAGES)[:: -1 if number % 2 else 1]:
            runs[package].append(fold.run(package, threads if package == OURS else fastest))
    peers = {package: summary(found, first[package]) for package, found in runs.items()}
    ours, theirs = peers[OURS], peers[THEIRS]
    return {
        "data": data.name,
        "setting": setting,
        "learner": data.learner,
        "settings": {name: repr(value) for name, value in settings.items()},
        "rows": len(X),
        "features": X.shape[1],
        "peers": peers,
        "their_threads": fastest,
        "difference": in_errors(ours["score"] - theirs["score"], theirs["error"]),
        "equal": sum(math.isclose(a, b, rel_tol=1e-6) for a, b in zip(ours["scores"], theirs["scores"], strict=True)),
        "ratio": theirs["seconds"] / ours["seconds"],
    }


def summary(runs: list[tuple[float, float, int]], first: float) -> dict[str, Any]:
    """The mean score with its standard error, the median seconds of a fit, the seconds of the first one, the median iterations."""
    scores, seconds, iterations = map(list, zip(*runs, strict=True))
    return {
        "score": statistics.fmean(scores),
        "error": statistics.stdev(scores) / math.sqrt(len(scores)),
        "seconds": statistics.median(seconds),
        "first": first,
        "iterations": statistics.median(iterations),
        "scores": scores,
        "every": seconds,
    }


def in_errors(difference: float, error: float) -> float | None:
    """A difference in standard errors: 0 where there is none, None where the error is 0."""
    return 0.0 if difference == 0 else difference / error if error else None


def milliseconds(seconds: float) -> str:
    """Three digits, or all before the point."""
    value = seconds * 1e3
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def score(peer: dict[str, Any]) -> str:
    """A mean score and its standard error."""
    return f"{peer['score']:.4f} ± {peer['error']:.4f}"


def show(console: Console, results: dict[str, Any]) -> None:
    """Print a table for every group of settings, and on what was measured."""
    for setting, given in SETTINGS.items():
        rows = [row for row in results["rows"] if row["setting"] == setting]
        if not rows:
            continue
        said = ", ".join(f"{name}={value!r}" for name, value in given.items())
        table = Table(title=f"{setting}: {said}" if said else "the defaults of both", title_justify="left")
        table.add_column("data", no_wrap=True)
        for name in ("score of handgrad", "of scikit-learn", "difference", "equal folds", "iterations"):
            table.add_column(name, justify="right")
        for name in ("handgrad, ms", "scikit-learn, ms (threads)", "times as long", "first fit, ms"):
            table.add_column(name, justify="right")
        for row in rows:
            ours, theirs = row["peers"][OURS], row["peers"][THEIRS]
            more = {name: value for name, value in row["settings"].items() if name not in given}
            difference = "–" if row["difference"] is None else f"{row['difference']:+.2f} SE"
            table.add_row(
                ", ".join([row["data"], *(f"{name}={value}" for name, value in more.items())]),
                score(ours),
                score(theirs),
                difference,
                f"{row['equal']} of {len(ours['scores'])}",
                f"{ours['iterations']:g}, {theirs['iterations']:g}",
                f"[bold]{milliseconds(ours['seconds'])}[/]",
                f"{milliseconds(theirs['seconds'])} ({row['their_threads']})",
                f"{row['ratio']:.3g}×",
                f"{milliseconds(ours['first'])}, {milliseconds(theirs['first'])}",
            )
        console.print(table)
    console.print(
        f"Scores on held-out folds (accuracy; R² for diabetes), mean ± standard error over {FOLDS} folds × {results['repeats']} "
        "repeats; time: the median of the same fits of the Pipeline with its StandardScaler."
    )
    console.print(f"handgrad is not below scikit-learn by more than one standard error: {verdict(results, 'difference', -1)}")
    console.print(f"handgrad's fit is the faster: {verdict(results, 'ratio', 1)}")
    console.print(common.described(results["machine"]), markup=False)


def verdict(results: dict[str, Any], what: str, least: float) -> str:
    """In how many rows a figure is at least so much, and where it is not."""
    rows = results["rows"]
    below = [f"{row['data']} ({row['setting']})" for row in rows if row[what] is None or row[what] < least]
    return f"in all {len(rows)} rows" if not below else f"not in {', '.join(below)}"


def draw(axis: Any, results: dict[str, Any]) -> None:
    """How many times as long scikit-learn's fit takes, by data set and settings."""
    names = [data.name for data in DATA if any(row["data"] == data.name for row in results["rows"])]
    axis.figure.set_size_inches(7, 0.5 * len(names) + 1.2)
    for setting, marker in zip(SETTINGS, "os^Dv", strict=True):
        rows = [row for row in results["rows"] if row["setting"] == setting]
        axis.plot([row["ratio"] for row in rows], [names.index(row["data"]) for row in rows], marker, label=setting, alpha=0.8)
    axis.axvline(1, color="black", linewidth=1)
    axis.set_xscale("log")
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlabel(f"time of {NAMES[THEIRS]}'s fit, {NAMES[OURS]} = 1 (on the right handgrad is faster)")
    axis.figure.legend(loc="outside right upper", frameon=False)


def main() -> None:
    """Measure what is asked for, print it, and keep it."""
    parser = common.arguments(__doc__, "estimators.json")
    parser.add_argument("--data", nargs="+", choices=[data.name for data in DATA], help="only these")
    parser.add_argument("--settings", nargs="+", choices=tuple(SETTINGS), default=tuple(SETTINGS), help="only these")
    parser.add_argument("--repeats", type=int, default=4, help="how often the folds are drawn anew")
    args = parser.parse_args()
    repeats = 1 if args.quick else args.repeats
    threads, console = common.pin(args.cpus), common.console()
    np.seterr(over="ignore")  # scikit-learn's logistic function
    results: dict[str, Any] = {"machine": common.machine(threads), "quick": args.quick, "repeats": repeats, "rows": []}
    with console.status("") as status:
        for setting in args.settings:
            for data in DATA:
                if (not args.data or data.name in args.data) and (setting, data.name) not in UNSUITED:
                    results["rows"].append(measured(data, setting, repeats, threads, status.update))
    show(console, results)
    common.save(args.results, results, console, draw)


if __name__ == "__main__":
    main()
