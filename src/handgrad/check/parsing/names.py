"""Letters, words and typefaces: which letters are one name, and what stands before d, ∂ and ∇."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from handgrad.check.parsing import calls, quotients, structures
from handgrad.check.parsing.items import Block, Item
from handgrad.check.parsing.tokens import Token
from handgrad.check.parsing.vocabulary import (
    COMMAND_FUNCTIONS,
    EMBEDDED,
    FACES,
    FRACTIONS,
    FUNCTIONS,
    GREEK,
    LETTERS,
    MODULES,
    SUFFIXES,
    UPRIGHT,
    WORDS,
)
from handgrad.check.parsing.words import word_node
from handgrad.check.tree import Differential, Name, Node, Number, Root, Script

if TYPE_CHECKING:
    from handgrad.check.parsing.expressions import Parser

LONGEST = 40
"""Letters in a run; more are one word."""
_PRODUCT = re.compile(r"([WUV]\d*)([xXaAHzZ]\d*)|(w\d*)(x\d*)|(w\d+)([ahz]\d*)|([xX]\d*)([wW]\d*)|([aAhH]\d*)(W\d*)")
_NAMED = re.compile(r"([gfh])(ReLU|Relu|relu|LeakyReLU|[Ss]oftmax|[Ss]igmoid|tanh)")
"""The activation of a name whose subscript has come down: gReLU(Z)."""
_PAIR = re.compile(r"[A-Za-z]\w*_[A-Za-z]+")
_SUM = re.compile(r"([sS]um|mean|prod)_([A-Za-z0-9]{1,6})")
_EMBEDDED = re.compile(rf"([A-Za-z]{{0,2}}?)({'|'.join(EMBEDDED)})([A-Za-z]{{0,2}})")


def run_of(items: Sequence[Item], at: int) -> tuple[str, int]:
    """The letters that stand side by side from a place on, and how many tokens they are."""
    text, count = "", 0
    previous: Token | None = None
    for item in items[at : at + LONGEST + 1]:
        if not isinstance(item, Token) or item.kind != "letter" or not item.text.isascii():
            break
        if previous is not None and (item.space or item.faces != previous.faces):
            break
        text, count, previous = text + item.text, count + 1, item
    return text, count


def pieces(run: str, parser: Parser) -> list[str]:
    """A run of letters in LaTeX as names: dWx is dW and x, net is one, yloga is y, log and a."""
    context = parser.context
    if run not in context.pieces:
        context.pieces[run] = _pieces(run, {*context.names, *context.functions})
    return context.pieces[run]


def _pieces(run: str, known: Collection[str]) -> list[str]:
    if len(run) == 1 or run in known or run in FUNCTIONS or run in WORDS:
        return [run]
    if run[0] == "d" and (len(run) == 2 or run[1:] in known or run[1:] in WORDS):
        return [run]
    if found := _EMBEDDED.fullmatch(run):
        return [*(_pieces(found[1], known) if found[1] else []), found[2], *(_pieces(found[3], known) if found[3] else [])]
    if len(run) >= 4 and re.search("[a-z]{2}", run) and re.search("[aeiou]", run.lower()):
        return [run]
    if run[0] == "d" and len(run) == 3:
        return [run[:2], run[2]]
    for length in range(len(run) - 1, 1, -1):
        for cut in (run[:length], run[-length:]):
            if cut in known and len(cut) > 2:
                rest = run.removeprefix(cut) if run.startswith(cut) else run.removesuffix(cut)
                return [cut, *_pieces(rest, known)] if run.startswith(cut) else [*_pieces(rest, known), cut]
    return list(run)


def letters(parser: Parser) -> Node:
    """The first name of a run of letters, with digits that follow it directly."""
    first = parser.token()
    assert first is not None
    run, count = run_of(parser.items, parser.at)
    if not run:
        parser.at += 1
        return calls.applied(parser, Name(first.span, first.text, (), first.faces))
    if run in MODULES and (after := _module(parser, count)):
        parser.at += after
        return parser.atom()
    piece = pieces(run, parser)[0] if count <= LONGEST else run
    following = parser.token(len(piece))
    if piece in {"sum", "prod", "mean"} and following is not None and following.text == "_" and not following.space:
        parser.at += len(piece)
        return structures.big(parser, piece, replace(first, text=piece))
    return named(parser, piece, len(piece))


def named(parser: Parser, text: str, count: int) -> Node:
    """A name that is so many tokens long, and the digits that follow it directly; d before a letter is a differential."""
    first, last = parser.peek(), parser.peek(count - 1)
    assert isinstance(first, Token)
    assert last is not None
    parser.at += count
    if text == "d" and not (parser.group() and "d" in parser.context.functions):
        return quotients.differential(parser, "d", first)
    end = last.end
    mark, after = parser.token(), run_of(parser.items, parser.at + 1)
    if mark is not None and mark.text == "_" and mark.kind == "script" and after[0] in JOINED and not first.faces:
        parser.at += 1 + after[1]
        text, end = f"{text}_{after[0]}", parser.items[parser.at - 1].end
    number = parser.token()
    if number is not None and number.kind == "number" and not number.space and number.text.isdigit():
        parser.at += 1
        text, end = text + number.text, number.end
    span = (first.start, end)
    below = parser.token()
    if len(text) == 1 and below is not None and not below.space and parser.group("(", 1) and _NAMED.fullmatch(text + below.text):
        parser.at += 1  # 𝑔ReLU(…)
        return calls.applied(parser, _subscripted(Name(span, text), Name(below.span, below.text)))
    minus = _minus(parser)
    if minus and text + minus in parser.context.names:
        text += minus
        span = (first.start, parser.items[parser.at + 1].end)
        parser.at += 2
    group = parser.group("(")
    if group is not None and len(text) > 3 and text[0] == "d" and text[1:] in FUNCTIONS:  # dLeakyRelu(Z)
        return calls.called(parser, Name(span, text), group)
    if first.faces and len(text) == 1:
        node: Node = Name(span, text, (), first.faces)
    elif "-" in text:  # dA-1 is a name of this document
        node = Differential(span, Name((span[0] + 1, span[1]), text[1:]), "d") if text[0] == "d" else Name(span, text)
    else:
        node = word_node(text, span, parser.context.names if len(text) > 1 else ())
        if count == 2 and text[0] == "d" and isinstance(node, Name) and first.kind == "letter" and text not in parser.context.names:
            node = Differential(span, word_node(text[1:], (span[0] + 1, span[1])), "d")  # in LaTeX, dm is no word
        node = _all_faced(node, first.faces) if first.faces else node
    return calls.applied(parser, node)


def _added(item: Item | None) -> bool:
    """Whether what follows the word sum after a space is what is added, rather than an argument in brackets."""
    if item is None or not item.space:
        return False
    return isinstance(item, Block) or item.kind in {"letter", "word", "number", "command", "bar"}


def _subscripted(name: Name, below: Name) -> Name:
    assert name.span is not None
    assert below.span is not None
    return replace(name, span=(name.span[0], below.span[1]), scripts=(*name.scripts, Script(below.span, "sub", (below,))))


def _minus(parser: Parser) -> str:
    """The -1 that follows directly, as in dA-1."""
    minus, number = parser.token(), parser.token(1)
    if minus is None or number is None or minus.space or number.space or minus.text != "-" or number.kind != "number":
        return ""
    return f"-{number.text}"


def _module(parser: Parser, count: int) -> int:
    """How many tokens np. is, where a name follows it."""
    dot, name = parser.token(count), parser.token(count + 1)
    follows = dot is not None and name is not None and dot.text == "." and not dot.space and not name.space
    return count + 1 if follows and name is not None and name.kind in {"letter", "word"} else 0


def word(parser: Parser) -> Node:
    r"""A word of plain text or of \text{…}."""
    token = parser.token()
    assert token is not None
    text = token.text
    if text in MODULES and (after := _module(parser, 1)):
        parser.at += after
        return parser.atom()
    if (found := _SUM.fullmatch(text)) and text not in parser.context.names:
        return structures.summed(parser, token, found[1], found[2])
    following = parser.token(1)
    if text in {"sum", "prod", "mean"} and following is not None and following.text == "_" and following.kind == "script":
        parser.at += 1
        return structures.big(parser, text, token)
    if text in {"sum", "Sum"} and _added(parser.peek(1)):
        parser.at += 1
        return structures.big(parser, "sum", token)
    if text == "prime" or (text in FUNCTIONS and text not in parser.context.names):
        return named(parser, text, 1)
    found = _NAMED.fullmatch(text) if parser.group("(", 1) else None
    if found is not None:
        parser.at += 1
        return calls.applied(parser, _subscripted(Name(token.span, found[1]), Name(token.span, found[2])))
    found = _EMBEDDED.fullmatch(text) or _PRODUCT.fullmatch(text)
    if found is not None and text not in parser.context.names and token.end - token.start == len(text):
        cuts = [found.span(number) for number in range(1, len(found.groups()) + 1) if found[number]]
        split = [Token("word", text[one:two], token.start + one, token.start + two, token.space and not one) for one, two in cuts]
        parser.items = [*parser.items[: parser.at], *split, *parser.items[parser.at + 1 :]]
    return named(parser, parser.items[parser.at].text, 1)


def paired(items: Sequence[Item]) -> list[Item]:
    """The items of plain text with y_j,c as one word: a second index follows the comma directly, and nothing goes on from it."""
    found: list[Item] = []
    for place, item in enumerate(items):
        after = items[place + 1] if place + 1 < len(items) else None
        ends = after is None or after.kind in {"sign", "relation", "row", "joiner", "script"}
        if ends and isinstance(item, Token) and item.kind == "letter" and not item.space and len(found) > 1:
            word, comma = found[-2:]
            near = isinstance(word, Token) and comma.text == "," and not comma.space and comma.start == word.end
            if near and isinstance(word, Token) and word.kind == "word" and _PAIR.fullmatch(word.text):
                found[-2:] = [replace(word, text=f"{word.text}_{item.text}", end=item.end)]
                continue
        found.append(item)
    return found


def command(parser: Parser) -> Node:
    """A letter, a typeface, a fraction or another structure that a command stands for."""
    token = parser.token()
    assert token is not None
    name = token.text
    parser.at += 1
    if name in FRACTIONS:
        over, under = argument(parser), argument(parser)
        return quotients.fraction(parser, over, under, (token.start, parser.items[parser.at - 1].end))
    if name == "sqrt":
        if (degree := parser.group("[")) is not None and parser.peek(1) is not None:
            parser.at += 1
            del degree
        body = argument(parser)
        return Root((token.start, parser.items[parser.at - 1].end), _unbracketed(parser, body))
    if name in {"sum", "Sigma", "prod", "Pi"} and (name in {"sum", "prod"} or structures.sums(parser)):
        return structures.big(parser, "sum" if name in {"sum", "Sigma"} else "prod", token)
    if name in {"partial", "nabla", "delta", "Delta"}:
        return quotients.differential(parser, name, token)
    if name in GREEK or name in LETTERS:
        return letter(parser, LETTERS.get(name, name), token)
    if name in COMMAND_FUNCTIONS:
        return calls.applied(parser, _merged(parser, name, token))
    if name in FACES:
        return face(parser, name, token)
    if name == "pi":
        return Number(token.span, 3.141592653589793, "\\pi")
    return letter(parser, name, token)


def _merged(parser: Parser, name: str, token: Token) -> Name:
    following = parser.token()
    if name == "arg" and following is not None and following.text in {"max", "min"}:
        parser.at += 1
        return Name((token.start, following.end), f"arg{following.text}")
    return Name(token.span, {"lg": "log10"}.get(name, name))


def _unbracketed(parser: Parser, items: tuple[Item, ...]) -> Node:
    if len(items) == 1 and isinstance(items[0], Block) and items[0].kind == "group" and items[0].open == "(":
        items = items[0].items
    return parser.of(items).condition()


def letter(parser: Parser, name: str, token: Token) -> Node:
    r"""A Greek letter, with digits that follow it directly, as in \delta2."""
    node = Name(token.span, name, (), token.faces)
    number = parser.token()
    if number is not None and number.kind == "number" and not number.space and number.text.isdigit():
        parser.at += 1
        digits = Script(number.span, "digits", (Number(number.span, float(number.text), number.text),))
        node = replace(node, span=(token.start, number.end), scripts=(digits,))
    return calls.applied(parser, node)


def argument(parser: Parser) -> tuple[Item, ...]:
    """The argument of a command: what stands in braces, else one item; of a number its first digit."""
    item = parser.peek()
    if item is None:
        return ()
    parser.at += 1
    if isinstance(item, Block):
        return item.items if item.kind == "{" else (item,)
    if item.kind == "number" and len(item.text) > 1 and item.text.isdigit() and item.end - item.start == len(item.text):
        first = replace(item, text=item.text[0], end=item.start + 1)
        rest = replace(item, text=item.text[1:], start=item.start + 1, space=False)
        parser.items = [*parser.items[: parser.at - 1], first, rest, *parser.items[parser.at :]]
        return (first,)
    if item.kind == "command" and item.text in FACES and parser.peek() is not None:
        return item, *_rest(parser)
    return (item,)


def _rest(parser: Parser) -> tuple[Item, ...]:
    item = parser.peek()
    parser.at += 1
    return (item,) if item is not None else ()


def face(parser: Parser, name: str, token: Token) -> Node:
    r"""What stands in a typeface or under an accent: \mathbf{W}, \hat y."""
    item = parser.peek()
    if item is None:
        return Name(token.span, name)
    if isinstance(item, Token) and item.kind == "letter":
        parser.at += 1
        inside: tuple[Item, ...] = (item,)
    elif isinstance(item, Token) and item.kind == "command" and item.text in FACES:
        nested = parser.atom()
        return calls.applied(parser, _spanning(_faced(nested, FACES[name]), token.start))
    else:
        inside = argument(parser)
    end = parser.items[parser.at - 1].end
    if not inside:
        return parser.atom() if parser.peek() is not None else Name(token.span, name)
    if name in UPRIGHT and (text := _upright(inside)):
        if text == "d" and not parser.group():
            return quotients.differential(parser, "d", replace(token, end=end), upright=True)
        if text in {"T", "t"} or not text.isascii() or len(text) == 1:
            node: Node = Name((token.start, end), text, (), inside[0].faces if isinstance(inside[0], Token) else frozenset())
        else:
            node = word_node(text, (token.start, end), parser.context.names)
        return calls.applied(parser, _faced(node, FACES[name]))
    node = parser.of(inside).whole()
    if isinstance(node, Number) and FACES[name] and node.text in {"0", "1"}:
        return calls.indicator(parser, Name((token.start, end), node.text, (), frozenset({FACES[name]})))
    node = _spanning(_faced(node, FACES[name]), token.start, end)
    if FACES[name] == "bb" and isinstance(node, Name) and node.name == "E":
        return structures.expectation(parser, node)
    return calls.applied(parser, node)


def _upright(items: Collection[Item]) -> str:
    r"""The one word that upright letters are, or nothing: \mathrm{softmax}, \operatorname{leaky-ReLU}."""
    text = ""
    for item in items:
        if not isinstance(item, Token) or not (item.kind in {"letter", "word", "number"} or item.text == "-"):
            return ""
        text += ("_" if item.space and text and item.kind != "number" else "") + item.text.replace("-", "_")
    return text if re.fullmatch(r"[^\W\d_]\w*", text) else ""


def _spanning(node: Node, start: int, end: int | None = None) -> Node:
    return replace(node, span=(start, end if end is not None else node.span[1] if node.span else start))


def _faced(node: Node, name: str) -> Node:
    if not name:
        return node
    if isinstance(node, Name):
        return replace(node, faces=node.faces | {name})
    return _all_faced(node, frozenset({name})) if name in {"bf", "cal", "bb", "frak"} else node


def _all_faced(node: Node, faces: frozenset[str]) -> Node:
    """The tree with a typeface at all names, but not in scripts."""
    if isinstance(node, Name):
        return replace(node, faces=node.faces | faces)
    if isinstance(node, Script):
        return node

    def changed(value: Any) -> Any:
        if isinstance(value, Node):
            return _all_faced(value, faces)
        return tuple(changed(part) for part in value) if isinstance(value, tuple) else value

    return replace(
        node, **{field.name: changed(getattr(node, field.name)) for field in fields(node) if field.name not in {"span", "keywords"}}
    )


JOINED = {"hat", "bar", "tilde", "pred", "prime", "derivative", "backward", "rate"}
"""Words that belong to the word before the underscore, also in LaTeX: y_hat, sigmoid_prime."""


def suffix(run: str) -> bool:
    """Whether a run after _ is a word, as in W_out, and not an index and a letter, as in a_iw."""
    return run in SUFFIXES or (len(run) >= 4 and bool(re.search("[aeiou]", run)) and not _EMBEDDED.fullmatch(run))
