"""Checks as values, what they find, and what must hold."""
