"""Witnesses: small examples in which a formula fails, worked out here once more with plain NumPy."""

import json
import math
import re

import numpy as np
import pytest

from handgrad.check.findings import NUDGED, Witness
from handgrad.check.judging.comparing import Scale
from handgrad.check.judging.evaluating import Lexicon
from handgrad.check.judging.sides import rounded
from handgrad.check.judging.witness import Reading, step_witness, witness
from handgrad.check.parsing import parse
from handgrad.check.understanding.names import habit_of
from handgrad.check.understanding.setting import Setting


def of(formula, corrected=None, *, kind="tex", scales=None, **setting):
    """The witness of a formula and its correction, which stand in one document."""
    text = formula + "\n\n" + (corrected or "")
    read = parse(formula, 0, kind)
    fix = parse(corrected, len(formula) + 2, kind)[0].sides[0] if corrected else None
    reading = Reading(Setting().but(**setting), Lexicon(habit_of(read)), None, text, scales=scales or {})
    return witness(read[0].sides[0], read[0].sides[1], fix, reading)


def step(formula, **setting):
    read = parse(formula, 0, "tex")
    right = read[0].sides[1]
    return step_witness(
        read[0].sides[0], right.terms[1], right.signs[1], Reading(Setting().but(**setting), Lexicon(habit_of(read)), None, formula)
    )


def values(found: Witness):
    return {name: np.array(json.loads(text), dtype=float) for name, text in found.inputs}


def entry(found: Witness, array):
    """The entry of an array that the witness shows."""
    place = [int(k) - 1 for k in re.findall(r"\d+", found.entry)]
    return float(np.squeeze(np.asarray(array)[tuple(place)] if place else array))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


MEAN = {"parameters": Scale(1, 0, -1)}
HAND = [
    # formula, correction, what the author's side and the true side come to by hand (None: no value), setting
    (r"dZ^{[3]} = Y - A^{[3]}", r"A^{[3]} - Y", lambda v: v["Y"] - v["A^{[3]}"], lambda v: v["A^{[3]}"] - v["Y"],
     {"loss": "binary_cross_entropy"}),
    (r"dW^{[2]} = dZ^{[2]} A^{[1]T}", r"\frac{1}{m} dZ^{[2]} A^{[1]T}", lambda v: v["dZ^{[2]}"] @ v["A^{[1]}"].T,
     lambda v: v["dZ^{[2]}"] @ v["A^{[1]}"].T / v["m"], {"scales": MEAN}),
    (r"dZ^{[2]} = relu(dA^{[2]})", r"dA^{[2]} \odot relu'(Z^{[2]})", lambda v: np.maximum(v["dA^{[2]}"], 0),
     lambda v: v["dA^{[2]}"] * (v["Z^{[2]}"] > 0), {"hidden": ("relu",)}),
    (r"dZ^{[2]} = dA^{[2]} \odot (1 - Z^{[2]2})", r"dA^{[2]} \odot (1-A^{[2]2})", lambda v: v["dA^{[2]}"] * (1 - v["Z^{[2]}"] ** 2),
     lambda v: v["dA^{[2]}"] * (1 - np.tanh(v["Z^{[2]}"]) ** 2), {"hidden": ("tanh",)}),
    (r"dZ^{[3]} = A^{[3]} - Y", r"(A^{[3]} - Y) \odot \sigma'(Z^{[3]})", lambda v: v["A^{[3]}"] - v["Y"],
     lambda v: (v["A^{[3]}"] - v["Y"]) * sigmoid(v["Z^{[3]}"]) * (1 - sigmoid(v["Z^{[3]}"])), {}),
    (r"\frac{\partial J}{\partial A^{[3]}} = -(\frac{Y}{A^{[3]}} - \frac{1-Y}{A^{[3]}})",
     r"-(\frac{Y}{A^{[3]}} - \frac{1-Y}{1-A^{[3]}})",
     lambda v: -(v["Y"] - (1 - v["Y"])) / v["A^{[3]}"], lambda v: (1 - v["Y"]) / (1 - v["A^{[3]}"]) - v["Y"] / v["A^{[3]}"],
     {"loss": "binary_cross_entropy"}),
    (r"dA^{[1]} = W^{[2]} dZ^{[2]}", r"W^{[2]T} dZ^{[2]}", None, lambda v: v["W^{[2]}"].T @ v["dZ^{[2]}"], {}),
    (r"dA^{[1]} = W^{[2]T} \odot dZ^{[2]}", r"W^{[2]T} dZ^{[2]}", None, lambda v: v["W^{[2]}"].T @ v["dZ^{[2]}"], {}),
    (r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]}", r"\frac{1}{m} dZ^{[2]} A^{[1]T}", None,
     lambda v: v["dZ^{[2]}"] @ v["A^{[1]}"].T / v["m"], {"scales": MEAN}),
    (r"db^{[2]} = dZ^{[2]}", r"\sum dZ^{[2]}", None, lambda v: v["dZ^{[2]}"].sum(axis=1, keepdims=True), {}),
    (r"\delta^{l} = (w^{l+1})^T \delta^{l+1} \odot \sigma'(z^{l+1})", r"(w^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)",
     lambda v: v["w^{l+1}"].T * v[r"\delta^{l+1}"] * sigmoid(v["z^{l+1}"]) * sigmoid(-v["z^{l+1}"]),
     lambda v: v["w^{l+1}"].T * v[r"\delta^{l+1}"] * sigmoid(v["z^l"]) * sigmoid(-v["z^l"]), {"examples": "single"}),
    (r"\frac{\partial a_i}{\partial z_j} = a_i(\delta_{ij} - a_i)", r"a_i(\delta_{ij} - a_j)",
     lambda v: np.outer(v["a_i"], np.ones(2)) * (np.eye(2) - v["a_i"][:, None]),
     lambda v: np.diag(v["a_i"]) - np.outer(v["a_i"], v["a_i"]),
     {"L": 1, "output": "softmax", "loss": "cross_entropy", "examples": "single"}),
    (r"dZ^{[3]} = dA^{[3]} \odot A^{[3]} \odot (1 - A^{[3]})", None, lambda v: v["dA^{[3]}"] * v["A^{[3]}"] * (1 - v["A^{[3]}"]),
     lambda v: v["A^{[3]}"] * (v["dA^{[3]}"] - (v["dA^{[3]}"] * v["A^{[3]}"]).sum(axis=0)),
     {"output": "softmax", "loss": "cross_entropy", "examples": "single"}),
    (r"\frac{\partial E}{\partial w_{11}^{(1)}} = \delta_1^{(1)} x_2", r"\delta_1^{(1)} x_1",
     lambda v: v[r"\delta_1^{(1)}"] * v["x_2"],
     lambda v: v[r"\delta_1^{(1)}"] * v["x_1"], {"examples": "single", "widths": {0: 2, 1: 2}}),
    (r"Z^{[2]} = W^{[2]} A^{[1]}", r"W^{[2]} A^{[1]} + b^{[2]}", lambda v: v["W^{[2]}"] * v["A^{[1]}"],
     lambda v: v["W^{[2]}"] * v["A^{[1]}"] + v["b^{[2]}"], {}),
    (r"J = -\frac{1}{m}\sum_i (y^{(i)} \log a^{(i)} - (1-y^{(i)}) \log(1-a^{(i)}))",
     r"-\frac{1}{m}\sum_i (y^{(i)} \log a^{(i)} + (1-y^{(i)}) \log(1-a^{(i)}))",
     lambda v: (1 - v["y^{(i)}"]) * np.log(1 - v["a^{(i)}"]) - v["y^{(i)}"] * np.log(v["a^{(i)}"]),
     lambda v: -(1 - v["y^{(i)}"]) * np.log(1 - v["a^{(i)}"]) - v["y^{(i)}"] * np.log(v["a^{(i)}"]),
     {"L": 1, "loss": "binary_cross_entropy", "one_output": True, "scales": {"loss J": Scale(1, 0, -1)}}),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "corrected", "wrong", "right", "setting"), HAND, ids=[case[0][:40] for case in HAND])
def test_a_witness_can_be_recomputed_by_hand(formula, corrected, wrong, right, setting):
    found = of(formula, corrected, **setting)
    given = values(found)
    true = entry(found, right(given))
    assert float(found.measured) == pytest.approx(true, rel=1e-3)
    assert found.corrected == (None if corrected is None else found.measured)
    if wrong is None:
        assert found.author.startswith("no value: ")
    else:
        assert float(found.author) == pytest.approx(entry(found, wrong(given)), rel=1e-3)
        assert not math.isclose(float(found.author), true, rel_tol=0.03)
    assert found.quantity == formula.split(" = ", maxsplit=1)[0]


@pytest.mark.parametrize("case", HAND, ids=[case[0][:40] for case in HAND])
def test_a_witness_is_small_and_its_numbers_are_short(case):
    formula, corrected, _, _, setting = case
    found = of(formula, corrected, **setting)
    assert all(array.size <= 6 for array in values(found).values())
    for text in (*(text for _, text in found.inputs), found.measured, *([] if found.author.startswith("no") else [found.author])):
        for number in re.findall(r"[\d.e+]+", text):
            assert len(number.replace(".", "").lstrip("0")) <= 4
            assert not re.search(r"\.\d*0$", number)
    plain = re.sub(r"(\[\d\])[T2]", r"\1", f"{formula} {corrected}")
    assert all(name in plain for name, _ in found.inputs)


@pytest.mark.parametrize("case", [case[:2] + case[4:] for case in HAND if case[1]], ids=[case[0][:40] for case in HAND if case[1]])
def test_a_right_formula_has_no_witness(case):
    formula, corrected, setting = case
    assert of(formula.split(" = ", maxsplit=1)[0] + " = " + corrected, **setting) is None
    # nor has a wrong one whose correction is wrong
    assert of(formula, formula.split(" = ", maxsplit=1)[1], **setting) is None


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        (r"dA^{[1]} = W^{[2]} dZ^{[2]}", "2 × 1 times 2 × 1 does not fit"),
        (r"dA^{[1]} = W^{[2]T} \odot dZ^{[2]}", "1 × 2 and 2 × 3 do not fit entry by entry"),
        (r"db^{[2]} = dZ^{[2]}", "it is 1 × 2, where 1 × 1 is needed"),
        (r"\delta^{l}_j = w^{l+1}_{kj} \delta_k^{l+1}", "the index k is on the right side only"),
    ],
)
def test_what_has_no_value_says_why(formula, why):
    found = of(formula, examples="single" if "delta" in formula else "columns")
    assert found.author == f"no value: {why}"
    assert found.how == NUDGED


def test_where_it_comes_from():
    assert of(r"Z^{[2]} = W^{[2]} A^{[1]}", r"W^{[2]} A^{[1]} + b^{[2]}").how == "true"
    assert of(r"dZ^{[3]} = Y - A^{[3]}", r"A^{[3]} - Y", loss="binary_cross_entropy").how == NUDGED


def test_an_update_with_the_wrong_sign():
    found = step(r"W^{[1]} = W^{[1]} + \alpha dW^{[1]}")
    v = values(found)
    assert float(found.author) == v["W^{[1]}"] + v[r"\alpha"] * v["dW^{[1]}"]
    assert float(found.measured) == v["W^{[1]}"] - v[r"\alpha"] * v["dW^{[1]}"]
    assert found.quantity == "W^{[1]} after the step"
    assert step(r"W^{[1]} = W^{[1]} - \alpha dW^{[1]}") is None


def test_an_update_by_its_formula():
    found = step(r"W^{[3]} = W^{[3]} + \alpha (A^{[3]}-Y) A^{[2]T}", output="identity")
    v = values(found)
    slope = (v["A^{[3]}"] - v["Y"]) * v["A^{[2]}"]
    assert float(found.author) == pytest.approx(float(v["W^{[3]}"] + 0.5 * slope))
    assert float(found.measured) == pytest.approx(float(v["W^{[3]}"] - 0.5 * slope))
    assert v["dW^{[3]}"] == pytest.approx(slope)


def test_upside_down():
    found = of(r"\frac{\partial A^{[3]}}{\partial J} = A^{[3]}-Y", r"A^{[3]}-Y")
    assert float(found.author) * float(found.measured) == pytest.approx(1)
    assert found.corrected is None


def test_what_is_not_understood_has_none():
    assert of(r"dW^{[2]} = Q R") is None
    assert of(r"dW^{[9]} = dZ^{[9]}") is None
    assert of(r"dW^{[2]} = dZ^{[2]} A^{[1]T} - \lambda W^{[2]}") is None  # the loss here has no penalty


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5"), (-0.0, "0"), (1 / 3, "0.3333"), (2.0, "2"), (1e-12, "0"), (12.345678, "12.35")]
)
def test_numbers_for_people(value, text):
    assert rounded(value) == text
