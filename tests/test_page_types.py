"""The page's script is typed: by JSDoc, checked by TypeScript."""

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from handgrad.explain.page import SCRIPTS, STYLES

FOLDER = Path(str(files("handgrad.explain.page")))
COMPILER = shutil.which("tsc")


@pytest.mark.skipif(COMPILER is None, reason="TypeScript is not on this machine: apt-get install node-typescript")
def test_the_script_is_typed_strictly():
    done = subprocess.run([COMPILER, "--project", FOLDER], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0


def test_every_part_of_the_script_and_style_is_on_the_page():
    there = {path.stem for path in (FOLDER / "script").glob("*.js")}
    assert there == set(SCRIPTS)
    assert {path.stem for path in FOLDER.glob("*.css")} == set(STYLES)
