"""MLPRegressor: a fully connected network that predicts numbers, in place of scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from handgrad.calculus.functions import Array
from handgrad.estimators.base import BaseMLP
from handgrad.estimators.documenting import documented, keep_parameters
from handgrad.estimators.fitting import Examples
from handgrad.estimators.settings import POISSON, SQUARED_ERROR


@documented
class MLPRegressor(RegressorMixin, BaseMLP):
    """A multi-layer perceptron that predicts numbers; what scikit-learn's does, compiled, and more.

    Parameters, defaults and attributes are those of scikit-learn 1.9's class, and so are the numbers: the same random_state gives
    the same loss curve to rounding. One thing is not: with several outputs, scikit-learn reports ½ of the squared error's mean over
    the outputs, and takes the gradient of their sum, n_outputs times as large (its issue 8349). Here the gradient is that of the
    loss that is reported; for the steps of scikit-learn's sgd, multiply learning_rate_init by n_outputs and divide alpha by it.

    Parameters
    ----------
    loss : str, Loss, pair or mapping, default="squared_error"
        "squared_error", ½ (a - y)² and the mean over the outputs; "poisson", half the Poisson deviance, with exp outputs; any other
        of the catalogue, as "huber(delta=2)", "absolute_error" or "quantile(q=0.9)", summed over the outputs; or one of your own: a
        pair (value, gradient) of formulas in a and y or of callables, or a mapping of the arguments of `make_loss`; its
        gradient is held to its value before it is used.
    {shared}
    {more}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from handgrad import MLPRegressor
    >>> X, y = make_regression(n_samples=200, n_features=5, random_state=1)
    >>> reg = MLPRegressor(early_stopping=True, learning_rate_init=0.02, max_iter=500, random_state=1).fit(X, y / y.std())
    >>> reg.score(X, y / y.std()) > 0.95
    True
    """

    def __init__(
        self,
        loss: Any = "squared_error",
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

    _own_losses = (SQUARED_ERROR, POISSON)

    def _learn_targets(self, y: Any, classes: Any = None, *, incremental: bool) -> None:
        """A regression has no classes to learn."""

    def _examples(  # the last two are a classifier's
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        incremental: bool,  # noqa: ARG002
        weighed: bool = True,  # noqa: ARG002
    ) -> Examples:
        weights = self._weights(sample_weight, X)
        return Examples(X, y if y.ndim == 2 else y[:, None], weights, y, weights)

    def _stratifies(self) -> bool:
        """There are no classes that held-out examples should have alike."""
        return False

    def _default_score(self, X: Any, labels: Any, weights: Array | None) -> float:
        predicted = self._outputs(X).reshape(np.shape(labels))
        if not np.isfinite(predicted).all():
            return float("nan")
        with np.errstate(over="ignore", invalid="ignore"):  # squares of what diverges
            residual = np.average((labels - predicted) ** 2, axis=0, weights=weights)
            spread = np.average((labels - np.average(labels, axis=0, weights=weights)) ** 2, axis=0, weights=weights)
            if np.all(spread > 0):  # what r2_score gives, without its checks of what is checked
                return float(np.mean(1 - residual / spread))
            return float(r2_score(labels, predicted, sample_weight=weights))

    def predict(self, X: Any) -> Array:
        """The predicted numbers of each example.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Predicted numbers.
        """
        found = self._outputs(self._check_X(X))
        return found[:, 0] if found.shape[1] == 1 else found
