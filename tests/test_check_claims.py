"""Shapes that a text claims."""

import pytest
from judged import BACKWARD, FORWARD, displayed, document

from handgrad.check.judging.claims import claim_of, judge_claim, sizes
from handgrad.check.parsing import parse
from handgrad.check.reading import Passage, Source
from handgrad.check.understanding.relations import relations_of

COLUMNS = (*FORWARD, *BACKWARD.values())
ROWS = (
    r"Z^{[1]} = X W^{[1]} + b^{[1]}",
    r"A^{[1]} = \tanh(Z^{[1]})",
    r"Z^{[2]} = A^{[1]} W^{[2]} + b^{[2]}",
    r"A^{[2]} = \sigma(Z^{[2]})",
    r"dW^{[2]} = A^{[1]T} dZ^{[2]}",
    r"dA^{[1]} = dZ^{[2]} W^{[2]T}",
)


@pytest.fixture(scope="module")
def columns():
    return document(displayed(*COLUMNS))


@pytest.fixture(scope="module")
def rows():
    return document(displayed(*ROWS))


def claimed(text, kind="tex"):
    passage = Passage(Source(text), 0, len(text), text, kind, display=True, section=0)
    return relations_of([(passage, parse(text, 0, kind))])[0]


def verdict(text, found, *others, kind="tex"):
    from handgrad.check.judging.judged import Judged

    beside = [Judged(claimed(other), "right") for other in others]
    return judge_claim(claimed(text, kind), found.understanding, [*found.judged, *beside])


RIGHT = [
    r"W^{[1]} \in \mathbb{R}^{n^{[1]} \times n_x}",
    r"W^{[l]} \in \mathbb{R}^{n^{[l]} \times n^{[l-1]}}",
    r"W^{[2]} \in R^{n_2 \times n_1}",
    r"b^{[1]} \in R^{n^{[1]} \times 1}",
    r"b^{[1]} \in \mathbb{R}^{n^{[1]}}",
    r"X \in \mathbb{R}^{n_x \times m}",
    r"x \in \mathbb{R}^{n_x}",
    r"Y \in \mathbb{R}^{1 \times m}",
    r"A^{[1]} \in \mathbb{R}^{n_h \times m}",
    r"A^{[1]T} \in \mathbb{R}^{m \times n^{[1]}}",
    r"dW^{[1]} \in \mathbb{R}^{n_1 \times n_0}",
    r"\dim(W^{[1]}) = (n^{[1]}, n^{[0]})",
    r"W^{[1]}.shape = (n_h, n_x)",
    r"W^{[2]} \in \mathbb{R}^{1 \times n_h}",
    r"W^{[1]} \in \mathbb{R}^{128 \times n_x}",
]


@pytest.mark.parametrize("text", RIGHT)
def test_right_claims(text, columns):
    assert verdict(text, columns) == ("right", None, "", None)


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        (r"W^{[1]} \in \mathbb{R}^{n_x \times n^{[1]}}", r"W^{[1]} \in \mathbb{R}^{n^{[1]} \times n_x}"),
        (r"W^{[l]} \in \mathbb{R}^{n^{[l-1]} \times n^{[l]}}", r"W^{[l]} \in \mathbb{R}^{n^{[l]} \times n^{[l-1]}}"),
        (r"X \in \mathbb{R}^{m \times n_x}", r"X \in \mathbb{R}^{n_x \times m}"),
        (r"\dim(W^{[1]}) = (n^{[0]}, n^{[1]})", r"\dim(W^{[1]}) = (n^{[1]}, n^{[0]})"),
        (r"W^{[1]}.shape = (n_x, n_h)", r"W^{[1]}.shape = (n_h, n_x)"),
        (r"b^{[1]}\in\mathbb{R}^{1\times n^{[1]}}", r"b^{[1]}\in\mathbb{R}^{n^{[1]}\times 1}"),
        (r"W^{[2]} \in \mathbb{R}^{n^{[1]} \times n^{[1]}}", r"W^{[2]} \in \mathbb{R}^{n^{[2]} \times n^{[1]}}"),
        (r"Z^{[1]} \in \mathbb{R}^{n^{[1]} \times n^{[0]}}", None),
    ],
)
def test_wrong_claims(text, fixed, columns):
    found, code, message, correction = verdict(text, columns)
    assert (found, code, correction) == ("wrong", "HG020", fixed)
    assert message.startswith("the equations in which ")
    if fixed is not None:
        assert verdict(fixed, columns)[0] == "right"


def test_what_the_equations_need_is_said_in_words(columns):
    message = verdict(r"X \in \mathbb{R}^{m \times n_x}", columns)[2]
    assert message == "the equations in which X stands need a row for each unit of layer 0 and a column for each example"
    message = verdict(r"W^{[l]} \in \mathbb{R}^{n^{[l-1]} \times n^{[l]}}", columns)[2]
    assert message.endswith("a row for each unit of layer l and a column for each unit of layer l-1")


@pytest.mark.parametrize(
    "text",
    [
        r"x \in \mathbb{R}",
        r"i \in \{1, \dots, m\}",
        r"y \in \{0, 1\}",
        r"W^{[1]} \in \mathbb{R}^{n \times k}",
        r"W \in \mathbb{R}^{n \times m}",
        r"W^{[1]} \in \mathbb{R}^{784 \times 128}",
        r"X \in \mathbb{R}^{m \times n}",
        r"W^{[1]} \in \mathbb{R}^{n_{out} \times n_{in}}",
        r"Q \in \mathbb{R}^{n_1 \times n_0}",
        r"w_{jk} \in \mathbb{R}^{n_1}",
        r"W^{[1]} \in \mathbb{R}^{n_2 \times n_1}",
        r"W^{[1]} \in \mathbb{R}^{n_1 \times (n_0 + 1)}",
        r"W^{[7]} \in \mathbb{R}^{n_7 \times n_6}",
        r"b^{[2]} \in R^{n^{[1]} \times 1}",
    ],
)
def test_what_is_not_understood_is_never_wrong(text, columns):
    found, code, why, correction = verdict(text, columns)
    assert (found, code, correction) == ("other", None, None)
    assert why


def test_layers_are_counted_as_another_claim_tells(columns):
    other = r"W^{[2]} \in \mathbb{R}^{n^{[2]} \times n^{[1]}}"
    assert verdict(r"b^{[2]} \in R^{n^{[1]} \times 1}", columns, other)[0] == "wrong"


def test_rows(rows):
    assert verdict(r"W^{[1]} \in \mathbb{R}^{n_x \times n^{[1]}}", rows)[0] == "right"
    assert verdict(r"X \in \mathbb{R}^{m \times n_x}", rows)[0] == "right"
    assert verdict(r"b^{[1]} \in \mathbb{R}^{1 \times n_1}", rows)[0] == "right"
    assert verdict(r"X \in \mathbb{R}^{n_x \times m}", rows)[3] == r"X \in \mathbb{R}^{m \times n_x}"


def test_without_equations_nothing_is_wrong():
    empty = document("Nothing.")
    for text in (
        r"W^{[1]} \in \mathbb{R}^{n_0 \times n_1}",
        r"W^{[1]} \in \mathbb{R}^{n_1 \times n_0}",
        r"X \in \mathbb{R}^{m \times n_x}",
    ):
        assert verdict(text, empty)[0] in {"right", "other"}


@pytest.mark.parametrize("text", ["W1.shape = (n_h, n_x)", "shape(W1) = (n_h, n_x)", "W1 ∈ ℝ^{n_h × n_x}", "dim(W1) = n_h × n_x"])
def test_plain_text(text):
    plain = "```\nZ1 = W1 . X + b1\nA1 = relu(Z1)\nZ2 = W2 . A1 + b2\nA2 = sigmoid(Z2)\ndW1 = dZ1 . X.T\n```\n"
    found = document(plain)
    assert verdict(text, found, kind="plain")[0] == "right"
    turned = text.replace("n_h", "?").replace("n_x", "n_h").replace("?", "n_x")
    assert verdict(turned, found, kind="plain")[0] == "wrong"
    assert verdict(turned, found, kind="plain")[3] == text


def test_only_shapes_are_claims():
    for text in (r"W^{[1]} = A B", r"J = (a, b)", r"a \in \mathbb{R}", r"x \in X"):
        assert claim_of(claimed(text)) is None
    assert len(claim_of(claimed(r"W \in \mathbb{R}^{a \times b}")).dimensions) == 2


def test_numbers_whose_digits_are_exchanged():
    found = document(displayed(*COLUMNS, r"X \in \mathbb{R}^{784 \times m}", r"W^{[1]} \in \mathbb{R}^{128 \times 748}"))
    ((relation, here, there, first),) = sizes(found.relations, found.understanding)
    assert (here, there) == ("748", "784")
    assert first.text.startswith("X")
    assert relation.text.startswith("W")
    found = document(displayed(*COLUMNS, r"X \in \mathbb{R}^{784 \times m}", r"X \in \mathbb{R}^{3072 \times m}"))
    assert list(sizes(found.relations, found.understanding)) == []
