"""fit: training as a person expects it, over an engine that takes the steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.catalogue.rules import Optimiser, Schedule
from handgrad.derivation import derive
from handgrad.engine.interface import MakesTrainer
from handgrad.engine.reference import ReferenceEngine
from handgrad.engine.runs.checkpoints import Checkpoints
from handgrad.engine.runs.course import Course, Stop
from handgrad.engine.runs.lbfgs import minimise
from handgrad.engine.runs.metrics import Metric
from handgrad.engine.runs.options import Options
from handgrad.engine.runs.preparing import examples, identity, require_same_rates, scorer_for
from handgrad.engine.runs.progress import Callback, Progress, progress_for
from handgrad.engine.runs.states import DivergenceError, Fit
from handgrad.engine.runs.weighting import ClassWeight, with_class_weights
from handgrad.errors import MissingExtraError, TrainingError
from handgrad.network import Network, Parameters

if TYPE_CHECKING:
    from rich.console import Console

PIECE = 0.1
"""Seconds of training, roughly, after which a run looks whether it is still wanted."""
OPERATIONS, BETWEEN = 1e11, 2e-7
"""Operations a second, and seconds a step beside them, by which the length of a piece is judged. It is judged, not
measured, so that sums over the pieces are the same in every run."""


def fit(
    network: Network,
    parameters: Parameters,
    X: Any,
    Y: Any,
    sample_weight: Any = None,
    *,
    epochs: int,
    batch_size: int = 32,
    learning_rate: float | None = None,
    optimiser: str | Optimiser = "adam",
    hyperparameters: Mapping[str, float] | None = None,
    schedule: str | Schedule = "constant",
    shuffle: bool = True,
    validation: Sequence[Any] | None = None,
    metric: Metric = "loss",
    larger_is_better: bool | None = None,
    patience: int | None = None,
    min_delta: float = 0.0,
    restore_best: bool = True,
    callbacks: Sequence[Callback] = (),
    progress: bool | Console | Progress = False,
    weight_decay: float | None = None,
    dropout: float | Sequence[float] = 0.0,
    clip: float | None = None,
    rate_factors: Mapping[str, float] | None = None,
    class_weight: ClassWeight = None,
    n_threads: int | None = None,
    rng: np.random.Generator | int = 0,
    checkpoint: str | Path | None = None,
    every: int = 1,
    resume: bool = False,
    engine: MakesTrainer | None = None,
) -> Fit:
    """Train a network on mini-batches and return a `Fit`; `parameters` are where it starts, and stay as they are.

    X is n_samples × n_0 of any numbers, read in place and never copied as a whole; Y is n_samples × n_L, or whole-number labels
    where the loss is over classes; the work is done in the parameters' dtype, float32 or float64. L2 and label smoothing are the
    network's. The same data, options, seed and number of threads give the same bits.

    The step. `optimiser` is a rule of the catalogue, as "momentum(beta=0.8)", or "lbfgs", which takes all examples at once and
    for which an epoch is an iteration; `hyperparameters` are the rule's others than the `learning_rate`, whose default is the
    rule's. `schedule` says how the learning rate changes, as "cosine(warmup=0.1)"; `rate_factors` multiply that of single arrays
    ({"W[1]": 0.5}). `weight_decay` is decoupled from the gradient and spares biases; `dropout` the share of each hidden layer's
    units that a step leaves out; `clip` the largest norm of the whole gradient. `class_weight` is "balanced" or a mapping, and
    multiplies `sample_weight`, of which only the ratios count.

    Validation. After each epoch the examples `validation` = (X, Y) or (X, Y, weights) are scored by `metric`: "loss" (without
    penalty and smoothing), "accuracy", "r2", or a callable of outputs and targets, for which `larger_is_better` is said too. With
    `restore_best` the parameters of the best epoch are returned. `patience` ends the run after so many epochs in a row without
    an improvement of more than `min_delta`; without validation it watches the training loss.

    Watching. `callbacks` get an `EpochState` after each epoch; one that returns True ends the run. One that raises ends it too:
    the error goes on with the `Fit` so far as its attribute `fit`. `progress` shows a bar on a terminal, plain lines elsewhere; it
    can be a rich Console, or a `Progress`. Ctrl-C ends the run at its next piece of about 0.1 s, with what it has reached (stopped
    is "interrupted"); a second Ctrl-C raises KeyboardInterrupt at once.

    A loss that is not finite raises DivergenceError, a TrainingError whose `fit` has the last finite parameters, or the best; so
    does one that after two epochs or more is above 10⁴ times the loss before the first step (or above 10⁴, where that was below
    1) and still rises.

    Checkpoints. `checkpoint` is a folder that gets a file after `every` so many epochs and after the last, of which two stay.
    With `resume` a run goes on from there, and ends with the bits of one that was never interrupted; a checkpoint of another
    network, other data or other options is refused; `epochs` may grow where the schedule does not depend on them.

    `engine` is what takes the steps: the compiled one, or ReferenceEngine, which trains networks with Python functions.
    Raises TrainingError, DataError, CatalogueError or MissingExtraError for what cannot be done.

    >>> network = Network("2-3-1", loss="squared_error")
    >>> found = fit(network, Parameters.draw(network, 0), [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0], epochs=2, engine=ReferenceEngine)
    >>> found.stopped, len(found.losses)
    ('finished', 2)
    """
    options = Options(
        network, epochs, batch_size, learning_rate, optimiser, hyperparameters, schedule, shuffle, metric, larger_is_better,
        patience, min_delta, restore_best, weight_decay, dropout, clip, rate_factors, class_weight, n_threads, every,
    )  # fmt: skip
    if parameters.network.widths != network.widths:
        raise TrainingError(f"the parameters are those of {parameters.network}, but {network} is to be trained")
    if checkpoint is not None and not options.rule.update:
        raise TrainingError(f"{options.rule.name} runs in SciPy, which does not tell its state, so it has no checkpoints")
    parameters = Parameters(network, parameters.buffer)
    rng = np.random.default_rng(rng)
    dtype = parameters.buffer.dtype
    X, Y, weights = examples(network, X, Y, sample_weight, dtype)
    weights = with_class_weights(network, Y, weights, class_weight)
    scorer = scorer_for(options, validation, dtype)
    saved, notes, checkpoints = None, list[str](), None
    if checkpoint is not None:
        held = () if scorer is None else (scorer.X, scorer.Y, scorer.weights)
        checkpoints = Checkpoints(checkpoint, identity(options, parameters, rng, (X, Y, weights), held))
        saved, notes = checkpoints.begin(resume=resume)
        if saved is not None:
            require_same_rates(options, saved)
    elif resume:
        raise TrainingError("resume needs the folder of the checkpoints: checkpoint=…")
    seed = int(rng.integers(2**63)) if any(options.shares) else 0
    with ExitStack() as stack:
        shown = stack.enter_context(progress_for(progress, epochs, "" if scorer is None else f"validation {scorer.name}"))
        maker = engine or _engine_for(network)
        if maker is not ReferenceEngine:
            from handgrad.engine.kernels.compiling import telling  # which needs Numba

            stack.enter_context(telling(shown.say))
        told = options.for_engine()
        told["batch_size"] = min(told.get("batch_size", options.batch_size), len(X))
        trainer = maker(network, parameters, **told, seed=seed)
        for note in notes:
            shown.say(note)
        course = Course(
            options, trainer, rng, scorer=scorer, callbacks=callbacks, progress=shown, checkpoints=checkpoints, notes=notes
        )
        ended = course.go_on(saved) if saved is not None else ""
        if ended:
            return course.fit(ended)
        stack.enter_context(course.interrupts)
        course.start()
        try:
            (_take_steps if options.rule.update else minimise)(course, X, Y, weights)
        except Stop as stop:
            return course.fit(stop.why)
        except DivergenceError:
            raise
        except Exception as error:
            if course.history:
                error.add_note(f"in epoch {course.epoch} of handgrad's training; what was reached is this error's attribute fit")
            error.fit = course.fit("error")  # type: ignore[attr-defined]  # any exception takes it along
            raise
        return course.fit("finished")


def _take_steps(course: Course, X: Array, Y: Array, weights: Array | None) -> None:
    """All epochs on mini-batches, in pieces between which a Ctrl-C is heard."""
    options, engine, batch = course.options, course.engine, course.options.batch_size
    per_epoch, usual = -(-len(X) // batch), 1.0 if weights is None else float(weights.mean(dtype=np.float64))
    total, piece = per_epoch * options.epochs, _piece(options.network.size, min(batch, len(X)), engine)
    if not course.epoch:
        with np.errstate(all="ignore"):  # a loss that is not finite is told of by the first step
            course.first_loss = derive(options.network).loss(engine.read(), X[:batch], Y[:batch])
    for epoch in range(course.epoch + 1, options.epochs + 1):
        order = course.rng.permutation(len(X)) if options.shuffle else np.arange(len(X))
        rates = options.timing.rates(options.alpha, (epoch - 1) * per_epoch, per_epoch, total, per_epoch, course.stalling)
        loss = weight = 0.0
        for start in range(0, per_epoch, piece):
            course.require_wanted()
            course.progress.move(epoch - 1 + start / per_epoch)
            rows = order[start * batch : (start + piece) * batch]
            done = engine.steps(X, Y, rows, rates[start : start + piece], weights, usual)
            if not done.finite:
                raise course.diverged("not finite", epoch, float(rates[start + done.done]))
            loss, weight = loss + done.loss, weight + done.weight
        course.finish_epoch(loss / weight, float(rates[-1]))


def _piece(size: int, batch: int, engine: Any) -> int:
    """How many steps take about PIECE seconds: forward, backward and update are 6 operations per parameter and example."""
    return max(1, math.floor(PIECE / (getattr(engine, "seconds_per_step", BETWEEN) + 6 * size * batch / OPERATIONS)))


def _engine_for(network: Network) -> MakesTrainer:
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
