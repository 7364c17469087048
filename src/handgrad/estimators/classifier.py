"""MLPClassifier: a fully connected network that predicts classes, in place of scikit-learn's."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from handgrad.calculus.functions import Array
from handgrad.errors import DataError
from handgrad.estimators.base import BaseMLP, is_stochastic
from handgrad.estimators.class_weights import class_factors
from handgrad.estimators.documenting import documented, keep_parameters
from handgrad.estimators.fitting import Examples
from handgrad.estimators.settings import LOG_LOSS
from handgrad.estimators.targets import ClassTargets, rows_as_they_are


@documented
class MLPClassifier(ClassifierMixin, BaseMLP):
    """A multi-layer perceptron that predicts classes; what scikit-learn's does, compiled, and more.

    y may hold two classes or more, several labels at once (columns of 0 and 1), or several columns of classes, which then have
    outputs of their own, one against the rest. Parameters, defaults and attributes are those of scikit-learn 1.9's class, and so
    are the numbers: the same random_state gives the same loss curve to rounding.

    Parameters
    ----------
    {shared}
    loss : str, Loss, pair or mapping, default="log_loss"
        "log_loss"; any loss of the catalogue that goes with probabilities, as "squared_error"; or one of your own: a pair (value,
        gradient) of formulas in a and y or of callables, or a mapping of the arguments of `make_loss`; its gradient is held to its
        value before it is used. As in scikit-learn the report of "log_loss" counts a probability below the rounding
        unit as that; "cross_entropy" is reported as it is, and its gradient is the same.
    class_weight : dict, list of dicts or "balanced", default=None
        The weight of each class, by its label; classes that are left out have 1. A list has one mapping for each column of y.
    {more}

    Attributes
    ----------
    classes_ : array, or list of arrays
        The class labels, sorted; a list where y has several columns of classes.
    {attributes}

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from handgrad import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier((16,), activation="gelu", early_stopping=True, learning_rate_init=0.02, random_state=0).fit(X, y)
    >>> clf.predict(X[:2]).tolist(), clf.predict_proba(X[:2]).shape
    ([0, 0], (2, 3))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseMLP._parameter_constraints,
        "class_weight": [None, StrOptions({"balanced"}), dict, list],
    }
    _own_losses = (LOG_LOSS,)

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        loss: Any = "log_loss",
        class_weight: Any = None,
        dropout: Any = 0.0,
        coefs_init: Any = None,
        intercepts_init: Any = None,
        scoring: Any = None,
        callbacks: Any = None,
        checkpoint: Any = None,
        checkpoint_every: Any = 1,
        resume: Any = False,
        n_threads: Any = None,
    ) -> None:
        keep_parameters(self, locals())

    def _learn_targets(self, y: Any, classes: Any = None, *, incremental: bool) -> None:
        """Learn the classes, or check that y has no others. Raises DataError."""
        if self._targets is None or not (self.warm_start or incremental):
            self._targets = self._first_targets(y, classes) if incremental else ClassTargets.of(y)
            self.classes_ = self._targets.public
            return
        if classes is not None and self._targets.differ(classes):
            raise DataError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self._targets.classes[0]!r}"
            )
        missing = self._targets.missing(y)
        if self.warm_start and not incremental:
            found = ClassTargets.of(y)
            same = found.kind == self._targets.kind and all(map(np.array_equal, found.classes, self._targets.classes))
            if not same or len(missing):
                raise DataError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously got "
                    f"{self.classes_}, `y` has {found.public}"
                )
        elif len(missing):
            raise DataError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {missing} as well"
            )

    @staticmethod
    def _first_targets(y: Any, classes: Any) -> ClassTargets:
        """The classes of the first call of partial_fit. Raises DataError where they must be given, and are not."""
        if np.ndim(y) == 2:
            columns = classes is not None and all(np.ndim(column) == 1 for column in classes)
            found = ClassTargets.among_columns(classes) if columns else ClassTargets.of(y)
            if found.kind == "multilabel" or columns:
                return found
        if classes is None or np.ndim(y) == 2:
            raise DataError("classes must be passed on the first call to partial_fit.")
        return ClassTargets.among(classes)

    def _examples(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool, weighed: bool = True) -> Examples:
        """Checked inputs with encoded labels and weights, those of the classes included where they are `weighed`."""
        assert self._targets is not None
        given = weights = self._weights(sample_weight, X)
        if weighed and self.class_weight is not None:
            factors = class_factors(self.class_weight, self._targets, y, incremental=incremental)
            weights = factors if given is None else given * factors
            if not weights.any():
                raise DataError("with these class weights no example has a weight")
        return Examples(X, self._targets.encode(y), weights, y, given)

    def _stratifies(self) -> bool:
        """Whether held-out examples have both classes alike; as scikit-learn, for a single output."""
        return bool(self.n_outputs_ == 1)

    def _default_score(self, X: Any, labels: Any, weights: Array | None) -> float:
        return self._accuracy(self._targets_of_outputs(self._outputs(X)), labels, weights)

    def _targets_of_outputs(self, outputs: Array) -> Any:
        assert self._targets is not None
        return self._targets.decode(outputs)

    @staticmethod
    def _accuracy(predicted: Any, labels: Any, weights: Array | None) -> float:
        """The share of examples of which everything is right."""
        predicted, labels = (y.toarray() if sparse.issparse(y) else np.asarray(rows_as_they_are(y)) for y in (predicted, labels))
        right = predicted == labels
        return float(np.average(right if right.ndim == 1 else right.all(axis=1), weights=weights))

    @available_if(is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None, *, eval_set: Any = None) -> Self:
        """Go on for one epoch over X and y; the optimiser's state is kept from call to call.

        With early_stopping, the score of eval_set, or of the same validation_fraction of X in each call, is watched: after more
        than n_iter_no_change calls in a row without an improvement the best parameters come back, and further calls change nothing.

        Parameters
        ----------
        X, y, sample_weight, eval_set
            As in `fit`.
        classes : array-like, default=None
            All classes that y may hold, in the first call; not needed for several labels at once.

        Returns
        -------
        self : object
            The estimator.
        """
        return self._fit(X, y, sample_weight, eval_set, classes, incremental=True)

    def predict(self, X: Any) -> Any:
        """The predicted class of each example.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Labels, as y was in fit.
        """
        return self._targets_of_outputs(self._outputs(self._check_X(X)))

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class, in the order of `classes_`.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        P : array of shape (n_samples, n_classes), or list of them
            Of several labels at once each one's own; a list where y has several columns of classes.
        """
        outputs = self._outputs(self._check_X(X))
        assert self._targets is not None
        return self._targets.probabilities(outputs)

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithm of `predict_proba`.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        P : array of shape (n_samples, n_classes), or list of them
            -inf where a probability is 0.
        """
        found = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return [np.log(part) for part in found] if isinstance(found, list) else np.log(found)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The accuracy: the (weighted) share of examples of which every column is right.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
            The inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The true labels.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each example.

        Returns
        -------
        score : float
            From 0 to 1.
        """
        if self._targets is not None and self._targets.kind == "multioutput":  # for which scikit-learn has no score
            return self._accuracy(self.predict(X), y, None if sample_weight is None else np.asarray(sample_weight))
        return float(super().score(X, y, sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
