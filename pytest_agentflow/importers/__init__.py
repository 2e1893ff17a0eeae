"""Foreign traces and cassettes to runs, one module per format."""
