"""The README's pictures are current: what stands in them is what the command writes, and they fetch nothing."""

import os
import re
import runpy
import shlex
import struct
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import handgrad

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "pictures"
CHECK = runpy.run_path(str(FOLDER / "check.py"))
PAGE = runpy.run_path(str(FOLDER / "page.py"))


def lines_of(picture):
    """The lines of a terminal's picture: each piece of text stands on a line, in a column."""
    cells = {}
    for piece in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text"):
        text = (piece.text or "").replace("\xa0", " ")
        width = float(piece.get("textLength")) / len(text)
        row = cells.setdefault(float(piece.get("y")), {})
        row.update(enumerate(text, round(float(piece.get("x")) / width)))
    step = 24.4  # pixels between lines, as rich draws them
    rows = {round(y / step): row for y, row in cells.items()}
    return [
        "".join(rows[n].get(x, " ") for x in range(max(rows[n]) + 1)).rstrip() if n in rows else ""
        for n in range(min(rows), max(rows) + 1)
    ]


@pytest.mark.parametrize(("name", "columns"), CHECK["COLUMNS"].items())
def test_what_stands_in_it_is_what_the_command_writes(name, columns):
    command = [str(Path(sys.executable).with_name("handgrad")), *CHECK["COMMAND"][1:]]
    plain = {key: value for key, value in os.environ.items() if key != "FORCE_COLOR"}
    environment = {**plain, "COLUMNS": str(columns), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, cwd=ROOT / "examples", env=environment, capture_output=True, encoding="utf-8", check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (1, "")
    picture = (FOLDER / name).read_text(encoding="utf-8")
    assert lines_of(picture) == ["$ handgrad check notes.md", *done.stdout.splitlines(), ""], "run python pictures/check.py"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.svg")), ids=lambda path: path.name)
def test_it_fetches_nothing_and_the_readme_shows_it(path):
    picture = path.read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\"' )]+", picture)) == {"http://www.w3.org/2000/svg"}
    assert "@import" not in picture
    assert f"pictures/{path.name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_page_that_is_drawn_is_that_of_the_readmes_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [shlex.split(line[2:]) for line in readme.splitlines() if line.startswith("$ handgrad explain")]
    assert ["handgrad", *PAGE["COMMAND"]] in commands
    assert PAGE["STEP"].split("&")[0].removeprefix("#step=") in {equation.id for equation in handgrad.derive(PAGE["COMMAND"][1])}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_readme_shows_the_drawn_page(scheme):
    assert f"pictures/page-{scheme}.png" in (ROOT / "README.md").read_text(encoding="utf-8")
    header = (FOLDER / f"page-{scheme}.png").read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", header[16:]) == tuple(PAGE["SIZE"].values())
