"""Which formulas are right: their values against what is true, and the smallest correction of those that are not."""
