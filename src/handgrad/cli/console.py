"""What the commands share in talking to a terminal, a pipe or a file."""

import contextlib
import os
import sys

from rich.console import Console


class Terminal(Console):
    """A console whose reader may go away, as head does: the command goes on in silence and finishes its work."""

    def on_broken_pipe(self) -> None:
        """Write to nowhere from now on."""
        self.quiet = True
        silence()


def silence() -> None:
    """Send what is still written to standard output to nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def note(text: str) -> None:
    """Write a line to standard error, if anyone can read it."""
    with contextlib.suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def emit(text: str) -> None:
    """Write plain text to standard output."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        silence()
