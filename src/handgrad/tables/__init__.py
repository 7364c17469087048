"""Tables: files and data frames read, kinds of columns found, and rows encoded as numbers."""
