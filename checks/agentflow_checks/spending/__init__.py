"""Money, tokens, calls and latency per stage."""
