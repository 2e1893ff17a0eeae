"""One report document, drawn as HTML, JSON, Markdown and terminal text."""
