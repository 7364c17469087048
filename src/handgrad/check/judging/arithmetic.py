"""Numbers worked out in a text, as 0.562 · 0.438 ≈ 0.246: judged with what every number may have lost in writing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from handgrad.check.judging.intervals import Interval, NotDefined, applied, raised
from handgrad.check.tree import (
    Call,
    Derivative,
    Differential,
    Fraction,
    Group,
    Name,
    Node,
    Number,
    Product,
    Root,
    Script,
    Scripted,
    Sum,
    bare,
    rebuilt,
    walk,
)

ValueOf: TypeAlias = Callable[[Node], Number | None]
"""The number that the document gives a name (or a gradient), or None."""


@dataclass(frozen=True, slots=True)
class Right:
    """The two sides agree as far as the digits that are written can tell."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """They do not: `expected` is what it comes to, with as many digits as the author gave; `guess` says what may have happened."""

    expected: str
    guess: str | None = None


@dataclass(frozen=True, slots=True)
class NotNumbers:
    """Nothing is worked out here, or not of numbers alone."""


EQUAL = ("=", "approx", ":=", "equiv")
LARGEST = 300  # nodes of a side; no one works out more by hand
FUNCTIONS = {
    "log": "log", "ln": "log", "lg": "log10", "log10": "log10", "log2": "log2", "exp": "exp", "sqrt": "sqrt", "tanh": "tanh",
    "sigmoid": "sigmoid", "sigma": "sigmoid", "logistic": "sigmoid", "relu": "relu", "ReLU": "relu", "Relu": "relu", "RELU": "relu",
    "max": "max", "maximum": "max", "min": "min", "minimum": "min", "abs": "abs",
}  # fmt: skip
"""What names of functions mean where the document does not say otherwise."""


def worked_out(
    left: Node, right: Node, op: str, *, value_of: ValueOf = lambda _: None, functions: Mapping[str, str] | None = None
) -> Right | Wrong | NotNumbers:
    """Whether `left op right` is right where both sides come to numbers.

    A decimal stands for what it may have been rounded or cut from; integers are exact, but for a result that is one. `functions`
    says what names of functions mean in this document, as {"f": "tanh"}, before `FUNCTIONS`. A name alone on a side is a statement
    of its value, and of two numbers with nothing to work out only a rounding is judged.
    """
    if _symbol(left) or _symbol(right) or op not in (*EQUAL, "<", ">", "<=", ">="):
        return NotNumbers()
    if any(sum(1 for _ in walk(side)) > LARGEST for side in (left, right)):
        return NotNumbers()
    reader = _Evaluator(value_of, FUNCTIONS | dict(functions or {}))
    try:
        if op not in EQUAL:
            return _compared(reader, left, right, op)
        if _literal(left) is not None and _literal(right) is None:
            left, right = right, left
        return _equal(reader, left, right, op)
    except (_Unknown, NotDefined, OverflowError, ZeroDivisionError, RecursionError):
        return NotNumbers()


def _symbol(node: Node) -> bool:
    """Whether it is a name or a gradient alone; e^x is none."""
    node = bare(node)
    power = isinstance(node, Name) and node.name == "e" and any(script.kind == "sup" for script in node.scripts)
    return isinstance(node, Name | Differential | Derivative) and not power


def _compared(reader: _Evaluator, left: Node, right: Node, op: str) -> Right | Wrong | NotNumbers:
    one, other = reader.interval(left), reader.interval(right)
    if op in {">", ">="}:
        one, other = other, one
    return Wrong(_plain(reader.point(left))) if one.low > other.high else Right()


def _equal(reader: _Evaluator, worked: Node, result: Node, op: str) -> Right | Wrong | NotNumbers:
    literal = _literal(result)
    point = reader.point(worked)
    if literal is None:
        meet = reader.interval(worked).meets(reader.interval(result))
        return Right() if meet else Wrong(_plain(point))
    written, unit = literal
    if op == "approx" and unit == 1 and written:
        unit = 10.0 ** (len(f"{written:.0f}") - len(f"{written:.0f}".rstrip("0")))  # about 100 may be 98.7
    # An integer result is exact where nothing but integers was added, multiplied and divided with an = sign.
    exact = unit == 1 and op != "approx" and reader.exact(worked)
    slack = 0.0 if exact else unit * (0.5 if unit >= 1 else 1.0)
    if abs(point - written) <= slack + 1e-9 * abs(written):
        return Right()
    value = reader.interval(worked)
    if _literal(worked) is not None and (unit == 1 or abs(point - written) > 0.2 * abs(point)):
        return NotNumbers() if not value.meets(Interval(written - slack, written + slack)) else Right()
    if value.meets(Interval(written - slack, written + slack)):
        # The inputs are given with few digits and would excuse nearly anything: only a slip that gives all the digits counts.
        guess = _slip(reader, worked, written, unit / 2) if value.high - value.low >= 500 * unit else None
        return Wrong(_digits(point, unit), guess) if guess else Right()
    return Wrong(_digits(point, unit), _slip(reader, worked, written, max(unit, 1e-9)) or _scale(point, written, unit))


def _literal(node: Node) -> tuple[float, float] | None:
    """A number with its sign, or one times a power of ten, with the unit of its last place."""
    node = bare(node)
    if isinstance(node, Number):
        return node.value, unit_of(node)
    if isinstance(node, Sum) and node.signs == ("-",):
        inner = _literal(node.terms[0])
        return inner and (-inner[0], inner[1])
    if isinstance(node, Product) and len(node.items) == 2:
        first, power = _literal(node.items[0]), node.items[1]
        if first and isinstance(power, Scripted) and isinstance(power.base, Number) and power.base.value == 10:
            exponent = _literal(power.scripts[0].body[0]) if len(power.scripts) == 1 and len(power.scripts[0].body) == 1 else None
            if exponent and abs(exponent[0]) < 100:
                return first[0] * 10 ** exponent[0], first[1] * 10 ** exponent[0]
    return None


def unit_of(number: Number) -> float:
    """The unit of the last place of a number as it is written: 0.001 for 0.562, 1 for 12; 0 for π."""
    try:
        exponent = Decimal(number.text.replace(",", ".").replace("_", "").strip()).as_tuple().exponent
    except InvalidOperation:
        return 0.0
    return 10.0**exponent if isinstance(exponent, int) and abs(exponent) < 300 else 0.0


def _width(number: Number) -> float:
    """How far a number in a calculation may be from what it stands for: an integer not at all, 0.5 by rounding, 0.56 by cutting."""
    unit = unit_of(number)
    if unit >= 1 or "." not in number.text.replace(",", "."):
        return 0.0
    return unit / 2 if unit > 0.05 else unit


class _Unknown(Exception):  # noqa: N818 - no error: a name without a value
    """A part is no number."""


@dataclass(frozen=True, slots=True)
class _Evaluator:
    """What a formula of numbers comes to, between which bounds or at the numbers as written."""

    value_of: ValueOf
    functions: Mapping[str, str]

    def interval(self, node: Node) -> Interval:
        return self.value(node, wide=True)

    def point(self, node: Node) -> float:
        return self.value(node, wide=False).low

    def exact(self, node: Node) -> bool:
        """Whether it is of integers by + - · / and whole powers alone."""
        plain = (Number, Sum, Product, Fraction, Group, Scripted, Script)
        return all(isinstance(part, plain) for part in walk(node)) and all(
            unit_of(part) == 1 for part in walk(node) if isinstance(part, Number)
        )

    def value(self, node: Node, *, wide: bool) -> Interval:
        match node:
            case Number(value=number):
                width = _width(node) if wide else 0.0
                return Interval(number - width, number + width)
            case Group(body=body, open="|"):
                return applied("abs", [self.value(body, wide=wide)])
            case Group(body=body, open="(" | "[" | "{"):
                return self.value(body, wide=wide)
            case Sum(terms=terms, signs=signs) if "pm" not in signs:
                total = Interval(0.0, 0.0)
                for sign, term in zip(signs, terms, strict=True):
                    value = self.value(term, wide=wide)
                    total += -value if sign == "-" else value
                return total
            case Product():
                return self.product(node, wide=wide)
            case Fraction(over=over, under=under):
                return self.value(over, wide=wide) / self.value(under, wide=wide)
            case Root(body=body):
                return applied("sqrt", [self.value(body, wide=wide)])
            case Scripted(base=base, scripts=[Script(kind="sup", body=[power])]):
                return raised(self.value(base, wide=wide), self.value(power, wide=wide))
            case Call(function=function, arguments=arguments, keywords=()) if arguments:
                return applied(self.meaning(function), [self.value(one, wide=wide) for one in arguments])
        known = self.value_of(node)
        if known is not None:
            return self.value(known, wide=wide)
        if isinstance(node, Name):
            match node:
                case Name(name="e", scripts=(Script(kind="sup", body=(power,)),), faces=faces) if not faces - {"rm"}:
                    return applied("exp", [self.value(power, wide=wide)])
                case Name(name="pi", scripts=()):
                    return Interval(math.pi, math.pi)
        raise _Unknown

    def product(self, node: Product, *, wide: bool) -> Interval:
        """The factors; a function's name with nothing between it and the next factor is of that one."""
        total, at = Interval(1.0, 1.0), 0
        while at < len(node.items):
            item = node.items[at]
            if isinstance(item, Name) and at + 1 < len(node.items) and not node.signs[at] and self.names_function(item):
                total *= applied(self.meaning(item), [self.value(node.items[at + 1], wide=wide)])
                at += 2
            else:
                total *= self.value(item, wide=wide)
                at += 1
        return total

    def names_function(self, name: Name) -> bool:
        return name.name in self.functions and self.value_of(name) is None

    def meaning(self, name: Name) -> str:
        """The function that a name is of; a prime is its derivative, and log has its base below it."""
        function = self.functions.get(name.name)
        match name.scripts:
            case () if function:
                return function
            case (Script(kind="prime", count=1),) if function in {"sigmoid", "tanh", "relu"}:
                return function + "'"
            case (Script(kind="sub" | "digits", body=(Number(value=10.0 | 2.0 as base),)),) if function == "log":
                return f"log{base:.0f}"
            case (Script(kind="sub", body=(Name(name="e", scripts=()),)),) if function == "log":
                return function
        raise _Unknown


def _slip(reader: _Evaluator, worked: Node, written: float, slack: float) -> str | None:
    """The slip that gives just what is written, if one does."""
    for story, other in _slips(reader, worked):
        try:
            if abs(other() - written) <= slack * 1.000001:
                return story
        except (_Unknown, NotDefined, OverflowError, ZeroDivisionError):
            continue
    return None


def _slips(reader: _Evaluator, worked: Node) -> Iterator[tuple[str, Callable[[], float]]]:
    def point(node: Node) -> Callable[[], float]:
        return lambda: reader.point(node)

    def other_log(base: str) -> Callable[[], float]:
        swapped = {name: base if what.startswith("log") else what for name, what in reader.functions.items()}
        return lambda: _Evaluator(reader.value_of, swapped).point(worked)

    if any(isinstance(part, Name) and reader.functions.get(part.name) == "log" for part in walk(worked)):
        yield "the base-10 logarithm was taken", other_log("log10")
        yield "the base-2 logarithm was taken", other_log("log2")
    elif any(isinstance(part, Name) and reader.functions.get(part.name) in {"log10", "log2"} for part in walk(worked)):
        yield "the natural logarithm was taken", other_log("log")
    yield "the sign is wrong", lambda: -reader.point(worked)
    yield from ((story, point(rebuilt(worked, old, new))) for story, old, new in _changes(reader, worked))


def _changes(reader: _Evaluator, worked: Node) -> Iterator[tuple[str, Node, Node]]:
    """Single slips in the tree: what happened, what stands there, and what was worked out instead."""
    for part in walk(worked):
        match part:
            case Name(name="e", scripts=(Script(kind="sup", body=(power,)) as script,)):
                flipped = replace(part, scripts=(replace(script, body=(_negated(power),)),))
                yield "the exponent was taken with the other sign", part, flipped
            case Call(function=function, arguments=(argument,)) if reader.functions.get(function.name) == "exp":
                yield "the exponent was taken with the other sign", part, replace(part, arguments=(_negated(argument),))
            case Sum(terms=terms, signs=signs) if len(terms) > 1:
                for k in range(len(terms)):
                    other = tuple(("+" if sign == "-" else "-") if i == k else sign for i, sign in enumerate(signs))
                    yield "a term was taken with the wrong sign", part, replace(part, signs=other)
                for k in range(len(terms)):
                    rest = replace(part, terms=terms[:k] + terms[k + 1 :], signs=signs[:k] + signs[k + 1 :])
                    yield "a term was left out", part, rest
            case Product(items=items, signs=signs) if len(items) > 2 and all(signs):
                for k in range(len(items)):
                    yield "a factor was left out", part, replace(part, items=items[:k] + items[k + 1 :], signs=signs[1:])
            case Product(items=items, signs=(sign,)) if sign:
                yield "a factor was left out", part, items[0]
                yield "a factor was left out", part, items[1]
                yield "the numbers were added, not multiplied", part, Sum(None, items, ("+", "+"))
            case Scripted(base=base, scripts=(Script(kind="sup"),)):
                yield "the power was left out", part, base
            case Fraction(over=over, under=under):
                yield "the fraction is upside down", part, Fraction(None, under, over)


def _negated(node: Node) -> Node:
    return node.terms[0] if isinstance(node, Sum) and node.signs == ("-",) else Sum(None, (Group(None, node),), ("-",))


def _scale(point: float, written: float, unit: float) -> str | None:
    """A factor between what is right and what is written, or a last digit that is off."""
    if unit < 1 and abs(point - written) <= max(2 * unit, 0.01 * abs(point)):
        return "it is rounded wrongly" if abs(point - written) <= 2 * unit else "a digit is off"
    for factor, story in ((2.0, "a factor of 2 too much"), (0.5, "a factor of 2 is missing")):
        if abs(point * factor - written) <= unit:
            return story
    for power in (1, -1, 2, -2):
        if abs(point * 10.0**power - written) <= unit:
            return "the decimal point is in the wrong place"
    return None


def _digits(value: float, unit: float) -> str:
    """With as many decimals as the unit has."""
    decimals = max(0, round(-math.log10(unit))) if unit > 0 else 6
    text = f"{value:.{min(decimals, 15)}f}" if unit < 1 else f"{value:.6g}"
    if unit < 1 and float(text) == 0.0 and value != 0.0:
        return f"{value:.3g}"
    return text


def _plain(value: float) -> str:
    return f"{value:.6g}"
