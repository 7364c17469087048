"""From the text of a formula to a tree of `handgrad.check.tree`, and back."""

from handgrad.check.parsing.functions import collect_functions, collect_names
from handgrad.check.parsing.macros import Macro
from handgrad.check.parsing.statements import parse
from handgrad.check.parsing.words import word_node
from handgrad.check.parsing.writing import NUMPY, PLAIN, TEX, Style, style_of, transposed, write

__all__ = [
    "NUMPY",
    "PLAIN",
    "TEX",
    "Macro",
    "Style",
    "collect_functions",
    "collect_names",
    "parse",
    "style_of",
    "transposed",
    "word_node",
    "write",
]
