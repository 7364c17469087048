"""Text files as lines, a block at a time and of bounded length, with the errors that say in which line something is wrong."""

import codecs
import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from handgrad.errors import DataError

BLOCK = 2**20
"""So many bytes are read at once."""
LONGEST = 2**24
"""The most characters of a record: a compressed file may hold an endless line."""
ENCODINGS = "cp1252 (Windows, Western Europe), latin-1 or utf-16"


def text_blocks(path: Path, encoding: str) -> Iterator[str]:
    """Yield the file's text in blocks of whole lines; gzip is unpacked, a byte order mark left out.

    Raises DataError for bytes that are not in the encoding, NUL characters and lines that do not end.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    line, rest = 1, ""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        file = gzip.GzipFile(fileobj=raw) if packed else raw
        final = False
        while not final:
            try:
                data = file.read(BLOCK)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise DataError(f"{path} is damaged or cut short, at line {line} or soon after: {error}") from None
            final = not data
            try:
                text = decoder.decode(data, final)
            except UnicodeError as error:
                raise _wrong_encoding(path, encoding, line + lines_in(rest), error) from None
            if line == 1 and not rest:
                text = text.removeprefix("\ufeff")
            if "\0" in text:
                place = line + lines_in(rest + text[: text.index("\0")])
                hint = "it is no text file, or in another encoding: try --encoding utf-16"
                raise DataError(f"{path}: line {place} holds a NUL character; {hint}")
            text = rest + text
            cut = len(text) if final else max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
            text, rest = text[:cut], text[cut:]
            if len(rest) > LONGEST:
                raise endless(path, line + lines_in(text))
            if text:
                yield text
                line += lines_in(text)


def lines_in(text: str) -> int:
    r"""Return how many lines end in the text, by \n, \r\n or \r."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def endless(path: Path, line: int) -> DataError:
    """The error for a record that does not end."""
    told = f"{path}: the record that starts in line {line} has more than {LONGEST:,} characters"
    return DataError(f"{told}; is the file a table with a row in each line?")


def _wrong_encoding(path: Path, encoding: str, line: int, error: UnicodeError) -> DataError:
    what = f"cannot be read as {encoding} ({error})"
    if isinstance(error, UnicodeDecodeError):
        line += lines_in(error.object[: error.start].decode(encoding, "replace"))
        what = f"has the byte 0x{error.object[error.start]:02x}, which is not {encoding} here"
    return DataError(f"{path}: line {line} {what}; say how the file is written: --encoding {ENCODINGS}")


class Lines:
    """The lines of a file one after the other; remembers where the record began that is being read."""

    def __init__(self, path: Path, encoding: str) -> None:
        self.path, self.blocks = path, text_blocks(path, encoding)
        self.waiting: deque[str] = deque()
        self.quotes = False
        self.line = 0
        self.record: list[str] = []
        self.length = 0

    def fill(self) -> bool:
        """Whether lines are left; takes in the next block if none is waiting."""
        if not self.waiting:
            text = next(self.blocks, "")
            self.waiting.extend(io.StringIO(text, newline=""))
            self.quotes = '"' in text
        return bool(self.waiting)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self.waiting and not self.fill():
            raise StopIteration
        line = self.waiting.popleft()
        self.line += 1
        self.record.append(line)
        self.length += len(line)
        if self.length > LONGEST and len(self.record) > 1:
            raise self.unclosed() or endless(self.path, self.line - len(self.record) + 1)
        return line

    def begin(self) -> int:
        """A record begins; return its line."""
        self.record, self.length = [], 0
        return self.line + 1

    def unclosed(self, delimiter: str = ",;\t|") -> DataError | None:
        """The error for the quote that the record leaves open, if it does."""
        text, opened = "".join(self.record), None
        starts = rf'(?:^|(?<=[\r\n{re.escape(delimiter)}])) *"(?:[^"]|"")*+("|\Z)'
        for found in re.finditer(starts, text):
            opened = None if found[1] else found
        if opened is None:
            return None
        line = self.line - len(self.record) + 1 + lines_in(text[: opened.start()])
        return DataError(f"{self.path}: a quote is opened in line {line} and never closed; double a quote that belongs to a value")
