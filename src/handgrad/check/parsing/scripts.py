"""What stands raised, lowered or primed at a part: layers, indices, powers, transposes; only read here, not understood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from handgrad.check.parsing import calls, names, structures
from handgrad.check.parsing.items import Block, Item
from handgrad.check.parsing.tokens import Token
from handgrad.check.parsing.vocabulary import FACES, FRACTIONS, FUNCTIONS, LAYERED, METHODS, SUFFIXES, WORDS
from handgrad.check.parsing.words import word_node
from handgrad.check.tree import Bracketed, Call, Differential, Name, Node, Script, Scripted, Span

if TYPE_CHECKING:
    from handgrad.check.parsing.expressions import Parser

_TRANSPOSED = re.compile(r"T((?:d?[WwZzAaXxYyHhbBv]|delta)(?:_?[0-9]\w*|_[a-z]{1,2})?)")
_INDICES = re.compile("[a-cg-nprsu-z]+")
_LAYER_OR_TIME = re.compile(r"[lLkKt](?:[-+]\d+)?|ell|\d+")
_LAYER = re.compile(r"(?:[lLkKiIhHjJ]|ell|\d+|out|[lLkKiIhHjJ][-+]\d+|[nNtm][-+]?\d*)")


def postfix(parser: Parser, node: Node) -> Node:
    """The part with all scripts that follow it."""
    while (item := parser.peek()) is not None:
        found = _script(parser, node, item)
        if found is None:
            method = _method(parser, node)
            if method is None:
                return node
            node = method
            continue
        before = node
        for script in found:
            node = parser.scripted(node, script)
        if isinstance(node, Name) or (isinstance(node, Differential) and node is not before):
            node = calls.applied(parser, node)
    return node


def _script(parser: Parser, node: Node, item: Item) -> list[Script] | None:
    """The scripts that begin here, or None."""
    if isinstance(item, Block):
        return _bracket(parser, node, item)
    if item.kind == "prime":
        parser.at += 1
        return [Script(item.span, "prime", (), len(item.text))]
    if item.kind == "transpose":
        parser.at += 1
        return [Script(item.span, "transpose")]
    if item.text == "prime" and item.kind in {"word", "letter"} and isinstance(node, Name):
        parser.at += 1
        return [Script(item.span, "prime", (), 1)]
    if (
        item.kind == "letter"
        and item.text == "p"
        and isinstance(node, Name)
        and names.run_of(parser.items, parser.at)[0] == "prime"
    ):
        parser.at += 5
        return [Script((item.start, parser.items[parser.at - 1].end), "prime", (), 1)]
    if item.kind == "sign" and item.text == "." and not item.space:
        following = parser.token(1)
        run = _name_after(parser, 1)
        if following is not None and not following.space and run == "T" and not (parser.peek(2) and parser.group("(", 2)):
            parser.at += 2
            return [Script((item.start, following.end), "transpose")]
    if item.text == "T" and item.kind == "letter" and not item.space and _bracket_last(node):  # 𝑊[3]𝑇
        parser.at += 1
        return [Script(item.span, "transpose")]
    if item.text == "*" and item.kind == "sign" and not item.space and isinstance(node, Name | Scripted) and _star(parser.peek(1)):
        parser.at += 1  # y*, the best y
        return [Script(item.span, "sup", (Name(item.span, "*"),))]
    if item.kind == "script":
        parser.at += 1
        return raised(parser, item)
    return None


def _bracket_last(node: Node) -> bool:
    name = node.of if isinstance(node, Differential) else node
    return isinstance(name, Name) and bool(name.scripts) and name.scripts[-1].kind == "bracket"


def _star(after: Item | None) -> bool:
    """Whether a star after a name multiplies nothing."""
    return after is None or after.kind in {"comma", "script", "relation"}


def _name_after(parser: Parser, ahead: int) -> str:
    token = parser.token(ahead)
    if token is None or token.kind not in {"letter", "word"}:
        return ""
    return token.text if token.kind == "word" else names.run_of(parser.items, parser.at + ahead)[0]


def _method(parser: Parser, node: Node) -> Node | None:
    """W.dot(X) and dZ.sum(axis=1) as calls of dot and sum."""
    dot = parser.token()
    if dot is None or dot.text != "." or dot.kind != "sign" or dot.space or node.span is None:
        return None
    name = _name_after(parser, 1)
    first = parser.token(1)
    if name not in METHODS or first is None or first.space:
        return None
    length = 1 if first.kind == "word" else len(name)
    group = parser.group("(", 1 + length)
    if group is None:
        return None
    function = Name((first.start, parser.items[parser.at + length].end), name)
    parser.at += 2 + length
    arguments, keywords = calls.arguments(parser, group)
    return Call((node.span[0], group.end), function, (node, *arguments), keywords)


def _bracket(parser: Parser, node: Node, block: Block) -> list[Script] | None:
    """[2] after a name, (l) after the name of a layered quantity, and {[l]} where the caret was forgotten."""
    name = node.of if isinstance(node, Differential) else node
    if isinstance(name, Name) and block.open == "[" and (indices := _indices(parser, name, block)):
        parser.at += 1
        return [Script(block.span, "bracket", indices)]
    if not isinstance(name, Name | Scripted) or block.space:
        return None
    if block.kind == "{" and isinstance(name, Name) and name.name == "delta" and not name.scripts and _two_letters(block):
        parser.at += 1  # the underscore was forgotten
        return [Script(block.span, "sub", parts(parser.sub(block))[0])]
    inner = block.items[0] if block.kind == "{" and len(block.items) == 1 else None
    if isinstance(inner, Block) and inner.kind == "group" and inner.open == "[" and layer_like(inner):
        parser.at += 1
        return [Script(block.span, "sup", (bracketed(parser, inner),))]
    if block.kind != "group" or not isinstance(name, Name) or not layer_like(block):
        return None
    if block.open == "[" and "bb" not in name.faces:
        parser.at += 1
        return [Script(block.span, "bracket", parts(parser.sub(block))[0])]
    if block.open == "(" and name.name in LAYERED and name.name not in parser.context.functions:
        parser.at += 1
        return [Script(block.span, "bracket", (bracketed(parser, block),))]
    return None


def _two_letters(block: Block) -> bool:
    return len(block.items) == 2 and all(item.kind == "letter" and item.text in "ijklmnpqr" for item in block.items)


def _indices(parser: Parser, name: Name, block: Block) -> tuple[Node, ...]:
    """The indices of an array, as in A_i[r, 0] and W[:, j]."""
    pieces = structures.split(block.items)
    simple = {"letter", "number", "sign"}
    if block.kind != "group" or len(pieces) != 2 + _colons(block) or name.name in parser.context.functions or "bb" in name.faces:
        return ()
    if not all(len(piece) < 4 and all(isinstance(item, Token) and item.kind in simple for item in piece) for piece in pieces):
        return ()
    lettered = any(item.kind == "letter" for piece in pieces for item in piece)
    return parts(parser.sub(block))[0] if lettered or (not block.space and block.items[0].kind == "number") else ()


def _colons(block: Block) -> int:
    return sum(item.text == ":" for item in block.items)


def layer_like(block: Block) -> bool:
    """Whether brackets hold what can be a layer: 2, l, l-1, L."""
    text = "".join(item.text for item in block.items if isinstance(item, Token))
    pattern = _LAYER_OR_TIME if block.open == "(" else _LAYER
    return len(block.items) <= 4 and all(isinstance(item, Token) for item in block.items) and bool(pattern.fullmatch(text))


def raised(parser: Parser, mark: Token) -> list[Script]:
    """The scripts after a ^ or a _ that has been read; primes among them are scripts of their own."""
    kind = "sup" if mark.text == "^" else "sub"
    while (again := parser.token()) is not None and again.kind == "script":  # a caret typed twice
        parser.at += 1
    item = parser.peek()
    if item is None:
        return []
    if isinstance(item, Block):
        parser.at += 1
        if item.kind == "{":
            body, primes = parts(parser.sub(item))
        else:
            powers = _elementwise(item.items)
            body, primes = (bracketed(parser, item) if item.kind == "group" else parser.block(item),), ()
            body = (parser.of(powers).whole(),) if powers else body
        span = (mark.start, item.end)
    else:
        body, primes = _bare(parser, item, kind)
        span = (mark.start, parser.items[parser.at - 1].end)
    found = [Script(span, kind, body)] if body else []
    if len(primes) > 1:
        primes = (replace(primes[0], count=sum(prime.count for prime in primes)),)
    return [*primes, *found] if _leading(item) else [*found, *primes]


def _leading(item: Item) -> bool:
    """Whether a prime stands first, as in σ^{'(l)}."""
    first = item.items[0] if isinstance(item, Block) and item.items else item
    return isinstance(first, Token) and first.kind == "prime"


Parts = tuple[tuple[Node, ...], tuple[Script, ...]]


def _bare(parser: Parser, item: Token, kind: str) -> Parts:
    """A script without braces: one item, but a word where a word is meant."""
    if item.kind == "letter":
        run, count = names.run_of(parser.items, parser.at)
        if not run:
            parser.at += 1
            return (Name(item.span, item.text, (), item.faces),), ()
        whole = kind == "sub" and (names.suffix(run) or run in parser.context.names)
        count = count if whole else 1
        last = parser.items[parser.at + count - 1]
        parser.at += count
        number = parser.token()
        if (
            parser.context.kind == "plain"
            and number is not None
            and number.kind == "number"
            and not number.space
            and number.text.isdigit()
        ):
            parser.at += 1
            return (word_node(run[:count] + number.text, (item.start, number.end)),), ()
        return (Name((item.start, last.end), run[:count], (), item.faces),), ()
    if item.kind == "prime":
        parser.at += 1
        return (), (Script(item.span, "prime", (), len(item.text)),)
    if item.kind == "sign" and item.text in {"+", "-", "*", "ast", "cdot", "circ", "star", "odot", "pm", "times"}:
        parser.at += 1
        following = parser.peek()
        if (
            item.text == "-"
            and following is not None
            and not following.space
            and not (isinstance(following, Token) and following.kind == "sign")
        ):
            parser.at -= 1
            return (parser.factor(),), ()
        return (Name(item.span, item.text),), ()
    if item.kind == "word" and item.end - item.start == len(item.text):
        if kind == "sup" and (found := _TRANSPOSED.fullmatch(item.text)) and item.text not in parser.context.names:  # w^Tx
            cut = replace(item, kind="letter", text="T", end=item.start + 1)
            rest = replace(item, text=found[1], start=item.start + 1, kind="word" if len(found[1]) > 1 else "letter", space=False)
            parser.items = [*parser.items[: parser.at], cut, rest, *parser.items[parser.at + 1 :]]
            item = cut
        elif kind == "sup" and "_" in item.text:  # of z^l_j only the l is raised
            item = _first_part(parser, item)
        parser.at += 1
        return _word(item, parser), ()
    if item.kind in {"letter", "word", "number", "command", "dots", "text"}:
        return (single(parser),), ()
    return (), ()


def _word(item: Token, parser: Parser) -> tuple[Node, ...]:
    """A word of plain text as a name, or as indices side by side."""
    if set(item.text) <= set("ijkl") and len(item.text) < 4:
        return tuple(Name((item.start + n, item.start + n + 1), letter) for n, letter in enumerate(item.text))
    return (_script_name(item.text, item.span, parser),)


def _first_part(parser: Parser, word: Token) -> Token:
    """The word before the first underscore, which becomes an item of its own; the rest follows it."""
    text = word.text.partition("_")[0]
    cut = word.start + len(text)
    rest = word.text[len(text) + 1 :]
    first = replace(word, text=text, end=cut)
    after = [Token("script", "_", cut, cut + 1), Token("word" if len(rest) > 1 else "letter", rest, cut + 1, word.end)]
    if rest.isdigit():
        after[1] = replace(after[1], kind="number")
    parser.items = [*parser.items[: parser.at], first, *after, *parser.items[parser.at + 1 :]]
    return first


def single(parser: Parser) -> Node:
    """One part with nothing that follows it: a command with its arguments, a number."""
    item = parser.token()
    assert item is not None
    count = 1
    if item.kind == "command" and item.text in FACES:
        following = parser.token(1)
        count = 3 if following is not None and following.kind == "command" and following.text in FACES else 2
    elif item.kind == "command" and item.text in FRACTIONS:
        count = 3
    elif item.kind == "command" and item.text == "sqrt":
        count = 2
    inside = parser.of(parser.items[parser.at : parser.at + count])
    parser.at = min(parser.at + count, len(parser.items))
    return inside.whole()


def bracketed(parser: Parser, block: Block) -> Bracketed:
    """A pair of brackets within a script."""
    body, _ = parts(parser.sub(block)) if block.items else ((), ())
    return Bracketed(block.span, block.open if block.open in "([{<" else "(", body)


def parts(inside: Parser) -> Parts:
    """What stands side by side in a script; primes are taken out."""
    found: list[Node] = []
    primes: list[Script] = []
    for piece in structures.split(_with_all(inside.items)):
        body, more = _piece(inside.of(piece))
        found.extend(body)
        primes.extend(more)
    return tuple(found), tuple(primes)


def _with_all(items: Sequence[Item]) -> list[Item]:
    """The items with the colon of W[:, j] as a sign: it stands for all indices."""
    found: list[Item] = []
    for place, item in enumerate(items):
        beside = [items[near] for near in (place - 1, place + 1) if 0 <= near < len(items)]
        all_of = isinstance(item, Token) and item.text == ":" and all(other.kind == "comma" for other in beside)
        found.append(replace(item, kind="sign") if all_of and isinstance(item, Token) else item)
    return found


def _elementwise(items: Sequence[Item]) -> Sequence[Item]:
    r"""The number of an elementwise power, as y^{\circ 2}; nothing for anything else."""
    if len(items) == 2 and items[0].kind == "sign" and items[0].text not in {"-", "+", "/"} and items[1].kind == "number":
        return items[1:]
    return ()


def _piece(inside: Parser) -> Parts:
    items = list(inside.items)
    primes = [Script(item.span, "prime", (), len(item.text)) for item in items if isinstance(item, Token) and item.kind == "prime"]
    first_prime = bool(items) and isinstance(items[0], Token) and items[0].kind == "prime"
    if primes and (first_prime or all(isinstance(item, Block) or item.kind == "prime" for item in items)):
        items = [item for item in items if not (isinstance(item, Token) and item.kind == "prime")]
    else:
        primes = []
    tokens = [item for item in items if isinstance(item, Token)]
    if len(items) == 1 and tokens and tokens[0].kind in {"sign", "relation"}:
        return (Name(tokens[0].span, tokens[0].text),), tuple(primes)
    if power := _elementwise(items):
        return (inside.of(power).whole(),), tuple(primes)
    if any(item.kind in {"sign", "relation"} for item in tokens):
        if tokens[-1] is items[-1] and tokens[-1].kind == "sign":  # w^{t+}
            body, more = _piece(inside.of(items[:-1]))
            return (*body, Name(tokens[-1].span, tokens[-1].text)), (*primes, *more)
        return (inside.of(items).condition(),), tuple(primes)
    reader = inside.of(items)
    found: list[Node] = []
    while (item := reader.peek()) is not None:
        found.extend(_part(reader, item, primes))
    return tuple(found), tuple(primes)


def _part(reader: Parser, item: Item, primes: list[Script]) -> list[Node]:
    if isinstance(item, Block) and item.kind == "group":
        reader.at += 1
        body: list[Node] = [bracketed(reader, item)]
        while (mark := reader.token()) is not None and mark.kind == "script":  # [l]^T is [l] and T
            reader.at += 1
            for script in raised(reader, mark):
                if script.kind == "prime":
                    primes.append(script)
                else:
                    body.extend(script.body)
        return body
    if isinstance(item, Token) and item.kind == "letter":
        run, count = names.run_of(reader.items, reader.at)
        if run and (whole := script_word(run, reader)) and count > 1:
            reader.at += count
            number, end = reader.token(), reader.items[reader.at - 1].end
            if number is not None and number.kind == "number" and not number.space and number.text.isdigit():
                reader.at += 1
                whole, end = whole + number.text, number.end
            return [postfix(reader, _script_name(whole, (item.start, end), reader))]
        if len(run) == 2 and run[0] == "d" and run[1] in "WwbBZzAa" and not item.faces:  # v_{dW}
            reader.at += 1
            second = reader.token()
            assert second is not None
            of = postfix(reader, _one_letter(reader, second))
            return [Differential((item.start, (of.span or item.span)[1]), of, "d")]
        if run:
            return [postfix(reader, _one_letter(reader, item))]
    if isinstance(item, Token) and item.kind == "word" and item.end - item.start == len(item.text):
        reader.at += 1
        *first, last = _word(item, reader)
        return [*first, postfix(reader, last)]
    return [reader.factor()]


def _one_letter(reader: Parser, item: Token) -> Node:
    reader.at += 1
    number = reader.token()
    name = Name(item.span, item.text, (), item.faces)
    digits = number is not None and number.kind == "number" and not number.space and number.text.isdigit()
    if number is not None and digits and not item.faces and item.text not in "ijklmnpqr":  # j0 is two indices, h1 is a name
        reader.at += 1
        return word_node(item.text + number.text, (item.start, number.end))
    return name if item.text != "d" or reader.peek() is None else calls.applied(reader, name)


def _script_name(text: str, span: Span, parser: Parser) -> Node:
    return Name(span, text) if text.isalpha() else word_node(text, span, parser.context.names)


def script_word(run: str, parser: Parser) -> str:
    """The run if it is a word, as total, and not indices side by side, as jk."""
    if run in WORDS or run in SUFFIXES or run in FUNCTIONS or run in parser.context.names:
        return run
    return run if len(run) > 2 and not _INDICES.fullmatch(run) and not run.isupper() else run if len(run) > 3 else ""
