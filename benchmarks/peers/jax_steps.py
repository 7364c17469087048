"""JAX with the step compiled by jit; parameters and state are given away to it, and the number of the step stays on its side."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers.job import Array, Epoch, Job, Read, main


def loss_of(parameters: Any, X: jax.Array, Y: jax.Array) -> jax.Array:
    """The loss of a batch."""
    *hidden, (W, b) = parameters
    for weights, bias in hidden:
        X = jax.nn.relu(X @ weights + bias)
    return -jnp.mean(jnp.sum(Y * jax.nn.log_softmax(X @ W + b), axis=1))


def data_of(job: Job) -> tuple[jax.Array, jax.Array]:
    """X and Y, not copied where JAX can do so."""
    if job.dtype == "float64":
        jax.config.update("jax_enable_x64", val=True)
    return jnp.asarray(job.X), jnp.asarray(job.Y)


def first_state(job: Job, rule: str) -> Any:
    """Parameters (W is n_{l-1} × n_l here), the state of Adam where it is wanted, and the number of the step."""
    parameters = [(jnp.array(W.T), jnp.array(b)) for W, b in zip(job.W, job.b, strict=True)]
    states = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(2 if rule == "adam" else 0)]
    return parameters, states, jnp.zeros((), jnp.int32)


def update_of(job: Job, rule: str) -> Callable[[Any, jax.Array, jax.Array], Any]:
    """The step: from a state and a batch to the next state."""
    alpha = job.learning_rates[rule]

    def update(state: Any, X: jax.Array, Y: jax.Array) -> Any:
        parameters, states, t = state
        t, g = t + 1, jax.grad(loss_of)(parameters, X, Y)
        if rule != "adam":
            return jax.tree.map(lambda theta, g: theta - alpha * g, parameters, g), states, t
        v = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g, states[0], g)
        s = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, states[1], g)
        real = jnp.asarray(t, job.dtype)
        for_v, for_s = 1 - 0.9**real, 1 - 0.999**real
        moved = jax.tree.map(lambda theta, v, s: theta - alpha * (v / for_v) / (jnp.sqrt(s / for_s) + 1e-8), parameters, v, s)
        return moved, [v, s], t

    return update


def read_state(state: Any) -> tuple[list[Array], list[Array]]:
    """Weights and biases as arrays of the job's form."""
    return [np.asarray(W).T for W, _ in state[0]], [np.asarray(b) for _, b in state[0]]


def prepare(job: Job, rule: str) -> tuple[Epoch, Read]:
    """A compiled step; which rows are its batch is looked up inside it."""
    (X, Y), update = data_of(job), update_of(job, rule)
    state = first_state(job, rule)
    steps = job.orders.shape[1]

    def step(state: Any, X: jax.Array, Y: jax.Array, order: jax.Array) -> Any:
        rows = order[state[2] % steps]
        return update(state, X[rows], Y[rows])

    compiled = jax.jit(step, donate_argnums=0)

    def epoch(order: Array) -> None:
        nonlocal state
        rows = jnp.asarray(order, jnp.int32)
        for _ in range(len(order)):
            state = compiled(state, X, Y, rows)
        jax.block_until_ready(state)

    return epoch, lambda: read_state(state)


if __name__ == "__main__":
    main(prepare)
