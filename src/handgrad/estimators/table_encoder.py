"""`TableEncoder`: a table's encoding as a scikit-learn transformer."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from handgrad.calculus.functions import Array
from handgrad.errors import DataError
from handgrad.tables.columns import NumberColumn
from handgrad.tables.encoding import EncodingOptions, TableEncoding
from handgrad.tables.frames import as_frame, names_of, opened, polars

DTYPES = ("float64", "float32")


class TableEncoder(TransformerMixin, BaseEstimator):
    """Encode a table of numbers, categories and missing values as numbers.

    Numbers are centred and scaled; categories become columns of 0 and 1; missing values become 0, with a column that says so.
    Columns are found by name, in any order; those that `fit` finds useless (constant ones, identifiers) are left out. This is
    the encoding that a table's model file holds.

    Parameters
    ----------
    scaling : {"robust", "standard"}, default="robust"
        Median and quartiles with a smooth clip at ±3, or mean and standard deviation.
    max_categories : int, default=50
        The most values of a category that have a column of their own; the others share one.
    min_count : int, default=None
        How often a value must occur to have a column of its own. None: from 1 time in fewer than 50 rows to 10 in 5,000 or more.
    categorical : sequence of str, default=()
        Columns whose numbers are categories.
    keep : sequence of str, default=()
        Columns that are not to be left out.
    drop : sequence of str, default=()
        Columns that are to be left out.
    missing : sequence of str, default=()
        Words that mean a missing value, beside the usual ones (NA, NaN, null, ?, …).
    dtype : {"float64", "float32"}, default="float64"
        The type of the numbers that `transform` gives.

    Attributes
    ----------
    encoding_ : TableEncoding
        What is known of each column; `encoding_.describe()` says it in words.
    n_features_in_ : int
        The number of columns that `fit` saw.
    feature_names_in_ : ndarray of str
        Their names, where all of them are texts.

    Examples
    --------
    >>> from handgrad.estimators.table_encoder import TableEncoder
    >>> table = {"age": [31, 45, None, 52], "colour": ["red", "blue", "red", "green"]}
    >>> encoder = TableEncoder().fit(table)
    >>> encoder.get_feature_names_out().tolist()
    ['age', 'age is missing', 'colour=blue', 'colour=green', 'colour=red']
    >>> encoder.transform({"colour": ["red", "mauve"], "age": [45, None]}).tolist()
    [[0.0, 0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0, 0.0]]
    """

    encoding_: TableEncoding
    n_features_in_: int
    feature_names_in_: Array

    def __init__(
        self,
        *,
        scaling: str = "robust",
        max_categories: int = 50,
        min_count: int | None = None,
        categorical: Any = (),
        keep: Any = (),
        drop: Any = (),
        missing: Any = (),
        dtype: str = "float64",
    ) -> None:
        self.scaling = scaling
        self.max_categories = max_categories
        self.min_count = min_count
        self.categorical = categorical
        self.keep = keep
        self.drop = drop
        self.missing = missing
        self.dtype = dtype

    @classmethod
    def of(cls, encoding: TableEncoding) -> TableEncoder:
        """A fitted encoder that has this encoding, as of a model that was loaded."""
        numbers = [column for column in encoding.columns if isinstance(column, NumberColumn)]
        standard = bool(numbers) and not any(column.clip for column in numbers)
        encoder = cls(scaling="standard" if standard else "robust", missing=encoding.missing)
        encoder.encoding_, encoder._columns = encoding, list(encoding.inputs)
        encoder.n_features_in_ = len(encoding.inputs)
        encoder.feature_names_in_ = np.array(encoding.inputs, dtype=object)
        return encoder

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002  # scikit-learn's signature
        """Find what each column is.

        Parameters
        ----------
        X : frame, mapping of columns or array-like of shape (n_samples, n_features)
            The table: a polars or pandas frame, anything with Arrow's interface, or rows of numbers and texts.
        y : ignored
            As in every transformer.

        Returns
        -------
        self : object
            The fitted encoder.
        """
        names = ("scaling", "max_categories", "min_count", "categorical", "keep", "drop", "missing")
        options = EncodingOptions(**{name: getattr(self, name) for name in names})
        self._require_dtype()
        _require_table(X)
        table = as_frame(X) if _is_rows(X) else opened(X)
        self.encoding_ = TableEncoding.fit(table, options, where="X")
        self._columns = names_of(table) or []
        named = X if _is_rows(X) or hasattr(X, "columns") else polars().DataFrame(schema=self._columns)
        validate_data(self, named, skip_check_array=True)
        return self

    def transform(self, X: Any) -> Any:
        """Encode rows.

        Parameters
        ----------
        X : frame, mapping of columns or array-like of shape (n_samples, n_features)
            A table with the columns that `fit` saw, in any order; an array has all of them, in the order of `fit`.

        Returns
        -------
        encoded : ndarray of shape (n_samples, n_features_out)
            Finite numbers, of `dtype`.
        """
        check_is_fitted(self)
        self._require_dtype()
        _require_table(X)
        if _is_rows(X):
            validate_data(self, X, reset=False, skip_check_array=True)
            X = as_frame(X, self._columns)
        encoded = self.encoding_.encode(X, where="X").X
        if self.dtype == "float64":
            return encoded
        most = np.finfo(np.float32).max
        return np.clip(encoded, -most, most).astype(np.float32)

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """The names of the encoded columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            If given, must be the names that `fit` saw.

        Returns
        -------
        names : ndarray of str
            As "age", "age is missing", "colour=red", "colour=(other)".
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features)
        return np.asarray(self.encoding_.labels, dtype=object)

    def _require_dtype(self) -> None:
        if self.dtype not in DTYPES:
            raise DataError(f"dtype is {self.dtype!r}; {' or '.join(DTYPES)} is expected")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []  # `dtype` says it
        return tags


def _require_table(X: Any) -> None:
    """Refuse what is no table in words that scikit-learn's users know."""
    if sparse.issparse(X):
        raise DataError("X is sparse; a table of columns is expected, as X.toarray() gives one")
    if not isinstance(X, np.ndarray):
        return
    if X.dtype.kind == "c":
        raise DataError("Complex data not supported: X has complex numbers; give their parts as columns of their own")
    if X.ndim == 1 and X.dtype.names is None:
        raise DataError("X has one dimension; rows and columns are expected. Reshape your data, as X.reshape(1, -1) for one row")
    if X.ndim == 2 and not X.shape[1]:
        raise DataError(f"X has 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")


def _is_rows(X: Any) -> bool:
    """Whether X has no names of columns: an array or a list of rows."""
    return isinstance(X, list | tuple | np.ndarray) and getattr(X, "dtype", np.dtype(float)).names is None
