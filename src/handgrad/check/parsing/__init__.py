"""From the text of a formula to a tree of `handgrad.check.tree`, and back."""
