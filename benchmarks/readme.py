"""Puts what steps.py, to_accuracy.py, estimators.py and tables.py have measured into the README: python -m benchmarks.readme.

The tables are printed as Markdown and take the place of the ones between the README's marks.
"""

import json
import re
import statistics
from typing import Any

from benchmarks.common import NAMES, OURS, RESULTS, ROOT, described
from benchmarks.estimators import THEIRS, milliseconds, score
from benchmarks.steps_report import microseconds, name_of
from benchmarks.tables import told
from benchmarks.to_accuracy import CONTENDERS

README = ROOT / "README.md"
TABLES = re.compile(r"(?<=<!-- benchmarks/readme.py -->\n).*?(?=<!-- end -->)", re.DOTALL)
ESTIMATORS = re.compile(r"(?<=<!-- benchmarks/readme.py estimators -->\n).*?(?=<!-- end estimators -->)", re.DOTALL)
SCORES = re.compile(r"(?<=<!-- benchmarks/readme.py tables -->\n).*?(?=<!-- end tables -->)", re.DOTALL)
RULE = "gradient_descent"
WORDS = {"digits": "the digits", "fashion_mnist": "Fashion-MNIST"}


def line(*cells: str) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |\n"


def many(ratio: float) -> str:
    """A ratio: three digits, or all before the point."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def costs(results: dict[str, Any]) -> str:
    """Microseconds per step of the seven rows and the deep one, and the ratios to ours."""
    rows = [row for row in results["rows"] if row["group"] in {"seven", "deep"} and OURS in row["rules"].get(RULE, {})]
    peers = [peer for peer in NAMES if peer != OURS and any(peer in row["rules"][RULE] for row in rows)]
    text = line("network, batch", "handgrad", *(NAMES[peer] for peer in peers), "of the products' speed")
    text += line("---", *["---:"] * (len(peers) + 2))
    for row in rows:
        found = row["rules"][RULE]
        others = (f"{microseconds(found[p]['best'])} ({many(found[p]['ratio'])}×)" if p in found else "–" for p in peers)
        text += line(name_of(row), f"**{microseconds(found[OURS]['best'])}**", *others, f"{found[OURS]['of_ceiling']:.0%}")
    means = results["geometric_means"]
    text += f"\nIn the geometric mean over the first seven rows, the best peer of each takes {means[RULE]:.2f} times as long"
    text += f" (by Adam: {means['adam']:.2f} times). " if means.get("adam") else ". "
    text += "The last column compares with the step's matrix products alone, by OpenBLAS in its best setting.\n"
    return text


def times(results: dict[str, Any]) -> str:
    """Seconds to an accuracy, in the median."""
    text = ""
    for task in results["tasks"]:
        about = f"Seconds from the start of the process to {task['target']:.0%} on the test set of {WORDS[task['data']]}"
        text += f"\n{about}, imports and all, with hidden layers of {' and '.join(map(str, task['hidden']))} units and Adam:\n\n"
        text += line("", "compiled code kept", "nothing kept") + line("---", "---:", "---:")
        for contender, states in task["runs"].items():
            reached = ([run["seconds"] for run in states[state]] for state in ("warm", "cold"))
            shown = (f"{statistics.median(found):.1f}" if found and None not in found else "–" for found in reached)
            text += line(CONTENDERS[contender], *shown)
    return text


def fits(results: dict[str, Any]) -> str:
    """Scores and milliseconds of both packages' estimators with their defaults."""
    text = line("data", "score of handgrad", "of scikit-learn", "fit of handgrad, ms", "of scikit-learn, ms")
    text += line("---", *["---:"] * 4)
    for row in (row for row in results["rows"] if row["setting"] == "defaults"):
        ours, theirs = row["peers"][OURS], row["peers"][THEIRS]
        times = (f"**{milliseconds(ours['seconds'])}**", f"{milliseconds(theirs['seconds'])} ({many(row['ratio'])}×)")
        text += line(row["data"], score(ours), score(theirs), *times)
    ratios = [row["ratio"] for row in results["rows"]]
    text += f"\nAccuracy; R² for diabetes, with max_iter=500. Over all {len(ratios)} rows of `benchmarks/results/estimators.json`, "
    text += "which also has early stopping, two layers, sgd and lbfgs, "
    return text + f"scikit-learn's fit takes {min(ratios):.2f} to {max(ratios):.1f} times as long.\n"


def scores(results: dict[str, Any]) -> str:
    """Scores of the network and of the baselines on tables; the best in bold."""
    text = line("data", "rows", "columns", "network", "majority or mean", "linear model", "HistGradientBoosting")
    text += line("---", *["---:"] * 6)
    for row in results["rows"]:
        found = [peer["score"] for peer in row["peers"].values()]
        shown = (f"**{value:.4f}**" if value == max(found) else f"{value:.4f}" for value in found)
        text += line(row["data"], f"{row['rows']:,}", str(row["columns"]), *shown)
    return f"{text}\nAccuracy; R² for diabetes. The mean of {results['seeds']} seeds. {told(results)}\n"


def main() -> None:
    """Print the tables and write them into the README."""
    names = ("steps.json", "to_accuracy.json", "estimators.json", "tables.json")
    steps, accuracy, estimators, tabular = (json.loads((RESULTS / name).read_text(encoding="utf-8")) for name in names)
    if any(results["quick"] for results in (steps, accuracy, estimators, tabular)):
        raise SystemExit("the results are those of a quick run, whose figures mean little")
    tables = {
        TABLES: f"{costs(steps)}{times(accuracy)}\nMeasured on {described(steps['machine'])}.\n",
        ESTIMATORS: f"{fits(estimators)}\nMeasured on {described(estimators['machine'])}.\n",
        SCORES: f"{scores(tabular)}\nMeasured on {described(tabular['machine'])}.\n",
    }
    readme = README.read_text(encoding="utf-8")
    for place, text in tables.items():
        print(text, end="")
        readme, count = place.subn(lambda _, text=text: text, readme)  # type: ignore[misc]  # bound at once
        if count != 1:
            raise SystemExit(f"the README has no place for the tables: {place.pattern}")
    README.write_text(readme, encoding="utf-8")


if __name__ == "__main__":
    main()
