"""A fully connected network: its widths, activations and loss; and its parameters in one flat buffer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from handgrad.calculus.functions import Array
from handgrad.catalogue.activations import ACTIVATIONS
from handgrad.catalogue.initialisers import INITIALISERS
from handgrad.catalogue.lookup import find_activation, find_loss
from handgrad.catalogue.losses import OUTPUT_GOES_WITH
from handgrad.catalogue.records import Activation, Loss
from handgrad.errors import NetworkError, did_you_mean

LAYER = re.compile(r"\s*(?P<width>[^:]*?)\s*(?::(?P<activation>.*))?", re.DOTALL)
WIDEST, MOST_PARAMETERS = 10**7, 2**31


@dataclass(frozen=True, init=False, repr=False)
class Network:
    """A fully connected network of the layers 1 … L, spelled `4-3:relu-2:relu-1:sigmoid`.

    `widths` are n_0 (the inputs) to n_L (the outputs), as that spelling, or as whole numbers with `activations`: one name for
    all hidden layers, or one per hidden layer, or one per layer. What is left out is ReLU in the hidden layers and, at the output,
    the activation that the `loss` goes with; where no loss is named, the one that the output goes with; where neither is
    named, softmax with cross_entropy for several outputs, identity with squared_error for one.

    `l2` is λ in the penalty λ/2 Σ W² that is added to the loss (biases have none), and `label_smoothing` is ε in the targets
    (1-ε) Y + ε/n_L of cross_entropy.

    Raises NetworkError where these do not make a network, CatalogueError for names that the catalogue does not have.

    >>> Network("64-32-10")
    Network('64-32:relu-10:softmax', loss='cross_entropy')
    >>> Network([2, 3, 2], ["sigmoid", "sigmoid"], loss="squared_error").L
    2
    """

    widths: tuple[int, ...]
    activations: tuple[Activation, ...]
    loss: Loss
    l2: float
    label_smoothing: float

    def __init__(
        self,
        widths: str | Sequence[int],
        activations: str | Activation | Sequence[str | Activation] | None = None,
        loss: str | Loss | None = None,
        *,
        l2: float = 0.0,
        label_smoothing: float = 0.0,
    ) -> None:
        if isinstance(widths, str):
            if activations is not None:
                raise NetworkError(f"activations are part of the spelling {widths!r}; give them there or with whole numbers")
            numbers, given = _read_spelling(widths)
        elif not isinstance(widths, Sequence | np.ndarray):
            raise NetworkError(f"widths are a spelling such as 4-3-1 or a list of whole numbers, but {widths!r} was given")
        else:
            numbers = tuple(_width(width, widths) for width in widths)
            given = _spread(activations, len(numbers) - 1)
        if len(numbers) < 2:
            raise NetworkError(f"a network has inputs and outputs, as in 4-1, but {_shown(widths)} was given")
        *hidden, last = given
        known_loss = None if loss is None else find_loss(loss)
        if known_loss is None:
            names = find_activation(last).name if last else "softmax" if numbers[-1] > 1 else "identity"
            known_loss = find_loss(OUTPUT_GOES_WITH.get(names, "squared_error"))
        used = (*(find_activation(name or "relu") for name in hidden), find_activation(last or known_loss.output))
        _check(numbers, used, known_loss)
        if not (np.isfinite(l2) and l2 >= 0):
            raise NetworkError(f"l2 is a finite number, 0 or more, but {l2} was given")
        if not 0 <= label_smoothing < 1:
            raise NetworkError(f"label_smoothing is 0 or more and below 1, but {label_smoothing} was given")
        if label_smoothing and not known_loss.simplex:
            raise NetworkError(f"label_smoothing goes with cross_entropy, not with {known_loss.name}")
        values = {
            "widths": numbers, "activations": used, "loss": known_loss, "l2": float(l2), "label_smoothing": float(label_smoothing),
        }  # fmt: skip
        for name, value in values.items():
            object.__setattr__(self, name, value)
        if self.size > MOST_PARAMETERS:
            raise NetworkError(f"the network {'-'.join(map(str, numbers))} has more than {MOST_PARAMETERS} parameters")

    @property
    def L(self) -> int:
        """The number of layers."""
        return len(self.widths) - 1

    @property
    def size(self) -> int:
        """The number of parameters."""
        return sum(n * (before + 1) for before, n in pairwise(self.widths))

    def activation(self, layer: int) -> Activation:
        """The activation of a layer from 1 to L."""
        return self.activations[layer - 1]

    def __str__(self) -> str:
        layers = zip(self.widths[1:], self.activations, strict=True)
        return "-".join([str(self.widths[0]), *(f"{n}:{activation.spelling}" for n, activation in layers)])

    def __repr__(self) -> str:
        more = f", l2={self.l2}" if self.l2 else ""
        more += f", label_smoothing={self.label_smoothing}" if self.label_smoothing else ""
        return f"Network('{self}', loss='{self.loss.spelling}'{more})"


def _shown(widths: object) -> str:
    return repr(widths) if isinstance(widths, str) else repr(list(widths))  # type: ignore[call-overload]  # a sequence, for a message


def _width(width: object, widths: object) -> int:
    if isinstance(width, str):
        number = int(width) if re.fullmatch(r"[0-9]{1,9}", width) else None
    else:
        number = int(width) if isinstance(width, int | np.integer) and not isinstance(width, bool) else None
    if number is None or not 1 <= number <= WIDEST:
        raise NetworkError(f"a width is a whole number from 1 to {WIDEST}, but {width!r} was given in {_shown(widths)}")
    return number


def _read_spelling(text: str) -> tuple[tuple[int, ...], list[str | Activation | None]]:
    parts = re.split(r"-(?![^(]*\))", text)  # a minus inside parentheses is a parameter's
    numbers, given = [], list[str | Activation | None]()
    for place, part in enumerate(parts):
        match = LAYER.fullmatch(part)
        assert match is not None  # everything matches: the width is checked, and the activation found, below
        numbers.append(_width(match["width"], text))
        if place:
            if match["activation"] is not None and not match["activation"].strip():
                raise NetworkError(f"an activation's name follows the colon, but {part!r} was given in {text!r}")
            given.append(match["activation"])
        elif match["activation"] is not None:
            raise NetworkError(f"the inputs have no activation, but {part!r} was given in {text!r}")
    return tuple(numbers), given


def _spread(activations: str | Activation | Sequence[str | Activation] | None, layers: int) -> list[str | Activation | None]:
    if activations is None or isinstance(activations, str | Activation):
        return [*[activations] * (layers - 1), None]
    if len(activations) not in (layers - 1, layers):
        raise NetworkError(
            f"{layers} layers take {layers} activations, or {layers - 1} for the hidden ones, but {len(activations)} were given"
        )
    return [*activations, *[None] * (layers - len(activations))]


def _go_together(output: Activation, loss: Loss) -> bool:
    return output.interval in loss.outputs and output.simplex >= loss.simplex


def outputs_for(loss: str | Loss) -> tuple[str, ...]:
    """The output activations of the catalogue that a loss goes with: those whose range lies where the loss needs its outputs.

    >>> outputs_for("binary_cross_entropy"), outputs_for("cross_entropy")
    (('sigmoid', 'softmax'), ('softmax',))
    """
    record = find_loss(loss)
    return tuple(name for name, activation in ACTIVATIONS.items() if _go_together(activation, record))


def _check(widths: tuple[int, ...], activations: tuple[Activation, ...], loss: Loss) -> None:
    *hidden, output = activations
    first: dict[str, Activation] = {}
    for activation in activations:
        other = first.setdefault(activation.name, activation)
        if replace(other, parameters=activation.parameters) != activation:
            raise NetworkError(f"two activations of the network are named {activation.name}, but have different formulas")
    for layer, activation in enumerate(hidden, 1):
        if activation.rowwise:
            raise NetworkError(f"{activation.name} is an output activation, but layer {layer} of {len(activations)} has it")
    if output.rowwise and widths[-1] < 2:
        raise NetworkError(f"{output.name} needs two or more outputs, but {widths[-1]} was given; for one output take sigmoid")
    if loss.simplex and not output.simplex:
        raise NetworkError(f"{loss.name} needs outputs that sum to 1 (softmax), but the output activation is {output.name}")
    if not _go_together(output, loss):
        raise NetworkError(
            f"{loss.name} needs outputs in {loss.outputs}, but {output.name} gives {output.interval}; "
            f"it goes with {', '.join(outputs_for(loss))}"
        )


def _arrays(name: str, given: Sequence[Any]) -> list[Array]:
    found = []
    for layer, values in enumerate(given, 1):
        try:
            array = np.asarray(values)
        except ValueError:
            array = np.asarray(None)
        if array.dtype.kind not in "fiub":
            raise NetworkError(f"{name}[{layer}] is an array of numbers, but {values!r} was given")
        found.append(array)
    return found


class ByLayer(Mapping[int, Array]):
    """Arrays by layer, counted from 1 as in the derivations: W[1] … W[L]."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        self._arrays = arrays

    def __getitem__(self, layer: int) -> Array:
        if not 1 <= layer <= len(self._arrays):
            raise KeyError(f"layers are counted from 1 to {len(self._arrays)}, but {layer} was given")
        return self._arrays[layer - 1]

    def __setitem__(self, layer: int, array: Any) -> None:
        self[layer][...] = array  # so that W[l] -= … writes into the buffer

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, len(self._arrays) + 1))

    def __len__(self) -> int:
        return len(self._arrays)


class Parameters:
    """All weights and biases of a network in one flat `buffer`, with views W[l] of n_l × n_{l-1} and b[l] of n_l.

    In the buffer stand W[1] (row by row), b[1], W[2], b[2] and so on. A buffer with more dimensions in front is a stack of
    parameter sets. Writing to a view writes to the buffer. Gradients have the same form.
    """

    def __init__(self, network: Network, buffer: Array | None = None, dtype: npt.DTypeLike = np.float64) -> None:
        if buffer is None:
            buffer = np.zeros(network.size, dtype)
        if buffer.shape[-1:] != (network.size,):
            raise NetworkError(f"{network} has {network.size} parameters, but a buffer of the shape {buffer.shape} was given")
        self.network, self.buffer = network, buffer
        W, b, start = list[Array](), list[Array](), 0
        for before, n in pairwise(network.widths):
            W.append(buffer[..., start : start + n * before].reshape(*buffer.shape[:-1], n, before))
            start += n * before
            b.append(buffer[..., start : start + n])
            start += n
        self.W, self.b = ByLayer(W), ByLayer(b)

    @classmethod
    def draw(
        cls,
        network: Network,
        rng: np.random.Generator | int,
        initialiser: str | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> Parameters:
        """First parameters: weights from an initialiser (by default the one that suits each layer's activation), zero biases."""
        rng = np.random.default_rng(rng)
        found = cls(network, dtype=dtype)
        for layer, W in found.W.items():
            name = initialiser or network.activation(layer).initialiser
            if name not in INITIALISERS:
                raise NetworkError(f"there is no initialiser {name!r}. {did_you_mean(name, INITIALISERS)}")
            W[...] = INITIALISERS[name].draw(rng, W.shape[1], W.shape[0])
        return found

    @classmethod
    def given(cls, network: Network, W: Sequence[Any], b: Sequence[Any] | None = None) -> Parameters:
        """Parameters from arrays: W[0] is the first layer's, n_1 × n_0. Without b, biases are zero.

        float64 unless all arrays are float32.
        """
        W, b = _arrays("W", W), None if b is None else _arrays("b", b)
        arrays = [*W, *(b or ())]
        found = cls(network, dtype=np.float32 if all(array.dtype == np.float32 for array in arrays) else np.float64)
        for name, views, own in (("W", found.W, W), ("b", found.b, b)):
            if own is None:
                continue
            if len(own) != network.L:
                raise NetworkError(f"{network} has {network.L} layers, but {len(own)} arrays were given for {name}")
            for layer, array in enumerate(own, 1):
                if np.shape(array) != views[layer].shape:
                    raise NetworkError(f"{name}[{layer}] has the shape {views[layer].shape}, but {np.shape(array)} was given")
                views[layer][...] = array
        if not np.isfinite(found.buffer).all():
            raise NetworkError("weights and biases are finite numbers, but NaN or infinity was given")
        return found

    def arrays(self) -> dict[str, Array]:
        """The views by name: "W[1]", "b[1]", "W[2]" and so on."""
        return {f"{name}[{layer}]": views[layer] for layer in self.W for name, views in (("W", self.W), ("b", self.b))}

    def __reduce__(self) -> tuple[Any, ...]:
        return Parameters, (self.network, self.buffer)  # the views are made anew, over the buffer

    def copy(self) -> Parameters:
        """Parameters with a buffer of their own."""
        return Parameters(self.network, self.buffer.copy())

    def __repr__(self) -> str:
        return f"Parameters of {self.network}: {self.network.size} numbers, {self.buffer.dtype}"
