"""The plain training loop: gradient descent on mini-batches, through the evaluated derivation. `fit` is what a person wants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.calculus.evaluation import Value
from handgrad.calculus.functions import Array
from handgrad.data import as_inputs, as_targets, as_weights
from handgrad.datasets import Dataset
from handgrad.derivation import derive, following
from handgrad.errors import DataError, TrainingError
from handgrad.network import Network, Parameters


@dataclass(frozen=True)
class Epoch:
    """One pass over the examples: its number from 1, and the mean loss of its batches as they were met."""

    number: int
    loss: float


def train(
    network: Network,
    parameters: Parameters,
    X: Any,
    Y: Any,
    sample_weight: Any = None,
    *,
    epochs: int,
    batch_size: int = 32,
    learning_rate: float = 0.1,
    rng: np.random.Generator | int = 0,
) -> Iterator[Epoch]:
    """Gradient descent on mini-batches, shuffled in each epoch; a generator that yields after every epoch.

    The loop of the textbooks, which `fit` is held to: it needs nothing but NumPy, and is slow.
    `parameters` is trained in place, in its own dtype: each step evaluates the derivation's update equations. With sample
    weights, a step is as long as its batch is heavy (its mean weight against that of all examples), so that weights count also
    where a batch holds a single example. Raises TrainingError,
    with the last finite parameters kept, when the loss is no longer finite; DataError for data that does not fit.

    >>> network = Network("2-3-1", loss="squared_error")
    >>> parameters = Parameters.draw(network, 0)
    >>> for epoch in train(network, parameters, [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0], epochs=2): print(epoch.number)
    1
    2
    """
    check_options(epochs, batch_size, learning_rate)
    dtype = parameters.buffer.dtype
    X = as_inputs(X, network).astype(dtype, copy=False)
    Y = as_targets(Y, network, len(X), dtype)
    weights = as_weights(sample_weight, len(X), dtype)
    return _epochs(network, parameters, X, Y, weights, epochs, batch_size, learning_rate, np.random.default_rng(rng))


def check_options(epochs: int, batch_size: int, learning_rate: float) -> None:
    """Raise TrainingError for options that no run can have."""
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
            raise TrainingError(f"{name} is a whole number, 1 or more, but {value!r} was given")
    number = isinstance(learning_rate, float | int | np.floating | np.integer)
    if not (number and np.isfinite(learning_rate) and learning_rate > 0):
        raise TrainingError(f"learning_rate is a finite number above 0, but {learning_rate} was given")


def _epochs(  # noqa: PLR0917  # what train() has checked, in its order
    network: Network,
    parameters: Parameters,
    X: Array,
    Y: Array,
    weights: Array | None,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    rng: np.random.Generator,
) -> Iterator[Epoch]:
    derivation = derive(network)
    updates = {following(name): view for name, view in parameters.arrays().items()}
    wanted = [*updates, "J"]
    usual_weight = 1.0 if weights is None else float(weights.mean(dtype=np.float64))
    for number in range(1, epochs + 1):
        order = rng.permutation(len(X))
        total = weight = 0.0
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            values: dict[str, Value] = {**parameters.arrays(), "X": X[rows].T, "Y": Y[rows].T, "alpha": learning_rate}
            share = float(len(rows))
            if weights is not None:
                values["w"], share = weights[rows], float(weights[rows].sum(dtype=np.float64))
                if not share:
                    continue
                values["alpha"] = learning_rate * share / (len(rows) * usual_weight)
            found = derivation.evaluate(values, wanted)
            loss = float(np.asarray(found["J"]))
            if not np.isfinite(loss) or not all(np.isfinite(found[name]).all() for name in updates):
                raise TrainingError(
                    f"the loss is {loss} in epoch {number} at the learning rate {learning_rate:g}: the run diverges; "
                    "try a learning rate ten times smaller, or standardised inputs"
                )
            for name, view in updates.items():
                view[...] = found[name]
            total, weight = total + share * loss, weight + share
        yield Epoch(number, total / weight)


@dataclass(frozen=True)
class Split:
    """Rows to train on and rows held out."""

    train: Array
    held_out: Array


HELD_OUT = 0.25
"""The share of the rows that is held out where nothing else is said."""


def stratified_split(data: Dataset, rng: np.random.Generator, share: float = HELD_OUT) -> Split:
    """Hold out a share of the rows, and of every class where there are classes. Raises DataError for too few rows."""
    groups = [np.arange(len(data.y))] if data.classes is None else [np.flatnonzero(data.y == c) for c in np.unique(data.y)]
    held = [rng.permutation(rows)[: max(1, round(share * len(rows)))] for rows in groups if len(rows) > 1]
    if not held or sum(map(len, held)) >= len(data.y):
        raise DataError(f"{data.name} has too few rows ({len(data.y)}) to hold some out")
    held_out = np.sort(np.concatenate(held))
    return Split(np.setdiff1d(np.arange(len(data.y)), held_out), held_out)
