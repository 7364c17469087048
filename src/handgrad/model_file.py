"""The model file: one .safetensors file with the weights, and JSON metadata for the rest. Nothing in it is executed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.lookup import every_loss
from handgrad.catalogue.own import OWN, verified
from handgrad.catalogue.records import Activation, Interval, Loss, Record
from handgrad.errors import MissingExtraError, ModelFileError
from handgrad.network import Network

FORMAT = 1
FORMULAS = {
    "activation": ("value", "slope", "stable", "low", "symbol", "initialiser"),
    "loss": ("value", "gradient", "stable", "stable_gradient", "output"),
}
LONGEST_METADATA = 10_000_000


def write_model_file(path: Path, about: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Write tensors and what is to be said about them. Raises ModelFileError where that cannot be done."""
    about = {"format": FORMAT, **about}
    whole = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    text = json.dumps({"sha256": fingerprint(about, whole), **about})
    data = _safetensors().save(whole, {"handgrad": text})
    try:
        write_beside(path, data)
    except OSError as error:
        raise ModelFileError(f"cannot write the model to {path}: {error.strerror or error}") from None


def read_model_file(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read what is said about the model, and its tensors. Raises ModelFileError for a file that is not whole."""
    library = _safetensors()
    import safetensors

    try:
        if not path.is_file():
            raise ModelFileError(f"there is no model file {path}")
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
        tensors = library.load_file(path)
    except (OSError, safetensors.SafetensorError, KeyError, ValueError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{path} is damaged, truncated or no model file ({error!s:.200})") from None
    text = metadata.get("handgrad")
    if text is None or len(text) > LONGEST_METADATA:
        raise ModelFileError(f"{path} was not written by handgrad")
    try:
        about = json.loads(text)
        version, written = about.get("format"), about.pop("sha256", None)
        if version != FORMAT:
            raise ModelFileError(f"{path} has the format {version!r}, but this version of handgrad reads {FORMAT}")
        if written != fingerprint(about, tensors) or text != json.dumps({"sha256": written, **about}):
            raise ModelFileError(f"{path} is damaged: its contents are not those that were written")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{path} is not a valid handgrad model: {error}") from None
    return about, tensors


def fingerprint(about: Mapping[str, Any], tensors: Mapping[str, Array]) -> str:
    """The SHA-256 of what is said and of the tensors: a file in which a bit has changed is not read as another model."""
    found = hashlib.sha256(json.dumps(about).encode())
    for name in sorted(tensors):
        array = tensors[name]
        found.update(f"{name} {array.dtype.str} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def write_beside(path: Path, data: bytes) -> None:
    """Write a whole file: beside its place first, then renamed, so that no half of it is ever seen."""
    with open_beside(path) as file:
        file.write(data)


@contextlib.contextmanager
def open_beside(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, beside the place of `path` and renamed to it at the end; after an error nothing is left of it."""
    if path.exists() and not path.is_file():  # a pipe or a device is written to, never replaced
        with path.open("wb") as file:
            yield file
        return
    path = Path(os.path.realpath(path))  # a link stays, and what it points to is replaced
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
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


def network_to_json(network: Network) -> dict[str, Any]:
    """A network as JSON, with the formulas of a user's own records. Raises ModelFileError for Python functions."""
    records: list[Activation | Loss] = [*network.activations, network.loss]
    opaque = [record.name for record in records if record.opaque]
    if opaque:
        raise ModelFileError(
            f"{opaque[0]} is a Python function, which a model file cannot hold; give it as formulas to save the model"
        )
    own = [_record_to_json(record) for record in dict.fromkeys(records) if record.own]
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
    found |= {"name": record.name, "kind": kind, "parameters": dict(record.parameters), "kinks": dict(record.kinks)}
    intervals = (
        {"range": record.range} if isinstance(record, Activation) else {"outputs": record.outputs, "targets": record.targets}
    )
    return found | {name: {k: str(v) if "closed" not in k else v for k, v in asdict(i).items()} for name, i in intervals.items()}


def _record_from_json(text: dict[str, Any]) -> Activation | Loss:
    """A user's record from the file, its slope held to its value like any other's."""

    def interval(ends: dict[str, Any]) -> Interval:
        return Interval(float(ends["low"]), float(ends["high"]), bool(ends["low_closed"]), bool(ends["high_closed"]))

    name, kind = str(text["name"]), "loss" if text["kind"] == "loss" else "activation"
    formulas: dict[str, Any] = {key: str(text[key]) for key in FORMULAS[kind]}
    common: dict[str, Any] = {
        "parameters": {str(k): float(v) for k, v in text["parameters"].items()},
        "kinks": {str(k): str(v) for k, v in text["kinks"].items()},
        **OWN,
    }
    if kind == "loss":
        return verified(Loss(name, outputs=interval(text["outputs"]), targets=interval(text["targets"]), **formulas, **common))
    return verified(Activation(name, range=interval(text["range"]), **formulas, **common))


def network_from_json(about: dict[str, Any]) -> Network:
    """The network of `network_to_json`, checked as any other. Raises HandgradError, or what comes of JSON of another form."""
    used = {use["name"] for use in (*about["activations"], about["loss"])}
    own = [_record_from_json(text) for text in about["own"] if text["name"] in used]
    activations = ACTIVATIONS | {record.name: record for record in own if isinstance(record, Activation)}
    losses = every_loss() | {record.name: record for record in own if isinstance(record, Loss)}

    def record(use: dict[str, Any], known: Mapping[str, Activation] | Mapping[str, Loss]) -> Any:
        found = known.get(use["name"])
        if found is None:
            raise ModelFileError(f"the file uses {use['name']!r}, which neither it nor the catalogue defines")
        return found.with_parameters({str(k): float(v) for k, v in use["parameters"].items()})

    if not all(type(width) is int for width in about["widths"]):
        raise ModelFileError(f"widths are whole numbers, but {about['widths']!r} was given")
    return Network(
        about["widths"],
        [record(use, activations) for use in about["activations"]],
        record(about["loss"], losses),
        l2=float(about["l2"]),
        label_smoothing=float(about["label_smoothing"]),
    )
