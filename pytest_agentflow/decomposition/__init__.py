"""Comparisons of sets of runs: does the split pay."""
