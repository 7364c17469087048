"""TableEncoder inside scikit-learn: its own checks of an estimator, and the tools that people put around one."""

import json
import pickle

import numpy as np
import palmerpenguins
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from handgrad.errors import DataError
from handgrad.estimators.table_encoder import TableEncoder
from handgrad.tables.encoding import TableEncoding

TABLE = {
    "age": [31.0, 45.0, None, 52.0, 31.0],
    "colour": ["red", "blue", "red", "green", None],
    "member": [True, False, True, True, None],
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([TableEncoder(), TableEncoder(scaling="standard", dtype="float32")])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def penguins():
    table = palmerpenguins.load_penguins()
    return table.drop(columns="species"), table["species"]


def test_in_a_pipeline_and_a_search():
    X, y = penguins()
    pipeline = make_pipeline(TableEncoder(), LogisticRegression(max_iter=1000))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.95
    search = GridSearchCV(pipeline, {"tableencoder__scaling": ["robust", "standard"], "tableencoder__drop": [(), ("year",)]}, cv=2)
    assert search.fit(X, y).best_score_ > 0.95
    assert search.best_estimator_.predict(X[reversed(X.columns)]).tolist() == search.predict(X).tolist()


def test_beside_other_transformers():
    X, _ = penguins()
    beside = ColumnTransformer([("table", TableEncoder(), ["island", "sex", "bill_length_mm"]), ("rest", "passthrough", ["year"])])
    assert beside.fit_transform(X).shape == (344, 8)
    assert "table__island=Biscoe" in beside.get_feature_names_out()


@pytest.mark.parametrize("container", ["pandas", "polars"])
@pytest.mark.parametrize("make", [pl.DataFrame, lambda table: pytest.importorskip("pandas").DataFrame(table)])
def test_frames_out_of_frames(container, make):
    table = make(TABLE)
    expected = TableEncoder().fit_transform(table)
    found = TableEncoder().set_output(transform=container).fit_transform(table)
    assert type(found).__module__.startswith(container)
    assert list(found.columns) == [
        "age",
        "age is missing",
        "colour=blue",
        "colour=green",
        "colour=red",
        "colour is missing",
        "member=true",
        "member is missing",
    ]
    assert np.array_equal(found.to_numpy(), expected)
    with config_context(transform_output=container):
        assert list(TableEncoder().fit(table).transform(table).columns) == list(found.columns)


def test_arrays_of_numbers_and_of_objects():
    X = load_iris().data
    encoder = TableEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1", "x2", "x3"]
    assert encoder.n_features_in_ == 4
    assert not hasattr(encoder, "feature_names_in_")
    assert np.array_equal(encoder.transform(X.tolist()), encoder.transform(X))
    rows = np.array(list(zip(*TABLE.values(), strict=True)), dtype=object)
    assert np.array_equal(TableEncoder().fit_transform(rows), TableEncoder().fit_transform(TABLE))
    named = TableEncoder().fit(TABLE)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        assert np.array_equal(named.transform(rows), named.transform(TABLE))


def test_copies_are_the_same_encoder():
    encoder = TableEncoder(missing=["unknown"], min_count=1, drop=["age"]).fit(TABLE)
    assert pickle.loads(pickle.dumps(encoder)).transform(TABLE).tobytes() == encoder.transform(TABLE).tobytes()
    copied = clone(encoder)
    assert copied.get_params() == encoder.get_params()
    assert not hasattr(copied, "encoding_")
    assert copied.fit(TABLE).encoding_ == encoder.encoding_


@pytest.mark.parametrize("scaling", ["robust", "standard"])
def test_an_encoder_of_an_encoding(scaling):
    first = TableEncoder(scaling=scaling).fit(TABLE)
    data = json.loads(json.dumps(first.encoding_.to_json()))
    encoder = TableEncoder.of(TableEncoding.from_json(data))
    assert encoder.transform(TABLE).tobytes() == first.transform(TABLE).tobytes()
    assert encoder.feature_names_in_.tolist() == ["age", "colour", "member"]
    assert encoder.n_features_in_ == 3
    assert encoder.scaling == scaling
    assert encoder.get_feature_names_out().tolist() == first.get_feature_names_out().tolist()


def test_float32():
    table = {"x": [1.0, 2.0, 1e300, 4.0]}
    found = TableEncoder(dtype="float32", scaling="standard").fit({"x": [1.0, 2.0, 3.0]}).transform(table)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


@pytest.mark.parametrize("options", [{"dtype": "float16"}, {"scaling": "none"}, {"drop": ["nobody"]}, {"max_categories": 0}])
def test_parameters_that_are_refused(options):
    with pytest.raises(DataError):
        TableEncoder(**options).fit(TABLE)


def test_missing_columns_are_named():
    encoder = TableEncoder().fit(TABLE)
    with pytest.raises(DataError, match="X lacks a column that the encoding needs: 'colour'"):
        encoder.transform({"age": [1], "member": [True]})


def test_nested_columns_can_be_dropped():
    table = {"x": [1, 2, 4], "list": [[1], [2, 3], []]}
    for form in (table, pl.DataFrame(table), pd.DataFrame(table)):
        encoder = TableEncoder(drop=["list"]).fit(form)
        assert encoder.n_features_in_ == 2
        assert encoder.feature_names_in_.tolist() == ["x", "list"]
        assert encoder.transform(form).shape == (3, 1)
        with pytest.raises(DataError, match=r"X: column 'list'.*--drop list"):
            TableEncoder().fit(form)
