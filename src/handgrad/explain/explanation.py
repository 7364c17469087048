"""explain(network, parameters, X, Y): iterations of training worked through with symbols, shapes and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from handgrad.calculus.evaluation import Value
from handgrad.calculus.functions import Array
from handgrad.calculus.notation import Notation, find_notation
from handgrad.catalogue.rules import Optimiser, Schedule
from handgrad.derivation import Derivation, derive
from handgrad.document.blocks import Document
from handgrad.errors import HandgradError, NetworkError
from handgrad.explain.findings import Finding
from handgrad.explain.health import health
from handgrad.explain.iterations import Iteration, Step, iterate
from handgrad.model import Model
from handgrad.network import Network, Parameters

if TYPE_CHECKING:
    from handgrad.explain.moves import Moved

MOST_DIGITS = 15
SAFE = (1e-100, 1e100)
"""Between these, sums and products of the examples' weights neither overflow nor lose digits."""


def explain(
    network: Network | str,
    parameters: Parameters,
    X: Any,
    Y: Any,
    *,
    sample_weight: Any = None,
    learning_rate: float | None = None,
    optimiser: str | Optimiser = "gradient_descent",
    schedule: str | Schedule | None = None,
    iterations: int = 1,
    notation: str | Notation = "ng",
    digits: int = 4,
    one_over_m: Literal["dW", "dZ"] = "dW",
) -> Explanation:
    """Work iterations of training through, all with the same examples as the batch.

    X is n_samples × n_0, and Y n_samples × n_L or, where the loss is over classes, whole-number labels. `learning_rate` is by
    default the update rule's usual α. A `schedule` makes of it the rate of each step, in a run of so many iterations, each of which
    is an epoch. Numbers are computed in float64 and shown with `digits` significant digits. Units, inputs
    and examples are counted from 1, as in the derivations. Where parameters are no longer finite, the run ends early.

    Raises HandgradError for options that do not exist, NetworkError for parameters of another network, DataError for examples
    that do not fit.

    >>> network = Network("2-3:tanh-1:sigmoid")
    >>> found = explain(network, Parameters.draw(network, 7), [[0.5, -1.0], [2.0, 0.3]], [1, 0])
    >>> found.loss > found.loss_after
    True
    """
    derivation = derive(network, one_over_m=one_over_m, optimiser=optimiser, schedule=schedule)
    rule = derivation.optimiser
    _require(rule.update, f"{rule.about.partition('.')[0]}; explain works through steps with a formula, as those of adam")
    rate = rule.hyperparameters["alpha"] if learning_rate is None else learning_rate
    number = isinstance(rate, int | float | np.number) and np.isfinite(rate) and rate > 0
    _require(number, f"learning_rate is a finite number above 0, but {rate!r} was given")
    _require(_whole(iterations) and iterations >= 1, f"iterations is a whole number, 1 or more, but {iterations!r} was given")
    known = _whole(digits) and 1 <= digits <= MOST_DIGITS
    _require(known, f"digits is a whole number from 1 to {MOST_DIGITS}, but {digits!r} was given")
    page = find_notation(notation)
    own = "made by Parameters.draw(network, 0) or Parameters.given(network, W, b)"
    _require(isinstance(parameters, Parameters), f"parameters are those of a network, {own}, but {parameters!r} was given")
    if parameters.network.widths != derivation.network.widths:
        raise NetworkError(f"the parameters are those of {parameters.network}, not of {derivation.network}")
    wide = Parameters(derivation.network, parameters.buffer.astype(np.float64))
    lost = next((key for key, array in wide.arrays().items() if not np.isfinite(array).all()), None)
    if lost is not None:
        raise NetworkError(f"weights and biases are finite numbers, but {lost} holds NaN or infinity")
    start = {**derivation.values(wide, X, Y, sample_weight), **derivation.first_state(wide), "alpha": float(rate)}
    if schedule is not None:
        start["alpha0"] = start.pop("alpha")
    if sample_weight is not None:
        start["w"] = _as_given(start["w"], sample_weight)
    return Explanation(derivation, iterate(derivation, start, wide, iterations), page, digits, wanted=iterations)


def _as_given(scaled: Value, weights: Any) -> Array:
    """The reader's own weights, whose largest one is 1 in a derivation; these where the reader's own sums could lose digits."""
    given = np.asarray(weights, np.float64)
    return given if SAFE[0] <= given.max() <= SAFE[1] else np.asarray(scaled)


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _require(kept: object, message: str) -> None:
    if not kept:
        raise HandgradError(message)


@dataclass(frozen=True)
class Explanation:
    """Iterations worked through: `steps` for programs, documents and their formats for people.

    `asked` is the notation asked for; `model` is the trained model whose rows are explained, and `labels` say where the examples
    come from. `wanted` iterations were asked for; a run that diverges has fewer.
    """

    derivation: Derivation
    iterations: tuple[Iteration, ...]
    asked: Notation
    digits: int = 4
    model: Model | None = None
    labels: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    wanted: int = 1

    @property
    def network(self) -> Network:
        """The network."""
        return self.derivation.network

    @property
    def examples(self) -> int:
        """How many examples are in the batch."""
        return len(self.iterations[0].predictions)

    @property
    def learning_rate(self) -> float:
        """The learning rate α that was given; with a schedule, α₀."""
        return float(self.iterations[0].start["alpha0" if self.derivation.schedule else "alpha"])

    @property
    def learning_rates(self) -> tuple[float, ...]:
        """The learning rate of each iteration."""
        return tuple(float(iteration.start["alpha"]) for iteration in self.iterations)

    @cached_property
    def notation(self) -> Notation:
        """The notation in use."""
        return self.fitted(self.asked)

    def fitted(self, asked: Notation) -> Notation:
        """A notation as it serves these examples: where one example's equations are asked for, several stand as columns."""
        found = self.derivation.named(asked)
        if found.form == "factors":
            found = found.but(form="index")
        if found.examples == "indexed" or (found.examples == "single" and self.examples > 1):
            found = found.but(examples="columns")
        return found.but(weighted=found.weighted or self.weighted)

    @property
    def weighted(self) -> bool:
        """Whether the examples have weights of their own."""
        return "w" in self.iterations[0].start

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every equation of every iteration with its numbers, in order."""
        return tuple(step for iteration in self.iterations for step in iteration.steps)

    @property
    def before(self) -> Parameters:
        """The parameters before the first iteration."""
        return self.iterations[0].before

    @property
    def after(self) -> Parameters:
        """The parameters after the last iteration."""
        return self.iterations[-1].after

    @property
    def loss(self) -> float:
        """J before the first iteration."""
        return self.iterations[0].loss

    @property
    def loss_after(self) -> float:
        """J after the last iteration."""
        return self.iterations[-1].loss_after

    @property
    def predictions(self) -> Array:
        """The outputs before the first iteration, n_samples × n_L."""
        return self.iterations[0].predictions

    @property
    def predictions_after(self) -> Array:
        """The outputs after the last iteration, n_samples × n_L."""
        return self.iterations[-1].predictions_after

    @cached_property
    def moved(self) -> tuple[Moved, ...]:
        """The weights and biases that moved most over all iterations, the first the most, and why."""
        from handgrad.explain.moves import moves

        return moves(self.iterations, self.digits)

    @cached_property
    def health(self) -> tuple[Finding, ...]:
        """What is well and what is not, in the first pass, the last and the one after the last step: warnings first."""
        ends = (self.iterations[0], self.iterations[-1])
        losses = [*(i.loss for i in self.iterations), self.loss_after]
        return health(self.derivation, [i.values for i in ends[: len(self.iterations)]], losses, self._values_after)

    @property
    def _values_after(self) -> dict[str, Value]:
        """The numbers of a pass after the last step."""
        last = self.iterations[-1]
        passed = [key for key in self.derivation.computed_keys if not key.endswith(", t+1]")]
        return self.derivation.evaluate({**last.start, **last.after.arrays()}, passed)

    def document(self, *, full: bool = False) -> Document:
        """The explanation as a document: the first iteration worked through, the others in a table.

        Of a network of more than four layers, the first and the last two are shown. With `full`, every iteration and layer is.
        """
        from handgrad.explain.report import report

        return report(self, full=full)

    def neuron(self, layer: int, unit: int, example: int = 1) -> Document:
        """One unit in the first iteration: what goes in, what comes out, its gradient and its weights. Raises HandgradError."""
        from handgrad.explain.single import neuron

        return neuron(self, layer, unit, example)

    def weight(self, layer: int, j: int, k: int) -> Document:
        """The weight from unit k of the layer before to unit j of a layer: from where to where, and why. Raises HandgradError."""
        from handgrad.explain.single import weight

        return weight(self, layer, j, k)

    def bias(self, layer: int, j: int) -> Document:
        """The bias of unit j of a layer: from where to where, and why. Raises HandgradError."""
        from handgrad.explain.single import weight

        return weight(self, layer, j, None)

    def example(self, number: int) -> Document:
        """One example on its way through the network and back. Raises HandgradError."""
        from handgrad.explain.single import example

        return example(self, number)

    def to_text(self, width: int = 100) -> str:
        """Plain text for a terminal of so many columns."""
        from handgrad.document.terminal import to_text  # loads what typesets

        return to_text(self.document(), width)

    def to_markdown(self) -> str:
        """Markdown that GitHub renders."""
        return self.document().to("markdown")

    def to_latex(self) -> str:
        """A LaTeX article that compiles as it is."""
        return self.document().to("latex")

    def to_html(self) -> str:
        """A web page in one file."""
        return self.document().to("html")

    def to_json(self) -> str:
        """The steps, shapes and numbers as JSON."""
        return self.document().to("json")

    def to_page(self, *, neuron: tuple[int, int] | None = None, weight: tuple[int, ...] | None = None, example: int = 1) -> str:
        """The page on which one steps through the iterations, forward and back: one HTML file that fetches nothing.

        It opens with a neuron (layer, unit), a weight (layer, unit, input) or bias (layer, unit) and an example chosen, counted
        from 1. Raises HandgradError for what is not there.
        """
        from handgrad.explain.page import to_page

        return to_page(self, neuron, weight, example)

    def show(
        self,
        *,
        neuron: tuple[int, int] | None = None,
        weight: tuple[int, ...] | None = None,
        example: int = 1,
        height: int = 900,
    ) -> Path | None:
        """Show `to_page` in the notebook that runs, `height` pixels high, or else in a browser: then the path of its file."""
        from handgrad.explain.page.showing import show
        from handgrad.explain.report import report_title

        return show(self.to_page(neuron=neuron, weight=weight, example=example), report_title(self), height)

    def _repr_html_(self) -> str:
        return self.document()._repr_html_()

    def _repr_latex_(self) -> str:
        return self.document()._repr_latex_()
