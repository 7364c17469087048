"""A trained network with all that it needs to predict from raw numbers; kept in one model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from handgrad import forward
from handgrad.calculus.functions import Array
from handgrad.data import numbers
from handgrad.errors import DataError, HandgradError, ModelFileError
from handgrad.model_file import network_from_json, network_to_json, read_model_file, write_model_file
from handgrad.network import Network, Parameters
from handgrad.tables.encoding import Encoded, TableEncoding
from handgrad.tables.frames import as_frame, names_of
from handgrad.tables.rows import named_numbers
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

    @classmethod
    def none(cls, width: int) -> Scaling:
        """Nothing shifted or scaled."""
        return cls(np.zeros(width), np.ones(width))

    @classmethod
    def of_targets(cls, network: Network, y: Array) -> Scaling | None:
        """What brings targets, n_samples × n_L, to a size that is easily learnt, where loss and outputs take all that comes of it.

        Mean 0 and deviation 1 where they take any number; a scale alone where they take none below a bound; None where they are
        bounded above.
        """
        taken = (network.loss.targets, network.activation(network.L).interval)
        if np.isfinite([float(interval.high) for interval in taken]).any():
            return None
        if np.isfinite([float(interval.low) for interval in taken]).any():
            size = np.abs(y).mean(axis=0)
            return cls(np.zeros(y.shape[1]), np.where(size > 0, size, 1.0))
        return cls.standard(y)

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
    input columns. The model of a `table` takes raw rows, which that encodes as inputs; `target` is the column that was learnt.
    `provenance` says where the model comes from, as JSON. `extras` are arrays of numbers that a file keeps besides,
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
    table: TableEncoding | None = None
    target: str = ""

    @property
    def metric(self) -> str:
        """What `score` is."""
        return metric_of(self.classes)

    def scaled(self, X: Any) -> Array:
        """The network's inputs for raw rows: an array of n_samples × n_0, or a data frame, whose columns are found by name.

        Raises DataError for rows that do not fit.
        """
        if self.table is not None:
            return self.encoded(X).X
        named = bool(self.features) and (hasattr(X, "columns") or isinstance(X, Mapping))
        array = named_numbers(X, self.features) if named else numbers(X, "X")
        if array.ndim != 2 or array.shape[1] != self.network.widths[0]:
            wanted = f"numbers of the shape (n_samples, {self.network.widths[0]})"
            raise DataError(f"the model takes {wanted}, but {array.dtype} of {array.shape} was given")
        scaled = self.inputs.apply(array)
        finite = np.isfinite(scaled)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            raise DataError(f"row {row + 1}, column {column + 1} is {array[row, column]}, which is not a finite number when scaled")
        return scaled

    def encoded(self, X: Any, *, first_row: int = 1, where: str = "the table") -> Encoded:
        """The network's inputs for raw rows of the table, and what was unknown or missing in them; see `TableEncoding.encode`."""
        assert self.table is not None
        frame = as_frame(X, self.table.inputs) if names_of(X) is None else X
        found = self.table.encode(frame, first_row=first_row, where=where)
        return replace(found, X=self.inputs.apply(found.X.astype(self.parameters.buffer.dtype)))

    def forward(self, inputs: Array) -> Array:
        """The network's outputs for inputs that are scaled: n_samples × n_L, in the targets' own units.

        The bits of a row are the same beside whatever other rows, and for any number of threads (see `forward.outputs`).
        """
        found = forward.outputs(self.network, self.parameters, inputs)
        return found if self.targets is None else self.targets.undo(found)

    def outputs(self, X: Any) -> Array:
        """The network's outputs for raw inputs of n_samples × n_0: n_samples × n_L, in the targets' own units."""
        return self.forward(self.scaled(X))

    def probabilities(self, outputs: Array) -> Array:
        """The probability of each class, n_samples × n_classes; a single output is that of the second of two."""
        return np.concatenate([1 - outputs, outputs], axis=1) if outputs.shape[1] == 1 else outputs

    def chosen(self, outputs: Array) -> Array:
        """Class numbers (n_samples,), or numbers of (n_samples,) or (n_samples, n_L) for a regression."""
        if self.classes is None:
            return outputs[:, 0] if outputs.shape[1] == 1 else outputs
        return (outputs[:, 0] > 0.5).astype(int) if outputs.shape[1] == 1 else outputs.argmax(axis=1)

    def predict(self, X: Any) -> Array:
        """What `chosen` makes of the outputs for raw inputs."""
        return self.chosen(self.outputs(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy; R² for a regression, over all outputs. Weights are n_samples."""
        return self.score_of(self.predict(X), y, sample_weight)

    def score_of(self, predicted: Array, y: Any, sample_weight: Any = None) -> float:
        """The score of what `predict` gave."""
        y = np.asarray(y)
        if len(y) != len(predicted):
            raise DataError(f"X has {len(predicted)} examples, but y has {len(y)}")
        if self.classes is not None:
            return float(np.average(predicted == y, weights=sample_weight))
        shares = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        shares = shares.reshape(-1, *[1] * (y.ndim - 1))
        spread = float((shares * (y - np.average(y, axis=0, weights=shares.ravel())) ** 2).sum())
        return 1 - float((shares * (y - predicted) ** 2).sum()) / spread if spread else float("nan")

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
        if self.table is not None:
            about["table"] = {"target": self.target, "encoding": self.table.to_json()}
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
            if len(set(classes or ())) < len(classes or ()):
                raise ModelFileError("two of its classes have the same name")
            if features and len(features) != network.widths[0]:
                raise ModelFileError(f"{len(features)} feature names for {network.widths[0]} inputs")
            table, target = _table(about["table"], network) if "table" in about else (None, "")
            "".join((*(classes or ()), *features, target)).encode()  # half a surrogate pair, which JSON can spell, is no text
            extras = {name.removeprefix(EXTRA): array for name, array in tensors.items() if name.startswith(EXTRA)}
            return cls(network, parameters, inputs, targets, classes, features, dict(about["provenance"]), extras, table, target)
        except KeyError as error:
            raise ModelFileError(f"{path} is not a whole handgrad model: {error} is missing") from None
        except (HandgradError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            raise ModelFileError(f"{path} is not a valid handgrad model: {error}") from None


def _table(about: Any, network: Network) -> tuple[TableEncoding, str]:
    """The encoding of a table, and the name of the target."""
    if not isinstance(about["target"], str):
        raise ModelFileError("the name of its target is no text")
    found = TableEncoding.from_json(about["encoding"])
    if found.width != network.widths[0]:
        raise ModelFileError(f"the table's columns make {found.width} inputs, but the network has {network.widths[0]}")
    return found, about["target"]


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
