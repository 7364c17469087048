"""Expressions to draw: every kind of node, made by its constructor, over a few axes that often fit together."""

from dataclasses import replace

from hypothesis import strategies as st

from handgrad.calculus.expressions import (
    Add,
    Call,
    Compare,
    Delta,
    Derivative,
    Lookup,
    Multiply,
    Negative,
    Number,
    Power,
    Quotient,
    Rate,
    Reduction,
    Symbol,
)
from handgrad.calculus.functions import PRIMITIVES
from handgrad.calculus.indices import EXAMPLE, Affine, Axis, unit
from handgrad.calculus.quantities import default_axes
from handgrad.errors import AxisError, FormulaError

RELATIONS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
LETTERS = st.sampled_from("lkLij")
COEFFICIENTS = st.integers(-12, 12).filter(bool)
affines = st.builds(
    lambda terms, offset: Affine(tuple(sorted(terms.items())), offset),
    st.dictionaries(LETTERS, COEFFICIENTS, max_size=2),
    st.integers(-99, 99),
)
layers = st.sampled_from([Affine.of("l"), Affine.of("l") - 1, Affine.of(2), Affine.of("L")])
times = st.sampled_from([Affine.of("t"), Affine.of("t") - 1, Affine.of("t") + 1, Affine.of(0), Affine.of(3), Affine.of("k")])
axes = st.sampled_from(
    [unit("l"), unit(Affine.of("l") - 1), unit("l", 1), unit(), unit(None, 2), EXAMPLE, Axis("example", None, 1)]
)

numbers = st.builds(Number, st.integers(0, 10**15 - 1) | st.floats(0, allow_infinity=False, allow_nan=False))
names = st.sampled_from(["alpha", "x", "v", "theta", "eps_1", "lambda", "sum", "t", "e", "z1"])


@st.composite
def symbols(draw):
    """A name of the field or another one, with a layer, a time, and axes of its own or the usual ones."""
    name = draw(st.sampled_from(["W", "b", "Z", "A", "M", "X", "Y", "Y_smooth", "J", "ell", "w", "share", "label"]) | names)
    layer = draw(st.none() | layers | affines)
    time = draw(st.none() | times)
    usual = default_axes(name, layer)
    if usual:  # the field's own quantities stand on copies of their axes
        copies = draw(st.lists(st.integers(0, 2), min_size=len(usual), max_size=len(usual)))
        return Symbol(name, layer, time, tuple(replace(axis, copy=copy) for axis, copy in zip(usual, copies, strict=True)))
    given = draw(st.none() | st.lists(axes, max_size=3))
    return Symbol(name, layer, time, None if given is None else tuple(given))


@st.composite
def derivatives(draw):
    """Gradients with a short name, such as dZ[l], and others."""
    by = draw(symbols())
    usual = Symbol("ell") if by.name in {"Z", "A"} else Symbol("J")
    return Derivative(draw(st.just(usual) | symbols()), by)


def rates(inner):
    return st.builds(lambda body, by: body if isinstance(body, Symbol | Compare) else Rate(body, by), inner, symbols())


def or_the_first(make, *parts):
    """Make a node; where its parts' axes do not fit, take the first part alone."""
    try:
        return make(*parts)
    except (AxisError, FormulaError):
        return parts[0]


@st.composite
def reductions(draw, inner):
    body = draw(inner)
    if not body.axes:
        return body
    over = draw(st.lists(st.sampled_from(body.axes), min_size=1, unique=True))
    return Reduction(draw(st.sampled_from(["sum", "mean", "max"])), tuple(over), body)


@st.composite
def lookups(draw, inner):
    body = draw(inner)
    return or_the_first(lambda b: Lookup(draw(st.sampled_from(b.axes)), b, draw(symbols())), body) if body.axes else body


@st.composite
def calls(draw, inner):
    name, arity = draw(
        st.sampled_from([("exp", 1), ("max", 2), ("where", 3), ("clip", 3), ("sigmoid", 1), ("g", 1), ("g", 2), ("f_2", 1)])
    )
    arguments = draw(st.lists(inner, min_size=arity, max_size=arity))
    if name == "where":
        arguments[0] = or_the_first(lambda a, b: Compare(draw(RELATIONS), a, b), arguments[0], arguments[1])
    layer = draw(st.none() | layers) if name not in PRIMITIVES else None
    primes = draw(st.integers(0, 2))
    made = or_the_first(lambda *parts: Call(name, parts, layer, primes), *arguments)
    return arguments[1] if isinstance(made, Compare) else made


def joined(kind, inner):
    return st.lists(inner, min_size=2, max_size=4).map(lambda parts: or_the_first(lambda *p: kind(p), *parts))


def paired(make, inner):
    return st.builds(lambda left, right: or_the_first(make, left, right), inner, inner)


def larger(inner):
    return st.one_of(
        st.builds(Negative, inner),
        joined(Add, inner),
        joined(Multiply, inner),
        paired(Quotient, inner),
        paired(Power, inner),
        RELATIONS.flatmap(lambda relation: paired(lambda a, b: Call("indicator", (Compare(relation, a, b),)), inner)),
        reductions(inner),
        lookups(inner),
        rates(inner),
        calls(inner),
    )


deltas = st.tuples(axes, axes | symbols()).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Delta(*pair))
comparisons = RELATIONS.flatmap(lambda relation: st.builds(lambda a: Compare(relation, a, a), numbers | symbols()))
expressions = st.recursive(numbers | symbols() | derivatives() | deltas, larger, max_leaves=12) | comparisons
