"""Finding records by their spelling, such as `huber(delta=2)`, and adding a user's own after checking them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import QUANTITIES, Expression, symbol
from handgrad.calculus.functions import CONSTANTS, PRIMITIVES, Array, Function
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.records import REAL, Activation, Interval, Loss
from handgrad.errors import CatalogueError, HandgradError, did_you_mean

Kind = TypeVar("Kind", Activation, Loss)
SPELLING = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\(([^()]*)\))?\s*", re.ASCII)

BUILT_IN = frozenset({*ACTIVATIONS, *LOSSES})
TAKEN = QUANTITIES | {
    *PRIMITIVES,
    *CONSTANTS,
    "z",
    "a",
    "y",
    "da",
    "sum",
    "mean",
    "delta",
    "lookup",
    "derivative",
    "unit",
    "example",
}


def find_activation(spelling: str | Activation) -> Activation:
    """The activation of this spelling: "relu", "leaky_relu(0.2)", "elu(alpha=0.5)". Raises CatalogueError."""
    return spelling if isinstance(spelling, Activation) else _find(spelling, ACTIVATIONS, "activation")


def find_loss(spelling: str | Loss) -> Loss:
    """The loss of this spelling: "cross_entropy", "huber(2)", "quantile(q=0.9)". Raises CatalogueError."""
    return spelling if isinstance(spelling, Loss) else _find(spelling, LOSSES, "loss")


def _find(spelling: str, records: Mapping[str, Kind], kind: str) -> Kind:
    match = SPELLING.fullmatch(spelling)
    if match is None or match.group(1) not in records:
        raise CatalogueError(f"there is no {kind} {spelling!r}. {did_you_mean(spelling, records)}")
    record = records[match.group(1)]
    given: dict[str, float] = {}
    for place, part in enumerate(filter(None, (match.group(2) or "").split(","))):
        name, equals, value = part.rpartition("=")
        if not equals and place >= len(record.parameters):
            raise CatalogueError(f"{record.name} has {len(record.parameters)} parameter(s), but {spelling!r} gives more")
        key = name.strip() if equals else list(record.parameters)[place]
        try:
            given[key] = float(value)
        except ValueError:
            raise CatalogueError(f"a parameter is a number, but {value.strip()!r} was given in {spelling!r}") from None
    return record.with_parameters(given) if given else record


def functions(*own: Activation | Loss) -> dict[str, Function]:
    """All that calls may name: the catalogue's activations with their slopes, and those given."""
    found: dict[str, Function] = {}
    for record in (*ACTIVATIONS.values(), *own):
        found.update(record.functions)
    return found


def add_activation(
    name: str,
    value: str | Callable[[Array], Array],
    slope: str | Callable[[Array, Array], Array],
    *,
    parameters: Mapping[str, float] | None = None,
    kinks: Mapping[str, str] | None = None,
    range: Interval = REAL,  # noqa: A002  # the record's own word
    initialiser: str = "glorot_uniform",
) -> Activation:
    """Add an activation of your own to the catalogue, after holding its slope to its value by central differences.

    `value` is a formula in z, such as "z * sigmoid(2 * z)"; `slope` its derivative in z, a or both. Both may call
    anything in the catalogue. `kinks` maps points where the slope jumps to the slope taken there, {"0": "0"}. In place of formulas,
    two callables on float arrays: value(z) and slope(z, a); those train, but cannot be kept in a model file.
    Raises CatalogueError, with both numbers, where the slope is not the derivative.

    >>> add_activation("swish2", value="z * sigmoid(2 * z)", slope="sigmoid(2*z) * (1 + 2*z*(1 - sigmoid(2*z)))").name
    'swish2'
    """
    _free_name(name, parameters)
    common = {
        "parameters": parameters or {},
        "kinks": kinks or {},
        "range": range,
        "initialiser": initialiser,
        "source": "a user's own",
    }
    if callable(value) and callable(slope):
        record = Activation(name, opaque=(value, slope), **common)  # type: ignore[arg-type]  # one dict of mixed fields
    elif isinstance(value, str) and isinstance(slope, str):
        record = Activation(name, value=value, slope=slope, **common)  # type: ignore[arg-type]  # one dict of mixed fields
    else:
        raise CatalogueError(f"{name}: value and slope are both formulas or both callables")
    z = np.linspace(-3.9, 4.1, 97) + 0.00137
    known = functions(record)
    call = record.call(symbol("z"))

    def compute(z: Array) -> Array:
        return _evaluated(call, {"z": z}, known, record.name)

    def compute_slope(z: Array) -> Array:
        return _evaluated(replace(call, primes=1), {"z": z}, known, record.name)

    _hold(name, "slope", "z", z, compute, compute_slope, record.kink_points)
    ACTIVATIONS[name] = record
    return record


def add_loss(
    name: str,
    value: str | Callable[[Array, Array], Array],
    gradient: str | Callable[[Array, Array], Array],
    *,
    parameters: Mapping[str, float] | None = None,
    kinks: Mapping[str, str] | None = None,
    outputs: Interval = REAL,
    targets: Interval = REAL,
    output: str = "identity",
) -> Loss:
    """Add a loss of your own to the catalogue, after holding its gradient to its value by central differences.

    `value` is a formula of one output a and its target y, such as "(a - y)^4"; `gradient` its derivative by a. `kinks` maps
    values of a - y where the gradient jumps to the gradient taken there. `outputs` and `targets` are the intervals that a and y
    must lie in, `output` the activation that it goes with. In place of formulas, two callables on arrays:
    value(a, y), gradient(a, y). Raises CatalogueError, with both numbers, where the gradient is not the derivative.

    >>> add_loss("fourth_power", value="(a - y)^4", gradient="4 * (a - y)^3").name
    'fourth_power'
    """
    _free_name(name, parameters)
    common = {
        "parameters": parameters or {}, "kinks": kinks or {}, "outputs": outputs, "targets": targets,
        "output": find_activation(output).name, "source": "a user's own",
    }  # fmt: skip
    if callable(value) and callable(gradient):
        record = Loss(name, opaque=(value, gradient), **common)  # type: ignore[arg-type]  # one dict of mixed fields
    elif isinstance(value, str) and isinstance(gradient, str):
        record = Loss(name, value=value, gradient=gradient, **common)  # type: ignore[arg-type]  # one dict of mixed fields
    else:
        raise CatalogueError(f"{name}: value and gradient are both formulas or both callables")
    known = functions(record)
    for target in _inside(targets, 3):
        a = _inside(outputs, 41)

        def compute(a: Array, expression: Expression = record.value_expression, y: float = target) -> Array:
            return _evaluated(expression, {"a": a, "y": np.full_like(a, y)}, known, record.name)

        def compute_gradient(a: Array, y: float = target) -> Array:
            return compute(a, record.gradient_expression, y)

        _hold(name, "gradient", "a", a, compute, compute_gradient, {target + point: at for point, at in record.kink_points.items()})
    LOSSES[name] = record
    return record


def _inside(interval: Interval, count: int) -> Array:
    """Points inside an interval, away from its ends and from round numbers."""
    low, high = float(interval.low), float(interval.high)
    low, high = (low if np.isfinite(low) else min(-3.0, high - 6)), (high if np.isfinite(high) else max(3.0, low + 6))
    return low + (high - low) * (np.arange(count) + 0.4731) / count


def _free_name(name: str, parameters: Mapping[str, float] | None) -> None:
    for word in (name, *(parameters or {})):
        if not SPELLING.fullmatch(word) or "(" in word or not word.strip() == word:
            raise CatalogueError(f"a name is made of letters, digits and _, but {word!r} was given")
        if word in TAKEN or (word == name and word in BUILT_IN):
            raise CatalogueError(f"{word!r} is taken by the language or the catalogue; choose another name")


def _evaluated(expression: Expression, values: Mapping[str, Array], known: Mapping[str, Function], name: str) -> Array:
    try:
        result = evaluate(expression, values, known)
    except HandgradError as error:
        raise CatalogueError(f"{name}: {error}") from None
    return np.broadcast_to(np.asarray(result, np.float64), next(iter(values.values())).shape)


def _hold(  # noqa: PLR0917  # what is held, where, and how it is computed
    name: str,
    what: str,
    variable: str,
    points: Array,
    compute: Callable[[Array], Array],
    compute_slope: Callable[[Array], Array],
    kinks: Mapping[float, float],
) -> None:
    """Refuse a slope that is not the derivative of the value, with the worst point and both numbers."""
    step = 1e-5
    near = np.zeros(points.shape, bool)
    for kink in kinks:
        near |= np.abs(points - kink) < 2 * step
    points = points[~near]
    measured = (compute(points + step) - compute(points - step)) / (2 * step)
    given = compute_slope(points)
    off = np.abs(given - measured) / np.maximum(np.maximum(np.abs(given), np.abs(measured)), 1e-2)
    off = np.where(np.isfinite(given) & np.isfinite(measured), off, np.inf)
    worst = int(np.argmax(off))
    if off[worst] > 1e-5:
        raise CatalogueError(
            f"{name}: at {variable} = {points[worst]:.6g} the {what} that was given is {given[worst]:.6g}, but the value changes "
            f"at the rate {measured[worst]:.6g} (central difference); one of the two formulas is wrong"
        )
    for kink, at in kinks.items():
        found = float(compute_slope(np.array([kink]))[0])
        if not np.isclose(found, at):
            raise CatalogueError(
                f"{name}: kinks says that the {what} at {variable} = {kink:g} is {at:g}, but the formula gives {found:g}"
            )
