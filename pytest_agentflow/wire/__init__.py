"""The seams that see calls, and the network guard."""
