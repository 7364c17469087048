"""Where a network's numbers lie while it is trained: padded, aligned, and in the order in which the steps read them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from handgrad.calculus.functions import Array
from handgrad.engine.compiled import tables as at
from handgrad.engine.compiled.machine import COLUMNS, LINE, PAD
from handgrad.engine.compiled.products import rows_of
from handgrad.network import Network, Parameters

LARGE = 1 << 20
"""Bytes of weights from which they are packed panel by panel, and no transpose is kept: more than a second-level cache holds."""


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


def shared_units(n: int, parts: int) -> int:
    """How many of n units each of some threads takes where they share a layer's units; 0 where that would not be even.

    Threads that share the units of a layer each keep their own weights in their own cache; else they share the examples.
    """
    pads = -(-n // PAD)
    share = -(-pads // parts)
    even = share * parts <= 1.05 * pads
    return share * PAD if parts > 1 and share >= 2 and even else 0


@dataclass(frozen=True)
class Block:
    """The weights of some units of a layer: `matrix` has a row for each unit before and one for the biases, and padded columns."""

    first: int
    units: int
    matrix: Array


class Layout:
    """The buffers of one network for batches of some size and some threads, and the tables by which compiled steps find them.

    A layer's weights and biases are n_{l-1} + 1 rows of n_l columns, W[l] transposed with b[l] below, in one block or in one for
    each thread; `WT` has W[l] again, as it is, for the backward pass, but for layer 1 and large layers. `A[l]` and `S[l]` hold a
    batch's activations and, in turn, slopes and errors.
    """

    def __init__(self, network: Network, batch_size: int, dtype: npt.DTypeLike, parts: int) -> None:
        self.network, self.dtype, self.parts = network, np.dtype(dtype), parts
        widths = network.widths
        self._shares = [[units] * parts if (units := shared_units(n, parts)) else [padded(n)] for n in widths[1:]]
        rows = [before + 1 for before in widths[:-1]]
        self.size = sum(count * row(units) for count, shares in zip(rows, self._shares, strict=True) for units in shares)
        self.theta = self.flat()
        self._own = self._blocks(self.theta)
        self.large = [(before + 1) * n * self.dtype.itemsize > LARGE for before, n in pairwise(widths)]
        self.WT = [
            aligned((padded(n), row(before + 1)), dtype) if l and not self.large[l] else None
            for l, (before, n) in enumerate(pairwise(widths))
        ]
        shared = [
            rows for pair, is_large in zip(pairwise(widths), self.large, strict=True) if is_large for rows in (pair[0] + 1, pair[1])
        ]
        self.panel = padded(max(shared, default=0)) * COLUMNS
        self.A = [aligned((batch_size if l else 0, row(n + 1)), dtype) for l, n in enumerate(widths)]
        self.S = [aligned((batch_size if l else 0, row(n + 1)), dtype) for l, n in enumerate(widths)]
        self.counts: Array | None = None
        self.tables = np.zeros((parts, len(widths), at.FIELDS), np.int64)
        for part in range(parts):
            self._fill(part, self.tables[part])
        self.clear()

    def need_inputs(self) -> None:
        """Make the buffer for a batch's inputs, with a 1 after each example's; sparse inputs need none."""
        if not self.A[0].size:
            self.A[0] = aligned((self.A[1].shape[0], self.A[0].shape[1]), self.dtype)
            self.A[0][:, self.network.widths[0]] = 1
            self.tables[:, 0, at.A] = self.A[0].ctypes.data

    def need_counts(self) -> None:
        """Make the buffers in which each thread counts the non-zeros of a batch's sparse inputs."""
        if self.counts is None:
            self.counts = aligned((self.parts, padded(len(self.A[1]))), np.int64)
            self.tables[:, 1, at.SEEN] = [counts.ctypes.data for counts in self.counts]

    def _fill(self, part: int, table: Array) -> None:
        """One thread's table."""
        size, widths = self.dtype.itemsize, self.network.widths
        for l, n in enumerate(widths):
            rows = self.A[l].strides[0]
            table[l, [at.N, at.LD, at.ROW, at.A]] = n, rows // size, rows, self.A[l].ctypes.data
        for l, blocks in enumerate(self.blocks(self.theta), 1):
            own = blocks[part % len(blocks)]
            turned = self.WT[l - 1]
            count = widths[l - 1] + 1
            low, high = (0, count) if len(blocks) > 1 else rows_of(count, part, self.parts, PAD)
            fields = {
                at.S: self.S[l].ctypes.data, at.W: own.matrix.ctypes.data, at.W_ROW: own.matrix.strides[0],
                at.FIRST: own.first * size, at.UNITS: own.units, at.WIDE: padded(own.units) * size, at.LOW: low,
                at.HIGH: high, at.SHARED: len(blocks) > 1, at.LARGE: self.large[l - 1],
                at.WT: 0 if turned is None else turned.ctypes.data, at.WT_ROW: 0 if turned is None else turned.strides[0],
            }  # fmt: skip
            table[l, list(fields)] = list(fields.values())

    def flat(self) -> Array:
        """Zeros for all weights and biases in this layout; there is more behind them, since transposes read whole blocks."""
        tail = PAD * max(row(max(shares)) for shares in self._shares)
        return aligned((self.size + tail,), self.dtype)[: self.size]

    def blocks(self, flat: Array) -> list[list[Block]]:
        """The blocks of all layers in a flat array of this layout, such as the parameters or a state of the update rule."""
        return self._own if flat is self.theta else self._blocks(flat)

    def _blocks(self, flat: Array) -> list[list[Block]]:
        found, start = [], 0
        for (before, n), shares in zip(pairwise(self.network.widths), self._shares, strict=True):
            layer, first = [], 0
            for units in shares:
                end = start + (before + 1) * row(units)
                layer.append(Block(first, max(min(units, n - first), 0), flat[start:end].reshape(before + 1, row(units))))
                start, first = end, first + units
            found.append(layer)
        return found

    def point(self, field: int, flat: Array) -> None:
        """Let a field of the tables be where each thread's part of a flat array of this layout begins."""
        for l, blocks in enumerate(self.blocks(flat), 1):
            for part in range(self.parts):
                self.tables[part, l, field] = blocks[part % len(blocks)].matrix.ctypes.data

    def clear(self) -> None:
        """Zeros everywhere, padding included, where something not finite may stand; inputs are gathered before each use."""
        for array in (self.theta, *self.A[1:], *self.S, *self.WT):
            if array is not None:
                array[...] = 0

    def put(self, flat: Array, parameters: Parameters) -> None:
        """Write weights and biases, or a state of their form, into a flat array of this layout."""
        for l, blocks in enumerate(self.blocks(flat), 1):
            for block in blocks:
                own = slice(block.first, block.first + block.units)
                block.matrix[:-1, : block.units] = parameters.W[l][own].T
                block.matrix[-1, : block.units] = parameters.b[l][own]

    def take(self, flat: Array) -> Parameters:
        """The weights and biases, or a state of their form, of a flat array of this layout."""
        found = Parameters(self.network, dtype=self.dtype)
        for l, blocks in enumerate(self.blocks(flat), 1):
            for block in blocks:
                own = slice(block.first, block.first + block.units)
                found.W[l][own] = block.matrix[:-1, : block.units].T
                found.b[l][own] = block.matrix[-1, : block.units]
        return found

    def turn(self) -> None:
        """Bring the transposes in step with the weights."""
        for turned, blocks in zip(self.WT, self.blocks(self.theta), strict=True):
            if turned is not None:
                for block in blocks:
                    before = len(block.matrix) - 1
                    turned[block.first : block.first + block.units, :before] = block.matrix[:-1, : block.units].T
