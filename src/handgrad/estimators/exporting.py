"""A fitted estimator as scikit-learn's own MLP, with equal predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn.neural_network
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.records import Activation
from handgrad.errors import NetworkError
from handgrad.estimators.messages import warn
from handgrad.estimators.settings import POISSON, SQUARED_ERROR, THEIR_NAMES
from handgrad.estimators.targets import ClassTargets

HIDDEN = ("identity", "sigmoid", "tanh", "relu")
"""Those activations of the catalogue that its hidden layers can have."""
OUTPUT = ("identity", "sigmoid", "softmax", "exp")
"""Those that its output layer can have."""
LOSSES = (SQUARED_ERROR, POISSON)
"""The losses of its regressor; its classifier's is no parameter."""
UNFELT = {"activation", "n_threads", "checkpoint", "checkpoint_every", "resume"}
"""Parameters that are translated, or on which the result of no training depends."""
COPIED = (
    "n_features_in_", "n_outputs_", "n_layers_", "out_activation_", "n_iter_", "t_", "loss_", "best_loss_",
    "best_validation_score_",
)  # fmt: skip
CURVES = ("loss_curve_", "validation_scores_")


def to_sklearn(estimator: Any) -> Any:
    """A fitted sklearn.neural_network.MLPClassifier or MLPRegressor with the same weights, predictions, curves and parameters.

    It can be cloned, fitted again, pickled and handed to whatever knows scikit-learn's classes, such as skl2onnx. Where it is
    trained further, its optimiser starts anew. Parameters that only further training would feel, and that it has not, are named
    in a UserWarning. Raises NotFittedError, and NetworkError with all that scikit-learn's class cannot express and that
    predictions depend on: activations it has not, different ones by layer, several columns of classes.

    >>> from sklearn.datasets import load_iris
    >>> from handgrad import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> ours = MLPClassifier((8,), early_stopping=True, random_state=0).fit(X, y)
    >>> bool((ours.to_sklearn().predict(X) == ours.predict(X)).all())
    True
    """
    check_is_fitted(estimator)
    *hidden, output = estimator.network_.activations
    _require_expressible(estimator, hidden, output)
    made = sklearn.neural_network.MLPClassifier if is_classifier(estimator) else sklearn.neural_network.MLPRegressor
    found = made(**_parameters(estimator, made(), hidden))
    for name in COPIED:
        if hasattr(estimator, name):
            setattr(found, name, getattr(estimator, name))
    for name in CURVES:
        if hasattr(estimator, name):
            curve = getattr(estimator, name)
            setattr(found, name, None if curve is None else list(curve))
    if hasattr(estimator, "feature_names_in_"):
        found.feature_names_in_ = estimator.feature_names_in_.copy()
    found.coefs_ = [array.copy() for array in estimator.coefs_]
    found.intercepts_ = [array.copy() for array in estimator.intercepts_]
    # what partial_fit and warm starts of theirs read besides
    found._best_coefs = [array.copy() for array in found.coefs_]
    found._best_intercepts = [array.copy() for array in found.intercepts_]
    found._random_state = check_random_state(found.random_state)
    found._no_improvement_count = 0
    if estimator._targets is not None:
        found._label_binarizer = _binarizer(estimator._targets)
        found.classes_ = found._label_binarizer.classes_
    return found


def _require_expressible(estimator: Any, hidden: list[Activation], output: Activation) -> None:
    """Raise NetworkError that names all that scikit-learn's class has not."""
    reasons = [
        f"layer {layer} has {activation.spelling}" for layer, activation in enumerate(hidden, 1) if not _known(activation, HIDDEN)
    ]
    if not reasons and len(set(hidden)) > 1:
        reasons.append(f"its hidden layers share one activation, but these have {', '.join(g.spelling for g in hidden)}")
    if not _known(output, OUTPUT):
        reasons.append(f"the output has {output.spelling}")
    kind = None if estimator._targets is None else estimator._targets.kind
    if kind == "multiclass" and not output.simplex:
        reasons.append(f"the {output.spelling} outputs for several classes are brought to a sum of 1")
    if kind == "multioutput":
        reasons.append(f"there are {len(estimator._targets.classes)} columns of classes")
    if reasons:
        raise NetworkError(
            f"scikit-learn's MLP cannot express this network: {'; '.join(reasons)}. Its hidden layers share one of "
            f"{', '.join(HIDDEN)}, and its output is one of {', '.join(OUTPUT)}"
        )


def _known(activation: Activation, names: tuple[str, ...]) -> bool:
    return activation.name in names and activation == ACTIVATIONS[activation.name]


def _parameters(estimator: Any, theirs: Any, hidden: list[Activation]) -> dict[str, Any]:
    """The constructor's parameters in scikit-learn's terms; warns of those that it has not."""
    known, usual, given = theirs.get_params(), type(estimator)().get_params(), estimator.get_params(deep=False)
    values = {"warm_start": (True, False), "loss": LOSSES}  # of these, scikit-learn has no others
    kept: dict[str, Any] = {}
    felt = []
    for name, value in given.items():
        if name in known and name not in UNFELT and not (name in values and value not in values[name]):
            kept[name] = clone(value, safe=False)
        elif name not in UNFELT and not _same(value, usual[name]):
            felt.append(name)
    if given["warm_start"]:
        kept["warm_start"] = True
    if hidden:
        kept["activation"] = THEIR_NAMES.get(hidden[0].name, hidden[0].name)
    if felt:
        warn(f"scikit-learn's {type(theirs).__name__} predicts the same, but trained further it would do without {', '.join(felt)}")
    return kept


def _same(value: Any, usual: Any) -> bool:
    return value is usual or (isinstance(value, str | float | int | bool) and bool(value == usual))


def _binarizer(targets: ClassTargets) -> LabelBinarizer:
    """What encodes classes in scikit-learn's MLP."""
    labels = targets.classes[0]
    if targets.kind != "multilabel":
        return LabelBinarizer().fit(labels)
    each = np.eye(len(labels), dtype=int)
    return LabelBinarizer().fit(sparse.csr_matrix(each) if targets.from_sparse else each)
