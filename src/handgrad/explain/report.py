"""The whole of an explanation as a document."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from handgrad.calculus.expressions import symbol
from handgrad.calculus.functions import Array
from handgrad.derivation import following
from handgrad.document.blocks import Aside, Block, Bullets, Code, Document, Heading, Paragraph, Strong, Table, Words
from handgrad.explain.data import data
from handgrad.explain.explanation import Explanation
from handgrad.explain.iterations import Iteration
from handgrad.explain.layer_health import layer_sizes
from handgrad.explain.matrices import COLUMNS, Summary, plain, small, told_apart
from handgrad.explain.moves import Moved
from handgrad.explain.pen import Pen

DEEP = 4
"""Networks of more layers than this are worked through at the first and the last two layers, unless all are asked for."""
NARROW = 76
"""Tables are made to fit a terminal of 80 columns, where that can be."""
SHORT = 6
"""Numbers of more digits than this take tables of their own."""
LISTED = 10
"""So many examples, iterations or weights are listed one by one."""


def report(explanation: Explanation, *, full: bool = False) -> Document:
    """The explanation as a document; with `full`, every iteration and every layer."""
    blocks: list[Block] = [*_given(explanation)]
    shown = explanation.iterations if full else explanation.iterations[:1]
    for iteration in shown:
        blocks += _iteration(explanation, iteration, full=full)
    if len(explanation.iterations) > 1:
        blocks += _course(explanation)
    blocks += _changed(explanation)
    blocks += _sound(explanation)
    return Document((report_title(explanation),), tuple(blocks), explanation.notation, partial(data, explanation, full=full))


def report_title(explanation: Explanation) -> str:
    """How many iterations of what network."""
    done, wanted = len(explanation.iterations), explanation.wanted
    asked = f"{done} of {wanted} iterations" if done < wanted else _counted(done, "iteration")
    return f"{asked} of {explanation.network}, worked through"


def pen_of(explanation: Explanation, iteration: Iteration) -> Pen:
    """What writes the equations of an iteration."""
    return Pen(explanation.derivation, iteration.values, explanation.notation, explanation.digits)


def _counted(count: int, what: str) -> str:
    return f"{'One' if count == 1 else count} {what}{'' if count == 1 else 's'}"


def summary(explanation: Explanation) -> str:
    """The network, its loss, the batch and the update rule in words."""
    network = explanation.network
    words = f"The network {network} has {network.size} parameters; its loss is {network.loss.spelling}"
    words += f" with the penalty λ = {plain(network.l2)}" if network.l2 else ""
    words += f" and label smoothing {plain(network.label_smoothing)}" if network.label_smoothing else ""
    words += f". The batch is {_counted(explanation.examples, 'example').lower()}. The update rule is "
    words += f"{explanation.derivation.optimiser.label} with {_rate(explanation)}. "
    return words + f"Numbers are shown with {explanation.digits} significant digits and computed with all."


def _given(explanation: Explanation) -> Iterator[Block]:
    yield Heading(("What goes in",))
    yield Paragraph((summary(explanation),))
    yield from remarks(explanation)
    yield from _early_end(explanation)
    if explanation.asked.examples == "single" and explanation.examples > 1:
        yield Paragraph(("In this notation an equation is about one example; for several at once they stand as columns here.",))
    yield from _parameters(explanation, explanation.iterations[0])


def _rate(explanation: Explanation) -> str:
    """The learning rate, or what a schedule makes of it."""
    given, schedule = plain(explanation.learning_rate, explanation.digits), explanation.derivation.schedule
    if schedule is None:
        return f"α = {given}"
    run = f"a run of {_counted(explanation.wanted, 'step').lower()}, each an epoch"
    return f"the schedule {schedule.spelling}, from α₀ = {given}, in {run}"


def remarks(explanation: Explanation) -> Iterator[Block]:
    """Where parameters and examples come from, and how inputs are scaled."""
    if explanation.remarks:
        yield Paragraph((" ".join(explanation.remarks),))


def _early_end(explanation: Explanation) -> Iterator[Block]:
    """Why fewer iterations are here than were asked for."""
    done, wanted = len(explanation.iterations), explanation.wanted
    if done == wanted:
        return
    arrays = explanation.after.arrays().items()
    lost = next(key for key, array in arrays if not np.isfinite(array).all())
    words = f"The run ends after iteration {done} of the {wanted} that were asked for: numbers in {lost} have grown beyond what "
    yield Aside("warning", (f"{words}can be held, and no step leads on from there.",))


def _parameters(explanation: Explanation, iteration: Iteration) -> Iterator[Block]:
    """All parameters in a table, shaped as the notation has them, unless they are small enough to be seen in the equations."""
    pen = pen_of(explanation, iteration)
    arrays = iteration.before.arrays()
    if all(small(array) for array in arrays.values()):
        return
    rows: list[tuple[Words, ...]] = []
    for key in arrays:
        layer = int(key[2:-1])
        array = pen.array(symbol(key[0], layer))
        found = Summary(array)
        ends = (plain(float(end), explanation.digits) for end in (array.min(), array.max(), array.mean(), array.std()))
        rows.append(((pen.named(key[0], layer),), (found.shape,), *((end,) for end in ends), (f"{found.zeros:.0%}",)))
    header: tuple[Words, ...] = (("parameters",), ("shape",), ("least",), ("largest",), ("mean",), ("deviation",), ("zeros",))
    yield Table(header, tuple(rows), "llrrrrr")


def layers_shown(depth: int, *, full: bool) -> list[int]:
    """The layers that are worked through."""
    every = list(range(1, depth + 1))
    return every if full or depth <= DEEP else [1, depth - 1, depth]


def _iteration(explanation: Explanation, iteration: Iteration, *, full: bool) -> Iterator[Block]:
    pen, L = pen_of(explanation, iteration), explanation.network.L
    number = f" of iteration {iteration.number}" if len(explanation.iterations) > 1 else ""
    layers = layers_shown(L, full=full)
    skipped = [layer for layer in range(1, L + 1) if layer not in layers]
    yield Heading((f"Forward pass{number}",))
    yield from pen.blocks("A[0]")
    for layer in layers:
        if layer - 1 in skipped:
            yield Paragraph((f"Layers {skipped[0]} to {skipped[-1]} work in the same way and are listed under Layer by layer.",))
        yield from pen.blocks(f"Z[{layer}]")
        yield from pen.blocks(f"A[{layer}]", shades=True)
    yield Heading((f"Loss{number}",))
    if pen.has("Y_smooth"):
        yield from pen.blocks("Y_smooth")
    yield from pen.blocks("ell")
    yield from pen.blocks("J")
    yield Heading((f"Backward pass{number}",))
    for layer in reversed(layers):
        if layer + 1 in skipped:
            yield Paragraph((f"Layers {skipped[-1]} to {skipped[0]} work in the same way.",))
        for name in (f"dA{layer}", f"slope{layer}", f"dZ{layer}", f"dW{layer}", f"db{layer}"):
            if pen.has(name):
                yield from pen.blocks(explanation.derivation[name].key, shades=name[1] in "ZW")
    yield Heading((f"Update{number}",))
    if pen.has("alpha"):
        yield from pen.blocks("alpha")
    for layer in layers:
        for of in "Wb":
            for state in explanation.derivation.optimiser.state:
                yield from pen.blocks(following(f"{state}_{of}[{layer}]"))
            yield from pen.blocks(following(f"{of}[{layer}]"))
    if L > 2:
        yield Heading((f"Layer by layer{number}",))
        yield from _layers(explanation, iteration)


def _layers(explanation: Explanation, iteration: Iteration) -> Iterator[Block]:
    yield Paragraph(("Root mean squares of the activations and of the gradients, and the step of W against W.",))
    header: tuple[Words, ...] = (("layer",), ("A",), ("dZ",), ("dW",), ("‖ΔW‖/‖W‖",))
    rows = [
        tuple(
            (str(sizes["layer"]) if name == "layer" else plain(sizes[name], explanation.digits),)
            for name in ("layer", "A", "dZ", "dW", "update")
        )
        for sizes in layer_sizes(explanation.derivation, iteration.values)
    ]
    yield Table(header, tuple(rows), "rrrrr")


def _picked(count: int) -> list[int]:
    """The places of a long list that are shown: the first, the last and some between them, evenly."""
    if count <= LISTED:
        return list(range(count))
    return sorted({round(place) for place in np.linspace(0, count - 1, LISTED)})


def _course(explanation: Explanation) -> Iterator[Block]:
    """Loss and outputs by iteration."""
    iterations, digits = explanation.iterations, explanation.digits
    outputs = 10 + (explanation.predictions.size + 1) * max(digits + 8, 12) <= NARROW
    yield Heading(("From iteration to iteration",))
    rates = [*explanation.learning_rates, None] if explanation.derivation.schedule else []
    names = [*(["α"] if rates else []), *(_outputs(explanation) if outputs else [])]
    header: tuple[Words, ...] = (("before",), ("J",), *((name,) for name in names))
    rows = []
    states = [(f"step {i.number}", i.loss, i.predictions) for i in iterations]
    states.append(("the end", explanation.loss_after, explanation.predictions_after))
    for place in _picked(len(states)):
        name, loss, predictions = states[place]
        shown = [plain(value, digits) for value in _in_units(explanation, predictions).ravel()] if outputs else []
        rate = rates[place] if rates else None
        ahead = [("" if rate is None else plain(rate, digits))] if rates else []
        rows.append(((name,), (plain(loss, digits),), *((text,) for text in [*ahead, *shown])))
    yield Table(header, tuple(rows), "l" + "r" * (len(header) - 1))
    if outputs and has_units(explanation):
        yield Paragraph(("Outputs are in the data's own units here; J is that of the scaled ones.",))


def _outputs(explanation: Explanation) -> list[str]:
    """The outputs of each example by name, as short as they can be told apart."""
    examples, width = explanation.examples, explanation.network.widths[-1]
    if examples == 1:
        return [f"output {j + 1}" for j in range(width)]
    if width == 1:
        return [f"output, example {i + 1}" for i in range(examples)]
    return [f"output {j + 1}, example {i + 1}" for i in range(examples) for j in range(width)]


def has_units(explanation: Explanation) -> bool:
    """Whether targets are scaled, so that outputs have units of their own."""
    return explanation.model is not None and explanation.model.targets is not None


def _in_units(explanation: Explanation, outputs: Array) -> Array:
    """Outputs in the data's own units."""
    model = explanation.model
    return outputs if model is None or model.targets is None else model.targets.undo(outputs)


def _changed(explanation: Explanation) -> Iterator[Block]:
    digits = explanation.digits
    before, after = explanation.loss, explanation.loss_after
    yield Heading(("What changed",))
    less = 100 * (before - after) / abs(before) if before and np.isfinite([before, after]).all() else 0.0
    change = f", {plain(abs(less), 3)} % {'less' if less > 0 else 'more'}" if less else ""
    start, end = told_apart(before, after, digits)
    yield Paragraph(("The loss ", Strong(f"J: {start} → {end}"), f"{change}."))
    yield from _examples(explanation)
    if explanation.moved:
        pen = pen_of(explanation, explanation.iterations[0])
        yield Heading(("What moved most",), 2)
        columns: tuple[Words, ...] = (("",), ("before",), ("after",), ("change",))
        rows: list[tuple[Words, ...]] = [
            ((_name(pen, moved),), *((plain(value, digits),) for value in (moved.before, moved.after, moved.change)))
            for moved in explanation.moved
        ]
        whys = [moved.why for moved in explanation.moved]
        if digits <= SHORT:
            yield Table((*columns, ("why",)), tuple((*row, (why,)) for row, why in zip(rows, whys, strict=True)), "lrrrl")
        else:
            yield Table(columns, tuple(rows), "lrrr")
            yield Bullets(tuple((*row[0], f": {why}") for row, why in zip(rows, whys, strict=True)))


def _name(pen: Pen, moved: Moved) -> Any:
    return pen.named(moved.name, moved.layer, moved.j, *(() if moved.k is None else (moved.k,)))


def answer(explanation: Explanation, outputs: Array) -> str:
    """What outputs of one example say: a class by name, numbers in the data's own units, or the numbers themselves."""
    model, digits = explanation.model, explanation.digits
    one = len(outputs) == 1
    if model is not None and model.classes is not None:
        best = int(outputs[0] > 0.5) if one else int(np.argmax(outputs))
        sure = (outputs[0] if best else 1 - outputs[0]) if one else outputs[best]
        return f"{model.classes[best]} ({plain(float(sure), digits)})"
    outputs = _in_units(explanation, outputs)
    if explanation.network.loss.simplex and len(outputs) > 3:
        best = int(np.argmax(outputs))
        return f"output {best + 1} ({plain(float(outputs[best]), digits)})"
    shown = [plain(float(value), digits) for value in outputs[:COLUMNS]]
    return ", ".join(shown) + (", …" if len(outputs) > COLUMNS else "")


def target(explanation: Explanation, outputs: Array) -> str:
    """What the outputs of one example should be, in the same words."""
    model = explanation.model
    if model is not None and model.classes is not None:
        return model.classes[int(outputs[0] > 0.5) if len(outputs) == 1 else int(np.argmax(outputs))]
    if explanation.network.loss.simplex and len(outputs) > 3 and outputs.max() == 1:
        return f"output {int(np.argmax(outputs)) + 1}"
    return answer(explanation, outputs).partition(" (")[0]


def _examples(explanation: Explanation) -> Iterator[Block]:
    """Targets, predictions and losses, example by example."""
    first, last, digits = explanation.iterations[0], explanation.iterations[-1], explanation.digits
    Y = np.asarray(first.start["Y"], np.float64).T
    said, lost = list[tuple[Words, ...]](), list[tuple[Words, ...]]()
    names: list[Words] = []
    for i in _picked(explanation.examples):
        names.append((f"{i + 1} ({explanation.labels[i]})" if explanation.labels else str(i + 1),))
        outputs = (first.predictions[i], last.predictions_after[i])
        said.append(((target(explanation, Y[i]),), *((answer(explanation, shown),) for shown in outputs)))
        lost.append(tuple((plain(float(loss), digits),) for loss in (first.losses[i], last.losses_after[i])))
    before_after: tuple[Words, ...] = (("target",), ("prediction before",), ("after",))
    losses: tuple[Words, ...] = (("loss before",), ("after",))
    if digits <= SHORT:
        rows = tuple((name, *row, *more) for name, row, more in zip(names, said, lost, strict=True))
        yield Table((("example",), *before_after, *losses), rows, "llrrrr")
    else:
        yield Table((("example",), *before_after), tuple((name, *row) for name, row in zip(names, said, strict=True)), "llrr")
        yield Table((("example",), *losses), tuple((name, *row) for name, row in zip(names, lost, strict=True)), "lrr")
    if has_units(explanation):
        yield Paragraph(("Targets and predictions are in the data's own units here; in the equations they are scaled.",))


def _sound(explanation: Explanation) -> Iterator[Block]:
    yield Heading(("Health",))
    for finding in explanation.health:
        yield Aside(finding.level, (finding.sentence,))
    if any(not small(array) for array in explanation.before.arrays().values()):
        parts = (Code(f"--neuron {explanation.network.L}:1"), Code("--weight 1:1,1"), Code("--example 1"))
        yield Paragraph(("Any part can be asked for by itself, as ", parts[0], ", ", parts[1], " or ", parts[2], "."))
