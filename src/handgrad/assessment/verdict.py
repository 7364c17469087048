"""The first line of a report: whether the network is worth having."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from handgrad.assessment.baselines import Baseline
from handgrad.assessment.numerals import score, told_apart

SUBJECTS = {
    "majority class": "Always answering the majority class",
    "mean": "Always answering the mean",
    "linear model": "A linear model",
}
"""What a baseline is called at the start of a sentence; else by its name."""


def verdict(scores: Mapping[str, float], error: float, baselines: Iterable[Baseline], rows: int, where: str = "held out") -> str:
    """One sentence: which is best by the first score, by how much, and on how many rows.

    `error` is the standard error of the network's first score; a smaller difference is said to be within the noise.
    """
    name, ours = next(iter(scores.items()))
    on = " ".join(filter(None, (f"on {rows:,} row{'' if rows == 1 else 's'}", where)))
    if math.isnan(ours):
        return f"There is no {name} {on}: the target is the same in all of them"
    tried = [one for one in baselines if math.isfinite(one.scores.get(name, math.nan))]
    if not tried:
        return f"{name[0].upper()}{name[1:]} {score(name, ours)}{give_or_take(error)} {on}"
    best = max(tried, key=lambda one: one.scores[name])
    theirs = best.scores[name]
    mine, other = told_apart(name, ours, theirs)
    noise = ", within the noise of so few rows" if 0 < abs(theirs - ours) < error else ""
    subject = SUBJECTS.get(best.name, best.name)
    if theirs > ours:
        return f"{subject} does better here: {name} {other} against the network's {mine} {on}{noise}"
    if theirs == ours:
        return f"{subject} does as well as the network: {name} {mine} {on}"
    named = subject[0].lower() + subject[1:] if best.name in SUBJECTS else subject
    return f"The network is better than every baseline: {name} {mine} against {other} of {named} {on}{noise}"


def give_or_take(error: float) -> str:
    """A standard error behind its score; nothing where it cannot be told, or is 0 since all rows are right."""
    return f" ± {error:.3f}" if error > 0 else ""
