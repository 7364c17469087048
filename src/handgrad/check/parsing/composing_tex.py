"""Composing LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from handgrad.check.parsing.composing import Writer, simple
from handgrad.check.parsing.vocabulary import COMMAND_FUNCTIONS, GREEK, LETTERS
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


class TexWriter(Writer):
    """LaTeX."""

    SIGNS: ClassVar[dict[str, str]] = {
        **{sign: f"\\{sign}" for sign in ("cdot", "times", "odot", "circ", "otimes", "bullet", "ast", "pm")}, "": "",
    }  # fmt: skip
    OPS: ClassVar[dict[str, str]] = {
        "==": "=", "!=": r"\neq", ">=": r"\ge", "<=": r"\le", "->": r"\to", "in": r"\in", "approx": r"\approx", "<-": r"\leftarrow",
        "propto": r"\propto", "equiv": r"\equiv",
    }  # fmt: skip
    ACCENTS: ClassVar[dict[str, str]] = {
        "hat": "hat",
        "bar": "bar",
        "tilde": "tilde",
        "vec": "vec",
        "dot": "dot",
        "ddot": "ddot",
        "check": "check",
        "ring": "mathring",
    }
    COMMANDS: ClassVar[dict[str, str]] = {
        name: f"\\{command}" for command, name in reversed(LETTERS.items()) if not command.startswith("var")
    }
    BRACKETS: ClassVar[dict[str, tuple[str, str]]] = {
        "(": ("(", ")"), "[": ("[", "]"), "{": (r"\{", r"\}"), "|": (r"\lvert ", r" \rvert"), "norm": (r"\lVert ", r" \rVert"),
        "<": (r"\langle ", r" \rangle"),
    }  # fmt: skip

    def piece(self, node: Node) -> str:
        """A name, a script, brackets or a structure."""
        match node:
            case Name():
                return self.with_scripts(self._letter(node), node.scripts)
            case Script():
                return self._script(node)
            case Bracketed() | Group():
                opens, closes = self.BRACKETS[node.open]
                inside = self.parts(node.body, comma=True) if isinstance(node, Bracketed) else self.text(node.body)
                if isinstance(node, Group) and "\\frac" in inside + "\\sum" * ("\\sum" in inside) and node.open in "([{":
                    opens, closes = f"\\left{opens}", f"\\right{closes}"
                return f"{opens}{inside}{closes}"
            case BigSum():
                return self._sum(node)
            case Root():
                return f"\\sqrt{{{self.text(node.body)}}}"
            case Matrix():
                rows = r" \\ ".join(" & ".join(self.text(entry) for entry in row) for row in node.rows)
                return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"
            case Cases():
                shown = [
                    (self.text(value), r"\text{otherwise}" if when is None else rf"\text{{if }} {self.text(when)}")
                    for value, when in node.rows
                ]
                return r"\begin{cases} " + r" \\ ".join(f"{value} & {when}" for value, when in shown) + r" \end{cases}"
            case Words():
                return f"\\text{{{node.text}}}"
            case Dots():
                return r"\dots"
        return r"\text{?}"

    def _letter(self, node: Name) -> str:
        name = node.name
        if "ell" in node.faces:
            text = r"\ell"
        elif name in GREEK | COMMAND_FUNCTIONS | {"partial", "nabla"} or (name and name in TexWriter.SIGNS):
            text = f"\\{name}"
        elif name in {"argmax", "argmin"}:
            text = rf"\arg\{name[3:]}"
        elif name in TexWriter.COMMANDS and len(name) > 1:
            text = TexWriter.COMMANDS[name]
        elif len(name) == 1 or not name[:1].isalpha():
            text = name
        else:
            text = "\\text{" + name.replace("_", r"\_") + "}"
        for face in sorted(node.faces, key=lambda one: one in self.ACCENTS):
            if face == "bf":
                text = rf"\boldsymbol{{{text}}}" if text.startswith("\\") else rf"\mathbf{{{text}}}"
            elif face in {"cal", "bb", "frak"}:
                text = rf"\math{face}{{{text}}}"
            elif face in self.ACCENTS:
                text = rf"\{self.ACCENTS[face]}{{{text}}}"
        return text

    def with_scripts(self, base: str, scripts: Sequence[Script]) -> str:
        """Scripts after a base; where LaTeX would see two superscripts, the base goes into braces."""
        raised: Script | None = None
        for script in scripts:
            if raised is not None and script.kind in {"sup", "prime"}:
                if script.kind == "prime" and base.endswith("}") and all(isinstance(part, Bracketed) for part in raised.body):
                    base = base[:-1] + r"\prime" * script.count + "}"
                    continue
                base = f"{{{base}}}"
            if script.kind == "sup":
                raised = script
            base += self.text(script)
        return base

    def _script(self, node: Script) -> str:
        match node.kind:
            case "sup":
                return f"^{{{self.parts(node.body, comma=False)}}}"
            case "sub":
                return f"_{{{self.parts(node.body, comma=True)}}}"
            case "digits":
                return self.parts(node.body, comma=False)
            case "bracket":
                inside = self.parts(node.body, comma=True)
                return inside if len(node.body) == 1 and isinstance(node.body[0], Bracketed) else f"[{inside}]"
            case "prime":
                return "'" * node.count
        return ".T"

    def kept_apart(self, item: Node, text: str, following: Node | None) -> str:
        """The text of a factor, in braces where the next one would be taken for what a mark is of."""
        alone = isinstance(item, Name) and item.name in {"delta", "Delta", "partial", "nabla"} and not item.scripts
        return f"{{{text}}}" if alone and following is not None else text

    def keyword(self, key: str) -> str:
        """The name of an argument."""
        return "\\text{" + key.replace("_", r"\_") + "}"

    def fraction(self, node: Fraction) -> str:
        """A quotient."""
        if node.mark == "/":
            return self.slash(node)
        return f"\\frac{{{self.text(node.over)}}}{{{self.text(node.under)}}}"

    def gradient(self, node: Derivative | Operator | Differential) -> str:
        """A derivative."""
        mark = {"d": "d"}.get(node.mark, f"\\{node.mark}")
        if isinstance(node, Differential):
            of = self.text(node.of) if simple(node.of) else self.brackets(node.of)
            if node.mark == "d" and not (
                isinstance(node.of, Group) or (isinstance(node.of, Name) and re.match(r"[A-Za-z]|\\(?!text)", of))
            ):
                mark = r"\mathrm{d}"
            below = "" if node.by is None else f"_{{{self.text(node.by)}}}"
            return f"{mark}{below}{of}" if mark == "d" else f"{mark}{below} {of}"
        order = f"^{{{node.order}}}" if isinstance(node, Derivative) and node.order > 1 else ""
        gap = "" if mark == "d" else " "
        over = f"{mark}{order}" + (f"{gap}{self.text(node.of)}" if isinstance(node, Derivative) else "")
        return f"\\frac{{{over}}}{{{mark}{gap}{self.text(node.by)}{order}}}"

    def _sum(self, node: BigSum) -> str:
        head = r"\mathbb{E}" if node.kind == "mean" else f"\\{node.kind}"
        if node.index is not None:
            lower = (
                f" {'=' if node.upper is not None else chr(92) + 'in'} {self.text(node.lower)}" if node.lower is not None else ""
            )
            head += f"_{{{self.text(node.index)}{lower.replace(' = ', '=')}}}"
        if node.upper is not None:
            head += f"^{{{self.text(node.upper)}}}"
        body = self.brackets(node.body) if isinstance(node.body, Sum | Compare) else self.text(node.body)
        return f"{head} {body}"
