"""Straight-line Python as formulas, through `ast`; nothing is ever run."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from itertools import accumulate

from handgrad.check.reading.collecting import LONGEST, Sheet
from handgrad.check.reading.plain import equations

_TOUCH = re.compile(r"\b(?:np|numpy|jnp|torch)\s*\.|@|\.(?:dot|matmul|sum|mean)\s*\(")
_ATTRIBUTES = frozenset(
    (
        "T",
        "dot",
        "matmul",
        "sum",
        "mean",
        "max",
        "min",
        "exp",
        "log",
        "reshape",
        "shape",
        "size",
        "transpose",
        "copy",
        "astype",
        "flatten",
    )
)
_MODULES = frozenset(("np", "numpy", "jnp", "torch", "self", "math", "tf", "F"))
_PROMPT = re.compile(r"^(?:[ \t]*(?:>>>|\.\.\.)(?: |$)|[ \t]*[%!?].*$)", re.MULTILINE)
_NOT_READ = {
    ast.FunctionDef: "a function",
    ast.AsyncFunctionDef: "a function",
    ast.ClassDef: "a class",
    ast.For: "a loop",
    ast.AsyncFor: "a loop",
    ast.While: "a loop",
    ast.With: "a with block",
    ast.AsyncWith: "a with block",
    ast.If: "an if block",
    ast.Try: "a try block",
    ast.Match: "a match block",
}


def parsed(text: str) -> ast.Module | None:
    """Return the syntax tree, or None for what is not Python (or is nested too deeply)."""
    if len(text) > 50 * LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_numpy(line: str) -> bool:
    """Whether a line is an assignment in Python that calls NumPy or multiplies by @; W.T alone also stands in plain formulas."""
    if len(line) > LONGEST or not _TOUCH.search(line):
        return False
    tree = parsed(line.strip())
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Assign | ast.AugAssign):
        return False
    return all(
        node.attr in _ATTRIBUTES or (isinstance(node.value, ast.Name) and node.value.id in _MODULES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
    )


def looks_like_python(text: str) -> bool:
    """Whether a fence without a language is Python with NumPy in it."""
    if not (_TOUCH.search(text) or "def " in text or "import " in text):
        return False
    code = _without_prompts(text)
    return parsed(_without_margin(code, _margin(code))) is not None


def _without_prompts(code: str) -> str:
    """The code with spaces for the prompts of a session and for the magics of a notebook."""
    return _PROMPT.sub(lambda found: " " * len(found.group()), code)


def _margin(code: str) -> int:
    return min((len(line) - len(line.lstrip(" ")) for line in code.split("\n") if line.strip()), default=0)


def _without_margin(code: str, margin: int) -> str:
    return "\n".join(line[margin:] if line.strip() else "" for line in code.split("\n"))


def read_python(sheet: Sheet, start: int, end: int) -> None:
    """Record each assignment at top level as a passage, and each block as skipped; comments are prose."""
    code = _without_prompts(sheet.shown(start, end))
    margin = _margin(code)
    tree = parsed(_without_margin(code, margin))
    if tree is None:
        _line_by_line(sheet, code, start)
        return
    lines = code.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=start))

    def place(line: int, column: int) -> int:
        raw = lines[line - 1][margin:]
        return starts[line - 1] + margin + (column if raw.isascii() else len(raw.encode()[:column].decode(errors="ignore")))

    for statement in tree.body:
        line = min([statement.lineno, *(item.lineno for item in getattr(statement, "decorator_list", ()))])
        begin = place(line, statement.col_offset)
        stop = place(statement.end_lineno or line, statement.end_col_offset or 0)
        if isinstance(statement, ast.Assign | ast.AugAssign) or (
            isinstance(statement, ast.AnnAssign) and statement.value is not None
        ):
            sheet.formula(begin, stop, "numpy", display=True, text=code[begin - start : stop - start])
        elif (what := _NOT_READ.get(type(statement))) is not None:
            sheet.skip(begin, stop, f"{what} is not read yet")
    for begin, stop in _comments(code):
        sheet.say(start + begin, start + stop)


def _comments(code: str) -> Iterator[tuple[int, int]]:
    for found in re.finditer(r"^[ \t]*#+[ \t]*(.*)$", code, re.MULTILINE):
        yield found.span(1)


def _line_by_line(sheet: Sheet, code: str, start: int) -> None:
    """Code that Python does not take: what each line by itself is."""
    for found in re.finditer(r"[^\n]+", code):
        line, begin = found.group().split("#")[0], start + found.start()
        tree = parsed(line.strip())
        if tree is not None and len(tree.body) == 1 and isinstance(tree.body[0], ast.Assign | ast.AugAssign):
            sheet.formula(begin, begin + len(line), "numpy", display=True, text=line)
            continue
        for left, right in equations(line):
            sheet.formula(begin + left, begin + right, "plain", display=True)
