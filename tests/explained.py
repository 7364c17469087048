"""Explanations to test with, and what is written in them."""

from draws import problem

from handgrad.calculus.written import Written
from handgrad.explain import explain
from handgrad.explain.pen import Pen


def explained(network, seed=0, samples=3, **options):
    found = problem(network, seed, samples)
    options.setdefault("learning_rate", 0.05)
    return explain(found.network, found.parameters, found.X, found.Y, **options)


def parts(written):
    yield written
    for value in vars(written).values():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Written):
                yield from parts(part)
            elif isinstance(part, tuple):
                for each in part:
                    if isinstance(each, Written):
                        yield from parts(each)


def pen_of(found, notation=None):
    return Pen(found.derivation, found.iterations[0].values, notation or found.notation, found.digits)
