"""How large the page of an iteration is, how long it takes to write, and when something is first seen: python -m benchmarks.page.

Asks for the development group (Playwright) and the system's Chromium. Sizes in MB of 10⁶ bytes; times are medians of five.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

from handgrad.explain import Explanation, explain
from handgrad.network import Network, Parameters

CASES = (
    ("2-3-2", 4, "gradient_descent"),
    ("4-8-8-8-8-8-8-8-8-8-3", 4, "adam"),
    ("64-32-10", 16, "adam"),
    ("784-128-10", 16, "adam"),
)
"""Networks, how many examples, and the update rule."""
ITERATIONS, RUNS = 10, 5


def explained(spelling: str, count: int, optimiser: str) -> Explanation:
    """Iterations over random examples."""
    network, rng = Network(spelling), np.random.default_rng(0)
    X, y = rng.random((count, network.widths[0])), rng.integers(0, network.widths[-1], count)
    return explain(network, Parameters.draw(network, 0), X, y, optimiser=optimiser, iterations=ITERATIONS)


def main() -> None:
    """Measure, and print a table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    chromium = shutil.which("chromium") or sys.exit("Chromium is not on this machine")
    table = Table("network", "examples", "update rule", "size, MB", "written in, s", "first paint, s")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for spelling, count, optimiser in CASES:
            found, seconds, paints = explained(spelling, count, optimiser), [], []
            file = Path(folder) / "page.html"
            for _ in range(RUNS):
                start = time.perf_counter()
                file.write_text(found.to_page(), encoding="utf-8")
                seconds.append(time.perf_counter() - start)
                page = browser.new_page()
                page.goto(file.as_uri())
                asked = "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done("
                asked += "performance.getEntriesByName('first-contentful-paint')[0].startTime), 100)))"
                paints.append(page.evaluate(asked) / 1000)
                page.close()
            numbers = (file.stat().st_size / 1e6, statistics.median(seconds), statistics.median(paints))
            table.add_row(spelling, str(count), optimiser, *(f"{number:.2f}" for number in numbers))
        browser.close()
    Console().print(table)


if __name__ == "__main__":
    main()
