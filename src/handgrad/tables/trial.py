"""A trial of reading in a process of its own: polars ends the whole process at some damaged Parquet and Arrow files."""

import subprocess
import sys
from pathlib import Path

from handgrad.errors import DataError

READ = """
import glob
import sys
try:
    import polars as pl
except ImportError:
    sys.exit(0)
path, kind, cells = sys.argv[1], sys.argv[2], int(sys.argv[3])
if kind == "arrow stream":
    pl.read_ipc_stream(path)
    sys.exit(0)
scan = pl.scan_parquet(path, glob=False) if kind == "parquet" else pl.scan_ipc(glob.escape(path))
step = max(1, cells // max(1, len(scan.collect_schema())))
for start in range(0, scan.select(pl.len()).collect().item(), step):
    scan.slice(start, step).collect()
"""
"""What the other process runs: all of the file, so many cells at a time. The path is an argument, and is never part of the code."""


def require_readable(path: Path, kind: str, cells: int) -> None:
    """Raise DataError for a file that polars cannot read to its end, or that ends polars' process. `kind` is as in `kind_of`."""
    if not sys.executable:  # an embedded interpreter: nothing to try with
        return
    done = subprocess.run(  # noqa: S603  # this interpreter
        [sys.executable, "-I", "-c", READ, str(path), kind, str(cells)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] if done.returncode > 0 else []
        why = f" ({last[0].partition(': ')[2][:300]})" if last and ": " in last[0] else ""
        raise DataError(f"cannot read {path}: it is damaged{why}")
