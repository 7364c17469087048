"""What NumPy's functions are in a formula, where that is more than a function with its name."""

from __future__ import annotations

from handgrad.check.parsing.building import grouped, marked, multiplied, summed, term
from handgrad.check.tree import Call, Compare, Fraction, Name, Node, Number, Script, Span, Sum, bare

SAME = {"float", "int", "array", "asarray", "float32", "float64", "squeeze", "asscalar", "tensor"}
"""Functions of one value that change nothing a formula says."""
PRODUCTS = {"dot": "@", "matmul": "@", "mm": "@", "multiply": "odot", "mul": "odot"}
SUMS = {"add": "+", "subtract": "-"}
QUOTIENTS = {"divide", "true_divide", "div"}
COMPARED = {"greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "==", "not_equal": "!="}


def known_call(name: str, place: Span, arguments: list[Node], span: Span) -> Node | None:
    """What a function of the library is in a formula, where that is more than a function's name."""
    first, *rest = arguments
    two = rest[0] if len(rest) == 1 else None
    if name in SAME and not rest:
        return first
    if name == "len" and not rest:
        return Call(span, Name(place, "shape"), (first,), (("axis", Number(None, 0.0, "0")),))
    if name in {"transpose", "t"} and not rest:
        return marked(grouped(first), Script(place, "transpose"), span)
    if name == "square" and not rest:
        return marked(grouped(first), Script(None, "sup", (Number(None, 2.0, "2"),)), span)
    if name == "negative" and not rest:
        return Sum(span, (term(first),), ("-",))
    if two is None:
        return None
    if name in {"power", "pow"}:
        return marked(grouped(first), Script(two.span, "sup", (bare(two),)), span)
    if name in PRODUCTS:
        return multiplied(span, first, two, PRODUCTS[name], call=True)
    if name in QUOTIENTS:
        return Fraction(span, term(first), grouped(two), "/")
    if name in SUMS:
        return summed(span, [("+", first), (SUMS[name], two)])
    return Compare(span, COMPARED[name], first, two) if name in COMPARED else None
