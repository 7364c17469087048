"""What names usually stand for in derivations of backpropagation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from handgrad.check.tree import Name

UNITS = frozenset({"Z", "A", "delta"})
"""Roles that have an entry for each unit of a layer."""
LAYERED = UNITS | {"W", "b", "accumulated", "mean gradient"}
DATA = frozenset({"X", "Y"})

_BY_ROLE: dict[str, str] = {
    "X": "X x input inputs Input LayerInput Inputs features data",
    "Y": "Y y t T target targets label labels truth y_true ytrue",
    "output": "pred prediction predictions y_pred output_pred hypothesis",
    "Z": "Z z net Net zeta preactivation logits",
    "A": "A a h H activation activations out Out output outputs",
    "W": "W w weight weights Weight Weights Theta theta omega Omega",
    "b": "b B bias Bias biases",
    "delta": "delta error err",
    "accumulated": "Delta",
    "loss": "J L E C loss Loss cost Cost ell Error Err MSE SSE BCE CE Loss_total total_loss",
    "m": "m N M batch_size batchsize num_examples n_samples",
    "rate": "alpha eta lr learning_rate learningRate gamma epsilon mu rho nu",
    "penalty": "lambda lambd lam reg",
    "constant": "e pi",
}
DEFAULT: Mapping[str, str] = MappingProxyType({name: role for role, names in _BY_ROLE.items() for name in names.split()})

ACTIVATIONS: Mapping[str, str] = MappingProxyType({
    "sigmoid": "sigmoid", "Sigmoid": "sigmoid", "logistic": "sigmoid", "logsig": "sigmoid", "sigm": "sigmoid", "expit": "sigmoid",
    "relu": "relu", "ReLU": "relu", "Relu": "relu", "RELU": "relu", "ReLu": "relu", "reLU": "relu",
    "leakyrelu": "leaky_relu", "LeakyReLU": "leaky_relu", "leakyRelu": "leaky_relu", "leaky_relu": "leaky_relu",
    "LReLU": "leaky_relu", "LeakyRelu": "leaky_relu", "leakyReLU": "leaky_relu", "tanh": "tanh", "Tanh": "tanh",
    "softmax": "softmax", "Softmax": "softmax", "SoftMax": "softmax", "smax": "softmax", "softplus": "softplus",
    "identity": "identity", "linear": "identity", "id": "identity", "elu": "elu", "ELU": "elu", "selu": "selu", "SELU": "selu",
    "gelu": "gelu", "GELU": "gelu", "swish": "silu", "Swish": "silu", "silu": "silu", "SiLU": "silu",
    "mish": "mish", "Mish": "mish", "hard_sigmoid": "hard_sigmoid", "hardsigmoid": "hard_sigmoid",
    "HardSigmoid": "hard_sigmoid", "Hardsigmoid": "hard_sigmoid",
})  # fmt: skip
"""Functions that are called by their own name, as the catalogue has them."""

GENERIC = frozenset({
    "sigma", "g", "f", "phi", "varphi", "psi", "h", "s", "act", "activation", "activ", "F", "G", "theta", "Phi", "Psi", "fn",
    "act_fn", "rho", "S",
})  # fmt: skip
"""Letters for an activation function that is not named."""

PLAIN = frozenset({
    "exp", "log", "ln", "max", "min", "abs", "sqrt", "sum", "mean", "dot", "diag", "maximum", "sign", "outer", "log10", "where",
    "average", "transpose", "avg", "clip", "minimum", "erf", "erfc", "cosh", "sinh", "expm1", "log1p",
})  # fmt: skip


def is_hat(name: Name) -> bool:
    """Whether a letter wears a hat or the like, by which predictions are told from targets."""
    return bool(name.faces & {"hat", "tilde"})


_PREFIXES = (
    ("Weights", "W"), ("Weight", "W"), ("Biases", "b"), ("Bias", "b"), ("Delta", "delta"), ("Error", "delta"),
    ("A", "A"), ("Z", "Z"), ("W", "W"),
)  # fmt: skip
_LOWER_PREFIXES = (
    ("weight", "W"), ("bias", "b"), ("error", "delta"), ("cost", "loss"), ("loss", "loss"), ("net", "Z"), ("target", "Y"),
)  # fmt: skip
_PLACES = (("out", "output"), ("hid", "hidden"), ("input", "input"), ("last", "output"), ("first", "hidden"))


def split_word(word: str) -> tuple[str, str] | None:
    """The role and the place in the network of a long name, as in ALayerOutput and netWeightsLayerHidden; None for other words."""
    lower = word.lower()
    place = next((name for part, name in _PLACES if part in lower), None)
    if place is None or len(word) < 6:
        return None
    if "weight" in lower:
        return "W", place
    if "bias" in lower:
        return "b", place
    for start, role in _PREFIXES:
        if word.startswith(start) and word[len(start) :][:1].isupper():
            return role, place
    if "layer" in lower and place == "input":
        return "X", place
    return None


def usual_role(name: Name) -> str | None:
    """The role that a name has unless the document says otherwise; None for names without one."""
    word = name.name
    if word == "l" and "ell" in name.faces:
        return "loss"
    if is_hat(name) and word in {"y", "Y", "t", "o", "p"}:
        return "output"
    found = DEFAULT.get(word)
    if found is not None:
        return found
    if len(word) == 2 and word[1] == "L" and DEFAULT.get(word[0]) in LAYERED:
        return DEFAULT[word[0]]  # AL, ZL, WL: the last layer's
    parts = split_word(word)
    if parts is not None:
        return parts[0]
    lower = word.lower()
    for start, role in _LOWER_PREFIXES:
        if lower.startswith(start) and len(lower) > len(start):
            return role
    return None
