"""The page's frame in little room: long networks, low windows, telephones, high contrast."""

import pytest
from browser import in_browser
from explained import explained
from paged import data, html, place, press_key, state, until

from handgrad.explain.page import to_page
from handgrad.network import Network

pytestmark = in_browser
DEEP = "4-" + "6:relu-" * 9 + "3:softmax"


def deep():
    return to_page(explained(Network(DEEP), iterations=2))


def box(page, selector):
    return page.locator(selector).bounding_box()


@pytest.mark.parametrize("network", ["2-3:tanh-2:softmax", "64-32:relu-10:softmax", DEEP])
def test_the_header_stays_low(opened, network):
    page = opened(to_page(explained(Network(network))))
    for width in (1280, 1024, 844):
        page.set_viewport_size({"width": width, "height": 800})
        until(page, "document.querySelector('header').offsetHeight <= 95")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_long_list_scrolls_to_the_step_and_the_page_does_not(opened, width):
    page = opened(deep(), width=width)
    for way in (0, 200):
        page.evaluate("way => scrollTo(0, way)", way)
        for key in ("End", "Home", *["ArrowRight"] * 8):
            press_key(key)(page)
            room, step = box(page, "#steps .list"), box(page, "#steps [aria-current]")
            assert room["y"] <= step["y"]
            assert step["y"] + step["height"] <= room["y"] + room["height"]
            assert page.evaluate("scrollY") == way


def test_a_step_that_is_clicked_in_the_list_stays_where_it_is(opened):
    page = opened(deep(), hash="#step=dZ6")
    link = page.locator("#steps a[href*='step=dW6&'], #steps a[href$='step=dW6']")
    height = lambda: link.bounding_box()["y"] - box(page, "#steps .list")["y"]  # noqa: E731
    link.hover()
    before = height()
    link.click()
    assert link.get_attribute("aria-current") == "step"
    assert height() == pytest.approx(before, abs=1)


def test_the_whole_list_of_a_small_network_is_seen(opened):
    page = opened(html())
    assert page.locator("#steps .list").evaluate("list => list.scrollHeight <= list.clientHeight")


def test_steps_that_write_the_same_look_different(opened):
    page = opened(to_page(explained(Network("2-3:tanh-2:softmax"))))
    steps = data(page)["steps"]
    keys = [step["key"] for step in steps]
    assert len(set(keys)) < len(keys)
    shown = page.locator("#steps a").evaluate_all("links => links.map(link => link.textContent)")
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize(("width", "height"), [(844, 390), (740, 360), (640, 400), (667, 375)])
def test_in_a_low_window_the_player_leaves_most_of_it(opened, width, height):
    page = opened(html(), hash="#step=Z1")
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("scrollTo(0, document.querySelector('#graph').getBoundingClientRect().top)")
    until(page, f"document.querySelector('#player').offsetHeight < {height / 4}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    player = box(page, "#player")
    assert player["y"] + player["height"] <= height
    if width >= 740:  # graph and equation are seen together
        graph, equation = box(page, "#graph"), box(page, "#equation")
        assert graph["x"] + graph["width"] <= equation["x"]
        assert abs(graph["y"] - equation["y"]) < 60


def test_on_a_telephone_the_equation_is_always_seen(opened):
    page = opened(deep(), width=390, hash="#step=Z2")
    formula = page.locator("#player .formula")
    until(page, "document.querySelector('#player').classList.contains('apart')")
    seen = set()
    for _ in range(3):
        assert formula.is_visible()
        seen.add(formula.inner_text())
        press_key("ArrowRight")(page)
    assert len(seen) == 3
    page.locator("#equation").evaluate("equation => equation.scrollIntoView()")
    until(page, "!document.querySelector('#player').classList.contains('apart')")
    assert formula.is_hidden()
    press_key("End")(page)
    page.evaluate("scrollTo(0, 0)")
    until(page, "document.querySelector('#player').classList.contains('apart')")
    assert formula.is_hidden()  # the end has none


@pytest.mark.parametrize("width", [390, 320])
def test_the_players_formula_is_as_wide_as_its_room(opened, width):
    page = opened(to_page(explained(Network("9-9:relu-9:softmax"), optimiser="adam")), width=width)
    until(page, "document.querySelector('#player').classList.contains('apart')")
    for step in range(0, len(data(page)["steps"]), 2):
        page.evaluate("step => handgrad.store.set({ step })", step)
        room, formula = box(page, "#player .formula"), box(page, "#player .formula math")
        assert formula["width"] <= room["width"] + 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_high_contrast_what_is_chosen_is_told_apart(opened, theme):
    page = opened(html(), forced_colors="active", color_scheme=theme, hash="#step=Z2")
    ground = "one => getComputedStyle(one).backgroundColor"
    step = ("#steps [aria-current]", "#steps a:not([aria-current])")
    switch = (".choice :checked + span", ".choice :not(:checked) + span")
    for chosen, other in (step, switch):
        assert page.locator(chosen).first.evaluate(ground) != page.locator(other).first.evaluate(ground)
    hues = page.locator(".swatch").evaluate_all("all => all.map(one => getComputedStyle(one).backgroundColor)")
    assert len(set(hues)) == len(hues) > 1


@pytest.mark.parametrize("width", [1280, 390])
def test_what_has_the_focus_is_not_under_the_player(opened, width):
    page = opened(html(), width=width)
    page.evaluate("document.activeElement.blur()")
    for _ in range(60):
        page.keyboard.press("Tab")
        hidden = page.evaluate("""() => {
          const [player, one] = [document.querySelector("#player"), document.activeElement];
          if (one === document.body || player.contains(one)) return false;
          const [cover, own] = [player.getBoundingClientRect(), one.getBoundingClientRect()];
          return own.top >= cover.top && own.bottom <= cover.bottom && own.left >= cover.left && own.right <= cover.right;
        }""")
        assert not hidden, page.evaluate("document.activeElement.outerHTML")


def test_back_leaves_the_page(opened):
    page = opened(html())
    before = page.evaluate("history.length")
    for _ in range(3):
        press_key("ArrowRight")(page)
    until(page, "location.hash !== ''")
    assert place(page) == (0, 3)
    assert page.evaluate("history.length") == before
    assert state(page)["step"] == 3
