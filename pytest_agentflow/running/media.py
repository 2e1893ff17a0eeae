"""What bytes and texts are: by their content first, by their name only then."""

from __future__ import annotations

import base64
import binascii
import json
import mimetypes
import re
from urllib.parse import unquote_to_bytes

from pytest_agentflow.model.media import MARKED, magic_type

_LEADING = rb"(?:\xef\xbb\xbf)?(?:\s|<!--.*?-->|<\?xml[^>]*\?>)*"
_HTML = re.compile(
    _LEADING + rb"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL
)
_SVG = re.compile(
    _LEADING + rb"(?:<!doctype\s+svg[^>]*>\s*)?<svg[\s>]", re.IGNORECASE | re.DOTALL
)

_EXTENSIONS = {
    "application/javascript": ".js",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/webp": ".webp",
    "text/html": ".html",
    "text/javascript": ".js",
    "text/plain": ".txt",
}

_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{64,}={0,2}\s*")
_DATA_URL = re.compile(
    r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*)(;base64)?,", re.IGNORECASE
)


def sniff(data: bytes) -> str | None:
    """Give the media type that the content itself tells; `None` when it tells none."""
    if found := magic_type(data):
        return found
    head = data[:4096]
    if _HTML.match(head):
        return "text/html"
    return "image/svg+xml" if _SVG.match(head) else None


def media_type_of(data: bytes, name: str = "") -> str:
    """Give the media type of `data`: by content, else by name, else by its coding."""
    if found := sniff(data):
        return found
    guessed = mimetypes.guess_type(name)[0] if name else None
    # What claims to be a picture and is none is not believed, save where no magic is.
    if guessed and not _is_false_claim(guessed):
        return guessed
    if is_json(data):
        return "application/json"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain"


def _is_false_claim(kind: str) -> bool:
    return kind in MARKED or kind == "image/svg+xml"


def is_json(data: bytes | str) -> bool:
    """Whether `data` is a JSON object or list."""
    text = data.lstrip()[:1]
    if text not in ("{", "[", b"{", b"["):
        return False
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def extension_of(media_type: str) -> str:
    """Give the usual ending of files of this media type, with its dot."""
    return (
        _EXTENSIONS.get(media_type) or mimetypes.guess_extension(media_type) or ".bin"
    )


def picture_in_base64(text: str) -> bytes | None:
    """Give the picture that `text` is in base64; `None` for any other text."""
    if not _BASE64.fullmatch(text):
        return None
    try:
        data = base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        return None
    kind = sniff(data)
    return data if kind and kind.startswith("image/") else None


def from_data_url(text: str) -> tuple[str, bytes] | None:
    """Give media type and content of a ``data:`` URL; `None` for any other text."""
    match = _DATA_URL.match(text)
    if match is None:
        return None
    rest = text[match.end() :]
    try:
        data = (
            base64.b64decode(rest, validate=True)
            if match[3]
            else unquote_to_bytes(rest)
        )
    except (binascii.Error, ValueError):
        return None
    return sniff(data) or match[1] or "text/plain", data
