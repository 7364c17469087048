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

HERE = Path(__file__).parent
SOURCES = (*sorted(HERE.glob("*.py")), HERE.parent / "dropout.py")
"""The files whose functions and numbers are built into each other: a change of any makes all that is kept stale."""

_built: dict[tuple[Callable[..., None], str], Any] = {}
"""What is built stays so: its addresses are in use."""
_lock = threading.Lock()


def compiled(function: Callable[..., Any], *, free_order: bool = False) -> Any:
    """Compile a function when it is first called with arguments of some types; with `free_order` sums may be taken in any order."""
    fastmath = {"reassoc"} if free_order else False
    made = numba.njit(nogil=True, fastmath=fastmath, pipeline_class=announcing(function.__name__))(function)
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
    """Keep what is compiled on disk, until one of SOURCES changes: Numba by itself looks at the function's own only."""
    try:
        made.enable_caching()
        cache = made._cache  # noqa: SLF001  # Numba has no other way to say what it depends on
        cache._cache_file._source_stamp = tuple((stat.st_mtime, stat.st_size) for stat in (path.stat() for path in SOURCES))  # noqa: SLF001
        save = cache.save_overload

        def save_or_say(signature: Any, data: Any) -> None:
            try:
                save(signature, data)
            except OSError as error:  # such as a disk that is full
                warn_uncached(error)

        cache.save_overload = save_or_say
    except (OSError, RuntimeError) as error:  # the same function without a cache
        warn_uncached(error)
