"""Turning the functions of this folder into machine code that is kept on disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import sigutils
from numba.core.ccallback import CFunc

from handgrad.engine.kernels.compiling import announcing, warn_uncached

SOURCES = ("machine", "products", "steps", "small")
"""The files whose functions are built into each other: a change of any makes all that is kept stale."""

_built: dict[tuple[Callable[..., None], str], Any] = {}
"""What is built stays so: its addresses are in use."""
_lock = threading.Lock()


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function when it is first called with arguments of some types."""
    made = numba.njit(nogil=True, pipeline_class=announcing(function.__name__))(function)
    _keep(made)
    return made


def address_of(function: Callable[..., None], integers: int, real: str) -> int:
    """The address of a function of so many int64 and then two numbers of the type `real`, called by address where it is needed.

    Built into each of its callers, it would be compiled again for each of them.
    """
    with _lock:
        if (function, real) not in _built:
            kinds = [numba.types.int64] * integers + [getattr(numba.types, real)] * 2
            signature = sigutils.normalize_signature(numba.types.void(*kinds))  # type: ignore[no-untyped-call,unused-ignore]
            made = CFunc(function, signature, locals={}, options={}, pipeline_class=announcing(function.__name__))
            _keep(made)
            made.compile()
            _built[function, real] = made
        return int(_built[function, real].address)


def _keep(made: Any) -> None:
    """Keep what is compiled on disk, until a file of the folder changes: Numba by itself looks at the function's own only."""
    try:
        made.enable_caching()
        stats = [(Path(__file__).parent / f"{name}.py").stat() for name in SOURCES]
        made._cache._cache_file._source_stamp = tuple((stat.st_mtime, stat.st_size) for stat in stats)  # noqa: SLF001  # no other way
    except (OSError, RuntimeError) as error:  # the same function without a cache
        warn_uncached(error)
