"""How long a document may be judged, and how large what is computed for a formula may grow."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

TOO_LONG = "this takes too long to be worked out"
TOO_LARGE = "this has too many indices to be worked out"
MOST_ENTRIES = 200_000
"""How many numbers one value may have."""
MOST_READINGS = 64
"""How many values a formula may have, by the ways in which it can be read."""
MOST_FACTORS = 24
"""How many factors a product may have whose bracketings matter."""
MOST_UNITS = 100
"""How many units a layer has at most where they are written out by number."""

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """Work within this block until a time of the process's clock, or an earlier one that holds outside of it."""
    token = _deadline.set(min(deadline, _deadline.get()))
    try:
        yield
    finally:
        _deadline.reset(token)


def late() -> bool:
    """Whether the time is up."""
    return time.process_time() > _deadline.get()
