"""The functions of a NumPy program: the activations and their slopes, from the formulas of their records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from handgrad.calculus.expressions import Call, Derivative, Expression, Symbol, quantities
from handgrad.calculus.functions import PRIMITIVES
from handgrad.calculus.indices import EXAMPLE, unit
from handgrad.calculus.rewriting import substitute
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.records import Activation
from handgrad.derivation.program.source import Scribe, Step
from handgrad.derivation.program.text import assigned, commented, filled, number

FUNCTION = """
def $function($arguments):
    $about
    $lines
    $result
"""


def calls(expression: Expression) -> Iterator[Call]:
    """Every call of a function that NumPy does not have."""
    for part in expression.parts if not isinstance(expression, Derivative) else ():
        yield from calls(part)
    if isinstance(expression, Call) and (expression.primes or expression.function not in PRIMITIVES):
        yield expression


def functions(scribe: Scribe, steps: Iterable[Step]) -> list[list[str]]:
    """The definitions of all functions that the steps call, and of those that these call; a slope follows its activation."""
    written: dict[tuple[str, int], list[str]] = {}

    def write(call: Call) -> None:
        if (call.function, call.primes) not in written:
            record = _record(scribe, call)
            for inner in calls(record.formulas[call.primes].body):
                write(inner)
            written[call.function, call.primes] = (
                _rowwise(scribe, record, call) if record.rowwise else _pointwise(scribe, record, call)
            )

    for step in steps:
        for call in calls(step.computed):
            write(call)
    order = list(dict.fromkeys(name for name, _ in written))
    return [written[key] for key in sorted(written, key=lambda key: (order.index(key[0]), key[1]))]


def _record(scribe: Scribe, call: Call) -> Activation:
    own = {record.name: record for record in scribe.derivation.network.activations}
    return own.get(call.function) or ACTIVATIONS[call.function]


def _pointwise(scribe: Scribe, record: Activation, call: Call) -> list[str]:
    """An activation of one unit, or its slope, which may be a formula in the activation a."""
    z, a, parameters = Symbol("z"), Symbol("a"), tuple(map(Symbol, record.parameters))
    formula = record.formulas[call.primes]
    body, lines, about = formula.body, list[str](), Call(record.name, (z, *parameters), None, call.primes)
    means = f"{scribe.page_form(about)} = {scribe.page_form(record.read(record.slope if call.primes else record.value))}"
    if call.primes and "a" in record.slope_reads:
        means += f" where {scribe.page_form(a)} = {scribe.page_form(replace(about, primes=0))}"
        if record.slope != "a":
            body = record.read(record.slope)
            lines = assigned(scribe.name(a), scribe.code(a, replace(about, primes=0)))
    if record.stable and not call.primes:
        means += ", computed in an equal form that loses no digits"
    result = scribe.code(Symbol("result"), body)
    if not any(quantity in {z, a} for quantity in quantities(body)):
        result = f"np.full(np.shape({scribe.name(z)}), {result})"
    usual = [f"{scribe.name(p)}={number(formula.defaults[p.name])}" for p in parameters]
    return filled(
        FUNCTION,
        function=scribe.source.function(record.name, call.primes),
        arguments=", ".join([scribe.name(z), *usual]),
        about=commented(means),
        lines=lines,
        result=assigned("return", result, ""),
    )


def _rowwise(scribe: Scribe, record: Activation, call: Call) -> list[str]:
    """An activation of all units of a layer together."""
    (units,) = (axis for axis in call.axes if axis != EXAMPLE)
    layer, z = units.layer, Symbol("z", on=call.axes)
    lines, body = scribe.once(substitute(record.stable_expression, {"z": z}, layer))
    of = Symbol("z", on=(unit(),))
    means = f"{scribe.page_form(Call(record.name, (of,)))} = {scribe.page_form(record.value_expression)}"
    return filled(
        FUNCTION,
        function=scribe.source.function(record.name, 0),
        arguments=scribe.name(z),
        about=commented(means + (", computed in an equal form that does not overflow" if record.stable else "")),
        lines=lines,
        result=assigned("return", scribe.code(Symbol("result", on=call.axes), body), ""),
    )
