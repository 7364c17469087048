"""How a run shows itself while it goes on: a bar on a terminal, about ten plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from handgrad.engine.runs.states import EpochState

if TYPE_CHECKING:
    from rich.console import Console

LINES = 10
LONGEST_SILENCE = 30.0
"""Seconds after which a line is due even so."""
SHORTEST = 0.1
"""Seconds between two movements of the bar inside an epoch."""


class Progress:
    """Shows epochs as they end, and on a terminal how far the one under way is. `score` is what the score is called.

    With `estimates`, the first epoch is followed by a line that says how long all of them will take.
    """

    def __init__(self, console: Console | None, epochs: int, score: str, *, estimates: bool = False) -> None:
        self.console, self.epochs, self.score, self.estimates = console, epochs, score, estimates
        self._bar: Any = None
        self._task: Any = None
        self._told = self._moved = time.monotonic()

    def __enter__(self) -> Self:
        if self.console is not None and self.console.is_terminal:
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (
                TextColumn("epoch {task.fields[epoch]}"),
                BarColumn(),
                TextColumn("{task.description}"),
                TimeRemainingColumn(),
            )
            self._bar = Bar(*columns, console=self.console, transient=True)
            self._task = self._bar.add_task("", total=self.epochs, epoch=f"0/{self.epochs}")
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, text: str) -> None:
        """Write a sentence."""
        if self.console is not None:
            self.console.print(text, markup=False, highlight=False)

    def move(self, epochs: float) -> None:
        """Show that so many epochs have passed, parts of one included."""
        if self._bar is not None and time.monotonic() - self._moved > SHORTEST:
            self._moved = time.monotonic()
            self._bar.update(self._task, completed=epochs)

    def epoch(self, state: EpochState) -> None:
        """Show an epoch."""
        left = self.epochs - state.epoch
        if self.estimates and left:
            self.estimates = False
            took = state.seconds / state.epoch
            self.say(f"an epoch takes {duration(took)}: {left} more take at most about {duration(took * left)}")
        words = f"loss {state.loss:.4f}" + ("" if state.score is None else f"  {self.score} {state.score:.4f}")
        if self._bar is not None:
            self._bar.update(self._task, completed=state.epoch, description=words, epoch=f"{state.epoch}/{self.epochs}")
            return
        now = time.monotonic()
        due = state.epoch % max(1, self.epochs // LINES) == 0 or state.epoch == self.epochs or now - self._told > LONGEST_SILENCE
        if due:
            self._told = now
            self.say(f"epoch {state.epoch}/{self.epochs}  {words}")


def duration(seconds: float) -> str:
    """A time in words: 0.03 s, 12 s, 3 min, 2.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1g} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def progress_for(shown: bool | Console | Progress, epochs: int, score: str) -> Progress:  # noqa: FBT001  # what fit was given
    """What `fit(progress=…)` means: nothing, a console on standard error, the one given, or a Progress as it is."""
    if isinstance(shown, Progress):
        return shown
    if shown is True:
        from rich.console import Console

        return Progress(Console(stderr=True, highlight=False), epochs, score)
    return Progress(shown or None, epochs, score)


Callback = Callable[[EpochState], Any]
