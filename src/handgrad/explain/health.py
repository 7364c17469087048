"""The health of a run: what is wrong, or well, in the numbers of a pass, in plain words and with the numbers behind it.

A warning is kept for what stops or spoils learning and hardly ever comes of an ordinary draw of weights; a note is for what
is worth a look. The limits stand at the top of each file, each with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from handgrad.calculus.evaluation import Value
from handgrad.derivation import Derivation
from handgrad.explain.findings import FEW_EXAMPLES, LEVELS, Examined, Finding, numbered
from handgrad.explain.layer_health import MANY, SOME, LayerHealth
from handgrad.explain.loss_health import LossHealth
from handgrad.explain.matrices import plain

LARGE_INPUT = (10.0, 100.0)
"""The largest input in size: a note, and a warning. Standardised inputs seldom exceed 5."""
CERTAIN = 0.99
"""An output between 0 and 1 that is wrong by more than this is as sure as it can be."""


SPOILED = {
    "gradients_flow": {
        "loss_not_finite", "loss_rises", "exploding_gradients", "vanishing_gradients", "large_gradients", "zero_gradient",
        "dead_units", "saturated", "update_too_large",
    },
    "loss_plausible": {"loss_not_finite", "unreachable_target"},
    "loss_falls": {"loss_not_finite"},
}  # fmt: skip
"""What is good is not said where one of these warnings is given."""


def health(
    derivation: Derivation,
    passes: Sequence[Mapping[str, Value]],
    losses: Sequence[float] | None = None,
    after: Mapping[str, Value] | None = None,
) -> tuple[Finding, ...]:
    """Judge passes of a run, each a mapping of all its values as `Derivation.evaluate` returns it: the first and the last count.

    `losses` are J before each iteration and after the last; by default those of the passes. `after` is a pass after the last
    step, without updates of its own. Warnings come first.
    """
    ends = (derivation, passes[0], passes[-1])
    given = [float(np.asarray(values["J"])) for values in passes] if losses is None else list(losses)
    count = len(passes) if losses is None else len(losses) - 1
    run, layers = _RunHealth(*ends), LayerHealth(*ends, when=f" in iteration {count}" if count > 1 else "")
    found = [*LossHealth(*ends).findings(given), *run.reach(), *layers.findings(), *run.symmetry(), *run.inputs(), *run.outputs()]
    if after is not None and np.isfinite(given).all():
        found += _afterwards(derivation, passes[0], after, found)
    warned = {finding.kind for finding in found if finding.level == "warning"}
    kept = [finding for finding in found if finding.level != "good" or not warned & SPOILED.get(finding.kind, set())]
    return tuple(sorted(kept, key=lambda finding: LEVELS.index(finding.level)))


def _afterwards(
    derivation: Derivation, first: Mapping[str, Value], after: Mapping[str, Value], known: Sequence[Finding]
) -> Iterator[Finding]:
    """What is ill after the last step and was not, or less so, before it."""
    levels = {(finding.kind, finding.layer): LEVELS.index(finding.level) for finding in known}
    fine = LEVELS.index("good")
    for finding in (*LayerHealth(derivation, first, after).state(), *_RunHealth(derivation, first, after).outputs()):
        worse = LEVELS.index(finding.level) < levels.get((finding.kind, finding.layer), fine)
        if worse and finding.kind != "gradients_flow":
            yield replace(finding, sentence=f"After the last step, {finding.sentence[0].lower()}{finding.sentence[1:]}")


@dataclass(frozen=True)
class _RunHealth(Examined):
    """Checks of the weights at the start, and of what goes in and comes out."""

    def reach(self) -> Iterator[Finding]:
        """Targets that the output's activation can never give."""
        L = self.derivation.network.L
        activation, targets = self.derivation.network.activation(L), np.asarray(self.first["Y"], np.float64).T
        low, high = activation.interval.low, activation.interval.high
        outside = np.argwhere((targets < low) | (targets > high))
        if not outside.size:
            return
        number, unit = outside[0]
        others = len(set(outside[:, 0].tolist())) - 1
        gives = f"{plain(low)} to {plain(high)}" if np.isfinite(high) else f"nothing below {plain(low)}"
        gives = f"nothing above {plain(high)}" if not np.isfinite(low) else gives
        more = f", and {others} more {'is' if others == 1 else 'are'} out of its reach" if others else ""
        yield Finding(
            "unreachable_target",
            "warning",
            f"{activation.words} gives {gives}, but the target of example {number + 1} is {plain(targets[number, unit])}{more}: no "
            "training brings the outputs there.",
            L,
            {"examples": sorted({int(place) + 1 for place in outside[:, 0]})},
        )

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
