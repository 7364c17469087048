"""Files that commands read and write: none is written over, places of any name are taken, and what goes wrong is told as it is."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from real_tables import real
from tabled import files_in, fill, model_of_table, refused

from handgrad.cli import tables
from handgrad.cli.output import require_apart, require_writable
from handgrad.errors import DataError
from handgrad.model import Model
from handgrad.tables.encoding import TableEncoding
from handgrad.tables.reading import TableFile

PENGUINS, _ = real("penguins")


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A folder with models and files that no test changes."""
    return fill(tmp_path_factory.mktemp("given"))


@pytest.fixture
def here(given, tmp_path):
    """A folder of its own with a model, a table, and other names for both."""
    for name in ("species.safetensors", "penguins.csv"):
        (tmp_path / name).write_bytes((given / name).read_bytes())
    (tmp_path / "link.html").symlink_to("penguins.csv")
    (tmp_path / "hard.html").hardlink_to(tmp_path / "species.safetensors")
    return tmp_path


@pytest.mark.parametrize("out", ["link.html", "hard.html", "./../{}/link.html"])
@pytest.mark.parametrize(
    "command",
    [
        "predict species.safetensors penguins.csv --out",
        "evaluate species.safetensors penguins.csv --report",
        "explain species.safetensors --data penguins.csv --out",
        "derive link.html --out",
        "derive hard.html --out",
        "show link.html --out",
        "show hard.html --out",
    ],
)
def test_no_command_writes_over_what_it_reads(run, here, command, out):
    before = {name: (here / name).read_bytes() for name in files_in(here)}
    words = command.split()
    result = run(*words, out.format(here.name))
    if words[1] in {"link.html", "hard.html"} and words[1] not in out:  # the other file, which is not read
        assert "would write over" not in result[2]
        return
    refused(result, "which is read; name another file")
    assert {name: (here / name).read_bytes() for name in files_in(here)} == before


def test_files_are_told_apart_by_what_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_text("a")
    (tmp_path / "other").symlink_to("a")
    for read in (["a"], ["none", tmp_path / "a"], ["other"], [None, "a"]):
        with pytest.raises(DataError, match="the page would write over other, which is read"):
            require_apart(tmp_path.joinpath("other").relative_to(tmp_path), "the page", *read)
    with pytest.raises(DataError, match="what else is written to"):
        require_apart(tmp_path / "b", "the page", "a", others=[None, tmp_path / "." / "b"])
    require_apart(tmp_path / "b", "the page", "a", "b", None, "x" * 5000, others=[None, tmp_path / "c"])
    require_apart(None, "the page", "a")


def test_places_that_can_be_written_are_known_before(tmp_path):
    (tmp_path / "there").write_text("before")
    (tmp_path / "dangling").symlink_to(tmp_path / "new")
    for path in (None, tmp_path / "there", tmp_path / "dangling", tmp_path / "new", tmp_path / "[x]*.csv", os.devnull):
        require_writable(path and tmp_path / path, "the page")
    for path, why in (
        (tmp_path, "it is a folder"), (tmp_path / "none" / "x", "there is no folder"),
        (tmp_path / "there" / "x", "there is no folder"), (tmp_path / ("x" * 300), "File name too long"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=f"cannot write the page to .*{why}"):
            require_writable(path, "the page")
    reading, writing = os.pipe()
    require_writable(Path(f"/dev/fd/{writing}"), "the page")  # as /dev/stdout is in a pipeline
    os.close(reading), os.close(writing)
    assert files_in(tmp_path) == ["dangling", "there"]
    assert (tmp_path / "there").read_text() == "before"


@pytest.mark.parametrize("out", ["none/p.csv", ".", "x" * 300 + ".csv"])
def test_nothing_is_computed_for_a_place_that_cannot_be_written(run, given, monkeypatch, out):
    monkeypatch.setattr(Model, "load", lambda _: pytest.fail("it was computed"))
    model, data = given / "species.safetensors", given / "penguins.csv"
    refused(run("predict", model, data, "--out", out), "cannot write the predictions to")
    result = run("evaluate", model, data, "--report", f"{out}/none/r.html")
    refused(result, "cannot write the report to")


@pytest.mark.parametrize("name", ["q[1].parquet", "q*.parquet", "q?.csv", "[a]/q.parquet", "{a}/%20.csv"])
def test_names_may_look_like_patterns(run, given, tmp_path, monkeypatch, name):
    monkeypatch.setattr(tables, "ROWS", 100)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    assert run("predict", given / "mass.safetensors", given / "penguins.csv", "--out", name) == (0, "", "")
    found = (pl.read_csv if name.endswith("csv") else pl.read_parquet)((tmp_path / name).read_bytes())
    np.testing.assert_array_equal(found["prediction"], Model.load(given / "mass.safetensors").predict(PENGUINS))
    assert [path.name for path in (tmp_path / name).parent.iterdir()] == [(tmp_path / name).name]


OF_FILES = [["--delimiter", ";"], ["--header"], ["--no-header"], ["--encoding", "latin-1"], ["--decimal", ","]]


@pytest.mark.parametrize("option", [*OF_FILES, ["--target", "x"], ["--weight", "x"]], ids=lambda option: option[0])
def test_options_of_files_do_not_go_with_a_data_set(run, given, option):
    told = f"iris is a data set, which has its own targets; {option[0]} is for a file"
    commands = [["evaluate", given / "iris.safetensors", "iris"]]
    commands += [["predict", given / "iris.safetensors", "iris"]] if option in OF_FILES else []
    commands += [["explain", "4-3", "--data", "iris"]] if option[0] != "--weight" else []
    for command in commands:
        refused(run(*command, *option), told)


def test_json_is_a_format(run, given):
    refused(run("show", given / "iris.safetensors", "--json", "--format", "markdown"), "--format does not go with it")


@pytest.mark.parametrize("name", ["p.csv", "p.parquet", "p.txt"])
@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), DataError("row 7 is no row")])
def test_what_cannot_be_read_is_not_told_as_what_cannot_be_written(run, given, tmp_path, monkeypatch, name, error):  # noqa: PLR0917
    def broken(self):
        yield from whole(self)
        raise error

    whole = TableFile._rows
    monkeypatch.setattr(TableFile, "_rows", broken)
    monkeypatch.setattr(tables, "ROWS", 100)
    result = run("predict", given / "species.safetensors", given / "penguins.csv", "--out", name)
    refused(result, getattr(error, "strerror", None) or str(error))
    assert "cannot write" not in result[2]
    assert not files_in(tmp_path)


@pytest.mark.parametrize("label", ["a\nb", "a\r\nb", "a\rb"])
def test_labels_of_several_lines_are_not_written_as_lines(run, tmp_path, label):
    frame = pl.DataFrame({"x": np.arange(30.0) ** 1.5, "y": [label, "c", "d"] * 10})
    model = model_of_table(frame, "y")
    model.save("m.safetensors")
    frame.write_csv("t.csv")
    for out in ([], ["--out", "p.txt"]):
        refused(run("predict", "m.safetensors", "t.csv", *out), "--out FILE.csv")
    assert run("predict", "m.safetensors", "t.csv", "--out", "p.csv") == (0, "", "")
    expected = [model.classes[c] for c in model.predict(frame)]
    assert pl.read_csv(tmp_path / "p.csv")["prediction"].to_list() == expected
    assert json.loads(run("predict", "m.safetensors", "t.csv", "--json")[1])["predictions"] == expected


@pytest.mark.parametrize("word", ["unknown", "-999"])
def test_words_that_mean_missing_do_so_in_answers_and_weights(run, given, word):
    """Numbers to predict, classes and weights: a row with such a word has none."""
    numbers = PENGUINS.with_columns(pl.col("body_mass_g").cast(pl.String).fill_null(word), w=pl.lit("1"))
    classes = PENGUINS.with_columns(species=pl.when(pl.int_range(344) < 4).then(pl.lit(word)).otherwise("species"))
    numbers.write_csv("mass.csv")
    classes.write_csv("species.csv")
    for name, left in (("mass", 2), ("species", 4)):
        model = Model.load(given / f"{name}.safetensors")
        table = replace(model.table, missing=(word,))
        assert isinstance(table, TableEncoding)
        replace(model, table=table).save("m.safetensors")
        code, out, err = run("evaluate", "m.safetensors", f"{name}.csv", "--json")
        assert (code, err) == (0, "")
        assert json.loads(out)["rows"] == 344 - left
    numbers.with_columns(species=pl.lit("Adelie"), w=pl.lit(word)).write_csv("w.csv")
    refused(run("evaluate", "m.safetensors", "w.csv", "--weight", "w"), "column 'w', row 1 has no weight")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the most memory that was taken is read from /proc")
def test_the_memory_that_predicting_takes_does_not_grow_with_the_file(given, tmp_path):
    program = (
        "from pathlib import Path; from handgrad.cli import main\n"
        "try: main()\n"
        "finally: print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    header, *lines = (given / "penguins.csv").read_text().splitlines()
    block = "".join(f"{line},{'x' * 400}\n" for line in lines)  # a column that the model does not know
    taken = []
    for blocks in (60, 800):  # over 20,000 rows, which are held at a time; 124 MB, far beside what allocators vary by
        with (tmp_path / "t.csv").open("w") as file:
            file.write(f"{header},note\n")
            file.writelines([block] * blocks)
        command = [sys.executable, "-c", program, "predict", given / "species.safetensors", "t.csv", "--out", f"p{blocks}.txt"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        taken.append(int(done.stdout) / 1000)
    size = (tmp_path / "t.csv").stat().st_size / 1e6
    assert size > 55
    assert taken[1] - taken[0] < size / 2
    first, last = ((tmp_path / f"p{blocks}.txt").read_text() for blocks in (60, 800))
    assert last == first[: len(first) // 60] * 800
