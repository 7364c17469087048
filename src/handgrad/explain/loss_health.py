"""The health of a run's loss: how it starts, where it goes, and whether there is more to gain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from handgrad.explain.findings import CONVERGED, FEW_EXAMPLES, Examined, Finding
from handgrad.explain.matrices import plain, told_apart

ABOVE_GUESSING = (1.0, 4.0)
"""How far a loss may lie above that of guessing: a note, and a warning. An ordinary draw adds about ½ to 1.

Of few examples, whose mean varies more, the limit of a warning is wider.
"""
RISE = 0.1
"""A loss that rises by more than this share in a step is a warning; a smaller rise is a note."""
NO_RISE = 1e-9
"""A rise by less than this share of the loss at the start is rounding, or as good as that."""


@dataclass(frozen=True)
class LossHealth(Examined):
    """Checks of the loss, before each iteration and after the last."""

    def findings(self, losses: list[float]) -> Iterator[Finding]:
        """All that is found about the loss."""
        bad = [number for number, loss in enumerate(losses) if not np.isfinite(loss)]
        if bad:
            when = "at the start" if bad[0] == 0 else f"after iteration {bad[0]}"
            start = f", from {plain(losses[0])} at the start" if bad[0] else ""
            yield Finding(
                "loss_not_finite",
                "warning",
                f"The loss is {plain(losses[bad[0]])} {when}{start}: numbers have grown beyond what can be held, which a smaller "
                "learning rate, smaller weights or scaled inputs prevent.",
                data={"losses": losses},
            )
            return
        yield from self.against_guessing()
        if len(losses) > 1:
            rise = self.rise(losses)
            if rise is not None:
                yield rise
            if rise is None or len(losses) > 2:
                yield self.course(losses, spoiled=rise is not None and rise.level == "warning")
        if self.settled(CONVERGED):
            yield Finding(
                "converged",
                "note",
                f"The run has converged: the gradient by all parameters together has a length of {plain(self.gradient_length)}"
                f"{f', after {plain(self.first_length)} at the start' if self.first is not self.last else ''}.",
                data={"gradient": self.gradient_length},
            )

    def rise(self, losses: list[float]) -> Finding | None:
        """The largest rise in an iteration, if there is one to speak of."""
        steps = [(after - before, number, before, after) for number, (before, after) in enumerate(pairwise(losses), 1)]
        rise, number, before, after = max(steps)
        if rise <= NO_RISE * abs(losses[0]) or plain(before) == plain(after):
            return None
        alpha = "" if self.derivation.schedule else f" with α = {plain(float(np.asarray(self.first['alpha'])))}"
        return Finding(
            "loss_rises",
            "warning" if rise > RISE * max(abs(before), 1e-12) else "note",
            f"The loss rises from {plain(before)} to {plain(after)} in iteration {number}: the step{alpha} leads "
            "past the point that it aims at, and a smaller learning rate would not.",
            data={"losses": losses, "iteration": number},
        )

    def course(self, losses: list[float], *, spoiled: bool) -> Finding:
        """How the loss went from the start to the end; what falls in the end is not good where it leapt on the way."""
        start, end = losses[0], losses[-1]
        data, shown = {"losses": losses}, told_apart(start, end)
        if start == end:
            return Finding("loss_stays", "note", f"The loss stays at {plain(start)}.", data=data)
        if plain(start) == plain(end):
            return Finding("loss_stays", "note", f"The loss hardly changes: it goes from {shown[0]} to {shown[1]}.", data=data)
        over = f" over {len(losses) - 1} iterations" if len(losses) > 2 else ""
        if end > start:
            return Finding("loss_grows", "note", f"The loss goes up from {shown[0]} to {shown[1]}{over}.", data=data)
        share = f", by {plain(100 * (start - end) / start, 2)} %" if start > 0 else ""
        sentence = f"The loss falls from {shown[0]} to {shown[1]}{over}{share}."
        return Finding("loss_falls", "note" if spoiled else "good", sentence, data=data)

    def against_guessing(self) -> Iterator[Finding]:
        """The loss of the examples at the start, without the penalty, against that of even guesses."""
        network = self.derivation.network
        K = network.widths[-1]
        if network.loss.name == "cross_entropy":
            guessing, words = float(np.log(K)), f"guessing all {K} classes alike would give log {K} = {plain(np.log(K))}"
        elif network.loss.name == "binary_cross_entropy":
            guessing = K * float(np.log(2))
            words = f"guessing ½ would give {f'{K} log 2' if K > 1 else 'log 2'} = {plain(guessing)}"
        else:
            return
        loss = float(np.average(np.asarray(self.first["ell"]), weights=self.first.get("w")))
        above = (loss - guessing) / (K if network.loss.name == "binary_cross_entropy" else 1)
        data = {"loss": loss, "guessing": guessing}
        if above > ABOVE_GUESSING[0]:
            yield Finding(
                "loss_too_high",
                "warning" if above > ABOVE_GUESSING[1] * max(1.0, np.sqrt(FEW_EXAMPLES / self.m)) else "note",
                f"The loss of the examples starts at {plain(loss)}, but {words}: the network is sure of wrong answers, as weights "
                "that are too large, inputs that are not scaled or mixed-up labels make it.",
                data=data,
            )
        else:
            yield Finding("loss_plausible", "good", f"The loss of the examples starts at {plain(loss)}; {words}.", data=data)
