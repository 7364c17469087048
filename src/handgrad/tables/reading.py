"""One door for tables in files: what a file is, found from its content, and its rows as frames, a batch at a time."""

import codecs
import contextlib
import glob
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handgrad.errors import DataError, HandgradError
from handgrad.tables.array_files import idx_frame, npy_array, npz_frames
from handgrad.tables.csv_files import CsvFile, Dialect
from handgrad.tables.csv_guessing import (
    find_decimal,
    find_delimiter,
    has_thousands,
    is_header,
    may_have_fields,
    records_of,
    refuse_other_texts,
    sample_of,
)
from handgrad.tables.file_kinds import kind_of, require_file
from handgrad.tables.frames import as_frame, first_line, polars
from handgrad.tables.trial import require_readable

if TYPE_CHECKING:
    import polars as pl

CELLS = 4_000_000
"""The most cells of a batch: a table of many columns comes in batches of fewer rows."""


@dataclass(frozen=True)
class TableFile:
    """A file that holds a table.

    `told` are sentences on what was found; `options` is what `open_table` takes to read a file like this one in the same way.
    """

    path: Path
    kind: str
    """csv, parquet, arrow, npz, npy or idx."""
    columns: tuple[str, ...]
    told: tuple[str, ...]
    options: dict[str, Any]
    _frames: Callable[[], Iterator["pl.DataFrame"]] = field(repr=False)
    _test: "Callable[[], pl.DataFrame | None]" = field(repr=False, default=lambda: None)

    def batches(self, rows: int = 20_000) -> Iterator["pl.DataFrame"]:
        """Yield the rows in order, in frames of `rows` rows, the last of fewer; of fewer each where there are over 200 columns.

        From CSV, all columns are text, null where a field is empty; from other kinds of files they have their types. The memory
        that is taken depends on `rows` and not on the size of the file, for CSV, Parquet, Arrow and NPY.
        Lines without any value at the end of a CSV file are no rows.

        Raises DataError for a file that is damaged or has no rows; for CSV with the line.
        A damaged Parquet file can, rarely, end the process: polars 2.1 aborts where it asks for more memory than there is.
        """
        if rows < 1:
            raise DataError(f"a batch has at least 1 row, but {rows} was given")
        rows = max(1, min(rows, CELLS // max(len(self.columns), 1)))
        with _told_of(self.path):
            yield from _regrouped(self._rows(), rows)

    def read(self) -> "pl.DataFrame":
        """Return all rows. Raises DataError as `batches` does."""
        with _told_of(self.path):
            frame: pl.DataFrame = polars().concat(list(self._rows()), rechunk=True)
        return frame

    def _rows(self) -> Iterator["pl.DataFrame"]:
        return _without_empty_end(self.path, self._frames()) if self.kind == "csv" else self._frames()

    def test(self) -> "pl.DataFrame | None":
        """Return the rows that an NPZ file brings to test with (x_test, y_test); None for all others."""
        return self._test()


def open_table(
    path: str | Path,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    encoding: str = "utf-8",
    decimal: str | None = None,
) -> TableFile:
    """Find out what a file is and how to read it, by its content and not its name; CSV and IDX may be compressed by gzip.

    delimiter, header (whether the first line names the columns) and decimal ("." or ",") are found from the first lines of a
    CSV file where they are None. Lines that start with # are lines like others, not comments.

    Raises DataError, which says what to do, for a file that is not there, empty, damaged, or of another kind, and for options
    that cannot be.
    """
    path = Path(path)
    if delimiter is not None:
        delimiter = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";"}.get(delimiter.lower(), delimiter)
        if len(delimiter) != 1 or delimiter.isalnum() or delimiter in '"\r\n\0.+-':
            raise DataError(f"a delimiter is one character such as , ; | or tab, but {delimiter!r} was given")
    if decimal not in (None, ".", ","):
        raise DataError(f"the decimal sign is . or , but {decimal!r} was given")
    try:
        "a".encode(encoding)  # LookupError, too, for what is no encoding of text, such as base64
        codecs.getincrementaldecoder(encoding)
    except (LookupError, UnicodeError, ValueError, TypeError):
        raise DataError(f"there is no encoding {encoding!r}; utf-8, cp1252, latin-1 and utf-16 are some") from None
    require_file(path)
    with _told_of(path):
        kind = kind_of(path, encoding)
        if kind == "csv":
            return _open_csv(path, delimiter=delimiter, header=header, encoding=encoding, decimal=decimal)
        return _open_binary(path, kind)


@contextlib.contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Whatever a library raises for a damaged file, as a DataError that names the file."""
    try:
        yield
    except (HandgradError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  # the readers' errors have no other base
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or first_line(error)}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # polars' own, which is no Exception
            raise
        raise DataError(f"cannot read {path}: it is damaged ({first_line(error)})") from None


def _open_csv(path: Path, *, delimiter: str | None, header: bool | None, encoding: str, decimal: str | None) -> TableFile:
    sample, whole = sample_of(path, encoding)
    refuse_other_texts(path, sample)
    found, skipped = find_delimiter(sample, whole=whole)
    dialect = Dialect(delimiter or found, encoding, skipped=skipped)
    records = records_of(sample, dialect, whole=whole)
    if not records:
        raise DataError(f"{path} has no rows: every line is blank")
    decimal = decimal or find_decimal(records, dialect.delimiter)
    dialect = Dialect(dialect.delimiter, encoding, decimal, skipped)
    header_found = is_header(records) if header is None else header
    named = [field for field in records[0] if field.strip()]
    if header is None and header_found and len(records[0]) > 2 and len(named) == 1:
        raise DataError(
            f"{path}: its first line names one of {len(records[0])} columns, {named[0]!r:.80}: if it is a title, take the lines "
            "above the header out; if not, say --header or --no-header"
        )
    table = CsvFile(path, dialect, header=header_found)
    if whole and header_found and len(records) == 1:
        raise DataError(f"{path} has no rows but its header")
    told = [dialect.told if len(table.columns) > 1 else "one column"]
    if len(table.columns) == 1 and all(map(may_have_fields, sample)):
        told = ["one column (--delimiter says otherwise)"]
    told += [] if header_found else ["no header: columns are named column_1, column_2, …"]
    if decimal == ",":
        told += [f"decimal commas{', and points between thousands: 1.234,5 is 1234.5' * has_thousands(records)}"]
    told += [] if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else [f"text in {encoding}"]
    options = {"delimiter": dialect.delimiter, "header": header_found, "encoding": encoding, "decimal": decimal}
    return TableFile(path, "csv", table.columns, tuple(told), options, table.frames)


def _open_binary(path: Path, kind: str) -> TableFile:
    pl = polars()
    if kind in ("parquet", "arrow", "arrow stream"):
        require_readable(path, kind, CELLS)
    if kind in ("parquet", "arrow"):
        scan = pl.scan_parquet(path, glob=False) if kind == "parquet" else pl.scan_ipc(glob.escape(str(path)))
        return TableFile(path, kind, _named(path, scan.collect_schema().names()), (), {}, lambda: _scanned(path, scan))
    if kind == "npy":
        array = npy_array(path)
        columns = _named(path, as_frame(array[:1]).columns)
        return TableFile(path, kind, columns, (), {}, lambda: _sliced(path, array))
    test, told = None, list[str]()
    if kind == "npz":
        frame, test, told = npz_frames(path)
    else:
        frame = idx_frame(path) if kind == "idx" else pl.read_ipc_stream(path)
    if not frame.height:
        raise DataError(f"{path} has no rows")
    kind = "arrow" if kind == "arrow stream" else kind
    told += [f"{test.height} rows to test with beside them"] if test is not None else []
    return TableFile(path, kind, _named(path, frame.columns), tuple(told), {}, lambda: iter([_plain(frame)]), lambda: test)


def _named(path: Path, columns: list[str]) -> tuple[str, ...]:
    if not columns:
        raise DataError(f"{path} has no columns")
    return tuple(columns)


def _scanned(path: Path, scan: "pl.LazyFrame") -> Iterator["pl.DataFrame"]:
    """The rows of a lazy frame, so many at a time that opening it anew for each part costs little."""
    height = scan.select(polars().len()).collect().item()
    if not height:
        raise DataError(f"{path} has no rows")
    step = max(1, CELLS // len(scan.collect_schema()))
    for start in range(0, height, step):
        yield _plain(scan.slice(start, step).collect())


def _sliced(path: Path, array: Any) -> Iterator["pl.DataFrame"]:
    if not len(array):
        raise DataError(f"{path} has no rows")
    step = max(1, CELLS // max(array[0].size, 1))
    for start in range(0, len(array), step):
        yield as_frame(array[start : start + step])


def _plain(frame: "pl.DataFrame") -> "pl.DataFrame":
    """The frame with null for NaN."""
    return frame.with_columns(column.fill_nan(None) for column in frame if column.dtype.is_float())


def _without_empty_end(path: Path, frames: Iterator["pl.DataFrame"]) -> Iterator["pl.DataFrame"]:
    """The frames without the rows at the end that have no value; those before a row with values stay."""
    pl = polars()
    waiting, some = 0, False
    for frame in frames:
        filled = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series().arg_true()
        if not len(filled):
            waiting += frame.height
            continue
        while waiting:
            height = min(waiting, max(1, CELLS // frame.width))
            yield frame.clear(height)
            waiting -= height
        last = int(filled[-1]) + 1
        yield frame.head(last)
        waiting, some = frame.height - last, True
    if waiting and not some:
        raise DataError(f"{path} has no row with a value")


def _regrouped(frames: Iterator["pl.DataFrame"], rows: int) -> Iterator["pl.DataFrame"]:
    """The same rows in frames of `rows` rows each, and the rest."""
    library = polars()
    held: list[pl.DataFrame] = []
    for frame in frames:
        held.append(frame)
        height = sum(part.height for part in held)
        if height < rows:
            continue
        joined = library.concat(held)
        whole = height - height % rows
        for start in range(0, whole, rows):
            yield joined.slice(start, rows)
        held = [joined.slice(whole)] if whole < height else []
    if held and any(part.height for part in held):
        yield library.concat(held)
