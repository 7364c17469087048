"""A report as a document, which is written as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from handgrad.calculus.notation import Notation
from handgrad.check.codes import KINDS, Kind
from handgrad.check.findings import Checked, Finding, Remark, Witness
from handgrad.check.reporting.data import to_data
from handgrad.check.reporting.words import Tally, cleaned, counted, in_order, next_steps, overview, place
from handgrad.document.blocks import Aside, Block, Bullets, Code, Document, Heading, Paragraph, Program, Strong, Table, Words


def to_document(documents: Sequence[Checked], *, witness: bool = False, show: bool = False) -> Document:
    """The report of documents; its data is that of JSON.

    `witness` shows the numbers of every mistake in full, `show` how each formula was understood.
    """
    blocks: list[Block] = []
    for checked in documents:
        blocks.append(Heading((Code(cleaned(checked.file)),)))
        blocks += _blocks(checked, witness=witness, show=show) if checked.error is None else [Aside("warning", (checked.error,))]
    if len(documents) > 1:
        blocks += [Heading((counted(len(documents), "file"),)), Paragraph((f"{Tally.of(documents)}.",)), overview(documents)]
    return Document(("Derivations, checked",), tuple(blocks), Notation(), lambda: to_data(documents))


def _blocks(checked: Checked, *, witness: bool, show: bool) -> Iterator[Block]:
    if checked.setting:
        rows = tuple(((cleaned(what),), (cleaned(value),)) for what, value in checked.setting)
        yield Table((("read as",), ("",)), rows)
    yield Paragraph((Strong(f"{Tally.of([checked])}."),))
    found = tuple(in_order(checked))
    for each in found:
        if isinstance(each, Remark):
            yield from _remark(each, checked.file)
        elif each.verdict == "wrong":
            yield from _wrong(each, checked.file, witness=witness)
    yield from _listed("Right by convention", [each for each in checked.findings if each.verdict == "convention"], checked.file)
    yield from _listed("Not read", [each for each in checked.findings if each.verdict == "unread"], checked.file)
    if checked.missing:
        yield Heading(("Never stated",), 2)
        yield Bullets(tuple((cleaned(what),) for what in checked.missing))
    if show:
        yield Heading(("How each formula was understood",), 2)
        understood = tuple(
            ((f"{each.line}:{each.column}",), (Code(cleaned(each.formula)),), _code(each.understood), (str(each.verdict),))
            for each in checked.findings
        )
        yield Table((("place",), ("formula",), ("understood",), ("verdict",)), understood)
    steps = next_steps(checked, witness=witness, show=show)
    if steps:
        yield Heading(("What to do next",), 2)
        yield Bullets(tuple(_ticked(step) for step in steps))


def _remark(remark: Remark, document: str) -> Iterator[Block]:
    if remark.code is None:
        yield Aside("warning", (f"{place(remark, document)}: {remark.message}",))
    else:
        yield Heading(_title(remark, remark.code, document), 2)
        yield Paragraph((cleaned(remark.message),))


def _wrong(finding: Finding, document: str, *, witness: bool) -> Iterator[Block]:
    yield Heading(_title(finding, finding.code, document), 2)
    follows = f" Follows from the mistake in line {finding.follows}." if finding.follows is not None else ""
    yield Paragraph((cleaned(finding.message) + follows,))
    correction = "" if finding.correction is None else f"\n+ {cleaned(finding.correction)}"
    yield Program(f"- {cleaned(finding.formula)}{correction}", "diff")
    if finding.witness is not None and witness:
        yield from witness_blocks(finding.witness)
    elif finding.witness is not None:
        yield Paragraph((f"Witness: {cleaned(str(finding.witness))}.",))


def witness_blocks(witness: Witness) -> Iterator[Block]:
    """A witness in full: inputs, and what comes out of them."""
    entry = f", {witness.entry}" if witness.entry else ""
    rows = [((name,), _code(value)) for name, value in witness.inputs]
    rows += [(("the formula gives",), _code(witness.author)), ((witness.how,), _code(witness.measured))]
    if witness.corrected is not None:
        rows.append((("the correction gives",), _code(witness.corrected)))
    yield Table(((f"witness: {witness.quantity}{entry}",), ("",)), tuple(rows))


def _title(found: Finding | Remark, code: str | None, document: str) -> Words:
    name = f" {KINDS[code].name}" if code in KINDS else ""
    return (f"{place(found, document)}: {code or 'wrong'}{name}",)


def _listed(title: str, findings: Sequence[Finding], document: str) -> Iterator[Block]:
    if findings:
        yield Heading((title,), 2)
        yield Bullets(
            tuple((f"{place(each, document)}: ", *_code(each.formula), f" {cleaned(each.message)}".rstrip()) for each in findings)
        )


def _code(source: str) -> Words:
    return (Code(cleaned(source)),) if source.strip() else ()


def _ticked(text: str) -> Words:
    """A sentence in which what stands between backticks is code."""
    return tuple(Code(part) if number % 2 else part for number, part in enumerate(text.split("`")) if part)


def kind_document(kind: Kind) -> Document:
    """What a kind of mistake is, with its example and witness."""
    blocks: list[Block] = [Paragraph((kind.what,)), Paragraph(("Wrong:",)), Program(kind.wrong, "text")]
    blocks += [Paragraph(("Right:",)), Program(kind.right, "text"), Paragraph((kind.names,))]
    if kind.witness is not None:
        blocks += witness_blocks(kind.witness)
    data = {"code": kind.code, "name": kind.name, "what": kind.what, "wrong": kind.wrong, "right": kind.right, "names": kind.names}
    witness = None if kind.witness is None else {"inputs": dict(kind.witness.inputs), "text": str(kind.witness)}
    return Document((f"{kind.code} {kind.name}",), tuple(blocks), Notation(), lambda: data | {"witness": witness})


def kinds_document() -> Document:
    """All kinds of mistakes."""
    rows = tuple(((kind.code,), (kind.name,), (kind.what,)) for kind in KINDS.values())
    table = Table((("code",), ("name",), ("what it is",)), rows)
    data = {"kinds": [{"code": kind.code, "name": kind.name, "what": kind.what} for kind in KINDS.values()]}
    return Document(("The kinds of mistakes",), (table,), Notation(), lambda: data)
