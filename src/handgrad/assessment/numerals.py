"""Numbers as they stand in a report."""

from __future__ import annotations

import math

from handgrad.explain.matrices import plain

MOST = 6
"""So many decimals tell scores apart at most."""
UNBOUNDED = ("RMSE", "MAE")
"""The scores that are in the target's units."""


def size(value: float) -> str:
    """A number in a target's units, with four digits: 0.1235, 12,346, 1.235 · 10⁻⁷; a dash for NaN."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else plain(value)


def score(name: str, value: float, decimals: int = 3) -> str:
    """A score: errors as `size`, others with so many decimals; a dash for NaN."""
    if name in UNBOUNDED or (math.isfinite(value) and abs(value) >= 1000):
        return size(value)
    return f"{value:.{decimals}f}" if math.isfinite(value) else "–" if math.isnan(value) else plain(value)


def told_apart(name: str, first: float, second: float, decimals: int = 3) -> tuple[str, str]:
    """Two scores, with as many decimals as tell them apart, if they differ."""
    shown = score(name, first, decimals), score(name, second, decimals)
    if shown[0] != shown[1] or first == second or decimals >= MOST:
        return shown
    return told_apart(name, first, second, decimals + 1)


def seconds(time: float) -> str:
    """How long something took: 0.05, 1.2, 75."""
    return f"{time:.{2 if time < 1 else 1 if time < 10 else 0}f}"


def percent(share: float) -> str:
    """A share in percent; a dash for NaN."""
    return "–" if math.isnan(share) else f"{share:.1%}"
