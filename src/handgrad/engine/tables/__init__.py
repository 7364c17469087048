"""Training on tables: rows divided, columns encoded, and the recipe that suits them."""
