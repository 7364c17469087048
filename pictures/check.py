"""Draws what `handgrad check` says about examples/notes.md, as it stands in the README: python pictures/check.py.

The command runs as in a terminal of so many columns, and what it writes there becomes an SVG beside this file.
"""

import io
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

FOLDER = Path(__file__).parent
NOTES = FOLDER.parent / "examples" / "notes.md"
COMMAND = ("handgrad", "check", NOTES.name)
COLUMNS = {"check.svg": 100, "check-narrow.svg": 52}
"""How wide the terminal of each picture is."""

RED, GREEN, YELLOW, BLUE, CYAN, GREY, WHITE = (
    (255, 123, 114), (63, 185, 80), (210, 153, 34), (88, 166, 255), (57, 197, 207), (72, 79, 88), (230, 237, 243),
)  # fmt: skip
THEME = TerminalTheme((13, 17, 23), WHITE, [GREY, RED, GREEN, YELLOW, BLUE, BLUE, CYAN, WHITE])
"""Colours that can be read on a dark ground, which stands well on a light page and on a dark one."""

FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<!-- written by pictures/check.py from the command's output -->
<style>
.{unique_id}-matrix {{ font: {char_height}px/{line_height}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Of rich's own format, what needs no network: its fonts would be fetched."""


def output(columns: int) -> str:
    """Return what the command writes to a terminal with colours."""
    program = Path(sys.executable).with_name(COMMAND[0])
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    environment |= {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": str(columns), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [program, *COMMAND[1:]], cwd=NOTES.parent, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=60
    )
    if done.returncode != 1:
        raise SystemExit(f"mistakes were to be found, but the command ended with {done.returncode}: {done.stderr}")
    return done.stdout


def draw(text: str, columns: int, name: str) -> str:
    """Return the picture of a terminal in which the command wrote this."""
    console = Console(
        record=True, width=columns + 1, file=io.StringIO(), force_terminal=True, color_system="standard", highlight=False
    )
    console.print(Text.assemble(("$ ", "dim"), " ".join(COMMAND)))
    for line in text.splitlines():
        console.print(Text.from_ansi(line), soft_wrap=True)
    console.print()
    return console.export_svg(title="", theme=THEME, code_format=FORMAT, unique_id=Path(name).stem)


def main() -> None:
    """Write the pictures."""
    for name, columns in COLUMNS.items():
        (FOLDER / name).write_text(draw(output(columns), columns, name), encoding="utf-8")


if __name__ == "__main__":
    main()
