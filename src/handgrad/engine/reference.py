"""The reference engine: the steps of training through the evaluated derivation.

It trains networks whose activations or loss are Python functions, and is what the compiled engine is held to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from handgrad.calculus.evaluation import Value, evaluate
from handgrad.calculus.expressions import key_of, symbol
from handgrad.calculus.functions import Array
from handgrad.calculus.parser import parse
from handgrad.catalogue.lookup import find_optimiser
from handgrad.catalogue.rules import CLIPPED_GRADIENT, DROPPED_OUT, RATE_OF_ARRAY, Optimiser
from handgrad.derivation import derive, following
from handgrad.engine.dropout import kept
from handgrad.engine.interface import Steps
from handgrad.engine.sparse import Inputs, SparseInputs, is_sparse, written_out
from handgrad.network import Network, Parameters


class ReferenceEngine:
    """An engine of the same interface as the compiled one, in NumPy and on one thread.

    `optimiser` is a rule or its spelling and `hyperparameters` its values but alpha; `weight_decay` is λ of the decoupled decay
    W ← W - α λ W (Loshchilov and Hutter, 2019), which biases do not have; `dropout` the share of each hidden layer's units that a
    step leaves out, the others being scaled up by 1/(1 - share) (Srivastava et al., 2014, inverted); `clip` the largest norm of
    the whole gradient (Pascanu, Mikolov and Bengio, 2013); `rate_factors` multiply the learning rate of single arrays, as in
    {"W[1]": 0.5}. `seed` is dropout's. `per_batch` lets each mini-batch stand for itself, as `Engine` says. The parameters are
    copied.
    """

    seconds_per_step = 1e-3
    """What a step takes beside its arithmetic, roughly: an equation is evaluated in tens of microseconds."""

    def __init__(
        self,
        network: Network,
        parameters: Parameters,
        *,
        optimiser: str | Optimiser = "gradient_descent",
        hyperparameters: Mapping[str, float] | None = None,
        batch_size: int = 32,
        n_threads: int | None = None,  # noqa: ARG002  # of the interface: this engine has one
        weight_decay: float = 0.0,
        dropout: float | Sequence[float] = 0.0,
        clip: float | None = None,
        rate_factors: Mapping[str, float] | None = None,
        seed: int = 0,
        per_batch: bool = False,
    ) -> None:
        self.network, self.batch_size, self.seed, self.per_batch = network, batch_size, seed, per_batch
        self.n_threads, self.t = 1, 0
        self.clip = clip
        hidden = network.L - 1
        self.dropout = list(dropout) if isinstance(dropout, Sequence) else [dropout] * hidden
        self.rate_factors = dict(rate_factors or {})
        rule = find_optimiser(optimiser).with_parameters(hyperparameters or {})
        if weight_decay:
            rule = rule.with_parameters({"weight_decay": weight_decay})
        self._derivation = derive(network, optimiser=rule)
        self._parameters = parameters.copy()
        self._state = {key: np.zeros_like(self._parameters.arrays()[key.partition("_")[2]]) for key in self._derivation.state}

    def steps(  # noqa: PLR0917  # the arrays of a run, then its weights
        self,
        X: Inputs,
        Y: Array,
        order: Array,
        alphas: Array,
        sample_weight: Array | None = None,
        usual_weight: float = 1.0,
    ) -> Steps:
        """Take one step per learning rate, on consecutive batches of `order`.

        With sample weights a step is as long as its batch is heavy, unless `per_batch`: its learning rate is multiplied by the
        batch's mean weight against `usual_weight`. A batch without weight counts as a step, and moves nothing. Sparse inputs are
        written out, of a batch at a time.
        """
        X = SparseInputs.of(X, self._parameters.buffer.dtype) if is_sparse(X) else X
        total = weight = 0.0
        for done, alpha in enumerate(alphas):
            rows = order[done * self.batch_size : (done + 1) * self.batch_size]
            values = self._values(written_out(X, rows), Y[rows], None if sample_weight is None else sample_weight[rows])
            share = float(len(rows)) if sample_weight is None else float(sample_weight[rows].sum(dtype=np.float64))
            counts = float(len(rows)) if self.per_batch else share
            if not share:
                self.t, weight = self.t + 1, weight + counts
                continue
            rate = float(alpha)
            if sample_weight is not None and not self.per_batch:
                rate *= share / (len(rows) * usual_weight)
            with np.errstate(all="ignore"):  # a step that overflows is not taken, and said by `finite`
                loss = self._step(values, rate)
            if loss is None:
                return Steps(done, total, weight, finite=False)
            total, weight = total + counts * loss, weight + counts
        return Steps(len(alphas), total, weight)

    def loss_and_gradient(self, X: Inputs, Y: Array, sample_weight: Array | None = None) -> tuple[float, Parameters]:
        """J over all rows, L2 included and nothing dropped out, and its gradient in the form of the parameters."""
        gradient = Parameters(self.network, np.empty_like(self._parameters.buffer))
        with np.errstate(all="ignore"):  # what is not finite is seen by the caller
            found = self._derivation.evaluate(
                self._values(written_out(X), Y, sample_weight), ["J", *(f"d{name}" for name in gradient.arrays())]
            )
        for name, view in gradient.arrays().items():
            view[...] = found[f"d{name}"]
        return float(np.asarray(found["J"])), gradient

    def outputs(self, X: Inputs) -> Array:
        """The network's outputs, n_samples × n_L."""
        key = f"A[{self.network.L}]"
        with np.errstate(all="ignore"):
            found = self._derivation.evaluate({**self._parameters.arrays(), "X": self._cast(written_out(X)).T}, [key])
        return np.ascontiguousarray(np.asarray(found[key]).T)

    def read(self) -> Parameters:
        """A copy of the parameters as they are."""
        return self._parameters.copy()

    def write(self, parameters: Parameters) -> None:
        """Take other parameters; the optimiser's state stays."""
        self._parameters.buffer[...] = parameters.buffer

    def state(self) -> dict[str, Array]:
        """The optimiser's state and the number of steps taken, which dropout is drawn from as well."""
        return {**{key: array.copy() for key, array in self._state.items()}, "t": np.array(self.t)}

    def restore(self, parameters: Parameters, state: Mapping[str, Array]) -> None:
        """Go back to these parameters and this state."""
        self.write(parameters)
        self.t = int(state["t"])
        for key, array in self._state.items():
            array[...] = state[key]

    def _values(self, X: Array, Y: Array, sample_weight: Array | None) -> dict[str, Value]:
        values: dict[str, Value] = {**self._parameters.arrays(), "X": self._cast(X).T, "Y": self._cast(Y).T}
        if self.per_batch and self.network.l2:
            weight = float(len(X) if sample_weight is None else sample_weight.sum(dtype=np.float64))
            values["lambda"] = self.network.l2 / weight if weight else 0.0
        return values if sample_weight is None else {**values, "w": self._cast(sample_weight)}

    def _cast(self, array: Array) -> Array:
        return array.astype(self._parameters.buffer.dtype, copy=False)

    def _step(self, values: dict[str, Value], alpha: float) -> float | None:
        """Move by one step and return J as it was; None, with nothing moved, where something is not finite."""
        arrays = self._parameters.arrays()
        values = {**values, **self._state, "t": float(self.t + 1), "alpha": alpha}
        if any(self.dropout):
            self._drop_out(values)
        gradients = [f"d{name}" for name in arrays]
        found = self._derivation.evaluate(values, ["J", *gradients])
        loss = float(np.asarray(found["J"]))
        values = {**values, **{key: found[key] for key in gradients}}
        if self.clip is not None:
            self._clip(values, gradients)
        moved = dict[str, Array]()
        for factor in {self.rate_factors.get(name, 1.0) for name in arrays}:
            names = [name for name in arrays if self.rate_factors.get(name, 1.0) == factor]
            keys = [*names, *(key for key in self._state if key.partition("_")[2] in names)]
            values["alpha"] = float(evaluate(parse(RATE_OF_ARRAY), {"factor": factor, "alpha": alpha}))
            found = self._derivation.evaluate(values, [following(key) for key in keys])
            moved |= {key: np.asarray(found[following(key)]) for key in keys}
        if not (np.isfinite(loss) and all(np.isfinite(array).all() for array in moved.values())):
            return None
        for key, view in {**arrays, **self._state}.items():
            view[...] = moved[key]
        self.t += 1
        return loss

    def _drop_out(self, values: dict[str, Value]) -> None:
        """Put in A[l] and dA[l] of the hidden layers with some of their units left out, another choice in every step."""
        examples, dtype = np.shape(values["X"])[-1], self._parameters.buffer.dtype
        known = {key_of(equation.left) for equation in self._derivation.equations}

        def dropped(key: str, layer: int, share: float) -> Array:
            mask = kept(self.seed, self.t + 1, layer, examples, self.network.widths[layer], share).T.astype(dtype)
            given: dict[str, Array | float] = {"a": np.asarray(values[key]), "mask": mask, "keep": 1.0 - share}
            return self._cast(np.asarray(evaluate(parse(DROPPED_OUT), given)))

        layers = list(enumerate(self.dropout, 1))
        for layer, share in layers:
            slope = self.network.activation(layer).call(symbol("Z", layer), primes=1).key  # reads A as it was before
            values |= self._derivation.evaluate(values, [f"A[{layer}]", *({slope} & known)])
            values[f"A[{layer}]"] = dropped(f"A[{layer}]", layer, share)
        for layer, share in reversed(layers):
            values |= self._derivation.evaluate(values, [f"dA[{layer}]"])
            values[f"dA[{layer}]"] = dropped(f"dA[{layer}]", layer, share)

    def _clip(self, values: dict[str, Value], gradients: Sequence[str]) -> None:
        """Scale the whole gradient down to the norm `clip` where it is longer."""
        assert self.clip is not None
        norm = float(np.sqrt(sum(np.square(np.asarray(values[key], np.float64)).sum() for key in gradients)))
        for key in gradients:
            given: dict[str, Array | float] = {"dtheta": np.asarray(values[key]), "c": self.clip, "norm": norm}
            values[key] = self._cast(np.asarray(evaluate(parse(CLIPPED_GRADIENT), given)))
