"""What a run tells of itself: an epoch's state, and the whole fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from handgrad.errors import TrainingError
from handgrad.network import Parameters


@dataclass(frozen=True)
class EpochState:
    """How a run stands after an epoch; callbacks get it, and the history keeps it.

    `epoch` counts from 1 to `epochs`. `loss` is the mean of J over the epoch's batches as they were met, `score` the validation
    score, or None without validation; `learning_rate` that of the epoch's last step (None for lbfgs, which searches for its own);
    `seconds` those since the run began, earlier parts of a resumed run included. `best` says that no epoch before had as
    good a score.
    """

    epoch: int
    epochs: int
    loss: float
    score: float | None
    learning_rate: float | None
    seconds: float
    best: bool = False
    read: Callable[[], Parameters] | None = field(default=None, repr=False, compare=False)

    @property
    def parameters(self) -> Parameters:
        """A copy of the parameters after this epoch. Raises TrainingError once the callback has returned."""
        if self.read is None:
            raise TrainingError(
                "the parameters of an epoch can be asked for in a callback only; Fit.parameters has the last or the best"
            )
        return self.read()


@dataclass(frozen=True)
class Fit:
    """A run of training: its parameters and how it went.

    `parameters` are those of the best epoch where a validation set was given and `restore_best` is on, else the last ones.
    `history` has an EpochState for every epoch, `best_epoch` the number of the one with the best score (the last one without
    validation, 0 where none was finished). `stopped` says why the run ended: "finished", "early stopping", "callback",
    "interrupted", "converged" (lbfgs), "diverged" or "error" (a callback raised one). `notes` are sentences about what happened on
    the way, such as where it was resumed. `state` is the optimiser's, with the number of steps.
    """

    parameters: Parameters
    history: tuple[EpochState, ...]
    best_epoch: int
    stopped: str
    metric: str
    notes: tuple[str, ...] = ()
    state: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def losses(self) -> list[float]:
        """The training curve: a loss by epoch."""
        return [state.loss for state in self.history]

    @property
    def scores(self) -> list[float]:
        """The validation curve: a score by epoch; empty without validation."""
        return [state.score for state in self.history if state.score is not None]

    @property
    def seconds(self) -> float:
        """How long the finished epochs took."""
        return self.history[-1].seconds if self.history else 0.0


class DivergenceError(TrainingError):
    """A run whose loss is no longer finite, or has exploded. `fit` has all that was reached until then."""

    def __init__(self, message: str, fit: Fit) -> None:
        super().__init__(message)
        self.fit = fit

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.fit)  # so that it comes back whole from a worker process
