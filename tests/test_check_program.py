"""Documents that are programs of numbers: worked examples, one neuron, nested expressions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad.check.judging.comparing import Scale
from handgrad.check.judging.program import Program
from handgrad.check.parsing import collect_functions, parse
from handgrad.check.reading import read
from handgrad.check.understanding.relations import relations_of


def relations(*formulas):
    """The relations of a document that has each formula as a display."""
    found = read("\n\n".join(f"$$\n{formula}\n$$" for formula in formulas))
    functions = collect_functions([(passage.text, "tex") for passage in found.passages])
    return relations_of((passage, parse(passage.text, passage.start, "tex", functions=functions)) for passage in found.passages)


def judged(forward, *formulas):
    """How each formula comes out after the forward ones, the first relation of each."""
    document = relations(*forward, *formulas)
    program = Program.of(document)
    assert program is not None
    displays = []
    for relation in document:
        if relation.passage not in displays:
            displays.append(relation.passage)
    wanted = displays[len(forward) :]
    return [next(program.judge(r) for r in document if r.passage is passage) for passage in wanted]


def right(outcome):
    return outcome.kind == "holds" and outcome.scale == Scale()


MAZUR = [
    r"net_{h1} = w_1 i_1 + w_2 i_2 + b_1",
    r"net_{h2} = w_3 i_1 + w_4 i_2 + b_1",
    r"out_{h1} = \frac{1}{1 + e^{-net_{h1}}}",
    r"out_{h2} = \frac{1}{1 + e^{-net_{h2}}}",
    r"net_{o1} = w_5 out_{h1} + w_6 out_{h2} + b_2",
    r"net_{o2} = w_7 out_{h1} + w_8 out_{h2} + b_2",
    r"out_{o1} = \frac{1}{1 + e^{-net_{o1}}}",
    r"out_{o2} = \frac{1}{1 + e^{-net_{o2}}}",
    r"E_{o1} = \frac{1}{2}(target_{o1} - out_{o1})^2",
    r"E_{o2} = \frac{1}{2}(target_{o2} - out_{o2})^2",
    r"E_{total} = E_{o1} + E_{o2}",
]
SHORT = [  # what most people leave out of it
    formula
    for formula in MAZUR
    if not any(formula.startswith(left) for left in ("net_{h2}", "net_{o2}", "out_{h2}", "out_{o2}", "E_{o2}"))
]
LETTERS = [
    r"z_1 = v_{11} x_1 + v_{21} x_2 + b_1",
    r"z_2 = v_{12} x_1 + v_{22} x_2 + b_2",
    r"h_1 = \tanh(z_1)",
    r"h_2 = \tanh(z_2)",
    r"u_1 = w_{11} h_1 + w_{21} h_2 + c_1",
    r"u_2 = w_{12} h_1 + w_{22} h_2 + c_2",
    r"y_1 = \sigma(u_1)",
    r"y_2 = \sigma(u_2)",
    r"E = (y_1 - t_1)^2 + (y_2 - t_2)^2",
]
ONE = [
    r"z_1 = x w_1 + b_1",
    r"a_1 = \text{ReLU}(z_1)",
    r"z_2 = a_1 w_2 + b_2",
    r"\hat{y} = \sigma(z_2)",
    r"L = -[y \log \hat{y} + (1 - y)\log(1 - \hat{y})]",
]
LOGISTIC = [r"z = w_1 x_1 + w_2 x_2 + b", r"a = \sigma(z)", r"L(a, y) = -(y \log(a) + (1 - y) \log(1 - a))"]
NESTED = [r"s(x) = \frac{1}{1 + e^{-x}}", r"O = s(s(I w_1 + 1) w_2 + s(I w_1 + 1) w_3 + 1)", r"d(x) = s(x)(1 - s(x))"]

D = r"\frac{{\partial {}}}{{\partial {}}}".format
CASES = [
    (MAZUR, D("E_{total}", "w_5"), ["(out_{o1} - target_{o1})", "out_{o1}", "(1 - out_{o1})", "out_{h1}"]),
    (MAZUR, D("E_{total}", "w_8"), [D("E_{total}", "out_{o2}"), D("out_{o2}", "net_{o2}"), D("net_{o2}", "w_8")]),
    (MAZUR, D("E_{total}", "out_{o2}"), ["(-1)", "(target_{o2} - out_{o2})"]),
    (MAZUR, D("E_{o1}", "out_{h1}"), [D("E_{o1}", "out_{o1}"), D("out_{o1}", "net_{o1}"), "w_5"]),
    (
        MAZUR,
        D("E_{total}", "w_1"),
        [rf"({D('E_{o1}', 'out_{h1}')} + {D('E_{o2}', 'out_{h1}')})", "out_{h1}", "(1 - out_{h1})", "i_1"],
    ),
    (LETTERS, D("E", "w_{21}"), ["2", "(y_1 - t_1)", "y_1", "(1 - y_1)", "h_2"]),
    (LETTERS, D("E", "v_{12}"), [D("E", "h_2"), "(1 - h_2^2)", "x_1"]),
    (LETTERS, D("E", "h_1"), [rf"({D('E', 'u_1')} w_{{11}} + {D('E', 'u_2')} w_{{12}})"]),
    (ONE, D("L", "w_2"), [r"(\hat{y} - y)", "a_1"]),
    (ONE, D("L", "w_1"), [r"(\hat{y} - y)", "w_2", r"\text{ReLU}'(z_1)", "x"]),
    (ONE, r"\frac{dL}{dz_1}", [r"\frac{dL}{dz_2}", r"\frac{dz_2}{da_1}", r"\frac{da_1}{dz_1}"]),
    (LOGISTIC, "dw_1", ["x_1", "dz"]),
    (LOGISTIC, r"\frac{dL}{dw_2}", ["x_2", "(a - y)"]),
    (LOGISTIC, r"\frac{\partial L}{\partial a}", [r"\frac{a - y}{a(1 - a)}"]),
    (NESTED, D("O", "w_2"), ["d(s(I w_1 + 1) w_2 + s(I w_1 + 1) w_3 + 1)", "s(I w_1 + 1)"]),
    (NESTED, D("O", "w_1"), ["O", "(1 - O)", "(w_2 + w_3)", "d(I w_1 + 1)", "I"]),
]


def product(factors):
    return r" \cdot ".join(factors)


@pytest.mark.parametrize(("forward", "left", "factors"), CASES)
def test_right_derivatives_hold(forward, left, factors):
    (outcome,) = judged(forward, f"{left} = {product(factors)}")
    assert right(outcome), outcome


@pytest.mark.parametrize(("forward", "left", "factors"), CASES)
def test_without_a_factor_or_with_another_sign_they_do_not(forward, left, factors):
    wrong = [product(factors[:k] + factors[k + 1 :]) for k in range(len(factors)) if len(factors) > 1]
    for outcome in judged(forward, *(f"{left} = {text}" for text in [*wrong, "-" + product(factors)])):
        assert not right(outcome), outcome
        assert outcome.kind in {"differs", "holds"}, outcome


@pytest.mark.parametrize(
    ("forward", "wrong"),
    [
        (MAZUR, D("E_{total}", "w_5") + " = (out_{o2} - target_{o1}) out_{o1} (1 - out_{o1}) out_{h1}"),
        (MAZUR, D("net_{o1}", "w_6") + " = out_{h1}"),
        (MAZUR, D("E_{o2}", "out_{h1}") + f" = {D('E_{o2}', 'out_{o1}')} {D('out_{o1}', 'net_{o1}')} {D('net_{o1}', 'out_{h1}')}"),
        (MAZUR, D("out_{h1}", "net_{h1}") + " = net_{h1}(1 - net_{h1})"),
        (LETTERS, D("u_1", "h_2") + " = w_{12}"),
        (ONE, D("z_2", "w_2") + " = z_1"),
        (LOGISTIC, D("L", "a") + " = a - y"),
        (LOGISTIC, D("a", "z") + r" = \frac{-e^{-z}}{(1 + e^{-z})^2}"),
    ],
)
def test_what_is_of_the_wrong_thing_differs(forward, wrong):
    (outcome,) = judged(forward, wrong)
    assert outcome.kind == "differs"


@pytest.mark.parametrize(("left", "factors"), [(left, factors) for forward, left, factors in CASES if forward is MAZUR])
def test_units_that_are_left_out_are_like_the_others(left, factors):
    (outcome,) = judged(SHORT, f"{left} = {product(factors)}")
    assert right(outcome)


def test_a_sum_over_outputs_that_are_said_in_words():
    forward = [f for f in SHORT if not f.startswith("E")]
    total = r"E_{total} = \sum \frac{1}{2}(target - output)^2"
    more = [
        r"E_{o1} = \frac{1}{2}(target_{o1} - out_{o1})^2",
        "E_{total} = E_{o1} + E_{o2}",
        D("E_{total}", "out_{o2}") + " = out_{o2} - target_{o2}",
    ]
    assert all(right(outcome) for outcome in judged([*forward, total], *more))


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_an_equal_formula_holds_and_another_one_does_not(data):
    forward, left, factors = data.draw(st.sampled_from(CASES))
    order = data.draw(st.permutations(factors))
    double = data.draw(st.sampled_from([factor for factor in factors if "ReLU" not in factor and "da_1}{dz_1" not in factor]))
    same, other = judged(forward, f"{left} = {product(order)}", f"{left} = {product([*order, double])}")
    assert right(same)
    assert not right(other)


def test_constants_of_the_loss_are_told():
    half, double = judged(LETTERS, D("E", "y_1") + " = y_1 - t_1", D("E", "y_1") + " = 4(y_1 - t_1)")
    assert half.scale == Scale(twos=1)
    assert double.scale == Scale(twos=-1)


def test_of_two_definitions_the_one_that_the_rest_agrees_with():
    forward = [*MAZUR[:2], r"out_{h1} = \frac{1}{1 + e^{net_{h1}}}", *MAZUR[3:]]
    document = relations(*forward, D("out_{h1}", "net_{h1}") + " = out_{h1}(1 - out_{h1})")
    program = Program.of(document)
    assert [program.judge(r).kind for r in document].count("differs") == 1
    assert program.judge(document[2]).kind == "differs"


def test_an_error_signal_that_is_not_what_the_others_are():
    signals = [
        r"\delta_{o1} = (out_{o1} - target_{o1}) out_{o1} (1 - out_{o1})",
        r"\delta_{o2} = (out_{o2} - target_{o2})",
        r"\frac{\partial E_{total}}{\partial w_7} = \delta_{o2} out_{h1}",
    ]
    assert [outcome.kind for outcome in judged(MAZUR, *signals)] == ["holds", "differs", "holds"]


def test_nothing_is_held_against_names_that_are_not_explained():
    forward = [r"z = w x + b", r"a = \sigma(z)", r"E = \frac{1}{2}(a - y)^2"]
    unknown = judged(
        forward,
        r"\frac{\partial E}{\partial q} = (a - y) q",
        r"\frac{\partial E}{\partial w} = (p - y) a(1 - a) x",
        r"\frac{\partial z_3}{\partial w} = x",
    )
    assert {outcome.kind for outcome in unknown} == {"unknown"}


def test_a_prime_may_be_a_name():
    forward = [
        r"net_1 = x w_1 + b",
        r"h = \sigma(net_1)",
        r"net_2 = h w_2 + b",
        r"{y}' = \sigma(net_2)",
        r"L = \frac{1}{2}\sum(y - {y}')^2",
    ]
    good = r"\frac{\partial L}{\partial w_1} = x \times h(1 - h) \times w_2 \times {y}'(1 - {y}') \times ({y}' - y)"
    bad = r"\frac{\partial L}{\partial w_1} = x \times h(1 - h) \times w_2 \times ({y}' - y)"
    one, other = judged(forward, good, bad)
    assert right(one)
    assert other.kind == "differs"


# numbers

NUMBERS = [r"x = 1.5, w_1 = 0.4, w_2 = 0.8, y = 1", r"z_1 = x \cdot w_1 = 1.5 \cdot 0.4 = 0.6", r"h = \sigma(z_1) \approx 0.646"]
LAST = [
    r"z_2 = h w_2 = 0.646 \cdot 0.8 = 0.517",
    r"a = \sigma(z_2) = 0.626",
    r"L = \frac{1}{2}(y - a)^2 = \frac{1}{2}(1 - 0.626)^2 = 0.0699",
]


def kinds(*formulas):
    document = relations(*formulas)
    program = Program.of(document)
    return [program.judge(relation).kind for relation in document]


def test_numbers_in_the_place_of_names():
    assert set(kinds(*NUMBERS, *LAST)) == {"holds"}


@pytest.mark.parametrize(
    "wrong",
    [
        r"\frac{\partial L}{\partial a} = -(y - a) = -(1 - 0.626) = 0.374",
        r"\frac{\partial L}{\partial a} = -(y - a) = -(1 - 0.517)",
        r"\frac{\partial a}{\partial z_2} = a(1 - a) = 0.626 \cdot 0.374 = 0.334",
        r"\frac{\partial z_2}{\partial w_2} = h = 0.8",
    ],
)
def test_a_wrong_number_differs(wrong):
    found = kinds(*NUMBERS, *LAST, wrong)
    assert found.count("differs") == 1
    assert found[-1] == "differs" or found[-2] == "differs"


def test_a_number_that_uses_a_wrong_one_is_not_wrong_again():
    slip = r"\frac{\partial L}{\partial a} = -(y - a) = -(1 - 0.626) = -0.474"
    after = [D("L", "z_2") + rf" = {D('L', 'a')} \cdot {D('a', 'z_2')} = -0.474 \cdot 0.234 = -0.111"]
    found = kinds(*NUMBERS, *LAST, r"\frac{\partial a}{\partial z_2} = a(1 - a) = 0.626 \cdot 0.374 = 0.234", slip, *after)
    assert found.count("differs") == 1
    assert found[-4] == "differs"


# updates


@pytest.mark.parametrize(
    ("update", "scale"),
    [
        (r"w_5^+ = w_5 - \eta \frac{\partial E_{total}}{\partial w_5}", Scale()),
        (r"w_5 := w_5 - \alpha \cdot \frac{\partial E_{total}}{\partial w_5}", Scale()),
        (r"w_5^{new} = w_5 + \eta \frac{\partial E_{total}}{\partial w_5}", Scale(sign=-1)),
        (r"w_i^{t+1} \leftarrow w_i^{t} - \eta \frac{\partial E_{total}}{\partial w_i}", Scale()),
        (r"\Delta w_5 = -\eta \frac{\partial E_{total}}{\partial w_5}", Scale()),
    ],
)
def test_updates_go_down(update, scale):
    (outcome,) = judged(MAZUR, update)
    assert outcome.kind == "holds"
    assert outcome.scale == scale


def test_an_update_by_another_names_gradient_differs():
    (outcome,) = judged(MAZUR, r"w_5 = w_5 - \eta \frac{\partial E_{total}}{\partial w_6}")
    assert outcome.kind == "differs"


# what is no program


@pytest.mark.parametrize(
    "formulas",
    [
        [r"Z = W X + b", r"A = \sigma(Z)", r"dW = \frac{1}{m} dZ X^T"],
        [r"a + b"],
        [r"\frac{\partial E}{\partial w} = (a - y) x"],
    ],
)
def test_no_program(formulas):
    assert Program.of(relations(*formulas)) is None


def test_how_much_is_explained():
    good, bad = (r"\frac{\partial E}{\partial b} = " + text for text in ("(a - y) a (1 - a)", "(a - y) a"))
    forward = [r"z = w x + b", r"a = \sigma(z)", r"E = \frac{1}{2}(a - y)^2"]
    assert Program.of(relations(*forward, good)).share == 1
    assert Program.of(relations(*forward, bad)).share == 0.75
    assert Program.of(relations(*forward, good)).owns


def test_another_formula_in_the_place_of_one():
    document = relations(*LOGISTIC, r"\frac{\partial L}{\partial w_1} = a - y")
    program = Program.of(document)
    (corrected,) = relations(r"\frac{\partial L}{\partial w_1} = (a - y) x_1")
    assert program.judge(document[-1]).kind == "differs"
    assert right(program.judge(corrected))


@pytest.mark.parametrize(
    "formulas",
    [
        [*(f"f_{k + 1} = f_{k} f_{k} + w_{k}" for k in range(60)), r"\frac{\partial f_{60}}{\partial w_1} = 1"],
        [r"s(x) = \frac{1}{1 + e^{-x}}", "O = " + "s(" * 25 + "x w" + ")" * 25, r"\frac{\partial O}{\partial w} = O"],
        [r"f(x) = x x", "O = " + "f(w + " * 20 + "x" + ")" * 20, *[r"\frac{\partial O}{\partial w} = O"] * 30],
        ["z = w x", "L = z z", *(rf"\delta_{k + 1} = \frac{{\partial \delta_{k}}}{{\partial z}} + z" for k in range(12))],
        ["a = b", "b = c", "c = a", "z = w a", r"\frac{\partial z}{\partial w} = a"],
    ],
)
def test_documents_that_are_made_to_be_hard(formulas):
    document = relations(*formulas)
    program = Program.of(document)
    assert program is None or all(program.judge(relation).kind in {"holds", "differs", "unknown"} for relation in document)
