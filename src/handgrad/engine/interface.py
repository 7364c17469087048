"""What `fit` asks of an engine: the compiled one and the reference have the same methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from handgrad.calculus.functions import Array
from handgrad.engine.sparse import Inputs
from handgrad.network import Parameters


@dataclass(frozen=True)
class Steps:
    """What some steps came to: how many were taken, Σ weight · loss and Σ weight of their batches, and whether all were finite.

    An engine whose batches stand for themselves (`per_batch`) counts each by its rows instead: Σ rows · loss and Σ rows. A step
    whose loss is not finite is not taken, and ends them.
    """

    done: int
    loss: float
    weight: float
    finite: bool = True


class Trainer(Protocol):
    """An engine: parameters and an optimiser's state, and steps that move them. Arrays have examples as rows; X may be sparse."""

    @property
    def n_threads(self) -> int:
        """How many threads take a step."""

    @property
    def t(self) -> int:
        """How many steps were taken."""

    def steps(  # noqa: PLR0917  # the arrays of a run, then its weights
        self,
        X: Inputs,
        Y: Array,
        order: Array,
        alphas: Array,
        sample_weight: Array | None = None,
        usual_weight: float = 1.0,
    ) -> Steps:
        """Take one step per learning rate: step k with the rows order[k · batch_size : (k + 1) · batch_size]."""

    def loss_and_gradient(self, X: Inputs, Y: Array, sample_weight: Array | None = None) -> tuple[float, Parameters]:
        """J over all rows, L2 included and nothing dropped out, and its gradient."""

    def outputs(self, X: Inputs) -> Array:
        """The network's outputs, n_samples × n_L."""

    def read(self) -> Parameters:
        """A copy of the parameters as they are."""

    def write(self, parameters: Parameters) -> None:
        """Take other parameters; the optimiser's state stays."""

    def state(self) -> dict[str, Array]:
        """What, with the parameters, brings a run back bit for bit."""

    def restore(self, parameters: Parameters, state: Mapping[str, Array]) -> None:
        """Go back to these parameters and this state."""


MakesTrainer = Callable[..., Trainer]
"""An engine's class: called with a network, parameters that it copies, and the options of `ReferenceEngine`."""
