"""What is explained: iterations of training with every number that they compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handgrad.calculus.equation import Equation
from handgrad.calculus.evaluation import Value
from handgrad.calculus.functions import Array
from handgrad.catalogue.rules import Stalling
from handgrad.derivation import Derivation, following
from handgrad.explain.matrices import operands
from handgrad.network import Parameters


@dataclass(frozen=True)
class Step:
    """A worked equation: which iteration, the numbers that go in by key, and the value, with the axes of the left side in order."""

    equation: Equation
    iteration: int
    operands: Mapping[str, Value]
    value: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value: n_l × m for Z[l], () for the loss."""
        return self.value.shape


@dataclass(frozen=True)
class Iteration:
    """One iteration: the parameters before and after, predictions (n_samples × n_L), each example's loss and their J, in float64.

    `start` is what the pass starts from: parameters, X, Y, weights, alpha and the update rule's state; with a schedule also what
    its formula reads, as alpha0 and T, of a run in which each iteration is an epoch of one step. `gradients` are those that
    it computes, in the form of the parameters, and `state` is what the update rule keeps after it.
    """

    number: int
    derivation: Derivation
    start: Mapping[str, Value]
    before: Parameters
    after: Parameters
    gradients: Parameters
    state: Mapping[str, Value]
    loss: float
    loss_after: float
    losses: Array
    losses_after: Array
    predictions: Array
    predictions_after: Array

    @cached_property
    def values(self) -> Mapping[str, Value]:
        """Every number of the iteration by key: "Z[1]", "dW[2]", "W[1, t+1]"; computed when first asked for."""
        return self.derivation.evaluate(self.start)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every equation of the derivation with its numbers, in order."""
        found = []
        for equation in self.derivation:
            value = np.asarray(self.values[equation.key], np.float64)
            found.append(Step(equation, self.number, operands(equation.right, self.values), value))
        return tuple(found)


def iterate(derivation: Derivation, start: Mapping[str, Value], parameters: Parameters, count: int) -> tuple[Iteration, ...]:
    """So many iterations over the same examples; fewer where the parameters are no longer finite."""
    output = f"A[{derivation.network.L}]"
    updates = {name: following(name) for name in parameters.arrays()}
    carried = {name: following(name) for name in derivation.state}
    wanted = [*updates.values(), *carried.values(), *(f"d{name}" for name in updates), "J", "ell", output]
    iterations: list[Iteration] = []
    stalling = Stalling()
    start = scheduled(derivation, start, count, 1, stalling)
    for number in range(1, count + 1):
        found = derivation.evaluate(start, wanted)
        after, gradients = (Parameters(parameters.network, np.empty_like(parameters.buffer)) for _ in range(2))
        for name, view in after.arrays().items():
            view[...] = found[updates[name]]
        for name, view in gradients.arrays().items():
            view[...] = found[f"d{name}"]
        state = {name: found[key] for name, key in carried.items()}
        then: dict[str, Value] = {**start, **after.arrays(), **state, "t": float(number + 1)}
        if derivation.schedule is not None:
            stalling = derivation.schedule.after_epoch(stalling, float(np.asarray(found["J"])))
            then = scheduled(derivation, then, count, number + 1, stalling)
        later = derivation.evaluate(then, ["J", "ell", output])
        shown = [np.asarray(of[key], np.float64) for key in ("ell", output) for of in (found, later)]
        iterations.append(
            Iteration(
                number,
                derivation,
                start,
                parameters,
                after,
                gradients,
                state,
                float(np.asarray(found["J"])),
                float(np.asarray(later["J"])),
                shown[0],
                shown[1],
                shown[2].T,
                shown[3].T,
            )
        )
        if not np.isfinite(after.buffer).all():
            break
        start, parameters = then, after
    return tuple(iterations)


def scheduled(derivation: Derivation, start: Mapping[str, Value], total: int, number: int, stalling: Stalling) -> dict[str, Value]:
    """What an iteration starts from, with the learning rate that the schedule gives to it; without a schedule, as it is."""
    if derivation.schedule is None:
        return dict(start)
    run: dict[str, Value] = {
        **start,
        "T": float(total),
        "epoch": float(number),
        "t": float(number),
        "stalls": float(stalling.stalls),
    }
    run.pop("alpha", None)
    return {**run, "alpha": float(np.asarray(derivation.evaluate(run, ["alpha"])["alpha"]))}
