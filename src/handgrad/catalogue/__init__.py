"""The formulas that networks are made of, one record each."""
