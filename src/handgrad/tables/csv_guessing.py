"""What a CSV file does not say of itself, found from its first records: delimiter, header, decimal commas."""

import csv
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from handgrad.errors import DataError
from handgrad.tables.csv_files import DECIMAL_COMMA, THOUSANDS, Dialect
from handgrad.tables.text_lines import LONGEST, Lines

DELIMITERS = "\t;|,"
"""The first of them that explains the lines equally well is taken: a comma stands in numbers and sentences, too."""
SAMPLE = 500
"""So many lines are looked at."""
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
MISSING = frozenset(("", "?", "-", ".", "na", "n/a", "nan", "null", "none", "#n/a", "inf", "-inf"))
"""What says of itself neither that it is a number nor that it is a word."""


def sample_of(path: Path, encoding: str) -> tuple[list[str], bool]:
    """Return the first lines of a file, and whether they are all. Raises DataError as `text_blocks` does."""
    lines, found, size = Lines(path, encoding), list[str](), 0
    while len(found) < SAMPLE and size < LONGEST and lines.fill():
        lines.begin()
        found.append(next(lines))
        size += len(found[-1])
    return found, not lines.fill()


def records_of(sample: Sequence[str], dialect: Dialect, *, whole: bool) -> list[list[str]]:
    """Return the sample's records, as far as they can be read; the last one may go on behind it, so that it does not count."""
    records: list[list[str]] = []
    try:
        for record in dialect.reader(iter(sample[dialect.skipped :]), strict=False):
            if len(record) > 1 or (record and record[0].strip()):
                records.append([field.strip() for field in record])  # noqa: PERF401  # what came before an error counts
    except csv.Error:  # such as a field that is too long; reading the file will say it
        whole = False
    return records if whole or len(records) < 2 else records[:-1]


def find_delimiter(sample: Sequence[str], *, whole: bool) -> tuple[str, int]:
    """Return the character that separates fields, and how many lines say so in Excel's way, sep=;."""
    said = re.fullmatch(r'\s*"?sep=(\S|\t)"?[;,\t]*\s*', sample[0], re.IGNORECASE) if sample else None
    if said:
        return said[1], 1

    def agreeing(delimiter: str) -> float:
        """The share of the records that have as many fields as the first, if it has several."""
        widths = [len(record) for record in records_of(sample, Dialect(delimiter), whole=whole)]
        return widths.count(widths[0]) / len(widths) if widths and widths[0] > 1 else 0.0

    shares = {delimiter: agreeing(delimiter) for delimiter in DELIMITERS}
    best = max(shares.values())
    return next(delimiter for delimiter in DELIMITERS if shares[delimiter] == best) if best else ",", 0


def find_decimal(records: Sequence[Sequence[str]], delimiter: str) -> str:
    """Return the comma if columns of numbers are written with it and none with a point; for a comma-separated file, the point."""
    if delimiter == ",":
        return "."
    found = "."
    for column in itertools.zip_longest(*records[1:] or records, fillvalue=""):
        values = [value for value in column if value.lower() not in MISSING]
        if not values or not all(
            NUMBER.fullmatch(value) or re.match(DECIMAL_COMMA, value) or re.match(THOUSANDS, value) for value in values
        ):
            continue
        if any("." in value and "," not in value and not re.match(THOUSANDS, value) for value in values):
            return "."
        if any("," in value and not re.fullmatch(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+", value) for value in values):
            found = ","
    return found


def has_thousands(records: Sequence[Sequence[str]]) -> bool:
    """Whether a number of a file with decimal commas has points between its thousands."""
    fields = (field for record in records for field in record if "." in field)
    return any(re.match(THOUSANDS, field) or re.match(DECIMAL_COMMA, field) for field in fields)


def may_have_fields(line: str) -> bool:
    """Whether a line that has one field could have more of them between blanks or colons; a blank line could."""
    return not line.strip() or re.search(r"\S[ :]+\S", line) is not None


def is_header(records: Sequence[Sequence[str]]) -> bool:
    """Whether the first record names the columns.

    It does where it has a word over a column of numbers, or counts the columns up (0, 1, 2, …). Else it does not if it holds
    a number; and among words alone it does not if, in most of the columns whose values occur again and again, its own does too.
    """
    first, rest = records[0], records[1:]
    columns = itertools.zip_longest(*(row[: len(first)] for row in rest), fillvalue="")
    pairs = [
        (name, [value for value in column if value.lower() not in MISSING]) for name, column in zip(first, columns, strict=False)
    ]
    if any(_is_word(name) and column and all(map(_is_number, column)) for name, column in pairs):
        return True
    numbers = [name for name in first if _is_number(name)]
    if numbers:
        return _counts_up(numbers) and bool(rest) and not _counts_up([value for value in rest[0] if _is_number(value)])
    repeating = [(name, Counter(column)) for name, column in pairs if name and len(set(column)) <= 0.75 * len(column)]
    again = sum(name in column for name, column in repeating)
    return not again or again * 2 < len(repeating)


def refuse_other_texts(path: Path, sample: Sequence[str]) -> None:
    """Raise DataError for the formats of text that look like a table from afar."""
    start = "".join(sample[:3]).lstrip()
    lower = start.lower()
    if lower.startswith(("<!doctype", "<html", "<?xml", "<svg", "<table")):
        raise DataError(f"{path} is a page of HTML or XML, not a table; was it downloaded in place of the file that it shows?")
    if re.match(r'[\[{]\s*(?:[{\["]|\n)', start) and re.search(r'"\s*:|\[\s*[\[{"0-9]', start):
        raise DataError(f"{path} is JSON, but CSV, Parquet, Arrow, NPZ and IDX are read; make a table of it first")
    if lower.startswith(("@relation", "% ")) or (lower.startswith("@") and "@attribute" in "".join(sample).lower()):
        raise DataError(f"{path} starts with the @ lines of ARFF or KEEL; take out all up to @data, and give --no-header")


def _is_number(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None or re.match(THOUSANDS, text) is not None or re.match(DECIMAL_COMMA, text) is not None


def _is_word(text: str) -> bool:
    return text.lower() not in MISSING and not _is_number(text)


def _counts_up(numbers: Sequence[str]) -> bool:
    """Whether at least three whole numbers follow one another, as columns that were numbered, or years."""
    if len(numbers) < 3 or not all(number.isdecimal() and len(number) < 10 for number in numbers):
        return False
    return all(int(after) == int(before) + 1 for before, after in itertools.pairwise(numbers))
