"""Checks on the arrays that users hand over: inputs, targets and weights, in scikit-learn's order (examples are rows)."""

from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError
from handgrad.network import Network


def as_inputs(X: Any, network: Network, dtype: Any = None) -> Array:
    """X as a float array of n_samples × n_0, of this dtype; by default float32 stays float32, and others become float64.

    Raises DataError.
    """
    array = numbers(X, "X") if dtype is None else _cast(numbers(X, "X"), "X", dtype)
    if array.ndim != 2:
        raise DataError(f"X has the shape (n_samples, {network.widths[0]}), but {array.shape} was given")
    if array.shape[1] != network.widths[0]:
        raise DataError(f"the network {network} has {network.widths[0]} inputs, but X has {array.shape[1]} columns")
    if not len(array):
        raise DataError("X has no rows")
    _require_finite(array, "X")
    return array


def as_targets(Y: Any, network: Network, samples: int, dtype: Any = np.float64) -> Array:
    """Y as a float array of n_samples × n_L. Whole-number labels become one-hot rows where the loss is over classes.

    Raises DataError for another number of examples, labels outside the classes, and targets that the loss does not allow.
    """
    outputs, loss = network.widths[-1], network.loss
    array = as_array(Y, "Y")
    if loss.simplex and array.ndim == 1 and array.dtype.kind in "iub":
        _require_samples(array, "Y", samples)
        outside = np.flatnonzero((array < 0) | (array >= outputs))
        if outside.size:
            raise DataError(
                f"labels are whole numbers from 0 to {outputs - 1}, but row {outside[0] + 1} of Y is {array[outside[0]]}"
            )
        return np.asarray(np.eye(outputs, dtype=dtype)[array.astype(int)])
    array = _cast(numbers(Y, "Y"), "Y", dtype)
    _require_samples(array, "Y", samples)
    if array.ndim == 1 and outputs == 1:
        array = array[:, None]
    if array.shape != (samples, outputs):
        more = " (or whole-number labels)" if loss.simplex else ""
        raise DataError(f"Y has the shape ({samples}, {outputs}){more} for the network {network}, but {np.shape(Y)} was given")
    _require_finite(array, "Y")
    disallowed = np.argwhere(~loss.targets.holds(array))
    if disallowed.size:
        row, column = disallowed[0]
        raise DataError(
            f"{loss.name} takes targets in {loss.targets}, but row {row + 1}, column {column + 1} of Y is {array[row, column]:g}"
        )
    if loss.simplex:
        wrong = np.flatnonzero(np.abs(array.sum(axis=1) - 1) > 1e-5)
        if wrong.size:
            raise DataError(
                f"{loss.name} takes targets that sum to 1, but row {wrong[0] + 1} of Y sums to {array[wrong[0]].sum():g}"
            )
    return array


def as_weights(weights: Any, samples: int, dtype: Any = np.float64) -> Array | None:
    """Sample weights as a float array of n_samples: finite, none below zero, with a sum above zero. Raises DataError."""
    if weights is None:
        return None
    array = numbers(weights, "sample_weight")
    if array.ndim != 1:
        raise DataError(f"sample_weight has the shape ({samples},), but {array.shape} was given")
    _require_samples(array, "sample_weight", samples)
    _require_finite(array[:, None], "sample_weight")
    if (array < 0).any():
        row = int(np.argmax(array < 0))
        raise DataError(f"sample weights are not negative, but row {row + 1} is {array[row]:g}")
    largest = array.max(initial=0)
    if not largest > 0:
        raise DataError("sample weights sum to 0; at least one must be above 0")
    return np.asarray(array / largest, dtype)  # only their ratios count, and their sum cannot overflow


def numbers(values: Any, name: str) -> Array:
    """An array of float32 or float64; whole numbers and truth values become float64. Raises DataError."""
    array = as_array(values, name)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name} holds numbers, but an array of {array.dtype} was given")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def _cast(array: Array, name: str, dtype: Any) -> Array:
    """The array in another precision; a finite number that this cannot hold is refused."""
    with np.errstate(over="ignore"):
        cast = array.astype(dtype, copy=False)
    lost = np.argwhere(np.isfinite(array) & ~np.isfinite(cast))
    if lost.size:
        raise DataError(f"{name} holds {array[tuple(lost[0])]:g} in row {lost[0][0] + 1}, which {np.dtype(dtype)} cannot hold")
    return np.asarray(cast)


def as_array(values: Any, name: str) -> Array:
    """Any values as an array. Raises DataError for ragged rows and masked entries."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        raise DataError(f"{name} has masked entries; fill them or leave their rows out")
    try:
        return np.asarray(values)
    except ValueError as error:
        raise DataError(f"{name} is no array: {str(error).splitlines()[0]}") from None


def _require_samples(array: Array, name: str, samples: int) -> None:
    if array.ndim == 0 or len(array) != samples:
        given = "a single number" if array.ndim == 0 else str(len(array))
        raise DataError(f"X has {samples} examples, but {name} has {given}")


def _require_finite(array: Array, name: str) -> None:
    finite = np.isfinite(array)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise DataError(f"{name} holds finite numbers, but row {row + 1}, column {column + 1} is {array[row, column]}")
