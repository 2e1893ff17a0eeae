"""The seams that see calls: HTTP clients, threads, and the network guard."""
