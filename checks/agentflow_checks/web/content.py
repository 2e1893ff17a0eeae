"""What people meet on a page besides text."""

from __future__ import annotations

SHOWN = frozenset(
    {
        *("img", "svg", "canvas", "video", "audio", "object", "embed", "math"),
        *("iframe", "frame"),
        *("button", "input", "meter", "progress", "select", "textarea"),
    }
)
"""Elements that are met without any text: pictures, media, frames, controls."""
