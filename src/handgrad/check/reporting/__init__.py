"""What was found, for a person and for a program."""
