"""The page's formulas are those of the text: trees typeset by the script against the same entries typeset in Python."""

import base64
import functools
import itertools
import json
import math
import re
from pathlib import Path
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest
from browser import in_browser
from draws import HIDDEN, problem
from explained import explained

from handgrad.calculus.evaluation import axes_of_key
from handgrad.calculus.functions import PRIMITIVES
from handgrad.calculus.latex import Latex
from handgrad.calculus.layout import lay_out, lay_out_matrix
from handgrad.calculus.notation import NOTATIONS, Notation
from handgrad.calculus.parser import parse
from handgrad.calculus.rendering import render
from handgrad.calculus.writer import NoMatrixFormError
from handgrad.calculus.written import Approximately
from handgrad.catalogue.losses import LOSSES
from handgrad.catalogue.optimisers import OPTIMISERS
from handgrad.document.mathml import PARTS, to_mathml
from handgrad.explain import explain
from handgrad.explain.matrices import plain
from handgrad.explain.page import templates
from handgrad.explain.page.templates import Tables, functions_data, layout_data
from handgrad.explain.pen import Pen
from handgrad.network import Network, Parameters, outputs_for

pytestmark = in_browser

SCRIPTS = Path(templates.__file__).parent / "script"
FILES = ("rounding", "mathml", "trees", "worked", "values")
LAYOUTS = tuple(itertools.product(NOTATIONS, ("columns", "rows")))


@pytest.fixture(scope="module")
def script(browser):
    """A page with nothing but the functions that write formulas."""
    page = browser.new_page()
    page.add_script_tag(content="\n".join((SCRIPTS / f"{name}.js").read_text() for name in FILES))
    yield page
    page.close()


def pens(found, chosen=LAYOUTS):
    """A pen for each notation, by name or as it is, and layout."""
    for name, layout in chosen:
        notation = found.derivation.named(name)
        if notation.examples != "single" or found.examples > 1 or layout == "rows":
            notation = notation.but(examples=layout)
        notation = notation.but(weighted=found.weighted)
        yield Pen(found.derivation, found.iterations[0].values, notation, found.digits)


def page_data(found, tables, layouts):
    """As much of PageData as formulas need, with every number stored."""
    pen = next(pens(found, LAYOUTS[:1]))
    known = {key: np.asarray(value, np.float64) for key, value in pen.given.items()}
    stored = [key for key in known if known[key].ndim]
    L = found.network.L
    steps = [{"id": e.id, "key": e.key, "phase": "forward", "layer": None, "reason": "", "reads": []} for e in found.derivation]
    return {
        "digits": found.digits,
        "axes": {str(axis): size for axis, size in pen.sizes.items()},
        "quantities": {key: {"axes": [str(a.at({"L": L})) for a in axes_of_key(key)], "layer": None} for key in known},
        "carried": {},
        "steps": steps,
        "iterations": [
            {
                "arrays": {key: place for place, key in enumerate(stored)},
                "scalars": {key: number(value) for key, value in known.items() if not value.ndim},
            }
        ],
        "arrays": [{"shape": known[key].shape, "data": base64.b64encode(known[key].tobytes()).decode()} for key in stored],
        "functions": functions_data(found.derivation, tables),
        "notations": [{"layouts": {"columns": layout, "rows": layout}} for layout in layouts],
        "strings": tables.strings,
        "trees": tables.trees,
    }


def number(value):
    value = float(value)
    return value if math.isfinite(value) else {"inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), "NaN")


WORK = """
(text) => {
  const { data, wanted } = JSON.parse(text);
  const page = { data, numbers: new Numbers(data) };
  return JSON.stringify(wanted.map(({ layout: place, step, at }) => {
    const layout = data.notations[place].layouts.columns;
    const equation = layout.equations[step];
    const set = (tree, variables) => typeset(data, layout.style, tree, variables);
    const index = data.trees[equation.index];
    const entries = at.map((where) => {
      const { left, symbols, numbers, value, otherForm, leftOut } = worked(page, 0, layout, step, where);
      const place = [...where];
      const reader = page.numbers.reader(0, place);
      const direct = treesCompiled({ data, place, variables: equation.variables, reader, lost: false }, index[3])();
      return {
        left: set(left, []), symbols: set(symbols, []), numbers: set(numbers, []),
        value: String(value), otherForm, direct: String(direct), leftOut: leftOut.map(({ count, total }) => [count, String(total)]),
      };
    });
    const matrix = equation.matrix === null ? null : set(data.trees[equation.matrix], []);
    return { general: set(index, equation.letters), matrix, entries };
  }));
}
"""


@functools.cache
def shown(text):
    """What one reads of MathML, which is well formed."""
    root = fromstring(text if text.startswith("<math") else f"<math>{text}</math>")
    for element in root.iter():
        assert len(element) == PARTS.get(element.tag, len(element)), text
    return re.sub(r"\s", "", "".join(root.itertext()))


@functools.cache
def mathml(latex):
    return to_mathml(latex)


def typeset(written, notation):
    return shown(mathml(Latex(notation).text(written)))


def same(found, expected, scale=0.0):
    """Whether a number of the script's is Python's."""
    found = float(found.replace("Infinity", "inf"))
    return found == pytest.approx(expected, rel=1e-12, abs=1e-13 * scale + 1e-300, nan_ok=True)


def check(script, found, chosen=LAYOUTS, places=2):
    """The law: formulas and entries of every equation, in the chosen notations and layouts."""
    tables = Tables()
    written = list(pens(found, chosen))
    layouts = [layout_data(tuple(found.derivation), pen, tables) for pen in written]
    wanted, pairs = [], []
    for place, pen in enumerate(written):
        for equation in found.derivation:
            sizes = [pen.sizes[axis] for axis in equation.left.axes]
            every = list(itertools.product(*map(range, sizes)))
            picked = every[:: max(1, len(every) // places)][:places] + ([every[-1]] if len(every) > 1 else [])
            wanted.append({"layout": place, "step": equation.id, "at": picked})
            pairs.append((pen, equation, picked))
    data = page_data(found, tables, layouts)
    results = json.loads(script.evaluate(WORK, json.dumps({"data": data, "wanted": wanted})))
    for (pen, equation, picked), result in zip(pairs, results, strict=True):
        compare(pen, equation, picked, result)
    return len(results)


def compare(pen, equation, picked, result):
    notation = pen.entries.notation
    assert shown(result["general"]) == typeset(lay_out(equation, notation), notation), equation.id
    try:
        matrix = pen.notation.but(form="matrix")
        assert shown(result["matrix"]) == typeset(lay_out_matrix(equation, matrix), matrix), equation.id
    except NoMatrixFormError:
        assert result["matrix"] is None
    for at, entry in zip(picked, result["entries"], strict=True):
        place = {axis: index + 1 for axis, index in zip(equation.left.axes, at, strict=True)}
        left, expected = pen.entries.equation(equation, place)
        where = (equation.id, at, notation)
        assert shown(entry["left"]) == typeset(left, notation), where
        assert shown(entry["symbols"]) == typeset(expected.symbols, notation), where
        assert shown(entry["numbers"]) == typeset(expected.numbers, notation), where
        array = np.abs(np.asarray(pen.values[equation.key], np.float64))
        scale = float(np.max(array[np.isfinite(array)], initial=0))
        reference = float(np.asarray(pen.values[equation.key])[at])
        assert same(entry["value"], reference, scale), where  # what is computed, also where the formula as written overflows
        assert entry["otherForm"] == (math.isfinite(reference) and not math.isfinite(expected.value)), where
        assert not math.isfinite(expected.value) or same(entry["value"], expected.value, scale), where
        assert [count for count, _ in entry["leftOut"]] == [missing.count for missing in expected.left_out], where
        for (_, total), missing in zip(entry["leftOut"], expected.left_out, strict=True):
            assert same(total, missing.total, 10 * scale), where
        if equation.key.startswith(("dW", "db")) or equation.key.endswith(", t+1]"):
            assert same(entry["direct"], reference, scale), where


def some(place, count=2):
    """A few layouts, others for each place."""
    return [LAYOUTS[(place + 3 * n) % len(LAYOUTS)] for n in range(count)]


def test_every_hidden_activation(script):
    for place, hidden in enumerate(HIDDEN):
        check(script, explained(Network([2, 3, 1], [hidden, "identity"]), samples=2), some(place))


def test_every_loss_with_every_kind_of_output(script):
    for place, loss in enumerate(LOSSES):
        outputs = list(outputs_for(loss))
        for output in {outputs[0], outputs[-1], LOSSES[loss].output or outputs[0]}:
            check(script, explained(Network([2, 2], [output], loss), samples=2), some(place))


def test_every_update_rule_in_every_notation(script):
    for place, optimiser in enumerate(OPTIMISERS):
        network = Network("2-3:relu-2", l2=0.1, label_smoothing=0.1)
        found = explained(network, optimiser=optimiser, one_over_m=("dW", "dZ")[place % 2], iterations=2)
        check(script, found, LAYOUTS if optimiser == "adam" else some(place), places=1)


def test_every_notation_with_long_sums_and_weighted_examples(script):
    drawn = problem(Network("3-12:tanh-11:softmax"), 1, 9)
    found = explain(drawn.network, drawn.parameters, drawn.X, drawn.Y, sample_weight=drawn.weights)
    check(script, found, places=1)


def test_every_notation_with_the_mean_taken_early_and_whole_numbers_of_more_digits_than_are_shown(script):
    found = explained(Network("3-12:tanh-2:softmax"), samples=12, one_over_m="dZ", digits=1)
    check(script, found, places=1)


def test_one_example_and_a_schedule(script):
    check(script, explained(Network("3-2:tanh-2"), samples=1))
    check(script, explained(Network("2-3:relu-1"), schedule="cosine", iterations=3), some(0))


OWN = {
    "bounds": Notation(sums="from_1", times="·", product="@", elementwise="*", fractions="inline", example_mark="_i"),
    "from 0": Notation(sums="from_0", layer="_l", example_mark="_i", partials="operator", gradient="partial"),
    "applied": Notation(sums="applied", assign="←", elementwise=".*", matrix_first=True, gradient="partial", lower="all"),
    "bare": Notation(sums="bare", bound="same", d="∂", layer="(l)", names={"J": "C", "sum": "S", "max": "top", "A[2]": "Ŷ"}),
    "letters": Notation(letters="a", lower="none", weights="in_out", latex={"W": r"\\theta", "tanh": r"g^{[1]}"}, times="*"),
}


@pytest.mark.parametrize("own", OWN)
def test_a_readers_own_notation(script, own):
    for network in ("2-3:tanh-2:softmax", "2-11:relu-2:sigmoid"):
        found = explained(Network(network, l2=0.1), optimiser="momentum")
        check(script, found, [(OWN[own], "columns"), (OWN[own], "rows")], places=1)


def test_numbers_that_are_lost_very_small_or_zero(script):
    network = Network("2-7:relu-2:sigmoid")
    for scale in (0.0, 1e-9, 1e4, 1e160):
        parameters = Parameters.draw(network, 3)
        parameters.buffer[...] *= scale
        found = explain(network, parameters, [[0.5, -1.0], [2.0, 0.0]], [[1, 0], [0, 1]], learning_rate=1e-9)
        check(script, found, some(1))


def test_of_terms_the_infinite_ones_are_largest_and_those_that_are_no_numbers_smallest(script):
    network = Network("1-9:relu-1:identity")
    parameters = Parameters.draw(network, 1)
    parameters.W[1][...] = 1.0
    parameters.W[1][[2, 5, 8]] = 1e308
    parameters.W[2][0, [2, 8]] = 0.0  # 0 · ∞
    found = explain(network, parameters, [[10.0], [0.5]], [[0.0], [1.0]])
    check(script, found, some(0))


def test_a_zero_has_no_sign(script):
    from handgrad.catalogue.own import add_loss

    add_loss("alignment", value="-(a * y)", gradient="-y")
    network = Network("1-2:tanh-2:identity", loss="alignment")
    found = explain(network, Parameters.draw(network, 0), [[1.0]], [[0.0, 2.0]])
    check(script, found, some(0))


def test_functions_without_a_formula_take_the_numbers_of_the_pass(script):
    from handgrad.catalogue.own import add_activation, add_loss

    add_activation("thrice", value=lambda z: 3 * z + 0.1 * z**2, slope=lambda z, _: 3 + 0.2 * z)
    add_loss("sextic", value=lambda a, y: (a - y) ** 6, gradient=lambda a, y: 6 * (a - y) ** 5)
    check(script, explained(Network("2-2:thrice-1:identity", loss="sextic"), samples=2), some(0))


def test_numbers_are_rounded_as_python_rounds_them(script):
    rng = np.random.default_rng(0)
    spread = rng.standard_normal(600) * 10.0 ** rng.integers(-20, 20, 600)
    ties = [(n + 0.5) * 10.0**power for n in (*range(12), 99, 122, 123, 999) for power in range(-6, 7)]
    halves = [n / 2**power for n in rng.integers(1, 4000, 100) for power in (1, 3, 8)]
    exact = rng.integers(-99999, 99999, 300) * 10.0 ** rng.integers(-12, 14, 300)
    edges = [0.0, -0.0, 1e-4, 9.9995e-5, 9.99995e15, 1e16, 1e15, 1e22, 5e-324, 1e-310, 1.2e308, 1.0, 10.0, -1e-7]
    finite = [float(value) for value in (*spread, *ties, *halves, *exact, *edges)]
    asked = [(value, digits) for value in finite for digits in (1, 2, 4, 7, 15)]
    code = """(asked) => asked.map(([value, digits]) => {
        const html = typeset({ digits, strings: [] }, {}, ["rounded", value], []);
        return [roundedText(value, digits), html];
    })"""
    results = script.evaluate(code, [list(each) for each in asked])
    for (value, digits), (text, html) in zip(asked, results, strict=True):
        assert text == plain(value, digits), (value, digits)
        assert shown(html) == typeset(Approximately(value + 0.0, digits), Notation()), (value, digits)
    endless = script.evaluate("() => [NaN, Infinity, -Infinity].map((value) => roundedText(value, 4))")
    assert endless == [plain(value) for value in (math.nan, math.inf, -math.inf)]


def test_the_functions_of_the_language_are_pythons(script):
    points = [float(x) for x in (*np.linspace(-7, 7, 701), 1e-9, -1e-300, 0.0, 12.5, 25.0, 40.0, -40.0)]
    named = [name for name, primitive in PRIMITIVES.items() if primitive.arity == 1 and not primitive.from_truth]
    results = json.loads(
        script.evaluate(
            "([names, xs]) => JSON.stringify(names.map((n) => xs.map((x) => String(TREES_PRIMITIVES[n](x)))))", [named, points]
        )
    )
    assert set(PRIMITIVES) == set(script.evaluate("() => Object.keys(TREES_PRIMITIVES)"))
    for name, values in zip(named, results, strict=True):
        with np.errstate(all="ignore"):
            expected = PRIMITIVES[name].compute(np.array(points))
        for x, value, wanted in zip(points, values, expected, strict=True):
            assert float(value.replace("Infinity", "inf")) == pytest.approx(float(wanted), rel=3e-13, abs=1e-300, nan_ok=True), (
                name,
                x,
            )


def test_displayed_sums_have_their_limits_above_and_below(script):
    notation = Notation(form="index", sums="from_1")
    tables = Tables()
    found = explained(Network("2-3:tanh-1"), samples=2)
    layout = layout_data(tuple(found.derivation), next(pens(found, [(notation, "columns")])), tables)
    equation = layout["equations"]["Z1"]
    code = """([strings, style, tree, letters]) => [true, false].map(
        (display) => mathElement(typeset({ strings, digits: 4 }, style, tree, letters), display).outerHTML)"""
    given = [tables.strings, layout["style"], tables.trees[equation["index"]], equation["letters"]]
    shown_large, inline = script.evaluate(code, given)
    latex = Latex(notation).text(lay_out(found.derivation["Z1"], notation))
    for found_html, display in ((shown_large, True), (inline, False)):
        tags = [re.sub(r"\\{.*\\}", "", element.tag) for element in fromstring(found_html).iter()]
        expected = [element.tag for element in fromstring(to_mathml(latex, display=display)).iter()]
        assert tags.count("munderover") == expected.count("munderover") == int(display)
        assert ('displaystyle="true"' in found_html) is display


def test_what_stands_in_a_matrix_form_can_be_drawn_anew(script):
    found = explained(Network("2-3:tanh-1:sigmoid"), samples=2)
    for layout, expected in (
        ("columns", ["dW[1] 0 1", "m -1 -1", "dZ[1] 0 1", "A[0] 1 0"]),
        ("rows", ["dW[1] 1 0", "m -1 -1", "A[0] 0 1", "dZ[1] 1 0"]),
    ):
        tables = Tables()
        name = "ng" if layout == "columns" else "rows"
        given = layout_data(tuple(found.derivation), next(pens(found, [(name, layout)])), tables)
        tree = tables.trees[given["equations"]["dW1"]["matrix"]]
        code = """([strings, style, tree]) => { const met = [];
            const draw = (node) => { met.push(node.slice(1, 4).join(" ")); return "<mi>□</mi>"; };
            const html = typeset({ strings, digits: 4 }, style, tree, [], draw);
            return [met, html]; }"""
        met, html = script.evaluate(code, [tables.strings, given["style"], tree])
        assert met == expected
        assert shown(html).count("□") == 4


def test_every_quantity_has_a_name_in_each_notation():
    found = explained(Network("2-3:tanh-1:sigmoid"), optimiser="momentum")
    tables = Tables()
    layouts = [(pen.notation, layout_data(tuple(found.derivation), pen, tables)["names"]) for pen in pens(found)]
    for notation, names in layouts:
        assert {equation.key for equation in found.derivation} | {"X", "Y", "W[1]", "b[2]", "v_W[1]"} <= set(names)
        for key, (text, place) in names.items():
            if key.startswith(("Z", "dW", "b", "tanh'")) and "t+1" not in key:
                assert text == render(parse(key), notation.but(form="matrix"))
                assert shown(tables.strings[place]) == shown(to_mathml(render(parse(key), notation.but(form="matrix"), "latex")))
        assert names["W[1, t+1]"] == names["W[1]"]
    assert {names["dZ[2]"][0] for _, names in layouts} == {"dZ[2]", "δ²", "δ⁽²⁾", "dZ₂"}
