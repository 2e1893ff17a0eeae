"""Accessibility: axe-core's rules held against the pages of a run."""
