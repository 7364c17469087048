"""The command: thin commands, no logic. Bad input ends in one message and exit code 2, never in a traceback."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from handgrad.cli.predict import predict
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
app.command()(train)
app.command()(predict)


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
    try:
        app()
    except HandgradError as error:
        sys.stderr.write(f"handgrad: {error}\n")
        raise SystemExit(2) from None
    except MemoryError:
        sys.stderr.write("handgrad: not enough memory for a network or data of this size\n")
        raise SystemExit(2) from None
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
