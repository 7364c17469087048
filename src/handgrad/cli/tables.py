"""The rows that a command is given for a trained model: a file of any kind or a bundled data set, as inputs of the network."""

from __future__ import annotations

import codecs
import contextlib
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handgrad.calculus.functions import Array
from handgrad.datasets import DATASETS, read_dataset, read_idx
from handgrad.errors import DataError, did_you_mean
from handgrad.model import Model
from handgrad.tables.columns import CategoryColumn
from handgrad.tables.csv_files import DECIMAL_COMMA, THOUSANDS
from handgrad.tables.csv_guessing import sample_of
from handgrad.tables.file_kinds import ARE_READ
from handgrad.tables.frames import as_frame
from handgrad.tables.reading import TableFile, open_table
from handgrad.tables.rows import frame_numbers, input_columns

if TYPE_CHECKING:
    import polars as pl

ROWS = 20_000
CELLS = 4_000_000
"""The most rows, and entries of the network's inputs, that are held at a time."""

DATA = f"A table in a file ({ARE_READ}), or a data set: {', '.join(DATASETS)}."
LABEL = "label"
"""The column of an IDX file of labels."""
PANEL = "How a CSV file is read"
Delimiter = Annotated[
    str | None,
    typer.Option(help="What separates the fields: one character, or tab. By default it is found.", rich_help_panel=PANEL),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", help="Whether the first line names the columns. By default it is found.", rich_help_panel=PANEL
    ),
]
Encoding = Annotated[str | None, typer.Option(help="The encoding, as latin-1. By default UTF-8.", rich_help_panel=PANEL)]
Decimal = Annotated[str | None, typer.Option(help="The decimal sign: . or , By default it is found.", rich_help_panel=PANEL)]


@dataclass(frozen=True)
class Reading:
    """How a CSV file is read; None is found from the file, or else taken from the file that the model was trained on."""

    delimiter: str | None = None
    header: bool | None = None
    encoding: str | None = None
    decimal: str | None = None

    @classmethod
    def of_training(cls, model: Model) -> Reading:
        """How the model's own file was read; what the model file says is not trusted."""
        told = model.provenance.get("reading")
        told = told if isinstance(told, Mapping) else {}
        kinds = {"delimiter": str, "header": bool, "encoding": str, "decimal": str}
        found = cls(**{name: told[name] for name, kind in kinds.items() if isinstance(told.get(name), kind)})
        try:
            codecs.lookup(found.encoding or "utf-8")
        except (LookupError, ValueError):  # ValueError for a zero byte in the name
            return replace(found, encoding=None)
        return found

    @property
    def given(self) -> dict[str, Any]:
        """What is said, as options of `open_table`."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def require_file(self, data: str, **options: object) -> None:
        """Refuse what is said, and other `options` of tables in files, where a data set is named. Raises DataError."""
        named = {**options, **self.given}
        lonely = next((name for name, value in named.items() if value is not None), None)
        if lonely is not None and is_dataset(data):
            option = "no-header" if lonely == "header" and not self.header else lonely
            raise DataError(f"{data} is a data set, which has its own targets; --{option} is for a file")

    def open(self, path: Path, before: Reading, wanted: Collection[str]) -> TableFile:
        """Open a file in which the columns `wanted` should be. Where it has no sign of its own, it is read as the one `before`.

        Raises DataError.
        """
        given = self.given
        if self.encoding is None and before.encoding is not None and not _is_utf8(path, before.encoding):
            given["encoding"] = before.encoding
        found, refused = None, None
        for options in (given, {**before.given, "decimal": None, "encoding": "utf-8", **given}):
            try:
                table = open_table(path, **options)
            except DataError as error:
                refused = refused or error
                continue
            found = found or table
            if table.kind != "csv":  # there are no options that it could be read by
                return table
            if set(wanted) <= set(table.columns):
                found = table
                break
        if found is None:
            assert refused is not None
            raise refused
        by_comma = self.decimal is None and before.decimal == "," and found.options.get("decimal") == "."
        if by_comma and found.options["delimiter"] != "," and not _has_decimals(found):
            return open_table(path, **{**found.options, "decimal": ","})
        return found


def _is_utf8(path: Path, otherwise: str) -> bool:
    """Whether the first lines of a text are UTF-8 and not, as likely, in the other encoding."""
    try:
        sample, _ = sample_of(path, "utf-8")
    except (DataError, OSError, EOFError):
        return False
    text = "".join(sample)
    return "\0" not in text and (not text.isascii() or "16" in otherwise or "32" in otherwise)


def _has_decimals(table: TableFile) -> bool:
    """Whether the first rows of a CSV file have numbers with decimals, with a point or a comma."""
    number = r"^[+-]?[0-9]*\.[0-9]+$"
    for frame in table.batches(1000):
        return any(
            bool(((column.str.contains(number) & ~column.str.contains(THOUSANDS)) | column.str.contains(DECIMAL_COMMA)).any())
            for column in frame
        )
    return False


@dataclass(frozen=True)
class Batch:
    """Some rows: the network's inputs, and the table they are from (None for a data set). `first` is the first row's number."""

    first: int
    inputs: Array
    frame: pl.DataFrame | None = None


@dataclass
class Given:
    """The rows that a command was given for a model: a table in a file, or the network's inputs as a whole.

    `y` are the answers of a data set whose classes are the model's; `answers` is a column that is no input. `unknown` and `filled`
    count what encoding them meets, by column, once the batches were taken.
    """

    model: Model
    name: str
    table: TableFile | None = None
    whole: Array | None = None
    y: Array | None = None
    answers: str | None = None
    unknown: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)

    def batches(self) -> Iterator[Batch]:
        """Yield the rows in order. Raises DataError, with the row's number in the file."""
        if self.table is None:
            assert self.whole is not None
            yield Batch(1, self.whole)
            return
        first = 1
        for frame in self.table.batches(self._rows):
            yield self.batch(frame, first)
            first += frame.height

    def new(self) -> tuple[Iterator[Batch], str]:
        """The rows that are new to a model, and a sentence on them: those to test with, where a file brings such; else all."""
        test = None if self.table is None else self.table.test()
        if test is None:
            return self.batches(), ""
        batches = (self.batch(test.slice(start, self._rows), start + 1) for start in range(0, test.height, self._rows))
        return batches, f"These are the {test.height:,} rows that {self.name} brings to test with."

    @property
    def words(self) -> tuple[str, ...]:
        """Words that mean a missing value to the model, beside the usual ones."""
        return () if self.model.table is None else self.model.table.missing

    @property
    def _rows(self) -> int:
        return max(1, min(ROWS, CELLS // self.model.network.widths[0]))

    def batch(self, frame: pl.DataFrame, first: int) -> Batch:
        """Rows as inputs: what `Model.scaled` gives, but it counts what it meets, and names rows as they are in the file."""
        model = self.model
        if model.table is None:
            assert self.table is not None
            if self.table.kind == "idx":  # a model of images knows their pixels by other names, or none
                columns = tuple(name for name in frame.columns if name != self.answers)
            else:
                columns = input_columns(self.table, model.features, self.answers)
            return Batch(first, model.scaled(frame_numbers(frame, columns, first_row=first, where=self.name)), frame)
        try:
            found = model.encoded(frame, first_row=first, where=self.name)
        except DataError as error:
            bare = self.table is not None and self.table.options.get("header") is False
            bare = bare and not set(model.table.inputs) <= set(frame.columns)
            raise DataError(f"{error}. No header was found in it: --header, if it has one" if bare else str(error)) from None
        self.unknown.update(found.unknown)
        self.filled.update(found.filled)
        return Batch(first, found.X, frame)

    def told(self) -> Iterator[str]:
        """What the batches met, in sentences."""
        for column in () if self.model.table is None else self.model.table.columns:
            unknown, filled = self.unknown[column.name], self.filled[column.name]
            if unknown:
                seen, how = (
                    ("did not see, or rarely", "(other)") if getattr(column, "pooled", False) else ("did not see", "no category")
                )
                yield f"{column.name}: {unknown:,} value{'s' * (unknown > 1)} that training {seen}, taken as {how}"
            if filled:
                how = "no category" if isinstance(column, CategoryColumn) else f"{column.center:.6g}, the middle"
                yield f"{column.name}: {filled:,} missing value{'s' * (filled > 1)}, where training saw none, taken as {how}"


@contextlib.contextmanager
def known(data: str) -> Iterator[None]:
    """Where no file is there, a word may be meant as the name of a data set: the DataError then tells of both."""
    try:
        yield
    except DataError:
        if os.path.exists(data) or Path(data).suffix:  # noqa: PTH110  # a name may be too long for a path
            raise
        told = f"there is no file {data[:100]}, nor a bundled data set of that name. {did_you_mean(data, DATASETS)}"
        raise DataError(told) from None


def is_dataset(data: str) -> bool:
    """Whether a data set is named, and no file."""
    return data in DATASETS and not os.path.isfile(data)  # noqa: PTH113  # a name may be too long for a path


def with_labels(table: TableFile, target: str | None) -> tuple[TableFile, str | None]:
    """IDX images with the labels of another IDX file, where `target` names that and no column; and the column of the target.

    Other tables stay as they are. Raises DataError for a file that does not hold as many labels.
    """
    if table.kind != "idx" or target is None or target in table.columns:
        return table, target
    if not os.path.isfile(target):  # noqa: PTH113  # a name may be too long for a path
        raise DataError(f"{table.path} has no column {target!r}, and there is no IDX file of labels of that name")
    labels, images = read_idx(target), table.read()
    if labels.shape != (images.height,):
        shape = " × ".join(map(str, labels.shape))
        raise DataError(
            f"{table.path} holds {images.height:,} images, but {target} an array of {shape}; as many labels were expected"
        )
    joined = images.hstack(as_frame({LABEL: labels}))
    return TableFile(table.path, table.kind, tuple(joined.columns), table.told, table.options, lambda: iter([joined])), LABEL


def given_rows(model: Model, data: str, reading: Reading) -> Given:
    """The rows of a data set that is named, or those of a file. Raises DataError."""
    if is_dataset(data):
        examples = read_dataset(data)
        raw = examples.X if model.table is None else as_frame(examples.X, examples.features)
        alike = examples.classes == model.classes and model.table is None
        return Given(model, data, whole=model.scaled(raw), y=examples.y if alike else None)
    return given_file(model, data, reading)


def given_file(model: Model, data: str, reading: Reading, target: str | None = None) -> Given:
    """The table in a file; `target` is the column of the answers that it should have, or a file of labels. Raises DataError."""
    wanted = {*(model.features if model.table is None else model.table.inputs), *([] if target is None else [target])}
    with known(data):
        table = reading.open(Path(data), Reading.of_training(model), wanted)
    table, answers = with_labels(table, target)
    return Given(model, data, table, answers=answers)
