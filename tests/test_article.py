"""An article in any notation that its pieces make: it can be written, no letter means two things, its words fit its formulas."""

import re
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handgrad import HandgradError, Network, Notation, add_activation, derive
from handgrad.calculus.notation import CHOICES, NOTATIONS
from handgrad.calculus.written import Equals, Name, Reduced, Written
from handgrad.derivation.names import require_names
from handgrad.document.blocks import Formula, Heading, Paragraph
from handgrad.document.formats import write

DERIVED = [
    derive(Network("2-3:tanh-2:softmax", l2=0.1), layers=layers, one_over_m=one_over_m, optimiser=optimiser)
    for layers, one_over_m, optimiser in (
        ("numbered", "dW", "adam"),
        ("general", "dZ", "momentum"),
        ("from_output", "dW", "rmsprop"),
    )
] + [derive("3-12:relu-2:gelu-1:sigmoid"), derive(Network("2-2:softmax", loss="squared_error"), one_over_m="dZ")]

notations = st.builds(
    Notation,
    **{name: st.sampled_from(values) for name, values in CHOICES.items()},
    weighted=st.booleans(),
    matrix_first=st.booleans(),
    first_index=st.sampled_from([0, 1]),
    letters=st.sampled_from(["jkpqrsuv", "ab", "j"]),
)


BROKEN = Notation(
    form="entries", examples="indexed", layer="[l]", gradient="partial", product="", times="*", example_mark="(i)", weighted=True
)
"""Breaks a line inside a bracket around stacked rows."""


@example(notation=BROKEN, which=0, reasons=False)
@given(notations, st.sampled_from(range(len(DERIVED))), st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_notation_that_the_pieces_make_can_be_written(notation, which, reasons):
    derivation = DERIVED[which]  # drawn by its place, since its repr is long
    document = derivation.document(notation, reasons=reasons)
    text, latex = write(document, "text"), write(document, "latex")
    # a bracket around stacked rows is drawn of pieces, but where its lines are broken the other one may stand in a single row
    assert text.count("(") + text.count("⎛") == text.count(")") + text.count("⎞")
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")


@given(notations, st.sampled_from(DERIVED))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_letter_means_two_things_in_a_formula(notation, derivation):
    notation = notation.but(bound="fresh")
    for step in derivation.steps:
        written = derivation.written(step.id, notation)
        free = {*letters(written.left)}
        for letter, outside in bound(written.right, frozenset(free)):
            assert letter not in outside, f"{step.id}: {derivation.render(step.id, notation)}"


def inside(written):
    for value in vars(written).values():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Written):
                yield part


def letters(written):
    """The letters that stand in a formula's names, free or bound."""
    if isinstance(written, Name):
        yield from (index for index in (*written.indices, written.example) if index and not index.isdigit())
    for part in inside(written):
        yield from letters(part)


def bound(written, outside):
    """Each sum's letter, with those that are in use where it stands."""
    if isinstance(written, Reduced) and written.letter:
        yield written.letter, outside
        outside |= {written.letter}
    for part in inside(written):
        yield from bound(part, outside)


def test_the_check_of_letters_can_fail():
    sloppy = derive("2-3-1").written("dA2_rate", NOTATIONS["index"].but(bound="same"))
    assert isinstance(sloppy, Equals)
    assert [letter in outside for letter, outside in bound(sloppy.right, frozenset(letters(sloppy.left)))] == [True]


@pytest.mark.parametrize("derivation", DERIVED, ids=lambda d: f"{d.network}-{d.layers}")
def test_the_examples_index_is_the_same_everywhere(derivation):
    for notation in ("ng", "index", Notation(examples="indexed")):
        assert "i'" not in derivation.to_text(notation)


@pytest.mark.parametrize(
    "notation", ["ng", "nielsen", "index", "rows", Notation(weighted=True), Notation(gradient="delta")], ids=str
)
@pytest.mark.parametrize("derivation", DERIVED, ids=lambda d: f"{d.network}-{d.layers}")
def test_no_part_of_an_article_is_empty(derivation, notation):
    for reasons in (True, False):
        blocks = derivation.document(notation, reasons=reasons).blocks
        for here, after in pairwise(blocks):
            if isinstance(here, Heading):
                assert not isinstance(after, Heading) or after.level > here.level
            if isinstance(here, Paragraph) and here.words[0] in {"where", "As matrices:", "So, for every layer:"}:
                assert isinstance(after, Formula)


def test_a_single_example_knows_nothing_of_a_mean():
    late, early = derive("2-3:tanh-2"), derive("2-3:tanh-2", one_over_m="dZ")
    for notation in ("nielsen", "index"):
        assert "no difference where 1/m stands" in re.sub(r"\s+", " ", early.to_text(notation))
        assert early.to_text(notation).partition("Forward")[2] == late.to_text(notation).partition("Forward")[2]
        backward = late.to_text(notation).partition("Backward pass")[2].partition("Many examples")[0]
        assert not re.search(r"1/m|all examples|its share|∂J", backward)


def test_where_one_over_m_enters_is_said():
    assert "∂J/∂a[2]_j⁽ⁱ⁾ = 1/m ∂ℓ⁽ⁱ⁾/∂a[2]_j⁽ⁱ⁾" in derive("2-3-2", one_over_m="dZ").to_text()
    assert "∂J/∂w[2]_jk = 1/m Σ_i ∂ℓ⁽ⁱ⁾/∂w[2]_jk" in derive("2-3-2").to_text()


def test_the_reasoning_goes_forward_only():
    """What was put in is not taken out again: a slope stays, and ∂a/∂z does not come back."""
    text = derive("2-3:tanh-1:sigmoid").to_text()
    first = text.partition("how the loss changes with Z[1]")[2].partition("As matrices")[0]
    lines = [line for line in first.splitlines() if "Σ_j" in line or "∂ℓ/∂z[1]_k =" in line]
    kinds = ["∂a[1]_k/∂z[1]_k" in line for line in lines]
    assert kinds == sorted(kinds, reverse=True)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("2-3:silu-1", "sigmoid(z) = 1 / (1 + exp(-z))"),
        ("2-3:mish-1", "softplus(z) = log(1 + exp(z))"),
        ("2-3:gelu-1", "erf is the error function"),
        ("2-3:elu(0.5)-1", "at its kink 0 it is taken to be 0.5"),
        (Network("2-1", loss="huber"), "the huber loss of an example"),
        (Network("2-3:relu-2:tanh-1"), "which is written relu' for short"),
    ],
)
def test_what_is_used_is_explained(network, expected):
    assert expected in re.sub(r"\s*\[\w+\]\n\s+|\n\s{20,}", " ", derive(network).to_text())


def test_a_kink_is_told_of_only_where_the_slope_jumps():
    assert "kink" not in derive("2-3:elu-1").to_text()


def test_activations_that_differ_are_named_in_general():
    text = derive("2-3:relu-2:tanh-1", layers="general").to_text()
    assert "g[l](z)" in text
    assert "relu in layer 1, tanh in layer 2" in re.sub(r"\s+", " ", text)


def test_entries_and_factors():
    entries = derive("2-2:tanh-1").to_text(Notation(form="entries", examples="single"))
    assert "⎡w[1]_11  w[1]_12⎤" in entries
    assert "⎢  ⋮" in derive("2-9:tanh-1").to_text(Notation(form="entries", examples="single"))
    factors = derive("2-3:tanh-2:softmax").to_text(Notation(form="factors", gradient="partial"))
    assert "∂ℓ/∂W[1] = ∂ℓ/∂A[1] ∂A[1]/∂Z[1] ∂Z[1]/∂W[1]" in factors
    assert "A[2] = exp(Z[2]) / (Σ_units exp(Z[2]))" in factors
    assert "dA[1]" not in factors


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"Q": "C"}, "nothing called 'Q'"),
        ({"W[9]": "C"}, "nothing called 'W[9]'"),
        ({"softplus": "f"}, "nothing called 'softplus'"),
        ({"alpha": "λ"}, "'λ' would name both alpha and lambda"),
        ({"m": "n"}, "'n' would name both m and n"),
        ({"W": "x"}, "'x' would name both"),
    ],
)
def test_names_are_held_to_the_derivation(names, message):
    derivation = derive(Network("2-3-1", l2=0.1))
    with pytest.raises(HandgradError, match=re.escape(message)):
        require_names(derivation, Notation(names=names))


def test_names_that_fit_are_taken():
    names = {"W": "θ", "relu": "f", "A[2]": "Ŷ", "dZ": "E", "J": "%", "sum": "S"}
    derivation = derive(Network("2-3-1", l2=0.1))
    require_names(derivation, Notation(names=names))
    assert r"\%" in derivation.to_latex(Notation(names=names))


@pytest.mark.parametrize("latex", ["{", "}", "a%b", "#", "a & b", "\\"])
def test_latex_that_breaks_a_page_is_refused(latex):
    with pytest.raises(HandgradError, match="is no LaTeX for J"):
        Notation(latex={"J": latex})


def test_a_python_function_has_its_derivation():
    add_activation("doubled_here", lambda z: 2 * z, lambda z, a: 2 + 0 * z + 0 * a)
    text = derive("2-3:doubled_here-1").to_text()
    assert "A[1] = g[1](Z[1])" in text
    assert "which is written g' for short" in text
