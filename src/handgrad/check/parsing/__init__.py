"""From the text of a formula to a tree of `handgrad.check.tree`, and back."""

from handgrad.check.parsing.functions import collect_functions
from handgrad.check.parsing.statements import parse

__all__ = ["collect_functions", "parse"]
