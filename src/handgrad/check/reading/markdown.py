"""Formulas in running text and in fences: Markdown, MyST, reStructuredText, plain text, notebooks' cells."""

from __future__ import annotations

import re
from itertools import pairwise

from handgrad.check.reading.blocks import ITEM, Blocks
from handgrad.check.reading.collecting import BREAKS, Collector, Sheet
from handgrad.check.reading.delimiters import Found, outside, scan
from handgrad.check.reading.macros import blanked, definitions
from handgrad.check.reading.plain import equations
from handgrad.check.reading.prose import tell
from handgrad.check.reading.python import is_numpy, looks_like_python, read_python
from handgrad.check.reading.source import Source
from handgrad.check.reading.vocabulary import LANGUAGES, PYTHON, TEX

_COMMENT = "<!--", "-->"
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,300}>")
_EMPHASIS = re.compile(r"(?<![\w*)\]_])(\*\*?|__?)[A-Za-z][\w\[\]^]{0,20}\1(?![\w*(\[])")
_LINK = re.compile(
    r"https?://[^\s<>)]{1,500}|(?<=\]\()[\w./%-]{1,200}\.(?:png|jpe?g|svg|gif|webp|html?|md|pdf|ipynb)[^()\s]{0,200}", re.IGNORECASE
)
_ENTITY = re.compile("&(?:lt|gt|amp|nbsp);")
_ENTITIES = {"&lt;": "<   ", "&gt;": ">   ", "&amp;": "&    ", "&nbsp;": "      "}
_OPTION = re.compile(r"[ \t]*:[A-Za-z-]+:.*$")
_OWN_DELIMITERS = re.compile(r"\$|\\\[|\\\(|\\(?:sub)*section\b|\\documentclass")
_REMARK = re.compile(r"(?:^|(?<=\s))(?:#|//|%)")


def read_markdown(
    into: Collector, source: Source, parts: list[tuple[str, int, int]] | None = None, *, front_matter: bool = True
) -> None:
    """Read a source as Markdown, MyST, reStructuredText or plain text.

    `parts`, if it has some, are ("markdown" or a language of code, start, end), in order.
    """
    sheet = Sheet(into, source)
    text = _ENTITY.sub(lambda found: _ENTITIES[found.group()], BREAKS.sub(" ", source.text))
    macros, places = definitions(text)
    into.macros.update(macros)
    sheet.mask = blanked(blanked(text, places), _comments(text))
    blocks = Blocks(sheet, parts or [("markdown", 0, len(text))], front_matter=front_matter)
    sheet.mask = blocks.mask
    found: list[Found] = []
    for start, end in blocks.stretches:
        here = scan(sheet, start, end)
        found += here
        for item in here:
            if item.what == "math":
                sheet.formula(*item.inner, display=item.display)
            else:
                _code_span(sheet, item)
        tell(sheet, here, start, end)
    _lines(sheet, blocks, found)
    for info, start, end in blocks.fences:
        read_fence(sheet, info, start, end)
    sheet.close()


def _comments(text: str) -> list[tuple[int, int]]:
    """The places of HTML's comments."""
    places, at = [], 0
    while (start := text.find(_COMMENT[0], at)) >= 0 and (end := text.find(_COMMENT[1], start)) >= 0:
        at = end + len(_COMMENT[1])
        places.append((start, at))
    return places


def _code_span(sheet: Sheet, item: Found) -> None:
    start, end = item.inner
    text = sheet.mask[start:end]
    if len(text.strip()) > 2 and text.strip()[0] == text.strip()[-1] == "$":
        width = 2 if text.strip().startswith("$$") else 1
        sheet.formula(start + text.index("$") + width, start + text.rindex("$") + 1 - width, display=False)
    else:
        plain(sheet, start, end, display=False)


def plain(sheet: Sheet, start: int, end: int, *, display: bool, continued: bool = False) -> bool:
    """Record the equations of a part of a line that has no delimiters; whether there are any.

    A line that is `continued` follows one with an equation, and may begin with the sign of a relation.
    """
    text = sheet.shown(start, end)
    if is_numpy(text):
        sheet.formula(start, end, "numpy", display=display)
        return True
    text = _without_markup(text)
    found = equations(text, continued=continued)
    for left, right in found:
        part = text[left:right]
        kind = "numpy" if is_numpy(part) else "tex" if re.search(r"\\[A-Za-z]", part) else "plain"
        sheet.formula(start + left, start + right, kind, display=display, text=part)
    return bool(found)


def _without_markup(text: str) -> str:
    """The text, as long as before, without HTML's tags, addresses and emphasis; <sup> and <sub> become ^{ and _{."""
    if "<" in text:
        for tag, sign in (("sup", "^"), ("sub", "_")):
            text = text.replace(f"<{tag}>", f"   {sign}{{").replace(f"</{tag}>", "}     ")
        text = _TAG.sub(lambda tag: " " * len(tag.group()), text)
    if "://" in text or "](" in text:
        text = _LINK.sub(lambda link: ";" * len(link.group()), text)
    if "*" in text or "_" in text:
        text = _EMPHASIS.sub(lambda found: found.group().replace(found.group(1), " " * len(found.group(1))), text)
    return text


def _lines(sheet: Sheet, blocks: Blocks, found: list[Found]) -> None:
    """Equations in what formulas and code spans leave of each line."""
    last = -2  # where the last line with an equation ended
    for start, end in blocks.lines:
        if sheet.into.full:  # a problem says so
            return
        stated = False
        begin = start
        while (marker := ITEM.match(sheet.mask, begin, end)) and begin - start < 60:
            begin = marker.end()
        for left, right in outside(found, begin, end):
            bars = re.finditer(r"(?<!\\)\|", sheet.mask[left:right]) if start in blocks.tables else ()
            for before, after in pairwise([left - 1, *(left + bar.start() for bar in bars), right]):
                whole = (left, right) == (begin, end)
                stated = plain(sheet, before + 1, after, display=whole, continued=whole and last == start - 1) or stated
        last = end if stated else -1


def read_fence(sheet: Sheet, info: str, start: int, end: int) -> None:
    """Read what stands in a fence, a directive or a cell of code, by its language."""
    words = re.findall(r"[\w+#-]+", info.lower())
    language = words[0] if words else ""
    if language in TEX:
        _math_block(sheet, start, end)
    elif language in PYTHON or (not language and looks_like_python(sheet.mask[start:end])):
        read_python(sheet, start, end)
    elif language in LANGUAGES:
        sheet.skip(start, end, f"code in {language} is not read", language)
    else:
        _any_block(sheet, start, end)


def _math_block(sheet: Sheet, start: int, end: int) -> None:
    """A block of mathematics: formulas, parted by empty lines; or LaTeX with delimiters of its own."""
    text = sheet.mask
    if _OWN_DELIMITERS.search(text, start, end):
        for item in scan(sheet, start, end):
            sheet.formula(*item.inner, display=item.display)
        return
    begin, depth, at = start, 0, start
    for line in text[start:end].split("\n"):
        depth += line.count("\\begin{") - line.count("\\end{")
        if _OPTION.match(line) and not text[begin:at].strip():
            begin = at + len(line)
        elif not line.strip() and depth <= 0:
            sheet.formula(begin, at, display=True)
            begin = at
        at += len(line) + 1
    sheet.formula(begin, end, display=True)


def _any_block(sheet: Sheet, start: int, end: int) -> None:
    """A block of anything: formulas in delimiters, and equations line by line; remarks are prose."""
    text = sheet.mask
    found = [item for item in scan(sheet, start, end) if item.what == "math"] if re.search(r"[$\\]", text[start:end]) else []
    for item in found:
        sheet.formula(*item.inner, display=item.display)
    before = False  # whether the line before has an equation
    for line in re.finditer(r"[^\n]+", text[start:end]):
        stated = False
        for left, right in outside(found, start + line.start(), start + line.end()):
            remark = _REMARK.search(text[left:right])
            stop = left + remark.start() if remark else right
            if text[left:stop].strip():
                stated = plain(sheet, left, stop, display=True, continued=before) or stated
            if remark:
                sheet.say(left + remark.end(), right)
        before = stated
