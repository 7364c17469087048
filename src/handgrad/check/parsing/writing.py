"""From a tree back to text: the author's very text where there is one, and otherwise composed as this author writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from handgrad.check.parsing.composing_plain import PlainWriter
from handgrad.check.parsing.composing_tex import TexWriter
from handgrad.check.tree import (
    Bracketed,
    Call,
    Differential,
    Fraction,
    Group,
    Name,
    Node,
    Product,
    Script,
    Scripted,
    Statement,
    walk,
)

ELEMENTWISE = {"odot", "circ", "otimes", "bullet", ".*"}
"""Signs that are no matrix product wherever they stand."""
Kind = TypeVar("Kind")
TRANSPOSES = {"T": "T", "top": "top", "intercal": "intercal", "t": "t"}


@dataclass(frozen=True)
class Style:
    """How an author writes.

    `matrix` and `elementwise` are the signs of the two products, as in `tree.Product`. `transpose` is T, top, intercal or
    t (raised),
    .T, or ' (a prime). `joined` says that a transpose stands in one script with the layer, W^{[l]T}; else (W^{[l]})^T.
    `layer` is []
    for W^{[l]}, () for W^{(l)}, ^ for W^l, _ for W_l, digits for W1, index for W[1], or empty where there are none.
    """

    kind: Literal["tex", "plain", "numpy"] = "tex"
    matrix: str = ""
    elementwise: str = "odot"
    transpose: str = "T"
    joined: bool = True
    layer: str = "[]"


TEX = Style()
PLAIN = Style("plain", "", "*", ".T", joined=True, layer="digits")
NUMPY = Style("numpy", "@", "*", ".T", joined=True, layer="digits")


def write(node: Node, source: str | None = None, style: Style = TEX) -> str:
    """Return the text of a tree.

    Args:
        node: The tree.
        source: The document's text. A node with a span is written as its text there; without it everything is composed.
        style: In which kind of text, and how this author writes; the tree itself says which signs stand between factors.

    Returns:
        The text, which `parse` reads as the same tree.

    """
    writer = TexWriter(source) if style.kind == "tex" else PlainWriter(source, numpy=style.kind == "numpy")
    return writer.text(node)


def transposed(node: Node, style: Style) -> Node:
    """The transpose of a part, in this author's way."""
    if style.transpose == "'":
        script = Script(None, "prime")
    elif style.transpose == ".T":
        script = Script(None, "transpose")
    else:
        mark = Name(None, style.transpose)
        if style.joined and isinstance(node, Name) and node.scripts and node.scripts[-1].kind == "sup":
            last = node.scripts[-1]
            return replace(node, span=None, scripts=(*node.scripts[:-1], replace(last, span=None, body=(*last.body, mark))))
        script = Script(None, "sup", (mark,))
        if isinstance(node, Name) and any(one.kind in {"sup", "prime"} for one in node.scripts):
            return Scripted(None, Group(None, node), (script,))
    if isinstance(node, Name):
        return replace(node, span=None, scripts=(*node.scripts, script))
    if isinstance(node, Scripted):
        return replace(node, span=None, scripts=(*node.scripts, script))
    return Scripted(None, node if isinstance(node, Group | Call) else Group(None, node), (script,))


def style_of(statements: Iterable[Statement], kind: Literal["tex", "plain", "numpy"] | None = None) -> Style:
    """How the author of these statements writes; what they do not show is as in TEX, PLAIN or NUMPY."""
    nodes = [node for statement in statements for side in statement.sides if side is not None for node in walk(side)]
    kind = kind or _kind(nodes)
    default = {"tex": TEX, "plain": PLAIN, "numpy": NUMPY}[kind]
    transposes = Counter(mark for node in nodes for mark in _transposes(node))
    names = [node for node in nodes if isinstance(node, Name)]
    joined = Counter(
        isinstance(node, Name) and len(script.body) > 1
        for node in nodes
        if isinstance(node, Name | Scripted)
        for script in node.scripts
        if script.kind == "sup" and _raised(script)
    )
    layers = Counter(
        layer for name in names if name.name in {"W", "w", "A", "a", "Z", "z", "b", "delta", "Theta"} if (layer := _layer(name))
    )
    elementwise, matrix = _products(nodes)
    return Style(
        kind,
        matrix if matrix is not None else default.matrix,
        elementwise or default.elementwise,
        _first(transposes, default.transpose),
        _first(joined, default.joined),
        _first(layers, default.layer),
    )


def _first(found: Counter[Kind], default: Kind) -> Kind:
    return found.most_common(1)[0][0] if found else default


def _kind(nodes: list[Node]) -> Literal["tex", "plain", "numpy"]:
    signs = {sign for node in nodes if isinstance(node, Product) for sign in node.signs}
    if "@" in signs or any(
        isinstance(node, Call) and (node.keywords or node.function.name in {"multiply", "matmul"}) for node in nodes
    ):
        return "numpy"
    scripts = [node for node in nodes if isinstance(node, Script)]
    if any(isinstance(node, Fraction) and node.mark == "frac" for node in nodes) or any(
        isinstance(node, Bracketed) for node in nodes
    ):
        return "tex"
    plain = any(script.kind in {"bracket", "transpose", "digits"} for script in scripts) or bool(signs & {"*", ".*", "."})
    return "plain" if plain else "tex"


def _raised(script: Script) -> str | None:
    """The letter by which a raised script says transpose."""
    last = script.body[-1] if script.body else None
    return TRANSPOSES.get(last.name) if isinstance(last, Name) and not last.scripts else None


def _transposes(node: Node) -> Iterator[str]:
    for script in node.scripts if isinstance(node, Name | Scripted) else ():
        if script.kind == "transpose":
            yield ".T"
        elif script.kind == "sup" and (mark := _raised(script)):
            yield mark
        elif (
            script.kind == "prime" and isinstance(node, Name) and node.name in {"W", "w", "A", "a", "X", "x", "Z", "theta", "Theta"}
        ):
            yield "'"


def _layer(name: Name) -> str:
    for script in name.scripts:
        first = script.body[0] if script.body else None
        if script.kind in {"digits", "bracket"}:
            return {"digits": "digits", "bracket": "index"}[script.kind]
        if script.kind == "sup" and isinstance(first, Bracketed):
            return {"[": "[]", "(": "()"}.get(first.open, "")
        if script.kind == "sup" and not _raised(script):
            return "^"
    return "_" if any(script.kind == "sub" for script in name.scripts) else ""


def _products(nodes: list[Node]) -> tuple[str | None, str | None]:
    """The signs of elementwise and of matrix products: that before a slope, and that beside a transpose."""
    elementwise: Counter[str] = Counter()
    slopes: Counter[str] = Counter()
    matrix: Counter[str] = Counter()
    for node in nodes:
        if not isinstance(node, Product):
            continue
        for place, sign in enumerate(node.signs):
            left, right = node.items[place], node.items[place + 1]
            if sign in ELEMENTWISE:
                elementwise[sign] += 1
            elif any(mark for part in (left, right) for mark in _transposes(_marked(part))):
                matrix[sign] += 1
            elif isinstance(right, Call) and any(script.kind == "prime" for script in right.function.scripts):
                slopes[sign] += 1
    found = elementwise or Counter({sign: count for sign, count in slopes.items() if sign})
    return (found.most_common(1)[0][0] if found else None), (matrix.most_common(1)[0][0] if matrix else None)


def _marked(node: Node) -> Node:
    return node.of if isinstance(node, Differential) else node
