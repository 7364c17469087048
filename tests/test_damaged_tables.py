"""Model files of tables that are damaged, or that lie: one clear error, quickly, whatever they declare; nothing is believed."""

import copy
import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad.errors import ModelFileError
from handgrad.model import Model, Scaling
from handgrad.model_file import read_model_file, write_model_file
from handgrad.network import Network, Parameters
from handgrad.table_model import TableModel, load
from handgrad.tables.encoding import TableEncoding
from handgrad.tables.frames import as_frame

FRAME = as_frame({
    "age": [20, 30, None, 50, 60, 70] * 5,
    "colour": ["red", "green", "blue", "red", None, "green"] * 5,
    "member": [True, False, True, True, False, False] * 5,
})  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A path to put files in, one after the other."""
    return tmp_path_factory.mktemp("lies") / "x.safetensors"


@pytest.fixture(scope="module")
def honest(place):
    """What a whole model file of a table says, and its tensors; with its bytes."""
    encoding = TableEncoding.fit(FRAME)
    network = Network(f"{encoding.width}-4:tanh-2")
    parameters = Parameters.draw(network, np.random.default_rng(0))
    about = {"data": "t.csv", "reading": {"delimiter": ";"}, "hold_out": {"accuracy": 0.5}}
    model = Model(
        network, parameters, Scaling.none(encoding.width), None, ("no", "yes"), encoding.labels, about, table=encoding, target="y"
    )
    data = model.save(place).read_bytes()
    said, tensors = read_model_file(place)
    del said["format"]
    return said, tensors, data


def is_refused(path):
    """Whether a file is refused, with one error that names it; one that is taken predicts rows of its own table."""
    message, found = str(path), None
    try:
        found = load(path)
    except ModelFileError as error:
        message = str(error)
    assert str(path) in message
    if found is None:
        return True
    if isinstance(found, TableModel) and set(found.columns) <= set(FRAME.columns):
        assert len(found.predict(FRAME)) == len(FRAME)
    return False


def lie(honest, path, change):
    """A file with a right fingerprint over what `change` makes of what an honest one says, or changes in it."""
    said, tensors, _ = copy.deepcopy(honest)
    write_model_file(path, change(said) or said, tensors)
    return path


def test_the_honest_file_is_taken(honest, place):
    assert not is_refused(lie(honest, place, lambda said: said))
    assert isinstance(load(place), TableModel)


def nodes(value, path=()):
    """The places of everything inside a JSON value."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from nodes(inner, (*path, key))


def replaced(value, path, new):
    """The JSON value with another one in a place."""
    if not path:
        return new
    value = copy.copy(value)
    value[path[0]] = replaced(value[path[0]], path[1:], new)
    return value


def deep(levels):
    value = 0
    for _ in range(levels):
        value = [value]
    return value


STRANGE = [
    None,
    True,
    0,
    -1,
    1,
    10**12,
    10**400,
    -(10**400),
    1.5,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "\x00",
    "\ud800",
    "x" * 110_000,
    [],
    {},
    [[]],
    {"a": 1},
    [None],
    ["x"] * 3,
    deep(50),
    deep(400),
    [0] * 20_000,
    ["a", "a"],
]
TARGET = ("target",)
"""The name of the target is read as text, whatever it is; nothing is looked up by it unless a table is scored."""


@pytest.mark.parametrize("strange", STRANGE, ids=lambda value: repr(value)[:20])
def test_no_part_of_the_table_is_believed(honest, place, strange):
    table = honest[0]["table"]
    for path in nodes(table):
        refused = is_refused(lie(honest, place, lambda said, path=path: said | {"table": replaced(table, path, strange)}))
        kinds = {type(strange), type(_at(table, path))}
        assert refused or len(kinds) == 1 or kinds == {int, float} or path == TARGET, path


def _at(value, path):
    for key in path:
        value = value[key]
    return value


@settings(max_examples=100)
@given(data=st.data())
def test_random_values_are_refused_or_make_a_whole_model(honest, place, data):
    said = honest[0]
    path = data.draw(st.sampled_from(list(nodes(said))))
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([10**12, -(2**63)])
    new = data.draw(
        st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2))
    )
    if path:
        is_refused(lie(honest, place, lambda said: replaced(said, path, new)))


def columns(said):
    return said["table"]["encoding"]["columns"]


def after(change, said):
    """What is said once `change` has changed it in place."""
    change(said)
    return said


LIES = {
    "a width that is not the network's": lambda said: columns(said).pop(),
    "no columns": lambda said: columns(said).clear(),
    "a column twice": lambda said: columns(said).append(columns(said)[0]),
    "another order of widths": lambda said: columns(said)[1]["values"].append("more"),
    "a value twice": lambda said: columns(said)[1].update(values=["a", "a", "b"]),
    "a scale of 0": lambda said: columns(said)[0].update(scale=0.0),
    "a scale below 0": lambda said: columns(said)[0].update(scale=-1.0),
    "a centre that is no number": lambda said: columns(said)[0].update(center=float("nan")),
    "an infinite scale": lambda said: columns(said)[0].update(scale=float("inf")),
    "a field too many": lambda said: columns(said)[0].update(more=1),
    "a field too few": lambda said: columns(said)[0].pop("clip"),
    "another kind": lambda said: columns(said)[0].update(kind="os.system"),
    "no encoding": lambda said: said["table"].clear(),
    "no target": lambda said: said["table"].pop("target"),
    "a table that is a list": lambda said: said.update(table=[said["table"]]),
    "a table that is null": lambda said: said.update(table=None),
    "100,001 columns": lambda said: said["table"]["encoding"].update(
        columns=[columns(said)[0] | {"name": f"c{n}"} for n in range(100_001)]
    ),
    "more classes than outputs": lambda said: said.update(classes=["a", "b", "c"]),
    "a network of 10¹² units": lambda said: said["network"].update(widths=[said["network"]["widths"][0], 10**12, 2]),
    "a network of negative width": lambda said: said["network"].update(widths=[said["network"]["widths"][0], -4, 2]),
    "a network of other widths": lambda said: said["network"].update(widths=[said["network"]["widths"][0], 5, 2]),
}


@pytest.mark.parametrize("change", LIES.values(), ids=LIES.keys())
def test_lies_with_a_right_fingerprint_are_refused(honest, place, change):
    assert is_refused(lie(honest, place, lambda said: after(change, said)))


def test_ten_megabytes_of_json_are_refused(honest, place):
    assert is_refused(lie(honest, place, lambda said: said | {"more": "x" * 10_000_000}))


def header_of(data):
    (size,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def with_header(header, rest, size=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text) if size is None else size) + text + rest


TENSORS = [
    {"shape": [10**12]},
    {"shape": [10**6, 10**6]},
    {"shape": [-1, 4]},
    {"shape": [2**63, 2]},
    {"shape": []},
    {"shape": ["4"]},
    {"shape": [1.5]},
    {"dtype": "F16"},
    {"dtype": "OBJECT"},
    {"dtype": "I64"},
    {"data_offsets": [0, 10**12]},
    {"data_offsets": [-8, 8]},
    {"data_offsets": [8, 0]},
    {"data_offsets": [0, 2**64]},
    {"data_offsets": [0]},
    {"data_offsets": None},
    {"shape": [2] * 100},
    {"shape": [0] * 4},
]


@pytest.mark.parametrize("changed", TENSORS, ids=str)
def test_tensors_that_lie_about_their_sizes_are_refused(honest, place, changed):
    header, rest = header_of(honest[2])
    for name in ("W[1]", "b[2]", "inputs.mean"):
        place.write_bytes(with_header(header | {name: header[name] | changed}, rest))
        assert is_refused(place), name


@pytest.mark.parametrize("size", [0, 1, 8, 2**31, 2**40, 2**63, 2**64 - 1])
def test_headers_that_lie_about_their_size_are_refused(honest, place, size):
    header, rest = header_of(honest[2])
    place.write_bytes(with_header(header, rest, size))
    assert is_refused(place)


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"9" * 100_000,
        b'"' + b"x" * 1_000_000 + b'"',
        b"{}",
        b"null",
        b'{"__metadata__": {"handgrad": "' + b"[" * 50_000 + b'"}}',
        b'{"__metadata__": {"handgrad": "' + b"9" * 50_000 + b'"}}',
    ],
    ids=lambda text: repr(text[:12]),
)
def test_deep_and_huge_headers_are_refused(place, text):
    place.write_bytes(with_header(text, b""))
    assert is_refused(place)


@settings(max_examples=100)
@given(data=st.data())
def test_changed_bytes_are_refused(honest, place, data):
    """The fingerprint is over all that is read; a byte that is not read is one of the blanks behind the header."""
    whole = honest[2]
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.sampled_from([len(whole), len(whole), data.draw(st.integers(0, len(whole) - 1))]))
    place.write_bytes(bytes(changed[:cut]))
    assert is_refused(place) or _same_model(place, whole)


def _same_model(path, whole):
    found, told = read_model_file(path), load(path)
    path.write_bytes(whole)
    expected = read_model_file(path)
    assert isinstance(told, TableModel)
    return found[0] == expected[0] and all(np.array_equal(found[1][name], array) for name, array in expected[1].items())


BOUNDED = """
import resource, sys
import handgrad.model, handgrad.table_model, safetensors.numpy, polars, numpy as np
from handgrad.errors import ModelFileError
from pathlib import Path
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 400_000_000,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
for path in sys.argv[1:]:
    try:
        handgrad.table_model.load(path)
    except ModelFileError as error:
        assert path in str(error), error
    else:
        raise SystemExit(f"{path} was taken")
print("all refused")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory are Linux's")
def test_lies_take_neither_memory_nor_time(honest, tmp_path):
    """In a process that may take 400 MB more than it has, and 20 seconds."""
    header, rest = header_of(honest[2])
    paths = []

    def put(data):
        paths.append(tmp_path / f"{len(paths)}.safetensors")
        paths[-1].write_bytes(data)

    for changed in TENSORS:
        put(with_header(header | {"W[1]": header["W[1]"] | changed}, rest))
    put(with_header(b"[" * 1_000_000, b""))
    put(with_header(header, rest, 2**40))
    for name in ("100,001 columns", "a network of 10¹² units"):
        path = tmp_path / f"{name[:3]}.safetensors"
        paths.append(lie(honest, path, lambda said, name=name: after(LIES[name], said)))
    paths.append(lie(honest, tmp_path / "long.safetensors", lambda said: columns(said)[1].update(values=["x"] * 1_900_000)))
    done = subprocess.run([sys.executable, "-c", BOUNDED, *map(str, paths)], capture_output=True, text=True, check=False)
    assert done.stdout == "all refused\n", done.stderr
