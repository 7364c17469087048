"""What a document says about its setting in words: activations, loss, which way examples lie, how many layers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_LINE = re.compile(
    r"^[ \t>*_-]*(layers?|hidden[ _]activations?|output[ _]activation|activations?|loss|cost|layout)[*_]*[ \t]*:[*_ \t]*(.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_WORD = re.compile(r"[A-Za-z][A-Za-z_]*(?: ReLU)?")
_ACTIVATIONS = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in (
    ("leaky_relu", r"leaky[ -]?relu|lrelu"),
    ("relu", r"(?<!leaky )(?<!leaky-)(?<!leaky)\brelu\b|rectified linear"),
    ("softmax", r"softmax"),
    ("tanh", r"\btanh\b|hyperbolic tangent"),
    ("softplus", r"softplus"),
    ("gelu", r"\bgelu\b"),
    ("selu", r"\bselu\b"),
    ("elu", r"\belu\b"),
    ("silu", r"\bswish\b|\bsilu\b"),
    ("mish", r"\bmish\b"),
    ("identity", r"\bidentity\b|\blinear (?:output|activation)|\(linear\)|^linear\b"),
    ("sigmoid", r"sigmoid|logistic function|\blogistic\b"),
    ("exp", r"^exp\b"),
    ("hard_sigmoid", r"hard[ _]sigmoid"),
))  # fmt: skip
_LOSSES = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in (
    ("binary_cross_entropy", (r"binary cross[ -]?entropy|\bbce\b|log loss|logistic loss|\(1 ?- ?y[^)]*\) ?\\?log"
                              r"|1 ?- ?[yY].{0,12}\\?(?:log|ln)")),
    ("cross_entropy", r"(?<!binary )(?<!binary-)cross[ -]?entropy|negative log[ -]likelihood|\\?log ?\\?(?:hat)?\{?y?"),
    ("half_squared_error", r"squared? error|\bmse\b|quadratic|least squares|\^ ?\{?2|euclid|sum of squares|\bsse\b"),
    ("absolute_error", r"absolute error|\bmae\b"),
    ("huber", r"\bhuber\b"),
    ("log_cosh", r"log[ -]?cosh"),
    ("poisson", r"\bpoisson\b"),
    ("quantile", r"\bquantile|pinball"),
))  # fmt: skip
_ROWS = re.compile(
    r"\brows\b(?! of W)|each row (?:of \S+ )?(?:is|as|being|holds|contains|represents)|row as a single example"
    r"|one example per row|\bm ?x ?n\b",
    re.IGNORECASE,
)
_COLUMNS = re.compile(
    r"\bcolumns\b|each column (?:of \S+ )?(?:is|holds|contains|represents)|one example per column|stacked (?:as|in) columns",
    re.IGNORECASE,
)
_SINGLE = re.compile(
    r"single[ -](?:sample|example|training|row)|one (?:training )?(?:example|sample)|of one example|per example", re.IGNORECASE
)
_NUMBERS = re.compile(r"\[([^\]]*)\]|\b(\d+(?:\s*[-–,x]\s*\d+)+)\b")


@dataclass(frozen=True)
class Stated:
    """What was said: names of the catalogue, most specific first.

    `firm` tells what stands in lines such as "Loss: …" or in options.
    """

    layers: int | None = None
    hidden: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    firm: frozenset[str] = frozenset()
    one_output: bool = False


def activations_in(text: str) -> tuple[str, ...]:
    """The activations that a text names, in their order."""
    found = [(match.start(), name) for name, pattern in _ACTIVATIONS if (match := pattern.search(text))]
    if {"relu", "leaky_relu"} <= {n for _, n in found} and len(re.findall(r"relu", text, re.IGNORECASE)) < 2:
        found = [(k, n) for k, n in found if n != "relu"]
    return tuple(name for _, name in sorted(found))


def losses_in(text: str) -> tuple[str, ...]:
    """The losses that a text names or writes."""
    found = [name for name, pattern in _LOSSES if pattern.search(text)]
    if "binary_cross_entropy" in found and "cross_entropy" in found and not re.search(r"softmax|categorical", text, re.IGNORECASE):
        found.remove("cross_entropy")
    return tuple(found)


def layouts_in(text: str) -> tuple[str, ...]:
    """Which way examples lie, as a text says."""
    found = [name for name, pattern in (("rows", _ROWS), ("columns", _COLUMNS), ("single", _SINGLE)) if pattern.search(text)]
    return tuple(found)


def stated(texts: Iterable[str]) -> Stated:
    """Read what prose says. Lines such as "Layout: rows." are firm, other sentences are hints."""
    whole = "\n".join(texts)[:200_000]
    found = Stated()
    firm = set()
    for match in _LINE.finditer(whole):
        key, value = match[1].lower().replace("_", " "), match[2]
        if key.startswith("layer"):
            found = replace(found, layers=_count(value), one_output=_last_is_one(value))
        elif key.startswith("hidden"):
            found = replace(found, hidden=activations_in(value))
        elif key.startswith("output"):
            found = replace(found, outputs=() if value.lower().startswith("not stated") else activations_in(value))
        elif key in {"loss", "cost"}:
            found = replace(found, losses=losses_in(value))
        elif key == "layout":
            found = replace(found, examples=layouts_in(value))
        firm.add(key.split()[0])
    if not found.hidden and not found.outputs:
        named = activations_in(whole)
        found = replace(found, hidden=tuple(n for n in named if n not in {"softmax", "identity"}), outputs=named)
    if not found.losses:
        found = replace(found, losses=losses_in(whole))
    if not found.examples:
        found = replace(found, examples=layouts_in(whole))
    return replace(found, firm=frozenset(firm))


def _count(value: str) -> int | None:
    """The number of layers in [n_x, n_1, 2], 2-3-1 or "3"."""
    match = _NUMBERS.search(value)
    if match:
        return max(len(re.split(r"[,\-–x]", match[1] or match[2])) - 1, 1)
    parts = value.rstrip(". ").split(",")
    if len(parts) > 1 and all(re.fullmatch(r"\s*[\w^{}\[\]()]+\s*", part) for part in parts):
        return len(parts) - 1
    alone = re.fullmatch(r"\s*(\d)\.?\s*", value)
    return int(alone[1]) if alone else None


def _last_is_one(value: str) -> bool:
    """Whether the last width in [n_x, n_1, 1] or 2-3-1 is 1."""
    match = _NUMBERS.search(value)
    text = (match[1] or match[2]) if match else value.rstrip(". ")
    parts = [part.strip().strip("'\"") for part in re.split(r"[,\-–]", text)]
    return len(parts) > 1 and parts[-1] == "1"
