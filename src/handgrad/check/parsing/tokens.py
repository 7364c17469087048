"""From the text of a formula to tokens with their places: LaTeX, plain text and Unicode alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from handgrad.check.parsing.vocabulary import (
    ALIASES,
    DOTS,
    FUNCTIONS,
    JOINERS,
    MARKS,
    RELATIONS,
    SIGNS,
    STOPWORDS,
    SUFFIXES,
    TEXTS,
    UNICODE,
    WORDS,
)
from handgrad.check.tree import Span

TEX = re.compile(
    r"(?P<space>\s+|~)|(?P<comment>%[^\n]*)|\\(?P<environment>begin|end)\s*\{(?P<called>[A-Za-z]+\*?)\}"
    r"|(?P<row>\\\\\*?(?:\[[0-9.]+ *[a-z]{2}\])?|\\newline\b|\\cr\b)|\\(?P<command>[A-Za-z]+|.)|(?P<rest>.)",
    re.DOTALL,
)
LEXEMES = re.compile(
    r"(?P<number>(?:[0-9]+\.[0-9]+|[0-9]+|(?<![\w})\]])\.[0-9]+)(?:[eE][+-]?[0-9]+(?![A-Za-z0-9^_]))?)|(?P<dots>\.\.+…?|\.…)"
    r"|(?P<sign>==?>|-->|->|<-(?![-0-9])|:=|==|[<>!+]=|-=|=<|~=|\.\*|\*\*|\|\||'+|[-=<>+*/@.,;:|^_&()\[\]{}$!?\"`])"
)
PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*(?![A-Za-z0-9])")
_RAISED = (
    "[\u00b2\u00b3\u00b9\u2070\u2071\u2074-\u207f\u1d2c-\u1d2e"
    "\u1d30-\u1d3a\u1d3c-\u1d4d\u1d4f-\u1d61\u02b0-\u02b8\u02e1-\u02e4\u2c7d\u1d9c]+"
)
RAISED = re.compile(f"{_RAISED}(?:[.,·⋅˙](?=[\u00b2\u00b3\u00b9\u2070-\u2079]){_RAISED})?")
LOWERED = re.compile("[\u2080-\u208e\u2090-\u209c\u1d62-\u1d6a\u2c7c]+")
KINDS = {
    "(": "open", "[": "open", ")": "close", "]": "close", "|": "bar", "||": "bar", ",": "comma", "&": "amp", ":": "comma",
    "{": "{",
    "}": "}", "$": "$",
}  # fmt: skip
DELIMITERS = {
    "{": ("open", "{"), "lbrace": ("open", "{"), "}": ("close", "}"), "rbrace": ("close", "}"), "langle": ("open", "<"),
    "rangle": ("close", ">"), "lbrack": ("open", "["), "rbrack": ("close", "]"), "lparen": ("open", "("),
    "rparen": ("close", ")"), "|": ("bar", "norm"), "Vert": ("bar", "norm"), "parallel": ("bar", "norm"), "lVert": ("open",
    "norm"),
    "rVert": ("close", "norm"), "vert": ("bar", "|"), "mid": ("bar", "|"), "lvert": ("open", "|"), "rvert": ("close", "|"),
    "prime": ("prime", "'"), "quad": ("gap", ""), "qquad": ("gap", ""), "sp": ("script", "^"), "sb": ("script", "_"),
    "_": ("script", "_"), "transpose": ("command", "top"),
}  # fmt: skip
"""Commands that are brackets, bars, scripts, primes or space: the kind and the text of their tokens."""
BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
LONGEST_TEXT = 2000
ESCAPED = set("*+-=.^'/~<>|")
"""Signs that Markdown lets people write with a backslash."""
IDENTIFIER = re.compile(r"[^\W\d_]\w*(?:[.\-]\w+)*")


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    `kind` is letter, word, text, number, command, sign, relation, joiner, script, prime, transpose, dots, open, close,
    bar, comma, amp, gap, row, begin, end, ? (what has no meaning), { or }. `space` says that white space stands before it.
    """

    kind: str
    text: str
    start: int
    end: int
    space: bool = False
    faces: frozenset[str] = field(default=frozenset())

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.start, self.end


def tokens(text: str, start: int, kind: str) -> Iterator[Token]:
    """The tokens of a text that begins at `start` in its document."""
    space, at = False, 0
    while at < len(text):
        found = TEX.match(text, at)
        assert found is not None
        if found["space"] and not (found["space"] == "~" and text.startswith("~=", at)):
            at = found.end()
            if kind == "plain" and "\n" in found["space"]:
                yield Token("row", "\n", start + found.start(), start + at, space=True)
            space = True
            continue
        if found["comment"]:
            at, space = (found.end() if kind == "tex" else at + 1), True
            continue
        one: list[Token]
        one, at = _one(text, at, start, kind, found)
        for token in one:
            yield replace(token, space=space) if space else token
            space = False


def _one(text: str, at: int, start: int, kind: str, found: re.Match[str]) -> tuple[list[Token], int]:
    end, place = found.end(), start + at
    if found["environment"]:
        return [Token(found["environment"], found["called"].rstrip("*"), place, start + end)], end
    if found["row"]:
        return [Token("row", found["row"], place, start + end)], end
    if command := found["command"]:
        if kind == "plain" and command in ESCAPED:  # an escape of Markdown
            sign = LEXEMES.match(text, end - 1, end)
            return [replace(_lexeme(sign, start), start=place)] if sign else [], end
        if command in TEXTS and (content := _braced(text, end)):
            if broken := _broken(text, content):
                return [Token("word", broken[0], place, start + broken[1])], broken[1]
            return list(_text(text, content, start, (place, start + content[1] + 1))), content[1] + 1
        if text.startswith("*", end) and command in {"operatorname", "tag", "hspace", "vspace"}:
            end += 1
        return [command_token(command, place, start + end)], end
    if lexeme := LEXEMES.match(text, at):
        return [_lexeme(lexeme, start)], lexeme.end()
    character = text[at]
    if character.isascii():
        if kind == "plain" and (word := PLAIN_WORD.match(text, at)) and len(word[0]) > 1:
            return [Token("text" if word[0] in STOPWORDS - {"a"} else "word", word[0], place, start + word.end())], word.end()
        if character.isalpha():
            return _marked(Token("letter", character, place, place + 1), text, at + 1, start)
        return ([Token("?", character, place, place + 1)] if character.isprintable() else []), at + 1
    return _unicode(text, at, start)


def _lexeme(found: re.Match[str], start: int) -> Token:
    text, span = found[0], (start + found.start(), start + found.end())
    if found["number"]:
        return Token("number", text, *span)
    if found["dots"]:
        return Token("dots", text, *span)
    if text[0] == "'":
        return Token("prime", text, *span)
    if text in {"^", "_", "**"}:
        return Token("script", "_" if text == "_" else "^", *span)
    return _sign(text, *span) or Token(KINDS.get(text, "?"), "norm" if text == "||" else text, *span)


def _sign(text: str, start: int, end: int) -> Token | None:
    for kind, table in (("relation", RELATIONS), ("sign", SIGNS)):
        if text in table:
            return Token(kind, table[text], start, end)
    return Token("joiner", text, start, end) if text in JOINERS else None


def command_token(command: str, start: int, end: int) -> Token:
    """The token of a command of LaTeX, without its backslash."""
    command = ALIASES.get(command, command)
    found = _sign("\\" + command, start, end) if command not in {",", ";", ":", "!", ">", "."} else None
    if found is not None:
        return found
    if command in {"R", "Reals", "reals"}:
        return Token("letter", "R", start, end, faces=frozenset({"bb"}))
    if command == "ell":
        return Token("letter", "l", start, end, faces=frozenset({"ell"}))
    if command in DELIMITERS:
        return Token(*DELIMITERS[command], start, end)
    if command in {"&", "%", "#", "$"}:
        return Token("?", command, start, end)
    if command in DOTS:
        return Token("dots", command, start, end)
    return Token("command", command, start, end)


def _braced(text: str, at: int) -> Span | None:
    """Where the argument in braces begins and ends; None where it has no end nearby."""
    while at < len(text) and text[at].isspace():
        at += 1
    if not text.startswith("{", at):
        return None
    depth = 0
    for found in BRACES.finditer(text, at, at + LONGEST_TEXT):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return at + 1, found.start()
    return None


def _broken(text: str, content: Span) -> tuple[str, int] | None:
    r"""A word of which a converter has put only the beginning into \text: \text{targe}t, and where it ends."""
    letters = re.compile("[a-z]{1,8}(?![a-z])").match(text, content[1] + 1)
    word = text[content[0] : content[1]] + (letters[0] if letters else "")
    return (word, letters.end()) if letters and (word in WORDS or word in SUFFIXES) and word.isalpha() else None


def _text(text: str, content: Span, start: int, whole: Span) -> Iterator[Token]:
    r"""\text{…}: one word is a name, several are prose; formulas between dollars stay formulas."""
    inside = text[content[0] : content[1]]
    if "$" in inside or re.search(r"\\[A-Za-z]", inside):
        at = content[0]
        for number, part in enumerate(inside.replace(r"\(", " $").replace(r"\)", "$ ").split("$")):
            if number % 2 or re.match(r"\s*\\[A-Za-z]+", part) or _formula(part):
                yield from tokens(part, start + at, "tex")
            elif part.strip():
                yield Token("text", part.strip(), start + at, start + at + len(part))
            at += len(part) + 1
        return
    word = inside.strip().replace("\\", "")
    known = word in FUNCTIONS or word in WORDS
    if IDENTIFIER.fullmatch(word) and word.lower() not in STOPWORDS - {"a"} and (known or inside == inside.strip()):
        yield Token("word", word, *whole)
    elif re.fullmatch(r"[0-9.]+", word):
        yield Token("number", word, *whole) if word.count(".") < 2 and word != "." else Token("text", word, *whole)
    elif sign := _sign(word, *whole):
        yield sign
    elif word in {",", "."} or not word:
        yield Token("," if word == "," else "gap", word, *whole)
    else:
        yield Token("text", " ".join(word.split()), *whole)


def _formula(part: str) -> bool:
    """Whether words around a formula in dollars belong to it: w := w - $…$."""
    return any(sign in part for sign in ("=", "<-", "←")) and not re.search("[^\\W\\d_]{4}", part)


def _marked(token: Token, text: str, end: int, start: int) -> tuple[list[Token], int]:
    """The letter with the combining accents that follow it."""
    while end < len(text) and (text[end] in MARKS or unicodedata.combining(text[end])):
        if text[end] in MARKS:
            token = replace(token, faces=token.faces | {MARKS[text[end]]})
        end += 1
    return [replace(token, end=start + end)], end


def _unicode(text: str, at: int, start: int) -> tuple[list[Token], int]:
    from handgrad.document.letters import SYMBOLS

    character, place = text[at], start + at
    span = (place, place + 1)
    if character == "ᵀ":
        return [Token("transpose", "ᵀ", *span)], at + 1
    for pattern, mark in ((RAISED, "^"), (LOWERED, "_")):
        if found := pattern.match(text, at):
            return list(_raised(found[0], mark, start + at)), found.end()
    plain = UNICODE.get(character) or (f"\\{SYMBOLS[character]}" if character in SYMBOLS else None)
    if plain is not None:
        inside = [replace(token, start=place, end=place + 1) for token in tokens(plain, place, "tex")]
        if len(inside) == 1 and inside[0].kind in {"command", "letter"}:
            return _marked(inside[0], text, at + 1, start)
        return inside, at + 1
    simple = unicodedata.normalize("NFKC", character)
    faces = (
        frozenset(face for word, face in _ALPHABETS.items() if word in unicodedata.name(character, ""))
        if simple != character
        else frozenset()
    )
    if simple != character and simple in SYMBOLS:
        return _marked(replace(command_token(SYMBOLS[simple], *span), faces=faces), text, at + 1, start)
    letters = unicodedata.normalize("NFD", simple)
    if len(letters) > 1 and letters[0].isalpha() and all(mark in MARKS for mark in letters[1:]):
        return _marked(Token("letter", letters[0], *span, faces=faces | {MARKS[mark] for mark in letters[1:]}), text, at + 1, start)
    if len(simple) == 1 and simple.isascii():
        if simple.isalpha():
            return _marked(Token("letter", simple, *span, faces=faces), text, at + 1, start)
        return [replace(token, start=place, end=place + 1) for token in tokens(simple, place, "plain")], at + 1
    if character.isalpha():
        end = at + 1
        while end < len(text) and text[end].isalpha() and not text[end].isascii() and text[end] not in SYMBOLS:
            end += 1
        return [Token("text", text[at:end], place, start + end)], end
    return ([] if character.isspace() or not character.isprintable() else [Token("?", character, *span)]), at + 1


_ALPHABETS = {"BOLD": "bf", "SCRIPT": "cal", "DOUBLE-STRUCK": "bb", "FRAKTUR": "frak"}


def _raised(text: str, mark: str, start: int) -> Iterator[Token]:
    """Raised or lowered characters as a script; raised T's are transposes."""
    end, transposes = start + len(text), text.count("ᵀ") if mark == "^" else 0
    inside = text.replace("ᵀ", "")
    if inside:
        plain = re.sub("[,·⋅˙]", ".", unicodedata.normalize("NFKC", inside.replace("˙", "."))).replace("−", "-")
        yield Token("script", mark, start, start)
        yield Token("{", "{", start, start)
        if len(plain) == len(inside) and not transposes:
            yield from tokens(plain, start, "tex")
        else:
            yield from (replace(token, start=start, end=end) for token in tokens(plain, start, "tex"))
        yield Token("}", "}", end, end)
    for _ in range(transposes):
        yield Token("transpose", "ᵀ", end - 1, end)
