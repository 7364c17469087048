"""The system's Chromium for tests of the page: `browser` skips with its reason where there is none."""

import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is on this machine: apt-get install chromium")
"""The mark of tests that need a browser: `pytestmark = in_browser`."""


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield found
        found.close()


class Reused:
    """One page for many tests, since a new one takes a process of its own; it tells the test at hand what it says and asks for."""

    def __init__(self, browser):
        self.page, self.told = browser.new_page(), []
        listen(self.page, self.told.append)


@pytest.fixture(scope="session")
def reused(browser):
    """The page that tests share."""
    return Reused(browser)


@pytest.fixture
def opened(browser, reused, tmp_path):
    """Open a page from disk: (html, width=1280, hash="", apart=False, **context options).

    What it says on the console or asks for is refused. The first page of a test is one that tests share, unless it stands `apart`
    or has options.
    """
    contexts, told = [], reused.told
    told.clear()
    count = iter(range(100))

    def call(html, width=1280, hash="", *, apart=False, **options):  # noqa: A002  # a link's own word
        number = next(count)
        file = tmp_path / f"page{number}.html"
        file.write_text(html, encoding="utf-8")
        size = {"width": width, "height": 900}
        if number or apart or options:
            contexts.append(browser.new_context(viewport=size, **options))
            page = contexts[-1].new_page()
            listen(page, told.append)
        else:
            page = reused.page
            page.bring_to_front()
            page.goto("about:blank")
            page.set_viewport_size(size)
        page.goto(f"{file.as_uri()}{hash}")
        return page

    yield call
    for context in contexts:
        context.close()
    assert told == []


def listen(page, tell):
    """Tell of all that a page says on the console, fails at or asks for, but for the files that tests open."""
    page.on("console", lambda message: tell(f"console: {message.text}"))
    page.on("pageerror", lambda error: tell(f"error: {error}"))
    page.on("request", lambda request: None if _own(request, page) else tell(f"request: {request.url}"))


def _own(request, page):
    """Whether a request is for the page itself or for what it holds."""
    of_page = request.is_navigation_request() and request.frame == page.main_frame and request.url.startswith("file:")
    return of_page or request.url.startswith(("data:", "blob:", "about:"))
