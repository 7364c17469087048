"""An assessment as a document: the short one for a terminal, the full one for a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from handgrad.assessment.classes_page import class_blocks
from handgrad.assessment.details_page import NOTATION, detail_blocks
from handgrad.assessment.importance import MOST_COLUMNS
from handgrad.assessment.numerals import score, seconds, size
from handgrad.assessment.report import Assessment
from handgrad.assessment.scores import SMALLER_IS_BETTER
from handgrad.calculus.notation import find_notation
from handgrad.document.blocks import (
    Aside,
    Bar,
    BarChart,
    Block,
    Bullets,
    Code,
    Curve,
    Document,
    Heading,
    LineChart,
    Paragraph,
    Strong,
    Table,
    Words,
)
from handgrad.engine.runs.metrics import LABELS

MOST_BARS, MOST_NOTES = 15, 10
"""So many columns, and notes, are shown in a terminal."""


def document(found: Assessment, *, full: bool) -> Document:
    """The report of an assessment; its first line, the title, says whether the network is worth having."""
    return Document((found.verdict,), tuple(_blocks(found, full=full)), find_notation(NOTATION), found.data)


def _blocks(found: Assessment, *, full: bool) -> Iterator[Block]:
    yield _comparison(found)
    yield from _remarks_on_baselines(found)
    yield from _warnings(found)
    yield from _errors(found)
    yield from class_blocks(found, full=full)
    yield from _importances(found, full=full)
    yield from _course(found, full=full)
    yield from _notes(found, full=full)
    if full:
        yield from detail_blocks(found)


def _comparison(found: Assessment) -> Table:
    """The network beside the baselines, or beside its own scores when it was trained; the best of each score stands out."""
    rows: list[tuple[str, Mapping[str, float], float | None]] = []
    took = None if found.course is None else found.course.seconds
    rows.append(("network" if found.held_out else "on these rows", found.scores, took))
    rows += [(one.name, one.scores, one.seconds) for one in found.baselines if one.scores]
    before = found.model.provenance.get("hold_out")
    if not found.held_out and isinstance(before, Mapping):
        numbers = {name: float(value) for name, value in before.items() if isinstance(value, int | float)}
        rows.append(("held out when it was trained", numbers, None))
    names = list(found.scores)
    timed = any(time is not None for _, _, time in rows)
    best = {name: _best(name, [scores.get(name, np.nan) for _, scores, _ in rows]) for name in names} if found.baselines else {}
    lines: list[tuple[Words, ...]] = []
    for method, scores, time in rows:
        cells: list[Words] = [(method,)]
        for name in names:
            value = scores.get(name, float("nan"))
            shown = score(name, value)
            cells.append((Strong(shown),) if value == best.get(name) else (shown,))
        lines.append((*cells, ("–" if time is None else seconds(time),)) if timed else tuple(cells))
    header: tuple[Words, ...] = (("",), *((name,) for name in names), *([("seconds",)] if timed else []))
    return Table(header, tuple(lines), "l" + "r" * (len(header) - 1))


def _best(name: str, values: list[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return float("nan") if not finite else min(finite) if name in SMALLER_IS_BETTER else max(finite)


def _remarks_on_baselines(found: Assessment) -> Iterator[Block]:
    told = [f"{one.name}: {one.told}." for one in found.baselines if one.told]
    told += [f"There is no score of the {one.name}: {one.failed}." for one in found.baselines if one.failed]
    if found.error > 0:  # where all rows are right it cannot be told from them
        error = f"{found.error:.2g} (one standard error)"
        told.insert(0, f"On as many other rows the network's {found.model.metric} would differ by about {error}.")
    if told:
        yield Paragraph((" ".join(told),))


def _warnings(found: Assessment) -> Iterator[Block]:
    what = "R²" if found.model.classes is None else "balanced accuracy"
    if found.alone:
        named = ", ".join(f"{one.column} ({what} {one.score:.3f})" for one in found.alone[:MOST_BARS])
        named += f" and {len(found.alone) - MOST_BARS} more" if len(found.alone) > MOST_BARS else ""
        words = f"By itself {named} predicts" if len(found.alone) == 1 else f"Each by itself, {named} predict"
        words += f" {found.model.target or 'the target'}. If that is not known yet when a prediction is wanted, the scores promise "
        words += "too much: "
        yield Aside("warning", (words, "leave it out with ", Code("--drop"), "."))
    if found.imbalance:
        yield Aside("warning", (found.imbalance,))
    course = found.course
    limited = "time_limit" in found.model.provenance
    if course and course.scores and course.stopped == "finished" and course.best_epoch == len(course.losses) and not limited:
        words = f"The last epoch ({course.best_epoch}) was still the best: more may do better, with "
        yield Aside("note", (words, Code("--epochs"), "."))


def _errors(found: Assessment) -> Iterator[Block]:
    if not found.error_quantiles:
        return
    rows = [_error_row(share, value) for share, value in found.error_quantiles.items()]
    yield Heading((f"How far predictions of {found.model.target or 'the target'} are off",), 2)
    yield Table((("of the rows",), ("off by at most",)), tuple(rows), "lr")
    y, weights = found.held.y, found.held.weights
    mean = float(np.average(y, weights=weights))
    yield Paragraph(
        (f"In the target's own units; it lies between {size(float(y.min()))} and {size(float(y.max()))}, {size(mean)} on average.",)
    )


def _error_row(share: int, value: float) -> tuple[Words, Words]:
    return ("all",) if share == 100 else (f"{share} %",), (size(value),)


def _importances(found: Assessment, *, full: bool) -> Iterator[Block]:
    if not found.importances:
        return
    shown = found.importances if full else [one for one in found.importances if one.drop > one.error][:MOST_BARS]
    metric = found.model.metric
    total = len(found.encoding.columns) if found.encoding is not None else found.model.network.widths[0]
    caption = f"By how much {metric} falls when a column's values are shuffled among the rows. Columns that tell the same share it."
    if total > len(found.importances):
        caption += f" Of {total:,} columns, the {MOST_COLUMNS} that the first layer weighs most were looked at."
    rest = [one for one in found.importances if one not in shown]
    if not shown:
        caption += " For no column it falls by more than its own error."
    elif rest:
        which = f"the other {'one' if len(rest) == 1 else len(rest)}"
        caption += f" For {which} it falls by {score(metric, max(0.0, *(one.drop for one in rest)))} at most."
    yield Heading(("Which columns matter",), 2)
    if not shown:
        yield Paragraph((caption,))
        return
    yield BarChart(tuple(Bar(one.column, one.drop, one.error) for one in shown), (caption,), f"fall of {metric}")


def _course(found: Assessment, *, full: bool) -> Iterator[Block]:
    course = found.course
    if course is None or len(course.losses) < 2:
        return
    name = LABELS.get(course.metric, course.metric)
    yield Heading(("How training went",), 2)
    loss = Curve("training loss", course.losses)
    mark = {"mark": course.best_epoch, "mark_words": f"epoch {course.best_epoch} is kept"} if course.scores else {}
    if course.scores and name == "loss":
        yield LineChart((loss, Curve("validation loss", course.scores)), _about(found), up="loss", **mark)  # type: ignore[arg-type]
        return
    if course.scores:
        yield LineChart((Curve(f"validation {name}", course.scores),), _about(found), up=name, **mark)  # type: ignore[arg-type]
    if full or not course.scores:
        yield LineChart((loss,), () if course.scores else _about(found), up="loss")


def _about(found: Assessment) -> Words:
    assert found.course is not None
    course, smoothed = found.course, found.model.network.label_smoothing or found.model.network.l2
    why = ENDS.get(course.stopped, course.stopped)
    if course.stopped == "finished" and "time_limit" in found.model.provenance:
        why = "as many as fit into the time limit"
    words = f"{len(course.losses)} epochs in {seconds(course.seconds)} s, {why}."
    return (words + (" The training loss counts label smoothing and penalty, validation does not." if smoothed else ""),)


ENDS = {
    "finished": "all that were wanted",
    "early stopping": "then no epoch was better for long enough",
    "interrupted": "then interrupted",
    "callback": "then the time was over",
}
"""Why a run ended, as a caption says it; else by the run's own word."""


def _notes(found: Assessment, *, full: bool) -> Iterator[Block]:
    notes = [*found.notes]
    notes += [
        f"{name}: {count:,} values are of categories that training did not see." for name, count in found.unknown.items() if count
    ]
    notes += [
        f"{name}: {count:,} values are missing, where training saw none missing." for name, count in found.filled.items() if count
    ]
    if not notes:
        return
    kept = notes if full or len(notes) <= MOST_NOTES else notes[: MOST_NOTES - 1]
    items = [note if note.endswith((".", "!", "?")) else f"{note}." for note in kept]
    if len(kept) < len(notes):
        items.append(f"And {len(notes) - len(kept)} more of these, which the full report has.")
    yield Heading(("Notes",), 2)
    yield Bullets(tuple((item,) for item in items))
