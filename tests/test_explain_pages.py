"""explain: what stands on its pages, how wide it is, and whose numbers and names it shows."""

import dataclasses
import itertools
import json
import re
import shutil
import subprocess
import time

import numpy as np
import pytest
from draws import model_of, problem
from explained import explained, pen_of

from handgrad.calculus.boxes import columns
from handgrad.calculus.notation import NOTATIONS
from handgrad.calculus.unicode import Unicode
from handgrad.derivation import derive
from handgrad.document.blocks import Formula, Table
from handgrad.document.latex import to_latex
from handgrad.document.terminal import to_text
from handgrad.explain import explain
from handgrad.explain.inputs import explain_model
from handgrad.explain.matrices import Summary, heat_map, plain, told_apart
from handgrad.network import Network, Parameters

SMALL = Network("2-3:tanh-1:sigmoid")


def test_the_example_that_is_asked_for_is_not_called_example_1():
    text = to_text(explained(Network("3-30-2")).example(2))
    assert "largest" in text
    assert "example 1" not in text


@pytest.mark.parametrize("notation", NOTATIONS)
def test_no_number_is_said_to_be_itself(notation):
    network = Network("3-2", loss="half_squared_error")
    found = explain(network, Parameters.draw(network, 3), [[-1, 2, -0.5]], [[4, -3]], notation=notation)
    for document in (found.document(), found.neuron(1, 1), found.bias(1, 2), found.example(1)):
        for block in document.blocks:
            for line in block.lines if isinstance(block, Formula) else ():
                shown = Unicode(document.notation).text(line.right).split(" = ")
                assert all(one != other for one, other in itertools.pairwise(shown)), shown


def test_weights_of_examples_are_the_readers_own():
    drawn = problem(SMALL, 0, 3)
    found = explain(SMALL, drawn.parameters, drawn.X, drawn.Y, sample_weight=[3, 1, 6])
    assert found.iterations[0].start["w"].tolist() == [3, 1, 6]
    assert "[3  1  6]" in found.to_text()
    assert found.loss == pytest.approx(derive(SMALL).loss(drawn.parameters, drawn.X, drawn.Y, [3, 1, 6]), rel=1e-12)
    for size in (1e-320, 1e308):
        huge = explain(SMALL, drawn.parameters, drawn.X, drawn.Y, sample_weight=np.array([0.5, 0.25, 1]) * size)
        assert huge.loss == pytest.approx(derive(SMALL).loss(drawn.parameters, drawn.X, drawn.Y, [0.5, 0.25, 1]), rel=1e-3)


def test_smoothed_targets_are_worked_out_where_they_are_used():
    found = explained(Network("3-4:tanh-3", label_smoothing=0.1))
    documents = (found.neuron(2, 1), found.weight(2, 1, 1), found.bias(2, 3), found.example(2))
    for document in documents:
        lefts = [
            Unicode(document.notation).text(block.left) for block in document.blocks if isinstance(block, Formula) and block.left
        ]
        assert any(left.startswith(("ỹ", "Ỹ")) for left in lefts), document.title


def test_long_sums_are_written_in_a_moment():
    network = Network("784-128-10", l2=0.1)
    start = time.process_time()
    explain(network, Parameters.draw(network, 0), np.ones((2, 784)), [0, 1], notation="index").to_text()
    assert time.process_time() - start < 5  # writing all terms takes longer than that


def test_the_terms_that_are_picked_are_the_largest():
    found = explained(Network("20-12:tanh-3", l2=0.1))
    entries = pen_of(found, NOTATIONS["index"]).entries
    for equation in found.derivation:
        place = dict.fromkeys(equation.left.axes, 2)
        short = entries.equation(equation, place)[1]
        whole = dataclasses.replace(entries, terms=None).equation(equation, place)[1]
        assert short.value == pytest.approx(whole.value, rel=1e-12, abs=1e-15)
        assert not whole.left_out


@pytest.mark.parametrize("digits", [4, 12])
@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("spelling", ["3-12-6-2", "8-8:tanh-8:tanh", "4-3:sigmoid-3:tanh-5"])
def test_lines_fit_a_terminal_of_80_columns(spelling, notation, digits):
    network = Network(spelling, l2=0.1, loss=None)
    drawn = problem(network, 0, 3)
    options = {"optimiser": "adam", "iterations": 3, "notation": notation, "digits": digits}
    found = explain(network, drawn.parameters, drawn.X, drawn.Y, **options)
    for document in (found.document(), found.neuron(1, 1), found.weight(1, 1, 1), found.example(2)):
        assert max(columns(line) for line in to_text(document, 80).splitlines()) <= 80


def test_no_header_is_cut_inside_a_word():
    found = explained(Network("3-12-6-2", l2=0.1), optimiser="adam", iterations=3, samples=2)
    for document in (found.document(), found.weight(1, 1, 1), explained(Network("3-2-1"), iterations=12, samples=4).document()):
        text = to_text(document, 80)
        for table in (block for block in document.blocks if isinstance(block, Table)):
            for word in (word for cell in table.header for part in cell if isinstance(part, str) for word in part.split()):
                assert re.search(rf"(^|\s){re.escape(word)}(\s|$)", text), word


def test_ten_classes_are_ten_rows_of_a_heat_map():
    shown = heat_map(np.random.default_rng(0).standard_normal((10, 64)), "units", "inputs")
    assert len(shown.values) == 10
    assert "2 ×" not in shown.caption[0].partition("mean of")[2][:4]


def test_the_first_index_of_turned_weights_is_explained():
    rows = to_text(explained(SMALL, notation="rows").weight(1, 2, 1))
    assert rows.startswith("w₁_12 of layer 1")
    assert "the first index counts where a weight comes from" in " ".join(rows.split())
    assert "first index" not in to_text(explained(SMALL).weight(1, 2, 1))


def test_zeros_are_not_among_the_largest():
    words = Summary(np.array([[0.0, 2.0, 0.0, -1.0]])).words(("unit", "example"), 4)
    assert "largest 2 (unit 1, example 2), -1 (unit 1, example 4)" in words
    assert "0 (unit" not in words


def test_numbers_that_differ_are_told_apart():
    assert told_apart(0.91662, 0.91658) == ("0.91662", "0.91658")
    assert told_apart(1.0, 2.0) == ("1", "2")
    assert told_apart(0.5, 0.5) == ("0.5", "0.5")
    assert len(set(told_apart(1.0, np.nextafter(1.0, 2)))) == 2
    network = Network("1-1")
    found = explain(network, Parameters.given(network, [[[1.0]]]), [[1.0]], [0.0], learning_rate=1e-7)
    before, after = re.search(r"J: (\S+) → ([0-9.]+)", found.to_text()).groups()
    assert float(before) > float(after)


def test_a_course_of_a_regression_is_in_its_own_units():
    model = model_of(Network("3-4:tanh-1", loss="squared_error"))
    found = explain_model(model, [[0.1, 2, 2.1]], [9.5], iterations=2)
    course = found.to_text().partition("From iteration to iteration")[2].partition("What changed")[0]
    assert plain(model.outputs([[0.1, 2, 2.1]])[0, 0]) in course
    assert "own units" in course


@pytest.mark.parametrize("wanted", [1, 10])
def test_a_run_that_ends_early_says_so(wanted):
    network = Network("2-1")
    found = explain(network, Parameters.draw(network, 0), [[1e100, 1e100]], [1], iterations=wanted)
    text = " ".join(found.to_text().split())
    early = len(found.iterations) < wanted
    assert early == (wanted > 1)
    assert text.startswith("2 of 10 iterations" if early else "One iteration")
    assert ("ends after iteration 2 of the 10 that were asked for" in text) == early
    assert json.loads(found.to_json())["iterations_asked"] == wanted


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_nothing_sticks_out_of_an_article_with_long_numbers(tmp_path):
    found = explained(Network("3-4-2"), optimiser="adam", iterations=3, samples=2, digits=12)
    for name, document in (("whole", found.document()), ("weight", found.weight(1, 1, 1)), ("neuron", found.neuron(1, 1))):
        (tmp_path / f"{name}.tex").write_text(to_latex(document), encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=100).returncode == 0
        log = (tmp_path / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        assert not [size for size in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", log) if float(size) > 5]
