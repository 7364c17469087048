"""handgrad predict, evaluate and explain for files of arrays: IDX images with their labels, NPZ with rows to test with."""

import json
import struct
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from draws import model_of
from tabled import model_of_table, refused

from handgrad.datasets import read_dataset
from handgrad.model import Scaling
from handgrad.network import Network
from handgrad.table_model import TableModel


def idx(array):
    array = np.asarray(array, np.uint8)
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Images and labels in IDX files, their columns, and a model of a table of them."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 255, (40, 3, 4)), rng.integers(0, 3, 40)
    (tmp_path / "images").write_bytes(idx(pixels))
    (tmp_path / "labels").write_bytes(idx(labels))
    (tmp_path / "few").write_bytes(idx(labels[:9]))
    columns = {f"pixel_{r}_{c}": pixels[:, r, c] for r in range(3) for c in range(4)}
    model = TableModel(model_of_table(pl.DataFrame({**columns, "label": labels}), "label"))
    model.save("m.safetensors")
    return columns, labels, model


def test_images_and_their_labels_in_two_files(run, images):
    columns, labels, model = images
    assert run("predict", "m.safetensors", "images") == (0, "".join(f"{label}\n" for label in model.predict(columns)), "")
    code, out, err = run("evaluate", "m.safetensors", "images", "--target", "labels", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["scores"]["accuracy"] == pytest.approx(np.mean(model.predict(columns) == labels))
    assert json.loads(out)["rows"] == 40
    code, out, _ = run("explain", "m.safetensors", "--data", "images", "--target", "labels", "--rows", "3,7", "--format", "json")
    assert code == 0
    assert [np.argmax(row) for row in json.loads(out)["Y"]] == labels[[3, 7]].tolist()


@pytest.mark.usefixtures("images")
def test_labels_that_do_not_belong_to_the_images(run):
    command = ["evaluate", "m.safetensors", "images"]
    refused(run(*command, "--target", "few"), "images holds 40 images, but few an array of 9; as many labels were expected")
    refused(run(*command, "--target", "images"), "but images an array of 40 × 3 × 4")
    refused(run(*command, "--target", "lables"), "images has no column 'lables', and there is no IDX file of labels of that name")
    refused(run(*command), "images has no column 'label'")


def test_pixels_are_taken_by_place_by_a_model_that_knows_no_table(run, tmp_path):
    digits = read_dataset("digits")
    X, y = digits.X[:200], digits.y[:200]
    (tmp_path / "images").write_bytes(idx(X.reshape(-1, 8, 8)))
    (tmp_path / "labels").write_bytes(idx(y))
    named = replace(model_of(Network("64-8:tanh-10")), inputs=Scaling.standard(X), features=digits.features, classes=digits.classes)
    for features in (digits.features, tuple(f"p{n}" for n in range(64)), ()):
        model = replace(named, features=features)
        model.save("digits.safetensors")
        expected = "".join(f"{model.classes[c]}\n" for c in model.predict(X))
        assert run("predict", "digits.safetensors", "images") == (0, expected, "")
        _, out, _ = run("evaluate", "digits.safetensors", "images", "--target", "labels", "--json")
        assert json.loads(out)["scores"]["accuracy"] == pytest.approx(model.score(X, y))
    (tmp_path / "small").write_bytes(idx(X.reshape(-1, 8, 8)[:, 1:]))
    refused(run("predict", "digits.safetensors", "small"), "(n_samples, 64), but float64 of (200, 56)")


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """An NPZ of rows to train on and to test with, and a model of them."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    np.savez("a.npz", x_train=X[:40], y_train=y[:40], x_test=X[40:], y_test=y[40:])
    frame = {f"x_{n}": X[:, n] for n in range(3)}
    model = TableModel(model_of_table(pl.DataFrame({**frame, "y": y}), "y"))
    model.save("m.safetensors")
    return model.predict(frame), y


def test_an_archive_with_test_rows_is_evaluated_on_them(run, archive):
    predicted, y = archive
    _, out, _ = run("evaluate", "m.safetensors", "a.npz", "--json")
    assert json.loads(out)["rows"] == 20
    assert json.loads(out)["scores"]["accuracy"] == pytest.approx(np.mean(predicted[40:] == y[40:]))
    assert "These are the 20 rows that a.npz brings to test with." in run("evaluate", "m.safetensors", "a.npz")[1]


def test_of_an_archive_with_test_rows_these_are_predicted(run, archive, tmp_path):
    expected = "".join(f"{label}\n" for label in archive[0][40:])
    told = "These are the 20 rows that a.npz brings to test with.\n"
    assert run("predict", "m.safetensors", "a.npz") == (0, expected, told)
    assert run("predict", "m.safetensors", "a.npz", "--out", "p.csv") == (0, "", told)
    assert (tmp_path / "p.csv").read_text() == f"prediction\n{expected}"


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_errors_of_wide_tables_do_not_list_all_columns(run, kind):
    X = np.random.default_rng(0).normal(size=(30, 300))
    table = pl.DataFrame(X, schema=[f"x{n}" for n in range(300)])
    model_of_table(table.with_columns(y=pl.int_range(30) % 2), "y").save("m.safetensors")
    np.save("t.npy", X) if kind == "npy" else table.write_parquet("t.parquet")
    for arguments in ([], ["--target", "x299", "--weight", "w"]):
        result = run("evaluate", "m.safetensors", f"t.{kind}", *arguments)
        refused(result, f"has no column '{'w' if arguments else 'y'}'")
        assert len(result[2]) < 300
    table.rename(lambda name: f"other{name}").write_parquet("other.parquet")
    result = run("predict", "m.safetensors", "other.parquet")
    refused(result, "needs: 'x0'")
    assert len(result[2]) < 2000
