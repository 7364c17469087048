"""A trained network with all that it needs to predict from raw numbers; kept in one model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.data import numbers
from handgrad.derivation import derive
from handgrad.errors import DataError, HandgradError, ModelFileError
from handgrad.model_file import network_from_json, network_to_json, read_model_file, write_model_file
from handgrad.network import Network, Parameters
from handgrad.version import __version__

EXTRA = "extras."
"""What the names of extra tensors in a file begin with."""


@dataclass(frozen=True)
class Scaling:
    """A shift and a scale by column: what the network sees is (x - mean) / scale."""

    mean: Array
    scale: Array

    @classmethod
    def standard(cls, X: Array) -> Scaling:
        """Mean 0 and standard deviation 1; constant columns are only shifted."""
        deviation = X.std(axis=0)
        return cls(X.mean(axis=0), np.where(deviation > 0, deviation, 1.0))

    def apply(self, X: Array) -> Array:
        """Scale columns."""
        with np.errstate(over="ignore"):  # what is infinite then is refused by whoever takes it
            return np.asarray((X - self.mean) / self.scale)

    def undo(self, X: Array) -> Array:
        """Bring scaled columns back."""
        return np.asarray(X * self.scale + self.mean)


@dataclass(frozen=True)
class Model:
    """A trained network with what it needs to predict from raw numbers.

    `classes` are the names of the classes, or None for a regression, whose outputs `targets` scales back. `features` names the
    input columns. `provenance` says where the model comes from, as JSON. `extras` are arrays of numbers that a file keeps besides,
    such as an optimiser's state.
    """

    network: Network
    parameters: Parameters
    inputs: Scaling
    targets: Scaling | None = None
    classes: tuple[str, ...] | None = None
    features: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Array] = field(default_factory=dict)

    @property
    def metric(self) -> str:
        """What `score` is."""
        return metric_of(self.classes)

    def outputs(self, X: Any) -> Array:
        """The network's outputs for raw inputs of n_samples × n_0: n_samples × n_L, in the targets' own units."""
        array = numbers(X, "X")
        if array.ndim != 2 or array.shape[1] != self.network.widths[0]:
            wanted = f"numbers of the shape (n_samples, {self.network.widths[0]})"
            raise DataError(f"the model takes {wanted}, but {array.dtype} of {array.shape} was given")
        scaled = self.inputs.apply(array)
        finite = np.isfinite(scaled)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            raise DataError(f"row {row + 1}, column {column + 1} is {array[row, column]}, which is not a finite number when scaled")
        found = derive(self.network).output(self.parameters, scaled)
        return found if self.targets is None else self.targets.undo(found)

    def predict(self, X: Any) -> Array:
        """Class numbers (n_samples,), or numbers of (n_samples,) or (n_samples, n_L) for a regression."""
        found = self.outputs(X)
        if self.classes is None:
            return found[:, 0] if found.shape[1] == 1 else found
        return (found[:, 0] > 0.5).astype(int) if found.shape[1] == 1 else found.argmax(axis=1)

    def score(self, X: Any, y: Any) -> float:
        """Accuracy; R² for a regression, over all outputs."""
        predicted, y = self.predict(X), np.asarray(y)
        if len(y) != len(predicted):
            raise DataError(f"X has {len(predicted)} examples, but y has {len(y)}")
        if self.classes is not None:
            return float(np.mean(predicted == y))
        spread = float(((y - y.mean(axis=0)) ** 2).sum())
        return 1 - float(((y - predicted) ** 2).sum()) / spread if spread else float("nan")

    def save(self, path: str | Path) -> Path:
        """Write the model file beside its place and rename it. Raises ModelFileError where that cannot be done."""
        tensors = {**self.parameters.arrays(), "inputs.mean": self.inputs.mean, "inputs.scale": self.inputs.scale}
        if self.targets is not None:
            tensors |= {"targets.mean": self.targets.mean, "targets.scale": self.targets.scale}
        for name, array in self.extras.items():
            if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
                raise ModelFileError(f"a model file holds arrays of numbers, but {name} is an array of {array.dtype}")
            tensors[EXTRA + name] = array
        about = {
            "handgrad": __version__,
            "numpy": np.__version__,
            "network": network_to_json(self.network),
            "classes": self.classes,
            "features": self.features,
            "provenance": dict(self.provenance),
        }
        write_model_file(Path(path), about, tensors)
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> Model:
        """Read a model file back. Raises ModelFileError for one that is missing, damaged, truncated or not handgrad's."""
        about, tensors = read_model_file(Path(path))
        try:
            network = network_from_json(about["network"])
            layers = range(1, network.L + 1)
            parameters = Parameters.given(network, [tensors[f"W[{l}]"] for l in layers], [tensors[f"b[{l}]"] for l in layers])
            inputs = _scaling(tensors, "inputs", network.widths[0])
            targets = _scaling(tensors, "targets", network.widths[-1]) if "targets.mean" in tensors else None
            classes = None if about["classes"] is None else tuple(map(str, about["classes"]))
            features = tuple(map(str, about["features"]))
            if classes is not None and len(classes) != max(network.widths[-1], 2):
                raise ModelFileError(f"{len(classes)} classes for {network.widths[-1]} outputs")
            if features and len(features) != network.widths[0]:
                raise ModelFileError(f"{len(features)} feature names for {network.widths[0]} inputs")
            extras = {name.removeprefix(EXTRA): array for name, array in tensors.items() if name.startswith(EXTRA)}
            return cls(network, parameters, inputs, targets, classes, features, dict(about["provenance"]), extras)
        except KeyError as error:
            raise ModelFileError(f"{path} is not a whole handgrad model: {error} is missing") from None
        except (HandgradError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            raise ModelFileError(f"{path} is not a valid handgrad model: {error}") from None


def class_targets(labels: Array, outputs: int) -> Array:
    """Class numbers as a network's targets, n_samples × outputs: 0 and 1 for a single output, else one-hot."""
    return labels[:, None].astype(float) if outputs == 1 else np.eye(outputs)[labels]


def metric_of(classes: tuple[str, ...] | None) -> str:
    """What a model with these classes, or none, is scored by."""
    return "R²" if classes is None else "accuracy"


def _scaling(tensors: Mapping[str, Array], name: str, width: int) -> Scaling:
    found = Scaling(tensors[f"{name}.mean"], tensors[f"{name}.scale"])
    for array in (found.mean, found.scale):
        if array.shape != (width,) or array.dtype.kind != "f" or not np.isfinite(array).all() or (found.scale == 0).any():
            raise ModelFileError(f"the scaling of the {name} is not {width} finite numbers")
    return found
