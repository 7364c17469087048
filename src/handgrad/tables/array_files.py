"""Tables in files of arrays: NPZ, NPY and IDX."""

import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.datasets import IDX_BYTES, read_idx
from handgrad.errors import DataError
from handgrad.tables.frames import as_frame

if TYPE_CHECKING:
    import polars as pl

INPUTS = frozenset(("x", "images", "image", "data", "features", "inputs"))
TARGETS = frozenset(("y", "labels", "label", "targets", "target"))
SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
}


def npz_frames(path: Path) -> tuple["pl.DataFrame", "pl.DataFrame | None", list[str]]:
    """Return the table of an NPZ archive, its test rows if it brings some, and what was left out, in words.

    An array of one dimension is a column, one of more is a column for each entry of a row: NAME_0, NAME_1, …
    Where names say train and test (x_train, y_train, x_test, y_test; train_images, test_labels, …), these are the two tables.

    Raises DataError for a damaged archive, objects (which would be pickles), and more than 2 GiB that are packed.
    """
    arrays, told = _npz_arrays(path)
    single = [name for name, array in arrays.items() if array.ndim == 0]
    told += [f"{name} is a single value and left out" for name in single]
    arrays = {name: array for name, array in arrays.items() if name not in single}
    split = {name: _split_name(name) for name in arrays}
    parts = {part for part, _ in split.values()}
    if "train" not in parts:
        return _columns(path, arrays), None, told
    told += [
        f"{name} is neither to train on nor to test with and left out"
        for name, (part, _) in split.items()
        if part not in ("train", "test")
    ]
    tables = []
    for part in ("train", "test"):
        names = {name: column for name, (its_part, column) in split.items() if its_part == part}
        if len(set(names.values())) < len(names):
            raise DataError(f"{path} has several arrays for the same columns: {', '.join(names)}; leave one")
        tables.append(_columns(path, {column: arrays[name] for name, column in names.items()}) if names else None)
    train, test = tables
    assert train is not None
    if test is not None and test.columns != train.columns:
        other = sorted(set(train.columns) ^ set(test.columns))[:5]
        raise DataError(f"{path}: the arrays to train on and to test with have different columns: {', '.join(other)}")
    return train, test, told


def npy_array(path: Path) -> Array:
    """Return the array of an NPY file, mapped into memory, as rows × columns. Raises DataError for objects and single values."""
    with path.open("rb") as file:
        _declared(path, file)
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.ndim == 0:
        raise DataError(f"{path} holds a single value, but a table has rows and columns")
    if array.ndim == 1 and array.dtype.names:
        return np.asarray(array)
    return np.asarray(array).reshape(len(array), math.prod(array.shape[1:]))


def idx_frame(path: Path) -> "pl.DataFrame":
    """Return the rows of an IDX file: a column label, or for images a column pixel_ROW_COLUMN for each pixel."""
    array = read_idx(path)
    if array.ndim == 1:
        return as_frame({"label": array})
    names = ["pixel_" + "_".join(map(str, place)) for place in np.ndindex(array.shape[1:])]
    return as_frame(array.reshape(len(array), len(names)), names)


def _npz_arrays(path: Path) -> tuple[dict[str, Array], list[str]]:
    arrays: dict[str, Array] = {}
    left_out, packed = [], 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if name == member.filename:
                left_out.append(f"{name} is no array and left out")
                continue
            if name in arrays:
                raise DataError(f"{path} has two arrays named {name!r}")
            with archive.open(member) as file:
                shape, kind = _declared(path, file)
            declared = math.prod(shape) * kind.itemsize
            packed += declared * (member.compress_type != zipfile.ZIP_STORED)
            stored = path.stat().st_size if member.compress_type == zipfile.ZIP_STORED else member.file_size
            if declared > stored or member.compress_size > path.stat().st_size:
                shown = " × ".join(map(str, shape))
                raise DataError(
                    f"{path}: the array {name!r} declares {shown} entries, {declared:,} bytes, which are not there; it is damaged"
                )
            if packed > IDX_BYTES:
                raise DataError(f"{path} unpacks to more than {IDX_BYTES:,} bytes; save it as .npy, or without compression")
            with archive.open(member) as file:
                arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
    if not arrays:
        raise DataError(f"{path} holds no arrays")
    return arrays, left_out


def _declared(path: Path, file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and the type that the header of an NPY file declares; objects are refused."""
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read_header(file)
    if kind.hasobject:
        raise DataError(f"{path} holds Python objects (a pickle), which are never loaded; save numbers or text")
    return shape, kind


def _split_name(name: str) -> tuple[str, str]:
    """The part of the data that an array belongs to (train, test, val or none), and what its columns are called."""
    run_together = re.fullmatch(r"(x|y)(train|test|val)|(train|test|val)(x|y)", name.lower())
    words = [word for word in run_together.groups() if word] if run_together else re.split(r"[_\-. ]+", name)
    parts = [word for word in words if word.lower() in SPLITS]
    if len(parts) != 1 or len(words) == 1:
        return "", name
    rest = "_".join(word for word in words if word != parts[0])
    rest = "x" if rest.lower() in INPUTS else "y" if rest.lower() in TARGETS else rest
    return SPLITS[parts[0].lower()], rest


def _columns(path: Path, arrays: Mapping[str, Array]) -> "pl.DataFrame":
    columns: dict[str, Any] = {}
    heights = {name: len(array) for name, array in arrays.items()}
    if len(set(heights.values())) > 1:
        told = ", ".join(f"{name} has {height}" for name, height in heights.items())
        raise DataError(f"{path}: the arrays have different numbers of rows, so that they are no table: {told}")
    for name, array in arrays.items():
        flat = array if array.ndim == 1 else array.reshape(len(array), math.prod(array.shape[1:]))
        parts = (
            {name: flat}
            if flat.ndim == 1
            else {f"{name}_{place}": column for place, column in enumerate(np.ascontiguousarray(flat.T))}
        )
        parts = {name: flat[:, 0]} if flat.ndim == 2 and flat.shape[1] == 1 else parts
        twice = columns.keys() & parts.keys()
        if twice:
            raise DataError(f"{path} has two columns named {min(twice)!r}; rename an array")
        columns |= parts
    return as_frame(columns)
