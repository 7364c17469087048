"""A web page of one file: MathML, no script, nothing fetched; and the same as a fragment for notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib.resources import files

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
    LineChart,
    Paragraph,
    PointChart,
    Program,
    Strong,
    Table,
    Words,
)
from handgrad.document.charts.svg import to_svg
from handgrad.document.mathml import to_mathml
from handgrad.document.parts import ASIDES, cleaned, colour, largest, measured, plain, rows

LIMIT = 90
"""Formulas of more characters than this are broken."""
BESIDE = 56
"""Formulas up to this wide have their reasons at the right where the page is wide, others always beneath."""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; padding: 1.5rem clamp(0.8rem, 4vw, 3rem); color: #1b1f24; background: #fff; }}
@media (prefers-color-scheme: dark) {{ body {{ color: #dfe3e8; background: #15181c; }} }}
@media print {{ body {{ padding: 0; color: #000; background: #fff; }} }}
.handgrad {{ margin: 0 auto; }}
{style}</style>
</head>
<body>
<main class="handgrad">
{body}
</main>
</body>
</html>
"""


def to_html(document: Document) -> str:
    """The document as a page that stands alone; labels of equations and headings can be linked to."""
    page = _Page(document, anchors=True)
    title = escape(plain(page.document.title, document.notation))
    return PAGE.format(title=title, style=_style(), body="\n".join(page.lines()))


def to_html_fragment(document: Document) -> str:
    """The document for a notebook: a <div> with its own style, which touches nothing around it."""
    body = "\n".join(_Page(document, anchors=False).lines())
    return f'<div class="handgrad">\n<style>\n{_style()}</style>\n{body}\n</div>\n'


@cache
def _style() -> str:
    return files("handgrad.document").joinpath("page.css").read_text(encoding="utf-8")


class _Page:
    """Writes the elements of a document. A fragment has no anchors: a notebook may show the same document twice."""

    def __init__(self, document: Document, *, anchors: bool) -> None:
        self.document, self.notation, self.anchors = cleaned(document), document.notation, anchors
        self.latex = Latex(document.notation)
        lines = (line for block in self.document.blocks if isinstance(block, Formula) for line in block.lines)
        self.labels = {line.label for line in lines if line.label} if anchors else set()
        self.taken: set[str] = set()

    def lines(self) -> Iterator[str]:
        yield f"<h1>{self.text(self.document.title)}</h1>"
        for block in self.document.blocks:
            yield from self.block(block)

    def block(self, block: Block) -> Iterator[str]:
        match block:
            case Heading():
                yield self.heading(block)
            case Paragraph(words):
                yield f"<p>{self.text(words)}</p>"
            case Bullets(items):
                yield "<ul>" + "".join(f"<li>{self.text(item)}</li>" for item in items) + "</ul>"
            case Formula():
                yield from self.formula(block)
            case Table():
                yield from self.table(block)
            case Program(source, language):
                yield f'<pre><code class="language-{escape(language)}">{escape(source)}</code></pre>'
            case HeatMap():
                yield from self.heat_map(block)
            case LineChart() | BarChart() | PointChart():
                caption = f"<figcaption>{self.text(block.caption)}</figcaption>" if block.caption else ""
                yield f"<figure>{caption}{to_svg(block)}</figure>"
            case Aside(kind, words):
                name = escape(kind)
                yield f'<aside class="{name}"><strong>{escape(ASIDES.get(kind, kind))}.</strong> {self.text(words)}</aside>'

    def heading(self, heading: Heading) -> str:
        tag, text = f"h{min(heading.level, 3) + 1}", self.text(heading.words)
        if not self.anchors:
            return f"<{tag}>{text}</{tag}>"
        name = self.new_id(re.sub(r"\W+", "-", plain(heading.words, self.notation).lower()).strip("-") or "section")
        link = f'<a class="anchor" href="#{name}" aria-label="Link to this section">#</a>'
        return f'<{tag} id="{name}">{text}{link}</{tag}>'

    def new_id(self, name: str) -> str:
        """An id that no element has yet."""
        number, found = 1, name
        while found in self.taken:
            number += 1
            found = f"{name}-{number}"
        self.taken.add(found)
        return found

    def formula(self, formula: Formula) -> Iterator[str]:
        wide = measured(formula, self.notation, LIMIT) > BESIDE
        yield f'<div class="formula{" wide" if wide else ""}"><div class="lines">'
        place, reason = 0, ""
        for row in rows(formula, self.notation, LIMIT):
            if row.line is None:
                place += 1
                yield self.cell("right more", place, to_mathml(row.right, display=True))
                continue
            yield self.cell("because", place, reason)
            place += 2  # the row between is for the reason, where that stands beneath
            if row.left:
                yield self.cell("left", place, to_mathml(row.left, display=True))
            # an empty group before the sign gives it the room of one between two terms
            signed = f"{{}} {row.sign} {row.right}" if row.sign else row.right
            yield self.cell("right", place, to_mathml(signed, display=True))
            yield self.cell("label", place, self.label(row.line.label))
            reason = self.text(row.line.reason)
        yield self.cell("because", place, reason) + "</div></div>"

    def cell(self, name: str, place: int, content: str) -> str:
        """A cell of a formula's grid; `page.css` gives it its column."""
        return f'<div class="{name}" style="--row:{place}">{content}</div>' if content else ""

    def label(self, label: str) -> str:
        text = f"<code>{escape(label)}</code>"
        if not self.anchors or not label:
            return label and text
        name = escape(self.new_id(label))
        return f'<a id="{name}" href="#{name}">{text}</a>'

    def table(self, table: Table) -> Iterator[str]:
        align = table.align.ljust(max(map(len, (table.header, *table.rows))), "l")

        def cells(row: tuple[Words, ...], tag: str, start: int = 0) -> str:
            sides = (' class="r"' if side == "r" else "" for side in align[start:])
            closing = tag.partition(" ")[0]
            return "".join(f"<{tag}{side}>{self.text(cell)}</{closing}>" for cell, side in zip(row, sides, strict=False))

        yield '<div class="scroll"><table>'
        yield "<thead><tr>" + cells(table.header, 'th scope="col"') + "</tr></thead><tbody>"
        for row in table.rows:
            yield "<tr>" + cells(row[:1], 'th scope="row"') + cells(row[1:], "td", 1) + "</tr>"
        yield "</tbody></table></div>"

    def heat_map(self, block: HeatMap) -> Iterator[str]:
        scale = largest(block.values)
        across, down = max(map(len, block.values), default=0), len(block.values)
        size = max(min(20, 640 // max(across, 1)), 2)
        name = f"{down} rows and {across} columns of numbers between -{scale:.3g} and {scale:.3g} as colours"
        legend = f"from blue, -{scale:.3g}, over white, 0, to red, {scale:.3g}"
        yield f"<figure><figcaption>{self.text(block.caption)} ({legend})</figcaption>"
        yield f'<svg role="img" aria-label="{name}" width="{across * size}" viewBox="0 0 {across} {down}">'
        for y, row in enumerate(block.values):
            for x, value in enumerate(row):
                red, green, blue = colour(value, scale)
                title = f"<title>row {y + 1}, column {x + 1}: {value:.4g}</title>"
                yield f'<rect x="{x}" y="{y}" width="1" height="1" fill="#{red:02x}{green:02x}{blue:02x}">{title}</rect>'
        yield "</svg></figure>"

    def text(self, words: Words) -> str:
        return "".join(map(self.part, words))

    def part(self, part: str | Written | Code | Strong) -> str:
        match part:
            case str():
                return escape(part)
            case Strong(words):
                return f"<strong>{escape(words)}</strong>"
            case Code(source):
                code = f"<code>{escape(source)}</code>"
                return f'<a href="#{escape(source)}">{code}</a>' if source in self.labels else code
            case _:
                return to_mathml(self.latex.text(part))
