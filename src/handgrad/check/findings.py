"""What a check found: one finding for each relation, and the report of a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from handgrad.document.blocks import Document

Verdict: TypeAlias = Literal["right", "convention", "wrong", "unread", "other"]
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

    `error` says why a document could not be checked at all; all else is empty then. As text it is what the command prints, and a
    notebook shows it as a page.
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

    def document(self, *, witness: bool = False, show: bool = False) -> Document:
        """The report as a document; `witness` shows the numbers of each mistake in full, `show` how each formula was understood."""
        from handgrad.check.reporting.markdown import to_document  # what is found knows no format until it is written in one

        return to_document((self,), witness=witness, show=show)

    def to_text(self, width: int = 100, *, witness: bool = False, show: bool = False, quiet: bool = False) -> str:
        """What the command prints to a terminal of so many columns; `quiet` leaves one line for each mistake, and the counts."""
        from handgrad.check.reporting.terminal import to_text

        return to_text((self,), width, witness=witness, show=show, quiet=quiet)

    def to_markdown(self, *, witness: bool = False, show: bool = False) -> str:
        """Markdown that GitHub renders."""
        return self.document(witness=witness, show=show).to("markdown")

    def to_html(self, *, witness: bool = False, show: bool = False) -> str:
        """A web page in one file."""
        return self.document(witness=witness, show=show).to("html")

    def to_json(self) -> str:
        """The setting, and every formula with its place and verdict, as the command's JSON."""
        return self.document().to("json")

    def __str__(self) -> str:
        return self.to_text().rstrip("\n")

    def _repr_html_(self) -> str:
        return self.document()._repr_html_()
