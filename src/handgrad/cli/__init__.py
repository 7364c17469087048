"""The command: thin commands, no logic. Bad input ends in one message and exit code 2, never in a traceback."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from handgrad.cli.check import check
from handgrad.cli.console import note, silence
from handgrad.cli.derive import derive
from handgrad.cli.evaluate import evaluate
from handgrad.cli.explain import explain
from handgrad.cli.predict import predict
from handgrad.cli.show import show
from handgrad.cli.train import train
from handgrad.errors import HandgradError
from handgrad.version import __version__

app = typer.Typer(
    help="Fully connected networks trained by backpropagation whose gradients are equations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (train, predict, evaluate, show, derive, explain, check):
    app.command()(command)


def _version(asked: bool) -> None:
    if asked:
        print(f"handgrad {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Take the options before a command."""


def main() -> None:
    """Run the command line."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # as long as the program
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without these letters shows others
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except (HandgradError, MemoryError, OSError) as error:
        words = "not enough memory for a network or data of this size" if isinstance(error, MemoryError) else error
        note(f"handgrad: {words}")
        if isinstance(error, OSError):
            silence()
        raise SystemExit(2) from None
