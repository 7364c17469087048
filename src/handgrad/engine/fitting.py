"""fit: training as a person expects it, over an engine that takes the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.catalogue.rules import Optimiser, Schedule
from handgrad.engine.interface import MakesTrainer
from handgrad.engine.runs.checkpoints import Checkpoints, generator_state
from handgrad.engine.runs.metrics import Metric
from handgrad.engine.runs.options import Options
from handgrad.engine.runs.pace import ScheduledPace
from handgrad.engine.runs.preparing import examples, identity, scorer_for
from handgrad.engine.runs.progress import Callback, Progress, progress_for
from handgrad.engine.runs.running import Run
from handgrad.engine.runs.states import Fit
from handgrad.engine.runs.weighting import ClassWeight, with_class_weights
from handgrad.errors import TrainingError
from handgrad.network import Network, Parameters

if TYPE_CHECKING:
    from rich.console import Console


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

    X is n_samples × n_0 of any numbers, read in place and never copied as a whole, or a sparse matrix of SciPy's; Y is n_samples ×
    n_L, or whole-number labels where the loss is over classes; the work is done in the parameters' dtype, float32 or float64. L2
    and label smoothing are the network's. The same data, options, seed and number of threads give the same bits.

    The step. `optimiser` is a rule of the catalogue, as "momentum(beta=0.8)", or "lbfgs", which takes all examples at once and
    for which an epoch is an iteration; `hyperparameters` are the rule's others than the `learning_rate`, whose default is the
    rule's. `schedule` says how the learning rate changes, as "cosine(warmup=0.1)"; `rate_factors` multiply that of single arrays
    ({"W[1]": 0.5}). `weight_decay` is decoupled from the gradient and spares biases; `dropout` the share of each hidden layer's
    units that a step leaves out; `clip` the largest norm of the whole gradient. `class_weight` is "balanced" or a mapping, and
    multiplies `sample_weight`, of which only the ratios count.

    Validation. After each epoch the examples `validation` = (X, Y) or (X, Y, weights) are scored by `metric`: "loss" (without
    penalty and smoothing), "accuracy", "accuracy_then_loss" (which breaks ties), "r2", or a callable of outputs and targets, for
    which `larger_is_better` is said too. With `restore_best` the parameters of the best epoch are returned. `patience` ends the
    run after so many epochs in a row without an improvement of more than `min_delta`; without validation it watches the training
    loss.

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

    >>> from handgrad.engine.reference import ReferenceEngine
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
    parameters = Parameters(network, parameters.buffer)
    rng = np.random.default_rng(rng)
    dtype = parameters.buffer.dtype
    X, Y, weights = examples(network, X, Y, sample_weight, dtype)
    weights = with_class_weights(network, Y, weights, class_weight)
    scorer = scorer_for(options, validation, dtype)
    held = () if scorer is None else (scorer.X, scorer.Y, scorer.weights)
    checkpoints = None
    if checkpoint is not None:
        checkpoints = Checkpoints(checkpoint, identity(options, parameters, generator_state(rng), (X, Y, weights), held))
    elif resume:
        raise TrainingError("resume needs the folder of the checkpoints: checkpoint=…")
    return Run(
        options,
        parameters,
        ScheduledPace(options, rng, larger_is_better=scorer is not None and scorer.larger_is_better),
        scorer=scorer,
        callbacks=callbacks,
        progress=progress_for(progress, epochs, "" if scorer is None else f"validation {scorer.name}"),
        checkpoints=checkpoints,
        resume=resume,
        engine=engine,
        seed=int(rng.integers(2**63)) if any(options.shares) else 0,
    ).fit(X, Y, weights)
