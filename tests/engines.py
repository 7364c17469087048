"""The two engines that `fit` runs on, for tests that hold both to the same law."""

import numpy as np
import pytest

from handgrad.engine.engine import Engine
from handgrad.engine.reference import ReferenceEngine
from handgrad.network import Network, Parameters

BOTH = pytest.mark.parametrize("engine", [ReferenceEngine, Engine])


def task(spelling="3-5:tanh-4:relu-2", examples=22, seed=0, dtype=np.float64, **options):
    """A network, first parameters, inputs and labels that a line nearly tells apart, and weights."""
    network = Network(spelling, **options)
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((examples, network.widths[0]))
    y = (X[:, 0] + X[:, 1] + 0.3 * rng.standard_normal(examples) > 0).astype(int)
    parameters = Parameters.draw(network, rng, dtype=dtype)
    for b in parameters.b.values():
        b[...] = rng.uniform(-0.3, 0.3, b.shape)
    return network, parameters, X, y if network.loss.simplex else y.astype(float), rng.uniform(0.5, 2, examples)
