"""Content-addressed side files: their names, and the extension that fits the bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from pytest_agentflow.model.codec import Malformed
from pytest_agentflow.model.media import magic_type

#: Gives the bytes of a blob by its name; raises `OSError` where there is none.
ReadBlob = Callable[[str], bytes]

#: Blobs of one recording by name, collected while it is encoded.
Blobs = dict[str, bytes]

_NAME = re.compile(r"sha256-([0-9a-f]{64})\.[a-z0-9]{1,12}")

_EXTENSIONS = {
    "application/json": "json",
    "application/pdf": "pdf",
    "application/vnd.amazon.eventstream": "eventstream",
    "application/zip": "zip",
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "image/avif": "avif",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/webp": "webp",
    "text/css": "css",
    "text/csv": "csv",
    "text/event-stream": "sse",
    "text/html": "html",
    "text/javascript": "js",
    "text/markdown": "md",
    "text/plain": "txt",
}


def sniff(data: bytes) -> str | None:
    """Give the file extension that the first bytes tell, `None` if they tell none."""
    return _EXTENSIONS.get(magic_type(data) or "")


def extension_of(data: bytes, media_type: str = "") -> str:
    """Choose the extension: by content, else by media type, else ``bin``."""
    kind = media_type.partition(";")[0].strip().lower()
    return sniff(data) or _EXTENSIONS.get(kind) or "bin"


def keep(blobs: Blobs, data: bytes, media_type: str = "") -> str:
    """Put `data` among `blobs` and give its name."""
    digest = hashlib.sha256(data).hexdigest()
    name = f"sha256-{digest}.{extension_of(data, media_type)}"
    blobs[name] = data
    return name


def is_blob_name(name: object) -> bool:
    """Whether `name` is the name of a blob, and so cannot leave its folder."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def fetch(name: object, read_blob: ReadBlob, path: str) -> bytes:
    """Read a blob and compare it with its digest.

    Raises `Malformed` for a name that is none, a missing file and changed content.
    """
    match = _NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        raise Malformed(path, f"expected the name of a side file, found {name!r:.80}")
    try:
        data = read_blob(match.string)
    except OSError as error:
        problem = f"the side file {name} cannot be read: {error.strerror or error}"
        raise Malformed(path, problem) from None
    if hashlib.sha256(data).hexdigest() != match[1]:
        raise Malformed(path, f"the side file {name} was changed: its digest differs")
    return data
