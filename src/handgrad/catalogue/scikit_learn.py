"""Rules and losses in the forms of scikit-learn's MLPs, where they differ from the catalogue's: the estimators take them.

They are records as all others, with kernels of their own, but no names that a person would choose by: OPTIMISERS and LOSSES, which
the checker, the commands and the documents go through, do not have them.
"""

from dataclasses import replace

import numpy as np

from handgrad.catalogue.base import CLOSED_UNIT, NOT_NEGATIVE, POSITIVE, Interval
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.optimisers import OPTIMISERS
from handgrad.catalogue.records import Loss
from handgrad.catalogue.rules import Optimiser

_ADAM, _POISSON = OPTIMISERS["adam"], LOSSES["poisson"]
_WITH_RATE = {"alpha": POSITIVE, "beta": CLOSED_UNIT}

_CLASSICAL = Optimiser(
    "classical_momentum",
    update="theta + v[t+1]",
    source="Sutskever, Martens, Dahl and Hinton, On the Importance of Initialization and Momentum (2013), equations 1 and 2",
    state={"v": "beta * v - alpha * dtheta"},
    parameters={"alpha": 0.001, "beta": 0.9},
    limits=_WITH_RATE,
    reasons={
        "v": "the velocity keeps a share β of itself and takes up the step against the gradient; a learning rate that changes "
        "later changes nothing of what it holds, as it would in momentum",
        "theta": "a step along the velocity",
    },
)

_RULES = (
    replace(
        _ADAM,
        name="adam_epsilon_hat",
        update="theta - alpha * sqrt(1 - beta2^t) / (1 - beta1^t) * v[t+1] / (sqrt(s[t+1]) + epsilon0)",
        source="Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), the end of section 2",
        reasons={
            **_ADAM.reasons,
            "theta": "both means start at zero, which the factor of the learning rate makes up for; ε is added to the root as it "
            "is, so that it counts for more in the first steps than in adam",
        },
    ),
    _CLASSICAL,
    replace(
        _CLASSICAL,
        name="accelerated_gradient",
        update="theta + beta * v[t+1] - alpha * dtheta",
        source="Nesterov (1983), in the form of Sutskever, Martens, Dahl and Hinton (2013), equations 3 and 4, where theta stands "
        "for the point ahead at which the gradient is taken",
        reasons={
            "v": _CLASSICAL.reasons["v"],
            "theta": "a step along the velocity as it will be, which takes up the gradient once more",
        },
    ),
)


def _capped(name: str, usual: Loss, output: str, value: str) -> Loss:
    """A cross-entropy whose value, simplified with its output, has each -log p brought into [floor, cap]."""
    eps = float(np.finfo(np.float64).eps)
    return replace(
        usual,
        name=name,
        parameters={"floor": -float(np.log1p(-eps)), "cap": -float(np.log(eps))},
        limits={"floor": NOT_NEGATIVE, "cap": POSITIVE},
        fused={output: replace(usual.fused[output], value=value)},
        source=f"{usual.source}; scikit-learn reports a probability below ε, the rounding of the dtype, as ε and one above 1 - ε "
        "as 1 - ε: cap is -log ε, floor is -log(1 - ε), and the gradient is that of the loss without them",
    )


_LOSSES = (
    Loss(
        "half_mean_squared_error",
        value="(a - y)^2 / (2 * n)",
        gradient="(a - y) / n",
        parameters={"n": 1},
        limits={"n": Interval(1, np.inf, low_closed=True)},
        source="scikit-learn's squared error: half the mean over the n outputs, which the sum over the outputs of this is; the "
        "gradient is the one that belongs to it, while scikit-learn's own is n times that (its issue 8349)",
    ),
    replace(
        _POISSON,
        name="half_poisson_deviance",
        value="a - y + y * log(y / a)",
        stable="a - y + where(y == 0, 0, y * log(y / a))",
        fused={"exp": replace(_POISSON.fused["exp"], value="exp(z) - y + where(y == 0, 0, y * (log(y) - z))")},
        source="McCullagh and Nelder, Generalized Linear Models (1989), section 2.3; 0 where a is y, which poisson is not",
    ),
    # Only the report is capped: the gradient stays a - y, that of the loss without cap and floor, so that no output stands still.
    _capped(
        "binary_log_loss",
        LOSSES["binary_cross_entropy"],
        "sigmoid",
        "y * clip(max(-z, 0) + log1p(exp(-abs(z))), floor, cap) + (1 - y) * clip(max(z, 0) + log1p(exp(-abs(z))), floor, cap)",
    ),
    _capped(
        "log_loss",
        LOSSES["cross_entropy"],
        "softmax",
        "y * clip(max(unit: z) + log(sum(unit: exp(z - max(unit: z)))) - z, floor, cap)",
    ),
)

SCIKIT_LEARN_RULES: dict[str, Optimiser] = {record.name: record for record in _RULES}
SCIKIT_LEARN_LOSSES: dict[str, Loss] = {record.name: record for record in _LOSSES}
