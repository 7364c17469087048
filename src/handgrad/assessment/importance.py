"""How much each column matters to a trained network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from handgrad.assessment.rows import Rows
from handgrad.assessment.scores import first_score, scored
from handgrad.calculus.functions import Array
from handgrad.model import Model

MOST_COLUMNS = 200
"""Of more columns than this, those are looked at that the first layer weighs most."""
PRODUCTS = 2e10
"""About how many multiplications the passes may take in all: a second or so."""
ENTRIES = 20_000_000
"""The largest array of inputs that is made."""
FEWEST_ROWS, FEWEST_REPEATS = 100, 3


@dataclass(frozen=True)
class Importance:
    """By how much the first score falls when the column's values are shuffled among the rows: mean and its standard error."""

    column: str
    drop: float
    error: float


def importances(
    model: Model, held: Rows, blocks: Mapping[str, slice], *, seed: int = 0, repeats: int = 5, most_rows: int = 2000
) -> list[Importance]:
    """Permutation importance of the columns (Breiman 2001; Fisher, Rudin and Dominici 2019), largest first.

    `blocks` says which of the network's inputs a column is encoded in; they are shuffled together. The work is bounded: of many
    columns or of a large network fewer rows and repeats are taken, never fewer than 100 rows (where there are) and 3 repeats, and
    of more than 200 columns those whose weights in the first layer are largest, times the deviation of their inputs. A column that
    tells the same as another shares its importance. Nothing for less than 2 rows.
    """
    rng = np.random.default_rng(seed)
    if len(held) < 2 or not blocks:
        return []
    names = heaviest(model, held.X, blocks, MOST_COLUMNS)
    width, passes = held.X.shape[1], PRODUCTS / (max(model.network.size, 1) * len(names))
    enough = min(passes, ENTRIES / max(width, 1))
    repeats = max(FEWEST_REPEATS, min(repeats, int(enough // most_rows)))
    rows = held.some(max(FEWEST_ROWS, min(most_rows, int(enough // repeats))), rng)
    answers = _pass(model)
    full = first_score(model.classes, answers(rows.X), rows.y, rows.weights)
    inputs = np.tile(rows.X.astype(np.float32), (repeats, 1))
    found = []
    for name in names:
        block = blocks[name]
        kept = inputs[:, block].copy()
        for repeat in range(repeats):
            part = slice(repeat * len(rows), (repeat + 1) * len(rows))
            inputs[part, block] = rows.X[rng.permutation(len(rows)), block]
        outputs = np.split(answers(inputs), repeats)
        inputs[:, block] = kept
        drops = [full - first_score(model.classes, part, rows.y, rows.weights) for part in outputs]
        found.append(Importance(name, float(np.mean(drops)), float(np.std(drops, ddof=1) / np.sqrt(repeats))))
    return sorted(found, key=lambda one: -one.drop)


def heaviest(model: Model, X: Array, blocks: Mapping[str, slice], most: int) -> list[str]:
    """At most so many columns, in their order: those that reach the first layer with the most weight."""
    if len(blocks) <= most:
        return list(blocks)
    reach = (model.parameters.W[1] ** 2).sum(axis=0) * X.var(axis=0)
    weights = {name: float(reach[block].sum()) for name, block in blocks.items()}
    kept = set(sorted(weights, key=lambda name: -weights[name])[:most])
    return [name for name in blocks if name in kept]


def _pass(model: Model) -> Callable[[Array], Array]:
    """What gives outputs to score, in float32: much faster than `Model.forward`, whose bits are the same on every machine."""
    from handgrad.estimators.predicting import activations

    network, layers = model.network, range(1, model.network.L + 1)
    weights = [np.asarray(model.parameters.W[l].T, np.float32) for l in layers]
    biases = [np.asarray(model.parameters.b[l].ravel(), np.float32) for l in layers]

    def outputs(inputs: Array) -> Array:
        found = activations(network, weights, biases, inputs, network.L).astype(np.float64)
        return scored(model, found if model.targets is None else model.targets.undo(found))

    return outputs
