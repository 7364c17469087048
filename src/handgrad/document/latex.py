"""A LaTeX article that pdflatex compiles as it is, with the packages of texlive-latex-base and texlive-latex-recommended."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby

from handgrad.calculus.boxes import columns
from handgrad.calculus.latex import Latex
from handgrad.calculus.written import Written
from handgrad.document.blocks import (
    Aside,
    BarChart,
    Block,
    Bullets,
    Code,
    Document,
    Formula,
    Heading,
    HeatMap,
    Line,
    LineChart,
    Paragraph,
    PointChart,
    Program,
    Strong,
    Table,
    Words,
)
from handgrad.document.charts.drawn import as_text
from handgrad.document.letters import declaration, escaped
from handgrad.document.parts import ASIDES, cleaned, colour, extent, largest, measured, plain, rows

LIMIT = 84
"""About how many characters of a formula fit a line."""
BESIDE = 46
"""Formulas up to this wide have their reasons at the right, others beneath."""

PREAMBLE = r"""\documentclass[11pt,fleqn]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{textcomp}
\usepackage[a4paper,margin=2.5cm]{geometry}
\usepackage{amsmath,amssymb}
\usepackage{graphicx}
\usepackage{xcolor}
\usepackage{alltt,array,longtable}
\setlength{\mathindent}{1.5em}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.5\baselineskip}
\setcounter{secnumdepth}{0}
\emergencystretch=3em
\allowdisplaybreaks
\setlength{\jot}{5pt}
% matrices are right-aligned, as numbers are read
\makeatletter
\renewcommand*\env@matrix[1][*\c@MaxMatrixCols r]{\hskip -\arraycolsep\let\@ifnextchar\new@ifnextchar\array{#1}}
\makeatother
\AtBeginDocument{\setlength{\abovedisplayskip}{5pt plus 2pt}\setlength{\belowdisplayskip}{5pt plus 2pt}%
  \setlength{\abovedisplayshortskip}{5pt plus 2pt}\setlength{\belowdisplayshortskip}{5pt plus 2pt}}
\newcommand{\why}[2]{{\color{black!65}\parbox[t]{#1\linewidth}{\footnotesize\raggedright #2\strut}}}
\newcommand{\named}[1]{\tag*{\scriptsize\color{black!50}\texttt{#1}}}
\newcommand{\aside}[2]{\colorbox{#1}{\parbox{\dimexpr\linewidth-2\fboxsep}{#2\strut}}}
% at most so wide: what cannot be broken is made smaller
\newsavebox{\fitted}
\newcommand{\fit}[2]{\savebox{\fitted}{$\displaystyle #2$}%
  \ifdim\wd\fitted>#1\linewidth\resizebox{#1\linewidth}{!}{\usebox{\fitted}}\else\usebox{\fitted}\fi}
"""

BREAKABLE, BREAK = re.compile(r"(?<=\w)(\{?-\}?)(?=\w)"), r"\1\\allowbreak{}"
"""A line may break behind a dash inside code, as in the spelling of a deep network."""


def to_latex(document: Document) -> str:
    """The document as an article. Every character that is not ASCII is declared in its preamble, so that none is undefined."""
    document = cleaned(document)
    writer = _Article(document)
    title = f"\\begin{{center}}\\LARGE {writer.line(document.title)}\\end{{center}}"
    content = f"\\begin{{document}}\n{title}\n\n{writer.body(document.blocks)}\n\n\\end{{document}}\n"
    content = unicodedata.normalize("NFC", content)
    matrices = re.findall(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}", content)
    widest = max((row.count("&") + 1 for matrix in matrices for row in matrix.split(r"\\")), default=1)
    used = sorted({c for c in content if ord(c) > 127})
    declared = "".join(f"\\DeclareUnicodeCharacter{{{ord(c):04X}}}{{{declaration(c)}}}\n" for c in used)
    return f"{PREAMBLE}\\setcounter{{MaxMatrixCols}}{{{widest}}}\n{declared}{content}"


class _Article:
    def __init__(self, document: Document) -> None:
        self.notation, self.latex = document.notation, Latex(document.notation)

    def body(self, blocks: Iterable[Block]) -> str:
        """Blocks under each other; neighbouring formulas that leave room for their reasons are aligned with each other."""
        parts: list[str] = []
        for narrow, neighbours in groupby(blocks, self.narrow):
            group = list(neighbours)
            parts += [self.narrow_formulas(group)] if narrow else map(self.block, group)
        # a blank line before a displayed formula would be an empty paragraph
        return "\n\n".join(parts).replace("\n\n\\begin{align*}", "\n\\begin{align*}")

    def narrow(self, block: Block) -> bool:
        return isinstance(block, Formula) and measured(block, self.notation, LIMIT) <= BESIDE

    def block(self, block: Block) -> str:
        match block:
            case Heading(words, level):
                section = ("section", "subsection", "subsubsection")[min(level, 3) - 1]
                return rf"\{section}{{{self.line(words)}}}"
            case Paragraph(words):
                return self.line(words)
            case Bullets(items):
                return "\\begin{itemize}\n" + "".join(f"\\item {self.line(item)}\n" for item in items) + "\\end{itemize}"
            case Formula():
                return self.wide_formula(block)
            case Table():
                return self.table(block)
            case Program(source):
                return _program(source)
            case HeatMap():
                return "\n".join(self.heat_map(block))
            case LineChart() | BarChart() | PointChart():
                caption = self.line(block.caption)
                return (
                    f"{caption}\\nopagebreak\n\n{_program(as_text(block, ascii_only=True))}"
                    if caption
                    else _program(as_text(block, ascii_only=True))
                )
            case Aside(kind, words):
                tint = {"warning": "orange", "good": "green"}.get(kind, "blue")
                return rf"\aside{{{tint}!12}}{{\textbf{{{escaped(ASIDES.get(kind, kind))}.}} {self.line(words)}}}"

    def narrow_formulas(self, blocks: Iterable[Block]) -> str:
        """Formulas aligned with each other at their signs, and their reasons at the right."""
        formulas = [block for block in blocks if isinstance(block, Formula)]
        lead = max(extent(formula.left, self.notation) for formula in formulas)
        body = max(measured(formula, self.notation, LIMIT) - extent(formula.left, self.notation) for formula in formulas)
        # TeX's marks of layers and indices are smaller than the terminal's
        share = min(max(0.82 - 0.75 * (lead + body) / LIMIT, 0.25), 0.55)
        lines = []
        for row in (row for formula in formulas for row in rows(formula, self.notation, LIMIT)):
            reason = self.line(row.line.reason) if row.line else ""
            beside = rf" && \why{{{share:.2f}}}{{{reason}}}" if reason else ""
            lines.append(f"{row.left} &{row.sign} {row.right}{beside}{self.label(row.line)}")
        return _aligned(lines)

    def wide_formula(self, formula: Formula) -> str:
        """A formula whose rows are made narrower where they are too wide, with each line's reason beneath it."""
        lead = extent(formula.left, self.notation) + 3
        share = max(0.84 - lead / LIMIT, 0.4)
        lines: list[str] = []
        for row in rows(formula, self.notation, LIMIT - lead):
            if row.line is None:
                lines[-1] += rf" \\ &\quad \fit{{{share - 0.03:.2f}}}{{{row.right}}}"
                continue
            lines.append(rf"{row.left} &{row.sign} \fit{{{share:.2f}}}{{{row.right}}}{self.label(row.line)}")
        reasons = (self.line(line.reason) for line in formula.lines)
        below = (rf" \\* &\quad \why{{{share:.2f}}}{{{reason}}}" if reason else "" for reason in reasons)
        return _aligned([line + reason for line, reason in zip(lines, below, strict=True)])

    def label(self, line: Line | None) -> str:
        return rf" \named{{{escaped(line.label)}}}" if line and line.label else ""

    def table(self, table: Table) -> str:
        count = max(map(len, (table.header, *table.rows)))
        rows = [[*row, *[()] * (count - len(row))] for row in (table.header, *table.rows)]
        widths = [max(columns(plain(row[n], self.notation)) for row in rows) for n in range(count)]
        header, *others = (" & ".join(map(self.line, row)) + r" \\" for row in rows)
        kind, head = ("longtable", r"\endhead") if len(others) > 30 else ("tabular", "")
        return "\n".join([
            r"{\small\setlength{\LTleft}{0pt}\renewcommand{\arraystretch}{1.2}",
            rf"\begin{{{kind}}}{{{_column_types(widths, table.align.ljust(count, 'l'))}}}",
            rf"{header} \hline {head}",
            *others,
            rf"\end{{{kind}}}\par}}",
        ])  # fmt: skip

    def heat_map(self, block: HeatMap) -> Iterator[str]:
        scale = largest(block.values)
        across, down = max(map(len, block.values), default=1) or 1, len(block.values) or 1
        side = min(5, 150 / across, 200 / down)
        yield rf"{{{self.line(block.caption)} ($\pm {scale:.3g}$ is the deepest red or blue)\par\nopagebreak"
        yield r"\setlength{\fboxsep}{0pt}\fbox{\vbox{\offinterlineskip"
        for row in block.values:
            tints = (",".join(map(str, colour(value, scale))) for value in row)
            yield r"\hbox{" + "".join(rf"\color[RGB]{{{tint}}}\rule{{{side:.2f}mm}}{{{side:.2f}mm}}" for tint in tints) + "}"
        yield r"}}\par}"

    def line(self, words: Words) -> str:
        """Words as one line of source, which nothing before it takes for an option."""
        line = " ".join("".join(map(self.part, words)).split())
        return "{}" + line if line.startswith(("[", "*")) else line

    def part(self, part: str | Written | Code | Strong) -> str:
        match part:
            case str():
                return escaped(part, words=True)
            case Strong(words):
                return rf"\textbf{{{escaped(words, words=True)}}}"
            case Code(source):
                return rf"\texttt{{{BREAKABLE.sub(BREAK, escaped(source))}}}"
            case _:
                return f"${_portable(self.latex.text(part))}$"


def _aligned(lines: list[str]) -> str:
    return "\\begin{align*}\n" + " \\\\\n".join(map(_portable, lines)) + "\n\\end{align*}"


def _portable(latex: str) -> str:
    """Mathematics with what amssymb has: its double-struck letters have no digits."""
    return latex.replace(r"\mathbb{1}", r"\mathbf{1}")


def _program(source: str) -> str:
    """Source code in letters of one width, as small as its longest line needs."""
    lines = source.expandtabs(4).rstrip("\n").split("\n")
    longest = max(map(columns, lines))
    size = next((name for name, room in (("small", 84), ("footnotesize", 94), ("scriptsize", 118)) if longest <= room), "tiny")
    kept = "\n".join(map(escaped, lines))
    return f"{{\\{size}\n\\begin{{alltt}}\n{kept}\n\\end{{alltt}}}}"


def _column_types(widths: list[int], align: str) -> str:
    """As wide as what they hold; where that is too much together, the widest share what the others leave, and are set in lines."""
    room = LIMIT - 3 * len(widths)
    wide = [width for width in widths if sum(widths) > room and width > room / len(widths)]
    left = max(room - (sum(widths) - sum(wide)), 8 * len(wide)) / LIMIT
    return "".join(
        rf">{{\raggedright\arraybackslash}}p{{{left * width / sum(wide):.3f}\linewidth}}" if width in wide else side
        for width, side in zip(widths, align, strict=False)
    )
