"""A training job on a table, by a recipe for tables."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.engine.fitting import fit
from handgrad.engine.job import Run
from handgrad.engine.runs.progress import Progress, duration
from handgrad.engine.runs.states import Fit
from handgrad.engine.tables.preparing import TableData
from handgrad.errors import NetworkError, TrainingError
from handgrad.model import Model, Scaling
from handgrad.network import Network, Parameters
from handgrad.tables.encoding import EncodingOptions
from handgrad.training import Split

HIDDEN = {"classification": "256:selu-256:selu-256:selu", "regression": "256:mish-256:mish-256:mish"}
RATES = {"classification": 0.04, "regression": 0.07}
USUAL = {
    "epochs": 256, "batch_size": 256, "optimiser": "adam(beta2=0.95)", "schedule": "coslog4", "dropout": 0.15, "patience": 100,
}  # fmt: skip
"""Of RealMLP (Holzmüller, Grinsztajn and Steinwart, "Better by default", 2024): its variant TD-S, with the dropout of TD.

That trains through all epochs; the patience costs about 0.001 of accuracy on 10 tables, and saves more than half of the time."""
LABEL_SMOOTHING = 0.1
FEW = 200
"""Of fewer rows that validate, their loss says more than their accuracy: 0.857 against 0.853, in the mean of 12 small tables."""
BIAS_RATE = 0.1
"""How much slower biases learn than weights."""
SHARE_OF_LIMIT, TRIED = 0.9, 3
"""The share of a time limit that epochs are planned for, since some take longer, and how many are tried before."""


class TableRun(Run):
    """A training job on a table that is prepared.

    `hidden` spells hidden layers, as "128:gelu-64"; `network` the whole network. With an `optimiser` of one's own, learning
    rate and first weights are the usual ones instead of the recipe's. The other arguments are those of `Run`.
    Raises HandgradError for what does not fit together.
    """

    def __init__(
        self,
        table: TableData,
        network: str | None = None,
        loss: str | None = None,
        *,
        hidden: str | None = None,
        label_smoothing: float | None = None,
        **more: Any,
    ) -> None:
        self.table = table
        self.time_limit: float | None = None
        if network is not None and hidden is not None:
            raise NetworkError("give the whole network, or its hidden layers, but not both")
        spelling = network or f"{table.encoding.width}-{hidden or HIDDEN[table.task]}-{self._outputs(loss)}"
        self.by_recipe = more.get("optimiser") is None
        if label_smoothing is None:
            simplex = Network(spelling, loss=loss).loss.simplex
            label_smoothing = LABEL_SMOOTHING if simplex and self.by_recipe else 0.0
        super().__init__(table.data, spelling, loss, label_smoothing=label_smoothing, **more)
        self.weights = table.weights

    def _outputs(self, loss: str | None) -> int:
        classes = self.table.data.classes
        return 1 if classes is None or (len(classes) == 2 and (loss or "").startswith("binary_cross_entropy")) else len(classes)

    def _with_defaults(self, given: dict[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in given.items() if value is not None}
        usual: dict[str, Any] = {name: USUAL[name] for name in ("epochs", "batch_size", "patience")}
        if self.by_recipe:
            usual = {**USUAL, "learning_rate": RATES[self.table.task], "rate_factors": self._rate_factors()}
            if self.network.L == 1:
                usual.pop("dropout")
        metric = given.get("metric", self._usual_metric())
        self._require_metric(str(metric))
        return {**usual, **given, "metric": metric, "restore_best": True}

    def _usual_metric(self) -> str:
        if self.data.classes:
            return "loss" if len(self.table.validated) < FEW else "accuracy_then_loss"
        return "loss" if len(np.unique(self.data.y[self.table.validated])) == 1 else "r2"

    def _rate_factors(self) -> dict[str, float]:
        """Learning rates in the neural tangent parametrisation z = W a / √n + b, as factors for weights W / √n."""
        layers = range(1, self.network.L + 1)
        return {f"W[{l}]": 1 / math.sqrt(self.network.widths[l - 1]) for l in layers} | {f"b[{l}]": BIAS_RATE for l in layers}

    def _first_parameters(self) -> Parameters:
        """Weights of variance 1/n and biases of variance 1, the last layer zero; the usual ones with a rule of one's own."""
        if not self.by_recipe:
            return super()._first_parameters()
        found = Parameters(self.network, dtype=self.dtype)
        for l in range(1, self.network.L):
            found.W[l][...] = self.rng.standard_normal(found.W[l].shape) / math.sqrt(self.network.widths[l - 1])
            found.b[l][...] = self.rng.standard_normal(found.b[l].shape)
        return found

    def _divide(self) -> tuple[Split, Array]:
        return self.table.split, self.table.validated

    def _input_scaling(self) -> Scaling:
        return Scaling.none(self.table.encoding.width)

    def train(self, progress: Progress | None = None, *, time_limit: float | None = None, **more: Any) -> Fit:
        """Train as `Run.train` does; with a `time_limit` in seconds, for as many epochs as fit into it, after a trial of three."""
        self.time_limit = time_limit
        if time_limit is None:
            return super().train(progress, **more)
        if not (math.isfinite(time_limit) and time_limit > 0):
            raise TrainingError(f"the time limit is a number of seconds above 0, but {time_limit} was given")
        if more.get("checkpoint") is not None:
            raise TrainingError("with a time limit the epochs are not known before, so that no checkpoint could be gone on with")
        began = time.perf_counter()
        trial = fit(
            self.network, self.parameters, *self.weighed(self.split.train), validation=self.weighed(self.validated),
            rng=self.seed, **{**self._chosen, "epochs": TRIED},
            callbacks=[lambda _: time.perf_counter() - began > time_limit / 2],
        )  # fmt: skip
        if trial.stopped == "interrupted":
            self.fit, self.parameters = trial, trial.parameters
            return trial
        took = np.diff([0.0, *(state.seconds for state in trial.history)])[-1]  # the first has to warm up
        left = time_limit - (time.perf_counter() - began)
        epochs = max(1, min(self.options.epochs, int(SHARE_OF_LIMIT * left / max(took, 1e-9))))
        if progress is not None:
            progress.epochs = epochs
            progress.say(f"an epoch takes {duration(took)}: {epochs} of {self.options.epochs} fit into {duration(time_limit)}")
        self._chosen["epochs"] = epochs
        self.options = replace(self.options, epochs=epochs)
        return super().train(progress, callbacks=[lambda state: state.seconds > left], **more)

    def model(self) -> Model:
        """The trained network with the encoding of the table."""
        return replace(super().model(), table=self.table.encoding, target=self.table.options.target)

    def score(self) -> float:
        """The hold-out score of the parameters as they are, weighted by the rows' weights."""
        held = self.split.held_out
        weights = None if self.weights is None else self.weights[held]
        return self._predictor.score(self.data.X[held], self.data.y[held], weights)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where the model comes from."""
        table, options = self.table, self.table.options
        rows = {"train": len(self.split.train), "validation": len(self.validated), "held_out": len(self.split.held_out)}
        chosen = {role.replace(" ", "_"): name for role, name in options.roles.items()}
        asked = {
            "dropout": self.options.shares[0] if self.options.shares else 0.0, "patience": self.options.patience,
            "validation_metric": self.options.metric, "class_weight": self.options.class_weight, "clip": self.options.clip,
            "recipe": "RealMLP TD-S" if self.by_recipe else None, "time_limit": self.time_limit,
            "seconds": None if self.fit is None else round(self.fit.seconds, 3),
        }  # fmt: skip
        kept = {name: value for name, value in asked.items() if value is not None}
        return {**super().provenance, "task": table.task, "rows": rows, **chosen, **kept, "options": self._asked_of_columns()}

    def _asked_of_columns(self) -> dict[str, Any]:
        """What was asked of the columns, where it is not the usual."""
        asked, usual = (asdict(each) for each in (self.table.options.encoding, EncodingOptions()))
        return {name: value for name, value in asked.items() if value != usual[name]}


def seconds_of(text: str) -> float:
    """Seconds of a time as 90, 90s, 5m or 1.5h. Raises TrainingError."""
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number, unit = (text[:-1], units[text[-1:]]) if text[-1:] in units else (text, 1.0)
    try:
        found = float(number) * unit
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and found > 0):
        raise TrainingError(f"a time is written as 90, 90s, 5m or 1.5h, but {text!r} was given")
    return found
