"""A user's own activations and losses: added in one call, after their slopes are held to their values."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import (
    Add,
    Call,
    Compare,
    Expression,
    Multiply,
    Negative,
    Number,
    Power,
    Quotient,
    Symbol,
    symbol,
)
from handgrad.calculus.functions import CONSTANTS, PRIMITIVES, Array, Formula, Function
from handgrad.calculus.quantities import QUANTITIES
from handgrad.calculus.rewriting import inline
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.initialisers import INITIALISERS
from handgrad.catalogue.lookup import SPELLING, find_activation, functions
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.records import REAL, Activation, Interval, Loss
from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_LOSSES
from handgrad.errors import CatalogueError, HandgradError, did_you_mean

Kind = TypeVar("Kind", Activation, Loss)
VARIABLES = {"z", "a", "y", "da"}
TAKEN = QUANTITIES | VARIABLES | {*PRIMITIVES, *CONSTANTS, "sum", "mean", "delta", "lookup", "derivative", "unit", "example", "g"}
POINTWISE = (Number, Symbol, Negative, Add, Multiply, Quotient, Power, Call, Compare)
FORMULAS = ("value", "stable", "slope", "gradient", "stable_gradient")
OWN = {"source": "a user's own", "own": True}
"""What marks a user's record."""
FACTORS = (1.0, 0.7, 1.3)
"""The slope is held at the usual parameters, and at these multiples of them."""


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
    made = _made(Activation, name, value, slope, "slope", parameters, kinks, range=range, initialiser=initialiser)
    ACTIVATIONS[name] = made
    return made


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

    All is as for `make_loss`, whose record is kept under its name.

    >>> add_loss("fourth_power", value="(a - y)^4", gradient="4 * (a - y)^3").name
    'fourth_power'
    """
    made = make_loss(name, value, gradient, parameters=parameters, kinks=kinks, outputs=outputs, targets=targets, output=output)
    LOSSES[name] = made
    return made


def make_loss(
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
    """A loss of your own, after holding its gradient to its value by central differences; the catalogue stays as it is.

    `value` is a formula of one output a and its target y, such as "(a - y)^4"; `gradient` its derivative by a. `kinks` maps
    values of a - y where the gradient jumps to the gradient taken there. `outputs` and `targets` are the intervals that a and y
    must lie in, `output` the activation that it goes with. In place of formulas, two callables on arrays:
    value(a, y), gradient(a, y). Raises CatalogueError, with both numbers, where the gradient is not the derivative.
    """
    output = find_activation(output).name
    return _made(Loss, name, value, gradient, "gradient", parameters, kinks, outputs=outputs, targets=targets, output=output)


def own_records(spellings: Iterable[str]) -> list[Activation | Loss]:
    """The records among these spellings that a user has added to the catalogue."""
    known: dict[str, Activation | Loss] = {**ACTIVATIONS, **LOSSES}
    matches = (SPELLING.fullmatch(spelling) for spelling in spellings)
    found = (known.get(match.group(1)) for match in matches if match)
    return [record for record in found if record is not None and record.own]


def know(record: Activation | Loss) -> None:
    """Add a user's record that was verified in another process, unless its name is known here."""
    if isinstance(record, Activation):
        ACTIVATIONS.setdefault(record.name, record)
    else:
        LOSSES.setdefault(record.name, record)


def _made(  # noqa: PLR0917  # what both kinds of record are given, in its order
    kind: type[Kind],
    name: str,
    value: str | Callable[..., Array],
    slope: str | Callable[..., Array],
    what: str,
    parameters: Mapping[str, float] | None,
    kinks: Mapping[str, str] | None,
    **more: Any,
) -> Kind:
    """A verified record from formulas or from callables; `what` is the kind's name for its slope."""
    common: dict[str, Any] = {"parameters": _checked(name, parameters), "kinks": dict(kinks or {}), **OWN, **more}
    if callable(value) and callable(slope):
        try:
            return verified(kind(name, opaque=(value, slope), **common))
        except TypeError as error:
            takes = "value(z) and slope(z, a)" if kind is Activation else "value(a, y) and gradient(a, y)"
            raise CatalogueError(f"{name}: {takes} take arrays and give arrays, but calling them failed: {error}") from None
    if isinstance(value, str) and isinstance(slope, str):
        formulas: dict[str, Any] = {"value": value, what: slope}
        return verified(kind(name, **formulas, **common))
    raise CatalogueError(f"{name}: value and {what} are both formulas or both callables")


def verified(record: Kind) -> Kind:
    """A user's record made self-contained, after its slope or gradient was held to its value. Raises CatalogueError."""
    _require_free(record.name, LOSSES if isinstance(record, Activation) else ACTIVATIONS)
    _checked(record.name, record.parameters)
    if isinstance(record, Activation) and record.initialiser not in INITIALISERS:
        raise CatalogueError(f"there is no initialiser {record.initialiser!r}. {did_you_mean(record.initialiser, INITIALISERS)}")
    if not record.opaque:
        record = _self_contained(record)
    for factor in FACTORS if record.parameters else FACTORS[:1]:
        moved = {name: value * factor if value else factor - 1 for name, value in record.parameters.items()}
        try:
            varied = record.with_parameters(moved)
        except CatalogueError:
            continue
        (_hold_activation if isinstance(varied, Activation) else _hold_loss)(varied, usual=factor == 1)
    return record


def _self_contained(record: Kind) -> Kind:
    """Check what the formulas read, and put the formulas of other own activations in for calls of them."""
    known: dict[str, Function] = functions()
    own = {name: f for name, f in known.items() if isinstance(f, Formula) and ACTIVATIONS[name.rstrip("'")].own}
    allowed = {*VARIABLES - ({"y", "da"} if isinstance(record, Activation) else {"z", "da"}), *record.parameters, *CONSTANTS}
    changed: dict[str, Any] = {}
    for name in FORMULAS:
        text = getattr(record, name, None)
        if text is None or (not text and name.startswith("stable")):
            continue
        try:
            expression = record.read(text)
            for part in _everything(expression):
                if isinstance(part, Symbol) and part.key not in allowed:
                    raise CatalogueError(f"{record.name}: {name} reads {part.key}, which is none of {', '.join(sorted(allowed))}")
                if isinstance(part, Call) and part.name not in known and (part.primes or part.function not in PRIMITIVES):
                    raise CatalogueError(
                        f"{record.name}: the function {part.name} is not known. {did_you_mean(part.name, {*known, *PRIMITIVES})}"
                    )
                if isinstance(part, Call) and part.name in known and callable(known[part.name]):
                    raise CatalogueError(f"{record.name}: a formula cannot call {part.name}, which is a Python function")
                if part.axes or not isinstance(part, POINTWISE):
                    raise CatalogueError(f"{record.name}: {name} is a formula of single numbers, but {part} is none")
            inlined = inline(expression, own)
            if inlined != expression:
                changed[name] = str(inlined)
                record.read(changed[name])  # it must be short enough to be read again
        except HandgradError as error:
            if isinstance(error, CatalogueError):
                raise
            raise CatalogueError(f"{record.name}: {error}") from None
    return replace(record, **changed)


def _everything(expression: Expression) -> Iterator[Expression]:
    yield expression
    for part in expression.parts:
        yield from _everything(part)


def _hold_activation(record: Activation, *, usual: bool) -> None:
    far = np.geomspace(4.5, 20, 8)
    z = np.concatenate([np.linspace(-3.9, 4.1, 97) + 0.00137, far, -far])
    known = functions(record)
    value = record.call(symbol("z")) if record.opaque else record.stable_expression
    slope = replace(record.call(symbol("z")), primes=1) if record.opaque else record.slope_expression

    def compute(z: Array) -> Array:
        return _evaluated(value, {"z": z}, known, record.name)

    def compute_slope(z: Array) -> Array:
        return _evaluated(slope, {"z": z, "a": compute(z)}, known, record.name)

    if usual or np.isfinite(compute(z)).all():
        _hold(record.name, "slope", "z", z, compute, compute_slope, record.kink_points)


def _hold_loss(record: Loss, *, usual: bool) -> None:
    known = functions(record)
    a = _inside(record.outputs, 41)
    for target in _inside(record.targets, 3):

        def compute(expression: Expression, a: Array, y: float = target) -> Array:
            return _evaluated(expression, {"a": a, "y": np.full_like(a, y)}, known, record.name)

        def value(a: Array, y: float = target) -> Array:
            return compute(record.stable_expression, a, y)

        def gradient(a: Array, y: float = target) -> Array:
            return compute(record.stable_gradient_expression, a, y)

        if usual or np.isfinite(value(a)).all():
            _hold(
                record.name, "gradient", "a", a, value, gradient, {target + point: at for point, at in record.kink_points.items()}
            )


def _inside(interval: Interval, count: int) -> Array:
    """Points inside an interval, away from its ends and from round numbers."""
    low, high = float(interval.low), float(interval.high)
    low, high = (low if np.isfinite(low) else min(-3.0, high - 6)), (high if np.isfinite(high) else max(3.0, low + 6))
    return low + (high - low) * (np.arange(count) + 0.4731) / count


def _require_free(name: str, other_kind: Mapping[str, Any]) -> None:
    built_in = any(name in records and not records[name].own for records in (ACTIVATIONS, LOSSES, SCIKIT_LEARN_LOSSES))
    if _word(name) in TAKEN or built_in or name in other_kind:
        raise CatalogueError(f"{name!r} is taken by the language or the catalogue; choose another name")


def _word(name: object) -> str:
    if not isinstance(name, str) or not SPELLING.fullmatch(name) or "(" in name or name.strip() != name:
        raise CatalogueError(f"a name is made of letters, digits and _, but {name!r} was given")
    return name


def _checked(name: str, parameters: Mapping[str, Any] | None) -> dict[str, float]:
    """Parameters with names that formulas can use, as finite floats."""
    for word, value in (parameters or {}).items():
        if _word(word) in TAKEN:
            raise CatalogueError(f"{word!r} is taken by the language; choose another name for the parameter of {name}")
        if not isinstance(value, int | float | np.number) or not np.isfinite(float(value)):
            raise CatalogueError(f"{name}: the parameter {word} is a finite number, but {value!r} was given")
    return {word: float(value) for word, value in (parameters or {}).items()}


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
    above, below = compute(points + step), compute(points - step)
    with np.errstate(all="ignore"):  # what is not finite is refused below
        measured = (above - below) / (2 * step)
        given = compute_slope(points)
        rounding = 4 * np.finfo(float).eps * np.abs(above) / step
        off = (np.abs(given - measured) - rounding) / np.maximum(np.maximum(np.abs(given), np.abs(measured)), 1e-2)
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
