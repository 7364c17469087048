"""Right derivations with one wrong line: it is found, said in a sentence, corrected and shown by numbers; no other is accused."""

from functools import cache

import pytest
from judged import BACKWARD, FORWARD, LOSS, UPDATES
from judged import displayed as tex
from test_check_right import DOCUMENTS as RIGHT

import handgrad

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
        r"J = -\frac{1}{m} \sum_{i=1}^{m} (y^{(i)} \log a^{[2](i)} + (1 - y^{(i)}) \log(1 - a^{[2](i)}))"
        r" + \frac{\lambda}{2m} \sum_l \| W^{[l]} \|^2",
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
    # 2. a transpose
    ("batch", r"\frac{1}{m} dZ^{[2]} A^{[1]T}", r"\frac{1}{m} dZ^{[2]} A^{[1]}", "HG002"),
    ("batch", r"W^{[2]T} dZ^{[2]} \odot", r"W^{[2]} dZ^{[2]} \odot", "HG002"),
    ("NumPy, @", "dW2 = A1.T @ dZ2 / m", "dW2 = A1 @ dZ2 / m", "HG002"),
    ("plain text", "- dW1 = 1/m dZ1 X^T", "- dW1 = 1/m dZ1 X", "HG002"),
    # 3. the output's delta does not match the loss
    ("batch", r"dZ^{[2]} = A^{[2]} - Y", r"dZ^{[2]} = (A^{[2]} - Y) \odot \sigma'(Z^{[2]})", "HG023"),
    # 5. the slope of the wrong thing
    ("squares", r"\odot \sigma'(Z^{[2]})", r"\odot \sigma'(A^{[2]})", "HG006"),
    ("tanh' as 1 - a^2", r"dZ_2 \odot (1 - A_1^2)", r"dZ_2 \odot (1 - Z_1^2)", "HG006"),
    ("(l)", r"\delta^{(l+1)} \right) \circ f'(z^{(l)})", r"\delta^{(l+1)} \right) \circ f(z^{(l)})", "HG007"),
    ("batch", r"dZ^{[2]} \odot relu'(Z^{[1]})", r"dZ^{[2]}", "HG005"),
    # 6. ReLU
    ("squares", r"dA^{[1]} \odot relu'(Z^{[1]})", r"relu(dA^{[1]})", "HG007"),
    ("1/m left out throughout", r"(Z^{[1]} \geq 0)", r"(A^{[1]} \geq 0)", "HG006 HG009"),
    # 7. the sum over the next layer's units
    ("letters as layers", r"h_j (1 - h_j) \sum_k w_{jk} \delta_k", r"h_j (1 - h_j) w_{jk} \delta_k", "HG010"),
    ("units", r"a^{(l-1)}_k \delta^{(l)}_j", r"a^{(l-1)}_j \delta^{(l)}_j", "HG011"),
    # 9. constants
    ("batch", r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T", r"dW^{[1]} = dZ^{[1]} X^T", "HG004"),
    ("1/m in dZ", r"dW^{[1]} = dZ^{[1]} X^T", r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T", "HG004 HG018"),
    # 10. the sign
    ("batch", r"dZ^{[2]} = A^{[2]} - Y", r"dZ^{[2]} = Y - A^{[2]}", "HG003"),
    ("NumPy, @", "dZ2 = A2 - Y", "dZ2 = Y - A2", "HG003"),
    ("one example", r"-\frac{y}{a^{[2]}} + \frac{1 - y}{1 - a^{[2]}}", r"\frac{y}{a^{[2]}} - \frac{1 - y}{1 - a^{[2]}}", "HG003"),
    ("batch", r"W^{[1]} - \alpha dW^{[1]}", r"W^{[1]} + \alpha dW^{[1]}", "HG013 HG003"),
    ("batch", r"b^{[2]} - \alpha db^{[2]}", r"b^{[2]} - \alpha db^{[1]}", "HG013"),
    # and what else stands in the list of kinds
    ("batch", r"\frac{1}{m} dZ^{[2]} A^{[1]T}", r"\frac{1}{m} dZ^{[2]} A^{[2]T}", "HG008"),
    ("batch", r"\frac{1}{m} dZ^{[1]} X^T", r"\frac{1}{m} dZ^{[2]} X^T", "HG008"),
    ("weights one off", r"\delta^{l+1} (a^l)^T", r"\delta^{l} (a^l)^T", "HG008"),
    ("batch", r"\frac{1}{m} dZ^{[2]} A^{[1]T}", r"\frac{1}{m} dZ^{[2]} Z^{[1]T}", "HG009"),
    ("½ in the loss", r"\hat{y} - y$$", r"\frac{1}{2} (\hat{y} - y)^2$$", "HG017"),
    ("one example", r"\frac{1 - y}{1 - a^{[2]}}$$", r"\frac{1 - y}{a^{[2]}}$$", "HG022"),
    ("batch", r"Z^{[2]} = W^{[2]} A^{[1]} + b^{[2]}", r"Z^{[2]} = W^{[2]} Z^{[1]} + b^{[2]}", "HG024 HG009"),
]


WITHOUT_WITNESS = {"HG013", "HG017"}
"""Kinds that are shown without a small example, or may be."""


@cache
def checked(text):
    return handgrad.check(text)


def wrong(text):
    return [finding for finding in checked(text).findings if finding.verdict == "wrong"]


@pytest.mark.parametrize(("name", "right", "slip", "codes"), CASES, ids=[f"{name}: {slip}" for name, _, slip, _ in CASES])
def test_one_wrong_line(name, right, slip, codes):
    text = DOCUMENTS[name]
    assert text.count(right) == 1
    assert wrong(text) == []
    spoilt = text.replace(right, slip)
    (found,) = wrong(spoilt)
    assert spoilt.splitlines()[found.line - 1] not in text.splitlines()
    assert found.code in codes.split()
    assert found.correction is not None
    assert found.message[0].isupper() or found.message[:4] in found.formula + found.correction
    assert found.message.endswith(".")
    mended = spoilt.replace(found.formula, found.correction)
    assert wrong(mended) == []
    assert checked(mended).count("right", "convention") > checked(spoilt).count("right", "convention")
    if found.code not in WITHOUT_WITNESS:
        assert found.witness.author != found.witness.measured == found.witness.corrected


def test_a_mistake_is_not_counted_again_where_it_is_used():
    text = DOCUMENTS["batch"].replace(BACKWARD["dZ2"], r"dZ^{[2]} = Y - A^{[2]}")
    verdicts = {finding.formula: finding.verdict for finding in checked(text).findings}
    assert verdicts.pop(r"dZ^{[2]} = Y - A^{[2]}") == "wrong"
    assert set(verdicts.values()) == {"right"}


def test_two_halves_that_contradict_each_other_accuse_nobody():
    other = (r"dW^{[1]} = dZ^{[1]} X^T", r"db^{[1]} = \sum dZ^{[1]}")
    text = tex(*FORWARD, *(BACKWARD[part] for part in ("dZ2", "dW2", "db2", "dZ1")), *other)
    assert wrong(text) == []
    assert checked(text).count("right", "convention") == 10


def test_an_unclosed_display_swallows_nothing():
    found = checked("$$Z = W X + b\n\nSome words.\n\n$$A = \\sigma(Z)$$\n\nand $dZ = A - Y$.\n")
    assert [(f.line, f.verdict) for f in found.findings] == [(1, "right"), (5, "right"), (7, "right")]
    assert [remark.line for remark in found.remarks] == [1]


ONE_LAYER = tex(r"Z = W X + b", r"A = \sigma(Z)", r"dZ = A - Y", r"dW = \frac{1}{m} dZ X^T")


def lines(text, **stated):
    """The verdicts of a document, and its setting."""
    found = handgrad.check(text, **stated)
    return [finding.verdict for finding in found.findings], " | ".join(value for _, value in found.setting)


def test_what_is_stated_is_not_inferred():
    assert lines(ONE_LAYER)[0] == ["right"] * 4
    verdicts, setting = lines(ONE_LAYER, network="3-1:sigmoid", loss="half_squared_error")
    assert verdicts[2] != "right"
    assert "half squared error" in setting
    verdicts, setting = lines(ONE_LAYER, layout="rows")
    assert verdicts[0] != "right"
    assert "columns" not in setting
    assert "tanh" in lines(tex(r"Z = W X + b", r"A = g(Z)", r"dZ = dA \odot (1 - A^2)"), network="3-2:tanh")[1]


def test_front_matter_states_it_as_well():
    front = "---\nhandgrad-network: 3-1:sigmoid\nhandgrad-loss: half_squared_error\n---\n\n"
    assert lines(front + ONE_LAYER) == lines(ONE_LAYER, network="3-1:sigmoid", loss="half_squared_error")
    assert lines(front + ONE_LAYER, loss="binary_cross_entropy", network="3-1:sigmoid")[0] == ["right"] * 4


def test_prose_that_contradicts_the_formulas_is_told_and_no_line_is_accused():
    text = "Each row of X is an example.\n\n" + DOCUMENTS["batch"]
    assert wrong(text) == []
    assert [remark.code for remark in checked(text).remarks] == ["HG021"]


def test_other_topics_are_left_aside():
    other = (
        r"\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\left( \frac{Q K^T}{\sqrt{d_k}} \right) V",
        r"y_{ij} = \sum_{a=0}^{k-1} \sum_{b=0}^{k-1} w_{ab} x_{i+a, j+b}",
    )
    found = checked(tex(*FORWARD, *other))
    assert [finding.verdict for finding in found.findings] == ["right"] * 4 + ["other"] * 2
