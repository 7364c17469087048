"""Kernels from the catalogue's records: their formulas as Python functions over pointers, which Numba compiles.

`python -m handgrad.engine.kernels.generating` writes generated.py. All arrays hold rows of `ld` entries, padded to a multiple of
16, of which n count: a loop runs over whole vectors, and what is beyond n keeps its value. `p` holds a record's parameters, in
its order.

    activation      z, s, rows, n, ld, p                  z becomes a, s becomes g'(z); of a rowwise one s is left alone
    its product     a, d, rows, n, ld, p                  rowwise only: d holds the gradient by a and becomes that by z
    loss            a, s, y, w, rows, n, ld, ldy, p       gives Σ w·loss; s becomes w · gradient · s
    fused pair      z, d, y, w, rows, n, ld, ldy, p       gives Σ w·loss; z becomes a, d becomes w · delta
    optimiser       theta, g, state, size_of_state, count, p       p ends with t; the k-th state starts at k · size_of_state
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from handgrad.calculus.expressions import Expression, Multiply
from handgrad.calculus.functions import Formula
from handgrad.calculus.rewriting import inline, substitute
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.lookup import functions
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.optimisers import OPTIMISERS
from handgrad.catalogue.records import ROW, Activation, Loss, Optimiser, Record
from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_LOSSES, SCIKIT_LEARN_RULES
from handgrad.engine.kernels.row_source import SLOPE, WEIGHT, Lines, RowKernel, indented, opening
from handgrad.engine.kernels.scalar_source import ScalarSource, Scope
from handgrad.errors import TrainingError
from handgrad.model_file import write_beside

BITS = {"float32": 32, "float64": 64}
HEADER = '''"""The compiled kernels, generated from the catalogue by `python -m handgrad.engine.kernels.generating`: change that.

What a kernel takes and does is said in generating.py. The functions before the kernels are those of vector_math.py.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ARG001, D403, E501, F841, FURB136, PLR0124, PLR0915, PLR0917
'''
ROWS = "rows, n, ld, p"
LOSS_ROWS = "y, w, rows, n, ld, ldy, p"


def catalogue_source() -> str:
    """The text of generated.py: every record that the package comes with, in both precisions."""
    kernels = [(kernel_name(record, pair, product=product), record, pair, product) for record, pair, product in _catalogue()]
    names = [name for name, *_ in kernels]
    assert len(set(names)) == len(names), "two records have kernels of one name"
    return _file(
        "\n".join(kernel_source(f"{name}_{dtype}", record, dtype, pair, product=product))
        for name, record, pair, product in kernels
        for dtype in BITS
    )


def record_source(record: Record, dtype: str, fused_with: Activation | None = None) -> str:
    """The text of a file with one kernel, named `kernel`, of a record that may be a user's own."""
    return _file(["\n".join(kernel_source("kernel", record, dtype, fused_with, told=False))])


def kernel_name(record: Record, fused_with: Activation | None = None, *, product: bool = False) -> str:
    """What the kernel of a record of the catalogue is called, without its precision."""
    return record.name + (f"_of_{fused_with.name}" if fused_with else "_vjp" if product else "")


def _catalogue() -> Iterator[tuple[Record, Activation | None, bool]]:
    for activation in ACTIVATIONS.values():
        if not activation.own:
            yield activation, None, False
            if activation.rowwise:
                yield activation, None, True
    for loss in (*LOSSES.values(), *SCIKIT_LEARN_LOSSES.values()):
        if not loss.own:
            yield loss, None, False
            yield from ((loss, ACTIVATIONS[name], False) for name in loss.fused)
    for rule in (*OPTIMISERS.values(), *SCIKIT_LEARN_RULES.values()):
        if not rule.own:
            yield rule, None, False


def kernel_source(
    name: str, record: Record, dtype: str, fused_with: Activation | None = None, *, product: bool = False, told: bool = True
) -> Lines:
    """The lines of one kernel; `told`: with its formulas in a docstring. Raises TrainingError for a record without formulas."""
    if isinstance(record, Optimiser):
        return _update(name, record, BITS[dtype], told=told)
    assert isinstance(record, Activation | Loss)
    if record.opaque or (fused_with and fused_with.opaque):
        raise TrainingError(f"{record.name} is given as Python functions, which cannot be compiled; give it as formulas")
    if isinstance(record, Activation):
        made = _product(record) if product else _activation(record)
    else:
        made = _loss(record) if fused_with is None else _pair(record, fused_with)
    return made.source(name, BITS[dtype], told=told)


def _activation(g: Activation) -> RowKernel:
    stores = {"z": _read(g, g.stable or g.value)}
    doc = f"a = {g.stable or g.value}"
    if not g.rowwise:
        stores["s"] = _inlined(g.formulas[1].body, g)
        doc += f"; g'(z) = {g.slope}"
    return RowKernel(f"z, s, {ROWS}", {"z": "z"}, stores, tuple(g.parameters), f"{doc}.")


def _product(g: Activation) -> RowKernel:
    stores = {"d": _read(g, g.vjp)}
    return RowKernel(f"a, d, {ROWS}", {"a": "a", "da": "d"}, stores, tuple(g.parameters), f"The gradient by z: {g.vjp}.")


def _loss(loss: Loss) -> RowKernel:
    value, gradient = loss.stable or loss.value, loss.stable_gradient or loss.gradient
    stores = {"s": Multiply((WEIGHT, _read(loss, gradient), SLOPE))}
    doc = f"The loss {value}, and its gradient {gradient}."
    loads = {"a": "a", SLOPE.key: "s"}
    return RowKernel(f"a, s, {LOSS_ROWS}", loads, stores, tuple(loss.parameters), doc, _read(loss, value))


def _pair(loss: Loss, g: Activation) -> RowKernel:
    pair = loss.fused.get(g.name)
    if pair is None:
        raise TrainingError(f"{loss.name} does not simplify with the output {g.name}; known: {', '.join(loss.fused) or 'none'}")
    output = _read(g, g.stable or g.value)
    value, delta = (substitute(_read(loss, text, rowwise=g.rowwise), {"a": output}) for text in (pair.value, pair.delta))
    stores: dict[str, Expression] = {"z": output, "d": Multiply((WEIGHT, delta))}
    doc = f"a = {g.stable or g.value}; the loss {pair.value}, and its gradient {pair.delta}."
    parameters = (*g.parameters, *loss.parameters)
    assert len(set(parameters)) == len(parameters), "two parameters have one name"
    return RowKernel(f"z, d, {LOSS_ROWS}", {"z": "z"}, stores, parameters, doc, value)


def _read(record: Activation | Loss, text: str, *, rowwise: bool = False) -> Expression:
    rowwise = rowwise or (isinstance(record, Activation) and record.rowwise)
    return _inlined(record.read(text, ROW if rowwise else None), record)


def _inlined(e: Expression, record: Activation | Loss) -> Expression:
    """The formula with those that it calls put in, and those that these call."""
    known = {key: f for key, f in functions(record).items() if isinstance(f, Formula) and not f.rowwise}
    while (deeper := inline(e, known)) != e:
        e = deeper
    return e


def _update(name: str, rule: Optimiser, bits: int, *, told: bool) -> Lines:
    """The kernel of an update rule: one pass over parameters, gradient and state."""
    if not rule.update:
        raise TrainingError(f"{rule.name} is no rule over single parameters, so that it has no kernel")
    axes = dict.fromkeys(("theta", "dtheta", "t", *rule.state), ())
    now = {key: rule.read(text, axes) for key, text in rule.state.items()}
    following = {f"{key}[t+1]": value for key, value in now.items()}
    update = rule.read(rule.update, axes)
    update = substitute(update, following)
    places = [f"state[{f'{k} * size_of_state + ' if k > 1 else 'size_of_state + ' * k}i]" for k in range(len(rule.state))]
    loads = {"theta": ("theta_i", "theta[i]"), "dtheta": ("dtheta_i", "g[i]")}
    loads.update({key: (f"{key}_i", place) for key, place in zip(rule.state, places, strict=True)})
    fixed = {key: f"p_{key}" for key in (*rule.parameters, "t")}
    source = ScalarSource(bits, [*now.values(), update], fixed, {}, loads)
    states = [source.atom(value, f"{key}_next") for key, value in now.items()]
    theta = source.atom(update, "theta_next")
    doc = "; ".join(f"{key} = {text}" for key, text in {**rule.state, "theta": rule.update}.items()) + "."
    yield from opening(name, "theta, g, state, size_of_state, count, p", doc * told, fixed)
    yield from indented(1, source.lines[Scope.FIXED])
    yield "    for i in range(count):"
    stores = [f"{place} = {value}" for place, value in zip(places, states, strict=True)]
    yield from indented(2, [*source.lines[Scope.ENTRY], *stores, f"theta[i] = {theta}"])


def _file(kernels: Iterable[str]) -> str:
    """A file that stands by itself: the functions of vector_math that the kernels call, and the kernels."""
    text = list(kernels)
    return "\n\n\n".join([HEADER + "\n" + _vector_math("\n".join(text)), *text]) + "\n"


def _vector_math(calls: str) -> str:
    """The part of vector_math.py that some source needs."""
    whole = Path(__file__).with_name("vector_math.py").read_text(encoding="utf-8")
    lines = whole.splitlines()
    found = {}
    for part in ast.parse(whole).body:
        if isinstance(part, ast.FunctionDef):
            found[part.name] = "\n".join(lines[part.decorator_list[0].lineno - 1 : part.end_lineno])
    first = next(place for place, line in enumerate(lines) if line.startswith("from __future__"))
    until = min(place for place, line in enumerate(lines) if line.startswith("@"))
    needed = _called(calls, found)
    while (more := needed | _called("\n".join(found[name] for name in needed), found)) != needed:
        needed = more
    return "\n\n\n".join(["\n".join(lines[first:until]).rstrip(), *(text for name, text in found.items() if name in needed)])


def _called(text: str, names: Iterable[str]) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)} & set(names)


if __name__ == "__main__":
    write_beside(Path(__file__).with_name("generated.py"), catalogue_source().encode())
