"""MathML of LaTeX, with what latex2mathml gets wrong, or browsers cannot show, put right."""

from __future__ import annotations

import html
import re
from xml.etree.ElementTree import Element, SubElement, tostring

from latex2mathml import exceptions
from latex2mathml.converter import convert_to_element

REFUSED = tuple(found for found in vars(exceptions).values() if isinstance(found, type) and issubclass(found, Exception))
"""What latex2mathml raises for LaTeX that it cannot read."""

PARTS = {"mfrac": 2, "msub": 2, "msup": 2, "mover": 2, "munder": 2, "msubsup": 3, "munderover": 3}
"""How many parts the elements have that browsers show as an error otherwise."""

DIGITS = {"double-struck": 0x1D7D8, "bold": 0x1D7CE}
"""The zero of the digits of these styles, which browsers do not make of plain ones."""

REWRITTEN = (
    (r"\begin{bmatrix}", r"{\begin{bmatrix}"),  # so that an exponent belongs to the matrix, not to its last bracket
    (r"\end{bmatrix}", r"\end{bmatrix}}"),
    (r"\lvert", r"\left|"),
    (r"\rvert", r"\right|"),
)


def to_mathml(latex: str, *, display: bool = False) -> str:
    """An element <math> for a page; with `display`, sums have their limits above and below.

    LaTeX that latex2mathml cannot read, as a reader's own name for a quantity may be, is shown as it is.
    """
    source = latex
    for old, new in REWRITTEN:
        source = source.replace(old, new)
    try:
        found = convert_to_element(source)
    except REFUSED:
        return f"<code>{html.escape(latex)}</code>"
    found.attrib = {"displaystyle": "true"} if display else {}
    _mend(found)
    if any(len(element) != PARTS.get(element.tag, len(element)) for element in found.iter()):
        return f"<code>{html.escape(latex)}</code>"
    if display:
        _limits(found)
    return tostring(found, encoding="unicode", short_empty_elements=False)


def _mend(parent: Element) -> None:
    """Put the parts of an element right, from the inside out."""
    for element in parent:
        _mend(element)
        element.text = None if element.text is None else html.unescape(element.text)
        variant = element.attrib.get("mathvariant", "")
        if element.tag == "mn" and variant in DIGITS:
            element.text = "".join(chr(DIGITS[variant] + int(c)) if c.isdecimal() else c for c in element.text or "")
            del element.attrib["mathvariant"]
        elif element.tag == "mo" and re.fullmatch(r"[^\W\d]+|[∂∇∞]", element.text or ""):
            element.tag = "mi"  # a function's name or a letter, not a sign with room around it
        elif element.tag == "mi" and element.text in {"⟨", "⟩"}:
            element.tag, element.attrib = "mo", {"stretchy": "false"}
        elif element.tag == "mtd" and "columnalign" in element.attrib:
            element.attrib = {"style": f"text-align:{element.attrib['columnalign']}"}
        elif element.tag == "msup" and len(element) > 1 and (element[1].text or "").strip("′″‴") == "" and element[1].text:
            element.tag = "mrow"  # the letter ′ is raised by itself
        elif element.tag == "mover":
            element.attrib = {"accent": "true"}
    _mend_brackets(parent)
    _mend_signs(parent)
    _mend_words(parent)
    if parent.tag in {"math", "mrow", "mtd"}:
        _mend_spaces(parent)


def _mend_brackets(row: Element) -> None:
    """Brackets beside a matrix are as tall as it is."""
    children = list(row)
    for place, element in enumerate(children):
        if element.tag == "mtable":
            for form, neighbour in (("prefix", children[place - 1 : place]), ("postfix", children[place + 1 : place + 2])):
                for bracket in neighbour:
                    if bracket.tag == "mo" and bracket.text in {"[", "]"}:
                        bracket.attrib = {"form": form, "fence": "true", "stretchy": "true"}


def _mend_signs(row: Element) -> None:
    """:= and .* are one sign each."""
    for first, second in zip(list(row), list(row)[1:], strict=False):
        if second.tag == "mo" and (first.text, second.text) in {(":", "="), (".", "*")}:
            second.text = f"{first.text}{second.text}"
            row.remove(first)


def _mend_words(row: Element) -> None:
    """The upright letters of a word are one name."""
    if len(row) > 1 and all(element.tag in {"mi", "mn", "mo"} and element.get("mathvariant") == "normal" for element in row):
        word = "".join(element.text or "" for element in row)
        row[:] = []
        SubElement(row, "mi").text = word


def _mend_spaces(row: Element) -> None:
    """Between a factor and the name of a function there is a little room: z tanh(z)."""
    before: Element | None = None
    for element in list(row):
        name = next((leaf for leaf in element.iter() if len(leaf) == 0), element)
        operand = before is not None and len("".join(before.itertext())) > 0 and (before.tag != "mo" or before.text in {")", "]"})
        if operand and name.tag == "mi" and len(name.text or "") > 1:
            row.insert(list(row).index(element), Element("mspace", {"width": "0.17em"}))
        before = element


def _limits(found: Element) -> None:
    """In a displayed formula, what runs under and over a sum stands there."""
    for element in found.iter():
        if element.tag in {"msub", "msubsup"} and element[0].text in {"∑", "max", "min"}:
            element.tag = {"msub": "munder", "msubsup": "munderover"}[element.tag]
