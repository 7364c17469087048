"""L-BFGS through SciPy, on the flat buffer of all parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from handgrad.calculus.functions import Array
from handgrad.engine.runs.course import Course
from handgrad.errors import MissingExtraError
from handgrad.network import Parameters

LINE_SEARCH = 20
"""How often an iteration may evaluate the loss on its line."""


def minimise(course: Course, X: Array, Y: Array, weights: Array | None, *, stops_at_infinity: bool = True, **limits: float) -> Any:
    """Minimise J over all examples; an iteration counts as an epoch. Returns SciPy's result.

    `limits` are options of SciPy's L-BFGS-B, such as gtol. SciPy works in float64 whatever the parameters' dtype. Raises whatever
    ends a run; unless it `stops_at_infinity`, a loss that is not finite is left to the line search.
    Liu and Nocedal, On the Limited Memory BFGS Method for Large Scale Optimization (1989).
    """
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise MissingExtraError("lbfgs needs SciPy, which is not installed: pip install 'handgrad[train]'") from None
    options, engine = course.options, course.engine
    first = engine.read()

    placed = np.full(first.buffer.shape, np.nan)

    def place(flat: Array) -> None:
        if not np.array_equal(flat, placed):  # most iterations end where the loss was evaluated last
            placed[...] = flat
            engine.write(Parameters(options.network, flat.astype(first.buffer.dtype)))

    def objective(flat: Array) -> tuple[float, Array]:
        course.require_wanted()
        place(flat)
        loss, gradient = engine.loss_and_gradient(X, Y, weights)
        if stops_at_infinity and not (np.isfinite(loss) and np.isfinite(gradient.buffer).all()):
            engine.write(course.finite)
            raise course.diverged(f"{loss}", course.epoch + 1, None)
        return loss, gradient.buffer.astype(np.float64)

    def after(intermediate_result: Any) -> None:
        place(intermediate_result.x)
        course.finish_epoch(float(intermediate_result.fun), None)

    memory = int(options.rule.parameters["memory"])
    usual = {"maxiter": options.epochs, "maxfun": LINE_SEARCH * (options.epochs + 1), "maxls": LINE_SEARCH, "maxcor": memory}
    start = first.buffer.astype(np.float64)
    result = minimize(objective, start, jac=True, method="L-BFGS-B", callback=after, options={**usual, **limits})
    engine.write(course.finite)  # the last evaluation may have been one of a line search
    return result
