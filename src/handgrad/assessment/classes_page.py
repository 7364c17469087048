"""What becomes of each class, and which is taken for which, as parts of a report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from handgrad.assessment.numerals import percent
from handgrad.assessment.scores import ClassScore
from handgrad.document.blocks import Block, Heading, Paragraph, Strong, Table, Words

if TYPE_CHECKING:
    from handgrad.assessment.report import Assessment

MOST_SHORT, MOST_FULL = 12, 100
"""So many classes are shown in a terminal, and in a full report."""
SQUARE = 10
"""Up to so many classes, it is told of each how often it is taken for each other."""
WIDE = 76
"""A table of classes by classes that is wider than this gives way to the worst pairs in a terminal."""
PAIRS_SHORT, PAIRS_FULL = 5, 25


def class_blocks(found: Assessment, *, full: bool) -> Iterator[Block]:
    """Precision, recall and count by class, and who is taken for whom; nothing for a regression."""
    if found.classes:
        yield from _by_class(found.classes, MOST_FULL if full else MOST_SHORT, weighted=found.held.weights is not None)
        yield from _confusion(found, full=full)


def _by_class(classes: tuple[ClassScore, ...], most: int, *, weighted: bool) -> Iterator[Block]:
    there = [one for one in classes if one.count]
    shown = classes if len(classes) <= most else sorted(there, key=lambda one: (np.isnan(one.f1), one.f1))[:most]
    title = "Class by class" if len(shown) == len(classes) else f"The {len(shown)} worst of {len(classes)} classes, by F1"
    yield Heading((title,), 2)
    rows = [
        ((one.name,), (percent(one.precision),), (percent(one.recall),), (percent(one.f1),), (f"{one.count:,}",)) for one in shown
    ]
    yield Table((("class",), ("precision",), ("recall",), ("F1",), ("rows",)), tuple(rows), "lrrrr")
    words = "Precision: of the rows taken for the class, those that are of it. Recall: of its rows, those that are found."
    absent = len(classes) - len(there)
    words += f" Of {absent} class{'' if absent == 1 else 'es'} there is no row here." if absent else ""
    yield Paragraph((words + (" Rows count by their weights, but in the last column." if weighted else ""),))


def _confusion(found: Assessment, *, full: bool) -> Iterator[Block]:
    names, table = found.model.classes, found.confusion
    assert names is not None
    assert table is not None
    wrong = int(table.sum() - np.trace(table))
    yield Heading(("Which class is taken for which",), 2)
    if not wrong:
        yield Paragraph(("None: all rows are taken for what they are.",))
        return
    longest = max(map(len, names))
    width = max(longest, 18) + 2 + sum(max(len(name), len(f"{table.max():,}")) + 2 for name in names)
    if len(names) <= SQUARE and (full or width <= WIDE):
        header: tuple[Words, ...] = (("true ↓ taken for →",), *((name,) for name in names))
        rows = [
            ((name,), *(_cell(int(n), right=row == column) for column, n in enumerate(table[row])))
            for row, name in enumerate(names)
        ]
        yield Table(header, tuple(rows), "l" + "r" * len(names))
        return
    most = PAIRS_FULL if full else PAIRS_SHORT
    pairs = sorted(
        ((int(table[t, p]), int(t), int(p)) for t, p in np.argwhere(table) if t != p), key=lambda pair: (-pair[0], pair[1:])
    )
    counts = table.sum(axis=1)
    lines = [((names[t],), (names[p],), (f"{n:,}",), (percent(n / counts[t]),)) for n, t, p in pairs[:most]]
    yield Table((("true class",), ("is taken for",), ("rows",), ("of its rows",)), tuple(lines), "llrr")
    if len(pairs) > most:
        yield Paragraph((f"These {most} pairs are {sum(n for n, _, _ in pairs[:most]):,} of {wrong:,} errors.",))


def _cell(count: int, *, right: bool) -> Words:
    shown = f"{count:,}" if count else "·"
    return (Strong(shown),) if right else (shown,)
