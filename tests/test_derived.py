"""Nine networks, four of them those that the project grew from: derived in every notation and format, explained, and run alone."""

import json
import pickle
import re
import shutil

import numpy as np
import pytest
from draws import problem
from markdown_it import MarkdownIt
from test_document import compiled
from test_program import hold

from handgrad import NOTATIONS, HandgradError, Network, Notation, Parameters, add_loss, derive, explain
from handgrad.document.formats import FORMATS, write
from handgrad.document.mathml import to_mathml

NINE = {
    "relu-relu-sigmoid": (Network("4-3:relu-2:relu-1:sigmoid"), {}),
    "sigmoid with squared error": (Network("2-3:sigmoid-2:sigmoid", loss="squared_error"), {"layers": "from_output"}),
    "relu-relu-softmax": (Network("4-5:relu-3:relu-3:softmax"), {"one_over_m": "dZ"}),
    "digits": (Network("64-32:relu-10"), {}),
    "ten layers": (Network("3" + "-4:tanh" * 9 + "-2:identity"), {"optimiser": "momentum"}),
    "tanh with squared error": (Network("3-4:tanh-5:tanh", loss="squared_error"), {"optimiser": "adam"}),
    "softmax with squared error": (Network("3-4:gelu-3:softmax", loss="squared_error", l2=0.1), {"layers": "general"}),
    "one layer": (Network("5-1:sigmoid"), {"optimiser": "nesterov"}),
    "penalty and smoothing": (Network("3-4:elu(0.5)-3:mish-3:softmax", l2=0.01, label_smoothing=0.1), {"optimiser": "rmsprop"}),
}
EVERY = [(name, notation) for name in NINE for notation in NOTATIONS]


def derivation_of(name):
    network, choices = NINE[name]
    return derive(network, **choices)


@pytest.mark.parametrize(("name", "notation"), EVERY)
def test_derived_in_every_notation_and_format(name, notation):
    document = derivation_of(name).document(notation)
    files = {form: write(document, form) for form in FORMATS}
    steps = json.loads(files["json"])["steps"]
    written = derivation_of(name) if NOTATIONS[notation].examples != "single" else derivation_of(name).averaged_late()
    assert [step["id"] for step in steps] == [step.id for step in written.steps]
    assert max(step["difference"] for step in steps) < 1e-7
    assert all(len(line) <= 100 for line in files["text"].splitlines())
    formulas = [token.content for token in MarkdownIt().parse(files["markdown"]) if token.type == "fence" and token.info == "math"]
    assert len(formulas) > 10
    assert all("merror" not in to_mathml(formula, display=True) for formula in formulas)
    assert files["html"].count("<math") > 30
    assert not re.search(r'(src|href)="(?!#)', files["html"])
    for form in ("text", "markdown", "latex", "html"):
        assert "None" not in files[form]
        assert "Written" not in files[form]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize(("name", "notation"), [(name, [*NOTATIONS][place % 4]) for place, name in enumerate(NINE)])
def test_the_articles_compile(name, notation, tmp_path):
    log = compiled(derivation_of(name).to_latex(notation), tmp_path)
    assert not re.search(r"Missing character|LaTeX Warning|invalid in math mode", log)


@pytest.mark.parametrize(("name", "notation"), EVERY)
def test_its_program_runs_alone_with_the_same_gradients(name, notation):
    network, choices = NINE[name]
    hold(problem(network, 1), notation, **choices)


@pytest.mark.parametrize(("name", "notation"), EVERY)
def test_explained_with_its_numbers(name, notation):
    network, choices = NINE[name]
    found = problem(network, 2)
    options = {key: value for key, value in choices.items() if key != "layers"}
    explanation = explain(network, found.parameters, found.X, found.Y, notation=notation, **options)
    values = derive(network, **options).evaluate(
        {**derive(network, **options).values(found.parameters, found.X, found.Y), "alpha": 0.1}
    )
    for step in explanation.steps:
        if step.equation.key in values and "t+1" not in step.equation.key and not step.equation.id.endswith("_chain"):
            np.testing.assert_array_equal(step.value, values[step.equation.key])
    text = explanation.to_text()
    assert f"{explanation.loss:.4g}" in text
    assert "Health" in text


def test_a_derivation_can_be_pickled():
    derivation = derive("3-4:tanh-2", layers="general", optimiser="adam")
    again = pickle.loads(pickle.dumps(derivation))
    assert again == derivation
    assert again.steps == derivation.steps


def test_notebooks_show_a_derivation():
    derivation = derive("2-3-1")
    assert derivation._repr_latex_().startswith("$$\\begin{aligned}")
    assert derivation._repr_html_().count("<math") > 20


def test_without_reasons_only_what_is_computed_is_shown():
    text = derive("2-3:relu-1:sigmoid").to_text(reasons=False)
    assert "dZ[1] = dA[1] ⊙ relu'(Z[1])" in text
    assert "the chain rule" not in text
    assert "dZ1_factors" not in text


def test_the_transposes_have_their_reasons():
    columns, rows = derive("2-3-1").to_text("ng"), derive("2-3-1").to_text("rows")
    for text, product, why in (
        (
            columns,
            "dA[1] = W[2]ᵀ dZ[2]",
            "the rows of W[2], while a matrix product sums over the columns of its left factor",
        ),
        (columns, "dW[2] = 1/m dZ[2] A[1]ᵀ", "the columns of A[1], while a matrix product sums over the rows of its right factor"),
        (rows, "dA₁ = dZ₂ W₂ᵀ", "which are the columns of W₂, while a matrix product sums over the rows of its right factor"),
        (rows, "dW₂ = 1/m A₁ᵀ dZ₂", "which are the rows of A₁, while a matrix product sums over the columns of its left factor"),
    ):
        assert product in text
        assert why in re.sub(r"\s*\[\w+\]\n\s+|\n\s+", " ", text)


def test_a_choice_as_text():
    chosen = Notation().choose(["gradient=delta", "weighted=true", "first_index=0", "names.J=C", "names.b=θ", r"latex.W=\theta"])
    assert chosen == Notation(gradient="delta", weighted=True, first_index=0, names={"J": "C", "b": "θ"}, latex={"W": r"\theta"})
    for choice, message in (
        ("gradient", "name=value"),
        ("gradint=delta", "did you mean 'gradient'"),
        ("gradient=dz", "gradient is one of"),
        ("weighted=yes", "no value for weighted"),
        ("first_index=a", "no value for first_index"),
        ("bounds=1", "no value for bounds"),
        ("letters.a=b", "names.J=C"),
        ("names.W=A", "two quantities"),
    ):
        with pytest.raises(HandgradError, match=re.escape(message)):
            Notation().choose([choice])


def test_a_loss_that_is_its_output_has_a_derivation():
    add_loss("output_itself", "a", "1")
    assert "∂ℓ/∂a[2]_j" in derive(Network("2-3-2:tanh", loss="output_itself")).to_text()


def test_notebooks_get_a_fragment_that_touches_nothing_around_it():
    network = Network("2-3-1")
    found = explain(network, problem(network, 1).parameters, [[1, 2]], [1])
    for shown in (found, found.document(), derive(network), derive(network).document()):
        assert shown._repr_html_().startswith('<div class="handgrad">')
        assert "<body" not in shown._repr_html_()
        assert shown._repr_latex_().startswith("$$\\begin{aligned}")


def test_a_step_stands_in_the_data_as_on_the_page():
    for one_over_m in ("dW", "dZ"):
        document = derive("2-3-1", one_over_m=one_over_m).document()
        page = re.sub(r"\s+", " ", str(document))
        shown = [step["unicode"] for step in document.data["steps"] if step["id"] in {"dZ1_factors", "dW2_chain", "dA1_factors"}]
        assert len(shown) == 3
        assert all(line.partition(" = ")[2] in page for line in shown)


@pytest.mark.parametrize("name", NINE)
def test_the_gradient_of_each_output_by_the_inputs(name):
    derivation, drawn = derivation_of(name), problem(NINE[name][0], seed=1)
    parameters, X, step = drawn.parameters, drawn.X, 1e-6
    found = derivation.output_gradients(parameters, X)
    moved = np.eye(X.shape[1])[:, None, :] * step  # one input after the other
    change = [derivation.output(parameters, X + by) - derivation.output(parameters, X - by) for by in moved]
    np.testing.assert_allclose(found, np.stack(change, axis=2) / (2 * step), rtol=1e-6, atol=1e-8)
    last = derivation.network.widths[-1] - 1
    np.testing.assert_array_equal(derivation.output_gradients(parameters, X, [last, 0]), found[:, [last, 0]])
    narrow = Parameters(derivation.network, parameters.buffer.astype(np.float32))
    assert derivation.output_gradients(narrow, X).dtype == np.float32
    for wanted in ([last + 1], [-1]):
        with pytest.raises(HandgradError, match=f"are counted from 0 to {last}"):
            derivation.output_gradients(parameters, X, wanted)


@pytest.mark.parametrize("name", NINE)
def test_the_gradient_of_each_examples_own_loss_is_that_of_a_batch_of_one(name):
    derivation, drawn = derivation_of(name), problem(NINE[name][0], seed=2)
    found = derivation.input_gradients(drawn.parameters, drawn.X, drawn.Y, drawn.weights, of_examples=True)
    alone = [derivation.input_gradients(drawn.parameters, drawn.X[[i]], drawn.Y[[i]])[0] for i in range(len(drawn.X))]
    np.testing.assert_allclose(found, alone, rtol=1e-9, atol=1e-12)
    shares = drawn.weights / drawn.weights.sum()
    together = derivation.input_gradients(drawn.parameters, drawn.X, drawn.Y, drawn.weights)
    np.testing.assert_allclose(found * shares[:, None], together, rtol=1e-9, atol=1e-12)
