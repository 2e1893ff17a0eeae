"""Sessions: replay, record, live; the doors; many runs."""
