"""Signs and constants: a term's sign, 1/m, 2 and ½, and the factor of a penalty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.check.judging.evaluating import spelled
from handgrad.check.mistakes.context import Context
from handgrad.check.mistakes.marks import with_mark
from handgrad.check.mistakes.records import Mistake, Rewrite
from handgrad.check.mistakes.trees import (
    copied,
    fraction,
    negated,
    parts,
    product,
    swapped,
    times,
    whole,
    with_term,
    without,
    without_term,
)
from handgrad.check.tree import BigSum, Call, Fraction, Group, Name, Node, Number, Product, Sum, bare, rebuilt


def flips(tree: Node, context: Context) -> Iterator[Rewrite]:
    """The sign of a term, of a difference, or of all."""
    penalty = "HG015"
    for part in parts(tree):
        if isinstance(part, Name) and part.name == "e" and len(part.scripts) == 1 and len(part.scripts[0].body) == 1:
            exponent = part.scripts[0].body[0]
            say = f"the exponent of {context.show(part)} has the opposite sign"
            yield Rewrite(rebuilt(tree, exponent, negated(exponent)), part, say)
        elif isinstance(part, Call) and part.function.name == "exp" and len(part.arguments) == 1:
            say = f"the exponent of {context.show(part)} has the opposite sign"
            yield Rewrite(rebuilt(tree, part, replace(part, arguments=(negated(part.arguments[0]),), span=None)), part, say)
        if not isinstance(part, Sum):
            continue
        if len(part.terms) == 1:
            if part is not tree:
                yield Rewrite(swapped(tree, part, part.terms[0]), part, "the sign is the opposite one")
            continue
        if len(part.terms) == 2 and part.signs == ("+", "-") and not isinstance(part.terms[0], Number):
            say = f"it is {context.show(part.terms[1])} - {context.show(part.terms[0])}, not the reverse"
            yield Rewrite(rebuilt(tree, part, Sum(None, part.terms[::-1], part.signs)), part, say)
        for place, sign in enumerate(part.signs):
            other = tuple(("+" if sign == "-" else "-") if k == place else s for k, s in enumerate(part.signs))
            say = f"the term {context.show(part.terms[place])} has the opposite sign"
            code = penalty if context.has_penalty(part.terms[place]) else "HG013" if context.update else None
            yield Rewrite(
                rebuilt(tree, part, replace(part, signs=other, span=None)), part.terms[place], say, 0.1 if place else 0.3, code
            )
        both = tuple("+" if s == "-" else "-" for s in part.signs)
        yield Rewrite(swapped(tree, part, replace(part, signs=both, span=None)), part, "the sign is the opposite one", 0.4)
    minus = isinstance(tree, Sum) and tree.signs == ("-",)
    yield Rewrite(negated(tree), tree, "the sign is the opposite one", -0.1 if minus else 0.2)


def take_out(tree: Node, context: Context) -> Iterator[Rewrite]:
    """The formula with a constant less."""
    for part in parts(tree):
        if isinstance(part, Product):
            for place, item in enumerate(part.items):
                if context.constant(item):
                    yield Rewrite(
                        swapped(tree, part, without(part, place)),
                        item,
                        f"the factor {context.show(item)} is too many",
                        0.0,
                        _code(part, context),
                    )
        elif isinstance(part, Fraction):
            yield from (
                (Rewrite(swapped(tree, part, new), part, say, 0.1, _code(part, context))) for new, say in _less(part, context)
            )


def _code(part: Node, context: Context) -> str | None:
    return "HG015" if context.has_penalty(part) else None


def _less(part: Fraction, context: Context) -> Iterator[tuple[Node, str]]:
    over, under = bare(part.over), bare(part.under)
    if context.constant(under):
        if not context.constant(over):
            yield part.over, f"the {context.show(part.under)} below the line is too many"
        if isinstance(under, Product):
            for place, item in enumerate(under.items):
                yield fraction(part.over, without(under, place), part.mark), f"the {context.show(item)} below the line is too many"
    if isinstance(over, Product):
        for place, item in enumerate(over.items):
            if context.constant(item):
                yield fraction(without(over, place), part.under, part.mark), f"the factor {context.show(item)} is too many"
    if isinstance(over, Number) and over.value != 1:
        yield fraction(whole(1), part.under, part.mark), f"the factor {context.show(over)} is too many"


def put_in(tree: Node, context: Context) -> Iterator[Rewrite]:
    """The formula with a constant more: in front, at one of its terms, or above the line."""
    for rank, constant in enumerate(context.constants()):
        say = f"the factor {context.show(constant)} is missing"
        cost = 0.03 * rank
        yield Rewrite(times(tree, copied(constant), context.beside, front=True), tree, say, cost)
        for part in parts(tree):
            if isinstance(part, Sum) and len(part.terms) > 1 and not isinstance(constant, Number):
                for place, term in enumerate(part.terms):
                    new = with_term(part, place, times(term, copied(constant), context.beside, front=True))
                    yield Rewrite(rebuilt(tree, part, new), term, say, cost + 0.2, _code(term, context))
            elif isinstance(part, Sum) and len(part.terms) > 1:
                for place, term in enumerate(part.terms):
                    if context.has_penalty(term):
                        new = with_term(part, place, times(term, copied(constant), context.beside, front=True))
                        yield Rewrite(rebuilt(tree, part, new), term, say, cost + 0.2, "HG015")
            elif isinstance(part, Fraction) and part is not tree and isinstance(constant, Number | Name):
                new_over = (
                    copied(constant)
                    if isinstance(part.over, Number) and part.over.value == 1
                    else times(part.over, copied(constant), "", front=True)
                )
                yield Rewrite(
                    swapped(tree, part, fraction(new_over, part.under, part.mark)), part, say, cost + 0.1, _code(tree, context)
                )
                under = times(part.under, copied(constant), "", front=isinstance(constant, Number))
                below = f"{context.show(constant)} is missing below the line"
                yield Rewrite(
                    swapped(tree, part, fraction(part.over, under, part.mark)), part, below, cost + 0.15, _code(tree, context)
                )


def exchange(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A constant for another one, and a mean for a sum."""
    for part in parts(tree):
        if isinstance(part, Product):
            for place, item in enumerate(part.items):
                if context.constant(item):
                    for rank, other in enumerate(context.constants()):
                        if spelled(other) != spelled(item):
                            items = (*part.items[:place], copied(other), *part.items[place + 1 :])
                            say = f"the factor is {context.show(other)}, not {context.show(item)}"
                            yield Rewrite(
                                swapped(tree, part, product(items, part.signs)), item, say, 0.03 * rank, _code(part, context)
                            )
        elif isinstance(part, Call) and part.function.name in {"mean", "sum"}:
            other_name = replace(part.function, name="sum" if part.function.name == "mean" else "mean", span=None)
            say = f"it is the {other_name.name}, not the {part.function.name}"
            yield Rewrite(rebuilt(tree, part, replace(part, function=other_name, span=None)), part, say)
        elif isinstance(part, BigSum) and part.kind == "mean":
            yield Rewrite(rebuilt(tree, part, replace(part, kind="sum", span=None)), part, "it is the sum, not the mean")


def fewer_terms(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A sum with one of its terms less."""
    for part in parts(tree):
        if isinstance(part, Sum) and len(part.terms) > 1 and not (context.update and part is tree):
            for place, term in enumerate(part.terms):
                if not isinstance(term, Number):
                    yield Rewrite(
                        swapped(tree, part, without_term(part, place)),
                        term,
                        f"the term {context.show(term)} is too many",
                        0.0,
                        _code(term, context),
                    )


def _differences(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A - y for a alone or y alone, and 1 - a for a."""
    data = [node for node in context.quantities.values() if (form := context.form(node)) and form.what in {"Y", "A", "output"}][:8]
    for part in parts(tree):
        form = context.form(part)
        if form is None or form.what not in {"Y", "A", "output"}:
            continue
        for other in data:
            own = context.form(other)
            if own is not None and (own.what == "Y") != (form.what == "Y"):
                found = copied(other)
                say = f"the term {context.show(found)} is missing"
                pair = (found, part) if form.what == "Y" else (part, found)
                yield Rewrite(_put(tree, part, Sum(None, pair, ("+", "-"))), part, say, 0.3)


def _put(tree: Node, part: Node, new: Sum) -> Node:
    """The tree with a difference for one of its terms; a minus before the term is that of its second part."""
    for holder in parts(tree):
        if isinstance(holder, Sum) and holder.signs == ("-",) and holder.terms[0] is part and new.terms[1] is part:
            return swapped(tree, holder, new)
    return swapped(tree, part, new if part is tree else Group(None, new))


def more_terms(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A penalty's term put in, as another formula of the document has it, and a bias."""
    left = context.left
    if left is None:
        return
    terms, signs = (tree.terms, tree.signs) if isinstance(tree, Sum) else ((tree,), ("+",))
    layer = context.marks(left).layer
    for penalty in context.penalties.values():
        found = copied(penalty)
        for name in [n for part in parts(found) if (n := context.name_of(part)) is not None]:
            own = context.marker.marks(name).layer
            if own is not None and layer is not None:
                other = with_mark(name, own, replace(layer, span=None))
                found = rebuilt(found, name, other) if other is not None else found
        say = f"the term {context.show(found)} of the penalty is missing"
        yield Rewrite(Sum(None, (*terms, found), (*signs, "+")), tree, say, 0.2, "HG015")
    yield from _differences(tree, context)
    form = context.form(left)
    if form is None or form.what not in {"Z", "A", "output"}:
        return
    for bias in (f for f in context.forms.values() if f.what == "b"):
        for found in (context.dressed(bias, left), copied(bias.example)):
            say = f"the bias {context.show(found)} is missing"
            yield Rewrite(Sum(None, (*terms, found), (*signs, "+")), tree, say, 0.0, "HG024")
            call = tree
            if isinstance(call, Call) and len(call.arguments) == 1:
                inner = call.arguments[0]
                new = Sum(None, (inner, copied(found)), ("+", "+"))
                yield Rewrite(rebuilt(tree, inner, new), tree, say, 0.1, "HG024")


MISTAKES = (
    Mistake("HG003", "sign", "constant", 1.0, flips),
    Mistake("HG004", "constant too many", "constant", 1.1, take_out, put_in),
    Mistake("HG004", "constant missing", "constant", 1.2, put_in, take_out),
    Mistake("HG004", "wrong constant", "constant", 1.3, exchange),
    Mistake("HG022", "term too many", "structure", 2.2, fewer_terms, more_terms),
    Mistake("HG022", "term missing", "structure", 2.2, more_terms, fewer_terms),
)
