"""The language's own text: `to_text` writes canonical text, from which `parse` makes an equal expression again."""

from handgrad.calculus.expressions import (
    Add,
    Call,
    Compare,
    Delta,
    Derivative,
    Expression,
    Lookup,
    Multiply,
    Negative,
    Number,
    Power,
    Quotient,
    Rate,
    Reduction,
    Symbol,
)
from handgrad.calculus.indices import Axis
from handgrad.calculus.quantities import default_axes

# How tightly each form binds; the parser reads with the same numbers.
COMPARE, ADD, NEGATIVE, MULTIPLY, POWER, ATOM = 10, 20, 30, 40, 50, 60


def to_text(expression: Expression) -> str:
    """Write an expression as canonical text: `sum(unit[l-1]: W[l] * A[l-1]) + b[l]`."""
    return _text(expression, 0)


def _braces(on: tuple[Axis, ...] | None, usual: tuple[Axis, ...]) -> str:
    return "" if on == usual else "{" + ", ".join(map(str, on or ())) + "}"


def _symbol(symbol: Symbol) -> str:
    return symbol.key + _braces(symbol.on, default_axes(symbol.name, symbol.layer))


def _text(expression: Expression, around: int) -> str:
    """Write with parentheses where the form binds less tightly than what is around it."""
    match expression:
        case Number(value):
            return repr(value)
        case Symbol():
            return _symbol(expression)
        case Derivative(of, by):
            return f"d{_symbol(by)}" if expression.short else f"derivative({_symbol(of)}, {_symbol(by)})"
        case Rate(body, by):
            return f"derivative({to_text(body)}, {_symbol(by)})"
        case Call(_, arguments):
            return f"{expression.name}({', '.join(map(to_text, arguments))})"
        case Reduction(kind, over, body):
            return f"{kind}({', '.join(map(str, over))}: {to_text(body)})"
        case Delta(axis, other):
            return f"delta({axis}, {other})"
        case Lookup(axis, body, label):
            return f"lookup({axis}: {to_text(body)}, {label})"
        case Compare(relation, left, right):
            text, binding = f"{_text(left, ADD)} {relation} {_text(right, ADD)}", COMPARE
        case Add(terms):
            text, binding = _text(terms[0], ADD), ADD
            for term in terms[1:]:
                minus = isinstance(term, Negative)
                body = term.term if isinstance(term, Negative) else term
                text += f" {'-' if minus else '+'} {_text(body, NEGATIVE + 1)}"
        case Negative(term):
            text, binding = f"-{_text(term, NEGATIVE + 1)}", NEGATIVE
        case Multiply(factors):
            first, *others = factors
            text, binding = " * ".join([_text(first, MULTIPLY), *(_text(f, MULTIPLY + 1) for f in others)]), MULTIPLY
        case Quotient(numerator, denominator):
            text, binding = f"{_text(numerator, MULTIPLY)} / {_text(denominator, MULTIPLY + 1)}", MULTIPLY
        case Power(base, exponent):
            text, binding = f"{_text(base, POWER + 1)}^{_text(exponent, POWER)}", POWER
        case _:
            raise TypeError(f"{type(expression).__name__} has no text form")
    return f"({text})" if binding < around else text
