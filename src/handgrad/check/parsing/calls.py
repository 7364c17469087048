"""What functions are applied to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handgrad.check.parsing import names, structures
from handgrad.check.parsing.items import Block, Item
from handgrad.check.parsing.tokens import Token
from handgrad.check.parsing.vocabulary import DIRECT, FUNCTIONS, INDICATORS, LAYERED
from handgrad.check.tree import Call, Name, Node, Number, Product

if TYPE_CHECKING:
    from handgrad.check.parsing.expressions import Parser

OF_INPUT = {"y", "a", "z", "h", "o", "C", "E", "L", "t", "net"}
"""Quantities that people write as belonging to an input: y(x)."""
PLAIN = {name.lower().replace("_", "") for name in FUNCTIONS if len(name) > 2}
Keywords = tuple[tuple[str, Node], ...]


def applied(parser: Parser, node: Node) -> Node:
    """The call of a function where the node is one and something to apply it to follows; else the node."""
    item = parser.peek()
    if item is None or not isinstance(node, Name):
        return node
    block = item if isinstance(item, Block) and item.kind == "group" and item.open in "([{" else None
    if block is None:
        return _direct(parser, node, item)
    known = is_function(parser, node)
    conditional = any(isinstance(part, Token) and part.kind == "relation" for part in block.items)
    if conditional and node.name in INDICATORS:
        return called(parser, node, block)
    if block.open == "{" and not known:
        return node
    if known and not (block.open == "[" and _layered(parser, block)) and not mentions(block, node.name):
        return called(parser, node, block)
    if block.open == "(" and not block.space and node.name in OF_INPUT and _input(block):
        return called(parser, node, block)
    if (
        node.name in LAYERED
        and block.open == "("
        and _comma(block)
        and all(item.kind in {"number", "comma"} for item in block.items)
    ):
        return node  # W (1, 1, 1)^T is a product
    if block.open == "(" and (_comma(block) or _dots(block) or not block.items):
        return called(parser, node, block)
    return node


def _layered(parser: Parser, block: Block) -> bool:
    from handgrad.check.parsing.scripts import layer_like

    return layer_like(block) and not block.space and parser.peek() is block


def is_function(parser: Parser, name: Name) -> bool:
    """Whether brackets after the name are what it is applied to."""
    if name.name in parser.context.functions:
        return True
    if name.name in {"L", "J"} and not name.faces - {"cal"}:
        return name.name == "J" or "cal" in name.faces
    if name.name in {"E", "P", "p"} and "bb" in name.faces:
        return True
    return (name.name in FUNCTIONS or name.name.lower().replace("_", "") in PLAIN) and not name.faces & {
        "hat",
        "bar",
        "tilde",
        "vec",
    }


def mentions(block: Block, name: str) -> bool:
    """Whether brackets hold the function's own bare name, as in σ(1 - σ), so that they are a factor."""
    items = block.items
    for place, item in enumerate(items):
        if isinstance(item, Token) and item.kind in {"letter", "command", "word"} and item.text.removeprefix("var") == name:
            after = place + 1
            while after < len(items) and _belongs(items[after - 1], items[after]):
                after += 1
            if after == len(items) or items[after].kind != "group":
                return True
    return False


def _belongs(before: Item, item: Item) -> bool:
    """Whether an item is part of the scripts that follow a name."""
    return item.kind in {"prime", "script", "number", "transpose"} or (before.kind == "script" and item.kind != "sign")


def _input(block: Block) -> bool:
    """Whether brackets hold just an input x, so that y(x) is what belongs to it."""
    first = block.items[0] if block.items else None
    if isinstance(first, Block) or first is None or first.text not in {"x", "mathbf", "boldsymbol", "vec"}:
        return False
    rest = block.items[1:]
    if first.text != "x":
        inner = rest[0] if rest else None
        if not (isinstance(inner, Block) and len(inner.items) == 1 and inner.items[0].text == "x"):
            return False
        rest = rest[1:]
    return len(rest) % 2 == 0 and all(item.kind == "script" for item in rest[::2])


def _comma(block: Block) -> bool:
    return any(isinstance(part, Token) and (part.kind == "comma" or part.text == ";") for part in block.items)


def _dots(block: Block) -> bool:
    return bool(block.items) and all(isinstance(part, Token) and part.kind == "dots" for part in block.items)


def called(parser: Parser, function: Name, block: Block) -> Call:
    """The call with the arguments that stand in the brackets, which come next."""
    parser.at += 1
    positional, keywords = arguments(parser, block)
    assert function.span is not None
    return Call((function.span[0], block.end), function, positional, keywords)


def arguments(parser: Parser, block: Block) -> tuple[tuple[Node, ...], Keywords]:
    """The arguments between brackets, and those with a name."""
    positional: list[Node] = []
    keywords: list[tuple[str, Node]] = []
    items = block.items
    if parser.context.kind == "plain" and (name := parser.token(-2)) is not None and name.text in DIRECT:
        items = tuple(names.paired(items))
    for part in structures.split(items) if items else []:
        key = _keyword(part)
        if key is not None:
            text, length = key
            keywords.append((text, parser.of(part[length:]).whole()))
        elif part:
            positional.append(parser.of(part).condition())
    return tuple(positional), tuple(keywords)


def _keyword(part: list[Item]) -> tuple[str, int] | None:
    equals = next((n for n, item in enumerate(part) if isinstance(item, Token) and item.kind == "relation"), 0)
    if not equals or part[equals].text != "=" or equals + 1 == len(part):
        return None
    words = part[:equals]
    if not all(isinstance(item, Token) and item.kind in {"letter", "word", "number"} for item in words):
        return None
    text = "".join(item.text for item in words)
    return (text, equals + 1) if len(text) > 1 and text.isidentifier() else None


def _direct(parser: Parser, name: Name, item: Item) -> Node:
    r"""\log y and the like: one factor, or a number and what follows it directly."""
    if name.name not in DIRECT or name.faces or name.name in parser.context.names:
        return name
    if isinstance(item, Token) and (item.kind not in {"letter", "word", "number", "command", "text"} or _ends(item)):
        return name
    if isinstance(item, Token) and item.kind == "text":
        return name
    if isinstance(item, Block) and item.kind == "{" and not item.items:
        parser.at += 1
        return applied(parser, name)
    if (
        isinstance(item, Token)
        and item.kind in {"letter", "word"}
        and not item.space
        and isinstance(parser.peek(1), Token)
        and item.text == "prime"
    ):
        return name
    argument = parser.product() if name.name == "lim" else parser.factor()
    following = parser.token()
    if isinstance(argument, Number) and following is not None and not following.space and following.kind in {"letter", "command"}:
        second = parser.factor()
        argument = Product((argument.span[0], second.span[1]) if argument.span and second.span else None, (argument, second), ("",))
    assert name.span is not None
    return Call((name.span[0], argument.span[1] if argument.span else name.span[1]), name, (argument,))


def _ends(item: Token) -> bool:
    return item.kind == "command" and item.text in {"over", "atop"}


def indicator(parser: Parser, node: Number | Name) -> Node:
    """1{z > 0}, 1(z > 0) and 1_{z > 0} as calls."""
    one = node.text == "1" if isinstance(node, Number) else node.name == "1"
    item = parser.peek()
    if not one or item is None or node.span is None:
        return node
    name = Name(node.span, "1", (), node.faces if isinstance(node, Name) else frozenset())
    if isinstance(item, Block) and item.kind == "group" and item.open != "norm" and _conditional(item):
        return called(parser, name, item)
    inner = parser.peek(1)
    if isinstance(item, Token) and item.kind == "script" and item.text == "_" and isinstance(inner, Block) and _conditional(inner):
        parser.at += 2
        items = inner.items
        if len(items) == 1 and isinstance(items[0], Block) and items[0].kind == "group":
            items = items[0].items
        return Call((node.span[0], inner.end), name, (parser.of(items).condition(),))
    return node


def _conditional(block: Block) -> bool:
    items = block.items
    if len(items) == 1 and isinstance(items[0], Block) and items[0].kind == "group":
        items = items[0].items
    return any(isinstance(part, Token) and part.kind == "relation" for part in items)
