"""handgrad train FILE: what it prints, what it keeps, and one clear error for everything that it cannot do."""

import json
import re

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
        r"penguins\.csv: 344 rows, 8 columns; fields separated by ,", "island +categories +Biscoe",
        r"body_mass_g +number +median \d+",
        "note: species: its values are texts, 3 different ones, so this is a classification",
        "219 rows to train on, 39 to stop by, 86 held out",
        "network 14-16:relu-3:softmax, cross_entropy", "gradient check: worst relative error",
        "an epoch takes .*11 more take at most",
        r"epoch 12/12 .* validation accuracy", r"accuracy 0\.\d+ .*86 rows held out", "majority class", "linear model",
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
    assert "80 images, but images holds an array of 80 × 3 × 3" in err


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
    assert re.search(r"epochs fit into 0\.01 s", out)
