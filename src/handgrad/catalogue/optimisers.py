"""The update rules. To add one, add a record."""

from handgrad.catalogue.records import Optimiser

_RECORDS = (
    Optimiser(
        "gradient_descent",
        "theta - alpha * dtheta",
        "Cauchy (1847)",
        hyperparameters={"alpha": 0.1},
        reasons={"theta": "a step against the gradient, α long"},
    ),
    Optimiser(
        "momentum",
        "theta - alpha * v[t+1]",
        "Polyak, Some Methods of Speeding up the Convergence of Iteration Methods (1964)",
        state={"v": "beta * v + dtheta"},
        hyperparameters={"alpha": 0.1, "beta": 0.9},
        reasons={"v": "the velocity keeps a share β of itself and takes up the gradient", "theta": "a step against the velocity"},
    ),
    Optimiser(
        "nesterov",
        "theta - alpha * (dtheta + beta * v[t+1])",
        "Nesterov (1983), in the form of Sutskever, Martens, Dahl and Hinton (2013) as PyTorch and Keras have it",
        state={"v": "beta * v + dtheta"},
        hyperparameters={"alpha": 0.1, "beta": 0.9},
        reasons={
            "v": "the velocity keeps a share β of itself and takes up the gradient",
            "theta": "a step against the velocity as it will be, gradient included",
        },
    ),
    Optimiser(
        "rmsprop",
        "theta - alpha * dtheta / (sqrt(s[t+1]) + epsilon0)",
        "Tieleman and Hinton, Lecture 6.5, Neural Networks for Machine Learning (2012)",
        state={"s": "rho * s + (1 - rho) * dtheta^2"},
        hyperparameters={"alpha": 0.001, "rho": 0.9, "epsilon0": 1e-8},
        reasons={
            "s": "a running mean of the squared gradient, entry by entry",
            "theta": "each entry steps against its gradient in units of its usual size",
        },
    ),
    Optimiser(
        "adagrad",
        "theta - alpha * dtheta / (sqrt(s[t+1]) + epsilon0)",
        "Duchi, Hazan and Singer, Adaptive Subgradient Methods (2011)",
        state={"s": "s + dtheta^2"},
        hyperparameters={"alpha": 0.01, "epsilon0": 1e-10},
        reasons={
            "s": "the sum of all squared gradients so far, entry by entry",
            "theta": "an entry that has moved much steps less and less",
        },
    ),
    Optimiser(
        "adam",
        "theta - alpha * (v[t+1] / (1 - beta1^t)) / (sqrt(s[t+1] / (1 - beta2^t)) + epsilon0)",
        "Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), algorithm 1",
        state={"v": "beta1 * v + (1 - beta1) * dtheta", "s": "beta2 * s + (1 - beta2) * dtheta^2"},
        hyperparameters={"alpha": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon0": 1e-8},
        reasons={
            "v": "a running mean of the gradient",
            "s": "a running mean of the squared gradient, entry by entry",
            "theta": "both means start at zero, which 1 - βᵗ makes up for; a step against one in units of the other's root",
        },
    ),
)

OPTIMISERS: dict[str, Optimiser] = {record.name: record for record in _RECORDS}
