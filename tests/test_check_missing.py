"""What a document never states."""

import pytest
from judged import BACKWARD, FORWARD, LOSS, UPDATES, displayed, document

from handgrad.check.judging.missing import missing

GENERAL = (
    r"Z^{[l]} = W^{[l]} A^{[l-1]} + b^{[l]}",
    r"A^{[l]} = g(Z^{[l]})",
    r"dZ^{[L]} = A^{[L]} - Y",
    r"dZ^{[l]} = W^{[l+1]T} dZ^{[l+1]} \odot g'(Z^{[l]})",
    r"dW^{[l]} = \frac{1}{m} dZ^{[l]} A^{[l-1]T}",
    r"db^{[l]} = \frac{1}{m} \sum dZ^{[l]}",
)


def lacks(*formulas):
    found = document(displayed(*formulas))
    return missing(found.judged, found.understanding)


def test_nothing_is_missing_where_all_is_stated():
    assert lacks(*FORWARD, LOSS, *BACKWARD.values(), *UPDATES) == ()


def test_a_general_formula_is_about_every_layer():
    updates = (r"W^{[l]} = W^{[l]} - \alpha dW^{[l]}", r"b^{[l]} = b^{[l]} - \alpha db^{[l]}")
    assert lacks(LOSS, *GENERAL, *updates) == ()
    assert lacks(LOSS, *FORWARD, *GENERAL[2:], *updates) == ()
    assert lacks(LOSS, *FORWARD, *GENERAL[2:4], *GENERAL[5:], *updates) == ("the gradients of W^{[1]} and W^{[2]}",)


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("db1", "the gradient of b^{[1]}"),
        ("dW2", "the gradient of W^{[2]}"),
        ("dZ2", "dZ^{[2]}, which dW^{[2]} uses"),
        ("dZ1", "dZ^{[1]}, which dW^{[1]} uses"),
    ],
)
def test_a_formula_that_is_left_out(left_out, said):
    kept = [formula for name, formula in BACKWARD.items() if name != left_out]
    assert lacks(*FORWARD, LOSS, *kept, *UPDATES) == (said,)


def test_the_loss_is_asked_for_by_the_formula_that_starts_the_way_back():
    said = "the loss: which one is it that dZ^{[2]} = A^{[2]} - Y belongs to?"
    assert lacks(*FORWARD, *BACKWARD.values(), *UPDATES) == (said,)


def test_a_loss_that_words_name_is_stated():
    found = document("We use the binary cross-entropy loss.\n\n" + displayed(*FORWARD, *BACKWARD.values(), *UPDATES))
    assert missing(found.judged, found.understanding) == ()


def test_updates():
    assert lacks(*FORWARD, LOSS, *BACKWARD.values()) == ("the updates of W and b",)
    assert lacks(*FORWARD, LOSS, *BACKWARD.values(), *UPDATES[:3]) == ("the update of b^{[2]}",)
    assert lacks(*FORWARD, LOSS, *BACKWARD.values(), r"\theta := \theta - \alpha \frac{\partial J}{\partial \theta}") == ()


def test_a_chain_states_a_gradient():
    chain = r"\frac{\partial J}{\partial b^{[1]}} = \frac{\partial J}{\partial Z^{[1]}} \frac{\partial Z^{[1]}}{\partial b^{[1]}}"
    kept = [formula for name, formula in BACKWARD.items() if name != "db1"]
    assert lacks(*FORWARD, LOSS, *kept, chain, *UPDATES) == ()


def test_index_form():
    formulas = (
        r"z_j^{l} = \sum_k w_{jk}^{l} a_k^{l-1} + b_j^{l}",
        r"a_j^{l} = \sigma(z_j^{l})",
        r"C = \frac{1}{2} \sum_j (a_j^{L} - y_j)^2",
        r"\delta_j^{L} = (a_j^{L} - y_j) \sigma'(z_j^{L})",
        r"\delta_j^{l} = \sum_k w_{kj}^{l+1} \delta_k^{l+1} \sigma'(z_j^{l})",
        r"\frac{\partial C}{\partial w_{jk}^{l}} = a_k^{l-1} \delta_j^{l}",
        r"\frac{\partial C}{\partial b_j^{l}} = \delta_j^{l}",
    )
    assert lacks(*formulas) == ("the updates of w and b",)
    assert lacks(*formulas[:6], r"w_{jk}^{l} \to w_{jk}^{l} - \eta \frac{\partial C}{\partial w_{jk}^{l}}") == (
        "the gradient of b_j^{l}",
        "the update of b_j^{l}",
    )


def test_without_a_backward_pass_nothing_is_missing():
    assert lacks(*FORWARD) == ()
    assert lacks(*FORWARD, BACKWARD["dZ2"]) == ()
    assert lacks() == ()


def test_a_network_without_biases_needs_no_gradients_of_them():
    forward = [formula.split(" + b")[0] for formula in FORWARD]
    kept = [formula for name, formula in BACKWARD.items() if not name.startswith("db")]
    assert lacks(*forward, LOSS, *kept, *(u for u in UPDATES if u.startswith("W"))) == ()


def test_plain_text_names():
    lines = ["Z1 = W1 . X + b1", "A1 = relu(Z1)", "Z2 = W2 . A1 + b2", "A2 = sigmoid(Z2)", "dZ2 = A2 - Y", "dW2 = 1/m * dZ2 . A1.T"]
    lines += ["db2 = 1/m * sum(dZ2)", "dZ1 = W2.T . dZ2 * relu'(Z1)", "dW1 = 1/m * dZ1 . X.T"]
    found = document("\n".join(["```", *lines, "```", ""]))
    said = missing(found.judged, found.understanding)
    assert "the gradient of b1" in said
    assert "the updates of W and b" in said
    assert said[0].startswith("the loss: which one is it that dZ2 = A2 - Y")
