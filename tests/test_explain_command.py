"""handgrad explain: what it takes, what it prints and writes, and what it refuses."""

import json
import re

import numpy as np
import pytest
import typer
from draws import model_of
from typer.testing import CliRunner

from handgrad.cli.explain import explain
from handgrad.document.formats import FORMATS
from handgrad.errors import HandgradError
from handgrad.network import Network, Parameters

WORKED = ["2-3-1:sigmoid", "--x", "0.5,-1; 2,0.3", "--y", "1; 0"]
WEIGHTS = {"W": [[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], [[0.1, 0.2, 0.3]]], "b": [[0, 0, 0], [0.1]]}


def run(*arguments):
    """The command as the lead command calls it: what it prints; errors come through as they are."""
    app = typer.Typer()
    app.command()(explain)
    result = CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "100"})
    if isinstance(result.exception, Exception):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.json").write_text(json.dumps(WEIGHTS))
    (tmp_path / "table.csv").write_text("a,b,kind\n1,2,yes\n3,4,no\n2,2.5,yes\n")
    (tmp_path / "plain.csv").write_text("a,b,c,d\n1,2,3,4\n2,3,4,6\n")
    return tmp_path


def test_a_network_and_examples():
    text = run(*WORKED)
    words = " ".join(text.split())
    assert words.startswith("One iteration of 2-3:relu-1:sigmoid, worked through")
    assert "The batch is 2 examples." in words
    assert "First weights are drawn with seed 0." in words
    assert text == run(*WORKED, "--seed", 0)
    assert text != run(*WORKED, "--seed", 1)


@pytest.mark.usefixtures("folder")
def test_given_weights():
    data = json.loads(run(*WORKED, "--weights", "weights.json", "--format", "json"))
    assert data["before"]["W[1]"] == WEIGHTS["W"][0]
    assert data["before"]["b[2]"] == WEIGHTS["b"][1]


def test_options_reach_the_explanation():
    options = {"--optimiser": "adam", "--learning-rate": 0.25, "--iterations": 3, "--l2": 0.5, "--loss": "squared_error"}
    data = json.loads(run(*WORKED, "--format", "json", *(word for pair in options.items() for word in pair)))
    found = (data["optimiser"], data["learning_rate"], len(data["iterations"]), data["l2"], data["loss_function"])
    assert found == tuple(options.values())
    assert "∂J/∂w⁽¹⁾_jk" in run(*WORKED, "--notation", "index")
    assert "0.3339968" in run("1-1", "--x", "1", "--y", "0.3339968", "--digits", "7")
    assert "Forward pass of iteration 2" in run(*WORKED, "--iterations", 2, "--full")
    assert "dW[1] = dZ[1] A[0]ᵀ" in run(*WORKED, "--one-over-m", "dZ")


def test_parts():
    assert run(*WORKED, "--neuron", "1:2").startswith("Unit 2 of layer 1")
    assert "Forward for example 2" in run(*WORKED, "--neuron", "1:2", "--example", 2)
    assert run(*WORKED, "--weight", "1:2,1").startswith("w[1]_21 of layer 1:")
    assert run(*WORKED, "--weight", "2:1").startswith("b[2]_1 of layer 2:")
    assert run(*WORKED, "--example", 2).startswith("Example 2")


@pytest.mark.parametrize("name", FORMATS)
def test_formats_and_files(folder, name):
    printed = run(*WORKED, "--format", name)
    run(*WORKED, "--out", f"page{FORMATS[name].suffix}")
    written = (folder / f"page{FORMATS[name].suffix}").read_text()
    assert written == printed
    assert len(list(folder.iterdir())) == 4  # nothing else is left beside it


def test_labels_of_classes():
    data = json.loads(run("2-3", "--x", "1,2;3,4", "--y", "2;0", "--format", "json"))
    assert data["Y"] == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.usefixtures("folder")
def test_rows_of_a_csv_file():
    text = run("2-3-2", "--data", "table.csv", "--target", "kind", "--rows", "0,1")
    assert "1 (row 0)" in text
    assert "standardised over all 3 rows of table.csv" in text
    assert re.search(r"2 \(row 1\) +no +(yes|no) \(0\.", text)
    data = json.loads(run("2-3-2", "--data", "table.csv", "--target", "kind", "--rows", "2", "--format", "json"))
    X = np.array([[1, 2], [3, 4], [2, 2.5]])
    assert np.allclose(data["X"], ((X - X.mean(axis=0)) / X.std(axis=0))[2:])


def test_given_weights_see_a_table_as_it_is(folder):
    (folder / "numbers.csv").write_text("a,b,t\n1,2,5\n3,4,7\n")
    arguments = ["2-3-1", "--data", "numbers.csv", "--target", "t", "--rows", "1", "--format", "json"]
    data = json.loads(run(*arguments, "--weights", "weights.json"))
    assert (data["X"], data["Y"]) == ([[3, 4]], [[7]])
    scaled = json.loads(run(*arguments))
    assert np.allclose(scaled["X"], 1)
    assert np.allclose(scaled["Y"], 1)


@pytest.mark.usefixtures("folder")
def test_classes_of_rows_by_number():
    data = json.loads(run("4-3", "--data", "plain.csv", "--rows", "0,1", "--y", "1;0", "--format", "json"))
    assert data["Y"] == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.usefixtures("folder")
def test_text_classes_of_a_single_output():
    arguments = ["2-1:sigmoid", "--data", "table.csv", "--target", "kind", "--rows", "0,1,2"]
    assert json.loads(run(*arguments, "--format", "json"))["Y"] == [[1], [0], [1]]
    assert re.search(r"2 \(row 1\) +no +(yes|no) \(0\.", run(*arguments))


def test_targets_of_a_bounded_output_are_not_scaled_out_of_its_reach(folder):
    (folder / "share.csv").write_text("a,b,t\n1,2,0\n3,4,1\n")
    arguments = ["2-1:sigmoid", "--loss", "squared_error", "--data", "share.csv", "--target", "t", "--rows", "0,1"]
    data = json.loads(run(*arguments, "--format", "json"))
    assert data["Y"] == [[0], [1]]
    assert "unreachable_target" not in {finding["kind"] for finding in data["health"]}


@pytest.mark.parametrize("size", ["1e200", "1e308"])
def test_numbers_that_overflow_raise_no_warning(size):
    assert "∞" in run("2-1", "--x", f"{size},{size}", "--y", "1", "--iterations", 3)


def test_a_class_of_a_bundled_data_set_by_name_or_number():
    pytest.importorskip("sklearn")
    by_name, by_number = (run("4-3", "--data", "iris", "--y", y, "--format", "json") for y in ("virginica", "2"))
    assert by_name == by_number
    assert json.loads(by_name)["Y"] == [[0, 0, 1]]


def test_rows_of_a_bundled_data_set():
    pytest.importorskip("sklearn")
    text = run("4-5-3", "--data", "iris", "--rows", "0,60,120")
    for name in ("setosa", "versicolor", "virginica", "row 60"):
        assert name in text


def test_a_model_file_and_rows(folder):
    pytest.importorskip("safetensors")
    model = model_of(Network("3-4:tanh-3"))
    model.save("model.safetensors")
    (folder / "rows.csv").write_text("größe,kind,length,width\n2.1,class 1,0.1,2\n2,class 2,1,-3\n")
    data = json.loads(run("model.safetensors", "--data", "rows.csv", "--target", "kind", "--rows", "1,0", "--format", "json"))
    assert np.allclose(data["iterations"][0]["predictions"], model.outputs([[1, -3, 2], [0.1, 2, 2.1]]))
    text = run("model.safetensors", "--x", "1,-3,2", "--y", "class 2")
    assert "inputs are scaled as when it was trained" in text
    assert "class 2" in text
    with pytest.raises(HandgradError, match="a model file has its own weights and loss, so that --seed"):
        run("model.safetensors", "--x", "1,-3,2", "--y", "class 2", "--seed", 1)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["2-3-1:sigmoid"], "no examples were given: give examples as --x"),
        (["2-3-1:sigmoid", "--x", "1,2"], "--x and --y go together"),
        (["2-3-1:sigmoid", "--x", "1,a", "--y", "1"], "x: example 1 has 'a', which is not a number"),
        (["2-3-1:sigmoid", "--x", ";", "--y", "1"], "examples separated by ;"),
        (["2-3-1:sigmoid", "--x", "1,2;3", "--y", "1;0"], "example 1 has 2 numbers, but example 2 has 1"),
        (["2-3-1:sigmoid", "--x", "1,2,3", "--y", "1"], "2 inputs, but X has 3 columns"),
        (["2-3-1:sigmoid", "--x", "1,inf", "--y", "1"], "finite"),
        (["2-3", "--x", "1,2", "--y", "3"], "labels are whole numbers from 0 to 2"),
        ([*WORKED, "--format", "jsn"], "did you mean 'json'"),
        ([*WORKED, "--notation", "nelsen"], "did you mean 'nielsen'"),
        ([*WORKED, "--neuron", "2:5"], "units of layer 2 are counted from 1 to 1, but unit 5"),
        ([*WORKED, "--neuron", "5"], "layer:unit, as in 2:5, but '5'"),
        ([*WORKED, "--weight", "1:2,9"], "inputs are counted from 1 to 2, but input 9"),
        ([*WORKED, "--weight", "1,2,9"], "as in 1:3,7"),
        ([*WORKED, "--example", "3"], "examples are counted from 1 to 2, but example 3"),
        ([*WORKED, "--neuron", "1:1", "--weight", "1:1,1"], "give one of them"),
        ([*WORKED, "--out", "nowhere/page.md"], "cannot write to nowhere/page.md"),
        ([*WORKED, "--out", ".", "--format", "text"], "cannot write to ."),
        ([*WORKED, "--weights", "nothing.json"], "cannot read the weights from nothing.json"),
        ([*WORKED, "--weights", "weights.json", "--seed", "1"], "but both were given"),
        (["2-4-1:sigmoid", "--x", "1,2", "--y", "1", "--weights", "weights.json"], "W[1] has the shape (4, 2), but (3, 2)"),
        (["nothing.safetensors", "--x", "1", "--y", "1"], "there is no model file"),
        (["weights.json", "--x", "1", "--y", "1"], "weights.json"),
        (["2-2", "--data", "table.csv"], "table.csv needs targets: name their column with --target"),
        (["2-2", "--data", "table.csv", "--target", "knd"], "did you mean 'kind'"),
        (["2-2", "--data", "table.csv", "--target", "kind", "--rows", "0,3"], "no row 3: table.csv has the rows 0 to 2"),
        (["2-2", "--data", "table.csv", "--target", "kind", "--rows", "0,-1"], "but '-1' was given"),
        (["2-3", "--data", "table.csv", "--target", "kind"], "2 classes, which take 2 outputs or 1"),
        (["3-2", "--data", "table.csv", "--target", "kind"], "3 inputs, but table.csv has rows of 2"),
        (["2-2", "--data", "nothing.csv", "--target", "kind"], "nothing.csv"),
        (["2-2", "--data", "iris", "--target", "kind"], "has its own targets"),
        (["4-3", "--data", "irs"], "there is no file irs, nor a bundled data set of that name. did you mean 'iris'"),
        (["4-3", "--data", "irs", "--target", "kind"], "did you mean 'iris'"),
        (["4-3", "--data", "x" * 3000], "there is no file xxx"),
        (["4-3", "--data", "iris", "--x", "1,2,3,4", "--y", "1"], "come from --x and --y or are rows of --data"),
        ([*WORKED, "--rows", "0"], "--rows is of a table, but no --data was given"),
        ([*WORKED, "--target", "kind"], "--target is of a table, but no --data was given"),
        ([*WORKED, "--no-header"], "--header is of a table, but no --data was given"),
        (["4-3", "--data", "iris", "--delimiter", ";"], "iris is a data set, which has its own targets; --delimiter is for a file"),
        (["2-2", "--data", "table.csv", "--target", "kind", "--y", "1"], "from --y or from the column --target"),
        (["3-2", "--data", "table.csv", "--y", "1"], "row 1, column 'kind' is 'yes', but inputs are numbers"),
        (["4-3", "--data", "plain.csv", "--rows", "0,1", "--y", "1"], "but 2 and 1 were given"),
        (["4-3", "--data", "plain.csv", "--y", "3"], "labels are whole numbers from 0 to 2"),
        (["2-1", "--data", "table.csv", "--target", "kind"], "'yes', which is not a number"),
        ([*WORKED, "--weight", "1:1,1", "--example", "2"], "--weight and --example ask for two things"),
        ([*WORKED, "--example", "2", "--full"], "--example and --full ask for two things"),
        ([*WORKED, "--iterations", "0"], "iterations is a whole number, 1 or more, but 0 was given"),
        ([*WORKED, "--seed", "-1"], "--seed is a whole number, 0 or more, but -1 was given"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_error(arguments, says):
    with pytest.raises(HandgradError, match=re.escape(says)) as caught:
        run(*arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[", "is not JSON"),
        ('{"W": 1}', "a list of arrays by layer"),
        ('{"W": [], "c": []}', "has 'c', which is neither W nor b"),
        ('{"W": [[[1, 2], [3]], [[1, 2, 3]]]}', "W[1] is an array of numbers"),
        ('{"W": [[["1", "2"]], [[1]]]}', "W[1] is an array of numbers"),
        ('{"W": [[[1, 2], [3, 4], [5, 6]]]}', "2 layers, but 1 arrays were given for W"),
        ('{"W": [[[1, 2], [3, 4], [5, NaN]], [[1, 2, 3]]]}', "NaN or infinity"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_bad_weights_are_one_clear_error(folder, text, says):
    (folder / "bad.json").write_text(text)
    with pytest.raises(HandgradError, match=re.escape(says)):
        run(*WORKED, "--weights", "bad.json")


def test_nothing_is_written_where_something_is_wrong(folder):
    (folder / "page.md").write_text("kept")
    with pytest.raises(HandgradError):
        run(*WORKED, "--out", "page.md", "--neuron", "9:9")
    assert (folder / "page.md").read_text() == "kept"


def test_parameters_of_the_seed_are_those_that_a_program_draws():
    data = json.loads(run(*WORKED, "--seed", 5, "--format", "json"))
    assert data["before"]["W[1]"] == Parameters.draw(Network("2-3-1:sigmoid"), 5).W[1].tolist()
