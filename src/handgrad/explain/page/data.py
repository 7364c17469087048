"""What the page's script works with, as plain data: the steps, their formulas in several notations, and the numbers.

The types are written down in script/types.d.ts. Whatever is counted starts from 0 here.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handgrad.calculus.equation import Equation
from handgrad.calculus.evaluation import Value, axes_of_key
from handgrad.calculus.expressions import Call, Derivative, Expression, Symbol
from handgrad.calculus.functions import PRIMITIVES, Array
from handgrad.calculus.indices import EXAMPLE, Axis, unit
from handgrad.calculus.notation import NOTATIONS, Notation
from handgrad.derivation import following
from handgrad.explain.explanation import Explanation
from handgrad.explain.iterations import Iteration
from handgrad.explain.page.templates import Tables, functions_data, layout_data
from handgrad.explain.pen import OTHER_FORM, Pen
from handgrad.explain.report import has_units, report_title, summary
from handgrad.explain.single import require_counted, require_place
from handgrad.version import __version__

LARGE = 1024
"""Gradients, states and new parameters of more entries are not stored: the page works out from equations what is looked at."""
SECONDS = 2.0
"""How long a step is shown while the page plays."""
SCALED = "Targets were scaled for training, so that targets, predictions and the loss here are not in the data's own units."
NAMES = {"ng": "Ng: dZ[l]", "nielsen": "Nielsen: δˡ", "index": "index form", "rows": "CS231n: rows"}
"""What the notations are called on the page."""
INPUT_GRADIENTS = {"dA0": "dA[0]", "dX": "derivative(J, X)"}
"""The gradients by the inputs, which no step of training needs: ids and keys."""


def data(explanation: Explanation, start: Mapping[str, Any]) -> dict[str, Any]:
    """All that the page shows; `start` changes what it shows first."""
    network, arrays, tables = explanation.network, _Arrays(), Tables()
    derivation, first = explanation.derivation, explanation.iterations[0]
    steps = [equation for equation in derivation if equation.id not in INPUT_GRADIENTS]
    functions = functions_data(derivation, tables)
    follows = {equation.key: _follows(equation, functions) for equation in steps}  # by the last equation of each
    later = {key for key, does in follows.items() if does}
    notations = [_notation(explanation, steps, name, asked, tables) for name, asked in _notations(explanation.asked).items()]
    return {
        "title": report_title(explanation),
        "version": __version__,
        "network": {
            "text": str(network),
            "widths": list(network.widths),
            "activations": [activation.spelling for activation in network.activations],
            "loss": network.loss.spelling,
            "size": network.size,
            "optimiser": derivation.optimiser.label,
            "schedule": None if derivation.schedule is None else derivation.schedule.spelling,
            "learning_rate": explanation.learning_rate,
        },
        "words": [summary(explanation), *explanation.remarks, *([SCALED] if has_units(explanation) else [])],
        "examples": {"count": explanation.examples, "labels": list(explanation.labels)},
        "inputs": _inputs(explanation),
        "outputs": _outputs(explanation),
        "digits": explanation.digits,
        "other_form": OTHER_FORM,
        "axes": {str(axis): size for axis, size in _sizes(explanation).items()},
        "quantities": _quantities(first),
        "carried": {key: following(key) for key in (*first.before.arrays(), *derivation.state)},
        "steps": list(_steps(steps, first)),
        "iterations": [_iteration(iteration, later, arrays) for iteration in explanation.iterations],
        "functions": functions,
        "notations": notations,
        "arrays": arrays.found,
        "strings": tables.strings,
        "trees": tables.trees,
        "start": {
            "iteration": 0, "step": 0, "example": 0, "units": [0] * (network.L + 1), "focus": network.L, "notation": 0,
            "layout": notations[0]["layout"], "edges": "weights", "playing": False, "speed": SECONDS, **start,
        },
    }  # fmt: skip


def opening(
    explanation: Explanation, neuron: tuple[int, int] | None, weight: tuple[int, ...] | None, example: int
) -> dict[str, Any]:
    """What is chosen first: a unit (layer, unit), a weight (layer, unit, input) or bias (layer, unit), and an example, from 1.

    Raises HandgradError for what is not there.
    """
    units, focus = [0] * (explanation.network.L + 1), explanation.network.L
    for layer, *places in (chosen for chosen in (neuron, weight) if chosen is not None):
        require_place(explanation, layer, *places)
        focus = layer
        for at, number in zip((layer, layer - 1), places, strict=False):
            units[at] = number - 1
    require_counted("example", example, explanation.examples)
    return {"units": units, "focus": focus, "example": example - 1}


@dataclass
class _Arrays:
    """Arrays in base64, equal ones once."""

    found: list[dict[str, Any]] = field(default_factory=list)
    places: dict[bytes, int] = field(default_factory=dict)

    def place(self, array: Array) -> int:
        """Where an array stands in the list."""
        stored = np.ascontiguousarray(array, "<f8")
        same = stored.flat[0]
        key = hashlib.sha256(repr(stored.shape).encode() + stored.tobytes()).digest()
        if key not in self.places:
            self.places[key] = len(self.found)
            constant = np.isfinite(same) and (stored == same).all()
            numbers = {"fill": float(same)} if constant else {"data": base64.b64encode(stored.tobytes()).decode()}
            self.found.append({"shape": list(stored.shape), **numbers})
        return self.places[key]


def _sizes(explanation: Explanation) -> dict[Axis, int]:
    widths = {unit(layer): width for layer, width in enumerate(explanation.network.widths)}
    return {**widths, EXAMPLE: explanation.examples}


def _inputs(explanation: Explanation) -> list[str]:
    model = explanation.model
    if model is None:
        return []
    return list(model.features if model.table is None else model.table.labels)


def _outputs(explanation: Explanation) -> list[str]:
    """What each output stands for, where that is known: a class or, for a single output, the second of two."""
    model = explanation.model
    if model is None or model.classes is None:
        return []
    return list(model.classes[-explanation.network.widths[-1] :])


def _notations(asked: Notation) -> dict[str, Notation]:
    """The notation that was asked for first, then the others by name."""
    name = next((name for name, known in NOTATIONS.items() if known == asked), "own")
    return {name: asked, **NOTATIONS}


def _notation(explanation: Explanation, steps: list[Equation], name: str, asked: Notation, tables: Tables) -> dict[str, Any]:
    """A notation with examples as columns and as rows; its own way is kept as it is."""
    fitted = explanation.fitted(asked)
    own = "rows" if fitted.examples == "rows" else "columns"
    other = fitted.but(examples="columns", weights="out_in") if own == "rows" else fitted.but(examples="rows", weights="in_out")
    pens = {
        layout: Pen(explanation.derivation, explanation.iterations[0].values, notation, explanation.digits)
        for layout, notation in ((own, fitted), ("columns" if own == "rows" else "rows", other))
    }
    layouts = {layout: layout_data(steps, pen, tables) for layout, pen in pens.items()}
    form = "index" if fitted.form == "index" else "matrix"
    return {"id": name, "label": NAMES.get(name, "as asked for"), "form": form, "layout": own, "layouts": layouts}


def _quantities(iteration: Iteration) -> dict[str, Any]:
    """The axes of every number's array, and the layer that it belongs to."""
    lefts = {equation.key: equation.left.axes for equation in iteration.derivation}
    found = {}
    for key in {**iteration.values, "m": None}:
        axes = lefts.get(key) or tuple(axis.at({"L": iteration.derivation.network.L}) for axis in axes_of_key(key))
        found[key] = {"axes": [str(axis) for axis in axes], "layer": _layer(axes)}
    found[_after(iteration)] = found[f"A[{iteration.derivation.network.L}]"]
    return found


def _layer(axes: tuple[Axis, ...]) -> int | None:
    """The layer of what has these axes: the later one of a weight's two."""
    return max((axis.layer.offset for axis in axes if axis.layer is not None), default=None)


def _after(iteration: Iteration) -> str:
    """The key of the outputs with the parameters that an iteration ends with."""
    return following(f"A[{iteration.derivation.network.L}]")


def _steps(steps: list[Equation], first: Iteration) -> Iterator[dict[str, Any]]:
    """The steps in order, each with what it reads and the part of the iteration that it belongs to."""
    by_id = {step.equation.id: step for step in first.steps}
    loss = {"Y_smooth", "ell", "J"}
    phase = "forward"
    for equation in steps:
        if equation.id in loss:
            phase = "loss"
        elif equation.key == "alpha" or equation.update:
            phase = "update"
        elif phase == "loss":
            phase = "backward"
        yield {
            "id": equation.id,
            "key": equation.key,
            "phase": phase,
            "layer": None if equation.id in loss else _layer(equation.left.axes),
            "reason": equation.reason,
            "reads": list(by_id[equation.id].operands),
        }


def _iteration(iteration: Iteration, later: set[str], arrays: _Arrays) -> dict[str, Any]:
    """The numbers of an iteration: all that it starts from and all that it computes, but for what is large and follows later."""
    values = iteration.values if iteration.number == 1 else iteration.derivation.evaluate(iteration.start)  # many are much to keep
    known: dict[str, Value] = {**values, "m": float(len(iteration.predictions))}
    carried = set(iteration.start) if iteration.number > 1 else set[str]()
    placed: dict[str, int] = {}
    scalars: dict[str, Any] = {}
    for key, value in known.items():
        array = np.asarray(value, np.float64)
        if array.ndim == 0:
            scalars[key] = _plain(float(array))
        elif key not in INPUT_GRADIENTS.values() and not (array.size > LARGE and key in later | carried - {"X", "Y", "w"}):
            placed[key] = arrays.place(array)
    placed[_after(iteration)] = arrays.place(iteration.predictions_after.T)
    ends = {"loss": _plain(iteration.loss), "loss_after": _plain(iteration.loss_after)}
    return {**ends, "arrays": placed, "scalars": scalars}


def _follows(equation: Equation, functions: Collection[str]) -> bool:
    """Whether single numbers are quickly worked out from others: gradients, state and new parameters, but no weighted sums."""
    wanted = isinstance(equation.left, Derivative) or equation.update
    return wanted and equation.stable is None and _has_formula(equation.right, functions)


def _has_formula(e: Expression, functions: Collection[str]) -> bool:
    """Whether the script can work an expression out: it has the formulas of these functions, and calls nothing of Python's."""
    if isinstance(e, Call) and e.name not in functions and (e.primes or e.function not in PRIMITIVES):
        return False
    return isinstance(e, Symbol | Derivative) or all(_has_formula(part, functions) for part in e.parts)


def _plain(value: float) -> float | str:
    """A number as JSON can have it."""
    if np.isfinite(value):
        return value
    return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
