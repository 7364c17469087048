"""The plain training loop: mini-batches through the evaluated derivation, and the run of a whole training job."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from handgrad.calculus.evaluation import Value
from handgrad.calculus.functions import Array
from handgrad.data import as_inputs, as_targets, as_weights
from handgrad.datasets import Dataset
from handgrad.derivation import derive, following
from handgrad.errors import DataError, NetworkError, TrainingError
from handgrad.gradcheck import GradientCheck, gradcheck
from handgrad.model import Model, Scaling, class_targets, metric_of
from handgrad.network import Network, Parameters

CHECKED_EXAMPLES, CHECKED_DIRECTIONS = 8, 4
COPIES = 40
"""How many times the parameters a run holds at its most, the stacks of the gradient check included."""
MOST_ERROR = 1e-5
"""A run whose gradient is further off than this, relative to its size, does not start."""


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
    if not (np.isfinite(learning_rate) and learning_rate > 0):
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


def stratified_split(data: Dataset, rng: np.random.Generator, share: float = 0.25) -> Split:
    """Hold out a share of the rows, and of every class where there are classes. Raises DataError for too few rows."""
    groups = [np.arange(len(data.y))] if data.classes is None else [np.flatnonzero(data.y == c) for c in np.unique(data.y)]
    held = [rng.permutation(rows)[: max(1, round(share * len(rows)))] for rows in groups if len(rows) > 1]
    if not held or sum(map(len, held)) >= len(data.y):
        raise DataError(f"{data.name} has too few rows ({len(data.y)}) to hold some out")
    held_out = np.sort(np.concatenate(held))
    return Split(np.setdiff1d(np.arange(len(data.y)), held_out), held_out)


def default_network(data: Dataset) -> str:
    """A network that suits a small table: one hidden layer of ReLUs."""
    inputs, outputs = data.X.shape[1], 1 if data.classes is None else len(data.classes)
    return f"{inputs}-{128 if inputs >= 32 else 16}-{outputs}"


def default_epochs(data: Dataset) -> int:
    """Few passes over many examples, many over few."""
    return 30 if len(data.y) > 1000 else 100


def default_learning_rate(data: Dataset) -> float:
    """Gentler for a regression, whose squared errors have no bound."""
    return 0.01 if data.classes is None else 0.1


def _require_memory(network: Network) -> None:
    """Refuse a network that this loop cannot train in the machine's memory, rather than be stopped half way."""
    if not hasattr(os, "sysconf"):
        return
    there, needed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), COPIES * 8 * network.size
    if needed > there:
        raise NetworkError(
            f"the network {network} has {network.size} parameters and would take about {needed / 2**30:.0f} GiB; "
            f"this machine has {there / 2**30:.0f}"
        )


class Run:
    """A training job on a data set: split, standardise, check the gradient, train, and keep what is needed to tell of it.

    `network` is a spelling, or None for the default; `loss` a name, or None for the one that the outputs go with.
    """

    def __init__(self, data: Dataset, network: str | None, loss: str | None, l2: float, seed: int) -> None:
        self.data, self.seed = data, seed
        self.network = Network(default_network(data) if network is None else network, loss=loss, l2=l2)
        self._check_widths()
        _require_memory(self.network)
        self.rng = np.random.default_rng(seed)
        self.split = stratified_split(data, self.rng)
        self.inputs = Scaling.standard(data.X[self.split.train])
        self.targets = self._target_scaling() if data.classes is None else None
        self.parameters = Parameters.draw(self.network, self.rng)
        self.X = self.inputs.apply(data.X)
        self.Y = self._targets()
        self.gradient_check: GradientCheck | None = None
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.seconds = 0.0

    def _check_widths(self) -> None:
        data, widths = self.data, self.network.widths
        if widths[0] != data.X.shape[1]:
            raise NetworkError(f"{data.name} has {data.X.shape[1]} features, but the network {self.network} has {widths[0]} inputs")
        wanted = [1] if data.classes is None else [len(data.classes), 1][: 2 if len(data.classes) == 2 else 1]
        if widths[-1] not in wanted:
            kind = "one number to predict" if data.classes is None else f"{len(data.classes)} classes"
            raise NetworkError(f"{data.name} has {kind}, but the network {self.network} has {widths[-1]} outputs")

    def _target_scaling(self) -> Scaling | None:
        """Standardise what is predicted where the loss takes all numbers; only scale it where it must not be negative."""
        y = self.data.y[self.split.train, None]
        if np.isfinite(float(self.network.loss.targets.high)):
            return None
        if np.isfinite(float(self.network.loss.targets.low)):
            return Scaling(np.zeros(1), np.abs(y).mean(axis=0))
        return Scaling.standard(y)

    def _targets(self) -> Array:
        y, outputs = self.data.y, self.network.widths[-1]
        if self.data.classes is None:
            return y[:, None].astype(float) if self.targets is None else self.targets.apply(y[:, None])
        return class_targets(y, outputs)

    def check(self) -> GradientCheck:
        """Hold the gradient of a few training examples to central differences."""
        rows = self.split.train[:: max(1, len(self.split.train) // CHECKED_EXAMPLES)][:CHECKED_EXAMPLES]
        check = gradcheck(self.network, self.parameters, self.X[rows], self.Y[rows], directions=CHECKED_DIRECTIONS, rng=self.seed)
        name, error = check.worst
        if not error < MOST_ERROR:
            raise TrainingError(f"the gradient of {name} is off by {error:.1e} against central differences, so nothing was trained")
        self.gradient_check = check
        return check

    def train(self, epochs: int, batch_size: int, learning_rate: float, tell: Callable[[Epoch, float], None]) -> None:
        """Train; `tell` gets each epoch and its hold-out score."""
        rows, start = self.split.train, time.perf_counter()
        options = {"epochs": epochs, "batch_size": batch_size}
        for epoch in train(
            self.network, self.parameters, self.X[rows], self.Y[rows], learning_rate=learning_rate, rng=self.rng, **options
        ):
            self.losses.append(epoch.loss)
            self.scores.append(self.score())
            self.seconds = time.perf_counter() - start
            tell(epoch, self.scores[-1])

    @property
    def metric(self) -> str:
        """What the score is."""
        return metric_of(self.data.classes)

    def model(self) -> Model:
        """The trained network with its scaling, names and provenance."""
        provenance = {"data": self.data.name, "seed": self.seed, "epochs": len(self.losses), "metric": self.metric}
        provenance |= {
            "hold_out_score": self.score(),
            "gradient_check": self.gradient_check.worst[1] if self.gradient_check else None,
        }
        return replace(self._predictor, provenance=provenance)

    def score(self) -> float:
        """The hold-out score of the parameters as they are."""
        held = self.split.held_out
        return self._predictor.score(self.data.X[held], self.data.y[held])

    def confusion(self) -> Array:
        """Hold-out examples by true class (rows) and predicted class (columns)."""
        held, count = self.split.held_out, len(self.data.classes or ())
        predicted = self._predictor.predict(self.data.X[held])
        table = np.zeros((count, count), int)
        np.add.at(table, (self.data.y[held], predicted), 1)
        return table

    @property
    def _predictor(self) -> Model:
        return Model(self.network, self.parameters, self.inputs, self.targets, self.data.classes, self.data.features)
