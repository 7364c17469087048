"""From a document to the formulas that stand in it, each with its place."""
