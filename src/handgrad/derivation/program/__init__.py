"""A standalone NumPy program made of a derivation."""

from handgrad.derivation.program.file import program as program
