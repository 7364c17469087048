"""What the README shows is so: its Python gives the output that stands there, its commands run."""

import doctest
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.+)$", README, re.MULTILINE)
NOTES = "examples/notes.md"
"""What is checked has mistakes, which the exit code says."""


def test_its_python_gives_the_output_that_stands_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # it saves a model
    result = doctest.testfile(
        str(ROOT / "README.md"), module_relative=False, encoding="utf-8", optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.attempted > 8
    assert result.failed == 0


def test_its_commands_run_in_order(tmp_path):
    commands = [shlex.split(command)[1:] for command in COMMANDS if command.startswith("handgrad ")]
    assert commands
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for arguments in commands:
        command = [str(Path(sys.executable).with_name("handgrad")), *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == (NOTES in arguments), done.stderr


def test_the_make_targets_that_it_names_exist():
    named = set(re.findall(r"make (\w+)", README))
    assert {"demo", "test"} <= named
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= targets


def test_the_files_that_it_links_exist():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    links += re.findall(r"src(?:set)?=\"([^\"]+)\"", README)
    assert len(links) > 2
    assert all((ROOT / link).exists() for link in links)


def test_its_figures_have_the_place_in_which_the_benchmark_puts_them():
    (table,) = runpy.run_path(str(ROOT / "benchmarks" / "check_corpus.py"))["TABLE"].findall(README)
    assert re.search(r"^\|.* \| accused \|", table, re.MULTILINE)
    assert "Measured with" in table


def test_its_times_have_the_place_in_which_the_benchmark_puts_them(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    places = runpy.run_path(str(ROOT / "benchmarks" / "readme.py"))
    (fits,) = places["ESTIMATORS"].findall(README)
    assert "Measured on" in fits
    (scores,) = places["SCORES"].findall(README)
    assert "Measured on" in scores
    (tables,) = places["TABLES"].findall(README)
    assert re.search(r"^\| 784-128-10, 64 \| \*\*[\d.,]+\*\* \|", tables, re.MULTILINE)
    assert "Measured on" in tables
