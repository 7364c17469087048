"""The course of a run: what it has come to after every epoch, and why it ends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.engine.interface import Trainer
from handgrad.engine.runs.checkpoints import Checkpoint, Checkpoints
from handgrad.engine.runs.metrics import Scores
from handgrad.engine.runs.options import Options
from handgrad.engine.runs.pace import Pace
from handgrad.engine.runs.progress import Callback, Progress
from handgrad.engine.runs.states import DivergenceError, EpochState, Fit
from handgrad.engine.runs.stopping import Interrupts, exploded
from handgrad.errors import ModelFileError
from handgrad.network import Parameters

STATE, PACE = "state.", "pace."
"""What the engine's arrays and the pace's are called in a checkpoint, before their names."""


class Stop(Exception):  # noqa: N818  # no error: a run that ends before its last epoch
    """Ends a run; `why` is what Fit.stopped will say."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Course:
    """Takes a run through its epochs: scores, remembers the best, calls back, keeps checkpoints, and says when to stop."""

    def __init__(
        self,
        options: Options,
        engine: Trainer,
        pace: Pace,
        *,
        scorer: Scores | None,
        callbacks: Sequence[Callback],
        progress: Progress,
        checkpoints: Checkpoints | None,
        notes: list[str],
    ) -> None:
        self.options, self.engine, self.pace = options, engine, pace
        self.scorer, self.callbacks, self.progress, self.checkpoints = scorer, callbacks, progress, checkpoints
        self.interrupts = Interrupts()
        self.history: list[EpochState] = []
        self.best: Parameters | None = None
        self.finite = engine.read()
        self.first_loss = 0.0
        self.notes = notes
        self._before = time.perf_counter()

    @property
    def epoch(self) -> int:
        """How many epochs are finished."""
        return len(self.history)

    def start(self) -> None:
        """Begin to count the time, after what earlier parts of the run took."""
        self._before = time.perf_counter() - (self.history[-1].seconds if self.history else 0.0)

    def note(self, text: str) -> None:
        """Keep a sentence for whoever reads of the run, and show it."""
        self.notes.append(text)
        self.progress.say(text)

    def require_wanted(self) -> None:
        """Raise Stop after a Ctrl-C."""
        if self.interrupts.asked:
            raise Stop("interrupted")

    def finish_epoch(self, loss: float, learning_rate: float | None) -> None:
        """Take stock after an epoch. Raises Stop where the run ends with it, DivergenceError where the loss has exploded."""
        epoch = self.epoch + 1
        parameters = self.engine.read()
        if not np.isfinite(parameters.buffer).all():  # the last update overflowed, and no loss has seen it
            raise self.diverged("not finite", epoch, learning_rate)
        score = None if self.scorer is None else self.scorer(self.engine)
        best, why = self.pace.after(epoch, loss, score)
        seconds = time.perf_counter() - self._before
        state = EpochState(epoch, self.options.epochs, loss, score, learning_rate, seconds, best=best and score is not None)
        self.history.append(state)
        if self.pace.stops_explosions and exploded([past.loss for past in self.history[-2:]], self.first_loss):
            raise self.diverged(f"{loss:.3g}", epoch, learning_rate)
        self.finite = parameters
        if state.best and self.options.restore_best:
            self.best = self.finite
        if why or epoch % self.options.every == 0 or epoch == self.options.epochs:
            self._keep(why)
        self.progress.epoch(state)
        stopped = [callback(replace(state, read=self.engine.read)) for callback in self.callbacks]
        if any(isinstance(asked, bool | np.bool_) and asked for asked in stopped):
            why = "callback"
            if epoch % self.options.every:
                self._keep("")
        if why:
            raise Stop(why)

    def diverged(self, loss: str, epoch: int, learning_rate: float | None) -> DivergenceError:
        """The error of a run whose loss is no longer finite, or has exploded; the last finite parameters go with it."""
        rate = "" if learning_rate is None else f" at the learning rate {learning_rate:g}"
        message = (
            f"the loss is {loss} in epoch {epoch}{rate}: the run diverges; "
            "try a learning rate ten times smaller, standardised inputs and targets, or clipped gradients"
        )
        if not np.isfinite(self.engine.read().buffer).all():
            self.engine.write(self.finite)
        return DivergenceError(message, self.fit("diverged"))

    def fit(self, stopped: str) -> Fit:
        """What was reached."""
        scored = self.scorer is not None
        parameters = self.best if self.best is not None else self.engine.read()
        metric = self.scorer.name if self.scorer is not None else "loss"
        best_epoch = self.pace.best_epoch if scored else self.epoch
        return Fit(parameters, tuple(self.history), best_epoch, stopped, metric, tuple(self.notes), self.engine.state())

    def _keep(self, stopped: str) -> None:
        """Write a checkpoint. One that cannot be written is told of, and the run goes on."""
        if self.checkpoints is None:
            return
        columns = [[s.loss, _number(s.score), _number(s.learning_rate), s.seconds, float(s.best)] for s in self.history]
        pace, held = self.pace.state()
        arrays: dict[str, Array] = {STATE + name: array for name, array in self.engine.state().items()}
        arrays |= {PACE + name: array for name, array in held.items()}
        arrays |= {"parameters": self.finite.buffer, "history": np.array(columns)}
        if self.best is not None:
            arrays["best"] = self.best.buffer
        about: dict[str, Any] = {
            "stopped": stopped,
            "epochs": self.options.epochs,
            "pace": pace,
            "first_loss": self.first_loss,
            "n_threads": self.engine.n_threads,
        }
        try:
            self.checkpoints.keep(Checkpoint(self.epoch, about, arrays))
        except ModelFileError as error:
            self.note(f"epoch {self.epoch} is not kept: {error}")

    def go_on(self, checkpoint: Checkpoint) -> str:
        """Stand where the checkpoint was written, and tell why that run had ended, if it had."""
        about, arrays = checkpoint.about, checkpoint.arrays
        state, held = (
            {name.removeprefix(kind): array for name, array in arrays.items() if name.startswith(kind)} for kind in (STATE, PACE)
        )
        self.finite = Parameters(self.options.network, arrays["parameters"])
        self.engine.restore(self.finite, state)
        self.best = Parameters(self.options.network, arrays["best"]) if "best" in arrays else None
        self.pace.restore(about["pace"], held)
        self.first_loss = float(about["first_loss"])
        self.history = [
            EpochState(epoch, self.options.epochs, loss, _known(score), _known(rate), seconds, bool(best))
            for epoch, (loss, score, rate, seconds, best) in enumerate(arrays["history"].tolist(), 1)
        ]
        if self.scorer is not None:  # a score may be NaN itself, which is not the same as none
            self.history = [replace(s, score=float(row[1])) for s, row in zip(self.history, arrays["history"], strict=True)]
        if about["n_threads"] != self.engine.n_threads:
            before, now = about["n_threads"], self.engine.n_threads
            self.note(
                f"the run had {before} thread(s) before and has {now} now: sums are rounded differently, so the last bits differ"
            )
        return str(about["stopped"])


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
