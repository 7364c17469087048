"""The forward pass in NumPy alone, as `predict` takes it: nothing is compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.extmath import safe_sparse_dot

from handgrad.calculus.functions import Array
from handgrad.catalogue.records import Activation
from handgrad.forward import activate
from handgrad.network import Network

NUMBERS_AT_ONCE = 1 << 16
"""How many numbers the widest layer of a piece of rows has: they stay in the processor's cache, and in memory that is at hand."""


def activations(network: Network, coefs: Sequence[Array], intercepts: Sequence[Array], X: Any, layer: int) -> Array:
    """A[layer] of X, an array or a sparse matrix of n_samples × n_0; n_samples × n_layer."""
    layers = list(zip(network.activations[:layer], coefs, intercepts, strict=False))
    rows = max(NUMBERS_AT_ONCE // max(network.widths[1:]), 1)
    if X.shape[0] <= rows:
        return _through(layers, X)
    found = np.empty((X.shape[0], network.widths[layer]), np.result_type(X.dtype, coefs[0].dtype))
    for start in range(0, len(found), rows):
        found[start : start + rows] = _through(layers, X[start : start + rows])
    return found


def _through(layers: Sequence[tuple[Activation, Array, Array]], A: Any) -> Array:
    for g, W, b in layers:
        Z = safe_sparse_dot(A, W, dense_output=True)
        Z += b
        A = activate(g, Z)
    return np.asarray(A)
