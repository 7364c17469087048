"""The real data sets that scikit-learn ships, read from its files without importing it (which takes over a second)."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError, HandgradError, MissingExtraError, did_you_mean

INSTALL = "pip install 'handgrad[train]'"


@dataclass(frozen=True)
class Dataset:
    """Examples as rows of X (float64), and y: class numbers where `classes` names the classes, else numbers to predict."""

    name: str
    X: Array
    y: Array
    features: tuple[str, ...]
    classes: tuple[str, ...] | None


def read_dataset(name: str) -> Dataset:
    """Read digits, iris, wine, breast_cancer or diabetes (a regression).

    Raises DataError for another name, MissingExtraError where scikit-learn is not installed.
    """
    if name not in READERS:
        raise DataError(f"there is no bundled data set {name!r}. {did_you_mean(name, READERS)}")
    found = importlib.util.find_spec("sklearn")
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError(f"the bundled data sets come with scikit-learn, which is not installed: {INSTALL}")
    folder = Path(found.submodule_search_locations[0], "datasets", "data")
    try:
        return READERS[name](folder)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {name} from scikit-learn's files in {folder}: {error}") from None


def read_inputs(path: Path, features: tuple[str, ...]) -> Array:
    """Read rows of inputs from a .csv (with a header) or .npy file.

    Columns of a table are found by their `features` names, in any order; other columns are left out.
    Raises DataError for a file that is missing, of another kind, or not all numbers.
    """
    try:
        found = path.is_file()
    except OSError:  # a name that no file can have
        found = False
    if not found:
        raise DataError(f"there is no file {path}, nor a bundled data set of that name. {did_you_mean(str(path), READERS)}")
    try:
        if path.suffix == ".npy":
            return np.asarray(np.load(path, allow_pickle=False))
        if path.suffix != ".csv":
            raise DataError(f"examples are read from .csv and .npy files, but {path} was given")
        import polars as pl

        table = pl.read_csv(path, infer_schema_length=None)
    except ImportError:
        raise MissingExtraError(f"CSV files need polars, which is not installed: {INSTALL}") from None
    except HandgradError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever a reader says of a broken file; polars' errors have no common base but this
        raise DataError(f"cannot read {path}: {str(error).splitlines()[0] if str(error) else type(error).__name__}") from None
    twice = [name.partition("_duplicated_")[0] for name in table.columns if "_duplicated_" in name]
    if twice:
        raise DataError(f"{path} has two columns named {twice[0]!r}")
    missing = [name for name in features if name not in table.columns]
    if missing:
        raise DataError(f"{path} has no column {missing[0]!r}, which the model needs. {did_you_mean(missing[0], table.columns)}")
    table = table.select(features or table.columns)
    while table.height and all(value is None for value in table.row(-1)):
        table = table.head(-1)  # a blank line at the end is no row
    if not table.height:
        raise DataError(f"{path} has no rows")
    for name, kind in table.schema.items():
        if not kind.is_numeric():
            row, value = next(((row, v) for row, v in enumerate(table[name], 1) if not _is_number(v)), (1, table[name][0]))
            raise DataError(f"{path}: row {row}, column {name!r} is {value!r}, but inputs are numbers")
        if table[name].null_count():
            row = table[name].is_null().arg_true()[0] + 1
            raise DataError(f"{path}: row {row} has no value in column {name!r}")
    return np.asarray(table.to_numpy(), np.float64)


def _is_number(value: object) -> bool:
    try:
        return bool(np.isfinite(float(str(value))))
    except ValueError:
        return False


def _digits(folder: Path) -> Dataset:
    table = np.loadtxt(folder / "digits.csv.gz", delimiter=",")
    features = tuple(f"pixel_{row}_{column}" for row in range(8) for column in range(8))
    return Dataset("digits", table[:, :-1], table[:, -1].astype(int), features, tuple("0123456789"))


def _with_header(name: str, file: str, features: tuple[str, ...], classes: tuple[str, ...]) -> Callable[[Path], Dataset]:
    def read(folder: Path) -> Dataset:
        table = np.loadtxt(folder / file, delimiter=",", skiprows=1)
        return Dataset(name, table[:, :-1], table[:, -1].astype(int), features, classes)

    return read


def _diabetes(folder: Path) -> Dataset:
    X, y = np.loadtxt(folder / "diabetes_data_raw.csv.gz"), np.loadtxt(folder / "diabetes_target.csv.gz")
    return Dataset("diabetes", X, y, ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"), None)


_CELL = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)
_WINE = (
    "alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids", "nonflavanoid_phenols",
    "proanthocyanins", "color_intensity", "hue", "od280/od315_of_diluted_wines", "proline",
)  # fmt: skip
_IRIS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")

READERS: dict[str, Callable[[Path], Dataset]] = {
    "digits": _digits,
    "iris": _with_header("iris", "iris.csv", _IRIS, ("setosa", "versicolor", "virginica")),
    "wine": _with_header("wine", "wine_data.csv", _WINE, ("class_0", "class_1", "class_2")),
    "breast_cancer": _with_header(
        "breast_cancer",
        "breast_cancer.csv",
        (*(f"mean {part}" for part in _CELL), *(f"{part} error" for part in _CELL), *(f"worst {part}" for part in _CELL)),
        ("malignant", "benign"),
    ),
    "diabetes": _diabetes,
}
