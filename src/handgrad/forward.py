"""The forward pass in NumPy alone, as predictions take it: nothing is compiled, and the bits of a row are its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from handgrad.calculus.evaluation import evaluate_checked
from handgrad.calculus.expressions import Expression, symbol
from handgrad.calculus.functions import Array, Function
from handgrad.catalogue.lookup import functions
from handgrad.catalogue.records import Activation
from handgrad.network import Network, Parameters

ROWS = 256
"""How many rows go through the network at once: always so many, since NumPy adds up in another order where there are fewer."""
EXACT_BITS = 53
"""Whole numbers below 2 to this power are exact in float64, and so are their sums, in any order."""


def outputs(network: Network, parameters: Parameters, X: Array) -> Array:
    """A[L] of finite inputs, n_samples × n_0, in float64: n_samples × n_L.

    The bits of a row depend on that row alone: not on the others, on how many there are, on threads, or on the order in which a
    BLAS library adds up. They do depend on NumPy's exp and tanh, which may round differently on processors of other kinds.
    """
    layers = [(g, _Halves(parameters.W[l])) for l, g in enumerate(network.activations, 1)]
    found = np.empty((len(X), network.widths[-1]))
    block = np.zeros((ROWS, network.widths[0]))
    for start in range(0, len(X), ROWS):
        rows = X[start : start + ROWS]
        block[: len(rows)] = rows
        A: Array = block
        for l, (g, W) in enumerate(layers, 1):
            A = activate(g, W.times(A) + parameters.b[l].ravel())
        found[start : start + ROWS] = A[: len(rows)]
    return found


def activate(g: Activation, Z: Array) -> Array:
    """The activation of every entry of Z, or of every row: the catalogue's formula, evaluated."""
    if g.name == "identity":
        return Z
    value, known = _formula(g)
    return evaluate_checked(value, {"z": Z}, known, None)


@lru_cache
def _formula(g: Activation) -> tuple[Expression, Mapping[str, Function]]:
    return g.call(symbol("z")) if g.opaque else g.stable_expression, functions(g)


class _Halves:
    """A matrix whose rows are whole numbers times a power of two, in two parts whose products can be summed without rounding.

    The scheme of Ozaki, Ogita, Oishi and Rump, "Error-free transformations of matrix multiplication" (2012), with two slices.
    """

    def __init__(self, matrix: Array) -> None:
        self.matrix = matrix
        self.bits = (EXACT_BITS - max(matrix.shape[1] - 1, 1).bit_length()) // 2
        self.exponents, self.high, self.low = _halves(matrix, self.bits)

    def times(self, A: Array) -> Array:
        """The product A matrixᵀ; A is n_samples × n. It is off by n 2^-(2 bits) times the largest entries of the rows at most."""
        if not np.isfinite(A).all():  # a sum that holds an infinity is infinite or NaN in any order
            with np.errstate(all="ignore"):
                return np.asarray(A @ self.matrix.T.astype(np.float64))
        exponents, high, low = _halves(A, self.bits)
        small = high @ self.low.T + low @ self.high.T
        found = high @ self.high.T + np.ldexp(small, -self.bits)
        return np.asarray(np.ldexp(found, exponents[:, None] + self.exponents - 2 * self.bits))


def _halves(matrix: Array, bits: int) -> tuple[Array, Array, Array]:
    """Matrix ≈ 2^(exponents - bits) (high + 2^-bits low), row by row, with whole numbers of at most so many bits and a sign."""
    matrix = matrix.astype(np.float64)
    exponents = np.frexp(np.abs(matrix).max(axis=1))[1]
    scaled = np.ldexp(matrix, bits - exponents[:, None])
    high = np.rint(scaled)
    return exponents, high, np.rint(np.ldexp(scaled - high, bits))
