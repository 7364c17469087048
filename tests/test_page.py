"""The page as a whole: its numbers against the reference pass, its size, and the ways to it."""

import json
import re
import sys
from dataclasses import replace
from html import escape
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from browser import in_browser

import handgrad
from handgrad.catalogue.own import add_activation, add_loss
from handgrad.errors import HandgradError
from handgrad.explain import explain
from handgrad.explain.page.data import INPUT_GRADIENTS, LARGE
from handgrad.explain.page.showing import FRAME
from handgrad.network import Network, Parameters

X, Y = [[0.5, -1.0], [2.0, 0.3], [-0.7, 0.2]], [1, 0, 1]
EXAMPLES = ["--x", "0.5,-1; 2,0.3", "--y", "1; 0"]


def explained(spelling="2-3:tanh-2", x=X, y=Y, seed=3, **options):
    network = options.pop("network", None) or Network(spelling)
    return explain(network, Parameters.draw(network, seed), x, y, **options)


def page_data(html):
    """The data that a page holds."""
    return json.loads(re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', html, re.DOTALL)[1])


def wide(widths="784-128-10", count=10, **options):
    rng = np.random.default_rng(0)
    network = Network(widths)
    return explained(
        network=network, x=rng.random((count, network.widths[0])), y=rng.integers(0, network.widths[-1], count), **options
    )


class TestSize:
    def test_a_small_network_takes_less_than_a_megabyte(self):
        assert len(explained("2-3-2", iterations=10).to_page().encode()) < 1_000_000

    @pytest.mark.parametrize("optimiser", ["gradient_descent", "adam"])
    def test_a_wide_network_takes_less_than_three(self, optimiser):
        assert len(wide(iterations=10, optimiser=optimiser).to_page().encode()) < 3_000_000


class TestOneFile:
    def test_it_names_nothing_outside(self):
        html = explained().to_page()
        assert not re.search(r"""(?:src|href)=["'](?!#)|@import|url\((?!["']?data:)|https?://(?!www\.w3\.org/)""", html)
        assert "default-src &#x27;none&#x27;" in html or "default-src 'none'" in html

    def test_words_of_a_reader_end_no_script(self):
        network = Network("2-3:tanh-1:sigmoid")
        notation = handgrad.Notation(names={"J": "</script><b>"})
        html = explain(network, Parameters.draw(network, 0), X, Y, notation=notation).to_page()
        assert html.count("</script>") == 2

    @pytest.mark.parametrize("name", ["\ud800", "\0", "a\x0bb", "\uffff"])
    def test_characters_that_no_file_can_have_are_replaced(self, name):
        network = Network("2-1", loss="squared_error")
        found = explain(network, Parameters.draw(network, 0), X, Y, notation=handgrad.Notation(names={"J": name}))
        html = replace(found, labels=("row \udcff", "", ""), remarks=("of \udcff.json",)).to_page()
        assert page_data(html)["examples"]["labels"][0] == "row \N{REPLACEMENT CHARACTER}"
        assert html.encode().decode() == html


@pytest.mark.parametrize("bad", [{"neuron": (3, 1)}, {"neuron": (1, 4)}, {"weight": (1, 1, 3)}, {"weight": (1, 4)}, {"example": 4}])
def test_what_is_not_there_cannot_be_chosen(bad):
    with pytest.raises(HandgradError, match="counted from 1"):
        explained().to_page(**bad)


def test_the_page_opens_with_what_is_asked_for():
    start = page_data(explained().to_page(weight=(2, 2, 3), example=2))["start"]
    assert (start["units"], start["focus"], start["example"]) == ([0, 2, 1], 2, 1)


class TestCommand:
    def test_a_page_is_written_and_no_text(self, run, tmp_path):
        code, out, err = run("explain", "2-3-2", *EXAMPLES, "--page", "out.html")
        assert (code, out) == (0, "")
        assert "written to out.html" in err
        assert len(page_data((tmp_path / "out.html").read_text("utf-8"))["iterations"]) == 10

    def test_text_comes_as_well_where_it_is_asked_for(self, run, tmp_path):
        code, out, _ = run("explain", "2-3-2", *EXAMPLES, "--page", "out.html", "--iterations", 2, "--format", "json")
        assert code == 0
        assert len(json.loads(out)["iterations"]) == len(page_data((tmp_path / "out.html").read_text("utf-8"))["iterations"]) == 2

    def test_a_dash_is_standard_output(self, run, tmp_path):
        code, out, err = run("explain", "2-3-2", *EXAMPLES, "--page", "-")
        assert (code, err) == (0, "")
        assert len(page_data(out)["iterations"]) == 10
        assert list(tmp_path.iterdir()) == []

    def test_a_heavy_page_is_said_to_be_one(self, run, monkeypatch):
        options = ("explain", "2-3-2", *EXAMPLES, "--page", "out.html")
        assert "MB" not in run(*options)[2]
        monkeypatch.setattr(import_module("handgrad.cli.explain"), "HEAVY", 100_000)  # the package has a command of this name
        assert "MB, which a browser opens slowly" in run(*options)[2]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--page", "no/out.html"], "there is no folder"),
            (["--page", "-", "--format", "json"], "cannot both go to standard output"),
            (["--page", "out.html", "--full"], "--full"),
            (["--page", "out.html", "--out", "out.html"], "name another file"),
            (["--page", "out.html", "--neuron", "2:7"], "units of layer 2 are counted from 1 to 2"),
            (["--page", "out.html", "--example", "0"], "examples are counted from 1 to 2"),
        ],
    )
    def test_what_cannot_be_is_said(self, run, tmp_path, options, said):
        code, out, err = run("explain", "2-3-2", *EXAMPLES, *options)
        assert (code, out) == (2, "")
        assert said in err
        assert list(tmp_path.iterdir()) == []

    def test_a_models_own_rows(self, run, tmp_path):
        run("train", "iris", "--epochs", 2, "--out", "iris.safetensors")
        code, _, err = run("explain", "iris.safetensors", "--data", "iris", "--rows", "0,70,140", "--page", "out.html")
        assert code == 0, err
        shown = page_data((tmp_path / "out.html").read_text("utf-8"))
        assert shown["examples"]["labels"] == ["row 0", "row 70", "row 140"]
        assert (len(shown["inputs"]), shown["outputs"]) == (4, ["setosa", "versicolor", "virginica"])


class TestShow:
    def test_a_notebook_shows_it_in_place(self, monkeypatch):
        shown = []
        display = SimpleNamespace(display=lambda bundle, raw: shown.append((bundle, raw)))
        shell = SimpleNamespace(kernel=object())
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell, display=display))
        assert explained().show(height=700) is None
        ((bundle, raw),) = shown
        assert raw
        assert 'srcdoc="&lt;!doctype html&gt;' in bundle["text/html"]
        assert "height: 700px" in bundle["text/html"]

    def test_elsewhere_a_browser_opens_it(self, monkeypatch):
        opened = []
        monkeypatch.setattr("webbrowser.open", opened.append)
        file = explained().show()
        assert opened == [file.as_uri()]
        assert file.read_text("utf-8") == explained().to_page()


class TestFrame:
    pytestmark = in_browser

    def test_it_works_in_a_frame_of_its_own(self, opened):
        frame = FRAME.format(title="one iteration", page=escape(explained().to_page()), height=700)
        page = opened(f"<!doctype html><title>a notebook</title>{frame}").frames[1]
        page.get_by_role("button", name="step forward").first.click()
        assert page.evaluate("document.querySelector('[aria-current=step]').textContent").startswith("Z")


class TestSafety:
    pytestmark = in_browser

    def test_newlines_of_windows_change_nothing(self, opened):
        page = opened(explained().to_page().replace("\n", "\r\n"))
        assert page.evaluate("handgrad.store.state.step") == 0

    def test_no_other_script_runs(self, browser, tmp_path):
        inside = '<img src="data:," onerror="document.title = 1"><script>document.title = 2</script></main>'
        file = tmp_path / "changed.html"
        file.write_text(explained().to_page().replace("</main>", inside), "utf-8")
        page = browser.new_page()
        refused = []
        page.on("console", lambda message: refused.append(message.text))
        page.goto(file.as_uri())
        page.wait_for_function("window.handgrad")
        assert page.title().endswith("worked through")
        assert sum("Content Security Policy" in text for text in refused) >= 2
        page.close()


CASES = {
    "softmax": {},
    "adam and a schedule": {"optimiser": "adam", "schedule": "cosine", "iterations": 3},
    "l2, one example": {"network": Network("2-4:gelu-1:sigmoid", l2=0.1), "x": X[:1], "y": Y[:1], "iterations": 2},
    "weights of examples": {"sample_weight": [1.0, 0.5, 2.0], "one_over_m": "dZ"},
    "squared error": {"network": Network("2-3:relu-2:identity", loss="squared_error"), "y": [[1, 0], [0, 2], [1, 1]]},
    "a run that diverges": {"network": Network("2-3:identity-1:identity"), "learning_rate": 1e200, "iterations": 5},
}


class TestNumbers:
    pytestmark = in_browser

    @pytest.mark.parametrize("name", CASES)
    def test_every_number_of_every_step_is_that_of_the_reference_pass(self, opened, name):
        found = explained(**CASES[name])
        self.compare(opened, found, [step.equation.key for step in found.iterations[0].steps], 0)

    def test_what_is_not_stored_follows_from_its_equation(self, opened):
        found = wide("80-60-3", 7, iterations=4, optimiser="adam(weight_decay=0.1)", learning_rate=0.1)
        assert found.before.W[1].size > LARGE
        keys = ["W[1]", "v_W[1]", "dW[1]", "v_W[1, t+1]", "s_W[1, t+1]", "W[1, t+1]", "b[1]", "W[2]"]
        self.compare(opened, found, keys, 1e-11)

    def test_what_calls_a_python_function_is_stored(self, opened):
        add_activation("toString", np.sin, lambda z, _: np.cos(z))  # a name that every object of the script has
        add_loss("outside", lambda a, y: (a - y) ** 2, lambda a, y: 2 * (a - y))
        network, rng = Network("2-4:toString-4:identity", loss="outside"), np.random.default_rng(0)
        found = explained(network=network, x=rng.normal(size=(300, 2)), y=rng.normal(size=(300, 4)), iterations=2)
        assert found.iterations[0].values["dZ[2]"].size > LARGE
        self.compare(opened, found, [step.equation.key for step in found.iterations[0].steps], 1e-11)

    def test_a_long_run_is_worked_out_to_its_end(self, opened):
        found = wide("60-20-2", 3, iterations=1500, optimiser="momentum", learning_rate=0.001)
        assert found.before.W[1].size > LARGE
        page = opened(found.to_page())
        last = found.iterations[-1]
        assert page.evaluate("handgrad.numbers.value(1499, 'W[1, t+1]', [19, 59])") == pytest.approx(
            last.values["W[1, t+1]"][19, 59], rel=1e-9
        )
        given = page.evaluate("Array.from(handgrad.numbers.array(1499, 'W[1]'))")
        np.testing.assert_allclose(given, np.ravel(last.values["W[1]"]), rtol=1e-9, atol=1e-12)

    def test_a_result_is_the_reference_pass_s_where_the_formula_overflows(self, opened):
        found = explained(learning_rate=1e300, iterations=3)
        ask = """() => handgrad.data.iterations.map((_, iteration) => handgrad.data.steps.map((__, step) => {
            handgrad.store.set({ iteration, step, units: [0, 0, 0], example: 1 });
            return document.querySelector("#equation .result").dataset.value;
        }))"""
        for iteration, results in zip(found.iterations, opened(found.to_page()).evaluate(ask), strict=True):
            steps = [step for step in iteration.steps if step.equation.id not in INPUT_GRADIENTS]
            for step, result in zip(steps, results, strict=True):
                at = tuple(int(str(axis) == "example") for axis in step.equation.left.axes)
                expected = pytest.approx(float(step.value[at]), rel=1e-12, nan_ok=True)
                assert float(result.replace("Infinity", "inf")) == expected, step.equation.id

    def compare(self, opened, found, keys, tolerance):
        keys = [key for key in keys if key not in {"dA[0]", "derivative(J, X)"}]
        ask = """([count, keys]) => Array.from({length: count}, (_, t) => keys.map((key) => {
            const {data, numbers} = handgrad;
            return data.quantities[key].axes.length ? Array.from(numbers.array(t, key)) : [numbers.value(t, key, [])];
        }))"""
        asked = opened(found.to_page()).evaluate(ask, [len(found.iterations), keys])
        for iteration, numbers in zip(found.iterations, asked, strict=True):
            for key, given in zip(keys, numbers, strict=True):
                expected = np.asarray(iteration.values[key], np.float64).ravel()
                scale = np.abs(expected).max() if tolerance else 0
                np.testing.assert_allclose(given, expected, rtol=tolerance, atol=tolerance * scale, err_msg=key)
