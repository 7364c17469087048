"""JAX with a whole epoch compiled as one scan over the batches."""

from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.peers.jax_steps import data_of, first_state, read_state, update_of
from benchmarks.peers.job import Array, Epoch, Job, Read, main


def prepare(job: Job, rule: str) -> tuple[Epoch, Read]:
    """A compiled epoch."""
    (X, Y), update = data_of(job), update_of(job, rule)
    state = first_state(job, rule)

    def scan(state: Any, X: jax.Array, Y: jax.Array, order: jax.Array) -> Any:
        return jax.lax.scan(lambda state, rows: (update(state, X[rows], Y[rows]), None), state, order)[0]

    compiled = jax.jit(scan, donate_argnums=0)

    def epoch(order: Array) -> None:
        nonlocal state
        state = jax.block_until_ready(compiled(state, X, Y, jnp.asarray(order, jnp.int32)))

    return epoch, lambda: read_state(state)


if __name__ == "__main__":
    main(prepare)
