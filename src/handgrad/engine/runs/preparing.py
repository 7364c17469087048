"""What a run starts from, checked: examples, validation examples, and what tells it from another run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.data import as_array, as_inputs, as_targets, as_weights
from handgrad.engine.runs.checkpoints import Checkpoint, digest
from handgrad.engine.runs.metrics import Scorer
from handgrad.engine.runs.options import Options
from handgrad.engine.sparse import Inputs, SparseInputs, is_sparse
from handgrad.errors import DataError, ModelFileError, TrainingError
from handgrad.model_file import network_to_json
from handgrad.network import Network, Parameters


def examples(network: Network, X: Any, Y: Any, weights: Any, dtype: Any) -> tuple[Inputs, Array, Array | None]:
    """Inputs as they are, where an engine can read them so; targets and weights in the parameters' dtype. Raises DataError."""
    inputs = _sparse(network, X, dtype) if is_sparse(X) else _dense(network, X, dtype)
    return inputs, np.ascontiguousarray(as_targets(Y, network, len(inputs), dtype)), as_weights(weights, len(inputs), dtype)


def _sparse(network: Network, X: Any, dtype: Any) -> SparseInputs:
    """Sparse inputs in the parameters' dtype, whose non-zeros are finite."""
    inputs = SparseInputs.of(X, dtype)
    if inputs.shape[1] != network.widths[0]:
        raise DataError(f"the network {network} has {network.widths[0]} inputs, but X has {inputs.shape[1]} columns")
    if not len(inputs):
        raise DataError("X has no rows")
    wrong = np.flatnonzero(~np.isfinite(inputs.data))
    if len(wrong):
        row, column = int(np.searchsorted(inputs.indptr, wrong[0], side="right")), inputs.indices[wrong[0]] + 1
        found = X.tocsr()[row - 1, column - 1]
        if np.isfinite(found):
            raise DataError(f"X holds {found:g} in row {row}, column {column}, which {np.dtype(dtype)} cannot hold")
        raise DataError(f"X holds finite numbers, but row {row}, column {column} is {found}")
    return inputs


def _dense(network: Network, X: Any, dtype: Any) -> Array:
    """An array that an engine can read, where it is finite in the parameters' dtype."""
    array = as_array(X, "X")
    if array.ndim == 2 and array.dtype.kind in "iub" and len(array):
        as_inputs(array[:1], network)  # whole numbers are finite: the first row tells whether the shape fits
        array = array.view(np.uint8) if array.dtype == bool else array
        array = array if array.dtype == np.uint8 else array.astype(dtype)  # once, and not for each piece of the run
    else:
        array = as_inputs(array, network)
        largest = np.finfo(dtype).max
        if array.dtype != dtype and (array.max() > largest or array.min() < -largest):
            raise DataError(f"X holds numbers that {np.dtype(dtype)} cannot hold, in which the network is trained")
    return array


def scorer_for(options: Options, validation: Sequence[Any] | None, dtype: Any) -> Scorer | None:
    """What scores the validation examples, where there are any. Raises TrainingError or DataError."""
    if validation is None:
        if options.metric != "loss":
            raise TrainingError(f"the metric {options.metric} needs validation examples: validation=(X, Y)")
        return None
    if not isinstance(validation, Sequence) or not 2 <= len(validation) <= 3:
        raise TrainingError("validation is a tuple (X, Y) or (X, Y, weights)")
    X: Any
    X, Y, weights = (*validation, None)[:3]
    try:
        X, Y, weights = examples(options.network, X, Y, weights, dtype)
    except DataError as error:
        raise DataError(f"in the validation examples, {error}") from None
    return Scorer(options.network, X, Y, weights, options.metric, larger_is_better=options.larger_is_better)


def identity(
    options: Options,
    parameters: Parameters,
    random: Any,
    data: tuple[Inputs | None, ...],
    validation: tuple[Inputs | None, ...],
) -> dict[str, Any]:
    """What a run is, for its checkpoints: network, data, options, first parameters and the state of its random numbers."""
    try:
        formulas = network_to_json(options.network)["own"]
    except ModelFileError:  # Python functions, known by their names alone
        formulas = []
    found = {
        "the network": repr(options.network),
        "the formulas of its own records": digest(_bytes(formulas)),
        "the training data": digest(*_arrays(data)),
        "the validation data": digest(*_arrays(validation)),
        "the first parameters": digest(parameters.buffer),
        "the random numbers": digest(_bytes(random)),
        "the dtype": str(parameters.buffer.dtype),
        **options.identity(),
    }
    return dict(json.loads(json.dumps(found)))


def _arrays(data: Sequence[Inputs | None]) -> list[Array | None]:
    """The arrays of data, with those of which sparse inputs are made."""
    found: list[Array | None] = []
    for each in data:
        found += [each.data, each.indices, each.indptr] if isinstance(each, SparseInputs) else [each]
    return found


def _bytes(value: Any) -> Array:
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def require_same_rates(options: Options, saved: Checkpoint) -> None:
    """Other `epochs` than before are fine where the epochs behind would have had the same learning rates."""
    before, now = int(saved.about["epochs"]), int(options.epochs)
    if before == now:
        return
    if now < saved.epoch:
        raise TrainingError(f"the checkpoint stands after epoch {saved.epoch}, but {now} epochs were asked for")
    if "T" in options.timing.reads:
        raise TrainingError(
            f"the schedule {options.timing.spelling} depends on the number of epochs, which was {before} and is {now}: "
            "resume with as many as before"
        )
