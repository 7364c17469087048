"""Compiled array work of any size over machine.py: products, dense and sparse, transposes, gathering, and the threads' meeting."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray
from numba.core import types
from numba.extending import overload

from handgrad.engine.compiled.building import compiled
from handgrad.engine.compiled.machine import (
    COLUMNS,
    LINE,
    PAUSES,
    ROWS,
    STORE,
    UPDATE,
    VECTOR_BYTES,
    add_atomically,
    add_row,
    call_product,
    copy,
    lanes,
    offer,
    pause,
    pointer,
    prefetch,
    read_atomically,
    tile_half_narrow,
    tile_half_wide,
    tile_narrow,
    tile_row_narrow,
    tile_row_wide,
    tile_wide,
    transpose,
)

HALF = ROWS // 2
AHEAD = 4
"""Rows that are asked for while one is copied."""
STRIP = 1 << 18
"""Bytes of an operand that the second level of the cache holds beside the rest."""
DEEP = 512
"""Examples over which a gradient is summed at once."""


def view(address: int, count: int, one: Any) -> Any:
    """An array over `count` numbers of the type of `one` at an address."""
    raise NotImplementedError


@overload(view)
def _view(address, count, one):
    kind = {types.float32: np.float32, types.float64: np.float64, types.uint8: np.uint8, types.int64: np.int64}[one]
    return lambda address, count, one: carray(pointer(address), count, kind)


def real(value: float, one: Any) -> Any:
    """A number in the precision of `one`."""
    raise NotImplementedError


@overload(real)
def _real(value, one):
    if one == types.float32:
        return lambda value, one: np.float32(value)
    return lambda value, one: np.float64(value)


def panels(a, rs, cs, b, ldb, k, c, ldc, m, n, mode, alpha, beta):
    """C (m × n) from A (m × k) and B (k × n), as `mode` says; strides and n are bytes, n is a multiple of a vector.

    A may lie in any order (rs and cs), the columns of B and C stand side by side. The panels of B go by one after the other, each
    past all rows of A. All products go through this, by address: built into each of its callers, it would be compiled many times.
    """
    j = 0
    while j < n:
        i = 0
        if n - j >= COLUMNS:
            while i + ROWS <= m:
                tile_wide(a + i * rs, rs, cs, b + j, ldb, k, c + i * ldc + j, ldc, mode, alpha, beta)
                i += ROWS
            if i + HALF <= m:
                tile_half_wide(a + i * rs, rs, cs, b + j, ldb, k, c + i * ldc + j, ldc, mode, alpha, beta)
                i += HALF
            while i < m:
                tile_row_wide(a + i * rs, rs, cs, b + j, ldb, k, c + i * ldc + j, ldc, mode, alpha, beta)
                i += 1
            j += COLUMNS
        else:
            while i + ROWS <= m:
                tile_narrow(a + i * rs, rs, cs, b + j, ldb, k, c + i * ldc + j, ldc, mode, alpha, beta)
                i += ROWS
            if i + HALF <= m:
                tile_half_narrow(a + i * rs, rs, cs, b + j, ldb, k, c + i * ldc + j, ldc, mode, alpha, beta)
                i += HALF
            while i < m:
                tile_row_narrow(a + i * rs, rs, cs, b + j, ldb, k, c + i * ldc + j, ldc, mode, alpha, beta)
                i += 1
            j += VECTOR_BYTES


@compiled
def product(panels_of, a, rs, cs, b, ldb, k, c, ldc, m, n, mode, alpha, beta):
    """A product by `panels`, at the address `panels_of`: rows of A are taken together as far as they stay in the cache."""
    together = max(STRIP // max(k * cs, 1) // ROWS, 8) * ROWS
    for i in range(0, m, together):
        call_product(panels_of, a + i * rs, rs, cs, b, ldb, k, c + i * ldc, ldc, min(together, m - i), n, mode, alpha, beta)


@compiled
def add_product(panels_of, a, rs, cs, b, ldb, k, c, ldc, m, n, mode, alpha, beta):
    """The same with `mode` STORE or UPDATE, for a C that is as large as weights and an axis k of examples.

    It goes along the rows of C, in strips of B that stay in the cache, for some of the examples at a time.
    """
    for start in range(0, k, DEEP):
        count = min(DEEP, k - start)
        strip = max(STRIP // count // COLUMNS, 1) * COLUMNS
        how, keep = (mode, beta) if start == 0 else (UPDATE, real(1, beta))
        left_a, left_b = a + start * cs, b + start * ldb
        for left in range(0, n, strip):
            right = min(left + strip, n)
            for i in range(0, m, ROWS):
                rows, place = left_a + i * rs, c + i * ldc + left
                call_product(
                    panels_of, rows, rs, cs, left_b + left, ldb, count, place, ldc, min(ROWS, m - i), right - left, how, alpha, keep
                )


@compiled
def first_from(numbers, least):
    """The place of the first of some rising numbers that is not below `least`."""
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        if numbers[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low


def sparse_product(x, columns, ends, rows, w, row, bias, z, ldz, wide, one, _):
    """Z = X W + b for `rows` examples of sparse inputs, whose non-zeros stand between two places each, in pairs at `ends`.

    `x` and `columns` are where the values and the columns of all non-zeros begin. W has a row for each column, and b as the row
    `bias`; rows of W and Z are `wide` bytes, of which one begins every `row` and `ldz` bytes. Called by address, so that only who
    has sparse inputs compiles it.
    """
    size, count = VECTOR_BYTES // lanes(one), wide * lanes(one) // VECTOR_BYTES
    of, biases = view(ends, 2 * rows, 0), view(w + bias * row, count, one)
    for r in range(rows):
        begin, there = of[2 * r], of[2 * r + 1] - of[2 * r]
        values, places = view(x + begin * size, there, one), view(columns + begin * 8, there, 0)
        to = view(z + r * ldz, count, one)
        for j in range(count):
            to[j] = biases[j]
        for k in range(there):
            add_row(values[k], w + places[k] * row, z + r * ldz, wide)


def sparse_update(x, columns, ends, seen, rows, bias, first, last, d, ldd, c, row, wide, mode, alpha, beta):
    """Rows first … last of C = αXᵀD (`mode` STORE) or C = βC + αXᵀD (UPDATE); X as in `sparse_product`, with 1 in column `bias`.

    Row `first` of C stands at `c`. The columns of an example rise. For pieces of C that are asked for in rising order, `seen` keeps
    how many of each example's non-zeros are done with; before the first piece of a step it is -1.
    """
    size, count = VECTOR_BYTES // lanes(beta), wide * lanes(beta) // VECTOR_BYTES
    if mode == STORE:
        for i in range(last - first):
            view(c + i * row, count, beta)[:] = real(0, beta)
    elif beta != 1:
        for i in range(last - first):
            to = view(c + i * row, count, beta)
            for j in range(count):
                to[j] *= beta
    of, done = view(ends, 2 * rows, 0), view(seen, rows, 0)
    for r in range(rows):
        begin, there = of[2 * r], of[2 * r + 1] - of[2 * r]
        values, places = view(x + begin * size, there, beta), view(columns + begin * 8, there, 0)
        k = done[r] if done[r] >= 0 else first_from(places, first)
        while k < there and places[k] < last:
            add_row(alpha * values[k], d + r * ldd, c + (places[k] - first) * row, wide)
            k += 1
        done[r] = k
        if first <= bias < last:
            add_row(alpha, d + r * ldd, c + (bias - first) * row, wide)


@compiled
def rows_of(count, part, parts, block):
    """A thread's share of `count` rows, in whole blocks."""
    if parts == 1:
        return 0, count
    share = ((count + block - 1) // block + parts - 1) // parts * block
    return min(part * share, count), min((part + 1) * share, count)


@compiled
def transposed(source, lds, rows, columns, target, ldt, one):
    """Write the transpose of rows × columns numbers, in whole blocks: both arrays reach to the end of the last block."""
    block = lanes(one)
    for i in range(0, rows, block):
        for j in range(0, columns, block):
            transpose(source + i * lds + j * (VECTOR_BYTES // block), lds, target + j * ldt + i * (VECTOR_BYTES // block), ldt, one)


@compiled
def pack(b, row, k, width, panel, one):
    """Copy k rows of `width` bytes to a panel, whose rows are those of a tile."""
    for i in range(k):
        for byte in range(0, width, VECTOR_BYTES):
            copy(b + i * row + byte, panel + i * COLUMNS + byte, one)


@compiled
def meet(place, parts, meetings):
    """Wait until all threads have come to this meeting, counted from 1; False where the run was given up.

    At `place` stand two int64: how often threads have arrived, and whether the run is given up.
    """
    if parts == 1:
        return True
    add_atomically(place, 1)
    looks = 0
    while read_atomically(place) < meetings * parts:
        looks += 1
        if looks < PAUSES:
            pause()
        else:
            looks = 0
            if read_atomically(place + 8):
                return False
            offer()
    return True


@compiled
def gather(source, kind, row_stride, column_stride, order, first, last, target, ld, n, one):
    """Copy the rows order[first:last] of an array of float32 (kind 0), float64 (1) or uint8 (2), as numbers of one's type.

    All strides are bytes.
    """
    for r in range(last - first):
        if first + r + AHEAD < last:
            following = source + order[first + r + AHEAD] * row_stride
            for byte in range(0, n * column_stride, max(LINE, column_stride)):
                prefetch(following + byte)
        where = source + order[first + r] * row_stride
        to = view(target + r * ld, n, one)
        if kind == 0:
            _copy(view(where, (n - 1) * column_stride // 4 + 1, np.float32(0)), column_stride // 4, to, n)
        elif kind == 1:
            _copy(view(where, (n - 1) * column_stride // 8 + 1, 0.0), column_stride // 8, to, n)
        else:
            _copy(view(where, (n - 1) * column_stride + 1, np.uint8(0)), column_stride, to, n)


@compiled
def _copy(row, stride, to, n):
    if stride == 1:
        for j in range(n):
            to[j] = row[j]
    else:
        for j in range(n):
            to[j] = row[j * stride]
