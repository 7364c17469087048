"""Prose: the sentences between displays, for the setting that they state."""

from __future__ import annotations

import re
from itertools import pairwise

from handgrad.check.reading.collecting import BREAKS, Sheet
from handgrad.check.reading.delimiters import Found, outside

_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def tell(sheet: Sheet, found: list[Found], start: int, end: int) -> None:
    """Record the sentences of a stretch. They end with a paragraph, at a display, and at a full stop outside of formulas."""
    displays = [item for item in found if item.display]
    inline = [item for item in found if not item.display]
    stops = [start + stop.start() for stop in BREAKS.finditer(sheet.mask[start:end])]
    for left, right in pairwise([start - 1, *stops, end]):
        for begin, last in outside(displays, left + 1, right):
            said = begin
            for free in outside(inline, begin, last):
                for stop in _SENTENCE.finditer(sheet.mask, *free):
                    sheet.say(said, stop.start())
                    said = stop.end()
            sheet.say(said, last)
