"""Where predictions go, a batch at a time: lines, CSV or Parquet; to standard output, or to a file that is whole or not there."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import typer

from handgrad.calculus.functions import Array
from handgrad.cli.console import silence
from handgrad.errors import DataError
from handgrad.model import Model
from handgrad.model_file import open_beside
from handgrad.table_model import labels_of
from handgrad.tables.frames import first_line, polars

if TYPE_CHECKING:
    import polars as pl

TABLES = (".csv", ".parquet")
OTHERS = frozenset((
    ".arrow", ".bz2", ".feather", ".gz", ".html", ".ipc", ".json", ".jsonl", ".npy", ".npz", ".pq", ".safetensors", ".tsv", ".xls",
    ".xlsx", ".xz", ".zip", ".zst",
))  # fmt: skip
"""Endings that promise what is not written."""
"""Endings of files that are tables; others hold bare lines."""
LINE_BREAK = re.compile("[\n\r]")
Take = Callable[[Array], None]
"""Takes the outputs of some rows, as `Model.forward` gives them."""


class Predictions:
    """What a model predicts from outputs, as names, values or a table; with `probabilities` the table has one for each class.

    Raises DataError for probabilities of a regression.
    """

    def __init__(self, model: Model, *, probabilities: bool = False) -> None:
        if probabilities and model.classes is None:
            raise DataError("--proba gives probabilities of classes, but the model is a regression, which predicts numbers")
        self.model, self.with_probabilities = model, probabilities
        self.names = list(model.classes or ())
        self.labels = labels_of(self.names) if self.names and model.table is not None else self.names

    def values(self, outputs: Array) -> list[object]:
        """Labels, numbers, or lists of several numbers."""
        chosen = self.model.chosen(outputs)
        values: list[object] = chosen.tolist() if self.model.classes is None else [_plain(self.labels[c]) for c in chosen]
        return values

    def require_lines(self) -> None:
        """Raise DataError for classes whose names would be several lines."""
        broken = next((name for name in self.names if LINE_BREAK.search(name)), None)
        if broken is not None:
            told = f"the class {broken!r:.80} has a line break in its name, so that one prediction a line could not be told apart"
            raise DataError(f"{told}; --out FILE.csv or FILE.parquet writes a table, --json prints JSON")

    @property
    def kinds(self) -> list[Any]:
        """The classes as they are predicted: numbers and truth values as such."""
        return [_plain(label) for label in self.labels]

    def lines(self, outputs: Array) -> str:
        """One prediction a line; several numbers are separated by blanks."""
        chosen = self.model.chosen(outputs)
        if self.model.classes is not None:
            return "".join(f"{self.names[c]}\n" for c in chosen)
        return "".join(f"{' '.join(map(str, line)) if isinstance(line, list) else line}\n" for line in chosen.tolist())

    def table(self, outputs: Array) -> pl.DataFrame:
        """The column `prediction`, or several that are numbered, and `probability of NAME` for each class."""
        library = polars()
        chosen = self.model.chosen(outputs)
        if self.model.classes is None:
            many = {f"prediction {n}": column for n, column in enumerate(chosen.T, 1)} if chosen.ndim > 1 else {}
            columns = many or {"prediction": chosen}
        else:
            columns = {"prediction": library.Series(self.kinds).gather(chosen)}
            shares = self.model.probabilities(outputs).T if self.with_probabilities else ()
            columns |= {f"probability of {name}": share for name, share in zip(self.names, shares, strict=False)}
        frame: pl.DataFrame = library.DataFrame(columns)
        return frame


def _plain(value: object) -> object:
    """A value of NumPy's as Python's own."""
    return value.item() if hasattr(value, "item") else value


def to_screen(predictions: Predictions) -> Take:
    """Write to standard output: bare lines, or CSV where there are probabilities. Once nobody reads, the command ends."""
    header = True
    if not predictions.with_probabilities:
        predictions.require_lines()

    def take(outputs: Array) -> None:
        nonlocal header
        if predictions.with_probabilities:
            text = predictions.table(outputs).write_csv(include_header=header)
        else:
            text = predictions.lines(outputs)
        header = False
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            silence()
            raise typer.Exit from None

    return take


@contextlib.contextmanager
def to_file(predictions: Predictions, path: Path) -> Iterator[Take]:
    """Write to a file: a table by its ending, else bare lines. It appears when all is written, and not after an error.

    Raises DataError for what cannot be written; errors of whoever gives the rows pass as they are.
    """
    kind = path.suffix.lower()
    if kind in OTHERS:
        raise DataError(f"predictions are written as .csv, as .parquet, or as bare lines to other files, but not as {kind}: {path}")
    if kind not in TABLES:
        if predictions.with_probabilities:
            raise DataError(f"probabilities are written as a table, to a file that ends in .csv or .parquet, but {path} was given")
        predictions.require_lines()
    with contextlib.ExitStack() as stack:
        with _writing(path):
            file = stack.enter_context(open_beside(path))
            if kind == ".parquet":
                write, finish = _parquet(predictions, Path(stack.enter_context(_folder_beside(path))), file)
            else:
                write, finish = _csv(predictions, file) if kind == ".csv" else _lines(predictions, file), lambda: None

        def take(outputs: Array) -> None:
            with _writing(path):
                write(outputs)

        yield take
        with _writing(path):
            finish()
            stack.close()


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, polars().exceptions.PolarsError) as error:
        why = getattr(error, "strerror", None) or first_line(error)
        raise DataError(f"cannot write the predictions to {path}: {why}") from None


def _folder_beside(path: Path) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(dir=path.resolve().parent, prefix=".handgrad.")


def _lines(predictions: Predictions, file: IO[bytes]) -> Take:
    return lambda outputs: _write(file, predictions.lines(outputs))


def _write(file: IO[bytes], text: str) -> None:
    file.write(text.encode())


def _csv(predictions: Predictions, file: IO[bytes]) -> Take:
    header = True

    def take(outputs: Array) -> None:
        nonlocal header
        _write(file, predictions.table(outputs).write_csv(include_header=header))
        header = False

    return take


def _parquet(predictions: Predictions, folder: Path, file: IO[bytes]) -> tuple[Take, Callable[[], None]]:
    """Parts of the table are kept in a folder, then joined, so that memory does not depend on the number of rows."""
    parts: list[Path] = []

    def take(outputs: Array) -> None:
        parts.append(folder / f"{len(parts)}.parquet")
        predictions.table(outputs).write_parquet(parts[-1], compression="lz4")

    def join() -> None:
        whole = folder / "whole.parquet"
        polars().scan_parquet(parts, glob=False).sink_parquet(whole)  # the folder may be named as a pattern is: q[1]
        with whole.open("rb") as joined:
            shutil.copyfileobj(joined, file)

    return take, join
