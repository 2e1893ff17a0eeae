"""Design guidelines over rendered pages."""
