"""Transposes, the order of factors, and matrix products for elementwise ones."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.check.mistakes.context import Context
from handgrad.check.mistakes.records import Mistake, Rewrite
from handgrad.check.mistakes.trees import parts
from handgrad.check.tree import Call, Derivative, Differential, Group, Name, Node, Product, Scripted, Sum, bare, rebuilt

ENTRYWISE = frozenset({"odot", "circ", ".*", "otimes"})


def factors(tree: Node) -> Iterator[Node]:
    """The factors of products and of dot(a, b)."""
    for part in parts(tree):
        if isinstance(part, Product):
            yield from part.items
        elif isinstance(part, Call) and part.function.name in {"dot", "matmul", "outer", "multiply"}:
            yield from part.arguments


def transposes(tree: Node, context: Context) -> Iterator[Rewrite]:
    """Each factor with a transpose more or less."""
    for factor in factors(tree):
        gradient = isinstance(factor, Name | Differential | Derivative)
        if gradient and context.form(factor) is None:
            continue
        if not gradient:
            inner = factor.base if isinstance(factor, Scripted) else factor
            kinds = (Sum, Product, Derivative, Name, Differential) if isinstance(factor, Scripted) else (Sum, Product, Derivative)
            if not (isinstance(inner, Group) and isinstance(bare(inner), kinds)) or context.constant(inner):
                continue
        turned = context.turned(factor)
        if turned is factor:
            continue
        less = context.marks(factor).transpose or isinstance(factor, Scripted)
        say = f"{context.show(factor)} must {'not ' if less else ''}be transposed"
        if less:
            say = f"the transpose of {context.show(turned)} is too many"
        yield Rewrite(rebuilt(tree, factor, turned), factor, say, 0.0 if gradient else 0.2)


def order(tree: Node, context: Context) -> Iterator[Rewrite]:
    """Factors of a product in another order: two of them swapped, or the first one last."""
    for part in parts(tree):
        if isinstance(part, Call) and part.function.name in {"dot", "matmul", "outer"} and len(part.arguments) == 2:
            a, b = part.arguments
            yield Rewrite(rebuilt(tree, part, Call(None, part.function, (b, a), part.keywords)), part, _order(b, a, context))
        if not isinstance(part, Product):
            continue
        real = [k for k, item in enumerate(part.items) if not context.constant(item)]
        for i, first in enumerate(real):
            for second in real[i + 1 :]:
                items = list(part.items)
                items[first], items[second] = items[second], items[first]
                new = Product(None, tuple(items), part.signs)
                far = second != real[i + 1]
                say = _order(part.items[second], part.items[first], context)
                yield Rewrite(rebuilt(tree, part, new), part, say, 0.3 if far else 0.0)


def _order(first: Node, second: Node, context: Context) -> str:
    return f"{context.show(first)} must stand before {context.show(second)}, since a matrix product has an order"


def signs(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A matrix product for an elementwise one, or the reverse."""
    for part in parts(tree):
        if not isinstance(part, Product):
            continue
        for place, sign in enumerate(part.signs):
            beside = part.items[place], part.items[place + 1]
            if any(context.constant(item) for item in beside):
                continue
            others = (context.matrix, "") if sign in ENTRYWISE else (context.entrywise,)
            for other in dict.fromkeys(others):
                if other == sign:
                    continue
                new = Product(None, part.items, (*part.signs[:place], other, *part.signs[place + 1 :]))
                matrix = sign in ENTRYWISE
                say = f"the product of {context.show(beside[0])} and {context.show(beside[1])} is " + (
                    "the matrix product, which sums over what the two share" if matrix else "the elementwise one"
                )
                yield Rewrite(rebuilt(tree, part, new), part, say, 0.1 if other == "" and context.matrix else 0.0)


MISTAKES = (
    Mistake("HG002", "transpose", "layout", 1.0, transposes),
    Mistake("HG002", "order of factors", "layout", 1.2, order),
    Mistake("HG001", "product", "layout", 1.1, signs),
)
