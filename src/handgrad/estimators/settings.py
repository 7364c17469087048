"""What scikit-learn's parameters mean here: the network with its loss, and the update rule."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.utils._param_validation import InvalidParameterError

from handgrad.catalogue.lookup import find_activation, find_loss
from handgrad.catalogue.optimisers import LBFGS, OPTIMISERS
from handgrad.catalogue.own import make_loss
from handgrad.catalogue.records import CLOSED_UNIT, OPEN_UNIT, REAL, Activation, Interval, Loss, Optimiser
from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_LOSSES, SCIKIT_LEARN_RULES
from handgrad.errors import CatalogueError, NetworkError
from handgrad.estimators.targets import Kind
from handgrad.network import Network

OUR_NAMES = {"logistic": "sigmoid"}
"""Activations that scikit-learn calls otherwise."""
THEIR_NAMES = {name: theirs for theirs, name in OUR_NAMES.items()}
LOG_LOSS, SQUARED_ERROR, POISSON, OWN_LOSS = "log_loss", "squared_error", "poisson", "own_loss"
CAPPED = {"cross_entropy": "log_loss", "binary_cross_entropy": "binary_log_loss"}
"""The log-losses, and those of the same gradients whose report is capped as scikit-learn's is."""


def hidden_widths(sizes: Any) -> list[int]:
    """`hidden_layer_sizes` as a list. Raises NetworkError for a width below 1, InvalidParameterError where one is not whole."""
    widths = list(sizes) if isinstance(sizes, Iterable) else [sizes]
    if not all(isinstance(width, int | np.integer) and not isinstance(width, bool) for width in widths):
        raise InvalidParameterError(f"hidden_layer_sizes are whole numbers, but {widths} was given")
    if any(width <= 0 for width in widths):
        raise NetworkError(f"hidden_layer_sizes must be > 0, got {widths}.")
    return [int(width) for width in widths]


def activation_records(given: Any) -> list[Activation]:
    """The records of `activation`: a name, one of the catalogue's spellings or a record, or a list of them."""
    several = given if isinstance(given, list | tuple) else [given]
    return [find_activation(OUR_NAMES.get(one, one) if isinstance(one, str) else one) for one in several]


def loss_record(given: Any, outputs: Interval = REAL) -> Loss:
    """The record of `loss`: a spelling of the catalogue or a record; or a user's own, which is verified first.

    Those are a pair (value, gradient), of formulas or callables, which is verified for these `outputs` (and targets in [0, 1]
    where they are probabilities), or a mapping with the arguments of `make_loss`.
    """
    if isinstance(given, list | tuple) and all(isinstance(part, int | np.integer) for part in given):
        raise CatalogueError(f"{given} looks like hidden_layer_sizes, which a regressor takes as its second argument: name it")
    if isinstance(given, list | tuple) and len(given) == 2:
        targets = CLOSED_UNIT if outputs in CLOSED_UNIT else REAL
        remembered = all(isinstance(part, Hashable) for part in given)
        return (_verified if remembered else _verified.__wrapped__)(*given, outputs, targets)
    if isinstance(given, Mapping):
        ends = {name: Interval(*given[name]) for name in ("outputs", "targets") if isinstance(given.get(name), list | tuple)}
        return make_loss(**{"name": OWN_LOSS, **given, **ends})
    if callable(given) and not isinstance(given, Loss):
        raise CatalogueError("a loss of your own is a pair: (value, gradient)")
    return find_loss(given)


@lru_cache
def _verified(value: Any, gradient: Any, outputs: Interval, targets: Interval) -> Loss:
    """A loss of the user's own, verified for these outputs and targets the first time that it is met."""
    return make_loss(OWN_LOSS, value, gradient, outputs=outputs, targets=targets)


def regression_loss(given: Any, outputs: int, within: Interval) -> Loss:
    """The loss of a regression whose outputs lie `within` an interval.

    "squared_error" and "poisson" are scikit-learn's, with ½ and the mean over the outputs.
    """
    if given == SQUARED_ERROR:
        record = SCIKIT_LEARN_LOSSES["half_mean_squared_error"]
        return find_loss("half_squared_error") if outputs == 1 else record.with_parameters({"n": outputs})
    return SCIKIT_LEARN_LOSSES["half_poisson_deviance"] if given == POISSON else loss_record(given, within)


def given_activations(estimator: Any) -> tuple[list[Activation], Activation | None]:
    """The records of `activation`, and the output's, if that is one of them."""
    records, hidden = activation_records(estimator.activation), hidden_widths(estimator.hidden_layer_sizes)
    listed = isinstance(estimator.activation, list | tuple) and len(records) == len(hidden) + 1
    return records, records[-1] if listed else None


def network_of(estimator: Any, features: int, outputs: int, kind: Kind | None) -> Network:
    """The network that an estimator's parameters ask for; `kind` is that of a classifier's targets.

    Raises NetworkError or CatalogueError for what does not go together.
    """
    hidden = hidden_widths(estimator.hidden_layer_sizes)
    records, output = given_activations(estimator)
    single = not isinstance(estimator.activation, list | tuple)
    if not single and len(records) not in (len(hidden), len(hidden) + 1):
        raise NetworkError(
            f"activation is one name, or a list with one for each of the {len(hidden)} hidden layers (and one more for the "
            f"output), but {len(records)} were given"
        )
    within = REAL if output is None else output.interval
    loss = regression_loss(estimator.loss, outputs, within) if kind is None else classification_loss(estimator.loss, kind)
    if output is None:
        binary = kind != "multiclass" or loss.name == "binary_cross_entropy"
        output = find_activation(loss.output if kind is None else "sigmoid" if binary else "softmax")
    if kind is not None and output.interval not in CLOSED_UNIT:
        raise NetworkError(f"a classifier's outputs are probabilities, but {output.name} gives {output.interval}")
    used = records[:1] * len(hidden) if single else records[: len(hidden)]
    return Network([features, *hidden, outputs], [*used, output], loss)


def classification_loss(given: Any, kind: Kind) -> Loss:
    """The loss of a classifier; "log_loss" and "cross_entropy" are binary where the outputs are single ones."""
    multiclass = kind == "multiclass"
    if given in (LOG_LOSS, "cross_entropy"):
        return find_loss("cross_entropy" if multiclass else "binary_cross_entropy")
    return loss_record(given, OPEN_UNIT)


def trained_network(estimator: Any, network: Network, dtype: Any) -> Network:
    """The network as it is trained: with the penalty, and with the report of log_loss capped as scikit-learn's is."""
    loss = network.loss
    if estimator.loss == LOG_LOSS and network.activations[-1].name in loss.fused and loss.name in CAPPED:
        least = float(np.finfo(dtype).eps)
        numbers = {"cap": -float(np.log(least)), "floor": -float(np.log1p(-least))}
        loss = SCIKIT_LEARN_LOSSES[CAPPED[loss.name]].with_parameters(numbers)
    return Network(network.widths, network.activations, loss, l2=float(estimator.alpha))


OF_THE_RULE = ("solver", "learning_rate_init", "momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon")
"""The parameters that make the update rule."""


def rule_of(estimator: Any) -> Optimiser:
    """The update rule of `solver`, with its hyperparameters and its first learning rate; reads those OF_THE_RULE."""
    if estimator.solver == "lbfgs":
        return LBFGS
    rate = {"learning_rate": float(estimator.learning_rate_init)}
    if estimator.solver == "adam":
        numbers = {"beta1": estimator.beta_1, "beta2": estimator.beta_2, "epsilon0": estimator.epsilon}
        return SCIKIT_LEARN_RULES["adam_epsilon_hat"].with_parameters({**rate, **{k: float(v) for k, v in numbers.items()}})
    if not estimator.momentum:
        return OPTIMISERS["gradient_descent"].with_parameters(rate)
    rule = SCIKIT_LEARN_RULES["accelerated_gradient" if estimator.nesterovs_momentum else "classical_momentum"]
    return rule.with_parameters({**rate, "beta": float(estimator.momentum)})


def output_name(network: Network) -> str:
    """`out_activation_`, as scikit-learn calls it."""
    name = network.activations[-1].spelling
    return THEIR_NAMES.get(name, name)
