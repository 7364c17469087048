"""The model file: what was saved is read back to the bit, and nothing else is ever read."""

import os
import pickle
from dataclasses import replace

import numpy as np
import pytest
from draws import inputs, model_of, problem

import handgrad.model_file as module
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.own import add_activation, add_loss
from handgrad.catalogue.records import POSITIVE
from handgrad.errors import CatalogueError, DataError, HandgradError, ModelFileError
from handgrad.model import Model, Scaling
from handgrad.network import Network, Parameters

SPELLINGS = [
    ("3-2", None, {}),
    ("3-4:tanh-5", None, {"l2": 0.1, "label_smoothing": 0.05}),
    ("3-4:elu(0.3)-4:leaky_relu(0.2)-1", "huber(2)", {}),
    ("3-1", "poisson", {}),
    ("3-6:gelu-2", "squared_error", {}),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("spelling", "loss", "more"), SPELLINGS)
def test_a_saved_model_predicts_the_same_bits(tmp_path, spelling, loss, more, dtype):
    model = model_of(Network(spelling, loss=loss, **more), dtype=dtype)
    again = Model.load(model.save(tmp_path / "a.safetensors"))
    X = inputs(model)
    np.testing.assert_array_equal(again.outputs(X), model.outputs(X))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.outputs(X).dtype == model.outputs(X).dtype
    assert again.parameters.buffer.dtype == dtype
    assert (again.network, again.classes, again.features) == (model.network, model.classes, model.features)
    assert again.provenance == {"data": "drawn", "seed": 0}


def test_the_same_model_is_the_same_file(tmp_path):
    model = model_of(Network("3-4:tanh-2"))
    first = model.save(tmp_path / "a.safetensors").read_bytes()
    assert Model.load(tmp_path / "a.safetensors").save(tmp_path / "b.safetensors").read_bytes() == first


def test_records_of_ones_own_come_back_where_nobody_knows_them(tmp_path):
    add_activation("bent", "where(z > 0, z, beta * z)", "where(z > 0, 1, beta)", parameters={"beta": 0.3}, kinks={"0": "beta"})
    add_loss("itakura_saito", "y / a - log(y / a) - 1", "1 / a - y / a^2", outputs=POSITIVE, targets=POSITIVE, output="softplus")
    model = model_of(Network("3-4:bent(0.7)-1", loss="itakura_saito"))
    path = model.save(tmp_path / "own.safetensors")
    del ACTIVATIONS["bent"], LOSSES["itakura_saito"]
    again = Model.load(path)
    np.testing.assert_array_equal(again.outputs(inputs(model)), model.outputs(inputs(model)))
    assert again.network.activation(1).kink_points == {0: 0.7}
    assert again.network.loss.outputs == POSITIVE
    assert "bent" not in ACTIVATIONS
    assert Model.load(again.save(tmp_path / "again.safetensors")).network == again.network


def test_an_activation_and_a_loss_do_not_share_a_name():
    add_activation("mine", "2 * z", "2 + 0 * z")
    with pytest.raises(CatalogueError, match="'mine' is taken"):
        add_loss("mine", "(a - y)^4", "4 * (a - y)^3")


def test_a_file_needs_no_other_record_than_its_own(tmp_path):
    add_activation("inner", "z^2", "2 * z")
    outer = add_activation("outer", "inner(z) + z", "inner'(z) + 1")
    assert "inner" not in outer.value + outer.slope
    model = model_of(Network("3-4:outer-1"))
    expected, path = model.outputs(inputs(model)), model.save(tmp_path / "outer.safetensors")
    del ACTIVATIONS["inner"], ACTIVATIONS["outer"]
    np.testing.assert_array_equal(Model.load(path).outputs(inputs(model)), expected)


def test_the_files_own_formula_counts_where_another_one_has_its_name_now(tmp_path):
    add_activation("mine", "2 * z", "2 + 0 * z")
    model = model_of(Network("3-4:mine-1"))
    path = model.save(tmp_path / "mine.safetensors")
    add_activation("mine", "3 * z", "3 + 0 * z")
    np.testing.assert_array_equal(Model.load(path).outputs(inputs(model)), model.outputs(inputs(model)))


def test_a_python_function_cannot_be_saved(tmp_path):
    add_activation("sine", np.sin, lambda z, _: np.cos(z))
    with pytest.raises(ModelFileError, match="sine is a Python function, which a model file cannot hold"):
        model_of(Network("3-4:sine-1")).save(tmp_path / "sine.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_safetensors_file_of_someone_else_is_refused(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "theirs.safetensors"
    save_file({"W[1]": np.zeros((2, 3))}, path)
    with pytest.raises(ModelFileError, match="was not written by handgrad"):
        Model.load(path)


def test_what_is_not_there_or_not_a_file(tmp_path):
    with pytest.raises(ModelFileError, match="there is no model file"):
        Model.load(tmp_path / "none.safetensors")
    with pytest.raises(ModelFileError):
        Model.load(tmp_path)


def test_nothing_is_left_behind_when_writing_fails(tmp_path, monkeypatch):
    model = model_of(Network("3-2"))
    path = model.save(tmp_path / "a.safetensors")
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(ModelFileError, match=r"cannot write the model to .*: No space left on device"):
        model_of(Network("3-2"), seed=1).save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.safetensors"]
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ModelFileError, match="cannot write the model to"):
        model_of(Network("3-2")).save(tmp_path / "none" / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_model_replaces_the_one_before_and_can_be_read_by_others(tmp_path):
    path = model_of(Network("3-2")).save(tmp_path / "a.safetensors")
    second = model_of(Network("3-2"), seed=1)
    assert second.save(str(path)) == path
    np.testing.assert_array_equal(Model.load(str(path)).parameters.buffer, second.parameters.buffer)
    if os.name == "posix":
        other = tmp_path / "other"
        other.write_bytes(b"")
        assert path.stat().st_mode == other.stat().st_mode


def test_no_pickle_is_ever_loaded(tmp_path, monkeypatch):
    def never(*_, **__):
        raise AssertionError("a pickle was loaded")

    monkeypatch.setattr(pickle, "loads", never)
    monkeypatch.setattr(pickle, "load", never)
    path = model_of(Network("3-2")).save(tmp_path / "a.safetensors")
    Model.load(path)
    path.write_bytes(pickle.dumps(np.zeros(3)))
    with pytest.raises(ModelFileError):
        Model.load(path)


def test_scaling():
    X = np.array([[1.0, 5, 2], [3, 5, 4], [5, 5, 9]])
    scaling = Scaling.standard(X)
    np.testing.assert_allclose(scaling.apply(X).mean(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(scaling.apply(X).std(axis=0), [1, 0, 1])
    np.testing.assert_allclose(scaling.undo(scaling.apply(X)), X)


def test_predictions_are_classes_or_numbers():
    classes = model_of(Network("3-4:tanh-5"))
    X = inputs(classes)
    np.testing.assert_array_equal(classes.predict(X), classes.outputs(X).argmax(axis=1))
    one = model_of(Network("3-1"))
    assert one.predict(X).shape == (9,)
    assert model_of(Network("3-2", loss="huber")).predict(X).shape == (9, 2)
    two = Model(Network("3-1:sigmoid"), problem(Network("3-1:sigmoid"), 0).parameters, classes.inputs, None, ("no", "yes"))
    np.testing.assert_array_equal(two.predict(X), two.outputs(X)[:, 0] > 0.5)
    assert set(two.predict(5 * inputs(two, 200))) == {0, 1}


def test_scores():
    model = model_of(Network("3-4:tanh-5"))
    X = inputs(model, 40)
    predicted = model.predict(X)
    assert model.score(X, predicted) == 1
    assert model.score(X, np.where(np.arange(40) < 10, 9, predicted)) == 0.75
    one = model_of(Network("3-1"))
    y = one.predict(X)
    assert one.score(X, y) == 1
    assert one.score(X, y.mean() + 0 * y - 0 + (y - y.mean()) * 2) == pytest.approx(0.75)


@pytest.mark.parametrize("X", [np.zeros((2, 4)), np.zeros(3), [["a", "b", "c"]], np.zeros((2, 3)) * 1j, [[1, 2, 3], [1, 2]]])
def test_inputs_that_a_model_does_not_take(X):
    with pytest.raises(DataError, match=r"the model takes numbers of the shape \(n_samples, 3\)|X holds numbers|X is no array"):
        model_of(Network("3-2")).predict(X)


def test_inputs_that_are_not_finite_name_their_place():
    with pytest.raises(HandgradError, match="row 1, column 2"):
        model_of(Network("3-2")).predict([[1, np.nan, 2]])


def test_a_score_needs_as_many_targets():
    with pytest.raises(DataError, match="X has 2 examples, but y has 3"):
        model_of(Network("3-2")).score(np.zeros((2, 3)), [0, 1, 0])


def test_further_arrays_stay_with_the_model(tmp_path):
    model = model_of(Network("3-2"))
    extras = {
        "v": np.arange(8.0), "count": np.array([3]), "flags": np.array([[True, False]]), "narrow": np.zeros((0, 2), np.float32),
        "W[1]": np.ones(2), "a name / of any kind": np.array([-1], np.int16),
    }  # fmt: skip
    again = Model.load(replace(model, extras=extras).save(tmp_path / "a.safetensors"))
    assert set(again.extras) == set(extras)
    for name, array in extras.items():
        np.testing.assert_array_equal(again.extras[name], array)
        assert again.extras[name].dtype == array.dtype
    np.testing.assert_array_equal(again.parameters.buffer, model.parameters.buffer)
    assert Model.load(model.save(tmp_path / "b.safetensors")).extras == {}


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.array([1j])])
def test_arrays_of_something_else_than_numbers_cannot_be_saved(tmp_path, array):
    with pytest.raises(ModelFileError, match=f"state is an array of {array.dtype}"):
        replace(model_of(Network("3-2")), extras={"state": array}).save(tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_the_columns_of_a_frame_are_found_by_name_and_those_of_an_array_by_place():
    polars = pytest.importorskip("polars")
    network = Network("2-3:tanh-1", loss="squared_error")
    model = Model(network, Parameters.draw(network, 0), Scaling.none(2), features=("a", "b"))
    X = np.random.default_rng(0).normal(size=(5, 2))
    wanted = model.outputs(X)
    a, b = X.T
    for frame in ({"b": b, "a": a}, polars.DataFrame({"c": b, "b": b, "a": a})):
        np.testing.assert_array_equal(model.outputs(frame), wanted)
    with pytest.raises(DataError, match=r"no column 'b', which the model needs\. Known: a, c"):
        model.outputs({"a": a, "c": b})
