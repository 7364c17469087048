"""Python source in a document: its lines, what they parse to, and where a place that `ast` names stands."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from handgrad.check.tree import Span

_OPENS_NOTHING = re.compile(r"[\s)\]}#]|(?:else|elif|except|finally)\b")  # lines that go on with what is above them


def parsed(source: str) -> ast.Module | str:
    """The tree, or why there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        return f"this is not Python: {error.msg}"
    except ValueError:
        return "this is not Python: a character is not allowed"
    except (RecursionError, MemoryError):
        return "this is nested too deeply"


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of code without their common indent, and the offset in the document at which each begins."""

    texts: tuple[str, ...]
    offsets: tuple[int, ...]
    tables: dict[int, list[int]]  # of lines that are not ASCII: the byte at which each character begins

    @classmethod
    def of(cls, text: str, start: int) -> Lines:
        """The lines of a text that begins at `start` of the document."""
        texts, offsets, at = [], [], 0
        for end in [*re.finditer(r"\r\n|\r|\n", text), None]:
            texts.append(text[at : end.start() if end else len(text)])
            offsets.append(start + at)
            at = end.end() if end else at
        indents = [len(line) - len(line.lstrip(" \t")) for line in texts if line.strip() and not line.lstrip().startswith("#")]
        cut = min(indents, default=0)
        kept = [min(cut, len(line) - len(line.lstrip(" \t"))) for line in texts]
        return cls(
            tuple(line[k:] for line, k in zip(texts, kept, strict=True)),
            tuple(offset + k for offset, k in zip(offsets, kept, strict=True)),
            {},
        )

    @property
    def source(self) -> str:
        """The code, for `ast`."""
        return "\n".join(self.texts)

    def span(self) -> Span:
        """From the first character that is not blank to the last."""
        full = [k for k, line in enumerate(self.texts) if line.strip()]
        if not full:
            return self.offsets[0], self.offsets[0]
        first, last = self.texts[full[0]], self.texts[full[-1]]
        return self.offsets[full[0]] + len(first) - len(first.lstrip()), self.offsets[full[-1]] + len(last.rstrip())

    def pieces(self) -> list[Lines]:
        """The lines cut before each that may begin a statement."""
        cuts = [0, *(k for k, line in enumerate(self.texts) if k and line and not _OPENS_NOTHING.match(line)), len(self.texts)]
        cut = [Lines(self.texts[a:b], self.offsets[a:b], {}) for a, b in pairwise(cuts)]
        return [piece for piece in cut if piece.source.strip()]

    def offset(self, line: int, byte: int) -> int:
        """The place in the document of a byte of a line, which is what `ast` counts in."""
        text = self.texts[line - 1]
        if text.isascii():
            return self.offsets[line - 1] + byte
        if line not in self.tables:
            table, total = [], 0
            for character in text:
                table.append(total)
                total += len(character.encode())
            self.tables[line] = [*table, total]
        return self.offsets[line - 1] + bisect_left(self.tables[line], byte)


def blank_before(text: str, at: int) -> int:
    """Where the blanks before a place begin."""
    while at and text[at - 1] in " \t\r\n\\":
        at -= 1
    return at


def blank_after(text: str, at: int) -> int:
    """Where the blanks after a place end."""
    while at < len(text) and text[at] in " \t\r\n\\":
        at += 1
    return at
