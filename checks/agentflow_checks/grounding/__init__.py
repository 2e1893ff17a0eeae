"""Grounding: are the values and claims of an answer in the sources it was given."""
