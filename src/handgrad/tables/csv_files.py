"""Tables in text: records of fields from CSV files, a block at a time, so that no file is too long.

Python's csv module in its strict mode says what the fields are. A block of lines without a quote character needs no state, so it
is split by polars, to the same fields.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from handgrad.errors import DataError
from handgrad.tables.frames import column_names, polars
from handgrad.tables.text_lines import Lines

if TYPE_CHECKING:
    import polars as pl

MOST_COLUMNS = 100_000
CELLS = 200_000
"""So many fields at most are held as Python's strings at once."""
EDGES = " \t\r\n"
DECIMAL_COMMA = r"^[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)?,[0-9]+(?:[eE][+-]?[0-9]+)?$"
"""A number with a comma before its decimals, and perhaps points between its thousands."""
THOUSANDS = r"^[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+$"
DECIMAL_POINT = r"^[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?$"


class _Signs:
    """Turns decimal commas into points, and sees that no column has both, in which 1.375 would be now 1375 and now 1.375."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commas: set[str] = set()
        self.points: set[str] = set()

    def with_points(self, frame: "pl.DataFrame", first_row: int) -> "pl.DataFrame":
        """Numbers with points for decimals. Raises DataError, with row, column and value, where a column has commas and points."""
        return frame.with_columns([self._column(column, first_row) for column in frame])

    def _column(self, text: "pl.Series", first_row: int) -> "pl.Series":
        thousands = text.str.contains(THOUSANDS).fill_null(value=False)
        number = text.str.contains(DECIMAL_COMMA).fill_null(value=False) | thousands
        point = text.str.contains(DECIMAL_POINT).fill_null(value=False) & ~thousands
        self.commas |= {text.name} if number.any() else set()
        self.points |= {text.name} if point.any() else set()
        if text.name in self.commas & self.points:
            row = int((point if point.any() else number).arg_max() or 0)
            raise DataError(
                f"{self.path}: column {text.name!r}, row {first_row + row:,}: {text[row]!r} does not go with the others: of its "
                "numbers some have a decimal comma and some a point; write them in one way (--decimal . or , says which it is)"
            )
        plain = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        return plain.zip_with(number, text)


@dataclass(frozen=True)
class Dialect:
    """How a text file is written: its separator of fields, its encoding, and its decimal point or comma."""

    delimiter: str
    encoding: str = "utf-8"
    decimal: str = "."
    skipped: int = 0
    """So many lines before the first record say how the file is written, as Excel's sep=;."""

    def reader(self, lines: Iterator[str], *, strict: bool = True) -> Iterator[list[str]]:
        """Return the records in the lines; spaces before a field belong to nothing."""
        return csv.reader(lines, delimiter=self.delimiter, strict=strict, skipinitialspace=self.delimiter != " ")

    @property
    def told(self) -> str:
        """How fields are separated, in words."""
        return f"fields separated by {'tabs' if self.delimiter == chr(9) else repr(self.delimiter)}"

    def is_blank(self, line: str) -> bool:
        """Whether a line has no field: what strict readers of CSV call no record."""
        return not line.strip(EDGES) and self.delimiter not in line


class CsvFile:
    """The rows of a CSV file in a known dialect, with or without a header as the first record.

    `columns` are the names: an empty one in place N is column_N, as are all where there is no header.
    Raises DataError for a file without a record, two columns of one name, and more than 100,000 columns.
    """

    def __init__(self, path: Path, dialect: Dialect, *, header: bool) -> None:
        self.path, self.dialect, self.header = path, dialect, header
        lines, reader = self._open()
        names = [field.strip() for field in self._next(lines, reader)[0]]
        if not names:
            raise DataError(f"{path} has no rows: every line is blank")
        if len(names) > MOST_COLUMNS:
            raise DataError(
                f"{path} has {len(names):,} columns, but at most {MOST_COLUMNS:,} are read ({dialect.told}; --delimiter)"
            )
        names = [(header and name) or f"column_{place}" for place, name in enumerate(names, 1)]
        try:
            self.columns = tuple(column_names(names))
        except DataError as error:
            raise DataError(f"{path}: {error}; or is its first line no header (--no-header)?") from None

    def frames(self) -> Iterator["pl.DataFrame"]:
        """Yield the rows as frames of any heights, columns of text, null where a field is empty.

        Raises DataError, with the line, for a record of another width than the first, for quotes that do not fit, and for no rows.
        """
        rows, signs = 0, _Signs(self.path)
        for frame in self._frames():
            yield signs.with_points(frame, rows + 1) if self.dialect.decimal == "," else frame
            rows += frame.height
        if not rows:
            raise DataError(f"{self.path} has no rows{' but its header' * self.header}")

    def _frames(self) -> Iterator["pl.DataFrame"]:
        width = len(self.columns)
        lines, reader = self._open()
        record, _ = self._next(lines, reader)
        if not self.header:
            yield self._frame([record])
        while lines.fill():
            if not lines.quotes and max(map(len, lines.waiting)) < csv.field_size_limit():
                yield self._split(lines)
                continue
            rows: list[list[str]] = []
            while lines.waiting and len(rows) * width < CELLS:
                record, line = self._next(lines, reader)
                if len(record) != width and self.dialect.is_blank("".join(lines.record)):
                    if width > 1:
                        continue
                    record = [""]
                if len(record) != width:
                    raise self._ragged(line, len(record), last=not lines.fill())
                rows.append(record)
            yield self._frame(rows)

    def _open(self) -> tuple[Lines, Iterator[list[str]]]:
        """The lines, before the first record, and the reader of records."""
        lines = Lines(self.path, self.dialect.encoding)
        for _ in range(self.dialect.skipped):
            next(lines, None)
        while lines.fill() and self.dialect.is_blank(lines.waiting[0]):
            next(lines)
        return lines, self.dialect.reader(lines)

    def _next(self, lines: Lines, reader: Iterator[list[str]]) -> tuple[list[str], int]:
        """The next record and the line in which it starts."""
        line = lines.begin()
        try:
            return next(reader, []), line
        except csv.Error as error:
            unclosed = None if lines.waiting else lines.unclosed(self.dialect.delimiter)
            hint = "a value that holds a quote or the delimiter stands in quotes, its own quotes doubled"
            wrong = DataError(f"{self.path}: line {lines.line}: {error}; {hint} ({self.dialect.told}; --delimiter)")
            raise unclosed or wrong from None

    def _ragged(self, line: int, fields: int, *, last: bool) -> DataError:
        width = len(self.columns)
        told = (
            f"{self.path}: line {line} has {fields} field{'s' * (fields != 1)}, but {width} were expected, as in the first record"
        )
        hint = "a value that holds the delimiter stands in quotes"
        if width == 1:
            hint = "if the lines above it are a title, take them out"
        elif last and fields < width:
            hint = "it is the last line: is the file cut off?"
        if self.columns[0].startswith("#"):
            hint = "lines that start with # are not read as comments; take them out"
        return DataError(f"{told} ({self.dialect.told}; --delimiter says otherwise); {hint}")

    def _split(self, lines: Lines) -> "pl.DataFrame":
        """The waiting lines, none of which has a quote, as a frame."""
        pl, width, delimiter = polars(), len(self.columns), self.dialect.delimiter
        text = pl.Series("0", list(lines.waiting), pl.String).str.strip_chars_end("\r\n")
        first, lines.line = lines.line + 1, lines.line + len(text)
        lines.waiting.clear()
        fields = text.str.count_matches(delimiter, literal=True) + 1
        wrong = fields != width
        if wrong.any() or width == 1:
            blank = (text.str.strip_chars(EDGES) == "") & (fields == 1)
            ragged = (wrong & ~blank).arg_true()
            if len(ragged):
                place = int(ragged[0])
                raise self._ragged(first + place, int(fields[place]), last=place == len(text) - 1 and not lines.fill())
            text = text.filter(~blank) if width > 1 else text
        return self._finished(text.to_frame() if width == 1 else text.str.split_exact(delimiter, width - 1).struct.unnest())

    def _frame(self, rows: list[list[str]]) -> "pl.DataFrame":
        pl = polars()
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self.columns)
        return self._finished(pl.DataFrame([pl.Series(str(place), column, pl.String) for place, column in enumerate(columns)]))

    def _finished(self, frame: "pl.DataFrame") -> "pl.DataFrame":
        """Fields stripped, empty ones null."""
        library = polars()
        frame.columns = list(self.columns)
        text = library.all().str.strip_chars()
        return frame.select(library.when(text != "").then(text))
