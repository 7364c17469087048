"""handgrad's compiled engine, with the number of threads that it chooses by itself."""

import numpy as np

from benchmarks.peers.job import Array, Epoch, Job, Read, main
from handgrad.engine.engine import Engine
from handgrad.network import Network, Parameters


def prepare(job: Job, rule: str) -> tuple[Epoch, Read]:
    """An engine; a call of it is an epoch."""
    network = Network(job.widths)
    engine = Engine(network, Parameters.given(network, job.W, job.b), optimiser=rule, batch_size=job.batch)
    alphas = np.full(job.orders.shape[1], job.learning_rates[rule])

    def epoch(order: Array) -> None:
        engine.steps(job.X, job.Y, order.ravel(), alphas)

    def read() -> tuple[list[Array], list[Array]]:
        found = engine.read()
        return list(found.W.values()), list(found.b.values())

    return epoch, read


if __name__ == "__main__":
    main(prepare)
