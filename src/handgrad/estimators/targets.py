"""Class labels as a network's targets, and its outputs as labels and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from handgrad.calculus.functions import Array
from handgrad.errors import DataError

Kind = Literal["binary", "multiclass", "multilabel", "multioutput"]
ONE_HALF = 0.5
"""An output above this is a yes."""
DTYPES = {"b": bool, "i": int, "u": int, "f": float, "U": str, "O": object}
"""What classes may be, by NumPy's kinds."""
LONGEST = 1 << 16
"""Bytes of a class's name, at the most, in a file."""


@dataclass(frozen=True)
class ClassTargets:
    """What stands for a class: how labels y become targets of 0 and 1, and outputs become labels again.

    `classes` has an array of sorted labels for each column of y. A column of two classes (or one) has one output, the second
    class's; one of more classes has an output for each. Of several labels at once ("multilabel", y of 0 and 1) each has an output,
    and `classes` is one array of their numbers. "multioutput" is several columns of classes, each with outputs of its own, one
    against the rest. `from_sparse`: y was a sparse matrix, and predictions are.
    """

    kind: Kind
    classes: tuple[Array, ...]
    from_sparse: bool = False

    @classmethod
    def of(cls, y: Any) -> Self:
        """What these labels, an array of n_samples or n_samples × columns, ask for. Raises ValueError for what is no class."""
        if sparse.issparse(y):
            y = y.toarray()
            if type_of_target(y) == "multilabel-indicator":
                return cls("multilabel", (np.arange(y.shape[1]),), from_sparse=True)
        if np.ndim(y) == 2:
            columns = np.asarray(y).T
            for column in columns:  # which may be of other kinds of labels than their neighbours
                check_classification_targets(_plain(column))
            if all(np.isin(_plain(column), (0, 1)).all() for column in columns):
                return cls("multilabel", (np.arange(len(columns)),))
            return cls.among_columns(columns)
        check_classification_targets(y)
        return cls.among(y)

    @classmethod
    def among(cls, classes: Any) -> Self:
        """One column of these classes."""
        found = _sorted(classes)
        return cls("multiclass" if len(found) > 2 else "binary", (found,))

    @property
    def outputs(self) -> int:
        """How many outputs the network has."""
        return len(self.classes[0]) if self.kind == "multilabel" else sum(map(_outputs_of, self.classes))

    @property
    def public(self) -> Array | list[Array]:
        """`classes_` as scikit-learn has it: an array, or a list of them where y has several columns of classes."""
        return list(self.classes) if self.kind == "multioutput" else self.classes[0]

    def encode(self, y: Any) -> Array:
        """Targets of 0 and 1, n_samples × outputs, bool. Raises DataError for labels that are none of the classes."""
        y = y.toarray() if sparse.issparse(y) else np.asarray(y)
        if self.kind == "multilabel":
            if y.ndim != 2 or y.shape[1] != len(self.classes[0]):
                raise DataError(f"y has {len(self.classes[0])} columns of labels, but an array of the shape {y.shape} was given")
            if not np.isin(y, (0, 1)).all():
                raise DataError("y has columns of labels, 0 or 1, but other values were given")
            return np.asarray(y == 1)
        columns = y.T if y.ndim == 2 else y[None]
        if len(columns) != len(self.classes):
            raise DataError(f"y has {len(self.classes)} column(s) of classes, but {len(columns)} were given")
        return np.hstack([_indicators(column, classes) for column, classes in zip(columns, self.classes, strict=True)])

    def missing(self, y: Any) -> Array:
        """Those of the labels that are none of the classes."""
        y = y.toarray() if sparse.issparse(y) else np.asarray(y)
        if self.kind == "multilabel":
            return np.setdiff1d(y, (0, 1))
        columns = y.T if y.ndim == 2 else [y]
        unknown = [np.setdiff1d(_plain(column), classes) for column, classes in zip(columns, self.classes, strict=False)]
        return np.concatenate(unknown)

    @classmethod
    def among_columns(cls, classes: Any) -> Self:
        """Several columns, each with its own of these lists of classes."""
        return cls("multioutput", tuple(map(_sorted, classes)))

    def differ(self, classes: Any) -> bool:
        """Whether the classes are others than these, a list for each column where there are several."""
        if self.kind == "multilabel":
            return False
        columns = classes if self.kind == "multioutput" else [classes]
        return len(columns) != len(self.classes) or not all(map(np.array_equal, map(_sorted, columns), self.classes))

    def decode(self, outputs: Array) -> Any:
        """The predicted labels of outputs n_samples × outputs: the largest one's, or the second class above one half."""
        if self.kind == "multilabel":
            found = (outputs > ONE_HALF).astype(int)
            return sparse.csr_matrix(found) if self.from_sparse else found
        columns = [_labels(part, classes) for part, classes in zip(self._parts(outputs), self.classes, strict=True)]
        if self.kind != "multioutput":
            return columns[0]
        mixed = len({column.dtype.kind for column in columns}) > 1
        return np.stack([column.astype(object) for column in columns] if mixed else columns, axis=1)

    def probabilities(self, outputs: Array) -> Any:
        """Of every class, n_samples × classes; of every label where y has labels; a list of arrays where it has several columns."""
        if self.kind == "multilabel":
            return outputs
        found = [_shares(part) for part in self._parts(outputs)]
        return found if self.kind == "multioutput" else found[0]

    def _parts(self, outputs: Array) -> list[Array]:
        """The outputs of each column of y."""
        return np.split(outputs, np.cumsum([_outputs_of(classes) for classes in self.classes])[:-1], axis=1)

    def to_json(self) -> dict[str, Any]:
        """What a file keeps. Labels that are no numbers and no text raise DataError."""
        found = []
        for classes in self.classes:
            if classes.dtype.kind not in DTYPES or not all(isinstance(value, int | float | str) for value in classes.tolist()):
                raise DataError(f"classes are numbers, truth values or text, but {classes.dtype} cannot be kept in a file")
            found.append({"dtype": classes.dtype.str, "values": classes.tolist()})
        return {"kind": self.kind, "from_sparse": self.from_sparse, "classes": found}

    @classmethod
    def from_json(cls, about: dict[str, Any]) -> Self:
        """What `to_json` gave, checked. Raises DataError, or what comes of JSON of another form."""
        if about["kind"] not in get_args(Kind) or not isinstance(about["classes"], list) or not about["classes"]:
            raise DataError(f"there is no kind of targets {about['kind']!r} with these classes")
        classes = []
        for kept in about["classes"]:
            dtype = np.dtype(str(kept["dtype"]))
            if dtype.kind not in DTYPES or dtype.itemsize > LONGEST or not isinstance(kept["values"], list) or not kept["values"]:
                raise DataError(f"classes of {dtype} cannot be read")
            if not all(isinstance(value, int | float | str) for value in kept["values"]):
                raise DataError("classes are numbers, truth values or text")
            found = np.array(kept["values"], dtype)
            if found.tolist() != kept["values"] or len(set(kept["values"])) != len(found):
                raise DataError(f"classes are different values of {dtype}, but {kept['values']!r} was given")
            classes.append(found)
        if about["kind"] != "multioutput" and len(classes) != 1:
            raise DataError(f"{about['kind']} targets have one list of classes, but {len(classes)} were given")
        return cls(about["kind"], tuple(classes), from_sparse=bool(about["from_sparse"]))


def _sorted(labels: Any) -> Array:
    """The different labels in their order; of objects that are all text, or all numbers, an array of these."""
    return np.unique(_plain(labels))


def _plain(labels: Any) -> Array:
    """Labels as they are; objects that are all text, or all numbers, as an array of these."""
    found = np.asarray(labels)
    return np.array(found.tolist()) if found.dtype == object and len({type(label) for label in found.flat}) == 1 else found


def rows_as_they_are(y: Any) -> Any:
    """Rows of labels of several kinds, in lists, as an array of objects: NumPy would make text of them all."""
    rows = isinstance(y, list) and len(y) > 0 and isinstance(y[0], list | tuple)
    return np.array(y, dtype=object) if rows and len({type(label) for label in y[0]}) > 1 else y


def _outputs_of(classes: Sequence[Any] | Array) -> int:
    """How many outputs a column of these classes has."""
    return len(classes) if len(classes) > 2 else 1


def _indicators(labels: Array, classes: Array) -> Array:
    """A column of labels as n_samples × outputs, bool. Raises DataError for one that is none of the classes."""
    labels = _plain(labels)
    places = np.searchsorted(classes, labels)
    places = np.minimum(places, len(classes) - 1)
    wrong = np.flatnonzero(classes[places] != labels)
    if wrong.size:
        raise DataError(f"the classes are {classes.tolist()}, but row {wrong[0] + 1} of y is {labels[wrong].tolist()[0]!r}")
    if len(classes) <= 2:
        return np.asarray(places[:, None] == 1)
    return np.asarray(places[:, None] == np.arange(len(classes)))


def _labels(outputs: Array, classes: Array) -> Array:
    """The labels that a column's outputs, n_samples × outputs, stand for."""
    if outputs.shape[1] > 1:
        return np.asarray(classes[outputs.argmax(axis=1)])
    return np.asarray(classes[np.minimum((outputs[:, 0] > ONE_HALF).astype(int), len(classes) - 1)])


def _shares(outputs: Array) -> Array:
    """Outputs as probabilities that sum to 1: softmax's as they are, single ones beside their complement, others by their sum."""
    if outputs.shape[1] == 1:
        return np.hstack([1 - outputs, outputs])
    total = outputs.sum(axis=1, keepdims=True)
    near = np.abs(total - 1) <= 8 * outputs.shape[1] * np.finfo(outputs.dtype).eps  # a softmax's, but for rounding
    with np.errstate(invalid="ignore"):  # all outputs of a row may be 0
        shares = np.where(total > 0, outputs / np.where(total > 0, total, 1), 1 / outputs.shape[1])
    return np.asarray(np.where(near, outputs, shares), outputs.dtype)
