"""The package as a whole: what is public, and that importing it is light."""

import subprocess
import sys

import pytest

import handgrad

HEAVY = ("scipy", "numba", "sklearn", "polars", "safetensors", "rich", "typer", "pylatexenc", "markdown_it", "latex2mathml")


@pytest.mark.parametrize("name", handgrad.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(handgrad, name) is not None
    assert name in dir(handgrad)


def test_what_is_not_public_is_said_to_be_missing():
    with pytest.raises(AttributeError, match="module 'handgrad' has no attribute 'nothing'"):
        _ = handgrad.nothing


@pytest.mark.parametrize(
    "code", ["import handgrad", "from handgrad import *; gradcheck(Network('2-1'), Parameters(Network('2-1')), [[1, 2]], [1])"]
)
def test_importing_and_deriving_loads_nothing_heavy(code):
    code = f"{code}\nimport sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
