"""What only the full report has: pictures of the predictions, the columns, the network's equations, where the model comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from handgrad.assessment.scores import predicted
from handgrad.derivation import derive
from handgrad.document.blocks import Block, Code, Heading, Paragraph, PointChart, Table, Words

if TYPE_CHECKING:
    from handgrad.assessment.report import Assessment

NOTATION = "ng"
"""The notation that the equations are written in."""
LEFT_OUT = ("A0", "dX")
"""Steps of a derivation that a report does without, beside the update's and those that only lead to another."""
SAID_ELSEWHERE = ("hold_out", "baselines")
"""Parts of a provenance that a report says at greater length."""
LONGEST = 80
"""Longer values of a provenance are left out, unless all is wanted."""
DEEPEST = 4
"""So many names of a provenance stand inside each other."""


def detail_blocks(found: Assessment) -> Iterator[Block]:
    """The parts that only the full report has."""
    yield from _scatter(found)
    yield from _calibration(found)
    yield from _columns(found)
    yield from _network(found)
    yield from _provenance(found)


def _scatter(found: Assessment) -> Iterator[Block]:
    if found.model.classes is not None:
        return
    answers = predicted(None, found.outputs)
    yield Heading(("Predicted against true",), 2)
    caption = "A point for each row; on the diagonal the prediction is right."
    points = tuple(zip(found.held.y.tolist(), answers.tolist(), strict=True))
    yield PointChart(points, (caption,), "true", "predicted", diagonal=True)


def _calibration(found: Assessment) -> Iterator[Block]:
    if len(found.calibration) < 2 or found.model.classes is None:
        return
    two = len(found.model.classes) == 2
    whose = f"of {found.model.classes[1]}" if two else "of the class that is predicted"
    yield Heading(("Whether probabilities come true",), 2)
    caption = f"Rows by the probability {whose}, in {len(found.calibration)} parts of like size: what was said, and in what "
    caption += "share it was so. On the diagonal, probabilities can be taken at their word."
    points = tuple((one.said, one.true) for one in found.calibration)
    yield PointChart(points, (caption,), "probability", "share", diagonal=True)
    rows = tuple(((f"{one.said:.3f}",), (f"{one.true:.3f}",), (f"{one.count:,}",)) for one in found.calibration)
    yield Table((("probability said",), ("share in which it was so",), ("rows",)), rows, "rrr")


def _columns(found: Assessment) -> Iterator[Block]:
    if found.encoding is None:
        return
    yield Heading(("The columns",), 2)
    rows: tuple[tuple[Words, ...], ...] = tuple(((name,), (kind,), (detail,)) for name, kind, detail in found.encoding.describe())
    yield Table((("column",), ("is taken as",), ("",)), rows, "lll")


def _network(found: Assessment) -> Iterator[Block]:
    network = found.model.network
    derivation = derive(network, layers="general")
    yield Heading(("The network and its equations",), 2)
    words = (
        f" has {network.L} layer{'' if network.L == 1 else 's'} and {network.size:,} parameters; its loss is {network.loss.words}. "
    )
    words += "Its gradient is computed by these equations"
    words += "; " if network.L == 1 else ", in which l is any hidden layer and L the output's; "
    yield Paragraph((Code(str(network)), words, Code("handgrad derive"), " has all of them, with reasons."))
    wanted = [step.id for step in derivation.steps if not step.proof and _shown(step.id)]
    yield from derivation.document(NOTATION, only=wanted).blocks


def _shown(name: str) -> bool:
    return name not in LEFT_OUT and not name.startswith(("update", "m_", "v_")) and not name.endswith("_chain")


def _provenance(found: Assessment) -> Iterator[Block]:
    told = {key: value for key, value in found.model.provenance.items() if key not in SAID_ELSEWHERE}
    rows = tuple(((name,), (value,)) for name, value in flat(told, full=True))
    if rows:
        yield Heading(("Where the model comes from",), 2)
        yield Table((("",), ("",)), rows, "ll")


def flat(value: Mapping[str, Any], before: str = "", depth: int = 1, *, full: bool) -> Iterator[tuple[str, str]]:
    """Names and values; a name inside another follows it. Without `full`, what is long or says nothing is left out."""
    for key, inner in value.items():
        name = f"{before} {str(key).strip('_')}".strip().replace("_", " ")
        if isinstance(inner, Mapping) and set(inner) == {"tuple"}:  # as an estimator's file has them
            inner = inner["tuple"]  # noqa: PLW2901
        if isinstance(inner, Mapping) and depth < DEEPEST:
            yield from flat(inner, name, depth + 1, full=full)
            continue
        text = inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)
        if full:
            yield name, text
        elif inner is not None and inner != "" and len(text) <= LONGEST:
            yield name, f"{inner:.6g}" if isinstance(inner, float) else text
