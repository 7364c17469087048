"""Check: a linter for derivations.

It reads a person's own derivation and says, relation by relation, what is right and what is not.
"""
