"""Measures `handgrad check` on documents that people have labelled: python benchmarks/check_corpus.py [FOLDER] [--readme].

FOLDER holds labelled documents and the score.py that counts: `seeds` are checked as they stand, `derivations` with their settings
stated and without. Where it is not given, it is the folder `corpus` of a folder beside this repository. The table is printed as
Markdown; with --readme it takes the place of the one in the README.
"""

import argparse
import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
COMMAND = (str(Path(sys.executable).with_name("handgrad")), "check", "--format", "json")
WAYS = {
    "documents as they stand": ("seeds",),
    "formulas, setting stated": ("derivations",),
    "formulas alone": ("derivations", "--bare"),
}
COUNTS = {"read": "formulas", "accused": "right", "found": "wrong", "corrected": "wrong"}
"""What is counted, and out of how many."""
TABLE = re.compile(r"(?<=<!-- benchmarks/check_corpus.py -->\n).*?(?=<!-- end -->)", re.DOTALL)


def timed(log: Path, document: str) -> int:
    """Check a document for score.py, and note how long it took from start to end."""
    started = time.perf_counter()
    done = subprocess.run([*COMMAND, document], check=False)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{time.perf_counter() - started}\n")
    return done.returncode


def measured(corpus: Path, folder: str, *options: str) -> dict[str, float]:
    """Return the counts of score.py, how many documents there are, and the seconds that a document takes."""
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch, "seconds")
        checker = shlex.join([sys.executable, __file__, "--timed", str(log)])
        command = [sys.executable, str(corpus / "score.py"), str(corpus / folder), "--checker", checker, *options, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        sys.stderr.write(done.stderr)
        if done.returncode:
            raise SystemExit(done.returncode)
        seconds = [float(line) for line in log.read_text(encoding="utf-8").split()]
    counts: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    documents = len(list((corpus / folder).glob("*.json")))
    return counts | {"documents": documents, "median": statistics.median(seconds), "slowest": max(seconds)}


def table(corpus: Path) -> str:
    """Return the figures of every way as a table in Markdown."""
    header = ("", "documents", *COUNTS, "seconds, median (slowest)")
    lines = [f"| {' | '.join(header)} |", f"| --- |{' ---: |' * (len(header) - 1)}"]
    for name, (folder, *options) in WAYS.items():
        found = measured(corpus, folder, *options)
        shares = [f"{found[part]} of {found[whole]} ({found[part] / max(found[whole], 1):.0%})" for part, whole in COUNTS.items()]
        lines.append(f"| {name} | {found['documents']} | {' | '.join(shares)} | {found['median']:.1f} ({found['slowest']:.1f}) |")
    return "\n".join(lines) + f"\n\nMeasured with {machine()}.\n"


def machine() -> str:
    """Return what the seconds were measured on."""
    cpuinfo = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text(encoding="utf-8")) if cpuinfo.exists() else None
    processor = model[1] if model else platform.processor() or platform.machine()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"Python {platform.python_version()}, one document at a time, on a machine of {cores} cores ({processor})"


def main() -> None:
    """Measure, print, and write what was asked for."""
    if sys.argv[1:2] == ["--timed"]:
        raise SystemExit(timed(Path(sys.argv[2]), sys.argv[3]))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="labelled documents, and the score.py that counts")
    parser.add_argument("--readme", action="store_true", help="put the table in the place of the README's")
    args = parser.parse_args()
    folder = args.folder or next((path.parent for path in sorted(ROOT.parent.glob("*/corpus/score.py"))), None)
    if folder is None or not (folder / "score.py").is_file():
        raise SystemExit("name the folder of labelled documents; score.py is to be found in it")
    figures = table(folder)
    print(figures, end="")
    if args.readme:
        text, count = TABLE.subn(lambda _: figures, README.read_text(encoding="utf-8"))
        if count != 1:
            raise SystemExit("the README has no place for the table, between <!-- benchmarks/check_corpus.py --> and <!-- end -->")
        README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
