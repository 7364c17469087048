"""Source of kernels over rows: a loop for each reduction of a row, and one for what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from handgrad.calculus.expressions import Expression, Reduction, Symbol
from handgrad.engine.kernels.scalar_source import ScalarSource, Scope
from handgrad.errors import TrainingError

WEIGHT, SLOPE = Symbol("weight of the row"), Symbol("slope so far")
"""Quantities of a kernel, with names that no formula can have."""
WIDTH = "WIDTH"
"""Stands for the number of entries of a row in the lines of its loops."""
Lines = Iterator[str]


@dataclass(frozen=True)
class RowKernel:
    """A kernel over rows: what it takes, and what it makes of each entry.

    `loads` maps symbols to the arrays that hold them, `stores` arrays to what they become; `total` is the loss of an entry, whose
    weighted sum is given back. `parameters` are the names of the numbers in `p`, `doc` says the formulas.
    """

    arguments: str
    loads: Mapping[str, str]
    stores: Mapping[str, Expression]
    parameters: tuple[str, ...]
    doc: str
    total: Expression | None = None

    def source(self, name: str, bits: int, *, told: bool) -> Lines:
        """The lines of the function, with a docstring where it is `told`."""
        roots = [*self.stores.values(), *([self.total] if self.total else [])]
        loads = {key: (f"{array}_i", f"{array}[i]") for key, array in self.loads.items()}
        zero = "f4(0.0)" if bits == 32 else "0.0"
        if self.total:
            loads["y"] = "y_i", f"y[row * ldy + j] if inside else {zero}"  # the targets' rows need not be padded
        fixed = {key: f"p_{key}" for key in self.parameters}
        source = ScalarSource(bits, roots, fixed, {WEIGHT.key: "w_row"} if self.total else {}, loads)
        body = list(self.passes(source, roots, bits))
        yield from opening(name, self.arguments, self.doc * told, fixed)
        yield from indented(1, source.lines[Scope.FIXED])
        if self.total:
            yield "    total = 0.0"
        yield "    if n <= 4:  # too few for vectors"
        yield from indented(2, self.rows(body, "n"))
        yield "    else:"
        yield "        width = (n + 15) & -16"
        yield from indented(2, self.rows(body, "width"))
        if self.total:
            yield "    return total"

    def rows(self, body: Iterable[str], width: str) -> Lines:
        """The loop over the rows."""
        yield "for row in range(rows):"
        if self.total:
            yield "    w_row = w[row]"
        yield from indented(1, (line.replace(WIDTH, width) for line in body))
        if self.total:
            yield "    total += f8(w_row) * f8(summed)"

    def passes(self, source: ScalarSource, roots: list[Expression], bits: int) -> Lines:
        """The loops of a row."""
        waiting = list(dict.fromkeys(part for root in roots for part in _reductions(root)))
        for number, reduction in enumerate(waiting, 1):  # inner ones stand first
            later = [*waiting[number:], *roots]
            yield from self.reduced(source, reduction, f"{reduction.kind}{number}", later, bits)
        stores = {array: source.atom(value, array if array in "sd" else "a") for array, value in self.stores.items()}
        zero = source.real(0)
        last = [f"{array}[i] = {text} if inside else {array}[i]" for array, text in stores.items()]
        if self.total:
            last = [f"summed = plus(summed, {source.atom(self.total, 'loss')} if inside else {zero})", *last]
        before, lines = source.next_entry()
        yield from before
        if self.total:
            yield f"summed = {zero}"
        yield from _loop([*lines, *last])

    def reduced(self, source: ScalarSource, reduction: Reduction, name: str, later: list[Expression], bits: int) -> Lines:
        """The loop of one reduction; what it reduces is kept where it is needed again and an array is free to hold it."""
        body = reduction.body
        entry = source.atom(body)
        at = name
        if reduction.kind == "max":
            at = f"order_of_{name}"
            start, step = f"order_{bits}({source.cast('-math.inf')})", f"max({at}, order_{bits}({entry})) if inside else {at}"
        elif reduction.kind == "sum":
            start, step = source.real(0), f"plus({name}, {entry} if inside else {source.real(0)})"
        else:
            raise TrainingError(f"a kernel has no {reduction.kind} over a row")
        last = [f"{at} = {step}"]
        place = self.free(body, later) if body.parts and any(_holds(e, body) for e in later) else ""
        if place:
            last.append(f"{place}[i] = {entry} if inside else {place}[i]")
        before, lines = source.next_entry()
        yield from before
        yield f"{at} = {start}"
        yield from _loop([*lines, *last])
        if reduction.kind == "max":
            yield f"{name} = ordered_{bits}({at})"
        source.name(reduction, name, Scope.ROW)
        if place:
            source.loads[body] = f"kept_{name}", f"{place}[i]"

    def free(self, body: Expression, later: list[Expression]) -> str:
        """An array that is to be stored to, and that nothing but `body` is read from any more."""
        formulas = [e.body if isinstance(e, Reduction) else e for e in later]
        read = {self.loads.get(key) for e in formulas for key in _reads(e, body)}
        return next((array for array in reversed(list(self.stores)) if array not in read), "")


def _reductions(e: Expression) -> Iterator[Reduction]:
    for part in e.parts:
        yield from _reductions(part)
    if isinstance(e, Reduction):
        yield e


def _holds(e: Expression, part: Expression) -> bool:
    return e == part or any(_holds(inner, part) for inner in e.parts)


def _reads(e: Expression, kept: Expression) -> set[str]:
    """The quantities that a formula reads at each entry, apart from the part that is kept, and from what is reduced by then."""
    if e == kept or isinstance(e, Reduction):
        return set()
    return {e.key} if isinstance(e, Symbol) else {key for part in e.parts for key in _reads(part, kept)}


def opening(name: str, arguments: str, doc: str, fixed: Mapping[str, str]) -> Lines:
    """The head of a function, its docstring, and its parameters from `p`."""
    yield f"def {name}({arguments}):"
    if doc:
        yield f'    """{doc}"""'
    for place, variable in enumerate(fixed.values()):
        assert variable.isidentifier(), variable
        yield f"    {variable} = p[{place}]"


def indented(depth: int, lines: Iterable[str]) -> Lines:
    """Lines of a deeper block."""
    for line in lines:
        yield "    " * depth + line


def _loop(lines: Iterable[str]) -> Lines:
    yield f"for j in range({WIDTH}):"
    yield from indented(1, ["i = row * ld + j", "inside = j < n", *lines])
