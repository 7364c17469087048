"""Values of a program of numbers at random points, and its derivatives there by central differences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from zlib import crc32

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.catalogue.lookup import find_activation
from handgrad.check.judging.evaluating import PLAIN_FUNCTIONS, UnknownError, slope_of
from handgrad.check.judging.limits import late
from handgrad.check.judging.program_graph import Graph
from handgrad.check.judging.program_names import MarkError, Spelled, is_loss, names_of
from handgrad.check.judging.program_sums import Bound, family, terms
from handgrad.check.judging.world import MARGIN, STEP, activate, slope
from handgrad.check.tree import (
    BigSum,
    Call,
    Cases,
    Compare,
    Derivative,
    Differential,
    Fraction,
    Group,
    Name,
    Node,
    Number,
    Operator,
    Product,
    Root,
    Scripted,
    Sum,
    bare,
)
from handgrad.check.understanding.roles import ACTIVATIONS, usual_role

DRAWS = 24
DEEPEST, MOST_NESTED, MOST_WORK = 40, 3, 200_000
"""How deep functions and definitions stand in each other, and derivatives; how many parts of formulas are worked out in one go."""
COMPARISONS = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal, "==": np.equal, "!=": np.not_equal}


class Point:
    """Values of a graph at some random points at once.

    `moved` are held at other values, and all that depends on them is computed anew; `fixed` are values of names without definition.
    `seen` collects the keys that were needed, `clear` the draws away from kinks; `wide` says that an operator ∂/∂ is of all that
    follows, `upside_down` that a derivative by the loss was met.
    """

    def __init__(self, graph: Graph, fixed: Mapping[str, float] | None = None, moved: Mapping[str, Array] | None = None) -> None:
        self.graph, self.fixed, self.moved = graph, fixed or {}, moved or {}
        self.known: dict[str, Array] = {}
        self.seen: set[str] = set()
        self.clear = np.ones(DRAWS, dtype=bool)
        self.upside_down = False
        self.wide = False
        self.depth = self.nested = 0

    def beside(self, moved: Mapping[str, Array]) -> Point:
        """The same points with some more values held elsewhere."""
        other = Point(self.graph, self.fixed, {**self.moved, **moved})
        other.clear, other.seen, other.wide = self.clear, self.seen, self.wide
        other.depth, other.nested = self.depth + 1, self.nested
        if other.depth > DEEPEST:
            raise UnknownError(Number(None, 0.0, "0"), "functions of functions too deep to follow")
        return other

    # names

    def at(self, key: str, name: Name) -> Array:
        """The value of a name."""
        self.seen.add(key)
        if key in self.moved:
            return self.moved[key]
        if key not in self.known:
            graph = self.graph
            if key in graph.defined:
                if self.depth > DEEPEST:
                    raise UnknownError(name, f"{name.name} is defined by itself")
                self.depth += 1
                try:
                    self.known[key] = self.value(graph.defined[key])
                finally:
                    self.depth -= 1
            elif graph.loss and graph.loss != key and graph.is_the_loss(key, name):
                self.known[key] = self.at(graph.loss, graph.known[graph.loss])
            else:
                self.known[key] = self.leaf(key, name)
        return self.known[key]

    def leaf(self, key: str, name: Name) -> Array:
        """A value for a name without definition, the same for every point that is drawn."""
        if key in self.fixed:
            return np.full(DRAWS, self.fixed[key])
        return _drawn(key, usual_role(name))

    def _name(self, node: Name, bound: Bound) -> Array:
        if node.name == "e" and node.scripts and node.scripts[0].kind == "sup" and "e" not in self.graph.defined:
            body = node.scripts[0].body
            return np.asarray(
                np.exp(self.value(body[0] if len(body) == 1 else Product(None, body, ("",) * (len(body) - 1)), bound))
            )
        spelled = self._spelled(node, bound)
        if spelled.letters:
            raise UnknownError(node, f"what the index {spelled.letters[0]} stands for is not said")
        key = bound.get("=" + spelled.key, spelled.key)
        if node.name in {"e", "pi"} and not spelled.suffix and key not in self.graph.defined:
            found: Array = np.full(DRAWS, math.e if node.name == "e" else math.pi)
        elif "'" in spelled.suffix and key not in self.graph.defined and self.graph.is_function(node):
            raise UnknownError(node, "a derivative that is not said to be of anything")
        else:
            found = self.at(key + "@" if spelled.updated else key, node)
        return found if spelled.power is None else self._powered(found, self.value(spelled.power, bound))

    def _spelled(self, node: Name, bound: Bound) -> Spelled:
        try:
            return self.graph.names.spelled(node, bound)
        except MarkError as error:
            raise UnknownError(node, f"{error} where all are numbers") from None

    @staticmethod
    def _powered(base: Array, power: Array) -> Array:
        return np.asarray(np.power(base, power))

    # formulas

    def value(self, node: Node, bound: Bound = {}) -> Array:  # noqa: B006 - it is never changed
        """The value of a formula at all points. Raises UnknownError."""
        self.graph.work[0] += 1
        if self.graph.work[0] > MOST_WORK or late():
            raise UnknownError(node, "too much to work out")
        match node:
            case Number(value=value):
                return np.full(DRAWS, float(value))
            case Name():
                return self._name(node, bound)
            case Group(body=body, open="|"):
                return np.asarray(np.abs(self.value(body, bound)))
            case Group(body=body, open="norm"):
                return np.asarray(np.abs(self.value(body, bound)))
            case Group(body=body):
                return self.value(body, bound)
            case Sum():
                return self._sum(node, bound)
            case Product():
                return self._product(node, bound)
            case Fraction(over=over, under=under):
                return np.asarray(self.value(over, bound) / self.value(under, bound))
            case Root(body=body):
                return np.asarray(np.sqrt(self.value(body, bound)))
            case Scripted():
                return self._scripted(node, bound)
            case Call():
                return self._call(node, bound)
            case Derivative(of=of, by=by, order=1):
                return self.derived(of, by, bound)
            case Differential():
                return self._differential(node, bound)
            case BigSum():
                return self._big_sum(node, bound)
            case Compare(op=op, left=left, right=right):
                return self._compare(op, self.value(left, bound), self.value(right, bound))
            case Cases():
                return self._cases(node, bound)
        raise UnknownError(node, f"{type(node).__name__.lower()} in a formula of numbers is not understood")

    def _sum(self, node: Sum, bound: Bound) -> Array:
        if "pm" in node.signs:
            raise UnknownError(node, "± leaves the sign open")
        head = node.terms[0]
        if (
            self.wide
            and len(node.terms) > 1
            and isinstance(head, Product)
            and isinstance(head.items[0], Operator)
            and node.signs[0] == "+"
        ):
            rest = Sum(None, (_product(head.items[1:], head.signs[1:]), *node.terms[1:]), node.signs)
            return self.derived(rest, head.items[0].by, bound)
        total: Array = np.zeros(DRAWS)
        for sign, term in zip(node.signs, node.terms, strict=True):
            value = self.value(term, bound)
            total = total - value if sign == "-" else total + value
        return total

    def _product(self, node: Product, bound: Bound) -> Array:
        total: Array = np.ones(DRAWS)
        for k, item in enumerate(node.items):
            if isinstance(item, Operator):
                if k + 1 == len(node.items):
                    raise UnknownError(item, "an operator ∂/∂ with nothing to its right")
                return np.asarray(total * self.derived(_product(node.items[k + 1 :], node.signs[k + 1 :]), item.by, bound))
            total = total * self.value(item, bound)
        return total

    def _scripted(self, node: Scripted, bound: Bound) -> Array:
        scripts = node.scripts
        if isinstance(node.base, Call) and all(s.kind == "prime" for s in scripts):
            return self._call(
                replace(node.base, function=replace(node.base.function, scripts=(*node.base.function.scripts, *scripts))), bound
            )
        found = self.value(node.base, bound)
        for script in scripts:
            if script.kind != "sup" or len(script.body) != 1:
                raise UnknownError(node, "marks at brackets that are no power")
            power = script.body[0]
            if isinstance(power, Name) and power.name in {"T", "top"}:
                raise UnknownError(node, "a transpose where all are numbers")
            found = self._powered(found, self.value(power, bound))
        return found

    def away(self, apart: Array) -> None:
        """Leave draws out that are close to a kink."""
        self.clear &= (np.abs(apart) > MARGIN).reshape(-1, DRAWS).all(axis=0)

    def _compare(self, op: str, left: Array, right: Array) -> Array:
        self.away(left - right)
        return COMPARISONS[op](left, right).astype(float)

    def _cases(self, node: Cases, bound: Bound) -> Array:
        rows = list(node.rows)
        if any(condition is None for _, condition in rows[:-1]) or len(rows) < 2:
            raise UnknownError(node, "a case without its condition")
        found = self.value(rows[-1][0], bound)
        for value, condition in reversed(rows[:-1]):
            assert condition is not None
            found = np.where(self.value(condition, bound) > 0, self.value(value, bound), found)
        return found

    # sums

    def _big_sum(self, node: BigSum, bound: Bound) -> Array:
        if node.kind == "prod":
            raise UnknownError(node, "a product sign")
        letters = [name.name for name in names_of(node.index)] if node.index is not None else []
        total: Array = np.zeros(DRAWS)
        texts = terms(self.graph, node, letters) or family(self.graph, node) or [{}]
        for text in texts:
            total = total + self.value(node.body, {**bound, **text})
        return total / len(texts) if node.kind == "mean" else total

    # derivatives

    def derived(self, of: Node, by: Node, bound: Bound) -> Array:
        """∂of/∂by: by is nudged as a value of its own, and all that depends on it is computed anew."""
        name = bare(by)
        if not isinstance(name, Name):
            raise UnknownError(by, "a derivative by something that is no name")
        spelled = self._spelled(name, bound)
        if spelled.letters or spelled.power is not None:
            raise UnknownError(name, "a derivative by a name whose marks are not understood")
        key = spelled.key
        over = bare(of)
        if self._is_main_loss(name, key) and isinstance(over, Name) and not is_loss(over):
            self.upside_down = True
            return self.derived(name, over, bound)
        base = self.value(name, bound)
        steps = np.array([STEP, -STEP]).reshape(2, *(1 for _ in base.shape))  # both at once, along an axis in front
        nudged = self.beside({key: base + steps})
        nudged.seen, nudged.nested = set(), self.nested + 1
        if nudged.nested > MOST_NESTED:
            raise UnknownError(by, "derivatives of derivatives")
        value = nudged.value(of, bound)
        self.seen |= nudged.seen
        self.sure(nudged.seen, key, name)
        if key not in nudged.seen:
            return np.zeros(DRAWS)
        sides = np.broadcast_to(value, np.broadcast_shapes(value.shape, (2, *base.shape)))
        return np.asarray((sides[0] - sides[1]) / (2 * STEP))

    def sure(self, seen: set[str], key: str, by: Name) -> None:
        """Raise UnknownError where something may depend on the name although nothing says how."""
        if key in seen:
            return
        doubts = (seen & self.graph.uncertain) - {key}
        if doubts or (key not in self.graph.defined and key not in self.graph.used):
            missing = self.graph.known[min(doubts)].name if doubts else by.name
            raise UnknownError(
                by, f"it is not said what {missing} depends on" if doubts else f"it is not said what depends on {missing}"
            )

    def _is_main_loss(self, name: Name, key: str) -> bool:
        return key == self.graph.loss or self.graph.is_the_loss(key, name)

    def _differential(self, node: Differential, bound: Bound) -> Array:
        by = bare(node.by if node.by is not None else node.of)
        if node.mark == "Delta" or not isinstance(by, Name):
            raise UnknownError(node, "what this is the gradient by is not understood")
        if self.graph.loss is None:
            raise UnknownError(node, "no loss is defined that this could be a gradient of")
        if self._spelled(by, bound).key not in self.graph.known:
            raise UnknownError(by, f"{by.name} is not known")
        return self.derived(self.graph.known[self.graph.loss], by, bound)

    # functions

    def _call(self, node: Call, bound: Bound) -> Array:
        name, arguments = node.function, node.arguments
        word = name.name
        if len(arguments) == 1 and isinstance(arguments[0], Compare):
            return self.value(arguments[0], bound)
        if word in self.graph.functions:
            return self._user_call(node, bound)
        spelled = self._spelled(name, bound)
        if is_loss(name) and spelled.key in self.graph.defined:
            return self.at(spelled.key, name)
        primes = sum(script.count for script in name.scripts if script.kind == "prime")
        if not self.graph.is_function(name) or (spelled.key in self.graph.defined and not primes):
            if len(arguments) == 1:
                return np.asarray(self._name(name, bound) * self.value(arguments[0], bound))
            raise UnknownError(node, f"the function {word} is not known")
        values = [self.value(argument, bound) for argument in arguments]
        if word in PLAIN_FUNCTIONS and len(values) == 1 and not primes:
            found = np.asarray(PLAIN_FUNCTIONS[word](values[0]))
        elif word in {"max", "maximum", "min", "minimum"} and len(values) == 2 and not primes:
            self.away(values[0] - values[1])
            found = np.maximum(*values) if word.startswith("max") else np.minimum(*values)
        elif len(values) == 1 and primes < 2:
            found = self._activated(node, values[0], primes)
        else:
            raise UnknownError(node, f"{word} of {len(values)} arguments")
        return found if spelled.power is None else self._powered(found, self.value(spelled.power, bound))

    def _activated(self, node: Call, value: Array, primes: int) -> Array:
        word = node.function.name
        base = slope_of(word)
        kind = ACTIVATIONS.get(word) or self.graph.activations.get(word) or ("sigmoid" if word == "sigma" else None)
        if base is not None:
            kind, primes = ACTIVATIONS.get(base) or self.graph.activations.get(base, "sigmoid"), 1
        if kind is None:
            raise UnknownError(node, f"which function {word} is, is not said")
        record = find_activation(kind)
        if record.rowwise:
            raise UnknownError(node, "softmax of one number")
        for kink in record.kink_points:
            self.away(value - kink)
        return np.array(slope(kind, value) if primes else activate(kind, value))

    def _user_call(self, node: Call, bound: Bound) -> Array:
        parameters, body = self.graph.functions[node.function.name]
        primes = sum(script.count for script in node.function.scripts if script.kind == "prime")
        if len(parameters) != len(node.arguments) or primes > len(parameters):
            raise UnknownError(node, f"{node.function.name} has {len(parameters)} arguments")
        values = [self.value(argument, bound) for argument in node.arguments]

        def at(step: float) -> Array:
            held = dict(zip(parameters, [value + step for value in values], strict=True))
            inner = Point(self.graph, self.fixed, {**self.moved, **held})  # what its parameters are called is seen nowhere else
            inner.clear, inner.depth, inner.nested = self.clear, self.depth + 1, self.nested
            if inner.depth > DEEPEST:
                raise UnknownError(node, "functions of functions too deep to follow")
            found = inner.value(body)
            self.seen |= inner.seen - set(parameters)
            return found

        found = (at(STEP) - at(-STEP)) / (2 * STEP) if primes else at(0.0)
        power = next((s.body[0] for s in node.function.scripts if s.kind == "sup" and isinstance(s.body[0], Number)), None)
        return np.asarray(found if power is None else self._powered(found, self.value(power)))


@cache
def _drawn(key: str, role: str | None) -> Array:
    if role == "m":
        return np.arange(3.0, 3.0 + DRAWS)
    rng = np.random.default_rng([crc32(key.encode()), 5])
    size = rng.uniform(0.2, 0.9, DRAWS)
    return size if role in {"Y", "rate", "penalty", "A", "output"} else size * rng.choice([-1.0, 1.0], DRAWS)


def _product(items: tuple[Node, ...], signs: tuple[str, ...]) -> Node:
    return items[0] if len(items) == 1 else Product(None, items, tuple(signs[: len(items) - 1]))
