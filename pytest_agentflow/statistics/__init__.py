"""Intervals, paired tests, growth, non-inferiority: pure functions."""
