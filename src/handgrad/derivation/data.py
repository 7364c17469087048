"""A derivation as plain data, for JSON: every step in the language's own text, as LaTeX and as Unicode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from handgrad.calculus.latex import Latex
from handgrad.calculus.notation import Notation
from handgrad.calculus.unicode import Unicode
from handgrad.derivation.derivation import Derivation
from handgrad.derivation.writing import write_step
from handgrad.version import __version__


def as_data(derivation: Derivation, notation: Notation, errors: Mapping[str, float], only: Sequence[str] = ()) -> dict[str, Any]:
    """The network, and for each step its id, both sides, how it is written, why it holds, and by how much its sides differ."""
    network = derivation.network
    steps = []
    for section in derivation.sections:
        for step in section.steps:
            if only and step.id not in only:
                continue
            written = write_step(derivation, step, notation, section)
            steps.append(
                {
                    "id": step.id,
                    "about": section.about,
                    "layer": None if section.layer is None else str(section.layer.index),
                    "left": str(step.left),
                    "right": str(step.right),
                    "latex": Latex(notation).text(written),
                    "unicode": Unicode(notation).text(written),
                    "reason": step.reason,
                    "computed": not step.proof,
                    "difference": errors[step.id],
                }
            )
    return {
        "handgrad": __version__,
        "network": str(network),
        "loss": network.loss.spelling,
        "l2": network.l2,
        "label_smoothing": network.label_smoothing,
        "optimiser": derivation.optimiser.spelling,
        "schedule": None if derivation.schedule is None else derivation.schedule.spelling,
        "one_over_m": derivation.one_over_m,
        "layers": derivation.layers,
        "steps": steps,
    }
