"""A Pratt parser for the language's text form; errors show the place."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn, TypeVar

from handgrad.calculus.expressions import (
    ELEMENTS,
    QUANTITIES,
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
    Reduction,
    Symbol,
    contract,
    default_axes,
    gradient,
)
from handgrad.calculus.functions import PRIMITIVES
from handgrad.calculus.indices import AXIS_NAMES, Affine, Axis
from handgrad.calculus.text import ADD, COMPARE, MULTIPLY, NEGATIVE, POWER
from handgrad.errors import AxisError, FormulaError

TOKENS = re.compile(
    r"(?P<space>\s+)|(?P<number>(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*'*)|(?P<sign>[<>=!]=|[-+*/^@()\[\]{},:<>'])",
    re.ASCII,
)
INFIX = {
    **dict.fromkeys(["<", "<=", ">", ">=", "==", "!="], COMPARE),
    **dict.fromkeys("+-", ADD),
    **dict.fromkeys("*/@", MULTIPLY),
    "^": POWER,
}
REDUCTIONS = ("sum", "mean", "max")
LONGEST, DEEPEST = 4000, 100

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: its kind, what it says, and where it starts."""

    kind: str
    text: str
    start: int


def parse(text: str, axes: Mapping[str, tuple[Axis, ...]] | None = None) -> Expression:
    """Read an expression of the language, such as `sum(unit[l-1]: W[l] * A[l-1]) + b[l]` or `z * sigmoid(z)`.

    `axes` gives the axes of names that are not the field's own. `a @ b` is short for the sum over all axes that a and b share,
    and a factor may follow another without a sign. Raises FormulaError, and AxisError where operands do not fit; both show
    the place.
    """
    return _parsed(text, tuple((axes or {}).items()))


@lru_cache(maxsize=4096)
def _parsed(text: str, axes: tuple[tuple[str, tuple[Axis, ...]], ...]) -> Expression:
    if len(text) > LONGEST:
        raise FormulaError(f"a formula has at most {LONGEST} characters, but {len(text)} were given")
    parser = _Parser(text, dict(axes))
    expression = parser.expression(0)
    if parser.now.kind != "end":
        parser.fail(f"expected an operator or the end, found {parser.now.text!r}")
    return expression


def _tokens(text: str) -> list[Token]:
    tokens, position = [], 0
    while position < len(text):
        match = TOKENS.match(text, position)
        if match is None:
            raise FormulaError(f"{text[position]!r} is not part of the language", text, position)
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match.group(), position))
        position = match.end()
    return [*tokens, Token("end", "the end", len(text))]


class _Parser:
    def __init__(self, text: str, axes: dict[str, tuple[Axis, ...]]) -> None:
        self.text, self.axes = text, axes
        self.tokens, self.at, self.depth = _tokens(text), 0, 0

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def fail(self, message: str, token: Token | None = None) -> NoReturn:
        raise FormulaError(message, self.text, (token or self.now).start)

    def accept(self, sign: str) -> bool:
        found = self.now.text == sign and self.now.kind == "sign"
        self.at += found
        return found

    def expect(self, sign: str) -> None:
        if not self.accept(sign):
            self.fail(f"expected {sign!r}, found {self.now.text!r}")

    def made(self, token: Token, make: Callable[[], Made]) -> Made:
        """Make a node; where its axes do not fit, say at which token."""
        try:
            return make()
        except AxisError as error:
            place = f"at character {token.start + 1}\n    {self.text}\n    {' ' * token.start}^"
            raise error if "\n" in str(error) else AxisError(f"{error}, {place}") from None

    def expression(self, binding: int) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(f"more than {DEEPEST} levels of nesting")
        left = self.prefix()
        while True:
            token = self.now
            juxtaposed = token.kind in {"name", "number"} or token.text == "("
            power = MULTIPLY if juxtaposed else INFIX.get(token.text, -1)
            if power <= binding:
                break
            self.at += not juxtaposed
            # the power sign groups from the right, every other one from the left
            right = self.expression(power - (token.text == "^"))
            sign = "*" if juxtaposed else token.text
            left = self.made(token, lambda sign=sign, left=left, right=right: _infix(sign, left, right))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
        self.depth -= 1
        return left

    def prefix(self) -> Expression:
        token = self.now
        self.at += 1
        if token.kind == "number":
            value = float(token.text)
            whole = token.text.isdigit() and len(token.text) <= 15
            if value == float("inf"):
                self.fail("a number must be finite", token)
            return Number(int(token.text) if whole else value)
        if token.kind == "name":
            return self.named(token)
        if token.text == "-":
            return Negative(self.expression(NEGATIVE))
        if token.text == "(":
            inside = self.expression(0)
            self.expect(")")
            return inside
        self.fail(f"expected a quantity, found {token.text!r}", token)

    def named(self, token: Token) -> Expression:
        name = token.text.rstrip("'")
        primes = len(token.text) - len(name)
        if name in AXIS_NAMES:
            self.fail(f"{name!r} is an axis, not a quantity", token)
        bracket = self.now.text == "["
        layer, time = self.indices() if bracket else (None, None)
        if self.called(name):
            return self.call(token, name, layer, primes)
        if primes:
            self.fail(f"{token.text!r} is a slope and needs an argument in parentheses", token)
        short = name[1:] if name[:1] == "d" and name[1:] in ELEMENTS - {"M"} and layer is not None else None
        bare = short or name
        usual = self.axes.get(bare) or default_axes(bare, layer)
        on = self.axis_list() if self.now.text == "{" else usual
        if len(on) != len(usual) and usual:
            self.fail(f"{bare} has {len(usual)} axes, but {len(on)} are named", token)
        made = Symbol(bare, layer, time, on)
        return gradient(made) if short else made

    def called(self, name: str) -> bool:
        """Whether the name just read is a function: its parenthesis follows at once, and it is not known as a quantity."""
        before = self.tokens[self.at - 1]
        at_once = self.now.text == "(" and before.start + len(before.text) == self.now.start
        return at_once and name not in self.axes and name not in QUANTITIES

    def call(self, token: Token, name: str, layer: Affine | None, primes: int) -> Expression:
        self.expect("(")
        if name in REDUCTIONS and self.on_axis() and not primes:
            over = self.axes_until(":")
            body = self.expression(0)
            self.expect(")")
            return self.made(token, lambda: Reduction(name, over, body))
        if name == "delta":
            return self.delta(token)
        if name == "lookup":
            (along,) = self.axes_until(":")[:1]
            body = self.expression(0)
            self.expect(",")
            label = self.quantity()
            return self.made(token, lambda: Lookup(along, body, label))
        if name == "derivative":
            of = self.quantity(end=",")
            return Derivative(of, self.quantity())
        arguments = [self.expression(0)]
        while self.accept(","):
            arguments.append(self.expression(0))
        self.expect(")")
        primitive = PRIMITIVES.get(name)
        if primitive and len(arguments) != primitive.arity and not primes:
            self.fail(f"{name} takes {primitive.arity} argument(s), but {len(arguments)} were given", token)
        return self.made(token, lambda: Call(name, tuple(arguments), layer, primes))

    def delta(self, token: Token) -> Delta:
        axis = self.axis()
        self.expect(",")
        if self.on_axis():
            other: Axis | Symbol = self.axis()
            self.expect(")")
        else:
            other = self.quantity()
        return self.made(token, lambda: Delta(axis, other))

    def quantity(self, end: str = ")") -> Symbol:
        token = self.now
        found = self.expression(ADD)
        if not isinstance(found, Symbol):
            self.fail(f"expected the name of a quantity, found {found}", token)
        self.expect(end)
        return found

    def indices(self) -> tuple[Affine | None, Affine | None]:
        """Read [l-1], [2, t-1] or [t:3]: a layer and a time, either of which may be absent."""
        self.expect("[")
        layer = time = None
        while True:
            marked = self.now.text == "t" and self.tokens[self.at + 1].text == ":"
            self.at += 2 * marked
            index = self.affine()
            if marked or "t" in dict(index.terms):
                time = index
            else:
                layer = index
            if not self.accept(","):
                break
        self.expect("]")
        return layer, time

    def affine(self) -> Affine:
        total, first = Affine(), True
        while first or self.now.text in {"+", "-"}:
            minus = self.accept("-")
            if not minus and not first:
                self.expect("+")
            token, first = self.now, False
            self.at += 1
            if token.kind == "number" and token.text.isdigit() and len(token.text) < 10:
                term = Affine(offset=int(token.text))
                if self.accept("*"):
                    term = Affine(((self.now.text, int(token.text)),)) if term.offset else Affine()
                    self.at += 1
            elif token.kind == "name" and len(token.text) == 1:
                term = Affine(((token.text, 1),))
            else:
                self.fail(f"expected an index such as 2, l, l-1 or L-k, found {token.text!r}", token)
            total = total - term if minus else total + term
        return total

    def on_axis(self) -> bool:
        return self.now.text.rstrip("'") in AXIS_NAMES

    def axis(self) -> Axis:
        token = self.now
        self.at += 1
        name = token.text.rstrip("'")
        if name not in AXIS_NAMES:
            self.fail(f"expected an axis (unit[l] or example), found {token.text!r}", token)
        layer = self.indices()[0] if self.now.text == "[" else None
        copy = len(token.text) - len(name)
        # after a bracket the primes are no part of a name token: unit[L]'
        while self.now.text == "'":
            self.at, copy = self.at + 1, copy + 1
        return Axis(name, layer, copy)

    def axes_until(self, end: str) -> tuple[Axis, ...]:
        axes = [self.axis()]
        while self.accept(","):
            axes.append(self.axis())
        self.expect(end)
        return tuple(axes)

    def axis_list(self) -> tuple[Axis, ...]:
        self.expect("{")
        return () if self.accept("}") else self.axes_until("}")


def _infix(sign: str, left: Expression, right: Expression) -> Expression:
    match sign:
        case "+":
            return Add((left, right))
        case "-":
            return Add((left, Negative(right)))
        case "*":
            return Multiply((left, right))
        case "/":
            return Quotient(left, right)
        case "@":
            return contract(left, right)
        case "^":
            return Power(left, right)
        case _:
            return Compare(sign, left, right)
