"""Sums that are missing or too many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from handgrad.check.judging.evaluating import spelled
from handgrad.check.mistakes.context import Context
from handgrad.check.mistakes.marks import every_name
from handgrad.check.mistakes.records import Mistake, Rewrite
from handgrad.check.mistakes.trees import copied, parts, product, swapped, terms_of, whole
from handgrad.check.tree import BigSum, Call, Fraction, Name, Node, Product, Sum

Put: TypeAlias = Callable[[Node], Node]


def too_many(tree: Node, _: Context) -> Iterator[Rewrite]:
    """A sum taken away from what it sums."""
    for part in parts(tree):
        if isinstance(part, BigSum):
            yield Rewrite(swapped(tree, part, part.body), part, "the sum is too many")
        elif isinstance(part, Call) and part.function.name in {"sum", "mean"} and part.arguments:
            yield Rewrite(swapped(tree, part, part.arguments[0]), part, "the sum is too many")


def missing(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A sum put before the formula, before the factors behind its constants, or before one factor."""
    for body, put, cost in _bodies(tree, context):
        for summed, more in _summed(body, context):
            yield Rewrite(put(summed), tree, f"the sum over {_over(summed, context)} is missing", cost + more)


def _over(summed: Node, context: Context) -> str:
    if isinstance(summed, BigSum) and summed.index is not None:
        return context.show(summed.index)
    return "the examples"


def _bodies(tree: Node, context: Context) -> Iterator[tuple[Node, Put, float]]:
    """What may be summed: the whole, the last factors, the first one; with what puts the sum in its place."""
    core = tree.terms[0] if isinstance(tree, Sum) and len(tree.terms) == 1 else tree
    if isinstance(core, Fraction) and context.constant(core.under):
        core = core.over
    if not isinstance(core, Product):
        yield core, partial(swapped, tree, core), 0.0
        for sum_, place in terms_of(core):
            yield sum_.terms[place], partial(swapped, tree, sum_.terms[place]), 0.2
        return
    for count in range(1, len(core.items)):
        usual = all(context.constant(item) for item in core.items[:count])
        yield product(core.items[count:], core.signs[count:]), partial(_last, tree, core, count), 0.0 if usual else 0.3
    if not context.constant(core.items[0]):
        yield core, partial(swapped, tree, core), 0.1
        yield core.items[0], partial(swapped, tree, core.items[0]), 0.4


def _last(tree: Node, core: Product, count: int, new: Node) -> Node:
    """The tree with a sum in the place of all factors of a product but the first ones."""
    return swapped(tree, core, product((*core.items[:count], new), core.signs[:count]))


def _summed(body: Node, context: Context) -> Iterator[tuple[Node, float]]:
    free = {index.name for name in every_name(body) for index in _letters(name, context)}
    kept = (
        {index.name for name in every_name(context.left) for index in _letters(name, context)}
        if context.left is not None
        else set()
    )
    seen: set[str] = set()
    for example in context.sums.values():
        found: Node
        if isinstance(example, BigSum):
            found = replace(copied(example), body=body, span=None)
        else:
            assert isinstance(example, Call)
            found = replace(example, arguments=(body, *example.arguments[1:]), span=None)
        seen.add(spelled(found))
        own = isinstance(example, BigSum) and isinstance(example.index, Name) and example.index.name in free - kept
        yield found, 0.0 if own or not free else 0.2
    for letter in sorted(free - kept):
        yield BigSum(None, Name(None, letter), None, None, body), 0.1
    if context.tex:
        m = replace(context.m, span=None) if context.m is not None else Name(None, "m")
        yield BigSum(None, Name(None, "i"), whole(1), m, body), 0.3
    else:
        yield Call(None, Name(None, "sum"), (body,), (("axis", whole(1)), ("keepdims", Name(None, "True")))), 0.3


def _letters(name: Name, context: Context) -> Iterator[Name]:
    marks = context.marker.marks(name)
    for index in (*marks.indices, marks.example):
        if isinstance(index, Name):
            yield index


MISTAKES = (
    Mistake("HG010", "sum missing", "sum", 1.3, missing, too_many),
    Mistake("HG010", "sum too many", "sum", 1.4, too_many, missing),
)
