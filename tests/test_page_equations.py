"""The page's current step: formulas, matrices drawn to shape, the chosen entry's numbers, against the reference pass."""

from dataclasses import replace

import numpy as np
import pytest
from browser import in_browser

from handgrad.explain.explanation import explain
from handgrad.explain.page import to_page
from handgrad.explain.pen import OTHER_FORM
from handgrad.network import Network, Parameters

pytestmark = in_browser

SHOWN = """
(changes) => changes.map((change) => {
  handgrad.store.set(change);
  const all = (selector, of = document) => [...of.querySelectorAll(selector)].filter((found) => found.checkVisibility());
  const values = (selector, of) => all(selector, of).map((found) => found.dataset.value);
  const verdict = all("#equation .verdict")[0];
  return {
    result: all("#equation .result")[0]?.dataset.value,
    boxes: all("#equation .box").map((box) => ({
      key: box.dataset.key, size: box.querySelector(".box-size").textContent,
      values: values(".cell", box), marked: values(".cell.marked", box), stripes: all(".stripe", box).length,
    })),
    fits: verdict?.dataset.fits,
    words: verdict?.textContent,
    table: Object.fromEntries(all("#equation td[data-key]").map((cell) =>
      [cell.dataset.key, cell.dataset.value ?? cell.lastChild.data])),
  };
})
"""
"""What the current step looks like after each of some changes."""


def explained(text, examples, seed=0, loss=None, l2=0.0, **options):
    """Some iterations of a drawn network on drawn examples."""
    network, rng = Network(text, loss=loss, l2=l2), np.random.default_rng(seed)
    X, wide = rng.normal(size=(examples, network.widths[0])).round(2), network.widths[-1]
    Y = np.eye(wide)[rng.integers(wide, size=examples)] if wide > 1 else rng.integers(2, size=(examples, 1))
    return explain(network, Parameters.draw(network, seed), X, Y, **options)


def shown(page, **change):
    """What the current step looks like after a change."""
    return page.evaluate(SHOWN, [change])[0]


def place_of(equation, units, example):
    """The place of the chosen entry in the array of an equation's left side."""
    return tuple(example if axis.layer is None else units[axis.layer.offset] for axis in equation.left.axes)


def close(texts, values):
    """Numbers on the page are those of the reference pass."""
    np.testing.assert_allclose(np.array(texts, float), np.array(values, float), rtol=1e-9, atol=1e-12)


def turn(page, name):
    """Turn a box: whether all fits then, and the words."""
    page.get_by_role("button", name=f"turn {name}", exact=True).click()
    found = shown(page)
    return found["fits"], found["words"]


NETWORKS = [
    ("2-3:tanh-2:sigmoid", {"optimiser": "momentum"}),
    ("2-3:relu-2:softmax", {"optimiser": "adam", "l2": 0.1, "sample_weight": [1, 0.5, 2, 3]}),
    ("3-2:sigmoid-1:identity", {"loss": "squared_error", "schedule": "cosine"}),
]


@pytest.mark.parametrize(("text", "options"), NETWORKS, ids=[text for text, _ in NETWORKS])
def test_results_and_cells_are_those_of_the_reference_pass(opened, text, options):
    """At every step of two iterations, of the second in each notation and layout, at another place each; and all is said to fit."""
    explanation = explained(text, 4, iterations=2, **options)
    page = opened(to_page(explanation))
    ids = page.evaluate("handgrad.data.steps.map((step) => step.id)")
    rng = np.random.default_rng(1)
    looks = [(n, layout) for n in range(page.evaluate("handgrad.data.notations.length")) for layout in ("columns", "rows")]
    changes = [
        {
            "iteration": t, "step": s, "notation": notation, "layout": layout, "example": int(rng.integers(4)),
            "units": [int(rng.integers(width)) for width in explanation.network.widths],
        }
        for t in range(2) for s in range(len(ids)) for notation, layout in (looks if t else looks[:1])
    ]  # fmt: skip
    for change, found in zip(changes, page.evaluate(SHOWN, changes), strict=True):
        iteration = explanation.iterations[change["iteration"]]
        step = next(step for step in iteration.steps if step.equation.id == ids[change["step"]])
        value = step.value[place_of(step.equation, change["units"], change["example"])]
        close(found["result"], value)
        for box in found["boxes"]:
            array = np.asarray(iteration.values[box["key"]], float)
            close(sorted(box["values"], key=float), np.sort(array, axis=None))
        if found["boxes"]:
            close(found["boxes"][0]["marked"], [value] if step.value.ndim else [])
            assert found["fits"] == "yes", (change, found["words"])
            assert found["words"], change


def test_what_the_chosen_entry_is_made_of_is_marked(opened):
    """Z = W A + b: a row of W, a column of A, an entry of b; each in its order."""
    explanation = explained("2-3:tanh-2:sigmoid", 4)
    values = explanation.iterations[0].values
    page = opened(to_page(explanation))
    Z, W, A, b = shown(page, step=1, units=[0, 2, 0], example=3)["boxes"]
    assert [box["key"] for box in (Z, W, A, b)] == ["Z[1]", "W[1]", "A[0]", "b[1]"]
    assert [box["size"] for box in (Z, W, A, b)] == ["3 × 4", "3 × 2", "2 × 4", "3 × 1"]
    for box in (Z, W, A, b):
        close(box["values"], np.ravel(values[box["key"]]))
    close(W["marked"], values["W[1]"][2])
    close(A["marked"], values["A[0]"][:, 3])
    close(b["marked"], values["b[1]"][2:])
    page.locator("#equation .box[data-key='Z[1]'] .cell").nth(5).click()  # row 2, column 2
    assert page.evaluate("[handgrad.store.state.units[1], handgrad.store.state.example]") == [1, 1]


def test_a_turned_box_does_not_fit_and_it_is_said_why(opened):
    """Turned back, all fits again; another step forgets what was turned."""
    page = opened(to_page(explained("2-3:tanh-2:sigmoid", 4)))
    before = shown(page, step=1)
    assert before["words"] == "3 × 2 times 2 × 4 gives 3 × 4; 3 × 1 is repeated for each of the 4 examples"
    why = "does not fit: 3 columns of W[1] turned (units of layer 1) against 2 rows of A[0] (inputs)"
    assert turn(page, "W[1]") == ("no", why)
    turned = next(box for box in shown(page)["boxes"] if box["key"] == "W[1]")
    assert turned["size"] == "2 × 3 turned"
    page.get_by_role("button", name="as it was").click()
    assert shown(page) == before
    assert turn(page, "Z[1]") == ("no", "does not fit: this gives 3 × 4, but Z[1] turned is 4 × 3")
    shown(page, step=2)
    assert shown(page, step=1) == before
    fits, words = turn(page, "b[1]")
    assert (fits, words) == ("no", "does not fit: 4 columns (examples) against 3 columns (units of layer 1)")


def test_sizes_can_agree_by_chance(opened):
    """A square W still gives a matrix when it is turned, of sums that mean nothing; so does b where there are as many examples."""
    page = opened(to_page(explained("3-3:tanh-2:sigmoid", 3)))
    assert shown(page, step=1)["fits"] == "yes"
    assert turn(page, "W[1]") == ("chance", "the sizes agree by chance (3 = 3), but units of layer 1 would meet inputs")
    turn(page, "W[1]")
    assert turn(page, "b[1]") == ("chance", "the sizes agree by chance (3 = 3), but examples would meet units of layer 1")


@pytest.mark.parametrize("one_over_m", ["dW", "dZ"])
def test_a_single_example_fits_too(opened, one_over_m):
    """A sum over it is none in index form, but one in matrix form."""
    page = opened(to_page(explained("2-3:tanh-2:sigmoid", 1, one_over_m=one_over_m)))
    for step in range(page.evaluate("handgrad.data.steps.length")):
        assert shown(page, step=step)["fits"] == "yes", step


CLASHES = """[...document.querySelectorAll("#equation .box")].flatMap((box) =>
    [...box.querySelector(".box-body").classList].filter((name) => name.startsWith("clash"))
      .map((name) => [box.dataset.key, name, box.querySelector(".clash").textContent]))"""


def test_the_sides_that_clash_are_marked(opened):
    """With more than a colour, in the rectangle and in its size; not where all fits."""
    page = opened(to_page(explained("2-3:tanh-2:sigmoid", 4)))
    shown(page, step=1)
    assert page.evaluate(CLASHES) == []
    turn(page, "W[1]")
    assert page.evaluate(CLASHES) == [["W[1]", "clash-across", "3"], ["A[0]", "clash-down", "2"]]
    style = "getComputedStyle(document.querySelector('#equation .clash-across')).borderTopStyle"
    assert page.evaluate(style) == "dashed"
    shown(page, step=page.evaluate("handgrad.data.steps.findIndex((step) => step.id === 'dZ2')"))  # A - Y
    turn(page, "Y")
    assert {(key, side) for key, side, _ in page.evaluate(CLASHES)} == {("A[2]", "clash-down"), ("Y", "clash-down")}


def test_only_what_is_drawn_can_be_turned(opened):
    """Not the matrix in the name of a slope."""
    page = opened(to_page(explained("2-3:tanh-2:sigmoid", 4)))
    shown(page, step=page.evaluate("handgrad.data.steps.findIndex((step) => step.id === 'dZ1')"))
    buttons = page.locator("#equation .turns button:not(.back)").evaluate_all("all => all.map((button) => button.ariaLabel)")
    assert len(buttons) == 3
    assert "turn Z[1]" not in buttons


@pytest.mark.parametrize("width", [390, 1280])
def test_long_sums_are_broken_between_their_terms(opened, width):
    """They take several lines rather than scroll, and are the whole line."""
    explanation = explained("64-9:relu-8:softmax", 3)
    page = opened(to_page(explanation), width=width)
    lines = "[aria-label='The chosen entry with its numbers']"
    for name in ("Z1", "Z2", "ell", "J", "dW2", "dA1"):
        shown(page, step=page.evaluate("name => handgrad.data.steps.findIndex((step) => step.id === name)", name))
        assert page.locator(lines).evaluate("at => at.scrollWidth - at.clientWidth") <= 0, name
    shown(page, step=page.evaluate("handgrad.data.steps.findIndex((step) => step.id === 'ell')"))
    symbols = page.locator(f"{lines} .pieces").first
    assert symbols.locator("math").count() == 7  # six terms and dots
    assert symbols.inner_text().replace("\n", "").count("(") == symbols.inner_text().count(")")
    tops = symbols.locator("math").evaluate_all("all => all.map((part) => part.getBoundingClientRect().bottom)")
    assert max(tops) - min(tops) > 20
    assert page.locator("#equation .result").get_attribute("aria-live") == "off"


def test_the_table_goes_to_the_layer_of_the_step(opened):
    """It says what it is about, and offers the unit that the step is about."""
    page = opened(to_page(explained("2-3:tanh-2:sigmoid", 4)))
    shown(page, step=1, units=[0, 2, 1], focus=2, example=3)
    assert page.locator(".chosen-numbers h3").inner_text() == "Chosen: unit 2 of layer 2, example 4"
    page.locator(".chosen-numbers button").click()
    assert page.locator(".chosen-numbers h3").inner_text() == "Chosen: unit 3 of layer 1, example 4"
    assert page.locator(".chosen-numbers button").is_hidden()
    assert page.evaluate("handgrad.store.state.focus") == 1


def test_the_table_shows_what_is_computed_so_far(opened):
    """Numbers of the chosen unit and weight appear with the step that computes them, and – stands before."""
    explanation = explained("2-3:tanh-2:sigmoid", 4, iterations=2)
    page = opened(to_page(explanation))
    steps, units, example = page.evaluate("handgrad.data.steps"), [1, 2, 0], 3
    keys = [step["key"] for step in steps]
    changes = [{"iteration": 1, "step": s, "units": units, "example": example, "focus": 1} for s in range(len(steps) + 1)]
    for s, found in enumerate(page.evaluate(SHOWN, changes)):
        expected = ["Z[1]", "dZ[1]", "A[1]", "dA[1]", "tanh'(Z[1])", "b[1]", "db[1]", "b[1, t+1]", "W[1]", "dW[1]", "W[1, t+1]"]
        assert list(found["table"]) == expected
        for key, text in found["table"].items():
            if key in keys and keys.index(key) > s:
                assert text == "–", (s, key)
            else:
                place = {"W": (2, 1), "b": (2,)}.get(key.lstrip("d")[0], (2, 3))
                close(text, np.asarray(explanation.iterations[1].values[key])[place])


@pytest.mark.parametrize(("text", "options"), [*NETWORKS, ("4-5:relu-6:softmax", {})])
def test_the_end_of_an_iteration_says_what_has_changed(opened, text, options):
    """Losses and predictions before and after, also of the last iteration; of many classes, that of the target."""
    explanation = explained(text, 4, iterations=2, **options)
    page = opened(to_page(explanation))
    for t, iteration in enumerate(explanation.iterations):
        page.evaluate("t => handgrad.store.set({ iteration: t, step: handgrad.data.steps.length })", t)
        losses = page.locator("#equation .iteration-end strong").inner_text().split(" → ")
        np.testing.assert_allclose([float(loss) for loss in losses], [iteration.loss, iteration.loss_after], rtol=1e-3)
        cells = page.locator("#equation .iteration-end td[data-value]").evaluate_all("all => all.map((cell) => cell.dataset.value)")
        Y = np.asarray(iteration.start["Y"]).T
        expected = np.stack([Y, iteration.predictions, iteration.predictions_after], axis=2)
        close(cells, (expected[Y == 1] if Y.shape[1] > 4 else expected).ravel())
        told = page.locator("#equation .iteration-end").inner_text()
        assert ("iteration 2, with" if t == 0 else "the last iteration") in told


def test_large_matrices_have_no_numbers_and_a_far_off_unit_its_own(opened):
    """Stripes stand for the chosen row and column; the result is that of the unit, also where the array is not stored."""
    explanation = explained("784-128:relu-10:softmax", 12)
    iteration = explanation.iterations[0]
    page = opened(to_page(explanation))
    ids = page.evaluate("handgrad.data.steps.map((step) => step.id)")
    units, example = [700, 120, 9], 7
    for name, places in (("Z1", (120, 7)), ("dW1", (120, 700)), ("update_W1", (120, 700)), ("dA1", (120, 7))):
        found = shown(page, step=ids.index(name), units=units, example=example)
        step = next(step for step in iteration.steps if step.equation.id == name)
        close(found["result"], step.value[places])
        assert found["fits"] == "yes"
        for box in found["boxes"]:
            assert (box["values"], box["stripes"]) == ([], 1)
    assert "more terms" in page.locator("#equation").inner_text()


REACHED = "[...document.querySelectorAll('#equation .scrolling')].every((at) => !(at.scrollWidth > at.clientWidth) || !at.tabIndex)"


@pytest.mark.parametrize("width", [390, 1280])
def test_wide_formulas_scroll_by_themselves(opened, width):
    """The page is never wider than its window; what scrolls can be reached with the keyboard."""
    page = opened(to_page(explained("6-6:tanh-6:softmax", 8, optimiser="adam")), width=width)
    for step in range(page.evaluate("handgrad.data.steps.length") + 1):
        shown(page, step=step)
        page.wait_for_function(REACHED)
        assert page.evaluate("(at => at.scrollWidth - at.clientWidth)(document.getElementById('equation'))") <= 0, step


def test_a_form_that_overflows_is_said_to_be_another_than_what_is_computed(opened):
    network = Network("2-3:tanh-2")
    found = explain(
        network, Parameters.draw(network, 3), [[0.5, -1], [2, 0.3], [-0.7, 0.2]], [1, 0, 1], learning_rate=1e300, iterations=3
    )
    page = opened(found.to_page(), hash="#step=A2&iteration=2&example=2")
    expected = found.iterations[1].values["A[2]"][0, 1]
    assert np.isfinite(expected)
    assert float(page.locator("output.result").get_attribute("data-value")) == expected
    assert OTHER_FORM in page.locator("#equation").inner_text()
    text = str(replace(found, iterations=found.iterations[1:]).neuron(2, 1, 2))
    assert OTHER_FORM in " ".join(text.split())
    assert "NaN" not in text
