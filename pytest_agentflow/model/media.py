"""What the first bytes of a file tell of its media type."""

from __future__ import annotations

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_BRANDS = {
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"isom": "video/mp4",
    b"mp42": "video/mp4",
}

MARKED = frozenset(kind for _, kind in _MAGIC)
"""Media types whose files always begin in the same way."""


def magic_type(data: bytes) -> str | None:
    """Give the media type that the first bytes tell; `None` when they tell none."""
    for magic, kind in _MAGIC:
        if data.startswith(magic) and (magic != b"BM" or _is_bitmap(data)):
            return kind
    if data[:4] == b"RIFF":
        return _RIFF.get(data[8:12])
    return _BRANDS.get(data[8:12]) if data[4:8] == b"ftyp" else None


def _is_bitmap(data: bytes) -> bool:
    """Two letters alone are no evidence: a bitmap also states its length."""
    return len(data) > 26 and int.from_bytes(data[2:6], "little") == len(data)
