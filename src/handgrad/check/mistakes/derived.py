"""The right side as the network gives it, in the document's own notation: for formulas that no small change makes right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from handgrad.check.judging.evaluating import spelled
from handgrad.check.mistakes.context import Context
from handgrad.check.mistakes.inventory import Form
from handgrad.check.mistakes.marks import every_name, moved, with_mark
from handgrad.check.mistakes.trees import copied, fraction, grouped, product, times, whole
from handgrad.check.tree import BigSum, Call, Group, Name, Node, Number, Product, Sum, rebuilt

ALIKE = {"delta": "dZ", "accumulated": "dW", "mean gradient": "dW", "output": "A", "doutput": "dA", "X": "A", "dX": "dA"}
"""Names of the same quantity."""


def meant(form: Form) -> str:
    """What a form is, by one name for all that mean the same."""
    return ALIKE.get(form.what, form.what)


def _offset(layer: Node) -> tuple[str, int] | None:
    """A layer mark as a letter ("" for none) and a number."""
    if isinstance(layer, Number):
        return "", int(layer.value)
    if isinstance(layer, Name):
        return layer.name, 0
    if isinstance(layer, Sum) and len(layer.terms) == 2 and isinstance(layer.terms[0], Name) and isinstance(layer.terms[1], Number):
        return layer.terms[0].name, int(layer.terms[1].value) * (-1 if layer.signs[1] == "-" else 1)
    return None


def relayered(tree: Node, old: Node, new: Node, context: Context) -> Node | None:
    """A formula about one layer as one about another: each mark keeps its distance."""
    start, end = _offset(old), _offset(new)
    if start is None or end is None or (start[0] == "L") != (end[0] == "L"):
        return None
    tree = copied(tree)
    for name in list(every_name(tree)):
        own = context.marker.marks(name).layer
        if own is None:
            continue
        at = _offset(own)
        if at is None or at[0] != start[0]:
            return None
        target = moved(new, at[1] - start[1])
        other = with_mark(name, own, target) if target is not None else None
        if other is None:
            return None
        tree = rebuilt(tree, name, other)
    return tree


def right_sides(context: Context, relations: Iterable[tuple[Node, Node]]) -> Iterator[Node]:
    """Right sides of right formulas about the same quantity of other layers."""
    left = context.left
    form = context.form(left) if left is not None else None
    if left is None or form is None:
        return
    layer = context.marks(left).layer
    for other, right in relations:
        same = context.form(other)
        if same is None or meant(same) != meant(form):
            continue
        own = context.marks(other).layer
        if [spelled(i) for i in context.marks(other).indices] != [spelled(i) for i in context.marks(left).indices]:
            continue
        if own is not None and layer is not None:
            found = relayered(right, own, layer, context)
            if found is not None:
                yield found
        elif own is None and layer is None:
            yield copied(right)


def _of_data(context: Context, node: Node) -> bool:
    layer = context.marks(node).layer
    return isinstance(layer, Number) and layer.value == 0


class Deriver:
    """Builds right sides for the left side of a formula."""

    def __init__(self, context: Context) -> None:
        self.context = context
        assert context.left is not None
        self.left = context.left

    def sides(self) -> Iterator[Node]:
        """The right sides that the network may give, each as a tree to be tested."""
        form = self.context.form(self.left)
        if form is None or self.context.marks(self.left).indices:
            return
        build = {"dZ": self.sums, "dA": self.units, "dW": self.weights, "db": self.biases, "Z": self.forward, "A": self.activations}
        builder = build.get(meant(form))
        if builder is not None:
            yield from builder()

    def of(self, *what: str, layer: int = 0) -> list[Node]:
        """The document's names of a quantity, so many layers above that of the left side."""
        found: dict[str, Node] = {}
        own = self.context.marks(self.left).layer
        for form in self.context.forms.values():
            if meant(form) not in what and form.what not in what:
                continue
            name = self.context.name_of(form.example)
            assert name is not None
            mark = self.context.marker.marks(name).layer
            node: Node | None = copied(form.example)
            if mark is not None and own is not None:
                target = moved(own, layer)
                other = with_mark(name, mark, target) if target is not None else None
                node = self.context.with_name(form.example, other) if other is not None else None
            if node is not None:
                plain = self.context.turned(node, to=False)
                found.setdefault(form.key, plain)
        data = [copied(form.example) for form in self.context.forms.values() if form.what == "X"]
        if layer == -1 and "A" in what and data:  # layer 0, where it has a name of its own
            known = self.context.quantities
            return [*(node for node in found.values() if not _of_data(self.context, node) or spelled(node) in known), *data][:3]
        return list(found.values())[:3]

    def arranged(self, first: Node, second: Node) -> Iterator[Node]:
        """The matrix product of two with all orders and transposes."""
        turn = self.context.turned
        for a in (turn(first), first):
            for b in (second, turn(second)):
                for pair in ((a, b), (b, a)):
                    yield product([copied(factor) for factor in pair], (self.context.matrix,))

    def scaled(self, sides: Iterable[Node]) -> Iterator[Node]:
        """Each as it is, and with the usual constants in front."""
        kept = list(sides)
        yield from kept
        for constant in self.context.constants()[:4]:
            for side in kept:
                yield times(side, copied(constant), self.context.beside, front=True)

    def slopes(self) -> list[Node]:
        """The slope of the left side's layer, in the ways in which the document writes slopes."""
        found = [*self.context.shifted_slopes(self.left), *self.context.built_slopes(self.left)]
        return [grouped(slope) if not isinstance(slope, Product) else Group(None, slope) for slope in found[:6]]

    def errors(self) -> list[Node]:
        """A - y."""
        return [Sum(None, (a, copied(y)), ("+", "-")) for a in self.of("A", "output") for y in self.of("Y")]

    def backwards(self) -> Iterator[Node]:
        """Wᵀ dZ of the layer above."""
        for w in (*self.of("W", layer=1), *self.of("W")):  # weights may be numbered from below
            for dz in self.of("dZ", layer=1):
                yield from self.arranged(w, dz)

    def sums(self) -> Iterator[Node]:
        """DZ."""
        slopes = self.slopes()
        yield from self.scaled(self.errors())
        for slope in slopes:
            for before in (*self.of("dA"), *(Group(None, error) for error in self.errors()), *self.backwards()):
                yield from self.scaled([times(before, copied(slope), self.context.entrywise)])

    def units(self) -> Iterator[Node]:
        """DA."""
        yield from self.backwards()
        yield from self.scaled(self.errors())
        mark = "frac" if self.context.tex else "/"
        for a in self.of("A", "output"):
            for y in self.of("Y"):
                rest = [Sum(None, (whole(1), copied(node)), ("+", "-")) for node in (y, a)]
                entropy = Sum(None, (fraction(y, a, mark), fraction(rest[0], rest[1], mark)), ("+", "-"))
                yield from self.scaled([Sum(None, (Group(None, entropy),), ("-",)), Sum(None, (fraction(y, a, mark),), ("-",))])

    def weights(self) -> Iterator[Node]:
        """DW."""
        for dz in self.of("dZ"):
            for a in self.of("A", layer=-1):
                yield from self.scaled(self.arranged(dz, a))

    def biases(self) -> Iterator[Node]:
        """Db."""
        for dz in self.of("dZ"):
            found: list[Node] = []
            for example in self.context.sums.values():
                if isinstance(example, BigSum):
                    found.append(replace(copied(example), body=copied(dz), span=None))
                elif isinstance(example, Call):
                    found.append(replace(example, arguments=(copied(dz), *example.arguments[1:]), span=None))
            found.append(copied(dz))
            m = replace(self.context.m, span=None) if self.context.m is not None else Name(None, "m")
            found.append(BigSum(None, Name(None, "i"), whole(1), m, copied(dz)))
            yield from self.scaled(found)

    def forward(self) -> Iterator[Node]:
        """Z."""
        for w in (*self.of("W"), *self.of("W", layer=-1)):
            for a in self.of("A", layer=-1):
                for arranged in self.arranged(w, a):
                    yield from self._with_bias(arranged)

    def _with_bias(self, side: Node) -> Iterator[Node]:
        biases: Sequence[Node] = self.of("b")
        for bias in biases:
            yield Sum(None, (side, copied(bias)), ("+", "+"))
        yield side

    def activations(self) -> Iterator[Node]:
        """A."""
        for slope in self.context.built_slopes(self.left):
            assert isinstance(slope, Call)
            function = replace(slope.function, scripts=tuple(s for s in slope.function.scripts if s.kind != "prime"), span=None)
            yield Call(None, function, slope.arguments)
