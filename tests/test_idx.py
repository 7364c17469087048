"""IDX files: what is written comes back, and a damaged one is refused in a sentence, before memory is taken for it."""

import gzip
import itertools
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from handgrad.datasets import DATASETS, IDX_TYPES, READERS, read_dataset, read_idx
from handgrad.errors import DataError

CODES = {np.dtype(kind): code for code, kind in IDX_TYPES.items()}


def idx(array):
    """The bytes of an IDX file that holds the array."""
    array = array.astype(array.dtype.newbyteorder(">"))
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[array.dtype], array.ndim, *array.shape) + array.tobytes()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("idx") / "file"


@given(
    array=st.sampled_from(list(CODES)).flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(max_dims=5, min_side=0))),
    packed=st.booleans(),
)
def test_what_is_written_comes_back(place, array, packed):
    place.write_bytes(gzip.compress(idx(array), 1) if packed else idx(array))
    found = read_idx(place)
    assert found.dtype == array.dtype.newbyteorder("=")
    assert found.dtype.isnative
    assert found.flags.writeable
    np.testing.assert_array_equal(found, array, strict=False)


WHOLE = idx(np.arange(12, dtype=np.uint8).reshape(3, 4))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_no_file_that_is_cut_short_is_read(place, length, packed):
    place.write_bytes(gzip.compress(WHOLE[:length]) if packed else WHOLE[:length])
    with pytest.raises(DataError, match=r"cut short|no IDX file"):
        read_idx(place)


def test_no_compressed_file_that_is_cut_short_is_read(place):
    packed = gzip.compress(WHOLE)
    for length in range(len(packed)):
        place.write_bytes(packed[:length])
        with pytest.raises(DataError):
            read_idx(place)


def damaged(at, to):
    return WHOLE[:at] + bytes([to]) + WHOLE[at + 1 :]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"starts with the bytes \(none\)"),
        (b"PK\x03\x04", "starts with the bytes 50 4b 03 04"),
        (damaged(1, 1), "no IDX file"),
        (damaged(2, 0x0A), "no IDX file"),
        (damaged(3, 0), "number of dimensions, 1 to 32"),
        (damaged(3, 255), "number of dimensions, 1 to 32"),
        (
            damaged(7, 4),
            "declares 4 × 4 entries of 1 bytes, 16 in all, but only 12 are there",
        ),
        (damaged(4, 255), "more than a file of its size can hold"),
        (WHOLE + b"\0", "more bytes follow"),
        (struct.pack(">BBBB3I", 0, 0, 0x08, 3, 2**32 - 1, 2**32 - 1, 0), "arrays of at most 2147483648 bytes"),
        (struct.pack(">BBBB4I", 0, 0, 0x0E, 4, *[2**32 - 1] * 4) + bytes(100), "more than a file of its size can hold"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_file_is_told_from_its_header(place, content, said, packed):
    place.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=said) as caught:
        read_idx(place)
    assert str(place) in str(caught.value)


@pytest.mark.parametrize("sizes", [(2**32 - 1,), (2**16, 2**14), (2**32 - 1, 2**32 - 1, 2**32 - 1)])
@pytest.mark.parametrize("packed", [False, True])
def test_no_memory_is_taken_for_what_is_not_there(place, sizes, packed):
    content = struct.pack(f">BBBB{len(sizes)}I", 0, 0, 8, len(sizes), *sizes) + bytes(1000)
    place.write_bytes(gzip.compress(content) if packed else content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="more than a file of its size can hold"):
            read_idx(place)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_the_sum_of_a_compressed_file_is_checked(place):
    packed = bytearray(gzip.compress(WHOLE))
    packed[-6] ^= 1  # of the checksum
    place.write_bytes(packed)
    with pytest.raises(DataError, match="CRC"):
        read_idx(place)


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(DataError, match=f"cannot read {path}"):
            read_idx(path)


@pytest.fixture
def clothes(tmp_path, monkeypatch):
    """A folder of small files in the form of Fashion-MNIST's: 20 images to train on, 10 to test."""
    rng = np.random.default_rng(0)
    for part, count in (("train", 20), ("t10k", 10)):
        images, labels = rng.integers(0, 256, (count, 28, 28), np.uint8), np.arange(count, dtype=np.uint8) % 10
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels))
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path))
    return tmp_path


def test_fashion_mnist_keeps_its_test_set_apart(clothes):
    found = read_dataset("fashion_mnist")
    assert found.X.shape == (30, 784)
    assert found.X.dtype == np.uint8
    assert found.held_out == 10
    assert len(found.features) == 784
    assert len(found.classes) == 10
    np.testing.assert_array_equal(found.X[20:], read_idx(clothes / "t10k-images-idx3-ubyte.gz").reshape(10, 784))
    np.testing.assert_array_equal(found.y, [*range(10), *range(10), *range(10)])


@pytest.mark.parametrize(
    "name", [f"{part}-{kind}" for part, kind in itertools.product(("train", "t10k"), ("images-idx3", "labels-idx1"))]
)
def test_a_file_of_fashion_mnist_that_is_missing_is_named(clothes, name):
    next(clothes.glob(f"{name}*")).unlink()
    with pytest.raises(DataError, match=rf"{name}-ubyte\.gz, which is not in .*HANDGRAD_DATA"):
        read_dataset("fashion_mnist")


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((20, 28, 27), np.uint8),
        np.zeros((20, 784), np.uint8),
        np.zeros((21, 28, 28), np.uint8),
        np.zeros((20, 28, 28), np.int8),
    ],
)
def test_images_of_another_form_are_not_taken_for_fashion_mnist(clothes, array):
    (clothes / "train-images-idx3-ubyte.gz").write_bytes(idx(array))
    with pytest.raises(DataError, match="not those of fashion_mnist"):
        read_dataset("fashion_mnist")


def test_labels_beyond_the_classes_are_refused(clothes):
    (clothes / "t10k-labels-idx1-ubyte").write_bytes(idx(np.full(10, 10, np.uint8)))
    with pytest.raises(DataError, match="labels are whole numbers from 0 to 9, but one is 10"):
        read_dataset("fashion_mnist")


def test_every_name_is_known():
    assert set(READERS) < set(DATASETS)
    with pytest.raises(DataError, match="did you mean 'fashion_mnist'"):
        read_dataset("fashion-mnist")
