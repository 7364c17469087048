"""The wrong layer, the wrong quantity, the wrong index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.check.judging.evaluating import spelled
from handgrad.check.mistakes.context import MOST, Context
from handgrad.check.mistakes.marks import every_name
from handgrad.check.mistakes.records import Mistake, Rewrite
from handgrad.check.mistakes.trees import copied, parts, whole
from handgrad.check.tree import BigSum, Call, Differential, Group, Name, Node, Number, Sum, rebuilt, walk


def within_slopes(tree: Node, context: Context) -> set[int]:
    """The parts (by id) that stand in a slope."""
    found: set[int] = set()
    for part in parts(tree):
        if context.slope_like(part):
            found |= {id(node) for node in walk(part)}
    return found


def layers(tree: Node, context: Context) -> Iterator[Rewrite]:
    """The layer mark of one name, of all that are alike, or of a whole slope moved by one."""
    inside = within_slopes(tree, context)
    names = [name for name in every_name(tree) if context.marker.marks(name).layer is not None]
    groups: dict[str, list[Name]] = {}
    for name in names:
        groups.setdefault(spelled(name), []).append(name)
        code = "HG006" if id(name) in inside else None
        for step in (-1, 1):
            other = context.shifted(name, step)
            if other is not None:
                say = f"{context.show(name)} is of the wrong layer: here belongs {context.show(other)}"
                yield Rewrite(rebuilt(tree, name, other), _holder(tree, name), say, 0.0, code)
    together = [group for group in groups.values() if len(group) > 1]
    together += [
        [n for n in every_name(part) if n in names]
        for part in parts(tree)
        if context.slope_like(part) and not isinstance(part, Name)
    ]
    for group in [*together, names]:
        for step in (-1, 1):
            found, changed = tree, 0
            for name in group:
                other = context.shifted(name, step)
                if other is not None:
                    found, changed = rebuilt(found, name, other), changed + 1
            if changed > 1:
                code = "HG006" if all(id(name) in inside for name in group) else None
                first = context.shifted(group[0], step)
                say = f"the layer is another one: {context.show(first or group[0])}"
                yield Rewrite(
                    found, _holder(tree, group[0]) if group is not names else tree, say, 0.2 if group is not names else 0.5, code
                )


def _holder(tree: Node, name: Name) -> Node:
    """The gradient or slope that a name stands in, or the name itself."""
    for part in parts(tree):
        if isinstance(part, Differential) and any(node is name for node in walk(part)):
            return part
    return name


def symbols(tree: Node, context: Context) -> Iterator[Rewrite]:
    """A quantity for another one of the document."""
    inside = within_slopes(tree, context)
    for part in parts(tree):
        if isinstance(part, Group) and context.is_error(part):
            for other in list(context.quantities.values())[:MOST]:
                form = context.form(other)
                if form is not None and form.what in {"dZ", "delta", "dA"}:
                    say = f"{context.show(part)} is the error at the output; what is sent back is {context.show(other)}"
                    yield Rewrite(rebuilt(tree, part, copied(other)), part, say, 0.1)
        if context.form(part) is None or (context.update and isinstance(tree, Sum) and part is tree.terms[0]):
            continue
        code = "HG006" if id(part) in inside else "HG013" if context.update else None
        seen = {spelled(part)}
        for other, cost in context.replacements(part):
            if spelled(other) not in seen:
                seen.add(spelled(other))
                say = f"{context.show(part)} is the wrong quantity: here belongs {context.show(other)}"
                yield Rewrite(rebuilt(tree, part, other), part, say, cost, code)


def indices(tree: Node, context: Context) -> Iterator[Rewrite]:
    """An index for another one of the formula, at a name or everywhere; a name's indices swapped; another letter at a sum."""
    letters = _letters(tree, context)
    names = list(every_name(tree))
    for rank, name in enumerate(names):
        marks = context.marker.marks(name)
        for index in (*marks.indices, marks.example):
            own = _in(name, index) if isinstance(index, Name | Number) else None
            if own is None or not isinstance(index, Name | Number):
                continue
            others = [n for key, n in letters.items() if key != spelled(index)]
            if isinstance(index, Number):
                others += [whole(index.value + step) for step in (-1, 1) if index.value + step >= 0]
            for other in others:
                say = f"the index {context.show(index)} of {context.show(name)} must be {context.show(other)}"
                cost = (0.0 if isinstance(other, Name) else 0.2) + 0.02 * (len(names) - rank)
                yield Rewrite(rebuilt(tree, own, replace(other, span=None)), name, say, cost)
        if len(marks.indices) == 2 and spelled(marks.indices[0]) != spelled(marks.indices[1]):
            first, second = (_in(name, index) for index in marks.indices)
            if first is not None and second is not None:
                turned = rebuilt(rebuilt(name, first, replace(second, span=None)), second, replace(first, span=None))
                say = f"the indices of {context.show(name)} stand in the wrong order"
                yield Rewrite(rebuilt(tree, name, turned), name, say, 0.1)
    yield from _everywhere(tree, letters, names, context)
    for part in parts(tree):
        if isinstance(part, BigSum) and isinstance(part.index, Name):
            for key, other in letters.items():
                if isinstance(other, Name) and key != part.index.name:
                    say = f"the sum runs over {context.show(other)}"
                    yield Rewrite(rebuilt(tree, part.index, replace(other, span=None)), part, say, 0.3)


def _letters(tree: Node, context: Context) -> dict[str, Name | Number]:
    """The indices of a formula, those of its left side first."""
    letters: dict[str, Name | Number] = {}
    for side in (context.left, tree):
        for name in every_name(side) if side is not None else ():
            marks = context.marker.marks(name)
            for index in (*marks.indices, marks.example):
                if isinstance(index, Name | Number):
                    letters.setdefault(spelled(index), index)
        for part in parts(side) if side is not None else ():
            if isinstance(part, BigSum) and isinstance(part.index, Name):
                letters.setdefault(part.index.name, part.index)
    return letters


def _everywhere(tree: Node, letters: dict[str, Name | Number], names: list[Name], context: Context) -> Iterator[Rewrite]:
    """An index for another one wherever it stands."""
    for key, index in letters.items():
        places = [
            (name, own)
            for name in names
            for mark in (*context.marker.marks(name).indices, context.marker.marks(name).example)
            if mark is not None and spelled(mark) == key and (own := _in(name, mark)) is not None
        ]
        if len(places) < 2:
            continue
        for other in letters.values():
            if spelled(other) != key:
                found = tree
                for _, own in places:
                    found = rebuilt(found, own, replace(other, span=None))
                say = f"the index {context.show(index)} must be {context.show(other)} wherever it stands"
                yield Rewrite(found, places[0][0], say, 0.3)


def _in(name: Name, index: Node) -> Node | None:
    """The index where it stands in the marks of a name."""
    for script in name.scripts:
        for part in walk(script):
            if part is index or (
                isinstance(part, Name | Number)
                and type(part) is type(index)
                and part.span == index.span
                and spelled(part) == spelled(index)
            ):
                return part
    return None


def left_sides(tree: Node, context: Context) -> Iterator[Rewrite]:
    """The left side for another quantity, or for another layer."""
    for rewrite in (*symbols(tree, context), *layers(tree, context)):
        say = f"the right side is not {context.show(tree)}, but {context.show(rewrite.tree)}"
        yield Rewrite(rewrite.tree, tree, say, rewrite.cost, rewrite.code)


MISTAKES = (
    Mistake("HG008", "wrong layer", "quantity", 1.2, layers),
    Mistake("HG009", "wrong quantity", "quantity", 1.3, symbols),
    Mistake("HG011", "wrong index", "quantity", 1.2, indices),
    Mistake("HG009", "wrong left side", "quantity", 2.4, left_sides, left=True),
)

__all__ = ["MISTAKES", "Call", "within_slopes"]
