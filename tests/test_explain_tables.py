"""Rows of tables: read as numbers or picked as they stand, and explained for a model that encodes their columns."""

import json
import re

import numpy as np
import palmerpenguins
import polars as pl
import pytest
from draws import model_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from real_tables import real, written
from test_explain_command import run

from handgrad import forward
from handgrad.errors import DataError, HandgradError
from handgrad.explain import explain_model
from handgrad.model import Model, Scaling
from handgrad.network import Network, Parameters
from handgrad.table_model import TableModel
from handgrad.tables.encoding import TableEncoding
from handgrad.tables.frames import as_frame
from handgrad.tables.kinds import class_labels
from handgrad.tables.reading import open_table
from handgrad.tables.rows import all_numbers, pick_rows, read_numbers

PENGUINS, _ = real("penguins")
KINDS = ["csv", "parquet", "arrow"]


def table_model(frame, target):
    """An untrained model of a table: classes for a target of texts or truth values, else a regression."""
    table = TableEncoding.fit(frame.drop(target))
    numbers = frame[target].dtype.is_numeric()
    classes = None if numbers else class_labels(frame[target])[0]
    network = Network(f"{table.width}-3:tanh-{'1' if numbers else f'{len(classes)}:softmax'}")
    targets = Scaling(np.array([4000.0]), np.array([800.0])) if numbers else None
    scaling = Scaling.none(table.width)
    return Model(network, Parameters.draw(network, 1), scaling, targets, classes, (), {}, {}, table, target)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(PENGUINS, tmp_path / "people.csv")
    return tmp_path


@pytest.fixture
def species(folder):
    model = table_model(PENGUINS, "species")
    model.save(folder / "m.safetensors")
    return model


FINITE = st.floats(allow_nan=False, allow_infinity=False)
TABLES = arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=FINITE)


@settings(max_examples=20)  # a Parquet or Arrow file is first tried in a process of its own
@given(X=TABLES, kind=st.sampled_from([*KINDS, "npy"]), order=st.randoms(use_true_random=False))
def test_numbers_come_back_bit_by_bit_from_every_kind_of_file(tmp_path_factory, X, kind, order):
    path = tmp_path_factory.mktemp("numbers") / f"t.{kind}"
    names = [f"column {place}" for place in range(X.shape[1])]
    if kind == "npy":
        np.save(path, X)
    else:
        shuffled = order.sample(names, len(names))
        written(as_frame(X, names).select(shuffled).with_columns(note=pl.lit("left out")), path)
    np.testing.assert_array_equal(read_numbers(path, names), X)


def test_all_columns_are_inputs_unless_some_are_named(folder):
    (folder / "t.csv").write_text("a;b;kind\n1,5;2; yes \n-3;4e2;no\n")
    X, y = all_numbers(open_table("t.csv"), target="kind")
    assert (X.tolist(), y) == ([[1.5, 2], [-3, 400]], ["yes", "no"])
    assert read_numbers("t.csv", ["b", "a"]).tolist() == [[2, 1.5], [400, -3]]


def test_the_columns_of_an_array_have_no_names(folder):
    np.save(folder / "t.npy", np.arange(6.0).reshape(2, 3))
    assert read_numbers("t.npy", ["length", "width", "height"]).tolist() == [[0, 1, 2], [3, 4, 5]]
    X, y = all_numbers(open_table("t.npy"), ["length", "width"], target="x1")
    assert (X.tolist(), y) == ([[0, 2], [3, 5]], [1, 4])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("length,width\n1,2\n3,red\n4,blue\n", "t.csv: row 2, column 'width' is 'red', but inputs are numbers"),
        ("length,width\n1,2\n3,inf\n", "t.csv: row 2, column 'width' is 'inf', but inputs are finite numbers"),
        ("length,width\n1,2\n,4\n", "t.csv: row 2 has no value in column 'length'"),
        ("length,width\n1,2\n3,NaN\n", "t.csv: row 2 has no value in column 'width': 'NaN' says that it is missing"),
        ("lenght,width\n1,2\n", "t.csv has no column 'length', which the model needs. did you mean 'lenght'? Known: lenght, width"),
        ("a,b\n1,2\n", "t.csv has no column 'length' or 'width', which the model needs. Known: a, b"),
        ("length,width,length\n1,2,3\n", "t.csv: two columns are called 'length'"),
        ("length,width\n", "t.csv has no rows"),
        ("length,width\n1,2\n1,2,3\n", "line 3"),
        ("", "t.csv is empty"),
    ],
)
def test_what_is_no_table_of_numbers_is_one_clear_error(folder, text, says):
    (folder / "t.csv").write_text(text)
    with pytest.raises(DataError, match=re.escape(says)):
        read_numbers("t.csv", ("length", "width"))


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (pl.Series([1.5, float("nan")]), "row 2 has no value in column 'a'"),
        (pl.Series([None, 1]), "row 1 has no value in column 'a'"),
        (pl.Series([1.5, -np.inf]), "row 2, column 'a' is -inf, but inputs are finite numbers"),
        (pl.Series(["1", "one"], dtype=pl.Categorical), "row 2, column 'a' is 'one', but inputs are numbers"),
        (pl.Series(np.array(["2024-01-31", "2024-02-01"], "datetime64[D]")), "column 'a' is of type Date, but inputs are numbers"),
        (pl.Series([[1], [2]]), "column 'a' is of type List(Int64)"),
    ],
)
def test_columns_of_types_that_are_no_numbers_are_refused(folder, column, says):
    path = written(pl.DataFrame({"a": column, "b": [1, 2]}), folder / "t.parquet")
    with pytest.raises(DataError, match=re.escape(says)):
        read_numbers(path)
    assert read_numbers(path, ["b"]).tolist() == [[1], [2]]


def test_rows_of_numbers_are_counted_over_the_whole_file(folder):
    values = [*range(45_000), "x"]
    (folder / "long.csv").write_text("a,b\n" + "".join(f"{value},1\n" for value in values))
    with pytest.raises(DataError, match=r"row 45,001, column 'a' is 'x', but inputs are numbers"):
        read_numbers("long.csv")
    assert pick_rows(open_table("long.csv"), [44_999, 3, 3, 30_000])["a"].to_list() == ["44999", "3", "3", "30000"]
    with pytest.raises(DataError, match=r"there is no row 45001: long\.csv has the rows 0 to 45000"):
        pick_rows(open_table("long.csv"), [45_001])


@settings(max_examples=20)
@given(rows=st.lists(st.integers(0, len(PENGUINS) - 1), min_size=1, max_size=8), kind=st.sampled_from(KINDS))
def test_rows_that_are_picked_are_those_of_the_whole_table(tmp_path_factory, rows, kind):
    file = open_table(written(PENGUINS, tmp_path_factory.mktemp("picked") / f"t.{kind}"))
    assert pick_rows(file, rows).equals(file.read()[rows])


def test_rows_behind_the_one_that_is_asked_for_are_not_read(folder):
    (folder / "ragged.csv").write_text("a,b\n" + f"1,{2:0100}\n" * 60_000 + "1,2,3\n")
    assert pick_rows(open_table("ragged.csv"), [2]).cast(int).rows() == [(1, 2)]
    with pytest.raises(DataError, match="line 60002"):
        open_table("ragged.csv").read()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", ["species", "body_mass_g"])
def test_rows_of_a_table_are_explained_for_the_model_that_encodes_them(folder, kind, target):
    frame = PENGUINS.filter(pl.col(target).is_not_null())
    model = table_model(frame, target)
    model.save(folder / "m.safetensors")
    order = frame.columns[::-1]
    written(frame.select(order).with_columns(more=pl.lit("not asked for")), folder / f"t.{kind}")
    data = json.loads(run("m.safetensors", "--data", f"t.{kind}", "--rows", "7,0", "--format", "json"))
    rows = frame[[7, 0]]
    np.testing.assert_array_equal(data["X"], model.scaled(rows))
    assert data["labels"] == ["row 7", "row 0"]
    predicted = np.array(data["iterations"][0]["predictions"])
    assert predicted == pytest.approx(forward.outputs(model.network, model.parameters, model.scaled(rows)), rel=1e-12)
    if target == "species":
        assert data["Y"] == [[float(name == found) for name in model.classes] for found in rows[target]]
    else:
        assert np.array(data["Y"]) == pytest.approx((rows[target].to_numpy()[:, None] - 4000) / 800)


def test_the_inputs_are_the_encoded_columns(species):
    found = explain_model(species, PENGUINS[[0, 3]], ["Adelie", "Gentoo"])
    assert found.model.features == species.table.labels
    words = " ".join(found.to_text().split())
    assert "The 14 inputs are made of the table's columns: 1 island=Biscoe, 2 island=Dream," in words
    assert "12 sex=male, 13 sex is missing, 14 year." in words


def test_of_many_inputs_the_first_and_the_last_are_named():
    frame = as_frame({**{f"c{place}": [0.5, 1.5, 3.0] for place in range(40)}, "y": ["a", "b", "a"]})
    text = " ".join(explain_model(table_model(frame, "y"), frame, ["a", "b", "a"]).to_text().split())
    assert "28 c27, 29 c28, …, 40 c39." in text


def test_any_data_frame_is_explained_alike(species):
    rows, y = palmerpenguins.load_penguins().iloc[[0, 3, 200]], ["Adelie", "Chinstrap", "Gentoo"]
    frames = [rows, as_frame(rows), as_frame(rows).lazy(), {name: rows[name].tolist() for name in rows}]
    texts = {explain_model(species, frame, targets).to_json() for frame in frames for targets in (y, np.array(y), pl.Series(y))}
    texts.add(explain_model(TableModel(species), rows, y).to_json())
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ([1, 0, 10], [["1", "0", "10"], [1.0, 0.0, 10.0], ["1.0", "0.0", " 10"]]),
        ([True, False, True], [["True", "FALSE", "true"], np.array([True, False, True])]),
    ],
)
def test_targets_may_be_spelled_as_a_file_could_have_them(given, spelled):
    frame = as_frame({"a": [0.1, 0.2, 0.4], "y": pl.Series(given).cast(pl.String)})
    model = table_model(frame, "y")
    expected = explain_model(model, frame, given).iterations[0].start["Y"]
    for y in spelled:
        np.testing.assert_array_equal(explain_model(model, frame, y).iterations[0].start["Y"], expected)


@pytest.mark.usefixtures("species")
def test_targets_by_hand_or_from_another_column(folder):
    written(PENGUINS.rename({"species": "kind"}), folder / "renamed.csv")
    rows = ["--rows", "0,200", "--format", "json"]
    expected = run("m.safetensors", "--data", "people.csv", *rows)
    assert run("m.safetensors", "--data", "people.csv", *rows, "--y", "Adelie;2") == expected
    renamed = [run("m.safetensors", "--data", "renamed.csv", *rows, *more) for more in (["--target", "kind"], ["--y", "0;Gentoo"])]
    assert [json.loads(text)["Y"] for text in renamed] == [json.loads(expected)["Y"]] * 2


@pytest.mark.usefixtures("species")
def test_a_file_is_read_as_the_options_say(folder):
    rows = ["--rows", "3,100", "--format", "json"]
    expected = json.loads(run("m.safetensors", "--data", "people.csv", *rows))
    (folder / "other.csv").write_bytes(PENGUINS.write_csv(separator="%").encode("utf-16"))
    found = json.loads(run("m.safetensors", "--data", "other.csv", *rows, "--delimiter", "%", "--encoding", "utf-16"))
    assert found["X"] == expected["X"]
    network = ["2-3-2", "--data", "bare.csv", "--target", "column_3", "--no-header", "--format", "json"]
    (folder / "bare.csv").write_text("1,2,yes\n3,4,no\n")
    assert json.loads(run(*network))["X"] == [[-1, -1]]


def test_unknown_categories_and_missing_values_are_taken_as_the_encoding_says(folder, species):
    frame = PENGUINS[[0]].with_columns(island=pl.lit("Atlantis"), year=pl.lit(None, pl.Int64))
    written(frame, folder / "new.csv")
    data = json.loads(run("m.safetensors", "--data", "new.csv", "--format", "json"))
    np.testing.assert_array_equal(data["X"], species.table.encode(frame).X)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--x", "1,2", "--y", "Adelie"], "are encoded from a table's columns: give rows as --data FILE --rows 0,5,7"),
        ([], "the inputs of m.safetensors are encoded from a table's columns: give rows as --data FILE"),
        (["--data", "people.csv", "--rows", "0,344"], "there is no row 344: people.csv has the rows 0 to 343"),
        (["--data", "people.csv", "--target", "specis"], "people.csv has no column 'specis'. did you mean 'species'"),
        (["--data", "people.csv", "--target", "island"], "there is no class 'Torgersen'. Known: Adelie, Chinstrap, Gentoo"),
        (["--data", "people.csv", "--y", "Adele"], "there is no class 'Adele'. did you mean 'Adelie'"),
        (["--data", "people.csv", "--y", "Adelie;Gentoo"], "--rows and --y have as many entries, but 1 and 2 were given"),
        (["--data", "people.csv", "--y", "NA"], "example 1 has no target: its 'species' is missing"),
        (["--data", "bare.csv"], "bare.csv has no column 'species', which the model learnt; name the targets' column (--target)"),
        (["--data", "bare.csv", "--rows", "3", "--target", "sex"], "row 4 has no value in column 'sex'"),
        (["--data", "bad.csv", "--rows", "0,5"], "bad.csv (--rows 5): column 'year', row 6: 'long ago' is not a number"),
        (["--data", "gender.csv"], "lacks a column that the encoding needs: 'sex'"),
        (["--data", "iris"], "lacks columns that the encoding needs: 'island'"),
        (["--data", "poeple.csv"], "there is no file poeple.csv; did you mean 'people.csv'?"),
        (["--data", "m.safetensors"], "a safetensors file (a model?)"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("species")
def test_what_a_model_of_a_table_cannot_take_is_one_clear_error(folder, arguments, says):
    written(PENGUINS.drop("species"), folder / "bare.csv")
    written(PENGUINS.rename({"sex": "gender"}), folder / "gender.csv")
    year = pl.when(pl.int_range(pl.len()) == 5).then(pl.lit("long ago")).otherwise(pl.col("year").cast(pl.String))
    written(PENGUINS.with_columns(year=year), folder / "bad.csv")
    with pytest.raises(HandgradError, match=re.escape(says)) as caught:
        run("m.safetensors", *arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_numbers_and_a_network_take_every_kind_of_file(folder, kind):
    model = model_of(Network("3-4:tanh-3"))
    model.save("numbers.safetensors")
    frame = as_frame({"größe": [2.1, 2, 1], "kind": ["class 1", "class 2", "class 0"], "length": [0.1, 1, 2], "width": [2, -3, 5]})
    written(frame, folder / f"t.{kind}")
    source = ["--data", f"t.{kind}", "--target", "kind", "--rows", "1", "--format", "json"]
    data = json.loads(run("numbers.safetensors", *source))
    assert np.allclose(data["iterations"][0]["predictions"], model.outputs([[1, -3, 2]]))
    X = frame.select("größe", "length", "width").to_numpy()
    assert np.allclose(json.loads(run("3-2-3", *source))["X"], ((X - X.mean(axis=0)) / X.std(axis=0))[1])


def test_fashion_mnist_goes_by_its_name(tmp_path, monkeypatch):
    for part, rows in (("train", 3), ("t10k", 2)):
        images = np.arange(rows * 784, dtype=np.uint8).reshape(rows, 28, 28)
        for ending, array in (("images-idx3", images), ("labels-idx1", np.arange(rows, dtype=np.uint8))):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
            (tmp_path / f"{part}-{ending}-ubyte").write_bytes(header + array.tobytes())
    monkeypatch.setenv("HANDGRAD_DATA", str(tmp_path))
    text = run("784-2-10", "--data", "fashion_mnist", "--rows", "1,4")
    assert re.search(r"1 \(row 1\) +trouser", text)
    assert "standardised over all 5 rows of fashion_mnist" in text
