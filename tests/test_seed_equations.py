"""The equations of the four derivations that the project grew from, each as its author writes it, come out of `derive`.

A case names the equation as TeX, the step of the derivation and how the notation differs from the document's usual one.
"""

import pytest
from tex import canonical

from handgrad.calculus.notation import Notation
from handgrad.calculus.rendering import typeset
from handgrad.derivation import derive
from handgrad.derivation.checking import check_steps
from handgrad.network import Network

# A student's question: relu, relu, sigmoid; columns, "." for matrices and "*" for the rest, ∂Z for dZ

STUDENT = derive(Network("4-3:relu-2:relu-1:sigmoid"))
ASKED = Notation(
    product=".", elementwise="*", times="*", fractions="inline", sums="applied", d="∂", names={"A[0]": "X"}, latex={"relu": "relu"}
)
QUESTION = [
    (r"Z^{[1]} = W^{[1]} . X + b^{[1]}", "Z1", {}),
    (r"A^{[1]} = relu(Z^{[1]})", "A1", {}),
    (r"Z^{[2]} = W^{[2]} . A^{[1]} + b^{[2]}", "Z2", {}),
    (r"A^{[2]} = relu(Z^{[2]})", "A2", {}),
    (r"Z^{[3]} = W^{[3]} . A^{[2]} + b^{[3]}", "Z3", {}),
    (r"A^{[3]} = \sigma(Z^{[3]})", "A3", {}),
    (r"\partial b^{[3]} = 1/m * \sum(\partial Z^{[3]})", "db3", {}),
    (r"\partial A^{[2]} = W^{[3]T} . \partial Z^{[3]}", "dA2", {}),
    (r"\partial b^{[2]} = 1/m * \sum(\partial Z^{[2]})", "db2", {}),
    (r"\partial b^{[1]} = 1/m * \sum(\partial Z^{[1]})", "db1", {}),
]

# Squared error and sigmoid with indices, layers counted from the output, one example with the cost C_0

COST = derive(Network("2-3:sigmoid-2:sigmoid", loss="squared_error"), layers="from_output")
SINGLE = Notation(
    form="index",
    examples="single",
    layer="(l)",
    gradient="delta",
    letters="jklpq",
    sums="from_0",
    bound="same",
    first_index=0,
    latex={"ell": "C_0", "n[L]": "n_L", "n[L-1]": "n_{(L-1)}"},
)


def d(of, by, sign=r"\partial"):
    """∂of/∂by."""
    return rf"\frac{{{sign} {of}}}{{{sign} {by}}}"


aj, zj, bj, wjk = (f"{name}^{{(L)}}" for name in ("a_j", "z_j", "b_j", "w_{jk}"))
ak, zk, bk, wkl = (f"{name}^{{(L-1)}}" for name in ("a_k", "z_k", "b_k", "w_{kl}"))
al = "a_l^{(L-2)}"
over_j, over_k = r"\sum_{j=0}^{n_L-1}", r"\sum_{k=0}^{n_{(L-1)}-1}"
weighted = rf"{over_k} {wjk} {ak} + {bj}"
term_by_term = " + ".join(rf"w_{{j{k}}}^{{(L)}} a_{k}^{{(L-1)}}" for k in range(3)) + f" + {bj}"
errors = rf"\delta_j^{{(L)}} {d(zj, ak)}"
tail = rf"{d(ak, zk)} {d(zk, wkl)}"
by_entries = r"""\begin{bmatrix} z_0^{(L)} \\ z_1^{(L)} \end{bmatrix} =
    \begin{bmatrix} w_{00}^{(L)} & w_{01}^{(L)} & w_{02}^{(L)} \\ w_{10}^{(L)} & w_{11}^{(L)} & w_{12}^{(L)} \end{bmatrix}
    \begin{bmatrix} a_0^{(L-1)} \\ a_1^{(L-1)} \\ a_2^{(L-1)} \end{bmatrix} +
    \begin{bmatrix} b_0^{(L)} \\ b_1^{(L)} \end{bmatrix}"""
AS_MEAN = {"examples": "indexed", "example_mark": "_i", "latex": {"J": "C", "ell": "C"}, "form": "matrix"}
# Where a derivative stands before a sum, it has the parentheses that it needs.
INDEX_FORM = [
    (f"C_0 = {over_j} ({aj} - y_j)^2", "ell", {}),
    (rf"{aj} = \sigma({term_by_term})", "A2_written", {"sums": "expanded"}),
    (f"{zj} = {term_by_term}", "Z2", {"sums": "expanded"}),
    (f"{zj} = {weighted}", "Z2", {}),
    (r"a_j^{L} = \sigma (z_j^L)", "A2", {"layer": "^l"}),
    (by_entries, "Z2", {"form": "entries"}),
    (by_entries.replace("(L)", "L").replace("(L-1)", "L-1"), "Z2", {"form": "entries", "layer": "^l"}),
    (f"{d('C_0', wjk)} = {d('C_0', aj)} {d(aj, zj)} {d(zj, wjk)}", "dW2_chain", {}),
    (rf"{d('C_0', aj)} = \frac{{\partial}}{{\partial {aj}}} {over_j} ({aj} - y_j)^2", "dA2_rate", {}),
    (f"{d('C_0', aj)} = 2({aj} - y_j)", "dA2", {}),
    (rf"{d(aj, zj)} = \frac{{\partial}}{{\partial {zj}}} \left(\frac{{1}}{{1 + e^{{-{zj}}}}}\right)", "dA2_dZ2_rate", {}),
    (f"{d(aj, zj)} = {aj} (1 - {aj})", "dA2_dZ2", {}),
    (f"{d(zj, wjk)} = {ak}", "dZ2_dW2", {}),
    (f"{d('C_0', wjk)} = 2({aj} - y_j) {aj} (1 - {aj}) {ak}", "dW2_written", {}),
    (rf"\delta_j^{{(L)}} = {d('C_0', aj)} {d(aj, zj)}", "dZ2_factors", {}),
    (rf"\delta_j^{{(L)}} = 2({aj} - y_j) {d(aj, zj)}", "dZ2_loss", {}),
    (rf"\delta_j^{{(L)}} = 2({aj} - y_j) {aj} (1 - {aj})", "dZ2_written", {}),
    (rf"{d('C_0', wjk)} = \delta_j^{{(L)}} {ak}", "dW2_example", {}),
    (f"{d('C_0', bj)} = {d('C_0', aj)} {d(aj, zj)} {d(zj, bj)}", "db2_chain", {}),
    (rf"{d('C_0', bj)} = \delta_j^{{(L)}} {d(zj, bj)}", "db2_factors", {}),
    (rf"{d(zj, bj)} = \frac{{\partial}}{{\partial {bj}}} ({weighted})", "dZ2_db2_rate", {}),
    (f"{d(zj, bj)} = 1", "dZ2_db2", {}),
    (rf"{d('C_0', bj)} = \delta_j^{{(L)}}", "db2_example", {}),
    (f"{d('C_0', wkl)} = ({over_j} {d('C_0', aj)} {d(aj, zj)} {d(zj, ak)}) {tail}", "dW1_whole", {}),
    (f"{d('C_0', wkl)} = ({over_j} {errors}) {tail}", "dW1_errors", {}),
    (f"{d('C_0', wkl)} = ({over_j} {errors}) {d(ak, zk)} {al}", "dW1_input", {}),
    (rf"{d(zj, ak)} = \frac{{\partial}}{{\partial {ak}}} ({weighted})", "dZ2_dA1_rate", {}),
    (f"{d(zj, ak)} = {wjk}", "dZ2_dA1", {}),
    (rf"{d('C_0', wkl)} = ({over_j} \delta_j^{{(L)}} {wjk}) {d(ak, zk)} {al}", "dW1_weights", {}),
    (rf"\delta_k^{{(L-1)}} = ({over_j} \delta_j^{{(L)}} {wjk}) {d(ak, zk)}", "dZ1_back", {}),
    (rf"\delta_k^{{(L-1)}} = ({over_j} \delta_j^{{(L)}} {wjk}) {ak} (1 - {ak})", "dZ1_written", {}),
    (rf"\delta_k^{{(L-1)}} = (\sum_j \delta_j^{{(L)}} {wjk}) \sigma'({zk})", "dZ1_slope", {"sums": "plain"}),
    (rf"{d('C_0', wkl)} = \delta_k^{{(L-1)}} {al}", "dW1_example", {}),
    (f"{d('C_0', bk)} = ({over_j} {errors}) {d(ak, zk)} {d(zk, bk)}", "db1_errors", {}),
    (rf"{d('C_0', bk)} = \delta_k^{{(L-1)}}", "db1_example", {}),
    (r"C = \frac{1}{m}\sum_{i=0}^{m-1}C_i", "J", AS_MEAN),
    (
        rf"{d('C', 'w^{(L)}')} = \frac{{1}}{{m}} \sum_{{i=0}}^{{m-1}} {d('C_i', 'w^{(L)}')}",
        "dW2_mean",
        {**AS_MEAN, "lower": "all"},
    ),
]
RULE = [
    (
        r"\theta_j := \theta_j - \alpha \frac{\partial}{\partial \theta_j} J(\theta)",
        "rule_theta",
        {"gradient": "partial", "partials": "operator", "latex": {"theta": r"\theta_j", "J": r"J(\theta)"}},
    )
]

# relu, relu, softmax with cross-entropy, in bold matrices; gradients of J throughout, with 1/m in the first of them

BOLD = {name: rf"\mathbf{{{name}}}" for name in "WZAXYb"}
DEEP = derive(Network("4-3:relu-2:relu-2:softmax"), one_over_m="dZ")
MATRICES = Notation(gradient="partial", assign="=", latex=BOLD)
FACTORS = {"form": "factors"}
HAT = {"latex": {**BOLD, "A[3]": r"\hat{\mathbf{Y}}"}}
PER_ENTRY = {"form": "index", "sums": "from_1", "letters": "k", "latex": {"n[3]": "K", "A[3]": r"\hat{y}"}}
A3, Z3, b3 = (rf"\mathbf{{{name}}}^{{[3]}}" for name in "AZb")
Al, Zl, Wl, bl = (rf"\mathbf{{{name}}}^{{[l]}}" for name in "AZWb")


def of_layer(l):
    """What the document writes for each of its layers, concretely and for any."""
    W, b, Z = (rf"\mathbf{{{name}}}^{{[{l}]}}" for name in "WbZ")
    return [
        (rf"\frac{{\partial {Z}}}{{\partial {b}}} = 1", f"dZ{l}_db{l}", FACTORS),
        (rf"{W} = {W} - \alpha \frac{{\partial J}}{{\partial {W}}}", f"update_W{l}", {}),
        (rf"{b} = {b} - \alpha \frac{{\partial J}}{{\partial {b}}}", f"update_b{l}", {}),
    ]


LAYERS = [
    (r"\mathbf{A}^{[0]} = \mathbf{X}", "A0", {}),
    (r"\mathbf{Z}^{[1]} = \mathbf{W}^{[1]} \mathbf{A}^{[0]} + \mathbf{b}^{[1]}", "Z1", {}),
    (r"\mathbf{A}^{[1]} = g^{[1]}(\mathbf{Z}^{[1]})", "A1", {"latex": {**BOLD, "relu": "g^{[1]}"}}),
    (r"\mathbf{Z}^{[2]} = \mathbf{W}^{[2]} \mathbf{A}^{[1]} + \mathbf{b}^{[2]}", "Z2", {}),
    (r"\mathbf{A}^{[2]} = g^{[2]}(\mathbf{Z}^{[2]})", "A2", {"latex": {**BOLD, "relu": "g^{[2]}"}}),
    (r"\mathbf{Z}^{[3]} = \mathbf{W}^{[3]} \mathbf{A}^{[2]} + \mathbf{b}^{[3]}", "Z3", {}),
    (r"\mathbf{A}^{[3]} = g^{[3]}(\mathbf{Z}^{[3]})", "A3_name", {"latex": {**BOLD, "softmax": "g^{[3]}"}}),
    (r"J = -\frac{1}{m} \sum_{i=1}^m \sum_{k=1}^K y_k^{(i)} \log(\hat{y}_k^{(i)})", "J_written", PER_ENTRY),
    (
        rf"{d('J', A3)} = -\frac{{1}}{{m}} \frac{{\mathbf{{Y}}}}{{\hat{{\mathbf{{Y}}}}}}",
        "dA3",
        HAT,
    ),  # its parentheses are not needed
    (f"{d('J', b3)} = {d('J', A3)} {d(A3, Z3)} {d(Z3, b3)}", "db3_chain", FACTORS),
    *(case for l in (3, 2, 1) for case in of_layer(l)),
    *(
        (
            rf"{d(A, Z)} = \begin{{cases}} 1 & \text{{if }} {Z} > 0 \\ 0 & \text{{otherwise}} \end{{cases}}",
            step,
            FACTORS,
        )
        for A, Z, step in (
            (r"\mathbf{A}^{[2]}", r"\mathbf{Z}^{[2]}", "dA2_dZ2"),
            (r"\mathbf{A}^{[1]}", r"\mathbf{Z}^{[1]}", "dA1_dZ1"),
        )
    ),
]
SHAPES = [
    (rf"\mathbf{{{name}}}^{{[{l}]}} \in \mathbb{{R}}^{{n^{{[{l}]}} \times {columns}}}", f"{name}[{l}]")
    for l, before in ((1, "n_x"), (2, "n^{[1]}"), (3, "n^{[2]}"))
    for name, columns in (("W", before), ("b", "1"))
]
ANY = derive(Network("4-3:relu-2:tanh-2:softmax"), one_over_m="dZ", layers="general")
GENERAL = [
    (r"\mathbf{A}^{[0]} = \mathbf{X}", "A0", {}),
    (r"\mathbf{Z}^{[l]} = \mathbf{W}^{[l]} \mathbf{A}^{[l-1]} + \mathbf{b}^{[l]}", "Zl", {}),
    (r"\mathbf{A}^{[l]} = g^{[l]}(\mathbf{Z}^{[l]})", "Al", {}),
    (f"{d('J', Wl)} = {d('J', Al)} {d(Al, Zl)} {d(Zl, Wl)}", "dWl_chain", FACTORS),
    (f"{d('J', bl)} = {d('J', Al)} {d(Al, Zl)} {d(Zl, bl)}", "dbl_chain", FACTORS),
    *of_layer("l")[1:],
    (r"\frac{\partial \mathbf{A}^{[l]}}{\partial \mathbf{Z}^{[l]}} = g^{[l]'}(\mathbf{Z}^{[l]})", "dAl_dZl_name", FACTORS),
    (r"\frac{\partial \mathbf{Z}^{[l]}}{\partial \mathbf{A}^{[l-1]}} = \mathbf{W}^{[l]}", "dZl_dAl-1", FACTORS),
]

# The digit classifier: relu and softmax, δ for ∂, .* for the elementwise product, dB for db

DIGITS = derive(Network("64-10:relu-10"))
DIGIT = Notation(
    partial="δ", elementwise=".*", matrix_first=True, sums="bare", latex={"sum": r"\Sigma", "relu": r"g_{\text{ReLU}}"}
)
GIVEN = {"gradient": "partial"}
BIG_B = {"names": {"db": "dB"}}
X_FOR_A0 = {"names": {"A[0]": "X"}}
SLOPE = {"latex": {"relu": "g^{[1]}"}}
COSTS = {
    "form": "index",
    "examples": "single",
    "letters": "i",
    "sums": "from_0",
    "bounds": {"unit[2]": ("0", "c")},
    "gradient": "partial",
}
CLASSIFIER = [
    (
        r"J(\hat{y}, y) = -\sum_{i=0}^{c} y_i \log(\hat{y}_i)",
        "ell",
        {**COSTS, "latex": {"ell": r"J(\hat{y}, y)", "A[2]": r"\hat{y}"}},
    ),
    (
        r"J(A^{[2]}, Y) = -\sum_{i=0}^{c} Y_i \log(A^{[2]}_i)",
        "ell",
        {**COSTS, "lower": "none", "latex": {"ell": r"J(A^{[2]}, Y)"}},
    ),
    (
        r"\frac{\delta J}{\delta A^{[2]}_i} = -\frac{\delta}{\delta A^{[2]}_i} (Y_i \log(A^{[2]}_i))",
        "dA2_term",
        {**COSTS, "lower": "none", "names": {"ell": "J", "J": "C"}},
    ),
    (
        r"\frac{\delta J}{\delta A^{[2]}_i} = -\frac{Y_i}{A^{[2]}_i}",
        "dA2",
        {**COSTS, "lower": "none", "names": {"ell": "J", "J": "C"}},
    ),
    (r"\frac{\delta J}{\delta A^{[2]}} = -\frac{Y}{A^{[2]}}", "dA2", {**GIVEN, "names": {"ell": "J", "J": "C"}}),
    *(
        (rf"{name}^{{[{l}]}} := {name}^{{[{l}]}} - \alpha \frac{{\delta J}}{{\delta {name}^{{[{l}]}}}}", f"update_{name}{l}", GIVEN)
        for l in (1, 2)
        for name in "Wb"
    ),
    *(
        (rf"{name}^{{[{l}]}} := {name}^{{[{l}]}} - \alpha d{name}^{{[{l}]}}", f"update_{name}{l}", {})
        for l in (2, 1)
        for name in "Wb"
    ),
    (r"Z^{[1]} = W^{[1]} X + b^{[1]}", "Z1", X_FOR_A0),
    (r"A^{[1]} = g_{\text{ReLU}}(Z^{[1]})", "A1", {}),
    (r"Z^{[2]} = W^{[2]} A^{[1]} + b^{[2]}", "Z2", {}),
    (r"A^{[2]} = g_{\text{softmax}}(Z^{[2]})", "A2_name", {"latex": {"softmax": r"g_{\text{softmax}}"}}),
    (r"dZ^{[2]} = A^{[2]} - Y", "dZ2", {}),
    (r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}", "dW2", {}),
    (r"dB^{[2]} = \frac{1}{m} \Sigma {dZ^{[2]}}", "db2", BIG_B),
    (r"dZ^{[1]} = W^{[2]T} dZ^{[2]} .* g^{[1]\prime} (Z^{[1]})", "dZ1_slope", SLOPE),
    (r"dZ^{[1]} = W^{[2]T} dZ^{[2]} .* g^{[1]\prime} (z^{[1]})", "dZ1_slope", {"latex": {**SLOPE["latex"], "Z[1]": "z^{[1]}"}}),
    (r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T", "dW1", X_FOR_A0),
    (r"dW^{[1]} = \frac{1}{m} dZ^{[1]} A^{[0]T}", "dW1", {}),
    (r"dB^{[1]} = \frac{1}{m} \Sigma {dZ^{[1]}}", "db1", BIG_B),
]

DOCUMENTS = [
    (STUDENT, ASKED, QUESTION),
    (COST, SINGLE, INDEX_FORM),
    (COST, Notation(), RULE),
    (DEEP, MATRICES, LAYERS),
    (ANY, MATRICES, GENERAL),
    (DIGITS, DIGIT, CLASSIFIER),
]


@pytest.mark.parametrize(
    ("derivation", "usual", "tex", "step", "changes"),
    [(d, usual, *case) for d, usual, cases in DOCUMENTS for case in cases],
    ids=[f"{place}-{case[1]}" for place, (_, _, cases) in enumerate(DOCUMENTS) for case in cases],
)
def test_every_right_equation_is_derived_as_its_author_writes_it(derivation, usual, tex, step, changes):
    assert canonical(derivation.render(step, usual.but(**changes), "latex")) == canonical(tex)


@pytest.mark.parametrize(("tex", "key"), SHAPES)
def test_shapes_of_parameters(tex, key):
    notation = MATRICES.but(latex={**BOLD, "n[0]": "n_x"})
    assert canonical(typeset(DEEP.shape(key, notation), notation, "latex")) == canonical(tex)


@pytest.mark.parametrize("derivation", [STUDENT, COST, DEEP, ANY, DIGITS], ids=lambda d: str(d.network))
def test_the_steps_hold(derivation):
    assert max(check_steps(derivation).values()) < 1e-8


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("W^T Z", "W Z"),
        ("a^{[1]}_j", "a^{[1]}_k"),
        ("g'(z)", "g(z)"),
        (r"\frac{a}{b}", r"\frac{b}{a}"),
        ("W Z", "Z W"),
        ("{a b}^c", "a b"),
    ],
)
def test_formulas_that_differ_are_told_apart(one, other):
    assert canonical(one) != canonical(other)
    assert canonical(one) == canonical(one.replace("{a b}", " {{a} b}"))
