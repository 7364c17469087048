"""What the benchmarks share: fresh processes on the same processors, jobs for the peers, the machine's description, results."""

import argparse
import datetime as dt
import importlib.metadata
import io
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from handgrad.model_file import write_beside

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("handgrad", "numpy", "scipy", "numba", "scikit-learn", "torch", "jax", "jaxlib")
LEARNING_RATES = {"gradient_descent": 0.01, "adam": 0.001}
RULES = tuple(LEARNING_RATES)
CPUINFO = Path("/proc/cpuinfo")
OURS, CEILING = "handgrad_engine", "products"
NAMES = {
    "handgrad_engine": "handgrad",
    "scikit_learn": "scikit-learn",
    "pytorch_eager": "PyTorch eager",
    "pytorch_compiled": "PyTorch compiled",
    "jax_steps": "JAX jit per step",
    "jax_scan": "JAX scan",
}
"""Every peer's module, and what people call it."""


class MissingError(Exception):
    """A peer that is not there, or that failed: its last line of error."""


def arguments(doc: str, results: str) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--cpus", default=",".join(map(str, available())), help="the processors to pin to, as 0,1")
    parser.add_argument("--results", type=Path, default=RESULTS / results, help="the JSON file; the plot stands beside it as .svg")
    parser.add_argument("--quick", action="store_true", help="to see that it works; the figures mean little")
    return parser


def available() -> list[int]:
    """The processors that this process may run on."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def pin(cpus: str) -> int:
    """Pin this process, and with it all that it starts; return how many threads there are to use."""
    chosen = sorted({int(cpu) for cpu in cpus.split(",")})
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, chosen)
    return len(chosen)


def python(module: str, *options: str) -> list[str]:
    """The command that runs a module of this folder."""
    return [sys.executable, "-m", f"benchmarks.{module}", *options]


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process, with more in it."""
    return {**os.environ, **more}


def peer(name: str, folder: Path, more: Mapping[str, str] | None = None, timeout: float = 900) -> Any:
    """Run a peer on the job in a folder, as a process of its own; return the JSON that it prints. Raises MissingError.

    Jobs beside each other share what was compiled; more variables may be put into the environment.
    """
    given = environment({**caches(folder.parent / "caches"), **(more or {})})
    try:
        done = subprocess.run(
            python(f"peers.{name}", str(folder)), cwd=ROOT, env=given, capture_output=True, text=True, check=False, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        raise MissingError(f"took more than {timeout:g} s") from None
    if done.returncode or not done.stdout.strip():
        raise MissingError((done.stderr.strip() or f"ended with {done.returncode}").splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


def blas_kernels() -> tuple[str, ...]:
    """The kernels of OpenBLAS to try: its own choice, and those for AVX-512, which it leaves on processors it does not know."""
    has_wide = CPUINFO.exists() and " avx512f " in CPUINFO.read_text(encoding="utf-8")
    return ("", "SkylakeX", "SapphireRapids") if has_wide else ("",)


def write_job(folder: Path, widths: Sequence[int], batch: int, steps: int, **about: Any) -> None:
    """Write a job for the peers (see peers/job.py): random rows and labels, He's first weights, an order for each epoch."""
    rng = np.random.default_rng(0)
    dtype, rows = about["dtype"], batch * steps
    arrays = {
        "X": rng.standard_normal((rows, widths[0])).astype(dtype),
        "labels": rng.integers(0, widths[-1], rows),
        "orders": np.stack([rng.permutation(rows).reshape(steps, batch) for _ in range(about["repeats"] + 1)]),
    }
    for layer, (before, n) in enumerate(pairwise(widths), 1):
        arrays[f"W{layer}"] = (rng.standard_normal((n, before)) * np.sqrt(2 / before)).astype(dtype)
        arrays[f"b{layer}"] = np.zeros(n, dtype)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    told = {"widths": list(widths), "batch": batch, "learning_rates": LEARNING_RATES, **about}
    (folder / "job.json").write_text(json.dumps(told), encoding="utf-8")


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="handgrad-bench-") as folder:
        yield Path(folder)


def caches(folder: Path) -> dict[str, str]:
    """The environment in which everything that is compiled is kept in this folder, and found there again."""
    return {
        "NUMBA_CACHE_DIR": str(folder / "numba"),
        "XDG_CACHE_HOME": str(folder / "user"),
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "torch"),
        "JAX_COMPILATION_CACHE_DIR": str(folder / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def flops(widths: Sequence[int], batch: int) -> int:
    """Multiplications and additions of a step's products: three per weight and example, but two in the first layer."""
    return sum(2 * batch * before * n * (3 if layer else 2) for layer, (before, n) in enumerate(pairwise(widths)))


def machine(threads: int) -> dict[str, Any]:
    """What the figures were measured on, with, and when."""
    model = re.search(r"model name\s*:\s*(.+)", CPUINFO.read_text(encoding="utf-8")) if CPUINFO.exists() else None
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "missing"
    return {
        "processor": model[1] if model else platform.processor() or platform.machine(),
        "threads": threads,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": versions,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
    }


def described(about: Mapping[str, Any]) -> str:
    """The machine in a line."""
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items() if version != "missing")
    return f"{about['processor']}, threads: {about['threads']}; Python {about['python']}, {versions}; {about['date']}"


def console() -> Console:
    """Where tables are printed: wide, also into a pipe."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=170)


def save(path: Path, results: Mapping[str, Any], to: Console, draw: Callable[[Any, Any], None] | None) -> None:
    """Write the results as JSON, and what `draw` makes of them on an axis as SVG, where it and matplotlib are there; say where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, (json.dumps(results, indent=1, ensure_ascii=False) + "\n").encode())
    to.print(f"written to {path}", markup=False)
    if draw is None:
        to.print("skipped: the plot (there is nothing to draw)")
        return
    try:
        import matplotlib as mpl
    except ImportError:
        to.print("skipped: the plot (matplotlib is not installed)")
        return
    mpl.use("svg")
    from matplotlib import pyplot as plt

    settings = {"svg.hashsalt": path.name, "axes.spines.top": False, "axes.spines.right": False, "font.size": 9}
    with plt.rc_context(settings):
        figure, axis = plt.subplots(layout="constrained")
        draw(axis, results)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
        plt.close(figure)
    write_beside(path.with_suffix(".svg"), drawn.getvalue())
    to.print(f"drawn in {path.with_suffix('.svg')}", markup=False)
