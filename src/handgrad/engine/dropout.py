"""Which units a step leaves out: random bits that depend on the place alone, so that any engine draws the same ones."""

from __future__ import annotations

import numpy as np

from handgrad.calculus.functions import Array

SEED, STEP, LAYER, ROW, UNIT = 0x7F4A7C15, 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x165667B1
"""Odd numbers without a pattern, which spread seed, step, layer, row and unit over 32 bits."""
ROUNDS = ((15, 0x27D4EB2F), (16, 0x85EBCA6B), (13, 0xC2B2AE35))
"""Shifts and multipliers of the rounds; the last two are the finaliser of MurmurHash3 (Appleby, 2011)."""


def threshold(share: float) -> int:
    """What the bits of a unit must reach for the unit to be kept."""
    return min(round(share * 2**32), 2**32 - 1)


def kept(seed: int, t: int, layer: int, rows: int, units: int, share: float) -> Array:  # noqa: PLR0917  # the place, then how many
    """Which units of a layer step t keeps, of each row of its batch: an array rows × units of truth values."""
    row, unit = np.arange(rows, dtype=np.uint32)[:, None], np.arange(units, dtype=np.uint32)[None]
    h = np.full((1, 1), (seed * SEED ^ t * STEP ^ layer * LAYER) % 2**32, np.uint32) ^ row * np.uint32(ROW)
    for place, (shift, factor) in enumerate(ROUNDS):
        h = (h ^ h >> np.uint32(shift)) * np.uint32(factor)
        if place == 0:
            h = h + unit * np.uint32(UNIT)
    return np.asarray((h ^ h >> np.uint32(16)) >= threshold(share))
