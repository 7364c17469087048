"""Engine: compiled steps of training for one network."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.catalogue.lookup import find_optimiser
from handgrad.catalogue.rules import Optimiser
from handgrad.engine.compiled import steps
from handgrad.engine.compiled import tables as at
from handgrad.engine.compiled.building import address_of
from handgrad.engine.compiled.layout import Layout, aligned, padded
from handgrad.engine.compiled.machine import PAD
from handgrad.engine.compiled.products import panels, sparse_product, sparse_update
from handgrad.engine.compiled.small import go_small
from handgrad.engine.compiled.team import threads_for, together
from handgrad.engine.dropout import threshold
from handgrad.engine.interface import Steps
from handgrad.engine.kernels.compiling import kernel, record_kernel
from handgrad.engine.sparse import Inputs, SparseInputs, is_sparse
from handgrad.errors import TrainingError
from handgrad.network import Network, Parameters

KINDS = {np.dtype(np.float32): 0, np.dtype(np.float64): 1, np.dtype(np.uint8): 2}
"""What X can be gathered from without a copy of the whole."""
SCRATCH = 1 << 16
"""Bytes of the gradient that a thread hands to the update rule at once; they stay in its cache."""


class Engine:
    """A network's parameters in training, and the update rule's state.

    The precision is that of `parameters`, float32 or float64, of which a copy is taken. `optimiser` is a rule or its spelling,
    `hyperparameters` are the rule's but for its learning rate alpha, which `steps` is given. `weight_decay` λ shrinks weights by αλ
    in each step beside the rule, or is the rule's own where it has one; `dropout` is the share of each hidden layer's units that is
    left out (one number or one per hidden layer), `clip` the largest norm of the whole gradient, `rate_factors` factors on the
    learning rate by array, as {"W[1]": 0.5}. `seed` is dropout's.

    With `per_batch` a mini-batch stands for itself, as it does in scikit-learn: with the weights w of its examples and W = Σ w,
    or their number without weights, its loss is J = (Σ w_i ℓ_i + λ/2 ΣW[l]²) / W, so that λ/W is what L2 comes to; its step has the
    learning rate that is given, however heavy it is, and what `steps` returns is Σ rows · J and Σ rows (a batch without weight has
    J = 0). The J of `loss_and_gradient` is that of all rows as one batch. Raises TrainingError for options that cannot be.
    """

    def __init__(
        self,
        network: Network,
        parameters: Parameters,
        *,
        optimiser: str | Optimiser = "gradient_descent",
        hyperparameters: Mapping[str, float] | None = None,
        batch_size: int = 32,
        n_threads: int | None = None,
        weight_decay: float = 0.0,
        dropout: float | Sequence[float] = 0.0,
        clip: float | None = None,
        rate_factors: Mapping[str, float] | None = None,
        seed: int = 0,
        per_batch: bool = False,
    ) -> None:
        self.network, self.batch_size, self.t = network, batch_size, 0
        self.per_batch = per_batch
        self.dtype = parameters.buffer.dtype
        if self.dtype not in {np.dtype(np.float32), np.dtype(np.float64)}:
            raise TrainingError(f"parameters are float32 or float64, but {self.dtype} was given")
        self.n_threads = threads_for(batch_size, network.size, n_threads)
        self._one = self.dtype.type(1)
        self._turn = threading.RLock()  # one run at a time: they share buffers and settings
        self._layout = Layout(network, batch_size, self.dtype, self.n_threads)
        self._kept: list[Array] = []
        self._meeting = aligned((8,), np.int64)
        self._sums = aligned((self.n_threads, 8), np.float64)
        self._settings = np.zeros(at.SETTINGS)
        self._settings[at.L2] = network.l2
        self._settings[at.SMOOTHING] = network.label_smoothing
        self._run = np.zeros(at.ALL + 1, np.int64)
        self._factors = np.ones((network.L + 1, at.FACTORS))
        self._rates(rate_factors or {})
        self._functions()
        self._drops(dropout, seed)
        self._rule(find_optimiser(optimiser).with_parameters(hyperparameters or {}), weight_decay, clip)
        self._gradient: Array | None = None
        self._ends: Array | None = None
        targets = aligned((batch_size, self._layout.tables[0, -1, at.LD]), self.dtype)
        self._weights = aligned((batch_size,), self.dtype)
        self._set(
            {
                at.SIZE: self.dtype.itemsize, at.BATCH: batch_size, at.Y_BUFFER: self._keep(targets),
                at.Y_LD: targets.shape[1], at.W_BUFFER: self._weights.ctypes.data, at.MEETING: self._meeting.ctypes.data,
                at.PANELS: address_of(panels, 11, self.dtype.name), at.PER_BATCH: per_batch,
            }
        )  # fmt: skip
        panel = aligned((self.n_threads, self._layout.panel), np.uint8)
        self._set({at.PANEL: self._keep(panel), at.PANEL_BYTES: panel.shape[1]})
        if clip is not None:
            self._need_gradient()
            self._settings[at.CLIP] = clip
            self._run[at.CLIPPED] = 1
        self._small = (
            batch_size == 1 and self.n_threads == 1 and not self._run[[at.CLIPPED, at.VJP]].any()
            and not self._settings[[at.L2, at.DECAY, at.SMOOTHING]].any() and np.all(self._factors[1:] == 1)
            and all(padded(n) == PAD for n in network.widths[1:])
        )  # fmt: skip
        if self._small and self._run[at.RULE]:
            self._need_gradient()
        self.write(parameters)

    def _keep(self, array: Array) -> int:
        """Keep an array alive as long as this engine, and return its address."""
        self._kept.append(array)
        return int(array.ctypes.data)

    def _set(self, entries: Mapping[int, int]) -> None:
        for place, value in entries.items():
            self._run[place] = value

    def _numbers(self, record: Any) -> int:
        """The address of a record's parameters."""
        return self._keep(np.array([*record.parameters.values(), 0.0]))

    def _rates(self, factors: Mapping[str, float]) -> None:
        for layer in range(1, self.network.L + 1):
            for place, name in ((at.W_RATE, f"W[{layer}]"), (at.B_RATE, f"b[{layer}]")):
                self._factors[layer, place] = factors.get(name, 1.0)

    def _functions(self) -> None:
        """The addresses of activations and loss."""
        tables, name = self._layout.tables, self.dtype.name
        for layer, g in enumerate(self.network.activations, 1):
            if layer < self.network.L or g.name != "identity":
                tables[:, layer, at.ACTIVATION] = record_kernel(g, name)
                tables[:, layer, at.ACTIVATION_P] = self._numbers(g)
        output, loss = self.network.activations[-1], self.network.loss
        fused = output.name in loss.fused
        numbers = [*(output.parameters.values() if fused else ()), *loss.parameters.values(), 0.0]
        self._set(
            {
                at.LOSS: record_kernel(loss, name, fused_with=output if fused else None),
                at.LOSS_P: self._keep(np.array(numbers)),
                at.FUSED: fused,
                at.VJP: kernel(f"{output.name}_vjp", name) if output.rowwise and not fused else 0,
            }
        )

    def _drops(self, dropout: float | Sequence[float], seed: int) -> None:
        hidden = self.network.L - 1
        shares = [float(dropout)] * hidden if isinstance(dropout, int | float) else [float(share) for share in dropout]
        if len(shares) != hidden or not all(0 <= share < 1 for share in shares):
            raise TrainingError(f"dropout is a share from 0 to below 1, or {hidden} of them, but {dropout!r} was given")
        for layer, share in enumerate(shares, 1):
            self._layout.tables[:, layer, at.THRESHOLD] = threshold(share)
            self._factors[layer, at.KEEP] = 1 / (1 - share)
        self._run[at.SEED] = np.uint32(seed & 0xFFFFFFFF)

    def _rule(self, rule: Optimiser, weight_decay: float, clip: float | None) -> None:
        """The update rule's kernel, hyperparameters and state; plain gradient descent happens in the products."""
        if not rule.update:
            raise TrainingError(f"{rule.name} has no steps of mini-batches; fit runs it over all examples")
        if weight_decay and rule.decays:
            rule = rule.with_parameters({"weight_decay": weight_decay})
        rule, own = rule.without_decay()
        self.rule = rule
        self._states = aligned((len(rule.state), self._layout.size), self.dtype)
        self._settings[at.DECAY] = own or weight_decay
        if rule.plain and clip is None:
            return
        p = np.array([[*rule.parameters.values(), 0.0]] * self.n_threads)
        scratch = aligned((self.n_threads, max(SCRATCH, PAD * int(self._layout.tables[:, :, at.W_ROW].max()))), np.uint8)
        self._set(
            {
                at.RULE: record_kernel(rule, self.dtype.name), at.RULE_P: self._keep(p), at.RULE_COUNT: p.shape[1],
                at.ALPHA: list(rule.parameters).index("alpha"),
                at.SCRATCH: self._keep(scratch), at.SCRATCH_BYTES: scratch.shape[1],
                at.STATE_SIZE: self._layout.size,
            }
        )  # fmt: skip
        if len(self._states):
            self._layout.point(at.STATE, self._states[0])

    def _need_gradient(self) -> Array:
        """A buffer for a whole gradient, which plain training has not."""
        if self._gradient is None:
            self._gradient = self._layout.flat()
            self._layout.point(at.GRADIENT, self._gradient)
        return self._gradient

    def _read(self, X: Inputs) -> Inputs:
        """Sparse inputs in the engine's precision; arrays as they are."""
        return SparseInputs.of(X, self.dtype) if is_sparse(X) else X

    def _point_to(self, X: Inputs) -> None:
        """Say where the inputs stand, and make what they need."""
        if isinstance(X, SparseInputs):
            name = self.dtype.name
            if self._ends is None:
                self._ends = aligned((self.batch_size, 2), np.int64)
                self._layout.need_counts()
            self._set(
                {
                    at.X: X.data.ctypes.data, at.COLUMNS: X.indices.ctypes.data, at.INDPTR: X.indptr.ctypes.data,
                    at.ENDS: self._ends.ctypes.data, at.SPARSE_PRODUCT: address_of(sparse_product, 10, name),
                    at.SPARSE_UPDATE: address_of(sparse_update, 14, name),
                }
            )  # fmt: skip
            return
        self._layout.need_inputs()
        self._set(
            {
                at.X: X.ctypes.data, at.X_KIND: KINDS[X.dtype], at.X_ROW: X.strides[0], at.X_COLUMN: X.strides[1], at.INDPTR: 0,
            }
        )  # fmt: skip

    def _inputs(self, X: Array) -> Array:
        """X as it is where it can be gathered from, else a copy in the engine's precision."""
        if X.dtype in KINDS and X.strides[1] >= 0 and all(stride % X.itemsize == 0 for stride in X.strides):
            return X
        return np.ascontiguousarray(X, self.dtype)

    def _require_shapes(self, X: Inputs, Y: Array | None, weights: Array | None) -> None:
        """Refuse arrays that do not fit: compiled code reads where they say that they are."""
        wanted = {"X": (X, self.network.widths[0]), "Y": (Y, self.network.widths[-1])}
        for name, (array, width) in wanted.items():
            if array is not None and array.shape != (len(X), width):
                raise TrainingError(f"{name} is {len(X)} × {width} for {self.network}, but {array.shape} was given")
        if weights is not None and weights.shape != (len(X),):
            raise TrainingError(f"sample weights are {len(X)} numbers, but an array of the shape {weights.shape} was given")

    def _go(  # noqa: PLR0917  # the job, and the arrays of its run
        self, job: int, X: Inputs, Y: Array | None, order: Array, alphas: Array, weights: Array | None
    ) -> Steps:
        self._require_shapes(X, Y, weights)
        X = X if isinstance(X, SparseInputs) else self._inputs(X)
        self._point_to(X)
        targets = self._weights[:0, None] if Y is None else self._inputs(Y)
        self._weights[...] = 1
        held = None if weights is None else np.ascontiguousarray(weights, self.dtype)
        self._set(
            {
                at.JOB: job, at.Y: targets.ctypes.data, at.Y_KIND: KINDS[targets.dtype],
                at.Y_ROW: targets.strides[0], at.Y_COLUMN: targets.strides[1], at.STEP: self.t,
                at.WEIGHTS: 0 if held is None else held.ctypes.data, at.ALL: len(X),
            }
        )  # fmt: skip
        tables = self._layout.tables, self._factors, self._run, self._settings
        if self._small and job == at.TRAIN and held is None and not self._run[at.INDPTR]:
            done, loss, weight = go_small(self._layout.tables[0], self._run, self._settings, order, alphas, self._one)
            self._layout.turn()
            return Steps(done, loss, weight, done == len(alphas))
        results: list[tuple[int, float, float]] = [(0, 0.0, 0.0)] * self.n_threads

        def part(number: int) -> None:
            results[number] = steps.go(*tables, order, alphas, self._sums, number, self.n_threads, self._one)

        together(part, self.n_threads, self._meeting)
        done, loss, weight = results[0]
        return Steps(done, loss, weight, done == len(alphas))

    def steps(  # noqa: PLR0917  # the arrays of a run, then its weights
        self, X: Inputs, Y: Array, order: Array, alphas: Array, sample_weight: Array | None = None, usual_weight: float = 1.0
    ) -> Steps:
        """Take one step per learning rate: step k with the rows order[k · batch_size : (k + 1) · batch_size].

        X is n_samples × n_0 of any real dtype (float32, float64 and uint8 are read in place), or sparse; Y n_samples × n_L, `order`
        int64. A step whose loss is not finite is not taken, and ends them. A batch without weight counts as a step, and moves
        nothing. Of sparse inputs the first layer reads the non-zeros alone; plain gradient descent without L2 and decay also moves
        no other rows of its weights. In an array's place there may be `SparseInputs`, which are checked once, or a SciPy matrix.
        """
        X = self._read(X)
        # what is read-only has a type of its own for Numba, which would compile all of it once more
        order = np.require(order, np.int64, ["C", "W"])
        alphas = np.require(alphas, np.float64, ["C", "W"])
        if len(order) <= (len(alphas) - 1) * self.batch_size:
            raise TrainingError(f"{len(alphas)} steps of {self.batch_size} examples need more than {len(order)} rows")
        if len(order) and not 0 <= order.min() <= order.max() < len(X):
            raise TrainingError(f"order names rows from 0 to {len(X) - 1}, but {order.min()} to {order.max()} were given")
        with self._turn:
            self._settings[at.USUAL] = usual_weight
            found = self._go(at.TRAIN, X, Y, order, alphas, sample_weight)
            self.t += found.done
        return found

    def loss_and_gradient(self, X: Inputs, Y: Array, sample_weight: Array | None = None) -> tuple[float, Parameters]:
        """J over all rows, L2 included and nothing dropped out, and its gradient. Raises TrainingError where nothing has weight."""
        X = self._read(X)
        total = float(len(X) if sample_weight is None else sample_weight.sum(dtype=np.float64))
        if not abs(total) > 0:
            raise TrainingError("a loss is a mean over examples, but none with a weight was given")
        with self._turn:
            gradient = self._need_gradient()
            gradient[...] = 0
            self._settings[at.TOTAL] = total
            found = self._go(at.GRADIENTS, X, Y, *self._pass_over(X), sample_weight)
            result, parameters = self._layout.take(gradient), self.read()
        J = found.loss / total if found.finite else np.nan
        if self.network.l2:
            l2 = self.network.l2 / total if self.per_batch else self.network.l2
            for l, W in parameters.W.items():
                result.W[l] += l2 * W
                J += l2 / 2 * float(np.square(W, dtype=np.float64).sum())
        return J, result

    def outputs(self, X: Inputs) -> Array:
        """The network's outputs, n_samples × n_L."""
        X = self._read(X)
        found = np.empty((len(X), self.network.widths[-1]), self.dtype)
        with self._turn:
            self._run[at.OUT] = found.ctypes.data
            if len(X):
                self._go(at.OUTPUTS, X, None, *self._pass_over(X), None)
        return found

    def _pass_over(self, X: Inputs) -> tuple[Array, Array]:
        """All rows in their order, and a number for each batch of them."""
        return np.arange(len(X), dtype=np.int64), np.zeros(-(-len(X) // self.batch_size))

    def read(self) -> Parameters:
        """A copy of the parameters as they are."""
        return self._layout.take(self._layout.theta)

    def write(self, parameters: Parameters) -> None:
        """Take other parameters; the rule's state stays."""
        if parameters.network.widths != self.network.widths:
            raise TrainingError(f"the engine trains {self.network}, but parameters of {parameters.network} were given")
        with self._turn:
            self._layout.clear()
            if self._gradient is not None:
                self._gradient[...] = 0
            self._layout.put(self._layout.theta, parameters)
            self._layout.turn()

    def state(self) -> dict[str, Array]:
        """What, with the parameters, brings a run back bit for bit: the rule's state by name, and the number of steps t."""
        held = {name: self._layout.take(state).buffer for name, state in zip(self.rule.state, self._states, strict=True)}
        return {**held, "t": np.array(self.t)}

    def restore(self, parameters: Parameters, state: Mapping[str, Array]) -> None:
        """Go back to these parameters and this state."""
        self.write(parameters)
        for name, held in zip(self.rule.state, self._states, strict=True):
            held[...] = 0
            self._layout.put(held, Parameters(self.network, state[name]))
        self.t = int(state["t"])
