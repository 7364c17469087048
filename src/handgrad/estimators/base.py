"""What the classifier and the regressor share: parameters, fitting, the forward pass, and what a fitted network can tell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral, Real
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context, is_classifier, is_regressor
from sklearn.metrics import get_scorer_names
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, InvalidParameterError, Options, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from handgrad.calculus.functions import Array
from handgrad.catalogue.own import know, own_records
from handgrad.catalogue.records import OPEN_UNIT, REAL, Activation, Loss
from handgrad.data import as_targets
from handgrad.derivation import Derivation
from handgrad.errors import DataError, HandgradError, NetworkError
from handgrad.estimators import exporting, files, insight, plotting, starting
from handgrad.estimators.fitting import LEAST_VALIDATION, STOCHASTIC, Examples, Fitting
from handgrad.estimators.messages import placed, warn
from handgrad.estimators.predicting import activations
from handgrad.estimators.settings import given_activations, hidden_widths, loss_record, network_of, output_name
from handgrad.estimators.targets import ClassTargets, rows_as_they_are
from handgrad.estimators.transforming import HiddenActivations
from handgrad.network import Network, Parameters

FLOATS = (np.float64, np.float32)
SPARSE = ("csr", "csc")
OWN_RECORDS = "_own_records"
"""Where a pickle has the records that a user has added to the catalogue, and the parameters name."""


def is_stochastic(estimator: BaseMLP) -> bool:
    """Whether the solver takes steps of mini-batches. Raises AttributeError where not, as `hasattr` expects."""
    if estimator.solver not in STOCHASTIC:
        raise AttributeError(
            f"partial_fit takes steps of mini-batches, which the solvers sgd and adam have and {estimator.solver} has not"
        )
    return True


class BaseMLP(HiddenActivations, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """What both estimators are."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "loss": [str, Loss, Mapping, list, tuple, callable],
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [str, Activation, list, tuple],
        "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean", StrOptions({"optimizer"})],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left"), list, tuple, np.ndarray],
        "coefs_init": [None, list, tuple],
        "intercepts_init": [None, list, tuple],
        "scoring": [None, StrOptions({"loss", *get_scorer_names()}), callable],
        "callbacks": [None, callable, list, tuple],
        "checkpoint": [None, str, os.PathLike],
        "checkpoint_every": [Interval(Integral, 1, None, closed="left")],
        "resume": ["boolean"],
        "n_threads": [None, Interval(Integral, 1, None, closed="left")],
    }
    _targets: ClassTargets | None = None
    _watched: bool
    coefs_: list[Array]
    intercepts_: list[Array]
    best_validation_score_: float | None
    classes_: Any

    _own_losses: tuple[str, ...] = ()
    """Losses that go by scikit-learn's names."""

    def _validate_params(self) -> None:
        super()._validate_params()
        try:
            _, output = given_activations(self)
        except HandgradError as error:
            raise InvalidParameterError(
                f"The 'activation' parameter of {type(self).__name__} is none that is known: {error}. One of your own goes as the "
                "record that add_activation gives"
            ) from None
        try:
            if not (isinstance(self.loss, str) and self.loss in self._own_losses):
                loss_record(self.loss, OPEN_UNIT if is_classifier(self) else REAL if output is None else output.interval)
        except (HandgradError, TypeError, AttributeError) as error:
            raise InvalidParameterError(
                f"The 'loss' parameter of {type(self).__name__} is none that is known: {error}\n"
                f"It also takes {' and '.join(self._own_losses)}, a pair (value, gradient) of formulas or callables, or a mapping "
                "of the arguments of make_loss, as where a and y lie in other intervals"
            ) from None
        shares = self.dropout if isinstance(self.dropout, list | tuple | np.ndarray) else [self.dropout]
        if not all(isinstance(share, Real) for share in shares):
            raise InvalidParameterError(f"dropout is a share or a list of them, but {self.dropout!r} was given")
        callbacks = self.callbacks if isinstance(self.callbacks, list | tuple) else []
        if not all(map(callable, callbacks)):
            raise InvalidParameterError(f"callbacks are callables of an epoch's state, but {callbacks!r} was given")

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, eval_set: Any = None) -> Self:
        """Fit the network to X and y.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
            The inputs. float32 stays float32; all else becomes float64.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The classes or labels, or the numbers of a regression.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each example.
        eval_set : tuple (X, y) or (X, y, sample_weight), default=None
            Examples to be scored after each epoch. With early_stopping, the run ends where their score no longer improves, and the
            parameters of the best epoch are kept; nothing is held out of X then.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, eval_set, incremental=False)

    @available_if(is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, *, eval_set: Any = None) -> Self:
        """Go on for one epoch over X and y; the optimiser's state is kept from call to call.

        With early_stopping, the score of eval_set, or of the same validation_fraction of X in each call, is watched: after more
        than n_iter_no_change calls in a row without an improvement the best parameters come back, and further calls change nothing.

        Parameters
        ----------
        X, y, sample_weight, eval_set
            As in `fit`.

        Returns
        -------
        self : object
            The estimator.
        """
        return self._fit(X, y, sample_weight, eval_set, incremental=True)

    def _fit(self, X: Any, y: Any, sample_weight: Any, eval_set: Any, classes: Any = None, *, incremental: bool) -> Self:
        """Fit, or leave everything as it was: where not even an epoch was finished, nothing is learnt and nothing lost.

        What training changes it replaces, so that the old attributes need no copies.
        """
        before = dict(vars(self))
        try:
            self._train(X, y, sample_weight, eval_set, classes, incremental=incremental)
        except BaseException as error:
            if not getattr(getattr(error, "fit", None), "history", ()):
                self.__dict__.clear()
                self.__dict__.update(before)
            raise
        return self

    def _train(self, X: Any, y: Any, sample_weight: Any, eval_set: Any, classes: Any, *, incremental: bool) -> None:
        hidden = hidden_widths(self.hidden_layer_sizes)
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, y = self._check_X_y(X, y, reset=first)
        self._learn_targets(y, classes, incremental=incremental)
        given = self._examples(X, y, sample_weight, incremental=incremental)
        random = check_random_state(self.random_state)
        network = network_of(self, X.shape[1], given.Y.shape[1], None if self._targets is None else self._targets.kind)
        if not first:
            self._require_same_shape(network)
        self.network_, self.n_outputs_ = network, given.Y.shape[1]
        self.n_layers_, self.out_activation_ = len(hidden) + 2, output_name(network)
        if first:
            self._forget()
            coefs, intercepts = starting.drawn(network, random, X.dtype)
            self.coefs_ = coefs if self.coefs_init is None else starting.given("coefs_init", self.coefs_init, coefs)
            self.intercepts_ = (
                intercepts if self.intercepts_init is None else starting.given("intercepts_init", self.intercepts_init, intercepts)
            )
        if first or not hasattr(self, "score_history_"):  # coefs_ and intercepts_ may be set by hand
            self._begin()
        given = self._with_targets(given)
        held = None if eval_set is None else self._held(eval_set)
        watched = bool(incremental and self.early_stopping)
        if watched and not self._watched:  # scores of fit are of other examples
            self._no_improvement_count, self.best_validation_score_, self.stopped_ = 0, -np.inf, ""
            self.__dict__.pop("_best", None)
        elif watched and self.stopped_ == "early stopping":
            warn("partial_fit has stopped early, so that this call changes nothing; set early_stopping=False to go on, or fit anew")
            return
        self._watched = watched
        fitting = Fitting(self, random, incremental=incremental)
        try:
            fitting.fit(given, held)
        finally:
            if watched and fitting.learnt:
                self._remember_best(better=fitting.better)

    def _forget(self) -> None:
        """Remove what an earlier fit has left."""
        for name in (
            "loss_", "loss_curve_", "best_loss_", "best_iteration_", "validation_scores_", "best_validation_score_",
            "_optimizer_settings", "_split_seed", "_best",
        ):  # fmt: skip
            self.__dict__.pop(name, None)

    def _begin(self) -> None:
        """Curves without a point."""
        self.n_iter_, self.t_, self._no_improvement_count, self.stopped_, self._watched = 0, 0, 0, "", False
        self._rate, self._optimizer_state = float(self.learning_rate_init), None
        self.score_history_: dict[str, list[Any]] = {}
        if self.solver in STOCHASTIC:
            self.loss_curve_: list[float] = []
            self.best_loss_ = None if self.early_stopping else np.inf
            self.validation_scores_: list[float] | None = [] if self.early_stopping else None
            self.best_validation_score_ = -np.inf if self.early_stopping else None

    def _with_targets(self, given: Examples) -> Examples:
        """The examples with targets as the network takes them, checked against its loss. Raises DataError."""
        return replace(given, Y=as_targets(given.Y, self.network_, len(given.Y), self.coefs_[0].dtype))

    def _require_same_shape(self, network: Network) -> None:
        """Refuse to go on with parameters of other widths."""
        before = (self.coefs_[0].shape[0], *(W.shape[1] for W in self.coefs_))
        if before != network.widths:
            raise NetworkError(
                f"the network has the widths {'-'.join(map(str, before))} since the first fit, but now "
                f"{'-'.join(map(str, network.widths))} are asked for; fit without warm_start, or with the same"
            )

    def _remember_best(self, *, better: bool) -> None:
        """Keep the parameters of the best call of partial_fit, and bring them back once it has stopped early."""
        if better or not hasattr(self, "_best"):
            self._best = self._parameters()
        if self.stopped_ == "early stopping":
            self._take(self._best)

    def _check_X_y(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """Inputs and targets as scikit-learn checks them; what is not finite is named with its row and column."""
        y = rows_as_they_are(y)
        try:
            found = validate_data(
                self, X, y, accept_sparse=SPARSE, multi_output=True, y_numeric=is_regressor(self), dtype=FLOATS, reset=reset
            )
        except ValueError as error:
            raise placed(error, X, y) from None
        X, y = found
        if is_regressor(self) and sparse.issparse(y):
            y = y.toarray()
        if not sparse.issparse(y) and y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X.tocsr() if sparse.issparse(X) else X, y

    def _check_X(self, X: Any) -> Any:
        """New inputs as scikit-learn checks them: an array of float32 or float64, or CSR."""
        check_is_fitted(self)
        try:
            found = validate_data(self, X, accept_sparse=SPARSE, reset=False)
        except ValueError as error:
            raise placed(error, X) from None
        found = found if found.dtype in FLOATS else found.astype(np.float64)
        return found.tocsr() if sparse.issparse(found) else found

    def _held(self, eval_set: Any) -> Examples:
        """The examples of eval_set, checked against those of X."""
        if isinstance(eval_set, list) and len(eval_set) == 1:
            eval_set = eval_set[0]
        if not isinstance(eval_set, tuple | list) or not 2 <= len(eval_set) <= 3:
            raise DataError("eval_set is a tuple (X, y) or (X, y, sample_weight), and only one of them")
        X, y, weights = (*eval_set, None)[:3]
        try:
            checked, y = self._check_X_y(X, y, reset=False)
            found = self._examples(checked, y, weights, incremental=True, weighed=False)
            if is_regressor(self) and len(found.Y) < LEAST_VALIDATION:
                raise DataError(f"{LEAST_VALIDATION} examples or more are needed, but {len(found.Y)} was given")
            return replace(self._with_targets(found), raw=X)
        except ValueError as error:
            raise DataError(f"in eval_set: {error}") from None

    def _examples(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool, weighed: bool = True) -> Examples:
        """Checked inputs with targets and weights, those of classes included where they are `weighed`."""
        raise NotImplementedError

    def _learn_targets(self, y: Any, classes: Any = None, *, incremental: bool) -> None:
        """Learn what there is to know of the targets before they are encoded, or hold them to what is known."""
        raise NotImplementedError

    @staticmethod
    def _weights(sample_weight: Any, X: Any) -> Array | None:
        return None if sample_weight is None else np.asarray(_check_sample_weight(sample_weight, X))

    def _parameters(self) -> Parameters:
        """coefs_ and intercepts_ as the network's parameters: a copy."""
        return Parameters.given(self.network_, [W.T for W in self.coefs_], list(self.intercepts_))

    def _take(self, parameters: Parameters) -> None:
        """Set coefs_ and intercepts_."""
        self.coefs_ = [np.ascontiguousarray(W.T) for W in parameters.W.values()]
        self.intercepts_ = [b.copy() for b in parameters.b.values()]

    def _outputs(self, X: Any) -> Array:
        """The network's outputs for checked inputs, n_samples × n_L."""
        return self._activations(X, self.network_.L)

    def _activations(self, X: Any, layer: int) -> Array:
        return activations(self.network_, self.coefs_, self.intercepts_, X, layer)

    @property
    def _optimizer(self) -> SimpleNamespace:
        """The learning rate where scikit-learn's users look for it."""
        return SimpleNamespace(learning_rate=self._rate, learning_rate_init=self.learning_rate_init)

    @property
    def derivation_(self) -> Derivation:
        """The derivation of the fitted network: forward pass, loss, gradients and update."""
        check_is_fitted(self)
        return insight.derivation(self)

    def explain(self, X: Any, y: Any, sample_weight: Any = None, **options: Any) -> Any:
        """One iteration of the fitted network on these examples, worked through: `handgrad.explain` with its options."""
        return insight.explain(self, X, y, sample_weight, **options)

    def input_gradient(self, X: Any, y: Any = None, *, output: Any = None, sample_weight: Any = None) -> Array:
        """The gradient with respect to the inputs: of each example's loss where y is given, else of the outputs.

        Returns n_samples × n_features for a loss, a single output or the one that `output` names (a class, or a number from 0),
        else n_samples × n_outputs × n_features.
        """
        return insight.input_gradient(self, X, y, output=output, sample_weight=sample_weight)

    def plot(self, ax: Any = None) -> Any:
        """Draw the training loss and the validation score by epoch; returns matplotlib's axes."""
        return plotting.plot(self, ax)

    def save(self, path: str | Path) -> Path:
        """Write the fitted estimator to a model file, in which nothing is executed when it is read."""
        return files.save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read an estimator that `save` wrote. Raises ModelFileError."""
        found: Self = files.load(cls, path)
        return found

    def to_sklearn(self) -> Any:
        """A fitted scikit-learn MLP with the same predictions. Raises an error that names what it cannot express."""
        return exporting.to_sklearn(self)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        named = [self.loss, *(self.activation if isinstance(self.activation, list | tuple) else [self.activation])]
        own = own_records(name for name in named if isinstance(name, str))
        return {**state, OWN_RECORDS: own} if own else state

    def __setstate__(self, state: dict[str, Any]) -> None:
        for record in state.get(OWN_RECORDS, ()):  # by their names, as in the process that it comes from
            know(record)
        super().__setstate__({name: value for name, value in state.items() if name != OWN_RECORDS})

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags
