"""handgrad predict for models of tables and others: what it writes and where, and one clear error for what it cannot do."""

import csv
import gzip
import io
import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from draws import model_of
from real_tables import real
from tabled import files_in, fill, model_of_table, refused

from handgrad import model_file
from handgrad.cli import tables
from handgrad.datasets import read_dataset
from handgrad.model import Model
from handgrad.network import Network
from handgrad.table_model import TableModel
from handgrad.tables.reading import open_table

PENGUINS, _ = real("penguins")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with models and files that no test changes."""
    return fill(tmp_path_factory.mktemp("given"))


def test_predictions_are_the_models_for_every_kind_of_file(run, folder, tmp_path):
    expected = "".join(f"{name}\n" for name in TableModel.load(folder / "species.safetensors").predict(PENGUINS))
    shuffled = PENGUINS.select(sorted(PENGUINS.columns)).drop("species").with_columns(more=pl.lit("x"))
    shuffled.write_csv(tmp_path / "s.csv", separator="\t")
    PENGUINS.write_ipc(tmp_path / "p.arrow")
    with gzip.open(tmp_path / "p.csv.gz", "wb") as file:
        PENGUINS.write_csv(file)
    for data in (folder / "penguins.csv", folder / "penguins.parquet", "s.csv", "p.arrow", "p.csv.gz"):
        assert run("predict", folder / "species.safetensors", data) == (0, expected, ""), data


@pytest.mark.parametrize("rows", [13, 343, 344])
def test_batches_of_any_size_predict_the_same(run, folder, tmp_path, monkeypatch, rows):
    whole = run("predict", folder / "species.safetensors", folder / "penguins.csv", "--proba")
    monkeypatch.setattr(tables, "ROWS", rows)
    assert run("predict", folder / "species.safetensors", folder / "penguins.csv", "--proba") == whole
    for name in ("p.csv", "p.parquet"):
        assert run("predict", folder / "species.safetensors", folder / "penguins.csv", "--proba", "--out", name) == (0, "", "")
    assert (tmp_path / "p.csv").read_text() == whole[1]
    assert pl.read_parquet(tmp_path / "p.parquet").equals(pl.read_csv(io.StringIO(whole[1])))
    assert files_in(tmp_path) == ["p.csv", "p.parquet"]


def test_a_table_of_probabilities_has_a_column_for_each_class(run, folder):
    model = TableModel.load(folder / "species.safetensors")
    code, out, err = run("predict", folder / "species.safetensors", folder / "penguins.csv", "--proba")
    assert (code, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(rows[0]) == ["prediction", *(f"probability of {name}" for name in model.classes_)]
    shares = np.array([[float(row[f"probability of {name}"]) for name in model.classes_] for row in rows])
    np.testing.assert_array_equal(shares, model.predict_proba(PENGUINS))
    assert [row["prediction"] for row in rows] == model.predict(PENGUINS).tolist()


def test_the_ending_says_what_is_written(run, folder, tmp_path):
    mass = folder / "mass.safetensors"
    expected = TableModel.load(mass).predict(PENGUINS)
    for name in ("p.csv", "p.parquet", "p.txt", "p"):
        code, out, _ = run("predict", mass, folder / "penguins.csv", "--out", name)
        assert (code, out) == (0, "")
    lines = [float(line) for line in (tmp_path / "p.txt").read_text().splitlines()]
    np.testing.assert_array_equal(lines, expected)
    assert (tmp_path / "p").read_bytes() == (tmp_path / "p.txt").read_bytes()
    found = pl.read_csv(tmp_path / "p.csv")
    assert found.columns == ["prediction"]
    np.testing.assert_array_equal(found["prediction"], expected)
    np.testing.assert_array_equal(pl.read_parquet(tmp_path / "p.parquet")["prediction"], expected)


@pytest.mark.parametrize("labels", [[3, 1, 2], [True, False], ["a,b", 'c"d', "é"]])
def test_labels_are_written_in_their_own_kind(run, tmp_path, labels):
    frame = pl.DataFrame({"x": np.arange(30.0) ** 1.5, "y": (labels * 15)[:30]})
    model = TableModel(model_of_table(frame, "y"))
    model.save("m.safetensors")
    frame.write_parquet("t.parquet")
    run("predict", "m.safetensors", "t.parquet", "--out", "p.parquet")
    assert pl.read_parquet(tmp_path / "p.parquet")["prediction"].to_list() == model.predict(frame).tolist()
    run("predict", "m.safetensors", "t.parquet", "--out", "p.csv")
    names = [model.model.classes[c] for c in model.model.predict(frame)]
    text = (tmp_path / "p.csv").read_text(encoding="utf-8")
    assert [row["prediction"] for row in csv.DictReader(io.StringIO(text))] == names
    _, out, _ = run("predict", "m.safetensors", "t.parquet", "--json", "--proba")
    found = json.loads(out)
    assert found["predictions"] == model.predict(frame).tolist()
    assert found["classes"] == model.classes_.tolist()
    np.testing.assert_array_equal(found["probabilities"], model.predict_proba(frame))


def test_what_training_did_not_see_is_counted(run):
    colours = ["red"] * 20 + ["green"] * 20 + ["blue"] * 20
    frame = pl.DataFrame({"colour": colours, "size": np.linspace(1, 5, 60), "y": ["no", "yes", "no"] * 20})
    model_of_table(frame, "y").save("m.safetensors")
    new = pl.DataFrame({"size": [1.0, None, 3.0, None], "colour": ["pink", "red", None, "grey"]})
    new.write_csv("new.csv")
    code, out, err = run("predict", "m.safetensors", "new.csv")
    assert (code, len(out.splitlines())) == (0, 4)
    told = err.splitlines()
    assert len(told) == 3
    assert told[0].startswith("colour: 2 values that training did not see")
    assert told[1].startswith("colour: 1 missing value, where training saw none")
    assert told[2].startswith("size: 2 missing values, where training saw none, taken as 3, the middle")
    _, out, _ = run("predict", "m.safetensors", "new.csv", "--json")
    assert (json.loads(out)["unknown"], json.loads(out)["filled"]) == ({"colour": 2}, {"colour": 1, "size": 2})


def soon(t):
    return t.with_columns(year=pl.Series(["2007"] * 300 + ["soon"] * 44))


@pytest.mark.parametrize(
    ("change", "name", "message"),
    [
        (lambda t: t.drop("island", "sex", "year"), "t.csv", "needs: 'island', 'sex', 'year'"),
        (lambda t: t.rename({"island": "islnd"}), "t.parquet", "did you mean 'islnd'"),
        (soon, "t.csv", "'year', row 301: 'soon' is not a number"),
        (soon, "t.parquet", "'year', row 301: 'soon' is not a number"),
        (lambda t: t.head(0), "t.csv", "has no rows"),
    ],
)
def test_tables_that_cannot_be_predicted_leave_nothing(run, folder, tmp_path, change, name, message):  # noqa: PLR0917
    frame = change(PENGUINS)
    frame.write_csv(name) if name.endswith("csv") else frame.write_parquet(name)
    (tmp_path / "p.csv").write_text("before")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "ROWS", 50)
        for out in ("p.csv", "new.parquet"):
            refused(run("predict", folder / "species.safetensors", name, "--out", out), message)
    assert files_in(tmp_path) == ["p.csv", name]
    assert (tmp_path / "p.csv").read_text() == "before"


def test_a_ragged_line_far_down_is_named(run, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROWS", 50)
    lines = (folder / "penguins.csv").read_text().splitlines()
    (tmp_path / "r.csv").write_text("\n".join([*lines[:300], lines[300] + ",7", *lines[301:]]) + "\n")
    refused(run("predict", folder / "species.safetensors", "r.csv", "--out", "p.csv"), "r.csv: line 301 has 9 fields")
    assert files_in(tmp_path) == ["r.csv"]


@pytest.mark.parametrize("name", ["p.csv", "p.parquet", "p.txt"])
@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interruption_or_a_full_disk_leaves_what_was_there(run, folder, tmp_path, monkeypatch, name, fault):  # noqa: PLR0917
    monkeypatch.setattr(tables, "ROWS", 50)
    (tmp_path / name).write_text("before")

    def broken(*_):
        raise fault

    if fault is KeyboardInterrupt:
        monkeypatch.setattr(Model, "forward", broken)
    else:
        monkeypatch.setattr(model_file.os, "fsync", broken)
    code, out, err = run("predict", folder / "species.safetensors", folder / "penguins.csv", "--out", name)
    assert (code, out) == ((130, "") if fault is KeyboardInterrupt else (2, ""))
    assert name in err
    assert "Traceback" not in err
    assert files_in(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "before"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{0}/mass.safetensors", "{0}/penguins.csv", "--proba"], "which predicts numbers"),
        (["{0}/species.safetensors", "{0}/penguins.csv", "--proba", "--out", "p.txt"], "ends in .csv or .parquet"),
        (["{0}/species.safetensors", "{0}/penguins.csv", "--out", "none/p.csv"], "cannot write the predictions to none/p.csv"),
        (["{0}/species.safetensors", "{0}/penguins.csv", "--out", "{0}/penguins.csv"], "would write over"),
        (["{0}/species.safetensors", "{0}/penguins.csv", "--out", "{0}/species.safetensors"], "would write over"),
        (["{0}/species.safetensors", "{0}/penguins.csv", "--encoding", "klingon"], "there is no encoding"),
        (["{0}/species.safetensors", "{0}/penguins.csv", "--delimiter", ";"], "needs: 'island'"),
        (["{0}/species.safetensors", "{0}/penguins.csv", "--no-header"], "needs: 'island'"),
        (["{0}/species.safetensors", "{0}/pengins.csv"], "did you mean"),
        (["{0}/species.safetensors", "pengins"], "there is no file pengins, nor a bundled data set"),
        (["{0}/species.safetensors", "."], ". is a folder"),
        (["{0}/species.safetensors", "{0}/species.safetensors"], "a safetensors file"),
        (["{0}/penguins.csv", "{0}/penguins.csv"], "no model file"),
        (["{0}/none.safetensors", "{0}/penguins.csv"], "there is no model file"),
    ],
)  # fmt: skip
def test_what_cannot_be_predicted(run, folder, tmp_path, arguments, message):
    before = (folder / "penguins.csv").read_bytes()
    refused(run("predict", *(argument.format(folder) for argument in arguments)), message)
    assert not files_in(tmp_path)
    assert (folder / "penguins.csv").read_bytes() == before


def german(path, *, header=True, encoding="latin-1"):
    """A table as Excel writes it in Germany: semicolons, decimal commas, and text in Latin-1."""
    rows = [[f"{n / 4:.2f}".replace(".", ","), ("grün", "weiß", "rot")[n % 3], "ja" if n % 2 else "nein"] for n in range(1, 41)]
    lines = [*(["Größe;Farbe;Antwort"] if header else []), *(";".join(row) for row in rows)]
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


@pytest.mark.parametrize("header", [True, False])
def test_a_file_is_read_as_the_one_that_was_trained_on(run, tmp_path, header):
    file = open_table(german(tmp_path / "g.csv", header=header), encoding="latin-1", header=header)
    frame = file.read()
    model = TableModel(model_of_table(frame, frame.columns[-1], provenance={"reading": file.options}))
    model.save("m.safetensors")
    expected = "".join(f"{name}\n" for name in model.predict(frame))
    assert run("predict", "m.safetensors", "g.csv") == (0, expected, "")
    german(tmp_path / "utf8.csv", header=header, encoding="utf-8")
    german(tmp_path / "bom.csv", header=header, encoding="utf-8-sig")
    for name in ("utf8.csv", "bom.csv"):
        assert run("predict", "m.safetensors", name) == (0, expected, ""), name
    # commas and points, which the file's own signs tell
    frame.write_csv("own.csv", include_header=header)
    assert run("predict", "m.safetensors", "own.csv") == (0, expected, "")
    points = (tmp_path / "utf8.csv").read_text(encoding="utf-8").replace(",", ".")
    (tmp_path / "points.csv").write_text(points, encoding="utf-8")
    assert run("predict", "m.safetensors", "points.csv") == (0, expected, "")


def test_options_say_how_a_file_is_read(run, folder, tmp_path):
    _, expected, _ = run("predict", folder / "species.safetensors", folder / "penguins.csv")
    text = PENGUINS.write_csv(separator="~", include_header=True)
    (tmp_path / "t.csv").write_bytes(text.encode("utf-16"))
    refused(run("predict", folder / "species.safetensors", "t.csv"), "--encoding utf-16")
    assert run("predict", folder / "species.safetensors", "t.csv", "--encoding", "utf-16", "--delimiter", "~") == (0, expected, "")


def test_a_reader_that_has_seen_enough_ends_the_command(folder, tmp_path):
    with (tmp_path / "long.csv").open("w") as file:
        lines = (folder / "penguins.csv").read_text().splitlines(keepends=True)
        file.write(lines[0] + "".join(lines[1:]) * 100)
    command = [sys.executable, "-c", "from handgrad.cli import main; main()", "predict", str(folder / "species.safetensors")]
    with subprocess.Popen([*command, str(tmp_path / "long.csv")], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().decode().strip() in set(PENGUINS["species"])
        process.stdout.close()
        err = process.stderr.read().decode()
    assert (process.returncode, err) == (0, "")


def test_no_more_rows_are_held_than_are_meant_to_be(folder, monkeypatch):
    monkeypatch.setattr(tables, "ROWS", 100)
    monkeypatch.setattr(tables, "CELLS", 600)
    model = Model.load(folder / "species.safetensors")
    given = tables.given_rows(model, str(folder / "penguins.csv"), tables.Reading())
    batches = list(given.batches())
    assert max(batch.inputs.size for batch in batches) <= 600
    assert [batch.first for batch in batches] == list(np.cumsum([1, *(len(batch.inputs) for batch in batches[:-1])]))


@pytest.mark.parametrize("name", ["iris", "estimator"])
def test_models_without_a_table_take_files_of_all_kinds(run, folder, name):
    examples = read_dataset("iris")
    model = Model.load(folder / f"{name}.safetensors")
    frame = pl.DataFrame(examples.X, schema=list(examples.features))
    frame.write_csv("t.csv")
    frame.write_parquet("t.parquet")
    frame.write_csv("t.tsv", separator="\t")
    np.savez("t.npz", **{column: frame[column].to_numpy() for column in frame.columns})
    np.save("t.npy", examples.X)
    expected = "".join(f"{model.classes[c]}\n" for c in model.predict(examples.X))
    for file in ("t.csv", "t.parquet", "t.tsv", "t.npy", "t.npz"):
        assert run("predict", folder / f"{name}.safetensors", file) == (0, expected, ""), file
    _, out, _ = run("predict", folder / f"{name}.safetensors", "t.parquet", "--proba")
    np.testing.assert_array_equal(
        pl.read_csv(io.StringIO(out)).drop("prediction").to_numpy(), model.probabilities(model.outputs(examples.X))
    )


def test_a_model_without_a_table_names_what_a_table_lacks(run, folder):
    examples = read_dataset("iris")
    frame = pl.DataFrame(examples.X, schema=list(examples.features))
    frame.drop(examples.features[:2]).write_parquet("t.parquet")
    refused(run("predict", folder / "iris.safetensors", "t.parquet"), "has no column 'sepal length (cm)' or 'sepal width (cm)'")
    holed = frame.with_columns(
        pl.when(pl.int_range(150) == 70).then(None).otherwise(pl.col(examples.features[1])).alias(examples.features[1])
    )
    holed.write_parquet("holed.parquet")
    refused(run("predict", folder / "iris.safetensors", "holed.parquet"), "row 71 has no value in column 'sepal width (cm)'")


def test_what_takes_long_tells_how_far_it_is(run, folder, monkeypatch):
    monkeypatch.setattr(sys.modules["handgrad.cli.predict"], "PATIENCE", 0.0)
    monkeypatch.setattr(tables, "ROWS", 200)
    code, out, err = run("predict", folder / "species.safetensors", folder / "penguins.csv", "--out", "p.csv")
    assert (code, out) == (0, "")
    assert [line.split(" rows")[0] for line in err.splitlines()] == ["200", "344"]


def test_several_numbers_a_row(run, tmp_path):
    model = model_of(Network("3-2", loss="huber"))
    model.save("two.safetensors")
    X = np.random.default_rng(0).normal(size=(5, 3))
    np.save("X.npy", X)
    run("predict", "two.safetensors", "X.npy", "--out", "p.csv")
    found = pl.read_csv(tmp_path / "p.csv")
    assert found.columns == ["prediction 1", "prediction 2"]
    np.testing.assert_array_equal(found.to_numpy(), model.outputs(X))
    _, out, _ = run("predict", "two.safetensors", "X.npy")
    np.testing.assert_array_equal([[float(x) for x in line.split()] for line in out.splitlines()], model.outputs(X))


@pytest.mark.parametrize("name", ["p.xlsx", "p.csv.gz", "p.json", "p.arrow"])
def test_no_file_gets_an_ending_that_promises_something_else(run, name, tmp_path):
    run("train", "iris", "--epochs", 1)
    code, _, err = run("predict", "iris.safetensors", "iris", "--out", name)
    assert code == 2
    assert "not as ." in err
    assert not (tmp_path / name).exists()


def test_points_between_thousands_are_told_of(run, tmp_path):
    lines = [f"{n},5;{'a' if n < 30 else 'b'}" for n in range(60)]
    (tmp_path / "t.csv").write_text("x;y\n" + "\n".join(lines) + "\n")
    assert run("train", "t.csv", "--target", "y", "--hidden", "4", "--epochs", 2, "--no-baselines")[0] == 0
    (tmp_path / "n.csv").write_text("x;z\n12.345;1\n")
    code, _, err = run("predict", "t.safetensors", "n.csv")
    assert code == 0
    assert "n.csv: decimal commas, and points between thousands" in err
    assert run("predict", "t.safetensors", "n.csv", "--decimal", ".")[2] == ""
