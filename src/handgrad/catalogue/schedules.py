"""The schedules of the learning rate. To add one, add a record: alpha as a formula in alpha0, t, T, epoch and stalls."""

import numpy as np

from handgrad.catalogue.base import NOT_NEGATIVE, Interval
from handgrad.catalogue.rules import Schedule

SHARE = Interval(0, 1, high_closed=True)
AT_LEAST_ONE = Interval(1, np.inf, low_closed=True)

_RECORDS = (
    Schedule(
        "constant",
        rate="alpha0",
        reason="the learning rate stays as it is",
        source="Cauchy (1847)",
    ),
    Schedule(
        "step",
        rate="alpha0 * factor^floor((epoch - 1) / every)",
        parameters={"factor": 0.1, "every": 10},
        limits={"factor": SHARE, "every": AT_LEAST_ONE},
        reason="it changes by a factor after every so many epochs",
        source="Krizhevsky, Sutskever and Hinton, ImageNet Classification (2012); counted in epochs",
    ),
    Schedule(
        "exponential",
        rate="alpha0 * gamma^(epoch - 1)",
        parameters={"gamma": 0.95},
        limits={"gamma": SHARE},
        reason="each epoch keeps a share γ of it",
        source="exponential decay, counted in epochs",
    ),
    Schedule(
        "inverse_scaling",
        rate="alpha0 / t^power",
        parameters={"power": 0.5},
        limits={"power": NOT_NEGATIVE},
        reason="it falls with a power of the number of the step",
        source="Robbins and Monro (1951); counted in steps, while scikit-learn counts examples and waits for the epoch's end",
    ),
    Schedule(
        "adaptive",
        rate="alpha0 / factor^stalls",
        parameters={"factor": 5, "patience": 2, "tolerance": 1e-4},
        limits={"factor": Interval(1, np.inf), "patience": AT_LEAST_ONE, "tolerance": NOT_NEGATIVE},
        reason="it is divided each time that the loss has not improved by the tolerance for so many epochs in a row (the patience)",
        source="scikit-learn's adaptive; counted in epochs",
    ),
    Schedule(
        "cosine",
        rate="t / max(t, warmup * T) * alpha0 * (1 + cos(pi * max(0, t - 1 - warmup * T) / (T - warmup * T))) / 2",
        parameters={"warmup": 0.1},
        limits={"warmup": Interval(0, 1, low_closed=True)},
        reason="it rises evenly over the first share of the steps, the warm-up, and then falls as half a cosine does",
        source="Loshchilov and Hutter, SGDR (2017), with the warm-up of Goyal et al., Accurate, Large Minibatch SGD (2017)",
    ),
    Schedule(
        "coslog4",
        rate="alpha0 * (1 - cos(2 * pi * log(1 + 15 * (t - 1) / T) / log(2))) / 2",
        reason="four waves of a cosine, each about twice as long as the one before",
        source="Holzmüller, Grinsztajn and Steinwart, Better by Default (2024)",
    ),
)

SCHEDULES: dict[str, Schedule] = {record.name: record for record in _RECORDS}
