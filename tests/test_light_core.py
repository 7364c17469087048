"""With the light core alone, installed from a wheel into an environment of its own, everything but training works."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.xdist_group("light")  # one environment for all tests of this file
EXTRAS = ("scipy", "numba", "sklearn", "threadpoolctl", "safetensors", "polars")


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=300, **options)


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    folder = tmp_path_factory.mktemp("light")
    wheel = run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    assert wheel.returncode == 0, wheel.stderr
    (built,) = folder.glob("*.whl")
    assert built.name.endswith("-py3-none-any.whl")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    done = run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", built)
    assert done.returncode == 0, done.stderr
    return python


def test_nothing_of_the_training_extra_is_there(light):
    code = "import importlib.util, sys; sys.exit(any(map(importlib.util.find_spec, sys.argv[1:])))"
    assert run(light, "-c", code, *EXTRAS).returncode == 0


@pytest.mark.parametrize("example", ["relu_relu_sigmoid", "sigmoid_squared_error", "softmax_any_depth"])
def test_networks_are_derived_checked_and_trained(light, example, tmp_path):
    done = run(light, ROOT / "examples" / f"{example}.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_derivation_is_checked(light):
    done = run(light.parent / "handgrad", "check", ROOT / "examples" / "notes.md")
    assert (done.returncode, done.stderr) == (1, "")
    assert "correction: " in done.stdout


def test_an_exact_gelu_needs_no_scipy(light):
    code = "from handgrad import *; n = Network('2-3:gelu-1'); print(gradcheck(n, Parameters.draw(n, 0), [[1.0, 2.0]], [1.0]))"
    done = run(light, "-c", code)
    assert done.returncode == 0
    assert "worst relative error" in done.stdout


@pytest.mark.parametrize("command", [["train", "digits"], ["predict", "model.safetensors", "digits"]])
def test_the_command_says_what_to_install(light, command, tmp_path):
    done = run(light.parent / "handgrad", *command, cwd=tmp_path)
    assert done.returncode == 2
    assert "pip install 'handgrad[train]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_has_help_and_a_version(light):
    assert run(light.parent / "handgrad", "--help").returncode == 0
    assert run(light.parent / "handgrad", "--version").stdout.startswith("handgrad 0.")
