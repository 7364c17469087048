"""What is written about a derivation: blocks of words and formulas, and the formats that they are shown in."""
