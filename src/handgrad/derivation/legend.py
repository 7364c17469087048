"""What the names of a derivation mean, for those that it uses."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.calculus.expressions import Call, Derivative, Symbol, symbol, symbols
from handgrad.calculus.indices import unit
from handgrad.calculus.layout import lay_out
from handgrad.calculus.notation import Notation
from handgrad.calculus.written import Kronecker, Written
from handgrad.derivation.derivation import Derivation
from handgrad.document.blocks import Words

Entry = tuple[Words, Words]
"""A symbol, and what it means."""
MOST_SHAPES = 4
"""Of more layers than these, the shapes of the parameters are not listed."""
CONSTANTS = {
    "alpha": "the learning rate",
    "alpha0": "the learning rate that the schedule starts from",
    "lambda": "the weight of the L2 penalty",
    "epsilon": "the share of each target that label smoothing moves",
    "K": "the number of classes",
    "R": "the L2 penalty of all layers",
    "t": "the number of the step, from 1",
    "beta": "the share that the velocity keeps",
    "beta1": "the share that the mean of the gradient keeps",
    "beta2": "the share that the mean of its square keeps",
    "rho": "the share that the mean of the squared gradient keeps",
    "lambda0": "the decoupled decay of weights",
    "T": "the number of steps of the whole run",
    "epoch": "the number of the epoch, from 1",
    "stalls": "how often the loss has stopped improving so far",
    "factor": "the factor of the schedule",
    "every": "how many epochs keep one learning rate",
    "gamma": "the share of the learning rate that each epoch keeps",
    "power": "the power of the step's number by which the learning rate falls",
    "patience": "how many epochs without an improvement it takes to lower the learning rate",
    "tolerance": "the least that counts as an improvement of the loss",
    "warmup": "the share of the steps over which the learning rate rises",
    "epsilon0": "a small number that keeps the quotient finite",
}
KEPT = {"v": "what the update rule keeps of the gradient", "s": "what it keeps of the gradient's square"}


def legend(derivation: Derivation, notation: Notation) -> Iterator[Entry]:
    """The names of a derivation in a notation, and what each of them means."""
    network = derivation.network
    layer: int | str = "l" if derivation.layers != "numbered" or network.L > 1 else 1
    whose = {"single": "of the example", "indexed": "of an example"}.get(notation.examples, "of all examples")
    used = {quantity.name for step in derivation.steps for side in (step.left, step.right) for quantity in symbols(side)}

    def name(quantity: Symbol) -> Written:
        return lay_out(quantity, notation)

    yield (name(symbol("X")),), (f"the inputs {whose}",)
    yield (name(symbol("Y")),), (f"the targets {whose}",)
    if "Y_smooth" in used:
        yield (name(symbol("Y_smooth")),), ("the targets after label smoothing",)
    yield (name(symbol("W", layer)), ", ", name(symbol("b", layer))), ("the weights and biases of a layer",)
    yield (name(symbol("Z", layer)), ", ", name(symbol("A", layer))), ("what a layer adds up, and its activations",)
    yield from _functions(derivation, notation)
    yield (name(symbol("ell")),), ("the loss of an example",)
    yield (name(symbol("J")),), ("the loss of a batch",)
    yield from _gradients(derivation, notation, layer)
    for state, meaning in KEPT.items():
        if f"{state}_W" in used:
            kept = (name(Symbol(f"{state}_{of}", symbol(of, layer).layer)) for of in "Wb")
            yield (next(kept), ", ", next(kept)), (f"{meaning}, for weights and biases",)
    weighted = notation.weighted and notation.examples != "single"
    if weighted:
        yield (name(symbol("w")),), ("the weight of an example in the mean",)
    elif notation.examples != "single":
        yield (name(symbol("m")),), ("the number of examples",)
    if derivation.layers != "numbered":
        yield (name(symbol("L")),), (f"the number of layers, here {network.L}",)
    if derivation.layers == "general":
        yield (name(symbol("l")),), (f"any layer from 1 to L, a hidden one from 1 to {network.L - 1}",)
    shapes = notation.form != "index" and derivation.layers == "numbered" and network.L <= MOST_SHAPES
    if shapes or notation.sums in {"from_0", "from_1"}:
        yield (name(symbol("n", layer)),), ("the number of units of a layer",)
    for constant, meaning in CONSTANTS.items():
        if constant in used:
            yield (name(symbol(constant)),), (meaning,)
    if network.activations[-1].rowwise:
        j, k = notation.letters[0], (notation.letters + "'")[1]
        yield (Kronecker(unit(layer), (k, j)),), ("1 where the two indices agree, else 0",)


def _functions(derivation: Derivation, notation: Notation) -> Iterator[Entry]:
    """g[l], where the layers that it stands for have different activations or a Python function."""
    network = derivation.network
    general = any(isinstance(step.right, Call) and step.right.function == "g" for step in derivation.steps)
    if not general:
        return
    if derivation.layers == "general":
        hidden = ", ".join(f"{g.words} in layer {l}" for l, g in enumerate(network.activations[:-1], 1))
        yield (
            (lay_out(Call("g", (symbol("z"),), symbol("Z", "l").layer), notation),),
            (f"the activation of a hidden layer: {hidden}",),
        )
        return
    for l, g in enumerate(network.activations, 1):
        if g.opaque:
            yield (
                (lay_out(Call("g", (symbol("z"),), symbol("Z", l).layer), notation),),
                (f"the activation of layer {l}, {g.words}",),
            )


def _g(layer: int | str, notation: Notation) -> Written:
    return lay_out(Call("g", (symbol("z"),), symbol("Z", layer).layer), notation)


def _gradients(derivation: Derivation, notation: Notation, layer: int | str) -> Iterator[Entry]:
    """What the short names of gradients stand for."""
    early = derivation.one_over_m == "dZ"
    full = notation.but(gradient="partial")
    of = symbol("J") if early else symbol("ell")
    whose = "the gradient of the batch's loss" if early else "the gradient of the example's own loss"
    if notation.gradient == "delta":
        dZ = Derivative(of, symbol("Z", layer))
        yield (lay_out(dZ, notation), " = ", lay_out(dZ, full)), (f"the error of a layer, {whose}",)
    elif notation.gradient == "dZ":
        for quantity in ("Z", "A"):
            d = Derivative(of, symbol(quantity, layer))
            yield (lay_out(d, notation), " = ", lay_out(d, full)), (whose,)
        dW = Derivative(symbol("J"), symbol("W", layer))
        yield (lay_out(dW, notation), " = ", lay_out(dW, full)), ("the gradient of the batch's loss, which the update takes",)
