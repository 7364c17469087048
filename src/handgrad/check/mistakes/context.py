"""What a catalogue of mistakes has to know of a document: its quantities, its slopes and sums, and how its author writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from handgrad.check.judging.evaluating import Lexicon, slope_of, spelled
from handgrad.check.mistakes.trees import bare, copied, fraction, parts, whole
from handgrad.check.parsing import Style, style_of, transposed
from handgrad.check.tree import (
    BigSum,
    Bracketed,
    Call,
    Derivative,
    Differential,
    Fraction,
    Group,
    Name,
    Node,
    Number,
    Operator,
    Product,
    Script,
    Scripted,
    Sum,
    rebuilt,
    walk,
)
from handgrad.check.understanding.names import TRANSPOSES, Marker, Marks, named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, LAYERED, is_hat

QUANTITIES = LAYERED | {"X", "Y", "output"}
MOST = 40
"""How many quantities of a document are tried in the place of another."""


@dataclass(frozen=True)
class Form:
    """A quantity apart from its marks: how it is written, and what it is ("Z", "dZ", "delta", "X" …)."""

    what: str
    key: str
    example: Node
    layered: bool


class Context:
    """What one document offers to a rewrite; `at` is about one of its formulas."""

    def __init__(self, relations: Sequence[Relation], lexicon: Lexicon, style: Style | None = None) -> None:
        self.lexicon = lexicon
        self.marker = Marker(lexicon.habit)
        self.left: Node | None = None
        self.right: Node | None = None
        self.update = False
        self.show: Callable[[Node], str] = spelled
        self.quantities: dict[str, Node] = {}
        self.forms: dict[str, Form] = {}
        self.slopes: dict[str, Node] = {}
        self.functions: dict[str, Name] = {}
        self.sums: dict[str, Node] = {}
        self.thirds: dict[str, Node] = {}  # 1/m, 1/n, ½ as the author writes them
        self.penalties: dict[str, Node] = {}
        self.m: Name | None = None
        self.bounds: dict[str, Name] = {}
        self.errors: dict[str, Node] = {}  # a - y in brackets
        self._signs: Counter[str] = Counter()
        self.rate: Name | None = None
        self._statements = [relation.statement for relation in relations]
        self._styles: dict[str, Style] = {}
        self.style = style or style_of(self._statements)
        self.tex = self.style.kind == "tex"
        for relation in relations:
            if relation.unreadable() is None:
                self._collect(relation.left)
                self._collect(relation.right)
        if self.m is None and self.bounds:
            self.m = next(iter(self.bounds.values()))

    def at(self, left: Node, right: Node, kind: str, *, update: bool = False) -> Context:
        """The context of one formula."""
        other: Context = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.left, other.right, other.update = left, right, update
        if kind not in self._styles:
            self._styles[kind] = style_of(self._statements, kind if kind in {"tex", "plain", "numpy"} else None)  # type: ignore[arg-type]
        other.style = self._styles[kind]
        other.tex = other.style.kind == "tex"
        return other

    # what there is

    def _collect(self, tree: Node) -> None:
        for node in parts(tree):
            form = self.form(node)
            if form is not None:
                plain = self.turned(node, to=False)
                self.quantities.setdefault(spelled(plain), plain)
                known = self.forms.get(form.key)
                if known is None or (form.layered and not known.layered):
                    self.forms[form.key] = form
            self._collect_one(node)

    def _collect_one(self, node: Node) -> None:
        role = self.lexicon.habit.role(node) if isinstance(node, Name) else None
        if isinstance(node, Name) and role == "m" and not node.scripts:
            self.m = self.m or node
        elif isinstance(node, Name) and role == "rate":
            self.rate = self.rate or node
        elif isinstance(node, Group) and self.is_error(node):
            self.errors.setdefault(spelled(node), node)
        elif isinstance(node, Fraction):
            if self.constant(node) and isinstance(bare(node.over), Number):
                self.thirds.setdefault(spelled(node), node)
        elif isinstance(node, Call):
            self._collect_call(node)
        elif isinstance(node, BigSum):
            if isinstance(node.upper, Name) and not node.upper.scripts and self.form(node.upper) is None:
                self.bounds.setdefault(node.upper.name, node.upper)
            self.sums.setdefault(spelled(replace(node, body=Name(None, "_"))), node)
        elif isinstance(node, Product):
            self._signs.update(node.signs)
            for place in range(len(node.items) - 1):
                pair = Product(None, node.items[place : place + 2], node.signs[place : place + 1])
                if self.stored_slope(pair):
                    self.slopes.setdefault(spelled(pair), pair)
        elif isinstance(node, Sum):
            for term in node.terms:
                if len(node.terms) > 1 and self.has_penalty(term):
                    self.penalties.setdefault(spelled(term), term)
            if self.stored_slope(node):
                self.slopes.setdefault(spelled(node), node)

    def _collect_call(self, node: Call) -> None:
        if self.is_slope(node):
            self.slopes.setdefault(spelled(node), node)
        if self.is_activation(node.function):
            plain = replace(node.function, scripts=tuple(s for s in node.function.scripts if not _prime_or_power(s)))
            base = slope_of(node.function.name)
            self.functions.setdefault(spelled(plain), plain if base is None else node.function)
        if node.function.name in {"sum", "mean"}:
            shape = replace(node, arguments=(Name(None, "_"), *node.arguments[1:]))
            self.sums.setdefault(spelled(shape), node)

    # what nodes are

    def name_of(self, node: Node | None) -> Name | None:
        """The name of a quantity or of what a gradient is by."""
        node = bare(node) if node is not None else None
        if isinstance(node, Differential):
            node = node.by if node.by is not None else node.of
        elif isinstance(node, Derivative):
            node = node.by
        node = bare(node) if node is not None else None
        return node if isinstance(node, Name) else None

    def form(self, node: Node) -> Form | None:
        """The form of a quantity or of a gradient of the loss; None for all else."""
        name = self.name_of(node)
        if name is None or isinstance(node, Group):
            return None
        role = self.lexicon.habit.role(name)
        if role not in QUANTITIES or self.is_activation_call(name):
            return None
        if isinstance(node, Derivative):
            of = bare(node.of)
            of = of.function if isinstance(of, Call) else of
            if not isinstance(of, Name) or self.lexicon.habit.role(of) != "loss":
                return None
        marks = self.marker.marks(name)
        layered = marks.layer is not None or bool(marks.words)
        what = role if isinstance(node, Name) else f"d{role}"
        wrapper = "" if isinstance(node, Name) else getattr(node, "mark", "") + type(node).__name__
        faces = ",".join(sorted(name.faces))
        return Form(what, f"{wrapper} {name.name} {faces}", node, layered)

    def is_activation_call(self, name: Name) -> bool:
        """Whether a name is one of an activation function only."""
        return name.name in ACTIVATIONS

    def is_activation(self, name: Name) -> bool:
        """Whether a name is that of an activation function or of its slope."""
        return name.name in ACTIVATIONS or name.name in GENERIC or slope_of(name.name) is not None

    def is_error(self, node: Node) -> bool:
        """Whether it is the difference of output and target."""
        inner = bare(node)
        if not isinstance(inner, Sum) or len(inner.terms) != 2:
            return False
        forms = [self.form(term) for term in inner.terms]
        return {form.what for form in forms if form is not None} in ({"Y", "A"}, {"Y", "output"})

    def is_slope(self, node: Node) -> bool:
        """Whether it is a slope that is called, g'(z) or relu_prime(z)."""
        if not isinstance(node, Call) or not self.is_activation(node.function):
            return False
        return slope_of(node.function.name) is not None or self.marker.marks(node.function).primes > 0

    def stored_slope(self, node: Node) -> bool:
        """Whether it is a slope written from what is stored: a(1 - a), 1 - a²."""
        if isinstance(node, Product) and len(node.items) == 2:
            first, rest = bare(node.items[0]), bare(node.items[1])
            return isinstance(first, Name) and one_minus(rest) is not None and isinstance(one_minus(rest), Name)
        squared = one_minus(bare(node))
        if squared is None:
            return False
        if isinstance(squared, Name):
            return self.marker.marks(squared).power is not None
        return isinstance(squared, Scripted)

    def slope_like(self, node: Node) -> bool:
        """Whether a factor of a product is a slope, in any way of writing."""
        node = bare(node)
        if isinstance(node, Derivative):
            of, by = self.name_of(bare(node.of)), self.name_of(node.by)
            roles = [self.lexicon.habit.role(n) if n is not None else None for n in (of, by)]
            return roles[0] in {"A", "output"} and roles[1] == "Z"
        if isinstance(node, Name) and self.is_activation(node) and self.marker.marks(node).primes:
            return True
        return self.is_slope(node) or self.stored_slope(node)

    def constant(self, node: Node) -> bool:
        """Whether it is a plain number, m, or made of these alone."""
        return all(
            isinstance(part, Number | Fraction | Product | Group)
            or (isinstance(part, Name) and self.counts_examples(part))
            for part in parts(node)
        )

    def counts_examples(self, name: Name) -> bool:
        """Whether a name is m, or what a sum of the document runs up to."""
        return self.form(name) is None and (self.lexicon.habit.role(name) == "m" or (name.name in self.bounds and not name.scripts))

    def has_penalty(self, node: Node) -> bool:
        """Whether the factor of an L2 penalty stands in it."""
        return any(self.lexicon.habit.role(name) == "penalty" for name in named(node))

    # marks

    def scripts(self, node: Node) -> tuple[Script, ...]:
        """The marks at a quantity or at what a gradient is by."""
        name = self.name_of(node)
        return name.scripts if name is not None else ()

    def with_name(self, node: Node, name: Name) -> Node:
        """A quantity or gradient with another name in the place of its own."""
        old = self.name_of(node)
        return rebuilt(node, old, name) if old is not None else node

    def dressed(self, form: Form, like: Node) -> Node:
        """The quantity with the marks of another."""
        name = self.name_of(form.example)
        assert name is not None
        scripts = tuple(copied(script) for script in self.scripts(like))
        return self.with_name(form.example, replace(name, scripts=scripts, span=None))

    def turned(self, node: Node, *, to: bool | None = None) -> Node:
        """A quantity, gradient or bracket with its transpose put in or taken out, as the author writes it."""
        if isinstance(node, Group | Scripted | Derivative | Call):
            return self._turned_whole(node, to)
        name = self.name_of(node)
        if name is None:
            return node
        now = self.marker.marks(name).transpose
        if to is not None and now == to:
            return node
        if now:
            return self.with_name(node, replace(name, scripts=self._untransposed(name.scripts), span=None))
        found = transposed(name, self.style)
        if isinstance(found, Name):
            return self.with_name(node, found)
        return found if node is name else transposed(Group(None, node), self.style)

    def _turned_whole(self, node: Node, to: bool | None) -> Node:  # noqa: FBT001 - passed on
        if isinstance(node, Scripted) and self.marker.marks(Name(None, "?", node.scripts)).transpose:
            kept = self._untransposed(node.scripts)
            return node if to else Scripted(None, node.base, kept) if kept else node.base
        return node if to is False else transposed(node, self.style)

    def _untransposed(self, scripts: Iterable[Script]) -> tuple[Script, ...]:
        kept = []
        for script in scripts:
            if script.kind == "transpose" or (script.kind == "prime" and self.lexicon.habit.prime_transposes):
                continue
            body = tuple(_plain(part) for part in script.body if not (isinstance(part, Name) and part.name in TRANSPOSES))
            if not body and script.body:
                continue
            same = len(body) == len(script.body) and all(a is b for a, b in zip(body, script.body, strict=True))
            kept.append(script if same else replace(script, body=body, span=None))
        return tuple(kept)

    def shifted(self, name: Name, by: int) -> Name | None:
        """A name with its layer mark moved, as W^{[l+1]} for W^{[l]}; None where it has none."""
        old = self.marker.marks(name).layer
        if old is None:
            return None
        new = moved(old, by)
        return None if new is None else _with_mark(name, old, new)

    def shifted_all(self, tree: Node, by: int) -> Node:
        """A formula with the layer marks of all its names moved."""
        for name in list(every_name(tree)):
            other = self.shifted(name, by)
            if other is not None:
                tree = rebuilt(tree, name, other)
        return tree

    def marks(self, node: Node) -> Marks:
        """The marks at a quantity or gradient."""
        name = self.name_of(node)
        return self.marker.marks(name) if name is not None else Marks()

    # how the author writes

    @property
    def entrywise(self) -> str:
        """The author's sign of the elementwise product; the default of the style is none of the author's."""
        return "*" if not self._signs[self.style.elementwise] and self._signs["*"] else self.style.elementwise

    @property
    def matrix(self) -> str:
        """The author's sign of the matrix product."""
        return self.style.matrix

    @property
    def beside(self) -> str:
        """The sign between a constant and what follows it."""
        return "" if self.tex else "*"

    def constants(self) -> list[Node]:
        """1/m, 2, ½ and m as the author writes them, the usual ones first."""
        own = [copied(node) for node in self.thirds.values()][:4]
        mark = "frac" if self.tex else "/"
        m: Node = replace(self.m, span=None) if self.m is not None else Name(None, "m")
        more = [fraction(whole(1), m, mark), whole(2), fraction(whole(1), whole(2), mark), fraction(whole(2), m, mark), m]
        found = {spelled(node): node for node in [*own, *more]}
        return list(found.values())

    def functions_for(self, node: Node | None, inside: Node | None) -> Iterator[Name]:
        """The document's activation functions with the layer of a quantity, or of the weights in a formula."""
        layer = self.marks(node).layer if node is not None else None
        if layer is None and inside is not None:
            marked = [marks.layer for part in parts(inside) if (marks := self.marks(part)).layer is not None and self.form(part)]
            layer = marked[0] if marked else None
        for function in list(self.functions.values())[:6]:
            own = self.marker.marks(function).layer
            other = _with_mark(function, own, replace(layer, span=None)) if own is not None and layer is not None else None
            yield copied(function) if other is None else other

    def built_slopes(self, like: Node) -> Iterator[Node]:
        """g'(z) for the layer of a quantity, from the author's name of the function and of its input."""
        sums = [form for form in self.forms.values() if form.what == "Z"][:2]
        for function in list(self.functions.values())[:4]:
            for form in sums:
                argument = self.turned(self.dressed(form, like), to=False)
                name = function
                if self.marker.marks(function).layer is not None:
                    layer = self.marks(like).layer
                    own = self.marker.marks(function).layer
                    if layer is not None and own is not None:
                        name = _with_mark(function, own, replace(layer, span=None)) or function
                if slope_of(name.name) is None:
                    name = replace(name, scripts=(*name.scripts, Script(None, "prime")), span=None)
                yield Call(None, copied(name), (argument,))

    def shifted_slopes(self, like: Node) -> Iterator[Node]:
        """The document's slopes, moved to the layer of a quantity."""
        want = self.marks(like).layer
        for slope in list(self.slopes.values())[:8]:
            found = copied(slope)
            names = [name for name in every_name(found) if self.marker.marks(name).layer is not None]
            if want is not None and names:
                for name in names:
                    own = self.marker.marks(name).layer
                    assert own is not None
                    other = _with_mark(name, own, replace(want, span=None))
                    if other is not None:
                        found = rebuilt(found, name, other)
            yield found

    def replacements(self, node: Node) -> Iterator[tuple[Node, float]]:
        """Quantities that may stand in the place of one, with what each costs: others with its marks, then others as they stand."""
        own = self.form(node)
        if own is None:
            return
        turn = self.marks(node).transpose
        inside = {
            form.key for tree in (self.left, self.right) if tree is not None for part in parts(tree) if (form := self.form(part))
        }
        for form in self.forms.values():
            if form.key != own.key:
                yield (
                    self.dressed(form, node),
                    (0.0 if form.key in inside else 0.2) + (0.0 if (own.what, form.what) in USUAL else 0.3),
                )
        for other in list(self.quantities.values())[:MOST]:
            form = self.form(other)
            if form is not None and form.key != own.key:
                found = self.turned(copied(other), to=turn) if turn else copied(other)
                yield found, (0.1 if form.key in inside else 0.4) + (0.0 if (own.what, form.what) in USUAL else 0.3)


USUAL = {
    pair
    for one, others in {
        "A": "Z X Y output dA dZ delta", "Z": "A dZ X output", "dA": "A dZ delta dX", "dZ": "dA Z delta A", "delta": "A Z accumulated dA dZ Y",
        "X": "A Y Z", "Y": "A output X", "output": "Y A Z", "W": "b dW", "b": "W db", "dW": "W db accumulated", "db": "b dW", "accumulated": "delta",
    }.items()
    for other in others.split()
    for pair in ((one, other), (other, one))
}  # fmt: skip
"""Quantities that are often confused."""


def every_name(tree: Node) -> Iterator[Name]:
    """The names outside marks, those of functions and inside gradients too."""
    yield from named(tree)


def one_minus(node: Node) -> Node | None:
    """The a of 1 - a."""
    if isinstance(node, Sum) and node.signs == ("+", "-") and isinstance(node.terms[0], Number) and node.terms[0].value == 1:
        return bare(node.terms[1])
    return None


def moved(layer: Node, by: int) -> Node | None:
    """A layer mark moved, as l + 1 for l and 1 for 2."""
    if isinstance(layer, Number):
        return whole(layer.value + by) if layer.value + by >= 0 else None
    if isinstance(layer, Name):
        return _affine(layer, by)
    if isinstance(layer, Sum) and len(layer.terms) == 2 and isinstance(layer.terms[0], Name) and isinstance(layer.terms[1], Number):
        offset = int(layer.terms[1].value) * (-1 if layer.signs[1] == "-" else 1)
        return _affine(layer.terms[0], offset + by)
    return None


def _affine(letter: Name, offset: int) -> Node:
    if not offset:
        return replace(letter, span=None)
    return Sum(None, (replace(letter, span=None), whole(abs(offset))), ("+", "-" if offset < 0 else "+"))


def _with_mark(name: Name, old: Node, new: Node) -> Name | None:
    """A name with one part of its marks replaced; the part may be a copy of that in the name, without marks of its own."""
    for script in name.scripts:
        for part in walk(script):
            if part is old:
                found = rebuilt(name, part, new)
                return found if isinstance(found, Name) else None
            alike = isinstance(part, Name) and isinstance(old, Name) and part.name == old.name and part.span == old.span
            if alike and isinstance(part, Name):
                if part.scripts:  # l^T in braces
                    if not isinstance(new, Name | Number):
                        body = tuple(s for s in (new, *(p for own in part.scripts for p in own.body)))
                        other = replace(
                            script, span=None, body=tuple(q for p in script.body for q in (body if p is part else (p,)))
                        )
                        found = rebuilt(name, script, other)
                        return found if isinstance(found, Name) else None
                    new = replace(new, scripts=part.scripts) if isinstance(new, Name) else new
                found = rebuilt(name, part, new)
                return found if isinstance(found, Name) else None
    return None


def _prime_or_power(script: Script) -> bool:
    """Whether a mark at a function is a prime or a power, as in tanh²."""
    return script.kind == "prime" or (script.kind == "sup" and len(script.body) == 1 and isinstance(script.body[0], Number))


def _plain(part: Node) -> Node:
    """A part of a mark without a transpose at it, as the l of l^T."""
    if isinstance(part, Name) and any(isinstance(p, Name) and p.name in TRANSPOSES for script in part.scripts for p in script.body):
        kept = tuple(s for s in part.scripts if not any(isinstance(p, Name) and p.name in TRANSPOSES for p in s.body))
        return replace(part, scripts=kept, span=None)
    return part


__all__ = ["Bracketed", "Context", "Form", "Operator", "every_name", "is_hat", "moved", "one_minus", "with_mark"]

with_mark = _with_mark
