"""Sentences about a written formula: why a factor stands transposed, and what the names of a notation mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.calculus.indices import EXAMPLE, Axis
from handgrad.calculus.matrix_form import MatrixForm
from handgrad.calculus.notation import Notation
from handgrad.calculus.written import Name, Partial, Times, Written, mapped
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
    rows, columns = MatrixForm(notation).of_name(name)
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
