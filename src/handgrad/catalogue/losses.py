"""The loss functions of one output a and its target y, and the L2 penalty of one weight. To add one, add a record."""

from types import MappingProxyType

from handgrad.catalogue.records import CLOSED_UNIT, NOT_NEGATIVE, OPEN_UNIT, POSITIVE, Fused, Loss

_RECORDS = (
    Loss(
        "squared_error",
        value="(a - y)^2",
        gradient="2 * (a - y)",
        source="Legendre (1805); without a factor 1/2",
    ),
    Loss(
        "half_squared_error",
        value="(a - y)^2 / 2",
        gradient="a - y",
        source="Rumelhart, Hinton and Williams, Nature 323 (1986)",
    ),
    Loss(
        "absolute_error",
        value="abs(a - y)",
        gradient="sign(a - y)",
        kinks={"0": "0"},
        source="Laplace (1774)",
    ),
    Loss(
        "huber",
        value="where(abs(a - y) <= delta, (a - y)^2 / 2, delta * (abs(a - y) - delta / 2))",
        gradient="clip(a - y, -delta, delta)",
        parameters={"delta": 1},
        limits={"delta": POSITIVE},
        kinks={"-delta": "-delta", "delta": "delta"},
        source="Huber, Robust Estimation of a Location Parameter (1964)",
    ),
    Loss(
        "log_cosh",
        value="log(cosh(a - y))",
        stable="abs(a - y) + log1p(exp(-2 * abs(a - y))) - log(2)",
        gradient="tanh(a - y)",
        source="Green (1990); a smooth form of the absolute error",
    ),
    Loss(
        "quantile",
        value="max(q * (y - a), (q - 1) * (y - a))",
        gradient="where(a > y, 1 - q, where(a < y, -q, 0))",
        parameters={"q": 0.5},
        limits={"q": OPEN_UNIT},
        kinks={"0": "0"},
        source="Koenker and Bassett, Regression Quantiles (1978)",
    ),
    Loss(
        "poisson",
        value="a - y * log(a)",
        stable="where(y == 0, a, a - y * log(a))",
        gradient="1 - y / a",
        stable_gradient="where(y == 0, 1, 1 - y / a)",
        outputs=POSITIVE,
        targets=NOT_NEGATIVE,
        fused={
            "exp": Fused(
                value="exp(z) - y * z",
                steps=(("(1 - y / a) * a", "the slope of exp is a itself"),),
                delta="a - y",
                why="multiplied out, a cancels",
            )
        },
        output="exp",
        source="McCullagh and Nelder, Generalized Linear Models (1989), section 6.2; the constant log(y!) is left out",
    ),
    Loss(
        "binary_cross_entropy",
        value="-(y * log(a) + (1 - y) * log(1 - a))",
        stable="-(where(y == 0, 0, y * log(a)) + where(y == 1, 0, (1 - y) * log(1 - a)))",
        gradient="-(y / a - (1 - y) / (1 - a))",
        stable_gradient="-(where(y == 0, 0, y / a) - where(y == 1, 0, (1 - y) / (1 - a)))",
        outputs=OPEN_UNIT,
        targets=CLOSED_UNIT,
        fused={
            "sigmoid": Fused(
                value="max(z, 0) - y * z + log1p(exp(-abs(z)))",
                steps=(
                    ("-(y / a - (1 - y) / (1 - a)) * (a * (1 - a))", "the slope of sigmoid, written from a"),
                    (
                        "-(y * (1 - a) - (1 - y) * a)",
                        "multiplied out, a and 1 - a cancel: nothing is divided by zero any more",
                    ),
                ),
                delta="a - y",
                why="the two terms y a cancel",
            )
        },
        output="sigmoid",
        source="Bishop, Pattern Recognition and Machine Learning (2006), equation 4.90",
    ),
    Loss(
        "cross_entropy",
        value="-y * log(a)",
        stable="-where(y == 0, 0, y * log(a))",
        gradient="-y / a",
        stable_gradient="-where(y == 0, 0, y / a)",
        outputs=OPEN_UNIT,
        targets=CLOSED_UNIT,
        simplex=True,
        fused={
            "softmax": Fused(
                value="y * (max(unit: z) + log(sum(unit: exp(z - max(unit: z)))) - z)",
                steps=(
                    ("a * (-y / a + sum(unit: a * (y / a)))", "the derivative of the loss put in for both"),
                    ("-y + a * sum(unit: y)", "a cancels in both terms, so that nothing is divided by zero any more"),
                ),
                delta="a - y",
                why="the targets of an example sum to 1",
            )
        },
        output="softmax",
        labels="-log(lookup(unit: a, label))",
        source="Bridle (1990); Bishop, Pattern Recognition and Machine Learning (2006), equation 4.108",
    ),
)

LOSSES: dict[str, Loss] = {record.name: record for record in _RECORDS}

OUTPUT_GOES_WITH = MappingProxyType({"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy", "exp": "poisson"})
"""The loss that an output activation goes with where none is named; every other one goes with squared_error."""

L2 = "lambda / 2 * W^2"
"""The penalty of one weight W; biases have none. Its scale is stated in every loss that has it."""
L2_GRADIENT = "lambda * W"

SMOOTHED_TARGETS = "(1 - epsilon) * y + epsilon / K"
"""Label smoothing of targets over K classes; Szegedy et al., Rethinking the Inception Architecture (2016), section 7."""
