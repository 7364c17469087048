"""What a document means by its symbols, and the setting that its formulas are about."""
