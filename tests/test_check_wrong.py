"""Right derivations with one wrong line: it is found, said in a sentence, corrected, and shown by numbers. No other line is accused."""

import re
from functools import cache

import handgrad
import pytest
from judged import BACKWARD, FORWARD, LOSS, UPDATES
from judged import displayed as tex
from test_check_right import DOCUMENTS as RIGHT

DOCUMENTS = {
    **RIGHT,
    "batch": tex(*FORWARD, LOSS, *BACKWARD.values(), *UPDATES),
    "squares": "Half the squared error.\n\n" + tex(
        *FORWARD,
        r"J = \frac{1}{2m} \sum_{i=1}^{m} \| a^{[2](i)} - y^{(i)} \|^2",
        r"dZ^{[2]} = (A^{[2]} - Y) \odot \sigma'(Z^{[2]})",
        r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}",
        r"dA^{[1]} = W^{[2]T} dZ^{[2]}",
        r"dZ^{[1]} = dA^{[1]} \odot relu'(Z^{[1]})",
        r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T",
    ),
    "units": tex(
        r"z^{(l)}_j = \sum_k w^{(l)}_{jk} a^{(l-1)}_k + b^{(l)}_j",
        r"a^{(l)}_j = \sigma(z^{(l)}_j)",
        r"C = \frac{1}{2} \sum_j (a^{(L)}_j - y_j)^2",
        r"\delta^{(L)}_j = (a^{(L)}_j - y_j) \sigma'(z^{(L)}_j)",
        r"\delta^{(l)}_j = \sum_k w^{(l+1)}_{kj} \delta^{(l+1)}_k \sigma'(z^{(l)}_j)",
        r"\frac{\partial C}{\partial w^{(l)}_{jk}} = a^{(l-1)}_k \delta^{(l)}_j",
    ),
    "penalty": tex(
        *FORWARD,
        r"J = -\frac{1}{m} \sum_{i=1}^{m} (y^{(i)} \log a^{[2](i)} + (1 - y^{(i)}) \log(1 - a^{[2](i)})) + \frac{\lambda}{2m} \sum_l \| W^{[l]} \|^2",
        r"dZ^{[2]} = A^{[2]} - Y",
        r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T} + \frac{\lambda}{m} W^{[2]}",
        r"db^{[2]} = \frac{1}{m} \sum dZ^{[2]}",
        r"dZ^{[1]} = W^{[2]T} dZ^{[2]} \odot relu'(Z^{[1]})",
        r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T + \frac{\lambda}{m} W^{[1]}",
    ),
    "shapes": tex(r"W^{[1]} \in \mathbb{R}^{n_1 \times n_0}", *FORWARD, *BACKWARD.values()),
}  # fmt: skip

CASES = [
    # document, the line as it was, the line as it is, codes that fit
    # 1. elementwise for matrix product, and the reverse
    ("batch", r"W^{[2]T} dZ^{[2]} \odot relu'(Z^{[1]})", r"W^{[2]T} \odot dZ^{[2]} \odot relu'(Z^{[1]})", "HG001"),
    ("squares", r"dA^{[1]} = W^{[2]T} dZ^{[2]}", r"dA^{[1]} = W^{[2]T} \odot dZ^{[2]}", "HG001"),
    ("NumPy, np.dot", "dZ1 = np.multiply(np.dot(W2.T, dZ2), A1 > 0)", "dZ1 = np.dot(np.dot(W2.T, dZ2), A1 > 0)", "HG001"),
    ("squares", r"dA^{[1]} \odot relu'(Z^{[1]})", r"dA^{[1]} relu'(Z^{[1]})^T", "HG001 HG002"),
    # 2. a transpose
    ("batch", r"\frac{1}{m} dZ^{[2]} A^{[1]T}", r"\frac{1}{m} dZ^{[2]} A^{[1]}", "HG002"),
    ("batch", r"W^{[2]T} dZ^{[2]} \odot", r"W^{[2]} dZ^{[2]} \odot", "HG002"),
    ("batch", r"\frac{1}{m} dZ^{[1]} X^T", r"\frac{1}{m} X^T dZ^{[1]}", "HG002"),
    ("(l)", r"\delta^{(l)} (a^{(l-1)})^\top", r"(a^{(l-1)})^\top \delta^{(l)}", "HG002"),
    ("rows", r"dW_1 = X^T dZ_1", r"dW_1 = dZ_1 X^T", "HG002"),
    ("NumPy, @", "dW2 = A1.T @ dZ2 / m", "dW2 = A1 @ dZ2 / m", "HG002"),
    ("plain text", "- dW1 = 1/m dZ1 X^T", "- dW1 = 1/m dZ1 X", "HG002"),
    ("Unicode", "W₂ᵀ (∂L/∂Z₂) ⊙", "W₂ (∂L/∂Z₂) ⊙", "HG002"),
    # 3. the output's delta does not match the loss
    ("squares", r"(A^{[2]} - Y) \odot \sigma'(Z^{[2]})", r"A^{[2]} - Y", "HG005 HG023"),
    ("batch", r"dZ^{[2]} = A^{[2]} - Y", r"dZ^{[2]} = (A^{[2]} - Y) \odot \sigma'(Z^{[2]})", "HG023"),
    ("(l)", r"(a^{(L)} - y) \circ f'(z^{(L)})", r"a^{(L)} - y", "HG005 HG023"),
    ("letters as layers", r"(o_k - t_k) o_k (1 - o_k)", r"o_k - t_k", "HG005 HG023"),
    # 4. the error sent back in place of delta
    ("squares", r"dA^{[1]} = W^{[2]T} dZ^{[2]}", r"dA^{[1]} = W^{[2]T} (A^{[2]} - Y)", "HG005 HG009"),
    ("squares", r"dA^{[1]} = W^{[2]T} dZ^{[2]}", r"dA^{[1]} = W^{[2]T} dA^{[2]}", "HG005 HG009"),
    # 5. the slope of the wrong thing
    ("squares", r"\odot \sigma'(Z^{[2]})", r"\odot \sigma'(A^{[2]})", "HG006"),
    ("tanh' as 1 - a^2", r"dZ_2 \odot (1 - A_1^2)", r"dZ_2 \odot (1 - Z_1^2)", "HG006"),
    ("(l)", r"\delta^{(l+1)} \right) \circ f'(z^{(l)})", r"\delta^{(l+1)} \right) \circ f'(z^{(l+1)})", "HG006 HG008"),
    ("(l)", r"\delta^{(l+1)} \right) \circ f'(z^{(l)})", r"\delta^{(l+1)} \right) \circ f(z^{(l)})", "HG007"),
    ("σ' from a", r"\odot a^{(l)} \odot (1 - a^{(l)})$$", r"\odot a^{(l)} \odot (1 - z^{(l)})$$", "HG006 HG009"),
    ("batch", r"dZ^{[2]} \odot relu'(Z^{[1]})", r"dZ^{[2]}", "HG005"),
    # 6. ReLU
    ("squares", r"dA^{[1]} \odot relu'(Z^{[1]})", r"relu(dA^{[1]})", "HG007"),
    ("1/m left out throughout", r"(Z^{[1]} \geq 0)", r"(A^{[1]} \geq 0)", "HG006"),
    ("NumPy, np.dot", "A1 > 0)", "A1 >= 0)", "HG006"),
    # 7. the sum over the next layer's units
    ("units", r"\sum_k w^{(l+1)}_{kj} \delta^{(l+1)}_k \sigma'", r"w^{(l+1)}_{kj} \delta^{(l+1)}_k \sigma'", "HG010"),
    ("letters as layers", r"h_j (1 - h_j) \sum_k w_{jk} \delta_k", r"h_j (1 - h_j) w_{jk} \delta_k", "HG010"),
    # 8. the Jacobian of softmax
    ("softmax Jacobian", r"a_i (\delta_{ij} - a_j)", r"a_i (\delta_{ij} - a_i)", "HG011"),
    ("softmax Jacobian", r"a_i (\delta_{ij} - a_j)", r"a_i (1 - a_i)", "HG014 HG011"),
    ("units", r"a^{(l-1)}_k \delta^{(l)}_j", r"a^{(l-1)}_j \delta^{(l)}_j", "HG011"),
    # 9. constants
    ("batch", r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T", r"dW^{[1]} = dZ^{[1]} X^T", "HG004"),
    ("1/m in dZ", r"dW^{[1]} = dZ^{[1]} X^T", r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T", "HG004 HG018"),
    ("no ½ in the loss", r"2 (\hat{y} - y) \hat{y}", r"(\hat{y} - y) \hat{y}", "HG004 HG018"),
    # 10. the sign
    ("batch", r"dZ^{[2]} = A^{[2]} - Y", r"dZ^{[2]} = Y - A^{[2]}", "HG003"),
    ("NumPy, @", "dZ2 = A2 - Y", "dZ2 = Y - A2", "HG003"),
    ("one example", r"-\frac{y}{a^{[2]}} + \frac{1 - y}{1 - a^{[2]}}", r"\frac{y}{a^{[2]}} - \frac{1 - y}{1 - a^{[2]}}", "HG003"),
    ("one example", r"+ \frac{1 - y}{1 - a^{[2]}}", r"- \frac{1 - y}{1 - a^{[2]}}", "HG003"),
    ("batch", r"W^{[1]} - \alpha dW^{[1]}", r"W^{[1]} + \alpha dW^{[1]}", "HG013 HG003"),
    ("batch", r"b^{[2]} - \alpha db^{[2]}", r"b^{[2]} - \alpha db^{[1]}", "HG013"),
    # 12. biases and penalties
    ("batch", r"db^{[1]} = \frac{1}{m} \sum dZ^{[1]}", r"db^{[1]} = \frac{1}{m} dZ^{[1]}", "HG010"),
    ("NumPy, np.dot", "np.sum(dZ2, axis=1, keepdims=True)", "np.sum(dZ2, axis=0, keepdims=True)", "HG010 HG011"),
    ("penalty", r"X^T + \frac{\lambda}{m} W^{[1]}", r"X^T - \frac{\lambda}{m} W^{[1]}", "HG015 HG003"),
    ("penalty", r"\frac{1}{m} \sum dZ^{[2]}", r"\frac{1}{m} \sum dZ^{[2]} + \frac{\lambda}{m} b^{[2]}", "HG015"),
    # 13. numbers
    ("numbers worked out", "+ 0.4 = 0.57", "+ 0.4 = 0.67", "HG012"),
    ("numbers worked out", "e^{-0.57}} = 0.638763", "e^{-0.57}} = 0.738763", "HG012"),
    # and what else stands in the list of kinds
    ("batch", r"\frac{1}{m} dZ^{[2]} A^{[1]T}", r"\frac{1}{m} dZ^{[2]} A^{[2]T}", "HG008"),
    ("batch", r"\frac{1}{m} dZ^{[1]} X^T", r"\frac{1}{m} dZ^{[2]} X^T", "HG008"),
    ("weights one off", r"\delta^{l+1} (a^l)^T", r"\delta^{l} (a^l)^T", "HG008"),
    ("batch", r"\frac{1}{m} dZ^{[2]} A^{[1]T}", r"\frac{1}{m} dZ^{[2]} Z^{[1]T}", "HG009"),
    ("½ in the loss", r"\frac{\partial C}{\partial \hat{y}} =", r"\frac{\partial \hat{y}}{\partial C} =", "HG016"),
    ("½ in the loss", r"\hat{y} - y$$", r"\frac{1}{2} (\hat{y} - y)^2$$", "HG017"),
    ("shapes", r"\mathbb{R}^{n_1 \times n_0}", r"\mathbb{R}^{n_0 \times n_1}", "HG020"),
    ("½ in the loss", r"(\hat{y} - y) \hat{y} (1 - \hat{y}) x", r"(\hat{y} - y) \hat{y} (1 - \hat{y})", "HG022"),
    ("one example", r"\frac{1 - y}{1 - a^{[2]}}$$", r"\frac{1 - y}{a^{[2]}}$$", "HG022"),
    ("batch", r"Z^{[1]} = W^{[1]} X + b^{[1]}", r"Z^{[1]} = W^{[1]} X", "HG024"),
    ("batch", r"Z^{[2]} = W^{[2]} A^{[1]} + b^{[2]}", r"Z^{[2]} = W^{[2]} Z^{[1]} + b^{[2]}", "HG024"),
]


@cache
def checked(text):
    return handgrad.check(text)


def wrong(text):
    return [finding for finding in checked(text).findings if finding.verdict == "wrong"]


@pytest.mark.parametrize(("name", "right", "slip", "codes"), CASES, ids=[f"{name}: {slip}" for name, _, slip, _ in CASES])
def test_one_wrong_line(name, right, slip, codes):
    text = DOCUMENTS[name]
    assert text.count(right) == 1
    assert not wrong(text)
    spoilt = text.replace(right, slip)
    (found,) = wrong(spoilt)
    assert spoilt.splitlines()[found.line - 1] == next(line for line in spoilt.splitlines() if line not in text.splitlines())
    assert found.code in codes.split()
    assert re.fullmatch(r"[A-Z].*\.", found.message)
    assert found.correction is not None
    assert found.formula in spoilt
    mended = spoilt.replace(found.formula, found.correction)
    assert not wrong(mended)
    assert checked(mended).count("right", "convention") > checked(spoilt).count("right", "convention")
    if found.witness is not None:
        assert found.witness.author != found.witness.measured
        assert found.witness.corrected in {None, found.witness.measured}
