"""The numbers that explain puts in come to the derivation's: every entry and every matrix line, over the whole catalogue."""

import dataclasses
import itertools

import numpy as np
import pytest
from draws import HIDDEN, pairs, problem
from explained import explained, parts, pen_of

from handgrad.calculus.evaluation import evaluate
from handgrad.calculus.expressions import Call, Symbol
from handgrad.calculus.functions import PRIMITIVES
from handgrad.calculus.indices import EXAMPLE
from handgrad.calculus.notation import NOTATIONS
from handgrad.calculus.written import (
    Applied,
    Approximately,
    Fraction,
    Grid,
    Minus,
    Name,
    Plus,
    Raised,
    Reduced,
    Related,
    Times,
    Transposed,
    WrittenNumber,
)
from handgrad.catalogue.optimisers import OPTIMISERS
from handgrad.derivation import derive
from handgrad.explain import explain
from handgrad.network import Network

RELATIONS = {">": np.greater, "<": np.less, ">=": np.greater_equal, "<=": np.less_equal, "==": np.equal, "!=": np.not_equal}


def worth(written, functions):
    """What numbers on the page come to, by arithmetic of their own: unrounded, and with matrices as NumPy has them."""

    def inner(part):
        return worth(part, functions)

    match written:
        case WrittenNumber(value) | Approximately(value):
            return float(value)
        case Grid(rows):
            return np.array([[inner(entry) for entry in row] for row in rows])
        case Plus(terms):
            return sum(map(inner, terms))
        case Minus(term):
            return -inner(term)
        case Times(kind, factors):
            result = inner(factors[0])
            for factor in factors[1:]:
                value = inner(factor)
                result = result @ value if kind == "matrix" and np.ndim(result) and np.ndim(value) else result * value
            return result
        case Fraction(numerator, denominator):
            return np.divide(inner(numerator), inner(denominator))
        case Raised(base, exponent):
            return np.power(inner(base), inner(exponent))
        case Transposed(body):
            return inner(body).T
        case Reduced("sum", _, body, _, along):
            value = np.atleast_2d(inner(body))
            return value.sum() if along is None else value.sum(axis=along, keepdims=True)
        case Related(relation, left, right):
            return RELATIONS[relation](inner(left), inner(right))
        case Applied(function, arguments, layer, primes):
            values = [np.asarray(inner(argument)) for argument in arguments]
            if function in PRIMITIVES and not primes:
                return PRIMITIVES[function].compute(*values)
            flat = np.broadcast_arrays(*values)
            names = [Symbol(f"argument{n}", on=(EXAMPLE,)) for n in range(len(flat))]
            found = evaluate(
                Call(function, tuple(names), layer, primes),
                {name.key: value.ravel() for name, value in zip(names, flat, strict=True)},
                functions,
                (EXAMPLE,),
            )
            return np.broadcast_to(found, flat[0].size).reshape(flat[0].shape)
    raise AssertionError(f"{written} is no number")


def places(equation, sizes):
    for at in itertools.product(*(range(1, sizes[axis] + 1) for axis in equation.left.axes)):
        yield dict(zip(equation.left.axes, at, strict=True))


def check_entries(found, *, every=True):
    """Each entry of each equation: the numbers on the line come to the derivation's value."""
    pen = pen_of(found)
    entries = dataclasses.replace(pen.entries, terms=None)
    for equation in found.derivation:
        value = np.asarray(pen.values[equation.key], np.float64)
        chosen = list(places(equation, pen.sizes))
        for place in chosen if every else chosen[:: max(1, len(chosen) // 3)]:
            _, entry = entries.equation(equation, place)
            expected = value[tuple(index - 1 for index in place.values())]
            assert entry.value == pytest.approx(expected, rel=1e-9, abs=1e-12), (equation.id, place)
            by_hand = float(worth(entry.numbers, found.derivation.functions))
            assert by_hand == pytest.approx(expected, rel=1e-9, abs=1e-12), (equation.id, place)
            assert not any(isinstance(part, Name) for part in parts(entry.numbers)), equation.id
            assert not any(isinstance(part, Approximately) for part in parts(entry.symbols)), equation.id


def check_matrices(found):
    """Each equation in matrix form: the matrices on the line come to the derivation's value."""
    pen = pen_of(found)
    shown = 0
    for equation in found.derivation:
        numbers = pen.matrices.equation(equation)
        if numbers is not None:
            shown += 1
            expected = pen.matrices.stored_array(equation.left)
            value = np.asarray(worth(numbers, found.derivation.functions), float)
            assert np.allclose(value, expected, rtol=1e-9, atol=1e-12), equation.id
    return shown


@pytest.mark.parametrize(("output", "loss"), list(pairs(2)))
def test_the_numbers_of_every_output_and_loss_come_to_the_derivations(output, loss):
    found = explained(Network([2, 2, 2], ["tanh", output], loss), samples=2)
    check_entries(found)
    assert check_matrices(found) > 10


@pytest.mark.parametrize("hidden", HIDDEN)
def test_the_numbers_of_every_hidden_activation_come_to_the_derivations(hidden):
    found = explained(Network([2, 3, 1], [hidden, "identity"]), samples=2, notation="rows")
    check_entries(found)
    check_matrices(found)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("one_over_m", ["dW", "dZ"])
def test_every_notation_and_update_rule(notation, optimiser, one_over_m):
    network = Network("2-3:relu-2", l2=0.1, label_smoothing=0.1)
    found = explained(network, notation=notation, optimiser=optimiser, one_over_m=one_over_m, iterations=2)
    check_entries(found, every=False)
    if notation != "index":
        check_matrices(found)
    if optimiser == "adam":
        assert len(found.document().blocks) > 20


@pytest.mark.parametrize("notation", NOTATIONS)
def test_one_example_and_weighted_examples(notation):
    check_entries(explained(Network("3-2:tanh-2"), samples=1, notation=notation))
    check_matrices(explained(Network("3-2:tanh-2"), samples=1, notation=notation))
    found = problem(Network("3-2:tanh-2"), 0, 3)
    weighted = explain(found.network, found.parameters, found.X, found.Y, sample_weight=[1, 2, 0.5], notation=notation)
    check_entries(weighted)
    check_matrices(weighted)
    assert weighted.loss == pytest.approx(derive(found.network).loss(found.parameters, found.X, found.Y, [1, 2, 0.5]), rel=1e-12)


def test_python_functions_as_activation_and_loss():
    from handgrad.catalogue.own import add_activation, add_loss

    add_activation("twice", value=lambda z: 2 * z + 0.1 * z**2, slope=lambda z, _: 2 + 0.2 * z)
    add_loss("quartic", value=lambda a, y: (a - y) ** 4, gradient=lambda a, y: 4 * (a - y) ** 3)
    check_entries(explained(Network("2-2:twice-1:identity", loss="quartic"), samples=2))


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("spelling", ["2-1", "3-2:identity", "2-3:softmax"])
def test_networks_of_one_layer(spelling, notation):
    check_entries(explained(Network(spelling, loss="squared_error"), notation=notation))
