"""What a document has: its quantities, slopes, sums and constants, and how its author writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from handgrad.check.judging.evaluating import Lexicon, slope_of, spelled
from handgrad.check.mistakes.marks import one_minus, prime_or_power, untransposed
from handgrad.check.mistakes.trees import parts
from handgrad.check.parsing import Style, style_of, transposed
from handgrad.check.tree import (
    BigSum,
    Call,
    Derivative,
    Differential,
    Fraction,
    Group,
    Name,
    Node,
    Number,
    Product,
    Script,
    Scripted,
    Sum,
    bare,
    rebuilt,
)
from handgrad.check.understanding.names import TRANSPOSES, Marker, Marks, named
from handgrad.check.understanding.relations import Relation
from handgrad.check.understanding.roles import ACTIVATIONS, GENERIC, LAYERED

QUANTITIES = LAYERED | {"X", "Y", "output"}


@dataclass(frozen=True)
class Form:
    """A quantity apart from its marks: how it is written, and what it is ("Z", "dZ", "delta", "X" …)."""

    what: str
    key: str
    example: Node
    layered: bool


class Inventory:
    """The quantities, slopes, sums and constants of a document, and what each part of a formula is."""

    def __init__(self, relations: Sequence[Relation], lexicon: Lexicon, style: Style | None = None) -> None:
        self.lexicon = lexicon
        self.marker = Marker(lexicon.habit)
        self.left: Node | None = None
        self.right: Node | None = None
        self.update = False
        self.brief = False  # only what is likeliest
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
            plain = replace(node.function, scripts=tuple(s for s in node.function.scripts if not prime_or_power(s)))
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
        if isinstance(squared, Name | Call):
            return self.marker.marks(squared if isinstance(squared, Name) else squared.function).power is not None
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
            isinstance(part, Number | Fraction | Product | Group) or (isinstance(part, Name) and self.counts_examples(part))
            for part in parts(node)
        )

    def counts_examples(self, name: Name) -> bool:
        """Whether a name is m, or what a sum of the document runs up to."""
        return self.form(name) is None and (self.lexicon.habit.role(name) == "m" or (name.name in self.bounds and not name.scripts))

    def has_penalty(self, node: Node) -> bool:
        """Whether the factor of an L2 penalty stands in it."""
        return any(self.lexicon.habit.role(name) == "penalty" for name in named(node))

    def scripts(self, node: Node) -> tuple[Script, ...]:
        """The marks at a quantity or at what a gradient is by."""
        name = self.name_of(node)
        return name.scripts if name is not None else ()

    def with_name(self, node: Node, name: Name) -> Node:
        """A quantity or gradient with another name in the place of its own."""
        old = self.name_of(node)
        return rebuilt(node, old, name) if old is not None else node

    def marks(self, node: Node) -> Marks:
        """The marks at a quantity or gradient."""
        name = self.name_of(node)
        return self.marker.marks(name) if name is not None else Marks()

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
            body = tuple(untransposed(part) for part in script.body if not (isinstance(part, Name) and part.name in TRANSPOSES))
            if not body and script.body:
                continue
            same = len(body) == len(script.body) and all(a is b for a, b in zip(body, script.body, strict=True))
            kept.append(script if same else replace(script, body=body, span=None))
        return tuple(kept)
