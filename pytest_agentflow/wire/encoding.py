"""Content encodings undone piece by piece, so that chunk sizes survive decoding."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Feed = Callable[[bytes], bytes]
"""Takes the next piece of encoded bytes and gives what it decodes to."""


class Undecodable(ValueError):
    """A body is not in the encoding that its header names, or no decoder is there."""


def decode_pieces(pieces: Iterable[bytes], encoding: str) -> list[bytes]:
    """Undo a ``content-encoding`` header's codings on a body that came in pieces.

    Gives as many pieces as it was given. Raises `Undecodable` for an unknown coding, a
    coding whose library is not installed, or bytes that are not so encoded.
    """
    decoded = list(pieces)
    for name in reversed(_codings(encoding)):
        feed = _decoder(name)
        try:
            decoded = [feed(piece) for piece in decoded]
        except Exception as error:  # each codec's library has its own error
            message = f"the body is not {name}: {error}"
            raise Undecodable(message) from error
    return decoded


def decode_body(body: bytes, encoding: str) -> bytes:
    """Undo a ``content-encoding`` header's codings on a whole body."""
    return b"".join(decode_pieces([body], encoding))


def _codings(encoding: str) -> Sequence[str]:
    names = [name.strip().lower() for name in encoding.split(",")]
    return [name for name in names if name and name != "identity"]


def _decoder(name: str) -> Feed:
    if name in ("gzip", "x-gzip"):
        return _gzip()
    if name == "deflate":
        return _deflate()
    if name == "br":
        return _brotli()
    if name == "zstd":
        return _zstd()
    message = f"content encoding {name!r} is not known"
    raise Undecodable(message)


def _gzip() -> Feed:
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def feed(data: bytes) -> bytes:
        nonlocal member
        out = member.decompress(data)
        while member.eof and member.unused_data:
            rest = member.unused_data.lstrip(b"\0")  # padding is allowed
            if not rest:
                break
            member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            out += member.decompress(rest)
        return out

    return feed


def _deflate() -> Feed:
    """Decode zlib as RFC 9110 says, and bare deflate, as some servers send."""
    stream: Any = None

    def feed(data: bytes) -> bytes:
        nonlocal stream
        if stream is None and data:
            stream, out = _deflate_begin(data)
            return out
        return bytes(stream.decompress(data)) if stream is not None else b""

    return feed


def _deflate_begin(data: bytes) -> tuple[Any, bytes]:
    stream = zlib.decompressobj()
    try:
        return stream, stream.decompress(data)
    except zlib.error:
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        return stream, stream.decompress(data)


def _brotli() -> Feed:
    module = _first_of("brotli", "brotlicffi", coding="br")
    stream = module.Decompressor()
    feed = getattr(stream, "decompress", None) or stream.process
    return lambda data: bytes(feed(data)) if data else b""


def _zstd() -> Feed:
    module = _first_of("compression.zstd", "backports.zstd", "zstandard", coding="zstd")
    if hasattr(module, "ZstdDecompressor") and module.__name__ == "zstandard":
        stream = module.ZstdDecompressor().decompressobj()
    else:
        stream = module.ZstdDecompressor()
    return lambda data: bytes(stream.decompress(data)) if data else b""


def _first_of(*names: str, coding: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    message = f"no decoder for content encoding {coding!r} is installed"
    raise Undecodable(message)
