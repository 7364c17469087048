"""What is in a model file, as a document and as plain data: network, inputs, what it predicts, and how it was trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handgrad.assessment.details_page import flat
from handgrad.calculus.functions import Array
from handgrad.calculus.notation import find_notation
from handgrad.document.blocks import Block, Bullets, Code, Document, Heading, Paragraph, Table, Words
from handgrad.model import Model, Scaling

MOST_COLUMNS, MOST_CLASSES, MOST_NOTES = 30, 20, 10
"""So many are shown, unless all are wanted."""
NOTATION = "ng"


def page(model: Model, path: Path, versions: Mapping[str, str], *, full: bool = False) -> Document:
    """A document about a model; with `full` all columns, classes and notes, and the whole of its provenance."""
    blocks = (
        *_network(model),
        *(_scaled_inputs(model, full=full) if model.table is None else _table(model, full=full)),
        *_answers(model, full=full),
        *_training(model, full=full),
        *_versions(model, versions),
    )
    return Document((f"{path.name}: {_what(model)}",), blocks, find_notation(NOTATION), lambda: describe(model, versions))


def describe(model: Model, versions: Mapping[str, str]) -> dict[str, Any]:
    """The same as plain data."""
    network, table = model.network, model.table
    layers = zip(network.widths[1:], network.activations, range(1, network.L + 1), strict=True)
    return {
        "network": str(network),
        "inputs": network.widths[0],
        "layers": [{"units": n, "activation": g.spelling, "parameters": _size(model, l)} for n, g, l in layers],
        "parameters": network.size,
        "dtype": str(model.parameters.buffer.dtype),
        "loss": network.loss.spelling,
        "l2": network.l2,
        "label_smoothing": network.label_smoothing,
        "task": "regression" if model.classes is None else "classification",
        "target": model.target or None,
        "classes": None if model.classes is None else list(model.classes),
        "features": list(model.features),
        "inputs_scaling": _scaling_data(model.inputs),
        "targets_scaling": None if model.targets is None else _scaling_data(model.targets),
        "table": None if table is None else table.to_json(),
        "provenance": dict(model.provenance),
        "extras": {name: list(array.shape) for name, array in model.extras.items()},
        "versions": dict(versions),
    }


def _what(model: Model) -> str:
    target = model.target or "numbers"
    if model.classes is None:
        outputs = model.network.widths[-1]
        return f"a regression of {target}" + (f", {outputs} at a time" if outputs > 1 else "")
    return f"a classifier of {model.target or 'examples'} into {len(model.classes)} classes"


def _size(model: Model, layer: int) -> int:
    return int(model.parameters.W[layer].size + model.parameters.b[layer].size)


def _scaling_data(scaling: Scaling) -> dict[str, list[float]]:
    return {"mean": scaling.mean.tolist(), "scale": scaling.scale.tolist()}


def _network(model: Model) -> Iterator[Block]:
    network = model.network
    yield Heading(("The network",), 2)
    rows = tuple(
        ((str(l),), (f"{network.widths[l]:,}",), (Code(g.spelling),), (f"{_size(model, l):,}",))
        for l, g in enumerate(network.activations, 1)
    )
    words = f": {network.widths[0]:,} inputs, {network.size:,} parameters ({model.parameters.buffer.dtype})."
    yield Paragraph((Code(str(network)), words))
    yield Table((("layer",), ("units",), ("activation",), ("parameters",)), rows, "rrlr")
    more = f", with a penalty of weights λ = {network.l2:g}" if network.l2 else ""
    more += f", with labels smoothed by {network.label_smoothing:g}" if network.label_smoothing else ""
    yield Paragraph((f"Its loss is {network.loss.words}, ", Code(network.loss.spelling), f"{more}."))


def _table(model: Model, *, full: bool) -> Iterator[Block]:
    assert model.table is not None
    yield Heading(("The table that it takes",), 2)
    table = model.table
    count = len(table.columns)
    words = f"{count:,} column{'s' * (count != 1)}, found by name in any order, as {table.width:,} inputs."
    yield Paragraph((words,))
    rows: list[tuple[Words, ...]] = [((name,), (kind,), (detail,)) for name, kind, detail in table.describe()]
    yield Table((("column",), ("taken as",), ("",)), _some(rows, MOST_COLUMNS, "columns", full=full), "lll")
    if table.missing:
        yield Paragraph((f"Words that mean a missing value, beside the usual ones: {', '.join(map(repr, table.missing))}.",))
    if table.notes:
        kept = table.notes if full else table.notes[:MOST_NOTES]
        more = [f"and {len(table.notes) - len(kept):,} more notes"] if len(kept) < len(table.notes) else []
        yield Bullets(tuple((note,) for note in (*kept, *more)))


def _scaled_inputs(model: Model, *, full: bool) -> Iterator[Block]:
    yield Heading(("The inputs that it takes",), 2)
    same = bool((model.inputs.mean == 0).all() and (model.inputs.scale == 1).all())
    named = "found in a table by their names" if model.features else "without names"
    how = "taken as they are" if same else "scaled to (x - mean) / deviation"
    yield Paragraph((f"{model.network.widths[0]:,} numbers, {named}, {how}.",))
    names = model.features or tuple(f"x{n}" for n in range(model.network.widths[0]))
    if same and model.features:
        kept = names if full else names[:MOST_COLUMNS]
        more = f" and {len(names) - len(kept):,} more" if len(kept) < len(names) else ""
        yield Paragraph((", ".join(kept) + more,))
    elif not same:
        rows: list[tuple[Words, ...]] = [
            ((name,), (f"{mean:.6g}",), (f"{scale:.6g}",))
            for name, mean, scale in zip(names, model.inputs.mean.tolist(), model.inputs.scale.tolist(), strict=True)
        ]
        yield Table((("input",), ("mean",), ("deviation",)), _some(rows, MOST_COLUMNS, "inputs", full=full), "lrr")


def _some(rows: Sequence[tuple[Words, ...]], most: int, what: str, *, full: bool) -> tuple[tuple[Words, ...], ...]:
    """The first rows, and how many more there are."""
    if full or len(rows) <= most:
        return tuple(rows)
    last: tuple[Words, ...] = ((f"and {len(rows) - most:,} more {what}",), *((("",),) * (len(rows[0]) - 1)))
    return (*rows[:most], last)


def _answers(model: Model, *, full: bool) -> Iterator[Block]:
    yield Heading(("What it predicts",), 2)
    target = f"{model.target}: " if model.target else ""
    if model.classes is None:
        words = "a number" if model.network.widths[-1] == 1 else f"{model.network.widths[-1]} numbers"
        if model.targets is not None:
            words += f", the output times {_numbers(model.targets.scale)} plus {_numbers(model.targets.mean)}"
        yield Paragraph((f"{target}{words}.",))
        return
    kept = model.classes if full else model.classes[:MOST_CLASSES]
    more = f" and {len(model.classes) - len(kept):,} more" if len(kept) < len(model.classes) else ""
    yield Paragraph((f"{target}one of {len(model.classes):,} classes, {', '.join(kept)}{more}.",))


def _numbers(array: Array) -> str:
    shown = ", ".join(f"{value:.6g}" for value in np.ravel(array)[:5].tolist())
    return f"({shown}, …)" if array.size > 5 else f"({shown})" if array.size > 1 else shown


def _training(model: Model, *, full: bool) -> Iterator[Block]:
    told = dict(model.provenance)
    good, estimator = told.pop("hold_out", None), told.get("estimator")
    if isinstance(good, Mapping):
        told.pop("hold_out_score", None)
        yield Heading(("How good it was on the rows held out",), 2)
        yield _pairs(good, full=full)
    if isinstance(estimator, Mapping) and not full:
        parts = [part for part in map(estimator.get, ("parameters", "fitted")) if isinstance(part, Mapping)]
        told = {"estimator": estimator.get("class"), **{name: value for part in parts for name, value in part.items()}}
    if told:
        yield Heading(("How it was trained",), 2)
        yield _pairs(told, full=full)


def _pairs(told: Mapping[str, Any], *, full: bool) -> Table:
    return Table((("",), ("",)), tuple(((name,), (value,)) for name, value in flat(told, full=full)), "ll")


def _versions(model: Model, versions: Mapping[str, str]) -> Iterator[Block]:
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    words = f"Written by {told}." if told else ""
    if model.extras:
        size = sum(array.nbytes for array in model.extras.values())
        words += f" Beside the network it keeps {len(model.extras)} arrays, such as an optimiser's state, of {size:,} bytes in all."
    if words:
        yield Paragraph((words.strip(),))
