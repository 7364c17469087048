"""Where a network's numbers lie while it is trained: padded, aligned, and in the order in which the steps read them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.calculus.functions import Array
from handgrad.engine import steps
from handgrad.engine.machine import COLUMNS, PAD
from handgrad.network import Network, Parameters

LARGE = 1 << 20
"""Bytes of weights from which a layer's threads share its units: more than the second level of a cache holds."""
LINE = 64
"""Bytes of a cache line."""


def aligned(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Zeros that begin at a cache line."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def padded(count: int) -> int:
    """`count` entries rounded up to whole pads."""
    return -(-count // PAD) * PAD


def row(count: int) -> int:
    """Entries of a row of `count` numbers: an odd number of pads where there are many, so that columns do not share cache sets."""
    found = padded(count)
    return found + PAD if found >= 128 and found // PAD % 2 == 0 else found


class Layout:
    """The buffers of one network for batches of some size, and the table by which compiled steps find them.

    Layer l's weights and biases are the first n_{l-1} + 1 rows of `W[l]`, W[l] transposed with b[l] below; `WT[l]` is W[l] again,
    as it is, for the backward pass. `A[l]` and `S[l]` hold a batch's activations and, in turn, slopes and errors.
    """

    def __init__(self, network: Network, batch_size: int, dtype: npt.DTypeLike) -> None:
        self.network, self.dtype = network, np.dtype(dtype)
        widths, size = network.widths, self.dtype.itemsize
        self.shapes = [(before + 1, row(n)) for before, n in pairwise(widths)]
        self.size = sum(rows * columns for rows, columns in self.shapes)
        self.theta = self.flat()
        self.W = self.parts(self.theta)
        large = [matrix.nbytes > LARGE for matrix in self.W]
        self.WT = [
            aligned((padded(n), row(before + 1)), dtype) if l and not large[l] else None
            for l, (before, n) in enumerate(pairwise(widths))
        ]
        shared = [
            rows for (before, n), is_large in zip(pairwise(widths), large, strict=True) if is_large for rows in (before + 1, n)
        ]
        self.panel = padded(max(shared, default=0)) * COLUMNS
        self.A = [aligned((batch_size, row(n + 1)), dtype) for n in widths]
        self.S = [aligned((batch_size, row(n + 1)), dtype) if l else None for l, n in enumerate(widths)]
        self.table = np.zeros((len(widths), steps.FIELDS), np.int64)
        for l, n in enumerate(widths):
            ld = self.A[l].shape[1]
            self._set(
                l, {steps.N: n, steps.WIDE: padded(n) * size, steps.LD: ld, steps.ROW: ld * size, steps.A: self.A[l].ctypes.data}
            )
            if l:
                turned, errors = self.WT[l - 1], self.S[l]
                assert errors is not None
                self.table[l, steps.LARGE] = large[l - 1]
                self._set(
                    l, {steps.S: errors.ctypes.data, steps.W: self.W[l - 1].ctypes.data, steps.W_ROW: self.W[l - 1].strides[0]}
                )
                if turned is not None:
                    self._set(l, {steps.WT: turned.ctypes.data, steps.WT_ROW: turned.strides[0]})
        self.clear()

    def _set(self, layer: int, fields: dict[int, Any]) -> None:
        for field, value in fields.items():
            self.table[layer, field] = value

    def flat(self) -> Array:
        """Zeros for all weights and biases in this layout; there is more behind them, since transposes read whole blocks."""
        tail = PAD * max(columns for _, columns in self.shapes)
        return aligned((self.size + tail,), self.dtype)[: self.size]

    def parts(self, flat: Array) -> list[Array]:
        """The matrices of all layers in a flat array of this layout, such as the parameters or a state of the update rule."""
        found, start = [], 0
        for rows, columns in self.shapes:
            found.append(flat[start : start + rows * columns].reshape(rows, columns))
            start += rows * columns
        return found

    def clear(self) -> None:
        """Zeros in all buffers of a batch, padding included, and the 1 after the inputs."""
        for array in (*self.A, *self.S):
            if array is not None:
                array[...] = 0
        self.A[0][:, self.network.widths[0]] = 1

    def put(self, flat: Array, parameters: Parameters) -> None:
        """Write weights and biases, or a state of their form, into a flat array of this layout."""
        for l, matrix in enumerate(self.parts(flat), 1):
            W, b = parameters.W[l], parameters.b[l]
            matrix[: W.shape[1], : W.shape[0]] = W.T
            matrix[W.shape[1], : W.shape[0]] = b

    def take(self, flat: Array) -> Parameters:
        """The weights and biases, or a state of their form, of a flat array of this layout."""
        found = Parameters(self.network, dtype=self.dtype)
        for l, matrix in enumerate(self.parts(flat), 1):
            n, before = found.W[l].shape
            found.W[l] = matrix[:before, :n].T
            found.b[l] = matrix[before, :n]
        return found

    def turn(self) -> None:
        """Bring the transposes in step with the weights."""
        for l, turned in enumerate(self.WT, 1):
            if turned is not None:
                before, n = self.network.widths[l - 1 : l + 1]
                turned[:n, :before] = self.W[l - 1][:before, :n].T
