"""What a check found: one finding for each relation, and the report of a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["right", "convention", "wrong", "unread", "other"]
VERDICTS: tuple[Verdict, ...] = ("right", "convention", "wrong", "unread", "other")
NUDGED = "measured by nudging"


@dataclass(frozen=True, slots=True)
class Witness:
    """A small example in which a formula fails, with round numbers.

    `inputs` are names and values as text, in the document's notation; `author` is what the formula gives there, `measured` what
    nudging gives (or what is true), `corrected` what the correction gives; `entry` says which entry is shown, as "entry (1, 2)", or
    is empty.
    `how` says where `measured` comes from, where it is not by nudging: "true" for a forward equation or a number.
    """

    inputs: tuple[tuple[str, str], ...]
    quantity: str
    author: str
    measured: str
    corrected: str | None = None
    entry: str = ""
    how: str = NUDGED

    def __str__(self) -> str:
        """One line of it."""
        where = f" ({self.entry})" if self.entry else ""
        fixed = "" if self.corrected is None else f"; corrected: {self.corrected}"
        return f"{self.quantity}{where}: the formula gives {self.author}, {self.how}: {self.measured}{fixed}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One relation and its verdict. Lines and columns are counted from 1; the end is the place after the last character.

    `code` is that of a mistake (HG001 …) where the verdict is wrong, `marked` the offsets within `formula` of the part that is
    wrong, `follows` the line of an earlier mistake that this one repeats. `cell` is a notebook's cell from 1, and `file` is given
    where the formula stands in an included file.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    formula: str
    understood: str
    verdict: Verdict
    code: str | None = None
    message: str = ""
    correction: str | None = None
    witness: Witness | None = None
    marked: tuple[int, int] | None = None
    follows: int | None = None
    cell: int | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the document at a place, that is no relation's verdict: an unclosed $$, prose that contradicts the layout."""

    line: int
    column: int
    code: str | None
    message: str
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """The report of one document: its setting as (what, value) lines, its findings in order, what it never states, remarks.

    `error` says why a document could not be checked at all; all else is empty then.
    """

    file: str
    setting: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    error: str | None = None

    def count(self, *verdicts: Verdict) -> int:
        """How many findings have one of the verdicts."""
        return sum(finding.verdict in verdicts for finding in self.findings)

    @property
    def slips(self) -> int:
        """From how many different slips the wrong ones come: those that repeat an earlier mistake are not counted again."""
        return sum(finding.verdict == "wrong" and finding.follows is None for finding in self.findings)
