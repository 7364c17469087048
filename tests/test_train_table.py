"""handgrad train FILE: what it prints, what it keeps, and one clear error for everything that it cannot do."""

import gzip
import json
import os
import re
import signal

import numpy as np
import pytest
from real_tables import real, written

import handgrad
from handgrad.tables.frames import canonical

FEW = ("--hidden", "16", "--epochs", 12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Real tables as files of several kinds."""
    place = tmp_path_factory.mktemp("tables")
    for name in ("penguins", "crx", "german", "diabetes", "wine"):
        for ending in (".csv", ".parquet", ".arrow"):
            written(real(name)[0], place / f"{name}{ending}")
    return place


@pytest.mark.parametrize("name", ["penguins", "crx", "german", "diabetes", "wine"])
def test_a_table_gives_the_same_model_from_every_kind_of_file(run, folder, name, tmp_path):
    frame, target = real(name)
    reports = []
    for ending in (".csv", ".parquet", ".arrow"):
        code, out, err = run("train", folder / f"{name}{ending}", "--target", target, "--epochs", 40, "--no-baselines", "--json")
        assert code == 0, err
        report = json.loads(out)
        reports.append({key: value for key, value in report.items() if key not in {"model", "course", "notes"}})
        model = handgrad.load(tmp_path / report["model"])
        assert model.target == target
        text = frame.with_columns([canonical(column) for column in frame])
        np.testing.assert_array_equal(model.predict(text), model.predict(frame))
    assert reports[0] == reports[1] == reports[2]
    least = {"penguins": 0.9, "crx": 0.75, "german": 0.65, "diabetes": 0.2, "wine": 0.9}
    assert next(iter(reports[0]["scores"].values())) > least[name]


def test_what_it_prints(run, folder, tmp_path):
    code, out, err = run("train", folder / "penguins.csv", "--target", "species", *FEW, "--report", "report.html")
    assert code == 0, err
    told = [
        r"penguins\.csv: 344 rows, 8 columns; fields separated by ','", "island +categories +Biscoe",
        r"body_mass_g +number +median \d+",
        "note: species: its values are texts, 3 different ones, so this is a classification",
        "219 rows to train on, 39 to stop by, 86 held out",
        "network 14-16:relu-3:softmax, cross_entropy", "gradient check: worst relative error",
        "an epoch takes .*11 more take at most",
        r"epoch 12/12 .* validation loss", r"accuracy 0\.\d+ .*86 rows held out", "majority class", "linear model",
        "HistGradientBoosting", "precision +recall", "Which columns matter", "How training went", r"model: penguins\.safetensors",
    ]  # fmt: skip
    place = 0
    for pattern in told:
        found = re.search(pattern, out[place:])
        assert found, (pattern, out[place:])
        place += found.start()
    assert max(map(len, out.splitlines())) <= 120
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count("<svg") >= 3
    assert not re.search(r"(src|href)=\"[^#]|url\(|<script", page)
    assert "written to report.html" in err


def test_roles_and_left_out_columns(run, tmp_path):
    frame = real("penguins")[0].with_row_index("number").with_columns(
        name=np.array([f"bird {n}" for n in range(344)]), seen=np.array([f"2024-01-{1 + n % 28:02}" for n in range(344)])
    )  # fmt: skip
    path = written(frame, tmp_path / "birds.csv")
    code, _, err = run("train", path, "--target", "species")
    assert code == 2
    assert "column 'seen' holds dates" in err
    assert "--drop seen" in err
    code, out, err = run(
        "train", path, "--target", "species", "--time-column", "seen", "--drop", "year", "--keep", "island", *FEW, "--no-baselines"
    )  # fmt: skip
    assert code == 0, err
    assert re.search("number +left out +it counts the rows", out)
    assert re.search(r"name +left out +all \d+ values differ", out)
    assert re.search("year +left out", out)
    provenance = handgrad.load(tmp_path / "birds.safetensors").model.provenance
    assert provenance["time_column"] == "seen"
    assert "seen" not in handgrad.load(tmp_path / "birds.safetensors").columns


def test_a_column_that_tells_the_target_is_pointed_out(run, tmp_path):
    frame, target = real("crx")
    path = written(
        frame.with_columns(copy=canonical(frame[target]).replace({"positive": "A", "negative": "B"})), tmp_path / "a.csv"
    )
    _, out, _ = run("train", path, "--target", target, *FEW, "--no-baselines")
    assert re.search("By itself copy .*predicts class", out.replace("\n", " "))


def test_few_of_a_class_is_pointed_out(run, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    lines = [f"{a:.4f},{'rare' if a > 1.9 else 'common'}" for a in x]
    (tmp_path / "a.csv").write_text("x,kind\n" + "\n".join(lines) + "\n")
    _, out, _ = run("train", tmp_path / "a.csv", "--target", "kind", *FEW, "--no-baselines")
    assert "--class-weight balanced" in out.replace("\n", " ")


def test_a_test_file_with_columns_in_another_order(run, tmp_path):
    frame, _ = real("penguins")
    written(frame[:250], tmp_path / "a.csv")
    written(frame[250:].select(reversed(frame.columns)), tmp_path / "b.parquet")
    code, out, err = run("train", "a.csv", "--target", "body_mass_g", "--test", "b.parquet", *FEW, "--no-baselines", "--json")
    assert code == 0, err
    assert json.loads(out)["rows"] == 93  # one has no mass


def test_images_and_labels_in_idx_files(run, tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 80).astype(np.uint8)
    images = (rng.integers(0, 100, (80, 3, 3)) + 100 * labels[:, None, None]).astype(np.uint8)
    for name, array in (("images", images), ("labels", labels)):
        head = bytes([0, 0, 8, array.ndim]) + b"".join(int(n).to_bytes(4, "big") for n in array.shape)
        (tmp_path / name).write_bytes(head + array.tobytes())
    code, out, err = run("train", "images", "--target", "labels", *FEW, "--no-baselines", "--json")
    assert code == 0, err
    assert json.loads(out)["scores"]["accuracy"] > 0.9
    code, _, err = run("train", "images", "--target", "images")
    assert code == 2
    assert "80 images, but images an array of 80 × 3 × 3" in err
    for name in ("images", "labels"):
        (tmp_path / f"t10k-{name}").write_bytes((tmp_path / name).read_bytes())
    code, out, err = run("train", "images", "--target", "labels", "--test", "t10k-images", *FEW, "--no-baselines", "--json")
    assert code == 0, err
    assert json.loads(out)["rows"] == 80
    (tmp_path / "t10k-labels").unlink()
    code, _, err = run("train", "images", "--target", "labels", "--test", "t10k-images")
    assert code == 2
    assert "as t10k-labels, but there is no such file" in err


LINES = ["age,town,income", *(f"{20 + n},{'AB'[n % 2]},{'hi' if n % 3 else 'lo'}" for n in range(40))]


def changed(at, line):
    return [*LINES[:at], line, *LINES[at + 1 :]]


BAD = {
    "no target": (LINES, (), r"name the column to learn with --target; t\.csv has the columns age, town, income"),
    "another target": (LINES, ("--target", "incom"), "no column 'incom'.*did you mean 'income'"),
    "ragged": (changed(5, "24,A,hi,more"), ("--target", "income"), r"line 6.*4 fields.*3"),
    "short": (changed(5, "24,A"), ("--target", "income"), r"line 6.*2 fields.*3"),
    "one class": ([LINES[0], *("1,A,hi" for _ in range(20))], ("--target", "income"), "'hi' in all rows"),
    "empty": ([], ("--target", "income"), "empty"),
    "a header alone": (LINES[:1], ("--target", "income"), "no rows"),
    "text among numbers": (changed(5, "abc,A,hi"), ("--target", "income"), "'age', row 5: 'abc' is not a number"),
    "twice": (["age,age,income", *LINES[1:]], ("--target", "income"), "two columns.*'age'"),
    "no such task": (LINES, ("--target", "income", "--task", "regress"), "did you mean 'regression'"),
    "no such drop": (LINES, ("--target", "income", "--drop", "twn"), "did you mean 'town'"),
    "not that long": (LINES, ("--target", "income", "--time-limit", "soon"), "90s, 5m or 1.5h, but 'soon'"),
    "resume": (LINES, ("--target", "income", "--resume"), "--checkpoint DIR"),
    "no report": (LINES, ("--target", "income", "--report", "a.xyz"), "names no format"),
    "no folder for the report": (LINES, ("--target", "income", "--report", "nowhere/r.html"), "the report.*no folder nowhere"),
    "no such folder": (LINES, ("--target", "income", "--out", "nowhere/m.safetensors"), "no folder nowhere"),
    "wrong network": (LINES, ("--target", "income", "--network", "9-3-2"), "9 inputs"),
    "number target": (LINES, ("--target", "town", "--task", "regression"), "row 1.*'A' is not a number"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_error(run, tmp_path, name):
    lines, options, message = BAD[name]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n" if lines else "")
    code, _, err = run("train", "t.csv", *options)
    assert code == 2
    assert re.search(message, err), err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("*.safetensors"))


def test_another_encoding_is_named_and_then_read(run, tmp_path):
    text = "\n".join(LINES).replace("A", "Köln")
    (tmp_path / "t.csv").write_bytes(text.encode("latin-1"))
    code, _, err = run("train", "t.csv", "--target", "income")
    assert code == 2
    assert "line 2 has the byte 0xf6" in err
    assert "--encoding cp1252" in err
    code, out, err = run("train", "t.csv", "--target", "income", "--encoding", "latin-1", *FEW, "--no-baselines")
    assert code == 0, err
    assert "Köln" in out
    assert handgrad.load(tmp_path / "t.safetensors").model.provenance["reading"]["encoding"] == "latin-1"


def test_ten_thousand_categories_are_no_memory_bomb(run, tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"{rng.normal():.3f},street {n % 10_000},{'yes' if n % 3 else 'no'}" for n in range(12_000)]
    (tmp_path / "t.csv").write_text("x,street,y\n" + "\n".join(lines) + "\n")
    code, out, err = run("train", "t.csv", "--target", "y", "--hidden", "4", "--epochs", 1, "--no-baselines")
    assert code == 0, err
    assert re.search("street +left out", out)
    code, _, err = run("train", "t.csv", "--target", "street")
    assert code == 2
    assert "10,000 different values" in err


def test_options_of_tables_do_not_go_with_bundled_data(run):
    code, _, err = run("train", "iris", "--target", "species")
    assert code == 2
    assert "bundled data set, which has its own target" in err


def test_a_time_limit_says_how_many_epochs_fit(run, folder):
    code, out, err = run(
        "train", folder / "wine.csv", "--target", "target", "--hidden", "8", "--time-limit", "0.01s", "--no-baselines"
    )
    assert code == 0, err
    assert re.search(r"epochs? fit into|fit into 0", out)


def test_options_of_columns_and_rows_reach_the_model(run, folder, tmp_path):
    code, _, err = run(
        "train", folder / "german.csv", "--target", "class", "--group", "A0", "--categorical", "A7", "--scaling", "standard",
        "--max-categories", 2, "--drop", "A1", "--keep", "A0", *FEW, "--no-baselines",
    )  # fmt: skip
    assert code == 0, err
    model = handgrad.load(tmp_path / "german.safetensors")
    described = {name: (kind, detail) for name, kind, detail in model.table.describe()}
    assert described["A7"][0] == "categories"
    assert described["A1"][0] == "left out"
    assert "A0" in model.columns
    assert all(not column.clip for column in model.table.columns if hasattr(column, "clip"))
    assert max(column.width for column in model.table.columns) == 3
    assert model.model.provenance["group"] == "A0"
    assert model.model.provenance["options"]["scaling"] == "standard"


def test_weights_and_words_for_missing(run, tmp_path):
    lines = [
        "x,w,y",
        *(f"{'none' if n % 9 == 0 else n},{1 if n % 2 else 0.001},{'?!' if n % 10 == 0 else 'ab'[n % 2]}" for n in range(80)),
    ]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    given = ("train", "t.csv", "--target", "y", "--weight", "w", "--missing", "none", "--missing", "?!", *FEW, "--no-baselines")
    code, out, err = run(*given, "--json")
    assert code == 0, err
    report = json.loads(out)
    assert report["scores"]["accuracy"] > 0.99  # b alone counts
    assert any("8 rows have no y" in note for note in report["notes"])
    assert handgrad.load(tmp_path / "t.safetensors").classes_.tolist() == ["a", "b"]


def test_a_run_goes_on_from_its_checkpoint(run, folder, tmp_path):
    given = ("train", folder / "wine.csv", "--target", "target", "--hidden", "8", "--no-baselines", "--epochs", 9)
    assert run(*given, "--out", "whole.safetensors")[0] == 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("handgrad.engine.runs.progress.Progress.epoch", interrupted_after(4))
        code, _, _ = run(*given, "--checkpoint", "kept", "--out", "part.safetensors")
        assert code == 130
    code, _, err = run(*given, "--checkpoint", "kept", "--resume", "--out", "resumed.safetensors")
    assert code == 0, err
    whole, resumed = (handgrad.load(tmp_path / f"{name}.safetensors").model for name in ("whole", "resumed"))
    np.testing.assert_array_equal(whole.parameters.buffer, resumed.parameters.buffer)
    assert (tmp_path / "part.safetensors").exists()


def interrupted_after(epochs):
    def epoch(_, state):
        if state.epoch == epochs:
            os.kill(os.getpid(), signal.SIGINT)

    return epoch


def test_a_model_is_kept_when_its_assessment_is_interrupted(run, folder, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("handgrad.assessment.assess", interrupted)
    code, out, _ = run("train", folder / "wine.csv", "--target", "target", *FEW)
    assert code == 130
    assert "the model is kept in wine.safetensors, but was not assessed" in out
    assert handgrad.load(tmp_path / "wine.safetensors").target == "target"


def test_nothing_is_written_over_what_is_read(run, tmp_path):
    (tmp_path / "t.csv").write_text("\n".join(LINES) + "\n")
    for option in ("--out", "--report"):
        code, _, err = run("train", "t.csv", "--target", "income", option, "t.csv")
        assert code == 2
        assert "t.csv" in err
        assert (tmp_path / "t.csv").read_text().startswith("age,town")


def test_the_file_to_train_on_is_no_test(run, tmp_path):
    (tmp_path / "t.csv").write_text("\n".join(LINES) + "\n")
    code, _, err = run("train", "t.csv", "--target", "income", "--test", "./t.csv")
    assert code == 2
    assert "is the file to train on" in err


def test_a_test_file_is_read_as_the_table_was(run, tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"{a:.1f};{2 * a:.1f}".replace(".", ",") for a in rng.uniform(1, 9, 60)]
    (tmp_path / "a.csv").write_text("x;y\n" + "\n".join(lines) + "\n")
    (tmp_path / "b.csv").write_text("x;y\n" + "\n".join(lines[:20]).replace(",", ",0") + "\n")
    code, out, err = run(
        "train", "a.csv", "--target", "y", "--test", "b.csv", "--task", "regression", *FEW, "--no-baselines", "--json"
    )
    assert code == 0, err
    assert json.loads(out)["error_quantiles"]["100"] < 20


def test_archives_and_compressed_files(run, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    np.savez(tmp_path / "a.npz", x_train=X[:60], y_train=(X[:60, 0] > 0), x_test=X[60:], y_test=(X[60:, 0] > 0))
    code, out, err = run("train", "a.npz", "--epochs", 60, "--no-baselines", "--json")
    assert code == 0, err
    assert json.loads(out)["rows"] == 20
    assert handgrad.load(tmp_path / "a.safetensors").classes_.tolist() == [False, True]
    with gzip.open(tmp_path / "people.csv.gz", "wt") as file:
        file.write("\n".join(LINES) + "\n")
    code, _, err = run("train", "people.csv.gz", "--target", "income", *FEW, "--no-baselines")
    assert code == 0, err
    assert (tmp_path / "people.safetensors").exists()


@pytest.mark.parametrize("option", [("--scaling", "standard"), ("--no-baselines",), ("--decimal", ","), ("--no-header",)])
def test_bundled_data_take_no_option_of_files(run, option):
    code, _, err = run("train", "iris", *option)
    assert code == 2
    assert "is for tables in files" in err
