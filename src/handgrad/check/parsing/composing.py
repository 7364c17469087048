"""Composing text from trees, in LaTeX and in plain text, with brackets wherever the text would otherwise be read otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from handgrad.check.parsing.vocabulary import COMMAND_FUNCTIONS, GREEK, LETTERS, WORDS
from handgrad.check.tree import (
    BigSum,
    Bracketed,
    Call,
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
    Number,
    Operator,
    Product,
    Root,
    Script,
    Scripted,
    Sum,
    Unreadable,
    Words,
)

OPEN_ENDED = (BigSum,)
CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|", "norm": "norm", "<": ">"}
PLAIN_SIGNS = {"cdot": "·", "times": "×", "odot": "⊙", "circ": "∘", "otimes": "⊗", "bullet": "•", "ast": "∗", "pm": "±"}


def simple(node: Node) -> bool:
    """Whether a node can carry scripts or stand under a / as it is."""
    return isinstance(node, Name | Number | Group | Call | Matrix | Root | Derivative | Scripted | Differential | Dots | Words | Cases)


class Writer:
    """What both kinds of text have in common: where brackets must stand."""

    SIGNS: ClassVar[dict[str, str]]
    OPS: ClassVar[dict[str, str]]

    def __init__(self, source: str | None) -> None:
        self.source = source

    def text(self, node: Node) -> str:
        """The text of a node: its own if it has one."""
        if self.source is not None and node.span is not None and node.span[0] < node.span[1]:
            return self.source[node.span[0] : node.span[1]]
        match node:
            case Number():
                return node.text
            case Words() | Dots() | Unreadable() | Name() | Script() | Bracketed() | Matrix() | Cases() | Root() | Group() | BigSum():
                return self.piece(node)
            case Derivative() | Operator() | Differential():
                return self.gradient(node)
            case Scripted():
                base = self.text(node.base) if simple(node.base) or isinstance(node.base, Fraction) else self.brackets(node.base)
                return self.with_scripts(base, node.scripts)
            case Call():
                return self.call(node)
            case Product():
                return self.product(node)
            case Sum():
                return self.sum(node)
            case Fraction():
                return self.fraction(node)
            case Compare():
                op = self.OPS.get(node.op, node.op)
                return f"{self.text(node.left)} {op} {self.text(node.right)}"
        return ""

    def brackets(self, node: Node) -> str:
        """The text in round brackets."""
        return f"({self.text(node)})"

    def product(self, node: Product) -> str:
        """Factors with their signs."""
        parts = []
        for place, item in enumerate(node.items):
            sign = node.signs[place - 1] if place else ""
            last = place == len(node.items) - 1
            if place:
                parts.append(self.SIGNS.get(sign, sign))
            parts.append(self.factor(item, first=place == 0, last=last, signed=bool(sign), following=None if last else node.items[place + 1]))
        return " ".join(part for part in parts if part)

    def factor(self, item: Node, *, first: bool, last: bool, signed: bool, following: Node | None) -> str:
        """A factor, in brackets where it would fall apart."""
        apart = isinstance(item, Product | Compare | Unreadable) or (isinstance(item, OPEN_ENDED) and not last)
        apart = apart or (isinstance(item, Sum) and (not signed or len(item.terms) > 1))
        apart = apart or (isinstance(item, Fraction) and item.mark == "/" and not first)
        text = self.brackets(item) if apart else self.text(item)
        return self.kept_apart(item, text, following)

    def kept_apart(self, item: Node, text: str, following: Node | None) -> str:
        """The text of a factor, marked where it would be read together with the next one."""
        del item, following
        return text

    def sum(self, node: Sum) -> str:
        """Terms with their signs."""
        text = ""
        for place, (term, sign) in enumerate(zip(node.terms, node.signs, strict=True)):
            apart = isinstance(term, Compare) or (isinstance(term, Sum) and len(term.terms) > 1)
            part = self.brackets(term) if apart else self.text(term)
            shown = self.SIGNS.get(sign, sign)
            if place:
                text += f" {shown} {part}"
            else:
                text = part if sign == "+" else f"{shown}{' ' if shown[-1].isalpha() else ''}{part}"
        return text

    def slash(self, node: Fraction) -> str:
        """A quotient with a slash."""
        over = self.brackets(node.over) if isinstance(node.over, Sum | Compare | BigSum) else self.text(node.over)
        under = node.under
        match under:
            case Product(items=(Number(), Name(name=name, scripts=(), faces=faces)), signs=("",)) if len(name) == 1 and not faces:
                return f"{over}/{''.join(map(self.text, under.items))}"
        return f"{over}/{self.text(under) if simple(under) else self.brackets(under)}"

    def parts(self, body: Sequence[Node], *, comma: bool) -> str:
        """What stands side by side in a script."""
        letters = [node.name if isinstance(node, Name) and not node.scripts and not node.faces else "" for node in body]
        run = "".join(letters)
        if comma and len(body) > 1 and all(len(letter) == 1 for letter in letters) and re.fullmatch("[i-n]+", run) and run not in WORDS:
            return run
        return (", " if comma else " ").join(self.text(node) for node in body)

    def call(self, node: Call) -> str:
        """A function and its arguments."""
        arguments = [self.text(argument) for argument in node.arguments]
        arguments += [f"{self.keyword(key)}={self.text(value)}" for key, value in node.keywords]
        return f"{self.function(node.function)}({', '.join(arguments)})"

    def function(self, name: Name) -> str:
        """The name of a function."""
        return self.text(name)

    def keyword(self, key: str) -> str:
        """The name of an argument."""
        return key

    def piece(self, node: Node) -> str:
        """A name, a script, brackets or a structure."""
        raise NotImplementedError

    def gradient(self, node: Derivative | Operator | Differential) -> str:
        """A derivative."""
        raise NotImplementedError

    def fraction(self, node: Fraction) -> str:
        """A quotient."""
        raise NotImplementedError

    def with_scripts(self, base: str, scripts: Sequence[Script]) -> str:
        """A base with its scripts."""
        for script in scripts:
            base += self.text(script)
        return base


class TexWriter(Writer):
    """LaTeX."""

    SIGNS: ClassVar[dict[str, str]] = {
        **{sign: f"\\{sign}" for sign in ("cdot", "times", "odot", "circ", "otimes", "bullet", "ast", "pm")}, "": "",
    }  # fmt: skip
    OPS: ClassVar[dict[str, str]] = {
        "==": "=", "!=": r"\neq", ">=": r"\ge", "<=": r"\le", "->": r"\to", "in": r"\in", "approx": r"\approx", "<-": r"\leftarrow",
        "propto": r"\propto", "equiv": r"\equiv",
    }  # fmt: skip
    ACCENTS: ClassVar[dict[str, str]] = {"hat": "hat", "bar": "bar", "tilde": "tilde", "vec": "vec", "dot": "dot", "ddot": "ddot", "check": "check", "ring": "mathring"}
    COMMANDS: ClassVar[dict[str, str]] = {name: f"\\{command}" for command, name in reversed(LETTERS.items()) if not command.startswith("var")}
    BRACKETS: ClassVar[dict[str, tuple[str, str]]] = {
        "(": ("(", ")"), "[": ("[", "]"), "{": (r"\{", r"\}"), "|": (r"\lvert ", r" \rvert"), "norm": (r"\lVert ", r" \rVert"), "<": (r"\langle ", r" \rangle"),
    }  # fmt: skip

    def piece(self, node: Node) -> str:
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
                shown = [(self.text(value), r"\text{otherwise}" if when is None else rf"\text{{if }} {self.text(when)}") for value, when in node.rows]
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
        elif name in GREEK or name in COMMAND_FUNCTIONS:
            text = f"\\{name}"
        elif name in {"partial", "nabla"} or name in TexWriter.SIGNS and name:
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
        raised = False
        for script in scripts:
            if raised and script.kind == "prime":
                base = base[:-1] + r"\prime" * script.count + "}" if base.endswith("}") else f"{{{base}}}" + "'" * script.count
                continue
            if script.kind == "sup":
                if raised:
                    base = f"{{{base}}}"
                raised = True
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
        alone = isinstance(item, Name) and item.name in {"delta", "Delta", "partial", "nabla"} and not item.scripts
        return f"{{{text}}}" if alone and following is not None else text

    def function(self, name: Name) -> str:
        return self.text(name)

    def keyword(self, key: str) -> str:
        return "\\text{" + key.replace("_", r"\_") + "}"

    def fraction(self, node: Fraction) -> str:
        if node.mark == "/":
            return self.slash(node)
        return f"\\frac{{{self.text(node.over)}}}{{{self.text(node.under)}}}"

    def gradient(self, node: Derivative | Operator | Differential) -> str:
        mark = {"d": "d"}.get(node.mark, f"\\{node.mark}")
        if isinstance(node, Differential):
            of = self.text(node.of) if simple(node.of) else self.brackets(node.of)
            if node.mark == "d" and not (isinstance(node.of, Group) or (isinstance(node.of, Name) and re.match(r"[A-Za-z]|\\(?!text)", of))):
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
            lower = f" {'=' if node.upper is not None else chr(92) + 'in'} {self.text(node.lower)}" if node.lower is not None else ""
            head += f"_{{{self.text(node.index)}{lower.replace(' = ', '=')}}}"
        if node.upper is not None:
            head += f"^{{{self.text(node.upper)}}}"
        body = self.brackets(node.body) if isinstance(node.body, Sum | Compare) else self.text(node.body)
        return f"{head} {body}"


class PlainWriter(Writer):
    """Plain text, or NumPy's: words for Greek letters, a slash for quotients, .T and ** for scripts."""

    SIGNS: ClassVar[dict[str, str]] = {**PLAIN_SIGNS, "": ""}
    OPS: ClassVar[dict[str, str]] = {"in": "∈", "approx": "≈", "propto": "∝", "equiv": "≡"}
    NUMPY: ClassVar[set[str]] = {
        "sum", "dot", "multiply", "matmul", "exp", "log", "tanh", "maximum", "minimum", "where", "mean", "outer", "sqrt", "sign", "abs", "square", "max",
        "diag", "sin", "cos", "log1p", "transpose", "power",
    }  # fmt: skip
    ACCENTS: ClassVar[dict[str, str]] = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "vec": "\u20d7", "dot": "\u0307", "check": "\u030c", "ddot": "\u0308"}

    def __init__(self, source: str | None, *, numpy: bool = False) -> None:
        super().__init__(source)
        self.numpy = numpy

    def piece(self, node: Node) -> str:
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
                return f"\\{opens}{self.text(node.body)}\\{closes}" if node.open == "{" else f"{opens}{self.text(node.body)}{closes}"
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
        import unicodedata

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

    def function(self, name: Name) -> str:
        text = self.text(name)
        return f"np.{text}" if self.numpy and name.name in self.NUMPY and not text.startswith("np.") else text

    def fraction(self, node: Fraction) -> str:
        return self.slash(node)

    def factor(self, item: Node, *, first: bool, last: bool, signed: bool, following: Node | None) -> str:
        if isinstance(item, Fraction) and not first:
            return self.brackets(item)
        return super().factor(item, first=first, last=last, signed=signed, following=following)

    def slash(self, node: Fraction) -> str:
        if isinstance(node.over, Fraction) and node.over.mark == "frac":
            return f"{self.brackets(node.over)}/{self.text(node.under) if simple(node.under) else self.brackets(node.under)}"
        return super().slash(node)

    def gradient(self, node: Derivative | Operator | Differential) -> str:
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
