"""The ceiling: the matrix products of a step and nothing else, on OpenBLAS called from compiled code.

Three ways: on one thread; on all threads inside each product; and a part of the batch on each thread, products side by side,
without ever waiting for each other. What takes least, over all kernels that OpenBLAS can be told to use, is the ceiling of a row.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.peers.job import Array, Job, read_job


@numba.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def products(A: Array, D: Array, W: Array, G: Array, steps: int) -> None:
    """Z = A Wᵀ forward; dW = dZᵀ A and dA = dZ W backward, for every layer; the last is not needed in the first."""
    for _ in range(steps):
        for l in range(len(W)):
            np.dot(A[l], W[l].T, D[l + 1])
        for l in range(len(W) - 1, -1, -1):
            np.dot(D[l + 1].T, A[l], G[l])
            if l:
                np.dot(D[l + 1], W[l], D[l])


def operands(job: Job, batch: int) -> tuple[tuple[Array, ...], ...]:
    """Activations, deltas, weights and gradients of a batch. Deltas are made small by the weights, so that nothing overflows."""
    rng = np.random.default_rng(0)
    W = tuple(W * np.asarray(0.1, job.dtype) for W in job.W)
    A = tuple(rng.standard_normal((batch, width)).astype(job.dtype) for width in job.widths)
    return A, tuple(map(np.zeros_like, A)), W, tuple(map(np.zeros_like, W))


def per_step(job: Job, parts: int) -> float:
    """Seconds per step, with the batch in so many parts side by side: the least of several tries."""
    sizes = [job.batch * (part + 1) // parts - job.batch * part // parts for part in range(parts)]
    given = [operands(job, size) for size in sizes]
    best, steps, left = float("inf"), 1, job.seconds
    with ThreadPoolExecutor(parts) as pool:
        while left > 0 or best == float("inf"):
            start = time.perf_counter()
            if parts == 1:
                products(*given[0], steps)
            else:
                list(pool.map(products, *zip(*given, strict=True), [steps] * parts))
            taken = time.perf_counter() - start
            left -= taken
            if taken < 0.02:  # too short to be told from the cost of the call
                steps *= 2
            else:
                best = min(best, taken / steps)
    return best


def main() -> None:
    """Measure the three ways."""
    job = read_job(Path(sys.argv[1]))
    products(*operands(job, job.batch), 1)
    found = {}
    with threadpool_limits(1):
        found["one thread"] = per_step(job, 1)
        if job.threads > 1 and job.batch >= job.threads:
            found["side by side"] = per_step(job, job.threads)
    if job.threads > 1:
        with threadpool_limits(job.threads):
            found["threads inside"] = per_step(job, 1)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
