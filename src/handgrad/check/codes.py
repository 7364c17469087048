"""The kinds of mistakes, one record each: what it is in a student's words, an example, and numbers in which it fails.

Example formulas have examples as columns and W[l] as n_l × n_{l-1}; ⊙ is the elementwise product, and two names side by side are
the matrix product. dZ is ∂J/∂Z.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from handgrad.check.findings import NUDGED, Witness
from handgrad.errors import HandgradError, did_you_mean


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of mistake.

    `what` says what it is, `wrong` and `right` are an example and its correction, `names` says what their names are. `witness` is
    worked by hand; a symbol without meaning has no value, and no witness.
    """

    code: str
    name: str
    what: str
    wrong: str
    right: str
    names: str
    witness: Witness | None = None


def _witness(quantity: str, author: str, measured: str, entry: str = "", how: str = NUDGED, **inputs: str) -> Witness:
    """A witness; `__` in the name of an input stands for the brackets of a layer, as W__2 for W[2]."""
    named = [
        (f"{name}[{layer}]" if layer else name, value) for key, value in inputs.items() for name, _, layer in [key.partition("__")]
    ]
    return Witness(tuple(named), quantity, author, measured, entry=entry, how=how)


_RECORDS = (
    Kind(
        "HG001",
        "shape",
        "The wrong product: elementwise where a matrix product sums over the units that two factors share, or the reverse; or "
        "factors whose axes do not fit together.",
        wrong="dA[1] = W[2]ᵀ ⊙ dZ[2]",
        right="dA[1] = W[2]ᵀ dZ[2]",
        names="W[2] are the weights of layer 2, A[1] the activations that it gets.",
        witness=_witness("dA[1]", "1", "4", "entry (1, 1)", W__2="[[1, 2], [3, 4]]", dZ__2="[[1, 2], [1, 0]]"),
    ),
    Kind(
        "HG002",
        "transpose",
        "A transpose is missing or too many, or the factors of a matrix product stand in the wrong order, so that the product sums "
        "over the wrong axis.",
        wrong="dW[2] = 1/m dZ[2] A[1]",
        right="dW[2] = 1/m dZ[2] A[1]ᵀ",
        names="dZ[2] holds each example's own derivative in its column, A[1] are the activations of layer 1, and m is the number "
        "of examples.",
        witness=_witness("dW[2]", "0.5", "3.5", "entry (1, 1)", dZ__2="[[1, 2]]", A__1="[[1, 3], [0, 4]]", m="2"),
    ),
    Kind(
        "HG003",
        "sign",
        "The sign is the opposite one: the formula points downhill where the gradient points uphill.",
        wrong="dA = Y - A",
        right="dA = A - Y",
        names="A is the output, Y its target, and J = ½ (A - Y)².",
        witness=_witness("dA", "-2", "2", A="3", Y="1"),
    ),
    Kind(
        "HG004",
        "factor",
        "A constant is missing or stands twice: the 1/m of a mean over examples, the 2 of a square, or a ½.",
        wrong="dW = dZ Xᵀ",
        right="dW = 1/m dZ Xᵀ",
        names="J is the mean of the losses of m examples, and dZ holds each example's own derivative.",
        witness=_witness("dW", "5", "2.5", dZ="[[1, 3]]", X="[[2, 1]]", m="2"),
    ),
    Kind(
        "HG005",
        "missing slope",
        "The way back goes through an activation, but its slope was left out of the product.",
        wrong="dZ = A - Y",
        right="dZ = (A - Y) ⊙ σ'(Z)",
        names="A = σ(Z) is the output, Y its target, and J = ½ (A - Y)², with which the slope does not cancel.",
        witness=_witness("dZ", "-0.5", "-0.125", Z="0", Y="1"),
    ),
    Kind(
        "HG006",
        "slope of the wrong thing",
        "The slope is there, but taken at the wrong quantity: of the activation's output instead of its input (or the reverse), or "
        "of another layer's.",
        wrong="dZ = dA ⊙ (1 - Z²)",
        right="dZ = dA ⊙ (1 - A²)",
        names="A = tanh(Z), whose slope 1 - A² is written from its output; it is never negative.",
        witness=_witness("dZ", "-3", "0.0707", Z="2", dA="1"),
    ),
    Kind(
        "HG007",
        "function for its slope",
        "A function stands where its slope belongs, or is applied to the gradient: the gradient that comes in is to be multiplied "
        "by the slope.",
        wrong="dZ = relu(dA)",
        right="dZ = dA ⊙ relu'(Z)",
        names="A = relu(Z); relu' is 1 where Z > 0 and 0 elsewhere.",
        witness=_witness("dZ", "0", "-3", Z="2", dA="-3"),
    ),
    Kind(
        "HG008",
        "wrong layer",
        "The right quantity, but that of another layer: mostly the layer's own where that of the layer below belongs, or the "
        "reverse.",
        wrong="dW[2] = dZ[2] A[2]ᵀ",
        right="dW[2] = dZ[2] A[1]ᵀ",
        names="A[1] goes into layer 2, A[2] comes out of it; there is one example.",
        witness=_witness("dW[2]", "1", "6", dZ__2="2", A__1="3", A__2="0.5"),
    ),
    Kind(
        "HG009",
        "wrong quantity",
        "Another quantity stands where this one belongs: a gradient for an activation, or the raw error for the delta that is sent "
        "back.",
        wrong="dW[2] = dZ[2] dA[1]ᵀ",
        right="dW[2] = dZ[2] A[1]ᵀ",
        names="A[1] goes into layer 2, dA[1] is the gradient by it; there is one example.",
        witness=_witness("dW[2]", "-2", "6", dZ__2="2", A__1="3", dA__1="-1"),
    ),
    Kind(
        "HG010",
        "sum",
        "A sum is missing or too many. What a unit does reaches the loss through every unit of the next layer, and what a weight "
        "or a bias does through every example: the ways are added up.",
        wrong="∂J/∂a_k = w_1k δ_1",
        right="∂J/∂a_k = Σ_j w_jk δ_j",
        names="z_j = Σ_k w_jk a_k, and δ_j is ∂J/∂z_j.",
        witness=_witness("∂J/∂a_1", "2", "17", w_11="1", w_21="3", δ_1="2", δ_2="5"),
    ),
    Kind(
        "HG011",
        "index",
        "An index names the wrong unit, example or layer: one that is summed over where a fixed one belongs, or the reverse.",
        wrong="∂a_i/∂z_j = a_i (δ_ij - a_i)",
        right="∂a_i/∂z_j = a_i (δ_ij - a_j)",
        names="a are the outputs of a softmax of z, and δ_ij is 1 where i = j, else 0.",
        witness=_witness("∂a_1/∂z_2", "-0.0625", "-0.1875", a_1="0.25", a_2="0.75"),
    ),
    Kind(
        "HG012",
        "number",
        "The formula holds, but a number is worked out wrongly: a logarithm of another base, an early rounding, a slip in "
        "arithmetic.",
        wrong="-log 0.8 ≈ 0.097",
        right="-log 0.8 ≈ 0.223",
        names="log is the natural logarithm, as everywhere in losses; 0.097 is that of base 10.",
        witness=_witness("-log a", "0.097", "0.223", how="true", a="0.8"),
    ),
    Kind(
        "HG013",
        "update",
        "The step does not go down: its sign is the opposite one, or it moves a parameter by the gradient of another.",
        wrong="W := W + α dW",
        right="W := W - α dW",
        names="J = ½ W², so that dW = W and J is 2 before the step; α is the learning rate.",
        witness=_witness("J after the step", "4.5", "0.5", how="with W - α dW", W="2", α="0.5"),
    ),
    Kind(
        "HG014",
        "softmax Jacobian",
        "A softmax is treated as if each output hung on its own input alone. All outputs share one sum, so each input moves all of "
        "them.",
        wrong="dZ = dA ⊙ A ⊙ (1 - A)",
        right="dZ = A ⊙ (dA - Σ_k dA_k A_k)",
        names="A = softmax(Z), of one example.",
        witness=_witness("dZ", "0", "-0.75", "entry 2", A="[0.25, 0.75]", dA="[4, 0]"),
    ),
    Kind(
        "HG015",
        "penalty",
        "The term of the L2 penalty has the wrong sign or factor, or stands at a bias, which has no penalty.",
        wrong="dW = dZ Xᵀ - λ W",
        right="dW = dZ Xᵀ + λ W",
        names="J is the loss of one example and the penalty λ/2 ΣW².",
        witness=_witness("dW", "0", "4", dZ="1", X="2", λ="0.5", W="4"),
    ),
    Kind(
        "HG016",
        "upside down",
        "A derivative stands upside down: the loss belongs above the line, and what is changed below.",
        wrong="∂A/∂J = A - Y",
        right="∂J/∂A = A - Y",
        names="A is the output, Y its target, and J = ½ (A - Y)².",
        witness=_witness("∂A/∂J", "2", "0.5", A="3", Y="1"),
    ),
    Kind(
        "HG017",
        "derivative forgotten",
        "The loss itself, or another undifferentiated quantity, stands where its derivative belongs.",
        wrong="∂J/∂w = ½ (a - y)²",
        right="∂J/∂w = (a - y) x",
        names="a = w x is the output, y its target, and J = ½ (a - y)².",
        witness=_witness("∂J/∂w", "4.5", "6", w="2", x="2", y="1"),
    ),
    Kind(
        "HG018",
        "contradiction",
        "Two places contradict each other: each could be right alone, but not both.",
        wrong="dZ = 1/m (A - Y), and dW = 1/m dZ Xᵀ",
        right="dZ = 1/m (A - Y), and dW = dZ Xᵀ",
        names="A = W X are the outputs, Y their targets, and J = 1/(2m) Σ (A - Y)²; 1/m is taken once.",
        witness=_witness("dW", "1.75", "3.5", W="1", X="[[1, 3]]", Y="[[0, 1]]", m="2"),
    ),
    Kind(
        "HG019",
        "undefined symbol",
        "A symbol is used, but nothing says what it is, and no equation gives it a value.",
        wrong="dZ[1] = W[2]ᵀ e[2] ⊙ relu'(Z[1])",
        right="e[2] = A[2] - Y, and dZ[1] = W[2]ᵀ e[2] ⊙ relu'(Z[1])",
        names="e[2] is the symbol that nothing defines.",
    ),
    Kind(
        "HG020",
        "claimed shape",
        "The shape that is stated does not fit the equations in which the array stands.",
        wrong="W[1] ∈ ℝ^{n_0 × n_1}",
        right="W[1] ∈ ℝ^{n_1 × n_0}",
        names="Z[1] = W[1] X + b[1], and each column of X is an example of n_0 inputs; layer 1 has n_1 units.",
        witness=_witness("the shape of W[1]", "2 × 3", "3 × 2", how="W[1] X needs", n_0="2", n_1="3"),
    ),
    Kind(
        "HG021",
        "prose",
        "What the text says contradicts the formulas, as where each row is said to be an example, but the equations need columns.",
        wrong="Each row of X is an example, and Z = W X + b.",
        right="Each column of X is an example, and Z = W X + b.",
        names="W has a row for each unit and a column for each input.",
        witness=_witness("the shape of X", "4 × 2", "2 × 4", how="W X needs", inputs="2", units="3", examples="4"),
    ),
    Kind(
        "HG022",
        "missing factor",
        "A factor of the product is missing or too many: a weight on the path, an input, part of a denominator.",
        wrong="dA = -(Y / A - (1 - Y) / A)",
        right="dA = -(Y / A - (1 - Y) / (1 - A))",
        names="A is the output, Y its target, and J = -(Y log A + (1 - Y) log(1 - A)).",
        witness=_witness("dA", "5", "1.25", A="0.2", Y="0"),
    ),
    Kind(
        "HG023",
        "output delta",
        "The gradient at the output is that of another loss or output activation than the one that is stated.",
        wrong="dZ = (A - Y) ⊙ σ'(Z)",
        right="dZ = A - Y",
        names="A = σ(Z), and J = -(Y log A + (1 - Y) log(1 - A)), the cross-entropy, with which the slope cancels.",
        witness=_witness("dZ", "-0.125", "-0.5", Z="0", Y="1"),
    ),
    Kind(
        "HG024",
        "forward equation",
        "An equation of the forward pass is not that of the network: an activation or a bias is missing, or a layer gets the wrong "
        "input.",
        wrong="A[1] = Z[1]",
        right="A[1] = relu(Z[1])",
        names="Layer 1 is said to have the activation relu.",
        witness=_witness("A[1]", "-2", "0", how="true", Z__1="-2"),
    ),
    Kind(
        "HG099",
        "other",
        "The right side is wrong, and no small change makes it right: the correction is what the network gives, written in the "
        "document's notation.",
        wrong="dZ[1] = W[1] X",
        right="dZ[1] = dA[1] ⊙ relu'(Z[1])",
        names="Z[1] = W[1] X, and A[1] = relu(Z[1]).",
        witness=_witness("dZ[1]", "6", "-1", W__1="2", X="3", dA__1="-1"),
    ),
)

KINDS: dict[str, Kind] = {record.code: record for record in _RECORDS}
"""The kinds of mistakes by code."""


def find_kind(name: str) -> Kind:
    """The kind of this code or name: "HG003", "hg3", "sign". Raises HandgradError."""
    wanted = name.strip()
    if re.fullmatch("[Hh][Gg][0-9]{1,3}", wanted):
        wanted = f"HG{int(wanted[2:]):03}"
    by_name = {kind.name.lower(): kind for kind in KINDS.values()}
    found = KINDS.get(wanted) or by_name.get(wanted.lower())
    if found is None:
        known = KINDS if wanted[:2].upper() == "HG" else {kind.name: kind for kind in KINDS.values()}
        raise HandgradError(f"there is no kind of mistake {name!r}. {did_you_mean(name, known)}")
    return found
