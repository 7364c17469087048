"""By which convention a relation is right, where it is not right to the letter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handgrad.check.judging.comparing import Scale
from handgrad.check.judging.judged import Judged
from handgrad.check.judging.scales import FIXED, LOSS, PARAMETERS, UNITS


def name_conventions(found: Sequence[Judged], scales: Mapping[str, Scale]) -> None:
    """Give the verdict "convention", with its name, to relations that are right by one."""
    losses = [scale for family, scale in scales.items() if family.startswith(LOSS)]
    for judged in found:
        if judged.verdict != "right" or judged.tried is None:
            continue
        said = _of_reading(judged) or _of_constant(judged, scales, losses)
        if said:
            judged.verdict, judged.message = "convention", said


def _of_reading(judged: Judged) -> str:
    tried = judged.tried
    assert tried is not None
    if tried.outcome.upside_down:
        return "the fraction is upside down: the loss belongs above, what it is differentiated by below"
    if tried.outcome.loose:
        return "right as factors of a chain; as a matrix product the order and the transposes are missing"
    if tried.setting.scalar:
        return "right for one unit in each layer; for more, the order and the transposes matter"
    if tried.setting.targets in {"zero", "one", "one-hot"}:
        return f"right where the target is {tried.setting.targets.replace('one-hot', '1 for one unit and 0 for the others')}"
    return ""


def _of_constant(judged: Judged, scales: Mapping[str, Scale], losses: Sequence[Scale]) -> str:
    """What is said of a gradient that starts with another constant than the loss."""
    if len(losses) != 1:
        return ""
    for edge in judged.edges:
        if edge.right != FIXED or not edge.left.startswith((UNITS, PARAMETERS)) or edge.left not in scales:
            continue
        apart = scales[edge.left] / losses[0]
        if apart.examples and edge.batch:
            return "the 1/m of the loss is left for later: this is the gradient of the sum over the examples"
        if apart.twos:
            return "the constant of the loss is left out here, and throughout"
        if apart.sign < 0:
            return "this is the gradient with the other sign, for updates that add it"
    return ""
