"""When a run ends before its last epoch: no better score for a while, an exploding loss, Ctrl-C."""

from __future__ import annotations

import math
import signal
import threading
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, Self

EXPLODED = 1e4
"""A loss this many times the first one (or 1, where that is less), and still rising, has exploded."""


@dataclass
class Watch:
    """The best value seen, and how many epochs ago an improvement of more than `min_delta` was.

    Without `patience` it only remembers. A value that is not a number is never an improvement.
    """

    larger_is_better: bool
    patience: int | None = None
    min_delta: float = 0.0
    best: float = math.nan
    best_epoch: int = 0
    reference: float = math.nan
    waited: int = 0

    def see(self, epoch: int, value: float) -> bool:
        """Take the value of an epoch, and tell whether it is the best one yet."""
        sign = 1.0 if self.larger_is_better else -1.0
        better = not self.best_epoch or sign * value > sign * self.best or (math.isnan(self.best) and not math.isnan(value))
        if better:
            self.best, self.best_epoch = value, epoch
        if math.isnan(self.reference) or sign * (value - self.reference) > self.min_delta:
            self.waited = 0 if not math.isnan(value) else self.waited + 1
            self.reference = value
        else:
            self.waited += 1
        return better

    @property
    def exhausted(self) -> bool:
        """Whether patience has run out."""
        return self.patience is not None and self.waited >= self.patience

    def state(self) -> list[float]:
        """What a checkpoint keeps."""
        return [self.best, self.best_epoch, self.reference, self.waited]

    def restore(self, state: list[float]) -> None:
        """Go back to a kept state."""
        self.best, self.reference = float(state[0]), float(state[2])
        self.best_epoch, self.waited = int(state[1]), int(state[3])


def exploded(losses: list[float], first: float) -> bool:
    """Whether the mean losses of the epochs so far tell of a run that diverges, though all are finite.

    The last one is more than EXPLODED times the loss before the first step, or 1 where that is less, and more than the one
    before it: a loss that jumped in the first epoch and falls again has not exploded.
    """
    return len(losses) > 1 and losses[-1] > EXPLODED * max(1.0, abs(first)) and losses[-1] > losses[-2]


class Interrupts:
    """Ctrl-C while a run goes on: the first one asks it to end at its next piece, a second one raises KeyboardInterrupt.

    Only in the main thread, and only where Ctrl-C has its usual meaning: a program's own handler stays.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            signal.default_int_handler(number, frame)
        self.asked = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
