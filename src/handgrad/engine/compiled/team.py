"""How many threads take a step, and running them: plain threads that meet in compiled code, and are gone after each run."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_info

from handgrad.calculus.functions import Array
from handgrad.errors import TrainingError

ENOUGH = 2_000_000
"""Floating-point operations of a step, from which two threads are faster than one (measured by benchmarks/crossover.py)."""

_turns = threading.Lock()
"""Runs of several threads wait for each other: their threads spin while they wait, which needs a processor for each."""


def _new_turns() -> None:
    """Begin anew in a forked process: a lock that another thread held would stay locked for ever."""
    global _turns  # noqa: PLW0603  # there is one for the process
    _turns = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_turns)


def usable_cpus() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_for(batch_size: int, size: int, n_threads: int | None) -> int:
    """How many threads take steps of `batch_size` examples through a network of `size` parameters.

    With `n_threads` that many, at most the processors that the process may use. Else all of these for steps that are worth it, and
    no more than threadpoolctl's limit on linear algebra; one in a worker process such as joblib's, whose siblings have the others.
    """
    if n_threads is not None:
        if not isinstance(n_threads, int) or isinstance(n_threads, bool) or n_threads < 1:
            raise TrainingError(f"n_threads is a whole number, 1 or more, but {n_threads!r} was given")
        return min(n_threads, usable_cpus())
    work = 6 * batch_size * size
    if work < ENOUGH or multiprocessing.parent_process() is not None:
        return 1
    limits = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max(1, min(usable_cpus(), *map(int, limits), work // (ENOUGH // 2)))


@contextmanager
def _turn(parts: int) -> Iterator[None]:
    if parts == 1:
        yield
        return
    with _turns:
        yield


def together(part: Callable[[int], None], parts: int, meeting: Array) -> None:
    """Call part(0) … part(parts - 1) at once, the first in this thread; `meeting` is where they wait for each other."""
    failed: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            part(number)
        except BaseException as error:  # noqa: BLE001  # told by the first thread, which the others must not leave waiting
            failed.append(error)
            meeting[1] = 1

    with _turn(parts):
        meeting[:] = 0
        others = [threading.Thread(target=guarded, args=(number,), daemon=True) for number in range(1, parts)]
        started = []
        try:
            for thread in others:
                thread.start()
                started.append(thread)
            part(0)
        except BaseException:
            meeting[1] = 1
            raise
        finally:
            for thread in started:
                thread.join()
    if failed:
        raise failed[0]
