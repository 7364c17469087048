"""Sparse inputs as engines read them: the non-zeros of each example in order."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.calculus.functions import Array
from handgrad.errors import DataError


@dataclass(frozen=True, eq=False)
class SparseInputs:
    """Inputs in compressed rows (CSR): row r has data[k] in column indices[k] for k from indptr[r] to below indptr[r + 1].

    Columns rise within a row, none comes twice, and all are below n_0. `data` is float32 or float64, `indices` and `indptr` int64,
    all in C order; `shape` is (n_samples, n_0). Made by `SparseInputs.of`, which sees to it that this is so. NumPy makes the whole
    array of it where it is asked to.
    """

    data: Array
    indices: Array
    indptr: Array
    shape: tuple[int, int]

    @classmethod
    def of(cls, X: Any, dtype: npt.DTypeLike) -> SparseInputs:
        """A SciPy sparse matrix or array of any form in `dtype`, sharing its memory where this is as it should be.

        Raises DataError for one that does not have two axes, holds no real numbers, or names places that it has not.
        """
        if isinstance(X, SparseInputs):
            return X if X.data.dtype == dtype else replace(X, data=X.data.astype(dtype))
        if X.ndim != 2:
            raise DataError(f"X has the shape (n_samples, n_0), but a sparse array of the shape {X.shape} was given")
        if X.dtype.kind not in "fiub":
            raise DataError(f"X holds numbers, but a sparse array of {X.dtype} was given")
        X = X.tocsr()
        _require_places(X)
        if not _in_order(X):
            X = type(X)((X.data.copy(), X.indices.copy(), X.indptr.copy()), X.shape)  # the caller's stays as it is
            X.sum_duplicates()
        with np.errstate(over="ignore"):  # numbers that `dtype` cannot hold are told of where data are checked
            data = np.require(X.data, dtype, ["C", "A"])
        indices, indptr = (np.require(part, np.int64, ["C", "A"]) for part in (X.indices, X.indptr))
        return cls(data, indices, indptr, (int(X.shape[0]), int(X.shape[1])))

    def __len__(self) -> int:
        return self.shape[0]

    def rows(self, numbers: Array) -> Array:
        """Rows by their numbers, written out: len(numbers) × n_0."""
        counts = self.indptr[numbers + 1] - self.indptr[numbers]
        places = np.arange(counts.sum()) + np.repeat(self.indptr[numbers] - (np.cumsum(counts) - counts), counts)
        found = np.zeros((len(numbers), self.shape[1]), self.data.dtype)
        found[np.repeat(np.arange(len(numbers)), counts), self.indices[places]] = self.data[places]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:  # noqa: FBT001  # NumPy's protocol
        if copy is False:
            raise ValueError("sparse inputs are no array: to write them out takes a copy")
        return self.rows(np.arange(len(self))).astype(dtype or self.data.dtype, copy=False)


Inputs = Array | SparseInputs
"""What an engine takes as X; a SciPy sparse matrix, which has no type, becomes SparseInputs in each call."""


def is_sparse(X: Any) -> bool:
    """Whether X is sparse: SparseInputs, or SciPy's, of which there is none as long as SciPy's are not imported."""
    scipy_sparse = sys.modules.get("scipy.sparse")
    return isinstance(X, SparseInputs) or (scipy_sparse is not None and bool(scipy_sparse.issparse(X)))


def written_out(X: Inputs, rows: Array | None = None) -> Array:
    """These rows of X as an array; all of it by default."""
    if is_sparse(X):
        X = X if isinstance(X, SparseInputs) else SparseInputs.of(X, np.result_type(X.dtype, np.float32))
        return X.rows(np.arange(len(X)) if rows is None else rows)
    assert isinstance(X, np.ndarray)
    return X if rows is None else X[rows]


def _require_places(X: Any) -> None:
    """Refuse places that are not there: compiled code reads where they say."""
    indices, indptr = X.indices, X.indptr
    if len(indptr) != X.shape[0] + 1 or indptr[0] != 0 or (np.diff(indptr) < 0).any():
        raise DataError(f"the indptr of the sparse X does not rise from 0 in {X.shape[0] + 1} numbers")
    if indptr[-1] > min(len(indices), len(X.data)):
        raise DataError(f"the sparse X has {min(len(indices), len(X.data))} non-zeros, but its indptr counts {indptr[-1]}")
    used = indices[: indptr[-1]]
    if len(used) and not 0 <= used.min() <= used.max() < X.shape[1]:
        raise DataError(f"the sparse X has the columns 0 to {X.shape[1] - 1}, but its indices are {used.min()} to {used.max()}")


def _in_order(X: Any) -> bool:
    """Whether columns rise in every row, seen from the numbers: what SciPy has noted of that may be out of date."""
    used = X.indices[: X.indptr[-1]]
    rising = used[1:] > used[:-1]
    begins = X.indptr[1:-1]
    rising[begins[(begins > 0) & (begins < len(used))] - 1] = True
    return bool(rising.all())
