"""Checking a document: its text is read, parsed, understood and judged, relation by relation."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path

from handgrad.check.findings import Checked, Finding
from handgrad.check.options import Options
from handgrad.check.reading import Passage, Read, read, read_file
from handgrad.check.tree import Statement, Unreadable, walk

SECONDS = 5.0
"""When one document has been judged; what is left then is reported as not read."""
PARSED = 0.5
"""By which share of that time its formulas are parsed."""
LAST_SECONDS = 1.0
"""How long what is said of a document as a whole may take after that."""
MOST_RELATIONS = 2000


def check(
    text: str,
    *,
    network: str | None = None,
    loss: str | None = None,
    layout: str | None = None,
    weights: str | None = None,
    name: str = "<text>",
) -> Checked:
    r"""Check a derivation that is given as text: Markdown, plain equations, LaTeX or NumPy.

    What is stated need not be inferred: `network` ("4-3:relu-1:sigmoid"), `loss` ("half_squared_error"), `layout` (the examples are
    the "columns" or "rows" of X, or there is a "single" one) and `weights` ("out-in" where the rows of W are units, or "in-out").
    `name` is what the report calls the text; its ending (.tex, .rst, .ipynb, .py) tells what kind it is, which is else Markdown.

    Returns a Checked with a finding for each relation; its text is the report. Raises HandgradError for what cannot be checked, and
    for options that do not exist.

    >>> checked = check(r"$Z = W X$, $A = \sigma(Z)$, $J = \frac{1}{2} (A - Y)^2$, $dZ = (A - Y) \odot \sigma'(A)$")
    >>> [(finding.line, finding.column, finding.code, finding.correction) for finding in checked.findings if finding.code]
    [(1, 59, 'HG006', "dZ = (A - Y) \\odot \\sigma'(Z)")]
    """
    return check_text(text, name, Options(network, loss, layout, weights))


def check_text(text: str, name: str, options: Options) -> Checked:
    """Check a document that is given as text; `name` is the name it is reported by, whose ending tells what kind of text it is."""
    begin = time.process_time()
    return _checked(read(text, name), name, options, begin)


def check_file(path: Path, options: Options) -> Checked:
    """Check a file. Raises HandgradError where it cannot be read."""
    begin = time.process_time()
    return _checked(read_file(path), str(path), options, begin)


def _checked(found: Read, name: str, options: Options, begin: float) -> Checked:
    import numpy as np

    from handgrad.check.judging.judged import Judged
    from handgrad.check.judging.judging import Judge
    from handgrad.check.judging.limits import late, until
    from handgrad.check.judging.missing import missing
    from handgrad.check.judging.reviewing import Reviewer
    from handgrad.check.understanding.inferring import understand
    from handgrad.check.understanding.relations import relations_of
    from handgrad.check.understanding.remarks import remarks
    from handgrad.check.understanding.shown import setting_lines, understood
    from handgrad.check.understanding.stated import stated

    options = options.merged(found.front_matter)
    statements, functions = _parsed(found, deadline=begin + PARSED * SECONDS)
    deadline = begin + SECONDS
    relations = relations_of(statements)
    known = relations[:MOST_RELATIONS]
    with until(deadline), np.errstate(all="ignore"):  # what is not finite is no verdict's ground, and nothing to warn of
        understanding = understand(known, stated(prose.text for prose in found.prose), options, functions, deadline=deadline)
        judge = Judge(understanding, known, deadline=deadline)
        judged = judge.all()
        if known:
            Reviewer(judge, known[0].passage.source.text, found.macros).review(judged)
    judged += [Judged(r, message=f"only the first {MOST_RELATIONS} relations are judged") for r in relations[MOST_RELATIONS:]]
    with until(time.process_time() + LAST_SECONDS), np.errstate(all="ignore"):
        placed = [*((j.relation.span[0], _finding(j, understood(j))) for j in judged), *_without_relation(statements)]
        setting, remarked = setting_lines(understanding, judged), remarks(found, known, understanding, judged)
        lacking = missing(judged, understanding)
        if late():  # what was not looked at is not missing
            lacking = ()
    findings = tuple(finding for _, finding in sorted(placed, key=lambda pair: pair[0]))
    return Checked(name, tuple(setting), findings, lacking, tuple(remarked))


def _parsed(found: Read, *, deadline: float) -> tuple[list[tuple[Passage, tuple[Statement, ...]]], frozenset[str]]:
    from handgrad.check.parsing import collect_functions, collect_names, parse
    from handgrad.check.parsing.bounds import bounded
    from handgrad.check.parsing.numpy_code import parse_numpy

    texts = [(p.text, p.kind) for p in found.passages]
    functions = collect_functions(takewhile(lambda _: time.process_time() < deadline, texts))
    names = collect_names(texts)
    statements = []
    for passage in found.passages:
        parsed: Sequence[Statement]
        if time.process_time() > deadline:
            span = (passage.start, passage.end)
            parsed = (Statement((Unreadable(span, "this document takes too long to be read in full"),), (), (), span),)
        elif passage.kind == "numpy":
            parsed = parse_numpy(passage.text, passage.start)
        else:
            parsed = parse(passage.text, passage.start, passage.kind, functions=functions, names=names, macros=found.macros)
        statements.append((passage, bounded(parsed)))
    return statements, functions


def _finding(judged: object, understood: str) -> Finding:
    from handgrad.check.judging.judged import Judged

    assert isinstance(judged, Judged)
    relation = judged.relation
    start, end = relation.span
    text = relation.text
    first = relation.passage.source.place(start)
    last = relation.passage.source.place(end)
    marked = None
    if judged.marked is not None:
        inside = (judged.marked[0] - start, judged.marked[1] - start)
        marked = inside if 0 <= inside[0] <= inside[1] <= len(text) else None
    wrong = judged.verdict == "wrong"
    return Finding(
        first.line, first.column, last.line, last.column, text, understood, judged.verdict, judged.code if wrong else None,
        judged.message, judged.correction if wrong else None, judged.witness, marked, judged.follows, first.cell, first.file,
    )  # fmt: skip


def _without_relation(statements: Sequence[tuple[Passage, Sequence[Statement]]]) -> Iterable[tuple[int, Finding]]:
    """Displays that state no relation: what could not be read, or a formula alone; each with its offset."""
    for passage, parsed in statements:
        for statement in parsed:
            if statement.ops or not (passage.display or passage.kind == "numpy"):
                continue
            side = statement.sides[0]
            reasons = [part.reason for part in walk(side) if isinstance(part, Unreadable)] if side is not None else []
            first, last = (passage.source.place(offset) for offset in statement.span)
            text = passage.text[statement.span[0] - passage.start : statement.span[1] - passage.start].strip()
            if not text:
                continue
            finding = Finding(
                first.line, first.column, last.line, last.column, text, "", "unread" if reasons else "other",
                message=reasons[0] if reasons else "a formula that states no relation", cell=first.cell, file=first.file,
            )  # fmt: skip
            yield statement.span[0], finding


__all__ = ["Checked", "check", "check_file", "check_text"]
