"""Whether the two sides of a relation are the same at random points, up to a constant ±2^a m^b n^c."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.check.judging.evaluating import Evaluator, Lexicon, UnknownError, total
from handgrad.check.judging.lexicon import names_in
from handgrad.check.judging.values import MisfitError, Value, lettered, summed, together
from handgrad.check.judging.world import EXAMPLE, ONE, World
from handgrad.check.tree import BigSum, Call, Name, Node, walk
from handgrad.check.understanding.names import named
from handgrad.check.understanding.setting import EXAMPLES, Setting

TOLERANCE = 3e-6
TWOS, MS, NS = range(-3, 4), range(-2, 3), range(-1, 2)


@dataclass(frozen=True, order=True)
class Scale:
    """A constant: sign · 2^twos · m^examples · n^outputs, n being the number of outputs."""

    sign: int = 1
    twos: int = 0
    examples: int = 0
    outputs: int = 0

    def __mul__(self, other: Scale) -> Scale:
        return Scale(self.sign * other.sign, self.twos + other.twos, self.examples + other.examples, self.outputs + other.outputs)

    def __truediv__(self, other: Scale) -> Scale:
        return Scale(self.sign * other.sign, self.twos - other.twos, self.examples - other.examples, self.outputs - other.outputs)

    @property
    def one(self) -> bool:
        """Whether it is 1."""
        return self == Scale()


@dataclass(frozen=True)
class Outcome:
    """How a relation came out: right up to `scale` (left = scale · right is not 1 where constants differ), or not, with the reason.

    `kind` is one of holds, differs, misfit, unknown. `loose` says that it holds only with order and transposes left aside.
    """

    kind: str
    scale: Scale | None = None
    why: str = ""
    misfit: str = ""
    node: Node | None = None
    upside_down: bool = False
    loose: bool = False

    @property
    def holds(self) -> bool:
        """Whether the two sides agree up to a constant."""
        return self.kind == "holds"


def compare(
    left: Node, right: Node, setting: Setting, lexicon: Lexicon, env: Mapping[str, int], *, loose: bool = False, seed: int = 0,
    locals_: Callable[[World, Evaluator], Mapping[str, list[Value]]] | None = None,
) -> Outcome:  # fmt: skip
    """Evaluate both sides in two worlds and compare them."""
    constants: list[dict[tuple[int, int], float]] = []
    upside = False
    for number in range(2):
        world = setting.world(number, seed)
        evaluator = Evaluator(world, setting, lexicon, env)
        if locals_ is not None:
            evaluator.locals.update(locals_(world, evaluator))
        try:
            lefts = evaluator.values(left)
            evaluator.target, evaluator.loose = lefts[0], loose
            rights = evaluator.values(right)
        except UnknownError as error:
            return Outcome("unknown", why=error.why, node=error.node)
        except MisfitError as error:
            return Outcome("misfit", why=error.why, misfit=error.kind)
        except (KeyError, IndexError, ValueError, RecursionError, OverflowError) as error:  # of a text that nobody foresaw
            return Outcome("unknown", why=f"this could not be evaluated ({type(error).__name__})")
        upside = upside or evaluator.upside_down
        if is_loss(left, lexicon):  # the sum over outputs, and over the examples, is often left to the reader
            rights = [*rights, *(total(value) for value in rights if value.matrix is not None and not value.scalar)]
        if setting.implied:
            rights = [*(closed(right, lefts[0]) for right in rights), *rights]
        found, why = ratios(lefts, rights)
        if not found:
            return Outcome("misfit" if why else "differs", why=why.why if why else "", misfit=why.kind if why else "")
        constants.append(found)
        if setting.scalar and not setting.batch and number == 0 and setting.world(1, seed).shape == world.shape:
            scale = _one_world(next(iter(found.values())))
            return Outcome("holds", scale, upside_down=upside, loose=loose) if scale is not None else Outcome("differs")
    for pair, constant in constants[0].items():
        if pair in constants[1]:
            scale = scale_of(constant, constants[1][pair], setting)
            if scale is not None:
                return Outcome("holds", scale, upside_down=upside, loose=loose)
    return Outcome("differs")


def is_loss(node: Node, lexicon: Lexicon) -> bool:
    """Whether a side is the loss."""
    name = node.function if isinstance(node, Call) else node
    return isinstance(name, Name) and lexicon.habit.role(name) == "loss"


def closed(right: Value, left: Value) -> Value:
    """The sum over the letters that only the right side has."""
    for letter, _ in right.letters:
        if letter not in dict(left.letters):
            right = summed(right, letter)
    return right


def _one_world(constant: float) -> Scale | None:
    twos = math.log2(abs(constant))
    if abs(twos - round(twos)) > 1e-5 or abs(twos) > 3.5:
        return None
    return Scale(1 if constant > 0 else -1, round(twos))


def ratios(lefts: Sequence[Value], rights: Sequence[Value]) -> tuple[dict[tuple[int, int], float], MisfitError | None]:
    """By readings of left and right, the constant left/right where they are proportional; and the first misfit where none fits."""
    found: dict[tuple[int, int], float] = {}
    first: MisfitError | None = None
    fitted = False
    for i, a in enumerate(lefts):
        for j, b in enumerate(rights):
            try:
                x, y = beside(a, b)
            except MisfitError as error:
                first = first or error
                continue
            fitted = True
            constant = _constant(x, y)
            if constant is not None:
                found[i, j] = constant
    return found, None if fitted else first


def beside(left: Value, right: Value) -> tuple[Array, Array]:
    """The arrays of two sides in one shape. Raises MisfitError where they have other axes."""
    if left.matrix is None and right.matrix is not None and not right.scalar and left.letters:
        right = lettered(right, left.letters) or right
    elif left.matrix is not None and not left.scalar and right.matrix is None and right.letters:
        left = lettered(left, right.letters) or left
    if not left.letters and not left.scalar and right.scalar and not right.letters:
        raise MisfitError(f"the left side is {left.words()}, the right side {right.words()}", "sum")
    have = dict(left.letters)
    left, right = _one_example(left, right)
    extra = [letter for letter, _ in right.letters if letter not in have]
    if extra:
        raise MisfitError(f"the index {extra[0]} is on the right side only", "sum")
    lefts = left.matrix if left.matrix and not left.scalar else (ONE, ONE)
    rights = right.matrix if right.matrix and not right.scalar else (ONE, ONE)
    if lefts != rights:
        raise MisfitError(f"the left side is {left.words()}, the right side {right.words()}", _kind(lefts, rights))
    plain = [Value(v.data[..., 0, 0], v.letters) if v.matrix is not None and v.scalar else v for v in (left, right)]
    (x, y), _ = together(plain)
    x, y = np.broadcast_arrays(x, y)
    return x, y


def _one_example(left: Value, right: Value) -> tuple[Value, Value]:
    """Letters of the only example that there is are left out where one side lacks them."""
    both = {letter for letter, _ in left.letters} & {letter for letter, _ in right.letters}
    return _without(left, both), _without(right, both)


def _without(value: Value, kept: set[str]) -> Value:
    drop = [
        k for k, (letter, axis) in enumerate(value.letters) if axis == EXAMPLE and letter not in kept and value.data.shape[k] == 1
    ]
    if not drop:
        return value
    return Value(
        np.squeeze(value.data, axis=tuple(drop)), tuple(x for k, x in enumerate(value.letters) if k not in drop), value.matrix
    )


def _kind(left: tuple[str, str], right: tuple[str, str]) -> str:
    if left == right[::-1]:
        return "transpose"
    if EXAMPLE in right and EXAMPLE not in left:
        return "sum"
    return "shape"


def _constant(x: Array, y: Array) -> float | None:
    """The constant c with x = c y, or None."""
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    top, under = float(np.vdot(y, x)), float(np.vdot(y, y))
    size = float(np.abs(x).max(initial=0.0))
    if under < 1e-18 or size < 1e-9:
        return 1.0 if size < 1e-9 and under < 1e-16 else None
    constant = top / under
    if constant == 0 or float(np.abs(x - constant * y).max()) > TOLERANCE * max(size, 1e-3) + 1e-9:
        return None
    return constant


def scale_of(first: float, second: float, setting: Setting) -> Scale | None:
    """The constant as powers of 2, m and n_L, from its values in the two worlds; the simplest one that explains both."""
    if first * second <= 0:
        return None
    sign = 1 if first > 0 else -1
    n = [setting.world(k).shape.widths[-1] for k in range(2)]
    m = list(EXAMPLES) if setting.batch else [7 + 2, 7 + 2]
    for twos, examples, outputs in _candidates():
        if outputs and (n[0] == n[1] or 1 in n):
            continue
        if all(abs(abs(c) / (2.0**twos * m[k] ** examples * n[k] ** outputs) - 1) < 1e-5 for k, c in enumerate((first, second))):
            return Scale(sign, twos, examples, outputs)
    return None


def _candidates() -> Iterator[tuple[int, int, int]]:
    yield from sorted(((a, b, c) for a in TWOS for b in MS for c in NS), key=lambda t: abs(t[0]) + abs(t[1]) + 2 * abs(t[2]))


def counters_in(nodes: Sequence[Node | None], lexicon: Lexicon) -> set[str]:
    """The letters that count layers in a formula, apart from L."""
    marker = lexicon.marker
    found: set[str] = set()
    bound = {
        part.index.name
        for node in nodes
        if node is not None
        for part in walk(node)
        if isinstance(part, BigSum) and isinstance(part.index, Name)
    }
    for node in nodes:
        for name in named(node) if node is not None else ():
            marks = marker.marks(name)
            for part in names_in(marks.layer):
                if part.name != "L" and part.name not in bound:
                    found.add(part.name)
    return found
