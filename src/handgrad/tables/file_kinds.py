"""What a file is, found from its first bytes, and what it is called if it is none that is read."""

import contextlib
import difflib
import gzip
import itertools
import zipfile
from pathlib import Path

from handgrad.datasets import IDX_DIMENSIONS, IDX_TYPES
from handgrad.errors import DataError, HandgradError
from handgrad.tables.frames import first_line

ARE_READ = "CSV, Parquet, Arrow, NPZ, NPY and IDX are read"
STARTS = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "arrow stream",
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
OTHERS = {
    b"%PDF": "a PDF document",
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file (save it as CSV)",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"BZh": "compressed by bzip2 (unpack it, or compress it by gzip)",
    b"\xfd7zXZ": "compressed by xz (unpack it, or compress it by gzip)",
    b"\x28\xb5\x2f\xfd": "compressed by zstd (unpack it, or compress it by gzip)",
    b"7z\xbc\xaf": "a 7z archive (unpack it)",
    b"Rar!": "a RAR archive (unpack it)",
    b"FEA1": "Feather of version 1 (write version 2, which is Arrow)",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"RDX": "an R data file",
    b"MATLAB": "a MATLAB file",
    b"<stata_dta>": "a Stata file",
    b"$FL2": "an SPSS file",
    b"\x7fELF": "a program",
    b"{\\rtf": "an RTF document",
} | {b"\x80" + bytes([version]): "a pickle, which is never loaded" for version in range(2, 6)}
NAMED = {".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow", ".npz": "npz", ".npy": "npy", ".idx": "idx"}


def require_file(path: Path) -> None:
    """Raise DataError for a path that is no regular file, with the nearest name that is."""
    try:
        if path.is_dir():
            raise DataError(f"{path} is a folder; give a file ({ARE_READ})")
        if not path.exists():
            near: list[str] = []
            with contextlib.suppress(OSError):
                near = difflib.get_close_matches(
                    path.name, [other.name for other in itertools.islice(path.parent.iterdir(), 10_000)], n=1
                )
            hint = f"; did you mean {str(path.parent / near[0])!r}?" if near else ""
            raise DataError(f"there is no file {path}{hint}")
        if not path.is_file():
            raise DataError(f"{path} is no regular file; write the table to one, because it is read more than once")
    except (OSError, ValueError) as error:
        if isinstance(error, HandgradError):
            raise
        raise DataError(f"there can be no file {str(path)[:100]!r}: {first_line(error)}") from None


def kind_of(path: Path, encoding: str) -> str:
    """Return the kind of a file: csv, parquet, arrow, arrow stream, npz, npy or idx.

    Raises DataError for another kind, with what the file is instead, and for an empty one.
    """
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise DataError(f"{path} is empty; a table was expected ({ARE_READ})")
    packed = head[:2] == b"\x1f\x8b"
    if packed:
        with gzip.open(path) as file:
            head = file.read(512)
        if not head:
            raise DataError(f"{path} is empty within its compression; a table was expected ({ARE_READ})")
    kind = next((kind for start, kind in STARTS.items() if head.startswith(start)), None)
    if head[:2] == b"\0\0" and len(head) > 3 and head[2] in IDX_TYPES and 1 <= head[3] <= IDX_DIMENSIONS:
        kind = "idx"
    if packed and kind not in (None, "idx"):
        raise DataError(
            f"{path} is a compressed file of another kind ({kind}); unpack it first (of those with gzip, CSV and IDX are read)"
        )
    if kind == "zip":
        return _kind_of_zip(path)
    if kind is not None:
        return kind
    other = next((what for start, what in OTHERS.items() if head.startswith(start)), None)
    if head[8:10] == b'{"':
        other = "a safetensors file (a model?)"
    if other is not None:
        raise DataError(f"{path} seems to be {other}, but {ARE_READ}")
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[1:20:2].count(0) > 8
    if wide and "16" not in encoding and "32" not in encoding:
        raise DataError(f"{path} seems to be text in UTF-16: --encoding utf-16 reads it")
    expected = NAMED.get(path.suffix.lower())
    if expected is not None:
        raise DataError(
            f"{path} is named {path.suffix}, but starts with the bytes {head[:6].hex(' ')}, unlike such a file; is it damaged?"
        )
    return "csv"


def _kind_of_zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if any(name.endswith(".npy") for name in names):
        return "npz"
    office = {
        "xl/": "an Excel workbook (save the sheet as CSV)",
        "word/": "a Word document",
        "content.xml": "an OpenDocument file (save it as CSV)",
    }
    what = next(
        (what for start, what in office.items() if any(name.startswith(start) for name in names)), "a ZIP archive (unpack it)"
    )
    raise DataError(f"{path} seems to be {what}, but {ARE_READ}")
