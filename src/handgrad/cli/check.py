"""handgrad check: what is right and wrong in a person's derivation, and the smallest correction."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handgrad.cli.console import Terminal, emit, note
from handgrad.cli.output import PIPED, SUFFIXES, deliver, format_of, require_apart
from handgrad.errors import HandgradError

if TYPE_CHECKING:
    from handgrad.check.findings import Checked
    from handgrad.check.options import Options

FORMS = {name: SUFFIXES[name] for name in ("text", "json", "markdown")}
CLEAN, MISTAKES, FAILED, TOO_FEW = range(4)
STDIN = "<stdin>"


def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE", help="Markdown, text, LaTeX, rst, notebooks or Python; - is standard input.", show_default=False
        ),
    ] = None,
    network: Annotated[
        str | None, typer.Option(help="The network, as 4-3:relu-2:softmax, where it is not to be inferred from the text.")
    ] = None,
    loss: Annotated[str | None, typer.Option(help="The loss, as half_squared_error.")] = None,
    layout: Annotated[str | None, typer.Option(help="How examples lie in X: columns, rows, or single for one alone.")] = None,
    weights: Annotated[str | None, typer.Option(help="How W lies: out-in (its rows are units) or in-out.")] = None,
    witness: Annotated[bool, typer.Option("--witness", help="Show the numbers in which each mistake fails in full.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show how each formula was understood.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="One line for each mistake, and the counts.")] = False,
    min_read: Annotated[
        float, typer.Option(metavar="SHARE", help="The share of relations, from 0 to 1, that is to be read in each file.")
    ] = 0.0,
    kind: Annotated[
        str | None, typer.Option("--explain", metavar="CODE", help="Tell about a kind of mistake, as HG003, or about all.")
    ] = None,
    format_name: Annotated[
        str | None, typer.Option("--format", help=f"{', '.join(FORMS)}. By default text, or what --out ends in.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Check derivations of backpropagation: what is right, what is wrong and why, the smallest correction, and what is missing.

    What a document's front matter states (handgrad-network, -loss, -layout, -weights) counts where the option is not given.

    Exit codes: 0, no mistakes in what was read; 1, mistakes; 2, a file could not be checked; 3, nothing was read, or less than
    --min-read.
    """
    form = format_of(format_name, out, FORMS)
    if kind is not None:
        _explain(kind, files, form, out)
        return
    _check_given(files, min_read, out, quiet=quiet, show=show or witness, form=form)
    from handgrad.check.options import Options

    options = Options(network, loss, layout, weights)
    found: list[Checked] = []
    reports = _reports(files or [], options, found)
    if form == "text":
        _print(reports, out, {"witness": witness, "show": show, "quiet": quiet})
    else:
        from handgrad.check.reporting.markdown import to_document

        deliver(to_document(tuple(reports), witness=witness, show=show), out, form)
    raise typer.Exit(_exit_code(found, min_read))


def _check_given(files: list[str] | None, min_read: float, out: Path | None, *, quiet: bool, show: bool, form: str) -> None:
    """Refuse what does not go together."""
    if not files:
        raise HandgradError("name files to check, or - for standard input")
    if files.count("-") > 1:
        raise HandgradError("standard input can be read once, but - was given twice")
    if not 0 <= min_read <= 1:
        raise HandgradError(f"--min-read is a share from 0 to 1, but {min_read:g} was given")
    if quiet and (show or form != "text"):
        raise HandgradError("--quiet leaves one line of text for each mistake; --show, --witness and --format do not go with it")
    require_apart(out, "the report", *files)


def _explain(kind: str, files: list[str] | None, form: str, out: Path | None) -> None:
    from handgrad.check.codes import find_kind
    from handgrad.check.reporting.markdown import kind_document, kinds_document

    if files:
        raise HandgradError("--explain tells about a kind of mistake and checks no files, but some were given")
    deliver(kinds_document() if kind.strip().lower() == "all" else kind_document(find_kind(kind)), out, form)


def _reports(files: list[str], options: Options, found: list[Checked]) -> Iterator[Checked]:
    """The report of each file as it is made, also added to `found`; what cannot be checked is said at once and stops nothing."""
    for name in files:
        checked = _report(name, options)
        found.append(checked)
        if checked.error is not None:
            note(f"handgrad: {checked.error if checked.file in checked.error else f'{checked.file}: {checked.error}'}")
        yield checked


def _report(name: str, options: Options) -> Checked:
    from handgrad.check import checking
    from handgrad.check.findings import Checked

    try:
        if name == "-":
            return checking.check_text(_standard_input(), STDIN, options)
        return checking.check_file(Path(name), options)
    except RecursionError:
        words = "something is nested too deeply"
    except MemoryError:
        words = "not enough memory for a document of this size"
    except (HandgradError, OSError) as error:
        words = str(error)
    except Exception as error:  # noqa: BLE001 - whatever a text that nobody foresaw does must not stop the other files
        words = f"it could not be checked, which is a fault of handgrad ({type(error).__name__}: {error}); please report it"
    return Checked(STDIN if name == "-" else name, error=words)


def _standard_input() -> str:
    from handgrad.check.reading.files import MOST_BYTES

    given = typer.get_binary_stream("stdin").read(MOST_BYTES + 1)
    if len(given) > MOST_BYTES:
        raise HandgradError(f"{STDIN} has more than {MOST_BYTES} bytes, the most that are read")
    try:
        return given.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HandgradError(f"not UTF-8 at byte {error.start + 1}") from None


def _print(reports: Iterator[Checked], out: Path | None, shown: dict[str, bool]) -> None:
    """The report as text, where it goes; a terminal gets each file's as soon as it is there."""
    from handgrad.check.reporting.terminal import print_to, to_text

    if out is not None:
        deliver(to_text(reports, PIPED, **shown), out)
        return
    console = Terminal(highlight=False)
    if console.is_terminal:
        print_to(reports, console, **shown)
    else:
        emit(to_text(reports, console.width if "COLUMNS" in os.environ else PIPED, **shown))


def _exit_code(found: list[Checked], min_read: float) -> int:
    """What failed comes before mistakes, and these before too little read. Pages without formulas count where all are such."""
    from handgrad.check.reporting.words import Tally

    if any(checked.error is not None for checked in found):
        return FAILED
    tallies = [Tally.of([checked]) for checked in found]
    if any(tally.mistakes for tally in tallies):
        return MISTAKES
    few = any(tally.relations and (not tally.read or tally.share < min_read) for tally in tallies)
    return TOO_FEW if few or not any(tally.read for tally in tallies) else CLEAN
