"""Remarks on a document: prose against equations, places against each other."""

import pytest
from judged import BACKWARD, FORWARD, LOSS, UPDATES, displayed, document

from handgrad.check.understanding.remarks import remarks

ALL = displayed(*FORWARD, LOSS, *BACKWARD.values(), *UPDATES)


def told(text):
    found = document(text)
    return remarks(found.read, found.relations, found.understanding, found.judged)


def test_a_right_derivation_has_none():
    assert told(ALL) == ()


@pytest.mark.parametrize(
    "sentence",
    [
        "X = Matrix of inputs with each row as a single example, Y = output matrix.",
        "Each row of X is an example.",
        "The training examples are stacked in rows.",
        "Every row holds one sample.",
    ],
)
def test_prose_that_contradicts_the_layout(sentence):
    (remark,) = told(f"# Notes\n\n{sentence}\n\n{ALL}")
    assert (remark.line, remark.code) == (3, "HG021")
    assert remark.message == "this says that each row is an example, but the equations need each column to be one"


@pytest.mark.parametrize(
    "sentence",
    [
        "Each column of X is an example.",
        "Each row of W is a unit.",
        "In the file each row is an example, so we transpose it.",
        "We do not assume that each row is an example.",
        "Each row of $W$ meets one example after the other.",
    ],
)
def test_prose_that_does_not(sentence):
    assert told(f"{sentence}\n\n{ALL}") == ()


def test_prose_for_rows():
    rows = displayed(
        r"Z^{[1]} = X W^{[1]} + b^{[1]}",
        r"A^{[1]} = \tanh(Z^{[1]})",
        r"Z^{[2]} = A^{[1]} W^{[2]} + b^{[2]}",
        r"dW^{[2]} = A^{[1]T} dZ^{[2]}",
        r"dA^{[1]} = dZ^{[2]} W^{[2]T}",
    )
    (remark,) = told(f"Each column of X is an example.\n\n{rows}")
    assert "each column is an example, but the equations need each row" in remark.message
    assert told(f"Each row of X is an example.\n\n{rows}") == ()


def test_two_values_of_one_quantity():
    wrong = r"dA^{[2]} = Y - A^{[2]}"
    right = r"\frac{\partial J}{\partial A^{[2]}} = -\frac{Y}{A^{[2]}} + \frac{1-Y}{1-A^{[2]}}"
    (remark,) = told(displayed(*FORWARD, LOSS, wrong, *BACKWARD.values(), right))
    assert remark.code == "HG018"
    assert remark.message == r"this contradicts line 11, where \frac{\partial J}{\partial A^{[2]}} is given another value"
    assert remark.line == 25


def test_a_constant_more_is_no_contradiction():
    again = r"dZ^{[2]} = \frac{1}{m} (A^{[2]} - Y)"
    assert not any("another value" in r.message for r in told(displayed(*FORWARD, LOSS, *BACKWARD.values(), again)))


def test_two_right_formulas_never_contradict_each_other():
    chain = r"\frac{\partial J}{\partial Z^{[1]}} = \frac{\partial J}{\partial A^{[1]}} \odot relu'(Z^{[1]})"
    assert told(displayed(*FORWARD, LOSS, *BACKWARD.values(), chain)) == ()


def test_an_undefined_symbol_is_named_once():
    kept = [formula for name, formula in BACKWARD.items() if name != "dZ1"]
    odd = r"dZ^{[1]} = W^{[2]T} Q^{[2]} \odot relu'(Z^{[1]})"
    (remark,) = told(displayed(*FORWARD, LOSS, *kept, odd, odd.replace("Z^{[1]} =", "Z^{[1]} =")))
    assert remark.code == "HG019"
    assert remark.message == "nothing says what Q^{[2]} is"
    assert told("Here $Q$ is the error.\n\n" + displayed(*FORWARD, LOSS, *kept, odd)) == ()
    assert told(displayed(*FORWARD, LOSS, *kept, r"Q^{[2]} = dZ^{[2]}", odd)) == ()


def test_problems_of_reading_are_remarks_without_a_code():
    found = [remark for remark in told(f"{ALL}\n\n$$dZ^{{[1]}} = \n\nmore words\n") if remark.code is None]
    assert found
    assert all(remark.message for remark in found)


def test_numbers_of_units():
    (remark,) = told(displayed(*FORWARD, r"X \in \mathbb{R}^{784 \times m}", r"W^{[1]} \in \mathbb{R}^{128 \times 748}"))
    assert (remark.code, remark.message) == ("HG018", "the number of units is 748 here, but 784 in line 9")


def test_remarks_are_in_order():
    text = f"Each row is an example.\n\n{ALL}\n\nEvery row is a sample.\n\n$$x ="
    lines = [remark.line for remark in told(text)]
    assert lines == sorted(lines)
    assert len(lines) == 3
