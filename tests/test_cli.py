"""The command: what it prints, what it keeps, and one clear error for everything that it cannot do."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import handgrad
from handgrad.datasets import READERS, read_dataset
from handgrad.model import Model

CLASSES = [name for name in READERS if name != "diabetes"]


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    """A small model of the irises."""
    folder = tmp_path_factory.mktemp("iris")
    done = subprocess.run(
        [sys.executable, "-c", "from handgrad.cli import main; main()", "train", "iris", "--epochs", "20", "--json"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.count("\n") == 1
    return folder / "iris.safetensors"


def csv_of(path, columns, rows):
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("data", READERS)
def test_every_bundled_data_set_trains_and_is_predicted(run, data, tmp_path):
    code, out, err = run("train", data, "--epochs", 2, "--json")
    assert code == 0
    assert out.count("\n") == 1
    report = json.loads(out)
    told = ["score", "metric", "loss", "epochs", "best_epoch", "stopped", "gradient_check", "seconds", "model"]
    assert list(report) == told
    assert report["metric"] == ("R²" if data == "diabetes" else "accuracy")
    assert report["gradient_check"] < 1e-7
    assert report["model"] == f"{data}.safetensors"
    assert np.isfinite(report["score"])
    assert "gradient check: worst relative error" in err
    assert [entry.name for entry in tmp_path.iterdir()] == [f"{data}.safetensors"]
    code, out, err = run("predict", f"{data}.safetensors", data, "--json")
    examples = read_dataset(data)
    assert code == 0
    assert len(json.loads(out)["predictions"]) == len(examples.y)
    assert json.loads(out)["score"] == pytest.approx(Model.load(tmp_path / f"{data}.safetensors").score(examples.X, examples.y))


def test_the_digits_reach_97_percent_with_the_defaults(run):
    code, out, _ = run("train", "digits")
    assert code == 0
    assert "64-128:relu-10:softmax" in out
    assert "gradient check: worst relative error" in out
    (line,) = (line for line in out.splitlines() if line.startswith("hold-out accuracy"))
    score = float(line.split()[2])
    assert score >= 0.97
    assert Model.load("digits.safetensors").provenance["hold_out_score"] == pytest.approx(score, abs=1e-4)
    assert all(any(line.split()[:1] == [digit] and len(line.split()) == 11 for line in out.splitlines()) for digit in "0123456789")


def test_the_same_seed_gives_the_same_model(run, tmp_path):
    reports = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        _, out, _ = run("train", "iris", "--epochs", 3, "--seed", seed, "--out", f"{name}.safetensors", "--json")
        reports.append(json.loads(out) | {"seconds": 0, "model": ""})
    assert reports[0] == reports[1]
    assert reports[0] != reports[2]
    a, b, c = (Model.load(tmp_path / f"{name}.safetensors") for name in "abc")
    np.testing.assert_array_equal(a.parameters.buffer, b.parameters.buffer)
    assert not np.array_equal(a.parameters.buffer, c.parameters.buffer)


def test_the_options_reach_the_network(run, tmp_path):
    code, _, err = run(
        "train",
        "breast_cancer",
        "--network",
        "30-8:tanh-1:sigmoid",
        "--epochs",
        2,
        "--batch-size",
        64,
        "--learning-rate",
        0.05,
        "--l2",
        0.01,
        "--out",
        "m",
    )
    assert (code, err) == (0, "")
    model = Model.load(tmp_path / "m")
    assert str(model.network) == "30-8:tanh-1:sigmoid"
    assert model.network.loss.name == "binary_cross_entropy"
    assert model.network.l2 == 0.01
    assert model.classes == ("malignant", "benign")


@pytest.mark.parametrize("loss", ["squared_error", "huber(2)", "poisson", "quantile(0.7)", "log_cosh"])
def test_a_regression_with_other_losses(run, loss):
    code, out, _ = run("train", "diabetes", "--loss", loss, "--epochs", 30, "--json")
    assert code == 0
    assert json.loads(out)["score"] > 0.2
    _, out, _ = run("predict", "diabetes.safetensors", "diabetes")
    predictions = np.array([float(line) for line in out.splitlines()])
    assert 0 < predictions.min() < 100 < predictions.mean() < 200 < predictions.max() < 500  # in the targets' own unit


def test_a_table_is_predicted_by_the_names_of_its_columns(run, iris, tmp_path):
    examples = read_dataset("iris")
    order = [2, 0, 3, 1]
    named = csv_of(
        tmp_path / "named.csv",
        ["row", *(examples.features[c] for c in order)],
        [[i, *row[order]] for i, row in enumerate(examples.X)],
    )
    np.save(tmp_path / "rows.npy", examples.X)
    _, expected, _ = run("predict", iris, "iris")
    assert len(expected.splitlines()) == 150
    assert set(expected.split()) == {"setosa", "versicolor", "virginica"}
    for path in (named, tmp_path / "rows.npy"):
        assert run("predict", iris, path) == (0, expected, "")


def test_a_blank_line_at_the_end_is_no_row(run, iris, tmp_path):
    path = csv_of(tmp_path / "blank.csv", list(NAMES), read_dataset("iris").X[:3])
    path.write_text(path.read_text() + "\n\n")
    code, out, _ = run("predict", iris, path)
    assert (code, out) == (0, "setosa\n" * 3)


def test_a_table_whose_names_the_model_does_not_know_is_refused(run, iris, tmp_path):
    rows = read_dataset("iris").X[:3]
    refused(run("predict", iris, csv_of(tmp_path / "plain.csv", list("abcd"), rows)), "has no column 'sepal length (cm)'")
    refused(
        run("predict", iris, csv_of(tmp_path / "bare.csv", list(map(str, rows[0])), rows[1:])), "has no column 'sepal length (cm)'"
    )


def test_predictions_go_to_a_file(run, iris, tmp_path):
    _, expected, told = run("predict", iris, "iris")
    assert "accuracy over all 150 rows of iris" in told
    code, out, _ = run("predict", iris, "iris", "--out", "predictions.txt")
    assert (code, out) == (0, "")
    assert (tmp_path / "predictions.txt").read_text() == expected


def refused(result, message):
    code, _, err = result
    assert code == 2
    assert "Traceback" not in err
    assert 1 <= len(err.strip().splitlines()) <= 2, err
    assert message in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "there is no file nothing, nor a bundled data set of that name"),
        (["irs"], "did you mean 'iris'"),
        (["iris", "--network", "4-0-3"], "a width is a whole number"),
        (["iris", "--network", "4-many-3"], "a width is a whole number"),
        (["iris", "--network", "5-3"], "iris has 4 features, but the network 5-3:softmax has 5 inputs"),
        (["iris", "--network", "4-2"], "iris has 3 classes, but the network 4-2:softmax has 2 outputs"),
        (["diabetes", "--network", "10-2"], "diabetes has one number to predict"),
        (["iris", "--network", "4-3:rleu-3"], "did you mean 'relu'"),
        (["iris", "--network", "4-3:softmax-3"], "softmax is an output activation"),
        (["iris", "--network", "4-3:tanh", "--loss", "cross_entropy"], "cross_entropy needs outputs that sum to 1"),
        (["iris", "--loss", "crossentropy"], "did you mean 'cross_entropy'"),
        (["iris", "--loss", "huber(-1)"], "huber needs a delta"),
        (["diabetes", "--loss", "binary_cross_entropy"], "binary_cross_entropy takes targets in [0, 1]"),
        (["iris", "--l2", "-1"], "l2 is a finite number"),
        (["iris", "--l2", "nan"], "l2 is a finite number"),
        (["iris", "--learning-rate", "0"], "learning_rate is a finite number above 0"),
        (["iris", "--learning-rate", "nan"], "learning_rate is a finite number above 0"),
        (["iris", "--learning-rate", "inf"], "learning_rate is a finite number above 0"),
        (["diabetes", "--optimiser", "gradient_descent", "--learning-rate", "1e200"], "the run diverges"),
        (["iris", "--out", "none/m.safetensors"], "there is no folder none"),
        (["iris", "--out", "."], "it is a folder"),
        (["iris", "--network", "4-9999999-9999999-3"], "parameters"),
    ],
)
def test_what_cannot_be_trained_leaves_nothing(run, tmp_path, arguments, message):
    refused(run("train", *arguments), message)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ["iris", "--epochs", "0"],
        ["iris", "--batch-size", "0"],
        ["iris", "--seed", "-1"],
        ["iris", "--epochs", "x"],
        [],
        ["iris", "--no"],
    ],
)
def test_a_wrong_use_of_the_options_exits_with_2(run, tmp_path, arguments):
    code, out, err = run("train", *arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert err
    assert not list(tmp_path.iterdir())


def test_a_model_before_stays_whole_when_a_run_fails(run, tmp_path):
    run("train", "diabetes", "--epochs", 1)
    before = (tmp_path / "diabetes.safetensors").read_bytes()
    refused(run("train", "diabetes", "--optimiser", "gradient_descent", "--learning-rate", "1e200"), "the run diverges")
    assert (tmp_path / "diabetes.safetensors").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        (NAMES, [[1, 2, 3, 4], [1, "", 3, 4]], "row 2 has no value in column 'sepal width (cm)'"),
        (NAMES, [[1, 2, 3, 4], [1, 2, "red", 4]], "row 2, column 'petal length (cm)' is 'red', but inputs are numbers"),
        (
            NAMES,
            [[1, 2, 3.5, 4], [1, 2, "NaN", 4.5]],
            "row 2 has no value in column 'petal length (cm)': 'NaN' says that it is missing",
        ),
        (NAMES, [[1, 2, 3, "inf"]], "row 1, column 'petal width (cm)' is 'inf', but inputs are finite numbers"),
        (NAMES[:3], [[1, 2, 3]], "has no column 'petal width (cm)', which the model needs"),
        ([*NAMES[:3], "petal wdith"], [[1, 2, 3, 4]], "petal width (cm)"),
        (NAMES, [], "no rows"),
        ([*NAMES, NAMES[0]], [[1, 2, 3, 4, 5]], "two columns are called 'sepal length (cm)'"),
        (NAMES, [[1, 2, 3, 4], [1, 2, 3, 4, 5]], "line 3 has 5 fields, but 4 were expected"),
    ],
)
def test_tables_that_cannot_be_predicted(run, iris, columns, rows, message):
    refused(run("predict", iris, csv_of(Path("table.csv"), columns, rows), "--out", "p.txt"), message)
    assert not Path("p.txt").exists()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 3)), "(n_samples, 4)"),
        (np.zeros(4), "(n_samples, 4)"),
        (np.array(3.0), "holds a single value, but a table has rows and columns"),
        (np.zeros((0, 4)), "no rows"),
        (np.array([["a", "b", "c", "d"]]), "numbers"),
        (np.array([[1, np.nan, 2, 3]]), "row 1 has no value in column 'x1'"),
        (np.array([[1, 2, 3, None]]), "holds Python objects (a pickle), which are never loaded"),
    ],
)
def test_arrays_that_cannot_be_predicted(run, iris, tmp_path, array, message):
    np.save(tmp_path / "array.npy", array)
    refused(run("predict", iris, tmp_path / "array.npy"), message)


@pytest.mark.parametrize("name", ["none.csv", "none", "file.txt", "broken.npy", "empty.csv", "broken.csv", "."])
def test_files_that_cannot_be_predicted(run, iris, tmp_path, name):
    (tmp_path / "file.txt").write_text("1 2 3 4\n")
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY\1\0")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "broken.csv").write_bytes(b"\xff\xfe\0\0\x80\n\x81")
    refused(run("predict", iris, name), name)


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x08\0\0\0\0\0\0\0{}      "])
def test_models_that_cannot_be_read(run, tmp_path, data):
    (tmp_path / "m.safetensors").write_bytes(data)
    refused(run("predict", "m.safetensors", "iris"), "m.safetensors ")


def test_a_model_that_is_not_there(run):
    refused(run("predict", "none.safetensors", "iris"), "none.safetensors")


def test_a_truncated_model(run, iris, tmp_path):
    (tmp_path / "half.safetensors").write_bytes(iris.read_bytes()[:-100])
    refused(run("predict", "half.safetensors", "iris"), "half.safetensors is damaged, truncated or no model file")


def test_a_data_set_of_another_shape(run, iris):
    refused(run("predict", iris, "wine"), "the model takes numbers of the shape (n_samples, 4)")


def test_predictions_that_cannot_be_written(run, iris, tmp_path):
    refused(run("predict", iris, "iris", "--out", "none/p.txt"), "cannot write the predictions to none/p.txt")
    assert not list(tmp_path.iterdir())


def test_the_version_and_the_help(run):
    assert run("--version") == (0, f"handgrad {handgrad.__version__}\n", "")
    for arguments in (["--help"], ["train", "-h"], ["predict", "--help"]):
        code, out, err = run(*arguments)
        assert (code, err) == (0, "")
        assert "Usage" in out


def test_nothing_is_coloured_where_no_terminal_is(run):
    _, out, err = run("train", "iris", "--epochs", 1)
    assert "\x1b" not in out + err


def test_a_reader_that_has_seen_enough(iris):
    command = [sys.executable, "-c", "from handgrad.cli import main; main()", "predict", str(iris), "iris"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        err = process.stderr.read().decode()
    assert process.returncode in {0, 1}
    assert "Traceback" not in err
    assert "Error" not in err


def test_derive_writes_every_format_and_takes_it_from_the_ending(run, tmp_path):
    for name in ("d.txt", "d.md", "d.tex", "d.html", "d.json", "d.py"):
        code, out, err = run("derive", "2-3:tanh-1", "--notation", "rows", "--out", name)
        assert (code, out, err) == (0, "", f"written to {name}\n")
    assert (tmp_path / "d.tex").read_text().startswith("\\documentclass")
    compile((tmp_path / "d.py").read_text(), "d.py", "exec")
    code, out, err = run("derive", "2-3:tanh-1", "--notation", "rows", "--format", "latex")
    assert (code, err) == (0, "")
    assert out == (tmp_path / "d.tex").read_text()


def test_derive_shows_single_steps_in_the_readers_notation(run):
    code, out, err = run(
        "derive", "2-3:tanh-1", "--step", "dW2", "--step", "dZ1_slope", "--set", "names.W=θ", "--set", "gradient=delta"
    )
    assert (code, err) == (0, "")
    assert "∂J/∂θ[2] = 1/m δ[2] A[1]ᵀ" in out
    assert "δ[1] = (θ[2]ᵀ δ[2]) ⊙ tanh'(Z[1])" in out


def test_derive_takes_layers_loss_and_update_rule(run):
    code, out, err = run(
        "derive", "4-3:relu-2:tanh-2:softmax", "--layers", "general", "--optimiser", "adam", "--l2", "0.1", "--short"
    )
    assert (code, err) == (0, "")
    for line in (
        "Z[l] = W[l] A[l-1] + b[l]",
        "A[l] = g[l](Z[l])",
        "dW[l] = 1/m dZ[l] A[l-1]ᵀ + λ W[l]",
        "v := β₁ v + (1 - β₁) ∂J/∂θ",
    ):
        assert line in out


def test_a_deep_network_is_derived(run):
    code, out, err = run("derive", "3" + "-3:tanh" * 60 + "-2", "--short")
    assert (code, err) == (0, "")
    assert "dZ[60] = dA[60] ⊙ tanh'(Z[60])" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2-x"], "a width is a whole number"),
        (["2-1", "--notation", "nielson"], "did you mean 'nielsen'"),
        (["2-1", "--format", "latx"], "did you mean 'latex'"),
        (["2-1", "--out", "d.doc"], "names no format"),
        (["2-1", "--out", "no/such/folder.md"], "cannot write to no/such/folder.md"),
        (["2-1", "--step", "dZ7"], "there is no equation 'dZ7'"),
        (["2-1", "--layers", "all"], "there is no way to count layers 'all'"),
        (["2-1", "--optimiser", "adm"], "did you mean 'adam'"),
        (["2-1", "--one-over-m", "db"], "there is no place for 1/m 'db'"),
        (["2-1", "--set", "lower"], "name=value"),
        (["2-1:softmax"], "two or more outputs"),
    ],
)
def test_what_cannot_be_derived_is_one_clear_error(run, tmp_path, arguments, message):
    code, out, err = run("derive", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("handgrad: ")
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())
