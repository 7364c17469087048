"""handgrad evaluate and show, for models of tables and others: scores that are right, files that say what they hold."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from real_tables import real
from tabled import files_in, fill, model_of_table, refused, right

from handgrad.cli import tables
from handgrad.datasets import read_dataset
from handgrad.document.formats import FORMATS
from handgrad.model import Model
from handgrad.table_model import TableModel

PENGUINS, _ = real("penguins")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with models and files that no test changes."""
    return fill(tmp_path_factory.mktemp("given"))


def test_evaluate_says_how_good_a_model_is(run, folder):
    model = Model.load(folder / "species.safetensors")
    for data in ("penguins.csv", "penguins.parquet"):
        code, out, err = run("evaluate", folder / "species.safetensors", folder / data, "--json")
        assert (code, err) == (0, "")
        found = json.loads(out)
        assert found["scores"]["accuracy"] == pytest.approx(right(model, PENGUINS))
        assert found["rows"] == PENGUINS.height
    code, out, err = run("evaluate", folder / "species.safetensors", folder / "penguins.csv")
    assert (code, err) == (0, "")
    assert out.startswith(f"Accuracy {right(model, PENGUINS):.3f}")
    assert "held out when it was trained" in out
    for name in model.classes:
        assert name in out


def test_evaluate_does_not_depend_on_the_size_of_batches(run, folder, monkeypatch):
    whole = run("evaluate", folder / "species.safetensors", folder / "penguins.csv", "--json")
    monkeypatch.setattr(tables, "ROWS", 33)
    assert run("evaluate", folder / "species.safetensors", folder / "penguins.csv", "--json") == whole


def test_rows_without_an_answer_are_left_out_and_counted(run, folder):
    model = TableModel.load(folder / "mass.safetensors")
    code, out, _ = run("evaluate", folder / "mass.safetensors", folder / "penguins.csv")
    assert code == 0
    assert "2 rows have no body_mass_g and are left out" in out
    _, out, _ = run("evaluate", folder / "mass.safetensors", folder / "penguins.csv", "--json")
    kept = PENGUINS.filter(PENGUINS["body_mass_g"].is_not_null())
    assert json.loads(out)["rows"] == kept.height
    assert json.loads(out)["scores"]["R²"] == pytest.approx(model.score(kept))


def test_another_column_can_hold_the_answers(run, folder):
    PENGUINS.rename({"species": "kind"}).write_csv("k.csv")
    refused(run("evaluate", folder / "species.safetensors", "k.csv"), "has no column 'species' of true answers")
    _, expected, _ = run("evaluate", folder / "species.safetensors", folder / "penguins.csv")
    assert run("evaluate", folder / "species.safetensors", "k.csv", "--target", "kind")[:2] == (0, expected)


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (lambda t: t.with_columns(species=pl.Series(["Adelie"] * 200 + ["x"] * 144)), [], "row 201, column 'species': the answer"),
        (lambda t: t.with_columns(species=pl.lit(None, pl.String)), [], "no row of t.csv has a value of 'species'"),
        (lambda t: t, ["--target", "spcies"], "did you mean 'species'"),
        (lambda t: t, ["--weight", "yaer"], "did you mean 'year'"),
        (lambda t: t, ["--weight", "bill_length_mm"], "'bill_length_mm', row 4 has no weight"),
        (lambda t: t.with_columns(year=pl.lit(-1)), ["--weight", "year"], "the weight -1, which is below 0"),
        (lambda t: t.with_columns(year=pl.lit(0)), ["--weight", "year"], "weights are finite numbers, 0 or more, and not all 0"),
        (lambda t: t, ["--report", "r.pdf"], "the ending of r.pdf names no format"),
        (lambda t: t.drop("island"), [], "needs: 'island'"),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated(run, folder, tmp_path, change, arguments, message):  # noqa: PLR0917
    change(PENGUINS).write_csv("t.csv")
    refused(run("evaluate", folder / "species.safetensors", "t.csv", *arguments), message)
    assert files_in(tmp_path) == ["t.csv"]


def test_weights_count_as_rows_do(run, folder):
    """A weight of n is n rows; that of the training is taken where the file has it."""
    weights = np.arange(PENGUINS.height) % 3
    PENGUINS.with_columns(w=pl.Series(weights)).write_csv("w.csv")
    PENGUINS[np.repeat(np.arange(PENGUINS.height), weights).tolist()].write_csv("repeated.csv")
    model = Model.load(folder / "species.safetensors")
    replace(model, provenance={**model.provenance, "weight": "w"}).save("weighted.safetensors")
    reports = [
        run("evaluate", folder / "species.safetensors", "w.csv", "--weight", "w", "--json"),
        run("evaluate", "weighted.safetensors", "w.csv", "--json"),
        run("evaluate", folder / "species.safetensors", "repeated.csv", "--json"),
    ]
    scores = [json.loads(out)["scores"] for code, out, err in reports]
    assert scores[0] == scores[1] == pytest.approx(scores[2])
    _, out, _ = run("evaluate", "weighted.safetensors", folder / "penguins.csv")
    assert "weighted rows by w, which" in out


@pytest.mark.parametrize("name", FORMATS)
def test_a_report_is_written_in_every_format(run, folder, tmp_path, name):
    path = f"r{FORMATS[name].suffix}"
    code, out, err = run("evaluate", folder / "species.safetensors", folder / "penguins.csv", "--report", path)
    assert (code, err) == (0, f"written to {path}\n")
    assert out.startswith("Accuracy")
    assert "ccuracy" in (tmp_path / path).read_text(encoding="utf-8")


def test_data_sets_are_evaluated_by_name(run, folder):
    examples = read_dataset("iris")
    expected = {name: Model.load(folder / f"{name}.safetensors").score(examples.X, examples.y) for name in ("iris", "estimator")}
    for name, score in expected.items():
        _, out, _ = run("evaluate", folder / f"{name}.safetensors", "iris", "--json")
        assert json.loads(out)["scores"]["accuracy"] == pytest.approx(score)
    _, out, _ = run("evaluate", folder / "iris.safetensors", "iris")
    assert "no score of new ones" in out
    refused(run("evaluate", folder / "iris.safetensors", "wine"), "wine has the classes class_0")
    refused(run("evaluate", folder / "iris.safetensors", "diabetes"), "diabetes has numbers to predict")


def test_a_model_without_a_table_is_evaluated_on_a_file(run, folder):
    examples = read_dataset("iris")
    frame = pl.DataFrame(examples.X, schema=list(examples.features)).with_columns(
        kind=pl.Series([examples.classes[c] for c in examples.y])
    )
    frame.write_csv("t.csv")
    _, out, _ = run("evaluate", folder / "iris.safetensors", "t.csv", "--target", "kind", "--json")
    score = Model.load(folder / "iris.safetensors").score(examples.X, examples.y)
    assert json.loads(out)["scores"]["accuracy"] == pytest.approx(score)
    refused(run("evaluate", folder / "iris.safetensors", "t.csv"), "--target")


def test_all_columns_but_the_answers_are_inputs_where_a_model_names_none(run, folder):
    examples = read_dataset("iris")
    model = Model.load(folder / "estimator.safetensors")
    assert model.features == ()
    columns = {name: examples.X[:, n] for n, name in enumerate("abcd")}
    pl.DataFrame({"kind": examples.y, **columns}).write_parquet("t.parquet")
    _, out, _ = run("evaluate", folder / "estimator.safetensors", "t.parquet", "--target", "kind", "--json")
    assert json.loads(out)["scores"]["accuracy"] == pytest.approx(model.score(examples.X, examples.y))


@pytest.mark.parametrize("name", ["species", "mass", "iris", "estimator"])
def test_show_says_what_is_in_every_kind_of_model_file(run, folder, name):
    path = folder / f"{name}.safetensors"
    model = Model.load(path)
    code, out, err = run("show", path)
    assert (code, err) == (0, "")
    wanted = [
        str(model.network),
        model.network.loss.spelling,
        f"{model.network.size:,} parameters",
        "handgrad",
        *(model.classes or ()),
    ]
    wanted += [column for column, _, _ in model.table.describe()] if model.table else model.features
    for words in (*wanted, model.target):
        assert words in out, words
    assert "MLPClassifier" in out or name != "estimator"
    assert len(run("show", path, "--full")[1]) >= len(out)


@pytest.mark.parametrize("name", ["species", "mass", "iris", "estimator"])
def test_show_as_data(run, folder, name):
    path = folder / f"{name}.safetensors"
    model = Model.load(path)
    code, out, err = run("show", path, "--json")
    assert (code, err, out.count("\n")) == (0, "", 1)
    found = json.loads(out)
    assert found == json.loads(run("show", path, "--format", "json")[1])
    assert sum(layer["parameters"] for layer in found["layers"]) == found["parameters"] == model.parameters.buffer.size
    assert found["network"] == str(model.network)
    assert found["table"] == (None if model.table is None else model.table.to_json())
    assert found["provenance"] == json.loads(json.dumps(dict(model.provenance)))
    assert set(found["versions"]) == {"handgrad", "numpy"}


@pytest.mark.parametrize("name", FORMATS)
def test_show_in_every_format(run, folder, tmp_path, name):
    path = f"s{FORMATS[name].suffix}"
    assert run("show", folder / "species.safetensors", "--out", path) == (0, "", f"written to {path}\n")
    assert (tmp_path / path).read_text(encoding="utf-8") == run("show", folder / "species.safetensors", "--format", name)[
        1
    ] or name == "text"
    assert "island" in (tmp_path / path).read_text(encoding="utf-8")


def test_many_columns_and_classes_are_shown_when_all_are_wanted(run):
    rng = np.random.default_rng(0)
    columns = {f"col{n}x": rng.normal(size=150) for n in range(50)}
    frame = pl.DataFrame({**columns, "y": [f"class{n % 50}x" for n in range(150)]})
    model_of_table(frame, "y").save("m.safetensors")
    short, full = run("show", "m.safetensors")[1], run("show", "m.safetensors", "--full")[1]
    assert "and 20 more columns" in short
    assert "and 30 more" in short
    assert all(f"col{n}x" in full and f"class{n}x" in full for n in range(50))


def test_a_scaled_target_is_shown_in_its_units(run, folder):
    model = Model.load(folder / "mass.safetensors")
    out = run("show", folder / "mass.safetensors")[1]
    assert f"{model.targets.scale[0]:.6g}" in out
    assert f"{model.targets.mean[0]:.6g}" in out


LIES = [
    {"reading": 7},
    {"reading": {"delimiter": 7, "header": "x", "encoding": [], "decimal": {}}},
    {"reading": {"encoding": "klingon"}},
    {"reading": {"delimiter": "", "decimal": "x"}},
    {"reading": {"header": False, "delimiter": "|", "encoding": "utf-16", "decimal": ","}},
    {"weight": ["year"], "hold_out": 3},
    {"weight": {}, "hold_out": {"accuracy": "x"}},
    {"hold_out": {"accuracy": True, "\x1b[31m": 1e400}},
    {"estimator": 3},
    {"estimator": {"parameters": 5, "fitted": [1]}, "rows": None},
    {"data": {"a": {"b": {"c": {"d": 1}}}}, "\x1b]0;x\x07": "\x1b[2J"},
    {"tuple": {"tuple": 10**400}},
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: ascii(lie)[:40])
def test_nothing_that_a_file_says_of_its_training_is_believed(run, folder, lie):
    model = Model.load(folder / "species.safetensors")
    replace(model, provenance={**model.provenance, **lie}).save("m.safetensors")
    calls = [["show"], ["show", "--json"], ["show", "--full", "--out", "s.html"], ["predict", folder / "penguins.csv"]]
    for command, *more in (*calls, ["evaluate", folder / "penguins.csv"]):
        code, out, err = run(command, "m.safetensors", *more)
        assert (code, err.replace("written to s.html\n", "")) == (0, "")
        assert "\x1b" not in out


@pytest.mark.parametrize(
    "changed", [{"classes": ("a", "a", "b")}, {"classes": ("a", "b", "\ud800")}, {"target": "\udfff"}], ids=ascii
)
def test_names_that_cannot_be_told_apart_or_written_are_refused(run, folder, changed):
    replace(Model.load(folder / "species.safetensors"), **changed).save("m.safetensors")
    for command, *more in (["show"], ["predict", folder / "penguins.csv", "--proba"], ["evaluate", folder / "penguins.csv"]):
        refused(run(command, "m.safetensors", *more), "m.safetensors is not a valid handgrad model")


@pytest.mark.parametrize("format_name", FORMATS)
def test_what_a_file_says_of_its_training_may_be_no_text(run, folder, tmp_path, format_name):
    model = Model.load(folder / "species.safetensors")
    deep = 1
    for _ in range(300):
        deep = [deep]
    replace(model, provenance={"data": "\ud800", "more": deep}).save("m.safetensors")
    code, _, err = run("show", "m.safetensors", "--out", f"s{FORMATS[format_name].suffix}", "--full")
    assert (code in {0, 2}, "Traceback" in err) == (True, False)
    assert files_in(tmp_path) == ["m.safetensors"] + ([] if code else [f"s{FORMATS[format_name].suffix}"])


def test_show_refuses_what_is_no_model(run, folder, tmp_path):
    refused(run("show", folder / "penguins.csv"), "no model file")
    refused(run("show", "none.safetensors"), "there is no model file")
    refused(run("show", folder / "species.safetensors", "--out", "s.doc"), "names no format")
    refused(run("show", folder / "species.safetensors", "--format", "yaml"), "there is no format 'yaml'")
    assert not files_in(tmp_path)


def test_commands_stand_in_the_order_of_their_use(run):
    _, out, _ = run("--help")
    names = ["train", "predict", "evaluate", "show", "derive", "explain", "check"]
    places = [out.index(f" {name} ") for name in names]
    assert places == sorted(places)
    for name in ("predict", "evaluate", "show"):
        assert "Usage" in run(name, "--help")[1]
