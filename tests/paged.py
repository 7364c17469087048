"""A small page to test with, and what it says of where it is."""

import functools
import re
from datetime import UTC, datetime

import pytest
from explained import explained

from handgrad.explain.page import to_page
from handgrad.network import Network

ITERATIONS = 3
WIDTHS = (1280, 390)
THEMES = ("light", "dark")


@functools.cache
def small():
    """An explanation whose page has every kind of step."""
    return explained(Network("2-3:tanh-2:sigmoid"), iterations=ITERATIONS, learning_rate=0.5)


@functools.cache
def html():
    return to_page(small())


def data(page):
    return page.evaluate("handgrad.data")


def state(page):
    return page.evaluate("handgrad.store.state")


PLACE = """() => ({
  words: document.querySelector("#player .place").textContent,
  marked: [...document.querySelectorAll("#steps a")].map(link => link.getAttribute("aria-current") === "step"),
  slider: Number(document.querySelector("#player input[type=range]").value),
})"""


def place(page):
    """(iteration, step) as the page tells: in the player's words, by the list's mark and by the slider, which agree."""
    shown = page.evaluate(PLACE)
    iteration, count, step = re.fullmatch(r"iteration (\d+) of (\d+) · (?:step (\d+) of \d+|end)", shown["words"]).groups()
    assert int(count) == ITERATIONS
    last = len(shown["marked"]) - 1
    expected = last if step is None else int(step) - 1
    assert [number for number, marked in enumerate(shown["marked"]) if marked] == [expected]
    assert shown["slider"] == expected
    return int(iteration) - 1, expected


def until(page, condition):
    """Wait for what happens a moment later; the page's policy lets nobody else evaluate text."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never: {condition}")


def halt(page):
    """From now on the page's time passes only when it is told to."""
    page.clock.install(time=datetime(2026, 1, 1, tzinfo=UTC))
    page.clock.pause_at(datetime(2026, 1, 1, 1, tzinfo=UTC))


def every_place(page):
    return [(iteration, step) for iteration in range(ITERATIONS) for step in range(len(data(page)["steps"]) + 1)]


def press_button(name):
    return lambda page: page.get_by_role("button", name=name, exact=True).click(force=True)  # at either end they do nothing


def press_key(key):
    return lambda page: page.keyboard.press(key)
