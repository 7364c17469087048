"""The health of layers: whether their units are alive and their gradients and steps of a usual size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from handgrad.calculus.evaluation import Value, evaluate
from handgrad.calculus.expressions import Symbol, symbol
from handgrad.calculus.functions import Array
from handgrad.calculus.indices import EXAMPLE
from handgrad.derivation import Derivation, following
from handgrad.explain.findings import FEW_EXAMPLES, NEARLY, Examined, Finding, Level, gradient_by, numbered, rms
from handgrad.explain.matrices import plain

SATURATED = 0.01
"""A unit is saturated where its slope is below this share of the largest slope: |z| > 6 for sigmoid, 3 for tanh."""
MANY, SOME, ENTRIES = 0.5, 0.2, 8
"""A warning from half of a layer's entries on, a note from a fifth on; a warning needs so many entries to go by."""
VANISHED, FADED = 1e-4, 1e-2
"""The gradient that arrives at the first layer against that at the last: a warning, and a note. Its inverse for exploding."""
A_LAYER, DEEP = 3.0, 4
"""A gradient that grows or fades by more than this factor a layer does not flow well; in so many layers it explodes or vanishes."""
HUGE = (10.0, 100.0)
"""‖dW‖/‖W‖, which is usually below 1: a note, and a warning."""
UPDATE = (1e-7, 1e-5, 1e-1, 1.0)
"""‖ΔW‖/‖W‖: usual is about 1e-3. A warning outside the outer limits, a note outside the inner ones."""


def update_ratio(values: Mapping[str, Value], layer: int) -> float:
    """‖ΔW‖/‖W‖ of a layer; infinite where W is 0 and moves."""
    W = np.asarray(values[f"W[{layer}]"], np.float64)
    with np.errstate(all="ignore"):
        step = float(np.linalg.norm(np.asarray(values[following(f"W[{layer}]")]) - W))
        size = float(np.linalg.norm(W))
    return step / size if size else (np.inf if step else 0.0)


def gradient_ratio(values: Mapping[str, Value], layer: int) -> float:
    """‖dW‖/‖W‖ of a layer; 0 where W is 0."""
    with np.errstate(all="ignore"):
        size = float(np.linalg.norm(np.asarray(values[f"W[{layer}]"], np.float64)))
        return float(np.linalg.norm(gradient_by(values, "W", layer))) / size if size else 0.0


def layer_sizes(derivation: Derivation, values: Mapping[str, Value]) -> list[dict[str, float]]:
    """By layer: the root mean squares of A, dZ and dW, and ‖ΔW‖/‖W‖."""
    return [
        {
            "layer": layer,
            "A": rms(values[f"A[{layer}]"]),
            "dZ": rms(gradient_by(values, "Z", layer)),
            "dW": rms(gradient_by(values, "W", layer)),
            "update": update_ratio(values, layer),
        }
        for layer in range(1, derivation.network.L + 1)
    ]


@dataclass(frozen=True)
class LayerHealth(Examined):
    """Checks of the layers in the last pass."""

    def findings(self) -> Iterator[Finding]:
        """All that is found about the layers."""
        yield from self.state()
        for layer in self.layers:
            yield from self.no_gradient(layer)
            yield from self.update(layer)

    def state(self) -> Iterator[Finding]:
        """What is found without a look at the step: units and the flow of gradients."""
        for layer in self.layers:
            yield from self.dead(layer)
            yield from self.saturated(layer)
        yield from self.flow()
        yield from self.large()

    def slopes(self, layer: int) -> Array | None:
        """The slopes of a layer's activation, n_l × m, where it has one for each entry."""
        activation = self.derivation.network.activation(layer)
        key = activation.call(symbol("Z", layer), 1).key
        if activation.rowwise or activation.name == "identity" or key not in self.last:
            return None
        return np.asarray(self.last[key], np.float64)

    def bounded(self, layer: int) -> bool:
        """Whether an activation is flat at both ends."""
        interval = self.derivation.network.activation(layer).interval
        return bool(np.isfinite(interval.low) and np.isfinite(interval.high))

    def dead(self, layer: int) -> Iterator[Finding]:
        """ReLUs without slope on any example."""
        slopes = self.slopes(layer)
        if slopes is None or self.derivation.network.activation(layer).name != "relu":
            return
        units = np.flatnonzero((slopes == 0).all(axis=1))
        if not units.size:
            return
        every, one = len(units) == len(slopes), len(units) == 1
        grave = self.m >= FEW_EXAMPLES and (every or 2 * len(units) >= len(slopes) > 2)
        sentence = (
            f"{numbered(units).capitalize()} of layer {layer} ({len(units)} of {len(slopes)} ReLUs) {'is' if one else 'are'} "
        )
        sentence += f"inactive on {self.examples}, so that no gradient passes through {'it' if one else 'them'}"
        if every:
            sentence += "; nothing below learns from these examples"
        if self.m < FEW_EXAMPLES:
            sentence += "; on so few examples that is common"
        yield Finding(
            "dead_units",
            "warning" if grave else "note",
            sentence + ".",
            layer,
            {"units": [int(unit) + 1 for unit in units], "of": len(slopes), "examples": self.m},
        )

    def saturated(self, layer: int) -> Iterator[Finding]:
        """A hidden layer's entries on the flat parts of a bounded activation."""
        slopes = self.slopes(layer)
        if slopes is None or not self.bounded(layer) or layer == self.derivation.network.L:
            return
        activation = self.derivation.network.activation(layer)
        z = Symbol("z", on=(EXAMPLE,))
        everywhere = evaluate(activation.call(z, 1), {"z": np.linspace(-4, 4, 81)}, self.derivation.functions)
        largest = float(np.abs(everywhere).max())
        share = float(np.mean(np.abs(slopes) < SATURATED * largest))
        if share < SOME:
            return
        grave = share >= MANY and slopes.size >= ENTRIES
        Z = np.asarray(self.last[f"Z[{layer}]"], np.float64)
        yield Finding(
            "saturated",
            "warning" if grave else "note",
            f"{share:.0%} of the entries of A in layer {layer} ({activation.name}) are saturated: their slope is below 1 % of its "
            f"largest, {plain(largest)}, since Z reaches from {plain(Z.min())} to {plain(Z.max())}; they hardly learn.",
            layer,
            {"share": share, "entries": int(slopes.size), "largest_slope": largest},
        )

    def flow(self) -> Iterator[Finding]:
        """The gradient by Z on its way from the last layer to the first."""
        L = self.derivation.network.L
        sizes = [rms(gradient_by(self.last, "Z", layer)) for layer in self.layers]
        if L < 2 or not np.isfinite(sizes).all() or not sizes[-1] or not sizes[0]:
            return
        ratio = sizes[0] / sizes[-1]
        each = ratio ** (1 / (L - 1))
        data = {"dZ": sizes, "ratio": ratio, "per_layer": each}
        moved = f"from {plain(sizes[-1])} in layer {L} to {plain(sizes[0])} in layer 1 (root mean square of dZ{self.when})"
        factor = f"by a factor of {plain(each, 2)} a layer"
        deep = DEEP <= L
        if ratio < FADED or (deep and each < 1 / A_LAYER):
            level: Level = "warning" if ratio < VANISHED else "note"
            yield Finding(
                "vanishing_gradients", level, f"The gradient fades {moved}, {factor}: the first layers hardly learn.", data=data
            )
        elif ratio > 1 / FADED or (deep and each > A_LAYER):
            level = "warning" if ratio > 1 / VANISHED else "note"
            yield Finding("exploding_gradients", level, f"The gradient grows {moved}, {factor}: the first layers leap.", data=data)
        elif not 1 / A_LAYER <= each <= A_LAYER:
            way = "fades" if each < 1 else "grows"
            much = f"over ten layers that would come to {plain(each**10, 2)}"
            yield Finding("gradients_flow", "note", f"The gradient {way} {moved}, {factor}; {much}.", data=data)
        else:
            yield Finding(
                "gradients_flow", "good", f"The gradient goes {moved}, {factor}, and neither vanishes nor explodes.", data=data
            )

    def large(self) -> Iterator[Finding]:
        """Gradients that are large against the weights, in whichever layer they are the largest."""
        ratios = [gradient_ratio(self.last, layer) for layer in self.layers]
        layer = int(np.argmax(ratios)) + 1
        ratio = ratios[layer - 1]
        if not np.isfinite(ratio) or ratio <= HUGE[0]:
            return
        yield Finding(
            "large_gradients",
            "warning" if ratio > HUGE[1] else "note",
            f"The gradients are large against the weights: ‖dW‖/‖W‖ = {plain(ratio, 2)} in layer {layer}, where less than 1 is "
            f"usual; the loss is {plain(float(np.asarray(self.last['J'])))}. Outputs that are far off do that: the weights, the "
            "inputs or the targets are too large, or a step was.",
            data={"ratio": ratio, "layer": layer},
        )

    def no_gradient(self, layer: int) -> Iterator[Finding]:
        """A layer whose weights have no gradient at all, and why."""
        gradient = gradient_by(self.last, "W", layer)
        if gradient.any():
            return
        L = self.derivation.network.L
        if not gradient_by(self.last, "Z", L).any():
            if layer == L:
                loss = float(np.asarray(self.last["J"]))
                yield Finding(
                    "nothing_to_learn",
                    "note",
                    f"The gradient is 0 everywhere: with a loss of {plain(loss)} no small change of the weights would lower it.",
                    data={"loss": loss},
                )
            return
        above = next((l for l in range(layer + 1, L + 1) if not np.asarray(self.last[f"W[{l}]"]).any()), None)
        below = not np.asarray(self.last[f"A[{layer - 1}]"]).any()
        why = (
            f" since all activations of layer {layer - 1} are 0"
            if below and gradient_by(self.last, "Z", layer).any()
            else f", since W of layer {above} is 0 and passes nothing back"
            if above
            else ""
        )
        yield Finding(
            "zero_gradient",
            "warning" if above or self.m >= FEW_EXAMPLES else "note",
            f"The gradient of every weight of layer {layer} is exactly 0{why}: the layer does not learn.",
            layer,
        )

    def update(self, layer: int) -> Iterator[Finding]:
        """The step of the weights against the weights."""
        ratio, (least, low, high, most) = update_ratio(self.last, layer), UPDATE
        if not np.isfinite(ratio) or low <= ratio <= high or (ratio < low and self.settled(NEARLY)):
            return
        if ratio == 0:
            yield from self.lost(layer)
            return
        grave = ratio < least or ratio > most
        words = "small" if ratio < low else "large"
        yield Finding(
            f"update_too_{words}",
            "warning" if grave else "note",
            f"The step of W in layer {layer} is {words}: ‖ΔW‖/‖W‖ = {plain(ratio, 2)}, where about 0.001 is usual.",
            layer,
            {"ratio": ratio},
        )

    def lost(self, layer: int) -> Iterator[Finding]:
        """Weights with a gradient that do not move."""
        gradient = rms(gradient_by(self.last, "W", layer))
        if gradient > 0:
            yield Finding(
                "step_lost",
                "warning",
                f"No weight of layer {layer} moves, although the gradient is not 0 (root mean square of dW {plain(gradient)}): the "
                f"step with α = {plain(float(np.asarray(self.last['alpha'])))} is so small that it is lost in rounding.",
                layer,
                {"gradient": gradient},
            )
