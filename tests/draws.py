"""Networks and numbers to test with: every pair that the catalogue allows, and well-conditioned parameters and data for it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import symbol
from handgrad.calculus.functions import Array
from handgrad.calculus.indices import EXAMPLE, unit
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.lookup import functions
from handgrad.catalogue.losses import LOSSES
from handgrad.derivation import derive
from handgrad.model import Model, Scaling
from handgrad.network import Network, Parameters, outputs_for

UNITS = symbol("Z", on=(EXAMPLE, unit("l")))

HIDDEN = [record.name for record in ACTIVATIONS.values() if not record.rowwise]

SPREAD = {"exp": 0.4, "sigmoid": 2.0, "hard_sigmoid": 2.5}
"""Exponentials of exponentials explode; the slopes of sigmoids are small, and so is their product. 1 for others."""

# Written out, so that a changed record cannot quietly allow or forbid a pair.
PROMISED = {
    "identity", "exp", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "softplus", "gelu", "silu", "mish",
    "hard_sigmoid", "softmax",
}  # fmt: skip
ALLOWED = {
    "squared_error": set(PROMISED),
    "half_squared_error": set(PROMISED),
    "absolute_error": set(PROMISED),
    "huber": set(PROMISED),
    "log_cosh": set(PROMISED),
    "quantile": set(PROMISED),
    "poisson": {"exp", "sigmoid", "softplus", "softmax"},
    "binary_cross_entropy": {"sigmoid", "softmax"},
    "cross_entropy": {"softmax"},
}
# What is added to the catalogue later follows the rule of intervals.
for loss in LOSSES:
    ALLOWED[loss] = ALLOWED.get(loss, set(outputs_for(loss))) | (set(outputs_for(loss)) - PROMISED)


def pairs(outputs: int) -> Iterator[tuple[str, str]]:
    """All (output activation, loss) that go together with so many outputs, in the catalogue's order."""
    for loss in LOSSES:
        yield from ((output, loss) for output in ACTIVATIONS if output in ALLOWED[loss] and (output != "softmax" or outputs > 1))


@dataclass(frozen=True)
class Problem:
    """A network with everything that its loss needs; X, Y and the weights are in scikit-learn's order."""

    network: Network
    parameters: Parameters
    X: Array
    Y: Array
    weights: Array


def problem(network: Network, seed: int, samples: int = 4) -> Problem:
    """Draw a problem whose gradients are neither tiny nor huge, at whatever depth.

    Weights are scaled so that no pre-activation spreads over the examples by more than SPREAD, and biases put its mean between
    -½ and ½, so that nothing saturates or explodes. Targets lie on both sides of the outputs in each example where the loss
    takes any number, since else a softmax's outputs, which sum to 1, can have a gradient of exactly 0.
    """
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((samples, network.widths[0]))
    parameters = Parameters(network)
    A, spread = X, SPREAD.get(network.activations[0].name, 1.0)
    for layer, W in parameters.W.items():
        W[...] = rng.standard_normal(W.shape) / np.sqrt(W.shape[1])
        Z = A @ W.T
        scale = spread * rng.uniform(0.6, 1, len(W)) / np.maximum(Z.std(axis=0), 0.6)
        np.multiply(W, scale[:, None], out=W)
        parameters.b[layer][...] = rng.uniform(-0.5, 0.5, len(W)) - scale * Z.mean(axis=0)
        Z = A @ W.T + parameters.b[layer]
        A = evaluate(network.activation(layer).call(UNITS), {"Z": Z}, functions(network.activation(layer)), UNITS.axes)
    return Problem(network, parameters, X, targets(network, A, rng), rng.uniform(0.2, 2, samples))


def targets(network: Network, outputs: Array, rng: np.random.Generator) -> Array:
    """Targets that the loss allows."""
    loss = network.loss
    if loss.simplex:
        return rng.dirichlet(np.ones(outputs.shape[1]), len(outputs))
    if np.isfinite(loss.targets.high):
        return rng.uniform(0.05, 0.95, outputs.shape)
    if np.isfinite(loss.targets.low):
        return rng.uniform(0.2, 3, outputs.shape)
    side = (-1.0) ** np.add.outer(np.arange(len(outputs)), np.arange(outputs.shape[1]))
    return outputs + side * rng.uniform(0.1, 2, outputs.shape)


def gradients(found: Problem, one_over_m: str = "dW") -> dict[str, Array]:
    """All gradients of a problem, by array."""
    derivation = derive(found.network, one_over_m=one_over_m)
    values = derivation.values(found.parameters, found.X, found.Y, found.weights)
    keys = {name: f"d{name}" for name in found.parameters.arrays()} | {"X": "derivative(J, X)"}
    computed = derivation.evaluate(values, list(keys.values()))
    return {name: np.asarray(computed[key]) for name, key in keys.items()}


def model_of(network, seed=0, dtype=np.float64):
    """A model with scaling, names and, where the loss is over classes, classes."""
    found = problem(network, seed)
    classes = tuple(f"class {c}" for c in range(max(network.widths[-1], 2))) if network.loss.simplex else None
    return Model(
        network,
        Parameters(network, found.parameters.buffer.astype(dtype)),
        Scaling(np.array([0.5, -1, 2]), np.array([1, 2.5, 0.1])),
        None if classes else Scaling(np.full(network.widths[-1], 7.0), np.full(network.widths[-1], 3.0)),
        classes,
        ("length", "width", "größe"),
        {"data": "drawn", "seed": 0},
    )


def inputs(model, rows=9):
    """Raw inputs for a model."""
    return np.random.default_rng(1).standard_normal((rows, model.network.widths[0]))
