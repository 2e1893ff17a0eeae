"""How stages hand over to each other."""
