"""The parts of a NumPy program that use its loss and its gradients: the gradient check, the update, training, a demonstration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handgrad.calculus.equation import Equation
from handgrad.calculus.expressions import Symbol, gradient
from handgrad.derivation.program.source import Scribe, Step
from handgrad.derivation.program.templates import FIRST_STATE, GRADIENT_CHECK, MAIN, STEP, TRAIN
from handgrad.derivation.program.text import filled, indented, listed, number, shaped

EXAMPLES = 32
"""How many the demonstration draws: enough to see something, few enough to end within a second."""


@dataclass(frozen=True)
class Training:
    """Writes those parts. `data` are what `loss` takes beside the parameters; `sided` says that the program knows its kinks."""

    scribe: Scribe
    data: Sequence[str]
    sided: bool

    def parts(self) -> list[list[str]]:
        """The functions, in order, and the demonstration."""
        state = [self.first_state()] if self.scribe.derivation.optimiser.state else []
        return [self.gradient_check(), *state, self.step(), self.train(), self.main()]

    @property
    def common(self) -> dict[str, str]:
        """What several templates name."""
        rule = self.scribe.derivation.optimiser
        names = {key: self.scribe.name(Symbol(key)) for key in ("alpha", "m", "J")}
        names["given_rate"] = self.scribe.name(Symbol("alpha0")) if self.scribe.derivation.schedule else names["alpha"]
        return {"data": ", ".join(self.data), "rule": rule.name, "rate": number(rule.hyperparameters["alpha"]), **names}

    def gradient_check(self) -> list[str]:
        """Central differences against the gradients, off the kinks."""
        pair = ", ".join(self.data[:2])
        here = [f"here = sides(parameters, {pair})"] if self.sided else []
        off = [
            f"if not all(np.array_equal(sides(moved, {pair}), here) for moved in (above, below)):",
            "    continue  # across a kink there is no slope to measure",
        ]
        none = ["if not exact:", "    continue"]
        lines = {"here": here, "off": off, "none": none} if self.sided else {"here": [], "off": [], "none": []}
        return filled(GRADIENT_CHECK, otherwise=" if errors else np.nan" if self.sided else "", **lines, **self.common)

    @property
    def timed(self) -> bool:
        """Whether the update asks for the number of the step."""
        return "t" in self.scribe.read_by_rule

    @property
    def stepping(self) -> str:
        """What `step` takes beside parameters and gradients."""
        rule, alpha = self.scribe.derivation.optimiser, self.common["alpha"]
        return ", ".join([*(["state"] if rule.state else []), *([self.scribe.name(Symbol("t"))] if self.timed else []), alpha])

    def first_state(self) -> list[str]:
        """The update rule's state before the first step."""
        count = len(self.scribe.derivation.optimiser.state)
        each, arrays = "np.zeros_like(array)", "for name, array in parameters.items()"
        zeros = [f"return {{name: {each} {arrays}}}"]
        if count > 1:
            zeros = ["return {", f"    name: ({', '.join([each] * count)}) {arrays}", "}"]
        return filled(FIRST_STATE, zeros=zeros, **self.common)

    def step(self) -> list[str]:
        """The update rule, which is the same for every parameter."""
        scribe, rule = self.scribe, self.scribe.derivation.optimiser
        block = list[str]()
        for equation in scribe.derivation.rule:
            lines = self.assigned(equation)
            if scribe.derivation.bias_rule and equation.id == "rule_theta":
                weights = [f'"{scribe.name(theta)}"' for theta in scribe.parameters if theta.name == "W"]
                lines = [*listed("if name in {", weights, "}:"), *indented(lines), "else:"]
                lines += indented(self.assigned(scribe.derivation.bias_rule))
            block += lines
        theta, dtheta = scribe.name(Symbol("theta")), scribe.name(gradient(Symbol("theta")))
        kept = ", ".join(scribe.name(Symbol(quantity)) for quantity in rule.state)
        both = f"({kept})" if len(rule.state) > 1 else kept
        return filled(
            STEP,
            take=[f"{theta}, {dtheta} = parameters[name], gradients[name]", *([f"{kept} = state[name]"] if kept else [])],
            block=block,
            give=[f"parameters[name], state[name] = {theta}, {both}" if kept else f"parameters[name] = {theta}"],
            nth=f"The {scribe.name(Symbol('t'))}-th" if self.timed else "One",
            arguments=self.stepping,
            **self.common,
        )

    def assigned(self, equation: Equation) -> list[str]:
        """The equation and the code of a quantity as it becomes in a step."""
        assert isinstance(equation.left, Symbol)
        step = Step(equation, Symbol(equation.left.name), equation.right)
        return [*self.scribe.comment(step), *self.scribe.assignment(step)]

    def train(self) -> list[str]:
        """The training loop."""
        t, counted = self.scribe.name(Symbol("t")), self.timed or "t" in self.scribe.read_by_schedule
        place = self.scribe.example_place()
        state = ["state = first_state(parameters)"] if self.scribe.derivation.optimiser.state else []
        return filled(
            TRAIN,
            state=[*state, *([f"{t} = 0"] if counted else [])],
            count=f"len({self.data[0]})" if place is None else f"{self.data[0]}.shape[{place}]",
            next=[f"{t} += 1"] if counted else [],
            **self.scheduled(),
            batch=", ".join(f"{name}[:, batch]" if self.places(name) == 1 else f"{name}[batch]" for name in self.data),
            arguments=self.stepping,
            **self.common,
        )

    def scheduled(self) -> dict[str, str | list[str]]:
        """The parts of the training loop that the schedule of the learning rate asks for."""
        scribe, read = self.scribe, self.scribe.read_by_schedule
        T, epoch, stalls, patience, tolerance = (
            scribe.name(Symbol(key)) for key in ("T", "epoch", "stalls", "patience", "tolerance")
        )
        J, m = self.common["J"], self.common["m"]
        whole = [f"{T} = epochs * -(-{m} // batch_size)"] if "T" in read else []
        watched = "stalls" in read
        return {
            "each": epoch if "epoch" in read else "_",
            "epochs": "1, epochs + 1" if "epoch" in read else "epochs",
            "whole": [*whole, *([f"{stalls}, waited, best = 0, 0, np.inf"] if watched else [])],
            "learning_rate": self.assigned(scribe.derivation["alpha"]) if scribe.derivation.schedule else [],
            "loss": J if watched else "_",
            "lost": ["lost = 0.0"] if watched else [],
            "add": [f"lost += {J} * len(batch) / {m}"] if watched else [],
            "stalls": [
                f"waited = 0 if lost < best - {tolerance} else waited + 1",
                "best = min(best, lost)",
                f"if waited >= {patience}:",
                f"    {stalls}, waited = {stalls} + 1, 0",
            ]
            if watched
            else [],
        }

    def places(self, name: str) -> int:
        """Which dimension of the data counts the examples."""
        place = self.scribe.example_place("w" if name in self.data[2:] else "X")
        return place or 0

    def main(self) -> list[str]:
        """A demonstration on drawn data whose targets suit the loss."""
        scribe, network, examples = self.scribe, self.scribe.derivation.network, str(EXAMPLES)
        X, Y, *w = self.data
        m, place = self.common["m"], scribe.example_place()
        shape = [examples if size == m else size for size in scribe.shape(Symbol("X"))]
        outputs = 1 if place in {0, None} else 0
        loss, answers = network.loss, f"forward(teacher, {X})[-1]"
        classes = list[str]()
        if loss.simplex:  # one class each, also where outputs tie, as behind dead units
            turned = ".T" if outputs == 0 else ".swapaxes(1, 2)" if place is None and len(shape) == 2 else ""
            classes = [f"{Y} = np.eye({network.widths[-1]})[np.argmax({Y}, axis={outputs})]{turned}  # as classes"]
        elif loss.targets.high == 1:
            classes = [f"{Y} = np.where({Y} > 0.5, 1.0, 0.0)  # as classes"]
        if place is None:
            shape = [examples, *shape]
            answers = f"np.array([forward(teacher, example)[-1] for example in {X}])"
        sizes = [examples] if place is None else [examples if size == m else size for size in scribe.shape(Symbol("w"))]
        smaller = [
            "for array in (*parameters.values(), *teacher.values()):",
            "    array *= 0.1  # exponentials of exponentials explode",
        ]
        explode = any(activation.name == "exp" for activation in network.activations[:-1])
        return filled(
            MAIN, X=X, Y=Y, shape=shaped(shape), answers=answers, classes=classes, smaller=smaller if explode else [],
            weights=[f"{w[0]} = rng.uniform(0.5, 1.5, {shaped(sizes)})"] if w else [], **self.common,
        )  # fmt: skip
