"""Damaged, truncated and foreign model files are refused with one clear error."""

import json
import pickle
import struct

import numpy as np
import pytest
import safetensors.numpy
from draws import model_of
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad.errors import ModelFileError
from handgrad.model import Model
from handgrad.model_file import fingerprint
from handgrad.network import Network


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a model file."""
    return model_of(Network("3-4:tanh-2")).save(tmp_path_factory.mktemp("whole") / "a.safetensors").read_bytes()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A path to put damaged files in, one after the other."""
    return tmp_path_factory.mktemp("damaged") / "x.safetensors"


def loads_or_refuses(path, data):
    """Whether damaged data is taken; if not, one clear error names the file. Damage in a number can leave a whole model."""
    path.write_bytes(data)
    try:
        model = Model.load(path)
    except ModelFileError as error:
        message = str(error)
    else:
        assert np.isfinite(model.parameters.buffer).all()
        return True
    assert str(path) in message
    return False


def test_every_truncated_file_is_refused(whole, place):
    lengths = sorted({*range(0, len(whole), 7), *range(24), *range(len(whole) - 24, len(whole))})
    assert [length for length in lengths if loads_or_refuses(place, whole[:length])] == []


def test_a_file_with_something_behind_it_is_refused(whole, place):
    assert not loads_or_refuses(place, whole + b"\0" * 8)


@settings(max_examples=500)
@given(st.data())
def test_changed_bytes_are_refused_or_harmless(whole, place, data):
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    loads_or_refuses(place, bytes(changed))


@settings(max_examples=200)
@given(st.data())
def test_swapped_cut_and_doubled_pieces_are_refused_or_harmless(whole, place, data):
    ends = sorted(data.draw(st.lists(st.integers(0, len(whole)), min_size=4, max_size=4)))
    a, b, c = whole[: ends[0]], whole[ends[0] : ends[1]], whole[ends[1] :]
    loads_or_refuses(place, data.draw(st.sampled_from([a + c, a + b + b + c, c + a + b, a + b[::-1] + c])))


@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(place, data):
    assert not loads_or_refuses(place, data)
    assert not loads_or_refuses(place, struct.pack("<Q", len(data)) + data)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"PK\3\4", pickle.dumps({"a": 1}), b"\xff" * 8, struct.pack("<Q", 2) + b"{}", struct.pack("<Q", 2**62) + b"{}"],
)
def test_files_of_other_kinds_are_refused(place, data):
    assert not loads_or_refuses(place, data)


def with_metadata(whole, change):
    """The file with its JSON about the network changed."""
    (size,) = struct.unpack("<Q", whole[:8])
    header = json.loads(whole[8 : 8 + size])
    about = json.loads(header["__metadata__"]["handgrad"])
    about.pop("sha256")
    about = change(about)
    if isinstance(about, dict):
        about = {"sha256": fingerprint(about, safetensors.numpy.load(whole)), **about}
    header["__metadata__"]["handgrad"] = json.dumps(about)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + whole[8 + size :]


def test_the_helper_changes_nothing_by_itself(whole, place):
    assert loads_or_refuses(place, with_metadata(whole, lambda about: about))


@pytest.mark.parametrize("changed", [
    {"format": 2}, {"format": "1"}, {"network": ...}, {"classes": ...}, {"provenance": ...}, {"classes": ["one"]}, {"classes": 3},
    {"features": ["one"]}, {"provenance": 7}, {"network": None}, {"network": []},
], ids=str)  # fmt: skip
def test_metadata_that_makes_no_model_is_refused(whole, place, changed):
    def change(about):
        return {key: value for key, value in (about | changed).items() if value is not ...}

    assert not loads_or_refuses(place, with_metadata(whole, change))


@pytest.mark.parametrize("changed", [
    {"widths": [3, 4, 3]}, {"widths": [3, 4]}, {"widths": [3, 10**6, 2]}, {"widths": "342"}, {"widths": [3.5, 4, 2]},
    {"widths": [3, float("inf"), 2]}, {"widths": [True, 4, 2]}, {"activations": []},
    {"activations": [{"name": "nothing", "parameters": {}}] * 2},
    {"activations": [{"name": [], "parameters": {}}] * 2}, {"loss": {"name": "nothing", "parameters": {}}},
    {"loss": {"name": "huber", "parameters": {"delta": -1}}}, {"loss": {"name": "huber", "parameters": {"delta": "x"}}},
    {"l2": "much"}, {"l2": -1}, {"own": 3}, {"own": [{}]}, {"own": [3]}, {"own": {"mine": {}}},
], ids=str)  # fmt: skip
def test_metadata_about_no_network_is_refused(whole, place, changed):
    assert not loads_or_refuses(place, with_metadata(whole, lambda about: about | {"network": about["network"] | changed}))


@pytest.mark.parametrize("about", [[], "text", 3, None, {}], ids=str)
def test_metadata_of_another_kind_is_refused(whole, place, about):
    assert not loads_or_refuses(place, with_metadata(whole, lambda _: about))


def own(value="2 * z", slope="2", **more):
    interval = {"low": "-inf", "high": "inf", "low_closed": False, "high_closed": False}
    texts = {"value": value, "slope": slope, "stable": "", "low": "", "symbol": "", "initialiser": "he_normal"}
    return {"name": "mine", "kind": "activation", "parameters": {}, "kinks": {}, "range": interval, **texts, **more}


@pytest.mark.parametrize("formula", ["z +", "q * z", "unknown(z)", "W[1] * z", "(" * 500, "sum(unit: z)", ""])
def test_formulas_in_a_file_that_cannot_be_evaluated_are_refused(whole, place, formula):
    def change(about):
        about["network"]["activations"][0] = {"name": "mine", "parameters": {}}
        about["network"]["own"] = [own(value=formula)]
        return about

    assert not loads_or_refuses(place, with_metadata(whole, change))


def test_a_file_cannot_redefine_the_catalogue(whole, place):
    def change(about):
        about["network"]["own"] = [own(name="tanh")]
        return about

    assert not loads_or_refuses(place, with_metadata(whole, change))


@pytest.mark.parametrize(("slope", "loads"), [("2", True), ("2 + 0 * a", True), ("7", False), ("", False)])
def test_a_slope_in_a_file_is_held_to_its_value(whole, place, slope, loads):
    def change(about):
        about["network"]["activations"][0] = {"name": "mine", "parameters": {}}
        about["network"]["own"] = [own(slope=slope)]
        return about

    assert loads_or_refuses(place, with_metadata(whole, change)) == loads


@pytest.mark.parametrize(
    "changed", [{"name": "max"}, {"name": "z"}, {"name": ""}, {"name": "a b(c"}, {"parameters": {"a b": 1}}, {"initialiser": "zzz"}]
)
def test_a_record_in_a_file_has_names_that_formulas_can_use(whole, place, changed):
    def change(about):
        about["network"]["activations"][0] = {"name": changed.get("name", "mine"), "parameters": {}}
        about["network"]["own"] = [own(**changed)]
        return about

    assert not loads_or_refuses(place, with_metadata(whole, change))
