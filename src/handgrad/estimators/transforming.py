"""`transform`: the activations of a hidden layer, in the container that set_output asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils._set_output import ADAPTERS_MANAGER, _get_output_config
from sklearn.utils.validation import check_is_fitted

from handgrad.errors import NetworkError


class HiddenActivations:
    """`transform` for an estimator with `network_`, `_check_X` and `_activations`.

    It stands in a class that scikit-learn does not wrap, since it knows the names of the chosen layer's columns itself.
    """

    network_: Any

    def transform(self, X: Any, layer: int = -1) -> Any:
        """The activations of a layer: its features of the examples.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n_samples, n_features)
            The inputs.
        layer : int, default=-1
            The number of the layer, 1 for the first hidden one; or counted from the last hidden layer, which is -1.

        Returns
        -------
        A : array or frame of shape (n_samples, n_layer)
            A[layer].
        """
        checked = self._check_X(X)  # type: ignore[attr-defined]  # the estimator's
        found = self._activations(checked, self._layer(layer))  # type: ignore[attr-defined]  # the estimator's
        container = _get_output_config("transform", self)["dense"]
        if container == "default":
            return found
        return ADAPTERS_MANAGER.adapters[container].create_container(found, X, columns=self._names(found.shape[1]))

    def _layer(self, layer: int) -> int:
        """The number of a layer, from 1. Raises NetworkError for one that is not there."""
        hidden = self.network_.L - 1
        if not isinstance(layer, int | np.integer):
            raise NetworkError(f"a layer is a whole number, but {layer!r} was given")
        if not hidden and layer < 0:
            raise NetworkError("the network has no hidden layer; layer=1 is its output")
        found = hidden + 1 + layer if layer < 0 else layer
        if not 1 <= found <= (hidden if layer < 0 else hidden + 1):
            raise NetworkError(
                f"the network has {hidden} hidden layer(s): a layer is a number from 1 to {hidden + 1}, which is the output, "
                f"or from -{hidden} to -1, but {layer} was given"
            )
        return found

    def _names(self, width: int) -> Any:
        name = type(self).__name__.lower()
        return np.asarray([f"{name}{k}" for k in range(width)], dtype=object)

    @property
    def _n_features_out(self) -> int:
        """How many columns `transform` gives: the last hidden layer's width."""
        check_is_fitted(self)
        return int(self.network_.widths[self._layer(-1)])
