"""What all tests share."""

import os
import sys

import pytest
from browser import browser, opened, reused
from hypothesis import settings

from handgrad.cli import main

__all__ = ["browser", "opened", "reused"]  # fixtures

# How fast a machine is says nothing about a law. CI draws the same examples each time; elsewhere new ones are tried.
settings.register_profile("any machine", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("any machine")


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run the command in a folder of its own: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["handgrad", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return call
