"""The update rules. To add one, add a record."""

from dataclasses import replace

from handgrad.catalogue.base import POSITIVE, Interval
from handgrad.catalogue.rules import GRADIENT_STEP, Optimiser

KEPT = Interval(0, 1, low_closed=True)
"""A share of itself that a running mean keeps."""
_LIMITS = {"alpha": POSITIVE, "epsilon0": POSITIVE, **dict.fromkeys(("beta", "beta1", "beta2", "rho"), KEPT)}

_ADAM = Optimiser(
    "adam",
    update="theta - alpha * (v[t+1] / (1 - beta1^t)) / (sqrt(s[t+1] / (1 - beta2^t)) + epsilon0)",
    source="Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), algorithm 1",
    state={"v": "beta1 * v + (1 - beta1) * dtheta", "s": "beta2 * s + (1 - beta2) * dtheta^2"},
    parameters={"alpha": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon0": 1e-8},
    limits=_LIMITS,
    reasons={
        "v": "a running mean of the gradient",
        "s": "a running mean of the squared gradient, entry by entry",
        "theta": "both means start at zero, which 1 - βᵗ makes up for; a step against one in units of the other's root",
    },
)

_RECORDS = (
    Optimiser(
        "gradient_descent",
        update=GRADIENT_STEP,
        source="Cauchy (1847)",
        parameters={"alpha": 0.1},
        limits=_LIMITS,
        reasons={"theta": "a step against the gradient, α long"},
    ),
    Optimiser(
        "momentum",
        update="theta - alpha * v[t+1]",
        source="Polyak, Some Methods of Speeding up the Convergence of Iteration Methods (1964)",
        state={"v": "beta * v + dtheta"},
        parameters={"alpha": 0.1, "beta": 0.9},
        limits=_LIMITS,
        reasons={"v": "the velocity keeps a share β of itself and takes up the gradient", "theta": "a step against the velocity"},
    ),
    Optimiser(
        "nesterov",
        update="theta - alpha * (dtheta + beta * v[t+1])",
        source="Nesterov (1983), in the form of Sutskever, Martens, Dahl and Hinton (2013) as PyTorch and Keras have it",
        state={"v": "beta * v + dtheta"},
        parameters={"alpha": 0.1, "beta": 0.9},
        limits=_LIMITS,
        reasons={
            "v": "the velocity keeps a share β of itself and takes up the gradient",
            "theta": "a step against the velocity as it will be, gradient included",
        },
    ),
    Optimiser(
        "rmsprop",
        update="theta - alpha * dtheta / (sqrt(s[t+1]) + epsilon0)",
        source="Tieleman and Hinton, Lecture 6.5, Neural Networks for Machine Learning (2012)",
        state={"s": "rho * s + (1 - rho) * dtheta^2"},
        parameters={"alpha": 0.001, "rho": 0.9, "epsilon0": 1e-8},
        limits=_LIMITS,
        reasons={
            "s": "a running mean of the squared gradient, entry by entry",
            "theta": "each entry steps against its gradient in units of its usual size",
        },
    ),
    Optimiser(
        "adagrad",
        update="theta - alpha * dtheta / (sqrt(s[t+1]) + epsilon0)",
        source="Duchi, Hazan and Singer, Adaptive Subgradient Methods (2011)",
        state={"s": "s + dtheta^2"},
        parameters={"alpha": 0.01, "epsilon0": 1e-10},
        limits=_LIMITS,
        reasons={
            "s": "the sum of all squared gradients so far, entry by entry",
            "theta": "an entry that has moved much steps less and less",
        },
    ),
    _ADAM,
    replace(
        _ADAM.with_parameters({"weight_decay": 0.01}),
        name="adamw",
        source="Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019); the decay is times α, as in PyTorch",
    ),
)

OPTIMISERS: dict[str, Optimiser] = {record.name: record for record in _RECORDS}

LBFGS = Optimiser(
    "lbfgs",
    source="Liu and Nocedal, On the Limited Memory BFGS Method for Large Scale Optimization (1989)",
    parameters={"memory": 10},
    limits={"memory": Interval(1, float("inf"), low_closed=True)},
    about=(
        "L-BFGS goes against the gradient times an estimate of the inverse curvature of the loss, as far as a line search finds "
        "good, so that a step has no fixed formula over a single parameter, and none is written here. It takes all weights and "
        "biases as one vector and all examples as the batch. The estimate is a matrix that is never written out: its product with "
        "the gradient takes two loops over the last few steps and the changes of the gradient over them"
    ),
)
RULES: dict[str, Optimiser] = {**OPTIMISERS, LBFGS.name: LBFGS}
"""All that a run can be told to take: the update rules, and the method that is no recurrence over single parameters."""
