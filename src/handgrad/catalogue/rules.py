"""What a rule of update is made of: optimisers, schedules of the learning rate, and the formulas that go with any of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import Expression, symbols
from handgrad.calculus.functions import Array
from handgrad.calculus.parser import parse
from handgrad.calculus.rewriting import substitute
from handgrad.catalogue.base import NOT_NEGATIVE, Record
from handgrad.errors import CatalogueError

GRADIENT_STEP = "theta - alpha * dtheta"
"""The update of plain gradient descent."""
WEIGHT_DECAY = "(1 - alpha * lambda0) * theta"
"""What decoupled weight decay leaves of a weight before the rule's own step; biases do not decay.

Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), times the learning rate as in PyTorch's AdamW.
"""
CLIPPED_GRADIENT = "dtheta * min(1, c / norm)"
"""A gradient whose norm over all weights and biases together is c at most.

Pascanu, Mikolov and Bengio, On the Difficulty of Training Recurrent Neural Networks (2013).
"""
RATE_OF_ARRAY = "factor * alpha"
"""The learning rate of a parameter array that has a factor of its own, such as b[2]."""
DROPPED_OUT = "a * mask / keep"
"""Inverted dropout of an activation: mask is 1 with the probability keep, else 0; the mean stays, and inference drops nothing.

Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, Dropout (2014). The gradient by a takes the same factor.
"""

IN_FORMULAS = {"learning_rate": "alpha", "weight_decay": "lambda0"}
"""Hyperparameters that people call by another name than formulas do; a spelling takes both."""
FOR_PEOPLE = {letter: name for name, letter in IN_FORMULAS.items()}


@dataclass(frozen=True)
class Optimiser(Record):
    """An update rule: recurrences over a parameter theta, its gradient dtheta and the rule's own state.

    `state` maps each quantity that is kept from step to step, zero at first and of the parameter's shape, to the formula of its
    next value; `update` is the next theta, and `bias_update` that of a bias where it is another, which is where weights decay.
    `v` names the state as it was, `v[t+1]` as it has become in this step; `t` is the number of the step, from 1. The parameters are
    the rule's hyperparameters with their usual values; alpha is the learning rate, lambda0 the decoupled weight decay.
    A method that is no recurrence over single parameters has no `update`; `about` says in sentences what it does.
    """

    update: str = field(default="", kw_only=True)
    state: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    reasons: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    bias_update: str = field(default="", kw_only=True)
    about: str = field(default="", kw_only=True)

    @property
    def hyperparameters(self) -> Mapping[str, float]:
        """The hyperparameters by their names in formulas, the learning rate alpha first."""
        return self.parameters

    @property
    def decays(self) -> bool:
        """Whether the rule has a decoupled weight decay, which weights take and biases do not."""
        return bool(self.bias_update)

    @property
    def plain(self) -> bool:
        """Whether a step is the gradient times -alpha and nothing else."""
        return parse(self.update) == parse(GRADIENT_STEP) if self.update and not self.state else False

    @property
    def label(self) -> str:
        """The spelling without the learning rate, which has a place of its own."""
        usual = (type(self).usual(self.name) or self).parameters
        return replace(
            self, parameters={key: usual[key] if key == "alpha" else value for key, value in self.parameters.items()}
        ).spelling

    def called(self, parameter: str) -> str:
        """What people call a hyperparameter: weight_decay."""
        return FOR_PEOPLE.get(parameter, parameter)

    def with_parameters(self, given: Mapping[str, float]) -> Self:
        """The same rule with other hyperparameters, by their names for people or in formulas; weight_decay goes with any rule."""
        named: dict[str, float] = {}
        for name, value in given.items():
            key = IN_FORMULAS.get(name, name)
            if key in named:
                raise CatalogueError(f"{self.called(key)} of {self.name} is given twice, by two names")
            named[key] = value
        rule = self.decaying() if "lambda0" in named else self
        return super(Optimiser, rule).with_parameters(named)

    def decaying(self) -> Self:
        """The same rule with decoupled weight decay, which is 0 at first."""
        if self.decays or not self.update:
            return self
        why = self.reasons["theta"]
        decayed = substitute(parse(self.update), {"theta": parse(WEIGHT_DECAY)})
        return replace(
            self,
            update=str(decayed),
            bias_update=self.update,
            parameters={**self.parameters, "lambda0": 0.0},
            limits={**self.limits, "lambda0": NOT_NEGATIVE},
            reasons={**self.reasons, "theta": f"{why}; a weight also loses the share αλ₀ of itself", "bias": why},
        )

    def without_decay(self) -> tuple[Optimiser, float]:
        """The rule without its decoupled decay, as the catalogue has it where it does, and the decay."""
        if not self.decays:
            return self, 0.0
        from handgrad.catalogue.optimisers import OPTIMISERS  # the records are made of this class
        from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_RULES

        numbers = {name: value for name, value in self.parameters.items() if name != "lambda0"}
        meant = self.bias_update, self.state, list(numbers)
        for rule in (*OPTIMISERS.values(), *SCIKIT_LEARN_RULES.values()):
            if (rule.update, rule.state, list(rule.parameters)) == meant:
                return replace(rule, parameters=numbers), self.parameters["lambda0"]
        return replace(self, update=self.bias_update, bias_update="", parameters=numbers), self.parameters["lambda0"]

    def update_of(self, parameter: str) -> str:
        """The formula of the next W, b or any theta; biases have their own where weights decay."""
        return self.bias_update or self.update if parameter == "b" else self.update

    def reason(self, role: str, parameter: str) -> str:
        """Why a state, or theta, becomes what it does in W, b or any theta."""
        return self.reasons["bias" if self.decays and (role, parameter) == ("theta", "b") else role]

    __hash__ = Record.__hash__

    @classmethod
    def usual(cls, name: str) -> Self | None:
        """The record of this name in the catalogue."""
        from handgrad.catalogue.optimisers import RULES  # the records are made of this class
        from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_RULES

        return RULES.get(name) or SCIKIT_LEARN_RULES.get(name)  # type: ignore[return-value]  # the catalogue holds no subclasses


@dataclass(frozen=True)
class Stalling:
    """What an adaptive schedule keeps from epoch to epoch; plain numbers, `Stalling(**asdict(state))` is the state again.

    `stalls` counts how often the rate was lowered, `waited` the epochs in a row without an improvement, and `best` is the least
    loss so far.
    """

    stalls: int = 0
    waited: int = 0
    best: float | None = None


@dataclass(frozen=True)
class Schedule(Record):
    """A schedule of the learning rate: the rate of a step as a formula.

    `rate` is alpha, a formula in alpha0, the learning rate that was given; t, the number of the step, and epoch, that of the epoch,
    both from 1; T, the number of steps of the whole run; and stalls, how often the loss has stopped improving (`Stalling`).
    `reason` says in words what it does.
    """

    rate: str = field(default="", kw_only=True)
    reason: str = field(default="", kw_only=True)

    @cached_property
    def expression(self) -> Expression:
        """The rate, with the parameters as symbols."""
        return self.read(self.rate)

    @cached_property
    def reads(self) -> frozenset[str]:
        """What the rate depends on, by name: "t", "T", "epoch", "stalls", the parameters."""
        return frozenset(symbol.name for symbol in symbols(self.expression))

    @property
    def adaptive(self) -> bool:
        """Whether the rate depends on the course of the loss."""
        return "stalls" in self.reads

    def rates(  # noqa: PLR0917  # the numbers of a run, in the order of their size
        self, alpha: float, first: int, steps: int, total: int, per_epoch: int, state: Stalling | None = None
    ) -> Array:
        """The learning rates of the steps first … first+steps-1 (from 0) of `total`, `per_epoch` to an epoch: a float64 array.

        `alpha` is the learning rate that was given. `state` is that of an adaptive schedule, by default the first. The numbers of a
        step do not depend on which other steps are asked for. Raises CatalogueError for steps beyond the run.
        """
        if not (first >= 0 <= steps and first + steps <= total and per_epoch >= 1):
            raise CatalogueError(
                f"a run of {total} steps has those from 0 to {total - 1}, 1 or more an epoch, but {steps} from {first} were asked "
                f"for, {per_epoch} an epoch"
            )
        t = np.arange(first + 1, first + steps + 1, dtype=np.float64)
        stalls = (state or self.first_state()).stalls
        run: dict[str, Array | float] = {"alpha0": float(alpha), "t": t, "T": float(total), "stalls": float(stalls)}
        found = evaluate(self.meant(self.rate), {**run, "epoch": np.floor((t - 1) / per_epoch) + 1})
        return np.array(np.broadcast_to(found, t.shape), np.float64)

    def first_state(self) -> Stalling:
        """The state before the first epoch."""
        return Stalling()

    def after_epoch(self, state: Stalling, loss: float) -> Stalling:
        """The state after an epoch with this loss, its mean over the epoch's steps; the same where the schedule is not adaptive.

        An improvement is a loss below the least so far by more than `tolerance`; after `patience` epochs in a row without one,
        the rate is lowered and the epochs are counted anew.
        """
        if not self.adaptive:
            return state
        improved = state.best is None or loss < state.best - self.parameters["tolerance"]
        waited = 0 if improved else state.waited + 1
        best = loss if state.best is None or loss < state.best else state.best
        stalled = waited >= self.parameters["patience"]
        return Stalling(state.stalls + stalled, 0 if stalled else waited, best)

    __hash__ = Record.__hash__

    @classmethod
    def usual(cls, name: str) -> Self | None:
        """The record of this name in the catalogue."""
        from handgrad.catalogue.schedules import SCHEDULES  # the records are made of this class

        return SCHEDULES.get(name)  # type: ignore[return-value]  # the catalogue holds no subclasses
