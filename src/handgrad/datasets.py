"""Real data sets: Fashion-MNIST, and those that scikit-learn ships, read without importing it (which takes over a second)."""

import gzip
import importlib.util
import itertools
import math
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.errors import DataError, MissingExtraError, did_you_mean

INSTALL = "pip install 'handgrad[train]'"
DEBIAN = "/usr/share/datasets/fashion-mnist"

IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
IDX_DIMENSIONS = 32
IDX_BYTES = 2**31
"""The largest array that is read from an IDX file: a compressed file of 2 MB may hold 2 GB of zeros."""
DEFLATE_RATIO = 1032
"""No byte of a gzip file becomes more than these many."""


@dataclass(frozen=True)
class Dataset:
    """Examples as rows of X, and y: class numbers where `classes` names the classes, else numbers to predict.

    X is float64; uint8 for the grey values of images, from 0 to 255.
    The last `held_out` rows are the test set that the makers of the data fixed; 0 where they fixed none.
    """

    name: str
    X: Array
    y: Array
    features: tuple[str, ...]
    classes: tuple[str, ...] | None
    held_out: int = 0


def read_dataset(name: str) -> Dataset:
    """Read digits, iris, wine, breast_cancer or diabetes (a regression), or fashion_mnist, which is not bundled.

    fashion_mnist (Xiao, Rasul and Vollgraf, 2017) has 60,000 rows to train on, then 10,000 held out; its four IDX files are looked
    for in the folder that the environment variable HANDGRAD_DATA names, or where Debian's package dataset-fashion-mnist puts them.

    Raises DataError for another name and for files that are missing or damaged, MissingExtraError without scikit-learn.
    """
    if name == "fashion_mnist":
        return _fashion_mnist(Path(os.environ.get("HANDGRAD_DATA") or DEBIAN))
    if name not in READERS:
        raise DataError(f"there is no bundled data set {name!r}. {did_you_mean(name, DATASETS)}")
    found = importlib.util.find_spec("sklearn")
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError(f"the bundled data sets come with scikit-learn, which is not installed: {INSTALL}")
    folder = Path(found.submodule_search_locations[0], "datasets", "data")
    try:
        return READERS[name](folder)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {name} from scikit-learn's files in {folder}: {error}") from None


def read_idx(path: str | Path) -> Array:
    """Read an array from an IDX file, the format of MNIST, as it is or compressed by gzip; in the file's shape and type.

    The format (LeCun, Cortes and Burges, "The MNIST database"): two zero bytes, a byte for the type, a byte for the number of
    dimensions, their sizes as 32-bit numbers, then the entries, row by row; all of it big-endian.
    No more is read than what the header declares, and no memory is taken for what a file of its size cannot hold.
    Raises DataError for a file that is missing, damaged, or not IDX.
    """
    path = Path(path)
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stored = path.stat().st_size
            most = stored * DEFLATE_RATIO if packed else stored
            file = gzip.GzipFile(fileobj=raw) if packed else raw
            return _idx_array(path, file.read, most)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def _idx_array(path: Path, read: Callable[[int], bytes], most: int) -> Array:
    """The array that `read` gives byte by byte; `most` is how many bytes there can be."""
    magic = read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in IDX_TYPES or not 1 <= magic[3] <= IDX_DIMENSIONS:
        raise DataError(
            f"{path} is no IDX file: it starts with the bytes {magic.hex(' ') or '(none)'}, but 00 00, a type from "
            f"{min(IDX_TYPES):02x} to {max(IDX_TYPES):02x} and the number of dimensions, 1 to {IDX_DIMENSIONS}, were expected"
        )
    sizes = read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DataError(f"{path} is cut short: its header declares {magic[3]} dimensions, but ends before their sizes")
    kind = np.dtype(IDX_TYPES[magic[2]])
    shape = tuple(np.frombuffer(sizes, ">u4").tolist())
    declared = math.prod(shape) * kind.itemsize
    told = f"{path} declares {' × '.join(map(str, shape))} entries of {kind.itemsize} bytes, {declared} in all"
    if declared > most:
        raise DataError(f"{told}, which is more than a file of its size can hold; it is damaged or cut short")
    if kind.itemsize * math.prod(max(size, 1) for size in shape) > IDX_BYTES:
        raise DataError(f"{told}, but arrays of at most {IDX_BYTES} bytes are read; write a larger one as .npy")
    found = read(declared)
    if len(found) < declared:
        raise DataError(f"{told}, but only {len(found)} are there; the file is cut short")
    if read(1):
        raise DataError(f"{told}, but more bytes follow; the file is damaged")
    return np.frombuffer(found, kind).reshape(shape).astype(kind.newbyteorder("="))  # a copy, which can be written to


def _digits(folder: Path) -> Dataset:
    table = np.loadtxt(folder / "digits.csv.gz", delimiter=",")
    features = tuple(f"pixel_{row}_{column}" for row in range(8) for column in range(8))
    return Dataset("digits", table[:, :-1], table[:, -1].astype(int), features, tuple("0123456789"))


def _fashion_mnist(folder: Path) -> Dataset:
    parts = {}
    for part, ending in itertools.product(("train", "t10k"), ("images-idx3", "labels-idx1")):
        names = [f"{part}-{ending}-ubyte{suffix}" for suffix in (".gz", "")]
        path = next((folder / name for name in names if (folder / name).is_file()), None)
        if path is None:
            raise DataError(
                f"fashion_mnist needs {names[0]}, which is not in {folder}; install Debian's dataset-fashion-mnist, "
                "or let the environment variable HANDGRAD_DATA name the folder of the four files, "
                "which github.com/zalandoresearch/fashion-mnist has"
            )
        parts[part, ending] = read_idx(path)
    images, labels = ([parts[part, ending] for part in ("train", "t10k")] for ending in ("images-idx3", "labels-idx1"))
    for X, y in zip(images, labels, strict=True):
        if X.dtype != np.uint8 or X.shape[1:] != (28, 28) or y.shape != X.shape[:1] or y.dtype != np.uint8:
            told = f"images are {X.dtype} of {X.shape}, labels {y.dtype} of {y.shape}"
            raise DataError(f"the files in {folder} are not those of fashion_mnist: {told}")
        if y.max(initial=0) >= len(_CLOTHES):
            raise DataError(f"labels are whole numbers from 0 to {len(_CLOTHES) - 1}, but one is {y.max()} in {folder}")
    features = tuple(f"pixel_{row}_{column}" for row in range(28) for column in range(28))
    X, y = np.concatenate(images).reshape(-1, 28 * 28), np.concatenate(labels).astype(int)
    return Dataset("fashion_mnist", X, y, features, _CLOTHES, len(labels[1]))


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
_CLOTHES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
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
"""The data sets that are bundled with scikit-learn."""

DATASETS = (*READERS, "fashion_mnist")
"""All names that `read_dataset` knows."""
