"""A call of fit or partial_fit: from checked arrays to the fitted attributes, by a run of the engine."""

from __future__ import annotations

import copy
import inspect
import logging
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.utils.optimize import _check_optimize_result

from handgrad.calculus.functions import Array
from handgrad.engine.runs.checkpoints import Checkpoints, digest
from handgrad.engine.runs.lbfgs import minimise
from handgrad.engine.runs.metrics import Scorer
from handgrad.engine.runs.options import Options
from handgrad.engine.runs.preparing import identity
from handgrad.engine.runs.progress import Progress
from handgrad.engine.runs.running import Run
from handgrad.engine.runs.states import DivergenceError, EpochState, Fit
from handgrad.engine.sparse import Inputs, SparseInputs
from handgrad.errors import DataError
from handgrad.estimators.messages import warn
from handgrad.estimators.pace import CountingPace
from handgrad.estimators.settings import OF_THE_RULE, rule_of, trained_network
from handgrad.network import Parameters

LOGGER = logging.getLogger("handgrad")
SMALL_BATCH = 200
"""The largest mini-batch that batch_size="auto" takes."""
LEAST_VALIDATION = 2
STOCHASTIC = ("sgd", "adam")


@dataclass(frozen=True)
class Examples:
    """Checked examples: inputs (an array or CSR), targets n_samples × n_L, weights or None, and the user's own targets.

    `Y` is bool while it is only encoded, and a float array as soon as it is checked against the loss. `unweighed` are the weights
    without those of the classes, by which examples are scored. `raw` are the inputs as the user has them.
    """

    X: Any
    Y: Array
    weights: Array | None
    labels: Any
    unweighed: Array | None = None
    raw: Any = None


class ValidationScore:
    """Scores an estimator on validation examples after each epoch; larger is better.

    Weights of the examples count, where what scores takes them.
    """

    def __init__(self, estimator: Any, held: Examples, dtype: Any) -> None:
        self.estimator, self.held = estimator, held
        scoring = estimator.scoring
        self.name = "score" if scoring is None else str(getattr(scoring, "__qualname__", scoring))
        self._loss = None
        if scoring == "loss":
            self._loss = Scorer(
                estimator.network_, _inputs(held, dtype), held.Y.astype(dtype), held.unweighed, "loss", larger_is_better=None
            )
        elif scoring is not None:
            self._proxy = copy.copy(estimator)
            if held.raw is None:  # held out of arrays that were checked: without names, which is right and worth no warning
                self._proxy.__dict__.pop("feature_names_in_", None)
            self._scorer = check_scoring(self._proxy, scoring)
            weighted = held.unweighed is not None and _takes_weights(self._scorer)
            self._weights = {"sample_weight": held.unweighed} if weighted else {}

    def __call__(self, engine: Any) -> float:
        """The score of the parameters as they are; NaN where a prediction is not finite. Raises DataError where it is no number."""
        held = self.held
        if self._loss is not None:
            return -self._loss(engine)
        self.estimator._take(engine.read())
        if self.estimator.scoring is None:
            return float(self.estimator._default_score(held.X, held.labels, held.unweighed))
        self._proxy.coefs_, self._proxy.intercepts_ = self.estimator.coefs_, self.estimator.intercepts_
        found = self._scorer(self._proxy, held.X if held.raw is None else held.raw, held.labels, **self._weights)
        if not isinstance(found, int | float | np.number):
            raise DataError(f"scoring is to return a number, but {self.name} gave {found!r}")
        return float(found)


def _takes_weights(scorer: Any) -> bool:
    """Whether a scorer of scikit-learn, or a callable of (estimator, X, y), takes sample_weight."""
    try:
        takes = inspect.signature(getattr(scorer, "_score_func", scorer)).parameters
    except ValueError:  # of a callable in C
        return False
    return "sample_weight" in takes


class IterationLines(Progress):
    """What `verbose` shows: a bar on a terminal, else scikit-learn's lines on the standard output."""

    def __init__(self, epochs: int, pace: CountingPace, *, shown: bool, scored: bool) -> None:
        console = None
        if shown and sys.stdout.isatty():
            from rich.console import Console

            console = Console(highlight=False)
        super().__init__(console, epochs, "validation score" if scored else "")
        self.pace, self.lines = pace, shown and console is None

    def say(self, text: str) -> None:
        """Write a sentence; where nothing is shown it is logged, as one should know what takes time or was not kept."""
        if self.lines:
            sys.stdout.write(f"{text}\n")
        elif self.console is not None:
            super().say(text)
        else:
            LOGGER.warning("handgrad: %s", text)

    def epoch(self, state: EpochState) -> None:
        """Show an epoch, and what the pace has to say of it."""
        if self.lines:
            self.say(f"Iteration {state.epoch}, loss = {state.loss:.8f}")
            if state.score is not None:
                self.say(f"Validation score: {state.score:f}")
        elif self.console is not None:
            super().epoch(state)
        if self.lines or self.console is not None:
            for text in self.pace.said:
                self.say(text)
        self.pace.said.clear()


class Fitting:
    """A call of fit (or partial_fit, which is `incremental`) of an estimator whose first parameters are set.

    Afterwards, also where it ended in an error, `learnt` tells whether an epoch was finished, and `better` whether one had the best
    score yet.
    """

    def __init__(self, estimator: Any, random: np.random.RandomState, *, incremental: bool) -> None:
        self.estimator, self.random, self.incremental = estimator, random, incremental
        self.learnt = self.better = False
        self.stochastic = estimator.solver in STOCHASTIC
        kept = getattr(estimator, "_optimizer_settings", None) or {}
        wanted = (incremental or estimator.warm_start == "optimizer") and estimator.stopped_ != "diverged"
        self.goes_on = wanted and kept.get("solver") == estimator.solver and estimator._optimizer_state is not None
        now = {name: getattr(estimator, name) for name in OF_THE_RULE}
        # partial_fit keeps the optimiser of its first call, as scikit-learn's does
        self.settings: dict[str, Any] = kept if self.goes_on and incremental else now
        self.same_rate = self.goes_on and self.settings["learning_rate_init"] == kept["learning_rate_init"]
        self.rule = rule_of(SimpleNamespace(**self.settings))

    def fit(self, given: Examples, held: Examples | None) -> None:
        """Train on the examples and set the fitted attributes; `held` are those of eval_set."""
        estimator = self.estimator
        by_score = bool(estimator.early_stopping) and (self.stochastic or held is not None)
        if by_score and held is None:
            given, held = self._split(given)
        parameters = estimator._parameters()
        network = trained_network(estimator, estimator.network_, parameters.buffer.dtype)
        options = self._options(network, given, restore=by_score and not self.incremental)
        pace = self._pace(by_score)
        scorer = None if held is None else ValidationScore(estimator, held, parameters.buffer.dtype)
        solved: list[Any] = []

        def minimiser(*arguments: Any) -> None:
            solved.append(minimise(*arguments, stops_at_infinity=False, maxfun=estimator.max_fun, gtol=estimator.tol))

        callbacks = estimator.callbacks or ()
        run = Run(
            options,
            Parameters(network, parameters.buffer),
            pace,
            IterationLines(options.epochs, pace, shown=bool(estimator.verbose), scored=held is not None),
            scorer=scorer,
            callbacks=callbacks if isinstance(callbacks, Sequence) else [callbacks],
            checkpoints=self._checkpoints(options, parameters, pace, given, held),
            resume=bool(estimator.resume),
            seed=int(self.random.randint(2**31)) if any(options.shares) else 0,
            state=estimator._optimizer_state if self.goes_on else None,
            per_batch=True,
            minimiser=minimiser,
        )
        try:
            found = run.fit(_inputs(given, parameters.buffer.dtype), given.Y, given.weights)
        except DivergenceError as error:
            if by_score and not self.incremental:  # the best epoch's parameters are good, as scikit-learn has it too
                nothing = EpochState(len(error.fit.history) + 1, options.epochs, math.nan, math.nan, pace.rate, error.fit.seconds)
                best = error.fit.parameters if pace.best_epoch else parameters
                found = replace(error.fit, parameters=best, history=(*error.fit.history, nothing))
                self._keep(found, pace, scored=True)
                kept = f"those of the best epoch, {pace.best_epoch}" if pace.best_epoch else "those before the first epoch"
                warn(f"{error}. The parameters are {kept}", ConvergenceWarning)
                return
            self._keep(error.fit, pace, scored=held is not None)
            raise DivergenceError(
                "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
                f"preprocessed. What happened: {error}",
                error.fit,
            ) from None
        except KeyboardInterrupt as error:
            if not isinstance(getattr(error, "fit", None), Fit):
                raise
            found = replace(error.fit, stopped="interrupted")  # type: ignore[attr-defined]  # it has one
        except BaseException as error:  # SystemExit too: what was reached is kept
            if isinstance(getattr(error, "fit", None), Fit):
                self._keep(error.fit, pace, scored=held is not None)  # type: ignore[attr-defined]  # it has one
            raise
        self._keep(found, pace, scored=held is not None)
        if solved:
            estimator.loss_ = np.float64(solved[0].fun)
            estimator.n_iter_ = _check_optimize_result("lbfgs", solved[0], estimator.max_iter)
        self._tell(found)

    def _split(self, given: Examples) -> tuple[Examples, Examples]:
        """Hold out validation_fraction of the examples, as scikit-learn does; of partial_fit's, the same ones in every call."""
        estimator, random = self.estimator, self.random
        if self.incremental:
            if not hasattr(estimator, "_split_seed"):
                estimator._split_seed = int(random.randint(2**31))
            random = np.random.RandomState(estimator._split_seed)
        stratify = (given.Y[:, 0] == 1).astype(str) if estimator._stratifies() else None
        rows = train_test_split(
            np.arange(len(given.Y)), random_state=random, test_size=estimator.validation_fraction, stratify=stratify
        )
        if len(rows[1]) < LEAST_VALIDATION:
            raise DataError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset: "
                f"{len(rows[1])} of {len(given.Y)} examples were held out, and {LEAST_VALIDATION} are needed"
            )
        trained, held = (
            Examples(given.X[part], given.Y[part], _part(given.weights, part), given.labels[part], _part(given.unweighed, part))
            for part in rows
        )
        if held.unweighed is not None and not held.unweighed.any():
            raise DataError("Sample weights must contain at least one non-zero number, also among the examples that are held out")
        return trained, held

    def _options(self, network: Any, given: Examples, *, restore: bool) -> Options:
        estimator, samples = self.estimator, len(given.Y)
        batch = min(SMALL_BATCH, samples)
        if estimator.batch_size != "auto":
            if estimator.batch_size > samples and self.stochastic:
                warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
            batch = min(int(estimator.batch_size), samples)
        return Options(
            network,
            1 if self.incremental else int(estimator.max_iter),
            batch,
            self.rule.parameters["alpha"] if self.stochastic else None,
            self.rule,
            shuffle=bool(estimator.shuffle),
            restore_best=restore,
            dropout=estimator.dropout,
            n_threads=estimator.n_threads,
            every=int(estimator.checkpoint_every),
        )

    def _pace(self, by_score: bool) -> CountingPace:  # noqa: FBT001  # whether it watches the score
        """Where the pace of an earlier fit is gone on with, it begins with what that came to."""
        estimator = self.estimator
        best_score = getattr(estimator, "best_validation_score_", None)
        best_loss = getattr(estimator, "best_loss_", None)
        first = float(self.settings["learning_rate_init"])
        return CountingPace(
            self.random,
            kind=estimator.learning_rate if estimator.solver == "sgd" else "constant",
            rate=estimator._rate if self.same_rate else first,
            first_rate=first,
            power_t=estimator.power_t,
            tol=estimator.tol,
            n_iter_no_change=estimator.n_iter_no_change if self.stochastic or by_score else math.inf,
            by_score=by_score,
            shuffled=bool(estimator.shuffle),
            t=estimator.t_,
            waited=estimator._no_improvement_count,
            best_loss=math.inf if best_loss is None else best_loss,
            best_score=-math.inf if best_score is None else best_score,
        )

    def _checkpoints(
        self, options: Options, parameters: Parameters, pace: CountingPace, given: Examples, held: Examples | None
    ) -> Checkpoints | None:
        estimator = self.estimator
        if estimator.checkpoint is None:
            if estimator.resume:
                raise DataError("resume needs the folder of the checkpoints: checkpoint=…")
            return None
        if self.incremental:
            raise DataError(
                "checkpoints are those of fit: partial_fit takes one epoch, after which the estimator itself can be saved"
            )
        about, _ = pace.state()
        data, validation = (
            () if part is None else (_inputs(part, parameters.buffer.dtype), part.Y, part.weights) for part in (given, held)
        )
        told = identity(options, parameters, about, data, validation)
        scoring = estimator.scoring if held is not None else None
        more = {
            "l2": float(estimator.alpha),
            "scoring": str(getattr(scoring, "__qualname__", scoring)),
            "the optimiser's state": digest(*(estimator._optimizer_state.values() if self.goes_on else ())),
        }
        return Checkpoints(estimator.checkpoint, {**told, **pace.identity(), **more})

    def _keep(self, found: Fit, pace: CountingPace, *, scored: bool) -> None:
        """Set the fitted attributes from what was reached."""
        estimator, history = self.estimator, found.history
        self.learnt, self.better = bool(history), bool(pace.best_epoch)
        estimator._take(found.parameters)
        estimator.n_iter_, estimator.stopped_ = len(history), found.stopped
        estimator.t_, estimator._no_improvement_count, estimator._rate = pace.t, pace.waited, pace.rate
        if history:
            estimator.loss_ = np.float64(history[-1].loss)
        columns: dict[str, list[Any]] = {
            "loss": [np.float64(state.loss) for state in history],
            "learning_rate": [state.learning_rate for state in history],
            "seconds": [state.seconds for state in history],
        }
        if scored:
            columns["validation_score"] = [state.score for state in history]
        kept = estimator.score_history_  # of fits before, which may have had no scores, or had them
        before = len(kept.get("loss", []))
        estimator.score_history_ = {
            name: [*kept.get(name, [None] * before), *columns.get(name, [None] * len(history))] for name in {**kept, **columns}
        }
        scores = [math.nan if score is None else score for score in estimator.score_history_.get("validation_score", [])]
        estimator.best_iteration_ = int(np.nanargmax(scores)) + 1 if np.isfinite(scores).any() else None
        if not self.stochastic:
            return
        estimator._optimizer_state, estimator._optimizer_settings = found.state, self.settings
        estimator.loss_curve_ = [*getattr(estimator, "loss_curve_", []), *columns["loss"]]
        estimator.best_loss_ = None if pace.by_score else np.float64(pace.best_loss)
        if not hasattr(estimator, "validation_scores_"):  # the first fit was one of lbfgs
            estimator.validation_scores_ = estimator.best_validation_score_ = None
        if scored:
            estimator.validation_scores_ = [*(estimator.validation_scores_ or []), *columns["validation_score"]]
            estimator.best_validation_score_ = pace.best_score

    def _tell(self, found: Fit) -> None:
        """Warn of a run that was interrupted, or has ended before it converged."""
        estimator = self.estimator
        if found.stopped == "interrupted":
            warn("Training interrupted by user.")
        elif found.stopped == "finished" and self.stochastic and not self.incremental:
            warn(
                f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the optimization hasn't converged "
                "yet.",
                ConvergenceWarning,
            )


def _part(weights: Array | None, rows: Array) -> Array | None:
    return None if weights is None else weights[rows]


def _inputs(examples: Examples, dtype: Any) -> Inputs:
    """Inputs as an engine reads them."""
    return SparseInputs.of(examples.X, dtype) if sparse.issparse(examples.X) else np.asarray(examples.X)
