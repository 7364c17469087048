"""program(derivation): a NumPy program for exactly one network, with its equations as comments, to take away."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable

from handgrad.calculus.expressions import Number, gradient, symbol
from handgrad.calculus.notation import NOTATIONS, Notation, find_notation
from handgrad.calculus.parser import parse
from handgrad.calculus.rewriting import substitute
from handgrad.catalogue.initialisers import INITIALISERS
from handgrad.derivation.derivation import Derivation
from handgrad.derivation.deriving import derive
from handgrad.derivation.legend import CONSTANTS
from handgrad.derivation.program.functions import functions
from handgrad.derivation.program.source import Scribe, Step
from handgrad.derivation.program.templates import (
    BACKWARD,
    DRAW,
    FORWARD,
    HEADING,
    LOSS,
    LOSS_OF_OUTPUTS,
    MEAN_BACKWARD,
    MEAN_LOSS,
    SIDES,
    SIDES_OF_EACH,
)
from handgrad.derivation.program.text import WIDTH, filled, listed, number, shaped
from handgrad.derivation.program.training import Training
from handgrad.errors import HandgradError


def program(derivation: Derivation, notation: Notation | str = "ng") -> str:
    """The source of a Python file for this network, which needs nothing but NumPy.

    It has the forward pass, the loss, the backward pass, a gradient check, the derivation's update rule and a training loop, in the
    variable names of the notation and with its equations as comments; run as a script, it shows them at work on drawn
    data. Its float64 numbers are the derivation's. Where the notation has a single example, the program takes one example after
    the other; where it is weighted, functions take the examples' weights after the targets. Formulas that could overflow are
    computed in the equal forms that the derivation evaluates, and the comments say so.

    Layers have their numbers, whatever the style of the derivation.

    Raises HandgradError where the network has an activation or a loss that is a Python function, which has no source, or where
    the update has no formula, as with lbfgs.

    >>> from handgrad.derivation import derive
    >>> print(*[line for line in program(derive("2-1:sigmoid")).splitlines() if "dW1 =" in line])
        dW1 = 1 / m * (dZ1 @ A0.T)
    """
    network = derivation.network
    opaque = [("activation", g.name) for g in network.activations if g.opaque]
    opaque += [("loss", network.loss.name)] if network.loss.opaque else []
    for kind, name in opaque:
        raise HandgradError(
            f"a program is made of formulas, but the {kind} {name} is a Python function; give add_{kind} formulas instead, as text"
        )
    if not derivation.optimiser.update:
        name = derivation.optimiser.name
        raise HandgradError(f"a program updates by a formula, but {name} has none; give another optimiser, as adam")
    if derivation.layers != "numbered":
        derivation = derive(network, one_over_m=derivation.one_over_m, optimiser=derivation.optimiser, schedule=derivation.schedule)
    chosen = find_notation(notation)
    title = next((name for name, known in NOTATIONS.items() if known == chosen), "")
    return _Program(derivation, chosen, title).text()


class _Program:
    """Writes the file, part by part."""

    def __init__(self, derivation: Derivation, notation: Notation, title: str) -> None:
        self.derivation, self.network, self.title = derivation, derivation.network, title
        self.scribe = Scribe(derivation, notation)
        self.single, self.weighted = self.scribe.notation.examples == "single", notation.weighted
        self.x, self.y, self.w, self.J, self.m = (self.scribe.name(symbol(key)) for key in ("X", "Y", "w", "J", "m"))
        # where one example is taken after the other, X and Y are all of them
        self.one = [self.x, self.y, *([self.w] if self.weighted and not self.single else [])]
        self.data = ["X", "Y", *([self.w] if self.weighted else [])] if self.single else self.one
        output = symbol("A", self.network.L)
        self.passed = self.scribe.steps([output.key], ())
        known = {step.left.key for step in self.passed}
        self.lost = self.scribe.steps(["J"], known)
        self.backed = self.scribe.steps([gradient(theta).key for theta in self.scribe.parameters], known)
        self.kinked = {f"Z[{l}]" for l, g in enumerate(self.network.activations, 1) if g.kink_points}
        self.kinked |= {output.key} if self.network.loss.kink_points else set()
        kept = read(self.lost) | read(self.backed) | self.kinked | {output.key}
        self.kept = [step.left for step in self.passed if step.left.key in kept]

    def text(self) -> str:
        """The whole file."""
        sides = self.sides()
        training = Training(self.scribe, self.data, sided=bool(sides))
        parts = [
            *functions(self.scribe, [*self.passed, *self.lost, *self.backed]),
            self.draw(),
            self.forward(),
            *self.loss(),
            *self.backward(),
            sides,
            *training.parts(),
        ]
        body = [line for part in parts if part for line in ["", "", *part]]
        return "\n".join([*self.heading("\n".join(body)), *body]) + "\n"

    def common(self) -> dict[str, str]:
        """What several templates name."""
        kind, share, over = ("weighted mean", "share * ", "") if self.weighted else ("mean", "", " / len(X)")
        return {
            "x": self.x, "y": self.y, "J": self.J, "data": ", ".join(self.data), "pair": ", ".join(self.data[:2]),
            "given": ", ".join(self.one), "whose": "one example" if self.single else "the examples",
            "kind": kind, "share": share, "over": over,
            "one": f"{self.x}, {self.y}" + (", share" if self.weighted else ""),
            "many": "zip(X, Y" + (f", {self.w} / np.sum({self.w})" if self.weighted else "") + ", strict=True)",
            "arguments": ", ".join(
                [
                    *(["parameters"] if self.entries(self.lost) else []),
                    *(self.scribe.name(quantity) for quantity in self.kept if quantity.key in read(self.lost)),
                    *self.one[1:],
                ]
            ),
        }  # fmt: skip

    def heading(self, body: str) -> list[str]:
        """The docstring, the imports and the constants."""
        network = self.network
        loss = network.loss.spelling + (" of smoothed labels" if network.label_smoothing else "")
        loss += " and an L2 penalty" if network.l2 else ""
        written = f"the notation {self.title}" if self.title else "a reader's notation"
        title = f"{network} with {loss}, derived by handgrad in {written}."
        about = (
            f"Forward pass, loss, backward pass, gradient check and training by {self.rules()}, with nothing "
            f"but NumPy. The comments are the equations; {self.m} is the number of examples."
        )
        special = [name for name in ("erf", "erfc") if f"{name}(" in body]
        constants = [
            f"{self.scribe.name(symbol(key))} = {number(value)}  # {CONSTANTS[key]}"
            for key, value in self.scribe.constants().items()
        ]
        return filled(
            HEADING,
            title="\n".join(textwrap.wrap(title, WIDTH - 3)),
            about=textwrap.wrap(about, WIDTH),
            shapes=self.shapes(),
            imports=["import math", ""] if special else [],
            constants=constants,
            special=[f"{name} = np.vectorize(math.{name}, otypes=[float])" for name in special],
        )

    def rules(self) -> str:
        """The update rule, with its schedule."""
        schedule = self.derivation.schedule
        return self.derivation.optimiser.spelling + (f" on the schedule {schedule.spelling}" if schedule else "")

    def shapes(self) -> list[str]:
        """A table of the arrays that the functions take."""
        scribe = self.scribe
        x, y = (scribe.shape(symbol(key)) for key in ("X", "Y"))
        rows = [(self.x, x, "the inputs"), (self.y, y, "the targets")]
        if self.single:
            rows = [(self.x, x, "an example's inputs"), (self.y, y, "its targets")]
            rows += [("X", (self.m, *x), "all inputs"), ("Y", (self.m, *y), "all targets")]
        if self.weighted:
            rows.append((self.w, (self.m,) if self.single else scribe.shape(symbol("w")), "the examples' weights in the mean"))
        rows += [(scribe.name(theta), scribe.shape(theta), "") for theta in scribe.parameters]
        sizes = [" × ".join(shape) for _, shape, _ in rows]
        long, wide = max(len(name) for name, _, _ in rows), max(map(len, sizes))
        table = [f"    {name:{long}}  {size:{wide}}  {about}".rstrip() for (name, _, about), size in zip(rows, sizes, strict=True)]
        if scribe.notation.form == "index" and scribe.notation.weights == "in_out":
            table += [
                "",
                f"{scribe.name(symbol('W', 1))}[k, j] is the weight from unit j to unit k: the first index is the later layer's.",
            ]
        return table

    def draw(self) -> list[str]:
        """First parameters; from one generator the same as `Parameters.draw`."""
        scribe, entries = self.scribe, list[str]()
        turned = ".T" if scribe.notation.form == "matrix" and scribe.notation.weights == "in_out" else ""
        for l, activation in enumerate(self.network.activations, 1):
            record, W, b = INITIALISERS[activation.initialiser], symbol("W", l), symbol("b", l)
            before, n = self.network.widths[l - 1 : l + 1]
            scale = substitute(parse(record.scale), {"fan_in": Number(before), "fan_out": Number(n)})
            drawn = (
                f"rng.uniform(-1, 1, ({n}, {before}))"
                if record.distribution == "uniform"
                else f"rng.standard_normal(({n}, {before}))"
            )
            entries += [
                f'"{scribe.name(W)}": {scribe.code(symbol("scale"), scale)} * {drawn}{turned},  # {record.name}',
                f'"{scribe.name(b)}": np.zeros({shaped(scribe.shape(b))}),',
            ]
        return filled(DRAW, entries=entries)

    def forward(self) -> list[str]:
        """The forward pass."""
        result = listed("return ", [self.scribe.name(quantity) for quantity in self.kept])
        parameters = self.entries(self.passed)
        return filled(FORWARD, parameters=parameters, block=self.scribe.block(self.passed), result=result, **self.common())

    def loss(self) -> list[list[str]]:
        """The loss of outputs, and that of examples."""
        count = self.count(self.lost, self.y)
        block = self.scribe.block(self.lost)
        entries = self.entries(self.lost)
        gap = [""] if entries or count else []
        first = filled(LOSS_OF_OUTPUTS, parameters=entries, count=count, gap=gap, block=block, **self.common())
        return [first, filled(MEAN_LOSS if self.single else LOSS, forward=self.unpack(read(self.lost)), **self.common())]

    def backward(self) -> list[list[str]]:
        """The backward pass, where it is one example's with the mean over them."""
        names = [(self.scribe.name(theta), self.scribe.name(gradient(theta))) for theta in self.scribe.parameters]
        first = filled(
            BACKWARD,
            backward="backward_of_example" if self.single else "backward",
            forward=self.unpack(read(self.lost) | read(self.backed)),
            parameters=self.entries(self.backed),
            count=self.count(self.backed, self.x),
            block=self.scribe.block(self.backed),
            result=listed(f"return {self.J}, {{", [f'"{name}": {d}' for name, d in names], "}"),
            **self.common(),
        )
        over = self.common()["over"]
        mean = "total, gradients" if self.weighted else f"total{over}, {{name: array{over} for name, array in gradients.items()}}"
        return [first, *([filled(MEAN_BACKWARD, mean=mean, **self.common())] if self.single else [])]

    def sides(self) -> list[str]:
        """The side of each kink on which everything stands; nothing where there are no kinks."""
        network, name = self.network, self.scribe.name
        kinks = [(name(symbol("Z", l)), kink) for l, g in enumerate(network.activations, 1) for kink in g.kink_points]
        kinks += [(f"{name(symbol('A', network.L))} - {self.y}", kink) for kink in network.loss.kink_points]
        if not kinks:
            return []
        off = [value + (f" {'-' if kink > 0 else '+'} {number(abs(kink))}" if kink else "") for value, kink in kinks]
        found = listed("found += [" if self.single else "found = [", off, "]")
        return filled(SIDES_OF_EACH if self.single else SIDES, forward=self.unpack(self.kinked), found=found, **self.common())

    def entries(self, steps: Iterable[Step]) -> list[str]:
        """Lines that take the parameters which the steps read out of their dictionary, a layer a line."""
        keys, lines = read(steps), list[str]()
        for l in range(1, self.network.L + 1):
            names = [self.scribe.name(theta) for theta in (symbol("W", l), symbol("b", l)) if theta.key in keys]
            if names:
                lines.append(f"{', '.join(names)} = " + ", ".join(f'parameters["{name}"]' for name in names))
        return lines

    def unpack(self, wanted: Collection[str]) -> list[str]:
        """Lines that take the wanted quantities from what `forward` returns."""
        names = [self.scribe.name(quantity) if quantity.key in wanted else "_" for quantity in self.kept]
        places = [place for place, name in enumerate(names) if name != "_"]
        first, last = places[0], places[-1]
        if first < len(names) - 1 - last:  # the longer run of what is not wanted is *_
            names = [*names[: last + 1], "*_"]
        elif first:
            names = ["*_", *names[first:]]
        return listed("", names, f" = forward(parameters, {self.x})")

    def count(self, steps: Iterable[Step], data: str) -> list[str]:
        """A line that counts the examples, where the steps read their number."""
        return [f"{self.m} = {data}.shape[{self.scribe.example_place()}]"] if "m" in read(steps) else []


def read(steps: Iterable[Step]) -> set[str]:
    """The keys of all that these steps read."""
    return set[str]().union(*(step.reads for step in steps))
