"""`class_weight` as weights of examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.class_weight import compute_sample_weight

from handgrad.calculus.functions import Array
from handgrad.errors import DataError
from handgrad.estimators.targets import ClassTargets


def class_factors(class_weight: Any, targets: ClassTargets, y: Any, *, incremental: bool) -> Array:
    """The weight of each example by its class, the product over the columns of y: n_samples.

    "balanced" is scikit-learn's: n_samples / (n_classes · the class's examples), over the classes that y has. A mapping gives
    classes that it does not name 1. Raises DataError for classes that are not there and weights that are none.
    """
    if class_weight == "balanced" and incremental:
        raise DataError(
            "class_weight='balanced' counts the classes of all examples, which partial_fit does not know; give a mapping, such as "
            "that of sklearn.utils.class_weight.compute_class_weight"
        )
    several = targets.kind == "multilabel" or len(targets.classes) > 1
    columns = [[0, 1]] * targets.outputs if targets.kind == "multilabel" else [classes.tolist() for classes in targets.classes]
    mappings = class_weight if isinstance(class_weight, list) else [class_weight]
    if isinstance(class_weight, list) and len(mappings) != len(columns):
        raise DataError(f"class_weight has a mapping for each column of y, {len(columns)} here, but {len(mappings)} were given")
    if several and isinstance(class_weight, Mapping):
        raise DataError(f"y has {len(columns)} columns: class_weight is 'balanced' or a list with a mapping for each of them")
    if class_weight != "balanced":
        for mapping, classes in zip(mappings, columns, strict=True):
            _require_weights(mapping, classes)
    y = y.toarray() if sparse.issparse(y) else np.asarray(y)
    if class_weight == "balanced":
        return np.asarray(compute_sample_weight("balanced", y))
    found = np.ones(len(y))
    for mapping, column in zip(mappings, y.T if y.ndim == 2 else [y], strict=True):
        for label, weight in mapping.items():
            found[column == label] *= weight
    return found


def _require_weights(mapping: Any, classes: list[Any]) -> None:
    if not isinstance(mapping, Mapping):
        raise DataError(f"class_weight is 'balanced', a mapping or a list of them, but {mapping!r} was given")
    for label, weight in mapping.items():
        if label not in classes:
            raise DataError(f"class_weight names the class {label!r}, but the classes are {classes}")
        if not (isinstance(weight, int | float | np.number) and np.isfinite(weight) and weight >= 0):
            raise DataError(f"a class weight is a finite number, 0 or more, but the class {label!r} has {weight!r}")
