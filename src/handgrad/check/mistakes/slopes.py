"""Slopes of activations: missing, too many, of the wrong thing, or the function in their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.check.judging.evaluating import slope_of, spelled
from handgrad.check.mistakes.context import Context
from handgrad.check.mistakes.marks import one_minus
from handgrad.check.mistakes.records import Mistake, Rewrite
from handgrad.check.mistakes.trees import all_without, copied, parts, slipped, swapped, times, whole, without
from handgrad.check.tree import Call, Derivative, Group, Name, Node, Number, Product, Script, Scripted, Sum, bare, rebuilt


def missing(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A slope put in: at the end, behind a bracket, or after one of the factors."""
    places = [node for node in parts(tree) if context.marks(node).layer is not None or context.marks(node).indices]
    likes = [node for node in (context.left, *places) if node is not None and context.name_of(node) is not None]
    seen: set[str] = set()
    for rank, like in enumerate(likes[:5]):
        for slope in (*context.shifted_slopes(like), *context.built_slopes(like)):
            key = spelled(slope)
            if key in seen or len(seen) > 24:
                continue
            seen.add(key)
            for sign in _signs(context):
                factor = Group(None, slope) if isinstance(slope, Sum | Product) and sign else slope
                yield Rewrite(
                    times(tree, copied(factor), sign),
                    tree,
                    f"the slope {context.show(slope)} is missing: the way back goes through the activation",
                    0.05 * rank,
                )
                for part in parts(tree):
                    if isinstance(part, Product) and len(part.items) < 6:
                        for place in range(1, len(part.items)):
                            items = (*part.items[:place], copied(factor), *part.items[place:])
                            signs = (*part.signs[: place - 1], sign, *part.signs[place - 1 :])
                            say = f"the slope {context.show(slope)} is missing: the way back goes through the activation"
                            yield Rewrite(rebuilt(tree, part, Product(None, items, signs)), tree, say, 0.2 + 0.05 * rank)


def _signs(context: Context) -> tuple[str, ...]:
    entry = context.entrywise
    indexed = context.left is not None and bool(context.marks(context.left).indices)
    return ("", entry) if indexed and entry in {"odot", "circ", ".*", "otimes"} else (entry,)


def superfluous(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A slope taken out of a product."""
    for part in parts(tree):
        if not isinstance(part, Product):
            continue
        for place, item in enumerate(part.items):
            if context.slope_like(item):
                say = f"the slope {context.show(item)} is too many"
                for rank, less in enumerate(all_without(part, place)):
                    yield Rewrite(swapped(tree, part, less), item, say, 0.1 * rank, _output(context))
        for place in range(len(part.items) - 1):
            pair = Product(None, part.items[place : place + 2], part.signs[place : place + 1])
            if len(part.items) > 2 and context.stored_slope(pair):
                rest = without(part, place)
                less = without(rest, place) if isinstance(rest, Product) else rest
                say = f"the slope {context.show(part.items[place])} {context.show(part.items[place + 1])} is too many"
                yield Rewrite(swapped(tree, part, less), part.items[place + 1], say, 0.0, _output(context))


def _output(context: Context) -> str | None:
    form = context.form(context.left) if context.left is not None else None
    targets = context.right is not None and any(
        isinstance(part, Name) and context.lexicon.habit.role(part) == "Y" for part in parts(context.right)
    )
    return "HG023" if targets and form is not None and form.what in {"dZ", "delta"} else None


def function_for_slope(tree: Node, context: Context) -> Iterator[Rewrite]:
    """g'(z) for g(z), and dA ⊙ g'(z) for g(dA)."""
    for part in parts(tree):
        if (
            not isinstance(part, Call)
            or not context.is_activation(part.function)
            or len(part.arguments) != 1
            or context.is_slope(part)
        ):
            continue
        argument = part.arguments[0]
        for prime in _primes(part.function, context):
            say = f"{context.show(part)} is the activation; here belongs its slope"
            yield Rewrite(rebuilt(tree, part, Call(None, prime, part.arguments)), part, say)
        for slope in context.shifted_slopes(argument):  # as the document writes slopes elsewhere
            say = f"{context.show(part)} is the activation; here belongs its slope, {context.show(slope)}"
            yield Rewrite(swapped(tree, part, slope), part, say, 0.05)


def applied(tree: Node, context: Context) -> Iterator[Rewrite]:
    """DA ⊙ g'(z) for g(dA)."""
    for part in parts(tree):
        if not isinstance(part, Call) or not context.is_activation(part.function) or len(part.arguments) != 1:
            continue
        argument = part.arguments[0]
        form = context.form(argument)
        if form is None or form.what in {"Z", "X", "W", "b", "Y"}:
            continue
        for slope in (*context.shifted_slopes(argument), *context.built_slopes(argument)):
            new = times(argument, slope, context.entrywise)
            say = f"{context.show(argument)} must be multiplied by the slope, {context.show(slope)}, not put into the function"
            own = isinstance(slope, Call) and part.function.name in {slope.function.name, slope_of(slope.function.name)}
            yield Rewrite(slipped(tree, part, new), part, say, 0.1 if own else 0.3)


def _not_applied(tree: Node, context: Context) -> Iterator[Rewrite]:
    """g(dA) for dA ⊙ g'(z)."""
    for part in parts(tree):
        if (
            isinstance(part, Product)
            and len(part.items) == 2
            and isinstance(part.items[1], Call)
            and context.is_slope(part.items[1])
        ):
            call = part.items[1]
            plain = replace(call.function, scripts=tuple(s for s in call.function.scripts if s.kind != "prime"), span=None)
            new = Call(None, plain, (part.items[0],))
            yield Rewrite(swapped(tree, part, new), part, f"here belongs {context.show(new)}")


def _primes(function: Name, context: Context) -> Iterator[Name]:
    for slope in context.slopes.values():
        if isinstance(slope, Call) and slope_of(slope.function.name) == function.name:
            yield copied(slope.function)
    yield replace(function, scripts=(*function.scripts, Script(None, "prime")), span=None)


def slope_for_function(tree: Node, context: Context) -> Iterator[Rewrite]:
    """g(z) for g'(z)."""
    for part in parts(tree):
        if isinstance(part, Call) and context.is_slope(part):
            base = slope_of(part.function.name)
            plain = replace(
                part.function,
                name=base or part.function.name,
                scripts=tuple(s for s in part.function.scripts if s.kind != "prime"),
                span=None,
            )
            if spelled(plain) != spelled(part.function):
                say = f"{context.show(part)} is the slope; here belongs the activation itself"
                yield Rewrite(rebuilt(tree, part, Call(None, plain, part.arguments)), part, say)


def stored(tree: Node, context: Context) -> Iterator[Rewrite]:
    """Slopes written from what is stored: 1 - a for a, a (1 - a) for 1 - a, a² for a in 1 - a²."""
    for part in parts(tree):
        squared = isinstance(part, Scripted) or (isinstance(part, Call) and context.marker.marks(part.function).power is not None)
        if squared or (isinstance(part, Name) and context.form(part) is not None):
            less = Group(None, Sum(None, (whole(1), part), ("+", "-")))
            yield Rewrite(
                swapped(tree, part, less), part, f"it is 1 - {context.show(part)}, not {context.show(part)}", 0.1, "HG022"
            )
        inner = one_minus(part)
        if inner is None or not isinstance(part, Sum):
            continue
        holder: Node = next((p for p in parts(tree) if isinstance(p, Group) and p.body is part), part)
        yield Rewrite(
            swapped(tree, holder, inner), part, f"it is {context.show(inner)}, not 1 - {context.show(inner)}", 0.2, "HG022"
        )
        if isinstance(inner, Name) and context.marks(inner).power is None:
            yield Rewrite(
                slipped(tree, holder, Product(None, (copied(inner), Group(None, part)), ("",))), part,
                f"the slope is {context.show(inner)}(1 - {context.show(inner)}): a factor {context.show(inner)} is missing", 0.0,
            )  # fmt: skip
            say = f"the slope is 1 - {context.show(inner)}², with a square"
            yield Rewrite(rebuilt(tree, inner, _squared(inner)), part, say, 0.1)
        elif isinstance(inner, Name | Scripted):
            base = _unsquared(inner)
            if base is not None:
                say = f"the slope has no square: 1 - {context.show(base)}"
                yield Rewrite(rebuilt(tree, part.terms[1], base), part, say, 0.2)


def _squared(name: Name) -> Node:
    for place, script in enumerate(name.scripts):
        if script.kind == "sup":
            more = replace(script, body=(*script.body, whole(2)), span=None)
            return replace(name, scripts=(*name.scripts[:place], more, *name.scripts[place + 1 :]), span=None)
    return replace(name, scripts=(*name.scripts, Script(None, "sup", (whole(2),))), span=None)


def _unsquared(node: Name | Scripted) -> Node | None:
    """A square without its square; None for what is none."""
    kept = []
    for script in node.scripts:
        body = tuple(p for p in script.body if not (script.kind == "sup" and isinstance(p, Number) and p.value == 2))
        if len(body) == len(script.body):
            kept.append(script)
        elif body:
            kept.append(replace(script, body=body, span=None))
    if len(kept) == len(node.scripts) and all(a is b for a, b in zip(kept, node.scripts, strict=True)):
        return None
    if isinstance(node, Name):
        return replace(node, scripts=tuple(kept), span=None)
    return Scripted(None, node.base, tuple(kept)) if kept else bare(node.base)


def softmax(tree: Node, context: Context) -> Iterator[Rewrite]:
    """The Jacobian of softmax: δ_ij - a_j for 1 - a_j."""
    left = context.left
    if not isinstance(left, Derivative):
        return
    names = [context.name_of(bare(left.of)), context.name_of(left.by)]
    letters = [i for name in names if name is not None for i in context.marker.marks(name).indices if isinstance(i, Name)]
    if len(letters) != 2 or spelled(letters[0]) == spelled(letters[1]):
        return
    delta = Name(None, "delta", (Script(None, "sub", tuple(replace(letter, span=None) for letter in letters)),))
    for part in parts(tree):
        if isinstance(part, Sum) and one_minus(part) is not None:
            new = rebuilt(tree, part.terms[0], delta)
            say = "an output of softmax hangs on all inputs; 1 stands only where the two indices are the same, as a Kronecker delta"
            yield Rewrite(new, part.terms[0], say)


MISTAKES = (
    Mistake("HG005", "slope missing", "slope", 1.6, missing, superfluous),
    Mistake("HG005", "slope too many", "slope", 1.3, superfluous, missing),
    Mistake("HG007", "function for its slope", "slope", 1.1, function_for_slope, slope_for_function),
    Mistake("HG007", "function of the gradient", "slope", 1.2, applied, _not_applied),
    Mistake("HG024", "slope for its function", "slope", 1.5, slope_for_function, function_for_slope),
    Mistake("HG006", "slope from what is stored", "slope", 1.5, stored),
    Mistake("HG014", "softmax Jacobian", "slope", 1.4, softmax),
)
