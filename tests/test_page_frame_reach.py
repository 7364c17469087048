"""The page's frame for everyone: the loss curve, choosing by form, keyboard, screen readers, narrow screens and paper."""

import json
import re

import numpy as np
import pytest
from browser import in_browser
from explained import explained
from paged import ITERATIONS, THEMES, WIDTHS, data, halt, html, place, press_button, small, state, until

from handgrad.explain.page import to_page
from handgrad.network import Network

pytestmark = in_browser


def losses(found):
    return [*(iteration.loss for iteration in found.iterations), found.iterations[-1].loss_after]


def test_the_curves_points_are_the_losses_and_lead_to_their_iterations(opened):
    page = opened(html())
    points = page.locator("#curve [role=button]")
    assert [float(value) for value in points.evaluate_all("all => all.map(one => one.dataset.value)")] == losses(small())
    last = len(data(page)["steps"])
    expected = [*((iteration, 0) for iteration in range(ITERATIONS)), (ITERATIONS - 1, last)]
    for number in (2, 0, 3, 1):
        points.nth(number).click()
        assert place(page) == expected[number]
        assert points.nth(number).get_attribute("aria-current") == "true"
        assert page.locator("#curve [aria-current]").count() == 1
    points.nth(1).focus()
    for number, key in ((2, "Enter"), (3, " ")):
        page.keyboard.press("ArrowRight")
        assert place(page) != expected[number]  # looking at a point goes nowhere
        page.keyboard.press(key)
        assert place(page) == expected[number]


def heights(page):
    return [float(y) for y in page.locator("#curve .dot").evaluate_all("all => all.map(one => one.getAttribute('cy'))")]


def test_larger_losses_stand_higher_and_later_ones_further_right(opened):
    page = opened(html())
    x = [float(one) for one in page.locator("#curve .dot").evaluate_all("all => all.map(one => one.getAttribute('cx'))")]
    assert x == sorted(set(x))
    by_loss = [height for _, height in sorted(zip(losses(small()), heights(page), strict=True))]
    assert by_loss == sorted(by_loss, reverse=True)
    assert "logarithmic" not in page.locator("#curve").inner_text()


def with_losses(html, values):
    """The page with other losses (text for those that are no finite numbers)."""
    found = re.search(r'(<script type="application/json" id="data">)(.*?)(</script>)', html, re.DOTALL)
    shown = json.loads(found[2])
    for iteration, value, after in zip(shown["iterations"], values, values[1:], strict=False):
        iteration["loss"], iteration["loss_after"] = value, after
    return html[: found.start(2)] + json.dumps(shown).replace("<", "\\u003c") + html[found.end(2) :]


def test_losses_over_many_powers_of_ten_stand_by_their_logarithms(opened):
    page = opened(with_losses(html(), [1e3, 1e1, 1e-1, 1e-3]))
    assert "logarithmic" in page.locator("#curve").inner_text()
    first, *rest = heights(page)
    gaps = [one - other for one, other in zip(rest, [first, *rest], strict=False)]
    assert gaps == pytest.approx([gaps[0]] * len(gaps))
    assert gaps[0] > 0


@pytest.mark.parametrize("values", [[2.0, "Infinity", "NaN", "NaN"], ["NaN"] * 4, [0.0] * 4, [1e-320, 1e300, 1.0, -1.0], [5.0] * 4])
def test_a_curve_of_any_losses_is_drawn_and_tells_of_gaps(opened, values):
    page = opened(with_losses(html(), values))
    assert all(0 <= height <= 210 for height in heights(page))
    course = page.locator("#curve .course").get_attribute("d")
    assert "NaN" not in course
    finite = sum(isinstance(value, float) for value in values)
    assert len(re.findall("[ML]", course)) == finite
    assert ("gap" in page.locator("#curve").inner_text()) == (finite < len(values))


def focusable_nodes(page):
    """What can take the focus, as assistive technology has it: roles and names."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    for node in nodes:
        told = {one["name"]: one["value"].get("value") for one in node.get("properties", [])}
        if told.get("focusable") and node["role"]["value"] != "RootWebArea":
            yield node["role"]["value"], node["name"]["value"]


WAITING = """() => [...document.querySelectorAll("button, select, input, a[href], summary, [tabindex]")].filter(element =>
  element.checkVisibility() && element.tabIndex >= 0 && !element.disabled && !window.reached.has(element)
  && !(element.type === "radio" && !element.checked)).map(element => element.outerHTML)"""
"""The controls that the focus has not been on; of a row of choices, Tab goes to the one that holds."""


@pytest.mark.parametrize("width", WIDTHS)
def test_every_control_is_reached_by_tab_and_has_a_name(opened, width):
    page = opened(html(), width=width)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert [role for role, name in focusable_nodes(page) if not name.strip()] == []
    page.evaluate("window.reached = new Set(); addEventListener('focusin', event => reached.add(event.target))")
    waiting = page.evaluate(WAITING)
    assert len(waiting) > 30
    page.locator("h1").click()
    for _ in range(len(waiting) + 5):
        page.keyboard.press("Tab")
    assert page.evaluate(WAITING) == []


def serious(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found if one["impact"] in {"serious", "critical"}]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_serious(opened, width, theme):
    page = opened(html(), width=width, color_scheme=theme)
    for details in page.locator("details").all():
        details.evaluate("details => details.open = true")
    for step in ("Z2", "dW1", "end"):
        page.evaluate("step => location.hash = `step=${step}&iteration=2`", step)
        until(page, "document.querySelector('#steps [aria-current]').hash.startsWith(location.hash)")
        assert serious(page) == []


@pytest.mark.parametrize("network", ["2-3:tanh-2:sigmoid", "5-" + "4:tanh-" * 9 + "1:sigmoid", "64-32:relu-10:softmax"])
def test_a_narrow_page_is_as_wide_as_the_screen_and_its_targets_are_large_enough(opened, network):
    page = opened(to_page(explained(Network(network), iterations=2)), width=390)
    for step in range(0, len(data(page)["steps"]) + 1, 7):
        page.evaluate("step => handgrad.store.set({ step })", step)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = page.locator("#player button, #steps a, #choose select").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(box => [box.width, box.height])"
    )
    assert min(min(size) for size in sizes) >= 24


@pytest.mark.parametrize("width", WIDTHS)
def test_the_player_is_always_in_view(opened, width):
    page = opened(html(), width=width)
    for way in (0, 0.3, 0.6, 1):
        page.evaluate("way => scrollTo(0, way * document.documentElement.scrollHeight)", way)
        box = page.locator("#player").bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 900


def test_choosing_by_form(opened):
    page = opened(html())
    choose = page.locator("#choose")
    choose.get_by_role("combobox", name="layer", exact=True).select_option("1")
    choose.get_by_label("unit of layer 1").select_option("3")
    choose.get_by_label("weight from input").select_option("2")
    choose.get_by_label("example of").select_option("2")
    now = state(page)
    assert (now["focus"], now["units"][:2], now["example"]) == (1, [1, 2], 1)
    choose.get_by_role("combobox", name="layer", exact=True).select_option("0")
    assert choose.get_by_role("combobox", name="input", exact=True).input_value() == "2"
    assert choose.get_by_label("weight from").count() == 0


def test_one_of_many_units_is_chosen_by_its_number(opened):
    page = opened(to_page(explained(Network("300-2:softmax"))))
    field = page.locator("#choose").get_by_label("weight from input")
    for typed, unit in (("150", 149), ("0", 0), ("999", 299)):
        field.fill(typed)
        field.press("Enter")
        assert state(page)["units"][0] == unit
        assert field.input_value() == str(unit + 1)


def test_steps_are_told_but_not_while_it_plays(opened):
    page = opened(html(), apart=True)
    told = page.locator("#told")
    assert told.inner_text() == ""
    press_button("one step forward")(page)
    step = data(page)["steps"][1]
    assert page.locator("#player .place").inner_text() in told.inner_text()
    assert step["reason"] in told.inner_text()
    halt(page)
    before = told.inner_text()
    press_button("play")(page)
    page.clock.run_for(5000)
    assert told.inner_text() == before
    press_button("pause")(page)
    assert page.locator("#player .place").inner_text() in told.inner_text()


def first(value):
    """Its entry at the first place along every axis."""
    return np.asarray(value).flat[0]


@pytest.mark.parametrize("theme", THEMES)
def test_on_paper_every_step_is_worked_and_controls_are_gone(opened, theme):
    page = opened(html(), hash="#step=dW1&iteration=2", color_scheme=theme)
    page.evaluate("addEventListener('afterprint', () => window.gone = true)")
    page.evaluate("addEventListener('beforeprint', () => window.printed = document.querySelector('#paper').cloneNode(true))")
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert page.evaluate("printed.querySelector('h2').textContent") == "Every step of iteration 2"
    reasons = page.evaluate("[...printed.querySelectorAll('article p:first-child')].map(one => one.textContent)")
    steps = data(page)["steps"]
    assert reasons == [step["reason"] for step in steps]
    shown = page.evaluate("[...printed.querySelectorAll('article')].map(one => Number(one.dataset.value))")
    assert shown == pytest.approx([first(small().iterations[1].values[step["key"]]) for step in steps], rel=1e-12)
    until(page, "window.gone")
    assert page.locator("#paper").is_hidden()

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    for gone in ("#switches", "#player", "#steps", "#choose"):
        assert page.locator(gone).is_hidden()
    for there in ("#graph", "#curve svg", "#paper article >> nth=0"):
        assert page.locator(there).is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_without_its_script_the_page_says_what_to_do(opened):
    page = opened(html(), java_script_enabled=False)
    told = page.locator("noscript").inner_text()
    assert "script" in told
    assert "--out file.html" in told


def test_what_a_script_would_fill_is_not_shown_without_one(opened):
    page = opened(html(), java_script_enabled=False)
    assert page.locator("header > :visible, main > :visible, main > div > :visible").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().height > 0).map(one => one.localName)"
    ) == ["h1"]
