"""One weight, bias, unit or example by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from handgrad.calculus.evaluation import Value, axes_of_key
from handgrad.calculus.indices import EXAMPLE
from handgrad.calculus.written import Written
from handgrad.document.blocks import Block, Document, Heading, Paragraph, Strong, Table, Words
from handgrad.errors import HandgradError
from handgrad.explain.explanation import Explanation
from handgrad.explain.matrices import plain
from handgrad.explain.moves import Moved, moved, shares
from handgrad.explain.pen import Pen
from handgrad.explain.report import LISTED, answer, layers_shown, pen_of, remarks, target


def require_place(explanation: Explanation, layer: int, j: int, k: int | None = None) -> None:
    """Refuse a unit of a layer, or a weight that leads to it, that is not there. Raises HandgradError."""
    network = explanation.network
    require_counted("layer", layer, network.L)
    require_counted("unit", j, network.widths[layer], f" of layer {layer}")
    if k is not None:
        what, where = _before(layer).partition(" ")[0], "" if layer == 1 else f" of layer {layer - 1}"
        require_counted(what, k, network.widths[layer - 1], where)


def require_counted(what: str, given: Any, most: int, where: str = "") -> None:
    """Refuse a number that is not counted from 1 to the most there are. Raises HandgradError."""
    whole = isinstance(given, int | np.integer) and not isinstance(given, bool)
    if not (whole and 1 <= given <= most):
        raise HandgradError(f"{what}s{where} are counted from 1 to {most}, but {what} {given} was asked for")


def _before(layer: int) -> str:
    return "input" if layer == 1 else f"unit of layer {layer - 1}"


def _source(layer: int, k: int) -> str:
    return f"input {k}" if layer == 1 else f"unit {k} of layer {layer - 1}"


def weight(explanation: Explanation, layer: int, j: int, k: int | None) -> Document:
    """The weight of unit j of a layer for unit k before it or, without k, the unit's bias: from where to where, and why."""
    require_place(explanation, layer, j, k)
    first = explanation.iterations[0]
    name, at = ("b", (j,)) if k is None else ("W", (j, k))
    pen, key = pen_of(explanation, first), f"{name}[{layer}]"
    found = moved(explanation.iterations, key, tuple(i - 1 for i in at), explanation.digits)
    symbol = pen.named(name, layer, *at)
    blocks: list[Block] = [*remarks(explanation), Paragraph(_role(explanation, found))]
    blocks += _gradient(explanation, pen, layer, j, k)
    blocks += _update(explanation, pen, name, layer, at)
    if len(explanation.iterations) > 1:
        blocks += _course(explanation, key, at, symbol)
    ends = (plain(found.before, explanation.digits), plain(found.after, explanation.digits))
    because = ", because" if len(explanation.iterations) == 1 else ":"
    title: Words = (symbol, f" of layer {layer}: {ends[0]} → {ends[1]}{because} {found.why}")
    of = {"quantity": name, "layer": layer, "unit": j} | ({} if k is None else {"input": k})
    course = [_course_row(explanation, place, key, at) for place in range(len(explanation.iterations))]
    numbers = {"before": found.before, "after": found.after, "gradients": list(found.gradients)}
    data = {**of, **numbers, "why": found.why, "iterations": course}
    parts = [vars(share) for share in shares(first, layer, j, k)]
    return Document(title, tuple(blocks), explanation.notation, lambda: {**data, "examples": parts})


def _role(explanation: Explanation, moved: Moved) -> Words:
    """What the parameter is, which way the loss goes with it, and whether it went that way."""
    layer, rule, count = moved.layer, explanation.derivation.optimiser, len(explanation.iterations)
    unit = f"unit {moved.j} of layer {layer}"
    what = f"the weight with which {_source(layer, moved.k)} enters {unit}" if moved.k is not None else f"the bias of {unit}"
    when = "In iteration 1, r" if count > 1 else "R"
    if not moved.gradient:
        loss = f"{when}aising it a little leaves the loss as it is: its gradient is 0."
    else:
        up = moved.gradient < 0
        size = plain(abs(moved.gradient), explanation.digits)
        loss = f"{when}aising it a little {'lowers' if up else 'raises'} the loss {size} times as much, "
        loss += f"so that {'a step against the gradient takes it' if count > 1 or not rule.plain else 'it should go'} "
        loss += "up." if up else "down."
    went = ""
    if count > 1 or not rule.plain:
        way = "went up" if moved.change > 0 else "went down" if moved.change < 0 else "is where it was"
        steps = "the step" if count == 1 else f"all {count} steps"
        went = f" After {steps} of {rule.label} it {way}"
        went += "; each step has a gradient of its own, listed below." if count > 1 else "."
    turned = moved.k is not None and explanation.notation.weights == "in_out"
    order = " In this notation the first index counts where a weight comes from, the second where it leads to." if turned else ""
    return (f"It is {what}.{order} {loss}{went}",)


def _of_first(explanation: Explanation) -> str:
    """Which iteration is meant, where there are several."""
    return " in iteration 1" if len(explanation.iterations) > 1 else ""


def _gradient(explanation: Explanation, pen: Pen, layer: int, j: int, k: int | None) -> Iterator[Block]:
    """The gradient as it is made of the examples, and where the unit's δ comes from."""
    first, digits = explanation.iterations[0], explanation.digits
    yield Heading((f"Its gradient{_of_first(explanation)}",))
    yield pen.entry(f"db{layer}", j=j) if k is None else pen.entry(f"dW{layer}", j=j, k=k)
    parts = sorted(shares(first, layer, j, k), key=lambda share: -abs(share.contribution))
    if len(parts) > 1:
        meets = () if k is None else ((_source(layer, k),),)
        header: tuple[Words, ...] = (("example",), ("δ of the unit",), *meets, ("its part of the gradient",))
        rows = []
        for part in parts[:LISTED]:
            numbers = (part.delta, *(() if k is None else (part.activation,)), part.contribution)
            rows.append(((str(part.example),), *((plain(x, digits),) for x in numbers)))
        yield Table(header, tuple(rows), "r" * len(header))
        if len(parts) > LISTED:
            rest = sum(part.contribution for part in parts[LISTED:])
            yield Paragraph((f"The other {len(parts) - LISTED} examples together give {plain(rest, digits)}.",))
    if k is not None and explanation.network.l2:
        penalty = explanation.network.l2 * float(first.before.W[layer][j - 1, k - 1])
        yield Paragraph((f"The L2 penalty adds λ times the weight, {plain(penalty, digits)}.",))
    example = parts[0].example
    delta = pen.entries.symbol_of(explanation.derivation[f"dZ{layer}"].left, pen.place(f"dZ{layer}", j=j, example=example))
    yield Heading(("Where δ of the unit, ", delta, f", comes from{_of_first(explanation)}"))
    yield from _delta(pen, layer, j, example)


def _delta(pen: Pen, layer: int, j: int, example: int) -> Iterator[Block]:
    """The unit's δ: what comes back through the next layer, or from the loss, and the slope."""
    names = [f"dA{layer}", f"slope{layer}", f"dZ{layer}_chain", f"dZ{layer}"]
    if pen.has(f"dZ{layer}_chain"):  # the simplified form needs neither
        names = [f"dZ{layer}"]
    if layer == pen.derivation.network.L and pen.has("Y_smooth"):
        names.insert(0, "Y_smooth")
    for name in names:
        if pen.has(name):
            yield pen.entry(name, j=j, example=example)
    if layer < pen.derivation.network.L:
        yield Paragraph((f"Through each unit of layer {layer + 1}, δ of that unit comes back over the weight that leads to it.",))


def _update(explanation: Explanation, pen: Pen, name: str, layer: int, at: tuple[int, ...]) -> Iterator[Block]:
    """The step, the update rule's state included."""
    place = dict(zip("jk", at, strict=False))
    rule = explanation.derivation.optimiser
    yield Heading((f"The step{_of_first(explanation)}",))
    if pen.has("alpha"):
        yield pen.entry("alpha", pen.derivation["alpha"].reason)
    for state in rule.state:
        yield pen.entry(f"update_{state}_{name}{layer}", rule.reasons[state], **place)
    yield pen.entry(f"update_{name}{layer}", rule.reason("theta", name), **place)


def _course_row(explanation: Explanation, place: int, key: str, at: tuple[int, ...]) -> dict[str, float]:
    iteration, index = explanation.iterations[place], tuple(i - 1 for i in at)
    before, after = (float(parameters.arrays()[key][index]) for parameters in (iteration.before, iteration.after))
    gradient = float(iteration.gradients.arrays()[key][index])
    return {"iteration": iteration.number, "before": before, "gradient": gradient, "after": after}


def _course(explanation: Explanation, key: str, at: tuple[int, ...], symbol: Written) -> Iterator[Block]:
    yield Heading(("From iteration to iteration",))
    count = len(explanation.iterations)
    places = range(count) if count <= LISTED else [*range(LISTED - 1), count - 1]
    rows = []
    for row in (_course_row(explanation, place, key, at) for place in places):
        step = row["after"] - row["before"]
        shown = (row["before"], row["gradient"], step, row["after"])
        rows.append(((str(row["iteration"]),), *((plain(value, explanation.digits),) for value in shown)))
    yield Table((("iteration",), (symbol,), ("gradient",), ("step",), ("after",)), tuple(rows), "rrrrr")


def neuron(explanation: Explanation, layer: int, unit: int, example: int) -> Document:
    """One unit for one example: forward, backward, and its weights."""
    require_place(explanation, layer, unit)
    require_counted("example", example, explanation.examples)
    pen = pen_of(explanation, explanation.iterations[0])
    of = (f" for example {example}" if explanation.examples > 1 else "") + _of_first(explanation)
    blocks: list[Block] = [*remarks(explanation), Heading((f"Forward{of}",)), pen.entry(f"Z{layer}", j=unit, example=example)]
    blocks.append(pen.entry(f"A{layer}", j=unit, example=example))
    blocks += [Heading((f"Backward{of}",)), *_delta(pen, layer, unit, example)]
    blocks += [Heading((f"Its weights{_of_first(explanation)}",)), *_weights(explanation, pen, layer, unit)]
    if explanation.examples > 1:
        blocks += [Heading((f"The unit on each example{_of_first(explanation)}",)), *_on_examples(explanation, pen, layer, unit)]
    numbers = {key: pen.result(key, j=unit, example=example) for key in (f"Z{layer}", f"A{layer}", f"dZ{layer}")}
    W, dW = (np.asarray(pen.values[f"{key}[{layer}]"])[unit - 1].tolist() for key in ("W", "dW"))
    b, db = (float(np.asarray(pen.values[f"{key}[{layer}]"])[unit - 1]) for key in ("b", "db"))
    data = {"layer": layer, "unit": unit, "example": example, **numbers, "W": W, "b": b, "dW": dW, "db": db}
    return Document((f"Unit {unit} of layer {layer} of {explanation.network}",), tuple(blocks), explanation.notation, lambda: data)


def _weights(explanation: Explanation, pen: Pen, layer: int, unit: int) -> Iterator[Block]:
    digits, network = explanation.digits, explanation.network
    first = explanation.iterations[0]
    W, dW, after = (np.asarray(a)[unit - 1] for a in (first.before.W[layer], pen.values[f"dW[{layer}]"], first.after.W[layer]))
    order = np.argsort(-np.abs(dW), kind="stable")[:LISTED]
    rows: list[tuple[Words, ...]] = []
    for k in sorted(int(place) for place in order):
        numbers = (float(W[k]), float(dW[k]), float(after[k]))
        rows.append(((pen.named("W", layer, unit, k + 1),), (_source(layer, k + 1),), *((plain(x, digits),) for x in numbers)))
    b, db, after_b = (
        float(np.asarray(a)[unit - 1]) for a in (first.before.b[layer], pen.values[f"db[{layer}]"], first.after.b[layer])
    )
    rows.append(((pen.named("b", layer, unit),), ("bias",), *((plain(x, digits),) for x in (b, db, after_b))))
    yield Table((("",), ("from",), ("before",), ("gradient",), ("after",)), tuple(rows), "llrrr")
    if network.widths[layer - 1] > LISTED:
        yield Paragraph((f"These {LISTED} of its {network.widths[layer - 1]} weights have the largest gradients.",))


def _on_examples(explanation: Explanation, pen: Pen, layer: int, unit: int) -> Iterator[Block]:
    keys = {name: np.asarray(pen.values[pen.derivation[f"{name}{layer}"].key], np.float64)[unit - 1] for name in ("Z", "A", "dZ")}
    order = np.argsort(-np.abs(keys["dZ"]), kind="stable")[:LISTED]
    rows = [
        ((str(i + 1),), *((plain(float(values[i]), explanation.digits),) for values in keys.values()))
        for i in sorted(int(place) for place in order)
    ]
    yield Table((("example",), ("z",), ("a",), ("δ",)), tuple(rows), "rrrr")
    if explanation.examples > LISTED:
        yield Paragraph((f"These {LISTED} of {explanation.examples} examples have the largest δ.",))


def example(explanation: Explanation, number: int) -> Document:
    """One example on its way forward, its loss, and its gradients on the way back."""
    require_counted("example", number, explanation.examples)
    first, network = explanation.iterations[0], explanation.network
    pen = _alone(pen_of(explanation, first), number, explanation)
    Y = np.asarray(first.start["Y"], np.float64).T[number - 1]
    row = number - 1
    words = f"The target is {target(explanation, Y)}, the prediction {answer(explanation, first.predictions[row])}"
    words += f" and, after {'the iteration' if len(explanation.iterations) == 1 else f'{len(explanation.iterations)} iterations'}, "
    words += f"{answer(explanation, explanation.predictions_after[row])}. Its loss goes from "
    ends = (first.losses[row], explanation.iterations[-1].losses_after[row])
    blocks: list[Block] = [
        *remarks(explanation),
        Paragraph((words, Strong(" to ".join(plain(float(end), explanation.digits) for end in ends)), ".")),
    ]
    layers = layers_shown(network.L, full=False)
    when = _of_first(explanation)
    blocks += [Heading((f"Forward{when}",)), *pen.blocks("A[0]")]
    for layer in layers:
        blocks += [*pen.blocks(f"Z[{layer}]"), *pen.blocks(f"A[{layer}]")]
    smoothed = pen.blocks("Y_smooth") if pen.has("Y_smooth") else ()
    blocks += [Heading((f"Its loss{when}",)), *smoothed, *pen.blocks("ell"), Heading((f"Backward{when}",))]
    for layer in reversed(layers):
        for name in (f"dA{layer}", f"slope{layer}", f"dZ{layer}"):
            if pen.has(name):
                blocks += pen.blocks(explanation.derivation[name].key)
    label = f" ({explanation.labels[row]})" if explanation.labels else ""
    data = {"example": number, "target": Y.tolist(), "loss": float(ends[0]), "loss_after": float(ends[1])}
    data |= {key: np.asarray(pen.values[key]).tolist() for key in pen.values if key[0] in "XZA"}
    return Document((f"Example {number}{label}",), tuple(blocks), pen.notation, lambda: data)


def _alone(pen: Pen, number: int, explanation: Explanation) -> Pen:
    """The numbers of one example; where gradients are those of the batch's loss, its share in that stays written."""
    early = "dZ[1]" not in pen.values
    values: dict[str, Value] = {}
    for key, value in pen.values.items():
        axes = axes_of_key(key)
        if key == "w":
            continue  # a single weight says nothing of its share
        values[key] = np.take(np.asarray(value), [number - 1], axis=axes.index(EXAMPLE)) if EXAMPLE in axes else value
    if early:
        return replace(pen, values={**values, "m": float(explanation.examples)})
    single = explanation.asked.examples == "single"
    return replace(pen, values=values, notation=pen.notation.but(examples="single", weighted=False) if single else pen.notation)
