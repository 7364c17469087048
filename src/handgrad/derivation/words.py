"""Sentences about a written formula: why a factor stands transposed, and what the names of a notation mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.calculus.expressions import Derivative, Symbol, symbol
from handgrad.calculus.indices import EXAMPLE, Axis
from handgrad.calculus.layout import lay_out
from handgrad.calculus.matrix_form import MatrixForm
from handgrad.calculus.notation import Notation
from handgrad.calculus.quantities import default_axes
from handgrad.calculus.written import Name, Partial, Times, Written, mapped
from handgrad.derivation.derivation import Derivation
from handgrad.document.blocks import Words


def why_transposed(written: Written, notation: Notation) -> Words:
    """Why factors of matrix products stand transposed in what is written; nothing where none does."""
    words: list[str | Written] = []
    for product in _products(written):
        for place, factor in enumerate(product.factors):
            name = factor.by if isinstance(factor, Partial) else factor
            if isinstance(factor, Name | Partial) and isinstance(name, Name) and factor.transposed:
                words += ["; " if words else "", *_reason(name, factor, first=place == 0, notation=notation)]
    return tuple(words)


def _reason(name: Name, factor: Name | Partial, *, first: bool, notation: Notation) -> Iterator[str | Written]:
    quantity = "Z" if name.base == "delta" else name.base
    rows, columns = MatrixForm(notation).orientation(default_axes(quantity, name.layer))
    along = rows if first else columns
    plain = replace(factor, transposed=False)
    if along is None:
        yield from ("a column times a row has an entry for every pair, so ", plain, " is laid down as a row")
        return
    side, other = ("rows", "columns of its left") if first else ("columns", "rows of its right")
    yield from (f"the sum runs over {_called(along)}, which are the {side} of ", plain)
    yield from (f", while a matrix product sums over the {other} factor, so ", plain, " stands transposed")


def _called(axis: Axis) -> str:
    return "the examples" if axis == EXAMPLE else f"the units of layer {axis.layer}"


def _products(written: Written) -> Iterator[Times]:
    found: list[Times] = []

    def look(part: Written) -> None:
        if isinstance(part, Times) and part.kind == "matrix":
            found.append(part)

    mapped(written, look)
    yield from found


def legend(derivation: Derivation, notation: Notation) -> Iterator[tuple[Words, Words]]:
    """The names of a derivation in a notation, and what each of them means."""
    network = derivation.network
    single = notation.examples == "single"
    layer: int | str = "l" if derivation.layers != "numbered" or network.L > 1 else 1

    def name(quantity: Symbol | Derivative) -> Written:
        return lay_out(quantity, notation)

    example = "of the example" if single else "of all examples"
    yield (name(symbol("X")),), (f"the inputs {example}",)
    yield (name(symbol("Y")),), (f"the targets {example}",)
    yield (name(symbol("W", layer)), ", ", name(symbol("b", layer))), ("the weights and biases of a layer",)
    yield (name(symbol("Z", layer)), ", ", name(symbol("A", layer))), ("what a layer adds up, and its activations",)
    yield from _gradients(derivation, notation, layer)
    if not single:
        yield (name(symbol("m")),), ("the number of examples",)
    yield (name(symbol("alpha")),), ("the learning rate",)


def _gradients(derivation: Derivation, notation: Notation, layer: int | str) -> Iterator[tuple[Words, Words]]:
    """What the short names of gradients stand for."""
    early = derivation.one_over_m == "dZ"
    full = notation.but(gradient="partial")
    of = symbol("J") if early else symbol("ell")
    whose = "the gradient of the batch's loss" if early else "the gradient of the example's own loss"
    if notation.gradient == "delta":
        dZ = Derivative(of, symbol("Z", layer))
        yield (lay_out(dZ, notation), " = ", lay_out(dZ, full)), (f"the error of a layer, {whose}",)
    elif notation.gradient == "dZ":
        for quantity in ("Z", "A"):
            d = Derivative(of, symbol(quantity, layer))
            yield (lay_out(d, notation), " = ", lay_out(d, full)), (whose,)
        dW = Derivative(symbol("J"), symbol("W", layer))
        yield (lay_out(dW, notation), " = ", lay_out(dW, full)), ("the gradient of the batch's loss, which the update takes",)
