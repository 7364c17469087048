"""Composing plain text and NumPy."""

from __future__ import annotations

import re
import unicodedata
from typing import ClassVar

from handgrad.check.parsing.composing import Writer, simple
from handgrad.check.parsing.items import CLOSING
from handgrad.check.tree import (
    BigSum,
    Bracketed,
    Cases,
    Compare,
    Derivative,
    Differential,
    Dots,
    Fraction,
    Group,
    Matrix,
    Name,
    Node,
    Operator,
    Root,
    Script,
    Sum,
    Words,
)

PLAIN_SIGNS = {"cdot": "·", "times": "×", "odot": "⊙", "circ": "∘", "otimes": "⊗", "bullet": "•", "ast": "∗", "pm": "±"}


class PlainWriter(Writer):
    """Plain text, or NumPy's: words for Greek letters, a slash for quotients, .T and ** for scripts."""

    SIGNS: ClassVar[dict[str, str]] = PLAIN_SIGNS
    OPS: ClassVar[dict[str, str]] = {"in": "∈", "approx": "≈", "propto": "∝", "equiv": "≡"}
    NUMPY: ClassVar[set[str]] = {
        "sum", "dot", "multiply", "matmul", "exp", "log", "tanh", "maximum", "minimum", "where", "mean", "outer", "sqrt",
        "sign", "abs", "square",
        "max", "diag", "sin", "cos", "log1p", "transpose", "power",
    }  # fmt: skip
    ACCENTS: ClassVar[dict[str, str]] = {
        "hat": "\u0302",
        "bar": "\u0304",
        "tilde": "\u0303",
        "vec": "\u20d7",
        "dot": "\u0307",
        "check": "\u030c",
        "ddot": "\u0308",
    }

    def __init__(self, source: str | None, *, numpy: bool = False) -> None:
        super().__init__(source)
        self.numpy = numpy

    def piece(self, node: Node) -> str:
        """A name, a script, brackets or a structure."""
        match node:
            case Name():
                return self.with_scripts(self._letter(node), node.scripts)
            case Script():
                return self._script(node)
            case Bracketed():
                return f"{node.open}{self.parts(node.body, comma=True)}{CLOSING[node.open]}"
            case Group():
                opens = {"norm": "||"}.get(node.open, node.open)
                closes = {"norm": "||"}.get(node.open, CLOSING[node.open])
                return (
                    f"\\{opens}{self.text(node.body)}\\{closes}" if node.open == "{" else f"{opens}{self.text(node.body)}{closes}"
                )
            case BigSum():
                return self._sum(node)
            case Root():
                return f"{'np.' if self.numpy else ''}sqrt({self.text(node.body)})"
            case Matrix():
                rows = [", ".join(self.text(entry) for entry in row) for row in node.rows]
                return f"({rows[0]})" if len(rows) == 1 else f"[{'; '.join(rows)}]"
            case Cases():
                return self._cases(node)
            case Words():
                return node.text
            case Dots():
                return "..."
        return "?"

    def _letter(self, node: Name) -> str:
        if "ell" in node.faces:
            return "ℓ"
        text = node.name
        for face in sorted(node.faces & self.ACCENTS.keys()):
            text = f"{text}_{face}" if face in {"hat", "bar"} and not node.scripts else text + self.ACCENTS[face]
        return unicodedata.normalize("NFC", text)

    def _script(self, node: Script) -> str:
        body = self.parts(node.body, comma=node.kind != "sup")
        bare = bool(re.fullmatch(r"[A-Za-z]|\d+|[\[(][^\[\]()]*[\])]", body))
        match node.kind:
            case "sup":
                if self.numpy and re.fullmatch(r"\d+", body):
                    return f"**{body}"
                return f"^{body}" if bare else f"^{{{body}}}"
            case "sub":
                return f"_{body}" if bare and body.isalnum() else f"_{{{body}}}"
            case "digits":
                return body
            case "bracket":
                return body if len(node.body) == 1 and isinstance(node.body[0], Bracketed) else f"[{body}]"
            case "prime":
                return "'" * node.count
        return ".T"

    def _cases(self, node: Cases) -> str:
        (value, when), *others = node.rows
        if len(others) == 1 and when is not None and others[0][1] is None:
            return f"{self.text(value)} if {self.text(when)} else {self.text(others[0][0])}"
        return ", ".join(f"{self.text(one)} {'otherwise' if when is None else 'if ' + self.text(when)}" for one, when in node.rows)

    def carries(self, node: Node) -> bool:
        """Whether scripts can stand at a node without brackets."""
        return simple(node) and not isinstance(node, Derivative | Differential)

    def function(self, name: Name) -> str:
        """The name of a function."""
        text = self.text(name)
        return f"np.{text}" if self.numpy and name.name in self.NUMPY and not text.startswith("np.") else text

    def fraction(self, node: Fraction) -> str:
        """A quotient."""
        return self.slash(node)

    def factor(self, item: Node, *, first: bool, last: bool, signed: bool, following: Node | None) -> str:
        """A factor, in brackets where it would fall apart."""
        if isinstance(item, Fraction) and not first:
            return self.brackets(item)
        return super().factor(item, first=first, last=last, signed=signed, following=following)

    def slash(self, node: Fraction) -> str:
        """A quotient with a slash."""
        if isinstance(node.over, Fraction) and node.over.mark == "frac":
            return f"{self.brackets(node.over)}/{self.text(node.under) if simple(node.under) else self.brackets(node.under)}"
        return super().slash(node)

    def gradient(self, node: Derivative | Operator | Differential) -> str:
        """A derivative."""
        mark = {"partial": "∂", "nabla": "∇", "delta": "δ", "Delta": "Δ"}.get(node.mark, node.mark)
        if isinstance(node, Differential):
            below = "" if node.by is None else f"_{{{self.text(node.by)}}}"
            return f"{mark}{below}{self.text(node.of) if simple(node.of) else self.brackets(node.of)}"
        over = ""
        if isinstance(node, Derivative):
            over = self.text(node.of) if isinstance(node.of, Name | Group) else self.brackets(node.of)
        return f"{mark}{over}/{mark}{self.text(node.by)}"

    def _sum(self, node: BigSum) -> str:
        head = {"sum": "Σ", "prod": "∏"}.get(node.kind, "mean")
        if node.index is not None:
            lower = f"{'=' if node.upper is not None else ' ∈ '}{self.text(node.lower)}" if node.lower is not None else ""
            inside = f"{self.text(node.index)}{lower}"
            head += f"_{inside}" if len(inside) == 1 else f"_{{{inside}}}"
        if node.upper is not None:
            head += f"^{{{self.text(node.upper)}}}"
        body = self.brackets(node.body) if isinstance(node.body, Sum | Compare) else self.text(node.body)
        return f"{head} {body}"
