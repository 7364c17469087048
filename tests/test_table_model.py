"""A model of a table: the same rows give the same bits, however they come; answers are of the target's own kind."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from draws import model_of
from hypothesis import given, settings
from hypothesis import strategies as st
from real_tables import real
from tabled import model_of_table, right

import handgrad
from handgrad.errors import DataError, HandgradError, ModelFileError
from handgrad.model import Model
from handgrad.network import Network
from handgrad.table_model import TableModel, labels_of, load
from handgrad.tables.reading import open_table


@pytest.fixture(scope="module", params=["penguins", "crx", "iris"])
def known(request):
    """A table, its model, and the outputs for its rows."""
    frame, target = real(request.param)
    model = model_of_table(frame, target)
    return frame, TableModel(model), model.outputs(frame)


def bits(array):
    return np.ascontiguousarray(array).tobytes()


@settings(max_examples=15)
@given(data=st.data())
def test_rows_in_parts_and_in_any_order_give_the_same_bits(known, data):
    frame, model, expected = known
    rows = data.draw(st.lists(st.integers(0, frame.height - 1), min_size=1, max_size=40))
    columns = data.draw(st.permutations(frame.columns))
    assert bits(model.model.outputs(frame[rows].select(columns))) == bits(expected[rows])
    start = data.draw(st.integers(0, frame.height - 1))
    assert bits(model.model.outputs(frame[start:])) == bits(expected[start:])


def test_the_same_table_from_files_and_libraries_gives_the_same_bits(known, tmp_path):
    frame, model, expected = known
    frame.write_csv(tmp_path / "t.csv")
    frame.write_csv(tmp_path / "semicolons.csv", separator=";", quote_style="always")
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ipc(tmp_path / "t.arrow")
    for name in ("t.csv", "semicolons.csv", "t.parquet", "t.arrow"):
        file = open_table(tmp_path / name)
        assert bits(model.model.outputs(file.read())) == bits(expected), name
        assert bits(np.concatenate([model.model.outputs(part) for part in file.batches(97)])) == bits(expected), name
    columns = frame.to_dict(as_series=False)
    pandas = pd.DataFrame(columns)
    shuffled = pandas.sample(frac=1, random_state=0)
    assert bits(model.model.outputs(shuffled)[np.argsort(shuffled.index)]) == bits(expected)
    given = [pandas, pandas.convert_dtypes(), pandas.astype(object), pd.read_csv(tmp_path / "t.csv"), columns, frame.lazy()]
    for form in given:
        assert bits(model.model.outputs(form)) == bits(expected), type(form)


PROGRAM = """
import sys, json, hashlib, numpy as np, polars as pl
import handgrad
model = handgrad.load(sys.argv[1])
frame = pl.read_csv(sys.argv[2], infer_schema_length=0)
print(hashlib.sha256(np.ascontiguousarray(model.model.outputs(frame)).tobytes()).hexdigest())
"""


def test_other_threads_and_other_kernels_of_blas_give_the_same_bits(tmp_path):
    frame, target = real("crx")
    model = model_of_table(frame, target, hidden="64:selu-64:selu")
    model.save(tmp_path / "m.safetensors")
    frame.write_csv(tmp_path / "t.csv")
    found = set()
    for changed in (
        {},
        {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        {"OPENBLAS_NUM_THREADS": "2", "OPENBLAS_CORETYPE": "Prescott"},
    ):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "m.safetensors"), str(tmp_path / "t.csv")],
            env={**os.environ, **changed}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found.add(done.stdout)
    assert len(found) == 1


def test_a_saved_model_is_the_same(known, tmp_path):
    frame, model, expected = known
    again = TableModel.load(model.save(tmp_path / "m.safetensors"))
    assert bits(again.model.outputs(frame)) == bits(expected)
    assert (again.target, again.columns, again.table) == (model.target, model.columns, model.table)
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
    assert isinstance(handgrad.load(str(tmp_path / "m.safetensors")), TableModel)
    assert again.save(tmp_path / "again.safetensors").read_bytes() == (tmp_path / "m.safetensors").read_bytes()


def test_load_gives_what_the_file_holds(tmp_path):
    plain = model_of(Network("3-2"))
    path = plain.save(tmp_path / "plain.safetensors")
    assert isinstance(load(path), Model)
    with pytest.raises(ModelFileError, match="not one of a table"):
        TableModel.load(path)
    with pytest.raises(ModelFileError, match="there is no model file"):
        load(tmp_path / "none")


@pytest.mark.parametrize(
    ("values", "kind", "labels"),
    [
        ([2, 0, 1], "i", [0, 1, 2]),
        ([-1, 1, 10], "i", [-1, 1, 10]),
        ([True, False, True], "b", [False, True]),
        (["yes", "no", "no"], "O", ["no", "yes"]),
        ([0.5, 1.5, 0.5], "f", [0.5, 1.5]),
        (["1", "x", "1"], "O", ["1", "x"]),
        (["007", "08", "007"], "O", ["007", "08"]),
    ],
)
def test_labels_come_back_in_the_kind_of_the_target(tmp_path, values, kind, labels):
    frame = pl.DataFrame({"x": np.linspace(0, 1, 30) ** 2, "y": pl.Series(values * 10)})
    model = TableModel.load(TableModel(model_of_table(frame, "y")).save(tmp_path / "m.safetensors"))
    assert model.classes_.dtype.kind == kind
    assert model.classes_.tolist() == labels
    predicted = model.predict(frame)
    assert predicted.shape == (30,)
    assert predicted.dtype.kind == kind
    assert set(predicted.tolist()) <= set(labels)
    shares = model.predict_proba(frame)
    assert shares.shape == (30, len(labels))
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert (model.classes_[shares.argmax(axis=1)] == predicted).all()


@given(st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=5, unique=True))
def test_labels_of_texts_stay_what_they_are(names):
    found = labels_of(names)
    assert [str(value).lower() if found.dtype == bool else str(value) for value in found.tolist()] == names


def test_scores(known):
    frame, model, _ = known
    target, kept = model.target, frame.filter(frame[model.target].is_not_null())
    expected = right(model.model, frame)
    assert 0 < expected < 1
    assert model.score(kept) == pytest.approx(expected)
    assert model.score(kept.drop(target), kept[target]) == pytest.approx(expected)
    assert model.score(kept.drop(target), kept[target].to_list()) == pytest.approx(expected)
    assert model.score(kept, model.predict(kept)) == 1
    with pytest.raises(DataError, match=f"no column {target!r}"):
        model.score(kept.drop(target))


def test_a_regression_predicts_numbers_in_the_units_of_the_target(tmp_path):
    frame, _ = real("penguins")
    frame = frame.filter(frame["body_mass_g"].is_not_null())
    model = TableModel(model_of_table(frame, "body_mass_g", numbers=True))
    predicted, y = model.predict(frame), frame["body_mass_g"].to_numpy()
    assert model.classes_ is None
    assert predicted.shape == y.shape
    assert abs(predicted.mean() - y.mean()) < 5 * y.std()
    assert model.score(frame) == pytest.approx(1 - ((predicted - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    assert bits(TableModel.load(model.save(tmp_path / "m.safetensors")).predict(frame)) == bits(predicted)
    with pytest.raises(DataError, match="no probabilities"):
        model.predict_proba(frame)


def test_what_training_did_not_see_is_predicted_too():
    frame, target = real("penguins")
    model = TableModel(model_of_table(frame, target))
    strange = pl.DataFrame(
        {
            name: [None, "Atlantis", "Biscoe"] if name == "island" else [None, "1e300", "-7"]
            for name in model.columns
            if name != "sex"
        }
    )
    strange = strange.with_columns(sex=pl.Series([None, "x", "male"]))
    assert np.isfinite(model.predict_proba(strange)).all()
    assert set(model.predict(strange)) <= set(model.classes_)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop("island", "sex"), "needs: 'island', 'sex'"),
        (lambda frame: frame.rename({"island": "Island"}), "did you mean 'Island'"),
        (lambda frame: frame.with_columns(year=pl.lit("soon")), "'year', row 1: 'soon' is not a number"),
        (lambda frame: frame.with_columns(year=pl.lit(float("inf"))), "'year', row 1: inf is not a finite number"),
        (lambda frame: frame.with_columns(year=pl.lit([1, 2])), "column 'year' is of type"),
        (lambda _: np.zeros((3, 2)), "2 columns"),
        (lambda _: "a text", "got str"),
        (lambda _: None, "got NoneType"),
    ],
)  # fmt: skip
def test_tables_that_do_not_fit(change, message):
    frame, target = real("penguins")
    with pytest.raises(HandgradError) as raised:
        TableModel(model_of_table(frame, target)).predict(change(frame))
    assert message in str(raised.value)


def test_the_bits_do_not_depend_on_the_rows_that_stand_beside():
    """A row in the middle of many is as alone, where whatever else stands there is missing, unknown or far away."""
    frame, target = real("crx")
    model = model_of_table(frame, target)
    expected = model.outputs(frame)
    far = frame.with_columns(pl.lit("1e200").alias(name) for name in ("A1", "A2", "A7"))
    both = pl.concat([far.cast(dict.fromkeys(frame.columns, pl.String)), frame.cast(dict.fromkeys(frame.columns, pl.String))])
    assert bits(model.outputs(both)[frame.height :]) == bits(expected)


def test_the_encoding_in_the_file_is_plain_json(tmp_path):
    from handgrad.model_file import read_model_file

    model = model_of_table(*real("penguins"))
    about, _ = read_model_file(model.save(tmp_path / "m.safetensors"))
    assert about["table"] == json.loads(json.dumps({"target": "species", "encoding": model.table.to_json()}))
