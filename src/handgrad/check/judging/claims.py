"""Shapes that a text claims, as W[1] ∈ ℝ^{n_1 × n_0} or W1.shape = (n_h, n_x), held against the layout that its equations need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from handgrad.check.findings import Verdict
from handgrad.check.judging.evaluating import Evaluator, UnknownError
from handgrad.check.judging.judged import Judged
from handgrad.check.judging.world import EXAMPLE, ONE, units
from handgrad.check.parsing.writing import write
from handgrad.check.tree import (
    Call,
    Derivative,
    Differential,
    Matrix,
    Name,
    Node,
    Number,
    Product,
    Sum,
    rebuilt,
    walk,
    within,
)
from handgrad.check.understanding.inferring import Understanding
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import DEFAULT

Axes: TypeAlias = tuple[str, ...]
SPACES = frozenset({"R", "M", "Mat"})
SHAPES = frozenset({"shape", "dim", "size", "dims", "Dim"})
BY = frozenset({"times", "*", "cdot", "ast", ""})
SIZES = frozenset({"n", "d", "s", "N", "D", "h", "H", "p", "q", "u"})
"""Letters for numbers of units, where they have a mark that says of which layer."""
INPUTS, FIRST, LAST = (
    frozenset({"x", "in", "input", "0"}),
    frozenset({"h", "hidden", "hid"}),
    frozenset({"y", "out", "output", "o"}),
)
COUNTER = 2
"""The layer that l stands for: one with a layer below it and one above it."""


class Judgement(NamedTuple):
    """The verdict on a claim; a code and perhaps a correction where it is wrong, the reason where it is not understood."""

    verdict: Verdict
    code: str | None = None
    message: str = ""
    correction: str | None = None


@dataclass(frozen=True)
class Claim:
    """What has a shape, and the dimensions that it is said to have."""

    of: Node
    dimensions: tuple[Node, ...]


def claim_of(relation: Relation) -> Claim | None:
    """The shape that a relation claims; None where it claims none, as x ∈ ℝ or y ∈ {0, 1}."""
    left, right = within(relation.left), within(relation.right)
    if relation.op == "in":
        found = _exponent(right) if isinstance(right, Name) and right.name in SPACES else ()
        return Claim(left, found) if found else None
    of = _shaped(left)
    if of is None or relation.op not in {"=", ":=", "equiv", "->"}:
        return None
    if isinstance(right, Matrix) and len(right.rows) == 1:
        return Claim(of, right.rows[0])
    return Claim(of, right.items) if isinstance(right, Product) and set(right.signs) <= BY else None


def _shaped(node: Node) -> Node | None:
    """The W of W.shape, shape(W) and dim W."""
    if isinstance(node, Call) and node.function.name in SHAPES and len(node.arguments) == 1:
        return within(node.arguments[0])
    if isinstance(node, Product) and len(node.items) == 2:
        first, second = node.items
        if isinstance(second, Name) and second.name in SHAPES and node.signs == (".",):
            return within(first)
        if isinstance(first, Name) and first.name in SHAPES:
            return within(second)
    return None


def _exponent(space: Name) -> tuple[Node, ...]:
    """The dimensions of ℝ^{n × m}, or of M_{n × m}."""
    scripts = [s for s in space.scripts if s.kind in {"sup", "sub"}]
    if len(scripts) != 1:
        return ()
    parts: list[Node] = []
    for part in scripts[0].body:
        inner = within(part)
        body = getattr(inner, "body", None)
        inner = body[0] if isinstance(body, tuple) and len(body) == 1 else inner
        if isinstance(inner, Product) and set(inner.signs) <= BY:
            parts += inner.items
        else:
            parts.append(inner)
    return tuple(
        part for part in parts if not (isinstance(part, Name) and part.name == "x" and not part.scripts and len(parts) == 3)
    )


def judge_claim(relation: Relation, understanding: Understanding, judged: Sequence[Judged] = ()) -> Judgement:
    """The verdict on a shape that is claimed: verdict, code, message and correction.

    Right where it is that of a layout which the document supports; wrong (HG020) only where all its dimensions are understood, it
    is that of none, and the array stands in an equation among `judged` that holds. What is no claim of a shape is `other`.
    """
    claim = claim_of(relation)
    if claim is None:
        return Judgement("other", message="a set that this belongs to, which says nothing of its shape")
    return _Judge(understanding).verdict(claim, relation, judged)


class _Judge:
    def __init__(self, understanding: Understanding) -> None:
        self.u, self.base = understanding, understanding.base.but(L=max(understanding.base.L, 1))
        self.habit, self.marker = understanding.lexicon.habit, understanding.trier.marker
        self.counters = self.habit.counters - {"L"}
        self.probe = Evaluator(self.base.world(0), self.base, understanding.lexicon, dict.fromkeys(self.counters, COUNTER))

    def verdict(self, claim: Claim, relation: Relation, judged: Sequence[Judged]) -> Judgement:
        try:
            choices = self.shapes(claim.of, understood := [self.axis(d, claim.of) for d in claim.dimensions])
        except UnknownError as error:
            return Judgement("other", message=error.why)
        if choices is None:
            return Judgement("other", message="what this is the shape of is not understood")
        if any(self.fits(understood, shape) for shape in choices):
            return Judgement("right")
        if all(axis is not None and axis.isdigit() and axis != ONE for axis in understood):
            return Judgement("other", message="numbers alone do not say which sizes they are")
        if None in understood:
            dimension = claim.dimensions[understood.index(None)]
            return Judgement("other", message=f"the size {write(dimension, relation.passage.source.text)} is not understood")
        if not self.used(claim.of, judged):
            return Judgement("other", message="no equation here says which shape it needs")
        if self.renumbered(understood, choices, judged):
            return Judgement("other", message="it is not clear from which number on layers are counted here")
        source = relation.passage.source.text
        needed = choices[0]
        fixed = self.correction(claim, understood, needed, relation)
        sides = ("a row", "one row"), ("a column", "one column")
        layers = self.layer_names(claim.of)
        what = " and ".join(_words(axis, side, layers) for axis, side in zip(needed, sides, strict=False))
        name = " ".join(write(claim.of, source).split())
        return Judgement("wrong", "HG020", f"the equations in which {name} stands need {what}", fixed)

    def axis(self, node: Node, of: Node) -> str | None:
        """The axis that a dimension counts; a number above 1 is itself; None where it is not understood."""
        node = within(node)
        if isinstance(node, Number):
            return ONE if node.value == 1 else node.text
        if not isinstance(node, Name):
            return None
        role = self.habit.role(_name(of)) if _name(of) is not None else None  # type: ignore[arg-type]
        if not node.scripts:
            return EXAMPLE if DEFAULT.get(node.name) == "m" and role not in {"W", "b"} else None
        if node.name not in SIZES:
            return None
        layer = self.layer(node)
        return None if layer is None or not 0 <= layer <= self.base.L else units(layer)

    def layer(self, size: Name) -> int | None:
        """The layer whose units n_x, n_1, n^{[l-1]} count."""
        marks = [part for script in size.scripts for part in script.body]
        if len(size.scripts) != 1 or len(marks) != 1:
            return None
        inner = marks[0]
        body = getattr(inner, "body", None)
        inner = body[0] if isinstance(body, tuple) and len(body) == 1 else inner
        if isinstance(inner, Name) and not inner.scripts:
            if inner.name in INPUTS:
                return 0 if inner.name == "x" or self.base.L == 1 else None
            if inner.name in FIRST:
                return 1 if self.base.L == 2 else None
            if inner.name in LAST:
                return self.base.L if inner.name == "y" else None
            if inner.name == "L":
                return self.base.L
        if not isinstance(inner, Name | Number | Sum):
            return None
        try:
            return self.probe.layer_number(inner) + self.base.units
        except UnknownError:
            return None

    def shapes(self, of: Node, claimed: Sequence[str | None]) -> list[Axes] | None:
        """The shapes that an array may have in the layouts which the document supports, the likeliest first."""
        name = _name(of)
        meaning = self.probe.meaning(name) if name is not None else None
        if meaning is None or meaning.key[0] == "J" or meaning.key not in self.probe.world or meaning.marks.indices:
            return None
        kind, layer = meaning.key
        layer = self.base.L if kind == "Y" else layer
        found: list[Axes] = []
        for examples, weights in self.u.layouts:
            if kind == "W":
                shape: Axes = (units(layer), units(layer - 1))
                found.append(shape if weights == "out-in" else shape[::-1])
                continue
            rows = examples in {"rows", "row"}
            columns = ([ONE] if kind == "b" else [EXAMPLE, ONE]) if len(claimed) > 1 else []
            pairs = [(units(layer), column) for column in columns]
            found += [pair[::-1] if rows else pair for pair in pairs] if columns else [(units(layer),)]
        if meaning.marks.transpose:
            found = [shape[::-1] for shape in found]
        return list(dict.fromkeys(found))

    def fits(self, claimed: Sequence[str | None], shape: Axes) -> bool:
        """Whether dimensions may be those of a shape; at least one of them is more than a number."""
        known = [axis for axis in claimed if axis is not None and (axis == ONE or not axis.isdigit())]
        return len(claimed) == len(shape) and bool(known) and all(self.same(a, b) for a, b in zip(claimed, shape, strict=True))

    def same(self, claimed: str | None, axis: str) -> bool:
        if claimed is None or claimed == axis:
            return claimed is not None
        one = claimed == ONE and axis in {units(self.base.L), EXAMPLE}  # one output, one example
        return one or (claimed[0].isdigit() and ONE not in {claimed, axis})

    def used(self, of: Node, judged: Sequence[Judged]) -> bool:
        """Whether an array of this name stands in an equation that holds."""
        name = _name(of)
        holding = [j.relation for j in judged if j.verdict in {"right", "convention"} and claim_of(j.relation) is None]
        return name is not None and any(n.name == name.name for r in holding for n in r.names)

    def renumbered(self, claimed: Sequence[str | None], choices: Sequence[Axes], judged: Sequence[Judged]) -> bool:
        """Whether the claim is right with layers counted from one more or less, and no other claim tells how they are counted."""
        shifted = [[_moved(axis, by) for axis in claimed] for by in (-1, 1)]
        if not any(self.fits(axes, shape) for axes in shifted for shape in choices):
            return False
        if sum(axis is not None and axis.startswith("units") for axis in claimed) > 1:
            return True
        return not any(self.tells(j.relation) for j in judged)

    def tells(self, relation: Relation) -> bool:
        """Whether a claim of two numbers of units is right as layers are counted here."""
        claim = claim_of(relation)
        if claim is None or relation.unreadable() is not None:
            return False
        try:
            axes = [self.axis(dimension, claim.of) for dimension in claim.dimensions]
            choices = self.shapes(claim.of, axes) or []
        except UnknownError:
            return False
        return sum(axis is not None and axis.startswith("units") for axis in axes) > 1 and any(self.fits(axes, c) for c in choices)

    def layer_names(self, of: Node) -> Mapping[int, str]:
        """Layers by the letter that counts them, where one does."""
        name = _name(of)
        layer = self.marker.marks(name).layer if name is not None else None
        letters = [n.name for n in walk(layer) if isinstance(n, Name) and n.name in self.counters] if layer is not None else []
        return {COUNTER + k: letters[0] + (f"{k:+d}" if k else "") for k in (-2, -1, 0, 1)} if letters else {}

    def correction(self, claim: Claim, understood: Sequence[str | None], needed: Axes, relation: Relation) -> str | None:
        """The claim with the dimensions that are needed, as its author writes them; None where they cannot be written so."""
        if len(needed) != len(claim.dimensions):
            return None
        source = relation.passage.source.text
        texts = [self.spelled(axis, claim, understood, source) for axis in needed]
        start, end = relation.span
        for dimension, text in reversed(list(zip(claim.dimensions, texts, strict=True))):
            span = dimension.span
            if text is None or span is None or not start <= span[0] <= span[1] <= end:
                return None
            source = source[: span[0]] + text + source[span[1] :]
            end += len(text) - (span[1] - span[0])
        return source[start:end].strip()

    def spelled(self, axis: str, claim: Claim, understood: Sequence[str | None], source: str) -> str | None:
        """The text of an axis: as it stands in the claim, or with the layer's number changed."""
        for dimension, own in zip(claim.dimensions, understood, strict=True):
            if own == axis:
                return write(dimension, source)
        if axis == ONE:
            return "1"
        for dimension in claim.dimensions:
            numbers = [n for n in walk(dimension) if isinstance(n, Number)]
            if axis.startswith("units") and len(numbers) == 1 and not any(isinstance(n, Sum) for n in walk(dimension)):
                wanted = int(axis.rsplit(" ", 1)[1]) - self.base.units
                return write(rebuilt(dimension, numbers[0], Number(None, float(wanted), str(wanted))), source)
        return None


def _name(node: Node) -> Name | None:
    """The name of an array, or of what a gradient is by, which has the same shape."""
    node = within(node)
    if isinstance(node, Differential):
        return _name(node.by if node.by is not None else node.of)
    if isinstance(node, Derivative):
        return _name(node.by)
    return node if isinstance(node, Name) else None


def _words(axis: str, side: tuple[str, str], layers: Mapping[int, str]) -> str:
    """What an axis is, in words: a row for each unit of layer 1."""
    if axis == ONE:
        return side[1]
    layer = int(axis.rsplit(" ", 1)[1]) if axis.startswith("units") else 0
    return f"{side[0]} for each {'example' if axis == EXAMPLE else f'unit of layer {layers.get(layer, layer)}'}"


def _moved(axis: str | None, by: int) -> str | None:
    return units(int(axis.rsplit(" ", 1)[1]) + by) if axis is not None and axis.startswith("units") else axis


def sizes(relations: Iterable[Relation], understanding: Understanding) -> Iterator[tuple[Relation, str, str, Relation]]:
    """Numbers of units that look like one with its digits exchanged: where the second stands, both, and where the first stands.

    Only where one layout is supported, so that it is known what a number counts.
    """
    if len(understanding.layouts) != 1:
        return
    judge = _Judge(understanding)
    seen: dict[str, dict[str, Relation]] = {}
    for relation in relations:
        claim = claim_of(relation)
        if claim is None:
            continue
        try:
            shapes = judge.shapes(claim.of, [None] * len(claim.dimensions)) or []
        except UnknownError:
            continue
        for dimension, axis in zip(claim.dimensions, shapes[0] if shapes else (), strict=False):
            if not isinstance(dimension, Number) or not dimension.text.isdigit() or len(dimension.text) < 3:
                continue
            others: Mapping[str, Relation] = seen.setdefault(axis, {})
            for text, first in others.items():
                if text != dimension.text and Counter(text) == Counter(dimension.text):
                    yield relation, dimension.text, text, first
            seen[axis].setdefault(dimension.text, relation)
