"""The system's Chromium for tests of the page: `browser` skips with its reason where there is none."""

import shutil
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

in_browser = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is on this machine: apt-get install chromium"),
    pytest.mark.xdist_group("browser"),
]
"""The marks of tests that need a browser: `pytestmark = in_browser`."""


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield found
        found.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page from disk, (html, width=1280, hash="", **context options); what it says on the console or asks for is refused."""
    contexts, told = [], []

    def call(html, width=1280, hash="", **options):  # noqa: A002  # a link's own word
        file = tmp_path / f"page{len(contexts)}.html"
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: told.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: told.append(f"error: {error}"))
        page.on("request", lambda request: told.append(f"request: {request.url}") if not _own(request.url, file) else None)
        page.goto(f"{file.as_uri()}{hash}")
        return page

    yield call
    for context in contexts:
        context.close()
    assert told == []


def _own(url: str, file: Path) -> bool:
    """Whether a request is for the page itself or for what it holds."""
    return url.partition("#")[0] == file.as_uri() or url.startswith(("data:", "blob:"))
