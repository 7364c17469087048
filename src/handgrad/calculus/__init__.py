"""The language: what is meant, how it is written, and what it evaluates to."""
