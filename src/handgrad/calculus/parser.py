"""A Pratt parser for the language's text form; errors show the place."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NoReturn, TypeVar

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
    contract,
    gradient,
)
from handgrad.calculus.functions import PRIMITIVES
from handgrad.calculus.indices import AXIS_NAMES, Affine, Axis
from handgrad.calculus.quantities import ELEMENTS, QUANTITIES, default_axes
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
CHAINED = {"+", "-", "*", ""}
"""Signs whose operands in a row make one node; the empty one stands for a factor that follows without a sign."""
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
        """Make a node; where its operands do not fit, say at which token."""
        try:
            return make()
        except (AxisError, FormulaError) as error:
            if "\n" in str(error):
                raise
            if isinstance(error, FormulaError):
                raise FormulaError(str(error), self.text, token.start) from None
            raise AxisError(f"{error}, at character {token.start + 1}\n    {self.text}\n    {' ' * token.start}^") from None

    def expression(self, binding: int) -> Expression:
        depth = self.deeper()
        left, sign = self.prefix(binding), ""
        while True:
            token, before = self.now, sign
            power, sign = self.operator()
            if power <= binding:
                break
            if sign in CHAINED:
                left, sign = self.chain(left, power, before)
                continue
            self.at += 1
            if power == COMPARE == INFIX.get(before):
                self.fail("a comparison has two sides; write a < b and b < c apart", token)
            # the power sign groups from the right, every other one from the left
            right = self.expression(power - (sign == "^"))
            left = self.made(token, partial(_infix, sign, left, right))
            self.deeper()  # what groups from the left nests with every sign
        self.depth = depth
        return left

    def deeper(self) -> int:
        """Count a level of nesting; return the level before it."""
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(f"more than {DEEPEST} levels of nesting")
        return self.depth - 1

    def operator(self) -> tuple[int, str]:
        """How tightly the sign that follows binds, and the sign; a factor may follow without one."""
        token = self.now
        if token.kind == "name" or token.text == "(":
            return MULTIPLY, ""
        if token.kind == "number":
            self.fail("a number stands before other factors; write * between", token)
        return (INFIX.get(token.text, -1), token.text) if token.kind == "sign" else (-1, token.text)

    def chain(self, first: Expression, power: int, before: str) -> tuple[Expression, str]:
        """Read terms or factors in a row into one node, whose operands need to fit only together; and the last sign."""
        kind = Add if power == ADD else Multiply
        parts, tokens = [first], list[Token]()
        while True:
            token = self.now
            reached, sign = self.operator()
            if reached != power or sign not in CHAINED:
                break
            if not sign and before == "/":
                self.fail("a factor right after a quotient can be read in two ways; write a / (b * c) or (a / b) * c", token)
            self.at += bool(sign)
            before = sign
            right = self.expression(power)
            parts.append(self.made(token, partial(Negative, right)) if sign == "-" else right)
            tokens.append(token)
        try:
            return kind(tuple(parts)), before
        except (AxisError, FormulaError):  # the first sign whose operands do not fit names the place
            for count, token in enumerate(tokens[:100], 2):
                self.made(token, partial(kind, tuple(parts[:count])))
            self.made(tokens[-1], partial(kind, tuple(parts)))
            raise

    def prefix(self, binding: int) -> Expression:
        token = self.now
        self.at += 1
        if token.kind == "number":
            return self.number(token)
        if token.kind == "name":
            return self.named(token)
        if token.text == "-":
            # after * or ^ a minus takes no more than they would: 2^-z * y is (2^(-z)) * y
            return self.made(token, partial(Negative, self.expression(max(NEGATIVE, binding))))
        if token.text == "(":
            inside = self.expression(0)
            self.expect(")")
            return inside
        self.fail(f"expected a quantity, found {token.text!r}", token)

    def number(self, token: Token) -> Number:
        value = float(token.text)
        if value == float("inf") or (value == 0 and re.search("[1-9]", token.text.lower().partition("e")[0])):
            self.fail("a number must be finite and not too small for a float", token)
        following = self.now
        if following.start == token.start + len(token.text) and following.kind == "name" and not following.text.isalpha():
            self.fail(f"{token.text}{following.text} is neither a number nor a product; write * between", token)
        return Number(int(token.text) if token.text.isdigit() and len(token.text) <= 15 else value)

    def named(self, token: Token) -> Expression:
        name = token.text.rstrip("'")
        primes = len(token.text) - len(name)
        if name in AXIS_NAMES:
            self.fail(f"{name!r} is an axis, not a quantity", token)
        bracket = self.now.text == "["
        layer, time = self.indices() if bracket else (None, None)
        if self.called(name):
            return self.call(token, name, layer, primes)
        if name in PRIMITIVES and not bracket and name not in self.axes:
            self.fail(f"{name} is a function and needs its argument in parentheses", token)
        if primes:
            self.fail(f"{token.text!r} is a slope and needs an argument in parentheses", token)
        short = name[1:] if name[:1] == "d" and name[1:] in ELEMENTS - {"M"} and layer is not None else None
        bare = short or name
        usual = self.axes.get(bare) or default_axes(bare, layer)
        on = self.axis_list() if self.now.text == "{" else usual
        if len(on) != len(usual) and usual:
            self.fail(f"{bare} has {len(usual)} axes, but {len(on)} are named", token)
        made = self.made(token, partial(Symbol, bare, layer, time, on))
        return gradient(made) if short else made

    def called(self, name: str) -> bool:
        """Whether the name just read is a function: its parenthesis follows at once, and it is not known as a quantity."""
        before = self.tokens[self.at - 1]
        at_once = self.now.text == "(" and before.start + len(before.text) == self.now.start
        return at_once and name not in self.axes and name not in QUANTITIES

    def call(self, token: Token, name: str, layer: Affine | None, primes: int) -> Expression:
        self.expect("(")
        if name in PRIMITIVES and layer is not None:
            self.fail(f"{name} is the same in every layer", token)
        if name in {"sum", "mean"} and not self.on_axis():
            self.fail(f"{name} names its axes first, as in {name}(unit[1]: ...)")
        if name in REDUCTIONS and self.on_axis() and not primes:
            over = self.axes_until(":")
            body = self.expression(0)
            self.expect(")")
            return self.made(token, partial(Reduction, name, over, body))
        if name == "delta":
            return self.delta(token)
        if name == "lookup":
            along = self.axis()
            self.expect(":")
            body = self.expression(0)
            self.expect(",")
            label = self.quantity()
            return self.made(token, partial(Lookup, along, body, label))
        if name == "derivative":
            of = self.expression(0)
            self.expect(",")
            by = self.quantity()
            return Derivative(of, by) if isinstance(of, Symbol) else self.made(token, partial(Rate, of, by))
        arguments = [self.expression(0)]
        while self.accept(","):
            arguments.append(self.expression(0))
        self.expect(")")
        primitive = PRIMITIVES.get(name)
        if primitive and len(arguments) != primitive.arity and not primes:
            self.fail(f"{name} takes {primitive.arity} argument(s), but {len(arguments)} were given", token)
        return self.made(token, partial(Call, name, tuple(arguments), layer, primes))

    def delta(self, token: Token) -> Delta:
        axis = self.axis()
        self.expect(",")
        if self.on_axis():
            other: Axis | Symbol = self.axis()
            self.expect(")")
        else:
            other = self.quantity()
        return self.made(token, partial(Delta, axis, other))

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
            start = self.now
            marked = self.now.text == "t" and self.tokens[self.at + 1].text == ":"
            self.at += 2 * marked
            index = self.affine()
            timed = marked or "t" in dict(index.terms)
            if (time if timed else layer) is not None:
                self.fail("brackets hold one layer and one time at most", start)
            layer, time = (layer, index) if timed else (index, time)
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
                    letter = self.now
                    if letter.kind != "name" or len(letter.text) != 1:
                        self.fail(f"expected the letter of an index, found {letter.text!r}", letter)
                    self.at += 1
                    term = Affine(((letter.text, int(token.text)),)) if term.offset else Affine()
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
        case "/":
            return Quotient(left, right)
        case "@":
            return contract(left, right)
        case "^":
            return Power(left, right)
        case _:
            return Compare(sign, left, right)
