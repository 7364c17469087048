"""From a word of plain text or of Python to a node: dW2, y_hat, dL_dz, grad_W1, delta_2."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace

from handgrad.check.greek import SMALL
from handgrad.check.tree import Derivative, Differential, Name, Node, Number, Script, Span

LOSSES = ("loss", "cost", "error", "err")
QUANTITIES = (
    "weights?", "bias", "biases", "inputs?", "outputs?", "out", "hidden", "net", "logits?", "scores?", "probs?", "preds?",
    "predictions?", "activations?", "values", "yhat", "theta", "gamma", "beta", "sigma", "mu", "phi",
)  # fmt: skip
"""Words after d or grad that are quantities of a network; no ordinary word is d and one of them."""
SHORT = SMALL | {"net", "in", "out", "target", "error", "err", "loss", "cost", "layer", "nabla", "input", "output"}
"""Words that carry an index after _ as a letter does: net_h1, but not learning_rate."""
ORDINARY = {"do", "grads"}
WHOLE = {"log2", "log10", "log1p", "exp2", "expm1", "arctan2"}
FACES = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar", "\u0307": "dot", "\u030c": "check", "\u20d7": "vec"}

LETTER = r"[^\W\d_]"
END = r"(?![a-z])(?=\w|$)"  # after it: the end, a digit, an underscore or a capital letter
QUANTITY = rf"(?:[A-Z]|(?=[^\x00-\x7f]){LETTER}|[wbzaxyhos]{END}|(?:{'|'.join(QUANTITIES + LOSSES)}){END})"
_QUANTITY = re.compile(QUANTITY)
_PART = re.compile(rf"(?:{QUANTITY}|[a-z]{END}|[wbzah][oh]{END})")  # a side of dL_dW, de_do, dao_dzo
_JOINED = re.compile(rf"(?:[A-Z]\d*|[zahsy]\d*|{'|'.join(LOSSES + tuple(loss.title() for loss in LOSSES))})(?=d)")
_AFTER_UNDERSCORE = rf"(?:[A-Z]|[wbza]{END}|(?:{'|'.join(QUANTITIES + LOSSES)}){END})"  # d_x and d_h are widths
_DIFFERENTIAL = re.compile(rf"d(?={QUANTITY})|d_(?={_AFTER_UNDERSCORE})|D(?=[WZ]$|[WZAB](?:[\d_]|[A-Z][a-z]))")
_GRADIENT = re.compile(rf"(?:[Gg]rad(?:ient)?s?|nabla)_?(?={QUANTITY})")
_OF_DELTA = re.compile(rf"([Dd]elta)_?(?=(?:[WwBb]|[Tt]heta|weights?|bias(?:es)?){END}|[WBZA](?![A-Za-z])|[za]_?\d)")
_CHANGE = re.compile(r"D[wb](?=$|\d|_[a-z0-9]{1,2}$)")  # the D stands for a capital delta
_ERROR_OF = re.compile(r"([Dd]elta)(?=[A-Z])")
_GRADIENT_LAST = re.compile(rf"(?:_|(?<=[\dA-Z])(?=[gG]))[Gg]rad(?:ient)?s?$|(?<={LETTER})Grad(?:ient)?s?$")
_FACE = re.compile(rf"({LETTER})(?:_([Hh]at|[Bb]ar|[Tt]ilde|[Vv]ec)|(?<=[yYazop])([Hh]at)|(?<=[xyz])(bar))(?=$|[\d_])")
_PREDICTION = re.compile(r"([yY])_?(?:[Pp]red(?:icted|iction|ictions|s)?)(?=$|[\d_])")
_HEAD = re.compile(rf"({LETTER}+)([0-9]+)?(?=$|_)")
_DIGITS = re.compile("[0-9]+")
_NUMBERED = re.compile(r"[0-9]+$")
_INDEX = re.compile(r"(?:_[0-9]+)+$")


def word_node(word: str, span: Span, known: Collection[str] = ()) -> Node:
    """What a word stands for: a name with its marks, a gradient written as one symbol, or a derivative such as dL_dW.

    `span` is that of the word; where its length is another than the word's, every part has the whole of it. A word in `known` is
    one name.
    """
    return _Word(word, span, frozenset(known)).node()


def is_quantity(word: str) -> bool:
    """Whether a word begins as the name of a quantity does: W, z2, weights."""
    return _QUANTITY.match(word) is not None


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    span: Span
    known: frozenset[str]

    def place(self, start: int, end: int) -> Span:
        first, last = self.span
        return (first + start, first + end) if last - first == len(self.text) else self.span

    def node(self) -> Node:
        word, end = self.text, len(self.text)
        if word in self.known or word in ORDINARY:
            return Name(self.span, word)
        whole = self.place(0, end)
        if (cut := self.quotient()) is not None:
            start, over_end, under_start = cut
            return Derivative(whole, self.name(start, over_end), self.name(under_start, end), "d")
        found: re.Match[str] | None
        if found := _OF_DELTA.match(word):
            return Differential(whole, self.name(found.end(), end), found[1])
        if _CHANGE.match(word):
            return Differential(whole, self.name(1, end), "Delta")
        if found := _GRADIENT.match(word):
            return Differential(whole, self.name(found.end(), end), "nabla")
        if found := _DIFFERENTIAL.match(word):
            return Differential(whole, self.name(found.end(), end), "d")
        if (found := _GRADIENT_LAST.search(word, max(0, end - 12))) and _QUANTITY.match(word[: found.start()]):
            return Differential(whole, self.name(0, found.start()), "nabla")
        if (found := _ERROR_OF.match(word)) and found.end() < end:
            return Name(whole, found[1], (Script(self.place(found.end(), end), "sub", (self.part(found.end(), end),)),))
        return self.name(0, end)

    def quotient(self) -> tuple[int, int, int] | None:
        """Where the upper part begins and ends and the lower one begins, in dL_dW2, d_loss_d_w or dLdW2."""
        word = self.text
        if not word.startswith("d"):
            return None
        start = 2 if word.startswith("d_") else 1
        if _PART.match(word, start):
            for bar in re.finditer("_d_?", word):
                if bar.start() > start and _PART.match(word, bar.end()):
                    return start, bar.start(), bar.end()
        if found := _JOINED.match(word, 1):
            under = found.end() + 1
            if _QUANTITY.match(word, under) and (word[1].isupper() or not word.startswith("o", under)):
                return 1, found.end(), under
        return None

    def name(self, start: int, end: int) -> Name:
        """The name that stands from `start` to `end`, with its face, its digits and its index."""
        text, span = self.text[start:end], self.place(start, end)
        if text in self.known or text in WHOLE or text.endswith("_prime"):
            return Name(span, text)
        if found := _FACE.match(text) or _PREDICTION.match(text):
            face = next((group.lower() for group in found.groups()[1:] if group), "hat")
            base = letters(found[1], None)
            at, digits = start + found.end(), _DIGITS.match(text, found.end())
            cut = start + (digits.end() if digits else found.end())
            rest = self.index(cut, end) if cut == end or self.text[cut] == "_" else None
            if rest is not None:
                return replace(base, span=span, scripts=self.digits(at, cut) + rest, faces=base.faces | {face})
        found = _HEAD.match(text)
        if found and (len(found[1]) == 1 or found[2] or found[1] in SHORT or found[1].lower() in SHORT or found.end() == len(text)):
            at, cut = start + found.end(1), start + found.end()
            rest = self.index(cut, end)
            if rest is not None:
                return replace(letters(found[1], span), scripts=self.digits(at, cut) + rest)
        if found := _INDEX.search(text, max(0, len(text) - 40)):  # hidden_layer_1
            if found.start():
                scripts = self.index(start + found.start(), end)
                return Name(span, text[: found.start()], scripts or ())
        elif (found := _NUMBERED.search(text, max(0, len(text) - 20))) and text[: found.start()].replace("_", "").isalpha():
            return Name(span, text[: found.start()], self.digits(start + found.start(), end))
        return Name(span, text)

    def digits(self, start: int, end: int) -> tuple[Script, ...]:
        if start == end:
            return ()
        return (Script(self.place(start, end), "digits", (self.number(start, end),)),)

    def number(self, start: int, end: int) -> Number:
        text = self.text[start:end]
        return Number(self.place(start, end), float(text), text)

    def index(self, start: int, end: int) -> tuple[Script, ...] | None:
        """What stands after an underscore: numbers, two indices as in w_ij, or words; None where a part is empty, as in lambda_."""
        if start == end:
            return ()
        parts: list[Node] = []
        at = start
        for piece in self.text[start + 1 : end].split("_"):
            at += 1
            if not piece:
                return None
            if len(piece) == 2 and piece != "in" and set(piece) <= set("ijklmnpqr"):
                parts += [Name(self.place(at + k, at + k + 1), letter) for k, letter in enumerate(piece)]
            else:
                parts.append(self.part(at, at + len(piece)))
            at += len(piece)
        return (Script(self.place(start, end), "sub", tuple(parts)),)

    def part(self, start: int, end: int) -> Node:
        """A number, or a word with its digits."""
        text, span = self.text[start:end], self.place(start, end)
        if re.fullmatch(r"[0-9]+", text):
            return self.number(start, end)
        found = _HEAD.fullmatch(text)
        if found is None:
            return Name(span, text)
        cut = start + len(found[1])
        return replace(letters(found[1], span), scripts=self.digits(cut, end))


def letters(text: str, span: Span | None) -> Name:
    """A name of letters only: Greek by its English name, mathematical alphabets as plain letters, ŷ as y with a face."""
    if text.isascii():
        return Name(span, text)
    from handgrad.document.letters import SYMBOLS

    plain = "".join(one if len(one := unicodedata.normalize("NFKC", letter)) == 1 else letter for letter in text)
    if len(plain) == 1:
        split = unicodedata.normalize("NFD", plain)
        if len(split) == 2 and split[1] in FACES:
            return replace(letters(split[0], span), faces=frozenset({FACES[split[1]]}))
    return Name(span, SYMBOLS.get(plain, plain).removeprefix("var") if len(plain) == 1 else plain)
