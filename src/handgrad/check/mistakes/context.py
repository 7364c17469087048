"""What a rewrite may use: a document's quantities with other marks, its slopes and constants as the author writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.check.judging.evaluating import slope_of, spelled
from handgrad.check.mistakes.inventory import Form, Inventory
from handgrad.check.mistakes.marks import every_name, moved, with_mark
from handgrad.check.mistakes.trees import copied, fraction, parts, whole
from handgrad.check.parsing import style_of
from handgrad.check.tree import (
    Call,
    Name,
    Node,
    Script,
    rebuilt,
)

MOST = 40
"""How many quantities of a document are tried in the place of another."""


class Context(Inventory):
    """What one document offers to a rewrite; `at` is about one of its formulas."""

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

    # marks

    def dressed(self, form: Form, like: Node) -> Node:
        """The quantity with the marks of another."""
        name = self.name_of(form.example)
        assert name is not None
        scripts = tuple(copied(script) for script in self.scripts(like))
        return self.with_name(form.example, replace(name, scripts=scripts, span=None))

    def shifted(self, name: Name, by: int) -> Name | None:
        """A name with its layer mark moved, as W^{[l+1]} for W^{[l]}; None where it has none."""
        old = self.marker.marks(name).layer
        if old is None:
            return None
        new = moved(old, by)
        return None if new is None else with_mark(name, old, new)

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
            other = with_mark(function, own, replace(layer, span=None)) if own is not None and layer is not None else None
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
                        name = with_mark(function, own, replace(layer, span=None)) or function
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
                    other = with_mark(name, own, replace(want, span=None))
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
        for other in list(self.quantities.values())[: 0 if self.brief else MOST]:
            form = self.form(other)
            if form is not None and form.key != own.key:
                found = self.turned(copied(other), to=turn) if turn else copied(other)
                yield found, (0.1 if form.key in inside else 0.4) + (0.0 if (own.what, form.what) in USUAL else 0.3)


CONFUSED = {
    "A": "Z X Y output dA dZ delta",
    "Z": "A dZ X output",
    "dA": "A dZ delta dX",
    "dZ": "dA Z delta A",
    "delta": "A Z accumulated dA dZ Y",
    "X": "A Y Z",
    "Y": "A output X",
    "output": "Y A Z",
    "W": "b dW",
    "b": "W db",
    "dW": "W db accumulated",
    "db": "b dW",
    "accumulated": "delta",
}
USUAL = {pair for one, others in CONFUSED.items() for other in others.split() for pair in ((one, other), (other, one))}
"""Quantities that are often confused."""
