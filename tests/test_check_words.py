"""Words of plain text and of Python, as nodes."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgrad.check.greek import CAPITAL, SMALL
from handgrad.check.parsing.words import word_node
from handgrad.check.tree import Derivative, Differential, Group, Name, Node, Number, Script, bare, walk, within
from handgrad.document.letters import SYMBOLS


def shown(node):
    """The node in short, to compare by."""
    match node:
        case Number(text=text):
            return text
        case Name(name=name, scripts=scripts, faces=faces):
            return "".join([f"{face} " for face in sorted(faces)]) + name + "".join(shown(script) for script in scripts)
        case Script(kind=kind, body=body):
            return f"<{kind} {' '.join(shown(part) for part in body)}>"
        case Differential(of=of, mark=mark):
            return f"{mark}({shown(of)})"
        case Derivative(of=of, by=by, mark=mark):
            return f"{mark}({shown(of)})/{mark}({shown(by)})"


def test_greek_letters_have_the_names_that_tex_has():
    names = {name for letter, name in SYMBOLS.items() if unicodedata.name(letter).startswith("GREEK")}
    assert {name.removeprefix("var") for name in names} == SMALL | CAPITAL


@pytest.mark.parametrize(("brackets", "kept"), [("(", ""), ("([{", ""), ("|", "|"), ("(|(", "|("), (("norm",), ("norm",))])
def test_brackets_that_change_nothing_are_left_out(brackets, kept):
    def put(outside):
        node = Name(None, "W")
        for mark in reversed(outside):
            node = Group(None, node, mark)
        return node

    assert bare(put(brackets)) == put(kept)
    assert within(put(brackets)) == Name(None, "W")


READ = {
    "W1": "W<digits 1>",
    "W_1": "W<sub 1>",
    "z12": "z<digits 12>",
    "w_ij": "w<sub i j>",
    "W_1_2": "W<sub 1 2>",
    "b_out": "b<sub out>",
    "W1_new": "W<digits 1><sub new>",
    "net_h1": "net<sub h<digits 1>>",
    "hidden_layer1": "hidden_layer<digits 1>",
    "hidden_layer_1": "hidden_layer<sub 1>",
    "y_hat": "hat y",
    "yhat2": "hat y<digits 2>",
    "yhat2_new": "hat y<digits 2><sub new>",
    "y_hat_2": "hat y<sub 2>",
    "Y_hat": "hat Y",
    "y_pred": "hat y",
    "ŷ_1": "hat y<sub 1>",
    "x_bar": "bar x",
    "y_true": "y<sub true>",
    "σ": "sigma",
    "δ2": "delta<digits 2>",
    "𝑊1": "W<digits 1>",
    "delta": "delta",
    "delta2": "delta<digits 2>",
    "delta_2": "delta<sub 2>",
    "delta_j": "delta<sub j>",
    "deltaOutput": "delta<sub Output>",
    "delta_W2": "delta(W<digits 2>)",
    "deltaW2": "delta(W<digits 2>)",
    "Delta_b": "Delta(b)",
    "dW2": "d(W<digits 2>)",
    "dW_2": "d(W<sub 2>)",
    "d_W2": "d(W<digits 2>)",
    "d_weights2": "d(weights<digits 2>)",
    "dz1": "d(z<digits 1>)",
    "db": "d(b)",
    "dA_prev": "d(A<sub prev>)",
    "dθ": "d(theta)",
    "dCost": "d(Cost)",
    "dALayerOutput": "d(ALayerOutput)",
    "dWeightedSum": "d(WeightedSum)",
    "dscores": "d(scores)",
    "dy_hat": "d(hat y)",
    "DZLayerOutput": "d(ZLayerOutput)",
    "grad_W2": "nabla(W<digits 2>)",
    "gradW": "nabla(W)",
    "grad_w": "nabla(w)",
    "W_grad": "nabla(W)",
    "W1_grad": "nabla(W<digits 1>)",
    "weights_gradient": "nabla(weights)",
    "nabla_b": "nabla(b)",
    "dL_dW2": "d(L)/d(W<digits 2>)",
    "dL_dW_2": "d(L)/d(W<sub 2>)",
    "dL_dz": "d(L)/d(z)",
    "dCost_dA": "d(Cost)/d(A)",
    "dLdW2": "d(L)/d(W<digits 2>)",
    "dLossdW": "d(Loss)/d(W)",
    "dzdw": "d(z)/d(w)",
    "dy_hat_dz2": "d(hat y)/d(z<digits 2>)",
    "dcost_dao": "d(cost)/d(ao)",
    "d_loss_d_w": "d(loss)/d(w)",
}
KEPT = """d do dot data diff derivative dim dense done day down dado add depth dropout learning_rate lr alpha gradient grads log10
    sigmoid_derivative relu_prime grad_check gradient_descent what that lambda_ w1x2 netWeightsLayerOutput DNN DATA"""


@pytest.mark.parametrize("word", READ)
def test_what_a_word_stands_for(word):
    assert shown(word_node(word, (0, len(word)))) == READ[word]


@pytest.mark.parametrize("word", KEPT.split())
def test_ordinary_words_stay_as_they_are(word):
    assert word_node(word, (3, 3 + len(word))) == Name((3, 3 + len(word)), word)


def test_a_known_name_is_whole():
    assert word_node("dA-1", (0, 4), {"dA-1"}) == Name((0, 4), "dA-1")
    assert word_node("dA1", (0, 3), {"A1"}) == Differential((0, 3), Name((1, 3), "A1"), "d")


def test_every_part_has_its_place():
    assert word_node("dL_dW2", (10, 16)) == Derivative(
        (10, 16), Name((11, 12), "L"), Name((14, 16), "W", (Script((15, 16), "digits", (Number((15, 16), 2.0, "2"),)),)), "d"
    )
    assert word_node("net_h1", (5, 11)) == Name(
        (5, 11),
        "net",
        (Script((8, 11), "sub", (Name((9, 11), "h", (Script((10, 11), "digits", (Number((10, 11), 1.0, "1"),)),)),)),),
    )


def test_parts_of_a_word_that_is_longer_in_the_document_have_the_whole_place():
    assert {node.span for node in walk(word_node("dW2", (4, 20)))} == {(4, 20)}


PIECES = "d d_ W w dW z _ 1 23 L loss delta grad nabla hat y pred a prev _d δ ŷ ² ₁ - ' Layer h o"


@given(st.one_of(st.text(max_size=20), st.lists(st.sampled_from(PIECES.split()), max_size=10).map("".join)), st.integers(0, 9))
def test_any_word_is_read_and_its_parts_lie_within_it(word, start):
    span = (start, start + len(word))
    node = word_node(word, span)
    assert node.span == span
    spans_nest(node)


def spans_nest(node: Node):
    for below in list(walk(node))[1:]:
        assert node.span[0] <= below.span[0] <= below.span[1] <= node.span[1]


def test_a_very_long_word_is_read_quickly():
    for piece in ("d", "_d", "a_", "1", "_1", "W1"):
        assert word_node("dW" + piece * 100_000, (0, 2 + len(piece) * 100_000)).span
