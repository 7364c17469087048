"""Class weights as weights of examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import TrainingError
from handgrad.network import Network

ClassWeight = str | Mapping[Any, float] | None


def with_class_weights(network: Network, Y: Array, weights: Array | None, class_weight: ClassWeight) -> Array | None:
    """The examples' weights, each multiplied by that of its class; Y is n_samples × n_L, of 0 and 1.

    "balanced" gives a class the weight n_samples / (n_classes · its examples), as scikit-learn does, over the classes that
    occur; a mapping from class numbers gives those that it does not name 1. Raises TrainingError where there are no classes.
    """
    if class_weight is None:
        return weights
    several = Y.shape[1] > 1
    if not np.isin(Y, (0, 1)).all() or (several and not (Y.sum(axis=1) == 1).all()):
        raise TrainingError(
            f"class_weight goes with targets that are classes, but those of the network {network} are other numbers"
        )
    labels = Y.argmax(axis=1) if several else Y[:, 0].astype(int)
    classes = max(Y.shape[1], 2)
    if class_weight == "balanced":
        counts = np.bincount(labels, minlength=classes)
        of_class = len(Y) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    elif isinstance(class_weight, Mapping):
        of_class = _given(class_weight, classes)
    else:
        raise TrainingError(
            f"class_weight is 'balanced' or a mapping from class numbers to weights, but {class_weight!r} was given"
        )
    found = of_class[labels] if weights is None else of_class[labels] * weights
    if not found.max(initial=0) > 0:
        raise TrainingError("with these class weights no example has a weight above 0")
    return np.asarray(found / found.max(), Y.dtype)


def _given(class_weight: Mapping[Any, float], classes: int) -> Array:
    found = np.ones(classes)
    for label, weight in class_weight.items():
        if not isinstance(label, int | np.integer) or not 0 <= label < classes:
            raise TrainingError(f"classes are whole numbers from 0 to {classes - 1}, but class_weight names {label!r}")
        if not (np.isfinite(weight) and weight >= 0):
            raise TrainingError(f"a class weight is a finite number, 0 or more, but class {label} has {weight}")
        found[label] = weight
    return found
