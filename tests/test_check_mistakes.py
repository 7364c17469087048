"""Mistakes put into right derivations are found, and corrected by the smallest change."""

import random
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest

from handgrad import derive
from handgrad.check.judging.correcting import Corrector
from handgrad.check.judging.judging import Judge
from handgrad.check.mistakes import CATALOGUE, inject
from handgrad.check.mistakes.trees import Shapes, copied, parts
from handgrad.check.options import Options
from handgrad.check.parsing import collect_functions, parse
from handgrad.check.parsing.numpy_code import parse_numpy
from handgrad.check.reading import read
from handgrad.check.tree import Unreadable
from handgrad.check.understanding.inferring import understand
from handgrad.check.understanding.relations import relations_of
from handgrad.check.understanding.stated import stated

COLUMNS = r"""
Columns are examples, the loss is binary cross entropy.
$$Z^{[1]} = W^{[1]} X + b^{[1]}$$
$$A^{[1]} = \tanh(Z^{[1]})$$
$$Z^{[2]} = W^{[2]} A^{[1]} + b^{[2]}$$
$$A^{[2]} = \sigma(Z^{[2]})$$
$$J = -\frac{1}{m} \sum_{i=1}^{m} \left( y^{(i)} \log a^{[2](i)} + (1 - y^{(i)}) \log(1 - a^{[2](i)}) \right)$$
$$dZ^{[2]} = A^{[2]} - Y$$
$$dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}$$
$$db^{[2]} = \frac{1}{m} \sum_{i=1}^{m} dZ^{[2](i)}$$
$$dA^{[1]} = W^{[2]T} dZ^{[2]}$$
$$dZ^{[1]} = dA^{[1]} \odot \tanh'(Z^{[1]})$$
$$dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T$$
$$db^{[1]} = \frac{1}{m} \sum_{i=1}^{m} dZ^{[1](i)}$$
$$W^{[2]} := W^{[2]} - \alpha \, dW^{[2]}$$
"""
GENERAL = r"""
$$Z^{(l)} = W^{(l)} A^{(l-1)} + b^{(l)}$$
$$A^{(l)} = \sigma(Z^{(l)})$$
The loss is half the squared error of one example: $C = \frac{1}{2} \| A^{(L)} - Y \|^2$.
$$\delta^{(L)} = (A^{(L)} - Y) \circ \sigma'(Z^{(L)})$$
$$\delta^{(l)} = (W^{(l+1)})^T \delta^{(l+1)} \circ \sigma'(Z^{(l)})$$
$$\frac{\partial C}{\partial W^{(l)}} = \delta^{(l)} (A^{(l-1)})^T$$
"""
ROWS = r"""
Each row of X is an example; softmax and cross-entropy.
$$z_1 = X W_1 + b_1$$
$$a_1 = \tanh(z_1)$$
$$z_2 = a_1 W_2 + b_2$$
$$\hat{y} = \mathrm{softmax}(z_2)$$
$$L = -\frac{1}{N} \sum_n \sum_i y_{n,i} \log \hat{y}_{n,i}$$
$$\delta_2 = \hat{y} - y$$
$$\delta_1 = (1 - \tanh^2(z_1)) \circ \delta_2 W_2^T$$
$$\frac{\partial L}{\partial W_2} = \frac{1}{N} a_1^T \delta_2$$
$$\frac{\partial L}{\partial W_1} = \frac{1}{N} X^T \delta_1$$
"""
INDEX = r"""
$$z^{(l)}_j = \sum_k w^{(l)}_{jk} a^{(l-1)}_k + b^{(l)}_j$$
$$a^{(l)}_j = \sigma(z^{(l)}_j)$$
$$C = \frac{1}{2} \sum_j (a^{(L)}_j - y_j)^2$$
$$\delta^{(L)}_j = (a^{(L)}_j - y_j) \sigma'(z^{(L)}_j)$$
$$\delta^{(l)}_j = \sum_k w^{(l+1)}_{kj} \delta^{(l+1)}_k \sigma'(z^{(l)}_j)$$
$$\frac{\partial C}{\partial w^{(l)}_{jk}} = a^{(l-1)}_k \delta^{(l)}_j$$
$$\frac{\partial C}{\partial b^{(l)}_j} = \delta^{(l)}_j$$
"""
PLAIN = """
The hidden layer is ReLU, the output sigmoid, the loss binary cross-entropy.

    Z1 = W1 . X + b1
    A1 = relu(Z1)
    Z2 = W2 . A1 + b2
    A2 = sigmoid(Z2)
    dZ2 = A2 - Y
    dW2 = 1/m * dZ2 . A1.T
    db2 = 1/m * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = W2.T . dZ2 * relu'(Z1)
    dW1 = 1/m * dZ1 . X.T
"""
DOCUMENTS = {
    "columns": COLUMNS,
    "general": GENERAL,
    "rows": ROWS,
    "index": INDEX,
    "plain": PLAIN,
    "derived": derive("3-4:tanh-2").to_markdown("ng"),
}


def judged(text):
    """The corrector of a document, with its verdicts."""
    found = read(text, "notes.md")
    functions = collect_functions((passage.text, passage.kind) for passage in found.passages)
    statements = [
        (p, parse_numpy(p.text, p.start) if p.kind == "numpy" else parse(p.text, p.start, p.kind, functions=functions))
        for p in found.passages
    ]
    relations = relations_of(statements)
    understanding = understand(relations, stated(prose.text for prose in found.prose), Options(), functions)
    judge = Judge(understanding, relations)
    return Corrector(judge, relations, text, found=judge.all())


@cache
def document(name):
    return judged(DOCUMENTS[name])


def spoilt(corrector, rng, most):
    """Right formulas with one mistake put into each, where it changes the value; some mistakes of each kind."""
    judge = corrector.judge
    by_kind = {}
    starts = [verdict for verdict in corrector.right if not verdict.relation.step and verdict.tried is not None]
    for verdict in rng.sample(starts, min(12, len(starts))):
        relation = verdict.relation
        context = corrector.context.at(relation.left, relation.right, relation.passage.kind)
        for tree, mistake in inject(relation.right, context):
            by_kind.setdefault(mistake.name, []).append((relation, tree, mistake))
    for kind in sorted(by_kind):
        for relation, tree, mistake in rng.sample(by_kind[kind], min(most, len(by_kind[kind]))):
            wrong = judge.one(replace(relation, right=tree))
            kept = relation.op == ":=" or wrong.tried is None or judge.keeps(relation.left, tree, wrong.tried)
            if wrong.verdict == "wrong" or (wrong.verdict == "right" and not kept):
                yield replace(wrong, verdict="wrong"), mistake


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_mistake_that_is_put_in_is_taken_out_again(name):
    corrector = document(name)
    count = Counter()
    missed = []
    for wrong, mistake in spoilt(corrector, random.Random(4), 1):
        correction = corrector.correct(wrong, budget=400)
        count["all"] += 1
        count["corrected"] += correction is not None
        count["at once"] += correction is not None and len(correction.mistakes) == 1
        if correction is None:
            missed.append((mistake.name, corrector.shown(wrong.relation.left), corrector.shown(wrong.relation.right)))
        else:
            again = replace(wrong.relation, left=correction.left, right=correction.right)
            assert corrector.judge.one(again).verdict == "right"
    assert count["all"] > 8
    assert count["corrected"] >= 0.8 * count["all"], missed
    assert count["at once"] >= 0.7 * count["all"]


@pytest.mark.parametrize("name", ["columns", "general", "rows", "index", "plain"])
def test_every_rewrite_changes_the_formula_and_leaves_the_old_one_alone(name):
    corrector = document(name)
    shape = Shapes()
    for relation in corrector.relations:
        before = copied(relation.right)
        context = corrector.context.at(relation.left, relation.right, relation.passage.kind)
        for mistake in CATALOGUE:
            for rewrite in (*mistake.rewrites(relation.right, context), *mistake.makes(relation.right, context)):
                assert not any(isinstance(part, Unreadable) for part in parts(rewrite.tree))
                assert rewrite.say
                assert rewrite.cost >= -0.5
        assert shape(relation.right) == shape(before)


def test_every_mistake_can_be_made_and_undone_somewhere():
    made, undone = set(), set()
    for name in ("columns", "general", "rows", "index", "plain"):
        corrector = document(name)
        for relation in corrector.relations:
            context = corrector.context.at(relation.left, relation.right, relation.passage.kind)
            for mistake in CATALOGUE:
                side = relation.left if mistake.left else relation.right
                made |= {mistake.name for _ in mistake.makes(side, context)}
                undone |= {mistake.name for _ in mistake.rewrites(side, context)}
    seldom = {"softmax Jacobian", "rate missing", "derivative forgotten", "brackets missing", "function of the gradient"}
    seldom |= {"upside down"}
    assert {mistake.name for mistake in CATALOGUE} - made <= seldom
    assert {mistake.name for mistake in CATALOGUE} - undone <= seldom


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("name", "right", "wrong", "code"),
    [
        ("columns", r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}", r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]}", "HG002"),
        ("columns", r"dA^{[1]} = W^{[2]T} dZ^{[2]}", r"dA^{[1]} = dZ^{[2]} W^{[2]T}", "HG002"),
        ("columns", r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}", r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[2]T}", "HG008"),
        ("columns", r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}", r"dW^{[2]} = \frac{1}{m} dZ^{[2]} dA^{[1]T}", "HG009"),
        ("columns", r"dA^{[1]} = W^{[2]T} dZ^{[2]}", r"dA^{[1]} = W^{[2]T} \odot dZ^{[2]}", "HG001"),
        ("columns", r"dZ^{[2]} = A^{[2]} - Y", r"dZ^{[2]} = Y - A^{[2]}", "HG003"),
        ("columns", r"dZ^{[2]} = A^{[2]} - Y", r"dZ^{[2]} = (A^{[2]} - Y) \odot \sigma'(Z^{[2]})", "HG023"),
        ("columns", r"dZ^{[1]} = dA^{[1]} \odot \tanh'(Z^{[1]})", r"dZ^{[1]} = \tanh(dA^{[1]})", "HG007"),
        ("columns", r"dZ^{[1]} = dA^{[1]} \odot \tanh'(Z^{[1]})", r"dZ^{[1]} = dA^{[1]} \odot \tanh'(A^{[1]})", "HG006"),
        ("columns", r"dZ^{[1]} = dA^{[1]} \odot \tanh'(Z^{[1]})", r"dZ^{[1]} = dA^{[1]} \odot \tanh(Z^{[1]})", "HG007"),
        ("columns", r"Z^{[1]} = W^{[1]} X + b^{[1]}", r"Z^{[1]} = W^{[1]} X", "HG024"),
        ("columns", r"W^{[2]} := W^{[2]} - \alpha \, dW^{[2]}", r"W^{[2]} := W^{[2]} - \alpha \, dW^{[1]}", "HG013"),
        ("rows", r"\delta_2 = \hat{y} - y", r"\delta_2 = y - \hat{y}", "HG003"),
        (
            "rows",
            r"\delta_1 = (1 - \tanh^2(z_1)) \circ \delta_2 W_2^T",
            r"\delta_1 = (1 - \tanh^2(z_2)) \circ \delta_2 W_2^T",
            "HG006",
        ),
        ("index", r"a^{(l-1)}_k \delta^{(l)}_j", r"a^{(l-1)}_j \delta^{(l)}_j", "HG011"),
        (
            "index",
            r"\sum_k w^{(l+1)}_{kj} \delta^{(l+1)}_k \sigma'(z^{(l)}_j)",
            r"w^{(l+1)}_{kj} \delta^{(l+1)}_k \sigma'(z^{(l)}_j)",
            "HG010",
        ),
        ("plain", "dW2 = 1/m * dZ2 . A1.T", "dW2 = 1/m * dZ2 . A1", "HG002"),
        ("plain", "dZ1 = W2.T . dZ2 * relu'(Z1)", "dZ1 = W2.T . dZ2 * relu(Z1)", "HG007"),
    ],
)
def test_the_smallest_correction_is_the_formula_as_it_was(name, right, wrong, code):
    corrector = judged(DOCUMENTS[name].replace(right, wrong))
    place = next(verdict for verdict in corrector.found if _tight(verdict.relation.text).endswith(_tight(wrong)))
    correction = corrector.correct(place)
    assert correction is not None
    assert len(correction.mistakes) == 1
    assert correction.code == code
    assert _tight(correction.text).endswith(_tight(right))
    assert correction.marked is not None
    assert correction.message.endswith(".")


def _tight(text):
    """Text without spaces and braces."""
    return text.replace(r"\,", "").translate(str.maketrans("⊙", "*", " {}"))
