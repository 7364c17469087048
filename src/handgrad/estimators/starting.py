"""First weights and biases: drawn as scikit-learn draws them, or as they were given."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import NetworkError
from handgrad.network import Network


def drawn(network: Network, random: np.random.RandomState, dtype: Any) -> tuple[list[Array], list[Array]]:
    """Weights n_{l-1} × n_l and biases, uniform within Glorot and Bengio's bound (2010); a third of its square for a sigmoid.

    The output layer has the bound of the last hidden layer's activation.
    """
    hidden = network.activations[:-1] or network.activations
    coefs, intercepts = [], []
    for place, (before, n) in enumerate(pairwise(network.widths)):
        factor = 2.0 if hidden[min(place, len(hidden) - 1)].name == "sigmoid" and network.L > 1 else 6.0
        bound = np.sqrt(factor / (before + n))
        coefs.append(random.uniform(-bound, bound, (before, n)).astype(dtype, copy=False))
        intercepts.append(random.uniform(-bound, bound, n).astype(dtype, copy=False))
    return coefs, intercepts


def given(name: str, arrays: Sequence[Any], like: Sequence[Array]) -> list[Array]:
    """Copies of `arrays` in the shapes and the dtype of those that were drawn. Raises NetworkError for others."""
    shapes = [array.shape for array in like]
    try:
        found = [np.array(array, like[0].dtype) for array in arrays]
    except (TypeError, ValueError) as error:
        raise NetworkError(f"{name} is a list of arrays of numbers, but: {error}") from None
    if [array.shape for array in found] != shapes:
        raise NetworkError(
            f"{name} has an array for each layer, of the shapes {shapes}, but {[array.shape for array in found]} was given"
        )
    if not all(np.isfinite(array).all() for array in found):
        raise NetworkError(f"{name} holds finite numbers, but NaN or infinity was given")
    return found
