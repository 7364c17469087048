"""Letters and signs in TeX: what words escape, and what every character that is not ASCII is made of."""

from __future__ import annotations

import re
import unicodedata

from handgrad.calculus.unicode import SUBSCRIPT, SUPERSCRIPT

SYMBOLS = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ϵ": "epsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho",
    "σ": "sigma", "ς": "varsigma", "τ": "tau", "υ": "upsilon", "φ": "varphi", "ϕ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi",
    "Ψ": "Psi", "Ω": "Omega", "∂": "partial", "∇": "nabla", "∞": "infty", "ℓ": "ell", "∑": "sum", "∏": "prod", "∫": "int",
    "√": "surd{}", "∥": "Vert", "≤": "le", "≥": "ge", "≠": "ne", "≈": "approx", "≡": "equiv", "≪": "ll", "≫": "gg", "∝": "propto",
    "∈": "in", "∉": "notin", "±": "pm", "∓": "mp", "⊙": "odot", "⊗": "otimes", "∘": "circ", "·": "cdot", "⋅": "cdot", "×": "times",
    "÷": "div", "→": "to", "←": "leftarrow", "↔": "leftrightarrow", "↦": "mapsto", "⇒": "Rightarrow", "⇐": "Leftarrow",
    "⇔": "Leftrightarrow", "↑": "uparrow", "↓": "downarrow", "⟨": "langle", "⟩": "rangle", "⋯": "cdots", "⋮": "vdots",
    "⋱": "ddots", "⊤": "top", "⊥": "bot", "∀": "forall", "∃": "exists", "∧": "wedge", "∨": "vee", "¬": "neg", "∅": "emptyset",
    "∩": "cap", "∪": "cup", "⊂": "subset", "−": "mathord{-}", "ℝ": "mathbb{R}", "ℕ": "mathbb{N}", "✓": "checkmark",
    "■": "blacksquare", "½": "tfrac12", "¼": "tfrac14", "¾": "tfrac34",
}  # fmt: skip
"""Mathematics, by TeX's names."""

WORDS = {
    "–": "--", "—": "---", "…": r"\dots{}", "“": "``", "”": "''", "„": r"\quotedblbase{}", "‘": "`", "’": "'",
    "•": r"\textbullet{}", "°": r"\textdegree{}", "«": r"\guillemotleft{}", "»": r"\guillemotright{}", "€": r"\texteuro{}",
    "§": r"\S{}", "©": r"\copyright{}", "ı": r"\i{}", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}",
    "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}", "ð": r"\dh{}", "þ": r"\th{}", "đ": r"\dj{}", "Đ": r"\DJ{}", "¿": "?`",
    "¡": "!`", "\u00a0": "~", "\u2009": r"\,", "\u202f": r"\,", "\u200b": "{}",
}  # fmt: skip
"""What stands in words."""

ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".", "\u0308": '"',
    "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c", "\u0328": "k", "\u0323": "d", "\u0331": "b",
}  # fmt: skip
RAISED = {chr(mark): chr(plain) for plain, mark in SUPERSCRIPT.items()}
LOWERED = {chr(mark): chr(plain) for plain, mark in SUBSCRIPT.items()}

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    '"': r"\textquotedbl{}", "`": r"\textasciigrave{}", "'": r"\textquotesingle{}", "-": "-{}",
}  # fmt: skip
"""What means something to TeX; a - only before another, with which it would be a dash."""


def escaped(text: str, *, words: bool = False) -> str:
    """ASCII that TeX sets as it stands; in `words`, the apostrophe is one, and elsewhere a straight mark as in source code."""
    return re.sub(r"""[\\{}$&#_%~^<>|"`']|-(?=-)""", lambda found: "'" if words and found[0] == "'" else SPECIAL[found[0]], text)


def declaration(character: str) -> str:
    """What TeX sets for a character, in words, mathematics and source code alike; its number where TeX knows no such letter."""
    if character in SYMBOLS:
        return rf"\ensuremath{{\{SYMBOLS[character]}}}"
    if character in RAISED or character in LOWERED:
        mark, letter = ("^", RAISED[character]) if character in RAISED else ("_", LOWERED[character])
        return rf"\ensuremath{{{{}}{mark}{{{letter if letter != 'T' else chr(92) + 'mathsf{T}'}}}}}"
    if character in WORDS:
        return rf"\text{{{WORDS[character]}}}"
    decomposed = unicodedata.normalize("NFD", character)
    letter, marks = decomposed[0], decomposed[1:]
    if marks and letter.isascii() and all(mark in ACCENTS for mark in marks):
        for mark in marks:
            letter = rf"\{ACCENTS[mark]}{{{letter}}}"
        return rf"\text{{{letter}}}"
    simpler = unicodedata.normalize("NFKD", character)
    if simpler.isascii() and simpler.isalnum():
        return rf"\text{{{simpler}}}"
    return rf"\text{{\texttt{{U+{ord(character):04X}}}}}"
