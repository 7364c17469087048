"""What every format of a report says: places, counts, what to do next; formulas on one line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from handgrad.check.findings import Checked, Finding, Remark
from handgrad.document.blocks import Table

HIDDEN = frozenset({"Cc", "Cf", "Cs"})
"""Categories of characters that could steer a terminal, turn the direction of writing or have no width."""


def cleaned(text: str) -> str:
    """The text on one line: blanks are single, and � stands for what could steer a terminal."""
    text = re.sub(r"\s+", " ", text)
    return text if text.isprintable() else "".join("\ufffd" if unicodedata.category(c) in HIDDEN else c for c in text)


def split(formula: str, marked: tuple[int, int] | None) -> tuple[str, str, str]:
    """A formula on one line, in three parts: before what is marked, that, and after it."""
    whole = cleaned(formula).strip()
    start, end = (len(cleaned(formula[:offset]).lstrip()) for offset in marked or (0, 0))
    inside = whole[start:end]
    start += len(inside) - len(inside.lstrip())
    end = start + len(inside.strip())
    return whole[:start], whole[start:end], whole[end:]


def place(found: Finding | Remark, document: str) -> str:
    """Where it stands, as compilers say it: notes.md:12:5, notes.ipynb:cell 3:2:1."""
    file = getattr(found, "file", None) or document
    cell = "" if found.cell is None else f"cell {found.cell}:"
    return cleaned(f"{file}:{cell}{found.line}:{found.column}")


def in_order(checked: Checked) -> Iterator[Finding | Remark]:
    """Findings in their order, and each remark before the first finding of the document that stands after it."""
    remarks = sorted(checked.remarks, key=_position, reverse=True)
    for finding in checked.findings:
        while remarks and finding.file is None and _position(remarks[-1]) <= _position(finding):
            yield remarks.pop()
        yield finding
    yield from reversed(remarks)


def _position(found: Finding | Remark) -> tuple[int, int, int]:
    return found.cell or 0, found.line, found.column


@dataclass(frozen=True, slots=True)
class Tally:
    """How many relations got which verdict, in one document or in several."""

    right: int = 0
    convention: int = 0
    wrong: int = 0
    slips: int = 0
    unread: int = 0
    other: int = 0
    remarks: int = 0
    """Remarks with a code, which are mistakes that are no relation's."""

    @classmethod
    def of(cls, documents: Iterable[Checked]) -> Tally:
        """Count over documents."""
        documents = tuple(documents)
        verdicts = {
            name: sum(each.count(name) for each in documents) for name in ("right", "convention", "wrong", "unread", "other")
        }
        coded = sum(remark.code is not None for each in documents for remark in each.remarks)
        return cls(**verdicts, slips=sum(each.slips for each in documents), remarks=coded)

    @property
    def read(self) -> int:
        """How many relations were read."""
        return self.right + self.convention + self.wrong

    @property
    def relations(self) -> int:
        """How many relations there are about dense networks, as far as can be told: those read and those not read."""
        return self.read + self.unread

    @property
    def mistakes(self) -> int:
        """How many mistakes there are, in relations and outside them."""
        return self.wrong + self.remarks

    @property
    def share(self) -> float:
        """How many of the relations were read, from 0 to 1; 0 where there are none."""
        return self.read / self.relations if self.relations else 0.0

    def __str__(self) -> str:
        """One line, as "read 19 of 20 relations: 9 right, 1 by convention, 9 wrong from 8 different slips; 1 not read"."""
        if not self.relations:
            return f"no relations about dense networks were found{self._others()}"
        verdicts = [f"{self.right} right", f"{self.convention} by convention" if self.convention else "", self._wrong()]
        unread = f"; {self.unread} not read" if self.unread else ""
        found = f": {', '.join(filter(None, verdicts))}" if self.read else ""
        return f"read {self.read} of {counted(self.relations, 'relation')}{found}{unread}{self._others()}"

    def _wrong(self) -> str:
        if not self.wrong:
            return "none wrong"
        if not self.slips:
            return f"{self.wrong} wrong that follow from slips elsewhere"
        return f"{self.wrong} wrong from {counted(self.slips, 'slip' if self.slips == 1 else 'different slip')}"

    def _others(self) -> str:
        more = f"; {self.other} about something else" if self.other else ""
        return more + (f"; {counted(self.remarks, 'mistake')} outside the relations" if self.remarks else "")


def counted(number: int, noun: str) -> str:
    """A number and its noun, which takes an s.

    >>> counted(1, "slip"), counted(2, "slip")
    ('1 slip', '2 slips')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def next_steps(checked: Checked, *, witness: bool = False, show: bool = False) -> list[str]:
    """What the reader can do now, in a few sentences; `witness` and `show` say that these options were given already."""
    tally = Tally.of([checked])
    steps = []
    if tally.slips:
        codes = [finding.code for finding in checked.findings if finding.verdict == "wrong" and finding.code]
        more = f"`handgrad check --explain {codes[0]}` tells about this kind of mistake" if codes else ""
        numbers = "--witness shows its numbers in full" if not witness and any(f.witness for f in checked.findings) else ""
        steps.append("Correct the first mistake and check again: others may follow from it.")
        if more or numbers:
            steps.append("; ".join(filter(None, (more, numbers))) + ".")
    if tally.wrong and checked.setting:
        steps.append("If the setting is not the one that was meant, state it: --network, --loss, --layout, --weights.")
    if tally.unread:
        steps.append("What was not read was not checked: write it as an equation between quantities that the document names.")
    if not tally.relations:
        steps.append("Formulas are read between $ … $, in ```math fences, as lines of plain text or as NumPy.")
    elif not tally.slips and not show:
        steps.append("--show prints how each formula was understood, which is what the verdicts rest on.")
    return steps


def overview(documents: Iterable[Checked]) -> Table:
    """A line for each document."""
    tallies = [(checked, Tally.of([checked])) for checked in documents]
    names = ["right", "convention", "wrong", "slips", *(["remarks"] if any(tally.remarks for _, tally in tallies) else [])]
    rows = []
    for checked, tally in tallies:
        numbers = (f"{tally.read} of {tally.relations}", *(getattr(tally, name) for name in names))
        words = tuple((str(number),) for number in numbers) if checked.error is None else (("not checked",),)
        rows.append(((cleaned(checked.file),), *words))
    header = tuple((name,) for name in ("file", "read", *names))
    return Table(header, tuple(rows), "l" + "r" * (len(header) - 1))
