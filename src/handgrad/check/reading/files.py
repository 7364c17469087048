"""Files as text."""

from __future__ import annotations

import codecs
from pathlib import Path

from handgrad.errors import DataError

MOST_BYTES = 5_000_000


def decoded(path: Path) -> tuple[str, str]:
    """Return the text of a file in UTF-8 (UTF-16 with its mark, else Latin-1) and a remark, if there is one.

    Raises
    ------
    DataError
        For a file that cannot be read, is larger than 5 MB or is no text.

    """
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MOST_BYTES and path.is_file() else b""
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not path.is_file():
        raise DataError(f"{path} is not a file")
    if size > MOST_BYTES:
        raise DataError(f"{path} has {size} bytes; {MOST_BYTES} are read at most")
    text, remark = _text(raw)
    if "\0" in text:
        raise DataError(f"{path} is not text: it holds a zero byte")
    return text, remark


def _text(raw: bytes) -> tuple[str, str]:
    try:
        if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return raw.decode("utf-16"), ""
        return raw.decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        return raw.decode("latin-1"), f"the file is not UTF-8 (byte {error.start + 1}); it is read as Latin-1"
