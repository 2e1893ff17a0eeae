"""The pytest plugin: hooks, options, markers, fixtures and the summary."""
