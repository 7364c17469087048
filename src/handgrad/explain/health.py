"""The health of a run: what is wrong, or well, in the numbers of a pass, in plain words and with the numbers behind it.

A warning is kept for what stops or spoils learning and hardly ever comes of an ordinary draw of weights; a note is for what
is worth a look. The limits stand at the top of each file, each with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from handgrad.calculus.evaluation import Value
from handgrad.derivation import Derivation
from handgrad.explain.findings import FEW_EXAMPLES, LEVELS, Examined, Finding, numbered
from handgrad.explain.layer_health import MANY, SOME, LayerHealth
from handgrad.explain.matrices import plain

ABOVE_GUESSING = (1.0, 4.0)
"""How far a loss may lie above that of guessing: a note, and a warning. An ordinary draw adds about ½ to 1.

Of few examples, whose mean varies more, the limit of a warning is wider.
"""
LARGE_INPUT = (10.0, 100.0)
"""The largest input in size: a note, and a warning. Standardised inputs seldom exceed 5."""
RISE = 0.1
"""A loss that rises by more than this share in a step is a warning; a smaller rise is a note."""
CERTAIN = 0.99
"""An output between 0 and 1 that is wrong by more than this is as sure as it can be."""


def health(
    derivation: Derivation, passes: Sequence[Mapping[str, Value]], losses: Sequence[float] | None = None
) -> tuple[Finding, ...]:
    """Judge passes of a run, each a mapping of all its values as `Derivation.evaluate` returns it: the first and the last count.

    `losses` are J before each iteration and after the last; by default those of the passes. Warnings come first.
    """
    run, layers = _RunHealth(derivation, passes[0], passes[-1]), LayerHealth(derivation, passes[0], passes[-1])
    given = [float(np.asarray(values["J"])) for values in passes] if losses is None else list(losses)
    found = [*run.losses(given), *layers.findings(), *run.symmetry(), *run.inputs(), *run.outputs()]
    return tuple(sorted(found, key=lambda finding: LEVELS.index(finding.level)))


@dataclass(frozen=True)
class _RunHealth(Examined):
    """Checks of the loss, of the weights at the start, and of what goes in and comes out."""

    def losses(self, losses: list[float]) -> Iterator[Finding]:
        bad = [number for number, loss in enumerate(losses) if not np.isfinite(loss)]
        if bad:
            when = "at the start" if bad[0] == 0 else f"after iteration {bad[0]}"
            shown = plain(losses[bad[0]])
            yield Finding(
                "loss_not_finite",
                "warning",
                f"The loss is {shown} {when}: numbers have grown beyond what can be held, which a smaller learning rate, smaller "
                "weights or scaled inputs prevent.",
                data={"losses": losses},
            )
            return
        yield from self.against_guessing()
        start, end = losses[0], losses[-1]
        steps = [(after - before, number, before, after) for number, (before, after) in enumerate(pairwise(losses), 1)]
        if not steps:
            return
        rise, number, before, after = max(steps)
        if rise > 0:
            alpha = plain(float(np.asarray(self.first["alpha"])))
            yield Finding(
                "loss_rises",
                "warning" if rise > RISE * max(abs(before), 1e-12) else "note",
                f"The loss rises from {plain(before)} to {plain(after)} in iteration {number}: the step with α = {alpha} leads "
                "past the point that it aims at, and a smaller learning rate would not.",
                data={"losses": losses, "iteration": number},
            )
        elif end < start:
            share = f", by {plain(100 * (start - end) / start, 2)} %" if start > 0 else ""
            yield Finding(
                "loss_falls", "good", f"The loss falls from {plain(start)} to {plain(end)}{share}.", data={"losses": losses}
            )

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

    def symmetry(self) -> Iterator[Finding]:
        """Hidden units with equal weights in, equal biases and equal weights out: they stay equal for ever."""
        for layer in self.layers[:-1]:
            W, b = (np.asarray(self.first[f"{name}[{layer}]"], np.float64) for name in "Wb")
            out = np.asarray(self.first[f"W[{layer + 1}]"], np.float64).T
            _, group, counts = np.unique(np.column_stack([W, b, out]), axis=0, return_inverse=True, return_counts=True)
            units = np.flatnonzero(counts[np.reshape(group, -1)] > 1)
            if not units.size:
                continue
            which = "all weights are 0" if not W.any() else "their weights are equal, in and out, and so are their biases"
            yield Finding(
                "symmetric_units",
                "warning",
                f"{numbered(units).capitalize()} of layer {layer} start alike: {which}. Their gradients are equal too, so that "
                "they can never differ; draw the weights at random.",
                layer,
                {"units": [int(unit) + 1 for unit in units]},
            )

    def inputs(self) -> Iterator[Finding]:
        X = np.asarray(self.first["X"], np.float64)
        largest = float(np.abs(X).max())
        if largest > LARGE_INPUT[0]:
            row, column = np.unravel_index(int(np.argmax(np.abs(X))), X.shape)
            yield Finding(
                "large_inputs",
                "warning" if largest > LARGE_INPUT[1] else "note",
                f"Input {row + 1} of example {column + 1} is {plain(X[row, column])}; inputs are usually scaled to mean 0 and "
                "standard deviation 1, without which large ones rule the sums and their weights' gradients.",
                data={"largest": largest},
            )

    def outputs(self) -> Iterator[Finding]:
        """Outputs that do not depend on the example, and those that are certain of a wrong answer."""
        network, L = self.derivation.network, self.derivation.network.L
        X, A, Y = (np.asarray(self.last[key], np.float64) for key in ("X", f"A[{L}]", "Y"))
        if not np.isfinite(A).all():
            return
        if self.m > 1 and (X[:, :1] != X).any() and (A.max(axis=1) - A.min(axis=1) <= 1e-12 * np.abs(A).max()).all():
            yield Finding(
                "constant_output",
                "warning" if self.m >= FEW_EXAMPLES else "note",
                f"The output is the same for {self.examples}, {', '.join(plain(a) for a in A[:4, 0])}"
                f"{', …' if len(A) > 4 else ''}, although their inputs differ.",
                L,
                {"output": A[:, 0].tolist()},
            )
        interval = network.activation(L).interval
        if (interval.low, interval.high) != (0, 1):
            return
        wrong = ((np.abs(A - Y) > CERTAIN) & ((A < 1 - CERTAIN) | (A > CERTAIN))).any(axis=0)
        if np.mean(wrong) < SOME:
            return
        learns = network.loss.fused_with(network.activation(L)) is not None
        then = (
            "the gradient is large there, so that this can be unlearned"
            if learns
            else "the slope is nearly 0 there, so that this is hardly unlearned"
        )
        yield Finding(
            "certain_and_wrong",
            "warning" if not learns and np.mean(wrong) >= MANY else "note",
            f"On {int(wrong.sum())} of {self.m} examples an output is wrong by more than {CERTAIN}, as sure as it can be; with "
            f"{network.loss.name} {then}.",
            L,
            {"examples": (np.flatnonzero(wrong) + 1).tolist()},
        )
