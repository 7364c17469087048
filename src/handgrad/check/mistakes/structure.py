"""What stands in the formula at all: a fraction upside down, a derivative forgotten, a factor or an activation left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.check.judging.evaluating import spelled
from handgrad.check.mistakes.context import Context
from handgrad.check.mistakes.records import Mistake, Rewrite
from handgrad.check.mistakes.trees import (
    all_without,
    copied,
    fraction,
    parts,
    product,
    swapped,
    terms_of,
    times,
    whole,
    without,
)
from handgrad.check.tree import BigSum, Call, Derivative, Fraction, Group, Name, Node, Operator, Product, Sum, bare, rebuilt


def brackets(tree: Node, context: Context) -> Iterator[Rewrite]:
    """Brackets that are missing in a line of text: (1-y)/(1-a) for (1-y)/1-a, (a-y)/m for a-y/m."""
    for part in parts(tree):
        if not isinstance(part, Sum):
            continue
        for place, term in enumerate(part.terms):
            if not isinstance(term, Fraction) or term.mark != "/":
                continue
            rest = Sum(None, part.terms[place:][1:], part.signs[place + 1 :])
            if place + 1 < len(part.terms):
                under = Sum(None, (term.under, *rest.terms), ("+", *rest.signs))
                new = Fraction(None, term.over, Group(None, under), "/")
                say = f"brackets are missing: all of {context.show(under)} stands below the line"
                yield Rewrite(swapped(tree, part, _summed((*part.terms[:place], new), part.signs[: place + 1])), part, say)
            if place:
                over = _summed((*part.terms[:place], term.over), part.signs[: place + 1])
                new = Fraction(None, Group(None, over), term.under, "/")
                say = f"brackets are missing: all of {context.show(over)} stands above the line"
                yield Rewrite(swapped(tree, part, _summed((new, *rest.terms), ("+", *rest.signs))), part, say)


def _summed(terms: tuple[Node, ...], signs: tuple[str, ...]) -> Node:
    return terms[0] if len(terms) == 1 and signs == ("+",) else Sum(None, terms, signs)


def upside_down(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A fraction or a derivative the other way round."""
    for part in parts(tree):
        if isinstance(part, Derivative):
            new: Node = Derivative(None, part.by, part.of, part.mark, part.order)
            yield Rewrite(rebuilt(tree, part, new), part, f"{context.show(part)} stands upside down")
        elif isinstance(part, Fraction) and not context.constant(part):
            turned = fraction(part.under, part.over, part.mark)
            yield Rewrite(rebuilt(tree, part, turned), part, f"{context.show(part)} stands upside down")


def forgotten(tree: Node, context: Context) -> Iterator[Rewrite]:
    """∂/∂w put before what it is to be taken of."""
    left = context.left
    if not isinstance(left, Derivative):
        return
    operator = Operator(None, copied(left.by), left.mark)
    for part in parts(tree):
        if part is tree or isinstance(part, Group):
            body = part if isinstance(part, Group) or not isinstance(part, Sum) else Group(None, part)
            items = (operator, *body.items) if isinstance(body, Product) else (operator, body)
            signs = ("", *body.signs) if isinstance(body, Product) else ("",)
            new = swapped(tree, part, Product(None, items, signs))
            yield Rewrite(new, tree, "this is the quantity itself; its derivative is missing", 0.0 if part is tree else 0.2)


def not_derived(tree: Node, _: Context) -> Iterator[Rewrite]:
    """∂/∂w left out."""
    for part in parts(tree):
        if isinstance(part, Product):
            for place, item in enumerate(part.items):
                if isinstance(item, Operator) and place + 1 < len(part.items):
                    yield Rewrite(swapped(tree, part, without(part, place)), item, "the derivative is too many")


def too_many(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A factor taken out of a product."""
    for part in parts(tree):
        if isinstance(part, Product):
            for place, item in enumerate(part.items):
                if not context.constant(item) and not context.slope_like(item):
                    for rank, less in enumerate(all_without(part, place)):
                        yield Rewrite(swapped(tree, part, less), item, f"the factor {context.show(item)} is too many", 0.1 * rank)
        elif isinstance(part, Fraction) and not context.constant(part):
            yield Rewrite(swapped(tree, part, part.over), part, f"nothing is divided by {context.show(part.under)}", 0.2)


def missing(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A quantity of the document put in as a factor, as it is or transposed."""
    core = tree.terms[0] if isinstance(tree, Sum) and len(tree.terms) == 1 else tree
    marks = context.marks(context.left) if context.left is not None else None
    weights = [form for form in context.forms.values() if form.what == "W"]
    found: dict[str, tuple[Node, float]] = {}
    for form in weights:
        for like in [part for part in parts(tree) if context.form(part) is not None][:4]:
            if context.marks(like).layer is not None and not context.marks(like).indices:
                other = context.turned(context.dressed(form, like), to=False)
                found.setdefault(spelled(other), (other, 0.1))
    for key, node in list(context.quantities.items())[:30]:
        found.setdefault(key, (copied(node), 0.3))
    for key, node in list(context.errors.items())[:4]:
        found.setdefault(key, (copied(node), 0.2))
    whole_matrix = marks is not None and not marks.indices
    targets = [(core, 0.0), *((sum_.terms[place], 0.3) for sum_, place in terms_of(core) if len(sum_.terms) > 1)]
    targets += [(part.body, 0.2) for part in parts(core) if isinstance(part, BigSum)]
    for key, (node, cost) in found.items():
        if context.left is not None and key == spelled(context.left):
            continue
        for factor in (node, context.turned(node)) if whole_matrix else (node,):
            say = f"the factor {context.show(factor)} is missing"
            sign = context.matrix if whole_matrix else ""
            for target, more in targets[:5]:
                for front in (True, False):
                    new = times(target, copied(factor), sign, front=front)
                    yield Rewrite(swapped(tree, target, new), tree, say, cost + more + 0.1 * (not front))
            if isinstance(core, Product):
                for place in range(1, len(core.items)):
                    items = (*core.items[:place], copied(factor), *core.items[place:])
                    signs = (*core.signs[: place - 1], sign, *core.signs[place - 1 :])
                    yield Rewrite(swapped(tree, core, product(items, signs)), tree, say, cost + 0.15)


def rate(tree: Node, context: Context) -> Iterator[Rewrite]:
    """The learning rate put into an update."""
    if context.update and context.rate is not None and isinstance(tree, Sum):
        for place in range(1, len(tree.terms)):
            new = times(tree.terms[place], copied(context.rate), context.beside, front=True)
            terms = (*tree.terms[:place], new, *tree.terms[place + 1 :])
            yield Rewrite(
                Sum(None, terms, tree.signs), tree.terms[place], f"the learning rate {context.show(context.rate)} is missing"
            )


def activation_missing(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A function put around the right side of a forward equation, or around a sum that stands where its activation belongs."""
    form = context.form(context.left) if context.left is not None else None
    inner = bare(tree)
    if form is not None and form.what in {"A", "output"} and not isinstance(inner, Call):
        for function in context.functions_for(context.left, inner):
            yield Rewrite(Call(None, function, (inner,)), tree, f"the activation {context.show(function)} is missing")
    for part in parts(tree):
        own = context.form(part)
        if own is not None and own.what == "Z" and part is not inner:
            for function in context.functions_for(part, None):
                new = Call(None, function, (part,))
                say = f"the activation is missing: {context.show(new)} for {context.show(part)}"
                yield Rewrite(rebuilt(tree, part, new), part, say, 0.2, "HG009")


def activation_too_many(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A function taken away from what it is of, and a function for another one."""
    for part in parts(tree):
        if (
            isinstance(part, Call)
            and context.is_activation(part.function)
            and not context.is_slope(part)
            and len(part.arguments) == 1
        ):
            yield Rewrite(swapped(tree, part, part.arguments[0]), part, f"the activation {context.show(part.function)} is too many")


def other_activation(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A function for another one of the document."""
    for part in parts(tree):
        if isinstance(part, Call) and context.is_activation(part.function) and not context.is_slope(part):
            for function in list(context.functions.values())[:6]:
                if function.name != part.function.name:
                    other = replace(function, scripts=part.function.scripts, span=None)
                    say = f"the activation is {context.show(other)}, not {context.show(part.function)}"
                    yield Rewrite(rebuilt(tree, part.function, other), part, say)


MISTAKES = (
    Mistake("HG022", "brackets missing", "structure", 1.0, brackets),
    Mistake("HG016", "upside down", "structure", 1.5, upside_down),
    Mistake("HG016", "left side upside down", "structure", 2.0, upside_down, left=True),
    Mistake("HG017", "derivative forgotten", "structure", 1.4, forgotten, not_derived),
    Mistake("HG022", "factor too many", "structure", 1.7, too_many, missing),
    Mistake("HG022", "factor missing", "structure", 2.0, missing, too_many),
    Mistake("HG013", "rate missing", "structure", 1.0, rate),
    Mistake("HG024", "activation missing", "structure", 1.4, activation_missing, activation_too_many),
    Mistake("HG024", "activation too many", "structure", 1.5, activation_too_many, activation_missing),
    Mistake("HG024", "other activation", "structure", 1.5, other_activation),
)

__all__ = ["MISTAKES", "Name", "whole"]
