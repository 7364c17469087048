"""Every example runs as a student would run it, without a warning, and its gradients agree with the differences of the loss."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted(Path(__file__).parents[1].joinpath("examples").glob("*.py"))


def test_there_is_an_example_for_each_of_the_four_networks():
    assert {path.stem for path in EXAMPLES} >= {"relu_relu_sigmoid", "sigmoid_squared_error", "softmax_any_depth", "digits"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs_and_its_gradients_are_right(path):
    command = [sys.executable, "-X", "utf8", "-W", "error", str(path)]
    run = subprocess.run(command, capture_output=True, check=False, timeout=100, encoding="utf-8")
    assert (run.returncode, run.stderr) == (0, "")
    errors = re.findall(r"worst relative error (\S+)", run.stdout)
    assert errors
    assert max(map(float, errors)) < 1e-7


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_says_what_it_shows_and_does_nothing_when_imported(path):
    source = path.read_text(encoding="utf-8")
    assert source.startswith('"""')
    assert source.endswith('if __name__ == "__main__":\n    main()\n')
