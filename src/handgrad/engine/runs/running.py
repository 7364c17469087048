"""A run: an engine's steps, epoch by epoch, at the pace that it is given."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.derivation import derive
from handgrad.engine.interface import MakesTrainer, Trainer
from handgrad.engine.reference import ReferenceEngine
from handgrad.engine.runs.checkpoints import Checkpoints
from handgrad.engine.runs.course import Course, Stop
from handgrad.engine.runs.lbfgs import minimise
from handgrad.engine.runs.metrics import Scores
from handgrad.engine.runs.options import Options
from handgrad.engine.runs.pace import Pace
from handgrad.engine.runs.preparing import require_same_rates
from handgrad.engine.runs.progress import Callback, Progress
from handgrad.engine.runs.states import DivergenceError, Fit
from handgrad.engine.sparse import Inputs, SparseInputs, is_sparse
from handgrad.errors import MissingExtraError, TrainingError
from handgrad.network import Network, Parameters

PIECE = 0.1
"""Seconds of training, roughly, after which a run looks whether it is still wanted."""
OPERATIONS, BETWEEN = 1e11, 2e-7
"""Operations a second, and seconds a step beside them, by which the length of a piece is judged. It is judged, not
measured, so that sums over the pieces are the same in every run."""
PER_PARAMETER = 6
"""Operations of a step per parameter and example: those of forward pass, backward pass and update."""
SHORT = 1e8
"""Operations of an epoch below which starting threads for each costs more than they save."""


@dataclass
class Run:
    """A run of training over arrays that are checked already.

    `parameters` are where it starts; `state`, if given, is the update rule's, as `Fit.state` has it. `per_batch`: every mini-batch
    is a whole of its own, as in scikit-learn (see `Engine`). `minimiser` is what takes all examples at once where the rule has no
    steps. `seed` is dropout's. The other fields are the options of `fit`.
    """

    options: Options
    parameters: Parameters
    pace: Pace
    progress: Progress
    scorer: Scores | None = None
    callbacks: Sequence[Callback] = ()
    checkpoints: Checkpoints | None = None
    resume: bool = False
    engine: MakesTrainer | None = None
    seed: int = 0
    state: Mapping[str, Array] | None = None
    per_batch: bool = False
    minimiser: Callable[[Course, Any, Array, Array | None], Any] = minimise

    def fit(self, X: Inputs, Y: Array, weights: Array | None) -> Fit:
        """Train, and return what was reached. X is an array that an engine reads, or sparse, SciPy's too."""
        options = self.options
        if is_sparse(X):
            X = SparseInputs.of(X, self.parameters.buffer.dtype)  # once, and not for each piece of the run
        if self.checkpoints is not None and not options.rule.update:
            raise TrainingError(f"{options.rule.name} runs in SciPy, which does not tell its state, so it has no checkpoints")
        saved, notes = None, list[str]()
        if self.checkpoints is not None:
            saved, notes = self.checkpoints.begin(resume=self.resume)
            if saved is not None:
                require_same_rates(options, saved)
        with ExitStack() as stack:
            shown = stack.enter_context(self.progress)
            engine = self._make(stack, X)
            for note in notes:
                shown.say(note)
            course = Course(
                options, engine, self.pace, scorer=self.scorer, callbacks=self.callbacks, progress=shown,
                checkpoints=self.checkpoints, notes=notes,
            )  # fmt: skip
            ended = course.go_on(saved) if saved is not None else ""
            if ended:
                return course.fit(ended)
            stack.enter_context(course.interrupts)
            course.start()
            try:
                if options.rule.update:
                    self._take_steps(course, X, Y, weights)
                else:
                    self.minimiser(course, X, Y, weights)
                    return course.fit("finished" if course.epoch == options.epochs else "converged")
            except Stop as stop:
                return course.fit(stop.why)
            except DivergenceError:
                raise
            except BaseException as error:
                if course.history:
                    error.add_note(
                        f"in epoch {course.epoch} of handgrad's training; what was reached is this error's attribute fit"
                    )
                error.fit = course.fit("error")  # type: ignore[attr-defined]  # any exception takes it along
                raise
            return course.fit("finished")

    def _make(self, stack: ExitStack, X: Inputs) -> Trainer:
        """The engine, where the run starts; what it compiles is told of."""
        maker = self.engine or engine_for(self.options.network)
        if maker is not ReferenceEngine:
            from handgrad.engine.kernels.compiling import telling  # which needs Numba

            stack.enter_context(telling(self.progress.say))
        told, samples = self.options.for_engine(), len(X)
        batch = told.get("batch_size", self.options.batch_size)
        if isinstance(X, SparseInputs) and not self.options.rule.update:
            batch = max(batch, _rows_at_once(self.options.network))
        told["batch_size"] = min(batch, samples)
        if self.options.n_threads is None and PER_PARAMETER * samples * self.options.network.size < SHORT:
            told["n_threads"] = 1
        made = maker(self.options.network, self.parameters, **told, seed=self.seed, per_batch=self.per_batch)
        if self.state is not None:
            made.restore(self.parameters, self.state)
        return made

    def _take_steps(self, course: Course, X: Inputs, Y: Array, weights: Array | None) -> None:
        """All epochs on mini-batches, in pieces between which a Ctrl-C is heard."""
        options, engine, batch, samples = self.options, course.engine, self.options.batch_size, X.shape[0]
        per_epoch, usual = -(-samples // batch), 1.0 if weights is None else float(weights.mean(dtype=np.float64))
        piece = _piece(options.network.size, min(batch, samples), engine)
        if self.pace.stops_explosions and not course.epoch:
            with np.errstate(all="ignore"):  # a loss that is not finite is told of by the first step
                first = X.rows(np.arange(min(batch, samples))) if isinstance(X, SparseInputs) else X[:batch]
                course.first_loss = derive(options.network).loss(engine.read(), first, Y[:batch])
        for epoch in range(course.epoch + 1, options.epochs + 1):
            order = self.pace.order(samples)
            rates = self.pace.rates(epoch, per_epoch)
            loss = weight = 0.0
            for start in range(0, per_epoch, piece):
                course.require_wanted()
                course.progress.move(epoch - 1 + start / per_epoch)
                rows, alphas = order[start * batch : (start + piece) * batch], rates[start : start + piece]
                done = engine.steps(X, Y, rows, alphas, weights, usual)
                if not done.finite:
                    raise course.diverged("not finite", epoch, float(rates[start + done.done]))
                loss, weight = loss + done.loss, weight + done.weight
            course.finish_epoch(loss / weight, float(rates[-1]))


def _rows_at_once(network: Network) -> int:
    """How many sparse examples a pass over all of them takes at once: as many as have activations no larger than the weights.

    Each batch goes all over the weights and then all over their gradient, which push each other out of the cache.
    """
    return network.size // sum(network.widths[1:])


def _piece(size: int, batch: int, engine: Any) -> int:
    """How many steps take about PIECE seconds."""
    return max(1, math.floor(PIECE / (getattr(engine, "seconds_per_step", BETWEEN) + PER_PARAMETER * size * batch / OPERATIONS)))


def engine_for(network: Network) -> MakesTrainer:
    """The compiled engine, unless the network has Python functions."""
    if network.loss.opaque or any(g.opaque for g in network.activations):
        return ReferenceEngine
    try:
        from handgrad.engine.engine import Engine
    except ImportError as error:
        if (error.name or "").startswith("handgrad"):
            raise
        raise MissingExtraError(f"training needs {error.name}, which is not installed: pip install 'handgrad[train]'") from None
    return Engine
