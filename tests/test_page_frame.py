"""The page's frame: stepping by button, key, slider, list and link, playing, and its switches."""

import json

import pytest
from browser import in_browser
from explained import explained
from paged import ITERATIONS, data, every_place, halt, html, place, press_button, press_key, state, until

from handgrad.explain.page import to_page
from handgrad.network import Network

pytestmark = in_browser


@pytest.mark.parametrize(
    ("forward", "back"),
    [
        (press_button("one step forward"), press_button("one step back")),
        (press_key("ArrowRight"), press_key("ArrowLeft")),
    ],
    ids=["buttons", "keys"],
)
def test_stepping_passes_every_step_of_every_iteration_in_order_and_back(opened, forward, back):
    page = opened(to_page(explained(Network("2-1:sigmoid"), iterations=ITERATIONS)))
    places = every_place(page)
    for act, expected in ((forward, places), (back, places[::-1])):
        for here in expected:
            assert place(page) == here
            act(page)
        assert place(page) == expected[-1]  # at either end it stays


def test_the_slider_passes_every_step_of_an_iteration_and_back(opened):
    page = opened(html(), hash="#step=A0&iteration=2")
    slider = page.get_by_role("slider", name="step")
    last = len(data(page)["steps"])
    for key, steps in (("ArrowRight", range(last + 1)), ("ArrowLeft", range(last, -1, -1))):
        for step in steps:
            assert place(page) == (1, step)
            assert slider.get_attribute("aria-valuetext").startswith(page.locator("#player .place").inner_text())
            slider.press(key)


def test_the_list_leads_to_every_step(opened):
    page = opened(html(), hash="#step=end&iteration=2")
    links = page.locator("#steps a")
    for step in range(links.count()):
        links.nth(step).click()
        assert place(page) == (1, step)


def test_other_iterations_are_shown_at_the_same_step(opened):
    page = opened(html(), hash="#step=dW2")
    step = place(page)[1]
    for act in (press_button("next iteration"), press_key("Shift+ArrowRight"), press_key("Shift+ArrowRight")):
        act(page)
    assert place(page) == (ITERATIONS - 1, step)
    for act in (press_button("previous iteration"), press_key("Shift+ArrowLeft"), press_key("Shift+ArrowLeft")):
        act(page)
    assert place(page) == (0, step)


def test_home_and_end_are_the_ends_of_the_iteration(opened):
    page = opened(html(), hash="#step=dW2&iteration=2")
    page.keyboard.press("End")
    assert place(page) == (1, len(data(page)["steps"]))
    page.keyboard.press("Home")
    assert place(page) == (1, 0)


def test_the_list_of_keys_opens_by_a_key(opened):
    page = opened(html())
    for shown in (True, False):
        page.keyboard.press("?")
        assert page.locator("#keys dl").is_visible() == shown


def test_it_plays_to_the_end_and_stops_there_and_starts_anew(opened):
    page = opened(to_page(explained(Network("2-1:sigmoid"), iterations=ITERATIONS)), apart=True)
    halt(page)
    page.keyboard.press(" ")
    places = every_place(page)
    for here in places:
        assert place(page) == here
        assert state(page)["playing"] == (here != places[-1])
        page.clock.run_for(1000 * state(page)["speed"])
    page.get_by_role("button", name="play", exact=True).click()
    assert place(page) == places[0]
    assert state(page)["playing"]


@pytest.mark.parametrize("pause", [press_button("pause"), press_key(" "), press_key("ArrowRight")], ids=["button", "key", "step"])
def test_pausing_stays_where_it_is(opened, pause):
    page = opened(html(), apart=True)
    halt(page)
    page.get_by_label("each step").select_option("0.5")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="play", exact=True).click()
    page.evaluate("document.activeElement.blur()")
    page.clock.run_for(2500)
    assert place(page) == (0, 5)
    pause(page)
    here = place(page)
    page.clock.run_for(60_000)
    assert place(page) == here
    assert page.get_by_role("button", name="play", exact=True).is_visible()


def test_a_control_keeps_its_own_keys(opened):
    page = opened(html(), hash="#step=Z1")
    here = place(page)
    page.get_by_label("each step").press("ArrowRight")
    assert place(page) == here
    page.get_by_role("button", name="one step forward").press(" ")
    assert place(page) == (here[0], here[1] + 1)
    assert not state(page)["playing"]
    page.keyboard.press("Control+ArrowRight")
    assert place(page) == (here[0], here[1] + 1)


def test_a_link_opens_what_it_names(opened):
    page = opened(html(), hash="#step=dW2&iteration=3&units=2,3,1&example=2")
    steps = [step["id"] for step in data(page)["steps"]]
    assert place(page) == (2, steps.index("dW2"))
    assert state(page)["units"] == [1, 2, 0]
    assert state(page)["example"] == 1
    page.evaluate("location.hash = '#step=end'")
    until(page, "handgrad.store.state.step === handgrad.data.steps.length")
    assert place(page) == (0, len(steps))
    assert state(page)["units"] == data(page)["start"]["units"]


NOWHERE = (
    "#",
    "#nothing",
    "#step=",
    "#step=W9",
    "#step=dw2&iteration=2",
    "#iteration=2",
    "#step=%E0%A4%A",
    "#step=__proto__",
    "#&&==&",
)


def test_a_link_to_no_step_is_ignored(opened):
    assert state(opened(html(), hash="#step=W9&iteration=2")) == data(opened(html()))["start"]
    page = opened(html(), hash="#nothing")
    press_key("ArrowRight")(page)
    for link in NOWHERE:
        page.evaluate("link => location.hash = link", link)
        page.wait_for_timeout(30)
        assert place(page) == (0, 1)


SENSELESS = (
    "iteration=0",
    "iteration=4",
    "iteration=-1",
    "iteration=1.5",
    "iteration=x",
    "units=9,9,9",
    "units=,,",
    "units=1e0",
    "example=99",
)


def test_what_makes_no_sense_in_a_link_is_as_the_page_starts(opened):
    page = opened(html())
    start = data(page)["start"]
    for rest in SENSELESS:
        page.evaluate("handgrad.store.set({ iteration: 1, step: 0, units: [1, 1, 1], example: 1 })")
        page.evaluate("link => location.hash = link", f"#step=db1&{rest}")
        until(page, "handgrad.data.steps[handgrad.store.state.step].id === 'db1'")
        assert state(page) == {**start, "step": state(page)["step"]}


def test_the_address_follows_and_opens_the_same_again(opened):
    page = opened(html(), apart=True)
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    page.evaluate("handgrad.store.set({ units: [1, 2, 0], example: 2 })")
    until(page, "location.hash.includes('example=3')")
    assert page.evaluate("location.hash") == "#step=A1&iteration=2&units=2,3,1&example=3"
    assert page.evaluate("history.length") == 2  # the empty page and this one: no step is one to go back by
    before = state(page)
    assert state(opened(html(), hash=page.evaluate("location.hash"))) == {**before, "playing": False}
    page.keyboard.press("Home")
    page.evaluate("handgrad.store.set({ iteration: 0, units: handgrad.data.start.units, example: 0 })")
    until(page, "location.hash === '#step=A0'")


def test_the_lists_links_are_those_links(opened):
    page = opened(html(), hash="#step=Z2&iteration=2&example=2")
    ids = [step["id"] for step in data(page)["steps"]] + ["end"]
    hrefs = page.locator("#steps a").evaluate_all("links => links.map(link => link.hash)")
    assert hrefs == [f"#step={name}&iteration=2&example=2" for name in ids]


def test_notations_name_the_steps(opened):
    page = opened(html(), hash="#step=dZ1")
    seen = set()
    for number, notation in enumerate(data(page)["notations"]):
        page.get_by_role("combobox", name="Notation").select_option(label=notation["label"])
        assert state(page)["notation"] == number
        assert state(page)["layout"] == notation["layout"]
        for layout in ("rows", "columns"):
            page.get_by_role("radio", name=layout).check(force=True)
            assert state(page)["layout"] == layout
            names = notation["layouts"][layout]["names"]
            words = page.locator("#steps a").evaluate_all("links => links.map(link => link.getAttribute('aria-label'))")
            expected = [f"{names[step['key']][0]}: {step['reason']}" for step in data(page)["steps"]]
            assert words[:-1] == expected
            maths = page.locator("#steps a math").evaluate_all("maths => maths.map(math => math.textContent)")
            seen.add(json.dumps(maths))
    assert len(seen) > 1  # they do differ
    page.get_by_role("radio", name="gradients").check(force=True)
    assert state(page)["edges"] == "gradients"


def test_the_theme_is_as_asked_for_and_otherwise_the_systems(opened):
    page = opened(html(), color_scheme="dark")
    ground = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")  # noqa: E731
    system_dark = ground()
    page.get_by_role("radio", name="light").check(force=True)
    light = ground()
    assert light != system_dark
    page.get_by_role("radio", name="dark").check(force=True)
    assert ground() == system_dark
    page.emulate_media(color_scheme="light")
    assert ground() == system_dark
    page.get_by_role("radio", name="system").check(force=True)
    assert ground() == light
    page.emulate_media(color_scheme="dark")
    assert ground() == system_dark
