"""Derivatives in a formula: gradients by name, ∂/∂ of anything, measured by nudging, the factors of chains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.check.judging.lexicon import Meaning, UnknownError, shown_name, spelled, spelled_differential
from handgrad.check.judging.quantities import Quantities
from handgrad.check.judging.values import MisfitError, Value, number
from handgrad.check.judging.world import STEP, nudges
from handgrad.check.tree import Call, Derivative, Differential, Group, Name, Node, Scripted, Words, within
from handgrad.check.understanding.names import Marks
from handgrad.check.understanding.roles import LAYERED


class Derivatives(Quantities):
    """Evaluates derivatives."""

    def differential(self, node: Differential) -> list[Value]:
        """DW and ∇_W J: the gradient of the loss."""
        by = node.by if node.by is not None else node.of
        by = within(by)
        if not isinstance(by, Name):
            raise UnknownError(node, "what this is the gradient by is not understood")
        meaning = self.meaning(by)
        if meaning is None:
            key = spelled_differential(node)
            if key in self.locals:
                return self.locals[key]
            raise UnknownError(node, f"{shown_name(by)} is not known")
        if meaning.gradient or meaning.key[0] == "J":
            raise UnknownError(node, "the gradient by a gradient")
        return self.gradient_of(meaning)

    def gradient_of(self, meaning: Meaning) -> list[Value]:
        """The gradient of the loss by a quantity, shown as the quantity is."""
        return self.quantity(Meaning(meaning.key, gradient=True, marks=replace(meaning.marks, primes=0)), Name(None, "A"))

    def derivative(self, node: Derivative) -> list[Value]:
        """∂J/∂W and ∂Z/∂W."""
        if node.order != 1:
            raise UnknownError(node, "a second derivative")
        return self.derived(node.of, node.by)

    def derived(self, of: Node, by: Node) -> list[Value]:
        """∂of/∂by. Where the loss stands below, the fraction is taken the other way round, and that is noted."""
        by = within(by)
        if isinstance(by, Scripted) and isinstance(by.base, Group | Name):
            raise UnknownError(by, "a derivative by something with marks at brackets")
        if not isinstance(by, Name):
            raise UnknownError(by, "a derivative by something that is no name")
        over = of.function if isinstance(of, Call) else of
        loss = isinstance(over, Name) and self.lexicon.habit.role(over) == "loss"
        key = self.of_loss(by) if loss else self.meaning(by)
        if key is None:
            raise UnknownError(by, f"{shown_name(by)} is not known")
        inner = within(of)
        if isinstance(inner, Name) and self.is_function(inner) and self.lexicon.habit.role(inner) not in LAYERED:
            inner = Call(inner.span, inner, (by,))
        if isinstance(inner, Call) and self.lexicon.habit.role(inner.function) == "loss" and not self.is_function(inner.function):
            inner = inner.function
        if isinstance(inner, Name):
            top = self.of_loss(inner) if key.key[0] == "J" else self.meaning(inner)
            if top is not None and key.key[0] == "J" and top.key[0] != "J":
                self.upside_down = True
                return self.gradient_of(top)
            if (
                top is not None
                and top.key[0] == "J"
                and not key.gradient
                and not isinstance(top.marks.example or next(iter(top.marks.indices), None), Name)
            ):
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
        known: list[Value] | None = self.world.memory.get(memo)
        if known is None:
            known = self.world.memory[memo] = self.measured(inner, key)
        return known

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
        steps = nudges(base)
        for place in np.ndindex(base.shape):
            sides = []
            for sign in (1, -1):
                nudged = base.copy()
                nudged[place] += sign * steps[place]
                other = self.elsewhere(self.world.at(by.key, nudged))
                value = other.values(of)[0]
                form = value
                sides.append(value.data)
            columns.append((sides[0] - sides[1]) / (2 * steps[place]))
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

    def shown_tensor(
        self, tensor: Array, front: int, axes: tuple[str, ...], marks: Marks, kind: str
    ) -> list[tuple[Array, int, Value]]:
        """For each entry in front, the quantity's array shown with its marks; all at once."""
        flat = tensor.reshape(-1, *tensor.shape[front:])
        shown = [self.shown(part, axes, marks, kind) for part in flat]
        found = []
        for reading in range(min(len(s) for s in shown)):
            parts = [s[reading] for s in shown]
            stacked = np.stack([p.data for p in parts]).reshape((*tensor.shape[:front], *parts[0].data.shape))
            found.append((stacked, front, parts[0]))
        return found


def _plain(marks: Marks) -> Marks:
    return Marks(example=marks.example)


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
