"""Finding records by their spelling, such as `huber(delta=2)`, and the functions that equations may call."""

import re
from collections.abc import Mapping
from typing import TypeVar

from handgrad.calculus.functions import Function
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.optimisers import RULES
from handgrad.catalogue.records import Activation, Loss
from handgrad.catalogue.rules import Optimiser, Schedule
from handgrad.catalogue.schedules import SCHEDULES
from handgrad.catalogue.scikit_learn import SCIKIT_LEARN_LOSSES, SCIKIT_LEARN_RULES
from handgrad.errors import CatalogueError, did_you_mean

Kind = TypeVar("Kind", Activation, Loss, Optimiser, Schedule)
SPELLING = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\(([^()]*)\))?\s*", re.ASCII)


def find_activation(spelling: str | Activation) -> Activation:
    """The activation of this spelling: "relu", "leaky_relu(0.2)", "elu(alpha=0.5)". Raises CatalogueError."""
    return spelling if isinstance(spelling, Activation) else _find(spelling, ACTIVATIONS, "activation")


def find_loss(spelling: str | Loss) -> Loss:
    """The loss of this spelling: "cross_entropy", "huber(2)", "quantile(q=0.9)". Raises CatalogueError."""
    return spelling if isinstance(spelling, Loss) else _find(spelling, LOSSES, "loss")


def find_optimiser(spelling: str | Optimiser) -> Optimiser:
    """The rule of this spelling: "adam", "adam(beta1=0.95)", "momentum(weight_decay=0.01)", "lbfgs". Raises CatalogueError."""
    return spelling if isinstance(spelling, Optimiser) else _find(spelling, RULES, "optimiser")


def find_schedule(spelling: str | Schedule) -> Schedule:
    """The schedule of this spelling: "constant", "cosine(warmup=0.1)", "step(0.5, every=20)". Raises CatalogueError."""
    return spelling if isinstance(spelling, Schedule) else _find(spelling, SCHEDULES, "schedule")


def every_loss() -> dict[str, Loss]:
    """All losses by name that a file may use: the catalogue's, a user's own among them, and scikit-learn's forms."""
    return {**SCIKIT_LEARN_LOSSES, **LOSSES}


def every_rule() -> dict[str, Optimiser]:
    """All rules by name that a file may use: the catalogue's, and scikit-learn's forms."""
    return {**SCIKIT_LEARN_RULES, **RULES}


def _find(spelling: str, records: Mapping[str, Kind], kind: str) -> Kind:
    if not isinstance(spelling, str):
        raise CatalogueError(f"there is no {kind} {spelling!r}. Known: {', '.join(records)}")
    match = SPELLING.fullmatch(spelling)
    if match is None or match.group(1) not in records:
        raise CatalogueError(f"there is no {kind} {spelling!r}. {did_you_mean(spelling, records)}")
    record = records[match.group(1)]
    given: dict[str, float] = {}
    for place, part in enumerate(match.group(2).split(",") if (match.group(2) or "").strip() else ()):
        name, equals, value = part.rpartition("=")
        if not equals and place >= len(record.parameters):
            raise CatalogueError(f"{record.name} has {len(record.parameters)} parameter(s), but {spelling!r} gives more")
        key = name.strip() if equals else list(record.parameters)[place]
        if key in given:
            raise CatalogueError(f"{key} is given twice in {spelling!r}")
        try:
            given[key] = float(value)
        except ValueError:
            raise CatalogueError(f"a parameter is a number, but {value.strip()!r} was given in {spelling!r}") from None
    return record.with_parameters(given) if given else record


def functions(*own: Activation | Loss) -> dict[str, Function]:
    """All that calls may name: the catalogue's activations with their slopes, and those given."""
    found: dict[str, Function] = {}
    for record in (*ACTIVATIONS.values(), *own):
        found.update(record.functions())
    return found
