"""An explanation as plain data, for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.calculus.rendering import render
from handgrad.explain.findings import Finding
from handgrad.explain.iterations import Iteration, Step
from handgrad.explain.matrices import Summary
from handgrad.explain.moves import Moved

if TYPE_CHECKING:
    from handgrad.explain.explanation import Explanation

LARGE = 10_000
"""Arrays of more entries than this are summed up, unless all is asked for."""


def data(explanation: Explanation, *, full: bool) -> dict[str, Any]:
    """The explanation as plain data: the steps of the first iteration, large arrays summed up; with `full`, all in full."""
    network = explanation.network
    return {
        "network": str(network),
        "loss_function": network.loss.spelling,
        "l2": network.l2,
        "label_smoothing": network.label_smoothing,
        "optimiser": explanation.derivation.optimiser.label,
        "schedule": None if explanation.derivation.schedule is None else explanation.derivation.schedule.spelling,
        "learning_rate": explanation.learning_rate,
        "iterations_asked": explanation.wanted,
        "examples": explanation.examples,
        "labels": list(explanation.labels),
        "X": np.asarray(explanation.iterations[0].start["X"]).T.tolist(),
        "Y": np.asarray(explanation.iterations[0].start["Y"]).T.tolist(),
        **({"sample_weight": np.asarray(explanation.iterations[0].start["w"]).tolist()} if explanation.weighted else {}),
        "before": {name: _numbers(array, full=full) for name, array in explanation.before.arrays().items()},
        "after": {name: _numbers(array, full=full) for name, array in explanation.after.arrays().items()},
        "iterations": [_iteration_data(explanation, i, full=full) for i in explanation.iterations],
        "moved": [_moved_data(moved) for moved in explanation.moved],
        "health": [finding_data(finding) for finding in explanation.health],
    }


def _numbers(array: Array, *, full: bool) -> Any:
    """All numbers, or of a large array what it holds."""
    return array.tolist() if full or array.size <= LARGE else Summary(array).data()


def _moved_data(moved: Moved) -> dict[str, Any]:
    place = {"unit": moved.j} | ({} if moved.k is None else {"input": moved.k})
    numbers = {"before": moved.before, "after": moved.after, "gradients": list(moved.gradients)}
    return {"quantity": moved.name, "layer": moved.layer, **place, **numbers, "why": moved.why}


def finding_data(finding: Finding) -> dict[str, Any]:
    """A finding as plain data."""
    words = {"kind": finding.kind, "level": finding.level, "layer": finding.layer, "sentence": finding.sentence}
    return {**words, "numbers": dict(finding.data)}


def _iteration_data(explanation: Explanation, iteration: Iteration, *, full: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "iteration": iteration.number,
        "loss": iteration.loss,
        "loss_after": iteration.loss_after,
        "learning_rate": float(iteration.start["alpha"]),
        "predictions": iteration.predictions.tolist(),
        "predictions_after": iteration.predictions_after.tolist(),
    }
    if full or iteration.number == 1:
        found["steps"] = [_step_data(explanation, step, full=full) for step in iteration.steps]
    return found


def _step_data(explanation: Explanation, step: Step, *, full: bool) -> dict[str, Any]:
    return {
        "id": step.equation.id,
        "quantity": step.equation.key,
        "equation": render(step.equation, explanation.notation),
        "latex": render(step.equation, explanation.notation, "latex"),
        "reason": step.equation.reason,
        "operands": {key: list(np.shape(value)) for key, value in step.operands.items()},
        "axes": [str(axis) for axis in step.equation.left.axes],
        "shape": list(step.shape),
        "value": _numbers(step.value, full=full),
    }
