"""The recorded run on disk: read, write, redact, match, migrate."""
