"""What a formula depends on: its names and gradients, each with the quantities of the network behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from handgrad.check.judging.evaluating import Evaluator, UnknownError
from handgrad.check.judging.world import Key
from handgrad.check.tree import BigSum, Call, Derivative, Differential, Name, Node, Script, children, rebuilt, within
from handgrad.check.understanding.names import TRANSPOSES, Marker
from handgrad.check.understanding.roles import LAYERED, PLAIN


@dataclass(frozen=True)
class Leaf:
    """A name or a gradient in a formula. `keys` are the quantities behind it, `gradient` says that it is the gradient by them."""

    node: Node
    keys: frozenset[Key]
    gradient: bool
    text: str


class Leaves:
    """Finds the leaves of formulas; `spelled` writes a part in the document's notation."""

    def __init__(self, probe: Evaluator, spelled: Callable[[Node], str]) -> None:
        self.probe, self.spelled, self.habit = probe, spelled, probe.lexicon.habit

    def of(self, node: Node) -> list[Leaf]:
        """The leaves of a formula, from left to right."""
        return [leaf for part in parts(node) if (leaf := self.one(part)) is not None]

    def one(self, node: Node) -> Leaf | None:
        """A part as a leaf; None for what is no quantity. Raises KeyError for a layer that the network does not have."""
        match node:
            case Differential():
                return self._quantity(node, node.by if node.by is not None else node.of, gradient=True)
            case Derivative():
                of = within(node.of)
                of = of.function if isinstance(of, Call) else of
                if isinstance(of, Name) and self.habit.role(of) == "loss":
                    return self._quantity(node, node.by, gradient=True)
                if isinstance(within(node.by), Name) and self.habit.role(within(node.by)) == "loss":  # type: ignore[arg-type]
                    return self._quantity(node, node.of, gradient=True)  # upside down
                return self._leaf(node, *self._behind(node))
            case Call():
                output = self.habit.role(node.function) == "output" and not self.probe.is_function(node.function)
                return self._leaf(node, ("A", self.probe.world.L)) if output else None
            case Name():
                return self._name(node)
        return None

    def _name(self, node: Name) -> Leaf | None:
        role = self.habit.role(node)
        if role in {"m", "rate", "penalty"}:
            return self._leaf(unmarked(node, self.probe.marker))
        if self.probe.is_function(node) and role not in LAYERED:
            if not self.probe.marker.marks(node).primes:
                return None
            return self._leaf(node, ("Z", self.probe.function_layer(node, None, None)))
        if node.name in PLAIN or (node.name in {"delta", "Delta"} and self.probe.kronecker(node) is not None):
            return None
        return self._quantity(node, node, gradient=False)

    def _quantity(self, node: Node, by: Node, *, gradient: bool) -> Leaf | None:
        by = within(by)
        if not isinstance(by, Name):
            return None
        meaning = self.probe.meaning(by)
        if meaning is None or meaning.key[0] == "J":
            return None
        if meaning.key not in self.probe.world:
            raise KeyError(meaning.key)
        shown = rebuilt(node, by, unmarked(by, self.probe.marker))
        return Leaf(shown, frozenset({meaning.key}), gradient or meaning.gradient, self.spelled(shown))

    def _leaf(self, node: Node, *keys: Key) -> Leaf:
        return Leaf(node, frozenset(keys), gradient=False, text=self.spelled(node))

    def _behind(self, node: Derivative) -> Iterator[Key]:
        """The quantities that a factor of a chain, as ∂Z/∂A, depends on."""
        try:
            of, by = (self.probe.meaning(n) if isinstance(n, Name) else None for n in (within(node.of), within(node.by)))
        except UnknownError:
            return
        if of is not None and by is not None and of.key[0] == "Z":
            yield ("W", of.key[1]) if by.key[0] == "A" else ("A", of.key[1] - 1)
        elif by is not None:
            yield by.key


def parts(node: Node) -> Iterator[Node]:
    """What stands for something in a formula, from left to right; a gradient is one part, and marks at names are none."""
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, Name | Differential | Derivative):
            yield top
        elif isinstance(top, Call):
            yield top
            stack.extend(reversed(top.arguments))
        elif isinstance(top, BigSum):
            stack.append(top.body)
        elif not isinstance(top, Script):
            stack.extend(reversed(list(children(top))))


def unmarked(name: Name, marker: Marker) -> Name:
    """A name without the marks of a transpose or a power."""
    power = marker.marks(name).power
    kept = []
    for script in name.scripts:
        above = script.kind == "sup"
        body = tuple(part for part in script.body if not (above and (part == power or _transposes(part))))
        if script.kind != "transpose" and (body or not script.body):
            kept.append(script if body == script.body else replace(script, body=body, span=None))
    return name if tuple(kept) == name.scripts else replace(name, scripts=tuple(kept), span=None)


def _transposes(part: Node) -> bool:
    return isinstance(part, Name) and part.name in TRANSPOSES and not part.scripts
