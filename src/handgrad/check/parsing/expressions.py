"""The parser of expressions: sums of products of factors, each factor a part with its scripts.

Signs of one level are read left to right, as people write them: juxtaposition, all signs of products and / have one level.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from handgrad.check.parsing import calls, names, quotients, scripts, structures
from handgrad.check.parsing.items import DEEPEST, Block, Item
from handgrad.check.parsing.tokens import Token
from handgrad.check.tree import (
    Compare,
    Differential,
    Dots,
    Fraction,
    Group,
    Matrix,
    Name,
    Node,
    Number,
    Product,
    Script,
    Scripted,
    Span,
    Sum,
    Words,
)

TERMS = {"+", "-", "pm"}


class ParseError(Exception):
    """What cannot be read: why, and where."""

    def __init__(self, reason: str, span: Span) -> None:
        super().__init__(reason)
        self.reason, self.span = reason, span


@dataclass(slots=True)
class Context:
    """What is known about the document: its functions, its names of several letters, whether the text is tex or plain."""

    functions: Collection[str]
    names: Collection[str]
    kind: str
    depth: int = 0
    pieces: dict[str, list[str]] = field(default_factory=dict)


def spanned(nodes: Sequence[Node], fallback: Span) -> Span:
    """From the first to the last of nodes in order."""
    spans = [node.span for node in nodes if node.span is not None]
    return (spans[0][0], max(span[1] for span in spans)) if spans else fallback


class Parser:
    """Reads one list of items."""

    def __init__(self, items: Sequence[Item], context: Context, span: Span) -> None:
        self.items = items
        self.context = context
        self.span = span
        self.at = 0

    def peek(self, ahead: int = 0) -> Item | None:
        """The next item, or one further on."""
        place = self.at + ahead
        return self.items[place] if place < len(self.items) else None

    def token(self, ahead: int = 0) -> Token | None:
        """The next item if it is a token."""
        item = self.peek(ahead)
        return item if isinstance(item, Token) else None

    def group(self, opens: str = "([", ahead: int = 0) -> Block | None:
        """The next item if it is a pair of brackets of one of these kinds."""
        item = self.peek(ahead)
        return item if isinstance(item, Block) and item.kind == "group" and item.open in opens and item.open != "norm" else None

    def sub(self, block: Block) -> Parser:
        """A parser of what stands in brackets."""
        return Parser(block.items, self.context, block.span)

    def of(self, items: Sequence[Item]) -> Parser:
        """A parser of part of the items."""
        return Parser(items, self.context, (items[0].start, items[-1].end) if items else (self.span[1], self.span[1]))

    def whole(self) -> Node:
        """All items as one expression."""
        node = self.sum()
        if (item := self.peek()) is not None:
            raise ParseError(f"{_shown(item)} is not expected here", item.span)
        return node

    def condition(self) -> Node:
        """All items as an expression or a comparison."""
        sides: list[list[Item]] = [[]]
        ops: list[Token] = []
        for item in self.items:
            if isinstance(item, Token) and item.kind == "relation":
                ops.append(item)
                sides.append([])
            else:
                sides[-1].append(item)
        if not ops:
            return self.whole()
        if not all(sides):
            raise ParseError("a comparison with an empty side", self.span)
        node = self.of(sides[0]).whole()
        for op, side in zip(ops, sides[1:], strict=True):
            right = self.of(side).whole()
            node = Compare(spanned((node, right), self.span), {"=": "==", ":=": "=="}.get(op.text, op.text), node, right)
        return node

    def sum(self) -> Node:
        """Terms with signs between them."""
        terms: list[Node] = []
        signs: list[str] = []
        begin = self.at
        while True:
            chain: list[Token] = []
            while (sign := self.token()) is not None and sign.kind == "sign" and sign.text in TERMS:
                chain.append(sign)
                self.at += 1
            if self.peek() is None and terms and not chain:
                break
            if terms and not chain:
                break
            if self.peek() is None:
                raise ParseError(
                    f"nothing stands after {chain[-1].text}" if chain else "nothing stands here",
                    chain[-1].span if chain else self.span,
                )
            term = self.product()
            for sign in reversed(chain[1:]):
                term = Sum((sign.start, (term.span or self.span)[1]), (term,), (sign.text,)) if sign.text != "+" else term
            signs.append(chain[0].text if chain else "+")
            terms.append(term)
        if len(terms) == 1 and signs == ["+"]:
            return terms[0]
        return Sum(self.since(begin, terms), tuple(terms), tuple(signs))

    def product(self) -> Node:
        """Factors up to the next + or - of this level."""
        items: list[Node] = []
        signs: list[str] = []
        begin = self.at
        self._extend(items, signs, self.factor(), None)
        while (item := self.peek()) is not None:
            if isinstance(item, Token) and item.kind == "sign":
                if item.text in TERMS:
                    break
                self.at += 1
                if self.peek() is None:  # a full stop, or a sign with nothing after it
                    if item.text == ".":
                        break
                    raise ParseError(f"nothing stands after {item.text}", item.span)
                if item.text == "/":
                    self._divide(items, signs, begin)
                    continue
                mark = item.text
                while (again := self.token()) is not None and again.kind == "sign" and again.text not in TERMS:
                    mark = ".*" if item.text == "." and again.text in {"*", "ast"} else mark
                    self.at += 1
                self._extend(items, signs, self.factor(), mark)
            elif isinstance(item, Token) and item.kind in {"relation", "comma", "joiner"}:
                break
            else:
                before = items[-1]
                if isinstance(before, Number) and before.text == "1" and not item.space and item.text in {"m", "n", "N"}:
                    raise ParseError(f"1{item.text} seems to be a fraction that has lost its bar", item.span)
                self._extend(items, signs, self.factor(), "")
        if len(items) == 1:
            return items[0]
        return Product(self.since(begin, items), tuple(items), tuple(signs))

    def since(self, place: int, nodes: Sequence[Node]) -> Span:
        """The span of the items from a place to what has been read, without signs that stand at the end for nothing."""
        last = self.at - 1
        while last > place and isinstance(item := self.items[last], Token) and item.kind == "sign":
            last -= 1
        start = self.items[place].start
        return start, max(self.items[last].end, spanned(nodes, (start, start))[1])

    @staticmethod
    def _extend(items: list[Node], signs: list[str], node: Node, sign: str | None) -> None:
        if sign is not None:
            signs.append(sign)
        if isinstance(node, Product):
            items.extend(node.items)
            signs.extend(node.signs)
        else:
            items.append(node)

    def _divide(self, items: list[Node], signs: list[str], begin: int) -> None:
        slash = self.at - 1
        above = (self.items[begin].start, self.items[slash - 1].end)
        under = self.denominator()
        last = items[-1]
        whole = quotients.slashed(last, under)
        if whole is not None:
            items[-1] = whole
            return
        over = last if len(items) == 1 else Product(above, tuple(items), tuple(signs))
        items[:] = [Fraction(self.since(begin, [under]), over, under, "/")]
        signs.clear()

    def denominator(self) -> Node:
        """What stands under a /: one factor, or a number and the letters that follow it without a space, as in 1/2m."""
        first = self.peek()
        node = self.factor()
        following = self.peek()
        if (
            isinstance(node, Number) and isinstance(first, Token) and not first.space and isinstance(following, Token)
            and not following.space and following.kind in {"letter", "word"} and "." not in node.text
        ):  # fmt: skip
            second = self.factor()
            return Product(spanned((node, second), self.span), (node, second), ("",))
        return node

    def factor(self) -> Node:
        """One part with its scripts; a minus may stand before it where a sign came before."""
        chain: list[Token] = []
        while (sign := self.token()) is not None and sign.kind == "sign" and sign.text in TERMS:
            chain.append(sign)
            self.at += 1
        with self.deeper():
            node = scripts.postfix(self, self.atom())
        for sign in reversed(chain):
            node = Sum((sign.start, (node.span or self.span)[1]), (node,), (sign.text,)) if sign.text != "+" else node
        return node

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Count how deep the reading has gone."""
        self.context.depth += 1
        try:
            if self.context.depth > 2 * DEEPEST:  # each level is a factor and a part of it
                raise ParseError("nested too deeply", (self.peek() or self).span)
            yield
        finally:
            self.context.depth -= 1

    def atom(self) -> Node:
        """One part without the scripts that follow it."""
        with self.deeper():
            return self._atom()

    def _atom(self) -> Node:
        item = self.peek()
        if item is None:
            raise ParseError("something is missing at the end", (self.span[1], self.span[1]))
        if isinstance(item, Block):
            self.at += 1
            return self.block(item)
        match item.kind:
            case "letter":
                return names.letters(self)
            case "word":
                return names.word(self)
            case "number":
                self.at += 1
                return calls.indicator(self, Number(item.span, float(item.text), item.text))
            case "command":
                return names.command(self)
            case "dots":
                self.at += 1
                return Dots(item.span)
            case "text":
                self.at += 1
                return Words(item.span, item.text)
            case "deep":
                raise ParseError("nested too deeply", item.span)
            case "script" | "prime" | "transpose":
                raise ParseError(f"{_shown(item)} has nothing before it", item.span)
        raise ParseError(f"{_shown(item)} is not expected here", item.span)

    def block(self, block: Block) -> Node:
        """Brackets, braces, a matrix or cases."""
        if block.kind == "matrix":
            return structures.matrix(self, block)
        if block.kind == "cases":
            return structures.cases(self, block)
        if block.kind == "{":
            return self.braces(block)
        if not block.items:
            raise ParseError("empty brackets", block.span)
        if len(block.items) == 1 and isinstance(block.items[0], Block) and block.items[0].kind == "matrix" and block.open in "([|":
            return replace(self.block(block.items[0]), span=block.span)
        rows = structures.split(block.items, "joiner") if block.open == "[" else [list(block.items)]
        if self.context.kind == "plain" and block.open == "(":
            block = replace(block, items=tuple(names.paired(block.items)))
        parts = structures.split(block.items)
        if len(parts) > 1 or len(rows) > 1:
            return structures.listed(self, block, rows)
        body = self.sub(block).condition()
        if isinstance(body, Matrix) and block.open == "[" and block.items[0].text == "[":
            return replace(body, span=block.span)  # [[1, 2]]
        return Group(block.span, body, block.open if block.open != "<" else "(")

    def braces(self, block: Block) -> Node:
        """Braces that nobody sees: what stands in them, as one part."""
        over = next((n for n, item in enumerate(block.items) if isinstance(item, Token) and item.text in {"over", "atop"}), None)
        if over is not None:
            return quotients.fraction(self, block.items[:over], block.items[over + 1 :], block.span)
        if not block.items:
            if self.peek() is None:
                raise ParseError("nothing stands in the braces", block.span)
            return self.atom()
        node = self.sub(block).condition()
        if isinstance(node, Sum | Compare):
            return Group(block.span, node, "{")
        if isinstance(node, Name):
            return calls.applied(self, replace(node, span=block.span))
        return node if isinstance(node, Product) else replace(node, span=block.span)

    def scripted(self, node: Node, script: Script) -> Node:
        """The node with one more script."""
        assert node.span is not None
        assert script.span is not None
        span = (node.span[0], max(node.span[1], script.span[1]))
        if isinstance(node, Name):
            return replace(node, span=span, scripts=(*node.scripts, script))
        if isinstance(node, Scripted):
            return replace(node, span=span, scripts=(*node.scripts, script))
        if isinstance(node, Differential) and isinstance(node.of, Name | Scripted):
            return replace(node, span=span, of=self.scripted(node.of, script))
        if isinstance(node, Product | Sum):
            node = Group(node.span, node, "{")
        return Scripted(span, node, (script,))


def _shown(item: Item) -> str:
    if isinstance(item, Block):
        return "a bracket" if item.kind == "group" else item.kind
    return f"\\{item.text}" if item.kind == "command" else item.text
