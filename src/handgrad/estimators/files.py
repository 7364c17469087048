"""Estimators in model files: what `handgrad.Model` holds, and beside it as JSON what an estimator needs beyond that."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from handgrad.calculus.functions import Array
from handgrad.catalogue.lookup import find_activation, find_loss
from handgrad.catalogue.records import Activation, Interval, Loss
from handgrad.errors import ModelFileError
from handgrad.estimators.messages import warn
from handgrad.estimators.settings import OF_THE_RULE, output_name, rule_of
from handgrad.estimators.targets import ClassTargets
from handgrad.model import Model, Scaling
from handgrad.network import Network, Parameters

Estimator = TypeVar("Estimator")
BROKEN = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RecursionError, MemoryError)
"""What comes of JSON of another form; HandgradError is a ValueError."""
OF_THE_MACHINE = ("checkpoint", "resume", "n_threads")
"""Parameters that no file brings along: what is loaded writes to no place that it was not told of here."""
LARGEST_COUNT = 2**63 - 1
LONG = 1000
"""Lists of more numbers than this are kept as arrays."""


def save(estimator: Any, path: str | Path) -> Path:
    """Write a fitted estimator to a model file, which `load` and `handgrad.Model.load` read; nothing is pickled.

    The file has the network and its weights, the classes, the constructor's parameters, the curves and the optimiser's state.
    Parameters that it cannot hold, such as callbacks, a scoring function or a RandomState, are named in a UserWarning and are
    the defaults in what is loaded. Raises NotFittedError, ModelFileError for an activation or loss that is a Python function
    and where the file cannot be written, and what `fit` raises for parameters that are not valid.
    """
    check_is_fitted(estimator)
    estimator._validate_params()  # a file with others would not be read again
    encoder = _Encoder()
    parameters, lost = {}, []
    usual = type(estimator)().get_params(deep=False)
    for name, value in estimator.get_params(deep=False).items():
        if name in OF_THE_MACHINE:
            lost.extend([name] if value != usual[name] else [])
            continue
        try:
            parameters[name] = encoder.encode(value, f"parameters.{name}")
        except _NotHeldError:
            lost.append(name)
    targets, known = estimator._targets, {**FITTED, **BY_STEPS, **SOMETIMES}
    about = {
        "class": _handgrad_class(type(estimator)),
        "parameters": parameters,
        "targets": None if targets is None else targets.to_json(),
        "fitted": {name: encoder.encode(getattr(estimator, name), name) for name in known if hasattr(estimator, name)},
        "optimizer": encoder.encode(getattr(estimator, "_optimizer_settings", None), "optimizer"),
        "optimizer_state": encoder.encode(estimator._optimizer_state, "optimizer_state"),
        "best": encoder.encode(estimator._best.buffer, "best") if hasattr(estimator, "_best") else None,
    }
    width = estimator.n_features_in_
    model = Model(
        estimator.network_,
        estimator._parameters(),
        Scaling(np.zeros(width), np.ones(width)),
        classes=_class_names(targets),
        features=tuple(map(str, getattr(estimator, "feature_names_in_", ()))),
        provenance={"estimator": about},
        extras=encoder.arrays,
    )
    saved = model.save(path)
    if lost:
        warn(
            f"a model file cannot hold {', '.join(lost)}: {'it is the default' if len(lost) == 1 else 'they are the defaults'} "
            f"in what is loaded from {saved}",
        )
    return saved


def load(cls: type[Estimator], path: str | Path) -> Estimator:
    """Read an estimator of this class back from what `save` wrote.

    Raises ModelFileError for a file that is missing, damaged, of another class or of no estimator, or that contradicts itself.
    """
    model = Model.load(path)
    about = model.provenance.get("estimator")
    if not isinstance(about, dict):
        raise ModelFileError(f"{path} is a model, but not an estimator's: read it with handgrad.Model.load")
    wanted, found = _handgrad_class(cls), about.get("class")
    if found != wanted:
        raise ModelFileError(f"{path} holds a {found!r}, not a {wanted!r}: load it with its own class")
    try:
        restored: Estimator = _restored(cls, model, about)
    except KeyError as error:
        raise ModelFileError(f"{path} is not a whole estimator's file: {error} is missing") from None
    except BROKEN as error:
        raise ModelFileError(f"{path} is not a valid estimator's file: {error}") from None
    return restored


def _restored(cls: type[Any], model: Model, about: Mapping[str, Any]) -> Any:
    decoder = _Decoder(model.network, model.extras)
    parameters = {str(name): decoder.decode(value) for name, value in about["parameters"].items()}
    unknown = sorted(set(parameters) - set(cls._get_param_names()).difference(OF_THE_MACHINE))
    if unknown:
        raise ModelFileError(f"{cls.__name__} takes no parameter {unknown[0]!r} from a file")
    estimator = cls(**parameters)
    estimator._validate_params()
    estimator.network_ = network = model.network
    estimator._take(model.parameters)
    estimator.n_features_in_, estimator.n_outputs_ = network.widths[0], network.widths[-1]
    estimator.n_layers_ = len(network.widths)
    if model.features:
        estimator.feature_names_in_ = np.array(model.features, dtype=object)
    targets = _targets(estimator, about["targets"], model)
    if targets is not None:
        estimator._targets, estimator.classes_ = targets, targets.public
    estimator.out_activation_ = output_name(network)
    rule, best = decoder.decode(about["optimizer"]), decoder.decode(about["best"])
    fitted, needed = about["fitted"], FITTED if rule is None else {**FITTED, **BY_STEPS}
    for name, check in {**FITTED, **BY_STEPS, **SOMETIMES}.items():
        if name in fitted or name in needed:
            setattr(estimator, name, check(decoder.decode(fitted[name]), name))
    estimator._optimizer_state = _state(decoder.decode(about["optimizer_state"]), rule, cls, model)
    if rule is not None:
        estimator._optimizer_settings = rule
    if best is not None:  # the parameters that a stop of partial_fit brings back
        _require_like_parameters(best, model, "the best parameters")
        estimator._best = Parameters(network, best)
    return estimator


def _targets(estimator: Any, text: Any, model: Model) -> ClassTargets | None:
    """How classes are coded, held to the network's outputs and to what the model says of its classes."""
    if is_classifier(estimator) != (text is not None):
        raise ModelFileError("a classifier has classes, and a regressor has none")
    if text is None:
        return None
    targets, outputs = ClassTargets.from_json(text), model.network.widths[-1]
    labels = targets.kind == "multilabel"
    in_order = all(np.array_equal(classes, np.arange(outputs) if labels else np.unique(classes)) for classes in targets.classes)
    if not in_order or targets.outputs != outputs or _class_names(targets) != model.classes:
        raise ModelFileError(f"the classes are not those of a network of {outputs} output(s)")
    return targets


def _class_names(targets: ClassTargets | None) -> tuple[str, ...] | None:
    """The classes as `handgrad.Model` has them, which needs one for each output, or two for a single one."""
    if targets is None or targets.kind not in {"binary", "multiclass"} or len(targets.classes[0]) < 2:
        return None
    return tuple(str(label) for label in targets.classes[0].tolist())


def _handgrad_class(cls: type) -> str:
    """The name of the estimator of handgrad that a class is, or is made from."""
    return next(base.__name__ for base in cls.__mro__ if base.__module__.startswith("handgrad."))


# What a fitted attribute must be, so that a file says nothing that could not have been fitted.


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ModelFileError(f"{name} is a number, but {value!r} was found")
    return float(value)


def _number_or_none(value: Any, name: str) -> float | None:
    return None if value is None else _number(value, name)


def _rate(value: Any, name: str) -> float:
    if not 0 < _number(value, name) < np.inf:
        raise ModelFileError(f"{name} is a learning rate above 0, but {value!r} was found")
    return float(value)


def _count(value: Any, name: str) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST_COUNT:
        raise ModelFileError(f"{name} is a whole number, 0 or more, but {value!r} was found")
    return value


def _epoch(value: Any, name: str) -> int | None:
    if value == 0:
        raise ModelFileError(f"{name} is counted from 1, but {value!r} was found")
    return None if value is None else _count(value, name)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ModelFileError(f"{name} is a word, but {value!r} was found")
    return value


def _truth(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise ModelFileError(f"{name} is true or false, but {value!r} was found")
    return value


def _curve(value: Any, name: str) -> list[float]:
    if not isinstance(value, list):
        raise ModelFileError(f"{name} is a list of numbers, but {type(value).__name__} was found")
    return [_number(entry, name) for entry in value]


def _curve_or_none(value: Any, name: str) -> list[float] | None:
    return None if value is None else _curve(value, name)


def _history(value: Any, name: str) -> dict[str, list[float | None]]:
    """Curves by name, none longer than that of the loss; with None where an epoch has no number, as no learning rate with lbfgs."""
    if not isinstance(value, dict) or not all(isinstance(key, str) and isinstance(curve, list) for key, curve in value.items()):
        raise ModelFileError(f"{name} is curves by name, but something else was found")
    if any(len(curve) > len(value.get("loss", ())) for curve in value.values()):
        raise ModelFileError(f"a curve of {name} is longer than that of the loss")
    return {key: [_number_or_none(entry, f"{name}[{key!r}]") for entry in curve] for key, curve in value.items()}


FITTED: dict[str, Callable[[Any, str], Any]] = {
    "n_iter_": _count, "t_": _count, "stopped_": _text, "score_history_": _history, "best_iteration_": _epoch,
    "_no_improvement_count": _count, "_rate": _rate, "_watched": _truth,
}  # fmt: skip
"""The attributes of every fitted estimator that do not follow from its model, each with what checks it."""
BY_STEPS: dict[str, Callable[[Any, str], Any]] = {
    "loss_curve_": _curve, "best_loss_": _number_or_none, "validation_scores_": _curve_or_none,
    "best_validation_score_": _number_or_none,
}  # fmt: skip
"""Those of one that was trained on mini-batches."""
SOMETIMES: dict[str, Callable[[Any, str], Any]] = {"loss_": _number, "_split_seed": _count}
"""Those that only some have."""


def _state(state: Any, settings: Any, cls: type[Any], model: Model) -> dict[str, Array] | None:
    """The optimiser's state, as the rule of these settings has it: an array of all parameters for each of its states."""
    if settings is None:
        if state is not None:
            raise ModelFileError("there is an optimiser's state, but no optimiser")
        return None
    if set(settings) != set(OF_THE_RULE):
        raise ModelFileError(f"the optimiser's settings are {', '.join(OF_THE_RULE)}, but others were found")
    cls(**settings)._validate_params()
    rule = rule_of(SimpleNamespace(**settings))
    if not isinstance(state, dict) or set(state) != {*rule.state, "t"}:
        raise ModelFileError(f"the optimiser's state is not that of {rule.name}")
    for key in rule.state:
        _require_like_parameters(state[key], model, f"the state {key} of {rule.name}")
    return {**state, "t": np.asarray(_count(int(state["t"]), "the number of steps"))}


def _require_like_parameters(array: Any, model: Model, what: str) -> None:
    buffer = model.parameters.buffer
    if not isinstance(array, np.ndarray) or (array.shape, array.dtype) != (buffer.shape, buffer.dtype):
        raise ModelFileError(f"{what} is not {buffer.size} numbers of {buffer.dtype}")


class _NotHeldError(TypeError):
    """A value that a model file cannot hold."""


class _Encoder:
    """Writes values as JSON: tuples, mappings, records and arrays as a mapping of one key; arrays stand in `arrays`."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}

    def encode(self, value: Any, name: str) -> Any:
        """JSON for a value; `name` is what its arrays are called. Raises _NotHeldError."""
        match value:
            case None | bool() | int() | float() | str():
                return value
            case os.PathLike():
                return os.fspath(value)
            case np.generic():
                return self.encode(value.item(), name)
            case np.ndarray() if value.dtype.kind in "fiub" and value.dtype.itemsize <= 8:
                self.arrays[name] = value
                return {"array": name, "shape": list(value.shape)}
            case list() if len(value) > LONG and all(isinstance(part, float | np.floating) for part in value):
                self.arrays[name] = np.asarray(value, np.float64)
                return {"numbers": name}
            case list() | tuple():
                parts = [self.encode(part, f"{name}[{place}]") for place, part in enumerate(value)]
                return {"tuple": parts} if isinstance(value, tuple) else parts
            case dict():
                return {"dict": [[self.encode(key, name), self.encode(part, f"{name}.{key}")] for key, part in value.items()]}
            case Interval():
                return {"interval": [str(value.low), str(value.high), value.low_closed, value.high_closed]}
            case Activation() | Loss() if not value.opaque:
                return {"activation" if isinstance(value, Activation) else "loss": value.spelling}
            case _:
                raise _NotHeldError(type(value).__name__)


class _Decoder:
    """Reads what `_Encoder` wrote; records are those of the network, else of the catalogue."""

    def __init__(self, network: Network, arrays: Mapping[str, Array]) -> None:
        self.network, self.arrays = network, arrays

    def decode(self, value: Any) -> Any:
        """The value of this JSON. Raises ModelFileError or KeyError."""
        match value:
            case None | bool() | int() | float() | str():
                return value
            case list():
                return [self.decode(part) for part in value]
            case {"array": str(name), "shape": list(shape), **rest} if not rest:
                return self.arrays[name].reshape(shape)
            case {"numbers": str(name), **rest} if not rest:
                return self.arrays[name].tolist()
            case {"tuple": list(parts), **rest} if not rest:
                return tuple(self.decode(part) for part in parts)
            case {"dict": list(pairs), **rest} if not rest:
                return {self.decode(key): self.decode(part) for key, part in pairs}
            case {"interval": [str(low), str(high), bool(low_closed), bool(high_closed)], **rest} if not rest:
                return Interval(float(low), float(high), low_closed, high_closed)
            case {"activation": str(spelling), **rest} if not rest:
                own = (g for g in self.network.activations if g.spelling == spelling)
                return next(own, None) or find_activation(spelling)
            case {"loss": str(spelling), **rest} if not rest:
                return self.network.loss if self.network.loss.spelling == spelling else find_loss(spelling)
            case _:
                raise ModelFileError(f"{str(value)[:40]} stands for no value")
