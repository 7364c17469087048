"""What a fitted estimator can say about itself: its equations, an iteration worked through, gradients by the inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from handgrad.calculus.functions import Array
from handgrad.data import as_targets, as_weights
from handgrad.derivation import Derivation, derive
from handgrad.errors import DataError, did_you_mean
from handgrad.estimators.settings import rule_of
from handgrad.explain import Explanation
from handgrad.explain import explain as explain_network
from handgrad.network import Network, Parameters

NUMBERS_AT_ONCE = 2**22
"""How many numbers the widest array of a chunk has, about: 32 MB of float64."""


def derivation(estimator: Any) -> Derivation:
    """The equations of a fitted estimator's network, without the L2 penalty, whose weight depends on the batch."""
    return derive(estimator.network_)


def input_gradient(estimator: Any, X: Any, y: Any = None, *, output: Any = None, sample_weight: Any = None) -> Array:
    """How the loss of each example, or without y the outputs, change with the inputs.

    With y: the gradient of each example's own loss, times its `sample_weight`, (n_samples, n_features); not divided by n_samples.
    Without y: that of the network's outputs, after their activation, (n_samples, n_outputs_, n_features);
    (n_samples, n_features) where there is one output, which for two classes is the probability of the second, or where `output`
    names one: a class label or, if it is none, the number of an output, from 0.

    X may be sparse; the result is dense, float32 where X and the weights are, else float64. Rows are taken in pieces, so that
    beyond the result the memory does not grow with them. Raises DataError for an output or weights that do not fit.
    """
    check_is_fitted(estimator)
    if y is None:
        if sample_weight is not None:
            raise DataError("sample_weight goes with the loss, so with y; the gradient of an output has none")
        return _by_outputs(estimator, estimator._check_X(X), output)
    if output is not None:
        raise DataError(f"with y the gradient is that of the loss, not that of an output, but output={output!r} was given too")
    examples = _examples(estimator, X, y, sample_weight)
    parameters = _parameters(estimator, examples.X.dtype)
    network, dtype = parameters.network, parameters.buffer.dtype
    Y = as_targets(examples.Y, network, examples.X.shape[0], dtype)
    found = np.empty(examples.X.shape, dtype)
    for rows in _pieces(len(found), max(network.widths)):
        found[rows] = derive(network).input_gradients(parameters, _dense(examples.X[rows]), Y[rows], of_examples=True)
    return found if examples.unweighed is None else found * examples.unweighed[:, None].astype(dtype)


def _by_outputs(estimator: Any, X: Any, output: Any) -> Array:
    parameters = _parameters(estimator, X.dtype)
    widths, equations = parameters.network.widths, derive(parameters.network)
    place, sign = (None, 1) if output is None else _output(estimator, output)
    wanted = list(range(widths[-1])) if place is None else [place]
    found = np.empty((X.shape[0], len(wanted), widths[0]), parameters.buffer.dtype)
    for rows in _pieces(X.shape[0], len(wanted) * max(widths)):
        found[rows] = equations.output_gradients(parameters, _dense(X[rows]), wanted)
    return sign * found[:, 0] if len(wanted) == 1 else found


def _output(estimator: Any, output: Any) -> tuple[int, int]:
    """The number of the output that is meant, and -1 where it is that of the other one of two classes."""
    targets, n = estimator._targets, estimator.network_.widths[-1]
    labels = targets.classes[0].tolist() if targets is not None and len(targets.classes) == 1 else []
    place = next((place for place, label in enumerate(labels) if label == output), None)
    if place is not None:
        return (0, 1 if place == len(labels) - 1 else -1) if n == 1 else (place, 1)
    if isinstance(output, int | np.integer) and not isinstance(output, bool) and 0 <= output < n:
        return int(output), 1
    known = [repr(label) for label in labels]
    raise DataError(
        f"there is no output {output!r}: outputs are counted from 0 to {n - 1}"
        + (f", or named by their class. {did_you_mean(repr(output), known)}" if known else "")
    )


def explain(estimator: Any, X: Any, y: Any, sample_weight: Any = None, **options: Any) -> Explanation:
    """An iteration of the estimator's training, with these rows as the batch, worked through: `handgrad.explain`.

    The loss has scikit-learn's L2 penalty, `alpha` / 2 times the squared weights over the batch's whole weight; `class_weight`
    multiplies the examples' weights. Learning rate and optimiser are the estimator's, its state as before the first step; for
    lbfgs, whose steps have no formula, it is gradient descent. Dropout is left out. `options` are those of `handgrad.explain`, such
    as `iterations`, `notation` or `optimiser`. Raises what `fit` raises for X, y and weights that do not fit.
    """
    check_is_fitted(estimator)
    examples = _examples(estimator, X, y, sample_weight)
    as_weights(examples.weights, examples.X.shape[0])  # whose sum is above 0
    weight = float(examples.X.shape[0] if examples.weights is None else examples.weights.sum())
    network = estimator.network_
    penalised = Network(network.widths, network.activations, network.loss, l2=float(estimator.alpha) / weight)
    rule = {} if estimator.solver == "lbfgs" else {"optimiser": rule_of(estimator)}
    parameters = Parameters(penalised, estimator._parameters().buffer)
    given = (penalised, parameters, _dense(examples.X), examples.Y)
    return explain_network(*given, sample_weight=examples.weights, **{**rule, **options})


def _examples(estimator: Any, X: Any, y: Any, sample_weight: Any) -> Any:
    """Checked inputs, targets as the network takes them, and weights, as in a call of fit."""
    X, y = estimator._check_X_y(X, y, reset=False)
    return estimator._examples(X, y, sample_weight, incremental=False)


def _parameters(estimator: Any, dtype: Any) -> Parameters:
    """The estimator's weights; in float64 where X of this dtype is."""
    found = estimator._parameters()
    return Parameters(found.network, found.buffer.astype(np.result_type(dtype, found.buffer), copy=False))


def _dense(X: Any) -> Array:
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


def _pieces(samples: int, numbers_each: int) -> Iterator[slice]:
    step = max(1, NUMBERS_AT_ONCE // numbers_each)
    for start in range(0, samples, step):
        yield slice(start, start + step)
