"""What a foreign recording holds, read by other code than the importer's."""

from __future__ import annotations

import gzip
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Body = tuple[str, Any]
"""``exact`` and the bytes, or ``parsed`` and the value."""


def held_by(path: Path) -> list[list[Body]] | None:
    """Give the bodies of each call of a file, `None` where this script cannot tell."""
    if path.suffix in (".yaml", ".yml"):
        value = yaml.load(path.read_bytes(), LOADER)  # noqa: S506 - a safe loader
    elif path.suffix == ".json":
        value = json.loads(path.read_bytes())
    else:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("interactions"), list):
        return None
    first = value["interactions"][0] if value["interactions"] else {}
    if "direction" in first:
        return frames_of(value["interactions"])
    return [list(bodies_of(i)) for i in value["interactions"]]


def frames_of(frames: list[dict[str, Any]]) -> list[list[Body]]:
    """Give all frames sent and all received, which turns of a session may divide."""
    data = [(frame["direction"], frame["data"]) for frame in frames if "data" in frame]
    return [
        [
            ("frames", [one for direction, one in data if direction == "sent"]),
            ("frames", [one for direction, one in data if direction == "received"]),
        ]
    ]


def answers_of(path: Path) -> list[Any] | None:
    """Give the raw answers of an Inspect log, as its events hold them."""
    if path.suffix == ".eval":
        with zipfile.ZipFile(path) as log:
            names = sorted(n for n in log.namelist() if n.startswith("samples/"))
            samples = [json.loads(log.read(name)) for name in names]
    else:
        value = json.loads(path.read_bytes()) if path.suffix == ".json" else None
        if not isinstance(value, dict) or "eval" not in value:
            return None
        samples = value.get("samples") or []
    samples = [whole(sample) for sample in samples]
    events = [event for sample in samples for event in sample.get("events", [])]
    models = [event for event in events if event.get("event") == "model"]
    return [(e.get("call") or {}).get("response") for e in models]


def whole(sample: dict[str, Any]) -> dict[str, Any]:
    """Put the long texts of a sample, kept apart, back into it."""
    text = json.dumps(sample)
    for key, held in sample.get("attachments", {}).items():
        text = text.replace(json.dumps(f"attachment://{key}"), json.dumps(held))
    return dict(json.loads(text))


def bodies_of(interaction: Mapping[str, Any]) -> Iterator[Body]:
    """Give the two bodies of one interaction."""
    for side in ("request", "response"):
        if side in interaction:
            yield body_of(interaction[side])
        elif f"{side}_sample" in interaction:
            yield "exact", interaction[f"{side}_sample"]["raw"]
        elif f"{side}_stream" in interaction:
            held = interaction[f"{side}_stream"]
            yield "exact", b"".join(held.get("chunks_raw") or [held.get("raw", b"")])
    if method := interaction.get("collections_method"):
        yield "parsed", method["request_json"]
        yield "exact", method["response_raw"]


def body_of(side: Mapping[str, Any]) -> Body:
    """Give a body as it is held, content encoding undone."""
    if side.get("parsed_body") is not None:
        return "parsed", side["parsed_body"]
    body = side.get("body")
    if isinstance(body, dict) and "string" in body:
        body = body["string"]
    if isinstance(body, (dict, list)):
        return "parsed", body
    data = body if isinstance(body, bytes) else str(body or "").encode()
    names = {k.lower(): v for k, v in (side.get("headers") or {}).items()}
    coding = names.get("content-encoding") or [""]
    return "exact", unpacked(data, coding if isinstance(coding, str) else coding[0])


def unpacked(data: bytes, coding: str) -> bytes:
    """Undo a content encoding; what is not so encoded stays."""
    try:
        if coding == "gzip" and data[:2] == b"\x1f\x8b":
            return gzip.decompress(data)
        if coding == "deflate" and data:
            return zlib.decompress(data)
        if coding == "br" and data:
            import brotli  # noqa: PLC0415 - only where a file needs it

            return bytes(brotli.decompress(data))
        if coding == "zstd" and data[:4] == b"\x28\xb5\x2f\xfd":
            import zstandard  # noqa: PLC0415 - the same

            return bytes(zstandard.ZstdDecompressor().decompressobj().decompress(data))
    except Exception:  # noqa: BLE001 - each library has its own error
        return data
    return data
