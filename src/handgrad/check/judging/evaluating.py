"""What a person's formula comes to in a world: all the values that its text allows, with named axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product as combinations

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.catalogue.lookup import find_activation
from handgrad.check.judging import products
from handgrad.check.judging.values import MisfitError, Value, elementwise, number, summed, summed_axis
from handgrad.check.judging.world import EXAMPLE, ONE, STEP, Key, World, activate, slope, units
from handgrad.check.tree import (
    BigSum,
    Call,
    Cases,
    Compare,
    Derivative,
    Differential,
    Dots,
    Fraction,
    Group,
    Matrix,
    Name,
    Node,
    Number,
    Operator,
    Product,
    Root,
    Scripted,
    Sum,
    Unreadable,
    Words,
    children,
)
from handgrad.check.understanding.names import Habit, Marker, Marks, is_counter, is_name
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, LAYERED, PLAIN, UNITS, is_hat
from handgrad.check.understanding.setting import Setting

MOST = 12
"""How many readings of one part are followed."""
SHIFTS = {
    "W": "weights_from", "b": "weights_from", "accumulated": "weights_from", "mean gradient": "weights_from", "delta": "deltas", "Z": "sums",
}  # fmt: skip
GRADIENTS = {"delta": "Z", "accumulated": "W", "mean gradient": "W"}
PLAIN_FUNCTIONS: Mapping[str, Callable[[Array], Array]] = {
    "exp": np.exp, "log": np.log, "ln": np.log, "sqrt": np.sqrt, "abs": np.abs, "sign": np.sign, "log10": np.log10,
}  # fmt: skip
CONSTANTS = {"rate": 1.0, "penalty": 0.23, "e": math.e, "pi": math.pi}


SOFTMAX_SLOPE = "the slope of softmax, which has a Jacobian"
NO_LAYER = "it is not said of which layer"


class UnknownError(Exception):
    """Part of a formula that is not understood, with the reason."""

    def __init__(self, node: Node, why: str) -> None:
        super().__init__(why)
        self.node, self.why = node, why


@dataclass(frozen=True)
class Lexicon:
    """What a document means by its names, beyond a setting: its habit, functions that it defines, layers that names have without marks."""

    habit: Habit = field(default_factory=Habit)
    fixed: Mapping[tuple[str, bool], int] = field(default_factory=dict)
    defined: Mapping[str, tuple[tuple[str, ...], Node]] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    generic_sigma: bool = False
    loose_sigma: bool = False

    @cached_property
    def marker(self) -> Marker:
        """Reads marks with the document's habit."""
        return Marker(self.habit)


@dataclass(frozen=True)
class Meaning:
    """A quantity of the network, or its gradient, that a name stands for."""

    key: Key
    gradient: bool
    marks: Marks


class Evaluator:
    """Evaluates formulas in one world. `env` has the layers that counters stand for."""

    def __init__(self, world: World, setting: Setting, lexicon: Lexicon, env: Mapping[str, int] | None = None) -> None:
        self.world, self.setting, self.lexicon = world, setting, lexicon
        self.env = dict(env or {})
        self.marker = lexicon.marker
        self.locals: dict[str, list[Value]] = {}
        self.target: Value | None = None
        self.loose = False
        self.upside_down = False

    # names

    def layer_number(self, node: Node) -> int:
        """The number that a mark of a layer comes to, as it is written."""
        if isinstance(node, Number) and float(node.value).is_integer():
            return int(node.value)
        if isinstance(node, Name) and not node.scripts:
            if node.name in self.env:
                return self.env[node.name]
            if node.name == "L":
                return self.setting.L - self.setting.units
        if isinstance(node, Sum):
            return sum((-1 if sign == "-" else 1) * self.layer_number(term) for term, sign in zip(node.terms, node.signs, strict=True))
        raise UnknownError(node, "this mark is not understood as a layer")

    def layer(self, name: Name, marks: Marks, role: str) -> int:
        """The layer of a name, counted as the network does."""
        setting = self.setting
        if marks.layer is not None:
            if isinstance(marks.layer, Name) and marks.layer.name == "L" and "L" not in self.env:
                return setting.L
            return self.layer_number(marks.layer) + int(getattr(setting, SHIFTS.get(role, "units")))
        for word in marks.words:
            if word in setting.labels:
                return setting.labels[word]
            if word in {"output", "out", "o", "last"}:
                return setting.L
            if word in {"hidden", "hid", "h"} and setting.L == 2:
                return 1
        if setting.letters and marks.indices:
            letters = [i.name for i in marks.indices if isinstance(i, Name)]
            if role in {"W", "accumulated", "mean gradient"} and len(letters) == 2:
                letters = letters[:1] if setting.order == "out-in" else letters[1:]
            if letters and letters[0] in setting.letters:
                return setting.letters[letters[0]]
            if letters and role not in {"W", "accumulated", "mean gradient"}:
                return setting.L
        fixed = self.lexicon.fixed.get((name.name, is_hat(name)))
        if fixed is not None:
            return fixed
        if setting.L == 1:
            return 1
        if setting.top:
            return setting.L
        raise UnknownError(name, f"{NO_LAYER} {name.name} is")

    def of_loss(self, name: Name) -> Meaning | None:
        """The quantity by which the loss is differentiated; without a mark of a layer, A and Z are those of the last one."""
        try:
            return self.meaning(name)
        except UnknownError:
            role = self.lexicon.habit.role(name)
            if role not in {"A", "Z"}:
                raise
            return Meaning((role, self.world.L), gradient=False, marks=self.marker.marks(name))

    def meaning(self, name: Name) -> Meaning | None:
        """The quantity that a name stands for, if it is one of a network."""
        role = self.lexicon.habit.role(name)
        marks = self.marker.marks(name)
        if role == "X":
            return Meaning(("A", 0), gradient=False, marks=marks)
        if role == "Y":
            return Meaning(("Y", 0), gradient=False, marks=marks)
        if role == "output":
            return Meaning(("A", self.world.L), gradient=False, marks=marks)
        if role == "loss":
            return Meaning(("J", 0), gradient=False, marks=marks)
        if role in LAYERED:
            return Meaning((GRADIENTS.get(role, role), self.layer(name, marks, role)), role in GRADIENTS, marks)
        return None

    def axis(self, name: str) -> str:
        """An axis by the name that it has here: one row or column where it has one entry by the setting."""
        if name == EXAMPLE:
            return EXAMPLE if self.setting.batch else ONE
        if self.setting.scalar or (self.setting.one_output and name == units(self.world.L)):
            return ONE
        return name

    def array(self, meaning: Meaning) -> Array:
        """The numbers of a quantity or of its gradient."""
        try:
            return self.world.gradient(meaning.key) if meaning.gradient else self.world[meaning.key]
        except KeyError:
            kind, layer = meaning.key
            raise MisfitError(f"there is no {kind} of layer {layer}", "layer") from None

    def name(self, node: Name) -> list[Value]:
        """The values of a name."""
        key = spelled(node)
        if key in self.locals:
            return self.locals[key]
        if node.name == "e" and node.scripts and node.scripts[0].kind == "sup":
            body = node.scripts[0].body
            exponent: Node = body[0] if len(body) == 1 else Product(None, body, ("",) * (len(body) - 1))
            return self.each([exponent], lambda v: elementwise([v], np.exp))
        role = self.lexicon.habit.role(node)
        if node.name in {"delta", "Delta"} and (kronecker := self.kronecker(node)) is not None:
            return [kronecker]
        if self.is_function(node) and role not in LAYERED and (self.marker.marks(node).primes or "bb" in node.faces):
            return self.bare_slope(node)
        meaning = self.meaning(node)
        if meaning is not None:
            return self.quantity(meaning, node)
        return self.constant(node, role)

    def constant(self, node: Name, role: str | None) -> list[Value]:
        """Numbers: m, α, λ, e, π and the widths."""
        power = self.marker.marks(node).power
        if role == "m":
            candidates = [float(self.world.m if self.setting.batch else 7 + 2 * self.world.m)]
            if node.name in {"n", "N", "M"}:
                candidates.append(float(self.world.shape.widths[-1]))
            found = [number(v) for v in dict.fromkeys(candidates)]
        elif role == "penalty" and not self.setting.penalty:
            found = [number(0.0)]
        elif role in CONSTANTS or node.name in CONSTANTS:
            found = [number(CONSTANTS.get(node.name, CONSTANTS.get(role or "", 1.0)))]
        elif node.name in {"n", "K", "c", "k", "C", "d", "D", "o"} and not any(s.kind == "prime" for s in node.scripts):
            found = [number(float(self.world.shape.widths[-1]))]
        else:
            raise UnknownError(node, f"{_shown(node)} is not known")
        return self.powered(found, power)

    def quantity(self, meaning: Meaning, node: Name) -> list[Value]:
        """A quantity as its marks show it: a matrix, a column or an element."""
        marks = meaning.marks
        if meaning.key[0] == "J":
            return self.powered(self.loss_value(marks), marks.power)
        array, axes = self.array(meaning), self.world.axes(meaning.key)
        found = self.shown(array, axes, marks, meaning.key[0])
        if marks.primes and meaning.key[0] not in {"Y"} and self.lexicon.habit.role(node) not in {"output"}:
            raise UnknownError(node, "it is not said what the prime means here")
        if marks.transpose:
            found = [value.T for value in found]
        return self.powered(found, marks.power)

    def loss_value(self, marks: Marks) -> list[Value]:
        """The loss of all examples, or of the example that an index names."""
        whole = Value(self.world["J", 0])
        letter = marks.example or (marks.indices[0] if marks.indices else None)
        if isinstance(letter, Name) and len(letter.name) == 1:
            if self.setting.batch:
                return [Value(self.world["ell", 0], ((letter.name, EXAMPLE),))]
            return [Value(self.world["ell", 0], ((letter.name, EXAMPLE),)), whole]
        return [whole]

    def powered(self, found: list[Value], power: Node | None) -> list[Value]:
        """The values to a power that a mark gives."""
        if power is None:
            return found
        if is_name(power, {"2"}) or isinstance(power, Number | Name | Sum | Fraction | Group):
            exponents = self.values(power)
            return [elementwise([v, p], np.power) for v in found for p in exponents]
        raise UnknownError(power, "this superscript is not understood")

    def shown(self, array: Array, axes: tuple[str, ...], marks: Marks, kind: str) -> list[Value]:
        """An array with the indices that are written."""
        if kind == "W":
            return self.shown_weights(array, axes, marks)
        if kind == "b":
            return self.picked(array[:, None], (*axes, EXAMPLE), marks.indices, None, bias=True)
        indices = marks.indices
        found: list[Value] = []
        if len(indices) == 2:
            for unit, example in (indices, indices[::-1]):
                found += self.attempt(lambda u=unit, e=example: self.picked(array, axes, (u,), e))  # type: ignore[misc]
            return found
        found += self.picked(array, axes, indices, marks.example)
        if len(indices) == 1 and marks.example is None and kind in {"Y", "A"} and self.setting.batch:
            found += self.picked(array, axes, (), indices[0])
        return found

    def shown_weights(self, array: Array, axes: tuple[str, ...], marks: Marks) -> list[Value]:
        """Weights as a matrix or as elements."""
        indices = marks.indices
        if len(indices) >= 2:
            pair = indices[:2] if self.setting.order == "out-in" else indices[1::-1]
            return [self.element(array, axes, pair)]
        if self.setting.weights == "in-out":
            array, axes = array.T, axes[::-1]
        if len(indices) == 1:  # one index: a row or a column, or the only one that there is
            one = [k for k in range(2) if self.axis(axes[k]) == ONE]
            if one:
                return [self.element(array.take(0, axis=one[0]), (axes[1 - one[0]],), indices)]
            raise UnknownError(indices[0], "one index at a matrix of weights")
        return [Value(array, (), (self.axis(axes[0]), self.axis(axes[1])))]

    def picked(self, array: Array, axes: tuple[str, ...], indices: Sequence[Node], example: Node | None, *, bias: bool = False) -> list[Value]:
        """A unit quantity (n × m) with its unit index and its example index, each of which may be missing."""
        if len(indices) > 1:
            raise UnknownError(indices[1], "more indices than the quantity has axes")
        rows = self.axis(axes[0])
        letters: list[tuple[str, str]] = []
        data = array
        if indices:
            data, letters = self.take(data, 0, indices[0], axes[0], letters)
        if example is not None:
            data, letters = self.take(data, data.ndim - 1, example, EXAMPLE, letters, last=True)
        elif not bias and indices and self.setting.batch:
            raise MisfitError("one example is meant here", "batch")
        if indices:
            spare = data if example is not None else data[..., 0]
            return [Value(spare, tuple(letters))]
        if example is not None:
            column = np.moveaxis(data, -1, 0)[..., None] if letters else data[:, None]
            return [self.laid(column, tuple(letters), (rows, ONE))]
        return [self.laid(data, (), (rows, ONE if bias else self.axis(EXAMPLE)))]

    def laid(self, data: Array, letters: tuple[tuple[str, str], ...], matrix: tuple[str, str]) -> Value:
        """A column or an n × m matrix as the setting lays examples."""
        value = Value(data, letters, matrix)
        return value.T if self.setting.examples in {"rows", "row"} else value

    def take(
        self, data: Array, place: int, index: Node, axis: str, letters: list[tuple[str, str]], *, last: bool = False
    ) -> tuple[Array, list[tuple[str, str]]]:
        """Pick along an axis: a number picks one entry, a letter stands for all."""
        if isinstance(index, Number):
            k = int(index.value) - (1 if axis == EXAMPLE else self.setting.first)
            if not 0 <= k < data.shape[place]:
                k = min(max(k, 0), data.shape[place] - 1) if axis == EXAMPLE else k
            if not 0 <= k < data.shape[place]:
                raise MisfitError(f"there is no entry {index.text}", "index")
            return data.take(k, axis=place), letters
        if isinstance(index, Name):
            letter = spelled(index)
            if any(old == letter for old, _ in letters):  # twice the same letter: the diagonal
                raise MisfitError(f"the index {letter} stands for two things at once", "index")
            del last
            return data, [*letters, (letter, axis)]
        raise UnknownError(index, "this index is not understood")

    def element(self, array: Array, axes: Sequence[str], indices: Sequence[Node]) -> Value:
        """An entry by letters and numbers, one for each axis."""
        letters: list[tuple[str, str]] = []
        place, data = 0, array
        for axis, index in zip(axes, indices, strict=True):
            before = len(letters)
            data, letters = self.take(data, place, index, axis, letters)
            place += len(letters) - before
        return Value(data, tuple(letters))

    def kronecker(self, node: Name) -> Value | None:
        """δ_ij, which is 1 where two indices are the same."""
        marks = self.marker.marks(node)
        names = [spelled(i) for i in marks.indices if isinstance(i, Name)]
        if len(names) != 2 or marks.layer is not None or names[0] == names[1]:
            return None
        axis = next((a for a, letter in self.letter_axes().items() if letter in names), None)
        axis = axis or units(self.world.L)
        return Value(np.eye(self.size(axis)), ((names[0], axis), (names[1], axis)))

    def letter_axes(self) -> dict[str, str]:
        """Axes by the letters of what is on the left."""
        return {axis: letter for letter, axis in (self.target.letters if self.target is not None else ())}

    def size(self, axis: str) -> int:
        """How long an axis is."""
        return self.world.m if axis == EXAMPLE else self.world.shape.widths[int(axis.rsplit(" ", 1)[1])]

    # trees

    def attempt(self, compute: Callable[[], list[Value]]) -> list[Value]:
        """The values, or none where they do not fit."""
        try:
            return compute()
        except MisfitError:
            return []

    def each(self, nodes: Sequence[Node], compute: Callable[..., Value]) -> list[Value]:
        """Compute for all readings of the parts. Raises the first misfit where none fits."""
        found, first = [], None
        for values in combinations(*(self.values(node) for node in nodes)):
            try:
                found.append(compute(*values))
            except MisfitError as error:
                first = first or error
            if len(found) >= MOST:
                break
        if not found:
            raise first or MisfitError("nothing fits")
        return found

    def values(self, node: Node) -> list[Value]:
        """All values that a formula may have. Raises UnknownError and MisfitError."""
        match node:
            case Number():
                return [number(node.value)]
            case Name():
                return self.name(node)
            case Group():
                return self.group(node)
            case Scripted():
                return self.scripted(node)
            case Sum():
                return self.sum(node)
            case Product():
                return self.product(node)
            case Fraction():
                return self.each([node.over, node.under], lambda a, b: elementwise([a, b], np.divide))
            case Root():
                return self.each([node.body], lambda a: elementwise([a], np.sqrt))
            case BigSum():
                return self.big_sum(node)
            case Differential():
                return self.differential(node)
            case Derivative():
                return self.derivative(node)
            case Call():
                return self.call(node)
            case Compare():
                return self.compare(node)
            case Cases():
                return self.cases(node)
            case Matrix():
                return self.matrix(node)
            case Unreadable():
                raise UnknownError(node, node.reason)
            case Words():
                raise UnknownError(node, f"words inside a formula: {node.text.strip()}")
            case Dots():
                raise UnknownError(node, "something is left out (…)")
            case Operator():
                raise UnknownError(node, "an operator ∂/∂ with nothing to its right")
        raise UnknownError(node, "this is not understood")

    def group(self, node: Group) -> list[Value]:
        if node.open == "|" and isinstance(node.body, Name) and self.lexicon.habit.role(node.body) in {"X", "Y"}:
            return [number(float(self.world.m if self.setting.batch else 7 + 2 * self.world.m))]  # |Y|: how many there are
        if node.open == "|":
            return self.each([node.body], lambda a: elementwise([a], np.abs))
        if node.open == "norm":
            return self.each([node.body], lambda a: elementwise([total(elementwise([a], np.square))], np.sqrt))
        return self.values(node.body)

    def scripted(self, node: Scripted) -> list[Value]:
        marks = self.marker.marks(Name(None, "?", node.scripts))
        base: Node = node.base
        inner = base.body if isinstance(base, Group) and base.open != "norm" else base
        if marks.primes and isinstance(inner, Call):
            called = replace(inner, function=replace(inner.function, scripts=(*inner.function.scripts, *node.scripts)))
            return self.call(called)
        found = self.values(base)
        if isinstance(inner, Name | Differential) and marks.layer is not None and marks.power is None:
            raise UnknownError(node, "marks at brackets that are no power and no transpose")
        if marks.transpose or (marks.primes and self.lexicon.habit.prime_transposes):
            found = [value.T for value in found]
        elif marks.primes:
            raise UnknownError(node, "it is not said what the prime means here")
        power = marks.power if marks.power is not None else (marks.layer if isinstance(marks.layer, Number) else None)
        if marks.indices and not isinstance(base, Group | Call):
            raise UnknownError(node, "an index at brackets")
        if marks.indices and len(marks.indices) == 1 and not (isinstance(base, Group) and base.open == "norm"):
            found = [v for value in found for v in self.indexed(value, marks.indices[0])]
        return self.powered(found, power)

    def indexed(self, value: Value, index: Node) -> list[Value]:
        """(…)_j of a column: its element."""
        if value.matrix is None or value.matrix.count(ONE) != 1:
            return [value] if value.matrix is None else []
        place = 1 - value.matrix.index(ONE)
        column = np.squeeze(value.data, axis=-1 if place == 0 else -2)
        data, letters = self.take(column, column.ndim - 1, index, value.matrix[place], list(value.letters))
        if len(letters) == len(value.letters):
            return [Value(data, value.letters)]
        return [Value(np.asarray(data), (*value.letters, letters[-1]))]

    def sum(self, node: Sum) -> list[Value]:
        signs = [-1.0 if sign == "-" else 1.0 for sign in node.signs]

        def added(*values: Value) -> Value:
            return elementwise(values, lambda *arrays: sum(s * a for s, a in zip(signs, arrays, strict=True)))  # type: ignore[return-value]

        found, first = [], None
        try:
            found = self.each(node.terms, added)
        except MisfitError as error:
            first = error
        head = node.terms[0]
        if len(node.terms) > 1 and isinstance(head, Product) and (k := _operator(head)) is not None:
            rest = Sum(None, (_product(head.items[k + 1 :], head.signs[k + 1 :]), *node.terms[1:]), ("+", *node.signs[1:]))
            whole: Node = Product(None, (*head.items[: k + 1], Group(None, rest)), (*head.signs[:k], ""))
            if node.signs[0] == "-":
                whole = Sum(None, (whole,), ("-",))
            found += self.attempt(lambda: self.values(whole))
        if not found:
            raise first or MisfitError("nothing fits")
        return found

    def product(self, node: Product) -> list[Value]:
        k = _operator(node)
        if k is not None:
            by = node.items[k]
            assert isinstance(by, Operator)
            if k + 1 == len(node.items):
                raise UnknownError(by, "an operator ∂/∂ with nothing to its right")
            inner = self.derived(_product(node.items[k + 1 :], node.signs[k + 1 :]), by.by, by)
            if k == 0:
                return inner
            left = _product(node.items[:k], node.signs[: k - 1])
            return products.multiplied([self.values(left), inner], [node.signs[k - 1] or ""], self.loose_axes())
        return products.multiplied([self.values(item) for item in node.items], node.signs, self.loose_axes())

    def loose_axes(self) -> Value | None:
        return self.target if self.loose else None

    def big_sum(self, node: BigSum) -> list[Value]:
        if node.kind == "prod":
            raise UnknownError(node, "a product sign")
        letters = [spelled(n) for n in _names(node.index)] if node.index is not None else []
        counter = node.index is not None and is_counter(node.index, self.lexicon.habit.counters) and letters[0] not in self.env
        if counter and any(self.marker.marks(n).layer is not None and letters[0] in {x.name for x in _names(self.marker.marks(n).layer)} for n in _all_names(node.body)):
            return self.layers_sum(node, letters[0])
        saved = self.target
        if self.target is not None:
            self.target = replace(self.target)
        found = self.values(node.body)
        self.target = saved
        if not letters:
            return [w for value in found for w in self.bare_sum(value)][:MOST]
        for letter in letters:
            found = [w for value in found for w in self.sum_over(value, letter, node)]
        if not found:
            raise MisfitError(f"the sum runs over {', '.join(letters)}, which does not occur in it", "sum")
        return found[:MOST]

    def layers_sum(self, node: BigSum, letter: str) -> list[Value]:
        found: list[Value] = []
        for layer in range(1, self.world.L + 1):
            self.env[letter] = layer - self.setting.weights_from
            try:
                values = [total(v) for v in self.values(node.body)]
            finally:
                del self.env[letter]
            found = values if not found else [elementwise([a, b], np.add) for a, b in zip(found, values, strict=False)]
        return found

    def sum_over(self, value: Value, letter: str, node: BigSum) -> list[Value]:
        if letter in dict(value.letters):
            return [summed(value, letter)]
        by_examples = node.upper is None or any(self.lexicon.habit.role(n) == "m" for n in _names(node.upper))
        if value.matrix is not None and EXAMPLE in value.matrix and by_examples:
            return [summed_axis(value, EXAMPLE)]
        if not self.setting.batch and by_examples and letter in {"i", "n", "m", "p", "s", "t", "r", "mu"}:
            return [value]  # the sum over the only example
        if value.matrix is not None and value.matrix.count(ONE) == 1:
            axis = next(a for a in value.matrix if a != ONE)
            return [summed_axis(value, axis)]
        if self.setting.scalar:
            return [value]
        free = {name for name, _ in (self.target.letters if self.target is not None else ())}
        own = [name for name, _ in value.letters if name not in free]
        return [summed(value, own[0])] if len(own) == 1 else []  # Σ_n over what is written with another letter

    def bare_sum(self, value: Value) -> list[Value]:
        if value.matrix is None:
            found = [value] if not value.letters or self.setting.scalar else []
            own = [letter for letter, _ in value.letters]
            free = {letter for letter, _ in (self.target.letters if self.target is not None else ())}
            for letter in own:
                if letter not in free:
                    found.append(summed(value, letter))
            return found
        found = []
        if EXAMPLE in value.matrix:
            found.append(summed_axis(value, EXAMPLE))
        elif not self.setting.batch:
            found.append(value)
        found.append(total(value))
        return found

    # derivatives

    def differential(self, node: Differential) -> list[Value]:
        by = node.by if node.by is not None else node.of
        if isinstance(by, Group):
            by = by.body
        if not isinstance(by, Name):
            raise UnknownError(node, "what this is the gradient by is not understood")
        meaning = self.of_loss(by)
        if meaning is None:
            key = spelled_differential(node)
            if key in self.locals:
                return self.locals[key]
            raise UnknownError(node, f"{_shown(by)} is not known")
        if meaning.gradient or meaning.key[0] == "J":
            raise UnknownError(node, "the gradient by a gradient")
        return self.gradient_of(meaning)

    def gradient_of(self, meaning: Meaning) -> list[Value]:
        """The gradient of the loss by a quantity, shown as the quantity is."""
        return self.quantity(Meaning(meaning.key, gradient=True, marks=replace(meaning.marks, primes=0)), Name(None, "A"))

    def derivative(self, node: Derivative) -> list[Value]:
        if node.order != 1:
            raise UnknownError(node, "a second derivative")
        return self.derived(node.of, node.by, node)

    def derived(self, of: Node, by: Node, node: Node) -> list[Value]:
        """∂of/∂by. Where the loss stands below, the fraction is taken the other way round, and that is noted."""
        while isinstance(by, Group):
            by = by.body
        if isinstance(by, Scripted) and isinstance(by.base, Group | Name):
            raise UnknownError(by, "a derivative by something with marks at brackets")
        if not isinstance(by, Name):
            raise UnknownError(by, "a derivative by something that is no name")
        over = of.function if isinstance(of, Call) else of
        loss = isinstance(over, Name) and self.lexicon.habit.role(over) == "loss"
        key = self.of_loss(by) if loss else self.meaning(by)
        if key is None:
            raise UnknownError(by, f"{_shown(by)} is not known")
        inner = of
        while isinstance(inner, Group):
            inner = inner.body
        if isinstance(inner, Name) and self.is_function(inner) and self.lexicon.habit.role(inner) not in LAYERED:
            inner = Call(inner.span, inner, (by,))
        if isinstance(inner, Call) and self.lexicon.habit.role(inner.function) == "loss" and not self.is_function(inner.function):
            inner = inner.function
        if isinstance(inner, Name):
            top = self.of_loss(inner) if key.key[0] == "J" else self.meaning(inner)
            if top is not None and key.key[0] == "J" and top.key[0] != "J":
                self.upside_down = True
                return self.gradient_of(top)
            if top is not None and top.key[0] == "J" and not key.gradient and not isinstance(top.marks.example or next(iter(top.marks.indices), None), Name):
                return self.gradient_of(key)
            if top is not None and not top.gradient and not key.gradient:
                short = self.shorthand(top, key)
                if short:
                    return short
        if key.gradient:
            raise UnknownError(by, "a derivative by a gradient")
        if self.locals:
            return self.measured(inner, key)
        memo = (spelled(inner), spelled(by), self.setting, tuple(self.env.items()))
        if memo not in self.world.memory:
            self.world.memory[memo] = self.measured(inner, key)
        return self.world.memory[memo]

    def shorthand(self, of: Meaning, by: Meaning) -> list[Value]:
        """∂Z/∂W and the like of whole matrices, as chains write them: the factor that the chain is multiplied by."""
        if of.marks.indices or by.marks.indices or of.key[0] not in {"Z", "A"}:
            return []
        (kind, layer), (other, below) = of.key, by.key
        if kind == "Z" and other == "W" and layer == below:
            a = self.quantity(Meaning(("A", layer - 1), gradient=False, marks=_plain(of.marks)), Name(None, "A"))
            return [*a, *(value.T for value in a)]
        if kind == "Z" and other == "b" and layer == below:
            return [number(1.0)]
        if kind == "Z" and other == "A" and layer == below + 1:
            w = self.quantity(Meaning(("W", layer), gradient=False, marks=Marks()), Name(None, "W"))
            return [*w, *(value.T for value in w)]
        if kind == "A" and other == "Z" and layer == below:
            return self.slope_values(layer, _plain(of.marks))
        return []

    def slope_values(self, layer: int, marks: Marks) -> list[Value]:
        """g'(Z[l]) entry by entry, or the Jacobian of a rowwise activation for one example."""
        if not 1 <= layer <= self.world.L:
            raise MisfitError(f"there is no activation of layer {layer}", "layer")
        name = self.world.shape.activations[layer - 1]
        z = self.world["Z", layer]
        if find_activation(name).rowwise:
            if self.setting.batch:
                raise UnknownError(Words(None, ""), "the Jacobian of softmax for many examples at once")
            a = self.world["A", layer][:, 0]
            axis = self.axis(units(layer))
            return [Value(np.diag(a) - np.outer(a, a), (), (axis, axis))]
        return self.shown(slope(name, z), self.world.axes(("Z", layer)), marks, "Z")

    def measured(self, of: Node, by: Meaning) -> list[Value]:
        """The derivative of any formula by a quantity, by nudging each of its entries."""
        base = np.array(self.array(Meaning(by.key, gradient=False, marks=by.marks)), dtype=float)
        if base.size > 60:
            raise UnknownError(of, "too large to be measured")
        whole = self.values(of)[0]
        if whole.matrix is not None and not whole.scalar and not by.marks.indices:
            return self.entrywise(of, by, base, whole)
        columns: list[Array] = []
        form: Value | None = None
        for place in np.ndindex(base.shape):
            sides = []
            for step in (STEP, -STEP):
                nudged = base.copy()
                nudged[place] += step
                other = self.elsewhere(self.world.at(by.key, nudged))
                value = other.values(of)[0]
                form = value
                sides.append(value.data)
            columns.append((sides[0] - sides[1]) / (2 * STEP))
        assert form is not None
        tensor = np.stack(columns, axis=-1).reshape((*form.data.shape, *base.shape))
        return self.contracted(tensor, form, by)

    def entrywise(self, of: Node, by: Meaning, base: Array, whole: Value) -> list[Value]:
        """d/dz g(z) of matrices, entry by entry: all entries are nudged at once, since none depends on another."""
        shown = self.shown(base, self.world.axes(by.key), replace(by.marks, power=None, transpose=False, primes=0), by.key[0])[0]
        if shown.matrix != whole.matrix or shown.letters != whole.letters:
            raise UnknownError(of, "the derivative of a matrix by a matrix")
        one = base.copy()
        one.flat[0] += STEP
        moved = np.abs(self.elsewhere(self.world.at(by.key, one)).values(of)[0].data - whole.data) > 1e-12
        if moved.sum() > 1:
            raise UnknownError(of, "the derivative of a matrix by a matrix")
        sides = [self.elsewhere(self.world.at(by.key, base + step)).values(of)[0].data for step in (STEP, -STEP)]
        return [Value((sides[0] - sides[1]) / (2 * STEP), whole.letters, whole.matrix)]

    def elsewhere(self, world: World) -> Evaluator:
        """The same evaluator in another world."""
        other = type(self)(world, self.setting, self.lexicon, self.env)
        other.locals = self.locals
        other.target = self.target
        return other

    def contracted(self, tensor: Array, form: Value, by: Meaning) -> list[Value]:
        """A tensor of derivatives with the indices of what it is by; a letter that both have is taken on the diagonal."""
        axes = self.world.axes(by.key)
        marks = by.marks
        if form.matrix is not None and not form.scalar:
            raise UnknownError(Words(None, ""), "the derivative of a matrix by a matrix")
        if form.matrix is not None:
            tensor = tensor.reshape((*tensor.shape[: len(form.letters)], *tensor.shape[len(form.letters) + 2 :]))
        front = len(form.letters)
        found = []
        first: MisfitError | None = None
        for value in self.shown_tensor(tensor, front, axes, marks, by.key[0]):
            try:
                found.append(_diagonal(value, form.letters))
            except MisfitError as error:
                first = first or error
        if not found:
            raise first or MisfitError("nothing fits")
        return found

    def shown_tensor(self, tensor: Array, front: int, axes: tuple[str, ...], marks: Marks, kind: str) -> list[tuple[Array, int, Value]]:
        """For each entry in front, the quantity's array shown with its marks; all at once."""
        flat = tensor.reshape(-1, *tensor.shape[front:])
        shown = [self.shown(part, axes, marks, kind) for part in flat]
        found = []
        for reading in range(min(len(s) for s in shown)):
            parts = [s[reading] for s in shown]
            stacked = np.stack([p.data for p in parts]).reshape((*tensor.shape[:front], *parts[0].data.shape))
            found.append((stacked, front, parts[0]))
        return found

    # functions

    def is_function(self, name: Name) -> bool:
        """Whether a name is that of an activation function or of one that the document defines."""
        return name.name in ACTIVATIONS or name.name in GENERIC or name.name in self.lexicon.functions or slope_of(name.name) is not None

    def kinds(self, name: Name, argument: Node | None, value: Value | None) -> list[str]:
        """The activations that a call may mean: σ is the sigmoid, or that of the layer."""
        found = [self.activation(name, argument, value)]
        if name.name == "sigma" and self.lexicon.loose_sigma:
            try:
                found.append(self.world.shape.activations[self.function_layer(name, argument, value) - 1])
            except UnknownError:
                pass
        return list(dict.fromkeys(found))

    def activation(self, name: Name, argument: Node | None, value: Value | None) -> str:
        """The catalogue's name of the activation that is called."""
        words = self.marker.marks(name).words
        for word in (name.name, *words):
            if word in ACTIVATIONS:
                return ACTIVATIONS[word]
        if name.name == "sigma" and not self.lexicon.generic_sigma:
            return "sigmoid"
        return self.world.shape.activations[self.function_layer(name, argument, value) - 1]

    def function_layer(self, name: Name, argument: Node | None, value: Value | None) -> int:
        """The layer whose activation is meant: by its mark, or by what it is of."""
        marks = Marker(replace(self.lexicon.habit, roles={**self.lexicon.habit.roles, (name.name, is_hat(name)): "function"})).marks(name)
        if marks.layer is not None:
            try:
                layer = self.layer(name, marks, "A")
            except UnknownError:
                layer = 0
            if 1 <= layer <= self.world.L:
                return layer
        if self.setting.letters and marks.indices and spelled(marks.indices[0]) in self.setting.letters:
            return self.setting.letters[spelled(marks.indices[0])]
        if value is not None:
            for axis in (*(axis for _, axis in value.letters), *(value.matrix or ())):
                if axis.startswith("units") and not axis.endswith(" 0"):
                    return int(axis.rsplit(" ", 1)[1])
        for part in _all_names(argument) if argument is not None else ():
            found = None
            try:
                found = self.meaning(part)
            except UnknownError:
                continue
            if found is not None and found.key[0] in {"Z", "A", "W", "b"} and found.key[1] >= 1:
                return found.key[1]
        if len(set(self.world.shape.activations)) == 1 or self.world.L == 1:
            return 1
        raise UnknownError(name, f"it is not said of which layer {_shown(name)} is")

    def bare_slope(self, name: Name) -> list[Value]:
        """σ'^{(l)} without brackets: the slope at the layer's z."""
        layer = self.function_layer(name, None, None)
        marks = self.marker.marks(name)
        return self.slope_values(layer, Marks(indices=marks.indices, example=marks.example))

    def call(self, node: Call) -> list[Value]:
        name = node.function
        marks = self.marker.marks(name)
        primes = marks.primes
        if name.name in self.lexicon.defined:
            return self.user_call(node, primes)
        if node.arguments and isinstance(node.arguments[0], Compare) and len(node.arguments) == 1:
            return self.compare(node.arguments[0])
        base = slope_of(name.name)
        if base is not None:
            return self.code_slope(base, node, primes)
        if name.name in PLAIN:
            return self.plain_call(node)
        role = self.lexicon.habit.role(name)
        if role == "loss":
            if any(isinstance(a, Sum | Product | Fraction) for a in node.arguments):
                raise UnknownError(node, "the loss at another point")
            return self.loss_value(marks)
        if role == "output" or (name.name in {"h", "f", "F"} and any(self.lexicon.habit.role(a) == "X" for a in node.arguments if isinstance(a, Name))):
            if name.name in {"h", "f", "F"} and self.world.L > 1 and not marks.words and not marks.indices and name.name != "h":
                pass
            return self.shown(self.world["A", self.world.L], self.world.axes(("A", self.world.L)), self.argument_marks(node, marks), "A")
        if not self.is_function(name):
            if len(node.arguments) == 1:
                return self.values(Product(node.span, (name, Group(None, node.arguments[0])), ("",)))
            raise UnknownError(node, f"the function {_shown(name)} is not known")
        if len(node.arguments) != 1:
            raise UnknownError(node, f"{_shown(name)} of {len(node.arguments)} arguments")
        return self.activated(node, primes, marks)

    def argument_marks(self, node: Call, marks: Marks) -> Marks:
        """Marks of h_Θ(x^{(i)})_k, whose example stands in the brackets."""
        example = next((self.marker.marks(a).example for a in node.arguments if isinstance(a, Name)), None)
        indices = tuple(i for i in marks.indices if not is_name(i, {"Theta", "theta", "W", "w"}))
        return Marks(indices=indices, example=marks.example or example, transpose=marks.transpose)

    def activated(self, node: Call, primes: int, marks: Marks) -> list[Value]:
        argument = node.arguments[0]
        found = []
        for value in self.values(argument):
            kinds = self.kinds(node.function, argument, value)
            if primes and find_activation(kinds[0]).rowwise:
                raise UnknownError(node, SOFTMAX_SLOPE)
            results = [_applied(kind, value, primes) for kind in kinds if not (primes and find_activation(kind).rowwise)]
            found += [result.T if marks.transpose else result for result in results]
        return self.powered(found, marks.power) if not isinstance(marks.power, Name) else found

    def code_slope(self, base: str, node: Call, primes: int) -> list[Value]:
        """relu_prime(Z) and sigmoid_derivative(A): code hands over z, or a where it has stored that."""
        if len(node.arguments) != 1:
            raise UnknownError(node, f"{node.function.name} of {len(node.arguments)} arguments")
        argument = node.arguments[0]
        del primes
        found = []
        for value in self.values(argument):
            kind = ACTIVATIONS.get(base) or self.activation(Name(node.span, base), argument, value)
            if find_activation(kind).rowwise:
                raise UnknownError(node, SOFTMAX_SLOPE)
            found.append(_applied(kind, value, 1))
            stored = {"sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a * a}.get(kind)
            if stored is not None and isinstance(argument, Name) and self.lexicon.habit.role(argument) in {"A", "output"}:
                found.append(elementwise([value], stored))
        return found

    def user_call(self, node: Call, primes: int) -> list[Value]:
        parameters, body = self.lexicon.defined[node.function.name]
        if len(parameters) != len(node.arguments):
            raise UnknownError(node, f"{node.function.name} takes {len(parameters)} arguments")
        if len(self.locals) > 40:
            raise UnknownError(node, "a function that is defined by itself")
        inner = self.elsewhere(self.world)
        found = []
        for values in combinations(*(self.values(a) for a in node.arguments)):
            def at(step: float, values: tuple[Value, ...] = values) -> Value:
                moved = [elementwise([v], lambda a: a + step) for v in values]
                inner.locals = {**self.locals, **{p: [v] for p, v in zip(parameters, moved, strict=True)}}
                return inner.values(body)[0]
            found.append(at(0.0) if not primes else elementwise([at(STEP), at(-STEP)], lambda a, b: (a - b) / (2 * STEP)))
        return found

    def plain_call(self, node: Call) -> list[Value]:
        name, arguments = node.function.name, node.arguments
        marks = self.marker.marks(node.function)
        if name in PLAIN_FUNCTIONS and len(arguments) == 1:
            found = self.each(arguments, lambda a: elementwise([a], PLAIN_FUNCTIONS[name]))
            return self.powered(found, marks.power)
        if name in {"max", "maximum"} and len(arguments) == 2:
            return self.each(arguments, lambda a, b: elementwise([a, b], np.maximum))
        if name == "min" and len(arguments) == 2:
            return self.each(arguments, lambda a, b: elementwise([a, b], np.minimum))
        if name in {"sum", "mean", "average", "avg"} and arguments:
            return self.totals(node, mean=name != "sum")
        if name == "dot" and len(arguments) == 2:
            return products.multiplied([self.values(a) for a in arguments], ["@"], self.loose_axes())
        if name == "outer" and len(arguments) == 2:
            return self.each(arguments, products.outer)
        if name == "transpose" and len(arguments) == 1:
            return [v.T for v in self.values(arguments[0])]
        if name == "where" and len(arguments) == 3:
            return self.each(arguments, lambda c, a, b: elementwise([c, a, b], lambda c, a, b: np.where(c > 0, a, b)))
        if name == "diag" and len(arguments) == 1:
            return [products.diagonal(v) for v in self.values(arguments[0])]
        raise UnknownError(node, f"{name} of {len(arguments)} arguments")

    def totals(self, node: Call, *, mean: bool) -> list[Value]:
        """sum(…, axis=…) and mean(…)."""
        axis = next((v for k, v in node.keywords if k == "axis"), node.arguments[1] if len(node.arguments) == 2 else None)
        found = []
        for value in self.values(node.arguments[0]):
            if axis is None:
                sums = self.bare_sum(value)
            elif isinstance(axis, Number) and value.matrix is not None:
                sums = [summed_axis(value, value.matrix[int(axis.value) % 2])] if value.matrix[0] != value.matrix[1] else []
            elif isinstance(axis, Sum) and value.matrix is not None:  # axis=-1
                sums = [summed_axis(value, value.matrix[1])]
            else:
                sums = [value] if value.scalar else []
            if sums and axis is not None and not any(k == "keepdims" for k, _ in node.keywords):
                sums = [*sums, *(s.T for s in sums)]
            found += [self.averaged(value, s) if mean else s for s in sums]
        if not found:
            raise MisfitError("there is nothing to sum over", "sum")
        return found

    def averaged(self, value: Value, summed_up: Value) -> Value:
        return elementwise([summed_up], lambda a: a * (max(summed_up.data.size, 1) / max(value.data.size, 1)))

    def compare(self, node: Compare) -> list[Value]:
        if node.op in {"==", "!="} and isinstance(node.left, Name) and isinstance(node.right, Name):
            pair = Name(None, "delta", (_below(node.left, node.right),))
            same = self.kronecker(pair)
            if same is not None:
                return [same if node.op == "==" else elementwise([same], lambda a: 1 - a)]
        operators = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal, "==": np.equal, "!=": np.not_equal}
        return self.each([node.left, node.right], lambda a, b: elementwise([a, b], lambda x, y: operators[node.op](x, y).astype(float)))

    def cases(self, node: Cases) -> list[Value]:
        last = node.rows[-1]
        if any(condition is None for _, condition in node.rows[:-1]):
            raise UnknownError(node, "a case without its condition")
        parts: list[Node] = []
        for value, condition in node.rows[:-1]:
            assert condition is not None
            parts += [condition, value]
        if last[1] is not None and len(node.rows) == 1:
            raise UnknownError(node, "one case only")

        def chosen(*arrays: Array) -> Array:
            result = arrays[-1]
            for k in range(len(arrays) - 3, -1, -2):
                result = np.where(arrays[k] > 0, arrays[k + 1], result)
            return np.asarray(result)

        return self.each([*parts, last[0]], lambda *values: elementwise(values, chosen))

    def matrix(self, node: Matrix) -> list[Value]:
        rows = [[self.values(entry)[0] for entry in row] for row in node.rows]
        if any(v.matrix is not None and not v.scalar for row in rows for v in row) or len({len(row) for row in rows}) != 1:
            raise UnknownError(node, "a matrix whose entries are matrices")
        data = np.array([[float(np.squeeze(v.data)) if v.data.size == 1 else np.nan for v in row] for row in rows])
        if np.isnan(data).any():
            raise UnknownError(node, "a matrix whose entries have indices")
        return [Value(data, (), (_sized(data.shape[0]), _sized(data.shape[1])))]


def _sized(size: int) -> str:
    return ONE if size == 1 else f"{size} entries"


def _below(*names: Node) -> object:
    from handgrad.check.tree import Script

    return Script(None, "sub", names)


def _plain(marks: Marks) -> Marks:
    return Marks(example=marks.example)


def _operator(node: Product) -> int | None:
    return next((k for k, item in enumerate(node.items) if isinstance(item, Operator)), None)


def _product(items: tuple[Node, ...], signs: tuple[str, ...]) -> Node:
    return items[0] if len(items) == 1 else Product(None, items, tuple(signs[: len(items) - 1]))


def _names(node: Node | None) -> Iterable[Name]:
    """The names in a mark or an index."""
    if isinstance(node, Name):
        yield node
    elif node is not None:
        for child in children(node):
            yield from _names(child)


def _all_names(node: Node) -> Iterable[Name]:
    from handgrad.check.understanding.names import named

    return named(node)


def total(value: Value) -> Value:
    """The sum of all entries of a matrix."""
    if value.matrix is None:
        return value
    return Value(value.data.sum(axis=(-1, -2), keepdims=True), value.letters, (ONE, ONE))


def _applied(kind: str, value: Value, primes: int) -> Value:
    """An activation or its slope at a value; softmax runs along the units."""
    data = value.data
    if not find_activation(kind).rowwise:
        return Value(np.asarray(slope(kind, data) if primes else activate(kind, data)), value.letters, value.matrix)
    place = next((k for k, (_, axis) in enumerate(value.letters) if axis.startswith("units")), None)
    if place is None and value.matrix is not None:
        place = next((len(value.letters) + k for k in range(2) if value.matrix[k].startswith("units")), None)
    if place is None:
        return Value(np.ones_like(data), value.letters, value.matrix)
    return Value(np.moveaxis(activate(kind, np.moveaxis(data, place, 0)), 0, place), value.letters, value.matrix)


def _diagonal(shown: tuple[Array, int, Value], letters: tuple[tuple[str, str], ...]) -> Value:
    """Put the letters in front together with those of the quantity, on the diagonal where they are the same."""
    data, front, value = shown
    have = list(letters)
    place = front
    for letter, axis in value.letters:
        match = next((k for k, (old, _) in enumerate(have) if old == letter), None)
        if match is None:
            have.append((letter, axis))
            place += 1
            continue
        if have[match][1] != axis:
            raise MisfitError(f"the index {letter} runs over the {have[match][1]} and over the {axis} at once", "index")
        data = np.moveaxis(np.diagonal(data, axis1=match, axis2=place), -1, match)
    return Value(data, tuple(have), value.matrix)


def slope_of(word: str) -> str | None:
    """The activation whose slope a word names: relu_prime, d_sigmoid, dLeakyRelu, tanh_derivative; None for other words."""
    lower = word
    for end in ("_prime", "Prime", "_derivative", "Derivative", "_deriv", "_grad", "_backward", "_d", "_der", "prime", "_slope", "_gradient"):
        if lower.endswith(end) and lower[: -len(end)] in {*ACTIVATIONS, *GENERIC, "activation"}:
            return lower[: -len(end)]
    for start in ("d_", "d", "grad_", "deriv_", "derivative_", "der_"):
        rest = lower[len(start) :]
        if lower.startswith(start) and (rest in ACTIVATIONS or rest[:1].lower() + rest[1:] in ACTIVATIONS or rest in {"sigma", "phi", "activation"}):
            return rest if rest in ACTIVATIONS or rest in GENERIC else rest[:1].lower() + rest[1:]
    return None


def spelled(node: Node) -> str:
    """A name with all its marks as one string, by which names are told apart."""
    if isinstance(node, Name):
        faces = "".join(sorted(node.faces & {"hat", "tilde", "bar", "cal"}))
        return node.name + (f"<{faces}>" if faces else "") + "".join(f"{s.kind[:2]}{s.count if s.kind == 'prime' else ''}({','.join(map(spelled, s.body))})" for s in node.scripts)
    if isinstance(node, Number):
        return node.text
    return f"{type(node).__name__}({','.join(spelled(child) for child in children(node))})"


def spelled_differential(node: Differential) -> str:
    """A differential as one string."""
    return f"{node.mark} {spelled(node.of)}" + (f" by {spelled(node.by)}" if node.by is not None else "")


def _shown(node: Node) -> str:
    if isinstance(node, Name):
        return node.name
    return type(node).__name__.lower()


__all__ = ["UNITS", "Evaluator", "Lexicon", "Meaning", "UnknownError", "slope_of", "spelled"]
