"""Draws the page of `handgrad explain … --page` as it stands in the README: python pictures/page.py.

The command of the README writes the page, and the system's Chromium draws it at a step, in light and in dark.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parent
COMMAND = ("explain", "2-3:tanh-2", "--x", "0.5,-1; 2,0.3", "--y", "1; 0", "--page", "page.html")
STEP = "#step=dW2&iteration=3&units=1,2,1"
SIZE = {"width": 1280, "height": 800}


def main() -> None:
    """Write the page, and draw it."""
    chromium = shutil.which("chromium") or sys.exit("the pictures are drawn by Chromium, which is not here")
    program = Path(sys.executable).with_name("handgrad")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        subprocess.run([program, *COMMAND], cwd=folder, check=True, timeout=120, env={**os.environ, "NO_COLOR": "1"})
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport=SIZE, color_scheme=scheme)
            page = context.new_page()
            page.goto((Path(folder) / "page.html").as_uri() + STEP)
            page.screenshot(path=FOLDER / f"page-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main()
