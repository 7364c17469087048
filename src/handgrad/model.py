"""The model file: one .safetensors file with the weights, and JSON metadata for the rest. Nothing in it is executed."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.lookup import BUILT_IN
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.records import Activation, Interval, Loss, Record
from handgrad.derivation import derive
from handgrad.errors import DataError, HandgradError, MissingExtraError, ModelFileError
from handgrad.network import Network, Parameters
from handgrad.version import __version__

FORMAT = 1
FORMULAS = {
    "activation": ("value", "slope", "stable", "low", "symbol", "initialiser"),
    "loss": ("value", "gradient", "stable", "output"),
}
LONGEST_METADATA = 10_000_000


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
        return np.asarray((X - self.mean) / self.scale)

    def undo(self, X: Array) -> Array:
        """Bring scaled columns back."""
        return np.asarray(X * self.scale + self.mean)


@dataclass(frozen=True)
class Model:
    """A trained network with what it needs to predict from raw numbers.

    `classes` are the names of the classes, or None for a regression, whose outputs `targets` scales back. `features` names the
    input columns. `provenance` says where the model comes from.
    """

    network: Network
    parameters: Parameters
    inputs: Scaling
    targets: Scaling | None = None
    classes: tuple[str, ...] | None = None
    features: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def metric(self) -> str:
        """What `score` is."""
        return metric_of(self.classes)

    def outputs(self, X: Any) -> Array:
        """The network's outputs for raw inputs of n_samples × n_0: n_samples × n_L, in the targets' own units."""
        array = np.asarray(X)
        if array.ndim != 2 or array.shape[1] != self.network.widths[0] or array.dtype.kind not in "fiub":
            wanted = f"numbers of the shape (n_samples, {self.network.widths[0]})"
            raise DataError(f"the model takes {wanted}, but {array.dtype} of {array.shape} was given")
        found = derive(self.network).output(self.parameters, self.inputs.apply(array))
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
        tensors = {name: np.ascontiguousarray(array) for name, array in self.parameters.arrays().items()}
        tensors |= {"inputs.mean": self.inputs.mean, "inputs.scale": self.inputs.scale}
        if self.targets is not None:
            tensors |= {"targets.mean": self.targets.mean, "targets.scale": self.targets.scale}
        about = {
            "format": FORMAT,
            "handgrad": __version__,
            "numpy": np.__version__,
            "network": _network_to_json(self.network),
            "classes": self.classes,
            "features": self.features,
            "provenance": dict(self.provenance),
        }
        data = _safetensors().save(tensors, {"handgrad": json.dumps(about)})
        path = Path(path)
        try:
            write_beside(path, data)
        except OSError as error:
            raise ModelFileError(f"cannot write the model to {path}: {error.strerror or error}") from None
        return path

    @classmethod
    def load(cls, path: str | Path) -> Model:
        """Read a model file back. Raises ModelFileError for one that is missing, damaged, truncated or not handgrad's."""
        path = Path(path)
        try:
            about, tensors = _read(path)
            network = _network_from_json(about["network"])
            parameters = Parameters.given(
                network,
                [tensors[f"W[{l}]"] for l in range(1, network.L + 1)],
                [tensors[f"b[{l}]"] for l in range(1, network.L + 1)],
            )
            inputs = _scaling(tensors, "inputs", network.widths[0])
            targets = _scaling(tensors, "targets", network.widths[-1]) if "targets.mean" in tensors else None
            classes = None if about["classes"] is None else tuple(map(str, about["classes"]))
            features = tuple(map(str, about["features"]))
            if classes is not None and len(classes) != max(network.widths[-1], 2):
                raise ModelFileError(f"{len(classes)} classes for {network.widths[-1]} outputs")
            if features and len(features) != network.widths[0]:
                raise ModelFileError(f"{len(features)} feature names for {network.widths[0]} inputs")
            return cls(network, parameters, inputs, targets, classes, features, dict(about["provenance"]))
        except MissingExtraError:
            raise
        except KeyError as error:
            raise ModelFileError(f"{path} is not a whole handgrad model: {error} is missing") from None
        except (HandgradError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise ModelFileError(f"{path} is not a valid handgrad model: {error}") from None


def metric_of(classes: tuple[str, ...] | None) -> str:
    """What a model with these classes, or none, is scored by."""
    return "R²" if classes is None else "accuracy"


def write_beside(path: Path, data: bytes) -> None:
    """Write a whole file: beside its place first, then renamed, so that no half of it is ever seen."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)  # mkstemp's own mode would hide the file from everyone else
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise MissingExtraError("model files need safetensors, which is not installed: pip install 'handgrad[train]'") from None
    return safetensors.numpy


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    library = _safetensors()
    import safetensors

    if not path.is_file():
        raise ModelFileError("there is no such file")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
        tensors = library.load_file(path)
    except (OSError, safetensors.SafetensorError, KeyError) as error:
        raise ModelFileError(f"the file is damaged, truncated or of another kind ({error})") from None
    text = metadata.get("handgrad")
    if text is None or len(text) > LONGEST_METADATA:
        raise ModelFileError("the file was not written by handgrad")
    about = json.loads(text)
    if about.get("format") != FORMAT:
        raise ModelFileError(f"the file has the format {about.get('format')!r}, but this version of handgrad reads {FORMAT}")
    return about, tensors


def _scaling(tensors: Mapping[str, Array], name: str, width: int) -> Scaling:
    found = Scaling(tensors[f"{name}.mean"], tensors[f"{name}.scale"])
    for array in (found.mean, found.scale):
        if array.shape != (width,) or array.dtype.kind != "f" or not np.isfinite(array).all() or (found.scale == 0).any():
            raise ModelFileError(f"the scaling of the {name} is not {width} finite numbers")
    return found


def _network_to_json(network: Network) -> dict[str, Any]:
    records: list[Activation | Loss] = [*network.activations, network.loss]
    opaque = [record.name for record in records if record.opaque]
    if opaque:
        raise ModelFileError(
            f"{opaque[0]} is a Python function, which a model file cannot hold; give it as formulas to save the model"
        )
    own = {record.name: _record_to_json(record) for record in records if record.name not in BUILT_IN}
    return {
        "widths": network.widths,
        "activations": [_use(activation) for activation in network.activations],
        "loss": _use(network.loss),
        "l2": network.l2,
        "label_smoothing": network.label_smoothing,
        "own": own,
    }


def _use(record: Record) -> dict[str, Any]:
    return {"name": record.name, "parameters": dict(record.parameters)}


def _record_to_json(record: Activation | Loss) -> dict[str, Any]:
    kind = "activation" if isinstance(record, Activation) else "loss"
    found: dict[str, Any] = {name: getattr(record, name) for name in FORMULAS[kind]}
    found |= {"kind": kind, "parameters": dict(record.parameters), "kinks": dict(record.kinks)}
    intervals = (
        {"range": record.range} if isinstance(record, Activation) else {"outputs": record.outputs, "targets": record.targets}
    )
    return found | {name: {k: str(v) if "closed" not in k else v for k, v in asdict(i).items()} for name, i in intervals.items()}


def _record_from_json(name: str, text: dict[str, Any]) -> Activation | Loss:
    def interval(ends: dict[str, Any]) -> Interval:
        return Interval(float(ends["low"]), float(ends["high"]), bool(ends["low_closed"]), bool(ends["high_closed"]))

    kind = "loss" if text["kind"] == "loss" else "activation"
    formulas: dict[str, Any] = {key: str(text[key]) for key in FORMULAS[kind]}
    common: dict[str, Any] = {
        "parameters": {str(k): float(v) for k, v in text["parameters"].items()},
        "kinks": {str(k): str(v) for k, v in text["kinks"].items()},
        "source": "a user's own",
    }
    if kind == "loss":
        return Loss(name, outputs=interval(text["outputs"]), targets=interval(text["targets"]), **formulas, **common)
    return Activation(name, range=interval(text["range"]), **formulas, **common)


def _network_from_json(about: dict[str, Any]) -> Network:
    own = {name: _record_from_json(name, text) for name, text in about["own"].items() if name not in BUILT_IN}

    def record(use: dict[str, Any], known: Mapping[str, Activation] | Mapping[str, Loss]) -> Any:
        found = own.get(use["name"]) or known.get(use["name"])
        if found is None:
            raise ModelFileError(f"the file uses {use['name']!r}, which neither it nor the catalogue defines")
        return found.with_parameters({str(k): float(v) for k, v in use["parameters"].items()})

    return Network(
        [int(width) for width in about["widths"]],
        [record(use, ACTIVATIONS) for use in about["activations"]],
        record(about["loss"], LOSSES),
        l2=float(about["l2"]),
        label_smoothing=float(about["label_smoothing"]),
    )
