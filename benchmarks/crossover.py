"""From which size of a step two threads are faster than one: the figure behind ENOUGH in engine/team.py.

Prints, for networks of growing width, the floating-point operations of a step and the microseconds that one and two threads take.
"""

import time

import numpy as np

from handgrad.engine.engine import Engine
from handgrad.network import Network, Parameters


def microseconds(network: Network, batch_size: int, n_threads: int) -> float:
    """The best of some runs, for one step."""
    rng = np.random.default_rng(0)
    m = batch_size * 200
    X = rng.standard_normal((m, network.widths[0])).astype(np.float32)
    Y = np.eye(network.widths[-1], dtype=np.float32)[rng.integers(0, network.widths[-1], m)]
    engine = Engine(network, Parameters.draw(network, 0, dtype=np.float32), batch_size=batch_size, n_threads=n_threads)
    best = np.inf
    for _ in range(8):
        order, rates = np.concatenate([rng.permutation(m) for _ in range(3)]), np.full(600, 0.01)
        start = time.perf_counter()
        engine.steps(X, Y, order, rates)
        best = min(best, (time.perf_counter() - start) / 600)
    return best * 1e6


def main() -> None:
    """Print the table."""
    print("network          batch   flop a step   1 thread   2 threads   ratio")
    for spelling, batch_size in [
        ("8-16-4", 32), ("64-16-10", 32), ("64-32-10", 32), ("64-64-10", 32), ("64-64-64-10", 32), ("64-128-10", 32),
        ("64-128-10", 64), ("64-128-10", 128), ("784-32-10", 32), ("784-64-10", 32), ("784-128-10", 32), ("784-128-10", 8),
        ("784-128-10", 1), ("1024-1024-10", 1), ("1024-2048-1000", 1),
    ]:  # fmt: skip
        network = Network(spelling)
        one, two = (microseconds(network, batch_size, n_threads) for n_threads in (1, 2))
        print(f"{spelling:15s} {batch_size:6d} {6 * batch_size * network.size:13,d} {one:10.2f} {two:11.2f} {one / two:7.2f}")


if __name__ == "__main__":
    main()
