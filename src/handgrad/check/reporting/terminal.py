"""A report as a good compiler writes it: plain text, and the same in colours on a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

from rich.console import Console
from rich.text import Text

from handgrad.calculus.boxes import columns
from handgrad.calculus.notation import Notation
from handgrad.check.findings import Checked, Finding, Remark, Witness
from handgrad.check.reporting.words import Tally, cleaned, counted, in_order, next_steps, overview, place, split
from handgrad.document.blocks import Document, Paragraph
from handgrad.document.terminal import to_text as document_to_text

GUTTER = "    | "
FIELD = "    = "
NARROWEST = 40
"""Narrower than this nothing can be read; lines are then longer than the terminal."""
STYLES = {"wrong": "bold red", "unread": "yellow", "right": "green", "convention": "cyan", "other": "dim"}
CUT = "…"
TOKEN = re.compile(r"\\[A-Za-z]+|[^\W\d_]+|.", re.DOTALL)
"""What stands out as a whole where it was changed: a command, a word, a character."""


def to_text(
    documents: Iterable[Checked], width: int = 100, *, witness: bool = False, show: bool = False, quiet: bool = False
) -> str:
    """The report as plain text for a terminal of so many columns; every line ends in a line break.

    `witness` shows the numbers of every mistake in full, `show` how each formula was understood; `quiet` leaves one line for each
    mistake, which is not broken, and the counts.
    """
    lines = _Layout(width, witness=witness, show=show, quiet=quiet).lines(documents)
    return "".join(f"{line.plain.rstrip()}\n" for line in lines)


def print_to(
    documents: Iterable[Checked], console: Console, *, witness: bool = False, show: bool = False, quiet: bool = False
) -> None:
    """Print the report in colours, each document as it comes; the layout is that of `to_text`."""
    for line in _Layout(console.width, witness=witness, show=show, quiet=quiet).lines(documents):
        console.print(line, soft_wrap=True)


def shortened(before: str, inside: str, after: str, room: int) -> tuple[str, str, str]:
    """A formula in three parts, cut around the one in the middle to so many columns; … stands for what is left out.

    >>> shortened("a" * 30, "wrong", "b" * 30, 20)
    ('…aaaaaaa', 'wrong', 'bbbbbb…')
    """
    if columns(before + inside + after) <= room:
        return before, inside, after
    room -= columns(inside) + columns(CUT)
    if room < 2 * columns(CUT):  # the middle alone is too long
        before, lead = "", CUT if before else ""
        return lead, _fitting(inside, room + columns(inside) - columns(lead)) + CUT, ""
    half = room // 2
    if columns(before) <= half:
        return before, inside, _fitting(after, room - columns(before)) + CUT
    if columns(after) <= half:
        return CUT + _fitting(before, room - columns(after), last=True), inside, after
    return CUT + _fitting(before, half, last=True), inside, _fitting(after, room - half - columns(CUT)) + CUT


def _fitting(text: str, room: int, *, last: bool = False) -> str:
    """As much of the beginning (or of the end) of a text as so many columns hold."""
    characters = reversed(text) if last else iter(text)
    count = sum(width <= room for width in accumulate(map(columns, characters)))
    return text[len(text) - count :] if last else text[:count]


class _Layout:
    """A report as lines of styled text."""

    def __init__(self, width: int, *, witness: bool, show: bool, quiet: bool) -> None:
        self.width, self.witness, self.show, self.quiet = max(width, NARROWEST), witness, show, quiet

    def lines(self, documents: Iterable[Checked]) -> Iterator[Text]:
        seen: list[Checked] = []
        for checked in documents:
            if checked.error is None:
                if not self.quiet and any(each.error is None for each in seen):
                    yield Text()
                yield from self.brief(checked) if self.quiet else self.document(checked)
            seen.append(checked)
        if len(seen) > 1 and not self.quiet:
            table = Document((counted(len(seen), "file"),), (overview(seen), Paragraph((f"{Tally.of(seen)}.",))), Notation())
            yield Text()
            yield from map(Text, document_to_text(table, self.width).splitlines())

    def brief(self, checked: Checked) -> Iterator[Text]:
        """One line for each mistake, and the counts."""
        for found in in_order(checked):
            if isinstance(found, Remark) or found.verdict == "wrong":
                yield self.headline(found, checked.file)
        yield Text(f"{cleaned(checked.file)}: {Tally.of([checked])}")

    def document(self, checked: Checked) -> Iterator[Text]:
        name = cleaned(checked.file)
        yield Text.assemble((name, "bold"), " is read as" if checked.setting else ": no setting is stated or could be inferred")
        names = max((columns(cleaned(what)) for what, _ in checked.setting), default=0)
        for what, value in checked.setting:
            lead = cleaned(what)
            yield from self.hanging(Text(f"  {lead}{' ' * (names - columns(lead))}  ", "dim"), Text(cleaned(value)))
        dense = False
        for found in in_order(checked):
            if isinstance(found, Finding) and not self.show and found.verdict not in {"wrong", "convention"}:
                continue
            tall = self.show or (isinstance(found, Finding) and found.verdict == "wrong")
            if tall or not dense:
                yield Text()
            yield from self.found(found, checked.file)
            dense = not tall
        yield from self.summary(checked)

    def found(self, found: Finding | Remark, document: str) -> Iterator[Text]:
        """A finding or a remark: where and what, the formula, the correction and the witness."""
        yield from self.hanging(Text(), self.headline(found, document), indent=4)
        if isinstance(found, Remark) or not (self.show or found.verdict == "wrong"):
            return
        yield from self.marked(found)
        if self.show and found.understood:
            yield from self.field("understood", Text(cleaned(found.understood)))
        if found.follows is not None:
            yield from self.field("note", Text(f"follows from the mistake in line {found.follows}"))
        if found.correction is not None:
            yield from self.field("correction", self.changed(found))
        if found.witness is not None and self.witness:
            yield from self.numbers(found.witness)
        elif found.witness is not None:
            yield from self.field("witness", Text(cleaned(str(found.witness))))

    def headline(self, found: Finding | Remark, document: str) -> Text:
        """The place, the code or the verdict, and the sentence."""
        where = (f"{place(found, document)}: ", "bold")
        if isinstance(found, Remark):
            mark, style = (found.code, STYLES["wrong"]) if found.code else ("warning:", "yellow")
        else:
            known = {"wrong": found.code or "wrong:", "convention": "note:", "unread": "not read:"}
            mark, style = known.get(found.verdict, f"{found.verdict}:"), STYLES[found.verdict]
        sentence = cleaned(self.sentence(found))
        return Text.assemble(where, (mark if sentence else mark.rstrip(":"), style), " " if sentence else "", sentence)

    @staticmethod
    def sentence(found: Finding | Remark) -> str:
        if found.message or isinstance(found, Remark):
            return found.message
        return {"convention": f"right by convention: {found.formula}", "other": "not an equation about a dense network"}.get(
            found.verdict, ""
        )

    def marked(self, finding: Finding) -> Iterator[Text]:
        """The formula on one line, cut where it is too long, and carets under what is wrong."""
        parts = split(finding.formula, finding.marked)
        before, inside, after = shortened(*parts, self.width - len(GUTTER))
        style = STYLES[finding.verdict] if finding.marked else ""
        yield Text.assemble((GUTTER, "blue"), before, (inside, style), after)
        if finding.marked:
            carets = "^" * max(columns(inside), 1)
            yield Text.assemble((GUTTER, "blue"), " " * columns(before), (carets, style))

    @staticmethod
    def changed(finding: Finding) -> Text:
        """The correction, in which what differs from the formula stands out."""
        old, new = (TOKEN.findall(cleaned(text or "").strip()) for text in (finding.formula, finding.correction))
        shortest = min(len(old), len(new))
        start = next((n for n in range(shortest) if old[n] != new[n]), shortest)
        end = next((n for n in range(shortest - start) if old[-1 - n] != new[-1 - n]), shortest - start)
        parts = new[:start], new[start : len(new) - end], new[len(new) - end :]
        return Text.assemble("".join(parts[0]), ("".join(parts[1]), "bold green"), "".join(parts[2]))

    def field(self, name: str, value: Text) -> Iterator[Text]:
        return self.hanging(Text.assemble((FIELD, "blue"), (f"{name}: ", "bold")), value, indent=len(FIELD) + 2)

    def numbers(self, witness: Witness) -> Iterator[Text]:
        """A witness in full: inputs, and what comes out of them."""
        entry = f", {witness.entry}" if witness.entry else ""
        yield from self.field("witness", Text(f"{cleaned(witness.quantity)}{entry}, worked out with"))
        yield from self.aligned(witness.inputs)
        results = [("the formula gives", witness.author), (witness.how, witness.measured)]
        if witness.corrected is not None:
            results.append(("the correction gives", witness.corrected))
        yield Text()
        yield from self.aligned(results)

    def aligned(self, pairs: Iterable[tuple[str, str]]) -> Iterator[Text]:
        """Names and values under each other; a value may have several lines."""
        pairs = tuple(pairs)
        names = max((columns(cleaned(name)) for name, _ in pairs), default=0)
        for name, value in pairs:
            lead = f"{' ' * len(FIELD)}  {cleaned(name)}{' ' * (names - columns(cleaned(name)))}  "
            for number, line in enumerate(value.splitlines() or [""]):
                yield from self.hanging(Text(" " * columns(lead) if number else lead), Text(cleaned(line)))

    def summary(self, checked: Checked) -> Iterator[Text]:
        """How many were read and how they were judged, what is missing, what was not read, and what to do next."""
        yield Text()
        yield from self.hanging(Text(), Text(str(Tally.of([checked])), "bold"), indent=2)
        if checked.missing:
            yield from self.hanging(Text("never stated: "), Text(cleaned("; ".join(checked.missing))), indent=2)
        unread = [finding for finding in checked.findings if finding.verdict == "unread"]
        if unread and not self.show:
            yield Text("not read:", STYLES["unread"])
            for finding in unread:
                reason = cleaned(finding.message or "no reason is known")
                yield from self.hanging(Text(), Text(f"  {place(finding, checked.file)}: {reason}"), indent=6)
        steps = next_steps(checked, witness=self.witness, show=self.show)
        if steps:
            yield Text()
        for number, step in enumerate(steps):
            yield from self.hanging(Text("      " if number else "next: ", "dim"), Text(step))

    def hanging(self, lead: Text, words: Text, indent: int | None = None) -> Iterator[Text]:
        """Words after a lead, broken to the width; the lines that follow are indented, as far as the lead unless it is said."""
        used = columns(lead.plain)
        indent = used if indent is None else indent
        first, rest = (max(self.width - taken, NARROWEST // 2) for taken in (used, indent))
        for number, line in enumerate(words.divide(_breaks(words.plain, first, rest))):
            yield Text.assemble(" " * indent if number else lead, line[1:] if number and line.plain.startswith(" ") else line)


def _breaks(text: str, first: int, rest: int) -> list[int]:
    """Where a text with single blanks is broken into lines, the first of so many columns: before blanks, and in too long words."""
    found, room, used = [], first, 0
    for word in re.finditer(" ?[^ ]+", text):
        width = columns(word[0])
        if used and used + width > room:
            found.append(word.start())
            room, used, width = rest, 0, width - word[0].startswith(" ")
        if width > room:
            for offset, character in enumerate(word[0], word.start()):
                if used + columns(character) > room:
                    found.append(offset)
                    room, used = rest, 0
                used += columns(character)
        else:
            used += width
    return found
