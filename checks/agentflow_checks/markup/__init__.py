"""Markup: what the Nu Html Checker says about the pages of a run."""
